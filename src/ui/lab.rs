//! What every part of the lab sees: one story, one playhead, one selection.

use std::sync::Arc;

use leptos::prelude::*;

use super::command::Command;
pub use super::view::{Selection, View};
use crate::texts::Lang;
pub use crate::trace::Story;
use crate::trace::{Frame, Speaker};
use crate::ui::reactive::{Memo, RwSignal, Signal};

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
    /// Where what is selected comes from: its cause, what caused that, and so on, as places in the trace.
    pub past: Memo<Vec<u32>>,
    /// Which view a phone shows.
    pub view: Signal<View>,
    /// All branches; the current one's place.
    pub branches: Signal<(Vec<BranchView>, usize)>,
    /// The runs of the branches, in the same order.
    pub stories: Signal<Vec<Arc<Story>>>,
    /// Whether something can be taken back, and done again.
    pub history: Signal<(bool, bool)>,
    /// Steps recorded so far of a long run that is being made; the run before is shown meanwhile.
    pub busy: Signal<Option<u32>>,
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
