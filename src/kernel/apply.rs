//! The one function that changes a world.

use std::sync::Arc;

use super::dice;
use super::erased::{Circumstances, DynEvent, Effect, EventCall};
use super::event::{Lost, TraceEvent, TraceSink, What};
use super::fault::Point;
use super::id::{MsgId, NodeId};
use super::limits::{IN_FLIGHT, Limit, PENDING};
use super::machine::{Interference, Ticket};
use super::schedule::Due;
use super::time::Span;
use super::world::{Act, Envelope, Fault, NotEnabled, Observation, Pending, Step, World};

/// Writes the events of one step, each caused by the first.
pub(super) struct Recorder<'a> {
    sink: Option<&'a mut dyn TraceSink>,
    first: Option<u32>,
}

impl<'a> Recorder<'a> {
    pub fn new(sink: Option<&'a mut dyn TraceSink>) -> Self {
        Self { sink, first: None }
    }

    fn begin(&mut self, at: super::time::SimTime) {
        self.first = None;
        if let Some(sink) = &mut self.sink {
            sink.step(at);
        }
    }

    /// The step's first event, which something earlier in the trace caused.
    fn caused(&mut self, what: What, cause: Option<u32>) {
        if let Some(sink) = &mut self.sink {
            let place = sink.event(TraceEvent { what, cause: self.first.or(cause) });
            self.first.get_or_insert(place);
        }
    }

    fn event(&mut self, what: What) -> u32 {
        let Some(sink) = &mut self.sink else { return 0 };
        let place = sink.event(TraceEvent { what, cause: self.first });
        self.first.get_or_insert(place);
        place
    }

    fn place(&self) -> u32 {
        self.first.unwrap_or(0)
    }
}

impl World {
    /// Takes one step, whatever the time: for a search, a manual delivery, a test.
    ///
    /// # Errors
    /// [`NotEnabled`] when the step cannot happen in this world; the world is unchanged then.
    pub fn apply(&mut self, step: Step, sink: Option<&mut dyn TraceSink>) -> Result<(), NotEnabled> {
        self.transition(step, &mut Recorder::new(sink))
    }

    pub(super) fn transition(&mut self, step: Step, recorder: &mut Recorder<'_>) -> Result<(), NotEnabled> {
        if !self.can(step) {
            return Err(NotEnabled(step));
        }
        self.schedule.steps += 1;
        recorder.begin(self.schedule.now);
        match step {
            Step::Do(act) => self.act(act, None, recorder),
            Step::Torn(act, after) => self.act(act, Some(after), recorder),
            Step::Fault(fault) => self.fault(fault, recorder),
        }
        Ok(())
    }

    fn can(&self, step: Step) -> bool {
        let slot = |node: NodeId| self.state.nodes.get(node.index());
        let runs = |node: NodeId| slot(node).is_some_and(|s| s.up && !s.paused);
        match step {
            Step::Do(act) | Step::Torn(act, _) => match act {
                Act::Start(node) => slot(node).is_some_and(|s| s.up && !s.started),
                Act::Deliver(id) => {
                    (self.state.in_flight.get(id)).is_some_and(|e| !self.state.nodes[e.to.index()].paused)
                }
                Act::Fire(node, timer) => {
                    runs(node) && self.state.nodes[node.index()].timers.iter().any(|t| t.what == timer)
                }
                Act::Persisted(node, ticket) => {
                    runs(node) && self.state.nodes[node.index()].writes.iter().any(|w| w.what.0 == ticket)
                }
            },
            Step::Fault(fault) => match fault {
                Fault::Drop(id) | Fault::Duplicate(id) => self.state.in_flight.get(id).is_some(),
                Fault::Crash(node) => slot(node).is_some_and(|s| s.up),
                Fault::Restart(node) => slot(node).is_some_and(|s| !s.up),
                Fault::Pause(node) => runs(node),
                Fault::Resume(node) => slot(node).is_some_and(|s| s.up && s.paused),
                Fault::Command(node, ..) => runs(node),
                Fault::Cut(a, b) => slot(a).is_some() && slot(b).is_some() && !self.is_cut(a, b),
                Fault::Heal(a, b) => slot(a).is_some() && slot(b).is_some() && self.is_cut(a, b),
                Fault::Slow(a, b, factor) => {
                    slot(a).is_some() && slot(b).is_some() && factor > 0 && self.slowness(a, b) != factor
                }
                Fault::RefuseWrite(node, ticket) => {
                    slot(node).is_some_and(|s| s.writes.iter().any(|w| w.what.0 == ticket))
                }
            },
        }
    }

