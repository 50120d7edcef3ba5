//! A service of the saga: does its step, and undoes it.
//!
//! Each request is one local transaction: the business rows, the idempotency key and the barrier
//! row are written together, and what the transaction finds decides what it does. Owns the rows and
//! the two guards. Does not own the order of things: that is the orchestrator's.

use std::collections::VecDeque;

use super::definition::Action;
use super::message::{About, Answer, Command, Facts, Msg, fact, fact_of, record};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::parts::idempotency::IdempotencyTable;

/// How many idempotency keys, and rows of sagas, a service keeps at hand. Its totals keep all.
const KEPT: usize = 48;

/// What a service knows of one saga.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Row {
    pub about: About,
    pub action: Action,
    /// How often the step was done: more than once is what idempotency keys are there to prevent.
    pub done: u8,
    /// How often it was undone.
    pub undone: u8,
    /// The barrier: a compensation came, so that no request may follow.
    pub closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Write {
    Apply,
    Undo,
    Refuse,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Staged {
    ticket: Ticket,
    write: Write,
    about: About,
    command: Command,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    pub(super) action: Action,
    pub(super) orchestrator: NodeId,
    pub(super) idempotency: bool,
    pub(super) barrier: bool,
    /// What it takes from (items on the shelf, the customer's account) and what it gives to (items
    /// set aside, the shop's account).
    pub(super) from: i64,
    pub(super) to: i64,
    /// The two before the newest change.
    pub(super) before: Option<(i64, i64)>,
    pub(super) rows: VecDeque<Row>,
    pub(super) keys: IdempotencyTable<(i32, Command), Answer>,
    facts: Facts,
    staged: Vec<Staged>,
    answers: Vec<(Ticket, About, Command, Answer)>,
    /// Said lately that a compensation cannot be done.
    stuck: bool,
}

impl Service {
    /// A service with so much to take from.
    #[must_use]
    pub fn new(action: Action, orchestrator: NodeId, idempotency: bool, barrier: bool, from: i64) -> Self {
        Self {
            action,
            orchestrator,
            idempotency,
            barrier,
            from,
            to: 0,
            before: None,
            rows: VecDeque::new(),
            keys: IdempotencyTable::new(KEPT),
            facts: Facts::default(),
            staged: Vec::new(),
            answers: Vec::new(),
            stuck: false,
        }
    }

    /// What it has given so far: items set aside, money taken, parcels sent.
    #[must_use]
    pub const fn given(&self) -> i64 {
        self.to
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Command(about, command), .. } => self.asked(ctx, *about, *command),
            Event::Recovered => self.facts.publish(ctx),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.answers.iter().position(|a| a.0 == ticket) {
                    let (_, about, command, answer) = self.answers.remove(at);
                    ctx.send(self.orchestrator, Msg::Reply(about, command, answer));
                }
            }
            Event::Refused(ticket) => {
                if let Some(at) = self.staged.iter().position(|s| s.ticket == ticket) {
                    let Staged { about, command, .. } = self.staged.remove(at);
                    ctx.send(self.orchestrator, Msg::Reply(about, command, Answer::TryAgain));
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, about: About, command: Command) {
        let undo = match command {
            Command::Do(_) => false,
            Command::Undo(_) => true,
            Command::Begin | Command::Revert | Command::Complete => return,
        };
        let answer = |ctx: &mut Ctx<'_, Msg>, to, answer| ctx.send(to, Msg::Reply(about, command, answer));
        if ctx.interference() == Interference::Fail {
            return answer(ctx, self.orchestrator, Answer::TryAgain);
        }
        // Asked before: the same answer, and nothing else happens.
        if self.idempotency
            && let Some(&given) = self.keys.answer(&(about.saga, command))
        {
            return answer(ctx, self.orchestrator, given);
        }
        let refuse = ctx.interference() == Interference::Refuse;
        if undo && refuse {
            self.stuck = true;
            return answer(ctx, self.orchestrator, Answer::CannotUndo);
        }
        // What comes after the pivot cannot be refused, only fail for a while.
        if refuse && self.action == Action::Notify {
            return answer(ctx, self.orchestrator, Answer::TryAgain);
        }
        self.stuck = false;
        let (kind, write) = match (undo, refuse || self.from < i64::from(self.action.amount())) {
            (true, _) => (record::COMPENSATION, Write::Undo),
            (false, true) => (record::REFUSAL, Write::Refuse),
            (false, false) => (record::EFFECT, Write::Apply),
        };
        let ticket = ctx.persist(kind, [about.order, self.action.number(), about.saga]);
        self.staged.push(Staged { ticket, write, about, command });
    }

    /// The local transaction commits: what it finds decides what it does.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|s| s.ticket == ticket) else { return };
        let Staged { write, about, command, .. } = self.staged.remove(at);
        let known = if self.idempotency { self.keys.answer(&(about.saga, command)).copied() } else { None };
        let answer = known.unwrap_or_else(|| match write {
            Write::Apply => self.apply(about),
            Write::Refuse if self.closed(about.saga) => Answer::TooLate,
            Write::Refuse => Answer::Refused,
            Write::Undo => self.undo(about),
        });
        if self.idempotency {
            self.keys.record((about.saga, command), answer);
        }
        self.answers.push((ticket, about, command, answer));
    }

    fn apply(&mut self, about: About) -> Answer {
        if self.closed(about.saga) {
            return Answer::TooLate;
        }
        let amount = i64::from(self.action.amount());
        self.row(about).done += 1;
        self.change(amount);
        self.facts.add(fact_of(about, self.action, false));
        Answer::Done
    }

    fn undo(&mut self, about: About) -> Answer {
        let (barrier, action) = (self.barrier, self.action);
        let row = self.row(about);
        let standing = row.done > row.undone;
        row.closed |= barrier;
        // Without a barrier, stock is simply put back (`set on_shelf = on_shelf + 1`), whether it
        // was ever taken or not; a payment provider at least knows no such charge.
        if standing || (!barrier && action == Action::Reserve) {
            row.undone += 1;
            self.change(-i64::from(action.amount()));
            self.facts.add(fact_of(about, action, true));
        } else if barrier {
            self.facts.add((fact::NOTHING_TO_UNDO, [about.order, action.number(), about.saga]));
        }
        Answer::Done
    }

    fn change(&mut self, amount: i64) {
        self.before = Some((self.from, self.to));
        self.from -= amount;
        self.to += amount;
    }

    fn closed(&self, saga: i32) -> bool {
        self.barrier && self.rows.iter().rev().any(|r| r.about.saga == saga && r.closed)
    }

    fn row(&mut self, about: About) -> &mut Row {
        let at = match self.rows.iter().rposition(|r| r.about.saga == about.saga) {
            Some(at) => at,
            None => {
                if self.rows.len() == KEPT {
                    self.rows.pop_front();
                }
                self.rows.push_back(Row { about, action: self.action, done: 0, undone: 0, closed: false });
                self.rows.len() - 1
            }
        };
        &mut self.rows[at]
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.answers.clear();
        self.stuck = false;
    }

    /// What is being written: the order, and whether it undoes.
    pub(super) fn writing(&self) -> impl Iterator<Item = (About, bool)> {
        self.staged.iter().map(|s| (s.about, s.write == Write::Undo))
    }

    pub(super) fn mood(&self) -> Mood {
        if self.stuck {
            return Mood::Stuck;
        }
        if let Some(staged) = self.staged.last() {
            return if staged.write == Write::Undo { Mood::Compensating } else { Mood::Working };
        }
        match self.rows.back() {
            Some(row) if row.done > row.undone => Mood::Committed,
            Some(_) => Mood::Compensated,
            None if self.keys.is_empty() => Mood::Idle,
            // It refused, and has done nothing else yet.
            None => Mood::Aborted,
        }
    }
}
