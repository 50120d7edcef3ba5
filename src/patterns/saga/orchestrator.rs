//! The orchestrator: takes each saga through its steps, or back.
//!
//! It writes `(where the saga stands, and with it the next command)` before the command leaves.
//! After a crash it reads what is unfinished and sends the same command again, under the same id;
//! services recognise it. Owns the saga log, the direction, the time-outs. Does not own what a step
//! does, nor how it is made harmless to ask for one twice: both are the services'.
//!
//! Both families of compensation: in Eventuate Tram's a step that was refused is not compensated,
//! those before it are, in reverse order; in dtm's it is compensated with them. A step whose outcome
//! is *unknown* is compensated in both. A saga that is stuck waits for an operator, who puts it back to
//! work, settles its step by other means, or stops it as it stands (dtm's `forceStop`).

use std::collections::VecDeque;

use super::added::Added;
pub use super::course::Phase;
use super::definition::{Class, Definition};
use super::message::{About, Answer, Command, Directory, Facts, Msg, Outcome, fact, record, timer, verb};
use super::numbers::Numbers;
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::retry::RetryPolicy;
use crate::parts::wal::Wal;

/// A line of the saga log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Which saga.
    pub about: About,
    /// Where it stands from here on.
    pub phase: Phase,
}

/// An unfinished saga.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Saga {
    /// Which one.
    pub about: About,
    /// Where it stands: durable.
    pub phase: Phase,
    /// How often the current command was sent since the orchestrator runs; volatile.
    pub attempt: u8,
    /// Whether its next phase is being written; volatile.
    pub moving: bool,
}

/// How the orchestrator is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The saga's steps.
    pub definition: &'static Definition,
    /// Who is who.
    pub directory: Directory,
    /// How long to wait for an answer.
    pub timeout: Span,
    /// Retries of a step that can still be given up.
    pub limited: RetryPolicy,
    /// Retries of everything else.
    pub endless: RetryPolicy,
    /// Whether there is a saga log at all.
    pub resume: bool,
    /// Whether a second start request for an order is recognised.
    pub start_dedup: bool,
    /// Orders that the textbook's orchestrator starts on its own, and the pause between them.
    pub orders: i32,
    /// See `orders`.
    pub gap: Span,
    /// Whether a step that was refused is undone with the others.
    pub undo_failed: Added<bool>,
}

/// Attempts are counted up to here: the back-off is at its cap long before, and a state space that
/// counts for ever has no end.
const MOST_COUNTED: u8 = 9;
/// Endings that are remembered to answer a customer who asks again.
const REMEMBERED: usize = 8;

/// The orchestrator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Orchestrator {
    pub(super) settings: Settings,
    pub(super) log: Wal<Entry>,
    /// Unfinished sagas: what the log says, kept at hand (durable with it).
    pub(super) open: Vec<Saga>,
    /// The newest endings, oldest first.
    pub(super) ended: VecDeque<(i32, Outcome)>,
    started: Numbers,
    /// Second sagas of one order so far.
    twins: i32,
    facts: Facts,
    tickets: Vec<(Ticket, Entry)>,
}

