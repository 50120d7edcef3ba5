//! The client: buys, and looks. Owns its session: the newest version it wrote, the newest it saw,
//! and what it does to see its own writes. Its order list is on paper and survives a crash.

use super::message::{Msg, QUESTIONS, Row, fact, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::retry::RetryPolicy;

/// What a session does to see its own writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cure {
    /// Nothing.
    None,
    /// The page shows the state that came with the answer to the command, and nothing older.
    Returned,
    /// A question names the least version that it accepts, and waits for it.
    AtLeast,
    /// A question of one's own is answered by the write side.
    WriteSide,
}

/// How a client is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The command service.
    pub commands: NodeId,
    /// Query services.
    pub queries: Vec<NodeId>,
    /// Questions go to each of them by turns, or all to the first.
    pub by_turns: bool,
    /// What it does to see its own writes.
    pub cure: Cure,
    /// How many orders.
    pub orders: i32,
    /// Items of an order.
    pub quantity: i32,
    /// The pause between two orders.
    pub gap: Span,
    /// All orders at once.
    pub together: bool,
    /// Questions after each order.
    pub reads: i32,
    /// Whether the textbook's words are used.
    pub plain: bool,
    /// When it asks again.
    pub patience: RetryPolicy,
}

/// How often a question is asked before the page says that it does not know.
const ASKED: u8 = 4;

/// Something that it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Wish {
    /// Its number; a question's is above [`QUESTIONS`].
    pub number: i32,
    /// Items to buy, or the query service to ask.
    pub what: i32,
    /// How often it was asked for.
    pub tries: u8,
    /// A question's: the newest version written, and seen, when it was asked first.
    pub written: i32,
    /// See `written`.
    pub seen: i32,
}

/// How a wish ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// The order is placed: the version.
    Placed(i32),
    /// Refused.
    Refused,
    /// Shown: the row; whether it lacks an own write, or goes back.
    Shown(Row, bool),
    /// Nobody answered.
    Unknown,
}

/// Ends that are shown.
const SHOWN: usize = 5;
/// Attempts are counted up to here: a state space that counts for ever has no end.
const COUNTED: u8 = 9;

/// A client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    settings: Settings,
    /// Orders and questions so far.
    numbers: (i32, i32),
    ordered: i32,
    /// Questions still to be asked after the newest order.
    to_ask: i32,
    /// The session: versions written and seen.
    pub(super) written: i32,
    pub(super) seen: i32,
    pub(super) waiting: Vec<Wish>,
    pub(super) ends: Vec<(i32, End)>,
}

