//! What change data capture promises, and how far the consumers' copies are behind.

use super::CdcMachine;
use super::broker::Broker;
use super::connector::Connector;
use super::consumer::{Consumer, Style};
use super::database::Database;
use super::message::{Key, Lsn, Op, fact};
use crate::kernel::{Args, Label, NodeId};
use crate::patterns::pattern::{Copied, Expect, Probe, Promise, Verdict};
use crate::sorted::Map;

/// The promises.
pub static PROMISES: &[Promise] = &[
    Promise { id: "no-lost-change", expect: Expect::AtRest, check: no_lost_change },
    Promise { id: "topic-agrees", expect: Expect::AtRest, check: topic_agrees },
    Promise { id: "order-per-key", expect: Expect::Always, check: order_per_key },
    Promise { id: "effects-once", expect: Expect::Always, check: effects_once },
    Promise { id: "copies-agree", expect: Expect::AtRest, check: copies_agree },
    Promise { id: "database-unharmed", expect: Expect::Always, check: database_unharmed },
];

fn machines<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a CdcMachine)> + use<'a> {
    let world = probe.world;
    (0..world.nodes()).filter_map(move |i| {
        let node = NodeId(i as u8);
        Some((node, world.machine(node)?))
    })
}

fn database<'a>(probe: &Probe<'a>) -> Option<&'a Database> {
    machines(probe).find_map(|(_, m)| if let CdcMachine::Database(m) = m { Some(m) } else { None })
}

fn broker<'a>(probe: &Probe<'a>) -> Option<&'a Broker> {
    machines(probe).find_map(|(_, m)| if let CdcMachine::Broker(m) = m { Some(m) } else { None })
}

fn connectors<'a>(probe: &Probe<'a>) -> impl Iterator<Item = &'a Connector> + use<'a> {
    machines(probe).filter_map(|(_, m)| if let CdcMachine::Connector(m) = m { Some(m) } else { None })
}

