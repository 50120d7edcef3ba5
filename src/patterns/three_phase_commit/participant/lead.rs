//! In silence: the naive time-outs, the termination protocol, and the one with quorums.
//!
//! The termination protocol (Skeen 1981): whoever loses patience first asks all others what they know.
//! If one has decided, that is the decision. If one is precommitted, nobody can have aborted: all are
//! brought to PRECOMMIT and then commit. If all are uncertain, nobody can have committed: abort. Only
//! those count that have run since they voted; who was down may have missed a decision, so it asks.
//! All of this is right as long as *whoever does not answer is dead*.
//!
//! With quorums (Skeen 1982; Keidar and Dolev 1995 for the rounds): nothing is decided without most of
//! the participants, what each has promised is on its disk, and the newest round's intention prevails.
//! Then a wrong suspicion costs time and never agreement; a minority waits.

use super::super::message::{Knowledge, Msg, Round, timer};
use super::{Open, Participant, Record, Silence, Stage, place_of};
use crate::kernel::{Ctx, NodeId, Timer};
use crate::parts::database::Tx;
use crate::parts::members::Members;

/// Most participants.
const MOST: usize = 5;

/// What a participant has reported: what it knows, since which round, whether it was down.
pub(super) type Report = (Knowledge, Round, bool);

/// What a leader is waiting for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Phase {
    /// Reports.
    Asking,
    /// Acknowledgements of PRECOMMIT, or of PREABORT.
    Bringing(bool),
}

/// A termination that this participant leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Lead {
    pub round: Round,
    pub phase: Phase,
    pub reports: [Option<Report>; MOST],
    pub acknowledged: Members,
}

impl Participant {
    /// Who leads a round.
    pub(super) fn leader(&self, round: Round) -> NodeId {
        let n = self.settings.all.len() as Round;
        match round {
            0 => self.settings.coordinator,
            _ => self.settings.all[((round - 1) % n) as usize],
        }
    }

    fn majority(&self) -> usize {
        self.settings.all.len() / 2 + 1
    }

    /// Nothing was heard for too long.
    pub(super) fn silent(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        if !self.open.get(&tx).is_some_and(|open| open.stage == Stage::Waiting) {
            return;
        }
        match self.settings.silence {
            Silence::Alone => {
                let known = self.disk.pending.get(&tx);
                let commit = known.is_some_and(|known| known.knows == Knowledge::Precommitted);
                self.decide(ctx, tx, commit);
            }
            Silence::Terminate | Silence::Quorum => self.lead(ctx, tx),
        }
    }

    /// Takes the lead, in the next round that is its own.
    fn lead(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let (n, own) = (self.settings.all.len() as Round, self.settings.place as Round + 1);
        let Some(open) = self.open.get_mut(&tx) else { return };
        let mut round = own;
        while round <= open.promised {
            round += n;
        }
        open.promised = round;
        open.lead = Some(Lead {
            round,
            phase: Phase::Asking,
            reports: [None; MOST],
            acknowledged: Members::default(),
        });
        self.to_others(ctx, Msg::StateRequest(tx, round));
        self.write(ctx, Record::Round(tx, round));
        ctx.set_timer(Timer { kind: timer::ANSWERS, arg: tx }, self.settings.answers);
    }

    /// Somebody leads. Who has not voted yet gives up now, so that everybody can.
    pub(super) fn asked_by_leader(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx, round: Round) {
        match self.open.get_mut(&tx) {
            Some(open) if open.stage == Stage::Waiting => {
                if round > open.promised {
                    open.follow(round);
                    ctx.cancel_timer(Timer { kind: timer::ANSWERS, arg: tx });
                    self.write(ctx, Record::Round(tx, round));
                    self.watch(ctx, tx);
                }
            }
            _ => self.give_up_for(ctx, from, tx),
        }
    }

    /// Who was down asks. Who knows no more than it says what it knows.
    pub(super) fn asked_by_one_in_doubt(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx) {
        match self.open.get(&tx).map(|open| open.stage) {
            Some(Stage::Waiting) => {
                if let Some((knows, since, recovered)) = self.own_report(tx) {
                    ctx.send(from, Msg::StateReport { tx, round: 0, knows, since, recovered });
                }
            }
            // It is about to vote.
            Some(Stage::Preparing) => {}
            Some(Stage::Deciding(_)) | None => self.give_up_for(ctx, from, tx),
        }
    }

    /// It has not voted, and never will: writes ABORT and answers with it. If it has decided, it answers
    /// once that is on disk.
    fn give_up_for(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx) {
        let place = place_of(&self.settings, from);
        if self.open.get(&tx).is_none() {
            self.open.insert(tx, Open::new(Stage::Preparing));
        }
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.tell.add(place);
        if open.stage == Stage::Preparing {
            self.decide(ctx, tx, false);
        }
    }

