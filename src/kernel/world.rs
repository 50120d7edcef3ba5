//! The world: everything that a run's future depends on.
//!
//! `State` is what is true (hashed); `Schedule` is when things are due (never hashed). Only
//! [`World::apply`] changes a world; the driver, a click, a replay and a search all go through it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::describe::{Description, Mood};
use super::erased::{DynMessage, DynNode, Effects};
use super::fault::Entry;
use super::fingerprint::Fingerprint;
use super::id::{Args, MsgId, NodeId};
use super::limits::Limit;
use super::log::Log;
use super::machine::{Ticket, Timer};
use super::network::Network;
use super::schedule::{Due, Schedule};
use super::time::SimTime;

/// Something that the system itself can do next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Act {
    /// A node starts.
    Start(NodeId),
    /// A message in flight is delivered.
    Deliver(MsgId),
    /// A timer that is set runs out.
    Fire(NodeId, Timer),
    /// A write that was asked for is on disk, and the node goes on.
    Persisted(NodeId, Ticket),
}

/// Something that the outside does to the system.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A message in flight is lost.
    Drop(MsgId),
    /// A message in flight is copied.
    Duplicate(MsgId),
    /// A node crashes.
    Crash(NodeId),
    /// A crashed node starts again.
    Restart(NodeId),
    /// A node stands still.
    Pause(NodeId),
    /// A paused node goes on.
    Resume(NodeId),
    /// A link is cut, one way.
    Cut(NodeId, NodeId),
    /// A link is healed.
    Heal(NodeId, NodeId),
    /// A link is so many times slower than usual; 1 is as usual.
    Slow(NodeId, NodeId, u16),
    /// The disk refuses a write that was asked for.
    RefuseWrite(NodeId, Ticket),
    /// A person at a node does something of the domain.
    Command(NodeId, u8, i32),
}

/// One transition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// The system goes on.
    Do(Act),
    /// The system goes on, and the node crashes after so many effects of its handler: 0 is after
    /// the write (or the arrival) and before anything that follows from it.
    Torn(Act, u8),
    /// The outside interferes.
    Fault(Fault),
}

/// A step that cannot happen in this world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotEnabled(pub Step);

impl fmt::Display for NotEnabled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot happen in this world", self.0)
    }
}

impl std::error::Error for NotEnabled {}

/// A line of the ledger: a fact of the outside world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Observation {
    /// Where.
    pub node: NodeId,
    /// Which fact: its place in the pattern's list.
    pub fact: u8,
    /// Of what; the correlation id first.
    pub args: Args,
}

#[derive(Clone)]
pub(super) struct Envelope {
    pub from: NodeId,
    pub to: NodeId,
    pub kind: u8,
    pub args: Args,
    pub payload: Arc<dyn DynMessage>,
    /// Place of its sending in the trace.
    pub born: u32,
    pub due: SimTime,
    /// Held once by the script already: its second arrival is not counted as another.
    pub held: bool,
    /// The network will lose it.
    pub doomed: bool,
}

impl Envelope {
    /// What the message looks like, on whatever way it is.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&(self.from, self.to, self.payload.fingerprint()))
    }
}

/// Messages in flight, by number; numbers only grow, and old ones leave at the front.
#[derive(Clone, Default)]
pub(super) struct InFlight {
    base: u32,
    slots: VecDeque<Option<Envelope>>,
    pub count: usize,
}

impl InFlight {
    pub fn get(&self, id: MsgId) -> Option<&Envelope> {
        self.slots.get(id.0.checked_sub(self.base)? as usize)?.as_ref()
    }
    pub fn get_mut(&mut self, id: MsgId) -> Option<&mut Envelope> {
        self.slots.get_mut(id.0.checked_sub(self.base)? as usize)?.as_mut()
    }
    /// Puts in a message whose number is the highest so far.
    pub fn put(&mut self, id: MsgId, envelope: Envelope) {
        if self.slots.is_empty() {
            self.base = id.0;
        }
        while self.slots.len() < (id.0 - self.base) as usize {
            self.slots.push_back(None);
        }
        self.slots.push_back(Some(envelope));
        self.count += 1;
    }
    pub fn take(&mut self, id: MsgId) -> Option<Envelope> {
        let envelope = self.slots.get_mut(id.0.checked_sub(self.base)? as usize)?.take()?;
        self.count -= 1;
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.base += 1;
        }
        Some(envelope)
    }
    pub fn clear(&mut self) {
        self.slots.clear();
        self.count = 0;
    }
    pub fn iter(&self) -> impl Iterator<Item = (MsgId, &Envelope)> {
        let base = self.base;
        (self.slots.iter().enumerate())
            .filter_map(move |(i, slot)| Some((MsgId(base + i as u32), slot.as_ref()?)))
    }
}

