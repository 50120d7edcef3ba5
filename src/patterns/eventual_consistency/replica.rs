//! A replica: accepts writes where it may, tells the others, and takes over what they tell it.
//!
//! Owns its rows, its outbox of updates (written together with the sale, so that a crash forgets
//! none), and the ways to merge, naive ones among them. A row of the outbox that was confirmed goes
//! with the next write; after a crash it may be sent again, which a merge has to bear. Does not own
//! sessions: what a reader may see is checked where the reader is.

use super::heard::Heard;
use super::message::{Cell, Facts, ITEMS, Look, Msg, Sale, Update, WRITERS};
use super::names::{fact, record, timer};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::idempotency::IdempotencyTable;
use crate::parts::retry::{Retries, RetryPolicy};

/// How a replica makes one state of two.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Merge {
    /// What arrives last stands.
    Arrival,
    /// What was written last stands, by the clocks of those who wrote (last writer wins).
    Newest,
    /// The same, and each writer's writes in the order in which they were written.
    InOrder,
    /// A grow-only counter: both count.
    Counter,
}

/// How a replica is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Its number among those who write.
    pub index: u8,
    /// Who hears of its writes.
    pub peers: Vec<NodeId>,
    /// How it merges.
    pub merge: Merge,
    /// How far its clock is ahead, in wishes.
    pub skew: i32,
    /// Whether its clock goes on from the newest stamp that it has seen (a hybrid logical clock).
    pub hybrid: bool,
    /// Whether it recognises a sale that it is asked for again.
    pub idempotent: bool,
    /// How long to wait for a confirmation, at least.
    pub timeout: Span,
    /// How much longer from attempt to attempt, and how many attempts.
    pub policy: RetryPolicy,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Staged {
    Sale(Sale, NodeId),
    Update(Update, NodeId),
}

/// An update that is under way to somebody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct UnderWay {
    peer: NodeId,
    seq: i32,
    /// How often it was sent.
    sent: Retries,
    /// Nobody waits any more: it was confirmed, or given up.
    over: bool,
}

/// One replica.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Replica {
    pub(super) settings: Settings,
    pub(super) cells: Vec<Cell>,
    /// How many writes of its own it has.
    pub(super) seq: i32,
    clock: i32,
    /// Which writes of whom it has taken over.
    pub(super) heard: [Heard; WRITERS],
    /// Updates and to whom they go, until they are confirmed.
    outbox: Vec<(NodeId, Update)>,
    granted: IdempotencyTable<i32, i32>,
    facts: Facts,
    staged: Vec<(Ticket, Staged)>,
    answers: Vec<(Ticket, NodeId, Msg)>,
    under_way: Vec<UnderWay>,
}

/// Wishes that are remembered: far more than a client asks again.
const GRANTED: usize = 32;
/// Timers of updates: the number of the write and the node that is to hear of it.
const NODES: i32 = 16;

