//! The producer: publishes events one after another, and sends each again until the broker has it.
//!
//! Owns the choice of the partition, the numbers by which the broker knows a second attempt, and
//! how long to try. The events stand in its own database and survive a crash (how they come there
//! together with the order is another pattern: the outbox). Its numbers do not: after a crash it is
//! a new producer to the broker, so that what was on its way can be stored twice. So it is with
//! Kafka's idempotent producer, whose promise is for one session.

use super::message::{Msg, Placed, fact, timer, verb};
use super::settings::Settings;
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::broker::{Partition, Stamp};
use crate::sorted::Map;

/// An event that the broker has not confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pending {
    pub placed: Placed,
    pub partition: Partition,
    pub stamp: Option<Stamp>,
    /// How often it was sent.
    pub sent: u32,
}

/// The producer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Producer {
    settings: Settings,
    broker: NodeId,
    /// How many events were published.
    pub(super) published: i32,
    /// Sent and not confirmed, in the order of publishing.
    pub(super) pending: Vec<Pending>,
    /// How many were given up.
    pub(super) given_up: i32,
    epoch: u16,
    sequences: Map<Partition, u32>,
    /// How many partitions there are, as far as it knows.
    partitions: u8,
    /// The application waits until there is room.
    pub(super) blocked: bool,
}

impl Producer {
    /// A producer that has published nothing.
    #[must_use]
    pub const fn new(settings: Settings, broker: NodeId) -> Self {
        Self {
            settings,
            broker,
            published: 0,
            pending: Vec::new(),
            given_up: 0,
            epoch: 0,
            sequences: Map::new(),
            partitions: settings.partitions,
            blocked: false,
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.next(ctx),
            Event::Recovered => {
                self.stamp_anew();
                for at in 0..self.pending.len() {
                    self.send(ctx, at);
                    self.expire(ctx, at);
                }
                self.go_on(ctx);
            }
            Event::Timer(Timer { kind: timer::NEXT_EVENT, .. }) => self.next(ctx),
            Event::Timer(Timer { kind: timer::RESEND, arg }) => {
                if let Some(at) = self.place(arg) {
                    self.send(ctx, at);
                }
            }
            Event::Timer(Timer { kind: timer::GIVE_UP, arg }) => self.give_up(ctx, arg),
            Event::Command(verb::PUBLISH, _) => self.publish(ctx),
            Event::Message { msg: Msg::Produced(placed, partitions), .. } => {
                self.partitions = self.partitions.max(*partitions);
                self.done(ctx, placed.order);
            }
            _ => {}
        }
    }

    fn place(&self, order: i32) -> Option<usize> {
        self.pending.iter().position(|p| p.placed.order == order)
    }

    /// The next event, unless all are published or the buffer is full.
    fn next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.published >= self.settings.events {
            return;
        }
        if self.pending.len() >= self.settings.buffer {
            self.blocked = true;
            return;
        }
        self.publish(ctx);
        self.go_on(ctx);
    }

    fn go_on(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.published < self.settings.events {
            ctx.set_timer(Timer { kind: timer::NEXT_EVENT, arg: 0 }, self.settings.gap);
        }
    }

    fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.published += 1;
        let order = self.published;
        let customers = self.settings.customers;
        let customer = if customers == 0 { 0 } else { (order - 1) % customers + 1 };
        let placed = Placed { order, customer };
        let turn = if self.settings.by_key { customer } else { order };
        let partition = turn.rem_euclid(i32::from(self.partitions.max(1))) as Partition;
        let stamp = self.stamp(partition);
        ctx.observe(fact::PUBLISHED, [order, customer, 0]);
        let pending = Pending { placed, partition, stamp, sent: 0 };
        if self.settings.confirms {
            self.pending.push(pending);
            let at = self.pending.len() - 1;
            self.send(ctx, at);
            self.expire(ctx, at);
        } else {
            ctx.send(self.broker, Msg::Produce { placed, partition, stamp });
        }
    }

    fn stamp(&mut self, partition: Partition) -> Option<Stamp> {
        if !self.settings.idempotent || !self.settings.log {
            return None;
        }
        let next = self.sequences.or_default(partition);
        let sequence = *next;
        *next += 1;
        Some(Stamp { producer: 0, epoch: self.epoch, sequence })
    }

    /// As a new producer to the broker: what is pending gets new numbers, in its old order.
    fn stamp_anew(&mut self) {
        self.epoch += 1;
        self.sequences.clear();
        for at in 0..self.pending.len() {
            self.pending[at].stamp = self.stamp(self.pending[at].partition);
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let pending = &mut self.pending[at];
        pending.sent += 1;
        let Pending { placed, partition, stamp, sent } = *pending;
        ctx.send(self.broker, Msg::Produce { placed, partition, stamp });
        let pause = self.settings.retry.wait(sent, |n| ctx.roll(n)).unwrap_or_default();
        let wait = Span::us(self.settings.request.micros + pause.micros);
        ctx.set_timer(Timer { kind: timer::RESEND, arg: placed.order }, wait);
    }

    fn expire(&self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let timer = Timer { kind: timer::GIVE_UP, arg: self.pending[at].placed.order };
        ctx.set_timer(timer, self.settings.delivery_timeout);
    }

    /// Nothing more to do for this event.
    fn done(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        if self.forget(ctx, order).is_some() && self.blocked {
            self.blocked = false;
            self.next(ctx);
        }
    }

    fn forget(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) -> Option<Placed> {
        let at = self.place(order)?;
        ctx.cancel_timer(Timer { kind: timer::RESEND, arg: order });
        ctx.cancel_timer(Timer { kind: timer::GIVE_UP, arg: order });
        Some(self.pending.remove(at).placed)
    }

    /// The application is told that this event could not be published. The broker waits for its
    /// number, so that those after it need new ones.
    fn give_up(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        let Some(placed) = self.forget(ctx, order) else { return };
        ctx.observe(fact::GIVEN_UP, [order, placed.customer, 0]);
        self.given_up += 1;
        self.stamp_anew();
        if self.blocked {
            self.blocked = false;
            self.next(ctx);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.blocked = false;
    }

    pub(super) fn mood(&self) -> Mood {
        if self.blocked || self.pending.iter().any(|p| p.sent > 1) {
            Mood::Waiting
        } else if !self.pending.is_empty() || self.published < self.settings.events {
            Mood::Working
        } else {
            Mood::Idle
        }
    }
}