    fn act(&mut self, act: Act, torn: Option<u8>, recorder: &mut Recorder<'_>) {
        match act {
            Act::Start(node) => {
                self.state.nodes[node.index()].started = true;
                recorder.event(What::Started { node });
                if !self.handle(node, DynEvent::Start, Interference::None, torn, recorder) {
                    self.ended(Point::AfterStart, node, node, 0);
                }
            }
            Act::Deliver(id) => self.deliver(id, torn, recorder),
            Act::Fire(node, timer) => {
                let timers = &mut self.state.nodes[node.index()].timers;
                let at = timers.iter().position(|t| t.what == timer).expect("checked by can");
                let pending = timers.remove(at);
                recorder.caused(What::Fired { node, timer }, Some(pending.born));
                if !self.handle(node, DynEvent::Timer(timer), Interference::None, torn, recorder) {
                    self.ended(Point::AfterTimer, node, node, timer.kind);
                }
            }
            Act::Persisted(node, ticket) => {
                let record = self.state.nodes[node.index()].writes.iter().find(|w| w.what.0 == ticket);
                let record = record.expect("checked by can").what.1;
                let fate = self.write_fate(node, record);
                if fate.refuse {
                    self.refuse_write(node, ticket, recorder);
                } else {
                    self.persisted(node, ticket, torn, fate.crash, recorder);
                }
            }
        }
    }

    fn deliver(&mut self, id: MsgId, torn: Option<u8>, recorder: &mut Recorder<'_>) {
        let envelope = self.state.in_flight.get(id).expect("checked by can");
        let (from, to, kind, args) = (envelope.from, envelope.to, envelope.kind, envelope.args);
        let (born, held) = (Some(envelope.born), envelope.held);
        let fate = if held { Default::default() } else { self.arrival(from, to, kind) };
        if let (Some(by), false) = (fate.delay, fate.drop) {
            let due = self.schedule.now + by;
            let envelope = self.state.in_flight.get_mut(id).expect("still in flight");
            envelope.due = due;
            envelope.held = true;
            self.schedule.push(due, Due::Deliver(id));
            recorder.caused(What::Delayed { msg: id, from, to, kind, args, by }, born);
            self.ended(Point::AfterHold, to, from, kind);
            return;
        }
        let envelope = self.state.in_flight.take(id).expect("still in flight");
        let lost = if fate.drop {
            Some(Lost::Dropped)
        } else if envelope.doomed {
            Some(Lost::Network)
        } else if self.is_cut(from, to) {
            Some(Lost::Cut)
        } else if !self.is_up(to) {
            Some(Lost::Down)
        } else if fate.crash {
            Some(Lost::Crashed)
        } else {
            None
        };
        if let Some(why) = lost {
            recorder.caused(What::Lost { msg: id, from, to, kind, args, why }, born);
        } else {
            recorder.caused(What::Delivered { msg: id, from, to, kind, args }, born);
        }
        if fate.duplicate {
            self.duplicate(id, &envelope, recorder);
        }
        if fate.crash && self.is_up(to) {
            self.crash(to, recorder);
        }
        if lost.is_some() {
            self.ended(Point::AfterLoss, to, from, kind);
            return;
        }
        if fate.interference != Interference::None {
            recorder.event(What::Interfered { node: to, kind, how: fate.interference });
        }
        let event = DynEvent::Message { from, payload: &*envelope.payload };
        if !self.handle(to, event, fate.interference, torn, recorder) {
            self.ended(Point::AfterHandling, to, from, kind);
        }
    }

