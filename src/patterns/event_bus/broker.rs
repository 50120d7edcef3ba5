//! The broker: keeps events until every group is done with them, as a log or as a queue a group.
//!
//! Owns the writes, and what is said once they are on disk. Who is a member is [`members`]', what is
//! handed out to whom [`log`]'s and [`queue`]'s. Does not own replication: its disk stands for a
//! quorum of replicas, and a broker that is down for a partition without a leader.

mod log;
mod members;
mod queue;

use super::message::{Commit, Facts, Msg, Placed, fact, record, timer, verb};
use super::settings::{GivingUp, Settings};
use crate::kernel::{Args, Ctx, Event, Log, Mood, NodeId, Ticket, Timer};
use crate::parts::broker::{
    Appended, Entry, Found, Group, Member, Offset, Partition, Queue, Staged, Stamp, Tag, Topic,
};
use crate::sorted::Map;
use members::Move;
use queue::Taken;

/// A group: the instances of one service, of which one gets each event.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Team {
    /// Its number in texts.
    pub id: u8,
    /// Who may become a member.
    nodes: Vec<NodeId>,
    /// Somebody of it was here: before that, a queue of it does not exist.
    pub bound: bool,
    pub group: Group,
    pub queue: Queue<Placed>,
    /// Volatile: what comes next in each partition, …
    sent: Map<Partition, Offset>,
    /// … what is handed out and not committed, …
    pub open: Vec<Open>,
    /// … who wants to come or go, once the others are done, …
    pub waiting: Vec<Move>,
    /// … whether that is being written, …
    moving: bool,
    /// … whose turn it is at the queue, …
    turn: usize,
    /// … and how often a lost member was told that it is one.
    told: Map<Member, u32>,
}

/// A part of a partition that a member has and has not committed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Open {
    pub member: Member,
    pub partition: Partition,
    pub from: Offset,
    pub next: Offset,
}

/// An event that was put aside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct DeadLetter {
    pub team: u8,
    pub placed: Placed,
}

/// A write, carried out when it is on disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Change {
    Append(NodeId, Placed, Partition, Option<Stamp>),
    Commit(usize, Member, Commit),
    /// Done with a message.
    Ack(usize, Tag, Placed),
    /// Handed out and done with, in one.
    Take(usize, Tag, Placed),
    /// Back into the queue (or not: it was rejected).
    Return(usize, Tag, Placed, bool),
    ReturnAll(usize),
    /// Among the dead letters, and whom to tell.
    Bury(usize, Placed, Option<NodeId>),
    Receipt(Placed, NodeId),
    Move(usize, Vec<Move>),
    Grow,
    Replay,
    Rewind(usize),
}

/// What is said or done when a write is known to be on disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Then {
    Produced(NodeId, Placed, Appended),
    Committed(usize, Member, Commit, bool),
    Taken(Taken),
    /// Answered by a consumer; what died of it, removed from the queue and in no other yet.
    Settled(usize, Option<Member>, Vec<Placed>),
    Buried(Placed, Option<NodeId>),
    ReceiptStored(Placed, NodeId),
    Moved(usize, Vec<Move>, Vec<Placed>),
    Grown,
    Rewound(usize),
    Nothing,
}

/// The broker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Broker {
    pub(super) settings: Settings,
    pub(super) topic: Topic<Placed>,
    pub(super) teams: Vec<Team>,
    pub(super) dead: Vec<DeadLetter>,
    pub(super) receipts: Log<Placed>,
    facts: Facts,
    staged: Staged<Change>,
    then: Vec<(Ticket, Then)>,
}

