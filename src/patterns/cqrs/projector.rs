//! The projector: takes the changes from the database to the read model, one event at a time.
//!
//! Owns the order in which events are applied: it holds those back that come too early, and knows
//! those that come again. It keeps nothing on disk: how far a table is, the read store knows. An
//! event is acknowledged only when every table has it, so that the outbox brings it again after any
//! loss. Does not own the tables.

use super::message::{Change, Msg, Reached, timer, verb};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Timer};
use crate::parts::retry::RetryPolicy;
use crate::sorted::Map;

/// How a projector is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Where the events come from.
    pub database: NodeId,
    /// Where the read model is.
    pub view: NodeId,
    /// Whether it applies events in the order of their versions, or as they come.
    pub in_order: bool,
    /// A mistake in its code: it counts orders where it should count items. A matter of what is
    /// deployed, and so it survives a crash.
    pub mistake: bool,
    /// When it asks the read store again how far it is.
    pub patience: RetryPolicy,
}

/// A table of the read model, as far as the projector knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Table {
    version: i32,
    /// The version that it was sent, and has not confirmed.
    out: Option<i32>,
}

impl Table {
    const fn at(version: i32) -> Self {
        Self { version, out: None }
    }

    /// It is this far, by an answer that may be an old one.
    fn reached(&mut self, version: i32) {
        self.version = self.version.max(version);
        self.out = self.out.filter(|out| *out > version);
    }
}

/// The tables, as far as the projector knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Tables {
    generation: i32,
    shown: Table,
    new: Option<Table>,
}

impl Tables {
    /// Up to which version every table is.
    fn everywhere(&self) -> i32 {
        self.new.map_or(self.shown.version, |new| new.version.min(self.shown.version))
    }
}

/// The projector.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Projector {
    settings: Settings,
    /// Volatile.
    tables: Option<Tables>,
    /// Volatile: events that are not applied everywhere.
    early: Map<i32, Change>,
    /// Volatile: what it waits for, and how often it has asked for it.
    asks: Asks,
    tries: u8,
    newest: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Asks {
    Nothing,
    /// How far the tables are; and whether the events since are wanted.
    Position {
        since: bool,
    },
    /// A new table.
    Table,
    /// The events since.
    Events,
}

