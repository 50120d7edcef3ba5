//! The patterns, in learning order. A new one is a folder and two lines here.

pub mod database_per_service;
pub mod eventual_consistency;
pub mod pattern;
pub mod saga;
pub mod two_phase_commit;

use pattern::Pattern;

/// Every pattern, in learning order.
pub static ALL: &[&Pattern] = &[
    &database_per_service::PATTERN,
    &eventual_consistency::PATTERN,
    &saga::PATTERN,
    &two_phase_commit::PATTERN,
];

/// The pattern of this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Pattern> {
    ALL.iter().copied().find(|p| p.id == id)
}
