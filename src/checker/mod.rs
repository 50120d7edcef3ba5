//! State-space search: every world that a recipe can reach, whatever the order of its messages, and
//! with as many faults as it is allowed.
//!
//! Breadth first, so that the way to a broken promise is a shortest one. It looks at what is true and
//! never at what is due when, so every timed run is a path of what it searches. It owns nothing of a
//! protocol: worlds say what can happen next, promises say what is broken, and a pattern's
//! [`Abstraction`](crate::patterns::pattern::Abstraction) says what a world is in a published model.
//! The walk itself is [`crate::space`].
//!
//! It says little of liveness: a world at rest that keeps no promise is found, and so are the images of
//! worlds that come to nothing new by themselves; an endless run that does is not.
//!
//! Time-outs are patient: a timer runs out when nothing else can happen. Each search has a number of
//! *early* ones beside, which run out at any time, as they do when a message is slow.

use crate::kernel::{Action, Entry, NodeId, Step};
use crate::patterns::pattern::Abstraction;
use crate::scenario::Recipe;
use crate::space::Setting;

pub use crate::space::{Allowed, Projection, Space};

/// A promise that is broken, and a shortest way there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The place of the promise in the pattern's list.
    pub promise: usize,
    /// Every step from the first world to the one in which it is broken.
    pub way: Vec<Step>,
}

/// A search that is under way: it can be stopped and gone on with at any world.
pub struct Search {
    space: Space,
    broken: Vec<Broken>,
}

impl Search {
    /// A search from the start of a recipe, of at most so many worlds. The recipe's faults, losses and
    /// copies are left out: the search brings its own. What persons do in the recipe they do in the same
    /// order, each at any time. Where these offers refuse a write, the search may refuse it too, at every
    /// node of the same role.
    #[must_use]
    pub fn new(
        recipe: &Recipe,
        allowed: Allowed,
        offers: &[Entry],
        abstractions: &[&'static Abstraction],
        most: usize,
    ) -> Self {
        let recipe = plain(recipe);
        let commands = (recipe.script.iter())
            .filter_map(|entry| match entry.action {
                Action::Command(node, verb, value) => Some((node, verb, value)),
                _ => None,
            })
            .collect();
        let (system, start) = Recipe { script: Vec::new(), ..recipe.clone() }.start();
        let nodes = (0..).map(NodeId).zip(&system.nodes);
        let refusals = (offers.iter())
            .filter(|offer| offer.action == Action::RefuseWrite)
            .filter_map(|offer| Some((system.nodes.get(offer.trigger.anchor.node.index())?.role, offer)))
            .flat_map(|(role, offer)| {
                let alike = nodes.clone().filter(move |(_, node)| node.role == role);
                alike.map(|(node, _)| (node, offer.trigger.anchor.kind))
            })
            .collect();
        let setting = Setting {
            promises: recipe.pattern.0.promises,
            params: recipe.params,
            refusals,
            commands,
            most,
        };
        Self { space: Space::new(start, setting, allowed, abstractions), broken: Vec::new() }.told()
    }

    /// Counts the distinct vectors of a field over the nodes, too: their mood, their status, a section or
    /// a row by the name of its text. To be asked for before the search goes on.
    pub fn count_field(&mut self, name: &str) {
        self.space.count_field(name);
    }

    /// Says of every world whether it comes to nothing new by itself ([`Projection::stalled`]).
    #[must_use]
    pub const fn watch_rest(mut self) -> Self {
        self.space.watch_rest();
        self
    }

    /// Looks at so many more worlds; whether anything is left to look at.
    pub fn go_on(&mut self, worlds: usize) -> bool {
        let is_left = self.space.go_on(worlds);
        self.tell();
        is_left
    }

    /// Goes on to the end, or to the limit.
    pub fn to_the_end(&mut self) {
        while self.go_on(1024) {}
    }

    /// Distinct worlds so far.
    #[must_use]
    pub fn states(&self) -> usize {
        self.space.states()
    }

    /// Steps taken from them, those to known worlds included. To deliver the one or the other of two
    /// equal messages is one step.
    #[must_use]
    pub const fn transitions(&self) -> u64 {
        self.space.transitions()
    }

    /// The most steps from the first world to any, by a shortest way.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.space.depth()
    }

    /// Whether every reachable world was reached: nothing is left, and no limit was met.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.space.complete()
    }

    /// The promises that are broken somewhere, each with a shortest way there.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// What the abstractions saw, in the order they were asked for.
    #[must_use]
    pub fn projections(&self) -> &[Projection] {
        self.space.projections()
    }

    /// The fields that are counted: name, distinct vectors, whether any node has shown it.
    pub fn fields(&self) -> impl Iterator<Item = (&str, usize, bool)> {
        self.space.fields()
    }

    /// The names of the fields that nodes show in the worlds so far.
    #[must_use]
    pub fn field_names(&mut self) -> Vec<&'static str> {
        self.space.field_names()
    }

    fn told(mut self) -> Self {
        self.tell();
        self
    }

    fn tell(&mut self) {
        let new = self.space.broken().skip(self.broken.len());
        self.broken.extend(new.map(|(promise, way)| Broken { promise, way: way.to_vec() }));
    }
}

/// The recipe without its faults, losses and copies: what a search starts from, and what a way that it
/// finds is to be run with.
#[must_use]
pub fn plain(recipe: &Recipe) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.script.retain(|entry| entry.on && matches!(entry.action, Action::Command(..)));
    for id in ["loss", "duplication"] {
        if let Some(place) = recipe.pattern.all_params().position(|p| p.id == id) {
            recipe.set_param(place, 0);
        }
    }
    recipe
}
