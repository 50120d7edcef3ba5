//! The walk: from every world to those after it, breadth first.

use super::budget::{Allowed, Budgets, Spending};
use super::known::Known;
use super::memo::{Ground, Memo, Notes, Outcome};
use super::moves::{self, Deed, Move, WHOLE};
use super::rest;
use super::seen::Seen;
use super::setting::Setting;
use super::watch::{self, Field, Projection, Watch};
use super::way::Found;
use super::words::{World, show};
use crate::kernel::pieces::Workbench;
use crate::kernel::world::{Act, Fault};
use crate::kernel::{Fingerprint, NodeId, Step, World as Kernel};
use crate::patterns::pattern::{Abstraction, Probe, Promise, Verdict};

/// A step that was taken: what it did, and where it led.
#[derive(Clone, Copy)]
struct Taken {
    of: Move,
    /// The number of its outcome; `None` while that lies on the bench.
    outcome: Option<u32>,
    ground: u32,
    watch: u32,
    look: Fingerprint,
}

/// Every world that can be reached from one: a walk that can be stopped and gone on with at any world.
pub struct Space {
    pub(super) setting: Setting,
    pub(super) start: Kernel,
    /// The first world, in numbers.
    first: Vec<u32>,
    pub(super) nodes: usize,
    pub(super) known: Known,
    budgets: Budgets,
    watch: Watch,
    fields: Vec<Field>,
    memo: Memo,
    grounds: Notes,
    /// Where steps are taken, one node at a time.
    bench: Workbench,
    /// Where a whole world is put together to be judged, and what lies there.
    view: Workbench,
    shown: Vec<u32>,
    seen: Seen,
    /// Worlds to look at, one after another, and how many words of them are done; and those after them.
    level: Vec<u32>,
    done: usize,
    next: Vec<u32>,
    /// The number of the next world to look at, and its distance from the first.
    place: u32,
    distance: u32,
    deepest: u32,
    transitions: u64,
    complete: bool,
    watch_rest: bool,
    pub(super) found: Vec<Found>,
    /// Memory that is used again and again.
    moves: Vec<Move>,
    taken: Vec<Taken>,
    now: Vec<u32>,
    fresh: Outcome,
}

impl Space {
    /// A walk from a world.
    #[must_use]
    pub fn new(
        start: Kernel,
        setting: Setting,
        allowed: Allowed,
        abstractions: &[&'static Abstraction],
    ) -> Self {
        let bench = Workbench::new(&start);
        let mut view = Workbench::new(&start);
        let mut known = Known::default();
        let nodes = start.nodes();
        let mut messages = Vec::new();
        view.take_messages(|message| messages.push(known.message(message)));
        messages.sort_unstable();
        let mut first = vec![messages.len() as u32];
        for node in (0..nodes as u8).map(NodeId) {
            let piece = view.node(node);
            first.push(known.node(piece.member, || piece));
        }
        first.push(known.ground(view.ground()));
        // Budget and histories: the first of each.
        first.extend([0, 0]);
        first.extend(messages);
        let watch = Watch::new(abstractions, &setting.params);
        let mut space = Self {
            setting,
            start,
            first: first.clone(),
            nodes,
            known,
            budgets: Budgets::new(allowed),
            watch,
            fields: Vec::new(),
            memo: Memo::default(),
            grounds: Notes::default(),
            bench,
            view,
            shown: Vec::new(),
            seen: Seen::default(),
            level: Vec::new(),
            done: 0,
            next: Vec::new(),
            place: 0,
            distance: 0,
            deepest: 0,
            transitions: 0,
            complete: true,
            watch_rest: false,
            found: Vec::new(),
            moves: Vec::new(),
            taken: Vec::new(),
            now: Vec::new(),
            fresh: Outcome::default(),
        };
        let world = World::of(&first, nodes);
        let look = space.look(world).plus(space.budgets.member(0)).plus(space.watch.member(0));
        space.seen.add(look, 0, 0);
        space.level = first;
        space.reach(0, false);
        space.settle_ways();
        space
    }

    /// Counts the distinct vectors of a field over the nodes, from the first world on; to be asked for
    /// before the walk goes on.
    pub fn count_field(&mut self, name: &str) {
        let mut field = Field::new(name);
        field.reach(&self.first[1..=self.nodes], |node| self.view.world().describe(NodeId(node as u8)));
        self.fields.push(field);
    }

    /// Says of every world whether it comes to nothing new by itself ([`Projection::stalled`]); to be asked
    /// for before the walk goes on.
    pub const fn watch_rest(&mut self) {
        self.watch_rest = true;
    }

    /// Looks at so many more worlds; whether anything is left to look at.
    pub fn go_on(&mut self, worlds: usize) -> bool {
        for _ in 0..worlds {
            if self.done == self.level.len() {
                std::mem::swap(&mut self.level, &mut self.next);
                self.next.clear();
                self.done = 0;
                self.distance += 1;
                if self.level.is_empty() {
                    return false;
                }
            }
            self.expand();
        }
        self.is_left()
    }

    fn is_left(&self) -> bool {
        self.done < self.level.len() || !self.next.is_empty()
    }

    /// Distinct worlds so far.
    #[must_use]
    pub fn states(&self) -> usize {
        self.seen.len()
    }

    /// Steps taken from them, those to known worlds included. To deliver the one or the other of two
    /// equal messages is one step.
    #[must_use]
    pub const fn transitions(&self) -> u64 {
        self.transitions
    }

    /// The most steps from the first world to any, by a shortest way.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.deepest
    }

