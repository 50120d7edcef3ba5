//! A participant: votes, learns that all have voted yes, and only then commits. When it hears nothing
//! for too long it does not wait for the coordinator: with what it knows, and with the others that
//! still run, it brings the transaction to an end ([`lead`]).
//!
//! Everything that it has said it knows from its disk: PREPARED before yes, PRECOMMIT before the
//! acknowledgement, ROUND before it reports to a new leader, COMMIT and ABORT before it tells anybody.
//!
//! Owns its table, its log and its vote, and what it does in silence. Does not own the vote's
//! collection. A row that another transaction has locked is refused at once: no waiting for locks.

mod disk;
mod lead;
mod show;

use std::collections::VecDeque;

use super::message::{Knowledge, Msg, Round, timer};
use crate::kernel::{Ctx, Event, Interference, NodeId, Span, Ticket, Timer};
use crate::parts::database::{Database, Tx, Write};
use crate::parts::members::Members;
use crate::parts::retry::RetryPolicy;
use crate::parts::settled::Tally;
use crate::parts::shop::Service;
use crate::parts::wal::Wal;
use crate::sorted::Map;

use disk::Disk;
pub use disk::Record;
use lead::Lead;

/// What a participant does when it has voted yes and hears nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Silence {
    /// The time-outs of the diagram: uncertain, it aborts; precommitted, it commits.
    Alone,
    /// The termination protocol: the first of those who run collects what they know, and decides.
    Terminate,
    /// With quorums: a decision needs most of the participants.
    Quorum,
}

/// Settings of a participant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// What it does for a living.
    pub service: Service,
    /// Who leads as long as all goes well.
    pub coordinator: NodeId,
    /// Every participant, this one too, by place.
    pub all: Vec<NodeId>,
    /// Its own place.
    pub place: usize,
    /// What it does when it hears nothing.
    pub silence: Silence,
    /// How long it hears nothing before it does that. Who comes later in the list waits longer, by
    /// [`Self::answers`] a place, so that usually one leads.
    pub patience: Span,
    /// How long it waits for answers of those it leads. Has to be more than a round trip and a write:
    /// whoever has not answered by then is taken for dead.
    pub answers: Span,
    /// How long it waits, after a crash, before it asks again.
    pub ask: RetryPolicy,
}

/// How far a transaction is, here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stage {
    /// Its rows are locked, PREPARED is on its way to the disk.
    Preparing,
    /// It has voted yes. How much it knows is on its disk.
    Waiting,
    /// The decision is on its way to the disk: commit or not.
    Deciding(bool),
}

/// The coordinator among those to be told: participants have the places before.
const COORDINATOR: usize = 7;

/// A transaction under way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Open {
    stage: Stage,
    /// Whether it has been down since it voted.
    recovered: bool,
    /// Whom it follows: nobody of an earlier round.
    promised: Round,
    /// Who is to be told the decision once it is on disk.
    tell: Members,
    /// Whether the coordinator waits to hear that it has committed.
    told: bool,
    /// The termination, while it leads one.
    lead: Option<Lead>,
    asked: Tally,
}

/// A participant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Participant {
    settings: Settings,
    /// Durable.
    log: Wal<Record>,
    /// What the log says. Reading the whole log would give the same.
    disk: Disk,
    /// Committed by the log, and not in the table yet.
    redo: Map<Tx, Vec<Write>>,
    /// Rows are durable, locks are not.
    db: Database,
    /// Volatile: transactions under way.
    open: Map<Tx, Open>,
    last: Option<(Tx, bool)>,
    /// What the disk has just confirmed; empty between steps.
    flushed: Option<Record>,
    /// For the promises, and for nothing else: its newest votes of no.
    refused: VecDeque<Tx>,
}

impl Participant {
    /// A participant with its table at the start.
    #[must_use]
    pub fn new(settings: Settings, db: Database) -> Self {
        Self {
            settings,
            log: Wal::new(),
            disk: Disk::default(),
            redo: Map::new(),
            db,
            open: Map::new(),
            last: None,
            flushed: None,
            refused: VecDeque::new(),
        }
    }

