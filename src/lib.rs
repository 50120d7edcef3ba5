#![doc = include_str!("ARCHITECTURE.md")]

pub mod kernel;
pub mod parts;
pub mod patterns;
pub mod scenario;
pub mod texts;
pub mod trace;
pub mod ui;
