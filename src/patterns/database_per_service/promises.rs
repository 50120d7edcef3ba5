//! What is promised, and what people only believe to be. What was seen and who touched what is read
//! from the ledger; references and copies are compared where they are.

use super::Node;
use super::client::Client;
use super::message::{Owner, fact};
use super::service::Service;
use super::store::Store;
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Copied, Expect, Probe, Promise, Verdict};

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "private-stores", expect: Expect::Always, check: private_stores },
    Promise { id: "page-available", expect: Expect::AtRest, check: page_available },
    Promise { id: "honest-answers", expect: Expect::Always, check: honest_answers },
    Promise { id: "one-moment", expect: Expect::Always, check: one_moment },
    Promise { id: "references-resolve", expect: Expect::AtRest, check: references_resolve },
    Promise { id: "copies-agree", expect: Expect::AtRest, check: copies_agree },
    Promise { id: "calls-stay-few", expect: Expect::Always, check: calls_stay_few },
];

/// A run with no more facts than this is read whole at every step; of a longer one the newest, and
/// at rest, which comes once, everything.
const SMALL: usize = 96;

/// The facts of one kind, the oldest first.
fn facts<'a>(probe: &Probe<'a>, fact: u8) -> impl Iterator<Item = &'a Observation> {
    let ledger = probe.world.ledger();
    let first = if probe.at_rest { 0 } else { ledger.len().saturating_sub(SMALL) };
    (first..ledger.len()).filter_map(|i| ledger.get(i)).filter(move |o| o.fact == fact)
}

fn nodes<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Node)> {
    let world = probe.world;
    (0..world.nodes() as u8).filter_map(move |n| Some((NodeId(n), world.machine(NodeId(n))?)))
}

fn store<'a>(probe: &Probe<'a>, owner: Owner) -> Option<(NodeId, &'a Store)> {
    nodes(probe).find_map(|(n, node)| match node {
        Node::Store(store) if store.settings.owner == owner => Some((n, store)),
        _ => None,
    })
}

fn service<'a>(probe: &Probe<'a>, of: NodeId) -> Option<&'a Service> {
    nodes(probe).find_map(|(_, node)| match node {
        Node::Service(service) if service.settings.database == of => Some(service),
        _ => None,
    })
}

/// Nobody but its own service touches a database.
fn private_stores(probe: &Probe<'_>) -> Verdict {
    facts(probe, fact::TRESPASSED).next().map_or(Verdict::Holds, |o| {
        Verdict::Broken(Label::with("verdict.trespassed", [o.args[0], o.args[1], o.args[2]]))
    })
}

/// Whoever opens a page sees one, be it one that says what it lacks.
fn page_available(probe: &Probe<'_>) -> Verdict {
    if let Some(o) = facts(probe, fact::SHOWN_NOTHING).next() {
        return Verdict::Broken(Label::with("verdict.no-page", [o.args[0], 0, 0]));
    }
    let client: Option<&Client> = nodes(probe).find_map(|(_, node)| match node {
        Node::Client(client) => Some(client),
        _ => None,
    });
    match client.and_then(Client::unanswered) {
        Some(page) => Verdict::untrue(probe, Label::with("verdict.waits", [page, 0, 0])),
        None => Verdict::Holds,
    }
}

/// What is missing or old is never passed off as whole and new.
fn honest_answers(probe: &Probe<'_>) -> Verdict {
    facts(probe, fact::PASSED_OFF)
        .next()
        .map_or(Verdict::Holds, |o| Verdict::Broken(Label::with("verdict.passed-off", o.args)))
}

/// The fragments of a page are of one moment. Nothing in the pattern sees to it.
fn one_moment(probe: &Probe<'_>) -> Verdict {
    facts(probe, fact::MIXED)
        .next()
        .map_or(Verdict::Holds, |o| Verdict::Broken(Label::with("verdict.mixed", o.args)))
}

/// Every customer that an order names exists, or the order was cleaned up.
fn references_resolve(probe: &Probe<'_>) -> Verdict {
    let (Some((_, orders)), Some((_, customers))) =
        (store(probe, Owner::Orders), store(probe, Owner::Customers))
    else {
        return Verdict::Holds;
    };
    let dangles = orders.rows.iter().find(|o| o.customer > 0 && customers.row(o.customer).is_none());
    match dangles {
        Some(order) => {
            Verdict::untrue(probe, Label::with("verdict.dangling", [order.key, order.customer, 0]))
        }
        None => Verdict::Holds,
    }
}

