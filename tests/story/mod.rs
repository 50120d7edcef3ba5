//! A shipped scenario as a story: what happened, in words, and one `check` for all of it. Shared by
//! the families that tell of one pattern.

#![allow(dead_code, reason = "each family uses its part")]

use std::collections::BTreeSet;

use converge::kernel::{Mood, NodeId, What};
use converge::patterns::pattern::{Pattern, Verdict};
use converge::scenario::{Expected, Shipped, text};
use converge::texts::Lang;
use converge::trace::{Speaker, Story};

/// A shipped scenario, run to its end, with more lines and without its notes.
pub struct Told {
    pub pattern: &'static Pattern,
    pub story: Story,
    pub speaker: Speaker,
    pub shipped: Shipped,
}

/// A shipped scenario with more lines, which stand in place of its settings of the same names.
pub fn shipped(pattern: &'static Pattern, id: &str, more: &str) -> Shipped {
    let scenario = pattern.scenarios.iter().find(|s| s.id == id).unwrap_or_else(|| panic!("no {id}"));
    let recipe = scenario.recipe;
    // A setting of the story stands for one of the scenario.
    let set = |line: &str| {
        line.split_once('=').filter(|_| line.starts_with("set ")).map(|(name, _)| name.to_owned())
    };
    let instead: BTreeSet<_> = more.lines().filter_map(set).collect();
    let kept = recipe.lines().filter(|l| {
        let seed = l.starts_with("seed ") && more.contains("seed ");
        !seed && !set(l).is_some_and(|name| instead.contains(&name))
    });
    let text: String = kept.chain(more.lines()).map(|l| format!("{}\n", l.trim())).collect();
    text::parse_shipped(&[pattern], &text).unwrap_or_else(|e| panic!("{id}: {}\n{text}", e.text(Lang::En)))
}

/// Runs it to its end.
pub fn tell(pattern: &'static Pattern, id: &str, more: &str) -> Told {
    let shipped = shipped(pattern, id, more);
    let story = Story::of(shipped.recipe.clone());
    Told { pattern, speaker: story.speaker(Lang::En), story, shipped }
}

impl Told {
    /// What happened, as `charge: orders -> payment`, `orders has written ended`, `charged 1`.
    pub fn moments(&self) -> Vec<String> {
        let nodes = &self.story.run.stage.nodes;
        let node = |n: NodeId| nodes[n.index()].id;
        let message = |k: u8| self.pattern.messages[k as usize].id;
        let record = |k: u8| self.pattern.records[k as usize].id;
        let name = |what: &What| {
            Some(match *what {
                What::Delivered { from, to, kind, .. } => {
                    format!("{}: {} -> {}", message(kind), node(from), node(to))
                }
                What::Lost { from, to, kind, .. } => {
                    format!("lost {}: {} -> {}", message(kind), node(from), node(to))
                }
                What::Written { node: n, record: r, .. } => {
                    format!("{} has written {}", node(n), record(r))
                }
                What::Crashed { node: n } => format!("{} crashes", node(n)),
                What::Restarted { node: n } => format!("{} restarts", node(n)),
                What::Fired { node: n, timer } => {
                    format!("{}: {}", node(n), self.pattern.timers[timer.kind as usize].id)
                }
                What::Observed { fact, args, .. } => {
                    format!("fact {} {}", self.pattern.facts[fact as usize].id, args[0])
                }
                _ => return None,
            })
        };
        self.story.run.events().iter().filter_map(|e| name(&e.what)).collect()
    }

    /// The facts of the outside world, by name, in order.
    pub fn facts(&self) -> Vec<String> {
        let all = self.moments().into_iter();
        all.filter_map(|m| m.strip_prefix("fact ").map(|f| f.split(' ').next().unwrap_or(f).to_owned()))
            .collect()
    }

    /// What a promise is at the end.
    pub fn verdict(&self, promise: &str) -> Expected {
        let place = self.pattern.promises.iter().position(|p| p.id == promise).expect("a promise");
        match self.story.run.verdicts(place).at(self.story.run.len()) {
            Some(Verdict::Holds) | None => Expected::Holds,
            Some(Verdict::NotYet(_)) => Expected::NotYet,
            Some(Verdict::Broken(_)) => Expected::Broken,
        }
    }

    /// The run in sentences, for a test that fails.
    pub fn journal(&self) -> String {
        let events = self.story.run.events().iter();
        events.map(|e| format!("    {}\n", self.speaker.sentence(e))).collect()
    }

    /// A node's mood at the end.
    pub fn mood(&self, node: &str) -> Mood {
        let at = self.story.run.stage.nodes.iter().position(|n| n.id == node).expect("a node");
        self.story.run.world(self.story.run.len()).mood(NodeId(at as u8))
    }
}

/// Runs a shipped scenario with more lines: these moments come in this order (others in between),
/// those never come, and the facts of the world are exactly these.
#[track_caller]
pub fn check(
    pattern: &'static Pattern,
    id: &str,
    more: &str,
    in_order: &[&str],
    never: &[&str],
    facts: &str,
) -> Told {
    let told = tell(pattern, id, more);
    let moments = told.moments();
    let mut from = 0;
    for moment in in_order {
        match moments[from..].iter().position(|m| m == moment) {
            Some(at) => from += at + 1,
            None => panic!("{id}: no “{moment}” in its place\n{moments:#?}\n{}", told.journal()),
        }
    }
    for moment in never {
        assert!(!moments.iter().any(|m| m == moment), "{id}: “{moment}”\n{}", told.journal());
    }
    assert_eq!(told.facts().join(" "), facts, "{id}\n{}", told.journal());
    told
}
