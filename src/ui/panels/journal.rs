//! The journal: every event of the run as a sentence, step by step. It says all that the pictures show.

use std::collections::BTreeSet;

use converge_view::view;
use leptos::prelude::*;

use super::count;
use super::detail::detail;
use crate::kernel::{NodeId, TraceEvent, What};
use crate::texts::{Lang, duration, folded, say, t};
use crate::ui::icons::Icon;
use crate::ui::lab::{Lab, Story};
use crate::ui::reactive::{Effect, Memo, RwSignal, Signal};
use crate::ui::{Command, Selection, browser, use_lab};

/// Steps shown at once: enough to read on, few enough to be drawn in no time.
const WINDOW: usize = 240;
/// Steps that "more" adds.
const MORE: usize = 200;
/// Most correlation ids offered.
const ORDERS: usize = 40;

/// What an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Topic {
    Messages,
    Writes,
    Faults,
    Facts,
}

impl Topic {
    const ALL: [Self; 4] = [Self::Messages, Self::Writes, Self::Faults, Self::Facts];

    fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Messages => t(lang, "ui.journal.messages"),
            Self::Writes => t(lang, "ui.journal.writes"),
            Self::Faults => t(lang, "ui.journal.faults"),
            Self::Facts => t(lang, "ui.journal.facts"),
        }
    }

    /// The topic, icon and colour of an event.
    const fn of(what: &What) -> (Self, &'static str, &'static str) {
        match what {
            What::Sent { .. } => (Self::Messages, "arrow-right", ""),
            What::Delivered { .. } => (Self::Messages, "envelope", ""),
            What::Lost { .. } => (Self::Faults, "drop", "is-bad"),
            What::Duplicated { .. } => (Self::Faults, "duplicate", "is-bad"),
            What::Delayed { .. } => (Self::Faults, "delay", "is-bad"),
            What::Interfered { .. } | What::Refused { .. } => (Self::Faults, "refuse", "is-bad"),
            What::Crashed { .. } => (Self::Faults, "crash", "is-bad"),
            What::Restarted { .. } => (Self::Faults, "restart", "is-ok"),
            What::Paused { .. } => (Self::Faults, "pause-node", "is-bad"),
            What::Resumed { .. } => (Self::Faults, "play", "is-ok"),
            What::Cut { .. } => (Self::Faults, "cut", "is-bad"),
            What::Healed { .. } => (Self::Faults, "heal", "is-ok"),
            What::Slowed { .. } => (Self::Faults, "slow", "is-bad"),
            What::Writing { .. } => (Self::Writes, "hourglass", ""),
            What::Written { .. } => (Self::Writes, "disk", ""),
            What::Fired { .. } => (Self::Facts, "clock", "is-wait"),
            What::Commanded { .. } => (Self::Facts, "person", "is-work"),
            What::Observed { .. } => (Self::Facts, "eye", "is-ok"),
            What::Started { .. } => (Self::Facts, "play", ""),
            What::Local { .. } => (Self::Facts, "chevron-right", ""),
            What::Limited { .. } => (Self::Faults, "warning", "is-bad"),
        }
    }
}

/// Whether an event is one of those that the time line marks.
pub(super) const fn is_mark(what: &What) -> bool {
    matches!(Topic::of(what).0, Topic::Faults) || matches!(what, What::Commanded { .. })
}

/// Nodes of an event.
const fn nodes(what: &What) -> (Option<NodeId>, Option<NodeId>) {
    match *what {
        What::Sent { from, to, .. }
        | What::Delivered { from, to, .. }
        | What::Lost { from, to, .. }
        | What::Duplicated { from, to, .. }
        | What::Delayed { from, to, .. }
        | What::Cut { from, to }
        | What::Healed { from, to }
        | What::Slowed { from, to, .. } => (Some(from), Some(to)),
        _ => (what.node(), None),
    }
}

/// The correlation id of an event, where it has one.
const fn order(what: &What) -> Option<i32> {
    let id = match *what {
        What::Sent { args, .. }
        | What::Delivered { args, .. }
        | What::Lost { args, .. }
        | What::Duplicated { args, .. }
        | What::Local { args, .. }
        | What::Writing { args, .. }
        | What::Written { args, .. }
        | What::Refused { args, .. }
        | What::Observed { args, .. } => args[0],
        What::Commanded { value, .. } => value,
        _ => 0,
    };
    if id > 0 { Some(id) } else { None }
}

