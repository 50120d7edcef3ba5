//! The patterns, in learning order. A new one is a folder and two lines here.

pub mod change_data_capture;
pub mod choreographed_saga;
pub mod compensation;
pub mod cqrs;
pub mod database_per_service;
pub mod event_bus;
pub mod event_sourcing;
pub mod eventual_consistency;
pub mod outbox;
pub mod pattern;
pub mod saga;
pub mod three_phase_commit;
pub mod two_phase_commit;
pub mod whole_shop;

use pattern::Pattern;

macro_rules! patterns {
    ($($module:ident $id:literal,)*) => {
        /// Every pattern, in learning order.
        pub static ALL: &[&Pattern] = &[$(&$module::PATTERN),*];

        /// The same by name, each behind a function: who asks for one does not have all of them.
        pub static NAMES: &[(&str, fn() -> &'static Pattern)] = &[$(($id, || &$module::PATTERN)),*];
    };
}

patterns! {
    database_per_service "database-per-service",
    event_bus "event-bus",
    eventual_consistency "eventual-consistency",
    outbox "outbox",
    change_data_capture "change-data-capture",
    event_sourcing "event-sourcing",
    cqrs "cqrs",
    compensation "compensation",
    saga "saga",
    choreographed_saga "choreographed-saga",
    two_phase_commit "two-phase-commit",
    three_phase_commit "three-phase-commit",
    whole_shop "whole-shop",
}

/// The pattern of this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Pattern> {
    NAMES.iter().find(|(name, _)| *name == id).map(|(_, pattern)| pattern())
}
