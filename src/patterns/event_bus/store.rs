//! The payment service's database, which all of its instances share: charges cards, once per event
//! if it keeps the ids of events, and refuses a writer of the past if it keeps their tokens.
//!
//! The id, the token and the charge are one local transaction: what the transaction finds decides
//! (a unique constraint, never "look first, then write").

use std::collections::VecDeque;

use super::message::{Answer, Facts, Msg, Placed, fact, record};
use super::settings::Settings;
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::parts::broker::{Generation, Staged};
use crate::parts::idempotency::IdempotencyTable;
use crate::sorted::Map;

/// What one order costs.
pub const PRICE: i64 = 40;

/// How many charges are kept to be shown.
const KEPT: usize = 12;

/// The database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Store {
    settings: Settings,
    /// What each customer paid.
    pub(super) paid: Map<i32, i64>,
    /// The newest charges: the order, and how often it was charged.
    pub(super) charges: VecDeque<(i32, u8)>,
    /// The newest change: the customer, and what was paid before.
    pub(super) before: Option<(i32, i64)>,
    pub(super) seen: IdempotencyTable<i32, ()>,
    /// The newest token.
    pub(super) token: Generation,
    facts: Facts,
    staged: Staged<(NodeId, Placed, Generation)>,
    answers: Vec<(Ticket, NodeId, Placed, Answer)>,
}

impl Store {
    /// A database in which nobody has paid.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            paid: Map::new(),
            charges: VecDeque::new(),
            before: None,
            seen: IdempotencyTable::new(settings.dedup_retention),
            token: 0,
            facts: Facts::default(),
            staged: Staged::new(),
            answers: Vec::new(),
        }
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn writing(&self) -> impl Iterator<Item = Placed> {
        self.staged.iter().map(|(_, placed, _)| *placed)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg: Msg::Charge(placed, token) } => match ctx.interference() {
                Interference::Fail => ctx.send(from, Msg::Answer(*placed, Answer::TryAgain)),
                Interference::Refuse => ctx.send(from, Msg::Answer(*placed, Answer::Declined)),
                Interference::None => {
                    let args = [placed.order, placed.customer, PRICE as i32];
                    self.staged.write(ctx, record::CHARGE, args, (from, *placed, *token));
                }
            },
            Event::Recovered => self.facts.publish(ctx),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.answers.iter().position(|a| a.0 == ticket) {
                    let (_, to, placed, answer) = self.answers.remove(at);
                    ctx.send(to, Msg::Answer(placed, answer));
                }
            }
            Event::Refused(ticket) => {
                if let Some((to, placed, _)) = self.staged.take(ticket) {
                    ctx.send(to, Msg::Answer(placed, Answer::TryAgain));
                }
            }
            _ => {}
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some((from, placed, token)) = self.staged.take(ticket) else { return };
        let answer = self.charge(placed, token);
        self.answers.push((ticket, from, placed, answer));
    }

    fn charge(&mut self, placed: Placed, token: Generation) -> Answer {
        if self.settings.fencing && token < self.token {
            self.facts.add(fact::FENCED, placed, i32::from(token));
            return Answer::Fenced;
        }
        self.token = self.token.max(token);
        if self.settings.dedup && !self.seen.record(placed.order, ()) {
            return Answer::Already;
        }
        let paid = self.paid.or_default(placed.customer);
        self.before = Some((placed.customer, *paid));
        *paid += PRICE;
        self.facts.add(fact::EFFECT, placed, 0);
        match self.charges.iter_mut().rev().find(|(order, _)| *order == placed.order) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => {
                if self.charges.len() == KEPT {
                    self.charges.pop_front();
                }
                self.charges.push_back((placed.order, 1));
            }
        }
        Answer::Charged
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.answers.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.staged.is_empty() { Mood::Idle } else { Mood::Working }
    }
}
