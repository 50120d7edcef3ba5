//! Promises: a lamp and a lane each, over the same axis as the time line.

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::copies::CopyRows;
use super::{as_percent, count, percent_of, playhead, seek_on};
use crate::patterns::pattern::Verdict;
use crate::texts::{Lang, duration, say, t};
use crate::ui::icons::Icon;
use crate::ui::lab::{Lab, Story};
use crate::ui::reactive::{Memo, RwSignal};
use crate::ui::{Command, Selection, browser, use_lab};

/// Most spans of a lane: more cannot be told apart.
const SPANS: usize = 300;

/// A row that can explain itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Row {
    /// A promise.
    Promise(usize),
    /// A copy of data.
    Copy(usize),
}

impl Row {
    /// The identity of its button in the page; what it opens has the same with a `why-` before it.
    pub(super) fn id(self) -> String {
        match self {
            Self::Promise(i) => format!("lamp-{i}"),
            Self::Copy(i) => format!("copy-{i}"),
        }
    }
}

/// A verdict at a glance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Lamp {
    /// It holds.
    Holds,
    /// Untrue for now.
    NotYet,
    /// Broken.
    Broken,
}

impl Lamp {
    pub(super) const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Self::Holds,
            Verdict::NotYet(_) => Self::NotYet,
            Verdict::Broken(_) => Self::Broken,
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Holds => "is-ok",
            Self::NotYet => "is-wait",
            Self::Broken => "is-bad",
        }
    }

    pub(super) const fn icon(self) -> &'static str {
        match self {
            Self::Holds => "check",
            Self::NotYet => "not-yet",
            Self::Broken => "cross",
        }
    }

    pub(super) fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Holds => t(lang, "verdict.holds"),
            Self::NotYet => t(lang, "verdict.not-yet"),
            Self::Broken => t(lang, "verdict.broken"),
        }
    }
}

/// The spans of a lane: first and last state, and the lamp; neighbours that are too many melt, the
/// graver one wins.
fn spans(story: &Story, promise: usize) -> Vec<(u32, u32, Lamp)> {
    let mut out: Vec<(u32, u32, Lamp)> = Vec::new();
    let changes = story.run.verdicts(promise).changes().len();
    let melt = changes.div_ceil(SPANS).max(1);
    for (i, (from, to, verdict)) in story.run.verdicts(promise).spans(story.run.len()).enumerate() {
        let lamp = Lamp::of(verdict);
        match out.last_mut() {
            Some(last) if last.2 == lamp || i % melt != 0 => {
                last.1 = to;
                last.2 = last.2.max(lamp);
            }
            _ => out.push((from, to, lamp)),
        }
    }
    out
}

/// The name of a promise.
pub(super) fn promise_name(lab: Lab, promise: usize) -> String {
    let speaker = lab.speaker();
    let id = speaker.pattern.promises.get(promise).map_or("", |p| p.id);
    speaker.find(&format!("promise.{id}")).unwrap_or(id).to_owned()
}

/// Whether a promise holds from the first state to the last: its lane would say nothing.
fn is_steady(story: &Story, promise: usize) -> bool {
    let changes = story.run.verdicts(promise).changes();
    changes.iter().all(|(_, verdict)| Lamp::of(*verdict) == Lamp::Holds)
}

/// The lamps and their lanes. Promises that hold all along share one line.
#[component]
pub fn PromiseLanes() -> impl IntoView {
    let lab = use_lab();
    // Which row explains itself.
    let open = RwSignal::new(None::<Row>);
    let sorted = Memo::new(move |_| {
        lab.story.with(|s| {
            let all = 0..s.run.stage.pattern.promises.len();
            let (steady, lanes): (Vec<_>, Vec<_>) = all.partition(|p| is_steady(s, *p));
            // One alone is as well shown as a lane.
            if steady.len() > 1 {
                (lanes, steady)
            } else {
                ((0..lanes.len() + steady.len()).collect(), Vec::new())
            }
        })
    });
    view! {
        <div
            class="lanes"
            role="group"
            aria-label=move || t(lab.lang.get(), "ui.promises")
            on:keydown=move |event| {
                if let (true, Some(row)) = (event.key() == "Escape", open.get_untracked()) {
                    event.prevent_default();
                    event.stop_propagation();
                    close(open, row);
                }
            }
        >
            {move || sorted.with(|(lanes, _)| lanes.iter().map(|i| view! { <Lane promise=*i open/> }).collect_view())}
            <CopyRows open/>
            {move || {
                sorted
                    .with(|(lanes, steady)| {
                        (!steady.is_empty())
                            .then(|| {
                                let lang = lab.lang.get();
                                let name = if lanes.is_empty() {
                                    t(lang, "ui.promises.steady-all")
                                } else {
                                    t(lang, "ui.promises.steady")
                                };
                                let lamps = steady.iter().map(|i| view! { <Steady promise=*i open/> }).collect_view();
                                view! {
                                    <div class="lane lane-grid steady">
                                        <p class="lane-name">{name}</p>
                                        <div class="steady-lamps">{lamps}</div>
                                    </div>
                                }
                            })
                    })
            }}
        </div>
    }
}

/// Closes what a row has opened; its button has the focus again.
pub(super) fn close(open: RwSignal<Option<Row>>, row: Row) {
    open.set(None);
    browser::focus(&format!("#{}", row.id()));
}

/// A promise that holds all along.
#[component]
fn Steady(promise: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    view! {
        <span class="lamp-place">
            <LampButton promise open/>
            <Show when=move || open.get() == Some(Row::Promise(promise))>
                <Why promise open/>
            </Show>
        </span>
    }
}

