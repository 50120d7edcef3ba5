//! The stories of eventual consistency: each failure mode, told by what must happen and what must not.

mod said;
mod story;

use converge::checker::Allowed;
use converge::kernel::{NodeId, What};
use converge::patterns::eventual_consistency::{Crowd, Node, PATTERN};
use converge::patterns::pattern::{Copied, Probe, Range};
use converge::scenario::Expected;
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

/// How many of these moments came.
fn count(told: &Told, moment: &str) -> usize {
    told.moments().iter().filter(|m| m.starts_with(moment)).count()
}

fn copies(told: &Told, state: u32) -> Vec<Copied> {
    let world = told.story.run.world(state);
    let params = &told.story.recipe.params;
    let mut out = Vec::new();
    (PATTERN.copies)(&Probe { world: &world, params, at_rest: false }, &mut out);
    out
}

/// A node's copy at a state.
#[track_caller]
fn copy(told: &Told, state: u32, node: &str) -> Copied {
    let nodes = &told.story.run.stage.nodes;
    let of_node = |c: &&Copied| nodes[c.node.index()].id == node;
    *copies(told, state).iter().find(of_node).unwrap_or_else(|| panic!("{node} keeps a copy"))
}

/// How many of an item each replica has sold in the end, in the order of the nodes.
fn sold(told: &Told) -> Vec<i32> {
    let world = told.story.run.world(told.story.run.len());
    let replica = |n: usize| match world.machine(NodeId(n as u8)) {
        Some(Node::Replica(replica)) => Some(replica.sold(1)),
        _ => None,
    };
    (0..world.nodes()).filter_map(replica).collect()
}

/// Points on the account in the end.
fn points(told: &Told) -> i32 {
    let world = told.story.run.world(told.story.run.len());
    let found = (0..world.nodes()).find_map(|n| match world.machine(NodeId(n as u8)) {
        Some(Node::Points(points)) => Some(points.account()),
        _ => None,
    });
    found.expect("a database of points")
}

