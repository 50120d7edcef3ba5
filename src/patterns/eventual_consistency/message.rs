//! What the nodes say to each other. A kind's number is a place in [`super::names`], append only.

use crate::kernel::{Args, Ctx, Message};

/// How many items the shop sells.
pub const ITEMS: i32 = 2;
/// Most replicas that accept writes.
pub const WRITERS: usize = 3;

/// What a replica or a cache knows of one item: how many were sold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cell {
    /// The item, from 1.
    pub key: i32,
    /// How many were sold, as a register.
    pub value: i32,
    /// When, by the clock of the replica that wrote it.
    pub stamp: i32,
    /// Which replica wrote it.
    pub origin: u8,
    /// The number that it has among that replica's writes.
    pub seq: i32,
    /// How many were sold where, as a grow-only counter: each replica counts up its own place.
    pub slots: [i32; WRITERS],
}

impl Cell {
    /// An item of which nothing was sold.
    #[must_use]
    pub const fn new(key: i32) -> Self {
        Self { key, value: 0, stamp: 0, origin: 0, seq: 0, slots: [0; WRITERS] }
    }

    /// Two counters as one: of each place the most that either has seen. Merging is commutative,
    /// associative and idempotent, so that neither order nor repetition matters.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let mut all = if (self.stamp, self.origin) < (other.stamp, other.origin) { *other } else { *self };
        for (place, slot) in all.slots.iter_mut().enumerate() {
            *slot = self.slots[place].max(other.slots[place]);
        }
        all.value = all.slots.iter().sum();
        all
    }
}

/// A write of one replica on its way to another: the whole new state of the item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Update {
    /// Who wrote.
    pub origin: u8,
    /// Which of its writes.
    pub seq: i32,
    /// What the item is now.
    pub cell: Cell,
}

/// A wish to buy something. It keeps its number when it is sent again: that is its idempotency key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sale {
    /// Its number; numbers grow with time, and stand for the true time of the wish.
    pub no: i32,
    /// The item.
    pub key: i32,
}

/// A question: what is the state? With the least that the one who asks has seen or written already.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Look {
    /// Its number.
    pub no: i32,
    /// Whose: 0 the customer, 1 a visitor.
    pub who: u8,
    /// By item, the write that the answer must contain; 0: none.
    pub least: [i32; ITEMS as usize],
}

/// A message for the consumers of an order: its number is given by its producer, once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Letter {
    /// The order, and the message's id.
    pub id: i32,
    /// Points to credit, or the state to set.
    pub amount: i32,
}

/// A message of a run.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// A customer buys.
    Sell(Sale),
    /// It is on disk at the replica, as this write of its.
    Sold(Sale, i32),
    /// It is not.
    NotSold(Sale),
    /// A write, for another replica or a cache.
    Update(Update),
    /// And back: it is there.
    Received(Update),
    /// What is the state?
    Look(Look),
    /// The state.
    Values(Look, Vec<Cell>),
    /// Not as far as the question wants.
    Behind(Look),
    /// A cache asks for what it has not.
    Fetch,
    /// And gets it.
    Fill(Vec<Cell>),

    /// A producer hands over a message.
    Publish(Letter),
    /// The queue has it on disk.
    Stored(Letter),
    /// The queue to a worker; each delivery has a number, which only grows.
    Deliver(Letter, i32),
    /// A worker to the queue: done with it.
    Ack(Letter, i32),
    /// A worker to the queue: there is something wrong with it, put it aside.
    Reject(Letter, i32),
    /// A worker to the database: was this handled already?
    Seen(Job),
    /// The database: whether it was, and the row as it is.
    Known(Job, bool, Base),
    /// A worker to the database: what this message wants, in one transaction, and the row it knows.
    Apply(Job, Part, Base),
    /// The database: committed.
    Applied(Job, Part),
    /// The database: the key is there already, nothing was done.
    Duplicate(Job),
    /// The database: the row has another version by now, nothing was done.
    Conflict(Job),
    /// The database: a later delivery has taken over, nothing was done.
    Fenced(Job),
    /// The database: the key is there, with another content.
    Mismatch(Job),

    /// One of a crowd asks for the version of the row: who, which attempt.
    Get(i32, i32),
    /// Its version.
    Version(i32, i32, i32),
    /// And writes, if it is still this version.
    Put(i32, i32, i32),
    /// Written.
    PutDone(i32, i32),
    /// Another was faster.
    PutConflict(i32, i32),

    /// One layer calls the next: the request, the call's number at the caller.
    Call(i32, i32),
    /// And has an answer.
    Answered(i32, i32),
    /// Or none, after all of its attempts.
    Failed(i32, i32),
}

/// One delivery in the hands of a worker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Job {
    /// The message.
    pub letter: Letter,
    /// The number of the delivery: the fencing token.
    pub token: i32,
    /// Which consumer it is for.
    pub consumer: u8,
}

/// The row as a worker has read it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Base {
    /// Its version.
    pub version: i32,
    /// Its value.
    pub value: i32,
}

/// What a transaction of a worker contains.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Part {
    /// The effect alone.
    Effect,
    /// The row of the inbox alone.
    Mark,
    /// Both.
    Both,
}

