//! The headless command: what it prints where, and how it exits.

#![cfg(not(target_arch = "wasm32"))]

mod toy;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};

use converge::export;
use converge::headless::{BROKEN, HOLDS, Streams, TEXTS, UNREADABLE, run};
use converge::scenario::{Recipe, link, text};
use converge::texts::Lang;
use toy::{PATTERNS, TOY, check};

/// Exit status, standard output, standard error.
fn toy_run(args: &[&str], input: &[u8]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { input: &mut &*input, out: &mut out, err: &mut err };
    let status = run(PATTERNS, args.iter().map(OsString::from).collect(), &mut streams);
    let text = |bytes| String::from_utf8(bytes).expect("texts are UTF-8");
    (status, text(out), text(err))
}

/// The same of the real command.
fn command(args: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_converge"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.take().expect("piped").write_all(input).expect("it reads all, or nothing of nothing");
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("texts are UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_list_is_in_learning_order() {
    let (status, out, err) = command(&["list", "--json"], b"");
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let listed: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    let listed = listed.as_array().expect("of patterns");
    assert_eq!(listed.len(), converge::patterns::ALL.len());
    for (entry, pattern) in listed.iter().zip(converge::patterns::ALL) {
        assert_eq!(entry["id"], pattern.id);
        let ids = |key: &str| -> Vec<String> {
            let all = entry[key].as_array().expect("a list");
            for thing in all {
                assert!(thing["title"]["en"].is_string() && thing["title"]["pt-BR"].is_string());
            }
            all.iter().map(|thing| thing["id"].as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(ids("scenarios"), pattern.scenarios.iter().map(|s| s.id).collect::<Vec<_>>());
        assert_eq!(ids("promises"), pattern.promises.iter().map(|p| p.id).collect::<Vec<_>>());
    }
    let (status, out, _) = toy_run(&["list", "--lang", "pt-BR"], b"");
    assert_eq!(status, HOLDS);
    assert_eq!(out, "toy\n    toy/textbook  Todos respondem\n    toy/crash     A decisão não é contada\n");
}

#[test]
fn the_exit_status_says_whether_the_promises_hold() {
    let (status, out, err) = toy_run(&["run", "toy/textbook"], b"");
    assert_eq!((status, err.as_str()), (HOLDS, ""));
    assert_eq!(
        out,
        "toy: Everybody answers\nNothing is under way any more.\n    \
         Whoever asked is answered  holds\n    Everybody is up            holds\n"
    );
    let (status, out, err) = toy_run(&["run", "toy/crash", "--lang=pt-BR"], b"");
    assert_eq!(status, BROKEN);
    assert!(out.contains("    Todos estão no ar        quebrada\n"), "{out}");
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines.len(), 2, "{err}");
    assert!(lines[0].starts_with("Quebrada no passo "), "{err}");
    assert!(lines[0].ends_with(": Quem pediu tem resposta (answered). alguém ficou sem resposta"), "{err}");
    assert!(lines[1].ends_with(": Todos estão no ar (all-up). alguém está fora do ar"), "{err}");
}

#[test]
fn every_shipped_scenario_runs_and_exits_by_its_promises() {
    for pattern in converge::patterns::ALL {
        let Some(scenario) = pattern.scenarios.first() else { continue };
        let path = format!("{}/{}", pattern.id, scenario.id);
        let (status, out, err) = command(&["run", &path], b"");
        assert_eq!((status, err.as_str()), (Some(0), ""), "{path}: {out}");
    }
}

#[test]
fn a_recipe_comes_from_anywhere() {
    let recipe = Recipe::of_scenario(&TOY, "crash").expect("it exists");
    let written = text::write(&recipe);
    let wanted = toy_run(&["run", "toy/crash", "--fingerprints"], b"");
    assert!(wanted.1.lines().count() > 5);
    for line in wanted.1.lines() {
        let words: Vec<_> = line.split(' ').collect();
        assert!(words.len() == 3 && words[2].len() == 32, "{line}");
    }
    assert_eq!(toy_run(&["run", "-", "--fingerprints"], written.as_bytes()), wanted);
    let file = std::env::temp_dir().join(format!("converge-{}.recipe", std::process::id()));
    std::fs::write(&file, &written).expect("a temporary file");
    let path = file.to_str().expect("of letters");
    assert_eq!(toy_run(&["run", path, "--fingerprints"], b""), wanted);
    std::fs::write(&file, "converge 1\npattern toy\nset shops = 9\n").expect("a temporary file");
    let (status, _, err) = toy_run(&["run", path], b"");
    std::fs::remove_file(&file).expect("it is ours");
    assert_eq!(status, UNREADABLE);
    assert_eq!(err, format!("{path}: Line 3, column 13: “9” is out of range; it can be from 1 to 5.\n"));

    let mut other = recipe;
    other.seed = 99;
    let link = link::encode(&other);
    for address in
        [link.clone(), format!("#/lab/{link}"), format!("https://converge.example/#/lab/{link}?at=3")]
    {
        let (status, out, _) = toy_run(&["run", &address, "--fingerprints"], b"");
        assert_eq!(status, BROKEN);
        assert_eq!(out, toy_run(&["run", "toy/crash", "--fingerprints", "--seed", "99"], b"").1);
    }
}

#[test]
fn what_cannot_be_run_exits_with_two_and_names_the_place() {
    let mut golden = String::new();
    let cases: &[(&[&str], &str)] = &[
        (&[], ""),
        (&["walk"], ""),
        (&["run"], ""),
        (&["run", "toy/crash", "toy/textbook"], ""),
        (&["run", "toy/crash", "--loud"], ""),
        (&["run", "toy/crash", "--seed"], ""),
        (&["run", "toy/crash", "--seed", "lucky"], ""),
        (&["run", "toy/crash", "--export", "svg"], ""),
        (&["run", "toy/crash", "--lang", "tlh"], ""),
        (&["list", "--json=3"], ""),
        (&["run", "toy/crush"], ""),
        (&["run", "tow"], ""),
        (&["run", "no/such/file.recipe"], ""),
        (&["run", "toy/crash/r1.AAAA"], ""),
        (&["run", "https://converge.example/#/lab/toy/crash/r9.AAAA"], ""),
        (&["run", "-"], ""),
        (&["run", "-"], "converge 1\npattern toy\nfault crash nobody after start\n"),
    ];
    for (args, input) in cases {
        golden.push_str(&format!("$ converge {}\n", args.join(" ")));
        for lang in Lang::ALL {
            let with = [args, &["--lang", lang.tag()][..]].concat();
            // The option whose value is missing must stay the last.
            let args =
                if args.last() == Some(&"--seed") && lang == Lang::En { args.to_vec() } else { with };
            let (status, out, err) = toy_run(&args, input.as_bytes());
            assert_eq!((status, out.as_str()), (UNREADABLE, ""), "{args:?}");
            golden.push_str(&format!("    {err}"));
        }
    }
    let (status, _, err) = toy_run(&["run", "-"], b"converge 1\npattern toy\n# \xff\n");
    assert_eq!(status, UNREADABLE);
    golden.push_str(&format!("(no text)\n    {err}"));
    check("command-errors.txt", &golden);

    let (status, out, err) = command(&["run", "two-phase-commit/no-such-scenario"], b"");
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert!(err.contains("no-such-scenario"), "{err}");
    let (status, _, err) = command(&["run", "-"], b"converge 1\npattern nothing\n");
    assert_eq!(status, Some(2));
    assert!(err.contains("Line 2, column 9"), "{err}");
}

#[test]
fn help_and_versions() {
    let (status, out, _) = command(&["--help"], b"");
    assert_eq!(status, Some(0));
    for format in export::ALL {
        assert!(out.contains(format.id), "the help does not name {}", format.id);
    }
    let (status, out, _) = command(&["--version"], b"");
    assert_eq!(
        (status, out),
        (Some(0), format!("converge {} (recipes 1, links r1)\n", env!("CARGO_PKG_VERSION")))
    );
}

/// A run with one of each fault, in every format and language.
#[test]
fn exports_are_as_they_were() {
    let recipe = "converge 1\npattern toy\nseed 3\nset shops = 3\n\
                  do buy 1 at client 10 ms after start\n\
                  do buy 2 at client 300 ms after start\n\
                  do buy 3 at client 2000 ms after start\n\
                  fault duplicate order from client to coordinator\n\
                  fault drop ask from coordinator to books\n\
                  fault delay ask from coordinator to games by 40 ms\n\
                  fault fail ask from coordinator to music #2\n\
                  fault refuse write decision at coordinator\n\
                  fault crash coordinator after coordinator writes decision #2\n\
                  fault restart coordinator 50 ms after coordinator crashes\n\
                  fault pause books 100 ms after start\n\
                  fault resume books 30 ms after books pauses\n\
                  fault cut coordinator -> music 1900 ms after start\n\
                  fault slow games -> coordinator x5 1950 ms after start\n\
                  fault heal coordinator -> music 2500 ms after start\n";
    for format in export::ALL {
        for lang in Lang::ALL {
            let (status, out, err) =
                toy_run(&["run", "-", "--export", format.id, "--lang", lang.tag()], recipe.as_bytes());
            assert_eq!(status, BROKEN, "{err}");
            check(&format!("export.{}.{}", lang.tag(), format.extension), &out);
        }
    }
}

#[test]
fn a_long_run_stays_within_what_mermaid_reads() {
    let mut recipe = String::from("converge 1\npattern toy\nset shops = 5\n");
    // Copies of copies, for nearly as long as a script can be.
    recipe.push_str("set duplication = 1000 per mille\n");
    for n in 0..60 {
        recipe.push_str(&format!("do buy {n} at client {n} ms after start\n"));
    }
    let (_, out, _) = toy_run(&["run", "-", "--export", "mermaid"], recipe.as_bytes());
    assert!(out.chars().count() <= 50_000);
    assert!(out.lines().last().expect("lines").contains("did not fit into the diagram"), "{out}");
}

#[test]
fn json_lines_are_json_and_know_their_causes() {
    let (_, out, _) = toy_run(&["run", "toy/crash", "--export", "jsonl"], b"");
    let lines: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(lines[0]["converge"], 1);
    let recipe = lines[0]["recipe"].as_str().expect("the recipe");
    assert_eq!(
        text::parse_in(PATTERNS, recipe),
        Ok(Recipe::of_scenario(&TOY, "crash").expect("it exists"))
    );
    for (number, event) in lines.iter().skip(1).filter(|line| line.get("event").is_some()).enumerate() {
        assert_eq!(event["event"], number);
        if let Some(cause) = event["cause"].as_u64() {
            assert!(cause < number as u64, "an effect before its cause: {event}");
        }
    }
    assert_eq!(lines.iter().filter(|line| line.get("promise").is_some()).count(), TOY.promises.len());
}

#[test]
fn its_texts_are_complete_in_both_languages() {
    let [en, pt] = Lang::ALL.map(|lang| {
        let mut names = TEXTS.names(lang);
        names.sort_unstable();
        names
    });
    assert_eq!(en, pt);
    let code = concat!(include_str!("../src/headless/mod.rs"), include_str!("../src/headless/search.rs"));
    for name in en {
        assert!(code.contains(&format!("\"{name}\"")), "nobody says {name}");
    }
}
