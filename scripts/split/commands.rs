//! The three commands.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::{Fault, cut, mark, module, site};

/// Carries out the command.
pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["mark", from, to] => mark_copy(Path::new(from), Path::new(to)),
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

fn mark_copy(from: &Path, to: &Path) -> Result<String, Fault> {
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
