#![doc = include_str!("ARCHITECTURE.md")]

pub mod checker;
pub mod export;
#[cfg(not(target_arch = "wasm32"))]
pub mod headless;
pub mod scenario;
pub mod texts;
pub mod trace;
pub mod ui;

use converge_engine::sorted;
pub use converge_engine::{kernel, parts, patterns, space};
