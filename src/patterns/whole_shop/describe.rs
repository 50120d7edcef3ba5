//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::Node;
use super::carriers::{Broker, Connector};
use super::client::Client;
use super::consumers::{Consumer, Duty};
use super::message::{Event, Notice, Op, record};
use super::orders::{Orders, State};
use super::post::Post;
use super::promises::oddly;
use super::service::{Entry, Service, What};
use crate::kernel::{Cell, Description, Label, Mark, Mood, Shape};

/// How many entries of a log, rows of a table, are shown: the newest.
const SHOWN: usize = 6;
/// Keys of rows that are not on disk yet begin here.
const PENDING: u64 = 1 << 40;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Client(client) => of_client(client, out),
        Node::Orders(orders) => of_orders(orders, out),
        Node::Service(service) => of_service(service, out),
        Node::Broker(broker) => of_broker(broker, out),
        Node::Connector(connector) => of_connector(connector, out),
        Node::Consumer(consumer) => of_consumer(consumer, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

const fn order(order: i32) -> Cell {
    text("row.order", [order, 0, 0])
}

const fn said(notice: Notice) -> Cell {
    text("row.event", [notice.order, notice.event as i32, 0])
}

fn of_client(client: &Client, out: &mut Description) {
    out.section(Label::new("section.orders"), Shape::Table, true);
    for &o in &client.waiting {
        out.row(o as u64, Mark::Provisional, &[order(o), text("row.ordered", [0; 3])]);
    }
    for &o in &client.accepted {
        out.row(o as u64, Mark::Plain, &[order(o), text("row.accepted", [0; 3])]);
    }
    out.section(Label::new("section.mailbox"), Shape::Table, true);
    let mut last = 0;
    for (&(o, key), &confirmed) in client.mails.iter() {
        let mark = if o == last { Mark::Wrong } else { Mark::Plain };
        let word = if confirmed { "row.confirmed" } else { "row.cancelled" };
        out.row((o as u64) << 24 | key as u64, mark, &[order(o), text(word, [0; 3])]);
        last = o;
    }
    if let [o, ..] = *client.accepted {
        out.status = Some(Label::with("status.waits-for-mail", [o, 0, 0]));
    }
}

fn of_post(post: &Post, out: &mut Description) {
    if !post.rows().is_empty() {
        let title = if post.is_log() { "section.slot" } else { "section.outbox" };
        out.section(Label::new(title), Shape::Queue, true);
        for &(place, notice) in post.rows() {
            out.row(u64::from(place), Mark::Plain, &[said(notice)]);
        }
    }
    if !post.loose().is_empty() {
        out.section(Label::new("section.to-publish"), Shape::Queue, false);
        for (n, &notice) in post.loose().iter().enumerate() {
            out.row(n as u64, Mark::Provisional, &[said(notice)]);
        }
    }
}

const fn record_key(kind: u8) -> &'static str {
    match kind {
        record::PLACED => "record.placed",
        record::COMMIT => "record.commit",
        record::ABORT => "record.abort",
        record::ENDED => "record.ended",
        record::STEP => "record.step",
        record::REFUSED => "record.refused",
        record::UNDONE => "record.undone",
        _ => "record.status",
    }
}

fn of_orders(o: &Orders, out: &mut Description) {
    out.section(Label::new("section.orders"), Shape::Table, true);
    for (&n, row) in o.rows.iter().rev().take(4).collect::<Vec<_>>().into_iter().rev() {
        let (key, mark) = match row.state {
            State::Open if row.undoing => ("row.undoing", Mark::Provisional),
            State::Open => ("row.open", Mark::Provisional),
            State::Confirmed => ("row.confirmed", Mark::Plain),
            State::Cancelled => ("row.cancelled", Mark::Plain),
        };
        out.row(n as u64, mark, &[order(n), text(key, [i32::from(row.stand), 0, 0])]);
    }
    o.log.describe(out, |e| Label::with(record_key(e.kind), [e.order, i32::from(e.step), 0]));
    of_post(&o.post, out);
    let open = o.rows.iter().find(|(_, row)| row.state == State::Open);
    out.status = open.map(|(n, row)| {
        let key = if row.undoing { "status.undoing" } else { "status.open" };
        Label::with(key, [*n, 0, 0])
    });
}

fn entry(step: i32, e: &Entry) -> Label {
    let key = match e.what {
        What::Work { refuse: true, .. } => "record.refusal",
        What::Work { op: Op::Do, .. } => "record.effect",
        What::Work { op: Op::Undo, .. } => "record.compensation",
        What::Prepared => "record.prepared",
        What::Decided(true) => "record.commit",
        What::Decided(false) => "record.abort",
        What::Alone => "record.alone",
    };
    Label::with(key, [e.order, step, 0])
}

