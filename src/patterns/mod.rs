//! The patterns, in learning order. A new one is a folder and two lines here.

pub mod pattern;
pub mod saga;

use pattern::Pattern;

/// Every pattern, in learning order.
pub static ALL: &[&Pattern] = &[&saga::PATTERN];

/// The pattern of this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Pattern> {
    ALL.iter().copied().find(|p| p.id == id)
}
