//! A participant: prepares in its own database, votes, and then does what it is told.
//!
//! Before it votes yes, everything that it needs to commit is on its disk (PREPARED, with the redo)
//! and its rows are locked. From then on it may not decide: a timer only makes it *ask*. Before it
//! acknowledges a commit, COMMIT is on its disk. An abort needs no forced record.
//!
//! Owns its table, its log and its vote. Does not own the decision, except in the naive settings
//! that show why not ([`InDoubt`], [`Settings::send_first`]), and where the other participants
//! ([`peers`]) or an operator ([`operator`]) step in.

mod disk;
mod operator;
mod peers;
mod show;

use std::collections::VecDeque;

use crate::sorted::Map;

use super::message::{Msg, timer};
use crate::kernel::{Ctx, Event, Interference, NodeId, Timer};
use crate::parts::database::{Database, Tx, Write};
use crate::parts::grown::Grown;
use crate::parts::retry::RetryPolicy;
use crate::parts::settled::{Settled, Tally};
use crate::parts::shop::Service;
use crate::parts::wal::Wal;

/// What a participant does when it has voted yes and hears nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum InDoubt {
    /// Asks, and waits: the only right one.
    Wait,
    /// Believes that silence means abort.
    AbortAlone,
    /// Believes that silence means commit.
    CommitAlone,
    /// Asks the other participants as well (cooperative termination).
    AskPeers,
}

pub use disk::Record;
use disk::prepared_in;
pub use peers::Forward;

/// Settings of a participant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// What it does for a living.
    pub service: Service,
    /// Who decides.
    pub coordinator: NodeId,
    /// A standby that it asks when the coordinator stays silent.
    pub backup: Option<NodeId>,
    /// The naive order: the vote leaves before PREPARED is on disk.
    pub send_first: bool,
    /// What it does in doubt.
    pub in_doubt: InDoubt,
    /// How long it waits before it asks.
    pub inquiry: RetryPolicy,
}

/// How far a transaction is, here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stage {
    /// Another transaction holds a lock that it needs.
    Blocked,
    /// Its rows are locked, PREPARED is on its way to the disk.
    Preparing,
    /// It has voted yes and knows no decision.
    InDoubt,
    /// It was told to commit, COMMIT is on its way to the disk.
    Committing,
    /// An operator has decided, which is on its way to the disk.
    Forcing,
}

/// A transaction under way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Open {
    stage: Stage,
    voted: bool,
    /// Whether somebody is waiting for its acknowledgement.
    told: bool,
    /// Whether an enquiry went unanswered.
    silence: bool,
    writes: Vec<Write>,
    enquiries: Tally,
}

/// A participant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Participant {
    me: NodeId,
    settings: Settings,
    /// Durable.
    log: Wal<Record>,
    /// What the log says: prepared, without an outcome. Reading the whole log would give the same.
    prepared: Map<Tx, Vec<Write>>,
    /// What the log says: committed, and not in the table yet.
    redo: Map<Tx, Vec<Write>>,
    settled: Settled,
    /// Rows are durable, locks are not.
    db: Database,
    /// Volatile: transactions under way.
    open: Map<Tx, Open>,
    last: Option<(Tx, bool)>,
    /// What the disk has just confirmed; empty between steps.
    flushed: Option<Record>,
    /// For the promises, and for nothing else: its newest votes of no, and a yes that left before
    /// PREPARED was on disk.
    refused: VecDeque<Tx>,
    unlogged: Option<Tx>,
    later: Grown<Later>,
}

/// What not every participant needs.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Later {
    /// The other participants, where they help each other.
    peers: Vec<NodeId>,
    /// When it passes a decision on.
    forward: Forward,
    /// Accepts without a word that an operator had decided otherwise.
    silent: bool,
    /// What the log says: given up here for good, so that nobody is promised it again. Kept where
    /// participants answer each other.
    given_up: Map<Tx, ()>,
    /// What the log says: decided by an operator, ever.
    forced: Map<Tx, bool>,
    /// What the log says: decided by an operator, and not compared with the coordinator's decision yet.
    heuristic: Map<Tx, bool>,
    /// What the log says: an operator had decided this, and the coordinator otherwise.
    mixed: Map<Tx, bool>,
    /// Volatile: other participants who wait for an abort to be on this disk.
    asked: Map<Tx, Vec<NodeId>>,
    /// Volatile: in doubt since before a crash.
    slept: Map<Tx, ()>,
}

