//! What was seen: fingerprints with the way to each, in one table.

use crate::kernel::{Fingerprint, Step};

/// A reached world: what it looks like, and the step that reached it first.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// Of the world, of what the search may still do, and of the images it keeps.
    pub fingerprint: Fingerprint,
    /// The place of the world before; its own for the first.
    pub before: u32,
    /// The step from there; `None` for the first.
    pub step: Option<Step>,
    /// Steps from the first world.
    pub depth: u32,
}

/// Worlds in the order they were reached, found by fingerprint. Open addressing with linear probing:
/// fingerprints are spread evenly already, and nothing is ever taken out.
#[derive(Default)]
pub struct Seen {
    reached: Vec<Reached>,
    /// Place in `reached` plus one; 0 is free.
    slots: Vec<u32>,
}

impl Seen {
    /// How many worlds there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reached.len()
    }

    /// The world at a place.
    #[must_use]
    pub fn get(&self, place: u32) -> &Reached {
        &self.reached[place as usize]
    }

    /// Adds a world; its place if it is new.
    pub fn add(&mut self, world: Reached) -> Option<u32> {
        if self.reached.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(world.fingerprint);
        if self.slots[slot] != 0 {
            return None;
        }
        self.reached.push(world);
        self.slots[slot] = self.reached.len() as u32;
        Some(self.slots[slot] - 1)
    }

    /// The slot of a fingerprint: its own, or the free one where it belongs.
    fn slot(&self, fingerprint: Fingerprint) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = fingerprint.0 as usize & mask;
        while let Some(place) = self.slots[at].checked_sub(1) {
            if self.reached[place as usize].fingerprint == fingerprint {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(1 << 10)];
        for place in 0..self.reached.len() {
            let slot = self.slot(self.reached[place].fingerprint);
            self.slots[slot] = place as u32 + 1;
        }
    }

    /// The steps that lead from the first world to the one at a place.
    #[must_use]
    pub fn way(&self, place: u32) -> Vec<Step> {
        let mut way = Vec::new();
        let mut at = place;
        while let Some(step) = self.get(at).step {
            way.push(step);
            at = self.get(at).before;
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_world_is_kept_once_and_its_way_is_known() {
        let mut seen = Seen::default();
        // All in the same slot at first: the table has to probe.
        let world = |n: u64| Reached {
            fingerprint: Fingerprint(n << 40, n),
            before: n.saturating_sub(1) as u32,
            step: (n > 0)
                .then_some(Step::Fault(crate::kernel::world::Fault::Crash(crate::kernel::NodeId(n as u8)))),
            depth: n as u32,
        };
        for n in 0..3_000 {
            assert_eq!(seen.add(world(n)), Some(n as u32));
        }
        for n in 0..3_000 {
            assert_eq!(seen.add(world(n)), None, "world {n} is known");
        }
        assert_eq!(seen.len(), 3_000);
        assert_eq!(seen.way(5).len(), 5);
        assert!(seen.way(0).is_empty());
    }
}
