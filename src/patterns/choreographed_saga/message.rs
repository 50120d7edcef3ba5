//! What happened, and how it is told: events, and the few other messages; the numbers of all kinds.
//! A number is a place in the lists here, which are append only, as links hold it.

use crate::kernel::{Args, Ctx, Message};
use crate::patterns::pattern::Kind;

/// What can happen. Each kind of event has a topic of its own; its number is its kind of message.
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
    /// Shipping: no parcel will leave, whether nobody can deliver it or it was stopped.
    Undeliverable,
    /// Orders: the customer, or the clock, calls the order off.
    OrderCancelled,
    /// Inventory: the item is back on the shelf.
    ItemReleased,
    /// Payment: the customer has the money back.
    CardRefunded,
    /// The textbook's customer service: credit is reserved.
    CreditReserved,
    /// The textbook's customer service: the credit limit does not allow it.
    CreditExceeded,
}

impl Event {
    /// Every event, by number.
    pub const ALL: [Self; 12] = [
        Self::OrderPlaced,
        Self::ItemReserved,
        Self::OutOfStock,
        Self::CardCharged,
        Self::PaymentDeclined,
        Self::ParcelShipped,
        Self::Undeliverable,
        Self::OrderCancelled,
        Self::ItemReleased,
        Self::CardRefunded,
        Self::CreditReserved,
        Self::CreditExceeded,
    ];
}

/// An event: what happened, to which order, in which round. Equal ones are copies of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Notice {
    /// What happened.
    pub event: Event,
    /// To which order: the correlation id.
    pub order: i32,
    /// In which round; above 1 only where orders tries again by itself.
    pub round: u8,
}

/// How an order ended, for the customer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Everything was done.
    Confirmed,
    /// What was done is undone, or being undone.
    Cancelled,
    /// It takes too long, and somebody looks into it.
    UnderReview,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// An event: to the broker, or from it with its place in the log.
    Event(Notice, Option<u32>),
    /// The broker has this event on disk.
    Published(Notice),
    /// A subscriber has dealt with the event at this place.
    Processed(Notice, u32),
    /// The customer wants something.
    Order(i32),
    /// The customer wants it no more.
    Cancel(i32),
    /// How it ended.
    News(i32, Outcome),
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
    Kind::undo("order-cancelled"),
    Kind::undo("item-released"),
    Kind::undo("card-refunded"),
    Kind::event("credit-reserved"),
    Kind::failure("credit-exceeded"),
    Kind::event("published"),
    Kind::event("processed"),
    Kind::command("order"),
    Kind::undo("cancel"),
    Kind::event("confirmed"),
    Kind::failure("cancelled"),
    Kind::failure("under-review"),
];

/// Kinds of durable records: the services', the order service's, the broker's.
pub static RECORDS: &[Kind] = &[
    Kind::event("effect"),
    Kind::undo("compensation"),
    Kind::failure("refusal"),
    Kind::event("sent"),
    Kind::command("placed"),
    Kind::undo("cancellation"),
    Kind::event("status"),
    Kind::failure("alarm"),
    Kind::event("event"),
    Kind::event("delivered"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const EFFECT: u8 = 0;
    pub const COMPENSATION: u8 = 1;
    pub const REFUSAL: u8 = 2;
    pub const SENT: u8 = 3;
    pub const PLACED: u8 = 4;
    pub const CANCELLATION: u8 = 5;
    pub const STATUS: u8 = 6;
    pub const ALARM: u8 = 7;
    pub const EVENT: u8 = 8;
    pub const DELIVERED: u8 = 9;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("publish-again"),
    Kind::query("deliver-again"),
    Kind::failure("saga-timeout"),
    Kind::query("next-order"),
    Kind::query("ask-again"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const PUBLISH_AGAIN: u8 = 0;
    pub const DELIVER_AGAIN: u8 = 1;
    pub const SAGA_TIMEOUT: u8 = 2;
    pub const NEXT_ORDER: u8 = 3;
    pub const ASK_AGAIN: u8 = 4;
}

/// Facts of the outside world. Values: the order; the step's number, or the event's; the amount.
pub static FACTS: &[Kind] = &[
    Kind::event("done"),
    Kind::undo("undone"),
    Kind::undo("barred"),
    Kind::command("placed"),
    Kind::event("confirmed"),
    Kind::undo("cancelled"),
    Kind::failure("alarm"),
    Kind::event("published"),
];

/// Places in [`FACTS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const DONE: u8 = 0;
    pub const UNDONE: u8 = 1;
    pub const BARRED: u8 = 2;
    pub const PLACED: u8 = 3;
    pub const CONFIRMED: u8 = 4;
    pub const CANCELLED: u8 = 5;
    pub const ALARM: u8 = 6;
    pub const PUBLISHED: u8 = 7;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[Kind::command("place-order"), Kind::undo("cancel-order")];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const PLACE_ORDER: u8 = 0;
    pub const CANCEL_ORDER: u8 = 1;
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Event(notice, _) => notice.event as u8,
            Self::Published(_) => 12,
            Self::Processed(..) => 13,
            Self::Order(_) => 14,
            Self::Cancel(_) => 15,
            Self::News(_, outcome) => 16 + *outcome as u8,
        }
    }

    /// The order; the event's number, where the kind does not name it; the round.
    fn args(&self) -> Args {
        match *self {
            Self::Event(n, _) | Self::Published(n) | Self::Processed(n, _) => {
                [n.order, n.event as i32, i32::from(n.round)]
            }
            Self::Order(order) | Self::Cancel(order) | Self::News(order, _) => [order, 0, 0],
        }
    }
}

/// Facts that became true with a write and are not in the ledger yet: a crash can come between the
/// write and its node's hearing of it. They are entered when the node runs again.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Something became true.
    pub fn add(&mut self, fact: u8, args: Args) {
        self.0.push((fact, args));
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
    fn every_event_has_the_kind_of_its_number() {
        for (n, event) in Event::ALL.into_iter().enumerate() {
            let notice = Notice { event, order: 1, round: 1 };
            assert_eq!(usize::from(Msg::Event(notice, None).kind()), n);
        }
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        let event = |event| Msg::Event(Notice { event, order: 1, round: 1 }, None);
        assert_eq!(id(event(Event::Undeliverable)), "undeliverable");
        assert_eq!(id(event(Event::CreditExceeded)), "credit-exceeded");
        assert_eq!(id(Msg::Cancel(1)), "cancel");
        assert_eq!(id(Msg::News(1, Outcome::UnderReview)), "under-review");
    }
}
