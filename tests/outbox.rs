//! The outbox's stories: each failure mode of the pattern, told by what must happen and what must not.

mod story;

use converge::patterns::outbox::PATTERN;

#[test]
fn scratch() {
    let only = std::env::var("ONLY").unwrap_or_default();
    for scenario in PATTERN.scenarios {
        if !only.is_empty() && scenario.id != only {
            continue;
        }
        let told = story::tell(&PATTERN, scenario.id, "");
        let run = &told.story.run;
        let end: Vec<_> =
            PATTERN.promises.iter().enumerate().map(|(i, p)| (i, told.verdict(p.id))).collect();
        println!("{} {} steps {:?}", scenario.id, run.len(), run.halt());
        for ((i, e), (_, x)) in end.iter().zip(&told.shipped.expects) {
            if e != x {
                println!("   {} is {e:?}", PATTERN.promises[*i].id);
            }
        }
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            if run.world(run.len()).matched(i) < entry.trigger.anchor.nth {
                println!("   never happens {entry:?}");
            }
        }
        use converge::trace::{Run, Stage};
        let shipped = converge::scenario::Shipped::of(&PATTERN, scenario.id).unwrap();
        let mut recipe = shipped.recipe.clone();
        let mut before = Run::to_the_end(Stage::of(&recipe));
        for (n, offer) in shipped.offers.iter().enumerate() {
            recipe.script.push(*offer);
            let run = Run::to_the_end(Stage::of(&recipe));
            let mut alone = shipped.recipe.clone();
            alone.script.push(*offer);
            let alone = Run::to_the_end(Stage::of(&alone));
            let differs = |a: &Run, b: &Run| a.len() != b.len() || a.common_prefix(b) != a.len();
            let plain = Run::to_the_end(Stage::of(&shipped.recipe));
            let (x, y) = (differs(&run, &before), differs(&alone, &plain));
            if !x && !y {
                println!("   offer {n} does nothing");
            }
            if run.len() > 150 || run.halt() != Some(converge::kernel::Halt::Quiet) {
                println!("   offer {n}: {} steps, {:?}", run.len(), run.halt());
            }
            before = run;
        }
        if !only.is_empty() {
            println!("{}", told.journal());
        }
    }
}
