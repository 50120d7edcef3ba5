//! The text form: reading, writing, one line alone. The grammar is in the docs of
//! [`crate::scenario`].

mod entry;
mod words;

use crate::kernel::limits::{HORIZON_MICROS, SCRIPT};
use crate::kernel::{Entry, Script};
use crate::patterns;
use crate::patterns::pattern::{Node, Param, Params, Pattern, PatternRef, Range};
use crate::texts::{self, Lang};

use super::error::{Error, Problem, Thing, Unit, Want};
use super::recipe::{DEFAULT_SEED, Expected, Recipe, Shipped};
use entry::Scope;
use words::Line;

/// The version of the text form that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;
/// Longest text, in bytes: a full script with notes is a tenth of it.
pub const MOST_BYTES: usize = 64 * 1024;
/// Longest time that can be written, in microseconds: no run is longer.
pub const LONGEST: u64 = HORIZON_MICROS;
/// Most times slower that a link can be: beyond it, it is cut for all that a run can show.
pub const SLOWEST: u16 = 1000;
/// Most offers of a shipped scenario: they have the keys 1–9.
pub const OFFERS: usize = 9;

type Result<T> = std::result::Result<T, Error>;

/// Reads a recipe.
///
/// # Errors
/// Names the first place that is wrong, what stands there and what was expected.
pub fn parse(text: &str) -> Result<Recipe> {
    parse_in(patterns::ALL, text)
}

/// Reads a recipe of one of these patterns.
///
/// # Errors
/// As [`parse`].
pub fn parse_in(patterns: &[&'static Pattern], text: &str) -> Result<Recipe> {
    parse_shipped(patterns, text).map(|shipped| shipped.recipe)
}

/// Reads a recipe from bytes that may not even be a text.
///
/// # Errors
/// As [`parse`].
pub fn parse_bytes(patterns: &[&'static Pattern], bytes: &[u8]) -> Result<Recipe> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse_in(patterns, text),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = good.matches('\n').count() as u32 + 1;
            let column = good.rsplit('\n').next().map_or(0, |last| last.chars().count()) as u32 + 1;
            Err(Error::at(line, column, "", Problem::NoText))
        }
    }
}

