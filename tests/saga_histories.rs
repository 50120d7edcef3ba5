//! The sagas' engines against what is published of sagas: how many ways a saga can end (Garcia-Molina
//! and Salem), what a duplicate may change (nothing), which commands FTGO's CreateOrderSaga sends
//! (Richardson), what dtm's tests say of branches.

mod story;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use converge::kernel::{
    Act, Ctx, Description, Event, Fault, Fingerprint, Machine, Mood, MsgId, Network, NodeId, SimTime, Span,
    Step, Ticket, World,
};
use converge::parts::retry::{Jitter, RetryPolicy};
use converge::patterns::pattern::{Pattern, Role, System};
use converge::patterns::saga::SagaMachine;
use converge::patterns::saga::added::Added;
use converge::patterns::saga::definition::{Action, Definition};
use converge::patterns::saga::message::{Answer, Command, Directory, Msg};
use converge::patterns::saga::orchestrator::{Orchestrator, Settings};
use converge::patterns::{choreographed_saga, compensation, saga};

/// What really happened in a run, in order: facts by name, with the value that tells steps apart.
type History = Vec<String>;

fn history(pattern: &Pattern, world: &World, leave_out: &[&str]) -> History {
    let name = |o: &converge::kernel::Observation| {
        let id = pattern.facts[o.fact as usize].id;
        (!leave_out.contains(&id)).then(|| format!("{id} {}", o.args[1]))
    };
    world.ledger().iter().filter_map(name).collect()
}

/// A scenario with these lines in place of its own script.
fn start(pattern: &'static Pattern, id: &str, more: &str) -> World {
    let own = story::shipped(pattern, id, "").recipe.script.len();
    let mut recipe = story::shipped(pattern, id, more).recipe;
    recipe.script.drain(..own);
    recipe.start().1
}

/// Every world that a recipe reaches, in any order of its messages and writes, as long as no time-out
/// is needed; so many messages may come twice, each of them once more. The histories of those that are at rest.
fn ends(
    pattern: &'static Pattern,
    id: &str,
    more: &str,
    duplicates: usize,
    leave_out: &[&str],
) -> (BTreeSet<History>, usize) {
    let world = start(pattern, id, more);
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    // A world, and the messages that may still be doubled.
    let mut todo = VecDeque::from([(world, BTreeSet::<MsgId>::new(), duplicates)]);
    let mut worlds = 0;
    while let Some((world, may_double, left)) = todo.pop_front() {
        let in_flight: Vec<_> = world.in_flight().collect();
        // Messages have no identity in a world: what may be doubled is told by what it says.
        let mut open: Vec<_> = in_flight
            .iter()
            .filter(|m| may_double.contains(&m.msg))
            .map(|m| (m.from, m.to, m.kind, m.args))
            .collect();
        open.sort();
        if !seen.insert((world.fingerprint(), Fingerprint::of(&(open, left)))) {
            continue;
        }
        worlds += 1;
        assert!(worlds < 400_000, "{id}: too many worlds");
        let mut steps = Vec::new();
        world.enabled(&mut steps);
        steps.retain(|step| !matches!(step, Step::Do(Act::Fire(..))));
        if steps.is_empty() {
            found.insert(history(pattern, &world, leave_out));
        }
        if left > 0 {
            let doubled = in_flight.iter().filter(|m| may_double.contains(&m.msg));
            steps.extend(doubled.map(|m| Step::Fault(Fault::Duplicate(m.msg))));
        }
        let known: BTreeSet<_> = in_flight.iter().map(|m| m.msg).collect();
        for step in steps {
            let mut next = world.clone();
            next.apply(step, None).expect("an enabled step");
            let mut may_double = may_double.clone();
            let mut left = left;
            match step {
                Step::Fault(Fault::Duplicate(msg)) => {
                    may_double.remove(&msg);
                    left -= 1;
                }
                _ => may_double.extend(next.in_flight().map(|m| m.msg).filter(|m| !known.contains(m))),
            }
            todo.push_back((next, may_double, left));
        }
    }
    (found, worlds)
}

