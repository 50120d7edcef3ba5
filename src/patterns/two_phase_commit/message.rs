//! What the nodes of two-phase commit say to each other, and the numbers of everything that a
//! recipe can name. The tables of names are in [`super::PATTERN`]; both are append only.

use crate::kernel::{Args, Message};
use crate::parts::database::Tx;

/// A message; each speaks of one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// The coordinator asks a participant to prepare, and to vote.
    Prepare(Tx),
    /// The vote: prepared, and bound to whatever is decided.
    Yes(Tx),
    /// The vote: no, and given up here already.
    No(Tx),
    /// The decision, or the answer to an enquiry: commit.
    Commit(Tx),
    /// A participant has committed.
    Ack(Tx),
    /// The decision, or the answer to an enquiry: abort. Nobody acknowledges it (presumed abort).
    Abort(Tx),
    /// What was decided?
    Inquiry(Tx),
    /// The client wants something; its number becomes the transaction's.
    Order(Tx),
    /// To the client: everything is done.
    OrderConfirmed(Tx),
    /// To the client: nothing was done.
    OrderRefused(Tx),
    /// To another participant that asks: I do not know either.
    InDoubt(Tx),
    /// A participant whose operator had decided otherwise: somebody has to repair this.
    Mixed(Tx),
    /// To the client: committed in part, and under repair.
    OrderMixed(Tx),
}

/// Kinds of messages by number.
#[expect(missing_docs, reason = "the variants of Msg")]
pub mod kind {
    pub const PREPARE: u8 = 0;
    pub const YES: u8 = 1;
    pub const NO: u8 = 2;
    pub const COMMIT: u8 = 3;
    pub const ACK: u8 = 4;
    pub const ABORT: u8 = 5;
    pub const INQUIRY: u8 = 6;
    pub const ORDER: u8 = 7;
    pub const ORDER_CONFIRMED: u8 = 8;
    pub const ORDER_REFUSED: u8 = 9;
    /// The coordinator's step of its own when everybody has acknowledged.
    pub const DONE: u8 = 10;
    pub const IN_DOUBT: u8 = 11;
    pub const MIXED: u8 = 12;
    pub const ORDER_MIXED: u8 = 13;
}

/// Kinds of durable records by number.
pub mod record {
    /// A participant's: the redo, written before it votes yes.
    pub const PREPARED: u8 = 0;
    /// The decision, at the coordinator and at each participant.
    pub const COMMIT: u8 = 1;
    /// A participant's, lazy: nobody waits for it.
    pub const ABORT: u8 = 2;
    /// The coordinator's, lazy: everybody has acknowledged.
    pub const END: u8 = 3;
    /// An operator's decision at a participant.
    pub const HEURISTIC_COMMIT: u8 = 4;
    /// An operator's decision at a participant.
    pub const HEURISTIC_ABORT: u8 = 5;
    /// An operator had decided otherwise than the coordinator: to be repaired.
    pub const MIXED: u8 = 6;
}

/// Kinds of timers by number.
pub mod timer {
    /// The coordinator has waited long enough for votes.
    pub const VOTE: u8 = 0;
    /// A participant asks for the decision.
    pub const INQUIRY: u8 = 1;
    /// The coordinator sends its decision again.
    pub const RESEND: u8 = 2;
    /// The next order is due.
    pub const NEXT_ORDER: u8 = 3;
    /// The client asks what became of its order.
    pub const ANSWER: u8 = 4;
    /// The careless standby loses its patience.
    pub const TAKEOVER: u8 = 5;
}

impl Msg {
    /// The transaction that it is about.
    #[must_use]
    pub const fn tx(&self) -> Tx {
        match *self {
            Self::Prepare(tx)
            | Self::Yes(tx)
            | Self::No(tx)
            | Self::Commit(tx)
            | Self::Ack(tx)
            | Self::Abort(tx)
            | Self::Inquiry(tx)
            | Self::Order(tx)
            | Self::OrderConfirmed(tx)
            | Self::OrderRefused(tx)
            | Self::InDoubt(tx)
            | Self::Mixed(tx)
            | Self::OrderMixed(tx) => tx,
        }
    }
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Prepare(_) => kind::PREPARE,
            Self::Yes(_) => kind::YES,
            Self::No(_) => kind::NO,
            Self::Commit(_) => kind::COMMIT,
            Self::Ack(_) => kind::ACK,
            Self::Abort(_) => kind::ABORT,
            Self::Inquiry(_) => kind::INQUIRY,
            Self::Order(_) => kind::ORDER,
            Self::OrderConfirmed(_) => kind::ORDER_CONFIRMED,
            Self::OrderRefused(_) => kind::ORDER_REFUSED,
            Self::InDoubt(_) => kind::IN_DOUBT,
            Self::Mixed(_) => kind::MIXED,
            Self::OrderMixed(_) => kind::ORDER_MIXED,
        }
    }

    fn args(&self) -> Args {
        [self.tx(), 0, 0]
    }
}

/// Verbs by number.
pub mod verb {
    /// The client places another order.
    pub const PLACE_ORDER: u8 = 0;
    /// An operator at a participant in doubt has it commit.
    pub const FORCE_COMMIT: u8 = 1;
    /// An operator at a participant in doubt has it abort.
    pub const FORCE_ABORT: u8 = 2;
}