impl Projector {
    /// A projector that knows nothing yet.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings, tables: None, early: Map::new(), asks: Asks::Nothing, tries: 0, newest: 0 }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            // Without order it needs no position: whatever comes is applied.
            Event::Start if self.settings.in_order => self.want(ctx, Asks::Position { since: false }),
            Event::Recovered => self.want(ctx, Asks::Position { since: true }),
            Event::Message { .. } if ctx.interference() != Interference::None => {}
            Event::Message { msg, .. } => match *msg {
                Msg::Event(change) => self.hear(ctx, change),
                Msg::Applied(version, reached) => self.applied(ctx, version, reached),
                Msg::Position(reached) => self.position(ctx, reached),
                Msg::UpTo(_) if self.asks == Asks::Events => self.rest(ctx),
                _ => {}
            },
            Event::Timer(_) => {
                self.tries = self.tries.saturating_add(1).min(9);
                self.want(ctx, self.asks);
            }
            Event::Command(verb::REBUILD, _) => self.want(ctx, Asks::Table),
            Event::Command(verb::DEPLOY, _) => {
                self.settings.mistake = false;
                self.want(ctx, Asks::Table);
            }
            _ => {}
        }
    }

    fn want(&mut self, ctx: &mut Ctx<'_, Msg>, asks: Asks) {
        self.asks = asks;
        match asks {
            Asks::Nothing => return,
            Asks::Position { .. } => ctx.send(self.settings.view, Msg::Load),
            Asks::Table => ctx.send(self.settings.view, Msg::NewTable),
            Asks::Events => {
                let after = self.tables.map_or(0, |t| t.everywhere());
                ctx.send(self.settings.database, Msg::Replay(after));
            }
        }
        let wait = self.settings.patience.full(u32::from(self.tries) + 1);
        ctx.set_timer(Timer { kind: timer::LOAD_AGAIN, arg: 0 }, wait);
    }

    fn rest(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.asks = Asks::Nothing;
        self.tries = 0;
        ctx.cancel_timer(Timer { kind: timer::LOAD_AGAIN, arg: 0 });
    }

    fn position(&mut self, ctx: &mut Ctx<'_, Msg>, reached: Reached) {
        let new = self.reached(reached);
        match self.asks {
            Asks::Position { since: false } if !new || reached.generation == 0 => self.rest(ctx),
            Asks::Position { .. } | Asks::Table => {
                self.tries = 0;
                self.want(ctx, Asks::Events);
            }
            Asks::Events | Asks::Nothing => {}
        }
        self.drain(ctx);
    }

    /// Takes note of how far the tables are. Whether these are other tables than before.
    fn reached(&mut self, reached: Reached) -> bool {
        match &mut self.tables {
            Some(known) if known.generation > reached.generation => false,
            Some(known) if known.generation == reached.generation => {
                known.shown.reached(reached.shown);
                if let (Some(table), Some(version)) = (&mut known.new, reached.new) {
                    table.reached(version);
                }
                false
            }
            _ => {
                let (shown, new) = (Table::at(reached.shown), reached.new.map(Table::at));
                self.tables = Some(Tables { generation: reached.generation, shown, new });
                true
            }
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, change: Change) {
        self.newest = self.newest.max(change.version);
        if !self.settings.in_order {
            self.apply(ctx, 0, change);
            if self.tables.is_some_and(|t| t.new.is_some()) {
                self.apply(ctx, 1, change);
            }
            return;
        }
        self.early.insert(change.version, change);
        // What is being applied may have been lost: it is sent again.
        if let Some(Tables { shown, new, .. }) = &mut self.tables {
            for table in [Some(shown), new.as_mut()].into_iter().flatten() {
                table.out = table.out.filter(|out| *out != change.version);
            }
        }
        self.drain(ctx);
    }

    /// Sends each table its next event, and acknowledges those that every table has.
    fn drain(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(mut tables) = self.tables else { return };
        for (place, table) in [(0, Some(&mut tables.shown)), (1, tables.new.as_mut())] {
            let Some(table) = table else { continue };
            let next = table.version + 1;
            if table.out.is_none()
                && let Some(change) = self.early.get(&next).copied()
            {
                table.out = Some(next);
                self.apply(ctx, place, change);
            }
        }
        self.tables = Some(tables);
        let (everywhere, database) = (tables.everywhere(), self.settings.database);
        self.early.retain(|version, _| {
            let done = *version <= everywhere;
            if done {
                ctx.send(database, Msg::EventDone(*version));
            }
            !done
        });
    }

    fn apply(&self, ctx: &mut Ctx<'_, Msg>, table: u8, change: Change) {
        let change = if self.settings.mistake {
            Change { quantity: 1, total: change.version, ..change }
        } else {
            change
        };
        ctx.send(self.settings.view, Msg::Apply(table, change));
    }

    fn applied(&mut self, ctx: &mut Ctx<'_, Msg>, version: i32, reached: Reached) {
        if !self.settings.in_order {
            return ctx.send(self.settings.database, Msg::EventDone(version));
        }
        self.reached(reached);
        self.drain(ctx);
    }

    pub(super) fn on_crash(&mut self) {
        self.tables = None;
        self.early = Map::new();
        self.asks = Asks::Nothing;
        self.tries = 0;
        self.newest = 0;
    }

    /// Events that wait for one before them.
    pub(super) fn early(&self) -> impl Iterator<Item = &Change> {
        let next = self.tables.map_or(0, |t| t.everywhere() + 1);
        self.early.values().filter(move |change| change.version > next)
    }

    /// Versions of the tables, as far as it knows.
    pub(super) fn known(&self) -> Option<(i32, Option<i32>)> {
        self.tables.map(|t| (t.shown.version, t.new.map(|new| new.version)))
    }

    pub(super) const fn mistaken(&self) -> bool {
        self.settings.mistake
    }

    pub(super) fn mood(&self) -> Mood {
        if self.early().next().is_some() {
            Mood::Waiting
        } else if !self.early.is_empty() {
            Mood::Working
        } else if self.newest > 0 {
            Mood::Committed
        } else {
            Mood::Idle
        }
    }
}
