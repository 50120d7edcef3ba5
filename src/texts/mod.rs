//! Texts in every language, for the page and the headless command alike.
//!
//! A text file has one text a line, `name = text`; lines that begin with `#` are notes. A text may
//! hold places: `{name}` for a value, `{n?one thing|many things}` to choose by number. Owns finding
//! and filling texts; what the places mean is the caller's to say.
//!
//! Own code, as it is 150 lines: a translation crate costs 24–67 kB of Brotli in the page
//! (`README.md`, *Choices*) and is bound to the interface's framework.

pub mod join;

use crate::sorted::sort_many;
use std::fmt::Write;
use std::sync::OnceLock;

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
pub struct Texts {
    sources: [&'static [&'static str]; 2],
    tables: OnceLock<[Vec<(&'static str, &'static str)>; 2]>,
}

impl Texts {
    /// Texts from their files, in the order of [`Lang::ALL`].
    #[must_use]
    pub const fn new(sources: [&'static [&'static str]; 2]) -> Self {
        Self { sources, tables: OnceLock::new() }
    }

    /// The text of this name.
    #[must_use]
    pub fn get(&self, lang: Lang, name: &str) -> Option<&'static str> {
        let tables = self.tables.get_or_init(|| {
            self.sources.map(|files| {
                let mut all: Vec<_> = files.iter().flat_map(|file| entries(file)).collect();
                sort_many(&mut all, |a, b| a.0 < b.0);
                all
            })
        });
        let table = &tables[lang.index()];
        table.binary_search_by(|entry| entry.0.cmp(name)).ok().map(|place| table[place].1)
    }

    /// Every name of a language.
    pub fn names(&self, lang: Lang) -> Vec<&'static str> {
        self.sources[lang.index()].iter().flat_map(|file| entries(file)).map(|(name, _)| name).collect()
    }
}

/// The entries of a text file: name and text.
pub fn entries(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, text)| (name.trim(), text.trim()))
}

/// Texts that belong to no pattern.
pub static COMMON: Texts = Texts::new([
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
]);

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
