//! What the nodes say to each other. A message's number is a place in the list here, which is append
//! only, as links hold it; the numbers of everything else stand in [`super::kinds`].

pub use super::kinds::{Facts, fact, record, timer, verb};
use crate::kernel::{Args, Message};
use crate::parts::broker::{Offset, Partition};
use crate::patterns::pattern::Kind;

/// A position in the database's log, counted from 1 (PostgreSQL's LSN counts bytes).
pub type Lsn = i32;

/// A primary key of the table.
pub type Key = i32;

/// The envelope's `op`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Op {
    /// `c`: a row was inserted.
    Create,
    /// `u`: a row was updated.
    Update,
    /// `d`: a row was deleted.
    Delete,
    /// `r`: a row was read by a snapshot.
    Read,
    /// No envelope at all: key and null, so that compaction can forget the key.
    Tombstone,
}

impl Op {
    /// Its number in texts (`op.<n>`).
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Whether it tells of a change, and not of a reading.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}

/// A change event: Debezium's envelope, without `ts_ms`, as no machine here sees a clock. `source`
/// is the position in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Envelope {
    /// What happened to the row.
    pub op: Op,
    /// The row, and the key of the record.
    pub key: Key,
    /// The row's amount before.
    pub before: Option<i32>,
    /// The row's amount after.
    pub after: Option<i32>,
    /// Where the log says so; for a row that was read, the position at which it was read.
    pub lsn: Lsn,
    /// Version of the table's schema.
    pub schema: u8,
    /// The oldest version that a reader must know to read it.
    pub needs: u8,
}

impl Envelope {
    /// What follows a delete.
    #[must_use]
    pub const fn tombstone(&self) -> Self {
        Self { op: Op::Tombstone, before: None, after: None, ..*self }
    }

    /// What a reader wants to know of it: key, op, position.
    #[must_use]
    pub const fn args(&self) -> Args {
        [self.key, self.op.number(), self.lsn]
    }
}

/// What stands in the database's log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// A row changed.
    Change(Envelope),
    /// The low watermark of a chunk: a row of the signal table.
    Low(Lsn, u32),
    /// The high watermark of a chunk.
    High(Lsn, u32),
}

impl Entry {
    /// Its position.
    #[must_use]
    pub const fn lsn(&self) -> Lsn {
        match self {
            Self::Change(envelope) => envelope.lsn,
            Self::Low(lsn, _) | Self::High(lsn, _) => *lsn,
        }
    }
}

/// What somebody wants from the database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Want {
    /// `INSERT`.
    Insert(Key),
    /// `UPDATE … SET amount = amount + 10`.
    Update(Key),
    /// `DELETE`.
    Delete(Key),
    /// `ALTER TABLE`; whether readers of the old schema can no longer read the rows.
    Alter(bool),
}

impl Want {
    /// The row it is about.
    #[must_use]
    pub const fn key(self) -> Key {
        match self {
            Self::Insert(key) | Self::Update(key) | Self::Delete(key) => key,
            Self::Alter(_) => 0,
        }
    }

    const fn args(self) -> Args {
        match self {
            Self::Insert(key) => [key, 0, 0],
            Self::Update(key) => [key, 1, 0],
            Self::Delete(key) => [key, 2, 0],
            Self::Alter(breaking) => [0, if breaking { 6 } else { 5 }, 0],
        }
    }
}

/// Who produces: the broker knows a second attempt, and a predecessor, by it. A later one is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Session {
    /// The producer's id.
    pub producer: u8,
    /// Its epoch.
    pub epoch: u16,
}

/// A record on its way to the topic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Produce {
    /// Who produces it.
    pub session: Session,
    /// Its number within the session.
    pub sequence: u32,
    /// What it says; an `op` of [`Op::Tombstone`] stands for null.
    pub value: Envelope,
    /// The offset to be stored together with it: exactly-once support.
    pub offset: Option<Lsn>,
    /// Whether its tombstone comes in the same transaction.
    pub pair: bool,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// The application wants something; its number is the idempotency key.
    Write(i32, Want),
    /// It is done.
    Written(i32, Want),
    /// It cannot be done.
    NotWritten(i32, Want),
    /// A worker takes the task, for the nth time, and asks where it stands.
    FindOffset(u32),
    /// The nth time, it is this producer, and so far the task has come.
    Offset(u32, Session, Option<Lsn>),
    /// A slot is to be made for this producer, and a snapshot exported if rows are to be read.
    CreateSlot(Session, bool),
    /// The producer's slot and snapshot stand at this position.
    SlotAt(Session, Lsn),
    /// Rows of the snapshot exported at this position, after this key.
    Scan(Lsn, Key, u16),
    /// Rows of the table as it is now, after this key: a chunk of this number.
    Select(u32, Key, u16),
    /// Rows, the chunk's number (0: of the exported snapshot), and the snapshot's position.
    Rows(u32, Lsn, Vec<(Key, i32)>),
    /// A watermark is to be written: of which chunk, and whether it is the high one.
    Watermark(u32, bool),
    /// Streaming is to start behind this position; the worker has the task for the nth time.
    StartStreaming(u32, Lsn),
    /// The stream starts behind this position.
    Streaming(Lsn),
    /// Somebody else reads this slot.
    InUse,
    /// There is no such slot; whether there was one that lost what it should have kept.
    NoSlot(bool),
    /// The log behind a position.
    Changes(Lsn, Vec<Entry>),
    /// Taken over up to here.
    Received(Lsn),
    /// Safe up to here: the slot need not keep it.
    Confirm(Lsn),
    /// The connection is closed; by a worker, that had the task for the nth time.
    Closed(u32),
    /// A record for the topic.
    Produce(Produce),
    /// The topic has it.
    Stored(Session, u32, Envelope),
    /// A newer producer is known.
    Fenced(Session),
    /// The topic cannot take it now.
    Unavailable(Session, u32),
    /// The task's offset is to be stored.
    Flush(Session, Lsn),
    /// The task's offset is stored.
    Flushed(Lsn),
    /// Another worker has the task now.
    Revoked,
    /// A record from the topic.
    Deliver(Partition, Offset, Envelope),
    /// The consumer is done with it.
    Done(Partition, Offset, Envelope),
    /// A consumer looks into the database itself.
    ReadRow(Key),
    /// What it finds.
    Row(Key, Option<i32>),
}

