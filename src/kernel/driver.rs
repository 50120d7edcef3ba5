//! The driver: takes the step that is due first.

use super::apply::Recorder;
use super::event::TraceSink;
use super::id::NodeId;
use super::limits::{Limit, STEPS};
use super::schedule::Due;
use super::time::SimTime;
use super::world::{Act, Step, World};

/// Why a run goes no further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Halt {
    /// Nothing is under way and nothing will be.
    Quiet,
    /// The recipe's horizon: something is still under way.
    Horizon,
    /// A limit was reached.
    Limit(Limit),
}

impl World {
    /// Takes the step that is due first.
    ///
    /// # Errors
    /// Says why there is none. Asking again gives the same answer.
    pub fn advance(&mut self, sink: Option<&mut dyn TraceSink>) -> Result<(), Halt> {
        if let Some(limit) = self.limit {
            return Err(Halt::Limit(limit));
        }
        if self.schedule.steps >= STEPS {
            return Err(Halt::Limit(Limit::Steps));
        }
        let mut recorder = Recorder::new(sink);
        loop {
            let Some((at, due)) = self.schedule.peek() else { return Err(Halt::Quiet) };
            if !self.is_live(at, due) {
                self.schedule.pop();
                continue;
            }
            if at > self.schedule.horizon {
                return Err(Halt::Horizon);
            }
            self.schedule.pop();
            self.schedule.now = self.schedule.now.max(at);
            if let Due::Scripted(entry) = due {
                if self.scripted(entry as usize, &mut recorder) {
                    return Ok(());
                }
                continue;
            }
            if self.target(due).is_some_and(|node| self.is_paused(node)) {
                self.schedule.parked.push(due);
                continue;
            }
            let step = Step::Do(self.act_of(due));
            self.transition(step, &mut recorder).expect("a live due thing is enabled");
            return Ok(());
        }
    }

    /// Whether something due still means anything: the timer is set, the write pending, the message
    /// in flight and not held for longer.
    fn is_live(&self, at: SimTime, due: Due) -> bool {
        match due {
            Due::Scripted(_) => true,
            Due::Start(node) => {
                let slot = &self.state.nodes[node.index()];
                slot.up && !slot.started
            }
            Due::Deliver(id) => self.state.in_flight.get(id).is_some_and(|e| e.due <= at),
            Due::Fire(node, number) => {
                self.state.nodes[node.index()].timers.iter().any(|t| t.number == number)
            }
            Due::Persisted(node, number) => {
                self.state.nodes[node.index()].writes.iter().any(|w| w.number == number)
            }
        }
    }

    fn target(&self, due: Due) -> Option<NodeId> {
        match due {
            Due::Scripted(_) => None,
            Due::Start(node) | Due::Fire(node, _) | Due::Persisted(node, _) => Some(node),
            Due::Deliver(id) => self.state.in_flight.get(id).map(|e| e.to),
        }
    }

    fn act_of(&self, due: Due) -> Act {
        let slot = |node: NodeId| &self.state.nodes[node.index()];
        match due {
            Due::Start(node) => Act::Start(node),
            Due::Deliver(id) => Act::Deliver(id),
            Due::Fire(node, number) => {
                let timer = slot(node).timers.iter().find(|t| t.number == number);
                Act::Fire(node, timer.expect("checked to be live").what)
            }
            Due::Persisted(node, number) => {
                let write = slot(node).writes.iter().find(|w| w.number == number);
                Act::Persisted(node, write.expect("checked to be live").what.0)
            }
            Due::Scripted(_) => unreachable!("the driver performs the script itself"),
        }
    }

    /// What a paused node missed is due now.
    pub(super) fn unpark(&mut self, node: NodeId) {
        let parked = std::mem::take(&mut self.schedule.parked);
        for due in parked {
            if self.target(due) == Some(node) {
                self.schedule.push(self.schedule.now, due);
            } else {
                self.schedule.parked.push(due);
            }
        }
    }

    /// Whether anything is due that still means something.
    pub(super) fn has_upcoming(&self) -> bool {
        if !self.schedule.timed {
            let mut own = Vec::new();
            self.enabled(&mut own);
            return !own.is_empty();
        }
        self.schedule.due().any(|(at, due)| self.is_live(at, due))
            || self.schedule.parked.iter().any(|&due| self.is_live(SimTime { micros: u64::MAX }, due))
    }
}
