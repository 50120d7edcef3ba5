//! The event bus's stories: each failure mode of a log, a queue and their dead letters, told by what
//! must happen and what must not.

mod story;

use std::collections::BTreeSet;

use converge::checker::{Allowed, Search};
use converge::kernel::{Cell, Halt, Mood, NodeId};
use converge::patterns::event_bus::PATTERN;
use converge::patterns::pattern::{Range, Verdict};
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

fn count(told: &Told, moment: &str) -> usize {
    told.moments().iter().filter(|m| *m == moment).count()
}

#[test]
fn every_scenario_ends_as_it_expects_and_can_be_read() {
    for scenario in PATTERN.scenarios {
        let told = tell(scenario.id, "");
        let run = &told.story.run;
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{}\n{}", scenario.id, told.journal());
        assert!((8..=90).contains(&run.len()), "{} takes {} steps", scenario.id, run.len());
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            let matched = run.world(run.len()).matched(i);
            assert!(matched >= entry.trigger.anchor.nth, "{}: {entry:?} never happens", scenario.id);
        }
    }
}

#[test]
fn the_textbook_bus_loses_what_it_does_not_confirm() {
    let lost = "fault drop publish from publisher to event-bus";
    assert_eq!(
        check("textbook", lost, &[], &["event-bus has written event"], "published")
            .verdict("no-lost-event"),
        Expected::Broken
    );
    let crash = "fault crash consumer before consumer handles deliver from event-bus\n\
                 fault restart consumer 100 ms after consumer crashes";
    let told = check("textbook", crash, &["consumer restarts"], &[], "published stored");
    assert_eq!(told.verdict("no-lost-event"), Expected::Broken);
    // Confirmed and acknowledged after the work, the same two faults lose nothing.
    let safe = "set confirms = yes\nset delivery = at-least-once\n";
    for fault in [lost, crash] {
        let told = tell("textbook", &format!("{safe}{fault}"));
        assert_eq!(told.verdict("no-lost-event"), Expected::Holds, "{}", told.journal());
    }
}

#[test]
fn every_group_gets_every_event_and_one_member_of_each() {
    for id in ["shop", "queue"] {
        let told = tell(id, "");
        for order in 1..=3 {
            assert_eq!(count(&told, &format!("fact effect {order}")), 2, "{id}: payment and mail");
        }
        let one = count(&told, "hand-out: broker -> payment-1");
        let two = count(&told, "hand-out: broker -> payment-2");
        assert_eq!((one + two, one > 0, two > 0), (3, true, true), "{id}");
        assert_eq!(count(&told, "hand-out: broker -> mail"), 3, "{id}");
    }
}

#[test]
fn bus_1_a_crash_before_the_commit_repeats_the_effect() {
    check(
        "crash-before-commit",
        "",
        &[
            "fact effect 1",
            "payment-1 crashes",
            "join: payment-1 -> broker",
            "hand-out: broker -> payment-1",
            "fact effect 1",
        ],
        &[],
        "published stored published stored effect effect effect",
    );
    check(
        "crash-before-commit-idempotent",
        "",
        &[
            "fact effect 1",
            "payment-1 crashes",
            "already-charged: payment-db -> payment-1",
            "fact effect 2",
        ],
        &[],
        "published stored published stored effect effect",
    );
}

#[test]
fn bus_2_a_crash_after_the_commit_loses_the_event() {
    check(
        "commit-before-work",
        "",
        &[
            "payment-1 crashes",
            "payment-1 restarts",
            "assigned: broker -> payment-1",
            "hand-out: broker -> payment-1",
            "fact effect 2",
        ],
        &["fact effect 1"],
        "published stored published stored effect",
    );
    let queue = "set transport = queue\nset delivery = at-most-once\n\
                 fault crash payment-1 before payment-1 handles hand-out from broker\n\
                 fault restart payment-1 60 ms after payment-1 crashes";
    assert_eq!(tell("shop", queue).verdict("no-lost-event"), Expected::Broken, "RabbitMQ's automatic ack");
}

