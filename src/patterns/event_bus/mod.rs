//! The event bus: a producer publishes, a broker keeps, groups of consumers process, each at its own
//! pace.
//!
//! One system over two transports, by parameter. A *log* as in Apache Kafka: partitions by key,
//! groups that commit offsets, rebalance, fencing by generation, retention, an idempotent producer,
//! transactions. A *queue* as in RabbitMQ: acknowledge, reject, give back, delivery limit, dead
//! letters. At most once, at least once and exactly once are where the offset is committed, seen
//! from the work, and are parameters as well, as is every naive form.
//!
//! Owns the bus and its consumers. Does not own how an event comes to be published together with the
//! change it tells of (the outbox), nor how a chain of services reacts (choreography). Left out with
//! reason: replication and leader election (the broker's disk stands for a quorum of replicas; a
//! broker that is down stands for a partition without leader); compaction (change data capture shows
//! it); the consumers' fetch requests and idle heartbeats (they always stand, and would bury the
//! rest); reordering by several requests in flight of a producer without numbers is there when links
//! are unordered.
//!
//! Sources: Apache Kafka documentation 4.0 (design; consumer, producer and broker configuration),
//! KIP-98, KIP-848; RabbitMQ documentation 4.0 (quorum queues, dead letter exchanges, consumer
//! acknowledgements); Kleppmann, "How to do distributed locking" (2016), for fencing tokens;
//! CloudEvents 1.0 for ids of events.

pub mod message;
pub mod settings;

mod broker;
mod consumer;
mod describe;
mod producer;
mod promises;
mod store;

use broker::Broker;
use consumer::Consumer;
use message::Msg;
use producer::Producer;
use settings::Settings;
use store::Store;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Ticket};
use crate::patterns::pattern::{
    Param, Params, Pattern, Range, Role, Scenario, System, no_copies, recipe, texts,
};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "event-bus",
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
    copies: no_copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
    Param { id: "transport", range: Range::Choice(&["log", "queue"]), default: 0 },
    Param {
        id: "delivery",
        range: Range::Choice(&["at-most-once", "at-least-once", "exactly-once"]),
        default: 1,
    },
    Param { id: "orders", range: Range::Count(1, 10_000), default: 3 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "customers", range: Range::Count(1, 8), default: 2 },
    Param { id: "partitions", range: Range::Count(1, 4), default: 2 },
    Param { id: "partition-by", range: Range::Choice(&["customer", "turn"]), default: 0 },
    Param { id: "members", range: Range::Count(1, 2), default: 2 },
    Param { id: "mail", range: Range::Choice(&["nobody", "from-the-start", "later"]), default: 0 },
    Param { id: "mail-comes", range: Range::Millis(0, 60_000), default: 120 },
    Param { id: "reset", range: Range::Choice(&["earliest", "latest"]), default: 0 },
    Param { id: "retention", range: Range::Count(0, 10_000), default: 0 },
    Param { id: "dedup", range: Range::Switch, default: 1 },
    Param { id: "dedup-retention", range: Range::Count(1, 10_000), default: 48 },
    Param { id: "fencing", range: Range::Switch, default: 1 },
    Param { id: "confirms", range: Range::Switch, default: 1 },
    Param { id: "idempotent-producer", range: Range::Switch, default: 1 },
    Param { id: "buffer", range: Range::Count(1, 10_000), default: 5 },
    Param { id: "delivery-timeout", range: Range::Millis(1, 600_000), default: 2400 },
    Param { id: "batch", range: Range::Count(1, 500), default: 1 },
    Param { id: "work", range: Range::Millis(0, 600_000), default: 10 },
    Param { id: "slow", range: Range::Choice(&["nobody", "first", "everybody"]), default: 0 },
    Param { id: "slow-work", range: Range::Millis(0, 3_600_000), default: 400 },
    Param { id: "poison", range: Range::Count(0, 10_000), default: 0 },
    Param { id: "retries", range: Range::Count(0, 20), default: 2 },
    Param {
        id: "give-up",
        range: Range::Choice(&["never", "skip", "dead-letter", "park-customer"]),
        default: 2,
    },
    Param { id: "sure-dead-letters", range: Range::Switch, default: 1 },
    Param { id: "classify", range: Range::Switch, default: 1 },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 40 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 320 },
    Param { id: "requeue-delay", range: Range::Millis(0, 600_000), default: 0 },
    Param { id: "heartbeat", range: Range::Millis(1, 600_000), default: 100 },
    Param { id: "session-timeout", range: Range::Millis(1, 600_000), default: 300 },
    Param { id: "max-poll", range: Range::Millis(1, 3_600_000), default: 2000 },
    Param { id: "request-timeout", range: Range::Millis(1, 600_000), default: 150 },
    Param { id: "receipts", range: Range::Switch, default: 0 },
];

