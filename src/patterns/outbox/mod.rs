//! The transactional outbox: a business change and the event that tells of it are committed in one
//! local transaction, and a relay publishes the event afterwards, at least once (Richardson,
//! *Microservices Patterns*, 2018, chapter 3; Debezium's documentation of the outbox event router).
//!
//! Owns the outbox and what it replaces (the dual write, in both orders), the polling relay with its
//! naive forms, each a parameter, and a consumer with and without an inbox. Table and routing are
//! those that Debezium's outbox event router expects: columns `id`, `aggregatetype`, `aggregateid`,
//! `type`, `payload`, topic `outbox.event.<aggregatetype>`, key `aggregateid`.
//!
//! Does not own: reading the database's log instead of its tables (change data capture), what a
//! broker does among its replicas, how consumers share partitions, dead letters: patterns of their
//! own. A gap that no open transaction can fill is passed at once, where real high-water marks (as
//! Marten's) wait a while for it.

pub mod message;
pub mod orders;
pub mod relay;
pub mod shipping;
pub mod table;

mod broker;
mod client;
mod describe;
mod promises;

use broker::Broker;
use client::Client;
use message::{Msg, Reading, Sharing};
use orders::{Method, Orders};
use relay::Relay;
use shipping::Shipping;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Span, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Param, Params, Pattern, Range, Role, Scenario, System, recipe, texts};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "outbox",
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
    Param {
        id: "method",
        range: Range::Choice(&["outbox", "commit-then-publish", "publish-then-commit"]),
        default: 0,
    },
    Param { id: "orders", range: Range::Count(1, 60), default: 2 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 15 },
    Param { id: "cancelled", range: Range::Count(0, 60), default: 0 },
    Param { id: "slow-order", range: Range::Count(0, 60), default: 0 },
    Param { id: "slow-for", range: Range::Millis(1, 60_000), default: 120 },
    Param { id: "ask-again", range: Range::Millis(0, 600_000), default: 400 },
    Param { id: "relays", range: Range::Count(1, 3), default: 1 },
    Param { id: "sharing", range: Range::Choice(&["none", "skip-locked", "by-key"]), default: 2 },
    Param { id: "read", range: Range::Choice(&["unsent", "cursor", "horizon", "high-water"]), default: 0 },
    Param { id: "sort", range: Range::Choice(&["id", "created-at"]), default: 0 },
    Param { id: "clock-skew", range: Range::Millis(0, 60_000), default: 0 },
    Param { id: "mark", range: Range::Choice(&["after", "before"]), default: 0 },
    Param { id: "batch", range: Range::Count(1, 1000), default: 10 },
    Param { id: "poll-interval", range: Range::Millis(1, 60_000), default: 50 },
    Param { id: "timeout", range: Range::Millis(1, 60_000), default: 80 },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 40 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 320 },
    Param { id: "park-after", range: Range::Count(0, 20), default: 3 },
    Param { id: "cleanup", range: Range::Switch, default: 1 },
    Param { id: "keep", range: Range::Count(0, 1000), default: 3 },
    Param { id: "scan-cost", range: Range::Millis(0, 1000), default: 0 },
    Param { id: "session-timeout", range: Range::Millis(1, 600_000), default: 300 },
    Param { id: "partitions", range: Range::Count(1, 4), default: 2 },
    Param { id: "redeliver-after", range: Range::Millis(1, 600_000), default: 120 },
    Param { id: "inbox", range: Range::Switch, default: 1 },
];

