//! The database: the write model, and its outbox of changes that a projector has not dealt with.
//!
//! Owns the one row that commands change, the numbers of orders that it has seen, the log of
//! changes; in the levels with one store, what queries read as well. The change, the answer to its
//! order and the outbox row are one write. Does not own what a projector makes of a change.

use super::message::{Change, Facts, Msg, Row, fact, record, timer};
use crate::kernel::{Ctx, Event, Interference, Log, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::idempotency::IdempotencyTable;
use crate::parts::retry::RetryPolicy;

/// Where queries are answered from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// One store, two models: a query works its answer out from the orders.
    One,
    /// A table for queries in the same database, changed in the same transaction.
    Inline,
    /// A store of its own, which follows.
    Async,
}

/// How a database is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Where queries are answered from.
    pub level: Level,
    /// The projector.
    pub projector: Option<NodeId>,
    /// Items in stock at the start.
    pub stock: i32,
    /// How long after a change its event leaves.
    pub relay: Span,
    /// When an event that was not dealt with is sent again.
    pub resend: RetryPolicy,
}

/// Orders whose answers are remembered.
const REMEMBERED: usize = 64;
/// Events that leave at once.
const MOST: usize = 16;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Write {
    Change { number: i32, items: i32, guarded: bool, from: NodeId },
    Published(i32),
    Replay { after: i32 },
}

/// The database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Database {
    pub(super) settings: Settings,
    /// Durable.
    pub(super) changes: Log<Change>,
    keys: IdempotencyTable<i32, Option<Row>>,
    /// Durable: versions that the projector has not dealt with.
    pub(super) outbox: Vec<i32>,
    facts: Facts,
    /// Volatile.
    staged: Vec<(Ticket, Write)>,
    answers: Vec<(Ticket, i32, NodeId)>,
    sent: Vec<i32>,
    /// Events are about to leave.
    relaying: bool,
    tries: u8,
}

