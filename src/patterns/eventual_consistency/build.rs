//! The casts: which nodes there are, and how each is set up.

use super::Node;
use super::cache::Cache;
use super::client::{self, Client, Session};
use super::crowd::{Crowd, VersionedRow};
use super::layers::Layer;
use super::points::{Effect, KeyOf, Points, Settings as PointsSettings};
use super::queue::{Producer, ProducerSettings, Queue, Settings as QueueSettings};
use super::replica::{self, Merge, Replica};
use super::worker::{Inbox, Worker};
use crate::kernel::{NodeId, Span};
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::{Params, Role, System};

pub(super) fn build(params: &Params) -> System {
    match params.get("cast") {
        0 => followers(params, ["primary", "replica", "cache"]),
        1 => followers(params, ["inventory", "search", "cache"]),
        2 => regions(params),
        3 => inbox(params),
        4 => crowd(params),
        _ => layers(params),
    }
}

/// How to wait before trying again; `attempts` in all, or as long as it takes.
fn policy(params: &Params, attempts: Option<u32>) -> RetryPolicy {
    let (base, jitter) = match params.get("back-off") {
        0 => (Span::ZERO, Jitter::None),
        1 => (params.span("retry-base"), Jitter::None),
        2 => (params.span("retry-base"), Jitter::Full),
        3 => (params.span("retry-base"), Jitter::Equal),
        _ => (params.span("retry-base"), Jitter::Decorrelated),
    };
    RetryPolicy { attempts, base, factor: 2, cap: params.span("retry-cap"), jitter }
}

fn attempts(params: &Params) -> Option<u32> {
    Some(params.get("attempts") as u32)
}

fn merge(params: &Params) -> Merge {
    match params.get("merge") {
        0 => Merge::Arrival,
        1 => Merge::Newest,
        2 => Merge::InOrder,
        _ => Merge::Counter,
    }
}

fn replica(params: &Params, index: u8, peers: Vec<NodeId>) -> Replica {
    // Updates are sent until they are confirmed, or once and never again.
    let forever = if params.on("send-again") { None } else { Some(1) };
    Replica::new(replica::Settings {
        index,
        peers,
        merge: merge(params),
        // The first replica's clock is the one that is ahead.
        skew: if index == 0 { params.get("clock-skew") as i32 } else { 0 },
        hybrid: params.get("clocks") == 1,
        idempotent: params.on("idempotency"),
        timeout: params.span("timeout"),
        policy: policy(params, forever),
    })
}

fn client(params: &Params, writers: Vec<NodeId>, readers: Vec<NodeId>) -> Node {
    Node::Client(Client::new(client::Settings {
        one_writer: writers.len() == 1,
        writers,
        readers,
        session: match params.get("session") {
            0 => Session::None,
            1 => Session::Sticky,
            _ => Session::Token,
        },
        orders: params.get("orders") as i32,
        gap: params.span("order-gap"),
        reads: params.get("read-after") as u8,
        timeout: params.span("timeout"),
        policy: policy(params, attempts(params)),
    }))
}

