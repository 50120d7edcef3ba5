//! The saga's stories: each failure mode of the pattern, told by what must happen and what must not.

mod story;

use std::collections::BTreeSet;

use converge::kernel::{Action, Cell, Halt, Mood, NodeId, What};
use converge::patterns::pattern::{Range, Verdict};
use converge::patterns::saga::PATTERN;
use converge::scenario::{Expected, Shipped};
use converge::texts::Lang;

use converge::trace::Story;

use story::Told;

/// See [`story::check`].
#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, more, in_order, never, facts)
}

fn shipped(id: &str, more: &str) -> Shipped {
    story::shipped(&PATTERN, id, more)
}

fn tell(id: &str, more: &str) -> Told {
    story::tell(&PATTERN, id, more)
}

#[test]
fn every_scenario_ends_as_it_expects_and_can_be_read() {
    for scenario in PATTERN.scenarios {
        let told = tell(scenario.id, "");
        let run = &told.story.run;
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{}\n{}", scenario.id, told.journal());
        assert!((12..=80).contains(&run.len()), "{} takes {} steps", scenario.id, run.len());
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            let matched = run.world(run.len()).matched(i);
            assert!(matched >= entry.trigger.anchor.nth, "{}: {entry:?} never happens", scenario.id);
        }
    }
}

