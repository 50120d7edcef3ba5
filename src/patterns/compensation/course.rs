//! Where a transaction stands, and whose turn it is: data and pure functions. Owns the turns of the
//! progress record. Does not own how turns are written and commands sent: that is the transaction
//! service's.

use super::message::{Op, Tx};
use super::plan::{Act, Plan, Steps, UndoOrder, lowest};
use crate::kernel::{NodeId, Span};
use crate::parts::retry::RetryPolicy;

/// How much of the undoing is on record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Progress {
    /// Every step that is undone.
    EachStep,
    /// That it is being undone, and when that is over.
    DecisionOnly,
    /// Nothing is: all of it is in memory.
    None,
}

/// How the transaction service is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The plan, and how many of its steps are used.
    pub plan: &'static Plan,
    /// See `plan`.
    pub steps: u8,
    /// Who does an act, by the act's number.
    pub services: [NodeId; 7],
    /// Whether steps are tried and then confirmed or cancelled.
    pub tcc: bool,
    /// In which order steps are undone.
    pub order: UndoOrder,
    /// Whether the step that was refused is undone with the others.
    pub undo_failed: bool,
    /// Whether a step that nothing undoes is passed over; else a person is asked.
    pub skip: bool,
    /// How much is on record.
    pub progress: Progress,
    /// How long to wait for an answer.
    pub timeout: Span,
    /// Retries of a step that can still be given up.
    pub limited: RetryPolicy,
    /// Retries of everything else.
    pub endless: RetryPolicy,
    /// Transactions that it begins on its own, and the pause between them.
    pub orders: i32,
    /// See `orders`.
    pub gap: Span,
}

/// Where a transaction stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// This step is to be done, or tried.
    Forward(u8),
    /// The steps of `todo` are to be undone, cancelled or confirmed.
    Finishing,
    /// This step of them cannot be: a person is needed.
    Parked(u8),
}

/// What became of a transaction at a line of the progress record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Turn {
    /// This step is next.
    Next(u8),
    /// These steps are undone from here on.
    Back(Steps),
    /// Every hold is confirmed from here on.
    Confirm,
    /// One of them is finished.
    Finished(u8),
    /// One of them is settled by a person.
    Settled(u8),
    /// One of them cannot be finished.
    Parked(u8),
    /// A person puts it back to work.
    Resumed,
    /// It is over.
    Ended,
}

/// A line of the progress record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Which transaction.
    pub tx: Tx,
    /// What became of it.
    pub turn: Turn,
}

/// An unfinished transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Open {
    /// Which one.
    pub tx: Tx,
    /// Where it stands.
    pub phase: Phase,
    /// Whether holds are confirmed; else everything is taken back.
    pub confirms: bool,
    /// The steps to undo, cancel or confirm.
    pub todo: Steps,
    /// Those of them that are finished.
    pub finished: Steps,
    /// How often the current commands were sent; volatile.
    pub attempt: u8,
    /// Whether its next turn is being written; volatile.
    pub moving: bool,
}

impl Turn {
    /// The step that it is about, if it is about one.
    #[must_use]
    pub const fn step(self) -> Option<u8> {
        match self {
            Self::Next(step) | Self::Finished(step) | Self::Settled(step) | Self::Parked(step) => {
                Some(step)
            }
            Self::Back(_) | Self::Confirm | Self::Resumed | Self::Ended => None,
        }
    }
}

impl Open {
    /// The steps that are still to be undone, cancelled or confirmed.
    #[must_use]
    pub const fn left(&self) -> Steps {
        self.todo & !self.finished
    }
}

impl Settings {
    /// What is done at a step.
    #[must_use]
    pub fn act(&self, step: u8) -> Act {
        self.plan.steps[usize::from(step)]
    }

    /// What the steps of `todo` are asked for.
    #[must_use]
    pub const fn op(&self, open: &Open) -> Op {
        match (self.tcc, open.confirms) {
            (true, true) => Op::Confirm,
            (true, false) => Op::Cancel,
            (false, _) => Op::Undo,
        }
    }

    /// The order of finishing: confirms take nothing back, and go in the order of the steps.
    const fn order_of(&self, open: &Open) -> UndoOrder {
        match self.order {
            UndoOrder::Reverse if open.confirms => UndoOrder::Forward,
            order => order,
        }
    }

    /// The steps to ask for now: none when it is the turn of one that nothing undoes.
    #[must_use]
    pub fn turn(&self, open: &Open) -> Steps {
        let bare = if self.tcc { 0 } else { self.plan.without_undo(open.left()) };
        Plan::turn(open.left(), self.order_of(open)) & !bare
    }

    /// The step that a transaction is at, and what is asked of it.
    #[must_use]
    pub fn at(&self, open: &Open) -> (Act, Op) {
        let (step, op) = match open.phase {
            Phase::Forward(step) => (step, if self.tcc { Op::Try } else { Op::Do }),
            Phase::Parked(step) => (step, self.op(open)),
            Phase::Finishing => (lowest(Plan::turn(open.left(), self.order_of(open))), self.op(open)),
        };
        (self.act(step), op)
    }
}