    fn own_report(&self, tx: Tx) -> Option<Report> {
        let (open, known) = (self.open.get(&tx)?, self.disk.pending.get(&tx)?);
        Some((known.knows, known.since, open.recovered))
    }

    /// That it follows this round is on disk: it says what it knows.
    pub(super) fn report(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, round: Round) {
        let Some(open) = self.open.get(&tx) else { return };
        if open.stage != Stage::Waiting || open.promised != round {
            return;
        }
        let Some(report @ (knows, since, recovered)) = self.own_report(tx) else { return };
        let leader = self.leader(round);
        if open.leads(round) {
            self.reported(ctx, leader, tx, round, report);
        } else {
            ctx.send(leader, Msg::StateReport { tx, round, knows, since, recovered });
        }
    }

    /// A report for the leader.
    pub(super) fn reported(
        &mut self,
        ctx: &mut Ctx<'_, Msg>,
        from: NodeId,
        tx: Tx,
        round: Round,
        report: Report,
    ) {
        let place = place_of(&self.settings, from);
        let Some(lead) = self.leading(tx, round) else { return };
        if lead.phase == Phase::Asking && place < MOST {
            lead.reports[place] = Some(report);
            let there = lead.reports.iter().flatten().count();
            if there == self.settings.all.len() {
                self.conclude(ctx, tx);
            }
        }
    }

    /// An acknowledgement for the leader.
    pub(super) fn acknowledged(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, tx: Tx, round: Round) {
        let place = place_of(&self.settings, from);
        let Some(lead) = self.leading(tx, round) else { return };
        if let Phase::Bringing(commit) = lead.phase {
            lead.acknowledged.add(place);
            self.brought(ctx, tx, commit);
        }
    }

    fn leading(&mut self, tx: Tx, round: Round) -> Option<&mut Lead> {
        let open = self.open.get_mut(&tx).filter(|open| open.stage == Stage::Waiting)?;
        open.lead.as_mut().filter(|lead| lead.round == round)
    }

    /// The leader has waited long enough: who has not answered is taken for dead. With quorums that
    /// needs most of them; without, and while its own disk is slow, it lets it be and tries again later.
    pub(super) fn answers_are_over(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let (majority, own) = (self.majority(), self.settings.place);
        let quorum = self.settings.silence == Silence::Quorum;
        let Some(open) = self.open.get_mut(&tx) else { return };
        let Some(lead) = &open.lead else { return };
        let there = lead.reports.iter().flatten().count();
        let enough = lead.reports[own].is_some() && (!quorum || there >= majority);
        match lead.phase {
            Phase::Asking if enough => self.conclude(ctx, tx),
            Phase::Bringing(commit) if !quorum => self.decide(ctx, tx, commit),
            _ => {
                open.lead = None;
                self.watch(ctx, tx);
            }
        }
    }

    /// From what was reported to what is to be done.
    fn conclude(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let quorum = self.settings.silence == Silence::Quorum;
        let Some(lead) = self.open.get_mut(&tx).and_then(|open| open.lead.as_mut()) else { return };
        let count = |(_, _, recovered): &&Report| quorum || !*recovered;
        let counted = lead.reports.iter().flatten().filter(count);
        let newest = counted
            .filter(|(knows, ..)| *knows != Knowledge::Uncertain)
            .max_by_key(|(_, since, _)| *since)
            .map(|(knows, ..)| *knows);
        let commit = newest == Some(Knowledge::Precommitted);
        if !quorum && !commit {
            return self.decide(ctx, tx, false);
        }
        // Who knows already, and who is to be told. Quorums count this round alone.
        lead.phase = Phase::Bringing(commit);
        let round = lead.round;
        let mut asks = Members::default();
        for (place, report) in lead.reports.iter().enumerate() {
            match report {
                _ if quorum => asks.add(place),
                Some((Knowledge::Uncertain, _, false)) => asks.add(place),
                _ => lead.acknowledged.add(place),
            }
        }
        let msg = if commit { Msg::PreCommit(tx, round) } else { Msg::PreAbort(tx, round) };
        for (place, node) in self.settings.all.iter().enumerate() {
            if asks.has(place) && place != self.settings.place {
                ctx.send(*node, msg);
            }
        }
        if asks.has(self.settings.place) {
            let record = if commit { Record::Precommit(tx, round) } else { Record::Preabort(tx, round) };
            self.write(ctx, record);
        }
        ctx.set_timer(Timer { kind: timer::ANSWERS, arg: tx }, self.settings.answers);
        self.brought(ctx, tx, commit);
    }

    /// Whether enough are brought to what is intended.
    fn brought(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, commit: bool) {
        let n = self.settings.all.len();
        let enough = if self.settings.silence == Silence::Quorum { self.majority() } else { n };
        let lead = self.open.get(&tx).and_then(|open| open.lead.as_ref());
        if lead.is_some_and(|lead| (0..n).filter(|&place| lead.acknowledged.has(place)).count() >= enough) {
            self.decide(ctx, tx, commit);
        }
    }
}
