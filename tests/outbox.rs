//! The outbox's stories: each failure mode of the pattern (OB-1 to OB-9 of the reference), told by
//! what must happen and what must not.

mod story;

use converge::checker::{Allowed, Search};
use converge::kernel::{Cell, Halt, Mark, Mood, NodeId, What};
use converge::patterns::outbox::PATTERN;
use converge::patterns::pattern::{Copied, Probe};
use converge::scenario::Expected;
use converge::trace::{Run, Stage};

use story::Told;

/// See [`story::check`].
#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, more, in_order, never, facts)
}

/// The consumer's copy at the end.
fn copy(told: &Told) -> Copied {
    let run = &told.story.run;
    let world = run.world(run.len());
    let probe =
        Probe { world: &world, params: &run.stage.params, at_rest: run.halt() == Some(Halt::Quiet) };
    let mut copies = Vec::new();
    (PATTERN.copies)(&probe, &mut copies);
    assert_eq!(copies.len(), 1);
    copies[0]
}

#[track_caller]
fn lost(told: &Told, behind: u32, why: Option<&str>) {
    let copy = copy(told);
    assert_eq!((copy.behind, copy.lost.map(|l| l.key)), (behind, why), "{}", told.journal());
}

/// Every promise holds at the end, and the copy is equal.
#[track_caller]
fn all_is_well(told: &Told) {
    for promise in PATTERN.promises {
        let verdict = told.verdict(promise.id);
        assert_eq!(verdict, Expected::Holds, "{}: {verdict:?}\n{}", promise.id, told.journal());
    }
    lost(told, 0, None);
}

#[test]
fn every_scenario_ends_as_it_expects_and_its_faults_happen() {
    for scenario in PATTERN.scenarios {
        let told = story::tell(&PATTERN, scenario.id, "");
        let run = &told.story.run;
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{}\n{}", scenario.id, told.journal());
        assert_eq!(run.halt(), Some(Halt::Quiet), "{} comes to an end of its own", scenario.id);
        assert!((10..=90).contains(&run.len()), "{} takes {} steps", scenario.id, run.len());
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            let matched = run.world(run.len()).matched(i);
            assert!(matched >= entry.trigger.anchor.nth, "{}: {entry:?} never happens", scenario.id);
        }
    }
}

#[test]
fn the_textbook_writes_both_together_and_marks_after_publishing() {
    let told = check(
        "textbook",
        "",
        &[
            "place: client -> orders",
            "orders has written commit",
            "accepted: orders -> client",
            "poll: relay -> orders",
            "rows: orders -> relay",
            "publish: relay -> broker",
            "broker has written appended",
            "published: broker -> relay",
            "mark: relay -> orders",
            "orders has written sent",
            "marked: orders -> relay",
            "nothing: orders -> relay",
        ],
        &["orders has written commit-alone", "publish: orders -> broker"],
        "committed published packed",
    );
    all_is_well(&told);
    assert_eq!(told.mood("shipping"), Mood::Committed);
}

#[test]
fn the_events_of_an_order_share_a_partition_and_keep_their_order() {
    let told = check(
        "shop",
        "",
        &["cancel: client -> orders", "fact packed 1", "fact unpacked 1", "fact packed 2"],
        &["fact nothing-to-unpack 1"],
        "committed committed committed published packed published unpacked published packed",
    );
    all_is_well(&told);
}

#[test]
fn ob_1_commit_then_publish_loses_the_event_for_ever() {
    let told = check(
        "dual-write-lost",
        "",
        &[
            "orders has written commit-alone",
            "orders crashes",
            "orders restarts",
            "accepted: orders -> client",
        ],
        &["publish: orders -> broker", "fact published 1"],
        "committed",
    );
    lost(&told, 1, Some("copy.lost"));
}

#[test]
fn ob_1_the_other_way_round_makes_a_ghost() {
    let told = check(
        "dual-write-ghost",
        "",
        &["publish: orders -> broker", "fact rolled-back 1", "rejected: orders -> client"],
        &["orders has written commit-alone", "fact committed 1"],
        "published rolled-back packed",
    );
    lost(&told, 1, Some("copy.ghost"));
    // A crash between the two makes one as well; the customer asks again, and this time the disk
    // refuses: two ghosts, two parcels, no order.
    let told = check(
        "dual-write-ghost",
        "fault crash orders before orders writes commit-alone\n\
         fault restart orders 100 ms after orders crashes",
        &["fact published 1", "orders crashes", "place: client -> orders", "rejected: orders -> client"],
        &["fact committed 1"],
        "published packed rolled-back published rolled-back packed",
    );
    assert_eq!(told.verdict("no-ghost-event"), Expected::Broken);
}

