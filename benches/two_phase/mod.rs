//! `TwoPhase` of Gray and Lamport (*Consensus on Transaction Commit*, 2006), the specification of
//! two-phase commit, written for a race of searches: its state and its actions, and a machine of our
//! kernel that takes them. `benches/search.rs` has the same as a model for stateright.
//!
//! One node is the whole specification: its variables are shared, so no message of ours can stand for
//! one of its. Each action that is enabled is a timer that is set.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use converge::kernel::world::Act;
use converge::kernel::{
    Ctx, Description, Event, Label, Machine, Message, Mood, Network, NodeId, SimTime, Span, Step, Ticket,
    Timer, World,
};
use converge::patterns::pattern::{Expect, Params, Probe, Promise, Verdict};
use converge::patterns::two_phase_commit;
use converge::space::{Allowed, Setting, Space};

/// How many resource managers there are.
pub const MANAGERS: u8 = 7;

/// How many states the specification has with them.
pub const STATES: usize = 296_448;

const ALL: Set = (1 << MANAGERS) - 1;

/// Resource managers, one a bit.
pub type Set = u8;

/// The variables. A resource manager that is in none of the first three sets is working.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// `rmState`: who is prepared.
    pub prepared: Set,
    /// `rmState`: who has committed.
    pub committed: Set,
    /// `rmState`: who has aborted.
    pub aborted: Set,
    /// `tmPrepared`: of whom the transaction manager knows that they are prepared.
    pub heard: Set,
    /// `msgs`: who has ever sent Prepared.
    pub sent: Set,
    /// `tmState`, and with it the message Commit.
    pub commit: bool,
    /// `tmState`, and with it the message Abort.
    pub abort: bool,
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { prepared, committed, aborted, heard, sent, commit, abort } = *self;
        let decided = u8::from(commit) | u8::from(abort) << 1;
        state.write_u64(u64::from_le_bytes([prepared, committed, aborted, heard, sent, decided, 0, 0]));
    }
}

/// The actions, with their resource manager where they have one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// `TMCommit`
    Commit,
    /// `TMAbort`
    Abort,
    /// `TMRcvPrepared`
    Hear(u8),
    /// `RMPrepare`
    Prepare(u8),
    /// `RMChooseToAbort`
    Choose(u8),
    /// `RMRcvCommitMsg`
    ToldCommit(u8),
    /// `RMRcvAbortMsg`
    ToldAbort(u8),
}

/// Which actions are enabled: for whom, in the order of [`Action`]; the first two have one bit.
pub type Enabled = [Set; 7];

impl State {
    /// Which actions are enabled.
    pub const fn enabled(&self) -> Enabled {
        let undecided = !self.commit && !self.abort;
        let working = ALL & !(self.prepared | self.committed | self.aborted);
        [
            (undecided && self.heard == ALL) as Set,
            undecided as Set,
            if undecided { self.sent } else { 0 },
            working,
            working,
            if self.commit { ALL } else { 0 },
            if self.abort { ALL } else { 0 },
        ]
    }

    /// The state after an action.
    #[must_use]
    pub const fn after(mut self, action: Action) -> Self {
        match action {
            Action::Commit => self.commit = true,
            Action::Abort => self.abort = true,
            Action::Hear(rm) => self.heard |= 1 << rm,
            Action::Prepare(rm) => {
                self.prepared |= 1 << rm;
                self.sent |= 1 << rm;
            }
            Action::Choose(rm) | Action::ToldAbort(rm) => {
                self.prepared &= !(1 << rm);
                self.aborted |= 1 << rm;
            }
            Action::ToldCommit(rm) => {
                self.prepared &= !(1 << rm);
                self.committed |= 1 << rm;
            }
        }
        self
    }

    /// `TCConsistent`: nobody has aborted while another one has committed.
    pub const fn is_consistent(&self) -> bool {
        self.committed == 0 || self.aborted == 0
    }
}

impl Action {
    /// The action of a kind, for a resource manager.
    pub const fn of(kind: u8, rm: u8) -> Self {
        match kind {
            0 => Self::Commit,
            1 => Self::Abort,
            2 => Self::Hear(rm),
            3 => Self::Prepare(rm),
            4 => Self::Choose(rm),
            5 => Self::ToldCommit(rm),
            _ => Self::ToldAbort(rm),
        }
    }
}

/// Each member of a set.
pub fn members(set: Set) -> impl Iterator<Item = u8> {
    (0..MANAGERS).filter(move |rm| set & 1 << rm != 0)
}

/// Nothing is ever sent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Never {}

impl Message for Never {
    fn kind(&self) -> u8 {
        match *self {}
    }
    fn args(&self) -> [i32; 3] {
        match *self {}
    }
}

/// The specification as a machine.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Specification(State);

impl Specification {
    /// Sets the timers of what is enabled now and was not before, and stops the others.
    fn set(&self, ctx: &mut Ctx<'_, Never>, before: Enabled) {
        for (kind, (before, now)) in (0..).zip(before.into_iter().zip(self.0.enabled())) {
            if before != now {
                let timer = |rm| Timer { kind, arg: i32::from(rm) };
                members(before & !now).for_each(|rm| ctx.cancel_timer(timer(rm)));
                members(now & !before).for_each(|rm| ctx.set_timer(timer(rm), Span::ms(1)));
            }
        }
    }
}

impl Machine for Specification {
    type Msg = Never;
    fn on_event(&mut self, ctx: &mut Ctx<'_, Never>, event: Event<'_, Never>) {
        match event {
            Event::Start => self.set(ctx, [0; 7]),
            Event::Timer(timer) => {
                let mut before = self.0.enabled();
                self.0 = self.0.after(Action::of(timer.kind, timer.arg as u8));
                // The timer has run out: an action that stays enabled sets it again.
                before[timer.kind as usize] &= !(1 << timer.arg);
                self.set(ctx, before);
            }
            _ => {}
        }
    }
    fn flush(&mut self, _: Ticket) {}
    fn on_crash(&mut self) {}
    fn mood(&self) -> Mood {
        Mood::Idle
    }
    fn describe(&self, _: &mut Description) {}
}

fn consistent(probe: &Probe<'_>) -> Verdict {
    match probe.world.machine::<Specification>(NodeId(0)) {
        Some(Specification(state)) if state.is_consistent() => Verdict::Holds,
        _ => Verdict::Broken(Label::new("verdict.apart")),
    }
}

static PROMISES: &[Promise] = &[Promise { id: "consistent", expect: Expect::Always, check: consistent }];

/// Searches the whole space of the machine, and says how many steps that took.
pub fn search() -> u64 {
    let machine = Arc::new(Specification(State::default()));
    let horizon = SimTime { micros: 1 };
    let mut world = World::new(vec![machine], 1, Network::default(), horizon, Arc::new([]));
    world.apply(Step::Do(Act::Start(NodeId(0))), None).expect("it has not started");
    let setting = Setting {
        promises: PROMISES,
        // The specification has none; whose they are does not matter.
        params: Params::defaults(&two_phase_commit::PATTERN),
        refusals: Vec::new(),
        commands: Vec::new(),
        most: usize::MAX,
    };
    let mut space = Space::new(world, setting, Allowed { early: 0, ..Allowed::default() }, &[]);
    while space.go_on(4096) {}
    assert!(space.complete() && space.broken().next().is_none());
    assert_eq!(space.states(), STATES, "states of TwoPhase with {MANAGERS} resource managers");
    space.transitions()
}
