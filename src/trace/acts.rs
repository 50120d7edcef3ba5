//! What a person can do to a thing at a moment: each possible act as an entry of the fault script,
//! addressed by cause, with the reason where it cannot happen now.
//!
//! An act never changes what was before it: adding its entry and running again gives the same steps
//! up to the moment it was chosen at. A test walks every moment of runs to hold that.

use crate::kernel::{
    Action, Anchor, Entry, Fault, Interference, Lost, NodeId, Point, Span, Step, Trigger, What, World,
};

use super::chart::{Chart, Flight, FlightEnd};
use super::run::Run;

/// Something a person can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Act {
    /// What it is.
    pub deed: Deed,
    /// The entry to add to the script; `None` when it cannot happen now.
    pub entry: Option<Entry>,
}

/// What an act is, for its words and its picture. Texts: `act.<id>`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Crash the node now.
    CrashNow,
    /// Crash it at a crash point that comes next at this node.
    CrashAt(Anchor),
    /// Start it again now.
    Restart,
    /// Make it stand still now.
    Pause,
    /// Let it go on now.
    Resume,
    /// Make its disk refuse the write that is pending, or else its next one.
    RefuseWrite(u8),
    /// Make it refuse, on business grounds, the message.
    Refuse,
    /// Make it fail at the message.
    Fail,
    /// Lose the message.
    Drop,
    /// Deliver the message twice.
    Duplicate,
    /// Hold the message for this long.
    Delay(Span),
    /// Deliver the message now.
    DeliverNow,
    /// Cut the link, this way.
    Cut,
    /// Heal the link, this way.
    Heal,
    /// Make the link so many times slower.
    Slow(u16),
    /// Do something of the domain: a verb.
    Command(u8),
}

const fn entry(anchor: Anchor, action: Action) -> Option<Entry> {
    Some(Entry { on: true, trigger: Trigger { anchor, delay: Span::ZERO }, action })
}

/// Every moment of a run that an anchor can speak of, up to a state, in order.
fn moments(run: &Run, from: u32, to: u32, found: &mut dyn FnMut(Anchor)) {
    let at = |point, node, peer, kind| Anchor { point, node, peer, kind, nth: 0 };
    for state in from + 1..=to.min(run.len()) {
        let (_, events) = run.step_events(state);
        let crashed = |node: NodeId| events.iter().any(|e| e.what == What::Crashed { node });
        let unharmed = |node: NodeId, point| Some(point).filter(|_| !crashed(node));
        // What ends the step, when its node lives on.
        let ended = match events.first().map(|e| e.what) {
            Some(What::Started { node }) => unharmed(node, at(Point::AfterStart, node, node, 0)),
            Some(What::Delivered { from, to, kind, .. }) => {
                unharmed(to, at(Point::AfterHandling, to, from, kind))
            }
            Some(What::Written { node, record, .. }) => {
                unharmed(node, at(Point::AfterAcknowledgement, node, node, record))
            }
            Some(What::Refused { node, record, .. }) => {
                unharmed(node, at(Point::AfterRefusal, node, node, record))
            }
            Some(What::Fired { node, timer }) => {
                unharmed(node, at(Point::AfterTimer, node, node, timer.kind))
            }
            Some(What::Restarted { node }) => unharmed(node, at(Point::AfterRestart, node, node, 0)),
            Some(What::Commanded { node, verb, .. }) => {
                unharmed(node, at(Point::AfterCommand, node, node, verb))
            }
            Some(What::Lost { from, to, kind, .. }) => Some(at(Point::AfterLoss, to, from, kind)),
            Some(What::Delayed { from, to, kind, .. }) => Some(at(Point::AfterHold, to, from, kind)),
            Some(What::Paused { node }) => Some(at(Point::AfterPause, node, node, 0)),
            Some(What::Resumed { node }) => Some(at(Point::AfterResume, node, node, 0)),
            Some(What::Cut { from, to }) => Some(at(Point::AfterCut, from, to, 0)),
            Some(What::Healed { from, to }) => Some(at(Point::AfterHeal, from, to, 0)),
            Some(What::Slowed { from, to, .. }) => Some(at(Point::AfterSlow, from, to, 0)),
            _ => None,
        };
        for event in events {
            match event.what {
                What::Sent { from, to, kind, .. } => {
                    found(at(Point::BeforeSend, from, to, kind));
                    found(at(Point::AfterSend, from, to, kind));
                }
                What::Delayed { from, to, kind, .. } => found(at(Point::BeforeHandling, to, from, kind)),
                // A message that was held was counted when it was held.
                What::Delivered { msg, from, to, kind, .. } | What::Lost { msg, from, to, kind, .. }
                    if !run.was_held(msg) =>
                {
                    found(at(Point::BeforeHandling, to, from, kind));
                }
                What::Writing { node, record, .. } => found(at(Point::BeforeWrite, node, node, record)),
                What::Written { node, record, .. } | What::Refused { node, record, .. } => {
                    found(at(Point::AfterWrite, node, node, record));
                }
                What::Crashed { node } => found(at(Point::AfterCrash, node, node, 0)),
                _ => {}
            }
        }
        if let Some(ended) = ended {
            found(ended);
        }
    }
}

