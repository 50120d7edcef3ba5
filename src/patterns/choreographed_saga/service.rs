//! A service of the choreography: hears an event, does its step or undoes it, and tells what came of
//! it, all in one local transaction.
//!
//! Owns its rows, and what it makes of events that come in another order than they happened. Knows
//! nobody but the broker.

use std::collections::VecDeque;

use super::message::{Facts, Msg, Notice, fact, record, timer};
use super::post::{Manner, Post};
use super::rules::{Reaction, Step};
use crate::kernel::{Ctx, Event, Interference, Mood, Ticket, Timer};

/// What a service makes of an undo that comes before what it undoes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Early {
    /// There is nothing to undo: ignored.
    Ignore,
    /// Remembered: what comes later is not done any more.
    Remember,
    /// Put aside until the other has come, and applied then.
    Stash,
}

/// What a service knows of one order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// Which order.
    pub order: i32,
    /// How often its step was done.
    pub done: u8,
    /// How often it was undone.
    pub undone: u8,
    /// Its step may not be done any more.
    pub barred: bool,
    /// An undo that waits for what it undoes.
    pub stashed: Option<Notice>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Staged {
    ticket: Ticket,
    notice: Notice,
    place: u32,
    refuse: bool,
}

/// Rows of orders kept at hand; its totals keep all.
const KEPT: usize = 48;

/// One service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    pub(super) step: Step,
    manner: Manner,
    early: Early,
    pub(super) post: Post,
    /// What it takes from, and what it gives to.
    pub(super) from: i64,
    pub(super) to: i64,
    /// The two before the newest change.
    pub(super) before: Option<(i64, i64)>,
    pub(super) rows: VecDeque<Row>,
    facts: Facts,
    staged: Vec<Staged>,
    acks: Vec<(Ticket, Notice, u32)>,
    /// Refused lately; for its mood alone.
    refused: bool,
}

impl Service {
    /// A service with so much to take from.
    #[must_use]
    pub fn new(step: Step, manner: Manner, early: Early, from: i64) -> Self {
        Self {
            step,
            manner,
            early,
            post: Post::new(manner),
            from,
            to: 0,
            before: None,
            rows: VecDeque::new(),
            facts: Facts::default(),
            staged: Vec::new(),
            acks: Vec::new(),
            refused: false,
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Event(notice, Some(place)), .. } => self.hear(ctx, *notice, *place),
            Event::Message { msg: Msg::Published(notice), .. } => self.post.published(ctx, *notice),
            Event::Timer(Timer { kind: timer::PUBLISH_AGAIN, .. }) => self.post.again(ctx),
            Event::Recovered => {
                self.facts.publish(ctx);
                self.post.relay(ctx);
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                match self.acks.iter().position(|a| a.0 == ticket) {
                    Some(at) => {
                        let (_, notice, place) = self.acks.remove(at);
                        ctx.send(self.manner.broker, Msg::Processed(notice, place));
                        self.post.relay(ctx);
                    }
                    None => self.post.settle(ctx),
                }
            }
            Event::Refused(ticket) => {
                // Not acknowledged: the broker brings the event again.
                self.staged.retain(|s| s.ticket != ticket);
                self.post.refused(ticket);
            }
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, notice: Notice, place: u32) {
        if ctx.interference() == Interference::Fail {
            return;
        }
        let Some(reaction) = self.step.reaction(notice.event).filter(|_| !self.post.seen(notice)) else {
            return ctx.send(self.manner.broker, Msg::Processed(notice, place));
        };
        let being_dealt_with = |s: &Staged| s.notice == notice;
        if self.manner.inbox && self.staged.iter().any(being_dealt_with) {
            return;
        }
        let short = self.from < i64::from(self.step.amount());
        let refuse = reaction == Reaction::Do && (short || ctx.interference() == Interference::Refuse);
        let kind = match reaction {
            Reaction::Do if refuse => record::REFUSAL,
            Reaction::Do => record::EFFECT,
            Reaction::Undo | Reaction::Stop => record::COMPENSATION,
        };
        let ticket = ctx.persist(kind, [notice.order, self.step as i32, self.step.amount()]);
        self.staged.push(Staged { ticket, notice, place, refuse });
    }

