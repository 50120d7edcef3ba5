//! A service: does its acts, and takes them back.
//!
//! Each request is one local transaction: the row, the undo record and the barrier's row are written
//! together. Owns the rows, how an act is undone, and for how long a hold stands. Does not own the
//! order of things: that is the transaction service's.

use std::collections::VecDeque;

use super::barrier::{Barrier, Guard};
use super::message::{Answer, Facts, Msg, Op, Tx, fact, record, timer};
use super::plan::Act;
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};

/// How an act is undone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// By the inverse operation: what was taken is given back to whatever is there now.
    Inverse,
    /// By writing the old value back.
    OldValue,
    /// By writing the old value back, if nobody has changed the row since (Seata's AT mode).
    Checked,
}

/// A row of a service's table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// Which act takes from it.
    pub act: Act,
    /// What it began with.
    pub start: i64,
    /// What anybody can take.
    pub free: i64,
    /// What is on hold.
    pub held: i64,
    /// The free part before the newest change.
    pub before: Option<i64>,
}

/// What a service knows of one act of one transaction: its undo record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Work {
    /// Which transaction.
    pub tx: Tx,
    /// Which act.
    pub act: Act,
    /// How often it was done, or confirmed.
    pub done: u8,
    /// How often it was undone.
    pub undone: u8,
    /// How many holds stand.
    pub held: u8,
    /// The row before the act and after it.
    pub image: Option<(i64, i64)>,
}

/// How a service is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Manner {
    /// How acts are undone.
    pub method: Method,
    /// Whether its database refuses to delete what another row points at; `None`: no row does.
    pub references: Option<bool>,
    /// What is kept of a payment that is taken back.
    pub fee: i32,
    /// After how long a hold is let go; zero: never.
    pub hold_expires: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Write {
    Command { op: Op, refuse: bool },
    Expire,
    Change(i32),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Staged {
    ticket: Ticket,
    tx: Tx,
    act: Act,
    write: Write,
}

/// Undo records kept at hand.
const KEPT: usize = 48;

/// One service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    coordinator: NodeId,
    pub(super) manner: Manner,
    pub(super) rows: Vec<Row>,
    pub(super) works: VecDeque<Work>,
    pub(super) barrier: Barrier,
    pub(super) facts: Facts,
    staged: Vec<Staged>,
    answers: Vec<(Ticket, Tx, Act, Op, Answer)>,
    /// Said lately that a compensation cannot be done.
    stuck: bool,
}

impl Service {
    /// A service with a row for each of these acts, which suffices for so many orders.
    #[must_use]
    pub fn new(coordinator: NodeId, acts: &[Act], orders: i32, guard: Guard, manner: Manner) -> Self {
        let row = |act: &Act| {
            let start = act.stock(orders);
            Row { act: *act, start, free: start, held: 0, before: None }
        };
        Self {
            coordinator,
            manner,
            rows: acts.iter().map(row).collect(),
            works: VecDeque::new(),
            barrier: Barrier::new(guard),
            facts: Facts::default(),
            staged: Vec::new(),
            answers: Vec::new(),
            stuck: false,
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Command(tx, act, op), .. } => self.asked(ctx, *tx, *act, *op),
            Event::Recovered => {
                self.facts.publish(ctx);
                let holds: Vec<_> =
                    self.works.iter().filter(|w| w.held > 0).map(|w| (w.tx, w.act)).collect();
                holds.into_iter().for_each(|(tx, act)| self.watch(ctx, tx, act));
            }
            Event::Timer(Timer { arg, .. }) => {
                let (tx, act) = (arg >> 3, Act::ALL[(arg & 7) as usize % Act::ALL.len()]);
                if self.works.iter().any(|w| w.tx == tx && w.act == act && w.held > 0) {
                    self.write(ctx, record::EXPIRY, tx, act, Write::Expire);
                }
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.answers.iter().position(|a| a.0 == ticket) {
                    let (_, tx, act, op, answer) = self.answers.remove(at);
                    self.stuck = answer == Answer::CannotUndo;
                    if op == Op::Try && answer == Answer::Done {
                        self.watch(ctx, tx, act);
                    }
                    ctx.send(self.coordinator, Msg::Reply(tx, act, op, answer));
                }
            }
            Event::Refused(ticket) => {
                if let Some(at) = self.staged.iter().position(|s| s.ticket == ticket) {
                    let Staged { tx, act, write, .. } = self.staged.remove(at);
                    match write {
                        Write::Command { op, .. } => {
                            ctx.send(self.coordinator, Msg::Reply(tx, act, op, Answer::TryAgain));
                        }
                        Write::Expire => self.watch(ctx, tx, act),
                        Write::Change(_) => {}
                    }
                }
            }
            // Somebody else changes the first row, in a transaction of their own.
            Event::Command(_, amount) => {
                let act = self.rows[0].act;
                self.write(ctx, record::CHANGE, 0, act, Write::Change(amount));
            }
            _ => {}
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, tx: Tx, act: Act, write: Write) {
        let amount = if let Write::Change(amount) = write { amount } else { act.amount() };
        let ticket = ctx.persist(kind, [tx, act.number(), amount]);
        self.staged.push(Staged { ticket, tx, act, write });
    }

