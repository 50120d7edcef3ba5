//! The order service: takes orders, leads them through the other services (or, in a choreography,
//! only hears how they end), and tells the rest of the shop.
//!
//! Owns the order's row, the coordinator's and the orchestrator's part, each with its log. Its own
//! row is part of the order's transaction: the record of the decision, of the last step, of the good
//! or bad end changes it and puts the event of it into the post.

use super::message::{Event, Facts, Msg, Notice, Op, Step, ending, fact, record, timer};
use super::post::Post;
use crate::kernel::{Ctx, Event as Happening, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::broker::Offset;
use crate::parts::members::Members;
use crate::parts::retry::RetryPolicy;
use crate::parts::wal::Wal;
use crate::sorted::Map;

/// How an order spans the services.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SpanBy {
    /// Two-phase commit; this service coordinates.
    TwoPhaseCommit,
    /// A saga; this service orchestrates.
    Saga,
    /// A choreography; nobody leads.
    Choreography,
}

/// What an order has come to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It is placed, and not over.
    Open,
    /// Everything is done.
    Confirmed,
    /// Nothing is, or is any more.
    Cancelled,
}

/// The row of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// What it has come to.
    pub state: State,
    /// Saga: so many steps stand.
    pub stand: u8,
    /// Saga: one was refused, and the others are being undone.
    pub undoing: bool,
    /// Two-phase commit: everybody has acknowledged the decision.
    pub acknowledged: bool,
    /// Volatile: who voted yes, or acknowledged.
    pub heard: Members,
    /// Volatile: how often somebody did not answer.
    tries: u32,
}

/// A record of the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Its kind: a place in the list of records.
    pub kind: u8,
    /// The order.
    pub order: i32,
    /// The step that it is about.
    pub step: u8,
    /// Choreography: whether it is a good end.
    pub good: bool,
}

/// How the service is set up.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The storefront.
    pub client: NodeId,
    /// The broker.
    pub broker: NodeId,
    /// Who does the steps, in their order.
    pub services: [NodeId; 3],
    /// How an order spans them.
    pub span: SpanBy,
    /// How long votes may take.
    pub vote: Span,
    /// When a service is asked again.
    pub retry: RetryPolicy,
}

/// The order service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Orders {
    pub(super) set: Settings,
    pub(super) log: Wal<Entry>,
    pub(super) rows: Map<i32, Row>,
    pub(super) post: Post,
    facts: Facts,
    /// Written, and not told on yet.
    written: Vec<(Ticket, Entry)>,
    /// Choreography: the event that is being dealt with; volatile.
    hearing: Option<(Notice, Offset)>,
}

