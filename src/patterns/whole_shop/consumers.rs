//! Who only listens: the notification service, which writes to the customer, and the read model,
//! which counts. Each naive or idempotent: knowing an event again is a record in the same write as
//! what was done about it.
//!
//! Owns what was read and what was made of it. A mail cannot be part of a transaction: its event counts
//! as dealt with once the mail provider has it, and a crash in between sends it again, under a key that
//! the provider knows; the naive form gives every mail a new one.

use super::message::{Event, Msg, Notice, record};
use crate::kernel::{Ctx, Event as Happening, Mood, NodeId, Ticket};
use crate::parts::broker::{Offset, Staged};
use crate::parts::idempotency::IdempotencyTable;
use crate::parts::shop::PRICE;
use crate::sorted::Map;

/// Events that are known again.
const REMEMBERED: usize = 128;

/// What the read model says of the shop.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct View {
    /// What each order has come to: the last that was heard of it.
    pub orders: Map<i32, Event>,
    /// So many orders were placed.
    pub placed: i32,
    /// What was earned with those that were confirmed.
    pub revenue: i32,
}

impl View {
    fn apply(&mut self, notice: Notice) {
        match notice.event {
            Event::OrderPlaced => self.placed += 1,
            Event::OrderConfirmed => self.revenue += PRICE,
            _ => {}
        }
        // An end is never followed by the beginning, whatever comes late.
        if notice.event != Event::OrderPlaced || !self.orders.contains_key(&notice.order) {
            self.orders.insert(notice.order, notice.event);
        }
    }
}

/// What a consumer does about an event.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Duty {
    /// It writes to the customer.
    Notify(NodeId),
    /// It keeps a copy.
    Keep(View),
}

/// A consumer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Consumer {
    broker: NodeId,
    idempotent: bool,
    pub(super) duty: Duty,
    /// Durable: the events that were dealt with.
    pub(super) inbox: IdempotencyTable<Notice, ()>,
    /// Durable: how many there were, copies and all.
    pub(super) dealt_with: u32,
    /// Volatile: mails that the provider has not taken, by key.
    calls: Vec<(i32, Notice, Offset)>,
    staged: Staged<(Notice, Offset)>,
    written: Vec<(Ticket, Notice, Offset)>,
}

impl Consumer {
    /// A consumer that has heard nothing.
    #[must_use]
    pub const fn new(broker: NodeId, idempotent: bool, duty: Duty) -> Self {
        Self {
            broker,
            idempotent,
            duty,
            inbox: IdempotencyTable::new(REMEMBERED),
            dealt_with: 0,
            calls: Vec::new(),
            staged: Staged::new(),
            written: Vec::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Happening<'_, Msg>) {
        match event {
            Happening::Message { msg: Msg::Event(notice, Some(place)), .. } => {
                self.hear(ctx, *notice, *place);
            }
            Happening::Message { msg: Msg::Taken(order, key), .. } => {
                let call = self.calls.iter().position(|(k, n, _)| k == key && n.order == *order);
                if let Some(at) = call {
                    let (_, notice, place) = self.calls.remove(at);
                    self.write(ctx, notice, place);
                }
            }
            Happening::Persisted(ticket) => {
                let Some(at) = self.written.iter().position(|w| w.0 == ticket) else { return };
                let (_, notice, place) = self.written.remove(at);
                ctx.send(self.broker, Msg::Processed(notice, place));
            }
            // Not acknowledged: the broker brings the event again.
            Happening::Refused(ticket) => drop(self.staged.take(ticket)),
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, notice: Notice, place: Offset) {
        if self.idempotent {
            if self.inbox.answer(&notice).is_some() {
                return ctx.send(self.broker, Msg::Processed(notice, place));
            }
            if self.staged.iter().any(|(n, _)| *n == notice) {
                return;
            }
        }
        let Duty::Notify(client) = self.duty else { return self.write(ctx, notice, place) };
        let key = if self.idempotent { 0 } else { 1 + ctx.roll(1_000_000) as i32 };
        ctx.send(client, Msg::Mail(notice.order, notice.event == Event::OrderConfirmed, key));
        self.calls.retain(|c| !self.idempotent || c.1 != notice);
        self.calls.push((key, notice, place));
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, notice: Notice, place: Offset) {
        let args = [notice.order, notice.event as i32, 0];
        self.staged.write(ctx, record::PROCESSED, args, (notice, place));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some((notice, place)) = self.staged.take(ticket) else { return };
        self.written.push((ticket, notice, place));
        let fresh = self.inbox.record(notice, ());
        if !self.idempotent || fresh {
            self.dealt_with += 1;
            if let Duty::Keep(view) = &mut self.duty {
                view.apply(notice);
            }
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.calls.clear();
        self.staged.crash();
        self.written.clear();
    }

    /// Orders whose mail the provider has not taken.
    pub(super) fn calls(&self) -> impl Iterator<Item = i32> {
        self.calls.iter().map(|(_, notice, _)| notice.order)
    }

    /// What is being written.
    pub(super) fn writing(&self) -> impl Iterator<Item = Notice> {
        self.staged.iter().map(|(notice, _)| *notice)
    }

    pub(super) fn mood(&self) -> Mood {
        match () {
            () if !self.staged.is_empty() => Mood::Working,
            () if !self.calls.is_empty() => Mood::Waiting,
            () if self.dealt_with > 0 => Mood::Committed,
            () => Mood::Idle,
        }
    }
}
