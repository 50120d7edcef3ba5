//! A service: the only door to its database.
//!
//! Owns its interface, which stays as it is when the schema behind it changes, and the telling of
//! others. It keeps nothing of a request: what it needs goes to the database and comes back. Does not
//! own the rows.

use super::message::{Change, Msg, Write, timer, verb};
use crate::kernel::{Ctx, Event, Interference, Mood, NodeId, Timer};
use crate::parts::retry::RetryPolicy;

/// How a service is set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Its own database.
    pub database: NodeId,
    /// Who asks it.
    pub composer: NodeId,
    /// Whose events it hears.
    pub source: Option<NodeId>,
    /// Who hears its events.
    pub listener: Option<NodeId>,
    /// Whether events stand in the database until they have arrived.
    pub outbox: bool,
    /// When to send an event again that nobody has confirmed.
    pub resend: RetryPolicy,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    pub(super) settings: Settings,
    /// The schema that its code is written for; part of the release, so that it survives a crash.
    pub(super) schema: u8,
    /// Events that nobody has confirmed yet, and how often each was sent.
    pub(super) unheard: Vec<(Change, u32)>,
}

impl Service {
    /// A service.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings, schema: 1, unheard: Vec::new() }
    }

    /// Whether it still means to tell of a row.
    #[must_use]
    pub fn will_tell(&self, key: i32) -> bool {
        self.unheard.iter().any(|(change, _)| change.key == key)
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Recovered if self.settings.outbox && self.settings.listener.is_some() => {
                ctx.send(self.settings.database, Msg::Unsent);
            }
            Event::Message { msg, .. } => self.told(ctx, msg),
            Event::Timer(Timer { kind: timer::RESEND, arg }) => self.tell(ctx, arg),
            Event::Command(verb::MIGRATE, _) => {
                ctx.send(self.settings.database, Msg::Alter(self.schema + 1));
            }
            _ => {}
        }
    }

    fn told(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        let Settings { database, composer, .. } = self.settings;
        let healthy = ctx.interference() == Interference::None;
        match msg {
            Msg::Get(call) if !healthy => ctx.send(composer, Msg::Unavailable(call.clone())),
            Msg::Get(call) => ctx.send(database, Msg::Select(call.clone(), self.schema)),
            Msg::Rows(call, rows) => ctx.send(composer, Msg::Fragment(call.clone(), rows.clone())),
            // Its own change of schema overtook its own question. The release that changed it knows
            // both, so that nobody outside notices.
            Msg::NoColumn(call, schema) => {
                self.schema = *schema;
                ctx.send(database, Msg::Select(call.clone(), *schema));
            }
            Msg::Altered(schema) => self.schema = *schema,
            Msg::Wish(wish) if !healthy => ctx.send(composer, Msg::NotDone(*wish)),
            Msg::Wish(wish) => ctx.send(database, Msg::Write(Write::Wish(*wish))),
            Msg::Committed(Write::Wish(wish), change) => {
                ctx.send(composer, Msg::Done(*wish));
                if let Some(change) = change {
                    self.announce(ctx, *change);
                }
            }
            Msg::NotCommitted(Write::Wish(wish)) => ctx.send(composer, Msg::NotDone(*wish)),
            Msg::Changed(change) if healthy => ctx.send(database, Msg::Write(Write::Heard(*change))),
            // Only what is on disk here is confirmed.
            Msg::Committed(Write::Heard(change), _) => {
                if let Some(source) = self.settings.source {
                    ctx.send(source, Msg::Heard(*change));
                }
            }
            Msg::NotCommitted(sent @ Write::Sent(_)) => ctx.send(database, Msg::Write(*sent)),
            Msg::Heard(change) => {
                self.unheard.retain(|(c, _)| c != change);
                ctx.cancel_timer(Timer { kind: timer::RESEND, arg: change.key });
                if self.settings.outbox {
                    ctx.send(database, Msg::Write(Write::Sent(*change)));
                }
            }
            Msg::Outbox(changes) => {
                for change in changes {
                    self.announce(ctx, *change);
                }
            }
            _ => {}
        }
    }

    fn announce(&mut self, ctx: &mut Ctx<'_, Msg>, change: Change) {
        if !self.unheard.iter().any(|(c, _)| *c == change) {
            self.unheard.push((change, 0));
        }
        self.tell(ctx, change.key);
    }

    /// Tells of a row what nobody has confirmed, and will again unless somebody does.
    fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, key: i32) {
        let Some(listener) = self.settings.listener else { return };
        let mut sent = 0;
        for (change, times) in self.unheard.iter_mut().filter(|(change, _)| change.key == key) {
            *times += 1;
            sent = *times;
            ctx.send(listener, Msg::Changed(*change));
        }
        if sent > 0 {
            let wait = self.settings.resend.full(sent);
            ctx.set_timer(Timer { kind: timer::RESEND, arg: key }, wait);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.unheard.clear();
    }

    pub(super) fn mood(&self) -> Mood {
        if self.unheard.is_empty() { Mood::Idle } else { Mood::Waiting }
    }
}
