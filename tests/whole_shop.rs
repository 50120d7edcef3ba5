//! The whole shop's stories: the same faults under one mechanism and under another.

mod story;

use std::collections::BTreeSet;

use converge::kernel::{Action, Anchor, Cell, Entry, Halt, Mark, Mood, NodeId, Point, Span, Trigger, What};
use converge::patterns::pattern::{Copied, Probe};
use converge::patterns::whole_shop::PATTERN;
use converge::scenario::Expected::{self, Broken, Holds, NotYet};
use converge::scenario::Recipe;
use converge::trace::{Run, Stage};
use story::Told;

#[track_caller]
fn check(id: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, "", in_order, never, facts)
}

/// The promises that are not kept at the end, and what they are instead; all others hold.
#[track_caller]
fn but(told: &Told, untrue: &[(&str, Expected)]) {
    for promise in PATTERN.promises {
        let wanted = untrue.iter().find(|(id, _)| *id == promise.id).map_or(Holds, |(_, e)| *e);
        assert_eq!(told.verdict(promise.id), wanted, "{}\n{}", promise.id, told.journal());
    }
}

/// The read model's copy at the end.
fn copied(told: &Told) -> Copied {
    let run = &told.story.run;
    let world = run.world(run.len());
    let mut out = Vec::new();
    (PATTERN.copies)(&Probe { world: &world, params: &told.story.recipe.params, at_rest: true }, &mut out);
    assert_eq!(out.len(), 1);
    out[0]
}

/// Steps at which a node shows a row with this mark.
fn steps_with(told: &Told, node: &str, mark: Mark) -> usize {
    let run = &told.story.run;
    let at = run.stage.nodes.iter().position(|n| n.id == node).expect("a node");
    let shows = |step: &u32| {
        let described = run.world(*step).describe(NodeId(at as u8));
        described.sections.iter().any(|s| s.rows.iter().any(|r| r.mark == mark))
    };
    (0..=run.len()).filter(shows).count()
}

/// The scripts of two scenarios, which are to be the same.
fn same_faults(one: &str, other: &str) {
    let script = |id| story::shipped(&PATTERN, id, "").recipe.script;
    assert_eq!(script(one), script(other), "{one} and {other}");
}

const DONE: &str = "placed reserved charged shipped confirmed told";

