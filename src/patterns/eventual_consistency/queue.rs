//! The producer of messages, and the queue between it and the consumers: both at least once.
//!
//! Owns sending again until somebody confirms, which is where duplicates come from. A message keeps
//! the number that its producer gave it; each delivery has one of its own, which only grows. The
//! queue keeps what was acknowledged for a while, so that a person can deliver it once more. Does not
//! own partitions, offsets or dead letters: those are the event bus's.

use std::collections::VecDeque;

use super::message::{Facts, Letter, Msg};
use super::names::{fact, record, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::retry::{Retries, RetryPolicy};

/// How a producer is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProducerSettings {
    /// Whom it hands its messages to.
    pub queue: NodeId,
    /// How many it makes on its own.
    pub orders: i32,
    /// The pause between two.
    pub gap: Span,
    /// How long to wait for a confirmation, at least.
    pub timeout: Span,
    /// How much longer from attempt to attempt.
    pub policy: RetryPolicy,
    /// Whether messages set a state, or else add points.
    pub absolute: bool,
}

/// Who produces.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Producer {
    settings: ProducerSettings,
    made: i32,
    pub(super) unconfirmed: Vec<(Letter, Retries)>,
    pub(super) confirmed: i32,
}

impl Producer {
    /// A producer.
    #[must_use]
    pub const fn new(settings: ProducerSettings) -> Self {
        Self { settings, made: 0, unconfirmed: Vec::new(), confirmed: 0 }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => {
                while self.made < self.settings.orders {
                    self.made += 1;
                    self.publish(ctx, self.letter(self.made));
                    if self.made < self.settings.orders && self.settings.gap > Span::ZERO {
                        ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
                        break;
                    }
                }
            }
            Event::Recovered => {
                for at in 0..self.unconfirmed.len() {
                    self.send(ctx, at);
                }
            }
            Event::Timer(Timer { kind: timer::PUBLISH, arg }) => {
                if let Some(at) = self.unconfirmed.iter().position(|(l, _)| tag(l) == arg) {
                    self.send(ctx, at);
                }
            }
            Event::Command(verb::PUBLISH, _) => {
                self.made += 1;
                self.settings.orders = self.settings.orders.max(self.made);
                self.publish(ctx, self.letter(self.made));
            }
            // A bug at the producer: the key of the newest message, and another content.
            Event::Command(verb::REUSE_KEY, _) if self.made > 0 => {
                let letter = self.letter(self.made);
                self.publish(ctx, Letter { amount: letter.amount + 20, ..letter });
            }
            Event::Message { msg: Msg::Stored(letter), .. } => {
                let before = self.unconfirmed.len();
                self.unconfirmed.retain(|(l, _)| l != letter);
                self.confirmed += (before - self.unconfirmed.len()) as i32;
                ctx.cancel_timer(Timer { kind: timer::PUBLISH, arg: tag(letter) });
            }
            _ => {}
        }
    }

    const fn letter(&self, id: i32) -> Letter {
        Letter { id, amount: if self.settings.absolute { id } else { 10 } }
    }

    fn publish(&mut self, ctx: &mut Ctx<'_, Msg>, letter: Letter) {
        self.unconfirmed.push((letter, Retries::default()));
        self.send(ctx, self.unconfirmed.len() - 1);
    }

    fn send(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let (letter, sent) = &mut self.unconfirmed[at];
        ctx.send(self.settings.queue, Msg::Publish(*letter));
        if let Some(wait) = sent.fail(&self.settings.policy, |n| ctx.roll(n)) {
            let after = Span::us(self.settings.timeout.micros + wait.micros);
            ctx.set_timer(Timer { kind: timer::PUBLISH, arg: tag(letter) }, after);
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.unconfirmed.is_empty(), self.confirmed) {
            (false, _) => Mood::Waiting,
            (true, 0) => Mood::Idle,
            (true, _) => Mood::Committed,
        }
    }
}

/// The timer of a message: two contents under one key are two.
const fn tag(letter: &Letter) -> i32 {
    letter.id * 1000 + letter.amount % 1000
}

