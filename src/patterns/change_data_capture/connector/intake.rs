//! What the connector takes in: rows of the snapshot, and the log.

use super::{Connector, Out, RETRY, Stage};
use crate::kernel::Ctx;
use crate::patterns::change_data_capture::message::{Entry, Envelope, Key, Lsn, Msg, Op};
use crate::patterns::change_data_capture::window;

impl Connector {
    /// Rows of the snapshot.
    pub(super) fn scanned(&mut self, ctx: &mut Ctx<'_, Msg>, rows: &[(Key, i32)]) {
        let Stage::Scanning(after) = self.stage else { return };
        if !self.queue.is_empty() || rows.first().is_some_and(|(key, _)| *key <= after) {
            return;
        }
        ctx.cancel_timer(RETRY);
        if let Some((last, _)) = rows.last() {
            self.stage = Stage::Scanning(*last);
        }
        for (key, amount) in rows {
            self.queue.push_back(Out { value: read(*key, *amount, self.stored, self.schema), done: None });
        }
        if rows.is_empty() {
            // Nothing is left: the snapshot is complete once that is on record.
            self.stage = Stage::Closing;
            self.flushed = -1;
            self.flush(ctx);
        } else {
            self.produce(ctx);
        }
    }

    /// The log goes on behind a position.
    pub(super) fn changes(&mut self, ctx: &mut Ctx<'_, Msg>, before: Lsn, entries: &[Entry]) {
        if self.stage != Stage::Streaming || before > self.received {
            return;
        }
        let news: Vec<&Entry> = entries.iter().filter(|entry| entry.lsn() > self.received).collect();
        for entry in news {
            self.received = entry.lsn();
            self.take(entry);
        }
        if self.settings.confirm_early {
            ctx.send(self.settings.database, Msg::Confirm(self.received));
        }
        self.pump(ctx);
    }

    pub(super) fn take(&mut self, entry: &Entry) {
        match *entry {
            Entry::Change(value) => {
                self.schema = (value.schema, value.needs);
                if let Some(window) = self.window.as_mut().filter(|_| self.settings.watermarks) {
                    window.change(value.key);
                }
                let done = Some(value.lsn);
                if value.op == Op::Delete && self.settings.tombstones {
                    self.queue.push_back(Out { value, done: None });
                    self.queue.push_back(Out { value: value.tombstone(), done });
                } else {
                    self.queue.push_back(Out { value, done });
                }
            }
            Entry::Low(_, chunk) => {
                if let Some(window) = self.window.as_mut().filter(|w| w.chunk == chunk) {
                    window.open();
                }
            }
            Entry::High(lsn, chunk) => {
                if let Some(window) = self.window.as_mut().filter(|w| w.chunk == chunk) {
                    window.stage = window::Stage::Draining;
                    for (key, amount) in window.close() {
                        self.queue
                            .push_back(Out { value: read(key, amount, lsn, self.schema), done: None });
                    }
                }
            }
        }
    }
}

/// A row that was read at a position.
pub(super) const fn read(key: Key, amount: i32, lsn: Lsn, (schema, needs): (u8, u8)) -> Envelope {
    Envelope { op: Op::Read, key, before: None, after: Some(amount), lsn, schema, needs }
}
