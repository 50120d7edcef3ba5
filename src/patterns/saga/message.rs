//! What the nodes say to each other, what they write, what they enter into the ledger: the numbers
//! of all kinds. A number is a place in the lists here, which are append only, as links hold it.

use super::definition::Action;
use super::isolation::course::Work;
use super::isolation::records::{Ask, Told, Word};
use crate::kernel::{Args, Ctx, Message, NodeId};
use crate::patterns::pattern::Kind;

/// Which saga, of which order. A saga has the number of its order, but for the second one of the
/// same order (a start request that was not recognised as a duplicate).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct About {
    /// The customer's order.
    pub order: i32,
    /// The saga, and with the command the idempotency key.
    pub saga: i32,
}

/// What the orchestrator tells others to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Command {
    /// The transaction service is to register the saga.
    Begin,
    /// A service is to do its step.
    Do(Action),
    /// A service is to undo its step.
    Undo(Action),
    /// The textbook's reversal service is to revert everything.
    Revert,
    /// The transaction service is to close the saga.
    Complete,
}

/// How a service answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// Done, now or earlier.
    Done,
    /// Refused on business grounds; asking again will not help.
    Refused,
    /// Failed for a technical reason that may pass.
    TryAgain,
    /// The compensation cannot be done at all.
    CannotUndo,
    /// A request that arrived after its own compensation.
    TooLate,
}

/// How an order ended, for the customer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// All steps were done.
    Confirmed,
    /// What was done was undone.
    Cancelled,
    /// The saga is parked.
    UnderReview,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// A customer wants something.
    Order(i32),
    /// How it ended.
    News(i32, Outcome),
    /// The orchestrator to a service.
    Command(About, Command),
    /// A service to the orchestrator.
    Reply(About, Command, Answer),
    /// A customer wants an order no more.
    Cancel(i32),
    /// Another saga is at it.
    NotNow(i32),
    /// Two sagas meet: the order service to the accounts, or to shipping.
    Ask(Ask),
    /// The answer.
    Told(Told),
}

/// Kinds of messages.
pub static MESSAGES: &[Kind] = &[
    Kind::command("begin"),
    Kind::event("begun"),
    Kind::command("request"),
    Kind::event("done"),
    Kind::failure("failed"),
    Kind::command("complete"),
    Kind::event("completed"),
    Kind::undo("revert"),
    Kind::event("reverted"),
    Kind::undo("undo"),
    Kind::event("undone"),
    Kind::command("order"),
    Kind::event("confirmed"),
    Kind::failure("cancelled"),
    Kind::failure("under-review"),
    Kind::command("reserve"),
    Kind::event("reserved"),
    Kind::failure("out-of-stock"),
    Kind::undo("release"),
    Kind::event("released"),
    Kind::command("charge"),
    Kind::event("charged"),
    Kind::failure("declined"),
    Kind::undo("refund"),
    Kind::event("refunded"),
    Kind::command("ship"),
    Kind::event("shipped"),
    Kind::failure("undeliverable"),
    Kind::command("notify"),
    Kind::event("notified"),
    Kind::failure("try-again"),
    Kind::failure("cannot-undo"),
    Kind::failure("too-late"),
    Kind::undo("cancel-order"),
    Kind::failure("not-now"),
    Kind::query("read-credit"),
    Kind::event("credit-read"),
    Kind::command("write-credit"),
    Kind::command("take-credit"),
    Kind::event("credit-taken"),
    Kind::failure("credit-refused"),
    Kind::undo("give-credit"),
    Kind::event("credit-given"),
    Kind::undo("take-back"),
    Kind::event("taken-back"),
    Kind::command("unlock"),
    Kind::event("unlocked"),
    Kind::command("prepare"),
    Kind::event("prepared"),
    Kind::failure("not-prepared"),
    Kind::undo("call-off"),
    Kind::event("called-off"),
    Kind::failure("already-left"),
    Kind::failure("locked"),
];