    /// A second copy of a message, a latency later.
    fn duplicate(&mut self, msg: MsgId, original: &Envelope, recorder: &mut Recorder<'_>) {
        let copy = MsgId(self.schedule.next_message);
        let (from, to, kind, args) = (original.from, original.to, original.kind, original.args);
        let born = recorder.event(What::Duplicated { msg, copy, from, to, kind, args });
        self.launch(Envelope { born, held: false, doomed: false, ..original.clone() }, recorder);
    }

    fn persisted(
        &mut self,
        node: NodeId,
        ticket: Ticket,
        torn: Option<u8>,
        crash: bool,
        recorder: &mut Recorder<'_>,
    ) {
        let slot = &mut self.state.nodes[node.index()];
        let at = slot.writes.iter().position(|w| w.what.0 == ticket).expect("checked by can");
        let pending = slot.writes.remove(at);
        let (_, record, args) = pending.what;
        machine(&mut slot.machine).flush(ticket);
        recorder.caused(What::Written { node, record, args }, Some(pending.born));
        if crash {
            self.crash(node, recorder);
        } else if !self.handle(node, DynEvent::Persisted(ticket), Interference::None, torn, recorder) {
            self.ended(Point::AfterAcknowledgement, node, node, record);
        }
    }

    fn refuse_write(&mut self, node: NodeId, ticket: Ticket, recorder: &mut Recorder<'_>) {
        let slot = &mut self.state.nodes[node.index()];
        let at = slot.writes.iter().position(|w| w.what.0 == ticket).expect("checked by can");
        let pending = slot.writes.remove(at);
        let (_, record, args) = pending.what;
        recorder.caused(What::Refused { node, record, args }, Some(pending.born));
        if !self.handle(node, DynEvent::Refused(ticket), Interference::None, None, recorder) {
            self.ended(Point::AfterRefusal, node, node, record);
        }
    }

    /// Tells a machine an event and lets its effects happen. Returns whether the node crashed.
    fn handle(
        &mut self,
        node: NodeId,
        event: DynEvent<'_>,
        interference: Interference,
        torn: Option<u8>,
        recorder: &mut Recorder<'_>,
    ) -> bool {
        if torn == Some(0) {
            // The handler never ran: what it would have changed in memory is gone anyway, and what it
            // would have changed on disk was not.
            self.crash(node, recorder);
            return true;
        }
        let mut effects = std::mem::take(&mut self.effects);
        let handled = u64::from(self.schedule.handled[node.index()]);
        self.schedule.handled[node.index()] += 1;
        let slot = &mut self.state.nodes[node.index()];
        let next_ticket = slot.writes.iter().map(|w| w.what.0.0 + 1).max().unwrap_or(0);
        let dice = self.schedule.seed ^ dice::mix((u64::from(node.0) << 48) | handled);
        let circumstances = Circumstances { me: node, interference, dice, next_ticket };
        machine(&mut slot.machine).event(EventCall { circumstances, event, out: &mut effects });
        self.asked = effects.len().min(u8::MAX.into()) as u8;
        let mut crashed = false;
        for (i, effect) in effects.drain(..).enumerate() {
            if torn.is_some_and(|after| i >= after as usize) || self.perform(node, effect, recorder) {
                crashed = true;
                break;
            }
        }
        self.effects = effects;
        if crashed || torn.is_some() {
            self.crash(node, recorder);
            return true;
        }
        false
    }