/// Reads a shipped scenario: a recipe with its `offer` and `expect` lines.
///
/// # Errors
/// As [`parse`].
pub fn parse_shipped(patterns: &[&'static Pattern], text: &str) -> Result<Shipped> {
    if text.len() > MOST_BYTES {
        return Err(Error::at(1, 1, "", Problem::TooLong(MOST_BYTES)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut last = 0;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        let line = Line::new(number, line);
        if !line.is_empty() {
            lines.push(line);
        }
    }
    let mut lines = lines.into_iter();
    let end = Line::new(last.max(1), "");
    heading(lines.next().as_mut().unwrap_or(&mut end.clone()))?;
    let pattern = pattern(lines.next().as_mut().unwrap_or(&mut end.clone()), patterns)?;
    let mut draft = Draft::new(pattern);
    // Names of nodes depend on the parameters: these are read first, wherever they stand.
    let mut later = Vec::new();
    for line in lines {
        if let Some(line) = draft.setting(line)? {
            later.push(line);
        }
    }
    draft.finish(later)
}

fn heading(line: &mut Line<'_>) -> Result<()> {
    if !line.take("converge") {
        return Err(line.error(Problem::NoFirstLine));
    }
    let digits = line.peek().filter(|w| w.bytes().all(|b| b.is_ascii_digit()));
    match digits.map(str::parse::<u32>) {
        Some(Ok(VERSION)) => line.next(),
        Some(Ok(0)) | None => return Err(line.unexpected(&[Want::Word("1")])),
        Some(_) => return Err(line.error(Problem::NewerFormat)),
    };
    line.done()
}

fn pattern(line: &mut Line<'_>, patterns: &[&'static Pattern]) -> Result<&'static Pattern> {
    line.word("pattern")?;
    let names: Vec<_> = patterns.iter().map(|p| p.id).collect();
    let place = line.name(Thing::Pattern, &names)?;
    line.done()?;
    Ok(patterns[place])
}

/// A recipe as far as it is read.
struct Draft {
    pattern: &'static Pattern,
    scenario: Option<&'static str>,
    seed: Option<u64>,
    params: Params,
    set: Vec<usize>,
}

impl Draft {
    fn new(pattern: &'static Pattern) -> Self {
        let params = Params::defaults(pattern);
        Self { pattern, scenario: None, seed: None, params, set: Vec::new() }
    }

    /// Reads a line that sets something; gives back one that does not.
    fn setting<'t>(&mut self, mut line: Line<'t>) -> Result<Option<Line<'t>>> {
        match line.peek() {
            Some("pattern") => return Err(line.error(Problem::Twice)),
            Some("scenario") => {
                if self.scenario.is_some() {
                    return Err(line.error(Problem::Twice));
                }
                line.next();
                let names: Vec<_> = self.pattern.scenarios.iter().map(|s| s.id).collect();
                self.scenario = Some(names[line.name(Thing::Scenario, &names)?]);
            }
            Some("seed") => {
                if self.seed.is_some() {
                    return Err(line.error(Problem::Twice));
                }
                line.next();
                self.seed = Some(line.seed()?);
            }
            Some("set") => {
                line.next();
                self.set(&mut line)?;
            }
            _ => return Ok(Some(line)),
        }
        line.done()?;
        Ok(None)
    }

    fn set(&mut self, line: &mut Line<'_>) -> Result<()> {
        let all: Vec<_> = self.pattern.all_params().collect();
        let names: Vec<_> = all.iter().map(|p| p.id).collect();
        let place = line.name(Thing::Param, &names)?;
        if self.set.contains(&place) {
            return Err(line.back().error(Problem::Twice));
        }
        self.set.push(place);
        line.word("=")?;
        self.params.set_at(place, value(line, all[place])?);
        Ok(())
    }

    fn finish(self, lines: Vec<Line<'_>>) -> Result<Shipped> {
        let nodes = (self.pattern.build)(&self.params).nodes;
        let scope = Scope { pattern: self.pattern, nodes: &nodes };
        let mut script = Script::new();
        let mut offers = Vec::new();
        let mut expects = Vec::new();
        for mut line in lines {
            match line.peek() {
                Some("do" | "fault" | "off") => {
                    if script.len() == SCRIPT {
                        return Err(line.error(Problem::TooManyEntries(SCRIPT)));
                    }
                    script.push(scope.entry(&mut line)?);
                }
                Some("offer") => {
                    if offers.len() == OFFERS {
                        return Err(line.error(Problem::TooManyEntries(OFFERS)));
                    }
                    line.next();
                    offers.push(scope.act(&mut line)?);
                    line.done()?;
                }
                Some("expect") => {
                    line.next();
                    expects.push(self.expect(&mut line, &expects)?);
                    line.done()?;
                }
                _ => {
                    let words = ["do", "fault", "off", "set", "seed", "scenario", "offer", "expect"];
                    return Err(line.unexpected(&words.map(Want::Word)));
                }
            }
        }
        let recipe = Recipe {
            pattern: PatternRef(self.pattern),
            scenario: self.scenario,
            params: self.params,
            seed: self.seed.unwrap_or(DEFAULT_SEED),
            script,
        };
        Ok(Shipped { recipe, offers, expects })
    }

    fn expect(&self, line: &mut Line<'_>, before: &[(usize, Expected)]) -> Result<(usize, Expected)> {
        let names: Vec<_> = self.pattern.promises.iter().map(|p| p.id).collect();
        let place = line.name(Thing::Promise, &names)?;
        if before.iter().any(|(promise, _)| *promise == place) {
            return Err(line.back().error(Problem::Twice));
        }
        let expected = match line.one_of(&["holds", "not-yet", "broken"])? {
            0 => Expected::Holds,
            1 => Expected::NotYet,
            _ => Expected::Broken,
        };
        Ok((place, expected))
    }
}

