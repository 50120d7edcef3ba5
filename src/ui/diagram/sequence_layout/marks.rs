//! What the diagram is made of, and which events deserve a mark.

use super::labels::wide;
use crate::kernel::{Lost, Mood, MsgId, NodeId, What};
use crate::patterns::pattern::Style;
use crate::trace::Speaker;
use crate::ui::diagram::stage_layout::Pt;

/// A word beside something.
#[derive(Clone, PartialEq, Debug)]
pub struct Word {
    /// Where: the baseline's start, middle or end, by `anchor`.
    pub at: Pt,
    /// `start`, `middle` or `end`.
    pub anchor: &'static str,
    /// What fits, in one line or two.
    pub lines: Vec<String>,
}

impl Word {
    /// About how wide it is.
    #[must_use]
    pub fn wide(&self) -> f64 {
        self.lines.iter().map(|l| wide(l)).fold(0.0, f64::max)
    }
}

/// How an arrow ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tip {
    /// It arrives.
    Arrives,
    /// It is lost, and why.
    Lost(Lost),
    /// The run ends before it does.
    Open,
}

/// A message.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrow {
    /// Which.
    pub msg: MsgId,
    /// Its place in the chart.
    pub flight: usize,
    /// How its kind is drawn.
    pub style: Style,
    /// From its sender to its end.
    pub line: Vec<Pt>,
    /// Between these it was held on its link.
    pub held: Option<(Pt, Pt)>,
    /// How it ends.
    pub tip: Tip,
    /// Whether it is a second copy.
    pub copy: bool,
    /// Its label.
    pub label: Option<Word>,
}

impl Arrow {
    /// From where to where it goes down the picture.
    #[must_use]
    pub fn span(&self) -> (f64, f64) {
        let ys = || self.line.iter().map(|p| p.y);
        (ys().fold(f64::INFINITY, f64::min), ys().fold(0.0, f64::max))
    }
}

/// A span of a mood on a life line.
#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    /// Whose.
    pub node: NodeId,
    /// Which.
    pub mood: Mood,
    /// From here down.
    pub y: f64,
    /// So far.
    pub h: f64,
    /// The mood in words beside a long one, turned; its middle.
    pub caption: Option<Pt>,
}

/// A single event on a life line.
#[derive(Clone, PartialEq, Debug)]
pub struct Dot {
    /// What it shows.
    pub kind: DotKind,
    /// Where.
    pub at: Pt,
    /// The state it belongs to.
    pub state: u32,
    /// Its place in the trace.
    pub event: u32,
    /// Words beside it.
    pub label: Option<Word>,
}

/// What a mark on a life line shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DotKind {
    /// A record on disk.
    Written,
    /// A write that the disk refused.
    Refused,
    /// A step of one node alone.
    Local,
    /// A fact of the outside world.
    Fact,
    /// A person did something.
    Command,
    /// The outside world interfered.
    Interfered,
    /// A crash.
    Crash,
    /// A restart.
    Restart,
    /// A pause.
    Pause,
    /// Its end.
    Resume,
    /// A link cut.
    Cut,
    /// A link healed.
    Heal,
    /// A link slowed.
    Slow,
}

/// An idle span that is folded.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Band {
    /// From here down.
    pub y: f64,
    /// So far.
    pub h: f64,
    /// How long it is.
    pub micros: u64,
}

/// Words that a diagram uses, chosen by the caller's language.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Beside a crash.
    pub crash: &'static str,
    /// Beside a restart.
    pub restart: &'static str,
    /// Beside a pause.
    pub pause: &'static str,
    /// Beside its end.
    pub resume: &'static str,
    /// Beside a refused write.
    pub refused: &'static str,
    /// Beside a refusal or failure from outside.
    pub interfered: &'static str,
    /// Beside a cut; the other node follows.
    pub cut: &'static str,
    /// Beside a healed link.
    pub heal: &'static str,
    /// Beside a slowed link.
    pub slow: &'static str,
}

pub(super) fn wording(what: &What, speaker: &Speaker, words: &Words) -> Option<(DotKind, String)> {
    Some(match *what {
        What::Written { record, args, .. } => (DotKind::Written, speaker.record(record, args)),
        What::Refused { record, args, .. } => {
            (DotKind::Refused, format!("{}: {}", words.refused, speaker.record(record, args)))
        }
        What::Local { node, kind, args } => (DotKind::Local, speaker.message(kind, args, node, node)),
        What::Observed { fact, args, .. } => (DotKind::Fact, speaker.fact(fact, args)),
        What::Commanded { verb, value, .. } => (DotKind::Command, speaker.verb(verb, value)),
        What::Interfered { .. } => (DotKind::Interfered, words.interfered.to_owned()),
        What::Crashed { .. } => (DotKind::Crash, words.crash.to_owned()),
        What::Restarted { .. } => (DotKind::Restart, words.restart.to_owned()),
        What::Paused { .. } => (DotKind::Pause, words.pause.to_owned()),
        What::Resumed { .. } => (DotKind::Resume, words.resume.to_owned()),
        What::Cut { to, .. } => (DotKind::Cut, format!("{} {}", words.cut, speaker.node(to))),
        What::Healed { to, .. } => (DotKind::Heal, format!("{} {}", words.heal, speaker.node(to))),
        What::Slowed { to, .. } => (DotKind::Slow, format!("{} {}", words.slow, speaker.node(to))),
        _ => return None,
    })
}
