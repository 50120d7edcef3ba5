//! The consumer: packs a parcel for an order that was placed, unpacks it when the order is cancelled.
//!
//! With an *inbox* the event's id is written in the same transaction as the effect, and a second
//! delivery finds it there: the effect happens once, however often the event comes. Owns parcels and
//! inbox. Its parcels are its copy of the order service's orders; it asks nobody.

use super::message::{Change, Facts, Msg, What, fact, record};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::parts::broker::{Offset, Partition, Staged};
use crate::parts::idempotency::IdempotencyTable;
use crate::sorted::Map;

/// Ids that the inbox keeps: more than a run has.
const KEPT: usize = 1000;

/// The consumer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shipping {
    broker: NodeId,
    /// Durable: parcels packed, by order.
    pub(super) parcels: Map<i32, u8>,
    /// Durable: ids of events that took effect; `None`: it keeps none.
    pub(super) inbox: Option<IdempotencyTable<i32, ()>>,
    facts: Facts,
    pub(super) staged: Staged<(Partition, Offset, Change)>,
    flushed: Vec<(Ticket, (Partition, Offset, Change))>,
}

impl Shipping {
    /// A consumer with nothing packed.
    #[must_use]
    pub fn new(broker: NodeId, inbox: bool) -> Self {
        Self {
            broker,
            parcels: Map::new(),
            inbox: inbox.then(|| IdempotencyTable::new(KEPT)),
            facts: Facts::default(),
            staged: Staged::new(),
            flushed: Vec::new(),
        }
    }

    /// Parcels packed, by order; one is right for an order that stands, none for a cancelled one.
    pub fn parcels(&self) -> impl Iterator<Item = (i32, u8)> {
        self.parcels.iter().map(|(order, count)| (*order, *count))
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Deliver(partition, offset, change), .. } => {
                // It fails: no answer, and the broker hands the event out again.
                if ctx.interference() != Interference::None {
                    return;
                }
                let work = (*partition, *offset, *change);
                if self.knows(change.id) {
                    ctx.send(self.broker, Msg::Done(*partition, *offset, *change));
                } else if !self.staged.iter().any(|staged| *staged == work) {
                    self.staged.write(ctx, record::EFFECT, change.args(), work);
                }
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.flushed.iter().position(|(t, _)| *t == ticket) {
                    let (partition, offset, change) = self.flushed.remove(at).1;
                    ctx.send(self.broker, Msg::Done(partition, offset, change));
                }
            }
            Event::Refused(ticket) => {
                self.staged.take(ticket);
            }
            Event::Recovered => self.facts.publish(ctx),
            _ => {}
        }
    }

    fn knows(&self, id: i32) -> bool {
        self.inbox.as_ref().is_some_and(|inbox| inbox.answer(&id).is_some())
    }

    /// The local transaction: the id into the inbox, and the effect, unless the id is there.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(work) = self.staged.take(ticket) else { return };
        let change = work.2;
        self.flushed.push((ticket, work));
        if self.inbox.as_mut().is_some_and(|inbox| !inbox.record(change.id, ())) {
            return;
        }
        let count = self.parcels.or_default(change.order);
        let fact = match (change.what, *count) {
            (What::Placed, _) => {
                *count = count.saturating_add(1);
                fact::PACKED
            }
            (What::Cancelled, 0) => fact::NOTHING_TO_UNPACK,
            (What::Cancelled, _) => {
                *count = 0;
                fact::UNPACKED
            }
        };
        self.facts.add(fact, change.args());
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.flushed.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.staged.iter().next().is_some() {
            Mood::Working
        } else if self.parcels.is_empty() {
            Mood::Idle
        } else {
            Mood::Committed
        }
    }
}
