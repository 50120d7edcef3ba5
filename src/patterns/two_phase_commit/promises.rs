//! What two-phase commit promises, checked in a world.
//!
//! Names AC1 and AC2 are those of atomic commitment (Bernstein, Hadzilacos and Goodman 1987, 7.3).
//! The checks read disks and the ledger, and look only at unsettled transactions and at digests, as
//! they run after every step.

use super::{Coordinator, Node, Participant, kind};
use crate::kernel::{Label, NodeId, World};
use crate::parts::database::Tx;
use crate::parts::settled::weight;
use crate::patterns::pattern::{Probe, Verdict};
use crate::sorted::sort_many;

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

/// AC1: nobody commits what another one has aborted, or can no longer commit.
///
/// A participant that has committed a transaction voted yes, and so did all others: each of them
/// has committed it, or can still commit it. So without the unsettled transactions every
/// participant's committed set is the same; their digests are compared, and only if these differ
/// somebody is looked for.
pub(super) fn agreement(probe: &Probe<'_>) -> Verdict {
    let world = probe.world;
    let mut unsettled: Vec<Tx> = participants(world).flat_map(|(_, p)| p.unsettled()).collect();
    sort_many(&mut unsettled, |a, b| a < b);
    unsettled.dedup();
    let rest = |p: &Participant| {
        let among = unsettled.iter().filter(|&&tx| p.has_committed(tx));
        among.fold(p.settled().digest(), |digest, tx| digest.wrapping_sub(weight(*tx)))
    };
    let mut rests = participants(world).map(|(_, p)| rest(p));
    let first = rests.next();
    if rests.all(|rest| Some(rest) == first) && !abandoned(world) {
        return Verdict::Holds;
    }
    for (one, p) in participants(world) {
        for (other, q) in participants(world) {
            let apart = |tx: &Tx| !q.has_committed(*tx) && !q.is_unsettled(*tx);
            if let Some(tx) = p.settled().recent().find(apart) {
                let args = [number(one), number(other), tx];
                return Verdict::Broken(Label::with("verdict.apart", args));
            }
        }
    }
    Verdict::Broken(Label::new("verdict.apart-earlier"))
}

/// Whether somebody has committed an unsettled transaction that another one can no longer commit.
fn abandoned(world: &World) -> bool {
    let committed_by_one = |tx: Tx| participants(world).any(|(_, p)| p.has_committed(tx));
    let gone_at_one =
        |tx: Tx| participants(world).any(|(_, p)| !p.has_committed(tx) && !p.is_unsettled(tx));
    (participants(world).flat_map(|(_, p)| p.unsettled())).any(|tx| committed_by_one(tx) && gone_at_one(tx))
}

/// AC2: nobody commits what somebody has voted against.
pub(super) fn votes_respected(probe: &Probe<'_>) -> Verdict {
    for (one, p) in participants(probe.world) {
        for tx in p.refused() {
            for (other, q) in participants(probe.world) {
                if q.has_committed(tx) {
                    let args = [number(one), number(other), tx];
                    return Verdict::Broken(Label::with("verdict.against-vote", args));
                }
            }
        }
    }
    Verdict::Holds
}

/// The log comes first: no Commit without COMMIT on the coordinator's disk, no yes without PREPARED
/// on the participant's.
pub(super) fn decision_logged(probe: &Probe<'_>) -> Verdict {
    let Some((leader, c)) = coordinator(probe.world) else { return Verdict::Holds };
    if let Some(tx) = c.unlogged() {
        return Verdict::Broken(Label::with("verdict.commit-unlogged", [number(leader), tx, 0]));
    }
    for (id, p) in participants(probe.world) {
        if let Some(tx) = p.unlogged() {
            return Verdict::Broken(Label::with("verdict.yes-unlogged", [number(id), tx, 0]));
        }
    }
    // And what is on the wire, whatever the machines believe of themselves.
    for message in probe.world.in_flight() {
        let tx = message.args[0];
        if message.kind == kind::COMMIT && message.from == leader && !c.has_committed(tx) {
            return Verdict::Broken(Label::with("verdict.commit-unlogged", [number(leader), tx, 0]));
        }
    }
    Verdict::Holds
}

