//! What three-phase commit promises, checked in a world.
//!
//! AC1 and AC2 are those of atomic commitment (Bernstein, Hadzilacos and Goodman 1987, 7.3). The checks
//! read disks and the ledger; they run after every step, of few transactions.

use super::message::Knowledge;
use super::{Coordinator, Node, Participant};
use crate::kernel::{Label, NodeId, World};
use crate::parts::database::Tx;
use crate::patterns::pattern::{Expect, Probe, Promise, Verdict};
use crate::sorted::sort_many;

/// The promises, in the order of the list.
pub(super) const PROMISES: &[Promise] = &[
    Promise { id: "agreement", expect: Expect::Always, check: agreement },
    Promise { id: "votes-respected", expect: Expect::Always, check: votes_respected },
    Promise { id: "known-before-commit", expect: Expect::Always, check: known_before_commit },
    Promise { id: "everyone-decides", expect: Expect::AtRest, check: everyone_decides },
    Promise { id: "applied-once", expect: Expect::AtRest, check: applied_once },
    Promise { id: "no-locks-left", expect: Expect::AtRest, check: no_locks_left },
];

fn nodes(world: &World) -> impl Iterator<Item = (NodeId, &Node)> {
    (0..world.nodes()).filter_map(|i| {
        let id = NodeId(i as u8);
        Some((id, world.machine::<Node>(id)?))
    })
}

fn participants(world: &World) -> impl Iterator<Item = (NodeId, &Participant)> {
    nodes(world).filter_map(|(id, node)| match node {
        Node::Participant(participant) => Some((id, participant)),
        _ => None,
    })
}

fn coordinator(world: &World) -> Option<(NodeId, &Coordinator)> {
    nodes(world).find_map(|(id, node)| match node {
        Node::Coordinator(coordinator) => Some((id, coordinator)),
        _ => None,
    })
}

fn number(node: NodeId) -> i32 {
    i32::from(node.0)
}

/// Everything that some disk says is committed: where, and what.
fn committed(world: &World) -> impl Iterator<Item = (NodeId, Tx)> {
    let decided = participants(world)
        .flat_map(|(id, p)| p.outcomes().filter(|(_, commit)| *commit).map(move |(tx, _)| (id, tx)));
    let leader = coordinator(world).into_iter().flat_map(|(id, c)| c.committed().map(move |tx| (id, tx)));
    decided.chain(leader)
}

/// AC1: nobody commits what another one has aborted. The coordinator's word counts: the customer has it.
fn agreement(probe: &Probe<'_>) -> Verdict {
    for (one, tx) in committed(probe.world) {
        if let Some((other, _)) = participants(probe.world).find(|(_, p)| p.outcome(tx) == Some(false)) {
            return Verdict::Broken(Label::with("verdict.apart", [number(one), number(other), tx]));
        }
    }
    Verdict::Holds
}

/// AC2: nobody commits what somebody has voted against.
fn votes_respected(probe: &Probe<'_>) -> Verdict {
    for (one, p) in participants(probe.world) {
        for tx in p.refused() {
            if let Some((other, _)) = committed(probe.world).find(|(_, done)| *done == tx) {
                return Verdict::Broken(Label::with(
                    "verdict.against-vote",
                    [number(one), number(other), tx],
                ));
            }
        }
    }
    Verdict::Holds
}

/// What the second phase is for: while a participant has committed, no participant that runs is still
/// uncertain or has aborted; with quorums, most know by their disks that all have voted yes.
fn known_before_commit(probe: &Probe<'_>) -> Verdict {
    let world = probe.world;
    let quorum = probe.params.get("silence") == 2;
    for (one, p) in participants(world) {
        for (tx, _) in p.outcomes().filter(|(_, commit)| *commit) {
            let knows = |q: &Participant| match q.outcome(tx) {
                Some(commit) => commit,
                None => q.in_doubt().any(|(t, knows)| t == tx && knows == Knowledge::Precommitted),
            };
            let n = participants(world).count();
            if quorum && participants(world).filter(|(_, q)| knows(q)).count() > n / 2 {
                continue;
            }
            let counts = |id: NodeId, q: &Participant| {
                quorum || q.outcome(tx).is_some() || (world.is_up(id) && q.is_operational(tx))
            };
            if let Some((other, _)) = participants(world).find(|(id, q)| counts(*id, q) && !knows(q)) {
                return Verdict::Broken(Label::with("verdict.unknown", [number(one), number(other), tx]));
            }
        }
    }
    Verdict::Holds
}

/// AC5: whoever has voted yes comes to a decision, whoever else is away.
fn everyone_decides(probe: &Probe<'_>) -> Verdict {
    let mut in_doubt = participants(probe.world).filter_map(|(id, p)| Some((id, p.in_doubt().next()?.0)));
    let Some((one, tx)) = in_doubt.next() else { return Verdict::Holds };
    let why = match (in_doubt.next(), in_doubt.next()) {
        (None, _) => Label::with("verdict.in-doubt", [number(one), tx, 0]),
        (Some((two, _)), None) => Label::with("verdict.in-doubt-two", [number(one), number(two), tx]),
        (Some((two, _)), Some(_)) => Label::with("verdict.in-doubt-more", [number(one), number(two), tx]),
    };
    Verdict::untrue(probe, why)
}

/// By the ledger: what somebody has committed was applied at every participant, and exactly once.
fn applied_once(probe: &Probe<'_>) -> Verdict {
    let world = probe.world;
    let mut entries: Vec<(Tx, NodeId)> =
        world.ledger().iter().map(|fact| (fact.args[0], fact.node)).collect();
    sort_many(&mut entries, |a, b| a < b);
    if let Some(twice) = entries.windows(2).find(|pair| pair[0] == pair[1]) {
        let (tx, node) = twice[0];
        return Verdict::Broken(Label::with("verdict.applied-twice", [number(node), tx, 0]));
    }
    for (_, tx) in committed(world) {
        if let Some((id, _)) = participants(world).find(|(id, _)| !entries.contains(&(tx, *id))) {
            return Verdict::untrue(probe, Label::with("verdict.not-applied", [number(id), tx, 0]));
        }
    }
    Verdict::Holds
}

/// Locks are given back. A participant that is down will take those of its log again.
fn no_locks_left(probe: &Probe<'_>) -> Verdict {
    for (id, p) in participants(probe.world) {
        let held = p.database().locks().map(|(_, tx)| tx).next();
        if let Some(tx) = held.or_else(|| p.in_doubt().map(|(tx, _)| tx).next()) {
            return Verdict::untrue(probe, Label::with("verdict.locked", [number(id), tx, 0]));
        }
    }
    Verdict::Holds
}
