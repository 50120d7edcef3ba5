//! The headless command: recipes in, sentences, diagrams, events and an exit status out.
//!
//! Owns arguments, where a recipe comes from, and what goes to which stream. Does not own any
//! format: [`crate::scenario`] reads, [`crate::export`] writes.

mod search;

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io::{self, Read, Write};

use lexopt::{Arg, Parser};
use serde::Serialize;

use crate::export::{self, Format};
use crate::patterns::pattern::Pattern;
use crate::scenario::error::Suggestion;
use crate::scenario::{Problem, Recipe, Thing, link, text};
use crate::texts::{Lang, Texts, duration, fill, number};
use crate::trace::speak::pattern_text;
use crate::trace::{Run, Stage};

/// No promise is broken.
pub const HOLDS: u8 = 0;
/// A promise is broken.
pub const BROKEN: u8 = 1;
/// The recipe cannot be read or run.
pub const UNREADABLE: u8 = 2;

/// The limit of a search was reached, with nothing broken so far.
pub const LIMIT: u8 = 3;

/// Its texts: apart from the page's, which does not need them.
pub static TEXTS: Texts = Texts::new(&[], [&[include_str!("en.txt")], &[include_str!("pt-BR.txt")]]);

/// The streams of a command.
pub struct Streams<'a> {
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
}

/// Why a command was not carried out.
enum Failure {
    /// A sentence for the person.
    Said(String),
    /// The output went away.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<fmt::Error> for Failure {
    fn from(error: fmt::Error) -> Self {
        Self::Output(io::Error::other(error))
    }
}

fn say(lang: Lang, name: &'static str, values: &[(&str, &dyn Display)]) -> String {
    let text = TEXTS.get(lang, name).unwrap_or(name);
    fill(lang, text, &|place| values.iter().find(|(n, _)| *n == place).map(|(_, v)| v.to_string()))
}

fn said<T>(lang: Lang, name: &'static str, values: &[(&str, &dyn Display)]) -> Result<T, Failure> {
    Err(Failure::Said(say(lang, name, values)))
}

/// What was asked for.
#[derive(Default)]
struct Wish {
    lang: Lang,
    words: Vec<OsString>,
    seed: Option<u64>,
    format: Option<&'static Format>,
    fingerprints: bool,
    json: bool,
    help: bool,
    version: bool,
    bounds: search::Bounds,
}

/// Carries out a command over these patterns; `args` without the name of the program. Returns the
/// exit status.
pub fn run(patterns: &[&'static Pattern], args: Vec<OsString>, streams: &mut Streams<'_>) -> u8 {
    let lang = language(&args);
    let done = wish(args, lang).and_then(|wish| obey(patterns, &wish, streams)).and_then(|status| {
        streams.out.flush()?;
        Ok(status)
    });
    match done {
        Ok(status) => status,
        // Whoever reads has seen enough (`converge run … | head`).
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => HOLDS,
        Err(Failure::Output(error)) => {
            let _ = writeln!(streams.err, "{}", say(lang, "error.output", &[("why", &error)]));
            UNREADABLE
        }
        Err(Failure::Said(sentence)) => {
            let _ = writeln!(streams.err, "{sentence}");
            UNREADABLE
        }
    }
}

/// The language that was asked for, wherever it stands: also an error before it speaks it.
fn language(args: &[OsString]) -> Lang {
    let mut args = args.iter().filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        let tag = if arg == "--lang" { args.next() } else { arg.strip_prefix("--lang=") };
        if let Some(lang) = tag.and_then(Lang::from_tag) {
            return lang;
        }
    }
    Lang::default()
}