/// How the queue is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Who produces.
    pub producer: NodeId,
    /// Who consumes.
    pub workers: Vec<NodeId>,
    /// Whether each worker is a subscriber and gets every message, or they are instances of one.
    pub subscribers: bool,
    /// When a delivery that nobody acknowledged is made again.
    pub redeliver: Span,
    /// How often a message is delivered before it is put aside.
    pub deliveries: u8,
}

/// A message in the queue, for one consumer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Entry {
    pub letter: Letter,
    /// Which consumer it is for.
    pub consumer: u8,
    /// Its place among all.
    pub place: i32,
    /// In memory: deliveries since the queue runs, and the number of the newest one.
    pub times: u8,
    pub token: i32,
    /// In memory: acknowledged, which is on its way to the disk.
    pub over: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Staged {
    Store(Letter),
    /// The entry of this place is done with; or put aside.
    Close(i32, bool),
    Epoch,
}

/// The queue.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Queue {
    settings: Settings,
    pub(super) entries: Vec<Entry>,
    /// The newest that were acknowledged.
    pub(super) done: VecDeque<Entry>,
    pub(super) aside: Vec<Entry>,
    facts: Facts,
    staged: Vec<(Ticket, Staged)>,
    stored: Vec<(Ticket, Letter)>,
    places: i32,
    /// How often it was started again: deliveries of later epochs have higher numbers.
    epoch: i32,
    tokens: i32,
    /// Whether the epoch is on disk, so that it may deliver.
    ready: bool,
}

