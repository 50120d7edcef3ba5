//! Compensation's stories: each failure mode told by what must happen and what must not.

mod story;

use std::collections::BTreeSet;

use converge::checker::{Allowed, Search};
use converge::kernel::{Cell, Halt, Mood, NodeId, What};
use converge::patterns::compensation::message::Msg;
use converge::patterns::compensation::plan::Act;
use converge::patterns::compensation::{Node, PATTERN};
use converge::patterns::pattern::Verdict;
use converge::scenario::Expected;
use converge::texts::Lang;
use story::Told;

#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, more, in_order, never, facts)
}

fn tell(id: &str, more: &str) -> Told {
    story::tell(&PATTERN, id, more)
}

/// What a row says at the end: free, and on hold.
fn row(told: &Told, act: Act) -> (i64, i64) {
    let world = told.story.run.world(told.story.run.len());
    let mut rows = (0..world.nodes()).filter_map(|n| match world.machine::<Node>(NodeId(n as u8)) {
        Some(Node::Service(service)) => service.row_of(act),
        _ => None,
    });
    rows.next().expect("somebody keeps the row")
}

#[track_caller]
fn verdicts(told: &Told, wanted: &[(&str, Expected)]) {
    for (promise, expected) in wanted {
        assert_eq!(told.verdict(promise), *expected, "{promise}\n{}", told.journal());
    }
}

const BACK: &str = "began done done undone undone compensated";

#[test]
fn every_scenario_ends_as_it_expects_and_every_line_comes_about() {
    for scenario in PATTERN.scenarios {
        let told = tell(scenario.id, "");
        let run = &told.story.run;
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{}\n{}", scenario.id, told.journal());
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            let matched = run.world(run.len()).matched(i);
            assert!(matched >= entry.trigger.anchor.nth, "{}: {entry:?} never happens", scenario.id);
        }
    }
}

#[test]
fn textbook_c_fails_and_b_and_a_are_undone() {
    let told = check(
        "textbook",
        "",
        &[
            "failed-c: service -> transactions",
            "revert-b: transactions -> service",
            "reverted-b: service -> transactions",
            "revert-a: transactions -> service",
        ],
        &["revert-c: transactions -> service"],
        BACK,
    );
    assert_eq!(told.mood("transactions"), Mood::Compensated);
}

#[test]
fn comp_1_writing_the_old_value_back_loses_what_others_did() {
    let told = check(
        "old-value",
        "",
        &["payment has written change", "undo: orders -> payment"],
        &[],
        "began done done changed undone undone compensated",
    );
    assert_eq!(row(&told, Act::Charge).0, 500, "the customer's 50 are gone");
}

#[test]
fn comp_1_the_inverse_operation_keeps_it() {
    let told = check(
        "inverse",
        "",
        &["payment has written change", "undo: orders -> payment"],
        &[],
        "began done done changed undone undone compensated",
    );
    assert_eq!(row(&told, Act::Charge).0, 550);
}

#[test]
fn comp_1_a_checked_undo_sees_the_dirty_write_and_asks_for_a_person() {
    let told = check(
        "checked",
        "",
        &["cannot-undo: payment -> orders", "orders has written parked"],
        &["undo: orders -> inventory"],
        "began done done changed parked",
    );
    assert_eq!((row(&told, Act::Charge).0, told.mood("orders")), (430, Mood::Stuck));
    let more = "do change -50 at payment 200 ms after orders has written parked\n\
                do retry-parked 1 at orders 300 ms after orders has written parked";
    let told = check(
        "checked",
        more,
        &["undone: payment -> orders"],
        &[],
        "began done done changed parked changed undone undone compensated",
    );
    assert_eq!(row(&told, Act::Charge).0, 500);
}

#[test]
fn what_is_taken_back_need_not_be_as_it_was() {
    let told = check("cancellation-fee", "", &[], &[], BACK);
    assert_eq!(row(&told, Act::Charge).0, 490);
}

#[test]
fn comp_2_undoing_goes_on_where_the_record_ends() {
    let told = check(
        "crash-while-undoing",
        "",
        &["undo: orders -> payment", "orders crashes", "orders restarts", "undo: orders -> inventory"],
        &[],
        BACK,
    );
    let asked = told.moments().iter().filter(|m| *m == "undo: orders -> payment").count();
    assert_eq!(asked, 1, "the refund is on record and not asked for again");
}

#[test]
fn comp_2_without_a_record_the_rest_stays_done() {
    check(
        "forgotten-while-undoing",
        "",
        &["fact undone 1", "orders crashes", "orders restarts"],
        &["undo: orders -> inventory"],
        "began done done undone",
    );
}