/// A timer or a write that is pending, with the number that its due entry bears.
#[derive(Clone, Copy)]
pub(super) struct Pending<T> {
    pub number: u32,
    pub what: T,
    pub born: u32,
    pub due: SimTime,
}

#[derive(Clone)]
pub(super) struct Slot {
    pub machine: Arc<dyn DynNode>,
    pub up: bool,
    pub paused: bool,
    pub started: bool,
    pub timers: Vec<Pending<Timer>>,
    pub writes: Vec<Pending<(Ticket, u8, Args)>>,
}

impl Slot {
    /// What the node at a place looks like, with what its timers add up to.
    pub fn fingerprint(&self, place: usize, timers: Fingerprint) -> Fingerprint {
        let writes = (self.writes.iter())
            .fold(Fingerprint::default(), |f, w| f.with_member(Fingerprint::of(&w.what)));
        let flags = (place, self.up, self.paused, self.started);
        Fingerprint::of(&(flags, self.machine.fingerprint(), timers, writes))
    }
}

#[derive(Clone)]
pub(super) struct State {
    pub nodes: Vec<Slot>,
    pub in_flight: InFlight,
    /// `from * nodes + to`: whether the link is cut.
    pub cut: Vec<bool>,
    pub ledger: Log<Observation>,
}

/// Everything that a run's future depends on. Copies are cheap: nodes are shared until they change.
pub struct World {
    pub(super) state: State,
    pub(super) schedule: Schedule,
    /// Scratch space of the current handler; empty between steps.
    pub(super) effects: Effects,
    /// How many effects the newest handler asked for.
    pub(super) asked: u8,
    pub(super) limit: Option<Limit>,
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            schedule: self.schedule.clone(),
            effects: Vec::new(),
            asked: self.asked,
            limit: self.limit,
        }
    }
}

/// A message in flight, for a reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InFlightMessage {
    /// Its number.
    pub msg: MsgId,
    /// Its sender.
    pub from: NodeId,
    /// Its receiver.
    pub to: NodeId,
    /// Its kind.
    pub kind: u8,
    /// What it carries for a reader.
    pub args: Args,
    /// When it is due.
    pub due: SimTime,
}

impl World {
    /// A world before its first step: every node is about to start.
    #[must_use]
    pub fn new(
        machines: Vec<Arc<dyn DynNode>>,
        seed: u64,
        network: Network,
        horizon: SimTime,
        script: Arc<[Entry]>,
    ) -> Self {
        let n = machines.len();
        let slot = |machine| Slot {
            machine,
            up: true,
            paused: false,
            started: false,
            timers: Vec::new(),
            writes: Vec::new(),
        };
        let mut world = Self {
            state: State {
                nodes: machines.into_iter().map(slot).collect(),
                in_flight: InFlight::default(),
                cut: vec![false; n * n],
                ledger: Log::new(),
            },
            schedule: Schedule::new(seed, network, horizon, script, n),
            effects: Vec::new(),
            asked: 0,
            limit: None,
        };
        for i in 0..n {
            world.schedule.push(SimTime::ZERO, Due::Start(NodeId(i as u8)));
        }
        world.arm_start();
        world
    }

