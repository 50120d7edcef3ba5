//! The service: reads the stream, folds it into the state, decides, and appends what it decided,
//! expecting the stream to be where it read it. On a conflict it reads and decides again.
//!
//! Owns the requests under way (in memory) and its snapshots (on its own disk). Does not own the
//! events. What an instance forgets in a crash the client asks for again, and the ids of the events
//! say what was done already.

use super::account::{Account, BONUS, EMAIL, Event, Happened, OPENING, PRICE, Snapshot, TODAY};
use super::message::{Msg, REBUILD, Task, record, timer, verb};
use crate::kernel::{Ctx, Event as Told, Interference, Mood, NodeId, Ticket, Timer};
use crate::parts::event_store::{Expected, Recorded, Stream};
use crate::parts::retry::RetryPolicy;
use crate::sorted::Map;

/// What a service does when the stream is not where it expected it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OnConflict {
    /// Reads and decides again.
    Decide,
    /// Appends the same events at the new version: what OCC was there to prevent.
    Append,
    /// Tells the client.
    GiveUp,
}

/// How a service treats a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trust {
    /// Discards one of another schema, or newer than its stream; applies the later events.
    Checked,
    /// Applies the later events, whatever the snapshot is.
    Trusted,
    /// Takes it for the state, and reads no later event.
    Alone,
}

/// How a service is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The event store.
    pub store: NodeId,
    /// All events of a request in one append.
    pub batch: bool,
    /// Whether it expects the version that it read, or any.
    pub expects: bool,
    /// What it does on a conflict.
    pub on_conflict: OnConflict,
    /// How often it tries again after a conflict.
    pub retries: u8,
    /// Whether the ids of events follow from the request, or are new for every attempt.
    pub stable_ids: bool,
    /// A snapshot every so many events; 0: never.
    pub snapshot_every: i32,
    /// What it makes of a snapshot.
    pub trust: Trust,
    /// Whether it can read events of the old schema.
    pub upcaster: bool,
    /// Whether an address is reserved before a customer is registered under it.
    pub reserves: bool,
    /// When it asks the store again.
    pub patience: RetryPolicy,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stage {
    Reading,
    Appending,
    Committing,
}

/// A request under way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Job {
    asker: NodeId,
    task: Task,
    customer: Stream,
    stage: Stage,
    /// The stream that is written now: the customer's, or the address'.
    stream: Stream,
    state: Account,
    expected: Expected,
    events: Vec<(i64, Event)>,
    /// How many of them are stored.
    stored: u8,
    tries: u8,
    conflicts: u8,
    nonce: u8,
    /// Whether the snapshot is of no use to it.
    from_start: bool,
}

/// A service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    settings: Settings,
    /// Durable: the newest snapshot of each account.
    snapshots: Map<Stream, Snapshot>,
    /// Volatile.
    jobs: Map<i32, Job>,
    staged: Vec<(Ticket, Stream, Snapshot)>,
    /// Volatile: the newest state that it has folded, for a reader: customer and account.
    pub(super) newest: Option<(Stream, Account)>,
    /// The newest end, for its mood: whether it was good.
    last: Option<bool>,
}

