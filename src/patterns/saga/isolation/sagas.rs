//! The order service of the sagas that meet: runs several at once, of two kinds, over one table of
//! orders.
//!
//! Owns the table of orders and the saga log, in one database: a stage of a saga and what it changes
//! in the table are one write. Owns the countermeasures that are the order service's to take: the
//! semantic lock on an order, rereading, the saga's own copy of what it read. Every request is
//! repeated until it is answered; giving up in time is the other casts' lesson.

use super::super::message::{Facts, Msg, Outcome, fact, record, timer, verb};
use super::course::{self, Kind, Rules, Stage, Work};
use super::records::{Ask, Locked, Told, Word};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::retry::RetryPolicy;
use crate::parts::wal::Wal;
use crate::sorted::Map;

/// What is done about the other saga.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Who hears of ends.
    pub client: NodeId,
    /// Who keeps the accounts, and the parcels.
    pub customers: NodeId,
    /// See `customers`.
    pub shipping: NodeId,
    /// What changes the course.
    pub rules: Rules,
    /// What happens to a request for what is locked; `None`: nothing is ever locked.
    pub locked: Option<Locked>,
    /// From which amount on an order is worth a lock (by value); 0: every one.
    pub by_value: i32,
    /// Whether what was read is read again, and has to be the same, before it is relied upon.
    pub reread: bool,
    /// Whether a saga keeps the price that it read first.
    pub snapshot: bool,
    /// How long to wait for an answer.
    pub timeout: Span,
    /// Retries.
    pub endless: RetryPolicy,
}

/// The state of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// Being created.
    Pending,
    /// Taken.
    Approved,
    /// Being cancelled.
    Cancelling,
    /// Given up by the customer.
    Cancelled,
    /// Not taken.
    Rejected,
}

/// A row of the table of orders.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// Its state.
    pub state: State,
    /// What its saga took of the credit.
    pub amount: i32,
    /// The saga that has the semantic lock on it.
    pub lock: Option<i32>,
}

/// An unfinished saga.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Running {
    /// Its number.
    pub saga: i32,
    /// Its kind.
    pub kind: Kind,
    /// Its order.
    pub order: i32,
    /// The amount, as it was when the saga began.
    pub amount: i32,
    /// Where it stands.
    pub stage: Stage,
    /// Whether it locks what it touches.
    pub locks: bool,
    /// The credit that it read, and its version.
    pub read: (i32, u32),
    /// How often the current request was sent; volatile.
    pub attempt: u8,
    /// Whether its next stage is being written; volatile.
    pub moving: bool,
}

/// A line of the saga log, and with it what changes in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// A saga begins.
    Begin(i32, Kind, i32),
    /// A saga goes to this stage; for a write with what was read.
    To(i32, Stage, (i32, u32)),
    /// A request for a locked order is put aside.
    Stash(Kind, i32),
    /// It is of no use any more.
    Unstash(Kind, i32),
    /// Somebody changes all prices by this much.
    Price(i32),
}

/// Attempts are counted up to here.
const MOST_COUNTED: u8 = 9;

/// The order service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sagas {
    pub(super) settings: Settings,
    pub(super) log: Wal<Entry>,
    pub(super) orders: Map<i32, Order>,
    pub(super) open: Vec<Running>,
    pub(super) stash: Vec<(Kind, i32)>,
    pub(super) raise: i32,
    next: i32,
    facts: Facts,
    tickets: Vec<(Ticket, Entry)>,
}