#[test]
fn comp_2_undoing_all_again_is_harmless_where_services_remember() {
    let told = check("undoes-again", "", &["orders restarts"], &[], BACK);
    let asked = told.moments().iter().filter(|m| *m == "undo: orders -> payment").count();
    assert_eq!(asked, 2);
    let naive = tell("undoes-again", "set barrier = none");
    verdicts(&naive, &[("effects-once", Expected::Broken)]);
}

#[test]
fn wherever_it_crashes_it_goes_on() {
    for record in ["next", "next #2", "next #3", "back", "finished", "finished #2", "ended"] {
        for moment in ["before orders writes", "after orders writes", "after orders has written"] {
            let more = format!(
                "fault refuse do from orders to shipping\nfault crash orders {moment} {record}\n\
                 fault restart orders 200 ms after orders crashes"
            );
            check("shop", &more, &["orders restarts"], &[], BACK);
        }
    }
    for record in ["next", "confirm", "finished #2", "ended"] {
        for moment in ["before orders writes", "after orders writes", "after orders has written"] {
            let more = format!(
                "fault crash orders {moment} {record}\nfault restart orders 200 ms after orders crashes"
            );
            let facts = "began held held held confirmed confirmed confirmed completed";
            check("tcc", &more, &["orders restarts"], &[], facts);
        }
    }
}

#[test]
fn wherever_a_service_crashes_its_act_is_undone_once() {
    for record in ["effect", "compensation"] {
        for moment in ["before payment writes", "after payment writes", "after payment has written"] {
            let more = format!(
                "fault refuse do from orders to shipping\nfault crash payment {moment} {record}\n\
                 fault restart payment 50 ms after payment crashes"
            );
            check("shop", &more, &["payment restarts"], &[], BACK);
        }
    }
}

#[test]
fn a_full_disk_only_delays() {
    for line in ["next at orders", "back at orders", "finished at orders", "ended at orders"] {
        let more = format!("fault refuse do from orders to shipping\nfault refuse write {line}");
        check("shop", &more, &[], &[], BACK);
    }
    for line in ["effect at payment", "compensation at payment", "refusal at shipping"] {
        let more = format!("fault refuse do from orders to shipping\nfault refuse write {line}");
        let told = tell("shop", &more);
        for promise in PATTERN.promises {
            verdicts(&told, &[(promise.id, Expected::Holds)]);
        }
    }
}

#[test]
fn comp_3_a_lost_answer_to_a_refund_refunds_twice_without_memory() {
    let told = check(
        "refunded-twice",
        "",
        &["lost undone: payment -> orders", "orders: command-timeout", "undo: orders -> payment"],
        &[],
        "began done done undone undone undone compensated",
    );
    assert_eq!(row(&told, Act::Charge).0, 620);
}

#[test]
fn comp_3_with_memory_it_refunds_once() {
    let told = check(
        "refunded-once",
        "",
        &["lost undone: payment -> orders", "undo: orders -> payment", "undone: payment -> orders"],
        &[],
        BACK,
    );
    assert_eq!(row(&told, Act::Charge).0, 500);
}

#[test]
fn comp_4_a_refund_without_a_charge_is_null() {
    let told = check(
        "null-compensation",
        "",
        &["lost do: orders -> payment", "undo: orders -> payment", "fact nothing-to-undo 1"],
        &[],
        "began done nothing-to-undo undone compensated",
    );
    assert_eq!(row(&told, Act::Charge).0, 500);
}

#[test]
fn comp_4_idempotency_keys_alone_refund_what_was_never_paid() {
    let told = check("blind-compensation", "", &[], &[], "began done undone undone compensated");
    assert_eq!(row(&told, Act::Charge).0, 620);
}

#[test]
fn comp_5_a_try_that_comes_after_its_cancel_is_refused() {
    let told = check(
        "cancel-before-try",
        "",
        &[
            "cancel: orders -> payment",
            "fact nothing-to-undo 1",
            "lost cancelled: payment -> orders",
            "cancel: orders -> payment",
            "cancelled: payment -> orders",
            "fact compensated 1",
            "try: orders -> payment",
            "too-late: payment -> orders",
        ],
        &[],
        "began held nothing-to-undo released compensated",
    );
    assert_eq!(row(&told, Act::Charge), (500, 0), "dtm: the balance is what it was");
}

