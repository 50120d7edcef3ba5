//! What a crowd, its row, and layers of services show.

use super::super::crowd::{Crowd, VersionedRow};
use super::super::layers::Layer;
use super::text;
use crate::kernel::{Description, Label, Mark, Shape};

/// Callers shown.
const SHOWN: usize = 8;

pub(super) fn of_crowd(crowd: &Crowd, out: &mut Description) {
    out.section(Label::new("section.callers"), Shape::Table, false);
    for (who, caller) in crowd.callers.iter().enumerate().take(SHOWN) {
        let (key, mark) = match (caller.through, caller.pausing) {
            (true, _) => ("row.through", Mark::Plain),
            (false, true) => ("row.pausing", Mark::Provisional),
            (false, false) => ("row.trying", Mark::Plain),
        };
        let attempt = caller.sent.failed as i32 + i32::from(!caller.pausing);
        let cells = [text("row.caller", [who as i32 + 1, 0, 0]), text(key, [attempt, 0, 0])];
        out.row(who as u64, mark, &cells);
    }
    let waiting = crowd.waiting() as i32;
    if waiting > 0 {
        out.status = Some(Label::with("status.crowd", [waiting, crowd.callers.len() as i32, 0]));
    }
}

pub(super) fn of_row(row: &VersionedRow, out: &mut Description) {
    out.section(Label::new("section.row"), Shape::Facts, true);
    let facts = [("row.version", row.version), ("row.calls", row.calls), ("row.conflicts", row.conflicts)];
    for (n, (key, value)) in facts.into_iter().enumerate() {
        out.row(n as u64, Mark::Plain, &[text(key, [value, 0, 0])]);
    }
}

pub(super) fn of_layer(layer: &Layer, out: &mut Description) {
    out.section(Label::new("section.calls"), Shape::Table, false);
    for (request, calls) in &layer.costs {
        let cells = [text("row.request", [*request, 0, 0]), text("row.so-many-calls", [*calls, 0, 0])];
        out.row(*request as u64, Mark::Plain, &cells);
    }
    out.status = layer
        .open
        .last()
        .map(|open| Label::with("status.calling", [open.request, open.sent.failed as i32 + 1, 0]));
}
