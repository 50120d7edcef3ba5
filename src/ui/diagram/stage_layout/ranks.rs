//! Cards in ranks: who stands where, how wide and how tall, and at which size of type.

use super::{Card, NARROW, Need, Plan, Rect};
use crate::patterns::pattern::Role;

// The card's measures in em; style/stage.css holds to them.
const PAD: f64 = 0.7;
const HEAD: f64 = 2.1;
const HEAD_NARROW: f64 = 3.7;
const STATUS: f64 = 1.7;
const STATUS_NARROW: f64 = 3.1;
const SECTION: f64 = 2.0;
const LINE: f64 = 1.6;
/// Sizes of type, largest first; nothing on a card is ever smaller than 12 px.
pub(super) const SIZES: [f64; 8] = [17.0, 16.0, 15.0, 14.25, 13.5, 13.0, 12.5, 12.0];
/// Room between two rows of one rank.
const CLOSE: f64 = 44.0;
/// The size where cards need not fit the height.
pub(super) const USUAL: f64 = 13.0;

/// Most cards in a row of several roles, which have links with messages between them.
const BESIDE: usize = 3;

/// From this width in em sections stand side by side.
const WIDE: f64 = 22.0;
/// Under this width in em signs make way for words.
const SLIM: f64 = 12.6;

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

/// How ranks are arranged, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrangement {
    /// A rank a row.
    Down,
    /// The one who wants something beside the one who leads.
    Led,
    /// A rank a column.
    Across,
}

impl Arrangement {
    pub(super) const ALL: [Self; 3] = [Self::Down, Self::Led, Self::Across];
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
        if led && rows.len() == 1 && rows[0].len() + of.len() <= most.min(BESIDE) && role != Role::Service {
            rows[0].extend(of);
            continue;
        }
        let n = of.len().div_ceil(most.max(1));
        whole &= n == 1;
        rows.extend(of.chunks(of.len().div_ceil(n)).map(<[usize]>::to_vec));
    }
    (rows, whole)
}

/// A row of cards, measured.
struct Row {
    /// Its nodes.
    nodes: Vec<usize>,
    /// Their widths and heights.
    sizes: Vec<(f64, f64)>,
    /// Room between two of them.
    side: f64,
    /// The tallest.
    h: f64,
    /// Whether it holds several roles, so that links run from side to side.
    mixed: bool,
}

/// Whether a card of this width has its sections side by side, its mood under its name, and no room
/// for signs.
fn manner(need: &Need, w: f64, em: f64) -> (bool, bool, bool) {
    (need.sections.len() > 1 && w >= WIDE * em, w < 17.0 * em, w < SLIM * em)
}

fn measure(nodes: &[usize], room: f64, side: f64, em: f64, needs: &[Need]) -> Row {
    let n = nodes.len() as f64;
    let mixed = nodes.iter().any(|i| needs[*i].role != needs[nodes[0]].role);
    // Between several roles there is room for a message.
    let side = match (mixed, nodes.len()) {
        (false, _) => side,
        (true, 2) => 132.0,
        (true, _) => 92.0,
    };
    let room = room - (n - 1.0) * side;
    let client = if nodes.len() > 2 { 0.94 } else { 0.58 };
    let weight = |i: usize| match (mixed, needs[i].role, needs[i].sections.len()) {
        (true, Role::Client, _) => client,
        (true, _, 2..) => 1.15,
        _ => 1.0,
    };
    let weights: f64 = nodes.iter().map(|i| weight(*i)).sum();
    let size = |i: &usize| {
        let need = &needs[*i];
        let two = need.sections.len() > 1;
        let cap = match (need.is_bare(), two, nodes.len()) {
            (true, ..) => 15.0,
            (_, true, 1) => 36.0,
            (_, true, _) => 30.0,
            (_, false, _) => 21.0,
        };
        let w = (room * weight(*i) / weights).min(cap * em);
        let (wide, narrow, _) = manner(need, w, em);
        (w, (tall(need, wide, narrow) * em).ceil())
    };
    let mut sizes: Vec<(f64, f64)> = nodes.iter().map(size).collect();
    let h = sizes.iter().map(|s| s.1).fold(0.0, f64::max);
    // Nearly equal is equal; a card that needs far less is not drawn out empty.
    for size in sizes.iter_mut().filter(|s| h - s.1 < 3.5 * em) {
        size.1 = h;
    }
    Row { nodes: nodes.to_vec(), sizes, side, h, mixed }
}

/// Cards at a size of type, and whether every rank is whole. `slim` allows for narrower cards.
pub(super) fn arrange(
    width: f64,
    height: f64,
    em: f64,
    needs: &[Need],
    shape: Arrangement,
    slim: bool,
) -> (Plan, bool) {
    let narrow_room = width < NARROW;
    let (margin, side) = match (narrow_room, slim) {
        (true, _) => (12.0, 20.0),
        (false, false) => (20.0, 24.0),
        (false, true) => (16.0, 14.0),
    };
    if shape == Arrangement::Across {
        return (arrange_across(width, height, em, needs, margin), true);
    }
    let least = if narrow_room || slim { 11.6 * em } else { 14.0 * em };
    let most = ((width - 2.0 * margin + side) / (least + side)).floor().max(1.0) as usize;
    let (rows, whole) = ranks(needs, most, shape == Arrangement::Led);
    let gap_least = if narrow_room { 64.0 } else { 84.0 };
    let rows: Vec<Row> =
        rows.iter().map(|row| measure(row, width - 2.0 * margin, side, em, needs)).collect();
    // Between rows of one rank pass only links that go on; the others need room for messages.
    let role = |row: &Row| needs[row.nodes[0]].role;
    let close: Vec<bool> = rows.windows(2).map(|pair| role(&pair[0]) == role(&pair[1])).collect();
    let closed = close.iter().filter(|c| **c).count() as f64 * CLOSE;
    let cards_tall = rows.iter().map(|r| r.h).sum::<f64>() + closed;
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
    for (k, row) in rows.iter().enumerate() {
        let n = row.nodes.len() as f64;
        let sum: f64 = row.sizes.iter().map(|s| s.0).sum();
        // Room to spare goes between and around, but cards do not drift apart.
        let spare = (width - 2.0 * margin - sum - (n - 1.0) * row.side).max(0.0);
        let side = row.side + (spare / (n + 1.0)).min(sum / n * 0.6);
        let line = sum + (n - 1.0) * side;
        widest = widest.max(line + 2.0 * margin);
        let mut x = (width - line) / 2.0;
        for (node, (w, h)) in row.nodes.iter().zip(&row.sizes) {
            let (wide, narrow, slim) = manner(&needs[*node], *w, em);
            // Links from side to side run level.
            let down = if row.mixed { (row.h - h) / 2.0 } else { 0.0 };
            let rect = Rect { x: x.round(), y: (y + down).round(), w: w.floor(), h: *h };
            cards[*node] = Card { rect, wide, narrow, slim };
            x += w + side;
        }
        y += row.h + if close.get(k) == Some(&true) { CLOSE } else { gap };
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
            let rect = Rect { x: x.round(), y: y.round(), w: w.floor(), h };
            cards[*node] = Card { rect, wide, narrow, slim: *w < SLIM * em };
            y += h + step;
        }
        x += w + gap;
    }
    Plan { em, width: needed.max(width), height: tallest.max(height), cards, ..Plan::default() }
}
