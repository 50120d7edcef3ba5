//! A moment as view data: labels, moods, rows. A picture is a pure function of it, and it speaks
//! of no protocol.

use crate::kernel::world::InFlightMessage;
use crate::kernel::{Description, NodeId, SimTime, World};
use crate::patterns::pattern::{Node, Role};

use super::run::Run;

/// A node at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeView {
    /// Its number.
    pub id: NodeId,
    /// Its name in recipes and texts.
    pub name: &'static str,
    /// What it is for the drawing.
    pub role: Role,
    /// Whether it stands still.
    pub paused: bool,
    /// What it holds.
    pub holds: Description,
}

/// A moment of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Which state it is.
    pub state: u32,
    /// Simulated time.
    pub time: SimTime,
    /// The nodes, by number.
    pub nodes: Vec<NodeView>,
    /// Messages in flight, in the order of sending.
    pub in_flight: Vec<InFlightMessage>,
    /// Links that are cut, each way for itself.
    pub cuts: Vec<(NodeId, NodeId)>,
    /// Links that are slow, each way for itself, and how many times.
    pub slow: Vec<(NodeId, NodeId, u16)>,
}

impl Frame {
    /// The frame of a state of a run.
    #[must_use]
    pub fn of(run: &Run, state: u32) -> Self {
        Self::of_world(&run.world(state), &run.stage.nodes, state.min(run.len()))
    }

    /// The frame of a world.
    #[must_use]
    pub fn of_world(world: &World, nodes: &[Node], state: u32) -> Self {
        let ids = || (0..nodes.len()).map(|i| NodeId(i as u8));
        let view = |id: NodeId| NodeView {
            id,
            name: nodes[id.index()].id,
            role: nodes[id.index()].role,
            paused: world.is_paused(id),
            holds: world.describe(id),
        };
        let pairs = || ids().flat_map(|a| ids().map(move |b| (a, b)));
        Self {
            state,
            time: world.now(),
            nodes: ids().map(view).collect(),
            in_flight: world.in_flight().collect(),
            cuts: pairs().filter(|&(a, b)| world.is_cut(a, b)).collect(),
            slow: pairs().map(|(a, b)| (a, b, world.slowness(a, b))).filter(|s| s.2 != 1).collect(),
        }
    }
}
