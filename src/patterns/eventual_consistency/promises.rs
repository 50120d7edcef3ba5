//! What is promised, and what people only believe to be. Effects and what people saw are read from
//! the ledger; copies are compared where they are.
//!
//! A long run is not read again at every step: while it runs, the newest facts are looked at; at
//! rest, which comes once, all of them.

use super::Node;
use super::client::Client;
use super::crowd::Crowd;
use super::layers::Layer;
use super::message::Cell;
use super::names::{MESSAGES, fact};
use super::points::{Effect, Points};
use super::replica::Replica;
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Expect, Probe, Promise, Verdict};

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "copies-agree", expect: Expect::AtRest, check: copies_agree },
    Promise { id: "nothing-lost", expect: Expect::AtRest, check: nothing_lost },
    Promise { id: "effects-once", expect: Expect::Always, check: effects_once },
    Promise { id: "no-going-back", expect: Expect::Always, check: no_going_back },
    Promise { id: "read-your-writes", expect: Expect::Always, check: read_your_writes },
    Promise { id: "monotonic-reads", expect: Expect::Always, check: monotonic_reads },
    Promise { id: "consistent-prefix", expect: Expect::Always, check: consistent_prefix },
    Promise { id: "no-storm", expect: Expect::Always, check: no_storm },
];

/// A run with no more facts than this is read whole at every step; of a longer one, the newest.
const SMALL: usize = 96;

/// The facts to look at, oldest first.
fn facts<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Observation> + Clone {
    let ledger = probe.world.ledger();
    let first = if probe.at_rest { 0 } else { ledger.len().saturating_sub(SMALL) };
    (first..ledger.len()).filter_map(|i| ledger.get(i))
}

/// Whether something of the kind was observed; what to say of it then.
fn never(probe: &Probe<'_>, fact: u8, key: &'static str) -> Verdict {
    let found = facts(probe).find(|o| o.fact == fact);
    found.map_or(Verdict::Holds, |o| Verdict::Broken(Label::with(key, o.args)))
}

pub(super) fn nodes<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Node)> {
    let world = probe.world;
    (0..world.nodes() as u8).filter_map(move |n| Some((NodeId(n), world.machine(NodeId(n))?)))
}

pub(super) fn replicas<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Replica)> {
    nodes(probe).filter_map(|(n, node)| match node {
        Node::Replica(replica) => Some((n, replica)),
        _ => None,
    })
}

/// Once it is quiet, all copies say the same.
fn copies_agree(probe: &Probe<'_>) -> Verdict {
    let mut first: Option<(NodeId, &[Cell])> = None;
    for (node, replica) in replicas(probe) {
        let Some((origin, cells)) = first else {
            first = Some((node, &replica.cells));
            continue;
        };
        let differs = replica.cells.iter().zip(cells).find(|(a, b)| a.value != b.value);
        if let Some((cell, _)) = differs {
            let args = [cell.key, i32::from(origin.0), i32::from(node.0)];
            return Verdict::untrue(probe, Label::with("verdict.differ", args));
        }
    }
    for (node, machine) in nodes(probe) {
        let (Node::Cache(cache), Some((origin, cells))) = (machine, first) else { continue };
        for entry in &cache.entries {
            if cells.iter().any(|c| c.key == entry.key && c.value != entry.value) {
                let args = [entry.key, i32::from(origin.0), i32::from(node.0)];
                return Verdict::untrue(probe, Label::with("verdict.differ", args));
            }
        }
    }
    Verdict::Holds
}

/// What was confirmed counts in the end, everywhere; what was accepted has its effect, or a person
/// was told.
fn nothing_lost(probe: &Probe<'_>) -> Verdict {
    let client: Option<&Client> = nodes(probe).find_map(|(_, node)| match node {
        Node::Client(client) => Some(client),
        _ => None,
    });
    if let Some(client) = client {
        let confirmed = client.confirmed();
        for (_, replica) in replicas(probe) {
            for (cell, told) in replica.cells.iter().zip(confirmed) {
                if cell.value < told {
                    let args = [cell.key, told, cell.value];
                    return Verdict::untrue(probe, Label::with("verdict.sale-lost", args));
                }
            }
        }
        return Verdict::Holds;
    }
    let done = |accepted: &Observation, consumer: i32| {
        let [id, amount, _] = accepted.args;
        facts(probe).any(|o| {
            matches!(o.fact, fact::EFFECT | fact::SUPERSEDED | fact::REJECTED)
                && o.args == [id, amount, consumer]
        })
    };
    for accepted in facts(probe).filter(|o| o.fact == fact::ACCEPTED) {
        if let Some(consumer) = (0..accepted.args[2]).find(|consumer| !done(accepted, *consumer)) {
            let args = [accepted.args[0], accepted.args[1], consumer + 1];
            return Verdict::untrue(probe, Label::with("verdict.effect-missing", args));
        }
    }
    written_over(probe)
}

