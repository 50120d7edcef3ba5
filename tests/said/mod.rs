//! Two checks for every scenario of a pattern: nothing that can be said lacks its text, in both
//! languages, and the shop holds its promises with the realistic parameters as well.

use std::collections::BTreeSet;

use converge::checker::{Allowed, Search};
use converge::kernel::{Cell, Label, NodeId};
use converge::patterns::pattern::{Pattern, Probe, Verdict};
use converge::scenario::{Recipe, Shipped};
use converge::texts::Lang;
use converge::trace::Story;

/// Every label that nodes, promises and copies name in any state of any scenario has a text, and
/// every message says what it is in real systems.
pub fn everything(pattern: &'static Pattern) {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut want = |label: &Label| {
        wanted.insert(label.key.to_owned());
    };
    for scenario in pattern.scenarios {
        let shipped = Shipped::of(pattern, scenario.id).expect("a shipped scenario");
        // With what it offers, too.
        let mut offered = shipped.recipe.clone();
        offered.script.extend_from_slice(&shipped.offers);
        for recipe in [shipped.recipe, offered] {
            let story = Story::of(recipe);
            for state in 0..=story.run.len() {
                let world = story.run.world(state);
                for i in 0..world.nodes() {
                    let d = world.describe(NodeId(i as u8));
                    d.status.iter().for_each(&mut want);
                    for section in &d.sections {
                        want(&section.title);
                        for cell in section.rows.iter().flat_map(|r| &r.cells) {
                            if let Cell::Text(label) = cell {
                                want(label);
                            }
                        }
                    }
                }
                let at_rest = state == story.run.len();
                let probe = Probe { world: &world, params: &story.run.stage.params, at_rest };
                let mut copies = Vec::new();
                (pattern.copies)(&probe, &mut copies);
                for copy in copies {
                    want(&copy.name);
                    copy.lost.iter().for_each(&mut want);
                }
            }
            for i in 0..pattern.promises.len() {
                for (_, verdict) in story.run.verdicts(i).changes() {
                    if let Verdict::NotYet(label) | Verdict::Broken(label) = verdict {
                        want(label);
                    }
                }
            }
            for lang in Lang::ALL {
                let speaker = story.speaker(lang);
                for event in story.run.events() {
                    let sentence = speaker.sentence(event);
                    assert!(!sentence.contains('{') && !sentence.contains("stream."), "{sentence}");
                }
            }
        }
    }
    wanted.extend(pattern.messages.iter().map(|k| format!("message.{}.real", k.id)));
    wanted.insert("realistic".to_owned());
    for lang in Lang::ALL {
        let own: BTreeSet<_> =
            converge::texts::entries(pattern.texts[lang as usize]).map(|(n, _)| n.to_owned()).collect();
        let missing: Vec<_> = wanted.difference(&own).collect();
        assert!(missing.is_empty(), "{lang:?}: {missing:#?}");
    }
}

/// The shop, as real systems are set.
pub fn realistic(pattern: &'static Pattern) {
    let mut recipe = Recipe::of_scenario(pattern, "shop").expect("a shop");
    for (name, value) in pattern.realistic {
        let place = pattern.all_params().position(|p| p.id == *name).expect("a parameter");
        let param = pattern.all_params().nth(place).expect("it is there");
        assert!(param.range.holds(*value), "{name} = {value} is out of range");
        recipe.set_param(place, *value);
    }
    let story = Story::of(recipe);
    for (i, promise) in pattern.promises.iter().enumerate() {
        let verdict = story.run.verdicts(i).at(story.run.len());
        assert_eq!(verdict, Some(Verdict::Holds), "{}", promise.id);
    }
}

/// Which promises are broken in some world that a scenario with more lines can reach, whatever the
/// order of messages, with these faults and without those of its script. `whole`: every world is
/// reached within the limit.
pub fn broken_somewhere(
    pattern: &'static Pattern,
    id: &str,
    more: &str,
    allowed: Allowed,
    whole: bool,
) -> BTreeSet<&'static str> {
    let recipe = super::story::shipped(pattern, id, more).recipe;
    let mut search = Search::new(&recipe, allowed, &[], &[], 600_000);
    search.to_the_end();
    assert!(!whole || search.complete(), "{id}: more than {} worlds", search.states());
    search.broken().iter().map(|b| pattern.promises[b.promise].id).collect()
}
