//! Change data capture: a connector reads the database's own log and publishes each committed change
//! of a row, once at least and in order (Debezium's documentation of its connector for PostgreSQL;
//! PostgreSQL's, of logical replication slots; Kafka Connect's, of source connectors).
//!
//! Owns: the log with positions and one replication slot that holds it back, the connector with its
//! initial snapshot, streaming, the window between two flushes of its offset, exactly-once support,
//! incremental snapshots between watermarks, the compacted topic with tombstones, schema changes, a
//! failover, a task that moves, and consumers that take events in rightly or not.
//!
//! Does not own: transactions of several rows, `ts_ms` (no machine sees a clock), replica identity
//! (`before` is always whole), several tables and partitions, heartbeats, the protocol by which
//! Connect's workers agree on who has a task (a person moves it). What a row-level change does not
//! say about the business (why an amount changed: CDC-10) is no failure of this machinery, but a
//! reason for the outbox, which is a pattern of its own.

pub mod broker;
pub mod compaction;
pub mod connector;
pub mod consumer;
pub mod database;
pub mod kinds;
pub mod message;
pub mod wal;
pub mod window;

mod app;
mod describe;
mod promises;

use app::App;
use broker::Broker;
use connector::{Connector, SnapshotMode};
use consumer::{Consumer, Style};
use database::Database;
use message::Msg;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Span, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Param, Params, Pattern, Range, Role, Scenario, System, recipe, texts};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "change-data-capture",
    version: 1,
    messages: message::MESSAGES,
    records: kinds::RECORDS,
    timers: kinds::TIMERS,
    facts: kinds::FACTS,
    verbs: kinds::VERBS,
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
    Param { id: "rows", range: Range::Count(0, 40), default: 2 },
    Param { id: "orders", range: Range::Count(0, 60), default: 1 },
    Param { id: "change-gap", range: Range::Millis(1, 60_000), default: 60 },
    Param { id: "ask-again", range: Range::Millis(1, 600_000), default: 300 },
    Param { id: "visible-after", range: Range::Millis(0, 60_000), default: 0 },
    Param { id: "snapshot-mode", range: Range::Choice(&["initial", "when-needed"]), default: 0 },
    Param { id: "chunk", range: Range::Count(1, 20_000), default: 2 },
    Param { id: "watermarks", range: Range::Switch, default: 1 },
    Param { id: "tombstones", range: Range::Switch, default: 1 },
    Param { id: "batch", range: Range::Count(1, 10_000), default: 4 },
    Param { id: "flush-every", range: Range::Millis(1, 600_000), default: 150 },
    Param { id: "confirm", range: Range::Choice(&["after-flush", "on-receipt"]), default: 0 },
    Param { id: "exactly-once", range: Range::Switch, default: 0 },
    Param { id: "slot-limit", range: Range::Count(0, 100_000), default: 0 },
    Param { id: "disk", range: Range::Count(0, 100_000), default: 0 },
    Param { id: "failover-slot", range: Range::Switch, default: 0 },
    Param { id: "sender-timeout", range: Range::Millis(1, 600_000), default: 100 },
    Param { id: "workers", range: Range::Count(1, 2), default: 1 },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 60 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 480 },
    Param { id: "style", range: Range::Choice(&["upsert", "delta", "read-back"]), default: 0 },
    Param { id: "dedup", range: Range::Switch, default: 1 },
    Param { id: "dead-letters", range: Range::Switch, default: 0 },
    Param { id: "late-consumer", range: Range::Switch, default: 0 },
    Param { id: "delete-retention", range: Range::Millis(1, 86_400_000), default: 150 },
    Param { id: "redeliver-after", range: Range::Millis(1, 600_000), default: 120 },
];

