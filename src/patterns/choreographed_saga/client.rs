//! The storefront: places orders one after another, calls one off when the customer says so, and
//! waits for news of each.

use std::collections::VecDeque;

use super::message::{Msg, Outcome, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// News shown.
const SHOWN: usize = 5;

/// The storefront. What the customer asked for is in the cart and survives a crash of the page.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    orders: NodeId,
    count: i32,
    gap: Span,
    again: Span,
    placed: i32,
    waiting: Vec<i32>,
    pub(super) news: VecDeque<(i32, Outcome)>,
}

impl Client {
    /// A storefront that places so many orders and asks again after a while without news (zero:
    /// never).
    #[must_use]
    pub const fn new(orders: NodeId, count: i32, gap: Span, again: Span) -> Self {
        Self { orders, count, gap, again, placed: 0, waiting: Vec::new(), news: VecDeque::new() }
    }

    pub(super) fn waiting(&self) -> &[i32] {
        &self.waiting
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.place(ctx, 1),
            Event::Recovered => {
                for at in 0..self.waiting.len() {
                    self.ask(ctx, self.waiting[at]);
                }
                self.go_on(ctx);
            }
            Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) if self.placed < self.count => {
                self.place(ctx, self.placed + 1);
            }
            Event::Timer(Timer { kind: timer::ASK_AGAIN, arg }) if self.waiting.contains(&arg) => {
                self.ask(ctx, arg);
            }
            Event::Command(verb::PLACE_ORDER, order) => {
                self.place(ctx, if order > 0 { order } else { self.placed + 1 });
            }
            Event::Command(_, order) => {
                ctx.send(self.orders, Msg::Cancel(if order > 0 { order } else { self.placed }));
            }
            Event::Message { msg: Msg::News(order, outcome), .. } => self.hear(ctx, *order, *outcome),
            _ => {}
        }
    }

    fn place(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        self.placed = self.placed.max(order);
        if !self.waiting.contains(&order) {
            self.waiting.push(order);
        }
        self.ask(ctx, order);
    }

    fn ask(&self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        ctx.send(self.orders, Msg::Order(order));
        if self.again > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: order }, self.again);
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, outcome: Outcome) {
        match self.news.iter_mut().find(|(o, _)| *o == order) {
            Some(known) => known.1 = outcome,
            None => {
                if self.news.len() == SHOWN {
                    self.news.pop_front();
                }
                self.news.push_back((order, outcome));
            }
        }
        if let Some(at) = self.waiting.iter().position(|o| *o == order) {
            self.waiting.remove(at);
            ctx.cancel_timer(Timer { kind: timer::ASK_AGAIN, arg: order });
            self.go_on(ctx);
        }
    }

    fn go_on(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.waiting.is_empty() && self.placed < self.count {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match self.news.back() {
            _ if !self.waiting.is_empty() => Mood::Waiting,
            Some((_, Outcome::Confirmed)) => Mood::Committed,
            Some((_, Outcome::Cancelled)) => Mood::Compensated,
            Some((_, Outcome::UnderReview)) => Mood::Stuck,
            None => Mood::Idle,
        }
    }
}
