//! A world taken to pieces. A search meets the same node in the same state, and the same message, in
//! thousands of worlds: it keeps each once, with what it looks like, and a step looks again only at the
//! node that it changed.
//!
//! Owns the pieces and a bench on which they are put together and taken apart. Does not own which
//! worlds there are, and changes none but by [`World::apply`].

use std::sync::Arc;

use super::erased::{DynMessage, DynNode};
use super::event::TraceSink;
use super::fingerprint::Fingerprint;
use super::id::{Args, MsgId, NodeId};
use super::log::Log;
use super::machine::{Ticket, Timer};
use super::time::SimTime;
use super::world::{Envelope, NotEnabled, Observation, Pending, Slot, Step, World};

/// A node and all that is its own.
#[derive(Clone)]
pub struct NodePiece {
    machine: Arc<dyn DynNode>,
    /// Whether it runs (paused counts as running).
    pub up: bool,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it has started.
    pub started: bool,
    /// Its timers that are set.
    pub timers: Box<[Timer]>,
    /// Its writes that are not on disk, oldest first: ticket, kind of record, values.
    pub writes: Box<[(Ticket, u8, Args)]>,
    /// What it adds to the fingerprint of a world.
    pub member: Fingerprint,
    /// What its timers look like.
    timers_look: Fingerprint,
}

/// A message, whichever of its kind.
#[derive(Clone)]
pub struct MessagePiece {
    /// Who sent it.
    pub from: NodeId,
    /// Who is to get it.
    pub to: NodeId,
    /// Its kind.
    pub kind: u8,
    /// What it carries for a reader.
    pub args: Args,
    payload: Arc<dyn DynMessage>,
    /// What it looks like.
    pub look: Fingerprint,
}

/// What belongs to no node: links and ledger.
#[derive(Clone)]
pub struct Ground {
    cut: Vec<bool>,
    ledger: Log<Observation>,
    /// What it adds to the fingerprint of a world.
    pub look: Fingerprint,
}

impl Ground {
    fn of(cut: Vec<bool>, ledger: Log<Observation>) -> Self {
        let look = Fingerprint::of(&(&cut, &ledger));
        Self { cut, ledger, look }
    }

    /// The same with further facts.
    #[must_use]
    pub fn with_facts(&self, facts: &[Observation]) -> Self {
        let mut ledger = self.ledger.clone();
        facts.iter().for_each(|fact| ledger.push(*fact));
        Self::of(self.cut.clone(), ledger)
    }

    /// The same with a link cut, or healed.
    #[must_use]
    pub fn with_link(&self, link: usize, is_cut: bool) -> Self {
        let mut cut = self.cut.clone();
        cut[link] = is_cut;
        Self::of(cut, self.ledger.clone())
    }

    /// Whether a link is cut: `from * nodes + to`.
    #[must_use]
    pub fn is_cut(&self, link: usize) -> bool {
        self.cut[link]
    }
}

/// A world without clock or script, to put pieces into.
pub struct Workbench {
    world: World,
}

