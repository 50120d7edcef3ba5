//! Two-phase commit held against Babaoğlu and Toueg's atomic commitment: who blocks, who does not, and
//! what the order of two lines is worth.
//!
//! The models are in [`model`], and their published numbers hold it to the originals. The engine is not
//! the same machine: its failure detection is its timers, it aborts at the first no, a participant that
//! was never asked knows nothing that it could abort. So it is compared in *situations*
//! (`two_phase_commit::abstractions`, `acp`): who lives, who has voted what, who of them has committed or
//! aborted, whether the coordinator has committed. In these, with up to two participants and any crashes
//! for good, engine and model reach the same, all and no other, and the same of them are blocked.

#[path = "acp/model.rs"]
mod model;

use std::collections::BTreeSet;

use converge::checker::{Allowed, Search};
use converge::kernel::{Action, NodeId, SimTime, TraceEvent, TraceSink, What};
use converge::patterns::two_phase_commit::{PATTERN, kind, record};
use converge::scenario::Recipe;
use converge::scenario::recipe::Shipped;

use model::{ABORT, Broadcast, COMMIT, Space, State, space};

/// A model's published numbers: distinct states, generated ones, levels.
#[track_caller]
fn check(n: usize, broadcast: Broadcast, distinct: usize, generated: usize, depth: u32) -> Space {
    let space = space(n, broadcast);
    let levels = space.states.values().max().map_or(0, |depth| depth + 1);
    assert_eq!((space.states.len(), space.generated, levels), (distinct, generated, depth));
    for state in space.states.keys() {
        assert!(state.agrees(n), "AC1: {state:?}");
        assert!(state.respects_votes(n), "AC2: {state:?}");
        assert!(state.aborts_for_a_reason(n), "AC3: {state:?}");
    }
    space
}

/// Quiescent states, and those of them in which somebody lives and waits.
fn rest(space: &Space, n: usize) -> (usize, usize) {
    (space.quiescent.len(), space.quiescent.iter().filter(|s| s.waits(n)).count())
}

#[test]
fn with_a_simple_broadcast_the_model_blocks() {
    assert_eq!(rest(&check(1, Broadcast::Simple, 80, 146, 9), 1), (41, 3));
    assert_eq!(rest(&check(2, Broadcast::Simple, 1_832, 5_212, 15), 2), (689, 93));
    check(3, Broadcast::Simple, 54_944, 218_352, 21);
}

#[test]
fn with_a_reliable_broadcast_the_model_never_blocks() {
    assert_eq!(rest(&check(1, Broadcast::Reliable, 102, 196, 10), 1), (52, 0));
    assert_eq!(rest(&check(2, Broadcast::Reliable, 4_284, 23_988, 19), 2), (1_444, 0));
}

#[test]
fn in_the_wrong_order_the_model_loses_agreement_in_thirteen_states() {
    let space = space(2, Broadcast::Wrong);
    let broken = space.states.iter().filter(|(state, _)| !state.agrees(2));
    assert_eq!(broken.map(|(_, depth)| depth + 1).min(), Some(13));
}

/// A state in the words of the engine's abstraction.
fn situation(state: &State, n: usize) -> Vec<u8> {
    let mut voters: Vec<[u8; 2]> = (state.participants[..n].iter())
        .map(|p| {
            let said = match (p.vote_sent, p.yes, p.decision) {
                (false, ..) => 0,
                (true, false, _) => 1,
                (true, true, COMMIT) => 3,
                (true, true, ABORT) => 4,
                (true, true, _) => 2,
            };
            [u8::from(p.alive), said]
        })
        .collect();
    voters.sort_unstable();
    voters.push([u8::from(state.alive), u8::from(state.decision == COMMIT)]);
    voters.concat()
}

/// Whether somebody lives, has voted yes, and knows no decision.
fn in_doubt(situation: &[u8], n: usize) -> bool {
    situation[..2 * n].chunks(2).any(|voter| voter == [1, 2])
}

/// Every world of the engine with so many participants and crashes, for good. Participants may refuse.
fn engine(n: usize, broadcast: &str, crashes: u8) -> (Recipe, Search) {
    let mut shipped = Shipped::of(&PATTERN, "model").expect("a shipped scenario");
    let broadcast =
        ["simple", "forward-first", "forward-last"].iter().position(|b| *b == broadcast).unwrap();
    for (id, value) in [("participants", n), ("broadcast", broadcast)] {
        let place = PATTERN.all_params().position(|p| p.id == id).unwrap();
        shipped.recipe.set_param(place, value as i64);
    }
    let votes = |action, kind| action == Action::RefuseWrite && kind == record::PREPARED;
    shipped.offers.retain(|offer| votes(offer.action, offer.trigger.anchor.kind));
    let allowed = Allowed { crashes, for_good: true, early: 0, ..Allowed::default() };
    let acp: Vec<_> = PATTERN.abstractions.iter().filter(|a| a.id == "acp").collect();
    let search = Search::new(&shipped.recipe, allowed, &shipped.offers, &acp, 1_000_000);
    let mut search = search.watch_rest();
    search.to_the_end();
    assert!(search.complete(), "the space ends within the limit: {} worlds", search.states());
    (shipped.recipe, search)
}

