//! A recorded run: every step with its events, every promise's verdict and every node's mood over
//! time, and checkpoints from which any moment is rebuilt by running again.

use crate::kernel::{
    Fingerprint, Halt, Mood, MsgId, NodeId, SimTime, Step, TraceEvent, TraceSink, What, World,
};
use crate::patterns::pattern::{Expect, Node, Params, Pattern, Probe, Verdict};
use crate::scenario::Recipe;

use super::copies::{self, KeptCopy};

/// Steps between two checkpoints: rebuilding a moment runs at most this many steps.
const CHECKPOINT: u32 = 256;

/// A value that changes rarely over the steps of a run: `(first step, value)`, ascending.
#[derive(Clone, Debug, Default)]
pub struct Lane<T> {
    changes: Vec<(u32, T)>,
}

impl<T: PartialEq + Copy> Lane<T> {
    pub(super) fn note(&mut self, step: u32, value: T) {
        if self.changes.last().is_none_or(|(_, last)| *last != value) {
            self.changes.push((step, value));
        }
    }

    /// The value at a step.
    #[must_use]
    pub fn at(&self, step: u32) -> Option<T> {
        let after = self.changes.partition_point(|(from, _)| *from <= step);
        after.checked_sub(1).map(|i| self.changes[i].1)
    }

    /// Every change: the first step of a value, and the value.
    #[must_use]
    pub fn changes(&self) -> &[(u32, T)] {
        &self.changes
    }

