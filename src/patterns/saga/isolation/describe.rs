//! What the nodes of this cast show of themselves. Owns no state.

use super::course::{Kind, Stage};
use super::records::{Records, Rows};
use super::sagas::{Entry, Sagas, State};
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many entries of a log are shown: the newest.
const SHOWN: usize = 6;

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

const fn state(state: State) -> (&'static str, Mark) {
    match state {
        State::Pending => ("row.pending", Mark::Provisional),
        State::Approved => ("row.approved", Mark::Plain),
        State::Cancelling => ("row.cancelling", Mark::Provisional),
        State::Cancelled => ("row.cancelled", Mark::Plain),
        State::Rejected => ("row.rejected", Mark::Plain),
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "row.create",
        Kind::Cancel => "row.cancel",
    }
}

/// What a stage is called; `{1}` is the work.
const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Ask(_) => "stage.ask",
        Stage::Undo(_) => "stage.undo",
        Stage::Approve => "stage.approve",
        Stage::MarkCancelled => "stage.mark",
        Stage::Reject => "stage.reject",
        Stage::Restore => "stage.restore",
        Stage::End => "stage.end",
    }
}

const fn work_of(stage: Stage) -> i32 {
    match stage.work() {
        Some(work) => work as i32,
        None => 0,
    }
}

pub fn of_sagas(s: &Sagas, out: &mut Description) {
    out.section(Label::new("section.orders"), Shape::Table, true);
    for (&order, row) in s.orders.iter().rev().take(5).collect::<Vec<_>>().into_iter().rev() {
        let (key, mark) = state(row.state);
        let mark = if row.lock.is_some() { Mark::Locked } else { mark };
        let cells = [text("row.order", [order, 0, 0]), text(key, [0; 3]), Cell::Number(row.amount.into())];
        out.row(order as u64, mark, &cells);
    }
    for (n, (k, order)) in s.stash.iter().enumerate() {
        let cells = [text(kind(*k), [*order, 0, 0]), text("row.waits", [0; 3])];
        out.row(1 << 40 | n as u64, Mark::Provisional, &cells);
    }
    if s.raise != 0 {
        out.row(1 << 41, Mark::Plain, &[text("row.prices", [0; 3]), Cell::Number(s.raise.into())]);
    }
    if !s.open.is_empty() {
        out.section(Label::new("section.sagas"), Shape::Table, true);
        for running in &s.open {
            let args = [running.saga, work_of(running.stage), running.amount];
            let mark = if running.moving { Mark::Provisional } else { Mark::Plain };
            let cells = [text(kind(running.kind), [running.order, 0, 0]), text(stage(running.stage), args)];
            out.row(running.saga as u64, mark, &cells);
        }
    }
    out.section(Label::new("section.saga-log"), Shape::Log, true);
    let mut line = |key: usize, mark, e: &Entry| {
        let label = match *e {
            Entry::Begin(_, Kind::Create, order) => text("log.create", [order, 0, 0]),
            Entry::Begin(_, Kind::Cancel, order) => text("log.cancel", [order, 0, 0]),
            Entry::To(saga, at, _) => text(stage(at), [saga, work_of(at), 0]),
            Entry::Stash(_, order) | Entry::Unstash(_, order) => text("log.stash", [order, 0, 0]),
            Entry::Price(by) => text("log.price", [by, 0, 0]),
        };
        out.row(key as u64, mark, &[Cell::Number(key as i64 + 1), label]);
    };
    let len = s.log.len();
    let newest: Vec<_> = s.log.records().rev().take(SHOWN).collect();
    for (i, entry) in newest.iter().rev().enumerate() {
        line(len - newest.len() + i, Mark::Plain, entry);
    }
    for (i, entry) in s.log.staged().enumerate() {
        line(len + i, Mark::Pending, entry);
    }
    out.status = s.open.last().map(|r| {
        let key = if r.kind == Kind::Create { "status.creating" } else { "status.giving-up" };
        Label::with(key, [r.order, work_of(r.stage), 0])
    });
}

pub fn of_records(s: &Records, out: &mut Description) {
    match &s.rows {
        Rows::Account { free, before, taken, lock, .. } => {
            out.section(Label::new("section.account"), Shape::Table, true);
            let number = match before {
                Some(before) if before != free => Cell::Change((*before).into(), (*free).into()),
                _ => Cell::Number((*free).into()),
            };
            let mark = match lock {
                Some(_) => Mark::Locked,
                None if *free < 0 => Mark::Wrong,
                None => Mark::Plain,
            };
            out.row(0, mark, &[text("row.credit-left", [0; 3]), number]);
            for (order, amount) in taken.iter() {
                let cells = [text("row.taken-by", [*order, 0, 0]), Cell::Number((*amount).into())];
                out.row(1 + *order as u64, Mark::Plain, &cells);
            }
        }
        Rows::Parcels(parcels) => {
            out.section(Label::new("section.parcels"), Shape::Table, true);
            for (order, bill) in parcels.iter() {
                let cells = [text("row.parcel", [*order, *bill, 0]), Cell::Number((*bill).into())];
                out.row(*order as u64, Mark::Plain, &cells);
            }
        }
    }
    for (n, ask) in s.writing().enumerate() {
        let cells = [text("row.asked", [ask.order, ask.work as i32, 0])];
        out.row(1 << 40 | n as u64, Mark::Pending, &cells);
    }
    for (n, ask) in s.waiting.iter().enumerate() {
        let cells = [text("row.asked", [ask.order, ask.work as i32, 0]), text("row.waits", [0; 3])];
        out.row(1 << 41 | n as u64, Mark::Provisional, &cells);
    }
    for (n, order) in s.taken_back.iter().rev().take(4).enumerate() {
        out.row(1 << 42 | n as u64, Mark::Plain, &[text("row.version-file", [*order, 0, 0])]);
    }
}
