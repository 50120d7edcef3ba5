//! Log compaction of one partition: which offsets are gone.
//!
//! Keeps at least the last record of every key, never moves one, and gives no offset twice. A
//! tombstone that is the last of its key stays for a while after the pass that found it, so that
//! readers who are not too far behind still meet it (Kafka: `delete.retention.ms`).

use crate::parts::broker::Offset;

/// Offsets that compaction has taken out.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Compaction {
    /// In order.
    gone: Vec<Offset>,
    /// Tombstones that a pass has found and left.
    marked: Vec<Offset>,
}

impl Compaction {
    /// Whether an offset is gone.
    #[must_use]
    pub fn is_gone(&self, offset: Offset) -> bool {
        self.gone.binary_search(&offset).is_ok()
    }

    /// Whether tombstones wait for the end of their retention.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.marked.is_empty()
    }

    /// A pass over all records, given as offset, key and whether it is a tombstone: takes out every
    /// record but the last of its key. Returns how many went.
    pub fn pass(&mut self, records: &[(Offset, i32, bool)]) -> u32 {
        let mut went = 0;
        for (i, (offset, key, tombstone)) in records.iter().enumerate() {
            let newer = records[i + 1..].iter().any(|(_, k, _)| k == key);
            if newer && !self.is_gone(*offset) {
                went += 1;
                self.take_out(*offset);
            } else if !newer && *tombstone && !self.is_gone(*offset) && !self.marked.contains(offset) {
                self.marked.push(*offset);
            }
        }
        went
    }

    /// The retention of the tombstones that a pass has found is over: they go too.
    pub fn end_retention(&mut self) -> u32 {
        let marked = std::mem::take(&mut self.marked);
        let before = self.gone.len();
        marked.into_iter().for_each(|offset| self.take_out(offset));
        (self.gone.len() - before) as u32
    }

    fn take_out(&mut self, offset: Offset) {
        if let Err(place) = self.gone.binary_search(&offset) {
            self.gone.insert(place, offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_each_key_stays_where_it_is() {
        let records =
            [(0, 1, false), (1, 2, false), (2, 1, false), (3, 2, false), (4, 2, true), (5, 3, false)];
        let mut log = Compaction::default();
        assert_eq!(log.pass(&records), 3);
        let left =
            |log: &Compaction| records.iter().map(|r| r.0).filter(|o| !log.is_gone(*o)).collect::<Vec<_>>();
        assert_eq!(left(&log), [2, 4, 5], "and the tombstone, for a while");
        assert!(log.waits());
        assert_eq!((log.pass(&records), log.end_retention()), (0, 1));
        assert_eq!(left(&log), [2, 5]);
        assert!(!log.waits() && log.end_retention() == 0);
    }
}