/// Apache Kafka's defaults (documentation 4.0), RabbitMQ's delivery limit of quorum queues (4.0), and
/// a network and disk of one region.
static REALISTIC: &[(&str, i64)] = &[
    ("order-gap", 100),
    ("reset", 1),
    ("delivery-timeout", 120_000),
    ("batch", 500),
    ("slow-work", 360_000),
    ("retries", 20),
    ("retry-base", 100),
    ("retry-cap", 1000),
    ("heartbeat", 3000),
    ("session-timeout", 45_000),
    ("max-poll", 300_000),
    ("request-timeout", 30_000),
    ("latency-min", 0),
    ("latency-max", 1),
    ("disk-min", 1),
    ("disk-max", 5),
    ("horizon", 900_000),
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "queue",
    "crash-before-commit",
    "crash-before-commit-idempotent",
    "commit-before-work",
    "lost-confirmation",
    "lost-confirmation-idempotent",
    "any-partition",
    "more-partitions",
    "slow-consumer",
    "slow-consumer-idempotent",
    "rebalance-storm",
    "zombie",
    "zombie-fenced",
    "poison",
    "poison-dead-letter",
    "poison-skipped",
    "requeue-loop",
    "delivery-limit",
    "retention",
    "late-group",
    "late-group-earliest",
    "broker-down",
    "outage-floods",
    "outage-waits",
    "overtaken",
    "parked-customer",
    "replay",
    "replay-recognised",
    "replay-too-late",
    "dead-letter-lost",
    "dead-letter-sure",
    "dead-letter-twice",
    "innocent-neighbours",
    "one-at-a-time",
    "receipt-twice",
    "exactly-once",
    "exactly-once-and-a-database",
];

/// A node of the system.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum BusMachine {
    /// Who publishes.
    Producer(Producer),
    /// Who keeps and hands out.
    Broker(Broker),
    /// Who processes.
    Consumer(Consumer),
    /// Where the effects are.
    Store(Store),
}

impl Machine for BusMachine {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Producer(m) => m.on_event(ctx, event),
            Self::Broker(m) => m.on_event(ctx, event),
            Self::Consumer(m) => m.on_event(ctx, event),
            Self::Store(m) => m.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Broker(m) => m.flush(ticket),
            Self::Store(m) => m.flush(ticket),
            Self::Producer(_) | Self::Consumer(_) => {}
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Producer(m) => m.on_crash(),
            Self::Broker(m) => m.on_crash(),
            Self::Consumer(m) => m.on_crash(),
            Self::Store(m) => m.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Producer(m) => m.mood(),
            Self::Broker(m) => m.mood(),
            Self::Consumer(m) => m.mood(),
            Self::Store(m) => m.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

/// The groups' numbers, which texts know.
mod team {
    pub const PAYMENT: u8 = 0;
    pub const MAIL: u8 = 1;
    pub const TEXTBOOK: u8 = 2;
}

/// The instances of payment.
static PAYMENT: [&str; 2] = ["payment-1", "payment-2"];

fn build(params: &Params) -> System {
    let settings = Settings::of(params);
    let mut system = System::new();
    let (producer, hub) = (NodeId(0), NodeId(1));
    let mut broker = Broker::new(settings);
    let consumer = |store, team, slow| Consumer::new(settings, hub, store, team, slow);
    let mut consumers: Vec<(&'static str, Role, BusMachine)> = Vec::new();
    if settings.customers == 0 {
        broker.team(team::TEXTBOOK, &[NodeId(2)], true);
        let only = consumer(None, team::TEXTBOOK, false);
        consumers.push(("consumer", Role::Service, BusMachine::Consumer(only)));
    } else {
        let members = params.get("members").clamp(1, 2) as u8;
        let mail = params.get("mail");
        let store = NodeId(2 + members + u8::from(mail > 0));
        let nodes: Vec<NodeId> = (0..members).map(|i| NodeId(2 + i)).collect();
        broker.team(team::PAYMENT, &nodes, true);
        for i in 0..members {
            let slow = params.get("slow") > i64::from(i);
            let payment = consumer(Some(store), team::PAYMENT, slow);
            consumers.push((PAYMENT[i as usize], Role::Service, BusMachine::Consumer(payment)));
        }
        if mail > 0 {
            broker.team(team::MAIL, &[NodeId(2 + members)], mail == 1);
            let mailer = consumer(None, team::MAIL, false);
            let mailer = if mail == 1 { mailer } else { mailer.later(params.span("mail-comes")) };
            consumers.push(("mail", Role::Service, BusMachine::Consumer(mailer)));
        }
        let database = BusMachine::Store(Store::new(settings));
        consumers.push(("payment-db", Role::Store, database));
    }
    let (first, second) =
        if settings.customers == 0 { ("publisher", "event-bus") } else { ("orders", "broker") };
    system.node(first, Role::Client, BusMachine::Producer(Producer::new(settings, hub)));
    system.node(second, Role::Broker, BusMachine::Broker(broker));
    system.link(producer, hub);
    for (id, role, machine) in consumers {
        let node = system.node(id, role, machine);
        if role == Role::Service {
            system.link(hub, node);
            continue;
        }
        // Mails are sent without the database.
        for user in (2..node.0).filter(|n| system.nodes[usize::from(*n)].id != "mail").collect::<Vec<_>>() {
            system.link(NodeId(user), node);
        }
    }
    system
}
