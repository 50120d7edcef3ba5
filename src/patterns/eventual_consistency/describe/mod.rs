//! What the nodes show of themselves: rows for the inspector. Owns no state.

mod consumers;
mod storms;

use super::Node;
use super::cache::Cache;
use super::client::Client;
use super::message::Cell as Item;
use super::names::fact;
use super::replica::{Merge, Replica};
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many rows of a long list are shown.
const SHOWN: usize = 6;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Client(client) => of_client(client, out),
        Node::Replica(replica) => of_replica(replica, out),
        Node::Cache(cache) => of_cache(cache, out),
        Node::Producer(producer) => consumers::of_producer(producer, out),
        Node::Queue(queue) => consumers::of_queue(queue, out),
        Node::Worker(worker) => consumers::of_worker(worker, out),
        Node::Points(points) => consumers::of_points(points, out),
        Node::Crowd(crowd) => storms::of_crowd(crowd, out),
        Node::Row(row) => storms::of_row(row, out),
        Node::Layer(layer) => storms::of_layer(layer, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

fn of_client(client: &Client, out: &mut Description) {
    out.section(Label::new("section.receipts"), Shape::Facts, true);
    for (item, n) in client.confirmed().into_iter().enumerate() {
        let cells = [text("row.item", [item as i32 + 1, 0, 0]), text("row.confirmed", [n, 0, 0])];
        out.row(item as u64, Mark::Plain, &cells);
    }
    if !client.saw.is_empty() {
        out.section(Label::new("section.saw"), Shape::Table, true);
        for (no, who, values, wrong) in &client.saw {
            let (key, mark) = match wrong {
                None => ("row.fresh", Mark::Plain),
                Some(fact::READ_STALE) => ("row.stale", Mark::Provisional),
                Some(fact::OWN_MISSING) => ("row.own-missing", Mark::Wrong),
                Some(fact::READ_BACK) => ("row.less-than-before", Mark::Wrong),
                Some(_) => ("row.gap", Mark::Wrong),
            };
            let whose = if *who == 0 { "row.customer-saw" } else { "row.visitor-saw" };
            let cells = [
                text(whose, [*no, 0, 0]),
                text("row.values", [values[0], values[1], 0]),
                text(key, [0; 3]),
            ];
            out.row(*no as u64, mark, &cells);
        }
    }
    out.status = match (client.wishes.first(), client.looks.first()) {
        (Some(wish), _) if wish.sent.failed > 0 => Some(Label::with(
            "status.buys-again",
            [wish.sale.no, wish.sale.key, wish.sent.failed as i32 + 1],
        )),
        (Some(wish), _) => Some(Label::with("status.buys", [wish.sale.no, wish.sale.key, 0])),
        (None, Some((look, _))) => Some(Label::with("status.reads", [look.no, 0, 0])),
        (None, None) => None,
    };
}

/// What a replica or a cache knows of an item.
fn known(cell: &Item, merge: Merge) -> Vec<Cell> {
    let mut cells = vec![text("row.item", [cell.key, 0, 0]), text("row.sold", [cell.value, 0, 0])];
    match merge {
        Merge::Counter => cells.push(text("row.slots", cell.slots)),
        // By whom and when, on the clock of whoever wrote.
        _ if cell.seq > 0 => {
            cells.push(text("row.written", [cell.stamp, i32::from(cell.origin) + 1, cell.seq]))
        }
        _ => {}
    }
    cells
}

fn of_replica(replica: &Replica, out: &mut Description) {
    out.section(Label::new("section.items"), Shape::Table, true);
    for cell in &replica.cells {
        let pending = replica.writing().any(|(key, _)| key == cell.key);
        let mark = if pending { Mark::Pending } else { Mark::Plain };
        out.row(cell.key as u64, mark, &known(cell, replica.settings.merge));
    }
    if !replica.settings.peers.is_empty() {
        out.section(Label::new("section.outbox"), Shape::Queue, true);
        for (peer, update, sent) in replica.untold().take(SHOWN) {
            let cells = [
                text("row.update", [update.seq, update.cell.key, update.cell.value]),
                text("row.to", [i32::from(peer.0), sent as i32, 0]),
            ];
            out.row((update.seq as u64) << 8 | u64::from(peer.0), Mark::Plain, &cells);
        }
    }
    let untold = replica.untold().count() as i32;
    out.status = match (replica.writing().next(), untold) {
        (Some((key, true)), _) => Some(Label::with("status.selling", [key, 0, 0])),
        (Some((key, false)), _) => Some(Label::with("status.taking-over", [key, 0, 0])),
        (None, 1..) => Some(Label::with("status.untold", [untold, 0, 0])),
        (None, _) => None,
    };
}

fn of_cache(cache: &Cache, out: &mut Description) {
    out.section(Label::new("section.entries"), Shape::Table, false);
    for cell in &cache.entries {
        let mark = if cell.seq < cache.told_of(cell.key) { Mark::Provisional } else { Mark::Plain };
        out.row(cell.key as u64, mark, &known(cell, Merge::Newest));
    }
}
