//! What the outbox promises, and how far the consumer's copy is behind. Read from the ledger, that
//! is from what really happened; machines are asked only for what is still under way.

use super::OutboxMachine;
use super::message::{PUBLISH, What, fact};
use super::orders::Orders;
use super::relay::Relay;
use super::shipping::Shipping;
use super::table::State;
use crate::kernel::{Args, Label, NodeId};
use crate::patterns::pattern::{Copied, Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "no-lost-event", expect: Expect::AtRest, check: no_lost_event },
    Promise { id: "no-ghost-event", expect: Expect::Always, check: no_ghost_event },
    Promise { id: "order-per-key", expect: Expect::Always, check: order_per_key },
    Promise { id: "effects-once", expect: Expect::Always, check: effects_once },
    Promise { id: "copies-agree", expect: Expect::AtRest, check: copies_agree },
    Promise { id: "outbox-stays-small", expect: Expect::AtRest, check: outbox_stays_small },
];

/// What happened to one event.
#[derive(Default)]
struct Tally {
    args: Args,
    committed: bool,
    published: u8,
    effects: u8,
}

fn tallies(probe: &Probe<'_>) -> Map<i32, Tally> {
    let mut events: Map<i32, Tally> = Map::new();
    for o in probe.world.ledger().iter() {
        let tally = events.or_default(o.args[2]);
        tally.args = o.args;
        match o.fact {
            fact::COMMITTED => tally.committed = true,
            fact::PUBLISHED => tally.published = tally.published.saturating_add(1),
            fact::PACKED | fact::UNPACKED | fact::NOTHING_TO_UNPACK => {
                tally.effects = tally.effects.saturating_add(1);
            }
            _ => {}
        }
    }
    events
}

fn machines<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a OutboxMachine)> + use<'a> {
    let world = probe.world;
    (0..world.nodes()).filter_map(move |i| {
        let node = NodeId(i as u8);
        Some((node, world.machine(node)?))
    })
}

fn orders<'a>(probe: &Probe<'a>) -> Option<&'a Orders> {
    machines(probe).find_map(|(_, m)| if let OutboxMachine::Orders(m) = m { Some(&**m) } else { None })
}

fn shipping<'a>(probe: &Probe<'a>) -> Option<(NodeId, &'a Shipping)> {
    machines(probe).find_map(|(n, m)| if let OutboxMachine::Shipping(m) = m { Some((n, m)) } else { None })
}

fn relays<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Relay> + use<'a> {
    machines(probe).filter_map(|(_, m)| if let OutboxMachine::Relay(m) = m { Some(m) } else { None })
}

fn parked(orders: &Orders, id: i32) -> bool {
    orders.outbox().row(id).is_some_and(|row| row.state == State::Parked)
}

/// What is committed is published, once at least.
fn no_lost_event(probe: &Probe<'_>) -> Verdict {
    let Some(orders) = orders(probe) else { return Verdict::Holds };
    let mut waits = None;
    for (&id, tally) in tallies(probe).iter() {
        if !tally.committed || tally.published > 0 {
            continue;
        }
        if parked(orders, id) {
            waits.get_or_insert(tally.args);
        } else {
            return Verdict::untrue(probe, Label::with("verdict.not-published", tally.args));
        }
    }
    waits.map_or(Verdict::Holds, |args| Verdict::NotYet(Label::with("verdict.parked", args)))
}

/// What is published was committed.
fn no_ghost_event(probe: &Probe<'_>) -> Verdict {
    let Some(orders) = orders(probe) else { return Verdict::Holds };
    let mut early = None;
    for (&id, tally) in tallies(probe).iter() {
        if tally.published == 0 || tally.committed || orders.has_committed(id) {
            continue;
        }
        if orders.is_open(id) {
            early.get_or_insert(tally.args);
        } else {
            return Verdict::Broken(Label::with("verdict.ghost", tally.args));
        }
    }
    early.map_or(Verdict::Holds, |args| Verdict::NotYet(Label::with("verdict.early", args)))
}

/// Of one order, events are first published in the order in which they were committed.
fn order_per_key(probe: &Probe<'_>) -> Verdict {
    // Committed and not yet published, in the order of the commits.
    let mut waiting: Vec<Args> = Vec::new();
    for o in probe.world.ledger().iter() {
        match o.fact {
            fact::COMMITTED => waiting.push(o.args),
            fact::PUBLISHED => {
                let Some(at) = waiting.iter().position(|args| args[2] == o.args[2]) else { continue };
                if let Some(first) = waiting[..at].iter().find(|args| args[0] == o.args[0]) {
                    let args = [o.args[0], o.args[1], first[1]];
                    return Verdict::Broken(Label::with("verdict.overtaken", args));
                }
                waiting.remove(at);
            }
            _ => {}
        }
    }
    Verdict::Holds
}

