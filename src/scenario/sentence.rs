//! One entry of a script as a sentence of a language.
//!
//! Owns the sentences; the names in them are the pattern's, by [`Names`].

use crate::kernel::{Action, Anchor, Entry, NodeId, Point, Span, Subject, Trigger};
use crate::patterns::pattern::{Kind, Pattern};
use crate::texts::join::{NAME, joined};
use crate::texts::{Lang, capitalised, duration, fill, number, t};

use super::recipe::canonical;

/// Whoever knows what the things of a system are called.
pub trait Names {
    /// The name of a node inside a sentence.
    fn node_name(&self, node: NodeId) -> String;
    /// A text of the pattern.
    fn text_of(&self, name: &str) -> Option<&'static str>;
}

/// An entry as a sentence: what happens, and when. Whether it is switched off is not said.
#[must_use]
pub fn sentence(lang: Lang, entry: &Entry, pattern: &'static Pattern, names: &dyn Names) -> String {
    let anchor = canonical(entry.trigger.anchor);
    let told = Told { lang, pattern, names };
    let (name, subject, link, what) = match entry.action {
        Action::Drop => told.arriving("script.drop", &anchor),
        Action::Duplicate => told.arriving("script.duplicate", &anchor),
        Action::Delay(_) => told.arriving("script.delay", &anchor),
        Action::Refuse => told.arriving("script.refuse", &anchor),
        Action::Fail => told.arriving("script.fail", &anchor),
        Action::RefuseWrite => (
            "script.refuse-write",
            anchor.node,
            None,
            told.kind("record", pattern.records, anchor.kind, None),
        ),
        Action::Crash(a) => ("script.crash", a, None, String::new()),
        Action::Restart(a) => ("script.restart", a, None, String::new()),
        Action::Pause(a) => ("script.pause", a, None, String::new()),
        Action::Resume(a) => ("script.resume", a, None, String::new()),
        Action::Cut(a, b) => ("script.cut", a, Some((a, b)), String::new()),
        Action::Heal(a, b) => ("script.heal", a, Some((a, b)), String::new()),
        Action::Slow(a, b, 1) => ("script.usual", a, Some((a, b)), String::new()),
        Action::Slow(a, b, _) => ("script.slow", a, Some((a, b)), String::new()),
        Action::Deliver(a, b, kind) => ("script.deliver", a, Some((a, b)), told.message(kind, a, b)),
        Action::Command(a, verb, value) => ("script.do", a, None, told.verb(verb, value)),
    };
    // Only a node can be "it"; a link has two.
    let it = if link.is_none() { Some(subject) } else { None };
    let text = fill(lang, t(lang, name), &|place| {
        Some(match place {
            "node" => told.node(subject),
            "from" => told.node(link?.0),
            "to" => told.node(link?.1),
            "what" => what.clone(),
            "when" => told.when(&entry.trigger, it),
            "which" if anchor.nth == 1 => String::new(),
            "which" if entry.action == Action::RefuseWrite => {
                told.ordinal("script.which.record", anchor.nth) + " "
            }
            "which" => told.ordinal("script.which.message", anchor.nth) + " ",
            "by" => match entry.action {
                Action::Delay(by) => duration(lang, by.micros),
                _ => return None,
            },
            "factor" => match entry.action {
                Action::Slow(_, _, factor) => number(lang, factor.into()),
                _ => return None,
            },
            _ => return None,
        })
    });
    capitalised(&joined(lang, &text))
}

struct Told<'a> {
    lang: Lang,
    pattern: &'static Pattern,
    names: &'a dyn Names,
}

