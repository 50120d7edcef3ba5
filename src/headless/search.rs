//! `converge search`: every world that a recipe can reach, in numbers and broken promises.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;

use serde::Serialize;

use super::{BROKEN, Failure, HOLDS, LIMIT, Streams, Wish, said, say};
use crate::checker::{Allowed, Search};
use crate::patterns::pattern::Abstraction;
use crate::scenario::recipe::Shipped;
use crate::scenario::{Recipe, text};
use crate::texts::{Lang, number};
use crate::trace::speak::pattern_text;

/// How many worlds a search reaches at most, unless it is told: about a gigabyte.
const STATES_MAX: u64 = 2_000_000;

/// What was asked of a search.
#[derive(Default)]
pub struct Bounds {
    allowed: Allowed,
    states_max: Option<u64>,
    projects: Vec<String>,
    sets: Vec<String>,
}

impl Bounds {
    /// Whoever crashes stays down.
    pub const fn crash_stop(&mut self) {
        self.allowed.for_good = true;
    }

    /// Takes an option with its value. `None` when there is no such option; else whether the value
    /// can be one.
    pub fn take(
        &mut self,
        option: &str,
        value: impl FnOnce() -> Result<String, Failure>,
    ) -> Option<Result<Taken, Failure>> {
        let budget = match option {
            "--crashes" => &mut self.allowed.crashes,
            "--drops" => &mut self.allowed.drops,
            "--duplicates" => &mut self.allowed.duplicates,
            "--cuts" => &mut self.allowed.cuts,
            "--early" => &mut self.allowed.early,
            "--states-max" => {
                return Some(value().map(|value| match value.parse() {
                    Ok(most) if (1..=u64::from(u32::MAX / 2)).contains(&most) => {
                        self.states_max = Some(most);
                        Taken::Well
                    }
                    _ => Taken::Wrong(value, "search.states-max"),
                }));
            }
            "--project" => {
                return Some(value().map(|value| {
                    self.projects.push(value);
                    Taken::Well
                }));
            }
            "--set" => {
                return Some(value().map(|value| {
                    self.sets.push(value);
                    Taken::Well
                }));
            }
            _ => return None,
        };
        Some(value().map(|value| match value.parse() {
            Ok(times) => {
                *budget = times;
                Taken::Well
            }
            Err(_) => Taken::Wrong(value, "search.budget"),
        }))
    }
}

/// What became of an option's value.
pub enum Taken {
    /// It is one.
    Well,
    /// It is none; the text that says what it can be.
    Wrong(String, &'static str),
}

#[derive(Serialize)]
struct Found {
    states: usize,
    transitions: u64,
    depth: u32,
    complete: bool,
    projections: BTreeMap<&'static str, usize>,
    broken: Vec<Promise>,
}

#[derive(Serialize)]
struct Promise {
    promise: &'static str,
    steps: usize,
}

/// Searches and prints.
pub fn search(mut recipe: Recipe, wish: &Wish, streams: &mut Streams<'_>) -> Result<u8, Failure> {
    let (lang, bounds) = (wish.lang, &wish.bounds);
    for setting in &bounds.sets {
        set(&mut recipe, setting, lang)?;
    }
    let pattern = recipe.pattern.0;
    let mut abstractions: Vec<&'static Abstraction> = Vec::new();
    for name in &bounds.projects {
        let Some(found) = pattern.abstractions.iter().find(|a| a.id == *name) else {
            let names: Vec<_> = pattern.abstractions.iter().map(|a| a.id).collect();
            let values: [(&str, &dyn Display); 3] =
                [("what", name), ("option", &"--project"), ("values", &names.join(", "))];
            let none: [(&str, &dyn Display); 2] = [("what", name), ("id", &pattern.id)];
            return if names.is_empty() {
                said(lang, "search.no-abstraction", &none)
            } else {
                said(lang, "error.value", &values)
            };
        };
        if !abstractions.iter().any(|a| a.id == found.id) {
            abstractions.push(found);
        }
    }
    let offers = recipe.scenario.and_then(|id| Shipped::of(pattern, id)).map(|s| s.offers);
    let most = bounds.states_max.unwrap_or(STATES_MAX) as usize;
    let mut search = Search::new(&recipe, bounds.allowed, &offers.unwrap_or_default(), &abstractions, most);
    search.to_the_end();

    let found = Found {
        states: search.states(),
        transitions: search.transitions(),
        depth: search.depth(),
        complete: search.complete(),
        projections: search.projections().iter().map(|p| (p.abstraction.id, p.images.len())).collect(),
        broken: (search.broken().iter())
            .map(|b| Promise { promise: pattern.promises[b.promise].id, steps: b.way.len() })
            .collect(),
    };
    if wish.json {
        writeln!(streams.out, "{}", serde_json::to_string_pretty(&found).map_err(io::Error::from)?)?;
    } else {
        let end = say(lang, if found.complete { "search.complete" } else { "search.limit" }, &[]);
        let values: [(&str, &dyn Display); 4] = [
            ("states", &number(lang, found.states as i64)),
            ("transitions", &number(lang, found.transitions as i64)),
            ("depth", &number(lang, found.depth.into())),
            ("end", &end),
        ];
        writeln!(streams.out, "{}", say(lang, "search.sum", &values))?;
        for (name, images) in &found.projections {
            let values: [(&str, &dyn Display); 2] =
                [("name", name), ("images", &number(lang, *images as i64))];
            writeln!(streams.out, "{}", say(lang, "search.projection", &values))?;
        }
        for broken in &found.broken {
            let id = broken.promise;
            let title = pattern_text(pattern, lang, &format!("promise.{id}")).unwrap_or(id);
            let values: [(&str, &dyn Display); 3] =
                [("title", &title), ("id", &id), ("steps", &number(lang, broken.steps as i64))];
            writeln!(streams.out, "{}", say(lang, "search.broken", &values))?;
        }
    }
    Ok(match (found.broken.is_empty(), found.complete) {
        (false, _) => BROKEN,
        (true, true) => HOLDS,
        (true, false) => LIMIT,
    })
}

/// Sets a parameter as a recipe would: `participants=3`.
fn set(recipe: &mut Recipe, setting: &str, lang: Lang) -> Result<(), Failure> {
    let pattern = recipe.pattern.0;
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    let lines = format!("converge 1\npattern {}\nset {} = {}\n", pattern.id, name.trim(), value.trim());
    let read = if setting.contains(['\n', '\r', '#']) {
        None
    } else {
        Some(text::parse_bytes(&[pattern], lines.as_bytes()))
    };
    match read {
        Some(Ok(read)) => {
            let place = pattern.all_params().position(|p| p.id == name.trim());
            let place = place.expect("it was read, so there is one");
            recipe.set_param(place, read.params.at(place));
            Ok(())
        }
        Some(Err(error)) => {
            let values: [(&str, &dyn Display); 2] = [("what", &setting), ("why", &error.text(lang))];
            said(lang, "search.set", &values)
        }
        None => said(lang, "search.set", &[("what", &setting.escape_debug()), ("why", &"name=value")]),
    }
}
