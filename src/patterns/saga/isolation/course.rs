//! The course of the two sagas that meet: what comes after what, and back. Pure functions of the
//! countermeasures. Does not own what a stage does: that is the services'.

/// Which saga.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Takes an order: takes credit, prepares the delivery, approves.
    Create,
    /// Gives an order up: gives the credit back, calls the delivery off, marks it.
    Cancel,
}

/// What a service is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Work {
    /// How much credit is there?
    Read,
    /// The credit is this much from now on.
    Write,
    /// Take so much of the credit, if it is there.
    Take,
    /// Give back what this order took.
    Give,
    /// Take it again: the compensation of giving, which asks for no limit.
    TakeBack,
    /// The lock on the account is not needed any more.
    Unlock,
    /// Prepare the delivery.
    Prepare,
    /// Call the delivery off.
    CallOff,
}

impl Work {
    /// Every work, by number.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::Take,
        Self::Give,
        Self::TakeBack,
        Self::Unlock,
        Self::Prepare,
        Self::CallOff,
    ];

    /// Whether shipping does it; else the customers' accounts.
    #[must_use]
    pub const fn is_shippings(self) -> bool {
        matches!(self, Self::Prepare | Self::CallOff)
    }
}

/// Where a saga stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// A service is asked for this, on the way forward.
    Ask(Work),
    /// A service is asked for this, on the way back.
    Undo(Work),
    /// The order is approved.
    Approve,
    /// The order is marked as cancelled.
    MarkCancelled,
    /// The order is rejected, unless another saga has changed it.
    Reject,
    /// The order is what it was before: it is not cancelled after all.
    Restore,
    /// Over.
    End,
}

impl Stage {
    /// What a service is asked for.
    #[must_use]
    pub const fn work(self) -> Option<Work> {
        match self {
            Self::Ask(work) | Self::Undo(work) => Some(work),
            _ => None,
        }
    }
}

/// The countermeasures that change the course.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rules {
    /// Credit is taken by a difference; else it is read, and written back as a whole.
    pub commutative: bool,
    /// What others could rely on in vain is given after the pivot, not before.
    pub pessimistic: bool,
}

/// The first stage of a saga.
#[must_use]
pub const fn first(kind: Kind, rules: Rules) -> Stage {
    match kind {
        Kind::Create if rules.commutative => Stage::Ask(Work::Take),
        Kind::Create => Stage::Ask(Work::Read),
        Kind::Cancel if rules.pessimistic => Stage::Ask(Work::CallOff),
        Kind::Cancel => Stage::Ask(Work::Give),
    }
}

/// The stage after this one; `ok`: it went well.
#[must_use]
pub const fn next(kind: Kind, rules: Rules, locks: bool, stage: Stage, ok: bool) -> Stage {
    let last = if locks { Stage::Ask(Work::Unlock) } else { Stage::End };
    match (kind, stage) {
        (_, Stage::Ask(Work::Read)) if ok => Stage::Ask(Work::Write),
        (_, Stage::Ask(Work::Read | Work::Write | Work::Take)) if !ok => Stage::Reject,
        (_, Stage::Ask(Work::Write | Work::Take)) => Stage::Ask(Work::Prepare),
        (_, Stage::Ask(Work::Prepare)) if ok => Stage::Approve,
        (_, Stage::Ask(Work::Prepare)) => Stage::Undo(Work::Give),
        (_, Stage::Approve) if ok => last,
        (_, Stage::Approve) => Stage::Undo(Work::CallOff),
        (_, Stage::Undo(Work::CallOff)) => Stage::Undo(Work::Give),
        (_, Stage::Undo(Work::Give)) => Stage::Reject,
        (_, Stage::Ask(Work::Give)) if rules.pessimistic => Stage::MarkCancelled,
        (_, Stage::Ask(Work::Give)) => Stage::Ask(Work::CallOff),
        (_, Stage::Ask(Work::CallOff)) if ok && rules.pessimistic => Stage::Ask(Work::Give),
        (_, Stage::Ask(Work::CallOff)) if ok => Stage::MarkCancelled,
        (_, Stage::Ask(Work::CallOff)) if rules.pessimistic => Stage::Restore,
        (_, Stage::Ask(Work::CallOff)) => Stage::Undo(Work::TakeBack),
        (_, Stage::Undo(_)) => Stage::Restore,
        // Given after the pivot, the account was never locked.
        (_, Stage::MarkCancelled) if !rules.pessimistic => last,
        (_, Stage::MarkCancelled | Stage::Reject | Stage::Restore | Stage::End | Stage::Ask(_)) => {
            Stage::End
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The works of a saga in order, with the place of the one that is refused.
    fn works(kind: Kind, rules: Rules, locks: bool, refused: Option<usize>) -> Vec<Work> {
        let mut stage = first(kind, rules);
        let mut all = Vec::new();
        while stage != Stage::End {
            let ok = stage.work().is_none() || Some(all.len()) != refused;
            all.extend(stage.work());
            stage = next(kind, rules, locks, stage, ok);
        }
        all
    }

    const COMMUTATIVE: Rules = Rules { commutative: true, pessimistic: false };

    #[test]
    fn an_order_is_taken_or_given_back() {
        use Work::{Give, Prepare, Take, Unlock};
        assert_eq!(works(Kind::Create, COMMUTATIVE, false, None), [Take, Prepare]);
        assert_eq!(works(Kind::Create, COMMUTATIVE, true, None), [Take, Prepare, Unlock]);
        assert_eq!(works(Kind::Create, COMMUTATIVE, false, Some(0)), [Take]);
        assert_eq!(works(Kind::Create, COMMUTATIVE, true, Some(1)), [Take, Prepare, Give]);
    }

    #[test]
    fn a_cancellation_gives_credit_first_or_last() {
        use Work::{CallOff, Give, TakeBack};
        assert_eq!(works(Kind::Cancel, COMMUTATIVE, false, None), [Give, CallOff]);
        assert_eq!(works(Kind::Cancel, COMMUTATIVE, false, Some(1)), [Give, CallOff, TakeBack]);
        let pessimistic = Rules { pessimistic: true, ..COMMUTATIVE };
        assert_eq!(works(Kind::Cancel, pessimistic, true, None), [CallOff, Give]);
        assert_eq!(works(Kind::Cancel, pessimistic, false, Some(0)), [CallOff], "nothing to take back");
    }

    #[test]
    fn an_account_that_is_not_changed_by_a_difference_is_read_and_written() {
        let absolute = Rules::default();
        assert_eq!(works(Kind::Create, absolute, false, None), [Work::Read, Work::Write, Work::Prepare]);
    }
}
