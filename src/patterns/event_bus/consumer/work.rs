//! What a consumer does with an event, from the hand-out to the answer.
//!
//! Owns the order of work, result and commit, which is what delivery semantics are made of, and what
//! happens when the work fails.

use super::super::message::{Answer, Msg, Placed, fact, local, timer};
use super::super::settings::{Delivery, GivingUp};
use super::{Consumer, Membership, Stage};
use crate::kernel::{Ctx, Interference, Span, Timer};

impl Consumer {
    /// Goes on with the first event of the inbox, if there is one and nothing is at work.
    pub(super) fn begin(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let s = &self.settings;
        if self.stage.is_some() {
            return;
        }
        let Some(batch) = self.inbox.front() else {
            if self.membership == Membership::Out {
                self.join(ctx);
            }
            return;
        };
        if s.log && s.delivery == Delivery::AtMostOnce && !batch.committed {
            return self.commit(ctx);
        }
        let Some(item) = batch.items.front() else {
            if s.log && !batch.committed {
                return self.commit(ctx);
            }
            self.batch_done(ctx);
            return self.begin(ctx);
        };
        if s.log && s.max_poll.micros > 0 && !self.polled {
            self.polled = true;
            ctx.set_timer(Timer { kind: timer::MAX_POLL, arg: 0 }, s.max_poll);
        }
        if item.parked || self.parked.contains(&item.placed.customer) {
            // The queue of parked events is where its turn comes.
            return self.put_aside(ctx);
        }
        self.work(ctx);
    }

    fn work(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.stage = Some(Stage::Working);
        let takes = if self.slow { self.settings.slow_work } else { self.settings.work };
        ctx.set_timer(Timer { kind: timer::WORK, arg: 0 }, takes);
    }

    /// The work is done: now its effect.
    pub(super) fn worked(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(placed) = self.item().map(|item| item.placed) else { return };
        if self.stage != Some(Stage::Working) {
            return;
        }
        let step = if placed.customer == 0 { local::PROCESS } else { local::HANDLE };
        ctx.local(step, [placed.order, placed.customer, i32::from(self.team)]);
        let trouble = self.inbox.front_mut().map(|b| std::mem::take(&mut b.trouble)).unwrap_or_default();
        match trouble {
            Interference::Fail => return self.failed(ctx, false),
            Interference::Refuse => return self.failed(ctx, true),
            Interference::None => {}
        }
        if placed.order == self.settings.poison && !self.repaired {
            return self.failed(ctx, false);
        }
        match self.store {
            Some(_) => self.charge(ctx),
            None => {
                ctx.observe(fact::EFFECT, [placed.order, placed.customer, i32::from(self.team)]);
                self.effected(ctx);
            }
        }
    }

    fn charge(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let (Some(store), Some(placed)) = (self.store, self.item().map(|item| item.placed)) else { return };
        let token = self.inbox.front().map_or(0, |batch| batch.generation);
        // Messages of a queue have no owner, and so no token.
        let token = if self.settings.log { token } else { 0 };
        self.stage = Some(Stage::Charging);
        ctx.send(store, Msg::Charge(placed, token));
        self.expect_answer(ctx);
    }

    fn expect_answer(&self, ctx: &mut Ctx<'_, Msg>) {
        ctx.set_timer(Timer { kind: timer::NO_ANSWER, arg: 0 }, self.settings.request);
    }

    pub(super) fn answered(&mut self, ctx: &mut Ctx<'_, Msg>, placed: Placed, answer: Answer) {
        if !self.waits(Stage::Charging, placed) {
            return;
        }
        ctx.cancel_timer(Timer { kind: timer::NO_ANSWER, arg: 0 });
        match answer {
            Answer::Charged | Answer::Already => self.effected(ctx),
            Answer::TryAgain => self.trouble_below(ctx),
            Answer::Declined => self.failed(ctx, true),
            // Others have gone on: what it holds is not its own any more.
            Answer::Fenced => self.join(ctx),
        }
    }

    /// The effect is there: the result, if one is wanted, then the answer to the broker.
    fn effected(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(placed) = self.item().map(|item| item.placed) else { return };
        if self.settings.receipts && self.settings.transactions() {
            if let Some(batch) = self.inbox.front_mut() {
                batch.receipts.push(placed);
            }
        } else if self.settings.receipts {
            self.stage = Some(Stage::Publishing);
            ctx.send(self.broker, Msg::Receipt(placed));
            return self.expect_answer(ctx);
        }
        self.item_done(ctx);
    }

