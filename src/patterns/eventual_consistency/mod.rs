//! Eventual consistency: copies that are fed by events, and retries that make the events arrive. All
//! copies are equal once it is quiet; what may be seen until then, what a retry does twice, and what
//! many retries do together is the matter of this lab.
//!
//! Five casts, one a part of the matter, chosen by a parameter. `textbook` and `shop`: one replica
//! accepts writes, another and a cache follow ([`replica`], [`cache`]), and sessions read
//! ([`client`]). `regions`: two or three replicas accept writes and merge. `inbox`: a queue that
//! delivers at least once, and consumers that must have one effect ([`queue`], [`worker`],
//! [`points`]). `crowd`: many callers and one row ([`crowd`]). `layers`: services that all retry
//! ([`layers`]).
//!
//! Does not own logs, partitions and dead letters (the event bus), views (CQRS), vector clocks with
//! siblings for a person to merge, quorums, and calls to outside systems that have no transaction
//! with the inbox. Machines see no clock: the numbers of requests, which grow with time, stand for it,
//! and a skewed clock is one that is so many requests ahead.
//!
//! Sources: Terry et al., *Session Guarantees for Weakly Consistent Replicated Data* (1994); Shapiro,
//! Preguiça, Baquero and Zawirski, *Conflict-free Replicated Data Types* (2011) and `MCCRDT` of
//! tlaplus/Examples for the counter; Brooker, *Exponential Backoff and Jitter* (2015) and
//! `aws-samples/aws-arch-backoff-simulator`; `exactly-once/model-checking` and
//! `fqaiser94/tla-exactly-once` for the consumer.

pub mod cache;
pub mod client;
pub mod crowd;
pub mod heard;
pub mod layers;
pub mod message;
pub mod names;
pub mod points;
pub mod queue;
pub mod replica;
pub mod worker;

mod build;
mod copies;
mod describe;
mod promises;

pub use cache::Cache;
pub use client::Client;
pub use crowd::{Crowd, VersionedRow};
pub use layers::Layer;
pub use points::Points;
pub use queue::{Producer, Queue};
pub use replica::Replica;
pub use worker::Worker;

use message::Msg;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, Ticket};
use crate::patterns::pattern::{Param, Pattern, Range, Scenario, recipe, texts};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "eventual-consistency",
    version: 1,
    messages: names::MESSAGES,
    records: names::RECORDS,
    timers: names::TIMERS,
    facts: names::FACTS,
    verbs: names::VERBS,
    params: PARAMS,
    promises: promises::PROMISES,
    scenarios: SCENARIOS,
    abstractions: &[],
    realistic: REALISTIC,
    copies: copies::copies,
    build: build::build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param {
        id: "cast",
        range: Range::Choice(&["textbook", "shop", "regions", "inbox", "crowd", "layers"]),
        default: 1,
    },
    Param { id: "orders", range: Range::Count(0, 10_000), default: 1 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 40 },
    // Retries, wherever somebody waits for an answer.
    Param { id: "timeout", range: Range::Millis(1, 600_000), default: 60 },
    Param {
        id: "back-off",
        range: Range::Choice(&["none", "expo", "full", "equal", "decorrelated"]),
        default: 3,
    },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 20 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 320 },
    Param { id: "attempts", range: Range::Count(1, 20), default: 8 },
    Param { id: "send-again", range: Range::Switch, default: 1 },
    Param { id: "idempotency", range: Range::Switch, default: 1 },
    // Replicas.
    Param { id: "merge", range: Range::Choice(&["arrival", "newest", "in-order", "counter"]), default: 1 },
    Param { id: "regions", range: Range::Count(2, 3), default: 2 },
    Param { id: "clock-skew", range: Range::Count(0, 20), default: 0 },
    Param { id: "clocks", range: Range::Choice(&["wall", "hybrid"]), default: 0 },
    Param { id: "ttl", range: Range::Millis(0, 600_000), default: 0 },
    Param { id: "read-after", range: Range::Choice(&["nobody", "customer", "everybody"]), default: 0 },
    Param { id: "read-from", range: Range::Choice(&["primary", "replica", "cache", "any"]), default: 1 },
    Param { id: "session", range: Range::Choice(&["none", "sticky", "token"]), default: 0 },
    // Inbox.
    Param {
        id: "inbox",
        range: Range::Choice(&[
            "none",
            "unique",
            "check-first",
            "effect-first",
            "mark-first",
            "optimistic",
            "fenced",
        ]),
        default: 1,
    },
    Param {
        id: "inbox-key",
        range: Range::Choice(&["consumer-and-message", "message", "delivery"]),
        default: 0,
    },
    Param { id: "retention", range: Range::Count(1, 100), default: 50 },
    Param { id: "compare", range: Range::Switch, default: 1 },
    Param { id: "effect", range: Range::Choice(&["add", "set", "write-back"]), default: 0 },
    Param { id: "versions", range: Range::Switch, default: 1 },
    Param { id: "workers", range: Range::Choice(&["one", "two-instances", "two-subscribers"]), default: 0 },
    Param { id: "redeliver", range: Range::Millis(1, 3_600_000), default: 120 },
    Param { id: "deliveries", range: Range::Count(1, 100), default: 20 },
    // Crowd and layers.
    Param { id: "callers", range: Range::Count(1, 200), default: 5 },
    Param { id: "retry-at", range: Range::Choice(&["every-layer", "edge"]), default: 0 },
];

