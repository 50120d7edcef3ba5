//! The database: a table, its log, one replication slot, and whoever streams from it.
//!
//! A commit is a record of the log. Behind it the change is streamed, and made visible to others:
//! two things, of which the first can come first. The log is kept for the slot, and the disk has an
//! end. Owns the table, transactions, the slot, the stream. Does not own what is made of the stream.
//!
//! A stream is sent piece by piece; the reader says when it has taken one over. A reader that says
//! nothing for long is taken for dead (PostgreSQL: `wal_sender_timeout`). Real connectors try again
//! to connect for ever, which would leave a run without an end: here the database, when somebody
//! should be streaming and nobody is, tells the workers so, and again a few times.

mod stream;

use super::message::{Entry, Envelope, Facts, Key, Lsn, Msg, Op, Session, Want, fact, record, timer, verb};
use super::wal::Wal;
use crate::kernel::{Args, Ctx, Event, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::broker::Staged;
use crate::parts::idempotency::IdempotencyTable;
use crate::parts::retry::RetryPolicy;
use crate::sorted::Map;

/// Numbers of writes that are remembered: more than a run has.
const KEPT: usize = 1000;

/// Settings of the database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The application.
    pub app: NodeId,
    /// The workers that may stream.
    pub workers: Vec<NodeId>,
    /// Rows 1 to this are there at the start.
    pub rows: i32,
    /// How long a committed change is in the log and not visible yet.
    pub visible_after: Span,
    /// The slot is lost when it keeps more records than this; 0: never.
    pub slot_limit: u32,
    /// Records of the log that the disk has room for; 0: enough.
    pub disk: u32,
    /// Whether the slot is there after a failover.
    pub failover_slot: bool,
    /// Records of the log at a time.
    pub batch: u16,
    /// After how long a silent reader is taken for dead.
    pub sender_timeout: Span,
    /// When to send again what was not taken over.
    pub resend: RetryPolicy,
}

/// Who streams, and how far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stream {
    /// The worker.
    pub reader: NodeId,
    /// It has the task for the nth time.
    session: u32,
    /// Sent up to here.
    pub sent: Lsn,
    /// Taken over up to here.
    pub taken: Lsn,
    /// How often the newest piece was sent.
    tries: u32,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Commit(i32, Want),
    Slot(NodeId, Session, bool),
    Confirm(Lsn),
    Watermark(u32, bool),
    FailOver,
}

/// An exported snapshot: for whom, as of which position, and the rows.
type Exported = (NodeId, Lsn, Vec<(Key, i32)>);

/// The database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Database {
    pub(super) settings: Settings,
    /// Durable.
    pub(super) rows: Map<Key, i32>,
    pub(super) wal: Wal,
    pub(super) schema: u8,
    needs: u8,
    /// Writes that were done, by their number.
    done: IdempotencyTable<i32, ()>,
    facts: Facts,
    /// For whom the slot was made.
    owner: Option<Session>,
    /// Volatile.
    pub(super) staged: Staged<Write>,
    flushed: Vec<(Ticket, Write)>,
    pub(super) stream: Option<Stream>,
    exported: Option<Exported>,
    /// Changes that are in the log and not visible.
    pub(super) hidden: Vec<Envelope>,
    /// How often the workers were told that nobody streams.
    told: u32,
    /// Watermarks that are written.
    watermarks: Vec<(u32, bool)>,
}

const fn timer(kind: u8, arg: i32) -> Timer {
    Timer { kind, arg }
}

