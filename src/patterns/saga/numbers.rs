//! Which orders were begun already, in little room. Does not own what was made of them.

use crate::sorted::sort;

/// A set of order numbers that is given out nearly in sequence: a border below which all are in it,
/// and the few above. Its size does not grow with the run.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Numbers {
    all_upto: i32,
    above: Vec<i32>,
    /// The highest number in it; 0 at first.
    pub highest: i32,
}

impl Numbers {
    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, n: i32) -> bool {
        n <= self.all_upto || self.above.contains(&n)
    }

    /// Puts a number in.
    pub fn insert(&mut self, n: i32) {
        if !self.contains(n) {
            self.above.push(n);
            sort(&mut self.above, |a, b| a < b);
            while self.above.first() == Some(&(self.all_upto + 1)) {
                self.above.remove(0);
                self.all_upto += 1;
            }
        }
        self.highest = self.highest.max(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_sequence_take_no_room() {
        let mut numbers = Numbers::default();
        for n in [2, 1, 5, 3, 3] {
            numbers.insert(n);
        }
        assert_eq!((numbers.all_upto, numbers.above.as_slice(), numbers.highest), (3, &[5][..], 5));
        assert!(numbers.contains(2) && numbers.contains(5) && !numbers.contains(4));
    }
}
