//! What each card needs over a whole run, so that no card changes its size from step to step.

use super::stage_layout::Need;
use crate::kernel::{Description, Label, NodeId, Shape, What};
use crate::patterns::pattern::Role;
use crate::trace::Story;

/// Rows that a section shows at most; of a longer list the newest.
pub const ROWS: usize = 6;
/// States looked at: what a run shows later than this was most likely seen before.
const STATES: u32 = 4_000;

/// A place for a section on a card: the nth of its shape. Sections come and go; their places stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Shape of the section.
    pub shape: Shape,
    /// Which of its shape, from 0.
    pub nth: usize,
    /// What it is called where it first appears.
    pub title: Label,
    /// Whether it survives a crash.
    pub durable: bool,
    /// Lines that it needs at most.
    pub lines: u16,
}

/// What a card needs.
#[derive(Clone, PartialEq, Debug)]
pub struct CardNeed {
    /// Whether it ever has a status line.
    pub status: bool,
    /// States seen, and those with a status line.
    pub spoke: (u32, u32),
    /// Whether nodes like it have a status line so seldom that its place under the name would mostly
    /// be a hole: then that is at the foot of the card.
    pub seldom: bool,
    /// Places for sections, from top to bottom.
    pub slots: Vec<Slot>,
}

/// The place of each section of a description among the slots.
#[must_use]
pub fn places(holds: &Description, slots: &[Slot]) -> Vec<Option<usize>> {
    slots_of(holds)
        .iter()
        .map(|(shape, nth)| slots.iter().position(|s| s.shape == *shape && s.nth == *nth))
        .collect()
}

fn slots_of(holds: &Description) -> Vec<(Shape, usize)> {
    let nth = |i: usize, shape: Shape| holds.sections[..i].iter().filter(|s| s.shape == shape).count();
    holds.sections.iter().enumerate().map(|(i, s)| (s.shape, nth(i, s.shape))).collect()
}

impl CardNeed {
    fn note(&mut self, holds: &Description) {
        self.status |= holds.status.is_some();
        self.spoke.0 += 1;
        self.spoke.1 += u32::from(holds.status.is_some());
        let mut after = 0;
        for (section, (shape, nth)) in holds.sections.iter().zip(slots_of(holds)) {
            let lines = section.rows.len().min(ROWS) as u16;
            match self.slots.iter().position(|s| s.shape == shape && s.nth == nth) {
                Some(i) => {
                    self.slots[i].lines = self.slots[i].lines.max(lines);
                    after = i + 1;
                }
                None => {
                    let slot = Slot { shape, nth, title: section.title, durable: section.durable, lines };
                    self.slots.insert(after.min(self.slots.len()), slot);
                    after += 1;
                }
            }
        }
    }
}

/// What the cards of a story need, node by node. `known` is what they needed before an act changed
/// the run: cards do not shrink while a person tries things out.
#[must_use]
pub fn needs(story: &Story, known: Option<&[CardNeed]>) -> Vec<CardNeed> {
    let run = &story.run;
    let n = run.stage.nodes.len();
    let fresh = || CardNeed { status: false, spoke: (0, 0), seldom: false, slots: Vec::new() };
    let mut needs: Vec<CardNeed> = match known {
        Some(known) if known.len() == n => known.to_vec(),
        _ => (0..n).map(|_| fresh()).collect(),
    };
    let mut world = run.stage.world.clone();
    for state in 0..=run.len().min(STATES) {
        for (i, need) in needs.iter_mut().enumerate() {
            need.note(&world.describe(NodeId(i as u8)));
        }
        if state < run.len() && world.advance(None).is_err() {
            break;
        }
    }
    // A node that crashes draws a line under what is on its disk, and says what was lost.
    for spot in &story.chart.spots {
        let What::Crashed { node } = spot.what else { continue };
        let holds = run.world(spot.state).describe(node);
        let need = &mut needs[node.index()];
        let log = holds.sections.iter().rposition(|s| s.shape == Shape::Log);
        match log.and_then(|k| Some((k, places(&holds, &need.slots)[k]?))) {
            Some((k, slot)) => {
                let rows = holds.sections[k].rows.len().min(ROWS) as u16 + 1;
                need.slots[slot].lines = need.slots[slot].lines.max(rows);
            }
            None => need.status = true,
        }
    }
    // Those of one role stand in one rank: they keep to one form, and to it whatever is tried out.
    if known.is_none_or(|k| k.len() != n) {
        let role = |i: usize| run.stage.nodes[i].role;
        let sum = |of: Role| {
            let alike = (0..n).filter(|i| role(*i) == of).map(|i| needs[i].spoke);
            alike.fold((0, 0), |sum, s| (sum.0 + s.0, sum.1 + s.1))
        };
        let seldom: Vec<bool> = (0..n)
            .map(|i| {
                let (seen, spoke) = sum(role(i));
                // Of those who keep the data a status is the news.
                let enough = if matches!(role(i), Role::Service | Role::Store) { 0.2 } else { 0.75 };
                f64::from(spoke) < f64::from(seen) * enough
            })
            .collect();
        needs.iter_mut().zip(seldom).for_each(|(need, seldom)| need.seldom = seldom);
    }
    needs
}

/// Which slots a brief card shows: two, the log among them.
#[must_use]
pub fn brief(slots: &[Slot]) -> Vec<usize> {
    let log = slots.iter().rposition(|s| s.shape == Shape::Log);
    let mut shown: Vec<usize> = (0..slots.len().min(2)).collect();
    if let (Some(log), [_, second]) = (log, &mut shown[..]) {
        // A log that is among the first two is the second at the latest.
        *second = log.max(*second);
    }
    shown
}

/// The same for the layout: with every section, or brief.
#[must_use]
pub fn for_layout(story: &Story, needs: &[CardNeed], is_brief: bool) -> Vec<Need> {
    (needs.iter().zip(&story.run.stage.nodes))
        .map(|(need, node)| {
            let all = || (0..need.slots.len()).collect();
            let shown: Vec<usize> = if is_brief { brief(&need.slots) } else { all() };
            Need {
                role: node.role,
                status: need.status,
                sections: shown.into_iter().map(|i| need.slots[i].lines).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Cell, Mark};

    fn holds(sections: &[(&'static str, Shape, usize)]) -> Description {
        let mut out = Description::default();
        for (title, shape, rows) in sections {
            out.section(Label::new(title), *shape, true);
            for i in 0..*rows {
                out.row(i as u64, Mark::Plain, &[Cell::Number(1)]);
            }
        }
        out
    }

    #[test]
    fn a_section_that_comes_later_gets_the_place_it_has_among_the_others() {
        let mut need = CardNeed { status: false, spoke: (0, 0), seldom: false, slots: Vec::new() };
        need.note(&holds(&[("log", Shape::Log, 1)]));
        need.note(&holds(&[("votes", Shape::Table, 2), ("log", Shape::Log, 2)]));
        need.note(&holds(&[("acks", Shape::Table, 3), ("log", Shape::Log, 9)]));
        let got: Vec<_> = need.slots.iter().map(|s| (s.title.key, s.lines)).collect();
        assert_eq!(got, [("votes", 3), ("log", ROWS as u16)]);
    }
}
