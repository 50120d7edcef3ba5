//! Event sourcing's stories: each failure mode of the pattern, told by what must happen and what
//! must not.

mod said;
mod story;

use converge::checker::Allowed;
use converge::kernel::{Halt, Mood, NodeId};
use converge::patterns::event_sourcing::PATTERN;
use converge::patterns::pattern::{Copied, Probe};
use converge::scenario::Expected;

use story::{Told, shipped, tell};

/// See [`story::check`].
#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, more, in_order, never, facts)
}

#[track_caller]
fn broken(told: &Told, promises: &[&str]) {
    for p in PATTERN.promises {
        let expected = if promises.contains(&p.id) { Expected::Broken } else { Expected::Holds };
        assert_eq!(told.verdict(p.id), expected, "{}\n{}", p.id, told.journal());
    }
}

/// The copies at the end of a run.
fn copies(told: &Told) -> Vec<Copied> {
    let run = &told.story.run;
    let world = run.world(run.len());
    let mut copies = Vec::new();
    let probe = Probe { world: &world, params: &run.stage.params, at_rest: true };
    (PATTERN.copies)(&probe, &mut copies);
    copies
}

#[test]
fn es_1_of_two_appends_at_the_same_version_one_decides_again() {
    let told = check(
        "two-at-once",
        "",
        &["fact charged 2", "conflict: event-store -> service-1", "refused: service-1 -> client"],
        &["fact charged 1"],
        "charged mailed read",
    );
    broken(&told, &[]);
    // With money for both, the loser appends after the winner.
    let told = check(
        "two-at-once",
        "set history = 0",
        &["conflict: event-store -> service-1", "read: service-1 -> event-store", "fact charged 1"],
        &["refused: service-1 -> client"],
        "charged mailed charged mailed read",
    );
    broken(&told, &[]);
}

#[test]
fn es_2_any_version_spends_what_is_gone() {
    let told = check(
        "any-version",
        "",
        &["fact charged 2", "fact charged 1"],
        &[],
        "charged charged mailed mailed read",
    );
    broken(&told, &["never-overdrawn"]);
    let told = check(
        "append-again",
        "",
        &["conflict: event-store -> service-1", "fact charged 1"],
        &[],
        "charged mailed charged mailed read",
    );
    broken(&told, &["never-overdrawn"]);
}

#[test]
fn a_service_that_gives_up_at_a_conflict_loses_nothing_but_the_order() {
    let told = check(
        "two-at-once",
        "set history = 0\nset on-conflict = give-up",
        &["conflict: event-store -> service-1", "refused: service-1 -> client"],
        &["fact charged 1"],
        "charged mailed read",
    );
    broken(&told, &[]);
}

#[test]
fn es_3_a_lost_acknowledgement_costs_a_repetition_and_no_second_event() {
    let told = check(
        "lost-ack",
        "",
        &[
            "lost stored: event-store -> service",
            "service: no-answer",
            "stored: event-store -> service",
            "bought: service -> client",
        ],
        &["conflict: event-store -> service"],
        "charged mailed read",
    );
    broken(&told, &[]);
}

#[test]
fn es_3_with_new_ids_the_customer_pays_twice() {
    let told = check(
        "lost-ack-fresh-ids",
        "",
        &["fact charged 1", "service: no-answer", "conflict: event-store -> service", "fact charged 1"],
        &[],
        "charged mailed charged mailed read",
    );
    broken(&told, &["stored-once"]);
}

#[test]
fn es_4_a_crash_between_two_appends_leaves_half_a_command() {
    let order = ["fact charged 1", "service crashes", "service restarts", "bought: service -> client"];
    let told = check("half-done", "", &order, &[], "charged mailed read");
    broken(&told, &["whole-commands"]);
    let told = check("one-batch", "", &order, &[], "charged mailed read");
    broken(&told, &[]);
}

