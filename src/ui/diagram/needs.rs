//! What each card needs over a whole run, so that no card changes its size from step to step.

use super::stage_layout::Need;
use crate::kernel::{NodeId, Shape, What};
use crate::trace::Story;

/// Rows that a section shows at most; of a longer list the newest.
pub const ROWS: usize = 6;
/// States looked at: what a run shows later than this was most likely seen before.
const STATES: u32 = 4_000;

/// What the cards of a story need, node by node. `known` is what they needed before an act changed
/// the run: cards do not shrink while a person tries things out.
#[must_use]
pub fn needs(story: &Story, known: Option<&[Need]>) -> Vec<Need> {
    let run = &story.run;
    let mut needs: Vec<Need> = (run.stage.nodes.iter())
        .map(|n| Need { role: n.role, status: false, sections: Vec::new() })
        .collect();
    let mut world = run.stage.world.clone();
    for state in 0..=run.len().min(STATES) {
        for (i, need) in needs.iter_mut().enumerate() {
            let holds = world.describe(NodeId(i as u8));
            need.status |= holds.status.is_some();
            for (k, section) in holds.sections.iter().enumerate() {
                let lines = section.rows.len().min(ROWS) as u16;
                match need.sections.get_mut(k) {
                    Some(most) => *most = (*most).max(lines),
                    None => need.sections.push(lines),
                }
            }
        }
        if state < run.len() && world.advance(None).is_err() {
            break;
        }
    }
    // A node that crashes draws a line under what is on its disk, and says what was lost.
    for (i, need) in needs.iter_mut().enumerate() {
        let node = NodeId(i as u8);
        let crashes = story.chart.spots.iter().any(|s| s.what == What::Crashed { node });
        if crashes {
            let holds = world.describe(node);
            let log = holds.sections.iter().rposition(|s| s.shape == Shape::Log);
            match log {
                Some(k) => need.sections[k] = need.sections[k].max(holds.sections[k].rows.len().min(ROWS) as u16 + 1),
                None => need.status = true,
            }
        }
    }
    if let Some(known) = known.filter(|k| k.len() == needs.len()) {
        for (need, before) in needs.iter_mut().zip(known) {
            need.status |= before.status;
            for (k, lines) in before.sections.iter().enumerate() {
                match need.sections.get_mut(k) {
                    Some(most) => *most = (*most).max(*lines),
                    None => need.sections.push(*lines),
                }
            }
        }
    }
    needs
}
