//! Two-phase commit, as stories: what each failure does, and what it does not.

use converge::kernel::{Halt, Mark, Mood, NodeId, TraceEvent, What};
use converge::patterns::pattern::Verdict;
use converge::patterns::two_phase_commit::{Node, PATTERN, Participant, kind, record};
use converge::scenario::{Expected, Shipped, text};
use converge::texts::Lang;
use converge::trace::run::{Run, Stage};
use converge::trace::speak::Speaker;

fn shipped(id: &str) -> Shipped {
    Shipped::of(&PATTERN, id).expect("a scenario of this name")
}

/// A recipe of these lines.
fn read(lines: &str) -> Shipped {
    let text = format!("converge 1\npattern two-phase-commit\n{lines}");
    text::parse_shipped(&[&PATTERN], &text).unwrap_or_else(|error| panic!("{}", error.text(Lang::En)))
}

/// A shipped scenario with more lines.
fn with(id: &str, lines: &str) -> Run {
    let recipe = PATTERN.scenarios.iter().find(|s| s.id == id).unwrap().recipe;
    let more = text::parse_shipped(&[&PATTERN], &format!("{recipe}\n{lines}"));
    run(&more.unwrap_or_else(|error| panic!("{}", error.text(Lang::En))))
}

fn run(shipped: &Shipped) -> Run {
    Run::to_the_end(Stage::of(&shipped.recipe))
}

/// A run, read like a story: who did what, in order, without times.
struct Story {
    run: Run,
}

impl Story {
    fn of(id: &str) -> Self {
        Self { run: run(&shipped(id)) }
    }

    fn node(&self, id: &str) -> NodeId {
        let place = self.run.stage.nodes.iter().position(|n| n.id == id);
        NodeId(place.unwrap_or_else(|| panic!("no node {id}")) as u8)
    }

    /// The first state after an event.
    fn after(&self, wanted: impl Fn(&What) -> bool) -> u32 {
        let place = self.run.events().iter().position(|e| wanted(&e.what)).expect("it happens");
        self.run.state_of_event(place as u32)
    }

    fn count(&self, wanted: impl Fn(&What) -> bool) -> usize {
        self.run.events().iter().filter(|e| wanted(&e.what)).count()
    }

    fn moods(&self, state: u32) -> Vec<(&'static str, Mood)> {
        let nodes = self.run.stage.nodes.iter().enumerate();
        nodes.map(|(i, n)| (n.id, self.run.moods(NodeId(i as u8)).at(state).unwrap())).collect()
    }

    /// Participants with a locked row, at a state.
    fn locked(&self, state: u32) -> Vec<&'static str> {
        let world = self.run.world(state);
        let nodes = self.run.stage.nodes.iter().enumerate();
        nodes
            .filter(|(i, _)| {
                let holds = world.describe(NodeId(*i as u8));
                holds.sections.iter().flat_map(|s| &s.rows).any(|row| row.mark == Mark::Locked)
            })
            .map(|(_, n)| n.id)
            .collect()
    }

    /// What the tables say at the end: participants that have applied tx-1.
    fn applied(&self) -> Vec<&'static str> {
        let world = self.run.world(u32::MAX);
        let nodes = self.run.stage.nodes.iter().enumerate();
        nodes
            .filter(|(i, _)| match world.machine::<Node>(NodeId(*i as u8)) {
                Some(Node::Participant(p)) => p.has_committed(1),
                _ => false,
            })
            .map(|(_, n)| n.id)
            .collect()
    }

    fn told_customer(&self) -> Option<bool> {
        self.run.events().iter().find_map(|e| match e.what {
            What::Delivered { kind: kind::ORDER_CONFIRMED, .. } => Some(true),
            What::Delivered { kind: kind::ORDER_REFUSED, .. } => Some(false),
            _ => None,
        })
    }
}

const ALL: [&str; 3] = ["payment", "inventory", "shipping"];

/// How a run ends: who has applied the order, what the customer was told, who holds locks.
#[track_caller]
fn check(story: &Story, applied: &[&str], told: Option<bool>, locked: &[&str]) {
    assert_eq!(story.applied(), applied, "applied");
    assert_eq!(story.told_customer(), told, "told");
    assert_eq!(story.locked(u32::MAX), locked, "locked");
}