fn wish(args: Vec<OsString>, lang: Lang) -> Result<Wish, Failure> {
    let mut wish = Wish { lang, ..Wish::default() };
    let mut parser = Parser::from_args(args);
    loop {
        let option = match parser.next() {
            Ok(Some(Arg::Value(word))) => {
                wish.words.push(word);
                continue;
            }
            Ok(Some(Arg::Short(letter))) => format!("-{letter}"),
            Ok(Some(Arg::Long(name))) => format!("--{name}"),
            Ok(None) => return Ok(wish),
            Err(lexopt::Error::UnexpectedValue { option, value }) => {
                let values: [(&str, &dyn Display); 2] =
                    [("option", &option), ("what", &value.to_string_lossy().into_owned())];
                return said(lang, "error.spare-value", &values);
            }
            Err(error) => return said(lang, "error.option", &[("what", &error)]),
        };
        let wrong = |what: String, values: &str| {
            said(lang, "error.value", &[("what", &what), ("option", &option), ("values", &values)])
        };
        let mut value = || match parser.value() {
            Ok(value) => Ok(value.to_string_lossy().into_owned()),
            Err(_) => said(lang, "error.no-value", &[("option", &option)]),
        };
        match option.as_str() {
            "-h" | "--help" => wish.help = true,
            "-V" | "--version" => wish.version = true,
            "--json" => wish.json = true,
            "--crash-stop" => wish.bounds.crash_stop(),
            "--fingerprints" => wish.fingerprints = true,
            "--lang" => {
                let tag = value()?;
                if Lang::from_tag(&tag).is_none() {
                    return wrong(tag, &Lang::ALL.map(Lang::tag).join(", "));
                }
            }
            "--seed" => {
                let seed = value()?;
                match seed.parse() {
                    Ok(seed) => wish.seed = Some(seed),
                    Err(_) => return wrong(seed, &say(lang, "error.seed", &[])),
                }
            }
            "--export" => {
                let format = value()?;
                wish.format = export::find(&format);
                if wish.format.is_none() {
                    let all: Vec<_> = export::ALL.iter().map(|format| format.id).collect();
                    return wrong(format, &all.join(", "));
                }
            }
            other => match wish.bounds.take(other, value) {
                Some(Ok(search::Taken::Well)) => {}
                Some(Ok(search::Taken::Wrong(what, values))) => {
                    return wrong(what, &say(lang, values, &[]));
                }
                Some(Err(failure)) => return Err(failure),
                None => return said(lang, "error.no-option", &[("option", &option)]),
            },
        }
    }
}

fn obey(patterns: &[&'static Pattern], wish: &Wish, streams: &mut Streams<'_>) -> Result<u8, Failure> {
    if wish.help {
        streams.out.write_all(include_str!("help.txt").as_bytes())?;
        return Ok(HOLDS);
    }
    if wish.version {
        let version = env!("CARGO_PKG_VERSION");
        writeln!(streams.out, "converge {version} (recipes {}, links r{})", text::VERSION, link::VERSION)?;
        return Ok(HOLDS);
    }
    let Some(command) = wish.words.first() else { return said(wish.lang, "error.no-command", &[]) };
    match command.to_string_lossy().as_ref() {
        "list" => list(patterns, wish, streams.out),
        verb @ ("run" | "search") => {
            let [_, recipe, more @ ..] = wish.words.as_slice() else {
                return said(wish.lang, "error.no-recipe", &[]);
            };
            if let Some(more) = more.first() {
                return said(wish.lang, "error.one-recipe", &[("what", &more.to_string_lossy())]);
            }
            let mut recipe = recipe_of(patterns, recipe, wish.lang, streams)?;
            recipe.seed = wish.seed.unwrap_or(recipe.seed);
            if verb == "search" {
                return search::search(recipe, wish, streams);
            }
            perform(&recipe, wish, streams)
        }
        other => said(wish.lang, "error.command", &[("what", &other)]),
    }
}

#[derive(Serialize)]
struct Listed {
    id: &'static str,
    title: Titles,
    scenarios: Vec<Named>,
    promises: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    id: &'static str,
    title: Titles,
}

#[derive(Serialize)]
struct Titles {
    en: &'static str,
    #[serde(rename = "pt-BR")]
    pt: &'static str,
}

fn list(patterns: &[&'static Pattern], wish: &Wish, out: &mut dyn Write) -> Result<u8, Failure> {
    let titles = |pattern: &'static Pattern, name: &str, or: &'static str| {
        let [en, pt] = Lang::ALL.map(|lang| pattern_text(pattern, lang, name).unwrap_or(or));
        Titles { en, pt }
    };
    let listed: Vec<_> = patterns
        .iter()
        .map(|pattern| {
            let named =
                |group: &str, id| Named { id, title: titles(pattern, &format!("{group}.{id}"), id) };
            Listed {
                id: pattern.id,
                title: titles(pattern, "title", pattern.id),
                scenarios: pattern.scenarios.iter().map(|s| named("scenario", s.id)).collect(),
                promises: pattern.promises.iter().map(|p| named("promise", p.id)).collect(),
            }
        })
        .collect();
    if wish.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&listed).map_err(io::Error::from)?)?;
        return Ok(HOLDS);
    }
    let title = |titles: &Titles| match wish.lang {
        Lang::En => titles.en,
        Lang::PtBr => titles.pt,
    };
    for pattern in &listed {
        writeln!(out, "{}", title(&pattern.title))?;
        let path = |scenario: &Named| format!("{}/{}", pattern.id, scenario.id);
        let width = pattern.scenarios.iter().map(|s| path(s).len()).max().unwrap_or(0);
        for scenario in &pattern.scenarios {
            writeln!(out, "    {:width$}  {}", path(scenario), title(&scenario.title))?;
        }
    }
    Ok(HOLDS)
}