    /// Lets one effect happen. Returns whether the node is to crash right then.
    fn perform(&mut self, node: NodeId, effect: Effect, recorder: &mut Recorder<'_>) -> bool {
        match effect {
            Effect::Send { to, kind, args, payload } => {
                if self.moment(Point::BeforeSend, node, to, kind) {
                    return true;
                }
                let msg = MsgId(self.schedule.next_message);
                let born = recorder.event(What::Sent { msg, from: node, to, kind, args });
                let now = self.schedule.now;
                let envelope = Envelope {
                    from: node,
                    to,
                    kind,
                    args,
                    payload,
                    born,
                    due: now,
                    held: false,
                    doomed: false,
                };
                self.launch(envelope, recorder);
                return self.moment(Point::AfterSend, node, to, kind);
            }
            Effect::Local { kind, args } => {
                recorder.event(What::Local { node, kind, args });
            }
            Effect::Persist { ticket, record, args } => {
                let born = recorder.event(What::Writing { node, record, args });
                let n = u64::from(self.schedule.writes[node.index()]);
                self.schedule.writes[node.index()] += 1;
                let takes = self.schedule.network.disk(self.schedule.seed, node, n);
                // A disk does its writes in order: none is on it before one asked for earlier.
                let slot = &self.state.nodes[node.index()];
                let newest = slot.writes.iter().map(|w| w.due).max().unwrap_or_default();
                let due = (self.schedule.now + Span::us(takes)).max(newest);
                let number = self.pend(due, |number| Due::Persisted(node, number));
                let pending = Pending { number, what: (ticket, record, args), born, due };
                self.state.nodes[node.index()].writes.push(pending);
                self.check(self.state.nodes[node.index()].writes.len() > PENDING, Limit::Pending, recorder);
                return self.moment(Point::BeforeWrite, node, node, record);
            }
            Effect::SetTimer { timer, after } => {
                let due = self.schedule.now + after;
                let number = self.pend(due, |number| Due::Fire(node, number));
                let slot = &mut self.state.nodes[node.index()];
                slot.timers.retain(|t| t.what != timer);
                slot.timers.push(Pending { number, what: timer, born: recorder.place(), due });
                let full = slot.timers.len() > PENDING;
                self.check(full, Limit::Pending, recorder);
            }
            Effect::CancelTimer { timer } => {
                self.state.nodes[node.index()].timers.retain(|t| t.what != timer);
            }
            Effect::Observe { fact, args } => {
                recorder.event(What::Observed { node, fact, args });
                self.state.ledger.push(Observation { node, fact, args });
            }
        }
        false
    }

    fn pend(&mut self, due: super::time::SimTime, what: impl Fn(u32) -> Due) -> u32 {
        let number = self.schedule.next_pending;
        self.schedule.next_pending += 1;
        self.schedule.push(due, what(number));
        number
    }

    /// Puts a message on its link.
    fn launch(&mut self, mut envelope: Envelope, recorder: &mut Recorder<'_>) {
        let (from, to) = (envelope.from, envelope.to);
        let link = self.link(from, to);
        let s = &mut self.schedule;
        let n = u64::from(s.sent[link]);
        s.sent[link] += 1;
        let takes = Span::us(s.network.latency(s.seed, from, to, n)).times(u64::from(s.factor[link]));
        let mut due = s.now + takes;
        if s.network.fifo {
            due = due.max(s.newest[link]);
            s.newest[link] = due;
        }
        envelope.due = due;
        envelope.doomed = s.network.loses(s.seed, from, to, n);
        let twice = s.network.duplicates(s.seed, from, to, n);
        let id = MsgId(s.next_message);
        s.next_message += 1;
        s.push(due, Due::Deliver(id));
        if twice && !envelope.doomed {
            let again = MsgId(s.next_message);
            s.next_message += 1;
            let later = due + Span::us(s.network.latency(s.seed, to, from, n));
            s.push(later, Due::Deliver(again));
            let (kind, args) = (envelope.kind, envelope.args);
            let born = recorder.event(What::Duplicated { msg: id, copy: again, from, to, kind, args });
            self.state.in_flight.put(id, envelope.clone());
            self.state.in_flight.put(again, Envelope { born, due: later, ..envelope });
        } else {
            self.state.in_flight.put(id, envelope);
        }
        if self.state.in_flight.count > IN_FLIGHT {
            self.limit = Some(Limit::InFlight);
        }
    }