    /// Lets a hold go after a while, if holds do not stand for ever.
    fn watch(&self, ctx: &mut Ctx<'_, Msg>, tx: Tx, act: Act) {
        if self.manner.hold_expires > Span::ZERO {
            let arg = tx << 3 | act.number();
            ctx.set_timer(Timer { kind: timer::HOLD_EXPIRES, arg }, self.manner.hold_expires);
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, act: Act, op: Op) {
        let to = self.coordinator;
        let answer = |ctx: &mut Ctx<'_, Msg>, answer| ctx.send(to, Msg::Reply(tx, act, op, answer));
        if ctx.interference() == Interference::Fail {
            return answer(ctx, Answer::TryAgain);
        }
        // Asked before: the same answer, and nothing else happens.
        if let Some(given) = self.barrier.answer((tx, act, op)) {
            return answer(ctx, given);
        }
        let refuse = ctx.interference() == Interference::Refuse;
        let (kind, refuse) = match op {
            Op::Undo | Op::Cancel if refuse => {
                self.stuck = true;
                return answer(ctx, Answer::CannotUndo);
            }
            // Whoever let the try pass cannot refuse the confirm, only fail for a while.
            Op::Confirm if refuse => return answer(ctx, Answer::TryAgain),
            Op::Undo => (record::COMPENSATION, false),
            Op::Confirm => (record::CONFIRMATION, false),
            Op::Cancel => (record::RELEASE, false),
            Op::Do | Op::Try if refuse || self.row(act).free < i64::from(act.amount()) => {
                // A refusal is remembered with the keys, so that a copy of the request gets the same
                // answer; a refused try is a local transaction that left nothing behind.
                if op == Op::Try || self.barrier.guard == Guard::None {
                    return answer(ctx, Answer::Refused);
                }
                (record::REFUSAL, true)
            }
            Op::Do => (record::EFFECT, false),
            Op::Try => (record::HOLD, false),
        };
        self.stuck = false;
        self.write(ctx, kind, tx, act, Write::Command { op, refuse });
    }

    /// The local transaction commits: what it finds decides what it does.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|s| s.ticket == ticket) else { return };
        let Staged { tx, act, write, .. } = self.staged.remove(at);
        match write {
            Write::Command { op, refuse } => {
                let answer = self.transaction(tx, act, op, refuse);
                self.answers.push((ticket, tx, act, op, answer));
            }
            Write::Expire => {
                if self.work(tx, act).held > 0 {
                    self.release(tx, act, fact::EXPIRED);
                    self.barrier.record((tx, act, Op::Cancel), Answer::Done);
                }
            }
            Write::Change(amount) => {
                self.change(act, i64::from(amount), 0);
                self.facts.add(fact::CHANGED, [0, act.number(), amount]);
            }
        }
    }

    fn transaction(&mut self, tx: Tx, act: Act, op: Op, refuse: bool) -> Answer {
        let key = (tx, act, op);
        if let Some(given) = self.barrier.answer(key) {
            return given;
        }
        let args = [tx, act.number(), act.amount()];
        let amount = i64::from(act.amount());
        if self.barrier.is_null(key) {
            self.facts.add(fact::NOTHING_TO_UNDO, args);
            self.barrier.record(key, Answer::Done);
            return Answer::Done;
        }
        match op {
            Op::Do if refuse => {
                self.barrier.record(key, Answer::Refused);
                return Answer::Refused;
            }
            Op::Do => {
                let before = self.row(act).free;
                self.change(act, -amount, 0);
                let work = self.work(tx, act);
                work.done += 1;
                work.image = Some((before, before - amount));
                self.facts.add(fact::DONE, args);
            }
            Op::Try => {
                self.change(act, -amount, amount);
                self.work(tx, act).held += 1;
                self.facts.add(fact::HELD, args);
            }
            Op::Confirm => {
                let work = self.work(tx, act);
                if work.held == 0 {
                    return Answer::Refused;
                }
                work.held -= 1;
                work.done += 1;
                self.change(act, 0, -amount);
                self.facts.add(fact::CONFIRMED, args);
            }
            // A cancel that finds no hold has nothing to do, and here leaves no trace of having come.
            Op::Cancel if self.work(tx, act).held == 0 => {}
            Op::Cancel => self.release(tx, act, fact::RELEASED),
            Op::Undo => {
                if let Err(answer) = self.undo(tx, act) {
                    return answer;
                }
            }
        }
        self.barrier.record(key, Answer::Done);
        Answer::Done
    }

