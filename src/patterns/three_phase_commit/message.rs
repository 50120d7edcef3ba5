//! What the nodes of three-phase commit say to each other, and the numbers of everything that a
//! recipe can name. All lists are append only.

use crate::kernel::{Args, Message};
use crate::parts::database::Tx;
use crate::patterns::pattern::Kind;

/// Who leads, and for the how-manieth time: 0 is the coordinator, as everything begins; whoever leads
/// the termination takes a number of its own that is higher than all it has seen.
pub type Round = i32;

/// What a participant knows of a transaction that it has voted yes on, and that is not decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Knowledge {
    /// Its own vote, and nothing of the others'.
    Uncertain,
    /// That all have voted yes.
    Precommitted,
    /// That a leader of most participants wants to abort (quorums alone).
    Preaborted,
}

impl Knowledge {
    /// Its number in a message.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// A message; each speaks of one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// First phase: can you commit?
    CanCommit(Tx),
    /// The vote: prepared.
    Yes(Tx),
    /// The vote: no, and given up here already.
    No(Tx),
    /// Second phase: everybody has voted yes; prepare to commit. From the leader of this round.
    PreCommit(Tx, Round),
    /// The second phase of this round has reached this participant's disk.
    Ack(Tx, Round),
    /// Third phase, or the answer to whoever asks: commit.
    DoCommit(Tx),
    /// A participant has committed.
    HaveCommitted(Tx),
    /// The decision, or the answer to whoever asks: abort.
    Abort(Tx),
    /// Termination: I lead this round; what do you know?
    StateRequest(Tx, Round),
    /// What a participant knows, since which round, and whether it has slept meanwhile. Round 0 answers
    /// an inquiry.
    StateReport {
        /// The transaction.
        tx: Tx,
        /// The round that asked.
        round: Round,
        /// What it knows.
        knows: Knowledge,
        /// The round that it knows it from.
        since: Round,
        /// Whether it has been down since it voted: others may have decided without it.
        recovered: bool,
    },
    /// With quorums: prepare to abort. From the leader of this round.
    PreAbort(Tx, Round),
    /// The client wants something; its number becomes the transaction's.
    Order(Tx),
    /// To the client: it is decided, commit.
    OrderConfirmed(Tx),
    /// To the client: it is decided, abort.
    OrderRefused(Tx),
    /// Who was down asks what was decided.
    Inquiry(Tx),
}

/// Kinds of messages by number.
#[expect(missing_docs, reason = "the variants of Msg")]
pub mod kind {
    pub const CAN_COMMIT: u8 = 0;
    pub const YES: u8 = 1;
    pub const NO: u8 = 2;
    pub const PRE_COMMIT: u8 = 3;
    pub const ACK: u8 = 4;
    pub const DO_COMMIT: u8 = 5;
    pub const HAVE_COMMITTED: u8 = 6;
    pub const ABORT: u8 = 7;
    pub const STATE_REQUEST: u8 = 8;
    pub const STATE_REPORT: u8 = 9;
    pub const PRE_ABORT: u8 = 10;
    pub const ORDER: u8 = 11;
    pub const ORDER_CONFIRMED: u8 = 12;
    pub const ORDER_REFUSED: u8 = 13;
    pub const INQUIRY: u8 = 14;
    /// The coordinator's step of its own when everybody has committed.
    pub const DONE: u8 = 15;
}

/// Messages, by their numbers.
pub(super) const MESSAGES: &[Kind] = &[
    Kind::query("can-commit"),
    Kind::event("yes"),
    Kind::failure("no"),
    Kind::command("pre-commit"),
    Kind::event("ack"),
    Kind::command("do-commit"),
    Kind::event("have-committed"),
    Kind::undo("abort"),
    Kind::query("state-request"),
    Kind::event("state-report"),
    Kind::undo("pre-abort"),
    Kind::command("order"),
    Kind::event("order-confirmed"),
    Kind::failure("order-refused"),
    Kind::query("inquiry"),
    Kind::event("done"),
];

