//! Three-phase commit, as stories: who decides when the coordinator does not, and when that goes wrong.

mod story;

use converge::kernel::{Halt, Mood, What};
use converge::patterns::pattern::Verdict;
use converge::patterns::three_phase_commit::PATTERN;
use converge::scenario::Expected;
use converge::texts::Lang;
use story::{Told, check, tell};

const APPLIED: &str = "money-moved stock-reserved shipment-booked";
/// The same three, in the order in which the coordinator's commits arrive with this seed.
const APPLIED_AT_ONCE: &str = "stock-reserved shipment-booked money-moved";

/// Messages sent and local steps of a story, as `coordinator -> service-1: can-commit`.
fn sent(told: &Told) -> Vec<String> {
    let node = |n: converge::kernel::NodeId| told.story.run.stage.nodes[n.index()].id;
    let line = |what: &What| match *what {
        What::Sent { from, to, kind, .. } => {
            Some(format!("{} -> {}: {}", node(from), node(to), PATTERN.messages[kind as usize].id))
        }
        What::Local { node: n, kind, .. } => {
            Some(format!("{0} -> {0}: {1}", node(n), PATTERN.messages[kind as usize].id))
        }
        _ => None,
    };
    told.story.run.events().iter().filter_map(|e| line(&e.what)).collect()
}

/// Where the participants ended.
#[track_caller]
fn ends(told: &Told, moods: [Mood; 3]) {
    let found = ["payment", "inventory", "shipping"].map(|node| told.mood(node));
    assert_eq!(found, moods, "{}", told.journal());
}

const COMMITTED: [Mood; 3] = [Mood::Committed; 3];
const ABORTED: [Mood; 3] = [Mood::Aborted; 3];
const SPLIT: [Mood; 3] = [Mood::Committed, Mood::Aborted, Mood::Aborted];

#[test]
fn the_textbook_has_three_phases_and_six_messages_a_participant() {
    let told = tell(&PATTERN, "textbook", "");
    let mut wanted = Vec::new();
    for (ask, answer) in [("can-commit", "yes"), ("pre-commit", "ack"), ("do-commit", "have-committed")] {
        for service in ["service-1", "service-2"] {
            wanted.push(format!("coordinator -> {service}: {ask}"));
            wanted.push(format!("{service} -> coordinator: {answer}"));
        }
    }
    assert_eq!(wanted.len(), 6 * 2);
    wanted.push("coordinator -> coordinator: done".to_owned());
    assert_eq!(sent(&told), wanted);
    assert_eq!(told.story.run.halt(), Some(Halt::Quiet));
    // Nobody commits before everybody has it on disk that all voted yes.
    let moments = told.moments();
    let at = |m: &str| moments.iter().position(|x| x == m).unwrap_or_else(|| panic!("no {m}"));
    let commit = at("service-1 has written commit");
    assert!(at("coordinator has written precommit") < at("service-1 has written precommit"));
    assert!(
        at("service-1 has written precommit") < commit && at("service-2 has written precommit") < commit
    );
}

#[test]
fn an_order_in_the_shop_commits_everywhere() {
    let told = check(
        &PATTERN,
        "shop",
        "",
        &[
            "coordinator has written precommit",
            "ack: shipping -> coordinator",
            "coordinator has written commit",
            "order-confirmed: coordinator -> client",
        ],
        &["inventory: silence"],
        APPLIED_AT_ONCE,
    );
    ends(&told, COMMITTED);
}

#[test]
fn one_no_ends_it_before_the_second_phase() {
    let told = check(
        &PATTERN,
        "card-declined",
        "",
        &["no: payment -> coordinator", "order-refused: coordinator -> client"],
        &["coordinator has written precommit", "pre-commit: coordinator -> payment"],
        "",
    );
    ends(&told, ABORTED);
}

/// 3PC-1: what blocks 2PC ends here, without the coordinator.
#[test]
fn a_crash_before_the_second_phase_ends_in_abort() {
    let told = check(
        &PATTERN,
        "crash-before-precommit",
        "",
        &[
            "coordinator crashes",
            "payment: silence",
            "state-report: shipping -> payment",
            "payment has written abort",
            "abort: payment -> inventory",
        ],
        &["coordinator restarts", "inventory: silence"],
        "",
    );
    ends(&told, ABORTED);
    assert_eq!(told.verdict("everyone-decides"), Expected::Holds);
    // The naive time-outs manage this one as well.
    ends(&check(&PATTERN, "crash-before-precommit", "set silence = alone", &[], &[], ""), ABORTED);
    ends(&check(&PATTERN, "crash-before-precommit", "set silence = quorum", &[], &[], ""), ABORTED);
}

/// 3PC-2.
#[test]
fn a_crash_after_the_second_phase_ends_in_commit() {
    let in_order = ["coordinator crashes", "payment: silence", "payment has written commit"];
    let never = ["coordinator restarts", "pre-commit: payment -> inventory"];
    let facts = "money-moved shipment-booked stock-reserved";
    let told = check(&PATTERN, "crash-after-precommit", "", &in_order, &never, facts);
    ends(&told, COMMITTED);
    for silence in ["alone", "quorum"] {
        let told = tell(&PATTERN, "crash-after-precommit", &format!("set silence = {silence}"));
        ends(&told, COMMITTED);
        assert_eq!(told.verdict("agreement"), Expected::Holds, "{silence}");
    }
}

