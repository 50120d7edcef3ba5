//! Handing out from the queues: each message to whoever has room, and what becomes of answers.

use super::super::message::{Item, Msg, Placed, record};
use super::{Broker, Change, Then};
use crate::kernel::{Ctx, NodeId};
use crate::parts::broker::{Member, Tag};

/// A message that left the queue by being handed out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Taken {
    at: usize,
    member: Member,
    item: Option<Item>,
}

impl Broker {
    pub(super) fn feed_from_queue(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        loop {
            let team = &mut self.teams[at];
            let members = team.group.members();
            let (n, turn, batch) = (members.len(), team.turn, self.settings.batch);
            let queue = &mut team.queue;
            let found = (0..n).find_map(|k| {
                let place = (turn + k) % n;
                queue.deliver(members[place], batch).map(|delivery| (place, delivery))
            });
            let Some((place, delivery)) = found else { return };
            team.turn = (place + 1) % n;
            let placed = delivery.message.value;
            if self.settings.automatic_ack() {
                // Removed first: a crash in between loses it, which is what at most once means.
                self.write_take(ctx, at, delivery.tag, placed);
            } else {
                let returned = delivery.message.returned;
                let item = Item { place: delivery.tag, placed, returned, parked: false };
                self.hand_out_item(ctx, at, delivery.consumer, item);
                self.watch(ctx, at, delivery.consumer);
            }
        }
    }

    fn hand_out_item(&self, ctx: &mut Ctx<'_, Msg>, at: usize, member: Member, item: Item) {
        let generation = self.teams[at].group.generation();
        ctx.send(NodeId(member), Msg::HandOut { generation, partition: 0, items: vec![item] });
    }

    pub(super) fn write_take(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, tag: Tag, placed: Placed) {
        let args = [placed.order, placed.customer, i32::from(self.teams[at].id)];
        self.write(ctx, record::REMOVAL, args, Change::Take(at, tag, placed));
    }

    /// Who has a message.
    pub(super) fn holder(&self, at: usize, tag: Tag) -> Option<Member> {
        self.teams[at].queue.unacked().find(|d| d.tag == tag).map(|d| d.consumer)
    }

    pub(super) fn take(&mut self, at: usize, tag: Tag) -> Then {
        let member = self.holder(at, tag).unwrap_or_default();
        let item = self.teams[at].queue.ack(tag).map(|message| Item {
            place: tag,
            placed: message.value,
            returned: message.returned,
            parked: false,
        });
        Then::Taken(Taken { at, member, item })
    }

    pub(super) fn hand_out_taken(&self, ctx: &mut Ctx<'_, Msg>, taken: Taken) {
        if let Some(item) = taken.item {
            self.hand_out_item(ctx, taken.at, taken.member, item);
        }
    }

    /// A consumer did not do it. Where the queue gives up on it by that, and dead letters are sure,
    /// it becomes one by the same write.
    pub(super) fn give_back(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        at: usize,
        tag: Tag,
        placed: Placed,
        requeue: bool,
    ) {
        let team = &self.teams[at];
        let Some(delivery) = team.queue.unacked().find(|d| d.tag == tag) else { return };
        let over = self.settings.delivery_limit().is_some_and(|limit| delivery.message.returned >= limit);
        let dies = (over || !requeue) && self.settings.keeps_dead_letters();
        let kind =
            if dies && self.settings.sure_dead_letters { record::DEAD_LETTER } else { record::RETURN };
        let args = [placed.order, placed.customer, i32::from(team.id)];
        self.write(ctx, kind, args, Change::Return(at, tag, placed, requeue));
    }

    /// The broker runs again: all channels are closed, what was handed out comes back.
    pub(super) fn return_all(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for at in 0..self.teams.len() {
            let team = &self.teams[at];
            let handed_out = team.queue.unacked().count() as i32;
            if handed_out > 0 {
                let first = team.queue.unacked().next().map_or(0, |d| d.message.value.order);
                let args = [first, 0, i32::from(team.id)];
                self.write(ctx, record::RETURN, args, Change::ReturnAll(at));
            }
        }
    }
}
