//! One run with everything that is derived from it, made once and shared by all views.

use crate::scenario::Recipe;
use crate::texts::Lang;

use super::axis::Axis;
use super::chart::Chart;
use super::run::{Run, Stage};
use super::speak::Speaker;

/// A recorded run, its drawing and its axis.
#[derive(Clone)]
pub struct Story {
    /// The whole truth of the run.
    pub recipe: Recipe,
    /// The recorded run.
    pub run: Run,
    /// Flights, spots and marks.
    pub chart: Chart,
    /// The axis of all views.
    pub axis: Axis,
}

impl Story {
    /// Runs a recipe to its end.
    #[must_use]
    pub fn of(recipe: Recipe) -> Self {
        let run = Run::to_the_end(Stage::of(&recipe));
        Self::of_run(recipe, run)
    }

    /// A recipe's run that was recorded already.
    #[must_use]
    pub fn of_run(recipe: Recipe, run: Run) -> Self {
        let chart = Chart::new(&run);
        let axis = Axis::new((0..=run.len()).map(|state| run.time(state)));
        Self { recipe, run, chart, axis }
    }

    /// A speaker for its system.
    #[must_use]
    pub fn speaker(&self, lang: Lang) -> Speaker {
        Speaker::new(lang, self.run.stage.pattern, &self.run.stage.nodes)
    }

    /// Whether a promise is broken in it.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        (0..self.run.stage.pattern.promises.len()).any(|p| self.run.broken_at(p).is_some())
    }
}
