//! What a message broker keeps: a durable log that groups read by offset ([`topic`], [`group`]), and a
//! queue whose messages are acknowledged one by one ([`queue`]).
//!
//! All three are plain state without messages and timers: a broker machine says what survives by
//! when it changes them. Durably: stage the change with [`Staged::write`], carry it out in
//! [`crate::kernel::Machine::flush`], answer at [`crate::kernel::Event::Persisted`], and call
//! [`Staged::crash`] when the machine crashes. Does not own replication: a broker is one node here,
//! and its disk stands for a quorum of replicas.
//!
//! After the documentation of Apache Kafka (design, 4.0) and of RabbitMQ (quorum queues, 4.0).

pub mod group;
pub mod queue;
pub mod topic;

pub use group::{Denied, Generation, Group, Member};
pub use queue::{Dead, Delivery, Queue, Tag};
pub use topic::{Appended, Entry, Found, Offset, Partition, Stamp, Topic};

use crate::kernel::{Args, Ctx, Message, Ticket};

/// Changes that were asked of the disk and are not on it yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Staged<C>(Vec<(Ticket, C)>);

impl<C> Default for Staged<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C> Staged<C> {
    /// Nothing is staged.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Asks the disk for a record of this kind, and keeps the change until it is there.
    pub fn write<M: Message>(&mut self, ctx: &mut Ctx<'_, M>, kind: u8, args: Args, change: C) -> Ticket {
        let ticket = ctx.persist(kind, args);
        self.0.push((ticket, change));
        ticket
    }

    /// The change of this ticket, to be carried out or, when the disk refused it, forgotten; `None`
    /// when the ticket is another part's.
    pub fn take(&mut self, ticket: Ticket) -> Option<C> {
        let at = self.0.iter().position(|(t, _)| *t == ticket)?;
        Some(self.0.remove(at).1)
    }

    /// What is on its way to the disk, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &C> {
        self.0.iter().map(|(_, change)| change)
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A crash: what was not on disk is lost.
    pub fn crash(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_once_and_lost_in_a_crash() {
        let mut staged = Staged(vec![(Ticket(1), 'a'), (Ticket(2), 'b')]);
        assert_eq!((staged.take(Ticket(1)), staged.take(Ticket(1))), (Some('a'), None));
        assert_eq!(staged.iter().copied().collect::<Vec<_>>(), ['b']);
        staged.crash();
        assert!(staged.is_empty() && staged.take(Ticket(2)).is_none());
    }
}