/// Kinds of messages.
pub static MESSAGES: &[Kind] = &[
    Kind::command("insert"),
    Kind::command("update"),
    Kind::command("delete"),
    Kind::command("alter"),
    Kind::event("written"),
    Kind::failure("not-written"),
    Kind::query("find-offset"),
    Kind::event("offset"),
    Kind::command("create-slot"),
    Kind::event("slot-at"),
    Kind::query("scan"),
    Kind::event("rows"),
    Kind::query("start-streaming"),
    Kind::failure("in-use"),
    Kind::failure("no-slot"),
    Kind::event("changes"),
    Kind::event("received"),
    Kind::event("confirm"),
    Kind::failure("closed"),
    Kind::event("record"),
    Kind::event("tombstone"),
    Kind::event("stored"),
    Kind::failure("fenced"),
    Kind::failure("unavailable"),
    Kind::command("flush"),
    Kind::event("flushed"),
    Kind::failure("revoked"),
    Kind::event("deliver"),
    Kind::event("done"),
    Kind::query("read-row"),
    Kind::event("row"),
    Kind::query("select"),
    Kind::event("chunk"),
    Kind::command("watermark"),
    Kind::event("deliver-tombstone"),
    Kind::event("streaming"),
];

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Write(_, Want::Insert(_)) => 0,
            Self::Write(_, Want::Update(_)) => 1,
            Self::Write(_, Want::Delete(_)) => 2,
            Self::Write(_, Want::Alter(_)) => 3,
            Self::Written(..) => 4,
            Self::NotWritten(..) => 5,
            Self::FindOffset(_) => 6,
            Self::Offset(..) => 7,
            Self::CreateSlot(..) => 8,
            Self::SlotAt(..) => 9,
            Self::Scan(..) => 10,
            Self::Rows(0, ..) => 11,
            Self::StartStreaming(..) => 12,
            Self::Streaming(_) => 35,
            Self::InUse => 13,
            Self::NoSlot(_) => 14,
            Self::Changes(..) => 15,
            Self::Received(_) => 16,
            Self::Confirm(_) => 17,
            Self::Closed(_) => 18,
            Self::Produce(produce) if produce.value.op == Op::Tombstone => 20,
            Self::Produce(_) => 19,
            Self::Stored(..) => 21,
            Self::Fenced(_) => 22,
            Self::Unavailable(..) => 23,
            Self::Flush(..) => 24,
            Self::Flushed(_) => 25,
            Self::Revoked => 26,
            Self::Deliver(_, _, value) if value.op == Op::Tombstone => 34,
            Self::Deliver(..) => 27,
            Self::Done(..) => 28,
            Self::ReadRow(_) => 29,
            Self::Row(..) => 30,
            Self::Select(..) => 31,
            Self::Rows(..) => 32,
            Self::Watermark(..) => 33,
        }
    }

    /// Key, op and position of one event; a position; a key; a number of rows.
    fn args(&self) -> Args {
        match self {
            Self::Write(_, want) | Self::Written(_, want) | Self::NotWritten(_, want) => want.args(),
            Self::Offset(_, _, lsn) => [lsn.unwrap_or(0), 0, 0],
            Self::CreateSlot(_, snapshot) => [i32::from(*snapshot), 0, 0],
            Self::Changes(_, entries) => {
                let lsn = |entry: Option<&Entry>| entry.map_or(0, Entry::lsn);
                [lsn(entries.first()), lsn(entries.last()), entries.len() as i32]
            }
            Self::SlotAt(_, lsn)
            | Self::StartStreaming(_, lsn)
            | Self::Streaming(lsn)
            | Self::Received(lsn)
            | Self::Confirm(lsn)
            | Self::Flush(_, lsn)
            | Self::Flushed(lsn) => [*lsn, 0, 0],
            Self::Scan(lsn, key, limit) => [*key, i32::from(*limit), *lsn],
            Self::Select(chunk, key, limit) => [*key, i32::from(*limit), *chunk as i32],
            Self::Rows(chunk, _, rows) => [rows.len() as i32, 0, *chunk as i32],
            Self::Watermark(chunk, high) => [i32::from(*high), 0, *chunk as i32],
            Self::Produce(Produce { value, .. })
            | Self::Stored(_, _, value)
            | Self::Deliver(_, _, value)
            | Self::Done(_, _, value) => value.args(),
            Self::NoSlot(lost) => [i32::from(*lost), 0, 0],
            Self::ReadRow(key) => [*key, 0, 0],
            Self::Row(key, amount) => [*key, i32::from(amount.is_some()), amount.unwrap_or(0)],
            Self::FindOffset(_)
            | Self::InUse
            | Self::Closed(_)
            | Self::Fenced(_)
            | Self::Unavailable(..)
            | Self::Revoked => [0; 3],
        }
    }
}
