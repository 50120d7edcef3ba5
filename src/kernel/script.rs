//! How a script's entries meet the moments of a run.

use super::apply::Recorder;
use super::fault::{Action, Anchor, Point};
use super::id::NodeId;
use super::machine::Interference;
use super::schedule::Due;
use super::time::Span;
use super::world::{Act, Fault, Step, World};

/// What the script does to an arriving message.
#[derive(Default)]
pub(super) struct Arrival {
    pub drop: bool,
    pub duplicate: bool,
    pub delay: Option<Span>,
    pub interference: Interference,
    pub crash: bool,
}

/// What the script does to a finished write.
#[derive(Default)]
pub(super) struct WriteFate {
    pub refuse: bool,
    pub crash: bool,
}

impl World {
    /// Counts a moment for every entry that waits for it, and calls `found` with the action and
    /// delay of each whose turn it is.
    fn matches(&mut self, at: &Anchor, mut found: impl FnMut(&mut Self, usize, Action, Span)) {
        let script = self.schedule.script.clone();
        for (i, entry) in script.iter().enumerate() {
            let a = &entry.trigger.anchor;
            let same = a.point == at.point
                && a.node == at.node
                && a.kind == at.kind
                && (!a.point.has_peer() || a.peer == at.peer);
            if !entry.on || !same {
                continue;
            }
            self.schedule.matched[i] = self.schedule.matched[i].saturating_add(1);
            if self.schedule.matched[i] == a.nth {
                found(self, i, entry.action, entry.trigger.delay);
            }
        }
    }

    /// A moment came by. Returns whether its node is to crash at once; anything else that the
    /// script wants is due after this step.
    pub(super) fn moment(&mut self, point: Point, node: NodeId, peer: NodeId, kind: u8) -> bool {
        if self.schedule.script.is_empty() {
            return false;
        }
        let mut crash = false;
        self.matches(&Anchor { point, node, peer, kind, nth: 0 }, |world, i, action, delay| {
            if action == Action::Crash(node) && delay == Span::ZERO && point.is_inside() {
                crash = true;
            } else if action.fixed_point().is_none() {
                let at = world.schedule.now + delay;
                world.schedule.push(at, Due::Scripted(i as u8));
            }
        });
        crash
    }

    /// A moment that ends its step: what the script wants then is due next.
    pub(super) fn ended(&mut self, point: Point, node: NodeId, peer: NodeId, kind: u8) {
        let crash = self.moment(point, node, peer, kind);
        debug_assert!(!crash, "{point:?} does not end a step");
    }

    /// Arms the entries that count from the start.
    pub(super) fn arm_start(&mut self) {
        for i in 0..self.nodes() {
            let node = NodeId(i as u8);
            self.ended(Point::Start, node, node, 0);
        }
    }

    pub(super) fn arrival(&mut self, from: NodeId, to: NodeId, kind: u8) -> Arrival {
        let mut fate = Arrival::default();
        if self.schedule.script.is_empty() {
            return fate;
        }
        let at = Anchor { point: Point::BeforeHandling, node: to, peer: from, kind, nth: 0 };
        self.matches(&at, |world, i, action, delay| match action {
            Action::Drop => fate.drop = true,
            Action::Duplicate => fate.duplicate = true,
            Action::Delay(by) => fate.delay = Some(by),
            Action::Refuse => fate.interference = Interference::Refuse,
            Action::Fail => fate.interference = Interference::Fail,
            Action::Crash(node) if node == to && delay == Span::ZERO => fate.crash = true,
            Action::RefuseWrite => {}
            _ => {
                let due = world.schedule.now + delay;
                world.schedule.push(due, Due::Scripted(i as u8));
            }
        });
        fate
    }

    pub(super) fn write_fate(&mut self, node: NodeId, record: u8) -> WriteFate {
        let mut fate = WriteFate::default();
        if self.schedule.script.is_empty() {
            return fate;
        }
        let at = Anchor { point: Point::AfterWrite, node, peer: node, kind: record, nth: 0 };
        self.matches(&at, |world, i, action, delay| match action {
            Action::RefuseWrite => fate.refuse = true,
            Action::Crash(n) if n == node && delay == Span::ZERO => fate.crash = true,
            _ if action.fixed_point().is_none() => {
                let due = world.schedule.now + delay;
                world.schedule.push(due, Due::Scripted(i as u8));
            }
            _ => {}
        });
        fate
    }

    /// Performs a due entry of the script. `false` when it has no effect in this world (crashing
    /// what is down, delivering what is not there): no step happens then.
    pub(super) fn scripted(&mut self, entry: usize, recorder: &mut Recorder<'_>) -> bool {
        let Some(entry) = self.schedule.script.get(entry).copied() else { return false };
        let fault = match entry.action {
            Action::Crash(node) => Fault::Crash(node),
            Action::Restart(node) => Fault::Restart(node),
            Action::Pause(node) => Fault::Pause(node),
            Action::Resume(node) => Fault::Resume(node),
            Action::Cut(from, to) => Fault::Cut(from, to),
            Action::Heal(from, to) => Fault::Heal(from, to),
            Action::Slow(from, to, factor) => Fault::Slow(from, to, factor),
            Action::Command(node, verb, value) => Fault::Command(node, verb, value),
            Action::Deliver(from, to, kind) => {
                let oldest = (self.in_flight()).find(|m| m.from == from && m.to == to && m.kind == kind);
                let Some(message) = oldest else { return false };
                return self.transition(Step::Do(Act::Deliver(message.msg)), recorder).is_ok();
            }
            Action::Drop
            | Action::Duplicate
            | Action::Delay(_)
            | Action::Refuse
            | Action::Fail
            | Action::RefuseWrite => return false,
        };
        self.transition(Step::Fault(fault), recorder).is_ok()
    }
}
