//! The coordinator: asks everybody whether they can commit, tells everybody that all have voted yes,
//! and only then lets them commit.
//!
//! PRECOMMIT is on its disk before it says so; until then, no record means abort. When an
//! acknowledgement is missing it asks once more and then goes on: whoever is silent is taken for dead,
//! and will hear of the commit when it is back. (With quorums it goes on with most of them, and waits
//! without.) After a crash it does not decide what others may have decided without it: it asks.
//!
//! Owns votes, acknowledgements, its log and the answer to the client. Does not own what participants
//! do without it.

mod show;

use super::message::{Knowledge, Msg, kind, record, timer};
use crate::kernel::{Args, Ctx, Event, Interference, NodeId, Span, Ticket, Timer};
use crate::parts::database::Tx;
use crate::parts::members::Members;
use crate::parts::retry::RetryPolicy;
use crate::parts::settled::Tally;
use crate::parts::wal::Wal;
use crate::sorted::Map;

/// A record of the coordinator's log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// Everybody has voted yes.
    Precommit(Tx),
    /// Decided.
    Commit(Tx),
    /// Decided, after PRECOMMIT; without it abort needs no record.
    Abort(Tx),
    /// Everybody has committed; nobody will ask again.
    End(Tx),
}

impl Record {
    const fn words(self) -> (u8, Args) {
        match self {
            Self::Precommit(tx) => (record::PRECOMMIT, [tx, 0, 0]),
            Self::Commit(tx) => (record::COMMIT, [tx, 0, 0]),
            Self::Abort(tx) => (record::ABORT, [tx, 0, 0]),
            Self::End(tx) => (record::END, [tx, 0, 0]),
        }
    }
}

/// Settings of a coordinator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Who takes part, in the order of asking.
    pub participants: Vec<NodeId>,
    /// Who is told the outcome; without a client it begins transactions itself.
    pub client: Option<NodeId>,
    /// Everybody at once, instead of one after another.
    pub parallel: bool,
    /// Whether a commit needs the acknowledgements of most participants.
    pub quorum: bool,
    /// How long it waits for votes.
    pub vote_timeout: Span,
    /// How long it waits for acknowledgements of the second phase.
    pub ack_timeout: Span,
    /// How long it waits before it sends a decision again, or asks again.
    pub resend: RetryPolicy,
    /// Without a client: how many transactions it begins.
    pub transactions: i32,
    /// Without a client: how long after one transaction it begins the next.
    pub gap: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// First phase: some votes are missing.
    Voting,
    /// Every vote is yes, PRECOMMIT is on its way to the disk.
    Knowing,
    /// Second phase: some acknowledgements are missing.
    Precommitting,
    /// COMMIT or ABORT is on its way to the disk.
    Deciding,
    /// Third phase: some have not said yet that they have committed.
    Committing,
    /// It was down, and asks what was decided.
    Asking,
}

/// A transaction under way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Open {
    phase: Phase,
    /// Who was sent what this phase sends.
    asked: Members,
    /// Who has answered it.
    answered: Members,
    /// Whether the second phase was sent twice.
    again: bool,
    /// After a crash: who has said that it was down as well and knows no decision; and who of them
    /// knows that all have voted yes.
    lost: Members,
    precommitted: Members,
    resends: Tally,
}

impl Open {
    const fn new(phase: Phase) -> Self {
        Self {
            phase,
            asked: Members(0),
            answered: Members(0),
            again: false,
            lost: Members(0),
            precommitted: Members(0),
            resends: Tally(0),
        }
    }
}

/// What the log says of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Logged {
    Precommitted,
    Committed,
    Aborted,
    Ended,
}

/// A coordinator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Coordinator {
    settings: Settings,
    /// Durable.
    log: Wal<Record>,
    /// What the log says. Reading the whole log would give the same.
    logged: Map<Tx, Logged>,
    /// Durable: the highest number ever seen. (A real coordinator reserves numbers on disk in
    /// blocks, so that one is never used twice; that write is not shown.)
    newest: Tx,
    /// Durable, as it is a person's wish: how many transactions it is to begin without a client.
    wanted: i32,
    /// Volatile: transactions under way.
    open: Map<Tx, Open>,
    last: Option<(Tx, bool)>,
    /// What the disk has just confirmed; empty between steps.
    flushed: Option<Record>,
}

