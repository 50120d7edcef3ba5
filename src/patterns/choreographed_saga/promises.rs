//! What a choreographed saga promises. Read from the ledger, that is from what really happened.
//!
//! A long run is not read again at each step: while it runs only the newest facts are looked at, and
//! only orders are judged whose facts are all among them. At rest, which comes once, everything is
//! read.

use super::message::{Event, fact};
use super::rules::Step;
use crate::kernel::{Label, Observation};
use crate::patterns::pattern::{Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "all-or-compensated", expect: Expect::AtRest, check: all_or_compensated },
    Promise { id: "steps-once", expect: Expect::Always, check: steps_once },
    Promise { id: "no-blind-undo", expect: Expect::Always, check: no_blind_undo },
    Promise { id: "order-says-so", expect: Expect::AtRest, check: order_says_so },
    Promise { id: "no-silent-change", expect: Expect::AtRest, check: no_silent_change },
    Promise { id: "saga-ends", expect: Expect::AtRest, check: saga_ends },
];

/// A run with no more facts than this is read whole at every step; else so many of the newest, …
const SMALL: usize = 128;
const WINDOW: usize = 64;
/// … and so many of the newest orders are judged: each leaves at most some twenty facts.
const JUDGED: i32 = 2;

fn facts<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Observation> + use<'a> {
    let ledger = probe.world.ledger();
    let all = probe.at_rest || ledger.len() <= SMALL;
    let first = if all { 0 } else { ledger.len() - WINDOW };
    let from = if all { i32::MIN } else { ledger.last().map_or(0, |o| o.args[0] - JUDGED + 1) };
    (first..ledger.len()).filter_map(|i| ledger.get(i)).filter(move |o| o.args[0] >= from)
}

/// What happened to one order.
#[derive(Default)]
struct Tally {
    done: [u8; 4],
    undone: [u8; 4],
    /// By event: how often it was published.
    published: [u8; 12],
    placed: u8,
    confirmed: bool,
    cancelled: bool,
    alarm: bool,
}

impl Tally {
    const fn ended(&self) -> bool {
        self.confirmed || self.cancelled
    }

    fn stands(&self, step: Step) -> i32 {
        i32::from(self.done[step as usize]) - i32::from(self.undone[step as usize])
    }
}

fn count(tally: &mut Tally, o: &Observation) {
    let at = o.args[1].unsigned_abs() as usize;
    let counter = match o.fact {
        fact::DONE => tally.done.get_mut(at),
        fact::UNDONE => tally.undone.get_mut(at),
        fact::PUBLISHED => tally.published.get_mut(at),
        fact::PLACED => Some(&mut tally.placed),
        fact::CONFIRMED => return tally.confirmed = true,
        fact::CANCELLED => return tally.cancelled = true,
        fact::ALARM => return tally.alarm = true,
        _ => None,
    };
    if let Some(counter) = counter {
        *counter = counter.saturating_add(1);
    }
}

fn tallies(probe: &Probe<'_>) -> Map<i32, Tally> {
    let mut all: Map<i32, Tally> = Map::new();
    facts(probe).for_each(|o| count(all.or_default(o.args[0]), o));
    all
}

/// The steps of the cast.
fn steps(probe: &Probe<'_>) -> &'static [Step] {
    if probe.params.get("cast") == 0 { &[Step::Credit] } else { &[Step::Reserve, Step::Charge, Step::Ship] }
}

/// In the end every step of an order stands once, or none does.
fn all_or_compensated(probe: &Probe<'_>) -> Verdict {
    let steps = steps(probe);
    let mut later = Verdict::Holds;
    for (&order, tally) in tallies(probe).iter() {
        let all = |n| steps.iter().all(|s| tally.stands(*s) == n);
        if all(0) || all(1) {
            continue;
        }
        let odd = steps.iter().find(|s| !matches!(tally.stands(**s), 0 | 1));
        let odd = odd.or_else(|| steps.iter().find(|s| tally.stands(**s) == 1));
        let step = odd.map_or(0, |s| *s as i32);
        let stands = odd.map_or(1, |s| tally.stands(*s));
        if tally.alarm && !tally.ended() {
            later = Verdict::NotYet(Label::with("verdict.alarmed", [order, step, 0]));
        } else if probe.at_rest {
            let key = if stands > 1 { "verdict.stands-twice" } else { "verdict.left-standing" };
            return Verdict::Broken(Label::with(key, [order, step, stands]));
        } else {
            return Verdict::NotYet(Label::with("verdict.under-way", [order, 0, 0]));
        }
    }
    later
}

/// No step was done twice for one order.
fn steps_once(probe: &Probe<'_>) -> Verdict {
    for (&order, tally) in tallies(probe).iter() {
        if let Some(step) = Step::ALL.into_iter().find(|s| tally.done[*s as usize] > 1) {
            let times = i32::from(tally.done[step as usize]);
            return Verdict::Broken(Label::with("verdict.done-again", [order, step as i32, times]));
        }
    }
    Verdict::Holds
}

/// Nothing was undone that had not been done.
fn no_blind_undo(probe: &Probe<'_>) -> Verdict {
    let mut so_far: Map<i32, Tally> = Map::new();
    for o in facts(probe) {
        let tally = so_far.or_default(o.args[0]);
        count(tally, o);
        if o.fact == fact::UNDONE && Step::ALL.into_iter().any(|s| tally.stands(s) < 0) {
            return Verdict::Broken(Label::with("verdict.blind", [o.args[0], o.args[1], 0]));
        }
    }
    Verdict::Holds
}

/// What the order service tells the customer is what happened.
fn order_says_so(probe: &Probe<'_>) -> Verdict {
    let steps = steps(probe);
    for (&order, tally) in tallies(probe).iter() {
        let standing = steps.iter().find(|s| tally.stands(**s) > 0);
        let missing = steps.iter().find(|s| tally.stands(**s) < 1);
        let label = match (tally.confirmed, tally.cancelled, standing, missing) {
            (true, _, _, Some(step)) => Label::with("verdict.not-as-confirmed", [order, *step as i32, 0]),
            (_, true, Some(step), _) => Label::with("verdict.not-as-cancelled", [order, *step as i32, 0]),
            _ => continue,
        };
        return Verdict::untrue(probe, label);
    }
    Verdict::Holds
}

/// Whatever a service did, it told.
fn no_silent_change(probe: &Probe<'_>) -> Verdict {
    for (&order, tally) in tallies(probe).iter() {
        let told = |event: Event| i32::from(tally.published[event as usize]);
        for step in Step::ALL {
            let at = step as usize;
            let untold = (tally.done[at] > 0 && told(step.tells().0) == 0)
                || (tally.undone[at] > 0 && step.tells_undone().is_some_and(|e| told(e) == 0));
            if untold {
                return Verdict::untrue(probe, Label::with("verdict.untold", [order, step as i32, 0]));
            }
        }
    }
    Verdict::Holds
}

/// Every order that was placed ends, or somebody knows that it does not.
fn saga_ends(probe: &Probe<'_>) -> Verdict {
    for (&order, tally) in tallies(probe).iter() {
        if tally.placed > 0 && !tally.ended() && !tally.alarm {
            return Verdict::untrue(probe, Label::with("verdict.stalled", [order, 0, 0]));
        }
    }
    Verdict::Holds
}
