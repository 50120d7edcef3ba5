//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::OutboxMachine;
use super::broker::{Broker, Write};
use super::client::{Answer, Client};
use super::message::{Change, What};
use super::orders::{Method, Orders, Stage};
use super::relay::{self, Relay};
use super::shipping::Shipping;
use super::table::State;
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many rows of a table, entries of a log, are shown: the newest.
const SHOWN: usize = 6;

pub(super) fn describe(machine: &OutboxMachine, out: &mut Description) {
    match machine {
        OutboxMachine::Client(client) => of_client(client, out),
        OutboxMachine::Orders(orders) => of_orders(orders, out),
        OutboxMachine::Relay(relay) => of_relay(relay, out),
        OutboxMachine::Broker(broker) => of_broker(broker, out),
        OutboxMachine::Shipping(shipping) => of_shipping(shipping, out),
    }
}

/// Skips all but the newest.
fn newest<T>(rows: impl Iterator<Item = T>, len: usize) -> impl Iterator<Item = T> {
    rows.skip(len.saturating_sub(SHOWN))
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

/// An event: `order 1 placed`.
const fn event(change: &Change) -> Cell {
    text("row.event", change.args())
}

fn of_client(client: &Client, out: &mut Description) {
    out.section(Label::new("section.requests"), Shape::Table, true);
    for (i, (order, what, answer)) in newest(client.sent.iter().enumerate(), client.sent.len()) {
        let (key, mark) = match answer {
            Answer::Open => ("row.asked", Mark::Provisional),
            Answer::Accepted => ("row.accepted", Mark::Plain),
            Answer::Rejected => ("row.rejected", Mark::Plain),
        };
        let request = text("row.request", [*order, what.number(), 0]);
        out.row(i as u64, mark, &[request, text(key, [0; 3])]);
    }
}

fn of_orders(o: &Orders, out: &mut Description) {
    out.section(Label::new("section.orders"), Shape::Table, true);
    let state =
        |what: What| text(if what == What::Placed { "row.placed" } else { "row.cancelled" }, [0; 3]);
    for (order, what) in newest(o.table.iter(), o.table.len()) {
        out.row(*order as u64, Mark::Plain, &[text("row.order", [*order, 0, 0]), state(*what)]);
    }
    for tx in &o.open {
        let change = tx.row.change;
        let cells = [text("row.order", [change.order, 0, 0]), state(change.what)];
        // A row of its own, as the committed one is still there for everybody else.
        out.row(1 << 32 | change.id as u64, Mark::Pending, &cells);
    }
    if o.settings.method == Method::Outbox {
        let by_clock = o.settings.skew > 0;
        let cells = |change: &Change, created, key| {
            let end = if by_clock { Cell::Number(created) } else { text(key, [0; 3]) };
            [Cell::Number(i64::from(change.id)), event(change), end]
        };
        let title = if by_clock { "section.outbox-clock" } else { "section.outbox" };
        out.section(Label::new(title), Shape::Table, true);
        for row in newest(o.outbox.rows(), o.outbox.len()) {
            let (key, mark) = match row.state {
                _ if o.locked(row.change.id) => ("row.locked", Mark::Locked),
                State::Unsent => ("row.unsent", Mark::Plain),
                State::Sent => ("row.sent", Mark::Plain),
                State::Parked => ("row.parked", Mark::Provisional),
            };
            out.row(row.change.id as u64, mark, &cells(&row.change, i64::from(row.created), key));
        }
        for tx in &o.open {
            let row = tx.row;
            let cells = cells(&row.change, i64::from(row.created), "row.open");
            out.row(row.change.id as u64, Mark::Pending, &cells);
        }
    } else {
        out.section(Label::new("section.memory"), Shape::Queue, false);
        let first = o.open.iter().filter(|tx| matches!(tx.stage, Stage::Publishing(_)));
        let memory = first.map(|tx| tx.row.change).chain(o.to_publish.iter().map(|(change, _)| *change));
        for change in memory {
            out.row(change.id as u64, Mark::Plain, &[Cell::Number(i64::from(change.id)), event(&change)]);
        }
    }
    out.status = match o.open.iter().find(|tx| tx.stage == Stage::Working) {
        Some(tx) => Some(Label::with("status.open", [tx.row.change.order, 0, tx.row.change.id])),
        None if o.outbox.len() > SHOWN => Some(Label::with("status.rows", [o.outbox.len() as i32, 0, 0])),
        None => None,
    };
}

fn of_relay(r: &Relay, out: &mut Description) {
    if let Some(cursor) = r.read_to() {
        out.section(Label::new("section.cursor"), Shape::Facts, true);
        let mark = if matches!(r.stage, relay::Stage::Saving(_)) { Mark::Pending } else { Mark::Plain };
        out.row(0, mark, &[text("row.read-to", [0; 3]), Cell::Number(i64::from(cursor.id))]);
    }
    out.section(Label::new("section.batch"), Shape::Queue, false);
    for (i, (change, _)) in r.batch.iter().enumerate() {
        let (key, mark) =
            if i < r.at { ("row.out", Mark::Plain) } else { ("row.to-publish", Mark::Provisional) };
        let cells = [Cell::Number(i64::from(change.id)), event(change), text(key, [0; 3])];
        out.row(change.id as u64, mark, &cells);
    }
    let id = r.batch.get(r.at).map_or(0, |(change, _)| change.id);
    out.status = match r.stage {
        relay::Stage::Asleep => Some(Label::new("status.asleep")),
        relay::Stage::Pausing => Some(Label::with("status.pausing", [id, 0, 0])),
        relay::Stage::Parking => Some(Label::with("status.parking", [id, 0, 0])),
        relay::Stage::Marking | relay::Stage::Saving(_) => Some(Label::new("status.marking")),
        _ => None,
    };
}

fn of_broker(b: &Broker, out: &mut Description) {
    out.section(Label::new("section.topic"), Shape::Log, true);
    // Newest last, whatever the partition; each partition shows as many as there is room for.
    let partitions = b.topic.partitions();
    let each = SHOWN.div_ceil(partitions as usize);
    for partition in 0..partitions {
        let newest: Vec<_> = b.topic.entries(partition).rev().take(each).collect();
        for (offset, entry) in newest.into_iter().rev() {
            let mark = if offset < b.next(partition) { Mark::Plain } else { Mark::Provisional };
            let place = text("row.place", [i32::from(partition), offset as i32, 0]);
            let key = u64::from(partition) << 32 | u64::from(offset);
            out.row(key, mark, &[place, event(&entry.value), text("row.id", entry.value.args())]);
        }
    }
    for (i, write) in b.staged.iter().enumerate() {
        if let Write::Append(_, change) = write {
            let place = text("row.place-new", [i32::from(b.topic.partition_of(change.order)), 0, 0]);
            let cells = [place, event(change), text("row.id", change.args())];
            out.row(1 << 48 | i as u64, Mark::Pending, &cells);
        }
    }
    out.section(Label::new("section.group"), Shape::Facts, true);
    for partition in 0..partitions {
        let name = text("row.partition", [i32::from(partition), 0, 0]);
        let cells = [name, Cell::Number(i64::from(b.next(partition)))];
        out.row(u64::from(partition), Mark::Plain, &cells);
    }
}

fn of_shipping(s: &Shipping, out: &mut Description) {
    out.section(Label::new("section.parcels"), Shape::Table, true);
    for (order, count) in newest(s.parcels.iter(), s.parcels.len()) {
        let mark = if *count > 1 { Mark::Wrong } else { Mark::Plain };
        out.row(
            *order as u64,
            mark,
            &[text("row.order", [*order, 0, 0]), text("row.parcels", [i32::from(*count), 0, 0])],
        );
    }
    for (_, _, change) in s.staged.iter() {
        let key = if change.what == What::Placed { "row.packing" } else { "row.unpacking" };
        let cells = [text("row.order", [change.order, 0, 0]), text(key, [0; 3])];
        out.row(1 << 32 | change.id as u64, Mark::Pending, &cells);
    }
    if let Some(inbox) = &s.inbox {
        out.section(Label::new("section.inbox"), Shape::Table, true);
        for (id, ()) in newest(inbox.iter(), inbox.len()) {
            out.row(*id as u64, Mark::Plain, &[text("row.id", [0, 0, *id])]);
        }
    }
}
