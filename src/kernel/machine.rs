//! What a pattern's author writes: one machine, which is told events and asks for effects.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use super::describe::{Description, Mood};
use super::erased::{DynMessage, Effect, Effects};
use super::id::{Args, NodeId};
use super::time::Span;

/// A write that was asked for and will be answered by [`Event::Persisted`] or [`Event::Refused`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u32);

/// A timer of a node. Setting it again moves it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timer {
    /// Which timer: its place in the pattern's list of timers.
    pub kind: u8,
    /// What it is for (a transaction, a step).
    pub arg: i32,
}

/// What the outside world does to the handling of one message, by the fault script.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Interference {
    /// Nothing.
    #[default]
    None,
    /// The service is to refuse on business grounds (card declined, out of stock).
    Refuse,
    /// The service is to fail for a technical reason that may pass.
    Fail,
}

/// What a machine can be told. There is nothing else.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a, M> {
    /// The system starts.
    Start,
    /// The node runs again after a crash, with its durable state alone.
    Recovered,
    /// A message was delivered.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        msg: &'a M,
    },
    /// A timer ran out.
    Timer(Timer),
    /// A write is on disk ([`Machine::flush`] has been called before).
    Persisted(Ticket),
    /// The disk refused a write; it did not happen.
    Refused(Ticket),
    /// A person at this node does something of the domain: the verb's place in the pattern's list,
    /// and its value.
    Command(u8, i32),
}

/// A message of a pattern: a closed enum.
pub trait Message: Clone + Eq + Hash + Send + Sync + 'static {
    /// Its kind: the place in the pattern's list of messages.
    fn kind(&self) -> u8;
    /// What a reader wants to know of it; the correlation id first.
    fn args(&self) -> Args;
}

/// A node's behaviour. Collects effects; cannot act, has no clock and no dice of its own.
pub trait Machine: Clone + Eq + Hash + Send + Sync + 'static {
    /// What its pattern's nodes say to each other.
    type Msg: Message;

    /// Reacts to an event.
    fn on_event(&mut self, ctx: &mut Ctx<'_, Self::Msg>, event: Event<'_, Self::Msg>);

    /// The disk has the write of this ticket: moves what was staged for it into the durable part.
    /// Comes before [`Event::Persisted`], so that a crash between the two is *after the write and
    /// before the send*.
    fn flush(&mut self, ticket: Ticket);

    /// Volatile state is reset, what was staged is lost, durable state stays.
    fn on_crash(&mut self);

    /// Its state at a glance; cheap, as it is asked after every step. (Down is the world's to say.)
    fn mood(&self) -> Mood;

    /// What it holds, for the inspector; the mood need not be set.
    fn describe(&self, out: &mut Description);
}

/// Where a machine asks for effects. They happen after the handler, in the order they were asked
/// for; a crash in between leaves the rest undone.
pub struct Ctx<'a, M> {
    pub(super) me: NodeId,
    pub(super) interference: Interference,
    pub(super) dice: u64,
    pub(super) next_ticket: u32,
    pub(super) out: &'a mut Effects,
    pub(super) types: PhantomData<fn(M)>,
}

impl<M: Message> Ctx<'_, M> {
    /// Who this machine is.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// What the fault script does to the handling of the current message.
    #[must_use]
    pub const fn interference(&self) -> Interference {
        self.interference
    }

    /// A whole number below `n`, fixed for this event of this run: for jitter.
    #[must_use]
    pub fn roll(&mut self, n: u64) -> u64 {
        self.dice = super::dice::mix(self.dice);
        super::dice::below(self.dice, n)
    }

    /// Sends a message over the link to another node.
    pub fn send(&mut self, to: NodeId, msg: M) {
        let (kind, args) = (msg.kind(), msg.args());
        let payload: Arc<dyn DynMessage> = Arc::new(msg);
        self.out.push(Effect::Send { to, kind, args, payload });
    }

    /// A step that this node takes on its own and that a diagram shows as a message to itself.
    pub fn local(&mut self, kind: u8, args: Args) {
        self.out.push(Effect::Local { kind, args });
    }

    /// Asks the disk for a write. `record` is its kind's place in the pattern's list of records.
    /// The machine stages the content under the ticket and makes it durable in
    /// [`Machine::flush`].
    pub fn persist(&mut self, record: u8, args: Args) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.out.push(Effect::Persist { ticket, record, args });
        ticket
    }

    /// Sets a timer, or moves it when it is set already.
    pub fn set_timer(&mut self, timer: Timer, after: Span) {
        self.out.push(Effect::SetTimer { timer, after });
    }

    /// Stops a timer; nothing happens when it is not set.
    pub fn cancel_timer(&mut self, timer: Timer) {
        self.out.push(Effect::CancelTimer { timer });
    }

    /// Enters a fact of the outside world into the ledger ("the card was charged"). Promises about
    /// exactly-once read the ledger, not what machines believe.
    pub fn observe(&mut self, fact: u8, args: Args) {
        self.out.push(Effect::Observe { fact, args });
    }
}
