//! The whole shop: order, payment, inventory, shipping, notification and a read model in one system,
//! the place where everything meets. How an order spans the services, how events leave the order
//! service, and how consumers take them are three parameters, free of each other: the same faults
//! under another mechanism are the same script.
//!
//! Owns the core of each hop, with durable logs and recovery from them: two-phase commit with presumed
//! abort (Gray and Reuter, *Transaction Processing*, 1993), an orchestrated and a choreographed saga
//! (Garcia-Molina and Salem, 1987; Richardson, *Microservices Patterns*, 2018, chapter 4), dual write,
//! outbox (Richardson, chapter 3) and change data capture by a connector with an offset of its own
//! (Debezium's documentation), naive and idempotent consumers (Richardson, chapter 3).
//!
//! Does not own the depths of each: participants that ask each other, pivots and stuck compensations,
//! watches over silent sagas, relays, snapshots, partitions and rebalancing, projections that are
//! rebuilt are patterns of their own. In a choreography the other services tell through an outbox of
//! their own, whatever the order service does. A dual write is one attempt: a producer that tries
//! again in memory narrows the gap and leaves it. A lock that is taken is a "no" at once.

pub mod carriers;
pub mod consumers;
pub mod message;
pub mod orders;
pub mod post;
pub mod service;

mod client;
mod describe;
mod promises;

use carriers::{Broker, Connector};
use client::Client;
use consumers::{Consumer, Duty, View};
use message::{Event as Happened, Msg, Step, ending};
use orders::{Orders, SpanBy};
use post::{Post, Way};
use service::Service;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Span, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Param, Params, Pattern, Range, Role, Scenario, System, recipe, texts};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "whole-shop",
    version: 1,
    messages: message::MESSAGES,
    records: message::RECORDS,
    timers: message::TIMERS,
    facts: message::FACTS,
    verbs: message::VERBS,
    params: PARAMS,
    promises: promises::PROMISES,
    scenarios: SCENARIOS,
    abstractions: &[],
    realistic: REALISTIC,
    copies: promises::copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "span", range: Range::Choice(&["two-phase-commit", "saga", "choreography"]), default: 1 },
    Param { id: "publish", range: Range::Choice(&["dual-write", "outbox", "cdc"]), default: 1 },
    Param { id: "consume", range: Range::Choice(&["naive", "idempotent"]), default: 1 },
    Param { id: "in-doubt", range: Range::Choice(&["wait", "give-up"]), default: 0 },
    Param { id: "orders", range: Range::Count(1, 40), default: 1 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "order-again", range: Range::Millis(1, 600_000), default: 250 },
    Param { id: "vote-timeout", range: Range::Millis(1, 600_000), default: 100 },
    Param { id: "patience", range: Range::Millis(1, 600_000), default: 200 },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 60 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 480 },
];

/// dtm's time-outs for a vote and for an XA transaction, Temporal's retries of an activity, a region's
/// network and an SSD.
static REALISTIC: &[(&str, i64)] = &[
    ("order-again", 30_000),
    ("vote-timeout", 3_000),
    ("patience", 35_000),
    ("retry-base", 1_000),
    ("retry-cap", 100_000),
    ("latency-min", 0),
    ("latency-max", 1),
    ("disk-max", 5),
    ("horizon", 3_600_000),
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "shop-2pc",
    "leader-crash-2pc",
    "leader-crash-saga",
    "leader-gone-2pc",
    "leader-gone-saga",
    "leader-gone-choreography",
    "gave-up-alone",
    "waits-for-the-decision",
    "commit-told-nobody",
    "commit-told-late",
    "two-at-once-2pc",
    "two-at-once-saga",
    "declined-2pc",
    "declined-saga",
    "declined-choreography",
    "undeliverable-saga",
    "undeliverable-choreography",
    "broker-down-dual-write",
    "broker-down-outbox",
    "broker-down-cdc",
    "never-told-anybody",
    "told-after-the-restart",
    "delivered-twice-naive",
    "delivered-twice-idempotent",
    "lost-answer-naive",
    "lost-answer-idempotent",
    "connector-crash-naive",
    "connector-crash-idempotent",
    "released-twice-naive",
    "released-twice-idempotent",
    "shipping-down-2pc",
    "shipping-down-saga",
    "shipping-down-choreography",
];

