//! Who is a member of a group: joining, leaving, being taken for dead, and the new generation that
//! comes of it.
//!
//! A log's partitions are given out anew only when the members who stay have committed what they
//! have: the group stands still until then, and nothing is done twice for it. Who is taken for dead
//! is not waited for. (Kafka's classic protocol waits likewise; here the broker assigns, as in
//! KIP-848.) A queue has no partitions to give out: a member that goes gives back what it had.

use super::super::message::{Msg, Placed, record, timer};
use super::{Broker, Change};
use crate::kernel::{Ctx, NodeId, Timer};
use crate::parts::broker::Member;

/// How often a lost member is told so while its group has no other.
const TOLD: u32 = 4;

/// Somebody comes or goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::patterns::event_bus) enum Move {
    /// Comes, or comes again after a crash.
    Join(Member),
    /// Goes.
    Leave(Member),
    /// Is taken for dead.
    Expire(Member),
    /// Nobody: there is another partition.
    Again,
}

impl Move {
    const fn who(self) -> Option<Member> {
        match self {
            Self::Join(member) | Self::Leave(member) | Self::Expire(member) => Some(member),
            Self::Again => None,
        }
    }
}

impl Broker {
    /// A member lives.
    pub(super) fn heard(&self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member) {
        ctx.cancel_timer(Timer { kind: timer::HAND_OUT_AGAIN, arg: i32::from(member) });
        self.watch(ctx, at, member);
    }

    /// A member that has something undone is watched. (Those that have nothing say that they live as
    /// well; neither is drawn.)
    pub(super) fn watch(&self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member) {
        let team = &self.teams[at];
        let open = team.open.iter().any(|open| open.member == member);
        let session = Timer { kind: timer::SESSION, arg: i32::from(member) };
        if open || team.queue.unacked().any(|d| d.consumer == member) {
            ctx.set_timer(session, self.settings.session);
        } else {
            ctx.cancel_timer(session);
        }
    }

    /// Nothing was heard of a member for too long.
    pub(super) fn expired(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member) {
        if self.teams[at].group.members().contains(&member) {
            self.wants(ctx, at, Move::Expire(member));
        }
    }

    pub(super) fn wants(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, wish: Move) {
        let team = &mut self.teams[at];
        if let Some(member) = wish.who() {
            // Whoever joins anew, or goes, is not at work on anything any more.
            team.open.retain(|open| open.member != member);
            team.waiting.retain(|m| m.who() != Some(member));
            ctx.cancel_timer(Timer { kind: timer::HAND_OUT_AGAIN, arg: i32::from(member) });
            ctx.cancel_timer(Timer { kind: timer::SESSION, arg: i32::from(member) });
            ctx.cancel_timer(Timer { kind: timer::EVICT_AGAIN, arg: i32::from(member) });
        }
        team.waiting.push(wish);
        self.rearrange(ctx, at);
    }

    /// Carries out what waits, if the others are done.
    pub(super) fn rearrange(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let team = &mut self.teams[at];
        if team.moving || team.waiting.is_empty() || !team.open.is_empty() {
            return;
        }
        team.moving = true;
        let moves = std::mem::take(&mut team.waiting);
        let args = [i32::from(team.group.generation()) + moves.len() as i32, 0, i32::from(team.id)];
        self.write(ctx, record::MEMBERS, args, Change::Move(at, moves));
    }

    /// The change is on disk. Returns what died of it in a queue.
    pub(super) fn move_now(&mut self, at: usize, moves: &[Move]) -> Vec<Placed> {
        let team = &mut self.teams[at];
        let mut dead = Vec::new();
        for m in moves {
            if let Some(member) = m.who() {
                dead.extend(team.queue.close(member).into_iter().map(|(message, _)| message.value));
            }
            match *m {
                Move::Join(member) => {
                    team.bound = true;
                    team.group.join(member);
                }
                Move::Leave(member) | Move::Expire(member) => drop(team.group.leave(member)),
                Move::Again => drop(team.group.rebalance()),
            }
        }
        dead
    }

    /// A new generation: every member hears what it has now, and who is none any more, that. (Who
    /// left hears it too: its word may be an old one, overtaken by its wish to join again.)
    pub(super) fn moved(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, moves: &[Move]) {
        let team = &mut self.teams[at];
        team.moving = false;
        team.sent.clear();
        team.open.clear();
        let generation = team.group.generation();
        let members = team.group.members().to_vec();
        for member in members {
            if self.settings.log {
                let group = &self.teams[at].group;
                let own = (0..self.topic.partitions()).filter(|p| group.owner(*p) == Some(member));
                let own = own.map(|p| (p, self.position(at, p))).collect();
                ctx.send(NodeId(member), Msg::Assigned(generation, own));
            } else if moves.contains(&Move::Join(member)) {
                ctx.send(NodeId(member), Msg::Subscribed(generation));
            }
        }
        for m in moves {
            if let Move::Leave(member) | Move::Expire(member) = *m {
                self.tell(ctx, at, member, 0);
            }
        }
        self.rearrange(ctx, at);
    }

    fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member, times: u32) {
        let team = &mut self.teams[at];
        ctx.send(NodeId(member), Msg::Evicted(team.group.generation()));
        team.told.insert(member, times);
        if team.group.members().is_empty() && times < TOLD {
            let again = Timer { kind: timer::EVICT_AGAIN, arg: i32::from(member) };
            ctx.set_timer(again, self.settings.session.times(1 << times));
        }
    }

    /// A lost member has not come back, and nobody else is there.
    pub(super) fn tell_again(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member) {
        let team = &self.teams[at];
        if !team.group.members().contains(&member) {
            let times = team.told.get(&member).copied().unwrap_or(0) + 1;
            self.tell(ctx, at, member, times);
        }
    }
}
