//! The query service: answers from its read store, or asks the database. With a replica it passes
//! on what its store has become.
//!
//! Owns the tables of the read model (one, or two while it is rebuilt), each with the version that it
//! is the image of, and the questions that wait for a version. Does not own the order of events.

use super::database::Level;
use super::message::{Change, Msg, Reached, Row, record, timer};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::retry::RetryPolicy;

/// What a table takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Takes {
    /// Every event, as it comes.
    Anything,
    /// An event newer than itself.
    Newer,
    /// The event that is next.
    Next,
}

/// How a query service is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The database, where a query goes that is not answered here.
    pub database: NodeId,
    /// Where queries are answered from.
    pub level: Level,
    /// Questions of one's own (with a version) go to the write side.
    pub own_from_write_side: bool,
    /// Items in stock at the start.
    pub stock: i32,
    /// What a table takes.
    pub takes: Takes,
    /// Whether items sold are added up, or taken from the event.
    pub adds: bool,
    /// Whether a new table is built beside the old one.
    pub beside: bool,
    /// Who follows this store.
    pub replica: Option<NodeId>,
    /// How long after a change the replica hears of it.
    pub replica_lag: Span,
    /// Whether it follows another store itself.
    pub follows: bool,
    /// How long a question waits for its version.
    pub wait: Span,
    /// When something is sent to the replica again.
    pub resend: RetryPolicy,
}

/// A question that waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Question {
    /// Its number.
    pub number: i32,
    /// Who asks.
    pub from: NodeId,
    /// The least version that it accepts.
    pub least: i32,
    plain: bool,
    /// The database is asked.
    there: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Write {
    Apply(u8, Change),
    New,
    Replica(i32, Row),
}

/// A query service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Queries {
    settings: Settings,
    /// Durable: tables, and which one is shown.
    tables: [Option<Row>; 2],
    serving: u8,
    /// Durable: see [`Reached`].
    generation: i32,
    /// Durable: changes of the table that is shown, and of those the replica's (or this replica's).
    changes: i32,
    /// Volatile.
    replicated: i32,
    pub(super) questions: Vec<Question>,
    staged: Vec<(Ticket, Write)>,
    answers: Vec<(Ticket, NodeId, Write)>,
    tries: u8,
    /// The row before its newest change, for a reader.
    pub(super) before: Option<Row>,
}