/// The lamp: name, shape and word; a click says why.
#[component]
fn LampButton(promise: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let lamp = Memo::new(move |_| {
        let state = lab.state.get();
        lab.story.with(|s| s.run.verdicts(promise).at(state).map_or(Lamp::NotYet, Lamp::of))
    });
    let is_open = move || open.get() == Some(Row::Promise(promise));
    view! {
        <button
            class=move || format!("lamp {}", lamp.get().class())
            id=Row::Promise(promise).id()
            aria-expanded=move || is_open().to_string()
            aria-controls=format!("why-{}", Row::Promise(promise).id())
            title=move || promise_name(lab, promise)
            on:click=move |_| {
                let opens = !is_open();
                open.set(opens.then_some(Row::Promise(promise)));
                lab.send(Command::Select(opens.then_some(Selection::Promise(promise))));
            }
        >
            <span class="lamp-name">{move || promise_name(lab, promise)}</span>
            <span class="lamp-state">
                {move || view! { <Icon name=lamp.get().icon()/> }}
                <span class="lamp-word">{move || lamp.get().word(lab.lang.get())}</span>
            </span>
        </button>
    }
}

#[component]
fn Lane(promise: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let bar = NodeRef::<html::Div>::new();
    let name = Memo::new(move |_| promise_name(lab, promise));
    let is_open = move || open.get() == Some(Row::Promise(promise));
    let lane = move || {
        let lang = lab.lang.get();
        lab.story.with(|s| {
            spans(s, promise)
                .into_iter()
                .map(|(from, to, lamp)| {
                    let (left, right) = (percent_of(s, from), percent_of(s, to));
                    // What begins at the very end still shows.
                    let left = left.min(99.4);
                    let end = if right - left < 1.0 && right > 99.9 { " at-end" } else { "" };
                    let class = format!("lane-span {}{end}", lamp.class());
                    let (left, width) = (as_percent(left), as_percent((right - left).max(0.35)));
                    if lamp == Lamp::Broken {
                        let says = say(lang, "ui.promises.go", &[("n", &count(lang, from))]);
                        view! {
                            <button
                                class=class
                                style:left=left
                                style:width=width
                                aria-label=format!("{}: {says}", name.get())
                                title=says
                                on:click=move |event| {
                                    event.stop_propagation();
                                    lab.send(Command::Seek(from));
                                    open.set(Some(Row::Promise(promise)));
                                }
                            >
                                <Icon name="cross"/>
                            </button>
                        }
                        .into_any()
                    } else {
                        view! { <span class=class style:left=left style:width=width></span> }.into_any()
                    }
                })
                .collect_view()
        })
    };
    view! {
        <div class="lane lane-grid" class:sel=move || lab.selection.get() == Some(Selection::Promise(promise))>
            <div class="lane-name"><LampButton promise open/></div>
            <div
                class="lane-bar"
                node_ref=bar
                on:click=move |event| {
                    let Some(bar) = bar.get_untracked() else { return };
                    let place = bar.get_bounding_client_rect();
                    seek_on(lab, event.client_x(), place.left(), place.width());
                }
            >
                {lane}
                <div class="lane-veil" style:left=move || playhead(lab)></div>
            </div>
            <Show when=is_open>
                <Why promise open/>
            </Show>
        </div>
    }
}

/// Why a lamp shows what it shows.
#[component]
fn Why(promise: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let verdict = move || {
        let state = lab.state.get();
        lab.story.with(|s| s.run.verdicts(promise).at(state))
    };
    let lamp = move || verdict().map_or(Lamp::NotYet, Lamp::of);
    let why = move || {
        let label = match verdict()? {
            Verdict::Holds => return Some(t(lab.lang.get(), "ui.promises.holds-now").to_owned()),
            Verdict::NotYet(why) | Verdict::Broken(why) => why,
        };
        Some(lab.speaker().label(&label))
    };
    let about = move || {
        let speaker = lab.speaker();
        let id = speaker.pattern.promises.get(promise).map_or("", |p| p.id);
        speaker.find(&format!("promise.{id}.about"))
    };
    let broke =
        move || lab.story.with(|s| s.run.broken_at(promise).map(|state| (state, s.run.time(state).micros)));
    view! {
        <div
            class="popover promise-why"
            id=format!("why-{}", Row::Promise(promise).id())
            role="region"
            aria-label=move || promise_name(lab, promise)
        >
            <div class="why-head">
                <h3>{move || promise_name(lab, promise)}</h3>
                <span class=move || {
                    format!("pill {}", lamp().class())
                }>{move || view! { <Icon name=lamp().icon()/> }} {move || lamp().word(lab.lang.get())}</span>
                <button
                    class="icon-btn quiet small"
                    aria-label=move || t(lab.lang.get(), "ui.close")
                    on:click=move |_| close(open, Row::Promise(promise))
                >
                    <Icon name="close"/>
                </button>
            </div>
            <p class="why-says">{why}</p>
            {move || about().map(|about| view! { <p class="soft">{about}</p> })}
            {move || {
                broke()
                    .map(|(state, micros)| {
                        let lang = lab.lang.get();
                        let time = duration(lang, micros);
                        let n = count(lang, state);
                        view! {
                            <button class="btn small" on:click=move |_| lab.send(Command::Seek(state))>
                                <Icon name="flag"/>
                                {say(lang, "ui.promises.broke", &[("n", &n), ("time", &time)])}
                            </button>
                        }
                    })
            }}
        </div>
    }
}