/// Every placement of refusals over some commands; the histories of all ends.
#[track_caller]
fn with_refusals(
    pattern: &'static Pattern,
    id: &str,
    more: &str,
    refusable: &[&str],
    leave_out: &[&str],
) -> BTreeSet<History> {
    let mut all = BTreeSet::new();
    for refused in 0..1u32 << refusable.len() {
        let faults: String = (0..refusable.len())
            .filter(|n| refused & 1 << n != 0)
            .map(|n| format!("fault refuse {}\n", refusable[n]))
            .collect();
        let (found, _) = ends(pattern, id, &format!("{more}\n{faults}"), 0, leave_out);
        assert_eq!(found.len(), 1, "a sequential saga ends in one way, whatever the order: {found:#?}");
        all.extend(found);
    }
    all
}

/// `T1 … Tn`, or `T1 … Tj` and `Cj … C1` for each j below n.
fn shapes(steps: &[(&str, &str)]) -> BTreeSet<History> {
    let mut all = BTreeSet::new();
    all.insert(steps.iter().map(|(done, _)| (*done).to_owned()).collect());
    for j in 0..steps.len() {
        let done = steps[..j].iter().map(|(done, _)| (*done).to_owned());
        let undone = steps[..j].iter().rev().map(|(_, undone)| (*undone).to_owned());
        all.insert(done.chain(undone).collect());
    }
    all
}

#[test]
fn a_saga_of_n_steps_has_n_plus_one_histories() {
    // The compensation's shop: one, two, three steps, each of which can be refused.
    let steps = [("done 3", "undone 3"), ("done 4", "undone 4"), ("done 5", "undone 5")];
    let refusable =
        ["do from orders to inventory", "do from orders to payment", "do from orders to shipping"];
    let leave_out = ["began", "completed", "compensated"];
    for n in 1..=3 {
        let more = format!("set steps = {n}");
        let found = with_refusals(&compensation::PATTERN, "shop", &more, &refusable[..n], &leave_out);
        assert_eq!(found, shapes(&steps[..n]));
        assert_eq!(found.len(), n + 1);
    }
    // The textbook's three commands to one service.
    let steps = [("done 0", "undone 0"), ("done 1", "undone 1"), ("done 2", "undone 2")];
    let refusable = ["a", "b", "c"].map(|c| format!("command-{c} from transactions to service"));
    let refusable = refusable.each_ref().map(String::as_str);
    let found = with_refusals(&compensation::PATTERN, "textbook", "", &refusable, &leave_out);
    assert_eq!(found, shapes(&steps));
}

#[test]
fn the_orchestrated_saga_has_one_history_for_each_step_that_can_be_refused_and_one_more() {
    let leave_out = ["started", "completed", "compensated"];
    // The textbook: B, then C.
    let found = with_refusals(
        &saga::PATTERN,
        "textbook-success",
        "",
        &["request from service-a to service-b", "request from service-a to service-c"],
        &leave_out,
    );
    assert_eq!(found, shapes(&[("done 4", "undone 4"), ("done 5", "undone 5")]));
    // The shop: what comes after the pivot cannot be refused, so that four steps have four histories.
    let found = with_refusals(
        &saga::PATTERN,
        "shop",
        "set ask-again = 0 ms",
        &[
            "reserve from orders to inventory",
            "charge from orders to payment",
            "ship from orders to shipping",
        ],
        &leave_out,
    );
    let mut wanted =
        shapes(&[("reserved 1", "released 1"), ("charged 120", "refunded 120"), ("shipped 1", "")]);
    wanted.remove(["reserved 1", "charged 120", "shipped 1"].map(str::to_owned).as_slice());
    wanted.insert(["reserved 1", "charged 120", "shipped 1", "notified 1"].map(str::to_owned).to_vec());
    assert_eq!(found, wanted);
}

/// In a choreography compensations come in any order, and there are too many worlds to reach them all:
/// the sets of effects are counted, over many timings.
#[test]
fn the_choreographed_saga_has_as_many_sets_of_effects() {
    let refusable = [
        "order-placed from broker to inventory",
        "item-reserved from broker to payment",
        "card-charged from broker to shipping",
    ];
    let mut all = BTreeSet::new();
    for refused in 0..=refusable.len() {
        let fault = refusable.get(refused).map_or(String::new(), |r| format!("fault refuse {r}"));
        for seed in 1..=60 {
            let more = format!("seed {seed}\nset ordered = no\nset latency-max = 60 ms\n{fault}");
            let mut world = start(&choreographed_saga::PATTERN, "shop", &more);
            while world.advance(None).is_ok() {}
            let leave_out = ["placed", "confirmed", "cancelled", "published"];
            let effects = history(&choreographed_saga::PATTERN, &world, &leave_out);
            all.insert(effects.into_iter().collect::<BTreeSet<_>>());
        }
    }
    assert_eq!(all.len(), 3 + 1, "{all:#?}");
}

