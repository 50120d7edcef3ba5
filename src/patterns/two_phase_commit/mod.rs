//! Two-phase commit: a coordinator asks everybody to prepare, and commits only when all have voted
//! yes. Atomic over several databases, and blocked while the one who knows the decision is silent.
//!
//! Owns the roles ([`Coordinator`], [`Participant`], [`Client`], the careless [`Backup`]), what they
//! promise, and the scenarios: blocking, and what is done about it (participants that ask each other or
//! pass decisions on, an operator who guesses), and customers who wait for each other's rows. Does not
//! own the repair of what an operator guessed wrongly, nor a search for deadlocks: time-outs end those.
//!
//! Sources: Gray and Lamport, *Consensus on Transaction Commit* (2006), whose `TwoPhase.tla` this
//! refines; Mohan, Lindsay and Obermarck, *Transaction Management in the R\* Distributed Database
//! Management System* (1986) for presumed abort; Bernstein, Hadzilacos and Goodman (1987), chapter 7, for
//! cooperative termination; Babaoğlu and Toueg, *Non-Blocking Atomic Commitment* (1993), for passing
//! decisions on; The Open Group, *Distributed Transaction Processing: The XA Specification* (1991), for
//! heuristic decisions.

mod abstractions;
mod backup;
mod client;
mod coordinator;
mod message;
mod participant;
mod promises;

pub use crate::parts::shop::Service;
pub use backup::Backup;
pub use client::Client;
pub use coordinator::Coordinator;
pub use message::{Msg, kind, record, timer, verb};
pub use participant::{Forward, InDoubt, Participant};

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Span, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{
    Expect, Kind, Param, Params, Pattern, Promise, Range, Role, Scenario, System, no_copies, recipe, texts,
};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "two-phase-commit",
    version: 1,
    messages: &[
        Kind::command("prepare"),
        Kind::event("yes"),
        Kind::failure("no"),
        Kind::command("commit"),
        Kind::event("ack"),
        Kind::undo("abort"),
        Kind::query("inquiry"),
        Kind::command("order"),
        Kind::event("order-confirmed"),
        Kind::failure("order-refused"),
        Kind::event("done"),
        Kind::failure("in-doubt"),
        Kind::failure("mixed"),
        Kind::failure("order-mixed"),
    ],
    records: &[
        Kind::event("prepared"),
        Kind::event("commit"),
        Kind::undo("abort"),
        Kind::event("end"),
        Kind::event("heuristic-commit"),
        Kind::undo("heuristic-abort"),
        Kind::failure("mixed"),
    ],
    timers: &[
        Kind::failure("vote-timeout"),
        Kind::query("inquiry"),
        Kind::command("resend"),
        Kind::command("next-order"),
        Kind::query("answer"),
        Kind::failure("takeover"),
    ],
    facts: &[
        Kind::event("data-changed"),
        Kind::event("money-moved"),
        Kind::event("stock-reserved"),
        Kind::event("shipment-booked"),
        Kind::event("points-credited"),
        Kind::event("invoice-issued"),
    ],
    verbs: &[Kind::command("place-order"), Kind::command("force-commit"), Kind::undo("force-abort")],
    params: &[
        Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
        Param { id: "participants", range: Range::Count(1, 5), default: 3 },
        Param { id: "prepare", range: Range::Choice(&["sequential", "parallel"]), default: 1 },
        Param { id: "orders", range: Range::Count(1, 10_000), default: 1 },
        Param { id: "order-gap", range: Range::Millis(0, 10_000), default: 20 },
        Param { id: "vote-timeout", range: Range::Millis(1, 60_000), default: 120 },
        Param { id: "inquiry-after", range: Range::Millis(1, 60_000), default: 60 },
        Param { id: "inquiry-cap", range: Range::Millis(1, 60_000), default: 480 },
        Param { id: "resend-after", range: Range::Millis(1, 60_000), default: 80 },
        Param { id: "vote-order", range: Range::Choice(&["write-first", "send-first"]), default: 0 },
        Param {
            id: "in-doubt",
            range: Range::Choice(&["wait", "abort-alone", "commit-alone", "ask-peers"]),
            default: 0,
        },
        Param { id: "backup", range: Range::Choice(&["none", "careless"]), default: 0 },
        Param { id: "answer-after", range: Range::Millis(1, 60_000), default: 400 },
        Param {
            id: "broadcast",
            range: Range::Choice(&["simple", "forward-first", "forward-last"]),
            default: 0,
        },
        Param { id: "heuristics", range: Range::Choice(&["compared", "accepted"]), default: 0 },
        Param { id: "customers", range: Range::Count(1, 2), default: 1 },
    ],
    promises: &[
        Promise { id: "agreement", expect: Expect::Always, check: promises::agreement },
        Promise { id: "votes-respected", expect: Expect::Always, check: promises::votes_respected },
        Promise { id: "decision-logged", expect: Expect::Always, check: promises::decision_logged },
        Promise { id: "everyone-decides", expect: Expect::AtRest, check: promises::everyone_decides },
        Promise { id: "applied-once", expect: Expect::AtRest, check: promises::applied_once },
        Promise { id: "no-locks-left", expect: Expect::AtRest, check: promises::no_locks_left },
        Promise { id: "damage-flagged", expect: Expect::AtRest, check: promises::damage_flagged },
    ],
    scenarios: SCENARIOS,
    abstractions: abstractions::ALL,
    realistic: &[
        ("vote-timeout", 35_000),
        ("inquiry-after", 3_000),
        ("inquiry-cap", 60_000),
        ("resend-after", 10_000),
        ("answer-after", 35_000),
        ("latency-min", 0),
        ("latency-max", 2),
        ("disk-max", 5),
        ("horizon", 600_000),
    ],
    copies: no_copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