    /// Simulated time now.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        self.schedule.now
    }

    /// Steps taken so far.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.schedule.steps
    }

    /// How many nodes there are.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.state.nodes.len()
    }

    /// Whether a node runs (paused counts as running).
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.state.nodes[node.index()].up
    }

    /// Whether a node stands still.
    #[must_use]
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.state.nodes[node.index()].paused
    }

    /// Whether the link from one node to another is cut.
    #[must_use]
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.state.cut[self.link(from, to)]
    }

    /// How many times slower than usual a link is.
    #[must_use]
    pub fn slowness(&self, from: NodeId, to: NodeId) -> u16 {
        self.schedule.factor[self.link(from, to)]
    }

    pub(super) fn link(&self, from: NodeId, to: NodeId) -> usize {
        from.index() * self.state.nodes.len() + to.index()
    }

    /// The machine of a node, if it is of this type.
    #[must_use]
    pub fn machine<T: 'static>(&self, node: NodeId) -> Option<&T> {
        self.state.nodes.get(node.index())?.machine.any().downcast_ref()
    }

    /// What a node shows. A node that is down shows its durable state, and is [`Mood::Down`].
    #[must_use]
    pub fn describe(&self, node: NodeId) -> Description {
        let slot = &self.state.nodes[node.index()];
        let mut out = Description::default();
        slot.machine.describe(&mut out);
        out.mood = self.mood(node);
        out
    }

    /// The state of a node at a glance.
    #[must_use]
    pub fn mood(&self, node: NodeId) -> Mood {
        let slot = &self.state.nodes[node.index()];
        if slot.up { slot.machine.mood() } else { Mood::Down }
    }

    /// The ledger of the outside world.
    #[must_use]
    pub const fn ledger(&self) -> &Log<Observation> {
        &self.state.ledger
    }

    /// Messages in flight, in the order they were sent.
    pub fn in_flight(&self) -> impl Iterator<Item = InFlightMessage> {
        self.state.in_flight.iter().map(|(msg, e)| InFlightMessage {
            msg,
            from: e.from,
            to: e.to,
            kind: e.kind,
            args: e.args,
            due: e.due,
        })
    }

    /// Writes that a node has asked for and that are not on disk: record kind and values.
    pub fn pending_writes(&self, node: NodeId) -> impl Iterator<Item = (u8, Args)> {
        self.state.nodes[node.index()].writes.iter().map(|w| (w.what.1, w.what.2))
    }

    /// Timers of a node, with the instant they run out.
    pub fn timers(&self, node: NodeId) -> impl Iterator<Item = (Timer, SimTime)> {
        self.state.nodes[node.index()].timers.iter().map(|t| (t.what, t.due))
    }

    /// Whether nothing is under way: no message, no write, no timer, no start, nothing scripted
    /// for a later time.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        !self.has_upcoming()
    }

    /// The faults and client actions of the run.
    #[must_use]
    pub fn script(&self) -> &[Entry] {
        &self.schedule.script
    }

    /// How often the anchor of a script's entry has come by.
    #[must_use]
    pub fn matched(&self, entry: usize) -> u16 {
        self.schedule.matched.get(entry).copied().unwrap_or(0)
    }

    /// What the world looks like: nodes, messages as a multiset, timers that are set, links, ledger.
    /// Due times, the seed and numbers of messages are not part of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut sum = Fingerprint::of(&(&self.state.cut, &self.state.ledger));
        for (i, slot) in self.state.nodes.iter().enumerate() {
            let timers = (slot.timers.iter())
                .fold(Fingerprint::default(), |f, t| f.with_member(Fingerprint::of(&t.what)));
            sum = sum.with_member(slot.fingerprint(i, timers));
        }
        for (_, e) in self.state.in_flight.iter() {
            sum = sum.with_member(e.fingerprint());
        }
        sum
    }

    /// Everything that the system itself can do next, whatever the time.
    pub fn enabled(&self, out: &mut Vec<Step>) {
        for (i, slot) in self.state.nodes.iter().enumerate() {
            let node = NodeId(i as u8);
            if !slot.started && slot.up {
                out.push(Step::Do(Act::Start(node)));
            }
            if slot.up && !slot.paused {
                out.extend(slot.timers.iter().map(|t| Step::Do(Act::Fire(node, t.what))));
                out.extend(slot.writes.iter().map(|w| Step::Do(Act::Persisted(node, w.what.0))));
            }
        }
        for (id, e) in self.state.in_flight.iter() {
            if !self.state.nodes[e.to.index()].paused {
                out.push(Step::Do(Act::Deliver(id)));
            }
        }
    }
}
