//! Who carries events: the broker, and the connector that reads the order service's log.
//!
//! Owns the log of events, each subscriber's offset, and the connector's offset. One log for all, so
//! that every subscriber sees one order of events; each has one delivery at a time, again until it
//! says that it has dealt with it: at least once.

use super::message::{Msg, Notice, record, timer};
use crate::kernel::{Ctx, Event as Happening, Mood, NodeId, Ticket, Timer};
use crate::parts::broker::topic::Entry;
use crate::parts::broker::{Found, Group, Offset, Staged, Topic};
use crate::parts::retry::RetryPolicy;
use crate::sorted::Map;

/// A change on its way to the disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Change {
    /// An event, and who published it.
    Append(Notice, NodeId),
    /// A subscriber (its place) is done with everything before this offset.
    Commit(usize, Offset),
}

/// The broker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Broker {
    /// Who subscribes, and to which events: bits by their numbers.
    pub(super) subscribers: Vec<(NodeId, u16)>,
    retry: RetryPolicy,
    pub(super) topic: Topic<Notice>,
    /// Each subscriber's offset.
    pub(super) groups: Vec<Group>,
    staged: Staged<Change>,
    written: Vec<(Ticket, Change)>,
    /// Volatile: what each subscriber has been sent, and how often.
    open: Map<usize, (Offset, u32)>,
}

impl Broker {
    /// A broker with these subscribers.
    #[must_use]
    pub fn new(subscribers: Vec<(NodeId, u16)>, retry: RetryPolicy) -> Self {
        let groups = subscribers.iter().map(|_| Group::new()).collect();
        Self {
            subscribers,
            retry,
            topic: Topic::new(1),
            groups,
            staged: Staged::new(),
            written: Vec::new(),
            open: Map::new(),
        }
    }

    /// Where a subscriber goes on.
    pub(super) fn offset(&self, subscriber: usize) -> Offset {
        self.groups[subscriber].committed(0).unwrap_or(0)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Happening<'_, Msg>) {
        match event {
            Happening::Message { from, msg: Msg::Event(notice, _) } => {
                let args = [notice.order, notice.event as i32, 0];
                self.staged.write(ctx, record::EVENT, args, Change::Append(*notice, from));
            }
            Happening::Message { from, msg: Msg::Processed(notice, place) } => {
                let Some(at) = self.subscribers.iter().position(|s| s.0 == from) else { return };
                let next = place + 1;
                let doing = self.staged.iter().any(|c| *c == Change::Commit(at, next));
                if self.open.get(&at).is_some_and(|(open, _)| open == place) && !doing {
                    let args = [notice.order, notice.event as i32, i32::from(from.0)];
                    self.staged.write(ctx, record::OFFSET, args, Change::Commit(at, next));
                    ctx.cancel_timer(Timer { kind: timer::DELIVER_AGAIN, arg: at as i32 });
                }
            }
            Happening::Timer(Timer { arg, .. }) => self.deliver(ctx, arg.unsigned_abs() as usize, true),
            Happening::Recovered => self.deliver_all(ctx),
            Happening::Persisted(ticket) => {
                let Some(at) = self.written.iter().position(|w| w.0 == ticket) else { return };
                match self.written.remove(at).1 {
                    Change::Append(notice, publisher) => {
                        ctx.send(publisher, Msg::Published(notice));
                        self.deliver_all(ctx);
                    }
                    Change::Commit(at, _) => self.deliver(ctx, at, false),
                }
            }
            Happening::Refused(ticket) => {
                // Not confirmed, so that it is published again; not committed, so that it is
                // delivered again.
                if let Some(Change::Commit(at, _)) = self.staged.take(ticket) {
                    self.deliver(ctx, at, true);
                }
            }
            _ => {}
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(change) = self.staged.take(ticket) else { return };
        match change {
            Change::Append(notice, _) => {
                self.topic.append(0, Entry { key: notice.order, value: notice, stamp: None });
            }
            Change::Commit(at, next) => {
                self.groups[at].commit(0, next);
                self.open.remove(&at);
            }
        }
        self.written.push((ticket, change));
    }

    fn deliver_all(&mut self, ctx: &mut Ctx<'_, Msg>) {
        (0..self.subscribers.len()).for_each(|at| self.deliver(ctx, at, false));
    }

    /// Brings a subscriber the next event that it subscribes to, unless one is open already.
    fn deliver(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, again: bool) {
        let Some(&(to, events)) = self.subscribers.get(at) else { return };
        let open = self.open.get(&at).copied();
        if open.is_some() && !again {
            return;
        }
        let mut offset = open.map_or(self.offset(at), |o| o.0);
        while let Found::Entry(entry) = self.topic.read(0, offset) {
            if events & 1 << entry.value.event as u16 != 0 {
                let tries = open.map_or(0, |o| o.1) + 1;
                ctx.send(to, Msg::Event(entry.value, Some(offset)));
                self.open.insert(at, (offset, tries));
                let wait = self.retry.full(tries);
                return ctx.set_timer(Timer { kind: timer::DELIVER_AGAIN, arg: at as i32 }, wait);
            }
            offset += 1;
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.written.clear();
        self.open.clear();
    }

    pub(super) fn writing(&self) -> impl Iterator<Item = Notice> {
        self.staged.iter().filter_map(|c| match c {
            Change::Append(notice, _) => Some(*notice),
            Change::Commit(..) => None,
        })
    }

    /// What each subscriber waits for: it, the event, its place.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (NodeId, Notice, Offset)> {
        (0..self.subscribers.len()).flat_map(move |at| {
            let (to, events) = self.subscribers[at];
            let from = self.offset(at);
            let all = self.topic.entries(0).filter(move |(offset, _)| *offset >= from);
            let its = all.filter(move |(_, e)| events & 1 << e.value.event as u16 != 0);
            its.map(move |(offset, e)| (to, e.value, offset))
        })
    }

    pub(super) fn mood(&self) -> Mood {
        match () {
            () if !self.staged.is_empty() => Mood::Working,
            () if !self.open.is_empty() => Mood::Waiting,
            () => Mood::Idle,
        }
    }
}

/// The connector: publishes what it reads in the order service's log, and remembers how far it is.
/// It stores its place after the broker has the event, so that a crash in between publishes twice.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Connector {
    orders: NodeId,
    broker: NodeId,
    retry: RetryPolicy,
    /// Durable: everything up to this place of the log is published.
    pub(super) offset: u32,
    /// Volatile: what was read and is not published, in order; the first is on its way.
    pub(super) queue: Vec<(u32, Notice)>,
    tries: u32,
    staged: Staged<u32>,
    stored: Option<Ticket>,
}

