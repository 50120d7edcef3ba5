//! How fast the engine is in headless Chromium, built as the page is built (profile `page`).
//! `scripts/bench` runs it after the native one; it prints and asserts nothing about time.

#![cfg(target_arch = "wasm32")]

use converge::kernel::{SimTime, TraceEvent, TraceSink, World};
use converge::patterns;
use converge::scenario::Recipe;
use converge::trace::{Run, Stage};
use converge::ui::browser::milliseconds;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const STEPS: u32 = 100_000;
const RUNS: usize = 15;

/// The workload of `benches/engine.rs`.
fn recipe() -> Recipe {
    let mut recipe = Recipe::new(patterns::find("two-phase-commit").expect("a shipped pattern"));
    for (name, value) in [("orders", 10_000), ("order-gap", 0), ("horizon", 86_400_000)] {
        let place = recipe.pattern.all_params().position(|p| p.id == name).expect("its parameter");
        recipe.set_param(place, value);
    }
    recipe
}

/// Middle of several timings, in milliseconds.
fn median(mut once: impl FnMut() -> f64) -> f64 {
    let mut all: Vec<f64> = (0..RUNS).map(|_| once()).collect();
    all.sort_by(f64::total_cmp);
    all[RUNS / 2]
}

fn report(what: &str, ms: f64) {
    console_log!("{what}: {ms:.1} ms, {:.2} million steps a second", f64::from(STEPS) / ms / 1000.0);
}

#[derive(Default)]
struct Kept(Vec<TraceEvent>, Vec<SimTime>);

impl TraceSink for Kept {
    fn step(&mut self, at: SimTime) {
        self.1.push(at);
    }
    fn event(&mut self, event: TraceEvent) -> u32 {
        self.0.push(event);
        self.0.len() as u32 - 1
    }
}

#[wasm_bindgen_test]
fn steps() {
    let world = || -> World { recipe().start().1 };
    let plain = median(|| {
        let mut world = world();
        let start = milliseconds();
        for _ in 0..STEPS {
            world.advance(None).expect("the workload is long enough");
        }
        milliseconds() - start
    });
    report("steps without trace", plain);
    let traced = median(|| {
        let (mut world, mut kept) = (world(), Kept::default());
        let start = milliseconds();
        for _ in 0..STEPS {
            world.advance(Some(&mut kept)).expect("the workload is long enough");
        }
        milliseconds() - start
    });
    report("steps with trace", traced);
    let recorded = median(|| {
        let stage = Stage::of(&recipe());
        let start = milliseconds();
        let mut run = Run::new(stage);
        run.extend(STEPS);
        milliseconds() - start
    });
    report("steps recorded for the lab", recorded);
    let mut run = Run::new(Stage::of(&recipe()));
    run.extend(STEPS);
    let seeks = 2_000;
    let start = milliseconds();
    let mut seen = 0u64;
    for i in 0..seeks {
        seen += run.world((i * 61_803) % STEPS).now().micros;
    }
    let each = (milliseconds() - start) / f64::from(seeks);
    console_log!("seek in a run of {STEPS} steps: {:.3} ms each ({seen})", each);
}
