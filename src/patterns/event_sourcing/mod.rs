//! Event sourcing: the events are what is kept, and the state is what they add up to. A command
//! reads a stream, folds it, decides, and appends, expecting the stream to be where it was read.
//!
//! Owns the command side with its expected version, snapshots and the reading of old events; the
//! feed of all events; a read model with its checkpoint; each with its naive form as a parameter.
//! Does not own: erasing personal data (crypto-shredding, tombstones), which no public source in
//! reach describes well enough to show; making an account unique by compensation instead of by a
//! reservation; copy-and-transform of whole streams; writers waiting for each other's row lock (the
//! second one hears of a conflict at once). Which read model a query goes to is CQRS, and how a
//! message follows from a transaction is the outbox: patterns of their own.
//!
//! Sources: the KurrentDB client documentation (expected versions, idempotent appends, catch-up
//! subscriptions); the Marten documentation (event metadata, projections, high-water mark); the
//! Axon reference (snapshot triggers, tokens, replays); eugene-khyst's PostgreSQL event sourcing
//! (optimistic concurrency, reading below `pg_snapshot_xmin`).

pub mod account;
pub mod client;
pub mod message;
pub mod projection;
pub mod service;
pub mod store;

mod describe;
mod promises;

use account::{Account, Event, Happened, OPENING, PRICE, Snapshot, TODAY};
use client::Client;
use message::{Msg, Task};
use projection::Projection;
use service::{OnConflict, Service, Trust};
use store::Store;

