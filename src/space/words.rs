//! A world as a list of numbers, and put together again.

use super::known::Known;
use crate::kernel::NodeId;
use crate::kernel::pieces::Workbench;

/// A world by the numbers of its pieces: how many messages; the nodes; links and ledger, budget,
/// histories; the messages in order of their numbers.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub words: &'a [u32],
    nodes: usize,
}

impl<'a> World<'a> {
    /// Where the messages begin.
    pub const fn messages_at(nodes: usize) -> usize {
        nodes + 4
    }
    pub const fn of(words: &'a [u32], nodes: usize) -> Self {
        Self { words, nodes }
    }
    pub fn nodes(&self) -> &'a [u32] {
        &self.words[1..=self.nodes]
    }
    pub fn ground(&self) -> u32 {
        self.words[self.nodes + 1]
    }
    pub fn budget(&self) -> u32 {
        self.words[self.nodes + 2]
    }
    pub fn watch(&self) -> u32 {
        self.words[self.nodes + 3]
    }
    pub fn messages(&self) -> &'a [u32] {
        &self.words[Self::messages_at(self.nodes)..]
    }
}

/// Puts a world on a bench, on which another one may lie: only what differs is touched.
pub fn show(view: &mut Workbench, shown: &mut Vec<u32>, world: World<'_>, known: &Known) {
    let before = World::of(shown, world.nodes);
    let empty = shown.is_empty();
    for (node, &number) in world.nodes().iter().enumerate() {
        if empty || before.nodes()[node] != number {
            view.show(NodeId(node as u8), &known.nodes[number as usize]);
        }
    }
    if empty || before.ground() != world.ground() {
        view.put_ground(&known.grounds[world.ground() as usize]);
    }
    if empty || before.messages() != world.messages() {
        view.clear_messages();
        for &number in world.messages() {
            view.send(&known.messages[number as usize]);
        }
    }
    shown.clear();
    shown.extend_from_slice(world.words);
}
