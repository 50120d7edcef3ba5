//! A service that does one step of an order: payment, inventory, or shipping, each with a database of
//! its own. It is a participant of two-phase commit, takes an orchestrator's commands, or reacts to
//! events, as the mechanism has it.
//!
//! Owns its rows and locks, its log, and what tells a request that was dealt with from a new one
//! (unless it is naive: then nothing does). A participant is a state machine by its protocol and
//! knows a transaction again in either form.

use super::message::{Event, Facts, Msg, Notice, Op, Step, backwards, fact, record, timer};
use super::post::Post;
use crate::kernel::{Ctx, Event as Happening, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::broker::Offset;
use crate::parts::database::{Database, Write};
use crate::parts::idempotency::IdempotencyTable;
use crate::parts::shop::Service as Trade;
use crate::parts::wal::Wal;
use crate::sorted::Map;

/// Requests that are known again.
const REMEMBERED: usize = 64;

/// What a record of the log says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// A step is done or undone; or refused.
    Work {
        /// Which.
        op: Op,
        /// It is not to be done.
        refuse: bool,
        /// The event that it is a reaction to; `None`: a command.
        heard: Option<(Notice, Offset)>,
    },
    /// Two-phase commit: it can be done, and its rows are locked.
    Prepared,
    /// Two-phase commit: the decision.
    Decided(bool),
    /// Two-phase commit: no decision came, and it was given up.
    Alone,
}

/// A record of the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// The order.
    pub order: i32,
    /// What became of it.
    pub what: What,
    /// What is told of it, for work.
    answer: Option<Event>,
}

/// How the service is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Its step.
    pub step: Step,
    /// The order service.
    pub orders: NodeId,
    /// The broker.
    pub broker: NodeId,
    /// Whether it knows requests again.
    pub idempotent: bool,
    /// Two-phase commit: how long it waits for a decision before it gives up alone; `None`: for ever.
    pub patience: Option<Span>,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    pub(super) set: Settings,
    pub(super) db: Database,
    pub(super) log: Wal<Entry>,
    /// Durable: what is prepared, and what it will change.
    pub(super) prepared: Map<i32, Vec<Write>>,
    /// Durable: requests, and how they were answered. A participant's decisions are under `Do`.
    pub(super) known: IdempotencyTable<(i32, Op), Option<Event>>,
    pub(super) post: Post,
    /// The newest change: order and what its table was before.
    pub(super) before: Option<(i32, [i32; 2])>,
    last: Mood,
    facts: Facts,
    written: Vec<(Ticket, Entry)>,
}

impl Service {
    /// A service with the table of its trade.
    #[must_use]
    pub fn new(set: Settings, db: Database, post: Post) -> Self {
        Self {
            set,
            db,
            log: Wal::new(),
            prepared: Map::new(),
            known: IdempotencyTable::new(REMEMBERED),
            post,
            before: None,
            last: Mood::Idle,
            facts: Facts::default(),
            written: Vec::new(),
        }
    }

