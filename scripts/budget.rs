//! Weighs what the first lab needs: every file that `dist/index.html` names but those that come after the
//! first paint, raw and Brotli-compressed, and fails when the sum is over the budget. A page that is heavy to get is not tried.

// Only for the machine that builds: the compressor is not there for WebAssembly.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::{
        collections::BTreeSet,
        fs,
        io::{self, Write},
        path::{Path, PathBuf},
        process::ExitCode,
    };

    /// Bytes after Brotli, for everything together.
    const BUDGET: usize = 200_000;

    pub fn main() -> ExitCode {
        let dist = std::env::args().nth(1).map_or_else(|| PathBuf::from("dist"), PathBuf::from);
        match weigh(&dist) {
            Ok((report, sum)) => {
                let fits = sum <= BUDGET;
                let last = if fits { "within" } else { "OVER" };
                let report = format!("{report}{last} the budget of {BUDGET} bytes\n");
                let _ = io::stdout().write_all(report.as_bytes());
                if fits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(error) => {
                let _ =
                    writeln!(io::stderr(), "error: {}: {error} (scripts/build makes it)", dist.display());
                ExitCode::FAILURE
            }
        }
    }

    fn weigh(dist: &Path) -> io::Result<(String, usize)> {
        let mut report = format!("{:>9} {:>9}\n", "raw", "brotli");
        let (mut raw_sum, mut packed_sum) = (0, 0);
        // The second module and the second stylesheet come after the first paint: named, and not counted.
        let (later, needed): (Vec<_>, Vec<_>) = needed(dist)?
            .into_iter()
            .partition(|name| name.starts_with("later-") || name.starts_with("more-"));
        for name in needed {
            let raw = fs::read(dist.join(&name))?;
            let packed = brotli(&raw)?;
            report += &format!("{:>9} {packed:>9}  {name}\n", raw.len());
            raw_sum += raw.len();
            packed_sum += packed;
        }
        for name in later {
            let raw = fs::read(dist.join(&name))?;
            report += &format!("{:>9} {:>9}  {name} (afterwards)\n", raw.len(), brotli(&raw)?);
        }
        report += &format!("{raw_sum:>9} {packed_sum:>9}  for the first lab, ");
        Ok((report, packed_sum))
    }

    /// The page itself, what it names, and what its module imports.
    fn needed(dist: &Path) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::from(["index.html".to_owned()]);
        let mut unread = vec!["index.html".to_owned()];
        while let Some(name) = unread.pop() {
            if !(name.ends_with(".html") || name.ends_with(".js")) {
                continue;
            }
            let text = fs::read_to_string(dist.join(&name))?;
            let folder = Path::new(&name).parent().unwrap_or(Path::new("")).to_owned();
            // A file is needed if it is named and exists: addresses of other kinds fall out.
            for word in text.split(['"', '\'', '`', '=', ' ', '>']) {
                let Some(relative) = word.strip_prefix("./") else { continue };
                let path = folder.join(relative);
                if relative.is_empty() || !dist.join(&path).is_file() {
                    continue;
                }
                let found = path.to_string_lossy().replace('\\', "/");
                if names.insert(found.clone()) {
                    unread.push(found);
                }
            }
        }
        // boot.js fetches the texts of one language, and of the pattern that the first page shows: the
        // heavier language counts.
        let index = fs::read_to_string(dist.join("index.html"))?;
        let home = index.split("data-home=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
        let mut heaviest = (0, Vec::new());
        for entry in fs::read_dir(dist.join("texts"))? {
            let path = entry?.path();
            if !path.is_dir() {
                let lang = path.file_stem().unwrap_or_default().to_string_lossy();
                let files = vec![format!("texts/{lang}.txt"), format!("texts/{lang}/{home}.txt")];
                let mut sum = 0;
                for file in &files {
                    sum += brotli(&fs::read(dist.join(file))?)?;
                }
                heaviest = heaviest.max((sum, files));
            }
        }
        names.extend(heaviest.1);
        Ok(names)
    }

    fn brotli(raw: &[u8]) -> io::Result<usize> {
        let mut packed = Vec::new();
        let mut writer = brotli::CompressorWriter::new(&mut packed, 1 << 16, 11, 22);
        writer.write_all(raw)?;
        drop(writer);
        Ok(packed.len())
    }
}