fn same(a: &Anchor, b: &Anchor) -> bool {
    a.point == b.point && a.node == b.node && a.peer == b.peer && a.kind == b.kind
}

/// How often a moment like this came by up to a state.
fn count(run: &Run, state: u32, like: &Anchor) -> u16 {
    let mut n = 0u16;
    moments(run, 0, state, &mut |m| n = n.saturating_add(u16::from(same(&m, like))));
    n
}

/// The moment that stands for "now": the one that ends the step before a state, or the start.
#[must_use]
pub fn now(run: &Run, state: u32) -> Trigger {
    let state = state.min(run.len());
    let mut last = Anchor { point: Point::Start, node: NodeId(0), peer: NodeId(0), kind: 0, nth: 1 };
    let mut ended = state == 0;
    moments(run, state.saturating_sub(1), state, &mut |m| {
        last = m;
        ended = !m.point.is_inside();
    });
    debug_assert!(ended, "every step ends with a moment of its own: {:?}", run.step_events(state).1);
    if state > 0 {
        last.nth = count(run, state, &last);
    }
    Trigger { anchor: last, delay: Span::ZERO }
}

/// Whether the script does this already: it cannot be asked for again.
fn is_planned(run: &Run, entry: &Entry) -> bool {
    run.stage.world.script().contains(entry)
}

/// The state that an entry of the script led to in a run; `None` when it never came to it.
#[must_use]
pub fn happened(run: &Run, entry: &Entry) -> Option<u32> {
    let anchor = &entry.trigger.anchor;
    let from = if anchor.point == Point::Start {
        0
    } else {
        let mut left = anchor.nth.max(1);
        (1..=run.len()).find(|&state| {
            moments(run, state - 1, state, &mut |m| {
                left = left.saturating_sub(u16::from(same(&m, anchor)))
            });
            left == 0
        })?
    };
    let due = run.time(from) + entry.trigger.delay;
    let shows = |what: &What| match (entry.action, *what) {
        (Action::Drop, What::Lost { from, to, kind, why: Lost::Dropped, .. })
        | (Action::Duplicate, What::Duplicated { from, to, kind, .. })
        | (Action::Delay(_), What::Delayed { from, to, kind, .. }) => {
            from == anchor.peer && to == anchor.node && kind == anchor.kind
        }
        (Action::Refuse, What::Interfered { node, how: Interference::Refuse, .. })
        | (Action::Fail, What::Interfered { node, how: Interference::Fail, .. }) => node == anchor.node,
        (Action::RefuseWrite, What::Refused { node, record, .. }) => {
            node == anchor.node && record == anchor.kind
        }
        (Action::Crash(n), What::Crashed { node })
        | (Action::Restart(n), What::Restarted { node })
        | (Action::Pause(n), What::Paused { node })
        | (Action::Resume(n), What::Resumed { node }) => n == node,
        (Action::Cut(a, b), What::Cut { from, to }) | (Action::Heal(a, b), What::Healed { from, to }) => {
            (a, b) == (from, to)
        }
        (Action::Slow(a, b, f), What::Slowed { from, to, factor }) => (a, b, f) == (from, to, factor),
        (Action::Deliver(a, b, k), What::Delivered { from, to, kind, .. }) => (a, b, k) == (from, to, kind),
        (Action::Command(n, v, x), What::Commanded { node, verb, value }) => {
            (n, v, x) == (node, verb, value)
        }
        _ => false,
    };
    // What is about the very message or write of its moment happens there or not at all; the rest
    // when it is due.
    let to = if entry.action.fixed_point().is_some() { from } else { run.len() };
    (from.max(1)..=to)
        .skip_while(|&state| run.time(state) < due)
        .find(|&state| run.step_events(state).1.iter().any(|e| shows(&e.what)))
        .filter(|&state| entry.action.fixed_point().is_some() || run.time(state) == due)
}

