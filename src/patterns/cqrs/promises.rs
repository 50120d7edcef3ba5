//! What CQRS promises, read from the database's disk, the read stores' and the ledger.
//!
//! A promise is asked after every step: while a long run is under way only its newest facts are
//! looked at. At rest, which comes once, everything is read.

use super::Node;
use super::database::Database;
use super::message::{Row, fact, timer};
use super::queries::Queries;
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Copied, Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "never-oversold", expect: Expect::Always, check: never_oversold },
    Promise { id: "ordered-once", expect: Expect::Always, check: ordered_once },
    Promise { id: "never-ahead", expect: Expect::Always, check: never_ahead },
    Promise { id: "views-converge", expect: Expect::AtRest, check: views_converge },
    Promise { id: "read-your-writes", expect: Expect::Always, check: read_your_writes },
    Promise { id: "monotonic-reads", expect: Expect::Always, check: monotonic_reads },
    Promise { id: "consistent-prefix", expect: Expect::Always, check: consistent_prefix },
];

/// A ledger no longer than this is read whole at every step.
const SMALL: usize = 128;

fn nodes<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Node)> + use<'a> {
    let world = probe.world;
    (0..world.nodes()).filter_map(move |i| {
        let id = NodeId(i as u8);
        Some((id, world.machine::<Node>(id)?))
    })
}

fn database<'a>(probe: &Probe<'a>) -> Option<&'a Database> {
    nodes(probe).find_map(|(_, node)| match node {
        Node::Database(database) => Some(database),
        _ => None,
    })
}

/// Read stores, with the row that each shows.
fn views<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Queries, Row)> + use<'a> {
    nodes(probe).filter_map(|(id, node)| match node {
        Node::Queries(queries) => Some((id, queries, queries.shown()?)),
        _ => None,
    })
}

/// The facts to look at, oldest first.
fn facts<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Observation> + use<'a> {
    let ledger = probe.world.ledger();
    let all = probe.at_rest || ledger.len() <= SMALL;
    let first = if all { 0 } else { ledger.len() - SMALL / 2 };
    (first..ledger.len()).filter_map(|i| ledger.get(i))
}

const fn number(node: NodeId) -> i32 {
    node.0 as i32
}

/// Nothing is sold that is not there.
fn never_oversold(probe: &Probe<'_>) -> Verdict {
    match database(probe).map(Database::newest) {
        Some(row) if row.left < 0 => Verdict::Broken(Label::with("verdict.oversold", [row.left, 0, 0])),
        _ => Verdict::Holds,
    }
}

/// An order takes effect once, and whoever is told so finds it.
fn ordered_once(probe: &Probe<'_>) -> Verdict {
    let mut orders: Map<i32, (u16, bool)> = Map::new();
    for o in facts(probe) {
        match o.fact {
            fact::SOLD => orders.or_default(o.args[0]).0 += 1,
            fact::ORDERED => orders.or_default(o.args[0]).1 = true,
            _ => {}
        }
    }
    let all = probe.at_rest || probe.world.ledger().len() <= SMALL;
    let wrong = |(sold, told): (u16, bool)| sold > 1 || (all && told && sold == 0);
    match orders.iter().find(|(_, o)| wrong(**o)) {
        Some((order, (sold, _))) => {
            Verdict::Broken(Label::with("verdict.order-count", [*order, i32::from(*sold), 0]))
        }
        None => Verdict::Holds,
    }
}

/// No read model is of a version that the write model has not come to.
fn never_ahead(probe: &Probe<'_>) -> Verdict {
    let Some(newest) = database(probe).map(|d| d.newest().version) else { return Verdict::Holds };
    match views(probe).find(|(.., row)| row.version > newest) {
        Some((node, _, row)) => {
            Verdict::Broken(Label::with("verdict.ahead", [number(node), row.version, newest]))
        }
        None => Verdict::Holds,
    }
}

/// Whether nothing is on its way any more that could change a read store.
fn settled(probe: &Probe<'_>, database: &Database) -> bool {
    let client = |node: NodeId| matches!(probe.world.machine::<Node>(node), Some(Node::Client(_)));
    // What a timer will bring is on its way too.
    let coming = |node| {
        let mut timers = probe.world.timers(NodeId(node as u8));
        timers.any(|(t, _)| matches!(t.kind, timer::REPLICATE | timer::LOAD_AGAIN))
    };
    database.outbox.is_empty()
        && !(0..probe.world.nodes()).any(coming)
        && !probe.world.in_flight().any(|m| !client(m.from) && !client(m.to))
        && !views(probe).any(|(node, ..)| probe.world.pending_writes(node).next().is_some())
}

/// The last state of every read model is the state of the write model.
fn views_converge(probe: &Probe<'_>) -> Verdict {
    let Some(database) = database(probe) else { return Verdict::Holds };
    let right = database.newest();
    for (node, _, row) in views(probe) {
        if row.version < right.version {
            let args = [number(node), row.version, right.version];
            return Verdict::untrue(probe, Label::with("verdict.behind", args));
        }
        if row.sold != right.sold {
            let args = [number(node), row.sold, right.sold];
            return Verdict::untrue(probe, Label::with("verdict.miscounted", args));
        }
        if row != right {
            let args = [number(node), row.left, right.left];
            return Verdict::untrue(probe, Label::with("verdict.wrong-stock", args));
        }
    }
    Verdict::Holds
}

/// The read models as copies of the write model.
pub(super) fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    let Some(database) = database(probe) else { return };
    let right = database.newest();
    for (node, queries, row) in views(probe) {
        let behind = right.version.abs_diff(row.version);
        let wrong = database.row(row.version) != Some(row);
        let lost = if row.sold > right.sold {
            Some(Label::new("lost.counted-twice"))
        } else if (wrong || behind > 0) && settled(probe, database) && probe.world.is_up(node) {
            Some(Label::new("lost.passed-over"))
        } else {
            None
        };
        let name = if queries.follows() { "copy.replica" } else { "copy.view" };
        out.push(Copied { node, name: Label::new(name), behind: behind.max(u32::from(wrong)), lost });
    }
}

fn none_of(probe: &Probe<'_>, kind: u8, key: &'static str) -> Verdict {
    match facts(probe).find(|o| o.fact == kind) {
        Some(o) => Verdict::Broken(Label::with(key, o.args)),
        None => Verdict::Holds,
    }
}

/// Who has written sees it: the answer is not older than what was known to be written when asking.
fn read_your_writes(probe: &Probe<'_>) -> Verdict {
    none_of(probe, fact::OWN_MISSING, "verdict.own-missing")
}

/// Who has seen something does not see an older state afterwards.
fn monotonic_reads(probe: &Probe<'_>) -> Verdict {
    none_of(probe, fact::WENT_BACK, "verdict.went-back")
}

/// What is shown is what the write model was at some version.
fn consistent_prefix(probe: &Probe<'_>) -> Verdict {
    let Some(database) = database(probe) else { return Verdict::Holds };
    for o in facts(probe).filter(|o| o.fact == fact::SHOWN) {
        let [version, left, sold] = o.args;
        let shown = Row { version, left, sold };
        match database.row(version) {
            Some(right) if right == shown => {}
            Some(right) if right.sold != sold => {
                return Verdict::Broken(Label::with("verdict.never-sold", [version, sold, right.sold]));
            }
            _ => return Verdict::Broken(Label::with("verdict.never-was", [version, left, sold])),
        }
    }
    Verdict::Holds
}
