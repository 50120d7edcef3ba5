//! Every world that an engine can reach, held against a published model.

use std::collections::BTreeSet;

use converge::checker::{Allowed, Broken, Search};
use converge::patterns::pattern::{Abstraction, Pattern, Probe, Verdict};
use converge::patterns::{three_phase_commit, two_phase_commit};
use converge::scenario::Recipe;
use converge::scenario::recipe::Shipped;

fn abstraction(pattern: &'static Pattern, id: &str) -> &'static Abstraction {
    pattern.abstractions.iter().find(|a| a.id == id).expect("a named abstraction")
}

/// The whole space of `two-phase-commit/model` for so many participants.
fn two_phase(participants: i64, abstractions: &[&str]) -> Search {
    let pattern = &two_phase_commit::PATTERN;
    let mut shipped = Shipped::of(pattern, "model").expect("a shipped scenario");
    let place = pattern.all_params().position(|p| p.id == "participants").unwrap();
    shipped.recipe.set_param(place, participants);
    let abstractions: Vec<_> = abstractions.iter().map(|id| abstraction(pattern, id)).collect();
    let mut search =
        Search::new(&shipped.recipe, Allowed::default(), &shipped.offers, &abstractions, 3_000_000);
    search.to_the_end();
    assert!(search.complete(), "the space ends within the limit: {} worlds", search.states());
    assert_eq!(search.broken(), [], "no promise is broken");
    search
}

/// `TwoPhase.tla` itself, from its next-state relation: its states and its steps.
type Specification = (BTreeSet<Vec<u8>>, BTreeSet<(Vec<u8>, Vec<u8>)>);

fn specification(participants: usize) -> Specification {
    // rmState of five, tmState, tmPrepared, Prepared messages: as the abstraction writes them.
    const TM: usize = 5;
    const VOTES: usize = 6;
    const SENT: usize = 7;
    let all = (1u8 << participants) - 1;
    let (mut states, mut steps) = (BTreeSet::new(), BTreeSet::new());
    let mut todo = vec![vec![0u8; 8]];
    while let Some(now) = todo.pop() {
        if !states.insert(now.clone()) {
            continue;
        }
        let mut next = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut then = now.clone();
            change(&mut then);
            if then != now {
                steps.insert((now.clone(), then.clone()));
            }
            todo.push(then);
        };
        if now[TM] == 0 {
            next(&|s| s[TM] = 2); // TMAbort
            if now[VOTES] == all {
                next(&|s| s[TM] = 1); // TMCommit
            }
        }
        for rm in 0..participants {
            if now[TM] == 0 && now[SENT] & 1 << rm != 0 {
                next(&|s| s[VOTES] |= 1 << rm); // TMRcvPrepared
            }
            if now[rm] == 0 {
                next(&|s| {
                    s[rm] = 1; // RMPrepare
                    s[SENT] |= 1 << rm;
                });
                next(&|s| s[rm] = 3); // RMChooseToAbort
            }
            if now[TM] > 0 {
                next(&|s| s[rm] = if now[TM] == 1 { 2 } else { 3 }); // RMRcvCommitMsg, RMRcvAbortMsg
            }
        }
    }
    (states, steps)
}

/// The engine's images are the specification's states, all of them and no other, and each of its
/// steps is one of the specification's or changes nothing there.
#[track_caller]
fn check(participants: i64, worlds: usize, two_phase_states: usize, commit_states: usize) {
    let search = two_phase(participants, &["twophase", "tcommit"]);
    let [two, commit] = search.projections() else { panic!("two were asked for") };
    assert_eq!(search.states(), worlds, "worlds of the engine");
    let (states, steps) = specification(participants as usize);
    assert_eq!(states.len(), two_phase_states, "states of TwoPhase.tla as published");
    let more: Vec<_> = two.images.difference(&states).collect();
    let missed: Vec<_> = states.difference(&two.images).collect();
    assert!(more.is_empty() && missed.is_empty(), "not of TwoPhase.tla: {more:?}; not reached: {missed:?}");
    for step in &two.steps {
        assert!(steps.contains(step), "{step:?} is no step of TwoPhase.tla");
    }
    assert_eq!(commit.images.len(), commit_states, "states of TCommit.tla as published");
    let mixed = commit.images.iter().find(|rm| rm.contains(&2) && rm.contains(&3));
    assert_eq!(mixed, None, "TCConsistent");
}

#[test]
fn one_participant_reaches_the_specification_and_nothing_else() {
    check(1, 146, 12, 4);
}

#[test]
fn two_participants_reach_the_specification_and_nothing_else() {
    check(2, 4_568, 56, 12);
}

#[test]
fn three_participants_reach_the_specification_and_nothing_else() {
    check(3, 218_048, 288, 34);
}

/// Searches two participants with one crash at any point of any handler.
fn one_crash(vote_order: i64) -> (Recipe, Search) {
    let pattern = &two_phase_commit::PATTERN;
    let mut recipe = Shipped::of(pattern, "model").expect("a shipped scenario").recipe;
    for (id, value) in [("participants", 2), ("vote-order", vote_order)] {
        recipe.set_param(pattern.all_params().position(|p| p.id == id).unwrap(), value);
    }
    let allowed = Allowed { crashes: 1, ..Allowed::default() };
    let mut search = Search::new(&recipe, allowed, &[], &[], 3_000_000);
    search.to_the_end();
    assert!(search.complete(), "the space ends within the limit: {} worlds", search.states());
    (recipe, search)
}

