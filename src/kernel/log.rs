//! An append-only log whose copies share what they have in common.
//!
//! A checkpoint of a long run copies every node; with whole logs inside, a hundred checkpoints of a
//! 100,000-step run would hold a hundred copies. Full chunks are shared, only the tail is copied.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::fingerprint::Fingerprint;

const CHUNK: usize = 32;

/// A full chunk, and what it looks like: worked out when somebody first asks, as a run asks nobody.
struct Chunk<T> {
    entries: Box<[T]>,
    digest: OnceLock<Fingerprint>,
}

impl<T: Hash> Chunk<T> {
    fn digest(&self) -> Fingerprint {
        *self.digest.get_or_init(|| Fingerprint::of(&*self.entries))
    }
}

/// An append-only sequence. Cloning costs one chunk and a pointer for each full one.
#[derive(Clone)]
pub struct Log<T> {
    full: Arc<Vec<Arc<Chunk<T>>>>,
    tail: Vec<T>,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { full: Arc::default(), tail: Vec::new() }
    }
}

impl<T: Clone + Hash> Log<T> {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends; constant time but for one copy of the list of chunks after a clone.
    pub fn push(&mut self, entry: T) {
        self.tail.push(entry);
        if self.tail.len() == CHUNK {
            let entries = std::mem::take(&mut self.tail).into_boxed_slice();
            Arc::make_mut(&mut self.full).push(Arc::new(Chunk { entries, digest: OnceLock::new() }));
        }
    }

    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.tail.len()
    }

    /// Whether nothing was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at a place, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&T> {
        match self.full.get(index / CHUNK) {
            Some(chunk) => chunk.entries.get(index % CHUNK),
            None => self.tail.get(index - self.full.len() * CHUNK),
        }
    }

    /// The newest entry.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.len().checked_sub(1).and_then(|i| self.get(i))
    }

    /// All entries, oldest first; can be walked from the newest with `.rev()`.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.full.iter().flat_map(|chunk| chunk.entries.iter()).chain(self.tail.iter())
    }
}

impl<T: PartialEq> PartialEq for Log<T> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Chunk<T>>, &Arc<Chunk<T>>)| Arc::ptr_eq(a, b) || a.entries == b.entries;
        self.full.len() == other.full.len()
            && self.tail == other.tail
            && self.full.iter().zip(other.full.iter()).all(same)
    }
}

impl<T: Eq> Eq for Log<T> {}

impl<T: Hash> Hash for Log<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.full.len().hash(state);
        for chunk in self.full.iter() {
            chunk.digest().hash(state);
        }
        self.tail.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_what_was_appended_over_chunk_borders() {
        for n in [0, 1, 31, 32, 33, 64, 100] {
            let mut log = Log::new();
            (0..n).for_each(|i| log.push(i));
            assert_eq!(log.len(), n);
            assert_eq!(log.iter().copied().collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
            assert_eq!(log.iter().rev().copied().next(), n.checked_sub(1));
            assert_eq!(log.last().copied(), n.checked_sub(1));
            assert_eq!(log.get(n), None);
        }
    }

    #[test]
    fn a_copy_goes_its_own_way() {
        let mut one = Log::new();
        (0..40).for_each(|i| one.push(i));
        let mut two = one.clone();
        assert!(one == two);
        two.push(40);
        assert!(one != two);
        one.push(40);
        assert!(one == two);
        one.push(1);
        two.push(2);
        assert_eq!((one.last(), two.last()), (Some(&1), Some(&2)));
    }
}
