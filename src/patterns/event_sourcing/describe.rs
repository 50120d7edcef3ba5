//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::Node;
use super::account::{Event, Happened, Snapshot, TODAY};
use super::client::{Client, End};
use super::message::{QUESTIONS, Task};
use super::projection::{Projection, Table};
use super::service::Service;
use super::store::Store;
use crate::kernel::{Cell, Description, Label, Mark, Shape};
use crate::parts::event_store::Stream;

/// How many events are shown: the newest.
const SHOWN: usize = 7;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Client(client) => of_client(client, out),
        Node::Service(service) => of_service(service, out),
        Node::Store(store) => of_store(store, out),
        Node::Projection(projection) => of_projection(projection, out),
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
        let cell = match end {
            End::Done(Task::Register, _) => text("row.registered", [0; 3]),
            End::Done(_, version) => text("row.done", [version, 0, 0]),
            End::Refused(_) => text("row.refused", [0; 3]),
            End::Unreadable(version) => text("row.unreadable", [version, 0, 0]),
            End::State(version, balance) => text("row.state", [version, balance, 0]),
            End::View(position, purchases) => text("row.view", [position, purchases, 0]),
        };
        out.row(number as u64, Mark::Plain, &[request(number), cell]);
    }
    for wish in &client.waiting {
        let key = if wish.tries > 1 { "row.asked-again" } else { "row.asked" };
        let cells = [request(wish.number), text(key, [i32::from(wish.tries), 0, 0])];
        out.row(wish.number as u64, Mark::Provisional, &cells);
    }
    out.status = client.waiting.first().map(|w| match w.number {
        QUESTIONS.. => Label::new("status.asks"),
        order => Label::with("status.waits", [order, 0, 0]),
    });
}

fn of_service(service: &Service, out: &mut Description) {
    if let Some((customer, account)) = &service.newest {
        let title = Label::with("section.state", [*customer, account.version, 0]);
        out.section(title, Shape::Facts, false);
        out.row(0, Mark::Plain, &[text("row.balance", [0; 3]), Cell::Number(account.balance.into())]);
        out.row(1, Mark::Plain, &[text("row.items", [0; 3]), Cell::Number(account.items.into())]);
    }
    if service.snapshots().next().is_some() {
        out.section(Label::new("section.snapshots"), Shape::Table, true);
        for (customer, Snapshot { account, schema }, staged) in service.snapshots() {
            let old = *schema != TODAY;
            let mark = match (staged, old) {
                (true, _) => Mark::Pending,
                (false, true) => Mark::Provisional,
                (false, false) => Mark::Plain,
            };
            let key = if old { "row.old-snapshot" } else { "row.snapshot" };
            let key = text(key, [account.version, account.balance, 0]);
            out.row(
                customer as u64 * 2 + u64::from(staged),
                mark,
                &[text("row.stream", [customer, 0, 0]), key],
            );
        }
    }
    out.status = service.job().map(|(number, reads, tries, conflicts)| match (tries, conflicts, reads) {
        (1.., ..) => Label::with("status.no-answer", [tries, 0, 0]),
        (_, _, true) if number > QUESTIONS => Label::new("status.reading-state"),
        (_, 1.., _) => Label::with("status.conflicts", [number, conflicts, 0]),
        (_, _, true) => Label::with("status.reading", [number, 0, 0]),
        _ => Label::with("status.appending", [number, 0, 0]),
    });
}

const fn happened(event: &Event) -> &'static str {
    match event.what {
        Happened::Opened => "event.opened",
        Happened::Bonus => "event.bonus",
        Happened::Charged => "event.charged",
        Happened::Added => "event.added",
        Happened::Registered => "event.registered",
        Happened::Reserved => "event.reserved",
    }
}

fn event(out: &mut Description, mark: Mark, position: i32, stream: Stream, version: i32, event: &Event) {
    let what = if event.schema == TODAY {
        text(happened(event), [event.amount, event.order, 0])
    } else {
        text("event.old", [event.amount, event.order, 0])
    };
    let cells = [Cell::Number(position.into()), text("row.version", [stream, version, 0]), what];
    out.row(position as u64, mark, &cells);
}

fn of_store(store: &Store, out: &mut Description) {
    let log = store.events.log();
    out.section(Label::new("section.events"), Shape::Log, true);
    let newest: Vec<_> = log.iter().rev().take(SHOWN).collect();
    if log.len() > newest.len() {
        let earlier = (log.len() - newest.len()) as i32;
        out.row(u64::MAX, Mark::Plain, &[text("row.earlier", [earlier, 0, 0])]);
    }
    for r in newest.into_iter().rev() {
        event(out, Mark::Plain, r.position, r.stream, r.version, &r.event);
    }
    for batch in store.events.staged() {
        for (i, (_, e)) in batch.events.iter().enumerate() {
            let i = i as i32;
            event(out, Mark::Pending, batch.position + i, batch.stream, batch.after + 1 + i, e);
        }
    }
    if store.events.open().next().is_some() {
        out.section(Label::new("section.open"), Shape::Table, false);
        for batch in store.events.open() {
            for (i, (_, e)) in batch.events.iter().enumerate() {
                let i = i as i32;
                event(out, Mark::Locked, batch.position + i, batch.stream, batch.after + 1 + i, e);
            }
        }
    }
    out.status = store.held_up_at().map(|at| Label::with("status.held-up", [at, store.events.newest(), 0]));
}

fn table(
    out: &mut Description,
    title: &'static str,
    table: &Table,
    before: Option<(i32, i32)>,
    writing: Option<(i32, i32)>,
) {
    out.section(Label::with(title, [table.checkpoint, 0, 0]), Shape::Facts, true);
    let value = |now: i32, before: Option<i32>| match before {
        Some(before) if before != now => Cell::Change(before.into(), now.into()),
        _ => Cell::Number(now.into()),
    };
    let purchases = value(table.purchases, before.map(|b| b.0));
    out.row(0, Mark::Plain, &[text("row.purchases", [0; 3]), purchases]);
    let revenue = value(table.revenue, before.map(|b| b.1));
    out.row(1, Mark::Plain, &[text("row.revenue", [0; 3]), revenue]);
    out.row(2, Mark::Plain, &[text("row.checkpoint", [0; 3]), Cell::Number(table.checkpoint.into())]);
    if let Some((count, upto)) = writing {
        out.row(3, Mark::Pending, &[text("row.applying", [count, upto, 0])]);
    }
}

fn of_projection(projection: &Projection, out: &mut Description) {
    let writing =
        |table: u8| projection.writing().find(|(t, ..)| *t == table).map(|(_, count, upto)| (count, upto));
    let serving = projection.serving;
    if let Some(t) = projection.shown() {
        table(out, "section.view", t, projection.before, writing(serving));
    }
    let other = 1 - serving;
    if let Some(t) = &projection.tables[usize::from(other)] {
        table(out, "section.new-view", t, None, writing(other));
        out.status = Some(Label::with("status.rebuilding", [t.checkpoint, 0, 0]));
    }
    out.section(Label::new("section.receipts"), Shape::Facts, true);
    out.row(0, Mark::Plain, &[text("row.mailed", [0; 3]), Cell::Number(projection.mailed.into())]);
    if let Some(position) = projection.stuck {
        out.status = Some(Label::with("status.stuck", [position, 0, 0]));
    }
}
