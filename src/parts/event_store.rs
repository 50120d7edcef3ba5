//! An event store: streams of numbered events, in one log with positions of its own.
//!
//! Owns the compare-and-append (an expected version, all or nothing), its repetition (the same event
//! ids under the same expectation get the same answer), the positions, and how far a reader may go
//! while transactions are open. Does not own what an event means, who subscribes, or when a
//! transaction is given up: those are the pattern's.
//!
//! Positions are drawn when an append is admitted and not given back when it fails, as those of a
//! database sequence: they may become visible out of order, and a hole may stay for ever.
//! After the KurrentDB documentation (expected versions, idempotent appends) and Marten's
//! (`mt_events`, high-water mark).

use std::hash::Hash;

use crate::kernel::{Log, Ticket};
use crate::sorted::{Map, sort};

/// A stream: one aggregate's history.
pub type Stream = i32;

/// What the writer of an append believes to be the version of the stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expected {
    /// Nothing: append whatever is there.
    Any,
    /// Exactly this; 0: there is no stream yet.
    Exactly(i32),
}

/// An event as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Recorded<E> {
    /// Its place among all events; unique, not without holes.
    pub position: i32,
    /// Its stream.
    pub stream: Stream,
    /// Its place in the stream: 1, 2, 3, …
    pub version: i32,
    /// Who it is: the same for every attempt to store it.
    pub id: i64,
    /// What happened.
    pub event: E,
}

/// What becomes of an append.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Admitted {
    /// It may be stored, as the versions after this one.
    Fresh(i32),
    /// It is stored already, up to this version.
    Again(i32),
    /// It is being stored; the answer will come.
    Pending,
    /// The stream is at another version: this one.
    Conflict(i32),
}

/// Events on their way into a stream: all of them or none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Batch<E> {
    /// The transaction; a writer has one at a time.
    pub tx: i32,
    /// The stream.
    pub stream: Stream,
    /// The version before the first.
    pub after: i32,
    /// The position of the first.
    pub position: i32,
    /// Ids and events.
    pub events: Vec<(i64, E)>,
}

impl<E> Batch<E> {
    /// The version of the last.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.after + self.events.len() as i32
    }
}

/// The newest entries are searched backwards, and no longer than this many older ones: commit order
/// and order of positions differ by the few transactions that are open at a time.
const SPREAD: usize = 32;

/// A store of events `E`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventStore<E> {
    /// Durable, in the order of commits.
    log: Log<Recorded<E>>,
    /// Durable: the version of each stream.
    heads: Map<Stream, i32>,
    /// The last position drawn. Survives a crash, as a sequence does.
    drawn: i32,
    /// Volatile: transactions that have inserted and not committed.
    open: Vec<Batch<E>>,
    /// Volatile: commits on their way to the disk.
    staged: Vec<(Ticket, Batch<E>)>,
}

impl<E: Copy + Hash> Default for EventStore<E> {
    fn default() -> Self {
        Self { log: Log::new(), heads: Map::new(), drawn: 0, open: Vec::new(), staged: Vec::new() }
    }
}

impl<E: Copy + Hash> EventStore<E> {
    fn unfinished(&self) -> impl Iterator<Item = &Batch<E>> {
        self.open.iter().chain(self.staged.iter().map(|(_, batch)| batch))
    }

    /// The version of a stream on disk; 0: there is none.
    #[must_use]
    pub fn version(&self, stream: Stream) -> i32 {
        self.heads.get(&stream).copied().unwrap_or(0)
    }

    /// The version a stream has once everything under way is stored. (A database would let the
    /// second writer wait for the first one's row lock; here it is a conflict at once.)
    fn tip(&self, stream: Stream) -> i32 {
        let under_way = self.unfinished().filter(|b| b.stream == stream).map(Batch::version).max();
        under_way.unwrap_or(0).max(self.version(stream))
    }

    /// Whether an append would be stored. Repetition is recognised by the id that stands where the
    /// append begins; under [`Expected::Any`] only by the newest id of the stream, at best.
    #[must_use]
    pub fn admit(&self, stream: Stream, expected: Expected, events: &[(i64, E)]) -> Admitted {
        let Some(&(first, _)) = events.first() else { return Admitted::Again(self.version(stream)) };
        if self.unfinished().any(|b| b.stream == stream && b.events.iter().any(|(id, _)| *id == first)) {
            return Admitted::Pending;
        }
        let tip = self.tip(stream);
        let after = match expected {
            Expected::Any => tip,
            Expected::Exactly(version) => version,
        };
        if after == tip {
            let begins = if expected == Expected::Any { tip - events.len() as i32 } else { tip };
            let stored = self.at(stream, begins + 1).is_some_and(|r| r.id == first);
            return if stored { Admitted::Again(tip) } else { Admitted::Fresh(tip) };
        }
        if self.at(stream, after + 1).is_some_and(|r| r.id == first) {
            return Admitted::Again(after + events.len() as i32);
        }
        Admitted::Conflict(tip)
    }

