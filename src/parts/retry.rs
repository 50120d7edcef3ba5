//! When to try again: exponential back-off with jitter, from whole numbers alone.
//!
//! Owns the arithmetic. Does not own timers, nor what counts as a failure, nor the dice: a machine
//! rolls them with [`crate::kernel::Ctx::roll`].

use crate::kernel::Span;

/// How waits are spread, so that clients who failed together do not come back together
/// (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Half of the wait is certain, half is chance.
    #[default]
    Equal,
    /// All of the wait is chance.
    Full,
    /// Between the base and three times the wait before: each client goes its own way, whatever the
    /// count of its failures ([`RetryPolicy::wait_after`]).
    Decorrelated,
}

/// Exponential back-off: `base`, `base·factor`, `base·factor²`, … and never more than `cap`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RetryPolicy {
    /// How often to try in all, the first time included; `None`: until it works.
    pub attempts: Option<u32>,
    /// The wait after the first failure.
    pub base: Span,
    /// What a wait is multiplied by for the next one; 1 keeps it constant.
    pub factor: u32,
    /// The longest wait.
    pub cap: Span,
    /// How waits are spread.
    pub jitter: Jitter,
}

impl RetryPolicy {
    /// How long to wait after so many failed attempts (counted from 1) before the next;
    /// `None` when it was the last. `roll(n)` gives a whole number below `n`.
    /// Decorrelated jitter, which needs the wait before, starts anew here each time.
    pub fn wait(&self, failed: u32, roll: impl FnOnce(u64) -> u64) -> Option<Span> {
        self.wait_after(failed, self.base, roll)
    }

    /// The same for one who remembers how long it waited the last time; the base, if it has not
    /// waited yet. Only decorrelated jitter asks.
    pub fn wait_after(&self, failed: u32, before: Span, roll: impl FnOnce(u64) -> u64) -> Option<Span> {
        if self.attempts.is_some_and(|most| failed >= most) {
            return None;
        }
        let full = self.full(failed);
        Some(match self.jitter {
            Jitter::None => full,
            Jitter::Equal => Span::us(full.micros - full.micros / 2 + roll(full.micros / 2 + 1)),
            Jitter::Full => Span::us(roll(full.micros + 1)),
            Jitter::Decorrelated => {
                let range = before.times(3).micros.saturating_sub(self.base.micros);
                Span::us(self.base.micros.saturating_add(roll(range + 1)).min(self.cap.micros))
            }
        })
    }

    /// The wait after so many failed attempts, without jitter.
    #[must_use]
    pub fn full(&self, failed: u32) -> Span {
        let mut micros = self.base.micros.min(self.cap.micros);
        for _ in 1..failed {
            if micros >= self.cap.micros || self.factor <= 1 {
                break;
            }
            micros = micros.saturating_mul(u64::from(self.factor)).min(self.cap.micros);
        }
        Span::us(micros)
    }
}

/// One more attempt, for a count that waits hang on: it stops where waits have long stopped growing.
/// Two nodes that have both tried in vain for long are in the same state, or a search of every world
/// would count them on for ever.
#[must_use]
pub const fn counted(attempts: u32) -> u32 {
    if attempts < 24 { attempts + 1 } else { attempts }
}

/// How far one request has got: its failures so far, and the wait before, which decorrelated jitter
/// goes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Retries {
    /// Failed attempts.
    pub failed: u32,
    before: Span,
}

impl Retries {
    /// Another attempt failed: how long to wait before the next; `None` when it was the last.
    pub fn fail(&mut self, policy: &RetryPolicy, roll: impl FnOnce(u64) -> u64) -> Option<Span> {
        self.failed += 1;
        let wait = policy.wait_after(self.failed, self.before.max(policy.base), roll)?;
        // Only what matters later is kept: a draw in the state would make equal worlds differ.
        if policy.jitter == Jitter::Decorrelated {
            self.before = wait;
        }
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: Some(5),
        base: Span::ms(40),
        factor: 2,
        cap: Span::ms(250),
        jitter: Jitter::None,
    };

    #[test]
    fn waits_double_up_to_the_cap_and_end_with_the_attempts() {
        let waits: Vec<_> = (1..=5).map(|n| POLICY.wait(n, |_| 0)).collect();
        let ms = |n| Some(Span::ms(n));
        assert_eq!(waits, [ms(40), ms(80), ms(160), ms(250), None]);
        let endless = RetryPolicy { attempts: None, ..POLICY };
        assert_eq!(endless.wait(u32::MAX, |_| 0), ms(250));
    }

    #[test]
    fn a_count_of_attempts_comes_to_an_end() {
        let counts = (0..1000).fold(0, |count, _| counted(count));
        assert_eq!((counted(0), counts), (1, 24));
        assert_eq!(POLICY.full(counts), POLICY.cap);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let equal = RetryPolicy { jitter: Jitter::Equal, ..POLICY };
        assert_eq!(equal.wait(2, |_| 0), Some(Span::ms(40)));
        assert_eq!(equal.wait(2, |n| n - 1), Some(Span::ms(80)));
        let full = RetryPolicy { jitter: Jitter::Full, ..POLICY };
        assert_eq!(full.wait(2, |_| 0), Some(Span::ZERO));
        assert_eq!(full.wait(2, |n| n - 1), Some(Span::ms(80)));
    }
    #[test]
    fn decorrelated_jitter_goes_by_the_wait_before_and_stays_between_base_and_cap() {
        let policy = RetryPolicy { jitter: Jitter::Decorrelated, ..POLICY };
        let after = |before, roll: fn(u64) -> u64| policy.wait_after(1, Span::ms(before), roll);
        assert_eq!(after(40, |_| 0), Some(Span::ms(40)), "never below the base");
        assert_eq!(after(40, |n| n - 1), Some(Span::ms(120)), "at most three times the wait before");
        assert_eq!(after(120, |n| n - 1), Some(Span::ms(250)), "never above the cap");
        assert_eq!(policy.wait(4, |n| n - 1), Some(Span::ms(120)), "without a memory: as the first time");
        assert_eq!(policy.wait_after(5, Span::ms(40), |_| 0), None, "and it ends with the attempts");
    }

    #[test]
    fn no_base_is_no_wait() {
        let none = RetryPolicy { base: Span::ZERO, attempts: None, ..POLICY };
        assert_eq!((none.wait(1, |_| 0), none.wait(9, |_| 0)), (Some(Span::ZERO), Some(Span::ZERO)));
    }

    #[test]
    fn a_request_remembers_its_failures_and_its_wait() {
        let policy = RetryPolicy { jitter: Jitter::Decorrelated, ..POLICY };
        let mut retries = Retries::default();
        let waits: Vec<_> = (0..5).map(|_| retries.fail(&policy, |n| n - 1)).collect();
        let ms = |n| Some(Span::ms(n));
        assert_eq!(waits, [ms(120), ms(250), ms(250), ms(250), None]);
        assert_eq!(retries.failed, 5);
    }
}
