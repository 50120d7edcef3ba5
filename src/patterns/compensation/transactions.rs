//! The transaction service: takes each transaction through its steps, and back when one cannot be
//! done.
//!
//! Before a command leaves, it is on disk what is asked for; and while steps are undone (or holds
//! confirmed), it is on disk how far that has come: after a crash it goes on from there. Owns the
//! progress record, the direction, the order of undoing, the time-outs. Does not own what a step does
//! nor how it is undone: that is the services'.

pub use super::course::{Entry, Open, Phase, Progress, Settings, Turn};
use super::message::{Answer, Facts, Msg, Op, Tx, fact, record, timer, verb};
use super::plan::{Act, Plan, Steps, UndoOrder, lowest};
use crate::kernel::{Ctx, Event, Mood, Span, Ticket, Timer};
use crate::parts::wal::Wal;

/// Attempts are counted up to here: the back-off is at its cap long before.
const MOST_COUNTED: u8 = 9;

/// The transaction service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Transactions {
    pub(super) settings: Settings,
    pub(super) log: Wal<Entry>,
    /// Unfinished transactions: what the log says, kept at hand.
    pub(super) open: Vec<Open>,
    /// The newest endings: transaction, and whether it was completed.
    pub(super) ended: Vec<(Tx, bool)>,
    highest: Tx,
    facts: Facts,
    tickets: Vec<(Ticket, Entry)>,
}

