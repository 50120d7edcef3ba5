//! The saga, orchestrated: one service leads the others through a long transaction step by step,
//! and undoes the finished steps when one cannot be done (Garcia-Molina and Salem, "Sagas", 1987).
//!
//! Three casts: the textbook's services A, B and C with its transaction service, a shop, and a shop on
//! credit where several sagas meet ([`isolation`]). Owns the protocol with its naive forms, each a
//! parameter. Does not own choreography: that is a pattern of its own.

pub mod added;
pub mod course;
pub mod definition;
pub mod isolation;
pub mod message;
pub mod orchestrator;
pub mod service;

mod client;
mod describe;
mod log_service;
mod numbers;
mod promises;

use added::Added;
use client::Client;
use definition::{Action, PRICE};
use isolation::records::Records;
use isolation::sagas::Sagas;
use log_service::LogService;
use message::{Directory, Msg};
use orchestrator::{Orchestrator, Settings};
use service::Service;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{
    Param, Params, Pattern, Range, Role, Scenario, System, no_copies, recipe, texts,
};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "saga",
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
    // dtm's defaults: a request waits 3 s, a branch is asked again after 10 s, doubling.
    realistic: &[
        ("command-timeout", 3_000),
        ("retries", 3),
        ("retry-base", 10_000),
        ("retry-cap", 600_000),
        ("ask-again", 60_000),
        ("horizon", 3_600_000),
    ],
    copies: no_copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop", "credit"]), default: 1 },
    Param { id: "flow", range: Range::Choice(&["success", "failure"]), default: 0 },
    Param { id: "orders", range: Range::Count(1, 10_000), default: 1 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "command-timeout", range: Range::Millis(1, 60_000), default: 80 },
    Param { id: "retries", range: Range::Count(0, 8), default: 2 },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 40 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 320 },
    Param { id: "idempotency", range: Range::Switch, default: 1 },
    Param { id: "resume", range: Range::Switch, default: 1 },
    Param { id: "step-order", range: Range::Choice(&["safe", "ship-first"]), default: 0 },
    Param { id: "barrier", range: Range::Switch, default: 1 },
    Param { id: "start-dedup", range: Range::Switch, default: 1 },
    Param { id: "ask-again", range: Range::Millis(0, 600_000), default: 1000 },
    Param { id: "failed-step", range: Range::Choice(&["skip", "undo"]), default: 0 },
    Param { id: "semantic-lock", range: Range::Choice(&["none", "refuse", "wait"]), default: 0 },
    Param { id: "by-value", range: Range::Count(0, 1_000), default: 0 },
    Param { id: "commutative", range: Range::Switch, default: 1 },
    Param { id: "view", range: Range::Choice(&["optimistic", "pessimistic"]), default: 0 },
    Param { id: "reread", range: Range::Switch, default: 0 },
    Param { id: "snapshot", range: Range::Switch, default: 0 },
    Param { id: "version-file", range: Range::Switch, default: 0 },
    Param { id: "credit-limit", range: Range::Count(1, 1_000_000), default: 200 },
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook-success",
    "textbook-failure",
    "shop",
    "card-declined",
    "undeliverable",
    "orchestrator-crash",
    "orchestrator-forgets",
    "lost-reply",
    "double-charge",
    "compensation-retried",
    "stuck",
    "after-the-pivot",
    "late-success",
    "late-success-no-barrier",
    "blind-release",
    "ship-first",
    "double-click",
    "double-click-twice",
    "failed-step-undone",
    "failed-step-undone-blindly",
    "stuck-settled",
    "stuck-stopped",
    "dirty-read",
    "dirty-read-pessimistic-view",
    "dirty-read-locked",
    "dirty-read-waits",
    "dirty-read-by-value",
    "lost-cancellation",
    "lost-cancellation-reread",
    "lost-cancellation-locked",
    "lost-credit",
    "lost-credit-commutative",
    "lost-credit-reread",
    "fuzzy-read",
    "fuzzy-read-snapshot",
    "fuzzy-read-reread",
    "out-of-order",
    "out-of-order-version-file",
];

/// A node of either cast.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum SagaMachine {
    /// The storefront.
    Client(Client),
    /// Who leads.
    Orchestrator(Orchestrator),
    /// Who does a step.
    Service(Service),
    /// The textbook's transaction service, or its reversal service.
    LogService(LogService),
    /// Who runs several sagas at once.
    Sagas(Sagas),
    /// What they meet at.
    Records(Records),
}

