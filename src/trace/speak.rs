//! Sentences: what happened and what is, in a person's language, from a pattern's own texts.

use std::borrow::Cow;

use crate::kernel::{Args, Cell, Interference, Label, Limit, Lost, NodeId, TraceEvent, What};
use crate::patterns::pattern::{Kind, Node, Pattern};
use crate::texts::join::NAME;
use crate::texts::{self, Lang, capitalised, duration, fill, number};

/// Speaks one language about one system.
#[derive(Clone)]
pub struct Speaker {
    /// The language.
    pub lang: Lang,
    /// The pattern.
    pub pattern: &'static Pattern,
    nodes: Vec<Node>,
}

/// A heading of a pattern (its title, its summary, a scenario's title), for a page that does not have the
/// pattern itself yet.
#[must_use]
pub fn heading(id: &'static str, lang: Lang, name: &str) -> Option<&'static str> {
    if cfg!(feature = "fetched") {
        // The texts are the same file's, with or without the pattern.
        return texts::of_pattern(id, ["", ""]).get(lang, name);
    }
    pattern_text(crate::patterns::find(id)?, lang, name)
}

/// A text of a pattern, or else of the common ones.
#[must_use]
pub fn pattern_text(pattern: &'static Pattern, lang: Lang, name: &str) -> Option<&'static str> {
    texts::of_pattern(pattern.id, pattern.texts).get(lang, name).or_else(|| texts::COMMON.get(lang, name))
}

impl Speaker {
    /// A speaker for a system.
    #[must_use]
    pub fn new(lang: Lang, pattern: &'static Pattern, nodes: &[Node]) -> Self {
        Self { lang, pattern, nodes: nodes.to_vec() }
    }

    /// A text of the pattern, if it has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static str> {
        pattern_text(self.pattern, self.lang, name)
    }

    fn named(&self, name: String) -> Cow<'static, str> {
        match self.find(&name) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(name),
        }
    }

    /// The name of a node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Cow<'static, str> {
        self.node_form(node, None)
    }

    /// The name of a node to be put into a sentence by [`fill`], which joins it with the
    /// preposition before it where the language does.
    #[must_use]
    pub fn node_in(&self, node: NodeId) -> String {
        format!("{NAME}{}", self.node_form(node, Some("in")))
    }

    fn node_form(&self, node: NodeId, form: Option<&str>) -> Cow<'static, str> {
        let Some(n) = self.nodes.get(node.index()) else { return Cow::Owned(format!("#{}", node.0)) };
        let special = form.and_then(|form| self.find(&format!("node.{}.{form}", n.id)));
        special.map_or_else(|| self.named(format!("node.{}", n.id)), Cow::Borrowed)
    }

    fn kind(&self, group: &str, kinds: &'static [Kind], kind: u8) -> Cow<'static, str> {
        match kinds.get(kind as usize) {
            Some(kind) => self.named(format!("{group}.{}", kind.id)),
            None => Cow::Owned(format!("{group} {kind}")),
        }
    }

    /// A message: its label, places filled.
    #[must_use]
    pub fn message(&self, kind: u8, args: Args, from: NodeId, to: NodeId) -> String {
        self.filled(&self.kind("message", self.pattern.messages, kind), args, Some((from, to)))
    }

    /// A durable record.
    #[must_use]
    pub fn record(&self, kind: u8, args: Args) -> String {
        self.filled(&self.kind("record", self.pattern.records, kind), args, None)
    }

    /// A timer.
    #[must_use]
    pub fn timer(&self, kind: u8, arg: i32) -> String {
        self.filled(&self.kind("timer", self.pattern.timers, kind), [arg, 0, 0], None)
    }

    /// A fact of the outside world.
    #[must_use]
    pub fn fact(&self, kind: u8, args: Args) -> String {
        self.filled(&self.kind("fact", self.pattern.facts, kind), args, None)
    }

    /// A verb of the domain.
    #[must_use]
    pub fn verb(&self, kind: u8, value: i32) -> String {
        self.filled(&self.kind("verb", self.pattern.verbs, kind), [value, 0, 0], None)
    }

    /// A label with its places filled.
    #[must_use]
    pub fn label(&self, label: &Label) -> String {
        self.filled(&self.named(label.key.to_owned()), label.args, None)
    }

    /// A cell of a row.
    #[must_use]
    pub fn cell(&self, cell: &Cell) -> String {
        match cell {
            Cell::Text(label) => self.label(label),
            Cell::Number(n) => number(self.lang, *n),
            Cell::Change(from, to) => format!("{} → {}", number(self.lang, *from), number(self.lang, *to)),
        }
    }

    /// Fills `{0}`, `{0:node}`, `{0:ms}`, `{0:name}` (the text `name.<value>`), `{from}`, `{to}` and
    /// their forms `{to.in}`, `{from.short}`.
    fn filled(&self, text: &str, args: Args, link: Option<(NodeId, NodeId)>) -> String {
        fill(self.lang, text, &|place| {
            let (name, form) = match place.split_once('.') {
                Some((name, form)) => (name, Some(form)),
                None => (place, None),
            };
            match (name, link) {
                ("from", Some((from, _))) => return Some(self.node_form(from, form).into_owned()),
                ("to", Some((_, to))) => return Some(self.node_form(to, form).into_owned()),
                _ => {}
            }
            let (index, how) = match place.split_once(':') {
                Some((index, how)) => (index, Some(how)),
                None => (place, None),
            };
            let value = *args.get(index.parse::<usize>().ok()?)?;
            Some(match how {
                None => number(self.lang, i64::from(value)),
                Some("node") => self.node_in(NodeId(value as u8)),
                // Standing alone, in a cell.
                Some("name") => self.node(NodeId(value as u8)).into_owned(),
                Some("ms") => duration(self.lang, value.max(0) as u64 * 1000),
                Some(group) => {
                    let inner = self.named(format!("{group}.{value}")).into_owned();
                    if inner.contains('{') { self.filled(&inner, args, link) } else { inner }
                }
            })
        })
    }

    /// What a kind of message is in real systems, if the pattern says it.
    #[must_use]
    pub fn real(&self, kind: u8) -> Option<&'static str> {
        let id = self.pattern.messages.get(kind as usize)?.id;
        self.find(&format!("message.{id}.real"))
    }

    /// What the message of an event is in real systems.
    #[must_use]
    pub fn real_of(&self, what: &What) -> Option<&'static str> {
        match *what {
            What::Sent { kind, .. }
            | What::Delivered { kind, .. }
            | What::Lost { kind, .. }
            | What::Duplicated { kind, .. }
            | What::Delayed { kind, .. }
            | What::Local { kind, .. } => self.real(kind),
            _ => None,
        }
    }

    /// What happened, as one sentence.
    #[must_use]
    pub fn sentence(&self, event: &TraceEvent) -> String {
        let what = &event.what;
        let (name, subject): (&'static str, String) = match *what {
            What::Started { .. } => ("event.started", String::new()),
            What::Sent { from, to, kind, args, .. } => ("event.sent", self.message(kind, args, from, to)),
            What::Delivered { from, to, kind, args, .. } => {
                ("event.delivered", self.message(kind, args, from, to))
            }
            What::Lost { from, to, kind, args, why, .. } => {
                let name = match why {
                    Lost::Dropped => "event.lost.dropped",
                    Lost::Network => "event.lost.network",
                    Lost::Cut => "event.lost.cut",
                    Lost::Down => "event.lost.down",
                    Lost::Crashed => "event.lost.crashed",
                };
                (name, self.message(kind, args, from, to))
            }
            What::Duplicated { from, to, kind, args, .. } => {
                ("event.duplicated", self.message(kind, args, from, to))
            }
            What::Delayed { from, to, kind, args, .. } => {
                ("event.delayed", self.message(kind, args, from, to))
            }
            What::Interfered { how, .. } => match how {
                Interference::Refuse => ("event.refuses", String::new()),
                _ => ("event.fails", String::new()),
            },
            What::Local { node, kind, args } => ("event.local", self.message(kind, args, node, node)),
            What::Writing { record, args, .. } => ("event.writing", self.record(record, args)),
            What::Written { record, args, .. } => ("event.written", self.record(record, args)),
            What::Refused { record, args, .. } => ("event.write-refused", self.record(record, args)),
            What::Fired { timer, .. } => ("event.fired", self.timer(timer.kind, timer.arg)),
            What::Observed { fact, args, .. } => ("event.observed", self.fact(fact, args)),
            What::Commanded { verb, value, .. } => ("event.commanded", self.verb(verb, value)),
            What::Crashed { .. } => ("event.crashed", String::new()),
            What::Restarted { .. } => ("event.restarted", String::new()),
            What::Paused { .. } => ("event.paused", String::new()),
            What::Resumed { .. } => ("event.resumed", String::new()),
            What::Cut { .. } => ("event.cut", String::new()),
            What::Healed { .. } => ("event.healed", String::new()),
            What::Slowed { .. } => ("event.slowed", String::new()),
            What::Limited { limit } => match limit {
                Limit::Steps => ("event.limit.steps", String::new()),
                Limit::InFlight => ("event.limit.in-flight", String::new()),
                Limit::Pending => ("event.limit.pending", String::new()),
            },
        };
        let (from, to) = match *what {
            What::Sent { from, to, .. }
            | What::Delivered { from, to, .. }
            | What::Lost { from, to, .. }
            | What::Duplicated { from, to, .. }
            | What::Delayed { from, to, .. }
            | What::Cut { from, to }
            | What::Healed { from, to }
            | What::Slowed { from, to, .. } => (Some(from), Some(to)),
            _ => (what.node(), None),
        };
        let text = texts::t(self.lang, name);
        let sentence = fill(self.lang, text, &|place| match place {
            "what" => Some(subject.clone()),
            "node" | "from" => from.map(|n| self.node_in(n)),
            "to" => to.map(|n| self.node_in(n)),
            "by" => match *what {
                What::Delayed { by, .. } => Some(duration(self.lang, by.micros)),
                _ => None,
            },
            "factor" => match *what {
                What::Slowed { factor, .. } => Some(factor.to_string()),
                _ => None,
            },
            _ => None,
        });
        capitalised(&sentence)
    }
}
