//! Babaoğlu and Toueg's atomic commitment, from the next-state relations of the published
//! specifications (tlaplus/Examples, specifications/acp): with a simple broadcast (ACP_SB), with a
//! reliable one (ACP_NB), and with the reliable one in the wrong order (ACP_NB_WRONG). Written anew; what
//! holds it to the originals are their published numbers.

use std::collections::{BTreeMap, VecDeque};

/// Most participants.
pub const MOST: usize = 3;

pub const UNDECIDED: u8 = 0;
pub const COMMIT: u8 = 1;
pub const ABORT: u8 = 2;
/// Of a broadcast or a forwarding: not sent.
pub const NOT_SENT: u8 = 9;

/// A participant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Participant {
    pub yes: bool,
    pub alive: bool,
    pub decision: u8,
    pub vote_sent: bool,
    /// To whom it has forwarded what; to itself: what it has received and not followed yet.
    pub forward: [u8; MOST],
}

/// A state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct State {
    pub participants: [Participant; MOST],
    pub request: [bool; MOST],
    /// What the coordinator has received: `None` while it waits.
    pub vote: [Option<bool>; MOST],
    pub broadcast: [u8; MOST],
    pub decision: u8,
    pub alive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broadcast {
    Simple,
    Reliable,
    Wrong,
}

/// What a search of a model found.
pub struct Space {
    /// By state: the steps of a shortest way there.
    pub states: BTreeMap<State, u32>,
    /// Initial states and all steps from all states, as TLC counts them.
    pub generated: usize,
    /// Where nothing but a crash changes anything.
    pub quiescent: Vec<State>,
}

fn initial(n: usize) -> Vec<State> {
    let nobody = Participant {
        yes: false,
        alive: false,
        decision: UNDECIDED,
        vote_sent: false,
        forward: [NOT_SENT; MOST],
    };
    (0..1 << n)
        .map(|votes: u8| {
            let mut participants = [nobody; MOST];
            for (i, p) in participants.iter_mut().enumerate().take(n) {
                (p.yes, p.alive) = (votes & 1 << i != 0, true);
            }
            State {
                participants,
                request: [false; MOST],
                vote: [None; MOST],
                broadcast: [NOT_SENT; MOST],
                decision: UNDECIDED,
                alive: true,
            }
        })
        .collect()
}

/// What can happen next, crashes apart: each instance of an action once, as TLC counts them.
fn steps(s: &State, n: usize, broadcast: Broadcast) -> Vec<State> {
    let mut next = Vec::new();
    let mut step = |change: &dyn Fn(&mut State)| {
        let mut then = *s;
        change(&mut then);
        next.push(then);
    };
    // The coordinator.
    let undecided = s.decision == UNDECIDED;
    let all_asked = s.request[..n].iter().all(|asked| *asked);
    for i in 0..n {
        let p = &s.participants[i];
        if s.alive && !s.request[i] {
            step(&|t| t.request[i] = true); // request
        }
        if s.alive && undecided && all_asked && s.vote[i].is_none() && p.vote_sent {
            step(&|t| t.vote[i] = Some(p.yes)); // getVote
        }
        if s.alive && undecided && all_asked && s.vote[i].is_none() && !p.alive && !p.vote_sent {
            step(&|t| t.decision = ABORT); // detectFault
        }
        if s.alive && !undecided && s.broadcast[i] == NOT_SENT {
            step(&|t| t.broadcast[i] = t.decision); // coordBroadcast
        }
    }
    if s.alive && undecided && s.vote[..n].iter().all(Option::is_some) {
        let no = s.vote[..n].iter().filter(|vote| **vote == Some(false)).count();
        if no == 0 {
            step(&|t| t.decision = COMMIT); // makeDecision
        }
        (0..no).for_each(|_| step(&|t| t.decision = ABORT)); // makeDecision, once for each who voted no
    }
    // The participants. With forwarding, each action stands under a pair of them.
    let pairs = if broadcast == Broadcast::Simple { 1 } else { n };
    for (i, j) in (0..n).flat_map(|i| (0..pairs).map(move |j| (i, j))) {
        let p = &s.participants[i];
        if !p.alive {
            continue;
        }
        let open = p.decision == UNDECIDED;
        if s.request[i] {
            step(&|t| t.participants[i].vote_sent = true); // sendVote
        }
        if open && p.vote_sent && !p.yes {
            step(&|t| t.participants[i].decision = ABORT); // abortOnVote
        }
        if open && !s.alive && !s.request[i] {
            step(&|t| t.participants[i].decision = ABORT); // abortOnTimeoutRequest
        }
        if broadcast != Broadcast::Reliable && open && s.broadcast[i] != NOT_SENT {
            step(&|t| t.participants[i].decision = t.broadcast[i]); // decide
        }
        if broadcast == Broadcast::Simple {
            continue;
        }
        let right = broadcast == Broadcast::Reliable;
        // What it forwards: what it has received; or, in the wrong order, what it has decided (and, as the
        // specification has it, also that it has not).
        let what = if right { p.forward[i] } else { p.decision };
        if i != j && what != NOT_SENT && p.forward[j] == NOT_SENT {
            step(&|t| t.participants[i].forward[j] = what); // forward
        }
        let heard = s.participants[j].forward[i];
        if i != j && heard != NOT_SENT {
            if right && p.forward[i] == NOT_SENT {
                step(&|t| t.participants[i].forward[i] = heard); // preDecideOnForward
            }
            if !right && open {
                step(&|t| t.participants[i].decision = heard); // decideOnForward
            }
        }
        if right && p.forward[i] == NOT_SENT && s.broadcast[i] != NOT_SENT {
            step(&|t| t.participants[i].forward[i] = t.broadcast[i]); // preDecide
        }
        if right && p.forward[..n].iter().all(|sent| *sent != NOT_SENT) {
            step(&|t| t.participants[i].decision = t.participants[i].forward[i]); // decideNB
        }
        let untold = (0..n).all(|j| !s.participants[j].alive || s.broadcast[j] == NOT_SENT);
        let dead_silent = (0..n)
            .filter(|&j| !s.participants[j].alive)
            .all(|j| (0..n).all(|k| !s.participants[k].alive || s.participants[j].forward[k] == NOT_SENT));
        if open && !s.alive && untold && dead_silent {
            step(&|t| t.participants[i].decision = ABORT); // abortOnTimeout
        }
    }
    next
}

