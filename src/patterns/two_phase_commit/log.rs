//! How a write-ahead log is shown: its newest records, what is on its way to the disk, and how many
//! came before. Shared by coordinator and participants; owns nothing else.

use std::hash::Hash;

use crate::kernel::{Cell, Description, Label, Mark, Shape};
use crate::parts::wal::Wal;

/// How many records are shown.
const SHOWN: usize = 6;

/// Adds a log to a description, newest last.
pub(super) fn describe<R: Clone + Hash>(out: &mut Description, log: &Wal<R>, name: impl Fn(&R) -> Label) {
    out.section(Label::new("section.log"), Shape::Log, true);
    let staged = log.staged().count();
    let shown = SHOWN.saturating_sub(staged).min(log.len());
    let earlier = log.len() - shown;
    if earlier > 0 {
        let label = Label::with("log.earlier", [earlier as i32, 0, 0]);
        out.row(u64::MAX, Mark::Plain, &[Cell::Text(label)]);
    }
    let mut newest: Vec<&R> = log.records().rev().take(shown).collect();
    newest.reverse();
    for (i, record) in newest.into_iter().enumerate() {
        out.row((earlier + i) as u64, Mark::Plain, &[Cell::Text(name(record))]);
    }
    for (i, record) in log.staged().enumerate() {
        out.row((log.len() + i) as u64, Mark::Pending, &[Cell::Text(name(record))]);
    }
}
