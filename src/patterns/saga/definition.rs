//! What a saga consists of: its steps in order, and the pivot. Owns the shape of the two casts'
//! sagas. Does not own how they are driven: that is the orchestrator's.

use super::added::Added;

/// The work of one step. Its number is what texts call `step.<n>`; append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Inventory sets an item aside; undone by releasing it.
    Reserve,
    /// Payment charges the card; undone by a refund.
    Charge,
    /// Shipping hands the parcel over. Nothing undoes that.
    Ship,
    /// The customer is told. Nothing undoes that either.
    Notify,
    /// Service B of the textbook does its part.
    WorkOfB,
    /// Service C of the textbook does its part.
    WorkOfC,
}

impl Action {
    /// Every action, in the order of its number.
    pub const ALL: [Self; 6] =
        [Self::Reserve, Self::Charge, Self::Ship, Self::Notify, Self::WorkOfB, Self::WorkOfC];

    /// Its number in texts and labels.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Whether there is a compensation for it.
    #[must_use]
    pub const fn undoable(self) -> bool {
        matches!(self, Self::Reserve | Self::Charge | Self::WorkOfB | Self::WorkOfC)
    }

    /// How much of its resource it moves: one item, one parcel, the price.
    #[must_use]
    pub const fn amount(self) -> i32 {
        if matches!(self, Self::Charge) { PRICE } else { 1 }
    }
}

/// What one order costs.
pub const PRICE: i32 = 120;

/// What may happen at a step (Richardson's three phases of a saga).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// May be refused, and is undone when the saga turns back later.
    Compensatable,
    /// The point of no return: the last step that may be refused.
    Pivot,
    /// Cannot be refused; is retried until it works.
    Retriable,
}

/// A saga's steps.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct Definition {
    /// In the order in which they are done.
    pub steps: &'static [Action],
    /// The place of the pivot among them.
    pub pivot: u8,
    /// Whether the saga is registered with a transaction service, as the textbook draws it.
    pub registered: bool,
    /// Whether one service reverts everything, as the textbook draws it, instead of each service
    /// its own step.
    pub reversal: bool,
    /// Whether the first step is done with the write that begins the saga: it is never asked for, and
    /// undone like any other (Eventuate: a step with a compensation alone).
    pub own_first: Added<bool>,
}

impl Definition {
    /// What may happen at a step.
    #[must_use]
    pub const fn class(&self, step: u8) -> Class {
        if step < self.pivot {
            Class::Compensatable
        } else if step == self.pivot {
            Class::Pivot
        } else {
            Class::Retriable
        }
    }
}

/// The shop: what can be undone first, then the parcel, then the news.
pub static SHOP: Definition = Definition {
    steps: &[Action::Reserve, Action::Charge, Action::Ship, Action::Notify],
    pivot: 2,
    registered: false,
    reversal: false,
    own_first: Added(false),
};

/// The shop, badly ordered: the parcel leaves before the card is charged.
pub static SHIP_FIRST: Definition = Definition {
    steps: &[Action::Reserve, Action::Ship, Action::Charge, Action::Notify],
    pivot: 2,
    registered: false,
    reversal: false,
    own_first: Added(false),
};

/// The textbook's saga that succeeds: B, then C.
pub static TEXTBOOK: Definition = Definition {
    steps: &[Action::WorkOfB, Action::WorkOfC],
    pivot: 1,
    registered: true,
    reversal: false,
    own_first: Added(false),
};

/// The textbook's saga that fails: B alone, and a service that reverts.
pub static TEXTBOOK_FAILURE: Definition = Definition {
    steps: &[Action::WorkOfB],
    pivot: 0,
    registered: true,
    reversal: true,
    own_first: Added(false),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_before_a_sound_pivot_can_be_undone() {
        for sound in [&SHOP, &TEXTBOOK, &TEXTBOOK_FAILURE] {
            let before = &sound.steps[..sound.pivot as usize];
            assert!(before.iter().all(|a| a.undoable()), "{sound:?}");
        }
        assert!(!SHIP_FIRST.steps[..SHIP_FIRST.pivot as usize].iter().all(|a| a.undoable()));
    }
}