impl Sagas {
    /// An order service without orders.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            log: Wal::new(),
            orders: Map::new(),
            open: Vec::new(),
            stash: Vec::new(),
            raise: 0,
            next: 0,
            facts: Facts::default(),
            tickets: Vec::new(),
        }
    }

    /// What an order costs now: odd ones 120, even ones 90, and what prices were raised by.
    #[must_use]
    pub const fn price(&self, order: i32) -> i32 {
        self.raise + if order % 2 == 0 { 90 } else { 120 }
    }

    pub(crate) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg, .. } => match msg {
                Msg::Order(order) => self.wanted(ctx, Kind::Create, *order),
                Msg::Cancel(order) => self.wanted(ctx, Kind::Cancel, *order),
                Msg::Told(told) => self.told(ctx, *told),
                _ => {}
            },
            Event::Recovered => {
                self.facts.publish(ctx);
                (0..self.open.len()).for_each(|at| self.send(ctx, at));
                self.unstash(ctx);
            }
            Event::Timer(Timer { kind: timer::COMMAND_TIMEOUT, arg }) => {
                if let Some(at) = self.place(arg) {
                    self.no_answer(ctx, at);
                }
            }
            Event::Timer(Timer { arg, .. }) => {
                if let Some(at) = self.place(arg) {
                    self.send(ctx, at);
                }
            }
            Event::Persisted(ticket) => {
                if let Some(at) = self.tickets.iter().position(|(t, _)| *t == ticket) {
                    let (_, entry) = self.tickets.remove(at);
                    self.entered(ctx, entry);
                }
            }
            Event::Refused(ticket) => {
                if let Some(Entry::To(saga, ..)) = self.log.refuse(ticket)
                    && let Some(at) = self.place(saga)
                {
                    // Its answer, asked for again, brings us here again.
                    self.open[at].moving = false;
                    let wait = self.settings.endless.wait(1, |n| ctx.roll(n)).unwrap_or(Span::ZERO);
                    ctx.set_timer(Timer { kind: timer::RETRY, arg: saga }, wait);
                }
            }
            Event::Command(verb::CHANGE_PRICES, by) => {
                let busy = self.settings.locked.is_some() && self.open.iter().any(|r| r.locks);
                if !busy {
                    self.write(ctx, record::PRICE, [0, by, 0], Entry::Price(by));
                }
            }
            Event::Command(verb::CANCEL_ORDER, order) => self.wanted(ctx, Kind::Cancel, order),
            Event::Command(verb::PLACE_ORDER, order) => self.wanted(ctx, Kind::Create, order),
            _ => {}
        }
    }

    /// Somebody wants an order, or wants it no more.
    fn wanted(&mut self, ctx: &mut Ctx<'_, Msg>, kind: Kind, order: i32) {
        let running = self.open.iter().any(|r| (r.kind, r.order) == (kind, order));
        if running || self.is_written(kind, order) || self.stash.contains(&(kind, order)) {
            return;
        }
        let known = self.orders.get(&order).copied();
        if let Some(news) = Self::no_use(kind, known) {
            let news = news.map_or(Msg::NotNow(order), |outcome| Msg::News(order, outcome));
            return ctx.send(self.settings.client, news);
        }
        // The semantic lock: the order says that another saga is at it.
        if known.is_none_or(|o| o.lock.is_none()) {
            self.begin(ctx, kind, order);
        } else if self.settings.locked == Some(Locked::Wait) {
            self.write(ctx, record::STASH, [order, 0, 0], Entry::Stash(kind, order));
        } else {
            ctx.send(self.settings.client, Msg::NotNow(order));
        }
    }

    fn is_written(&self, kind: Kind, order: i32) -> bool {
        let same = |e: &Entry| {
            matches!(e, Entry::Begin(_, k, o) | Entry::Stash(k, o) | Entry::Unstash(k, o)
                if (*k, *o) == (kind, order))
        };
        self.log.staged().any(same)
    }

    /// Why a saga need not begin, if it need not: how the order ended, or that there is none.
    const fn no_use(kind: Kind, known: Option<Order>) -> Option<Option<Outcome>> {
        match (kind, known) {
            (Kind::Create, Some(o)) => Some(Some(Self::outcome(o.state))),
            (Kind::Cancel, None) => Some(None),
            (Kind::Cancel, Some(o)) if matches!(o.state, State::Cancelled | State::Rejected) => {
                Some(Some(Self::outcome(o.state)))
            }
            _ => None,
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>, kind: Kind, order: i32) {
        let staged = self.log.staged().filter(|e| matches!(e, Entry::Begin(..))).count() as i32;
        let saga = self.next + staged + 1;
        let record = if kind == Kind::Create { record::BEGIN_CREATE } else { record::BEGIN_CANCEL };
        self.write(ctx, record, [order, self.price(order), saga], Entry::Begin(saga, kind, order));
    }

    /// Begins what waited for the lock on an order that has none any more.
    fn unstash(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let free = |order: i32| self.orders.get(&order).is_none_or(|o| o.lock.is_none());
        let ready = |(kind, order): &&(Kind, i32)| free(*order) && !self.is_written(*kind, *order);
        let Some(&(kind, order)) = self.stash.iter().find(ready) else { return };
        match Self::no_use(kind, self.orders.get(&order).copied()) {
            None => self.begin(ctx, kind, order),
            Some(news) => {
                let news = news.map_or(Msg::NotNow(order), |outcome| Msg::News(order, outcome));
                ctx.send(self.settings.client, news);
                self.write(ctx, record::STASH, [order, 0, 0], Entry::Unstash(kind, order));
            }
        }
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, told: Told) {
        let Some(at) = self.place(told.ask.saga) else { return };
        let running = &self.open[at];
        if running.moving || running.stage.work() != Some(told.ask.work) {
            return;
        }
        // What is undone, or comes after the pivot, is asked for until it is done.
        let turns = matches!(
            running.stage,
            Stage::Ask(Work::Read | Work::Write | Work::Take | Work::Prepare | Work::CallOff)
        );
        match told.word {
            Word::Done => {
                let next = self.after(at, true);
                self.go(ctx, at, next, told.value);
            }
            Word::Refused | Word::Locked if turns => {
                let next = self.after(at, false);
                self.go(ctx, at, next, told.value);
            }
            _ => self.no_answer(ctx, at),
        }
    }

    /// The stage after the current one.
    fn after(&self, at: usize, ok: bool) -> Stage {
        let running = &self.open[at];
        course::next(running.kind, self.settings.rules, running.locks, running.stage, ok)
    }

    /// Rereads what a stage relies upon, in the transaction that takes it there: the stage, or the way
    /// back when what was read has changed.
    fn reread(&self, running: &Running, stage: Stage) -> Stage {
        let order = running.order;
        match stage {
            // The price was read when the credit was taken; here it is needed once more.
            Stage::Ask(Work::Prepare) if self.price(order) != running.amount => Stage::Undo(Work::Give),
            Stage::Approve if self.orders.get(&order).is_none_or(|o| o.state != State::Pending) => {
                course::next(running.kind, self.settings.rules, running.locks, Stage::Approve, false)
            }
            _ => stage,
        }
    }

    fn no_answer(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let running = &self.open[at];
        if running.moving {
            return;
        }
        let arg = running.saga;
        ctx.cancel_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg });
        let wait = self.settings.endless.wait(u32::from(running.attempt), |n| ctx.roll(n));
        ctx.set_timer(Timer { kind: timer::RETRY, arg }, wait.unwrap_or(Span::ZERO));
    }

    fn go(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, stage: Stage, read: (i32, u32)) {
        self.open[at].moving = true;
        let Running { saga, order, .. } = self.open[at];
        ctx.cancel_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: saga });
        ctx.cancel_timer(Timer { kind: timer::RETRY, arg: saga });
        let kind = match stage {
            Stage::Ask(_) => record::NEXT,
            Stage::Undo(_) | Stage::Restore | Stage::Reject => record::BACK,
            Stage::Approve => record::APPROVE,
            Stage::MarkCancelled | Stage::End => record::MARK,
        };
        self.write(
            ctx,
            kind,
            [order, stage.work().map_or(-1, |w| w as i32), saga],
            Entry::To(saga, stage, read),
        );
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, args: [i32; 3], entry: Entry) {
        self.log.append(ctx, kind, args, entry);
    }

    pub(crate) fn flush(&mut self, ticket: Ticket) {
        if let Some(entry) = self.log.flush(ticket) {
            self.apply(entry);
            self.tickets.push((ticket, entry));
        }
    }

    /// Makes a line of the log true, and with it what it changes in the table.
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Price(by) => {
                self.raise += by;
                self.facts.add((fact::PRICE_CHANGED, [0, by, 0]));
            }
            Entry::Stash(kind, order) => self.stash.push((kind, order)),
            Entry::Unstash(kind, order) => self.stash.retain(|s| *s != (kind, order)),
            Entry::Begin(saga, kind, order) => {
                self.next = self.next.max(saga);
                self.stash.retain(|s| *s != (kind, order));
                let amount = match kind {
                    Kind::Create => self.price(order),
                    Kind::Cancel => self.orders.get(&order).map_or(0, |o| o.amount),
                };
                let locks = self.settings.locked.is_some() && amount >= self.settings.by_value;
                let before = self.orders.get(&order).copied();
                let state = match (kind, before) {
                    (Kind::Create, _) => State::Pending,
                    // Without the lock, nothing shows that a cancellation is under way.
                    (Kind::Cancel, Some(o)) if !locks => o.state,
                    (Kind::Cancel, _) => State::Cancelling,
                };
                let lock = locks.then_some(saga);
                self.orders.insert(order, Order { state, amount, lock });
                let stage = course::first(kind, self.settings.rules);
                let fact = if kind == Kind::Create { fact::CREATE_BEGUN } else { fact::CANCEL_BEGUN };
                self.facts.add((fact, [order, amount, saga]));
                let read = (0, 0);
                self.open.push(Running {
                    saga,
                    kind,
                    order,
                    amount,
                    stage,
                    locks,
                    read,
                    attempt: 0,
                    moving: false,
                });
            }
            Entry::To(saga, stage, read) => {
                let Some(at) = self.place(saga) else { return };
                let Running { kind, order, locks, .. } = self.open[at];
                let mut stage =
                    if self.settings.reread { self.reread(&self.open[at], stage) } else { stage };
                // Stages that change the table alone are done with the write: on to the next.
                while stage.work().is_none() && stage != Stage::End {
                    self.mark(order, saga, stage);
                    stage = course::next(kind, self.settings.rules, locks, stage, true);
                }
                let running = &mut self.open[at];
                running.stage = stage;
                running.read = read;
                running.attempt = 0;
                running.moving = false;
                if stage == Stage::End {
                    self.open.remove(at);
                    if let Some(o) = self.orders.get_mut(&order)
                        && o.lock == Some(saga)
                    {
                        o.lock = None;
                    }
                }
            }
        }
    }

    fn mark(&mut self, order: i32, saga: i32, stage: Stage) {
        let Some(o) = self.orders.get_mut(&order) else { return };
        let (state, fact) = match stage {
            Stage::Approve => (State::Approved, fact::APPROVED),
            Stage::MarkCancelled => (State::Cancelled, fact::CANCELLED),
            // Another saga has changed it meanwhile: that stands.
            Stage::Reject if o.state != State::Pending => return,
            Stage::Reject => (State::Rejected, fact::REJECTED),
            _ if o.state == State::Cancelling => (State::Approved, fact::RESTORED),
            _ => (o.state, fact::RESTORED),
        };
        o.state = state;
        self.facts.add((fact, [order, o.amount, saga]));
    }

    /// What follows once a line of the log is true.
    fn entered(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry) {
        self.facts.publish(ctx);
        let saga = match entry {
            Entry::Begin(saga, ..) => saga,
            Entry::To(saga, stage, _) => {
                if let Some(order) = self.order_of(saga)
                    && let Some(state) = self.orders.get(&order).map(|o| o.state)
                    && match stage {
                        Stage::Approve => state == State::Approved,
                        Stage::MarkCancelled | Stage::Reject | Stage::Restore => true,
                        _ => false,
                    }
                {
                    ctx.send(self.settings.client, Msg::News(order, Self::outcome(state)));
                }
                saga
            }
            // The lock may be gone by now.
            Entry::Stash(..) | Entry::Unstash(..) | Entry::Price(_) => return self.unstash(ctx),
        };
        if let Some(at) = self.place(saga) {
            self.send(ctx, at);
        }
        self.unstash(ctx);
    }

    /// The order of a saga, as its beginning in the log says.
    fn order_of(&self, saga: i32) -> Option<i32> {
        self.log.records().rev().find_map(|e| match e {
            Entry::Begin(s, _, order) if *s == saga => Some(*order),
            _ => None,
        })
    }

    const fn outcome(state: State) -> Outcome {
        match state {
            State::Approved | State::Pending | State::Cancelling => Outcome::Confirmed,
            State::Cancelled | State::Rejected => Outcome::Cancelled,
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let Some(work) = self.open[at].stage.work() else { return };
        let keeps = self.settings.snapshot || self.settings.reread;
        let bill = if keeps { self.open[at].amount } else { self.price(self.open[at].order) };
        let running = &mut self.open[at];
        running.attempt = (running.attempt + 1).min(MOST_COUNTED);
        let Running { saga, kind, order, read, .. } = *running;
        let amount = if work == Work::Prepare { bill } else { running.amount };
        // The account stays locked until the last request that touches it.
        let locked_still = matches!(work, Work::Read | Work::Take | Work::Write)
            || (work == Work::Give && kind == Kind::Cancel && !self.settings.rules.pessimistic);
        let lock = running.locks && locked_still;
        let ask = Ask { saga, kind, order, work, amount, read, check: self.settings.reread, lock };
        let to = if work.is_shippings() { self.settings.shipping } else { self.settings.customers };
        ctx.send(to, Msg::Ask(ask));
        ctx.set_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: saga }, self.settings.timeout);
    }

    fn place(&self, saga: i32) -> Option<usize> {
        self.open.iter().position(|r| r.saga == saga)
    }

    pub(crate) fn on_crash(&mut self) {
        self.log.crash();
        self.tickets.clear();
        for running in &mut self.open {
            running.attempt = 0;
            running.moving = false;
        }
    }

    pub(crate) fn mood(&self) -> Mood {
        let back = |r: &Running| matches!(r.stage, Stage::Undo(_));
        if self.open.iter().any(back) {
            Mood::Compensating
        } else if self.open.iter().any(|r| r.locks) {
            Mood::Locked
        } else if !self.open.is_empty() {
            Mood::Waiting
        } else if self.log.staged().next().is_some() {
            Mood::Working
        } else {
            match self.orders.iter().next_back().map(|(_, o)| o.state) {
                Some(State::Approved) => Mood::Committed,
                Some(_) => Mood::Compensated,
                None => Mood::Idle,
            }
        }
    }
}