/// Kafka Connect's and Debezium's defaults (flush every 60 s, batches of 2,048, chunks of 1,024),
/// PostgreSQL's `wal_sender_timeout` of 60 s, Kafka's back-off and `delete.retention.ms` of 24 h.
static REALISTIC: &[(&str, i64)] = &[
    ("flush-every", 60_000),
    ("batch", 2048),
    ("chunk", 1024),
    ("sender-timeout", 60_000),
    ("retry-base", 100),
    ("retry-cap", 1000),
    ("delete-retention", 86_400_000),
    ("redeliver-after", 45_000),
    ("latency-min", 0),
    ("latency-max", 1),
    ("disk-max", 5),
    ("horizon", 86_400_000),
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "worker-crash",
    "worker-crash-dedup",
    "worker-crash-exactly-once",
    "confirm-early",
    "connector-stopped",
    "disk-full",
    "slot-lost",
    "snapshot-crash",
    "schema-change",
    "schema-breaks",
    "schema-dead-letters",
    "late-consumer",
    "zombie-row",
    "snapshot-race",
    "snapshot-window",
    "failover",
    "failover-slot",
    "rebalance",
    "rebalance-fenced",
    "read-back",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum CdcMachine {
    /// The application.
    App(App),
    /// The database.
    Database(Database),
    /// A Connect worker.
    Connector(Connector),
    /// The broker.
    Broker(Broker),
    /// A consumer.
    Consumer(Consumer),
}

impl Machine for CdcMachine {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::App(m) => m.on_event(ctx, event),
            Self::Database(m) => m.on_event(ctx, event),
            Self::Connector(m) => m.on_event(ctx, event),
            Self::Broker(m) => m.on_event(ctx, event),
            Self::Consumer(m) => m.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::App(_) | Self::Connector(_) => {}
            Self::Database(m) => m.flush(ticket),
            Self::Broker(m) => m.flush(ticket),
            Self::Consumer(m) => m.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::App(_) => {}
            Self::Database(m) => m.on_crash(),
            Self::Connector(m) => m.on_crash(),
            Self::Broker(m) => m.on_crash(),
            Self::Consumer(m) => m.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::App(m) => m.mood(),
            Self::Database(m) => m.mood(),
            Self::Connector(m) => m.mood(),
            Self::Broker(m) => m.mood(),
            Self::Consumer(m) => m.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

/// Waits that double up to a cap, without jitter: a reader can follow them.
const fn doubling(attempts: Option<u32>, first: Span, cap: Span) -> RetryPolicy {
    RetryPolicy { attempts, base: first, factor: 2, cap, jitter: Jitter::None }
}

fn build(params: &Params) -> System {
    const WORKERS: [&str; 2] = ["connector", "connector-2"];
    let count = params.get("workers").clamp(1, 2) as u8;
    let number = |id| params.get(id) as u32;
    let (app, database) = (NodeId(0), NodeId(1));
    let workers: Vec<NodeId> = (0..count).map(|i| NodeId(2 + i)).collect();
    let (broker, search) = (NodeId(2 + count), NodeId(3 + count));
    let late = params.on("late-consumer").then_some(NodeId(4 + count));
    let (base, cap) = (params.span("retry-base"), params.span("retry-cap"));
    let retry = doubling(None, base, cap);
    let redeliver = params.span("redeliver-after");

    let mut system = System::new();
    let (rows, orders) = (params.get("rows") as i32, params.get("orders") as i32);
    let machine = App::new(database, rows, orders, params.span("change-gap"), params.span("ask-again"));
    system.node("app", Role::Client, CdcMachine::App(machine));
    let settings = database::Settings {
        app,
        workers: workers.clone(),
        rows,
        visible_after: params.span("visible-after"),
        slot_limit: number("slot-limit"),
        disk: number("disk"),
        failover_slot: params.on("failover-slot"),
        batch: number("batch") as u16,
        sender_timeout: params.span("sender-timeout"),
        resend: doubling(Some(12), base.times(2), cap.times(2)),
    };
    system.node("database", Role::Coordinator, CdcMachine::Database(Database::new(settings)));
    for (i, worker) in workers.iter().enumerate() {
        let settings = connector::Settings {
            database,
            broker,
            first: i == 0,
            mode: if params.get("snapshot-mode") == 1 {
                SnapshotMode::WhenNeeded
            } else {
                SnapshotMode::Initial
            },
            chunk: number("chunk") as u16,
            tombstones: params.on("tombstones"),
            exactly_once: params.on("exactly-once"),
            confirm_early: params.get("confirm") == 1,
            watermarks: params.on("watermarks"),
            flush: params.span("flush-every"),
            retry,
        };
        system.node(WORKERS[i], Role::Broker, CdcMachine::Connector(Connector::new(settings)));
        system.link(database, *worker);
        system.link(*worker, broker);
    }
    let settings = broker::Settings {
        consumer: search,
        late,
        exactly_once: params.on("exactly-once"),
        delete_retention: params.span("delete-retention"),
        redeliver: doubling(None, redeliver, redeliver.times(8)),
    };
    system.node("broker", Role::Broker, CdcMachine::Broker(Broker::new(settings)));
    let style = match params.get("style") {
        1 => Style::Delta,
        2 => Style::ReadBack,
        _ => Style::Upsert,
    };
    let settings = consumer::Settings {
        broker,
        database,
        style,
        dedup: params.on("dedup"),
        dead_letters: params.on("dead-letters"),
        retry,
    };
    let consumer = |settings| CdcMachine::Consumer(Consumer::new(settings));
    system.node("search", Role::Service, consumer(settings.clone()));
    system.link(app, database);
    system.link(broker, search);
    if style == Style::ReadBack {
        system.link(search, database);
    }
    if let Some(late) = late {
        system.node(
            "report",
            Role::Service,
            consumer(consumer::Settings { style: Style::Upsert, ..settings }),
        );
        system.link(broker, late);
    }
    system
}