/// Points that were credited and are not on the account: somebody has written over them.
fn written_over(probe: &Probe<'_>) -> Verdict {
    let points: Option<&Points> = nodes(probe).find_map(|(_, node)| match node {
        Node::Points(points) => Some(points),
        _ => None,
    });
    let Some(points) = points.filter(|p| p.settings.effect != Effect::Set) else { return Verdict::Holds };
    if !probe.at_rest && probe.world.ledger().len() > SMALL {
        return Verdict::Holds;
    }
    let effects = facts(probe).filter(|o| o.fact == fact::EFFECT && o.args[2] == 0);
    let credited: i32 = effects.map(|o| o.args[1]).sum();
    // A fact comes a moment after its row: too much on the account is a fact to come.
    if points.rows[0] < credited {
        return Verdict::Broken(Label::with("verdict.written-over", [credited, points.rows[0], 0]));
    }
    Verdict::Holds
}

/// Nothing happens twice: not a sale, not the effect of a message.
fn effects_once(probe: &Probe<'_>) -> Verdict {
    let of_kind = |o: &&Observation| matches!(o.fact, fact::SOLD | fact::EFFECT);
    // A window of a long run can begin between the two; what it finds is true all the same.
    let mut seen: Vec<(u8, [i32; 3])> = Vec::new();
    for o in facts(probe).filter(of_kind) {
        // The same wish is the same sale wherever it is made.
        let what = if o.fact == fact::SOLD { (o.fact, [o.args[0], 0, 0]) } else { (o.fact, o.args) };
        if seen.contains(&what) {
            let key = if o.fact == fact::SOLD { "verdict.sold-twice" } else { "verdict.effect-twice" };
            return Verdict::Broken(Label::with(key, o.args));
        }
        if seen.len() == SMALL {
            seen.remove(0);
        }
        seen.push(what);
    }
    Verdict::Holds
}

/// A newer state is never overwritten by an older one.
fn no_going_back(probe: &Probe<'_>) -> Verdict {
    never(probe, fact::WENT_BACK, "verdict.went-back")
}

/// Customers see what they wrote.
fn read_your_writes(probe: &Probe<'_>) -> Verdict {
    never(probe, fact::OWN_MISSING, "verdict.own-missing")
}

/// Who saw something sees it again.
fn monotonic_reads(probe: &Probe<'_>) -> Verdict {
    never(probe, fact::READ_BACK, "verdict.read-back")
}

/// Who sees a write sees those before it.
fn consistent_prefix(probe: &Probe<'_>) -> Verdict {
    never(probe, fact::READ_GAP, "verdict.read-gap")
}

/// Trying again does not multiply the load: not in step, not layer by layer.
fn no_storm(probe: &Probe<'_>) -> Verdict {
    let crowd: Option<&Crowd> = nodes(probe).find_map(|(_, node)| match node {
        Node::Crowd(crowd) => Some(crowd),
        _ => None,
    });
    if let Some(crowd) = crowd {
        // Of those who try again, no more than half come at the same time.
        let few = crowd.callers.len() as i32 / 2;
        let call = |id: &str| MESSAGES.iter().position(|m| m.id == id).map_or(u8::MAX, |k| k as u8);
        let (get, put) = (call("get"), call("put"));
        let flying = probe.world.in_flight().filter(|m| (m.kind == get || m.kind == put) && m.args[1] > 1);
        let together = flying.count() as i32;
        if together > few.max(1) {
            return Verdict::Broken(Label::with("verdict.herd", [together, few, 0]));
        }
        return Verdict::Holds;
    }
    let attempts = probe.params.get("attempts").max(1) as i32;
    let dearest = nodes(probe).filter_map(|(_, node)| match node {
        Node::Layer(layer) => Layer::dearest(layer),
        _ => None,
    });
    match dearest.max_by_key(|(_, calls)| *calls) {
        Some((request, calls)) if calls > attempts => {
            Verdict::Broken(Label::with("verdict.multiplied", [request, calls, attempts]))
        }
        _ => Verdict::Holds,
    }
}
