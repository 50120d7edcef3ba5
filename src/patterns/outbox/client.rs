//! The storefront: sends one request after another, without waiting for answers, and asks again when
//! one does not come.
//!
//! An order keeps its number when it is asked for again, which is what the order service knows it by.
//! Requests are in the customer's browser and survive a crash of the storefront.

use super::message::{Msg, What, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// How far a request is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// Sent, and not answered.
    Open,
    /// Accepted.
    Accepted,
    /// Rejected.
    Rejected,
}

/// The storefront.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    orders: NodeId,
    /// What is to be asked for, in this order.
    plan: Vec<(i32, What)>,
    gap: Span,
    /// After how long without an answer to ask again; zero: never.
    ask_again: Span,
    pub(super) sent: Vec<(i32, What, Answer)>,
    /// How many requests of the plan were sent.
    next: usize,
}

impl Client {
    /// A storefront that places so many orders, and cancels one of them right after.
    #[must_use]
    pub fn new(orders: NodeId, count: i32, cancelled: i32, gap: Span, ask_again: Span) -> Self {
        let mut plan = Vec::new();
        for order in 1..=count {
            plan.push((order, What::Placed));
            if order == cancelled {
                plan.push((order, What::Cancelled));
            }
        }
        Self { orders, plan, gap, ask_again, sent: Vec::new(), next: 0 }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.go_on(ctx),
            Event::Recovered => {
                for at in 0..self.sent.len() {
                    if self.sent[at].2 == Answer::Open {
                        self.ask(ctx, at);
                    }
                }
                self.wait(ctx);
            }
            Event::Timer(Timer { kind: timer::NEXT_REQUEST, .. }) => self.go_on(ctx),
            Event::Timer(Timer { kind: timer::ASK_AGAIN, arg }) => {
                let at = arg as usize;
                if self.sent.get(at).is_some_and(|(_, _, answer)| *answer == Answer::Open) {
                    self.ask(ctx, at);
                }
            }
            Event::Command(kind, order) => {
                let newest = self.sent.iter().map(|(order, ..)| *order).max().unwrap_or(0);
                match kind {
                    verb::CANCEL_ORDER => {
                        self.request(ctx, if order > 0 { order } else { newest }, What::Cancelled);
                    }
                    verb::PLACE_ORDER => {
                        let planned = self.plan[self.next..].iter().map(|(order, _)| *order).max();
                        let free = planned.unwrap_or(0).max(newest) + 1;
                        self.request(ctx, if order > 0 { order } else { free }, What::Placed);
                    }
                    _ => {}
                }
            }
            Event::Message { msg: Msg::Accepted(order, what), .. } => {
                self.hear(ctx, *order, *what, Answer::Accepted);
            }
            Event::Message { msg: Msg::Rejected(order, what), .. } => {
                self.hear(ctx, *order, *what, Answer::Rejected);
            }
            _ => {}
        }
    }

    fn go_on(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if let Some(&(order, what)) = self.plan.get(self.next) {
            self.next += 1;
            self.request(ctx, order, what);
        }
        self.wait(ctx);
    }

    fn wait(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.next < self.plan.len() {
            ctx.set_timer(Timer { kind: timer::NEXT_REQUEST, arg: 0 }, self.gap);
        }
    }

    fn request(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, what: What) {
        let at = match self.sent.iter().position(|(o, w, _)| (*o, *w) == (order, what)) {
            Some(at) => at,
            None => {
                self.sent.push((order, what, Answer::Open));
                self.sent.len() - 1
            }
        };
        self.ask(ctx, at);
    }

    fn ask(&self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let (order, what, _) = self.sent[at];
        ctx.send(self.orders, Msg::Request(order, what));
        if self.ask_again > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: at as i32 }, self.ask_again);
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, what: What, answer: Answer) {
        if let Some(at) = self.sent.iter().position(|(o, w, _)| (*o, *w) == (order, what)) {
            self.sent[at].2 = answer;
            ctx.cancel_timer(Timer { kind: timer::ASK_AGAIN, arg: at as i32 });
        }
    }

    pub(super) fn mood(&self) -> Mood {
        let any = |wanted: Answer| self.sent.iter().any(|(_, _, answer)| *answer == wanted);
        match (any(Answer::Open), any(Answer::Rejected), self.sent.is_empty()) {
            (true, ..) => Mood::Waiting,
            (_, true, _) => Mood::Aborted,
            (.., true) => Mood::Idle,
            _ => Mood::Committed,
        }
    }
}
