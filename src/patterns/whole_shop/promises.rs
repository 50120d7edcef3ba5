//! What the whole shop promises, whatever its hops are made of, and how far the read model is behind.
//! Exactly-once is read from the ledger, that is from what really happened; machines are asked only
//! for what they hold.

use super::carriers::Broker;
use super::consumers::{Consumer, Duty, View};
use super::message::{Event, Msg, Notice, Step, fact};
use super::orders::{Orders, State};
use super::service::Service;
use super::{BROKER, INVENTORY, Node, ORDERS, READ_MODEL, SERVICES};
use crate::kernel::{Label, Message};
use crate::parts::shop::PRICE;
use crate::patterns::pattern::{Copied, Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "all-or-nothing", expect: Expect::AtRest, check: all_or_nothing },
    Promise { id: "money-conserved", expect: Expect::AtRest, check: money_conserved },
    Promise { id: "no-order-ships-unpaid", expect: Expect::AtRest, check: no_order_ships_unpaid },
    Promise { id: "no-oversell", expect: Expect::Always, check: no_oversell },
    Promise { id: "told-once", expect: Expect::AtRest, check: told_once },
    Promise { id: "read-model-agrees", expect: Expect::AtRest, check: read_model_agrees },
    Promise { id: "no-locks-left", expect: Expect::AtRest, check: no_locks_left },
    Promise { id: "order-ends", expect: Expect::AtRest, check: order_ends },
];

/// What happened to one order: how often each fact.
#[derive(Default)]
struct Tally([i32; 9]);

impl Tally {
    const fn of(&self, fact: u8) -> i32 {
        self.0[fact as usize]
    }

    /// How often a step stands.
    fn stands(&self, step: Step) -> i32 {
        let undone = match step {
            Step::Reserve => self.of(fact::RELEASED),
            Step::Charge => self.of(fact::REFUNDED),
            Step::Ship => 0,
        };
        self.of(step.trade().fact()) - undone
    }

    const fn ended(&self) -> bool {
        self.of(fact::CONFIRMED) + self.of(fact::CANCELLED) > 0
    }
}

fn tallies(probe: &Probe<'_>) -> Map<i32, Tally> {
    let mut all: Map<i32, Tally> = Map::new();
    for o in probe.world.ledger().iter() {
        if let Some(count) = all.or_default(o.args[0]).0.get_mut(usize::from(o.fact)) {
            *count += 1;
        }
    }
    all
}

/// The first order of which something untrue can be said.
fn first(probe: &Probe<'_>, untrue: impl Fn(i32, &Tally) -> Option<Label>) -> Verdict {
    let found = tallies(probe).iter().find_map(|(order, tally)| untrue(*order, tally));
    found.map_or(Verdict::Holds, |label| Verdict::untrue(probe, label))
}

/// In the end every step of an order stands once, or none does.
fn all_or_nothing(probe: &Probe<'_>) -> Verdict {
    first(probe, |order, tally| {
        let all = |n| Step::ALL.into_iter().all(|s| tally.stands(s) == n);
        let odd = Step::ALL.into_iter().find(|s| !matches!(tally.stands(*s), 0 | 1));
        let key = if odd.is_some() { "verdict.stands-oddly" } else { "verdict.half-done" };
        let step = odd.or_else(|| Step::ALL.into_iter().find(|s| tally.stands(*s) == 1))?;
        (!all(0) && !all(1)).then_some(Label::with(key, [order, step as i32, tally.stands(step)]))
    })
}

/// The customer has paid once for what was sent, and nothing for what was not.
fn money_conserved(probe: &Probe<'_>) -> Verdict {
    first(probe, |order, tally| {
        let due = i32::from(tally.of(fact::SHIPPED) > 0);
        let paid = tally.stands(Step::Charge);
        (paid != due).then_some(Label::with("verdict.paid", [order, paid * PRICE, due * PRICE]))
    })
}

/// What was sent is paid.
fn no_order_ships_unpaid(probe: &Probe<'_>) -> Verdict {
    first(probe, |order, tally| {
        let unpaid = tally.of(fact::SHIPPED) > 0 && tally.stands(Step::Charge) < 1;
        unpaid.then_some(Label::with("verdict.unpaid", [order, 0, 0]))
    })
}

/// The books have no more on the shelf than the shelf has.
fn no_oversell(probe: &Probe<'_>) -> Verdict {
    let Some(Node::Service(inventory)) = probe.world.machine(INVENTORY) else { return Verdict::Holds };
    let all = inventory.set.step.trade().table(probe.params.get("orders") as i32).value(0);
    let gone: i32 = tallies(probe).values().map(|t| t.stands(Step::Reserve).max(0)).sum();
    let books = inventory.db.value(0);
    if books + gone <= all {
        return Verdict::Holds;
    }
    let label = Label::with("verdict.shelf", [books, all - gone, 0]);
    // What it has done just before a crash, it will have entered when it is back.
    if probe.world.is_up(INVENTORY) { Verdict::Broken(label) } else { Verdict::NotYet(label) }
}

