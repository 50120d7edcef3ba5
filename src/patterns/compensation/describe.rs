//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::Node;
use super::barrier::Guard;
use super::message::{Answer, Op};
use super::plan::Act;
use super::service::{Method, Service, Work};
use super::transactions::{Entry, Phase, Progress, Transactions, Turn};
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many entries of a log, rows of a table, are shown: the newest.
const SHOWN: usize = 6;

pub(super) fn describe(node: &Node, out: &mut Description) {
    match node {
        Node::Transactions(transactions) => of_transactions(transactions, out),
        Node::Service(service) => of_service(service, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

/// The text of a turn; its values are the transaction and the act.
const fn line(turn: Turn, confirms: bool) -> &'static str {
    match turn {
        Turn::Next(_) => "line.next",
        Turn::Back(_) => "line.back",
        Turn::Confirm => "line.confirm",
        Turn::Finished(_) if confirms => "line.confirmed",
        Turn::Finished(_) => "line.undone",
        Turn::Settled(_) => "line.settled",
        Turn::Parked(_) => "line.parked",
        Turn::Resumed => "line.resumed",
        Turn::Ended => "line.ended",
    }
}

const fn doing(op: Op) -> &'static str {
    match op {
        Op::Do => "row.do",
        Op::Undo => "row.undo",
        Op::Try => "row.try",
        Op::Confirm => "row.confirm",
        Op::Cancel => "row.cancel",
    }
}

fn of_transactions(t: &Transactions, out: &mut Description) {
    let durable = t.settings.progress != Progress::None;
    out.section(Label::new("section.transactions"), Shape::Table, durable);
    for &(tx, completed) in t.ended.iter().rev().take(2).rev() {
        let end = if completed { "row.completed" } else { "row.compensated" };
        out.row(tx as u64, Mark::Plain, &[text("row.tx", [tx, 0, 0]), text(end, [0; 3])]);
    }
    for open in &t.open {
        let (act, op) = t.settings.at(open);
        let key = if matches!(open.phase, Phase::Parked(_)) { "row.parked" } else { doing(op) };
        let mark = if open.moving { Mark::Provisional } else { Mark::Plain };
        let cells = [text("row.tx", [open.tx, 0, 0]), text(key, [open.tx, act.number(), 0])];
        out.row(open.tx as u64, mark, &cells);
    }
    if durable {
        out.section(Label::new("section.progress"), Shape::Log, true);
        let mut row = |key: usize, mark, e: &Entry| {
            let act = e.turn.step().map_or(0, |s| t.settings.act(s).number());
            let label = text(line(e.turn, t.settings.tcc), [e.tx, act, 0]);
            out.row(key as u64, mark, &[Cell::Number(key as i64 + 1), label]);
        };
        let len = t.log.len();
        let newest: Vec<_> = t.log.records().rev().take(SHOWN).collect();
        for (i, entry) in newest.iter().rev().enumerate() {
            row(len - newest.len() + i, Mark::Plain, entry);
        }
        for (i, entry) in t.log.staged().enumerate() {
            row(len + i, Mark::Pending, entry);
        }
    }
    out.status = t.open.last().map(|open| {
        let (act, op) = t.settings.at(open);
        let args = [open.tx, act.number(), 0];
        match (open.phase, op) {
            (Phase::Parked(_), _) => Label::with("status.parked", args),
            _ if open.attempt > 1 => Label::with("status.retrying", [i32::from(open.attempt), 0, 0]),
            (_, Op::Do) => Label::with("status.doing", args),
            (_, Op::Undo) => Label::with("status.undoing", args),
            (_, Op::Try) => Label::with("status.trying", args),
            (_, Op::Confirm) => Label::with("status.confirming", args),
            (_, Op::Cancel) => Label::with("status.cancelling", args),
        }
    });
}

/// The two sides of an act's row.
const fn sides(act: Act) -> [&'static str; 2] {
    match act {
        Act::A => ["row.a", "row.a-held"],
        Act::B => ["row.b", "row.b-held"],
        Act::C => ["row.c", "row.c-held"],
        Act::Reserve => ["row.shelf", "row.shelf-held"],
        Act::Charge => ["row.account", "row.account-held"],
        Act::Book => ["row.van", "row.van-held"],
        Act::Send => ["row.parcels", "row.parcels-held"],
    }
}

/// How an undo record says what it will do.
const fn way_back(service: &Service, work: &Work) -> Option<Cell> {
    match (service.manner.method, work.image) {
        (_, None) => None,
        (Method::Inverse, _) => Some(text("row.give-back", [work.act.amount(), 0, 0])),
        (_, Some((before, after))) => Some(Cell::Change(after, before)),
    }
}

fn of_service(s: &Service, out: &mut Description) {
    out.section(Label::new("section.table"), Shape::Table, true);
    for row in &s.rows {
        let [free, held] = sides(row.act);
        let number = match row.before {
            Some(before) if before != row.free => Cell::Change(before, row.free),
            _ => Cell::Number(row.free),
        };
        out.row(row.act as u64, Mark::Plain, &[text(free, [0; 3]), number]);
        if row.held != 0 {
            let cells = [text(held, [0; 3]), Cell::Number(row.held)];
            out.row(8 | row.act as u64, Mark::Locked, &cells);
        }
    }
    if !s.works.is_empty() || s.writing().next().is_some() {
        out.section(Label::new("section.undo-records"), Shape::Table, true);
        for work in s.works.iter().rev().take(4).rev() {
            let (key, mark) = match (work.held, work.done, work.undone) {
                (0, 0, 0) => ("row.let-go", Mark::Plain),
                (0, 0, _) => ("row.undone-blindly", Mark::Wrong),
                (_, d, u) if d > u + 1 => ("row.done-twice", Mark::Wrong),
                (_, d, u) if u > d => ("row.undone-twice", Mark::Wrong),
                (1.., ..) => ("row.on-hold", Mark::Locked),
                (_, d, u) if d > u => ("row.stands", Mark::Plain),
                _ => ("row.undone", Mark::Plain),
            };
            let args = [work.tx, work.act.number(), 0];
            let mut cells = vec![text("row.work", args), text(key, args)];
            if work.done > work.undone {
                cells.extend(way_back(s, work));
            }
            out.row((work.tx as u64) << 3 | work.act as u64, mark, &cells);
        }
        for (n, (tx, act, op)) in s.writing().enumerate() {
            let args = [tx, act.number(), 0];
            let cells = match op {
                Some(op) => vec![text("row.tx", args), text(doing(op), args)],
                None => vec![text("row.somebody", args)],
            };
            out.row(1 << 40 | (tx as u64) << 8 | n as u64, Mark::Pending, &cells);
        }
    }
    let full = s.barrier.guard == Guard::Full;
    if s.barrier.lines().next().is_some() {
        let title = if full { "section.barrier" } else { "section.keys" };
        out.section(Label::new(title), Shape::Table, true);
        let newest: Vec<_> = s.barrier.lines().rev().take(5).collect();
        for line in newest.into_iter().rev() {
            let (tx, act, op) = line.key;
            let answer = match line.answer {
                Answer::TooLate => "row.bars",
                Answer::Refused => "row.refused",
                _ => "row.seen",
            };
            let name = match op {
                Op::Do => "row.key-do",
                Op::Undo => "row.key-undo",
                Op::Try => "row.key-try",
                Op::Confirm => "row.key-confirm",
                Op::Cancel => "row.key-cancel",
            };
            let cells = [text(name, [tx, act.number(), 0]), text(answer, [0; 3])];
            out.row((tx as u64) << 6 | (act as u64) << 3 | op as u64, Mark::Plain, &cells);
        }
    }
}
