//! Change data capture's stories: each failure mode of the pattern (CDC-1 to CDC-9 of the reference),
//! told by what must happen and what must not.

mod story;

use std::collections::BTreeMap;

use converge::checker::{Allowed, Search};
use converge::kernel::{Cell, Halt, Mark, Mood, NodeId, What};
use converge::patterns::change_data_capture::PATTERN;
use converge::patterns::pattern::{Copied, Probe, Verdict};
use converge::scenario::Expected;
use converge::trace::acts::{self, Deed};
use converge::trace::{Run, Stage};

use story::Told;

/// See [`story::check`].
#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, more, in_order, never, facts)
}

fn tell(id: &str, more: &str) -> Told {
    story::tell(&PATTERN, id, more)
}

/// The consumers' copies at the end.
fn copies(told: &Told) -> Vec<Copied> {
    let run = &told.story.run;
    let world = run.world(run.len());
    let probe =
        Probe { world: &world, params: &run.stage.params, at_rest: run.halt() == Some(Halt::Quiet) };
    let mut copies = Vec::new();
    (PATTERN.copies)(&probe, &mut copies);
    copies
}

#[track_caller]
fn lost(told: &Told, behind: u32, why: Option<&str>) {
    let copy = copies(told)[0];
    assert_eq!((copy.behind, copy.lost.map(|l| l.key)), (behind, why), "{}", told.journal());
}

/// Every promise holds at the end, and every copy is equal.
#[track_caller]
fn all_is_well(told: &Told) {
    for promise in PATTERN.promises {
        let verdict = told.verdict(promise.id);
        assert_eq!(verdict, Expected::Holds, "{}: {verdict:?}\n{}", promise.id, told.journal());
    }
    for copy in copies(told) {
        assert_eq!((copy.behind, copy.lost), (0, None), "{}", told.journal());
    }
}

/// What the topic got, as `c3@1`: op, key, position.
fn published(told: &Told) -> String {
    let fact = PATTERN.facts.iter().position(|k| k.id == "published").expect("a fact") as u8;
    let published = told.story.run.events().iter().filter_map(|e| match e.what {
        What::Observed { fact: f, args: [key, op, lsn], .. } if f == fact => {
            Some(format!("{}{key}@{lsn}", ["c", "u", "d", "r", "t"][op as usize]))
        }
        _ => None,
    });
    published.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_scenario_ends_as_it_expects_and_its_faults_happen() {
    for scenario in PATTERN.scenarios {
        let told = tell(scenario.id, "");
        let run = &told.story.run;
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{}\n{}", scenario.id, told.journal());
        assert_eq!(run.halt(), Some(Halt::Quiet), "{} comes to an end of its own", scenario.id);
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            let matched = run.world(run.len()).matched(i);
            assert!(matched >= entry.trigger.anchor.nth, "{}: {entry:?} never happens", scenario.id);
        }
    }
}

#[test]
fn the_textbook_reads_the_rows_once_and_then_the_log() {
    let told = check(
        "textbook",
        "",
        &[
            "find-offset: connector -> broker",
            "offset: broker -> connector",
            "create-slot: connector -> database",
            "scan: connector -> database",
            "rows: database -> connector",
            "record: connector -> broker",
            "flush: connector -> broker",
            "start-streaming: connector -> database",
            "changes: database -> connector",
            "stored: broker -> connector",
            "received: connector -> database",
            "received: connector -> database",
            "tombstone: connector -> broker",
            "flushed: broker -> connector",
            "confirm: connector -> database",
        ],
        &[],
        "slot-made published applied committed snapshot-done published applied committed published applied \
         committed published applied published",
    );
    assert_eq!(published(&told), "r1@0 c2@1 u2@2 d2@3 t2@3");
    all_is_well(&told);
    assert_eq!(told.mood("search"), Mood::Committed);
}

#[test]
fn without_tombstones_a_delete_is_its_event_alone() {
    let told = tell("textbook", "set tombstones = no");
    assert_eq!(published(&told), "r1@0 c2@1 u2@2 d2@3");
    all_is_well(&told);
}

