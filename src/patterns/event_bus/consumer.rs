//! A consumer: one instance of a service. It keeps nothing on disk; what it has done is in its
//! service's database and at the broker.
//!
//! Owns its membership and what it was handed out. What it does with an event is [`work`]'s.

mod work;

use std::collections::VecDeque;

use super::message::{Commit, Item, Msg, Placed, timer, verb};
use super::settings::{Delivery, Settings};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Span, Timer};
use crate::parts::broker::{Generation, Offset, Partition};
use crate::sorted::Map;

/// What was handed out at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Batch {
    pub generation: Generation,
    pub partition: Partition,
    pub items: VecDeque<Item>,
    /// The offset after it.
    pub next: Offset,
    /// Results to go with the offset.
    pub receipts: Vec<Placed>,
    /// Its offset is committed (at most once: before the work).
    pub committed: bool,
    /// The script made the consumer fail at it: once, or for good.
    pub trouble: Interference,
}

/// What a consumer is waiting for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Stage {
    /// The end of its own work.
    Working,
    /// The database.
    Charging,
    /// The broker, for the receipt.
    Publishing,
    /// The broker, for the dead letter.
    Burying,
    /// The time for the next attempt, at the work or at the database.
    Pausing(bool),
    /// The time to give it back to the queue.
    GivingBack,
    /// The broker, for the offset.
    Committing,
}

/// Whether a consumer belongs to its group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Membership {
    /// It does, as far as it knows.
    In,
    /// It does not any more, and will ask for it when it has finished what it does.
    Out,
    /// It asks for it.
    Joining,
    /// Its service is not there yet.
    Away,
    /// It has crashed.
    Down,
}

/// A consumer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Consumer {
    pub(super) settings: Settings,
    broker: NodeId,
    /// Where it charges cards; else its work is its effect (a mail is sent).
    store: Option<NodeId>,
    /// Its group's number.
    pub(super) team: u8,
    /// Takes longer.
    slow: bool,
    /// When its service comes, if later than the start.
    comes: Option<Span>,
    /// A better program was installed: it can handle what it could not. Survives a crash.
    pub(super) repaired: bool,
    // All that follows is lost in a crash.
    pub(super) membership: Membership,
    pub(super) generation: Generation,
    /// The offset that comes next in each partition.
    pub(super) positions: Map<Partition, Offset>,
    /// In the order in which it came; the first is at work.
    pub(super) inbox: VecDeque<Batch>,
    pub(super) stage: Option<Stage>,
    /// Failed attempts at the first event that count, …
    pub(super) failures: u16,
    /// … and all of them.
    tries: u32,
    /// Customers whose events it has put aside in this batch; of earlier ones the broker tells it.
    parked: Vec<i32>,
    beating: bool,
    /// The time for the batch at work is running.
    polled: bool,
}

impl Consumer {
    /// A member of a group from the start, or one that comes later.
    #[must_use]
    pub fn new(settings: Settings, broker: NodeId, store: Option<NodeId>, team: u8, slow: bool) -> Self {
        Self {
            settings,
            broker,
            store,
            team,
            slow,
            comes: None,
            repaired: false,
            membership: Membership::In,
            generation: 0,
            positions: Map::new(),
            inbox: VecDeque::new(),
            stage: None,
            failures: 0,
            tries: 0,
            parked: Vec::new(),
            beating: false,
            polled: false,
        }
    }

