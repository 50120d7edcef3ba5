//! One axis for everything that shows time: the time line, the sequence, the animation.
//!
//! Simulated time is too uneven to draw as it is: ten steps within a millisecond, then two seconds
//! of silence. On this axis every step has room, short spans keep their proportions, and long idle
//! ones are folded.

use crate::kernel::SimTime;

/// Least room between two steps, in units. A unit is a simulated millisecond where nothing is folded.
const LEAST: f64 = 1.6;
/// A span longer than this, in milliseconds, is folded to [`FOLDED`] units.
const LONG: f64 = 40.0;
/// Room of a folded span, in units.
const FOLDED: f64 = 14.0;

/// Positions of states along the axis, in units; state 0 stands at 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    at: Vec<f64>,
    folds: Vec<Fold>,
}

/// An idle span that was folded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fold {
    /// The state before it.
    pub state: u32,
    /// How long it is, in microseconds.
    pub micros: u64,
}

impl Axis {
    /// The axis for states at these times, ascending.
    pub fn new(times: impl IntoIterator<Item = SimTime>) -> Self {
        let mut at: Vec<f64> = Vec::new();
        let mut folds = Vec::new();
        let mut last = SimTime::ZERO;
        for time in times {
            let Some(&before) = at.last() else {
                at.push(0.0);
                last = time;
                continue;
            };
            let micros = (time - last).micros;
            let ms = micros as f64 / 1000.0;
            let room = if ms > LONG {
                folds.push(Fold { state: at.len() as u32 - 1, micros });
                FOLDED
            } else {
                ms.max(LEAST)
            };
            at.push(before + room);
            last = time;
        }
        if at.is_empty() {
            at.push(0.0);
        }
        Self { at, folds }
    }

    /// Where a state stands.
    #[must_use]
    pub fn position(&self, state: u32) -> f64 {
        self.at[(state as usize).min(self.at.len() - 1)]
    }

    /// The newest state at or before a position.
    #[must_use]
    pub fn state(&self, position: f64) -> u32 {
        // A hair of tolerance: a position that went through pixels comes back a little off.
        (self.at.partition_point(|&p| p <= position + 1e-6).max(1) - 1) as u32
    }

    /// Length of the axis.
    #[must_use]
    pub fn len(&self) -> f64 {
        *self.at.last().unwrap_or(&0.0)
    }

    /// Whether there is only one state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.len() < 2
    }

    /// How many states stand on it.
    #[must_use]
    pub fn states(&self) -> u32 {
        self.at.len() as u32
    }

    /// The folded spans, in order.
    #[must_use]
    pub fn folds(&self) -> &[Fold] {
        &self.folds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(ms: &[u64]) -> Axis {
        Axis::new(ms.iter().map(|&ms| SimTime { micros: ms * 1000 }))
    }

    #[test]
    fn every_step_has_room_and_silence_is_folded() {
        let axis = axis(&[0, 0, 0, 10, 2010]);
        assert!(axis.position(0).abs() < f64::EPSILON);
        assert!((1..5).all(|i| axis.position(i) >= axis.position(i - 1) + LEAST));
        assert_eq!(axis.folds(), [Fold { state: 3, micros: 2_000_000 }]);
        assert!(axis.len() < 50.0);
    }

    #[test]
    fn a_position_leads_back_to_its_state() {
        let axis = axis(&[0, 3, 3, 9, 500, 501]);
        for state in 0..axis.states() {
            assert_eq!(axis.state(axis.position(state)), state);
            assert_eq!(axis.state(axis.position(state) + 0.5), state);
        }
        assert_eq!(axis.state(-5.0), 0);
        assert_eq!(axis.state(1e9), 5);
    }
}
