//! What a search is about.

use crate::kernel::NodeId;
use crate::patterns::pattern::{Params, Promise};

/// What a search is about.
pub struct Setting {
    /// What the worlds are held to.
    pub promises: &'static [Promise],
    /// The parameters, for the promises.
    pub params: Params,
    /// By node and record: whether the disk may refuse the write.
    pub refusals: Vec<(NodeId, u8)>,
    /// What persons do, in this order: node, verb, value. It may happen at any time.
    pub commands: Vec<(NodeId, u8, i32)>,
    /// How many worlds are reached at most.
    pub most: usize,
}
