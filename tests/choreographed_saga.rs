//! The choreographed saga's stories: each failure mode told by what must happen and what must not.

mod story;

use std::collections::BTreeSet;

use converge::checker::{Allowed, Search};
use converge::kernel::{Cell, Halt, Mood, NodeId};
use converge::patterns::choreographed_saga::PATTERN;
use converge::patterns::pattern::Verdict;
use converge::scenario::Expected;
use converge::texts::Lang;
use story::Told;

#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    let told = story::check(
        &PATTERN,
        id,
        more,
        in_order,
        never,
        &story::tell(&PATTERN, id, more).facts().join(" "),
    );
    // That an event was published is told by the moments; the rest of the world's facts are these.
    let rest: Vec<_> = told.facts().into_iter().filter(|f| f != "published").collect();
    assert_eq!(rest.join(" "), facts, "{id}\n{}", told.journal());
    told
}

fn tell(id: &str, more: &str) -> Told {
    story::tell(&PATTERN, id, more)
}

#[track_caller]
fn verdicts(told: &Told, wanted: &[(&str, Expected)]) {
    for (promise, expected) in wanted {
        assert_eq!(told.verdict(promise), *expected, "{promise}\n{}", told.journal());
    }
}

const ONCE: &str = "placed done done done confirmed";

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
fn the_textbook_has_a_good_end_and_a_bad_one() {
    check(
        "textbook",
        "",
        &[
            "order-placed: order-service -> broker",
            "order-placed: broker -> customer-service",
            "credit-reserved: customer-service -> broker",
            "credit-reserved: broker -> order-service",
        ],
        &[],
        "placed done confirmed",
    );
    check(
        "textbook-rejected",
        "",
        &["credit-exceeded: broker -> order-service"],
        &["credit-reserved: customer-service -> broker"],
        "placed cancelled",
    );
}

#[test]
fn each_service_goes_on_from_the_event_before_it() {
    check(
        "shop",
        "",
        &[
            "order: client -> orders",
            "order-placed: broker -> inventory",
            "item-reserved: broker -> payment",
            "card-charged: broker -> shipping",
            "parcel-shipped: broker -> orders",
            "confirmed: orders -> client",
        ],
        &["order-placed: broker -> payment", "item-reserved: broker -> shipping"],
        ONCE,
    );
}

#[test]
fn saga_1_a_declined_card_releases_the_item() {
    check(
        "card-declined",
        "",
        &["payment-declined: broker -> inventory", "item-released: inventory -> broker"],
        &["card-charged: payment -> broker"],
        "placed done undone cancelled",
    );
}

#[test]
fn saga_1_a_refusal_at_the_pivot_undoes_both_at_once() {
    let told = check(
        "undeliverable",
        "",
        &["undeliverable: shipping -> broker", "cancelled: orders -> client"],
        &["parcel-shipped: shipping -> broker"],
        "placed done done undone undone cancelled",
    );
    assert_eq!((told.mood("payment"), told.mood("inventory")), (Mood::Compensated, Mood::Compensated));
}

#[test]
fn saga_2_an_event_that_was_only_in_memory_is_lost_with_it() {
    check(
        "lost-event",
        "",
        &["payment has written effect", "payment crashes", "payment restarts"],
        &["card-charged: payment -> broker", "confirmed: orders -> client"],
        "placed done done",
    );
}

#[test]
fn saga_2_an_event_in_the_outbox_is_sent_after_the_restart() {
    check(
        "outbox",
        "",
        &["payment crashes", "payment restarts", "card-charged: payment -> broker"],
        &[],
        ONCE,
    );
}

#[test]
fn saga_3_an_event_that_comes_twice_is_dealt_with_once() {
    check(
        "event-twice",
        "",
        &["item-reserved: broker -> payment", "item-reserved: broker -> payment"],
        &[],
        ONCE,
    );
    let told = check("event-twice-no-inbox", "", &[], &[], "placed done done done done confirmed");
    assert_eq!(told.mood("client"), Mood::Committed);
}

#[test]
fn what_is_lost_between_service_and_broker_is_sent_again() {
    check(
        "lost-delivery",
        "",
        &[
            "lost published: broker -> inventory",
            "lost card-charged: broker -> shipping",
            "broker: deliver-again",
        ],
        &[],
        ONCE,
    );
}

