//! The customer: places orders one after another, and asks when no answer comes.
//!
//! Owns the wish list. It remembers everything through a crash (it is written on paper); it is no
//! part of the protocol and no promise speaks of it.

use super::message::{Msg, timer, verb};
use crate::kernel::Cell;
use crate::kernel::{Ctx, Description, Event, Label, Mark, Mood, NodeId, Shape, Span, Timer};
use crate::parts::database::Tx;
use crate::parts::grown::Grown;
use crate::parts::retry::RetryPolicy;
use crate::parts::settled::Tally;

/// A customer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    shop: NodeId,
    gap: Span,
    patience: RetryPolicy,
    /// How many orders are still to be placed.
    wanted: i32,
    /// The newest order's number; numbers are never used twice.
    newest: Tx,
    waiting: bool,
    confirmed: u32,
    refused: u32,
    last: Option<bool>,
    enquiries: Tally,
    later: Grown<Later>,
}

/// What not every customer needs.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Later {
    /// One of two: the numbers in between are the other's. The second begins a gap later.
    second: Option<bool>,
    /// Orders that were committed in part.
    mixed: u32,
    /// Whether the last one was.
    last_mixed: bool,
}

impl Client {
    /// A customer who wants so many orders, `gap` apart, and asks after `patience`.
    #[must_use]
    pub const fn new(shop: NodeId, orders: i32, gap: Span, patience: RetryPolicy) -> Self {
        Self {
            shop,
            gap,
            patience,
            wanted: orders,
            newest: 0,
            waiting: false,
            confirmed: 0,
            refused: 0,
            last: None,
            enquiries: Tally(0),
            later: Grown(Later { second: None, mixed: 0, last_mixed: false }),
        }
    }

    /// One of two customers, who share the numbers: odd for the first, even for the second.
    #[must_use]
    pub fn of_two(mut self, second: bool) -> Self {
        self.later.second = Some(second);
        self.newest = if second { 0 } else { -1 };
        self
    }

    /// How many orders were confirmed, and how many refused.
    #[must_use]
    pub const fn answers(&self) -> (u32, u32) {
        (self.confirmed, self.refused)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start if self.later.second == Some(true) => {
                ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
            }
            Event::Start => self.place(ctx),
            Event::Recovered if self.waiting => self.ask(ctx),
            Event::Recovered => self.place(ctx),
            Event::Message { msg: Msg::OrderConfirmed(order), .. } => {
                self.answered(ctx, *order, true, false)
            }
            Event::Message { msg: Msg::OrderRefused(order), .. } => {
                self.answered(ctx, *order, false, false)
            }
            Event::Message { msg: Msg::OrderMixed(order), .. } => self.answered(ctx, *order, false, true),
            Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => self.place(ctx),
            Event::Timer(Timer { kind: timer::ANSWER, .. }) if self.waiting => self.ask(ctx),
            Event::Command(verb::PLACE_ORDER, _) => {
                self.wanted += 1;
                self.place(ctx);
            }
            _ => {}
        }
    }

    fn place(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.waiting || self.wanted == 0 {
            return;
        }
        self.wanted -= 1;
        self.newest += if self.later.second.is_some() { 2 } else { 1 };
        self.waiting = true;
        self.enquiries = Tally(0);
        ctx.cancel_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 });
        ctx.send(self.shop, Msg::Order(self.newest));
        ctx.set_timer(Timer { kind: timer::ANSWER, arg: 0 }, self.patience.full(1));
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.enquiries.0 += 1;
        ctx.send(self.shop, Msg::Inquiry(self.newest));
        ctx.set_timer(Timer { kind: timer::ANSWER, arg: 0 }, self.patience.full(self.enquiries.0 + 1));
    }

    fn answered(&mut self, ctx: &mut Ctx<'_, Msg>, order: Tx, confirmed: bool, mixed: bool) {
        if !self.waiting || order != self.newest {
            return;
        }
        self.waiting = false;
        self.last = Some(confirmed);
        self.later.last_mixed = mixed;
        if mixed {
            self.later.mixed += 1;
        } else if confirmed {
            self.confirmed += 1;
        } else {
            self.refused += 1;
        }
        ctx.cancel_timer(Timer { kind: timer::ANSWER, arg: 0 });
        if self.wanted > 0 {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.waiting, self.last) {
            (false, Some(_)) if self.later.last_mixed => Mood::Stuck,
            (true, _) => Mood::Waiting,
            (false, None) => Mood::Idle,
            (false, Some(true)) => Mood::Committed,
            (false, Some(false)) => Mood::Aborted,
        }
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.status = match (self.waiting, self.enquiries.0, self.last) {
            (true, 0, _) => Some(Label::with("status.order-out", [self.newest, 0, 0])),
            (true, n, _) => Some(Label::with("status.order-asked", [self.newest, n as i32, 0])),
            (false, _, Some(_)) if self.later.last_mixed => {
                Some(Label::with("status.order-mixed", [self.newest, 0, 0]))
            }
            (false, _, Some(true)) => Some(Label::with("status.order-confirmed", [self.newest, 0, 0])),
            (false, _, Some(false)) => Some(Label::with("status.order-refused", [self.newest, 0, 0])),
            (false, _, None) => None,
        };
        out.section(Label::new("section.orders"), Shape::Facts, true);
        let facts = [
            ("row.confirmed", i64::from(self.confirmed)),
            ("row.refused", i64::from(self.refused)),
            ("row.wanted", i64::from(self.wanted)),
        ];
        for (i, (name, n)) in facts.into_iter().enumerate() {
            out.row(i as u64, Mark::Plain, &[Cell::Text(Label::new(name)), Cell::Number(n)]);
        }
        if self.later.mixed > 0 {
            let cells = [Cell::Text(Label::new("row.mixed")), Cell::Number(i64::from(self.later.mixed))];
            out.row(3, Mark::Wrong, &cells);
        }
    }
}
