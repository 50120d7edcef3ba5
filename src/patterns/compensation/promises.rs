//! What compensation promises. Read from the ledger, that is from what really happened, and not from
//! what machines believe; only that a transaction is under way is asked of the transaction service.
//!
//! A long run is not read again at each step: while it runs only the newest facts are looked at, and
//! only transactions are judged whose facts are all among them. At rest, which comes once, everything
//! is read.

use super::message::{Tx, fact};
use super::plan::{Act, Plan};
use super::transactions::{Open, Phase};
use super::{Node, plan_of};
use crate::kernel::{Label, NodeId, Observation};
use crate::patterns::pattern::{Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "all-or-nothing", expect: Expect::AtRest, check: all_or_nothing },
    Promise { id: "no-lost-change", expect: Expect::Always, check: no_lost_change },
    Promise { id: "effects-once", expect: Expect::Always, check: effects_once },
    Promise { id: "no-blind-undo", expect: Expect::Always, check: no_blind_undo },
    Promise { id: "dependants-first", expect: Expect::Always, check: dependants_first },
    Promise { id: "nothing-held", expect: Expect::AtRest, check: nothing_held },
    Promise { id: "transaction-ends", expect: Expect::AtRest, check: transaction_ends },
];

/// A run with no more facts than this is read whole at every step; else so many of the newest, …
const SMALL: usize = 128;
const WINDOW: usize = 64;
/// … and so many of the newest transactions are judged.
const JUDGED: i32 = 4;

fn whole(probe: &Probe<'_>) -> bool {
    probe.at_rest || probe.world.ledger().len() <= SMALL
}

/// The facts of transactions to look at, oldest first.
fn facts<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Observation> + use<'a> {
    let ledger = probe.world.ledger();
    let all = whole(probe);
    let first = if all { 0 } else { ledger.len() - WINDOW };
    let newest = ledger.last().map_or(0, |o| o.args[0]);
    let from = if all { 1 } else { newest - JUDGED + 1 };
    (first..ledger.len()).filter_map(|i| ledger.get(i)).filter(move |o| o.args[0] >= from)
}

/// What happened to one act of one transaction.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    done: u8,
    undone: u8,
    held: u8,
    confirmed: u8,
    released: u8,
}

impl Count {
    /// How often it stands: done or confirmed, and not undone.
    const fn stands(&self) -> i32 {
        self.done as i32 + self.confirmed as i32 - self.undone as i32
    }
}

/// What happened to one transaction.
#[derive(Default)]
struct Tally {
    acts: [Count; 7],
    began: u8,
    ended: u8,
    parked: u8,
    /// The act it was parked at last.
    parked_at: i32,
}

impl Tally {
    const fn waits_for_a_person(&self) -> bool {
        self.parked > 0 && self.ended < self.began
    }
}

fn act_of(o: &Observation) -> Option<usize> {
    usize::try_from(o.args[1]).ok().filter(|act| *act < Act::ALL.len())
}

/// Counts one fact.
fn count(tally: &mut Tally, o: &Observation) {
    let Some(act) = act_of(o) else { return };
    let counts = &mut tally.acts[act];
    let counter = match o.fact {
        fact::DONE => &mut counts.done,
        fact::UNDONE => &mut counts.undone,
        fact::HELD => &mut counts.held,
        fact::CONFIRMED => &mut counts.confirmed,
        fact::RELEASED | fact::EXPIRED => &mut counts.released,
        fact::SETTLED if o.args[2] == 0 => &mut counts.undone,
        fact::SETTLED => &mut counts.confirmed,
        fact::BEGAN => &mut tally.began,
        fact::COMPLETED | fact::COMPENSATED => &mut tally.ended,
        fact::PARKED => {
            tally.parked_at = o.args[1];
            &mut tally.parked
        }
        _ => return,
    };
    *counter = counter.saturating_add(1);
}

fn tallies(probe: &Probe<'_>) -> Map<Tx, Tally> {
    let mut all: Map<Tx, Tally> = Map::new();
    facts(probe).for_each(|o| count(all.or_default(o.args[0]), o));
    all
}

fn plan(probe: &Probe<'_>) -> (&'static Plan, usize) {
    (plan_of(probe.params), probe.params.get("steps") as usize)
}

/// In the end every step of a transaction stands once, or none does.
fn all_or_nothing(probe: &Probe<'_>) -> Verdict {
    let (plan, steps) = plan(probe);
    let mut later = Verdict::Holds;
    for (&tx, tally) in tallies(probe).iter() {
        let stands = |act: &&Act| tally.acts[**act as usize].stands();
        let steps = || plan.steps[..steps].iter();
        if tally.began == 0 || steps().all(|a| stands(&a) == 1) || steps().all(|a| stands(&a) == 0) {
            continue;
        }
        if tally.waits_for_a_person() {
            later = Verdict::NotYet(Label::with("verdict.parked", [tx, tally.parked_at, 0]));
            continue;
        }
        if !probe.at_rest {
            return Verdict::NotYet(Label::with("verdict.under-way", [tx, 0, 0]));
        }
        let odd =
            steps().find(|a| !matches!(stands(a), 0 | 1)).or_else(|| steps().find(|a| stands(a) == 1));
        let act = odd.map_or(0, |a| a.number());
        let key = match odd.map(|a| stands(&a)) {
            Some(n) if n < 0 => "verdict.only-undone",
            Some(n) if n > 1 => "verdict.stands-twice",
            _ => "verdict.left-standing",
        };
        return Verdict::Broken(Label::with(key, [tx, act, 0]));
    }
    later
}