/// What is let through.
#[derive(Clone, PartialEq, Default)]
struct Filter {
    node: Option<NodeId>,
    hidden: Vec<Topic>,
    order: Option<i32>,
    words: String,
}

impl Filter {
    fn lets(&self, what: &What) -> bool {
        let (a, b) = nodes(what);
        !self.hidden.contains(&Topic::of(what).0)
            && self.node.is_none_or(|n| a == Some(n) || b == Some(n))
            && self.order.is_none_or(|id| order(what) == Some(id))
    }
}

/// A step with the events that are shown.
#[derive(Clone, PartialEq)]
struct Group {
    state: u32,
    events: Vec<u32>,
}

fn groups(story: &Story, filter: &Filter, sentence: &dyn Fn(&TraceEvent) -> String) -> Vec<Group> {
    let words = folded(filter.words.trim());
    let mut out = Vec::new();
    for state in 1..=story.run.len() {
        let (first, events) = story.run.step_events(state);
        let shown: Vec<u32> = events
            .iter()
            .enumerate()
            .filter(|(_, e)| filter.lets(&e.what))
            .filter(|(_, e)| words.is_empty() || folded(&sentence(e)).contains(&words))
            .map(|(i, _)| first + i as u32)
            .collect();
        if !shown.is_empty() {
            out.push(Group { state, events: shown });
        }
    }
    out
}

/// The journal.
#[component]
pub fn JournalView() -> impl IntoView {
    let lab = use_lab();
    let filter = RwSignal::new(Filter::default());
    let groups = Memo::new(move |_| {
        let speaker = lab.speaker();
        filter.with(|f| lab.story.with(|s| groups(s, f, &|e| speaker.sentence(e))))
    });
    // The place of the newest shown step at or before the playhead; `None` before the first.
    let now = Memo::new(move |_| {
        let state = lab.state.get();
        groups.with(|g| g.partition_point(|group| group.state <= state).checked_sub(1))
    });
    // The window: places of the first and after the last group that are drawn.
    let window = RwSignal::new((0usize, WINDOW));
    Effect::new(move |_| {
        let (len, now) = (groups.with(Vec::len), now.get().unwrap_or(0));
        let (from, to) = window.get_untracked();
        let inside = (from == 0 || now >= from + 8) && (to >= len || now + 8 < to);
        if !inside || to > len.max(WINDOW) {
            let from = now.saturating_sub(WINDOW / 2);
            window.set((from, from + WINDOW));
        }
    });
    Effect::new(move |_| {
        let state = now.get().and_then(|place| groups.with_untracked(|g| g.get(place).map(|g| g.state)));
        window.track();
        match state {
            Some(state) => browser::into_view(&format!(".j-step[data-step=\"{state}\"]")),
            None => browser::into_view(".j-start"),
        }
    });
    let list = move || {
        let (from, to) = window.get();
        groups.with(|g| {
            let to = to.min(g.len());
            let from = from.min(to);
            g[from..to].iter().enumerate().map(|(i, group)| step(lab, now, from + i, group)).collect_view()
        })
    };
    let earlier = move || window.get().0;
    let later = move || groups.with(Vec::len).saturating_sub(window.get().1);
    view! {
        <div class="journal">
            <Filters filter shown=Signal::derive(move || groups.with(|g| g.iter().map(|g| g.events.len()).sum()))/>
            {move || {
                (earlier() > 0)
                    .then(|| {
                        view! {
                            <button class="btn small j-more" on:click=move |_| {
                                window.update(|w| w.0 = w.0.saturating_sub(MORE));
                            }>
                                <Icon name="chevron-up"/>
                                {say(lab.lang.get(), "ui.journal.earlier", &[("n", &count(lab.lang.get(), earlier() as i64))])}
                            </button>
                        }
                    })
            }}
            <button class="j-start" class:now=move || now.get().is_none() on:click=move |_| lab.send(Command::Home)>
                <span class="j-n">"0"</span>
                {move || t(lab.lang.get(), "ui.journal.start")}
            </button>
            <ol class="j-list" class:fresh=move || now.get().is_none()>{list}</ol>
            {move || {
                groups
                    .with(Vec::is_empty)
                    .then(|| view! { <p class="empty">{t(lab.lang.get(), "ui.journal.none")}</p> })
            }}
            {move || {
                (later() > 0)
                    .then(|| {
                        view! {
                            <button class="btn small j-more" on:click=move |_| window.update(|w| w.1 += MORE)>
                                <Icon name="chevron-down"/>
                                {say(lab.lang.get(), "ui.journal.later", &[("n", &count(lab.lang.get(), later() as i64))])}
                            </button>
                        }
                    })
            }}
        </div>
    }
}