fn value(line: &mut Line<'_>, param: &Param) -> Result<i64> {
    match param.range {
        Range::Count(least, most) => line.number(least, most, Unit::One),
        Range::Millis(least, most) => {
            let mut at = line.clone();
            let micros = at.time().map_err(|error| match error.problem {
                Problem::OutOfRange(..) => line.error(Problem::OutOfRange(least, most, Unit::Millis)),
                _ => error,
            })?;
            let millis = (micros / 1000) as i64;
            if micros % 1000 != 0 {
                return Err(line.unexpected(&[Want::WholeMillis]));
            }
            if !(least..=most).contains(&millis) {
                return Err(line.error(Problem::OutOfRange(least, most, Unit::Millis)));
            }
            *line = at;
            Ok(millis)
        }
        Range::PerMille => {
            let n = line.number(0, 1000, Unit::PerMille)?;
            line.word("per")?;
            line.word("mille")?;
            Ok(n)
        }
        Range::Switch => line.one_of(&["no", "yes"]).map(|place| place as i64),
        Range::Choice(names) => line.name(Thing::Choice, names).map(|place| place as i64),
    }
}

fn value_written(param: &Param, value: i64) -> String {
    match param.range {
        Range::Count(..) => value.to_string(),
        Range::Millis(..) => format!("{value} ms"),
        Range::PerMille => format!("{value} per mille"),
        Range::Switch => (if value == 0 { "no" } else { "yes" }).to_owned(),
        Range::Choice(names) => {
            let name = usize::try_from(value).ok().and_then(|place| names.get(place));
            (*name.unwrap_or(&"?")).to_owned()
        }
    }
}

/// Writes a recipe: the one text for it, under a heading with the English title of its scenario.
/// Parameters at their pattern's defaults are left out.
#[must_use]
pub fn write(recipe: &Recipe) -> String {
    write_in(recipe, Lang::En)
}

/// [`write()`], with the heading in this language.
#[must_use]
pub fn write_in(recipe: &Recipe, lang: Lang) -> String {
    let pattern = recipe.pattern.0;
    let texts = texts::of_pattern(pattern.id, pattern.texts);
    let title = recipe.scenario.and_then(|id| texts.get(lang, &format!("scenario.{id}")));
    let mut out = title.map_or_else(String::new, |title| format!("# {title}\n"));
    out.push_str(&canonical_text(recipe));
    out
}

/// The text of a recipe without its heading: equal for equal recipes, whatever the language.
#[must_use]
pub fn canonical_text(recipe: &Recipe) -> String {
    let pattern = recipe.pattern.0;
    let mut out = format!("converge {VERSION}\npattern {}\n", pattern.id);
    if let Some(scenario) = recipe.scenario {
        out.push_str(&format!("scenario {scenario}\n"));
    }
    out.push_str(&format!("seed {}\n", recipe.seed));
    for (place, param) in pattern.all_params().enumerate() {
        let value = recipe.params.at(place);
        if value != param.default {
            out.push_str(&format!("set {} = {}\n", param.id, value_written(param, value)));
        }
    }
    let nodes = recipe.nodes();
    let scope = Scope { pattern, nodes: &nodes };
    for entry in &recipe.script {
        out.push_str(&scope.line_of(entry));
        out.push('\n');
    }
    out
}

/// Writes one entry as its line.
#[must_use]
pub fn write_entry(entry: &Entry, pattern: &'static Pattern, nodes: &[Node]) -> String {
    Scope { pattern, nodes }.line_of(entry)
}

/// Reads one entry from its line.
///
/// # Errors
/// As [`parse`]; the line is 1.
pub fn parse_entry(line: &str, pattern: &'static Pattern, nodes: &[Node]) -> Result<Entry> {
    if line.len() > MOST_BYTES {
        return Err(Error::at(1, 1, "", Problem::TooLong(MOST_BYTES)));
    }
    Scope { pattern, nodes }.entry(&mut Line::new(1, line))
}
