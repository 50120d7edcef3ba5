//! How far each copy is behind its source, and whether it can ever catch up. Owns no state.

use super::Node;
use super::promises::{nodes, replicas};
use super::replica::Replica;
use crate::kernel::{Label, NodeId};
use crate::patterns::pattern::{Copied, Probe};

/// Every replica and every cache.
pub fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    let mut flying = probe.world.in_flight();
    let quiet = flying.next().is_none();
    for (node, replica) in replicas(probe) {
        let mut sources = 0;
        let (mut behind, mut coming) = (0u32, false);
        for (other, source) in
            replicas(probe).filter(|(n, r)| *n != node && r.settings.peers.contains(&node))
        {
            sources += 1;
            let heard = replica.heard[usize::from(source.settings.index)].len();
            behind += (source.seq - heard).max(0) as u32;
            coming |= tells(source, node) || !probe.world.is_up(other);
        }
        if sources == 0 {
            continue;
        }
        coming |= !quiet || probe.world.pending_writes(node).next().is_some();
        let mut lost = (behind > 0 && !coming).then_some(Label::new("copy.update-lost"));
        // It has heard of everything, and nobody has anything more to say: what differs now stays.
        if behind == 0 && !coming && !everybody_busy(probe) {
            let wrong = replicas(probe).map(|(_, other)| differences(replica, other)).max().unwrap_or(0);
            behind = wrong;
            lost = (wrong > 0).then_some(Label::new("copy.diverged"));
        }
        out.push(Copied { node, name: Label::new("copy.replica"), behind, lost });
    }
    for (node, machine) in nodes(probe) {
        let Node::Cache(cache) = machine else { continue };
        let Some((_, source)) = replicas(probe).next() else { continue };
        let lag = |entry: &super::message::Cell| {
            let now = source.cells.iter().find(|c| c.key == entry.key).map_or(0, |c| c.value);
            now.abs_diff(entry.value)
        };
        let behind = cache.entries.iter().map(lag).sum();
        // An entry with an end is right again by then; one without waits for an event.
        let coming = !quiet || tells(source, node) || probe.params.get("ttl") > 0;
        let lost = (behind > 0 && !coming).then_some(Label::new("copy.stale-for-good"));
        out.push(Copied { node, name: Label::new("copy.cache"), behind, lost });
    }
}

fn tells(source: &Replica, node: NodeId) -> bool {
    source.untold().any(|(peer, ..)| peer == node)
}

/// Whether anybody still has something to tell or to write.
fn everybody_busy(probe: &Probe<'_>) -> bool {
    replicas(probe)
        .any(|(_, replica)| replica.untold().next().is_some() || replica.writing().next().is_some())
}

fn differences(a: &Replica, b: &Replica) -> u32 {
    a.cells.iter().zip(&b.cells).map(|(a, b)| a.value.abs_diff(b.value)).sum()
}
