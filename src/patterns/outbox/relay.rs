//! The relay (*polling publisher*): asks the database for rows, publishes each, and puts on record
//! that it did. These two writes are in two systems again, and no order makes them one: publish
//! first, and a crash in between sends a row twice; mark first, and it sends it never.
//!
//! Owns the batch that it is at (memory) and, where rows are not marked, its cursor (disk). One
//! event is on its way at a time, so that nothing overtakes inside a batch.

use super::message::{Change, Cursor, Msg, Poll, Reading, Sharing, record, timer};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::retry::{RetryPolicy, counted};

/// Settings of a relay.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The database.
    pub orders: NodeId,
    /// The broker.
    pub broker: NodeId,
    /// The remainder that its orders leave, and the number of relays.
    pub shard: (u8, u8),
    /// Which rows it asks for.
    pub reading: Reading,
    /// How relays share the work.
    pub sharing: Sharing,
    /// Whether it sorts by `created_at`.
    pub by_created: bool,
    /// The naive order: it marks first and publishes after.
    pub mark_first: bool,
    /// Most rows at a time.
    pub batch: u16,
    /// How often it asks.
    pub interval: Span,
    /// How long it waits for an answer; longer each time that none comes.
    pub timeout: RetryPolicy,
    /// When it tries again what was turned down.
    pub retry: RetryPolicy,
    /// After how many refusals a row is parked; `None`: never, and all behind it wait.
    pub park_after: Option<u32>,
}

/// What a relay is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// It found nothing, and will be told.
    Asleep,
    /// Until it asks again.
    Waiting,
    /// It has asked.
    Polling,
    /// The event at its place in the batch is on its way.
    Publishing,
    /// It was turned down, and will try again.
    Pausing,
    /// It has asked for the row to be parked.
    Parking,
    /// It has asked for the rows to be marked.
    Marking,
    /// Its cursor is on the way to the disk.
    Saving(Ticket),
}

/// A relay.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Relay {
    pub(super) settings: Settings,
    /// Durable.
    pub(super) cursor: Cursor,
    /// Number of the newest query, and so a name of the session; never given twice.
    number: u32,
    pub(super) stage: Stage,
    pub(super) batch: Vec<(Change, Cursor)>,
    pub(super) at: usize,
    /// Attempts at what it is at.
    attempt: u32,
    refusals: u32,
}

const POLL: Timer = Timer { kind: timer::POLL, arg: 0 };
const RETRY: Timer = Timer { kind: timer::RETRY, arg: 0 };

