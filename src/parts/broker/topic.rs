//! A topic: partitions, each a log of its own, and nothing in order between two of them.
//!
//! Owns which partition a key goes to, offsets, retention, and what tells a producer's second
//! attempt from a new record. Does not own who reads: an offset is the reader's business
//! ([`super::group`]).

use std::hash::Hash;

use crate::kernel::Log;
use crate::sorted::Map;

/// A place in a partition, counted from 0; never given twice.
pub type Offset = u32;

/// A partition's number, counted from 0.
pub type Partition = u8;

/// What an idempotent producer puts on a record, so that the broker knows it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    /// The producer's id.
    pub producer: u8,
    /// Its epoch: a newer one fences off every older one.
    pub epoch: u16,
    /// The record's number within this producer, epoch and partition, counted from 0.
    pub sequence: u32,
}

/// A record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Entry<V> {
    /// Decides the partition, and with it what stays in order.
    pub key: i32,
    /// What it says.
    pub value: V,
    /// From an idempotent producer.
    pub stamp: Option<Stamp>,
}

/// What became of a record that was to be appended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Appended {
    /// It stands at this offset now.
    At(Offset),
    /// It stood there before (`None`: it is past its retention), and nothing was appended.
    Duplicate(Option<Offset>),
    /// One before it is missing: the producer must send that first (Kafka's
    /// `OutOfOrderSequenceException`).
    Gap,
    /// A newer epoch of the producer is known (Kafka's `ProducerFencedException`).
    Fenced,
}

/// What a reader finds at an offset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Found<'a, V> {
    /// A record.
    Entry(&'a Entry<V>),
    /// Nothing yet: the reader has read all.
    End,
    /// Deleted by retention, or past the end by more than one; the oldest offset that is there.
    OutOfRange(Offset),
}

/// What was heard of a producer in a partition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Heard {
    epoch: u16,
    /// The sequence number that comes next.
    next: u32,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Segment<V> {
    /// Everything ever appended. Copies of a world share it.
    log: Log<Entry<V>>,
    /// The oldest offset that readers still find.
    start: Offset,
}

impl<V: Clone + Hash> Segment<V> {
    fn new() -> Self {
        Self { log: Log::new(), start: 0 }
    }
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Topic<V> {
    partitions: Vec<Segment<V>>,
    producers: Map<(Partition, u8), Heard>,
}

impl<V: Clone + Eq + Hash> Topic<V> {
    /// An empty topic of so many partitions, one at least.
    #[must_use]
    pub fn new(partitions: u8) -> Self {
        let partitions = (0..partitions.max(1)).map(|_| Segment::new()).collect();
        Self { partitions, producers: Map::new() }
    }

    /// How many partitions it has.
    #[must_use]
    pub fn partitions(&self) -> u8 {
        self.partitions.len() as u8
    }

    /// The partition of a key: the remainder by their number, where Kafka takes a hash first. The
    /// same key always meets the same partition, until their number changes.
    #[must_use]
    pub fn partition_of(&self, key: i32) -> Partition {
        key.rem_euclid(i32::from(self.partitions())) as u8
    }

    /// Adds partitions. What is there stays where it is, so that a key's old records may stand in
    /// another partition than its new ones.
    pub fn grow(&mut self, partitions: u8) {
        while self.partitions() < partitions {
            self.partitions.push(Segment::new());
        }
    }

    /// Appends a record, unless it is known or wrong by its stamp.
    ///
    /// # Panics
    /// When there is no such partition: a mistake in the broker.
    pub fn append(&mut self, partition: Partition, entry: Entry<V>) -> Appended {
        if let Some(stamp) = entry.stamp {
            let known = self.producers.get(&(partition, stamp.producer)).copied();
            let heard = match known {
                Some(heard) if heard.epoch > stamp.epoch => return Appended::Fenced,
                Some(heard) if heard.epoch == stamp.epoch => heard,
                _ => Heard { epoch: stamp.epoch, next: 0 },
            };
            if stamp.sequence < heard.next {
                let stands = |(offset, e): (Offset, &Entry<V>)| (e.stamp == Some(stamp)).then_some(offset);
                return Appended::Duplicate(self.entries(partition).rev().find_map(stands));
            }
            if stamp.sequence > heard.next {
                return Appended::Gap;
            }
            let heard = Heard { next: heard.next + 1, ..heard };
            self.producers.insert((partition, stamp.producer), heard);
        }
        let log = &mut self.partitions[partition as usize].log;
        log.push(entry);
        Appended::At(log.len() as Offset - 1)
    }