impl Service {
    /// A service that has not been asked for anything.
    #[must_use]
    pub const fn new(settings: Settings, snapshots: Map<Stream, Snapshot>) -> Self {
        let jobs = Map::new();
        Self { settings, snapshots, jobs, staged: Vec::new(), newest: None, last: None }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Told<'_, Msg>) {
        match event {
            Told::Message { from, msg } => match msg {
                Msg::Ask(number, task, customer) => self.asked(ctx, from, *number, *task, *customer),
                Msg::Events(number, version, events) => self.events(ctx, *number, *version, events),
                Msg::Stored(number, stream, version) => self.stored(ctx, *number, *stream, *version),
                Msg::Inserted(number, ..) => self.inserted(ctx, *number),
                Msg::Conflict(number, stream, version) => self.conflict(ctx, *number, *stream, *version),
                _ => {}
            },
            Told::Timer(Timer { arg, .. }) => self.again(ctx, arg),
            Told::Refused(ticket) => self.staged.retain(|(t, ..)| *t != ticket),
            Told::Command(verb::DEPLOY, _) => self.settings.upcaster = true,
            _ => {}
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, asker: NodeId, number: i32, task: Task, customer: Stream) {
        match ctx.interference() {
            Interference::Fail => return,
            Interference::Refuse if task != Task::Query => {
                self.last = Some(false);
                return ctx.send(asker, Msg::Refused(number, task));
            }
            _ => {}
        }
        if self.jobs.contains_key(&number) {
            return;
        }
        let job = Job {
            asker,
            task,
            customer,
            stage: Stage::Reading,
            stream: customer,
            state: Account::default(),
            expected: Expected::Exactly(0),
            events: Vec::new(),
            stored: 0,
            tries: 0,
            conflicts: 0,
            nonce: 0,
            from_start: false,
        };
        self.jobs.insert(number, job);
        match task {
            Task::Buy | Task::Query => self.read(ctx, number),
            // A new stream: there is nothing to read, and that it is new is what is expected.
            Task::Create => {
                self.decided(
                    ctx,
                    number,
                    customer,
                    &[(Happened::Opened, OPENING), (Happened::Bonus, BONUS)],
                );
            }
            Task::Register if self.settings.reserves => {
                self.decided(ctx, number, EMAIL, &[(Happened::Reserved, customer)]);
            }
            Task::Register => self.decided(ctx, number, customer, &[(Happened::Registered, customer)]),
        }
    }

    fn read(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.stage = Stage::Reading;
        let snapshot = self
            .snapshots
            .get(&job.customer)
            .filter(|s| !job.from_start && (self.settings.trust != Trust::Checked || s.schema == TODAY));
        let after = snapshot.map_or(0, |s| s.account.version);
        ctx.send(self.settings.store, Msg::Read(number, job.customer, after));
        self.wait(ctx, number);
    }

    fn wait(&self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let tries = self.jobs.get(&number).map_or(0, |job| job.tries);
        let wait = self.settings.patience.full(u32::from(tries) + 1);
        ctx.set_timer(Timer { kind: timer::NO_ANSWER, arg: number }, wait);
    }

    fn events(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, version: i32, events: &[Recorded<Event>]) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if job.stage != Stage::Reading {
            return;
        }
        let trust = self.settings.trust;
        let snapshot = self
            .snapshots
            .get(&job.customer)
            .filter(|s| !job.from_start && (trust != Trust::Checked || s.schema == TODAY));
        let base = snapshot.map_or(0, |s| s.account.version);
        if base > version && trust == Trust::Checked {
            // The stream is shorter than what the snapshot is of: the store lost its end.
            job.from_start = true;
            return self.read(ctx, number);
        }
        let first = events.first().map_or(base, |r| r.version - 1);
        if first != base {
            // An answer to a question of before a snapshot was taken, or given up.
            return self.read(ctx, number);
        }
        job.state = snapshot.map_or_else(Account::default, |s| s.account.clone());
        if trust == Trust::Alone && base > 0 {
            job.state.version = version;
        } else {
            for r in events {
                let Some(event) = r.event.read(self.settings.upcaster) else {
                    let asker = job.asker;
                    self.end(ctx, number, false);
                    return ctx.send(asker, Msg::Unreadable(number, r.version));
                };
                job.state.apply(&event);
            }
        }
        ctx.local(REBUILD, [number, job.state.version, job.state.balance]);
        self.newest = Some((job.customer, job.state.clone()));
        self.decide(ctx, number);
    }

    /// With the state at hand: what follows.
    fn decide(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(job) = self.jobs.get(&number) else { return };
        let (asker, customer, state) = (job.asker, job.customer, &job.state);
        if job.task == Task::Query {
            let answer = Msg::State(number, customer, state.version, state.balance);
            self.end(ctx, number, true);
            ctx.send(asker, answer);
        } else if self.settings.stable_ids && state.requests.contains(&number) {
            // Done by an attempt of before: the events say so.
            let answer = Msg::Done(number, Task::Buy, state.version);
            self.end(ctx, number, true);
            ctx.send(asker, answer);
        } else if state.balance < PRICE {
            self.refuse(ctx, number);
        } else {
            self.decided(ctx, number, customer, &[(Happened::Charged, PRICE), (Happened::Added, 1)]);
        }
    }

