//! The event store as a node: compares and appends, answers readers, and pushes to read models what
//! becomes visible.
//!
//! Owns the transactions that a writer leaves open, the feed, and who has read how far (in memory: a
//! read model keeps its own checkpoint). Does not own what the events mean.

use super::account::{Account, Event, Happened};
use super::message::{Facts, Msg, fact, record, timer, verb};
use crate::kernel::{Ctx, Event as Told, Interference, Mood, NodeId, Span, Ticket, Timer};
use crate::parts::event_store::{Admitted, Batch, EventStore, Expected, Recorded, Stream};
use crate::parts::retry::RetryPolicy;
use crate::sorted::Map;

/// How a store is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Whether writers insert and commit in two statements.
    pub transactions: bool,
    /// Whether the feed stops below the first open transaction, or goes by numbers alone.
    pub high_water: bool,
    /// How long a transaction may be idle before it is rolled back; zero: for ever.
    pub idle: Span,
    /// Events in one feed.
    pub most: usize,
    /// When a feed that got no answer is sent again.
    pub patience: RetryPolicy,
}

/// What is known of a table of a read model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Reader {
    /// Its checkpoint, as far as known.
    after: i32,
    /// A feed is out, and unanswered.
    busy: bool,
    /// Since the restart it has not asked yet.
    stranger: bool,
}

/// Who is to be told about a commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Waiting {
    ticket: Ticket,
    writer: NodeId,
    number: i32,
    stream: Stream,
    /// What the disk said: the version since.
    version: Option<Result<i32, i32>>,
}

/// What the events on disk add up to. No protocol reads it: it is what promises are held against.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Truth {
    /// Accounts, by customer.
    pub accounts: Map<Stream, Account>,
    /// Balance after each charge below zero: customer and balance.
    pub overdrawn: Option<(Stream, i32)>,
    /// A request whose event was stored twice.
    pub twice: Option<i32>,
    /// Requests of which some events are stored and some are not: number, stored, in all.
    pub half: Vec<(i32, u8, u8)>,
    /// Who is registered under the address.
    pub registered: Vec<i32>,
}

impl Truth {
    fn add(&mut self, stream: Stream, event: &Event) {
        if stream != super::account::EMAIL {
            let account = self.accounts.or_default(stream);
            account.apply(event);
            if account.balance < 0 {
                self.overdrawn = Some((stream, account.balance));
            }
        }
        if event.what == Happened::Registered {
            self.registered.push(stream);
        }
        if event.order == 0 || event.of == 1 {
            return;
        }
        let at = self.half.iter().position(|(order, ..)| *order == event.order);
        match (at, event.place) {
            (None, 0) => self.half.push((event.order, 1, event.of)),
            (Some(at), place) if place == self.half[at].1 => {
                self.half[at].1 += 1;
                if self.half[at].1 == event.of {
                    self.half.remove(at);
                }
            }
            _ => {}
        }
    }
}

/// The store.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Store {
    settings: Settings,
    pub(super) events: EventStore<Event>,
    pub(super) truth: Truth,
    /// Durable: the newest requests with a first event, to see one that comes twice.
    firsts: Vec<i32>,
    facts: Facts,
    waiting: Vec<Waiting>,
    readers: Map<(u8, u8), Reader>,
    tries: u8,
}

/// Requests that are remembered to see one that comes twice.
const REMEMBERED: usize = 32;