/// Messages may come twice: what really happens stays the same, in every order.
#[test]
fn a_duplicate_of_each_message_changes_no_history() {
    // Whoever refuses a request refuses its copy too.
    let both = |set: &str, what: &str| format!("{set}\nfault refuse {what}\nfault refuse {what} #2");
    let all = usize::MAX;
    let forms: [(&'static Pattern, &str, &str, usize); 6] = [
        (&compensation::PATTERN, "shop", "set steps = 2", all),
        (&compensation::PATTERN, "shop", &both("set steps = 2", "do from orders to payment"), 3),
        (&compensation::PATTERN, "tcc", "set steps = 1", all),
        (&compensation::PATTERN, "tcc", &both("set steps = 1", "try from orders to inventory"), all),
        // Longer ones: any two of their messages, or three.
        (&compensation::PATTERN, "tcc", "set steps = 2", 2),
        (&saga::PATTERN, "textbook-success", &both("", "request from service-a to service-c"), 2),
    ];
    for (pattern, id, more, duplicates) in forms {
        let (once, few) = ends(pattern, id, more, 0, &[]);
        let (twice, many) = ends(pattern, id, more, duplicates, &[]);
        assert!(many > few, "{id}: duplicates make more worlds");
        assert_eq!(once, twice, "{}/{id} {more}", pattern.id);
    }
}

/// The same search finds what a duplicate does where nobody remembers anything.
#[test]
fn without_memory_a_duplicate_is_found() {
    let more = "set steps = 1\nset barrier = none";
    let (once, _) = ends(&compensation::PATTERN, "shop", more, 0, &[]);
    let (twice, _) = ends(&compensation::PATTERN, "shop", more, usize::MAX, &[]);
    assert!(once.is_subset(&twice) && twice.len() > once.len());
    assert!(twice.iter().any(|h| h.iter().filter(|f| *f == "done 3").count() == 2), "{twice:#?}");
}

/// FTGO's CreateOrderSaga in the shape of our definitions: the order is created with the saga, and its
/// undoing is RejectOrder; validation and authorisation have nothing to undo.
static CREATE_ORDER: Definition = Definition {
    steps: &[
        Action::WorkOfC,
        Action::Ship,
        Action::Reserve,
        Action::Notify,
        Action::Charge,
        Action::WorkOfB,
    ],
    pivot: 3,
    registered: false,
    reversal: false,
    own_first: Added(true),
};

/// What FTGO calls the commands.
fn ftgo(command: Command) -> &'static str {
    match command {
        Command::Undo(Action::WorkOfC) => "RejectOrder",
        Command::Do(Action::Ship) => "ValidateOrderByConsumer",
        Command::Do(Action::Reserve) => "CreateTicket",
        Command::Undo(Action::Reserve) => "CancelCreateTicket",
        Command::Do(Action::Notify) => "AuthorizeCommand",
        Command::Do(Action::Charge) => "ConfirmCreateTicket",
        Command::Do(Action::WorkOfB) => "ApproveOrder",
        _ => "no command of FTGO",
    }
}

/// Everybody whom FTGO's saga talks to: says yes to all but one command, and notes what it was asked.
#[derive(Clone)]
struct Everybody {
    fails: Option<&'static str>,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl PartialEq for Everybody {
    fn eq(&self, other: &Self) -> bool {
        self.fails == other.fails
    }
}
impl Eq for Everybody {}
impl std::hash::Hash for Everybody {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.fails.hash(state);
    }
}

impl Machine for Everybody {
    type Msg = Msg;
    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        if let Event::Message { from, msg: Msg::Command(about, command) } = event {
            self.asked.lock().expect("one thread").push(ftgo(*command));
            let fails = self.fails == Some(ftgo(*command));
            let answer = if fails { Answer::Refused } else { Answer::Done };
            ctx.send(from, Msg::Reply(*about, *command, answer));
        }
    }
    fn flush(&mut self, _: Ticket) {}
    fn on_crash(&mut self) {}
    fn mood(&self) -> Mood {
        Mood::Idle
    }
    fn describe(&self, _: &mut Description) {}
}

