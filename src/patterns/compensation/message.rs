//! What the nodes say to each other, what they write, what they enter into the ledger: the numbers
//! of all kinds. A number is a place in the lists here, which are append only, as links hold it.

use super::plan::Act;
use crate::kernel::{Args, Ctx, Message};
use crate::patterns::pattern::Kind;

/// A transaction: an order of the shop.
pub type Tx = i32;

/// What a service is asked to do about an act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Op {
    /// Do it, for everybody to see.
    Do,
    /// Undo what was done.
    Undo,
    /// Put what it takes on hold (the T of TCC).
    Try,
    /// Make the hold final (the first C).
    Confirm,
    /// Let the hold go (the second C).
    Cancel,
}

impl Op {
    /// The operation that this one takes back, if it takes one back.
    #[must_use]
    pub const fn original(self) -> Option<Self> {
        match self {
            Self::Undo => Some(Self::Do),
            Self::Cancel => Some(Self::Try),
            _ => None,
        }
    }
}

/// How a service answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// Done, now or earlier; for a compensation also: there was nothing to undo.
    Done,
    /// Refused on business grounds; asking again will not help. For a confirm: the hold is gone.
    Refused,
    /// Failed for a technical reason that may pass.
    TryAgain,
    /// The compensation cannot be done.
    CannotUndo,
    /// A request that arrived after its own compensation.
    TooLate,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// The transaction service to a service.
    Command(Tx, Act, Op),
    /// The answer.
    Reply(Tx, Act, Op, Answer),
}

/// Kinds of messages: the textbook's, then those of compensation, then those of TCC.
pub static MESSAGES: &[Kind] = &[
    Kind::command("command-a"),
    Kind::command("command-b"),
    Kind::command("command-c"),
    Kind::event("accepted-a"),
    Kind::event("accepted-b"),
    Kind::event("accepted-c"),
    Kind::failure("failed-a"),
    Kind::failure("failed-b"),
    Kind::failure("failed-c"),
    Kind::undo("revert-a"),
    Kind::undo("revert-b"),
    Kind::undo("revert-c"),
    Kind::event("reverted-a"),
    Kind::event("reverted-b"),
    Kind::event("reverted-c"),
    Kind::command("do"),
    Kind::event("done"),
    Kind::failure("refused"),
    Kind::undo("undo"),
    Kind::event("undone"),
    Kind::command("try"),
    Kind::event("held"),
    Kind::failure("not-held"),
    Kind::command("confirm"),
    Kind::event("confirmed"),
    Kind::undo("cancel"),
    Kind::event("cancelled"),
    Kind::failure("hold-gone"),
    Kind::failure("try-again"),
    Kind::failure("cannot-undo"),
    Kind::failure("too-late"),
];

