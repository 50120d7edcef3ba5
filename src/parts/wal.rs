//! A write-ahead log: records are staged, acknowledged by the disk, and only then durable.
//!
//! Owns the staging that [`crate::kernel::Machine::flush`] needs, and how a log is shown. Does not own
//! what recovery makes of the records: that is the protocol's.

use std::hash::Hash;

use crate::kernel::{Args, Cell, Ctx, Description, Label, Log, Mark, Message, Shape, Ticket};

/// How many records are shown.
const SHOWN: usize = 6;

/// A write-ahead log of records `R`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Wal<R> {
    durable: Log<R>,
    staged: Vec<(Ticket, R)>,
}

impl<R: Clone + Hash> Default for Wal<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Clone + Hash> Wal<R> {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self { durable: Log::new(), staged: Vec::new() }
    }

    /// Asks the disk for a record. It is durable when the ticket comes back as
    /// [`crate::kernel::Event::Persisted`]; a crash before that loses it.
    pub fn append<M: Message>(&mut self, ctx: &mut Ctx<'_, M>, kind: u8, args: Args, record: R) -> Ticket {
        let ticket = ctx.persist(kind, args);
        self.staged.push((ticket, record));
        ticket
    }

    /// For [`crate::kernel::Machine::flush`]: the record of this ticket is on disk. Returns it, or
    /// `None` when the ticket is another part's.
    pub fn flush(&mut self, ticket: Ticket) -> Option<R> {
        let at = self.staged.iter().position(|(t, _)| *t == ticket)?;
        let (_, record) = self.staged.remove(at);
        self.durable.push(record.clone());
        Some(record)
    }

    /// For [`crate::kernel::Event::Refused`]: the record of this ticket will never be on disk.
    pub fn refuse(&mut self, ticket: Ticket) -> Option<R> {
        let at = self.staged.iter().position(|(t, _)| *t == ticket)?;
        Some(self.staged.remove(at).1)
    }

    /// A crash: what was staged is lost.
    pub fn crash(&mut self) {
        self.staged.clear();
    }

    /// What is on disk, oldest first; walk from the newest with `.rev()`.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.durable.iter()
    }

    /// What is on its way to the disk.
    pub fn staged(&self) -> impl Iterator<Item = &R> {
        self.staged.iter().map(|(_, r)| r)
    }

    /// How many records are on disk.
    #[must_use]
    pub fn len(&self) -> usize {
        self.durable.len()
    }

    /// Whether nothing is on disk.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.durable.is_empty()
    }

    /// Adds the log to a description: how many records came before, the newest ones, and what is on
    /// its way to the disk. The pattern has texts `section.log` and `log.earlier`.
    pub fn describe(&self, out: &mut Description, name: impl Fn(&R) -> Label) {
        out.section(Label::new("section.log"), Shape::Log, true);
        let shown = SHOWN.saturating_sub(self.staged.len()).min(self.len());
        let earlier = self.len() - shown;
        if earlier > 0 {
            let label = Label::with("log.earlier", [earlier as i32, 0, 0]);
            out.row(u64::MAX, Mark::Plain, &[Cell::Text(label)]);
        }
        let mut newest: Vec<&R> = self.records().rev().take(shown).collect();
        newest.reverse();
        for (i, record) in newest.into_iter().enumerate() {
            out.row((earlier + i) as u64, Mark::Plain, &[Cell::Text(name(record))]);
        }
        for (i, record) in self.staged().enumerate() {
            out.row((self.len() + i) as u64, Mark::Pending, &[Cell::Text(name(record))]);
        }
    }
}
