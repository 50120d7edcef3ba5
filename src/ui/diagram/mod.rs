//! The stage and the sequence: a moment and a whole run as pictures.
//!
//! Owns: the layouts (pure Rust, built and tested without a browser), the two views, and the menu of
//! acts on what they show. A picture is a pure function of a frame or a run; parts are keyed by who
//! they are, so that a step touches only what it changed. Knows no protocol.

pub mod needs;
pub mod sequence_layout;
pub mod stage_layout;
pub mod words;

#[cfg(feature = "ui")]
mod acts_menu;
#[cfg(feature = "ui")]
mod flight;
#[cfg(feature = "ui")]
mod node_card;
#[cfg(feature = "ui")]
mod pointing;
#[cfg(feature = "ui")]
mod sequence;
#[cfg(feature = "ui")]
mod stage;
#[cfg(feature = "ui")]
mod wires;

#[cfg(feature = "ui")]
pub use sequence::SequenceView;
#[cfg(feature = "ui")]
pub use stage::StageView;
