//! What is wrong with a recipe, and where; in every language.

use std::fmt;

use crate::sorted::sort;
use crate::texts::{Lang, number, say, t};

/// Why a recipe cannot be read: the first place that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// What stands there; empty at the end of the line.
    pub found: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong at a place of a recipe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// The bytes are no text (UTF-8).
    NoText,
    /// The text is longer than this many bytes.
    TooLong(usize),
    /// The first line does not say that this is a recipe.
    NoFirstLine,
    /// The format is newer than this program.
    NewerFormat,
    /// Another name was expected.
    Unknown(Thing, Suggestion),
    /// Something else was expected: one of these.
    Unexpected(Vec<Want>),
    /// A number is out of its range: least, most, and whether they are milliseconds.
    OutOfRange(i64, i64, Unit),
    /// More entries than this.
    TooManyEntries(usize),
    /// The line says again what an earlier one has said.
    Twice,
}

/// The unit of a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A plain number.
    One,
    /// Milliseconds.
    Millis,
    /// Parts of 1,000.
    PerMille,
}

/// What has names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they say it")]
pub enum Thing {
    Pattern,
    Scenario,
    Param,
    Choice,
    Node,
    Message,
    Record,
    Timer,
    Verb,
    Promise,
}

/// Names that might have been meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Suggestion {
    /// These are near what was written, nearest first.
    Near(Vec<&'static str>),
    /// None is near; these are the names that there are.
    All(Vec<&'static str>),
    /// There is no such thing at all.
    None,
}

/// What can be expected at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// This word.
    Word(&'static str),
    /// A name.
    Name(Thing),
    /// A whole number.
    Number,
    /// A seed: any number of 64 bits.
    Seed,
    /// A time.
    Time,
    /// A time in whole milliseconds.
    WholeMillis,
    /// Which occurrence: `#2`.
    Occurrence,
    /// How many times slower: `x5`.
    Factor,
    /// Nothing more on this line.
    EndOfLine,
}

/// Most letters of what was found that an error repeats.
const FOUND: usize = 40;
/// Most names that an error lists.
const NAMES: usize = 8;

impl Error {
    /// An error at a place.
    #[must_use]
    pub fn at(line: u32, column: u32, found: &str, problem: Problem) -> Self {
        Self { line, column, found: shown(found), problem }
    }

    /// The whole sentence: the place, what stands there, and what was expected.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let problem = self.problem.text(lang, &self.found);
        let (line, column) = (number(lang, self.line.into()), number(lang, self.column.into()));
        say(lang, "error.recipe.place", &[("line", &line), ("column", &column), ("problem", &problem)])
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Error {}

/// What an error repeats of a text: short, and without anything that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().take(FOUND).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(FOUND).is_some() {
        shown.push('…');
    }
    shown
}

/// A word in the quotes of the texts.
fn quoted(word: &str) -> String {
    format!("“{word}”")
}

impl Problem {
    /// What is wrong, without its place.
    #[must_use]
    pub fn text(&self, lang: Lang, found: &str) -> String {
        let seen =
            if found.is_empty() { t(lang, "error.recipe.end-of-line").to_owned() } else { quoted(found) };
        let n = |n: i64| number(lang, n);
        match self {
            Self::NoText => t(lang, "error.recipe.no-text").to_owned(),
            Self::TooLong(most) => say(lang, "error.recipe.too-long", &[("most", &n(*most as i64))]),
            Self::NoFirstLine => say(lang, "error.recipe.no-first-line", &[("seen", &seen)]),
            Self::NewerFormat => say(lang, "error.recipe.newer-format", &[("seen", &seen)]),
            Self::Unknown(thing, suggestion) => {
                let what = say(lang, thing.unknown(), &[("seen", &seen)]);
                match suggestion {
                    Suggestion::Near(names) => {
                        let names = listed(lang, names.iter().map(|name| quoted(name)).collect());
                        say(lang, "error.recipe.near", &[("what", &what), ("names", &names)])
                    }
                    Suggestion::All(names) => {
                        let mut all: Vec<_> = names.iter().take(NAMES).map(|name| quoted(name)).collect();
                        if names.len() > NAMES {
                            all.push("…".to_owned());
                        }
                        let names = all.join(", ");
                        say(lang, "error.recipe.all", &[("what", &what), ("names", &names)])
                    }
                    Suggestion::None => say(lang, "error.recipe.none", &[("what", &what)]),
                }
            }
            Self::Unexpected(wants) => {
                let wants = listed(lang, wants.iter().map(|want| want.text(lang)).collect());
                say(lang, "error.recipe.unexpected", &[("wants", &wants), ("seen", &seen)])
            }
            Self::OutOfRange(least, most, unit) => {
                let key = match unit {
                    Unit::One => "error.recipe.range",
                    Unit::Millis => "error.recipe.range.millis",
                    Unit::PerMille => "error.recipe.range.per-mille",
                };
                say(lang, key, &[("seen", &seen), ("least", &n(*least)), ("most", &n(*most))])
            }
            Self::TooManyEntries(most) => say(lang, "error.recipe.entries", &[("most", &n(*most as i64))]),
            Self::Twice => say(lang, "error.recipe.twice", &[("seen", &seen)]),
        }
    }
}

