//! Decisions by an operator (XA calls them heuristic): somebody who can no longer wait for the coordinator
//! has a participant in doubt commit or abort, and its rows are free. It is a guess. When the coordinator
//! says what was decided, the two are compared; if they differ, the outcome is *mixed*, and written down
//! for repair.
//!
//! Owns the guess, the comparison and the flag. Does not own the repair, which is a matter of the
//! business.

use super::super::message::{Msg, timer, verb};
use super::{Participant, Record, Stage};
use crate::kernel::{Ctx, NodeId, Timer};
use crate::parts::database::Tx;

impl Participant {
    /// Decided by an operator, compared or not: what the operator chose.
    pub(super) fn operated(&self) -> impl Iterator<Item = (Tx, bool)> {
        let open = self.later.heuristic.iter().chain(self.later.mixed.iter());
        open.map(|(tx, commit)| (*tx, *commit))
    }

    /// Everything that an operator has decided here, by its disk.
    pub fn forced(&self) -> impl Iterator<Item = (Tx, bool)> {
        self.later.forced.iter().map(|(tx, commit)| (*tx, *commit))
    }

    /// Whether it has written down that an operator's decision was another than the coordinator's.
    #[must_use]
    pub fn is_flagged(&self, tx: Tx) -> bool {
        self.later.mixed.contains_key(&tx)
    }

    /// An operator decides a transaction in doubt: this one, or for 0 the first.
    pub(super) fn operate(&mut self, ctx: &mut Ctx<'_, Msg>, verb: u8, tx: Tx) {
        let commit = match verb {
            verb::FORCE_COMMIT => true,
            verb::FORCE_ABORT => false,
            _ => return,
        };
        let wanted = |(other, stage): (Tx, Stage)| stage == Stage::InDoubt && (tx == 0 || tx == other);
        let found = self.open.iter().map(|(tx, open)| (*tx, open.stage)).find(|&open| wanted(open));
        let Some((tx, _)) = found else { return };
        if let Some(open) = self.open.get_mut(&tx) {
            open.stage = Stage::Forcing;
        }
        ctx.cancel_timer(Timer { kind: timer::INQUIRY, arg: tx });
        self.write(ctx, Record::Heuristic(tx, commit));
    }

    /// The operator's decision is on disk: it is followed, and from now on compared.
    pub(super) fn follow_operator(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, commit: bool) {
        self.redo_one(ctx, tx);
        self.last = Some((tx, commit));
        self.release(ctx, tx);
        ctx.set_timer(Timer { kind: timer::INQUIRY, arg: tx }, self.settings.inquiry.full(1));
    }

    /// Asks what the coordinator decided about something that an operator has decided.
    pub(super) fn compare(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if self.later.heuristic.contains_key(&tx) {
            ctx.send(self.settings.coordinator, Msg::Inquiry(tx));
            ctx.set_timer(Timer { kind: timer::INQUIRY, arg: tx }, self.settings.inquiry.full(4));
        }
    }

    /// The coordinator's decision on a transaction that is over here; whether an operator had decided it.
    pub(super) fn resolves(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx, commit: bool) -> bool {
        if from != self.settings.coordinator {
            return false;
        }
        if self.later.mixed.contains_key(&tx) {
            ctx.send(from, Msg::Mixed(tx));
            return true;
        }
        let Some(guess) = self.later.heuristic.get(&tx).copied() else { return false };
        ctx.cancel_timer(Timer { kind: timer::INQUIRY, arg: tx });
        if guess != commit && !self.later.silent {
            self.write(ctx, Record::Mixed(tx, commit));
            return true;
        }
        self.write(ctx, if guess { Record::Commit(tx) } else { Record::Abort(tx) });
        if commit {
            ctx.send(from, Msg::Ack(tx));
        }
        true
    }
}
