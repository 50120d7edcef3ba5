//! CQRS's stories: each failure mode of the pattern, told by what must happen and what must not.

mod said;
mod story;

use converge::checker::Allowed;
use converge::kernel::{Halt, Mood, NodeId};
use converge::patterns::cqrs::PATTERN;
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

/// The copies after so many steps; `u32::MAX`: at the end, at rest.
fn copies(told: &Told, state: u32) -> Vec<Copied> {
    let run = &told.story.run;
    let world = run.world(state.min(run.len()));
    let mut copies = Vec::new();
    let probe = Probe { world: &world, params: &run.stage.params, at_rest: state >= run.len() };
    (PATTERN.copies)(&probe, &mut copies);
    copies
}

#[test]
fn cqrs_1_a_question_right_after_the_command_is_answered_from_before() {
    let told = check(
        "stale-read",
        "",
        &["bought: commands -> client", "shown: queries -> client", "event: database -> projector"],
        &[],
        "sold ordered shown own-missing",
    );
    broken(&told, &["read-your-writes"]);
    assert_eq!(told.mood("client"), Mood::Stale);
}

/// Each cure holds the promise; they differ in when the client sees it, and in who answers.
#[test]
fn cqrs_1_the_cures_compared() {
    let told = check(
        "returned-state",
        "",
        &["bought: commands -> client", "fact shown 1", "shown: queries -> client"],
        &[],
        "sold ordered shown",
    );
    broken(&told, &[]);
    let told = check(
        "least-version",
        "",
        &["query-at-least: client -> queries", "queries has written row", "shown: queries -> client"],
        &["not-yet: queries -> client"],
        "sold ordered shown",
    );
    broken(&told, &[]);
    let told = check(
        "write-side",
        "",
        &["read: queries -> database", "shown: queries -> client", "event: database -> projector"],
        &[],
        "sold ordered shown",
    );
    broken(&told, &[]);
    let told = check(
        "inline",
        "",
        &["database has written change-and-row", "read: queries -> database"],
        &[],
        "sold ordered shown sold ordered shown",
    );
    broken(&told, &[]);
}

#[test]
fn cqrs_1_a_wait_has_a_limit_and_says_so() {
    let told = check(
        "not-yet",
        "",
        &[
            "projector crashes",
            "not-yet: queries -> client",
            "client: pause",
            "projector restarts",
            "shown: queries -> client",
        ],
        &[],
        "sold ordered shown",
    );
    broken(&told, &[]);
    // And with the projector down for good, the client hears it to the end, and nothing false.
    let more = "fault crash projector after projector restarts";
    let told = tell(&PATTERN, "not-yet", more);
    assert_eq!(told.facts(), ["sold", "ordered"], "{}", told.journal());
    assert_eq!(told.verdict("read-your-writes"), Expected::Holds);
}

#[test]
fn cqrs_2_a_projector_goes_on_where_the_read_store_is() {
    let told = check(
        "projector-crash",
        "",
        &[
            "queries has written row",
            "projector crashes",
            "shown: queries -> client",
            "projector restarts",
            "load: projector -> queries",
            "replay: projector -> database",
        ],
        &[],
        "sold ordered sold ordered sold ordered shown own-missing shown",
    );
    broken(&told, &["read-your-writes"]);
    let behind: Vec<u32> = (0..told.story.run.len()).map(|s| copies(&told, s)[0].behind).collect();
    assert_eq!(behind.iter().max(), Some(&2), "it falls behind while the projector is down");
    assert_eq!(copies(&told, u32::MAX)[0].behind, 0);
    assert!((0..told.story.run.len()).all(|s| copies(&told, s)[0].lost.is_none()), "and is never lost");
}

#[test]
fn cqrs_3_a_mistake_is_cured_by_a_rebuild_and_by_nothing_else() {
    let told = tell(&PATTERN, "mistake", "");
    broken(&told, &["views-converge", "consistent-prefix"]);
    assert!(copies(&told, u32::MAX)[0].lost.is_some());
    let told = check(
        "rebuild-beside",
        "",
        &[
            "queries has written new-table",
            "fact sold 3",
            "apply-new: projector -> queries",
            "fact shown 3",
        ],
        &[],
        "sold ordered sold ordered sold ordered shown",
    );
    broken(&told, &[]);
    broken(&tell(&PATTERN, "rebuild-in-place", ""), &["read-your-writes", "monotonic-reads"]);
}

