//! The read model: how many purchases there were and what they brought in, by a consumer of all
//! events that keeps a checkpoint. It also sends a receipt for each purchase.
//!
//! Owns its tables (one, or two while it is rebuilt), their checkpoints, and the mark up to which
//! receipts were sent. Does not own the events. A receipt leaves from the transaction that applies
//! its event; how a message follows from a transaction without loss is the outbox's subject.

use super::account::{Event, Happened};
use super::message::{Facts, Msg, fact, record, timer, verb};
use crate::kernel::{Ctx, Event as Told, Interference, Mood, NodeId, Ticket, Timer};
use crate::parts::event_store::Recorded;
use crate::parts::idempotency::IdempotencyTable;
use crate::parts::retry::RetryPolicy;

/// How a read model is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The event store.
    pub store: NodeId,
    /// Whether the checkpoint is written in the transaction of the view, or after it.
    pub together: bool,
    /// Whether it remembers which events it has applied.
    pub once: bool,
    /// Whether it is rebuilt beside the old one, or in its place.
    pub beside: bool,
    /// Whether receipts are sent in a replay as well.
    pub mails_again: bool,
    /// Whether it can read events of the old schema.
    pub upcaster: bool,
    /// When it asks the store again.
    pub patience: RetryPolicy,
}

/// Events that a table remembers, where it does.
const REMEMBERED: usize = 64;

/// A table of the read model.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    /// Purchases.
    pub purchases: i32,
    /// What they brought in.
    pub revenue: i32,
    /// The position up to which events are applied.
    pub checkpoint: i32,
    applied: IdempotencyTable<i32, ()>,
}

impl Table {
    const fn new() -> Self {
        Self { purchases: 0, revenue: 0, checkpoint: 0, applied: IdempotencyTable::new(REMEMBERED) }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Write {
    /// Events, and the position that they lead to.
    View(u8, Vec<Recorded<Event>>, i32),
    Checkpoint(u8, i32),
    /// A new table, and the position that the store ends at, if it lost its end.
    New(u8, Option<i32>),
}

/// The read model.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Projection {
    settings: Settings,
    /// Durable.
    pub(super) tables: [Option<Table>; 2],
    /// Durable: the table that is shown.
    pub(super) serving: u8,
    /// Durable: receipts are sent up to this position.
    pub(super) mailed: i32,
    /// Durable: facts that its writes made true.
    facts: Facts,
    /// Volatile.
    staged: Vec<(Ticket, Write)>,
    /// Volatile: tables that the disk has just changed.
    done: Vec<u8>,
    tries: u8,
    /// Volatile: the position of an event that it cannot read.
    pub(super) stuck: Option<i32>,
    /// The values before the newest change, for a reader: purchases and revenue.
    pub(super) before: Option<(i32, i32)>,
}

impl Projection {
    /// A read model that has applied a history: so many purchases, their revenue, the position. For
    /// events up to `mailed` there are receipts.
    #[must_use]
    pub fn new(settings: Settings, history: (i32, i32, i32), mailed: i32) -> Self {
        let (purchases, revenue, checkpoint) = history;
        Self {
            settings,
            tables: [Some(Table { purchases, revenue, checkpoint, ..Table::new() }), None],
            serving: 0,
            mailed,
            facts: Facts::default(),
            staged: Vec::new(),
            done: Vec::new(),
            tries: 0,
            stuck: None,
            before: None,
        }
    }

    /// The table that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Table> {
        self.tables[usize::from(self.serving)].as_ref()
    }