/// Kinds of durable records: the orchestrator's first, then the services', then the textbook's.
pub static RECORDS: &[Kind] = &[
    Kind::command("started"),
    Kind::command("next-step"),
    Kind::undo("next-undo"),
    Kind::event("ended"),
    Kind::failure("parked"),
    Kind::event("effect"),
    Kind::undo("compensation"),
    Kind::failure("refusal"),
    Kind::event("registered"),
    Kind::event("closed"),
    Kind::undo("reversal"),
    Kind::event("skipped"),
    Kind::failure("stopped"),
    Kind::command("begin-create"),
    Kind::undo("begin-cancel"),
    Kind::command("saga-next"),
    Kind::undo("saga-back"),
    Kind::event("approve"),
    Kind::event("mark"),
    Kind::event("price"),
    Kind::query("stash"),
    Kind::event("credit"),
    Kind::event("delivery"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const STARTED: u8 = 0;
    pub const NEXT_STEP: u8 = 1;
    pub const NEXT_UNDO: u8 = 2;
    pub const ENDED: u8 = 3;
    pub const PARKED: u8 = 4;
    pub const EFFECT: u8 = 5;
    pub const COMPENSATION: u8 = 6;
    pub const REFUSAL: u8 = 7;
    pub const REGISTERED: u8 = 8;
    pub const CLOSED: u8 = 9;
    pub const REVERSAL: u8 = 10;
    pub const SKIPPED: u8 = 11;
    pub const STOPPED: u8 = 12;
    pub const BEGIN_CREATE: u8 = 13;
    pub const BEGIN_CANCEL: u8 = 14;
    pub const NEXT: u8 = 15;
    pub const BACK: u8 = 16;
    pub const APPROVE: u8 = 17;
    pub const MARK: u8 = 18;
    pub const PRICE: u8 = 19;
    pub const STASH: u8 = 20;
    pub const CREDIT: u8 = 21;
    pub const DELIVERY: u8 = 22;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("command-timeout"),
    Kind::query("retry"),
    Kind::query("next-order"),
    Kind::query("ask-again"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const COMMAND_TIMEOUT: u8 = 0;
    pub const RETRY: u8 = 1;
    pub const NEXT_ORDER: u8 = 2;
    pub const ASK_AGAIN: u8 = 3;
}

/// Facts of the outside world. Values: the order; the amount, or the step's number where the fact
/// does not name it; the saga.
pub static FACTS: &[Kind] = &[
    Kind::event("reserved"),
    Kind::event("charged"),
    Kind::event("shipped"),
    Kind::event("notified"),
    Kind::event("done"),
    Kind::undo("released"),
    Kind::undo("refunded"),
    Kind::undo("undone"),
    Kind::command("started"),
    Kind::event("completed"),
    Kind::undo("compensated"),
    Kind::failure("parked"),
    Kind::undo("nothing-to-undo"),
    Kind::event("settled"),
    Kind::failure("stopped"),
    Kind::command("create-begun"),
    Kind::undo("cancel-begun"),
    Kind::event("credit-taken"),
    Kind::undo("credit-given"),
    Kind::event("prepared"),
    Kind::undo("called-off"),
    Kind::event("approved"),
    Kind::undo("cancelled"),
    Kind::undo("rejected"),
    Kind::undo("restored"),
    Kind::event("price-changed"),
];

/// Places in [`FACTS`] that are no action's.
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const STARTED: u8 = 8;
    pub const COMPLETED: u8 = 9;
    pub const COMPENSATED: u8 = 10;
    pub const PARKED: u8 = 11;
    pub const NOTHING_TO_UNDO: u8 = 12;
    pub const SETTLED: u8 = 13;
    pub const STOPPED: u8 = 14;
    pub const CREATE_BEGUN: u8 = 15;
    pub const CANCEL_BEGUN: u8 = 16;
    pub const CREDIT_TAKEN: u8 = 17;
    pub const CREDIT_GIVEN: u8 = 18;
    pub const PREPARED: u8 = 19;
    pub const CALLED_OFF: u8 = 20;
    pub const APPROVED: u8 = 21;
    pub const CANCELLED: u8 = 22;
    pub const REJECTED: u8 = 23;
    pub const RESTORED: u8 = 24;
    pub const PRICE_CHANGED: u8 = 25;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[
    Kind::command("place-order"),
    Kind::command("retry-parked"),
    Kind::command("skip-parked"),
    Kind::failure("force-stop"),
    Kind::undo("cancel-order"),
    Kind::command("change-prices"),
];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const PLACE_ORDER: u8 = 0;
    pub const RETRY_PARKED: u8 = 1;
    pub const SKIP_PARKED: u8 = 2;
    pub const FORCE_STOP: u8 = 3;
    pub const CANCEL_ORDER: u8 = 4;
    pub const CHANGE_PRICES: u8 = 5;
}

/// The fact that an action was done, or undone.
#[must_use]
pub fn fact_of(about: About, action: Action, undone: bool) -> (u8, Args) {
    let fact = match (action, undone) {
        (Action::Reserve, false) => 0,
        (Action::Charge, false) => 1,
        (Action::Ship, _) => 2,
        (Action::Notify, _) => 3,
        (Action::WorkOfB | Action::WorkOfC, false) => 4,
        (Action::Reserve, true) => 5,
        (Action::Charge, true) => 6,
        (Action::WorkOfB | Action::WorkOfC, true) => 7,
    };
    let detail = if matches!(fact, 4 | 7) { action.number() } else { action.amount() };
    (fact, [about.order, detail, about.saga])
}

/// The action a fact speaks of, and whether it was undone.
#[must_use]
pub fn action_of(fact: u8, args: Args) -> Option<(Action, bool)> {
    let textbook = || Action::ALL.get(args[1].unsigned_abs() as usize).copied();
    Some(match fact {
        0 => (Action::Reserve, false),
        1 => (Action::Charge, false),
        2 => (Action::Ship, false),
        3 => (Action::Notify, false),
        4 => (textbook()?, false),
        5 => (Action::Reserve, true),
        6 => (Action::Charge, true),
        7 => (textbook()?, true),
        _ => return None,
    })
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        use Action::{Charge, Notify, Reserve, Ship, WorkOfB, WorkOfC};
        match self {
            Self::Order(_) => 11,
            Self::News(_, Outcome::Confirmed) => 12,
            Self::News(_, Outcome::Cancelled) => 13,
            Self::News(_, Outcome::UnderReview) => 14,
            Self::Reply(_, _, Answer::TryAgain) => 30,
            Self::Reply(_, _, Answer::CannotUndo) => 31,
            Self::Reply(_, _, Answer::TooLate) => 32,
            Self::Cancel(_) => 33,
            Self::NotNow(_) => 34,
            Self::Ask(ask) => match ask.work {
                Work::Read => 35,
                Work::Write => 37,
                Work::Take => 38,
                Work::Give => 41,
                Work::TakeBack => 43,
                Work::Unlock => 45,
                Work::Prepare => 47,
                Work::CallOff => 50,
            },
            Self::Told(told) => match (told.word, told.ask.work) {
                (Word::TryAgain, _) => 30,
                (Word::Locked, _) => 53,
                (Word::Refused, Work::Prepare) => 49,
                (Word::Refused, Work::CallOff) => 52,
                (Word::Refused, _) => 40,
                (Word::Done, Work::Read) => 36,
                (Word::Done, Work::Write | Work::Take) => 39,
                (Word::Done, Work::Give) => 42,
                (Word::Done, Work::TakeBack) => 44,
                (Word::Done, Work::Unlock) => 46,
                (Word::Done, Work::Prepare) => 48,
                (Word::Done, Work::CallOff) => 51,
            },
            Self::Command(_, command) => match command {
                Command::Begin => 0,
                Command::Complete => 5,
                Command::Revert => 7,
                Command::Do(WorkOfB | WorkOfC) => 2,
                Command::Do(Reserve) => 15,
                Command::Do(Charge) => 20,
                Command::Do(Ship) => 25,
                Command::Do(Notify) => 28,
                Command::Undo(Reserve) => 18,
                Command::Undo(Charge) => 23,
                Command::Undo(_) => 9,
            },
            Self::Reply(_, command, answer) => match (command, *answer == Answer::Done) {
                (Command::Begin, _) => 1,
                (Command::Complete, _) => 6,
                (Command::Revert, _) => 8,
                (Command::Do(WorkOfB | WorkOfC), true) => 3,
                (Command::Do(WorkOfB | WorkOfC), false) => 4,
                (Command::Do(Reserve), true) => 16,
                (Command::Do(Reserve), false) => 17,
                (Command::Do(Charge), true) => 21,
                (Command::Do(Charge), false) => 22,
                (Command::Do(Ship), true) => 26,
                (Command::Do(Ship), false) => 27,
                (Command::Do(Notify), _) => 29,
                (Command::Undo(Reserve), _) => 19,
                (Command::Undo(Charge), _) => 24,
                (Command::Undo(_), _) => 10,
            },
        }
    }

    /// The order; the amount for money and else the step's number; the saga.
    fn args(&self) -> Args {
        match *self {
            Self::Order(order) | Self::News(order, _) => [order, 0, order],
            Self::Command(about, command) | Self::Reply(about, command, Answer::Done | Answer::Refused) => {
                [about.order, command.detail(), about.saga]
            }
            Self::Reply(about, command, _) => [about.order, command.step(), about.saga],
            Self::Cancel(order) | Self::NotNow(order) => [order, 0, order],
            Self::Ask(ask) if ask.work == Work::Write => [ask.order, ask.read.0 - ask.amount, ask.saga],
            Self::Ask(ask) => [ask.order, ask.amount, ask.saga],
            Self::Told(Told { ask, value, word: Word::Done }) if ask.work == Work::Read => {
                [ask.order, value.0, ask.saga]
            }
            Self::Told(told) => [told.ask.order, told.ask.amount, told.ask.saga],
        }
    }
}

