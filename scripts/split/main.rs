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

mod cut;
mod data;
mod mark;
mod module;
mod site;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

type Fault = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["mark", from, to] => mark(Path::new(from), Path::new(to)),
        ["cut", dist, linked, used] => cut_site(Path::new(dist), Path::new(linked), Path::new(used)),
        ["whole", dist] => whole(Path::new(dist)),
        _ => Err("usage: split mark IN OUT | split cut DIST LINKED USED | split whole DIST".into()),
    };
    match done {
        Ok(said) => say(&said, ExitCode::SUCCESS),
        Err(fault) => say(&format!("error: {fault}"), ExitCode::from(2)),
    }
}

fn say(what: &str, code: ExitCode) -> ExitCode {
    // Nobody left to read it: the code says as much.
    let _ = writeln!(io::stderr(), "{what}");
    code
}

fn mark(from: &Path, to: &Path) -> Result<String, Fault> {
    let (marked, functions) = mark::marked(&fs::read(from)?)?;
    fs::write(to, marked)?;
    Ok(format!("{functions} functions are marked"))
}

fn cut_site(dist: &Path, linked: &Path, used: &Path) -> Result<String, Fault> {
    let site = site::Site::find(dist)?;
    let used: Vec<u32> = serde_json::from_str(&fs::read_to_string(used)?)?;
    let names = site.short_names()?;
    let cut = cut::cut(&fs::read(&site.wasm)?, &fs::read(linked)?, &used, &names)?;
    site.write(&names, &cut.first, Some(&cut.later))?;
    Ok(format!(
        "{} functions for the first lab, {} later ({} with a stand-in)",
        cut.kept, cut.moved, cut.stand_ins
    ))
}

fn whole(dist: &Path) -> Result<String, Fault> {
    let site = site::Site::find(dist)?;
    let names = site.short_names()?;
    let whole = module::bare(&fs::read(&site.wasm)?, &names)?;
    site.write(&names, &whole, None)?;
    Ok("the module stays whole".to_owned())
}