    /// Done with the first event.
    pub(super) fn item_done(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.rest(ctx);
        let Some(item) = self.inbox.front_mut().and_then(|batch| batch.items.pop_front()) else { return };
        if !self.settings.log {
            if !self.settings.automatic_ack() {
                ctx.send(self.broker, Msg::Ack(item.place, item.placed));
            }
            self.batch_done(ctx);
        }
        self.begin(ctx);
    }

    pub(super) fn no_answer(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(placed) = self.inbox.front().map(|b| b.items.front().map(|item| item.placed)) else {
            return;
        };
        match (self.stage, placed) {
            (Some(Stage::Charging), _) => self.trouble_below(ctx),
            (Some(Stage::Committing), _) => self.commit(ctx),
            (Some(Stage::Publishing), Some(placed)) => {
                ctx.send(self.broker, Msg::Receipt(placed));
                self.expect_answer(ctx);
            }
            (Some(Stage::Burying), Some(placed)) => {
                ctx.send(self.broker, Msg::DeadLetter(placed));
                self.expect_answer(ctx);
            }
            _ => {}
        }
    }

    /// The database failed, or did not answer. That may pass: told apart from a bad event, it is
    /// waited for and does not count.
    fn trouble_below(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.settings.classify {
            self.pause(ctx, true);
        } else {
            self.failed(ctx, false);
        }
    }

    fn pause(&mut self, ctx: &mut Ctx<'_, Msg>, at_the_database: bool) {
        self.tries += 1;
        self.stage = Some(Stage::Pausing(at_the_database));
        let wait = self.settings.retry.wait(self.tries, |n| ctx.roll(n)).unwrap_or_default();
        ctx.set_timer(Timer { kind: timer::RETRY, arg: 0 }, wait);
        if self.polled {
            // It seeks back and polls again, so that its time begins anew.
            let more = Span::us(self.settings.max_poll.micros + wait.micros);
            ctx.set_timer(Timer { kind: timer::MAX_POLL, arg: 0 }, more);
        }
    }

    /// The pause is over.
    pub(super) fn again(&mut self, ctx: &mut Ctx<'_, Msg>) {
        match self.stage {
            Some(Stage::Pausing(true)) => self.charge(ctx),
            Some(Stage::Pausing(false)) => self.work(ctx),
            Some(Stage::GivingBack) => self.give_back(ctx, true),
            _ => {}
        }
    }

    /// The event could not be handled; `for_good`: trying again will not help.
    fn failed(&mut self, ctx: &mut Ctx<'_, Msg>, for_good: bool) {
        let Some(item) = self.item().copied() else { return };
        self.failures += 1;
        let s = self.settings;
        let attempt = if s.log { self.failures } else { item.returned + self.failures };
        ctx.observe(fact::FAILED, [item.placed.order, i32::from(attempt), i32::from(self.team)]);
        if !s.log {
            if s.automatic_ack() {
                // The queue has forgotten it: nobody is left to ask.
                ctx.observe(fact::SKIPPED, [item.placed.order, item.placed.customer, i32::from(self.team)]);
                return self.item_done(ctx);
            }
            if for_good || s.requeue_delay.micros == 0 {
                return self.give_back(ctx, !for_good);
            }
            self.stage = Some(Stage::GivingBack);
            return ctx.set_timer(Timer { kind: timer::RETRY, arg: 0 }, s.requeue_delay);
        }
        if s.giving_up == GivingUp::Never || (self.failures <= s.retries && !for_good) {
            return self.pause(ctx, false);
        }
        if s.giving_up == GivingUp::Skip {
            ctx.observe(fact::SKIPPED, [item.placed.order, item.placed.customer, i32::from(self.team)]);
            return self.item_done(ctx);
        }
        if s.giving_up == GivingUp::ParkKey {
            self.parked.push(item.placed.customer);
        }
        self.put_aside(ctx);
    }

    /// To the dead letters. Unsure, the event is done with as soon as that is sent off.
    fn put_aside(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(placed) = self.item().map(|item| item.placed) else { return };
        ctx.send(self.broker, Msg::DeadLetter(placed));
        if self.settings.sure_dead_letters {
            self.stage = Some(Stage::Burying);
            self.expect_answer(ctx);
        } else {
            self.item_done(ctx);
        }
    }

    /// Back to the queue, which counts.
    fn give_back(&mut self, ctx: &mut Ctx<'_, Msg>, requeue: bool) {
        let Some(item) = self.item().copied() else { return };
        let answer =
            if requeue { Msg::Nack(item.place, item.placed) } else { Msg::Reject(item.place, item.placed) };
        ctx.send(self.broker, answer);
        self.rest(ctx);
        self.batch_done(ctx);
        self.begin(ctx);
    }
}
