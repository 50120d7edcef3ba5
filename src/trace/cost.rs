//! What a run cost up to a state: read from the trace, never estimated.

use crate::kernel::{Mood, NodeId, What};

use super::run::Run;

/// What a run cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Messages sent, copies made by the network left out.
    pub messages: u32,
    /// Messages that were lost.
    pub lost: u32,
    /// Durable writes that reached the disk.
    pub writes: u32,
    /// Time that nodes held locks, in or out of doubt; summed over nodes, microseconds.
    pub locked: u64,
    /// Time that nodes were in doubt; summed over nodes, microseconds.
    pub in_doubt: u64,
}

impl Cost {
    /// The cost of a run up to a state.
    #[must_use]
    pub fn until(run: &Run, state: u32) -> Self {
        let mut cost = Self::default();
        let (end, _) = run.step_events(state + 1);
        let end = if state >= run.len() { run.events().len() } else { end as usize };
        for event in &run.events()[..end] {
            match event.what {
                What::Sent { .. } => cost.messages += 1,
                What::Lost { .. } => cost.lost += 1,
                What::Written { .. } => cost.writes += 1,
                _ => {}
            }
        }
        for i in 0..run.stage.nodes.len() {
            for (from, to, mood) in run.moods(NodeId(i as u8)).spans(state) {
                if from >= state {
                    break;
                }
                let micros = (run.time(to.min(state)) - run.time(from)).micros;
                match mood {
                    Mood::InDoubt => {
                        cost.in_doubt += micros;
                        cost.locked += micros;
                    }
                    Mood::Locked => cost.locked += micros,
                    _ => {}
                }
            }
        }
        cost
    }
}
