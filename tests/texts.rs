//! Every text is there in every language, with the same places; every text that is asked for exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use converge::patterns;
use converge::patterns::pattern::Range;
use converge::texts::{self, Lang};

/// The places of a text, each once: `{n?one|many}` counts as `n`.
fn places(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((place, after)) = after.split_once('}') else { panic!("an open brace in {text:?}") };
        let name = place.split(['?', '.', ':']).next().unwrap();
        found.insert(name.to_owned());
        rest = after;
    }
    found
}

fn check(what: &str, files: [&'static str; 2]) {
    let tables = files.map(|file| texts::entries(file).collect::<Vec<_>>());
    for (table, lang) in tables.iter().zip(Lang::ALL) {
        let mut names = BTreeSet::new();
        for (name, text) in table {
            assert!(names.insert(*name), "{what}, {}: {name} stands twice", lang.tag());
            assert!(!text.is_empty(), "{what}, {}: {name} is empty", lang.tag());
        }
    }
    let [en, pt] = &tables;
    let names =
        |table: &[(&'static str, &'static str)]| table.iter().map(|(n, _)| *n).collect::<BTreeSet<_>>();
    // A node's form inside a sentence or in short may be wanted in one language alone.
    let wanted = |n: &&&str| !(n.starts_with("node.") && (n.ends_with(".in") || n.ends_with(".short")));
    let missing: Vec<_> =
        names(en).symmetric_difference(&names(pt)).filter(|n| wanted(n)).copied().collect();
    assert!(missing.is_empty(), "{what}: in one language alone: {missing:?}");
    for (name, text) in en {
        let Some((_, other)) = pt.iter().find(|(n, _)| n == name) else { continue };
        assert_eq!(
            places(text),
            places(other),
            "{what}: the places of {name} differ:\n  {text}\n  {other}"
        );
    }
}

#[test]
fn common_texts_are_complete_in_both_languages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/texts");
    let read = |lang: &str, name: &str| -> &'static str {
        fs::read_to_string(root.join(lang).join(name))
            .unwrap_or_else(|_| panic!("{lang}/{name} is missing"))
            .leak()
    };
    let mut files: Vec<String> = fs::read_dir(root.join("en"))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert!(files.len() >= 2);
    for name in files {
        check(&name, [read("en", &name), read("pt-BR", &name)]);
        // Present on disk is not enough: the file must be one of those that are built in.
        for (entry, _) in texts::entries(read("en", &name)) {
            assert!(texts::COMMON.get(Lang::En, entry).is_some(), "{name} is not built in ({entry})");
        }
    }
}

#[test]
fn patterns_texts_are_complete_in_both_languages() {
    for pattern in patterns::ALL {
        check(pattern.id, pattern.texts);
        let names: BTreeSet<_> = texts::entries(pattern.texts[0]).map(|(n, _)| n).collect();
        let need = |name: String| {
            let common = texts::COMMON.get(Lang::En, &name).is_some();
            assert!(names.contains(name.as_str()) || common, "{}: {name} has no text", pattern.id);
        };
        for name in ["title", "summary", "not-modelled", "pros", "cons"] {
            need(name.to_owned());
        }
        for (group, kinds) in [
            ("message", pattern.messages),
            ("record", pattern.records),
            ("timer", pattern.timers),
            ("fact", pattern.facts),
            ("verb", pattern.verbs),
        ] {
            kinds.iter().for_each(|k| need(format!("{group}.{}", k.id)));
        }
        for param in pattern.all_params() {
            need(format!("param.{}", param.id));
            if let Range::Choice(choices) = param.range {
                choices.iter().for_each(|c| need(format!("param.{}.{c}", param.id)));
            }
        }
        for promise in pattern.promises {
            need(format!("promise.{}", promise.id));
            need(format!("promise.{}.about", promise.id));
        }
        for scenario in pattern.scenarios {
            need(format!("scenario.{}", scenario.id));
            need(format!("scenario.{}.about", scenario.id));
            let recipe = converge::scenario::find(pattern.id, scenario.id).expect("a shipped scenario");
            for node in recipe.start().0.nodes {
                need(format!("node.{}", node.id));
            }
        }
    }
}

/// Names of texts in the source: what stands in quotes and looks like `part.of-the-page`.
#[test]
fn every_text_that_the_code_asks_for_exists() {
    fn walk(at: &Path, seen: &mut u32) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, seen);
                continue;
            }
            if path.extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]").next().unwrap();
            for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
                for name in line.split('"').skip(1).step_by(2) {
                    let parts: Vec<&str> = name.split('.').collect();
                    let word =
                        |p: &&str| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                    if parts.len() >= 2 && parts.iter().all(word) && name != "converge.settings" {
                        *seen += 1;
                        let there = Lang::ALL.iter().all(|l| texts::COMMON.get(*l, name).is_some());
                        assert!(there, "{}: {name:?} has no text", path.display());
                    }
                }
            }
        }
    }
    let mut seen = 0;
    for folder in ["src/ui", "src/scenario", "src/trace", "src/export"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        if folder.exists() {
            walk(&folder, &mut seen);
        }
    }
    assert!(seen > 100, "found only {seen} names: the search itself is broken");
}