    fn undo(&mut self, tx: Tx, act: Act) -> Result<(), Answer> {
        let stands = |w: &Work| w.tx == tx && w.act > act && w.done > w.undone;
        if self.manner.references == Some(true) && self.works.iter().any(stands) {
            return Err(Answer::CannotUndo);
        }
        let fee = if act == Act::Charge { self.manner.fee } else { 0 };
        let amount = act.amount() - fee;
        let image = self.work(tx, act).image;
        let free = self.row(act).free;
        let by = match (self.manner.method, image) {
            // Given back to whatever is there now, even if it was never taken.
            (Method::Inverse, _) => i64::from(amount),
            // Without an old value there is nothing to write back.
            (_, None) => return Ok(()),
            (Method::Checked, Some((_, after))) if free != after => return Err(Answer::CannotUndo),
            (_, Some((before, _))) => before - free,
        };
        self.change(act, by, 0);
        self.work(tx, act).undone += 1;
        self.facts.add(fact::UNDONE, [tx, act.number(), amount]);
        Ok(())
    }

    fn release(&mut self, tx: Tx, act: Act, fact: u8) {
        let amount = i64::from(act.amount());
        self.work(tx, act).held -= 1;
        self.change(act, amount, -amount);
        self.facts.add(fact, [tx, act.number(), act.amount()]);
    }

    fn change(&mut self, act: Act, free: i64, held: i64) {
        let row = self.row(act);
        row.before = Some(row.free);
        row.free += free;
        row.held += held;
    }

    /// What an act's row says: free, and on hold; `None` when it is another service's.
    #[must_use]
    pub fn row_of(&self, act: Act) -> Option<(i64, i64)> {
        self.rows.iter().find(|row| row.act == act).map(|row| (row.free, row.held))
    }

    fn row(&mut self, act: Act) -> &mut Row {
        let at = self.rows.iter().position(|row| row.act == act).unwrap_or(0);
        &mut self.rows[at]
    }

    fn work(&mut self, tx: Tx, act: Act) -> &mut Work {
        let at = match self.works.iter().rposition(|w| w.tx == tx && w.act == act) {
            Some(at) => at,
            None => {
                if self.works.len() == KEPT {
                    self.works.pop_front();
                }
                self.works.push_back(Work { tx, act, done: 0, undone: 0, held: 0, image: None });
                self.works.len() - 1
            }
        };
        &mut self.works[at]
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.answers.clear();
        self.stuck = false;
    }

    /// What is being written: the transaction, the act, and the operation if there is one.
    pub(super) fn writing(&self) -> impl Iterator<Item = (Tx, Act, Option<Op>)> {
        self.staged.iter().map(|s| match s.write {
            Write::Command { op, .. } => (s.tx, s.act, Some(op)),
            Write::Expire => (s.tx, s.act, Some(Op::Cancel)),
            Write::Change(_) => (s.tx, s.act, None),
        })
    }

    pub(super) fn mood(&self) -> Mood {
        if self.stuck {
            return Mood::Stuck;
        }
        if let Some((_, _, op)) = self.writing().last() {
            let back = op.is_some_and(|op| op.original().is_some());
            return if back { Mood::Compensating } else { Mood::Working };
        }
        // What still stands of the newest transaction decides.
        let newest = self.works.iter().map(|w| w.tx).max();
        let of_newest = || self.works.iter().filter(|w| Some(w.tx) == newest);
        if of_newest().any(|w| w.held > 0) {
            Mood::Locked
        } else if of_newest().any(|w| w.done > w.undone) {
            Mood::Committed
        } else if newest.is_some() {
            Mood::Compensated
        } else if self.barrier.lines().next().is_some() {
            // It refused, and has done nothing else yet.
            Mood::Aborted
        } else {
            Mood::Idle
        }
    }
}