impl Store {
    /// A store with a history.
    #[must_use]
    pub fn new(settings: Settings, history: &[(Stream, Vec<(i64, Event)>)]) -> Self {
        let mut store = Self {
            settings,
            events: EventStore::default(),
            truth: Truth::default(),
            firsts: Vec::new(),
            facts: Facts::default(),
            waiting: Vec::new(),
            readers: Map::new(),
            tries: 0,
        };
        for (stream, events) in history {
            let after = store.events.version(*stream);
            let batch = store.events.batch(0, *stream, after, events.clone());
            store.events.put(&batch);
            batch.events.iter().for_each(|(_, e)| store.truth.add(*stream, e));
        }
        store
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Told<'_, Msg>) {
        match event {
            Told::Message { from, msg } => self.hear(ctx, from, msg),
            Told::Recovered => {
                self.facts.publish(ctx);
                self.again(ctx);
            }
            Told::Timer(Timer { kind: timer::IDLE_TRANSACTION, arg }) => self.roll_back(ctx, arg),
            Told::Timer(_) => self.again(ctx),
            Told::Persisted(ticket) => {
                self.facts.publish(ctx);
                self.answer(ctx, ticket);
                self.push(ctx);
            }
            Told::Refused(ticket) => {
                // Nothing was stored; the writer asks again when it has waited long enough.
                self.events.refuse(ticket);
                self.waiting.retain(|w| w.ticket != ticket);
                self.push(ctx);
            }
            Told::Command(verb::RESTORE, lost) => self.restore(ctx, lost.max(1)),
            _ => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: &Msg) {
        let fails = ctx.interference() == Interference::Fail;
        match *msg {
            _ if fails => {}
            Msg::Read(number, stream, after) => {
                let events = self.events.stream(stream, after);
                ctx.send(from, Msg::Events(number, self.events.version(stream), events));
            }
            Msg::Append(number, stream, expected, ref events) => {
                self.append(ctx, from, number, stream, expected, events);
            }
            Msg::Commit(number, stream) => self.commit(ctx, from, number, stream),
            Msg::Fetch(table, after) => {
                let reader = Reader { after, busy: false, stranger: false };
                self.readers.insert((from.0, table), reader);
                if !self.feed(ctx, (from.0, table)) {
                    let upto = self.visible();
                    ctx.send(from, Msg::Feed(table, after, upto, Vec::new()));
                }
                self.rest(ctx);
            }
            Msg::Unsubscribe(table) => {
                self.readers.retain(|reader, _| *reader != (from.0, table));
                self.rest(ctx);
            }
            _ => {}
        }
    }

    fn append(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        from: NodeId,
        number: i32,
        stream: Stream,
        expected: Expected,
        events: &[(i64, Event)],
    ) {
        if ctx.interference() == Interference::Refuse {
            return ctx.send(from, Msg::Conflict(number, stream, self.events.version(stream)));
        }
        match self.events.admit(stream, expected, events) {
            Admitted::Again(version) => ctx.send(from, Msg::Stored(number, stream, version)),
            Admitted::Conflict(version) => ctx.send(from, Msg::Conflict(number, stream, version)),
            Admitted::Pending => {
                if let Some(version) = self.events.open().find(|b| b.tx == number).map(Batch::version) {
                    ctx.send(from, Msg::Inserted(number, stream, version));
                }
            }
            Admitted::Fresh(after) => {
                let batch = self.events.batch(number, stream, after, events.to_vec());
                if !self.settings.transactions {
                    return self.store(ctx, from, batch);
                }
                ctx.send(from, Msg::Inserted(number, stream, batch.version()));
                self.events.hold(batch);
                if self.settings.idle > Span::ZERO {
                    ctx.set_timer(Timer { kind: timer::IDLE_TRANSACTION, arg: number }, self.settings.idle);
                }
            }
        }
    }

    fn store(&mut self, ctx: &mut Ctx<'_, Msg>, writer: NodeId, batch: Batch<Event>) {
        let one = batch.events.len() == 1;
        let kind = if one { record::EVENT } else { record::EVENTS };
        let first = batch.after + 1;
        let ticket = ctx.persist(kind, [batch.stream, first, batch.version()]);
        self.waiting.push(Waiting {
            ticket,
            writer,
            number: batch.tx,
            stream: batch.stream,
            version: None,
        });
        self.events.stage(ticket, batch);
    }

    fn commit(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, number: i32, stream: Stream) {
        if let Some(batch) = self.events.release(number) {
            ctx.cancel_timer(Timer { kind: timer::IDLE_TRANSACTION, arg: number });
            return self.store(ctx, from, batch);
        }
        if self.events.staged().any(|b| b.tx == number) {
            return;
        }
        // Committed already, and the answer was lost; or rolled back: then the writer begins again.
        let mine = |r: &&Recorded<Event>| r.stream == stream && r.event.order == number;
        let stored = self.events.log().iter().rev().take(REMEMBERED).find(mine);
        let answer = match stored {
            Some(r) => Msg::Stored(number, stream, r.version),
            None => Msg::Conflict(number, stream, self.events.version(stream)),
        };
        ctx.send(from, answer);
    }

    /// A transaction was idle for too long: its numbers are used up, and nothing is below the next
    /// ones any more.
    fn roll_back(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        if self.events.release(number).is_some() {
            self.push(ctx);
        }
    }

    /// Tells the writer of a commit.
    fn answer(&mut self, ctx: &mut Ctx<'_, Msg>, ticket: Ticket) {
        let Some(at) = self.waiting.iter().position(|w| w.ticket == ticket) else { return };
        let w = self.waiting.remove(at);
        match w.version {
            Some(Ok(version)) => ctx.send(w.writer, Msg::Stored(w.number, w.stream, version)),
            Some(Err(version)) => ctx.send(w.writer, Msg::Conflict(w.number, w.stream, version)),
            None => {}
        }
    }

    /// How far a reader may go.
    fn visible(&self) -> i32 {
        if self.settings.high_water { self.events.high_water() } else { self.events.newest() }
    }

    /// Sends what comes next to a reader, if there is something.
    fn feed(&mut self, ctx: &mut Ctx<'_, Msg>, key: (u8, u8)) -> bool {
        let visible = self.visible();
        let Some(reader) = self.readers.get_mut(&key) else { return false };
        let events = self.events.feed(reader.after, visible, self.settings.most);
        let Some(last) = events.last() else { return false };
        // Up to where it is complete: dead holes after the last event are passed as well.
        let upto = if events.len() < self.settings.most { visible } else { last.position };
        reader.busy = true;
        ctx.send(NodeId(key.0), Msg::Feed(key.1, reader.after, upto, events));
        let wait = self.settings.patience.full(u32::from(self.tries) + 1);
        ctx.set_timer(Timer { kind: timer::FEED_AGAIN, arg: 0 }, wait);
        true
    }

    /// With every reader answered, nothing is to be sent again.
    fn rest(&self, ctx: &mut Ctx<'_, Msg>) {
        if !self.readers.values().any(|r| r.busy) {
            ctx.cancel_timer(Timer { kind: timer::FEED_AGAIN, arg: 0 });
        }
    }

    fn keys(&self) -> Vec<(u8, u8)> {
        self.readers.keys().copied().collect()
    }

    /// Something became visible.
    fn push(&mut self, ctx: &mut Ctx<'_, Msg>) {
        for key in self.keys() {
            if self.readers.get(&key).is_some_and(|r| !r.busy) {
                self.tries = 0;
                self.feed(ctx, key);
            }
        }
    }

    /// Readers that have not answered, or are strangers since a restart, hear once more.
    fn again(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.tries = self.tries.saturating_add(1).min(9);
        let mut waits = false;
        for key in self.keys() {
            match self.readers.get(&key) {
                Some(r) if r.stranger => ctx.send(NodeId(key.0), Msg::Wake),
                Some(r) if r.busy => {
                    self.feed(ctx, key);
                }
                _ => continue,
            }
            waits = true;
        }
        if waits {
            let wait = self.settings.patience.full(u32::from(self.tries) + 1);
            ctx.set_timer(Timer { kind: timer::FEED_AGAIN, arg: 0 }, wait);
        }
    }

    /// An operator restores a backup: the newest events are gone, and so is what stood on them.
    fn restore(&mut self, ctx: &mut Ctx<'_, Msg>, lost: i32) {
        let before = self.events.log().len();
        self.events.truncate(lost as usize);
        self.waiting.clear();
        self.truth = Truth::default();
        for r in self.events.log().iter() {
            self.truth.add(r.stream, &r.event);
        }
        ctx.observe(fact::RESTORED, [(before - self.events.log().len()) as i32, 0, 0]);
        // Its subscriptions are connected again, as after a restart.
        self.estrange();
        self.again(ctx);
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        let Some(result) = self.events.flush(ticket) else { return };
        let version = match result {
            Ok(batch) => {
                for (_, event) in &batch.events {
                    self.truth.add(batch.stream, event);
                    self.fact(batch.stream, event);
                }
                Ok(batch.version())
            }
            Err(batch) => Err(self.events.version(batch.stream)),
        };
        if let Some(w) = self.waiting.iter_mut().find(|w| w.ticket == ticket) {
            w.version = Some(version);
        }
    }

    /// What an event on disk makes true outside.
    fn fact(&mut self, stream: Stream, event: &Event) {
        match event.what {
            Happened::Charged => self.facts.add(fact::CHARGED, [event.order, stream, event.amount]),
            Happened::Registered => self.facts.add(fact::REGISTERED, [stream, event.order, 0]),
            _ => {}
        }
        if event.place == 0 && event.what != Happened::Reserved {
            if event.of > 1 && self.firsts.contains(&event.order) {
                self.truth.twice = Some(event.order);
            }
            if self.firsts.len() == REMEMBERED {
                self.firsts.remove(0);
            }
            self.firsts.push(event.order);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.events.crash();
        self.waiting.clear();
        self.tries = 0;
        self.estrange();
    }

    /// What was known of readers is not known any more.
    fn estrange(&mut self) {
        for key in self.keys() {
            self.readers.insert(key, Reader { after: 0, busy: true, stranger: true });
        }
    }

    /// What the feed may not pass, if something holds it up.
    pub(super) fn held_up_at(&self) -> Option<i32> {
        let mark = self.events.high_water();
        (self.settings.high_water && self.events.newest() > mark).then_some(mark)
    }

    pub(super) fn mood(&self) -> Mood {
        if self.events.staged().next().is_some() {
            Mood::Working
        } else if self.events.open().next().is_some() {
            Mood::Locked
        } else if self.events.log().is_empty() {
            Mood::Idle
        } else {
            Mood::Committed
        }
    }
}
