//! The broker: one topic, `outbox.event.order`, with the order as its key, and one consumer group.
//!
//! Owns the topic and how far the group has come. An event counts as published once it is on the
//! broker's disk. Each partition hands out one event at a time, again and again until the consumer
//! is done with it: at least once. Does not own fetching, leaders or replicas: the broker pushes.

use super::message::{Change, Facts, Msg, fact, record, timer};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket, Timer};
use crate::parts::broker::{Entry, Found, Group, Offset, Partition, Staged, Topic};
use crate::parts::retry::{RetryPolicy, counted};
use crate::sorted::Map;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Write {
    Append(NodeId, Change),
    Commit(Partition, Offset),
}

/// A partition's event at the consumer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Out {
    /// Handed out so many times.
    Sent(u32),
    /// Done with; the group's offset is on its way to the disk.
    Done,
}

/// The broker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Broker {
    consumer: NodeId,
    redeliver: RetryPolicy,
    pub(super) topic: Topic<Change>,
    group: Group,
    facts: Facts,
    pub(super) staged: Staged<Write>,
    flushed: Vec<(Ticket, Write)>,
    out: Map<Partition, Out>,
}

impl Broker {
    /// A broker with an empty topic.
    #[must_use]
    pub fn new(consumer: NodeId, partitions: u8, redeliver: RetryPolicy) -> Self {
        Self {
            consumer,
            redeliver,
            topic: Topic::new(partitions),
            group: Group::new(),
            facts: Facts::default(),
            staged: Staged::new(),
            flushed: Vec::new(),
            out: Map::new(),
        }
    }

    /// Where the consumer goes on in a partition.
    pub(super) fn next(&self, partition: Partition) -> Offset {
        self.group.committed(partition).unwrap_or(0)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg: Msg::Publish(change) } => match ctx.interference() {
                Interference::Refuse => ctx.send(from, Msg::Unpublishable(*change)),
                Interference::Fail => ctx.send(from, Msg::Unavailable(*change)),
                Interference::None => {
                    let write = Write::Append(from, *change);
                    self.staged.write(ctx, record::APPENDED, change.args(), write);
                }
            },
            Event::Message { msg: Msg::Done(partition, offset, _), .. } => {
                let sent = matches!(self.out.get(partition), Some(Out::Sent(_)));
                if sent && *offset == self.next(*partition) {
                    ctx.cancel_timer(Timer { kind: timer::REDELIVER, arg: i32::from(*partition) });
                    self.out.insert(*partition, Out::Done);
                    let args = [i32::from(*partition), *offset as i32 + 1, 0];
                    self.staged.write(ctx, record::OFFSET, args, Write::Commit(*partition, offset + 1));
                }
            }
            Event::Timer(Timer { kind: timer::REDELIVER, arg }) => self.hand_out(ctx, arg as Partition),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                let Some(at) = self.flushed.iter().position(|(t, _)| *t == ticket) else { return };
                match self.flushed.remove(at).1 {
                    Write::Append(from, change) => {
                        ctx.send(from, Msg::Published(change));
                        let partition = self.topic.partition_of(change.order);
                        if !self.out.contains_key(&partition) {
                            self.hand_out(ctx, partition);
                        }
                    }
                    Write::Commit(partition, _) => {
                        self.out.remove(&partition);
                        self.hand_out(ctx, partition);
                    }
                }
            }
            Event::Refused(ticket) => match self.staged.take(ticket) {
                Some(Write::Append(from, change)) => ctx.send(from, Msg::Unavailable(change)),
                Some(Write::Commit(partition, _)) => {
                    self.out.remove(&partition);
                    self.hand_out(ctx, partition);
                }
                None => {}
            },
            Event::Recovered => {
                self.facts.publish(ctx);
                for partition in 0..self.topic.partitions() {
                    self.hand_out(ctx, partition);
                }
            }
            _ => {}
        }
    }

    fn hand_out(&mut self, ctx: &mut Ctx<'_, Msg>, partition: Partition) {
        let offset = self.next(partition);
        let Found::Entry(entry) = self.topic.read(partition, offset) else { return };
        let times = match self.out.get(&partition) {
            Some(Out::Sent(times)) => counted(*times),
            Some(Out::Done) => return,
            None => 1,
        };
        ctx.send(self.consumer, Msg::Deliver(partition, offset, entry.value));
        self.out.insert(partition, Out::Sent(times));
        let again = Timer { kind: timer::REDELIVER, arg: i32::from(partition) };
        ctx.set_timer(again, self.redeliver.full(times));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(write) = self.staged.take(ticket) else { return };
        match &write {
            Write::Append(_, change) => {
                let partition = self.topic.partition_of(change.order);
                let entry = Entry { key: change.order, value: *change, stamp: None };
                self.topic.append(partition, entry);
                self.facts.add(fact::PUBLISHED, change.args());
            }
            Write::Commit(partition, next) => self.group.commit(*partition, *next),
        }
        self.flushed.push((ticket, write));
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.flushed.clear();
        self.out.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.staged.iter().next().is_some() {
            Mood::Working
        } else if !self.out.is_empty() {
            Mood::Waiting
        } else {
            Mood::Idle
        }
    }
}