#[test]
fn cdc_1_a_crash_before_the_flush_streams_the_same_changes_again() {
    let told = tell("worker-crash", "");
    assert_eq!(published(&told), "r1@0 r2@0 c3@1 u3@2 c3@1 u3@2", "the same positions, in order");
    lost(&told, 1, Some("copy.counted-twice"));
    let dedup = tell("worker-crash-dedup", "");
    assert_eq!(published(&dedup), published(&told));
    assert_eq!(dedup.facts().iter().filter(|f| *f == "known").count(), 2);
    all_is_well(&dedup);
    // The rows are the same even without positions: to set a value twice is to set it once.
    let upsert = tell("worker-crash", "set style = upsert");
    lost(&upsert, 0, None);
    assert_eq!(upsert.verdict("effects-once"), Expected::Broken);
}

#[test]
fn cdc_1_with_exactly_once_support_the_offset_is_as_new_as_the_records() {
    let told = tell("worker-crash-exactly-once", "");
    assert_eq!(published(&told), "r1@0 r2@0 c3@1 u3@2");
    all_is_well(&told);
    // The broker's answer is lost: the record is known by its number, and is not appended again.
    let again = tell("worker-crash-exactly-once", "fault drop stored from broker to connector #3");
    assert_eq!(published(&again), published(&told));
    all_is_well(&again);
}

#[test]
fn cdc_1_confirmed_too_early_is_lost() {
    let told = tell("confirm-early", "");
    assert_eq!(published(&told), "r1@0 r2@0 c3@1");
    lost(&told, 1, Some("copy.never-told"));
    let right = tell(
        "confirm-early",
        "set confirm = after-flush\nfault crash connector before connector sends record to broker #4",
    );
    assert_eq!(published(&right), "r1@0 r2@0 c3@1 c3@1 u3@2");
    all_is_well(&right);
}

/// How much of the log was kept, at most.
fn most_kept(told: &Told) -> u32 {
    use converge::patterns::change_data_capture::CdcMachine;
    let run = &told.story.run;
    let kept = |state| match run.world(state).machine::<CdcMachine>(NodeId(1)) {
        Some(CdcMachine::Database(database)) => database.wal().kept(),
        _ => 0,
    };
    (0..=run.len()).map(kept).max().unwrap_or(0)
}

#[test]
fn cdc_2_a_stopped_connector_keeps_the_log_growing_and_loses_nothing() {
    let told = tell("connector-stopped", "");
    // It was stopped in good order: it goes on exactly where it was.
    assert_eq!(published(&told), "r1@0 r2@0 c3@1 u3@2 u1@3 d3@4 t3@4 c4@5");
    assert_eq!(most_kept(&told), 4);
    all_is_well(&told);
}

#[test]
fn cdc_2_a_full_disk_stops_the_business() {
    let told = check(
        "disk-full",
        "",
        &[
            "fact committed 1",
            "fact turned-away 3",
            "not-written: database -> app",
            "find-offset: connector -> broker",
        ],
        &[],
        &tell("disk-full", "").facts().join(" "),
    );
    assert_eq!(most_kept(&told), 4);
    lost(&told, 0, None);
    // A limit gives the slot up instead, and the business goes on.
    let limit = tell("disk-full", "set slot-limit = 3\nset snapshot-mode = when-needed");
    assert_eq!(limit.verdict("database-unharmed"), Expected::Holds);
    assert!(limit.facts().iter().any(|f| f == "slot-lost"));
}

