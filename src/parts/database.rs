//! A service's own database: a table of small whole numbers, and row locks owned by transactions.
//!
//! Owns the rows and who may touch them. A change is an *after-image* ([`Write`]): redoing it twice
//! leaves the same value, which is what makes recovery from a log simple. Does not own durability:
//! whoever uses it writes its log first ([`super::wal`]), and tells it when a write is to be redone.
//!
//! Rows survive a crash, locks do not: they are memory, and recovery takes them again.

use crate::sorted::Map;

/// A transaction: its correlation id, everywhere.
pub type Tx = i32;

/// A row of the table.
pub type Key = u8;

/// What a transaction does to a row: the value that it found and the one that it leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Write {
    /// Which row.
    pub key: Key,
    /// The value before.
    pub from: i32,
    /// The value after.
    pub to: i32,
}

/// A table and its locks.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Database {
    rows: Map<Key, i32>,
    locks: Map<Key, Tx>,
}

impl Database {
    /// A table with these rows, and no locks.
    #[must_use]
    pub fn new(rows: &[(Key, i32)]) -> Self {
        let mut table = Map::new();
        for (key, value) in rows {
            table.insert(*key, *value);
        }
        Self { rows: table, locks: Map::new() }
    }

    /// The rows, in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (Key, i32)> {
        self.rows.iter().map(|(key, value)| (*key, *value))
    }

    /// The value of a row; 0 for one that is not there.
    #[must_use]
    pub fn value(&self, key: Key) -> i32 {
        self.rows.get(&key).copied().unwrap_or(0)
    }

    /// Who holds the lock on a row.
    #[must_use]
    pub fn owner(&self, key: Key) -> Option<Tx> {
        self.locks.get(&key).copied()
    }

    /// The locks that are held: row and owner.
    pub fn locks(&self) -> impl Iterator<Item = (Key, Tx)> {
        self.locks.iter().map(|(key, owner)| (*key, *owner))
    }

    /// Locks rows for a transaction: all of them or none.
    ///
    /// # Errors
    /// The transaction that holds one of them.
    pub fn lock(&mut self, tx: Tx, keys: impl Iterator<Item = Key> + Clone) -> Result<(), Tx> {
        if let Some(other) = keys.clone().filter_map(|key| self.owner(key)).find(|owner| *owner != tx) {
            return Err(other);
        }
        for key in keys {
            self.locks.insert(key, tx);
        }
        Ok(())
    }

    /// Gives back every lock of a transaction.
    pub fn unlock(&mut self, tx: Tx) {
        self.locks.retain(|_, owner| *owner != tx);
    }

    /// Puts the after-images into the table; doing it again changes nothing.
    pub fn redo(&mut self, writes: &[Write]) {
        for write in writes {
            self.rows.insert(write.key, write.to);
        }
    }

    /// A crash: the locks are gone, the rows stay.
    pub fn crash(&mut self) {
        self.locks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bank() -> Database {
        Database::new(&[(0, 120), (1, 0)])
    }

    #[test]
    fn locks_are_taken_all_or_none() {
        let mut db = bank();
        assert_eq!(db.lock(1, [1].into_iter()), Ok(()));
        assert_eq!(db.lock(2, [0, 1].into_iter()), Err(1));
        assert_eq!(db.owner(0), None, "the free row was not taken either");
        db.unlock(1);
        assert_eq!(db.lock(2, [0, 1].into_iter()), Ok(()));
        assert_eq!(db.lock(2, [0, 1].into_iter()), Ok(()), "taking one's own lock again is nothing");
        assert_eq!(db.locks().collect::<Vec<_>>(), [(0, 2), (1, 2)]);
    }

    #[test]
    fn redo_is_idempotent() {
        let mut db = bank();
        let writes = [Write { key: 0, from: 120, to: 80 }, Write { key: 1, from: 0, to: 40 }];
        db.redo(&writes);
        let once = db.clone();
        db.redo(&writes);
        assert_eq!(db, once);
        assert_eq!((db.value(0), db.value(1), db.value(9)), (80, 40, 0));
    }

    #[test]
    fn a_crash_takes_the_locks_and_leaves_the_rows() {
        let mut db = bank();
        db.lock(1, [0].into_iter()).unwrap();
        db.crash();
        assert_eq!(db, bank());
    }
}