#[test]
fn bus_3_a_second_attempt_is_a_second_event_unless_it_is_numbered() {
    let told = check(
        "lost-confirmation",
        "",
        &["lost produced: broker -> orders", "fact effect 2", "fact stored 1"],
        &[],
        "published stored published stored effect effect stored",
    );
    assert_eq!(told.verdict("effects-once"), Expected::Holds, "the database knows it again");
    check(
        "lost-confirmation-idempotent",
        "",
        &["lost produced: broker -> orders", "produce: orders -> broker", "produced: broker -> orders"],
        &[],
        "published stored published stored effect effect",
    );
    // Numbers hold for one session of the producer.
    let crash = "fault crash orders before orders handles produced from broker\n\
                 fault restart orders 30 ms after orders crashes";
    assert_eq!(
        tell("shop", &format!("set mail = nobody\n{crash}")).verdict("stored-once"),
        Expected::Broken
    );
}

#[test]
fn bus_3_what_arrives_before_its_predecessor_is_sent_back() {
    check(
        "lost-confirmation-idempotent",
        "fault drop produce from orders to broker",
        &[
            "lost produce: orders -> broker",
            "out-of-order: broker -> orders",
            "fact stored 1",
            "fact stored 2",
        ],
        &[],
        "published published stored stored effect effect",
    );
}

#[test]
fn bus_4_order_holds_for_a_key_in_a_partition_and_nowhere_else() {
    check(
        "any-partition",
        "",
        &["fact effect 2", "fact effect 1"],
        &[],
        "published stored published stored effect effect",
    );
    let told = tell("any-partition", "set partition-by = customer");
    assert_eq!(told.verdict("order-per-customer"), Expected::Holds);
    let told = tell("more-partitions", "");
    assert!(told.moments().contains(&"broker has written partitions".to_owned()));
    assert!(count(&told, "hand-out: broker -> payment-2") > 0, "the new partition has a reader");
}

#[test]
fn bus_5_heartbeats_do_not_save_who_does_not_poll() {
    let told = check(
        "slow-consumer",
        "",
        &[
            "heartbeat: payment-1 -> broker",
            "payment-1: max-poll",
            "leave: payment-1 -> broker",
            "hand-out: broker -> payment-2",
            "fact effect 1",
            "committed: broker -> payment-2",
            "fact effect 1",
            "denied: broker -> payment-1",
            "join: payment-1 -> broker",
        ],
        &["broker: session"],
        "published stored effect effect",
    );
    assert_eq!(told.verdict("effects-once"), Expected::Broken);
    let told = tell("slow-consumer-idempotent", "");
    assert_eq!(count(&told, "denied: broker -> payment-1"), 1);
    let calm = tell("slow-consumer", "set max-poll = 600 ms");
    assert_eq!(
        (calm.facts().join(" ").as_str(), count(&calm, "leave: payment-1 -> broker")),
        ("published stored effect", 0)
    );
    let storm = tell("rebalance-storm", "");
    let leaves = count(&storm, "leave: payment-1 -> broker") + count(&storm, "leave: payment-2 -> broker");
    assert!(leaves >= 4, "{leaves} times round");
}

#[test]
fn bus_6_a_zombie_writes_unless_its_token_is_looked_at() {
    let script = ["broker: session", "evicted: broker -> payment-1"];
    let told = check(
        "zombie",
        "",
        &["broker: session", "fact effect 1", "evicted: broker -> payment-1", "fact effect 1"],
        &["fenced: payment-db -> payment-1"],
        "published stored effect effect",
    );
    assert_eq!(told.verdict("effects-once"), Expected::Broken);
    check(
        "zombie-fenced",
        "",
        &[
            script[0],
            "fact effect 1",
            script[1],
            "fenced: payment-db -> payment-1",
            "join: payment-1 -> broker",
        ],
        &[],
        "published stored effect fenced",
    );
}

#[test]
fn bus_7_dlq_1_a_poison_message_blocks_its_partition() {
    let told = tell("poison", "");
    assert_eq!(told.mood("payment-1"), Mood::Stuck);
    assert_eq!(count(&told, "fact effect 2"), 0, "everything behind it waits");
    let told = tell("poison", "do repair at payment-1 700 ms after start");
    assert_eq!(told.verdict("no-lost-event"), Expected::Holds);
}

