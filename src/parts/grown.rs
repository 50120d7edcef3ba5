//! What a machine was given later. A field that is added to a machine changes what every one of its
//! worlds looks like, and with it the fingerprints of runs that know nothing of it; one that is
//! wrapped so does not, for as long as it is at its default.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// A value that looks like nothing while it is at its default. To be the last field of its machine,
/// so that what it looks like cannot be taken for a field that follows.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Grown<T>(pub T);

impl<T: Hash + Default + PartialEq> Hash for Grown<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.0 != T::default() {
            self.0.hash(state);
        }
    }
}

impl<T> Deref for Grown<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Grown<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Fingerprint;

    #[test]
    fn only_what_is_not_at_its_default_is_seen() {
        let before = Fingerprint::of(&(1u8, 2u8));
        assert_eq!(Fingerprint::of(&(1u8, 2u8, Grown(0u8))), before);
        assert_ne!(Fingerprint::of(&(1u8, 2u8, Grown(1u8))), before);
    }
}
