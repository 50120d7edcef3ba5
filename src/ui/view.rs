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
    /// The parameters and the branches.
    Setup,
    /// What the pattern and the scenario are about.
    About,
}

impl View {
    /// Every view, in the order of the tabs.
    pub const ALL: [Self; 7] =
        [Self::Stage, Self::Sequence, Self::Script, Self::State, Self::Journal, Self::Setup, Self::About];

    /// On a desk the stage and the sequence are always there; these share the column beside them.
    pub const SIDE: [Self; 5] = [Self::Script, Self::State, Self::Journal, Self::Setup, Self::About];

    /// Its name in links and texts (`view.<id>`).
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Sequence => "sequence",
            Self::State => "state",
            Self::Journal => "journal",
            Self::Script => "script",
            Self::Setup => "setup",
            Self::About => "about",
        }
    }

    /// The name of its text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Stage => "view.stage",
            Self::Sequence => "view.sequence",
            Self::State => "view.state",
            Self::Journal => "view.journal",
            Self::Script => "view.script",
            Self::Setup => "view.setup",
            Self::About => "view.about",
        }
    }

    /// The next tab, the first after the last.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|v| *v == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }
}
