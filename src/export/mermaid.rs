//! A sequence diagram that stock Mermaid renders.
//!
//! An arrow of Mermaid is one moment, a message here has two: it stands where the message arrived
//! or was lost, as what follows from it stands below it.

use std::fmt::Write;

use crate::kernel::{NodeId, TraceEvent, What};
use crate::patterns::pattern::{Role, Style};
use crate::scenario::Recipe;
use crate::texts::{Lang, number, say};
use crate::trace::{Run, Speaker};

/// Mermaid refuses a text longer than 50,000 characters as it comes.
const ROOM: usize = 48_000;

pub(super) fn write(recipe: &Recipe, run: &Run, lang: Lang) -> String {
    let speaker = Speaker::new(lang, run.stage.pattern, &run.stage.nodes);
    let mut out = format!("sequenceDiagram\n    title {}\n", escaped(&super::title(recipe, lang)));
    for (i, node) in run.stage.nodes.iter().enumerate() {
        let kind = if node.role == Role::Client { "actor" } else { "participant" };
        let name = escaped(&speaker.node(NodeId(i as u8)));
        let _ = writeln!(out, "    {kind} n{i} as {name}");
    }
    let mut room = ROOM.saturating_sub(out.chars().count());
    for (place, event) in run.events().iter().enumerate() {
        let Some(line) = line(&speaker, event) else { continue };
        let Some(left) = room.checked_sub(line.chars().count() + 5) else {
            let rest = number(lang, (run.events().len() - place) as i64);
            let more = say(lang, "export.more", &[("n", &rest)]);
            let last = run.stage.nodes.len().saturating_sub(1);
            let _ = writeln!(out, "    Note over n0,n{last}: {}", escaped(&more));
            break;
        };
        room = left;
        let _ = writeln!(out, "    {line}");
    }
    out
}

fn line(speaker: &Speaker, event: &TraceEvent) -> Option<String> {
    let arrow = |from: NodeId, to: NodeId, kind: u8, lost: bool| {
        let style = speaker.pattern.messages.get(usize::from(kind)).map_or(Style::Event, |kind| kind.style);
        let arrow = match (style, lost) {
            (Style::Command | Style::Query | Style::Undo, false) => "->>",
            (Style::Command | Style::Query | Style::Undo, true) => "-x",
            (Style::Event | Style::Failure, false) => "-->>",
            (Style::Event | Style::Failure, true) => "--x",
        };
        format!("n{}{arrow}n{}", from.0, to.0)
    };
    let note = |over: String| Some(format!("Note over {over}: {}", escaped(&speaker.sentence(event))));
    match event.what {
        What::Delivered { from, to, kind, args, .. } => {
            let text = escaped(&speaker.message(kind, args, from, to));
            Some(format!("{}: {text}", arrow(from, to, kind, false)))
        }
        What::Lost { from, to, kind, args, .. } => {
            let text = escaped(&speaker.message(kind, args, from, to));
            Some(format!("{}: {text}", arrow(from, to, kind, true)))
        }
        What::Local { node, kind, args } => {
            let text = escaped(&speaker.message(kind, args, node, node));
            Some(format!("{}: {text}", arrow(node, node, kind, false)))
        }
        What::Written { node, .. }
        | What::Refused { node, .. }
        | What::Fired { node, .. }
        | What::Interfered { node, .. }
        | What::Commanded { node, .. }
        | What::Crashed { node }
        | What::Restarted { node }
        | What::Paused { node }
        | What::Resumed { node } => note(format!("n{}", node.0)),
        What::Delayed { from, to, .. }
        | What::Duplicated { from, to, .. }
        | What::Cut { from, to }
        | What::Healed { from, to }
        | What::Slowed { from, to, .. } => note(format!("n{},n{}", from.0.min(to.0), from.0.max(to.0))),
        What::Limited { .. } => note("n0".to_owned()),
        // A sending shows where it ends; a request to the disk, where it is answered; a fact of the
        // outside world is in the other formats.
        What::Sent { .. } | What::Writing { .. } | What::Observed { .. } | What::Started { .. } => None,
    }
}

/// A text that means nothing to Mermaid, nor to the HTML it makes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '#' | ';' | ':' | '<' | '>' | '%' | '&' | '"' | '{' | '}' | '\\' | '`' | '$' => {
                let _ = write!(out, "#{};", letter as u32);
            }
            // Mermaid shows a space that does not break as its entity.
            '\u{a0}' => out.push(' '),
            _ if letter.is_control() => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}
