//! Sagas that meet: one that takes an order and one that gives it up, at the same rows at the same
//! time. What goes wrong for want of isolation (lost update, dirty read, fuzzy read), and the
//! countermeasures, each a parameter: semantic lock, commutative update, pessimistic view, reread
//! value, version file, by value (Frank and Zahle, "Semantic ACID Properties in Multidatabases Using
//! Remote Procedure Calls and Update Propagations", 1998; Richardson, *Microservices Patterns*, section
//! 4.3).
//!
//! Owns its own order service and two services with rows, whose requests are repeated until they are
//! answered. Does not own giving up in time, parking, or operators: those are the other casts'. A lock
//! is taken on the order first and then on the account, always in this order, so that nobody needs to
//! look for deadlocks.

pub mod course;
pub mod records;
pub mod sagas;

pub(super) mod describe;
pub(super) mod promises;

use course::Rules;
use records::{Locked, Records, Rows};
use sagas::{Sagas, Settings};

use super::SagaMachine;
use super::client::Client;
use crate::kernel::NodeId;
use crate::parts::retry::RetryPolicy;
use crate::patterns::pattern::{Params, Role, System};
use crate::sorted::Map;

/// The system of this cast: storefront, orders, the customers' accounts, shipping.
pub(super) fn build(params: &Params, endless: RetryPolicy) -> System {
    let n = NodeId;
    let (client, orders, customers, shipping) = (n(0), n(1), n(2), n(3));
    let by_value = params.get("by-value") as i32;
    let locked = match params.get("semantic-lock") {
        // A high value is worth waiting for a lock.
        0 if by_value > 0 => Some(Locked::Wait),
        0 => None,
        1 => Some(Locked::Refuse),
        _ => Some(Locked::Wait),
    };
    let settings = Settings {
        client,
        customers,
        shipping,
        rules: Rules { commutative: params.on("commutative"), pessimistic: params.get("view") == 1 },
        locked,
        by_value,
        reread: params.on("reread"),
        snapshot: params.on("snapshot"),
        timeout: params.span("command-timeout"),
        endless,
    };
    let records = |rows| {
        let locked = locked.unwrap_or(Locked::Refuse);
        SagaMachine::Records(Records::new(orders, rows, locked, params.on("version-file")))
    };
    let free = params.get("credit-limit") as i32;
    let account = Rows::Account { free, before: None, version: 0, taken: Map::new(), lock: None };
    let (gap, again) = (params.span("order-gap"), params.span("ask-again"));
    let count = params.get("orders") as i32;
    let mut system = System::new();
    system.node("client", Role::Client, SagaMachine::Client(Client::new(orders, count, gap, again)));
    system.node("orders", Role::Coordinator, SagaMachine::Sagas(Sagas::new(settings)));
    system.node("customers", Role::Service, records(account));
    system.node("shipping", Role::Service, records(Rows::Parcels(Map::new())));
    for node in [client, customers, shipping] {
        system.link(orders, node);
    }
    system
}