#[test]
fn cqrs_3_wherever_a_rebuild_is_interrupted_it_ends() {
    for node in ["projector", "queries", "database"] {
        let points = match node {
            "projector" => vec![
                "after projector sends new-table to queries",
                "before projector handles position from queries #2",
                "after projector sends replay to database",
                "before projector handles up-to from database",
                "after projector sends apply-new to queries",
                "before projector handles applied from queries #4",
            ],
            "queries" => vec![
                "before queries writes new-table",
                "after queries writes new-table",
                "before queries handles apply-new from projector",
                "after queries writes row #3",
                "after queries writes row #4",
            ],
            _ => vec!["before database writes replay", "after database writes replay"],
        };
        for point in points {
            for rebuild in ["beside", "in-place"] {
                if rebuild == "in-place" && point.contains("apply-new") {
                    continue;
                }
                let more = format!(
                    "set rebuild = {rebuild}\nfault crash {node} {point}\nfault restart {node} 150 ms after {node} crashes\nset horizon = 20000 ms"
                );
                let told = tell(&PATTERN, "rebuild-beside", &more);
                assert!(
                    told.moments().contains(&format!("{node} restarts")),
                    "{point}\n{}",
                    told.journal()
                );
                assert_eq!(
                    told.verdict("views-converge"),
                    Expected::Holds,
                    "{rebuild} {point}\n{}",
                    told.journal()
                );
            }
        }
    }
}

#[test]
fn cqrs_4_an_old_event_overwrites_a_new_one_unless_its_version_is_checked() {
    let told = tell(&PATTERN, "out-of-order", "");
    broken(&told, &["views-converge", "read-your-writes", "monotonic-reads", "consistent-prefix"]);
    broken(&tell(&PATTERN, "newer-only", ""), &[]);
    let told = tell(&PATTERN, "in-order", "");
    broken(&told, &[]);
    // A check of versions is no cure for a counter.
    let told = tell(&PATTERN, "lost-count", "");
    broken(&told, &["views-converge", "consistent-prefix"]);
    assert_eq!(copies(&told, u32::MAX)[0].lost.map(|l| l.key), Some("lost.passed-over"));
    // A rebuild is one, for all of them.
    for id in ["out-of-order", "lost-count", "counted-twice"] {
        let told = tell(&PATTERN, id, "do rebuild at projector 300 ms after start");
        assert_eq!(told.verdict("views-converge"), Expected::Holds, "{id}\n{}", told.journal());
    }
}

#[test]
fn cqrs_5_an_event_that_comes_twice_is_counted_twice_unless_it_is_known() {
    let told = tell(&PATTERN, "counted-twice", "");
    broken(&told, &["views-converge", "consistent-prefix"]);
    assert_eq!(copies(&told, u32::MAX)[0].lost.map(|l| l.key), Some("lost.counted-twice"));
    broken(&tell(&PATTERN, "absolute", ""), &[]);
    broken(&tell(&PATTERN, "counted-once", ""), &[]);
}

#[test]
fn cqrs_6_two_replicas_turn_time_back_unless_the_session_has_a_token() {
    let told = check(
        "two-replicas",
        "",
        &["shown: queries-1 -> client", "shown: queries-2 -> client"],
        &[],
        "sold ordered shown shown own-missing went-back",
    );
    broken(&told, &["read-your-writes", "monotonic-reads"]);
    broken(&tell(&PATTERN, "sticky-session", ""), &["read-your-writes"]);
    let told = check(
        "session-token",
        "",
        &["replicate: queries-1 -> queries-2", "shown: queries-2 -> client"],
        &[],
        "sold ordered shown shown",
    );
    broken(&told, &[]);
    assert_eq!(copies(&told, u32::MAX).len(), 2);
}

#[test]
fn cqrs_7_a_command_is_valid_where_it_is_carried_out() {
    let told = check(
        "checked-on-read-model",
        "",
        &["checked: queries -> commands", "checked: queries -> commands", "fact sold 1", "fact sold 2"],
        &["refused: commands -> client"],
        "sold sold ordered ordered",
    );
    broken(&told, &["never-oversold"]);
    let told = check(
        "checked-on-write-side",
        "",
        &["fact sold 1", "rejected: database -> commands"],
        &["fact sold 2"],
        "sold ordered",
    );
    broken(&told, &[]);
}

#[test]
fn cqrs_8_commands_do_without_the_read_store() {
    let told = check(
        "read-store-down",
        "",
        &[
            "fact sold 2",
            "queries crashes",
            "fact sold 3",
            "fact ordered 3",
            "queries restarts",
            "fact shown 3",
        ],
        &[],
        "sold ordered sold ordered sold ordered shown",
    );
    broken(&told, &[]);
}

