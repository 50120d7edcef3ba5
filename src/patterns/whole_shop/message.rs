//! What happened, how it is told, who tells whom to do what; the numbers of all kinds. A number is a
//! place in the lists here, which are append only, as links hold it.

use crate::kernel::{Args, Ctx, Message};
use crate::parts::broker::Offset;
use crate::parts::database::Write;
use crate::parts::shop::Service as Trade;
use crate::patterns::pattern::Kind;

/// What can happen; its number is its kind of message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Event {
    /// Orders: there is a new order.
    OrderPlaced,
    /// Inventory: an item is set aside.
    ItemReserved,
    /// Inventory: there is none.
    OutOfStock,
    /// Payment: the customer paid.
    CardCharged,
    /// Payment: the card was declined.
    PaymentDeclined,
    /// Shipping: the parcel has left.
    ParcelShipped,
    /// Shipping: nobody can deliver it.
    Undeliverable,
    /// Inventory: the item is back on the shelf.
    ItemReleased,
    /// Payment: the customer has the money back.
    CardRefunded,
    /// Orders: everything is done.
    OrderConfirmed,
    /// Orders: nothing is, or is any more.
    OrderCancelled,
}

/// An event: what happened, to which order. Equal ones are copies of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Notice {
    /// What happened.
    pub event: Event,
    /// To which order: the correlation id.
    pub order: i32,
}

/// A step of an order, in the order in which a saga does them; shipping is the pivot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// Inventory sets an item aside.
    Reserve,
    /// Payment charges the card.
    Charge,
    /// Shipping hands the parcel over.
    Ship,
}

/// To do a step, or to undo it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Op {
    /// To do it.
    Do,
    /// To undo it.
    Undo,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 3] = [Self::Reserve, Self::Charge, Self::Ship];

    /// The part that does it.
    #[must_use]
    pub const fn trade(self) -> Trade {
        match self {
            Self::Reserve => Trade::Inventory,
            Self::Charge => Trade::Payment,
            Self::Ship => Trade::Shipping,
        }
    }

    /// The event that it was done, that it cannot be, that it was undone. (A parcel that left is
    /// never undone.)
    #[must_use]
    pub const fn tells(self) -> (Event, Event, Event) {
        match self {
            Self::Reserve => (Event::ItemReserved, Event::OutOfStock, Event::ItemReleased),
            Self::Charge => (Event::CardCharged, Event::PaymentDeclined, Event::CardRefunded),
            Self::Ship => (Event::ParcelShipped, Event::Undeliverable, Event::Undeliverable),
        }
    }

    /// In a choreography: what its service does about an event.
    #[must_use]
    pub const fn reaction(self, event: Event) -> Option<Op> {
        match (self, event) {
            (Self::Reserve, Event::OrderPlaced)
            | (Self::Charge, Event::ItemReserved)
            | (Self::Ship, Event::CardCharged) => Some(Op::Do),
            (Self::Reserve, Event::PaymentDeclined | Event::Undeliverable)
            | (Self::Charge, Event::Undeliverable) => Some(Op::Undo),
            _ => None,
        }
    }
}

/// In a choreography: what the order service makes of an event; whether the order is confirmed.
#[must_use]
pub const fn ending(event: Event) -> Option<bool> {
    match event {
        Event::ParcelShipped => Some(true),
        Event::OutOfStock | Event::PaymentDeclined | Event::Undeliverable => Some(false),
        _ => None,
    }
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// An event: to the broker or straight to who asked for it, or from the broker with its place.
    Event(Notice, Option<Offset>),
    /// The broker has this event on disk.
    Published(Notice),
    /// A subscriber has dealt with the event at this place.
    Processed(Notice, Offset),
    /// The database's log, to the connector: a change and its place.
    Change(Notice, u32),
    /// The connector, to the database: everything up to here need not be kept for me.
    Confirmed(Notice, u32),
    /// The customer wants something.
    Order(i32),
    /// It is noted; the rest will be heard by mail.
    Accepted(i32),
    /// How it ended: the order, whether it is confirmed, and the key under which a mail provider
    /// knows a mail again.
    Mail(i32, bool, i32),
    /// The mail provider has it: order and key.
    Taken(i32, i32),
    /// The orchestrator's commands.
    Command(i32, Step, Op),
    /// Two-phase commit: may it be done?
    Prepare(i32),
    /// Two-phase commit: it may, or it may not.
    Vote(i32, bool),
    /// Two-phase commit: it is done, or it is not.
    Decision(i32, bool),
    /// Two-phase commit: the decision is carried out.
    Ack(i32),
}

