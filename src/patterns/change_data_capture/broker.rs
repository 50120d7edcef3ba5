//! The broker: the topic of the table (`shop.public.orders`), the offsets of the connector, and the
//! consumer groups.
//!
//! Owns the topic with compaction, who produces, and how far each consumer is. A record carries the
//! row's primary key, so that all events of a row stay in order. Hands one record at a time to each
//! consumer, again until it is done with: at least once. Does not own the group of Connect workers
//! beyond remembering who asked last: whoever had the task before is told. The topic has one
//! partition: nothing here turns on there being more.

use super::compaction::Compaction;
use super::message::{Envelope, Facts, Key, Lsn, Msg, Op, Produce, Session, fact, record, timer, verb};
use crate::kernel::{Args, Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::broker::{Appended, Entry, Found, Group, Offset, Partition, Staged, Stamp, Topic};
use crate::parts::retry::{RetryPolicy, counted};
use crate::sorted::Map;

/// Settings of the broker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Who reads the topic from the start.
    pub consumer: NodeId,
    /// Who may join later.
    pub late: Option<NodeId>,
    /// Whether producers are fenced and offsets come with records.
    pub exactly_once: bool,
    /// How long a tombstone stays after the pass that found it.
    pub delete_retention: Span,
    /// When to hand out again.
    pub redeliver: RetryPolicy,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Session(NodeId, u32),
    Append(NodeId, Produce),
    Offset(NodeId, Lsn),
    Compact,
    Forget,
    Progress(NodeId, Partition, Offset),
}

/// A partition's record at a consumer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Out {
    /// This one was handed out so many times.
    Sent(Offset, u32),
    /// Done with; the group's offset is on its way to the disk.
    Done,
}

/// A consumer's place.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Reader {
    pub node: NodeId,
    pub group: Group,
    out: Map<Partition, Out>,
}

/// The broker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Broker {
    settings: Settings,
    /// Durable.
    pub(super) topic: Topic<Envelope>,
    compaction: Vec<Compaction>,
    pub(super) offset: Option<Lsn>,
    session: Session,
    /// Who has the task, and for the nth time.
    owner: Option<(NodeId, u32)>,
    /// How often each worker has taken it.
    taken: Map<u8, u32>,
    pub(super) readers: Vec<Reader>,
    facts: Facts,
    /// Volatile.
    pub(super) staged: Staged<Write>,
    flushed: Vec<(Ticket, Write, Option<Appended>)>,
}