#[test]
fn bus_8_what_a_group_does_not_read_in_time_is_gone() {
    let told = check(
        "retention",
        "",
        &["fact deleted 3", "out-of-range: broker -> payment-1", "fact effect 4", "fact effect 5"],
        &["fact effect 1", "fact effect 2", "fact effect 3"],
        "published stored published stored published stored deleted published stored deleted published \
         stored deleted effect effect",
    );
    assert_eq!(told.verdict("no-lost-event"), Expected::Broken);
    let latest = tell("retention", "set reset = latest");
    assert_eq!(count(&latest, "fact effect 5"), 0, "latest skips what is still there, too");
}

#[test]
fn bus_9_a_new_group_with_latest_misses_history() {
    let told = tell("late-group", "");
    assert_eq!(
        (told.verdict("no-lost-event"), count(&told, "hand-out: broker -> mail")),
        (Expected::Broken, 0)
    );
    let told = tell("late-group-earliest", "");
    assert_eq!(count(&told, "hand-out: broker -> mail"), 3);
    let queue = tell("late-group-earliest", "set transport = queue");
    assert_eq!(queue.verdict("no-lost-event"), Expected::Broken, "a queue has no history at all");
}

#[test]
fn bus_10_while_the_broker_is_down_the_producer_holds_and_then_blocks() {
    let told = check(
        "broker-down",
        "",
        &[
            "broker crashes",
            "orders: resend",
            "broker restarts",
            "produced: broker -> orders",
            "fact effect 4",
        ],
        &["orders: give-up"],
        "published published stored effect published stored published effect stored stored effect effect",
    );
    let published = told.moments().iter().position(|m| m == "fact published 3").unwrap();
    let back = told.moments().iter().position(|m| m == "broker restarts").unwrap();
    assert!(published > back, "the third had to wait for room");
    let given_up = tell("broker-down", "set delivery-timeout = 200 ms");
    assert!(given_up.facts().contains(&"given-up".to_owned()));
    assert_eq!(given_up.verdict("no-lost-event"), Expected::Holds, "the application knows");
}

#[test]
fn bus_11_a_requeue_loop_is_hot_until_a_limit_or_a_delay() {
    let hot = tell("requeue-loop", "").facts().len();
    let slow = tell("requeue-loop", "set requeue-delay = 100 ms").facts().len();
    assert!(hot > 15 && slow < hot / 2, "{hot} and {slow}");
    let told = tell("requeue-loop", "set give-up = dead-letter");
    assert_eq!(
        (told.verdict("attempts-end"), told.verdict("no-lost-event")),
        (Expected::Holds, Expected::Holds)
    );
    assert_eq!(told.facts().join(" "), "published stored failed failed failed dead-lettered");
}

#[test]
fn dlq_2_after_the_limit_the_flow_goes_on() {
    check(
        "poison-dead-letter",
        "",
        &[
            "dead-letter: payment-1 -> broker",
            "dead-lettered: broker -> payment-1",
            "commit: payment-1 -> broker",
        ],
        &["fact effect 1"],
        "published stored published stored failed published stored failed failed dead-lettered effect effect",
    );
    let told = tell("delivery-limit", "");
    assert_eq!((count(&told, "fact failed 1"), count(&told, "fact dead-lettered 1")), (3, 1));
    assert_eq!(count(&told, "broker has written return"), 2, "the third return is the dead letter");
    let told = tell("poison-skipped", "");
    assert_eq!(told.verdict("no-lost-event"), Expected::Broken, "skipping is losing");
    let dropped = tell("delivery-limit", "set give-up = skip");
    assert_eq!(dropped.verdict("no-lost-event"), Expected::Broken, "as without a dead letter exchange");
}

#[test]
fn dlq_3_an_outage_floods_the_dead_letters_unless_it_is_told_apart() {
    let told = tell("outage-floods", "");
    assert_eq!(told.facts().iter().filter(|f| *f == "dead-lettered").count(), 3);
    check(
        "outage-waits",
        "",
        &["lost charge: payment-1 -> payment-db", "payment-db restarts", "fact effect 1", "fact effect 3"],
        &["dead-letter: payment-1 -> broker"],
        "published stored published stored published stored effect effect effect",
    );
}

