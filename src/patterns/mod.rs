//! The patterns, in learning order. A new one is a folder and two lines here.

pub mod change_data_capture;
pub mod choreographed_saga;
pub mod compensation;
pub mod cqrs;
pub mod event_bus;
pub mod event_sourcing;
pub mod outbox;
pub mod pattern;
pub mod saga;
pub mod three_phase_commit;
pub mod two_phase_commit;
pub mod whole_shop;

use pattern::Pattern;

/// Every pattern, in learning order.
pub static ALL: &[&Pattern] = &[
    &event_bus::PATTERN,
    &outbox::PATTERN,
    &change_data_capture::PATTERN,
    &event_sourcing::PATTERN,
    &cqrs::PATTERN,
    &compensation::PATTERN,
    &saga::PATTERN,
    &choreographed_saga::PATTERN,
    &two_phase_commit::PATTERN,
    &three_phase_commit::PATTERN,
    &whole_shop::PATTERN,
];

/// The pattern of this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Pattern> {
    ALL.iter().copied().find(|p| p.id == id)
}
