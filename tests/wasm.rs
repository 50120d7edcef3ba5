//! What must hold inside WebAssembly, in headless Chromium: the same fingerprints as natively, the
//! same counts, and parts of the interface that want a document.

#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

mod common;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn fingerprints_are_those_of_the_native_run() {
    common::hold_against_golden(&common::fingerprints(), include_str!("golden/fingerprints.txt"));
}

#[wasm_bindgen_test]
fn every_state_is_rebuilt_exactly() {
    for (name, recipe) in common::shipped() {
        let run = common::run(&recipe);
        for (state, (time, fingerprint)) in run.fingerprints().enumerate() {
            let world = run.world(state as u32);
            assert_eq!((world.now(), world.fingerprint()), (time, fingerprint), "{name}: state {state}");
        }
    }
}

#[wasm_bindgen_test]
fn links_come_back() {
    for (name, mut recipe) in common::shipped() {
        recipe.seed += 7;
        let link = converge::scenario::link::encode(&recipe);
        let back = converge::scenario::link::decode(&link).expect("a link of ours opens");
        assert_eq!(back.recipe, recipe, "{name}: {link}");
    }
}
