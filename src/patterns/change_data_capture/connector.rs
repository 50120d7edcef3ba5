//! A Connect worker with the connector's one task: reads the database, writes the topic, and puts on
//! record how far it has come.
//!
//! Start: find the offset; without one, make a slot and read all rows as of its position (the
//! snapshot), from scratch however often that is interrupted; then stream the log from there. Records
//! are produced one at a time. Every so often the position of the newest stored one is flushed to the
//! broker, and only then confirmed to the database, which may forget what is before it. A crash
//! between two flushes streams the same changes again: at least once. With exactly-once support the
//! position is stored in one transaction with each record, and a newer producer fences an older one.
//!
//! Owns all of that. Does not own which worker has the task: a person moves it, where in Connect the
//! group does.

use std::collections::VecDeque;

use super::message::{Entry, Envelope, Key, Lsn, Msg, Op, Produce, Session, fact, timer, verb};
use super::window::{self, Window};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::retry::RetryPolicy;

/// When all rows are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SnapshotMode {
    /// When there is no offset.
    Initial,
    /// Also when there is an offset and the slot does not go back to it.
    WhenNeeded,
}

/// Settings of a worker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The database.
    pub database: NodeId,
    /// The broker.
    pub broker: NodeId,
    /// Whether it has the task at the start.
    pub first: bool,
    /// When all rows are read.
    pub mode: SnapshotMode,
    /// Rows at a time.
    pub chunk: u16,
    /// Whether a delete is followed by a tombstone.
    pub tombstones: bool,
    /// Whether offsets are stored with records, and old producers fenced.
    pub exactly_once: bool,
    /// The naive order: it confirms what it has received, before that is in the topic.
    pub confirm_early: bool,
    /// Whether an incremental snapshot heeds the changes in its window.
    pub watermarks: bool,
    /// How often it flushes its offset.
    pub flush: Span,
    /// When to ask again.
    pub retry: RetryPolicy,
}

/// What a worker is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// It does not have the task.
    Off,
    /// It asks where the task stands.
    Finding,
    /// It has a slot made; whether rows are to be read.
    Creating(bool),
    /// It reads the rows of the snapshot, so far behind this key.
    Scanning(Key),
    /// All rows are in the topic; the offset is to be on record before it streams.
    Closing,
    /// It asks for the stream.
    Starting,
    /// It streams.
    Streaming,
    /// It gives the task back: what is on its way is waited for, and put on record.
    Stopping,
    /// The slot does not go back far enough: a person is needed.
    Failed,
}

/// A record that waits to be produced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Out {
    /// The record.
    pub value: Envelope,
    /// Once it is stored, everything up to here is.
    pub done: Option<Lsn>,
}

/// A worker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Connector {
    pub(super) settings: Settings,
    /// Whether it has the task: known to the whole group, and so durable.
    on: bool,
    pub(super) stage: Stage,
    attempt: u32,
    /// How often it has taken the task: a number that is never used twice, crash or not.
    taken: u32,
    session: Session,
    sequence: u32,
    pub(super) queue: VecDeque<Out>,
    tries: u32,
    /// Position of the newest entry that it took over from the stream.
    pub(super) received: Lsn,
    /// Position of the newest one that is stored, with all before it.
    pub(super) stored: Lsn,
    /// Position on record.
    pub(super) flushed: Lsn,
    flushing: Option<Lsn>,
    /// The next flush is set.
    armed: bool,
    /// The schema as the stream told it last: version, and the oldest that a reader must know.
    schema: (u8, u8),
    pub(super) window: Option<Window>,
    chunks: u32,
}

const RETRY: Timer = Timer { kind: timer::RETRY, arg: 0 };
const PRODUCE_AGAIN: Timer = Timer { kind: timer::PRODUCE_AGAIN, arg: 0 };
const FLUSH: Timer = Timer { kind: timer::FLUSH, arg: 0 };
const FLUSH_AGAIN: Timer = Timer { kind: timer::FLUSH_AGAIN, arg: 0 };
const CHUNK_AGAIN: Timer = Timer { kind: timer::CHUNK_AGAIN, arg: 0 };