    /// Its table and the locks on it.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.db
    }

    /// What its disk says was decided.
    pub fn outcomes(&self) -> impl Iterator<Item = (Tx, bool)> {
        self.disk.outcomes.iter().map(|(tx, commit)| (*tx, *commit))
    }

    /// What its disk says was decided about this transaction.
    #[must_use]
    pub fn outcome(&self, tx: Tx) -> Option<bool> {
        self.disk.outcomes.get(&tx).copied()
    }

    /// Voted yes by its disk, and not decided: what it knows.
    pub fn in_doubt(&self) -> impl Iterator<Item = (Tx, Knowledge)> {
        self.disk.pending.iter().map(|(tx, pending)| (*tx, pending.knows))
    }

    /// Whether it runs and has run since it voted, as far as it can decide by itself.
    #[must_use]
    pub fn is_operational(&self, tx: Tx) -> bool {
        self.open.get(&tx).is_some_and(|open| !open.recovered && open.stage != Stage::Preparing)
    }

    /// Its newest votes of no.
    pub fn refused(&self) -> impl Iterator<Item = Tx> {
        self.refused.iter().copied()
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Recovered => self.recover(ctx),
            Event::Message { from, msg } => self.hear(ctx, from, *msg),
            Event::Timer(Timer { kind: timer::SILENCE, arg: tx }) => self.silent(ctx, tx),
            Event::Timer(Timer { kind: timer::ANSWERS, arg: tx }) => self.answers_are_over(ctx, tx),
            Event::Timer(Timer { kind: timer::ASK, arg: tx }) => self.ask(ctx, tx),
            Event::Persisted(_) => self.written(ctx),
            Event::Refused(ticket) => match self.log.refuse(ticket) {
                Some(Record::Prepared(tx, _)) => self.cannot(ctx, tx),
                Some(record) => self.write(ctx, record),
                None => {}
            },
            Event::Start | Event::Timer(_) | Event::Command(..) => {}
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: Msg) {
        let tx = msg.tx();
        // What is decided is decided, whoever asks and whatever for.
        if let Some(commit) = self.outcome(tx) {
            return self.answer(ctx, from, msg, commit);
        }
        // A passing failure: as if the message had not come.
        let fails = ctx.interference() == Interference::Fail;
        match msg {
            Msg::CanCommit(_) => self.asked(ctx, tx),
            Msg::PreCommit(_, round) if !fails => self.accept(ctx, from, Record::Precommit(tx, round)),
            Msg::PreAbort(_, round) if !fails => self.accept(ctx, from, Record::Preabort(tx, round)),
            Msg::DoCommit(_) if !fails => self.decided(ctx, from, tx, true),
            Msg::Abort(_) => self.decided(ctx, from, tx, false),
            Msg::StateRequest(_, round) => self.asked_by_leader(ctx, from, tx, round),
            Msg::StateReport { round, knows, since, recovered, .. } => {
                self.reported(ctx, from, tx, round, (knows, since, recovered));
            }
            Msg::Ack(_, round) => self.acknowledged(ctx, from, tx, round),
            Msg::Inquiry(_) => self.asked_by_one_in_doubt(ctx, from, tx),
            _ => {}
        }
    }

    /// The answer of one who has decided.
    fn answer(&self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: Msg, commit: bool) {
        let tx = msg.tx();
        match (msg, commit) {
            (Msg::CanCommit(_), false) => ctx.send(from, Msg::No(tx)),
            (Msg::DoCommit(_), true) if from == self.settings.coordinator => {
                ctx.send(from, Msg::HaveCommitted(tx));
            }
            (Msg::PreCommit(..) | Msg::PreAbort(..) | Msg::StateRequest(..) | Msg::Inquiry(_), _)
            | (Msg::DoCommit(_), false) => ctx.send(from, decision(tx, commit)),
            _ => {}
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, record: Record) {
        let (kind, args) = record.words();
        self.log.append(ctx, kind, args, record);
    }

    /// A record is on disk, and what it allows to be said is said.
    fn written(&mut self, ctx: &mut Ctx<'_, Msg>) {
        match self.flushed.take() {
            Some(Record::Prepared(tx, _)) => self.prepared(ctx, tx),
            Some(Record::Round(tx, round)) => self.report(ctx, tx, round),
            Some(Record::Precommit(tx, round) | Record::Preabort(tx, round)) => {
                self.acknowledge(ctx, tx, round);
            }
            Some(Record::Commit(tx)) => self.settle(ctx, tx, true),
            Some(Record::Abort(tx)) => self.settle(ctx, tx, false),
            None => {}
        }
    }

    /// First phase.
    fn asked(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if let Some(open) = self.open.get(&tx) {
            if open.stage == Stage::Waiting {
                ctx.send(self.settings.coordinator, Msg::Yes(tx));
            }
            return;
        }
        let service = self.settings.service;
        let can = ctx.interference() == Interference::None && self.db.lock(tx, service.keys()).is_ok();
        let Some(writes) = can.then(|| service.plan(&self.db)).flatten() else {
            self.db.unlock(tx);
            return self.vote_no(ctx, tx);
        };
        self.open.insert(tx, Open::new(Stage::Preparing));
        self.write(ctx, Record::Prepared(tx, writes));
    }

    /// Given up here for good, so that no later copy of the question is answered with yes.
    fn vote_no(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if self.refused.len() == 8 {
            self.refused.pop_front();
        }
        self.refused.push_back(tx);
        self.last = Some((tx, false));
        ctx.send(self.settings.coordinator, Msg::No(tx));
        self.open.insert(tx, Open::new(Stage::Deciding(false)));
        self.write(ctx, Record::Abort(tx));
    }

    fn prepared(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        if open.stage == Stage::Preparing {
            open.stage = Stage::Waiting;
            ctx.send(self.settings.coordinator, Msg::Yes(tx));
            self.watch(ctx, tx);
        }
    }

    /// The disk refuses PREPARED: what cannot be promised is refused.
    fn cannot(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if self.open.get(&tx).is_some_and(|open| open.stage == Stage::Preparing) {
            self.db.unlock(tx);
            self.vote_no(ctx, tx);
        }
    }

    /// Begins to wait anew. One that was down does not take the lead but with quorums: it asks.
    fn watch(&self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Settings { silence, patience, answers, place, .. } = self.settings;
        if silence == Silence::Quorum || self.open.get(&tx).is_some_and(|open| !open.recovered) {
            let later = answers.times(place as u64);
            ctx.set_timer(
                Timer { kind: timer::SILENCE, arg: tx },
                Span::us(patience.micros + later.micros),
            );
        }
    }

    /// Second phase, from whoever leads: writes it down, if nobody of a later round has asked.
    fn accept(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, record: Record) {
        let (_, [tx, round, _]) = record.words();
        let Some(open) = self.open.get_mut(&tx) else { return };
        match open.stage {
            Stage::Preparing => {}
            Stage::Deciding(_) => open.tell.add(place_of(&self.settings, from)),
            Stage::Waiting if round < open.promised => {}
            Stage::Waiting => {
                open.follow(round);
                if self.disk.holds(&record) {
                    self.acknowledge(ctx, tx, round);
                } else {
                    self.write(ctx, record);
                }
                self.watch(ctx, tx);
            }
        }
    }

    /// The second phase of a round is on disk.
    fn acknowledge(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, round: Round) {
        let Some(open) = self.open.get(&tx) else { return };
        if open.stage != Stage::Waiting || open.promised != round {
            return;
        }
        let leader = self.leader(round);
        if open.leads(round) {
            self.acknowledged(ctx, leader, tx, round);
        } else {
            ctx.send(leader, Msg::Ack(tx, round));
        }
    }

    /// A decision arrived.
    fn decided(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx, commit: bool) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        match open.stage {
            // Who has not voted cannot commit.
            Stage::Preparing if commit => {}
            // A decision is never taken back.
            Stage::Deciding(own) if own != commit => {}
            Stage::Deciding(_) => open.told |= from == self.settings.coordinator,
            Stage::Preparing | Stage::Waiting => {
                open.told = from == self.settings.coordinator;
                self.decide(ctx, tx, commit);
            }
        }
    }

    /// Writes the decision. Whoever leads tells everybody, once it is on disk.
    fn decide(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, commit: bool) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.stage = Stage::Deciding(commit);
        if open.lead.take().is_some() {
            (0..self.settings.all.len()).chain([COORDINATOR]).for_each(|place| open.tell.add(place));
        }
        for kind in [timer::SILENCE, timer::ANSWERS, timer::ASK] {
            ctx.cancel_timer(Timer { kind, arg: tx });
        }
        self.write(ctx, if commit { Record::Commit(tx) } else { Record::Abort(tx) });
    }

    /// The decision is on disk: the change goes into the table, the locks are free, and whoever is to
    /// hear of it hears.
    fn settle(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, commit: bool) {
        self.redo_one(ctx, tx);
        self.last = Some((tx, commit));
        self.db.unlock(tx);
        let Some(open) = self.open.remove(&tx) else { return };
        let Settings { coordinator, place, .. } = self.settings;
        if commit && open.told {
            ctx.send(coordinator, Msg::HaveCommitted(tx));
        }
        for (other, node) in self.settings.all.iter().enumerate() {
            if other != place && open.tell.has(other) {
                ctx.send(*node, decision(tx, commit));
            }
        }
        if open.tell.has(COORDINATOR) && !open.told {
            ctx.send(coordinator, decision(tx, commit));
        }
    }

    fn redo_one(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if let Some(writes) = self.redo.remove(&tx) {
            self.db.redo(&writes);
            let delta = writes.last().map_or(0, |write| write.to - write.from);
            let me = i32::from(ctx.me().0);
            ctx.observe(self.settings.service.fact(), [tx, me, delta]);
        }
    }

    /// From the disk alone: outcome, redo; PREPARED without outcome, lock again and ask. Others may
    /// have decided meanwhile.
    fn recover(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let to_redo: Vec<Tx> = self.redo.keys().copied().collect();
        for tx in to_redo {
            self.redo_one(ctx, tx);
        }
        self.disk = Disk::read(self.log.records());
        let pending: Vec<Tx> = self.disk.pending.keys().copied().collect();
        for tx in pending {
            let Some(known) = self.disk.pending.get(&tx) else { continue };
            let locked = self.db.lock(tx, known.writes.iter().map(|write| write.key));
            debug_assert_eq!(locked, Ok(()), "no two prepared transactions held one row");
            let open = Open { recovered: true, promised: known.promised, ..Open::new(Stage::Waiting) };
            self.open.insert(tx, open);
            self.ask(ctx, tx);
        }
    }

    /// After a crash: asks everybody what was decided. With quorums it takes part again as well, since
    /// whatever it has promised is on its disk.
    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.asked.0 += 1;
        let wait = self.settings.ask.full(open.asked.0);
        ctx.send(self.settings.coordinator, Msg::Inquiry(tx));
        self.to_others(ctx, Msg::Inquiry(tx));
        if self.settings.silence == Silence::Quorum {
            self.watch(ctx, tx);
        } else {
            ctx.set_timer(Timer { kind: timer::ASK, arg: tx }, wait);
        }
    }

    fn to_others(&self, ctx: &mut Ctx<'_, Msg>, msg: Msg) {
        for (other, node) in self.settings.all.iter().enumerate() {
            if other != self.settings.place {
                ctx.send(*node, msg);
            }
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        self.flushed = self.log.flush(ticket);
        let redo = self.flushed.as_ref().and_then(|record| self.disk.learn(record));
        if let Some((tx, writes)) = redo {
            self.redo.insert(tx, writes);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.db.crash();
        self.open.clear();
        self.flushed = None;
        self.last = None;
    }
}

impl Open {
    const fn new(stage: Stage) -> Self {
        Self {
            stage,
            recovered: false,
            promised: 0,
            tell: Members(0),
            told: false,
            lead: None,
            asked: Tally(0),
        }
    }

    /// Follows whoever leads a round, and leads no earlier one itself.
    fn follow(&mut self, round: Round) {
        self.promised = round;
        self.lead = self.lead.take().filter(|lead| lead.round == round);
    }

    fn leads(&self, round: Round) -> bool {
        self.lead.as_ref().is_some_and(|lead| lead.round == round)
    }
}

/// A participant's place, or the coordinator's.
fn place_of(settings: &Settings, node: NodeId) -> usize {
    settings.all.iter().position(|&other| other == node).unwrap_or(COORDINATOR)
}

const fn decision(tx: Tx, commit: bool) -> Msg {
    if commit { Msg::DoCommit(tx) } else { Msg::Abort(tx) }
}
