//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::Node;
use super::client::{Client, End};
use super::commands::Commands;
use super::database::{Database, Level};
use super::message::{QUESTIONS, Row};
use super::projector::Projector;
use super::queries::Queries;
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many orders are shown: the newest.
const SHOWN: usize = 5;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Client(client) => of_client(client, out),
        Node::Commands(commands) => of_commands(commands, out),
        Node::Database(database) => of_database(database, out),
        Node::Projector(projector) => of_projector(projector, out),
        Node::Queries(queries) => of_queries(queries, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

const fn request(number: i32) -> Cell {
    if number > QUESTIONS {
        text("row.question", [number - QUESTIONS, 0, 0])
    } else {
        text("row.order", [number, 0, 0])
    }
}

fn of_client(client: &Client, out: &mut Description) {
    out.section(Label::new("section.requests"), Shape::Table, true);
    for &(number, end) in &client.ends {
        let (mark, cell) = match end {
            End::Placed(version) => (Mark::Plain, text("row.placed", [version, 0, 0])),
            End::Refused => (Mark::Plain, text("row.refused", [0; 3])),
            End::Unknown => (Mark::Provisional, text("row.unknown", [0; 3])),
            End::Shown(row, stale) => {
                let mark = if stale { Mark::Wrong } else { Mark::Plain };
                (mark, text("row.shown", [row.version, row.left, row.sold]))
            }
        };
        out.row(number as u64, mark, &[request(number), cell]);
    }
    for wish in &client.waiting {
        let key = if wish.tries > 1 { "row.asked-again" } else { "row.asked" };
        let cells = [request(wish.number), text(key, [i32::from(wish.tries), 0, 0])];
        out.row(wish.number as u64, Mark::Provisional, &cells);
    }
    out.section(Label::new("section.session"), Shape::Facts, false);
    out.row(0, Mark::Plain, &[text("row.written", [0; 3]), Cell::Number(client.written.into())]);
    out.row(1, Mark::Plain, &[text("row.seen", [0; 3]), Cell::Number(client.seen.into())]);
}

fn of_commands(commands: &Commands, out: &mut Description) {
    if commands.jobs().next().is_none() {
        return;
    }
    out.section(Label::new("section.commands"), Shape::Table, false);
    for (number, items, checking) in commands.jobs() {
        let key = if checking { "row.checking" } else { "row.changing" };
        out.row(number as u64, Mark::Provisional, &[request(number), text(key, [items, 0, 0])]);
    }
}

/// The facts of a row.
fn facts(out: &mut Description, row: Row, before: Option<Row>, wrong: bool) {
    let value = |now: i32, before: Option<i32>| match before {
        Some(before) if before != now => Cell::Change(before.into(), now.into()),
        _ => Cell::Number(now.into()),
    };
    let mark = if wrong { Mark::Wrong } else { Mark::Plain };
    out.row(0, mark, &[text("row.left", [0; 3]), value(row.left, before.map(|b| b.left))]);
    out.row(1, Mark::Plain, &[text("row.sold", [0; 3]), value(row.sold, before.map(|b| b.sold))]);
    out.row(2, Mark::Plain, &[text("row.version", [0; 3]), value(row.version, before.map(|b| b.version))]);
}

fn of_database(database: &Database, out: &mut Description) {
    let row = database.newest();
    let before = database.row(row.version - 1);
    out.section(Label::new("section.item"), Shape::Facts, true);
    facts(out, row, before, row.left < 0);
    out.section(Label::new("section.orders"), Shape::Log, true);
    let len = database.changes.len();
    for i in len.saturating_sub(SHOWN)..len {
        let Some(change) = database.changes.get(i) else { continue };
        let waits = database.outbox.contains(&change.version);
        let key = if waits { "row.order-in-outbox" } else { "row.order-done" };
        let mark = if waits { Mark::Provisional } else { Mark::Plain };
        let cells =
            [Cell::Number(change.version.into()), text(key, [change.order, change.quantity, change.left])];
        out.row(change.version as u64, mark, &cells);
    }
    for (number, items) in database.writing() {
        let cells = [text("row.order", [number, 0, 0]), text("row.changing", [items, 0, 0])];
        out.row(u64::MAX - number as u64, Mark::Pending, &cells);
    }
    if database.settings.level == Level::Inline {
        out.section(Label::new("section.read-table"), Shape::Facts, true);
        facts(out, row, before, false);
    }
    out.status = (!database.outbox.is_empty())
        .then(|| Label::with("status.outbox", [database.outbox.len() as i32, 0, 0]));
}

fn of_projector(projector: &Projector, out: &mut Description) {
    if let Some((shown, new)) = projector.known() {
        out.section(Label::new("section.known"), Shape::Facts, false);
        out.row(0, Mark::Plain, &[text("row.table", [0; 3]), Cell::Number(shown.into())]);
        if let Some(new) = new {
            out.row(1, Mark::Provisional, &[text("row.new-table", [0; 3]), Cell::Number(new.into())]);
        }
    }
    if projector.early().next().is_some() {
        out.section(Label::new("section.early"), Shape::Queue, false);
        for change in projector.early() {
            let cells = [
                Cell::Number(change.version.into()),
                text("row.change", [change.quantity, change.left, 0]),
            ];
            out.row(change.version as u64, Mark::Provisional, &cells);
        }
    }
    out.status = if projector.mistaken() {
        Some(Label::new("status.mistake"))
    } else {
        projector.early().next().map(|change| Label::with("status.holds-back", [change.version, 0, 0]))
    };
}

fn of_queries(queries: &Queries, out: &mut Description) {
    if let Some(row) = queries.shown() {
        let title = if queries.follows() { "section.replica" } else { "section.view" };
        out.section(Label::new(title), Shape::Facts, true);
        facts(out, row, queries.before, false);
        if let Some((version, _)) = queries.writing() {
            out.row(3, Mark::Pending, &[text("row.writing", [version, 0, 0])]);
        }
    }
    if let Some(row) = queries.new_table() {
        out.section(Label::new("section.new-view"), Shape::Facts, true);
        facts(out, row, None, false);
    }
    if !queries.questions.is_empty() {
        out.section(Label::new("section.questions"), Shape::Queue, false);
        for q in &queries.questions {
            let cells = [request(q.number), text("row.waits-for", [q.least, 0, 0])];
            out.row(q.number as u64, Mark::Provisional, &cells);
        }
    }
    out.status = queries.questions.first().map(|q| match q.least {
        0 => Label::new("status.asks-database"),
        least => Label::with("status.waits-for", [least, 0, 0]),
    });
}
