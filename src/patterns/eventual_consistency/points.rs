//! The consumers' database: the rows that messages change, and the inbox.
//!
//! Owns what a transaction finds when it commits, which is what decides between two that run at the
//! same time. The inbox forgets its oldest rows, as real ones do. Does not own the order in which a
//! consumer writes what: that is the consumer's, right or wrong.

use super::message::{Base, Facts, Job, Msg, Part};
use super::names::{fact, record};
use super::worker::Inbox;
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::parts::idempotency::IdempotencyTable;
use crate::sorted::Map;

/// What the inbox recognises a message by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyOf {
    /// Consumer and message.
    ConsumerAndMessage,
    /// The message alone.
    Message,
    /// The delivery, which is another each time.
    Delivery,
}

/// What a message does to its row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// It adds to it, where it is (`set points = points + 10`).
    Add,
    /// It sets a state.
    Set,
    /// The consumer has read it, adds, and writes the sum.
    WriteBack,
}

/// How the database is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// How consumers use it.
    pub inbox: Inbox,
    /// What its key is.
    pub key: KeyOf,
    /// How many rows of the inbox are kept.
    pub retention: usize,
    /// Whether a key that is there with another content is an error.
    pub compares: bool,
    /// What a message does to its row.
    pub effect: Effect,
    /// Whether an older state is kept from overwriting a newer one.
    pub versions: bool,
}

/// What is on its way to the disk: for whom, for which delivery, and what; `None`: its number alone.
type Staged = (Ticket, NodeId, Job, Option<(Part, Base)>);

/// The database of the consumers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Points {
    pub(super) settings: Settings,
    /// By consumer, the points, or the state.
    pub(super) rows: [i32; 2],
    /// How often a row was changed.
    pub(super) version: i32,
    /// Keys, and what came under each.
    pub(super) inbox: IdempotencyTable<(u8, i32), i32>,
    /// By message and consumer, the newest delivery that asked.
    pub(super) fences: Map<(i32, u8), i32>,
    facts: Facts,
    staged: Vec<Staged>,
    answers: Vec<(Ticket, NodeId, Msg)>,
}

impl Points {
    /// A database without points.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            rows: [0; 2],
            version: 0,
            inbox: IdempotencyTable::new(settings.retention),
            fences: Map::new(),
            facts: Facts::default(),
            staged: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// What is on the account: points, or the state.
    #[must_use]
    pub const fn account(&self) -> i32 {
        self.rows[0]
    }

    fn key(&self, job: &Job) -> (u8, i32) {
        match self.settings.key {
            KeyOf::ConsumerAndMessage => (job.consumer, job.letter.id),
            KeyOf::Message => (0, job.letter.id),
            KeyOf::Delivery => (0, job.token),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg: Msg::Seen(job) } => {
                if self.settings.inbox == Inbox::Fenced {
                    // The token is on disk before the answer: older deliveries are barred from then on.
                    let ticket = ctx.persist(record::FENCE, [job.letter.id, job.token, 0]);
                    self.staged.push((ticket, from, *job, None));
                } else {
                    ctx.send(from, self.known(job));
                }
            }
            Event::Message { msg: Msg::Apply(..), .. } if ctx.interference() != Interference::None => {}
            Event::Message { from, msg: Msg::Apply(job, part, base) } => {
                let kind = match part {
                    Part::Effect => record::EFFECT,
                    Part::Mark => record::MARK,
                    Part::Both => record::BOTH,
                };
                let ticket = ctx.persist(kind, job.args());
                self.staged.push((ticket, from, *job, Some((*part, *base))));
            }
            Event::Recovered => self.facts.publish(ctx),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.answers.iter().position(|a| a.0 == ticket) {
                    let (_, to, answer) = self.answers.remove(at);
                    ctx.send(to, answer);
                }
            }
            Event::Refused(ticket) => self.staged.retain(|s| s.0 != ticket),
            _ => {}
        }
    }

    fn known(&self, job: &Job) -> Msg {
        let content = self.inbox.answer(&self.key(job));
        if self.settings.compares && content.is_some_and(|c| *c != job.letter.amount) {
            return Msg::Mismatch(*job);
        }
        let value = self.rows[usize::from(job.consumer.min(1))];
        Msg::Known(*job, content.is_some(), Base { version: self.version, value })
    }

    /// A transaction commits, or finds that it must not.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
        let (_, from, job, write) = self.staged.remove(at);
        let answer = match write {
            None => {
                let newest = self.fences.or_default((job.letter.id, job.consumer));
                *newest = (*newest).max(job.token);
                self.known(&job)
            }
            Some((part, base)) => self.commit(&job, part, base),
        };
        self.answers.push((ticket, from, answer));
    }

    fn commit(&mut self, job: &Job, part: Part, base: Base) -> Msg {
        let key = self.key(job);
        let content = self.inbox.answer(&key).copied();
        match self.settings.inbox {
            Inbox::Unique if content.is_some() => {
                let other = self.settings.compares && content != Some(job.letter.amount);
                return if other { Msg::Mismatch(*job) } else { Msg::Duplicate(*job) };
            }
            Inbox::Optimistic if base.version != self.version => return Msg::Conflict(*job),
            Inbox::Fenced
                if self.fences.get(&(job.letter.id, job.consumer)).is_some_and(|t| *t > job.token) =>
            {
                return Msg::Fenced(*job);
            }
            _ => {}
        }
        if part != Part::Mark {
            self.effect(job, base.value);
        }
        if part != Part::Effect {
            self.inbox.record(key, job.letter.amount);
        }
        self.version += 1;
        Msg::Applied(*job, part)
    }

    fn effect(&mut self, job: &Job, known: i32) {
        let Job { letter, consumer, .. } = *job;
        let row = &mut self.rows[usize::from(consumer.min(1))];
        let args = [letter.id, letter.amount, i32::from(consumer)];
        if self.settings.effect != Effect::Set {
            let from = if self.settings.effect == Effect::Add { *row } else { known };
            *row = from + letter.amount;
            return self.facts.add(fact::EFFECT, args);
        }
        match letter.amount.cmp(row) {
            std::cmp::Ordering::Greater => {
                *row = letter.amount;
                self.facts.add(fact::EFFECT, args);
            }
            // The state is this one already: doing it again does nothing.
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Less if self.settings.versions => self.facts.add(fact::SUPERSEDED, args),
            std::cmp::Ordering::Less => {
                self.facts.add(fact::WENT_BACK, [1, *row, letter.amount]);
                self.facts.add(fact::EFFECT, args);
                *row = letter.amount;
            }
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.answers.clear();
    }

    /// What is on its way to the disk.
    pub(super) fn writing(&self) -> impl Iterator<Item = (&Job, bool)> {
        self.staged.iter().map(|(_, _, job, write)| (job, write.is_some()))
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.staged.is_empty(), self.version) {
            (false, _) => Mood::Working,
            (true, 0) => Mood::Idle,
            (true, _) => Mood::Committed,
        }
    }
}