impl Replica {
    /// A replica that has sold nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            cells: (1..=ITEMS).map(Cell::new).collect(),
            seq: 0,
            clock: 0,
            heard: [Heard::default(), Heard::default(), Heard::default()],
            outbox: Vec::new(),
            granted: IdempotencyTable::new(GRANTED),
            facts: Facts::default(),
            staged: Vec::new(),
            answers: Vec::new(),
            under_way: Vec::new(),
        }
    }

    /// How many of an item were sold, as this replica has it.
    #[must_use]
    pub fn sold(&self, key: i32) -> i32 {
        self.cells.iter().find(|c| c.key == key).map_or(0, |c| c.value)
    }

    /// How many of an item were sold where, as this replica has it.
    #[must_use]
    pub fn counter(&self, key: i32) -> [i32; WRITERS] {
        self.cells.iter().find(|c| c.key == key).map_or([0; WRITERS], |c| c.slots)
    }

    /// What somebody has not confirmed yet: to whom, what, how often it was sent.
    pub(super) fn untold(&self) -> impl Iterator<Item = (NodeId, &Update, u32)> {
        self.outbox.iter().filter_map(|(peer, update)| match self.way(*peer, update.seq) {
            Some(way) if way.over => None,
            way => Some((*peer, update, way.map_or(0, |w| w.sent.failed))),
        })
    }

    fn way(&self, peer: NodeId, seq: i32) -> Option<&UnderWay> {
        self.under_way.iter().find(|w| w.peer == peer && w.seq == seq)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg } => self.told(ctx, from, msg),
            Event::Timer(Timer { kind: timer::RESEND, arg }) => {
                let (seq, peer) = (arg / NODES, NodeId((arg % NODES) as u8));
                let Some(way) = self.under_way.iter_mut().find(|w| w.peer == peer && w.seq == seq) else {
                    return;
                };
                if self.settings.policy.attempts.is_some_and(|most| way.sent.failed >= most) {
                    way.over = true;
                } else if !way.over {
                    self.tell(ctx, peer, seq);
                }
            }
            Event::Recovered => {
                self.facts.publish(ctx);
                for at in 0..self.outbox.len() {
                    let (peer, update) = self.outbox[at];
                    self.tell(ctx, peer, update.seq);
                }
            }
            Event::Persisted(ticket) => {
                self.facts.publish(ctx);
                let Some(at) = self.answers.iter().position(|a| a.0 == ticket) else { return };
                let (_, to, answer) = self.answers.remove(at);
                let sold = if let Msg::Sold(_, seq) = &answer { *seq } else { 0 };
                ctx.send(to, answer);
                for at in 0..self.outbox.len() {
                    let (peer, update) = self.outbox[at];
                    if update.seq == sold && self.way(peer, sold).is_none() {
                        self.tell(ctx, peer, sold);
                    }
                }
            }
            Event::Refused(ticket) => {
                let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
                if let (_, Staged::Sale(sale, client)) = self.staged.remove(at) {
                    ctx.send(client, Msg::NotSold(sale));
                }
            }
            _ => {}
        }
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        match msg {
            Msg::Sell(sale) if ctx.interference() != Interference::None => {
                ctx.send(from, Msg::NotSold(*sale))
            }
            Msg::Sell(sale) => {
                let ticket = ctx.persist(record::SALE, [sale.no, sale.key, 0]);
                self.staged.push((ticket, Staged::Sale(*sale, from)));
            }
            // Known already: confirmed again, and nothing else.
            Msg::Update(update) if self.knows(update) => ctx.send(from, Msg::Received(*update)),
            // A gap: it is told again, and by then what is missing may be here.
            Msg::Update(update) if self.is_early(update) => {}
            Msg::Update(update) => {
                let ticket =
                    ctx.persist(record::REPLICATED, [update.seq, update.cell.key, update.cell.value]);
                self.staged.push((ticket, Staged::Update(*update, from)));
            }
            Msg::Received(update) => {
                let ways = self.under_way.iter_mut();
                for way in ways.filter(|w| w.peer == from && w.seq == update.seq) {
                    way.over = true;
                }
                ctx.cancel_timer(Timer {
                    kind: timer::RESEND,
                    arg: update.seq * NODES + i32::from(from.0),
                });
            }
            Msg::Look(look) => ctx.send(from, self.answer(look)),
            Msg::Fetch => ctx.send(from, Msg::Fill(self.cells.clone())),
            _ => {}
        }
    }

    /// Whether an update was taken over before. Who takes whatever arrives does not ask.
    fn knows(&self, update: &Update) -> bool {
        let heard = &self.heard[usize::from(update.origin)];
        self.settings.merge != Merge::Arrival && heard.contains(update.seq)
    }

    /// Whether one before it is missing, which matters to who keeps the order.
    fn is_early(&self, update: &Update) -> bool {
        let coming = self.staged.iter().filter(|(_, staged)| {
            matches!(staged, Staged::Update(u, _) if u.origin == update.origin && u.seq < update.seq)
        });
        let upto = self.heard[usize::from(update.origin)].upto + coming.count() as i32;
        self.settings.merge == Merge::InOrder && update.seq > upto + 1
    }

    fn answer(&self, look: &Look) -> Msg {
        let behind = self.cells.iter().zip(look.least).any(|(cell, least)| cell.seq < least);
        if behind { Msg::Behind(look.clone()) } else { Msg::Values(look.clone(), self.cells.clone()) }
    }

    /// Sends an update, and will again unless it is confirmed.
    fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, peer: NodeId, seq: i32) {
        let Some((_, update)) = self.outbox.iter().find(|(p, u)| *p == peer && u.seq == seq) else {
            return;
        };
        ctx.send(peer, Msg::Update(*update));
        let Settings { policy, timeout, .. } = self.settings;
        let at = self.under_way.iter().position(|w| w.peer == peer && w.seq == seq).unwrap_or_else(|| {
            self.under_way.push(UnderWay { peer, seq, sent: Retries::default(), over: false });
            self.under_way.len() - 1
        });
        let wait = self.under_way[at].sent.fail(&policy, |n| ctx.roll(n)).unwrap_or(Span::ZERO);
        let timer = Timer { kind: timer::RESEND, arg: seq * NODES + i32::from(peer.0) };
        ctx.set_timer(timer, Span::us(timeout.micros + wait.micros));
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(at) = self.staged.iter().position(|s| s.0 == ticket) else { return };
        match self.staged.remove(at).1 {
            Staged::Sale(sale, client) => {
                let known = self.granted.answer(&sale.no).copied().filter(|_| self.settings.idempotent);
                let seq = known.unwrap_or_else(|| self.sell(sale));
                self.answers.push((ticket, client, Msg::Sold(sale, seq)));
            }
            Staged::Update(update, from) => {
                if self.take_over(update) {
                    self.answers.push((ticket, from, Msg::Received(update)));
                }
            }
        }
    }

    /// A sale of its own, with its rows of the outbox; the number it has among its writes.
    fn sell(&mut self, sale: Sale) -> i32 {
        let Settings { index: origin, skew, merge, .. } = self.settings;
        self.seq += 1;
        let seq = self.seq;
        self.clock = (self.clock + 1).max(sale.no + skew);
        let cell = &mut self.cells[(sale.key - 1).clamp(0, ITEMS - 1) as usize];
        let mut slots = cell.slots;
        slots[usize::from(origin)] += 1;
        let written = Cell { value: cell.value + 1, stamp: self.clock, origin, seq, slots, key: cell.key };
        match merge {
            Merge::Counter => *cell = cell.merged(&written),
            Merge::Arrival => *cell = written,
            // By a clock that is behind, the new write is the older one: it is lost at once.
            Merge::Newest | Merge::InOrder => *cell = newer(cell, &written),
        }
        // What was confirmed goes with this write.
        let Self { outbox, under_way, .. } = self;
        outbox.retain(|(p, u)| !under_way.iter().any(|w| w.peer == *p && w.seq == u.seq && w.over));
        under_way.retain(|w| !w.over);
        let told = if merge == Merge::Counter { *cell } else { written };
        let update = Update { origin, seq, cell: told };
        self.outbox.extend(self.settings.peers.iter().map(|peer| (*peer, update)));
        self.granted.record(sale.no, seq);
        self.facts.add(fact::SOLD, [sale.no, sale.key, i32::from(origin) + 1]);
        seq
    }

    /// Another replica's write; whether it is done with.
    fn take_over(&mut self, update: Update) -> bool {
        if self.knows(&update) {
            return true;
        }
        let heard = &mut self.heard[usize::from(update.origin)];
        if self.settings.merge == Merge::InOrder && update.seq != heard.upto + 1 {
            return false;
        }
        heard.insert(update.seq);
        if self.settings.hybrid {
            self.clock = self.clock.max(update.cell.stamp);
        }
        let Some(cell) = self.cells.iter_mut().find(|c| c.key == update.cell.key) else { return true };
        match self.settings.merge {
            Merge::Counter => *cell = cell.merged(&update.cell),
            Merge::Newest | Merge::InOrder => *cell = newer(cell, &update.cell),
            Merge::Arrival => {
                if update.cell.origin == cell.origin && update.cell.seq < cell.seq {
                    self.facts.add(fact::WENT_BACK, [cell.key, cell.seq, update.cell.seq]);
                }
                *cell = update.cell;
            }
        }
        true
    }

    pub(super) fn on_crash(&mut self) {
        self.staged.clear();
        self.answers.clear();
        self.under_way.clear();
    }

    /// What is on its way to the disk: the item, and whether it is a sale of its own.
    pub(super) fn writing(&self) -> impl Iterator<Item = (i32, bool)> {
        self.staged.iter().map(|(_, staged)| match staged {
            Staged::Sale(sale, _) => (sale.key, true),
            Staged::Update(update, _) => (update.cell.key, false),
        })
    }

    pub(super) fn mood(&self) -> Mood {
        if !self.staged.is_empty() {
            Mood::Working
        } else if self.untold().next().is_some() {
            Mood::Waiting
        } else if self.seq + self.heard.iter().map(Heard::len).sum::<i32>() > 0 {
            Mood::Committed
        } else {
            Mood::Idle
        }
    }
}