impl Broker {
    /// A broker without events.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            topic: Topic::new(settings.partitions),
            teams: Vec::new(),
            dead: Vec::new(),
            receipts: Log::new(),
            facts: Facts::default(),
            staged: Staged::new(),
            then: Vec::new(),
        }
    }

    /// Adds a group. `there`: its members are members from the start, and it stands at the beginning
    /// of the log; else it is new when the first one joins.
    pub fn team(&mut self, id: u8, nodes: &[NodeId], there: bool) {
        let mut group = Group::new();
        if there {
            group = Group::of(&nodes.iter().map(|node| node.0).collect::<Vec<_>>());
            (0..self.topic.partitions()).for_each(|partition| group.commit(partition, 0));
        }
        self.teams.push(Team {
            id,
            nodes: nodes.to_vec(),
            bound: there,
            group,
            queue: Queue::new(self.settings.delivery_limit()),
            sent: Map::new(),
            open: Vec::new(),
            waiting: Vec::new(),
            moving: false,
            turn: 0,
            told: Map::new(),
        });
    }

    /// The events that are being written.
    pub(super) fn writing(&self) -> impl Iterator<Item = (Partition, Placed)> {
        self.staged.iter().filter_map(|change| match change {
            Change::Append(_, placed, partition, _) => Some((*partition, *placed)),
            _ => None,
        })
    }

    fn team_of(&self, node: NodeId) -> Option<usize> {
        self.teams.iter().position(|team| team.nodes.contains(&node))
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Recovered => {
                self.facts.publish(ctx);
                self.return_all(ctx);
                self.feed(ctx);
            }
            Event::Message { from, msg: Msg::Produce { placed, partition, stamp } } => {
                let args = [placed.order, placed.customer, i32::from(*partition)];
                let change = Change::Append(from, *placed, *partition, *stamp);
                self.write(ctx, record::EVENT, args, change);
            }
            Event::Message { from, msg } => {
                if let Some(team) = self.team_of(from) {
                    self.heard(ctx, team, from.0);
                    self.told(ctx, team, from, msg);
                }
            }
            Event::Timer(Timer { kind, arg }) => self.timer(ctx, kind, arg),
            Event::Command(verb::REPLAY, _) if !self.dead.is_empty() => {
                let args = [self.dead.len() as i32, 0, 0];
                self.write(ctx, record::REPLAY, args, Change::Replay);
            }
            Event::Command(verb::REWIND, _) if self.settings.log => {
                self.write(ctx, record::REWIND, [0; 3], Change::Rewind(0));
            }
            Event::Command(verb::ADD_PARTITION, _) if self.settings.log => {
                let args = [i32::from(self.topic.partitions()) + 1, 0, 0];
                self.write(ctx, record::PARTITIONS, args, Change::Grow);
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.then.iter().position(|(t, _)| *t == ticket) {
                    let (_, then) = self.then.remove(at);
                    self.then(ctx, then);
                    self.feed(ctx);
                }
            }
            Event::Refused(ticket) => self.refused(ctx, ticket),
            _ => {}
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, args: Args, change: Change) {
        self.staged.write(ctx, kind, args, change);
    }

    /// A consumer says something.
    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, team: usize, from: NodeId, msg: &Msg) {
        let id = i32::from(self.teams[team].id);
        match msg {
            Msg::Commit(commit) => self.asked_to_commit(ctx, team, from, commit),
            Msg::Ack(tag, placed) if self.holder(team, *tag).is_some() => {
                let args = [placed.order, placed.customer, id];
                self.write(ctx, record::REMOVAL, args, Change::Ack(team, *tag, *placed));
            }
            Msg::Nack(tag, placed) => self.give_back(ctx, team, *tag, *placed, true),
            Msg::Reject(tag, placed) => self.give_back(ctx, team, *tag, *placed, false),
            Msg::Heartbeat(generation) if !self.teams[team].group.members().contains(&from.0) => {
                ctx.send(from, Msg::Evicted(*generation));
            }
            Msg::Join => self.wants(ctx, team, Move::Join(from.0)),
            Msg::Leave => self.wants(ctx, team, Move::Leave(from.0)),
            Msg::DeadLetter(placed) => self.bury(ctx, team, *placed, Some(from)),
            Msg::Receipt(placed) => {
                let args = [placed.order, placed.customer, 0];
                self.write(ctx, record::RECEIPT, args, Change::Receipt(*placed, from));
            }
            _ => {}
        }
    }

    fn bury(&mut self, ctx: &mut Ctx<'_, Msg>, team: usize, placed: Placed, tell: Option<NodeId>) {
        let args = [placed.order, placed.customer, i32::from(self.teams[team].id)];
        self.write(ctx, record::DEAD_LETTER, args, Change::Bury(team, placed, tell));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(change) = self.staged.take(ticket) else { return };
        let then = self.carry_out(change);
        self.then.push((ticket, then));
    }

    fn carry_out(&mut self, change: Change) -> Then {
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

    fn then(&mut self, ctx: &mut Ctx<'_, Msg>, then: Then) {
        match then {
            Then::Produced(to, placed, appended) if self.settings.confirms => match appended {
                Appended::At(_) | Appended::Duplicate(_) => {
                    ctx.send(to, Msg::Produced(placed, self.topic.partitions()));
                }
                Appended::Gap => ctx.send(to, Msg::OutOfOrder(placed)),
                Appended::Fenced => {}
            },
            Then::Committed(team, member, commit, may) => self.committed(ctx, team, member, &commit, may),
            Then::Taken(taken) => self.hand_out_taken(ctx, taken),
            Then::Settled(team, member, dying) => {
                member.into_iter().for_each(|member| self.watch(ctx, team, member));
                dying.into_iter().for_each(|p| self.bury(ctx, team, p, None));
            }
            Then::Buried(placed, Some(to)) if self.settings.sure_dead_letters => {
                ctx.send(to, Msg::DeadLettered(placed));
            }
            Then::ReceiptStored(placed, to) => ctx.send(to, Msg::ReceiptStored(placed)),
            Then::Moved(team, moves, dying) => {
                self.moved(ctx, team, &moves);
                dying.into_iter().for_each(|p| self.bury(ctx, team, p, None));
            }
            Then::Grown => (0..self.teams.len()).for_each(|team| self.wants(ctx, team, Move::Again)),
            Then::Rewound(team) => self.moved(ctx, team, &[]),
            Then::Produced(..) | Then::Buried(..) | Then::Nothing => {}
        }
    }

    /// The disk refused. Whoever waits for an answer asks again; what the broker itself wanted, it
    /// wants still, but for a dead letter that nobody is sure of.
    fn refused(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        let Some(change) = self.staged.take(ticket) else { return };
        match change {
            Change::Ack(team, tag, placed) => {
                let args = [placed.order, placed.customer, i32::from(self.teams[team].id)];
                self.write(ctx, record::REMOVAL, args, Change::Ack(team, tag, placed));
            }
            Change::Take(team, tag, placed) => self.write_take(ctx, team, tag, placed),
            Change::Return(team, tag, placed, requeue) => self.give_back(ctx, team, tag, placed, requeue),
            Change::ReturnAll(_) => self.return_all(ctx),
            Change::Move(team, moves) => {
                self.teams[team].moving = false;
                self.teams[team].waiting.splice(0..0, moves);
                self.rearrange(ctx, team);
            }
            _ => {}
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, arg: i32) {
        let member = arg as Member;
        let Some(team) = self.team_of(NodeId(member)) else { return };
        match kind {
            timer::SESSION => self.expired(ctx, team, member),
            timer::HAND_OUT_AGAIN => self.hand_out_again(ctx, team, member),
            timer::EVICT_AGAIN => self.tell_again(ctx, team, member),
            _ => {}
        }
    }

    /// Hands out what there is to whom there is.
    fn feed(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for team in 0..self.teams.len() {
            if self.settings.log {
                self.feed_from_log(ctx, team);
            } else {
                self.feed_from_queue(ctx, team);
            }
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.then.clear();
        for team in &mut self.teams {
            team.sent.clear();
            team.open.clear();
            team.waiting.clear();
            team.moving = false;
            team.turn = 0;
            team.told.clear();
        }
    }

    /// Whether an earlier event of the customer is put aside.
    fn is_parked(&self, team: usize, placed: Placed) -> bool {
        let id = self.teams[team].id;
        let same = |d: &DeadLetter| d.team == id && d.placed.customer == placed.customer;
        self.settings.giving_up == GivingUp::ParkKey && self.dead.iter().any(same)
    }

    pub(super) fn mood(&self) -> Mood {
        let unread = |team: &Team| {
            let behind = |p| team.group.committed(p).is_some_and(|at| at < self.topic.end(p));
            !team.queue.is_empty() || (0..self.topic.partitions()).any(behind)
        };
        if !self.staged.is_empty() {
            Mood::Working
        } else if !self.dead.is_empty() {
            Mood::Stuck
        } else if self.teams.iter().any(unread) {
            Mood::Waiting
        } else {
            Mood::Idle
        }
    }
}