/// Kinds of messages: the events first, by number.
pub static MESSAGES: &[Kind] = &[
    Kind::event("order-placed"),
    Kind::event("item-reserved"),
    Kind::failure("out-of-stock"),
    Kind::event("card-charged"),
    Kind::failure("payment-declined"),
    Kind::event("parcel-shipped"),
    Kind::failure("undeliverable"),
    Kind::undo("item-released"),
    Kind::undo("card-refunded"),
    Kind::event("order-confirmed"),
    Kind::failure("order-cancelled"),
    Kind::event("published"),
    Kind::event("processed"),
    Kind::event("change"),
    Kind::event("confirmed-flush"),
    Kind::command("order"),
    Kind::event("accepted"),
    Kind::event("mail-confirmed"),
    Kind::failure("mail-cancelled"),
    Kind::command("reserve-item"),
    Kind::command("charge-card"),
    Kind::command("ship-parcel"),
    Kind::undo("release-item"),
    Kind::undo("refund-card"),
    Kind::undo("stop-parcel"),
    Kind::query("prepare"),
    Kind::event("yes"),
    Kind::failure("no"),
    Kind::command("commit"),
    Kind::undo("abort"),
    Kind::event("ack"),
    Kind::event("mail-taken"),
];

impl Message for Msg {
    fn kind(&self) -> u8 {
        match *self {
            Self::Event(notice, _) => notice.event as u8,
            Self::Published(_) => 11,
            Self::Processed(..) => 12,
            Self::Change(..) => 13,
            Self::Confirmed(..) => 14,
            Self::Order(_) => 15,
            Self::Accepted(_) => 16,
            Self::Mail(_, confirmed, _) => 18 - confirmed as u8,
            Self::Command(_, step, Op::Do) => 19 + step as u8,
            Self::Command(_, step, Op::Undo) => 22 + step as u8,
            Self::Prepare(_) => 25,
            Self::Vote(_, yes) => 27 - yes as u8,
            Self::Decision(_, commit) => 29 - commit as u8,
            Self::Ack(_) => 30,
            Self::Taken(..) => 31,
        }
    }

    /// The order; the event's number, where the kind does not name it.
    fn args(&self) -> Args {
        match *self {
            Self::Event(n, _)
            | Self::Published(n)
            | Self::Processed(n, _)
            | Self::Change(n, _)
            | Self::Confirmed(n, _) => [n.order, n.event as i32, 0],
            Self::Order(order)
            | Self::Accepted(order)
            | Self::Mail(order, ..)
            | Self::Taken(order, _)
            | Self::Command(order, ..)
            | Self::Prepare(order)
            | Self::Vote(order, _)
            | Self::Decision(order, _)
            | Self::Ack(order) => [order, 0, 0],
        }
    }
}