#[test]
fn wherever_somebody_crashes_the_order_is_done_once() {
    for (node, records) in [
        ("orders", &["placed", "sent", "status"][..]),
        ("inventory", &["effect", "sent"]),
        ("payment", &["effect", "sent"]),
        ("shipping", &["effect", "sent"]),
        ("broker", &["event", "event #2", "event #4", "delivered", "delivered #3"]),
    ] {
        for record in records {
            for moment in ["before {} writes", "after {} writes", "after {} has written"] {
                let more = format!(
                    "fault crash {node} {} {record}\nfault restart {node} 50 ms after {node} crashes",
                    moment.replace("{}", node)
                );
                check("shop", &more, &["confirmed: orders -> client"], &[], ONCE);
            }
        }
    }
}

#[test]
fn a_full_disk_only_delays() {
    for line in
        ["placed at orders", "status at orders", "effect at payment", "sent at payment", "event at broker"]
    {
        let more = format!("fault refuse write {line}");
        check("shop", &more, &["confirmed: orders -> client"], &[], ONCE);
    }
}

#[test]
fn a_service_that_is_down_misses_nothing() {
    check(
        "shipping-down",
        "",
        &["lost card-charged: broker -> shipping", "shipping restarts", "card-charged: broker -> shipping"],
        &[],
        ONCE,
    );
}

#[test]
fn saga_9_a_forgotten_subscription_stalls_in_silence() {
    let told = check(
        "forgotten-subscriber",
        "",
        &["item-reserved: inventory -> broker"],
        &["item-reserved: broker -> payment", "orders: saga-timeout"],
        "placed done",
    );
    assert_eq!(told.mood("orders"), Mood::Waiting);
}

#[test]
fn saga_9_a_watch_sees_the_silence() {
    let told = check(
        "forgotten-subscriber-alarm",
        "",
        &["orders: saga-timeout", "under-review: orders -> client"],
        &[],
        "placed done alarm",
    );
    assert_eq!(told.mood("orders"), Mood::Stuck);
    let more = "do cancel-order 1 at orders 100 ms after orders has written alarm";
    let told = check(
        "forgotten-subscriber-alarm",
        more,
        &["order-cancelled: broker -> shipping", "undeliverable: shipping -> broker"],
        &[],
        "placed done alarm barred undone cancelled barred",
    );
    verdicts(&told, &[("all-or-compensated", Expected::Holds)]);
}

#[test]
fn saga_9_a_watch_that_cancels_ends_it() {
    check(
        "forgotten-subscriber-cancelled",
        "",
        &["orders: saga-timeout", "order-cancelled: broker -> shipping", "cancelled: orders -> client"],
        &["order-cancelled: broker -> inventory"],
        "placed done barred undone cancelled barred",
    );
}

#[test]
fn saga_9_a_forgotten_compensation_leaves_the_item_set_aside() {
    check(
        "forgotten-compensation",
        "",
        &["undeliverable: shipping -> broker", "card-refunded: payment -> broker"],
        &["undeliverable: broker -> inventory", "item-released: inventory -> broker"],
        "placed done done undone cancelled",
    );
}

#[test]
fn saga_10_an_undo_that_comes_first_is_remembered() {
    check(
        "undo-before-event",
        "",
        &["undeliverable: broker -> payment", "item-reserved: broker -> payment"],
        &["card-charged: payment -> broker"],
        "placed done barred undone barred cancelled",
    );
}

#[test]
fn saga_10_ignored_it_leaves_a_charge_for_a_cancelled_order() {
    let told = tell("undo-before-event-ignored", "");
    let charged = told.moments().iter().position(|m| m == "card-charged: payment -> broker");
    let cancelled = told.moments().iter().position(|m| m == "cancelled: orders -> client");
    assert!(charged > cancelled, "{}", told.journal());
    verdicts(&told, &[("order-says-so", Expected::Broken)]);
}

#[test]
fn saga_10_stashed_it_is_applied_after_what_it_undoes() {
    let told = tell("undo-before-event-stashed", "");
    let facts = told.facts().into_iter().filter(|f| f != "published").collect::<Vec<_>>().join(" ");
    assert_eq!(facts, "placed done barred undone cancelled done undone", "{}", told.journal());
}

#[test]
fn only_the_pivot_can_say_whether_it_is_too_late() {
    let told = check(
        "cancel-at-the-pivot",
        "",
        &["cancel: client -> orders", "order-cancelled: broker -> shipping", "confirmed: orders -> client"],
        &["undeliverable: shipping -> broker", "cancelled: orders -> client"],
        ONCE,
    );
    assert_eq!(told.mood("shipping"), Mood::Committed);
    let told = tell("cancel-in-time", "");
    assert_eq!(told.mood("client"), Mood::Compensated);
    let told = tell("cancel-for-everybody", "");
    assert_eq!((told.mood("client"), told.mood("shipping")), (Mood::Compensated, Mood::Committed));
}

