//! What a participant shows: its mood, one line, its table with what is prepared, what it has heard
//! while it leads, its log. Owns no behaviour.

use super::lead::Phase;
use super::{Knowledge, Open, Participant, Record, Stage, Tx};
use crate::kernel::{Cell, Description, Label, Mark, Mood, Shape};

impl Participant {
    fn newest(&self) -> Option<(Tx, &Open)> {
        self.open.iter().next().map(|(tx, open)| (*tx, open))
    }

    fn knows(&self, tx: Tx) -> Knowledge {
        self.disk.pending.get(&tx).map_or(Knowledge::Uncertain, |pending| pending.knows)
    }

    pub(in super::super) fn mood(&self) -> Mood {
        match (self.newest().map(|(tx, open)| (open.stage, self.knows(tx))), self.last) {
            (Some((Stage::Preparing | Stage::Deciding(_), _)), _) => Mood::Working,
            (Some((Stage::Waiting, Knowledge::Uncertain)), _) => Mood::InDoubt,
            (Some((Stage::Waiting, _)), _) => Mood::Locked,
            (None, Some((_, true))) => Mood::Committed,
            (None, Some((_, false))) => Mood::Aborted,
            (None, None) => Mood::Idle,
        }
    }

    pub(in super::super) fn describe(&self, out: &mut Description) {
        out.status = self.status();
        out.section(Label::new("section.table"), Shape::Table, true);
        for (key, value) in self.db.rows() {
            let owner = self.db.owner(key);
            // While it is down its disk alone speaks.
            let tx = owner.or_else(|| self.disk.pending.keys().next().copied());
            let planned = tx.and_then(|tx| self.disk.pending.get(&tx));
            let write = planned.and_then(|known| known.writes.iter().find(|write| write.key == key));
            let mut cells = vec![Cell::Text(Label::new(self.settings.service.rows()[usize::from(key)]))];
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
        self.describe_lead(out);
        self.log.describe(out, |record| match *record {
            Record::Prepared(tx, _) => Label::with("record.prepared", [tx, 0, 0]),
            Record::Round(tx, round) => Label::with("record.round", [tx, round, 0]),
            Record::Precommit(tx, round) => Label::with("record.precommit", [tx, round, 0]),
            Record::Preabort(tx, round) => Label::with("record.preabort", [tx, round, 0]),
            Record::Commit(tx) => Label::with("record.commit", [tx, 0, 0]),
            Record::Abort(tx) => Label::with("record.abort", [tx, 0, 0]),
        });
    }

    /// While it leads: what everybody has reported.
    fn describe_lead(&self, out: &mut Description) {
        let Some((tx, Some(lead))) = self.newest().map(|(tx, open)| (tx, open.lead.as_ref())) else {
            return;
        };
        out.section(Label::with("section.lead", [tx, lead.round, 0]), Shape::Table, false);
        for (place, node) in self.settings.all.iter().enumerate() {
            let state = match (lead.phase, lead.reports[place]) {
                (Phase::Bringing(_), _) if lead.acknowledged.has(place) => "answer.here",
                (_, None) => "answer.waiting",
                (_, Some((_, _, true))) => "answer.was-down",
                (_, Some((Knowledge::Uncertain, ..))) => "answer.uncertain",
                (_, Some((Knowledge::Precommitted, ..))) => "answer.precommitted",
                (_, Some((Knowledge::Preaborted, ..))) => "answer.preaborted",
            };
            let cells = [
                Cell::Text(Label::with("row.node", [i32::from(node.0), 0, 0])),
                Cell::Text(Label::new(state)),
            ];
            out.row(place as u64, Mark::Plain, &cells);
        }
    }

    fn status(&self) -> Option<Label> {
        let Some((tx, open)) = self.newest() else {
            return self.last.map(|(tx, commit)| {
                Label::with(if commit { "status.committed" } else { "status.aborted" }, [tx, 0, 0])
            });
        };
        let args = [tx, open.promised, open.asked.0 as i32];
        let key = match (open.stage, self.knows(tx), &open.lead) {
            (Stage::Preparing, ..) => "status.preparing",
            (Stage::Deciding(true), ..) => "status.writing-commit",
            (Stage::Deciding(false), ..) => "status.writing-abort",
            (Stage::Waiting, _, Some(lead)) => match lead.phase {
                Phase::Asking => "status.leading",
                Phase::Bringing(true) => "status.leading-to-commit",
                Phase::Bringing(false) => "status.leading-to-abort",
            },
            (Stage::Waiting, ..) if open.recovered => "status.was-down",
            (Stage::Waiting, Knowledge::Uncertain, None) => "status.uncertain",
            (Stage::Waiting, Knowledge::Precommitted, None) => "status.precommitted",
            (Stage::Waiting, Knowledge::Preaborted, None) => "status.preaborted",
        };
        Some(Label::with(key, args))
    }
}
