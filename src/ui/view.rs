//! What can be selected and which view is shown: plain data, in the address too.

use crate::kernel::{MsgId, NodeId};

/// What is selected, in all views at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selection {
    /// A node.
    Node(NodeId),
    /// A message.
    Flight(MsgId),
    /// An event of the trace, by its place.
    Event(u32),
    /// The link from one node to another.
    Link(NodeId, NodeId),
    /// A promise, by its place.
    Promise(usize),
}

/// A view of the lab: a tab on a phone, a column on a desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// The topology.
    Stage,
    /// The sequence diagram.
    Sequence,
    /// Tables, logs, locks.
    State,
    /// Every event as a sentence.
    Journal,
    /// The fault script.
    Script,
}

impl View {
    /// Every view, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Stage, Self::Sequence, Self::State, Self::Journal, Self::Script];

    /// Its name in links and texts (`view.<id>`).
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Sequence => "sequence",
            Self::State => "state",
            Self::Journal => "journal",
            Self::Script => "script",
        }
    }

    /// The next tab, the first after the last.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|v| *v == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }
}