/// Textbook first.
const SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "vote-no",
    "lost-vote",
    "coordinator-crash-before-decision",
    "coordinator-crash-after-decision",
    "crash-between-commits",
    "blocked",
    "participant-crash",
    "lost-ack",
    "vote-before-write",
    "careless-backup",
    "impatient-participant",
    "model",
    "ask-peers",
    "ask-peers-unvoted",
    "ask-peers-blocked",
    "forward-first",
    "forward-last",
    "operator-lucky",
    "operator-mixed",
    "operator-mixed-accepted",
    "lock-wait",
    "lock-wait-crash",
    "deadlock",
];

/// A node of two-phase commit.
#[derive(Clone, PartialEq, Eq, Hash)]
#[allow(
    clippy::large_enum_variant,
    reason = "a world has few nodes, and they are shared until they change"
)]
pub enum Node {
    /// Who wants something.
    Client(Client),
    /// Who decides.
    Coordinator(Coordinator),
    /// Who does the work.
    Participant(Participant),
    /// A standby that decides what it must not.
    Backup(Backup),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(node) => node.on_event(ctx, event),
            Self::Coordinator(node) => node.on_event(ctx, event),
            Self::Participant(node) => node.on_event(ctx, event),
            Self::Backup(node) => node.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Coordinator(node) => node.flush(ticket),
            Self::Participant(node) => node.flush(ticket),
            Self::Client(_) | Self::Backup(_) => {}
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Coordinator(node) => node.on_crash(),
            Self::Participant(node) => node.on_crash(),
            Self::Backup(node) => node.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(node) => node.mood(),
            Self::Coordinator(node) => node.mood(),
            Self::Participant(node) => node.mood(),
            Self::Backup(node) => node.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        match self {
            Self::Client(node) => node.describe(out),
            Self::Coordinator(node) => node.describe(out),
            Self::Participant(node) => node.describe(out),
            Self::Backup(node) => node.describe(out),
        }
    }
}

/// Names of the textbook's services.
const SERVICES: [&str; 5] = ["service-1", "service-2", "service-3", "service-4", "service-5"];