/// Kinds of durable records: the transaction service's, then the services'.
pub static RECORDS: &[Kind] = &[
    Kind::command("next"),
    Kind::undo("back"),
    Kind::command("confirm"),
    Kind::event("finished"),
    Kind::event("ended"),
    Kind::failure("parked"),
    Kind::event("settled"),
    Kind::command("resumed"),
    Kind::event("effect"),
    Kind::undo("compensation"),
    Kind::failure("refusal"),
    Kind::command("hold"),
    Kind::event("confirmation"),
    Kind::undo("release"),
    Kind::failure("expiry"),
    Kind::event("change"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const NEXT: u8 = 0;
    pub const BACK: u8 = 1;
    pub const CONFIRM: u8 = 2;
    pub const FINISHED: u8 = 3;
    pub const ENDED: u8 = 4;
    pub const PARKED: u8 = 5;
    pub const SETTLED: u8 = 6;
    pub const RESUMED: u8 = 7;
    pub const EFFECT: u8 = 8;
    pub const COMPENSATION: u8 = 9;
    pub const REFUSAL: u8 = 10;
    pub const HOLD: u8 = 11;
    pub const CONFIRMATION: u8 = 12;
    pub const RELEASE: u8 = 13;
    pub const EXPIRY: u8 = 14;
    pub const CHANGE: u8 = 15;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("command-timeout"),
    Kind::query("retry"),
    Kind::query("next-order"),
    Kind::failure("hold-expires"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const COMMAND_TIMEOUT: u8 = 0;
    pub const RETRY: u8 = 1;
    pub const NEXT_ORDER: u8 = 2;
    pub const HOLD_EXPIRES: u8 = 3;
}

/// Facts of the outside world. Values: the transaction, the act's number, the amount; 0 and the
/// amount for what somebody else does.
pub static FACTS: &[Kind] = &[
    Kind::event("done"),
    Kind::undo("undone"),
    Kind::event("held"),
    Kind::event("confirmed"),
    Kind::undo("released"),
    Kind::undo("expired"),
    Kind::undo("nothing-to-undo"),
    Kind::event("changed"),
    Kind::command("began"),
    Kind::event("completed"),
    Kind::undo("compensated"),
    Kind::failure("parked"),
    Kind::event("settled"),
];

/// Places in [`FACTS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const DONE: u8 = 0;
    pub const UNDONE: u8 = 1;
    pub const HELD: u8 = 2;
    pub const CONFIRMED: u8 = 3;
    pub const RELEASED: u8 = 4;
    pub const EXPIRED: u8 = 5;
    pub const NOTHING_TO_UNDO: u8 = 6;
    pub const CHANGED: u8 = 7;
    pub const BEGAN: u8 = 8;
    pub const COMPLETED: u8 = 9;
    pub const COMPENSATED: u8 = 10;
    pub const PARKED: u8 = 11;
    pub const SETTLED: u8 = 12;
}

/// What a person can do: at the transaction service, and at a service.
pub static VERBS: &[Kind] = &[
    Kind::command("place-order"),
    Kind::command("retry-parked"),
    Kind::command("settle-by-hand"),
    Kind::command("change"),
];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const PLACE_ORDER: u8 = 0;
    pub const RETRY_PARKED: u8 = 1;
    pub const SETTLE_BY_HAND: u8 = 2;
    pub const CHANGE: u8 = 3;
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        // The textbook's commands have kinds of their own: one service takes all three.
        let own = |act: Act| (act <= Act::C).then_some(act as u8);
        match *self {
            Self::Reply(_, _, _, Answer::TryAgain) => 28,
            Self::Reply(_, _, _, Answer::CannotUndo) => 29,
            Self::Reply(_, _, _, Answer::TooLate) => 30,
            Self::Command(_, act, op) => match (op, own(act)) {
                (Op::Do, Some(n)) => n,
                (Op::Undo, Some(n)) => 9 + n,
                (Op::Do, None) => 15,
                (Op::Undo, None) => 18,
                (Op::Try, _) => 20,
                (Op::Confirm, _) => 23,
                (Op::Cancel, _) => 25,
            },
            Self::Reply(_, act, op, answer) => match (op, own(act), answer == Answer::Done) {
                (Op::Do, Some(n), true) => 3 + n,
                (Op::Do, Some(n), false) => 6 + n,
                (Op::Undo, Some(n), _) => 12 + n,
                (Op::Do, None, true) => 16,
                (Op::Do, None, false) => 17,
                (Op::Undo, None, _) => 19,
                (Op::Try, _, true) => 21,
                (Op::Try, _, false) => 22,
                (Op::Confirm, _, true) => 24,
                (Op::Confirm, _, false) => 27,
                (Op::Cancel, _, _) => 26,
            },
        }
    }

    /// The transaction, the act, the amount.
    fn args(&self) -> Args {
        match *self {
            Self::Command(tx, act, _) | Self::Reply(tx, act, ..) => [tx, act.number(), act.amount()],
        }
    }
}

/// Facts that became true with a write and are not in the ledger yet: a crash can come between the
/// write and its node's hearing of it. They are entered when the node runs again.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Something became true.
    pub fn add(&mut self, fact: u8, args: Args) {
        self.0.push((fact, args));
    }

    /// Whether the ledger has everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Enters everything into the ledger.
    pub fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_answers_have_the_kinds_that_the_list_names() {
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        assert_eq!(id(Msg::Command(1, Act::C, Op::Do)), "command-c");
        assert_eq!(id(Msg::Reply(1, Act::C, Op::Do, Answer::Refused)), "failed-c");
        assert_eq!(id(Msg::Command(1, Act::B, Op::Undo)), "revert-b");
        assert_eq!(id(Msg::Reply(1, Act::A, Op::Undo, Answer::Done)), "reverted-a");
        assert_eq!(id(Msg::Command(1, Act::Charge, Op::Undo)), "undo");
        assert_eq!(id(Msg::Reply(1, Act::Book, Op::Try, Answer::Refused)), "not-held");
        assert_eq!(id(Msg::Reply(1, Act::A, Op::Confirm, Answer::Refused)), "hold-gone");
        assert_eq!(id(Msg::Reply(1, Act::A, Op::Cancel, Answer::Done)), "cancelled");
        assert_eq!(id(Msg::Reply(1, Act::Charge, Op::Try, Answer::TooLate)), "too-late");
    }
}
