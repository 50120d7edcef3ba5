//! The sequence diagram: pure geometry from a run, its axis and the width there is.
//!
//! Owns: columns, arrows, bars, marks, folded spans and the places of labels. Time runs downwards,
//! at the same scale as every other view's axis. Knows no style and no browser.

use super::stage_layout::{Pt, Rect};
use crate::kernel::{Lost, Mood, MsgId, NodeId, What};
use crate::patterns::pattern::Style;
use crate::sorted::sort;
use crate::trace::{FlightEnd, Speaker, Story};

/// Room above the first moment.
pub const TOP: f64 = 22.0;
/// Room below the last.
pub const BOTTOM: f64 = 56.0;
/// Least and most pixels of a unit of the axis.
const UNIT: (f64, f64) = (10.0, 18.0);
/// Least room between two life lines.
const APART: f64 = 68.0;
/// From this width there is a scale of times at the left.
const ROOMY: f64 = 460.0;
/// Mean width of a letter of a label.
const LETTER: f64 = 6.3;
/// Height of a label.
const TEXT: f64 = 14.0;

/// A word beside something.
#[derive(Clone, PartialEq, Debug)]
pub struct Word {
    /// Where: the baseline's start, middle or end, by `anchor`.
    pub at: Pt,
    /// `start`, `middle` or `end`.
    pub anchor: &'static str,
    /// What fits.
    pub text: String,
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

/// The whole diagram.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Picture {
    /// Width: more than there is when it must scroll sideways.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Pixels of a unit of the axis.
    pub unit: f64,
    /// Life lines: node and place, from left to right.
    pub columns: Vec<(NodeId, f64)>,
    /// Room between two life lines.
    pub apart: f64,
    /// Messages.
    pub arrows: Vec<Arrow>,
    /// Moods.
    pub bars: Vec<Bar>,
    /// Single events.
    pub dots: Vec<Dot>,
    /// Folded spans.
    pub bands: Vec<Band>,
    /// Where folded spans begin and end on the axis.
    pub folds: Vec<(f64, f64)>,
    /// A scale of times: place and microseconds.
    pub times: Vec<(f64, u64)>,
}

/// Height of a folded span.
const FOLD: f64 = 64.0;

impl Picture {
    /// Where a position on the axis stands. A folded span is no longer than it needs to be.
    #[must_use]
    pub fn y(&self, position: f64) -> f64 {
        let mut y = TOP + position * self.unit;
        for (from, to) in &self.folds {
            let inside = position.min(*to) - from;
            if inside > 0.0 {
                y -= inside * self.unit - inside / (to - from) * self.fold(*from, *to);
            }
        }
        y
    }

    /// The position on the axis of a place.
    #[must_use]
    pub fn position(&self, y: f64) -> f64 {
        let unit = self.unit.max(1e-9);
        let mut position = (y - TOP) / unit;
        for (from, to) in &self.folds {
            let tall = self.fold(*from, *to);
            if position <= *from {
                break;
            }
            let past = (position - from) * unit;
            position = if past < tall {
                from + past / tall * (to - from)
            } else {
                position + (to - from) - tall / unit
            };
            if past < tall {
                break;
            }
        }
        position
    }

