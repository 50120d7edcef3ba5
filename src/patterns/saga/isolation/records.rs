//! The two services that sagas meet at: the customers' accounts, with one customer's credit, and
//! shipping, with the parcels.
//!
//! Own their rows, the semantic lock on the account, and the version file: what was asked for before
//! that which it takes back. Do not own the order of things.

use std::collections::VecDeque;

use super::super::message::{Facts, Msg, fact, record};
use super::course::{Kind, Work};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::sorted::Map;

/// Who waits while an account is locked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Locked {
    /// Nobody: the other saga is refused.
    Refuse,
    /// The other saga.
    Wait,
}

/// A request to one of the two.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ask {
    /// Which saga asks: with the work, the idempotency key.
    pub saga: i32,
    /// What kind it is.
    pub kind: Kind,
    /// For which order.
    pub order: i32,
    /// What is asked for.
    pub work: Work,
    /// The amount.
    pub amount: i32,
    /// For a write: the value and the version that were read before.
    pub read: (i32, u32),
    /// Whether that version has to be the same still (reread value).
    pub check: bool,
    /// Whether the account is locked for the saga; for the last request, unlocked.
    pub lock: bool,
}

/// How it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// Done, now or earlier.
    Done,
    /// Refused: no credit, no delivery, too late.
    Refused,
    /// Another saga has the lock.
    Locked,
    /// Failed for a reason that may pass.
    TryAgain,
}

/// The answer to a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Told {
    /// What was asked.
    pub ask: Ask,
    /// The answer.
    pub word: Word,
    /// For a read: the value and its version.
    pub value: (i32, u32),
}

/// An account with one customer's credit, or the parcels.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Rows {
    /// The account.
    Account {
        /// What is left to spend.
        free: i32,
        /// The value before the newest change.
        before: Option<i32>,
        /// How often it was changed.
        version: u32,
        /// What each order took.
        taken: Map<i32, i32>,
        /// The saga that has the lock.
        lock: Option<i32>,
    },
    /// The parcels that are prepared, and their bills.
    Parcels(Map<i32, i32>),
}

/// Answers kept.
const KEPT: usize = 48;

/// One of the two services.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Records {
    orders: NodeId,
    locked: Locked,
    version_file: bool,
    pub(super) rows: Rows,
    /// The version file: orders whose request was taken back before it came.
    pub(super) taken_back: Vec<i32>,
    /// Requests that wait for the lock.
    pub(super) waiting: Vec<Ask>,
    answers: VecDeque<Told>,
    facts: Facts,
    staged: Vec<(Ticket, Ask, bool)>,
    fresh: Vec<(Ticket, Told)>,
    refused: bool,
}

impl Records {
    /// A service with these rows.
    #[must_use]
    pub fn new(orders: NodeId, rows: Rows, locked: Locked, version_file: bool) -> Self {
        Self {
            orders,
            locked,
            version_file,
            rows,
            taken_back: Vec::new(),
            waiting: Vec::new(),
            answers: VecDeque::new(),
            facts: Facts::default(),
            staged: Vec::new(),
            fresh: Vec::new(),
            refused: false,
        }
    }