/// One replica that is written to, one that follows, and a cache.
fn followers(params: &Params, names: [&'static str; 3]) -> System {
    let [me, primary, follower, cache] = [0, 1, 2, 3].map(NodeId);
    let readers = match params.get("read-from") {
        0 => vec![primary],
        1 => vec![follower],
        2 => vec![cache],
        _ => vec![follower, cache],
    };
    let mut system = System::new();
    system.node("client", Role::Client, client(params, vec![primary], readers));
    let machine = replica(params, 0, vec![follower, cache]);
    system.node(names[0], Role::Service, Node::Replica(machine));
    system.node(names[1], Role::Store, Node::Replica(replica(params, 1, Vec::new())));
    let machine = Cache::new(primary, params.span("ttl"), merge(params) != Merge::Arrival);
    system.node(names[2], Role::Store, Node::Cache(machine));
    for (a, b) in [(me, primary), (primary, follower), (primary, cache), (me, follower), (me, cache)] {
        system.link(a, b);
    }
    system
}

/// Replicas that all accept writes.
fn regions(params: &Params) -> System {
    const NAMES: [&str; 3] = ["region-1", "region-2", "region-3"];
    let n = params.get("regions") as u8;
    let all: Vec<NodeId> = (1..=n).map(NodeId).collect();
    let mut system = System::new();
    system.node("client", Role::Client, client(params, all.clone(), all.clone()));
    for (index, me) in all.iter().enumerate() {
        let peers = all.iter().copied().filter(|peer| peer != me).collect();
        let machine = Node::Replica(replica(params, index as u8, peers));
        system.node(NAMES[index], Role::Service, machine);
        system.link(NodeId(0), *me);
    }
    for a in 0..all.len() {
        for b in a + 1..all.len() {
            system.link(all[a], all[b]);
        }
    }
    system
}

/// A queue that delivers at least once, and its consumers.
fn inbox(params: &Params) -> System {
    let [producer, queue, first] = [0, 1, 2].map(NodeId);
    let two = params.get("workers") > 0;
    let subscribers = params.get("workers") == 2;
    let workers = if two { vec![first, NodeId(3)] } else { vec![first] };
    let store = NodeId(first.0 + workers.len() as u8);
    let effect = match params.get("effect") {
        0 => Effect::Add,
        1 => Effect::Set,
        _ => Effect::WriteBack,
    };
    let inbox = match params.get("inbox") {
        0 => Inbox::None,
        1 => Inbox::Unique,
        2 => Inbox::CheckFirst,
        3 => Inbox::EffectFirst,
        4 => Inbox::MarkFirst,
        5 => Inbox::Optimistic,
        _ => Inbox::Fenced,
    };
    let mut system = System::new();
    let machine = Producer::new(ProducerSettings {
        queue,
        orders: params.get("orders") as i32,
        gap: params.span("order-gap"),
        timeout: params.span("timeout"),
        policy: policy(params, attempts(params)),
        absolute: effect == Effect::Set,
    });
    system.node("orders", Role::Client, Node::Producer(machine));
    let machine = Queue::new(QueueSettings {
        producer,
        workers: workers.clone(),
        subscribers,
        redeliver: params.span("redeliver"),
        deliveries: params.get("deliveries") as u8,
    });
    system.node("queue", Role::Broker, Node::Queue(machine));
    let names = if subscribers { ["points", "mail"] } else { ["worker-1", "worker-2"] };
    for (n, name) in names.iter().take(workers.len()).enumerate() {
        let consumer = if subscribers { n as u8 } else { 0 };
        system.node(
            name,
            Role::Service,
            Node::Worker(Worker::new(queue, store, consumer, inbox, effect == Effect::WriteBack)),
        );
    }
    let machine = Points::new(PointsSettings {
        inbox,
        key: match params.get("inbox-key") {
            0 => KeyOf::ConsumerAndMessage,
            1 => KeyOf::Message,
            _ => KeyOf::Delivery,
        },
        retention: params.get("retention") as usize,
        compares: params.on("compare"),
        effect,
        versions: params.on("versions"),
    });
    system.node("store", Role::Store, Node::Points(machine));
    system.link(producer, queue);
    for worker in workers {
        system.link(queue, worker);
        system.link(worker, store);
    }
    system
}

/// Many callers, one row.
fn crowd(params: &Params) -> System {
    let mut system = System::new();
    let callers = params.get("callers") as usize;
    let machine = Crowd::new(NodeId(1), callers, policy(params, None));
    system.node("crowd", Role::Client, Node::Crowd(machine));
    system.node("row", Role::Store, Node::Row(VersionedRow::default()));
    system.link(NodeId(0), NodeId(1));
    system
}

/// Services behind each other. Each waits longer than the one behind it can take.
fn layers(params: &Params) -> System {
    const NAMES: [(&str, Role); 4] = [
        ("client", Role::Client),
        ("gateway", Role::Coordinator),
        ("service", Role::Service),
        ("database", Role::Store),
    ];
    let most = attempts(params);
    let edge = params.get("retry-at") == 1;
    let patience = params.span("timeout");
    // All attempts of a layer with their waits, and then some.
    let of_all = |inner: Span| {
        let n = if edge { 1 } else { params.get("attempts").max(1) as u64 };
        let waits = if params.get("back-off") == 0 { Span::ZERO } else { params.span("retry-cap") };
        Span::us(inner.times(n).micros + waits.times(n).micros + patience.micros)
    };
    let service = patience;
    let gateway = of_all(service);
    let client = of_all(gateway);
    let mut system = System::new();
    for (n, ((name, role), timeout)) in
        NAMES.into_iter().zip([client, gateway, service, patience]).enumerate()
    {
        let above = n.checked_sub(1).map(|a| NodeId(a as u8));
        let below = (n < 3).then_some(NodeId(n as u8 + 1));
        let tries = if edge && n > 0 { Some(1) } else { most };
        let requests = if n == 0 { params.get("orders") as i32 } else { 0 };
        let gap = params.span("order-gap");
        let machine = Layer::new(above, below, timeout, policy(params, tries), requests, gap);
        system.node(name, role, Node::Layer(machine));
        if let Some(above) = above {
            system.link(above, NodeId(n as u8));
        }
    }
    system
}