/// "a", "a or b", "a, b or c".
fn listed(lang: Lang, mut items: Vec<String>) -> String {
    let Some(last) = items.pop() else { return String::new() };
    if items.is_empty() {
        return last;
    }
    format!("{} {} {last}", items.join(", "), t(lang, "error.recipe.or"))
}

impl Thing {
    const fn unknown(self) -> &'static str {
        match self {
            Self::Pattern => "error.recipe.unknown.pattern",
            Self::Scenario => "error.recipe.unknown.scenario",
            Self::Param => "error.recipe.unknown.param",
            Self::Choice => "error.recipe.unknown.choice",
            Self::Node => "error.recipe.unknown.node",
            Self::Message => "error.recipe.unknown.message",
            Self::Record => "error.recipe.unknown.record",
            Self::Timer => "error.recipe.unknown.timer",
            Self::Verb => "error.recipe.unknown.verb",
            Self::Promise => "error.recipe.unknown.promise",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pattern => "error.recipe.a.pattern",
            Self::Scenario => "error.recipe.a.scenario",
            Self::Param => "error.recipe.a.param",
            Self::Choice => "error.recipe.a.choice",
            Self::Node => "error.recipe.a.node",
            Self::Message => "error.recipe.a.message",
            Self::Record => "error.recipe.a.record",
            Self::Timer => "error.recipe.a.timer",
            Self::Verb => "error.recipe.a.verb",
            Self::Promise => "error.recipe.a.promise",
        }
    }
}

impl Want {
    fn text(self, lang: Lang) -> String {
        let name = match self {
            Self::Word(word) => return quoted(word),
            Self::Name(thing) => thing.name(),
            Self::Number => "error.recipe.a.number",
            Self::Seed => "error.recipe.a.seed",
            Self::Time => "error.recipe.a.time",
            Self::WholeMillis => "error.recipe.a.whole-millis",
            Self::Occurrence => "error.recipe.a.occurrence",
            Self::Factor => "error.recipe.a.factor",
            Self::EndOfLine => "error.recipe.a.end-of-line",
        };
        t(lang, name).to_owned()
    }
}

impl Suggestion {
    /// The names nearest to a word, of those that there are.
    #[must_use]
    pub fn of(word: &str, names: &[&'static str]) -> Self {
        if names.is_empty() {
            return Self::None;
        }
        let word: Vec<char> = word.chars().take(FOUND).map(|c| c.to_ascii_lowercase()).collect();
        let mut near: Vec<(usize, &'static str)> = names
            .iter()
            .map(|name| (distance(&word, name), *name))
            .filter(|(d, name)| *d <= (name.chars().count() / 3).max(1) || begins(&word, name))
            .collect();
        sort(&mut near, |a, b| a.0 < b.0);
        near.truncate(3);
        if near.is_empty() {
            return Self::All(names.to_vec());
        }
        Self::Near(near.into_iter().map(|(_, name)| name).collect())
    }
}

/// Whether one of two words is the beginning of the other, of at least three letters.
fn begins(a: &[char], b: &str) -> bool {
    a.iter().zip(b.chars()).all(|(x, y)| *x == y) && a.len().min(b.len()) >= 3
}

/// How many letters to put in, take out or change to get from one word to the other.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
