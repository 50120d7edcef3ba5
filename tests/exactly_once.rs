//! The consumer of eventual consistency, held to public models of exactly-once processing by the
//! checker: `exactly-once/model-checking` (`exactly_once.tla`: two handlers, the effect stored with
//! the inbox, optimistic concurrency) and `fqaiser94/tla-exactly-once` (consume, produce, commit with
//! a fencing token). What holds there holds here in every reachable world; each mutation that breaks
//! it there breaks it here, and the checker finds the way.
//!
//! Coarser and finer steps: the models have one step for what is a message, a disk and an answer
//! here, so that ways are longer here and spaces larger. Lengths are pinned, as counts of the engine.

use converge::checker::{Allowed, Search};
use converge::kernel::Step;
use converge::kernel::world::Act;
use converge::patterns::eventual_consistency::PATTERN;
use converge::scenario::Recipe;
use converge::scenario::recipe::Shipped;

/// A shipped scenario of the inbox with other values of parameters. A bounded number of deliveries, as
/// brokers have one, bounds the space; messages are all there at the beginning.
fn recipe(id: &str, set: &[(&str, i64)]) -> Recipe {
    let mut recipe = Shipped::of(&PATTERN, id).expect("a shipped scenario").recipe;
    for (name, value) in [("attempts", 1), ("deliveries", 3), ("order-gap", 0)].iter().chain(set) {
        let place = recipe.pattern.all_params().position(|p| p.id == *name).expect("a parameter");
        recipe.set_param(place, *value);
    }
    recipe
}

/// Searches every world, or up to a limit; the promises that broke, each with the length of its way
/// without the starts of nodes.
fn search(
    id: &str,
    set: &[(&str, i64)],
    allowed: Allowed,
    most: usize,
) -> (Search, Vec<(&'static str, usize)>) {
    let mut search = Search::new(&recipe(id, set), allowed, &[], &[], most);
    search.to_the_end();
    let steps = |way: &[Step]| way.iter().filter(|s| !matches!(s, Step::Do(Act::Start(_)))).count();
    let broken = search.broken().iter().map(|b| (PATTERN.promises[b.promise].id, steps(&b.way))).collect();
    (search, broken)
}

/// A slow network once: a delivery is made again although the first is still at work.
const SLOW: Allowed = Allowed { crashes: 0, for_good: false, drops: 0, duplicates: 0, cuts: 0, early: 1 };
/// And a message is lost.
const LOSSY: Allowed = Allowed { drops: 1, ..SLOW };
/// Somebody crashes at any point of any handler, and starts again at any time.
const CRASHES: Allowed = Allowed { crashes: 1, early: 0, ..SLOW };

/// In every reachable world nothing breaks, and the search has seen all of them.
#[track_caller]
fn holds(id: &str, set: &[(&str, i64)], allowed: Allowed) {
    let (search, broken) = search(id, set, allowed, 400_000);
    assert!(broken.is_empty(), "{id}: {broken:?}");
    assert!(search.complete(), "{id}: {} worlds and more", search.states());
    assert!(search.states() > 1_000, "{id}: only {} worlds", search.states());
}

/// The checker finds a way to break this promise, a shortest one of so many steps.
#[track_caller]
fn breaks(id: &str, set: &[(&str, i64)], allowed: Allowed, promise: &str, steps: usize) {
    let (_, broken) = search(id, set, allowed, 100_000);
    let way = broken.iter().find(|(p, _)| *p == promise);
    assert_eq!(way, Some(&(promise, steps)), "{id}: {broken:?}");
}

#[test]
fn one_transaction_and_a_unique_key_hold() {
    holds("two-instances-unique", &[], SLOW);
    holds("two-instances-unique", &[], LOSSY);
}

#[test]
fn the_rows_version_holds() {
    holds("two-instances-optimistic", &[], SLOW);
    holds("two-instances-optimistic", &[], LOSSY);
}

#[test]
fn fencing_holds() {
    holds("zombie-fenced", &[], SLOW);
    holds("zombie-fenced", &[], LOSSY);
}

#[test]
fn a_crash_anywhere_is_survived() {
    for id in ["inbox", "two-instances-unique", "two-instances-optimistic", "zombie-fenced"] {
        holds(id, &[], CRASHES);
    }
}

/// `exactly_once.tla` without its check of the outbox: processed and committed, and processed again.
#[test]
fn without_dedup_it_happens_twice() {
    breaks("duplicate-delivery", &[], SLOW, "effects-once", 9);
}

/// `tla-exactly-once` without its fence: both consume, both produce.
#[test]
fn without_a_fence_the_zombie_writes() {
    breaks("zombie-check-first", &[], SLOW, "effects-once", 13);
}

/// `exactly_once.tla` without its version check: the state change of one message is lost. One message
/// alone cannot race, there and here.
#[test]
fn without_the_version_a_state_change_is_lost() {
    let patient = Allowed { early: 0, ..SLOW };
    breaks("written-back", &[], patient, "nothing-lost", 14);
    holds("written-back", &[("orders", 1)], SLOW);
    holds("written-back-versioned", &[], patient);
    holds("written-back-versioned", &[("orders", 1)], LOSSY);
}

/// Two transactions come apart, in both orders.
#[test]
fn without_one_transaction_it_happens_twice_or_never() {
    breaks("effect-before-mark", &[], CRASHES, "effects-once", 14);
    breaks("mark-before-effect", &[], CRASHES, "nothing-lost", 15);
}
