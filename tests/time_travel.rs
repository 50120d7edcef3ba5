//! Time is exact in both directions, faults included, and the past can branch.

mod common;

use converge::kernel::{Entry, NodeId, What};
use converge::scenario::Recipe;
use converge::trace::acts::{self, Act, Deed};
use converge::trace::{Chart, Frame, Run, Stage, Story, Timeline};

/// Every state of a run, rebuilt in any order, is the one of the straight run.
fn check_seek(name: &str, run: &Run) {
    let straight: Vec<_> = run.fingerprints().collect();
    assert_eq!(straight.len() as u32, run.len() + 1, "{name}");
    let check = |state: u32| {
        let world = run.world(state);
        let (time, fingerprint) = straight[state as usize];
        assert_eq!(world.now(), time, "{name}: time of state {state}");
        assert_eq!(world.fingerprint(), fingerprint, "{name}: state {state} rebuilt is another");
        assert_eq!(run.time(state), time, "{name}: recorded time of state {state}");
    };
    (0..=run.len()).for_each(check);
    (0..=run.len()).rev().for_each(check);
}

#[test]
fn every_state_of_every_scenario_is_rebuilt_exactly() {
    for (name, recipe) in common::shipped() {
        check_seek(&name, &common::run(&recipe));
    }
}

#[test]
fn a_run_over_many_checkpoints_is_rebuilt_exactly_under_random_faults_of_the_network() {
    for (name, mut recipe) in common::shipped().into_iter().filter(|(n, _)| n.ends_with("/shop")) {
        for (param, value) in
            [("orders", 40), ("loss", 60), ("duplication", 60), ("ordered", 0), ("horizon", 60_000)]
        {
            let place = recipe.pattern.all_params().position(|p| p.id == param).unwrap();
            recipe.set_param(place, value);
        }
        let run = common::run(&recipe);
        assert!(run.len() > 600, "{name}: {} steps pass no checkpoint", run.len());
        check_seek(&name, &run);
    }
}

#[test]
fn step_n_and_back_n_shows_the_same_picture() {
    for (name, recipe) in common::shipped() {
        let run = common::run(&recipe);
        let forth: Vec<Frame> = (0..=run.len()).map(|state| Frame::of(&run, state)).collect();
        for state in (0..=run.len()).rev() {
            assert_eq!(Frame::of(&run, state), forth[state as usize], "{name}: state {state}");
        }
    }
}

#[test]
fn the_past_of_every_event_is_older_and_begins_outside() {
    for (name, recipe) in common::shipped() {
        let run = common::run(&recipe);
        for (place, event) in (0..).zip(run.events()) {
            let past = run.past(place);
            assert!(
                [place].iter().chain(&past).is_sorted_by(|a, b| a > b),
                "{name}: past of event {place}"
            );
            let root = past.last().map_or(event, |root| &run.events()[*root as usize]);
            assert_eq!(root.cause, None, "{name}: event {place} begins nowhere");
            if let What::Delivered { msg, .. } = event.what {
                let cause = past.first().map(|cause| run.events()[*cause as usize].what);
                let sent = match cause {
                    Some(What::Sent { msg, .. }) => Some(msg),
                    Some(What::Duplicated { copy, .. }) => Some(copy),
                    _ => None,
                };
                assert_eq!(sent, Some(msg), "{name}: event {place} was never sent");
            }
        }
    }
}

fn with(recipe: &Recipe, entry: Entry) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.script.push(entry);
    recipe
}

/// Every act that is offered at every moment of a scenario leaves what was before it as it was, and
/// does something: a later step differs.
fn check_acts(name: &str, recipe: &Recipe, every: u32) -> u32 {
    let run = common::run(recipe);
    let chart = Chart::new(&run);
    let mut tried = 0;
    for state in (0..run.len()).step_by(every as usize) {
        let mut all: Vec<Act> = Vec::new();
        for i in 0..run.stage.nodes.len() {
            all.extend(acts::of_node(&run, state, NodeId(i as u8)));
        }
        for flight in chart.in_flight(state) {
            all.extend(acts::of_flight(&run, &chart, state, flight));
        }
        for &(a, b) in &run.stage.links {
            all.extend(acts::of_link(&run, state, a, b));
        }
        for act in all {
            let Some(entry) = act.entry else { continue };
            let changed = Run::to_the_end(Stage::of(&with(recipe, entry)));
            let fork = run.common_prefix(&changed);
            assert!(fork >= state, "{name}: {act:?} at state {state} changed the past from state {fork}");
            let last = changed.len() == run.len() && fork == run.len();
            // What is due at this very instant is delivered now anyway; and where the scenario has an
            // entry for this very moment, that one comes first and may leave nothing to act on; one that
            // does the same at this instant (the next of several links to be cut) would have done it.
            let taken =
                recipe.script.iter().any(|e| e.trigger == entry.trigger || e.action == entry.action);
            let idle = last && act.deed != Deed::DeliverNow && !taken;
            assert!(!idle, "{name}: {act:?} at state {state} changed nothing");
            tried += 1;
        }
    }
    tried
}

#[test]
fn acting_at_a_moment_never_changes_what_was_before_it() {
    let mut tried = 0;
    for (name, recipe) in common::shipped() {
        tried += check_acts(&name, &recipe, 3);
    }
    assert!(tried > 2_000, "only {tried} acts were tried");
}

#[test]
fn a_branch_keeps_its_beginning_and_leaves_the_other_as_it_was() {
    for (name, recipe) in common::shipped() {
        let mut timeline = Timeline::new(Story::of(recipe.clone()));
        let before: Vec<_> = timeline.story().run.fingerprints().collect();
        let run = &timeline.story().run;
        let state = run.len() / 2;
        let crash = acts::of_node(run, state, NodeId(0))
            .into_iter()
            .find_map(|a| a.entry)
            .expect("a node can crash");
        let fork = timeline.fork(Story::of(with(&recipe, crash)));
        assert!(fork >= state, "{name}");
        let after: Vec<_> = timeline.story().run.fingerprints().collect();
        assert_eq!(before[..=fork as usize], after[..=fork as usize], "{name}: the beginning");
        assert_eq!(timeline.branches().len(), 2);
        let kept: Vec<_> = timeline.branches()[0].story.run.fingerprints().collect();
        assert_eq!(kept, before, "{name}: the branch that was left");
        assert_eq!(timeline.undo(), Some(fork), "{name}");
        assert_eq!(timeline.story().recipe, recipe, "{name}: undo shows the recipe of before");
        assert_eq!(timeline.redo(), Some(fork), "{name}");
        assert_eq!(timeline.current(), 1);
    }
}

#[test]
fn branches_are_limited_and_the_first_run_is_kept() {
    let (_, recipe) = common::shipped().remove(0);
    let mut timeline = Timeline::new(Story::of(recipe.clone()));
    for seed in 100..140 {
        let recipe = Recipe { seed, ..recipe.clone() };
        timeline.fork(Story::of(recipe));
        assert!(timeline.branches().len() <= 24);
        assert_eq!(timeline.story().recipe.seed, seed);
    }
    assert_eq!(timeline.branches()[0].story.recipe, recipe);
    for branch in timeline.branches() {
        assert!(branch.parent.is_none_or(|p| p < timeline.branches().len()));
    }
    while timeline.undo().is_some() {}
    assert!(timeline.history().1);
}
