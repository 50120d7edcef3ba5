//! A crowd that wants to write one row, and the row: the experiment of Brooker, "Exponential Backoff
//! and Jitter" (AWS Architecture Blog 2015), as an engine.
//!
//! Each caller reads the version, writes with it, and on a conflict waits and begins anew. Owns the
//! callers (one node, as they differ in nothing) and the row with its version. Does not own the
//! waits: those are the retry part's.

use super::message::Msg;
use super::names::{fact, timer};
use crate::kernel::{Ctx, Event, Mood, NodeId, Timer};
use crate::parts::retry::{Retries, RetryPolicy};

/// One caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Caller {
    pub sent: Retries,
    pub through: bool,
    pub pausing: bool,
}

/// The crowd.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Crowd {
    row: NodeId,
    policy: RetryPolicy,
    pub(super) callers: Vec<Caller>,
}

impl Crowd {
    /// So many callers, who wait so.
    #[must_use]
    pub fn new(row: NodeId, callers: usize, policy: RetryPolicy) -> Self {
        Self { row, policy, callers: vec![Caller::default(); callers] }
    }

    /// Who has not got through.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.callers.iter().filter(|c| !c.through).count()
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Recovered => {
                for who in 0..self.callers.len() {
                    self.begin(ctx, who);
                }
            }
            Event::Timer(Timer { kind: timer::BACK_OFF, arg }) => self.begin(ctx, arg as usize),
            Event::Message { msg: Msg::Version(who, attempt, version), .. } => {
                ctx.send(self.row, Msg::Put(*who, *attempt, *version));
            }
            Event::Message { msg: Msg::PutDone(who, attempt), .. } => {
                let Some(caller) = self.callers.get_mut(*who as usize) else { return };
                if !caller.through {
                    caller.through = true;
                    ctx.observe(fact::THROUGH, [*who + 1, *attempt, 0]);
                }
            }
            Event::Message { msg: Msg::PutConflict(who, attempt), .. } => {
                let who = *who as usize;
                let Some(caller) = self.callers.get_mut(who) else { return };
                // The answer to an attempt that was counted already means nothing.
                if caller.through || *attempt as u32 != caller.sent.failed + 1 {
                    return;
                }
                match caller.sent.fail(&self.policy, |n| ctx.roll(n)) {
                    Some(wait) if wait.micros > 0 => {
                        caller.pausing = true;
                        ctx.set_timer(Timer { kind: timer::BACK_OFF, arg: who as i32 }, wait);
                    }
                    Some(_) => self.begin(ctx, who),
                    None => ctx.observe(fact::GIVEN_UP, [who as i32 + 1, 0, 0]),
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>, who: usize) {
        let Some(caller) = self.callers.get_mut(who).filter(|c| !c.through) else { return };
        caller.pausing = false;
        ctx.send(self.row, Msg::Get(who as i32, caller.sent.failed as i32 + 1));
    }

    pub(super) fn on_crash(&mut self) {
        for caller in &mut self.callers {
            *caller = Caller { through: caller.through, ..Caller::default() };
        }
    }

    pub(super) fn mood(&self) -> Mood {
        if self.waiting() == 0 { Mood::Committed } else { Mood::Waiting }
    }
}

/// A row with a version.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct VersionedRow {
    pub(super) version: i32,
    /// Writes that it was asked for, and those that came too late.
    pub(super) calls: i32,
    pub(super) conflicts: i32,
}

impl VersionedRow {
    /// How many writes it was asked for.
    #[must_use]
    pub const fn calls(&self) -> i32 {
        self.calls
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        let Event::Message { from, msg } = event else { return };
        match msg {
            Msg::Get(who, attempt) => ctx.send(from, Msg::Version(*who, *attempt, self.version)),
            Msg::Put(who, attempt, version) => {
                self.calls += 1;
                if *version == self.version {
                    self.version += 1;
                    ctx.send(from, Msg::PutDone(*who, *attempt));
                } else {
                    self.conflicts += 1;
                    ctx.send(from, Msg::PutConflict(*who, *attempt));
                }
            }
            _ => {}
        }
    }

    pub(super) const fn mood(&self) -> Mood {
        if self.calls > 0 { Mood::Working } else { Mood::Idle }
    }
}
