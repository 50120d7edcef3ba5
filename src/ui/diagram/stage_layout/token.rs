//! Where a message stands on its way.

use super::{Pt, Route, at, length, path};

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
