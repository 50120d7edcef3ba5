//! What the nodes show of themselves: rows for the inspector. Owns no state.

use super::BusMachine;
use super::broker::{Broker, Team};
use super::consumer::{Consumer, Membership, Stage};
use super::message::Placed;
use super::producer::Producer;
use super::store::Store;
use crate::kernel::{Cell, Description, Label, Mark, Shape};
use crate::parts::broker::Partition;

/// How many entries of a list are shown: the newest, or the next.
const SHOWN: usize = 8;

pub(super) fn describe(machine: &BusMachine, out: &mut Description) {
    match machine {
        BusMachine::Producer(producer) => of_producer(producer, out),
        BusMachine::Broker(broker) => of_broker(broker, out),
        BusMachine::Consumer(consumer) => of_consumer(consumer, out),
        BusMachine::Store(store) => of_store(store, out),
    }
}

const fn text(key: &'static str, args: [i32; 3]) -> Cell {
    Cell::Text(Label::with(key, args))
}

/// The cell that names an event; the textbook's has no customer.
const fn event(placed: Placed) -> Cell {
    let key = if placed.customer == 0 { "row.event" } else { "row.order" };
    text(key, [placed.order, placed.customer, 0])
}

fn of_producer(p: &Producer, out: &mut Description) {
    out.section(Label::new("section.unconfirmed"), Shape::Queue, true);
    for pending in p.pending.iter().take(SHOWN) {
        let (mark, key) = if pending.sent > 1 {
            (Mark::Provisional, "row.sent-again")
        } else {
            (Mark::Plain, "row.sent")
        };
        let cells = [event(pending.placed), text(key, [pending.sent as i32, 0, 0])];
        out.row(pending.placed.order as u64, mark, &cells);
    }
    out.status = if p.blocked {
        Some(Label::new("status.blocked"))
    } else if p.given_up > 0 {
        Some(Label::with("status.given-up", [p.given_up, 0, 0]))
    } else {
        Some(Label::with("status.published", [p.published, 0, 0]))
    };
}

fn of_broker(b: &Broker, out: &mut Description) {
    if b.settings.log {
        log(b, out);
        groups(b, out);
    } else {
        b.teams.iter().filter(|team| team.bound).for_each(|team| queue(team, out));
    }
    if !b.dead.is_empty() {
        out.section(Label::new("section.dead-letters"), Shape::Queue, true);
        for (i, dead) in b.dead.iter().rev().take(SHOWN).rev().enumerate() {
            let cells = [event(dead.placed), text("row.group", [i32::from(dead.team), 0, 0])];
            out.row(i as u64, Mark::Provisional, &cells);
        }
        out.status = Some(Label::with("status.dead-letters", [b.dead.len() as i32, 0, 0]));
    } else if !b.receipts.is_empty() {
        out.section(Label::new("section.receipts"), Shape::Log, true);
        let first = b.receipts.len().saturating_sub(SHOWN / 2);
        for (i, placed) in b.receipts.iter().enumerate().skip(first) {
            let twice = b.receipts.iter().filter(|r| *r == placed).count() > 1;
            out.row(i as u64, if twice { Mark::Wrong } else { Mark::Plain }, &[event(*placed)]);
        }
    }
    if b.teams.iter().any(|team| !team.waiting.is_empty()) {
        out.status = Some(Label::new("status.rebalance"));
    }
}

/// The log, partition by partition. What is handed out and not committed is hatched.
fn log(b: &Broker, out: &mut Description) {
    out.section(Label::new("section.log"), Shape::Log, true);
    let partitions = b.topic.partitions();
    let each = (SHOWN / usize::from(partitions)).max(3);
    for partition in 0..partitions {
        let newest: Vec<_> = b.topic.entries(partition).rev().take(each).collect();
        for (offset, entry) in newest.into_iter().rev() {
            let open = |team: &Team| {
                team.open.iter().any(|o| o.partition == partition && (o.from..o.next).contains(&offset))
            };
            let mark = if b.teams.iter().any(open) { Mark::Locked } else { Mark::Plain };
            let place = text("row.place", [i32::from(partition), offset as i32, 0]);
            out.row(key(partition, offset), mark, &[place, event(entry.value)]);
        }
        let end = b.topic.end(partition);
        for (i, (_, placed)) in b.writing().filter(|(p, _)| *p == partition).enumerate() {
            let offset = end + i as u32;
            let place = text("row.place", [i32::from(partition), offset as i32, 0]);
            out.row(key(partition, offset), Mark::Pending, &[place, event(placed)]);
        }
    }
}

const fn key(partition: Partition, offset: u32) -> u64 {
    (partition as u64) << 32 | offset as u64
}

/// How far each group has come in each partition, and who reads it.
fn groups(b: &Broker, out: &mut Description) {
    out.section(Label::new("section.groups"), Shape::Table, true);
    for team in &b.teams {
        for partition in 0..b.topic.partitions() {
            let (end, start) = (b.topic.end(partition), b.topic.start(partition));
            let id = [i32::from(team.id), i32::from(partition), 0];
            let at = team.group.committed(partition);
            let state = match at {
                _ if end == 0 => continue,
                Some(at) if at < start => text("row.fell-out", [at as i32, start as i32, 0]),
                Some(at) => text("row.offset", [at as i32, end as i32, 0]),
                None => text("row.no-offset", [0, end as i32, 0]),
            };
            let owner = match team.group.owner(partition) {
                Some(member) => text("row.owner", [i32::from(member), 0, 0]),
                None => text("row.nobody", [0; 3]),
            };
            let behind = at.is_none_or(|at| at < end);
            let mark = if behind { Mark::Provisional } else { Mark::Plain };
            out.row(key(partition, u32::from(team.id)), mark, &[text("row.group-at", id), state, owner]);
        }
    }
}

