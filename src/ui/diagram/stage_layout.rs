//! Where things stand on the stage: pure geometry from the room there is and what the nodes need.
//!
//! Owns: rectangles of cards, the size of type, the routes of links and the way along them. Knows no
//! frame, no style and no browser. Lengths are CSS pixels unless a name says `em`.

use crate::patterns::pattern::Role;
use crate::sorted::sort;
use crate::ui::decimal::fixed;

/// A point.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Pt {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A rectangle.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// The right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.w
    }
    /// The bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }
    /// The middle.
    #[must_use]
    pub fn middle(&self) -> Pt {
        Pt { x: self.x + self.w / 2.0, y: self.y + self.h / 2.0 }
    }
    /// Whether a point lies inside, `by` pixels of margin added.
    #[must_use]
    pub fn holds(&self, p: Pt, by: f64) -> bool {
        p.x > self.x - by && p.x < self.right() + by && p.y > self.y - by && p.y < self.bottom() + by
    }
}

/// What a card needs over a whole run, so that it never jumps.
#[derive(Clone, PartialEq, Debug)]
pub struct Need {
    /// What the node is.
    pub role: Role,
    /// Whether it ever has a status line.
    pub status: bool,
    /// Lines of each section, at most.
    pub sections: Vec<u16>,
}

impl Need {
    /// Nothing but a title.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.sections.is_empty() && !self.status
    }
}

/// A card on the stage.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Card {
    /// Where.
    pub rect: Rect,
    /// Whether its sections stand side by side.
    pub wide: bool,
    /// Whether its mood stands under its name instead of beside it.
    pub narrow: bool,
}

/// A link's way from the edge of one card to the edge of another.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Route {
    /// Node by place.
    pub a: usize,
    /// Node by place.
    pub b: usize,
    /// The way, from `a` to `b`; at least two points.
    pub line: Vec<Pt>,
    /// Whether it leaves cards at their top or bottom, and not at a side.
    pub upright: bool,
    /// Where its handle stands: near its middle, clear of the cards.
    pub handle: Pt,
    /// The fraction of the way where that is.
    pub middle: f64,
}

/// The stage, laid out.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// Size of type on the cards.
    pub em: f64,
    /// Width used.
    pub width: f64,
    /// Height used: more than there is when the stage must scroll.
    pub height: f64,
    /// A card a node.
    pub cards: Vec<Card>,
    /// A route a link.
    pub routes: Vec<Route>,
    /// Whether cards show only their most telling sections.
    pub brief: bool,
}

/// Under this width a stage is a phone's: it grows downwards and the page scrolls.
pub const NARROW: f64 = 560.0;

// The card's measures in em; style/stage.css holds to them.
const PAD: f64 = 0.7;
const HEAD: f64 = 2.1;
const HEAD_NARROW: f64 = 3.7;
const STATUS: f64 = 1.7;
const STATUS_NARROW: f64 = 3.1;
const SECTION: f64 = 2.0;
const LINE: f64 = 1.6;
/// Sizes of type, largest first; nothing on a card is ever smaller than 12 px.
const SIZES: [f64; 8] = [17.0, 16.0, 15.0, 14.25, 13.5, 13.0, 12.5, 12.0];
/// Room between two rows of one rank.
const CLOSE: f64 = 44.0;
/// The size where cards need not fit the height.
const USUAL: f64 = 13.0;

/// Height of a card in em.
fn tall(need: &Need, wide: bool, narrow: bool) -> f64 {
    let section = |lines: &u16| SECTION + LINE * f64::from((*lines).max(1));
    let body: f64 = if wide {
        // The first beside the second, the third under the first, and so on.
        let column = |odd: usize| -> f64 {
            let of = need.sections.iter().enumerate().filter(|(i, _)| i % 2 == odd);
            of.map(|(_, s)| section(s)).sum()
        };
        column(0).max(column(1))
    } else {
        need.sections.iter().map(section).sum()
    };
    let status = match (need.status, narrow) {
        (false, _) => 0.0,
        (true, false) => STATUS,
        (true, true) => STATUS_NARROW,
    };
    let head = if narrow { HEAD_NARROW } else { HEAD };
    2.0 * PAD + head + status + body
}