    /// It comes so long after the start.
    #[must_use]
    pub const fn later(mut self, comes: Span) -> Self {
        self.comes = Some(comes);
        self.membership = Membership::Away;
        self
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => {
                if let Some(comes) = self.comes {
                    ctx.set_timer(Timer { kind: timer::JOIN, arg: 0 }, comes);
                }
            }
            Event::Recovered => self.join(ctx),
            Event::Command(verb::REPAIR, _) => self.repaired = true,
            Event::Timer(Timer { kind, .. }) => self.timer(ctx, kind),
            Event::Message { msg, .. } => self.told(ctx, msg),
            _ => {}
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8) {
        match kind {
            timer::JOIN => {
                if matches!(self.membership, Membership::Joining | Membership::Away) {
                    self.join(ctx);
                }
            }
            timer::HEARTBEAT => {
                self.beating = false;
                if self.membership == Membership::In && !self.inbox.is_empty() {
                    ctx.send(self.broker, Msg::Heartbeat(self.generation));
                    self.beat(ctx);
                }
            }
            // Kafka's heartbeat thread sees that nobody has polled, and leaves. The work itself hears
            // nothing of it.
            timer::MAX_POLL if self.membership == Membership::In && !self.inbox.is_empty() => {
                self.membership = Membership::Out;
                ctx.send(self.broker, Msg::Leave);
            }
            timer::WORK => self.worked(ctx),
            timer::NO_ANSWER => self.no_answer(ctx),
            timer::RETRY => self.again(ctx),
            _ => {}
        }
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        match msg {
            Msg::HandOut { generation, partition, items } => {
                self.take(ctx, *generation, *partition, items);
            }
            Msg::Assigned(generation, own) => self.assigned(ctx, *generation, own),
            Msg::Subscribed(generation) => self.assigned(ctx, *generation, &[]),
            Msg::Evicted(generation) => self.evicted(ctx, *generation),
            Msg::OutOfRange(partition, start) => {
                let position = self.positions.or_default(*partition);
                *position = (*position).max(*start);
            }
            Msg::Answer(placed, answer) => self.answered(ctx, *placed, *answer),
            Msg::Committed(generation, partition, next) => {
                self.committed(ctx, *generation, *partition, *next);
            }
            Msg::Denied(generation, partition, next) => self.denied(ctx, *generation, *partition, *next),
            Msg::DeadLettered(placed) if self.waits(Stage::Burying, *placed) => self.item_done(ctx),
            Msg::ReceiptStored(placed) if self.waits(Stage::Publishing, *placed) => self.item_done(ctx),
            _ => {}
        }
    }

    /// Whether it waits for this about the event at work.
    fn waits(&self, stage: Stage, placed: Placed) -> bool {
        self.stage == Some(stage) && self.item().is_some_and(|item| item.placed == placed)
    }

    /// The event at work.
    pub(super) fn item(&self) -> Option<&Item> {
        self.inbox.front().and_then(|batch| batch.items.front())
    }

    fn join(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.membership = Membership::Joining;
        self.forget(ctx);
        ctx.send(self.broker, Msg::Join);
        ctx.set_timer(Timer { kind: timer::JOIN, arg: 0 }, self.settings.request);
    }

    /// Everything that it was handed out is others' now.
    fn forget(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.inbox.clear();
        self.parked.clear();
        self.positions.clear();
        self.rest(ctx);
        self.poll_ends(ctx);
    }

    /// Nothing is at work.
    fn rest(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.stage = None;
        self.failures = 0;
        self.tries = 0;
        for kind in [timer::WORK, timer::NO_ANSWER, timer::RETRY] {
            ctx.cancel_timer(Timer { kind, arg: 0 });
        }
    }

    fn assigned(&mut self, ctx: &mut Ctx<'_, Msg>, generation: Generation, own: &[(Partition, Offset)]) {
        if generation < self.generation {
            return;
        }
        self.enter(ctx, generation);
        self.positions.clear();
        for (partition, offset) in own {
            self.positions.insert(*partition, *offset);
        }
    }

    fn enter(&mut self, ctx: &mut Ctx<'_, Msg>, generation: Generation) {
        if generation > self.generation {
            self.positions.clear();
        }
        self.generation = generation;
        self.membership = Membership::In;
        ctx.cancel_timer(Timer { kind: timer::JOIN, arg: 0 });
        self.beat(ctx);
    }

    /// It is no member any more; an old message may say so, too.
    fn evicted(&mut self, ctx: &mut Ctx<'_, Msg>, generation: Generation) {
        if self.membership == Membership::In && generation < self.generation {
            return;
        }
        match (self.membership, self.inbox.len()) {
            (Membership::In, 0) => self.join(ctx),
            (Membership::In, _) => {
                self.membership = Membership::Out;
                // From a queue, what is not at work yet goes to others; a log denies it later.
                self.inbox.truncate(if self.settings.log { usize::MAX } else { 1 });
            }
            _ => {}
        }
    }