    fn checkpoint(&self, table: u8) -> Option<i32> {
        self.tables.get(usize::from(table))?.as_ref().map(|t| t.checkpoint)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Told<'_, Msg>) {
        match event {
            Told::Start => self.fetch_all(ctx),
            Told::Recovered => {
                self.facts.publish(ctx);
                self.fetch_all(ctx);
            }
            Told::Message { .. } if ctx.interference() != Interference::None => {}
            Told::Message { from, msg } => match msg {
                Msg::Feed(table, after, upto, events) => self.hear(ctx, *table, *after, *upto, events),
                Msg::Wake => self.fetch_all(ctx),
                Msg::Look(number) => {
                    let Some(t) = self.shown() else { return };
                    ctx.send(from, Msg::View(*number, t.checkpoint, t.purchases, t.revenue));
                }
                _ => {}
            },
            Told::Timer(Timer { arg, .. }) => {
                self.tries = self.tries.saturating_add(1).min(9);
                self.fetch(ctx, arg as u8);
            }
            Told::Persisted(ticket) => self.written(ctx, ticket),
            // The feed comes again, and with it the write.
            Told::Refused(ticket) => self.staged.retain(|(t, _)| *t != ticket),
            Told::Command(verb::REBUILD, _) => self.rebuild(ctx),
            Told::Command(verb::DEPLOY, _) => {
                self.settings.upcaster = true;
                self.stuck = None;
                self.fetch_all(ctx);
            }
            Told::Command(..) => {}
        }
    }

    fn fetch_all(&mut self, ctx: &mut Ctx<'_, Msg>) {
        (0..2).for_each(|table| self.fetch(ctx, table));
    }

    /// Asks for what comes next. What is asked again and again was answered, or is about to be.
    fn fetch(&mut self, ctx: &mut Ctx<'_, Msg>, table: u8) {
        let Some(checkpoint) = self.checkpoint(table) else { return };
        ctx.send(self.settings.store, Msg::Fetch(table, checkpoint));
        let wait = self.settings.patience.full(u32::from(self.tries) + 1);
        ctx.set_timer(Timer { kind: timer::FETCH_AGAIN, arg: i32::from(table) }, wait);
    }

    fn hear(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        table: u8,
        after: i32,
        upto: i32,
        events: &[Recorded<Event>],
    ) {
        self.tries = 0;
        ctx.cancel_timer(Timer { kind: timer::FETCH_AGAIN, arg: i32::from(table) });
        let Some(checkpoint) = self.checkpoint(table) else {
            return ctx.send(self.settings.store, Msg::Unsubscribe(table));
        };
        let busy = |(_, w): &(Ticket, Write)| match w {
            Write::View(t, ..) | Write::Checkpoint(t, _) | Write::New(t, _) => *t == table,
        };
        if self.staged.iter().any(busy) {
            return;
        }
        if upto < after && after == checkpoint {
            // The store is shorter than this table: it was restored. What the table says of the lost
            // events is not true any more.
            return self.renew(ctx, table, Some(upto));
        }
        if after > checkpoint {
            return self.fetch(ctx, table);
        }
        if upto <= checkpoint {
            // Applied before, but the store does not know: it is told.
            if !events.is_empty() {
                self.fetch(ctx, table);
            }
            return;
        }
        let mut new: Vec<Recorded<Event>> = Vec::new();
        for r in events.iter().filter(|r| r.position > checkpoint) {
            match r.event.read(self.settings.upcaster) {
                Some(event) => new.push(Recorded { event, ..*r }),
                None => {
                    self.stuck = Some(r.position);
                    break;
                }
            }
        }
        let upto = match (self.stuck, new.last()) {
            (None, _) => upto,
            (Some(_), Some(last)) => last.position,
            // The handler failed: the subscription is dropped, until somebody deploys better code.
            (Some(_), None) => return ctx.send(self.settings.store, Msg::Unsubscribe(table)),
        };
        let count = new.len() as i32;
        let ticket = ctx.persist(record::VIEW, [upto, count, i32::from(table)]);
        self.staged.push((ticket, Write::View(table, new, upto)));
    }

