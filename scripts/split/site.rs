//! The built site: where its module is named, and under which names it is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Fault;

/// The files that the cut touches.
pub struct Site {
    dist: PathBuf,
    /// The module.
    pub wasm: PathBuf,
    glue: PathBuf,
    /// What the names of both begin with.
    stem: String,
}

/// Names of imports: the module's own, and the short ones.
pub type Names = BTreeMap<String, String>;

/// What follows the name of an import in the glue.
const KEY: &str = ": function(";

/// Where the glue asks for its imports: the second module's loader joins them there.
const IMPORTS: &str = "const imports = __wbg_get_imports();";
const IMPORTS_AND_LATER: &str =
    "const imports = __wbg_get_imports(); imports.later = globalThis.convergeLater;";

impl Site {
    /// Finds them.
    pub fn find(dist: &Path) -> Result<Self, Fault> {
        let mut found = None;
        for entry in fs::read_dir(dist)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if let Some(stem) = name.strip_suffix("_bg.wasm") {
                found = Some(stem.to_owned());
            }
        }
        let stem = found.ok_or("there is no *_bg.wasm: run this after Trunk, once")?;
        Ok(Self {
            dist: dist.to_owned(),
            wasm: dist.join(format!("{stem}_bg.wasm")),
            glue: dist.join(format!("{stem}.js")),
            stem,
        })
    }

    /// What the module imports of the glue, and a short name for each: the long ones are hashes.
    pub fn short_names(&self) -> Result<Names, Fault> {
        let glue = fs::read_to_string(&self.glue)?;
        let keys = glue.lines().filter_map(|line| Some(line.split_once(KEY)?.0.trim()));
        let long = keys.filter(|key| key.starts_with("__wb"));
        Ok(long.enumerate().map(|(i, key)| (key.to_owned(), format!("i{i}"))).collect())
    }

    /// Puts modules and glue in place, each named after what is in it.
    pub fn write(&self, names: &Names, first: &[u8], later: Option<&[u8]>) -> Result<(), Fault> {
        let index = self.dist.join("index.html");
        let mut html = fs::read_to_string(&index)?;
        let mut glue = fs::read_to_string(&self.glue)?;
        fs::remove_file(&self.wasm)?;
        fs::remove_file(&self.glue)?;

        let name = format!("page-{}.wasm", digest(first));
        fs::write(self.dist.join(&name), first)?;
        html = html.replace(&format!("{}_bg.wasm", self.stem), &name);
        if let Some(later) = later {
            let name = format!("later-{}.wasm", digest(later));
            fs::write(self.dist.join(&name), later)?;
            let mark = "data-wasm=\"./";
            if !html.contains(mark) {
                return Err(format!("index.html has no {mark}").into());
            }
            html = html.replace(mark, &format!("data-later=\"./{name}\" {mark}"));
            if glue.matches(IMPORTS).count() == 0 {
                return Err("the glue of wasm-bindgen no longer asks for its imports as it did".into());
            }
            glue = glue.replace(IMPORTS, IMPORTS_AND_LATER);
        }
        glue = shortened(&glue, names);
        // The second stylesheet is not named by Trunk.
        let more = fs::read(self.dist.join("more.css"))?;
        let name = format!("more-{}.css", digest(&more));
        fs::rename(self.dist.join("more.css"), self.dist.join(&name))?;
        html = html.replace("\"./more.css\"", &format!("\"./{name}\""));
        let name = format!("page-{}.js", digest(glue.as_bytes()));
        html = html.replace(&format!("{}.js", self.stem), &name);
        fs::write(self.dist.join(&name), glue)?;
        fs::write(index, html)?;
        Ok(())
    }
}

/// Code with short names of imports, without indentation, and without comments that have lines of their
/// own. No text of the glue goes over several lines.
fn shortened(code: &str, names: &Names) -> String {
    let mut out = String::new();
    for line in code.lines().map(str::trim) {
        if line.is_empty()
            || line == "*"
            || ["//", "/*", "*/", "* "].iter().any(|sign| line.starts_with(sign))
        {
            continue;
        }
        match line.split_once(KEY).and_then(|(key, rest)| Some((names.get(key)?, rest))) {
            Some((short, rest)) => out += &[short, KEY, rest].concat(),
            None => out += line,
        }
        out.push('\n');
    }
    out
}

/// 16 letters that change with the content: FNV-1a, 64 bits.
fn digest(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}
