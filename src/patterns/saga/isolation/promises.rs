//! What sagas that meet are held to. Read from the ledger; the account's row is compared with it.

use super::super::SagaMachine;
use super::super::message::fact;
use super::records::{Records, Rows};
use super::sagas::Sagas;
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Probe, Verdict};
use crate::sorted::Map;

/// The order service of this cast, if it is the cast.
pub fn sagas<'a>(probe: &Probe<'a>) -> Option<&'a Sagas> {
    match probe.world.machine::<SagaMachine>(NodeId(1)) {
        Some(SagaMachine::Sagas(sagas)) => Some(sagas),
        _ => None,
    }
}

fn accounts<'a>(probe: &Probe<'a>) -> Option<&'a Records> {
    match probe.world.machine::<SagaMachine>(NodeId(2)) {
        Some(SagaMachine::Records(records)) => Some(records),
        _ => None,
    }
}

/// A run with no more facts than this is read whole at every step; else only at rest.
const SMALL: usize = 160;

/// The facts, oldest first; none while a long run is under way.
fn facts<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Observation> + use<'a> {
    let ledger = probe.world.ledger();
    let read = probe.at_rest || ledger.len() <= SMALL;
    (0..if read { ledger.len() } else { 0 }).filter_map(|i| ledger.get(i))
}

/// What happened to one order.
#[derive(Default)]
struct Tally {
    taken: i32,
    prepared: i32,
    /// The newest of approved, cancelled, rejected, restored.
    said: Option<u8>,
}

fn tallies(probe: &Probe<'_>) -> Map<i32, Tally> {
    let mut orders: Map<i32, Tally> = Map::new();
    for o in facts(probe) {
        let tally = orders.or_default(o.args[0]);
        match o.fact {
            fact::CREDIT_TAKEN => tally.taken += 1,
            fact::CREDIT_GIVEN => tally.taken -= 1,
            fact::PREPARED => tally.prepared += 1,
            fact::CALLED_OFF => tally.prepared -= 1,
            fact::APPROVED | fact::CANCELLED | fact::REJECTED | fact::RESTORED => tally.said = Some(o.fact),
            _ => {}
        }
    }
    orders
}

/// Credit and parcel stand for an order that stands, and for no other.
pub fn all_or_compensated(probe: &Probe<'_>) -> Verdict {
    for (&order, tally) in tallies(probe).iter() {
        let Some(said) = tally.said else { continue };
        let stands = matches!(said, fact::APPROVED | fact::RESTORED);
        let should = i32::from(stands);
        let key = match (tally.taken == should, tally.prepared == should) {
            (true, true) => continue,
            (false, _) if stands => "verdict.approved-unpaid",
            (false, _) => "verdict.cancelled-and-taken",
            _ if stands => "verdict.approved-unsent",
            _ => "verdict.cancelled-and-sent",
        };
        return Verdict::untrue(probe, Label::with(key, [order, 0, 0]));
    }
    Verdict::Holds
}

/// Every saga ends, and what waited for a lock was begun.
pub fn saga_ends(probe: &Probe<'_>, sagas: &Sagas) -> Verdict {
    match (sagas.open.first(), sagas.stash.first()) {
        (Some(r), _) => Verdict::untrue(probe, Label::with("verdict.running", [r.order, 0, 0])),
        (None, Some((_, order))) => Verdict::untrue(probe, Label::with("verdict.waits", [*order, 0, 0])),
        (None, None) => Verdict::Holds,
    }
}

/// What the customer owes never exceeds the limit.
pub fn credit_limit(probe: &Probe<'_>) -> Verdict {
    if sagas(probe).is_none() {
        return Verdict::Holds;
    }
    let limit = probe.params.get("credit-limit") as i32;
    let mut used = 0;
    for o in facts(probe) {
        match o.fact {
            fact::CREDIT_TAKEN => used += o.args[1],
            fact::CREDIT_GIVEN => used -= o.args[1],
            _ => continue,
        }
        if used > limit {
            return Verdict::Broken(Label::with("verdict.over-the-limit", [used, limit, o.args[0]]));
        }
    }
    Verdict::Holds
}

/// No saga overwrites what another one wrote.
pub fn no_lost_update(probe: &Probe<'_>) -> Verdict {
    let mut cancelled: Map<i32, bool> = Map::new();
    let (mut used, mut any) = (0, false);
    for o in facts(probe) {
        any = true;
        match o.fact {
            fact::CANCELLED => *cancelled.or_default(o.args[0]) = true,
            fact::APPROVED if cancelled.get(&o.args[0]) == Some(&true) => {
                return Verdict::Broken(Label::with("verdict.overwritten", [o.args[0], 0, 0]));
            }
            fact::CREDIT_TAKEN => used += o.args[1],
            fact::CREDIT_GIVEN => used -= o.args[1],
            _ => {}
        }
    }
    let Some(records) = accounts(probe).filter(|_| any) else { return Verdict::Holds };
    let Rows::Account { free, .. } = records.rows else { return Verdict::Holds };
    let should = probe.params.get("credit-limit") as i32 - used;
    if free == should {
        return Verdict::Holds;
    }
    let why = Label::with("verdict.lost-update", [free, should, 0]);
    // What a crash kept from the ledger is entered when the node runs again.
    if records.has_told_all() { Verdict::Broken(why) } else { Verdict::NotYet(why) }
}

/// An order is billed as much as it took of the credit.
pub fn one_price(probe: &Probe<'_>) -> Verdict {
    let mut took: Map<i32, i32> = Map::new();
    for o in facts(probe) {
        match o.fact {
            fact::CREDIT_TAKEN => {
                took.insert(o.args[0], o.args[1]);
            }
            fact::PREPARED => {
                let taken = took.get(&o.args[0]).copied().unwrap_or(o.args[1]);
                if taken != o.args[1] {
                    return Verdict::Broken(Label::with(
                        "verdict.two-prices",
                        [o.args[0], taken, o.args[1]],
                    ));
                }
            }
            _ => {}
        }
    }
    Verdict::Holds
}
