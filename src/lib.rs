#![doc = include_str!("ARCHITECTURE.md")]

pub mod export;
#[cfg(not(target_arch = "wasm32"))]
pub mod headless;
pub mod kernel;
pub mod parts;
pub mod patterns;
pub mod scenario;
mod sorted;
pub mod texts;
pub mod trace;
pub mod ui;