    /// Makes an admitted append a batch: draws its positions.
    pub fn batch(&mut self, tx: i32, stream: Stream, after: i32, events: Vec<(i64, E)>) -> Batch<E> {
        let position = self.drawn + 1;
        self.drawn += events.len() as i32;
        Batch { tx, stream, after, position, events }
    }

    /// Keeps a batch open: inserted, not committed.
    pub fn hold(&mut self, batch: Batch<E>) {
        self.open.push(batch);
    }

    /// Takes an open batch out: to commit it, or to forget it.
    pub fn release(&mut self, tx: i32) -> Option<Batch<E>> {
        let at = self.open.iter().position(|b| b.tx == tx)?;
        Some(self.open.remove(at))
    }

    /// The batch is on its way to the disk.
    pub fn stage(&mut self, ticket: Ticket, batch: Batch<E>) {
        self.staged.push((ticket, batch));
    }

    /// The batch of this ticket is on disk. `Err`: another one that it stood on is not, so that it
    /// is not stored either.
    pub fn flush(&mut self, ticket: Ticket) -> Option<Result<Batch<E>, Batch<E>>> {
        let batch = self.refuse(ticket)?;
        if self.version(batch.stream) != batch.after {
            return Some(Err(batch));
        }
        self.put(&batch);
        Some(Ok(batch))
    }

    /// Stores a batch that is true already: history from before the run.
    pub fn put(&mut self, batch: &Batch<E>) {
        self.heads.insert(batch.stream, batch.version());
        for (i, (id, event)) in batch.events.iter().enumerate() {
            let i = i as i32;
            self.log.push(Recorded {
                position: batch.position + i,
                stream: batch.stream,
                version: batch.after + 1 + i,
                id: *id,
                event: *event,
            });
        }
    }

    /// The batch of this ticket will not be on disk.
    pub fn refuse(&mut self, ticket: Ticket) -> Option<Batch<E>> {
        let at = self.staged.iter().position(|(t, _)| *t == ticket)?;
        Some(self.staged.remove(at).1)
    }

    /// A crash: open transactions are rolled back, their positions stay drawn.
    pub fn crash(&mut self) {
        self.open.clear();
        self.staged.clear();
    }

    /// A restore from a backup that lacks the newest so many events.
    pub fn truncate(&mut self, newest: usize) {
        let keep = self.log.len().saturating_sub(newest);
        let kept: Vec<Recorded<E>> = self.log.iter().take(keep).copied().collect();
        *self = Self::default();
        for r in kept {
            self.heads.insert(r.stream, r.version);
            self.drawn = self.drawn.max(r.position);
            self.log.push(r);
        }
    }

    /// The event of a stream at a version, searched from the newest.
    #[must_use]
    pub fn at(&self, stream: Stream, version: i32) -> Option<&Recorded<E>> {
        if version < 1 || version > self.version(stream) {
            return None;
        }
        self.log.iter().rev().find(|r| r.stream == stream && r.version == version)
    }

    /// Everything, in the order of commits.
    pub fn log(&self) -> &Log<Recorded<E>> {
        &self.log
    }

    /// The events of a stream after a version, in order.
    #[must_use]
    pub fn stream(&self, stream: Stream, after: i32) -> Vec<Recorded<E>> {
        let newest = self.log.iter().rev().filter(|r| r.stream == stream);
        let mut events: Vec<Recorded<E>> = newest.take_while(|r| r.version > after).copied().collect();
        events.reverse();
        events
    }

    /// The highest position below which nothing can appear any more: before the first that an open
    /// transaction has drawn. Holes under it are dead.
    #[must_use]
    pub fn high_water(&self) -> i32 {
        self.unfinished().map(|b| b.position - 1).min().unwrap_or(self.drawn)
    }

    /// The highest position of a stored event.
    #[must_use]
    pub fn newest(&self) -> i32 {
        self.log.iter().rev().take(SPREAD).map(|r| r.position).max().unwrap_or(0)
    }

    /// At most so many stored events after one position and up to another, in order of positions.
    #[must_use]
    pub fn feed(&self, after: i32, upto: i32, most: usize) -> Vec<Recorded<E>> {
        let (mut found, mut older) = (Vec::new(), 0);
        for r in self.log.iter().rev() {
            if r.position <= after {
                older += 1;
                if older > SPREAD {
                    break;
                }
            } else if r.position <= upto {
                found.push(*r);
            }
        }
        found.reverse();
        sort(&mut found, |a, b| a.position < b.position);
        found.truncate(most);
        found
    }

    /// Transactions that have inserted and not committed: transaction, stream, first position.
    pub fn open(&self) -> impl Iterator<Item = &Batch<E>> {
        self.open.iter()
    }

