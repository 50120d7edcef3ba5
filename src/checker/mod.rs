//! State-space search: every world that a recipe can reach, whatever the order of its messages, and
//! with as many faults as it is allowed.
//!
//! Breadth first, so that the way to a broken promise is a shortest one. It looks at what is true and
//! never at what is due when, so every timed run is a path of what it searches. It owns nothing of a
//! protocol: worlds say what can happen next, promises say what is broken, and a pattern's
//! [`Abstraction`](crate::patterns::pattern::Abstraction) says what a world is in a published model.
//!
//! It says little of liveness: a world at rest that keeps no promise is found, and so are the images of
//! worlds that come to nothing new by themselves; an endless run that does is not.
//!
//! Time-outs are patient: a timer runs out when nothing else can happen. Each search has a number of
//! *early* ones beside, which run out at any time, as they do when a message is slow.

mod seen;

use std::collections::{BTreeSet, VecDeque};

use crate::kernel::world::{Act, Fault};
use crate::kernel::{Action, Entry, Fingerprint, NodeId, Step, World};
use crate::patterns::pattern::{Abstraction, History, Params, Probe, Promise, Verdict};
use crate::scenario::Recipe;

pub use seen::Reached;
use seen::Seen;

/// What the search may still do beside the system's own steps. Part of what makes two states differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Allowed {
    /// Crashes, at any point of any handler. A node that is down may start again at any time, unless
    /// it is down for good.
    pub crashes: u8,
    /// Whether whoever crashes stays down: crash-stop, as many published models have it.
    pub for_good: bool,
    /// Messages lost.
    pub drops: u8,
    /// Messages copied.
    pub duplicates: u8,
    /// Links cut, one way. A link that is cut may be healed at any time.
    pub cuts: u8,
    /// Timers that run out although something else can happen.
    pub early: u8,
}

impl Default for Allowed {
    /// No fault, and one early time-out: a network that is slow once.
    fn default() -> Self {
        Self { crashes: 0, for_good: false, drops: 0, duplicates: 0, cuts: 0, early: 1 }
    }
}

/// A promise that is broken, and a shortest way there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The place of the promise in the pattern's list.
    pub promise: usize,
    /// Every step from the first world to the one in which it is broken.
    pub way: Vec<Step>,
}

/// The most effects of one handler after each of which a crash is tried.
const EFFECTS: u8 = 32;

struct State {
    world: World,
    allowed: Allowed,
    histories: Vec<Box<dyn History>>,
    place: u32,
}

/// What an abstraction has seen.
pub struct Projection {
    /// Which.
    pub abstraction: &'static Abstraction,
    /// The distinct images of the reached worlds.
    pub images: BTreeSet<Vec<u8>>,
    /// Images before and after a step that changed it: the steps of the abstract machine.
    pub steps: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// Images of the worlds that come to nothing new by themselves: nothing is under way, and whatever
    /// timers run out, they end where they were (somebody asks in vain). Filled in by
    /// [`Search::watch_rest`] alone.
    pub stalled: BTreeSet<Vec<u8>>,
}

/// Most worlds that are looked at to see whether one comes to nothing new.
const AROUND: usize = 512;

/// A search that is under way: it can be stopped and gone on with at any world.
pub struct Search {
    promises: &'static [Promise],
    params: Params,
    /// By node and record: whether the disk may refuse the write.
    refusals: Vec<(NodeId, u8)>,
    most: usize,
    frontier: VecDeque<State>,
    seen: Seen,
    transitions: u64,
    broken: Vec<Broken>,
    projections: Vec<Projection>,
    watch_rest: bool,
    complete: bool,
}

