//! Something that came later: no part of the fingerprint while it is as it was before it came, so that
//! the runs of older recipes keep theirs.

use std::hash::{Hash, Hasher};

/// A value whose default is what everything did before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Added<T>(pub T);

impl<T: Hash + Default + PartialEq> Hash for Added<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.0 != T::default() {
            self.0.hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Fingerprint;

    #[test]
    fn only_what_differs_from_before_is_seen() {
        assert_eq!(Fingerprint::of(&(1, Added(false))), Fingerprint::of(&1));
        assert_ne!(Fingerprint::of(&(1, Added(true))), Fingerprint::of(&1));
    }
}
