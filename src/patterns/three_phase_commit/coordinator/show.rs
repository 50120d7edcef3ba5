//! What the coordinator shows: its mood, one line, who has answered, its log. Owns no behaviour.

use super::{Coordinator, Phase, Record};
use crate::kernel::{Cell, Description, Label, Mark, Mood, Shape};

impl Coordinator {
    pub(in super::super) fn mood(&self) -> Mood {
        match (self.open.values().next_back().map(|open| open.phase), self.last) {
            (Some(Phase::Voting | Phase::Precommitting | Phase::Asking), _) => Mood::Waiting,
            (Some(Phase::Knowing | Phase::Deciding), _) => Mood::Working,
            (Some(Phase::Committing), _) | (None, Some((_, true))) => Mood::Committed,
            (None, Some((_, false))) => Mood::Aborted,
            (None, None) => Mood::Idle,
        }
    }

    pub(in super::super) fn describe(&self, out: &mut Description) {
        let newest = self.open.iter().next_back();
        out.status = match (newest, self.last) {
            (Some((tx, open)), _) => {
                let got = open.answered.count() as i32;
                let args = [*tx, got, self.settings.participants.len() as i32];
                let key = match open.phase {
                    Phase::Voting => "status.voting",
                    Phase::Knowing => "status.knowing",
                    Phase::Precommitting if open.again => "status.precommitting-again",
                    Phase::Precommitting => "status.precommitting",
                    Phase::Deciding => "status.deciding",
                    Phase::Committing => "status.committing",
                    Phase::Asking => "status.asking-all",
                };
                Some(Label::with(key, args))
            }
            (None, Some((tx, true))) => Some(Label::with("status.complete", [tx, 0, 0])),
            (None, Some((tx, false))) => Some(Label::with("status.given-up", [tx, 0, 0])),
            (None, None) => None,
        };
        if let Some((tx, open)) = newest {
            let title = match open.phase {
                Phase::Voting | Phase::Knowing => "section.votes",
                Phase::Precommitting => "section.acks",
                Phase::Deciding | Phase::Committing => "section.commits",
                Phase::Asking => "section.answers",
            };
            out.section(Label::with(title, [*tx, 0, 0]), Shape::Table, false);
            for (place, node) in self.settings.participants.iter().enumerate() {
                let state = match (open.phase, open.answered.has(place), open.asked.has(place)) {
                    (Phase::Asking, ..) if open.precommitted.has(place) => "answer.precommitted",
                    (Phase::Asking, ..) if open.lost.has(place) => "answer.uncertain",
                    (Phase::Voting | Phase::Knowing, true, _) => "answer.yes",
                    (_, true, _) => "answer.here",
                    (_, false, true) => "answer.waiting",
                    (_, false, false) => "answer.not-asked",
                };
                let cells = [
                    Cell::Text(Label::with("row.node", [i32::from(node.0), 0, 0])),
                    Cell::Text(Label::new(state)),
                ];
                out.row(place as u64, Mark::Plain, &cells);
            }
        }
        self.log.describe(out, |record| match *record {
            Record::Precommit(tx) => Label::with("record.precommit", [tx, 0, 0]),
            Record::Commit(tx) => Label::with("record.commit", [tx, 0, 0]),
            Record::Abort(tx) => Label::with("record.abort", [tx, 0, 0]),
            Record::End(tx) => Label::with("record.end", [tx, 0, 0]),
        });
    }
}
