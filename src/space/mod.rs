//! The space of worlds: every one that can be reached, breadth first, each met once.
//!
//! A world is kept as the numbers of its pieces: of each node in its state, of each message, of links
//! and ledger. A handler sees its node and its event and nothing else, so what it did once it always
//! does: it runs once for each state of a node and each event, by [`World::apply`](crate::kernel::World),
//! and the change is remembered with what it adds to the fingerprint. Where nothing is met again (one
//! node that is a whole specification, say), the memory is given up.
//!
//! Owns the walk, the worlds that were seen, and what may be done to them. Does not own recipes, or what
//! a reader is told: that is the checker's.

mod budget;
mod known;
mod memo;
mod moves;
mod rest;
mod seen;
mod setting;
mod walk;
mod watch;
mod way;
mod words;

pub use budget::Allowed;
pub use setting::Setting;
pub use walk::Space;
pub use watch::Projection;
