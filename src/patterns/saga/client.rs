//! The storefront: places orders, one after another, and waits for news of each.
//!
//! An order keeps its number when it is asked for again: that is what a start request is recognised
//! by. The numbers are in the customer's cart and survive a crash of the page.

use std::collections::VecDeque;

use super::message::{Msg, Outcome, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// Orders shown.
const SHOWN: usize = 5;

/// The storefront.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    orchestrator: NodeId,
    orders: i32,
    gap: Span,
    /// After how long without news to ask again; zero: never.
    ask_again: Span,
    placed: i32,
    waiting: Vec<i32>,
    pub(super) news: VecDeque<(i32, Outcome)>,
}

impl Client {
    /// A storefront that places so many orders.
    #[must_use]
    pub const fn new(orchestrator: NodeId, orders: i32, gap: Span, ask_again: Span) -> Self {
        Self { orchestrator, orders, gap, ask_again, placed: 0, waiting: Vec::new(), news: VecDeque::new() }
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
                if self.waiting.is_empty() && self.placed < self.orders {
                    ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
                }
            }
            Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) if self.placed < self.orders => {
                self.place(ctx, self.placed + 1);
            }
            Event::Timer(Timer { kind: timer::ASK_AGAIN, arg }) if self.waiting.contains(&arg) => {
                self.ask(ctx, arg);
            }
            Event::Command(verb::CANCEL_ORDER, order) => {
                ctx.send(self.orchestrator, Msg::Cancel(if order > 0 { order } else { self.placed }));
            }
            Event::Command(_, order) => self.place(ctx, if order > 0 { order } else { self.placed + 1 }),
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

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        ctx.send(self.orchestrator, Msg::Order(order));
        if self.ask_again > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: order }, self.ask_again);
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
        let Some(at) = self.waiting.iter().position(|&o| o == order) else { return };
        self.waiting.remove(at);
        ctx.cancel_timer(Timer { kind: timer::ASK_AGAIN, arg: order });
        if self.waiting.is_empty() && self.placed < self.orders {
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
