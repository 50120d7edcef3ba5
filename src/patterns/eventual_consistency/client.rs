//! Customers: one buys and reads, a visitor only reads. Each is a session with a memory.
//!
//! Owns what they saw, which goes into the ledger, and the session guarantees: what a session has
//! written or seen, and whether it says so when it asks. The numbers of wishes grow with time; as
//! machines see no clock, they stand for it.

use super::message::{Cell, ITEMS, Look, Msg, Sale};
use super::names::{fact, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::retry::{Retries, RetryPolicy};

/// What a session asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Session {
    /// Nothing: any copy will do.
    None,
    /// The same copy each time.
    Sticky,
    /// A copy that has at least what the session has written and seen.
    Token,
}

/// How customers are set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Where one can buy, in turn.
    pub writers: Vec<NodeId>,
    /// Where one can read, in turn.
    pub readers: Vec<NodeId>,
    /// Whether writes have one order, so that sessions can be judged.
    pub one_writer: bool,
    /// What a session asks for.
    pub session: Session,
    /// How many sales customers make on their own.
    pub orders: i32,
    /// The pause between two.
    pub gap: Span,
    /// How many read after each sale: nobody, the customer, a visitor too.
    pub reads: u8,
    /// How long to wait for an answer, and from attempt to attempt.
    pub timeout: Span,
    /// The same.
    pub policy: RetryPolicy,
}

/// What one session has done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Memory {
    /// By item, the newest write of its own.
    wrote: [i32; ITEMS as usize],
    /// By item, the newest write it has seen.
    seen: [i32; ITEMS as usize],
    reads: usize,
}

/// A sale that has no answer yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Wish {
    pub sale: Sale,
    at: NodeId,
    pub sent: Retries,
    /// Waiting to be sent again.
    pausing: bool,
}

/// The customers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    settings: Settings,
    newest: i32,
    made: i32,
    pub(super) wishes: Vec<Wish>,
    /// Reads that have no answer yet, and what their session remembered when it asked: what came to
    /// its memory since is no fault of the answer.
    pub(super) looks: Vec<(Look, Memory)>,
    sessions: [Memory; 2],
    /// By item, how many sales were confirmed.
    confirmed: [i32; ITEMS as usize],
    /// The newest writes that were confirmed, as item and number, to find gaps by.
    acknowledged: Vec<(usize, i32)>,
    /// What each saw last: read, whose, how many of each item, and what was wrong with it.
    pub(super) saw: Vec<(i32, u8, [i32; ITEMS as usize], Option<u8>)>,
}

/// Confirmed writes that are remembered to find gaps by.
const REMEMBERED: usize = 12;
/// Reads shown.
const SHOWN: usize = 4;