    /// The local transaction commits: rows, inbox and outbox together.
    pub(super) fn flush(&mut self, ticket: Ticket) {
        if self.post.flush(ticket) {
            return;
        }
        let Some(at) = self.staged.iter().position(|s| s.ticket == ticket) else { return };
        let Staged { notice, place, refuse, .. } = self.staged.remove(at);
        self.acks.push((ticket, notice, place));
        if self.post.seen(notice) {
            return;
        }
        self.post.note(notice);
        match self.step.reaction(notice.event) {
            Some(Reaction::Do) => self.carry_out(notice, refuse),
            Some(Reaction::Undo) => self.undo(notice),
            Some(Reaction::Stop) => self.stop(notice),
            None => {}
        }
    }

    fn tell(&mut self, notice: Notice, event: super::message::Event) {
        self.post.put(Notice { event, ..notice });
    }

    fn carry_out(&mut self, notice: Notice, refuse: bool) {
        let (done, failed) = self.step.tells();
        let row = self.row(notice.order);
        if row.barred {
            return;
        }
        let stashed = row.stashed.take();
        self.refused = refuse;
        if refuse {
            return self.tell(notice, failed);
        }
        self.row(notice.order).done += 1;
        self.change(1);
        self.facts.add(fact::DONE, [notice.order, self.step as i32, self.step.amount()]);
        self.tell(notice, done);
        if let Some(undo) = stashed {
            self.undo(undo);
        }
    }

    fn undo(&mut self, notice: Notice) {
        let (step, early) = (self.step, self.early);
        let row = self.row(notice.order);
        if row.done > row.undone {
            row.undone += 1;
            self.change(-1);
            self.facts.add(fact::UNDONE, [notice.order, step as i32, step.amount()]);
            if let Some(event) = step.tells_undone() {
                self.tell(notice, event);
            }
        } else if row.done == 0 {
            match early {
                Early::Ignore => {}
                Early::Stash => row.stashed = Some(notice),
                Early::Remember => self.bar(notice),
            }
        }
    }

    /// The pivot's owner stops it, if the parcel has not left.
    fn stop(&mut self, notice: Notice) {
        let row = self.row(notice.order);
        if row.done == 0 && !row.barred {
            self.bar(notice);
            let (_, failed) = self.step.tells();
            self.tell(notice, failed);
        }
    }

    fn bar(&mut self, notice: Notice) {
        let row = self.row(notice.order);
        if !row.barred {
            row.barred = true;
            self.facts.add(fact::BARRED, [notice.order, self.step as i32, 0]);
        }
    }

    fn change(&mut self, times: i64) {
        self.before = Some((self.from, self.to));
        self.from -= times * i64::from(self.step.amount());
        self.to += times * i64::from(self.step.amount());
    }

    fn row(&mut self, order: i32) -> &mut Row {
        let at = match self.rows.iter().rposition(|r| r.order == order) {
            Some(at) => at,
            None => {
                if self.rows.len() == KEPT {
                    self.rows.pop_front();
                }
                self.rows.push_back(Row { order, done: 0, undone: 0, barred: false, stashed: None });
                self.rows.len() - 1
            }
        };
        &mut self.rows[at]
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.acks.clear();
        self.post.crash();
        self.refused = false;
    }

    /// What is being written: the order, and the event that it is about.
    pub(super) fn writing(&self) -> impl Iterator<Item = Notice> {
        self.staged.iter().map(|s| s.notice)
    }

    pub(super) fn mood(&self) -> Mood {
        if let Some(notice) = self.writing().last() {
            let doing = self.step.reaction(notice.event) == Some(Reaction::Do);
            return if doing { Mood::Working } else { Mood::Compensating };
        }
        match self.rows.back() {
            _ if self.refused => Mood::Aborted,
            Some(row) if row.done > row.undone => Mood::Committed,
            Some(row) if row.undone > 0 => Mood::Compensated,
            Some(row) if row.barred => Mood::Aborted,
            Some(row) if row.stashed.is_some() => Mood::Waiting,
            _ => Mood::Idle,
        }
    }
}