    /// Whether every reachable world was reached: nothing is left, and no limit was met.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.complete && !self.is_left()
    }

    /// What the abstractions saw, in the order they were asked for.
    #[must_use]
    pub fn projections(&self) -> &[Projection] {
        &self.watch.projections
    }

    /// The fields that are counted: name, distinct vectors, whether any node has shown it.
    pub fn fields(&self) -> impl Iterator<Item = (&str, usize, bool)> {
        self.fields.iter().map(|field| (field.name.as_str(), field.len(), field.shown))
    }

    /// The names of fields that nodes show in the worlds so far.
    #[must_use]
    pub fn field_names(&mut self) -> Vec<&'static str> {
        let mut names = std::collections::BTreeSet::new();
        for piece in &self.known.nodes {
            // Any place will do to be described in.
            self.view.show(NodeId(0), piece);
            watch::names(&self.view.world().describe(NodeId(0)), &mut names);
        }
        self.shown.clear();
        names.into_iter().collect()
    }

    /// What a world looks like, budget and histories apart.
    fn look(&self, world: World<'_>) -> Fingerprint {
        let ground = self.known.grounds[world.ground() as usize].look;
        let nodes = world.nodes().iter().map(|&number| self.known.nodes[number as usize].member);
        let messages =
            world.messages().iter().map(|&number| self.known.messages[number as usize].look.as_member());
        nodes.chain(messages).fold(ground, Fingerprint::plus)
    }

    fn expand(&mut self) {
        self.memo.judge();
        let words = World::messages_at(self.nodes) + self.level[self.done] as usize;
        let mut now = std::mem::take(&mut self.now);
        now.clear();
        now.extend_from_slice(&self.level[self.done..self.done + words]);
        self.done += words;
        let world = World::of(&now, self.nodes);
        if self.watch_rest {
            show(&mut self.view, &mut self.shown, world, &self.known);
            if rest::comes_to_nothing_new(self.view.world()) {
                self.watch.stall(world.watch());
            }
        }
        let moves = self.moves(world);
        let ground = self.known.grounds[world.ground() as usize].look;
        let rest = self.look(world).minus(ground);
        self.transitions += moves.len() as u64;
        let mut all = std::mem::take(&mut self.taken);
        for (nth, &of) in moves.iter().enumerate() {
            let taken = self.take(world, of, rest);
            if taken.outcome.is_some() {
                all.push(taken);
            } else {
                // Its outcome lies on the bench, and the next step will be taken there.
                self.arrive(world, taken, nth as u16);
            }
        }
        self.seen.touch(all.iter().map(|taken| taken.look));
        for (nth, taken) in all.drain(..).enumerate() {
            self.arrive(world, taken, nth as u16);
        }
        (self.taken, self.moves, self.now) = (all, moves, now);
        self.place += 1;
        self.settle_ways();
    }

    /// Everything that can be done in a world, always in the same order.
    pub(super) fn moves(&mut self, world: World<'_>) -> Vec<Move> {
        let mut all = std::mem::take(&mut self.moves);
        moves::own(&world, &self.known, &self.setting, &mut self.budgets, &mut all);
        if self.budgets.get(world.budget()).left.crashes > 0 {
            for i in 0..all.len() {
                self.tear(world, all[i], &mut all);
            }
        }
        moves::outside(&world, &self.known, &self.setting, &mut self.budgets, &mut all);
        all
    }

    /// The step with a crash after each of its effects.
    fn tear(&mut self, world: World<'_>, of: Move, all: &mut Vec<Move>) {
        let is_up = self.known.nodes[world.nodes()[of.node as usize] as usize].up;
        if of.deed == Deed::Lose || of.deed == Deed::Command || !is_up {
            return;
        }
        let rest = Fingerprint::default();
        let taken = self.take(world, of, rest);
        let effects = taken.outcome.map_or(&self.fresh, |n| &self.memo.outcomes[n as usize]).effects;
        let budget = self.budgets.spend(of.budget, Spending::Crash);
        let mut last = None;
        for torn in 0..=effects.min(WHOLE - 1) {
            let of = Move { torn, budget, ..of };
            let look = self.take(world, of, rest).look;
            // A timer that is set is no trace of a node that crashes then.
            if last.replace(look) != Some(look) {
                all.push(of);
            }
        }
    }

    /// Takes a step from a world, all of whose pieces but links and ledger look like `rest`.
    fn take(&mut self, world: World<'_>, of: Move, rest: Fingerprint) -> Taken {
        let key = match of.deed {
            Deed::Lose | Deed::Drop | Deed::Duplicate | Deed::Cut | Deed::Heal => u32::MAX,
            _ => world.nodes()[of.node as usize],
        };
        let key = [key, of.deed as u32 | u32::from(of.torn) << 8, of.which];
        let outcome = if self.memo.is_given_up() {
            self.do_it(world, of);
            None
        } else {
            Some(self.memo.recall(key).unwrap_or_else(|| {
                self.do_it(world, of);
                if let Some(look) = self.fresh.on_bench.take() {
                    let node = NodeId(of.node);
                    self.fresh.node = Some(self.known.node(look.0, || self.bench.piece(node, look)));
                }
                self.memo.keep(key, std::mem::take(&mut self.fresh))
            }))
        };
        let done = outcome.map_or(&self.fresh, |number| &self.memo.outcomes[number as usize]);
        let ground = match done.ground {
            Ground::Same => world.ground(),
            change => {
                let key = outcome.map(|number| [world.ground(), number, 0]);
                key.and_then(|key| self.grounds.get(key)).unwrap_or_else(|| {
                    let before = &self.known.grounds[world.ground() as usize];
                    let ground = match change {
                        Ground::Link(link, is_cut) => before.with_link(link as usize, is_cut),
                        _ => before.with_facts(&done.facts),
                    };
                    let ground = self.known.ground(ground);
                    if let Some(key) = key {
                        self.grounds.put(key, ground);
                    }
                    ground
                })
            }
        };
        let watch = self.watch.turn(world.watch(), outcome, &done.events);
        let look = rest
            .plus(self.known.grounds[ground as usize].look)
            .plus(done.look)
            .plus(self.budgets.member(of.budget))
            .plus(self.watch.member(watch));
        Taken { of, outcome, ground, watch, look }
    }

    /// Takes a step on the bench, for its outcome.
    fn do_it(&mut self, world: World<'_>, of: Move) {
        let (bench, known, done) = (&mut self.bench, &mut self.known, &mut self.fresh);
        done.clear();
        let node = NodeId(of.node);
        let message = |known: &Known| known.messages[of.which as usize].clone();
        let link = (of.which as usize / self.nodes, of.which as usize % self.nodes);
        let (from, to) = (NodeId(link.0 as u8), NodeId(link.1 as u8));
        // Which node is told something, and what happens.
        let (told, step) = match of.deed {
            Deed::Start => (true, Step::Do(Act::Start(node))),
            Deed::Fire => {
                let piece = &known.nodes[world.nodes()[node.index()] as usize];
                (true, Step::Do(Act::Fire(node, piece.timers[of.which as usize])))
            }
            Deed::Persisted | Deed::Refuse => {
                let (ticket, ..) = known.nodes[world.nodes()[node.index()] as usize].writes[0];
                let persisted = of.deed == Deed::Persisted;
                let refused = Step::Fault(Fault::RefuseWrite(node, ticket));
                (true, if persisted { Step::Do(Act::Persisted(node, ticket)) } else { refused })
            }
            Deed::Command => {
                let (_, verb, value) = self.setting.commands[of.which as usize];
                (true, Step::Fault(Fault::Command(node, verb, value)))
            }
            Deed::Crash => (true, Step::Fault(Fault::Crash(node))),
            Deed::Restart => (true, Step::Fault(Fault::Restart(node))),
            Deed::Deliver => (true, Step::Do(Act::Deliver(bench.send(&message(known))))),
            Deed::Lose => (false, Step::Do(Act::Deliver(bench.send(&message(known))))),
            Deed::Drop => (false, Step::Fault(Fault::Drop(bench.send(&message(known))))),
            Deed::Duplicate => (false, Step::Fault(Fault::Duplicate(bench.send(&message(known))))),
            Deed::Cut => (false, Step::Fault(Fault::Cut(from, to))),
            Deed::Heal => (false, Step::Fault(Fault::Heal(from, to))),
        };
        let step = match step {
            Step::Do(act) if of.torn != WHOLE => Step::Torn(act, of.torn),
            step => step,
        };
        if told {
            bench.load(node, &known.nodes[world.nodes()[node.index()] as usize]);
        } else {
            // Links are whole on the bench but for this one, while it is needed.
            let ends = match of.deed {
                Deed::Lose => Some((known.messages[of.which as usize].from, node)),
                Deed::Heal => Some((from, to)),
                _ => None,
            };
            bench.set_cut(ends);
        }
        let sink = self.watch.is_on().then_some(&mut done.events as &mut dyn crate::kernel::TraceSink);
        bench.apply(step, sink).expect("what can be done is listed");
        if !told {
            bench.set_cut(None);
        } else {
            let piece = &known.nodes[world.nodes()[node.index()] as usize];
            let look = bench.member(node, piece);
            done.on_bench = Some(look);
            done.look = look.0.minus(piece.member);
            done.effects = bench.effects();
        }
        if let Deed::Deliver | Deed::Lose | Deed::Drop | Deed::Duplicate = of.deed {
            done.takes = true;
            done.look = done.look.minus(known.messages[of.which as usize].look.as_member());
        }
        bench.take_messages(|message| {
            done.look = done.look.plus(message.look.as_member());
            done.sent.push(known.message(message));
        });
        bench.take_facts(&mut done.facts);
        done.ground = match of.deed {
            Deed::Cut => Ground::Link(of.which, true),
            Deed::Heal => Ground::Link(of.which, false),
            _ if done.facts.is_empty() => Ground::Same,
            _ => Ground::Facts,
        };
    }

    /// A step led to a world: keeps and judges it, if it is new.
    fn arrive(&mut self, world: World<'_>, taken: Taken, nth: u16) {
        if self.seen.len() >= self.setting.most {
            self.complete &= self.seen.has(taken.look);
            return;
        }
        if !self.seen.add(taken.look, self.place, nth) {
            return;
        }
        self.deepest = self.distance + 1;
        let at = self.next.len();
        let mut next = std::mem::take(&mut self.next);
        self.write(world, taken, &mut next);
        self.next = next;
        self.reach(at, true);
    }

    /// Writes the world after a step.
    fn write(&mut self, world: World<'_>, taken: Taken, out: &mut Vec<u32>) {
        let number = |space: &mut Self| {
            let look = space.fresh.on_bench?;
            Some(space.known.node(look.0, || space.bench.piece(NodeId(taken.of.node), look)))
        };
        let node = match taken.outcome {
            Some(number) => self.memo.outcomes[number as usize].node,
            None => number(self),
        };
        let done = taken.outcome.map_or(&self.fresh, |number| &self.memo.outcomes[number as usize]);
        let gone = usize::from(done.takes);
        let at = out.len();
        out.push((world.messages().len() + done.sent.len() - gone) as u32);
        out.extend_from_slice(world.nodes());
        if let Some(node) = node {
            out[at + 1 + taken.of.node as usize] = node;
        }
        out.extend([taken.ground, taken.of.budget, taken.watch]);
        let from = out.len();
        let mut gone = done.takes.then_some(taken.of.which);
        out.extend(world.messages().iter().copied().filter(|&m| gone.take_if(|gone| *gone == m).is_none()));
        for &message in &done.sent {
            let place = out[from..].partition_point(|&m| m <= message);
            out.insert(from + place, message);
        }
    }

    /// The world after a step, for whoever follows a way.
    pub(super) fn after(&mut self, world: World<'_>, of: Move, out: &mut Vec<u32>) {
        let taken = self.take(world, of, Fingerprint::default());
        self.write(world, taken, out);
    }

    /// The first world.
    pub(super) fn first(&self) -> Vec<u32> {
        self.first.clone()
    }

    /// The way to a world: which step to take in each world before it.
    pub(super) fn turns(&self, place: u32) -> Vec<u16> {
        self.seen.way(place)
    }

    /// Judges the world that was reached last: it is the last one of the next level, or else the first.
    fn reach(&mut self, at: usize, is_next: bool) {
        let words = if is_next { &self.next[at..] } else { &self.level[at..] };
        let world = World::of(words, self.nodes);
        self.watch.reach(world.watch());
        show(&mut self.view, &mut self.shown, world, &self.known);
        for field in &mut self.fields {
            field.reach(world.nodes(), |node| self.view.world().describe(NodeId(node as u8)));
        }
        if self.found.len() == self.setting.promises.len() {
            return;
        }
        let rests = |&number: &u32| {
            let piece = &self.known.nodes[number as usize];
            piece.up && piece.started && piece.timers.is_empty() && piece.writes.is_empty()
        };
        let at_rest = world.messages().is_empty()
            && usize::from(self.budgets.get(world.budget()).done) == self.setting.commands.len()
            && world.nodes().iter().all(rests);
        let probe = Probe { world: self.view.world(), params: &self.setting.params, at_rest };
        for (promise, Promise { check, .. }) in self.setting.promises.iter().enumerate() {
            if !self.found.iter().any(|found| found.promise == promise)
                && matches!(check(&probe), Verdict::Broken(_))
            {
                self.found.push(Found { promise, place: self.seen.len() as u32 - 1, way: None });
            }
        }
    }
}