#[test]
fn comp_5_with_keys_alone_the_hold_hangs() {
    let told = check(
        "hanging-hold",
        "",
        &["fact compensated 1", "try: orders -> payment", "fact held 1"],
        &["too-late: payment -> orders"],
        "began held released compensated held",
    );
    assert_eq!((row(&told, Act::Charge), told.mood("payment")), ((380, 120), Mood::Locked));
}

#[test]
fn comp_6_the_database_refuses_the_wrong_order() {
    check(
        "wrong-order",
        "",
        &["revert-a: transactions -> service", "cannot-undo: service -> transactions"],
        &["revert-b: transactions -> service"],
        "began done done parked",
    );
    // A person removes A's row by other means; then nothing is in the way of B.
    let more = "do settle-by-hand 1 at transactions 200 ms after transactions has written parked";
    check("wrong-order", more, &[], &[], "began done done parked settled undone compensated");
}

#[test]
fn comp_6_a_database_that_does_not_check_is_left_dangling() {
    check(
        "wrong-order-unchecked",
        "",
        &["revert-a: transactions -> service", "revert-b: transactions -> service"],
        &[],
        BACK,
    );
}

#[test]
fn independent_steps_may_be_undone_at_once() {
    let told = check("parallel-undo", "", &[], &[], BACK);
    let events = told.story.run.events();
    let undo = |m: &str| PATTERN.messages.iter().position(|k| k.id == m).expect("a kind") as u8;
    let sent = events.iter().filter_map(|e| match e.what {
        What::Sent { kind, .. } if kind == undo("undo") => Some(true),
        What::Sent { kind, .. } if kind == undo("undone") => Some(false),
        _ => None,
    });
    let asked_first: Vec<_> = sent.collect();
    assert_eq!(asked_first, [true, true, false, false]);
}

#[test]
fn comp_7_what_nothing_undoes_is_lost_when_it_is_passed_over() {
    check(
        "parcel-first",
        "",
        &["done: shipping -> orders", "refused: payment -> orders", "undone: inventory -> orders"],
        &["undo: orders -> shipping", "orders has written parked"],
        "began done done undone compensated",
    );
}

#[test]
fn comp_7_or_it_goes_to_a_person() {
    check("parcel-first-by-hand", "", &["orders has written parked"], &[], "began done done undone parked");
    let more = "do settle-by-hand 1 at orders 300 ms after orders has written parked";
    let told = check(
        "parcel-first-by-hand",
        more,
        &["orders has written parked", "orders has written settled"],
        &[],
        "began done done undone parked settled compensated",
    );
    verdicts(&told, &[("all-or-nothing", Expected::Holds)]);
}

#[test]
fn an_undo_that_is_refused_parks_the_transaction_until_a_person_acts() {
    check("stuck", "", &["cannot-undo: payment -> orders"], &[], "began done done parked");
    for (verb, facts) in [
        ("retry-parked", "began done done parked undone undone compensated"),
        ("settle-by-hand", "began done done parked settled undone compensated"),
    ] {
        let more = format!("do {verb} 1 at orders 300 ms after orders has written parked");
        let told = check("stuck", &more, &[], &[], facts);
        verdicts(&told, &[("all-or-nothing", Expected::Holds), ("transaction-ends", Expected::Holds)]);
    }
}

#[test]
fn tcc_confirms_after_every_try_and_never_before() {
    let told = check(
        "tcc",
        "",
        &["held: shipping -> orders", "orders has written confirm", "confirm: orders -> inventory"],
        &["cancel: orders -> payment"],
        "began held held held confirmed confirmed confirmed completed",
    );
    assert_eq!(row(&told, Act::Charge), (380, 0));
}

#[test]
fn tcc_cancels_the_failed_try_too() {
    let told = check(
        "tcc-cancel",
        "",
        &["not-held: shipping -> orders", "cancel: orders -> shipping", "cancel: orders -> payment"],
        &["confirm: orders -> payment"],
        "began held held nothing-to-undo released released compensated",
    );
    assert_eq!(row(&told, Act::Charge), (500, 0));
}

#[test]
fn tcc_a_confirm_is_repeated_until_it_works() {
    check(
        "tcc-confirm-retried",
        "",
        &["payment crashes", "orders: command-timeout", "payment restarts", "confirmed: payment -> orders"],
        &["cancel: orders -> payment"],
        "began held held held confirmed confirmed confirmed completed",
    );
}

#[test]
fn tcc_a_hold_that_ends_on_its_own_leaves_a_mixed_outcome() {
    let told = check(
        "hold-expired",
        "",
        &["fact confirmed 1", "payment: hold-expires", "hold-gone: payment -> orders"],
        &[],
        "began held held held confirmed expired expired parked",
    );
    assert_eq!((row(&told, Act::Reserve).0, row(&told, Act::Charge).0), (9, 500));
}

