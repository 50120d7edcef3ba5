//! Every shipped scenario ends as it says, and every pattern has what a pattern must have.

mod common;

use converge::patterns;
use converge::patterns::pattern::Verdict;
use converge::scenario::recipe::{Expected, Shipped};
use converge::trace::{Run, Stage};

fn judged(verdict: Verdict) -> Expected {
    match verdict {
        Verdict::Holds => Expected::Holds,
        Verdict::NotYet(_) => Expected::NotYet,
        Verdict::Broken(_) => Expected::Broken,
    }
}

#[test]
fn every_scenario_ends_as_it_says_promise_by_promise() {
    let mut held = 0;
    for pattern in patterns::ALL {
        for scenario in pattern.scenarios {
            let name = format!("{}/{}", pattern.id, scenario.id);
            let shipped = Shipped::of(pattern, scenario.id).expect("a shipped scenario");
            let run = Run::to_the_end(Stage::of(&shipped.recipe));
            let mut missing: Vec<_> = pattern.promises.iter().map(|p| p.id).collect();
            for (place, expected) in &shipped.expects {
                let promise = pattern.promises[*place].id;
                missing.retain(|id| *id != promise);
                let verdict = run.verdicts(*place).at(run.len()).expect("judged at every step");
                assert_eq!(
                    judged(verdict),
                    *expected,
                    "{name}: {promise} is {verdict:?} after {} steps",
                    run.len()
                );
                held += 1;
            }
            assert!(missing.is_empty(), "{name} says nothing of {missing:?}");
            assert!(
                (6..=120).contains(&run.len()),
                "{name} has {} steps: too few or too many to read",
                run.len()
            );
        }
    }
    assert!(held > 150, "only {held} expectations were held");
}

#[test]
fn every_pattern_has_a_textbook_a_shop_and_a_promise_that_breaks() {
    for pattern in patterns::ALL {
        let has = |part: &str| pattern.scenarios.iter().any(|s| s.id.contains(part));
        assert!(has("textbook"), "{} has no textbook scenario", pattern.id);
        assert!(has("shop"), "{} has no shop scenario", pattern.id);
        let breaks = pattern.scenarios.iter().any(|s| {
            let shipped = Shipped::of(pattern, s.id).expect("a shipped scenario");
            shipped.expects.iter().any(|(_, e)| *e == Expected::Broken)
        });
        assert!(breaks, "{}: no scenario shows a broken promise", pattern.id);
    }
}

/// A fault that a scenario offers comes about when it is taken, and the run ends.
#[test]
fn every_offered_fault_does_something() {
    let mut offers = 0;
    for pattern in patterns::ALL {
        for scenario in pattern.scenarios {
            let shipped = Shipped::of(pattern, scenario.id).expect("a shipped scenario");
            assert!(!shipped.offers.is_empty(), "{}/{} offers nothing", pattern.id, scenario.id);
            let mut recipe = shipped.recipe.clone();
            let mut before = Run::to_the_end(Stage::of(&recipe));
            // One after another, as a reader would: a restart wants the crash that is offered first.
            for offer in &shipped.offers {
                recipe.script.push(*offer);
                let run = Run::to_the_end(Stage::of(&recipe));
                let alone = {
                    let mut recipe = shipped.recipe.clone();
                    recipe.script.push(*offer);
                    Run::to_the_end(Stage::of(&recipe))
                };
                let differs = |a: &Run, b: &Run| a.len() != b.len() || a.common_prefix(b) != a.len();
                let plain = Run::to_the_end(Stage::of(&shipped.recipe));
                let does = differs(&run, &before) || differs(&alone, &plain);
                assert!(does, "{}/{}: {offer:?} changes nothing", pattern.id, scenario.id);
                before = run;
                offers += 1;
            }
        }
    }
    assert!(offers > 60, "only {offers} offers");
}
