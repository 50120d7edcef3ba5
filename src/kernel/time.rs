//! Simulated time. Nothing here knows a clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant of the simulation, in microseconds since its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimTime {
    /// Microseconds since the start of the run.
    pub micros: u64,
}

/// A length of simulated time, in microseconds. Two instants cannot be added; an instant and a span can.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// Microseconds.
    pub micros: u64,
}

impl SimTime {
    /// The start of every run.
    pub const ZERO: Self = Self { micros: 0 };
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self { micros: 0 };

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn ms(ms: u64) -> Self {
        Self { micros: ms.saturating_mul(1000) }
    }

    /// A span of microseconds.
    #[must_use]
    pub const fn us(micros: u64) -> Self {
        Self { micros }
    }

    /// This span `n` times.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self { micros: self.micros.saturating_mul(n) }
    }
}

impl Add<Span> for SimTime {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self { micros: self.micros.saturating_add(span.micros) }
    }
}

impl AddAssign<Span> for SimTime {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub for SimTime {
    type Output = Span;
    /// The span between two instants; zero when `earlier` is the later one.
    fn sub(self, earlier: Self) -> Span {
        Span { micros: self.micros.saturating_sub(earlier.micros) }
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ms", self.micros / 1000, self.micros % 1000)
    }
}