/// dtm's branch statuses at the end: compensation (or cancel) and action (or confirm) of each branch.
/// A branch whose operation was never called stays `prepared`.
#[track_caller]
fn vector(told: &Told, back: &str, forth: &str, failed: &str, acts: [&str; 2]) -> Vec<&'static str> {
    let moments = told.moments();
    let seen = |kind: &str, node: &str| moments.iter().any(|m| *m == format!("{kind}: {node} -> orders"));
    let mut all = Vec::new();
    for node in acts {
        all.push(if seen(back, node) { "succeed" } else { "prepared" });
        all.push(match (seen(forth, node), seen(failed, node)) {
            (true, _) => "succeed",
            (_, true) => "failed",
            _ => "prepared",
        });
    }
    all
}

/// dtm's test/saga_test.go and test/tcc_test.go, with two branches.
#[test]
fn dtm_branch_statuses() {
    let acts = ["inventory", "payment"];
    let saga = |more: &str| {
        let told = tell("shop", &format!("set steps = 2\nset failed-step = undo\n{more}"));
        (vector(&told, "undone", "done", "refused", acts), told)
    };
    let (normal, _) = saga("");
    assert_eq!(normal, ["prepared", "succeed", "prepared", "succeed"], "TestSagaNormal");
    let (rollback, told) = saga("fault refuse do from orders to payment");
    assert_eq!(rollback, ["succeed", "succeed", "succeed", "failed"], "TestSagaRollback");
    assert_eq!(told.facts().join(" "), "began done nothing-to-undo undone compensated");
    // The compensation fails once: aborting for now, and after the retry the same vector.
    let more = "fault refuse do from orders to payment\nfault fail undo from orders to inventory";
    let (failed, told) = saga(more);
    assert_eq!(failed, ["succeed", "succeed", "succeed", "failed"], "TestSagaFailed");
    assert!(told.moments().contains(&"orders: retry".to_owned()));
    let tcc = |more: &str| {
        let told = tell("tcc", &format!("set steps = 2\n{more}"));
        vector(&told, "cancelled", "confirmed", "hold-gone", acts)
    };
    assert_eq!(tcc(""), ["prepared", "succeed", "prepared", "succeed"], "TestTccNormal");
    let more = "fault refuse try from orders to payment";
    assert_eq!(tcc(more), ["succeed", "prepared", "succeed", "prepared"], "TestTccRollback");
}

/// Faults at random: the sound forms keep every promise, always.
#[test]
fn the_sound_forms_keep_their_promises_under_any_weather() {
    for seed in 1..=40 {
        let more = format!(
            "seed {seed}\nset orders = 4\nset loss = 150 per mille\nset duplication = 150 per mille\n\
             set ordered = no\nset latency-max = 60 ms\nset horizon = 60000 ms"
        );
        for (id, form) in [
            ("textbook", ""),
            ("shop", ""),
            ("parallel-undo", ""),
            ("tcc", ""),
            ("tcc-cancel", "\nset undo-order = parallel"),
            ("shop", "\nset failed-step = undo\nset progress = decision-only"),
        ] {
            let told = tell(id, &format!("{more}{form}"));
            for promise in PATTERN.promises {
                verdicts(&told, &[(promise.id, Expected::Holds)]);
            }
        }
    }
}

#[test]
fn a_long_run_costs_no_more_per_transaction_than_a_short_one() {
    let recipe = story::shipped(&PATTERN, "shop", "set orders = 2000\nset horizon = 80000000 ms").recipe;
    let (_, mut world) = recipe.start();
    let halt = loop {
        if let Err(halt) = world.advance(None) {
            break halt;
        }
    };
    assert_eq!(halt, Halt::Quiet);
    let rows: usize = (0..4).flat_map(|i| world.describe(NodeId(i)).sections).map(|s| s.rows.len()).sum();
    assert!(rows < 80, "{rows} rows");
}