/// Between regions (35 ms one way), a disk of 1–5 ms; Kafka's clients wait 30 s for an answer and
/// from 100 ms to 1 s before they try again; RabbitMQ gives up on an acknowledgement after 30 minutes.
static REALISTIC: &[(&str, i64)] = &[
    ("latency-min", 0),
    ("latency-max", 35),
    ("disk-min", 1),
    ("disk-max", 5),
    ("timeout", 30_000),
    ("retry-base", 100),
    ("retry-cap", 1_000),
    ("redeliver", 1_800_000),
    ("horizon", 7_200_000),
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "stale-read",
    "read-your-writes",
    "read-your-writes-token",
    "going-backwards",
    "going-backwards-sticky",
    "out-of-order",
    "in-order",
    "old-over-new",
    "stale-cache",
    "checked-cache",
    "lost-update-event",
    "double-sale",
    "idempotent-sale",
    "last-writer-wins",
    "clock-skew",
    "hybrid-clock",
    "whoever-comes-last",
    "counters-merge",
    "partition-last-writer",
    "partition-counters",
    "duplicate-delivery",
    "inbox",
    "effect-before-mark",
    "mark-before-effect",
    "two-instances-check-first",
    "two-instances-unique",
    "two-instances-optimistic",
    "written-back",
    "written-back-versioned",
    "zombie-check-first",
    "zombie-fenced",
    "expired-inbox",
    "same-key-other-content",
    "swallowed",
    "set-instead-of-add",
    "old-message-late",
    "versioned-message",
    "one-key-for-two",
    "key-of-the-delivery",
    "herd",
    "herd-jitter",
    "layers",
    "retry-at-the-edge",
];

/// A node of any cast.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Customers.
    Client(Client),
    /// A copy that is written to, or follows.
    Replica(Replica),
    /// A copy in memory.
    Cache(Cache),
    /// Who produces messages.
    Producer(Producer),
    /// Who keeps and delivers them.
    Queue(Queue),
    /// Who consumes them.
    Worker(Worker),
    /// The consumers' database.
    Points(Points),
    /// Many callers.
    Crowd(Crowd),
    /// The row that they want.
    Row(VersionedRow),
    /// One of several services behind each other.
    Layer(Layer),
}

macro_rules! each {
    ($self:ident, $machine:ident => $what:expr) => {
        match $self {
            Node::Client($machine) => $what,
            Node::Replica($machine) => $what,
            Node::Cache($machine) => $what,
            Node::Producer($machine) => $what,
            Node::Queue($machine) => $what,
            Node::Worker($machine) => $what,
            Node::Points($machine) => $what,
            Node::Crowd($machine) => $what,
            Node::Row($machine) => $what,
            Node::Layer($machine) => $what,
        }
    };
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        each!(self, machine => machine.on_event(ctx, event));
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Replica(machine) => machine.flush(ticket),
            Self::Queue(machine) => machine.flush(ticket),
            Self::Points(machine) => machine.flush(ticket),
            _ => {}
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Replica(machine) => machine.on_crash(),
            Self::Cache(machine) => machine.on_crash(),
            Self::Queue(machine) => machine.on_crash(),
            Self::Worker(machine) => machine.on_crash(),
            Self::Points(machine) => machine.on_crash(),
            Self::Crowd(machine) => machine.on_crash(),
            Self::Layer(machine) => machine.on_crash(),
            // What customers and producers remember is on paper; the row stands for a database.
            Self::Client(_) | Self::Producer(_) | Self::Row(_) => {}
        }
    }

    fn mood(&self) -> Mood {
        each!(self, machine => machine.mood())
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}