fn broken(search: &Search) -> Vec<&'static str> {
    search.broken().iter().map(|b| PATTERN.promises[b.promise].id).collect()
}

/// Engine and model reach the same situations, so many; and the same of them are blocked, so many.
#[track_caller]
fn same(n: usize, broadcast: Broadcast, situations: usize, blocked: usize) {
    let model = space(n, broadcast);
    let name = if broadcast == Broadcast::Simple { "simple" } else { "forward-first" };
    let (_, search) = engine(n, name, n as u8 + 1);
    assert_eq!(broken(&search), [""; 0]);
    let reached = &search.projections()[0];
    let wanted: BTreeSet<_> = model.states.keys().map(|state| situation(state, n)).collect();
    let more: Vec<_> = reached.images.difference(&wanted).collect();
    let missed: Vec<_> = wanted.difference(&reached.images).collect();
    assert!(more.is_empty() && missed.is_empty(), "not of the model: {more:?}; not reached: {missed:?}");
    assert_eq!(wanted.len(), situations, "situations");

    let wait = model.quiescent.iter().filter(|state| state.waits(n));
    let wanted: BTreeSet<_> = wait.map(|state| situation(state, n)).collect();
    let found: BTreeSet<_> = reached.stalled.iter().filter(|s| in_doubt(s, n)).cloned().collect();
    assert_eq!(found, wanted, "blocked");
    assert_eq!(wanted.len(), blocked, "blocked situations");
}

/// The 3 blocked states of one participant are 2 situations, the 93 of two are 10.
#[test]
fn the_engine_blocks_where_the_model_blocks() {
    same(1, Broadcast::Simple, 20, 2);
    same(2, Broadcast::Simple, 74, 10);
}

#[test]
fn an_engine_that_passes_decisions_on_blocks_nowhere() {
    same(1, Broadcast::Reliable, 24, 0);
    same(2, Broadcast::Reliable, 90, 0);
}

/// The acts of a way that the model has as well.
#[derive(Default)]
struct Acts(Vec<String>);

impl TraceSink for Acts {
    fn step(&mut self, _: SimTime) {}
    fn event(&mut self, event: TraceEvent) -> u32 {
        let act = match event.what {
            What::Sent { from: NodeId(0), to, kind: kind::PREPARE, .. } => format!("request p{}", to.0),
            What::Sent { from, kind: kind::YES, .. } => format!("sendVote p{}", from.0),
            What::Delivered { from, kind: kind::YES, .. } => format!("getVote p{}", from.0),
            What::Written { node: NodeId(0), record: record::COMMIT, .. } => "makeDecision".to_owned(),
            What::Sent { from: NodeId(0), to, kind: kind::COMMIT, .. } => {
                format!("coordBroadcast p{}", to.0)
            }
            What::Written { node, record: record::COMMIT, .. } => format!("decide p{}", node.0),
            What::Crashed { node: NodeId(0) } => "coordDie".to_owned(),
            What::Crashed { node } => format!("parDie p{}", node.0),
            What::Writing { node, record: record::ABORT, .. } => format!("abortOnTimeout p{}", node.0),
            _ => return 0,
        };
        self.0.push(act);
        0
    }
}

/// Followed before it is passed on: a shortest way to two decisions is the model's, act by act. Twelve
/// acts lead to its thirteenth state. One crash is not enough.
#[test]
fn an_engine_in_the_wrong_order_loses_agreement_as_the_model_does() {
    let (_, one) = engine(2, "forward-last", 1);
    assert_eq!(broken(&one), [""; 0]);
    let (recipe, two) = engine(2, "forward-last", 2);
    let found = two.broken().iter().find(|b| PATTERN.promises[b.promise].id == "agreement");
    let way = &found.expect("agreement is broken").way;
    let (mut world, mut acts) = (recipe.start().1, Acts::default());
    for step in way {
        world.apply(*step, Some(&mut acts)).expect("the way can be gone");
    }
    // Its participants have no order: whoever was told first is p1.
    let told = acts.0.iter().find_map(|act| act.strip_prefix("coordBroadcast ")).unwrap().to_owned();
    let other = if told == "p1" { "p2" } else { "p1" };
    let mut acts = acts.0;
    let end = acts.split_off(acts.iter().position(|act| act == "makeDecision").unwrap());
    acts.sort();
    let begin = ["getVote p1", "getVote p2", "request p1", "request p2", "sendVote p1", "sendVote p2"];
    assert_eq!(acts, begin);
    assert_eq!(end[..2], ["makeDecision".to_owned(), format!("coordBroadcast {told}")]);
    assert_eq!(end.last(), Some(&format!("abortOnTimeout {other}")));
    let between: BTreeSet<_> = end[2..end.len() - 1].iter().cloned().collect();
    let wanted = ["coordDie".to_owned(), format!("decide {told}"), format!("parDie {told}")];
    assert_eq!(between, BTreeSet::from(wanted));
    assert_eq!(acts.len() + end.len(), 12);
}