/// Whenever the customer calls the order off: where the pivot decides, order and world agree.
#[test]
fn a_cancellation_at_any_time_is_decided_by_the_pivot() {
    let (mut confirmed, mut cancelled) = (0, 0);
    for ms in (0..160).step_by(4) {
        let told = tell("shop", &format!("do cancel-order 1 at client {ms} ms after start"));
        for promise in PATTERN.promises {
            verdicts(&told, &[(promise.id, Expected::Holds)]);
        }
        match told.mood("client") {
            Mood::Committed => confirmed += 1,
            Mood::Compensated => cancelled += 1,
            mood => panic!("{mood:?}"),
        }
    }
    assert!(confirmed > 5 && cancelled > 5, "{confirmed} {cancelled}");
}

#[test]
fn rules_in_a_circle_charge_again_and_again() {
    let told = tell("cycle", "");
    let charged = told.moments().iter().filter(|m| *m == "card-charged: broker -> shipping").count();
    assert!(charged >= 2, "{}", told.journal());
    let ends = tell("cycle", "set undeliverable = ends-it");
    verdicts(&ends, &[("steps-once", Expected::Holds), ("saga-ends", Expected::Holds)]);
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
            ("undeliverable", "\nset watch = cancel"),
            ("cancel-in-time", "\nset early-undo = stash"),
            ("cancel-at-the-pivot", "\nset watch = cancel\nset saga-timeout = 150 ms"),
        ] {
            let told = tell(id, &format!("{more}{form}"));
            for promise in PATTERN.promises {
                verdicts(&told, &[(promise.id, Expected::Holds)]);
            }
        }
    }
}

#[test]
fn a_long_run_costs_no_more_per_order_than_a_short_one() {
    let recipe = story::shipped(&PATTERN, "shop", "set orders = 1000\nset horizon = 80000000 ms").recipe;
    let (_, mut world) = recipe.start();
    let halt = loop {
        if let Err(halt) = world.advance(None) {
            break halt;
        }
    };
    assert_eq!(halt, Halt::Quiet);
    let rows: usize = (0..6).flat_map(|i| world.describe(NodeId(i)).sections).map(|s| s.rows.len()).sum();
    assert!(rows < 90, "{rows} rows");
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
                let raw = ["{", "step.", "undo.", "event."];
                assert!(!raw.iter().any(|r| said.contains(r)), "{said}");
            }
            for event in told.story.run.events() {
                let sentence = speaker.sentence(event);
                assert!(!sentence.contains('{') && !sentence.contains("event."), "{sentence}");
            }
        }
        assert!(missing.is_empty(), "{lang:?}: {missing:#?}");
    }
}

/// Every world of the textbook's saga in which every message is in time, with a crash at any point of
/// any handler.
#[test]
fn no_single_crash_breaks_a_promise() {
    let recipe = story::shipped(&PATTERN, "textbook", "set watch = none").recipe;
    let allowed = Allowed { crashes: 1, early: 0, ..Allowed::default() };
    let mut search = Search::new(&recipe, allowed, &[], &[], 200_000);
    search.to_the_end();
    assert!(search.complete(), "{} worlds and more", search.states());
    assert_eq!(search.broken(), []);
}

/// Without an outbox, one crash suffices: between the commit and the sending.
#[test]
fn without_an_outbox_one_crash_is_enough() {
    let recipe =
        story::shipped(&PATTERN, "textbook", "set watch = none\nset publish = after-commit").recipe;
    let allowed = Allowed { crashes: 1, early: 0, ..Allowed::default() };
    let mut search = Search::new(&recipe, allowed, &[], &[], 200_000);
    search.to_the_end();
    let broken: Vec<_> = search.broken().iter().map(|b| PATTERN.promises[b.promise].id).collect();
    assert!(broken.contains(&"saga-ends") && broken.contains(&"no-silent-change"), "{broken:?}");
}

#[test]
fn it_runs_with_realistic_parameters() {
    let mut recipe = story::shipped(&PATTERN, "lost-delivery", "").recipe;
    for (param, value) in PATTERN.realistic {
        recipe.set_param(PATTERN.all_params().position(|p| p.id == *param).expect("a parameter"), *value);
    }
    let run = converge::trace::Story::of(recipe).run;
    assert_eq!(run.halt(), Some(Halt::Quiet));
    for place in 0..PATTERN.promises.len() {
        assert_eq!(run.verdicts(place).at(run.len()), Some(Verdict::Holds));
    }
}
