//! CQRS: one model for commands, another one for queries. Between them is a copy that follows, and
//! with it everything that can be said about copies.
//!
//! Owns the levels (one store with two models, a read table changed in the same transaction, a read
//! store of its own fed by a projector), what a session can do to see its own writes, the order and
//! repetition of events at the projector, a replica of the read store, and rebuilding. Does not own:
//! pages that show what they assume before anybody has confirmed it; joins of several aggregates in
//! one read model; events as the write model itself. How the change and its event get into one
//! transaction, and leave, is the outbox, a pattern of its own: here it is a list and a timer.
//!
//! Sources: Young, *CQRS Documents* (2010); Terry et al., *Session Guarantees for Weakly Consistent
//! Replicated Data* (1994), and the TLA+ models of Azure Cosmos DB's consistency levels for the
//! guarantees' names; the Marten documentation (inline and asynchronous projections, waiting for
//! non-stale data, rebuilds).

pub mod client;
pub mod commands;
pub mod database;
pub mod message;
pub mod projector;
pub mod queries;

mod describe;
mod promises;

use client::{Client, Cure};
use commands::Commands;
use database::{Database, Level};
use message::Msg;
use projector::Projector;
use queries::{Queries, Takes};

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Param, Params, Pattern, Range, Role, Scenario, System, recipe, texts};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "cqrs",
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
    realistic: &[
        ("latency-min", 0),
        ("latency-max", 1),
        ("disk-min", 1),
        ("disk-max", 5),
        ("relay-after", 1000),
        ("resend-after", 10_000),
        ("wait-limit", 5000),
        ("ask-again", 30_000),
        ("horizon", 300_000),
    ],
    copies: promises::copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
    Param { id: "level", range: Range::Choice(&["one-store", "inline", "asynchronous"]), default: 2 },
    Param {
        id: "own-writes",
        range: Range::Choice(&["none", "returned-state", "least-version", "write-side"]),
        default: 2,
    },
    Param { id: "orders", range: Range::Count(0, 10_000), default: 2 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "rhythm", range: Range::Choice(&["in-turn", "together"]), default: 0 },
    Param { id: "quantity", range: Range::Count(1, 5), default: 2 },
    Param { id: "stock", range: Range::Count(1, 60_000), default: 10 },
    Param { id: "reads", range: Range::Count(0, 4), default: 1 },
    Param { id: "replicas", range: Range::Count(0, 1), default: 0 },
    Param { id: "route", range: Range::Choice(&["sticky", "by-turns"]), default: 0 },
    Param { id: "replica-lag", range: Range::Millis(0, 60_000), default: 40 },
    Param { id: "apply", range: Range::Choice(&["as-it-comes", "newer-only", "in-order"]), default: 2 },
    Param { id: "count", range: Range::Choice(&["added-up", "absolute"]), default: 0 },
    Param { id: "mistake", range: Range::Switch, default: 0 },
    Param { id: "rebuild", range: Range::Choice(&["in-place", "beside"]), default: 1 },
    Param { id: "validate", range: Range::Choice(&["write-side", "read-model"]), default: 0 },
    Param { id: "relay-after", range: Range::Millis(0, 60_000), default: 40 },
    Param { id: "resend-after", range: Range::Millis(1, 600_000), default: 120 },
    Param { id: "wait-limit", range: Range::Millis(1, 60_000), default: 200 },
    Param { id: "ask-again", range: Range::Millis(1, 600_000), default: 400 },
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "inline",
    "stale-read",
    "returned-state",
    "least-version",
    "write-side",
    "not-yet",
    "projector-crash",
    "mistake",
    "rebuild-beside",
    "rebuild-in-place",
    "out-of-order",
    "newer-only",
    "in-order",
    "lost-count",
    "counted-twice",
    "absolute",
    "counted-once",
    "two-replicas",
    "sticky-session",
    "session-token",
    "checked-on-read-model",
    "checked-on-write-side",
    "read-store-down",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Who buys and looks.
    Client(Client),
    /// Who takes commands.
    Commands(Commands),
    /// The write model.
    Database(Database),
    /// Who takes changes to the read model.
    Projector(Projector),
    /// Who answers queries.
    Queries(Queries),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(m) => m.on_event(ctx, event),
            Self::Commands(m) => m.on_event(ctx, event),
            Self::Database(m) => m.on_event(ctx, event),
            Self::Projector(m) => m.on_event(ctx, event),
            Self::Queries(m) => m.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Database(m) => m.flush(ticket),
            Self::Queries(m) => m.flush(ticket),
            Self::Client(_) | Self::Commands(_) | Self::Projector(_) => {}
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Commands(m) => m.on_crash(),
            Self::Database(m) => m.on_crash(),
            Self::Projector(m) => m.on_crash(),
            Self::Queries(m) => m.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(m) => m.mood(),
            Self::Commands(m) => m.mood(),
            Self::Database(m) => m.mood(),
            Self::Projector(m) => m.mood(),
            Self::Queries(m) => m.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