/// Acknowledged messages that are kept to be replayed.
const KEPT: usize = 8;
/// Deliveries of one epoch.
const EPOCH: i32 = 100_000;

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            entries: Vec::new(),
            done: VecDeque::new(),
            aside: Vec::new(),
            facts: Facts::default(),
            staged: Vec::new(),
            stored: Vec::new(),
            places: 0,
            epoch: 0,
            tokens: 0,
            ready: true,
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Publish(letter), .. } => {
                let ticket = ctx.persist(record::QUEUED, [letter.id, letter.amount, 0]);
                self.staged.push((ticket, Staged::Store(*letter)));
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.stored.iter().position(|s| s.0 == ticket) {
                    let (_, letter) = self.stored.remove(at);
                    ctx.send(self.settings.producer, Msg::Stored(letter));
                }
                self.deliver_new(ctx);
            }
            Event::Refused(ticket) => {
                let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
                match self.staged.remove(at).1 {
                    // Not confirmed: the producer sends it again.
                    Staged::Store(_) => {}
                    // Not taken out: it is delivered again.
                    Staged::Close(place, _) => {
                        if let Some(at) = self.entries.iter().position(|e| e.place == place) {
                            self.entries[at].over = false;
                            self.deliver(ctx, at);
                        }
                    }
                    Staged::Epoch => self.begin_epoch(ctx),
                }
            }
            Event::Recovered => {
                self.facts.publish(ctx);
                self.begin_epoch(ctx);
            }
            Event::Message { from, msg: Msg::Ack(letter, token) } => {
                self.close(ctx, from, *letter, *token, false);
            }
            Event::Message { from, msg: Msg::Reject(letter, token) } => {
                self.close(ctx, from, *letter, *token, true);
            }
            Event::Timer(Timer { kind: timer::REDELIVER, arg }) => {
                let Some(at) = self.entries.iter().position(|e| e.place == arg && !e.over) else { return };
                if self.entries[at].times < self.settings.deliveries {
                    self.deliver(ctx, at);
                } else {
                    self.finish(ctx, at, true);
                }
            }
            // A person takes an old message up again, as from a dead-letter queue.
            Event::Command(verb::REPLAY, id) => {
                if let Some(old) = self.done.iter().find(|e| e.letter.id == id.max(1)).copied() {
                    let ticket = ctx.persist(record::QUEUED, [old.letter.id, old.letter.amount, 0]);
                    self.staged.push((ticket, Staged::Store(old.letter)));
                }
            }
            _ => {}
        }
    }

    fn begin_epoch(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let ticket = ctx.persist(record::EPOCH, [self.epoch + 1, 0, 0]);
        self.staged.push((ticket, Staged::Epoch));
    }

    fn deliver_new(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for at in 0..self.entries.len() {
            if self.entries[at].times == 0 && !self.entries[at].over {
                self.deliver(ctx, at);
            }
        }
    }

    fn deliver(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let Settings { workers, subscribers, redeliver, .. } = &self.settings;
        if !self.ready {
            return;
        }
        let entry = &mut self.entries[at];
        // Instances take turns, and another one gets what the first did not acknowledge.
        let turn = entry.place - 1 + i32::from(entry.times);
        let which = if *subscribers { usize::from(entry.consumer) } else { turn as usize % workers.len() };
        self.tokens += 1;
        entry.token = self.epoch * EPOCH + self.tokens;
        entry.times = entry.times.saturating_add(1);
        ctx.send(workers[which], Msg::Deliver(entry.letter, entry.token));
        ctx.set_timer(Timer { kind: timer::REDELIVER, arg: entry.place }, *redeliver);
    }

    /// A delivery is done with: any of its deliveries counts, as they are of the same message.
    fn close(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, letter: Letter, token: i32, aside: bool) {
        let consumer = self.settings.workers.iter().position(|w| *w == from).unwrap_or(0) as u8;
        let subscribers = self.settings.subscribers;
        let mine = |e: &Entry| {
            e.letter == letter && !e.over && e.token >= token && (!subscribers || e.consumer == consumer)
        };
        if let Some(at) = self.entries.iter().position(mine) {
            self.finish(ctx, at, aside);
        }
    }

    /// Takes a message out: it is done with, or put aside.
    fn finish(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, aside: bool) {
        let entry = &mut self.entries[at];
        entry.over = true;
        let letter = entry.letter;
        ctx.cancel_timer(Timer { kind: timer::REDELIVER, arg: entry.place });
        let kind = if aside { record::ASIDE } else { record::DEQUEUED };
        let ticket = ctx.persist(kind, [letter.id, letter.amount, 0]);
        self.staged.push((ticket, Staged::Close(entry.place, aside)));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
        match self.staged.remove(at).1 {
            Staged::Store(letter) => {
                let consumers =
                    if self.settings.subscribers { self.settings.workers.len() as u8 } else { 1 };
                for consumer in 0..consumers {
                    self.places += 1;
                    let place = self.places;
                    self.entries.push(Entry { letter, consumer, place, times: 0, token: 0, over: false });
                }
                self.stored.push((ticket, letter));
                self.facts.add(fact::ACCEPTED, [letter.id, letter.amount, i32::from(consumers)]);
            }
            Staged::Close(place, aside) => {
                let Some(at) = self.entries.iter().position(|e| e.place == place) else { return };
                let entry = self.entries.remove(at);
                let Entry { letter, consumer, .. } = entry;
                if aside {
                    self.aside.push(entry);
                    self.facts.add(fact::REJECTED, [letter.id, letter.amount, i32::from(consumer)]);
                } else {
                    if self.done.len() == KEPT {
                        self.done.pop_front();
                    }
                    self.done.push_back(entry);
                }
            }
            Staged::Epoch => {
                self.epoch += 1;
                self.ready = true;
            }
        }
    }

    /// The disk keeps the messages; deliveries under way are made again.
    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.stored.clear();
        self.tokens = 0;
        self.ready = false;
        for entry in &mut self.entries {
            *entry = Entry { times: 0, token: 0, over: false, ..*entry };
        }
    }

    /// What is on its way into the queue.
    pub(super) fn writing(&self) -> impl Iterator<Item = &Letter> {
        self.staged.iter().filter_map(|(_, staged)| match staged {
            Staged::Store(letter) => Some(letter),
            _ => None,
        })
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.staged.is_empty(), self.entries.is_empty(), self.aside.is_empty()) {
            (false, ..) => Mood::Working,
            (true, false, _) => Mood::Waiting,
            (true, true, false) => Mood::Stuck,
            (true, true, true) => Mood::Idle,
        }
    }
}