/// A participant in doubt at a state, with its locks.
#[track_caller]
fn check_in_doubt(story: &Story, state: u32, who: &[&str]) {
    let moods = story.moods(state);
    let in_doubt: Vec<&str> =
        moods.iter().filter(|(_, m)| *m == Mood::InDoubt).map(|(id, _)| *id).collect();
    assert_eq!(in_doubt, who, "in doubt");
    assert_eq!(story.locked(state), who, "locks of those in doubt");
}

/// Messages and local steps in the order in which they were sent.
fn sent(run: &Run, lang: Lang) -> Vec<String> {
    let speaker = Speaker::new(lang, &PATTERN, &run.stage.nodes);
    let line = |event: &TraceEvent| match event.what {
        What::Sent { from, to, kind, args, .. } => {
            let message = speaker.message(kind, args, from, to);
            Some(format!("{} → {}: {message}", speaker.node(from), speaker.node(to)))
        }
        What::Local { node, kind, args } => {
            Some(format!("{0} → {0}: {1}", speaker.node(node), speaker.message(kind, args, node, node)))
        }
        _ => None,
    };
    run.events().iter().filter_map(line).collect()
}

/// The textbook's flow, from the same file that tells what every engine must do.
fn flow(lang: &str) -> Vec<String> {
    let file: serde_json::Value = serde_json::from_str(include_str!("flows.json")).unwrap();
    let flows = file["flows"].as_array().unwrap();
    let flow = flows.iter().find(|f| f["id"] == "two-phase-commit").unwrap();
    let name = |id: &serde_json::Value| {
        let participants = flow["participants"].as_array().unwrap();
        participants.iter().find(|p| p["id"] == *id).unwrap()[lang].as_str().unwrap()
    };
    let messages = flow["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|m| format!("{} → {}: {}", name(&m["from"]), name(&m["to"]), m[lang].as_str().unwrap()))
        .collect()
}

#[test]
fn the_textbook_message_by_message() {
    let run = run(&shipped("textbook"));
    assert_eq!(sent(&run, Lang::PtBr), flow("pt"));
    assert_eq!(sent(&run, Lang::En), flow("en"));
    assert_eq!(run.halt(), Some(Halt::Quiet));
}

#[test]
fn every_scenario_ends_as_it_says_and_is_short() {
    for scenario in PATTERN.scenarios {
        let shipped = shipped(scenario.id);
        let run = run(&shipped);
        for (i, promise) in PATTERN.promises.iter().enumerate() {
            let found = match run.verdicts(i).at(run.len()).unwrap() {
                Verdict::Holds => Expected::Holds,
                Verdict::NotYet(_) => Expected::NotYet,
                Verdict::Broken(_) => Expected::Broken,
            };
            let expected = shipped.expects.iter().find(|(place, _)| *place == i).map(|(_, e)| *e);
            assert_eq!(Some(found), expected, "{}: {}, after {} steps", scenario.id, promise.id, run.len());
        }
        let steps = run.len();
        assert!((15..=80).contains(&steps), "{}: {steps} steps are too many (or few) to read", scenario.id);
        assert!((2..=5).contains(&shipped.offers.len()), "{}: offers", scenario.id);
    }
}

/// Every offer, on and alone, still keeps what the pattern promises (but where the scenario's
/// settings break it), and every one of them does something.
#[test]
fn every_offer_bites() {
    for scenario in PATTERN.scenarios {
        let shipped = shipped(scenario.id);
        let before = run(&shipped);
        for (i, offer) in shipped.offers.iter().enumerate() {
            let mut recipe = shipped.recipe.clone();
            recipe.script.push(*offer);
            let after = Run::to_the_end(Stage::of(&recipe));
            let matched = after.world(u32::MAX).matched(recipe.script.len() - 1);
            let restarts = matches!(offer.action, converge::kernel::Action::Restart(_));
            let same = after.common_prefix(&before) == before.len() && after.len() == before.len();
            // A restart may wait for the crash that is offered beside it.
            assert!(restarts || matched > 0, "{}: offer {i} never has its turn", scenario.id);
            assert!(restarts || !same, "{}: offer {i} changes nothing", scenario.id);
        }
    }
}

#[test]
fn an_order_in_the_shop_commits_everywhere() {
    let story = Story::of("shop");
    check(&story, &ALL, Some(true), &[]);
    let voted = story.after(|w| matches!(w, What::Writing { record: record::COMMIT, .. }));
    check_in_doubt(&story, voted, &ALL);
}

#[test]
fn one_no_aborts_everybody() {
    let story = Story::of("vote-no");
    check(&story, &[], Some(false), &[]);
    assert_eq!(story.count(|w| matches!(w, What::Written { record: record::COMMIT, .. })), 0);
    assert_eq!(story.run.world(u32::MAX).ledger().len(), 0);
}

#[test]
fn a_lost_yes_ends_in_abort_by_time_out() {
    let story = Story::of("lost-vote");
    check(&story, &[], Some(false), &[]);
    let time_out = story.after(|w| matches!(w, What::Fired { timer, .. } if timer.kind == 0));
    check_in_doubt(&story, time_out - 1, &ALL);
}

#[test]
fn a_crash_before_the_decision_blocks_and_then_aborts() {
    let story = Story::of("coordinator-crash-before-decision");
    let crash = story.after(|w| matches!(w, What::Crashed { .. }));
    check_in_doubt(&story, crash, &ALL);
    let back = story.after(|w| matches!(w, What::Restarted { .. }));
    check_in_doubt(&story, back - 1, &ALL);
    check(&story, &[], Some(false), &[]);
}

#[test]
fn a_crash_after_the_decision_blocks_alike_and_then_commits() {
    let story = Story::of("coordinator-crash-after-decision");
    let crash = story.after(|w| matches!(w, What::Crashed { .. }));
    check_in_doubt(&story, crash, &ALL);
    let back = story.after(|w| matches!(w, What::Restarted { .. }));
    check_in_doubt(&story, back - 1, &ALL);
    check(&story, &ALL, Some(true), &[]);
}

#[test]
fn a_crash_between_two_commits_leaves_one_ahead_until_the_log_is_read() {
    let story = Story::of("crash-between-commits");
    let back = story.after(|w| matches!(w, What::Restarted { .. }));
    check_in_doubt(&story, back - 1, &["inventory", "shipping"]);
    assert_eq!(story.run.world(back - 1).ledger().len(), 1, "the money has moved already");
    check(&story, &ALL, Some(true), &[]);
}

#[test]
fn without_the_one_who_knows_the_others_block() {
    let story = Story::of("blocked");
    assert_eq!(story.run.halt(), Some(Halt::Horizon));
    check_in_doubt(&story, u32::MAX, &["inventory", "shipping"]);
    check(&story, &["payment"], None, &["inventory", "shipping"]);

    let returned = with(
        "blocked",
        "fault restart coordinator 1000 ms after coordinator crashes\nfault restart payment 1200 ms after coordinator crashes",
    );
    check(&Story { run: returned }, &ALL, Some(true), &[]);
}

#[test]
fn a_participant_that_crashed_after_its_yes_locks_again_and_asks() {
    let story = Story::of("participant-crash");
    let back = story.after(|w| matches!(w, What::Restarted { .. }));
    assert!(story.locked(back).contains(&"inventory"), "locked again");
    assert_eq!(story.count(|w| matches!(w, What::Sent { kind: kind::INQUIRY, from, .. } if *from == story.node("inventory"))), 1);
    check(&story, &ALL, Some(true), &[]);
}

#[test]
fn a_participant_that_crashed_before_its_yes_is_told_to_abort() {
    let run = with(
        "shop",
        "fault crash inventory after inventory writes prepared\nfault restart inventory 300 ms after inventory crashes",
    );
    check(&Story { run }, &[], Some(false), &[]);
}

#[test]
fn an_outcome_on_disk_is_redone_and_enters_the_ledger_once() {
    let run = with(
        "shop",
        "fault crash inventory after inventory writes commit\nfault restart inventory 300 ms after inventory crashes",
    );
    let story = Story { run };
    check(&story, &ALL, Some(true), &[]);
    assert_eq!(story.run.world(u32::MAX).ledger().len(), 3);
}

#[test]
fn a_lost_confirmation_and_a_copied_commit_apply_once() {
    let story = Story::of("lost-ack");
    check(&story, &ALL, Some(true), &[]);
    assert_eq!(story.run.world(u32::MAX).ledger().len(), 3);
    assert_eq!(story.count(|w| matches!(w, What::Written { record: record::COMMIT, .. })), 4);
}

#[test]
fn a_vote_before_the_write_loses_an_order_for_good() {
    let story = Story::of("vote-before-write");
    check(&story, &["payment", "shipping"], Some(true), &[]);
}

#[test]
fn a_careless_standby_aborts_what_is_committed() {
    let story = Story::of("careless-backup");
    check(&story, &["payment"], Some(true), &[]);
    assert!(
        story.count(
            |w| matches!(w, What::Sent { kind: kind::ABORT, from, .. } if *from == story.node("backup"))
        ) > 0
    );
}

#[test]
fn a_participant_that_decides_by_itself_is_wrong_either_way() {
    check(&Story::of("impatient-participant"), &["payment"], Some(true), &[]);
    let text = "set participants = 3\nset in-doubt = commit-alone\nset horizon = 3000 ms\nfault refuse prepare from coordinator to payment\nfault drop abort from coordinator to inventory";
    let run = run(&read(text));
    assert!(run.broken_at(0).is_some(), "agreement");
    assert!(run.broken_at(1).is_some(), "the vote against it");
}

#[test]
fn a_disk_that_refuses() {
    let refused = |lines: &str| Story { run: with("shop", lines) };
    check(&refused("fault refuse write prepared at inventory"), &[], Some(false), &[]);
    check(&refused("fault refuse write commit at inventory"), &ALL, Some(true), &[]);
    check(&refused("fault refuse write commit at coordinator"), &[], Some(false), &[]);
    check(&refused("fault refuse write end at coordinator"), &ALL, Some(true), &[]);
    check(
        &refused("fault refuse prepare from coordinator to payment\nfault refuse write abort at inventory"),
        &[],
        Some(false),
        &[],
    );
}

#[test]
fn a_person_orders_more_until_the_money_is_gone() {
    let mut lines = String::new();
    for i in 1..=4 {
        lines.push_str(&format!("do place-order at client {} ms after start\n", i * 100));
    }
    let story = Story { run: with("shop", &lines) };
    assert_eq!(story.count(|w| matches!(w, What::Delivered { kind: kind::ORDER_CONFIRMED, .. })), 3);
    assert_eq!(story.count(|w| matches!(w, What::Delivered { kind: kind::ORDER_REFUSED, .. })), 2);
}

fn participant(run: &Run, id: &str) -> Participant {
    let place = run.stage.nodes.iter().position(|n| n.id == id).expect("a node");
    match run.world(u32::MAX).machine::<Node>(NodeId(place as u8)) {
        Some(Node::Participant(p)) => p.clone(),
        _ => panic!("{id} is no participant"),
    }
}

/// 2PC-5 with cooperative termination: the coordinator is not needed.
#[test]
fn who_is_in_doubt_learns_from_who_knows() {
    let story = Story::of("ask-peers");
    assert_eq!(story.count(|w| matches!(w, What::Restarted { .. })), 0);
    check(&story, &ALL, None, &[]);
    // Without asking the same faults block.
    let waits = "seed 7\nset participants = 3\nset horizon = 1500 ms\n\
        fault crash coordinator after coordinator sends commit to payment";
    check(&Story { run: run(&read(waits)) }, &["payment"], None, &["inventory", "shipping"]);
}

#[test]
fn who_has_not_voted_gives_up_for_all() {
    let story = Story::of("ask-peers-unvoted");
    check(&story, &[], None, &[]);
    let shipping = story.node("shipping");
    let gives_up = story
        .after(|w| matches!(w, What::Written { node, record: record::ABORT, .. } if *node == shipping));
    let answers =
        story.after(|w| matches!(w, What::Sent { from, kind: kind::ABORT, .. } if *from == shipping));
    assert!(gives_up <= answers, "on disk before it is said");
    // A prepare that comes late finds it given up.
    let late = "set in-doubt = ask-peers\nset participants = 3\nset horizon = 3000 ms\nset vote-timeout = 2000 ms\n\
        fault delay prepare from coordinator to shipping by 400 ms";
    let run = run(&read(late));
    let story = Story { run };
    check(&story, &[], Some(false), &[]);
    assert_eq!(
        story.count(
            |w| matches!(w, What::Sent { from, kind: kind::NO, .. } if *from == story.node("shipping"))
        ),
        1
    );
}

/// 2PC-6: asking helps nobody when all who answer are in doubt.
#[test]
fn who_is_in_doubt_among_those_in_doubt_blocks() {
    let story = Story::of("ask-peers-blocked");
    assert_eq!(story.run.halt(), Some(Halt::Horizon));
    check(&story, &["payment"], None, &["inventory", "shipping"]);
    assert!(story.count(|w| matches!(w, What::Delivered { kind: kind::IN_DOUBT, .. })) >= 4);
    let returned = with("ask-peers-blocked", "fault restart payment 600 ms after coordinator crashes");
    check(&Story { run: returned }, &ALL, None, &[]);
}

/// The order of two lines: passed on before it is followed, or after.
#[test]
fn a_decision_is_passed_on_before_it_is_followed() {
    check(&Story::of("forward-first"), &ALL, None, &[]);
    check(&Story::of("forward-last"), &["payment"], None, &[]);
    // When nobody was told, silence means abort, and nobody blocks.
    let nobody = with("forward-first", "fault drop commit from coordinator to payment");
    check(&Story { run: nobody }, &[], None, &[]);
}

/// 2PC-11.
#[test]
fn an_operator_guesses() {
    let lucky = Story::of("operator-lucky");
    check(&lucky, &[], Some(false), &[]);
    assert!(!participant(&lucky.run, "inventory").is_flagged(1), "the guess was right");

    let mixed = Story::of("operator-mixed");
    check(&mixed, &["payment", "shipping"], None, &[]);
    assert!(participant(&mixed.run, "inventory").is_flagged(1));
    assert_eq!(mixed.count(|w| matches!(w, What::Delivered { kind: kind::ORDER_MIXED, .. })), 1);
    let world = mixed.run.world(u32::MAX);
    let Some(Node::Coordinator(c)) = world.machine::<Node>(NodeId(1)) else { panic!("no coordinator") };
    assert_eq!(c.mixed().collect::<Vec<_>>(), [1], "on the list for repair");

    let accepted = Story::of("operator-mixed-accepted");
    check(&accepted, &["payment", "shipping"], Some(true), &[]);
    assert!(!participant(&accepted.run, "inventory").is_flagged(1), "nobody looks");
}

/// The guess and the flag are on disk: a crash after either loses nothing.
#[test]
fn what_an_operator_decided_survives_a_crash() {
    for at in [
        "after inventory writes heuristic-abort",
        "after inventory writes mixed",
        "after inventory sends mixed to coordinator",
    ] {
        let lines =
            format!("fault crash inventory {at}\nfault restart inventory 900 ms after coordinator crashes");
        let run = with("operator-mixed", &lines);
        assert!(participant(&run, "inventory").is_flagged(1), "{at}");
        check(&Story { run }, &["payment", "shipping"], None, &[]);
    }
    // Wrong the other way: forced to commit, and the decision was abort.
    let run = with("operator-lucky", "do force-commit at shipping 220 ms after coordinator crashes");
    assert!(participant(&run, "shipping").is_flagged(1));
    check(&Story { run }, &["shipping"], Some(false), &[]);
    // Only who is in doubt can be forced.
    let run = with(
        "shop",
        "do force-abort at payment 500 ms after start\ndo force-commit at payment 600 ms after start",
    );
    check(&Story { run }, &ALL, Some(true), &[]);
}

/// Who waits for whom, at a state, as the participants show it.
fn waits(run: &Run, state: u32) -> Vec<(&'static str, String)> {
    let world = run.world(state);
    let speaker = Speaker::new(Lang::En, &PATTERN, &run.stage.nodes);
    let mut found = Vec::new();
    for (i, node) in run.stage.nodes.iter().enumerate() {
        let holds = world.describe(NodeId(i as u8));
        for section in holds.sections.iter().filter(|s| s.title.key == "section.waits") {
            found.extend(section.rows.iter().map(|row| (node.id, speaker.cell(&row.cells[0]))));
        }
    }
    found
}

/// 2PC-12.
#[test]
fn a_second_order_on_the_same_rows_waits() {
    let story = Story::of("lock-wait");
    let held = story.after(|w| matches!(w, What::Delivered { to, kind: kind::YES, from, .. } if to.0 == 1 && *from == story.node("payment")));
    let all = ALL.map(|id| (id, "tx-2 waits for tx-1".to_owned()));
    assert_eq!(waits(&story.run, held - 1), all);
    let confirmed = story.count(|w| matches!(w, What::Delivered { kind: kind::ORDER_CONFIRMED, .. }));
    assert_eq!(confirmed, 2, "one after the other");

    let crash = Story::of("lock-wait-crash");
    let back = crash.after(|w| matches!(w, What::Restarted { .. }));
    assert_eq!(waits(&crash.run, back - 1), all, "all the while");
    check(&crash, &ALL, Some(true), &[]);

    let deadlock = Story::of("deadlock");
    let time_out = deadlock.after(|w| matches!(w, What::Fired { timer, .. } if timer.kind == 0));
    let circle = [
        ("payment", "tx-2 waits for tx-1"),
        ("inventory", "tx-1 waits for tx-2"),
        ("shipping", "tx-2 waits for tx-1"),
    ];
    assert_eq!(waits(&deadlock.run, time_out - 1), circle.map(|(id, w)| (id, w.to_owned())));
    check(&deadlock, &[], Some(false), &[]);
}

/// Promises hold in a bad network with crashes, whatever the seed: the protocol, not the luck.
#[test]
fn lossy_networks_and_crashes_never_break_a_promise() {
    let text = "set participants = 4\nset orders = 6\nset loss = 120 per mille\nset duplication = 120 per mille\nset ordered = no\nset horizon = 60000 ms\n\
        fault crash coordinator after coordinator writes commit #2\nfault restart coordinator 300 ms after coordinator crashes\n\
        fault crash inventory after inventory sends yes to coordinator #3\nfault restart inventory 250 ms after inventory crashes\n\
        fault crash coordinator after coordinator sends commit to shipping #3\nfault restart coordinator 300 ms after coordinator crashes #2";
    let mut read = read(text);
    for (parallel, in_doubt, customers) in [(0, 0, 1), (1, 0, 1), (1, 3, 1), (1, 3, 2)] {
        for (id, value) in [("prepare", parallel), ("in-doubt", in_doubt), ("customers", customers)] {
            read.recipe.set_param(PATTERN.all_params().position(|p| p.id == id).unwrap(), value);
        }
        for seed in 1..=150 {
            read.recipe.seed = seed;
            let run = run(&read);
            assert_eq!(run.halt(), Some(Halt::Quiet), "seed {seed}");
            for (i, promise) in PATTERN.promises.iter().enumerate() {
                let end = run.verdicts(i).at(run.len());
                assert_eq!(end, Some(Verdict::Holds), "seed {seed}, {}", promise.id);
                assert_eq!(run.broken_at(i), None, "seed {seed}, {}", promise.id);
            }
        }
    }
}

#[test]
fn five_thousand_orders_stay_quick_and_small() {
    let text = "set participants = 2\nset orders = 5000\nset order-gap = 1 ms\nset horizon = 86400000 ms";
    let run = run(&read(text));
    assert_eq!(run.halt(), Some(Halt::Quiet));
    assert!((80_000..=120_000).contains(&run.len()), "{} steps", run.len());
    let world = run.world(u32::MAX);
    assert_eq!(world.ledger().len(), 10_000);
    let Some(Node::Coordinator(c)) = world.machine::<Node>(NodeId(1)) else { panic!("no coordinator") };
    assert_eq!((c.committed(), c.in_memory()), (5000, 0));
    for (i, promise) in PATTERN.promises.iter().enumerate() {
        assert_eq!(run.verdicts(i).at(run.len()), Some(Verdict::Holds), "{}", promise.id);
    }
}

/// Everything that a pattern can name has a text in both languages, and none is left over.
#[test]
fn every_label_that_is_shown_has_a_text() {
    for lang in Lang::ALL {
        for scenario in PATTERN.scenarios {
            let run = run(&shipped(scenario.id));
            let speaker = Speaker::new(lang, &PATTERN, &run.stage.nodes);
            let mut said = vec![];
            for state in 0..=run.len() {
                let world = run.world(state);
                for i in 0..world.nodes() {
                    let holds = world.describe(NodeId(i as u8));
                    said.extend(holds.status.iter().map(|l| (l.key, speaker.label(l))));
                    for section in &holds.sections {
                        said.push((section.title.key, speaker.label(&section.title)));
                        for cell in section.rows.iter().flat_map(|row| &row.cells) {
                            if let converge::kernel::Cell::Text(l) = cell {
                                said.push((l.key, speaker.label(l)));
                            }
                        }
                    }
                }
            }
            for i in 0..PATTERN.promises.len() {
                for (_, verdict) in run.verdicts(i).changes() {
                    if let Verdict::NotYet(l) | Verdict::Broken(l) = verdict {
                        said.push((l.key, speaker.label(l)));
                    }
                }
            }
            for event in run.events() {
                said.push(("event", speaker.sentence(event)));
            }
            for (key, text) in said {
                assert!(text != key && !text.contains('{') && !text.is_empty(), "{lang:?} {key}: {text}");
            }
        }
    }
}
