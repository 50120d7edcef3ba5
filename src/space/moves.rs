//! What can be done next in a world, in an order that is always the same: a way is kept as the places
//! of its steps in these lists.

use super::budget::{Budgets, Spending};
use super::known::Known;
use super::setting::Setting;
use super::words::World;
use crate::kernel::NodeId;

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A node starts.
    Start,
    /// A timer runs out: its place among those of the node.
    Fire,
    /// The oldest write of a node is on disk: a disk does its writes in order.
    Persisted,
    /// A message is delivered: its number.
    Deliver,
    /// A message arrives over a link that is cut, and is lost: its number.
    Lose,
    /// A person does something: the place of the act in the recipe.
    Command,
    /// A node crashes.
    Crash,
    /// A node that is down starts again.
    Restart,
    /// The disk refuses the oldest write.
    Refuse,
    /// A message is lost: its number.
    Drop,
    /// A message is copied: its number.
    Duplicate,
    /// A link is cut: `from * nodes + to`.
    Cut,
    /// A link is healed.
    Heal,
}

/// A node does not crash in this step.
pub const WHOLE: u8 = u8::MAX;

/// One step of a world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    pub deed: Deed,
    /// After how many effects of the handler its node crashes, or [`WHOLE`].
    pub torn: u8,
    /// Whose it is: for a message its receiver's, for a link its end's.
    pub node: u8,
    /// Which, as the deed says.
    pub which: u32,
    /// The number of the budget afterwards.
    pub budget: u32,
}

/// Lists the system's own steps. `early`: whether timers may run out although something else can happen.
pub fn own(
    world: &World<'_>,
    known: &Known,
    setting: &Setting,
    budgets: &mut Budgets,
    out: &mut Vec<Move>,
) {
    out.clear();
    let budget = world.budget();
    let mut add = |deed, node: usize, which| {
        out.push(Move { deed, torn: WHOLE, node: node as u8, which, budget });
    };
    let n = world.nodes().len();
    for (node, &number) in world.nodes().iter().enumerate() {
        let piece = &known.nodes[number as usize];
        if piece.up && !piece.started {
            add(Deed::Start, node, 0);
        }
        if piece.up && !piece.paused && !piece.writes.is_empty() {
            add(Deed::Persisted, node, 0);
        }
    }
    let ground = &known.grounds[world.ground() as usize];
    let mut last = None;
    for &number in world.messages() {
        // Equal messages lie side by side, and it does not matter which one is taken.
        if last.replace(number) == Some(number) {
            continue;
        }
        let message = &known.messages[number as usize];
        let to = message.to.index();
        if !known.nodes[world.nodes()[to] as usize].paused {
            let is_cut = ground.is_cut(message.from.index() * n + to);
            add(if is_cut { Deed::Lose } else { Deed::Deliver }, to, number);
        }
    }
    let next = usize::from(budgets.get(budget).done);
    if let Some(&(NodeId(node), ..)) = setting.commands.get(next) {
        let piece = &known.nodes[world.nodes()[node as usize] as usize];
        if piece.up && !piece.paused && piece.started {
            let budget = budgets.spend(budget, Spending::Command);
            out.push(Move { deed: Deed::Command, torn: WHOLE, node, which: next as u32, budget });
        }
    }
    let idle = out.is_empty();
    if !idle && budgets.get(budget).left.early == 0 {
        return;
    }
    let mut after = None;
    for (node, &number) in world.nodes().iter().enumerate() {
        let piece = &known.nodes[number as usize];
        if piece.up && !piece.paused {
            for which in 0..piece.timers.len() as u32 {
                let budget = if idle {
                    budget
                } else {
                    *after.get_or_insert_with(|| budgets.spend(budget, Spending::Early))
                };
                out.push(Move { deed: Deed::Fire, torn: WHOLE, node: node as u8, which, budget });
            }
        }
    }
}

/// Adds what the outside may do.
pub fn outside(
    world: &World<'_>,
    known: &Known,
    setting: &Setting,
    budgets: &mut Budgets,
    out: &mut Vec<Move>,
) {
    let budget = world.budget();
    let left = budgets.get(budget).left;
    let mut add = |deed, node: usize, which, budget| {
        out.push(Move { deed, torn: WHOLE, node: node as u8, which, budget });
    };
    let n = world.nodes().len();
    for (node, &number) in world.nodes().iter().enumerate() {
        let piece = &known.nodes[number as usize];
        if !piece.up {
            if !left.for_good {
                add(Deed::Restart, node, 0, budget);
            }
        } else if left.crashes > 0 {
            add(Deed::Crash, node, 0, budgets.spend(budget, Spending::Crash));
        }
        let write = piece.writes.first().filter(|_| piece.up);
        if write.is_some_and(|(_, record, _)| setting.refusals.contains(&(NodeId(node as u8), *record))) {
            add(Deed::Refuse, node, 0, budget);
        }
    }
    let mut last = None;
    for &number in world.messages() {
        if last.replace(number) == Some(number) {
            continue;
        }
        let to = known.messages[number as usize].to.index();
        if left.drops > 0 {
            add(Deed::Drop, to, number, budgets.spend(budget, Spending::Drop));
        }
        if left.duplicates > 0 {
            add(Deed::Duplicate, to, number, budgets.spend(budget, Spending::Duplicate));
        }
    }
    let ground = &known.grounds[world.ground() as usize];
    for link in 0..n * n {
        let (from, to) = (link / n, link % n);
        if ground.is_cut(link) {
            add(Deed::Heal, to, link as u32, budget);
        } else if left.cuts > 0 && from != to {
            add(Deed::Cut, to, link as u32, budgets.spend(budget, Spending::Cut));
        }
    }
}