impl Connector {
    /// A worker that has done nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            on: settings.first,
            settings,
            stage: Stage::Off,
            attempt: 0,
            taken: 0,
            session: Session::default(),
            sequence: 0,
            queue: VecDeque::new(),
            tries: 0,
            received: 0,
            stored: 0,
            flushed: 0,
            flushing: None,
            armed: false,
            schema: (1, 1),
            window: None,
            chunks: 0,
        }
    }

    /// Whether it waits for a person.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.stage == Stage::Failed
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Recovered if self.on => self.find(ctx),
            Event::Command(verb::START, _) => {
                self.on = true;
                self.reset(ctx);
                self.find(ctx);
            }
            Event::Command(verb::STOP, _) => self.stop(ctx),
            Event::Command(verb::SNAPSHOT, _)
                if self.stage == Stage::Streaming && self.window.is_none() =>
            {
                self.next_chunk(ctx, 0);
            }
            Event::Timer(Timer { kind: timer::RETRY, .. }) => {
                self.attempt += 1;
                self.ask(ctx);
            }
            Event::Timer(Timer { kind: timer::PRODUCE_AGAIN, .. }) => {
                self.tries += 1;
                self.produce(ctx);
            }
            Event::Timer(Timer { kind: timer::FLUSH, .. }) => self.flush(ctx),
            Event::Timer(Timer { kind: timer::FLUSH_AGAIN, .. }) => self.flush(ctx),
            Event::Timer(Timer { kind: timer::CHUNK_AGAIN, .. }) => self.ask_chunk(ctx),
            Event::Message { msg, .. } => self.heard(ctx, msg),
            _ => {}
        }
    }

    fn heard(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        match msg {
            Msg::Offset(taken, session, offset) if self.stage == Stage::Finding && *taken == self.taken => {
                self.session = *session;
                self.sequence = 0;
                match offset {
                    Some(lsn) => {
                        (self.stored, self.flushed) = (*lsn, *lsn);
                        self.go(ctx, Stage::Starting);
                    }
                    None => self.go(ctx, Stage::Creating(true)),
                }
            }
            Msg::SlotAt(lsn) => match self.stage {
                Stage::Creating(true) => {
                    (self.received, self.stored) = (*lsn, *lsn);
                    self.go(ctx, Stage::Scanning(0));
                }
                Stage::Creating(false) => {
                    (self.stored, self.flushed) = (*lsn, *lsn);
                    self.go(ctx, Stage::Starting);
                }
                _ => {}
            },
            Msg::Rows(0, at, rows) if *at == self.stored => self.scanned(ctx, rows),
            Msg::Rows(chunk, _, rows) if *chunk > 0 => self.selected(ctx, *chunk, rows),
            Msg::Streaming(lsn) if self.stage == Stage::Starting => {
                ctx.cancel_timer(RETRY);
                self.stage = Stage::Streaming;
                self.received = *lsn;
            }
            Msg::InUse if self.stage == Stage::Starting => self.wait(ctx),
            Msg::NoSlot(lost) if self.stage == Stage::Starting => match (self.settings.mode, lost) {
                (SnapshotMode::WhenNeeded, _) => self.go(ctx, Stage::Creating(true)),
                // It makes a new one and goes on there, whatever was in between.
                (SnapshotMode::Initial, false) => self.go(ctx, Stage::Creating(false)),
                (SnapshotMode::Initial, true) => {
                    ctx.cancel_timer(RETRY);
                    self.stage = Stage::Failed;
                }
            },
            Msg::Changes(before, entries) => self.changes(ctx, *before, entries),
            Msg::Stored(session, sequence, _) => self.stored(ctx, *session, *sequence),
            Msg::Unavailable(session, sequence)
                if (*session, *sequence) == (self.session, self.sequence) =>
            {
                ctx.set_timer(PRODUCE_AGAIN, self.settings.retry.full(self.tries));
            }
            Msg::Fenced(session) if *session == self.session => self.give_up(ctx),
            Msg::Revoked => self.stop(ctx),
            Msg::Flushed(lsn) if self.flushing == Some(*lsn) => self.flushed(ctx, *lsn),
            // Whoever asks for something asks again anyway.
            Msg::Closed(_)
                if matches!(self.stage, Stage::Scanning(_) | Stage::Closing | Stage::Streaming) =>
            {
                self.reset(ctx);
                self.find(ctx);
            }
            _ => {}
        }
    }

    /// Goes on to something that it asks somebody for.
    fn go(&mut self, ctx: &mut Ctx<'_, Msg>, stage: Stage) {
        self.stage = stage;
        self.attempt = 1;
        self.ask(ctx);
    }

    fn find(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.taken += 1;
        self.go(ctx, Stage::Finding);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let s = &self.settings;
        match self.stage {
            Stage::Finding => ctx.send(s.broker, Msg::FindOffset(self.taken)),
            Stage::Creating(snapshot) => ctx.send(s.database, Msg::CreateSlot(self.session, snapshot)),
            Stage::Scanning(after) => ctx.send(s.database, Msg::Scan(self.stored, after, s.chunk)),
            Stage::Starting => ctx.send(s.database, Msg::StartStreaming(self.taken, self.stored)),
            Stage::Off | Stage::Closing | Stage::Streaming | Stage::Stopping | Stage::Failed => return,
        }
        self.wait(ctx);
    }

    fn wait(&mut self, ctx: &mut Ctx<'_, Msg>) {
        ctx.set_timer(RETRY, self.settings.retry.full(self.attempt));
    }

    /// Rows of the snapshot.
    fn scanned(&mut self, ctx: &mut Ctx<'_, Msg>, rows: &[(Key, i32)]) {
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
    fn changes(&mut self, ctx: &mut Ctx<'_, Msg>, before: Lsn, entries: &[Entry]) {
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

    fn take(&mut self, entry: &Entry) {
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

    /// Produces the next record, or says that it is ready for more.
    fn pump(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if !self.queue.is_empty() {
            return if self.tries == 0 {
                self.produce(ctx)
            };
        }
        if let Stage::Scanning(_) = self.stage {
            self.attempt = 1;
            return self.ask(ctx);
        }
        if self.stage == Stage::Streaming {
            // A watermark at the end leaves no record behind, and is done with all the same.
            self.stored = self.received;
            ctx.send(self.settings.database, Msg::Received(self.received));
            self.arm(ctx);
            self.chunk_done(ctx);
        }
    }

    fn produce(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(out) = self.queue.front() else { return };
        self.tries = self.tries.max(1);
        let once = self.settings.exactly_once;
        // A delete and its tombstone are one transaction, or a crash could part them.
        let tombstone = self.queue.get(1).filter(|next| once && next.value.op == Op::Tombstone);
        let done = tombstone.map_or(out.done, |tombstone| tombstone.done);
        let produce = Produce {
            session: self.session,
            sequence: self.sequence,
            value: out.value,
            offset: done.filter(|_| once),
            pair: tombstone.is_some(),
        };
        ctx.send(self.settings.broker, Msg::Produce(produce));
        ctx.set_timer(PRODUCE_AGAIN, self.settings.retry.full(self.tries));
    }

    fn stored(&mut self, ctx: &mut Ctx<'_, Msg>, session: Session, sequence: u32) {
        if (session, sequence) != (self.session, self.sequence) {
            return;
        }
        let Some(mut out) = self.queue.pop_front() else { return };
        ctx.cancel_timer(PRODUCE_AGAIN);
        self.sequence += 1;
        self.tries = 0;
        let pair = |next: &mut Out| self.settings.exactly_once && next.value.op == Op::Tombstone;
        if let Some(tombstone) = self.queue.pop_front_if(pair) {
            out = tombstone;
            self.sequence += 1;
        }
        if let Some(lsn) = out.done {
            self.stored = lsn;
            self.arm(ctx);
        }
        if self.stage == Stage::Stopping {
            return self.stopped(ctx);
        }
        self.pump(ctx);
    }

    /// Sees to it that the next flush comes; later records do not put it off.
    fn arm(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let due = self.stored > self.flushed && self.stage == Stage::Streaming;
        if due && self.flushing.is_none() && !self.armed {
            self.armed = true;
            ctx.set_timer(FLUSH, self.settings.flush);
        }
    }

    /// The position is put on record, or was with the newest record.
    fn flush(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.armed = false;
        let due = self.stored > self.flushed || self.stage == Stage::Closing;
        if !due || self.stage == Stage::Off {
            return;
        }
        // A snapshot's end is put on record in either mode.
        if self.settings.exactly_once && self.stage == Stage::Streaming {
            return self.flushed(ctx, self.stored);
        }
        self.flushing = Some(self.stored);
        ctx.send(self.settings.broker, Msg::Flush(self.session, self.stored));
        ctx.set_timer(FLUSH_AGAIN, self.settings.retry.full(1));
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_, Msg>, lsn: Lsn) {
        ctx.cancel_timer(FLUSH_AGAIN);
        self.flushing = None;
        self.flushed = lsn;
        if self.stage == Stage::Closing {
            ctx.observe(fact::SNAPSHOT_DONE, [0, 0, lsn]);
            return self.go(ctx, Stage::Starting);
        }
        ctx.send(self.settings.database, Msg::Confirm(lsn));
        if self.stage == Stage::Stopping {
            return self.stopped(ctx);
        }
        self.arm(ctx);
    }

    fn next_chunk(&mut self, ctx: &mut Ctx<'_, Msg>, after: Key) {
        self.chunks += 1;
        let mut window = Window::new(self.chunks, after);
        if !self.settings.watermarks {
            window.stage = window::Stage::Rows;
        }
        self.window = Some(window);
        self.ask_chunk(ctx);
    }

    /// Asks for what the chunk needs next: watermark, rows, watermark.
    fn ask_chunk(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(window) = &self.window else { return };
        let database = self.settings.database;
        match window.stage {
            window::Stage::Low => {
                ctx.send(database, Msg::Watermark(window.chunk, false));
                ctx.set_timer(CHUNK_AGAIN, self.settings.retry.full(2));
            }
            window::Stage::Rows => {
                ctx.send(database, Msg::Select(window.chunk, window.after, self.settings.chunk));
                ctx.set_timer(CHUNK_AGAIN, self.settings.retry.full(2));
            }
            window::Stage::High => {
                ctx.send(database, Msg::Watermark(window.chunk, true));
                ctx.set_timer(CHUNK_AGAIN, self.settings.retry.full(2));
            }
            window::Stage::Draining => {}
        }
    }

    /// The rows of a chunk.
    fn selected(&mut self, ctx: &mut Ctx<'_, Msg>, chunk: u32, rows: &[(Key, i32)]) {
        let (limit, watermarks, position) = (self.settings.chunk, self.settings.watermarks, self.received);
        let Some(window) = self.window.as_mut().filter(|w| w.chunk == chunk) else { return };
        if window.stage != window::Stage::Rows {
            return;
        }
        window.fill(rows, limit);
        if watermarks {
            window.stage = window::Stage::High;
            return self.ask_chunk(ctx);
        }
        // Naive: whatever was read is sent, however old it is by now.
        window.stage = window::Stage::Draining;
        for (key, amount) in window.close() {
            self.queue.push_back(Out { value: read(key, amount, position, self.schema), done: None });
        }
        ctx.cancel_timer(CHUNK_AGAIN);
        self.pump(ctx);
    }

    /// After all of a chunk's records are stored: the next one.
    fn chunk_done(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(window) = &mut self.window else { return };
        match window.stage {
            // The low watermark has come by in the stream: what is read from now on is read after it.
            window::Stage::Low if window.is_open() => {
                window.stage = window::Stage::Rows;
                self.ask_chunk(ctx);
            }
            window::Stage::Draining => {
                ctx.cancel_timer(CHUNK_AGAIN);
                let (last, after) = (window.last, window.after);
                self.window = None;
                if !last {
                    self.next_chunk(ctx, after);
                }
            }
            _ => {}
        }
    }

    /// Somebody else has the task, or nobody: it stops in good order.
    fn stop(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.stage != Stage::Streaming {
            return self.give_up(ctx);
        }
        ctx.send(self.settings.database, Msg::Closed(self.taken));
        ctx.cancel_timer(CHUNK_AGAIN);
        self.on = false;
        self.stage = Stage::Stopping;
        self.window = None;
        // What is on its way, with its tombstone if that is on its way too.
        let pair = self.settings.exactly_once
            && self.queue.get(1).is_some_and(|next| next.value.op == Op::Tombstone);
        self.queue.truncate(usize::from(self.tries > 0) * (1 + usize::from(pair)));
        self.stopped(ctx);
    }

    /// Off at last, unless something is still to be waited for.
    fn stopped(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if !self.queue.is_empty() {
            return;
        }
        if self.stored > self.flushed && !self.settings.exactly_once {
            self.flush(ctx);
        } else {
            self.give_up(ctx);
        }
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.on = false;
        self.reset(ctx);
    }

    fn reset(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for timer in [RETRY, PRODUCE_AGAIN, FLUSH, FLUSH_AGAIN, CHUNK_AGAIN] {
            ctx.cancel_timer(timer);
        }
        self.on_crash();
    }

    pub(super) fn on_crash(&mut self) {
        self.stage = Stage::Off;
        self.queue.clear();
        self.attempt = 0;
        self.tries = 0;
        self.sequence = 0;
        (self.received, self.stored, self.flushed) = (0, 0, 0);
        self.flushing = None;
        self.armed = false;
        self.window = None;
        // Chunks are numbered on, so that no watermark of before is taken for one of now.
    }

    pub(super) fn mood(&self) -> Mood {
        match self.stage {
            Stage::Failed => Mood::Stuck,
            Stage::Off => Mood::Idle,
            _ if self.tries > 1 => Mood::Waiting,
            _ if !self.queue.is_empty() => Mood::Working,
            Stage::Streaming => Mood::Idle,
            _ => Mood::Waiting,
        }
    }
}

/// A row that was read at a position.
const fn read(key: Key, amount: i32, lsn: Lsn, (schema, needs): (u8, u8)) -> Envelope {
    Envelope { op: Op::Read, key, before: None, after: Some(amount), lsn, schema, needs }
}