/// Lays out the stage. `brief` is what the cards need when they leave out all but the most telling
/// sections: used only where nothing else fits.
#[must_use]
pub fn plan(width: f64, height: f64, full: &[Need], brief: &[Need], links: &[(usize, usize)]) -> Plan {
    let width = width.max(240.0);
    let mut plan = fitting(width, height, full, brief).unwrap_or_else(|| {
        // It has to scroll: as little as can be.
        let narrow = width < NARROW;
        let shapes =
            if narrow { &[Arrangement::Down][..] } else { &[Arrangement::Down, Arrangement::Led][..] };
        let plans = shapes.iter().map(|s| arrange(width, height, USUAL, full, *s).0);
        plans.min_by(|a, b| a.height.total_cmp(&b.height)).unwrap_or_default()
    });
    plan.routes = routes(&plan, links);
    plan
}

/// The best arrangement that needs no scrolling: everything on the cards first, then whole ranks,
/// then the size of type.
fn fitting(width: f64, height: f64, full: &[Need], brief: &[Need]) -> Option<Plan> {
    if width < NARROW {
        return None;
    }
    for (needs, is_brief) in [(full, false), (brief, true)] {
        for broken in [false, true] {
            for em in SIZES {
                for shape in Arrangement::ALL {
                    let (plan, whole) = arrange(width, height, em, needs, shape);
                    let fits = plan.height <= height + 0.5 && plan.width <= width + 0.5;
                    if fits && (whole || broken) {
                        return Some(Plan { brief: is_brief, ..plan });
                    }
                }
            }
        }
    }
    None
}

/// How ranks are arranged, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arrangement {
    /// A rank a row.
    Down,
    /// The one who wants something beside the one who leads.
    Led,
    /// A rank a column.
    Across,
}

impl Arrangement {
    const ALL: [Self; 3] = [Self::Down, Self::Led, Self::Across];
}

/// Nodes by rank, from the one who wants something to the one who keeps it.
/// Also whether no rank had to be broken into several rows.
fn ranks(needs: &[Need], most: usize, led: bool) -> (Vec<Vec<usize>>, bool) {
    let mut whole = true;
    let of = |role: Role| (0..needs.len()).filter(|i| needs[*i].role == role).collect::<Vec<usize>>();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for role in [Role::Client, Role::Coordinator, Role::Broker, Role::Service, Role::Store] {
        let of = of(role);
        if of.is_empty() {
            continue;
        }
        if led && rows.len() == 1 && rows[0].len() + of.len() <= most && role != Role::Service {
            rows[0].extend(of);
            continue;
        }
        let n = of.len().div_ceil(most.max(1));
        whole &= n == 1;
        rows.extend(of.chunks(of.len().div_ceil(n)).map(<[usize]>::to_vec));
    }
    (rows, whole)
}

