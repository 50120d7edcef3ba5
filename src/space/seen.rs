//! The worlds that were seen: fingerprints, and the way to each.

use crate::kernel::Fingerprint;

/// Fingerprints in open addressing with linear probing: they are spread evenly already, and none is
/// ever taken out. A place is the number of a world in the order they were reached.
#[derive(Default)]
pub struct Seen {
    /// `0, 0` is free.
    slots: Vec<Fingerprint>,
    /// By place: the world before, and which of its steps led here.
    before: Vec<u32>,
    nth: Vec<u16>,
}

const FREE: Fingerprint = Fingerprint(0, 0);

/// A fingerprint that is not the mark of a free slot.
const fn taken(look: Fingerprint) -> Fingerprint {
    if look.0 == 0 && look.1 == 0 { Fingerprint(0, 1) } else { look }
}

impl Seen {
    /// How many worlds there are.
    pub fn len(&self) -> usize {
        self.before.len()
    }

    /// The slot of a fingerprint: its own, or the free one where it belongs.
    fn slot(&self, look: Fingerprint) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = look.0 as usize & mask;
        while self.slots[at] != FREE && self.slots[at] != look {
            at = (at + 1) & mask;
        }
        at
    }

    /// Reads where fingerprints belong, so that they are at hand when they are wanted: these reads wait
    /// for the memory together, the ones that decide something would wait one after another.
    pub fn touch(&self, looks: impl Iterator<Item = Fingerprint>) {
        let Some(mask) = self.slots.len().checked_sub(1) else { return };
        let noise = looks.fold(0, |noise, look| noise ^ self.slots[look.0 as usize & mask].0);
        std::hint::black_box(noise);
    }

    /// Whether a world was seen.
    pub fn has(&self, look: Fingerprint) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(taken(look))] != FREE
    }

    /// Adds a world; whether it is new.
    pub fn add(&mut self, look: Fingerprint, before: u32, nth: u16) -> bool {
        let look = taken(look);
        // Three of four slots at most: beyond that, probing gets long.
        if self.before.len() * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(look);
        if self.slots[slot] != FREE {
            return false;
        }
        self.slots[slot] = look;
        self.before.push(before);
        self.nth.push(nth);
        true
    }

    fn grow(&mut self) {
        let larger = vec![FREE; (self.slots.len() * 2).max(1 << 10)];
        let all = std::mem::replace(&mut self.slots, larger);
        for look in all.into_iter().filter(|look| *look != FREE) {
            let slot = self.slot(look);
            self.slots[slot] = look;
        }
    }

    /// Which step to take from the first world on to reach the one at a place.
    pub fn way(&self, place: u32) -> Vec<u16> {
        let mut way = Vec::new();
        let mut at = place;
        while at != 0 {
            way.push(self.nth[at as usize]);
            at = self.before[at as usize];
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
        // All in the same slot at first, the very mark of a free one among them: the table has to probe.
        let look = |n: u64| Fingerprint(n << 40, n);
        for n in 0..3_000u64 {
            assert!(!seen.has(look(n)));
            assert!(seen.add(look(n), n.saturating_sub(1) as u32, n as u16));
        }
        for n in 0..3_000 {
            assert!(!seen.add(look(n), 0, 0) && seen.has(look(n)), "world {n} is known");
        }
        assert_eq!(seen.len(), 3_000);
        assert_eq!(seen.way(5), [1, 2, 3, 4, 5]);
        assert!(seen.way(0).is_empty());
    }
}
