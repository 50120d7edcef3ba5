//! What the nodes say to each other, what they write, what they enter into the ledger: the numbers
//! of all kinds. A number is a place in the lists here, which are append only, as links hold it.

use crate::kernel::{Args, Ctx, Message};
use crate::parts::broker::{Generation, Offset, Partition, Stamp, Tag};
use crate::patterns::pattern::Kind;

/// The event: a customer placed an order. Its number is the event's id, which stays the same however
/// often it is sent (CloudEvents' `source` and `id`); the customer is its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Placed {
    /// The order, counted from 1.
    pub order: i32,
    /// The customer, counted from 1; 0 for the textbook's event, which has none.
    pub customer: i32,
}

impl Placed {
    const fn textbook(self) -> bool {
        self.customer == 0
    }
}

/// An event as it is handed to a consumer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Item {
    /// Its offset in the partition, or its delivery tag.
    pub place: u32,
    /// The event.
    pub placed: Placed,
    /// How often it came back before: what a queue counts. Always 0 from a log, which counts nothing.
    pub returned: u16,
    /// An earlier event of its customer lies among the dead letters.
    pub parked: bool,
}

/// How the database answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// The card is charged.
    Charged,
    /// It was charged for this order before: the event's id is in the table.
    Already,
    /// The token is older than one that was seen.
    Fenced,
    /// Failed for a reason that may pass.
    TryAgain,
    /// Refused on business grounds; asking again will not help.
    Declined,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// The producer to the broker.
    Produce {
        /// The event.
        placed: Placed,
        /// Which partition, by the producer's choice.
        partition: Partition,
        /// From an idempotent producer.
        stamp: Option<Stamp>,
    },
    /// It is on disk; how many partitions there are now.
    Produced(Placed, u8),
    /// An event before it is missing.
    OutOfOrder(Placed),
    /// The broker to a consumer.
    HandOut {
        /// The group's generation.
        generation: Generation,
        /// The partition; 0 from a queue.
        partition: Partition,
        /// One or more events, in order.
        items: Vec<Item>,
    },
    /// The offset that a group stands at is gone: the oldest that is there.
    OutOfRange(Partition, Offset),
    /// A consumer to the database, with its generation as fencing token.
    Charge(Placed, Generation),
    /// The database answers.
    Answer(Placed, Answer),
    /// A consumer is done with everything before an offset.
    Commit(Commit),
    /// The offset is on disk.
    Committed(Generation, Partition, Offset),
    /// The offset was not taken: who commits is no member, or of an older generation.
    Denied(Generation, Partition, Offset),
    /// A consumer of a queue is done with a message.
    Ack(Tag, Placed),
    /// It is not: once more, please.
    Nack(Tag, Placed),
    /// It never will be.
    Reject(Tag, Placed),
    /// A consumer that is at work says that it lives.
    Heartbeat(Generation),
    /// A consumer wants to be a member.
    Join,
    /// A member's partitions, and the offset to go on at in each.
    Assigned(Generation, Vec<(Partition, Offset)>),
    /// A consumer of a queue is a member.
    Subscribed(Generation),
    /// A consumer gives up its membership.
    Leave,
    /// A consumer is no member any more.
    Evicted(Generation),
    /// A consumer puts an event aside.
    DeadLetter(Placed),
    /// It lies among the dead letters.
    DeadLettered(Placed),
    /// A consumer publishes its result.
    Receipt(Placed),
    /// The result is on disk.
    ReceiptStored(Placed),
}

/// A consumer is done with everything of a partition before an offset.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Commit {
    /// The generation it believes in.
    pub generation: Generation,
    /// Which partition.
    pub partition: Partition,
    /// The offset to go on at.
    pub next: Offset,
    /// Results to be stored in the same transaction.
    pub receipts: Vec<Placed>,
}

/// Kinds of messages: the textbook's first.
pub static MESSAGES: &[Kind] = &[
    Kind::event("publish"),
    Kind::event("deliver"),
    Kind::command("process"),
    Kind::event("produce"),
    Kind::event("produced"),
    Kind::failure("out-of-order"),
    Kind::event("hand-out"),
    Kind::command("handle"),
    Kind::failure("out-of-range"),
    Kind::command("charge"),
    Kind::event("charged"),
    Kind::event("already-charged"),
    Kind::failure("fenced"),
    Kind::failure("try-again"),
    Kind::failure("declined"),
    Kind::command("commit"),
    Kind::event("committed"),
    Kind::failure("denied"),
    Kind::event("ack"),
    Kind::failure("nack"),
    Kind::failure("reject"),
    Kind::query("heartbeat"),
    Kind::command("join"),
    Kind::event("assigned"),
    Kind::command("leave"),
    Kind::failure("evicted"),
    Kind::failure("dead-letter"),
    Kind::event("dead-lettered"),
    Kind::event("receipt"),
    Kind::event("receipt-stored"),
    Kind::command("transaction"),
    Kind::event("subscribed"),
];