    fn decided(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, stream: Stream, what: &[(Happened, i32)]) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.stream = stream;
        job.events = Event::of_request(number, job.nonce, what);
        job.stored = 0;
        let version = if job.task == Task::Buy { job.state.version } else { 0 };
        job.expected = if self.settings.expects || job.task != Task::Buy {
            Expected::Exactly(version)
        } else {
            Expected::Any
        };
        self.append(ctx, number);
    }

    /// Sends what is not stored yet, or its first event.
    fn append(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.stage = Stage::Appending;
        let mut events = job.events[usize::from(job.stored)..].to_vec();
        if !self.settings.batch {
            events.truncate(1);
        }
        let message = Msg::Append(number, job.stream, job.expected, events);
        ctx.send(self.settings.store, message);
        self.wait(ctx, number);
    }

    fn stored(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, stream: Stream, version: i32) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if job.stage == Stage::Reading || job.stream != stream {
            return;
        }
        let now = if self.settings.batch { job.events.len() } else { usize::from(job.stored) + 1 };
        // A second answer to an event of before says nothing of the one under way.
        if let Expected::Exactly(expected) = job.expected
            && version != expected + (now - usize::from(job.stored)) as i32
        {
            return;
        }
        job.stored = now as u8;
        job.tries = 0;
        if job.expected != Expected::Any {
            job.expected = Expected::Exactly(version);
        }
        if now < job.events.len() {
            return self.append(ctx, number);
        }
        if job.stream == EMAIL {
            let customer = job.customer;
            return self.decided(ctx, number, customer, &[(Happened::Registered, customer)]);
        }
        for (_, event) in &job.events {
            job.state.apply(event);
        }
        job.state.version = version;
        let (asker, task, customer, state) = (job.asker, job.task, job.customer, job.state.clone());
        self.end(ctx, number, true);
        ctx.send(asker, Msg::Done(number, task, version));
        self.snapshot(ctx, customer, &state);
        self.newest = Some((customer, state));
    }

    fn snapshot(&mut self, ctx: &mut Ctx<'_, Msg>, customer: Stream, state: &Account) {
        let every = self.settings.snapshot_every;
        let last = self.snapshots.get(&customer).map_or(0, |s| s.account.version);
        if every > 0 && state.version - last >= every && self.settings.expects {
            let ticket = ctx.persist(record::SNAPSHOT, [customer, state.version, 0]);
            self.staged.push((ticket, customer, Snapshot { account: state.clone(), schema: TODAY }));
        }
    }

    fn inserted(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if job.stage == Stage::Appending {
            job.stage = Stage::Committing;
            ctx.send(self.settings.store, Msg::Commit(number, job.stream));
            self.wait(ctx, number);
        }
    }

    fn conflict(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, stream: Stream, version: i32) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if job.stage == Stage::Reading || job.stream != stream {
            return;
        }
        job.conflicts = job.conflicts.saturating_add(1);
        // A stream that was to be new is not: somebody else was first.
        let taken = job.task != Task::Buy;
        if taken || job.conflicts > self.settings.retries {
            return self.refuse(ctx, number);
        }
        match self.settings.on_conflict {
            OnConflict::Decide => {
                if !self.settings.stable_ids {
                    job.nonce = job.nonce.wrapping_add(1);
                }
                job.from_start = false;
                self.read(ctx, number);
            }
            OnConflict::Append => {
                job.expected = Expected::Exactly(version);
                self.append(ctx, number);
            }
            OnConflict::GiveUp => self.refuse(ctx, number),
        }
    }

    fn refuse(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(job) = self.jobs.get(&number) else { return };
        let (asker, task) = (job.asker, job.task);
        self.end(ctx, number, false);
        ctx.send(asker, Msg::Refused(number, task));
    }

    fn end(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32, good: bool) {
        self.jobs.remove(&number);
        self.last = Some(good);
        ctx.cancel_timer(Timer { kind: timer::NO_ANSWER, arg: number });
    }

    /// The store did not answer: the same again, under the same ids if these follow from the request.
    fn again(&mut self, ctx: &mut Ctx<'_, Msg>, number: i32) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.tries = job.tries.saturating_add(1).min(9);
        match job.stage {
            Stage::Reading => self.read(ctx, number),
            Stage::Committing => {
                ctx.send(self.settings.store, Msg::Commit(number, job.stream));
                self.wait(ctx, number);
            }
            Stage::Appending => {
                if !self.settings.stable_ids {
                    job.nonce = job.nonce.wrapping_add(1);
                    for (id, _) in &mut job.events {
                        *id = (*id & !0xff00) | (i64::from(job.nonce) << 8);
                    }
                }
                self.append(ctx, number);
            }
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        if let Some(at) = self.staged.iter().position(|(t, ..)| *t == ticket) {
            let (_, customer, snapshot) = self.staged.remove(at);
            self.snapshots.insert(customer, snapshot);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.jobs = Map::new();
        self.staged.clear();
        self.newest = None;
        self.last = None;
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.jobs.iter().next_back(), self.last) {
            (Some((_, job)), _) if job.stage == Stage::Reading => Mood::Waiting,
            (Some(_), _) => Mood::Working,
            (None, None) => Mood::Idle,
            (None, Some(true)) => Mood::Committed,
            (None, Some(false)) => Mood::Aborted,
        }
    }

    /// The snapshots: customer and snapshot; whether it is still on its way to the disk.
    pub(super) fn snapshots(&self) -> impl Iterator<Item = (Stream, &Snapshot, bool)> {
        let staged = self.staged.iter().map(|(_, customer, snapshot)| (*customer, snapshot, true));
        self.snapshots.iter().map(|(customer, snapshot)| (*customer, snapshot, false)).chain(staged)
    }

    /// The newest request under way: number, whether it reads, and how often the store was asked again.
    pub(super) fn job(&self) -> Option<(i32, bool, i32, i32)> {
        let (number, job) = self.jobs.iter().next_back()?;
        Some((*number, job.stage == Stage::Reading, i32::from(job.tries), i32::from(job.conflicts)))
    }
}
