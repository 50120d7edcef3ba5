//! Keyed dice: a draw is a pure function of the seed and of *what* is drawn for, never of how many
//! draws came before. A fault on one link therefore leaves the latencies of every other link alone,
//! and a recipe edited in the middle keeps its beginning.

/// Mixes a word well (the finaliser of `SplitMix64`, Steele, Lea and Flood 2014).
#[must_use]
pub const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A draw for one purpose: `stream` names what it is for, `index` which one of them.
#[must_use]
pub const fn draw(seed: u64, stream: u64, index: u64) -> u64 {
    mix(mix(seed ^ mix(stream)) ^ index)
}

/// A whole number below `n` from a draw; 0 when `n` is 0.
#[must_use]
pub const fn below(draw: u64, n: u64) -> u64 {
    if n == 0 { 0 } else { ((draw >> 32) * (n & 0xffff_ffff)) >> 32 }
}

/// Quantiles of a skewed latency with a tail, in thousandths of the range from least to most:
/// most messages are quick, a few are slow. An integer table, so that native and Wasm agree.
const TAIL: [u16; 32] = [
    0, 20, 40, 58, 76, 94, 111, 128, 145, 162, 179, 196, 213, 231, 249, 268, 287, 307, 328, 350, 373, 398,
    424, 452, 483, 517, 556, 602, 658, 731, 838, 1000,
];

/// A span between `least` and `most` microseconds, skewed to the quick end.
#[must_use]
pub const fn skewed(draw: u64, least: u64, most: u64) -> u64 {
    let range = most.saturating_sub(least);
    least + range * TAIL[(draw & 31) as usize] as u64 / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_purpose_alone() {
        assert_eq!(draw(7, 1, 3), draw(7, 1, 3));
        assert_ne!(draw(7, 1, 3), draw(7, 2, 3));
        assert_ne!(draw(7, 1, 3), draw(7, 1, 4));
        assert_ne!(draw(7, 1, 3), draw(8, 1, 3));
    }

    #[test]
    fn spans_stay_in_their_range_and_reach_its_ends() {
        let all: Vec<u64> = (0..4096).map(|i| skewed(draw(1, 0, i), 200, 900)).collect();
        assert_eq!(all.iter().min(), Some(&200));
        assert_eq!(all.iter().max(), Some(&900));
        let quick = all.iter().filter(|&&x| x < 550).count();
        assert!(quick > 2400, "the quick half should hold most draws, held {quick}");
    }

    #[test]
    fn below_covers_its_range() {
        let mut seen = [0u32; 6];
        for i in 0..600 {
            seen[below(draw(3, 9, i), 6) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 60), "{seen:?}");
        assert_eq!(below(u64::MAX, 0), 0);
    }
}
