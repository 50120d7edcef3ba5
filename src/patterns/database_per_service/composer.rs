//! The composer: puts a page together from the answers of several services, in memory.
//!
//! Owns the fan-out, its time-outs, what to do when an answer is missing, and the join. It has no
//! database: it forgets open pages and its cache in a crash. Does not own any data, and must not
//! fetch any past a service (it can, by a parameter, and that is a lesson).

use super::message::{Answer, COMPOSE, Call, Msg, Owner, Place, Row, View, fact, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};

/// What to do when a service does not answer in time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OnFailure {
    /// No page at all.
    FailAll,
    /// The page without it.
    Partial,
    /// What the cache has of it, or else the page without it.
    Cached,
}

/// How the composer is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Who looks at pages.
    pub client: NodeId,
    /// Whom to ask, in order.
    pub places: Vec<Place>,
    /// All at once, or one after the other.
    pub parallel: bool,
    /// How long to wait for an answer.
    pub timeout: Span,
    /// What to do without one.
    pub on_failure: OnFailure,
    /// Whether a page says what it lacks.
    pub labels: bool,
    /// Whether names come with the orders, which keep a copy.
    pub copied_names: bool,
    /// Whether a list asks for all of its names at once.
    pub batch: bool,
    /// How often to ask again when two fragments are of two moments, and how long to wait before.
    pub rereads: i32,
    /// The wait before.
    pub reread_after: Span,
    /// Whether it goes straight to the databases of others.
    pub trespasses: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Slot {
    Planned,
    Waiting,
    Got(Vec<Row>),
    Failed,
}

/// A page that is being put together.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Open {
    pub page: i32,
    pub view: View,
    pub calls: Vec<(Call, Slot)>,
    /// How many calls were made, and how many would do.
    made: i32,
    would_do: i32,
    rereads: i32,
}

/// The composer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Composer {
    pub(super) settings: Settings,
    /// The schema that its own SQL is written for; part of its release.
    pub(super) schema: u8,
    pub(super) open: Vec<Open>,
    /// The newest good rows, by owner and key.
    pub(super) cache: Vec<(Owner, Row)>,
}

/// Timers of a page: its number and that of the call.
const CALLS: i32 = 64;