impl Transactions {
    /// A transaction service that has not begun anything.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            log: Wal::new(),
            open: Vec::new(),
            ended: Vec::new(),
            highest: 0,
            facts: Facts::default(),
            tickets: Vec::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => self.begin_next(ctx),
            Event::Recovered => self.recover(ctx),
            Event::Message { msg: Msg::Reply(tx, act, op, answer), .. } => {
                if let (Some(at), Some(step)) = (self.place(*tx), self.settings.plan.place(*act)) {
                    self.reply(ctx, at, step, *op, *answer);
                }
            }
            Event::Timer(Timer { kind: timer::COMMAND_TIMEOUT, arg }) => {
                if let Some(at) = self.place(arg) {
                    self.no_answer(ctx, at);
                }
            }
            Event::Timer(Timer { arg, .. }) => {
                if let Some(at) = self.place(arg) {
                    self.send(ctx, at);
                }
            }
            Event::Persisted(ticket) => {
                if let Some(at) = self.tickets.iter().position(|(t, _)| *t == ticket) {
                    let (_, entry) = self.tickets.remove(at);
                    self.entered(ctx, entry);
                }
            }
            Event::Refused(ticket) => self.not_written(ctx, ticket),
            Event::Command(verb::PLACE_ORDER, _) => self.begin(ctx),
            Event::Command(what, tx) => self.person(ctx, what == verb::SETTLE_BY_HAND, tx),
            _ => {}
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
        for open in &mut self.open {
            open.attempt = 0;
            open.moving = false;
            if self.settings.progress == Progress::DecisionOnly {
                open.finished = 0;
            }
        }
        if self.settings.progress == Progress::None {
            // Everything was in memory; numbers come from a sequence and are not given out again.
            self.open.clear();
            self.ended.clear();
        }
    }

    fn recover(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.facts.publish(ctx);
        for at in 0..self.open.len() {
            self.send(ctx, at);
        }
        // Who remembers nothing does not know that there was something to begin.
        if self.open.is_empty() && self.settings.progress != Progress::None {
            self.begin_next(ctx);
        }
    }

    fn begin_next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.highest < self.settings.orders {
            self.begin(ctx);
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let staged = self.log.staged().map(|e| e.tx).max().unwrap_or(0);
        let tx = self.highest.max(staged) + 1;
        self.write(ctx, Entry { tx, turn: Turn::Next(0) }, record::NEXT);
    }

    fn reply(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, step: u8, op: Op, answer: Answer) {
        let (phase, moving) = (self.open[at].phase, self.open[at].moving);
        if phase == Phase::Forward(step) && matches!(op, Op::Do | Op::Try) {
            match answer {
                _ if moving => {}
                Answer::Done => self.forward(ctx, at, step),
                Answer::Refused => self.back(ctx, at, step, self.settings.undo_failed || self.settings.tcc),
                Answer::TryAgain => self.no_answer(ctx, at),
                Answer::CannotUndo | Answer::TooLate => {}
            }
        } else if !matches!(phase, Phase::Forward(_))
            && op == self.finishing(at)
            && self.left(at) & 1 << step != 0
        {
            let entry = Entry { tx: self.open[at].tx, turn: Turn::Finished(step) };
            if answer == Answer::Done && self.settings.order != UndoOrder::Parallel {
                self.stop_waiting(ctx, at);
            }
            match answer {
                Answer::Done if self.settings.progress != Progress::EachStep => {
                    self.apply(entry);
                    self.proceed(ctx, at);
                }
                Answer::Done if self.log.staged().any(|e| *e == entry) => {}
                Answer::Done => self.write(ctx, entry, record::FINISHED),
                Answer::TryAgain => self.no_answer(ctx, at),
                Answer::Refused | Answer::CannotUndo if phase == Phase::Finishing && !moving => {
                    self.go(ctx, at, Turn::Parked(step), record::PARKED);
                }
                _ => {}
            }
        }
    }

    /// A step is done or tried.
    fn forward(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, step: u8) {
        if step + 1 < self.settings.steps {
            self.go(ctx, at, Turn::Next(step + 1), record::NEXT);
        } else if self.settings.tcc {
            self.go(ctx, at, Turn::Confirm, record::CONFIRM);
        } else {
            self.go(ctx, at, Turn::Ended, record::ENDED);
        }
    }

    /// A step cannot be done; `with`: it is taken back like those before it.
    fn back(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, step: u8, with: bool) {
        let mut todo = Plan::before(step) | u8::from(with) << step;
        if self.settings.skip && !self.settings.tcc {
            todo &= !self.settings.plan.without_undo(todo);
        }
        self.go(ctx, at, Turn::Back(todo), record::BACK);
    }

    /// No answer came in time, or one that says *try again*.
    fn no_answer(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let open = &self.open[at];
        let (tx, failed) = (open.tx, u32::from(open.attempt));
        if open.moving || matches!(open.phase, Phase::Parked(_)) {
            return;
        }
        ctx.cancel_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: tx });
        // Whether the step was done is unknown, and so it is undone with the others, if it can be.
        let give_up = match open.phase {
            Phase::Forward(step) if self.settings.tcc || self.act(step).undoable() => Some(step),
            _ => None,
        };
        let policy = if give_up.is_some() { self.settings.limited } else { self.settings.endless };
        match (policy.wait(failed, |n| ctx.roll(n)), give_up) {
            (Some(wait), _) => ctx.set_timer(Timer { kind: timer::RETRY, arg: tx }, wait),
            (None, step) => self.back(ctx, at, step.unwrap_or(0), true),
        }
    }

    /// A person puts a parked transaction back to work, or has settled its step by other means.
    fn person(&mut self, ctx: &mut Ctx<'_, Msg>, settle: bool, tx: Tx) {
        let parked = |o: &Open| matches!(o.phase, Phase::Parked(_)) && !o.moving && (tx == 0 || o.tx == tx);
        if let Some(at) = self.open.iter().position(parked)
            && let Phase::Parked(step) = self.open[at].phase
        {
            let (turn, kind) = if settle {
                (Turn::Settled(step), record::SETTLED)
            } else {
                (Turn::Resumed, record::RESUMED)
            };
            self.go(ctx, at, turn, kind);
        }
    }

    /// Goes on once a step is finished, or once finishing begins.
    fn proceed(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        if self.open[at].phase != Phase::Finishing || self.open[at].moving {
            return;
        }
        let left = self.left(at);
        let turn = self.turn(at);
        if left == 0 {
            self.go(ctx, at, Turn::Ended, record::ENDED);
        } else if turn == 0 {
            // It is the turn of a step that nothing undoes.
            let step = lowest(Plan::turn(left, self.settings.order));
            self.go(ctx, at, Turn::Parked(step), record::PARKED);
        } else if self.settings.order != UndoOrder::Parallel || self.open[at].attempt == 0 {
            self.open[at].attempt = 0;
            self.send(ctx, at);
        }
    }

    /// Takes a transaction to its next turn, on disk first.
    fn go(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize, turn: Turn, kind: u8) {
        self.open[at].moving = true;
        self.stop_waiting(ctx, at);
        self.write(ctx, Entry { tx: self.open[at].tx, turn }, kind);
    }

    fn stop_waiting(&self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        for kind in [timer::COMMAND_TIMEOUT, timer::RETRY] {
            ctx.cancel_timer(Timer { kind, arg: self.open[at].tx });
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry, kind: u8) {
        if self.settings.progress == Progress::None {
            self.apply(entry);
            self.entered(ctx, entry);
        } else {
            let act = entry.turn.step().map_or(-1, |step| self.act(step).number());
            self.log.append(ctx, kind, [entry.tx, act, 0], entry);
        }
    }

    /// The disk refused: ask again later; the answer brings us here again.
    fn not_written(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        let Some(entry) = self.log.refuse(ticket) else { return };
        let wait = self.settings.endless.wait(1, |n| ctx.roll(n)).unwrap_or(Span::ZERO);
        if let Some(at) = self.place(entry.tx) {
            if !matches!(entry.turn, Turn::Finished(_)) {
                self.open[at].moving = false;
            }
            ctx.set_timer(Timer { kind: timer::RETRY, arg: entry.tx }, wait);
        } else {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, wait);
        }
    }

    /// Makes a line of the record true.
    fn apply(&mut self, Entry { tx, turn }: Entry) {
        let Some(at) = self.place(tx) else {
            let phase = Phase::Forward(0);
            let fresh =
                Open { tx, phase, confirms: false, todo: 0, finished: 0, attempt: 0, moving: false };
            self.open.push(fresh);
            self.highest = self.highest.max(tx);
            return self.facts.add(fact::BEGAN, [tx, 0, 0]);
        };
        let act = turn.step().map_or(0, |step| self.act(step).number());
        let all = Plan::before(self.settings.steps);
        let open = &mut self.open[at];
        match turn {
            Turn::Finished(step) => {
                open.finished |= 1 << step;
                return;
            }
            Turn::Next(step) => open.phase = Phase::Forward(step),
            Turn::Back(todo) => (open.phase, open.todo) = (Phase::Finishing, todo),
            Turn::Confirm => (open.phase, open.todo, open.confirms) = (Phase::Finishing, all, true),
            Turn::Settled(step) => {
                open.finished |= 1 << step;
                open.phase = Phase::Finishing;
                self.facts.add(fact::SETTLED, [tx, act, i32::from(open.confirms)]);
            }
            Turn::Resumed => open.phase = Phase::Finishing,
            Turn::Parked(step) => {
                open.phase = Phase::Parked(step);
                self.facts.add(fact::PARKED, [tx, act, 0]);
            }
            Turn::Ended => {
                // Forward to the end, or every hold confirmed.
                let completed = open.confirms || matches!(open.phase, Phase::Forward(_));
                self.open.remove(at);
                if self.ended.len() == 8 {
                    self.ended.remove(0);
                }
                self.ended.push((tx, completed));
                let fact = if completed { fact::COMPLETED } else { fact::COMPENSATED };
                return self.facts.add(fact, [tx, 0, 0]);
            }
        }
        open.attempt = 0;
        open.moving = false;
    }

    /// What follows once a line of the record is true.
    fn entered(&mut self, ctx: &mut Ctx<'_, Msg>, entry: Entry) {
        self.facts.publish(ctx);
        match (self.place(entry.tx), entry.turn) {
            (None, _) if self.open.is_empty() && self.highest < self.settings.orders => {
                ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
            }
            (Some(at), Turn::Next(_)) => self.send(ctx, at),
            (Some(at), _) => self.proceed(ctx, at),
            (None, _) => {}
        }
    }

    /// Sends what is asked for now, the first time or once more.
    fn send(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let tx = self.open[at].tx;
        let (steps, op) = match self.open[at].phase {
            Phase::Forward(step) => (1 << step, if self.settings.tcc { Op::Try } else { Op::Do }),
            Phase::Finishing if self.turn(at) == 0 => return self.proceed(ctx, at),
            Phase::Finishing => (self.turn(at), self.finishing(at)),
            Phase::Parked(_) => return,
        };
        self.open[at].attempt = (self.open[at].attempt + 1).min(MOST_COUNTED);
        // The last one done is named first.
        for step in (0..self.settings.steps).rev().filter(|step| steps & 1 << step != 0) {
            let act = self.act(step);
            ctx.send(self.settings.services[act as usize], Msg::Command(tx, act, op));
        }
        ctx.set_timer(Timer { kind: timer::COMMAND_TIMEOUT, arg: tx }, self.settings.timeout);
    }

    fn finishing(&self, at: usize) -> Op {
        self.settings.op(&self.open[at])
    }

    fn left(&self, at: usize) -> Steps {
        self.open[at].left()
    }

    fn turn(&self, at: usize) -> Steps {
        self.settings.turn(&self.open[at])
    }

    fn act(&self, step: u8) -> Act {
        self.settings.act(step)
    }

    fn place(&self, tx: Tx) -> Option<usize> {
        self.open.iter().position(|o| o.tx == tx)
    }

    pub(super) fn mood(&self) -> Mood {
        if self.open.iter().any(|o| matches!(o.phase, Phase::Parked(_))) {
            return Mood::Stuck;
        }
        match (self.open.last(), self.ended.last()) {
            (Some(o), _) if o.phase == Phase::Finishing && !o.confirms => Mood::Compensating,
            (Some(o), _) if o.moving => Mood::Working,
            (Some(_), _) => Mood::Waiting,
            _ if self.log.staged().next().is_some() => Mood::Working,
            (_, Some((_, true))) => Mood::Committed,
            (_, Some((_, false))) => Mood::Compensated,
            _ => Mood::Idle,
        }
    }
}
