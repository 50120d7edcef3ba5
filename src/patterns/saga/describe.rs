//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::SagaMachine;
use super::client::Client;
use super::definition::Action;
use super::isolation;
use super::log_service::LogService;
use super::message::{Answer, Command, Outcome};
use super::orchestrator::{Entry, Orchestrator, Phase};
use super::service::Service;
use crate::kernel::{Cell, Description, Label, Mark, Shape};

/// How many entries of a log, rows of a table, are shown: the newest.
const SHOWN: usize = 6;

pub(super) fn describe(machine: &SagaMachine, out: &mut Description) {
    match machine {
        SagaMachine::Client(client) => of_client(client, out),
        SagaMachine::Orchestrator(orchestrator) => of_orchestrator(orchestrator, out),
        SagaMachine::Service(service) => of_service(service, out),
        SagaMachine::LogService(service) => of_log_service(service, out),
        SagaMachine::Sagas(sagas) => isolation::describe::of_sagas(sagas, out),
        SagaMachine::Records(records) => isolation::describe::of_records(records, out),
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
        out.row(
            order as u64,
            Mark::Plain,
            &[text("row.order", [order, 0, 0]), text(outcome(news), [0; 3])],
        );
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

/// The text of a phase; its values are the order, the step, the place of the step.
const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Begin => "phase.begin",
        Phase::Forward(_) => "phase.forward",
        Phase::Back(_) => "phase.back",
        Phase::Revert => "phase.revert",
        Phase::Complete => "phase.complete",
        Phase::Completed => "phase.completed",
        Phase::Compensated => "phase.compensated",
        Phase::Parked(_) => "phase.parked",
        Phase::Skipped(_) => "phase.skipped",
        Phase::Stopped => "phase.stopped",
    }
}

fn of_orchestrator(o: &Orchestrator, out: &mut Description) {
    let steps = o.settings.definition.steps.len() as i32;
    let durable = o.settings.resume;
    out.section(Label::new("section.sagas"), Shape::Table, durable);
    for &(order, end) in o.ended.iter().rev().take(2).rev() {
        let end = if end == Outcome::Confirmed { "row.completed" } else { "row.compensated" };
        out.row(order as u64, Mark::Plain, &[text("row.saga", [order, 0, 0]), text(end, [0; 3])]);
    }
    for saga in &o.open {
        let place = match saga.phase {
            Phase::Forward(step) | Phase::Back(step) | Phase::Parked(step) => i32::from(step) + 1,
            _ => 0,
        };
        let step = o.settings.definition.step_of(saga.phase);
        let key = match saga.phase {
            Phase::Forward(_) => "row.forward",
            Phase::Back(_) => "row.back",
            Phase::Revert => "row.reverting",
            Phase::Parked(_) => "row.parked",
            _ => "row.at",
        };
        // Place and number of steps around it: `step 2 of 4: charge the card`.
        let args = [place, step, steps];
        let mark = if saga.moving { Mark::Provisional } else { Mark::Plain };
        let cells = [text("row.saga", [saga.about.order, 0, 0]), text(key, args)];
        out.row(saga.about.saga as u64, mark, &cells);
    }
    if durable {
        out.section(Label::new("section.saga-log"), Shape::Log, true);
        let mut line = |key: usize, mark, e: &Entry| {
            let args = [e.about.order, o.settings.definition.step_of(e.phase), 0];
            out.row(key as u64, mark, &[Cell::Number(key as i64 + 1), text(phase(e.phase), args)]);
        };
        let len = o.log.len();
        let newest: Vec<_> = o.log.records().rev().take(SHOWN).collect();
        for (i, entry) in newest.iter().rev().enumerate() {
            line(len - newest.len() + i, Mark::Plain, entry);
        }
        for (i, entry) in o.log.staged().enumerate() {
            line(len + i, Mark::Pending, entry);
        }
    }
    out.status = o.open.last().map(|saga| {
        let step = o.settings.definition.step_of(saga.phase);
        match saga.phase {
            Phase::Parked(_) => Label::with("status.parked", [saga.about.order, step, 0]),
            _ if saga.attempt > 1 => Label::with("status.retrying", [i32::from(saga.attempt), step, 0]),
            Phase::Back(_) | Phase::Revert => {
                Label::with("status.compensating", [saga.about.order, step, 0])
            }
            Phase::Forward(s) if s > o.settings.definition.pivot => {
                Label::with("status.past-the-pivot", [saga.about.order, step, 0])
            }
            _ => Label::with("status.forward", [saga.about.order, step, 0]),
        }
    });
}