fn arrange(width: f64, height: f64, em: f64, needs: &[Need], shape: Arrangement) -> (Plan, bool) {
    let narrow_room = width < NARROW;
    let (margin, side) = if narrow_room { (12.0, 20.0) } else { (20.0, 24.0) };
    if shape == Arrangement::Across {
        return (arrange_across(width, height, em, needs, margin), true);
    }
    let least = if narrow_room { 11.6 * em } else { 14.0 * em };
    let most = ((width - 2.0 * margin + side) / (least + side)).floor().max(1.0) as usize;
    let (rows, whole) = ranks(needs, most, shape == Arrangement::Led);
    let gap_least = if narrow_room { 76.0 } else { 84.0 };
    // Cards of one row are equally tall, and those of one role equally wide.
    let mut sized = Vec::new();
    for row in &rows {
        let n = row.len() as f64;
        // In a row of several roles links run from side to side: room for a message.
        let mixed = row.iter().any(|i| needs[*i].role != needs[row[0]].role);
        let side = if mixed { 132.0 } else { side };
        let room = width - 2.0 * margin - (n - 1.0) * side;
        let weight = |i: usize| if mixed && needs[i].role == Role::Client { 0.58 } else { 1.0 };
        let weights: f64 = row.iter().map(|i| weight(*i)).sum();
        let cards: Vec<(f64, bool, bool)> = row
            .iter()
            .map(|i| {
                let need = &needs[*i];
                let two = need.sections.len() > 1;
                let cap = match (need.is_bare(), two, row.len()) {
                    (true, ..) => 15.0,
                    (_, true, 1) => 36.0,
                    (_, true, _) => 30.0,
                    (_, false, _) => 21.0,
                };
                let w = (room * weight(*i) / weights).min(cap * em);
                (w, two && w >= 22.0 * em, w < 17.0 * em)
            })
            .collect();
        let tallest = |f: &dyn Fn(usize) -> f64| (0..row.len()).map(f).fold(0.0, f64::max);
        let h = tallest(&|k| tall(&needs[row[k]], cards[k].1, cards[k].2)) * em;
        sized.push((cards, side, h.ceil()));
    }
    // Between rows of one rank pass only links that go on; the others need room for messages.
    let role = |row: &Vec<usize>| needs[row[0]].role;
    let close: Vec<bool> = rows.windows(2).map(|pair| role(&pair[0]) == role(&pair[1])).collect();
    let closed = close.iter().filter(|c| **c).count() as f64 * CLOSE;
    let cards_tall = sized.iter().map(|s| s.2).sum::<f64>() + closed;
    let between = close.iter().filter(|c| !**c).count() as f64;
    let needed = cards_tall + between * gap_least + 2.0 * margin;
    let free = (height - needed).max(0.0);
    // What is left over goes between the rows first, then above and below.
    let gap = gap_least + if narrow_room { 0.0 } else { (free * 0.72 / between.max(1.0)).min(96.0) };
    let used = cards_tall + between * gap;
    let tall_room = height.max(used + 2.0 * margin);
    let mut y = if narrow_room { margin } else { (tall_room - used) / 2.0 };
    let mut cards = vec![Card::default(); needs.len()];
    let mut widest = 0.0_f64;
    for (k, (row, (sizes, side, h))) in rows.iter().zip(sized).enumerate() {
        let n = row.len() as f64;
        let sum: f64 = sizes.iter().map(|s| s.0).sum();
        // Room to spare goes between and around, but cards do not drift apart.
        let spare = (width - 2.0 * margin - sum - (n - 1.0) * side).max(0.0);
        let side = side + (spare / (n + 1.0)).min(sum / n * 0.6);
        let line = sum + (n - 1.0) * side;
        widest = widest.max(line + 2.0 * margin);
        let mut x = (width - line) / 2.0;
        for (node, (w, wide, narrow)) in row.iter().zip(sizes) {
            cards[*node] =
                Card { rect: Rect { x: x.round(), y: y.round(), w: w.floor(), h }, wide, narrow };
            x += w + side;
        }
        y += h + if close.get(k) == Some(&true) { CLOSE } else { gap };
    }
    let total = if narrow_room { used + 2.0 * margin } else { tall_room };
    (Plan { em, width: width.max(widest.floor()), height: total, cards, ..Plan::default() }, whole)
}