impl Machine for SagaMachine {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(m) => m.on_event(ctx, event),
            Self::Orchestrator(m) => m.on_event(ctx, event),
            Self::Service(m) => m.on_event(ctx, event),
            Self::LogService(m) => m.on_event(ctx, event),
            Self::Sagas(m) => m.on_event(ctx, event),
            Self::Records(m) => m.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Client(_) => {}
            Self::Orchestrator(m) => m.flush(ticket),
            Self::Service(m) => m.flush(ticket),
            Self::LogService(m) => m.flush(ticket),
            Self::Sagas(m) => m.flush(ticket),
            Self::Records(m) => m.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Orchestrator(m) => m.on_crash(),
            Self::Service(m) => m.on_crash(),
            Self::LogService(m) => m.on_crash(),
            Self::Sagas(m) => m.on_crash(),
            Self::Records(m) => m.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(m) => m.mood(),
            Self::Orchestrator(m) => m.mood(),
            Self::Service(m) => m.mood(),
            Self::LogService(m) => m.mood(),
            Self::Sagas(m) => m.mood(),
            Self::Records(m) => m.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

fn build(params: &Params) -> System {
    let textbook = params.get("cast") == 0;
    let failure = params.get("flow") == 1;
    let definition = match (textbook, failure, params.get("step-order")) {
        (true, false, _) => &definition::TEXTBOOK,
        (true, true, _) => &definition::TEXTBOOK_FAILURE,
        (false, _, 1) => &definition::SHIP_FIRST,
        (false, ..) => &definition::SHOP,
    };
    let n = NodeId;
    let directory = if textbook {
        let (transactions, reversal) = if failure { (n(2), n(3)) } else { (n(3), n(3)) };
        let services = [n(0), n(0), n(0), n(0), n(1), n(2)];
        Directory { client: None, orchestrator: n(0), transactions, reversal, services }
    } else {
        let services = [n(2), n(3), n(4), n(5), n(1), n(1)];
        Directory { client: Some(n(0)), orchestrator: n(1), transactions: n(1), reversal: n(1), services }
    };
    let endless = RetryPolicy {
        attempts: None,
        base: params.span("retry-base"),
        factor: 2,
        cap: params.span("retry-cap"),
        jitter: Jitter::Equal,
    };
    if params.get("cast") == 2 {
        return isolation::build(params, endless);
    }
    let orders = params.get("orders") as i32;
    let settings = Settings {
        definition,
        directory,
        timeout: params.span("command-timeout"),
        limited: RetryPolicy { attempts: Some(params.get("retries") as u32 + 1), ..endless },
        endless,
        resume: params.on("resume"),
        start_dedup: params.on("start-dedup"),
        orders,
        gap: params.span("order-gap"),
        undo_failed: Added(params.get("failed-step") == 1),
    };
    let orchestrator = SagaMachine::Orchestrator(Orchestrator::new(settings));
    // Enough for every order, and for some that a person places.
    let items = i64::from(orders).max(10) + if orders > 10 { 10 } else { 0 };
    let service = |action: Action| {
        let price = if action == Action::Charge { i64::from(PRICE) } else { 1 };
        let (idempotency, barrier) = (params.on("idempotency"), params.on("barrier"));
        let from = items * price;
        SagaMachine::Service(Service::new(action, directory.orchestrator, idempotency, barrier, from))
    };
    let log = |reverts| SagaMachine::LogService(LogService::new(directory.orchestrator, reverts));
    let mut system = System::new();
    if textbook {
        system.node("service-a", Role::Coordinator, orchestrator);
        system.node("service-b", Role::Service, service(Action::WorkOfB));
        if failure {
            system.node("transactions", Role::Store, log(false));
            system.node("reversal", Role::Service, log(true));
        } else {
            system.node("service-c", Role::Service, service(Action::WorkOfC));
            system.node("transactions", Role::Store, log(false));
        }
    } else {
        let (gap, ask_again) = (params.span("order-gap"), params.span("ask-again"));
        let client = Client::new(directory.orchestrator, orders, gap, ask_again);
        system.node("client", Role::Client, SagaMachine::Client(client));
        system.node("orders", Role::Coordinator, orchestrator);
        system.node("inventory", Role::Service, service(Action::Reserve));
        system.node("payment", Role::Service, service(Action::Charge));
        system.node("shipping", Role::Service, service(Action::Ship));
        system.node("mail", Role::Service, service(Action::Notify));
    }
    for i in 0..system.nodes.len() {
        let node = NodeId(i as u8);
        if node != directory.orchestrator {
            system.link(directory.orchestrator, node);
        }
    }
    system
}
