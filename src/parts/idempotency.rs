//! Idempotency keys: which requests were answered already, and how.
//!
//! Owns the table. Does not own the write: a service records the key in the same durable write as
//! the effect (in [`crate::kernel::Machine::flush`]), or the two can come apart in a crash, and the
//! table is worth nothing.

use std::collections::VecDeque;

/// Answers by idempotency key, the newest `retention` of them. Real tables forget too: published
/// retentions of payment interfaces run from 30 minutes to 30 days.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IdempotencyTable<K, A> {
    answers: VecDeque<(K, A)>,
    retention: usize,
}

impl<K: Eq, A> IdempotencyTable<K, A> {
    /// An empty table that keeps so many keys.
    #[must_use]
    pub const fn new(retention: usize) -> Self {
        Self { answers: VecDeque::new(), retention }
    }

    /// The answer given under this key, if it was seen and is still remembered.
    #[must_use]
    pub fn answer(&self, key: &K) -> Option<&A> {
        self.answers.iter().rev().find(|(k, _)| k == key).map(|(_, a)| a)
    }

    /// Remembers an answer; the first one given under a key stays. Returns whether the key was new.
    pub fn record(&mut self, key: K, answer: A) -> bool {
        if self.answer(&key).is_some() {
            return false;
        }
        if self.answers.len() == self.retention {
            self.answers.pop_front();
        }
        self.answers.push_back((key, answer));
        true
    }

    /// Everything that is remembered, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(K, A)> {
        self.answers.iter()
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays() {
        let mut table = IdempotencyTable::new(2);
        assert!(table.record(1, "charged"));
        assert!(!table.record(1, "declined"));
        assert_eq!(table.answer(&1), Some(&"charged"));
    }

    #[test]
    fn it_forgets_the_oldest_beyond_its_retention() {
        let mut table = IdempotencyTable::new(2);
        for key in 1..=3 {
            table.record(key, ());
        }
        assert_eq!((table.answer(&1), table.answer(&2), table.len()), (None, Some(&()), 2));
    }
}
