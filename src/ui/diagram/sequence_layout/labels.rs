//! Room for words: none covers another, and as little as can be is cut.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::{Arrow, DotKind, Pt, Rect, Word, same};
use crate::patterns::pattern::Style;

/// Mean width of a letter of a label.
pub(super) const LETTER: f64 = 6.3;
/// Height of a label.
const TEXT: f64 = 14.0;

/// From one line of a label to the next.
pub const LEADING: f64 = 13.0;

/// Finds room for words.
pub(super) struct Placer {
    /// Life lines.
    xs: Vec<f64>,
    /// Where words stand already, by the strips of the picture that they reach into.
    taken: HashMap<i64, Vec<Rect>>,
    width: f64,
    /// Arrows, in the order of their sending.
    lines: Vec<(Pt, Pt)>,
}

/// The strips of the picture that a rectangle reaches into.
fn strips(r: &Rect) -> RangeInclusive<i64> {
    const TALL: f64 = 64.0;
    (r.y / TALL).floor() as i64..=(r.bottom() / TALL).floor() as i64
}

/// A way to write a label.
struct Form {
    lines: Vec<String>,
    w: f64,
    h: f64,
    /// What it lacks.
    cost: f64,
}

impl Form {
    fn of(lines: Vec<String>, cost: f64) -> Self {
        let w = lines.iter().map(|l| wide(l)).fold(0.0, f64::max);
        let h = TEXT + LEADING * (lines.len() as f64 - 1.0);
        Self { lines, w, h, cost }
    }
}