/// The textbook's flows, message by message.
#[test]
fn the_textbook_flows_are_sent_message_by_message() {
    let file = include_str!("flows.json");
    let flows: serde_json::Value = serde_json::from_str(file).expect("flows");
    let ours = flows["flows"].as_array().expect("a list").iter().filter(|f| f["pattern"] == "saga");
    let mut seen = 0;
    for flow in ours {
        let id = flow["recipe"].as_str().and_then(|r| r.strip_prefix("saga/")).expect("a recipe of ours");
        let told = tell(id, "");
        let participants = flow["participants"].as_array().expect("participants");
        for lang in Lang::ALL {
            let tag = if lang == Lang::En { "en" } else { "pt" };
            let speaker = told.story.speaker(lang);
            let names: Vec<_> =
                participants.iter().map(|p| p[tag].as_str().unwrap_or("").to_owned()).collect();
            let ours: Vec<_> =
                (0..names.len()).map(|i| speaker.node(NodeId(i as u8)).into_owned()).collect();
            assert_eq!(ours, names, "{id}");
            assert_eq!(told.story.run.stage.nodes.len(), names.len(), "{id}");
            let place =
                |who: &str| participants.iter().position(|p| p["id"] == who).expect("a participant");
            let wanted: Vec<_> = (flow["messages"].as_array().expect("messages").iter())
                .map(|m| {
                    let who = |key: &str| place(m[key].as_str().unwrap_or(""));
                    format!("{} -> {}: {}", who("from"), who("to"), m[tag].as_str().unwrap_or(""))
                })
                .collect();
            let sent: Vec<_> = (told.story.run.events().iter())
                .filter_map(|e| match e.what {
                    What::Sent { from, to, kind, args, .. } => {
                        Some(format!("{} -> {}: {}", from.0, to.0, speaker.message(kind, args, from, to)))
                    }
                    _ => None,
                })
                .collect();
            assert_eq!(sent, wanted, "{id}");
        }
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn saga_1_a_declined_card_releases_the_stock_and_nothing_else() {
    check(
        "card-declined",
        "",
        &["declined: payment -> orders", "release: orders -> inventory", "cancelled: orders -> client"],
        &["refund: orders -> payment", "ship: orders -> shipping"],
        "started reserved released compensated",
    );
}

#[test]
fn saga_1_a_refused_parcel_undoes_two_steps_backwards() {
    let told = check(
        "undeliverable",
        "",
        &[
            "undeliverable: shipping -> orders",
            "refunded: payment -> orders",
            "released: inventory -> orders",
        ],
        &["notify: orders -> mail"],
        "started reserved charged refunded released compensated",
    );
    assert_eq!(told.mood("orders"), Mood::Compensated);
}

#[test]
fn saga_2_a_crashed_orchestrator_sends_what_its_log_says() {
    check(
        "orchestrator-crash",
        "",
        &["orders crashes", "orders restarts", "charge: orders -> payment", "confirmed: orders -> client"],
        &["reserve: orders -> inventory #2", "refund: orders -> payment"],
        "started reserved charged shipped notified completed",
    );
}

#[test]
fn saga_2_an_orchestrator_without_a_log_forgets_the_order() {
    check(
        "orchestrator-forgets",
        "",
        &["orders crashes", "fact charged 1", "orders restarts"],
        &["ship: orders -> shipping", "confirmed: orders -> client", "orders has written next-step"],
        "started reserved charged",
    );
}

#[test]
fn wherever_the_orchestrator_crashes_the_order_is_done_once() {
    for record in ["started", "next-step", "next-step", "next-step", "ended"].iter().enumerate() {
        let nth = if *record.1 == "next-step" { record.0 } else { 1 };
        for moment in ["before orders writes", "after orders writes", "after orders has written"] {
            let more = format!(
                "fault crash orders {moment} {} #{nth}\nfault restart orders 200 ms after orders crashes",
                record.1
            );
            let told = check("shop", &more, &["orders restarts"], &[], ONCE);
            assert_eq!(told.mood("client"), Mood::Committed, "{}", told.journal());
        }
    }
}

#[test]
fn wherever_a_service_crashes_its_step_is_done_once() {
    let steps = [("inventory", "reserve"), ("payment", "charge"), ("shipping", "ship"), ("mail", "notify")];
    for (node, message) in steps {
        for moment in [
            format!("before {node} handles {message} from orders"),
            format!("before {node} writes effect"),
            format!("after {node} writes effect"),
            format!("after {node} has written effect"),
        ] {
            let more =
                format!("fault crash {node} {moment}\nfault restart {node} 50 ms after {node} crashes");
            let restarts = format!("{node} restarts");
            let told = check("shop", &more, &[&restarts], &[], ONCE);
            assert_eq!(told.mood("client"), Mood::Committed, "{}", told.journal());
        }
    }
}

#[test]
fn a_full_disk_only_delays() {
    for line in ["next-step at orders", "started at orders", "ended at orders", "effect at payment"] {
        let more = format!("fault refuse write {line}");
        check("shop", &more, &["confirmed: orders -> client"], &[], ONCE);
    }
}

const ONCE: &str = "started reserved charged shipped notified completed";

#[test]
fn saga_3_a_lost_reply_costs_a_retry_and_no_second_charge() {
    check(
        "lost-reply",
        "",
        &[
            "lost charged: payment -> orders",
            "orders: command-timeout",
            "orders: retry",
            "charge: orders -> payment",
            "charged: payment -> orders",
            "ship: orders -> shipping",
        ],
        &["refund: orders -> payment"],
        ONCE,
    );
}

#[test]
fn saga_3_without_idempotency_keys_the_customer_pays_twice() {
    check(
        "double-charge",
        "",
        &["fact charged 1", "orders: retry", "fact charged 1", "confirmed: orders -> client"],
        &[],
        "started reserved charged charged shipped notified completed",
    );
}

#[test]
fn saga_4_a_compensation_that_fails_is_tried_again() {
    let told = check(
        "compensation-retried",
        "",
        &[
            "try-again: payment -> orders",
            "orders: retry",
            "lost refunded: payment -> orders",
            "orders: command-timeout",
            "orders: retry",
            "refunded: payment -> orders",
            "released: inventory -> orders",
        ],
        &[],
        "started reserved charged refunded released compensated",
    );
    assert_eq!(told.mood("payment"), Mood::Compensated);
}

#[test]
fn saga_5_a_compensation_that_cannot_be_done_parks_the_saga() {
    let told = check(
        "stuck",
        "",
        &["cannot-undo: payment -> orders", "orders has written parked", "under-review: orders -> client"],
        &["release: orders -> inventory", "cancelled: orders -> client", "orders has written ended"],
        "started reserved charged parked",
    );
    assert_eq!((told.mood("orders"), told.mood("payment")), (Mood::Stuck, Mood::Stuck));
}

#[test]
fn saga_5_a_person_puts_the_parked_saga_back_to_work() {
    let told = check(
        "stuck",
        "do retry-parked 1 at orders 300 ms after orders has written parked",
        &["orders has written parked", "refunded: payment -> orders", "cancelled: orders -> client"],
        &[],
        "started reserved charged parked refunded released compensated",
    );
    assert_eq!(
        (told.verdict("all-or-compensated"), told.verdict("money-conserved")),
        (Expected::Holds, Expected::Holds)
    );
}

#[test]
fn saga_6_after_the_pivot_there_is_no_way_but_forward() {
    check(
        "after-the-pivot",
        "",
        &["mail crashes", "orders: command-timeout", "mail restarts", "notified: mail -> orders"],
        &["refund: orders -> payment", "release: orders -> inventory"],
        ONCE,
    );
}

#[test]
fn saga_6_at_the_pivot_an_unknown_outcome_is_asked_for_until_it_is_known() {
    let more: String =
        (1..=5).map(|n| format!("fault drop shipped from shipping to orders #{n}\n")).collect();
    check("shop", &more, &["confirmed: orders -> client"], &["refund: orders -> payment"], ONCE);
}

#[test]
fn saga_7_a_request_that_comes_after_its_compensation_is_refused() {
    check(
        "late-success",
        "",
        &[
            "orders: command-timeout",
            "refund: orders -> payment",
            "fact nothing-to-undo 1",
            "charge: orders -> payment",
            "too-late: payment -> orders",
        ],
        &[],
        "started reserved nothing-to-undo released compensated",
    );
}

#[test]
fn saga_7_without_the_barrier_a_cancelled_order_is_charged() {
    check(
        "late-success-no-barrier",
        "",
        &["refund: orders -> payment", "charge: orders -> payment", "fact charged 1"],
        &["too-late: payment -> orders"],
        "started reserved released compensated charged",
    );
}

#[test]
fn saga_7_a_step_that_was_done_and_not_answered_is_undone() {
    let more = "set retries = 1\nfault drop charged from payment to orders\n\
                fault drop charged from payment to orders #2";
    check(
        "shop",
        more,
        &["refund: orders -> payment"],
        &[],
        "started reserved charged refunded released compensated",
    );
}

#[test]
fn without_the_barrier_stock_is_put_back_that_was_never_taken() {
    check(
        "blind-release",
        "",
        &["lost reserve: orders -> inventory", "fact released 1"],
        &["fact reserved 1"],
        "started released compensated",
    );
}

#[test]
fn saga_11_a_parcel_that_left_before_the_pivot_does_not_come_back() {
    check(
        "ship-first",
        "",
        &["fact shipped 1", "declined: payment -> orders", "released: inventory -> orders"],
        &[],
        "started reserved shipped released compensated",
    );
}

#[test]
fn saga_12_a_second_click_is_the_same_order() {
    check("double-click", "", &["order: client -> orders", "order: client -> orders"], &[], ONCE);
    let more = "fault duplicate order from client to orders";
    check("shop", more, &["order: client -> orders", "order: client -> orders"], &[], ONCE);
}

#[test]
fn saga_12_taken_for_a_new_order_it_is_charged_twice() {
    let told = tell("double-click-twice", "");
    let count = |fact: &str| told.facts().iter().filter(|f| *f == fact).count();
    assert_eq!((count("started"), count("charged"), count("shipped")), (2, 2, 2));
}

#[test]
fn the_textbook_saga_survives_what_the_shop_survives() {
    let crash = "fault crash service-a after service-a writes next-step #2\n\
                 fault restart service-a 150 ms after service-a crashes";
    check("textbook-success", crash, &["service-a restarts"], &[], "started done done completed");
    let refuse = "fault refuse request from service-a to service-c";
    let facts = "started done undone compensated";
    check(
        "textbook-success",
        refuse,
        &["undo: service-a -> service-b"],
        &["complete: service-a -> transactions"],
        facts,
    );
}

#[test]
fn every_offer_is_a_line_that_comes_about() {
    for scenario in PATTERN.scenarios {
        let offers = shipped(scenario.id, "").offers;
        assert!((2..=5).contains(&offers.len()), "{} offers {}", scenario.id, offers.len());
        for (i, offer) in offers.iter().enumerate() {
            // A restart is of use with the crash before it, a third loss with the second.
            let needs =
                i > 0 && (matches!(offer.action, Action::Restart(_)) || offer.trigger.anchor.nth > 2);
            let mut recipe = shipped(scenario.id, "").recipe;
            recipe.script.extend_from_slice(&offers[i - usize::from(needs)..=i]);
            let last = recipe.script.len() - 1;
            let run = Story::of(recipe).run;
            let matched = run.world(run.len()).matched(last);
            assert!(matched >= offer.trigger.anchor.nth, "{}: {offer:?}", scenario.id);
        }
    }
}

/// Faults at random: the sound form keeps every promise, always.
#[test]
fn the_sound_form_keeps_its_promises_under_any_weather() {
    for seed in 1..=60 {
        let more = format!(
            "seed {seed}\nset orders = 6\nset loss = 150 per mille\nset duplication = 150 per mille\n\
             set ordered = no\nset latency-max = 60 ms\nset horizon = 60000 ms"
        );
        for id in ["shop", "undeliverable", "textbook-success"] {
            let told = tell(id, &more);
            for promise in PATTERN.promises {
                assert_eq!(
                    told.verdict(promise.id),
                    Expected::Holds,
                    "{id} {seed} {}\n{}",
                    promise.id,
                    told.journal()
                );
            }
        }
    }
}

#[test]
fn a_long_run_costs_no_more_per_order_than_a_short_one() {
    let recipe = shipped("shop", "set orders = 3000\nset horizon = 80000000 ms").recipe;
    let (_, mut world) = recipe.start();
    let halt = loop {
        if let Err(halt) = world.advance(None) {
            break halt;
        }
    };
    assert_eq!(halt, Halt::Quiet);
    let completed =
        world.ledger().iter().filter(|o| PATTERN.facts[o.fact as usize].id == "completed").count();
    assert_eq!(completed, 3000);
    let rows: usize = (0..6).flat_map(|i| world.describe(NodeId(i)).sections).map(|s| s.rows.len()).sum();
    assert!(rows < 80, "{rows} rows");
}

/// Every text that anything here names, in both languages.
#[test]
fn nothing_that_can_be_said_lacks_its_text() {
    for lang in Lang::ALL {
        let mut missing = BTreeSet::new();
        let own: Vec<_> = converge::texts::entries(PATTERN.texts[lang as usize]).map(|(n, _)| n).collect();
        let mut want = |name: String| {
            if !own.contains(&name.as_str()) {
                missing.insert(name);
            }
        };
        for key in ["title", "summary", "not-modelled", "pros", "cons"] {
            want(key.into());
        }
        let groups = [
            ("record", PATTERN.records),
            ("timer", PATTERN.timers),
            ("fact", PATTERN.facts),
            ("verb", PATTERN.verbs),
        ];
        for (group, kinds) in groups {
            kinds.iter().for_each(|k| want(format!("{group}.{}", k.id)));
        }
        for k in PATTERN.messages {
            want(format!("message.{}", k.id));
            want(format!("message.{}.real", k.id));
        }
        for p in PATTERN.params {
            want(format!("param.{}", p.id));
            if let Range::Choice(names) = p.range {
                names.iter().for_each(|n| want(format!("param.{}.{n}", p.id)));
            }
        }
        for p in PATTERN.promises {
            want(format!("promise.{}", p.id));
            want(format!("promise.{}.about", p.id));
        }
        (0..6).for_each(|n| want(format!("step.{n}")));
        for s in PATTERN.scenarios {
            want(format!("scenario.{}", s.id));
            want(format!("scenario.{}.about", s.id));
            let told = tell(s.id, "");
            told.story.run.stage.nodes.iter().for_each(|n| want(format!("node.{}", n.id)));
            for state in 0..=told.story.run.len() {
                let world = told.story.run.world(state);
                for i in 0..world.nodes() {
                    let d = world.describe(NodeId(i as u8));
                    d.status.iter().for_each(|l| want(l.key.into()));
                    for section in d.sections {
                        want(section.title.key.into());
                        for cell in section.rows.iter().flat_map(|r| &r.cells) {
                            if let Cell::Text(l) = cell {
                                want(l.key.into());
                            }
                        }
                    }
                }
            }
            for i in 0..PATTERN.promises.len() {
                for (_, verdict) in told.story.run.verdicts(i).changes() {
                    if let Verdict::NotYet(l) | Verdict::Broken(l) = verdict {
                        want(l.key.into());
                    }
                }
            }
            let speaker = told.story.speaker(lang);
            for event in told.story.run.events() {
                let sentence = speaker.sentence(event);
                assert!(!sentence.contains('{') && !sentence.contains("step."), "{sentence}");
            }
        }
        assert!(missing.is_empty(), "{lang:?}: {missing:#?}");
    }
}

#[test]
fn dtm_s_family_undoes_the_refused_step_too() {
    check(
        "failed-step-undone",
        "",
        &["declined: payment -> orders", "refund: orders -> payment", "release: orders -> inventory"],
        &[],
        "started reserved nothing-to-undo released compensated",
    );
    check(
        "failed-step-undone-blindly",
        "",
        &["out-of-stock: inventory -> orders", "release: orders -> inventory"],
        &[],
        "started released compensated",
    );
}

#[test]
fn saga_5_an_operator_settles_the_step_or_stops_the_saga() {
    check(
        "stuck-settled",
        "",
        &["orders has written parked", "orders has written skipped", "release: orders -> inventory"],
        &[],
        "started reserved charged parked settled released compensated",
    );
    let crash =
        "fault crash orders after orders writes skipped\nfault restart orders 200 ms after orders crashes";
    check(
        "stuck-settled",
        crash,
        &["orders crashes", "orders restarts", "release: orders -> inventory"],
        &[],
        "started reserved charged parked settled released compensated",
    );
    let told = check(
        "stuck-stopped",
        "",
        &["orders has written stopped", "cancelled: orders -> client"],
        &["release: orders -> inventory"],
        "started reserved charged parked stopped",
    );
    assert_eq!(told.mood("orders"), Mood::Compensated, "nothing is open any more");
}

#[test]
fn it_runs_with_realistic_parameters() {
    let mut recipe = shipped("compensation-retried", "").recipe;
    for (param, value) in PATTERN.realistic {
        recipe.set_param(PATTERN.all_params().position(|p| p.id == *param).expect("a parameter"), *value);
    }
    let run = Story::of(recipe).run;
    assert_eq!(run.halt(), Some(Halt::Quiet));
    for place in 0..PATTERN.promises.len() {
        assert_eq!(run.verdicts(place).at(run.len()), Some(Verdict::Holds));
    }
}