#[test]
fn cdc_2_a_lost_slot_wants_a_new_snapshot() {
    let told = check(
        "slot-lost",
        "",
        &[
            "fact slot-lost 0",
            "no-slot: database -> connector",
            "create-slot: connector -> database",
            "fact slot-made 0",
        ],
        &["changes: database -> connector"],
        "slot-made published applied published applied snapshot-done committed committed committed slot-lost \
         slot-made published applied published applied published applied snapshot-done",
    );
    assert_eq!(
        published(&told),
        "r1@0 r2@0 r1@3 r2@3 r3@3",
        "the rows, and nothing of what happened to them"
    );
    lost(&told, 0, None);
    // A row that was deleted meanwhile is not read, so that nobody hears of it.
    let deleted = tell("slot-lost", "do delete 2 at app 300 ms after start");
    lost(&deleted, 1, Some("copy.never-told"));
    // By default, nothing is read again without being asked for: the connector stops.
    let stopped = tell("slot-lost", "set snapshot-mode = initial");
    assert_eq!(stopped.mood("connector"), Mood::Stuck);
    lost(&stopped, 3, Some("copy.no-connector"));
}

#[test]
fn cdc_3_a_snapshot_that_is_interrupted_starts_over() {
    let told = tell("snapshot-crash", "");
    assert_eq!(published(&told), "r1@0 r2@0 r1@1 r2@1 r3@1 r4@1", "with a slot of its own, and row 4");
    all_is_well(&told);
    // Row 1 was read the first time, and is gone the second time: nobody says that it is gone.
    let deleted = tell("snapshot-crash", "do delete 1 at app 100 ms after start");
    lost(&deleted, 1, Some("copy.never-told"));
    let delta = tell("snapshot-crash", "set style = delta\nset dedup = no");
    lost(&delta, 1, Some("copy.counted-twice"));
}

#[test]
fn cdc_4_a_new_column_harms_nobody_and_a_renamed_one_stops_the_consumer() {
    all_is_well(&tell("schema-change", ""));
    let told = check(
        "schema-breaks",
        "",
        &[
            "database has written schema",
            "fact published 1",
            "search has written upgraded",
            "fact applied 1",
        ],
        &["search has written dead-letter"],
        "slot-made published applied published applied snapshot-done committed published committed published \
         applied applied",
    );
    all_is_well(&told);
    let stuck = tell("schema-change", "do rename-column at app 180 ms after start");
    assert_eq!((stuck.mood("search"), stuck.story.run.halt()), (Mood::Stuck, Some(Halt::Horizon)));
    let told = tell("schema-dead-letters", "");
    lost(&told, 1, Some("copy.dead-letter"));
}

#[test]
fn cdc_5_compaction_spares_the_newcomer_and_leaves_the_straggler_a_zombie() {
    let late = tell("late-consumer", "");
    assert_eq!(copies(&late).len(), 2);
    all_is_well(&late);
    // The newcomer never hears of row 3, neither of its life nor of its death.
    let heard = late
        .story
        .run
        .events()
        .iter()
        .any(|e| matches!(e.what, What::Delivered { to, args: [3, ..], .. } if to == NodeId(5)));
    assert!(!heard, "{}", late.journal());
    let zombie = check(
        "zombie-row",
        "",
        &["fact applied 3", "search crashes", "broker: delete-retention", "search restarts"],
        &["deliver-tombstone: broker -> search"],
        "slot-made published applied published applied snapshot-done committed published applied committed \
         published published",
    );
    lost(&zombie, 1, Some("copy.zombie"));
    // Back before the tombstone's retention is over, it hears of the death in time.
    let in_time = tell("zombie-row", "set delete-retention = 800 ms");
    all_is_well(&in_time);
}

#[test]
fn cdc_6_a_row_read_before_an_update_and_sent_after_it_is_dropped() {
    let naive = tell("snapshot-race", "");
    assert_eq!(published(&naive), "r1@0 r2@0 u1@1 r1@1 r2@1", "the update, then the row from before it");
    lost(&naive, 1, Some("copy.never-told"));
    let told = check(
        "snapshot-window",
        "",
        &[
            "watermark: connector -> database",
            "select: connector -> database",
            "fact committed 1",
            "changes: database -> connector",
            "chunk: database -> connector",
            "watermark: connector -> database",
            "fact published 2",
        ],
        &[],
        "slot-made published applied published applied snapshot-done committed published applied published applied",
    );
    assert_eq!(published(&told), "r1@0 r2@0 u1@2 r2@3", "row 1 was dropped: its update stands");
    all_is_well(&told);
}