impl Database {
    /// A database before the first order.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            changes: Log::new(),
            keys: IdempotencyTable::new(REMEMBERED),
            outbox: Vec::new(),
            facts: Facts::default(),
            staged: Vec::new(),
            answers: Vec::new(),
            sent: Vec::new(),
            relaying: false,
            tries: 0,
        }
    }

    /// The row at a version.
    #[must_use]
    pub fn row(&self, version: i32) -> Option<Row> {
        if version == 0 {
            return Some(Row { version: 0, left: self.settings.stock, sold: 0 });
        }
        self.changes.get(usize::try_from(version).ok()?.checked_sub(1)?).map(Change::row)
    }

    /// The row now.
    #[must_use]
    pub fn newest(&self) -> Row {
        let start = Row { version: 0, left: self.settings.stock, sold: 0 };
        self.changes.last().map_or(start, Change::row)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { .. } if ctx.interference() == Interference::Fail => {}
            Event::Message { from, msg } => match *msg {
                Msg::Modify(number, items, guarded) => self.modify(ctx, from, number, items, guarded),
                Msg::Read(number) => ctx.send(from, Msg::Data(number, self.newest())),
                Msg::EventDone(version) if self.outbox.contains(&version) => {
                    let known = |(_, w): &(Ticket, Write)| *w == Write::Published(version);
                    if !self.staged.iter().any(known) {
                        let ticket = ctx.persist(record::PUBLISHED, [version, 0, 0]);
                        self.staged.push((ticket, Write::Published(version)));
                    }
                }
                Msg::Replay(after) => self.replay(ctx, from, after),
                _ => {}
            },
            Event::Recovered => {
                self.facts.publish(ctx);
                self.due(ctx);
            }
            Event::Timer(Timer { kind: timer::RELAY, .. }) => {
                self.relaying = false;
                self.relay(ctx, false);
            }
            Event::Timer(_) => {
                self.tries = self.tries.saturating_add(1).min(9);
                self.relay(ctx, true);
            }
            Event::Persisted(ticket) => self.written(ctx, ticket),
            // Nothing happened; whoever waits asks again.
            Event::Refused(ticket) => self.staged.retain(|(t, _)| *t != ticket),
            _ => {}
        }
    }

    fn modify(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, number: i32, items: i32, guarded: bool) {
        if let Some(answer) = self.keys.answer(&number) {
            return Self::answer(ctx, from, number, *answer);
        }
        let same = |(_, w): &(Ticket, Write)| matches!(w, Write::Change { number: n, .. } if *n == number);
        if self.staged.iter().any(same) {
            return;
        }
        if ctx.interference() == Interference::Refuse {
            return ctx.send(from, Msg::Rejected(number));
        }
        let inline = self.settings.level == Level::Inline;
        let kind = if inline { record::CHANGE_AND_ROW } else { record::CHANGE };
        let ticket = ctx.persist(kind, [number, items, 0]);
        self.staged.push((ticket, Write::Change { number, items, guarded, from }));
    }

    /// The events after a version are put into the outbox again, if they are not in it.
    fn replay(&mut self, ctx: &mut Ctx<'_, Msg>, to: NodeId, after: i32) {
        let newest = self.newest().version;
        if (after + 1..=newest).any(|v| !self.outbox.contains(&v)) {
            let ticket = ctx.persist(record::REPLAY, [after + 1, newest, 0]);
            self.staged.push((ticket, Write::Replay { after }));
        }
        ctx.send(to, Msg::UpTo(newest));
        // Whoever asks has forgotten what was sent: it is due at once, whatever the pause was.
        self.sent.retain(|v| *v <= after);
        self.tries = 0;
        self.due(ctx);
    }

    fn answer(ctx: &mut Ctx<'_, Msg>, to: NodeId, number: i32, answer: Option<Row>) {
        ctx.send(to, answer.map_or(Msg::Rejected(number), |row| Msg::Modified(number, row)));
    }

    fn written(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        self.facts.publish(ctx);
        if let Some(at) = self.answers.iter().position(|(t, ..)| *t == ticket) {
            let (_, number, to) = self.answers.remove(at);
            if let Some(answer) = self.keys.answer(&number) {
                Self::answer(ctx, to, number, *answer);
            }
        }
        self.due(ctx);
    }

    /// Events that have not left are due a while from now; with none open, nothing is sent again.
    fn due(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.settings.projector.is_none() {
            return;
        }
        if !self.relaying && self.outbox.iter().any(|v| !self.sent.contains(v)) {
            self.relaying = true;
            ctx.set_timer(Timer { kind: timer::RELAY, arg: 0 }, self.settings.relay);
        }
        if self.outbox.is_empty() {
            self.tries = 0;
            ctx.cancel_timer(Timer { kind: timer::RESEND, arg: 0 });
        }
    }

    fn relay(&mut self, ctx: &mut Ctx<'_, Msg>, again: bool) {
        let Some(projector) = self.settings.projector else { return };
        let mut left = MOST;
        for &version in &self.outbox {
            let known = self.sent.contains(&version);
            if left == 0 || (known && !again) {
                continue;
            }
            if let Some(change) = self.changes.get(version as usize - 1) {
                left -= 1;
                ctx.send(projector, Msg::Event(*change));
            }
            if !known {
                self.sent.push(version);
            }
        }
        if left < MOST {
            let wait = self.settings.resend.full(u32::from(self.tries) + 1);
            ctx.set_timer(Timer { kind: timer::RESEND, arg: 0 }, wait);
        }
        self.due(ctx);
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) else { return };
        match self.staged.remove(at).1 {
            Write::Change { number, items, guarded, from } => {
                let answer = self.change(number, items, guarded);
                self.keys.record(number, answer);
                self.answers.push((ticket, number, from));
            }
            Write::Published(version) => {
                self.outbox.retain(|v| *v != version);
                self.sent.retain(|v| *v != version);
            }
            Write::Replay { after } => {
                let older = self.outbox.iter().copied().filter(|v| *v <= after);
                self.outbox = older.chain(after + 1..=self.newest().version).collect();
                self.sent.clear();
            }
        }
    }

    /// `UPDATE item SET left = left - items WHERE left >= items`, or without the condition.
    fn change(&mut self, order: i32, items: i32, guarded: bool) -> Option<Row> {
        let now = self.newest();
        if guarded && now.left < items {
            return None;
        }
        let (version, left) = (now.version + 1, now.left - items);
        let change = Change { version, order, quantity: items, left, total: now.sold + items };
        self.changes.push(change);
        if self.settings.projector.is_some() {
            self.outbox.push(version);
        }
        self.facts.add(fact::SOLD, [order, items, left]);
        Some(change.row())
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.answers.clear();
        self.sent.clear();
        self.relaying = false;
        self.tries = 0;
    }

    /// Orders on their way to the disk: number and items.
    pub(super) fn writing(&self) -> impl Iterator<Item = (i32, i32)> {
        self.staged.iter().filter_map(|(_, w)| match w {
            Write::Change { number, items, .. } => Some((*number, *items)),
            _ => None,
        })
    }

    pub(super) fn mood(&self) -> Mood {
        if self.writing().next().is_some() {
            Mood::Working
        } else if self.changes.is_empty() {
            Mood::Idle
        } else {
            Mood::Committed
        }
    }
}
