//! Services one behind the other, each of which tries again on its own.
//!
//! Owns a layer: it calls the next one, waits, tries again so many times, and then says to the one
//! above that it failed, who tries again. Attempts multiply. Does not own budgets, deadlines or
//! circuit breakers: the remedy shown is to retry in one place.

use super::message::Msg;
use super::names::{fact, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::retry::{Retries, RetryPolicy};

/// What one layer does for another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Open {
    /// The request of the outside.
    pub request: i32,
    /// The call it answers; 0 for its own.
    answers: i32,
    /// Its own newest call.
    pub call: i32,
    pub sent: Retries,
}

/// A layer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Layer {
    above: Option<NodeId>,
    below: Option<NodeId>,
    timeout: Span,
    policy: RetryPolicy,
    /// Requests that the outermost layer makes on its own, and the pause between two.
    requests: i32,
    gap: Span,
    made: i32,
    calls: i32,
    pub(super) open: Vec<Open>,
    /// By request, how many calls it made: the newest few.
    pub(super) costs: Vec<(i32, i32)>,
    pub(super) failed: i32,
    pub(super) served: i32,
}

/// Requests whose cost is remembered.
const REMEMBERED: usize = 4;

impl Layer {
    /// A layer between two others; the outermost one has none above and makes `requests`.
    #[must_use]
    pub const fn new(
        above: Option<NodeId>,
        below: Option<NodeId>,
        timeout: Span,
        policy: RetryPolicy,
        requests: i32,
        gap: Span,
    ) -> Self {
        Self {
            above,
            below,
            timeout,
            policy,
            requests,
            gap,
            made: 0,
            calls: 0,
            open: Vec::new(),
            costs: Vec::new(),
            failed: 0,
            served: 0,
        }
    }

    /// The request that cost it most calls, and how many.
    #[must_use]
    pub fn dearest(&self) -> Option<(i32, i32)> {
        self.costs.iter().copied().max_by_key(|(_, calls)| *calls)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Timer(Timer { kind: timer::NEXT_ORDER, .. })
                if self.made < self.requests =>
            {
                self.request(ctx);
                if self.made < self.requests {
                    ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.gap);
                }
            }
            Event::Command(verb::ASK, _) => {
                self.requests += 1;
                self.request(ctx);
            }
            Event::Message { msg: Msg::Call(request, call), .. } => match self.below {
                None => {
                    self.served += 1;
                    self.note(*request);
                    self.reply(ctx, Msg::Answered(*request, *call));
                }
                Some(_) => self.begin(ctx, *request, *call),
            },
            Event::Message { msg: Msg::Answered(_, call), .. } => self.close(ctx, *call, true),
            Event::Message { msg: Msg::Failed(_, call), .. } => self.fail(ctx, *call),
            Event::Timer(Timer { kind: timer::CALL, arg }) => self.fail(ctx, arg),
            Event::Timer(Timer { kind: timer::BACK_OFF, arg }) => {
                if let Some(at) = self.open.iter().position(|o| o.call == arg) {
                    self.call(ctx, at);
                }
            }
            _ => {}
        }
    }

    fn request(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.made += 1;
        self.begin(ctx, self.made, 0);
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>, request: i32, answers: i32) {
        self.open.push(Open { request, answers, call: 0, sent: Retries::default() });
        self.call(ctx, self.open.len() - 1);
    }

    fn call(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let Some(below) = self.below else { return };
        self.calls += 1;
        self.open[at].call = self.calls;
        let request = self.open[at].request;
        self.note(request);
        ctx.send(below, Msg::Call(request, self.calls));
        ctx.set_timer(Timer { kind: timer::CALL, arg: self.calls }, self.timeout);
    }

    fn note(&mut self, request: i32) {
        if let Some(cost) = self.costs.iter_mut().find(|(r, _)| *r == request) {
            cost.1 += 1;
            return;
        }
        if self.costs.len() == REMEMBERED {
            self.costs.remove(0);
        }
        self.costs.push((request, 1));
    }

    /// A call failed, or was not answered in time.
    fn fail(&mut self, ctx: &mut Ctx<'_, Msg>, call: i32) {
        let Some(at) = self.open.iter().position(|o| o.call == call) else { return };
        ctx.cancel_timer(Timer { kind: timer::CALL, arg: call });
        match self.open[at].sent.fail(&self.policy, |n| ctx.roll(n)) {
            Some(wait) if wait > Span::ZERO => {
                ctx.set_timer(Timer { kind: timer::BACK_OFF, arg: call }, wait);
            }
            Some(_) => self.call(ctx, at),
            None => self.close(ctx, call, false),
        }
    }

    fn close(&mut self, ctx: &mut Ctx<'_, Msg>, call: i32, answered: bool) {
        let Some(at) = self.open.iter().position(|o| o.call == call) else { return };
        let open = self.open.remove(at);
        ctx.cancel_timer(Timer { kind: timer::CALL, arg: call });
        ctx.cancel_timer(Timer { kind: timer::BACK_OFF, arg: call });
        if answered {
            self.served += 1;
        } else {
            self.failed += 1;
        }
        let (request, answers) = (open.request, open.answers);
        if self.above.is_none() {
            let fact = if answered { fact::SERVED } else { fact::GIVEN_UP };
            ctx.observe(fact, [request, self.costs.last().map_or(0, |c| c.1), 0]);
        }
        self.reply(
            ctx,
            if answered { Msg::Answered(request, answers) } else { Msg::Failed(request, answers) },
        );
    }

    fn reply(&self, ctx: &mut Ctx<'_, Msg>, msg: Msg) {
        if let Some(above) = self.above {
            ctx.send(above, msg);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.open.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.open.is_empty(), self.failed, self.served) {
            (false, ..) => Mood::Waiting,
            (true, 1.., 0) => Mood::Aborted,
            (true, _, 1..) => Mood::Committed,
            (true, ..) => Mood::Idle,
        }
    }
}
