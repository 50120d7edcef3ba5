//! A recipe, and how a run starts from it.

use std::sync::Arc;

use crate::kernel::{Action, Anchor, Entry, NodeId, Point, Script, SimTime, Subject, World};
use crate::patterns;
use crate::patterns::pattern::{Node, Params, Pattern, PatternRef, System};

use super::text;

/// The seed of a recipe that is silent about it.
pub const DEFAULT_SEED: u64 = 1;

/// The whole truth of a run. Equal recipes run alike, on every target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipe {
    /// The pattern.
    pub pattern: PatternRef,
    /// The shipped scenario that it started from.
    pub scenario: Option<&'static str>,
    /// The parameters.
    pub params: Params,
    /// The seed of everything random.
    pub seed: u64,
    /// Client actions and faults, in the order a person reads them.
    pub script: Script,
}

/// What a promise is to be at the end of a shipped scenario's run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// It holds.
    Holds,
    /// It is untrue for now, which the pattern allows.
    NotYet,
    /// It is broken.
    Broken,
}

/// A shipped scenario: a recipe, and what belongs to its lesson.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// The recipe.
    pub recipe: Recipe,
    /// Faults that are offered to the reader, not part of the run until chosen.
    pub offers: Vec<Entry>,
    /// What promises are to be at the end, by their place in the pattern's list.
    pub expects: Vec<(usize, Expected)>,
}

impl Recipe {
    /// A pattern with every parameter at its default and nothing scripted.
    #[must_use]
    pub fn new(pattern: &'static Pattern) -> Self {
        Self {
            pattern: PatternRef(pattern),
            scenario: None,
            params: Params::defaults(pattern),
            seed: DEFAULT_SEED,
            script: Vec::new(),
        }
    }

    /// The recipe of a shipped scenario; `None` when the pattern has none of this name.
    ///
    /// # Panics
    /// When the shipped recipe cannot be read: a mistake in the pattern.
    #[must_use]
    pub fn of_scenario(pattern: &'static Pattern, id: &str) -> Option<Self> {
        Shipped::of(pattern, id).map(|shipped| shipped.recipe)
    }

    /// The system of this recipe, and its world before the first step.
    #[must_use]
    pub fn start(&self) -> (System, World) {
        let system = (self.pattern.build)(&self.params);
        let horizon = SimTime::ZERO + self.params.span("horizon");
        let script = Arc::from(self.script.as_slice());
        let world = World::new(system.machines.clone(), self.seed, self.params.network(), horizon, script);
        (system, world)
    }

    /// Sets a parameter by its place in [`Pattern::all_params`], kept within its range.
    pub fn set_param(&mut self, place: usize, value: i64) {
        let Some(param) = self.pattern.all_params().nth(place) else { return };
        self.params.set_at(place, param.range.clamp(value));
    }

    /// The nodes, by number: which there are depends on the parameters.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        (self.pattern.0.build)(&self.params).nodes
    }
}

/// The recipe of a shipped scenario, by the names of its pattern and its own.
///
/// # Panics
/// When the shipped recipe cannot be read: a mistake in the pattern.
#[must_use]
pub fn find(pattern: &str, scenario: &str) -> Option<Recipe> {
    Recipe::of_scenario(patterns::find(pattern)?, scenario)
}

impl Shipped {
    /// A shipped scenario; `None` when the pattern has none of this name.
    ///
    /// # Panics
    /// When the shipped recipe cannot be read: a mistake in the pattern.
    #[must_use]
    pub fn of(pattern: &'static Pattern, id: &str) -> Option<Self> {
        let scenario = pattern.scenarios.iter().find(|s| s.id == id)?;
        // Fetched with the pattern's texts, where it is not built in.
        let recipe = match scenario.recipe {
            "" => crate::texts::recipe(pattern.id, id)?,
            built_in => built_in,
        };
        let mut shipped = match text::parse_shipped(&[pattern], recipe) {
            Ok(shipped) => shipped,
            Err(error) => panic!("{}/{id}: {}", pattern.id, error.text(crate::texts::Lang::En)),
        };
        shipped.recipe.scenario = Some(scenario.id);
        Some(shipped)
    }
}

/// The one way to write an anchor: what its point does not speak of has a fixed value, so that equal
/// moments are equal values.
#[must_use]
pub const fn canonical(anchor: Anchor) -> Anchor {
    let Anchor { point, node, peer, kind, nth } = anchor;
    if matches!(point, Point::Start) {
        return Anchor { point, node: NodeId(0), peer: NodeId(0), kind: 0, nth: 1 };
    }
    let peer = if point.has_peer() { peer } else { node };
    let kind = if matches!(point.subject(), Subject::Nothing) { 0 } else { kind };
    Anchor { point, node, peer, kind, nth }
}

/// Whether an entry says only what the world can do: its names exist, its numbers are in range, and
/// an action on an arriving message or a write has that for its moment.
#[must_use]
pub fn fits(entry: &Entry, pattern: &Pattern, nodes: usize) -> bool {
    let anchor = &entry.trigger.anchor;
    let node = |n: NodeId| n.index() < nodes;
    let kinds = match anchor.point.subject() {
        Subject::Nothing => 1,
        Subject::Message => pattern.messages.len(),
        Subject::Record => pattern.records.len(),
        Subject::Timer => pattern.timers.len(),
        Subject::Verb => pattern.verbs.len(),
    };
    let anchored = node(anchor.node)
        && node(anchor.peer)
        && usize::from(anchor.kind) < kinds
        && anchor.nth >= 1
        && canonical(*anchor) == *anchor
        && entry.trigger.delay.micros <= text::LONGEST;
    let placed = match entry.action.fixed_point() {
        Some(point) => anchor.point == point && entry.trigger.delay.micros == 0,
        None => true,
    };
    let able = match entry.action {
        Action::Drop | Action::Duplicate | Action::Refuse | Action::Fail | Action::RefuseWrite => true,
        Action::Delay(by) => by.micros <= text::LONGEST,
        Action::Crash(a) | Action::Restart(a) | Action::Pause(a) | Action::Resume(a) => node(a),
        Action::Cut(a, b) | Action::Heal(a, b) => node(a) && node(b),
        Action::Slow(a, b, factor) => node(a) && node(b) && (1..=text::SLOWEST).contains(&factor),
        Action::Deliver(a, b, kind) => node(a) && node(b) && usize::from(kind) < pattern.messages.len(),
        Action::Command(a, verb, _) => node(a) && usize::from(verb) < pattern.verbs.len(),
    };
    anchored && placed && able
}

impl Recipe {
    /// Faults that the shipped scenario of this recipe offers.
    #[must_use]
    pub fn offers(&self) -> Vec<Entry> {
        self.scenario
            .and_then(|id| Shipped::of(self.pattern.0, id))
            .map_or_else(Vec::new, |shipped| shipped.offers)
    }
}
