//! A consumer: keeps rows of its own, and their sum, by what the topic tells.
//!
//! Three ways to take in an event. *Upsert*: the row becomes what the event says. *Delta*: the sum
//! grows by what the event says the row grew by, which must not be done twice. *Read back*: the event
//! only says that something happened, and the consumer looks into the source's database itself. With
//! *dedup* it keeps the position of the newest event of each row in the same transaction, and passes
//! over what is not newer. Owns rows, sum, positions, and events that it cannot read. Does not own
//! its place in the topic.

use super::message::{Envelope, Facts, Key, Lsn, Msg, Op, fact, record, timer, verb};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket, Timer};
use crate::parts::broker::{Offset, Partition, Staged};
use crate::parts::retry::{RetryPolicy, counted};
use crate::sorted::Map;

/// How an event is taken in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Style {
    /// The row becomes what the event says.
    Upsert,
    /// The sum grows by the difference of after and before.
    Delta,
    /// The row becomes what the source's database says now.
    ReadBack,
}

/// Settings of a consumer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The broker.
    pub broker: NodeId,
    /// The source's database.
    pub database: NodeId,
    /// How it takes in an event.
    pub style: Style,
    /// Whether it keeps positions.
    pub dedup: bool,
    /// Whether an event that it cannot read goes to its dead letters; else it stops there.
    pub dead_letters: bool,
    /// When to look into the database again.
    pub retry: RetryPolicy,
}

/// Where an event stands in the topic, the event, and what the database said, where it was asked.
type Work = (Partition, Offset, Envelope, Option<Option<i32>>);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Apply(Work),
    DeadLetter(Work),
    Upgrade,
}

/// A consumer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Consumer {
    pub(super) settings: Settings,
    /// Durable: amounts by key.
    pub(super) rows: Map<Key, i32>,
    /// Durable: the sum of the amounts, as this consumer makes it out.
    pub(super) sum: i32,
    /// Durable: position of the newest event of each key.
    pub(super) positions: Map<Key, Lsn>,
    /// Durable: events it could not read.
    pub(super) dead: Vec<Envelope>,
    /// Durable: the newest schema that it can read.
    pub(super) reads: u8,
    facts: Facts,
    /// Volatile.
    pub(super) staged: Staged<Write>,
    flushed: Vec<(Ticket, Write)>,
    reading: Option<(Partition, Offset, Envelope)>,
    attempt: u32,
    /// An event that it cannot read.
    pub(super) unreadable: Option<Envelope>,
}

const READ_AGAIN: Timer = Timer { kind: timer::READ_AGAIN, arg: 0 };