/// Kinds of durable records by number.
pub mod record {
    /// A participant's: the redo, written before it votes yes.
    pub const PREPARED: u8 = 0;
    /// Everybody has voted yes: at the coordinator before it says so, at a participant before it
    /// acknowledges.
    pub const PRECOMMIT: u8 = 1;
    /// The decision.
    pub const COMMIT: u8 = 2;
    /// The decision.
    pub const ABORT: u8 = 3;
    /// The coordinator's, lazy: everybody has committed.
    pub const END: u8 = 4;
    /// A participant's: it follows the leader of this round, and nobody of an earlier one.
    pub const ROUND: u8 = 5;
    /// With quorums: prepared to abort.
    pub const PREABORT: u8 = 6;
}

/// Records, by their numbers.
pub(super) const RECORDS: &[Kind] = &[
    Kind::event("prepared"),
    Kind::event("precommit"),
    Kind::event("commit"),
    Kind::undo("abort"),
    Kind::event("end"),
    Kind::query("round"),
    Kind::undo("preabort"),
];

/// Kinds of timers by number.
pub mod timer {
    /// The coordinator has waited long enough for votes.
    pub const VOTE: u8 = 0;
    /// The coordinator has waited long enough for acknowledgements of the second phase.
    pub const ACK: u8 = 1;
    /// The coordinator sends its decision again.
    pub const RESEND: u8 = 2;
    /// A participant that has voted yes has heard nothing for too long.
    pub const SILENCE: u8 = 3;
    /// Who leads the termination has waited long enough for the others.
    pub const ANSWERS: u8 = 4;
    /// Who was down asks again.
    pub const ASK: u8 = 5;
    /// The next order is due.
    pub const NEXT_ORDER: u8 = 6;
    /// The client asks what became of its order.
    pub const ANSWER: u8 = 7;
}

/// Timers, by their numbers.
pub(super) const TIMERS: &[Kind] = &[
    Kind::failure("vote-timeout"),
    Kind::failure("ack-timeout"),
    Kind::command("resend"),
    Kind::failure("silence"),
    Kind::failure("answers"),
    Kind::query("ask"),
    Kind::command("next-order"),
    Kind::query("answer"),
];

/// Facts of the ledger, in the order of [`crate::parts::shop::Service::fact`].
pub(super) const FACTS: &[Kind] = &[
    Kind::event("data-changed"),
    Kind::event("money-moved"),
    Kind::event("stock-reserved"),
    Kind::event("shipment-booked"),
    Kind::event("points-credited"),
    Kind::event("invoice-issued"),
];

impl Msg {
    /// The transaction that it is about.
    #[must_use]
    pub const fn tx(&self) -> Tx {
        self.words().1[0]
    }

    const fn words(&self) -> (u8, Args) {
        match *self {
            Self::CanCommit(tx) => (kind::CAN_COMMIT, [tx, 0, 0]),
            Self::Yes(tx) => (kind::YES, [tx, 0, 0]),
            Self::No(tx) => (kind::NO, [tx, 0, 0]),
            Self::PreCommit(tx, round) => (kind::PRE_COMMIT, [tx, round, 0]),
            Self::Ack(tx, round) => (kind::ACK, [tx, round, 0]),
            Self::DoCommit(tx) => (kind::DO_COMMIT, [tx, 0, 0]),
            Self::HaveCommitted(tx) => (kind::HAVE_COMMITTED, [tx, 0, 0]),
            Self::Abort(tx) => (kind::ABORT, [tx, 0, 0]),
            Self::StateRequest(tx, round) => (kind::STATE_REQUEST, [tx, round, 0]),
            Self::StateReport { tx, round, knows, .. } => (kind::STATE_REPORT, [tx, round, knows.number()]),
            Self::PreAbort(tx, round) => (kind::PRE_ABORT, [tx, round, 0]),
            Self::Order(tx) => (kind::ORDER, [tx, 0, 0]),
            Self::OrderConfirmed(tx) => (kind::ORDER_CONFIRMED, [tx, 0, 0]),
            Self::OrderRefused(tx) => (kind::ORDER_REFUSED, [tx, 0, 0]),
            Self::Inquiry(tx) => (kind::INQUIRY, [tx, 0, 0]),
        }
    }
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        self.words().0
    }

    fn args(&self) -> Args {
        self.words().1
    }
}
