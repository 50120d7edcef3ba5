//! The order service with its own database: takes requests, and changes an order in one local
//! transaction. With an outbox the event is a row of the same transaction; without one the service
//! writes to two systems, one after the other (the *dual write*), in either order.
//!
//! Owns the tables, the transactions, the sequence of ids, the clock readings, what relays are told.
//! Does not own what a query sees ([`super::table`]), nor publishing, but for the dual write.
//!
//! A database tells its listeners that something is new (PostgreSQL: `LISTEN`, `NOTIFY`); a relay
//! that found nothing stops asking until then. Real relays ask on for ever, which would leave a run
//! without an end; a notice is repeated until the relay has asked, so that nothing hangs on one.

mod serve;

use super::message::{Change, Facts, Msg, Poll, What, fact, record, span, timer, verb};
use super::table::{Row, State, Table};
use crate::kernel::{Args, Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::retry::{RetryPolicy, counted};
use crate::sorted::Map;

/// How an event gets out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// A row of the same transaction; a relay publishes it.
    Outbox,
    /// Dual write: the service commits, then it publishes.
    CommitFirst,
    /// Dual write: the service publishes, then it commits.
    PublishFirst,
}

/// Settings of the order service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The storefront.
    pub client: NodeId,
    /// The relays.
    pub relays: Vec<NodeId>,
    /// The broker.
    pub broker: NodeId,
    /// How an event gets out.
    pub method: Method,
    /// The order whose transaction takes long, and how long it is open.
    pub slow: (i32, Span),
    /// By how much the clock of every second transaction's instance is behind, in milliseconds.
    pub skew: i32,
    /// How many finished rows to keep; `None`: all of them, for ever.
    pub keep: Option<usize>,
    /// What a query costs for each row of the table.
    pub scan: Span,
    /// After how long the database takes a silent session for dead, and frees its locks.
    pub session: Span,
    /// When to tell a relay again, or to publish again.
    pub retry: RetryPolicy,
}

/// How far an open transaction is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Its row is inserted, the service is busy with something else.
    Working,
    /// The event was sent first, and is not in the topic yet; how often it was sent.
    Publishing(u32),
    /// Its commit is on the way to the disk.
    Committing(Ticket),
}

/// A transaction.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tx {
    /// The row that it inserts.
    pub row: Row,
    /// How far it is.
    pub stage: Stage,
}

/// Housekeeping on its way to the disk.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Chore {
    Mark(NodeId, Vec<i32>),
    Park(NodeId, Change),
    Clean(i32),
    Release(Vec<i32>),
}

/// The order service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Orders {
    pub(super) settings: Settings,
    /// Durable: the business table, an order and what happened to it last.
    pub(super) table: Map<i32, What>,
    /// Durable: the outbox.
    pub(super) outbox: Table,
    /// Durable: numbers given so far. A sequence takes nothing back, not even in a crash, so that a
    /// transaction that comes to nothing leaves a gap.
    next: i32,
    facts: Facts,
    /// Volatile: open transactions, in the order in which they began.
    pub(super) open: Vec<Tx>,
    committed: Vec<(Ticket, Row)>,
    chores: Vec<(Ticket, Chore)>,
    chored: Vec<(Ticket, Chore)>,
    /// Events to be published from memory, and how often that was tried: the dual write.
    pub(super) to_publish: Vec<(Change, u32)>,
    /// Rows locked for a relay.
    locks: Vec<(i32, NodeId)>,
    /// Relays that found nothing and are to be told.
    listeners: Vec<NodeId>,
    /// Relays that were told and have not asked yet, and how often.
    told: Vec<(NodeId, u32)>,
    /// Queries that are being worked on.
    scans: Vec<(NodeId, Poll)>,
    /// How far each relay's cursor was when it asked last.
    cursors: Map<u8, i32>,
    /// Number of each relay's newest query; whoever connects anew counts on, so this outlives a crash.
    queries: Map<u8, u32>,
}

/// Transactions are numbered from far above the ids, as in a database that has been in use.
const FIRST_XID: i32 = 700;

const fn timer(kind: u8, arg: i32) -> Timer {
    Timer { kind, arg }
}

