//! Machines and messages without their types, so that the world, the timeline and the interface
//! are compiled once for all patterns. The traits are narrow: what a table of methods reaches is
//! never dead code.

use std::any::Any;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use super::describe::{Description, Mood};
use super::fingerprint::Fingerprint;
use super::id::{Args, NodeId};
use super::machine::{Ctx, Event, Interference, Machine, Message, Ticket, Timer};
use super::time::Span;

/// A message without its type.
pub trait DynMessage: Send + Sync {
    /// For the machine that knows the type.
    fn any(&self) -> &dyn Any;
    /// What it looks like.
    fn fingerprint(&self) -> Fingerprint;
}

impl<M: Message> DynMessage for M {
    fn any(&self) -> &dyn Any {
        self
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}

/// What a machine asked for.
pub(super) enum Effect {
    Send { to: NodeId, kind: u8, args: Args, payload: Arc<dyn DynMessage> },
    Local { kind: u8, args: Args },
    Persist { ticket: Ticket, record: u8, args: Args },
    SetTimer { timer: Timer, after: Span },
    CancelTimer { timer: Timer },
    Observe { fact: u8, args: Args },
}

/// The effects of one event, in order.
pub(super) type Effects = Vec<Effect>;

/// An event without its type.
pub(super) enum DynEvent<'a> {
    Start,
    Recovered,
    Message { from: NodeId, payload: &'a dyn DynMessage },
    Timer(Timer),
    Persisted(Ticket),
    Refused(Ticket),
    Command(u8, i32),
}

/// The circumstances of one event.
pub(super) struct Circumstances {
    pub me: NodeId,
    pub interference: Interference,
    pub dice: u64,
    pub next_ticket: u32,
}

/// A machine without its type. Implemented for every [`Machine`], and by nothing else.
pub trait DynNode: Send + Sync {
    #[doc(hidden)]
    fn event(&mut self, call: EventCall<'_>);
    /// See [`Machine::flush`].
    fn flush(&mut self, ticket: Ticket);
    /// See [`Machine::on_crash`].
    fn crash(&mut self);
    /// See [`Machine::mood`].
    fn mood(&self) -> Mood;
    /// See [`Machine::describe`].
    fn describe(&self, out: &mut Description);
    /// What it looks like.
    fn fingerprint(&self) -> Fingerprint;
    /// A copy.
    fn copy(&self) -> Arc<dyn DynNode>;
    /// A copy in the place of another machine, of whose memory it makes use if nobody shares it.
    fn copy_onto(&self, other: &mut Arc<dyn DynNode>);
    /// For a promise that knows the type.
    fn any(&self) -> &dyn Any;
    /// For a copy in its place.
    fn any_mut(&mut self) -> &mut dyn Any;
}

/// One event on its way to a machine. Opaque outside the kernel.
pub struct EventCall<'a> {
    pub(super) circumstances: Circumstances,
    pub(super) event: DynEvent<'a>,
    pub(super) out: &'a mut Effects,
}

impl<T: Machine + Hash> DynNode for T {
    fn event(&mut self, call: EventCall<'_>) {
        let EventCall { circumstances: c, event, out } = call;
        let mut ctx = Ctx {
            me: c.me,
            interference: c.interference,
            dice: c.dice,
            next_ticket: c.next_ticket,
            out,
            types: PhantomData,
        };
        let event = match event {
            DynEvent::Start => Event::Start,
            DynEvent::Recovered => Event::Recovered,
            DynEvent::Message { from, payload } => {
                let msg = payload.any().downcast_ref::<T::Msg>();
                Event::Message { from, msg: msg.expect("a pattern's nodes speak one language") }
            }
            DynEvent::Timer(timer) => Event::Timer(timer),
            DynEvent::Persisted(ticket) => Event::Persisted(ticket),
            DynEvent::Refused(ticket) => Event::Refused(ticket),
            DynEvent::Command(verb, value) => Event::Command(verb, value),
        };
        self.on_event(&mut ctx, event);
    }
    fn flush(&mut self, ticket: Ticket) {
        Machine::flush(self, ticket);
    }
    fn crash(&mut self) {
        self.on_crash();
    }
    fn mood(&self) -> Mood {
        Machine::mood(self)
    }
    fn describe(&self, out: &mut Description) {
        Machine::describe(self, out);
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
    fn copy(&self) -> Arc<dyn DynNode> {
        Arc::new(self.clone())
    }
    fn copy_onto(&self, other: &mut Arc<dyn DynNode>) {
        match Arc::get_mut(other).and_then(|other| other.any_mut().downcast_mut::<Self>()) {
            Some(other) => other.clone_from(self),
            None => *other = self.copy(),
        }
    }
    fn any(&self) -> &dyn Any {
        self
    }
    fn any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
