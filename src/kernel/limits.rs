//! A limit on everything that can grow, with the reason. Reaching one ends the run with a clear
//! sentence; nothing panics and nothing hangs.

/// Most nodes of a system: more cannot be read on a screen.
pub const NODES: usize = 16;
/// Most steps of a run: a run is for reading; measuring makes many short ones.
pub const STEPS: u32 = 200_000;
/// Most messages in flight at once: beyond it the run is a storm, and says so.
pub const IN_FLIGHT: usize = 4_096;
/// Most timers and unacknowledged writes of one node.
pub const PENDING: usize = 512;
/// Most entries of a fault script: more cannot be read as a list.
pub const SCRIPT: usize = 64;
/// Longest run, in simulated microseconds: one day.
pub const HORIZON_MICROS: u64 = 86_400_000_000;

/// Which limit ended a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Limit {
    /// [`STEPS`].
    Steps,
    /// [`IN_FLIGHT`].
    InFlight,
    /// [`PENDING`].
    Pending,
}
