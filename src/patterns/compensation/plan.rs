//! What is to be done, and in which order it is undone: pure functions of the two casts' plans. Owns
//! the steps. Does not own how they are asked for: that is the transaction service's.

/// The work of one step. Its number is what texts call `do.<n>`; append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Act {
    /// The textbook's command A.
    A,
    /// The textbook's command B, which builds on A.
    B,
    /// The textbook's command C, which builds on B.
    C,
    /// Inventory sets an item aside.
    Reserve,
    /// Payment takes money from the customer's account.
    Charge,
    /// Shipping books a place in the van.
    Book,
    /// Shipping hands the parcel over. Nothing undoes that.
    Send,
}

/// What an order costs.
pub const PRICE: i32 = 120;

impl Act {
    /// Every act, in the order of its number.
    pub const ALL: [Self; 7] =
        [Self::A, Self::B, Self::C, Self::Reserve, Self::Charge, Self::Book, Self::Send];

    /// Its number in texts and facts.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Whether there is an operation that undoes it.
    #[must_use]
    pub const fn undoable(self) -> bool {
        !matches!(self, Self::Send)
    }

    /// How much of its resource it takes.
    #[must_use]
    pub const fn amount(self) -> i32 {
        if matches!(self, Self::Charge) { PRICE } else { 1 }
    }

    /// How much of its resource there is for so many orders.
    #[must_use]
    pub fn stock(self, orders: i32) -> i64 {
        let orders = i64::from(orders);
        if self == Self::Charge { orders * i64::from(PRICE) + 380 } else { orders + 9 }
    }
}

/// A plan's steps, in the order in which they are done.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct Plan {
    /// The steps.
    pub steps: &'static [Act],
    /// Whether each step's row points at the row of the one before it (a foreign key).
    pub chained: bool,
}

/// The textbook: three commands to one service.
pub static TEXTBOOK: Plan = Plan { steps: &[Act::A, Act::B, Act::C], chained: true };
/// The shop: three services, and nothing of one points at another's.
pub static SHOP: Plan = Plan { steps: &[Act::Reserve, Act::Charge, Act::Book], chained: false };
/// The shop, badly ordered: what nothing undoes comes first.
pub static PARCEL_FIRST: Plan = Plan { steps: &[Act::Send, Act::Reserve, Act::Charge], chained: false };

/// In which order steps are undone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UndoOrder {
    /// The last one done first.
    Reverse,
    /// The first one done first.
    Forward,
    /// All at once.
    Parallel,
}

/// Steps as bits: step `n` is `1 << n`.
pub type Steps = u8;

impl Plan {
    /// The steps before this one.
    #[must_use]
    pub const fn before(step: u8) -> Steps {
        (1 << step) - 1
    }

    /// Of these steps, those that nothing undoes.
    #[must_use]
    pub fn without_undo(&self, steps: Steps) -> Steps {
        let bits = self.steps.iter().enumerate().map(|(n, act)| u8::from(!act.undoable()) << n);
        bits.fold(0, |all, bit| all | bit) & steps
    }

    /// Of these steps, those whose turn it is.
    #[must_use]
    pub const fn turn(steps: Steps, order: UndoOrder) -> Steps {
        match order {
            UndoOrder::Parallel => steps,
            UndoOrder::Forward => steps & steps.wrapping_neg(),
            UndoOrder::Reverse if steps == 0 => 0,
            UndoOrder::Reverse => 1 << (7 - steps.leading_zeros()),
        }
    }

    /// The place of an act among the steps.
    #[must_use]
    pub fn place(&self, act: Act) -> Option<u8> {
        self.steps.iter().position(|a| *a == act).map(|n| n as u8)
    }
}

/// The lowest step of some; 0 when there is none.
#[must_use]
pub const fn lowest(steps: Steps) -> u8 {
    if steps == 0 { 0 } else { steps.trailing_zeros() as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turn_goes_backwards_forwards_or_all_at_once() {
        assert_eq!(Plan::turn(0b111, UndoOrder::Reverse), 0b100);
        assert_eq!(Plan::turn(0b011, UndoOrder::Reverse), 0b010);
        assert_eq!(Plan::turn(0b110, UndoOrder::Forward), 0b010);
        assert_eq!(Plan::turn(0b101, UndoOrder::Parallel), 0b101);
        for order in [UndoOrder::Reverse, UndoOrder::Forward, UndoOrder::Parallel] {
            assert_eq!(Plan::turn(0, order), 0);
        }
    }

    #[test]
    fn what_nothing_undoes_is_known_and_stands_first_in_the_bad_plan_alone() {
        assert_eq!(PARCEL_FIRST.without_undo(0b111), 0b001);
        assert_eq!(SHOP.without_undo(0b111) | TEXTBOOK.without_undo(0b111), 0);
        assert_eq!((Plan::before(0), Plan::before(2)), (0, 0b11));
    }

    #[test]
    fn there_is_enough_for_every_order() {
        for orders in [1, 10, 500, 10_000] {
            for act in Act::ALL {
                assert!(
                    act.stock(orders) >= i64::from(orders) * i64::from(act.amount()),
                    "{act:?} {orders}"
                );
            }
        }
        assert_eq!((Act::Charge.stock(1), Act::Reserve.stock(1)), (500, 10));
    }
}
