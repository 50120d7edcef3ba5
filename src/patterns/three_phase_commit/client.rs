//! The customer: places orders one after another, and places one again when no answer comes; its
//! number makes that harmless.
//!
//! Owns the wish list. It remembers everything through a crash (it is written on paper); it is no
//! part of the protocol and no promise speaks of it.

use super::message::{Msg, timer};
use crate::kernel::{Cell, Ctx, Description, Event, Label, Mark, Mood, NodeId, Shape, Span, Timer};
use crate::parts::database::Tx;
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
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Recovered if self.waiting => self.order(ctx),
            Event::Start | Event::Recovered | Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => {
                self.place(ctx);
            }
            Event::Message { msg: Msg::OrderConfirmed(order), .. } => self.answered(ctx, *order, true),
            Event::Message { msg: Msg::OrderRefused(order), .. } => self.answered(ctx, *order, false),
            Event::Timer(Timer { kind: timer::ANSWER, .. }) if self.waiting => self.order(ctx),
            Event::Command(..) => {
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
        self.newest += 1;
        self.waiting = true;
        self.enquiries = Tally(0);
        ctx.cancel_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 });
        self.order(ctx);
    }

    fn order(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.enquiries.0 += 1;
        ctx.send(self.shop, Msg::Order(self.newest));
        ctx.set_timer(Timer { kind: timer::ANSWER, arg: 0 }, self.patience.full(self.enquiries.0));
    }

    fn answered(&mut self, ctx: &mut Ctx<'_, Msg>, order: Tx, confirmed: bool) {
        if !self.waiting || order != self.newest {
            return;
        }
        self.waiting = false;
        self.last = Some(confirmed);
        *(if confirmed { &mut self.confirmed } else { &mut self.refused }) += 1;
        ctx.cancel_timer(Timer { kind: timer::ANSWER, arg: 0 });
        if self.wanted > 0 {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
        }
    }

    pub(super) const fn mood(&self) -> Mood {
        match (self.waiting, self.last) {
            (true, _) => Mood::Waiting,
            (false, None) => Mood::Idle,
            (false, Some(true)) => Mood::Committed,
            (false, Some(false)) => Mood::Aborted,
        }
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.status = match (self.waiting, self.enquiries.0, self.last) {
            (true, 1, _) => Some(Label::with("status.order-out", [self.newest, 0, 0])),
            (true, n, _) => Some(Label::with("status.order-again", [self.newest, n as i32, 0])),
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
    }
}
