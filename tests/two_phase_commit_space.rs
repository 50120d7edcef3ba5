//! Two-phase commit against its specification: every world that the engine can reach, seen as a
//! state of Gray and Lamport's `TwoPhase.tla`, is one of the specification's, and all of those are
//! reached (tlaplus/Examples, `specifications/transaction_commit`: 288 distinct states for three
//! resource managers; 56 for two). Their participants alone give `TCommit.tla` (34 and 12).

use std::collections::BTreeSet;

use converge::kernel::world::{Act, Fault};
use converge::kernel::{NodeId, SimTime, Step, TraceEvent, TraceSink, What, World};
use converge::patterns::two_phase_commit::{PATTERN, kind, record, timer};
use converge::scenario::Recipe;

/// What has happened so far, in the words of the specification. It remembers messages that are
/// gone, as the specification's set of messages does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
struct Image {
    /// `rmState`, by participant: 0 working, 1 prepared, 2 committed, 3 aborted.
    participants: [u8; 3],
    /// `tmState`: 0 init, 1 committed, 2 aborted. The messages Commit and Abort go with it.
    coordinator: u8,
    /// `tmPrepared`, as bits.
    votes: u8,
    /// The messages Prepared, as bits.
    sent: u8,
}

impl TraceSink for Image {
    fn step(&mut self, _: SimTime) {}
    fn event(&mut self, event: TraceEvent) -> u32 {
        let place = |node: NodeId| usize::from(node.0.wrapping_sub(1));
        match event.what {
            What::Sent { from, kind: kind::YES, .. } => {
                self.participants[place(from)] = 1;
                self.sent |= 1 << place(from);
            }
            What::Sent { from, kind: kind::NO, .. } => self.participants[place(from)] = 3,
            What::Writing { node, record: record::ABORT, .. } => self.participants[place(node)] = 3,
            What::Written { node, record: record::COMMIT, .. } if node.0 > 0 => {
                self.participants[place(node)] = 2;
            }
            What::Sent { from: NodeId(0), kind: kind::COMMIT, .. } => self.coordinator = 1,
            What::Sent { from: NodeId(0), kind: kind::ABORT, .. } => self.coordinator = 2,
            What::Delivered { from, kind: kind::YES, .. } if self.coordinator == 0 => {
                self.votes |= 1 << place(from);
            }
            _ => {}
        }
        0
    }
}

/// Every image that a world of one transaction reaches: messages in any order, a coordinator that
/// may lose its patience, disks that may refuse a write (so that a participant votes no).
fn images(participants: i64) -> BTreeSet<Image> {
    let mut recipe = Recipe::new(&PATTERN);
    for (id, value) in [("cast", 0), ("participants", participants), ("prepare", 1)] {
        let place = PATTERN.all_params().position(|p| p.id == id).unwrap();
        recipe.set_param(place, value);
    }
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut todo: Vec<(World, Image)> = vec![(recipe.start().1, Image::default())];
    let mut steps = Vec::new();
    while let Some((world, image)) = todo.pop() {
        if !seen.insert((world.fingerprint(), image.clone())) {
            continue;
        }
        found.insert(image.clone());
        steps.clear();
        world.enabled(&mut steps);
        // Enquiries and re-sends only repeat what the specification's set of messages keeps.
        steps.retain(|step| !matches!(step, Step::Do(Act::Fire(_, t)) if t.kind != timer::VOTE));
        let refusals = steps.iter().filter_map(|step| match *step {
            // The protocol's forced first writes; to refuse a later one only repeats it.
            Step::Do(Act::Persisted(node, ticket)) => {
                let first = world.pending_writes(node).next().is_some_and(|(record, _)| {
                    record == if node.0 == 0 { record::COMMIT } else { record::PREPARED }
                });
                first.then_some(Step::Fault(Fault::RefuseWrite(node, ticket)))
            }
            _ => None,
        });
        for step in steps.iter().copied().chain(refusals) {
            let (mut next, mut image) = (world.clone(), image.clone());
            next.apply(step, Some(&mut image)).unwrap();
            todo.push((next, image));
        }
    }
    found
}

/// The specification itself, written down from its next-state relation.
fn specification(participants: usize) -> BTreeSet<Image> {
    let all = (1u8 << participants) - 1;
    let mut found = BTreeSet::new();
    let mut todo = vec![Image::default()];
    while let Some(now) = todo.pop() {
        if !found.insert(now.clone()) {
            continue;
        }
        let mut next = |change: &dyn Fn(&mut Image)| {
            let mut image = now.clone();
            change(&mut image);
            todo.push(image);
        };
        if now.coordinator == 0 {
            next(&|i| i.coordinator = 2); // TMAbort
            if now.votes == all {
                next(&|i| i.coordinator = 1); // TMCommit
            }
        }
        for rm in 0..participants {
            if now.coordinator == 0 && now.sent & 1 << rm != 0 {
                next(&|i| i.votes |= 1 << rm); // TMRcvPrepared
            }
            if now.participants[rm] == 0 {
                next(&|i| {
                    i.participants[rm] = 1; // RMPrepare
                    i.sent |= 1 << rm;
                });
                next(&|i| i.participants[rm] = 3); // RMChooseToAbort
            }
            if now.coordinator > 0 {
                // RMRcvCommitMsg, RMRcvAbortMsg
                next(&|i| i.participants[rm] = if now.coordinator == 1 { 2 } else { 3 });
            }
        }
    }
    found
}

#[track_caller]
fn check(participants: i64, two_phase: usize, commit: usize) {
    let images = images(participants);
    assert_eq!(images.len(), two_phase, "states of TwoPhase.tla");
    assert_eq!(images, specification(participants as usize), "the same states");
    let alone: BTreeSet<_> = images.iter().map(|i| i.participants).collect();
    assert_eq!(alone.len(), commit, "states of TCommit.tla");
    assert!(alone.iter().all(|p| !(p.contains(&2) && p.contains(&3))), "TCConsistent");
}

#[test]
fn two_participants_reach_the_specification_and_nothing_else() {
    check(2, 56, 12);
}

#[test]
fn three_participants_reach_the_specification_and_nothing_else() {
    check(3, 288, 34);
}