/// Changes of customers' names that the orders' copies have not seen: how many, and of whom.
fn names_behind(probe: &Probe<'_>) -> (i32, Option<i32>) {
    let (mut behind, mut whose) = (0, None);
    if let (Some((_, orders)), Some((_, customers))) =
        (store(probe, Owner::Orders), store(probe, Owner::Customers))
    {
        for customer in customers.rows.iter().filter(|c| !c.gone) {
            let copies = orders.rows.iter().filter(|o| o.customer == customer.key && o.copied > 0);
            let lag = copies.map(|o| customer.version - o.copied).max().unwrap_or(0);
            if lag > 0 {
                behind += lag;
                whose.get_or_insert(customer.key);
            }
        }
    }
    (behind, whose)
}

/// Changes of orders that their parcels have not seen: how many, and of which.
fn parcels_behind(probe: &Probe<'_>) -> (i32, Option<i32>) {
    let (mut behind, mut whose) = (0, None);
    if let (Some((_, orders)), Some((_, parcels))) =
        (store(probe, Owner::Orders), store(probe, Owner::Shipping))
    {
        for order in &orders.rows {
            let lag = parcels.row(order.key).map_or(0, |parcel| order.version - parcel.version);
            if lag > 0 {
                behind += lag;
                whose.get_or_insert(order.key);
            }
        }
    }
    (behind, whose)
}

/// What a service keeps of another's data is the same, once it is quiet.
fn copies_agree(probe: &Probe<'_>) -> Verdict {
    if let (behind, Some(customer)) = names_behind(probe) {
        return Verdict::untrue(probe, Label::with("verdict.name-behind", [customer, behind, 0]));
    }
    match parcels_behind(probe) {
        (behind, Some(order)) => {
            Verdict::untrue(probe, Label::with("verdict.parcel-behind", [order, behind, 0]))
        }
        _ => Verdict::Holds,
    }
}

/// A page costs a fixed number of calls, however many rows it has.
fn calls_stay_few(probe: &Probe<'_>) -> Verdict {
    facts(probe, fact::CALLS)
        .find(|o| o.args[1] > o.args[2])
        .map_or(Verdict::Holds, |o| Verdict::Broken(Label::with("verdict.calls", o.args)))
}

/// The copies: names at orders, versions of orders at shipping, the composer's cache.
pub fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    let mut fed = |keeper: Owner, source: Owner, name: &'static str, behind: (i32, Option<i32>)| {
        let (Some((node, _)), Some((from, stored))) = (store(probe, keeper), store(probe, source)) else {
            return;
        };
        // It comes as long as somebody still means to tell: the service, its outbox, the network.
        let key = behind.1.unwrap_or(0);
        let coming = service(probe, from).is_some_and(|s| s.will_tell(key))
            || stored.outbox.iter().any(|change| change.key == key)
            || stored.writing().next().is_some()
            || probe.world.in_flight().next().is_some()
            || probe.world.pending_writes(node).next().is_some();
        let lost = (behind.0 > 0 && !coming).then_some(Label::new("copy.event-lost"));
        out.push(Copied { node, name: Label::new(name), behind: behind.0 as u32, lost });
    };
    if probe.params.get("names") == 1 {
        fed(Owner::Orders, Owner::Customers, "copy.names", names_behind(probe));
    }
    fed(Owner::Shipping, Owner::Orders, "copy.orders", parcels_behind(probe));
    for (node, machine) in nodes(probe) {
        if let Node::Composer(composer) = machine
            && probe.params.get("on-failure") == 2
        {
            let mut behind = 0;
            for (owner, row) in composer.cached() {
                let now = store(probe, *owner).and_then(|(_, s)| s.row(row.key)).map(|r| r.version);
                behind += now.map_or(1, |now| (now - row.version).max(0) as u32);
            }
            // The next answer that arrives brings it up to date.
            out.push(Copied { node, name: Label::new("copy.cache"), behind, lost: None });
        }
    }
}
