//! The client: opens pages, wants things changed, and sees what it gets.
//!
//! Owns what people saw, which goes into the ledger: a page of two moments, or one that lacks
//! something without saying so, is a fact of the outside world. Its numbers are on paper and survive
//! a crash of the browser.

use super::message::{Answer, Deed, Msg, Owner, View, Wish, fact, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// How often a page or a wish is asked for in all, before the client gives up.
const ATTEMPTS: u8 = 3;
/// Pages remembered.
const KEPT: usize = 4;

/// How a page came out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Shown {
    Whole,
    Partly,
    Nothing,
    PassedOff,
}

/// How a client is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Whom it asks.
    pub composer: NodeId,
    /// How many pages it opens on its own.
    pub pages: i32,
    /// Whether these are the list, or else pages of one order after the other.
    pub list: bool,
    /// How many orders there are.
    pub orders: i32,
    /// The pause between two pages.
    pub gap: Span,
    /// When to ask again; zero: never.
    pub patience: Span,
}

/// The client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    settings: Settings,
    /// Pages opened on its own so far.
    opened: i32,
    /// The newest number of a request: pages and wishes count together.
    newest: i32,
    pub(super) waiting: Vec<(i32, View, u8)>,
    pub(super) wishes: Vec<(Wish, u8)>,
    pub(super) shown: Vec<(i32, Shown)>,
    /// The newest page, to be looked at.
    pub(super) page: Option<Answer>,
    pub(super) mixed: bool,
    /// Requests it gave up.
    given_up: i32,
}

