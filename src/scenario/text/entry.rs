//! One entry of a script as a line: the reading and the writing of the same grammar, side by side.

use crate::kernel::{Action, Anchor, Entry, NodeId, Point, Span, Trigger};
use crate::patterns::pattern::{Kind, Node, Pattern};
use crate::scenario::error::{Error, Thing, Unit, Want};
use crate::scenario::recipe::canonical;

use super::SLOWEST;
use super::words::Line;

type Result<T> = std::result::Result<T, Error>;

/// The names that an entry can use.
pub struct Scope<'a> {
    pub pattern: &'static Pattern,
    pub nodes: &'a [Node],
}

fn ids(kinds: &'static [Kind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.id).collect()
}

impl Scope<'_> {
    /// A whole entry: `[off] fault …`, `[off] do …`.
    pub fn entry(&self, line: &mut Line<'_>) -> Result<Entry> {
        let on = !line.take("off");
        if line.one_of(&["do", "fault"])? == 0 {
            line.back();
        }
        let entry = self.act(line)?;
        line.done()?;
        Ok(Entry { on, ..entry })
    }

    /// What happens, and when.
    pub fn act(&self, line: &mut Line<'_>) -> Result<Entry> {
        const VERBS: [&str; 14] = [
            "crash",
            "restart",
            "pause",
            "resume",
            "cut",
            "heal",
            "slow",
            "drop",
            "duplicate",
            "delay",
            "refuse",
            "fail",
            "deliver",
            "do",
        ];
        let verb = VERBS[line.one_of(&VERBS)?];
        let (action, trigger) = match verb {
            "crash" => (Action::Crash(self.node(line)?), self.when(line)?),
            "restart" => (Action::Restart(self.node(line)?), self.when(line)?),
            "pause" => (Action::Pause(self.node(line)?), self.when(line)?),
            "resume" => (Action::Resume(self.node(line)?), self.when(line)?),
            "cut" | "heal" | "slow" => {
                let from = self.node(line)?;
                line.word("->")?;
                let to = self.node(line)?;
                let action = match verb {
                    "cut" => Action::Cut(from, to),
                    "heal" => Action::Heal(from, to),
                    _ => Action::Slow(from, to, line.factor(SLOWEST)?),
                };
                (action, self.when(line)?)
            }
            "do" => {
                let what = self.kind(line, Thing::Verb)?;
                let value = match line.peek() {
                    Some("at") => 0,
                    Some(_) => line.number(i32::MIN.into(), i32::MAX.into(), Unit::One)? as i32,
                    None => return Err(line.unexpected(&[Want::Number, Want::Word("at")])),
                };
                line.word("at")?;
                (Action::Command(self.node(line)?, what, value), self.when(line)?)
            }
            "deliver" => {
                let kind = self.kind(line, Thing::Message)?;
                let (from, to) = self.way(line)?;
                (Action::Deliver(from, to, kind), self.when(line)?)
            }
            "refuse" if line.take("write") => {
                let kind = self.kind(line, Thing::Record)?;
                line.word("at")?;
                let node = self.node(line)?;
                let nth = line.nth()?;
                (Action::RefuseWrite, at(Point::AfterWrite, node, node, kind, nth))
            }
            _ => {
                let kind = self.kind(line, Thing::Message)?;
                let (from, to) = self.way(line)?;
                let nth = line.nth()?;
                let action = match verb {
                    "drop" => Action::Drop,
                    "duplicate" => Action::Duplicate,
                    "refuse" => Action::Refuse,
                    "fail" => Action::Fail,
                    _ => {
                        line.word("by")?;
                        Action::Delay(Span::us(line.time()?))
                    }
                };
                (action, at(Point::BeforeHandling, to, from, kind, nth))
            }
        };
        Ok(Entry { on: true, trigger, action })
    }

    fn node(&self, line: &mut Line<'_>) -> Result<NodeId> {
        let names: Vec<_> = self.nodes.iter().map(|node| node.id).collect();
        line.name(Thing::Node, &names).map(|place| NodeId(place as u8))
    }

    fn kind(&self, line: &mut Line<'_>, thing: Thing) -> Result<u8> {
        let kinds = match thing {
            Thing::Record => self.pattern.records,
            Thing::Timer => self.pattern.timers,
            Thing::Verb => self.pattern.verbs,
            _ => self.pattern.messages,
        };
        line.name(thing, &ids(kinds)).map(|place| place as u8)
    }

    fn way(&self, line: &mut Line<'_>) -> Result<(NodeId, NodeId)> {
        line.word("from")?;
        let from = self.node(line)?;
        line.word("to")?;
        Ok((from, self.node(line)?))
    }

    fn when(&self, line: &mut Line<'_>) -> Result<Trigger> {
        let timed = line.peek().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()));
        let delay = if timed { Span::us(line.time()?) } else { Span::ZERO };
        if timed {
            // A time *before* something that has not happened yet cannot be kept.
            line.word("after")?;
        } else if line.peek().is_some_and(|w| w == "after" || w == "before") {
            if line.next() == Some("before") {
                return self.before(line);
            }
        } else {
            return Err(line.unexpected(&[Want::Time, Want::Word("after"), Want::Word("before")]));
        }
        if line.take("start") {
            return Ok(Trigger { delay, ..at(Point::Start, NodeId(0), NodeId(0), 0, 1) });
        }
        let node = match (self.node(line), line.peek()) {
            (Ok(node), _) => node,
            (Err(_), None) => {
                return Err(line.unexpected(&[Want::Word("start"), Want::Name(Thing::Node)]));
            }
            (Err(error), Some(_)) => return Err(error),
        };
        const DEEDS: [&str; 15] = [
            "sends", "handles", "writes", "has", "crashes", "restarts", "times", "starts", "loses",
            "awaits", "fails", "pauses", "resumes", "does", "is",
        ];
        let trigger = match DEEDS[line.one_of(&DEEDS)?] {
            "sends" => self.sending(line, Point::AfterSend, node)?,
            "handles" => self.handling(line, Point::AfterHandling, node)?,
            "writes" => self.writing(line, Point::AfterWrite, node)?,
            "has" => {
                line.word("written")?;
                self.writing(line, Point::AfterAcknowledgement, node)?
            }
            "crashes" => at(Point::AfterCrash, node, node, 0, line.nth()?),
            "restarts" => at(Point::AfterRestart, node, node, 0, line.nth()?),
            "times" => {
                line.word("out")?;
                let timer = self.kind(line, Thing::Timer)?;
                at(Point::AfterTimer, node, node, timer, line.nth()?)
            }
            "starts" => at(Point::AfterStart, node, node, 0, line.nth()?),
            "loses" => self.handling(line, Point::AfterLoss, node)?,
            "awaits" => self.handling(line, Point::AfterHold, node)?,
            "fails" => {
                line.word("to")?;
                line.word("write")?;
                self.writing(line, Point::AfterRefusal, node)?
            }
            "pauses" => at(Point::AfterPause, node, node, 0, line.nth()?),
            "resumes" => at(Point::AfterResume, node, node, 0, line.nth()?),
            "does" => {
                let verb = self.kind(line, Thing::Verb)?;
                at(Point::AfterCommand, node, node, verb, line.nth()?)
            }
            _ => {
                const STATES: [&str; 4] = ["about", "cut", "healed", "slowed"];
                let point = match line.one_of(&STATES)? {
                    0 => None,
                    1 => Some(Point::AfterCut),
                    2 => Some(Point::AfterHeal),
                    _ => Some(Point::AfterSlow),
                };
                line.word("to")?;
                if let Some(point) = point {
                    let peer = self.node(line)?;
                    return Ok(Trigger { delay, ..at(point, node, peer, 0, line.nth()?) });
                }
                match line.one_of(&["send", "handle", "write"])? {
                    0 => self.sending(line, Point::BeforeSend, node)?,
                    1 => self.handling(line, Point::BeforeHandling, node)?,
                    _ => self.writing(line, Point::BeforeWrite, node)?,
                }
            }
        };
        Ok(Trigger { delay, ..trigger })
    }

    fn before(&self, line: &mut Line<'_>) -> Result<Trigger> {
        let node = self.node(line)?;
        match line.one_of(&["sends", "handles", "writes"])? {
            0 => self.sending(line, Point::BeforeSend, node),
            1 => self.handling(line, Point::BeforeHandling, node),
            _ => self.writing(line, Point::BeforeWrite, node),
        }
    }

    fn sending(&self, line: &mut Line<'_>, point: Point, node: NodeId) -> Result<Trigger> {
        let kind = self.kind(line, Thing::Message)?;
        line.word("to")?;
        let peer = self.node(line)?;
        Ok(at(point, node, peer, kind, line.nth()?))
    }

    fn handling(&self, line: &mut Line<'_>, point: Point, node: NodeId) -> Result<Trigger> {
        let kind = self.kind(line, Thing::Message)?;
        line.word("from")?;
        let peer = self.node(line)?;
        Ok(at(point, node, peer, kind, line.nth()?))
    }

    fn writing(&self, line: &mut Line<'_>, point: Point, node: NodeId) -> Result<Trigger> {
        let kind = self.kind(line, Thing::Record)?;
        Ok(at(point, node, node, kind, line.nth()?))
    }

    /// The line of an entry, with `off` where it is switched off.
    pub fn line_of(&self, entry: &Entry) -> String {
        let off = if entry.on { "" } else { "off " };
        let fault = if matches!(entry.action, Action::Command(..)) { "" } else { "fault " };
        format!("{off}{fault}{}", self.written(entry))
    }

    /// What happens, and when.
    pub fn written(&self, entry: &Entry) -> String {
        let anchor = canonical(entry.trigger.anchor);
        let n = |node: NodeId| self.nodes.get(node.index()).map_or("?", |node| node.id);
        let kind = |kinds: &[Kind], kind: u8| kinds.get(usize::from(kind)).map_or("?", |kind| kind.id);
        let message = |k: u8| kind(self.pattern.messages, k);
        let when = || self.when_written(&entry.trigger);
        let arriving = |verb: &str| {
            let (from, to) = (n(anchor.peer), n(anchor.node));
            format!("{verb} {} from {from} to {to}{}", message(anchor.kind), nth(anchor.nth))
        };
        match entry.action {
            Action::Drop => arriving("drop"),
            Action::Duplicate => arriving("duplicate"),
            Action::Delay(by) => format!("{} by {}", arriving("delay"), time(by.micros)),
            Action::Refuse => arriving("refuse"),
            Action::Fail => arriving("fail"),
            Action::RefuseWrite => {
                let record = kind(self.pattern.records, anchor.kind);
                format!("refuse write {record} at {}{}", n(anchor.node), nth(anchor.nth))
            }
            Action::Crash(a) => format!("crash {} {}", n(a), when()),
            Action::Restart(a) => format!("restart {} {}", n(a), when()),
            Action::Pause(a) => format!("pause {} {}", n(a), when()),
            Action::Resume(a) => format!("resume {} {}", n(a), when()),
            Action::Cut(a, b) => format!("cut {} -> {} {}", n(a), n(b), when()),
            Action::Heal(a, b) => format!("heal {} -> {} {}", n(a), n(b), when()),
            Action::Slow(a, b, by) => format!("slow {} -> {} x{by} {}", n(a), n(b), when()),
            Action::Deliver(a, b, k) => {
                format!("deliver {} from {} to {} {}", message(k), n(a), n(b), when())
            }
            Action::Command(a, verb, value) => {
                let verb = kind(self.pattern.verbs, verb);
                let value = if value == 0 { String::new() } else { format!(" {value}") };
                format!("do {verb}{value} at {} {}", n(a), when())
            }
        }
    }

    fn when_written(&self, trigger: &Trigger) -> String {
        let Anchor { point, node, peer, kind, nth: n } = canonical(trigger.anchor);
        let node = self.nodes.get(node.index()).map_or("?", |node| node.id);
        let peer = self.nodes.get(peer.index()).map_or("?", |node| node.id);
        let id = |kinds: &[Kind]| kinds.get(usize::from(kind)).map_or("?", |kind| kind.id);
        let (message, record) = (id(self.pattern.messages), id(self.pattern.records));
        let now = trigger.delay == Span::ZERO;
        let said = match point {
            Point::Start => "after start".to_owned(),
            Point::BeforeSend if now => format!("before {node} sends {message} to {peer}"),
            Point::BeforeSend => format!("after {node} is about to send {message} to {peer}"),
            Point::AfterSend => format!("after {node} sends {message} to {peer}"),
            Point::BeforeHandling if now => format!("before {node} handles {message} from {peer}"),
            Point::BeforeHandling => format!("after {node} is about to handle {message} from {peer}"),
            Point::AfterHandling => format!("after {node} handles {message} from {peer}"),
            Point::BeforeWrite if now => format!("before {node} writes {record}"),
            Point::BeforeWrite => format!("after {node} is about to write {record}"),
            Point::AfterWrite => format!("after {node} writes {record}"),
            Point::AfterAcknowledgement => format!("after {node} has written {record}"),
            Point::AfterTimer => format!("after {node} times out {}", id(self.pattern.timers)),
            Point::AfterCrash => format!("after {node} crashes"),
            Point::AfterRestart => format!("after {node} restarts"),
            Point::AfterStart => format!("after {node} starts"),
            Point::AfterLoss => format!("after {node} loses {message} from {peer}"),
            Point::AfterHold => format!("after {node} awaits {message} from {peer}"),
            Point::AfterRefusal => format!("after {node} fails to write {record}"),
            Point::AfterPause => format!("after {node} pauses"),
            Point::AfterResume => format!("after {node} resumes"),
            Point::AfterCut => format!("after {node} is cut to {peer}"),
            Point::AfterHeal => format!("after {node} is healed to {peer}"),
            Point::AfterSlow => format!("after {node} is slowed to {peer}"),
            Point::AfterCommand => format!("after {node} does {}", id(self.pattern.verbs)),
        };
        let delay = if now { String::new() } else { format!("{} ", time(trigger.delay.micros)) };
        format!("{delay}{said}{}", nth(n))
    }
}

const fn at(point: Point, node: NodeId, peer: NodeId, kind: u8, nth: u16) -> Trigger {
    Trigger { anchor: Anchor { point, node, peer, kind, nth }, delay: Span::ZERO }
}

fn nth(n: u16) -> String {
    if n == 1 { String::new() } else { format!(" #{n}") }
}

/// A time: milliseconds, exactly.
pub fn time(micros: u64) -> String {
    let (whole, part) = (micros / 1000, micros % 1000);
    if part == 0 {
        return format!("{whole} ms");
    }
    format!("{whole}.{} ms", format!("{part:03}").trim_end_matches('0'))
}
