//! What event sourcing promises, read from the store's disk and from the ledger.
//!
//! A promise is asked after every step: while a long run is under way only its newest facts are
//! looked at. At rest, which comes once, everything is read.

use super::Node;
use super::account::{Account, Happened};
use super::message::fact;
use super::projection::{Projection, Table};
use super::store::Store;
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Copied, Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "versions-whole", expect: Expect::Always, check: versions_whole },
    Promise { id: "never-overdrawn", expect: Expect::Always, check: never_overdrawn },
    Promise { id: "stored-once", expect: Expect::Always, check: stored_once },
    Promise { id: "whole-commands", expect: Expect::AtRest, check: whole_commands },
    Promise { id: "state-is-fold", expect: Expect::Always, check: state_is_fold },
    Promise { id: "view-is-fold", expect: Expect::AtRest, check: view_is_fold },
    Promise { id: "view-never-back", expect: Expect::Always, check: view_never_back },
    Promise { id: "mailed-once", expect: Expect::AtRest, check: mailed_once },
    Promise { id: "address-unique", expect: Expect::Always, check: address_unique },
];

/// A ledger, or a log, no longer than this is read whole at every step.
const SMALL: usize = 128;

fn nodes<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Node)> + use<'a> {
    let world = probe.world;
    (0..world.nodes()).filter_map(move |i| {
        let id = NodeId(i as u8);
        Some((id, world.machine::<Node>(id)?))
    })
}

fn store<'a>(probe: &Probe<'a>) -> Option<&'a Store> {
    nodes(probe).find_map(|(_, node)| match node {
        Node::Store(store) => Some(store),
        _ => None,
    })
}