#[test]
fn es_5_a_snapshot_is_a_beginning_and_not_the_truth() {
    let told = check(
        "stale-snapshot",
        "",
        &["read-after: service -> event-store", "fact charged 1", "service has written snapshot"],
        &["read: service -> event-store"],
        "charged read",
    );
    broken(&told, &[]);
    broken(&tell(&PATTERN, "snapshot-alone", ""), &["never-overdrawn", "state-is-fold"]);
    let told = check(
        "old-snapshot",
        "",
        &["read: service -> event-store"],
        &["read-after: service -> event-store"],
        "charged read",
    );
    broken(&told, &[]);
    broken(&tell(&PATTERN, "old-snapshot-trusted", ""), &["state-is-fold"]);
}

#[test]
fn es_6_a_snapshot_newer_than_its_stream_is_thrown_away() {
    let told = check(
        "snapshot-ahead",
        "",
        &[
            "fact restored 2",
            "read-after: service -> event-store",
            "read: service -> event-store",
            "fact read 1",
        ],
        &[],
        "restored read",
    );
    broken(&told, &[]);
    broken(&tell(&PATTERN, "snapshot-ahead-trusted", ""), &["state-is-fold"]);
    // And nothing can be appended on top of it.
    let more = "do buy 1 at client 60 ms after start";
    check(
        "snapshot-ahead-trusted",
        more,
        &["conflict: event-store -> service", "refused: service -> client"],
        &["fact charged 1"],
        "restored read",
    );
}

#[test]
fn es_6_a_view_newer_than_the_store_is_built_again() {
    let more = "do restore 2 at event-store 200 ms after start\ndo buy 1 at client 220 ms after start";
    let told = tell(&PATTERN, "shop", more);
    assert_eq!(told.verdict("view-is-fold"), Expected::Holds, "{}", told.journal());
    assert!(told.moments().contains(&"view has written new-view".to_owned()), "{}", told.journal());
}

#[test]
fn es_7_an_old_event_stops_everybody_who_cannot_read_it() {
    let told = check(
        "old-events",
        "",
        &["unsubscribe: view -> event-store", "unreadable: service -> client"],
        &["fact charged 1"],
        "",
    );
    broken(&told, &["view-is-fold"]);
    assert_eq!(told.mood("view"), Mood::Stuck);
    assert!(copies(&told)[0].lost.is_some());
    let told = check(
        "upcaster",
        "",
        &["fact charged 1"],
        &["unsubscribe: view -> event-store"],
        "charged mailed read",
    );
    broken(&told, &[]);
}

#[test]
fn es_7_code_that_can_read_it_goes_on_where_the_old_code_stopped() {
    let more = "do deploy at view 100 ms after start\ndo deploy at service 100 ms after start\n\
                do buy 1 at client 120 ms after start";
    let told = check(
        "old-events",
        more,
        &["unsubscribe: view -> event-store", "fact charged 2"],
        &[],
        "charged mailed",
    );
    broken(&told, &[]);
}

#[test]
fn es_8_a_checkpoint_of_its_own_write_counts_twice_after_a_crash() {
    let order = ["view has written view", "view crashes", "view restarts", "view has written view"];
    let told = check("crash-before-checkpoint", "", &order, &[], "charged charged mailed mailed");
    broken(&told, &["view-is-fold"]);
    assert_eq!(copies(&told)[0].lost.map(|l| l.key), Some("lost.twice"));
    let told = check(
        "checkpoint-with-view",
        "",
        &order,
        &["view has written checkpoint"],
        "charged charged mailed mailed",
    );
    broken(&told, &[]);
    let told = tell(&PATTERN, "crash-before-checkpoint", "set apply-once = yes");
    broken(&told, &[]);
}

#[test]
fn es_9_a_reader_by_number_loses_what_commits_late() {
    let order = ["inserted: event-store -> service-1", "fact charged 2", "fact charged 1"];
    let told = check("sequence-gap", "", &order, &[], "charged mailed charged");
    broken(&told, &["view-is-fold", "mailed-once"]);
    assert_eq!(copies(&told)[0].lost.map(|l| l.key), Some("lost.passed-over"));
    // Held up until the commit, and then complete.
    let told = check("high-water", "", &order, &[], "charged charged mailed mailed");
    broken(&told, &[]);
}