/// The recipe that an argument names.
fn recipe_of(
    patterns: &[&'static Pattern],
    what: &OsString,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<Recipe, Failure> {
    let shown = what.to_string_lossy();
    let read = |bytes: io::Result<Vec<u8>>| match bytes {
        Ok(bytes) => text::parse_bytes(patterns, &bytes).map_err(|error| {
            let why = error.text(lang);
            Failure::Said(say(lang, "error.text", &[("what", &shown), ("why", &why)]))
        }),
        Err(error) => said(lang, "error.unreadable", &[("what", &shown), ("why", &error)]),
    };
    // One byte more than a recipe can have is enough to say that it is too long.
    let most = text::MOST_BYTES as u64 + 1;
    let all = |input: &mut dyn Read| {
        let mut bytes = Vec::new();
        input.take(most).read_to_end(&mut bytes).map(|_| bytes)
    };
    if what == "-" {
        return read(all(streams.input));
    }
    let is_link = shown.contains("#/") || shown.contains("://") || shown.contains("/r1.");
    if !is_link {
        match std::fs::File::open(what) {
            Ok(mut file) => return read(all(&mut file)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return read(Err(error)),
            Err(_) => {}
        }
        if let Some(why) = no_such(patterns, &shown, lang) {
            return said(lang, "error.no-such", &[("what", &shown), ("why", &why)]);
        }
    }
    match link::decode_in(patterns, &shown) {
        Ok(decoded) => {
            for warning in decoded.warnings {
                writeln!(streams.err, "{}", warning.text(lang))?;
            }
            Ok(decoded.recipe)
        }
        Err(error) => Err(Failure::Said(error.text(lang))),
    }
}

/// What is wrong with a word that should be a pattern and a scenario.
fn no_such(patterns: &[&'static Pattern], what: &str, lang: Lang) -> Option<String> {
    let (id, scenario) = what.split_once('/').unwrap_or((what, ""));
    let unknown = |thing, found: &str, names: Vec<_>| {
        Some(Problem::Unknown(thing, Suggestion::of(found, &names)).text(lang, found))
    };
    let Some(pattern) = patterns.iter().find(|p| p.id == id) else {
        return unknown(Thing::Pattern, id, patterns.iter().map(|p| p.id).collect());
    };
    let known =
        scenario.is_empty() || pattern.scenarios.iter().any(|s| s.id == scenario.trim_end_matches('/'));
    if known || scenario.contains("/r") {
        return None;
    }
    unknown(Thing::Scenario, scenario, pattern.scenarios.iter().map(|s| s.id).collect())
}

fn perform(recipe: &Recipe, wish: &Wish, streams: &mut Streams<'_>) -> Result<u8, Failure> {
    let lang = wish.lang;
    let run = Run::to_the_end(Stage::of(recipe));
    if let Some(format) = wish.format {
        streams.out.write_all((format.write)(recipe, &run, lang).as_bytes())?;
    }
    if wish.fingerprints {
        fingerprints(&run, streams.out)?;
    }
    let outcomes = export::outcomes(&run, lang);
    if wish.format.is_none() && !wish.fingerprints {
        writeln!(streams.out, "{}", export::title(recipe, lang))?;
        writeln!(streams.out, "{}", export::ending(&run, lang))?;
        let width = outcomes.iter().map(|o| o.title.chars().count()).max().unwrap_or(0);
        for outcome in &outcomes {
            let verdict = export::verdict_text(&outcome.verdict, lang);
            writeln!(streams.out, "    {:width$}  {verdict}", outcome.title)?;
        }
    }
    // The output first, so that the two do not mix in a terminal.
    streams.out.flush()?;
    let mut status = HOLDS;
    for outcome in outcomes {
        let Some(step) = outcome.broken_at else { continue };
        status = BROKEN;
        let values: [(&str, &dyn Display); 5] = [
            ("step", &number(lang, step.into())),
            ("time", &duration(lang, run.time(step).micros)),
            ("title", &outcome.title),
            ("id", &outcome.id),
            ("why", &outcome.why.unwrap_or_default()),
        ];
        writeln!(streams.err, "{}", say(lang, "broken", &values))?;
    }
    Ok(status)
}

/// One line a state: step, microseconds, fingerprint. The run is taken again, step by step, as a
/// recorded one would rebuild each state from its checkpoint.
fn fingerprints(run: &Run, out: &mut dyn Write) -> Result<(), Failure> {
    let mut world = run.stage.world.clone();
    loop {
        writeln!(out, "{} {} {}", world.steps(), world.now().micros, world.fingerprint())?;
        if world.advance(None).is_err() {
            return Ok(());
        }
    }
}
