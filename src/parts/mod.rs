//! What services are made of: deterministic sub-machines with tests of their own. A part knows no
//! pattern; a pattern puts parts together.

pub mod broker;
pub mod database;
pub mod event_store;
pub mod grown;
pub mod idempotency;
pub mod members;
pub mod retry;
pub mod settled;
pub mod shop;
pub mod wal;