    fn written(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        self.facts.publish(ctx);
        // A table that follows its view with a checkpoint: the next write.
        if let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) {
            let (_, write) = self.staged.remove(at);
            if let Write::Checkpoint(table, upto) = write {
                let ticket = ctx.persist(record::CHECKPOINT, [upto, 0, i32::from(table)]);
                self.staged.push((ticket, Write::Checkpoint(table, upto)));
                return;
            }
        }
        for table in std::mem::take(&mut self.done) {
            if self.checkpoint(table).is_none() || self.stuck.is_some() {
                ctx.send(self.settings.store, Msg::Unsubscribe(table));
            } else {
                self.fetch(ctx, table);
            }
        }
    }

    /// Begins a new table, from the first event.
    fn rebuild(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let table = if self.settings.beside { 1 - self.serving } else { self.serving };
        if self.settings.beside && self.tables[usize::from(table)].is_some() {
            return;
        }
        self.renew(ctx, table, None);
    }

    fn renew(&mut self, ctx: &mut Ctx<'_, Msg>, table: u8, ends: Option<i32>) {
        let ticket = ctx.persist(record::NEW_VIEW, [i32::from(table), 0, 0]);
        self.staged.push((ticket, Write::New(table, ends)));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) else { return };
        let (_, write) = self.staged.remove(at);
        match write {
            Write::New(table, ends) => {
                self.mailed = self.mailed.min(ends.unwrap_or(i32::MAX));
                self.before = self.shown().map(|t| (t.purchases, t.revenue));
                self.tables[usize::from(table)] = Some(Table::new());
                self.done.push(table);
            }
            Write::Checkpoint(table, upto) => self.pass(table, upto),
            Write::View(table, events, upto) => {
                self.apply(table, &events);
                if self.settings.together {
                    self.pass(table, upto);
                } else {
                    // To be written next; until then a crash forgets that the events were applied.
                    self.staged.push((ticket, Write::Checkpoint(table, upto)));
                }
            }
        }
    }

    fn apply(&mut self, table: u8, events: &[Recorded<Event>]) {
        self.before = self.shown().map(|t| (t.purchases, t.revenue));
        let (once, again) = (self.settings.once, self.settings.mails_again);
        let Some(t) = self.tables[usize::from(table)].as_mut() else { return };
        for r in events.iter().filter(|r| r.event.what == Happened::Charged) {
            if !once || t.applied.record(r.position, ()) {
                t.purchases += 1;
                t.revenue += r.event.amount;
            }
            // Once for each event, whichever table applies it first.
            if r.position > self.mailed || again {
                self.facts.add(fact::MAILED, [r.event.order, r.stream, 0]);
            }
        }
        let newest = events.iter().map(|r| r.position).max().unwrap_or(0);
        self.mailed = self.mailed.max(newest);
    }

    /// A table has come so far. A new one that has caught up takes the old one's place.
    fn pass(&mut self, table: u8, upto: i32) {
        if let Some(t) = self.tables[usize::from(table)].as_mut() {
            t.checkpoint = t.checkpoint.max(upto);
        }
        self.done.push(table);
        let other = self.checkpoint(self.serving).unwrap_or(0);
        if table != self.serving && self.checkpoint(table).is_some_and(|c| c >= other) {
            self.tables[usize::from(self.serving)] = None;
            self.done.push(self.serving);
            self.serving = table;
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.done.clear();
        self.tries = 0;
        self.stuck = None;
        self.before = None;
    }

    /// Whether something is on its way to the disk: its table, events and the position to come.
    pub(super) fn writing(&self) -> impl Iterator<Item = (u8, i32, i32)> {
        self.staged.iter().filter_map(|(_, w)| match w {
            Write::View(table, events, upto) => {
                let charged = events.iter().filter(|r| r.event.what == Happened::Charged).count();
                Some((*table, charged as i32, *upto))
            }
            _ => None,
        })
    }

    pub(super) fn mood(&self) -> Mood {
        let rebuilding = self.tables[usize::from(1 - self.serving)].is_some();
        match (self.stuck, self.shown()) {
            (Some(_), _) => Mood::Stuck,
            _ if !self.staged.is_empty() => Mood::Working,
            _ if rebuilding => Mood::Stale,
            (None, Some(t)) if t.checkpoint > 0 => Mood::Committed,
            _ => Mood::Idle,
        }
    }
}
