//! What the nodes say to each other, what they write, what they enter into the ledger: the numbers
//! of all kinds. A number is a place in the lists here, which are append only, as links hold it.

use super::account::Event;
use crate::kernel::{Args, Message};
use crate::parts::event_store::{Expected, Recorded, Stream};
use crate::patterns::pattern::Kind;

/// What a client asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Task {
    /// The textbook's command: begins a new stream with two events.
    Create,
    /// Buys an item: two events.
    Buy,
    /// Registers a customer under an e-mail address, which everybody here wants to have.
    Register,
    /// Asks for the state.
    Query,
}

/// Orders are numbered from 1, questions from here: an order's number is its idempotency key, and a
/// question needs none.
pub const QUESTIONS: i32 = 100_000;

/// A message. The first number is always the request: the correlation id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// A client wants something of a customer's account.
    Ask(i32, Task, Stream),
    /// It is done: the version of the stream since.
    Done(i32, Task, i32),
    /// It is not done.
    Refused(i32, Task),
    /// The service cannot read the history: the version of the event that it does not understand.
    Unreadable(i32, i32),
    /// The state: customer, version, balance.
    State(i32, Stream, i32, i32),
    /// The service reads a stream after a version.
    Read(i32, Stream, i32),
    /// The version of the stream, and the events.
    Events(i32, i32, Vec<Recorded<Event>>),
    /// Compare and append.
    Append(i32, Stream, Expected, Vec<(i64, Event)>),
    /// The events are on disk: the version of the stream.
    Stored(i32, Stream, i32),
    /// The events are in an open transaction: the version to be.
    Inserted(i32, Stream, i32),
    /// The transaction is to commit.
    Commit(i32, Stream),
    /// The stream is at another version.
    Conflict(i32, Stream, i32),
    /// A read model asks for what comes after a position; the first number is its table.
    Fetch(u8, i32),
    /// Events after a position, and up to another.
    Feed(u8, i32, i32, Vec<Recorded<Event>>),
    /// A read model has given a table up.
    Unsubscribe(u8),
    /// The store has restarted and has forgotten who had read how far.
    Wake,
    /// Somebody looks at the read model.
    Look(i32),
    /// What it shows: position, purchases, revenue.
    View(i32, i32, i32, i32),
}

/// Kinds of messages.
pub static MESSAGES: &[Kind] = &[
    Kind::command("command"),
    Kind::command("append"),
    Kind::event("stored"),
    Kind::event("reply"),
    Kind::query("query"),
    Kind::query("read"),
    Kind::event("events"),
    Kind::event("rebuild"),
    Kind::event("state"),
    Kind::command("append-batch"),
    Kind::failure("conflict"),
    Kind::query("read-after"),
    Kind::command("buy"),
    Kind::event("bought"),
    Kind::command("register"),
    Kind::event("registered"),
    Kind::failure("refused"),
    Kind::failure("unreadable"),
    Kind::event("inserted"),
    Kind::command("commit"),
    Kind::query("fetch"),
    Kind::event("feed"),
    Kind::event("caught-up"),
    Kind::undo("unsubscribe"),
    Kind::query("wake"),
    Kind::query("look"),
    Kind::event("view"),
    Kind::command("append-any"),
];

/// The service's step of its own: it folds the events into the state. A place in [`MESSAGES`].
pub const REBUILD: u8 = 7;

