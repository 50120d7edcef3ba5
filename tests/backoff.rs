//! The retry part, held to a published experiment: Brooker's simulation of back-off and jitter
//! (AWS Architecture Blog 2015; `aws-samples/aws-arch-backoff-simulator`). So many clients each want
//! to write one versioned row once: read the version, write with it, and on a conflict wait and begin
//! anew. What waits do to the time until all are through, and to the calls that the row gets, is known.
//!
//! The waits come from `parts::retry` itself; the rest is a small model of that experiment in whole
//! microseconds: a hop takes |Normal(10 ms, 2 ms)|, the base is 5 ms, the cap 2 s.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use converge::kernel::{Span, dice};
use converge::parts::retry::{Jitter, Retries, RetryPolicy};

/// Runs of which the means are taken, as in the experiment.
const RUNS: u64 = 100;

/// How clients wait, in the order of the published figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wait {
    None,
    Expo,
    Equal,
    Full,
    Decorrelated,
}

const WAITS: [Wait; 5] = [Wait::None, Wait::Expo, Wait::Equal, Wait::Full, Wait::Decorrelated];

/// The experiment counts its first failure as 1 and waits `base·2ⁿ`, so that what doubles begins at
/// twice the base of 5 ms.
fn policy(wait: Wait) -> RetryPolicy {
    let (base, jitter) = match wait {
        Wait::None => (Span::ZERO, Jitter::None),
        Wait::Expo => (Span::ms(10), Jitter::None),
        Wait::Equal => (Span::ms(10), Jitter::Equal),
        Wait::Full => (Span::ms(10), Jitter::Full),
        Wait::Decorrelated => (Span::ms(5), Jitter::Decorrelated),
    };
    RetryPolicy { attempts: None, base, factor: 2, cap: Span::ms(2_000), jitter }
}

/// What is on its way, and to whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hop {
    Read(usize),
    Version(usize, u32),
    Write(usize, u32),
    Written(usize, bool),
}

/// One run: when the last client heard that it was through, in microseconds, and how many writes the
/// row was asked for.
fn run(clients: usize, wait: Wait, seed: u64) -> (u64, u64) {
    let policy = policy(wait);
    let mut draws = 0u64;
    let mut roll = |n: u64| {
        draws += 1;
        dice::below(dice::draw(seed, 7, draws), n)
    };
    // Twelve even draws less their mean are close to normal, with the deviation of one draw's range.
    fn hop(roll: &mut impl FnMut(u64) -> u64) -> u64 {
        let sum: u64 = (0..12).map(|_| roll(2_001)).sum();
        10_000u64.saturating_add(sum).abs_diff(12_000)
    }
    let mut due = BinaryHeap::new();
    let mut order = 0u32;
    let mut launch = |due: &mut BinaryHeap<_>, at: u64, what: Hop| {
        order += 1;
        due.push(Reverse((at, order, what)));
    };
    let mut retries = vec![Retries::default(); clients];
    for client in 0..clients {
        launch(&mut due, hop(&mut roll), Hop::Read(client));
    }
    let (mut version, mut calls, mut now) = (0u32, 0u64, 0u64);
    while let Some(Reverse((at, _, what))) = due.pop() {
        now = at;
        let next = match what {
            Hop::Read(client) => Some((0, Hop::Version(client, version))),
            Hop::Version(client, seen) => Some((0, Hop::Write(client, seen))),
            Hop::Write(client, seen) => {
                calls += 1;
                let won = seen == version;
                version += u32::from(won);
                Some((0, Hop::Written(client, won)))
            }
            Hop::Written(_, true) => None,
            Hop::Written(client, false) => {
                let wait = retries[client].fail(&policy, &mut roll).expect("nobody gives up");
                Some((wait.micros, Hop::Read(client)))
            }
        };
        if let Some((wait, what)) = next {
            launch(&mut due, at + wait + hop(&mut roll), what);
        }
    }
    assert_eq!(version as usize, clients, "everybody is through, once");
    (now, calls)
}

/// Mean time in milliseconds, and calls in tenths.
fn mean(clients: usize, wait: Wait) -> (u64, u64) {
    let mut sum = (0, 0);
    for seed in 1..=RUNS {
        let (time, calls) = run(clients, wait, seed);
        sum = (sum.0 + time, sum.1 + calls);
    }
    (sum.0 / RUNS / 1000, sum.1 * 10 / RUNS)
}

/// Clients; for each way to wait the mean time in milliseconds and the mean calls in tenths.
const PUBLISHED: [(usize, [(u64, u64); 5]); 4] = [
    (10, [(382, 506), (3_590, 510), (733, 424), (465, 386), (435, 379)]),
    (50, [(1_138, 6_900), (36_033, 6_230), (4_278, 3_470), (2_914, 3_320), (2_195, 3_730)]),
    (100, [(2_031, 24_260), (63_309, 18_460), (6_540, 8_130), (4_909, 7_960), (4_780, 9_990)]),
    (190, [(3_531, 79_970), (101_380, 51_500), (9_360, 17_610), (7_426, 17_720), (7_893, 24_300)]),
];

/// Whether two numbers differ by at most so many parts of a thousand.
fn near(found: u64, published: u64, per_mille: u64) -> bool {
    found.abs_diff(published) * 1000 <= published * per_mille
}

/// The experiment's figures within 6 % of time (the last of many clients varies) and 3 % of calls,
/// and what they teach: the order of the ways to wait.
#[track_caller]
fn check(clients: usize) {
    let (_, published) = *PUBLISHED.iter().find(|(n, _)| *n == clients).expect("published");
    let found = WAITS.map(|wait| mean(clients, wait));
    for ((wait, (time, calls)), (published_time, published_calls)) in
        WAITS.into_iter().zip(found).zip(published)
    {
        assert!(
            near(time, published_time, 60),
            "{clients}, {wait:?}: {time} ms, published {published_time}"
        );
        assert!(
            near(calls, published_calls, 30),
            "{clients}, {wait:?}: {calls} tenths of calls, published {published_calls}"
        );
    }
    let [none, expo, equal, full, decorrelated] = found;
    let jittered = [equal, full, decorrelated];
    for (time, calls) in jittered {
        assert!(expo.0 > 4 * time, "{clients}: without jitter the doubling takes longest by far");
        assert!(none.0 < time, "{clients}: not to wait at all is quickest");
        assert!(calls < expo.1 && calls < none.1, "{clients}: jitter saves calls");
    }
    assert!(decorrelated.0 < equal.0 && full.0 < equal.0, "{clients}: half a jitter takes longer");
    assert!(expo.1 * 2 > none.1, "{clients}: and without jitter it saves few calls");
    if clients > 10 {
        assert!(expo.1 < none.1);
        assert!(equal.1 < decorrelated.1 && full.1 < decorrelated.1, "{clients}: decorrelated asks more");
    }
}

#[test]
fn ten_clients() {
    check(10);
}

#[test]
fn fifty_clients() {
    check(50);
}

#[test]
fn a_hundred_clients() {
    check(100);
}

#[test]
fn a_hundred_and_ninety_clients() {
    check(190);
}

#[test]
fn the_same_seed_is_the_same_run() {
    for wait in WAITS {
        assert_eq!(run(20, wait, 5), run(20, wait, 5));
        assert!(run(20, wait, 5) != run(20, wait, 6), "{wait:?}: another seed is another run");
    }
}