impl Client {
    /// Customers.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            newest: 0,
            made: 0,
            wishes: Vec::new(),
            looks: Vec::new(),
            sessions: [Memory::default(); 2],
            confirmed: [0; ITEMS as usize],
            acknowledged: Vec::new(),
            saw: Vec::new(),
        }
    }

    /// How many sales of an item customers were told of.
    #[must_use]
    pub const fn confirmed(&self) -> [i32; ITEMS as usize] {
        self.confirmed
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => self.next(ctx),
            Event::Recovered => {
                for at in 0..self.wishes.len() {
                    self.send(ctx, at);
                }
                self.looks.clear();
            }
            Event::Timer(Timer { kind: timer::ANSWER, arg }) => {
                let Some(at) = self.wishes.iter().position(|w| w.sale.no == arg) else { return };
                if self.wishes[at].pausing { self.send(ctx, at) } else { self.again(ctx, at) }
            }
            Event::Timer(Timer { kind: timer::READ, arg }) => self.looks.retain(|(l, _)| l.no != arg),
            Event::Command(verb, value) => {
                let key = value.clamp(1, ITEMS);
                let writer = |n: usize| self.settings.writers[n % self.settings.writers.len()];
                match verb {
                    verb::SELL => self.wish(ctx, key, writer(0)),
                    verb::SELL_ELSEWHERE => self.wish(ctx, key, writer(1)),
                    verb::READ => self.look(ctx, 0),
                    verb::LOOK => self.look(ctx, 1),
                    _ => {}
                }
            }
            Event::Message { msg, .. } => self.told(ctx, msg),
            _ => {}
        }
    }

    fn next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.made < self.settings.orders {
            let at = self.settings.writers[self.made as usize % self.settings.writers.len()];
            self.made += 1;
            // With one writer, items take turns; several writers meet over the same item.
            let key = if self.settings.one_writer { (self.made - 1) % ITEMS + 1 } else { 1 };
            self.wish(ctx, key, at);
            if self.made < self.settings.orders {
                ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
            }
        }
    }

    fn wish(&mut self, ctx: &mut Ctx<'_, Msg>, key: i32, at: NodeId) {
        self.newest += 1;
        let sale = Sale { no: self.newest, key };
        self.wishes.push(Wish { sale, at, sent: Retries::default(), pausing: false });
        self.send(ctx, self.wishes.len() - 1);
    }

    fn send(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let wish = &mut self.wishes[at];
        wish.pausing = false;
        ctx.send(wish.at, Msg::Sell(wish.sale));
        ctx.set_timer(Timer { kind: timer::ANSWER, arg: wish.sale.no }, self.settings.timeout);
    }

    /// No answer, or a bad one: later, or not any more.
    fn again(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let wish = &mut self.wishes[at];
        match wish.sent.fail(&self.settings.policy, |n| ctx.roll(n)) {
            Some(wait) if wait > Span::ZERO => {
                wish.pausing = true;
                ctx.set_timer(Timer { kind: timer::ANSWER, arg: wish.sale.no }, wait);
            }
            Some(_) => self.send(ctx, at),
            None => {
                self.wishes.remove(at);
            }
        }
    }

    fn look(&mut self, ctx: &mut Ctx<'_, Msg>, who: u8) {
        let memory = &mut self.sessions[usize::from(who)];
        let readers = &self.settings.readers;
        // A visitor begins at another copy than the customer.
        let turn = if self.settings.session == Session::Sticky { 0 } else { memory.reads };
        let at = readers[(turn + usize::from(who)) % readers.len()];
        memory.reads += 1;
        let mut least = [0; ITEMS as usize];
        if self.settings.session == Session::Token {
            for (item, least) in least.iter_mut().enumerate() {
                *least = memory.wrote[item].max(memory.seen[item]);
            }
        }
        self.newest += 1;
        let look = Look { no: self.newest, who, least };
        let memory = *memory;
        self.ask(ctx, look, memory, at);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, look: Look, memory: Memory, at: NodeId) {
        ctx.send(at, Msg::Look(look.clone()));
        ctx.set_timer(Timer { kind: timer::READ, arg: look.no }, self.settings.timeout.times(4));
        self.looks.push((look, memory));
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        match msg {
            Msg::Sold(sale, seq) => {
                let Some(at) = self.wishes.iter().position(|w| w.sale == *sale) else { return };
                self.wishes.remove(at);
                ctx.cancel_timer(Timer { kind: timer::ANSWER, arg: sale.no });
                ctx.observe(fact::CONFIRMED, [sale.no, sale.key, 0]);
                let item = (sale.key - 1).clamp(0, ITEMS - 1) as usize;
                self.confirmed[item] += 1;
                self.sessions[0].wrote[item] = self.sessions[0].wrote[item].max(*seq);
                if self.acknowledged.len() == REMEMBERED {
                    self.acknowledged.remove(0);
                }
                self.acknowledged.push((item, *seq));
                for who in 0..self.settings.reads.min(2) {
                    self.look(ctx, who);
                }
            }
            Msg::NotSold(sale) => {
                if let Some(at) = self.wishes.iter().position(|w| w.sale == *sale) {
                    self.again(ctx, at);
                }
            }
            Msg::Values(look, cells) => {
                let Some(at) = self.looks.iter().position(|(l, _)| l.no == look.no) else { return };
                let (_, memory) = self.looks.remove(at);
                ctx.cancel_timer(Timer { kind: timer::READ, arg: look.no });
                self.sees(ctx, look, &memory, cells);
            }
            // That copy has not come so far: the one where it was written has.
            Msg::Behind(look) => {
                let Some(at) = self.looks.iter().position(|(l, _)| l == look) else { return };
                let (look, memory) = self.looks.remove(at);
                self.ask(ctx, look, memory, self.settings.writers[0]);
            }
            _ => {}
        }
    }

    fn sees(&mut self, ctx: &mut Ctx<'_, Msg>, look: &Look, memory: &Memory, cells: &[Cell]) {
        let mut values = [0; ITEMS as usize];
        let mut seqs = [0; ITEMS as usize];
        for (item, cell) in cells.iter().take(ITEMS as usize).enumerate() {
            values[item] = cell.value;
            seqs[item] = cell.seq;
        }
        let mut wrong = None;
        if self.settings.one_writer {
            let newest = seqs.iter().copied().max().unwrap_or(0);
            let mut stale = None;
            for (item, &seq) in seqs.iter().enumerate() {
                let key = item as i32 + 1;
                let mut say = |what: u8, missing: i32| {
                    wrong.get_or_insert(what);
                    ctx.observe(what, [look.no, key, missing]);
                };
                if seq < memory.wrote[item] {
                    say(fact::OWN_MISSING, memory.wrote[item]);
                }
                if seq < memory.seen[item] {
                    say(fact::READ_BACK, memory.seen[item]);
                }
                let of_item = self.acknowledged.iter().filter(|(i, _)| *i == item).map(|(_, s)| *s);
                if let Some(missing) = of_item.clone().find(|s| *s > seq && *s < newest) {
                    say(fact::READ_GAP, missing);
                }
                let behind = of_item.filter(|s| *s > seq).count() as i32;
                if behind > 0 {
                    stale.get_or_insert([look.no, key, behind]);
                }
                let seen = &mut self.sessions[usize::from(look.who)].seen[item];
                *seen = (*seen).max(seq);
            }
            match (wrong, stale) {
                (None, Some(args)) => {
                    wrong = Some(fact::READ_STALE);
                    ctx.observe(fact::READ_STALE, args);
                }
                (None, None) => ctx.observe(fact::READ_FRESH, [look.no, values[0], values[1]]),
                (Some(_), _) => {}
            }
        } else {
            ctx.observe(fact::READ_FRESH, [look.no, values[0], values[1]]);
        }
        if self.saw.len() == SHOWN {
            self.saw.remove(0);
        }
        self.saw.push((look.no, look.who, values, wrong));
    }

    pub(super) fn mood(&self) -> Mood {
        match self.saw.last() {
            _ if !self.wishes.is_empty() || !self.looks.is_empty() => Mood::Waiting,
            Some((.., None)) => Mood::Committed,
            Some((.., Some(_))) => Mood::Stale,
            None if self.confirmed.iter().any(|n| *n > 0) => Mood::Committed,
            None => Mood::Idle,
        }
    }
}
