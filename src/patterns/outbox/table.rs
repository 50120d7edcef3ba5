//! The outbox table, as the database keeps it beside the business tables.
//!
//! Owns the rows, and the queries of relays upon them with what each of them sees and misses. Does
//! not own transactions (a row is here once it is committed), nor durability.

use super::message::{Change, Cursor, Poll, Reading, Sharing};
use crate::sorted::sort;

/// How far a row is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// `sent_at IS NULL`.
    Unsent,
    /// Marked.
    Sent,
    /// Set aside for a person.
    Parked,
}

/// A row of the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// The event.
    pub change: Change,
    /// The transaction that inserted it.
    pub xid: i32,
    /// Reading of the clock of the instance that inserted it, in milliseconds.
    pub created: i32,
    /// How far it is.
    pub state: State,
}

impl Row {
    /// Its place in the order of transactions.
    #[must_use]
    pub const fn place(&self) -> Cursor {
        Cursor { xid: self.xid, id: self.change.id }
    }
}

/// An open transaction, as far as the outbox is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Open {
    /// Its number.
    pub xid: i32,
    /// The id that it took from the sequence.
    pub id: i32,
}

/// Rows in the order of their commits.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A row is committed.
    pub fn insert(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The rows, in the order of their commits.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter()
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of an event.
    #[must_use]
    pub fn row(&self, id: i32) -> Option<&Row> {
        self.rows.iter().find(|row| row.change.id == id)
    }

    /// Sets how far some rows are; a parked one leaves its place only to be sent after all.
    pub fn set(&mut self, ids: &[i32], state: State) {
        for row in self.rows.iter_mut().filter(|row| ids.contains(&row.change.id)) {
            if row.state != State::Parked || state == State::Unsent {
                row.state = state;
            }
        }
    }

    /// The ids of the parked rows.
    #[must_use]
    pub fn parked(&self) -> Vec<i32> {
        self.rows.iter().filter(|row| row.state == State::Parked).map(|row| row.change.id).collect()
    }

    /// How many rows are done with: marked, or behind a relay's cursor.
    #[must_use]
    pub fn done(&self, cursor: i32) -> usize {
        self.rows.iter().filter(|row| is_done(row, cursor)).count()
    }

    /// Deletes the oldest rows that are done with, all but so many.
    pub fn clean(&mut self, keep: usize, cursor: i32) {
        let mut surplus = self.done(cursor).saturating_sub(keep);
        self.rows.retain(|row| {
            let goes = surplus > 0 && is_done(row, cursor);
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// What a query sees: the rows, and whether committed rows are held back for now.
    #[must_use]
    pub fn select(&self, poll: &Poll, open: &[Open], locked: impl Fn(i32) -> bool) -> (Vec<Row>, bool) {
        let (shard, shards) = poll.shard;
        let wanted = |row: &&Row| {
            let here = poll.sharing != Sharing::ByKey
                || row.change.order.rem_euclid(i32::from(shards.max(1))) == i32::from(shard);
            let there = match poll.reading {
                Reading::Unsent => row.state == State::Unsent,
                Reading::Cursor | Reading::HighWater => row.change.id > poll.after.id,
                Reading::Horizon => row.place() > poll.after,
            };
            here && there && row.state != State::Parked && !locked(row.change.id)
        };
        let mut rows: Vec<Row> = self.rows.iter().filter(wanted).copied().collect();
        let all = rows.len();
        match poll.reading {
            Reading::Unsent | Reading::Cursor => {}
            Reading::Horizon => {
                let xmin = open.iter().map(|tx| tx.xid).min().unwrap_or(i32::MAX);
                rows.retain(|row| row.xid < xmin);
            }
            Reading::HighWater => {
                let gap = open.iter().map(|tx| tx.id).min().unwrap_or(i32::MAX);
                rows.retain(|row| row.change.id < gap);
            }
        }
        let held = rows.len() < all;
        sort(&mut rows, |a, b| match poll.reading {
            Reading::Horizon => a.place() < b.place(),
            _ if poll.by_created => (a.created, a.change.id) < (b.created, b.change.id),
            _ => a.change.id < b.change.id,
        });
        rows.truncate(poll.limit as usize);
        (rows, held)
    }
}

fn is_done(row: &Row, cursor: i32) -> bool {
    row.state == State::Sent || (row.state == State::Unsent && row.change.id <= cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::outbox::message::What;

    fn row(id: i32, xid: i32, order: i32) -> Row {
        let change = Change { id, order, what: What::Placed };
        Row { change, xid, created: 100 - id, state: State::Unsent }
    }

    fn ask(reading: Reading, after: i32) -> Poll {
        Poll {
            number: 1,
            reading,
            after: Cursor { xid: after, id: after },
            limit: 10,
            sharing: Sharing::Alone,
            shard: (0, 1),
            by_created: false,
        }
    }

    fn ids(table: &Table, poll: &Poll, open: &[Open]) -> (Vec<i32>, bool) {
        let (rows, held) = table.select(poll, open, |_| false);
        (rows.iter().map(|row| row.change.id).collect(), held)
    }

    /// Transaction 1 took id 1 and is still open; transaction 2 took id 2 and is committed.
    #[test]
    fn each_reading_meets_the_gap_in_its_own_way() {
        let mut table = Table::default();
        table.insert(row(2, 2, 2));
        let open = [Open { xid: 1, id: 1 }];
        assert_eq!(ids(&table, &ask(Reading::Unsent, 0), &open), (vec![2], false));
        assert_eq!(ids(&table, &ask(Reading::Cursor, 0), &open), (vec![2], false));
        assert_eq!(ids(&table, &ask(Reading::Horizon, 0), &open), (vec![], true));
        assert_eq!(ids(&table, &ask(Reading::HighWater, 0), &open), (vec![], true));
        // Transaction 1 commits. The one that had read past its id never sees it.
        table.insert(row(1, 1, 1));
        table.set(&[2], State::Sent);
        assert_eq!(ids(&table, &ask(Reading::Unsent, 2), &[]), (vec![1], false));
        assert_eq!(ids(&table, &ask(Reading::Cursor, 2), &[]), (vec![], false));
        assert_eq!(ids(&table, &ask(Reading::Horizon, 0), &[]), (vec![1, 2], false));
        assert_eq!(ids(&table, &ask(Reading::HighWater, 0), &[]), (vec![1, 2], false));
    }

    #[test]
    fn a_gap_that_nobody_fills_holds_nothing_back() {
        let mut table = Table::default();
        table.insert(row(2, 2, 2));
        assert_eq!(ids(&table, &ask(Reading::HighWater, 0), &[]), (vec![2], false));
        assert_eq!(ids(&table, &ask(Reading::HighWater, 0), &[Open { xid: 3, id: 3 }]), (vec![2], false));
    }

    #[test]
    fn relays_share_rows_by_lock_or_by_key() {
        let mut table = Table::default();
        (1..=4).for_each(|id| table.insert(row(id, id, id)));
        let poll = ask(Reading::Unsent, 0);
        let (rows, _) = table.select(&poll, &[], |id| id < 3);
        assert_eq!(rows.iter().map(|row| row.change.id).collect::<Vec<_>>(), [3, 4]);
        let by_key = Poll { sharing: Sharing::ByKey, shard: (1, 2), ..poll };
        assert_eq!(ids(&table, &by_key, &[]).0, [1, 3]);
        let by_clock = Poll { by_created: true, ..poll };
        assert_eq!(ids(&table, &by_clock, &[]).0, [4, 3, 2, 1]);
    }

    #[test]
    fn cleaning_keeps_the_newest_and_whatever_is_not_done() {
        let mut table = Table::default();
        (1..=5).for_each(|id| table.insert(row(id, id, id)));
        table.set(&[1, 2, 4], State::Sent);
        table.set(&[5], State::Parked);
        assert_eq!(table.done(0), 3);
        table.clean(1, 0);
        assert_eq!(table.rows().map(|row| row.change.id).collect::<Vec<_>>(), [3, 4, 5]);
        table.clean(0, 9);
        assert_eq!(table.parked(), [5]);
        assert_eq!(table.len(), 1);
    }
}