/// A poll a second (eugene-khyst's reference outbox), Kafka's request timeout and back-off, a rack's
/// network and an SSD.
static REALISTIC: &[(&str, i64)] = &[
    ("poll-interval", 1000),
    ("timeout", 30_000),
    ("retry-base", 100),
    ("retry-cap", 1000),
    ("batch", 100),
    ("keep", 1000),
    ("session-timeout", 60_000),
    ("redeliver-after", 45_000),
    ("latency-min", 0),
    ("latency-max", 1),
    ("disk-max", 5),
    ("horizon", 120_000),
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "dual-write-lost",
    "dual-write-ghost",
    "crash-after-commit",
    "relay-crash",
    "relay-crash-inbox",
    "mark-first",
    "two-relays",
    "skip-locked",
    "by-key",
    "id-gap",
    "id-gap-horizon",
    "id-gap-high-water",
    "id-gap-unsent",
    "broker-down",
    "poison-blocks",
    "poison-parked",
    "no-cleanup",
    "clock-skew",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum OutboxMachine {
    /// The storefront.
    Client(Client),
    /// The order service and its database.
    Orders(Box<Orders>),
    /// A relay.
    Relay(Relay),
    /// The broker.
    Broker(Broker),
    /// The consumer.
    Shipping(Shipping),
}

impl Machine for OutboxMachine {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(m) => m.on_event(ctx, event),
            Self::Orders(m) => m.on_event(ctx, event),
            Self::Relay(m) => m.on_event(ctx, event),
            Self::Broker(m) => m.on_event(ctx, event),
            Self::Shipping(m) => m.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Client(_) => {}
            Self::Orders(m) => m.flush(ticket),
            Self::Relay(m) => m.flush(ticket),
            Self::Broker(m) => m.flush(ticket),
            Self::Shipping(m) => m.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Orders(m) => m.on_crash(),
            Self::Relay(m) => m.on_crash(),
            Self::Broker(m) => m.on_crash(),
            Self::Shipping(m) => m.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(m) => m.mood(),
            Self::Orders(m) => m.mood(),
            Self::Relay(m) => m.mood(),
            Self::Broker(m) => m.mood(),
            Self::Shipping(m) => m.mood(),
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

fn build(params: &Params) -> System {
    const RELAYS: [&str; 3] = ["relay", "relay-2", "relay-3"];
    let method = match params.get("method") {
        1 => Method::CommitFirst,
        2 => Method::PublishFirst,
        _ => Method::Outbox,
    };
    let count = if method == Method::Outbox { params.get("relays").clamp(1, 3) as u8 } else { 0 };
    let (client, orders) = (NodeId(0), NodeId(1));
    let relays: Vec<NodeId> = (0..count).map(|i| NodeId(2 + i)).collect();
    let (broker, shipping) = (NodeId(2 + count), NodeId(3 + count));
    let number = |id| params.get(id) as i32;
    let retry = doubling(params.span("retry-base"), params.span("retry-cap"));
    let timeout = params.span("timeout");
    let redeliver = params.span("redeliver-after");

    let mut system = System::new();
    let machine = Client::new(
        orders,
        number("orders"),
        number("cancelled"),
        params.span("order-gap"),
        params.span("ask-again"),
    );
    system.node("client", Role::Client, OutboxMachine::Client(machine));
    let settings = orders::Settings {
        client,
        relays: relays.clone(),
        broker,
        method,
        slow: (number("slow-order"), params.span("slow-for")),
        skew: number("clock-skew"),
        keep: params.on("cleanup").then_some(params.get("keep") as usize),
        scan: params.span("scan-cost"),
        session: params.span("session-timeout"),
        retry,
    };
    system.node("orders", Role::Coordinator, OutboxMachine::Orders(Box::new(Orders::new(settings))));
    let reading = match params.get("read") {
        1 => Reading::Cursor,
        2 => Reading::Horizon,
        3 => Reading::HighWater,
        _ => Reading::Unsent,
    };
    for (i, relay) in relays.iter().enumerate() {
        let settings = relay::Settings {
            orders,
            broker,
            shard: ((i as u8 + 1) % count, count),
            reading,
            sharing: match params.get("sharing") {
                // A lock ends with the mark: there is none to wait for where rows are not marked.
                1 if reading == Reading::Unsent => Sharing::SkipLocked,
                2 => Sharing::ByKey,
                _ => Sharing::Alone,
            },
            by_created: params.get("sort") == 1,
            mark_first: params.get("mark") == 1,
            batch: params.get("batch") as u16,
            interval: params.span("poll-interval"),
            timeout: doubling(timeout, timeout.times(8)),
            retry,
            park_after: Some(params.get("park-after") as u32).filter(|most| *most > 0),
        };
        system.node(RELAYS[i], Role::Broker, OutboxMachine::Relay(Relay::new(settings)));
        system.link(orders, *relay);
        system.link(*relay, broker);
    }
    let partitions = params.get("partitions") as u8;
    let machine = Broker::new(shipping, partitions, doubling(redeliver, redeliver.times(8)));
    system.node("broker", Role::Broker, OutboxMachine::Broker(machine));
    let machine = Shipping::new(broker, params.on("inbox"));
    system.node("shipping", Role::Service, OutboxMachine::Shipping(machine));
    system.link(client, orders);
    system.link(broker, shipping);
    if count == 0 {
        system.link(orders, broker);
    }
    system
}