    /// Commits on their way to the disk.
    pub fn staged(&self) -> impl Iterator<Item = &Batch<E>> {
        self.staged.iter().map(|(_, batch)| batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(stream: Stream, events: &[i64]) -> EventStore<u8> {
        let mut store = EventStore::default();
        append(&mut store, 1, stream, events);
        store
    }

    fn batch(store: &mut EventStore<u8>, tx: i32, stream: Stream, ids: &[i64]) -> Batch<u8> {
        let after = store.tip(stream);
        store.batch(tx, stream, after, ids.iter().map(|id| (*id, 0)).collect())
    }

    fn append(store: &mut EventStore<u8>, tx: i32, stream: Stream, ids: &[i64]) {
        let batch = batch(store, tx, stream, ids);
        store.stage(Ticket(9), batch);
        assert!(matches!(store.flush(Ticket(9)), Some(Ok(_))));
    }

    #[test]
    fn an_append_needs_the_version_that_it_expects() {
        let store = store(1, &[10, 11]);
        assert_eq!(store.admit(1, Expected::Exactly(2), &[(12, 0)]), Admitted::Fresh(2));
        assert_eq!(store.admit(1, Expected::Exactly(1), &[(12, 0)]), Admitted::Conflict(2));
        assert_eq!(store.admit(1, Expected::Exactly(0), &[(12, 0)]), Admitted::Conflict(2));
        assert_eq!(store.admit(2, Expected::Exactly(0), &[(12, 0)]), Admitted::Fresh(0));
        assert_eq!(store.admit(1, Expected::Any, &[(12, 0)]), Admitted::Fresh(2));
    }

    #[test]
    fn the_same_ids_under_the_same_expectation_get_the_same_answer() {
        let mut store = store(1, &[10, 11]);
        append(&mut store, 2, 1, &[12, 13]);
        append(&mut store, 3, 1, &[14]);
        assert_eq!(store.admit(1, Expected::Exactly(2), &[(12, 0), (13, 0)]), Admitted::Again(4));
        assert_eq!(store.admit(1, Expected::Any, &[(14, 0)]), Admitted::Again(5), "the newest is known");
        assert_eq!(store.admit(1, Expected::Any, &[(12, 0), (13, 0)]), Admitted::Fresh(5), "at best");
    }

    #[test]
    fn a_batch_under_way_counts_and_its_repetition_waits() {
        let mut store = store(1, &[10]);
        let one = batch(&mut store, 2, 1, &[11]);
        store.stage(Ticket(0), one);
        assert_eq!(store.admit(1, Expected::Exactly(1), &[(11, 0)]), Admitted::Pending);
        assert_eq!(store.admit(1, Expected::Exactly(1), &[(12, 0)]), Admitted::Conflict(2));
        let two = batch(&mut store, 3, 1, &[12]);
        store.stage(Ticket(1), two);
        assert!(store.refuse(Ticket(0)).is_some());
        assert!(matches!(store.flush(Ticket(1)), Some(Err(_))), "it stood on the one that was refused");
        assert_eq!(store.version(1), 1);
    }

    #[test]
    fn a_reader_by_number_overtakes_an_open_transaction_and_one_below_it_does_not() {
        let mut store = store(1, &[10]);
        let slow = batch(&mut store, 2, 2, &[20]);
        store.hold(slow);
        append(&mut store, 3, 3, &[30]);
        assert_eq!((store.newest(), store.high_water()), (3, 1));
        let numbers = |store: &EventStore<u8>, after, upto| {
            store.feed(after, upto, 9).iter().map(|r| r.position).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&store, 0, store.newest()), [1, 3], "number 2 is missed");
        assert_eq!(numbers(&store, 0, store.high_water()), [1]);
        let slow = store.release(2).unwrap();
        store.stage(Ticket(4), slow);
        store.flush(Ticket(4));
        assert_eq!(numbers(&store, 1, store.high_water()), [2, 3], "in order of numbers, not of commits");
    }

    #[test]
    fn a_rolled_back_number_is_a_hole_for_ever_and_dead() {
        let mut store = store(1, &[10]);
        let given_up = batch(&mut store, 2, 2, &[20]);
        store.hold(given_up);
        store.crash();
        append(&mut store, 3, 3, &[30]);
        assert_eq!((store.newest(), store.high_water()), (3, 3));
    }

    #[test]
    fn a_backup_lacks_the_newest() {
        let mut store = store(1, &[10, 11, 12]);
        append(&mut store, 2, 2, &[20]);
        store.truncate(2);
        assert_eq!((store.version(1), store.version(2), store.log().len()), (2, 0, 2));
        assert_eq!(store.stream(1, 1).iter().map(|r| r.id).collect::<Vec<_>>(), [11]);
    }
}
