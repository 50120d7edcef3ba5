//! What the connector gives out: records, one at a time, and its position, every so often.

use super::{CHUNK_AGAIN, Connector, FLUSH, FLUSH_AGAIN, Out, PRODUCE_AGAIN, Stage};
use crate::kernel::Ctx;
use crate::patterns::change_data_capture::message::{Lsn, Msg, Op, Produce, Session, fact};

impl Connector {
    /// Produces the next record, or says that it is ready for more.
    pub(super) fn pump(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if !self.queue.is_empty() {
            return if self.tries == 0 {
                self.produce(ctx)
            };
        }
        if let Stage::Scanning(_) = self.stage {
            self.attempt = 1;
            return self.ask(ctx);
        }
        if self.stage == Stage::Streaming {
            // A watermark at the end leaves no record behind, and is done with all the same.
            self.stored = self.received;
            ctx.send(self.settings.database, Msg::Received(self.received));
            self.arm(ctx);
            self.chunk_done(ctx);
        }
    }

    pub(super) fn produce(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(out) = self.queue.front() else { return };
        self.tries = self.tries.max(1);
        let once = self.settings.exactly_once;
        // A delete and its tombstone are one transaction, or a crash could part them.
        let tombstone = self.queue.get(1).filter(|next| once && next.value.op == Op::Tombstone);
        let done = tombstone.map_or(out.done, |tombstone| tombstone.done);
        let produce = Produce {
            session: self.session,
            sequence: self.sequence,
            value: out.value,
            offset: done.filter(|_| once),
            pair: tombstone.is_some(),
        };
        ctx.send(self.settings.broker, Msg::Produce(produce));
        ctx.set_timer(PRODUCE_AGAIN, self.settings.retry.full(self.tries));
    }

    pub(super) fn stored(&mut self, ctx: &mut Ctx<'_, Msg>, session: Session, sequence: u32) {
        if (session, sequence) != (self.session, self.sequence) {
            return;
        }
        let Some(mut out) = self.queue.pop_front() else { return };
        ctx.cancel_timer(PRODUCE_AGAIN);
        self.sequence += 1;
        self.tries = 0;
        let pair = |next: &mut Out| self.settings.exactly_once && next.value.op == Op::Tombstone;
        if let Some(tombstone) = self.queue.pop_front_if(pair) {
            out = tombstone;
            self.sequence += 1;
        }
        if let Some(lsn) = out.done {
            self.stored = lsn;
            self.arm(ctx);
        }
        if self.stage == Stage::Stopping {
            return self.stopped(ctx);
        }
        self.pump(ctx);
    }

    /// Sees to it that the next flush comes; later records do not put it off.
    pub(super) fn arm(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let due = self.stored > self.flushed && self.stage == Stage::Streaming;
        if due && self.flushing.is_none() && !self.armed {
            self.armed = true;
            ctx.set_timer(FLUSH, self.settings.flush);
        }
    }

    /// The position is put on record, or was with the newest record.
    pub(super) fn flush(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.armed = false;
        let due = self.stored > self.flushed || self.stage == Stage::Closing;
        if !due || self.stage == Stage::Off {
            return;
        }
        // A snapshot's end is put on record in either mode.
        if self.settings.exactly_once && self.stage == Stage::Streaming {
            return self.flushed(ctx, self.stored);
        }
        self.flushing = Some(self.stored);
        ctx.send(self.settings.broker, Msg::Flush(self.session, self.stored));
        ctx.set_timer(FLUSH_AGAIN, self.settings.retry.full(1));
    }

    pub(super) fn flushed(&mut self, ctx: &mut Ctx<'_, Msg>, lsn: Lsn) {
        ctx.cancel_timer(FLUSH_AGAIN);
        self.flushing = None;
        self.flushed = lsn;
        if self.stage == Stage::Closing {
            ctx.observe(fact::SNAPSHOT_DONE, [0, 0, lsn]);
            return self.go(ctx, Stage::Starting);
        }
        ctx.send(self.settings.database, Msg::Confirm(lsn));
        if self.stage == Stage::Stopping {
            return self.stopped(ctx);
        }
        self.arm(ctx);
    }

    /// Somebody else has the task, or nobody: it stops in good order.
    pub(super) fn stop(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.stage != Stage::Streaming {
            return self.give_up(ctx);
        }
        ctx.send(self.settings.database, Msg::Closed(self.taken));
        ctx.cancel_timer(CHUNK_AGAIN);
        self.on = false;
        self.stage = Stage::Stopping;
        self.window = None;
        // What is on its way, with its tombstone if that is on its way too.
        let pair = self.settings.exactly_once
            && self.queue.get(1).is_some_and(|next| next.value.op == Op::Tombstone);
        self.queue.truncate(usize::from(self.tries > 0) * (1 + usize::from(pair)));
        self.stopped(ctx);
    }

    /// Off at last, unless something is still to be waited for.
    pub(super) fn stopped(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if !self.queue.is_empty() {
            return;
        }
        if self.stored > self.flushed && !self.settings.exactly_once {
            self.flush(ctx);
        } else {
            self.give_up(ctx);
        }
    }
}
