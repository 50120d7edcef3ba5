//! What happened, kept so that time is exact in both directions.
//!
//! Owns: the recorded run with its checkpoints, branches, what the picture of a moment shows, the
//! common axis of time, and sentences. Does not own pixels, nor any format on disk.

pub mod acts;
pub mod axis;
pub mod chart;
pub mod copies;
pub mod cost;
pub mod frame;
mod names;
pub mod run;
pub mod speak;
pub mod story;
pub mod timeline;

pub use axis::Axis;
pub use chart::{Chart, Flight, FlightEnd};
pub use frame::{Frame, NodeView};
pub use run::{Lane, Run, Stage};
pub use speak::Speaker;
pub use story::Story;
pub use timeline::{Branch, Timeline};