/// The customer is told once how an order ended.
fn told_once(probe: &Probe<'_>) -> Verdict {
    for (&order, tally) in tallies(probe).iter() {
        let told = tally.of(fact::TOLD);
        if told > 1 {
            return Verdict::Broken(Label::with("verdict.told-again", [order, told, 0]));
        }
        if tally.ended() && told == 0 {
            return Verdict::untrue(probe, Label::with("verdict.not-told", [order, 0, 0]));
        }
    }
    Verdict::Holds
}

/// The read model says what the order service says.
fn read_model_agrees(probe: &Probe<'_>) -> Verdict {
    let Some(gap) = gap(probe) else { return Verdict::Holds };
    if gap.behind == 0 {
        return Verdict::Holds;
    }
    Verdict::untrue(probe, gap.lost.unwrap_or(Label::with("verdict.read-model", [gap.behind as i32, 0, 0])))
}

/// No service holds a lock.
fn no_locks_left(probe: &Probe<'_>) -> Verdict {
    for node in SERVICES {
        let Some(Node::Service(service)) = probe.world.machine(node) else { continue };
        if let Some(order) = service.prepared.keys().next() {
            let label = Label::with("verdict.locked", [*order, i32::from(node.0), 0]);
            return Verdict::untrue(probe, label);
        }
    }
    Verdict::Holds
}

/// Every order that was placed ends.
fn order_ends(probe: &Probe<'_>) -> Verdict {
    first(probe, |order, tally| {
        let open = tally.of(fact::PLACED) > 0 && !tally.ended();
        open.then_some(Label::with("verdict.open", [order, 0, 0]))
    })
}

struct Gap {
    behind: u32,
    lost: Option<Label>,
}

fn gap(probe: &Probe<'_>) -> Option<Gap> {
    let Some(Node::Orders(orders)) = probe.world.machine(ORDERS) else { return None };
    let Some(Node::Consumer(model)) = probe.world.machine(READ_MODEL) else { return None };
    let Some(Node::Broker(broker)) = probe.world.machine(BROKER) else { return None };
    let Duty::Keep(view) = &model.duty else { return None };
    let in_state = |state| orders.rows.values().filter(|r| r.state == state).count() as i32;
    let confirmed = in_state(State::Confirmed);
    let (more_orders, more_money) =
        (view.placed - orders.rows.len() as i32, view.revenue / PRICE - confirmed);
    let cancelled = in_state(State::Cancelled) - seen(view, Event::OrderCancelled);
    let behind = more_orders.unsigned_abs() + more_money.unsigned_abs() + cancelled.unsigned_abs();
    let twice = if more_orders > 0 {
        Some(Label::with("copy.orders-twice", [view.placed, orders.rows.len() as i32, 0]))
    } else {
        let args = [view.revenue, confirmed * PRICE, 0];
        (more_money > 0).then_some(Label::with("copy.money-twice", args))
    };
    Some(Gap { behind, lost: twice.or_else(|| lost(probe, orders, broker, model)) })
}

fn seen(view: &View, event: Event) -> i32 {
    view.orders.values().filter(|e| **e == event).count() as i32
}

/// An event that nobody will ever publish.
fn lost(probe: &Probe<'_>, orders: &Orders, broker: &Broker, model: &Consumer) -> Option<Label> {
    let gone = |notice: Notice| {
        let kind = Msg::Event(notice, None).kind();
        let under_way = model.inbox.answer(&notice).is_some()
            || orders.post.loose().contains(&notice)
            || orders.post.rows().iter().any(|(_, n)| *n == notice)
            || broker.writing().any(|n| n == notice)
            || broker.topic.entries(0).any(|(_, e)| e.value == notice)
            || probe
                .world
                .in_flight()
                .any(|m| m.kind == kind && m.to == BROKER && m.args[0] == notice.order);
        (!under_way).then_some(Label::with("copy.lost", [notice.order, notice.event as i32, 0]))
    };
    orders.rows.iter().find_map(|(&order, row)| {
        let end = match row.state {
            State::Open => None,
            State::Confirmed => Some(Event::OrderConfirmed),
            State::Cancelled => Some(Event::OrderCancelled),
        };
        let mut events = [Some(Event::OrderPlaced), end].into_iter().flatten();
        events.find_map(|event| gone(Notice { event, order }))
    })
}

/// The read model, as a copy of the orders.
pub(super) fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    if let Some(Gap { behind, lost }) = gap(probe) {
        out.push(Copied { node: READ_MODEL, name: Label::new("copy.read-model"), behind, lost });
    }
}

/// Whether a service's step is done twice for an order, or its undoing: for its rows.
pub(super) fn oddly(service: &Service) -> bool {
    service.db.rows().any(|(_, value)| value < 0)
}
