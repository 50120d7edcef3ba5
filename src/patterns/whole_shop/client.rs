//! The storefront, and the customer's mailbox: places orders one after another, asks again until
//! each is accepted, and gets mail about how it ended.
//!
//! Owns the cart and the mailbox, which survive a crash of the page. Its mail provider drops a mail
//! under a key that it has delivered before.

use super::message::{Msg, fact, timer};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::sorted::Map;

/// The storefront.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    orders: NodeId,
    count: i32,
    gap: Span,
    again: Span,
    pub(super) placed: i32,
    /// Orders that are not accepted yet.
    pub(super) waiting: Vec<i32>,
    /// Accepted orders that no mail has come of.
    pub(super) accepted: Vec<i32>,
    /// Order and key: whether it was confirmed.
    pub(super) mails: Map<(i32, i32), bool>,
}

impl Client {
    /// A storefront that places so many orders, a gap apart, and asks again after a while.
    #[must_use]
    pub const fn new(orders: NodeId, count: i32, gap: Span, again: Span) -> Self {
        Self {
            orders,
            count,
            gap,
            again,
            placed: 0,
            waiting: Vec::new(),
            accepted: Vec::new(),
            mails: Map::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.place(ctx, 1),
            Event::Recovered => {
                (0..self.waiting.len()).for_each(|at| self.ask(ctx, self.waiting[at]));
                self.next(ctx);
            }
            Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) if self.placed < self.count => {
                self.place(ctx, self.placed + 1);
            }
            Event::Timer(Timer { kind: timer::ORDER_AGAIN, arg }) if self.waiting.contains(&arg) => {
                self.ask(ctx, arg);
            }
            Event::Command(_, order) => {
                self.place(ctx, if order > 0 { order } else { self.placed + 1 });
            }
            Event::Message { msg: Msg::Accepted(order), .. } => {
                if let Some(at) = self.waiting.iter().position(|o| o == order) {
                    self.waiting.remove(at);
                    self.accepted.push(*order);
                    ctx.cancel_timer(Timer { kind: timer::ORDER_AGAIN, arg: *order });
                }
            }
            Event::Message { from, msg: &Msg::Mail(order, confirmed, key) } => {
                if self.mails.insert((order, key), confirmed).is_none() {
                    ctx.observe(fact::TOLD, [order, i32::from(confirmed), 0]);
                }
                self.accepted.retain(|o| *o != order);
                ctx.send(from, Msg::Taken(order, key));
            }
            _ => {}
        }
    }

    fn place(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        self.placed = self.placed.max(order);
        if !self.waiting.contains(&order) {
            self.waiting.push(order);
        }
        self.ask(ctx, order);
        self.next(ctx);
    }

    fn ask(&self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        ctx.send(self.orders, Msg::Order(order));
        ctx.set_timer(Timer { kind: timer::ORDER_AGAIN, arg: order }, self.again);
    }

    fn next(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.placed < self.count {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match self.mails.values().next_back() {
            _ if !self.waiting.is_empty() || !self.accepted.is_empty() => Mood::Waiting,
            Some(true) => Mood::Committed,
            Some(false) => Mood::Aborted,
            None => Mood::Idle,
        }
    }
}