fn names(recipe: &Recipe, broken: &[Broken]) -> Vec<&'static str> {
    broken.iter().map(|b| recipe.pattern.promises[b.promise].id).collect()
}

#[test]
fn no_single_crash_breaks_a_promise() {
    let (recipe, search) = one_crash(0);
    assert_eq!(names(&recipe, search.broken()), [""; 0]);
}

/// 2PC-9: a vote that leaves before it is on disk is forgotten by a crash in between.
#[test]
fn a_vote_sent_before_it_is_written_is_found_by_one_crash() {
    let (recipe, search) = one_crash(1);
    assert!(
        names(&recipe, search.broken()).contains(&"agreement"),
        "{:?}",
        names(&recipe, search.broken())
    );
    for broken in search.broken() {
        let promise = &recipe.pattern.promises[broken.promise];
        let mut world = recipe.start().1;
        for (n, step) in broken.way.iter().enumerate() {
            let probe = Probe { world: &world, params: &recipe.params, at_rest: false };
            let early = matches!((promise.check)(&probe), Verdict::Broken(_));
            assert!(!early, "{} is broken after {n} steps already", promise.id);
            world.apply(*step, None).expect("the way can be gone");
        }
        let probe = Probe { world: &world, params: &recipe.params, at_rest: world.is_quiet() };
        let verdict = (promise.check)(&probe);
        assert!(matches!(verdict, Verdict::Broken(_)), "{} is {verdict:?} at the end", promise.id);
    }
}

/// Searches three-phase commit: two participants, one way of dealing with silence.
fn three_phase(silence: i64, allowed: Allowed, most: usize) -> (Recipe, Search) {
    let pattern = &three_phase_commit::PATTERN;
    let mut shipped = Shipped::of(pattern, "model").expect("a shipped scenario");
    shipped.recipe.set_param(pattern.all_params().position(|p| p.id == "silence").unwrap(), silence);
    let mut search = Search::new(&shipped.recipe, allowed, &shipped.offers, &[], most);
    search.to_the_end();
    (shipped.recipe, search)
}

/// How many steps a shortest way to a broken agreement has; all worlds were reached.
#[track_caller]
fn split(silence: i64, allowed: Allowed, worlds: usize) -> Option<usize> {
    let (recipe, search) = three_phase(silence, allowed, 200_000);
    assert!(search.complete(), "the space ends within the limit: {} worlds", search.states());
    assert_eq!(search.states(), worlds, "worlds");
    let found = search.broken().iter().find(|b| recipe.pattern.promises[b.promise].id == "agreement");
    found.map(|b| b.way.len())
}

const ALONE: i64 = 0;
const TERMINATION: i64 = 1;
const QUORUM: i64 = 2;

/// Nothing but what the promises allow. A time-out comes when nothing else can happen: whoever is silent
/// by then is dead or cut off, as in a synchronous network.
const SYNCHRONOUS: Allowed =
    Allowed { crashes: 0, for_good: false, drops: 0, duplicates: 0, cuts: 0, early: 0 };

/// As in ajccosta's model of 3PC, where time-outs are synchronous: agreement holds. Here with crashes,
/// for good and with recovery, at any point of any handler; and nobody waits in vain.
#[test]
fn three_phase_commit_agrees_when_silence_means_death() {
    for allowed in [
        Allowed { crashes: 3, for_good: true, ..SYNCHRONOUS },
        Allowed { crashes: 1, ..SYNCHRONOUS },
        Allowed { crashes: 0, early: 1, ..SYNCHRONOUS },
    ] {
        let (recipe, search) = three_phase(TERMINATION, allowed, 200_000);
        assert!(search.complete(), "{allowed:?}: {} worlds", search.states());
        assert_eq!(names(&recipe, search.broken()), [""; 0], "{allowed:?}");
    }
}

/// As in Ponzi's model of 3PC with partitions: one commits, the other aborts. Time-outs alone split when
/// one link is cut, one way, or when one crash or one early time-out comes; the termination protocol
/// needs two links cut.
#[test]
fn three_phase_commit_splits_when_it_does_not() {
    let cuts = |cuts| Allowed { cuts, ..SYNCHRONOUS };
    assert_eq!(split(ALONE, cuts(1), 7_243), Some(19));
    assert_eq!(split(ALONE, Allowed { crashes: 1, ..SYNCHRONOUS }, 13_052), Some(17));
    assert_eq!(split(ALONE, Allowed { early: 1, ..SYNCHRONOUS }, 9_967), Some(19));
    assert_eq!(split(TERMINATION, cuts(1), 8_154), None);
    assert_eq!(split(TERMINATION, cuts(2), 70_962), Some(27));
}

/// With quorums no number of faults does. Their rounds have no end, so this looks at so many worlds.
#[test]
fn quorums_never_split() {
    for allowed in [
        Allowed { cuts: 2, early: 2, ..SYNCHRONOUS },
        Allowed { crashes: 2, early: 1, drops: 1, ..SYNCHRONOUS },
    ] {
        let (recipe, search) = three_phase(QUORUM, allowed, 40_000);
        assert_eq!(names(&recipe, search.broken()), [""; 0], "{allowed:?}");
    }
}
