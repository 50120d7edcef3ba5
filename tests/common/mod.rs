//! What several families of tests share: every shipped scenario, and the golden fingerprints. Used
//! natively and in the browser.

#![allow(dead_code, reason = "each family uses its part")]

use std::fmt::Write;

use converge::patterns;
use converge::scenario::{self, Recipe};
use converge::trace::{Run, Stage};

/// Every shipped scenario with its name.
pub fn shipped() -> Vec<(String, Recipe)> {
    let mut all = Vec::new();
    for pattern in patterns::ALL {
        for s in pattern.scenarios {
            let recipe = scenario::find(pattern.id, s.id).expect("a shipped scenario is in its list");
            all.push((format!("{}/{}", pattern.id, s.id), recipe));
        }
    }
    assert!(all.len() >= 20, "only {} scenarios are shipped", all.len());
    all
}

/// A recipe's run to its end.
pub fn run(recipe: &Recipe) -> Run {
    Run::to_the_end(Stage::of(recipe))
}

/// Every state of every shipped scenario: name, state, time, fingerprint.
pub fn fingerprints() -> String {
    let mut out = String::new();
    for (name, recipe) in shipped() {
        for (state, (time, fingerprint)) in run(&recipe).fingerprints().enumerate() {
            let fingerprint = &fingerprint.to_string()[..16];
            writeln!(out, "{name} {state} {} {fingerprint}", time.micros).expect("a string takes all");
        }
    }
    out
}

/// Compares with the golden file; a difference names its first step.
pub fn hold_against_golden(found: &str, golden: &str) {
    for (n, (found, wanted)) in found.lines().zip(golden.lines()).enumerate() {
        assert_eq!(
            found,
            wanted,
            "line {} of tests/golden/fingerprints.txt: the first step that differs",
            n + 1
        );
    }
    assert_eq!(found.lines().count(), golden.lines().count(), "steps in all");
}