impl Composer {
    /// A composer.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings, schema: 1, open: Vec::new(), cache: Vec::new() }
    }

    /// What it remembers of a row for bad times.
    pub fn cached(&self) -> impl Iterator<Item = &(Owner, Row)> {
        self.cache.iter()
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { msg, .. } => self.told(ctx, msg),
            Event::Timer(Timer { kind: timer::CALL_TIMEOUT, arg }) => {
                self.settle(ctx, arg / CALLS, arg % CALLS, Slot::Failed);
            }
            Event::Timer(Timer { kind: timer::REREAD, arg }) => self.ask_planned(ctx, arg),
            Event::Command(verb::DEPLOY, _) => self.schema += 1,
            _ => {}
        }
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        match msg {
            Msg::Show(page, view) => self.show(ctx, *page, *view),
            Msg::Fragment(call, rows) | Msg::Rows(call, rows) => {
                for row in rows {
                    self.remember(call.owner, *row);
                }
                self.settle(ctx, call.page, call.no, Slot::Got(rows.clone()));
            }
            Msg::Unavailable(call) | Msg::NoColumn(call, _) => {
                self.settle(ctx, call.page, call.no, Slot::Failed);
            }
            Msg::Wish(wish) => match self.place(wish.owner()) {
                Some(place) => ctx.send(place.service, Msg::Wish(*wish)),
                None => ctx.send(self.settings.client, Msg::NotDone(*wish)),
            },
            Msg::Done(_) | Msg::NotDone(_) => ctx.send(self.settings.client, msg.clone()),
            _ => {}
        }
    }

    fn place(&self, owner: Owner) -> Option<Place> {
        self.settings.places.iter().copied().find(|p| p.owner == owner)
    }

    fn show(&mut self, ctx: &mut Ctx<'_, Msg>, page: i32, view: View) {
        if self.open.iter().any(|open| open.page == page) {
            return;
        }
        let mut open = Open { page, view, calls: Vec::new(), made: 0, would_do: 0, rereads: 0 };
        match view {
            View::Page { order, customer } => {
                for place in &self.settings.places {
                    let key = if place.owner == Owner::Customers { customer } else { order };
                    if place.owner != Owner::Customers || !self.settings.copied_names {
                        open.plan(place.owner, vec![key]);
                    }
                }
                open.would_do = open.calls.len() as i32;
            }
            View::List => {
                open.plan(Owner::Orders, Vec::new());
                open.would_do = 1;
            }
        }
        self.open.push(open);
        self.ask_planned(ctx, page);
    }

    /// Asks what is planned: everything, or the next one.
    fn ask_planned(&mut self, ctx: &mut Ctx<'_, Msg>, page: i32) {
        let Self { settings, open, schema, .. } = self;
        let Some(open) = open.iter_mut().find(|open| open.page == page) else { return };
        for (call, slot) in open.calls.iter_mut().filter(|(_, slot)| *slot == Slot::Planned) {
            let Some(place) = settings.places.iter().find(|p| p.owner == call.owner) else { continue };
            *slot = Slot::Waiting;
            open.made += 1;
            if settings.trespasses {
                ctx.send(place.database, Msg::Trespass(call.clone(), *schema));
            } else {
                ctx.send(place.service, Msg::Get(call.clone()));
            }
            let timer = Timer { kind: timer::CALL_TIMEOUT, arg: page * CALLS + call.no };
            ctx.set_timer(timer, settings.timeout);
            if !settings.parallel {
                break;
            }
        }
    }

    /// A call has an answer, or none. A late answer to a call that was given up means nothing.
    fn settle(&mut self, ctx: &mut Ctx<'_, Msg>, page: i32, no: i32, with: Slot) {
        let Some(at) = self.open.iter().position(|open| open.page == page) else { return };
        let open = &mut self.open[at];
        let Some((call, slot)) = open.calls.iter_mut().find(|(call, _)| call.no == no) else { return };
        if *slot != Slot::Waiting {
            return;
        }
        ctx.cancel_timer(Timer { kind: timer::CALL_TIMEOUT, arg: page * CALLS + no });
        let first_of_list = open.view == View::List && call.owner == Owner::Orders;
        *slot = with;
        if first_of_list {
            self.look_up_names(at);
        }
        let open = &self.open[at];
        let (mut planned, mut waiting) = (false, false);
        for (_, slot) in &open.calls {
            planned |= *slot == Slot::Planned;
            waiting |= *slot == Slot::Waiting;
        }
        if planned {
            self.ask_planned(ctx, page);
        } else if !waiting && !self.reread(ctx, at) {
            let open = self.open.remove(at);
            self.finish(ctx, &open);
        }
    }

    /// The second half of a list: what the rows refer to.
    fn look_up_names(&mut self, at: usize) {
        let batch = self.settings.batch;
        let names = if self.place(Owner::Customers).is_some() { Owner::Customers } else { Owner::Shipping };
        if names == Owner::Customers && self.settings.copied_names {
            return;
        }
        let open = &mut self.open[at];
        let Some((_, Slot::Got(rows))) = open.calls.first() else { return };
        let key = |row: &Row| if names == Owner::Customers { row.customer } else { row.key };
        let keys: Vec<i32> = rows.iter().map(key).filter(|key| *key > 0).collect();
        if keys.is_empty() {
            return;
        }
        open.would_do += 1;
        if batch {
            let mut each: Vec<i32> = Vec::new();
            for key in keys {
                if !each.contains(&key) {
                    each.push(key);
                }
            }
            open.plan(names, each);
        } else {
            for key in keys {
                open.plan(names, vec![key]);
            }
        }
    }

    /// Two fragments of two moments: asks again for the older one, if it may. Whether it does.
    fn reread(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) -> bool {
        let Settings { rereads, reread_after, .. } = self.settings;
        let open = &mut self.open[at];
        let Some((order, parcel)) = open.versions() else { return false };
        if order == parcel || open.rereads >= rereads {
            return false;
        }
        open.rereads += 1;
        open.would_do += 1;
        let older = if order < parcel { Owner::Orders } else { Owner::Shipping };
        let no = open.calls.len() as i32;
        if let Some((call, slot)) = open.calls.iter_mut().find(|(call, _)| call.owner == older) {
            // A number of its own: a late answer to the first question is not taken for this one's.
            call.no = no + open.rereads;
            *slot = Slot::Planned;
        }
        ctx.set_timer(Timer { kind: timer::REREAD, arg: open.page }, reread_after);
        true
    }

    fn finish(&mut self, ctx: &mut Ctx<'_, Msg>, open: &Open) {
        ctx.observe(fact::CALLS, [open.page, open.made, open.would_do]);
        let mut answer =
            Answer { page: open.page, rows: Vec::new(), missing: 0, stale: 0, says: self.settings.labels };
        for (call, slot) in &open.calls {
            match slot {
                Slot::Got(rows) => {
                    for row in rows {
                        // A customer who is on the list twice is joined twice and answered once.
                        if !answer.rows.contains(&(call.owner, *row)) {
                            answer.rows.push((call.owner, *row));
                        }
                    }
                }
                _ => {
                    let before = answer.rows.len();
                    if self.settings.on_failure == OnFailure::Cached {
                        let wanted = |(owner, row): &&(Owner, Row)| {
                            *owner == call.owner && (call.keys.is_empty() || call.keys.contains(&row.key))
                        };
                        answer.rows.extend(self.cache.iter().filter(wanted));
                    }
                    if answer.rows.len() > before {
                        answer.stale += 1;
                    } else {
                        answer.missing += 1;
                    }
                }
            }
        }
        if answer.missing > 0 && self.settings.on_failure == OnFailure::FailAll {
            ctx.send(self.settings.client, Msg::NoPage(open.page));
            return;
        }
        ctx.local(COMPOSE, [open.page, answer.rows.len() as i32, answer.missing]);
        ctx.send(self.settings.client, Msg::Answer(answer));
    }

    fn remember(&mut self, owner: Owner, row: Row) {
        if self.settings.on_failure == OnFailure::Cached {
            self.cache.retain(|(o, r)| *o != owner || r.key != row.key);
            self.cache.push((owner, row));
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.open.clear();
        self.cache.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.open.is_empty() { Mood::Idle } else { Mood::Waiting }
    }
}

impl Open {
    fn plan(&mut self, owner: Owner, keys: Vec<i32>) {
        let no = self.calls.len() as i32 + 1;
        self.calls.push((Call { page: self.page, no, owner, keys }, Slot::Planned));
    }

    /// The versions of the order in its two fragments, if both are there.
    fn versions(&self) -> Option<(i32, i32)> {
        let View::Page { order, .. } = self.view else { return None };
        let of = |owner| {
            let slot = self.calls.iter().find(|(call, _)| call.owner == owner).map(|(_, slot)| slot);
            let Some(Slot::Got(rows)) = slot else { return None };
            rows.iter().find(|row| row.key == order).map(|row| row.version)
        };
        Some((of(Owner::Orders)?, of(Owner::Shipping)?))
    }
}
