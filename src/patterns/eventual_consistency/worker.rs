//! A consumer of messages: one of several instances, or a subscriber of its own.
//!
//! Owns what it does in which order with a message, its inbox and its effect; the naive orders are
//! parameters. It keeps everything in memory and loses it in a crash: then the queue delivers again.
//! Does not own the rows: those are its database's, with the unique constraint that decides.

use super::message::{Base, Job, Letter, Msg, Part};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId};

/// How a consumer recognises a message that it has handled before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Inbox {
    /// Not at all.
    None,
    /// Effect and inbox row in one transaction, with a unique key: the second one fails.
    Unique,
    /// It asks first, and then writes both, without a unique key.
    CheckFirst,
    /// It asks first, writes the effect, and then the inbox row.
    EffectFirst,
    /// It asks first, writes the inbox row, and then the effect.
    MarkFirst,
    /// It asks first, and then writes both if nobody has changed the row in between.
    Optimistic,
    /// It asks first, which bars all older deliveries of the message, and then writes both.
    Fenced,
}

impl Inbox {
    /// Whether it asks before it writes.
    #[must_use]
    pub const fn asks(self) -> bool {
        !matches!(self, Self::None | Self::Unique)
    }
}

/// What a job waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Stage {
    Asking,
    Writing(Part),
}

/// A consumer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Worker {
    queue: NodeId,
    store: NodeId,
    consumer: u8,
    inbox: Inbox,
    /// Whether it needs the row to work out what to write.
    reads: bool,
    pub(super) jobs: Vec<(Job, Stage)>,
    pub(super) done: i32,
}

impl Worker {
    /// A consumer; `consumer` is its number among subscribers, and 0 for all instances of one; `reads`:
    /// it reads the row before it writes it.
    #[must_use]
    pub const fn new(queue: NodeId, store: NodeId, consumer: u8, inbox: Inbox, reads: bool) -> Self {
        Self { queue, store, consumer, inbox, reads, jobs: Vec::new(), done: 0 }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        let Event::Message { msg, .. } = event else { return };
        match msg {
            // It fails: no acknowledgement, and the queue delivers again.
            Msg::Deliver(..) if ctx.interference() != Interference::None => {}
            Msg::Deliver(letter, token) => self.begin(ctx, *letter, *token),
            Msg::Known(job, known, base) => {
                if self.at(job, Stage::Asking).is_none() {
                    return;
                }
                if *known && self.inbox != Inbox::None {
                    return self.end(ctx, job, true);
                }
                let part = match self.inbox {
                    Inbox::EffectFirst | Inbox::None => Part::Effect,
                    Inbox::MarkFirst => Part::Mark,
                    _ => Part::Both,
                };
                self.write(ctx, job, part, *base);
            }
            Msg::Applied(job, part) => {
                if self.at(job, Stage::Writing(*part)).is_none() {
                    return;
                }
                match (self.inbox, part) {
                    (Inbox::EffectFirst, Part::Effect) => self.write(ctx, job, Part::Mark, Base::default()),
                    (Inbox::MarkFirst, Part::Mark) => self.write(ctx, job, Part::Effect, Base::default()),
                    _ => self.end(ctx, job, true),
                }
            }
            Msg::Duplicate(job) => self.end(ctx, job, true),
            // Somebody was faster: what it knew is old, and it asks again.
            Msg::Conflict(job) => {
                self.jobs.retain(|(j, _)| j != job);
                self.begin(ctx, job.letter, job.token);
            }
            // A later delivery has taken over; that one will acknowledge.
            Msg::Fenced(job) => self.end(ctx, job, false),
            Msg::Mismatch(job) => {
                self.jobs.retain(|(j, _)| j != job);
                ctx.send(self.queue, Msg::Reject(job.letter, job.token));
            }
            _ => {}
        }
    }

    fn at(&self, job: &Job, stage: Stage) -> Option<usize> {
        self.jobs.iter().position(|(j, s)| j == job && *s == stage)
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>, letter: Letter, token: i32) {
        let job = Job { letter, token, consumer: self.consumer };
        if self.jobs.iter().any(|(j, _)| *j == job) {
            return;
        }
        // Delivered again while it is at it: what it began is given up for the newer delivery.
        self.jobs.retain(|(j, _)| j.letter != letter);
        if self.inbox.asks() || self.reads {
            self.jobs.push((job, Stage::Asking));
            ctx.send(self.store, Msg::Seen(job));
        } else {
            let part = if self.inbox == Inbox::None { Part::Effect } else { Part::Both };
            self.write(ctx, &job, part, Base::default());
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, job: &Job, part: Part, base: Base) {
        self.jobs.retain(|(j, _)| j != job);
        self.jobs.push((*job, Stage::Writing(part)));
        ctx.send(self.store, Msg::Apply(*job, part, base));
    }

    fn end(&mut self, ctx: &mut Ctx<'_, Msg>, job: &Job, acknowledges: bool) {
        let before = self.jobs.len();
        self.jobs.retain(|(j, _)| j != job);
        if acknowledges && self.jobs.len() < before {
            self.done += 1;
            ctx.send(self.queue, Msg::Ack(job.letter, job.token));
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.jobs.clear();
        self.done = 0;
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.jobs.is_empty(), self.done) {
            (false, _) => Mood::Working,
            (true, 0) => Mood::Idle,
            (true, _) => Mood::Committed,
        }
    }
}