    /// Spans of equal value: first step, step after the last (`end` for the newest), value.
    pub fn spans(&self, end: u32) -> impl Iterator<Item = (u32, u32, T)> {
        self.changes.iter().enumerate().map(move |(i, (from, value))| {
            let to = self.changes.get(i + 1).map_or(end, |(next, _)| *next);
            (*from, to, *value)
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct StepRecord {
    at: SimTime,
    first_event: u32,
}

#[derive(Clone, Default)]
struct Recorded {
    steps: Vec<StepRecord>,
    events: Vec<TraceEvent>,
    /// Messages that the script held on their link.
    held: Vec<MsgId>,
}

impl TraceSink for Recorded {
    fn step(&mut self, at: SimTime) {
        self.steps.push(StepRecord { at, first_event: self.events.len() as u32 });
    }
    fn event(&mut self, event: TraceEvent) -> u32 {
        if let What::Delayed { msg, .. } = event.what {
            self.held.push(msg);
        }
        self.events.push(event);
        (self.events.len() - 1) as u32
    }
}

/// Where a run starts: its pattern, parameters, nodes, and the world before the first step.
#[derive(Clone)]
pub struct Stage {
    /// The pattern.
    pub pattern: &'static Pattern,
    /// The parameters.
    pub params: Params,
    /// The nodes, by number.
    pub nodes: Vec<Node>,
    /// Links for the drawing.
    pub links: Vec<(NodeId, NodeId)>,
    /// The world before the first step.
    pub world: World,
}

impl Stage {
    /// The stage of a recipe.
    #[must_use]
    pub fn of(recipe: &Recipe) -> Self {
        let (system, world) = recipe.start();
        Self {
            pattern: recipe.pattern.0,
            params: recipe.params.clone(),
            nodes: system.nodes,
            links: system.links,
            world,
        }
    }
}

/// A recorded run. State `i` is the one after `i` steps; state 0 is before the first.
#[derive(Clone)]
pub struct Run {
    /// Where it started.
    pub stage: Stage,
    recorded: Recorded,
    verdicts: Vec<Lane<Verdict>>,
    moods: Vec<Lane<Mood>>,
    copies: Vec<KeptCopy>,
    checkpoints: Vec<World>,
    head: World,
    halt: Option<Halt>,
}

impl Run {
    /// A run before its first step.
    #[must_use]
    pub fn new(stage: Stage) -> Self {
        let mut run = Self {
            recorded: Recorded::default(),
            verdicts: stage.pattern.promises.iter().map(|_| Lane { changes: Vec::new() }).collect(),
            moods: stage.nodes.iter().map(|_| Lane { changes: Vec::new() }).collect(),
            copies: Vec::new(),
            checkpoints: vec![stage.world.clone()],
            head: stage.world.clone(),
            halt: None,
            stage,
        };
        run.judge();
        run
    }

    /// A run to its end.
    #[must_use]
    pub fn to_the_end(stage: Stage) -> Self {
        let mut run = Self::new(stage);
        while !run.extend(4096) {}
        run
    }

    /// Records at most so many further steps. Returns whether the run has ended.
    pub fn extend(&mut self, budget: u32) -> bool {
        for _ in 0..budget {
            if self.halt.is_some() {
                break;
            }
            match self.head.advance(Some(&mut self.recorded)) {
                Ok(()) => {
                    self.judge();
                    if self.len().is_multiple_of(CHECKPOINT) {
                        self.checkpoints.push(self.head.clone());
                    }
                }
                Err(halt) => self.halt = Some(halt),
            }
        }
        self.halt.is_some()
    }

    /// Notes verdicts, copies and moods of the newest state.
    fn judge(&mut self) {
        let step = self.len();
        let world = &self.head;
        let up = (0..world.nodes()).all(|i| world.is_up(NodeId(i as u8)));
        let probe = Probe { world, params: &self.stage.params, at_rest: up && world.is_quiet() };
        for (lane, promise) in self.verdicts.iter_mut().zip(self.stage.pattern.promises) {
            // What was broken stays broken: money that was paid twice was paid twice.
            let broken = matches!(lane.changes.last(), Some((_, Verdict::Broken(_))));
            if !(broken && promise.expect == Expect::Always) {
                lane.note(step, (promise.check)(&probe));
            }
        }
        // Nothing is made here for a pattern that keeps no copies.
        let mut copied = Vec::new();
        (self.stage.pattern.copies)(&probe, &mut copied);
        copies::note(&mut self.copies, step, &copied);
        for (i, lane) in self.moods.iter_mut().enumerate() {
            lane.note(step, world.mood(NodeId(i as u8)));
        }
    }

    /// How many steps are recorded.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.recorded.steps.len() as u32
    }

    /// Whether nothing happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why the run goes no further, once it does not.
    #[must_use]
    pub const fn halt(&self) -> Option<Halt> {
        self.halt
    }

    /// Simulated time of a state.
    #[must_use]
    pub fn time(&self, state: u32) -> SimTime {
        match state.min(self.len()).checked_sub(1) {
            Some(i) => self.recorded.steps[i as usize].at,
            None => SimTime::ZERO,
        }
    }

    /// The world at a state, rebuilt from the nearest checkpoint; exact, faults included.
    #[must_use]
    pub fn world(&self, state: u32) -> World {
        let state = state.min(self.len());
        if state == self.len() {
            return self.head.clone();
        }
        let mut world = self.checkpoints[(state / CHECKPOINT) as usize].clone();
        for _ in 0..state % CHECKPOINT {
            world.advance(None).expect("a recorded step can be taken again");
        }
        world
    }

    /// What the world looks like at a state.
    #[must_use]
    pub fn fingerprint(&self, state: u32) -> Fingerprint {
        self.world(state).fingerprint()
    }

    /// Whether the script ever held a message on its link.
    #[must_use]
    pub fn was_held(&self, msg: MsgId) -> bool {
        self.recorded.held.contains(&msg)
    }

    /// Time and fingerprint of every state, by one straight run from the start: what a rebuilt moment
    /// is held against.
    pub fn fingerprints(&self) -> impl Iterator<Item = (SimTime, Fingerprint)> + use<> {
        let mut world = self.stage.world.clone();
        let mut left = self.len();
        let first = (world.now(), world.fingerprint());
        std::iter::once(first).chain(std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            world.advance(None).ok()?;
            Some((world.now(), world.fingerprint()))
        }))
    }

    /// All events, oldest first.
    #[must_use]
    pub fn events(&self) -> &[TraceEvent] {
        &self.recorded.events
    }

    /// The events of a step, by the state it led to (1 is the first step); with the place of the
    /// first of them.
    #[must_use]
    pub fn step_events(&self, state: u32) -> (u32, &[TraceEvent]) {
        let Some(i) = state.checked_sub(1).map(|i| i as usize) else { return (0, &[]) };
        let Some(step) = self.recorded.steps.get(i) else { return (0, &[]) };
        let end =
            self.recorded.steps.get(i + 1).map_or(self.recorded.events.len(), |s| s.first_event as usize);
        (step.first_event, &self.recorded.events[step.first_event as usize..end])
    }

    /// The state that the step of an event led to.
    #[must_use]
    pub fn state_of_event(&self, event: u32) -> u32 {
        self.recorded.steps.partition_point(|s| s.first_event <= event) as u32
    }

    /// Where an event comes from: its cause, what caused that, and so on to what came from outside.
    #[must_use]
    pub fn past(&self, event: u32) -> Vec<u32> {
        let cause = |event: &u32| {
            // A cause is older than what it causes: so this ends.
            self.recorded.events.get(*event as usize)?.cause.filter(|cause| cause < event)
        };
        std::iter::successors(cause(&event), cause).collect()
    }

    /// Verdicts of a promise, by its place in the pattern's list.
    #[must_use]
    pub fn verdicts(&self, promise: usize) -> &Lane<Verdict> {
        &self.verdicts[promise]
    }

    /// Moods of a node.
    #[must_use]
    pub fn moods(&self, node: NodeId) -> &Lane<Mood> {
        &self.moods[node.index()]
    }

    /// The copies of data, in the order in which they came to be.
    #[must_use]
    pub fn copies(&self) -> &[KeptCopy] {
        &self.copies
    }

    /// The first state at which a promise is broken.
    #[must_use]
    pub fn broken_at(&self, promise: usize) -> Option<u32> {
        let changes = self.verdicts[promise].changes();
        changes.iter().find(|(_, v)| matches!(v, Verdict::Broken(_))).map(|(step, _)| *step)
    }

    /// The last state that two runs have in common: before it they are the same, step by step.
    #[must_use]
    pub fn common_prefix(&self, other: &Self) -> u32 {
        let n = self.len().min(other.len());
        (1..=n)
            .find(|&state| {
                self.time(state) != other.time(state)
                    || self.step_events(state).1 != other.step_events(state).1
            })
            .map_or(n, |state| state - 1)
    }

    /// What the system itself could do next at a state.
    #[must_use]
    pub fn enabled(&self, state: u32) -> Vec<Step> {
        let mut out = Vec::new();
        self.world(state).enabled(&mut out);
        out
    }
}