impl Queries {
    /// A query service whose read store is empty of changes.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let row = Row { version: 0, left: settings.stock, sold: 0 };
        Self {
            settings,
            tables: [Some(row), None],
            serving: 0,
            generation: 0,
            changes: 0,
            replicated: 0,
            questions: Vec::new(),
            staged: Vec::new(),
            answers: Vec::new(),
            tries: 0,
            before: None,
        }
    }

    /// The row that is shown, where it has a store of its own.
    #[must_use]
    pub fn shown(&self) -> Option<Row> {
        (self.settings.level == Level::Async).then(|| self.row())
    }

    fn row(&self) -> Row {
        let start = Row { version: 0, left: self.settings.stock, sold: 0 };
        self.tables[usize::from(self.serving)].unwrap_or(start)
    }

    /// A table that is being built.
    #[must_use]
    pub fn new_table(&self) -> Option<Row> {
        self.tables[usize::from(1 - self.serving)]
    }

    fn reached(&self) -> Reached {
        let new = self.new_table().map(|row| row.version);
        Reached { generation: self.generation, shown: self.row().version, new }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { .. } if ctx.interference() == Interference::Fail => {}
            Event::Message { from, msg } => self.hear(ctx, from, msg),
            Event::Recovered => self.replicate(ctx),
            Event::Timer(Timer { kind: timer::WAITED_ENOUGH, arg }) => {
                if let Some(at) = self.questions.iter().position(|q| q.number == arg) {
                    let q = self.questions.remove(at);
                    ctx.send(q.from, Msg::NotYet(q.number, q.least));
                }
            }
            Event::Timer(_) => self.replicate(ctx),
            Event::Persisted(ticket) => self.written(ctx, ticket),
            Event::Refused(ticket) => self.staged.retain(|(t, _)| *t != ticket),
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match *msg {
            Msg::Query(number, least, plain) => {
                let q = Question { number, from, least, plain, there: false };
                if ctx.interference() == Interference::Refuse {
                    return ctx.send(from, Msg::NotYet(number, least));
                }
                self.asked(ctx, q);
            }
            Msg::Data(number, row) => {
                if let Some(at) = self.questions.iter().position(|q| q.number == number && q.there) {
                    let q = self.questions.remove(at);
                    ctx.send(q.from, Msg::Response(number, row, q.plain));
                }
            }
            Msg::Check(number) => ctx.send(from, Msg::Checked(number, self.row())),
            Msg::Load => ctx.send(from, Msg::Position(self.reached())),
            Msg::Apply(table, change) => {
                let args = [change.version, change.quantity, i32::from(table)];
                self.write(ctx, record::ROW, args, from, Write::Apply(table, change));
            }
            Msg::NewTable => self.write(ctx, record::NEW_TABLE, [0; 3], from, Write::New),
            Msg::Replicate(number, row) => {
                let args = [row.version, row.left, row.sold];
                self.write(ctx, record::REPLICA, args, from, Write::Replica(number, row));
            }
            Msg::Replicated(number) => {
                self.replicated = self.replicated.max(number);
                self.tries = 0;
                if self.replicated >= self.changes {
                    ctx.cancel_timer(Timer { kind: timer::REPLICATE, arg: 0 });
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, q: Question) {
        self.questions.retain(|other| other.number != q.number);
        let own = self.settings.own_from_write_side && q.least > 0;
        if self.settings.level != Level::Async || own {
            self.questions.push(Question { there: true, ..q });
            ctx.send(self.settings.database, Msg::Read(q.number));
        } else if !self.settings.own_from_write_side && q.least > self.row().version {
            self.questions.push(q);
            ctx.set_timer(Timer { kind: timer::WAITED_ENOUGH, arg: q.number }, self.settings.wait);
        } else {
            ctx.send(q.from, Msg::Response(q.number, self.row(), q.plain));
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, args: [i32; 3], from: NodeId, write: Write) {
        let ticket = ctx.persist(kind, args);
        self.answers.push((ticket, from, write.clone()));
        self.staged.push((ticket, write));
    }

    fn written(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        let Some(at) = self.answers.iter().position(|(t, ..)| *t == ticket) else { return };
        let (_, to, write) = self.answers.remove(at);
        match write {
            Write::Apply(_, change) => ctx.send(to, Msg::Applied(change.version, self.reached())),
            Write::New => ctx.send(to, Msg::Position(self.reached())),
            Write::Replica(number, _) => ctx.send(to, Msg::Replicated(number)),
        }
        let version = self.row().version;
        let ready = |q: &Question| !q.there && q.least <= version;
        while let Some(at) = self.questions.iter().position(ready) {
            let q = self.questions.remove(at);
            ctx.cancel_timer(Timer { kind: timer::WAITED_ENOUGH, arg: q.number });
            ctx.send(q.from, Msg::Response(q.number, self.row(), q.plain));
        }
        if self.settings.replica.is_some() && self.replicated < self.changes && self.tries == 0 {
            self.tries = 1;
            ctx.set_timer(Timer { kind: timer::REPLICATE, arg: 0 }, self.settings.replica_lag);
        }
    }

    fn replicate(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(replica) = self.settings.replica else { return };
        if self.replicated >= self.changes {
            return;
        }
        ctx.send(replica, Msg::Replicate(self.changes, self.row()));
        self.tries = self.tries.saturating_add(1).clamp(2, 9);
        let wait = self.settings.resend.full(u32::from(self.tries) - 1);
        ctx.set_timer(Timer { kind: timer::REPLICATE, arg: 0 }, wait);
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) else { return };
        let before = self.row();
        match self.staged.remove(at).1 {
            Write::Apply(table, change) => self.apply(table, &change),
            Write::New => {
                // Beside a table that has nothing yet, there is nothing to be built.
                let beside = self.settings.beside && self.row().version > 0;
                let place = if beside { 1 - self.serving } else { self.serving };
                self.generation += 1;
                self.tables[usize::from(place)] =
                    Some(Row { version: 0, left: self.settings.stock, sold: 0 });
                if place == self.serving {
                    self.changes += 1;
                }
            }
            Write::Replica(number, row) => {
                if number > self.changes {
                    self.changes = number;
                    self.tables[usize::from(self.serving)] = Some(row);
                }
            }
        }
        if self.row() != before {
            self.before = Some(before);
        }
    }

    /// `UPDATE item SET left = …, sold = sold + …, version = … WHERE …`
    fn apply(&mut self, table: u8, change: &Change) {
        let place = usize::from(if table == 0 { self.serving } else { 1 - self.serving });
        let Some(row) = &mut self.tables[place] else { return };
        let takes = match self.settings.takes {
            Takes::Anything => true,
            Takes::Newer => change.version > row.version,
            Takes::Next => change.version == row.version + 1,
        };
        if !takes {
            return;
        }
        row.left = change.left;
        row.sold = if self.settings.adds { row.sold + change.quantity } else { change.total };
        row.version = change.version;
        let version = row.version;
        if table == 0 {
            self.changes += 1;
        } else if version >= self.row().version {
            // It has caught up: one write, and it is the one that is shown.
            self.tables[usize::from(self.serving)] = None;
            self.serving = 1 - self.serving;
            self.generation += 1;
            self.changes += 1;
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.replicated = 0;
        self.questions.clear();
        self.staged.clear();
        self.answers.clear();
        self.tries = 0;
        self.before = None;
    }

    pub(super) const fn follows(&self) -> bool {
        self.settings.follows
    }

    /// A change on its way to the disk: version and items, or the row of a replica.
    pub(super) fn writing(&self) -> Option<(i32, i32)> {
        self.staged.iter().find_map(|(_, w)| match w {
            Write::Apply(_, change) => Some((change.version, change.quantity)),
            Write::Replica(_, row) => Some((row.version, row.sold)),
            Write::New => None,
        })
    }

    pub(super) fn mood(&self) -> Mood {
        if !self.questions.is_empty() {
            Mood::Waiting
        } else if !self.staged.is_empty() {
            Mood::Working
        } else if self.new_table().is_some() {
            Mood::Stale
        } else if self.changes > 0 {
            Mood::Committed
        } else {
            Mood::Idle
        }
    }
}