/// Consumers that have joined.
fn consumers<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (NodeId, &'a Consumer)> + use<'a> {
    let broker = broker(probe);
    machines(probe).filter_map(move |(node, m)| match m {
        CdcMachine::Consumer(m) if broker.is_some_and(|b| b.has_joined(node)) => Some((node, m)),
        _ => None,
    })
}

/// Every change behind the first snapshot has an event in the topic.
fn no_lost_change(probe: &Probe<'_>) -> Verdict {
    let ledger = probe.world.ledger();
    // A snapshot that is interrupted starts over, with a slot of its own: the last one counts.
    let first = ledger.iter().take_while(|o| o.fact != fact::SNAPSHOT_DONE);
    let Some(start) = first.filter(|o| o.fact == fact::SLOT_MADE).last().map(|o| o.args[2]) else {
        return Verdict::untrue(probe, Label::new("verdict.no-slot"));
    };
    let mut missing: Map<Lsn, Args> = Map::new();
    for o in ledger.iter() {
        if o.fact == fact::COMMITTED && o.args[2] > start {
            missing.insert(o.args[2], o.args);
        }
    }
    for o in ledger.iter().filter(|o| o.fact == fact::PUBLISHED && o.args[1] < Op::Read.number()) {
        missing.remove(&o.args[2]);
    }
    missing
        .values()
        .next()
        .map_or(Verdict::Holds, |args| Verdict::untrue(probe, Label::with("verdict.not-published", *args)))
}

/// Keys whose newest record in the topic does not say what the row says: key, row, record.
fn topic_apart(database: &Database, broker: &Broker) -> Option<(Key, Option<i32>, Option<i32>)> {
    let newest = broker.newest();
    let mut all: Map<Key, (Option<i32>, Option<i32>)> = Map::new();
    for (key, amount) in database.rows() {
        all.or_default(key).0 = Some(amount);
    }
    for (key, value) in newest.iter() {
        all.or_default(*key).1 = value.after;
    }
    all.iter().find(|(_, (row, record))| row != record).map(|(key, (row, record))| (*key, *row, *record))
}

/// The newest record of each key says what the row says.
fn topic_agrees(probe: &Probe<'_>) -> Verdict {
    let (Some(database), Some(broker)) = (database(probe), broker(probe)) else { return Verdict::Holds };
    match topic_apart(database, broker) {
        None => Verdict::Holds,
        Some((key, row, record)) => {
            let label = match (row, record) {
                (Some(row), Some(record)) => Label::with("verdict.topic-says", [key, record, row]),
                (None, Some(record)) => Label::with("verdict.topic-has", [key, record, 0]),
                _ => Label::with("verdict.topic-lacks", [key, row.unwrap_or(0), 0]),
            };
            Verdict::untrue(probe, label)
        }
    }
}

/// The changes of a row are first published in the order of the log.
fn order_per_key(probe: &Probe<'_>) -> Verdict {
    let mut seen: Vec<Lsn> = Vec::new();
    let mut newest: Map<Key, Lsn> = Map::new();
    let published =
        |o: &&crate::kernel::Observation| o.fact == fact::PUBLISHED && o.args[1] < Op::Read.number();
    for o in probe.world.ledger().iter().filter(published) {
        let [key, _, lsn] = o.args;
        if seen.contains(&lsn) {
            continue;
        }
        seen.push(lsn);
        if let Some(before) = newest.insert(key, lsn).filter(|before| *before > lsn) {
            return Verdict::Broken(Label::with("verdict.order", [key, lsn, before]));
        }
    }
    Verdict::Holds
}

/// No change takes effect twice at a consumer.
fn effects_once(probe: &Probe<'_>) -> Verdict {
    let mut effects: Map<(u8, Lsn), u8> = Map::new();
    for o in probe.world.ledger().iter() {
        if o.fact != fact::APPLIED || o.args[1] >= Op::Read.number() {
            continue;
        }
        let count = effects.or_default((o.node.0, o.args[2]));
        *count += 1;
        if *count > 1 {
            return Verdict::Broken(Label::with("verdict.twice", o.args));
        }
    }
    Verdict::Holds
}

/// How a consumer differs from the table: the number of rows (and the sum, if only that), and one.
fn apart(database: &Database, consumer: &Consumer) -> (u32, Option<Args>) {
    let mut all: Map<Key, [Option<i32>; 2]> = Map::new();
    let mut sum = 0;
    for (key, amount) in database.rows() {
        all.or_default(key)[0] = Some(amount);
        sum += amount;
    }
    for (key, amount) in consumer.rows() {
        all.or_default(key)[1] = Some(amount);
    }
    let mut wrong = all.iter().filter(|(_, [row, copy])| row != copy);
    match wrong.next() {
        Some((key, [row, copy])) => {
            let args = [*key, copy.unwrap_or(0), row.unwrap_or(0)];
            (1 + wrong.count() as u32, Some(args))
        }
        None if sum != consumer.sum() => (1, Some([0, consumer.sum(), sum])),
        None => (0, None),
    }
}

/// Each consumer's rows and sum are those of the table.
fn copies_agree(probe: &Probe<'_>) -> Verdict {
    let Some(database) = database(probe) else { return Verdict::Holds };
    for (node, consumer) in consumers(probe) {
        if let (_, Some([key, copy, row])) = apart(database, consumer) {
            let label = if key == 0 {
                Label::with("verdict.sum", [i32::from(node.0), copy, row])
            } else {
                Label::with("verdict.copy", [key, copy, row])
            };
            return Verdict::untrue(probe, label);
        }
    }
    Verdict::Holds
}

/// Nobody was turned away because of the capture.
fn database_unharmed(probe: &Probe<'_>) -> Verdict {
    if probe.world.ledger().iter().any(|o| o.fact == fact::TURNED_AWAY) {
        return Verdict::Broken(Label::new("verdict.turned-away"));
    }
    let Some(database) = database(probe) else { return Verdict::Holds };
    let (kept, disk) = (database.wal().kept(), probe.params.get("disk") as u32);
    if disk > 0 && kept * 2 > disk {
        return Verdict::NotYet(Label::with("verdict.filling", [kept as i32, disk as i32, 0]));
    }
    Verdict::Holds
}

/// The consumers' rows, as copies of the table.
pub(super) fn copies(probe: &Probe<'_>, out: &mut Vec<Copied>) {
    let (Some(database), Some(broker)) = (database(probe), broker(probe)) else { return };
    for (node, consumer) in consumers(probe) {
        let (behind, wrong) = apart(database, consumer);
        let lost = wrong.filter(|_| probe.at_rest).map(|args| {
            let key = args[0];
            let newest = broker.newest();
            let there = database.rows().any(|(k, _)| k == key);
            let told = newest.get(&key);
            if key == 0 {
                Label::with("copy.counted-twice", args)
            } else if consumer.gave_up(key) {
                Label::with("copy.dead-letter", args)
            } else if !there && told.is_none() {
                Label::with("copy.zombie", args)
            } else if connectors(probe).any(Connector::has_failed) {
                Label::with("copy.no-connector", args)
            } else if told.and_then(|value| value.after)
                != database.rows().find(|r| r.0 == key).map(|r| r.1)
            {
                Label::with("copy.never-told", args)
            } else if consumer.style() == Style::ReadBack {
                Label::with("copy.too-early", args)
            } else {
                Label::with("copy.out-of-order", args)
            }
        });
        out.push(Copied { node, name: Label::new("copy.rows"), behind, lost });
    }
}
