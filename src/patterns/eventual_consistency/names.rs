//! The numbers of everything that a recipe can name. Each is a place in a list here; the lists are
//! append only, as links hold the numbers.

use crate::patterns::pattern::Kind;

/// Kinds of messages, as [`super::message::Msg`] numbers them.
pub static MESSAGES: &[Kind] = &[
    Kind::command("sell"),
    Kind::event("sold"),
    Kind::failure("not-sold"),
    Kind::event("update"),
    Kind::event("received"),
    Kind::query("read"),
    Kind::query("look"),
    Kind::event("values"),
    Kind::failure("behind"),
    Kind::query("fetch"),
    Kind::event("fill"),
    Kind::command("publish"),
    Kind::event("stored"),
    Kind::event("deliver"),
    Kind::event("ack"),
    Kind::failure("reject"),
    Kind::query("seen"),
    Kind::event("not-seen"),
    Kind::event("seen-before"),
    Kind::command("effect"),
    Kind::command("mark"),
    Kind::command("apply"),
    Kind::event("applied"),
    Kind::event("duplicate"),
    Kind::failure("conflict"),
    Kind::failure("fenced"),
    Kind::failure("mismatch"),
    Kind::query("get"),
    Kind::event("version"),
    Kind::command("put"),
    Kind::event("put-done"),
    Kind::failure("put-conflict"),
    Kind::command("call"),
    Kind::event("answered"),
    Kind::failure("failed"),
];

/// Kinds of durable records.
pub static RECORDS: &[Kind] = &[
    Kind::command("sale"),
    Kind::event("replicated"),
    Kind::command("queued"),
    Kind::command("effect"),
    Kind::command("mark"),
    Kind::command("both"),
    Kind::query("fence"),
    Kind::event("dequeued"),
    Kind::failure("aside"),
    Kind::command("epoch"),
];

/// Places in [`RECORDS`].
pub mod record {
    /// A replica's own write, with its rows of the outbox.
    pub const SALE: u8 = 0;
    /// Another replica's write, taken over.
    pub const REPLICATED: u8 = 1;
    /// A message in the queue.
    pub const QUEUED: u8 = 2;
    /// A consumer's effect alone.
    pub const EFFECT: u8 = 3;
    /// A row of the inbox alone.
    pub const MARK: u8 = 4;
    /// Effect and row in one transaction.
    pub const BOTH: u8 = 5;
    /// The newest delivery of a message that asked.
    pub const FENCE: u8 = 6;
    /// A message was acknowledged and leaves the queue.
    pub const DEQUEUED: u8 = 7;
    /// A message is put aside for a person.
    pub const ASIDE: u8 = 8;
    /// The queue was started again: numbers of deliveries go on above all earlier ones.
    pub const EPOCH: u8 = 9;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::command("next-order"),
    Kind::query("answer"),
    Kind::query("read-timeout"),
    Kind::command("resend"),
    Kind::undo("ttl"),
    Kind::query("publish"),
    Kind::command("redeliver"),
    Kind::command("back-off"),
    Kind::failure("call-timeout"),
];

/// Places in [`TIMERS`].
pub mod timer {
    /// The client: time for the next order.
    pub const NEXT_ORDER: u8 = 0;
    /// The client: no answer to a sale yet; or the wait before it is sent again.
    pub const ANSWER: u8 = 1;
    /// The client: no answer to a read.
    pub const READ: u8 = 2;
    /// A replica: nobody has confirmed an update yet.
    pub const RESEND: u8 = 3;
    /// A cache: an entry is too old.
    pub const TTL: u8 = 4;
    /// A producer: the queue has not confirmed yet.
    pub const PUBLISH: u8 = 5;
    /// The queue: a delivery was not acknowledged.
    pub const REDELIVER: u8 = 6;
    /// One of a crowd, or a layer: the wait before the next attempt is over.
    pub const BACK_OFF: u8 = 7;
    /// A layer: the next one has not answered.
    pub const CALL: u8 = 8;
}

/// Facts of the outside world.
pub static FACTS: &[Kind] = &[
    Kind::event("sold"),
    Kind::event("confirmed"),
    Kind::event("read-fresh"),
    Kind::query("read-stale"),
    Kind::failure("own-write-missing"),
    Kind::failure("read-went-back"),
    Kind::failure("read-gap"),
    Kind::failure("went-back"),
    Kind::event("accepted"),
    Kind::event("effect"),
    Kind::query("superseded"),
    Kind::failure("rejected"),
    Kind::event("through"),
    Kind::event("served"),
    Kind::failure("given-up"),
];

/// Places in [`FACTS`].
pub mod fact {
    /// An item was sold at a replica: the wish, the item, the replica's number.
    pub const SOLD: u8 = 0;
    /// A customer was told so: the wish, the item.
    pub const CONFIRMED: u8 = 1;
    /// Somebody read the newest state: the read, then how many of each item were sold.
    pub const READ_FRESH: u8 = 2;
    /// Somebody read an older state, which the pattern allows: the read, the item, writes behind.
    pub const READ_STALE: u8 = 3;
    /// A customer does not see what they wrote: the read, the item, the write that is missing.
    pub const OWN_MISSING: u8 = 4;
    /// Somebody sees less than they saw before: as above.
    pub const READ_BACK: u8 = 5;
    /// Somebody sees a write and not one before it: the read, the item, the write that is missing.
    pub const READ_GAP: u8 = 6;
    /// A newer state was overwritten by an older one: the item or row, the newer, the older.
    pub const WENT_BACK: u8 = 7;
    /// The queue has a message on disk: the message, its amount.
    pub const ACCEPTED: u8 = 8;
    /// A message has had its effect: the message, its amount, the consumer.
    pub const EFFECT: u8 = 9;
    /// A message came too late to matter: as above.
    pub const SUPERSEDED: u8 = 10;
    /// A message was put aside for a person: as above.
    pub const REJECTED: u8 = 11;
    /// One of a crowd is through: who, after how many attempts.
    pub const THROUGH: u8 = 12;
    /// A request came back answered: the request.
    pub const SERVED: u8 = 13;
    /// A request came back unanswered: the request.
    pub const GIVEN_UP: u8 = 14;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[
    Kind::command("sell"),
    Kind::command("sell-elsewhere"),
    Kind::query("read"),
    Kind::query("look"),
    Kind::command("publish"),
    Kind::failure("reuse-key"),
    Kind::command("replay"),
    Kind::command("ask"),
];

/// Places in [`VERBS`].
pub mod verb {
    /// At the client: buy an item at the first replica.
    pub const SELL: u8 = 0;
    /// At the client: buy an item at the second.
    pub const SELL_ELSEWHERE: u8 = 1;
    /// At the client: the customer reads.
    pub const READ: u8 = 2;
    /// At the client: a visitor reads.
    pub const LOOK: u8 = 3;
    /// At the producer: another order.
    pub const PUBLISH: u8 = 4;
    /// At the producer: another content under the newest key, by mistake.
    pub const REUSE_KEY: u8 = 5;
    /// At the queue: deliver an old message once more.
    pub const REPLAY: u8 = 6;
    /// At the client of the layers: another request.
    pub const ASK: u8 = 7;
}
