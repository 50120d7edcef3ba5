//! The application that owns the table: writes to its database and knows nothing of any capture.
//!
//! Owns a plan of writes and their numbers, by which the database knows a second attempt. What a
//! person does at it (insert, update, delete, alter) is a write as any other.

use super::message::{Key, Msg, Want, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// How far a write is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// Sent, and not answered.
    Open,
    /// Committed.
    Done,
    /// Turned away.
    Failed,
}

/// The application. Its writes survive a crash: somebody would ask again.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct App {
    database: NodeId,
    changes: i32,
    planned: i32,
    gap: Span,
    ask_again: Span,
    /// The newest key.
    newest: Key,
    pub(super) writes: Vec<(Want, Answer)>,
}

impl App {
    /// An application with rows 1 to `rows`, to which so many orders come. Each makes four changes.
    #[must_use]
    pub const fn new(database: NodeId, rows: i32, orders: i32, gap: Span, ask_again: Span) -> Self {
        let changes = orders * 4;
        Self { database, changes, planned: 0, gap, ask_again, newest: rows, writes: Vec::new() }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.wait(ctx),
            Event::Recovered => {
                for number in 0..self.writes.len() {
                    if self.writes[number].1 == Answer::Open {
                        self.ask(ctx, number as i32);
                    }
                }
                self.wait(ctx);
            }
            Event::Timer(Timer { kind: timer::NEXT_WRITE, .. }) => {
                // Insert a row, update it, update the first one, delete it; and again.
                let want = match self.planned % 4 {
                    0 => Want::Insert(self.newest + 1),
                    2 => Want::Update(1),
                    3 => Want::Delete(self.newest),
                    _ => Want::Update(self.newest),
                };
                self.planned += 1;
                self.want(ctx, want);
                self.wait(ctx);
            }
            Event::Timer(Timer { kind: timer::ASK_AGAIN, arg })
                if self.writes.get(arg as usize).is_some_and(|(_, answer)| *answer == Answer::Open) =>
            {
                self.ask(ctx, arg);
            }
            Event::Command(kind, key) => {
                let old = if key > 0 { key } else { self.newest };
                let want = match kind {
                    verb::INSERT => Want::Insert(if key > 0 { key } else { self.newest + 1 }),
                    verb::UPDATE => Want::Update(old),
                    verb::DELETE => Want::Delete(old),
                    verb::ADD_COLUMN => Want::Alter(false),
                    verb::RENAME_COLUMN => Want::Alter(true),
                    _ => return,
                };
                self.want(ctx, want);
            }
            Event::Message { msg: Msg::Written(number, _), .. } => self.hear(ctx, *number, Answer::Done),
            Event::Message { msg: Msg::NotWritten(number, _), .. } => {
                self.hear(ctx, *number, Answer::Failed)
            }
            _ => {}
        }
    }

    fn wait(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.planned < self.changes {
            ctx.set_timer(Timer { kind: timer::NEXT_WRITE, arg: 0 }, self.gap);
        }
    }

    fn want(&mut self, ctx: &mut Ctx<'_, Msg>, want: Want) {
        if let Want::Insert(key) = want {
            self.newest = self.newest.max(key);
        }
        self.writes.push((want, Answer::Open));
        self.ask(ctx, self.writes.len() as i32 - 1);
    }

    fn ask(&self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        ctx.send(self.database, Msg::Write(number, self.writes[number as usize].0));
        ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: number }, self.ask_again);
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, answer: Answer) {
        if let Some(write) = self.writes.get_mut(number as usize) {
            write.1 = answer;
            ctx.cancel_timer(Timer { kind: timer::ASK_AGAIN, arg: number });
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match self.writes.last() {
            _ if self.writes.iter().any(|(_, answer)| *answer == Answer::Open) => Mood::Waiting,
            Some((_, Answer::Failed)) => Mood::Aborted,
            Some(_) => Mood::Committed,
            None => Mood::Idle,
        }
    }
}