fn projection<'a>(probe: &Probe<'a>) -> Option<(NodeId, &'a Projection)> {
    nodes(probe).find_map(|(id, node)| match node {
        Node::Projection(projection) => Some((id, projection)),
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

/// The versions of each stream are 1, 2, 3, … without a gap.
fn versions_whole(probe: &Probe<'_>) -> Verdict {
    let Some(store) = store(probe) else { return Verdict::Holds };
    if !probe.at_rest && store.events.log().len() > SMALL {
        return Verdict::Holds;
    }
    let mut heads: Map<i32, i32> = Map::new();
    for r in store.events.log().iter() {
        let head = heads.or_default(r.stream);
        if r.version != *head + 1 {
            return Verdict::Broken(Label::with("verdict.versions", [r.stream, r.version, *head]));
        }
        *head = r.version;
    }
    Verdict::Holds
}

/// No account falls below zero: what a command may assume when it decides.
fn never_overdrawn(probe: &Probe<'_>) -> Verdict {
    match store(probe).and_then(|s| s.truth.overdrawn) {
        Some((customer, balance)) => {
            Verdict::Broken(Label::with("verdict.overdrawn", [customer, balance, 0]))
        }
        None => Verdict::Holds,
    }
}

/// A request stores its events once.
fn stored_once(probe: &Probe<'_>) -> Verdict {
    match store(probe).and_then(|s| s.truth.twice) {
        Some(order) => Verdict::Broken(Label::with("verdict.twice", [order, 0, 0])),
        None => Verdict::Holds,
    }
}

/// A request stores all of its events, or none.
fn whole_commands(probe: &Probe<'_>) -> Verdict {
    match store(probe).and_then(|s| s.truth.half.first()) {
        Some(&(order, stored, of)) => {
            let args = [order, i32::from(stored), i32::from(of)];
            Verdict::untrue(probe, Label::with("verdict.half", args))
        }
        None => Verdict::Holds,
    }
}

/// What a client is told is the fold of the events up to the version that it is told.
fn state_is_fold(probe: &Probe<'_>) -> Verdict {
    let Some(store) = store(probe) else { return Verdict::Holds };
    // A restored backup takes back what was true when it was said.
    let mut wrong = None;
    for o in facts(probe) {
        match o.fact {
            fact::RESTORED => wrong = None,
            fact::READ if wrong.is_none() => {
                let [customer, version, balance] = o.args;
                let mut account = Account::default();
                let history = store.events.stream(customer, 0);
                history.iter().take_while(|r| r.version <= version).for_each(|r| account.apply(&r.event));
                if account.version != version {
                    wrong = Some(Label::with("verdict.no-such-version", [customer, version, 0]));
                } else if account.balance != balance {
                    let args = [customer, balance, account.balance];
                    wrong = Some(Label::with("verdict.wrong-state", args));
                }
            }
            _ => {}
        }
    }
    wrong.map_or(Verdict::Holds, Verdict::Broken)
}

/// Purchases and revenue up to a position, by the events.
fn purchases(store: &Store, upto: i32) -> (i32, i32) {
    let charged = |r: &&crate::parts::event_store::Recorded<super::account::Event>| {
        r.event.what == Happened::Charged && r.position <= upto
    };
    let all = store.events.log().iter().filter(charged);
    all.fold((0, 0), |(n, sum), r| (n + 1, sum + r.event.amount))
}

/// How many events a table has not seen, and what it has wrong for ever, if it does: purchases it
/// should show and does show.
fn compare(probe: &Probe<'_>, store: &Store, table: &Table) -> (usize, Option<(i32, i32)>) {
    let ahead = store.events.feed(table.checkpoint, i32::MAX, usize::MAX).len();
    if !probe.at_rest && store.events.log().len() > SMALL {
        return (ahead, None);
    }
    let (right, _) = purchases(store, table.checkpoint);
    let (most, _) = purchases(store, i32::MAX);
    // A view that is written before its checkpoint is ahead of it for a moment, and not wrong yet.
    let wrong =
        table.purchases < right || table.purchases > most || (ahead == 0 && table.purchases > right);
    (ahead, wrong.then_some((right, table.purchases)))
}

/// The read model is the fold of all events up to its checkpoint, and comes to the end of them.
fn view_is_fold(probe: &Probe<'_>) -> Verdict {
    let (Some(store), Some((_, projection))) = (store(probe), projection(probe)) else {
        return Verdict::Holds;
    };
    let Some(table) = projection.shown() else { return Verdict::Holds };
    match compare(probe, store, table) {
        (_, Some((right, shown))) => {
            Verdict::untrue(probe, Label::with("verdict.view-wrong", [shown, right, table.checkpoint]))
        }
        (0, None) => Verdict::Holds,
        (behind, None) => {
            let key = if projection.stuck.is_some() { "verdict.view-stuck" } else { "verdict.view-behind" };
            let args = [behind as i32, table.checkpoint, projection.stuck.unwrap_or(0)];
            Verdict::untrue(probe, Label::with(key, args))
        }
    }
}

/// The read model as a copy of the events.
pub(super) fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    let (Some(store), Some((node, projection))) = (store(probe), projection(probe)) else { return };
    let Some(table) = projection.shown() else { return };
    let (ahead, wrong) = compare(probe, store, table);
    let lost = match wrong {
        Some((right, shown)) if shown > right => Some(Label::new("lost.twice")),
        Some(_) => Some(Label::new("lost.passed-over")),
        None => projection.stuck.map(|at| Label::with("lost.unreadable", [at, 0, 0])),
    };
    let off = wrong.map_or(0, |(right, shown)| right.abs_diff(shown));
    out.push(Copied { node, name: Label::new("copy.view"), behind: ahead as u32 + off, lost });
}

/// Who looks at the read model twice does not see it go back.
fn view_never_back(probe: &Probe<'_>) -> Verdict {
    let mut most = 0;
    for o in facts(probe).filter(|o| o.fact == fact::SEEN) {
        if o.args[0] < most {
            return Verdict::Broken(Label::with("verdict.went-back", [most, o.args[0], 0]));
        }
        most = o.args[0];
    }
    Verdict::Holds
}

/// Each purchase gets one receipt.
fn mailed_once(probe: &Probe<'_>) -> Verdict {
    if projection(probe).is_none() {
        return Verdict::Holds;
    }
    let mut orders: Map<i32, (u16, u16)> = Map::new();
    let all = probe.at_rest || probe.world.ledger().len() <= SMALL;
    for o in facts(probe) {
        match o.fact {
            fact::MAILED => orders.or_default(o.args[0]).0 += 1,
            fact::CHARGED => orders.or_default(o.args[0]).1 += 1,
            _ => {}
        }
    }
    // In a window, the charge of a receipt may stand before it.
    let mails_too_often = |(mails, charges): (u16, u16)| mails > if all { charges } else { charges.max(1) };
    if let Some((order, count)) = orders.iter().find(|(_, c)| mails_too_often(**c)) {
        let args = [*order, i32::from(count.0), i32::from(count.1)];
        return Verdict::Broken(Label::with("verdict.mailed-again", args));
    }
    match orders.iter().find(|(_, (mails, charges))| mails < charges) {
        Some((order, _)) => Verdict::untrue(probe, Label::with("verdict.no-mail", [*order, 0, 0])),
        None => Verdict::Holds,
    }
}

/// Nobody shares an address.
fn address_unique(probe: &Probe<'_>) -> Verdict {
    match store(probe).map(|s| s.truth.registered.as_slice()) {
        Some([one, .., other]) => Verdict::Broken(Label::with("verdict.same-address", [*one, *other, 0])),
        _ => Verdict::Holds,
    }
}
