//! Ways: how a world was reached, as steps that anybody can take.

use super::moves::{Deed, Move, WHOLE};
use super::walk::Space;
use super::words::World;
use crate::kernel::world::{Act, Fault};
use crate::kernel::{NodeId, Step, World as Kernel};

/// A promise that is broken in a world.
pub struct Found {
    pub promise: usize,
    pub place: u32,
    pub way: Option<Vec<Step>>,
}

impl Space {
    /// The promises that are broken somewhere, in the order they were found, each with a shortest way.
    pub fn broken(&self) -> impl Iterator<Item = (usize, &[Step])> {
        self.found.iter().filter_map(|found| Some((found.promise, found.way.as_deref()?)))
    }

    /// Finds the ways that are not known yet.
    pub(super) fn settle_ways(&mut self) {
        for i in 0..self.found.len() {
            if self.found[i].way.is_none() {
                let way = self.way(self.found[i].place);
                self.found[i].way = Some(way);
            }
        }
    }

    /// Goes the way to a world once more, with a real world beside.
    fn way(&mut self, place: u32) -> Vec<Step> {
        let mut real = self.start.clone();
        let mut words = self.first();
        let mut way = Vec::new();
        for nth in self.turns(place) {
            let world = World::of(&words, self.nodes);
            let of = self.moves(world)[nth as usize];
            let step = self.step(world, of, &real);
            real.apply(step, None).expect("the way can be gone");
            way.push(step);
            let mut next = Vec::new();
            self.after(world, of, &mut next);
            words = next;
        }
        way
    }

    /// A step in the words of the kernel, in a real world that looks the same.
    fn step(&self, world: World<'_>, of: Move, real: &Kernel) -> Step {
        let node = NodeId(of.node);
        let piece = &self.known.nodes[world.nodes()[node.index()] as usize];
        let message = || {
            let message = &self.known.messages[of.which as usize];
            real.find(message).expect("the same messages are in flight")
        };
        let (from, to) = (of.which as usize / self.nodes, of.which as usize % self.nodes);
        let (from, to) = (NodeId(from as u8), NodeId(to as u8));
        let act = match of.deed {
            Deed::Start => Act::Start(node),
            Deed::Fire => Act::Fire(node, piece.timers[of.which as usize]),
            Deed::Persisted => Act::Persisted(node, piece.writes[0].0),
            Deed::Deliver | Deed::Lose => Act::Deliver(message()),
            Deed::Command => {
                let (_, verb, value) = self.setting.commands[of.which as usize];
                return Step::Fault(Fault::Command(node, verb, value));
            }
            Deed::Crash => return Step::Fault(Fault::Crash(node)),
            Deed::Restart => return Step::Fault(Fault::Restart(node)),
            Deed::Refuse => return Step::Fault(Fault::RefuseWrite(node, piece.writes[0].0)),
            Deed::Drop => return Step::Fault(Fault::Drop(message())),
            Deed::Duplicate => return Step::Fault(Fault::Duplicate(message())),
            Deed::Cut => return Step::Fault(Fault::Cut(from, to)),
            Deed::Heal => return Step::Fault(Fault::Heal(from, to)),
        };
        if of.torn == WHOLE { Step::Do(act) } else { Step::Torn(act, of.torn) }
    }
}