    fn fold(&self, from: f64, to: f64) -> f64 {
        FOLD.min((to - from) * self.unit)
    }
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

/// Draws a story.
#[must_use]
pub fn draw(story: &Story, speaker: &Speaker, words: &Words, width: f64, height: f64) -> Picture {
    let (run, axis, chart) = (&story.run, &story.axis, &story.chart);
    let mut order: Vec<NodeId> = (0..run.stage.nodes.len()).map(|i| NodeId(i as u8)).collect();
    let place = |n: &NodeId| (run.stage.nodes[n.index()].role, n.0);
    sort(&mut order, |a, b| place(a) < place(b));
    let n = order.len().max(1) as f64;
    let roomy = width >= ROOMY;
    let (left, right) = if roomy { (74.0, 40.0) } else { (38.0, 38.0) };
    let apart = ((width - left - right) / (n - 1.0).max(1.0)).clamp(APART, 210.0);
    let spread = apart * (n - 1.0) + left + right;
    let spare = (width - spread).max(0.0) / 2.0;
    let columns: Vec<(NodeId, f64)> = order
        .iter()
        .enumerate()
        .map(|(i, node)| (*node, (left + spare + apart * i as f64).round()))
        .collect();
    let at = |state| axis.position(state);
    let folds: Vec<(f64, f64)> = axis.folds().iter().map(|f| (at(f.state), at(f.state + 1))).collect();
    let folded: f64 = folds.iter().map(|(a, b)| b - a).sum();
    let open = height - TOP - BOTTOM - FOLD * folds.len() as f64;
    let unit = (open / (axis.len() - folded).max(1.0)).clamp(UNIT.0, UNIT.1);
    let mut picture = Picture {
        width: spread.max(width),
        height: 0.0,
        unit,
        folds,
        columns,
        apart,
        ..Picture::default()
    };
    picture.height = (picture.y(axis.len()) + BOTTOM).max(height);
    let places: Vec<f64> = (0..axis.states()).map(|state| picture.y(axis.position(state))).collect();
    let y = |state: u32| places[(state as usize).min(places.len() - 1)];
    let xs: Vec<f64> = {
        let mut xs = vec![0.0; order.len()];
        for (node, x) in &picture.columns {
            xs[node.index()] = *x;
        }
        xs
    };
    let end = run.len();

    for fold in axis.folds() {
        let (y0, y1) = (y(fold.state), y(fold.state + 1));
        picture.bands.push(Band { y: y0 + 8.0, h: (y1 - y0 - 16.0).max(8.0), micros: fold.micros });
    }
    if roomy {
        let mut last = f64::NEG_INFINITY;
        for state in 0..=end {
            if y(state) - last >= 46.0 && (state == 0 || run.time(state) != run.time(state - 1)) {
                last = y(state);
                picture.times.push((last, run.time(state).micros));
            }
        }
    }

    for (node, x) in picture.columns.clone() {
        let spans: Vec<_> = run.moods(node).spans(end).collect();
        for (i, (from, to, mood)) in spans.iter().copied().enumerate() {
            let (y0, mut y1) = (y(from), y(to));
            // What is so at the end stays so.
            if i + 1 == spans.len() {
                y1 += BOTTOM / 2.0;
            }
            if mood == Mood::Idle || y1 - y0 < 1.0 {
                continue;
            }
            let speaks = matches!(mood, Mood::InDoubt | Mood::Locked | Mood::Stuck | Mood::Stale);
            let caption = (speaks && y1 - y0 > 132.0).then_some(Pt { x: x + 15.0, y: (y0 + y1) / 2.0 });
            picture.bars.push(Bar { node, mood, y: y0, h: y1 - y0, caption });
        }
    }

    for (i, flight) in chart.flights.iter().enumerate() {
        let (x0, x1) = (xs[flight.from.index()], xs[flight.to.index()]);
        let away = (x1 - x0).signum() * 5.0;
        let start = Pt { x: x0 + away, y: y(flight.sent) };
        let stop = Pt { x: x1 - away, y: y(flight.end.state(end)) };
        let part = |t: f64| Pt { x: start.x + (stop.x - start.x) * t, y: start.y + (stop.y - start.y) * t };
        let mut held = None;
        let (mut line, tip) = match flight.end {
            FlightEnd::Delivered(_) => (vec![start, stop], Tip::Arrives),
            FlightEnd::Lost(_, why) => {
                let whole = matches!(why, Lost::Down | Lost::Crashed);
                let at = if whole { Pt { x: stop.x - away, y: stop.y } } else { part(0.55) };
                (vec![start, at], Tip::Lost(why))
            }
            FlightEnd::Open => {
                let far = Pt { x: start.x + (stop.x - start.x) * 0.7, y: stop.y + BOTTOM / 3.0 };
                (vec![start, far], Tip::Open)
            }
        };
        if let (Some(state), FlightEnd::Delivered(_)) = (flight.held, flight.end) {
            // It stands still short of its receiver for as long as it is held.
            let wait = Pt { x: stop.x - away * 4.0, y: y(state) };
            let go = Pt { x: wait.x, y: stop.y - 6.0 };
            held = Some((wait, go));
            line = vec![start, wait, go, stop];
        }
        picture.arrows.push(Arrow {
            msg: flight.msg,
            flight: i,
            style: run.stage.pattern.messages[flight.kind as usize].style,
            line,
            held,
            tip,
            copy: flight.copy,
            label: None,
        });
    }

    let mut placer = Placer { xs: xs.clone(), taken: Vec::new(), width: picture.width };
    for bar in &picture.bars {
        if let Some(c) = bar.caption {
            placer.taken.push(Rect { x: c.x - 7.0, y: c.y - 50.0, w: 14.0, h: 100.0 });
        }
    }
    for spot in &chart.spots {
        let Some((kind, text)) = wording(&spot.what, speaker, words) else { continue };
        let at = Pt { x: xs[spot.node.index()], y: y(spot.state) };
        // Several of one step stand under each other.
        let before = picture
            .dots
            .iter()
            .rev()
            .take(6)
            .filter(|d| d.state == spot.state && same(d.at.x, at.x))
            .count();
        let at = Pt { x: at.x, y: at.y + before as f64 * 12.0 };
        picture.dots.push(Dot { kind, at, state: spot.state, event: spot.event, label: None });
        let i = picture.dots.len() - 1;
        let room = apart - 26.0;
        picture.dots[i].label = placer.beside(at, &text, room, kind);
    }
    let lines: Vec<(Pt, Pt)> =
        picture.arrows.iter().filter_map(|a| Some((*a.line.first()?, *a.line.last()?))).collect();
    for (i, arrow) in picture.arrows.iter_mut().enumerate() {
        let flight = &chart.flights[arrow.flight];
        let text = speaker.message(flight.kind, flight.args, flight.from, flight.to);
        arrow.label = placer.along(arrow, &text, i, &lines);
    }
    picture
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.5
}

fn wording(what: &What, speaker: &Speaker, words: &Words) -> Option<(DotKind, String)> {
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

/// Finds room for words.
struct Placer {
    xs: Vec<f64>,
    taken: Vec<Rect>,
    width: f64,
}

/// The text, or as much of it as fits; `None` when that would say nothing.
#[must_use]
pub fn shortened(text: &str, room: f64) -> Option<String> {
    if wide(text) <= room {
        return Some(text.to_owned());
    }
    let mut out = String::new();
    let mut used = LETTER;
    for letter in text.chars() {
        used += letter_wide(letter);
        if used > room {
            break;
        }
        out.push(letter);
    }
    if out.chars().count() < 3 {
        return None;
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    Some(out)
}

/// About how wide a letter is in the diagram's type.
fn letter_wide(letter: char) -> f64 {
    match letter {
        'i' | 'l' | 'j' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | '-' | '(' | ')' => LETTER * 0.68,
        'm' | 'w' | 'M' | 'W' => LETTER * 1.6,
        'A'..='Z' => LETTER * 1.26,
        _ => LETTER * 1.1,
    }
}

/// About how wide a text is.
#[must_use]
pub fn wide(text: &str) -> f64 {
    text.chars().map(letter_wide).sum()
}

impl Placer {
    /// How much of a rectangle is already taken, weighed.
    fn cost(&self, r: &Rect) -> f64 {
        let near = self.taken.iter().rev().take(120);
        let area = |o: &Rect| {
            // The halo of letters needs a little as well.
            let w = (r.right().min(o.right()) - r.x.max(o.x) + 6.0).max(0.0);
            let h = (r.bottom().min(o.bottom()) - r.y.max(o.y)).max(0.0);
            w * h
        };
        let labels: f64 = near.map(area).sum();
        let lines = self.xs.iter().filter(|x| **x > r.x - 3.0 && **x < r.right() + 3.0).count() as f64;
        let out = (-r.x).max(0.0) + (r.right() - self.width).max(0.0);
        labels * 2.0 + lines * 24.0 + out * 8.0
    }

    /// Beside a mark on a life line: whole where that covers nothing, else what fits.
    fn beside(&mut self, at: Pt, text: &str, room: f64, kind: DotKind) -> Option<Word> {
        let loud = !matches!(kind, DotKind::Written | DotKind::Local | DotKind::Fact);
        let gap = if kind == DotKind::Local {
            20.0
        } else if loud {
            14.0
        } else {
            10.0
        };
        let mut best: Option<(f64, &'static str, Rect, String)> = None;
        for text in [Some(text.to_owned()), shortened(text, room - gap)].into_iter().flatten() {
            let w = wide(&text);
            for (anchor, x) in [("start", at.x + gap), ("end", at.x - gap - w)] {
                for dy in [0.0, 8.0, -8.0] {
                    let rect = Rect { x, y: at.y - 8.0 + dy, w, h: TEXT };
                    let cut = if text.ends_with('…') { 40.0 } else { 0.0 };
                    let cost = self.cost(&rect) + f64::abs(dy) + cut;
                    if best.as_ref().is_none_or(|b| cost < b.0) {
                        best = Some((cost, anchor, rect, text.clone()));
                    }
                }
            }
        }
        let (cost, anchor, rect, text) = best?;
        if cost > 90.0 && !loud {
            return None;
        }
        self.taken.push(rect);
        let x = if anchor == "start" { rect.x } else { rect.right() };
        Some(Word { at: Pt { x, y: rect.y + 12.0 }, anchor, text })
    }

    /// Along an arrow, above or below it.
    fn along(&mut self, arrow: &Arrow, text: &str, me: usize, lines: &[(Pt, Pt)]) -> Option<Word> {
        let (a, b) = lines[me];
        let sign = if arrow.style == Style::Undo { 14.0 } else { 0.0 };
        let room = (b.x - a.x).abs() - sign - 2.0;
        let slope = if same(a.x, b.x) { 0.0 } else { (b.y - a.y) / (b.x - a.x) };
        let mut best: Option<(f64, Rect, String)> = None;
        let cut = shortened(text, room.max(6.0 * LETTER)).filter(|cut| cut != text);
        for text in [Some(text.to_owned()), cut].into_iter().flatten() {
            let w = wide(&text) + sign;
            let penalty = if text.ends_with('…') { 26.0 } else { (w - room).max(0.0) * 0.4 };
            for t in [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78, 0.14, 0.86] {
                let p = Pt { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
                let lift = (slope.abs() * w / 2.0).min(14.0);
                for y in [p.y - TEXT - 2.0 - lift, p.y + 2.0 + lift] {
                    let rect = Rect { x: p.x - w / 2.0, y, w, h: TEXT };
                    let crossed = lines
                        .iter()
                        .enumerate()
                        .skip(me.saturating_sub(24))
                        .take(48)
                        .filter(|(i, (p, q))| *i != me && crosses(&rect, *p, *q))
                        .count() as f64;
                    let below = if y > p.y { 6.0 } else { 0.0 };
                    let cost = self.cost(&rect) + crossed * 16.0 + (t - 0.5).abs() * 14.0 + below + penalty;
                    if best.as_ref().is_none_or(|b| cost < b.0) {
                        best = Some((cost, rect, text.clone()));
                    }
                }
            }
        }
        let (_, rect, text) = best?;
        self.taken.push(rect);
        Some(Word { at: Pt { x: rect.x + rect.w / 2.0, y: rect.y + 11.0 }, anchor: "middle", text })
    }
}

/// Whether a straight line passes through a rectangle.
fn crosses(r: &Rect, a: Pt, b: Pt) -> bool {
    if a.y.max(b.y) < r.y || a.y.min(b.y) > r.bottom() || a.x.max(b.x) < r.x || a.x.min(b.x) > r.right() {
        return false;
    }
    (0..=16).any(|i| {
        let t = f64::from(i) / 16.0;
        r.holds(Pt { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_by_whole_letters_and_never_to_nothing_said() {
        assert_eq!(shortened("prepare", 200.0).as_deref(), Some("prepare"));
        assert_eq!(shortened("prepare tx-7", 8.0 * LETTER).as_deref(), Some("prepare…"));
        assert_eq!(shortened("prepare all", wide("prepare all")).as_deref(), Some("prepare all"));
        assert_eq!(shortened("prepare", 10.0), None);
    }

    #[test]
    fn two_labels_of_parallel_arrows_do_not_cover_each_other() {
        let mut placer = Placer { xs: vec![0.0, 300.0], taken: Vec::new(), width: 300.0 };
        let line = |y: f64| (Pt { x: 5.0, y }, Pt { x: 295.0, y: y + 40.0 });
        let lines = [line(10.0), line(20.0), line(30.0)];
        for i in 0..3 {
            let arrow = Arrow {
                msg: MsgId(i as u32),
                flight: i,
                style: Style::Command,
                line: vec![lines[i].0, lines[i].1],
                held: None,
                tip: Tip::Arrives,
                copy: false,
                label: None,
            };
            assert!(placer.along(&arrow, "prepare", i, &lines).is_some());
        }
        for (i, a) in placer.taken.iter().enumerate() {
            for b in &placer.taken[i + 1..] {
                let apart = a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y;
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_place_leads_back_to_its_position_across_folds() {
        let picture = Picture { unit: 10.0, folds: vec![(5.0, 29.0), (40.0, 64.0)], ..Picture::default() };
        for p in [0.0, 4.9, 5.0, 11.0, 29.0, 33.0, 50.0, 64.0, 80.0] {
            assert!((picture.position(picture.y(p)) - p).abs() < 1e-6, "{p}");
        }
        assert!(picture.y(29.0) - picture.y(5.0) < FOLD + 0.1);
    }

    #[test]
    fn a_line_through_a_rectangle_is_seen() {
        let r = Rect { x: 10.0, y: 10.0, w: 20.0, h: 10.0 };
        assert!(crosses(&r, Pt { x: 0.0, y: 0.0 }, Pt { x: 40.0, y: 30.0 }));
        assert!(!crosses(&r, Pt { x: 0.0, y: 30.0 }, Pt { x: 40.0, y: 30.0 }));
    }
}
