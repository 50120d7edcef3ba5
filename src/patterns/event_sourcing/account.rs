//! What the events say: a customer's account, as a fold of its history. Owns the events, the fold,
//! and how an event of an old schema is read. Does not own where events are kept.

use crate::parts::event_store::Stream;

/// What an account is opened with.
pub const OPENING: i32 = 100;
/// What the textbook's command adds as its second event.
pub const BONUS: i32 = 20;
/// What an item costs.
pub const PRICE: i32 = 40;
/// The stream that reserves the e-mail address: in life its name holds a hash of the address.
pub const EMAIL: Stream = 100;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Happened {
    /// The account was opened with an amount.
    Opened,
    /// A bonus was credited.
    Bonus,
    /// The customer was charged.
    Charged,
    /// An item was added to what the customer owns.
    Added,
    /// The customer was registered under the address.
    Registered,
    /// The address was reserved for a customer.
    Reserved,
}

/// An event: a fact that never changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Event {
    /// What.
    pub what: Happened,
    /// By which request.
    pub order: i32,
    /// Its place among the events of that request, from 0 …
    pub place: u8,
    /// … and how many these are.
    pub of: u8,
    /// How much, or for whom.
    pub amount: i32,
    /// The version of its schema: 1 is what code of before wrote.
    pub schema: u8,
}

/// The schema that the code of today writes.
pub const TODAY: u8 = 2;

impl Event {
    /// The events of one request, in order, with ids that follow from the request and so are the
    /// same for every attempt; a `nonce` other than 0 makes them new ones.
    #[must_use]
    pub fn of_request(order: i32, nonce: u8, what: &[(Happened, i32)]) -> Vec<(i64, Self)> {
        let of = what.len() as u8;
        let event = |(place, &(what, amount)): (usize, &(Happened, i32))| {
            let id = (i64::from(order) << 16) | (i64::from(nonce) << 8) | place as i64;
            (id, Self { what, order, place: place as u8, of, amount, schema: TODAY })
        };
        what.iter().enumerate().map(event).collect()
    }

    /// The event as the code of today understands it. Schema 1 named its amount differently; an
    /// upcaster translates it while it is read, and nothing stored is touched.
    #[must_use]
    pub const fn read(self, upcaster: bool) -> Option<Self> {
        if self.schema == TODAY || upcaster { Some(Self { schema: TODAY, ..self }) } else { None }
    }
}

/// How many of the newest requests an account remembers.
const REMEMBERED: usize = 8;

/// A customer's account.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Account {
    /// Version of the stream that it is the fold of.
    pub version: i32,
    /// Money left.
    pub balance: i32,
    /// Items owned.
    pub items: i32,
    /// The newest requests in it, oldest first: part of the state, so that a snapshot has them too.
    pub requests: Vec<i32>,
}

impl Account {
    /// One event more.
    pub fn apply(&mut self, event: &Event) {
        self.version += 1;
        match event.what {
            Happened::Opened | Happened::Bonus => self.balance += event.amount,
            Happened::Charged => self.balance -= event.amount,
            Happened::Added => self.items += event.amount,
            Happened::Registered | Happened::Reserved => {}
        }
        if event.order > 0 && !self.requests.contains(&event.order) {
            if self.requests.len() == REMEMBERED {
                self.requests.remove(0);
            }
            self.requests.push(event.order);
        }
    }
}

/// A snapshot: the state at a version, and the code that wrote it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Snapshot {
    /// The state.
    pub account: Account,
    /// Version of its schema. Code of before wrote what was spent where today's balance stands.
    pub schema: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_the_fold() {
        let mut account = Account::default();
        let opened = Event::of_request(0, 0, &[(Happened::Opened, OPENING)]);
        let bought = Event::of_request(7, 0, &[(Happened::Charged, PRICE), (Happened::Added, 1)]);
        opened.iter().chain(&bought).for_each(|(_, e)| account.apply(e));
        assert_eq!((account.version, account.balance, account.items), (3, 60, 1));
        assert_eq!(account.requests, [7]);
    }

    #[test]
    fn ids_follow_from_the_request_and_its_attempt() {
        let ids = |order, nonce| -> Vec<i64> {
            let events = Event::of_request(order, nonce, &[(Happened::Charged, 1), (Happened::Added, 1)]);
            events.into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ids(1, 0), ids(1, 0));
        assert!(ids(1, 0).iter().all(|id| !ids(1, 1).contains(id) && !ids(2, 0).contains(id)));
    }

    #[test]
    fn an_old_event_wants_an_upcaster() {
        let (_, event) = Event::of_request(1, 0, &[(Happened::Charged, 40)])[0];
        let old = Event { schema: 1, ..event };
        assert_eq!((old.read(false), old.read(true), event.read(false)), (None, Some(event), Some(event)));
    }
}
