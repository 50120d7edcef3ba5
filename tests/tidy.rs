//! The layering of `src/ARCHITECTURE.md`, read from the source itself.

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below a folder of `src`, with its path from there and its code: comments, texts
/// in quotes and unit tests are left out.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(at: &Path, out: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root.join(folder), &mut paths);
    assert!(!paths.is_empty(), "src/{folder} holds no source");
    paths
        .into_iter()
        .map(|path| {
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]").next().unwrap().to_owned();
            let code: Vec<&str> = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
            (path.strip_prefix(&root).unwrap().to_owned(), code.join("\n"))
        })
        .collect()
}

/// No file of a folder has one of these words, but for the files that may.
fn check(folder: &str, banned: &[&str], except: &[&str], why: &str) {
    for (path, code) in sources(folder) {
        let name = path.to_string_lossy().replace('\\', "/");
        if except.iter().any(|e| name.starts_with(e)) {
            continue;
        }
        for word in banned {
            for (n, line) in code.lines().enumerate() {
                assert!(
                    !has_word(line, word),
                    "{name}: `{word}` in `{}` (line {} of code): {why}",
                    line.trim(),
                    n + 1
                );
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(i, _)| {
        boundary(line[..i].chars().next_back()) && boundary(line[i + word.len()..].chars().next())
    })
}

const CHANCE: &[&str] = &[
    "f32",
    "f64",
    "HashMap",
    "HashSet",
    "DefaultHasher",
    "RandomState",
    "SystemTime",
    "Instant",
    "rand",
    "getrandom",
    "thread_rng",
];

#[test]
fn engines_know_no_float_no_clock_no_chance_and_no_unordered_map() {
    for folder in ["kernel", "parts", "patterns"] {
        check(folder, CHANCE, &[], "same recipe, same fingerprints, everywhere");
    }
    check("scenario", &["f32", "f64", "HashMap", "HashSet"], &[], "a recipe holds whole numbers, in order");
}

#[test]
fn layers_import_downwards_only() {
    let layer = |folder: &str, banned: &[&str]| {
        let banned: Vec<String> = banned.iter().map(|b| format!("crate::{b}")).collect();
        let banned: Vec<&str> = banned.iter().map(String::as_str).collect();
        check(folder, &banned, &[], "an arrow of ARCHITECTURE.md points the other way");
    };
    layer("kernel", &["parts", "patterns", "scenario", "trace", "export", "ui", "texts", "headless"]);
    layer("parts", &["patterns", "scenario", "trace", "export", "ui", "texts", "headless"]);
    layer("patterns", &["scenario", "trace", "export", "ui", "headless"]);
    layer("scenario", &["trace", "export", "ui", "headless"]);
    layer("trace", &["checker", "export", "ui", "headless"]);
    layer("checker", &["trace", "export", "ui", "headless"]);
    layer("export", &["ui", "headless"]);
    layer("texts", &["kernel", "parts", "patterns", "scenario", "trace", "export", "ui", "headless"]);
}

#[test]
fn a_pattern_imports_no_sibling() {
    for (path, code) in sources("patterns") {
        let mut parts = path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).skip(1);
        let folder = parts.next().unwrap();
        if folder.ends_with(".rs") {
            continue;
        }
        for line in code.lines().filter(|l| l.contains("crate::patterns::")) {
            let allowed = line.contains("crate::patterns::pattern")
                || line.contains(&format!("crate::patterns::{folder}"));
            assert!(allowed, "{}: `{}` reaches into a sibling", path.display(), line.trim());
        }
    }
}

#[test]
fn the_screen_stays_in_its_room() {
    for folder in ["kernel", "parts", "patterns", "scenario", "checker", "trace", "export", "texts"] {
        let web = ["leptos", "web_sys", "wasm_bindgen", "js_sys", "gloo_timers"];
        check(folder, &web, &[], "the engine knows no screen");
    }
    check("ui", &["web_sys"], &["ui/browser.rs"], "only ui::browser names web_sys");
}

/// Leptos' own names work as well, and are compiled anew at every place: that is how a page grows fat.
#[test]
fn the_page_uses_its_own_view_and_signals() {
    for (path, code) in sources("ui") {
        let own = |name: &str| {
            path.ends_with("reactive.rs")
                || code.lines().any(|l| l.contains("reactive::") && has_word(l, name))
                || !code.lines().any(|l| {
                    !l.trim_start().starts_with("//")
                        && (l.contains(&format!("{name}::new")) && has_word(l, name))
                })
        };
        let view = !code.contains("view! {") || code.contains("use converge_view::view;");
        assert!(view, "{}: `use converge_view::view;` is missing", path.display());
        for name in ["Memo", "RwSignal", "Effect"] {
            assert!(own(name), "{}: `use crate::ui::reactive::{name};` is missing", path.display());
        }
    }
}

#[test]
fn formats_live_in_their_layers() {
    for folder in ["kernel", "parts", "patterns", "trace"] {
        check(
            folder,
            &["serde", "Serialize", "Deserialize", "serde_json", "postcard"],
            &[],
            "scenario and export own the formats",
        );
    }
}

#[test]
fn nothing_is_unsafe_and_no_test_is_ignored() {
    for folder in ["", "../tests"] {
        for (path, code) in sources(folder) {
            if path.ends_with("tidy.rs") {
                continue;
            }
            assert!(
                !code.contains("unsafe {") && !code.contains("unsafe fn"),
                "{}: unsafe",
                path.display()
            );
            assert!(!code.contains("#[ignore"), "{}: an ignored test tests nothing", path.display());
        }
    }
}

#[test]
fn every_folder_of_a_pattern_is_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/patterns");
    let mut folders: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().replace('_', "-"))
        .collect();
    folders.sort();
    let mut listed: Vec<String> = converge::patterns::ALL.iter().map(|p| p.id.to_owned()).collect();
    listed.sort();
    assert_eq!(folders, listed, "a pattern is a folder and its line in the list");
}

#[test]
fn no_file_grew_past_its_room() {
    let long: Vec<String> = sources("")
        .into_iter()
        .map(|(path, _)| {
            (
                fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&path)).unwrap(),
                path,
            )
        })
        .filter(|(code, _)| code.lines().count() > 520)
        .map(|(code, path)| format!("{} ({})", path.display(), code.lines().count()))
        .collect();
    assert!(long.is_empty(), "past about 400 lines a file wants a second room: {long:?}");
}

#[test]
fn every_icon_that_is_asked_for_is_drawn() {
    let files = sources("ui");
    let (_, drawn) = files.iter().find(|(path, _)| path.ends_with("icons.rs")).expect("ui/icons.rs");
    let mut asked = 0;
    for (path, code) in &files {
        for rest in code.split("<Icon name=\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(drawn.contains(&format!("\"{name}\"")), "{}: there is no icon {name}", path.display());
            asked += 1;
        }
    }
    assert!(asked > 20, "only {asked} icons are asked for: the search itself is broken");
}

#[test]
fn the_optimiser_is_pinned_once_and_twice_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let versions = fs::read_to_string(root.join("scripts/versions")).unwrap();
    let trunk = fs::read_to_string(root.join("Trunk.toml")).unwrap();
    let pinned = versions.lines().find_map(|l| l.strip_prefix("BINARYEN=")).unwrap();
    let number = pinned.trim_matches('"').split('.').next().unwrap();
    assert!(
        trunk.contains(&format!("wasm_opt = \"version_{number}\"")),
        "Trunk.toml and scripts/versions differ"
    );
}
