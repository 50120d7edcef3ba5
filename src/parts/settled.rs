//! What a log says about transactions that are over, without reading it again.
//!
//! Owns a digest of the committed set and its newest members. A promise compares two nodes'
//! committed sets after every step of a run of thousands of transactions; it cannot walk two logs
//! for that. Does not own the log: everything here follows from it.

use std::collections::VecDeque;

use super::database::Tx;
use crate::kernel::dice;

/// How many of the newest are kept by name.
const RECENT: usize = 16;

/// The transactions that a log says are committed.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Settled {
    count: u32,
    digest: u64,
    recent: VecDeque<Tx>,
}

impl Settled {
    /// A COMMIT record is on disk.
    pub fn add(&mut self, tx: Tx) {
        self.count += 1;
        self.digest = self.digest.wrapping_add(weight(tx));
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(tx);
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether this one is among them; `walk` reads the log, and is asked only about a transaction
    /// that is older than all that are kept by name (a message that was on its way for very long).
    pub fn contains(&self, tx: Tx, walk: impl FnOnce() -> bool) -> bool {
        if self.recent.contains(&tx) {
            return true;
        }
        let forgets = self.recent.len() == RECENT && self.recent.iter().all(|&kept| tx < kept);
        forgets && walk()
    }

    /// Equal for equal sets, whatever the order in which they grew.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The newest, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = Tx> {
        self.recent.iter().copied()
    }
}

/// What one transaction adds to a digest.
#[must_use]
pub const fn weight(tx: Tx) -> u64 {
    dice::mix(tx as u64)
}

/// A number that only a reader sees: two worlds that differ in it alone are the same world. (How
/// often somebody has asked in vain sets the next wait, and waits are not part of a state.)
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally(pub u32);

impl PartialEq for Tally {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Tally {}
impl std::hash::Hash for Tally {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_members_do() {
        let (mut a, mut b) = (Settled::default(), Settled::default());
        for tx in 1..100 {
            a.add(tx);
            b.add(100 - tx);
        }
        assert_eq!(a.digest(), b.digest());
        b.add(100);
        assert_ne!(a.digest(), b.digest());
        assert_eq!((a.count(), b.count()), (99, 100));
    }

    #[test]
    fn only_an_old_one_makes_it_read_the_log() {
        let mut settled = Settled::default();
        (1..=40).for_each(|tx| settled.add(tx));
        assert!(settled.contains(40, || unreachable!()));
        assert!(!settled.contains(41, || unreachable!()));
        assert!(settled.contains(3, || true));
    }
}
