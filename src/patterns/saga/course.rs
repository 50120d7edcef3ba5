//! The course of a saga: which way it goes from where it stands. Owns the two directions; pure
//! functions of the definition. Does not own time-outs, the log, or messages: those are the
//! orchestrator's.

use super::definition::Definition;
use super::message::Command;

/// Where a saga stands; what is to be done next follows from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// To be registered with the transaction service.
    Begin,
    /// This step is to be done.
    Forward(u8),
    /// This step is to be undone.
    Back(u8),
    /// The reversal service is to revert everything.
    Revert,
    /// To be closed at the transaction service.
    Complete,
    /// Over: every step is done.
    Completed,
    /// Over: everything that was done is undone.
    Compensated,
    /// This step cannot be undone: a person is needed.
    Parked(u8),
    /// A person has settled this step by other means: on to the one before it.
    Skipped(u8),
    /// Over: a person has stopped it as it stands.
    Stopped,
}

impl Definition {
    /// Where a saga begins.
    #[must_use]
    pub const fn first(&self) -> Phase {
        if self.registered { Phase::Begin } else { Phase::Forward(self.own_first.0 as u8) }
    }

    /// Where a saga goes when a step is done.
    #[must_use]
    pub fn after(&self, step: u8) -> Phase {
        if usize::from(step) + 1 < self.steps.len() {
            Phase::Forward(step + 1)
        } else if self.registered {
            Phase::Complete
        } else {
            Phase::Completed
        }
    }

    /// Where a saga goes when it turns back: to the nearest step, from this one downwards, that can
    /// be undone. A step without a compensation is passed over, as Eventuate does: that is why it
    /// must not stand before the pivot.
    #[must_use]
    pub fn back_from(&self, step: Option<u8>) -> Phase {
        if self.reversal {
            return Phase::Revert;
        }
        let upto = step.map_or(0, |s| usize::from(s) + 1);
        let nearest = self.steps[..upto].iter().rposition(|a| a.undoable());
        nearest.map_or(Phase::Compensated, |s| Phase::Back(s as u8))
    }

    /// Where a saga goes when a step is refused, in the family that undoes the refused step too (dtm).
    #[must_use]
    pub fn back_with(&self, step: u8) -> Phase {
        self.back_from(Some(step))
    }

    /// Where a saga goes when a person has settled the undoing of a step by other means.
    #[must_use]
    pub fn behind(&self, step: u8) -> Phase {
        if self.reversal { Phase::Compensated } else { self.back_from(step.checked_sub(1)) }
    }

    /// What is to be done in a phase.
    #[must_use]
    pub fn command(&self, phase: Phase) -> Option<Command> {
        let action = |step: u8| self.steps[step as usize];
        Some(match phase {
            Phase::Begin => Command::Begin,
            Phase::Forward(step) => Command::Do(action(step)),
            Phase::Back(step) => Command::Undo(action(step)),
            Phase::Revert => Command::Revert,
            Phase::Complete => Command::Complete,
            Phase::Completed
            | Phase::Compensated
            | Phase::Parked(_)
            | Phase::Skipped(_)
            | Phase::Stopped => return None,
        })
    }

    /// The number of the step that a phase is about ([`Command::step`]); 0 when it is over.
    #[must_use]
    pub fn step_of(&self, phase: Phase) -> i32 {
        match phase {
            Phase::Parked(step) | Phase::Skipped(step) => self.steps[step as usize].number(),
            _ => self.command(phase).map_or(0, Command::step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::definition::{SHIP_FIRST, SHOP, TEXTBOOK, TEXTBOOK_FAILURE};
    use super::*;

    /// The phases back, when the saga turns round because this step was refused.
    fn back(definition: &Definition, refused: u8) -> Vec<Phase> {
        let mut course = vec![definition.back_from(refused.checked_sub(1))];
        while let Some(Phase::Back(step)) = course.last() {
            course.push(definition.back_from(step.checked_sub(1)));
        }
        course
    }

    /// A saga of n steps has n + 1 ends: all of them, or the first j and back (Garcia-Molina, Salem).
    #[test]
    fn a_refused_step_is_not_undone_and_those_before_it_are_in_reverse() {
        assert_eq!(back(&SHOP, 0), [Phase::Compensated]);
        assert_eq!(back(&SHOP, 1), [Phase::Back(0), Phase::Compensated]);
        assert_eq!(back(&SHOP, 2), [Phase::Back(1), Phase::Back(0), Phase::Compensated]);
        assert_eq!(back(&TEXTBOOK_FAILURE, 0), [Phase::Revert]);
    }

    #[test]
    fn a_step_without_a_compensation_is_passed_over() {
        assert_eq!(back(&SHIP_FIRST, 2), [Phase::Back(0), Phase::Compensated]);
    }

    #[test]
    fn forward_it_ends_with_the_last_step_or_with_its_registration() {
        assert_eq!((SHOP.after(2), SHOP.after(3)), (Phase::Forward(3), Phase::Completed));
        assert_eq!((TEXTBOOK.first(), TEXTBOOK.after(1)), (Phase::Begin, Phase::Complete));
    }
}
