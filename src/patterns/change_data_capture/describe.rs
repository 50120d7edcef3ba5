//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::CdcMachine;
use super::app::{Answer, App};
use super::broker::{self, Broker};
use super::connector::{Connector, Stage};
use super::consumer::{self, Consumer};
use super::database::{self, Database};
use super::message::{Entry, Envelope, Op, Want};
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many rows of a table, entries of a log, are shown: the newest.
const SHOWN: usize = 6;

pub(super) fn describe(machine: &CdcMachine, out: &mut Description) {
    match machine {
        CdcMachine::App(app) => of_app(app, out),
        CdcMachine::Database(database) => of_database(database, out),
        CdcMachine::Connector(connector) => of_connector(connector, out),
        CdcMachine::Broker(broker) => of_broker(broker, out),
        CdcMachine::Consumer(consumer) => of_consumer(consumer, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

fn number(n: i32) -> Cell {
    Cell::Number(i64::from(n))
}

/// An event: what happened to which row, the amounts, the position.
fn event(value: &Envelope) -> [Cell; 3] {
    let amounts = match (value.op, value.before, value.after) {
        (Op::Tombstone, ..) => text("row.null", [0; 3]),
        (_, Some(before), Some(after)) => Cell::Change(i64::from(before), i64::from(after)),
        (_, None, Some(after)) => number(after),
        _ => text("row.none", [0; 3]),
    };
    [text("row.event", value.args()), amounts, text("row.lsn", value.args())]
}

fn of_app(app: &App, out: &mut Description) {
    out.section(Label::new("section.writes"), Shape::Table, true);
    let first = app.writes.len().saturating_sub(SHOWN);
    for (i, (want, answer)) in app.writes.iter().enumerate().skip(first) {
        let key = match want {
            Want::Insert(_) => "row.insert",
            Want::Update(_) => "row.update",
            Want::Delete(_) => "row.delete",
            Want::Alter(false) => "row.add-column",
            Want::Alter(true) => "row.rename-column",
        };
        let (state, mark) = match answer {
            Answer::Open => ("row.open", Mark::Provisional),
            Answer::Done => ("row.done", Mark::Plain),
            Answer::Failed => ("row.failed", Mark::Plain),
        };
        out.row(i as u64, mark, &[text(key, [want.key(), 0, 0]), text(state, [0; 3])]);
    }
}

fn of_database(d: &Database, out: &mut Description) {
    out.section(Label::new("section.table"), Shape::Table, true);
    for (key, amount) in d.rows() {
        let hidden = d.hidden.iter().any(|value| value.key == key);
        let mark = if hidden { Mark::Provisional } else { Mark::Plain };
        out.row(key as u64, mark, &[text("row.key", [key, 0, 0]), number(amount)]);
    }
    out.section(Label::new("section.log"), Shape::Log, true);
    let kept = d.wal.kept() as usize;
    for entry in d.wal.entries().skip(kept.saturating_sub(SHOWN)) {
        let lsn = entry.lsn();
        let [what, amounts] = match entry {
            Entry::Change(value) => [event(value)[0], event(value)[1]],
            Entry::Low(_, chunk) => [text("row.low", [*chunk as i32, 0, 0]), text("row.none", [0; 3])],
            Entry::High(_, chunk) => [text("row.high", [*chunk as i32, 0, 0]), text("row.none", [0; 3])],
        };
        out.row(lsn as u64, Mark::Plain, &[number(lsn), what, amounts]);
    }
    for (i, write) in d.staged.iter().enumerate() {
        if let database::Write::Commit(_, want) = write {
            let key = match want {
                Want::Insert(_) => "row.insert",
                Want::Update(_) => "row.update",
                Want::Delete(_) => "row.delete",
                Want::Alter(_) => "row.alter",
            };
            let lsn = d.wal.end() + 1 + i as i32;
            out.row(lsn as u64, Mark::Pending, &[number(lsn), text(key, [want.key(), 0, 0])]);
        }
    }
    out.section(Label::new("section.slot"), Shape::Facts, true);
    match d.wal.slot() {
        None => {
            out.row(0, Mark::Plain, &[text("row.no-slot", [0; 3])]);
        }
        Some(slot) if slot.lost => {
            out.row(0, Mark::Wrong, &[text("row.slot-lost", [0; 3])]);
        }
        Some(slot) => {
            out.row(0, Mark::Plain, &[text("row.confirmed", [0; 3]), number(slot.confirmed)]);
            let room = if d.settings.disk > 0 { d.settings.disk } else { d.settings.slot_limit };
            let key = if room > 0 { "row.kept-of" } else { "row.kept" };
            let mark = if room > 0 && d.wal.kept() * 2 > room { Mark::Provisional } else { Mark::Plain };
            let cells = [text("row.keeps", [0; 3]), text(key, [d.wal.kept() as i32, room as i32, 0])];
            out.row(1, mark, &cells);
        }
    }
    out.status = match d.stream {
        Some(stream) => Some(Label::with("status.streams", [i32::from(stream.reader.0), stream.sent, 0])),
        None if d.schema > 1 => Some(Label::with("status.schema", [i32::from(d.schema), 0, 0])),
        None => None,
    };
}

fn of_connector(c: &Connector, out: &mut Description) {
    out.status = match c.stage {
        Stage::Off => Some(Label::new("status.off")),
        Stage::Failed => Some(Label::new("status.failed")),
        Stage::Scanning(after) => Some(Label::with("status.scanning", [after, 0, 0])),
        Stage::Starting => Some(Label::new("status.starting")),
        _ => None,
    };
    out.section(Label::new("section.position"), Shape::Facts, false);
    if c.stage == Stage::Streaming {
        for (i, (key, lsn)) in
            [("row.received", c.received), ("row.stored", c.stored), ("row.on-record", c.flushed)]
                .into_iter()
                .enumerate()
        {
            // What is stored and not on record comes again after a crash.
            let mark = if i == 2 && lsn < c.stored { Mark::Provisional } else { Mark::Plain };
            out.row(i as u64, mark, &[text(key, [0; 3]), number(lsn.max(0))]);
        }
    }
    out.section(Label::new("section.queue"), Shape::Queue, false);
    for (i, waiting) in c.queue.iter().take(SHOWN).enumerate() {
        let value = &waiting.value;
        let key = (value.lsn as u64) << 32 | (value.key as u64) << 4 | value.op.number() as u64;
        let mark = if i == 0 { Mark::Plain } else { Mark::Provisional };
        out.row(key, mark, &event(value));
    }
    if let Some(window) = &c.window {
        let title = Label::with("section.window", [window.chunk as i32, 0, 0]);
        out.section(title, Shape::Table, false);
        for (key, amount) in window.rows() {
            let cells = [text("row.key", [*key, 0, 0]), number(*amount)];
            out.row(*key as u64, Mark::Provisional, &cells);
        }
        if window.dropped > 0 {
            out.row(u64::MAX, Mark::Plain, &[text("row.dropped", [window.dropped as i32, 0, 0])]);
        }
    }
}

fn of_broker(b: &Broker, out: &mut Description) {
    out.section(Label::new("section.topic"), Shape::Log, true);
    let records: Vec<_> = b.records(0).collect();
    let next = b.readers.first().and_then(|r| r.group.committed(0)).unwrap_or(0);
    for (offset, value) in records.iter().skip(records.len().saturating_sub(SHOWN)) {
        let mark = if *offset < next { Mark::Plain } else { Mark::Provisional };
        let [what, amounts, lsn] = event(value);
        out.row(u64::from(*offset), mark, &[Cell::Number(i64::from(*offset)), what, amounts, lsn]);
    }
    for (i, write) in b.staged.iter().enumerate() {
        if let broker::Write::Append(_, produce) = write {
            let offset = b.topic.end(0) + i as u32;
            let [what, amounts, lsn] = event(&produce.value);
            let cells = [Cell::Number(i64::from(offset)), what, amounts, lsn];
            out.row(u64::from(offset), Mark::Pending, &cells);
        }
    }
    out.section(Label::new("section.offsets"), Shape::Facts, true);
    let lsn = b.offset.map_or(text("row.none", [0; 3]), number);
    out.row(0, Mark::Plain, &[text("row.connector-offset", [0; 3]), lsn]);
    for (i, reader) in b.readers.iter().enumerate() {
        let next = i64::from(reader.group.committed(0).unwrap_or(0));
        let name = text("row.reader", [i32::from(reader.node.0), 0, 0]);
        out.row(1 + i as u64, Mark::Plain, &[name, Cell::Number(next)]);
    }
}

fn of_consumer(c: &Consumer, out: &mut Description) {
    out.section(Label::new("section.copy"), Shape::Table, true);
    for (key, amount) in c.rows() {
        let lsn = c.positions.get(&key).copied().unwrap_or(0);
        let name = text("row.key", [key, 0, 0]);
        if c.settings.dedup {
            out.row(key as u64, Mark::Plain, &[name, number(amount), text("row.lsn", [key, 0, lsn])]);
        } else {
            out.row(key as u64, Mark::Plain, &[name, number(amount)]);
        }
    }
    for write in c.staged.iter() {
        if let consumer::Write::Apply((_, offset, value, looked)) = write {
            let after = looked.unwrap_or(value.after).map_or(text("row.none", [0; 3]), number);
            out.row(1 << 32 | u64::from(*offset), Mark::Pending, &[event(value)[0], after]);
        }
    }
    out.section(Label::new("section.sum"), Shape::Facts, true);
    out.row(0, Mark::Plain, &[text("row.sum", [0; 3]), number(c.sum())]);
    if !c.dead.is_empty() {
        out.section(Label::new("section.dead"), Shape::Queue, true);
        for (i, value) in c.dead.iter().enumerate().skip(c.dead.len().saturating_sub(SHOWN)) {
            out.row(i as u64, Mark::Wrong, &event(value));
        }
    }
    out.status = c.unreadable.map(|value| Label::with("status.unreadable", value.args()));
}