/// Places in [`MESSAGES`] of steps that a consumer takes on its own.
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod local {
    pub const PROCESS: u8 = 2;
    pub const HANDLE: u8 = 7;
}

/// Kinds of durable records: the broker's, then the database's.
pub static RECORDS: &[Kind] = &[
    Kind::event("event"),
    Kind::command("offset"),
    Kind::event("removal"),
    Kind::failure("return"),
    Kind::failure("dead-letter"),
    Kind::event("receipt"),
    Kind::command("members"),
    Kind::command("partitions"),
    Kind::undo("replay"),
    Kind::undo("rewind"),
    Kind::command("transaction"),
    Kind::event("charge"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const EVENT: u8 = 0;
    pub const OFFSET: u8 = 1;
    pub const REMOVAL: u8 = 2;
    pub const RETURN: u8 = 3;
    pub const DEAD_LETTER: u8 = 4;
    pub const RECEIPT: u8 = 5;
    pub const MEMBERS: u8 = 6;
    pub const PARTITIONS: u8 = 7;
    pub const REPLAY: u8 = 8;
    pub const REWIND: u8 = 9;
    pub const TRANSACTION: u8 = 10;
    pub const CHARGE: u8 = 11;
}

/// Kinds of timers: the producer's, the consumers', the broker's.
pub static TIMERS: &[Kind] = &[
    Kind::query("next-event"),
    Kind::query("resend"),
    Kind::failure("give-up"),
    Kind::command("work"),
    Kind::query("no-answer"),
    Kind::query("retry"),
    Kind::query("heartbeat"),
    Kind::failure("max-poll"),
    Kind::query("join"),
    Kind::failure("session"),
    Kind::query("hand-out-again"),
    Kind::query("evict-again"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const NEXT_EVENT: u8 = 0;
    pub const RESEND: u8 = 1;
    pub const GIVE_UP: u8 = 2;
    pub const WORK: u8 = 3;
    pub const NO_ANSWER: u8 = 4;
    pub const RETRY: u8 = 5;
    pub const HEARTBEAT: u8 = 6;
    pub const MAX_POLL: u8 = 7;
    pub const JOIN: u8 = 8;
    pub const SESSION: u8 = 9;
    pub const HAND_OUT_AGAIN: u8 = 10;
    pub const EVICT_AGAIN: u8 = 11;
}

/// Facts of the outside world. Values: the order; the customer; the group, or else what the fact's
/// text says.
pub static FACTS: &[Kind] = &[
    Kind::event("published"),
    Kind::failure("given-up"),
    Kind::event("stored"),
    Kind::event("effect"),
    Kind::failure("failed"),
    Kind::failure("dead-lettered"),
    Kind::failure("skipped"),
    Kind::undo("replayed"),
    Kind::event("receipt"),
    Kind::failure("fenced"),
    Kind::failure("deleted"),
];

/// Places in [`FACTS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const PUBLISHED: u8 = 0;
    pub const GIVEN_UP: u8 = 1;
    pub const STORED: u8 = 2;
    pub const EFFECT: u8 = 3;
    pub const FAILED: u8 = 4;
    pub const DEAD_LETTERED: u8 = 5;
    pub const SKIPPED: u8 = 6;
    pub const REPLAYED: u8 = 7;
    pub const RECEIPT: u8 = 8;
    pub const FENCED: u8 = 9;
    pub const DELETED: u8 = 10;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[
    Kind::command("publish"),
    Kind::command("repair"),
    Kind::command("replay"),
    Kind::command("rewind"),
    Kind::command("add-partition"),
];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const PUBLISH: u8 = 0;
    pub const REPAIR: u8 = 1;
    pub const REPLAY: u8 = 2;
    pub const REWIND: u8 = 3;
    pub const ADD_PARTITION: u8 = 4;
}

/// Facts that became true with a write and are not in the ledger yet. A write is on disk before its
/// node hears of it, and a crash can come in between: the fact is a fact all the same, and is
/// entered when the node runs again. Hence this survives a crash.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Something became true of an event.
    pub fn add(&mut self, fact: u8, placed: Placed, more: i32) {
        self.0.push((fact, [placed.order, placed.customer, more]));
    }

    /// Enters everything into the ledger.
    pub fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Produce { placed, .. } if placed.textbook() => 0,
            Self::HandOut { items, .. } if items.first().is_some_and(|i| i.placed.textbook()) => 1,
            Self::Produce { .. } => 3,
            Self::Produced(..) => 4,
            Self::OutOfOrder(_) => 5,
            Self::HandOut { .. } => 6,
            Self::OutOfRange(..) => 8,
            Self::Charge(..) => 9,
            Self::Answer(_, Answer::Charged) => 10,
            Self::Answer(_, Answer::Already) => 11,
            Self::Answer(_, Answer::Fenced) => 12,
            Self::Answer(_, Answer::TryAgain) => 13,
            Self::Answer(_, Answer::Declined) => 14,
            Self::Commit(commit) if !commit.receipts.is_empty() => 30,
            Self::Commit(_) => 15,
            Self::Committed(..) => 16,
            Self::Denied(..) => 17,
            Self::Ack(..) => 18,
            Self::Nack(..) => 19,
            Self::Reject(..) => 20,
            Self::Heartbeat(_) => 21,
            Self::Join => 22,
            Self::Assigned(..) => 23,
            Self::Leave => 24,
            Self::Evicted(_) => 25,
            Self::DeadLetter(_) => 26,
            Self::DeadLettered(_) => 27,
            Self::Receipt(_) => 28,
            Self::ReceiptStored(_) => 29,
            Self::Subscribed(_) => 31,
        }
    }

    /// Events: the order, the customer, and the partition, the number of events, or the generation.
    /// Offsets: the offset, the partition, the generation. Membership: how many partitions, whether
    /// they are one, the generation.
    fn args(&self) -> Args {
        match *self {
            Self::Produce { placed, partition, .. } => {
                [placed.order, placed.customer, i32::from(partition)]
            }
            Self::HandOut { ref items, .. } => {
                let placed = items.first().map_or(Placed { order: 0, customer: 0 }, |i| i.placed);
                [placed.order, placed.customer, items.len() as i32]
            }
            Self::Charge(placed, generation) => [placed.order, placed.customer, i32::from(generation)],
            Self::Produced(placed, _)
            | Self::OutOfOrder(placed)
            | Self::Answer(placed, _)
            | Self::Ack(_, placed)
            | Self::Nack(_, placed)
            | Self::Reject(_, placed)
            | Self::DeadLetter(placed)
            | Self::DeadLettered(placed)
            | Self::Receipt(placed)
            | Self::ReceiptStored(placed) => [placed.order, placed.customer, 0],
            Self::Commit(Commit { generation, partition, next, .. })
            | Self::Committed(generation, partition, next)
            | Self::Denied(generation, partition, next) => {
                [next as i32, i32::from(partition), i32::from(generation)]
            }
            Self::OutOfRange(partition, start) => [start as i32, i32::from(partition), 0],
            Self::Heartbeat(generation) | Self::Evicted(generation) | Self::Subscribed(generation) => {
                [0, 0, i32::from(generation)]
            }
            Self::Assigned(generation, ref partitions) => {
                [partitions.len() as i32, 0, i32::from(generation)]
            }
            Self::Join | Self::Leave => [0; 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_kinds_that_the_list_names() {
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        let shop = Placed { order: 1, customer: 2 };
        let book = Placed { order: 1, customer: 0 };
        let produce = |placed| Msg::Produce { placed, partition: 0, stamp: None };
        let item = |placed| Item { place: 0, placed, returned: 0, parked: false };
        let hand_out = |placed| Msg::HandOut { generation: 1, partition: 0, items: vec![item(placed)] };
        let commit = |receipts| Msg::Commit(Commit { generation: 1, partition: 0, next: 1, receipts });
        assert_eq!((id(produce(book)), id(produce(shop))), ("publish", "produce"));
        assert_eq!((id(hand_out(book)), id(hand_out(shop))), ("deliver", "hand-out"));
        assert_eq!((id(commit(vec![])), id(commit(vec![shop]))), ("commit", "transaction"));
        assert_eq!(id(Msg::Answer(shop, Answer::Declined)), "declined");
        assert_eq!(id(Msg::ReceiptStored(shop)), "receipt-stored");
        assert_eq!(id(Msg::Evicted(1)), "evicted");
    }
}
