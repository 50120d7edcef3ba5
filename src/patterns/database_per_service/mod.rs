//! Database per service: each service owns its data and is the only one to touch it. What used to be
//! a join becomes a composition of answers, what used to be a foreign key becomes an event.
//!
//! Owns the composer with its time-outs and failure policies ([`composer`]), services that are the
//! only door to their databases ([`service`], [`store`]), references across services and their
//! clean-up, and the naive forms, each a parameter. Does not own distributed transactions between the
//! databases, views that are kept for reading (CQRS), or brokers: events go straight from service to
//! service and are sent again until they are confirmed.
//!
//! Sources: Richardson, *Microservices Patterns* (2018; database per service, API composition);
//! Adya, Liskov and O'Neil, *Generalized Isolation Level Definitions* (2000) and `jepsen-io/elle`
//! for read skew (G-single).

pub mod composer;
pub mod message;
pub mod service;
pub mod store;

mod client;
mod describe;
mod promises;

pub use client::Client;
pub use composer::Composer;
pub use service::Service;
pub use store::Store;

use composer::OnFailure;
use message::{Msg, Owner, Place};
use store::Deletion;

use crate::kernel::{Ctx, Description, Event, Machine, Mood, NodeId, Ticket};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Param, Params, Pattern, Range, Role, Scenario, System, recipe, texts};

/// The pattern.
pub static PATTERN: Pattern = Pattern {
    id: "database-per-service",
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
    copies: promises::copies,
    build,
    texts: texts([include_str!("texts/en.txt"), include_str!("texts/pt-BR.txt")]),
};

/// Append only. Times are of a lesson: long enough to be seen, short enough to be read.
static PARAMS: &[Param] = &[
    Param { id: "cast", range: Range::Choice(&["textbook", "shop"]), default: 1 },
    Param { id: "view", range: Range::Choice(&["page", "list"]), default: 0 },
    Param { id: "orders", range: Range::Count(0, 10_000), default: 1 },
    Param { id: "order-gap", range: Range::Millis(0, 60_000), default: 150 },
    Param { id: "rows", range: Range::Count(1, 12), default: 3 },
    Param { id: "calls", range: Range::Choice(&["parallel", "sequential"]), default: 0 },
    Param { id: "call-timeout", range: Range::Millis(1, 60_000), default: 100 },
    Param { id: "patience", range: Range::Millis(0, 600_000), default: 600 },
    Param { id: "on-failure", range: Range::Choice(&["fail-all", "partial", "cached"]), default: 1 },
    Param { id: "labels", range: Range::Switch, default: 1 },
    Param { id: "names", range: Range::Choice(&["ask", "copy"]), default: 0 },
    Param { id: "fetch", range: Range::Choice(&["one-by-one", "batch"]), default: 1 },
    Param { id: "rereads", range: Range::Count(0, 5), default: 0 },
    Param { id: "reread-after", range: Range::Millis(0, 60_000), default: 20 },
    Param { id: "access", range: Range::Choice(&["api", "shortcut"]), default: 0 },
    Param { id: "delete", range: Range::Choice(&["hard", "soft", "clean-up"]), default: 2 },
    Param { id: "publish", range: Range::Choice(&["memory", "outbox"]), default: 1 },
    Param { id: "resend", range: Range::Millis(1, 600_000), default: 60 },
];

/// One region (round trips of about 1 ms), a disk of 1–5 ms, a request that waits for 3 s as dtm's
/// does, an outbox that is polled every second.
static REALISTIC: &[(&str, i64)] = &[
    ("latency-min", 0),
    ("latency-max", 1),
    ("disk-min", 1),
    ("disk-max", 5),
    ("call-timeout", 3_000),
    ("patience", 30_000),
    ("reread-after", 100),
    ("resend", 1_000),
    ("horizon", 300_000),
];

macro_rules! scenarios {
    ($($id:literal),* $(,)?) => {
        &[$(Scenario { id: $id, recipe: recipe(include_str!(concat!("scenarios/", $id, ".recipe"))) }),*]
    };
}

static SCENARIOS: &[Scenario] = scenarios![
    "textbook",
    "shop",
    "slow-provider",
    "provider-down-fail-all",
    "provider-down-partial",
    "provider-down-cached",
    "passed-off",
    "one-after-another",
    "read-skew",
    "read-skew-reread",
    "shortcut",
    "shortcut-schema-change",
    "schema-change",
    "dangling-reference",
    "soft-delete",
    "clean-up",
    "clean-up-lost",
    "clean-up-outbox",
    "stale-name",
    "n-plus-one",
    "batch",
];

/// A node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Who looks at pages.
    Client(Client),
    /// Who puts them together.
    Composer(Composer),
    /// Who owns data.
    Service(Service),
    /// Where it keeps them.
    Store(Store),
}

