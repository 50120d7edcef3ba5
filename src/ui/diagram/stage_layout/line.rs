//! Lines: how long they are, what lies along them, and how they are written down.

use super::Pt;
use crate::ui::decimal::fixed;

/// The length of a line.
#[must_use]
pub fn length(line: &[Pt]) -> f64 {
    line.windows(2).map(|p| (p[1].x - p[0].x).hypot(p[1].y - p[0].y)).sum()
}

/// A point at a fraction of a line's length, and the direction there (of length 1).
#[must_use]
pub fn at(line: &[Pt], fraction: f64) -> (Pt, Pt) {
    let mut left = length(line) * fraction.clamp(0.0, 1.0);
    let mut last = (line.first().copied().unwrap_or_default(), Pt { x: 1.0, y: 0.0 });
    for pair in line.windows(2) {
        let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
        let len = dx.hypot(dy);
        if len <= 0.0 {
            continue;
        }
        let way = Pt { x: dx / len, y: dy / len };
        if left <= len {
            return (Pt { x: pair[0].x + way.x * left, y: pair[0].y + way.y * left }, way);
        }
        left -= len;
        last = (pair[1], way);
    }
    last
}

/// A polyline as an SVG path.
#[must_use]
pub fn path(line: &[Pt]) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for (i, p) in line.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if i == 0 { 'M' } else { 'L' }, fixed(p.x, 1), fixed(p.y, 1));
    }
    out
}

/// A line moved sideways, to the right of its direction.
#[must_use]
pub fn beside(line: &[Pt], by: f64) -> Vec<Pt> {
    let n = line.len();
    (0..n)
        .map(|i| {
            let (a, b) = (line[i.saturating_sub(1)], line[(i + 1).min(n - 1)]);
            let len = (b.x - a.x).hypot(b.y - a.y).max(1e-9);
            Pt { x: line[i].x - (b.y - a.y) / len * by, y: line[i].y + (b.x - a.x) / len * by }
        })
        .collect()
}