type Clause = (&'static str, NodeId, Option<(NodeId, NodeId)>, String);

impl Told<'_> {
    fn node(&self, node: NodeId) -> String {
        format!("{NAME}{}", self.names.node_name(node))
    }

    fn arriving(&self, name: &'static str, anchor: &Anchor) -> Clause {
        let (from, to) = (anchor.peer, anchor.node);
        (name, to, Some((from, to)), self.message(anchor.kind, from, to))
    }

    fn message(&self, kind: u8, from: NodeId, to: NodeId) -> String {
        self.kind("message", self.pattern.messages, kind, Some((from, to)))
    }

    fn verb(&self, verb: u8, value: i32) -> String {
        let Some(kind) = self.pattern.verbs.get(usize::from(verb)) else { return format!("#{verb}") };
        let text = self.names.text_of(&format!("verb.{}", kind.id)).unwrap_or(kind.id);
        fill(self.lang, text, &|place| match place {
            "0" => Some(number(self.lang, value.into())),
            _ => None,
        })
    }

    /// The name of a kind. Its text may tell *which* order or transaction; an entry speaks of
    /// whichever comes, so that part is left out where it ends the text, and open elsewhere.
    fn kind(
        &self,
        group: &str,
        kinds: &'static [Kind],
        kind: u8,
        link: Option<(NodeId, NodeId)>,
    ) -> String {
        const OPEN: &str = "…";
        let Some(kind) = kinds.get(usize::from(kind)) else { return format!("{group} #{kind}") };
        let text = self.names.text_of(&format!("{group}.{}", kind.id)).unwrap_or(kind.id);
        let filled = fill(self.lang, text, &|place| {
            let name = place.split('.').next().unwrap_or(place);
            Some(match (name, link) {
                ("from", Some((from, _))) => self.node(from),
                ("to", Some((_, to))) => self.node(to),
                _ => OPEN.to_owned(),
            })
        });
        let mut kept = filled.trim_end();
        while let Some((before, last)) = kept.rsplit_once(' ') {
            if !last.contains(OPEN) {
                break;
            }
            kept = before.trim_end();
        }
        kept.to_owned()
    }

    fn ordinal(&self, name: &'static str, n: u16) -> String {
        let suffix = match (self.lang, n % 10, n % 100) {
            // Its texts say "ª" or "º", as the noun wants it.
            (Lang::PtBr, ..) => "",
            (Lang::En, _, 11..=13) => "th",
            (Lang::En, 1, _) => "st",
            (Lang::En, 2, _) => "nd",
            (Lang::En, 3, _) => "rd",
            (Lang::En, ..) => "th",
        };
        let ordinal = format!("{}{suffix}", number(self.lang, n.into()));
        fill(self.lang, t(self.lang, name), &|place| (place == "ordinal").then(|| ordinal.clone()))
    }

    fn when(&self, trigger: &Trigger, it: Option<NodeId>) -> String {
        let Anchor { point, node, peer, kind, nth } = canonical(trigger.anchor);
        let now = trigger.delay == Span::ZERO;
        let name = point_text(point, now, it == Some(node));
        fill(self.lang, t(self.lang, name), &|place| {
            Some(match place {
                "node" => self.node(node),
                "peer" => self.node(peer),
                "delay" if now => String::new(),
                "delay" => duration(self.lang, trigger.delay.micros) + " ",
                "nth" if nth == 1 => String::new(),
                "nth" => format!(" {}", self.ordinal("script.nth", nth)),
                "what" => match point.subject() {
                    Subject::Message if matches!(point, Point::BeforeSend | Point::AfterSend) => {
                        self.message(kind, node, peer)
                    }
                    Subject::Message => self.message(kind, peer, node),
                    Subject::Record => self.kind("record", self.pattern.records, kind, None),
                    Subject::Timer => self.kind("timer", self.pattern.timers, kind, None),
                    Subject::Verb => self.kind("verb", self.pattern.verbs, kind, None),
                    Subject::Nothing => return None,
                },
                _ => return None,
            })
        })
    }
}

/// The text for a moment: right at it or later, of the node that the sentence is about or another.
const fn point_text(point: Point, now: bool, own: bool) -> &'static str {
    match (point, now, own) {
        (Point::Start, true, _) => "when.start.now",
        (Point::Start, false, _) => "when.start.later",
        (Point::BeforeSend, true, true) => "when.before-send.now.self",
        (Point::BeforeSend, true, false) => "when.before-send.now",
        (Point::BeforeSend, false, true) => "when.before-send.later.self",
        (Point::BeforeSend, false, false) => "when.before-send.later",
        (Point::AfterSend, _, true) => "when.after-send.self",
        (Point::AfterSend, _, false) => "when.after-send",
        (Point::BeforeHandling, true, true) => "when.before-handling.now.self",
        (Point::BeforeHandling, true, false) => "when.before-handling.now",
        (Point::BeforeHandling, false, true) => "when.before-handling.later.self",
        (Point::BeforeHandling, false, false) => "when.before-handling.later",
        (Point::AfterHandling, _, true) => "when.after-handling.self",
        (Point::AfterHandling, _, false) => "when.after-handling",
        (Point::BeforeWrite, true, true) => "when.before-write.now.self",
        (Point::BeforeWrite, true, false) => "when.before-write.now",
        (Point::BeforeWrite, false, true) => "when.before-write.later.self",
        (Point::BeforeWrite, false, false) => "when.before-write.later",
        (Point::AfterWrite, true, true) => "when.after-write.now.self",
        (Point::AfterWrite, true, false) => "when.after-write.now",
        (Point::AfterWrite, false, true) => "when.after-write.later.self",
        (Point::AfterWrite, false, false) => "when.after-write.later",
        (Point::AfterAcknowledgement, _, true) => "when.after-acknowledgement.self",
        (Point::AfterAcknowledgement, _, false) => "when.after-acknowledgement",
        (Point::AfterTimer, _, true) => "when.after-timer.self",
        (Point::AfterTimer, _, false) => "when.after-timer",
        (Point::AfterCrash, _, true) => "when.after-crash.self",
        (Point::AfterCrash, _, false) => "when.after-crash",
        (Point::AfterRestart, _, true) => "when.after-restart.self",
        (Point::AfterRestart, _, false) => "when.after-restart",
        (Point::AfterStart, _, true) => "when.after-start.self",
        (Point::AfterStart, _, false) => "when.after-start",
        (Point::AfterLoss, ..) => "when.after-loss",
        (Point::AfterHold, ..) => "when.after-hold",
        (Point::AfterRefusal, _, true) => "when.after-refusal.self",
        (Point::AfterRefusal, _, false) => "when.after-refusal",
        (Point::AfterPause, _, true) => "when.after-pause.self",
        (Point::AfterPause, _, false) => "when.after-pause",
        (Point::AfterResume, _, true) => "when.after-resume.self",
        (Point::AfterResume, _, false) => "when.after-resume",
        (Point::AfterCut, ..) => "when.after-cut",
        (Point::AfterHeal, ..) => "when.after-heal",
        (Point::AfterSlow, ..) => "when.after-slow",
        (Point::AfterCommand, ..) => "when.after-command",
    }
}
