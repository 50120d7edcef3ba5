//! A private database: one service's tables, its outbox, its schema.
//!
//! Owns the rows and what a transaction makes of them. It answers whoever asks, as databases do that
//! share a server and a password: keeping others out is a rule of the team, and here a promise. Does
//! not own what the rows mean to others: they get fragments by the service's interface, and events.

use super::message::{Change, Deed, Msg, Owner, Row, Write, fact, name_of, record};
use crate::kernel::{Args, Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::parts::idempotency::IdempotencyTable;

/// How many granted wishes are remembered: far more than a client asks again.
const GRANTED: usize = 32;

/// How a customer is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deletion {
    /// The row is gone, and nobody else hears of it.
    Hard,
    /// A tombstone stays.
    Soft,
    /// The row is gone, and an event says so.
    CleanUp,
}

/// How a database is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Whose it is.
    pub owner: Owner,
    /// The only one who may ask.
    pub service: NodeId,
    /// Whether a change and its event are one transaction.
    pub outbox: bool,
    /// Whether anybody listens to these events.
    pub heard: bool,
    /// Whether orders keep a copy of the customer's name.
    pub copies: bool,
    /// How a customer is deleted.
    pub deletion: Deletion,
    /// Rows: what everything began with.
    pub rows: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Staged {
    Write(Write),
    Schema(u8),
}

/// One private database.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Store {
    pub(super) settings: Settings,
    pub(super) rows: Vec<Row>,
    pub(super) outbox: Vec<Change>,
    pub(super) schema: u8,
    /// Facts that are true since a flush and not in the ledger yet: they survive a crash.
    facts: Vec<(u8, Args)>,
    /// Wishes that were granted, and what each left behind; the newest of them.
    granted: IdempotencyTable<i32, Option<Change>>,
    staged: Vec<(Ticket, Staged)>,
    /// What a write left behind, to be answered.
    answers: Vec<(Ticket, Msg)>,
}

const fn first_row(settings: &Settings, key: i32) -> Row {
    let customer = (key - 1) % 3 + 1;
    let plain = Row { key, version: 1, value: 0, customer: 0, copied: 0, gone: false };
    match settings.owner {
        Owner::Orders => {
            let copied = if settings.copies { 1 } else { 0 };
            Row { value: amount(key, 1), customer, copied, ..plain }
        }
        Owner::Customers => Row { value: name_of(key, 1), ..plain },
        Owner::Shipping => Row { value: 1, ..plain },
    }
}

/// The amount of an order: small numbers that a change raises by 40.
const fn amount(order: i32, version: i32) -> i32 {
    const FIRST: [i32; 4] = [120, 80, 200, 40];
    FIRST[((order - 1) % 4) as usize] + 40 * (version - 1)
}

impl Store {
    /// A database with its first rows.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let n = if settings.owner == Owner::Customers { 3 } else { settings.rows };
        Self {
            settings,
            rows: (1..=n).map(|key| first_row(&settings, key)).collect(),
            outbox: Vec::new(),
            schema: 1,
            facts: Vec::new(),
            granted: IdempotencyTable::new(GRANTED),
            staged: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// A row.
    #[must_use]
    pub fn row(&self, key: i32) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg } => self.asked(ctx, from, msg),
            Event::Recovered => self.publish(ctx),
            Event::Persisted(ticket) => {
                self.publish(ctx);
                if let Some(at) = self.answers.iter().position(|a| a.0 == ticket) {
                    let (_, answer) = self.answers.remove(at);
                    ctx.send(self.settings.service, answer);
                }
            }
            Event::Refused(ticket) => {
                let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
                if let (_, Staged::Write(write)) = self.staged.remove(at) {
                    ctx.send(self.settings.service, Msg::NotCommitted(write));
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match msg {
            Msg::Select(call, schema) | Msg::Trespass(call, schema) => {
                if from != self.settings.service {
                    let owner = self.settings.service;
                    ctx.observe(fact::TRESPASSED, [call.page, i32::from(from.0), i32::from(owner.0)]);
                }
                let wanted = |row: &&Row| call.keys.is_empty() || call.keys.contains(&row.key);
                let answer = if *schema == self.schema {
                    Msg::Rows(call.clone(), self.rows.iter().filter(wanted).copied().collect())
                } else {
                    Msg::NoColumn(call.clone(), self.schema)
                };
                ctx.send(from, answer);
            }
            Msg::Write(write) if ctx.interference() != Interference::None => {
                ctx.send(from, Msg::NotCommitted(*write));
            }
            Msg::Write(write) => {
                let kind = match write {
                    Write::Wish(_) => record::CHANGED,
                    Write::Heard(_) => record::COPIED,
                    Write::Sent(_) => record::CLEARED,
                };
                let ticket = ctx.persist(kind, write.args());
                self.staged.push((ticket, Staged::Write(*write)));
            }
            Msg::Alter(schema) if ctx.interference() == Interference::None => {
                let ticket = ctx.persist(record::SCHEMA, [i32::from(*schema), 0, 0]);
                self.staged.push((ticket, Staged::Schema(*schema)));
            }
            Msg::Alter(_) => ctx.send(from, Msg::Altered(self.schema)),
            Msg::Unsent => ctx.send(from, Msg::Outbox(self.outbox.clone())),
            _ => {}
        }
    }

    fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.facts.drain(..) {
            ctx.observe(fact, args);
        }
    }

