//! What a participant shows: its mood, one line, its table with what is prepared, its log. Owns no
//! behaviour.

use super::{Participant, Record, Stage};
use crate::kernel::{Cell, Description, Label, Mark, Mood, Shape};

impl Participant {
    pub(in super::super) fn mood(&self) -> Mood {
        // The transaction that holds the locks says more than one that waits for them.
        let stages = || self.open.values().map(|open| (open.stage, open.voted));
        if let Some((stage, voted)) = stages().find(|(stage, _)| *stage != Stage::Blocked) {
            return match (stage, voted) {
                (Stage::Committing | Stage::Forcing, _) => Mood::Working,
                (_, true) => Mood::InDoubt,
                (_, false) => Mood::Locked,
            };
        }
        match self.last {
            Some((tx, _)) if self.is_flagged(tx) => Mood::Stuck,
            Some((_, true)) => Mood::Committed,
            Some((_, false)) => Mood::Aborted,
            None => Mood::Idle,
        }
    }

    pub(in super::super) fn describe(&self, out: &mut Description) {
        out.status = self.status();
        out.section(Label::new("section.table"), Shape::Table, true);
        for (key, value) in self.db.rows() {
            let owner = self.db.owner(key);
            let lasting = self.prepared.iter().next().filter(|_| self.open.is_empty());
            let planned = (owner.and_then(|tx| Some((tx, &self.open.get(&tx)?.writes))))
                .or(lasting.map(|(tx, writes)| (*tx, writes)));
            let write = planned.and_then(|(_, writes)| writes.iter().find(|write| write.key == key));
            let name = self.settings.service.rows()[usize::from(key)];
            let mut cells = vec![Cell::Text(Label::new(name))];
            cells.push(match write {
                Some(write) => Cell::Change(i64::from(write.from), i64::from(write.to)),
                None => Cell::Number(i64::from(value)),
            });
            if let Some(tx) = owner {
                cells.push(Cell::Text(Label::with("row.locked-by", [tx, 0, 0])));
            }
            let mark = match (owner, write) {
                (Some(_), _) => Mark::Locked,
                (None, Some(_)) => Mark::Provisional,
                (None, None) => Mark::Plain,
            };
            out.row(u64::from(key), mark, &cells);
        }
        self.log.describe(out, |record| match record {
            Record::Prepared(tx, _) => Label::with("log.prepared", [*tx, 0, 0]),
            Record::Commit(tx) => Label::with("log.commit", [*tx, 0, 0]),
            Record::Abort(tx) => Label::with("log.abort", [*tx, 0, 0]),
            Record::Heuristic(tx, true) => Label::with("record.heuristic-commit", [*tx, 0, 0]),
            Record::Heuristic(tx, false) => Label::with("record.heuristic-abort", [*tx, 0, 0]),
            Record::Mixed(tx, _) => Label::with("record.mixed", [*tx, 0, 0]),
        });
        self.describe_waits(out);
        self.describe_operated(out);
    }

    /// Who waits here for whom: an edge of the wait-for graph a row.
    fn describe_waits(&self, out: &mut Description) {
        let owner = self.db.locks().map(|(_, tx)| tx).next();
        let mut waits = self.open.iter().filter(|(_, open)| open.stage == Stage::Blocked).peekable();
        let (Some(owner), true) = (owner, waits.peek().is_some()) else { return };
        out.section(Label::new("section.waits"), Shape::Queue, false);
        for (tx, _) in waits {
            out.row(*tx as u64, Mark::Pending, &[Cell::Text(Label::with("row.waits", [*tx, owner, 0]))]);
        }
    }

    /// What an operator decided, until it is known to be right; for good, if it was not.
    fn describe_operated(&self, out: &mut Description) {
        for (i, (tx, commit)) in self.operated().enumerate() {
            if i == 0 {
                out.section(Label::new("section.operator"), Shape::Queue, true);
            }
            let wrong = self.is_flagged(tx);
            let label = match (commit, wrong) {
                (true, false) => "row.forced-commit",
                (false, false) => "row.forced-abort",
                (true, true) => "row.forced-commit-wrong",
                (false, true) => "row.forced-abort-wrong",
            };
            let mark = if wrong { Mark::Wrong } else { Mark::Provisional };
            out.row(tx as u64, mark, &[Cell::Text(Label::with(label, [tx, 0, 0]))]);
        }
    }

    fn status(&self) -> Option<Label> {
        if let Some((tx, open)) = self.open.iter().find(|(_, open)| open.stage != Stage::Blocked) {
            return Some(match (open.stage, open.voted, open.enquiries.0) {
                (Stage::Committing, ..) => Label::with("status.writing-commit", [*tx, 0, 0]),
                (Stage::Forcing, ..) => Label::with("status.forcing", [*tx, 0, 0]),
                (_, false, _) => Label::with("status.preparing", [*tx, 0, 0]),
                (_, true, 0) => Label::with("status.in-doubt", [*tx, 0, 0]),
                (_, true, n) => Label::with("status.asking", [*tx, n as i32, 0]),
            });
        }
        let label = match self.last? {
            (tx, _) if self.is_flagged(tx) => Label::with("status.mixed", [tx, 0, 0]),
            (tx, true) => Label::with("status.committed", [tx, 0, 0]),
            (tx, false) => Label::with("status.aborted", [tx, 0, 0]),
        };
        Some(label)
    }
}
