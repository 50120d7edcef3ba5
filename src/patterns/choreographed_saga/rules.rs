//! Who reacts to what: the whole of a choreography, which in real systems is written down nowhere.
//!
//! Owns each step's events and the subscriptions that follow. Does not own how events travel, nor
//! what a reaction does to a service's rows.

use super::message::Event;

/// The step that a service does. Its number is what texts call `step.<n>`; append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// Inventory sets an item aside.
    Reserve,
    /// Payment charges the card.
    Charge,
    /// Shipping hands the parcel over: the pivot, which nothing undoes.
    Ship,
    /// The textbook's customer service reserves credit.
    Credit,
}

/// What an order costs, and the credit that it takes.
pub const PRICE: i32 = 120;

/// What a service does about an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reaction {
    /// Its step.
    Do,
    /// The opposite of its step.
    Undo,
    /// See to it that its step is not done any more, if it is not done yet: the pivot's right alone.
    Stop,
}

impl Step {
    /// Every step, by number.
    pub const ALL: [Self; 4] = [Self::Reserve, Self::Charge, Self::Ship, Self::Credit];

    /// How much of its resource it takes.
    #[must_use]
    pub const fn amount(self) -> i32 {
        if matches!(self, Self::Charge | Self::Credit) { PRICE } else { 1 }
    }

    /// How much of its resource there is for so many orders.
    #[must_use]
    pub fn stock(self, orders: i32) -> i64 {
        let orders = i64::from(orders);
        if self.amount() == PRICE { orders * i64::from(PRICE) + 380 } else { orders + 9 }
    }

    /// The event that it was done, and the one that it cannot be.
    #[must_use]
    pub const fn tells(self) -> (Event, Event) {
        match self {
            Self::Reserve => (Event::ItemReserved, Event::OutOfStock),
            Self::Charge => (Event::CardCharged, Event::PaymentDeclined),
            Self::Ship => (Event::ParcelShipped, Event::Undeliverable),
            Self::Credit => (Event::CreditReserved, Event::CreditExceeded),
        }
    }

    /// The event that it was undone.
    #[must_use]
    pub const fn tells_undone(self) -> Option<Event> {
        match self {
            Self::Reserve => Some(Event::ItemReleased),
            Self::Charge => Some(Event::CardRefunded),
            Self::Ship | Self::Credit => None,
        }
    }

    /// What its service does about an event.
    #[must_use]
    pub const fn reaction(self, event: Event) -> Option<Reaction> {
        match (self, event) {
            (Self::Reserve | Self::Credit, Event::OrderPlaced)
            | (Self::Charge, Event::ItemReserved)
            | (Self::Ship, Event::CardCharged) => Some(Reaction::Do),
            (Self::Reserve, Event::PaymentDeclined | Event::Undeliverable | Event::OrderCancelled)
            | (Self::Charge, Event::Undeliverable | Event::OrderCancelled) => Some(Reaction::Undo),
            (Self::Ship, Event::OrderCancelled) => Some(Reaction::Stop),
            _ => None,
        }
    }
}

/// What is wrong with the subscriptions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Forgotten {
    /// Nothing.
    Nothing,
    /// Payment does not hear that an item is reserved.
    Payment,
    /// Inventory does not hear that a parcel cannot be delivered.
    Release,
}

/// Whether a service subscribes to an event.
#[must_use]
pub fn subscribes(step: Step, event: Event, cancel_for_everybody: bool, forgotten: Forgotten) -> bool {
    let forgets = match forgotten {
        Forgotten::Nothing => false,
        Forgotten::Payment => (step, event) == (Step::Charge, Event::ItemReserved),
        Forgotten::Release => (step, event) == (Step::Reserve, Event::Undeliverable),
    };
    // Where the pivot decides, nobody else hears of a cancellation but through its decision.
    let own = event != Event::OrderCancelled || step == Step::Ship || cancel_for_everybody;
    step.reaction(event).is_some() && own && !forgets
}

/// The events that the order service subscribes to: good and bad ends.
pub const ENDS: [Event; 6] = [
    Event::OutOfStock,
    Event::PaymentDeclined,
    Event::ParcelShipped,
    Event::Undeliverable,
    Event::CreditReserved,
    Event::CreditExceeded,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_waits_for_the_one_before_it() {
        let shop = [Step::Reserve, Step::Charge, Step::Ship];
        for two in shop.windows(2) {
            assert_eq!(two[1].reaction(two[0].tells().0), Some(Reaction::Do));
        }
        let (_, failed) = Step::Ship.tells();
        for step in [Step::Reserve, Step::Charge] {
            assert_eq!(step.reaction(failed), Some(Reaction::Undo));
            assert!(step.tells_undone().is_some());
        }
    }

    #[test]
    fn a_cancellation_is_for_the_pivot_unless_it_is_for_everybody() {
        let hears = |step, all| subscribes(step, Event::OrderCancelled, all, Forgotten::Nothing);
        assert!(hears(Step::Ship, false) && !hears(Step::Charge, false) && hears(Step::Charge, true));
    }

    #[test]
    fn a_forgotten_subscription_is_one_alone() {
        let count = |forgotten| {
            let all = Step::ALL.iter().flat_map(|s| Event::ALL.iter().map(move |e| (*s, *e)));
            all.filter(|(s, e)| subscribes(*s, *e, true, forgotten)).count()
        };
        assert_eq!(count(Forgotten::Nothing), count(Forgotten::Payment) + 1);
        assert_eq!(count(Forgotten::Nothing), count(Forgotten::Release) + 1);
    }
}
