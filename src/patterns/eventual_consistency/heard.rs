//! Which writes of one writer were taken over. Does not own what was made of them.

use crate::sorted::sort;

/// A set of numbers that come nearly in sequence: a border up to which all are in it, and the few
/// above. Its size does not grow with the run.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Heard {
    /// Up to here all are in it.
    pub upto: i32,
    above: Vec<i32>,
}

impl Heard {
    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, n: i32) -> bool {
        n <= self.upto || self.above.contains(&n)
    }

    /// How many are in it.
    #[must_use]
    pub fn len(&self) -> i32 {
        self.upto + self.above.len() as i32
    }

    /// Whether none is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a number in; whether it was new.
    pub fn insert(&mut self, n: i32) -> bool {
        if self.contains(n) {
            return false;
        }
        self.above.push(n);
        sort(&mut self.above, |a, b| a < b);
        while self.above.first() == Some(&(self.upto + 1)) {
            self.above.remove(0);
            self.upto += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_sequence_take_no_room() {
        let mut heard = Heard::default();
        let new: Vec<bool> = [2, 1, 5, 3, 3].into_iter().map(|n| heard.insert(n)).collect();
        assert_eq!(new, [true, true, true, true, false]);
        assert_eq!((heard.upto, heard.above.as_slice(), heard.len()), (3, &[5][..], 4));
    }
}