#[test]
fn cdc_7_a_failover_without_a_slot_leaves_a_gap() {
    let told = tell("failover", "");
    assert_eq!(published(&told), "r1@0 r2@0 u2@2");
    lost(&told, 1, Some("copy.never-told"));
    all_is_well(&tell("failover-slot", ""));
    // A new snapshot closes the gap for the rows, though not for the history.
    let again = tell("failover", "set snapshot-mode = when-needed");
    lost(&again, 0, None);
    assert_eq!(again.verdict("no-lost-change"), Expected::Broken);
}

#[test]
fn cdc_8_a_worker_that_wakes_up_late_writes_old_news() {
    let told = check(
        "rebalance",
        "",
        &[
            "in-use: database -> connector-2",
            "database: sender-timeout",
            "streaming: database -> connector-2",
            "record: connector-2 -> broker",
            "revoked: broker -> connector",
            "record: connector -> broker",
        ],
        &[],
        "slot-made published applied published applied snapshot-done committed committed published applied \
         published applied published applied",
    );
    assert_eq!(published(&told), "r1@0 r2@0 u1@1 u1@2 u1@1");
    lost(&told, 1, Some("copy.never-told"));
    // By position, the consumer knows old news for what it is; the topic has them all the same.
    let dedup = tell("rebalance", "set dedup = yes");
    lost(&dedup, 0, None);
    assert_eq!(dedup.verdict("topic-agrees"), Expected::Broken);
    let fenced = check("rebalance-fenced", "", &["fenced: broker -> connector"], &[], {
        "slot-made published applied published applied snapshot-done committed committed published applied \
         published applied"
    });
    all_is_well(&fenced);
}

#[test]
fn cdc_8_a_task_that_is_given_up_in_good_order_repeats_nothing() {
    let told = tell(
        "rebalance",
        "set dedup = yes\ndo stop at connector 105 ms after start\ndo update 2 at app 900 ms after start",
    );
    assert_eq!(published(&told), "r1@0 r2@0 u1@1 u1@2 u2@3");
    all_is_well(&told);
}

#[test]
fn cdc_9_an_event_can_come_before_its_row_is_visible() {
    let told = check(
        "read-back",
        "",
        &[
            "fact committed 3",
            "deliver: broker -> search",
            "read-row: search -> database",
            "row: database -> search",
        ],
        &[],
        &tell("read-back", "").facts().join(" "),
    );
    assert_eq!(published(&told), "r1@0 r2@0 c3@1 u1@2");
    lost(&told, 2, Some("copy.too-early"));
    all_is_well(&tell("read-back", "set visible-after = 0 ms"));
    all_is_well(&tell("read-back", "set style = upsert"));
}

/// The right ways, in bad weather: lost, doubled and overtaking messages, every node crashing once.
#[test]
fn in_bad_weather_the_right_ways_keep_every_promise() {
    // After the first snapshot: what is deleted while one is interrupted, nobody hears of.
    let crashes = "fault crash connector 850 ms after start\nfault restart connector 80 ms after connector crashes\n\
                   fault crash database 1030 ms after start\nfault restart database 90 ms after database crashes\n\
                   fault crash broker 1260 ms after start\nfault restart broker 110 ms after broker crashes\n\
                   fault crash search 1120 ms after start\nfault restart search 60 ms after search crashes\n\
                   fault crash connector 1400 ms after start\n\
                   fault restart connector 90 ms after connector crashes #2";
    let mut duplicates = 0;
    for exactly_once in ["no", "yes"] {
        for seed in 1..=60 {
            let more = format!(
                "seed {seed}\nset exactly-once = {exactly_once}\nset orders = 4\nset change-gap = 110 ms\nset loss = 60 per mille\n\
                 set duplication = 60 per mille\nset ordered = no\nset horizon = 60000 ms\n{crashes}"
            );
            let told = tell("shop", &more);
            assert_eq!(told.story.run.halt(), Some(Halt::Quiet), "{more}\n{}", told.journal());
            all_is_well(&told);
            let mut times: BTreeMap<String, u32> = BTreeMap::new();
            for event in published(&told).split(' ').filter(|e| !e.starts_with('r')) {
                *times.entry(event.to_owned()).or_default() += 1;
            }
            let again = times.values().filter(|n| **n > 1).count();
            assert!(exactly_once == "no" || again == 0, "{more}\n{}", published(&told));
            duplicates += again;
        }
    }
    assert!(duplicates > 20, "only {duplicates} duplicates: the weather was fine");
}