#[test]
fn dlq_4_a_dead_letter_is_overtaken_unless_its_key_is_parked() {
    let told = check(
        "overtaken",
        "",
        &["fact dead-lettered 1", "fact effect 2"],
        &[],
        "published stored published stored failed failed failed dead-lettered effect",
    );
    assert_eq!(told.verdict("order-per-customer"), Expected::Broken);
    check(
        "parked-customer",
        "",
        &["fact dead-lettered 1", "fact effect 2", "fact dead-lettered 3", "fact effect 4"],
        &["fact effect 3", "fact failed 3"],
        "published stored published stored failed published stored published failed stored failed \
         dead-lettered effect dead-lettered effect",
    );
    // Repaired and replayed, the customer's orders come in their order.
    let more = "do repair at payment-1 500 ms after start\ndo replay at broker 550 ms after start";
    let told = tell("parked-customer", more);
    assert_eq!(told.verdict("order-per-customer"), Expected::Holds, "{}", told.journal());
    assert_eq!((count(&told, "fact effect 1"), count(&told, "fact effect 3")), (1, 1));
    // The parking outlives the consumer: the broker's dead letters say who is parked.
    let more = "fault crash payment-1 after payment-1 handles dead-lettered from broker\n\
                fault restart payment-1 50 ms after payment-1 crashes";
    let told = tell("parked-customer", more);
    assert_eq!((told.verdict("order-per-customer"), count(&told, "fact effect 3")), (Expected::Holds, 0));
}

#[test]
fn dlq_5_a_replay_is_safe_as_long_as_the_database_remembers() {
    check(
        "replay",
        "",
        &["fact dead-lettered 1", "fact effect 2", "fact replayed 1", "fact effect 1"],
        &[],
        "published stored published stored failed failed failed dead-lettered effect replayed effect",
    );
    let told = tell("replay-recognised", "");
    assert_eq!(count(&told, "fact effect 1"), 1);
    let told = tell("replay-too-late", "");
    assert_eq!((count(&told, "fact effect 1"), told.verdict("effects-once")), (2, Expected::Broken));
}

#[test]
fn dlq_6_a_dead_letter_can_be_lost_as_well() {
    let told = tell("dead-letter-lost", "");
    assert_eq!(told.verdict("no-lost-event"), Expected::Broken);
    assert_eq!(count(&told, "fact dead-lettered 1"), 0);
    let told = tell("dead-letter-sure", "");
    assert_eq!(count(&told, "fact dead-lettered 1"), 1);
    // The queue's own dead letters: at most once, or in the write that takes the message out.
    let refuse = "fault refuse write dead-letter at broker";
    let told = tell("delivery-limit", &format!("{refuse}\nset sure-dead-letters = no"));
    assert_eq!(told.verdict("no-lost-event"), Expected::Broken, "{}", told.journal());
    let told = tell("delivery-limit", refuse);
    assert_eq!(told.verdict("no-lost-event"), Expected::Holds, "{}", told.journal());
}

#[test]
fn dlq_7_a_crash_between_dead_letter_and_commit_makes_two() {
    let told = check(
        "dead-letter-twice",
        "",
        &[
            "fact dead-lettered 1",
            "payment-1 crashes",
            "hand-out: broker -> payment-1",
            "fact dead-lettered 1",
        ],
        &[],
        "published stored published stored failed failed dead-lettered failed failed dead-lettered effect",
    );
    assert_eq!(told.verdict("stored-once"), Expected::Broken);
}

#[test]
fn dlq_8_with_a_prefetch_the_innocent_reach_the_limit_too() {
    let told = tell("innocent-neighbours", "");
    assert_eq!(told.facts().iter().filter(|f| *f == "dead-lettered").count(), 3);
    assert_eq!(told.mood("broker"), Mood::Stuck);
    let told = tell("one-at-a-time", "");
    assert_eq!(
        (
            count(&told, "fact dead-lettered 1"),
            count(&told, "fact effect 2"),
            count(&told, "fact effect 3")
        ),
        (1, 1, 1)
    );
}