/// One step.
fn step(lab: Lab, now: Memo<Option<usize>>, place: usize, group: &Group) -> impl IntoView + use<> {
    let state = group.state;
    let events = group.events.clone();
    let is_now = move || now.get() == Some(place);
    let time = move || duration(lab.lang.get(), lab.story.with(|s| s.run.time(state).micros));
    view! {
        <li class="j-step" class:now=is_now data-step=state.to_string() aria-current=move || is_now().then_some("step")>
            <button
                class="j-n"
                on:click=move |_| lab.send(Command::Seek(state))
            >
                <span class="visually-hidden">{move || t(lab.lang.get(), "ui.transport.at")}" "</span>
                <b>{move || count(lab.lang.get(), state)}</b>
                " "
                <span>{time}</span>
            </button>
            <ul class="j-events">{events.into_iter().map(|event| row(lab, state, event)).collect_view()}</ul>
        </li>
    }
}

/// One sentence.
fn row(lab: Lab, state: u32, event: u32) -> impl IntoView {
    // The story may have been replaced by a shorter one while this row is still there.
    let found = move || lab.story.with(|s| s.run.events().get(event as usize).copied());
    let what = lab.story.with_untracked(|s| s.run.events().get(event as usize).map(|e| e.what));
    let (_, icon, class) = what.as_ref().map_or((Topic::Facts, "info", ""), Topic::of);
    let selected = move || {
        let Some(what) = what else { return "" };
        match lab.selection.get() {
            Some(Selection::Event(e)) if e == event => "sel",
            Some(Selection::Flight(msg)) => match what {
                What::Sent { msg: m, .. }
                | What::Delivered { msg: m, .. }
                | What::Lost { msg: m, .. }
                | What::Delayed { msg: m, .. }
                | What::Duplicated { copy: m, .. }
                    if m == msg =>
                {
                    "sel"
                }
                _ => "",
            },
            Some(Selection::Node(n)) if nodes(&what).0 == Some(n) || nodes(&what).1 == Some(n) => "near",
            Some(Selection::Link(a, b)) if matches!(nodes(&what), (Some(x), Some(y)) if (x, y) == (a, b) || (x, y) == (b, a)) => {
                "near"
            }
            _ if lab.past.with(|past| past.contains(&event)) => "past",
            _ => "",
        }
    };
    // Of a message, which has several rows, its sending explains itself.
    let begins = matches!(what, Some(What::Sent { .. } | What::Duplicated { .. }));
    let explains = Memo::new(move |_| {
        selected() == "sel" && (begins || lab.selection.get() == Some(Selection::Event(event)))
    });
    view! {
        <li>
            <button
                class=move || format!("j-row {class} {}", selected())
                on:click=move |_| {
                    lab.send(Command::Seek(state));
                    lab.send(Command::Select(Some(Selection::Event(event))));
                }
            >
                <Icon name=icon/>
                <span>{move || found().map(|e| lab.speaker().sentence(&e))}</span>
            </button>
            {move || explains.get().then(|| detail(lab, event))}
        </li>
    }
}

