//! Same recipe, same fingerprints at every step: twice in a row here, and in the browser against
//! the same golden file (`tests/wasm.rs`).
//!
//! After a wanted change of an engine: `GOLDEN=write cargo test --no-default-features --test determinism`.

mod common;

use std::path::Path;

#[test]
fn the_same_recipe_gives_the_same_fingerprints() {
    assert_eq!(common::fingerprints(), common::fingerprints());
}

#[test]
fn fingerprints_are_those_of_the_golden_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fingerprints.txt");
    let found = common::fingerprints();
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(&path).expect("tests/golden/fingerprints.txt");
    common::hold_against_golden(&found, &golden);
}

/// Another seed gives another run, or the seed would not be used.
#[test]
fn another_seed_gives_other_times() {
    let mut differ = 0;
    for (_, recipe) in common::shipped() {
        let mut other = recipe.clone();
        other.seed += 1;
        let times = |r| common::run(r).fingerprints().map(|(time, _)| time).collect::<Vec<_>>();
        differ += u32::from(times(&recipe) != times(&other));
    }
    assert!(differ >= 20, "only {differ} scenarios depend on their seed");
}