/// AC5, which two-phase commit does not keep while the coordinator is away: whoever voted yes
/// hears the decision.
pub(super) fn everyone_decides(probe: &Probe<'_>) -> Verdict {
    let world = probe.world;
    let mut in_doubt = participants(world).filter_map(|(id, p)| Some((id, p.doubt(world.is_up(id))?.0)));
    let Some((one, tx)) = in_doubt.next() else { return Verdict::Holds };
    let why = match (in_doubt.next(), in_doubt.next()) {
        (None, _) => Label::with("verdict.in-doubt", [number(one), tx, 0]),
        (Some((two, _)), None) => Label::with("verdict.in-doubt-two", [number(one), number(two), tx]),
        (Some((two, _)), Some(_)) => Label::with("verdict.in-doubt-more", [number(one), number(two), tx]),
    };
    Verdict::untrue(probe, why)
}

/// Newest entries of the ledger that are looked through at every step.
const WINDOW: usize = 24;

/// By the ledger: what is committed was applied at every participant, and exactly once.
pub(super) fn applied_once(probe: &Probe<'_>) -> Verdict {
    let world = probe.world;
    // A second time is wrong at once, so the newest entries are compared at every step; all of
    // them when the run is over.
    let depth = if probe.at_rest { usize::MAX } else { WINDOW };
    let mut entries: Vec<(Tx, NodeId)> =
        world.ledger().iter().rev().take(depth).map(|fact| (fact.args[0], fact.node)).collect();
    sort_many(&mut entries, |a, b| a < b);
    if let Some(twice) = entries.windows(2).find(|pair| pair[0] == pair[1]) {
        let (tx, node) = twice[0];
        return Verdict::Broken(Label::with("verdict.applied-twice", [number(node), tx, 0]));
    }
    if probe.at_rest {
        let all = participants(world).count();
        let mut by_transaction = entries.chunk_by(|a, b| a.0 == b.0);
        if let Some(group) = by_transaction.find(|group| group.len() != all) {
            let missing = participants(world).find(|(id, _)| group.iter().all(|(_, node)| node != id));
            let node = missing.map_or(0, |(id, _)| number(id));
            return Verdict::Broken(Label::with("verdict.not-applied", [node, group[0].0, 0]));
        }
    }
    let Some((_, c)) = coordinator(world) else { return Verdict::Holds };
    for tx in c.unended() {
        if let Some((id, _)) = participants(world).find(|(_, p)| !p.has_committed(tx)) {
            return Verdict::untrue(probe, Label::with("verdict.not-applied-yet", [number(id), tx, 0]));
        }
    }
    Verdict::Holds
}

/// Locks are given back. A participant that is down will take those of its log again.
pub(super) fn no_locks_left(probe: &Probe<'_>) -> Verdict {
    for (id, p) in participants(probe.world) {
        let held = p.database().locks().map(|(_, tx)| tx).next();
        let held =
            held.or_else(|| (!probe.world.is_up(id)).then(|| p.doubt(false)).flatten().map(|(tx, _)| tx));
        if let Some(tx) = held {
            return Verdict::untrue(probe, Label::with("verdict.locked", [number(id), tx, 0]));
        }
    }
    Verdict::Holds
}

/// What an operator decided is known to be right, or written down as wrong: nobody lives on with a
/// transaction that is half done without knowing.
pub(super) fn damage_flagged(probe: &Probe<'_>) -> Verdict {
    let world = probe.world;
    for (one, p) in participants(world) {
        for (tx, commit) in p.forced() {
            let other = participants(world).find(|(other, q)| {
                let gone = !q.has_committed(tx) && !q.is_unsettled(tx);
                *other != one && (if commit { gone } else { q.has_committed(tx) })
            });
            if let (Some((other, _)), false) = (other, p.is_flagged(tx)) {
                let args = [number(one), number(other), tx];
                return Verdict::untrue(probe, Label::with("verdict.mixed-unflagged", args));
            }
        }
    }
    Verdict::Holds
}
