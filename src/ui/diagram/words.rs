//! Acts in words: what a menu offers for a thing, with its picture and, where it cannot happen now,
//! the reason.

use crate::kernel::{Anchor, Args, Entry, NodeId, Point, Span, What};
use crate::texts::{duration, say, t};
use crate::trace::acts::{Act, Deed, of_flight, of_link, of_node};
use crate::trace::{Flight, FlightEnd, Speaker, Story};
use crate::ui::view::Selection;

/// One line of the menu.
#[derive(Clone, PartialEq, Debug)]
pub struct Offer {
    /// Its icon.
    pub icon: &'static str,
    /// What it does.
    pub text: String,
    /// The entries to add; none when it cannot happen now.
    pub entries: Vec<Entry>,
    /// Why it cannot.
    pub reason: Option<&'static str>,
}

/// A group of lines.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Its heading.
    pub title: String,
    /// Its lines.
    pub offers: Vec<Offer>,
}

/// The menu of a thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Menu {
    /// What the thing is.
    pub title: String,
    /// More of it.
    pub about: String,
    /// What it is in real systems.
    pub real: Option<&'static str>,
    /// What can be done.
    pub groups: Vec<Group>,
}

/// The menu of what is selected, at a state; `None` for what nothing can be done to.
#[must_use]
pub fn menu(story: &Story, speaker: &Speaker, state: u32, target: Selection) -> Option<Menu> {
    match target {
        Selection::Node(node) => Some(menu_of_node(story, speaker, state, node)),
        Selection::Flight(msg) => {
            let flight = story.chart.flights.iter().find(|f| f.msg == msg)?;
            Some(menu_of_flight(story, speaker, state, flight))
        }
        Selection::Link(a, b) => Some(menu_of_link(story, speaker, state, a, b)),
        Selection::Event(_) | Selection::Promise(_) => None,
    }
}

fn menu_of_node(story: &Story, speaker: &Speaker, state: u32, node: NodeId) -> Menu {
    let lang = speaker.lang;
    let mut groups =
        [("acts.group.do", Vec::new()), ("acts.group.now", Vec::new()), ("acts.group.point", Vec::new())];
    for act in of_node(&story.run, state, node) {
        let place = match act.deed {
            Deed::Command(_) => 0,
            Deed::CrashAt(_) | Deed::RefuseWrite(_) => 2,
            _ => 1,
        };
        let reason = act.entry.is_none().then_some(match act.deed {
            Deed::Command(_) => "act.no.paused",
            _ => "act.no.now",
        });
        let text = deed_of_node(story, speaker, state, node, &act);
        groups[place].1.push(offer(speaker, &act, text, reason));
    }
    let groups = groups
        .into_iter()
        .filter(|(_, offers)| !offers.is_empty())
        .map(|(title, offers)| Group { title: t(lang, title).to_owned(), offers })
        .collect();
    let mood = story.run.moods(node).at(state).unwrap_or_default();
    let about = speaker.find(&format!("mood.{}", mood.id())).unwrap_or_default().to_owned();
    Menu { title: speaker.node(node).into_owned(), about, real: None, groups }
}

fn menu_of_flight(story: &Story, speaker: &Speaker, state: u32, flight: &Flight) -> Menu {
    let lang = speaker.lang;
    let live = flight.sent <= state && flight.end.state(u32::MAX) > state;
    let held = flight.held.is_some_and(|s| s <= state);
    let mut offers = Vec::new();
    for act in of_flight(&story.run, &story.chart, state, flight) {
        let reason = act.entry.is_none().then_some(match act.deed {
            _ if !live => "act.no.ended",
            Deed::DeliverNow => "act.no.older",
            _ if held => "act.no.held",
            Deed::Refuse | Deed::Fail if matches!(flight.end, FlightEnd::Lost(..)) => "act.no.lost",
            _ => "act.no.now",
        });
        let to = speaker.node_in(flight.to);
        let text = match act.deed {
            Deed::Refuse => say(lang, "act.refuse", &[("to", &to)]),
            Deed::Fail => say(lang, "act.fail", &[("to", &to)]),
            _ => plain(speaker, &act.deed),
        };
        offers.push(offer(speaker, &act, text, reason));
    }
    let (from, to) = (speaker.node(flight.from), speaker.node(flight.to));
    Menu {
        title: speaker.message(flight.kind, flight.args, flight.from, flight.to),
        about: say(lang, "acts.title.flight", &[("from", &from), ("to", &to)]),
        real: speaker.real(flight.kind),
        groups: vec![Group { title: String::new(), offers }],
    }
}

