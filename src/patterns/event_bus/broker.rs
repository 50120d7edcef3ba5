//! The broker: keeps events until every group is done with them, as a log or as a queue a group.
//!
//! Owns what is asked of its disk, and what is said when it is there. What it changes is [`disk`]'s,
//! who is a member [`members`]', what is handed out to whom [`log`]'s and [`queue`]'s. Does not own replication: its disk stands for a
//! quorum of replicas, and a broker that is down for a partition without a leader.

mod disk;
mod log;
mod members;
mod queue;

use super::message::{Commit, Facts, Msg, Placed, record, timer, verb};
use super::settings::{GivingUp, Settings};
use crate::kernel::{Args, Ctx, Event, Log, Mood, NodeId, Ticket, Timer};
use crate::parts::broker::{Appended, Group, Member, Offset, Partition, Queue, Staged, Stamp, Tag, Topic};
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
