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

mod chunks;
mod intake;
mod output;

use std::collections::VecDeque;

use super::message::{Envelope, Key, Lsn, Msg, Session, timer, verb};
use super::window::Window;
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::retry::{RetryPolicy, counted};

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
                self.attempt = counted(self.attempt);
                self.ask(ctx);
            }
            Event::Timer(Timer { kind: timer::PRODUCE_AGAIN, .. }) => {
                self.tries = counted(self.tries);
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
            Msg::SlotAt(session, lsn) if *session == self.session => match self.stage {
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
        self.session = Session::default();
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
