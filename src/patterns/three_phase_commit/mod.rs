//! Three-phase commit: between the votes and the commit a second phase tells everybody that all have
//! voted yes. Then nobody has to wait for a coordinator that has crashed, because nobody can be in doubt
//! while another one has committed. It is right as long as silence means death: a partition, or one slow
//! node, and both halves decide.
//!
//! Owns the roles ([`Coordinator`], [`Participant`], [`Client`]) and three ways of dealing with silence,
//! as a parameter: the time-outs of the diagrams, the termination protocol, and decisions by quorum.
//! Does not own an election of its own (the participants' order stands for it), transactions that wait
//! for each other's rows (a locked row is refused at once), nor a record of who was up when (after
//! everybody was down, the coordinator waits for all of them instead of for the last).
//!
//! Sources: Skeen, *Nonblocking Commit Protocols* (1981), and *A Quorum-Based Commit Protocol* (1982);
//! Bernstein, Hadzilacos and Goodman (1987), 7.5; Keidar and Dolev, *Increasing the Resilience of
//! Distributed and Replicated Database Systems* (E3PC, 1998) for the rounds.

mod client;
mod coordinator;
mod message;
mod participant;
mod promises;

pub use client::Client;
pub use coordinator::Coordinator;
pub use message::{Knowledge, Msg, Round, kind, record, timer};
pub use participant::{Participant, Silence};

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Span, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::parts::shop::Service;
use crate::patterns::pattern::{
    Kind, Param, Params, Pattern, Range, Role, Scenario, System, no_copies, recipe, texts,
};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "three-phase-commit",
    version: 1,
    messages: message::MESSAGES,
    records: message::RECORDS,
    timers: message::TIMERS,
    facts: message::FACTS,
    verbs: &[Kind::command("place-order")],
    params: &[
        Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
        Param { id: "participants", range: Range::Count(1, 5), default: 3 },
        Param { id: "phases", range: Range::Choice(&["sequential", "parallel"]), default: 1 },
        Param { id: "silence", range: Range::Choice(&["alone", "termination", "quorum"]), default: 1 },
        Param { id: "orders", range: Range::Count(1, 200), default: 1 },
        Param { id: "order-gap", range: Range::Millis(0, 10_000), default: 20 },
        Param { id: "vote-timeout", range: Range::Millis(1, 60_000), default: 100 },
        Param { id: "ack-timeout", range: Range::Millis(1, 60_000), default: 60 },
        Param { id: "silence-after", range: Range::Millis(1, 60_000), default: 150 },
        Param { id: "answers-within", range: Range::Millis(1, 60_000), default: 40 },
        Param { id: "ask-after", range: Range::Millis(1, 60_000), default: 80 },
        Param { id: "answer-after", range: Range::Millis(1, 60_000), default: 400 },
    ],
    promises: promises::PROMISES,
    scenarios: SCENARIOS,
    abstractions: &[],
    realistic: &[
        ("vote-timeout", 3_000),
        ("ack-timeout", 3_000),
        ("silence-after", 10_000),
        ("answers-within", 3_000),
        ("ask-after", 10_000),
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
    "card-declined",
    "crash-before-precommit",
    "crash-after-precommit",
    "crash-between-precommits",
    "crash-between-precommits-alone",
    "participant-crash",
    "everybody-crashes",
    "long-pause",
    "long-pause-terminated",
    "slow-node",
    "partition",
    "partition-alone",
    "partition-quorum",
    "slow-node-quorum",
    "lost-precommit",
    "model",
];

/// A node of three-phase commit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Who wants something.
    Client(Client),
    /// Who leads.
    Coordinator(Coordinator),
    /// Who does the work.
    Participant(Participant),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(node) => node.on_event(ctx, event),
            Self::Coordinator(node) => node.on_event(ctx, event),
            Self::Participant(node) => node.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Client(_) => {}
            Self::Coordinator(node) => node.flush(ticket),
            Self::Participant(node) => node.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Coordinator(node) => node.on_crash(),
            Self::Participant(node) => node.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(node) => node.mood(),
            Self::Coordinator(node) => node.mood(),
            Self::Participant(node) => node.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        match self {
            Self::Client(node) => node.describe(out),
            Self::Coordinator(node) => node.describe(out),
            Self::Participant(node) => node.describe(out),
        }
    }
}

/// Names of the textbook's services.
const SERVICES: [&str; 5] = ["service-1", "service-2", "service-3", "service-4", "service-5"];

/// Waits that double up to eight times the first, for as long as it takes. Without jitter: the few who
/// wait here overload nobody, and a reader can follow them.
const fn doubling(first: Span) -> RetryPolicy {
    RetryPolicy { attempts: None, base: first, factor: 2, cap: first.times(8), jitter: Jitter::None }
}

fn build(params: &Params) -> System {
    let shop = params.get("cast") == 1;
    let n = params.get("participants").clamp(1, 5) as usize;
    let orders = params.get("orders").clamp(1, 200) as i32;
    let silence = match params.get("silence") {
        0 => Silence::Alone,
        1 => Silence::Terminate,
        _ => Silence::Quorum,
    };
    let ask = doubling(params.span("ask-after"));
    let gap = params.span("order-gap");

    // Numbers first, as every machine is told whom it speaks to.
    let client = shop.then_some(NodeId(0));
    let coordinator = NodeId(u8::from(shop));
    let participants: Vec<NodeId> = (0..n).map(|i| NodeId(coordinator.0 + 1 + i as u8)).collect();

    let mut system = System::new();
    if shop {
        let machine = Client::new(coordinator, orders, gap, doubling(params.span("answer-after")));
        system.node("client", Role::Client, Node::Client(machine));
        system.link(NodeId(0), coordinator);
    }
    let settings = coordinator::Settings {
        participants: participants.clone(),
        client,
        parallel: params.get("phases") == 1,
        quorum: silence == Silence::Quorum,
        vote_timeout: params.span("vote-timeout"),
        ack_timeout: params.span("ack-timeout"),
        resend: ask,
        transactions: if shop { 0 } else { orders },
        gap,
    };
    system.node("coordinator", Role::Coordinator, Node::Coordinator(Coordinator::new(settings)));
    for (place, me) in participants.iter().enumerate() {
        let service = if shop { Service::SHOP[place] } else { Service::Plain };
        let settings = participant::Settings {
            service,
            coordinator,
            all: participants.clone(),
            place,
            silence,
            patience: params.span("silence-after"),
            answers: params.span("answers-within"),
            ask,
        };
        let machine = Participant::new(settings, service.table(orders));
        let id = if shop { service.id() } else { SERVICES[place] };
        system.node(id, Role::Service, Node::Participant(machine));
        system.link(coordinator, *me);
    }
    // Who can lead talks to everybody; the time-outs of the diagrams talk to nobody, but for asking after
    // a crash.
    for (i, a) in participants.iter().enumerate() {
        participants[i + 1..].iter().for_each(|b| system.link(*a, *b));
    }
    system
}
