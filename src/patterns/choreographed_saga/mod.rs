//! The saga, choreographed: nobody leads. Each service reacts to the others' events with a local
//! transaction and tells what came of it with an event of its own (Garcia-Molina and Salem, "Sagas",
//! 1987; Richardson, *Microservices Patterns*, chapter 4; Azure Architecture Center, *Saga pattern*).
//!
//! Two casts: Richardson's order service and customer service, and a shop. Owns the rules of who
//! reacts to what, inbox and outbox of each service, what is made of events that come in another order
//! than they happened, cancellation at the pivot, and the watch over a saga that falls silent. Does
//! not own a leader (the pattern *saga*), the broker's inner life (partitions, offsets, rebalancing:
//! the event bus), nor the outbox's and the inbox's own failure modes.

pub mod broker;
pub mod message;
pub mod orders;
pub mod post;
pub mod rules;
pub mod service;

mod client;
mod describe;
mod promises;

use broker::Broker;
use client::Client;
use message::{Event as Happened, Msg};
use orders::{Orders, Settings, Watch};
use post::Manner;
use rules::{ENDS, Forgotten, Step, subscribes};
use service::{Early, Service};

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Ticket};
use crate::patterns::pattern::{
    Param, Params, Pattern, Range, Role, Scenario, System, no_copies, recipe, texts,
};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "choreographed-saga",
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
        ("publish-again", 1_000),
        ("deliver-again", 45_000),
        ("saga-timeout", 300_000),
        ("ask-again", 30_000),
        ("horizon", 3_600_000),
    ],
    copies: no_copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
    Param { id: "publish", range: Range::Choice(&["outbox", "after-commit"]), default: 0 },
    Param { id: "inbox", range: Range::Switch, default: 1 },
    Param { id: "early-undo", range: Range::Choice(&["ignore", "remember", "stash"]), default: 1 },
    Param { id: "cancel", range: Range::Choice(&["at-the-pivot", "for-everybody"]), default: 0 },
    Param { id: "watch", range: Range::Choice(&["none", "alarm", "cancel"]), default: 1 },
    Param { id: "saga-timeout", range: Range::Millis(1, 3_600_000), default: 400 },
    Param { id: "forgotten", range: Range::Choice(&["nothing", "payment", "release"]), default: 0 },
    Param { id: "undeliverable", range: Range::Choice(&["ends-it", "tries-again"]), default: 0 },
    Param { id: "orders", range: Range::Count(1, 10_000), default: 1 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "publish-again", range: Range::Millis(1, 60_000), default: 60 },
    Param { id: "deliver-again", range: Range::Millis(1, 600_000), default: 60 },
    Param { id: "ask-again", range: Range::Millis(0, 600_000), default: 1000 },
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "textbook-rejected",
    "shop",
    "card-declined",
    "undeliverable",
    "lost-event",
    "outbox",
    "event-twice",
    "event-twice-no-inbox",
    "lost-delivery",
    "shipping-down",
    "forgotten-subscriber",
    "forgotten-subscriber-alarm",
    "forgotten-subscriber-cancelled",
    "forgotten-compensation",
    "undo-before-event",
    "undo-before-event-ignored",
    "undo-before-event-stashed",
    "cancel-at-the-pivot",
    "cancel-in-time",
    "cancel-for-everybody",
    "cycle",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// The storefront.
    Client(Client),
    /// Where sagas begin and end.
    Orders(Orders),
    /// Who carries events.
    Broker(Broker),
    /// Who does a step.
    Service(Service),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(node) => node.on_event(ctx, event),
            Self::Orders(node) => node.on_event(ctx, event),
            Self::Broker(node) => node.on_event(ctx, event),
            Self::Service(node) => node.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        match self {
            Self::Client(_) => {}
            Self::Orders(node) => node.flush(ticket),
            Self::Broker(node) => node.flush(ticket),
            Self::Service(node) => node.flush(ticket),
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Orders(node) => node.on_crash(),
            Self::Broker(node) => node.on_crash(),
            Self::Service(node) => node.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(node) => node.mood(),
            Self::Orders(node) => node.mood(),
            Self::Broker(node) => node.mood(),
            Self::Service(node) => node.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

fn build(params: &Params) -> System {
    let textbook = params.get("cast") == 0;
    let n = NodeId;
    // The nodes in their order, and who does a step.
    let (client, orders, broker) = if textbook { (None, n(0), n(1)) } else { (Some(n(0)), n(1), n(2)) };
    let steps: &[(&'static str, Step)] = if textbook {
        &[("customer-service", Step::Credit)]
    } else {
        &[("inventory", Step::Reserve), ("payment", Step::Charge), ("shipping", Step::Ship)]
    };
    let manner = Manner {
        broker,
        inbox: params.on("inbox"),
        outbox: params.get("publish") == 0,
        again: params.span("publish-again"),
    };
    let for_everybody = params.get("cancel") == 1;
    let forgotten = match params.get("forgotten") {
        0 => Forgotten::Nothing,
        1 => Forgotten::Payment,
        _ => Forgotten::Release,
    };
    let early = match params.get("early-undo") {
        0 => Early::Ignore,
        1 => Early::Remember,
        _ => Early::Stash,
    };
    let count = params.get("orders") as i32;
    let settings = Settings {
        manner,
        client,
        watch: match params.get("watch") {
            0 => Watch::None,
            1 => Watch::Alarm,
            _ => Watch::Cancel,
        },
        patience: params.span("saga-timeout"),
        cancel_for_everybody: for_everybody,
        tries_again: params.get("undeliverable") == 1,
        orders: count,
        gap: params.span("order-gap"),
    };
    let mut subscriptions = Vec::new();
    for event in Happened::ALL {
        for (at, (_, step)) in steps.iter().enumerate() {
            if subscribes(*step, event, for_everybody, forgotten) {
                subscriptions.push((event, n(broker.0 + 1 + at as u8)));
            }
        }
        let of_this_cast = steps.iter().any(|(_, s)| s.tells().0 == event || s.tells().1 == event);
        if of_this_cast && ENDS.contains(&event) {
            subscriptions.push((event, orders));
        }
    }
    let mut system = System::new();
    if let Some(client) = client {
        let (gap, again) = (params.span("order-gap"), params.span("ask-again"));
        system.node("client", Role::Client, Node::Client(Client::new(orders, count, gap, again)));
        system.link(client, orders);
    }
    let id = if textbook { "order-service" } else { "orders" };
    system.node(id, Role::Service, Node::Orders(Orders::new(settings)));
    let broker_node = Broker::new(subscriptions, params.span("deliver-again"));
    system.node("broker", Role::Broker, Node::Broker(broker_node));
    system.link(orders, broker);
    for (id, step) in steps {
        let service = Service::new(*step, manner, early, step.stock(count));
        let node = system.node(id, Role::Service, Node::Service(service));
        system.link(broker, node);
    }
    system
}