impl Orders {
    /// A service without orders.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            table: Map::new(),
            outbox: Table::default(),
            next: 1,
            facts: Facts::default(),
            open: Vec::new(),
            committed: Vec::new(),
            chores: Vec::new(),
            chored: Vec::new(),
            to_publish: Vec::new(),
            locks: Vec::new(),
            listeners: Vec::new(),
            told: Vec::new(),
            scans: Vec::new(),
            cursors: Map::new(),
            queries: Map::new(),
        }
    }

    /// Orders, and what happened last to each.
    pub fn orders(&self) -> impl Iterator<Item = (i32, What)> {
        self.table.iter().map(|(order, what)| (*order, *what))
    }

    /// The outbox.
    #[must_use]
    pub const fn outbox(&self) -> &Table {
        &self.outbox
    }

    /// Whether the transaction of an event is open.
    #[must_use]
    pub fn is_open(&self, id: i32) -> bool {
        self.open.iter().any(|tx| tx.row.change.id == id)
    }

    /// Whether the commit of an event is on disk and not in the ledger yet.
    #[must_use]
    pub fn has_committed(&self, id: i32) -> bool {
        self.facts.holds(fact::COMMITTED, id)
    }

    /// Whether it remembers to publish an event itself.
    #[must_use]
    pub fn remembers(&self, id: i32) -> bool {
        self.to_publish.iter().any(|(change, _)| change.id == id)
    }

    pub(super) fn locked(&self, id: i32) -> bool {
        self.locks.iter().any(|(row, _)| *row == id)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg } => self.heard(ctx, from, msg),
            Event::Timer(Timer { kind: timer::WORK, arg }) => self.commit(ctx, arg),
            Event::Timer(Timer { kind: timer::PUBLISH_AGAIN, arg }) => self.publish_again(ctx, arg),
            Event::Timer(Timer { kind: timer::WAKE, arg }) => self.tell(ctx, NodeId(arg as u8)),
            Event::Timer(Timer { kind: timer::SCAN, arg }) => {
                if let Some(at) = self.scans.iter().position(|(relay, _)| i32::from(relay.0) == arg) {
                    let (relay, poll) = self.scans.remove(at);
                    self.answer(ctx, relay, &poll);
                }
            }
            Event::Timer(Timer { kind: timer::SESSION, arg }) => {
                self.unlock(NodeId(arg as u8));
                self.wake(ctx);
            }
            Event::Persisted(ticket) => self.persisted(ctx, ticket),
            Event::Refused(ticket) => self.refused(ctx, ticket),
            Event::Recovered => {
                self.facts.publish(ctx);
                // Every connection is gone; whoever listened listens again and looks.
                self.listeners = self.settings.relays.clone();
                self.wake(ctx);
            }
            Event::Command(verb::RELEASE_PARKED, _) => {
                let parked = self.outbox.parked();
                if !parked.is_empty() {
                    self.chore(ctx, record::RELEASED, span(&parked), Chore::Release(parked.clone()));
                }
            }
            _ => {}
        }
    }

    fn heard(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match msg {
            Msg::Request(order, what) => self.asked(ctx, *order, *what),
            Msg::Poll(poll) => {
                let rows = self.outbox.len() as u64;
                if self.settings.scan > Span::ZERO && rows > 0 {
                    self.scans.retain(|(relay, _)| *relay != from);
                    self.scans.push((from, *poll));
                    ctx.set_timer(timer(timer::SCAN, i32::from(from.0)), self.settings.scan.times(rows));
                } else {
                    self.answer(ctx, from, poll);
                }
            }
            Msg::Mark(ids) => self.chore(ctx, record::SENT, span(ids), Chore::Mark(from, ids.clone())),
            Msg::Park(change) => {
                self.chore(ctx, record::PARKED, change.args(), Chore::Park(from, *change));
            }
            Msg::Published(change) => self.published(ctx, change.id),
            Msg::Unpublishable(change) => self.unpublishable(ctx, change.id),
            _ => {}
        }
    }

    /// A request: nothing happens twice, as the order's number is the primary key.
    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, what: What) {
        let known = self.table.get(&order).copied();
        if self.open.iter().any(|tx| tx.row.change.order == order && tx.row.change.what == what) {
            return;
        }
        if known.is_some_and(|known| known >= what) {
            return ctx.send(self.settings.client, Msg::Accepted(order, what));
        }
        let possible = (what == What::Placed) == known.is_none();
        if !possible || ctx.interference() != Interference::None {
            return ctx.send(self.settings.client, Msg::Rejected(order, what));
        }
        let number = self.next;
        self.next += 1;
        // A reading every ten milliseconds: what counts is whose clock it is.
        let created = 1000 + number * 10 - if number % 2 == 0 { self.settings.skew } else { 0 };
        let change = Change { id: number, order, what };
        let row = Row { change, xid: FIRST_XID + number, created, state: State::Unsent };
        self.open.push(Tx { row, stage: Stage::Working });
        let (slow, long) = self.settings.slow;
        if order == slow && what == What::Placed {
            ctx.set_timer(timer(timer::WORK, number), long);
        } else if self.settings.method == Method::PublishFirst {
            self.publish_again(ctx, number);
        } else {
            self.commit(ctx, number);
        }
    }

    fn tx(&mut self, id: i32) -> Option<&mut Tx> {
        self.open.iter_mut().find(|tx| tx.row.change.id == id)
    }

    fn commit(&mut self, ctx: &mut Ctx<'_, Msg>, id: i32) {
        let outbox = self.settings.method == Method::Outbox;
        let Some(tx) = self.tx(id) else { return };
        let kind = if outbox { record::COMMIT } else { record::COMMIT_ALONE };
        tx.stage = Stage::Committing(ctx.persist(kind, tx.row.change.args()));
    }

    /// Publishes from memory: before the commit, or after it.
    fn publish_again(&mut self, ctx: &mut Ctx<'_, Msg>, id: i32) {
        let retry = self.settings.retry;
        let tries = if let Some((change, tries)) = self.to_publish.iter_mut().find(|(c, _)| c.id == id) {
            *tries = counted(*tries);
            Some((*change, *tries))
        } else {
            self.tx(id).map(|tx| {
                let tries = if let Stage::Publishing(tries) = tx.stage { counted(tries) } else { 1 };
                tx.stage = Stage::Publishing(tries);
                (tx.row.change, tries)
            })
        };
        if let Some((change, tries)) = tries {
            ctx.send(self.settings.broker, Msg::Publish(change));
            ctx.set_timer(timer(timer::PUBLISH_AGAIN, id), retry.full(tries));
        }
    }

    fn published(&mut self, ctx: &mut Ctx<'_, Msg>, id: i32) {
        ctx.cancel_timer(timer(timer::PUBLISH_AGAIN, id));
        self.to_publish.retain(|(change, _)| change.id != id);
        if self.tx(id).is_some_and(|tx| matches!(tx.stage, Stage::Publishing(_))) {
            self.commit(ctx, id);
        }
    }

    fn unpublishable(&mut self, ctx: &mut Ctx<'_, Msg>, id: i32) {
        ctx.cancel_timer(timer(timer::PUBLISH_AGAIN, id));
        self.to_publish.retain(|(change, _)| change.id != id);
        self.roll_back(ctx, id);
    }

    fn roll_back(&mut self, ctx: &mut Ctx<'_, Msg>, id: i32) {
        if let Some(at) = self.open.iter().position(|tx| tx.row.change.id == id) {
            let change = self.open.remove(at).row.change;
            ctx.observe(fact::ROLLED_BACK, change.args());
            ctx.send(self.settings.client, Msg::Rejected(change.order, change.what));
        }
    }

    fn chore(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, args: Args, chore: Chore) {
        let ticket = ctx.persist(kind, args);
        self.chores.push((ticket, chore));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        if let Some(at) = self.open.iter().position(|tx| tx.stage == Stage::Committing(ticket)) {
            let row = self.open.remove(at).row;
            self.table.insert(row.change.order, row.change.what);
            if self.settings.method == Method::Outbox {
                self.outbox.insert(row);
            }
            self.facts.add(fact::COMMITTED, row.change.args());
            self.committed.push((ticket, row));
        } else if let Some(at) = self.chores.iter().position(|(t, _)| *t == ticket) {
            let (_, chore) = self.chores.remove(at);
            match &chore {
                Chore::Mark(_, ids) => {
                    self.outbox.set(ids, State::Sent);
                    if let Some(keep) = self.settings.keep {
                        self.outbox.clean(keep, 0);
                    }
                }
                Chore::Park(_, change) => {
                    self.outbox.set(&[change.id], State::Parked);
                    self.facts.add(fact::PARKED, change.args());
                }
                Chore::Clean(cursor) => self.outbox.clean(self.settings.keep.unwrap_or(0), *cursor),
                Chore::Release(ids) => self.outbox.set(ids, State::Unsent),
            }
            self.chored.push((ticket, chore));
        }
    }

    fn persisted(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        self.facts.publish(ctx);
        if let Some(at) = self.committed.iter().position(|(t, _)| *t == ticket) {
            let change = self.committed.remove(at).1.change;
            if self.settings.method == Method::CommitFirst {
                self.to_publish.push((change, 0));
                self.publish_again(ctx, change.id);
            }
            ctx.send(self.settings.client, Msg::Accepted(change.order, change.what));
            self.wake(ctx);
        } else if let Some(at) = self.chored.iter().position(|(t, _)| *t == ticket) {
            match self.chored.remove(at).1 {
                Chore::Mark(relay, ids) => {
                    self.unlock(relay);
                    ctx.cancel_timer(timer(timer::SESSION, i32::from(relay.0)));
                    ctx.send(relay, Msg::Marked(ids.last().copied().unwrap_or(0)));
                }
                Chore::Park(relay, change) => ctx.send(relay, Msg::Marked(change.id)),
                Chore::Release(_) => self.wake(ctx),
                Chore::Clean(_) => {}
            }
        }
    }

    /// The disk refuses: a transaction comes to nothing; a relay will ask again for the rest.
    fn refused(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        self.chores.retain(|(t, _)| *t != ticket);
        if let Some(tx) = self.open.iter().find(|tx| tx.stage == Stage::Committing(ticket)) {
            self.roll_back(ctx, tx.row.change.id);
        }
    }

    pub(super) fn on_crash(&mut self) {
        for tx in self.open.drain(..) {
            self.facts.add(fact::ROLLED_BACK, tx.row.change.args());
        }
        self.committed.clear();
        self.chores.clear();
        self.chored.clear();
        self.to_publish.clear();
        self.locks.clear();
        self.listeners.clear();
        self.told.clear();
        self.scans.clear();
        self.cursors.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if !self.outbox.parked().is_empty() {
            Mood::Stuck
        } else if !self.locks.is_empty() {
            Mood::Locked
        } else if !self.open.is_empty() || !self.scans.is_empty() {
            Mood::Working
        } else if !self.to_publish.is_empty() {
            Mood::Waiting
        } else if self.table.is_empty() {
            Mood::Idle
        } else {
            Mood::Committed
        }
    }
}