impl Relay {
    /// A relay that has read nothing.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            cursor: Cursor { xid: 0, id: 0 },
            number: 0,
            stage: Stage::Waiting,
            batch: Vec::new(),
            at: 0,
            attempt: 0,
            refusals: 0,
        }
    }

    /// Whether it still means to publish an event.
    #[must_use]
    pub fn holds(&self, id: i32) -> bool {
        self.batch[self.at.min(self.batch.len())..].iter().any(|(change, _)| change.id == id)
    }

    /// How far its cursor is, where it has one.
    #[must_use]
    pub fn read_to(&self) -> Option<Cursor> {
        (self.settings.reading != Reading::Unsent).then_some(self.cursor)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Recovered => self.wait(ctx),
            Event::Timer(Timer { kind: timer::POLL, .. }) => self.poll(ctx),
            Event::Timer(Timer { kind: timer::RETRY, .. }) => self.again(ctx),
            Event::Message { msg, .. } => self.heard(ctx, msg),
            Event::Persisted(_) => {
                if let Stage::Saving(_) = self.stage {
                    self.recorded(ctx);
                }
            }
            Event::Refused(_) => {
                if let Stage::Saving(_) = self.stage {
                    self.mark(ctx);
                }
            }
            _ => {}
        }
    }

    fn heard(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        match msg {
            Msg::Notify if self.stage == Stage::Asleep => self.wait(ctx),
            Msg::Rows(number, rows, held) if self.stage == Stage::Polling && *number == self.number => {
                ctx.cancel_timer(RETRY);
                self.attempt = 0;
                self.at = 0;
                self.batch = rows.clone();
                if self.settings.mark_first && !rows.is_empty() {
                    self.mark(ctx);
                } else if !rows.is_empty() {
                    self.publish(ctx);
                } else if *held {
                    self.wait(ctx);
                } else {
                    self.stage = Stage::Asleep;
                }
            }
            Msg::Published(change) if self.is_at(change, Stage::Publishing) => self.past(ctx),
            Msg::Unpublishable(change) if self.is_at(change, Stage::Publishing) => {
                self.refusals = counted(self.refusals);
                if self.settings.park_after.is_some_and(|most| self.refusals >= most) {
                    self.park(ctx, *change);
                } else {
                    self.pause(ctx);
                }
            }
            Msg::Unavailable(change) if self.is_at(change, Stage::Publishing) => self.pause(ctx),
            Msg::Marked(id) => {
                let parked = self.batch.get(self.at).is_some_and(|(change, _)| change.id == *id);
                match self.stage {
                    Stage::Parking if parked => self.past(ctx),
                    Stage::Marking if self.batch.last().is_some_and(|(change, _)| change.id == *id) => {
                        self.recorded(ctx);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn is_at(&self, change: &Change, stage: Stage) -> bool {
        self.stage == stage && self.batch.get(self.at).is_some_and(|(c, _)| c == change)
    }

    fn wait(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.stage = Stage::Waiting;
        ctx.set_timer(POLL, self.settings.interval);
    }

    fn poll(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.stage = Stage::Polling;
        self.number += 1;
        self.ask(ctx);
    }

    /// Asks, or asks again: the same query.
    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let s = &self.settings;
        let poll = Poll {
            number: self.number,
            reading: s.reading,
            after: self.cursor,
            limit: s.batch,
            sharing: s.sharing,
            shard: s.shard,
            by_created: s.by_created,
        };
        ctx.send(s.orders, Msg::Poll(poll));
        ctx.set_timer(RETRY, s.timeout.full(self.attempt + 1));
    }

    /// Publishes the event at its place, or goes on after the last.
    fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some((change, _)) = self.batch.get(self.at) else {
            return if self.settings.mark_first { self.next(ctx) } else { self.mark(ctx) };
        };
        self.stage = Stage::Publishing;
        ctx.send(self.settings.broker, Msg::Publish(*change));
        ctx.set_timer(RETRY, self.settings.timeout.full(self.attempt + 1));
    }

    /// Done with the event at its place.
    fn past(&mut self, ctx: &mut Ctx<'_, Msg>) {
        ctx.cancel_timer(RETRY);
        self.at += 1;
        self.attempt = 0;
        self.refusals = 0;
        self.publish(ctx);
    }

    fn pause(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.stage = Stage::Pausing;
        self.attempt = counted(self.attempt);
        ctx.set_timer(RETRY, self.settings.retry.full(self.attempt));
    }

    fn park(&mut self, ctx: &mut Ctx<'_, Msg>, change: Change) {
        self.stage = Stage::Parking;
        ctx.send(self.settings.orders, Msg::Park(change));
        ctx.set_timer(RETRY, self.settings.timeout.full(self.attempt + 1));
    }

    /// Puts on record that the batch is done with: in the table, or at its own place.
    fn mark(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.settings.reading == Reading::Unsent {
            self.stage = Stage::Marking;
            let ids = self.batch.iter().map(|(change, _)| change.id).collect();
            ctx.send(self.settings.orders, Msg::Mark(ids));
            ctx.set_timer(RETRY, self.settings.timeout.full(self.attempt + 1));
        } else {
            let id = self.batch.iter().map(|(change, _)| change.id).max().unwrap_or(0);
            self.stage = Stage::Saving(ctx.persist(record::CURSOR, [id, 0, 0]));
        }
    }

    fn recorded(&mut self, ctx: &mut Ctx<'_, Msg>) {
        ctx.cancel_timer(RETRY);
        self.attempt = 0;
        if self.settings.mark_first && self.at < self.batch.len() {
            self.publish(ctx);
        } else {
            self.next(ctx);
        }
    }

    /// The batch is over: where it was full there is probably more.
    fn next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let full = self.batch.len() >= self.settings.batch as usize;
        self.batch.clear();
        self.at = 0;
        if full { self.poll(ctx) } else { self.wait(ctx) }
    }

    /// No answer, or time to try again.
    fn again(&mut self, ctx: &mut Ctx<'_, Msg>) {
        // Refused, it has counted already; without an answer it counts now.
        if self.stage != Stage::Pausing {
            self.attempt = counted(self.attempt);
        }
        match self.stage {
            Stage::Polling => self.ask(ctx),
            Stage::Publishing | Stage::Pausing => self.publish(ctx),
            Stage::Marking => self.mark(ctx),
            Stage::Parking => {
                if let Some((change, _)) = self.batch.get(self.at) {
                    self.park(ctx, *change);
                }
            }
            Stage::Asleep | Stage::Waiting | Stage::Saving(_) => {}
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        if self.stage == Stage::Saving(ticket) {
            let newest = self.batch.iter().map(|(_, cursor)| *cursor).max();
            self.cursor = newest.unwrap_or_default().max(self.cursor);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.stage = Stage::Waiting;
        self.batch.clear();
        self.at = 0;
        self.attempt = 0;
        self.refusals = 0;
    }

    pub(super) fn mood(&self) -> Mood {
        match self.stage {
            Stage::Asleep | Stage::Waiting => Mood::Idle,
            Stage::Polling => Mood::Waiting,
            Stage::Pausing | Stage::Parking => Mood::Stuck,
            Stage::Publishing | Stage::Marking | Stage::Saving(_) => Mood::Working,
        }
    }
}