/// The storefront.
pub const CLIENT: NodeId = NodeId(0);
/// The order service.
pub const ORDERS: NodeId = NodeId(1);
/// Inventory.
pub const INVENTORY: NodeId = NodeId(2);
/// The services, in the order of their steps.
pub const SERVICES: [NodeId; 3] = [INVENTORY, NodeId(3), NodeId(4)];
/// The broker.
pub const BROKER: NodeId = NodeId(5);
/// The notification service.
pub const NOTIFICATION: NodeId = NodeId(6);
/// The read model.
pub const READ_MODEL: NodeId = NodeId(7);
/// The connector, where there is one.
pub const CONNECTOR: NodeId = NodeId(8);

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// The storefront.
    Client(Client),
    /// The order service.
    Orders(Orders),
    /// Who does a step.
    Service(Service),
    /// The broker.
    Broker(Broker),
    /// Who reads the order service's log.
    Connector(Connector),
    /// Who only listens.
    Consumer(Consumer),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(node) => node.on_event(ctx, event),
            Self::Orders(node) => node.on_event(ctx, event),
            Self::Service(node) => node.on_event(ctx, event),
            Self::Broker(node) => node.on_event(ctx, event),
            Self::Connector(node) => node.on_event(ctx, event),
            Self::Consumer(node) => node.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Client(_) => {}
            Self::Orders(node) => node.flush(ticket),
            Self::Service(node) => node.flush(ticket),
            Self::Broker(node) => node.flush(ticket),
            Self::Connector(node) => node.flush(ticket),
            Self::Consumer(node) => node.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Orders(node) => node.on_crash(),
            Self::Service(node) => node.on_crash(),
            Self::Broker(node) => node.on_crash(),
            Self::Connector(node) => node.on_crash(),
            Self::Consumer(node) => node.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(node) => node.mood(),
            Self::Orders(node) => node.mood(),
            Self::Service(node) => node.mood(),
            Self::Broker(node) => node.mood(),
            Self::Connector(node) => node.mood(),
            Self::Consumer(node) => node.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

/// Waits that double up to a cap, without jitter: a reader can follow them.
const fn doubling(first: Span, cap: Span) -> RetryPolicy {
    RetryPolicy { attempts: None, base: first, factor: 2, cap, jitter: Jitter::None }
}

/// The events that pass a test, as the broker's bits.
fn events(wanted: impl Fn(Happened) -> bool) -> u16 {
    const ALL: [Happened; 11] = [
        Happened::OrderPlaced,
        Happened::ItemReserved,
        Happened::OutOfStock,
        Happened::CardCharged,
        Happened::PaymentDeclined,
        Happened::ParcelShipped,
        Happened::Undeliverable,
        Happened::ItemReleased,
        Happened::CardRefunded,
        Happened::OrderConfirmed,
        Happened::OrderCancelled,
    ];
    ALL.into_iter().filter(|e| wanted(*e)).fold(0, |bits, e| bits | 1 << e as u16)
}

fn subscribers(choreography: bool) -> Vec<(NodeId, u16)> {
    let ends = |e| matches!(e, Happened::OrderConfirmed | Happened::OrderCancelled);
    let mut all =
        vec![(NOTIFICATION, events(ends)), (READ_MODEL, events(|e| ends(e) || e == Happened::OrderPlaced))];
    if choreography {
        all.push((ORDERS, events(|e| ending(e).is_some())));
        for step in Step::ALL {
            all.push((SERVICES[step as usize], events(|e| step.reaction(e).is_some())));
        }
    }
    all
}

fn build(params: &Params) -> System {
    let span = match params.get("span") {
        0 => SpanBy::TwoPhaseCommit,
        1 => SpanBy::Saga,
        _ => SpanBy::Choreography,
    };
    let (way, cdc) = match params.get("publish") {
        0 => (Way::DualWrite(BROKER), false),
        1 => (Way::Outbox(BROKER), false),
        _ => (Way::Log(CONNECTOR), true),
    };
    let idempotent = params.get("consume") == 1;
    let count = params.get("orders") as i32;
    let retry = doubling(params.span("retry-base"), params.span("retry-cap"));
    let mut system = System::new();

    let client = Client::new(ORDERS, count, params.span("order-gap"), params.span("order-again"));
    system.node("client", Role::Client, Node::Client(client));
    let settings = orders::Settings {
        client: CLIENT,
        broker: BROKER,
        services: SERVICES,
        span,
        vote: params.span("vote-timeout"),
        retry,
    };
    let orders = Orders::new(settings, Post::new(way, retry));
    system.node("orders", Role::Coordinator, Node::Orders(orders));
    for step in Step::ALL {
        let settings = service::Settings {
            step,
            orders: ORDERS,
            broker: BROKER,
            idempotent,
            patience: (params.get("in-doubt") == 1).then_some(params.span("patience")),
        };
        let trade = step.trade();
        let post = Post::new(Way::Outbox(BROKER), retry);
        let service = Service::new(settings, trade.table(count), post);
        system.node(trade.id(), Role::Service, Node::Service(service));
    }
    let choreography = span == SpanBy::Choreography;
    let broker = Broker::new(subscribers(choreography), retry);
    system.node("broker", Role::Broker, Node::Broker(broker));
    let notification = Consumer::new(BROKER, idempotent, Duty::Notify(CLIENT));
    system.node("notification", Role::Service, Node::Consumer(notification));
    let model = Consumer::new(BROKER, idempotent, Duty::Keep(View::default()));
    system.node("read-model", Role::Store, Node::Consumer(model));
    if cdc {
        let connector = Connector::new(ORDERS, BROKER, retry);
        system.node("connector", Role::Broker, Node::Connector(connector));
        system.link(ORDERS, CONNECTOR);
        system.link(CONNECTOR, BROKER);
    }
    system.link(CLIENT, ORDERS);
    if !cdc || choreography {
        system.link(ORDERS, BROKER);
    }
    let leader = if choreography { BROKER } else { ORDERS };
    SERVICES.iter().for_each(|service| system.link(leader, *service));
    system.link(BROKER, NOTIFICATION);
    system.link(BROKER, READ_MODEL);
    system.link(NOTIFICATION, CLIENT);
    system
}