fn crashes(s: &State, n: usize, broadcast: Broadcast) -> Vec<State> {
    let mut next = Vec::new();
    if s.alive {
        next.push(State { alive: false, ..*s });
    }
    let times = if broadcast == Broadcast::Simple { 1 } else { n };
    for i in (0..n).filter(|&i| s.participants[i].alive) {
        let mut then = *s;
        then.participants[i].alive = false;
        next.extend(std::iter::repeat_n(then, times));
    }
    next
}

/// Every state, breadth first.
pub fn space(n: usize, broadcast: Broadcast) -> Space {
    let mut space = Space { states: BTreeMap::new(), generated: 0, quiescent: Vec::new() };
    let mut todo = VecDeque::new();
    for state in initial(n) {
        space.generated += 1;
        space.states.insert(state, 0);
        todo.push_back(state);
    }
    while let Some(now) = todo.pop_front() {
        let depth = space.states[&now];
        let own = steps(&now, n, broadcast);
        if own.iter().all(|then| *then == now) {
            space.quiescent.push(now);
        }
        for then in own.into_iter().chain(crashes(&now, n, broadcast)) {
            space.generated += 1;
            space.states.entry(then).or_insert_with(|| {
                todo.push_back(then);
                depth + 1
            });
        }
    }
    space
}

impl State {
    /// AC1: no two decide differently.
    pub fn agrees(&self, n: usize) -> bool {
        let decided = |what| self.participants[..n].iter().any(|p| p.decision == what);
        !(decided(COMMIT) && decided(ABORT))
    }

    /// AC2: who commits does so with every vote.
    pub fn respects_votes(&self, n: usize) -> bool {
        let all = &self.participants[..n];
        all.iter().all(|p| p.decision != COMMIT) || all.iter().all(|p| p.yes)
    }

    /// AC3: who aborts does so for a no, or for a crash.
    pub fn aborts_for_a_reason(&self, n: usize) -> bool {
        let all = &self.participants[..n];
        let reason = !self.alive || all.iter().any(|p| !p.yes || !p.alive);
        reason || all.iter().all(|p| p.decision != ABORT)
    }

    /// Somebody lives and has not decided.
    pub fn waits(&self, n: usize) -> bool {
        self.participants[..n].iter().any(|p| p.alive && p.decision == UNDECIDED)
    }
}