fn build(params: &Params) -> System {
    let textbook = params.get("cast") == 0;
    let level = match params.get("level") {
        0 => Level::One,
        1 => Level::Inline,
        _ => Level::Async,
    };
    let follows = level == Level::Async;
    let replica = follows && params.get("replicas") == 1;
    let orders = params.get("orders") as i32;
    // Enough for every order of a long run.
    let stock = match params.get("stock") as i32 {
        few if orders > 10 => few.max(orders * params.get("quantity") as i32 + 10),
        stock => stock,
    };
    let patience = |name| {
        let base = params.span(name);
        RetryPolicy { attempts: None, base, factor: 2, cap: base.times(8), jitter: Jitter::None }
    };
    let cure = match params.get("own-writes") {
        0 => Cure::None,
        1 => Cure::Returned,
        2 => Cure::AtLeast,
        _ => Cure::WriteSide,
    };
    let takes = match params.get("apply") {
        0 => Takes::Anything,
        1 => Takes::Newer,
        _ => Takes::Next,
    };

    let (client, commands, database, first) = (NodeId(0), NodeId(1), NodeId(2), NodeId(3));
    let second = replica.then_some(NodeId(4));
    let projector = follows.then_some(NodeId(4 + u8::from(replica)));

    let mut system = System::new();
    let settings = client::Settings {
        commands,
        queries: [Some(first), second].into_iter().flatten().collect(),
        by_turns: params.get("route") == 1,
        cure,
        orders,
        quantity: params.get("quantity") as i32,
        gap: params.span("order-gap"),
        together: params.get("rhythm") == 1,
        reads: params.get("reads") as i32,
        plain: textbook,
        patience: patience("ask-again"),
    };
    system.node("client", Role::Client, Node::Client(Client::new(settings)));
    let asks = (params.get("validate") == 1).then_some(first);
    system.node("commands", Role::Service, Node::Commands(Commands::new(database, asks)));
    let settings = database::Settings {
        level,
        projector,
        stock,
        relay: params.span("relay-after"),
        resend: patience("resend-after"),
    };
    system.node("database", Role::Store, Node::Database(Database::new(settings)));
    for (node, follower) in [(Some(first), false), (second, true)] {
        let Some(node) = node else { continue };
        let settings = queries::Settings {
            database,
            level,
            own_from_write_side: cure == Cure::WriteSide,
            stock,
            takes,
            adds: params.get("count") == 0,
            beside: params.get("rebuild") == 1,
            replica: second.filter(|_| !follower),
            replica_lag: params.span("replica-lag"),
            follows: follower,
            wait: params.span("wait-limit"),
            resend: patience("resend-after"),
        };
        let id = match (replica, follower) {
            (false, _) => "queries",
            (true, false) => "queries-1",
            (true, true) => "queries-2",
        };
        system.node(id, Role::Service, Node::Queries(Queries::new(settings)));
        system.link(client, node);
        if !follows || cure == Cure::WriteSide {
            system.link(node, database);
        }
    }
    system.link(client, commands);
    system.link(commands, database);
    if asks.is_some() {
        system.link(commands, first);
    }
    if let Some(second) = second {
        system.link(first, second);
    }
    if let Some(projector) = projector {
        let settings = projector::Settings {
            database,
            view: first,
            in_order: takes == Takes::Next,
            mistake: params.on("mistake"),
            patience: patience("resend-after"),
        };
        system.node("projector", Role::Broker, Node::Projector(Projector::new(settings)));
        system.link(database, projector);
        system.link(projector, first);
    }
    system
}
