//! What the nodes say to each other, what they write, what they enter into the ledger: the numbers
//! of all kinds. A number is a place in the lists here, which are append only, as links hold it.

use crate::kernel::{Args, Ctx, Message};
use crate::patterns::pattern::Kind;

/// What happened to an order: the outbox's column `type`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum What {
    /// The customer placed it.
    Placed,
    /// The customer cancelled it.
    Cancelled,
}

impl What {
    /// Its number in texts (`change.<n>`).
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// An event of the domain, as it is published: the outbox's columns `id`, `aggregateid` and `type`.
/// (`aggregatetype` is always the order, and there is nothing in `payload` beyond these.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Change {
    /// The event's own number, given by a sequence and never given twice: what a consumer
    /// recognises a duplicate by.
    pub id: i32,
    /// The aggregate, and the key of the message: the order.
    pub order: i32,
    /// The type.
    pub what: What,
}

impl Change {
    /// What a reader wants to know of it: order, type, id.
    #[must_use]
    pub const fn args(self) -> Args {
        [self.order, self.what.number(), self.id]
    }
}

/// How far a relay has read, where it remembers that instead of marking rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Cursor {
    /// The transaction of the newest row it published; used by [`Reading::Horizon`] alone.
    pub xid: i32,
    /// The id of that row.
    pub id: i32,
}

/// Which rows a relay asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reading {
    /// `WHERE sent_at IS NULL ORDER BY id`.
    Unsent,
    /// `WHERE id > cursor ORDER BY id`: naive, as ids are not given in the order of commits.
    Cursor,
    /// `WHERE (xid, id) > cursor AND xid < pg_snapshot_xmin(…) ORDER BY xid, id`: nothing newer than
    /// the oldest open transaction.
    Horizon,
    /// `WHERE id > cursor ORDER BY id`, and not past a gap that an open transaction may still fill.
    HighWater,
}

/// How relays share the work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sharing {
    /// Not at all.
    Alone,
    /// `FOR UPDATE SKIP LOCKED`: a row goes to one of them, whichever comes first.
    SkipLocked,
    /// Each has the orders whose number leaves its own remainder.
    ByKey,
}

/// A relay's query.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Poll {
    /// Its number, which the answer bears.
    pub number: u32,
    /// Which rows.
    pub reading: Reading,
    /// Behind which one.
    pub after: Cursor,
    /// How many at most.
    pub limit: u16,
    /// How the relays share the work.
    pub sharing: Sharing,
    /// The remainder that its orders leave, and the number of relays.
    pub shard: (u8, u8),
    /// Whether to sort by `created_at` instead of by id.
    pub by_created: bool,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// The customer wants something to happen to an order.
    Request(i32, What),
    /// It has happened.
    Accepted(i32, What),
    /// It will not happen.
    Rejected(i32, What),
    /// A relay asks for rows.
    Poll(Poll),
    /// Rows: the number of the query, the rows with their cursors, and whether rows are held back
    /// for now, so that asking again soon is worth it.
    Rows(u32, Vec<(Change, Cursor)>, bool),
    /// These rows are to be marked as sent.
    Mark(Vec<i32>),
    /// The row that no broker wants is to be parked.
    Park(Change),
    /// Marked or parked, up to this id.
    Marked(i32),
    /// There is something new in the outbox.
    Notify,
    /// An event for the topic.
    Publish(Change),
    /// The topic has it.
    Published(Change),
    /// The topic will not take it (too large, say): asking again will not help.
    Unpublishable(Change),
    /// The topic cannot take it now.
    Unavailable(Change),
    /// An event from the topic: partition, offset.
    Deliver(u8, u32, Change),
    /// The consumer is done with it: partition, offset.
    Done(u8, u32, Change),
}

/// Kinds of messages.
pub static MESSAGES: &[Kind] = &[
    Kind::command("place"),
    Kind::command("cancel"),
    Kind::event("accepted"),
    Kind::failure("rejected"),
    Kind::query("poll"),
    Kind::event("rows"),
    Kind::event("nothing"),
    Kind::command("mark"),
    Kind::event("marked"),
    Kind::event("notify"),
    Kind::event("publish"),
    Kind::event("published"),
    Kind::failure("unpublishable"),
    Kind::failure("unavailable"),
    Kind::event("deliver"),
    Kind::event("done"),
    Kind::undo("park"),
];

