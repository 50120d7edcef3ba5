//! The pieces that came by, each once and with a number.

use crate::kernel::Fingerprint;
use crate::kernel::pieces::{Ground, MessagePiece, NodePiece};

/// Numbers by fingerprint, in the order they came.
#[derive(Default)]
pub struct Index {
    looks: Vec<Fingerprint>,
    /// Number plus one; 0 is free.
    slots: Vec<u32>,
}

impl Index {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.looks.len()
    }

    /// The number of a fingerprint, and whether it is new.
    pub fn number(&mut self, look: Fingerprint) -> (u32, bool) {
        if self.looks.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(look).expect("there are slots now");
        if let Some(number) = self.slots[slot].checked_sub(1) {
            return (number, false);
        }
        self.looks.push(look);
        self.slots[slot] = self.looks.len() as u32;
        (self.slots[slot] - 1, true)
    }

    fn slot(&self, look: Fingerprint) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = look.0 as usize & mask;
        while let Some(number) = self.slots[at].checked_sub(1) {
            if self.looks[number as usize] == look {
                break;
            }
            at = (at + 1) & mask;
        }
        Some(at)
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(64)];
        for number in 0..self.looks.len() {
            let slot = self.slot(self.looks[number]).expect("there are slots");
            self.slots[slot] = number as u32 + 1;
        }
    }
}

/// The pieces.
#[derive(Default)]
pub struct Known {
    pub nodes: Vec<NodePiece>,
    pub messages: Vec<MessagePiece>,
    pub grounds: Vec<Ground>,
    by_node: Index,
    by_message: Index,
    by_ground: Index,
}

impl Known {
    /// The number of a node in a state; `piece` makes it when it is new. What it looks like says which
    /// node it is, too.
    pub fn node(&mut self, member: Fingerprint, piece: impl FnOnce() -> NodePiece) -> u32 {
        let (number, new) = self.by_node.number(member);
        if new {
            self.nodes.push(piece());
        }
        number
    }

    /// The number of a message.
    pub fn message(&mut self, message: MessagePiece) -> u32 {
        let (number, new) = self.by_message.number(message.look);
        if new {
            self.messages.push(message);
        }
        number
    }

    /// The number of links and ledger.
    pub fn ground(&mut self, ground: Ground) -> u32 {
        let (number, new) = self.by_ground.number(ground.look);
        if new {
            self.grounds.push(ground);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_in_order_and_once() {
        let mut index = Index::default();
        let look = |n: u64| Fingerprint(n << 40, n);
        for n in 0..500 {
            assert_eq!(index.number(look(n)), (n as u32, true));
        }
        for n in 0..500 {
            assert_eq!(index.number(look(n)), (n as u32, false));
        }
        assert_eq!(index.len(), 500);
    }
}