#[test]
fn ob_2_with_an_outbox_the_same_crash_loses_nothing() {
    let told = check(
        "crash-after-commit",
        "",
        &[
            "orders has written commit",
            "orders crashes",
            "orders restarts",
            "publish: relay -> broker",
            "fact packed 1",
        ],
        &[],
        "committed published packed",
    );
    all_is_well(&told);
    // Before the commit is on disk, there is neither order nor event; asked again, there are both.
    let told = check(
        "textbook",
        "fault crash orders before orders writes commit\nfault restart orders 100 ms after orders crashes",
        &["orders crashes", "fact rolled-back 1", "place: client -> orders", "orders has written commit"],
        &[],
        "rolled-back committed published packed",
    );
    all_is_well(&told);
}

#[test]
fn ob_3_a_relay_that_crashes_before_marking_publishes_the_batch_again() {
    let told = check(
        "relay-crash",
        "",
        &["fact published 1", "fact published 2", "relay crashes", "fact published 1", "fact published 2"],
        &[],
        "committed committed published packed published packed published packed published packed",
    );
    lost(&told, 2, Some("copy.twice"));
    let told = check(
        "relay-crash-inbox",
        "",
        &["relay crashes", "fact published 1", "fact published 2", "done: shipping -> broker"],
        &[],
        "committed committed published packed published packed published published",
    );
    all_is_well(&told);
}

#[test]
fn ob_3_a_relay_that_marks_first_loses_the_batch() {
    let told = check(
        "mark-first",
        "",
        &["orders has written sent", "relay crashes", "relay restarts", "nothing: orders -> relay"],
        &["publish: relay -> broker"],
        "committed",
    );
    lost(&told, 1, Some("copy.lost"));
    // A cursor that is saved first passes over the batch in the same way.
    let cursor = check("mark-first", "set read = cursor", &["relay has written cursor"], &[], "committed");
    lost(&cursor, 1, Some("copy.lost"));
}

#[test]
fn ob_4_two_relays_without_locks_publish_everything_twice() {
    let told = check(
        "two-relays",
        "",
        &["rows: orders -> relay", "rows: orders -> relay-2", "publish: relay-2 -> broker"],
        &[],
        "committed committed published published packed published published packed packed packed",
    );
    lost(&told, 2, Some("copy.twice"));
}

#[test]
fn ob_4_skip_locked_avoids_the_double_pick_and_breaks_the_order() {
    let told = check(
        "skip-locked",
        "",
        &["rows: orders -> relay", "rows: orders -> relay-2", "fact nothing-to-unpack 1", "fact packed 1"],
        &[],
        "committed committed published nothing-to-unpack published packed",
    );
    lost(&told, 1, Some("copy.out-of-order"));
    let told = check(
        "by-key",
        "",
        &["fact packed 1", "fact unpacked 1"],
        &["rows: orders -> relay-2"],
        "committed committed published packed published unpacked",
    );
    all_is_well(&told);
}

#[test]
fn ob_4_a_dead_relay_s_rows_are_free_once_its_session_is_given_up() {
    let told = check(
        "skip-locked",
        "fault crash relay before relay sends publish to broker\n\
         fault restart relay 800 ms after relay crashes",
        &["rows: orders -> relay", "relay crashes", "orders: session", "publish: relay-2 -> broker"],
        &[],
        "committed committed published nothing-to-unpack published packed",
    );
    assert_eq!(told.verdict("no-lost-event"), Expected::Holds);
}

#[test]
fn ob_5_a_cursor_of_ids_passes_over_a_transaction_that_is_slow_to_commit() {
    let told = check(
        "id-gap",
        "",
        &["fact committed 2", "relay has written cursor", "fact committed 1", "nothing: orders -> relay"],
        &["fact published 1"],
        "committed published packed committed",
    );
    lost(&told, 1, Some("copy.lost"));
}

#[test]
fn ob_5_the_same_gap_does_no_harm_to_the_three_right_ways_to_read() {
    // These hold order 2 back until order 1 is there …
    for id in ["id-gap-horizon", "id-gap-high-water"] {
        let held =
            &["fact committed 2", "nothing: orders -> relay", "fact committed 1", "fact published 1"];
        let told = check(id, "", held, &[], "committed committed published packed published packed");
        all_is_well(&told);
    }
    // … and this one goes back for it.
    let told = check(
        "id-gap-unsent",
        "",
        &["fact published 2", "fact committed 1", "fact published 1"],
        &[],
        "committed published packed committed published packed",
    );
    all_is_well(&told);
}

#[test]
fn ob_5_a_transaction_that_comes_to_nothing_leaves_a_gap_that_holds_nobody() {
    let disk = "fault refuse write commit at orders #2";
    for id in ["id-gap-horizon", "id-gap-high-water"] {
        let told = check(id, disk, &["fact rolled-back 1", "fact published 2"], &[], {
            "committed rolled-back published packed"
        });
        all_is_well(&told);
    }
}

