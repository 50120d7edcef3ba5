//! The kernel: one deterministic transition function for everything.
//!
//! Owns: identity, simulated time, keyed dice, fingerprints, machines and their erasure, faults as
//! data, the network, the world and its driver. Imports nothing else of the crate.
//!
//! Does not own: what a protocol is, what a trace looks like on a screen, any text a person reads.

pub mod describe;
pub mod dice;
pub mod erased;
pub mod event;
pub mod fault;
pub mod fingerprint;
pub mod id;
pub mod limits;
pub mod log;
pub mod machine;
pub mod network;
pub mod pieces;
pub mod time;
pub mod world;

mod apply;
mod driver;
mod schedule;
mod script;

pub use describe::{Cell, Description, Label, Mark, Mood, Row, Section, Shape};
pub use driver::Halt;
pub use event::{Lost, TraceEvent, TraceSink, What};
pub use fault::{Action, Anchor, Entry, Point, Script, Subject, Trigger};
pub use fingerprint::Fingerprint;
pub use id::{Args, MsgId, NodeId};
pub use limits::Limit;
pub use log::Log;
pub use machine::{Ctx, Event, Interference, Machine, Message, Ticket, Timer};
pub use network::Network;
pub use time::{SimTime, Span};
pub use world::{Act, Fault, NotEnabled, Observation, Step, World};
