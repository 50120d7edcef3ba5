//! A recipe: the whole truth of a run.

use std::sync::Arc;

use crate::kernel::{SimTime, Script, World};
use crate::patterns::pattern::{Params, Pattern, PatternRef, Range, System};

/// Everything that a run depends on. Two runs of equal recipes are equal, step by step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipe {
    /// The pattern.
    pub pattern: PatternRef,
    /// The shipped scenario that it started from.
    pub scenario: Option<&'static str>,
    /// The parameters.
    pub params: Params,
    /// The seed of the keyed dice.
    pub seed: u64,
    /// Faults and client actions.
    pub script: Script,
}

impl Recipe {
    /// A recipe with every parameter at its default, seed 1 and no faults.
    #[must_use]
    pub fn new(pattern: &'static Pattern) -> Self {
        let params = Params::defaults(pattern);
        Self { pattern: PatternRef(pattern), scenario: None, params, seed: 1, script: Script::new() }
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
}

impl Range {
    /// Least and most value.
    #[must_use]
    pub const fn ends(&self) -> (i64, i64) {
        match *self {
            Self::Count(least, most) | Self::Millis(least, most) => (least, most),
            Self::PerMille => (0, 1000),
            Self::Switch => (0, 1),
            Self::Choice(names) => (0, names.len() as i64 - 1),
        }
    }

    /// The nearest value inside.
    #[must_use]
    pub fn clamp(&self, value: i64) -> i64 {
        let (least, most) = self.ends();
        value.clamp(least, most)
    }

    /// Whether a value is inside.
    #[must_use]
    pub fn holds(&self, value: i64) -> bool {
        self.clamp(value) == value
    }
}
