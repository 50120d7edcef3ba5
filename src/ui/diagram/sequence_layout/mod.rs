//! The sequence diagram: pure geometry from a run, its axis and the width there is.
//!
//! Owns: columns, arrows, bars, marks, folded spans and the places of labels. Time runs downwards,
//! at the same scale as every other view's axis. Knows no style and no browser.

mod labels;
mod marks;
#[cfg(test)]
mod tests;

use labels::Placer;
pub use labels::{LEADING, shortened, wide};
use marks::wording;
pub use marks::{Arrow, Band, Bar, Dot, DotKind, Tip, Word, Words};

use super::stage_layout::{Pt, Rect};
use crate::kernel::{Lost, Mood, NodeId};
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

    /// Between two life lines, where nothing else is: the place of a folded span's length.
    #[must_use]
    pub fn between(&self) -> f64 {
        let middle = self.columns.len() / 2;
        match (self.columns.get(middle.wrapping_sub(1)), self.columns.get(middle)) {
            (Some(a), Some(b)) => f64::midpoint(a.1, b.1),
            _ => self.width / 2.0,
        }
    }

    fn fold(&self, from: f64, to: f64) -> f64 {
        FOLD.min((to - from) * self.unit)
    }
}

/// Draws a story.
#[must_use]
pub fn draw(story: &Story, speaker: &Speaker, words: &Words, width: f64, height: f64) -> Picture {
    let (run, axis, chart) = (&story.run, &story.axis, &story.chart);
    let mut order: Vec<NodeId> = (0..run.stage.nodes.len()).map(|i| NodeId(i as u8)).collect();
    order.sort_by_key(|n| (run.stage.nodes[n.index()].role, n.0));
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

    let lines: Vec<(Pt, Pt)> =
        picture.arrows.iter().filter_map(|a| Some((*a.line.first()?, *a.line.last()?))).collect();
    let mut placer = Placer::new(xs.clone(), picture.width, lines);
    for bar in &picture.bars {
        if let Some(c) = bar.caption {
            placer.take(Rect { x: c.x - 7.0, y: c.y - 50.0, w: 14.0, h: 100.0 });
        }
    }
    let x = picture.between();
    for band in &picture.bands {
        placer.take(Rect { x: x - 32.0, y: band.y + band.h / 2.0 - 9.0, w: 64.0, h: 18.0 });
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
        picture.dots[i].label = placer.beside(at, &text, apart - 26.0, kind);
    }
    for (i, arrow) in picture.arrows.iter_mut().enumerate() {
        let flight = &chart.flights[arrow.flight];
        let text = speaker.message(flight.kind, flight.args, flight.from, flight.to);
        arrow.label = placer.along(arrow, &text, i);
    }
    picture
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.5
}