fn act(deed: Deed, entry: Option<Entry>) -> Act {
    Act { deed, entry }
}

/// Whether something comes of it when a person does this at a node: each verb has its nodes, which the
/// machines themselves know best.
fn takes(world: &World, node: NodeId, verb: u8) -> bool {
    let mut then = world.clone();
    let before = then.fingerprint();
    then.apply(Step::Fault(Fault::Command(node, verb, 0)), None).is_ok() && then.fingerprint() != before
}

/// What can be done to a node at a state: acts that happen now, then crash points that come next.
#[must_use]
pub fn of_node(run: &Run, state: u32, node: NodeId) -> Vec<Act> {
    let world = run.world(state);
    let (up, paused) = (world.is_up(node), world.is_paused(node));
    let trigger = now(run, state);
    let when = |possible: bool, action| {
        possible.then_some(Entry { on: true, trigger, action }).filter(|e| !is_planned(run, e))
    };
    let mut acts = Vec::new();
    if up {
        acts.push(act(Deed::CrashNow, when(true, Action::Crash(node))));
        if paused {
            acts.push(act(Deed::Resume, when(true, Action::Resume(node))));
        } else {
            acts.push(act(Deed::Pause, when(true, Action::Pause(node))));
        }
        let pending = world.pending_writes(node).next().map(|(record, _)| record);
        if let Some(record) = pending {
            let mut anchor = Anchor { point: Point::AfterWrite, node, peer: node, kind: record, nth: 0 };
            anchor.nth = count(run, state, &anchor) + 1;
            let entry = entry(anchor, Action::RefuseWrite).filter(|e| !is_planned(run, e));
            acts.push(act(Deed::RefuseWrite(record), entry));
        }
        for verb in 0..run.stage.pattern.verbs.len() as u8 {
            if takes(&world, node, verb) {
                acts.push(act(Deed::Command(verb), when(!paused, Action::Command(node, verb, 0))));
            }
        }
        acts.extend(crash_points(run, state, node));
    } else {
        acts.push(act(Deed::Restart, when(true, Action::Restart(node))));
    }
    acts
}

/// The crash points that come next at a node, as the recorded future tells them; few enough to read.
fn crash_points(run: &Run, state: u32, node: NodeId) -> Vec<Act> {
    const MOST: usize = 5;
    let mut points: Vec<Anchor> = Vec::new();
    let mut to = state;
    while points.len() < MOST && to < run.len() {
        // What is lost or held on its way reaches no node: nothing to crash there.
        if matches!(
            run.step_events(to + 1).1.first().map(|e| e.what),
            Some(What::Lost { .. } | What::Delayed { .. })
        ) {
            to += 1;
            continue;
        }
        moments(run, to, to + 1, &mut |m| {
            let crashes = matches!(
                m.point,
                Point::BeforeHandling
                    | Point::BeforeWrite
                    | Point::AfterWrite
                    | Point::BeforeSend
                    | Point::AfterSend
                    | Point::AfterAcknowledgement
            );
            if m.node == node && crashes && points.len() < MOST && !points.iter().any(|p| same(p, &m)) {
                let nth = count(run, to, &m) + 1;
                points.push(Anchor { nth, ..m });
            }
        });
        to += 1;
    }
    points
        .into_iter()
        .map(|anchor| act(Deed::CrashAt(anchor), entry(anchor, Action::Crash(node))))
        .filter(|act| act.entry.is_some_and(|e| !is_planned(run, &e)))
        .collect()
}

