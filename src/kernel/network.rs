//! Links: how long a message takes, and whether it arrives.

use super::dice::{below, draw, skewed};
use super::id::NodeId;

/// The network and the disks of a run, as its recipe sets them. Times in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Network {
    /// Least one-way latency.
    pub latency_min: u64,
    /// Most one-way latency.
    pub latency_max: u64,
    /// Messages lost, of 1,000.
    pub loss: u16,
    /// Messages delivered twice, of 1,000.
    pub duplication: u16,
    /// Whether a link keeps the order of its messages (as one TCP connection does).
    pub fifo: bool,
    /// Least time of a durable write.
    pub disk_min: u64,
    /// Most time of a durable write.
    pub disk_max: u64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency_min: 4_000,
            latency_max: 12_000,
            loss: 0,
            duplication: 0,
            fifo: true,
            disk_min: 1_000,
            disk_max: 3_000,
        }
    }
}

const LATENCY: u64 = 1 << 32;
const LOSS: u64 = 2 << 32;
const DUPLICATION: u64 = 3 << 32;
const DISK: u64 = 4 << 32;

const fn link(from: NodeId, to: NodeId) -> u64 {
    ((from.0 as u64) << 8) | to.0 as u64
}

impl Network {
    /// Latency of the `n`th message of a link, in microseconds.
    #[must_use]
    pub fn latency(&self, seed: u64, from: NodeId, to: NodeId, n: u64) -> u64 {
        skewed(draw(seed, LATENCY | link(from, to), n), self.latency_min, self.latency_max)
    }

    /// Whether the network loses the `n`th message of a link.
    #[must_use]
    pub fn loses(&self, seed: u64, from: NodeId, to: NodeId, n: u64) -> bool {
        self.loss > 0 && below(draw(seed, LOSS | link(from, to), n), 1000) < u64::from(self.loss)
    }

    /// Whether the network delivers the `n`th message of a link twice.
    #[must_use]
    pub fn duplicates(&self, seed: u64, from: NodeId, to: NodeId, n: u64) -> bool {
        self.duplication > 0
            && below(draw(seed, DUPLICATION | link(from, to), n), 1000) < u64::from(self.duplication)
    }

    /// Time of the `n`th durable write of a node, in microseconds.
    #[must_use]
    pub fn disk(&self, seed: u64, node: NodeId, n: u64) -> u64 {
        skewed(draw(seed, DISK | u64::from(node.0), n), self.disk_min, self.disk_max)
    }
}
