//! What steps did, so that no handler runs twice for the same node in the same state and the same event.

use crate::kernel::dice::mix;
use crate::kernel::world::Observation;
use crate::kernel::{Fingerprint, TraceEvent};

/// A number for three numbers: open addressing with linear probing.
#[derive(Default)]
pub struct Notes {
    /// The three, and the number plus one; 0 is free.
    slots: Vec<[u32; 4]>,
    len: usize,
}

impl Notes {
    /// What was noted.
    pub fn get(&self, key: [u32; 3]) -> Option<u32> {
        self.slots.get(self.slot(key)?)?[3].checked_sub(1)
    }

    /// Notes what was not noted before.
    pub fn put(&mut self, key: [u32; 3], number: u32) {
        if self.len * 2 >= self.slots.len() {
            let larger = vec![[0; 4]; (self.slots.len() * 2).max(64)];
            for entry in std::mem::replace(&mut self.slots, larger) {
                if entry[3] != 0 {
                    let [a, b, c, _] = entry;
                    self.place(entry, [a, b, c]);
                }
            }
        }
        let [a, b, c] = key;
        self.place([a, b, c, number + 1], key);
        self.len += 1;
    }

    fn place(&mut self, entry: [u32; 4], key: [u32; 3]) {
        if let Some(slot) = self.slot(key) {
            self.slots[slot] = entry;
        }
    }

    fn slot(&self, [a, b, c]: [u32; 3]) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = mix(u64::from(a) << 32 ^ u64::from(b) << 20 ^ u64::from(c)) as usize & mask;
        loop {
            let entry = &self.slots[at];
            if entry[3] == 0 || (entry[0] == a && entry[1] == b && entry[2] == c) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }
}

/// What a step changes beside its node.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// Nothing.
    #[default]
    Same,
    /// The ledger gets further facts.
    Facts,
    /// A link is cut, or healed.
    Link(u32, bool),
}

/// What a step does, wherever it is taken.
#[derive(Default)]
pub struct Outcome {
    /// Its node afterwards; `None` when it has none, or while the node still lies on the bench.
    pub node: Option<u32>,
    /// What the node on the bench adds to a world, and what its timers look like.
    pub on_bench: Option<(Fingerprint, Fingerprint)>,
    /// What it adds to the fingerprint of a world, links and ledger apart.
    pub look: Fingerprint,
    /// Whether its message is taken off.
    pub takes: bool,
    /// How many effects its handler asked for.
    pub effects: u8,
    pub ground: Ground,
    /// Messages that it sends, by number.
    pub sent: Vec<u32>,
    pub facts: Vec<Observation>,
    /// For those who watch.
    pub events: Vec<TraceEvent>,
}

impl Outcome {
    /// Nothing, in the same memory.
    pub fn clear(&mut self) {
        let Self { mut sent, mut facts, mut events, .. } = std::mem::take(self);
        sent.clear();
        facts.clear();
        events.clear();
        *self = Self { sent, facts, events, ..Self::default() };
    }
}

/// How many steps must have been asked for before a memory is judged.
const TRIAL: u64 = 1 << 14;

/// The outcomes that are remembered.
#[derive(Default)]
pub struct Memo {
    pub outcomes: Vec<Outcome>,
    notes: Notes,
    asked: u64,
    met: u64,
    given_up: bool,
}

impl Memo {
    /// The outcome of a step from the state of a node, if it is remembered.
    pub fn recall(&mut self, key: [u32; 3]) -> Option<u32> {
        self.asked += 1;
        let found = self.notes.get(key);
        self.met += u64::from(found.is_some());
        found
    }

    /// Remembers.
    pub fn keep(&mut self, key: [u32; 3], outcome: Outcome) -> u32 {
        let number = self.outcomes.len() as u32;
        self.outcomes.push(outcome);
        self.notes.put(key, number);
        number
    }

    /// Gives the memory up when it does not pay: less than half of what was asked for was met before.
    pub fn judge(&mut self) {
        if self.asked >= TRIAL {
            if self.met * 2 < self.asked {
                *self = Self { given_up: true, ..Self::default() };
            }
            (self.asked, self.met) = (0, 0);
        }
    }

    /// Whether it was given up.
    pub const fn is_given_up(&self) -> bool {
        self.given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_found() {
        let mut notes = Notes::default();
        assert_eq!(notes.get([1, 2, 3]), None);
        let keys: Vec<_> = (0..2_000u32).map(|n| [n % 7, n / 7, n % 3]).collect();
        for (n, key) in (0..).zip(&keys) {
            assert_eq!(notes.get(*key), None);
            notes.put(*key, n);
        }
        assert!((0..).zip(&keys).all(|(n, key)| notes.get(*key) == Some(n)));
    }
}
