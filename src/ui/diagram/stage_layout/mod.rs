//! Where things stand on the stage: pure geometry from the room there is and what the nodes need.
//!
//! Owns: rectangles of cards, the size of type, the routes of links and the way along them. Knows no
//! frame, no style and no browser. Lengths are CSS pixels unless a name says `em`.

mod line;
mod links;
mod ranks;
#[cfg(test)]
mod tests;
mod token;

pub use line::{at, beside, length, path};
use ranks::{Arrangement, SIZES, USUAL, arrange};

use crate::patterns::pattern::Role;

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
    /// Whether it has room for nothing but words.
    pub slim: bool,
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
    /// Whether there is no room for the handle beside cards and other handles: the link's acts are reached from the cards
    /// at its ends.
    pub crowded: bool,
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
    /// Lines that a section shows at most.
    pub lines: u16,
}

/// Under this width a stage is a phone's: it grows downwards and the page scrolls.
pub const NARROW: f64 = 560.0;

/// Lays out the stage. `brief` is what the cards need when they leave out all but the most telling
/// sections: used only where nothing else fits.
#[must_use]
pub fn plan(width: f64, height: f64, full: &[Need], brief: &[Need], links: &[(usize, usize)]) -> Plan {
    let width = width.max(240.0);
    let mut plan = fitting(width, height, full, brief).unwrap_or_else(|| {
        // It has to scroll: as little as can be. A phone reserves less for what is yet to come.
        let narrow = width < NARROW;
        let lines = if narrow { FEW } else { u16::MAX };
        let full = &capped(full, lines);
        let shapes =
            if narrow { &[Arrangement::Down][..] } else { &[Arrangement::Down, Arrangement::Led][..] };
        let plans = shapes.iter().map(|s| arrange(width, height, USUAL, full, *s, false).0);
        let plans = plans.map(|p| Plan { lines, ..p });
        plans.min_by(|a, b| a.height.total_cmp(&b.height)).unwrap_or_default()
    });
    plan.routes = links::routes(&plan, links);
    plan
}

/// Lines of a section on a phone.
const FEW: u16 = 3;

/// The same needs with no more than so many lines a section.
fn capped(needs: &[Need], lines: u16) -> Vec<Need> {
    let cap = |need: &Need| {
        let sections = need.sections.iter().map(|s| (*s).min(lines)).collect();
        Need { sections, ..need.clone() }
    };
    needs.iter().map(cap).collect()
}

/// The best arrangement that needs no scrolling: everything on the cards first, then whole ranks,
/// then the size of type.
fn fitting(width: f64, height: f64, full: &[Need], brief: &[Need]) -> Option<Plan> {
    if width < NARROW {
        return None;
    }
    for (needs, is_brief) in [(full, false), (brief, true)] {
        // Rather slim cards in one rank than a rank in two rows.
        for (broken, slim) in [(false, false), (false, true), (true, false)] {
            for em in SIZES.into_iter().filter(|em| !slim || *em <= USUAL) {
                for shape in Arrangement::ALL {
                    let (plan, whole) = arrange(width, height, em, needs, shape, slim);
                    let fits = plan.height <= height + 0.5 && plan.width <= width + 0.5;
                    if fits && (whole || broken) {
                        return Some(Plan { brief: is_brief, lines: u16::MAX, ..plan });
                    }
                }
            }
        }
    }
    None
}