/// The two sides of a service's books.
const fn books(action: Action) -> [&'static str; 2] {
    match action {
        Action::Reserve => ["row.on-shelf", "row.set-aside"],
        Action::Charge => ["row.customer", "row.shop"],
        Action::Ship => ["row.packed", "row.sent"],
        Action::Notify => ["row.to-send", "row.mails-sent"],
        Action::WorkOfB | Action::WorkOfC => ["row.open-work", "row.done-work"],
    }
}

fn of_service(s: &Service, out: &mut Description) {
    let [from, to] = books(s.action);
    out.section(Label::new("section.books"), Shape::Table, true);
    let cell = |before: Option<i64>, now: i64| match before {
        Some(before) if before != now => Cell::Change(before, now),
        _ => Cell::Number(now),
    };
    // The stock of work, parcels and mails to come is of no interest; items and money are.
    if matches!(s.action, Action::Reserve | Action::Charge) {
        out.row(0, Mark::Plain, &[text(from, [0; 3]), cell(s.before.map(|b| b.0), s.from)]);
    }
    out.row(1, Mark::Plain, &[text(to, [0; 3]), cell(s.before.map(|b| b.1), s.to)]);
    if !s.rows.is_empty() || s.writing().next().is_some() {
        out.section(Label::new("section.rows"), Shape::Table, true);
        for row in s.rows.iter().rev().take(4).rev() {
            let (key, mark) = match (row.done, row.undone) {
                (0, 0) => ("row.barred", Mark::Plain),
                (0, _) => ("row.undone-blindly", Mark::Wrong),
                (1, 0) => ("row.done", Mark::Plain),
                (d, u) if d > u + 1 => ("row.done-twice", Mark::Wrong),
                (d, u) if d > u => ("row.done", Mark::Plain),
                _ => ("row.undone", Mark::Plain),
            };
            let args = [row.about.order, row.action.number(), i32::from(row.done)];
            out.row(row.about.saga as u64, mark, &[text("row.order", args), text(key, args)]);
        }
        for (about, undo) in s.writing() {
            let args = [about.order, s.action.number(), 0];
            let key = if undo { "row.undoing" } else { "row.doing" };
            out.row(about.saga as u64, Mark::Pending, &[text("row.order", args), text(key, args)]);
        }
    }
    if s.idempotency && !s.keys.is_empty() {
        out.section(Label::new("section.keys"), Shape::Table, true);
        let newest: Vec<_> = s.keys.iter().rev().take(4).collect();
        for ((saga, command), answer) in newest.into_iter().rev() {
            let (name, undo) = match command {
                Command::Undo(_) => ("row.key-undo", 1),
                _ => ("row.key-do", 0),
            };
            let answer = match answer {
                Answer::Done => "row.answered-done",
                Answer::TooLate => "row.answered-too-late",
                _ => "row.answered-refused",
            };
            let cells = [text(name, [*saga, s.action.number(), 0]), text(answer, [0; 3])];
            out.row((*saga as u64) << 1 | undo, Mark::Plain, &cells);
        }
    }
}

fn of_log_service(s: &LogService, out: &mut Description) {
    let title = if s.reverts() { "section.reversals" } else { "section.transactions" };
    out.section(Label::new(title), Shape::Log, true);
    let key = |command| match command {
        Command::Begin => "row.registered",
        Command::Complete => "row.closed",
        _ => "row.reverted",
    };
    let len = s.log.len();
    let newest: Vec<_> = s.log.records().rev().take(SHOWN).collect();
    for (i, line) in newest.iter().rev().enumerate() {
        let place = len - newest.len() + i;
        let cells = [text(key(line.command), [line.about.order, 0, 0])];
        out.row(place as u64, Mark::Plain, &cells);
    }
    for (i, line) in s.log.staged().enumerate() {
        let cells = [text(key(line.command), [line.about.order, 0, 0])];
        out.row((len + i) as u64, Mark::Pending, &cells);
    }
}