#[test]
fn ob_6_a_broker_that_is_down_delays_events_and_no_business() {
    let told = check(
        "broker-down",
        "",
        &[
            "broker crashes",
            "accepted: orders -> client",
            "fact committed 4",
            "broker restarts",
            "fact published 1",
        ],
        &[],
        "committed committed committed committed \
         published packed published packed published packed published packed",
    );
    all_is_well(&told);
}

#[test]
fn ob_7_a_row_that_is_refused_blocks_all_behind_it_until_it_is_parked() {
    let told = check(
        "poison-blocks",
        "",
        &["unpublishable: broker -> relay", "fact published 1", "fact published 2", "fact published 3"],
        &["orders has written parked"],
        "committed committed committed published packed published packed published packed",
    );
    all_is_well(&told);
    let facts = "committed committed committed parked published packed published packed";
    let told = check("poison-parked", "", &["orders has written parked", "fact published 2"], &[], facts);
    assert_eq!((told.mood("orders"), copy(&told).lost), (Mood::Stuck, None));
    let repaired = check(
        "poison-parked",
        "do release-parked at orders 600 ms after start",
        &["fact parked 1", "fact published 3", "orders has written released", "fact published 1"],
        &[],
        &format!("{facts} published packed"),
    );
    all_is_well(&repaired);
}

/// A parked event is overtaken by the later ones of its key: that is what parking costs.
#[test]
fn ob_7_parking_breaks_the_order_of_the_key() {
    let told = check(
        "poison-parked",
        "set cancelled = 1\ndo release-parked at orders 600 ms after start",
        &["fact parked 1", "fact nothing-to-unpack 1", "orders has written released", "fact packed 1"],
        &[],
        "committed committed committed committed parked published nothing-to-unpack \
         published packed published packed published packed",
    );
    assert_eq!(told.verdict("order-per-key"), Expected::Broken);
    lost(&told, 1, Some("copy.out-of-order"));
}

#[test]
fn ob_8_without_a_clean_up_polls_take_ever_longer() {
    let told = story::tell(&PATTERN, "no-cleanup", "");
    let run = &told.story.run;
    // From the poll's arrival to its answer.
    let mut asked = None;
    let mut waits = Vec::new();
    for (i, event) in run.events().iter().enumerate() {
        let at = run.time(run.state_of_event(i as u32)).micros;
        let kind = |kind: u8| PATTERN.messages[kind as usize].id;
        match event.what {
            What::Delivered { kind: k, .. } if kind(k) == "poll" => asked = Some(at),
            What::Sent { kind: k, .. } if ["rows", "nothing"].contains(&kind(k)) => {
                waits.extend(asked.take().map(|from| at - from));
            }
            _ => {}
        }
    }
    assert_eq!(waits.first(), Some(&8_000), "one row, eight milliseconds");
    assert_eq!(waits.last(), Some(&40_000), "five rows");
    assert!(waits.windows(2).all(|w| w[0] <= w[1]), "{waits:?}");
    let clean = story::tell(&PATTERN, "no-cleanup", "set cleanup = yes\nset keep = 0");
    all_is_well(&clean);
}

#[test]
fn ob_9_a_clock_that_is_behind_turns_the_events_of_an_order_round() {
    let told = check(
        "clock-skew",
        "",
        &["fact committed 1", "fact committed 1", "fact nothing-to-unpack 1", "fact packed 1"],
        &[],
        "committed committed published nothing-to-unpack published packed",
    );
    lost(&told, 1, Some("copy.out-of-order"));
    let by_id = check(
        "clock-skew",
        "set sort = id",
        &["fact packed 1", "fact unpacked 1"],
        &[],
        "committed committed published packed published unpacked",
    );
    all_is_well(&by_id);
}

/// What is asked twice happens once, and a lost notice hangs nothing.
#[test]
fn requests_and_notices_survive_their_loss() {
    let told = check(
        "shop",
        "fault drop accepted from orders to client\nfault duplicate place from client to orders",
        &["lost accepted: orders -> client", "place: client -> orders", "accepted: orders -> client"],
        &[],
        "committed committed committed published packed published unpacked published packed",
    );
    all_is_well(&told);
    let told = check(
        "id-gap-unsent",
        "set slow-for = 200 ms\nfault drop notify from orders to relay",
        &["lost notify: orders -> relay", "orders: wake", "notify: orders -> relay", "fact published 1"],
        &[],
        "committed published packed committed published packed",
    );
    all_is_well(&told);
}

