//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::Node;
use super::client::{Client, Shown};
use super::composer::{Composer, Slot};
use super::message::{Owner, Row, View, name_of};
use super::service::Service;
use super::store::Store;
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many rows of a long list are shown.
const SHOWN: usize = 8;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Client(client) => of_client(client, out),
        Node::Composer(composer) => of_composer(composer, out),
        Node::Service(service) => of_service(service, out),
        Node::Store(store) => of_store(store, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

/// Key of a row in pictures: owner and number.
const fn place(owner: Owner, key: i32) -> u64 {
    (owner as u64) << 32 | key as u64
}

/// A row of data: what it is, what it says, its version.
fn cells(owner: Owner, row: &Row) -> [Cell; 3] {
    let (name, value) = match owner {
        Owner::Orders => ("row.order", text("row.amount", [row.value, row.customer, 0])),
        Owner::Customers if row.gone => ("row.customer", text("row.gone", [0; 3])),
        Owner::Customers => ("row.customer", text("row.name", [row.value, 0, 0])),
        Owner::Shipping => ("row.parcel", text("row.parcel-state", [row.value, 0, 0])),
    };
    [text(name, [row.key, 0, 0]), value, text("row.version", [row.version, 0, 0])]
}

fn of_client(client: &Client, out: &mut Description) {
    out.section(Label::new("section.pages"), Shape::Table, true);
    for &(page, shown) in &client.shown {
        let (key, mark) = match shown {
            Shown::Whole => ("row.whole", Mark::Plain),
            Shown::Partly => ("row.partly", Mark::Provisional),
            Shown::Nothing => ("row.nothing", Mark::Wrong),
            Shown::PassedOff => ("row.passed-off", Mark::Wrong),
        };
        out.row(page as u64, mark, &[text("row.page", [page, 0, 0]), text(key, [0; 3])]);
    }
    for (page, ..) in &client.waiting {
        out.row(
            *page as u64,
            Mark::Pending,
            &[text("row.page", [*page, 0, 0]), text("row.opening", [0; 3])],
        );
    }
    if let Some(page) = &client.page {
        out.section(Label::with("section.on-the-page", [page.page, 0, 0]), Shape::Table, false);
        let mark = if client.mixed { Mark::Wrong } else { Mark::Plain };
        for (owner, row) in page.rows.iter().take(SHOWN) {
            let mark = if *owner == Owner::Customers { Mark::Plain } else { mark };
            out.row(place(*owner, row.key), mark, &cells(*owner, row));
            if row.copied > 0 {
                let name = name_of(row.customer, row.copied);
                let copy = [
                    text("row.customer", [row.customer, 0, 0]),
                    text("row.name", [name, 0, 0]),
                    text("row.version", [row.copied, 0, 0]),
                ];
                out.row(place(Owner::Customers, row.key), Mark::Plain, &copy);
            }
        }
        if page.lacks() {
            let key = if page.says { "row.lacks" } else { "row.blank" };
            let mark = if page.says { Mark::Provisional } else { Mark::Wrong };
            out.row(u64::MAX, mark, &[text(key, [page.missing, page.stale, 0])]);
        }
    }
    out.status = match (client.wishes.first(), client.waiting.first()) {
        (Some((wish, _)), _) => Some(Label::with("status.wishes", [wish.key, 0, 0])),
        (None, Some((page, ..))) => Some(Label::with("status.waits", [*page, 0, 0])),
        (None, None) if client.mixed => Some(Label::new("status.mixed")),
        (None, None) => None,
    };
}

fn of_composer(composer: &Composer, out: &mut Description) {
    for open in &composer.open {
        let (key, order) = match open.view {
            View::Page { order, .. } => ("section.page-of", order),
            View::List => ("section.list", 0),
        };
        out.section(Label::with(key, [open.page, order, 0]), Shape::Table, false);
        for (call, slot) in open.calls.iter().take(SHOWN) {
            let first = call.keys.first().copied().unwrap_or(0);
            let name = match (call.owner, call.keys.len()) {
                (Owner::Orders, 1) => "row.order",
                (Owner::Orders, _) => "row.orders",
                (Owner::Customers, 1) => "row.customer",
                (Owner::Customers, _) => "row.customers",
                (Owner::Shipping, 1) => "row.parcel",
                (Owner::Shipping, _) => "row.parcels",
            };
            let (state, mark, version) = match slot {
                Slot::Planned => ("row.planned", Mark::Plain, 0),
                Slot::Waiting => ("row.asked", Mark::Pending, 0),
                Slot::Got(rows) => match rows.as_slice() {
                    [] => ("row.not-found", Mark::Provisional, 0),
                    [row] => ("row.version", Mark::Plain, row.version),
                    rows => ("row.so-many", Mark::Plain, rows.len() as i32),
                },
                Slot::Failed => ("row.no-answer", Mark::Wrong, 0),
            };
            out.row(call.no as u64, mark, &[text(name, [first, 0, 0]), text(state, [version, 0, 0])]);
        }
    }
    if !composer.cache.is_empty() {
        out.section(Label::new("section.cache"), Shape::Table, false);
        for (owner, row) in composer.cache.iter().take(SHOWN) {
            out.row(place(*owner, row.key), Mark::Plain, &cells(*owner, row));
        }
    }
    if let Some(open) = composer.open.last() {
        let waiting = open.calls.iter().filter(|(_, slot)| *slot == Slot::Waiting).count();
        out.status = Some(Label::with("status.composing", [open.page, waiting as i32, 0]));
    } else if composer.settings.trespasses {
        out.status = Some(Label::with("status.own-sql", [i32::from(composer.schema), 0, 0]));
    }
}

fn of_service(service: &Service, out: &mut Description) {
    if service.settings.listener.is_some() {
        out.section(Label::new("section.unheard"), Shape::Queue, false);
        for (change, times) in &service.unheard {
            let cells = [
                text("row.change", [change.key, change.version, 0]),
                text("row.sent", [*times as i32, 0, 0]),
            ];
            out.row(change.key as u64, Mark::Plain, &cells);
        }
    }
    out.status = match service.unheard.first() {
        Some((change, _)) => Some(Label::with("status.tells", [change.key, change.version, 0])),
        None if service.schema > 1 => Some(Label::with("status.schema", [i32::from(service.schema), 0, 0])),
        None => None,
    };
}

fn of_store(store: &Store, out: &mut Description) {
    let title = match store.settings.owner {
        Owner::Orders => "section.orders",
        Owner::Customers => "section.customers",
        Owner::Shipping => "section.parcels",
    };
    out.section(Label::with(title, [i32::from(store.schema), 0, 0]), Shape::Table, true);
    for row in store.rows.iter().take(SHOWN) {
        let pending = store.writing().any(|key| key == row.key);
        let mark = match (pending, row.gone) {
            (true, _) => Mark::Pending,
            (false, true) => Mark::Provisional,
            (false, false) => Mark::Plain,
        };
        let owner = store.settings.owner;
        let mut cells = cells(owner, row).to_vec();
        if row.copied > 0 {
            cells.push(text("row.copy", [name_of(row.customer, row.copied), row.copied, 0]));
        }
        out.row(place(owner, row.key), mark, &cells);
    }
    if store.settings.outbox && store.settings.heard {
        out.section(Label::new("section.outbox"), Shape::Queue, true);
        for change in &store.outbox {
            let key = if change.gone { "row.event-gone" } else { "row.change" };
            out.row(change.key as u64, Mark::Plain, &[text(key, [change.key, change.version, 0])]);
        }
    }
    if store.writing().any(|key| key == 0) {
        out.status = Some(Label::new("status.altering"));
    } else if store.schema > 1 {
        out.status = Some(Label::with("status.schema", [i32::from(store.schema), 0, 0]));
    }
}
