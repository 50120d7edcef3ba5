//! A line as words with their places.

use crate::scenario::error::{Error, Problem, Suggestion, Thing, Unit, Want};

use super::LONGEST;

/// One word and the column it begins at.
#[derive(Clone, Copy, Debug)]
pub struct Word<'t> {
    pub text: &'t str,
    pub column: u32,
}

/// A line, read word by word.
#[derive(Clone, Debug)]
pub struct Line<'t> {
    number: u32,
    words: Vec<Word<'t>>,
    at: usize,
    end: u32,
}

type Result<T> = std::result::Result<T, Error>;

impl<'t> Line<'t> {
    /// The words of a line, its note left out. `=` is a word of its own wherever it stands.
    pub fn new(number: u32, text: &'t str) -> Self {
        let mut line = Self { number, words: Vec::new(), at: 0, end: 1 };
        let mut start: Option<(usize, u32)> = None;
        let mut column = 0;
        let mut letters = text.char_indices().peekable();
        while let Some((i, c)) = letters.next() {
            column += 1;
            let occurrence = c == '#'
                && (start.is_some() || !line.words.is_empty())
                && letters.peek().is_some_and(|(_, next)| next.is_ascii_digit());
            if c.is_whitespace() || c == '=' || c == '#' {
                line.close(text, &mut start, i);
            }
            match c {
                '#' if occurrence => start = Some((i, column)),
                '#' => {
                    line.end = line.end.max(column);
                    return line;
                }
                '=' => line.words.push(Word { text: &text[i..=i], column }),
                c if c.is_whitespace() => continue,
                _ if start.is_none() => start = Some((i, column)),
                _ => {}
            }
            line.end = column + 1;
        }
        line.close(text, &mut start, text.len());
        line
    }

    fn close(&mut self, text: &'t str, start: &mut Option<(usize, u32)>, end: usize) {
        if let Some((from, column)) = start.take() {
            self.words.push(Word { text: &text[from..end], column });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub fn peek(&self) -> Option<&'t str> {
        self.words.get(self.at).map(|w| w.text)
    }

    pub fn next(&mut self) -> Option<&'t str> {
        let word = self.peek();
        self.at += usize::from(word.is_some());
        word
    }

    /// Takes the next word if it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// One word back: an error speaks of the word that was just taken.
    pub fn back(&mut self) -> &mut Self {
        self.at = self.at.saturating_sub(1);
        self
    }

    /// An error at the next word.
    pub fn error(&self, problem: Problem) -> Error {
        match self.words.get(self.at) {
            Some(word) => Error::at(self.number, word.column, word.text, problem),
            None => Error::at(self.number, self.end, "", problem),
        }
    }

    pub fn unexpected(&self, wants: &[Want]) -> Error {
        self.error(Problem::Unexpected(wants.to_vec()))
    }

    /// The next word is this one.
    pub fn word(&mut self, word: &'static str) -> Result<()> {
        if self.take(word) { Ok(()) } else { Err(self.unexpected(&[Want::Word(word)])) }
    }

    /// The next word is one of these; which.
    pub fn one_of(&mut self, words: &[&'static str]) -> Result<usize> {
        let place = self.peek().and_then(|found| words.iter().position(|w| *w == found));
        match place {
            Some(place) => {
                self.at += 1;
                Ok(place)
            }
            None => Err(self.unexpected(&words.iter().map(|w| Want::Word(w)).collect::<Vec<_>>())),
        }
    }

    /// The next word is one of these names; its place.
    pub fn name(&mut self, thing: Thing, names: &[&'static str]) -> Result<usize> {
        let Some(found) = self.peek() else { return Err(self.unexpected(&[Want::Name(thing)])) };
        match names.iter().position(|name| *name == found) {
            Some(place) => {
                self.at += 1;
                Ok(place)
            }
            None => Err(self.error(Problem::Unknown(thing, Suggestion::of(found, names)))),
        }
    }

    /// The next word is a whole number in this range.
    pub fn number(&mut self, least: i64, most: i64, unit: Unit) -> Result<i64> {
        let found = self.peek().unwrap_or("");
        let digits = found.strip_prefix('-').unwrap_or(found);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.unexpected(&[Want::Number]));
        }
        match found.parse::<i64>() {
            Ok(n) if (least..=most).contains(&n) => {
                self.at += 1;
                Ok(n)
            }
            _ => Err(self.error(Problem::OutOfRange(least, most, unit))),
        }
    }

    /// The next word is a seed.
    pub fn seed(&mut self) -> Result<u64> {
        let found = self.peek().unwrap_or("");
        match found.parse::<u64>() {
            Ok(n) if found.bytes().all(|b| b.is_ascii_digit()) => {
                self.at += 1;
                Ok(n)
            }
            _ => Err(self.unexpected(&[Want::Seed])),
        }
    }

    /// The next words are a time, in microseconds.
    pub fn time(&mut self) -> Result<u64> {
        let begin = self.at;
        let micros = self.span();
        if micros.is_err() {
            self.at = begin;
        }
        match micros {
            Ok(Some(micros)) if micros <= LONGEST => Ok(micros),
            Ok(_) => {
                self.at = begin;
                Err(self.error(Problem::OutOfRange(0, (LONGEST / 1000) as i64, Unit::Millis)))
            }
            Err(()) => Err(self.unexpected(&[Want::Time])),
        }
    }

    /// `None` is a time that is too long to count.
    fn span(&mut self) -> std::result::Result<Option<u64>, ()> {
        let found = self.next().ok_or(())?;
        let split = found.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(found.len());
        let (amount, unit) = found.split_at(split);
        let unit = if unit.is_empty() { self.next().ok_or(())? } else { unit };
        let places = match unit {
            "us" | "µs" | "μs" => 0,
            "ms" => 3,
            "s" => 6,
            _ => return Err(()),
        };
        let (whole, part) = match amount.split_once('.') {
            Some((whole, part)) if (1..=places).contains(&part.len()) => (whole, part),
            Some(_) => return Err(()),
            None => (amount, ""),
        };
        if whole.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(());
        }
        // As many digits as the unit has microseconds: no fraction is left.
        let digits = format!("{whole}{part:0<places$}");
        Ok(digits.parse::<u64>().ok())
    }

    /// `#n`, or the first when it is left out.
    pub fn nth(&mut self) -> Result<u16> {
        let Some(digits) = self.peek().and_then(|w| w.strip_prefix('#')) else { return Ok(1) };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.unexpected(&[Want::Occurrence]));
        }
        match digits.parse::<u16>() {
            Ok(n) if n >= 1 => {
                self.at += 1;
                Ok(n)
            }
            _ => Err(self.error(Problem::OutOfRange(1, u16::MAX.into(), Unit::One))),
        }
    }

    /// `xN`.
    pub fn factor(&mut self, most: u16) -> Result<u16> {
        let digits = self.peek().and_then(|w| w.strip_prefix('x')).unwrap_or("");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.unexpected(&[Want::Factor]));
        }
        match digits.parse::<u16>() {
            Ok(n) if (1..=most).contains(&n) => {
                self.at += 1;
                Ok(n)
            }
            _ => Err(self.error(Problem::OutOfRange(1, most.into(), Unit::One))),
        }
    }

    /// Nothing more stands on the line.
    pub fn done(&self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected(&[Want::EndOfLine])) }
    }
}