impl Client {
    /// A client that has not asked for anything.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            numbers: (0, 0),
            ordered: 0,
            to_ask: 0,
            written: 0,
            seen: 0,
            waiting: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.go_on(ctx),
            Event::Recovered => {
                for at in 0..self.waiting.len() {
                    self.ask(ctx, at);
                }
                if self.waiting.is_empty() {
                    self.go_on(ctx);
                }
            }
            Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => self.go_on(ctx),
            Event::Timer(Timer { arg, .. }) => self.again(ctx, arg),
            Event::Command(verb::BUY, items) => {
                self.buy(ctx, if items > 0 { items } else { self.settings.quantity });
            }
            Event::Command(verb::LOOK, place) => self.look(ctx, place),
            Event::Message { msg, .. } => match *msg {
                Msg::Done(number, row, _) => self.placed(ctx, number, row),
                Msg::Refused(number) => {
                    self.end(ctx, number, End::Refused);
                }
                Msg::Response(number, row, _) => self.shown(ctx, number, row),
                // It waits a little, and asks again.
                Msg::NotYet(number, _) => {
                    let timer = Timer { kind: timer::ASK_AGAIN, arg: number };
                    if self.waiting.iter().any(|w| w.number == number) {
                        ctx.cancel_timer(timer);
                        let wait = self.settings.patience.base;
                        ctx.set_timer(Timer { kind: timer::PAUSE, arg: number }, wait);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// The next order.
    fn go_on(&mut self, ctx: &mut Ctx<'_, Msg>) {
        while self.ordered < self.settings.orders {
            self.ordered += 1;
            self.to_ask = self.settings.reads;
            self.buy(ctx, self.settings.quantity);
            if !self.settings.together {
                return;
            }
        }
    }

    fn buy(&mut self, ctx: &mut Ctx<'_, Msg>, items: i32) {
        self.numbers.0 += 1;
        self.wish(ctx, self.numbers.0, items);
    }

    fn look(&mut self, ctx: &mut Ctx<'_, Msg>, place: i32) {
        let n = self.settings.queries.len() as i32;
        let turn = if self.settings.by_turns { self.numbers.1 % n } else { 0 };
        self.numbers.1 += 1;
        self.wish(ctx, QUESTIONS + self.numbers.1, if place > 0 { (place - 1) % n } else { turn });
    }

    fn wish(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, what: i32) {
        self.waiting.push(Wish { number, what, tries: 0, written: self.written, seen: self.seen });
        self.ask(ctx, self.waiting.len() - 1);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let wish = &mut self.waiting[at];
        wish.tries = (wish.tries + 1).min(COUNTED);
        let Settings { cure, plain, .. } = self.settings;
        if wish.number > QUESTIONS {
            let least = match cure {
                Cure::None | Cure::Returned => 0,
                // What it wrote and what it saw: the session's token.
                Cure::AtLeast | Cure::WriteSide => wish.written.max(wish.seen),
            };
            ctx.send(self.settings.queries[wish.what as usize], Msg::Query(wish.number, least, plain));
        } else {
            ctx.send(self.settings.commands, Msg::Command(wish.number, wish.what, plain));
        }
        let wait = self.settings.patience.full(u32::from(wish.tries));
        ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: wish.number }, wait);
    }

    fn again(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(at) = self.waiting.iter().position(|w| w.number == number) else { return };
        if number > QUESTIONS && self.waiting[at].tries >= ASKED {
            self.end(ctx, number, End::Unknown);
        } else {
            self.ask(ctx, at);
        }
    }

    fn placed(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, row: Row) {
        if !self.waiting.iter().any(|w| w.number == number) {
            return;
        }
        self.written = self.written.max(row.version);
        ctx.observe(fact::ORDERED, [number, row.version, 0]);
        if self.settings.cure == Cure::Returned && row.version > self.seen {
            self.seen = row.version;
            ctx.observe(fact::SHOWN, [row.version, row.left, row.sold]);
        }
        self.end(ctx, number, End::Placed(row.version));
    }

    fn shown(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, row: Row) {
        let Some(&wish) = self.waiting.iter().find(|w| w.number == number) else { return };
        // A page that knows better keeps what it has.
        let keeps = self.settings.cure == Cure::Returned && row.version < self.seen;
        let missing = row.version < wish.written;
        let back = row.version < wish.seen;
        if !keeps {
            ctx.observe(fact::SHOWN, [row.version, row.left, row.sold]);
            if missing {
                ctx.observe(fact::OWN_MISSING, [row.version, wish.written, 0]);
            }
            if back {
                ctx.observe(fact::WENT_BACK, [row.version, wish.seen, 0]);
            }
        }
        self.seen = self.seen.max(row.version);
        self.end(ctx, number, End::Shown(row, !keeps && (missing || back)));
    }

    fn end(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, end: End) {
        let Some(at) = self.waiting.iter().position(|w| w.number == number) else { return };
        self.waiting.remove(at);
        ctx.cancel_timer(Timer { kind: timer::ASK_AGAIN, arg: number });
        ctx.cancel_timer(Timer { kind: timer::PAUSE, arg: number });
        if self.ends.len() == SHOWN {
            self.ends.remove(0);
        }
        self.ends.push((number, end));
        if !self.waiting.is_empty() {
            return;
        }
        if self.to_ask > 0 {
            self.to_ask -= 1;
            self.look(ctx, 0);
        } else if self.ordered < self.settings.orders {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match self.ends.last() {
            _ if !self.waiting.is_empty() => Mood::Waiting,
            None => Mood::Idle,
            Some((_, End::Refused | End::Unknown)) => Mood::Aborted,
            Some((_, End::Shown(_, true))) => Mood::Stale,
            Some(_) => Mood::Committed,
        }
    }
}
