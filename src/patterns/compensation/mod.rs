//! Compensation: finished work is taken back by new transactions, in reverse order, because nobody
//! held a lock that a rollback could give back. And TCC (try, confirm, cancel), which puts work on
//! hold first, so that what is taken back was never for others to see.
//!
//! Two casts: the textbook's transaction service with one service that takes commands A, B and C, and
//! a shop. Owns how one act is undone (by the inverse operation, by the old value, by the old value
//! if nobody has changed it), the order of undoing, the progress record, and the three anomalies of
//! compensating over a network: null compensation, hanging, repetition. Does not own what a saga is
//! (its log, its pivot, what several of them do to each other): that is the saga's.
//!
//! Sources: Garcia-Molina and Salem, "Sagas" (1987); Azure Architecture Center, *Compensating
//! Transaction pattern*; dtm, `client/dtmcli/barrier.go` and `dtmsvr/trans_type_tcc.go`; Seata, *AT
//! mode* and *TCC mode*; Pardon and Pautasso, "Atomic Distributed Transactions: a RESTful Design"
//! (2014), for holds that end on their own.

pub mod barrier;
pub mod course;
pub mod message;
pub mod plan;
pub mod service;
pub mod transactions;

mod describe;
mod promises;

use barrier::Guard;
use message::Msg;
use plan::{Act, Plan, UndoOrder};
use service::{Manner, Method, Service};
use transactions::{Progress, Settings, Transactions};

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{
    Param, Params, Pattern, Range, Role, Scenario, System, no_copies, recipe, texts,
};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "compensation",
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
        ("horizon", 3_600_000),
    ],
    copies: no_copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
    Param { id: "steps", range: Range::Count(1, 3), default: 3 },
    Param { id: "protocol", range: Range::Choice(&["compensate", "tcc"]), default: 0 },
    Param { id: "undo", range: Range::Choice(&["inverse", "old-value", "checked"]), default: 0 },
    Param { id: "undo-order", range: Range::Choice(&["reverse", "forward", "parallel"]), default: 0 },
    Param { id: "failed-step", range: Range::Choice(&["skip", "undo"]), default: 0 },
    Param { id: "barrier", range: Range::Choice(&["none", "keys", "full"]), default: 2 },
    Param { id: "progress", range: Range::Choice(&["each-step", "decision-only", "none"]), default: 0 },
    Param { id: "references", range: Range::Switch, default: 1 },
    Param { id: "step-order", range: Range::Choice(&["safe", "parcel-first"]), default: 0 },
    Param { id: "no-undo", range: Range::Choice(&["person", "skip"]), default: 0 },
    Param { id: "fee", range: Range::Count(0, 120), default: 0 },
    Param { id: "hold-expires", range: Range::Millis(0, 600_000), default: 0 },
    Param { id: "orders", range: Range::Count(1, 10_000), default: 1 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "command-timeout", range: Range::Millis(1, 60_000), default: 80 },
    Param { id: "retries", range: Range::Count(0, 8), default: 2 },
    Param { id: "retry-base", range: Range::Millis(1, 60_000), default: 40 },
    Param { id: "retry-cap", range: Range::Millis(1, 600_000), default: 320 },
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "old-value",
    "inverse",
    "checked",
    "cancellation-fee",
    "crash-while-undoing",
    "forgotten-while-undoing",
    "undoes-again",
    "refunded-twice",
    "refunded-once",
    "null-compensation",
    "blind-compensation",
    "wrong-order",
    "wrong-order-unchecked",
    "parallel-undo",
    "parcel-first",
    "parcel-first-by-hand",
    "stuck",
    "tcc",
    "tcc-cancel",
    "tcc-confirm-retried",
    "cancel-before-try",
    "hanging-hold",
    "hold-expired",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Who leads.
    Transactions(Transactions),
    /// Who does the acts.
    Service(Service),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Transactions(node) => node.on_event(ctx, event),
            Self::Service(node) => node.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Transactions(node) => node.flush(ticket),
            Self::Service(node) => node.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Transactions(node) => node.on_crash(),
            Self::Service(node) => node.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Transactions(node) => node.mood(),
            Self::Service(node) => node.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

fn plan_of(params: &Params) -> &'static Plan {
    match (params.get("cast"), params.get("step-order")) {
        (0, _) => &plan::TEXTBOOK,
        (_, 0) => &plan::SHOP,
        _ => &plan::PARCEL_FIRST,
    }
}

fn build(params: &Params) -> System {
    let plan = plan_of(params);
    let textbook = params.get("cast") == 0;
    let n = NodeId;
    let services = if textbook { [n(1); 7] } else { [n(1), n(1), n(1), n(1), n(2), n(3), n(3)] };
    let endless = RetryPolicy {
        attempts: None,
        base: params.span("retry-base"),
        factor: 2,
        cap: params.span("retry-cap"),
        jitter: Jitter::Equal,
    };
    let orders = params.get("orders") as i32;
    let order = match params.get("undo-order") {
        0 => UndoOrder::Reverse,
        1 => UndoOrder::Forward,
        _ => UndoOrder::Parallel,
    };
    let progress = match params.get("progress") {
        0 => Progress::EachStep,
        1 => Progress::DecisionOnly,
        _ => Progress::None,
    };
    let settings = Settings {
        plan,
        steps: params.get("steps") as u8,
        services,
        tcc: params.get("protocol") == 1,
        order,
        undo_failed: params.get("failed-step") == 1,
        skip: params.get("no-undo") == 1,
        progress,
        timeout: params.span("command-timeout"),
        limited: RetryPolicy { attempts: Some(params.get("retries") as u32 + 1), ..endless },
        endless,
        orders,
        gap: params.span("order-gap"),
    };
    let guard = match params.get("barrier") {
        0 => Guard::None,
        1 => Guard::Keys,
        _ => Guard::Full,
    };
    let manner = Manner {
        method: match params.get("undo") {
            0 => Method::Inverse,
            1 => Method::OldValue,
            _ => Method::Checked,
        },
        references: plan.chained.then_some(params.on("references")),
        fee: params.get("fee") as i32,
        hold_expires: params.span("hold-expires"),
    };
    let service = |acts: &[Act]| Node::Service(Service::new(n(0), acts, orders, guard, manner));
    let transactions = Node::Transactions(Transactions::new(settings));
    let mut system = System::new();
    if textbook {
        system.node("transactions", Role::Coordinator, transactions);
        system.node("service", Role::Service, service(plan.steps));
    } else {
        let parcel = if params.get("step-order") == 0 { Act::Book } else { Act::Send };
        system.node("orders", Role::Coordinator, transactions);
        system.node("inventory", Role::Service, service(&[Act::Reserve]));
        system.node("payment", Role::Service, service(&[Act::Charge]));
        system.node("shipping", Role::Service, service(&[parcel]));
    }
    for at in 1..system.nodes.len() {
        system.link(n(0), n(at as u8));
    }
    system
}
