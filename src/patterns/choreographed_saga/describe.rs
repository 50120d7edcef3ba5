//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::Node;
use super::broker::Broker;
use super::client::Client;
use super::message::Outcome;
use super::orders::{Orders, State};
use super::post::Post;
use super::rules::{Reaction, Step};
use super::service::Service;
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many entries of a log, rows of a table, are shown: the newest.
const SHOWN: usize = 6;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Client(client) => of_client(client, out),
        Node::Orders(orders) => of_orders(orders, out),
        Node::Broker(broker) => of_broker(broker, out),
        Node::Service(service) => of_service(service, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed => "row.confirmed",
        Outcome::Cancelled => "row.cancelled",
        Outcome::UnderReview => "row.under-review",
    }
}

fn of_client(client: &Client, out: &mut Description) {
    out.section(Label::new("section.orders"), Shape::Table, true);
    for &(order, news) in &client.news {
        let cells = [text("row.order", [order, 0, 0]), text(outcome(news), [0; 3])];
        out.row(order as u64, Mark::Plain, &cells);
    }
    for &order in client.waiting() {
        if !client.news.iter().any(|(o, _)| *o == order) {
            let cells = [text("row.order", [order, 0, 0]), text("row.placed", [0; 3])];
            out.row(order as u64, Mark::Plain, &cells);
        }
    }
    if let [order, ..] = *client.waiting() {
        out.status = Some(Label::with("status.waits-for-news", [order, 0, 0]));
    }
}

fn of_post(post: &Post, out: &mut Description) {
    if !post.outbox().is_empty() {
        out.section(Label::new("section.outbox"), Shape::Queue, true);
        for n in post.outbox() {
            let cells = [text("row.event", [n.order, n.event as i32, 0])];
            out.row((n.order as u64) << 8 | n.event as u64, Mark::Plain, &cells);
        }
    }
    if post.inbox().next().is_some() {
        out.section(Label::new("section.inbox"), Shape::Table, true);
        let newest: Vec<_> = post.inbox().rev().take(4).collect();
        for n in newest.into_iter().rev() {
            let cells = [text("row.event", [n.order, n.event as i32, 0])];
            out.row((n.order as u64) << 8 | n.event as u64, Mark::Plain, &cells);
        }
    }
}

fn of_orders(o: &Orders, out: &mut Description) {
    out.section(Label::new("section.orders"), Shape::Table, true);
    for (&order, row) in o.orders.iter().rev().take(4).collect::<Vec<_>>().into_iter().rev() {
        let (key, mark) = match row.state {
            State::Pending => ("row.pending", Mark::Provisional),
            State::Cancelling => ("row.cancelling", Mark::Provisional),
            State::Silent => ("row.silent", Mark::Wrong),
            State::Confirmed => ("row.confirmed", Mark::Plain),
            State::Cancelled => ("row.cancelled", Mark::Plain),
        };
        let cells = [text("row.order", [order, 0, 0]), text(key, [i32::from(row.round), 0, 0])];
        out.row(order as u64, mark, &cells);
    }
    for (n, order) in o.writing().enumerate() {
        let cells = [text("row.order", [order, 0, 0]), text("row.writing", [0; 3])];
        out.row(1 << 40 | n as u64, Mark::Pending, &cells);
    }
    of_post(&o.post, out);
    let of = |state| o.orders.iter().rev().find(|(_, row)| row.state == state).map(|(order, _)| *order);
    out.status = if let Some(order) = of(State::Silent) {
        Some(Label::with("status.silent", [order, 0, 0]))
    } else if let Some(order) = of(State::Cancelling) {
        Some(Label::with("status.cancelling", [order, 0, 0]))
    } else {
        of(State::Pending).map(|order| Label::with("status.pending", [order, 0, 0]))
    };
}

fn of_broker(b: &Broker, out: &mut Description) {
    out.section(Label::new("section.subscriptions"), Shape::Table, true);
    for (n, (event, to)) in b.subscriptions.iter().enumerate() {
        let args = [*event as i32, i32::from(to.0), 0];
        out.row(n as u64, Mark::Plain, &[text("row.topic", args), text("row.subscriber", args)]);
    }
    out.section(Label::new("section.log"), Shape::Log, true);
    let len = b.log.len();
    let newest: Vec<_> = b.log.records().rev().take(SHOWN).collect();
    for (i, n) in newest.iter().rev().enumerate() {
        let place = len - newest.len() + i + 1;
        let cells = [Cell::Number(place as i64), text("row.event", [n.order, n.event as i32, 0])];
        out.row(place as u64, Mark::Plain, &cells);
    }
    for (i, n) in b.log.staged().enumerate() {
        let cells = [Cell::Number((len + i + 1) as i64), text("row.event", [n.order, n.event as i32, 0])];
        out.row((len + i + 1) as u64, Mark::Pending, &cells);
    }
    if !b.open.is_empty() {
        out.section(Label::new("section.to-deliver"), Shape::Queue, true);
        for d in b.open.iter().take(SHOWN) {
            let args = [d.notice.order, d.notice.event as i32, i32::from(d.to.0)];
            let key = u64::from(d.place) << 3 | u64::from(d.to.0);
            out.row(key, Mark::Plain, &[text("row.event", args), text("row.for", args)]);
        }
    }
}

/// The two sides of a service's books.
const fn books(step: Step) -> [&'static str; 2] {
    match step {
        Step::Reserve => ["row.on-shelf", "row.set-aside"],
        Step::Charge => ["row.customer", "row.shop"],
        Step::Ship => ["row.packed", "row.sent"],
        Step::Credit => ["row.credit", "row.credit-used"],
    }
}

fn of_service(s: &Service, out: &mut Description) {
    let [from, to] = books(s.step);
    out.section(Label::new("section.books"), Shape::Table, true);
    let cell = |before: Option<i64>, now: i64| match before {
        Some(before) if before != now => Cell::Change(before, now),
        _ => Cell::Number(now),
    };
    if s.step != Step::Ship {
        out.row(0, Mark::Plain, &[text(from, [0; 3]), cell(s.before.map(|b| b.0), s.from)]);
    }
    out.row(1, Mark::Plain, &[text(to, [0; 3]), cell(s.before.map(|b| b.1), s.to)]);
    for row in s.rows.iter().rev().take(4).rev() {
        let (key, mark) = match (row.done, row.undone) {
            (0, _) if row.barred => ("row.barred", Mark::Plain),
            (0, _) if row.stashed.is_some() => ("row.stashed", Mark::Provisional),
            (0, 0) => ("row.nothing", Mark::Plain),
            (d, u) if d > u + 1 => ("row.done-twice", Mark::Wrong),
            (d, u) if d > u => ("row.done", Mark::Plain),
            _ => ("row.undone", Mark::Plain),
        };
        let cells = [text("row.order", [row.order, 0, 0]), text(key, [i32::from(row.done), 0, 0])];
        out.row(2 + row.order as u64, mark, &cells);
    }
    for (n, notice) in s.writing().enumerate() {
        let doing = s.step.reaction(notice.event) == Some(Reaction::Do);
        let key = if doing { "row.doing" } else { "row.undoing" };
        let cells = [text("row.order", [notice.order, 0, 0]), text(key, [0; 3])];
        out.row(1 << 40 | n as u64, Mark::Pending, &cells);
    }
    of_post(&s.post, out);
}