impl Connector {
    /// A connector at the beginning of the log.
    #[must_use]
    pub const fn new(orders: NodeId, broker: NodeId, retry: RetryPolicy) -> Self {
        Self {
            orders,
            broker,
            retry,
            offset: 0,
            queue: Vec::new(),
            tries: 0,
            staged: Staged::new(),
            stored: None,
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Happening<'_, Msg>) {
        match event {
            Happening::Message { msg: Msg::Change(notice, place), .. } => {
                let newest = self.queue.last().map_or(self.offset, |(p, _)| *p);
                if *place <= self.offset {
                    ctx.send(self.orders, Msg::Confirmed(*notice, *place));
                } else if *place == newest + 1 {
                    self.queue.push((*place, *notice));
                    if self.queue.len() == 1 {
                        self.publish(ctx);
                    }
                }
            }
            Happening::Message { msg: Msg::Published(notice), .. } => {
                let Some(&(place, first)) = self.queue.first() else { return };
                if first == *notice && self.staged.is_empty() {
                    let args = [notice.order, notice.event as i32, place as i32];
                    self.staged.write(ctx, record::OFFSET, args, place);
                    ctx.cancel_timer(Timer { kind: timer::PUBLISH_AGAIN, arg: 0 });
                }
            }
            Happening::Timer(_) => self.publish(ctx),
            Happening::Persisted(ticket) if self.stored == Some(ticket) => {
                self.stored = None;
                self.tries = 0;
                let (place, notice) = self.queue.remove(0);
                ctx.send(self.orders, Msg::Confirmed(notice, place));
                self.publish(ctx);
            }
            Happening::Refused(ticket) => {
                self.staged.take(ticket);
                self.publish(ctx);
            }
            _ => {}
        }
    }

    fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if let Some((_, notice)) = self.queue.first() {
            self.tries += 1;
            ctx.send(self.broker, Msg::Event(*notice, None));
            let wait = self.retry.full(self.tries);
            ctx.set_timer(Timer { kind: timer::PUBLISH_AGAIN, arg: 0 }, wait);
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        if let Some(place) = self.staged.take(ticket) {
            self.offset = place;
            self.stored = Some(ticket);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.queue.clear();
        self.tries = 0;
        self.staged.crash();
        self.stored = None;
    }

    pub(super) fn mood(&self) -> Mood {
        if self.queue.is_empty() { Mood::Idle } else { Mood::Working }
    }
}