impl Orders {
    /// A service without orders.
    #[must_use]
    pub fn new(set: Settings, post: Post) -> Self {
        Self {
            set,
            log: Wal::new(),
            rows: Map::new(),
            post,
            facts: Facts::default(),
            written: Vec::new(),
            hearing: None,
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Happening<'_, Msg>) {
        match event {
            Happening::Message { from, msg } => self.hear(ctx, from, msg),
            Happening::Timer(Timer { kind: timer::PUBLISH_AGAIN, .. }) => self.post.again(ctx),
            Happening::Timer(Timer { kind: timer::VOTE_TIMEOUT, arg }) => {
                self.write(ctx, record::ABORT, arg)
            }
            Happening::Timer(Timer { arg, .. }) => self.go_on(ctx, arg),
            Happening::Recovered => {
                self.facts.publish(ctx);
                self.post.again(ctx);
                let open: Vec<i32> = self.rows.keys().copied().collect();
                for order in open {
                    // Presumed abort: what has no record of a decision was never committed.
                    let undecided = self.set.span == SpanBy::TwoPhaseCommit
                        && self.rows.get(&order).is_some_and(|r| r.state == State::Open);
                    if undecided {
                        self.write(ctx, record::ABORT, order);
                    } else {
                        self.go_on(ctx, order);
                    }
                }
            }
            Happening::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.written.iter().position(|w| w.0 == ticket) {
                    let (_, entry) = self.written.remove(at);
                    self.acknowledge(ctx, entry);
                }
                self.post.relay(ctx);
                self.post.settle(ctx);
            }
            Happening::Refused(ticket) => {
                self.post.refuse(ticket);
                self.hearing = None;
                if let Some(entry) = self.log.refuse(ticket) {
                    self.again(ctx, entry.order);
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match *msg {
            Msg::Order(order) => {
                if self.rows.contains_key(&order) {
                    ctx.send(self.set.client, Msg::Accepted(order));
                } else {
                    self.write(ctx, record::PLACED, order);
                }
            }
            Msg::Published(notice) => self.post.heard(ctx, notice, None),
            Msg::Confirmed(notice, place) => self.post.heard(ctx, notice, Some(place)),
            Msg::Event(notice, Some(place)) => {
                let open = self.rows.get(&notice.order).is_some_and(|r| r.state == State::Open);
                match ending(notice.event) {
                    Some(good) if open => {
                        self.hearing = Some((notice, place));
                        let entry = Entry { kind: record::STATUS, order: notice.order, step: 0, good };
                        self.write_entry(ctx, entry);
                    }
                    _ => ctx.send(from, Msg::Processed(notice, place)),
                }
            }
            Msg::Event(notice, None) => self.reply(ctx, from, notice),
            Msg::Vote(order, yes) => self.vote(ctx, from, order, yes),
            Msg::Ack(order) => {
                let Some(row) = self.rows.get_mut(&order).filter(|r| r.state != State::Open) else {
                    return;
                };
                row.heard.add(place(&self.set, from));
                if row.heard.count() == Step::ALL.len() && !row.acknowledged {
                    self.write(ctx, record::ENDED, order);
                }
            }
            _ => {}
        }
    }

    /// The orchestrator: a service has answered.
    fn reply(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, notice: Notice) {
        let Some((step, op)) = self.current(notice.order) else { return };
        if place(&self.set, from) != step as usize {
            return;
        }
        let (done, failed, undone) = step.tells();
        let kind = match op {
            Op::Do if notice.event == done => record::STEP,
            Op::Do if notice.event == failed => record::REFUSED,
            Op::Undo if notice.event == undone => record::UNDONE,
            _ => return,
        };
        self.write(ctx, kind, notice.order);
    }

    /// The coordinator: a participant has voted.
    fn vote(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, order: i32, yes: bool) {
        let at = place(&self.set, from);
        let Some(row) = self.rows.get_mut(&order) else { return };
        match row.state {
            State::Open if yes => {
                row.heard.add(at);
                if row.heard.count() == Step::ALL.len() {
                    self.write(ctx, record::COMMIT, order);
                }
            }
            State::Open => self.write(ctx, record::ABORT, order),
            decided if yes => ctx.send(from, Msg::Decision(order, decided == State::Confirmed)),
            _ => {}
        }
    }

    /// The saga's next command.
    fn current(&self, order: i32) -> Option<(Step, Op)> {
        let row = self.rows.get(&order).filter(|r| r.state == State::Open)?;
        if row.undoing {
            Some((Step::ALL[usize::from(row.stand.checked_sub(1)?)], Op::Undo))
        } else {
            Some((*Step::ALL.get(usize::from(row.stand))?, Op::Do))
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, order: i32) {
        let step = self.current(order).map_or(0, |(step, _)| step as u8);
        self.write_entry(ctx, Entry { kind, order, step, good: kind == record::COMMIT });
    }

    /// One record an order at a time.
    fn write_entry(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry) {
        if !self.log.staged().any(|e| e.order == entry.order) {
            self.log.append(ctx, entry.kind, [entry.order, i32::from(entry.step), 0], entry);
        }
    }

    /// The local transaction commits: log, row and post together.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        if self.post.flush(ticket) {
            return;
        }
        let Some(entry) = self.log.flush(ticket) else { return };
        self.written.push((ticket, entry));
        let fresh = Row {
            state: State::Open,
            stand: 0,
            undoing: false,
            acknowledged: false,
            heard: Members(0),
            tries: 0,
        };
        if !self.rows.contains_key(&entry.order) {
            self.rows.insert(entry.order, fresh);
        }
        let Some(row) = self.rows.get_mut(&entry.order) else { return };
        row.tries = 0;
        let end = match entry.kind {
            record::PLACED => {
                self.facts.add(fact::PLACED, entry.order);
                self.post.put(Notice { event: Event::OrderPlaced, order: entry.order });
                return;
            }
            record::ENDED => {
                row.acknowledged = true;
                return;
            }
            record::STEP => {
                row.stand += 1;
                (usize::from(row.stand) == Step::ALL.len()).then_some(true)
            }
            record::REFUSED => {
                row.undoing = true;
                (row.stand == 0).then_some(false)
            }
            record::UNDONE => {
                row.stand -= 1;
                (row.stand == 0).then_some(false)
            }
            _ => Some(entry.good),
        };
        let Some(good) = end else { return };
        row.heard = Members(0);
        row.state = if good { State::Confirmed } else { State::Cancelled };
        self.facts.add(if good { fact::CONFIRMED } else { fact::CANCELLED }, entry.order);
        let event = if good { Event::OrderConfirmed } else { Event::OrderCancelled };
        self.post.put(Notice { event, order: entry.order });
    }

    /// What follows from a record.
    fn acknowledge(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry) {
        match entry.kind {
            record::PLACED => ctx.send(self.set.client, Msg::Accepted(entry.order)),
            record::STATUS => {
                if let Some((notice, place)) = self.hearing.take() {
                    ctx.send(self.set.broker, Msg::Processed(notice, place));
                }
            }
            _ => {}
        }
        self.go_on(ctx, entry.order);
    }

    /// Whatever an order needs next is asked for; again, when it was before.
    fn go_on(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        let vote = Timer { kind: timer::VOTE_TIMEOUT, arg: order };
        let again = Timer { kind: timer::ASK_AGAIN, arg: order };
        let Some(row) = self.rows.get(&order).copied() else { return };
        match (self.set.span, row.state) {
            (SpanBy::TwoPhaseCommit, State::Open) => {
                self.set.services.iter().for_each(|s| ctx.send(*s, Msg::Prepare(order)));
                ctx.set_timer(vote, self.set.vote);
            }
            (SpanBy::TwoPhaseCommit, decided) if !row.acknowledged => {
                ctx.cancel_timer(vote);
                for (at, to) in self.set.services.iter().enumerate() {
                    if !row.heard.has(at) {
                        ctx.send(*to, Msg::Decision(order, decided == State::Confirmed));
                    }
                }
                self.again(ctx, order);
            }
            (SpanBy::Saga, State::Open) => {
                if let Some((step, op)) = self.current(order) {
                    ctx.send(self.set.services[step as usize], Msg::Command(order, step, op));
                    self.again(ctx, order);
                }
            }
            _ => ctx.cancel_timer(again),
        }
    }

    fn again(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        let Some(row) = self.rows.get_mut(&order) else { return };
        row.tries += 1;
        let wait = self.set.retry.full(row.tries);
        ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: order }, wait);
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.post.crash();
        self.written.clear();
        self.hearing = None;
        let orders: Vec<i32> = self.rows.keys().copied().collect();
        for order in orders {
            if let Some(row) = self.rows.get_mut(&order) {
                row.heard = Members(0);
                row.tries = 0;
            }
        }
    }

    pub(super) fn mood(&self) -> Mood {
        if self.log.staged().next().is_some() {
            return Mood::Working;
        }
        match self.rows.iter().next_back() {
            _ if self.rows.values().any(|r| r.state == State::Open && r.undoing) => Mood::Compensating,
            _ if self.rows.values().any(|r| r.state == State::Open) => Mood::Waiting,
            Some((_, row)) if row.state == State::Confirmed => Mood::Committed,
            Some((_, row)) if row.stand == 0 && row.undoing => Mood::Compensated,
            Some(_) => Mood::Aborted,
            None => Mood::Idle,
        }
    }
}

/// Which step a service does.
fn place(set: &Settings, from: NodeId) -> usize {
    set.services.iter().position(|s| *s == from).unwrap_or(Step::ALL.len())
}
