//! A service's two boxes. Inbox: which events it has dealt with, written with what it did about them.
//! Outbox: which events it has to tell, written with what made them true, and sent by a relay until
//! the broker says that it has them.
//!
//! Owns both, and the naive forms without them. Does not own the write: it happens in the service's
//! local transaction, together with the rows.

use std::collections::VecDeque;

use super::message::{Msg, Notice, record, timer};
use crate::kernel::{Ctx, NodeId, Span, Ticket, Timer};

/// How a service talks to the broker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Manner {
    /// The broker.
    pub broker: NodeId,
    /// Whether there is an inbox.
    pub inbox: bool,
    /// Whether there is an outbox; else events are sent once, after the commit.
    pub outbox: bool,
    /// After how long without an answer the relay sends again.
    pub again: Span,
}

/// Events that an inbox remembers.
const KEPT: usize = 64;

/// Inbox and outbox.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Post {
    manner: Manner,
    inbox: VecDeque<Notice>,
    outbox: Vec<Notice>,
    /// Of the outbox: what is on its way since the service runs; volatile.
    on_its_way: Vec<Notice>,
    /// Without an outbox: what is to be sent once; volatile.
    loose: Vec<Notice>,
    staged: Vec<(Ticket, Notice)>,
}

impl Post {
    /// Empty boxes.
    #[must_use]
    pub const fn new(manner: Manner) -> Self {
        Self {
            manner,
            inbox: VecDeque::new(),
            outbox: Vec::new(),
            on_its_way: Vec::new(),
            loose: Vec::new(),
            staged: Vec::new(),
        }
    }

    /// Whether this event was dealt with before, and that is known.
    #[must_use]
    pub fn seen(&self, notice: Notice) -> bool {
        self.manner.inbox && self.inbox.contains(&notice)
    }

    /// In a local transaction: this event is dealt with.
    pub fn note(&mut self, notice: Notice) {
        if self.manner.inbox && !self.inbox.contains(&notice) {
            if self.inbox.len() == KEPT {
                self.inbox.pop_front();
            }
            self.inbox.push_back(notice);
        }
    }

    /// In a local transaction: this event is to be told.
    pub fn put(&mut self, notice: Notice) {
        if !self.manner.outbox {
            self.loose.push(notice);
        } else if !self.outbox.contains(&notice) {
            self.outbox.push(notice);
        }
    }

    /// The relay: sends what is not on its way yet.
    pub fn relay(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for notice in std::mem::take(&mut self.loose) {
            ctx.send(self.manner.broker, Msg::Event(notice, None));
        }
        for at in 0..self.outbox.len() {
            let notice = self.outbox[at];
            if !self.on_its_way.contains(&notice) {
                self.on_its_way.push(notice);
                ctx.send(self.manner.broker, Msg::Event(notice, None));
            }
        }
        if !self.outbox.is_empty() {
            ctx.set_timer(Timer { kind: timer::PUBLISH_AGAIN, arg: 0 }, self.manner.again);
        }
    }

    /// The relay has waited long enough: sends everything again.
    pub fn again(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.on_its_way.clear();
        self.relay(ctx);
    }

    /// The broker has this event.
    pub fn published(&mut self, ctx: &mut Ctx<'_, Msg>, notice: Notice) {
        let known = self.outbox.contains(&notice) && !self.staged.iter().any(|(_, n)| *n == notice);
        if known {
            let args = [notice.order, notice.event as i32, 0];
            let ticket = ctx.persist(record::SENT, args);
            self.staged.push((ticket, notice));
        }
    }

    /// The row is gone from the outbox. Whether the ticket was one of these.
    pub fn flush(&mut self, ticket: Ticket) -> bool {
        let Some(at) = self.staged.iter().position(|(t, _)| *t == ticket) else { return false };
        let (_, notice) = self.staged.remove(at);
        self.outbox.retain(|n| *n != notice);
        self.on_its_way.retain(|n| *n != notice);
        true
    }

    /// After [`Self::flush`]: nothing more to send, nothing to wait for.
    pub fn settle(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.outbox.is_empty() {
            ctx.cancel_timer(Timer { kind: timer::PUBLISH_AGAIN, arg: 0 });
        }
    }

    /// The disk refused: the row stays, and the relay sends the event once more.
    pub fn refused(&mut self, ticket: Ticket) {
        self.staged.retain(|(t, _)| *t != ticket);
    }

    /// A crash: what was in memory is gone.
    pub fn crash(&mut self) {
        self.on_its_way.clear();
        self.loose.clear();
        self.staged.clear();
    }

    /// What is still to be told.
    #[must_use]
    pub fn outbox(&self) -> &[Notice] {
        &self.outbox
    }

    /// What is remembered, oldest first.
    pub fn inbox(&self) -> impl DoubleEndedIterator<Item = &Notice> {
        self.inbox.iter()
    }
}