/// 3PC-3, with the termination protocol.
#[test]
fn the_only_one_who_was_told_tells_the_others() {
    let told = check(
        &PATTERN,
        "crash-between-precommits",
        "",
        &[
            "coordinator crashes",
            "payment: silence",
            "pre-commit: payment -> inventory",
            "inventory has written precommit",
            "payment has written commit",
            "do-commit: payment -> shipping",
        ],
        &["coordinator restarts"],
        APPLIED,
    );
    ends(&told, COMMITTED);
}

/// 3PC-3, with the time-outs of the diagrams.
#[test]
fn the_only_one_who_was_told_commits_alone() {
    let told = check(
        &PATTERN,
        "crash-between-precommits-alone",
        "",
        &["coordinator crashes", "payment has written commit", "inventory has written abort"],
        &["state-request: payment -> inventory"],
        "money-moved",
    );
    ends(&told, SPLIT);
    assert_eq!(told.verdict("agreement"), Expected::Broken);
}

#[test]
fn who_was_down_asks_and_does_not_decide() {
    let told = check(
        &PATTERN,
        "participant-crash",
        "",
        &[
            "inventory crashes",
            "coordinator: ack-timeout",
            "coordinator: ack-timeout",
            "shipping has written commit",
            "inventory restarts",
            "inquiry: inventory -> coordinator",
            "inventory has written commit",
        ],
        &["inventory: silence", "inventory has written abort"],
        "shipment-booked money-moved stock-reserved",
    );
    ends(&told, COMMITTED);
}

/// 3PC-6: two who are uncertain are back, and wait for the one who may know more.
#[test]
fn after_everybody_was_down_the_last_is_waited_for() {
    let told = check(
        &PATTERN,
        "everybody-crashes",
        "",
        &[
            "coordinator crashes",
            "inventory crashes",
            "shipping crashes",
            "shipping restarts",
            "payment restarts",
            "coordinator restarts",
            "coordinator has written commit",
        ],
        &["inventory has written abort", "inventory: silence"],
        APPLIED,
    );
    ends(&told, COMMITTED);
    let run = &told.story.run;
    let back = run.events().iter().position(|e| matches!(e.what, What::Restarted { node } if node.0 == 1));
    let state = run.state_of_event(back.unwrap() as u32) - 1;
    let open = run.verdicts(3).at(state).unwrap();
    assert!(matches!(open, Verdict::NotYet(_)), "until the coordinator is back nobody decides: {open:?}");
    // Where nobody knew, abort.
    let told = tell(&PATTERN, "everybody-crashes", "fault drop pre-commit from coordinator to payment");
    let told = if told.mood("payment") == Mood::Aborted { told } else { panic!("{}", told.journal()) };
    assert_eq!(told.verdict("agreement"), Expected::Holds);
}

/// 3PC-5: nobody crashes.
#[test]
fn a_pause_is_enough_to_split_those_who_decide_alone() {
    let told = check(
        &PATTERN,
        "long-pause",
        "",
        &[
            "payment has written commit",
            "inventory has written abort",
            "order-refused: coordinator -> client",
        ],
        &["coordinator crashes"],
        "money-moved",
    );
    ends(&told, SPLIT);
    let told = check(
        &PATTERN,
        "long-pause-terminated",
        "",
        &["payment: silence", "payment has written commit", "coordinator has written commit"],
        &["inventory has written abort"],
        APPLIED,
    );
    ends(&told, COMMITTED);
}

/// 3PC-5, against the termination protocol: it takes whoever is slow for dead.
#[test]
fn a_slow_node_splits_the_termination_protocol_and_not_the_quorum() {
    let told = check(
        &PATTERN,
        "slow-node",
        "",
        &["inventory: silence", "inventory: answers", "inventory has written abort"],
        &[],
        "shipment-booked money-moved",
    );
    ends(&told, [Mood::Committed, Mood::Aborted, Mood::Committed]);
    assert_eq!(told.verdict("agreement"), Expected::Broken);
    let told = tell(&PATTERN, "slow-node-quorum", "");
    ends(&told, COMMITTED);
    assert!(!told.moments().iter().any(|m| m.contains("written abort")), "{}", told.journal());
}