fn menu_of_link(story: &Story, speaker: &Speaker, state: u32, a: NodeId, b: NodeId) -> Menu {
    let lang = speaker.lang;
    let ways = [(a, b), (b, a)].map(|(from, to)| (from, to, of_link(&story.run, state, from, to)));
    let mut groups = Vec::new();
    // A partition cuts both ways: one choice for it.
    for (deed, icon, name) in [(Deed::Cut, "cut", "act.cut-both"), (Deed::Heal, "heal", "act.heal-both")] {
        let entries: Vec<Entry> = ways
            .iter()
            .flat_map(|w| w.2.iter())
            .filter(|x| x.deed == deed)
            .filter_map(|x| x.entry)
            .collect();
        if entries.len() == 2 {
            let both = Offer { icon, text: t(lang, name).to_owned(), entries, reason: None };
            groups.push(Group { title: t(lang, "acts.group.both").to_owned(), offers: vec![both] });
        }
    }
    for (from, to, acts) in &ways {
        let (from, to) = (speaker.node(*from), speaker.node(*to));
        let offers = acts
            .iter()
            .map(|act| {
                offer(speaker, act, plain(speaker, &act.deed), act.entry.is_none().then_some("act.no.now"))
            })
            .collect();
        let title = say(lang, "acts.group.way", &[("from", &from), ("to", &to)]);
        groups.push(Group { title, offers });
    }
    let (from, to) = (speaker.node(a), speaker.node(b));
    Menu {
        title: say(lang, "acts.title.link", &[("from", &from), ("to", &to)]),
        about: String::new(),
        real: None,
        groups,
    }
}

fn offer(speaker: &Speaker, act: &Act, text: String, reason: Option<&'static str>) -> Offer {
    Offer {
        icon: icon(&act.deed),
        text,
        entries: act.entry.into_iter().collect(),
        reason: reason.map(|name| t(speaker.lang, name)),
    }
}

/// The picture of a deed.
#[must_use]
pub const fn icon(deed: &Deed) -> &'static str {
    match deed {
        Deed::CrashNow | Deed::CrashAt(_) => "crash",
        Deed::Restart => "restart",
        Deed::Pause => "pause-node",
        Deed::Resume => "play",
        Deed::RefuseWrite(_) => "disk",
        Deed::Refuse => "refuse",
        Deed::Fail => "fail",
        Deed::Drop => "drop",
        Deed::Duplicate => "duplicate",
        Deed::Delay(_) => "delay",
        Deed::DeliverNow => "deliver",
        Deed::Cut => "cut",
        Deed::Heal => "heal",
        Deed::Slow(_) => "slow",
        Deed::Command(_) => "person",
    }
}

