//! The copies of data that a pattern keeps, over the steps of a run: how far each is behind its
//! source, and whether it can still become equal to it.

use crate::kernel::{Halt, Label, NodeId};
use crate::patterns::pattern::Copied;

use super::run::{Lane, Run};

/// How far a copy is behind its source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lag {
    /// How many changes of its source it has not seen, or has wrong; 0: the two are equal.
    pub behind: u32,
    /// Why it can never be equal again.
    pub lost: Option<Label>,
}

/// A copy over a whole run.
#[derive(Clone, Debug)]
pub struct KeptCopy {
    /// Who keeps it.
    pub node: NodeId,
    /// What it is a copy of.
    pub name: Label,
    /// How far it is behind at each step; `None` while there is no such copy.
    pub lags: Lane<Option<Lag>>,
}

/// What became of a copy by the end of its run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is equal to its source.
    Converged,
    /// It is behind, and changes are still under way.
    WhenQuiet,
    /// It is behind, nothing is lost, and nothing is under way: what would bring it on stands still.
    Left,
    /// It can never be equal again; why.
    Never(Label),
}

/// Notes what the copies are at a step.
pub(super) fn note(kept: &mut Vec<KeptCopy>, step: u32, copies: &[Copied]) {
    for copied in copies {
        if !kept.iter().any(|k| k.is(copied)) {
            kept.push(KeptCopy { node: copied.node, name: copied.name, lags: Lane::default() });
        }
    }
    for k in kept {
        let now = copies.iter().find(|c| k.is(c));
        k.lags.note(step, now.map(|c| Lag { behind: c.behind, lost: c.lost }));
    }
}

impl KeptCopy {
    fn is(&self, copied: &Copied) -> bool {
        self.node == copied.node && self.name == copied.name
    }

    /// How far it is behind at a step; `None` where there is no such copy.
    #[must_use]
    pub fn at(&self, step: u32) -> Option<Lag> {
        self.lags.at(step).flatten()
    }

    /// Since which step it has been behind without a break, if it is behind at this one.
    #[must_use]
    pub fn behind_since(&self, step: u32) -> Option<u32> {
        let behind = |lag: &Option<Lag>| lag.is_some_and(|lag| lag.behind > 0);
        let so_far = self.lags.changes().iter().rev().skip_while(|(from, _)| *from > step);
        so_far.take_while(|(_, lag)| behind(lag)).last().map(|(from, _)| *from)
    }

    /// The first step at which it is furthest behind, and by how many changes.
    #[must_use]
    pub fn furthest(&self) -> Option<(u32, u32)> {
        let mut most = None;
        for (from, lag) in self.lags.changes() {
            let behind = lag.map_or(0, |lag| lag.behind);
            if behind > most.map_or(0, |(_, behind)| behind) {
                most = Some((*from, behind));
            }
        }
        most
    }

    /// The step since which it has not been able to become equal, if it is not able at the end.
    #[must_use]
    pub fn lost_at(&self) -> Option<u32> {
        let lost = |lag: &Option<Lag>| lag.is_some_and(|lag| lag.lost.is_some());
        self.lags.changes().iter().rev().take_while(|(_, lag)| lost(lag)).last().map(|(from, _)| *from)
    }

    /// What became of it by the end of its run, as far as that is recorded.
    #[must_use]
    pub fn outcome(&self, run: &Run) -> Outcome {
        match self.at(run.len()) {
            Some(Lag { lost: Some(why), .. }) => Outcome::Never(why),
            None | Some(Lag { behind: 0, .. }) => Outcome::Converged,
            Some(_) if run.halt() == Some(Halt::Quiet) => Outcome::Left,
            Some(_) => Outcome::WhenQuiet,
        }
    }
}
