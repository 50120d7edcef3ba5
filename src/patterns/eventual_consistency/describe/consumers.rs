//! What the queue, its producer and its consumers show.

use super::super::message::{Job, Letter, Part};
use super::super::points::{Effect, KeyOf, Points};
use super::super::queue::{Entry, Producer, Queue};
use super::super::worker::{Inbox, Stage, Worker};
use super::{SHOWN, text};
use crate::kernel::{Cell, Description, Label, Mark, Shape};

fn letter(letter: &Letter) -> Cell {
    text("row.message", [letter.id, letter.amount, 0])
}

pub(super) fn of_producer(producer: &Producer, out: &mut Description) {
    out.section(Label::new("section.unconfirmed"), Shape::Queue, true);
    for (one, sent) in &producer.unconfirmed {
        out.row(one.id as u64, Mark::Plain, &[letter(one), text("row.sent", [sent.failed as i32, 0, 0])]);
    }
    if producer.confirmed > 0 {
        out.status = Some(Label::with("status.published", [producer.confirmed, 0, 0]));
    }
}

pub(super) fn of_queue(queue: &Queue, out: &mut Description) {
    out.section(Label::new("section.queue"), Shape::Queue, true);
    for entry in queue.entries.iter().take(SHOWN) {
        let Entry { token, times, over, .. } = *entry;
        let state = match (over, times) {
            (true, _) => text("row.acknowledged", [0; 3]),
            (false, 0) => text("row.ready", [0; 3]),
            (false, times) => text("row.delivered", [i32::from(times), token, 0]),
        };
        out.row(entry.place as u64, Mark::Plain, &[letter(&entry.letter), state]);
    }
    for one in queue.writing() {
        out.row(u64::MAX - one.id as u64, Mark::Pending, &[letter(one)]);
    }
    if !queue.aside.is_empty() {
        out.section(Label::new("section.aside"), Shape::Queue, true);
        for entry in &queue.aside {
            out.row(entry.place as u64, Mark::Wrong, &[letter(&entry.letter)]);
        }
        out.status = Some(Label::new("status.aside"));
    }
}

pub(super) fn of_worker(worker: &Worker, out: &mut Description) {
    out.section(Label::new("section.jobs"), Shape::Table, false);
    for (job, stage) in &worker.jobs {
        let Job { token, .. } = *job;
        let key = match stage {
            Stage::Asking => "row.asking",
            Stage::Writing(Part::Effect) => "row.writing-effect",
            Stage::Writing(Part::Mark) => "row.writing-mark",
            Stage::Writing(Part::Both) => "row.writing-both",
        };
        out.row(token as u64, Mark::Plain, &[letter(&job.letter), text(key, [token, 0, 0])]);
    }
}

pub(super) fn of_points(points: &Points, out: &mut Description) {
    let absolute = points.settings.effect == Effect::Set;
    out.section(Label::with("section.points", [points.version, 0, 0]), Shape::Table, true);
    let busy = points.writing().any(|(_, writes)| writes);
    let mark = if busy { Mark::Pending } else { Mark::Plain };
    let state =
        |value| if absolute { text("row.state", [value, 0, 0]) } else { text("row.points", [value, 0, 0]) };
    out.row(0, mark, &[text("row.account", [0; 3]), state(points.rows[0])]);
    if points.rows[1] > 0 {
        out.row(1, mark, &[text("row.letters", [0; 3]), state(points.rows[1])]);
    }
    if points.settings.inbox != Inbox::None {
        out.section(Label::new("section.inbox"), Shape::Table, true);
        let newest: Vec<_> = points.inbox.iter().rev().take(SHOWN).collect();
        for ((consumer, key), amount) in newest.into_iter().rev() {
            let name = match points.settings.key {
                KeyOf::ConsumerAndMessage => "row.key",
                KeyOf::Message => "row.key-message",
                KeyOf::Delivery => "row.key-delivery",
            };
            let cells =
                [text(name, [*key, i32::from(*consumer) + 1, 0]), text("row.content", [*amount, 0, 0])];
            out.row((u64::from(*consumer) << 32) | *key as u64, Mark::Plain, &cells);
        }
    }
    if !points.fences.is_empty() {
        out.section(Label::new("section.fences"), Shape::Facts, true);
        for ((id, _), token) in points.fences.iter() {
            out.row(*id as u64, Mark::Plain, &[text("row.fence", [*id, *token, 0])]);
        }
    }
}