/// The ways to write a text: whole, in two lines, and cut to a room and to twice that.
fn forms(text: &str, room: f64) -> Vec<Form> {
    let mut forms = vec![Form::of(vec![text.to_owned()], 0.0)];
    if wide(text) <= room {
        return forms;
    }
    let spaces = text.match_indices(' ').map(|(i, _)| i);
    let split = spaces.min_by(|a, b| {
        let worst = |i: usize| wide(&text[..i]).max(wide(&text[i + 1..]));
        worst(*a).total_cmp(&worst(*b))
    });
    if let Some(i) = split {
        forms.push(Form::of(vec![text[..i].to_owned(), text[i + 1..].to_owned()], 10.0));
    }
    let letters = text.chars().count() as f64;
    for room in [room, room * 1.9] {
        if let Some(cut) = shortened(text, room).filter(|cut| cut != text) {
            let lost = letters - cut.chars().count() as f64;
            forms.push(Form::of(vec![cut], 30.0 + 4.0 * lost.min(12.0)));
        }
    }
    forms
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
    pub fn new(xs: Vec<f64>, width: f64, lines: Vec<(Pt, Pt)>) -> Self {
        Self { xs, taken: HashMap::new(), width, lines }
    }

    /// Takes a rectangle.
    pub fn take(&mut self, r: Rect) {
        for strip in strips(&r) {
            self.taken.entry(strip).or_default().push(r);
        }
    }

    /// How much of a rectangle is already taken, weighed.
    fn cost(&self, r: &Rect) -> f64 {
        // What reaches into several strips counts once, in the first that is shared.
        let first = |o: &Rect, strip: i64| strips(o).start().max(strips(r).start()) == &strip;
        let near = strips(r).flat_map(|s| {
            let there = self.taken.get(&s).into_iter().flatten();
            there.filter(move |o| first(o, s))
        });
        let area = |o: &Rect| {
            // The halo of letters needs a little as well.
            let w = (r.right().min(o.right()) - r.x.max(o.x) + 6.0).max(0.0);
            let h = (r.bottom().min(o.bottom()) - r.y.max(o.y)).max(0.0);
            w * h
        };
        let labels: f64 = near.map(area).sum();
        let lines = self.xs.iter().filter(|x| **x > r.x - 3.0 && **x < r.right() + 3.0).count() as f64;
        let out = (-r.x).max(0.0) + (r.right() - self.width).max(0.0);
        labels * 2.0 + lines * 15.0 + out * 20.0
    }

    /// How many arrows pass through a rectangle, but for this one.
    fn crossed(&self, r: &Rect, me: Option<usize>, from: usize) -> f64 {
        let near = self.lines.iter().enumerate().skip(from).take(48);
        near.filter(|(i, (p, q))| Some(*i) != me && crosses(r, *p, *q)).count() as f64
    }

    /// Beside a mark on a life line: whole where that covers nothing, else what fits.
    pub fn beside(&mut self, at: Pt, text: &str, room: f64, kind: DotKind) -> Option<Word> {
        let loud = !matches!(kind, DotKind::Written | DotKind::Local | DotKind::Fact);
        let gap = match kind {
            DotKind::Local => 20.0,
            _ if loud => 14.0,
            _ => 10.0,
        };
        // Arrows are in the order of their sending: those about here end a little later.
        let from = self.lines.partition_point(|l| l.0.y < at.y - 240.0);
        let mut best: Option<(f64, &'static str, Rect, Vec<String>)> = None;
        for form in forms(text, room - gap) {
            for (anchor, x) in [("start", at.x + gap), ("end", at.x - gap - form.w)] {
                for dy in [0.0, 8.0, -8.0] {
                    let rect = Rect { x, y: at.y - form.h / 2.0 - 1.0 + dy, w: form.w, h: form.h };
                    let arrows = self.crossed(&rect, None, from) * 10.0;
                    let cost = self.cost(&rect) + arrows + f64::abs(dy) + form.cost;
                    if best.as_ref().is_none_or(|b| cost < b.0) {
                        best = Some((cost, anchor, rect, form.lines.clone()));
                    }
                }
            }
        }
        let (cost, anchor, rect, lines) = best?;
        if cost > 110.0 && !loud {
            return None;
        }
        self.take(rect);
        let x = if anchor == "start" { rect.x } else { rect.right() };
        Some(Word { at: Pt { x, y: rect.y + 12.0 }, anchor, lines })
    }

    /// Along an arrow, above or below it.
    pub fn along(&mut self, arrow: &Arrow, text: &str, me: usize) -> Option<Word> {
        let (a, b) = self.lines[me];
        let sign = if arrow.style == Style::Undo { 14.0 } else { 0.0 };
        let room = (b.x - a.x).abs() - sign - 2.0;
        let slope = if same(a.x, b.x) { 0.0 } else { (b.y - a.y) / (b.x - a.x) };
        let mut best: Option<(f64, Rect, Vec<String>)> = None;
        for form in forms(text, room.max(6.0 * LETTER)) {
            let w = form.w + sign;
            let penalty = form.cost + (w - room).max(0.0) * 0.3;
            for t in [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78, 0.14, 0.86] {
                let p = Pt { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
                let lift = (slope.abs() * w / 2.0).min(14.0);
                for y in [p.y - form.h - 2.0 - lift, p.y + 2.0 + lift] {
                    let rect = Rect { x: p.x - w / 2.0, y, w, h: form.h };
                    let crossed = self.crossed(&rect, Some(me), me.saturating_sub(24));
                    let below = if y > p.y { 6.0 } else { 0.0 };
                    let cost = self.cost(&rect) + crossed * 16.0 + (t - 0.5).abs() * 14.0 + below + penalty;
                    if best.as_ref().is_none_or(|b| cost < b.0) {
                        best = Some((cost, rect, form.lines.clone()));
                    }
                }
            }
        }
        let (_, rect, lines) = best?;
        self.take(rect);
        Some(Word { at: Pt { x: rect.x + rect.w / 2.0, y: rect.y + 11.0 }, anchor: "middle", lines })
    }
}

/// Whether a straight line passes through a rectangle.
pub(super) fn crosses(r: &Rect, a: Pt, b: Pt) -> bool {
    if a.y.max(b.y) < r.y || a.y.min(b.y) > r.bottom() || a.x.max(b.x) < r.x || a.x.min(b.x) > r.right() {
        return false;
    }
    (0..=16).any(|i| {
        let t = f64::from(i) / 16.0;
        r.holds(Pt { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }, 1.0)
    })
}