impl Client {
    /// A client.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            opened: 0,
            newest: 0,
            waiting: Vec::new(),
            wishes: Vec::new(),
            shown: Vec::new(),
            page: None,
            mixed: false,
            given_up: 0,
        }
    }

    /// A request that has no answer: its number, and whether it was given up.
    #[must_use]
    pub fn unanswered(&self) -> Option<i32> {
        self.waiting.first().map(|w| w.0).or((self.given_up > 0).then_some(self.given_up))
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start | Event::Timer(Timer { kind: timer::NEXT_PAGE, .. }) => self.next(ctx),
            Event::Recovered => {
                for at in 0..self.waiting.len() {
                    self.ask(ctx, at);
                }
                for at in 0..self.wishes.len() {
                    self.wish(ctx, at);
                }
            }
            Event::Timer(Timer { kind: timer::PATIENCE, arg }) => {
                if let Some(at) = self.waiting.iter().position(|w| w.0 == arg) {
                    if self.waiting[at].2 >= ATTEMPTS {
                        self.waiting.remove(at);
                        self.given_up = arg;
                    } else {
                        self.ask(ctx, at);
                    }
                }
            }
            Event::Timer(Timer { kind: timer::WISH_PATIENCE, arg }) => {
                if let Some(at) = self.wishes.iter().position(|(w, _)| w.no == arg) {
                    if self.wishes[at].1 >= ATTEMPTS {
                        self.wishes.remove(at);
                    } else {
                        self.wish(ctx, at);
                    }
                }
            }
            Event::Command(verb, value) => self.command(ctx, verb, value.max(1)),
            Event::Message { msg, .. } => self.told(ctx, msg),
            _ => {}
        }
    }

    fn next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Settings { pages, list, orders, gap, .. } = self.settings;
        if self.opened < pages {
            let order = self.opened % orders + 1;
            self.opened += 1;
            self.open(ctx, if list { View::List } else { page_of(order) });
            if self.opened < pages {
                ctx.set_timer(Timer { kind: timer::NEXT_PAGE, arg: 0 }, gap);
            }
        }
    }

    fn command(&mut self, ctx: &mut Ctx<'_, Msg>, verb: u8, key: i32) {
        let deed = match verb {
            verb::OPEN_PAGE => return self.open(ctx, page_of(key)),
            verb::OPEN_LIST => return self.open(ctx, View::List),
            verb::CHANGE_ORDER => Deed::Change,
            verb::RENAME => Deed::Rename,
            verb::DELETE => Deed::Delete,
            // What only a service or the composer can do.
            _ => return,
        };
        self.newest += 1;
        self.wishes.push((Wish { no: self.newest, deed, key }, 0));
        self.wish(ctx, self.wishes.len() - 1);
    }

    fn open(&mut self, ctx: &mut Ctx<'_, Msg>, view: View) {
        self.newest += 1;
        self.waiting.push((self.newest, view, 0));
        self.ask(ctx, self.waiting.len() - 1);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let (page, view, attempts) = &mut self.waiting[at];
        *attempts += 1;
        ctx.send(self.settings.composer, Msg::Show(*page, *view));
        if self.settings.patience > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::PATIENCE, arg: *page }, self.settings.patience);
        }
    }

    fn wish(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let (wish, attempts) = &mut self.wishes[at];
        *attempts += 1;
        ctx.send(self.settings.composer, Msg::Wish(*wish));
        if self.settings.patience > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::WISH_PATIENCE, arg: wish.no }, self.settings.patience);
        }
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        match msg {
            Msg::Answer(answer) => self.look_at(ctx, answer),
            Msg::NoPage(page) => {
                if !self.close(ctx, *page) {
                    return;
                }
                self.note(*page, Shown::Nothing);
                self.page = None;
                ctx.observe(fact::SHOWN_NOTHING, [*page, 0, 0]);
            }
            Msg::Done(wish) | Msg::NotDone(wish) => {
                self.wishes.retain(|(w, _)| w != wish);
                ctx.cancel_timer(Timer { kind: timer::WISH_PATIENCE, arg: wish.no });
            }
            _ => {}
        }
    }

    /// Whether the page was waited for; it is not any more.
    fn close(&mut self, ctx: &mut Ctx<'_, Msg>, page: i32) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|w| w.0 != page);
        ctx.cancel_timer(Timer { kind: timer::PATIENCE, arg: page });
        self.waiting.len() < before
    }

    fn look_at(&mut self, ctx: &mut Ctx<'_, Msg>, answer: &Answer) {
        if !self.close(ctx, answer.page) {
            return;
        }
        let (shown, fact) = match (answer.lacks(), answer.says) {
            (false, _) => (Shown::Whole, fact::SHOWN),
            (true, true) => (Shown::Partly, fact::SHOWN_PARTLY),
            (true, false) => (Shown::PassedOff, fact::PASSED_OFF),
        };
        self.note(answer.page, shown);
        ctx.observe(fact, [answer.page, answer.missing, answer.stale]);
        // A page that says that something is old does not pass for one moment.
        self.mixed = false;
        if answer.stale == 0 {
            let version = |owner| {
                let rows = answer.rows.iter().filter(move |(o, _)| *o == owner);
                rows.map(|(_, row)| (row.key, row.version)).next()
            };
            if let (Some((order, a)), Some((parcel, b))) =
                (version(Owner::Orders), version(Owner::Shipping))
                && order == parcel
                && a != b
            {
                self.mixed = true;
                ctx.observe(fact::MIXED, [answer.page, a, b]);
            }
        }
        self.page = Some(answer.clone());
    }

    fn note(&mut self, page: i32, shown: Shown) {
        if self.shown.len() == KEPT {
            self.shown.remove(0);
        }
        self.shown.push((page, shown));
    }

    pub(super) fn mood(&self) -> Mood {
        match self.shown.last() {
            _ if !self.waiting.is_empty() || !self.wishes.is_empty() => Mood::Waiting,
            Some((_, Shown::Whole)) => Mood::Committed,
            Some((_, Shown::Nothing)) => Mood::Aborted,
            Some((_, Shown::Partly | Shown::PassedOff)) => Mood::Stale,
            None => Mood::Idle,
        }
    }
}

/// The page of an order; the session knows whose it is.
const fn page_of(order: i32) -> View {
    View::Page { order, customer: (order - 1) % 3 + 1 }
}
