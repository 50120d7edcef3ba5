//! The barrier table: which operations of a transaction a service has seen, and how it answered.
//!
//! One table answers three questions of compensation over a network that delays, loses and repeats
//! (dtm's sub-transaction barrier; Seata's TCC fence): was this asked before (idempotence), is there
//! anything to undo (null compensation), may this still be done (hanging). Owns the rows. Does not own
//! the write: a row becomes durable with the effect, in the service's local transaction.

use std::collections::VecDeque;

use super::message::{Answer, Op, Tx};
use super::plan::Act;

/// How much a service remembers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Guard {
    /// Nothing.
    None,
    /// Idempotency keys: the same operation gets the same answer.
    Keys,
    /// A compensation leaves a row for its original too, which bars it from then on.
    Full,
}

/// One row: unique by transaction, act and operation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Line {
    /// Transaction, act, operation.
    pub key: (Tx, Act, Op),
    /// The answer that was given, or is to be given.
    pub answer: Answer,
}

/// Rows kept; a real table is emptied of old transactions by a job.
const KEPT: usize = 64;

/// The table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Barrier {
    /// How much is remembered.
    pub guard: Guard,
    lines: VecDeque<Line>,
}

impl Barrier {
    /// An empty table.
    #[must_use]
    pub const fn new(guard: Guard) -> Self {
        Self { guard, lines: VecDeque::new() }
    }

    /// The answer that this operation was given.
    #[must_use]
    pub fn answer(&self, key: (Tx, Act, Op)) -> Option<Answer> {
        self.lines.iter().rev().find(|line| line.key == key).map(|line| line.answer)
    }

    /// Whether a compensation finds nothing to undo: its original never took effect. If the original
    /// has not been seen at all, it is barred from now on.
    pub fn is_null(&mut self, (tx, act, op): (Tx, Act, Op)) -> bool {
        let Some(original) = op.original().filter(|_| self.guard == Guard::Full) else { return false };
        match self.answer((tx, act, original)) {
            Some(answer) => answer != Answer::Done,
            None => {
                self.record((tx, act, original), Answer::TooLate);
                true
            }
        }
    }

    /// Remembers an answer, if anything is remembered.
    pub fn record(&mut self, key: (Tx, Act, Op), answer: Answer) {
        if self.guard == Guard::None {
            return;
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { key, answer });
    }

    /// The rows, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRY: (Tx, Act, Op) = (1, Act::Charge, Op::Try);
    const CANCEL: (Tx, Act, Op) = (1, Act::Charge, Op::Cancel);

    #[test]
    fn a_cancel_without_its_try_is_null_and_bars_it() {
        let mut full = Barrier::new(Guard::Full);
        assert!(full.is_null(CANCEL));
        assert_eq!(full.answer(TRY), Some(Answer::TooLate));
    }

    #[test]
    fn a_cancel_after_its_try_is_not_null_but_after_a_refused_one_it_is() {
        for (answer, null) in [(Answer::Done, false), (Answer::Refused, true)] {
            let mut full = Barrier::new(Guard::Full);
            full.record(TRY, answer);
            assert_eq!(full.is_null(CANCEL), null);
        }
    }

    #[test]
    fn keys_alone_bar_nothing_and_nothing_remembers_nothing() {
        let mut keys = Barrier::new(Guard::Keys);
        assert!(!keys.is_null(CANCEL));
        assert_eq!(keys.answer(TRY), None);
        keys.record(TRY, Answer::Done);
        assert_eq!(keys.answer(TRY), Some(Answer::Done));
        let mut none = Barrier::new(Guard::None);
        none.record(TRY, Answer::Done);
        assert_eq!((none.answer(TRY), none.is_null(CANCEL)), (None, false));
    }
}
