//! Copies over a run: what is recorded is what the pattern says of every state, and its words are there.

mod common;

use converge::kernel::NodeId;
use converge::patterns::pattern::Probe;
use converge::texts::Lang;
use converge::trace::copies::{Lag, Outcome};
use converge::trace::{Run, Speaker};

/// What the pattern says of a state.
fn said(run: &Run, state: u32) -> Vec<(NodeId, &'static str, Lag)> {
    let world = run.world(state);
    let up = (0..world.nodes()).all(|i| world.is_up(NodeId(i as u8)));
    let probe = Probe { world: &world, params: &run.stage.params, at_rest: up && world.is_quiet() };
    let mut copies = Vec::new();
    (run.stage.pattern.copies)(&probe, &mut copies);
    copies.iter().map(|c| (c.node, c.name.key, Lag { behind: c.behind, lost: c.lost })).collect()
}

#[test]
fn every_copy_is_recorded_as_the_pattern_has_it() {
    let mut ends = [0; 3];
    for (name, recipe) in common::shipped() {
        let run = common::run(&recipe);
        for state in 0..=run.len() {
            let mut said = said(&run, state);
            let mut kept: Vec<_> =
                (run.copies().iter()).filter_map(|c| Some((c.node, c.name.key, c.at(state)?))).collect();
            said.sort_by_key(|c| (c.0, c.1));
            kept.sort_by_key(|c| (c.0, c.1));
            assert_eq!(kept, said, "{name}: state {state}");
        }
        for copy in run.copies() {
            let since = copy.behind_since(run.len());
            match copy.outcome(&run) {
                Outcome::Converged => ends[0] += 1,
                Outcome::WhenQuiet | Outcome::Left => ends[1] += 1,
                Outcome::Never(_) => ends[2] += 1,
            }
            assert_eq!(since.is_some(), copy.at(run.len()).is_some_and(|lag| lag.behind > 0), "{name}");
            let lost = matches!(copy.outcome(&run), Outcome::Never(_));
            assert_eq!(lost, copy.lost_at().is_some(), "{name}");
        }
    }
    assert!(ends[0] > 5 && ends[2] > 2, "copies end as {ends:?}");
}

#[test]
fn every_copy_and_every_reason_is_said_in_both_languages() {
    for (name, recipe) in common::shipped() {
        let run = common::run(&recipe);
        for lang in Lang::ALL {
            let speaker = Speaker::new(lang, run.stage.pattern, &run.stage.nodes);
            for copy in run.copies() {
                let reasons = copy.lags.changes().iter().filter_map(|(_, lag)| lag.as_ref()?.lost);
                for label in reasons.chain([copy.name]) {
                    assert!(speaker.find(label.key).is_some(), "{name}: no text {} ({lang:?})", label.key);
                }
            }
        }
    }
}
