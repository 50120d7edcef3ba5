//! How long to wait before asking again: doubling from a first wait up to a cap.
//!
//! Owns the arithmetic of waiting. Does not own the timer, nor the decision to give up.

use crate::kernel::Span;

/// A wait that doubles with every attempt, up to a cap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Backoff {
    /// The first wait.
    pub first: Span,
    /// No wait is longer (but the first one, if it is set above the cap).
    pub cap: Span,
}

impl Backoff {
    /// The wait before attempt `n`, counted from 0.
    #[must_use]
    pub fn wait(self, n: u32) -> Span {
        let doubled = self.first.times(1u64.checked_shl(n.min(63)).unwrap_or(u64::MAX));
        if doubled > self.cap { self.cap.max(self.first) } else { doubled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap_and_never_overflows() {
        let backoff = Backoff { first: Span::ms(60), cap: Span::ms(480) };
        let waits: Vec<u64> = (0..6).map(|n| backoff.wait(n).micros / 1000).collect();
        assert_eq!(waits, [60, 120, 240, 480, 480, 480]);
        assert_eq!(backoff.wait(u32::MAX), Span::ms(480));
    }

    #[test]
    fn a_cap_below_the_first_wait_keeps_the_first_wait() {
        let backoff = Backoff { first: Span::ms(60), cap: Span::ms(10) };
        assert_eq!((backoff.wait(0), backoff.wait(9)), (Span::ms(60), Span::ms(60)));
    }
}