impl Coordinator {
    /// A coordinator that has not begun anything.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            wanted: settings.transactions,
            settings,
            log: Wal::new(),
            logged: Map::new(),
            newest: 0,
            open: Map::new(),
            last: None,
            flushed: None,
        }
    }

    /// Whether its disk says that this transaction commits.
    #[must_use]
    pub fn has_committed(&self, tx: Tx) -> bool {
        matches!(self.logged.get(&tx), Some(Logged::Committed | Logged::Ended))
    }

    /// Transactions that its disk says commit.
    pub fn committed(&self) -> impl Iterator<Item = Tx> {
        self.logged.keys().copied().filter(|tx| self.has_committed(*tx))
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.next(ctx),
            Event::Recovered => self.recover(ctx),
            Event::Message { from, msg } => self.hear(ctx, from, *msg),
            Event::Timer(Timer { kind: timer::VOTE, arg: tx }) => self.give_up(ctx, tx, Members(0)),
            Event::Timer(Timer { kind: timer::ACK, arg: tx }) => self.overdue(ctx, tx),
            Event::Timer(Timer { kind: timer::RESEND, arg: tx }) => self.resend(ctx, tx),
            Event::Timer(_) => self.next(ctx),
            Event::Persisted(_) => match self.flushed.take() {
                Some(Record::Precommit(tx)) => self.all_know(ctx, tx),
                Some(Record::Commit(tx)) => self.decided(ctx, tx),
                Some(Record::Abort(tx)) => self.aborted(ctx, tx, Members(0)),
                Some(Record::End(_)) | None => {}
            },
            Event::Refused(ticket) => match self.log.refuse(ticket) {
                // Nobody was told: it is still free to abort.
                Some(Record::Precommit(tx)) => self.give_up(ctx, tx, Members(0)),
                Some(record) => self.write(ctx, record),
                None => {}
            },
            Event::Command(..) => {
                if self.settings.client.is_none() {
                    self.wanted += 1;
                    self.next(ctx);
                }
            }
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_, Msg>, record: Record) {
        let (kind, args) = record.words();
        self.log.append(ctx, kind, args, record);
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: Msg) {
        let tx = msg.tx();
        if Some(from) == self.settings.client {
            return self.ordered(ctx, from, tx);
        }
        let n = self.settings.participants.len();
        let Some(place) = self.settings.participants.iter().position(|&p| p == from) else { return };
        let Some(open) = self.open.get_mut(&tx) else {
            // Presumed abort: a vote that comes too late, or a question about what never was.
            if matches!(msg, Msg::Yes(_) | Msg::Inquiry(_)) {
                let commit = self.has_committed(tx);
                ctx.send(from, if commit { Msg::DoCommit(tx) } else { Msg::Abort(tx) });
            }
            return;
        };
        match (msg, open.phase) {
            (Msg::Yes(_), Phase::Voting) => {
                open.answered.add(place);
                self.vote(ctx, tx);
            }
            (Msg::No(_), Phase::Voting) => {
                let mut knows = Members(0);
                knows.add(place);
                self.give_up(ctx, tx, knows);
            }
            (Msg::Ack(_, 0), Phase::Precommitting) => {
                open.answered.add(place);
                if open.answered.count() == n {
                    self.commit(ctx, tx);
                } else {
                    self.spread(ctx, tx, Msg::PreCommit(tx, 0), self.settings.parallel);
                }
            }
            // The answer to a commit; or somebody has aborted, which cannot be mended here.
            (Msg::HaveCommitted(_) | Msg::Abort(_) | Msg::DoCommit(_), Phase::Committing) => {
                open.answered.add(place);
                if open.answered.count() == n {
                    self.done(ctx, tx);
                } else {
                    self.spread(ctx, tx, Msg::DoCommit(tx), self.settings.parallel);
                }
            }
            (Msg::Inquiry(_), Phase::Committing) => ctx.send(from, Msg::DoCommit(tx)),
            // Participants have decided without it.
            (Msg::DoCommit(_), Phase::Precommitting | Phase::Asking) => self.commit(ctx, tx),
            (Msg::Abort(_), Phase::Precommitting | Phase::Asking) => {
                open.phase = Phase::Deciding;
                self.write(ctx, Record::Abort(tx));
            }
            (Msg::Abort(_), Phase::Voting) => self.give_up(ctx, tx, Members(0)),
            (Msg::StateReport { knows, recovered, .. }, Phase::Asking) => {
                if recovered {
                    open.lost.add(place);
                }
                if knows == Knowledge::Precommitted {
                    open.precommitted.add(place);
                }
                self.all_were_down(ctx, tx);
            }
            _ => {}
        }
    }

    fn ordered(&mut self, ctx: &mut Ctx<'_, Msg>, client: NodeId, tx: Tx) {
        // A passing failure: as if the order had not come. The client asks, and hears "refused".
        if ctx.interference() == Interference::Fail {
            return;
        }
        if tx > self.newest && ctx.interference() == Interference::None {
            self.newest = tx;
            return self.begin(ctx, tx);
        }
        // Whatever was answered about a number stays true: it will not begin later.
        self.newest = self.newest.max(tx);
        let undecided = self.open.get(&tx).is_some_and(|open| open.phase != Phase::Committing);
        if !undecided {
            let commit = self.has_committed(tx);
            ctx.send(client, if commit { Msg::OrderConfirmed(tx) } else { Msg::OrderRefused(tx) });
        }
    }

    /// Without a client: begins the next transaction, one at a time.
    fn next(&mut self, ctx: &mut Ctx<'_, Msg>) {
        if self.wanted > 0 && self.open.is_empty() && self.settings.client.is_none() {
            self.wanted -= 1;
            self.newest += 1;
            self.begin(ctx, self.newest);
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.open.insert(tx, Open::new(Phase::Voting));
        self.vote(ctx, tx);
    }

    /// First phase: asks whoever is to be asked next; with every yes, goes on.
    fn vote(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let n = self.settings.participants.len();
        let Some(open) = self.open.get_mut(&tx) else { return };
        if open.answered.count() == n {
            open.phase = Phase::Knowing;
            ctx.cancel_timer(Timer { kind: timer::VOTE, arg: tx });
            return self.write(ctx, Record::Precommit(tx));
        }
        if self.spread(ctx, tx, Msg::CanCommit(tx), self.settings.parallel) {
            ctx.set_timer(Timer { kind: timer::VOTE, arg: tx }, self.settings.vote_timeout);
        }
    }

    /// Sends a phase's message to whoever was not sent it, to all or to the next; whether there was one.
    fn spread(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, msg: Msg, all: bool) -> bool {
        let Some(open) = self.open.get_mut(&tx) else { return false };
        let mut sends = false;
        while let Some(place) = open.asked.first_missing(self.settings.participants.len()) {
            if !all && open.asked != open.answered {
                break;
            }
            open.asked.add(place);
            ctx.send(self.settings.participants[place], msg);
            sends = true;
        }
        sends
    }

    /// Second phase: that all have voted yes is on disk, and everybody hears of it.
    fn all_know(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.open.insert(tx, Open::new(Phase::Precommitting));
        self.spread(ctx, tx, Msg::PreCommit(tx, 0), self.settings.parallel);
        ctx.set_timer(Timer { kind: timer::ACK, arg: tx }, self.settings.ack_timeout);
    }

    /// Acknowledgements are missing: once more, and then it goes on without them.
    fn overdue(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let n = self.settings.participants.len();
        let Some(open) = self.open.get_mut(&tx).filter(|open| open.phase == Phase::Precommitting) else {
            return;
        };
        let enough = !self.settings.quorum || open.answered.count() > n / 2;
        if open.again && enough {
            return self.commit(ctx, tx);
        }
        open.again = true;
        // Also those whose turn had not come: with one of them silent the others do not wait for it.
        open.asked = open.answered;
        self.spread(ctx, tx, Msg::PreCommit(tx, 0), true);
        ctx.set_timer(Timer { kind: timer::ACK, arg: tx }, self.settings.ack_timeout);
    }

    fn commit(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.phase = Phase::Deciding;
        ctx.cancel_timer(Timer { kind: timer::ACK, arg: tx });
        ctx.cancel_timer(Timer { kind: timer::RESEND, arg: tx });
        self.write(ctx, Record::Commit(tx));
    }

    /// Third phase: the decision is on disk.
    fn decided(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.last = Some((tx, true));
        if let Some(client) = self.settings.client {
            ctx.send(client, Msg::OrderConfirmed(tx));
        }
        self.open.insert(tx, Open::new(Phase::Committing));
        self.spread(ctx, tx, Msg::DoCommit(tx), self.settings.parallel);
        ctx.set_timer(Timer { kind: timer::RESEND, arg: tx }, self.settings.resend.full(1));
    }

    /// Sends the decision again, or asks again.
    fn resend(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx).filter(|open| open.phase != Phase::Deciding) else {
            return;
        };
        open.resends.0 += 1;
        let wait = self.settings.resend.full(open.resends.0 + 1);
        open.asked = open.answered;
        let asking = open.phase == Phase::Asking;
        self.spread(ctx, tx, if asking { Msg::Inquiry(tx) } else { Msg::DoCommit(tx) }, true);
        ctx.set_timer(Timer { kind: timer::RESEND, arg: tx }, wait);
    }

    fn done(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.open.remove(&tx);
        ctx.cancel_timer(Timer { kind: timer::RESEND, arg: tx });
        ctx.local(kind::DONE, [tx, 0, 0]);
        self.write(ctx, Record::End(tx));
        self.pause(ctx);
    }

    /// Gives a transaction up of which nobody can know that all have voted yes.
    fn give_up(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, knows: Members) {
        if self.open.get(&tx).is_some_and(|open| matches!(open.phase, Phase::Voting | Phase::Knowing)) {
            self.aborted(ctx, tx, knows);
        }
    }

    /// Tells whoever has heard of it and does not know, and forgets it.
    fn aborted(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, knows: Members) {
        let Some(open) = self.open.remove(&tx) else { return };
        self.last = Some((tx, false));
        for kind in [timer::VOTE, timer::ACK, timer::RESEND] {
            ctx.cancel_timer(Timer { kind, arg: tx });
        }
        for (place, node) in self.settings.participants.iter().enumerate() {
            let heard = open.phase != Phase::Voting || open.asked.has(place);
            if heard && !knows.has(place) {
                ctx.send(*node, Msg::Abort(tx));
            }
        }
        if let Some(client) = self.settings.client {
            ctx.send(client, Msg::OrderRefused(tx));
        }
        self.pause(ctx);
    }

    fn pause(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.wanted > 0 && self.settings.client.is_none() {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
        }
    }

    /// COMMIT without END: everybody is told again. PRECOMMIT alone: others may have decided either
    /// way, so it asks. Anything else was never decided, and whoever asks about it hears abort.
    fn recover(&mut self, ctx: &mut Ctx<'_, Msg>) {
        self.logged.clear();
        let records: Vec<Record> = self.log.records().copied().collect();
        records.into_iter().for_each(|record| self.learn(record));
        let logged: Vec<(Tx, Logged)> = self.logged.iter().map(|(tx, logged)| (*tx, *logged)).collect();
        for (tx, logged) in logged {
            match logged {
                Logged::Committed => self.decided(ctx, tx),
                Logged::Precommitted => {
                    self.open.insert(tx, Open::new(Phase::Asking));
                    self.spread(ctx, tx, Msg::Inquiry(tx), true);
                    ctx.set_timer(Timer { kind: timer::RESEND, arg: tx }, self.settings.resend.full(1));
                }
                Logged::Aborted | Logged::Ended => {}
            }
        }
        if self.open.is_empty() {
            self.pause(ctx);
        }
    }

    /// Everybody was down, and nobody has decided: all that was known is on the disks that have
    /// answered, and it alone may conclude. (It waits for all of them, and so for the last that was up;
    /// who that was nobody has written down.)
    fn all_were_down(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let n = self.settings.participants.len();
        let Some(open) = self.open.get_mut(&tx) else { return };
        if self.settings.quorum || open.lost.count() < n {
            return;
        }
        if open.precommitted.count() > 0 {
            self.commit(ctx, tx);
        } else {
            open.phase = Phase::Deciding;
            self.write(ctx, Record::Abort(tx));
        }
    }

    fn learn(&mut self, record: Record) {
        let (tx, logged) = match record {
            Record::Precommit(tx) => (tx, Logged::Precommitted),
            Record::Commit(tx) => (tx, Logged::Committed),
            Record::Abort(tx) => (tx, Logged::Aborted),
            Record::End(tx) => (tx, Logged::Ended),
        };
        self.logged.insert(tx, logged);
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        self.flushed = self.log.flush(ticket);
        if let Some(record) = self.flushed {
            self.learn(record);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.open.clear();
        self.flushed = None;
        self.last = None;
    }
}