/// What can be done to a message in flight at a state.
#[must_use]
pub fn of_flight(run: &Run, chart: &Chart, state: u32, flight: &Flight) -> Vec<Act> {
    let live = flight.sent <= state && flight.end.state(u32::MAX) > state;
    let held = flight.held.is_some_and(|s| s <= state);
    let mut anchor = Anchor {
        point: Point::BeforeHandling,
        node: flight.to,
        peer: flight.from,
        kind: flight.kind,
        nth: 0,
    };
    // Its arrival is the one after all that arrive before it.
    let end = match flight.held {
        Some(held) => held,
        None => flight.end.state(run.len() + 1),
    };
    anchor.nth = count(run, end.saturating_sub(1), &anchor) + 1;
    // A message that the script will drop is lost to anything else; one that it will hold can only be
    // dropped instead.
    let dropped = matches!(flight.end, FlightEnd::Lost(_, Lost::Dropped));
    let free = |action| !dropped && (flight.held.is_none() || action == Action::Drop);
    let entry =
        |action| entry(anchor, action).filter(|e| live && !held && free(action) && !is_planned(run, e));
    let mut acts = vec![
        act(Deed::Drop, entry(Action::Drop)),
        act(Deed::Duplicate, entry(Action::Duplicate)),
        act(Deed::Delay(Span::ms(200)), entry(Action::Delay(Span::ms(200)))),
        act(Deed::Delay(Span::ms(1000)), entry(Action::Delay(Span::ms(1000)))),
    ];
    // "Deliver now" takes the oldest of its kind on the link.
    let oldest = chart
        .in_flight(state)
        .find(|f| f.from == flight.from && f.to == flight.to && f.kind == flight.kind)
        .is_some_and(|f| f.msg == flight.msg);
    let deliver = (live && oldest).then(|| Entry {
        on: true,
        trigger: now(run, state),
        action: Action::Deliver(flight.from, flight.to, flight.kind),
    });
    acts.push(act(Deed::DeliverNow, deliver));
    let arrives = !matches!(flight.end, FlightEnd::Lost(..));
    let style = run.stage.pattern.messages[flight.kind as usize].style;
    if matches!(style, crate::patterns::pattern::Style::Command | crate::patterns::pattern::Style::Undo) {
        acts.push(act(Deed::Refuse, entry(Action::Refuse).filter(|_| arrives)));
        acts.push(act(Deed::Fail, entry(Action::Fail).filter(|_| arrives)));
    }
    acts
}

/// What can be done to the link from one node to another at a state.
#[must_use]
pub fn of_link(run: &Run, state: u32, from: NodeId, to: NodeId) -> Vec<Act> {
    let world = run.world(state);
    let trigger = now(run, state);
    let when = |action| Some(Entry { on: true, trigger, action }).filter(|e| !is_planned(run, e));
    let mut acts = Vec::new();
    if world.is_cut(from, to) {
        acts.push(act(Deed::Heal, when(Action::Heal(from, to))));
    } else {
        acts.push(act(Deed::Cut, when(Action::Cut(from, to))));
    }
    if world.slowness(from, to) == 1 {
        acts.push(act(Deed::Slow(5), when(Action::Slow(from, to, 5))));
    } else {
        acts.push(act(Deed::Slow(1), when(Action::Slow(from, to, 1))));
    }
    acts
}
