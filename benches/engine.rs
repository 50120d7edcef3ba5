//! How fast the engine is, natively: `scripts/bench` runs this and the same in Chromium.
//!
//! One workload: two-phase commit with three participants, everything sent in parallel, orders one
//! after another until 100,000 steps are taken.

#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

use std::hint::black_box;

use converge::kernel::{SimTime, TraceEvent, TraceSink, World};
use converge::patterns;
use converge::scenario::Recipe;
use converge::trace::{Run, Stage};
use divan::Bencher;
use divan::counter::ItemsCount;

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

const STEPS: u32 = 100_000;

fn main() {
    divan::main();
}

fn recipe() -> Recipe {
    let mut recipe = Recipe::new(patterns::find("two-phase-commit").expect("a shipped pattern"));
    for (name, value) in [("orders", 10_000), ("order-gap", 0), ("horizon", 86_400_000)] {
        let place = recipe.pattern.all_params().position(|p| p.id == name).expect("its parameter");
        recipe.set_param(place, value);
    }
    recipe
}

fn world() -> World {
    recipe().start().1
}

#[derive(Default)]
struct Kept {
    times: Vec<SimTime>,
    events: Vec<TraceEvent>,
}

impl TraceSink for Kept {
    fn step(&mut self, at: SimTime) {
        self.times.push(at);
    }
    fn event(&mut self, event: TraceEvent) -> u32 {
        self.events.push(event);
        self.events.len() as u32 - 1
    }
}

#[divan::bench(sample_count = 20)]
fn steps_without_trace(bencher: Bencher) {
    bencher.counter(ItemsCount::new(STEPS)).with_inputs(world).bench_values(|mut world| {
        for _ in 0..STEPS {
            world.advance(None).expect("the workload is long enough");
        }
        world
    });
}

#[divan::bench(sample_count = 20)]
fn steps_with_trace(bencher: Bencher) {
    bencher.counter(ItemsCount::new(STEPS)).with_inputs(world).bench_values(|mut world| {
        let mut kept = Kept::default();
        for _ in 0..STEPS {
            world.advance(Some(&mut kept)).expect("the workload is long enough");
        }
        (world, kept.events.len(), kept.times.len())
    });
}

/// As the lab records: trace, every promise at every step, moods, checkpoints.
#[divan::bench(sample_count = 10)]
fn steps_recorded_for_the_lab(bencher: Bencher) {
    bencher.counter(ItemsCount::new(STEPS)).with_inputs(|| Stage::of(&recipe())).bench_values(|stage| {
        let mut run = Run::new(stage);
        assert!(!run.extend(STEPS));
        run
    });
}

#[divan::bench(sample_count = 200)]
fn seek_in_a_long_run(bencher: Bencher) {
    let mut run = Run::new(Stage::of(&recipe()));
    run.extend(STEPS);
    let mut at = 0u32;
    bencher.bench_local(|| {
        // Jumps all over the run, to states far from a checkpoint too.
        at = (at + 61_803) % STEPS;
        black_box(run.world(at))
    });
}
