//! What the nodes say to each other, what they write, what they enter into the ledger: the numbers
//! of all kinds. A number is a place in the lists here, which are append only, as links hold it.

use crate::kernel::{Args, Ctx, Message};
use crate::patterns::pattern::Kind;

/// Orders are numbered from 1, questions from here: an order's number is its idempotency key, and a
/// question needs none.
pub const QUESTIONS: i32 = 100_000;

/// The read model's only row: an item of the shop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// The version of the write model that it is the image of.
    pub version: i32,
    /// Items in stock: an absolute value.
    pub left: i32,
    /// Items sold: a counter.
    pub sold: i32,
}

/// A change of the write model, as an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Change {
    /// The version since.
    pub version: i32,
    /// By which order.
    pub order: i32,
    /// How many items.
    pub quantity: i32,
    /// How many are left.
    pub left: i32,
    /// How many were sold in all.
    pub total: i32,
}

impl Change {
    /// The row that is right after it.
    #[must_use]
    pub const fn row(&self) -> Row {
        Row { version: self.version, left: self.left, sold: self.total }
    }
}

/// How far the tables of a read model are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reached {
    /// Which tables: counts those that were begun, and those that were put in the place of another.
    pub generation: i32,
    /// The version of the table that is shown.
    pub shown: i32,
    /// The version of a new one.
    pub new: Option<i32>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// A client wants items: number, how many; whether the textbook's words are used.
    Command(i32, i32, bool),
    /// It is done: the row since.
    Done(i32, Row, bool),
    /// It is not done.
    Refused(i32),
    /// The write model is to change: number, items; whether only if there are enough.
    Modify(i32, i32, bool),
    /// It has changed: the row since.
    Modified(i32, Row),
    /// There are not enough.
    Rejected(i32),
    /// A client asks: number, the least version that it accepts; whether the textbook's words are used.
    Query(i32, i32, bool),
    /// The answer.
    Response(i32, Row, bool),
    /// The read model is not there yet: the version that was asked for.
    NotYet(i32, i32),
    /// The query service asks the database.
    Read(i32),
    /// What it has.
    Data(i32, Row),
    /// A change, to the projector.
    Event(Change),
    /// The projector has dealt with it.
    EventDone(i32),
    /// The projector updates a table of the read model.
    Apply(u8, Change),
    /// A change was applied, or was not needed: its version, and how far the tables are.
    Applied(i32, Reached),
    /// The projector asks how far the read model is.
    Load,
    /// How far it is.
    Position(Reached),
    /// A new table is to be begun.
    NewTable,
    /// The projector wants every event after a version.
    Replay(i32),
    /// They are in the outbox: the newest version.
    UpTo(i32),
    /// A read store to its replica: number of the change, and the row.
    Replicate(i32, Row),
    /// The replica has it.
    Replicated(i32),
    /// The command service asks the read model whether there is enough.
    Check(i32),
    /// What it has.
    Checked(i32, Row),
}

/// Kinds of messages.
pub static MESSAGES: &[Kind] = &[
    Kind::command("command"),
    Kind::command("modify"),
    Kind::event("modified"),
    Kind::event("reply"),
    Kind::query("query"),
    Kind::query("read"),
    Kind::event("data"),
    Kind::event("response"),
    Kind::command("buy"),
    Kind::event("bought"),
    Kind::failure("refused"),
    Kind::failure("rejected"),
    Kind::query("query-at-least"),
    Kind::event("shown"),
    Kind::failure("not-yet"),
    Kind::event("event"),
    Kind::event("event-done"),
    Kind::command("apply"),
    Kind::event("applied"),
    Kind::query("load"),
    Kind::event("position"),
    Kind::undo("new-table"),
    Kind::query("replay"),
    Kind::event("replicate"),
    Kind::event("replicated"),
    Kind::query("check"),
    Kind::event("checked"),
    Kind::query("ask"),
    Kind::event("up-to"),
    Kind::command("apply-new"),
];

