//! What every part of the lab sees: one story, one playhead, one selection.

use std::sync::Arc;

use leptos::prelude::*;

use super::command::Command;
use crate::kernel::{MsgId, NodeId};
use crate::scenario::Recipe;
use crate::texts::Lang;
use crate::trace::{Axis, Chart, Frame, Run, Speaker, Stage};

/// One run with everything derived from it. Made once a run, shared by all views.
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
    /// Runs a recipe.
    #[must_use]
    pub fn of(recipe: Recipe) -> Self {
        let run = Run::to_the_end(Stage::of(&recipe));
        let chart = Chart::new(&run);
        let axis = Axis::new((0..=run.len()).map(|state| run.time(state)));
        Self { recipe, run, chart, axis }
    }

    /// A speaker for its system.
    #[must_use]
    pub fn speaker(&self, lang: Lang) -> Speaker {
        Speaker::new(lang, self.run.stage.pattern, &self.run.stage.nodes)
    }
}

/// What is selected, in all views at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selection {
    /// A node.
    Node(NodeId),
    /// A message.
    Flight(MsgId),
    /// An event of the trace, by its place.
    Event(u32),
    /// The link from one node to another.
    Link(NodeId, NodeId),
    /// A promise, by its place.
    Promise(usize),
}

/// A view of the lab: a tab on a phone, a column on a desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// The topology.
    Stage,
    /// The sequence diagram.
    Sequence,
    /// Tables, logs, locks.
    State,
    /// Every event as a sentence.
    Journal,
    /// The fault script.
    Script,
}

/// A branch, for the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BranchView {
    /// The branch it came from, by place.
    pub parent: Option<usize>,
    /// The last state it has in common with its parent.
    pub fork: u32,
    /// How many states it has.
    pub len: u32,
    /// Whether a promise is broken in it.
    pub broken: bool,
}

/// The lab, as its parts see it. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Lab {
    /// The language.
    pub lang: Signal<Lang>,
    /// The run that is shown.
    pub story: Signal<Arc<Story>>,
    /// The playhead: a position on the story's axis, between two states while something moves.
    pub position: Signal<f64>,
    /// The newest state at or before the playhead.
    pub state: Memo<u32>,
    /// The moment of that state.
    pub frame: Memo<Arc<Frame>>,
    /// Whether the playhead moves by itself.
    pub playing: Signal<bool>,
    /// Speed, by its place in [`super::command::SPEEDS`].
    pub speed: Signal<usize>,
    /// What is selected.
    pub selection: Signal<Option<Selection>>,
    /// Which view a phone shows.
    pub view: Signal<View>,
    /// All branches; the current one's place.
    pub branches: Signal<(Vec<BranchView>, usize)>,
    /// Whether something can be taken back, and done again.
    pub history: Signal<(bool, bool)>,
    /// Whether the person wants no motion (system setting).
    pub still: Signal<bool>,
    /// Something to tell (a warning of a link, the result of a copy): shown as a toast, spoken.
    pub notice: RwSignal<Option<String>>,
    /// Sends a command.
    pub send: Callback<Command>,
}

impl Lab {
    /// Sends a command.
    pub fn send(self, command: Command) {
        self.send.run(command);
    }

    /// A speaker for the current story and language.
    #[must_use]
    pub fn speaker(self) -> Speaker {
        self.story.get().speaker(self.lang.get())
    }
}

/// The lab around the calling component.
///
/// # Panics
/// Outside a lab: a mistake in the interface.
#[must_use]
pub fn use_lab() -> Lab {
    use_context::<Lab>().expect("a part of the lab stands in a lab")
}
