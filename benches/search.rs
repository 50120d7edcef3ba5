//! How fast the search is: states a second, one thread. Our two-phase commit with three participants;
//! and the specification `TwoPhase` with seven resource managers, by our search and by stateright.
//!
//! The two take turns, so that a machine that is busy with something else is busy for both. Without the
//! allocator that counts, which would slow down whoever allocates. `scripts/bench` runs this and, in
//! Chromium, the same searches of ours.

#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::print_stdout, reason = "figures are for people")]

mod two_phase;

use std::time::{Duration, Instant};

use converge::checker::{Allowed, Search};
use converge::patterns::two_phase_commit;
use converge::scenario::Shipped;
use stateright::{Checker, Model, Property};
use two_phase::{Action, MANAGERS, STATES, State, members};

/// The specification as a model for stateright.
struct TwoPhase;

impl Model for TwoPhase {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (kind, set) in (0..).zip(state.enabled()) {
            actions.extend(members(set).map(|rm| Action::of(kind, rm)));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(state.after(action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, state: &State| state.is_consistent())]
    }
}

/// Searches the whole space with stateright, and says how many steps that took.
fn stateright() -> u64 {
    let checker = TwoPhase.checker().threads(1).spawn_bfs().join();
    assert!(checker.discoveries().is_empty());
    assert_eq!(checker.unique_state_count(), STATES, "states of TwoPhase, by stateright");
    // It counts the first state as one more.
    checker.state_count() as u64 - 1
}

/// Searches the whole space of our engine with so many participants: worlds and steps.
fn engine(participants: i64) -> (usize, u64) {
    let pattern = &two_phase_commit::PATTERN;
    let mut shipped = Shipped::of(pattern, "model").expect("a shipped scenario");
    let place = pattern.all_params().position(|p| p.id == "participants").expect("its parameter");
    shipped.recipe.set_param(place, participants);
    let mut search = Search::new(&shipped.recipe, Allowed::default(), &shipped.offers, &[], usize::MAX);
    search.to_the_end();
    assert!(search.complete() && search.broken().is_empty());
    (search.states(), search.transitions())
}

/// A search among others: what it is called, what it does, and how long that took each time.
type Runner<'a> = (&'a str, usize, Box<dyn FnMut() -> u64 + 'a>, Vec<Duration>, u64);

/// Lets everybody run in turn, and prints states and steps a second. The fastest of each.
fn race(rounds: usize, mut runners: Vec<Runner<'_>>) -> Vec<f64> {
    for _ in 0..rounds {
        for (_, _, run, times, steps) in &mut runners {
            let start = Instant::now();
            *steps = run();
            times.push(start.elapsed());
        }
    }
    let speed = |(name, states, _, times, steps): Runner<'_>| {
        let (best, all) = (times.iter().min().expect("it ran"), times.iter().sum::<Duration>());
        let a_second = states as f64 / best.as_secs_f64();
        println!(
            "{name:40} {states:>9} states, {steps:>9} steps: best of {rounds} {:>7.1} ms, mean {:>7.1} ms: \
             {:>6.3} million states, {:>6.2} million steps a second",
            best.as_secs_f64() * 1e3,
            all.as_secs_f64() * 1e3 / rounds as f64,
            a_second / 1e6,
            steps as f64 / best.as_secs_f64() / 1e6,
        );
        a_second
    };
    runners.into_iter().map(speed).collect()
}

fn main() {
    // As a test: once is enough to see the counts.
    let quick = std::env::args().any(|arg| arg == "--test");
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let wanted = |name: &str| name.contains(&filter);
    let rounds = if quick { 1 } else { 15 };
    let runner = |name, states, run: Box<dyn FnMut() -> u64>| (name, states, run, Vec::new(), 0);
    if wanted("two-phase commit") {
        let (states, _) = engine(3);
        let run = Box::new(|| engine(3).1);
        race(rounds, vec![runner("our two-phase commit, 3 participants", states, run)]);
    }
    if wanted("TwoPhase") {
        println!("TwoPhase, {MANAGERS} resource managers:");
        let ours = runner("TwoPhase, a machine of our kernel", STATES, Box::new(two_phase::search));
        let theirs = runner("TwoPhase, a model for stateright 0.31", STATES, Box::new(stateright));
        let speeds = race(rounds, vec![ours, theirs]);
        println!("ours is {:.2} of stateright", speeds[0] / speeds[1]);
    }
}