/// Every text that anything here names, in both languages.
#[test]
fn nothing_that_can_be_said_lacks_its_text() {
    for lang in Lang::ALL {
        let own: BTreeSet<_> =
            converge::texts::entries(PATTERN.texts[lang as usize]).map(|(n, _)| n).collect();
        let mut missing = BTreeSet::new();
        let mut want = |name: String| {
            if !own.contains(name.as_str()) {
                missing.insert(name);
            }
        };
        want("realistic".into());
        for k in PATTERN.messages {
            want(format!("message.{}.real", k.id));
        }
        let verdict = ["only-undone", "stands-twice", "left-standing", "parked", "held", "forgotten"];
        verdict.iter().for_each(|v| want(format!("verdict.{v}")));
        for s in PATTERN.scenarios {
            let told = tell(s.id, "");
            let speaker = told.story.speaker(lang);
            let mut labels = Vec::new();
            for state in 0..=told.story.run.len() {
                let world = told.story.run.world(state);
                for i in 0..world.nodes() {
                    let d = world.describe(NodeId(i as u8));
                    labels.extend(d.status);
                    for section in d.sections {
                        labels.push(section.title);
                        labels.extend(section.rows.iter().flat_map(|r| &r.cells).filter_map(|c| match c {
                            Cell::Text(l) => Some(*l),
                            _ => None,
                        }));
                    }
                }
            }
            for i in 0..PATTERN.promises.len() {
                for (_, verdict) in told.story.run.verdicts(i).changes() {
                    if let Verdict::NotYet(l) | Verdict::Broken(l) = verdict {
                        labels.push(*l);
                    }
                }
            }
            for label in labels {
                want(label.key.into());
                let said = speaker.label(&label);
                assert!(
                    !said.contains('{') && !said.contains("step.") && !said.contains("back."),
                    "{said}"
                );
            }
            for event in told.story.run.events() {
                let sentence = speaker.sentence(event);
                assert!(!sentence.contains('{') && !sentence.contains("do."), "{sentence}");
            }
        }
        assert!(missing.is_empty(), "{lang:?}: {missing:#?}");
    }
}

/// A message names what it is about.
#[test]
fn messages_are_told_apart() {
    use converge::kernel::Message;
    use converge::patterns::compensation::message::Op;
    let kinds: BTreeSet<_> = Act::ALL[..3].iter().map(|act| Msg::Command(1, *act, Op::Do).kind()).collect();
    assert_eq!(kinds.len(), 3);
}

/// Searches every world of a scenario with these settings.
#[track_caller]
fn search(id: &str, sets: &[(&str, i64)], allowed: Allowed) -> Vec<&'static str> {
    let mut recipe = story::shipped(&PATTERN, id, "").recipe;
    for (param, value) in sets {
        recipe.set_param(PATTERN.all_params().position(|p| p.id == *param).expect("a parameter"), *value);
    }
    let mut search = Search::new(&recipe, allowed, &[], &[], 300_000);
    search.to_the_end();
    assert!(search.complete(), "{id}: {} worlds and more", search.states());
    search.broken().iter().map(|broken| PATTERN.promises[broken.promise].id).collect()
}

/// Whatever the order of messages, wherever a node crashes, whatever is lost or doubled once: a step
/// that is given up at the first silence is undone, cancelled or barred.
#[test]
fn no_single_crash_loss_or_copy_breaks_a_promise() {
    let none = Allowed::default();
    for allowed in [Allowed { crashes: 1, ..none }, Allowed { drops: 1, duplicates: 1, ..none }] {
        for protocol in [0, 1] {
            let sets = [("retries", 0), ("steps", 2), ("protocol", protocol)];
            assert_eq!(search("shop", &sets, allowed), [""; 0], "{allowed:?} {protocol}");
        }
    }
}

/// Idempotency keys alone: one lost request is refunded blindly, one slow try hangs.
#[test]
fn keys_alone_are_found_out_by_one_loss_or_one_slow_message() {
    let sets = [("retries", 0), ("steps", 2), ("barrier", 1)];
    let found = search("shop", &sets, Allowed { drops: 1, ..Allowed::default() });
    assert!(found.contains(&"no-blind-undo"), "{found:?}");
    let sets = [("retries", 0), ("steps", 2), ("barrier", 1), ("protocol", 1)];
    assert_eq!(search("tcc", &sets, Allowed::default()), ["nothing-held"]);
}

#[test]
fn it_runs_with_realistic_parameters() {
    let mut recipe = story::shipped(&PATTERN, "refunded-once", "").recipe;
    for (param, value) in PATTERN.realistic {
        recipe.set_param(PATTERN.all_params().position(|p| p.id == *param).expect("a parameter"), *value);
    }
    let run = converge::trace::Story::of(recipe).run;
    assert_eq!(run.halt(), Some(Halt::Quiet));
    for place in 0..PATTERN.promises.len() {
        assert_eq!(run.verdicts(place).at(run.len()), Some(Verdict::Holds));
    }
}
