//! Texts in every language, for the page and the headless command alike.
//!
//! A text file has one text a line, `name = text`; lines that begin with `#` are notes. A text may
//! hold places: `{name}` for a value, `{n?one thing|many things}` to choose by number. Owns finding
//! and filling texts; what the places mean is the caller's to say.
//!
//! Own code, as it is 150 lines: a translation crate costs 24–67 kB of Brotli in the page
//! (`README.md`, *Choices*) and is bound to the interface's framework.

pub mod join;
mod letters;

pub use letters::{capitalised, folded};

use crate::sorted::sort_many;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard};

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Brazilian Portuguese.
    PtBr,
}

impl Lang {
    /// Every language, in the order of [`Texts`].
    pub const ALL: [Self; 2] = [Self::En, Self::PtBr];

    /// Its tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::PtBr => "pt-BR",
        }
    }

    /// The language for a tag; any `pt…` is Portuguese, any `en…` is English.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
        match primary.as_str() {
            "pt" => Some(Self::PtBr),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// One folder of texts: a file a language.
///
/// Where the feature `fetched` is on, nothing is built in: the page fetches, for the language that it
/// speaks, what the first page says, what comes after it, and one file for each pattern that is opened
/// ([`arrive`]). It shows a thing when its texts are there.
pub struct Texts {
    parts: &'static [&'static str],
    sources: [&'static [&'static str]; 2],
    tables: [Mutex<Option<(usize, Table)>>; 2],
}

type Table = &'static [(&'static str, &'static str)];

impl Texts {
    /// Texts from their files, in the order of [`Lang::ALL`]; `parts` are their headings in fetched files.
    #[must_use]
    pub const fn new(parts: &'static [&'static str], sources: [&'static [&'static str]; 2]) -> Self {
        Self { parts, sources, tables: [Mutex::new(None), Mutex::new(None)] }
    }

    /// The text of this name.
    #[must_use]
    pub fn get(&self, lang: Lang, name: &str) -> Option<&'static str> {
        let table = self.table(lang);
        table.binary_search_by(|entry| entry.0.cmp(name)).ok().map(|place| table[place].1)
    }

    /// The entries by name: read once, and again when more has arrived.
    fn table(&self, lang: Lang) -> Table {
        let arrived = fetched(lang).len();
        let mut kept = self.tables[lang.index()].lock().expect("nobody panics while reading texts");
        match *kept {
            Some((then, table)) if then == arrived => table,
            _ => {
                let mut all: Vec<_> = self.files(lang).into_iter().flat_map(entries).collect();
                sort_many(&mut all, |a, b| a.0 < b.0);
                let table: Table = all.leak();
                *kept = Some((arrived, table));
                table
            }
        }
    }

    /// Every name of a language.
    pub fn names(&self, lang: Lang) -> Vec<&'static str> {
        self.files(lang).into_iter().flat_map(entries).map(|(name, _)| name).collect()
    }

    fn files(&self, lang: Lang) -> Vec<&'static str> {
        let mut files = self.sources[lang.index()].to_vec();
        let parts = |file: &'static str| self.parts.iter().filter_map(move |part| part_of(file, part));
        files.extend(fetched(lang).iter().copied().flat_map(parts));
        files
    }
}

/// The texts of a pattern: its name and its files; read once.
pub fn of_pattern(id: &'static str, sources: [&'static str; 2]) -> &'static Texts {
    static READ: Mutex<Vec<(&str, &Texts)>> = Mutex::new(Vec::new());
    let mut read = READ.lock().expect("nobody panics while reading texts");
    if let Some((_, texts)) = read.iter().find(|(known, _)| *known == id) {
        return texts;
    }
    let sources = sources.map(|file| &*Box::leak(Box::new([file])) as &'static [&'static str]);
    let parts = Box::leak(Box::new([id, [id, "-more"].concat().leak()]));
    let texts: &'static Texts = Box::leak(Box::new(Texts::new(parts, sources)));
    read.push((id, texts));
    texts
}

/// The part with what only the lab's own page says of a pattern, where texts are fetched.
#[must_use]
pub fn more_of(id: &'static str) -> Option<&'static str> {
    if cfg!(feature = "fetched") { of_pattern(id, ["", ""]).parts.get(1).copied() } else { None }
}

/// What was fetched, by language.
static FETCHED: [Mutex<Vec<&'static str>>; 2] = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];

fn fetched(lang: Lang) -> MutexGuard<'static, Vec<&'static str>> {
    FETCHED[lang.index()].lock().expect("nobody panics while taking in texts")
}

/// The part that belongs to no pattern, with the headings of all.
pub const COMMON_PART: &str = "common";
/// What the first page does without: errors, the words of scripts, the scenarios' titles.
pub const MORE_PART: &str = "more";

/// The last line of a whole file: one that was cut off, or is another page, does not end so.
const END: &str = "[end]";

/// Whether a part's file is there in a language: always, unless texts are fetched. A part is
/// [`COMMON_PART`], [`MORE_PART`] or a pattern's name.
#[must_use]
pub fn there(lang: Lang, part: &str) -> bool {
    !cfg!(feature = "fetched") || fetched(lang).iter().any(|file| begins_with(file, part))
}

fn begins_with(file: &str, part: &str) -> bool {
    file.strip_prefix('[')
        .and_then(|rest| rest.strip_prefix(part))
        .is_some_and(|rest| rest.starts_with("]\n"))
}

/// Takes in a part's file: it begins with its heading `[<part>]`, other headings may follow, and
/// `[end]` is its last line. Says whether the file was whole.
pub fn arrive(lang: Lang, part: &str, file: String) -> bool {
    let whole = begins_with(&file, part) && file.trim_end().ends_with(END);
    if whole && !there(lang, part) {
        fetched(lang).push(String::leak(file));
    }
    whole
}

/// The recipe of a shipped scenario, where recipes are fetched with their pattern's texts.
#[must_use]
pub fn recipe(pattern: &str, scenario: &str) -> Option<&'static str> {
    let heading = ["recipe ", pattern, "/", scenario].concat();
    Lang::ALL.iter().find_map(|lang| fetched(*lang).iter().find_map(|file| part_of(file, &heading)))
}

/// The part of a fetched file under a heading.
fn part_of(file: &'static str, part: &str) -> Option<&'static str> {
    let heading = ["[", part, "]\n"].concat();
    let start = file.find(&heading)? + heading.len();
    let rest = &file[start..];
    Some(&rest[..rest.find("\n[").unwrap_or(rest.len())])
}

/// The entries of a text file: name and text.
pub fn entries(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, text)| (name.trim(), text.trim()))
}

