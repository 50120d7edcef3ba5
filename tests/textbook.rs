//! The textbook flows, message by message, in both languages: what the engine sends, held against
//! `tests/flows.json`.

mod common;

use converge::kernel::What;
use converge::patterns;
use converge::scenario;
use converge::texts::Lang;
use converge::trace::Speaker;
use serde_json::Value;

/// What a diagram of the run shows, in order: from, to, label.
fn told(recipe: &scenario::Recipe, lang: Lang) -> (Vec<String>, Vec<(String, String, String)>) {
    let run = common::run(recipe);
    let speaker = Speaker::new(lang, run.stage.pattern, &run.stage.nodes);
    let name = |n| speaker.node(n).into_owned();
    let told = run.events().iter().filter_map(|e| match e.what {
        What::Sent { from, to, kind, args, .. } => {
            Some((name(from), name(to), speaker.message(kind, args, from, to)))
        }
        What::Local { node, kind, args } => {
            Some((name(node), name(node), speaker.message(kind, args, node, node)))
        }
        _ => None,
    });
    let nodes = (0..run.stage.nodes.len()).map(|i| name(converge::kernel::NodeId(i as u8))).collect();
    (nodes, told.collect())
}

fn check(flow: &Value) {
    let recipe = flow["recipe"].as_str().unwrap();
    let (pattern, id) = recipe.split_once('/').unwrap();
    let recipe_of = scenario::find(pattern, id).unwrap_or_else(|| panic!("{recipe} is not shipped"));
    for (lang, key) in [(Lang::En, "en"), (Lang::PtBr, "pt")] {
        let participants = flow["participants"].as_array().unwrap();
        let name = |id: &Value| {
            let found = participants.iter().find(|p| p["id"] == *id).unwrap();
            found[key].as_str().unwrap().to_owned()
        };
        let messages = flow["messages"].as_array().unwrap();
        let wanted: Vec<_> = messages
            .iter()
            .map(|m| (name(&m["from"]), name(&m["to"]), m[key].as_str().unwrap().to_owned()))
            .collect();
        let (nodes, told) = told(&recipe_of, lang);
        assert_eq!(told, wanted, "{recipe} in {key}");
        let mut wanted: Vec<_> = participants.iter().map(|p| p[key].as_str().unwrap().to_owned()).collect();
        let mut nodes = nodes;
        wanted.sort();
        nodes.sort();
        assert_eq!(nodes, wanted, "{recipe} in {key}: participants");
    }
}

#[test]
fn engines_send_what_the_textbook_says() {
    let flows: Value = serde_json::from_str(include_str!("flows.json")).unwrap();
    let mut checked = 0;
    for flow in flows["flows"].as_array().unwrap() {
        if patterns::find(flow["pattern"].as_str().unwrap()).is_some() {
            check(flow);
            checked += 1;
        }
    }
    assert_eq!(checked, 7, "flows of the patterns that are shipped");
}
