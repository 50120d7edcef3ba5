//! The coordinator: asks everybody to prepare, decides, and tells everybody until everybody knows.
//!
//! Presumed abort (Mohan, Lindsay and Obermarck 1986): COMMIT is forced to disk before the first
//! Commit leaves; for an abort nothing is written, because *no record* already means abort. After
//! every acknowledgement a lazy END, and the transaction is forgotten: only its log remembers it.
//!
//! Owns votes, decision, re-sends, recovery from its log, and the answer to the client. Does not
//! own what a participant does with a decision.

mod show;

use crate::sorted::Map;

use super::message::{Msg, kind, record, timer, verb};
use crate::kernel::{Ctx, Event, Interference, NodeId, Span, Ticket, Timer};
use crate::parts::database::Tx;
use crate::parts::grown::Grown;
use crate::parts::members::Members;
use crate::parts::retry::RetryPolicy;
use crate::parts::settled::{Settled, Tally};
use crate::parts::wal::Wal;

/// A record of the coordinator's log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// The decision: this transaction commits.
    Commit(Tx),
    /// Everybody has acknowledged; nobody will ask again.
    End(Tx),
    /// An operator has decided otherwise, at the participant of this place: to be repaired.
    Mixed(Tx, usize),
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
    /// How long it waits for votes.
    pub vote_timeout: Span,
    /// How long it waits before it sends a decision again.
    pub resend: RetryPolicy,
    /// Without a client: how many transactions it begins.
    pub transactions: i32,
    /// Without a client: how long after one transaction it begins the next.
    pub gap: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// Some votes are missing.
    Collecting,
    /// Every vote is yes, COMMIT is on its way to the disk.
    Deciding,
    /// COMMIT is on disk: it is decided. Some acknowledgements are missing.
    Committing,
}

/// A transaction under way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Open {
    phase: Phase,
    /// Who was asked to prepare; later, who was sent the decision.
    asked: Members,
    /// Who voted yes; later, who has acknowledged.
    answered: Members,
    resends: Tally,
}

/// A coordinator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Coordinator {
    settings: Settings,
    /// Durable.
    log: Wal<Record>,
    /// What the log says: committed and not ended. Reading the whole log would give the same.
    unended: Map<Tx, ()>,
    settled: Settled,
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
    /// A Commit that left without its record on disk, for the promise about it; never, if all is right.
    unlogged: Option<Tx>,
    later: Grown<Later>,
}

/// What not every coordinator needs.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Later {
    /// A second customer, whose transactions have even numbers; and the highest one seen, durable as
    /// the first's.
    second: Option<NodeId>,
    newest: Tx,
    /// What the log says is to be repaired, and where.
    mixed: Map<Tx, Members>,
}

