//! The search remembers what a handler did and what things look like. Here is one that remembers
//! nothing, from the rules alone: the two reach the same worlds by as many steps.

use std::collections::{BTreeSet, VecDeque};

use converge::checker::{Allowed, Search};
use converge::kernel::world::{Act, Fault};
use converge::kernel::{Action, Entry, Fingerprint, NodeId, Step, World};
use converge::patterns::pattern::{Params, Pattern};
use converge::patterns::two_phase_commit;
use converge::scenario::{Recipe, Shipped};

mod toy;

struct State {
    world: World,
    allowed: Allowed,
    /// Acts of persons that were done.
    done: usize,
}

/// Everything that the rules allow in a state, with what is left afterwards.
fn moves(
    state: &State,
    commands: &[(NodeId, u8, i32)],
    refusals: &[(u8, u8)],
) -> Vec<(Step, Allowed, usize)> {
    let State { world, allowed, done } = state;
    let nodes = (0..world.nodes() as u8).map(NodeId);
    let mut own = Vec::new();
    world.enabled(&mut own);
    let is_timer = |step: &Step| matches!(step, Step::Do(Act::Fire(..)));
    // A disk does its writes in order, and equal messages are one.
    let mut writing = Vec::new();
    let mut delivered = Vec::new();
    own.retain(|step| match *step {
        Step::Do(Act::Persisted(node, _)) => !std::mem::replace(&mut writing, vec![node]).contains(&node),
        Step::Do(Act::Deliver(_)) => {
            let mut after = world.clone();
            after
                .apply(
                    Step::Fault(match *step {
                        Step::Do(Act::Deliver(id)) => Fault::Drop(id),
                        _ => unreachable!(),
                    }),
                    None,
                )
                .unwrap();
            let look = after.fingerprint();
            let new = !delivered.contains(&look);
            delivered.push(look);
            new
        }
        _ => true,
    });
    let mut command = None;
    if let Some(&(node, verb, value)) = commands.get(*done) {
        let step = Step::Fault(Fault::Command(node, verb, value));
        let started = !own.contains(&Step::Do(Act::Start(node)));
        if started && world.clone().apply(step, None).is_ok() {
            command = Some(step);
        }
    }
    let idle = own.iter().all(is_timer) && command.is_none();
    let mut all = Vec::new();
    for &step in &own {
        let mut left = *allowed;
        if is_timer(&step) && !idle {
            let Some(early) = left.early.checked_sub(1) else { continue };
            left.early = early;
        }
        all.push((step, left, *done));
        let Step::Do(act) = step else { unreachable!() };
        let able = match act {
            Act::Deliver(id) => {
                let message = world.in_flight().find(|m| m.msg == id).unwrap();
                world.is_up(message.to) && !world.is_cut(message.from, message.to)
            }
            _ => true,
        };
        if let (Some(crashes), true) = (left.crashes.checked_sub(1), able) {
            let mut last = None;
            for after in 0..40 {
                let mut torn = world.clone();
                torn.apply(Step::Torn(act, after), None).unwrap();
                if last.replace(torn.fingerprint()) != Some(torn.fingerprint()) {
                    all.push((Step::Torn(act, after), Allowed { crashes, ..left }, *done));
                }
            }
        }
    }
    all.extend(command.map(|step| (step, *allowed, done + 1)));
    let mut outside = |fault, left| all.push((Step::Fault(fault), left, *done));
    for node in nodes.clone() {
        if !world.is_up(node) {
            outside(Fault::Restart(node), *allowed);
        } else if let Some(crashes) = allowed.crashes.checked_sub(1) {
            outside(Fault::Crash(node), Allowed { crashes, ..*allowed });
        }
    }
    for &step in &own {
        match step {
            Step::Do(Act::Deliver(id)) => {
                if let Some(drops) = allowed.drops.checked_sub(1) {
                    outside(Fault::Drop(id), Allowed { drops, ..*allowed });
                }
                if let Some(duplicates) = allowed.duplicates.checked_sub(1) {
                    outside(Fault::Duplicate(id), Allowed { duplicates, ..*allowed });
                }
            }
            Step::Do(Act::Persisted(node, ticket)) => {
                let (record, _) = world.pending_writes(node).next().unwrap();
                if refusals.contains(&(node.0, record)) {
                    outside(Fault::RefuseWrite(node, ticket), *allowed);
                }
            }
            _ => {}
        }
    }
    for (a, b) in nodes.clone().flat_map(|a| nodes.clone().map(move |b| (a, b))) {
        if world.is_cut(a, b) {
            outside(Fault::Heal(a, b), *allowed);
        } else if let (Some(cuts), true) = (allowed.cuts.checked_sub(1), a != b) {
            outside(Fault::Cut(a, b), Allowed { cuts, ..*allowed });
        }
    }
    all
}