fn queue(team: &Team, out: &mut Description) {
    out.section(Label::with("section.queue", [i32::from(team.id), 0, 0]), Shape::Queue, true);
    for delivery in team.queue.unacked().take(SHOWN) {
        let m = &delivery.message;
        let state = text("row.handed-to", [i32::from(delivery.consumer), i32::from(m.returned), 0]);
        out.row(u64::from(m.place), Mark::Locked, &[event(m.value), state]);
    }
    for m in team.queue.ready().take(SHOWN) {
        let (mark, state) = if m.redelivered {
            (Mark::Provisional, text("row.came-back", [i32::from(m.returned), 0, 0]))
        } else {
            (Mark::Plain, text("row.ready", [0; 3]))
        };
        out.row(u64::from(m.place), mark, &[event(m.value), state]);
    }
}

fn of_consumer(c: &Consumer, out: &mut Description) {
    out.section(Label::new("section.in-hand"), Shape::Queue, false);
    let items = c.inbox.iter().flat_map(|b| b.items.iter().map(move |item| (b, item)));
    for (i, (batch, item)) in items.take(SHOWN).enumerate() {
        let state = match c.stage {
            Some(stage) if i == 0 => stage_of(stage),
            _ => "row.waits",
        };
        let mark = match c.membership {
            Membership::Out => Mark::Wrong,
            _ if item.returned > 0 => Mark::Provisional,
            _ => Mark::Plain,
        };
        let row = key(batch.partition, item.place);
        out.row(row, mark, &[event(item.placed), text(state, [i32::from(item.returned), 0, 0])]);
    }
    if c.settings.log && c.positions.iter().next().is_some() {
        out.section(Label::with("section.positions", [i32::from(c.generation), 0, 0]), Shape::Table, false);
        for (partition, offset) in c.positions.iter() {
            let cells =
                [text("row.partition", [i32::from(*partition), 0, 0]), Cell::Number(i64::from(*offset))];
            out.row(u64::from(*partition), Mark::Plain, &cells);
        }
    }
    let order = c.item().map_or(0, |item| item.placed.order);
    out.status = match (c.membership, c.stage) {
        (Membership::Out, Some(_)) => Some(Label::with("status.zombie", [order, 0, 0])),
        (Membership::Out, None) => Some(Label::new("status.out")),
        (Membership::Joining, _) => Some(Label::new("status.joining")),
        (Membership::Away, _) => Some(Label::new("status.away")),
        (Membership::In, Some(Stage::Committing)) => Some(Label::new("status.committing")),
        (Membership::In, Some(Stage::Pausing(true))) => Some(Label::with("status.below", [order, 0, 0])),
        (Membership::In, Some(Stage::Pausing(false) | Stage::GivingBack)) => {
            Some(Label::with("status.failed", [order, i32::from(c.failures), 0]))
        }
        (Membership::In, _) | (Membership::Down, _) => None,
    };
}

const fn stage_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Working => "row.works",
        Stage::Charging => "row.charges",
        Stage::Publishing => "row.publishes",
        Stage::Burying => "row.buries",
        Stage::Pausing(_) => "row.pauses",
        Stage::GivingBack => "row.gives-back",
        Stage::Committing => "row.commits",
    }
}

fn of_store(s: &Store, out: &mut Description) {
    out.section(Label::new("section.paid"), Shape::Table, true);
    for (customer, paid) in s.paid.iter() {
        let cell = match s.before {
            Some((who, before)) if who == *customer && before != *paid => Cell::Change(before, *paid),
            _ => Cell::Number(*paid),
        };
        out.row(*customer as u64, Mark::Plain, &[text("row.customer", [*customer, 0, 0]), cell]);
    }
    out.section(Label::new("section.charges"), Shape::Log, true);
    for (order, times) in s.charges.iter().rev().take(SHOWN).rev() {
        let (mark, key) =
            if *times > 1 { (Mark::Wrong, "row.charged-times") } else { (Mark::Plain, "row.charged") };
        let cells = [text("row.order-alone", [*order, 0, 0]), text(key, [i32::from(*times), 0, 0])];
        out.row(*order as u64, mark, &cells);
    }
    for placed in s.writing() {
        let cells = [text("row.order-alone", [placed.order, 0, 0]), text("row.charging", [0; 3])];
        out.row(placed.order as u64 | 1 << 32, Mark::Pending, &cells);
    }
    if s.settings().dedup && !s.seen.is_empty() {
        out.section(Label::new("section.ids"), Shape::Table, true);
        let newest: Vec<_> = s.seen.iter().rev().take(SHOWN / 2).collect();
        for (order, ()) in newest.into_iter().rev() {
            out.row(*order as u64, Mark::Plain, &[text("row.order-alone", [*order, 0, 0])]);
        }
    }
    if s.settings().fencing && s.settings().log && s.token > 0 {
        out.status = Some(Label::with("status.token", [i32::from(s.token), 0, 0]));
    }
}