/// The one that was written last, by the clocks; of equals, that of the higher replica.
fn newer(a: &Cell, b: &Cell) -> Cell {
    if (a.stamp, a.origin, a.seq) < (b.stamp, b.origin, b.seq) { *b } else { *a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::retry::Jitter;

    fn replica(index: u8, merge: Merge, skew: i32) -> Replica {
        let policy = RetryPolicy {
            attempts: None,
            base: Span::ms(1),
            factor: 2,
            cap: Span::ms(1),
            jitter: Jitter::None,
        };
        let peers = vec![NodeId(1 - index)];
        let timeout = Span::ms(1);
        Replica::new(Settings {
            index,
            peers,
            merge,
            skew,
            hybrid: false,
            idempotent: true,
            timeout,
            policy,
        })
    }

    fn sell(replica: &mut Replica, no: i32) -> Update {
        replica.sell(Sale { no, key: 1 });
        replica.outbox.last().expect("an update").1
    }

    /// Both sell one, each before it hears of the other; what both say in the end.
    fn concurrently(merge: Merge) -> [i32; 2] {
        let (mut a, mut b) = (replica(0, merge, 0), replica(1, merge, 0));
        let (from_a, from_b) = (sell(&mut a, 1), sell(&mut b, 2));
        a.take_over(from_b);
        b.take_over(from_a);
        a.take_over(from_b);
        [a.cells[0].value, b.cells[0].value]
    }

    #[test]
    fn two_sales_at_once_are_one_for_the_last_writer_and_two_for_a_counter() {
        assert_eq!(concurrently(Merge::Newest), [1, 1]);
        assert_eq!(concurrently(Merge::Counter), [2, 2]);
    }

    #[test]
    fn a_clock_ahead_beats_a_later_write() {
        let (mut ahead, mut right) = (replica(0, Merge::Newest, 9), replica(1, Merge::Newest, 0));
        let first = sell(&mut ahead, 1);
        right.take_over(first);
        sell(&mut right, 2);
        assert_eq!(right.cells[0].value, 1, "the later sale is lost where it was made");
        let mut learned = replica(1, Merge::Newest, 0);
        learned.settings.hybrid = true;
        learned.take_over(first);
        sell(&mut learned, 2);
        assert_eq!(learned.cells[0].value, 2, "a clock that goes on from what it has seen is later");
    }

    #[test]
    fn in_order_a_gap_waits() {
        let (mut a, mut b) = (replica(0, Merge::InOrder, 0), replica(1, Merge::InOrder, 0));
        let (one, two) = (sell(&mut a, 1), sell(&mut a, 2));
        assert!(!b.take_over(two));
        assert!(b.take_over(one) && b.take_over(two) && b.take_over(one));
        assert_eq!(b.cells[0].value, 2);
    }
}