use crate::kernel::{Ctx, Description, Event as Told, Machine, Mood, NodeId, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Param, Params, Pattern, Range, Role, Scenario, System, recipe, texts};
use crate::sorted::Map;

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "event-sourcing",
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
        ("store-timeout", 10_000),
        ("ask-again", 30_000),
        ("idle-rollback", 0),
        ("horizon", 300_000),
    ],
    copies: promises::copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
    Param { id: "instances", range: Range::Count(1, 2), default: 1 },
    Param { id: "orders", range: Range::Count(0, 10_000), default: 2 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "rhythm", range: Range::Choice(&["in-turn", "together"]), default: 0 },
    Param { id: "customers", range: Range::Count(1, 2), default: 1 },
    Param { id: "history", range: Range::Count(0, 2), default: 0 },
    Param { id: "append", range: Range::Choice(&["one-by-one", "batch"]), default: 1 },
    Param { id: "expected", range: Range::Choice(&["loaded", "any"]), default: 0 },
    Param {
        id: "on-conflict",
        range: Range::Choice(&["decide-again", "append-again", "give-up"]),
        default: 0,
    },
    Param { id: "conflict-retries", range: Range::Count(0, 8), default: 3 },
    Param { id: "event-ids", range: Range::Choice(&["derived", "fresh"]), default: 0 },
    Param { id: "snapshot-every", range: Range::Count(0, 1000), default: 0 },
    Param {
        id: "first-snapshot",
        range: Range::Choice(&["none", "current", "stale", "old-code"]),
        default: 0,
    },
    Param { id: "snapshots", range: Range::Choice(&["checked", "trusted", "alone"]), default: 0 },
    Param { id: "old-events", range: Range::Switch, default: 0 },
    Param { id: "upcaster", range: Range::Switch, default: 1 },
    Param { id: "transactions", range: Range::Switch, default: 0 },
    Param { id: "feed", range: Range::Choice(&["by-number", "high-water"]), default: 1 },
    Param { id: "idle-rollback", range: Range::Millis(0, 600_000), default: 300 },
    Param { id: "projection", range: Range::Switch, default: 1 },
    Param { id: "checkpoint", range: Range::Choice(&["with-view", "after-view"]), default: 0 },
    Param { id: "apply-once", range: Range::Switch, default: 0 },
    Param { id: "rebuild", range: Range::Choice(&["in-place", "beside"]), default: 1 },
    Param { id: "receipts", range: Range::Choice(&["live-only", "in-replays"]), default: 0 },
    Param { id: "address", range: Range::Choice(&["unchecked", "reserved"]), default: 1 },
    Param { id: "look", range: Range::Switch, default: 0 },
    Param { id: "query", range: Range::Switch, default: 1 },
    Param { id: "store-timeout", range: Range::Millis(1, 60_000), default: 80 },
    Param { id: "ask-again", range: Range::Millis(1, 600_000), default: 500 },
    Param { id: "feed-size", range: Range::Count(1, 500), default: 10 },
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "two-at-once",
    "any-version",
    "append-again",
    "lost-ack",
    "lost-ack-fresh-ids",
    "half-done",
    "one-batch",
    "stale-snapshot",
    "snapshot-alone",
    "old-snapshot",
    "old-snapshot-trusted",
    "snapshot-ahead",
    "snapshot-ahead-trusted",
    "old-events",
    "upcaster",
    "crash-before-checkpoint",
    "checkpoint-with-view",
    "sequence-gap",
    "high-water",
    "dead-gap",
    "rebuild-in-place",
    "rebuild-beside",
    "receipts-again",
    "same-address",
    "reserved-address",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Who wants something.
    Client(Client),
    /// Who decides.
    Service(Service),
    /// Who keeps the events.
    Store(Store),
    /// The read model.
    Projection(Projection),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Told<'_, Msg>) {
        match self {
            Self::Client(m) => m.on_event(ctx, event),
            Self::Service(m) => m.on_event(ctx, event),
            Self::Store(m) => m.on_event(ctx, event),
            Self::Projection(m) => m.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Client(_) => {}
            Self::Service(m) => m.flush(ticket),
            Self::Store(m) => m.flush(ticket),
            Self::Projection(m) => m.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Service(m) => m.on_crash(),
            Self::Store(m) => m.on_crash(),
            Self::Projection(m) => m.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(m) => m.mood(),
            Self::Service(m) => m.mood(),
            Self::Store(m) => m.mood(),
            Self::Projection(m) => m.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

/// The events from before the run: each customer's account is opened, and the first customer has
/// bought a few things, by code of before if that is wanted.
fn history(customers: i32, opening: i32, bought: i32, old: bool) -> Vec<(i32, Vec<(i64, Event)>)> {
    let mut history = Vec::new();
    for customer in 1..=customers {
        let mut events = Event::of_request(-100 - customer, 0, &[(Happened::Opened, opening)]);
        for n in 1..=if customer == 1 { bought } else { 0 } {
            let mut more = Event::of_request(-n, 0, &[(Happened::Charged, PRICE), (Happened::Added, 1)]);
            if old {
                more.iter_mut().for_each(|(_, e)| e.schema = 1);
            }
            events.append(&mut more);
        }
        history.push((customer, events));
    }
    history
}

fn build(params: &Params) -> System {
    let textbook = params.get("cast") == 0;
    let orders = params.get("orders") as i32;
    let customers = params.get("customers") as i32;
    let bought = params.get("history") as i32;
    let upcaster = params.on("upcaster");
    let instances = if textbook { 1 } else { params.get("instances") as u8 };
    let with_view = !textbook && params.on("projection");
    let patience = |name| {
        let base = params.span(name);
        RetryPolicy { attempts: None, base, factor: 2, cap: base.times(8), jitter: Jitter::None }
    };

    let client = NodeId(0);
    let services: Vec<NodeId> = (1..=instances).map(NodeId).collect();
    let store = NodeId(instances + 1);
    let view = with_view.then_some(NodeId(instances + 2));

    let mut system = System::new();
    let settings = client::Settings {
        services: services.clone(),
        view,
        task: if textbook { Task::Create } else { Task::Buy },
        orders,
        customers,
        gap: params.span("order-gap"),
        together: params.get("rhythm") == 1,
        query: params.on("query"),
        look: params.on("look"),
        patience: patience("ask-again"),
    };
    system.node("client", Role::Client, Node::Client(Client::new(settings)));

    // Enough money for every order of a long run; for a short one, for two.
    let opening = if orders > 10 { PRICE * (orders + 10) } else { OPENING };
    let before =
        if textbook { Vec::new() } else { history(customers, opening, bought, params.on("old-events")) };
    let mut account = Account::default();
    before.first().into_iter().flat_map(|(_, events)| events).for_each(|(_, e)| account.apply(e));
    let mut snapshots = Map::new();
    match params.get("first-snapshot") {
        1 => drop(snapshots.insert(1, Snapshot { account, schema: TODAY })),
        2 => {
            let opened = Account { version: 1, balance: opening, ..Account::default() };
            snapshots.insert(1, Snapshot { account: opened, schema: TODAY });
        }
        3 => {
            let spent = opening - account.balance;
            snapshots.insert(1, Snapshot { account: Account { balance: spent, ..account }, schema: 1 });
        }
        _ => {}
    }
    let settings = service::Settings {
        store,
        batch: params.get("append") == 1,
        expects: params.get("expected") == 0,
        on_conflict: match params.get("on-conflict") {
            1 => OnConflict::Append,
            2 => OnConflict::GiveUp,
            _ => OnConflict::Decide,
        },
        retries: params.get("conflict-retries") as u8,
        stable_ids: params.get("event-ids") == 0,
        snapshot_every: params.get("snapshot-every") as i32,
        trust: match params.get("snapshots") {
            1 => Trust::Trusted,
            2 => Trust::Alone,
            _ => Trust::Checked,
        },
        upcaster,
        reserves: params.get("address") == 1,
        patience: patience("store-timeout"),
    };
    let names = if instances == 1 { ["service", ""] } else { ["service-1", "service-2"] };
    for (node, id) in services.iter().zip(names) {
        let service = Service::new(settings.clone(), snapshots.clone());
        system.node(id, Role::Service, Node::Service(service));
        system.link(client, *node);
        system.link(*node, store);
    }
    let settings = store::Settings {
        transactions: params.on("transactions"),
        high_water: params.get("feed") == 1,
        idle: params.span("idle-rollback"),
        most: params.get("feed-size") as usize,
        patience: patience("store-timeout"),
    };
    system.node("event-store", Role::Store, Node::Store(Store::new(settings, &before)));
    if let Some(me) = view {
        let settings = projection::Settings {
            store,
            together: params.get("checkpoint") == 0,
            once: params.on("apply-once"),
            beside: params.get("rebuild") == 1,
            mails_again: params.get("receipts") == 1,
            upcaster,
            patience: patience("store-timeout"),
        };
        // It has applied what was there before, unless that is old: then it is new itself.
        let position: i32 = before.iter().map(|(_, events)| events.len() as i32).sum();
        let applied = if params.on("old-events") { (0, 0, 0) } else { (bought, bought * PRICE, position) };
        system.node("view", Role::Store, Node::Projection(Projection::new(settings, applied, position)));
        system.link(store, me);
        system.link(client, me);
    }
    system
}