impl Command {
    /// The number of the step it is about, for the texts `step.<n>` and `undo.<n>`; below zero for
    /// what is no service's step.
    #[must_use]
    pub const fn step(self) -> i32 {
        match self {
            Self::Do(action) | Self::Undo(action) => action.number(),
            Self::Begin => -1,
            Self::Complete => -2,
            Self::Revert => -3,
        }
    }

    const fn detail(self) -> i32 {
        match self {
            Self::Do(Action::Charge) | Self::Undo(Action::Charge) => Action::Charge.amount(),
            _ => self.step(),
        }
    }
}

/// Facts that became true with a write and are not in the ledger yet. A write is on disk before its
/// node hears of it, and a crash can come in between: the fact is a fact all the same, and is
/// entered when the node runs again. Hence this survives a crash.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Something became true.
    pub fn add(&mut self, fact: (u8, Args)) {
        self.0.push(fact);
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

/// Who is who.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Directory {
    /// The customer, where orders come from outside.
    pub client: Option<NodeId>,
    /// The orchestrator.
    pub orchestrator: NodeId,
    /// The textbook's transaction service.
    pub transactions: NodeId,
    /// The textbook's reversal service.
    pub reversal: NodeId,
    /// Who does an action, by the action's number.
    pub services: [NodeId; 6],
}

