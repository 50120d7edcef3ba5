//! A 128-bit fingerprint that is the same on every target.
//!
//! The standard hasher promises nothing across targets, and a popular fast one is 32 bits wide on
//! wasm32. This one widens every word to 64 bits first, so that a `usize` hashes alike everywhere.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::dice::mix;

/// What a world looks like, in 128 bits. Equal worlds have equal fingerprints on every target.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Fingerprint(pub u64, pub u64);

impl Fingerprint {
    /// The fingerprint of anything hashable.
    #[must_use]
    pub fn of(value: &(impl Hash + ?Sized)) -> Self {
        let mut hasher = Fingerprinter::new();
        value.hash(&mut hasher);
        hasher.fingerprint()
    }

    /// Adds one member of an unordered collection: the order of the calls does not matter.
    #[must_use]
    pub const fn with_member(self, member: Self) -> Self {
        self.plus(member.as_member())
    }

    /// What a member adds to an unordered collection, for whoever adds it more than once.
    #[must_use]
    pub const fn as_member(self) -> Self {
        Self(mix(self.0), mix(self.1))
    }

    /// The sum with what [`Fingerprint::as_member`] gave.
    #[must_use]
    pub const fn plus(self, member: Self) -> Self {
        Self(self.0.wrapping_add(member.0), self.1.wrapping_add(member.1))
    }

    /// The sum without it: a member leaves its collection.
    #[must_use]
    pub const fn minus(self, member: Self) -> Self {
        Self(self.0.wrapping_sub(member.0), self.1.wrapping_sub(member.1))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0, self.1)
    }
}

/// Collects words into a [`Fingerprint`].
pub struct Fingerprinter {
    a: u64,
    b: u64,
}

impl Default for Fingerprinter {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprinter {
    /// A fresh one.
    #[must_use]
    pub const fn new() -> Self {
        Self { a: 0x243f_6a88_85a3_08d3, b: 0x1319_8a2e_0370_7344 }
    }

    fn word(&mut self, word: u64) {
        self.a = (self.a ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.a ^= self.a >> 32;
        self.b = (self.b.rotate_left(23) ^ word).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        self.b ^= self.b >> 29;
    }

    /// What was collected so far.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        Fingerprint(mix(self.a), mix(self.b ^ self.a.rotate_left(32)))
    }
}

impl Hasher for Fingerprinter {
    fn finish(&self) -> u64 {
        self.fingerprint().0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word) ^ ((chunk.len() as u64) << 56));
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
    fn write_i8(&mut self, n: i8) {
        self.word(n as u64);
    }
    fn write_i16(&mut self, n: i16) {
        self.word(n as u64);
    }
    fn write_i32(&mut self, n: i32) {
        self.word(n as u64);
    }
    fn write_i64(&mut self, n: i64) {
        self.word(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.word(n as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_of_a_word_does_not_matter_and_its_order_does() {
        assert_eq!(Fingerprint::of(&7u64), Fingerprint::of(&7usize));
        assert_ne!(Fingerprint::of(&(1u8, 2u8)), Fingerprint::of(&(2u8, 1u8)));
        assert_ne!(Fingerprint::of("ab"), Fingerprint::of("a"));
    }

    #[test]
    fn members_commute() {
        let (x, y) = (Fingerprint::of("x"), Fingerprint::of("y"));
        let start = Fingerprint::default();
        assert_eq!(start.with_member(x).with_member(y), start.with_member(y).with_member(x));
        assert_ne!(start.with_member(x), start.with_member(x).with_member(x));
        let both = start.with_member(x).with_member(y);
        assert_eq!(both.minus(x.as_member()), start.with_member(y), "whoever came can leave");
    }

    #[test]
    fn many_small_values_do_not_collide() {
        let mut all: Vec<_> = (0..200_000u32).map(|i| Fingerprint::of(&i)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 200_000);
    }

    /// Pinned: a change here changes every golden fingerprint and every stored scenario hash.
    #[test]
    fn the_function_is_pinned() {
        let found = Fingerprint::of(&(1u8, "a", 2i64)).to_string();
        assert_eq!(found, "964c3ff671a100b0a3244d8c89e664e3", "the fingerprint function changed");
    }
}
