//! How a machine shows what it holds: labels, moods, rows. Never a protocol, never a pixel.

use super::id::Args;

/// A text by name, with its values. Whoever shows it chooses the language.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Label {
    /// The name of the text in the folder of texts.
    pub key: &'static str,
    /// What its places `{0}`, `{1}`, `{2}` stand for.
    pub args: Args,
}

impl Label {
    /// A text without values.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self { key, args: [0; 3] }
    }

    /// A text with its values.
    #[must_use]
    pub const fn with(key: &'static str, args: Args) -> Self {
        Self { key, args }
    }
}

/// The state of a node at a glance. Each has one colour, one shape and one word everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub enum Mood {
    /// Nothing to do.
    #[default]
    Idle,
    /// Doing its part.
    Working,
    /// Waiting for somebody.
    Waiting,
    /// Holding locks for somebody.
    Locked,
    /// Voted yes and does not know the decision.
    InDoubt,
    /// Its work stands.
    Committed,
    /// Its work was given up.
    Aborted,
    /// Undoing finished work.
    Compensating,
    /// Finished work was undone.
    Compensated,
    /// Gave up for good: a person is needed.
    Stuck,
    /// Crashed.
    Down,
    /// Behind its source.
    Stale,
}

impl Mood {
    /// Every mood, in the order of the legend.
    pub const ALL: [Self; 12] = [
        Self::Idle,
        Self::Working,
        Self::Waiting,
        Self::Locked,
        Self::InDoubt,
        Self::Committed,
        Self::Aborted,
        Self::Compensating,
        Self::Compensated,
        Self::Stuck,
        Self::Down,
        Self::Stale,
    ];

    /// Its name in texts (`mood.in-doubt`) and styles (`mood-in-doubt`).
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Locked => "locked",
            Self::InDoubt => "in-doubt",
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
            Self::Stuck => "stuck",
            Self::Down => "down",
            Self::Stale => "stale",
        }
    }
}

/// What kind of list a section is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shape {
    /// Rows with cells, one a key.
    Table,
    /// Entries in order, on disk.
    Log,
    /// Entries in order, taken from the front.
    Queue,
    /// A few named facts.
    Facts,
}

/// What is special about a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Mark {
    /// Nothing.
    #[default]
    Plain,
    /// Somebody holds a lock on it; the row is hatched.
    Locked,
    /// Asked for, not yet on disk: a crash now loses it.
    Pending,
    /// Not to be relied upon: provisional, or behind.
    Provisional,
    /// Wrong, by a promise of the pattern.
    Wrong,
}

/// One cell of a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cell {
    /// A text.
    Text(Label),
    /// A number.
    Number(i64),
    /// A number and what it will become, or became: `120 → 80`.
    Change(i64, i64),
}

/// One row of a section.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// Who this row is, so that a picture can follow it from moment to moment.
    pub key: u64,
    /// What is special about it.
    pub mark: Mark,
    /// What it says.
    pub cells: Vec<Cell>,
}

/// A list that a node holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Section {
    /// Its heading.
    pub title: Label,
    /// What kind of list it is.
    pub shape: Shape,
    /// Whether it survives a crash.
    pub durable: bool,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// Everything that a node shows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Description {
    /// Its state at a glance.
    pub mood: Mood,
    /// One short line, if there is something to say.
    pub status: Option<Label>,
    /// Its lists.
    pub sections: Vec<Section>,
}

impl Description {
    /// Opens a section; following rows go into it.
    pub fn section(&mut self, title: Label, shape: Shape, durable: bool) -> &mut Self {
        self.sections.push(Section { title, shape, durable, rows: Vec::new() });
        self
    }

    /// Adds a row to the section opened last.
    ///
    /// # Panics
    /// When no section was opened: a mistake in a pattern.
    pub fn row(&mut self, key: u64, mark: Mark, cells: &[Cell]) -> &mut Self {
        let section = self.sections.last_mut().expect("a row stands in a section");
        section.rows.push(Row { key, mark, cells: cells.to_vec() });
        self
    }
}
