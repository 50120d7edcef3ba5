//! The engines: everything that steps. See the house's plan in the crate `converge`, which hands
//! these modules on; they are a crate of their own to be compiled for speed where the page around
//! them is compiled for size.

pub mod parts;
pub mod patterns;
pub mod sorted;
pub mod space;

pub use converge_kernel as kernel;