/// A deed that needs no more than itself to be said.
fn plain(speaker: &Speaker, deed: &Deed) -> String {
    let lang = speaker.lang;
    match *deed {
        Deed::CrashNow | Deed::CrashAt(_) => t(lang, "act.crash-now").to_owned(),
        Deed::Restart => t(lang, "act.restart").to_owned(),
        Deed::Pause => t(lang, "act.pause").to_owned(),
        Deed::Resume => t(lang, "act.resume").to_owned(),
        Deed::RefuseWrite(record) => {
            say(lang, "act.refuse-write", &[("what", &speaker.record(record, [0; 3]))])
        }
        Deed::Refuse => t(lang, "act.refuse").to_owned(),
        Deed::Fail => t(lang, "act.fail").to_owned(),
        Deed::Drop => t(lang, "act.drop").to_owned(),
        Deed::Duplicate => t(lang, "act.duplicate").to_owned(),
        Deed::Delay(Span { micros }) => say(lang, "act.delay", &[("time", &duration(lang, micros))]),
        Deed::DeliverNow => t(lang, "act.deliver-now").to_owned(),
        Deed::Cut => t(lang, "act.cut").to_owned(),
        Deed::Heal => t(lang, "act.heal").to_owned(),
        Deed::Slow(1) => t(lang, "act.slow-usual").to_owned(),
        Deed::Slow(n) => say(lang, "act.slow", &[("n", &n)]),
        Deed::Command(verb) => speaker.verb(verb, 0),
    }
}

fn deed_of_node(story: &Story, speaker: &Speaker, state: u32, node: NodeId, act: &Act) -> String {
    let lang = speaker.lang;
    match act.deed {
        Deed::CrashAt(anchor) => crash_point(story, speaker, state, &anchor),
        Deed::RefuseWrite(record) => {
            let world = story.run.world(state);
            let args = world.pending_writes(node).find(|(r, _)| *r == record).map_or([0; 3], |(_, a)| a);
            say(lang, "act.refuse-write", &[("what", &speaker.record(record, args))])
        }
        _ => plain(speaker, &act.deed),
    }
}

fn crash_point(story: &Story, speaker: &Speaker, state: u32, anchor: &Anchor) -> String {
    let lang = speaker.lang;
    let args = args_of(story, state, anchor);
    let (node, peer, kind) = (anchor.node, anchor.peer, anchor.kind);
    let sent = || speaker.message(kind, args, node, peer);
    let record = || speaker.record(kind, args);
    let (name, what) = match anchor.point {
        Point::BeforeSend => ("act.crash-at.before-send", sent()),
        Point::AfterSend => ("act.crash-at.after-send", sent()),
        Point::BeforeHandling => ("act.crash-at.before-handling", speaker.message(kind, args, peer, node)),
        Point::BeforeWrite => ("act.crash-at.before-write", record()),
        Point::AfterWrite => ("act.crash-at.after-write", record()),
        Point::AfterAcknowledgement => ("act.crash-at.after-acknowledgement", record()),
        // No other moment is offered as a crash point.
        _ => ("act.crash-now", String::new()),
    };
    let peer = speaker.node_in(peer);
    say(lang, name, &[("what", &what), ("from", &peer), ("to", &peer)])
}

/// What the next message or record that an anchor speaks of carries, as the recorded future has it.
fn args_of(story: &Story, state: u32, anchor: &Anchor) -> Args {
    let run = &story.run;
    let found = (state + 1..=run.len()).flat_map(|s| run.step_events(s).1).find_map(|event| {
        let (point, n, p, k, carried) = match event.what {
            What::Sent { from, to, kind, args, .. } => (Point::BeforeSend, from, to, kind, args),
            What::Delivered { from, to, kind, args, .. } | What::Lost { from, to, kind, args, .. } => {
                (Point::BeforeHandling, to, from, kind, args)
            }
            What::Writing { node, record, args } => (Point::BeforeWrite, node, node, record, args),
            What::Written { node, record, args } | What::Refused { node, record, args } => {
                (Point::AfterWrite, node, node, record, args)
            }
            _ => return None,
        };
        let like = match anchor.point {
            Point::AfterSend => Point::BeforeSend,
            Point::AfterAcknowledgement => Point::AfterWrite,
            point => point,
        };
        (point == like && n == anchor.node && p == anchor.peer && k == anchor.kind).then_some(carried)
    });
    found.unwrap_or([0; 3])
}