fn of_service(s: &Service, out: &mut Description) {
    out.section(Label::new("section.books"), Shape::Table, true);
    let wrong = oddly(s);
    for (key, value) in s.db.rows() {
        let promised = s.prepared.iter().find_map(|(_, w)| w.iter().find(|w| w.key == key));
        let before = s.before.map_or(value, |(_, table)| table[usize::from(key)]);
        let cell = match promised {
            Some(write) => Cell::Change(i64::from(value), i64::from(write.to)),
            None if before != value => Cell::Change(i64::from(before), i64::from(value)),
            None => Cell::Number(i64::from(value)),
        };
        let locked = s.db.owner(key);
        let mark = match () {
            () if locked.is_some() => Mark::Locked,
            () if wrong => Mark::Wrong,
            () => Mark::Plain,
        };
        let name = text(s.set.step.trade().rows()[usize::from(key)], [0; 3]);
        match locked {
            Some(owner) => out.row(u64::from(key), mark, &[name, cell, text("row.locked", [owner, 0, 0])]),
            None => out.row(u64::from(key), mark, &[name, cell]),
        };
    }
    let step = s.set.step as i32;
    s.log.describe(out, |e| entry(step, e));
    of_post(&s.post, out);
    if let Some(n) = s.prepared.keys().next() {
        out.status = Some(Label::with("status.in-doubt", [*n, 0, 0]));
    }
}

fn of_broker(b: &Broker, out: &mut Description) {
    out.section(Label::new("section.topic"), Shape::Log, true);
    let mut newest: Vec<_> = b.topic.entries(0).rev().take(SHOWN).collect();
    newest.reverse();
    for (offset, e) in newest {
        out.row(u64::from(offset), Mark::Plain, &[Cell::Number(i64::from(offset)), said(e.value)]);
    }
    for (n, notice) in b.writing().enumerate() {
        out.row(PENDING | n as u64, Mark::Pending, &[said(notice)]);
    }
    out.section(Label::new("section.to-deliver"), Shape::Queue, true);
    for (to, notice, offset) in b.waiting().take(SHOWN) {
        let key = u64::from(offset) << 4 | u64::from(to.0);
        out.row(key, Mark::Plain, &[said(notice), text("row.for", [0, 0, i32::from(to.0)])]);
    }
}

fn of_connector(c: &Connector, out: &mut Description) {
    out.section(Label::new("section.offset"), Shape::Facts, true);
    out.row(0, Mark::Plain, &[text("row.read-to", [0; 3]), Cell::Number(i64::from(c.offset))]);
    if !c.queue.is_empty() {
        out.section(Label::new("section.to-publish"), Shape::Queue, false);
        for &(place, notice) in &c.queue {
            out.row(u64::from(place), Mark::Provisional, &[said(notice)]);
        }
    }
}

fn of_consumer(c: &Consumer, out: &mut Description) {
    let key = |n: Notice| (n.order as u64) << 8 | n.event as u64;
    if let Duty::Keep(view) = &c.duty {
        out.section(Label::new("section.totals"), Shape::Facts, true);
        out.row(0, Mark::Plain, &[text("row.orders", [0; 3]), Cell::Number(i64::from(view.placed))]);
        out.row(1, Mark::Plain, &[text("row.revenue", [0; 3]), Cell::Number(i64::from(view.revenue))]);
        out.section(Label::new("section.history"), Shape::Table, true);
        for (&n, event) in view.orders.iter().rev().take(4).collect::<Vec<_>>().into_iter().rev() {
            let word = match event {
                Event::OrderConfirmed => "row.confirmed",
                Event::OrderCancelled => "row.cancelled",
                _ => "row.placed",
            };
            out.row(n as u64, Mark::Plain, &[order(n), text(word, [0; 3])]);
        }
    } else {
        out.section(Label::new("section.dealt-with"), Shape::Table, true);
        let newest: Vec<_> = c.inbox.iter().rev().take(4).collect();
        for &&(notice, ()) in newest.iter().rev() {
            out.row(key(notice), Mark::Plain, &[said(notice)]);
        }
    }
    for notice in c.writing() {
        out.row(PENDING | key(notice), Mark::Pending, &[said(notice)]);
    }
    out.status = if c.mood() == Mood::Working {
        Some(Label::new("status.writing"))
    } else {
        c.calls().next().map(|order| Label::with("status.mailing", [order, 0, 0]))
    };
}
