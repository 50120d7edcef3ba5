//! Runs that branch: acting in the past leaves the run that was, and goes on in another.

use std::sync::Arc;

use crate::scenario::Recipe;

use super::story::Story;

/// Most branches kept; the oldest that nothing needs goes first.
const MOST: usize = 24;

/// A run and where it comes from.
#[derive(Clone)]
pub struct Branch {
    /// The run.
    pub story: Arc<Story>,
    /// The branch it came from, by place.
    pub parent: Option<usize>,
    /// The last state that it has in common with its parent; 0 without one.
    pub fork: u32,
}

/// The branches of a lab and the one that is shown.
#[derive(Clone)]
pub struct Timeline {
    branches: Vec<Branch>,
    current: usize,
    /// Branches shown before, newest last, and those that were left by going back.
    undo: Vec<usize>,
    redo: Vec<usize>,
}

impl Timeline {
    /// A time line with one run.
    #[must_use]
    pub fn new(story: Story) -> Self {
        let root = Branch { story: Arc::new(story), parent: None, fork: 0 };
        Self { branches: vec![root], current: 0, undo: Vec::new(), redo: Vec::new() }
    }

    /// The run that is shown.
    #[must_use]
    pub fn story(&self) -> &Arc<Story> {
        &self.branches[self.current].story
    }

    /// The place of the branch that is shown.
    #[must_use]
    pub const fn current(&self) -> usize {
        self.current
    }

    /// Every branch, the first run first.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Whether going back, and forth again, leads anywhere.
    #[must_use]
    pub fn history(&self) -> (bool, bool) {
        (!self.undo.is_empty(), !self.redo.is_empty())
    }

    /// The place of a branch that runs this recipe already.
    #[must_use]
    pub fn find(&self, recipe: &Recipe) -> Option<usize> {
        self.branches.iter().position(|b| b.story.recipe == *recipe)
    }

    /// Adds a run as a branch of the one that is shown, and shows it. Returns the last state that
    /// the two have in common.
    pub fn fork(&mut self, story: Story) -> u32 {
        self.make_room();
        let fork = self.story().run.common_prefix(&story.run);
        let branch = Branch { story: Arc::new(story), parent: Some(self.current), fork };
        self.branches.push(branch);
        self.show(self.branches.len() - 1);
        fork
    }

    /// Adds the run that is shown once more, as a branch that begins at a state, and shows that: what is
    /// done next is done there.
    pub fn branch_at(&mut self, state: u32) {
        self.make_room();
        let branch = Branch { story: self.story().clone(), parent: Some(self.current), fork: state };
        self.branches.push(branch);
        self.show(self.branches.len() - 1);
    }

    /// Shows a branch. Returns the last state that it has in common with the one shown before;
    /// `None` when there is no such branch or it is shown already.
    pub fn switch(&mut self, to: usize) -> Option<u32> {
        if to >= self.branches.len() || to == self.current {
            return None;
        }
        let fork = self.story().run.common_prefix(&self.branches[to].story.run);
        self.show(to);
        Some(fork)
    }

    fn show(&mut self, to: usize) {
        self.undo.push(self.current);
        self.redo.clear();
        self.current = to;
    }

    /// Shows again what was shown before the last change. Returns the common last state.
    pub fn undo(&mut self) -> Option<u32> {
        let to = self.undo.pop()?;
        self.redo.push(self.current);
        let fork = self.story().run.common_prefix(&self.branches[to].story.run);
        self.current = to;
        Some(fork)
    }

    /// Takes back an [`undo`](Self::undo). Returns the common last state.
    pub fn redo(&mut self) -> Option<u32> {
        let to = self.redo.pop()?;
        self.undo.push(self.current);
        let fork = self.story().run.common_prefix(&self.branches[to].story.run);
        self.current = to;
        Some(fork)
    }

    fn make_room(&mut self) {
        if self.branches.len() < MOST {
            return;
        }
        let needed =
            |i: usize| i == 0 || i == self.current || self.branches[self.current].parent == Some(i);
        let Some(gone) = (0..self.branches.len()).find(|&i| !needed(i)) else { return };
        self.branches.remove(gone);
        let moved = |i: usize| if i > gone { i - 1 } else { i };
        for branch in &mut self.branches {
            // Its own beginning is unchanged; it just hangs from the first run now.
            branch.parent = branch.parent.map(|p| if p == gone { 0 } else { moved(p) });
        }
        self.current = moved(self.current);
        for list in [&mut self.undo, &mut self.redo] {
            list.retain(|&i| i != gone);
            list.iter_mut().for_each(|i| *i = moved(*i));
        }
    }
}