    fn take(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        generation: Generation,
        partition: Partition,
        items: &[Item],
    ) {
        if self.settings.log {
            let stale = generation < self.generation
                || (generation == self.generation && self.membership != Membership::In);
            if stale {
                return;
            }
        } else if self.membership == Membership::Out {
            return;
        }
        if generation > self.generation || self.membership != Membership::In {
            self.enter(ctx, generation);
        }
        let position = self.positions.get(&partition).copied().unwrap_or(0);
        let new = |item: &&Item| !self.settings.log || item.place >= position;
        let items: VecDeque<Item> = items.iter().filter(new).copied().collect();
        let Some(last) = items.back() else { return };
        let next = last.place + 1;
        if self.settings.log {
            self.positions.insert(partition, next);
        }
        let batch = Batch {
            generation,
            partition,
            items,
            next,
            receipts: Vec::new(),
            committed: false,
            trouble: ctx.interference(),
        };
        self.inbox.push_back(batch);
        self.beat(ctx);
        if self.stage.is_none() {
            self.begin(ctx);
        }
    }

    /// At work, it says from time to time that it lives.
    fn beat(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if !self.beating && !self.inbox.is_empty() {
            self.beating = true;
            ctx.set_timer(Timer { kind: timer::HEARTBEAT, arg: 0 }, self.settings.heartbeat);
        }
    }

    fn commit(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(batch) = self.inbox.front() else { return };
        let (generation, partition, next) = (batch.generation, batch.partition, batch.next);
        let commit = Commit { generation, partition, next, receipts: batch.receipts.clone() };
        self.stage = Some(Stage::Committing);
        ctx.send(self.broker, Msg::Commit(commit));
        ctx.set_timer(Timer { kind: timer::NO_ANSWER, arg: 0 }, self.settings.request);
    }

    fn is_at_work(&self, generation: Generation, partition: Partition, next: Offset) -> bool {
        let same = |b: &Batch| (b.generation, b.partition, b.next) == (generation, partition, next);
        self.stage == Some(Stage::Committing) && self.inbox.front().is_some_and(same)
    }

    fn committed(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        generation: Generation,
        partition: Partition,
        next: Offset,
    ) {
        if !self.is_at_work(generation, partition, next) {
            return;
        }
        self.rest(ctx);
        if self.settings.delivery == Delivery::AtMostOnce {
            if let Some(batch) = self.inbox.front_mut() {
                batch.committed = true;
            }
        } else {
            self.batch_done(ctx);
        }
        self.begin(ctx);
    }

    /// `CommitFailedException`: the partition is somebody else's. What was done stays done.
    fn denied(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        generation: Generation,
        partition: Partition,
        next: Offset,
    ) {
        if !self.is_at_work(generation, partition, next) {
            return;
        }
        if self.membership == Membership::In && generation < self.generation {
            // It is a member again already; this was of before.
            self.rest(ctx);
            self.batch_done(ctx);
            self.begin(ctx);
        } else {
            self.join(ctx);
        }
    }

    fn batch_done(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.inbox.pop_front();
        self.parked.clear();
        self.poll_ends(ctx);
    }

    fn poll_ends(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.polled = false;
        ctx.cancel_timer(Timer { kind: timer::MAX_POLL, arg: 0 });
        if self.inbox.is_empty() {
            self.beating = false;
            ctx.cancel_timer(Timer { kind: timer::HEARTBEAT, arg: 0 });
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.membership = Membership::Down;
        self.positions.clear();
        self.inbox.clear();
        self.stage = None;
        self.failures = 0;
        self.tries = 0;
        self.parked.clear();
        self.beating = false;
        self.polled = false;
        self.generation = 0;
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.membership, self.stage) {
            (Membership::Out, _) => Mood::Stale,
            (_, Some(Stage::Pausing(_) | Stage::GivingBack)) if self.failures > self.settings.retries => {
                Mood::Stuck
            }
            (_, Some(Stage::Working)) => Mood::Working,
            (_, Some(_)) | (Membership::Joining, None) => Mood::Waiting,
            _ => Mood::Idle,
        }
    }
}
