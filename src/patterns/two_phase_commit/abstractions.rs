//! The engine's worlds in the words of published specifications: Gray and Lamport's, and Babaoğlu and
//! Toueg's.

use crate::kernel::{NodeId, SimTime, TraceEvent, TraceSink, What};
use crate::patterns::pattern::{Abstraction, History};

use super::{kind, record};
use crate::sorted::sort_many;

/// `TwoPhase.tla` and what it implements, `TCommit.tla`; and the two of atomic commitment with crashes.
pub static ALL: &[Abstraction] = &[
    Abstraction {
        id: "twophase",
        source: "tlaplus/Examples, specifications/transaction_commit/TwoPhase.tla (Gray and Lamport, Consensus on Transaction Commit)",
        start: |_| Box::<TwoPhase>::default(),
    },
    Abstraction {
        id: "tcommit",
        source: "tlaplus/Examples, specifications/transaction_commit/TCommit.tla (Gray and Lamport, Consensus on Transaction Commit)",
        start: |_| Box::<TransactionCommit>::default(),
    },
    Abstraction {
        id: "acp",
        source: "tlaplus/Examples, specifications/acp (Babaoğlu and Toueg, Non-Blocking Atomic Commitment, 1993): the situations of ACP_SB.tla and ACP_NB.tla; crash-stop",
        start: |params| Box::new(Situation::new(params.get("participants") as usize)),
    },
];

/// Most participants.
const MOST: usize = 5;

/// `rmState` of a participant.
mod rm {
    pub const PREPARED: u8 = 1;
    pub const COMMITTED: u8 = 2;
    pub const ABORTED: u8 = 3;
}

/// The variables of `TwoPhase.tla`. They remember messages that are gone, as its set of messages does.
#[derive(Clone, Default)]
struct TwoPhase {
    /// `rmState`, by participant: 0 working, 1 prepared, 2 committed, 3 aborted.
    participants: [u8; MOST],
    /// `tmState`: 0 init, 1 committed, 2 aborted. The messages Commit and Abort go with it.
    coordinator: u8,
    /// `tmPrepared`, as bits.
    votes: u8,
    /// The messages Prepared, as bits.
    sent: u8,
}

/// The participant of a node: the coordinator is node 0.
fn place(node: NodeId) -> usize {
    usize::from(node.0.wrapping_sub(1)).min(MOST - 1)
}

impl TraceSink for TwoPhase {
    fn step(&mut self, _: SimTime) {}

    fn event(&mut self, event: TraceEvent) -> u32 {
        match event.what {
            What::Sent { from, kind: kind::YES, .. } => {
                self.participants[place(from)] = rm::PREPARED;
                self.sent |= 1 << place(from);
            }
            What::Sent { from, kind: kind::NO, .. } => self.participants[place(from)] = rm::ABORTED,
            What::Writing { node, record: record::ABORT, .. } if node.0 > 0 => {
                self.participants[place(node)] = rm::ABORTED;
            }
            What::Written { node, record: record::COMMIT, .. } if node.0 > 0 => {
                self.participants[place(node)] = rm::COMMITTED;
            }
            What::Sent { from: NodeId(0), kind: kind::COMMIT, .. } => self.coordinator = 1,
            // Presumed abort: who has forgotten a committed transaction answers a late question so.
            What::Sent { from: NodeId(0), kind: kind::ABORT, .. } if self.coordinator == 0 => {
                self.coordinator = 2;
            }
            What::Delivered { from, kind: kind::YES, .. } if self.coordinator == 0 => {
                self.votes |= 1 << place(from);
            }
            _ => {}
        }
        0
    }
}

impl History for TwoPhase {
    fn copy(&self) -> Box<dyn History> {
        Box::new(self.clone())
    }

    fn image(&self) -> Vec<u8> {
        let mut image = self.participants.to_vec();
        image.extend([self.coordinator, self.votes, self.sent]);
        image
    }
}

/// The one variable of `TCommit.tla`: `rmState`.
#[derive(Clone, Default)]
struct TransactionCommit(TwoPhase);

impl TraceSink for TransactionCommit {
    fn step(&mut self, at: SimTime) {
        self.0.step(at);
    }
    fn event(&mut self, event: TraceEvent) -> u32 {
        self.0.event(event)
    }
}

impl History for TransactionCommit {
    fn copy(&self) -> Box<dyn History> {
        Box::new(self.clone())
    }
    fn image(&self) -> Vec<u8> {
        self.0.participants.to_vec()
    }
}

/// What `ACP_SB.tla` and `ACP_NB.tla` and this engine all have: who lives, who has voted what, who has
/// decided what. Left out is what is on its way between them; which abort a participant has that voted no
/// or never voted (it holds nothing, so the engine does not note one that the models note); and whether
/// the coordinator has decided to abort or not yet decided (the engine aborts at the first no, the models
/// when all votes are in). The participants have no names. Whoever crashes stays down there.
#[derive(Clone)]
struct Situation {
    participants: Vec<Voter>,
    alive: bool,
    committed: bool,
}

/// A participant in a [`Situation`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Voter {
    alive: bool,
    said: Said,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Nothing,
    No,
    Yes,
    YesAndCommitted,
    YesAndAborted,
}

impl Situation {
    fn new(participants: usize) -> Self {
        let voter = Voter { alive: true, said: Said::Nothing };
        Self { participants: vec![voter; participants.min(MOST)], alive: true, committed: false }
    }

    fn say(&mut self, node: NodeId, after: Said, said: Said) {
        let voter = &mut self.participants[place(node)];
        if voter.said == after {
            voter.said = said;
        }
    }

    fn lives(&mut self, node: NodeId, alive: bool) {
        let process = match node {
            NodeId(0) => &mut self.alive,
            _ => &mut self.participants[place(node)].alive,
        };
        *process = alive;
    }
}

impl TraceSink for Situation {
    fn step(&mut self, _: SimTime) {}

    fn event(&mut self, event: TraceEvent) -> u32 {
        match event.what {
            What::Sent { from, kind: kind::YES, .. } => self.say(from, Said::Nothing, Said::Yes),
            What::Sent { from, kind: kind::NO, .. } => self.say(from, Said::Nothing, Said::No),
            What::Written { node: NodeId(0), record: record::COMMIT, .. } => self.committed = true,
            What::Written { node, record: record::COMMIT, .. } => {
                self.say(node, Said::Yes, Said::YesAndCommitted);
            }
            // Asked for is given up: whatever becomes of the record, its rows are free.
            What::Writing { node, record: record::ABORT, .. } => {
                self.say(node, Said::Yes, Said::YesAndAborted);
            }
            What::Crashed { node } => self.lives(node, false),
            What::Restarted { node } => self.lives(node, true),
            _ => {}
        }
        0
    }
}

impl History for Situation {
    fn copy(&self) -> Box<dyn History> {
        Box::new(self.clone())
    }

    /// As the image, by name.
    fn key(&self) -> Vec<u8> {
        let mut key: Vec<u8> =
            self.participants.iter().flat_map(|v| [u8::from(v.alive), v.said as u8]).collect();
        key.extend([u8::from(self.alive), u8::from(self.committed)]);
        key
    }

    /// A participant is two bytes, sorted; then the coordinator.
    fn image(&self) -> Vec<u8> {
        let mut sorted = self.participants.clone();
        sort_many(&mut sorted, |a, b| a < b);
        let mut image: Vec<u8> = sorted.iter().flat_map(|v| [u8::from(v.alive), v.said as u8]).collect();
        image.extend([u8::from(self.alive), u8::from(self.committed)]);
        image
    }
}
