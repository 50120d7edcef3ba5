//! A run in the formats of others: one file each.
//!
//! Owns how a recorded run is written. Does not own recipes and links (they are read back, and
//! belong to [`crate::scenario`]), nor how anything gets out of a page or a terminal.

mod journal;
mod jsonl;
mod mermaid;

use crate::kernel::{Halt, Limit, limits};
use crate::patterns::pattern::Verdict;
use crate::scenario::Recipe;
use crate::texts::{Lang, duration, number, say, t};
use crate::trace::speak::pattern_text;
use crate::trace::{Run, Speaker};

/// A format that a run can be written in.
pub struct Format {
    /// Its name for the headless command.
    pub id: &'static str,
    /// What its files are called at the end.
    pub extension: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// Writes a run to its end, as far as it is recorded.
    pub write: fn(&Recipe, &Run, Lang) -> String,
}

/// Every format.
pub static ALL: &[Format] = &[
    Format { id: "journal", extension: "txt", media: "text/plain", write: journal::write },
    Format { id: "mermaid", extension: "mmd", media: "text/vnd.mermaid", write: mermaid::write },
    Format { id: "jsonl", extension: "jsonl", media: "application/jsonl", write: jsonl::write },
];

/// The format of this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Format> {
    ALL.iter().find(|format| format.id == id)
}

/// What a run is called: its pattern and, if it came from one, its scenario.
#[must_use]
pub fn title(recipe: &Recipe, lang: Lang) -> String {
    let pattern = recipe.pattern.0;
    let title = pattern_text(pattern, lang, "title").unwrap_or(pattern.id);
    match recipe.scenario {
        Some(id) => {
            let scenario = pattern_text(pattern, lang, &format!("scenario.{id}")).unwrap_or(id);
            format!("{title}: {scenario}")
        }
        None => title.to_owned(),
    }
}

/// Why a run went no further.
#[must_use]
pub fn ending(run: &Run, lang: Lang) -> String {
    let n = |key, limit: i64| say(lang, key, &[("n", &number(lang, limit))]);
    match run.halt() {
        None => String::new(),
        Some(Halt::Quiet) => t(lang, "halt.quiet").to_owned(),
        Some(Halt::Horizon) => {
            let time = duration(lang, run.stage.params.span("horizon").micros);
            say(lang, "halt.horizon", &[("time", &time)])
        }
        Some(Halt::Limit(Limit::Steps)) => n("halt.limit.steps", limits::STEPS.into()),
        Some(Halt::Limit(Limit::InFlight)) => n("halt.limit.in-flight", limits::IN_FLIGHT as i64),
        Some(Halt::Limit(Limit::Pending)) => n("halt.limit.pending", limits::PENDING as i64),
    }
}

/// What became of a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Its name in recipes.
    pub id: &'static str,
    /// What it promises, in words.
    pub title: String,
    /// Its verdict: broken when it ever was.
    pub verdict: Verdict,
    /// The first state that broke it.
    pub broken_at: Option<u32>,
    /// Why it is untrue, in words.
    pub why: Option<String>,
}

/// What became of every promise, in their order.
#[must_use]
pub fn outcomes(run: &Run, lang: Lang) -> Vec<Outcome> {
    let pattern = run.stage.pattern;
    let speaker = Speaker::new(lang, pattern, &run.stage.nodes);
    let outcome = |(place, id): (usize, &'static str)| {
        let broken_at = run.broken_at(place);
        let state = broken_at.unwrap_or_else(|| run.len());
        let verdict = run.verdicts(place).at(state).unwrap_or(Verdict::Holds);
        let why = match &verdict {
            Verdict::Holds => None,
            Verdict::NotYet(why) | Verdict::Broken(why) => Some(speaker.label(why)),
        };
        let title = speaker.find(&format!("promise.{id}")).unwrap_or(id).to_owned();
        Outcome { id, title, verdict, broken_at, why }
    };
    pattern.promises.iter().map(|p| p.id).enumerate().map(outcome).collect()
}

/// The word for a verdict.
#[must_use]
pub fn verdict_text(verdict: &Verdict, lang: Lang) -> &'static str {
    match verdict {
        Verdict::Holds => t(lang, "verdict.holds"),
        Verdict::NotYet(_) => t(lang, "verdict.not-yet"),
        Verdict::Broken(_) => t(lang, "verdict.broken"),
    }
}
