//! The journal: every event as a sentence, under its time; then what became of the promises.

use std::fmt::Write;

use crate::scenario::Recipe;
use crate::texts::Lang;
use crate::trace::{Run, Speaker};

pub(super) fn write(recipe: &Recipe, run: &Run, lang: Lang) -> String {
    let speaker = Speaker::new(lang, run.stage.pattern, &run.stage.nodes);
    let mut out = format!("# {}\n# seed {}\n\n", super::title(recipe, lang), recipe.seed);
    for state in 1..=run.len() {
        let mut when = run.time(state).to_string();
        for event in run.step_events(state).1 {
            let _ = writeln!(out, "{when:>14}  {}", speaker.sentence(event));
            // Only the first event of a step bears its time: the others are the same moment.
            when.clear();
        }
    }
    let _ = writeln!(out, "\n{}\n", super::ending(run, lang));
    out.push_str(&summary(run, lang));
    out
}

/// One line a promise.
fn summary(run: &Run, lang: Lang) -> String {
    let outcomes = super::outcomes(run, lang);
    let width = outcomes.iter().map(|o| o.title.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for outcome in outcomes {
        let verdict = super::verdict_text(&outcome.verdict, lang);
        let _ = write!(out, "{:width$}  {verdict}", outcome.title);
        if let Some(why) = outcome.why {
            let _ = write!(out, ": {why}");
        }
        out.push('\n');
    }
    out
}