/// Kinds of durable records: the database's, then the read store's.
pub static RECORDS: &[Kind] = &[
    Kind::event("change"),
    Kind::event("change-and-row"),
    Kind::event("published"),
    Kind::event("row"),
    Kind::undo("new-table"),
    Kind::event("replica"),
    Kind::query("replay"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const CHANGE: u8 = 0;
    pub const CHANGE_AND_ROW: u8 = 1;
    pub const PUBLISHED: u8 = 2;
    pub const ROW: u8 = 3;
    pub const NEW_TABLE: u8 = 4;
    pub const REPLICA: u8 = 5;
    pub const REPLAY: u8 = 6;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::command("relay"),
    Kind::query("resend"),
    Kind::query("waited-enough"),
    Kind::query("ask-again"),
    Kind::command("next-order"),
    Kind::query("replicate"),
    Kind::query("load-again"),
    Kind::query("pause"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const RELAY: u8 = 0;
    pub const RESEND: u8 = 1;
    pub const WAITED_ENOUGH: u8 = 2;
    pub const ASK_AGAIN: u8 = 3;
    pub const NEXT_ORDER: u8 = 4;
    pub const REPLICATE: u8 = 5;
    pub const LOAD_AGAIN: u8 = 6;
    pub const PAUSE: u8 = 7;
}

/// Facts of the outside world.
pub static FACTS: &[Kind] = &[
    Kind::event("sold"),
    Kind::event("ordered"),
    Kind::query("shown"),
    Kind::failure("own-missing"),
    Kind::failure("went-back"),
];

/// Places in [`FACTS`].
pub mod fact {
    /// Order, items, items left: they are sold.
    pub const SOLD: u8 = 0;
    /// Order, version: the client knows that its order is placed.
    pub const ORDERED: u8 = 1;
    /// Version, items left, items sold: the client was shown this.
    pub const SHOWN: u8 = 2;
    /// Version shown, version of an order that was known to be placed when the question was asked.
    pub const OWN_MISSING: u8 = 3;
    /// Version shown, version that had been shown when the question was asked.
    pub const WENT_BACK: u8 = 4;
}

/// What a person can do.
pub static VERBS: &[Kind] =
    &[Kind::command("buy"), Kind::query("look"), Kind::undo("rebuild"), Kind::command("deploy")];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const BUY: u8 = 0;
    pub const LOOK: u8 = 1;
    pub const REBUILD: u8 = 2;
    pub const DEPLOY: u8 = 3;
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match *self {
            Self::Command(_, _, true) => 0,
            Self::Modify(..) => 1,
            Self::Modified(..) => 2,
            Self::Done(_, _, true) => 3,
            Self::Query(_, _, true) => 4,
            Self::Read(_) => 5,
            Self::Data(..) => 6,
            Self::Response(_, _, true) => 7,
            Self::Command(..) => 8,
            Self::Done(..) => 9,
            Self::Refused(_) => 10,
            Self::Rejected(_) => 11,
            Self::Query(_, 0, false) => 27,
            Self::Query(..) => 12,
            Self::Response(..) => 13,
            Self::NotYet(..) => 14,
            Self::Event(_) => 15,
            Self::EventDone(_) => 16,
            Self::Apply(0, _) => 17,
            Self::Apply(..) => 29,
            Self::Applied(..) => 18,
            Self::Load => 19,
            Self::Position(_) => 20,
            Self::NewTable => 21,
            Self::Replay(_) => 22,
            Self::Replicate(..) => 23,
            Self::Replicated(_) => 24,
            Self::Check(_) => 25,
            Self::Checked(..) => 26,
            Self::UpTo(_) => 28,
        }
    }

    fn args(&self) -> Args {
        match *self {
            Self::Command(number, items, _) | Self::Modify(number, items, _) => [number, items, 0],
            Self::Done(number, row, _) => [number, row.version, row.left],
            Self::Response(_, row, _) | Self::Replicate(_, row) => [row.version, row.left, row.sold],
            Self::Modified(number, row) | Self::Data(number, row) | Self::Checked(number, row) => {
                [number, row.version, row.left]
            }
            Self::Refused(number) | Self::Rejected(number) | Self::Read(number) | Self::Check(number) => {
                [number, 0, 0]
            }
            Self::Query(number, least, _) | Self::NotYet(number, least) => [number, least, 0],
            Self::Event(change) => [change.version, change.quantity, change.left],
            Self::Apply(table, change) => [change.version, change.quantity, i32::from(table)],
            Self::Applied(version, reached) => [version, reached.shown, reached.new.unwrap_or(-1)],
            Self::EventDone(version) | Self::Replay(version) | Self::UpTo(version) => [version, 0, 0],
            Self::Position(reached) => [reached.shown, reached.new.unwrap_or(-1), 0],
            Self::Replicated(number) => [number, 0, 0],
            Self::Load | Self::NewTable => [0; 3],
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
    pub fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}