impl Search {
    /// A search from the start of a recipe, of at most so many worlds. The recipe's faults, losses and
    /// copies are left out: the search brings its own. Where these offers refuse a write, the search
    /// may refuse it too, at every node of the same role.
    #[must_use]
    pub fn new(
        recipe: &Recipe,
        allowed: Allowed,
        offers: &[Entry],
        abstractions: &[&'static Abstraction],
        most: usize,
    ) -> Self {
        let mut recipe = recipe.clone();
        recipe.script.clear();
        for id in ["loss", "duplication"] {
            if let Some(place) = recipe.pattern.all_params().position(|p| p.id == id) {
                recipe.set_param(place, 0);
            }
        }
        let (system, world) = recipe.start();
        let nodes = (0..).map(NodeId).zip(&system.nodes);
        let refusals = (offers.iter())
            .filter(|offer| offer.action == Action::RefuseWrite)
            .filter_map(|offer| Some((system.nodes.get(offer.trigger.anchor.node.index())?.role, offer)))
            .flat_map(|(role, offer)| {
                let alike = nodes.clone().filter(move |(_, node)| node.role == role);
                alike.map(|(node, _)| (node, offer.trigger.anchor.kind))
            })
            .collect();
        let projections: Vec<_> = (abstractions.iter())
            .map(|&abstraction| Projection {
                abstraction,
                images: BTreeSet::new(),
                steps: BTreeSet::new(),
                stalled: BTreeSet::new(),
            })
            .collect();
        let histories = abstractions.iter().map(|a| (a.start)(&recipe.params)).collect();
        let mut search = Self {
            promises: recipe.pattern.0.promises,
            params: recipe.params,
            refusals,
            most,
            frontier: VecDeque::new(),
            seen: Seen::default(),
            transitions: 0,
            broken: Vec::new(),
            projections,
            watch_rest: false,
            complete: true,
        };
        search.reach(State { world, allowed, histories, place: 0 }, 0, None);
        search
    }

    /// Says of every world whether it comes to nothing new by itself ([`Projection::stalled`]).
    #[must_use]
    pub const fn watch_rest(mut self) -> Self {
        self.watch_rest = true;
        self
    }

    /// Looks at so many more worlds; whether anything is left to look at.
    pub fn go_on(&mut self, worlds: usize) -> bool {
        for _ in 0..worlds {
            let Some(state) = self.frontier.pop_front() else { return false };
            self.expand(&state);
        }
        !self.frontier.is_empty()
    }

    /// Goes on to the end, or to the limit.
    pub fn to_the_end(&mut self) {
        while self.go_on(1024) {}
    }

    /// Distinct worlds so far.
    #[must_use]
    pub fn states(&self) -> usize {
        self.seen.len()
    }

    /// Steps taken from them, those to known worlds included.
    #[must_use]
    pub const fn transitions(&self) -> u64 {
        self.transitions
    }

    /// The most steps from the first world to any, by a shortest way.
    #[must_use]
    pub fn depth(&self) -> u32 {
        match self.seen.len().checked_sub(1) {
            Some(last) => self.seen.get(last as u32).depth,
            None => 0,
        }
    }

    /// Whether every reachable world was reached: nothing is left, and no limit was met.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.complete && self.frontier.is_empty()
    }

    /// The promises that are broken somewhere, each with a shortest way there.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// What the abstractions saw, in the order they were asked for.
    #[must_use]
    pub fn projections(&self) -> &[Projection] {
        &self.projections
    }

    fn expand(&mut self, state: &State) {
        let mut own = Vec::new();
        state.world.enabled(&mut own);
        let is_timer = |step: &Step| matches!(step, Step::Do(Act::Fire(..)));
        let idle = own.iter().all(is_timer);
        if idle && self.watch_rest && comes_to_nothing_new(&state.world) {
            for (projection, history) in self.projections.iter_mut().zip(&state.histories) {
                projection.stalled.insert(history.image());
            }
        }
        for &step in &own {
            let mut left = state.allowed;
            if is_timer(&step) && !idle {
                if left.early == 0 {
                    continue;
                }
                left.early -= 1;
            }
            self.take(state, step, left);
            if state.allowed.crashes > 0 {
                self.tear(state, step, left);
            }
        }
        self.interfere(state);
    }

    /// The step with a crash after each of its effects.
    fn tear(&mut self, state: &State, step: Step, mut left: Allowed) {
        let Step::Do(act) = step else { return };
        left.crashes -= 1;
        let mut last = None;
        for after in 0..EFFECTS {
            let mut torn = state.world.clone();
            if torn.apply(Step::Torn(act, after), None).is_err() {
                return;
            }
            let fingerprint = Some(torn.fingerprint());
            // As many effects as there are: one more changes nothing.
            if after > 0 && fingerprint == last {
                return;
            }
            last = fingerprint;
            self.take(state, Step::Torn(act, after), left);
        }
    }

