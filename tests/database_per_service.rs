//! The stories of database per service: each failure mode, told by what must happen and what must not.

mod said;
mod story;

use converge::checker::Allowed;
use converge::kernel::What;
use converge::patterns::database_per_service::PATTERN;
use converge::patterns::pattern::{Copied, Probe, Verdict};
use converge::scenario::Expected;

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

/// The state after the nth message of this kind arrived.
#[track_caller]
fn arrival(told: &Told, kind: &str, nth: usize) -> u32 {
    let run = &told.story.run;
    let arrives = |state: &u32| {
        let (_, events) = run.step_events(*state);
        events.iter().any(
            |e| matches!(e.what, What::Delivered { kind: k, .. } if PATTERN.messages[k as usize].id == kind),
        )
    };
    (1..=run.len()).filter(arrives).nth(nth - 1).unwrap_or_else(|| panic!("no {kind}\n{}", told.journal()))
}

/// When it did, in milliseconds.
#[track_caller]
fn millis(told: &Told, kind: &str) -> u64 {
    told.story.run.time(arrival(told, kind, 1)).micros / 1000
}

/// A copy of this name at a state of a run.
fn copy(told: &Told, state: u32, name: &str) -> Copied {
    let world = told.story.run.world(state);
    let params = &told.story.recipe.params;
    let mut out = Vec::new();
    (PATTERN.copies)(&Probe { world: &world, params, at_rest: false }, &mut out);
    *out.iter().find(|c| c.name.key == name).expect("a copy of this name")
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
fn textbook_two_services_are_asked_at_once_and_joined_in_memory() {
    let told = check(
        "textbook",
        "",
        &["page: client -> composer", "get: composer -> service-a", "answer: composer -> client"],
        &["trespass: composer -> database-a", "trespass: composer -> database-b"],
        "calls shown",
    );
    assert_eq!(count(&told, "get: composer"), 2);
    assert_eq!(count(&told, "select: service-a -> database-a"), 1);
    assert_eq!(count(&told, "select: service-b -> database-b"), 1);
}

#[test]
fn shop_three_services_make_one_page() {
    let told = check("shop", "", &["fragment: customers -> composer"], &[], "calls shown");
    assert_eq!(count(&told, "fragment: "), 3);
}

/// DBS-1: the page takes as long as the slowest answer, and no longer than the time-out.
#[test]
fn dbs_1_the_slowest_service_sets_the_pace_up_to_the_time_out() {
    let told = check(
        "slow-provider",
        "",
        &["composer: call-timeout", "partial-answer: composer -> client"],
        &["answer: composer -> client"],
        "calls shown-partly",
    );
    assert!(millis(&told, "partial-answer") < 100 + 3 * 12, "the time-out and two hops");
    let patient = "set call-timeout = 1000 ms";
    let told = check("slow-provider", patient, &["answer: composer -> client"], &[], "calls shown");
    assert!(millis(&told, "answer") > 300, "it waits for the slowest");
}

#[test]
fn dbs_1_one_after_another_adds_up_and_all_at_once_does_not() {
    let sum = check("one-after-another", "", &["answer: composer -> client"], &[], "calls shown");
    let max = check("one-after-another", "set calls = parallel", &[], &[], "calls shown");
    // Each answer is 50 ms late.
    let (sum, max) = (millis(&sum, "answer"), millis(&max, "answer"));
    assert!(sum > 3 * 50 + 3 * 16 && max < 50 + 6 * 12, "in turn {sum} ms, at once {max} ms");
}

#[test]
fn dbs_1_what_a_missing_answer_does_is_a_policy() {
    check(
        "provider-down-fail-all",
        "",
        &["shipping crashes", "no-page: composer -> client"],
        &["answer: composer -> client", "partial-answer: composer -> client"],
        "calls shown-nothing",
    );
    check(
        "provider-down-partial",
        "",
        &["shipping crashes"],
        &["no-page: composer -> client"],
        "calls shown-partly",
    );
    let told = check(
        "provider-down-cached",
        "",
        &["answer: composer -> client", "shipping crashes", "partial-answer: composer -> client"],
        &[],
        "calls shown calls shown-partly",
    );
    let page = told.story.run.events().iter().rev().find_map(|e| match e.what {
        What::Observed { args, .. } => Some(args),
        _ => None,
    });
    assert_eq!(page, Some([2, 0, 1]), "nothing is missing, one fragment is old");
    check(
        "passed-off",
        "",
        &["answer: composer -> client"],
        &["partial-answer: composer -> client"],
        "calls passed-off",
    );
}

#[test]
fn dbs_1_a_cache_that_is_behind_says_so_and_catches_up() {
    let changed = "do change-order 1 at client 50 ms after start";
    let told = tell("provider-down-cached", changed);
    let end = told.story.run.len();
    assert!(copy(&told, end, "copy.cache").behind > 0, "{}", told.journal());
    let again = "do change-order 1 at client 50 ms after start\ndo open-page 1 at client 600 ms after shipping crashes";
    let told = tell("provider-down-cached", again);
    let last = copy(&told, told.story.run.len(), "copy.cache");
    assert_eq!((last.behind, last.lost), (0, None), "{}", told.journal());
}

/// DBS-1: availability is the product of the providers', Π aᵢ, under all or nothing. A provider is
/// four messages, each lost with a chance of 50 in 1,000; client and composer exchange two more.
#[test]
fn dbs_1_availability_is_the_product() {
    let whole = |id: &str, runs: u64| {
        let more = "set loss = 50 per mille\nset patience = 0 ms\nset on-failure = fail-all";
        let mut recipe = story::shipped(&PATTERN, id, more).recipe;
        let mut shown = 0;
        for seed in 1..=runs {
            recipe.seed = seed;
            let run = converge::trace::Run::to_the_end(converge::trace::Stage::of(&recipe));
            let fact = |e: &&converge::kernel::TraceEvent| matches!(e.what, What::Observed { fact, .. } if PATTERN.facts[fact as usize].id == "shown");
            shown += u64::from(run.events().iter().find(fact).is_some());
        }
        shown
    };
    // 0.95¹⁰ = 0.599 and 0.95¹⁴ = 0.488; three standard deviations of 1,500 draws are 0.039.
    let (two, three) = (whole("textbook", 1500), whole("shop", 1500));
    assert!((840..=957).contains(&two), "two providers: {two} of 1,500");
    assert!((673..=790).contains(&three), "three providers: {three} of 1,500");
}

/// DBS-2: the history of Elle's G-single: one transaction, seen at one service and not at another.
#[test]
fn dbs_2_an_order_that_changes_between_two_calls_is_two_moments() {
    let told = check(
        "read-skew",
        "",
        &[
            "fragment: orders -> composer",
            "orders-db has written changed",
            "shipping-db has written copied",
            "fragment: shipping -> composer",
            "answer: composer -> client",
        ],
        &["partial-answer: composer -> client"],
        "changed calls shown mixed",
    );
    let mixed = told.story.run.events().iter().find_map(|e| match e.what {
        What::Observed { fact, args, .. } if PATTERN.facts[fact as usize].id == "mixed" => Some(args),
        _ => None,
    });
    assert_eq!(mixed, Some([1, 1, 2]), "order v1, parcel v2");
}

#[test]
fn dbs_2_versions_let_the_composer_look_again() {
    let told = check(
        "read-skew-reread",
        "",
        &["fragment: shipping -> composer", "composer: reread", "fragment: orders -> composer"],
        &[],
        "changed calls shown",
    );
    assert_eq!(count(&told, "get: composer -> orders"), 2);
    assert_eq!(count(&told, "get: composer -> shipping"), 1);
}

#[test]
fn dbs_2_without_a_change_no_page_is_mixed() {
    for seed in 1..=40 {
        let told = tell("shop", &format!("seed {seed}\nset orders = 3\nset order-gap = 30 ms"));
        assert_eq!(told.verdict("one-moment"), Expected::Holds, "seed {seed}");
    }
}

#[test]
fn dbs_3_the_shortcut_works_is_quick_and_trespasses() {
    let told = check(
        "shortcut",
        "",
        &["trespass: composer -> customers-db", "answer: composer -> client"],
        &["get: composer -> customers"],
        "trespassed trespassed trespassed calls shown",
    );
    let proper = tell("shop", "");
    let (short, proper) = (millis(&told, "answer"), millis(&proper, "answer"));
    assert!(
        short * 4 < proper * 3,
        "{short} ms, by the interface {proper} ms: which is why people take it"
    );
}

#[test]
fn dbs_3_the_owners_change_of_schema_breaks_the_shortcut_and_nothing_else() {
    check(
        "shortcut-schema-change",
        "",
        &[
            "answer: composer -> client",
            "customers-db has written schema",
            "no-column: customers-db -> composer",
            "no-page: composer -> client",
        ],
        &[],
        "trespassed trespassed trespassed calls shown trespassed trespassed trespassed calls shown-nothing",
    );
    // The other team's release ends it.
    let deployed = "do deploy at composer 50 ms after customers-db has written schema\n\
                    do migrate at orders 140 ms after start\ndo migrate at shipping 140 ms after start\n\
                    do open-page 1 at client 400 ms after start";
    let told = tell("shortcut-schema-change", deployed);
    assert_eq!(told.facts().last().map(String::as_str), Some("shown"), "{}", told.journal());
    check(
        "schema-change",
        "",
        &["customers-db has written schema", "answer: composer -> client"],
        &["no-page: composer -> client"],
        "calls shown calls shown",
    );
}

/// Wherever the change of schema comes, behind the interface nobody notices.
#[test]
fn dbs_3_a_question_under_way_survives_the_change_of_schema() {
    let mut overtaken = 0;
    for ms in 0..60 {
        let told = tell("shop", &format!("do migrate at customers {ms} ms after start"));
        assert_eq!(told.facts(), ["calls", "shown"], "{ms} ms\n{}", told.journal());
        overtaken += count(&told, "no-column: customers-db -> customers");
    }
    assert!(overtaken > 0, "some question was overtaken");
}

#[test]
fn dbs_4_without_a_foreign_key_a_reference_dangles() {
    let told = check(
        "dangling-reference",
        "",
        &["customers-db has written changed", "done: composer -> client"],
        &["customer-deleted: customers -> orders"],
        "calls shown deleted calls shown",
    );
    assert_eq!(told.verdict("references-resolve"), Expected::Broken);
    check(
        "soft-delete",
        "",
        &[],
        &["customer-deleted: customers -> orders"],
        "calls shown deleted calls shown",
    );
}

#[test]
fn dbs_4_an_event_cleans_up_after_a_while() {
    let told = check(
        "clean-up",
        "",
        &[
            "customers-db has written changed",
            "customer-deleted: customers -> orders",
            "orders-db has written copied",
            "heard: orders -> customers",
            "customers-db has written cleared",
        ],
        &[],
        "calls shown deleted calls shown",
    );
    let place = PATTERN.promises.iter().position(|p| p.id == "references-resolve").unwrap();
    let run = &told.story.run;
    let dangled = (0..run.len()).any(|s| matches!(run.verdicts(place).at(s), Some(Verdict::NotYet(_))));
    assert!(dangled, "for a moment the reference dangles");
}

#[test]
fn dbs_4_an_event_in_memory_is_lost_and_one_in_the_outbox_is_not() {
    check(
        "clean-up-lost",
        "",
        &["fact deleted 1", "customers crashes", "done: composer -> client", "customers restarts"],
        &["customer-deleted: customers -> orders"],
        "deleted",
    );
    check(
        "clean-up-outbox",
        "",
        &[
            "customers crashes",
            "done: composer -> client",
            "customers restarts",
            "outbox: customers-db -> customers",
            "customer-deleted: customers -> orders",
            "orders-db has written copied",
        ],
        &[],
        "deleted",
    );
}

/// With an outbox, no single crash loses the clean-up, wherever it comes.
#[test]
fn dbs_4_wherever_somebody_crashes_the_outbox_cleans_up() {
    let moments = [
        ("customers", "before customers handles delete from composer"),
        ("customers", "after customers sends write to customers-db"),
        ("customers", "after customers sends customer-deleted to orders"),
        ("customers", "before customers handles heard from orders"),
        ("customers-db", "before customers-db writes changed"),
        ("customers-db", "after customers-db writes changed"),
        ("customers-db", "after customers-db has written changed"),
        ("customers-db", "before customers-db writes cleared"),
        ("orders", "before orders handles customer-deleted from customers"),
        ("orders", "after orders sends apply to orders-db"),
        ("orders-db", "before orders-db writes copied"),
        ("orders-db", "after orders-db writes copied"),
        ("composer", "before composer handles done from customers"),
    ];
    for (node, moment) in moments {
        let more = format!("fault crash {node} {moment}\nfault restart {node} 40 ms after {node} crashes");
        let told = tell("clean-up", &more);
        let mut facts = told.facts();
        facts.sort();
        assert_eq!(facts.join(" "), "calls calls deleted shown shown", "{moment}\n{}", told.journal());
        assert_eq!(count(&told, &format!("{node} restarts")), 1, "{moment}");
        assert_eq!(told.verdict("references-resolve"), Expected::Holds, "{moment}\n{}", told.journal());
    }
}

#[test]
fn dbs_5_a_copied_name_is_old_for_a_while_and_then_right() {
    let told = check(
        "stale-name",
        "",
        &[
            "customers-db has written changed",
            "done: composer -> client",
            "answer: composer -> client",
            "orders-db has written copied",
        ],
        &["get: composer -> customers"],
        "calls shown renamed calls shown",
    );
    let second = arrival(&told, "answer", 2);
    assert_eq!(copy(&told, second, "copy.names").behind, 1, "the page shows the old name");
    assert_eq!(copy(&told, told.story.run.len(), "copy.names").behind, 0);
}

#[test]
fn dbs_5_a_copy_whose_event_is_lost_never_converges_and_says_why() {
    let more = "set publish = memory\nset patience = 0 ms\n\
                fault crash customers after customers sends done to composer\n\
                fault restart customers 50 ms after customers crashes";
    let mut recipe = story::shipped(&PATTERN, "stale-name", more).recipe;
    recipe.script.retain(|e| !matches!(e.action, converge::kernel::Action::Delay(_)));
    let story = converge::trace::Story::of(recipe);
    let world = story.run.world(story.run.len());
    let mut out = Vec::new();
    (PATTERN.copies)(&Probe { world: &world, params: &story.recipe.params, at_rest: true }, &mut out);
    let names = out.iter().find(|c| c.name.key == "copy.names").unwrap();
    assert_eq!((names.behind, names.lost.map(|l| l.key)), (1, Some("copy.event-lost")));
}

#[test]
fn dbs_6_n_plus_one_calls_and_a_batch_of_two() {
    for rows in [2, 4, 9] {
        let more = format!("set rows = {rows}");
        let told = check("n-plus-one", &more, &[], &["get-many: composer -> customers"], "calls shown");
        assert_eq!(count(&told, "get: composer -> customers"), rows);
        let told = check("batch", &more, &["answer: composer -> client"], &[], "calls shown");
        assert_eq!(count(&told, "get"), 2, "one for the list, one for the names");
    }
}

/// The parameters of real systems run the same stories.
#[test]
fn realistic_parameters_hold_the_same_promises() {
    let set = |name: &str, value: i64| {
        let param = PATTERN.all_params().find(|p| p.id == name).expect("a parameter");
        assert!(param.range.holds(value), "{name}");
        match param.range {
            converge::patterns::pattern::Range::Millis(..) => format!("set {name} = {value} ms\n"),
            _ => format!("set {name} = {value}\n"),
        }
    };
    let more: String = PATTERN.realistic.iter().map(|(name, value)| set(name, *value)).collect();
    for id in ["shop", "clean-up-outbox", "provider-down-partial"] {
        let told = tell(id, &more.replace("horizon = 300000 ms", "horizon = 300 s"));
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        assert_eq!(end, told.shipped.expects, "{id}\n{}", told.journal());
    }
}

/// In every world that messages in any order and one early time-out can lead to.
#[test]
fn whatever_the_order_of_messages() {
    let broken =
        |more, whole| said::broken_somewhere(&PATTERN, "textbook", more, Allowed::default(), whole);
    assert!(broken("", true).is_empty());
    assert_eq!(broken("set on-failure = fail-all", true), ["page-available"].into());
    assert_eq!(broken("set labels = no", true), ["honest-answers"].into());
    assert_eq!(broken("set access = shortcut", true), ["private-stores"].into());
    // A lost message can cost the page, as a client may give up sooner than the composer does, and
    // nothing else.
    let one_drop = Allowed { drops: 1, ..Allowed::default() };
    let found = said::broken_somewhere(&PATTERN, "textbook", "", one_drop, true);
    assert_eq!(found, ["page-available"].into());
}