/// Ranks from left to right, for a stage that is low and wide.
fn arrange_across(width: f64, height: f64, em: f64, needs: &[Need], margin: f64) -> Plan {
    let (columns, _) = ranks(needs, usize::MAX, false);
    let n = columns.len() as f64;
    let gap_least = 128.0;
    let stack = 24.0;
    let side_by_side = |i: usize| needs[i].sections.len() > 1;
    let wide_for = |two: f64| -> Vec<f64> {
        let of = |i: &usize| {
            if needs[*i].is_bare() {
                11.0
            } else if side_by_side(*i) {
                two
            } else {
                18.0
            }
        };
        columns.iter().map(|c| c.iter().map(of).fold(0.0, f64::max) * em).collect()
    };
    let fits = |w: &Vec<f64>| w.iter().sum::<f64>() + (n - 1.0) * gap_least + 2.0 * margin <= width;
    let roomy = Some(wide_for(25.0)).filter(fits);
    let widths = roomy.clone().unwrap_or_else(|| wide_for(18.0));
    let cards_wide: f64 = widths.iter().sum();
    let needed = cards_wide + (n - 1.0) * gap_least + 2.0 * margin;
    let gap = gap_least + ((width - needed).max(0.0) * 0.8 / (n - 1.0).max(1.0)).min(120.0);
    let mut x = ((width - cards_wide - gap * (n - 1.0)) / 2.0).max(margin);
    let mut cards = vec![Card::default(); needs.len()];
    let mut tallest: f64 = 0.0;
    for (column, w) in columns.iter().zip(&widths) {
        let narrow = *w < 16.5 * em;
        let heights: Vec<f64> = column
            .iter()
            .map(|i| (tall(&needs[*i], roomy.is_some() && side_by_side(*i), narrow) * em).ceil())
            .collect();
        let sum: f64 = heights.iter().sum();
        let k = column.len() as f64;
        let free = (height - sum - 2.0 * margin - (k - 1.0) * stack).max(0.0);
        let step = stack + if k > 1.0 { (free * 0.6 / (k - 1.0)).min(72.0) } else { 0.0 };
        let used = sum + (k - 1.0) * step;
        tallest = tallest.max(sum + (k - 1.0) * stack + 2.0 * margin);
        let mut y = ((height - used) / 2.0).max(margin);
        for (node, h) in column.iter().zip(heights) {
            let wide = roomy.is_some() && side_by_side(*node);
            cards[*node] =
                Card { rect: Rect { x: x.round(), y: y.round(), w: w.floor(), h }, wide, narrow };
            y += h + step;
        }
        x += w + gap;
    }
    Plan { em, width: needed.max(width), height: tallest.max(height), cards, ..Plan::default() }
}

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