    /// A newer epoch of a producer: from now on everything of older ones is refused.
    pub fn fence(&mut self, producer: u8, epoch: u16) {
        for partition in 0..self.partitions() {
            let known = self.producers.get(&(partition, producer));
            if known.is_none_or(|heard| heard.epoch < epoch) {
                self.producers.insert((partition, producer), Heard { epoch, next: 0 });
            }
        }
    }

    /// What stands at an offset.
    #[must_use]
    pub fn read(&self, partition: Partition, offset: Offset) -> Found<'_, V> {
        let Some(segment) = self.partitions.get(partition as usize) else { return Found::OutOfRange(0) };
        if offset < segment.start || offset > segment.log.len() as Offset {
            return Found::OutOfRange(segment.start);
        }
        segment.log.get(offset as usize).map_or(Found::End, Found::Entry)
    }

    /// The oldest offset that is there; the end when nothing is.
    #[must_use]
    pub fn start(&self, partition: Partition) -> Offset {
        self.partitions.get(partition as usize).map_or(0, |s| s.start)
    }

    /// The offset that the next record will get.
    #[must_use]
    pub fn end(&self, partition: Partition) -> Offset {
        self.partitions.get(partition as usize).map_or(0, |s| s.log.len() as Offset)
    }

    /// The records of a partition that are there, oldest first, with their offsets.
    pub fn entries(&self, partition: Partition) -> impl DoubleEndedIterator<Item = (Offset, &Entry<V>)> {
        let (start, end) = (self.start(partition), self.end(partition));
        let log = self.partitions.get(partition as usize).map(|s| &s.log);
        (start..end).filter_map(move |offset| Some((offset, log?.get(offset as usize)?)))
    }

    /// Retention: only so many of the newest records of each partition stay. Returns how many went.
    pub fn retain(&mut self, newest: u32) -> u32 {
        let mut gone = 0;
        for segment in &mut self.partitions {
            let start = (segment.log.len() as Offset).saturating_sub(newest).max(segment.start);
            gone += start - segment.start;
            segment.start = start;
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: i32, sequence: Option<(u16, u32)>) -> Entry<i32> {
        let stamp = sequence.map(|(epoch, sequence)| Stamp { producer: 7, epoch, sequence });
        Entry { key, value: key * 10, stamp }
    }

    #[test]
    fn a_key_keeps_its_partition_until_there_are_more() {
        let mut topic: Topic<i32> = Topic::new(2);
        assert_eq!((1..=4).map(|k| topic.partition_of(k)).collect::<Vec<_>>(), [1, 0, 1, 0]);
        topic.append(1, entry(3, None));
        topic.grow(3);
        assert_eq!((topic.partition_of(3), topic.end(1), topic.end(0)), (0, 1, 0));
    }

    #[test]
    fn a_second_attempt_is_known_by_its_stamp() {
        let mut topic = Topic::new(1);
        assert_eq!(topic.append(0, entry(1, Some((0, 0)))), Appended::At(0));
        assert_eq!(topic.append(0, entry(2, Some((0, 1)))), Appended::At(1));
        assert_eq!(topic.append(0, entry(1, Some((0, 0)))), Appended::Duplicate(Some(0)));
        assert_eq!(topic.append(0, entry(9, Some((0, 3)))), Appended::Gap);
        assert_eq!(topic.end(0), 2);
        assert_eq!(topic.append(0, entry(1, None)), Appended::At(2), "without a stamp it is new");
    }

    #[test]
    fn a_newer_epoch_fences_the_older_one() {
        let mut topic = Topic::new(2);
        topic.append(0, entry(1, Some((0, 0))));
        topic.fence(7, 1);
        assert_eq!(topic.append(0, entry(2, Some((0, 1)))), Appended::Fenced);
        assert_eq!(topic.append(0, entry(2, Some((1, 0)))), Appended::At(1));
        assert_eq!(topic.append(1, entry(2, Some((0, 0)))), Appended::Fenced);
    }

    #[test]
    fn what_is_past_its_retention_is_out_of_range() {
        let mut topic = Topic::new(1);
        for k in 1..=5 {
            topic.append(0, entry(k, Some((0, k as u32 - 1))));
        }
        assert_eq!((topic.retain(2), topic.retain(2)), (3, 0));
        assert_eq!(topic.read(0, 2), Found::OutOfRange(3));
        assert!(matches!(topic.read(0, 3), Found::Entry(e) if e.key == 4));
        assert_eq!((topic.read(0, 5), topic.read(0, 6)), (Found::End, Found::OutOfRange(3)));
        assert_eq!(topic.append(0, entry(1, Some((0, 0)))), Appended::Duplicate(None));
        assert_eq!(topic.entries(0).map(|(o, _)| o).collect::<Vec<_>>(), [3, 4]);
    }
}