/// Wherever somebody crashes, each order takes effect once, and the read model comes to it.
#[test]
fn wherever_somebody_crashes_orders_count_once() {
    let points = [
        ("commands", "before commands handles buy from client"),
        ("commands", "after commands sends modify to database"),
        ("commands", "before commands handles modified from database"),
        ("database", "before database handles modify from commands"),
        ("database", "before database writes change"),
        ("database", "after database writes change"),
        ("database", "after database has written change"),
        ("database", "after database sends event to projector"),
        ("database", "before database writes published"),
        ("database", "after database writes published"),
        ("projector", "before projector handles event from database"),
        ("projector", "after projector sends apply to queries"),
        ("projector", "before projector handles applied from queries"),
        ("projector", "after projector sends event-done to database"),
        ("queries", "before queries handles apply from projector"),
        ("queries", "before queries writes row"),
        ("queries", "after queries writes row"),
        ("queries", "after queries has written row"),
        ("client", "before client handles bought from commands"),
        ("client", "before client handles shown from queries"),
    ];
    for (node, point) in points {
        for nth in 1..=2 {
            let more = format!(
                "fault crash {node} {point} #{nth}\nfault restart {node} 150 ms after {node} crashes\nset horizon = 20000 ms"
            );
            let told = tell(&PATTERN, "shop", &more);
            assert!(told.moments().contains(&format!("{node} restarts")), "{point}");
            broken(&told, &[]);
            let count = |fact: &str| told.facts().iter().filter(|f| *f == fact).count();
            assert_eq!((count("sold"), count("ordered")), (2, 2), "{point}\n{}", told.journal());
        }
    }
}

#[test]
fn a_full_disk_only_delays() {
    for line in ["change at database", "published at database", "row at queries"] {
        let told = tell(&PATTERN, "shop", &format!("fault refuse write {line}"));
        broken(&told, &[]);
        assert_eq!(told.facts().len(), 6, "{}", told.journal());
    }
}

/// Faults at random: the sound forms keep every promise.
#[test]
fn the_sound_forms_keep_their_promises_under_any_weather() {
    let forms = [
        "",
        "set own-writes = write-side\nset level = inline",
        "set replicas = 1\nset route = by-turns",
        "set count = absolute\nset apply = newer-only",
        "do rebuild at projector 150 ms after start",
        "do rebuild at projector 150 ms after start\ndo rebuild at projector 300 ms after start\nset replicas = 1\n\
         fault crash queries-1 after queries-1 writes row #3\nfault restart queries-1 100 ms after queries-1 crashes",
        "fault crash projector after projector sends apply to queries #2\nfault restart projector 90 ms after projector crashes\n\
         fault crash database after database writes change #3\nfault restart database 90 ms after database crashes",
    ];
    for seed in 1..=25 {
        for form in forms {
            let own = if form.contains("own-writes") { "" } else { "set own-writes = least-version" };
            let more = format!(
                "seed {seed}\nset rhythm = in-turn\nset orders = 6\nset stock = 10\nset reads = 2\n\
                 set loss = 100 per mille\nset duplication = 100 per mille\nset ordered = no\n\
                 set latency-max = 50 ms\nset horizon = 120000 ms\n{own}\n{form}"
            );
            // A scenario whose offers name only nodes that the form has.
            let id = if form.contains("replicas") { "session-token" } else { "checked-on-write-side" };
            let told = tell(&PATTERN, id, &more);
            let count = |fact: &str| told.facts().iter().filter(|f| *f == fact).count();
            assert_eq!((count("sold"), count("ordered")), (5, 5), "{form} {seed}\n{}", told.journal());
            for promise in PATTERN.promises {
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
    let more = "set orders = 3000\nset stock = 6000\nset order-gap = 1 ms\nset horizon = 80000000 ms";
    let recipe = shipped(&PATTERN, "shop", more).recipe;
    let (_, mut world) = recipe.start();
    let halt = loop {
        if let Err(halt) = world.advance(None) {
            break halt;
        }
    };
    assert_eq!(halt, Halt::Quiet);
    let sold = world.ledger().iter().filter(|o| PATTERN.facts[o.fact as usize].id == "sold").count();
    assert_eq!(sold, 3000);
    let rows: usize = (0..5).flat_map(|i| world.describe(NodeId(i)).sections).map(|s| s.rows.len()).sum();
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
fn a_search_finds_the_sound_forms_sound() {
    let one_drop = Allowed { drops: 1, ..Allowed::default() };
    assert!(said::broken_somewhere(&PATTERN, "shop", "set orders = 1", one_drop, true).is_empty());
    let one_crash = Allowed { crashes: 1, ..Allowed::default() };
    assert!(said::broken_somewhere(&PATTERN, "textbook", "", one_crash, true).is_empty());
    let replicas = "set reads = 2\nset route = by-turns";
    assert!(
        said::broken_somewhere(&PATTERN, "session-token", replicas, Allowed::default(), true).is_empty()
    );
}

/// And it finds what the naive forms break without any fault: the order of messages is enough.
#[test]
fn a_search_finds_the_naive_forms_without_any_fault() {
    for (id, more, promise) in [
        ("stale-read", "", "read-your-writes"),
        ("out-of-order", "", "consistent-prefix"),
        ("two-replicas", "set reads = 2\nset route = by-turns", "monotonic-reads"),
        ("checked-on-read-model", "", "never-oversold"),
    ] {
        let broken = said::broken_somewhere(&PATTERN, id, more, Allowed::default(), false);
        assert!(broken.contains(promise), "{id}: {broken:?}");
    }
}