/// Waits that double up to a cap, for as long as it takes. Without jitter: the few who wait here
/// overload nobody, and a reader can follow them.
const fn doubling(first: Span, cap: Span) -> RetryPolicy {
    RetryPolicy { attempts: None, base: first, factor: 2, cap, jitter: Jitter::None }
}

fn build(params: &Params) -> System {
    let shop = params.get("cast") == 1;
    let n = params.get("participants").clamp(1, 5) as usize;
    let orders = params.get("orders").clamp(1, 10_000) as i32;
    let first = params.span("inquiry-after");
    let inquiry = doubling(first, params.span("inquiry-cap"));
    let resend = params.span("resend-after");
    let answer = params.span("answer-after");

    // Numbers first, as every machine is told whom it speaks to.
    let client = shop.then_some(NodeId(0));
    let coordinator = NodeId(u8::from(shop));
    let participants: Vec<NodeId> = (0..n).map(|i| NodeId(coordinator.0 + 1 + i as u8)).collect();
    let backup = (params.get("backup") == 1).then_some(NodeId(coordinator.0 + 1 + n as u8));
    let after = coordinator.0 + 1 + n as u8 + u8::from(backup.is_some());
    let second = (shop && params.get("customers") == 2).then_some(NodeId(after));
    let customer = || {
        let patience = doubling(answer, answer.times(4));
        Client::new(coordinator, orders, params.span("order-gap"), patience)
    };

    let mut system = System::new();
    if shop {
        let machine = if second.is_some() { customer().of_two(false) } else { customer() };
        system.node("client", Role::Client, Node::Client(machine));
        system.link(NodeId(0), coordinator);
    }
    let settings = coordinator::Settings {
        participants: participants.clone(),
        client,
        parallel: params.get("prepare") == 1,
        vote_timeout: params.span("vote-timeout"),
        resend: doubling(resend, resend.times(8)),
        transactions: if shop { 0 } else { orders },
        gap: params.span("order-gap"),
    };
    let mut leader = Coordinator::new(settings);
    if let Some(second) = second {
        leader = leader.with_second(second);
    }
    system.node("coordinator", Role::Coordinator, Node::Coordinator(leader));
    let in_doubt = match params.get("in-doubt") {
        1 => InDoubt::AbortAlone,
        2 => InDoubt::CommitAlone,
        3 => InDoubt::AskPeers,
        _ => InDoubt::Wait,
    };
    let forward = match params.get("broadcast") {
        1 => Forward::First,
        2 => Forward::Last,
        _ => Forward::Never,
    };
    let cooperate = in_doubt == InDoubt::AskPeers || forward != Forward::Never;
    let others = |me| participants.iter().copied().filter(|&p| p != me).collect();
    for (i, me) in participants.iter().enumerate() {
        let service = if shop { Service::SHOP[i] } else { Service::Plain };
        let settings = participant::Settings {
            service,
            coordinator,
            backup,
            send_first: params.get("vote-order") == 1,
            in_doubt,
            inquiry,
        };
        let stock = orders * if second.is_some() { 2 } else { 1 };
        let mut machine = Participant::new(*me, settings, service.table(stock));
        if cooperate {
            machine = machine.with_peers(others(*me), forward);
        }
        if params.get("heuristics") == 1 {
            machine = machine.accepting();
        }
        let id = if shop { service.id() } else { SERVICES[i] };
        system.node(id, Role::Service, Node::Participant(machine));
        system.link(coordinator, *me);
    }
    if let Some(me) = backup {
        let machine = Backup::new(coordinator, first);
        system.node("backup", Role::Coordinator, Node::Backup(machine));
        system.link(coordinator, me);
        participants.iter().for_each(|p| system.link(me, *p));
    }
    if let Some(me) = second {
        system.node("client-2", Role::Client, Node::Client(customer().of_two(true)));
        system.link(me, coordinator);
    }
    if cooperate {
        for (i, a) in participants.iter().enumerate() {
            participants[i + 1..].iter().for_each(|b| system.link(*a, *b));
        }
    }
    system
}