/// The right ways, in bad weather: lost, doubled and overtaking messages, every node crashing once.
#[test]
fn in_bad_weather_the_right_ways_keep_every_promise() {
    let crashes = "fault crash relay 70 ms after start\nfault restart relay 130 ms after relay crashes\n\
                   fault crash orders 260 ms after start\nfault restart orders 90 ms after orders crashes\n\
                   fault crash broker 420 ms after start\nfault restart broker 110 ms after broker crashes\n\
                   fault crash shipping 90 ms after start\nfault restart shipping 60 ms after shipping crashes";
    let mut duplicates = 0;
    for read in ["unsent", "horizon", "high-water"] {
        for relays in [1, 2] {
            for seed in 1..=25 {
                let more = format!(
                    "seed {seed}\nset read = {read}\nset relays = {relays}\nset orders = 6\nset slow-order = 2\n\
                     set cancelled = 3\nset batch = 2\nset loss = 80 per mille\nset duplication = 80 per mille\n\
                     set ordered = no\nset horizon = 60000 ms\n{crashes}"
                );
                let told = story::tell(&PATTERN, "textbook", &more);
                assert_eq!(told.story.run.halt(), Some(Halt::Quiet), "{more}");
                all_is_well(&told);
                let published = told.facts().iter().filter(|f| *f == "published").count();
                let committed = told.facts().iter().filter(|f| *f == "committed").count();
                duplicates += published - committed;
            }
        }
    }
    assert!(duplicates > 100, "only {duplicates} duplicates: the weather was fine");
}

#[test]
fn the_inspector_shows_what_is_not_committed_and_what_is_locked() {
    let told = story::tell(&PATTERN, "skip-locked", "");
    let run = &told.story.run;
    let outbox = |state: u32| {
        let shown = run.world(state).describe(NodeId(1));
        let section =
            shown.sections.into_iter().find(|s| s.title.key == "section.outbox").expect("an outbox");
        section.rows.into_iter().map(|r| (r.cells[0], r.mark)).collect::<Vec<_>>()
    };
    let seen = |wanted: &[(Cell, Mark)]| (0..=run.len()).any(|state| outbox(state) == wanted);
    assert!(seen(&[(Cell::Number(1), Mark::Pending)]));
    assert!(seen(&[(Cell::Number(1), Mark::Plain), (Cell::Number(2), Mark::Pending)]));
    assert!(seen(&[(Cell::Number(1), Mark::Locked), (Cell::Number(2), Mark::Locked)]));
    assert_eq!(outbox(run.len()).len(), 2);
}

/// Real figures run as well: slower to watch, the same promises.
#[test]
fn the_realistic_figures_keep_the_promises() {
    let mut recipe = story::shipped(&PATTERN, "shop", "").recipe;
    for (name, value) in PATTERN.realistic {
        let place = PATTERN.all_params().position(|p| p.id == *name).expect("a parameter");
        let param = PATTERN.all_params().nth(place).expect("a parameter");
        assert!(param.range.holds(*value) && param.default != *value, "{name} = {value}");
        recipe.params.set_at(place, *value);
    }
    let run = Run::to_the_end(Stage::of(&recipe));
    assert_eq!(run.halt(), Some(Halt::Quiet));
    for place in 0..PATTERN.promises.len() {
        let verdict = run.verdicts(place).at(run.len());
        assert_eq!(verdict, Some(converge::patterns::pattern::Verdict::Holds));
    }
}

/// Every world that can be reached, whatever the order of messages and wherever a node crashes: the
/// right ways keep every promise in all of them, and each naive one breaks what it is known to break.
#[test]
fn in_every_world_the_right_ways_hold_and_the_naive_ones_break() {
    let patient = Allowed { early: 0, ..Allowed::default() };
    let crash = Allowed { crashes: 1, ..patient };
    let network = Allowed { drops: 1, duplicates: 1, ..patient };
    for (id, more, allowed, broken) in [
        ("textbook", "", crash, ""),
        ("textbook", "", network, ""),
        ("textbook", "", Allowed::default(), ""),
        ("textbook", "set read = horizon", network, ""),
        ("textbook", "set inbox = no", network, "copies-agree effects-once"),
        ("textbook", "set mark = before", crash, "copies-agree no-lost-event"),
        ("dual-write-lost", "", crash, "copies-agree no-lost-event"),
        ("dual-write-ghost", "", crash, "copies-agree no-ghost-event"),
        ("id-gap", "", patient, "copies-agree no-lost-event"),
        ("id-gap-unsent", "", patient, ""),
    ] {
        let recipe = story::shipped(&PATTERN, id, more).recipe;
        let mut search = Search::new(&recipe, allowed, &[], &[], 100_000);
        search.to_the_end();
        let mut found: Vec<_> = search.broken().iter().map(|b| PATTERN.promises[b.promise].id).collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), broken, "{id} {more} {allowed:?}");
        assert!(search.complete(), "{id} {more}: {} worlds", search.states());
    }
}
