//! Handing out from the log: each partition to its owner, in order, one batch at a time.
//!
//! A consumer of a log asks for more (Kafka's fetch). It does so whenever it has room, so that these
//! requests are not drawn: a request always stands, at the offset after what was handed out last.

use super::super::message::{Commit, Item, Msg, record, timer};
use super::{Broker, Change, Open};
use crate::kernel::{Ctx, NodeId, Span, Timer};
use crate::parts::broker::{Found, Member, Offset, Partition};

impl Broker {
    pub(super) fn feed_from_log(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        if self.teams[at].moving || !self.teams[at].waiting.is_empty() {
            return;
        }
        for partition in 0..self.topic.partitions() {
            let team = &self.teams[at];
            let Some(owner) = team.group.owner(partition) else { return };
            if team.open.iter().any(|open| open.partition == partition) {
                continue;
            }
            let mut from = self.position(at, partition);
            if let Found::OutOfRange(start) = self.topic.read(partition, from) {
                ctx.send(NodeId(owner), Msg::OutOfRange(partition, start));
                from = self.reset(partition);
            }
            let end = self.topic.end(partition).min(from + self.settings.batch as Offset);
            let next = end.max(from);
            let team = &mut self.teams[at];
            team.sent.insert(partition, next);
            if next > from {
                let open = Open { member: owner, partition, from, next };
                team.open.push(open);
                self.hand_out(ctx, at, open);
                self.watch(ctx, at, owner);
            }
        }
    }

    /// Where a group that has committed nothing begins.
    fn reset(&self, partition: Partition) -> Offset {
        if self.settings.earliest { self.topic.start(partition) } else { self.topic.end(partition) }
    }

    /// What comes next for a group.
    pub(super) fn position(&self, at: usize, partition: Partition) -> Offset {
        let team = &self.teams[at];
        let sent = team.sent.get(&partition).copied();
        sent.or_else(|| team.group.committed(partition)).unwrap_or_else(|| self.reset(partition))
    }

    fn hand_out(&self, ctx: &mut Ctx<'_, Msg>, at: usize, open: Open) {
        let item = |place| match self.topic.read(open.partition, place) {
            Found::Entry(entry) => {
                let parked = self.is_parked(at, entry.value);
                Some(Item { place, placed: entry.value, returned: 0, parked })
            }
            _ => None,
        };
        let items: Vec<Item> = (open.from..open.next).filter_map(item).collect();
        // Past its retention by now, when it is handed out again: the member will be taken for dead.
        if items.is_empty() {
            return;
        }
        let generation = self.teams[at].group.generation();
        ctx.send(NodeId(open.member), Msg::HandOut { generation, partition: open.partition, items });
        let again = Timer { kind: timer::HAND_OUT_AGAIN, arg: i32::from(open.member) };
        // A member at work is heard of within a heartbeat and its way.
        let wait = Span::us(self.settings.heartbeat.micros * 3 / 2).max(self.settings.request);
        ctx.set_timer(again, wait);
    }

    /// Nothing was heard of a member since it was handed something: perhaps that was lost.
    pub(super) fn hand_out_again(&self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member) {
        for open in self.teams[at].open.iter().filter(|open| open.member == member) {
            self.hand_out(ctx, at, *open);
        }
    }

    pub(super) fn asked_to_commit(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        at: usize,
        from: NodeId,
        commit: &Commit,
    ) {
        let Commit { generation, partition, next, ref receipts } = *commit;
        if self.teams[at].group.may_commit(from.0, generation).is_err() {
            return ctx.send(from, Msg::Denied(generation, partition, next));
        }
        let kind = if receipts.is_empty() { record::OFFSET } else { record::TRANSACTION };
        let args = [next as i32, i32::from(partition), i32::from(self.teams[at].id)];
        self.write(ctx, kind, args, Change::Commit(at, from.0, commit.clone()));
    }

    pub(super) fn committed(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        at: usize,
        member: Member,
        commit: &Commit,
        may: bool,
    ) {
        let Commit { generation, partition, next, .. } = *commit;
        if !may {
            return ctx.send(NodeId(member), Msg::Denied(generation, partition, next));
        }
        let done = |open: &Open| open.partition == partition && open.next <= next;
        self.teams[at].open.retain(|open| !done(open));
        ctx.send(NodeId(member), Msg::Committed(generation, partition, next));
        self.watch(ctx, at, member);
        self.rearrange(ctx, at);
    }
}