#[test]
fn exactly_once_is_for_what_the_broker_keeps() {
    let told = tell("receipt-twice", "");
    assert_eq!(
        (told.verdict("receipts-once"), told.verdict("effects-once")),
        (Expected::Broken, Expected::Holds)
    );
    let told = tell("exactly-once", "");
    assert_eq!((count(&told, "fact receipt 1"), count(&told, "transaction: payment-1 -> broker")), (1, 2));
    let told = tell("exactly-once-and-a-database", "");
    assert_eq!((count(&told, "fact receipt 1"), count(&told, "fact effect 1")), (1, 2));
    let told = tell("exactly-once-and-a-database", "set dedup = yes");
    assert_eq!(told.verdict("effects-once"), Expected::Holds);
}

/// A log can be read again; a group's offsets are all that moves.
#[test]
fn rewound_a_group_reads_everything_again() {
    let more = "do rewind at broker 200 ms after start";
    let told = tell("shop", more);
    let handed = |who: &str| count(&told, &format!("hand-out: broker -> {who}"));
    assert_eq!((handed("payment-1") + handed("payment-2"), handed("mail")), (6, 3));
    assert_eq!(told.verdict("effects-once"), Expected::Holds, "the database knows them all");
    assert_eq!(tell("shop", &format!("{more}\nset dedup = no")).verdict("effects-once"), Expected::Broken);
}

#[test]
fn a_new_member_waits_until_the_others_have_committed() {
    let more = "set mail = nobody\nset dedup = no\nset fencing = no\nset orders = 6\n\
                fault crash payment-2 before payment-2 handles hand-out from broker\n\
                fault restart payment-2 30 ms after payment-2 crashes";
    let told = tell("shop", more);
    assert_eq!(told.verdict("effects-once"), Expected::Holds, "nobody's work is torn from its hands");
    assert_eq!(count(&told, "denied: broker -> payment-1"), 0);
}

#[test]
fn every_offer_is_a_line_that_comes_about() {
    for scenario in PATTERN.scenarios {
        let offers = shipped(scenario.id, "").offers;
        assert!((2..=5).contains(&offers.len()), "{} offers {}", scenario.id, offers.len());
        for (i, offer) in offers.iter().enumerate() {
            // Alone, with the one before it (a restart), or with all of them (a replay).
            let comes_about = [i, i.saturating_sub(1), 0].into_iter().any(|from| {
                let mut recipe = shipped(scenario.id, "").recipe;
                recipe.script.extend_from_slice(&offers[from..=i]);
                let last = recipe.script.len() - 1;
                let run = Story::of(recipe).run;
                run.world(run.len()).matched(last) >= offer.trigger.anchor.nth
            });
            assert!(comes_about, "{}: {offer:?}", scenario.id);
        }
    }
}

/// Faults at random: the sound form keeps every promise, always, over either transport.
#[test]
fn the_sound_form_keeps_its_promises_under_any_weather() {
    for seed in 1..=120 {
        let weather = format!(
            "seed {seed}\nset orders = 6\nset loss = 120 per mille\nset duplication = 120 per mille\n\
             set ordered = no\nset latency-max = 40 ms\nset horizon = 600000 ms\nset mail = nobody\n\
             set delivery-timeout = 600000 ms\nset retries = 20\nset buffer = 1\n"
        );
        for more in [
            "set transport = log",
            "set transport = queue",
            "set batch = 3",
            "set delivery = exactly-once\nset receipts = yes",
        ] {
            let told = tell("shop", &format!("{weather}{more}"));
            for promise in PATTERN.promises {
                // A queue knows no numbers of a producer: its consumers must know the event.
                if promise.id == "stored-once" && more.ends_with("queue") {
                    continue;
                }
                // Nor does it keep an order once something comes back.
                if promise.id == "order-per-customer" && more.ends_with("queue") {
                    continue;
                }
                assert_eq!(
                    told.verdict(promise.id),
                    Expected::Holds,
                    "{seed} {more} {}\n{}",
                    promise.id,
                    told.journal()
                );
            }
        }
    }
}