#[test]
fn every_scenario_ends_as_it_expects_and_its_faults_happen() {
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
fn everything_that_can_be_said_has_a_text() {
    said::everything(&PATTERN);
}

#[test]
fn the_shop_holds_as_real_systems_are_set() {
    said::realistic(&PATTERN);
}

#[test]
fn textbook_the_primary_writes_and_the_copies_follow() {
    let told = check(
        "textbook",
        "",
        &[
            "sell: client -> primary",
            "primary has written sale",
            "sold: primary -> client",
            "update: primary -> replica",
            "replica has written replicated",
            "received: replica -> primary",
            "values: replica -> client",
        ],
        &["primary: resend"],
        "sold confirmed read-fresh",
    );
    assert_eq!(sold(&told), [1, 1]);
}

#[test]
fn shop_reads_with_a_token_see_what_the_session_has_seen() {
    for seed in 1..=60 {
        let told = tell(
            "shop",
            &format!(
                "seed {seed}\nset orders = 4\nset order-gap = 10 ms\nset loss = 60 per mille\nset ordered = no"
            ),
        );
        for promise in
            ["read-your-writes", "monotonic-reads", "effects-once", "no-going-back", "nothing-lost"]
        {
            assert_ne!(
                told.verdict(promise),
                Expected::Broken,
                "{promise}, seed {seed}\n{}",
                told.journal()
            );
        }
    }
}

/// EC-6: what is read during propagation is old, and no older than the copy is behind.
#[test]
fn ec_6_a_read_during_propagation_is_old_by_the_lag_of_the_copy() {
    let told = check(
        "stale-read",
        "",
        &["values: replica -> client", "replica has written replicated", "values: replica -> client"],
        &[],
        "sold confirmed read-stale read-fresh",
    );
    let run = &told.story.run;
    let stale = (1..=run.len()).find(|&state| {
        let fact = |e: &converge::kernel::TraceEvent| match e.what {
            What::Observed { fact, args, .. } => {
                PATTERN.facts[fact as usize].id == "read-stale" && args[2] == 1
            }
            _ => false,
        };
        run.step_events(state).1.iter().any(fact)
    });
    assert_eq!(copy(&told, stale.expect("a stale read"), "replica").behind, 1);
    let end = copy(&told, run.len(), "replica");
    assert_eq!((end.behind, end.lost), (0, None));
}

#[test]
fn sessions_read_your_writes_or_not() {
    let naive = "sold confirmed own-write-missing";
    check("read-your-writes", "", &["sold: primary -> client", "values: replica -> client"], &[], naive);
    check(
        "read-your-writes-token",
        "",
        &["behind: replica -> client", "read: client -> primary", "values: primary -> client"],
        &["values: replica -> client"],
        "sold confirmed read-fresh",
    );
}

#[test]
fn sessions_read_monotonically_or_not() {
    check(
        "going-backwards",
        "",
        &["values: cache -> client", "values: replica -> client"],
        &[],
        "sold confirmed read-fresh read-went-back",
    );
    check(
        "going-backwards-sticky",
        "",
        &["values: cache -> client", "values: cache -> client"],
        &["look: client -> replica"],
        "sold confirmed read-fresh read-fresh",
    );
    // A token does it as well.
    let token = tell("going-backwards", "set session = token");
    assert_eq!(token.verdict("monotonic-reads"), Expected::Holds, "{}", token.journal());
}

#[test]
fn sessions_read_a_prefix_or_not() {
    check("out-of-order", "", &[], &[], "sold confirmed sold confirmed read-gap");
    let told = check("in-order", "", &["primary: resend"], &[], "sold confirmed sold confirmed read-stale");
    assert_eq!(copy(&told, told.story.run.len(), "replica").behind, 0);
}

#[test]
fn copies_that_cannot_converge_say_why() {
    let end = |id: &str, node: &str| {
        let told = tell(id, "");
        let copy = copy(&told, told.story.run.len(), node);
        (copy.behind, copy.lost.map(|l| l.key))
    };
    assert_eq!(end("old-over-new", "replica"), (1, Some("copy.diverged")));
    assert_eq!(end("lost-update-event", "replica"), (1, Some("copy.update-lost")));
    assert_eq!(end("stale-cache", "cache"), (1, Some("copy.stale-for-good")));
    assert_eq!(end("checked-cache", "cache"), (0, None));
    assert_eq!(end("textbook", "replica"), (0, None));
    let diverged = tell("whoever-comes-last", "");
    assert_eq!(sold(&diverged), [1, 2], "each has the other's state");
    // An entry with an end is right again after it.
    let told = tell("stale-cache", "set ttl = 200 ms\ndo look at client 400 ms after start");
    assert_eq!(told.verdict("copies-agree"), Expected::Holds, "{}", told.journal());
    assert_eq!(copy(&told, told.story.run.len(), "cache").behind, 0);
}

/// EC-2: the retry of a POST that is not idempotent.
#[test]
fn ec_2_a_retry_after_a_lost_answer_is_a_second_sale_unless_it_is_recognised() {
    let order = ["lost sold: primary -> client", "client: answer", "sell: client -> primary"];
    let told = check("double-sale", "", &order, &[], "sold sold confirmed");
    assert_eq!(sold(&told), [2, 2]);
    let told = check("idempotent-sale", "", &order, &[], "sold confirmed");
    assert_eq!(sold(&told), [1, 1]);
}

/// With idempotency keys, no single crash sells twice or loses a sale, wherever it comes.
#[test]
fn ec_2_wherever_the_primary_crashes_one_wish_is_one_sale() {
    for moment in [
        "before primary handles sell from client",
        "before primary writes sale",
        "after primary writes sale",
        "after primary sends sold to client",
        "after primary sends update to replica",
        "before primary handles received from replica",
    ] {
        let more =
            format!("fault crash primary {moment}\nfault restart primary 40 ms after primary crashes");
        let told = tell("textbook", &more);
        assert_eq!(sold(&told), [1, 1], "{moment}\n{}", told.journal());
        assert_eq!(told.verdict("nothing-lost"), Expected::Holds, "{moment}");
        assert_eq!(count(&told, "fact sold"), 1, "{moment}");
    }
}

/// EC-3: concurrent writes, and a clock that is ahead.
#[test]
fn ec_3_the_last_writer_wins_and_the_other_is_lost() {
    let told = check("last-writer-wins", "", &[], &[], "sold sold confirmed confirmed");
    assert_eq!(sold(&told), [1, 1], "they agree, on one of two");
    let told = check("clock-skew", "", &[], &[], "sold confirmed sold confirmed");
    assert_eq!(sold(&told), [1, 1], "the later sale is the lost one");
    assert_eq!(
        sold(&tell("clock-skew", "set clock-skew = 0")),
        [2, 2],
        "with right clocks nothing is lost"
    );
    assert_eq!(sold(&tell("hybrid-clock", "")), [2, 2]);
    let told = check("counters-merge", "", &[], &[], "sold sold confirmed confirmed");
    assert_eq!(sold(&told), [2, 2]);
}

/// Merging is safe against whatever the network does: any order, losses, copies.
#[test]
fn ec_3_counters_converge_whatever_the_network_does() {
    for seed in 1..=30 {
        let more = format!(
            "seed {seed}\nset orders = 6\nset regions = 3\nset loss = 150 per mille\nset duplication = 150 per mille\nset ordered = no\nset horizon = 60 s"
        );
        let told = tell("counters-merge", &more);
        assert_eq!(sold(&told), [6, 6, 6], "seed {seed}\n{}", told.journal());
        // G-counter safety: nobody knows more of a replica's own sales than that replica.
        for state in 0..=told.story.run.len() {
            let world = told.story.run.world(state);
            let of = |n: u8| match world.machine(NodeId(n)) {
                Some(Node::Replica(replica)) => replica.counter(1),
                _ => panic!("a replica"),
            };
            let all = [of(1), of(2), of(3)];
            for place in 0..3 {
                assert!(all.iter().all(|seen| seen[place] <= all[place][place]), "seed {seed}: {all:?}");
            }
        }
    }
}

/// EC-4: both sides of a partition accept; divergence, then the merge.
#[test]
fn ec_4_a_partition_diverges_and_heals() {
    for (id, end) in [("partition-last-writer", [1, 1]), ("partition-counters", [2, 2])] {
        let told = check(
            id,
            "",
            &["lost update: region-1 -> region-2", "update: region-1 -> region-2"],
            &[],
            "sold sold confirmed confirmed read-fresh read-fresh",
        );
        assert_eq!(sold(&told), end, "{id}");
        let run = &told.story.run;
        let apart =
            (0..run.len()).any(|s| copies(&told, s).iter().all(|c| c.behind == 1 && c.lost.is_none()));
        assert!(apart, "{id}: for a while each is behind the other");
        assert!(copies(&told, run.len()).iter().all(|c| c.behind == 0), "{id}: and then they agree");
    }
}

/// ID-1: duplicate delivery, no dedup.
#[test]
fn id_1_a_message_delivered_twice_has_its_effect_twice_or_not() {
    let order = ["lost ack: worker-1 -> queue", "queue: redeliver", "deliver: queue -> worker-1"];
    assert_eq!(points(&check("duplicate-delivery", "", &order, &[], "accepted effect effect")), 20);
    let told = check("inbox", "", &order, &[], "accepted effect");
    assert_eq!((points(&told), count(&told, "duplicate: store")), (10, 1));
}

/// ID-2: marker and effect in two transactions, and a crash between them, in both orders.
#[test]
fn id_2_two_transactions_come_apart() {
    let order = ["worker-1 crashes", "queue: redeliver", "deliver: queue -> worker-1"];
    assert_eq!(points(&check("effect-before-mark", "", &order, &[], "accepted effect effect")), 20);
    assert_eq!(
        points(&check("mark-before-effect", "", &order, &["effect: worker-1 -> store"], "accepted")),
        0
    );
}

/// With both in one transaction, no single crash doubles or loses the effect, wherever it comes.
#[test]
fn id_2_wherever_somebody_crashes_one_transaction_has_one_effect() {
    let moments = [
        ("worker-1", "before worker-1 handles deliver from queue"),
        ("worker-1", "after worker-1 sends apply to store"),
        ("worker-1", "before worker-1 handles applied from store"),
        ("store", "before store writes both"),
        ("store", "after store writes both"),
        ("store", "after store sends applied to worker-1"),
        ("queue", "before queue writes queued"),
        ("queue", "after queue writes queued"),
        ("queue", "after queue sends deliver to worker-1"),
        ("queue", "before queue handles ack from worker-1 #2"),
        ("queue", "before queue writes dequeued"),
        ("queue", "after queue writes dequeued"),
    ];
    for inbox in ["unique", "optimistic", "fenced"] {
        for (node, moment) in moments {
            let moment = if inbox == "unique" {
                moment.to_owned()
            } else {
                moment.replace("before store writes both", "before store handles seen from worker-1")
            };
            let more = format!(
                "set inbox = {inbox}\nfault crash {node} {moment}\nfault restart {node} 40 ms after {node} crashes"
            );
            let told = tell("inbox", &more);
            assert_eq!(points(&told), 10, "{inbox}, {moment}\n{}", told.journal());
            assert!(!told.story.is_broken(), "{inbox}, {moment}\n{}", told.journal());
        }
    }
}

/// ID-3: two instances at once: a check is no arbiter; a unique key is, or the row's version.
#[test]
fn id_3_two_instances_at_once() {
    let race = ["deliver: queue -> worker-2", "deliver: queue -> worker-1"];
    assert_eq!(points(&check("two-instances-check-first", "", &race, &[], "accepted effect effect")), 20);
    let told = check("two-instances-unique", "", &race, &[], "accepted effect");
    assert_eq!((points(&told), count(&told, "duplicate: store")), (10, 1));
    let told = check("two-instances-optimistic", "", &race, &[], "accepted effect");
    assert_eq!((points(&told), count(&told, "conflict: store")), (10, 1));
}

#[test]
fn id_3_a_zombie_writes_unless_there_is_a_fence() {
    assert_eq!(
        points(&check(
            "zombie-check-first",
            "",
            &["ack: worker-2 -> queue"],
            &[],
            "accepted effect effect"
        )),
        20
    );
    let told = check(
        "zombie-fenced",
        "",
        &["ack: worker-2 -> queue", "fenced: store -> worker-1"],
        &[],
        "accepted effect",
    );
    assert_eq!(points(&told), 10);
}

#[test]
fn id_3_what_is_written_back_needs_the_version() {
    assert_eq!(
        points(&check(
            "written-back",
            "",
            &[],
            &["conflict: store -> worker-2"],
            "accepted accepted effect effect"
        )),
        10
    );
    assert_eq!(
        points(&check("written-back-versioned", "", &[], &[], "accepted accepted effect effect")),
        20
    );
}

/// ID-4: the inbox has forgotten by the time of a late replay.
#[test]
fn id_4_an_inbox_must_remember_longer_than_anything_can_come_again() {
    let told = check("expired-inbox", "", &[], &[], "accepted effect accepted effect accepted effect");
    assert_eq!(points(&told), 30);
    let told =
        check("expired-inbox", "set retention = 2", &[], &[], "accepted effect accepted effect accepted");
    assert_eq!(points(&told), 20);
}

/// ID-5: the same key with another content is an error, not a duplicate.
#[test]
fn id_5_the_same_key_with_another_content_is_refused() {
    check(
        "same-key-other-content",
        "",
        &["mismatch: store -> worker-1", "queue has written aside"],
        &[],
        "accepted effect accepted rejected",
    );
    check(
        "swallowed",
        "",
        &["duplicate: store -> worker-1"],
        &["mismatch: store -> worker-1"],
        "accepted effect accepted",
    );
}

/// ID-6: an absolute update is idempotent by nature, a relative one is not.
#[test]
fn id_6_setting_is_idempotent_and_adding_is_not() {
    assert_eq!(points(&check("set-instead-of-add", "", &["queue: redeliver"], &[], "accepted effect")), 1);
    assert_eq!(points(&tell("set-instead-of-add", "set effect = add")), 20);
}

/// ID-7: recognising duplicates is not ordering.
#[test]
fn id_7_an_old_message_that_comes_late_needs_a_version() {
    assert_eq!(
        points(&check("old-message-late", "", &[], &[], "accepted accepted effect went-back effect")),
        1
    );
    assert_eq!(points(&check("versioned-message", "", &[], &[], "accepted accepted effect superseded")), 2);
}

/// ID-8: a key without the consumer suppresses the second subscriber.
#[test]
fn id_8_a_shared_inbox_needs_the_consumer_in_its_key() {
    check("one-key-for-two", "", &["duplicate: store -> points"], &[], "accepted effect");
    check(
        "one-key-for-two",
        "set inbox-key = consumer-and-message",
        &[],
        &["duplicate: store -> points"],
        "accepted effect effect",
    );
    assert_eq!(
        points(&check("key-of-the-delivery", "", &["queue: redeliver"], &[], "accepted effect effect")),
        20
    );
}

/// EC-1: without jitter they come back together, always; with full jitter and pauses that are long
/// beside the round trip, seldom.
#[test]
fn ec_1_jitter_scatters_the_herd() {
    let broken = |back_off: &str| {
        let run = |seed| tell("herd-jitter", &format!("seed {seed}\nset back-off = {back_off}"));
        (1..=60).filter(|seed| run(*seed).story.is_broken()).count()
    };
    assert_eq!((broken("none"), broken("expo")), (60, 60));
    let (full, decorrelated) = (broken("full"), broken("decorrelated"));
    assert!(full < 20 && decorrelated < 10, "full {full}, decorrelated {decorrelated} of 60");
    let time = |id: &str| {
        let told = tell(id, "");
        told.story.run.time(told.story.run.len()).micros
    };
    assert!(time("herd") > 3 * time("herd-jitter"), "and they are done much sooner");
}

/// EC-1: a hundred callers in the engine itself, in the published order: calls by the row, and time.
#[test]
fn ec_1_a_hundred_callers_come_in_the_published_order() {
    let mean = |back_off: &str| {
        let more = format!(
            "set callers = 100\nset back-off = {back_off}\nset retry-base = 10 ms\nset retry-cap = 2 s\nset latency-min = 8 ms\nset ordered = no\nset horizon = 300 s"
        );
        let mut recipe = story::shipped(&PATTERN, "herd", &more).recipe;
        let (mut calls, mut time) = (0, 0);
        for seed in 1..=3 {
            recipe.seed = seed;
            let run = Run::to_the_end(Stage::of(&recipe));
            let world = run.world(run.len());
            let Some(Node::Crowd(crowd)) = world.machine(NodeId(0)) else { panic!("a crowd") };
            assert_eq!(Crowd::waiting(crowd), 0, "{back_off}: everybody is through");
            let Some(Node::Row(row)) = world.machine(NodeId(1)) else { panic!("a row") };
            calls += row.calls();
            time += run.time(run.len()).micros;
        }
        (calls / 3, time / 3000)
    };
    let [none, expo, equal, full] = ["none", "expo", "equal", "full"].map(mean);
    assert!(
        none.0 > expo.0 && expo.0 > equal.0 && expo.0 > full.0,
        "calls {none:?} {expo:?} {equal:?} {full:?}"
    );
    assert!(
        expo.1 > 4 * equal.1 && equal.1 > full.1 && full.1 > none.1,
        "time {none:?} {expo:?} {equal:?} {full:?}"
    );
}

/// EC-5: layered retries multiply, 3 × 3 × 3.
#[test]
fn ec_5_attempts_of_layers_multiply() {
    let told =
        check("layers", "", &["failed: gateway -> client"], &["answered: gateway -> client"], "given-up");
    assert_eq!(count(&told, "lost call: service -> database"), 27);
    for attempts in [1, 2] {
        let told = tell("layers", &format!("set attempts = {attempts}"));
        assert_eq!(count(&told, "lost call: service -> database"), attempts * attempts * attempts);
    }
    let told = check("retry-at-the-edge", "", &["failed: gateway -> client"], &[], "given-up");
    assert_eq!(count(&told, "lost call: service -> database"), 3);
    // A database that comes back in time is reached all the same.
    let told = check(
        "retry-at-the-edge",
        "fault restart database 40 ms after database crashes",
        &[],
        &[],
        "served",
    );
    assert!(count(&told, "lost call: service -> database") < 3);
}

/// The parameters of real systems run the same stories.
#[test]
fn realistic_parameters_hold_the_same_promises() {
    let set = |name: &str, value: i64| {
        let param = PATTERN.all_params().find(|p| p.id == name).expect("a parameter");
        assert!(param.range.holds(value), "{name}");
        let unit = if matches!(param.range, Range::Millis(..)) { " ms" } else { "" };
        format!("set {name} = {value}{unit}\n")
    };
    let more: String = PATTERN.realistic.iter().map(|(name, value)| set(name, *value)).collect();
    for id in
        ["textbook", "idempotent-sale", "inbox", "counters-merge", "double-sale", "duplicate-delivery"]
    {
        let told = tell(id, &more);
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{id}\n{}", told.journal());
    }
}

/// In every world that messages in any order, one early time-out and one lost message can lead to.
#[test]
fn whatever_the_order_of_messages() {
    let one_drop = Allowed { drops: 1, ..Allowed::default() };
    let broken = |id, more, whole| said::broken_somewhere(&PATTERN, id, more, one_drop, whole);
    let few = "set attempts = 2";
    assert!(broken("idempotent-sale", few, true).is_empty());
    assert_eq!(broken("double-sale", few, false), ["effects-once"].into());
    assert_eq!(broken("lost-update-event", few, false), ["copies-agree", "nothing-lost"].into());
    assert_eq!(broken("last-writer-wins", few, false), ["nothing-lost"].into());
    assert!(broken("counters-merge", few, false).is_empty());
}