/// What to show.
#[component]
fn Filters(filter: RwSignal<Filter>, shown: Signal<usize>) -> impl IntoView {
    let lab = use_lab();
    let open = RwSignal::new(false);
    let orders = Memo::new(move |_| {
        lab.story.with(|s| {
            let mut ids = BTreeSet::new();
            for event in s.run.events() {
                if let Some(id) = order(&event.what) {
                    ids.insert(id);
                    if ids.len() > ORDERS {
                        break;
                    }
                }
            }
            ids.into_iter().collect::<Vec<_>>()
        })
    });
    let topic = move |topic: Topic| {
        let on = move || filter.with(|f| !f.hidden.contains(&topic));
        view! {
            <button
                class="chip"
                aria-pressed=move || on().to_string()
                on:click=move |_| {
                    filter.update(|f| match f.hidden.iter().position(|h| *h == topic) {
                        Some(i) => {
                            f.hidden.remove(i);
                        }
                        None => f.hidden.push(topic),
                    });
                }
            >
                {move || topic.word(lab.lang.get())}
            </button>
        }
    };
    let of_nodes = move || {
        let speaker = lab.speaker();
        let chosen = filter.with(|f| f.node);
        let how_many = lab.story.with(|s| s.run.stage.nodes.len());
        (0..how_many)
            .map(|i| {
                let id = NodeId(i as u8);
                let name = speaker.node(id).into_owned();
                view! { <option value=i.to_string() selected=chosen == Some(id)>{name}</option> }
            })
            .collect_view()
    };
    let of_orders = move || {
        let lang = lab.lang.get();
        let chosen = filter.with(|f| f.order);
        orders
            .get()
            .into_iter()
            .map(|id| {
                let name = say(lang, "ui.journal.order", &[("n", &count(lang, id))]);
                view! { <option value=id.to_string() selected=chosen == Some(id)>{name}</option> }
            })
            .collect_view()
    };
    let filtered = move || filter.with(|f| *f != Filter::default());
    view! {
        <div class="j-filters" role="search" aria-label=move || t(lab.lang.get(), "ui.journal.filter")>
            <div class="j-find">
                <label class="find">
                    <Icon name="search"/>
                    <span class="sr">{move || t(lab.lang.get(), "ui.journal.search")}</span>
                    <input
                        class="input"
                        type="search"
                        autocomplete="off"
                        placeholder=move || t(lab.lang.get(), "ui.journal.search")
                        prop:value=move || filter.with(|f| f.words.clone())
                        on:input=move |event| filter.update(|f| f.words = event_target_value(&event))
                    />
                </label>
                <button
                    class="icon-btn quiet"
                    aria-expanded=move || open.get().to_string()
                    aria-label=move || t(lab.lang.get(), "ui.journal.filter")
                    title=move || t(lab.lang.get(), "ui.journal.filter")
                    on:click=move |_| open.update(|o| *o = !*o)
                >
                    <Icon name="filter"/>
                </button>
            </div>
            <Show when=move || open.get()>
                <div class="j-chips" role="group">{Topic::ALL.map(topic)}</div>
                <div class="j-selects">
                    <label>
                        <span class="sr">{move || t(lab.lang.get(), "ui.journal.node")}</span>
                        <select class="select" on:change=move |event| {
                            let node = event_target_value(&event).parse().ok().map(NodeId);
                            filter.update(|f| f.node = node);
                        }>
                            <option value="">{move || t(lab.lang.get(), "ui.journal.all-nodes")}</option>
                            {of_nodes}
                        </select>
                    </label>
                    {move || {
                        (orders.with(Vec::len) > 1)
                            .then(|| {
                                view! {
                                    <label>
                                        <span class="sr">{move || t(lab.lang.get(), "ui.journal.orders")}</span>
                                        <select class="select" on:change=move |event| {
                                            let id = event_target_value(&event).parse().ok();
                                            filter.update(|f| f.order = id);
                                        }>
                                            <option value="">
                                                {move || t(lab.lang.get(), "ui.journal.all-orders")}
                                            </option>
                                            {of_orders}
                                        </select>
                                    </label>
                                }
                            })
                    }}
                </div>
            </Show>
            {move || {
                filtered()
                    .then(|| {
                        let lang = lab.lang.get();
                        let n = count(lang, shown.get() as i64);
                        view! {
                            <p class="j-count" role="status">
                                {say(lang, "ui.journal.count", &[("n", &n)])}
                                <button class="btn small quiet" on:click=move |_| filter.set(Filter::default())>
                                    {t(lang, "ui.journal.clear")}
                                </button>
                            </p>
                        }
                    })
            }}
        </div>
    }
}