impl Database {
    /// A database with its rows, an empty log and no slot. Row `k` starts with an amount of `100·k`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut rows = Map::new();
        for key in 1..=settings.rows {
            rows.insert(key, key * 100);
        }
        Self {
            settings,
            rows,
            wal: Wal::default(),
            schema: 1,
            needs: 1,
            done: IdempotencyTable::new(KEPT),
            facts: Facts::default(),
            owner: None,
            staged: Staged::new(),
            flushed: Vec::new(),
            stream: None,
            exported: None,
            hidden: Vec::new(),
            told: 0,
            watermarks: Vec::new(),
        }
    }

    /// The rows, committed ones all.
    pub fn rows(&self) -> impl Iterator<Item = (Key, i32)> {
        self.rows.iter().map(|(key, amount)| (*key, *amount))
    }

    /// The log and its slot.
    #[must_use]
    pub const fn wal(&self) -> &Wal {
        &self.wal
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg } => self.heard(ctx, from, msg),
            Event::Timer(Timer { kind: timer::VISIBLE, arg }) => self.hidden.retain(|e| e.lsn != arg),
            Event::Timer(Timer { kind: timer::RESEND, .. }) => self.resend(ctx),
            Event::Timer(Timer { kind: timer::SENDER_TIMEOUT, .. }) => self.end_stream(ctx),
            Event::Timer(Timer { kind: timer::TELL, .. }) => self.tell(ctx),
            Event::Persisted(ticket) => self.persisted(ctx, ticket),
            Event::Refused(ticket) => {
                if let Some(Write::Commit(number, want)) = self.staged.take(ticket) {
                    ctx.send(self.settings.app, Msg::NotWritten(number, want));
                }
            }
            Event::Recovered => {
                self.facts.publish(ctx);
                self.told = 0;
                self.tell(ctx);
            }
            Event::Command(verb::FAIL_OVER, _) => {
                let args = [i32::from(self.settings.failover_slot), 0, 0];
                self.write(ctx, record::FAILED_OVER, args, Write::FailOver);
            }
            _ => {}
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, args: Args, write: Write) {
        self.staged.write(ctx, kind, args, write);
    }

    fn heard(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match *msg {
            Msg::Write(number, want) => self.asked(ctx, number, want),
            Msg::CreateSlot(session, snapshot) => {
                let slot = self.wal.slot().filter(|slot| !slot.lost);
                if let (true, Some(slot)) = (self.owner == Some(session), slot) {
                    // Asked again, and made already; unless what was exported is gone by now.
                    let there = !snapshot || self.exported.as_ref().is_some_and(|(to, ..)| *to == from);
                    ctx.send(
                        from,
                        if there { Msg::SlotAt(session, slot.confirmed) } else { Msg::Closed(0) },
                    );
                    return;
                }
                // From before: somebody has a slot that came later.
                if self.owner.is_some_and(|owner| owner > session) {
                    return;
                }
                ctx.cancel_timer(timer(timer::TELL, 0));
                if !self.staged.iter().any(|w| matches!(w, Write::Slot(..))) {
                    let args = [self.wal.end(), i32::from(snapshot), 0];
                    self.write(ctx, record::SLOT, args, Write::Slot(from, session, snapshot));
                }
            }
            Msg::Scan(at, after, limit) => match &self.exported {
                Some((reader, lsn, rows)) if (*reader, *lsn) == (from, at) => {
                    let rows = rows.iter().filter(|(key, _)| *key > after).take(limit as usize).copied();
                    ctx.send(from, Msg::Rows(0, at, rows.collect()));
                }
                _ => ctx.send(from, Msg::Closed(0)),
            },
            Msg::Select(chunk, after, limit) => {
                let all = self.rows.keys().copied().filter(|key| *key > after).take(limit as usize);
                let visible = all.filter_map(|key| Some((key, self.visible(key)?)));
                ctx.send(from, Msg::Rows(chunk, self.wal.end(), visible.collect()));
            }
            Msg::Watermark(chunk, high) => {
                let write = Write::Watermark(chunk, high);
                if !self.watermarks.contains(&(chunk, high)) && !self.staged.iter().any(|w| *w == write) {
                    let args = [i32::from(high), 0, chunk as i32];
                    self.write(ctx, record::WATERMARK, args, write);
                }
            }
            Msg::StartStreaming(session, lsn) => self.start(ctx, from, session, lsn),
            Msg::Received(lsn) => {
                if let Some(stream) = self.stream.as_mut().filter(|stream| stream.reader == from) {
                    ctx.cancel_timer(timer(timer::SENDER_TIMEOUT, 0));
                    if lsn >= stream.sent {
                        (stream.sent, stream.taken) = (lsn, lsn);
                        ctx.cancel_timer(timer(timer::RESEND, 0));
                        self.send(ctx);
                    }
                }
            }
            Msg::Confirm(lsn) => {
                let waits = self.staged.iter().any(|w| *w == Write::Confirm(lsn));
                if self.wal.slot().is_some_and(|slot| lsn > slot.confirmed) && !waits {
                    self.write(ctx, record::CONFIRMED, [lsn, 0, 0], Write::Confirm(lsn));
                }
            }
            // It stops in good order, and will say when it is there again.
            Msg::Closed(session)
                if self.stream.is_some_and(|stream| (stream.reader, stream.session) == (from, session)) =>
            {
                self.close(ctx);
            }
            Msg::ReadRow(key) => ctx.send(from, Msg::Row(key, self.visible(key))),
            _ => {}
        }
    }

    /// What another transaction sees of a row: a change that is not visible yet is as if it were not.
    fn visible(&self, key: Key) -> Option<i32> {
        match self.hidden.iter().find(|e| e.key == key) {
            Some(first) => first.before,
            None => self.rows.get(&key).copied(),
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, want: Want) {
        if self.done.answer(&number).is_some() {
            return ctx.send(self.settings.app, Msg::Written(number, want));
        }
        if self.staged.iter().any(|w| matches!(w, Write::Commit(n, _) if *n == number)) {
            return;
        }
        let key = want.key();
        let there = self.rows.contains_key(&key);
        let possible = match want {
            Want::Insert(_) => !there,
            Want::Update(_) | Want::Delete(_) => there,
            Want::Alter(_) => true,
        };
        let full = self.settings.disk > 0 && self.wal.kept() >= self.settings.disk;
        if full {
            ctx.observe(fact::TURNED_AWAY, [key, 0, self.wal.end()]);
        }
        if full || !possible {
            return ctx.send(self.settings.app, Msg::NotWritten(number, want));
        }
        match want {
            Want::Alter(breaking) => {
                let args = [i32::from(self.schema) + 1, i32::from(breaking), 0];
                self.write(ctx, record::SCHEMA, args, Write::Commit(number, want));
            }
            _ => {
                let op = match want {
                    Want::Insert(_) => Op::Create,
                    Want::Update(_) => Op::Update,
                    _ => Op::Delete,
                };
                self.write(ctx, record::COMMIT, [key, op.number(), 0], Write::Commit(number, want));
            }
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(write) = self.staged.take(ticket) else { return };
        match write {
            Write::Commit(number, want) => {
                if self.done.record(number, ()) {
                    self.commit(want);
                }
            }
            Write::Slot(reader, session, snapshot) => {
                self.owner = Some(session);
                let lsn = self.wal.make_slot();
                self.facts.add(fact::SLOT_MADE, [0, i32::from(snapshot), lsn]);
                // Rows as they are at this very position, whatever becomes of them.
                self.exported = snapshot.then(|| (reader, lsn, self.rows().collect()));
            }
            Write::Confirm(lsn) => self.wal.confirm(lsn),
            Write::Watermark(chunk, high) => {
                let entry = |lsn| if high { Entry::High(lsn, chunk) } else { Entry::Low(lsn, chunk) };
                self.append(entry);
                self.watermarks.push((chunk, high));
            }
            Write::FailOver if self.settings.failover_slot => {}
            Write::FailOver => self.wal.drop_slot(),
        }
        self.flushed.push((ticket, write));
    }

    fn commit(&mut self, want: Want) {
        let key = want.key();
        let before = self.rows.get(&key).copied();
        let (op, after) = match want {
            Want::Alter(breaking) => {
                self.schema += 1;
                if breaking {
                    self.needs = self.schema;
                }
                return;
            }
            Want::Insert(key) => (Op::Create, Some(key * 100)),
            Want::Update(_) => (Op::Update, before.map(|amount| amount + 10)),
            Want::Delete(_) => (Op::Delete, None),
        };
        match after {
            Some(amount) => self.rows.insert(key, amount),
            None => self.rows.remove(&key),
        };
        let (schema, needs) = (self.schema, self.needs);
        let lsn = self.wal.end() + 1;
        let envelope = Envelope { op, key, before, after, lsn, schema, needs };
        self.facts.add(fact::COMMITTED, envelope.args());
        self.append(|_| Entry::Change(envelope));
        if self.settings.visible_after > Span::ZERO {
            self.hidden.push(envelope);
        }
    }

    fn append(&mut self, entry: impl FnOnce(Lsn) -> Entry) {
        let lost = self.wal.append(entry, self.settings.slot_limit);
        if lost {
            self.facts.add(fact::SLOT_LOST, [0, 0, self.wal.end()]);
        }
    }

    fn persisted(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        self.facts.publish(ctx);
        let Some(at) = self.flushed.iter().position(|(t, _)| *t == ticket) else { return };
        match self.flushed.remove(at).1 {
            Write::Commit(number, want) => {
                if let Some(hidden) = self.hidden.last() {
                    ctx.set_timer(timer(timer::VISIBLE, hidden.lsn), self.settings.visible_after);
                }
                ctx.send(self.settings.app, Msg::Written(number, want));
                self.stream_on(ctx);
            }
            Write::Watermark(..) => self.stream_on(ctx),
            Write::Slot(reader, session, _) => {
                ctx.send(reader, Msg::SlotAt(session, self.wal.slot().map_or(0, |slot| slot.confirmed)));
            }
            Write::FailOver => {
                // Another server answers from now on: every connection is new.
                self.exported = None;
                self.stream = None;
                self.told = 0;
                self.tell(ctx);
            }
            Write::Confirm(_) => {}
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.flushed.clear();
        self.stream = None;
        self.exported = None;
        self.hidden.clear();
        self.told = 0;
        self.watermarks.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.settings.disk > 0 && self.wal.kept() >= self.settings.disk {
            Mood::Stuck
        } else if self.staged.iter().next().is_some() {
            Mood::Working
        } else if self.wal.end() == 0 {
            Mood::Idle
        } else {
            Mood::Committed
        }
    }
}
