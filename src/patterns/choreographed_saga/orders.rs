//! The order service: where a saga begins, and where its end is heard. It leads nobody: it places the
//! order, and from the events that reach it it knows how it ended, if it hears of it at all.
//!
//! Owns the orders' states, the cancellation, and the watch that notices a saga from which nothing is
//! heard. Does not know which services take part.

use super::message::{Event as Happened, Facts, Msg, Notice, Outcome, fact, record, timer, verb};
use super::post::{Manner, Post};
use super::rules::ENDS;
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::sorted::Map;

/// What is done about a saga from which nothing is heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Watch {
    /// Nothing: nobody looks.
    None,
    /// Somebody is alarmed.
    Alarm,
    /// The order is called off; if that does not help either, somebody is alarmed.
    Cancel,
}

/// How the order service is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// How it talks to the broker.
    pub manner: Manner,
    /// Who hears of ends; `None`: it places the orders itself.
    pub client: Option<NodeId>,
    /// What is done about silence.
    pub watch: Watch,
    /// After how long.
    pub patience: Span,
    /// Whether a cancelled order is cancelled at once, for everybody; else the pivot decides.
    pub cancel_for_everybody: bool,
    /// Whether an order that cannot be delivered is placed again: a cycle of events.
    pub tries_again: bool,
    /// Orders that it places itself, and the pause between them.
    pub orders: i32,
    /// See `orders`.
    pub gap: Span,
}

/// The state of an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// Under way: nobody here knows where.
    Pending,
    /// Called off, and waiting to hear from the pivot.
    Cancelling,
    /// Nothing is heard of it: somebody is alarmed.
    Silent,
    /// Done.
    Confirmed,
    /// Given up.
    Cancelled,
}

impl State {
    const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Cancelling | Self::Silent)
    }
}

/// An order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// Its state.
    pub state: State,
    /// Its round; above 1 where it was placed again.
    pub round: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Write {
    Place(i32),
    CallOff(i32),
    Alarm(i32),
    Hear(Notice, u32),
}

/// Orders kept at hand that have ended.
const KEPT: usize = 32;

/// The order service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Orders {
    pub(super) settings: Settings,
    pub(super) post: Post,
    pub(super) orders: Map<i32, Order>,
    highest: i32,
    /// Orders up to this number that are not at hand any more ended long ago.
    let_go: i32,
    facts: Facts,
    staged: Vec<(Ticket, Write)>,
    written: Vec<(Ticket, Write)>,
}