/// Kinds of durable records: the store's, the service's, the read model's.
pub static RECORDS: &[Kind] = &[
    Kind::event("event"),
    Kind::event("events"),
    Kind::event("snapshot"),
    Kind::event("view"),
    Kind::event("checkpoint"),
    Kind::undo("new-view"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const EVENT: u8 = 0;
    pub const EVENTS: u8 = 1;
    pub const SNAPSHOT: u8 = 2;
    pub const VIEW: u8 = 3;
    pub const CHECKPOINT: u8 = 4;
    pub const NEW_VIEW: u8 = 5;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("no-answer"),
    Kind::query("ask-again"),
    Kind::command("next-order"),
    Kind::failure("idle-transaction"),
    Kind::query("feed-again"),
    Kind::query("fetch-again"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const NO_ANSWER: u8 = 0;
    pub const ASK_AGAIN: u8 = 1;
    pub const NEXT_ORDER: u8 = 2;
    pub const IDLE_TRANSACTION: u8 = 3;
    pub const FEED_AGAIN: u8 = 4;
    pub const FETCH_AGAIN: u8 = 5;
}

/// Facts of the outside world.
pub static FACTS: &[Kind] = &[
    Kind::event("charged"),
    Kind::event("registered"),
    Kind::event("mailed"),
    Kind::query("read"),
    Kind::query("seen"),
    Kind::failure("restored"),
];

/// Places in [`FACTS`].
pub mod fact {
    /// Order, customer, amount: the money is the shop's.
    pub const CHARGED: u8 = 0;
    /// Customer, address: the address is theirs.
    pub const REGISTERED: u8 = 1;
    /// Order: a receipt has left.
    pub const MAILED: u8 = 2;
    /// Customer, version, balance: a client was told this.
    pub const READ: u8 = 3;
    /// Position, purchases, revenue: a client was shown this.
    pub const SEEN: u8 = 4;
    /// Events that a restored backup lacks.
    pub const RESTORED: u8 = 5;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[
    Kind::command("buy"),
    Kind::command("register"),
    Kind::query("query"),
    Kind::query("look"),
    Kind::undo("rebuild"),
    Kind::undo("restore"),
    Kind::command("deploy"),
];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const BUY: u8 = 0;
    pub const REGISTER: u8 = 1;
    pub const QUERY: u8 = 2;
    pub const LOOK: u8 = 3;
    pub const REBUILD: u8 = 4;
    pub const RESTORE: u8 = 5;
    pub const DEPLOY: u8 = 6;
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Ask(_, Task::Create, _) => 0,
            Self::Append(_, _, _, events) if events.len() == 1 => 1,
            Self::Stored(..) => 2,
            Self::Done(_, Task::Create | Task::Query, _) => 3,
            Self::Ask(_, Task::Query, _) => 4,
            Self::Read(_, _, 0) => 5,
            Self::Events(..) => 6,
            Self::State(..) => 8,
            Self::Append(_, _, Expected::Exactly(_), _) => 9,
            Self::Append(..) => 27,
            Self::Conflict(..) => 10,
            Self::Read(..) => 11,
            Self::Ask(_, Task::Buy, _) => 12,
            Self::Done(_, Task::Buy, _) => 13,
            Self::Ask(_, Task::Register, _) => 14,
            Self::Done(_, Task::Register, _) => 15,
            Self::Refused(..) => 16,
            Self::Unreadable(..) => 17,
            Self::Inserted(..) => 18,
            Self::Commit(..) => 19,
            Self::Fetch(..) => 20,
            Self::Feed(_, _, _, events) if events.is_empty() => 22,
            Self::Feed(..) => 21,
            Self::Unsubscribe(_) => 23,
            Self::Wake => 24,
            Self::Look(_) => 25,
            Self::View(..) => 26,
        }
    }

    fn args(&self) -> Args {
        match *self {
            Self::Ask(number, _, customer) => [number, customer, 0],
            Self::Done(number, _, version)
            | Self::Unreadable(number, version)
            | Self::Stored(number, _, version)
            | Self::Inserted(number, _, version)
            | Self::Conflict(number, _, version)
            | Self::Read(number, _, version) => [number, version, 0],
            Self::Refused(number, _) | Self::Commit(number, _) | Self::Look(number) => [number, 0, 0],
            Self::State(number, _, version, balance) => [number, version, balance],
            Self::Events(number, version, ref events) => [number, version, events.len() as i32],
            Self::Append(number, _, expected, ref events) => {
                // The event of the request (for one event alone), and the version it is to follow.
                let place = events.first().map_or(0, |(_, e)| i32::from(e.place) + 1);
                let after = match expected {
                    Expected::Any => -1,
                    Expected::Exactly(version) => version,
                };
                [number, if events.len() == 1 { place } else { events.len() as i32 }, after]
            }
            Self::Fetch(table, after) => [i32::from(table), after, 0],
            Self::Feed(table, _, upto, ref events) => [i32::from(table), upto, events.len() as i32],
            Self::Unsubscribe(table) => [i32::from(table), 0, 0],
            Self::Wake => [0; 3],
            Self::View(_, position, purchases, revenue) => [position, purchases, revenue],
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
    pub fn add(&mut self, fact: u8, args: Args) {
        self.0.push((fact, args));
    }

    /// Enters everything into the ledger.
    pub fn publish(&mut self, ctx: &mut crate::kernel::Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}