/// Texts that belong to no pattern.
pub static COMMON: Texts = Texts::new(&[COMMON_PART, MORE_PART], SOURCES);

#[cfg(feature = "fetched")]
const SOURCES: [&[&str]; 2] = [&[], &[]];
#[cfg(not(feature = "fetched"))]
const SOURCES: [&[&str]; 2] = [
    &[
        include_str!("en/common.txt"),
        include_str!("en/diagram.txt"),
        include_str!("en/errors.txt"),
        include_str!("en/script.txt"),
        include_str!("en/ui.txt"),
        include_str!("en/panels.txt"),
    ],
    &[
        include_str!("pt-BR/common.txt"),
        include_str!("pt-BR/diagram.txt"),
        include_str!("pt-BR/errors.txt"),
        include_str!("pt-BR/script.txt"),
        include_str!("pt-BR/ui.txt"),
        include_str!("pt-BR/panels.txt"),
    ],
];

/// A text that belongs to no pattern. A missing one shows its name; a test sees to it that none is.
#[must_use]
pub fn t(lang: Lang, name: &'static str) -> &'static str {
    COMMON.get(lang, name).unwrap_or(name)
}

/// A text that belongs to no pattern, with its places filled.
#[must_use]
pub fn say(lang: Lang, name: &'static str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    fill(lang, t(lang, name), &|place| values.iter().find(|(n, _)| *n == place).map(|(_, v)| v.to_string()))
}

/// Fills the places of a text. An unknown place stays as it is written.
#[must_use]
pub fn fill(lang: Lang, text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let Some(len) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        let place = &rest[start + 1..start + len];
        match place.split_once('?') {
            None => match value(place) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[start..=start + len]),
            },
            Some((name, forms)) => {
                let n = value(name).and_then(|v| v.replace(['.', ','], "").parse::<i64>().ok());
                let (one, many) = forms.split_once('|').unwrap_or((forms, forms));
                // Brazilian Portuguese counts 0 and 1 as one (CLDR plural rules, category `one`).
                let single = match lang {
                    Lang::En => n == Some(1),
                    Lang::PtBr => matches!(n, Some(0 | 1)),
                };
                out.push_str(if single { one } else { many });
            }
        }
        rest = &rest[start + len + 1..];
    }
    out.push_str(rest);
    join::joined(lang, &out)
}

/// A whole number as the language groups its digits.
#[must_use]
pub fn number(lang: Lang, n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    if n < 0 {
        out.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(match lang {
                Lang::En => ',',
                Lang::PtBr => '.',
            });
        }
        out.push(digit);
    }
    out
}

/// A time in microseconds, in the unit a person would choose: `212 ms`, `4.2 ms`, `1.5 s`.
#[must_use]
pub fn duration(lang: Lang, micros: u64) -> String {
    let (whole, tenth, unit) = if micros < 10_000 {
        (micros / 1000, micros % 1000 / 100, "ms")
    } else if micros < 1_000_000 {
        (micros / 1000, 0, "ms")
    } else {
        (micros / 1_000_000, micros % 1_000_000 / 100_000, "s")
    };
    let mut out = number(lang, whole as i64);
    if tenth > 0 {
        let point = match lang {
            Lang::En => '.',
            Lang::PtBr => ',',
        };
        let _ = write!(out, "{point}{tenth}");
    }
    out.push('\u{a0}');
    out.push_str(unit);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(lang: Lang, text: &str) -> String {
        fill(lang, text, &|place| match place {
            "who" => Some("Ana".into()),
            "n" => Some("1".into()),
            "m" => Some("1,200".into()),
            "z" => Some("0".into()),
            _ => None,
        })
    }

    #[test]
    fn places_are_filled_and_unknown_ones_stay() {
        assert_eq!(filled(Lang::En, "{who} waits for {whom}."), "Ana waits for {whom}.");
        assert_eq!(filled(Lang::En, "open { brace"), "open { brace");
    }

    #[test]
    fn numbers_choose_their_form() {
        assert_eq!(filled(Lang::En, "{n} {n?step|steps}, {m} {m?step|steps}"), "1 step, 1,200 steps");
        assert_eq!(filled(Lang::En, "{z?step|steps}"), "steps");
        assert_eq!(filled(Lang::PtBr, "{z?passo|passos}"), "passo");
    }

    #[test]
    fn times_and_numbers_read_as_in_the_language() {
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(number(Lang::PtBr, -1234), "−1.234");
        assert_eq!(duration(Lang::En, 4_250), "4.2\u{a0}ms");
        assert_eq!(duration(Lang::PtBr, 1_500_000), "1,5\u{a0}s");
        assert_eq!(duration(Lang::En, 212_000), "212\u{a0}ms");
    }
}