/// Kinds of durable records.
pub static RECORDS: &[Kind] = &[
    Kind::command("placed"),
    Kind::event("commit"),
    Kind::undo("abort"),
    Kind::event("ended"),
    Kind::event("step"),
    Kind::failure("refused"),
    Kind::undo("undone"),
    Kind::event("status"),
    Kind::event("sent"),
    Kind::query("prepared"),
    Kind::event("effect"),
    Kind::undo("compensation"),
    Kind::failure("refusal"),
    Kind::event("event"),
    Kind::event("offset"),
    Kind::event("processed"),
    Kind::failure("alone"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const PLACED: u8 = 0;
    pub const COMMIT: u8 = 1;
    pub const ABORT: u8 = 2;
    pub const ENDED: u8 = 3;
    pub const STEP: u8 = 4;
    pub const REFUSED: u8 = 5;
    pub const UNDONE: u8 = 6;
    pub const STATUS: u8 = 7;
    pub const SENT: u8 = 8;
    pub const PREPARED: u8 = 9;
    pub const EFFECT: u8 = 10;
    pub const COMPENSATION: u8 = 11;
    pub const REFUSAL: u8 = 12;
    pub const EVENT: u8 = 13;
    pub const OFFSET: u8 = 14;
    pub const PROCESSED: u8 = 15;
    pub const ALONE: u8 = 16;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("publish-again"),
    Kind::query("deliver-again"),
    Kind::failure("vote-timeout"),
    Kind::query("ask-services-again"),
    Kind::failure("patience"),
    Kind::query("next-order"),
    Kind::query("order-again"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const PUBLISH_AGAIN: u8 = 0;
    pub const DELIVER_AGAIN: u8 = 1;
    pub const VOTE_TIMEOUT: u8 = 2;
    pub const ASK_AGAIN: u8 = 3;
    pub const PATIENCE: u8 = 4;
    pub const NEXT_ORDER: u8 = 5;
    pub const ORDER_AGAIN: u8 = 6;
}

/// Facts of the outside world; the first value is the order. The places of the shop's three
/// services are those of [`Trade::fact`].
pub static FACTS: &[Kind] = &[
    Kind::command("placed"),
    Kind::event("charged"),
    Kind::event("reserved"),
    Kind::event("shipped"),
    Kind::undo("refunded"),
    Kind::undo("released"),
    Kind::event("confirmed"),
    Kind::undo("cancelled"),
    Kind::event("told"),
];

/// Places in [`FACTS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const PLACED: u8 = 0;
    pub const CHARGED: u8 = 1;
    pub const RESERVED: u8 = 2;
    pub const SHIPPED: u8 = 3;
    pub const REFUNDED: u8 = 4;
    pub const RELEASED: u8 = 5;
    pub const CONFIRMED: u8 = 6;
    pub const CANCELLED: u8 = 7;
    pub const TOLD: u8 = 8;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[Kind::command("place-order")];

/// The same writes backwards, upon the values of now.
#[must_use]
pub fn backwards(writes: &[Write], now: impl Fn(u8) -> i32) -> Vec<Write> {
    let back = |w: &Write| Write { key: w.key, from: now(w.key), to: now(w.key) - (w.to - w.from) };
    writes.iter().map(back).collect()
}

/// Facts that became true with a write and are not in the ledger yet: a crash can come between the
/// write and its node's hearing of it. They are entered when the node runs again.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Something became true.
    pub fn add(&mut self, fact: u8, order: i32) {
        self.0.push((fact, [order, 0, 0]));
    }

    /// Enters everything into the ledger.
    pub fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_the_kind_of_its_name() {
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        let event = |event| Msg::Event(Notice { event, order: 1 }, None);
        assert_eq!(id(event(Event::OrderPlaced)), "order-placed");
        assert_eq!(id(event(Event::OrderCancelled)), "order-cancelled");
        assert_eq!(id(Msg::Mail(1, true, 0)), "mail-confirmed");
        assert_eq!(id(Msg::Mail(1, false, 0)), "mail-cancelled");
        assert_eq!(id(Msg::Command(1, Step::Ship, Op::Do)), "ship-parcel");
        assert_eq!(id(Msg::Command(1, Step::Charge, Op::Undo)), "refund-card");
        assert_eq!((id(Msg::Vote(1, true)), id(Msg::Vote(1, false))), ("yes", "no"));
        assert_eq!((id(Msg::Decision(1, true)), id(Msg::Decision(1, false))), ("commit", "abort"));
        assert_eq!((id(Msg::Ack(1)), id(Msg::Taken(1, 0))), ("ack", "mail-taken"));
    }

    #[test]
    fn each_step_waits_for_the_one_before_it_and_its_failure_undoes_those() {
        for two in Step::ALL.windows(2) {
            assert_eq!(two[1].reaction(two[0].tells().0), Some(Op::Do));
            assert_eq!(two[0].reaction(two[1].tells().1), Some(Op::Undo));
        }
        for step in Step::ALL {
            assert_eq!(ending(step.tells().1), Some(false));
        }
    }

    #[test]
    fn the_facts_of_services_stand_in_their_places() {
        let facts = Step::ALL.map(|s| FACTS[s.trade().fact() as usize].id);
        assert_eq!(facts, ["reserved", "charged", "shipped"]);
    }
}