/// 3PC-4 and 3PC-7.
#[test]
fn a_partition_splits_all_but_the_quorum() {
    for id in ["partition", "partition-alone"] {
        let told = tell(&PATTERN, id, "");
        ends(&told, SPLIT);
        assert_eq!(told.verdict("agreement"), Expected::Broken, "{id}");
        assert!(!told.moments().iter().any(|m| m.ends_with("crashes")), "{id}: nobody crashes");
    }
    let told = check(
        &PATTERN,
        "partition-quorum",
        "",
        &["shipping has written preabort", "inventory has written abort", "payment has written abort"],
        &["payment has written commit", "coordinator has written commit"],
        "",
    );
    ends(&told, ABORTED);
    // Before the network heals the smaller side waits.
    let run = &told.story.run;
    let heal = run.events().iter().position(|e| matches!(e.what, What::Healed { .. })).unwrap();
    let state = run.state_of_event(heal as u32) - 1;
    assert!(matches!(run.verdicts(3).at(state), Some(Verdict::NotYet(_))), "payment waits");
}

#[test]
fn a_lost_pre_commit_is_sent_again() {
    let told = check(
        &PATTERN,
        "lost-precommit",
        "",
        &[
            "lost pre-commit: coordinator -> inventory",
            "coordinator: ack-timeout",
            "pre-commit: coordinator -> inventory",
        ],
        &["inventory: silence"],
        APPLIED_AT_ONCE,
    );
    ends(&told, COMMITTED);
}

/// Everything that comes back, does: crashes of anybody at any of these points, whatever the seed.
#[test]
fn crashes_and_restarts_never_break_a_promise() {
    let points = [
        ("coordinator", "before coordinator writes precommit"),
        ("coordinator", "after coordinator writes precommit"),
        ("coordinator", "after coordinator sends pre-commit to inventory"),
        ("coordinator", "before coordinator writes commit"),
        ("coordinator", "after coordinator sends do-commit to payment"),
        ("payment", "after payment writes prepared"),
        ("inventory", "after inventory sends yes to coordinator"),
        ("shipping", "after shipping writes precommit"),
        ("shipping", "after shipping writes commit"),
    ];
    for silence in ["termination", "quorum"] {
        for (a, first) in points {
            for (b, second) in points {
                if a == b && first != second {
                    continue;
                }
                let nth = if a == b { " #2" } else { "" };
                let more = format!(
                    "set silence = {silence}\nset orders = 2\nset horizon = 20000 ms\n\
                     fault crash {a} {first}\nfault restart {a} 700 ms after {a} crashes\n\
                     fault crash {b} {second} #2\nfault restart {b} 500 ms after {b} crashes{nth}"
                );
                for seed in [1, 2, 3] {
                    let told = tell(&PATTERN, "shop", &format!("seed {seed}\n{more}"));
                    assert_eq!(told.story.run.halt(), Some(Halt::Quiet), "{more}\n{}", told.journal());
                    for promise in PATTERN.promises {
                        let place = PATTERN.promises.iter().position(|p| p.id == promise.id).unwrap();
                        let broken = told.story.run.broken_at(place);
                        assert_eq!(broken, None, "{}: seed {seed}\n{more}\n{}", promise.id, told.journal());
                    }
                }
            }
        }
    }
}

/// With quorums, in a network that loses, copies and reorders.
#[test]
fn a_bad_network_costs_quorums_time_and_no_promise() {
    for seed in 1..=60 {
        let more = format!(
            "seed {seed}\nset silence = quorum\nset participants = 5\nset orders = 3\nset loss = 150 per mille\n\
             set duplication = 100 per mille\nset ordered = no\nset horizon = 60000 ms"
        );
        let told = tell(&PATTERN, "shop", &more);
        assert_eq!(told.story.run.halt(), Some(Halt::Quiet), "seed {seed}");
        for (place, promise) in PATTERN.promises.iter().enumerate() {
            assert_eq!(
                told.story.run.broken_at(place),
                None,
                "seed {seed}: {}\n{}",
                promise.id,
                told.journal()
            );
        }
    }
}

/// Everything that is shown has a text in both languages.
#[test]
fn every_label_that_is_shown_has_a_text() {
    for scenario in PATTERN.scenarios {
        let told = tell(&PATTERN, scenario.id, "");
        for lang in Lang::ALL {
            let speaker = told.story.speaker(lang);
            let mut said = Vec::new();
            for state in 0..=told.story.run.len() {
                let world = told.story.run.world(state);
                for i in 0..world.nodes() {
                    let holds = world.describe(converge::kernel::NodeId(i as u8));
                    said.extend(holds.status.iter().map(|l| (l.key, speaker.label(l))));
                    for section in &holds.sections {
                        said.push((section.title.key, speaker.label(&section.title)));
                        for cell in section.rows.iter().flat_map(|row| &row.cells) {
                            if let converge::kernel::Cell::Text(l) = cell {
                                said.push((l.key, speaker.label(l)));
                            }
                        }
                    }
                }
            }
            for place in 0..PATTERN.promises.len() {
                for (_, verdict) in told.story.run.verdicts(place).changes() {
                    if let Verdict::NotYet(l) | Verdict::Broken(l) = verdict {
                        said.push((l.key, speaker.label(l)));
                    }
                }
            }
            said.extend(told.story.run.events().iter().map(|e| ("event", speaker.sentence(e))));
            for (key, text) in said {
                assert!(text != key && !text.contains('{') && !text.is_empty(), "{lang:?} {key}: {text}");
            }
        }
    }
}
