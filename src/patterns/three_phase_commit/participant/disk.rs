//! What a participant's log says. Owns the records and their meaning; nothing volatile.

use super::super::message::{Knowledge, Round, record};
use crate::kernel::Args;
use crate::parts::database::{Tx, Write};
use crate::sorted::Map;

/// A record of a participant's log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// It can commit, whatever happens: the redo is here.
    Prepared(Tx, Vec<Write>),
    /// It follows the leader of this round, and nobody of an earlier one.
    Round(Tx, Round),
    /// Everybody has voted yes, says the leader of this round.
    Precommit(Tx, Round),
    /// Most are to abort, says the leader of this round.
    Preabort(Tx, Round),
    /// Decided.
    Commit(Tx),
    /// Decided.
    Abort(Tx),
}

impl Record {
    /// Its kind, and its values for a reader.
    pub(super) const fn words(&self) -> (u8, Args) {
        match *self {
            Self::Prepared(tx, _) => (record::PREPARED, [tx, 0, 0]),
            Self::Round(tx, round) => (record::ROUND, [tx, round, 0]),
            Self::Precommit(tx, round) => (record::PRECOMMIT, [tx, round, 0]),
            Self::Preabort(tx, round) => (record::PREABORT, [tx, round, 0]),
            Self::Commit(tx) => (record::COMMIT, [tx, 0, 0]),
            Self::Abort(tx) => (record::ABORT, [tx, 0, 0]),
        }
    }
}

/// Prepared, and not decided.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pending {
    pub writes: Vec<Write>,
    pub promised: Round,
    pub knows: Knowledge,
    /// The round that it knows it from.
    pub since: Round,
}

/// What a log says.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Disk {
    pub pending: Map<Tx, Pending>,
    pub outcomes: Map<Tx, bool>,
}

impl Disk {
    /// Reads a whole log.
    pub fn read<'a>(records: impl Iterator<Item = &'a Record>) -> Self {
        let mut disk = Self::default();
        for record in records {
            disk.learn(record);
        }
        disk
    }

    /// One more record; for a commit, what is to be redone.
    pub fn learn(&mut self, record: &Record) -> Option<(Tx, Vec<Write>)> {
        match record {
            // A disk that does its writes in any order has the end of it first, now and then.
            Record::Prepared(tx, _) if self.outcomes.contains_key(tx) => {}
            Record::Prepared(tx, writes) => {
                let writes = writes.clone();
                let pending = Pending { writes, promised: 0, knows: Knowledge::Uncertain, since: 0 };
                self.pending.insert(*tx, pending);
            }
            Record::Round(tx, round) => {
                if let Some(pending) = self.pending.get_mut(tx) {
                    pending.promised = pending.promised.max(*round);
                }
            }
            Record::Precommit(tx, round) => self.knows(*tx, *round, Knowledge::Precommitted),
            Record::Preabort(tx, round) => self.knows(*tx, *round, Knowledge::Preaborted),
            Record::Commit(tx) => {
                self.outcomes.insert(*tx, true);
                return self.pending.remove(tx).map(|pending| (*tx, pending.writes));
            }
            Record::Abort(tx) => {
                self.outcomes.insert(*tx, false);
                self.pending.remove(tx);
            }
        }
        None
    }

    /// Whether a record of the second phase is on it already.
    pub fn holds(&self, record: &Record) -> bool {
        let (tx, round, knows) = match *record {
            Record::Precommit(tx, round) => (tx, round, Knowledge::Precommitted),
            Record::Preabort(tx, round) => (tx, round, Knowledge::Preaborted),
            _ => return false,
        };
        self.pending.get(&tx).is_some_and(|known| known.knows == knows && known.since == round)
    }

    fn knows(&mut self, tx: Tx, round: Round, knows: Knowledge) {
        if let Some(pending) = self.pending.get_mut(&tx).filter(|pending| pending.since <= round) {
            pending.promised = pending.promised.max(round);
            pending.knows = knows;
            pending.since = round;
        }
    }
}
