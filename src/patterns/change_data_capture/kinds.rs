//! What the nodes write, what they wait for, what they enter into the ledger, what a person can do:
//! the numbers of all kinds but messages. A number is a place in the lists here, which are append
//! only, as links hold it.

use super::message::Msg;
use crate::kernel::{Args, Ctx};
use crate::patterns::pattern::Kind;

/// Kinds of durable records: the database's, the broker's, the consumers'.
pub static RECORDS: &[Kind] = &[
    Kind::command("commit"),
    Kind::command("schema"),
    Kind::command("slot"),
    Kind::event("confirmed"),
    Kind::command("watermark"),
    Kind::failure("failed-over"),
    Kind::command("session"),
    Kind::event("appended"),
    Kind::event("appended-with-offset"),
    Kind::event("offset"),
    Kind::undo("compacted"),
    Kind::event("progress"),
    Kind::event("applied"),
    Kind::failure("dead-letter"),
    Kind::command("upgraded"),
];

/// Places in [`RECORDS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod record {
    pub const COMMIT: u8 = 0;
    pub const SCHEMA: u8 = 1;
    pub const SLOT: u8 = 2;
    pub const CONFIRMED: u8 = 3;
    pub const WATERMARK: u8 = 4;
    pub const FAILED_OVER: u8 = 5;
    pub const SESSION: u8 = 6;
    pub const APPENDED: u8 = 7;
    pub const APPENDED_WITH_OFFSET: u8 = 8;
    pub const OFFSET: u8 = 9;
    pub const COMPACTED: u8 = 10;
    pub const PROGRESS: u8 = 11;
    pub const APPLIED: u8 = 12;
    pub const DEAD_LETTER: u8 = 13;
    pub const UPGRADED: u8 = 14;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::query("next-write"),
    Kind::query("ask-again"),
    Kind::query("visible"),
    Kind::query("resend"),
    Kind::query("sender-timeout"),
    Kind::query("tell"),
    Kind::query("retry"),
    Kind::query("produce-again"),
    Kind::query("flush"),
    Kind::query("redeliver"),
    Kind::query("delete-retention"),
    Kind::query("read-again"),
    Kind::query("chunk-again"),
    Kind::query("flush-again"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const NEXT_WRITE: u8 = 0;
    pub const ASK_AGAIN: u8 = 1;
    pub const VISIBLE: u8 = 2;
    pub const RESEND: u8 = 3;
    pub const SENDER_TIMEOUT: u8 = 4;
    pub const TELL: u8 = 5;
    pub const RETRY: u8 = 6;
    pub const PRODUCE_AGAIN: u8 = 7;
    pub const FLUSH: u8 = 8;
    pub const REDELIVER: u8 = 9;
    pub const DELETE_RETENTION: u8 = 10;
    pub const READ_AGAIN: u8 = 11;
    pub const CHUNK_AGAIN: u8 = 12;
    pub const FLUSH_AGAIN: u8 = 13;
}

/// Facts of the outside world. Values: key, op, position.
pub static FACTS: &[Kind] = &[
    Kind::event("committed"),
    Kind::failure("turned-away"),
    Kind::command("slot-made"),
    Kind::failure("slot-lost"),
    Kind::event("published"),
    Kind::event("applied"),
    Kind::event("known"),
    Kind::failure("dead-letter"),
    Kind::event("snapshot-done"),
];

/// Places in [`FACTS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod fact {
    pub const COMMITTED: u8 = 0;
    pub const TURNED_AWAY: u8 = 1;
    pub const SLOT_MADE: u8 = 2;
    pub const SLOT_LOST: u8 = 3;
    pub const PUBLISHED: u8 = 4;
    pub const APPLIED: u8 = 5;
    pub const KNOWN: u8 = 6;
    pub const DEAD_LETTER: u8 = 7;
    pub const SNAPSHOT_DONE: u8 = 8;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[
    Kind::command("insert"),
    Kind::command("update"),
    Kind::command("delete"),
    Kind::command("add-column"),
    Kind::command("rename-column"),
    Kind::command("stop"),
    Kind::command("start"),
    Kind::command("snapshot"),
    Kind::command("compact"),
    Kind::command("fail-over"),
    Kind::command("upgrade"),
    Kind::command("join"),
];

/// Places in [`VERBS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod verb {
    pub const INSERT: u8 = 0;
    pub const UPDATE: u8 = 1;
    pub const DELETE: u8 = 2;
    pub const ADD_COLUMN: u8 = 3;
    pub const RENAME_COLUMN: u8 = 4;
    pub const STOP: u8 = 5;
    pub const START: u8 = 6;
    pub const SNAPSHOT: u8 = 7;
    pub const COMPACT: u8 = 8;
    pub const FAIL_OVER: u8 = 9;
    pub const UPGRADE: u8 = 10;
    pub const JOIN: u8 = 11;
}

/// Facts that became true with a write and are not in the ledger yet. A write is on disk before its
/// node hears of it, and a crash can come in between: the fact is a fact all the same, and is
/// entered when the node runs again. Hence this survives a crash.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

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