    pub(crate) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Ask(ask), .. } => self.asked(ctx, *ask),
            Event::Recovered => self.facts.publish(ctx),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                while let Some(at) = self.fresh.iter().position(|(t, _)| *t == ticket) {
                    let (_, told) = self.fresh.remove(at);
                    ctx.send(self.orders, Msg::Told(told));
                }
            }
            Event::Refused(ticket) => {
                if let Some(at) = self.staged.iter().position(|(t, ..)| *t == ticket) {
                    let (_, ask, _) = self.staged.remove(at);
                    self.answer(ctx, ask, Word::TryAgain);
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, ask: Ask) {
        let refuse = match ctx.interference() {
            Interference::Fail => return self.answer(ctx, ask, Word::TryAgain),
            Interference::Refuse => true,
            Interference::None => false,
        };
        if let Some(told) = self.known(ask) {
            return ctx.send(self.orders, Msg::Told(told));
        }
        if self.waiting.iter().any(|w| (w.saga, w.work) == (ask.saga, ask.work)) {
            return;
        }
        let kind = match ask.work {
            // A read that locks nothing changes nothing.
            Work::Read if !self.is_locked(ask) && !ask.lock => return self.answer(ctx, ask, Word::Done),
            _ if self.is_locked(ask) && self.locked == Locked::Wait => record::STASH,
            _ if self.is_locked(ask) => return self.answer(ctx, ask, Word::Locked),
            Work::Prepare | Work::CallOff => record::DELIVERY,
            _ => record::CREDIT,
        };
        let ticket = ctx.persist(kind, [ask.order, ask.amount, ask.saga]);
        self.staged.push((ticket, ask, refuse));
    }

    fn answer(&mut self, ctx: &mut Ctx<'_, Msg>, ask: Ask, word: Word) {
        let told = Told { ask, word, value: self.value() };
        ctx.send(self.orders, Msg::Told(told));
    }

    fn value(&self) -> (i32, u32) {
        match &self.rows {
            Rows::Account { free, version, .. } => (*free, *version),
            Rows::Parcels(_) => (0, 0),
        }
    }

    fn known(&self, ask: Ask) -> Option<Told> {
        let same = |t: &&Told| (t.ask.saga, t.ask.work) == (ask.saga, ask.work);
        self.answers.iter().rev().find(same).copied()
    }

    fn is_locked(&self, ask: Ask) -> bool {
        match &self.rows {
            Rows::Account { lock, .. } => lock.is_some_and(|owner| owner != ask.saga),
            Rows::Parcels(_) => false,
        }
    }

    /// The local transaction commits: the row, the lock and the answer together.
    pub(crate) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|(t, ..)| *t == ticket) else { return };
        let (_, ask, refuse) = self.staged.remove(at);
        if self.is_locked(ask) && self.locked == Locked::Wait {
            return self.waiting.push(ask);
        }
        self.carry_out(ticket, ask, refuse);
        // What waited for the lock goes on, in the order it came; the first may lock again.
        while let Some(at) = (0..self.waiting.len()).find(|at| !self.is_locked(self.waiting[*at])) {
            let ask = self.waiting.remove(at);
            self.carry_out(ticket, ask, false);
        }
    }

    fn carry_out(&mut self, ticket: Ticket, ask: Ask, refuse: bool) {
        let word = match self.known(ask) {
            Some(told) => told.word,
            None if self.is_locked(ask) => Word::Locked,
            None if self.apply(ask, refuse) => Word::Done,
            None => Word::Refused,
        };
        // Who is refused turns back, and does not come to the account again.
        if word == Word::Refused
            && let Rows::Account { lock, .. } = &mut self.rows
            && *lock == Some(ask.saga)
        {
            *lock = None;
        }
        let told = Told { ask, word, value: self.value() };
        // Who is locked out may ask again.
        if word != Word::Locked {
            if self.answers.len() == KEPT {
                self.answers.pop_front();
            }
            self.answers.push_back(told);
        }
        self.fresh.push((ticket, told));
        self.refused = word == Word::Refused;
    }

    /// What the request does to the rows; whether it went well.
    fn apply(&mut self, ask: Ask, refuse: bool) -> bool {
        let Ask { order, amount, saga, work, .. } = ask;
        let file = self.version_file;
        let early = |list: &Vec<i32>| file && list.contains(&order);
        match (&mut self.rows, work) {
            (Rows::Account { free, before, version, taken, lock }, _) => {
                let now = *free;
                let (after, fact) = match work {
                    Work::Take | Work::Write if refuse || early(&self.taken_back) => return false,
                    Work::Take if now < amount => return false,
                    Work::Take => (now - amount, Some(fact::CREDIT_TAKEN)),
                    // What was read less the amount, written back as a whole.
                    Work::Write if ask.check && ask.read.1 != *version => return false,
                    Work::Write => (ask.read.0 - amount, Some(fact::CREDIT_TAKEN)),
                    Work::Give => match taken.get(&order) {
                        Some(took) => (now + *took, Some(fact::CREDIT_GIVEN)),
                        None => {
                            if file && !self.taken_back.contains(&order) {
                                self.taken_back.push(order);
                            }
                            (now, None)
                        }
                    },
                    Work::TakeBack => (now - amount, Some(fact::CREDIT_TAKEN)),
                    _ => (now, None),
                };
                if after < 0 && work == Work::Write {
                    return false;
                }
                match fact {
                    Some(fact::CREDIT_GIVEN) => {
                        let took = taken.remove(&order).unwrap_or(0);
                        self.facts.add((fact::CREDIT_GIVEN, [order, took, saga]));
                    }
                    Some(fact) => {
                        taken.insert(order, amount);
                        self.facts.add((fact, [order, amount, saga]));
                    }
                    None => {}
                }
                if fact.is_some() {
                    *before = Some(now);
                    *free = after;
                    *version += 1;
                }
                *lock = ask.lock.then_some(saga);
            }
            (Rows::Parcels(parcels), Work::Prepare) => {
                if refuse || early(&self.taken_back) {
                    return false;
                }
                parcels.insert(order, amount);
                self.facts.add((fact::PREPARED, [order, amount, saga]));
            }
            // The parcel has left: a fault of the script says so.
            (Rows::Parcels(_), _) if refuse => return false,
            (Rows::Parcels(parcels), _) => {
                if parcels.remove(&order).is_some() {
                    self.facts.add((fact::CALLED_OFF, [order, 0, saga]));
                } else if file && !self.taken_back.contains(&order) {
                    self.taken_back.push(order);
                }
            }
        }
        true
    }

    pub(crate) fn on_crash(&mut self) {
        self.staged.clear();
        self.fresh.clear();
        self.refused = false;
    }

    /// Whether the ledger has all that became true here.
    pub(super) const fn has_told_all(&self) -> bool {
        self.facts.is_empty()
    }

    /// What is being written.
    pub(super) fn writing(&self) -> impl Iterator<Item = &Ask> {
        self.staged.iter().map(|(_, ask, _)| ask)
    }

    pub(crate) fn mood(&self) -> Mood {
        let undoes = |ask: &Ask| matches!(ask.work, Work::Give | Work::TakeBack | Work::CallOff);
        match (self.writing().last(), &self.rows) {
            (Some(ask), _) if undoes(ask) => Mood::Compensating,
            (Some(_), _) => Mood::Working,
            (None, Rows::Account { lock: Some(_), .. }) => Mood::Locked,
            _ if self.refused => Mood::Aborted,
            (None, Rows::Account { taken, .. }) if !taken.is_empty() => Mood::Committed,
            (None, Rows::Parcels(parcels)) if !parcels.is_empty() => Mood::Committed,
            _ if self.answers.is_empty() => Mood::Idle,
            _ => Mood::Compensated,
        }
    }
}