impl Consumer {
    /// A consumer without rows.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            rows: Map::new(),
            sum: 0,
            positions: Map::new(),
            dead: Vec::new(),
            reads: 1,
            facts: Facts::new(),
            staged: Staged::new(),
            flushed: Vec::new(),
            reading: None,
            attempt: 0,
            unreadable: None,
        }
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = (Key, i32)> {
        self.rows.iter().map(|(key, amount)| (*key, *amount))
    }

    /// How it takes in an event.
    #[must_use]
    pub const fn style(&self) -> Style {
        self.settings.style
    }

    /// Its sum.
    #[must_use]
    pub const fn sum(&self) -> i32 {
        self.sum
    }

    /// Whether an event of this row is among its dead letters.
    #[must_use]
    pub fn gave_up(&self, key: Key) -> bool {
        self.dead.iter().any(|event| event.key == key)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            // A crash of this kind is out of a program's hands: no answer, and it is handed out again.
            Event::Message { msg: Msg::Deliver(..), .. } if ctx.interference() != Interference::None => {}
            Event::Message { msg: Msg::Deliver(partition, offset, value), .. } => {
                self.take(ctx, *partition, *offset, *value);
            }
            Event::Message { msg: Msg::Row(key, amount), .. } => {
                if let Some((partition, offset, value)) = self.reading
                    && value.key == *key
                {
                    ctx.cancel_timer(READ_AGAIN);
                    self.reading = None;
                    let work = (partition, offset, value, Some(*amount));
                    self.staged.write(ctx, record::APPLIED, value.args(), Write::Apply(work));
                }
            }
            Event::Timer(Timer { kind: timer::READ_AGAIN, .. }) => {
                self.attempt = counted(self.attempt);
                self.look(ctx);
            }
            Event::Command(verb::UPGRADE, _) => {
                self.staged.write(ctx, record::UPGRADED, [0; 3], Write::Upgrade);
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                let Some(at) = self.flushed.iter().position(|(t, _)| *t == ticket) else { return };
                if let (_, Write::Apply(work) | Write::DeadLetter(work)) = self.flushed.remove(at) {
                    ctx.send(self.settings.broker, Msg::Done(work.0, work.1, work.2));
                }
            }
            Event::Refused(ticket) => {
                self.staged.take(ticket);
            }
            Event::Recovered => self.facts.publish(ctx),
            _ => {}
        }
    }

    fn take(&mut self, ctx: &mut Ctx<'_, Msg>, partition: Partition, offset: Offset, value: Envelope) {
        let busy = self.staged.iter().any(|write| {
            matches!(write, Write::Apply(work) | Write::DeadLetter(work) if (work.0, work.1) == (partition, offset))
        });
        let reading = self.reading.is_some_and(|(p, o, _)| (p, o) == (partition, offset));
        if busy || reading {
            return;
        }
        let work = (partition, offset, value, None);
        if value.needs > self.reads {
            if self.settings.dead_letters {
                self.staged.write(ctx, record::DEAD_LETTER, value.args(), Write::DeadLetter(work));
            } else {
                // It stops here, and so does everything behind.
                self.unreadable = Some(value);
            }
            return;
        }
        self.unreadable = None;
        if self.settings.style == Style::ReadBack && value.op != Op::Tombstone {
            self.reading = Some((partition, offset, value));
            self.attempt = 1;
            self.look(ctx);
        } else {
            self.staged.write(ctx, record::APPLIED, value.args(), Write::Apply(work));
        }
    }

    /// Looks into the source's database.
    fn look(&self, ctx: &mut Ctx<'_, Msg>) {
        if let Some((_, _, value)) = self.reading {
            ctx.send(self.settings.database, Msg::ReadRow(value.key));
            ctx.set_timer(READ_AGAIN, self.settings.retry.full(self.attempt));
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(write) = self.staged.take(ticket) else { return };
        match &write {
            Write::Apply((_, _, value, looked)) => self.apply(value, *looked),
            Write::DeadLetter((_, _, value, _)) => {
                self.dead.push(*value);
                self.facts.add(fact::DEAD_LETTER, value.args());
            }
            Write::Upgrade => {
                self.reads = u8::MAX;
                self.unreadable = None;
            }
        }
        self.flushed.push((ticket, write));
    }

    /// The local transaction.
    fn apply(&mut self, value: &Envelope, looked: Option<Option<i32>>) {
        if self.settings.dedup {
            let known = self.positions.get(&value.key).copied().unwrap_or(0);
            // A reading and a tombstone may have the position of the event before them.
            if value.lsn < known || (value.lsn == known && value.op.is_change()) {
                self.facts.add(fact::KNOWN, value.args());
                return;
            }
            self.positions.insert(value.key, value.lsn);
        }
        if value.op == Op::Tombstone {
            // Mostly the delete before it has done it all; compaction may have taken that out.
            if let Some(amount) = self.rows.remove(&value.key) {
                self.sum -= amount;
                self.facts.add(fact::APPLIED, value.args());
            }
            return;
        }
        let before = self.rows.get(&value.key).copied();
        let after = looked.unwrap_or(value.after);
        match after {
            Some(amount) => self.rows.insert(value.key, amount),
            None => self.rows.remove(&value.key),
        };
        let old = if self.settings.style == Style::Delta { value.before } else { before };
        self.sum += after.unwrap_or(0) - old.unwrap_or(0);
        self.facts.add(fact::APPLIED, value.args());
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.flushed.clear();
        self.reading = None;
        self.attempt = 0;
        self.unreadable = None;
    }

    pub(super) fn mood(&self) -> Mood {
        if self.unreadable.is_some() || !self.dead.is_empty() {
            Mood::Stuck
        } else if self.reading.is_some() {
            Mood::Waiting
        } else if self.staged.iter().next().is_some() {
            Mood::Working
        } else if self.rows.is_empty() && self.sum == 0 {
            Mood::Idle
        } else {
            Mood::Committed
        }
    }
}