impl Orchestrator {
    /// An orchestrator that has not begun anything.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            log: Wal::new(),
            open: Vec::new(),
            ended: VecDeque::new(),
            started: Numbers::default(),
            twins: 0,
            facts: Facts::default(),
            tickets: Vec::new(),
        }
    }

    /// Unfinished sagas.
    #[must_use]
    pub fn open(&self) -> &[Saga] {
        &self.open
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.start_next(ctx),
            Event::Recovered => self.recover(ctx),
            Event::Message { from, msg } => match msg {
                Msg::Order(order) => self.order(ctx, from, *order),
                Msg::Reply(about, command, answer) => self.reply(ctx, *about, *command, *answer),
                _ => {}
            },
            Event::Timer(Timer { kind: timer::COMMAND_TIMEOUT, arg }) => {
                if let Some(at) = self.place(arg) {
                    self.no_answer(ctx, at);
                }
            }
            Event::Timer(Timer { kind: timer::RETRY, arg }) => {
                if let Some(at) = self.place(arg) {
                    self.send(ctx, at);
                }
            }
            Event::Timer(_) => self.start_next(ctx),
            Event::Persisted(ticket) => {
                if let Some(at) = self.tickets.iter().position(|(t, _)| *t == ticket) {
                    let (_, entry) = self.tickets.remove(at);
                    self.entered(ctx, entry);
                }
            }
            Event::Refused(ticket) => self.not_written(ctx, ticket),
            Event::Command(verb::PLACE_ORDER, order) => {
                let next = self.started.highest + 1;
                self.begin(ctx, if order > 0 { order } else { next });
            }
            Event::Command(verb::RETRY_PARKED | verb::SKIP_PARKED, order) => {
                let skip = matches!(event, Event::Command(verb::SKIP_PARKED, _));
                self.operator(ctx, order, skip);
            }
            Event::Command(verb::FORCE_STOP, order) => {
                let this = |s: &Saga| !s.moving && (order == 0 || s.about.order == order);
                if let Some(at) = self.open.iter().position(this) {
                    self.go(ctx, at, Phase::Stopped);
                }
            }
            Event::Command(..) => {}
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        if let Some(entry) = self.log.flush(ticket) {
            self.apply(entry);
            self.tickets.push((ticket, entry));
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.tickets.clear();
        if self.settings.resume {
            for saga in &mut self.open {
                saga.attempt = 0;
                saga.moving = false;
            }
        } else {
            // Everything was in memory.
            self.open.clear();
            self.ended.clear();
            self.started = Numbers::default();
            self.twins = 0;
        }
    }

    fn recover(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.facts.publish(ctx);
        for at in 0..self.open.len() {
            self.go_on(ctx, at);
        }
        // An orchestrator that remembers nothing does not know that it had something to begin.
        if self.open.is_empty() && self.settings.resume {
            self.start_next(ctx);
        }
    }

    /// The textbook's service A begins sagas on its own account.
    fn start_next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let next = self.started.highest + 1;
        if self.settings.directory.client.is_none() && next <= self.settings.orders {
            self.begin(ctx, next);
        }
    }

    fn order(&mut self, ctx: &mut Ctx<'_, Msg>, client: NodeId, order: i32) {
        match ctx.interference() {
            Interference::None => self.begin(ctx, order),
            Interference::Refuse => ctx.send(client, Msg::News(order, Outcome::Cancelled)),
            Interference::Fail => {}
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32) {
        let being_written = |e: &Entry| e.about.order == order;
        let known = self.started.contains(order) || self.log.staged().any(being_written);
        let saga = if !known {
            order
        } else if self.settings.start_dedup {
            // Asked again: say how it ended, if it did. A running saga answers in its time.
            if let Some(&(_, outcome)) = self.ended.iter().rev().find(|(o, _)| *o == order) {
                self.tell(ctx, order, outcome);
            } else if self
                .open
                .iter()
                .any(|s| s.about.order == order && matches!(s.phase, Phase::Parked(_)))
            {
                self.tell(ctx, order, Outcome::UnderReview);
            }
            return;
        } else {
            self.twins += 1;
            order + TWIN * self.twins
        };
        let phase = self.settings.definition.first();
        self.write(ctx, Entry { about: About { order, saga }, phase }, record::STARTED);
    }

    fn reply(&mut self, ctx: &mut Ctx<'_, Msg>, about: About, command: Command, answer: Answer) {
        let Some(at) = self.place(about.saga) else { return };
        let saga = &self.open[at];
        // An answer to an earlier command, or a second one to this: nothing new.
        if saga.moving || self.settings.definition.command(saga.phase) != Some(command) {
            return;
        }
        let phase = saga.phase;
        let next = match (answer, phase) {
            (Answer::Done, Phase::Begin) => Phase::Forward(0),
            (Answer::Done, Phase::Forward(step)) => self.settings.definition.after(step),
            (Answer::Done, Phase::Back(step)) => self.settings.definition.back_from(step.checked_sub(1)),
            (Answer::Done, Phase::Revert) => Phase::Compensated,
            (Answer::Done, _) => Phase::Completed,
            (Answer::Refused, Phase::Forward(step))
                if self.settings.definition.class(step) != Class::Retriable =>
            {
                if self.settings.undo_failed.0 {
                    self.settings.definition.back_with(step)
                } else {
                    self.settings.definition.back_from(step.checked_sub(1))
                }
            }
            (Answer::CannotUndo, Phase::Back(step)) => Phase::Parked(step),
            (Answer::CannotUndo, _) => Phase::Parked(0),
            (Answer::Refused | Answer::TryAgain, _) => return self.no_answer(ctx, at),
            (Answer::TooLate, _) => return,
        };
        self.go(ctx, at, next);
    }

    /// No answer came in time, or one that says *try again*.
    fn no_answer(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let saga = &self.open[at];
        let (phase, number, failed) = (saga.phase, saga.about.saga, u32::from(saga.attempt));
        if saga.moving || self.settings.definition.command(phase).is_none() {
            return;
        }
        ctx.cancel_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: number });
        let give_up = match phase {
            // Before the pivot the saga may turn back, if the step can be undone: whether it was
            // done is unknown, and so it is undone with the others. At the pivot and after it there
            // is no way but to ask until somebody answers.
            Phase::Forward(step) if self.settings.definition.class(step) == Class::Compensatable => {
                self.settings.definition.steps[step as usize].undoable().then_some(step)
            }
            _ => None,
        };
        let policy = if give_up.is_some() { self.settings.limited } else { self.settings.endless };
        match policy.wait(failed, |n| ctx.roll(n)) {
            Some(wait) => ctx.set_timer(Timer { kind: timer::RETRY, arg: number }, wait),
            None => {
                let back = self.settings.definition.back_from(give_up);
                self.go(ctx, at, back);
            }
        }
    }

    /// A person puts a parked saga back to work, or has settled its step by other means.
    fn operator(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, skip: bool) {
        let parked =
            |s: &Saga| matches!(s.phase, Phase::Parked(_)) && (order == 0 || s.about.order == order);
        if let Some(at) = self.open.iter().position(parked)
            && let Phase::Parked(step) = self.open[at].phase
            && !self.open[at].moving
        {
            let back =
                if skip { Phase::Skipped(step) } else { self.settings.definition.back_from(Some(step)) };
            self.go(ctx, at, back);
        }
    }

    /// Takes a saga to its next phase, on disk first.
    fn go(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, phase: Phase) {
        let saga = &mut self.open[at];
        saga.moving = true;
        let about = saga.about;
        ctx.cancel_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: about.saga });
        ctx.cancel_timer(Timer { kind: timer::RETRY, arg: about.saga });
        let kind = match phase {
            Phase::Begin | Phase::Forward(_) | Phase::Complete => record::NEXT_STEP,
            Phase::Back(_) | Phase::Revert => record::NEXT_UNDO,
            Phase::Completed | Phase::Compensated => record::ENDED,
            Phase::Parked(_) => record::PARKED,
            Phase::Skipped(_) => record::SKIPPED,
            Phase::Stopped => record::STOPPED,
        };
        self.write(ctx, Entry { about, phase }, kind);
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry, kind: u8) {
        if self.settings.resume {
            let args = [entry.about.order, self.settings.definition.step_of(entry.phase), entry.about.saga];
            self.log.append(ctx, kind, args, entry);
        } else {
            self.apply(entry);
            self.entered(ctx, entry);
        }
    }

    /// The disk refused: ask for the current command again later; its answer brings us here again.
    fn not_written(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        let Some(entry) = self.log.refuse(ticket) else { return };
        let wait = self.settings.endless.wait(1, |n| ctx.roll(n)).unwrap_or(Span::ZERO);
        if let Some(at) = self.place(entry.about.saga) {
            self.open[at].moving = false;
            ctx.set_timer(Timer { kind: timer::RETRY, arg: entry.about.saga }, wait);
        } else if self.settings.directory.client.is_none() {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, wait);
        }
    }

    /// Makes a line of the log true.
    fn apply(&mut self, entry: Entry) {
        let Entry { about, phase } = entry;
        let args = [about.order, self.settings.definition.step_of(phase), about.saga];
        let at = self.place(about.saga);
        let outcome = match phase {
            Phase::Completed => Some((Outcome::Confirmed, fact::COMPLETED)),
            Phase::Compensated => Some((Outcome::Cancelled, fact::COMPENSATED)),
            Phase::Stopped => Some((Outcome::Cancelled, fact::STOPPED)),
            _ => None,
        };
        if let Some((outcome, fact)) = outcome {
            if let Some(at) = at {
                self.open.remove(at);
            }
            if self.ended.len() == REMEMBERED {
                self.ended.pop_front();
            }
            self.ended.push_back((about.order, outcome));
            self.facts.add((fact, args));
            return;
        }
        if matches!(phase, Phase::Parked(_)) {
            self.facts.add((fact::PARKED, args));
        }
        if matches!(phase, Phase::Skipped(_)) {
            // The textbook's reversal found nothing to undo, by whatever means.
            let action = if self.settings.definition.reversal { -3 } else { args[1] };
            self.facts.add((fact::SETTLED, [about.order, action, about.saga]));
        }
        let saga = Saga { about, phase, attempt: 0, moving: false };
        match at {
            Some(at) => self.open[at] = saga,
            None => {
                self.open.push(saga);
                self.started.insert(about.order);
                self.facts.add((fact::STARTED, args));
            }
        }
    }

    /// What follows once a line of the log is true.
    fn entered(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry) {
        self.facts.publish(ctx);
        let order = entry.about.order;
        match entry.phase {
            Phase::Completed => self.tell(ctx, order, Outcome::Confirmed),
            Phase::Compensated | Phase::Stopped => self.tell(ctx, order, Outcome::Cancelled),
            Phase::Parked(_) => self.tell(ctx, order, Outcome::UnderReview),
            _ => {
                if let Some(at) = self.place(entry.about.saga) {
                    self.go_on(ctx, at);
                }
            }
        }
    }

    /// Sends what is next, or goes on behind a step that a person has settled.
    fn go_on(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        match self.open[at].phase {
            Phase::Skipped(step) => {
                let behind = self.settings.definition.behind(step);
                self.go(ctx, at, behind);
            }
            _ => self.send(ctx, at),
        }
    }

    fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, order: i32, outcome: Outcome) {
        if let Some(client) = self.settings.directory.client {
            ctx.send(client, Msg::News(order, outcome));
        } else if self.started.highest < self.settings.orders {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
        }
    }

    /// Sends the current command of a saga, the first time or once more.
    fn send(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let saga = &self.open[at];
        let Some(command) = self.settings.definition.command(saga.phase) else { return };
        let saga = &mut self.open[at];
        saga.attempt = (saga.attempt + 1).min(MOST_COUNTED);
        let about = saga.about;
        ctx.send(self.settings.directory.addressee(command), Msg::Command(about, command));
        ctx.set_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: about.saga }, self.settings.timeout);
    }

    fn place(&self, saga: i32) -> Option<usize> {
        self.open.iter().position(|s| s.about.saga == saga)
    }

    pub(super) fn mood(&self) -> Mood {
        if self.open.iter().any(|s| matches!(s.phase, Phase::Parked(_))) {
            return Mood::Stuck;
        }
        if let Some(saga) = self.open.last() {
            return match saga.phase {
                Phase::Back(_) | Phase::Revert => Mood::Compensating,
                _ if saga.moving => Mood::Working,
                _ => Mood::Waiting,
            };
        }
        match self.ended.back() {
            _ if self.log.staged().next().is_some() => Mood::Working,
            Some((_, Outcome::Confirmed)) => Mood::Committed,
            Some(_) => Mood::Compensated,
            None => Mood::Idle,
        }
    }
}

/// How far apart the saga numbers of one order's twins are: more than the most orders of a run.
const TWIN: i32 = 100_000;
