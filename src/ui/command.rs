//! Everything that can change the lab. A click, a key, a link and a test all send these.

use super::view::{Selection, View};
use crate::kernel::Entry;
use crate::scenario::Recipe;

/// One change of the lab.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Plays, from the start when the end is reached.
    Play,
    /// Pauses.
    Pause,
    /// Plays or pauses.
    Toggle,
    /// One state on, paused.
    StepOn,
    /// One state back, paused.
    StepBack,
    /// To the next mark (a fault, a client action, a broken promise).
    NextMark,
    /// To the mark before.
    PreviousMark,
    /// To a state, paused.
    Seek(u32),
    /// To a position on the axis (scrubbing), paused.
    SeekPosition(f64),
    /// To the first state.
    Home,
    /// To the last state.
    End,
    /// To a speed, by its place in [`SPEEDS`].
    Speed(usize),
    /// One speed faster.
    Faster,
    /// One speed slower.
    Slower,
    /// Runs again from the start with the same seed.
    Again,
    /// Runs again with a new seed.
    NewSeed,
    /// Runs with this seed.
    Seed(u64),
    /// Sets a parameter, by its place in the pattern's list.
    SetParam(usize, i64),
    /// Sets several parameters in one new branch, each by its place in the pattern's list.
    SetParams(Vec<(usize, i64)>),
    /// Adds entries to the fault script, all in one new branch, at the current moment.
    Add(Vec<Entry>),
    /// Adds the scenario's offered fault of this number (from 0).
    Offer(usize),
    /// Replaces an entry.
    Replace(usize, Entry),
    /// Switches an entry on or off.
    SwitchEntry(usize),
    /// Removes an entry.
    RemoveEntry(usize),
    /// Removes every entry.
    ClearScript,
    /// Takes back the last change of the recipe.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// A branch that begins here: the run of before stays as it is, whatever is done in the new one.
    Branch,
    /// Runs another recipe, as a branch of what is shown.
    Load(Box<Recipe>),
    /// Shows a branch, by its place.
    SwitchBranch(usize),
    /// Selects something in all views, or nothing.
    Select(Option<Selection>),
    /// Shows a view (phone), by its place in the tabs.
    View(View),
    /// The next view.
    NextView,
}

/// Playing speeds, times the usual one: the label's halves are quarters of it.
pub const SPEEDS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// The usual speed.
pub const USUAL_SPEED: usize = 2;
/// Units of the axis a second at the usual speed.
pub const UNITS_PER_SECOND: f64 = 12.0;
