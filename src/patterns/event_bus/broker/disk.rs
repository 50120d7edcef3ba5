//! What the broker's writes do once they are on disk. Owns the changes of the durable part, and none
//! of what is said about them.

use super::super::message::{Placed, fact};
use super::{Broker, Change, DeadLetter, Then};
use crate::parts::broker::{Appended, Entry, Found, Partition, Stamp};

impl Broker {
    pub(super) fn carry_out(&mut self, change: Change) -> Then {
        match change {
            Change::Append(from, placed, partition, stamp) => {
                Then::Produced(from, placed, self.append(placed, partition, stamp))
            }
            Change::Commit(team, member, commit) => {
                let group = &mut self.teams[team].group;
                let may = group.may_commit(member, commit.generation).is_ok();
                // Asked again because the answer was lost, it was done before: so are its receipts.
                let new = group.committed(commit.partition).is_none_or(|at| at < commit.next);
                if may && new {
                    group.commit(commit.partition, commit.next);
                    commit.receipts.iter().for_each(|placed| self.keep_receipt(*placed));
                }
                Then::Committed(team, member, commit, may)
            }
            Change::Ack(team, tag, _) => {
                let member = self.holder(team, tag);
                self.teams[team].queue.ack(tag);
                Then::Settled(team, member, Vec::new())
            }
            Change::Take(team, tag, _) => self.take(team, tag),
            Change::Return(team, tag, _, requeue) => {
                let member = self.holder(team, tag);
                let dead = self.teams[team].queue.nack(tag, requeue);
                let dead = dead.map(|(message, _)| message.value).into_iter().collect();
                Then::Settled(team, member, self.die(team, dead))
            }
            Change::ReturnAll(team) => {
                let dead = self.teams[team].queue.close_all();
                let dead = dead.into_iter().map(|(message, _)| message.value).collect();
                Then::Settled(team, None, self.die(team, dead))
            }
            Change::Bury(team, placed, tell) => {
                self.lay_down(team, placed);
                Then::Buried(placed, tell)
            }
            Change::Receipt(placed, from) => {
                self.keep_receipt(placed);
                Then::ReceiptStored(placed, from)
            }
            Change::Move(team, moves) => {
                let dead = self.move_now(team, &moves);
                let dying = self.die(team, dead);
                Then::Moved(team, moves, dying)
            }
            Change::Grow => {
                self.topic.grow(self.topic.partitions() + 1);
                Then::Grown
            }
            Change::Replay => {
                self.replay();
                Then::Nothing
            }
            Change::Rewind(team) => {
                let group = &mut self.teams[team].group;
                for partition in 0..self.topic.partitions() {
                    group.commit(partition, self.topic.start(partition));
                }
                group.rebalance();
                Then::Rewound(team)
            }
        }
    }

    /// Into the log, or into every group's queue.
    fn append(&mut self, placed: Placed, partition: Partition, stamp: Option<Stamp>) -> Appended {
        let appended = if self.settings.log {
            self.topic.append(partition, Entry { key: placed.customer, value: placed, stamp })
        } else {
            let bound = self.teams.iter_mut().filter(|team| team.bound);
            bound.for_each(|team| team.queue.publish(placed));
            Appended::At(0)
        };
        if let Appended::At(offset) = appended {
            self.facts.add(fact::STORED, placed, offset as i32);
            self.delete_old();
        }
        appended
    }

    fn delete_old(&mut self) {
        if self.settings.retention == 0 {
            return;
        }
        let starts: Vec<_> = (0..self.topic.partitions()).map(|p| self.topic.start(p)).collect();
        for (partition, old) in starts.into_iter().enumerate() {
            let partition = partition as Partition;
            let end = self.topic.end(partition);
            let start = end.saturating_sub(self.settings.retention).max(old);
            for offset in old..start {
                if let Found::Entry(entry) = self.topic.read(partition, offset) {
                    self.facts.add(fact::DELETED, entry.value, i32::from(partition));
                }
            }
        }
        self.topic.retain(self.settings.retention);
    }

    fn keep_receipt(&mut self, placed: Placed) {
        self.receipts.push(placed);
        self.facts.add(fact::RECEIPT, placed, 0);
    }

    fn lay_down(&mut self, team: usize, placed: Placed) {
        let id = self.teams[team].id;
        self.dead.push(DeadLetter { team: id, placed });
        self.facts.add(fact::DEAD_LETTERED, placed, i32::from(id));
    }

    /// What the queue gave up: dropped, or among the dead letters by the same write, or (returned)
    /// to be put there by another.
    fn die(&mut self, team: usize, dead: Vec<Placed>) -> Vec<Placed> {
        let sure = self.settings.sure_dead_letters;
        if self.settings.keeps_dead_letters() && !sure {
            return dead;
        }
        for placed in dead {
            if self.settings.keeps_dead_letters() {
                self.lay_down(team, placed);
            } else {
                self.facts.add(fact::SKIPPED, placed, i32::from(self.teams[team].id));
            }
        }
        Vec::new()
    }

    /// The dead letters go where they came from: to the end of the log, where every group finds
    /// them, or into the queue of their group.
    fn replay(&mut self) {
        for DeadLetter { team, placed } in std::mem::take(&mut self.dead) {
            if self.settings.log {
                let turn = if self.settings.by_key { placed.customer } else { placed.order };
                let partition = self.topic.partition_of(turn);
                self.topic.append(partition, Entry { key: placed.customer, value: placed, stamp: None });
            } else if let Some(team) = self.teams.iter_mut().find(|t| t.id == team) {
                team.queue.publish(placed);
            }
            self.facts.add(fact::REPLAYED, placed, i32::from(team));
        }
        self.delete_old();
    }
}
