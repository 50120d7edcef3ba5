//! Sagas that meet: what goes wrong for want of isolation, and each countermeasure.

mod story;

use converge::kernel::Mood;
use converge::patterns::saga::PATTERN;
use converge::scenario::Expected;
use story::Told;

#[track_caller]
fn check(id: &str, more: &str, in_order: &[&str], never: &[&str], facts: &str) -> Told {
    story::check(&PATTERN, id, more, in_order, never, facts)
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

const FIRST: &str = "create-begun credit-taken prepared approved";

/// SAGA-8, Richardson's example.
#[test]
fn saga_8_credit_that_may_have_to_be_taken_again_is_spent() {
    let told = check(
        "dirty-read",
        "",
        &[
            "give-credit: orders -> customers",
            "take-credit: orders -> customers",
            "already-left: shipping -> orders",
            "take-back: orders -> customers",
        ],
        &[],
        &format!(
            "{FIRST} cancel-begun credit-given create-begun credit-taken prepared credit-taken approved restored"
        ),
    );
    verdicts(&told, &[("credit-limit", Expected::Broken), ("all-or-compensated", Expected::Holds)]);
}

#[test]
fn saga_8_a_pessimistic_view_gives_nothing_away_before_the_pivot() {
    check(
        "dirty-read-pessimistic-view",
        "",
        &["already-left: shipping -> orders", "credit-refused: customers -> orders"],
        &["give-credit: orders -> customers", "take-back: orders -> customers"],
        &format!("{FIRST} cancel-begun create-begun restored rejected"),
    );
}

#[test]
fn saga_8_a_semantic_lock_refuses_or_makes_wait() {
    check(
        "dirty-read-locked",
        "",
        &["give-credit: orders -> customers", "locked: customers -> orders", "cancelled: orders -> client"],
        &[],
        &format!("{FIRST} cancel-begun create-begun credit-given rejected credit-taken restored"),
    );
    for id in ["dirty-read-waits", "dirty-read-by-value"] {
        check(
            id,
            "",
            &[
                "customers has written stash",
                "take-back: orders -> customers",
                "credit-refused: customers -> orders",
            ],
            &["locked: customers -> orders"],
            &format!("{FIRST} cancel-begun create-begun credit-given credit-taken restored rejected"),
        );
    }
    // Not worth a lock: the same damage as without one.
    let told = tell("dirty-read-by-value", "set by-value = 130");
    verdicts(&told, &[("credit-limit", Expected::Broken)]);
}

#[test]
fn an_approval_overwrites_a_cancellation() {
    let told = check(
        "lost-cancellation",
        "",
        &["cancelled: orders -> client", "confirmed: orders -> client"],
        &[],
        "create-begun credit-taken cancel-begun credit-given prepared called-off cancelled approved",
    );
    verdicts(&told, &[("no-lost-update", Expected::Broken)]);
}

#[test]
fn reread_the_cancellation_stands() {
    let told = check(
        "lost-cancellation-reread",
        "",
        &[
            "cancelled: orders -> client",
            "call-off: orders -> shipping",
            "give-credit: orders -> customers",
        ],
        &["confirmed: orders -> client"],
        "create-begun credit-taken cancel-begun credit-given prepared called-off cancelled",
    );
    assert_eq!(told.mood("client"), Mood::Compensated);
}

#[test]
fn locked_the_cancellation_has_to_come_again() {
    check(
        "lost-cancellation-locked",
        "",
        &["not-now: orders -> client", "confirmed: orders -> client"],
        &[],
        FIRST,
    );
    check(
        "lost-cancellation-locked",
        "do cancel-order 1 at client 300 ms after start",
        &["not-now: orders -> client", "confirmed: orders -> client", "cancelled: orders -> client"],
        &[],
        &format!("{FIRST} cancel-begun credit-given called-off cancelled"),
    );
    // With “wait” it is put aside and begun when the order is free.
    check(
        "lost-cancellation-locked",
        "set semantic-lock = wait",
        &["orders has written stash", "confirmed: orders -> client", "cancelled: orders -> client"],
        &["not-now: orders -> client"],
        &format!("{FIRST} cancel-begun credit-given called-off cancelled"),
    );
}

#[test]
fn a_value_written_back_as_a_whole_wipes_out_the_other() {
    let told = check(
        "lost-credit",
        "",
        &[
            "credit-read: customers -> orders",
            "credit-read: customers -> orders",
            "write-credit: orders -> customers",
        ],
        &[],
        "create-begun create-begun credit-taken credit-taken prepared prepared approved approved",
    );
    verdicts(&told, &[("no-lost-update", Expected::Broken), ("credit-limit", Expected::Broken)]);
}

#[test]
fn a_difference_or_a_version_keeps_both() {
    let facts = "create-begun create-begun credit-taken rejected prepared approved";
    for (id, never) in [
        ("lost-credit-commutative", "read-credit: orders -> customers"),
        ("lost-credit-reread", "take-credit: orders -> customers"),
    ] {
        let told = check(id, "", &["credit-refused: customers -> orders"], &[never], facts);
        verdicts(&told, &[("no-lost-update", Expected::Holds), ("credit-limit", Expected::Holds)]);
    }
}

#[test]
fn a_price_read_twice_is_two_prices_unless_it_is_kept_or_checked() {
    let before = "create-begun credit-taken price-changed";
    check("fuzzy-read", "", &[], &[], &format!("{before} prepared approved"));
    check("fuzzy-read-snapshot", "", &[], &[], &format!("{before} prepared approved"));
    check(
        "fuzzy-read-reread",
        "",
        &["give-credit: orders -> customers"],
        &["prepare: orders -> shipping"],
        &format!("{before} credit-given rejected"),
    );
    // While the order is locked, prices stay.
    let told = tell("fuzzy-read", "set semantic-lock = refuse");
    verdicts(&told, &[("one-price", Expected::Holds)]);
}

#[test]
fn saga_10_a_version_file_puts_things_in_their_order() {
    let told = tell("out-of-order", "");
    verdicts(&told, &[("all-or-compensated", Expected::Broken)]);
    check(
        "out-of-order-version-file",
        "",
        &[
            "call-off: orders -> shipping",
            "prepare: orders -> shipping",
            "not-prepared: shipping -> orders",
        ],
        &["confirmed: orders -> client"],
        "create-begun credit-taken cancel-begun credit-given cancelled",
    );
}

/// Orders and cancellations at any time, messages lost, doubled and out of order.
#[test]
fn locked_or_reread_with_a_version_file_sagas_keep_every_promise() {
    for seed in 1..=40 {
        let more = format!(
            "seed {seed}\nset loss = 100 per mille\nset duplication = 100 per mille\nset ordered = no\n\
             set latency-max = 60 ms\nset horizon = 60000 ms\ndo place-order 2 at client {} ms after start\n\
             do cancel-order 2 at client {} ms after start\ndo cancel-order 1 at client {} ms after start",
            seed % 7 * 9,
            60 + seed * 5,
            40 + seed * 8
        );
        for form in [
            "set semantic-lock = wait",
            "set semantic-lock = refuse",
            "set semantic-lock = wait\nset commutative = no",
            "set reread = yes\nset version-file = yes\nset view = pessimistic",
        ] {
            let told = tell("lost-credit-commutative", &format!("{more}\n{form}"));
            for promise in PATTERN.promises {
                verdicts(&told, &[(promise.id, Expected::Holds)]);
            }
        }
    }
}

#[test]
fn wherever_somebody_crashes_the_meeting_ends_well() {
    for (node, record) in [
        ("orders", "begin-create"),
        ("orders", "begin-cancel"),
        ("orders", "saga-next"),
        ("orders", "saga-next #3"),
        ("orders", "saga-back"),
        ("orders", "approve"),
        ("customers", "credit"),
        ("customers", "credit #2"),
        ("customers", "stash"),
        ("shipping", "delivery"),
    ] {
        for moment in ["before {} writes", "after {} writes", "after {} has written"] {
            let more = format!(
                "fault crash {node} {} {record}\nfault restart {node} 50 ms after {node} crashes",
                moment.replace("{}", node)
            );
            let told = tell("dirty-read-waits", &more);
            for promise in PATTERN.promises {
                verdicts(&told, &[(promise.id, Expected::Holds)]);
            }
        }
    }
}
