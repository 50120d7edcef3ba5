//! The database's side of the relays: answers to their queries, locks, clean-up, notices.

use super::{Chore, Orders, timer as at};
use crate::kernel::{Ctx, NodeId};
use crate::parts::retry::counted;
use crate::patterns::outbox::message::{Cursor, Msg, Poll, Sharing, record, timer};
use crate::patterns::outbox::table::Open;

impl Orders {
    /// The answer to a query. Whoever asks anew is awake, and his last transaction is over; a query
    /// that was asked before says nothing of that.
    pub(super) fn answer(&mut self, ctx: &mut Ctx<'_, Msg>, relay: NodeId, poll: &Poll) {
        let newest = self.queries.get(&relay.0).copied().unwrap_or(0);
        if poll.number < newest {
            return;
        }
        if poll.number > newest {
            self.queries.insert(relay.0, poll.number);
            ctx.cancel_timer(at(timer::WAKE, i32::from(relay.0)));
            self.told.retain(|(told, _)| *told != relay);
            self.listeners.retain(|listener| *listener != relay);
        }
        self.unlock(relay);
        let open: Vec<Open> =
            self.open.iter().map(|tx| Open { xid: tx.row.xid, id: tx.row.change.id }).collect();
        let (rows, held) = self.outbox.select(poll, &open, |id| self.locked(id));
        let known = self.listeners.contains(&relay) || self.told.iter().any(|(told, _)| *told == relay);
        if rows.is_empty() && !held && !known {
            self.listeners.push(relay);
        }
        if poll.sharing == Sharing::SkipLocked && !rows.is_empty() {
            self.locks.extend(rows.iter().map(|row| (row.change.id, relay)));
            ctx.set_timer(at(timer::SESSION, i32::from(relay.0)), self.settings.session);
        }
        let answer = rows.iter().map(|row| (row.change, Cursor { xid: row.xid, id: row.change.id }));
        ctx.send(relay, Msg::Rows(poll.number, answer.collect(), held));
        self.cursors.insert(relay.0, poll.after.id);
        if self.cursors.len() == self.settings.relays.len() {
            self.clean(ctx, self.cursors.values().copied().min().unwrap_or(0));
        }
    }

    /// Deletes rows that every relay's cursor has passed; marked ones go with the mark.
    pub(super) fn clean(&mut self, ctx: &mut Ctx<'_, Msg>, cursor: i32) {
        let Some(keep) = self.settings.keep else { return };
        let surplus = self.outbox.done(cursor).saturating_sub(keep);
        if cursor > 0 && surplus > 0 && !self.chores.iter().any(|(_, c)| *c == Chore::Clean(cursor)) {
            self.chore(ctx, record::CLEANED, [surplus as i32, 0, 0], Chore::Clean(cursor));
        }
    }

    pub(super) fn unlock(&mut self, relay: NodeId) {
        self.locks.retain(|(_, owner)| *owner != relay);
    }

    /// Tells whoever found nothing that there is something.
    pub(super) fn wake(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for relay in std::mem::take(&mut self.listeners) {
            self.told.push((relay, 0));
            self.tell(ctx, relay);
        }
    }

    pub(super) fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, relay: NodeId) {
        if let Some((_, times)) = self.told.iter_mut().find(|(told, _)| *told == relay) {
            *times = counted(*times);
            ctx.send(relay, Msg::Notify);
            // The relay asks when its clock says so: give it time.
            let wait = self.settings.retry.full(*times + 1);
            ctx.set_timer(at(timer::WAKE, i32::from(relay.0)), wait);
        }
    }
}
