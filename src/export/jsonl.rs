//! JSON Lines: the recipe, then one object an event, then one a promise. Names are those of
//! recipes; `text` is for people, in their language.

use serde::Serialize;

use crate::kernel::{Args, Interference, Lost, NodeId, TraceEvent, What};
use crate::patterns::pattern::{Kind, Verdict};
use crate::scenario::{Recipe, text};
use crate::texts::Lang;
use crate::trace::{Run, Speaker};

/// The version of the format: raised when a field changes its meaning or goes.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Head<'a> {
    converge: u32,
    pattern: &'a str,
    engine: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a str>,
    title: String,
    lang: &'a str,
    nodes: Vec<&'a str>,
    recipe: String,
}

#[derive(Serialize, Default)]
struct Line<'a> {
    /// Its number, by which `cause` speaks of it.
    event: u32,
    step: u32,
    micros: u64,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// Number of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<u32>,
    /// Number of the message that it is a copy of.
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<u16>,
    text: String,
}

#[derive(Serialize)]
struct Tail<'a> {
    promise: &'a str,
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

pub(super) fn write(recipe: &Recipe, run: &Run, lang: Lang) -> String {
    let pattern = run.stage.pattern;
    let speaker = Speaker::new(lang, pattern, &run.stage.nodes);
    let mut out = String::new();
    let head = Head {
        converge: VERSION,
        pattern: pattern.id,
        engine: pattern.version,
        scenario: recipe.scenario,
        title: super::title(recipe, lang),
        lang: lang.tag(),
        nodes: run.stage.nodes.iter().map(|node| node.id).collect(),
        recipe: text::canonical_text(recipe),
    };
    push(&mut out, &head);
    for state in 1..=run.len() {
        let (first, events) = run.step_events(state);
        for (event, number) in events.iter().zip(first..) {
            let mut line = line(run, event);
            line.event = number;
            line.step = state;
            line.micros = run.time(state).micros;
            line.cause = event.cause;
            line.text = speaker.sentence(event);
            push(&mut out, &line);
        }
    }
    for outcome in super::outcomes(run, lang) {
        let verdict = match outcome.verdict {
            Verdict::Holds => "holds",
            Verdict::NotYet(_) => "not-yet",
            Verdict::Broken(_) => "broken",
        };
        let tail = Tail {
            promise: outcome.id,
            verdict,
            step: outcome.broken_at,
            title: outcome.title,
            text: outcome.why,
        };
        push(&mut out, &tail);
    }
    out
}

fn push(out: &mut String, line: &impl Serialize) {
    out.push_str(&serde_json::to_string(line).expect("texts and numbers can always be written"));
    out.push('\n');
}

fn line<'a>(run: &'a Run, event: &TraceEvent) -> Line<'a> {
    let pattern = run.stage.pattern;
    let n = |node: NodeId| run.stage.nodes.get(node.index()).map(|node| node.id);
    let id = |kinds: &'static [Kind], kind: u8| kinds.get(usize::from(kind)).map(|kind| kind.id);
    let at = |what, node| Line { what, node: n(node), ..Line::default() };
    let of =
        |what, node, kinds, kind, args| Line { kind: id(kinds, kind), args: Some(args), ..at(what, node) };
    let way = |what, from, to| Line { what, from: n(from), to: n(to), ..Line::default() };
    let flight = |what, msg: crate::kernel::MsgId, from, to, kind, args| Line {
        kind: id(pattern.messages, kind),
        message: Some(msg.0),
        args: Some(args),
        ..way(what, from, to)
    };
    match event.what {
        What::Started { node } => at("started", node),
        What::Sent { msg, from, to, kind, args } => flight("sent", msg, from, to, kind, args),
        What::Delivered { msg, from, to, kind, args } => flight("delivered", msg, from, to, kind, args),
        What::Lost { msg, from, to, kind, args, why } => {
            let why = match why {
                Lost::Dropped => "dropped",
                Lost::Network => "network",
                Lost::Cut => "cut",
                Lost::Down => "down",
                Lost::Crashed => "crashed",
            };
            Line { why: Some(why), ..flight("lost", msg, from, to, kind, args) }
        }
        What::Duplicated { msg, copy, from, to, kind, args } => {
            Line { copy_of: Some(msg.0), ..flight("duplicated", copy, from, to, kind, args) }
        }
        What::Delayed { msg, from, to, kind, args, by } => {
            Line { by_micros: Some(by.micros), ..flight("delayed", msg, from, to, kind, args) }
        }
        What::Interfered { node, kind, how } => {
            let what = if how == Interference::Refuse { "made-to-refuse" } else { "made-to-fail" };
            Line { kind: id(pattern.messages, kind), ..at(what, node) }
        }
        What::Local { node, kind, args } => of("local", node, pattern.messages, kind, args),
        What::Writing { node, record, args } => of("writing", node, pattern.records, record, args),
        What::Written { node, record, args } => of("written", node, pattern.records, record, args),
        What::Refused { node, record, args } => of("write-refused", node, pattern.records, record, args),
        What::Fired { node, timer } => of("timed-out", node, pattern.timers, timer.kind, [timer.arg, 0, 0]),
        What::Observed { node, fact, args } => of("observed", node, pattern.facts, fact, args),
        What::Commanded { node, verb, value } => of("commanded", node, pattern.verbs, verb, [value, 0, 0]),
        What::Crashed { node } => at("crashed", node),
        What::Restarted { node } => at("restarted", node),
        What::Paused { node } => at("paused", node),
        What::Resumed { node } => at("resumed", node),
        What::Cut { from, to } => way("cut", from, to),
        What::Healed { from, to } => way("healed", from, to),
        What::Slowed { from, to, factor } => Line { factor: Some(factor), ..way("slowed", from, to) },
        What::Limited { .. } => Line { what: "limited", ..Line::default() },
    }
}