/// What everybody did to a row adds up to what the row says.
fn no_lost_change(probe: &Probe<'_>) -> Verdict {
    if !whole(probe) {
        return Verdict::Holds;
    }
    let mut sums = [0i64; 7];
    for o in probe.world.ledger().iter() {
        let Some(act) = act_of(o) else { continue };
        let amount = i64::from(o.args[2]);
        sums[act] += match o.fact {
            fact::DONE | fact::HELD => -amount,
            fact::UNDONE | fact::RELEASED | fact::EXPIRED | fact::CHANGED => amount,
            _ => 0,
        };
    }
    for at in 0..probe.world.nodes() {
        let Some(Node::Service(service)) = probe.world.machine(NodeId(at as u8)) else { continue };
        for row in &service.rows {
            let should = row.start + sums[row.act as usize];
            if row.free == should {
                continue;
            }
            let why =
                Label::with("verdict.lost-change", [row.act.number(), row.free as i32, should as i32]);
            // What a crash kept from the ledger is entered when the node runs again.
            return if service.facts.is_empty() { Verdict::Broken(why) } else { Verdict::NotYet(why) };
        }
    }
    Verdict::Holds
}

/// No operation took effect twice.
fn effects_once(probe: &Probe<'_>) -> Verdict {
    for (&tx, tally) in tallies(probe).iter() {
        for (act, c) in tally.acts.iter().enumerate() {
            let (key, n) = if c.done.max(c.held) > 1 {
                ("verdict.done-again", c.done.max(c.held))
            } else if c.undone.max(c.released) > 1 {
                ("verdict.undone-again", c.undone.max(c.released))
            } else if c.confirmed > 1 {
                ("verdict.confirmed-again", c.confirmed)
            } else {
                continue;
            };
            return Verdict::Broken(Label::with(key, [tx, act as i32, i32::from(n)]));
        }
    }
    Verdict::Holds
}

/// Nothing was undone that had not been done.
fn no_blind_undo(probe: &Probe<'_>) -> Verdict {
    let mut so_far: Map<Tx, Tally> = Map::new();
    for o in facts(probe) {
        let tally = so_far.or_default(o.args[0]);
        count(tally, o);
        let Some(act) = act_of(o) else { continue };
        let c = &tally.acts[act];
        let by_hand = o.fact == fact::SETTLED;
        if !by_hand && (c.undone > c.done || c.released + c.confirmed > c.held) && c.undone <= 1 {
            return Verdict::Broken(Label::with("verdict.blind", [o.args[0], o.args[1], 0]));
        }
    }
    Verdict::Holds
}

/// A step is undone only when nothing that builds on it stands any more.
fn dependants_first(probe: &Probe<'_>) -> Verdict {
    let (plan, _) = plan(probe);
    if !plan.chained {
        return Verdict::Holds;
    }
    let mut so_far: Map<Tx, Tally> = Map::new();
    for o in facts(probe) {
        let tally = so_far.or_default(o.args[0]);
        count(tally, o);
        let Some(act) = act_of(o).filter(|_| o.fact == fact::UNDONE) else { continue };
        let later = plan.steps.iter().filter(|a| **a as usize > act);
        for dependant in later {
            if tally.acts[*dependant as usize].stands() > 0 {
                let args = [o.args[0], o.args[1], dependant.number()];
                return Verdict::Broken(Label::with("verdict.dangling", args));
            }
        }
    }
    Verdict::Holds
}

/// No hold outlives its transaction.
fn nothing_held(probe: &Probe<'_>) -> Verdict {
    let mut later = Verdict::Holds;
    for (&tx, tally) in tallies(probe).iter() {
        for (act, c) in tally.acts.iter().enumerate() {
            if c.held <= c.confirmed + c.released {
                continue;
            }
            let why = Label::with("verdict.held", [tx, act as i32, 0]);
            if probe.at_rest && !tally.waits_for_a_person() {
                return Verdict::Broken(why);
            }
            later = Verdict::NotYet(why);
        }
    }
    later
}

/// Every transaction ends, or waits for a person who knows of it.
fn transaction_ends(probe: &Probe<'_>) -> Verdict {
    let Some(Node::Transactions(t)) = (0..probe.world.nodes()).find_map(|n| {
        let node: Option<&Node> = probe.world.machine(NodeId(n as u8));
        node.filter(|n| matches!(n, Node::Transactions(_)))
    }) else {
        return Verdict::Holds;
    };
    let parked = |o: &Open| matches!(o.phase, Phase::Parked(_));
    if let Some(open) = t.open.iter().find(|o| !parked(o)) {
        return Verdict::untrue(probe, Label::with("verdict.running", [open.tx, 0, 0]));
    }
    let unfinished = |t: &Tally| t.began > t.ended && !t.waits_for_a_person();
    match tallies(probe).iter().find(|(_, t)| unfinished(t)) {
        Some((&tx, _)) => Verdict::untrue(probe, Label::with("verdict.forgotten", [tx, 0, 0])),
        None => Verdict::Holds,
    }
}