impl Workbench {
    /// A bench for the nodes of a world, which lies on it.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let mut world = world.clone();
        world.schedule.stop();
        Self { world }
    }

    /// What lies on it.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Takes a step. What a handler draws by [`super::Ctx::roll`] is fixed for each node: chance is for
    /// the length of waits, and a bench knows none.
    ///
    /// # Errors
    /// [`NotEnabled`] when the step cannot happen.
    pub fn apply(&mut self, step: Step, sink: Option<&mut dyn TraceSink>) -> Result<(), NotEnabled> {
        self.world.schedule.handled.fill(0);
        self.world.schedule.steps = 0;
        self.world.apply(step, sink)
    }

    /// How many effects the newest handler asked for.
    #[must_use]
    pub const fn effects(&self) -> u8 {
        self.world.asked
    }

    /// Puts a node in its place, to look at.
    pub fn show(&mut self, node: NodeId, piece: &NodePiece) {
        let slot = &mut self.world.state.nodes[node.index()];
        slot.machine = piece.machine.clone();
        fill(slot, piece);
    }

    /// Puts a node in its place, to be changed.
    pub fn load(&mut self, node: NodeId, piece: &NodePiece) {
        let slot = &mut self.world.state.nodes[node.index()];
        piece.machine.copy_onto(&mut slot.machine);
        fill(slot, piece);
        self.world.schedule.next_pending = (piece.timers.len() + piece.writes.len()) as u32;
    }

    /// What a node adds to the fingerprint of a world, after steps from the piece that was
    /// [loaded](Workbench::load); and what its timers look like.
    #[must_use]
    pub fn member(&self, node: NodeId, loaded: &NodePiece) -> (Fingerprint, Fingerprint) {
        let slot = &self.world.state.nodes[node.index()];
        let look = |timer: &Timer| Fingerprint::of(timer).as_member();
        // Timers that were there have their old places for numbers, and what is set goes to the end.
        let mut timers = loaded.timers_look;
        let mut next = 0;
        for timer in &slot.timers {
            let number = timer.number as usize;
            if number < loaded.timers.len() {
                timers = loaded.timers[next..number].iter().fold(timers, |sum, gone| sum.minus(look(gone)));
                next = number + 1;
            } else {
                timers = timers.plus(look(&timer.what));
            }
        }
        timers = loaded.timers[next..].iter().fold(timers, |sum, gone| sum.minus(look(gone)));
        (slot.fingerprint(node.index(), timers).as_member(), timers)
    }

    /// The node as a piece, with what [`Workbench::member`] said of it.
    #[must_use]
    pub fn piece(&self, node: NodeId, (member, timers_look): (Fingerprint, Fingerprint)) -> NodePiece {
        let slot = &self.world.state.nodes[node.index()];
        NodePiece {
            machine: slot.machine.clone(),
            up: slot.up,
            paused: slot.paused,
            started: slot.started,
            timers: slot.timers.iter().map(|timer| timer.what).collect(),
            writes: slot.writes.iter().map(|write| write.what).collect(),
            member,
            timers_look,
        }
    }

    /// The node as a piece, looked at from scratch.
    #[must_use]
    pub fn node(&self, node: NodeId) -> NodePiece {
        let slot = &self.world.state.nodes[node.index()];
        let look = |f: Fingerprint, t: &Pending<Timer>| f.with_member(Fingerprint::of(&t.what));
        let timers = slot.timers.iter().fold(Fingerprint::default(), look);
        self.piece(node, (slot.fingerprint(node.index(), timers).as_member(), timers))
    }

    /// Puts a message in flight.
    pub fn send(&mut self, message: &MessagePiece) -> MsgId {
        let id = MsgId(self.world.schedule.next_message);
        self.world.schedule.next_message += 1;
        let MessagePiece { from, to, kind, args, .. } = *message;
        let payload = message.payload.clone();
        let (born, due) = (0, SimTime::ZERO);
        let envelope = Envelope { from, to, kind, args, payload, born, due, held: false, doomed: false };
        self.world.state.in_flight.put(id, envelope);
        id
    }

    /// Cuts one link, or none, and heals every other.
    pub fn set_cut(&mut self, link: Option<(NodeId, NodeId)>) {
        self.world.state.cut.fill(false);
        if let Some((from, to)) = link {
            let link = self.world.link(from, to);
            self.world.state.cut[link] = true;
        }
    }

    /// Takes every message off, in the order they were sent.
    pub fn take_messages(&mut self, mut found: impl FnMut(MessagePiece)) {
        for (_, envelope) in self.world.state.in_flight.iter() {
            let Envelope { from, to, kind, args, .. } = *envelope;
            let look = envelope.fingerprint();
            found(MessagePiece { from, to, kind, args, payload: envelope.payload.clone(), look });
        }
        self.clear_messages();
    }

    /// Takes every message off.
    pub fn clear_messages(&mut self) {
        self.world.state.in_flight.clear();
        self.world.schedule.next_message = 0;
    }

    /// Links and ledger.
    #[must_use]
    pub fn ground(&self) -> Ground {
        Ground::of(self.world.state.cut.clone(), self.world.state.ledger.clone())
    }

    /// Puts links and ledger in place.
    pub fn put_ground(&mut self, ground: &Ground) {
        self.world.state.cut.clone_from(&ground.cut);
        self.world.state.ledger = ground.ledger.clone();
    }

    /// Takes the facts off the ledger.
    pub fn take_facts(&mut self, found: &mut Vec<Observation>) {
        if !self.world.state.ledger.is_empty() {
            found.extend(self.world.state.ledger.iter());
            self.world.state.ledger = Log::new();
        }
    }
}

impl World {
    /// The oldest message in flight that looks like this one.
    #[must_use]
    pub fn find(&self, message: &MessagePiece) -> Option<MsgId> {
        let alike = |e: &Envelope| {
            (e.from, e.to, e.kind) == (message.from, message.to, message.kind)
                && e.fingerprint() == message.look
        };
        self.state.in_flight.iter().find(|(_, envelope)| alike(envelope)).map(|(id, _)| id)
    }
}

fn fill(slot: &mut Slot, piece: &NodePiece) {
    slot.up = piece.up;
    slot.paused = piece.paused;
    slot.started = piece.started;
    let due = SimTime::ZERO;
    let timers = (0..).zip(&piece.timers).map(|(number, &what)| Pending { number, what, born: 0, due });
    slot.timers.clear();
    slot.timers.extend(timers);
    let writes = (piece.timers.len() as u32..).zip(&piece.writes);
    slot.writes.clear();
    slot.writes.extend(writes.map(|(number, &what)| Pending { number, what, born: 0, due }));
}