/// The commands that are sent when one is refused.
fn commands(definition: &'static Definition, fails: Option<&'static str>) -> Vec<&'static str> {
    let (orchestrator, everybody) = (NodeId(0), NodeId(1));
    let endless = RetryPolicy {
        attempts: None,
        base: Span::ms(40),
        factor: 2,
        cap: Span::ms(320),
        jitter: Jitter::None,
    };
    let settings = Settings {
        definition,
        directory: Directory {
            client: None,
            orchestrator,
            transactions: everybody,
            reversal: everybody,
            services: [everybody; 6],
        },
        timeout: Span::ms(80),
        limited: RetryPolicy { attempts: Some(3), ..endless },
        endless,
        resume: true,
        start_dedup: true,
        orders: 1,
        gap: Span::ms(20),
        undo_failed: Added(false),
    };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut system = System::new();
    system.node("orders", Role::Coordinator, SagaMachine::Orchestrator(Orchestrator::new(settings)));
    system.node("everybody", Role::Service, Everybody { fails, asked: asked.clone() });
    let network = Network {
        latency_min: 4_000,
        latency_max: 12_000,
        loss: 0,
        duplication: 0,
        fifo: true,
        disk_min: 1_000,
        disk_max: 3_000,
    };
    let horizon = SimTime::ZERO + Span::ms(10_000);
    let mut world = World::new(system.machines, 1, network, horizon, Arc::from([]));
    while world.advance(None).is_ok() {}
    let asked = asked.lock().expect("one thread");
    asked.clone()
}

/// CreateOrderSagaTest: shouldCreateOrder, shouldRejectOrderDueToConsumerVerificationFailed,
/// shouldRejectDueToFailedAuthorizxation.
#[test]
fn ftgo_s_create_order_saga_sends_these_commands() {
    let (validate, ticket, authorize) = ("ValidateOrderByConsumer", "CreateTicket", "AuthorizeCommand");
    assert_eq!(
        commands(&CREATE_ORDER, None),
        [validate, ticket, authorize, "ConfirmCreateTicket", "ApproveOrder"]
    );
    assert_eq!(commands(&CREATE_ORDER, Some(validate)), [validate, "RejectOrder"]);
    assert_eq!(
        commands(&CREATE_ORDER, Some(authorize)),
        [validate, ticket, authorize, "CancelCreateTicket", "RejectOrder"]
    );
}

/// dtm's test/saga_test.go: statuses of compensation and action, branch by branch. A branch whose
/// operation was never called stays `prepared`.
#[test]
fn dtm_s_saga_leaves_these_branch_statuses() {
    let statuses = |more: &str| {
        let told =
            story::tell(&saga::PATTERN, "textbook-success", &format!("set failed-step = undo\n{more}"));
        let moments = told.moments();
        let answers: BTreeMap<_, _> = ["service-b", "service-c"]
            .into_iter()
            .map(|node| {
                let seen = |kind: &str| moments.contains(&format!("{kind}: {node} -> service-a"));
                let action = match (seen("done"), seen("failed")) {
                    (true, _) => "succeed",
                    (_, true) => "failed",
                    _ => "prepared",
                };
                (node, [if seen("undone") { "succeed" } else { "prepared" }, action])
            })
            .collect();
        answers.into_values().flatten().collect::<Vec<_>>()
    };
    assert_eq!(statuses(""), ["prepared", "succeed", "prepared", "succeed"], "TestSagaNormal");
    let refuse = "fault refuse request from service-a to service-c";
    let rollback = ["succeed", "succeed", "succeed", "failed"];
    assert_eq!(statuses(refuse), rollback, "TestSagaRollback");
    let fail = format!("{refuse}\nfault fail undo from service-a to service-b");
    assert_eq!(statuses(&fail), rollback, "TestSagaFailed, after the retry");
    // Eventuate's family would have left the failed branch's compensation alone.
    let told = story::tell(&saga::PATTERN, "textbook-success", refuse);
    assert!(!told.moments().iter().any(|m| m == "undo: service-a -> service-c"), "{}", told.journal());
}
