//! What a step did, for the trace.

use super::id::{Args, MsgId, NodeId};
use super::limits::Limit;
use super::machine::{Interference, Timer};
use super::time::{SimTime, Span};

/// Why a message was lost.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lost {
    /// The fault script dropped it.
    Dropped,
    /// The network lost it (loss rate of the recipe).
    Network,
    /// The link is cut.
    Cut,
    /// Its receiver is down.
    Down,
    /// Its receiver crashed before handling it.
    Crashed,
}

/// One thing that happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the same few fields everywhere: node, from, to, msg, kind, args")]
pub enum What {
    /// The node started.
    Started { node: NodeId },
    /// A message left.
    Sent { msg: MsgId, from: NodeId, to: NodeId, kind: u8, args: Args },
    /// A message was delivered; what follows in the step is its handling.
    Delivered { msg: MsgId, from: NodeId, to: NodeId, kind: u8, args: Args },
    /// A message will never be delivered.
    Lost { msg: MsgId, from: NodeId, to: NodeId, kind: u8, args: Args, why: Lost },
    /// A second copy of a message is on its way.
    Duplicated { msg: MsgId, copy: MsgId, from: NodeId, to: NodeId, kind: u8, args: Args },
    /// A message arrived and is held on the link for longer.
    Delayed { msg: MsgId, from: NodeId, to: NodeId, kind: u8, args: Args, by: Span },
    /// The outside world interferes with the handling of the message just delivered.
    Interfered { node: NodeId, kind: u8, how: Interference },
    /// A step of one node alone.
    Local { node: NodeId, kind: u8, args: Args },
    /// A write was asked for.
    Writing { node: NodeId, record: u8, args: Args },
    /// A write is on disk.
    Written { node: NodeId, record: u8, args: Args },
    /// The disk refused a write.
    Refused { node: NodeId, record: u8, args: Args },
    /// A timer ran out.
    Fired { node: NodeId, timer: Timer },
    /// A fact of the outside world.
    Observed { node: NodeId, fact: u8, args: Args },
    /// A person did something of the domain.
    Commanded { node: NodeId, verb: u8, value: i32 },
    /// The node lost its memory; its disk stays.
    Crashed { node: NodeId },
    /// The node runs again.
    Restarted { node: NodeId },
    /// The node stands still: alive, and silent.
    Paused { node: NodeId },
    /// The node goes on.
    Resumed { node: NodeId },
    /// The link from one node to another carries nothing any more.
    Cut { from: NodeId, to: NodeId },
    /// The link carries again.
    Healed { from: NodeId, to: NodeId },
    /// The link takes so many times longer than usual (1: as usual).
    Slowed { from: NodeId, to: NodeId, factor: u16 },
    /// A limit was reached; the run ends here.
    Limited { limit: Limit },
}

impl What {
    /// The node it happened at: the sender for what is sent, the receiver for what arrives.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match *self {
            Self::Sent { from, .. } => Some(from),
            Self::Delivered { to, .. } | Self::Lost { to, .. } => Some(to),
            Self::Duplicated { to, .. } | Self::Delayed { to, .. } => Some(to),
            Self::Cut { from, .. } | Self::Healed { from, .. } | Self::Slowed { from, .. } => Some(from),
            Self::Started { node }
            | Self::Interfered { node, .. }
            | Self::Local { node, .. }
            | Self::Writing { node, .. }
            | Self::Written { node, .. }
            | Self::Refused { node, .. }
            | Self::Fired { node, .. }
            | Self::Observed { node, .. }
            | Self::Commanded { node, .. }
            | Self::Crashed { node }
            | Self::Restarted { node }
            | Self::Paused { node }
            | Self::Resumed { node } => Some(node),
            Self::Limited { .. } => None,
        }
    }
}

/// One thing that happened, and what brought it about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceEvent {
    /// What happened.
    pub what: What,
    /// The place in the trace of the event that caused it: for a delivery its sending, for a write
    /// its request, for anything else in a step the step's first event. `None`: from outside.
    pub cause: Option<u32>,
}

/// Where a world writes what happens. The world runs without one, faster.
pub trait TraceSink {
    /// A step begins at this time.
    fn step(&mut self, at: SimTime);
    /// Something happened in the step; returns its place in the trace.
    fn event(&mut self, event: TraceEvent) -> u32;
}

/// Events alone, one after another.
impl TraceSink for Vec<TraceEvent> {
    fn step(&mut self, _: SimTime) {}
    fn event(&mut self, event: TraceEvent) -> u32 {
        self.push(event);
        (self.len() - 1) as u32
    }
}
