//! What a saga promises. All but the running state is read from the ledger, that is from what
//! really happened, and not from what machines believe.
//!
//! A promise is asked after every step, so that a long run must not be read again each time: while
//! it runs only the newest facts are looked at, and only orders are judged whose facts are all
//! among them. At rest, which comes once, everything is read.

use crate::sorted::Map;

use super::SagaMachine;
use super::definition::{Action, Definition, PRICE};
use super::isolation::promises as isolation;
use super::message::{action_of, fact};
use super::orchestrator::{Orchestrator, Phase};
use super::service::Service;
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Expect, Probe, Promise, Verdict};

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "all-or-compensated", expect: Expect::AtRest, check: all_or_compensated },
    Promise { id: "no-double-charge", expect: Expect::Always, check: no_double_charge },
    Promise { id: "reverse-order", expect: Expect::Always, check: reverse_order },
    Promise { id: "no-blind-compensation", expect: Expect::Always, check: no_blind_compensation },
    Promise { id: "money-conserved", expect: Expect::AtRest, check: money_conserved },
    Promise { id: "saga-ends", expect: Expect::AtRest, check: saga_ends },
    Promise { id: "credit-limit", expect: Expect::Always, check: isolation::credit_limit },
    Promise { id: "no-lost-update", expect: Expect::Always, check: isolation::no_lost_update },
    Promise { id: "one-price", expect: Expect::Always, check: isolation::one_price },
];

/// A run with no more facts than this is read whole at every step.
const SMALL: usize = 96;
/// Else so many of the newest facts are read, …
const WINDOW: usize = 64;
/// … and so many of the newest orders are judged: each leaves at most some ten facts.
const JUDGED: i32 = 5;

/// The facts to look at, oldest first, and the first order that they are complete for.
fn facts<'a>(probe: &Probe<'a>) -> (impl Iterator<Item = &'a Observation> + use<'a>, i32) {
    let ledger = probe.world.ledger();
    let all = probe.at_rest || ledger.len() <= SMALL;
    let first = if all { 0 } else { ledger.len() - WINDOW };
    let from = if all { i32::MIN } else { ledger.last().map_or(0, |o| o.args[0] - JUDGED + 1) };
    let some = (first..ledger.len()).filter_map(|i| ledger.get(i));
    (some.filter(move |o| o.args[0] >= from), from)
}

/// What happened to one order.
#[derive(Default)]
struct Tally {
    done: [u8; 6],
    undone: [u8; 6],
    /// Sagas begun for it, and those that ended or are parked.
    begun: u8,
    ended: u8,
    parked: u8,
    /// The number of the step at which it was parked last.
    parked_at: i32,
}

fn tallies(probe: &Probe<'_>) -> Map<i32, Tally> {
    let mut orders: Map<i32, Tally> = Map::new();
    let (facts, _) = facts(probe);
    for o in facts {
        let tally = orders.or_default(o.args[0]);
        let count = match (action_of(o.fact, o.args), o.fact) {
            (Some((action, false)), _) => &mut tally.done[action as usize],
            (Some((action, true)), _) => &mut tally.undone[action as usize],
            (_, fact::STARTED) => &mut tally.begun,
            (_, fact::COMPLETED | fact::COMPENSATED | fact::STOPPED) => &mut tally.ended,
            // Undone by other means; the textbook's reversal had nothing to undo.
            (_, fact::SETTLED) => match tally.undone.get_mut(o.args[1] as usize) {
                Some(undone) => undone,
                None => continue,
            },
            (_, fact::PARKED) => {
                tally.parked_at = o.args[1];
                &mut tally.parked
            }
            _ => continue,
        };
        *count = count.saturating_add(1);
    }
    orders
}

impl Tally {
    /// A saga of it is parked: it was, and has not ended since.
    fn waits_for_a_person(&self) -> bool {
        self.parked > 0 && self.ended < self.begun
    }
}

fn orchestrator<'a>(probe: &Probe<'a>) -> Option<&'a Orchestrator> {
    (0..probe.world.nodes()).find_map(|i| match probe.world.machine(NodeId(i as u8)) {
        Some(SagaMachine::Orchestrator(orchestrator)) => Some(orchestrator),
        _ => None,
    })
}

fn service<'a>(probe: &Probe<'a>, action: Action) -> Option<&'a Service> {
    (0..probe.world.nodes()).find_map(|i| match probe.world.machine(NodeId(i as u8)) {
        Some(SagaMachine::Service(service)) if service.action == action => Some(service),
        _ => None,
    })
}

/// Per order, every step was done once, or each that was done was undone once.
fn all_or_compensated(probe: &Probe<'_>) -> Verdict {
    let Some(orchestrator) = orchestrator(probe) else { return isolation::all_or_compensated(probe) };
    let definition: &Definition = orchestrator.settings.definition;
    let mut parked = None;
    for (&order, tally) in tallies(probe).iter() {
        let net = |a: &Action| (tally.done[*a as usize], tally.undone[*a as usize]);
        let all = definition.steps.iter().all(|a| net(a) == (1, 0));
        let none = definition.steps.iter().all(|a| matches!(net(a), (0, 0) | (1, 1)));
        if all || none {
            continue;
        }
        if tally.waits_for_a_person() {
            parked.get_or_insert([order, tally.parked_at, 0]);
            continue;
        }
        if !probe.at_rest {
            return Verdict::NotYet(Label::with("verdict.under-way", [order, 0, 0]));
        }
        // The worst of its steps, to be named.
        let worst = definition.steps.iter().max_by_key(|a| match net(a) {
            (done, _) if done > 1 => 3,
            (done, undone) if undone > done => 2,
            (done, undone) => done - undone,
        });
        let Some(worst) = worst else { continue };
        let (done, undone) = net(worst);
        let key = match (done, undone) {
            (2.., _) => "verdict.done-again",
            _ if undone > done => "verdict.only-undone",
            _ => "verdict.left-standing",
        };
        return Verdict::Broken(Label::with(key, [order, worst.number(), i32::from(done)]));
    }
    parked.map_or(Verdict::Holds, |args| Verdict::NotYet(Label::with("verdict.parked", args)))
}

