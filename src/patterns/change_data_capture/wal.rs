//! The database's log with its one replication slot.
//!
//! Owns positions, what the slot holds back, and when a slot is lost. Does not own durability (the
//! database changes it in its flush), nor who reads.
//!
//! A log is kept up to the oldest position that somebody may still want. For a slot that is what its
//! reader has confirmed: a reader that confirms nothing keeps the log growing, until the disk is full
//! or a limit gives the slot up (PostgreSQL: `max_slot_wal_keep_size`).

use super::message::{Entry, Lsn};
use crate::kernel::Log;

/// A replication slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot {
    /// What its reader has confirmed (`confirmed_flush_lsn`).
    pub confirmed: Lsn,
    /// It was to keep more than the limit allows, and keeps nothing any more (`wal_status = lost`).
    pub lost: bool,
}

/// The log.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Wal {
    log: Log<Entry>,
    slot: Option<Slot>,
}

impl Wal {
    /// The newest position.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.log.len() as Lsn
    }

    /// The slot, if there is one.
    #[must_use]
    pub const fn slot(&self) -> Option<Slot> {
        self.slot
    }

    /// Appends; `entry` is given its position. With a limit (above 0), the slot may be lost by it:
    /// returns whether it was.
    pub fn append(&mut self, entry: impl FnOnce(Lsn) -> Entry, limit: u32) -> bool {
        self.log.push(entry(self.end() + 1));
        let over = limit > 0 && self.kept() > limit;
        match &mut self.slot {
            Some(slot) if over => {
                slot.lost = true;
                true
            }
            _ => false,
        }
    }

    /// How much of the log the slot holds back.
    #[must_use]
    pub fn kept(&self) -> u32 {
        match self.slot {
            Some(Slot { confirmed, lost: false }) => (self.end() - confirmed).max(0) as u32,
            _ => 0,
        }
    }

    /// Makes the slot anew at the end of the log; returns where that is.
    pub fn make_slot(&mut self) -> Lsn {
        let confirmed = self.end();
        self.slot = Some(Slot { confirmed, lost: false });
        confirmed
    }

    /// The slot is gone, and what it kept.
    pub fn drop_slot(&mut self) {
        self.slot = None;
    }

    /// The reader is done with everything up to a position; never goes back.
    pub fn confirm(&mut self, lsn: Lsn) {
        if let Some(slot) = &mut self.slot {
            slot.confirmed = slot.confirmed.max(lsn.min(self.log.len() as Lsn));
        }
    }

    /// The entries behind a position that the slot still keeps, oldest first.
    pub fn behind(&self, lsn: Lsn, limit: u16) -> Vec<Entry> {
        let kept = self.slot.filter(|slot| !slot.lost).map_or(self.end(), |slot| slot.confirmed);
        let from = lsn.max(kept).max(0) as usize;
        (from..self.log.len()).take(limit as usize).filter_map(|i| self.log.get(i).copied()).collect()
    }

    /// Every entry that is kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let from = self.end() - self.kept() as Lsn;
        (from..self.end()).filter_map(|i| self.log.get(i as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(n: u32, limit: u32) -> (Wal, Vec<bool>) {
        let mut wal = Wal::default();
        wal.make_slot();
        let lost = (0..n).map(|i| wal.append(|lsn| Entry::Low(lsn, i), limit)).collect();
        (wal, lost)
    }

    fn lsns(entries: &[Entry]) -> Vec<Lsn> {
        entries.iter().map(Entry::lsn).collect()
    }

    #[test]
    fn a_slot_keeps_what_is_not_confirmed() {
        let (mut wal, _) = filled(5, 0);
        assert_eq!((wal.end(), wal.kept()), (5, 5));
        wal.confirm(3);
        wal.confirm(2);
        assert_eq!((wal.kept(), lsns(&wal.behind(0, 10))), (2, vec![4, 5]));
        assert_eq!(lsns(&wal.behind(4, 10)), [5]);
        assert_eq!(lsns(&wal.behind(3, 1)), [4]);
        wal.confirm(99);
        assert_eq!(wal.kept(), 0);
    }

    #[test]
    fn a_slot_over_its_limit_is_lost_and_keeps_nothing() {
        let (mut wal, lost) = filled(4, 2);
        assert_eq!(lost, [false, false, true, false]);
        assert_eq!((wal.kept(), wal.behind(0, 10).len()), (0, 0));
        assert_eq!(wal.make_slot(), 4, "a new one starts at the end");
        wal.append(|lsn| Entry::High(lsn, 1), 2);
        assert_eq!(lsns(&wal.behind(0, 10)), [5]);
    }

    #[test]
    fn without_a_slot_nothing_is_kept() {
        let (mut wal, _) = filled(2, 0);
        wal.drop_slot();
        assert_eq!((wal.kept(), wal.behind(0, 9).len(), wal.entries().count()), (0, 0, 0));
    }
}
