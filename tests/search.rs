//! The headless search: what it counts, prints and answers.

#![cfg(not(target_arch = "wasm32"))]

use std::process::Command;

use converge::headless::{BROKEN, HOLDS, LIMIT, UNREADABLE};

/// Exit status, standard output, standard error.
fn check(args: &str, status: u8) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_converge"))
        .arg("search")
        .args(args.split(' '))
        .output()
        .expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("texts are UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(status.into()), "search {args}: {out}{err}");
    (out, err)
}

const MODEL: &str = "two-phase-commit/model --set participants=2";

#[test]
fn the_model_is_counted() {
    let (out, err) = check(&format!("{MODEL} --project twophase --project tcommit --json"), HOLDS);
    assert_eq!(err, "");
    let found: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(found["projections"]["twophase"], 56);
    assert_eq!(found["projections"]["tcommit"], 12);
    assert_eq!((&found["states"], &found["complete"]), (&4_568.into(), &true.into()));
    assert_eq!(found["broken"], serde_json::json!([]));
}

#[test]
fn what_is_broken_is_named_with_its_shortest_way() {
    let args =
        "two-phase-commit/model --set participants=2 --set vote-order=send-first --crashes 1 --lang pt-BR";
    let (out, _) = check(args, BROKEN);
    assert!(out.contains("(agreement)") && out.contains("Quebrada"), "{out}");
}

#[test]
fn a_limit_is_said_and_not_taken_for_an_answer() {
    let (out, _) = check(&format!("{MODEL} --states-max 100"), LIMIT);
    assert!(out.contains("limit"), "{out}");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (args, named) in [
        ("two-phase-commit/modle", "modle"),
        ("two-phase-commit/model --set participants=9", "participants=9"),
        ("two-phase-commit/model --set partipants=3", "partipants"),
        ("two-phase-commit/model --set participants", "participants"),
        ("two-phase-commit/model --crashes many", "many"),
        ("two-phase-commit/model --states-max 0", "--states-max"),
        ("two-phase-commit/model --project threephase", "twophase, tcommit"),
        ("saga/shop --project twophase", "saga"),
    ] {
        let (out, err) = check(args, UNREADABLE);
        assert_eq!(out, "", "search {args}");
        assert!(err.contains(named), "search {args}: {err}");
    }
}