/// What is published takes effect, once.
fn effects_once(probe: &Probe<'_>) -> Verdict {
    let mut none = None;
    for (_, tally) in tallies(probe).iter() {
        let [order, what, _] = tally.args;
        if tally.effects > 1 {
            let args = [order, what, i32::from(tally.effects)];
            return Verdict::Broken(Label::with("verdict.again", args));
        }
        if tally.published > 0 && tally.effects == 0 {
            none.get_or_insert(tally.args);
        }
    }
    none.map_or(Verdict::Holds, |args| Verdict::untrue(probe, Label::with("verdict.no-effect", args)))
}

/// How many parcels an order should have.
const fn due(what: Option<What>) -> u8 {
    matches!(what, Some(What::Placed)) as u8
}

/// Orders whose parcels are not what they should be: the order, what happened to it last, parcels.
fn apart(orders: &Orders, shipping: &Shipping) -> Vec<(i32, Option<What>, u8)> {
    let mut all: Map<i32, (Option<What>, u8)> = Map::new();
    for (order, what) in orders.orders() {
        all.or_default(order).0 = Some(what);
    }
    for (order, parcels) in shipping.parcels() {
        all.or_default(order).1 = parcels;
    }
    let wrong = all.iter().filter(|(_, (what, parcels))| due(*what) != *parcels);
    wrong.map(|(order, (what, parcels))| (*order, *what, *parcels)).collect()
}

/// As many parcels as the orders ask for.
fn copies_agree(probe: &Probe<'_>) -> Verdict {
    let (Some(orders), Some((_, shipping))) = (orders(probe), shipping(probe)) else {
        return Verdict::Holds;
    };
    let Some(&(order, what, parcels)) = apart(orders, shipping).first() else { return Verdict::Holds };
    let args = [order, i32::from(parcels), i32::from(due(what))];
    let label = Label::with("verdict.parcels", args);
    let waits = orders.outbox().rows().any(|row| row.change.order == order && row.state == State::Parked);
    if waits { Verdict::NotYet(label) } else { Verdict::untrue(probe, label) }
}

/// Finished rows do not pile up.
fn outbox_stays_small(probe: &Probe<'_>) -> Verdict {
    let Some(orders) = orders(probe) else { return Verdict::Holds };
    let cursor = relays(probe).map(|relay| relay.read_to().map_or(0, |c| c.id)).min().unwrap_or(0);
    let (done, room) = (orders.outbox().done(cursor), probe.params.get("keep") as usize);
    if done <= room {
        return Verdict::Holds;
    }
    Verdict::untrue(probe, Label::with("verdict.piles-up", [done as i32, room as i32, 0]))
}

/// Whether nobody will ever publish a committed event.
fn is_gone(probe: &Probe<'_>, orders: &Orders, id: i32) -> bool {
    let on_its_way = probe.world.in_flight().any(|m| m.kind == PUBLISH && m.args[2] == id);
    if orders.remembers(id) || relays(probe).any(|relay| relay.holds(id)) || on_its_way {
        return false;
    }
    let Some(row) = orders.outbox().row(id) else { return true };
    let passed = |relay: &Relay| relay.read_to().is_some_and(|cursor| row.place() <= cursor);
    match row.state {
        State::Parked => false,
        State::Sent => true,
        State::Unsent => relays(probe).next().is_some() && relays(probe).all(passed),
    }
}

/// The consumer's parcels, as a copy of the orders.
pub(super) fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    let (Some(orders), Some((node, shipping))) = (orders(probe), shipping(probe)) else { return };
    let wrong = apart(orders, shipping);
    let tallies = tallies(probe);
    let of = |order: i32| tallies.iter().filter(move |(_, tally)| tally.args[0] == order);
    let lost = wrong.iter().find_map(|&(order, what, parcels)| {
        let args = [order, i32::from(parcels), 0];
        if what.is_none() {
            return Some(Label::with("copy.ghost", args));
        }
        let gone =
            of(order).find(|(id, t)| t.committed && t.published == 0 && is_gone(probe, orders, **id));
        if let Some((_, tally)) = gone {
            return Some(Label::with("copy.lost", tally.args));
        }
        if of(order).any(|(_, tally)| tally.committed && tally.effects == 0) {
            return None;
        }
        let twice = parcels > 1;
        Some(Label::with(if twice { "copy.twice" } else { "copy.out-of-order" }, args))
    });
    let behind = wrong.len() as u32;
    out.push(Copied { node, name: Label::new("copy.parcels"), behind, lost });
}
