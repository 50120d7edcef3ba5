//! Panels of the lab: transport, time line, promises, journal, state, fault script, parameters,
//! branches, about. Each sees the lab through [`use_lab`](super::use_lab) and changes it by commands.

mod about;
mod branches;
mod copies;
mod detail;
mod journal;
mod params;
mod promises;
mod script;
mod state;
mod timeline;
mod transport;

pub use about::AboutView;
pub use branches::BranchesView;
pub use journal::JournalView;
pub use params::ParamsView;
pub use promises::PromiseLanes;
pub use script::ScriptView;
pub use state::StateView;
pub use timeline::TimelineView;
pub use transport::Transport;

use super::command::Command;
use super::lab::{Lab, Story};
use crate::texts::{Lang, number, say};
use crate::ui::decimal::fixed;

/// Where a position stands on the width of the time line, in percent.
fn percent(story: &Story, position: f64) -> f64 {
    let length = story.axis.len();
    if length > 0.0 { (position / length * 100.0).clamp(0.0, 100.0) } else { 0.0 }
}

/// Where a state stands on the width of the time line, in percent.
fn percent_of(story: &Story, state: u32) -> f64 {
    percent(story, story.axis.position(state))
}

/// A length for a style.
fn as_percent(value: f64) -> String {
    format!("{}%", fixed(value, 3))
}

/// Where the playhead stands, for a style.
fn playhead(lab: Lab) -> String {
    as_percent(lab.story.with(|s| percent(s, lab.position.get())))
}

/// Goes to where a lane was clicked: so far from the left of the screen, on a bar with this left end and
/// this width.
fn seek_on(lab: Lab, x: i32, left: f64, width: f64) {
    let share = (f64::from(x) - left) / width.max(1.0);
    let length = lab.story.with_untracked(|s| s.axis.len());
    lab.send(Command::SeekPosition(share.clamp(0.0, 1.0) * length));
}

/// A count for a reader.
fn count(lang: Lang, n: impl Into<i64>) -> String {
    number(lang, n.into())
}

/// The name of a run in the list of branches.
fn run_name(lang: Lang, place: usize) -> String {
    say(lang, "ui.branches.run", &[("n", &count(lang, place as i64 + 1))])
}