#[test]
fn every_scenario_ends_as_it_expects_and_every_line_comes_about() {
    for scenario in PATTERN.scenarios {
        let told = story::tell(&PATTERN, scenario.id, "");
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
fn pairs_have_the_same_faults() {
    for (one, other) in [
        ("leader-crash-2pc", "leader-crash-saga"),
        ("leader-gone-2pc", "leader-gone-saga"),
        ("leader-gone-2pc", "leader-gone-choreography"),
        ("gave-up-alone", "waits-for-the-decision"),
        ("broker-down-dual-write", "broker-down-outbox"),
        ("broker-down-dual-write", "broker-down-cdc"),
        ("never-told-anybody", "told-after-the-restart"),
        ("delivered-twice-naive", "delivered-twice-idempotent"),
        ("lost-answer-naive", "lost-answer-idempotent"),
        ("connector-crash-naive", "connector-crash-idempotent"),
        ("released-twice-naive", "released-twice-idempotent"),
        ("commit-told-nobody", "commit-told-late"),
        ("shipping-down-2pc", "shipping-down-saga"),
        ("shipping-down-2pc", "shipping-down-choreography"),
    ] {
        same_faults(one, other);
    }
}

#[test]
fn every_way_through_the_shop_ends_alike() {
    for span in ["two-phase-commit", "saga", "choreography"] {
        for publish in ["dual-write", "outbox", "cdc"] {
            for consume in ["naive", "idempotent"] {
                let more = format!("set span = {span}\nset publish = {publish}\nset consume = {consume}");
                // The offers of another mechanism name what is not there.
                let recipe = PATTERN.scenarios.iter().find(|s| s.id == "textbook").unwrap().recipe;
                let text: String = recipe
                    .lines()
                    .filter(|l| !l.starts_with("offer"))
                    .chain(more.lines())
                    .map(|l| format!("{l}\n"))
                    .collect();
                let shipped = converge::scenario::text::parse_shipped(&[&PATTERN], &text).unwrap();
                let story = converge::trace::Story::of(shipped.recipe.clone());
                let speaker = story.speaker(converge::texts::Lang::En);
                let told = Told { pattern: &PATTERN, speaker, story, shipped };
                but(&told, &[]);
                let mut facts = told.facts();
                facts.sort();
                assert_eq!(facts.join(" "), "charged confirmed placed reserved shipped told", "{more}");
                assert_eq!((copied(&told).behind, copied(&told).lost), (0, None));
            }
        }
    }
}

#[test]
fn the_orchestrator_leads_and_the_outbox_tells() {
    let told = check(
        "textbook",
        &[
            "order: client -> orders",
            "orders has written placed",
            "reserve-item: orders -> inventory",
            "item-reserved: inventory -> orders",
            "charge-card: orders -> payment",
            "card-charged: payment -> orders",
            "ship-parcel: orders -> shipping",
            "parcel-shipped: shipping -> orders",
            "order-confirmed: orders -> broker",
            "mail-confirmed: notification -> client",
        ],
        &["item-reserved: inventory -> broker", "prepare: orders -> payment"],
        DONE,
    );
    but(&told, &[]);
}

#[test]
fn in_a_choreography_nobody_commands_and_the_connector_publishes() {
    check(
        "shop",
        &[
            "change: orders -> connector",
            "order-placed: connector -> broker",
            "order-placed: broker -> inventory",
            "item-reserved: broker -> payment",
            "card-charged: broker -> shipping",
            "parcel-shipped: broker -> orders",
            "order-confirmed: connector -> broker",
        ],
        &["order-placed: orders -> broker", "charge-card: orders -> payment"],
        DONE,
    );
}

#[test]
fn two_phase_commit_locks_and_saga_does_not() {
    let told = check(
        "shop-2pc",
        &[
            "prepare: orders -> payment",
            "yes: payment -> orders",
            "commit: orders -> payment",
            "ack: payment -> orders",
        ],
        &["charge-card: orders -> payment"],
        "placed confirmed charged reserved shipped told",
    );
    assert!(steps_with(&told, "payment", Mark::Locked) > 3);
    assert_eq!(steps_with(&story::tell(&PATTERN, "textbook", ""), "payment", Mark::Locked), 0);
}

#[test]
fn a_leader_that_crashes_blocks_2pc_and_a_saga_resumes() {
    let told = check(
        "leader-crash-2pc",
        &["orders crashes", "orders restarts", "orders has written abort", "abort: orders -> payment"],
        &["orders has written commit"],
        "placed cancelled told",
    );
    but(&told, &[]);
    let told = check(
        "leader-crash-saga",
        &[
            "orders crashes",
            "orders restarts",
            "reserve-item: orders -> inventory",
            "ship-parcel: orders -> shipping",
        ],
        &[],
        DONE,
    );
    but(&told, &[]);
}

#[test]
fn a_leader_that_stays_away() {
    let told = check("leader-gone-2pc", &["orders crashes"], &["orders restarts"], "placed");
    but(&told, &[("no-locks-left", NotYet), ("order-ends", NotYet)]);
    for service in ["inventory", "payment", "shipping"] {
        assert_eq!(told.mood(service), Mood::InDoubt);
    }
    let told = check("leader-gone-saga", &["orders crashes"], &["orders restarts"], "placed reserved");
    but(&told, &[("all-or-nothing", NotYet), ("order-ends", NotYet)]);
    let told =
        check("leader-gone-choreography", &["orders crashes"], &[], "placed reserved charged shipped");
    but(&told, &[("order-ends", NotYet)]);
}

#[test]
fn impatience_sends_what_nobody_paid() {
    let told = check(
        "gave-up-alone",
        &[
            "shipping has written commit",
            "payment: patience",
            "payment has written alone",
            "commit: orders -> payment",
        ],
        &["payment has written commit"],
        "placed confirmed reserved shipped told",
    );
    but(
        &told,
        &[("all-or-nothing", Broken), ("money-conserved", Broken), ("no-order-ships-unpaid", Broken)],
    );
    let told = check(
        "waits-for-the-decision",
        &["shipping has written commit", "payment has written commit"],
        &["payment: patience"],
        "placed confirmed reserved shipped told charged",
    );
    but(&told, &[]);
}

#[test]
fn two_orders_at_once() {
    let told = check(
        "two-at-once-2pc",
        &["no: inventory -> orders", "orders has written abort"],
        &[],
        "placed placed cancelled confirmed shipped reserved charged told told",
    );
    but(&told, &[]);
    let told = story::tell(&PATTERN, "two-at-once-saga", "");
    assert_eq!(told.facts().iter().filter(|f| *f == "confirmed").count(), 2);
    but(&told, &[]);
}

#[test]
fn a_declined_card_has_nothing_to_undo_in_2pc() {
    check(
        "declined-2pc",
        &["no: payment -> orders", "abort: orders -> inventory"],
        &[],
        "placed cancelled told",
    );
    check(
        "declined-saga",
        &["payment-declined: payment -> orders", "release-item: orders -> inventory"],
        &[],
        "placed reserved released cancelled told",
    );
    check(
        "declined-choreography",
        &["payment-declined: payment -> broker", "payment-declined: broker -> inventory"],
        &["release-item: orders -> inventory"],
        "placed reserved cancelled released told",
    );
}

#[test]
fn a_dual_write_loses_what_outbox_and_log_deliver_late() {
    let told = check(
        "broker-down-dual-write",
        &["broker crashes", "lost order-confirmed: orders -> broker", "broker restarts"],
        &["mail-confirmed: notification -> client"],
        "placed reserved charged shipped confirmed",
    );
    but(&told, &[("told-once", Broken), ("read-model-agrees", Broken)]);
    let copy = copied(&told);
    assert_eq!((copy.behind, copy.lost.map(|l| l.key)), (1, Some("copy.lost")));
    for (id, sender) in [("broker-down-outbox", "orders"), ("broker-down-cdc", "connector")] {
        let told = check(
            id,
            &[
                "broker crashes",
                &format!("{sender}: publish-again"),
                "broker restarts",
                "mail-confirmed: notification -> client",
            ],
            &[],
            DONE,
        );
        but(&told, &[]);
        assert_eq!((copied(&told).behind, copied(&told).lost), (0, None));
    }
}

#[test]
fn atomic_commit_does_not_cover_the_event() {
    let told = check(
        "commit-told-nobody",
        &["orders has written commit", "orders crashes", "orders restarts", "shipping has written commit"],
        &["order-confirmed: orders -> broker"],
        "placed confirmed charged reserved shipped",
    );
    but(&told, &[("told-once", Broken), ("read-model-agrees", Broken)]);
    let told = check(
        "commit-told-late",
        &[
            "orders has written commit",
            "orders crashes",
            "orders restarts",
            "order-confirmed: orders -> broker",
        ],
        &[],
        "placed confirmed charged reserved shipped told",
    );
    but(&told, &[]);
}

#[test]
fn a_refusal_at_the_pivot_undoes_backwards_or_all_at_once() {
    let undone = "placed reserved charged refunded released cancelled told";
    let told = check(
        "undeliverable-saga",
        &[
            "undeliverable: shipping -> orders",
            "refund-card: orders -> payment",
            "release-item: orders -> inventory",
        ],
        &[],
        undone,
    );
    but(&told, &[]);
    assert_eq!((told.mood("payment"), told.mood("inventory")), (Mood::Compensated, Mood::Compensated));
    let told = story::tell(&PATTERN, "undeliverable-choreography", "");
    let mut facts = told.facts();
    facts.sort();
    assert_eq!(facts.join(" "), "cancelled charged placed refunded released reserved told");
    but(&told, &[]);
}

#[test]
fn a_choreography_whose_first_event_is_lost_never_begins() {
    let told = check(
        "never-told-anybody",
        &["orders crashes", "orders restarts", "accepted: orders -> client"],
        &["order-placed: orders -> broker"],
        "placed",
    );
    but(&told, &[("read-model-agrees", Broken), ("order-ends", Broken)]);
    let told =
        check("told-after-the-restart", &["orders restarts", "order-placed: orders -> broker"], &[], DONE);
    but(&told, &[]);
}

#[test]
fn what_is_delivered_twice_counts_once_or_twice() {
    let told = check("delivered-twice-naive", &[], &[], &format!("{DONE} told"));
    but(&told, &[("told-once", Broken), ("read-model-agrees", Broken)]);
    assert_eq!(copied(&told).lost.map(|l| (l.key, l.args)), Some(("copy.money-twice", [80, 40, 0])));
    but(&check("delivered-twice-idempotent", &[], &[], DONE), &[]);

    let told = check(
        "connector-crash-naive",
        &[
            "order-confirmed: connector -> broker",
            "connector crashes",
            "order-confirmed: connector -> broker",
        ],
        &[],
        &format!("{DONE} told"),
    );
    but(&told, &[("told-once", Broken), ("read-model-agrees", Broken)]);
    but(&check("connector-crash-idempotent", &["connector crashes"], &[], DONE), &[]);
}

#[test]
fn a_lost_answer_charges_once_or_twice() {
    let told = check(
        "lost-answer-naive",
        &["orders: ask-services-again", "charge-card: orders -> payment"],
        &[],
        "placed reserved charged charged shipped confirmed told",
    );
    but(&told, &[("all-or-nothing", Broken), ("money-conserved", Broken)]);
    let payment = told.story.run.world(told.story.run.len()).describe(NodeId(3));
    assert_eq!(payment.sections[0].rows[1].cells[1], Cell::Change(40, 80));
    but(&check("lost-answer-idempotent", &["orders: ask-services-again"], &[], DONE), &[]);
}

#[test]
fn a_compensation_that_comes_twice_sells_what_is_not_there() {
    let told = check(
        "released-twice-naive",
        &["lost item-released: inventory -> orders", "release-item: orders -> inventory"],
        &[],
        "placed reserved released released cancelled told",
    );
    but(&told, &[("all-or-nothing", Broken), ("no-oversell", Broken)]);
    but(&check("released-twice-idempotent", &[], &[], "placed reserved released cancelled told"), &[]);
}

#[test]
fn a_service_that_is_down_stops_2pc_and_delays_the_others() {
    but(&check("shipping-down-2pc", &["orders: vote-timeout"], &[], "placed cancelled told"), &[]);
    but(&check("shipping-down-saga", &["orders: ask-services-again", "shipping restarts"], &[], DONE), &[]);
    let told =
        check("shipping-down-choreography", &["broker: deliver-again", "shipping restarts"], &[], DONE);
    but(&told, &[]);
}

/// A recipe with these parameters and nothing scripted.
fn recipe(settings: &[(&str, i64)]) -> Recipe {
    let mut recipe = Recipe::new(&PATTERN);
    for (id, value) in settings {
        let place = PATTERN.all_params().position(|p| p.id == *id).expect("a parameter");
        recipe.set_param(place, *value);
    }
    recipe
}

/// The promises that are not kept at the end of a run.
fn untrue(run: &Run) -> Vec<&'static str> {
    let end = run.len();
    let held = |i| run.verdicts(i).at(end) == Some(converge::patterns::pattern::Verdict::Holds);
    PATTERN.promises.iter().enumerate().filter(|(i, _)| !held(*i)).map(|(_, p)| p.id).collect()
}

/// Every moment around every write and every send of a run.
fn moments(run: &Run) -> BTreeSet<(usize, u8, u8, u8, u16)> {
    let mut seen: Vec<(usize, u8, u8, u8)> = Vec::new();
    let mut all = BTreeSet::new();
    for event in run.events() {
        let points: &[(Point, u8, u8, u8)] = &match event.what {
            What::Written { node, record, .. } => {
                [(Point::BeforeWrite, node.0, node.0, record), (Point::AfterWrite, node.0, node.0, record)]
            }
            What::Sent { from, to, kind, .. } => {
                [(Point::BeforeSend, from.0, to.0, kind), (Point::AfterSend, from.0, to.0, kind)]
            }
            _ => continue,
        };
        for &(point, node, peer, kind) in points {
            let at = Point::ALL.iter().position(|p| *p == point).unwrap();
            seen.push((at, node, peer, kind));
            let nth = seen.iter().filter(|s| **s == (at, node, peer, kind)).count() as u16;
            all.insert((at, node, peer, kind, nth));
        }
    }
    all
}

#[test]
fn a_crash_anywhere_leaves_every_promise_whole_where_hops_are_sure() {
    let mut crashes = 0;
    for span in 0..3 {
        for publish in 1..3 {
            let plain = recipe(&[("span", span), ("publish", publish)]);
            for (at, node, peer, kind, nth) in moments(&Run::to_the_end(Stage::of(&plain))) {
                let anchor =
                    |point, kind| Anchor { point, node: NodeId(node), peer: NodeId(peer), kind, nth };
                let crash = Entry {
                    on: true,
                    trigger: Trigger { anchor: anchor(Point::ALL[at], kind), delay: Span::ZERO },
                    action: Action::Crash(NodeId(node)),
                };
                let down = Anchor { peer: NodeId(node), nth: 1, ..anchor(Point::AfterCrash, 0) };
                let restart = Entry {
                    on: true,
                    trigger: Trigger { anchor: down, delay: Span::ms(150) },
                    action: Action::Restart(NodeId(node)),
                };
                let mut recipe = plain.clone();
                recipe.script = vec![crash, restart];
                let run = Run::to_the_end(Stage::of(&recipe));
                assert_eq!(untrue(&run), [""; 0], "{span} {publish} {crash:?}");
                assert_eq!(run.halt(), Some(Halt::Quiet), "{span} {publish} {crash:?}");
                crashes += 1;
            }
        }
    }
    assert!(crashes > 400, "only {crashes} crashes");
}

#[test]
fn losses_and_copies_leave_every_promise_whole_where_hops_are_sure() {
    for seed in 1..=40 {
        for span in 0..3 {
            for publish in 1..3 {
                let settings = [
                    ("span", span),
                    ("publish", publish),
                    ("loss", 60),
                    ("duplication", 60),
                    ("orders", 3),
                ];
                let mut recipe = recipe(&settings);
                recipe.seed = seed;
                let run = Run::to_the_end(Stage::of(&recipe));
                assert_eq!(untrue(&run), [""; 0], "{span} {publish} {seed}");
            }
        }
    }
}

#[test]
fn whatever_is_shown_has_words() {
    let mut keys: BTreeSet<&'static str> = BTreeSet::new();
    for scenario in PATTERN.scenarios {
        let told = story::tell(&PATTERN, scenario.id, "");
        let run = &told.story.run;
        for state in 0..=run.len() {
            let world = run.world(state);
            for node in 0..run.stage.nodes.len() {
                let shown = world.describe(NodeId(node as u8));
                keys.extend(shown.status.map(|l| l.key));
                for section in shown.sections {
                    keys.insert(section.title.key);
                    let cells = section.rows.iter().flat_map(|r| r.cells.iter());
                    keys.extend(
                        cells.filter_map(|c| if let Cell::Text(l) = c { Some(l.key) } else { None }),
                    );
                }
            }
            for i in 0..PATTERN.promises.len() {
                use converge::patterns::pattern::Verdict::{Broken, NotYet};
                if let Some(NotYet(label) | Broken(label)) = run.verdicts(i).at(state) {
                    keys.insert(label.key);
                }
            }
        }
        let copy = copied(&told);
        keys.insert(copy.name.key);
        keys.extend(copy.lost.map(|l| l.key));
    }
    let names: BTreeSet<_> = converge::texts::entries(PATTERN.texts[0]).map(|(name, _)| name).collect();
    let missing: Vec<_> = keys.iter().filter(|k| !names.contains(*k)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for shown in names
        .iter()
        .filter(|n| ["section.", "row.", "status.", "verdict."].iter().any(|p| n.starts_with(p)))
    {
        assert!(keys.contains(shown), "{shown} is shown nowhere");
    }
}

#[test]
fn realistic_figures_end_as_well() {
    for span in 0..3 {
        let mut recipe = recipe(PATTERN.realistic);
        for (id, value) in [("span", span), ("orders", 40), ("order-gap", 1)] {
            recipe.set_param(PATTERN.all_params().position(|p| p.id == id).unwrap(), value);
        }
        let run = Run::to_the_end(Stage::of(&recipe));
        assert_eq!((untrue(&run), run.halt()), (vec![], Some(Halt::Quiet)), "{span}");
    }
}
