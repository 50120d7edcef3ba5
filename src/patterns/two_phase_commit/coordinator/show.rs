//! What the coordinator shows: its mood, one line, votes or acknowledgements, its log. Owns no
//! behaviour.

use super::{Coordinator, Phase, Record};
use crate::kernel::{Cell, Description, Label, Mark, Mood, Shape};

impl Coordinator {
    pub(in super::super) fn mood(&self) -> Mood {
        match (self.open.values().next_back().map(|open| open.phase), self.last) {
            (Some(Phase::Collecting), _) => Mood::Waiting,
            (Some(Phase::Deciding), _) => Mood::Working,
            (Some(Phase::Committing), _) | (None, Some((_, true))) => Mood::Committed,
            (None, Some((_, false))) => Mood::Aborted,
            (None, None) => Mood::Idle,
        }
    }

    pub(in super::super) fn describe(&self, out: &mut Description) {
        let newest = self.open.iter().next_back();
        out.status = match (newest, self.last) {
            (Some((tx, open)), _) => {
                let got = open.answered.0.count_ones() as i32;
                let args = [*tx, got, self.settings.participants.len() as i32];
                Some(match (open.phase, open.resends.0) {
                    (Phase::Collecting, _) => Label::with("status.collecting", args),
                    (Phase::Deciding, _) => Label::with("status.deciding", args),
                    (Phase::Committing, 0) => Label::with("status.committing", args),
                    (Phase::Committing, n) => Label::with("status.resending", [*tx, got, n as i32]),
                })
            }
            (None, Some((tx, true))) => Some(Label::with("status.complete", [tx, 0, 0])),
            (None, Some((tx, false))) => Some(Label::with("status.given-up", [tx, 0, 0])),
            (None, None) => None,
        };
        if let Some((tx, open)) = newest {
            let committing = open.phase == Phase::Committing;
            let title = if committing { "section.acks" } else { "section.votes" };
            out.section(Label::with(title, [*tx, 0, 0]), Shape::Table, false);
            for (place, node) in self.settings.participants.iter().enumerate() {
                let state = match (open.answered.has(place), open.asked.has(place), committing) {
                    (true, _, false) => "vote.yes",
                    (false, true, false) => "vote.waiting",
                    (false, false, false) => "vote.not-asked",
                    (true, _, true) => "ack.here",
                    (false, true, true) => "ack.waiting",
                    (false, false, true) => "ack.not-told",
                };
                let cells = [
                    Cell::Text(Label::with("row.node", [i32::from(node.0), 0, 0])),
                    Cell::Text(Label::new(state)),
                ];
                out.row(place as u64, Mark::Plain, &cells);
            }
        }
        self.log.describe(out, |record| match *record {
            Record::Commit(tx) => Label::with("log.commit", [tx, 0, 0]),
            Record::End(tx) => Label::with("log.end", [tx, 0, 0]),
            Record::Mixed(tx, _) => Label::with("log.mixed", [tx, 0, 0]),
        });
        if self.later.mixed.is_empty() {
            return;
        }
        out.section(Label::new("section.repair"), Shape::Queue, true);
        for (tx, places) in self.later.mixed.iter() {
            for (place, node) in
                self.settings.participants.iter().enumerate().filter(|(p, _)| places.has(*p))
            {
                let cells = [
                    Cell::Text(Label::with("row.tx", [*tx, 0, 0])),
                    Cell::Text(Label::with("row.node", [i32::from(node.0), 0, 0])),
                ];
                out.row((*tx as u64) << 8 | place as u64, Mark::Wrong, &cells);
            }
        }
    }
}
