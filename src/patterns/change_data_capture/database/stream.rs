//! The database's stream: to whom its log is sent, piece by piece, and what happens to a reader that
//! says nothing.

use super::{Database, Stream, timer as at};
use crate::kernel::{Ctx, NodeId};
use crate::parts::retry::counted;
use crate::patterns::change_data_capture::message::{Lsn, Msg, timer};

impl Database {
    /// A worker wants to stream.
    pub(super) fn start(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, session: u32, lsn: Lsn) {
        ctx.cancel_timer(at(timer::TELL, 0));
        match self.wal.slot() {
            Some(slot) if !slot.lost => {
                if self.stream.is_some_and(|stream| stream.reader == from && stream.session > session) {
                    return;
                }
                if self.stream.is_some_and(|stream| stream.reader != from) {
                    ctx.send(from, Msg::InUse);
                    // Is the other one still there? It has so long to say something.
                    return ctx.set_timer(at(timer::SENDER_TIMEOUT, 0), self.settings.sender_timeout);
                }
                // A position before what was confirmed is moved up to it, without a word.
                let from_lsn = lsn.max(slot.confirmed);
                self.close(ctx);
                self.exported = None;
                self.stream =
                    Some(Stream { reader: from, session, sent: from_lsn, taken: from_lsn, tries: 0 });
                ctx.send(from, Msg::Streaming(from_lsn));
                self.send(ctx);
            }
            slot => ctx.send(from, Msg::NoSlot(slot.is_some())),
        }
    }

    /// Sends the next piece, when the one before was taken over.
    pub(super) fn send(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(stream) = &mut self.stream else { return };
        if stream.taken < stream.sent {
            return;
        }
        let entries = self.wal.behind(stream.sent, self.settings.batch);
        let Some(last) = entries.last() else { return };
        let before = stream.sent;
        (stream.sent, stream.tries) = (last.lsn(), 1);
        ctx.send(stream.reader, Msg::Changes(before, entries));
        ctx.set_timer(at(timer::RESEND, 0), self.settings.resend.full(1));
    }

    pub(super) fn resend(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let resend = self.settings.resend;
        let Some(stream) = &mut self.stream else { return };
        match resend.wait(stream.tries, |_| 0) {
            Some(_) => {
                stream.tries = counted(stream.tries);
                let limit = (stream.sent - stream.taken).max(0) as u16;
                let mut entries = self.wal.behind(stream.taken, limit);
                entries.retain(|entry| entry.lsn() <= stream.sent);
                if entries.is_empty() {
                    // It never said that it has taken this over, but it has confirmed it since.
                    stream.taken = stream.sent;
                    return self.send(ctx);
                }
                ctx.send(stream.reader, Msg::Changes(stream.taken, entries));
                ctx.set_timer(at(timer::RESEND, 0), resend.full(stream.tries));
            }
            None => self.end_stream(ctx),
        }
    }

    pub(super) fn close(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for kind in [timer::RESEND, timer::SENDER_TIMEOUT] {
            ctx.cancel_timer(at(kind, 0));
        }
        self.stream = None;
    }

    /// The reader is taken for dead, or has nothing to read any more.
    pub(super) fn end_stream(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.close(ctx);
        self.told = 0;
        self.tell(ctx);
    }

    /// Nobody streams, and somebody should.
    pub(super) fn tell(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.stream.is_some() || self.wal.slot().is_none() && self.wal.end() == 0 {
            return;
        }
        self.told = counted(self.told);
        if let Some(wait) = self.settings.resend.wait(self.told, |_| 0) {
            for worker in &self.settings.workers {
                ctx.send(*worker, Msg::Closed(0));
            }
            ctx.set_timer(at(timer::TELL, 0), wait);
        }
    }

    /// The log is longer.
    pub(super) fn stream_on(&mut self, ctx: &mut Ctx<'_, Msg>) {
        match self.stream {
            Some(_) if self.wal.slot().is_some_and(|slot| slot.lost) => self.end_stream(ctx),
            Some(_) => self.send(ctx),
            None => {}
        }
    }
}
