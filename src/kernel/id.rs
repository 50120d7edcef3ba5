//! Names of things that live in a world.

/// A node of the system: its place in the pattern's list of nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u8);

impl NodeId {
    /// The place in the list of nodes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One message on its way: numbered in the order of sending, over the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MsgId(pub u32);

/// The values that a message, a record or an observation carries for a reader: up to three small
/// numbers, whose meaning its kind gives. By convention the first is the correlation id (the
/// transaction, the order).
pub type Args = [i32; 3];