    fn interfere(&mut self, state: &State) {
        let State { world, allowed, .. } = state;
        let nodes = (0..world.nodes() as u8).map(NodeId);
        for node in nodes.clone() {
            if !world.is_up(node) {
                if !allowed.for_good {
                    self.take(state, Step::Fault(Fault::Restart(node)), *allowed);
                }
            } else if allowed.crashes > 0 {
                let left = Allowed { crashes: allowed.crashes - 1, ..*allowed };
                self.take(state, Step::Fault(Fault::Crash(node)), left);
            }
        }
        for message in world.in_flight() {
            if allowed.drops > 0 {
                let left = Allowed { drops: allowed.drops - 1, ..*allowed };
                self.take(state, Step::Fault(Fault::Drop(message.msg)), left);
            }
            if allowed.duplicates > 0 {
                let left = Allowed { duplicates: allowed.duplicates - 1, ..*allowed };
                self.take(state, Step::Fault(Fault::Duplicate(message.msg)), left);
            }
        }
        for (a, b) in nodes.clone().flat_map(|a| nodes.clone().map(move |b| (a, b))) {
            if world.is_cut(a, b) {
                self.take(state, Step::Fault(Fault::Heal(a, b)), *allowed);
            } else if allowed.cuts > 0 && a != b {
                let left = Allowed { cuts: allowed.cuts - 1, ..*allowed };
                self.take(state, Step::Fault(Fault::Cut(a, b)), left);
            }
        }
        if self.refusals.is_empty() {
            return;
        }
        let mut own = Vec::new();
        world.enabled(&mut own);
        for node in nodes {
            // The writes of a node are listed in the order in which it asked for them.
            let tickets = own.iter().filter_map(|step| match *step {
                Step::Do(Act::Persisted(at, ticket)) if at == node => Some(ticket),
                _ => None,
            });
            for (ticket, (record, _)) in tickets.zip(world.pending_writes(node)) {
                if self.refusals.contains(&(node, record)) {
                    self.take(state, Step::Fault(Fault::RefuseWrite(node, ticket)), *allowed);
                }
            }
        }
    }

    fn take(&mut self, state: &State, step: Step, allowed: Allowed) {
        let mut world = state.world.clone();
        let mut histories: Vec<_> = state.histories.iter().map(|h| h.copy()).collect();
        let done = match histories.as_mut_slice() {
            [] => world.apply(step, None),
            [only] => world.apply(step, Some(&mut **only)),
            several => {
                // Each abstraction watches the same step.
                for history in several.iter_mut().skip(1) {
                    let _ = state.world.clone().apply(step, Some(&mut **history));
                }
                world.apply(step, Some(&mut *several[0]))
            }
        };
        if done.is_err() {
            return;
        }
        self.transitions += 1;
        for (n, history) in histories.iter().enumerate() {
            let (before, after) = (state.histories[n].image(), history.image());
            if before != after {
                self.projections[n].steps.insert((before, after));
            }
        }
        self.reach(State { world, allowed, histories, place: 0 }, state.place, Some(step));
    }

    fn reach(&mut self, mut state: State, before: u32, step: Option<Step>) {
        let images: Vec<_> = state.histories.iter().map(|h| h.image()).collect();
        let fingerprint = state.world.fingerprint().with_member(Fingerprint::of(&(state.allowed, &images)));
        if self.seen.len() >= self.most {
            self.complete = false;
            return;
        }
        let depth = step.map_or(0, |_| self.seen.get(before).depth + 1);
        let Some(place) = self.seen.add(Reached { fingerprint, before, step, depth }) else { return };
        for (projection, image) in self.projections.iter_mut().zip(images) {
            projection.images.insert(image);
        }
        state.place = place;
        self.judge(&state);
        self.frontier.push_back(state);
    }

    fn judge(&mut self, state: &State) {
        let mut own = Vec::new();
        state.world.enabled(&mut own);
        let all_up = (0..state.world.nodes() as u8).all(|n| state.world.is_up(NodeId(n)));
        let at_rest = own.is_empty() && all_up;
        for (promise, Promise { check, .. }) in self.promises.iter().enumerate() {
            if self.broken.iter().any(|b| b.promise == promise) {
                continue;
            }
            let probe = Probe { world: &state.world, params: &self.params, at_rest };
            if let Verdict::Broken(_) = check(&probe) {
                self.broken.push(Broken { promise, way: self.seen.way(state.place) });
            }
        }
    }
}

/// Whether an idle world, left to itself, always comes back to where it is.
fn comes_to_nothing_new(world: &World) -> bool {
    let start = world.fingerprint();
    let mut seen = BTreeSet::from([start]);
    let mut todo = vec![world.clone()];
    while let Some(world) = todo.pop() {
        let mut own = Vec::new();
        world.enabled(&mut own);
        let is_timer = |step: &Step| matches!(step, Step::Do(Act::Fire(..)));
        let idle = own.iter().all(is_timer);
        if idle && world.fingerprint() != start {
            return false;
        }
        for step in own.into_iter().filter(|step| idle || !is_timer(step)) {
            let mut then = world.clone();
            if then.apply(step, None).is_ok() && seen.insert(then.fingerprint()) {
                todo.push(then);
            }
        }
        if seen.len() > AROUND {
            return false;
        }
    }
    true
}