#[test]
fn es_9_a_gap_that_nobody_fills_is_passed_once_it_is_dead() {
    let told = check(
        "dead-gap",
        "",
        &[
            "service-1 crashes",
            "fact charged 2",
            "event-store: idle-transaction",
            "fact mailed 2",
            "fact charged 1",
        ],
        &[],
        "charged mailed charged mailed",
    );
    broken(&told, &[]);
    // Without a limit for idle transactions the readers wait for as long as it lives.
    let more = "set idle-rollback = 0 ms\nset ask-again = 20000 ms";
    let told = check("dead-gap", more, &["fact charged 2"], &["fact mailed 2"], "charged");
    assert_eq!(told.verdict("view-is-fold"), Expected::NotYet);
}

#[test]
fn es_10_a_rebuild_in_its_own_place_is_seen() {
    let told = tell(&PATTERN, "rebuild-in-place", "");
    broken(&told, &["view-never-back"]);
    let told = tell(&PATTERN, "rebuild-beside", "");
    broken(&told, &[]);
    let moments = told.moments();
    assert!(moments.contains(&"view has written new-view".to_owned()));
    assert!(moments.contains(&"unsubscribe: view -> event-store".to_owned()), "the old table is given up");
}

#[test]
fn es_11_a_replay_sends_no_receipts_unless_it_is_naive() {
    let told = check(
        "receipts-again",
        "",
        &["view has written new-view"],
        &[],
        "charged mailed charged mailed mailed mailed",
    );
    broken(&told, &["mailed-once"]);
    let told = check(
        "receipts-again",
        "set receipts = live-only",
        &["view has written new-view"],
        &[],
        "charged mailed charged mailed",
    );
    broken(&told, &[]);
}

#[test]
fn es_12_an_address_is_unique_by_a_stream_of_its_own() {
    let told = check(
        "same-address",
        "",
        &["fact registered 3", "fact registered 2"],
        &[],
        "registered registered",
    );
    broken(&told, &["address-unique"]);
    let told = tell(&PATTERN, "reserved-address", "");
    broken(&told, &[]);
    assert_eq!(told.facts(), ["registered"]);
    assert!(told.moments().iter().any(|m| m.starts_with("conflict: event-store")));
}

#[test]
fn es_12_a_reservation_survives_the_crash_of_the_one_who_made_it() {
    let more = "fault crash service-1 before service-1 handles stored from event-store\n\
                fault crash service-2 before service-2 handles stored from event-store\n\
                fault restart service-1 50 ms after service-1 crashes\nfault restart service-2 50 ms after service-2 crashes";
    let told = tell(&PATTERN, "reserved-address", more);
    broken(&told, &[]);
    assert_eq!(told.facts(), ["registered"], "{}", told.journal());
}

/// Wherever somebody crashes, the sound form does both orders once.
#[test]
fn wherever_somebody_crashes_the_orders_are_done_once() {
    let points = [
        ("service", "before service handles buy from client"),
        ("service", "before service handles events from event-store"),
        ("service", "after service sends append-batch to event-store"),
        ("service", "before service handles stored from event-store"),
        ("event-store", "before event-store handles append-batch from service"),
        ("event-store", "before event-store writes events"),
        ("event-store", "after event-store writes events"),
        ("event-store", "after event-store has written events"),
        ("view", "before view handles feed from event-store"),
        ("view", "before view writes view"),
        ("view", "after view writes view"),
        ("view", "after view has written view"),
        ("client", "before client handles bought from service"),
    ];
    for (node, point) in points {
        for nth in 1..=2 {
            let more = format!(
                "fault crash {node} {point} #{nth}\nfault restart {node} 150 ms after {node} crashes"
            );
            let told = tell(&PATTERN, "shop", &more);
            broken(&told, &[]);
            assert!(told.moments().contains(&format!("{node} restarts")), "{point}");
            let count = |fact: &str| told.facts().iter().filter(|f| *f == fact).count();
            assert_eq!((count("charged"), count("mailed")), (2, 2), "{point}\n{}", told.journal());
        }
    }
}

#[test]
fn a_full_disk_only_delays() {
    for line in ["events at event-store", "view at view"] {
        let told = tell(&PATTERN, "shop", &format!("fault refuse write {line}"));
        broken(&told, &[]);
        assert_eq!(told.facts().len(), 7, "{}", told.journal());
    }
}

