//! What is on a participant's disk, and how it gets there. Owns the records and what each of them means
//! when it is read; nothing of what follows from it.

use super::super::message::{Msg, record};
use super::Participant;
use crate::kernel::{Ctx, Ticket};
use crate::parts::database::{Tx, Write};
use crate::sorted::Map;

/// A record of a participant's log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// It can commit, whatever happens: the redo is here.
    Prepared(Tx, Vec<Write>),
    /// The decision, as it was told.
    Commit(Tx),
    /// The decision, as it was told.
    Abort(Tx),
    /// What an operator decided here: commit or not.
    Heuristic(Tx, bool),
    /// The coordinator's decision, where the operator's was another: to be repaired.
    Mixed(Tx, bool),
}

impl Participant {
    pub(super) fn write(&mut self, ctx: &mut Ctx<'_, Msg>, record: Record) {
        let (kind, tx) = match record {
            Record::Prepared(tx, _) => (record::PREPARED, tx),
            Record::Commit(tx) => (record::COMMIT, tx),
            Record::Abort(tx) => (record::ABORT, tx),
            Record::Heuristic(tx, true) => (record::HEURISTIC_COMMIT, tx),
            Record::Heuristic(tx, false) => (record::HEURISTIC_ABORT, tx),
            Record::Mixed(tx, _) => (record::MIXED, tx),
        };
        self.log.append(ctx, kind, [tx, 0, 0], record);
    }

    pub(in super::super) fn flush(&mut self, ticket: Ticket) {
        self.flushed = self.log.flush(ticket);
        match &self.flushed {
            Some(Record::Prepared(tx, writes)) => {
                self.prepared.insert(*tx, writes.clone());
            }
            Some(Record::Commit(tx)) => {
                if let Some(writes) = self.prepared.remove(tx) {
                    self.redo.insert(*tx, writes);
                    self.settled.add(*tx);
                }
                self.later.heuristic.remove(tx);
            }
            Some(Record::Abort(tx)) => {
                self.prepared.remove(tx);
                if !self.later.peers.is_empty() {
                    self.later.given_up.insert(*tx, ());
                }
                self.later.heuristic.remove(tx);
            }
            Some(Record::Heuristic(tx, commit)) => {
                if let Some(writes) = self.prepared.remove(tx).filter(|_| *commit) {
                    self.redo.insert(*tx, writes);
                    self.settled.add(*tx);
                }
                self.later.heuristic.insert(*tx, *commit);
                self.later.forced.insert(*tx, *commit);
            }
            Some(Record::Mixed(tx, _)) => {
                if let Some(commit) = self.later.heuristic.remove(tx) {
                    self.later.mixed.insert(*tx, commit);
                }
            }
            None => {}
        }
    }

    pub(in super::super) fn on_crash(&mut self) {
        self.log.crash();
        self.db.crash();
        self.open.clear();
        self.flushed = None;
        self.last = None;
        self.later.asked.clear();
        self.later.slept.clear();
    }
}

/// Reads a whole log: prepared, without an outcome.
pub(super) fn prepared_in<'a>(records: impl Iterator<Item = &'a Record>) -> Map<Tx, Vec<Write>> {
    let mut prepared = Map::new();
    for record in records {
        match record {
            Record::Prepared(tx, writes) => {
                prepared.insert(*tx, writes.clone());
            }
            Record::Commit(tx) | Record::Abort(tx) | Record::Heuristic(tx, _) => {
                prepared.remove(tx);
            }
            Record::Mixed(..) => {}
        }
    }
    prepared
}
