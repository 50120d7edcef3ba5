//! A cache: keeps in memory what it was asked for, and is told of changes.
//!
//! Owns its entries and how long they live. An event of a change must also beat an answer that is on
//! its way: the cache remembers which write it heard of, and takes nothing older (the check can be
//! left out, and then an old answer stays). A crash empties it, and it fills again.

use super::message::{Cell, ITEMS, Look, Msg};
use super::names::timer;
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// A cache.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cache {
    primary: NodeId,
    ttl: Span,
    check: bool,
    pub(super) entries: Vec<Cell>,
    /// By item, the newest write that it was told of.
    floor: [i32; ITEMS as usize],
    waiting: Vec<(NodeId, Look)>,
}

impl Cache {
    /// An empty cache; `ttl` zero: entries live until they are replaced.
    #[must_use]
    pub const fn new(primary: NodeId, ttl: Span, check: bool) -> Self {
        Self { primary, ttl, check, entries: Vec::new(), floor: [0; ITEMS as usize], waiting: Vec::new() }
    }

    /// The newest write of an item that it was told of.
    pub(super) fn told_of(&self, key: i32) -> i32 {
        self.floor[(key - 1).clamp(0, ITEMS - 1) as usize]
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg: Msg::Look(look) } => {
                self.waiting.push((from, look.clone()));
                if !self.answer(ctx) {
                    ctx.send(self.primary, Msg::Fetch);
                }
            }
            Event::Message { msg: Msg::Fill(cells), .. } => {
                for cell in cells {
                    self.put(ctx, *cell);
                }
                if !self.answer(ctx) {
                    // What came is older than what it was told of: there is something newer by now.
                    ctx.send(self.primary, Msg::Fetch);
                }
            }
            Event::Message { from, msg: Msg::Update(update) } => {
                let floor = &mut self.floor[(update.cell.key - 1).clamp(0, ITEMS - 1) as usize];
                *floor = (*floor).max(update.cell.seq);
                if self.entries.iter().any(|e| e.key == update.cell.key) {
                    self.put(ctx, update.cell);
                }
                ctx.send(from, Msg::Received(*update));
            }
            Event::Timer(Timer { kind: timer::TTL, arg }) => self.entries.retain(|e| e.key != arg),
            _ => {}
        }
    }

    fn put(&mut self, ctx: &mut Ctx<'_, Msg>, cell: Cell) {
        if self.check && cell.seq < self.told_of(cell.key) {
            return;
        }
        self.entries.retain(|e| e.key != cell.key);
        self.entries.push(cell);
        if self.ttl > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::TTL, arg: cell.key }, self.ttl);
        }
    }

    /// Answers whoever waits, if it has everything; whether nobody waits any more.
    fn answer(&mut self, ctx: &mut Ctx<'_, Msg>) -> bool {
        if self.waiting.is_empty() {
            return true;
        }
        let cells: Vec<Cell> =
            (1..=ITEMS).filter_map(|key| self.entries.iter().find(|e| e.key == key).copied()).collect();
        if cells.len() < ITEMS as usize {
            return false;
        }
        for (client, look) in self.waiting.drain(..) {
            let behind = cells.iter().zip(look.least).any(|(cell, least)| cell.seq < least);
            let answer = if behind { Msg::Behind(look) } else { Msg::Values(look, cells.clone()) };
            ctx.send(client, answer);
        }
        true
    }

    pub(super) fn on_crash(&mut self) {
        self.entries.clear();
        self.floor = [0; ITEMS as usize];
        self.waiting.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.waiting.is_empty(), self.entries.is_empty()) {
            (false, _) => Mood::Waiting,
            (true, true) => Mood::Idle,
            (true, false) => Mood::Committed,
        }
    }
}