    const fn trade(&self) -> Trade {
        self.set.step.trade()
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Happening<'_, Msg>) {
        match event {
            // A passing failure: no answer, so that it is asked again.
            Happening::Message { .. } if ctx.interference() == Interference::Fail => {}
            Happening::Message { msg, .. } => self.hear(ctx, msg),
            Happening::Timer(Timer { kind: timer::PUBLISH_AGAIN, .. }) => self.post.again(ctx),
            Happening::Timer(Timer { arg, .. }) if self.prepared.contains_key(&arg) => {
                self.write(ctx, record::ALONE, arg, What::Alone);
            }
            Happening::Recovered => {
                self.facts.publish(ctx);
                self.post.again(ctx);
                // What is prepared is locked again before anything else is done.
                for (order, writes) in self.prepared.iter() {
                    let _ = self.db.lock(*order, writes.iter().map(|w| w.key));
                    wait(ctx, &self.set, *order);
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
                if let Some(entry) = self.log.refuse(ticket).filter(|e| e.what == What::Prepared) {
                    self.db.unlock(entry.order);
                    ctx.send(self.set.orders, Msg::Vote(entry.order, false));
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        let refuse = ctx.interference() == Interference::Refuse;
        match *msg {
            Msg::Command(order, _, op) => self.work(ctx, order, op, refuse, None),
            Msg::Event(notice, Some(place)) => match self.set.step.reaction(notice.event) {
                Some(op) => self.work(ctx, notice.order, op, refuse, Some((notice, place))),
                None => ctx.send(self.set.broker, Msg::Processed(notice, place)),
            },
            Msg::Published(notice) => self.post.heard(ctx, notice, None),
            Msg::Prepare(order) => self.prepare(ctx, order, refuse),
            Msg::Decision(order, commit) if self.prepared.contains_key(&order) => {
                let kind = if commit { record::COMMIT } else { record::ABORT };
                self.write(ctx, kind, order, What::Decided(commit));
            }
            // Being written, it will be asked again; unknown or over, there is nothing to do.
            Msg::Decision(order, _) if !self.busy(order) => ctx.send(self.set.orders, Msg::Ack(order)),
            _ => {}
        }
    }

    fn busy(&self, order: i32) -> bool {
        self.log.staged().any(|e| e.order == order)
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, order: i32, what: What) {
        if !self.busy(order) {
            let entry = Entry { order, what, answer: None };
            self.log.append(ctx, kind, [order, self.set.step as i32, 0], entry);
        }
    }

    fn work(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        order: i32,
        op: Op,
        refuse: bool,
        heard: Option<(Notice, Offset)>,
    ) {
        if self.set.idempotent {
            if let Some(answer) = self.known.answer(&(order, op)).copied() {
                return self.answer(ctx, order, answer, heard);
            }
            if self.busy(order) {
                return;
            }
        }
        let refuse = op == Op::Do && (refuse || self.trade().plan(&self.db).is_none());
        let kind = match op {
            Op::Do if refuse => record::REFUSAL,
            Op::Do => record::EFFECT,
            Op::Undo => record::COMPENSATION,
        };
        let entry = Entry { order, what: What::Work { op, refuse, heard }, answer: None };
        self.log.append(ctx, kind, [order, self.set.step as i32, 0], entry);
    }

    fn answer(
        &self,
        ctx: &mut Ctx<'_, Msg>,
        order: i32,
        answer: Option<Event>,
        heard: Option<(Notice, Offset)>,
    ) {
        match (heard, answer) {
            (Some((notice, place)), _) => ctx.send(self.set.broker, Msg::Processed(notice, place)),
            (None, Some(event)) => ctx.send(self.set.orders, Msg::Event(Notice { event, order }, None)),
            (None, None) => {}
        }
    }

    fn prepare(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, refuse: bool) {
        if self.prepared.contains_key(&order) {
            return ctx.send(self.set.orders, Msg::Vote(order, true));
        }
        if self.known.answer(&(order, Op::Do)).is_some() || self.busy(order) {
            return;
        }
        let can = !refuse && self.db.lock(order, self.trade().keys()).is_ok();
        if can && self.trade().plan(&self.db).is_some() {
            self.write(ctx, record::PREPARED, order, What::Prepared);
        } else {
            self.db.unlock(order);
            self.last = Mood::Aborted;
            ctx.send(self.set.orders, Msg::Vote(order, false));
        }
    }

    /// The local transaction commits: log, rows, what is known, and post together.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        if self.post.flush(ticket) {
            return;
        }
        let Some(mut entry) = self.log.flush(ticket) else { return };
        let order = entry.order;
        match entry.what {
            What::Work { op, refuse, heard } => {
                let known = self.known.answer(&(order, op)).copied().filter(|_| self.set.idempotent);
                entry.answer = known.unwrap_or_else(|| {
                    let answer = self.carry_out(order, op, refuse);
                    self.known.record((order, op), Some(answer));
                    if heard.is_some() {
                        self.post.put(Notice { event: answer, order });
                    }
                    Some(answer)
                });
            }
            What::Prepared => {
                let writes = self.trade().plan(&self.db).unwrap_or_default();
                self.prepared.insert(order, writes);
            }
            What::Decided(_) | What::Alone => {
                let writes = self.prepared.remove(&order).unwrap_or_default();
                self.known.record((order, Op::Do), None);
                if entry.what == What::Decided(true) {
                    self.change(order, &writes);
                    self.facts.add(self.trade().fact(), order);
                    self.last = Mood::Committed;
                } else {
                    self.last = Mood::Aborted;
                }
                self.db.unlock(order);
            }
        }
        self.written.push((ticket, entry));
    }

    fn carry_out(&mut self, order: i32, op: Op, refuse: bool) -> Event {
        let (done, failed, undone) = self.set.step.tells();
        let plan = self.trade().plan(&self.db).filter(|_| !refuse);
        match (op, plan) {
            (Op::Do, Some(writes)) => {
                self.change(order, &writes);
                self.facts.add(self.trade().fact(), order);
                self.last = Mood::Committed;
                done
            }
            (Op::Do, None) => {
                self.last = Mood::Aborted;
                failed
            }
            (Op::Undo, _) => {
                // What one order takes does not depend on what is left.
                let forwards = self.trade().plan(&self.trade().table(1)).unwrap_or_default();
                let writes = backwards(&forwards, |key| self.db.value(key));
                self.change(order, &writes);
                let charged = self.set.step == Step::Charge;
                self.facts.add(if charged { fact::REFUNDED } else { fact::RELEASED }, order);
                self.last = Mood::Compensated;
                undone
            }
        }
    }

    fn change(&mut self, order: i32, writes: &[Write]) {
        self.before = Some((order, [self.db.value(0), self.db.value(1)]));
        self.db.redo(writes);
    }

    fn acknowledge(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry) {
        let order = entry.order;
        match entry.what {
            What::Work { heard, .. } => self.answer(ctx, order, entry.answer, heard),
            What::Prepared => {
                ctx.send(self.set.orders, Msg::Vote(order, true));
                wait(ctx, &self.set, order);
            }
            What::Decided(_) => {
                ctx.cancel_timer(Timer { kind: timer::PATIENCE, arg: order });
                ctx.send(self.set.orders, Msg::Ack(order));
            }
            What::Alone => {}
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.db.crash();
        self.log.crash();
        self.post.crash();
        self.written.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        let working = self.log.staged().next().is_some();
        match () {
            () if working => Mood::Working,
            () if !self.prepared.is_empty() => Mood::InDoubt,
            () => self.last,
        }
    }
}

/// Two-phase commit: in doubt from here on, for ever or for a while.
fn wait(ctx: &mut Ctx<'_, Msg>, set: &Settings, order: i32) {
    if let Some(patience) = set.patience {
        ctx.set_timer(Timer { kind: timer::PATIENCE, arg: order }, patience);
    }
}