/// One crash anywhere, of anybody, and a restart: nothing is lost, nothing is charged twice.
#[test]
fn wherever_somebody_crashes_every_order_is_charged_once() {
    for transport in ["log", "queue"] {
        let base = format!("set mail = nobody\nset transport = {transport}");
        let calm = tell("shop", &base).story.run.clone();
        let end = calm.world(calm.len()).now().micros / 1000 + 1;
        for node in ["orders", "broker", "payment-1", "payment-2", "payment-db"] {
            for at in (0..end).step_by(3) {
                for pause in [30, 500] {
                    let more = format!(
                        "{base}\nfault crash {node} {at} ms after start\n\
                         fault restart {node} {pause} ms after {node} crashes"
                    );
                    let told = tell("shop", &more);
                    for promise in ["no-lost-event", "effects-once"] {
                        let verdict = told.verdict(promise);
                        assert_eq!(verdict, Expected::Holds, "{more}\n{promise}\n{}", told.journal());
                    }
                }
            }
        }
    }
}

/// Every world that one crash, or one loss and one copy, can lead to, in any order of messages: as far
/// as a short search goes.
#[test]
fn no_single_fault_loses_an_event_or_charges_twice() {
    let faults = [
        Allowed { crashes: 1, ..Allowed::default() },
        Allowed { drops: 1, duplicates: 1, ..Allowed::default() },
    ];
    for transport in ["log", "queue"] {
        for delivery in ["at-least-once", "exactly-once"] {
            for allowed in faults {
                let more = format!(
                    "set orders = 1\nset transport = {transport}\nset delivery = {delivery}\nset receipts = yes"
                );
                let recipe = shipped("crash-before-commit-idempotent", &more).recipe;
                let mut search = Search::new(&recipe, allowed, &[], &[], 15_000);
                search.to_the_end();
                for broken in search.broken() {
                    let promise = PATTERN.promises[broken.promise].id;
                    // A producer that crashed is a new one to the broker; a queue knows no second attempt;
                    // and receipts that are no part of a transaction come as often as the work is done.
                    let known = promise == "stored-once" || promise == "receipts-once";
                    assert!(known, "{more}: {promise} after {} steps", broken.way.len());
                }
            }
        }
    }
}

#[test]
fn a_long_run_costs_no_more_per_event_than_a_short_one() {
    for transport in ["log", "queue"] {
        let more = format!("set orders = 2000\nset horizon = 80000000 ms\nset transport = {transport}");
        let recipe = shipped("shop", &more).recipe;
        let (_, mut world) = recipe.start();
        let halt = loop {
            if let Err(halt) = world.advance(None) {
                break halt;
            }
        };
        assert_eq!(halt, Halt::Quiet);
        let effects =
            world.ledger().iter().filter(|o| PATTERN.facts[o.fact as usize].id == "effect").count();
        assert_eq!(effects, 4000, "payment and mail");
        let rows: usize =
            (0..6).flat_map(|i| world.describe(NodeId(i)).sections).map(|s| s.rows.len()).sum();
        assert!(rows < 80, "{rows} rows");
    }
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
        for key in ["title", "summary", "not-modelled", "pros", "cons", "realistic"] {
            want(key.into());
        }
        for k in PATTERN.messages {
            want(format!("message.{}.real", k.id));
        }
        for p in PATTERN.params {
            if let Range::Choice(names) = p.range {
                names.iter().for_each(|n| want(format!("param.{}.{n}", p.id)));
            }
        }
        for group in ["group", "effect", "lost"] {
            (0..3).for_each(|n| want(format!("{group}.{n}")));
        }
        for s in PATTERN.scenarios {
            let offers = shipped(s.id, "").offers;
            let mut runs = vec![tell(s.id, "")];
            let mut recipe = runs[0].shipped.recipe.clone();
            recipe.script.extend(offers);
            let story = Story::of(recipe);
            runs.push(Told {
                pattern: &PATTERN,
                speaker: story.speaker(lang),
                story,
                shipped: shipped(s.id, ""),
            });
            for told in runs {
                for state in 0..=told.story.run.len() {
                    let world = told.story.run.world(state);
                    for i in 0..world.nodes() {
                        let d = world.describe(NodeId(i as u8));
                        assert!(d.sections.len() <= 4, "{}: too much at once", s.id);
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
                    assert!(!sentence.contains('{') && !sentence.contains("group."), "{sentence}");
                }
            }
        }
        assert!(missing.is_empty(), "{lang:?}: {missing:#?}");
    }
}