    fn check(&mut self, reached: bool, limit: Limit, recorder: &mut Recorder<'_>) {
        if reached && self.limit.is_none() {
            self.limit = Some(limit);
            recorder.event(What::Limited { limit });
        }
    }

    fn crash(&mut self, node: NodeId, recorder: &mut Recorder<'_>) {
        let slot = &mut self.state.nodes[node.index()];
        slot.up = false;
        slot.paused = false;
        slot.timers.clear();
        slot.writes.clear();
        machine(&mut slot.machine).crash();
        recorder.event(What::Crashed { node });
        self.ended(Point::AfterCrash, node, node, 0);
    }

    fn fault(&mut self, fault: Fault, recorder: &mut Recorder<'_>) {
        let n = self.state.nodes.len();
        match fault {
            Fault::Drop(msg) => {
                let e = self.state.in_flight.take(msg).expect("checked by can");
                let (from, to, kind, args) = (e.from, e.to, e.kind, e.args);
                recorder.caused(What::Lost { msg, from, to, kind, args, why: Lost::Dropped }, Some(e.born));
            }
            Fault::Duplicate(msg) => {
                let original = self.state.in_flight.get(msg).expect("checked by can").clone();
                self.duplicate(msg, &original, recorder);
            }
            Fault::Crash(node) => self.crash(node, recorder),
            Fault::Restart(node) => {
                self.state.nodes[node.index()].up = true;
                self.state.nodes[node.index()].started = true;
                recorder.event(What::Restarted { node });
                if !self.handle(node, DynEvent::Recovered, Interference::None, None, recorder) {
                    self.ended(Point::AfterRestart, node, node, 0);
                }
            }
            Fault::Pause(node) => {
                self.state.nodes[node.index()].paused = true;
                recorder.event(What::Paused { node });
                self.ended(Point::AfterPause, node, node, 0);
            }
            Fault::Resume(node) => {
                self.state.nodes[node.index()].paused = false;
                recorder.event(What::Resumed { node });
                self.unpark(node);
                self.ended(Point::AfterResume, node, node, 0);
            }
            Fault::Cut(from, to) => {
                self.state.cut[from.index() * n + to.index()] = true;
                recorder.event(What::Cut { from, to });
                self.ended(Point::AfterCut, from, to, 0);
            }
            Fault::Heal(from, to) => {
                self.state.cut[from.index() * n + to.index()] = false;
                recorder.event(What::Healed { from, to });
                self.ended(Point::AfterHeal, from, to, 0);
            }
            Fault::Slow(from, to, factor) => {
                self.schedule.factor[from.index() * n + to.index()] = factor;
                recorder.event(What::Slowed { from, to, factor });
                self.ended(Point::AfterSlow, from, to, 0);
            }
            Fault::RefuseWrite(node, ticket) => self.refuse_write(node, ticket, recorder),
            Fault::Command(node, verb, value) => {
                recorder.event(What::Commanded { node, verb, value });
                let event = DynEvent::Command(verb, value);
                if !self.handle(node, event, Interference::None, None, recorder) {
                    self.ended(Point::AfterCommand, node, node, verb);
                }
            }
        }
    }
}

/// The machine of a slot, to be changed: copied first when a checkpoint shares it.
fn machine(slot: &mut Arc<dyn super::erased::DynNode>) -> &mut dyn super::erased::DynNode {
    if Arc::get_mut(slot).is_none() {
        *slot = slot.copy();
    }
    Arc::get_mut(slot).expect("just made unique")
}
