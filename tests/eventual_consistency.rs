//! The stories of eventual consistency: each failure mode, told by what must happen and what must not.

mod story;

use converge::patterns::eventual_consistency::PATTERN;

fn tell(id: &str, more: &str) -> story::Told {
    story::tell(&PATTERN, id, more)
}

#[test]
fn every_scenario_ends_as_it_expects_and_its_faults_happen() {
    let mut wrong = Vec::new();
    for scenario in PATTERN.scenarios {
        let told = tell(scenario.id, "");
        let run = &told.story.run;
        for (i, e) in &told.shipped.expects {
            let p = PATTERN.promises[*i].id;
            if told.verdict(p) != *e {
                wrong.push(format!("{}: {p} {:?}", scenario.id, told.verdict(p)));
            }
        }
        if run.len() > 120 {
            wrong.push(format!("{} {} steps", scenario.id, run.len()));
        }
        for (i, entry) in told.story.recipe.script.iter().enumerate() {
            let matched = run.world(run.len()).matched(i);
            if matched < entry.trigger.anchor.nth {
                wrong.push(format!("{}: {entry:?} never happens", scenario.id));
            }
        }
        println!("{} {} steps: {}", scenario.id, run.len(), told.facts().join(" "));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tmp_show() {
    for id in [
        "textbook",
        "in-order",
        "two-instances-optimistic",
        "zombie-fenced",
        "retry-at-the-edge",
        "old-over-new",
    ] {
        let told = tell(id, "");
        println!("== {id}\n{}", told.moments().join("\n"));
    }
}
