//! Lengths and angles in words of CSS and SVG, without the standard library's printing of floats: that
//! is exact to the last bit, and weighs as much as a small panel.

use std::fmt;

/// A number with a fixed count of decimal places.
#[derive(Clone, Copy)]
pub struct Fixed(i64, u32);

/// A number with so many decimal places, at most nine.
#[must_use]
pub fn fixed(value: f64, places: u32) -> Fixed {
    Fixed((value * f64::from(10u32.pow(places))).round() as i64, places)
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, places) = *self;
        let unit = 10u64.pow(places);
        let (sign, all) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
        let (whole, part) = (all / unit, all % unit);
        f.write_str(sign)?;
        whole.fmt(f)?;
        if part == 0 {
            return Ok(());
        }
        f.write_str(".")?;
        let mut rest = part;
        let mut digit = unit / 10;
        while rest > 0 {
            (rest / digit).fmt(f)?;
            rest %= digit;
            digit /= 10;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::fixed;

    #[test]
    fn numbers_are_short_and_right() {
        for (value, places, text) in [
            (0.0, 1, "0"),
            (-0.04, 1, "0"),
            (1.25, 2, "1.25"),
            (-12.05, 1, "-12.1"),
            (99.95, 1, "100"),
            (0.05, 2, "0.05"),
            (33.333_333, 3, "33.333"),
            (100.0, 3, "100"),
            (1.001, 3, "1.001"),
            (f64::NAN, 1, "0"),
        ] {
            assert_eq!(fixed(value, places).to_string(), text);
        }
    }
}
