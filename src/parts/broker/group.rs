//! A consumer group: who reads which partition, and how far the group has come.
//!
//! Owns members, generation and committed offsets, all of which a broker keeps on disk (Kafka's
//! `__consumer_offsets`). Does not own when a member counts as gone: that takes timers, which are
//! the machine's.

use super::topic::{Offset, Partition};
use crate::sorted::{Map, sort};

/// A member of a group, by a number of the machine's choice (its node's, say).
pub type Member = u8;

/// How often the group was put together anew. A commit with an older one is refused.
pub type Generation = u16;

/// Why a commit is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Denied {
    /// Who commits is no member any more (Kafka's `UNKNOWN_MEMBER_ID`).
    UnknownMember,
    /// The partitions were given out anew since (Kafka's `ILLEGAL_GENERATION`).
    OldGeneration,
}

/// A consumer group of one topic.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Group {
    generation: Generation,
    members: Vec<Member>,
    committed: Map<Partition, Offset>,
}

impl Group {
    /// A group without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A group that was put together from these members once.
    #[must_use]
    pub fn of(members: &[Member]) -> Self {
        let mut group = Self { generation: 1, members: members.to_vec(), committed: Map::new() };
        sort(&mut group.members, |a, b| a < b);
        group
    }

    /// The generation.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The members, by number.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A member joins, or joins again: a new generation, in which partitions are given out anew.
    pub fn join(&mut self, member: Member) -> Generation {
        if !self.members.contains(&member) {
            self.members.push(member);
            sort(&mut self.members, |a, b| a < b);
        }
        self.generation += 1;
        self.generation
    }

    /// A member leaves, or is taken for dead: a new generation, unless it was no member.
    pub fn leave(&mut self, member: Member) -> bool {
        let Some(at) = self.members.iter().position(|m| *m == member) else { return false };
        self.members.remove(at);
        self.generation += 1;
        true
    }

    /// Partitions are given out anew among the same members (their number has changed, say).
    pub fn rebalance(&mut self) -> Generation {
        self.generation += 1;
        self.generation
    }

    /// Who reads a partition in this generation: partitions go round the members in turn.
    #[must_use]
    pub fn owner(&self, partition: Partition) -> Option<Member> {
        let n = self.members.len();
        (n > 0).then(|| self.members[partition as usize % n])
    }

    /// Where the group goes on in a partition: the offset after the newest that it is done with.
    /// `None`: it never committed there, so that a reset policy decides.
    #[must_use]
    pub fn committed(&self, partition: Partition) -> Option<Offset> {
        self.committed.get(&partition).copied()
    }

    /// Whether a member may commit, in the generation it believes in.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_commit(&self, member: Member, generation: Generation) -> Result<(), Denied> {
        if !self.members.contains(&member) {
            return Err(Denied::UnknownMember);
        }
        if generation != self.generation {
            return Err(Denied::OldGeneration);
        }
        Ok(())
    }

    /// Commits: the group goes on at `next`. Unfenced, and backwards too: ask [`Self::may_commit`].
    pub fn commit(&mut self, partition: Partition, next: Offset) {
        self.committed.insert(partition, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_one_owner_and_moves_with_the_members() {
        let mut group = Group::new();
        assert_eq!(group.owner(0), None);
        group.join(9);
        group.join(4);
        assert_eq!((group.owner(0), group.owner(1), group.owner(2)), (Some(4), Some(9), Some(4)));
        assert!(group.leave(4) && !group.leave(4));
        assert_eq!((group.owner(0), group.owner(1), group.generation()), (Some(9), Some(9), 3));
    }

    #[test]
    fn only_a_member_of_this_generation_may_commit() {
        let mut group = Group::new();
        let first = group.join(1);
        let second = group.join(2);
        assert_eq!(group.may_commit(1, first), Err(Denied::OldGeneration));
        assert_eq!(group.may_commit(2, second), Ok(()));
        group.leave(1);
        assert_eq!(group.may_commit(1, second), Err(Denied::UnknownMember));
        group.commit(0, 3);
        assert_eq!((group.committed(0), group.committed(1)), (Some(3), None));
    }
}