impl Msg {
    /// Whose request it belongs to, for one of a crowd: who, which attempt.
    #[must_use]
    pub const fn attempt(&self) -> Option<(i32, i32)> {
        match *self {
            Self::Get(who, attempt) | Self::Put(who, attempt, _) => Some((who, attempt)),
            _ => None,
        }
    }
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Sell(_) => 0,
            Self::Sold(..) => 1,
            Self::NotSold(_) => 2,
            Self::Update(_) => 3,
            Self::Received(_) => 4,
            Self::Look(look) => 5 + look.who.min(1),
            Self::Values(..) => 7,
            Self::Behind(_) => 8,
            Self::Fetch => 9,
            Self::Fill(_) => 10,
            Self::Publish(_) => 11,
            Self::Stored(_) => 12,
            Self::Deliver(..) => 13,
            Self::Ack(..) => 14,
            Self::Reject(..) => 15,
            Self::Seen(_) => 16,
            Self::Known(_, known, _) => 17 + *known as u8,
            Self::Apply(_, Part::Effect, _) => 19,
            Self::Apply(_, Part::Mark, _) => 20,
            Self::Apply(_, Part::Both, _) => 21,
            Self::Applied(..) => 22,
            Self::Duplicate(_) => 23,
            Self::Conflict(_) => 24,
            Self::Fenced(_) => 25,
            Self::Mismatch(_) => 26,
            Self::Get(..) => 27,
            Self::Version(..) => 28,
            Self::Put(..) => 29,
            Self::PutDone(..) => 30,
            Self::PutConflict(..) => 31,
            Self::Call(..) => 32,
            Self::Answered(..) => 33,
            Self::Failed(..) => 34,
        }
    }

    fn args(&self) -> Args {
        match self {
            Self::Sell(sale) | Self::NotSold(sale) => [sale.no, sale.key, 0],
            Self::Sold(sale, seq) => [sale.no, sale.key, *seq],
            Self::Update(u) | Self::Received(u) => [u.seq, u.cell.key, u.cell.value],
            Self::Look(look) | Self::Behind(look) => [look.no, look.least[0], look.least[1]],
            Self::Values(look, cells) => {
                let value = |place: usize| cells.get(place).map_or(0, |c| c.value);
                [look.no, value(0), value(1)]
            }
            Self::Fetch => [0; 3],
            Self::Fill(cells) => {
                let value = |place: usize| cells.get(place).map_or(0, |c| c.value);
                [0, value(0), value(1)]
            }
            Self::Publish(letter) | Self::Stored(letter) => [letter.id, letter.amount, 0],
            Self::Deliver(letter, token) | Self::Ack(letter, token) | Self::Reject(letter, token) => {
                [letter.id, letter.amount, *token]
            }
            Self::Seen(job) | Self::Duplicate(job) | Self::Conflict(job) | Self::Fenced(job) => job.args(),
            Self::Known(job, _, base) => [job.letter.id, base.version, job.token],
            Self::Apply(job, ..) | Self::Applied(job, _) | Self::Mismatch(job) => job.args(),
            Self::Get(who, attempt) | Self::PutDone(who, attempt) | Self::PutConflict(who, attempt) => {
                [*who + 1, *attempt, 0]
            }
            Self::Version(who, attempt, version) | Self::Put(who, attempt, version) => {
                [*who + 1, *attempt, *version]
            }
            Self::Call(request, call) | Self::Answered(request, call) | Self::Failed(request, call) => {
                [*request, *call, 0]
            }
        }
    }
}

impl Job {
    /// The message, its amount, the delivery.
    #[must_use]
    pub const fn args(&self) -> Args {
        [self.letter.id, self.letter.amount, self.token]
    }
}

/// Facts that became true with a write and are not in the ledger yet. A write is on disk before its
/// node hears of it, and a crash can come in between: hence this survives one.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Facts(Vec<(u8, Args)>);

impl Facts {
    /// Something became true.
    pub fn add(&mut self, fact: u8, args: Args) {
        self.0.push((fact, args));
    }

    /// Enters everything into the ledger.
    pub fn publish(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for (fact, args) in self.0.drain(..) {
            ctx.observe(fact, args);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::MESSAGES;
    use super::*;

    fn cell(slots: [i32; 3], stamp: i32) -> Cell {
        Cell { slots, stamp, value: slots.iter().sum(), ..Cell::new(1) }
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent_and_only_grows() {
        let all = [cell([0, 0, 0], 0), cell([2, 0, 1], 3), cell([1, 4, 0], 2), cell([3, 1, 1], 9)];
        for a in all {
            assert_eq!(a.merged(&a), a);
            for b in all {
                assert_eq!(a.merged(&b), b.merged(&a));
                assert!((0..3).all(|i| a.merged(&b).slots[i] >= a.slots[i]));
                for c in all {
                    assert_eq!(a.merged(&b).merged(&c), a.merged(&b.merged(&c)));
                }
            }
        }
    }

    #[test]
    fn messages_have_the_kinds_that_the_list_names() {
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        let job = Job { letter: Letter { id: 1, amount: 10 }, token: 1, consumer: 0 };
        assert_eq!(id(Msg::Look(Look { no: 1, who: 1, least: [0; 2] })), "look");
        assert_eq!(id(Msg::Known(job, true, Base::default())), "seen-before");
        assert_eq!(id(Msg::Apply(job, Part::Mark, Base::default())), "mark");
        assert_eq!(id(Msg::Mismatch(job)), "mismatch");
        assert_eq!(id(Msg::PutConflict(1, 1)), "put-conflict");
        assert_eq!(id(Msg::Failed(1, 1)), "failed");
        assert_eq!(MESSAGES.len(), 35);
    }
}