impl Directory {
    /// Who carries out a command.
    #[must_use]
    pub const fn addressee(&self, command: Command) -> NodeId {
        match command {
            Command::Begin | Command::Complete => self.transactions,
            Command::Revert => self.reversal,
            Command::Do(action) | Command::Undo(action) => self.services[action as usize],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_leads_back_to_its_action() {
        let about = About { order: 3, saga: 4 };
        for action in Action::ALL {
            for undone in [false, true] {
                if undone && !action.undoable() {
                    continue;
                }
                let (fact, args) = fact_of(about, action, undone);
                assert_eq!(action_of(fact, args), Some((action, undone)));
                assert_eq!((args[0], args[2]), (3, 4));
            }
        }
    }

    #[test]
    fn commands_and_answers_have_the_kinds_that_the_list_names() {
        let about = About { order: 1, saga: 1 };
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        assert_eq!(id(Msg::Command(about, Command::Do(Action::Charge))), "charge");
        assert_eq!(id(Msg::Reply(about, Command::Do(Action::Ship), Answer::Refused)), "undeliverable");
        assert_eq!(id(Msg::Reply(about, Command::Undo(Action::Reserve), Answer::Done)), "released");
        assert_eq!(id(Msg::Reply(about, Command::Undo(Action::Charge), Answer::TryAgain)), "try-again");
        assert_eq!(id(Msg::Reply(about, Command::Do(Action::WorkOfC), Answer::Refused)), "failed");
        assert_eq!(id(Msg::News(1, Outcome::UnderReview)), "under-review");
    }
}
