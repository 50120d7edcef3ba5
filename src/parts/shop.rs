//! What the shop's services do for a living: whose table has which rows, and what one order changes.
//!
//! Owns the example's numbers. Does not own the protocol: to it a service is a list of writes. A pattern
//! that uses it has texts for the rows, and lists the facts in the order of [`Service::fact`].

use super::database::{Database, Key, Write};

/// What an order costs, in the shop's currency.
pub const PRICE: i32 = 40;
/// What an order earns, in points.
pub const POINTS: i32 = 4;

/// A service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Service {
    /// The textbook's, which only has some data.
    Plain,
    /// Moves money from the customer to the shop.
    Payment,
    /// Reserves stock.
    Inventory,
    /// Books a shipment.
    Shipping,
    /// Credits points.
    Loyalty,
    /// Issues an invoice.
    Invoicing,
}

impl Service {
    /// The shop's services, the first so many of which take part.
    pub const SHOP: [Self; 5] =
        [Self::Payment, Self::Inventory, Self::Shipping, Self::Loyalty, Self::Invoicing];

    /// Its node's name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Plain => "service",
            Self::Payment => "payment",
            Self::Inventory => "inventory",
            Self::Shipping => "shipping",
            Self::Loyalty => "loyalty",
            Self::Invoicing => "invoicing",
        }
    }

    /// Names of its rows, by key.
    #[must_use]
    pub const fn rows(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["row.data"],
            Self::Payment => &["row.customer", "row.shop"],
            Self::Inventory => &["row.stock", "row.reserved"],
            Self::Shipping => &["row.shipments"],
            Self::Loyalty => &["row.points"],
            Self::Invoicing => &["row.invoices"],
        }
    }

    /// Its table at the start, enough for `orders` orders and a few by hand.
    #[must_use]
    pub fn table(self, orders: i32) -> Database {
        match self {
            Self::Plain | Self::Shipping | Self::Loyalty | Self::Invoicing => Database::new(&[(0, 0)]),
            Self::Payment => Database::new(&[(0, PRICE * (orders + 2)), (1, 0)]),
            Self::Inventory => Database::new(&[(0, orders + 9), (1, 0)]),
        }
    }

    /// The rows that an order touches.
    #[must_use]
    pub fn keys(self) -> std::ops::Range<Key> {
        0..self.rows().len() as Key
    }

    /// What an order changes; `None` when the business says no (no money left, out of stock).
    #[must_use]
    pub fn plan(self, db: &Database) -> Option<Vec<Write>> {
        let by = |key, delta| Write { key, from: db.value(key), to: db.value(key) + delta };
        let writes = match self {
            Self::Payment => vec![by(0, -PRICE), by(1, PRICE)],
            Self::Inventory => vec![by(0, -1), by(1, 1)],
            Self::Loyalty => vec![by(0, POINTS)],
            Self::Plain | Self::Shipping | Self::Invoicing => vec![by(0, 1)],
        };
        writes.iter().all(|write| write.to >= 0).then_some(writes)
    }

    /// The fact that the ledger hears of when an order is applied here.
    #[must_use]
    pub const fn fact(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Payment => 1,
            Self::Inventory => 2,
            Self::Shipping => 3,
            Self::Loyalty => 4,
            Self::Invoicing => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_stock_run_out_and_then_the_answer_is_no() {
        for (service, lasts) in [(Service::Payment, 3), (Service::Inventory, 10)] {
            let mut db = service.table(1);
            let mut orders = 0;
            while let Some(writes) = service.plan(&db) {
                db.redo(&writes);
                orders += 1;
            }
            assert_eq!(orders, lasts, "{service:?}");
        }
    }

    #[test]
    fn money_is_moved_not_made() {
        let db = Service::Payment.table(1);
        let moved: i32 = Service::Payment.plan(&db).unwrap().iter().map(|w| w.to - w.from).sum();
        assert_eq!(moved, 0);
    }
}