impl Coordinator {
    /// A coordinator that has not begun anything.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            wanted: settings.transactions,
            settings,
            log: Wal::new(),
            unended: Map::new(),
            settled: Settled::default(),
            newest: 0,
            open: Map::new(),
            last: None,
            flushed: None,
            unlogged: None,
            later: Grown::default(),
        }
    }

    /// With a second customer beside the first.
    #[must_use]
    pub fn with_second(mut self, client: NodeId) -> Self {
        self.later.second = Some(client);
        self
    }

    /// Transactions that are to be repaired, by its disk.
    pub fn mixed(&self) -> impl Iterator<Item = Tx> {
        self.later.mixed.keys().copied()
    }

    /// Who wants this transaction.
    fn client_of(&self, tx: Tx) -> Option<NodeId> {
        self.later.second.filter(|_| tx % 2 == 0).or(self.settings.client)
    }

    fn newest_of(&mut self, tx: Tx) -> &mut Tx {
        if self.later.second.is_some() && tx % 2 == 0 { &mut self.later.newest } else { &mut self.newest }
    }

    /// Whether its disk says that this transaction commits.
    #[must_use]
    pub fn has_committed(&self, tx: Tx) -> bool {
        self.unended.contains_key(&tx)
            || self.settled.contains(tx, || self.log.records().rev().any(|r| *r == Record::Commit(tx)))
    }

    /// Committed by its disk, and not yet acknowledged by everybody.
    pub fn unended(&self) -> impl Iterator<Item = Tx> {
        self.unended.keys().copied()
    }

    /// Transactions that it has in memory and has not decided.
    pub fn undecided(&self) -> impl Iterator<Item = Tx> {
        self.open.iter().filter(|(_, open)| open.phase != Phase::Committing).map(|(tx, _)| *tx)
    }

    /// How many transactions it has committed.
    #[must_use]
    pub const fn committed(&self) -> u32 {
        self.settled.count()
    }

    /// A transaction whose Commit it sent without the record on disk.
    #[must_use]
    pub const fn unlogged(&self) -> Option<Tx> {
        self.unlogged
    }

    /// How many transactions it holds in memory.
    #[must_use]
    pub fn in_memory(&self) -> usize {
        self.open.len()
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.next(ctx),
            Event::Recovered => self.recover(ctx),
            Event::Message { from, msg } => self.hear(ctx, from, *msg),
            Event::Timer(Timer { kind: timer::VOTE, arg: tx }) => self.abort(ctx, tx, Members::default()),
            Event::Timer(Timer { kind: timer::RESEND, arg: tx }) => self.resend(ctx, tx),
            Event::Timer(_) => self.next(ctx),
            Event::Persisted(_) => match self.flushed.take() {
                Some(Record::Commit(tx)) => self.decided(ctx, tx),
                Some(Record::Mixed(tx, place)) => self.flag(ctx, tx, place),
                Some(Record::End(_)) | None => {}
            },
            Event::Refused(ticket) => match self.log.refuse(ticket) {
                // Nothing is on disk and nothing was sent: it is still free to abort.
                Some(Record::Commit(tx)) => self.abort(ctx, tx, Members::default()),
                Some(Record::End(tx)) => self.end(ctx, tx),
                Some(Record::Mixed(tx, place)) => self.flag(ctx, tx, place),
                None => {}
            },
            Event::Command(verb, _) => {
                if verb == verb::PLACE_ORDER && self.settings.client.is_none() {
                    self.wanted += 1;
                    self.next(ctx);
                }
            }
        }
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, from: NodeId, msg: Msg) {
        let tx = msg.tx();
        if Some(from) == self.settings.client || Some(from) == self.later.second {
            return self.hear_client(ctx, from, msg);
        }
        let place = self.settings.participants.iter().position(|&p| p == from);
        match (msg, self.open.get_mut(&tx), place) {
            (Msg::Yes(_), Some(open), Some(place)) if open.phase == Phase::Collecting => {
                open.answered.add(place);
                self.collect(ctx, tx);
            }
            // A vote that comes after the abort (or after a crash that forgot everything).
            (Msg::Yes(_), None, _) => self.tell(ctx, from, tx),
            (Msg::No(_), Some(open), Some(place)) if open.phase == Phase::Collecting => {
                let mut knows = Members::default();
                knows.add(place);
                self.abort(ctx, tx, knows);
            }
            (Msg::Ack(_), Some(open), Some(place)) if open.phase == Phase::Committing => {
                open.answered.add(place);
                self.acknowledged(ctx, tx);
            }
            (Msg::Mixed(_), _, Some(place)) => self.flag(ctx, tx, place),
            // An undecided transaction has no answer yet.
            (Msg::Inquiry(_), Some(open), _) if open.phase != Phase::Committing => {}
            (Msg::Inquiry(_), ..) => self.tell(ctx, from, tx),
            _ => {}
        }
    }

    fn hear_client(&mut self, ctx: &mut Ctx<'_, Msg>, client: NodeId, msg: Msg) {
        let tx = msg.tx();
        let new = tx > *self.newest_of(tx);
        match msg {
            // A passing failure: as if the order had not come. The client asks, and hears "refused".
            Msg::Order(_) if ctx.interference() == Interference::Fail => return,
            Msg::Order(_) if new && ctx.interference() == Interference::None => {
                *self.newest_of(tx) = tx;
                return self.begin(ctx, tx);
            }
            Msg::Order(_) | Msg::Inquiry(_) => {}
            _ => return,
        }
        // Whatever was answered about a number stays true: it will not begin later.
        let newest = self.newest_of(tx);
        *newest = tx.max(*newest);
        if !self.open.contains_key(&tx) {
            let answer = if self.has_committed(tx) { self.confirmation(tx) } else { Msg::OrderRefused(tx) };
            ctx.send(client, answer);
        }
    }

    /// Answers with the decision: COMMIT if the log says so, and otherwise abort is presumed.
    fn tell(&self, ctx: &mut Ctx<'_, Msg>, to: NodeId, tx: Tx) {
        let commit = self.unended.contains_key(&tx);
        ctx.send(to, if commit { Msg::Commit(tx) } else { Msg::Abort(tx) });
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
        let open = Open {
            phase: Phase::Collecting,
            asked: Members::default(),
            answered: Members::default(),
            resends: Tally(0),
        };
        self.open.insert(tx, open);
        self.collect(ctx, tx);
    }

    /// First phase: asks whoever is to be asked next; with every yes, decides.
    fn collect(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let n = self.settings.participants.len();
        let Some(open) = self.open.get_mut(&tx) else { return };
        if open.answered.first_missing(n).is_none() {
            open.phase = Phase::Deciding;
            ctx.cancel_timer(Timer { kind: timer::VOTE, arg: tx });
            self.log.append(ctx, record::COMMIT, [tx, 0, 0], Record::Commit(tx));
            return;
        }
        let mut asks = false;
        while let Some(place) = open.asked.first_missing(n) {
            if !self.settings.parallel && open.asked != open.answered {
                break;
            }
            open.asked.add(place);
            ctx.send(self.settings.participants[place], Msg::Prepare(tx));
            asks = true;
        }
        if asks {
            ctx.set_timer(Timer { kind: timer::VOTE, arg: tx }, self.settings.vote_timeout);
        }
    }

    /// The decision is on disk, and only now anybody hears of it.
    fn decided(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.last = Some((tx, true));
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.phase = Phase::Committing;
        open.asked = Members::default();
        open.answered = Members::default();
        let all = self.settings.parallel;
        self.spread(ctx, tx, all);
        ctx.set_timer(Timer { kind: timer::RESEND, arg: tx }, self.settings.resend.full(1));
    }

    /// Second phase: sends the decision to whoever was not sent it, to all or to the next.
    fn spread(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, all: bool) {
        let n = self.settings.participants.len();
        let Some(open) = self.open.get_mut(&tx) else { return };
        if !self.unended.contains_key(&tx) {
            self.unlogged.get_or_insert(tx);
        }
        while let Some(place) = open.asked.first_missing(n) {
            if !all && open.asked != open.answered {
                break;
            }
            open.asked.add(place);
            ctx.send(self.settings.participants[place], Msg::Commit(tx));
        }
    }

    fn resend(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        open.resends.0 += 1;
        let wait = self.settings.resend.full(open.resends.0 + 1);
        // Everybody who has not acknowledged, also those whose turn had not come: with one of
        // them silent the others are not to wait for it.
        open.asked = open.answered;
        let mut asked = open.answered;
        while let Some(place) = asked.first_missing(self.settings.participants.len()) {
            asked.add(place);
            ctx.send(self.settings.participants[place], Msg::Commit(tx));
        }
        open.asked = asked;
        ctx.set_timer(Timer { kind: timer::RESEND, arg: tx }, wait);
    }

    fn acknowledged(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        let n = self.settings.participants.len();
        let Some(open) = self.open.get(&tx) else { return };
        if open.answered.first_missing(n).is_some() {
            self.spread(ctx, tx, false);
            return;
        }
        self.open.remove(&tx);
        ctx.cancel_timer(Timer { kind: timer::RESEND, arg: tx });
        ctx.local(kind::DONE, [tx, 0, 0]);
        if let Some(client) = self.client_of(tx) {
            ctx.send(client, self.confirmation(tx));
        }
        self.end(ctx, tx);
        self.pause(ctx);
    }

    fn confirmation(&self, tx: Tx) -> Msg {
        if self.later.mixed.contains_key(&tx) { Msg::OrderMixed(tx) } else { Msg::OrderConfirmed(tx) }
    }

    /// A participant has done otherwise, by its operator: onto the list, and only then it counts as an
    /// answer.
    fn flag(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, place: usize) {
        if !self.later.mixed.get(&tx).is_some_and(|places| places.has(place)) {
            return self.write_mixed(ctx, tx, place);
        }
        if let Some(open) = self.open.get_mut(&tx).filter(|open| open.phase == Phase::Committing) {
            open.answered.add(place);
            self.acknowledged(ctx, tx);
        }
    }

    fn write_mixed(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, place: usize) {
        self.log.append(ctx, record::MIXED, [tx, 0, 0], Record::Mixed(tx, place));
    }

    /// Lazy: nobody waits for END. Without it, recovery only asks once more for acknowledgements.
    fn end(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx) {
        self.log.append(ctx, record::END, [tx, 0, 0], Record::End(tx));
    }

    /// Gives a transaction up, tells whoever was asked and does not know, and forgets it.
    fn abort(&mut self, ctx: &mut Ctx<'_, Msg>, tx: Tx, knows: Members) {
        let Some(open) = self.open.remove(&tx) else { return };
        self.last = Some((tx, false));
        ctx.cancel_timer(Timer { kind: timer::VOTE, arg: tx });
        for (place, node) in self.settings.participants.iter().enumerate() {
            if open.asked.has(place) && !knows.has(place) {
                ctx.send(*node, Msg::Abort(tx));
            }
        }
        if let Some(client) = self.client_of(tx) {
            ctx.send(client, Msg::OrderRefused(tx));
        }
        self.pause(ctx);
    }

    fn pause(&self, ctx: &mut Ctx<'_, Msg>) {
        if self.wanted > 0 && self.settings.client.is_none() {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
        }
    }

    /// COMMIT without END: everybody is told again. Anything else was never decided, and whoever
    /// asks about it hears abort.
    fn recover(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let read = unended_in(self.log.records());
        debug_assert!(read == self.unended, "the index and the log say the same");
        self.unended = read;
        let transactions: Vec<Tx> = self.unended.keys().copied().collect();
        for tx in transactions {
            let open = Open {
                phase: Phase::Committing,
                asked: Members::default(),
                answered: Members::default(),
                resends: Tally(0),
            };
            self.open.insert(tx, open);
            self.last = Some((tx, true));
            self.spread(ctx, tx, true);
            ctx.set_timer(Timer { kind: timer::RESEND, arg: tx }, self.settings.resend.full(1));
        }
        if self.open.is_empty() {
            self.pause(ctx);
        }
    }

    pub(super) fn flush(&mut self, ticket: Ticket) {
        self.flushed = self.log.flush(ticket);
        match self.flushed {
            Some(Record::Commit(tx)) => {
                self.unended.insert(tx, ());
                self.settled.add(tx);
            }
            Some(Record::End(tx)) => {
                self.unended.remove(&tx);
            }
            Some(Record::Mixed(tx, place)) => self.later.mixed.or_default(tx).add(place),
            None => {}
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.log.crash();
        self.open.clear();
        self.flushed = None;
        self.last = None;
    }
}

/// Reads a whole log: committed and not ended.
fn unended_in<'a>(records: impl Iterator<Item = &'a Record>) -> Map<Tx, ()> {
    let mut unended = Map::new();
    for record in records {
        match *record {
            Record::Commit(tx) => {
                unended.insert(tx, ());
            }
            Record::End(tx) => {
                unended.remove(&tx);
            }
            Record::Mixed(..) => {}
        }
    }
    unended
}