impl Broker {
    /// A broker with an empty topic.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let topic = Topic::new(1);
        let compaction = (0..topic.partitions()).map(|_| Compaction::default()).collect();
        let readers = vec![Reader { node: settings.consumer, group: Group::new(), out: Map::new() }];
        Self {
            settings,
            topic,
            compaction,
            offset: None,
            session: Session::default(),
            owner: None,
            taken: Map::new(),
            readers,
            facts: Facts::default(),
            staged: Staged::new(),
            flushed: Vec::new(),
        }
    }

    /// The records of a partition that compaction has left, oldest first.
    pub fn records(&self, partition: Partition) -> impl DoubleEndedIterator<Item = (Offset, &Envelope)> {
        let compaction = &self.compaction[partition as usize];
        let left = self.topic.entries(partition).filter(|(offset, _)| !compaction.is_gone(*offset));
        left.map(|(offset, entry)| (offset, &entry.value))
    }

    /// The newest record of each key: what a reader of the whole topic ends with.
    #[must_use]
    pub fn newest(&self) -> Map<Key, Envelope> {
        let mut newest = Map::new();
        for partition in 0..self.topic.partitions() {
            for (_, value) in self.records(partition) {
                newest.insert(value.key, *value);
            }
        }
        newest
    }

    /// Whether a consumer has joined.
    #[must_use]
    pub fn has_joined(&self, node: NodeId) -> bool {
        self.readers.iter().any(|reader| reader.node == node)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg } => self.heard(ctx, from, msg),
            Event::Timer(Timer { kind: timer::REDELIVER, arg }) => {
                let (reader, partition) = ((arg >> 8) as usize, arg as Partition);
                self.hand_out(ctx, reader, partition);
            }
            Event::Timer(Timer { kind: timer::DELETE_RETENTION, .. }) => {
                self.write(ctx, record::COMPACTED, [1, 0, 0], Write::Forget);
            }
            Event::Command(verb::COMPACT, _) => {
                self.write(ctx, record::COMPACTED, [0; 3], Write::Compact);
            }
            Event::Command(verb::JOIN, _) => {
                if let Some(late) = self.settings.late
                    && !self.has_joined(late)
                {
                    self.readers.push(Reader { node: late, group: Group::new(), out: Map::new() });
                    self.hand_out_all(ctx);
                }
            }
            Event::Persisted(ticket) => self.persisted(ctx, ticket),
            Event::Refused(ticket) => self.refused(ctx, ticket),
            Event::Recovered => {
                self.facts.publish(ctx);
                self.hand_out_all(ctx);
                self.retain(ctx);
            }
            _ => {}
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, kind: u8, args: Args, write: Write) {
        self.staged.write(ctx, kind, args, write);
    }

    fn heard(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match *msg {
            Msg::FindOffset(nth) => {
                let waits = self.staged.iter().any(|w| matches!(w, Write::Session(..)));
                if self.owner == Some((from, nth)) {
                    ctx.send(from, Msg::Offset(nth, self.session, self.offset));
                } else if !waits && self.taken.get(&from.0).is_none_or(|known| *known < nth) {
                    self.write(ctx, record::SESSION, [i32::from(from.0), 0, 0], Write::Session(from, nth));
                    if let Some((before, _)) = self.owner.filter(|(before, _)| *before != from) {
                        ctx.send(before, Msg::Revoked);
                    }
                }
            }
            Msg::Produce(produce) => {
                let Produce { session, sequence, value, offset, .. } = produce;
                if ctx.interference() != Interference::None {
                    return ctx.send(from, Msg::Unavailable(session, sequence));
                }
                let kind = if offset.is_some() { record::APPENDED_WITH_OFFSET } else { record::APPENDED };
                self.write(ctx, kind, value.args(), Write::Append(from, produce));
            }
            Msg::Flush(session, lsn) => {
                let old = session != self.session;
                if old && self.settings.exactly_once {
                    return ctx.send(from, Msg::Fenced(session));
                }
                // The owner itself, from a connection of before. Another worker's is taken as it is.
                if old && self.owner.is_some_and(|(owner, _)| owner == from) {
                    return;
                }
                self.write(ctx, record::OFFSET, [lsn, 0, 0], Write::Offset(from, lsn));
            }
            Msg::Done(partition, offset, _) => {
                let Some(reader) = self.readers.iter().position(|r| r.node == from) else { return };
                let sent = self.readers[reader].out.get(&partition);
                if matches!(sent, Some(Out::Sent(o, _)) if *o == offset) {
                    ctx.cancel_timer(again(reader, partition));
                    self.readers[reader].out.insert(partition, Out::Done);
                    let args = [i32::from(partition), offset as i32 + 1, i32::from(from.0)];
                    self.write(ctx, record::PROGRESS, args, Write::Progress(from, partition, offset + 1));
                }
            }
            _ => {}
        }
    }

    /// The next record of a partition that is left, for a consumer.
    fn next(&self, reader: usize, partition: Partition) -> Option<(Offset, Envelope)> {
        let mut offset = self.readers[reader].group.committed(partition).unwrap_or(0);
        while let Found::Entry(entry) = self.topic.read(partition, offset) {
            if !self.compaction[partition as usize].is_gone(offset) {
                return Some((offset, entry.value));
            }
            offset += 1;
        }
        None
    }

    fn hand_out(&mut self, ctx: &mut Ctx<'_, Msg>, reader: usize, partition: Partition) {
        let Some((offset, value)) = self.next(reader, partition) else { return };
        let redeliver = self.settings.redeliver;
        let Some(to) = self.readers.get_mut(reader) else { return };
        let times = match to.out.get(&partition) {
            Some(Out::Sent(_, times)) => counted(*times),
            Some(Out::Done) => return,
            None => 1,
        };
        to.out.insert(partition, Out::Sent(offset, times));
        ctx.send(to.node, Msg::Deliver(partition, offset, value));
        ctx.set_timer(again(reader, partition), redeliver.full(times));
    }

    /// Hands out wherever nothing is handed out.
    fn hand_out_all(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for reader in 0..self.readers.len() {
            for partition in 0..self.topic.partitions() {
                if !self.readers[reader].out.contains_key(&partition) {
                    self.hand_out(ctx, reader, partition);
                }
            }
        }
    }

    fn retain(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.compaction.iter().any(Compaction::waits) {
            ctx.set_timer(Timer { kind: timer::DELETE_RETENTION, arg: 0 }, self.settings.delete_retention);
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(write) = self.staged.take(ticket) else { return };
        let mut appended = None;
        match &write {
            Write::Session(worker, nth) => {
                self.owner = Some((*worker, *nth));
                self.taken.insert(worker.0, *nth);
                if self.settings.exactly_once {
                    // The same producer in a newer epoch: whoever was it before is fenced.
                    self.session.epoch += 1;
                    self.topic.fence(self.session.producer, self.session.epoch);
                } else {
                    // A new producer, as any other; the one before is none of its business.
                    self.session.producer = self.session.producer.wrapping_add(1);
                }
            }
            Write::Append(_, produce) => {
                let Produce { session, sequence, value, offset, pair } = *produce;
                let stamp = Stamp { producer: session.producer, epoch: session.epoch, sequence };
                let partition = self.topic.partition_of(value.key);
                let entry = Entry { key: value.key, value, stamp: Some(stamp) };
                let result = self.topic.append(partition, entry);
                if let Appended::At(_) = result {
                    self.facts.add(fact::PUBLISHED, value.args());
                    self.offset = offset.or(self.offset);
                    if pair {
                        let value = value.tombstone();
                        let stamp = Some(Stamp { sequence: sequence + 1, ..stamp });
                        self.topic.append(partition, Entry { key: value.key, value, stamp });
                        self.facts.add(fact::PUBLISHED, value.args());
                    }
                }
                appended = Some(result);
            }
            // Ever newer, when it comes with records; else whoever wrote last has said it.
            Write::Offset(_, lsn) if self.settings.exactly_once => {
                self.offset = self.offset.max(Some(*lsn))
            }
            Write::Offset(_, lsn) => self.offset = Some(*lsn),
            Write::Compact => {
                for partition in 0..self.topic.partitions() {
                    let records: Vec<_> = (self.topic.entries(partition))
                        .map(|(offset, entry)| (offset, entry.key, entry.value.op == Op::Tombstone))
                        .collect();
                    self.compaction[partition as usize].pass(&records);
                }
            }
            Write::Forget => {
                for compaction in &mut self.compaction {
                    compaction.end_retention();
                }
            }
            Write::Progress(node, partition, next) => {
                if let Some(reader) = self.readers.iter_mut().find(|r| r.node == *node) {
                    reader.group.commit(*partition, *next);
                }
            }
        }
        self.flushed.push((ticket, write, appended));
    }

    fn persisted(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        self.facts.publish(ctx);
        let Some(at) = self.flushed.iter().position(|(t, ..)| *t == ticket) else { return };
        let (_, write, appended) = self.flushed.remove(at);
        match write {
            Write::Session(worker, nth) => ctx.send(worker, Msg::Offset(nth, self.session, self.offset)),
            Write::Append(from, produce) => {
                match appended {
                    Some(Appended::Fenced) => ctx.send(from, Msg::Fenced(produce.session)),
                    Some(Appended::Gap) | None => {
                        ctx.send(from, Msg::Unavailable(produce.session, produce.sequence));
                    }
                    Some(Appended::At(_) | Appended::Duplicate(_)) => {
                        ctx.send(from, Msg::Stored(produce.session, produce.sequence, produce.value));
                    }
                }
                self.hand_out_all(ctx);
            }
            Write::Offset(from, lsn) => ctx.send(from, Msg::Flushed(lsn)),
            Write::Compact => self.retain(ctx),
            Write::Forget => {}
            Write::Progress(node, partition, _) => {
                if let Some(reader) = self.readers.iter().position(|r| r.node == node) {
                    self.readers[reader].out.remove(&partition);
                    self.hand_out(ctx, reader, partition);
                }
            }
        }
    }

    fn refused(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        match self.staged.take(ticket) {
            Some(Write::Append(from, produce)) => {
                ctx.send(from, Msg::Unavailable(produce.session, produce.sequence));
            }
            Some(Write::Progress(node, partition, _)) => {
                if let Some(reader) = self.readers.iter().position(|r| r.node == node) {
                    self.readers[reader].out.remove(&partition);
                    self.hand_out(ctx, reader, partition);
                }
            }
            _ => {}
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.crash();
        self.flushed.clear();
        for reader in &mut self.readers {
            reader.out.clear();
        }
    }

    pub(super) fn mood(&self) -> Mood {
        if self.staged.iter().next().is_some() {
            Mood::Working
        } else if self.readers.iter().any(|reader| !reader.out.is_empty()) {
            Mood::Waiting
        } else {
            Mood::Idle
        }
    }
}

const fn again(reader: usize, partition: Partition) -> Timer {
    Timer { kind: timer::REDELIVER, arg: (reader as i32) << 8 | partition as i32 }
}