impl Orders {
    /// An order service without orders.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            post: Post::new(settings.manner),
            settings,
            orders: Map::new(),
            highest: 0,
            let_go: 0,
            facts: Facts::default(),
            staged: Vec::new(),
            written: Vec::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => self.place_next(ctx),
            Event::Recovered => {
                self.facts.publish(ctx);
                self.post.relay(ctx);
                let open: Vec<_> = self.open().collect();
                open.iter().for_each(|order| self.watch(ctx, *order));
                if open.is_empty() {
                    self.place_next(ctx);
                }
            }
            Event::Message { msg, .. } => match msg {
                Msg::Order(order) => match ctx.interference() {
                    Interference::None => self.place(ctx, *order),
                    Interference::Refuse => self.tell(ctx, *order, Outcome::Cancelled),
                    Interference::Fail => {}
                },
                Msg::Cancel(order) => self.call_off(ctx, *order),
                Msg::Event(notice, Some(place)) => self.hear(ctx, *notice, *place),
                Msg::Published(notice) => self.post.published(ctx, *notice),
                _ => {}
            },
            Event::Timer(Timer { kind: timer::PUBLISH_AGAIN, .. }) => self.post.again(ctx),
            Event::Timer(Timer { arg, .. }) => self.silence(ctx, arg),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                match self.written.iter().position(|(t, _)| *t == ticket) {
                    Some(at) => {
                        let (_, write) = self.written.remove(at);
                        self.entered(ctx, write);
                    }
                    None => self.post.settle(ctx),
                }
            }
            Event::Refused(ticket) => {
                self.post.refused(ticket);
                if let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) {
                    let (_, write) = self.staged.remove(at);
                    match write {
                        Write::Alarm(order) | Write::CallOff(order) => self.watch(ctx, order),
                        Write::Place(_) if self.settings.client.is_none() => {
                            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
                        }
                        // The customer asks again, the broker delivers again.
                        Write::Place(_) | Write::Hear(..) => {}
                    }
                }
            }
            Event::Command(verb::CANCEL_ORDER, order) => self.call_off(ctx, order),
            Event::Command(_, order) => {
                self.place(ctx, if order > 0 { order } else { self.highest + 1 });
            }
        }
    }

    fn open(&self) -> impl Iterator<Item = i32> {
        self.orders.iter().filter(|(_, o)| o.state.is_open()).map(|(order, _)| *order)
    }

    /// The textbook's order service places orders on its own account.
    fn place_next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.settings.client.is_none() && self.highest < self.settings.orders {
            self.place(ctx, self.highest + 1);
        }
    }

    fn place(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        match self.orders.get(&order).map(|o| o.state) {
            Some(State::Confirmed) => self.tell(ctx, order, Outcome::Confirmed),
            Some(State::Cancelled) => self.tell(ctx, order, Outcome::Cancelled),
            Some(State::Silent) => self.tell(ctx, order, Outcome::UnderReview),
            None if order > self.let_go => self.write(ctx, record::PLACED, order, Write::Place(order)),
            _ => {}
        }
    }

    fn call_off(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        let open = |o: &Order| matches!(o.state, State::Pending | State::Silent);
        let order = if order > 0 { order } else { self.open().last().unwrap_or(0) };
        if self.orders.get(&order).is_some_and(open) {
            self.write(ctx, record::CANCELLATION, order, Write::CallOff(order));
        }
    }

    fn silence(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        match (self.orders.get(&order).map(|o| o.state), self.settings.watch) {
            (Some(State::Pending), Watch::Cancel) => self.call_off(ctx, order),
            (Some(State::Pending | State::Cancelling), _) => {
                self.write(ctx, record::ALARM, order, Write::Alarm(order));
            }
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, notice: Notice, place: u32) {
        if ctx.interference() == Interference::Fail {
            return;
        }
        if self.post.seen(notice) || !ENDS.contains(&notice.event) {
            return ctx.send(self.settings.manner.broker, Msg::Processed(notice, place));
        }
        if !self.staged.iter().any(|(_, w)| matches!(w, Write::Hear(n, _) if *n == notice)) {
            self.write(ctx, record::STATUS, notice.order, Write::Hear(notice, place));
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, order: i32, write: Write) {
        let twice = |w: &Write| *w == write;
        if self.staged.iter().any(|(_, w)| twice(w)) {
            return;
        }
        let event = if let Write::Hear(notice, _) = write { notice.event as i32 } else { 0 };
        let ticket = ctx.persist(kind, [order, event, 0]);
        self.staged.push((ticket, write));
    }

    /// Looks again after a while whether something was heard.
    fn watch(&self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        if self.settings.watch != Watch::None {
            ctx.set_timer(Timer { kind: timer::SAGA_TIMEOUT, arg: order }, self.settings.patience);
        }
    }

    /// The local transaction commits.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        if self.post.flush(ticket) {
            return;
        }
        let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) else { return };
        let (_, write) = self.staged.remove(at);
        self.written.push((ticket, write));
        match write {
            Write::Place(order) => {
                if self.orders.get(&order).is_none() {
                    self.orders.insert(order, Order { state: State::Pending, round: 1 });
                    self.highest = self.highest.max(order);
                    self.facts.add(fact::PLACED, [order, 0, 0]);
                    self.post.put(Notice { event: Happened::OrderPlaced, order, round: 1 });
                }
            }
            Write::CallOff(order) => {
                let at_once = self.settings.cancel_for_everybody;
                let Some(o) = self.orders.get_mut(&order).filter(|o| o.state.is_open()) else { return };
                let round = o.round;
                o.state = State::Cancelling;
                if at_once {
                    self.end(order, State::Cancelled);
                }
                self.post.put(Notice { event: Happened::OrderCancelled, order, round });
            }
            Write::Alarm(order) => {
                if let Some(o) = self.orders.get_mut(&order).filter(|o| o.state.is_open()) {
                    o.state = State::Silent;
                    self.facts.add(fact::ALARM, [order, 0, 0]);
                }
            }
            Write::Hear(notice, _) => {
                if !self.post.seen(notice) {
                    self.post.note(notice);
                    self.learn(notice);
                }
            }
        }
    }

    fn learn(&mut self, Notice { event, order, .. }: Notice) {
        let Some(o) = self.orders.get_mut(&order).filter(|o| o.state.is_open()) else { return };
        if matches!(event, Happened::ParcelShipped | Happened::CreditReserved) {
            self.end(order, State::Confirmed);
        } else if self.settings.tries_again && event == Happened::Undeliverable && o.state == State::Pending
        {
            o.round = o.round.saturating_add(1);
            let round = o.round;
            self.post.put(Notice { event: Happened::OrderPlaced, order, round });
        } else {
            self.end(order, State::Cancelled);
        }
    }

    fn end(&mut self, order: i32, state: State) {
        if let Some(o) = self.orders.get_mut(&order) {
            o.state = state;
        }
        let fact = if state == State::Confirmed { fact::CONFIRMED } else { fact::CANCELLED };
        self.facts.add(fact, [order, 0, 0]);
        if self.orders.len() > KEPT {
            let oldest = self.orders.iter().find(|(_, o)| !o.state.is_open()).map(|(order, _)| *order);
            if let Some(oldest) = oldest {
                self.orders.remove(&oldest);
                self.let_go = self.let_go.max(oldest);
            }
        }
    }

    /// What follows once a write is on disk.
    fn entered(&mut self, ctx: &mut Ctx<'_, Msg>, write: Write) {
        let order = match write {
            Write::Place(order) | Write::CallOff(order) | Write::Alarm(order) => order,
            Write::Hear(notice, place) => {
                ctx.send(self.settings.manner.broker, Msg::Processed(notice, place));
                notice.order
            }
        };
        match self.orders.get(&order).map(|o| o.state) {
            Some(State::Pending | State::Cancelling) => self.watch(ctx, order),
            Some(state) => {
                ctx.cancel_timer(Timer { kind: timer::SAGA_TIMEOUT, arg: order });
                let outcome = match state {
                    State::Confirmed => Outcome::Confirmed,
                    State::Cancelled => Outcome::Cancelled,
                    _ => Outcome::UnderReview,
                };
                self.tell(ctx, order, outcome);
            }
            None => {}
        }
        self.post.relay(ctx);
    }

    fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, outcome: Outcome) {
        if let Some(client) = self.settings.client {
            ctx.send(client, Msg::News(order, outcome));
        } else if self.highest < self.settings.orders {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.written.clear();
        self.post.crash();
    }

    /// The orders being written.
    pub(super) fn writing(&self) -> impl Iterator<Item = i32> {
        self.staged.iter().map(|(_, write)| match write {
            Write::Place(order) | Write::CallOff(order) | Write::Alarm(order) => *order,
            Write::Hear(notice, _) => notice.order,
        })
    }

    pub(super) fn mood(&self) -> Mood {
        let any = |state| self.orders.values().any(|o| o.state == state);
        if any(State::Silent) {
            return Mood::Stuck;
        }
        match self.orders.iter().next_back().map(|(_, o)| o.state) {
            _ if !self.staged.is_empty() => Mood::Working,
            _ if any(State::Cancelling) => Mood::Compensating,
            _ if any(State::Pending) => Mood::Waiting,
            Some(State::Confirmed) => Mood::Committed,
            Some(_) => Mood::Compensated,
            None => Mood::Idle,
        }
    }
}
