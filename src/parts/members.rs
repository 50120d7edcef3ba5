//! A few of the members of a short list, by their places.
//!
//! Owns the set. Does not own the list: who has which place is its user's to know.

/// A set of places, each below 8.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Members(pub u8);

impl Members {
    /// Whether the member of this place is in it.
    #[must_use]
    pub const fn has(self, place: usize) -> bool {
        self.0 & 1 << place != 0
    }

    /// Puts the member of this place in.
    pub const fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    /// How many are in it.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The first of so many who is not in it.
    #[must_use]
    pub const fn first_missing(self, of: usize) -> Option<usize> {
        let place = self.0.trailing_ones() as usize;
        if place < of { Some(place) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_missing_is_found_until_all_are_in() {
        let mut some = Members::default();
        some.add(0);
        some.add(2);
        assert_eq!((some.first_missing(3), some.count()), (Some(1), 2));
        some.add(1);
        assert_eq!((some.first_missing(3), some.has(2), some.has(3)), (None, true, false));
    }
}
