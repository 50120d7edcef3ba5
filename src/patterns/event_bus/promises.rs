//! What a bus promises, or is believed to. All of it is read from the ledger, that is from what
//! really happened, and not from what machines believe.
//!
//! A promise is asked after every step, so that a long run must not be read again each time: while
//! it runs only the newest facts are looked at, and only events are judged whose facts are all among
//! them. At rest, which comes once, everything is read.

use super::message::fact;
use super::team;
use crate::kernel::{Label, Observation};
use crate::patterns::pattern::{Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "no-lost-event", expect: Expect::AtRest, check: no_lost_event },
    Promise { id: "effects-once", expect: Expect::Always, check: effects_once },
    Promise { id: "stored-once", expect: Expect::Always, check: stored_once },
    Promise { id: "order-per-customer", expect: Expect::Always, check: order_per_customer },
    Promise { id: "attempts-end", expect: Expect::Always, check: attempts_end },
    Promise { id: "receipts-once", expect: Expect::Always, check: receipts_once },
];

/// A run with no more facts than this is read whole at every step.
const SMALL: usize = 128;
/// Else so many of the newest facts are read, …
const WINDOW: usize = 96;
/// … and so many of the newest events are judged: each leaves at most some fifteen facts.
const JUDGED: i32 = 5;

/// The facts to look at, oldest first.
fn facts<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Observation> + use<'a> {
    let ledger = probe.world.ledger();
    let all = probe.at_rest || ledger.len() <= SMALL;
    let first = if all { 0 } else { ledger.len() - WINDOW };
    let newest = ledger.iter().rev().take(WINDOW).map(|o| o.args[0]).max().unwrap_or(0);
    let from = if all { i32::MIN } else { newest - JUDGED + 1 };
    (first..ledger.len()).filter_map(|i| ledger.get(i)).filter(move |o| o.args[0] >= from)
}

/// The groups that every event is for.
fn teams(probe: &Probe<'_>) -> &'static [u8] {
    if probe.params.get("cast") == 0 {
        &[team::TEXTBOOK]
    } else if probe.params.get("mail") == 0 {
        &[team::PAYMENT]
    } else {
        &[team::PAYMENT, team::MAIL]
    }
}

/// What happened to an event in a group.
#[derive(Default)]
struct Fate {
    effects: u8,
    /// Lies among the dead letters.
    aside: bool,
}

/// Every event that was published, and not given up with a word to the application, has its effect
/// in every group, or lies among the dead letters.
fn no_lost_event(probe: &Probe<'_>) -> Verdict {
    let mut published: Vec<i32> = Vec::new();
    let mut fates: Map<(i32, i32), Fate> = Map::new();
    for o in facts(probe) {
        let [order, _, team] = o.args;
        match o.fact {
            fact::PUBLISHED => published.push(order),
            fact::GIVEN_UP => published.retain(|p| *p != order),
            fact::EFFECT => fates.or_default((order, team)).effects = 1,
            fact::DEAD_LETTERED => fates.or_default((order, team)).aside = true,
            fact::REPLAYED => fates.or_default((order, team)).aside = false,
            _ => {}
        }
    }
    for order in published {
        for team in teams(probe).iter().map(|t| i32::from(*t)) {
            if !fates.get(&(order, team)).is_some_and(|f| f.effects > 0 || f.aside) {
                let key = if probe.at_rest { "verdict.lost" } else { "verdict.open" };
                return Verdict::untrue(probe, Label::with(key, [order, team, 0]));
            }
        }
    }
    Verdict::Holds
}

/// The first event that has this fact twice, by event and group.
fn twice(probe: &Probe<'_>, is: impl Fn(&Observation) -> bool) -> Option<[i32; 3]> {
    let mut counts: Map<(i32, i32), i32> = Map::new();
    for o in facts(probe).filter(|o| is(o)) {
        // What a fact of the broker says of a group is nothing that tells two events apart.
        let team = if o.fact == fact::STORED { 0 } else { o.args[2] };
        *counts.or_default((o.args[0], team)) += 1;
    }
    counts.iter().find(|(_, n)| **n > 1).map(|((order, team), n)| [*order, *team, *n])
}

fn broken_by(found: Option<[i32; 3]>, key: &'static str) -> Verdict {
    found.map_or(Verdict::Holds, |args| Verdict::Broken(Label::with(key, args)))
}

/// No event has its effect twice in a group.
fn effects_once(probe: &Probe<'_>) -> Verdict {
    broken_by(twice(probe, |o| o.fact == fact::EFFECT), "verdict.twice")
}

/// No event stands twice in the log, nor among the dead letters.
fn stored_once(probe: &Probe<'_>) -> Verdict {
    match twice(probe, |o| o.fact == fact::STORED) {
        None => broken_by(twice(probe, |o| o.fact == fact::DEAD_LETTERED), "verdict.dead-twice"),
        found => broken_by(found, "verdict.stored-twice"),
    }
}

/// No event has more than one receipt.
fn receipts_once(probe: &Probe<'_>) -> Verdict {
    broken_by(twice(probe, |o| o.fact == fact::RECEIPT), "verdict.receipts")
}

/// In each group, the events of a customer have their first effects in the order of publishing, and
/// none has one while an earlier one is put aside.
fn order_per_customer(probe: &Probe<'_>) -> Verdict {
    // By customer and group: the newest event with an effect, and those that are put aside.
    let mut newest: Map<(i32, i32), i32> = Map::new();
    let mut aside: Vec<[i32; 3]> = Vec::new();
    let mut had: Vec<(i32, i32)> = Vec::new();
    for o in facts(probe) {
        let [order, customer, team] = o.args;
        let key = (customer, team);
        match o.fact {
            fact::DEAD_LETTERED => aside.push(o.args),
            fact::REPLAYED => aside.retain(|a| *a != o.args),
            fact::EFFECT if !had.contains(&(order, team)) => {
                had.push((order, team));
                let before = newest.get(&key).copied().unwrap_or(0);
                if before > order {
                    return Verdict::Broken(Label::with("verdict.order", [before, order, customer]));
                }
                let over = aside.iter().find(|a| (a[1], a[2]) == key && a[0] < order);
                if let Some(over) = over {
                    return Verdict::Broken(Label::with("verdict.overtaken", [order, over[0], customer]));
                }
                newest.insert(key, order);
            }
            _ => {}
        }
    }
    Verdict::Holds
}

/// No event is tried more often than the limit says.
fn attempts_end(probe: &Probe<'_>) -> Verdict {
    let most = probe.params.get("retries") as i32 + 1;
    let mut worst: Option<[i32; 3]> = None;
    for o in facts(probe).filter(|o| o.fact == fact::FAILED && o.args[1] > most) {
        if worst.is_none_or(|w| w[1] < o.args[1]) {
            worst = Some([o.args[0], o.args[1], most]);
        }
    }
    broken_by(worst, "verdict.attempts")
}