impl Participant {
    /// A participant with its table at the start.
    #[must_use]
    pub fn new(me: NodeId, settings: Settings, db: Database) -> Self {
        Self {
            me,
            settings,
            log: Wal::new(),
            prepared: Map::new(),
            redo: Map::new(),
            settled: Settled::default(),
            db,
            open: Map::new(),
            last: None,
            flushed: None,
            refused: VecDeque::new(),
            unlogged: None,
            later: Grown::default(),
        }
    }

    /// One that knows the other participants, and passes decisions on to them.
    #[must_use]
    pub fn with_peers(mut self, peers: Vec<NodeId>, forward: Forward) -> Self {
        self.later.peers = peers;
        self.later.forward = forward;
        self
    }

    /// One that accepts without a word that its operator had decided otherwise than the coordinator.
    #[must_use]
    pub fn accepting(mut self) -> Self {
        self.later.silent = true;
        self
    }

    /// Its table and the locks on it.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.db
    }

    /// What its log says is committed.
    #[must_use]
    pub const fn settled(&self) -> &Settled {
        &self.settled
    }

    /// Whether its disk says that this transaction is committed.
    #[must_use]
    pub fn has_committed(&self, tx: Tx) -> bool {
        let commits = |r: &Record| matches!(r, Record::Commit(t) | Record::Heuristic(t, true) if *t == tx);
        self.settled.contains(tx, || self.log.records().rev().any(commits))
    }

    /// Transactions that can still commit here: under way, or prepared on disk without an outcome.
    pub fn unsettled(&self) -> impl Iterator<Item = Tx> {
        let on_disk = self.prepared.keys().filter(|tx| !self.open.contains_key(tx));
        self.open.keys().chain(on_disk).copied()
    }

    /// Whether a transaction can still commit here.
    #[must_use]
    pub fn is_unsettled(&self, tx: Tx) -> bool {
        self.open.contains_key(&tx) || self.prepared.contains_key(&tx)
    }

    /// The first transaction about which it is in doubt, and how often it has asked. A participant
    /// that is down is in doubt about what its log says is prepared (`up` is the world's to say).
    #[must_use]
    pub fn doubt(&self, up: bool) -> Option<(Tx, u32)> {
        if up {
            let mut open = self.open.iter();
            open.find(|(_, o)| o.voted && !o.stage.decided()).map(|(tx, o)| (*tx, o.enquiries.0))
        } else {
            self.prepared.keys().next().map(|tx| (*tx, 0))
        }
    }

    /// Its newest votes of no.
    pub fn refused(&self) -> impl Iterator<Item = Tx> {
        self.refused.iter().copied()
    }

    /// A transaction whose yes left before PREPARED was on disk.
    #[must_use]
    pub const fn unlogged(&self) -> Option<Tx> {
        self.unlogged
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Recovered => self.recover(ctx),
            Event::Message { from, msg } => match *msg {
                Msg::Prepare(tx) => self.asked(ctx, tx),
                Msg::Commit(tx) if ctx.interference() != Interference::Fail => self.commit(ctx, from, tx),
                Msg::Abort(tx) => self.told_abort(ctx, from, tx),
                Msg::Inquiry(tx) => self.asked_by_peer(ctx, from, tx),
                _ => {}
            },
            Event::Timer(Timer { kind: timer::INQUIRY, arg: tx }) => self.overdue(ctx, tx),
            Event::Persisted(_) => match self.flushed.take() {
                Some(Record::Prepared(tx, _)) => self.prepared(ctx, tx),
                Some(Record::Commit(tx)) => self.apply(ctx, tx),
                Some(Record::Abort(tx)) => self.answer_peers(ctx, tx),
                Some(Record::Heuristic(tx, commit)) => self.follow_operator(ctx, tx, commit),
                Some(Record::Mixed(tx, _)) => ctx.send(self.settings.coordinator, Msg::Mixed(tx)),
                None => {}
            },
            Event::Refused(ticket) => match self.log.refuse(ticket) {
                Some(Record::Prepared(tx, _)) => self.cannot(ctx, tx),
                Some(record) => self.write(ctx, record),
                None => {}
            },
            Event::Command(verb, tx) => self.operate(ctx, verb, tx),
            Event::Start | Event::Timer(_) => {}
        }
    }

    /// Prepare arrived.
    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        match self.open.get(&tx).map(|open| open.voted) {
            Some(true) => ctx.send(self.settings.coordinator, Msg::Yes(tx)),
            Some(false) => {}
            // A late copy: to prepare again would be to apply twice.
            None if self.has_committed(tx) => {}
            None if self.later.given_up.contains_key(&tx) => self.vote_no(ctx, tx),
            // Refused by the business, or failed for a reason that may pass: either way this
            // transaction has lost a participant, and no is the answer that is quick and safe.
            None if ctx.interference() != Interference::None => self.vote_no(ctx, tx),
            None => self.prepare(ctx, tx),
        }
    }

    /// Locks its rows and prepares; waits while somebody else holds one.
    fn prepare(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let mut open = Open {
            stage: Stage::Blocked,
            voted: false,
            told: false,
            silence: false,
            writes: Vec::new(),
            enquiries: Tally(0),
        };
        if self.db.lock(tx, self.settings.service.keys()).is_ok() {
            let Some(writes) = self.settings.service.plan(&self.db) else {
                self.db.unlock(tx);
                self.open.remove(&tx);
                return self.vote_no(ctx, tx);
            };
            open.stage = Stage::Preparing;
            open.writes = writes.clone();
            self.open.insert(tx, open);
            if self.settings.send_first {
                self.vote_yes(ctx, tx);
            }
            self.write(ctx, Record::Prepared(tx, writes));
        } else {
            self.open.insert(tx, open);
        }
    }

    /// PREPARED is on disk.
    fn prepared(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        if open.stage == Stage::Preparing {
            open.stage = Stage::InDoubt;
            if !open.voted {
                self.vote_yes(ctx, tx);
            }
        }
    }

    fn vote_yes(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if !self.prepared.contains_key(&tx) {
            self.unlogged.get_or_insert(tx);
        }
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.voted = true;
        ctx.send(self.settings.coordinator, Msg::Yes(tx));
        ctx.set_timer(Timer { kind: timer::INQUIRY, arg: tx }, self.settings.inquiry.full(1));
    }

    fn vote_no(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if self.refused.len() == 8 {
            self.refused.pop_front();
        }
        self.refused.push_back(tx);
        self.last = Some((tx, false));
        ctx.send(self.settings.coordinator, Msg::No(tx));
    }

    /// The disk refuses PREPARED: what cannot be promised is refused.
    fn cannot(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if self.open.get(&tx).is_some_and(|open| open.stage == Stage::Preparing) {
            ctx.cancel_timer(Timer { kind: timer::INQUIRY, arg: tx });
            self.vote_no(ctx, tx);
            self.release(ctx, tx);
        }
    }

    /// In doubt for too long.
    fn overdue(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if !self.open.get(&tx).is_some_and(|open| open.voted && !open.stage.decided()) {
            return self.compare(ctx, tx);
        }
        match self.settings.in_doubt {
            _ if self.nobody_forwarded(tx) => self.abort(ctx, tx),
            InDoubt::Wait | InDoubt::AskPeers => self.ask(ctx, tx),
            InDoubt::AbortAlone => self.abort(ctx, tx),
            InDoubt::CommitAlone => self.decide_commit(ctx, tx, false),
        }
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        ctx.send(self.settings.coordinator, Msg::Inquiry(tx));
        if let (true, Some(backup)) = (open.silence, self.settings.backup) {
            ctx.send(backup, Msg::Inquiry(tx));
        }
        for peer in &self.later.0.peers {
            ctx.send(*peer, Msg::Inquiry(tx));
        }
        open.silence = true;
        open.enquiries.0 += 1;
        let wait = self.settings.inquiry.full(open.enquiries.0 + 1);
        ctx.set_timer(Timer { kind: timer::INQUIRY, arg: tx }, wait);
    }

    /// Commit arrived.
    fn commit(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx) {
        match self.open.get(&tx).map(|open| open.voted && !open.stage.decided()) {
            Some(false) => {}
            Some(true) => {
                self.forward(ctx, Forward::First, Msg::Commit(tx));
                self.decide_commit(ctx, tx, true);
            }
            None if self.resolves(ctx, from, tx, true) => {}
            // Nothing is known of it: it was settled here, and the acknowledgement was lost.
            None if from == self.settings.coordinator => ctx.send(from, Msg::Ack(tx)),
            None => {}
        }
    }

    fn decide_commit(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, told: bool) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.stage = Stage::Committing;
        open.told = told;
        ctx.cancel_timer(Timer { kind: timer::INQUIRY, arg: tx });
        self.write(ctx, Record::Commit(tx));
    }

    /// COMMIT is on disk: the change goes into the table, the locks are free, the coordinator hears.
    fn apply(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.redo_one(ctx, tx);
        // The end of what an operator began.
        if !self.open.contains_key(&tx) {
            return;
        }
        self.last = Some((tx, true));
        self.forward(ctx, Forward::Last, Msg::Commit(tx));
        if self.open.get(&tx).is_some_and(|open| open.told) {
            ctx.send(self.settings.coordinator, Msg::Ack(tx));
        }
        self.release(ctx, tx);
    }

    fn redo_one(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if let Some(writes) = self.redo.remove(&tx) {
            self.db.redo(&writes);
            let delta = writes.last().map_or(0, |write| write.to - write.from);
            ctx.observe(self.settings.service.fact(), [tx, i32::from(self.me.0), delta]);
        }
    }

    /// Abort arrived, or was decided alone.
    fn abort(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get(&tx) else { return };
        match open.stage {
            // A decision is never taken back.
            Stage::Committing | Stage::Forcing => return,
            Stage::Blocked => {}
            Stage::Preparing | Stage::InDoubt => {
                ctx.cancel_timer(Timer { kind: timer::INQUIRY, arg: tx });
                self.write(ctx, Record::Abort(tx));
            }
        }
        self.last = Some((tx, false));
        self.release(ctx, tx);
    }

    /// A transaction is over here: its locks are free, and whoever waited for them goes on.
    fn release(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.open.remove(&tx);
        self.later.slept.remove(&tx);
        self.db.unlock(tx);
        let waits = |(tx, open): (&Tx, &Open)| (open.stage == Stage::Blocked).then_some(*tx);
        loop {
            let next = self.open.iter().find_map(waits);
            let Some(next) = next else { break };
            self.prepare(ctx, next);
            if self.open.contains_key(&next) {
                break;
            }
        }
    }

    /// From the disk alone: outcome on disk, redo; PREPARED without outcome, lock again and ask;
    /// anything else was aborted by the crash.
    fn recover(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let to_redo: Vec<Tx> = self.redo.keys().copied().collect();
        for tx in to_redo {
            self.redo_one(ctx, tx);
        }
        let read = prepared_in(self.log.records());
        debug_assert!(read == self.prepared, "the index and the log say the same");
        self.prepared = read;
        for (tx, writes) in self.prepared.clone() {
            let locked = self.db.lock(tx, writes.iter().map(|write| write.key));
            debug_assert_eq!(locked, Ok(()), "no two prepared transactions held one row");
            let open = Open {
                stage: Stage::InDoubt,
                voted: true,
                told: false,
                silence: false,
                writes,
                enquiries: Tally(0),
            };
            self.open.insert(tx, open);
            if !self.later.peers.is_empty() {
                self.later.slept.insert(tx, ());
            }
            self.ask(ctx, tx);
        }
        let heuristic: Vec<Tx> = self.later.heuristic.keys().copied().collect();
        heuristic.into_iter().for_each(|tx| self.compare(ctx, tx));
    }
}

impl Stage {
    /// Whether nothing that comes changes it any more.
    const fn decided(self) -> bool {
        matches!(self, Self::Committing | Self::Forcing)
    }
}