    /// A transaction commits.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
        let answer = match self.staged.remove(at).1 {
            Staged::Schema(schema) => {
                self.schema = schema;
                Msg::Altered(schema)
            }
            Staged::Write(write) => {
                let change = match write {
                    Write::Wish(wish) => self.grant(wish.deed, wish.key, wish.no),
                    Write::Heard(change) => {
                        self.take_over(change);
                        None
                    }
                    Write::Sent(change) => {
                        self.outbox.retain(|c| *c != change);
                        None
                    }
                };
                if let Some(change) = change.filter(|c| self.settings.outbox && !self.outbox.contains(c)) {
                    self.outbox.push(change);
                }
                Msg::Committed(write, change)
            }
        };
        self.answers.push((ticket, answer));
    }

    /// A wish, once: what it changed, for those who listen. Asked again, the same answer.
    fn grant(&mut self, deed: Deed, key: i32, wish: i32) -> Option<Change> {
        if let Some(change) = self.granted.answer(&wish) {
            return *change;
        }
        let change = self.change(deed, key);
        self.granted.record(wish, change);
        change
    }

    fn change(&mut self, deed: Deed, key: i32) -> Option<Change> {
        let Settings { owner: source, heard, deletion, .. } = self.settings;
        let row = self.rows.iter_mut().find(|row| row.key == key && !row.gone)?;
        row.version += 1;
        let fact = match deed {
            Deed::Change => {
                row.value = amount(key, row.version);
                fact::CHANGED
            }
            Deed::Rename => {
                row.value = name_of(key, row.version);
                fact::RENAMED
            }
            Deed::Delete => {
                row.gone = true;
                fact::DELETED
            }
        };
        let change = Change { source, key, version: row.version, gone: row.gone };
        self.facts.push((fact, [key, change.version, 0]));
        if change.gone && deletion != Deletion::Soft {
            self.rows.retain(|row| row.key != key);
        }
        // A hard deletion tells nobody; a tombstone can be looked up by whoever wants to know.
        let silent = change.gone && deletion != Deletion::CleanUp;
        Some(change).filter(|_| heard && !silent)
    }

    /// What an event of another service means here; an old one means nothing.
    fn take_over(&mut self, change: Change) {
        match change.source {
            Owner::Orders | Owner::Shipping => {
                let parcel = self.rows.iter_mut().find(|row| row.key == change.key);
                if let Some(parcel) = parcel.filter(|parcel| parcel.version < change.version) {
                    parcel.version = change.version;
                }
            }
            Owner::Customers => {
                for order in self.rows.iter_mut().filter(|row| row.customer == change.key) {
                    if change.gone {
                        order.customer = 0;
                        order.copied = 0;
                    } else if order.copied > 0 && order.copied < change.version {
                        order.copied = change.version;
                    }
                }
            }
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.answers.clear();
    }

    /// What is on its way to the disk: the row; 0: the schema.
    pub(super) fn writing(&self) -> impl Iterator<Item = i32> {
        self.staged.iter().map(|(_, staged)| match staged {
            Staged::Write(write) => write.args()[0],
            Staged::Schema(_) => 0,
        })
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.staged.is_empty(), self.outbox.is_empty()) {
            (false, _) => Mood::Working,
            (true, false) => Mood::Waiting,
            (true, true) => Mood::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customers(deletion: Deletion) -> Store {
        let service = NodeId(0);
        let owner = Owner::Customers;
        Store::new(Settings { owner, service, outbox: true, heard: true, copies: true, deletion, rows: 2 })
    }

    #[test]
    fn a_wish_is_granted_once() {
        let mut db = customers(Deletion::Soft);
        let first = db.grant(Deed::Rename, 1, 7);
        assert_eq!(db.grant(Deed::Rename, 1, 7), first, "asked again: the same answer");
        assert_eq!((db.row(1).map(|r| r.version), db.facts.len()), (Some(2), 1));
    }

    #[test]
    fn a_deletion_tells_who_is_to_hear_of_it() {
        let gone = |deletion| {
            let mut db = customers(deletion);
            (db.grant(Deed::Delete, 1, 1).is_some(), db.row(1).map(|r| r.gone))
        };
        assert_eq!(gone(Deletion::Hard), (false, None));
        assert_eq!(gone(Deletion::Soft), (false, Some(true)));
        assert_eq!(gone(Deletion::CleanUp), (true, None));
    }

    #[test]
    fn an_old_event_means_nothing() {
        let settings = Settings { owner: Owner::Orders, ..customers(Deletion::Hard).settings };
        let mut db = Store::new(settings);
        let change = |version| Change { source: Owner::Customers, key: 1, version, gone: false };
        db.take_over(change(3));
        db.take_over(change(2));
        assert_eq!(db.row(1).map(|r| r.copied), Some(3));
    }
}
