//! Reads the part of a recipe's text form that these tests use.

use converge::kernel::{Action, Anchor, Entry, NodeId, Point, Span, Trigger};
use converge::patterns::pattern::{Kind, Pattern, Range};
use converge::scenario::Recipe;

/// A recipe with what a shipped scenario adds to it.
pub struct Read {
    pub recipe: Recipe,
    pub offers: Vec<Entry>,
    pub expects: Vec<(String, String)>,
}

pub fn read(pattern: &'static Pattern, text: &str) -> Read {
    let mut out = Read { recipe: Recipe::new(pattern), offers: vec![], expects: vec![] };
    let lines = || {
        text.lines()
            .map(|line| if line.contains('#') { line.split(" # ").next().unwrap() } else { line })
            .map(|line| line.split("   #").next().unwrap().split_whitespace().collect::<Vec<_>>())
    };
    for words in lines() {
        match words.as_slice() {
            ["seed", seed] => out.recipe.seed = seed.parse().unwrap(),
            ["set", id, "=", value, ..] => {
                let place = pattern.all_params().position(|p| p.id == *id).expect("a parameter");
                let value = match pattern.all_params().nth(place).unwrap().range {
                    Range::Choice(names) => names.iter().position(|n| n == value).expect("a choice") as i64,
                    Range::Switch => i64::from(*value == "yes"),
                    _ => value.parse().unwrap(),
                };
                out.recipe.set_param(place, value);
            }
            ["expect", promise, verdict] => out.expects.push((promise.to_string(), verdict.to_string())),
            _ => {}
        }
    }
    let names: Vec<&str> = out.recipe.start().0.nodes.iter().map(|n| n.id).collect();
    for words in lines() {
        match words.as_slice() {
            ["fault", rest @ ..] | ["do", rest @ ..] if words[0] == "do" || !rest.is_empty() => {
                let rest = if words[0] == "do" { &words[..] } else { rest };
                out.recipe.script.push(entry(pattern, &names, rest));
            }
            ["offer", rest @ ..] => out.offers.push(entry(pattern, &names, rest)),
            _ => {}
        }
    }
    out
}

fn entry(pattern: &Pattern, names: &[&str], words: &[&str]) -> Entry {
    let node = |name: &str| {
        NodeId(names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("no node {name}")) as u8)
    };
    let of = |kinds: &[Kind], name: &str| {
        kinds.iter().position(|k| k.id == name).unwrap_or_else(|| panic!("no kind {name}")) as u8
    };
    let message = |name| of(pattern.messages, name);
    let (mut words, mut nth) = (words.to_vec(), 1);
    if let Some(at) = words.iter().position(|w| w.starts_with('#')) {
        nth = words.remove(at)[1..].parse().unwrap();
    }
    let arrival = |kind, from, to, action| Entry {
        on: true,
        trigger: Trigger {
            anchor: Anchor {
                point: Point::BeforeHandling,
                node: node(to),
                peer: node(from),
                kind: message(kind),
                nth,
            },
            delay: Span::ZERO,
        },
        action,
    };
    match words.as_slice() {
        ["drop", kind, "from", a, "to", b] => return arrival(kind, a, b, Action::Drop),
        ["duplicate", kind, "from", a, "to", b] => return arrival(kind, a, b, Action::Duplicate),
        ["refuse", kind, "from", a, "to", b] => return arrival(kind, a, b, Action::Refuse),
        ["fail", kind, "from", a, "to", b] => return arrival(kind, a, b, Action::Fail),
        ["delay", kind, "from", a, "to", b, "by", ms, "ms"] => {
            return arrival(kind, a, b, Action::Delay(Span::ms(ms.parse().unwrap())));
        }
        ["refuse", "write", kind, "at", a] => {
            let kind = of(pattern.records, kind);
            let anchor = Anchor { point: Point::AfterWrite, node: node(a), peer: node(a), kind, nth };
            return Entry {
                on: true,
                trigger: Trigger { anchor, delay: Span::ZERO },
                action: Action::RefuseWrite,
            };
        }
        _ => {}
    }
    let (action, when) = match words.as_slice() {
        ["crash", a, when @ ..] => (Action::Crash(node(a)), when),
        ["restart", a, when @ ..] => (Action::Restart(node(a)), when),
        ["do", verb, value, "at", a, when @ ..] => {
            (Action::Command(node(a), of(pattern.verbs, verb), value.parse().unwrap()), when)
        }
        other => panic!("cannot read {other:?}"),
    };
    let (delay, when) = match when {
        [ms, "ms", when @ ..] => (Span::ms(ms.parse().unwrap()), when),
        when => (Span::ZERO, when),
    };
    let anchor = |point, a: &str, b: &str, kind| Anchor { point, node: node(a), peer: node(b), kind, nth };
    let anchor = match when {
        ["after", "start"] => anchor(Point::Start, names[0], names[0], 0),
        ["before", a, "sends", kind, "to", b] => anchor(Point::BeforeSend, a, b, message(kind)),
        ["after", a, "sends", kind, "to", b] => anchor(Point::AfterSend, a, b, message(kind)),
        ["before", a, "writes", kind] => anchor(Point::BeforeWrite, a, a, of(pattern.records, kind)),
        ["after", a, "writes", kind] => anchor(Point::AfterWrite, a, a, of(pattern.records, kind)),
        ["after", a, "has", "written", kind] => {
            anchor(Point::AfterAcknowledgement, a, a, of(pattern.records, kind))
        }
        ["after", a, "crashes"] => anchor(Point::AfterCrash, a, a, 0),
        other => panic!("cannot read {other:?}"),
    };
    Entry { on: true, trigger: Trigger { anchor, delay }, action }
}