/// What an order was charged, less refunds, is never more than its price.
fn no_double_charge(probe: &Probe<'_>) -> Verdict {
    let charge = Action::Charge as usize;
    let twice = |t: &Tally| t.done[charge] > t.undone[charge].saturating_add(1);
    match tallies(probe).iter().find(|(_, t)| twice(t)) {
        None => Verdict::Holds,
        Some((&order, t)) => {
            let net = PRICE * i32::from(t.done[charge] - t.undone[charge]);
            Verdict::Broken(Label::with("verdict.charged-twice", [order, net, PRICE]))
        }
    }
}

/// Compensations of a saga come in the reverse order of its steps.
fn reverse_order(probe: &Probe<'_>) -> Verdict {
    let Some(orchestrator) = orchestrator(probe) else { return Verdict::Holds };
    let steps = orchestrator.settings.definition.steps;
    // The step that each saga undid last.
    let mut last: Map<i32, usize> = Map::new();
    let (facts, _) = facts(probe);
    for o in facts {
        let Some((action, true)) = action_of(o.fact, o.args) else { continue };
        let Some(at) = steps.iter().position(|a| *a == action) else { continue };
        if last.insert(o.args[2], at).is_some_and(|before| at > before) {
            return Verdict::Broken(Label::with("verdict.wrong-order", [o.args[0], action.number(), 0]));
        }
    }
    Verdict::Holds
}

/// Nothing was undone that had not been done.
fn no_blind_compensation(probe: &Probe<'_>) -> Verdict {
    let mut standing: Map<(i32, Action), i32> = Map::new();
    let (facts, _) = facts(probe);
    for o in facts {
        let Some((action, undone)) = action_of(o.fact, o.args) else { continue };
        let net = standing.or_default((o.args[2], action));
        *net += if undone { -1 } else { 1 };
        if *net < 0 {
            return Verdict::Broken(Label::with("verdict.blind", [o.args[0], action.number(), 0]));
        }
    }
    Verdict::Holds
}

/// The books agree: as many items set aside as parcels sent, and each parcel paid for. In the
/// textbook's cast: B and C did equally often. Running totals of the services, so that it costs the
/// same in the longest run.
fn money_conserved(probe: &Probe<'_>) -> Verdict {
    // What a person settled by other means is on no service's books.
    let settled = |action: Action| {
        let of = |o: &&Observation| o.fact == fact::SETTLED && o.args[1] == action.number();
        facts(probe).0.filter(of).count() as i64 * i64::from(action.amount())
    };
    let given = |action| service(probe, action).map(|s| s.given() - settled(action));
    let label = match (given(Action::Reserve), given(Action::Charge), given(Action::Ship)) {
        (Some(items), Some(money), Some(parcels)) => {
            if money != parcels * i64::from(PRICE) {
                Label::with("verdict.money", [money as i32, parcels as i32, PRICE])
            } else if items != parcels {
                Label::with("verdict.stock", [items as i32, parcels as i32, 0])
            } else {
                return Verdict::Holds;
            }
        }
        _ => match (given(Action::WorkOfB), given(Action::WorkOfC)) {
            (Some(b), Some(c)) if b != c => Label::with("verdict.uneven", [b as i32, c as i32, 0]),
            _ => return Verdict::Holds,
        },
    };
    let parked = |o: &Orchestrator| o.open().iter().any(|s| matches!(s.phase, Phase::Parked(_)));
    if probe.at_rest && !orchestrator(probe).is_some_and(parked) {
        Verdict::Broken(label)
    } else {
        Verdict::NotYet(label)
    }
}

/// Every saga that began comes to an end, or is parked for a person.
fn saga_ends(probe: &Probe<'_>) -> Verdict {
    let Some(orchestrator) = orchestrator(probe) else {
        return isolation::sagas(probe).map_or(Verdict::Holds, |s| isolation::saga_ends(probe, s));
    };
    let running = orchestrator.open().iter().find(|s| !matches!(s.phase, Phase::Parked(_)));
    if let Some(saga) = running {
        let key = match saga.phase {
            Phase::Forward(_) => "verdict.at-step",
            Phase::Back(_) | Phase::Revert => "verdict.undoing",
            _ => "verdict.running",
        };
        let args = [saga.about.order, orchestrator.settings.definition.step_of(saga.phase), 0];
        return Verdict::untrue(probe, Label::with(key, args));
    }
    let unfinished = |t: &Tally| t.begun > t.ended && !t.waits_for_a_person();
    match tallies(probe).iter().find(|(_, t)| unfinished(t)) {
        Some((&order, _)) => Verdict::untrue(probe, Label::with("verdict.forgotten", [order, 0, 0])),
        None => Verdict::Holds,
    }
}
