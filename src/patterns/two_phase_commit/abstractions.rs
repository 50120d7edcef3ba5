//! The engine's worlds in the words of Gray and Lamport's specifications.

use crate::kernel::{NodeId, SimTime, TraceEvent, TraceSink, What};
use crate::patterns::pattern::{Abstraction, History};

use super::{kind, record};

/// `TwoPhase.tla` and what it implements, `TCommit.tla`.
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
