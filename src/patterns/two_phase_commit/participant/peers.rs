//! What participants do for each other: cooperative termination, and passing a decision on.
//!
//! Cooperative termination (Bernstein, Hadzilacos and Goodman 1987, 7.4): who is in doubt asks the
//! others too. One that has committed or aborted tells; one that has not voted gives up now, so that all
//! may abort; one that is in doubt itself is of no help. If all who can be reached are, they block.
//!
//! Reliable broadcast (Babaoğlu and Toueg 1993, ACP-NB): who receives a decision passes it on to all
//! others *before* it follows it. Then, once nothing is on its way any more, whoever is in doubt knows
//! that nobody has decided, and aborts. The wrong order, following first, is a setting as well. Right as
//! long as time-outs are: who was down meanwhile asks instead, and a coordinator that comes back with a
//! COMMIT of its own finds that the others have gone on without it.

use super::super::message::Msg;
use super::{Participant, Record, Stage};
use crate::kernel::{Ctx, NodeId};
use crate::parts::database::Tx;

/// When a decision is passed on to the other participants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Forward {
    /// Not at all: a simple broadcast.
    #[default]
    Never,
    /// Before it is followed.
    First,
    /// After it was followed, which is too late.
    Last,
}

impl Participant {
    /// Passes a decision on, if now is the time for it.
    pub(super) fn forward(&self, ctx: &mut Ctx<'_, Msg>, now: Forward, decision: Msg) {
        if self.later.forward == now {
            for peer in &self.later.peers {
                ctx.send(*peer, decision);
            }
        }
    }

    /// Whether silence means that nobody has decided: decisions are passed on, and it was up to hear.
    pub(super) fn nobody_forwarded(&self, tx: Tx) -> bool {
        self.later.forward != Forward::Never && !self.later.slept.contains_key(&tx)
    }

    /// Abort arrived, from the coordinator or passed on.
    pub(super) fn told_abort(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx) {
        let open = self.open.get(&tx).is_some_and(|open| !open.stage.decided());
        if !open {
            self.resolves(ctx, from, tx, false);
            return;
        }
        self.forward(ctx, Forward::First, Msg::Abort(tx));
        self.abort(ctx, tx);
        self.forward(ctx, Forward::Last, Msg::Abort(tx));
    }

    /// Another participant is in doubt.
    pub(super) fn asked_by_peer(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx) {
        if !self.later.peers.contains(&from) {
            return;
        }
        let operated = self.later.heuristic.contains_key(&tx) || self.later.mixed.contains_key(&tx);
        match self.open.get(&tx).map(|open| (open.stage, open.voted)) {
            // It will be on disk in a moment, and the other asks again.
            Some((Stage::Committing | Stage::Forcing, _)) => {}
            Some((_, true)) => ctx.send(from, Msg::InDoubt(tx)),
            // What an operator decided is nobody's decision but the operator's.
            None if operated => ctx.send(from, Msg::InDoubt(tx)),
            None if self.has_committed(tx) => ctx.send(from, Msg::Commit(tx)),
            None if self.later.given_up.contains_key(&tx) => ctx.send(from, Msg::Abort(tx)),
            // Not voted: gives up now, and answers once that is on disk.
            Some((stage, false)) => {
                self.later.asked.or_default(tx).push(from);
                self.abort(ctx, tx);
                if stage == Stage::Blocked {
                    self.write(ctx, Record::Abort(tx));
                }
            }
            None => {
                self.later.asked.or_default(tx).push(from);
                self.write(ctx, Record::Abort(tx));
            }
        }
    }

    /// An abort is on disk: whoever asked hears of it.
    pub(super) fn answer_peers(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        for peer in self.later.asked.remove(&tx).unwrap_or_default() {
            ctx.send(peer, Msg::Abort(tx));
        }
    }
}