/// Faults at random: the sound form keeps every promise, with each of its mechanisms.
#[test]
fn the_sound_form_keeps_its_promises_under_any_weather() {
    let forms = [
        "",
        "set snapshot-every = 3",
        "set transactions = yes",
        "set rebuild = in-place\nset look = no\ndo rebuild at view 120 ms after start",
        "set rebuild = beside\nset look = yes\ndo rebuild at view 120 ms after start",
        "fault crash view after view writes view #2\nfault restart view 90 ms after view crashes\n\
         fault crash event-store after event-store writes events #3\nfault restart event-store 90 ms after event-store crashes\n\
         fault crash service-1 after service-1 sends append-batch to event-store\nfault restart service-1 60 ms after service-1 crashes",
    ];
    for seed in 1..=20 {
        for (i, form) in forms.iter().enumerate() {
            let weather = if i == 4 { "set ordered = yes" } else { "set ordered = no" };
            let more = format!(
                "seed {seed}\nset history = 0\nset customers = 2\nset orders = 8\nset rhythm = together\nset conflict-retries = 8\nset loss = 100 per mille\n\
                 set duplication = 100 per mille\nset latency-max = 40 ms\nset horizon = 60000 ms\n{weather}\n{form}"
            );
            let told = tell(&PATTERN, "two-at-once", &more);
            // Money for two orders each, and a receipt for each of them.
            let count = |fact: &str| told.facts().iter().filter(|f| *f == fact).count();
            assert_eq!((count("charged"), count("mailed")), (4, 4), "{form} {seed}\n{}", told.journal());
            for promise in PATTERN.promises {
                // Looks that overtake each other are not the read model's doing.
                if promise.id == "view-never-back" {
                    continue;
                }
                assert_eq!(
                    told.verdict(promise.id),
                    Expected::Holds,
                    "{form} {seed} {}\n{}",
                    promise.id,
                    told.journal()
                );
            }
        }
    }
}

#[test]
fn a_long_run_costs_no_more_per_order_than_a_short_one() {
    let more =
        "set orders = 2000\nset snapshot-every = 20\nset order-gap = 1 ms\nset horizon = 80000000 ms";
    let recipe = shipped(&PATTERN, "shop", more).recipe;
    let (_, mut world) = recipe.start();
    let halt = loop {
        if let Err(halt) = world.advance(None) {
            break halt;
        }
    };
    assert_eq!(halt, Halt::Quiet);
    let mailed = world.ledger().iter().filter(|o| PATTERN.facts[o.fact as usize].id == "mailed").count();
    assert_eq!(mailed, 2000);
    let rows: usize = (0..4).flat_map(|i| world.describe(NodeId(i)).sections).map(|s| s.rows.len()).sum();
    assert!(rows < 40, "{rows} rows");
}

#[test]
fn nothing_that_can_be_said_lacks_its_text() {
    said::everything(&PATTERN);
}

#[test]
fn the_shop_holds_with_realistic_parameters() {
    said::realistic(&PATTERN);
}

/// Every order of messages, with one loss or one crash anywhere: nothing is broken.
#[test]
fn a_search_finds_the_sound_form_sound() {
    let one_drop = Allowed { drops: 1, ..Allowed::default() };
    let shop = "set orders = 1\nset look = no";
    assert!(said::broken_somewhere(&PATTERN, "shop", shop, one_drop, true).is_empty());
    let one_crash = Allowed { crashes: 1, ..Allowed::default() };
    assert!(said::broken_somewhere(&PATTERN, "textbook", "", one_crash, true).is_empty());
}

/// And it finds what the naive forms break without any fault: the order of messages is enough.
#[test]
fn a_search_finds_the_naive_forms_without_any_fault() {
    for (id, more, promise) in [
        ("any-version", "set projection = no", "never-overdrawn"),
        ("append-again", "set projection = no", "never-overdrawn"),
    ] {
        let broken = said::broken_somewhere(&PATTERN, id, more, Allowed::default(), false);
        assert!(broken.contains(promise), "{id}: {broken:?}");
    }
}