/// Incremental snapshots in the middle of everything: the topic ends with every row as it is.
#[test]
fn incremental_snapshots_race_with_changes_of_every_kind() {
    for seed in 1..=60 {
        let more = format!(
            "seed {seed}\nset rows = 5\nset orders = 3\nset change-gap = 70 ms\nset chunk = 2\n\
             set latency-max = 40 ms\nset horizon = 60000 ms\ndo snapshot at connector 650 ms after start"
        );
        let told = tell("shop", &more);
        assert!(told.moments().iter().any(|m| m == "chunk: database -> connector"), "{more}");
        all_is_well(&told);
    }
}

#[test]
fn the_inspector_shows_what_the_slot_keeps_and_what_would_come_again() {
    let told = tell("connector-stopped", "");
    let run = &told.story.run;
    let section = |state: u32, node: u8, title: &str| {
        let shown = run.world(state).describe(NodeId(node));
        shown.sections.into_iter().find(|s| s.title.key == title).map(|s| s.rows)
    };
    let log = |state| section(state, 1, "section.log").expect("a log");
    assert!(
        (0..=run.len()).any(|state| log(state).iter().map(|r| r.cells[0]).eq((2..=5).map(Cell::Number)))
    );
    assert!((0..=run.len()).any(|state| log(state).iter().any(|r| r.mark == Mark::Pending)));
    let position = |state| section(state, 2, "section.position").unwrap_or_default();
    let again = |state| position(state).iter().any(|r| r.mark == Mark::Provisional);
    assert!((0..=run.len()).any(again));
    assert!(!again(run.len()));
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
        assert_eq!(run.verdicts(place).at(run.len()), Some(Verdict::Holds));
    }
}

/// Each verb is offered where something comes of it.
#[test]
fn what_a_person_can_do_is_offered_at_the_node_that_does_it() {
    let told = tell("shop", "");
    let run = &told.story.run;
    let offered = |node: &str| {
        let at = run.stage.nodes.iter().position(|n| n.id == node).expect("a node");
        let acts = acts::of_node(run, run.len(), NodeId(at as u8)).into_iter();
        let verbs = acts.filter_map(|a| match a.deed {
            Deed::Command(verb) if a.entry.is_some() => Some(PATTERN.verbs[verb as usize].id),
            _ => None,
        });
        verbs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(offered("app"), "insert update delete add-column rename-column");
    assert_eq!(offered("connector"), "stop start snapshot");
    assert_eq!(offered("broker"), "compact");
    assert_eq!(offered("database"), "fail-over");
    assert_eq!(offered("search"), "upgrade");
}

/// Worlds of one order, in breadth: whatever the order of messages and wherever a node crashes.
#[test]
fn in_the_nearest_worlds_no_promise_is_broken() {
    let patient = Allowed { early: 0, ..Allowed::default() };
    for exactly_once in ["no", "yes"] {
        for allowed in [
            Allowed { crashes: 1, ..patient },
            Allowed { drops: 1, duplicates: 1, ..patient },
            Allowed { drops: 1, ..Allowed::default() },
        ] {
            let more = format!("set orders = 1\nset rows = 0\nset exactly-once = {exactly_once}");
            let recipe = story::shipped(&PATTERN, "textbook", &more).recipe;
            let mut search = Search::new(&recipe, allowed, &[], &[], 30_000);
            search.to_the_end();
            let broken: Vec<_> =
                search.broken().iter().map(|b| (PATTERN.promises[b.promise].id, b.way.len())).collect();
            assert_eq!(broken, [], "{more} {allowed:?}");
        }
    }
}
