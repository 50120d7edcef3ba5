//! The broker: writes every event down and brings it to each subscriber until that one has dealt with
//! it. At least once, a topic for each kind of event, and no order between topics.
//!
//! Owns the log, the subscriptions, and what is still to be delivered. Knows nothing of orders.

use super::message::{Event, Facts, Msg, Notice, fact, record, timer};
use crate::kernel::{Ctx, Event as Happening, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::wal::Wal;

/// An event that a subscriber has not dealt with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Delivery {
    /// Its place in the log.
    pub place: u32,
    /// What it says.
    pub notice: Notice,
    /// To whom.
    pub to: NodeId,
}

/// The broker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Broker {
    pub(super) subscriptions: Vec<(Event, NodeId)>,
    again: Span,
    pub(super) log: Wal<Notice>,
    pub(super) open: Vec<Delivery>,
    facts: Facts,
    /// Written, and not told on yet: to whom the confirmation goes.
    tickets: Vec<(Ticket, NodeId, Notice, u32)>,
    /// Being written: who published it, or what is delivered.
    publishers: Vec<(Ticket, NodeId)>,
    done: Vec<(Ticket, u32, NodeId)>,
}

impl Broker {
    /// A broker with these subscriptions, which delivers again after a while.
    #[must_use]
    pub fn new(subscriptions: Vec<(Event, NodeId)>, again: Span) -> Self {
        Self {
            subscriptions,
            again,
            log: Wal::new(),
            open: Vec::new(),
            facts: Facts::default(),
            tickets: Vec::new(),
            publishers: Vec::new(),
            done: Vec::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Happening<'_, Msg>) {
        match event {
            Happening::Message { from, msg: Msg::Event(notice, _) } => {
                let args = [notice.order, notice.event as i32, i32::from(notice.round)];
                let ticket = self.log.append(ctx, record::EVENT, args, *notice);
                self.publishers.push((ticket, from));
            }
            Happening::Message { from, msg: Msg::Processed(notice, place) } => {
                let open = self.open.iter().any(|d| d.place == *place && d.to == from);
                if open && !self.done.iter().any(|(_, p, to)| p == place && *to == from) {
                    let args = [notice.order, notice.event as i32, i32::from(from.0)];
                    let ticket = ctx.persist(record::DELIVERED, args);
                    self.done.push((ticket, *place, from));
                    ctx.cancel_timer(Timer { kind: timer::DELIVER_AGAIN, arg: Self::arg(*place, from) });
                }
            }
            Happening::Timer(Timer { arg, .. }) => {
                if let Some(at) = self.open.iter().position(|d| Self::arg(d.place, d.to) == arg) {
                    self.deliver(ctx, at);
                }
            }
            Happening::Recovered => {
                self.facts.publish(ctx);
                (0..self.open.len()).for_each(|at| self.deliver(ctx, at));
            }
            Happening::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.tickets.iter().position(|t| t.0 == ticket) {
                    let (_, publisher, notice, place) = self.tickets.remove(at);
                    ctx.send(publisher, Msg::Published(notice));
                    for at in 0..self.open.len() {
                        if self.open[at].place == place {
                            self.deliver(ctx, at);
                        }
                    }
                }
            }
            Happening::Refused(ticket) => {
                // Not confirmed, so that it is sent again; not marked, so that it is delivered again.
                self.log.refuse(ticket);
                self.publishers.retain(|(t, _)| *t != ticket);
                if let Some(at) = self.done.iter().position(|(t, ..)| *t == ticket) {
                    let (_, place, to) = self.done.remove(at);
                    let timer = Timer { kind: timer::DELIVER_AGAIN, arg: Self::arg(place, to) };
                    ctx.set_timer(timer, self.again);
                }
            }
            _ => {}
        }
    }

    const fn arg(place: u32, to: NodeId) -> i32 {
        (place << 3) as i32 | to.0 as i32
    }

    fn deliver(&self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let Delivery { place, notice, to } = self.open[at];
        ctx.send(to, Msg::Event(notice, Some(place)));
        ctx.set_timer(Timer { kind: timer::DELIVER_AGAIN, arg: Self::arg(place, to) }, self.again);
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        if let Some(at) = self.done.iter().position(|(t, ..)| *t == ticket) {
            let (_, place, to) = self.done.remove(at);
            self.open.retain(|d| d.place != place || d.to != to);
        } else if let Some(notice) = self.log.flush(ticket) {
            let place = self.log.len() as u32;
            for (event, to) in &self.subscriptions {
                if *event == notice.event {
                    self.open.push(Delivery { place, notice, to: *to });
                }
            }
            let args = [notice.order, notice.event as i32, i32::from(notice.round)];
            self.facts.add(fact::PUBLISHED, args);
            if let Some(at) = self.publishers.iter().position(|(t, _)| *t == ticket) {
                let (_, publisher) = self.publishers.remove(at);
                self.tickets.push((ticket, publisher, notice, place));
            }
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.tickets.clear();
        self.publishers.clear();
        self.done.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.log.staged().next().is_some() {
            Mood::Working
        } else if self.open.is_empty() {
            Mood::Idle
        } else {
            Mood::Waiting
        }
    }
}