fn routes(plan: &Plan, links: &[(usize, usize)]) -> Vec<Route> {
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
        sort(&mut there, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).is_lt());
        let k = there.iter().position(|t| t.1 == other).unwrap_or(0) as f64;
        let n = there.len().max(1) as f64;
        let (from, len) = if matches!(s, Side::Top | Side::Bottom) { (me.x, me.w) } else { (me.y, me.h) };
        let at = if there.len() < 2 {
            // Alone: as straight as the other card allows.
            level(you).clamp(from + len * 0.3, from + len * 0.7)
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
    let route = |&(a, b): &(usize, usize)| {
        let line = way(&rects, a, b, port(a, b), port(b, a));
        let upright = matches!(side(&rects[a], &rects[b]), Side::Top | Side::Bottom);
        let clear = |f: &f64| {
            let (p, _) = at(&line, *f);
            !rects.iter().any(|r| r.holds(p, 17.0))
        };
        let spots = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9];
        let middle = spots.into_iter().find(clear).unwrap_or(0.5);
        let handle = at(&line, middle).0;
        Route { a, b, line, upright, handle, middle }
    };
    links.iter().map(route).collect()
}

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
        let down = if q.y > p.y { 1.0 } else { -1.0 };
        let step = 22.0 * down;
        let mut lanes: Vec<f64> = Vec::new();
        for r in rects {
            lanes.extend([r.x - 10.0, r.right() + 10.0]);
        }
        for x in lanes.into_iter().filter(|x| *x > 4.0) {
            ways.push(round(&[
                p,
                Pt { x: p.x, y: p.y + step },
                Pt { x, y: p.y + step },
                Pt { x, y: q.y - step },
                Pt { x: q.x, y: q.y - step },
                q,
            ]));
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

impl Route {
    /// The line as an SVG path.
    #[must_use]
    pub fn path(&self) -> String {
        path(&self.line)
    }

    /// Where a token of this size stands that has come so far from `from`. Where messages meet, each
    /// direction keeps to its right; `lane` counts those that share a direction, so that none covers
    /// another.
    #[must_use]
    pub fn token(&self, from: usize, fraction: f64, (w, h): (f64, f64), meets: bool, lane: u32) -> Pt {
        let forth = from == self.a;
        let along = if forth { fraction } else { 1.0 - fraction };
        // All of it stays clear of the cards at both ends.
        let total = length(&self.line).max(1.0);
        let (_, way) = at(&self.line, along);
        let half =
            if self.upright { h / 2.0 / way.y.abs().max(0.3) } else { w / 2.0 / way.x.abs().max(0.3) };
        let clear = ((half + 4.0) / total).clamp(0.06, 0.46);
        let (p, way) = at(&self.line, clear + (1.0 - 2.0 * clear) * along);
        let steps = f64::from(lane) + if meets { 0.5 } else { 0.0 };
        // Sideways only, never towards a card.
        if self.upright {
            let right = if (way.y > 0.0) == forth { -1.0 } else { 1.0 };
            Pt { x: p.x + right * steps * (w + 6.0), y: p.y }
        } else {
            let right = if (way.x > 0.0) == forth { 1.0 } else { -1.0 };
            Pt { x: p.x, y: p.y + right * steps * (h + 6.0) }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn need(role: Role, status: bool, sections: &[u16]) -> Need {
        Need { role, status, sections: sections.to_vec() }
    }

    fn star(services: usize) -> (Vec<Need>, Vec<(usize, usize)>) {
        let mut needs = vec![need(Role::Client, false, &[]), need(Role::Coordinator, true, &[3])];
        let mut links = vec![(0, 1)];
        for i in 0..services {
            needs.push(need(Role::Service, true, &[2, 4]));
            links.push((1, 2 + i));
        }
        (needs, links)
    }

    fn overlap(a: &Rect, b: &Rect) -> bool {
        a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
    }

    #[test]
    fn no_card_covers_another_and_all_stand_in_the_room() {
        for (w, h) in [(360.0, 500.0), (412.0, 0.0), (700.0, 640.0), (900.0, 620.0), (1400.0, 420.0)] {
            for n in 1..=6 {
                let (needs, links) = star(n);
                let plan = plan(w, h, &needs, &needs, &links);
                for (i, a) in plan.cards.iter().enumerate() {
                    assert!(a.rect.x >= 0.0 && a.rect.right() <= plan.width, "{w}x{h} {n}: {a:?}");
                    assert!(a.rect.y >= 0.0 && a.rect.bottom() <= plan.height, "{w}x{h} {n}: {a:?}");
                    for b in &plan.cards[i + 1..] {
                        assert!(!overlap(&a.rect, &b.rect), "{w}x{h} {n}: {a:?} {b:?}");
                    }
                }
                assert!(plan.em >= 12.0);
            }
        }
    }

    #[test]
    fn links_pass_no_foreign_card() {
        for (w, h) in [(360.0, 0.0), (700.0, 640.0), (1100.0, 700.0)] {
            for n in 1..=6 {
                let (needs, links) = star(n);
                let plan = plan(w, h, &needs, &needs, &links);
                for r in &plan.routes {
                    for i in 0..=40 {
                        let (p, _) = at(&r.line, f64::from(i) / 40.0);
                        let hit = (0..needs.len())
                            .find(|k| *k != r.a && *k != r.b && plan.cards[*k].rect.holds(p, -1.0));
                        assert_eq!(hit, None, "{w}x{h}, {n} services, link {} to {}", r.a, r.b);
                    }
                }
            }
        }
    }

    #[test]
    fn a_low_and_wide_stage_runs_across() {
        let (needs, links) = star(2);
        let plan = plan(1400.0, 400.0, &needs, &needs, &links);
        assert!(plan.cards[0].rect.right() < plan.cards[1].rect.x);
        assert!(plan.height <= 400.5);
    }

    #[test]
    fn tokens_that_meet_pass_each_other() {
        let (needs, links) = star(2);
        let plan = plan(700.0, 640.0, &needs, &needs, &links);
        for r in &plan.routes {
            let there = r.token(r.a, 0.5, (90.0, 24.0), true, 0);
            let back = r.token(r.b, 0.5, (90.0, 24.0), true, 0);
            assert!(
                (there.x - back.x).abs() >= 90.0 || (there.y - back.y).abs() >= 24.0,
                "{there:?} {back:?}"
            );
        }
    }
}
