//! What is due when. Never hashed: the search looks at states, not at clocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::fault::Entry;
use super::id::{MsgId, NodeId};
use super::network::Network;
use super::time::SimTime;

/// Something that is due. Stale ones (a stopped timer, a crashed node's write) stay and are skipped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Due {
    /// First, so that what the script asks for "now" precedes everything else of that instant.
    Scripted(u8),
    Start(NodeId),
    Deliver(MsgId),
    Fire(NodeId, u32),
    Persisted(NodeId, u32),
}

impl Due {
    const fn rank(self) -> u8 {
        if matches!(self, Self::Scripted(_)) { 0 } else { 1 }
    }
}

#[derive(Clone)]
pub(super) struct Schedule {
    pub now: SimTime,
    pub horizon: SimTime,
    pub seed: u64,
    pub network: Network,
    pub script: Arc<[Entry]>,
    /// How often the anchor of each entry has matched.
    pub matched: Vec<u16>,
    heap: BinaryHeap<Reverse<(SimTime, u8, u32, Due)>>,
    next: u32,
    /// Messages sent so far, a link: the index of the next draw.
    pub sent: Vec<u32>,
    /// When the newest message of a link is due, for links that keep order.
    pub newest: Vec<SimTime>,
    /// Writes asked for so far, a node.
    pub writes: Vec<u32>,
    /// Events handled so far, a node: the index of jitter draws.
    pub handled: Vec<u32>,
    /// Latency factor of a link.
    pub factor: Vec<u16>,
    /// Due things of paused nodes.
    pub parked: Vec<Due>,
    pub next_message: u32,
    pub next_pending: u32,
    pub steps: u32,
    /// Whether anything is ever due: a search asks what can happen, not when.
    pub timed: bool,
}

impl Schedule {
    pub fn new(seed: u64, network: Network, horizon: SimTime, script: Arc<[Entry]>, nodes: usize) -> Self {
        Self {
            now: SimTime::ZERO,
            horizon,
            seed,
            network,
            matched: vec![0; script.len()],
            script,
            heap: BinaryHeap::new(),
            next: 0,
            sent: vec![0; nodes * nodes],
            newest: vec![SimTime::ZERO; nodes * nodes],
            writes: vec![0; nodes],
            handled: vec![0; nodes],
            factor: vec![1; nodes * nodes],
            parked: Vec::new(),
            next_message: 0,
            next_pending: 0,
            steps: 0,
            timed: true,
        }
    }

    pub fn push(&mut self, at: SimTime, due: Due) {
        if !self.timed {
            return;
        }
        self.heap.push(Reverse((at, due.rank(), self.next, due)));
        self.next += 1;
    }

    pub fn peek(&self) -> Option<(SimTime, Due)> {
        self.heap.peek().map(|Reverse((at, _, _, due))| (*at, *due))
    }

    pub fn pop(&mut self) {
        self.heap.pop();
    }

    /// From now on nothing is ever due, scripted or drawn.
    pub fn stop(&mut self) {
        self.timed = false;
        self.heap.clear();
        self.parked.clear();
        self.script = Arc::default();
        self.matched.clear();
    }

    /// Everything that is due, in no order.
    pub fn due(&self) -> impl Iterator<Item = (SimTime, Due)> {
        self.heap.iter().map(|Reverse((at, _, _, due))| (*at, *due))
    }
}
