//! The textbook's two helpers, each a service with a log: the transaction service, where a saga is
//! registered and closed, and the reversal service, which reverts what a failed saga left behind.
//!
//! Owns their logs. Does not own the saga: the orchestrator knows where it stands and what is next.

use super::message::{About, Answer, Command, Facts, Msg, fact, record};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Ticket};
use crate::parts::wal::Wal;

/// A line of such a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Line {
    pub about: About,
    pub command: Command,
}

/// The transaction service, or the reversal service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LogService {
    orchestrator: NodeId,
    reverts: bool,
    pub(super) log: Wal<Line>,
    /// The newest line: asked for it again, nothing is written twice. One saga runs at a time.
    newest: Option<Line>,
    facts: Facts,
    tickets: Vec<(Ticket, Line)>,
    stuck: bool,
}

impl LogService {
    /// A service with an empty log; `reverts`: the reversal service.
    #[must_use]
    pub fn new(orchestrator: NodeId, reverts: bool) -> Self {
        Self {
            orchestrator,
            reverts,
            log: Wal::new(),
            newest: None,
            facts: Facts::default(),
            tickets: Vec::new(),
            stuck: false,
        }
    }

    pub(super) const fn reverts(&self) -> bool {
        self.reverts
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg: Msg::Command(about, command), .. } => {
                let line = Line { about: *about, command: *command };
                match ctx.interference() {
                    Interference::Refuse if self.reverts => {
                        self.stuck = true;
                        self.answer(ctx, line, Answer::CannotUndo);
                    }
                    Interference::Refuse | Interference::Fail => self.answer(ctx, line, Answer::TryAgain),
                    Interference::None if self.newest == Some(line) => self.answer(ctx, line, Answer::Done),
                    Interference::None => self.write(ctx, line),
                }
            }
            Event::Recovered => self.facts.publish(ctx),
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                if let Some(at) = self.tickets.iter().position(|(t, _)| *t == ticket) {
                    let (_, line) = self.tickets.remove(at);
                    self.answer(ctx, line, Answer::Done);
                }
            }
            Event::Refused(ticket) => {
                if let Some(line) = self.log.refuse(ticket) {
                    self.answer(ctx, line, Answer::TryAgain);
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, line: Line) {
        if self.log.staged().any(|l| *l == line) {
            return;
        }
        self.stuck = false;
        let kind = match line.command {
            Command::Begin => record::REGISTERED,
            Command::Complete => record::CLOSED,
            _ => record::REVERSAL,
        };
        let args = [line.about.order, line.command.step(), line.about.saga];
        self.log.append(ctx, kind, args, line);
    }

    fn answer(&self, ctx: &mut Ctx<'_, Msg>, line: Line, answer: Answer) {
        ctx.send(self.orchestrator, Msg::Reply(line.about, line.command, answer));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(line) = self.log.flush(ticket) else { return };
        if line.command == Command::Revert && self.newest != Some(line) {
            // B refused, and there is nothing before B: the reversal finds nothing to undo.
            let args = [line.about.order, line.command.step(), line.about.saga];
            self.facts.add((fact::NOTHING_TO_UNDO, args));
        }
        self.newest = Some(line);
        self.tickets.push((ticket, line));
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.tickets.clear();
        self.stuck = false;
    }

    pub(super) fn mood(&self) -> Mood {
        let newest = self.log.staged().last().copied().or(self.newest);
        let writing = self.log.staged().next().is_some();
        match newest.map(|l| l.command) {
            _ if self.stuck => Mood::Stuck,
            Some(Command::Revert) if writing => Mood::Compensating,
            Some(Command::Revert) => Mood::Compensated,
            _ if writing => Mood::Working,
            Some(Command::Complete) => Mood::Committed,
            Some(_) => Mood::Waiting,
            None => Mood::Idle,
        }
    }
}
