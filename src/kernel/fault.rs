//! Faults and client actions as data, addressed by cause.
//!
//! "Crash the coordinator after it has written its 1st COMMIT" survives a change of latencies, of
//! the seed, and of other faults; "crash it at 212 ms" does not.

use super::id::NodeId;
use super::time::Span;

/// The moment of a run that an [`Anchor`] speaks of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Point {
    /// The run starts.
    Start,
    /// `node` is about to send `kind` to `peer`.
    BeforeSend,
    /// `node` has sent `kind` to `peer`; what else its handler does has not happened yet.
    AfterSend,
    /// `kind` from `peer` arrives at `node`, which has not handled it yet.
    BeforeHandling,
    /// `node` has handled `kind` from `peer`, and everything that the handler did is done.
    AfterHandling,
    /// `node` has asked its disk for record `kind`; a crash now loses it.
    BeforeWrite,
    /// Record `kind` is on the disk of `node`; the node has not gone on yet.
    AfterWrite,
    /// `node` knows that record `kind` is on disk, and has done what follows from it.
    AfterAcknowledgement,
    /// Timer `kind` of `node` ran out, and was handled.
    AfterTimer,
    /// `node` crashed.
    AfterCrash,
    /// `node` runs again.
    AfterRestart,
    /// `node` started, and has done what follows from it.
    AfterStart,
    /// `kind` from `peer` was lost on its way to `node`.
    AfterLoss,
    /// `kind` from `peer` to `node` arrived and was held on its link.
    AfterHold,
    /// The disk of `node` refused record `kind`, and the node has done what follows from it.
    AfterRefusal,
    /// `node` stands still.
    AfterPause,
    /// `node` goes on.
    AfterResume,
    /// The link from `node` to `peer` was cut.
    AfterCut,
    /// The link from `node` to `peer` was healed.
    AfterHeal,
    /// The link from `node` to `peer` changed its speed.
    AfterSlow,
    /// A person at `node` did `kind`, and the node has done what follows from it.
    AfterCommand,
}

impl Point {
    /// Every point, in the order of links' numbers: append only.
    pub const ALL: [Self; 21] = [
        Self::Start,
        Self::BeforeSend,
        Self::AfterSend,
        Self::BeforeHandling,
        Self::AfterHandling,
        Self::BeforeWrite,
        Self::AfterWrite,
        Self::AfterAcknowledgement,
        Self::AfterTimer,
        Self::AfterCrash,
        Self::AfterRestart,
        Self::AfterStart,
        Self::AfterLoss,
        Self::AfterHold,
        Self::AfterRefusal,
        Self::AfterPause,
        Self::AfterResume,
        Self::AfterCut,
        Self::AfterHeal,
        Self::AfterSlow,
        Self::AfterCommand,
    ];

    /// Whether the point speaks of two nodes.
    #[must_use]
    pub const fn has_peer(self) -> bool {
        matches!(
            self,
            Self::BeforeSend
                | Self::AfterSend
                | Self::BeforeHandling
                | Self::AfterHandling
                | Self::AfterLoss
                | Self::AfterHold
                | Self::AfterCut
                | Self::AfterHeal
                | Self::AfterSlow
        )
    }

    /// Whether the point lies inside a step: a crash there leaves the rest of the step undone. At
    /// any other point, which ends its step, a crash is a step of its own.
    #[must_use]
    pub const fn is_inside(self) -> bool {
        matches!(
            self,
            Self::BeforeSend
                | Self::AfterSend
                | Self::BeforeHandling
                | Self::BeforeWrite
                | Self::AfterWrite
        )
    }
}

/// What the `kind` of an [`Anchor`] is a kind of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The point needs no kind: it is 0.
    Nothing,
    /// A message.
    Message,
    /// A durable record.
    Record,
    /// A timer.
    Timer,
    /// A verb of the domain.
    Verb,
}

impl Point {
    /// What the point's kind is a kind of.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::BeforeSend
            | Self::AfterSend
            | Self::BeforeHandling
            | Self::AfterHandling
            | Self::AfterLoss
            | Self::AfterHold => Subject::Message,
            Self::BeforeWrite | Self::AfterWrite | Self::AfterAcknowledgement | Self::AfterRefusal => {
                Subject::Record
            }
            Self::AfterTimer => Subject::Timer,
            Self::AfterCommand => Subject::Verb,
            Self::Start
            | Self::AfterCrash
            | Self::AfterRestart
            | Self::AfterStart
            | Self::AfterPause
            | Self::AfterResume
            | Self::AfterCut
            | Self::AfterHeal
            | Self::AfterSlow => Subject::Nothing,
        }
    }
}

/// A moment named by its cause: the `nth` time that something happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Anchor {
    /// What kind of moment.
    pub point: Point,
    /// The node it happens at.
    pub node: NodeId,
    /// The other node, where [`Point::has_peer`]; else ignored and equal to `node`.
    pub peer: NodeId,
    /// Kind of message, record or timer; 0 where the point needs none.
    pub kind: u8,
    /// Which occurrence, counted from 1.
    pub nth: u16,
}

/// When an entry acts: at a moment, or a while after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Trigger {
    /// The moment.
    pub anchor: Anchor,
    /// How long after it.
    pub delay: Span,
}

/// What an entry of a script does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Loses the arriving message of the trigger (its anchor is `BeforeHandling`).
    Drop,
    /// Delivers the arriving message, and once more a latency later.
    Duplicate,
    /// Holds the arriving message on its link for this long.
    Delay(Span),
    /// The receiver is to refuse the arriving message on business grounds.
    Refuse,
    /// The receiver is to fail at the arriving message for a passing technical reason.
    Fail,
    /// The disk refuses the write of the trigger (its anchor is `AfterWrite`: instead of it).
    RefuseWrite,
    /// Crashes a node.
    Crash(NodeId),
    /// Starts a crashed node again.
    Restart(NodeId),
    /// Makes a node stand still.
    Pause(NodeId),
    /// Lets a paused node go on.
    Resume(NodeId),
    /// Cuts the link from one node to another, one way.
    Cut(NodeId, NodeId),
    /// Heals the link from one node to another.
    Heal(NodeId, NodeId),
    /// Makes a link so many times slower; 1 is as usual.
    Slow(NodeId, NodeId, u16),
    /// Delivers now the oldest message of a kind that is in flight from one node to another.
    Deliver(NodeId, NodeId, u8),
    /// A person at a node does something of the domain: verb and value.
    Command(NodeId, u8, i32),
}

impl Action {
    /// Whether the action is about the very message or write of its trigger. Such an action has no
    /// delay, and its anchor's point is fixed.
    #[must_use]
    pub const fn fixed_point(self) -> Option<Point> {
        match self {
            Self::Drop | Self::Duplicate | Self::Delay(_) | Self::Refuse | Self::Fail => {
                Some(Point::BeforeHandling)
            }
            Self::RefuseWrite => Some(Point::AfterWrite),
            _ => None,
        }
    }
}

/// One line of a script.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Switched off, it stays in the list and does nothing.
    pub on: bool,
    /// When.
    pub trigger: Trigger,
    /// What.
    pub action: Action,
}

/// The faults and client actions of a run, in the order a person reads them.
pub type Script = Vec<Entry>;
