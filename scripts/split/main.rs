//! Cuts the page's WebAssembly in two: what the first lab needs, and what comes after it.
//!
//! ```text
//! split mark  IN OUT        a copy that notes which of its functions have run
//! split cut   DIST LINKED USED   DIST with its module cut along the numbers in the file USED;
//!                                LINKED is the module as the linker left it
//! split whole DIST          DIST with its module as it is, names left out
//! ```
//!
//! Which functions the first lab needs is not claimed but seen: `scripts/first-lab.mjs` runs the marked
//! copy in a browser. A function that the first module lacks is called through a slot of the table; when
//! the second module is not there yet, the slot's stand-in has it loaded on the spot, so that being
//! wrong about a function costs a wait and never a fault.
//!
//! Owns the two modules, their names (by content: a name that stays means bytes that stay) and the
//! places in `index.html` and in the glue where they are named. Does not own when the second is fetched:
//! that is `public/boot.js`.

// Only for the machine that builds: reader and writer of modules are not there for WebAssembly.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod commands;
#[cfg(not(target_arch = "wasm32"))]
mod cut;
#[cfg(not(target_arch = "wasm32"))]
mod data;
#[cfg(not(target_arch = "wasm32"))]
mod mark;
#[cfg(not(target_arch = "wasm32"))]
mod module;
#[cfg(not(target_arch = "wasm32"))]
mod site;

#[cfg(not(target_arch = "wasm32"))]
type Fault = Box<dyn std::error::Error>;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    commands::main()
}
