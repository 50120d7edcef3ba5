//! The ways of links from card to card.

use super::{Plan, Pt, Rect, Route, at, length};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

fn side(of: &Rect, to: &Rect) -> Side {
    if to.y >= of.bottom() + 8.0 {
        Side::Bottom
    } else if to.bottom() <= of.y - 8.0 {
        Side::Top
    } else if to.x > of.x {
        Side::Right
    } else {
        Side::Left
    }
}

pub(super) fn routes(plan: &Plan, links: &[(usize, usize)]) -> Vec<Route> {
    let rects: Vec<Rect> = plan.cards.iter().map(|c| c.rect).collect();
    // Links that leave a card at the same side share it, in the order of where they go.
    let port = |node: usize, other: usize| -> Pt {
        let (me, you) = (&rects[node], &rects[other]);
        let s = side(me, you);
        let level =
            |r: &Rect| if matches!(s, Side::Top | Side::Bottom) { r.middle().x } else { r.middle().y };
        let mut there: Vec<(f64, usize)> = links
            .iter()
            .filter_map(|&(a, b)| {
                if a == node {
                    Some(b)
                } else if b == node {
                    Some(a)
                } else {
                    None
                }
            })
            .filter(|&o| o != node && side(me, &rects[o]) == s)
            .map(|o| (level(&rects[o]), o))
            .collect();
        there.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let k = there.iter().position(|t| t.1 == other).unwrap_or(0) as f64;
        let n = there.len().max(1) as f64;
        let (from, len) = if matches!(s, Side::Top | Side::Bottom) { (me.x, me.w) } else { (me.y, me.h) };
        let at = if there.len() < 2 {
            // Alone: level with the other end where the two cards face each other.
            let upright = matches!(s, Side::Top | Side::Bottom);
            let (there, far) = if upright { (you.x, you.w) } else { (you.y, you.h) };
            let low = (from + len * 0.2).max(there + far * 0.2);
            let high = (from + len * 0.8).min(there + far * 0.8);
            if low <= high {
                f64::midpoint(low, high)
            } else {
                level(you).clamp(from + len * 0.3, from + len * 0.7)
            }
        } else {
            from + len * (0.02 + 0.96 * (k + 0.5) / n)
        };
        match s {
            Side::Top => Pt { x: at, y: me.y },
            Side::Bottom => Pt { x: at, y: me.bottom() },
            Side::Left => Pt { x: me.x, y: at },
            Side::Right => Pt { x: me.right(), y: at },
        }
    };
    let mut handles: Vec<Pt> = Vec::new();
    let mut route = |&(a, b): &(usize, usize)| {
        let line = way(&rects, a, b, port(a, b), port(b, a));
        let upright = matches!(side(&rects[a], &rects[b]), Side::Top | Side::Bottom);
        let clear = |f: &f64| {
            let (p, _) = at(&line, *f);
            !rects.iter().any(|r| r.holds(p, 17.0))
        };
        let spots = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9];
        let alone = |f: &f64| {
            let (p, _) = at(&line, *f);
            handles.iter().all(|h| (h.x - p.x).hypot(h.y - p.y) >= APART)
        };
        // Clear of the cards, and of other handles; where there is no room for it, it makes way.
        let spot = spots.into_iter().find(|f| clear(f) && alone(f));
        let middle = spot.or_else(|| spots.into_iter().find(clear)).unwrap_or(0.5);
        let handle = at(&line, middle).0;
        let crowded = spot.is_none();
        if !crowded {
            handles.push(handle);
        }
        Route { a, b, line, upright, handle, crowded, middle }
    };
    links.iter().map(&mut route).collect()
}

/// How far apart two handles are, so that a finger finds the one it means (WCAG 2.2, 2.5.8: 24 px).
const APART: f64 = 26.0;

/// How far beside a card a link passes it.
const LANE: f64 = 7.0;

/// The shortest of a few ways that touches no other card.
fn way(rects: &[Rect], a: usize, b: usize, p: Pt, q: Pt) -> Vec<Pt> {
    let (ra, rb) = (&rects[a], &rects[b]);
    let mut ways: Vec<Vec<Pt>> = vec![vec![p, q]];
    let below = |r: &Rect| Pt { x: r.middle().x, y: r.bottom() };
    let above = |r: &Rect| Pt { x: r.middle().x, y: r.y };
    if matches!(side(ra, rb), Side::Left | Side::Right) {
        // In one row, with others between: round them.
        let low = rects.iter().map(Rect::bottom).filter(|y| (*y - ra.bottom()).abs() < 200.0);
        let y = low.fold(ra.bottom(), f64::max).min(ra.bottom().max(rb.bottom()) + 4.0) + 30.0;
        ways.push(round(&[below(ra), Pt { x: below(ra).x, y }, Pt { x: below(rb).x, y }, below(rb)]));
        let y = ra.y.min(rb.y) - 30.0;
        ways.push(round(&[above(ra), Pt { x: above(ra).x, y }, Pt { x: above(rb).x, y }, above(rb)]));
    } else {
        // Past the rows between: straight to a lane between two cards, along it, and straight on.
        let (from, to) = if p.y < q.y { (p, q) } else { (q, p) };
        let between = || rects.iter().filter(move |r| r.y > from.y + 1.0 && r.bottom() < to.y - 1.0);
        let top = between().map(|r| r.y).fold(f64::INFINITY, f64::min) - 6.0;
        let end = between().map(Rect::bottom).fold(0.0, f64::max) + 6.0;
        for x in between().flat_map(|r| [r.x - LANE, r.right() + LANE]).filter(|x| *x > 2.0) {
            let mut way = vec![from, Pt { x, y: top }, Pt { x, y: end }, to];
            if p.y > q.y {
                way.reverse();
            }
            ways.push(round(&way));
        }
    }
    let cost = |line: &Vec<Pt>| {
        let hits = (0..=48)
            .map(|i| at(line, f64::from(i) / 48.0).0)
            .filter(|pt| rects.iter().enumerate().any(|(i, r)| i != a && i != b && r.holds(*pt, 5.0)))
            .count();
        hits as f64 * 1000.0 + length(line)
    };
    ways.into_iter().min_by(|x, y| cost(x).total_cmp(&cost(y))).unwrap_or_default()
}

/// A polyline with round corners.
fn round(line: &[Pt]) -> Vec<Pt> {
    const RADIUS: f64 = 20.0;
    let mix = |a: Pt, b: Pt, t: f64| Pt { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
    let mut out = vec![line[0]];
    for corner in line.windows(3) {
        let (a, c, b) = (corner[0], corner[1], corner[2]);
        let near = |to: Pt| {
            let len = (to.x - c.x).hypot(to.y - c.y).max(1e-9);
            mix(c, to, (RADIUS / len).min(0.5))
        };
        let (from, to) = (near(a), near(b));
        out.extend((0..=6).map(|i| {
            let t = f64::from(i) / 6.0;
            mix(mix(from, c, t), mix(c, to, t), t)
        }));
    }
    out.push(line[line.len() - 1]);
    out
}