/// Place of an event on its way to the topic in [`MESSAGES`].
pub const PUBLISH: u8 = 10;

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Request(_, What::Placed) => 0,
            Self::Request(_, What::Cancelled) => 1,
            Self::Accepted(..) => 2,
            Self::Rejected(..) => 3,
            Self::Poll(_) => 4,
            Self::Rows(_, rows, _) if !rows.is_empty() => 5,
            Self::Rows(..) => 6,
            Self::Mark(_) => 7,
            Self::Marked(_) => 8,
            Self::Notify => 9,
            Self::Publish(_) => PUBLISH,
            Self::Published(_) => 11,
            Self::Unpublishable(_) => 12,
            Self::Unavailable(_) => 13,
            Self::Deliver(..) => 14,
            Self::Done(..) => 15,
            Self::Park(_) => 16,
        }
    }

    /// Order, type and id of one event; first id, last id and number of several.
    fn args(&self) -> Args {
        match self {
            Self::Request(order, what) | Self::Accepted(order, what) | Self::Rejected(order, what) => {
                [*order, what.number(), 0]
            }
            Self::Poll(poll) => [poll.after.id, i32::from(poll.limit), 0],
            Self::Rows(_, rows, _) => {
                let id = |row: Option<&(Change, Cursor)>| row.map_or(0, |(change, _)| change.id);
                [id(rows.first()), id(rows.last()), rows.len() as i32]
            }
            Self::Mark(ids) => span(ids),
            Self::Marked(id) => [*id, 0, 0],
            Self::Notify => [0; 3],
            Self::Publish(change)
            | Self::Published(change)
            | Self::Unpublishable(change)
            | Self::Unavailable(change)
            | Self::Park(change)
            | Self::Deliver(_, _, change)
            | Self::Done(_, _, change) => change.args(),
        }
    }
}

/// First, last and how many.
#[must_use]
pub fn span(ids: &[i32]) -> Args {
    let end = |id: Option<&i32>| id.copied().unwrap_or(0);
    [end(ids.first()), end(ids.last()), ids.len() as i32]
}

/// Kinds of durable records: the order service's, the relay's, the broker's, the consumer's.
pub static RECORDS: &[Kind] = &[
    Kind::command("commit"),
    Kind::command("commit-alone"),
    Kind::event("sent"),
    Kind::undo("parked"),
    Kind::event("cleaned"),
    Kind::command("released"),
    Kind::event("cursor"),
    Kind::event("appended"),
    Kind::event("offset"),
    Kind::event("effect"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const COMMIT: u8 = 0;
    pub const COMMIT_ALONE: u8 = 1;
    pub const SENT: u8 = 2;
    pub const PARKED: u8 = 3;
    pub const CLEANED: u8 = 4;
    pub const RELEASED: u8 = 5;
    pub const CURSOR: u8 = 6;
    pub const APPENDED: u8 = 7;
    pub const OFFSET: u8 = 8;
    pub const EFFECT: u8 = 9;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("next-request"),
    Kind::query("ask-again"),
    Kind::query("work"),
    Kind::query("publish-again"),
    Kind::query("wake"),
    Kind::query("scan"),
    Kind::query("session"),
    Kind::query("poll"),
    Kind::query("retry"),
    Kind::query("redeliver"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const NEXT_REQUEST: u8 = 0;
    pub const ASK_AGAIN: u8 = 1;
    pub const WORK: u8 = 2;
    pub const PUBLISH_AGAIN: u8 = 3;
    pub const WAKE: u8 = 4;
    pub const SCAN: u8 = 5;
    pub const SESSION: u8 = 6;
    pub const POLL: u8 = 7;
    pub const RETRY: u8 = 8;
    pub const REDELIVER: u8 = 9;
}

/// Facts of the outside world. Values: order, type, id.
pub static FACTS: &[Kind] = &[
    Kind::event("committed"),
    Kind::failure("rolled-back"),
    Kind::event("published"),
    Kind::failure("parked"),
    Kind::event("packed"),
    Kind::undo("unpacked"),
    Kind::event("nothing-to-unpack"),
];

/// Places in [`FACTS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const COMMITTED: u8 = 0;
    pub const ROLLED_BACK: u8 = 1;
    pub const PUBLISHED: u8 = 2;
    pub const PARKED: u8 = 3;
    pub const PACKED: u8 = 4;
    pub const UNPACKED: u8 = 5;
    pub const NOTHING_TO_UNPACK: u8 = 6;
}

/// What a person can do.
pub static VERBS: &[Kind] =
    &[Kind::command("place-order"), Kind::command("cancel-order"), Kind::command("release-parked")];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const PLACE_ORDER: u8 = 0;
    pub const CANCEL_ORDER: u8 = 1;
    pub const RELEASE_PARKED: u8 = 2;
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

    /// Whether a fact of an event waits to be entered.
    #[must_use]
    pub fn holds(&self, fact: u8, id: i32) -> bool {
        self.0.iter().any(|(f, args)| *f == fact && args[2] == id)
    }

    /// Enters everything into the ledger.
    pub fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}