impl Machine for Node {
    type Msg = Msg;

    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match self {
            Self::Client(node) => node.on_event(ctx, event),
            Self::Composer(node) => node.on_event(ctx, event),
            Self::Service(node) => node.on_event(ctx, event),
            Self::Store(node) => node.on_event(ctx, event),
        }
    }

    fn flush(&mut self, ticket: Ticket) {
        if let Self::Store(node) = self {
            node.flush(ticket);
        }
    }

    fn on_crash(&mut self) {
        match self {
            Self::Client(_) => {}
            Self::Composer(node) => node.on_crash(),
            Self::Service(node) => node.on_crash(),
            Self::Store(node) => node.on_crash(),
        }
    }

    fn mood(&self) -> Mood {
        match self {
            Self::Client(node) => node.mood(),
            Self::Composer(node) => node.mood(),
            Self::Service(node) => node.mood(),
            Self::Store(node) => node.mood(),
        }
    }

    fn describe(&self, out: &mut Description) {
        describe::describe(self, out);
    }
}

/// Owner, service, database, in the order of the drawing.
type Cast = &'static [(Owner, &'static str, &'static str)];

const TEXTBOOK: Cast =
    &[(Owner::Orders, "service-a", "database-a"), (Owner::Shipping, "service-b", "database-b")];
const SHOP: Cast = &[
    (Owner::Orders, "orders", "orders-db"),
    (Owner::Customers, "customers", "customers-db"),
    (Owner::Shipping, "shipping", "shipping-db"),
];

fn build(params: &Params) -> System {
    let cast = if params.get("cast") == 0 { TEXTBOOK } else { SHOP };
    let n = cast.len() as u8;
    let (client, composer) = (NodeId(0), NodeId(1));
    let place = |i: u8| (NodeId(2 + i), NodeId(2 + n + i));
    let places: Vec<Place> = (0..n)
        .map(|i| Place { owner: cast[usize::from(i)].0, service: place(i).0, database: place(i).1 })
        .collect();
    let of = |owner| places.iter().find(|p| p.owner == owner).map(|p| p.service);
    let copied_names = params.get("names") == 1;
    let deletion = match params.get("delete") {
        0 => Deletion::Hard,
        1 => Deletion::Soft,
        _ => Deletion::CleanUp,
    };
    let outbox = params.get("publish") == 1;
    // Orders hear of customers when they keep something of them, or clean up after them.
    let names_heard = copied_names || deletion == Deletion::CleanUp;
    let listener = |owner| match owner {
        Owner::Orders => of(Owner::Shipping),
        Owner::Customers if names_heard => of(Owner::Orders),
        Owner::Customers | Owner::Shipping => None,
    };
    let source = |owner| match owner {
        Owner::Orders => of(Owner::Customers),
        Owner::Shipping => of(Owner::Orders),
        Owner::Customers => None,
    };
    let resend = params.span("resend");

    let mut system = System::new();
    let machine = Client::new(client::Settings {
        composer,
        list: params.get("view") == 1,
        orders: params.get("rows") as i32,
        gap: params.span("order-gap"),
        patience: params.span("patience"),
        pages: params.get("orders") as i32,
    });
    system.node("client", Role::Client, Node::Client(machine));
    let machine = Composer::new(composer::Settings {
        client,
        places: places.clone(),
        parallel: params.get("calls") == 0,
        timeout: params.span("call-timeout"),
        on_failure: match params.get("on-failure") {
            0 => OnFailure::FailAll,
            1 => OnFailure::Partial,
            _ => OnFailure::Cached,
        },
        labels: params.on("labels"),
        copied_names,
        batch: params.get("fetch") == 1,
        rereads: params.get("rereads") as i32,
        reread_after: params.span("reread-after"),
        trespasses: params.get("access") == 1,
    });
    system.node("composer", Role::Coordinator, Node::Composer(machine));
    for (place, (owner, id, _)) in places.iter().zip(cast) {
        let machine = Service::new(service::Settings {
            database: place.database,
            composer,
            source: source(*owner),
            listener: listener(*owner),
            outbox,
            resend: RetryPolicy {
                attempts: None,
                base: resend,
                factor: 2,
                cap: resend.times(8),
                jitter: Jitter::None,
            },
        });
        system.node(id, Role::Service, Node::Service(machine));
    }
    for (place, (owner, _, id)) in places.iter().zip(cast) {
        let machine = Store::new(store::Settings {
            owner: *owner,
            service: place.service,
            outbox,
            heard: listener(*owner).is_some(),
            copies: copied_names && of(Owner::Customers).is_some(),
            deletion,
            rows: params.get("rows") as i32,
        });
        system.node(id, Role::Store, Node::Store(machine));
    }
    system.link(client, composer);
    for place in &places {
        system.link(composer, place.service);
        system.link(place.service, place.database);
        if let Some(listener) = listener(place.owner) {
            system.link(place.service, listener);
        }
        if params.get("access") == 1 {
            system.link(composer, place.database);
        }
    }
    system
}
