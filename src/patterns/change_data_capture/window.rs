//! One chunk of an incremental snapshot: its rows, and which of them a change in the stream has made
//! old before they were sent (Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-
//! Capture Framework", 2020; Debezium's incremental snapshots).
//!
//! The chunk is read between two watermarks that are written into the database itself, and so stand
//! in its log. A change of a row between them may have come before the reading or after it: nobody
//! can tell, so the row that was read is dropped and the change stands. Owns that rule alone.

use super::message::Key;

/// How far a chunk is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// The low watermark is being written.
    Low,
    /// The rows are being read.
    Rows,
    /// The high watermark is being written.
    High,
    /// Its rows are on their way to the topic.
    Draining,
}

/// A chunk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Window {
    /// Its number, counted from 1.
    pub chunk: u32,
    /// How far it is.
    pub stage: Stage,
    /// The key that it begins behind, and that the next one will begin behind.
    pub after: Key,
    /// Whether it may be the last: it was not full.
    pub last: bool,
    /// Rows that were read.
    rows: Vec<(Key, i32)>,
    /// Keys that changed since the low watermark.
    changed: Vec<Key>,
    /// The stream has passed the low watermark.
    open: bool,
    /// How many rows were dropped.
    pub dropped: u32,
}

impl Window {
    /// A chunk behind a key.
    #[must_use]
    pub const fn new(chunk: u32, after: Key) -> Self {
        Self {
            chunk,
            stage: Stage::Low,
            after,
            last: false,
            rows: Vec::new(),
            changed: Vec::new(),
            open: false,
            dropped: 0,
        }
    }

    /// The stream passes the low watermark.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Whether the stream is between the watermarks.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// The stream brings a change of this row.
    pub fn change(&mut self, key: Key) {
        if self.open {
            self.changed.push(key);
            self.drop_changed();
        }
    }

    /// The rows are here; a full chunk has `limit` of them.
    pub fn fill(&mut self, rows: &[(Key, i32)], limit: u16) {
        self.after = rows.last().map_or(self.after, |(key, _)| *key);
        self.last = rows.len() < limit as usize;
        self.rows = rows.to_vec();
        self.drop_changed();
    }

    fn drop_changed(&mut self) {
        let before = self.rows.len();
        let changed = &self.changed;
        self.rows.retain(|(key, _)| !changed.contains(key));
        self.dropped += (before - self.rows.len()) as u32;
    }

    /// The stream passes the high watermark: what is left.
    pub fn close(&mut self) -> Vec<(Key, i32)> {
        self.open = false;
        std::mem::take(&mut self.rows)
    }

    /// What it holds.
    #[must_use]
    pub fn rows(&self) -> &[(Key, i32)] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_changes_inside_the_window_is_dropped_whichever_came_first() {
        for change_first in [true, false] {
            let mut window = Window::new(1, 0);
            window.change(2); // before the window: of no interest
            window.open();
            if change_first {
                window.change(1);
            }
            window.fill(&[(1, 100), (2, 200)], 2);
            if !change_first {
                window.change(1);
            }
            assert_eq!(
                (window.close(), window.after, window.last, window.dropped),
                (vec![(2, 200)], 2, false, 1)
            );
        }
    }

    #[test]
    fn a_chunk_that_is_not_full_is_the_last() {
        let mut window = Window::new(3, 4);
        window.open();
        window.fill(&[], 2);
        assert_eq!((window.close(), window.after, window.last), (vec![], 4, true));
    }
}
