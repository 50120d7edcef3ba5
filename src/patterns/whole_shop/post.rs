//! How events leave a service: after the commit and once (the dual write), from an outbox that is
//! written in the same transaction, or from the database's log, which a connector reads.
//!
//! Owns what is still to be told, and the telling. Does not own the write: it happens in the
//! service's local transaction, together with the rows. In a database's log nothing is added for it;
//! what is kept here is then the part of the log that the connector's slot holds back.

use super::message::{Msg, Notice, record, timer};
use crate::kernel::{Ctx, NodeId, Ticket, Timer};
use crate::parts::retry::RetryPolicy;

/// Whom a service tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// The broker, once, after the commit.
    DualWrite(NodeId),
    /// The broker, out of an outbox, until it says that it has the event.
    Outbox(NodeId),
    /// The connector, out of the log, until it says that it needs no more of it.
    Log(NodeId),
}

/// What is to be told.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Post {
    way: Way,
    retry: RetryPolicy,
    /// How many were ever put in.
    put: u32,
    /// Durable: place and event.
    rows: Vec<(u32, Notice)>,
    /// Volatile: of these, up to which place is on its way.
    sent: u32,
    /// Volatile: the dual write's.
    loose: Vec<Notice>,
    /// Volatile: how often nobody answered.
    tries: u32,
    staged: Vec<(Ticket, u32)>,
}

impl Post {
    /// Nothing to tell.
    #[must_use]
    pub const fn new(way: Way, retry: RetryPolicy) -> Self {
        Self {
            way,
            retry,
            put: 0,
            rows: Vec::new(),
            sent: 0,
            loose: Vec::new(),
            tries: 0,
            staged: Vec::new(),
        }
    }

    /// In a local transaction: this event is to be told.
    pub fn put(&mut self, notice: Notice) {
        if matches!(self.way, Way::DualWrite(_)) {
            return self.loose.push(notice);
        }
        self.put += 1;
        self.rows.push((self.put, notice));
    }

    /// Sends what is not on its way yet.
    pub fn relay(&mut self, ctx: &mut Ctx<'_, Msg>) {
        match self.way {
            Way::DualWrite(broker) => {
                for notice in std::mem::take(&mut self.loose) {
                    ctx.send(broker, Msg::Event(notice, None));
                }
            }
            Way::Outbox(to) | Way::Log(to) => {
                let log = matches!(self.way, Way::Log(_));
                for &(place, notice) in self.rows.iter().filter(|(place, _)| *place > self.sent) {
                    ctx.send(to, if log { Msg::Change(notice, place) } else { Msg::Event(notice, None) });
                }
                let Some(&(last, _)) = self.rows.last() else { return };
                if last > self.sent {
                    self.sent = last;
                    self.wait(ctx);
                }
            }
        }
    }

    fn wait(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.tries += 1;
        let wait = self.retry.full(self.tries);
        ctx.set_timer(Timer { kind: timer::PUBLISH_AGAIN, arg: 0 }, wait);
    }

    /// Has waited long enough, or runs again after a crash: sends everything again.
    pub fn again(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.sent = 0;
        self.relay(ctx);
    }

    /// The broker has this event, or the connector everything up to this place.
    pub fn heard(&mut self, ctx: &mut Ctx<'_, Msg>, notice: Notice, place: Option<u32>) {
        let known = self.rows.iter().find(|(at, n)| *n == notice && place.is_none_or(|p| p == *at));
        let Some(&(at, _)) = known.filter(|(at, _)| !self.staged.iter().any(|(_, p)| p == at)) else {
            return;
        };
        let ticket = ctx.persist(record::SENT, [notice.order, notice.event as i32, 0]);
        self.staged.push((ticket, at));
    }

    /// The row is gone. Whether the ticket was one of these.
    pub fn flush(&mut self, ticket: Ticket) -> bool {
        let Some(at) = self.refuse(ticket) else { return false };
        self.rows.retain(|(place, _)| *place != at);
        self.tries = 0;
        true
    }

    /// The disk refused: the row stays, and its event is told once more.
    pub fn refuse(&mut self, ticket: Ticket) -> Option<u32> {
        let at = self.staged.iter().position(|(t, _)| *t == ticket)?;
        Some(self.staged.remove(at).1)
    }

    /// After [`Self::flush`]: nothing to wait for.
    pub fn settle(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.rows.is_empty() {
            ctx.cancel_timer(Timer { kind: timer::PUBLISH_AGAIN, arg: 0 });
        }
    }

    /// A crash: what was in memory is gone.
    pub fn crash(&mut self) {
        self.sent = 0;
        self.loose.clear();
        self.tries = 0;
        self.staged.clear();
    }

    /// What is still to be told, and survives a crash.
    #[must_use]
    pub fn rows(&self) -> &[(u32, Notice)] {
        &self.rows
    }

    /// What is still to be told, and does not.
    #[must_use]
    pub fn loose(&self) -> &[Notice] {
        &self.loose
    }

    /// Whether it is the database's log that tells.
    #[must_use]
    pub const fn is_log(&self) -> bool {
        matches!(self.way, Way::Log(_))
    }
}