/// Worlds, steps, and the distance of the farthest.
fn plainly(recipe: &Recipe, allowed: Allowed, refusals: &[(u8, u8)]) -> (usize, u64, u32) {
    let commands: Vec<_> = (recipe.script.iter())
        .filter_map(|entry| match entry.action {
            Action::Command(node, verb, value) => Some((node, verb, value)),
            _ => None,
        })
        .collect();
    let start = Recipe { script: Vec::new(), ..recipe.clone() }.start().1;
    let key = |state: &State| (state.world.fingerprint(), Fingerprint::of(&(state.allowed, state.done)));
    let first = State { world: start, allowed, done: 0 };
    let mut seen = BTreeSet::from([key(&first)]);
    let mut todo = VecDeque::from([(first, 0)]);
    let (mut steps, mut farthest) = (0, 0);
    while let Some((state, depth)) = todo.pop_front() {
        farthest = depth;
        for (step, allowed, done) in moves(&state, &commands, refusals) {
            let mut world = state.world.clone();
            world.apply(step, None).expect("the rules list what can happen");
            steps += 1;
            let next = State { world, allowed, done };
            if seen.insert(key(&next)) {
                todo.push_back((next, depth + 1));
            }
        }
    }
    (seen.len(), steps, farthest)
}

#[track_caller]
fn check(recipe: &Recipe, allowed: Allowed, offers: &[Entry], refusals: &[(u8, u8)]) {
    let mut search = Search::new(recipe, allowed, offers, &[], usize::MAX);
    search.to_the_end();
    assert!(search.complete());
    let found = (search.states(), search.transitions(), search.depth());
    assert_eq!(found, plainly(recipe, allowed, refusals), "{allowed:?}");
    assert!(found.0 > 50, "{found:?} is a space of its own");
}

const NONE: Allowed = Allowed { crashes: 0, for_good: false, drops: 0, duplicates: 0, cuts: 0, early: 0 };

fn one_of_each() -> [Allowed; 6] {
    [
        Allowed { early: 1, ..NONE },
        Allowed { crashes: 1, ..NONE },
        Allowed { drops: 1, ..NONE },
        Allowed { duplicates: 1, ..NONE },
        Allowed { cuts: 1, ..NONE },
        Allowed { crashes: 1, for_good: false, drops: 1, duplicates: 1, cuts: 1, early: 1 },
    ]
}

fn of(pattern: &'static Pattern, scenario: &str, settings: &[(&str, i64)]) -> Shipped {
    let mut shipped = Shipped::of(pattern, scenario).expect("a shipped scenario");
    for (id, value) in settings {
        let place = pattern.all_params().position(|p| p.id == *id).expect("a parameter");
        shipped.recipe.set_param(place, *value);
    }
    shipped
}

#[test]
fn two_phase_commit_with_one_participant() {
    let shipped = of(&two_phase_commit::PATTERN, "model", &[("participants", 1)]);
    for allowed in one_of_each() {
        check(&shipped.recipe, allowed, &shipped.offers, &[(0, 1), (1, 0)]);
    }
}

#[test]
fn two_phase_commit_with_two_participants() {
    let shipped = of(&two_phase_commit::PATTERN, "model", &[("participants", 2), ("vote-order", 1)]);
    for allowed in &one_of_each()[..2] {
        check(&shipped.recipe, *allowed, &[], &[]);
    }
}

/// Persons act, in order and at any time.
#[test]
fn a_toy_with_two_orders() {
    let mut recipe = of(&toy::TOY, "textbook", &[("shops", 1)]).recipe;
    let second = Entry { action: Action::Command(NodeId(0), 0, 2), ..recipe.script[0] };
    recipe.script.push(second);
    assert_eq!(recipe.params, {
        let mut p = Params::defaults(&toy::TOY);
        p.set_at(0, 1);
        p
    });
    for allowed in &one_of_each()[..5] {
        check(&recipe, *allowed, &[], &[]);
    }
}
