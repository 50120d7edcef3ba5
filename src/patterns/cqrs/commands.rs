//! The command service: takes a command, sees to it that it is valid, and has the write model
//! changed. Owns the commands under way, in memory: a client that hears nothing asks again, under
//! the same number, which the database recognises.

use super::message::Msg;
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId};
use crate::sorted::Map;

/// A command under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Job {
    client: NodeId,
    items: i32,
    plain: bool,
    /// It asked the read model, and waits.
    checking: bool,
}

/// The command service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Commands {
    database: NodeId,
    /// Whom it asks whether there is enough, instead of the write side.
    asks: Option<NodeId>,
    jobs: Map<i32, Job>,
    last: Option<bool>,
}

impl Commands {
    /// A command service.
    #[must_use]
    pub const fn new(database: NodeId, asks: Option<NodeId>) -> Self {
        Self { database, asks, jobs: Map::new(), last: None }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        let Event::Message { from, msg } = event else { return };
        match *msg {
            Msg::Command(number, items, plain) => match ctx.interference() {
                Interference::Fail => {}
                Interference::Refuse => {
                    self.last = Some(false);
                    ctx.send(from, Msg::Refused(number));
                }
                Interference::None => {
                    let checking = self.asks.is_some();
                    self.jobs.insert(number, Job { client: from, items, plain, checking });
                    match self.asks {
                        Some(view) => ctx.send(view, Msg::Check(number)),
                        None => ctx.send(self.database, Msg::Modify(number, items, true)),
                    }
                }
            },
            Msg::Checked(number, row) => {
                let Some(job) = self.jobs.get_mut(&number).filter(|job| job.checking) else { return };
                job.checking = false;
                if row.left < job.items {
                    return self.end(ctx, number, None);
                }
                // It has looked; the database is told to do it, whatever is left by now.
                ctx.send(self.database, Msg::Modify(number, job.items, false));
            }
            Msg::Modified(number, row) => self.end(ctx, number, Some(row)),
            Msg::Rejected(number) => self.end(ctx, number, None),
            _ => {}
        }
    }

    fn end(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, row: Option<super::message::Row>) {
        let Some(job) = self.jobs.remove(&number) else { return };
        self.last = Some(row.is_some());
        let answer = row.map_or(Msg::Refused(number), |row| Msg::Done(number, row, job.plain));
        ctx.send(job.client, answer);
    }

    pub(super) fn on_crash(&mut self) {
        self.jobs = Map::new();
        self.last = None;
    }

    pub(super) fn mood(&self) -> Mood {
        match self.last {
            _ if !self.jobs.is_empty() => Mood::Working,
            None => Mood::Idle,
            Some(true) => Mood::Committed,
            Some(false) => Mood::Aborted,
        }
    }

    /// Commands under way: number, items, and whether the read model is asked.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (i32, i32, bool)> {
        self.jobs.iter().map(|(number, job)| (*number, job.items, job.checking))
    }
}
