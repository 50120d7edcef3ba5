//! The time line: the whole run on the story's axis, and the playhead on it.

use std::fmt::Write;

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::{as_percent, count, percent, percent_of, playhead, run_name};
use crate::sorted::{sort, sort_many};
use crate::texts::{Lang, duration, say, t};
use crate::trace::chart::Marked;
use crate::ui::decimal::fixed;
use crate::ui::icons::Icon;
use crate::ui::lab::{BranchView, Story};
use crate::ui::reactive::RwSignal;
use crate::ui::{Command, use_lab};

/// Most ticks drawn: more would touch on any screen.
const TICKS: f64 = 700.0;
/// Most branches drawn under the line; the tree in the setup shows all.
const TWIGS: usize = 4;

/// The time line.
#[component]
pub fn TimelineView() -> impl IntoView {
    let lab = use_lab();
    let track = NodeRef::<html::Div>::new();
    let dragging = RwSignal::new(false);
    // Where the pointer hovers, in percent.
    let hover = RwSignal::new(None::<f64>);
    let position_at = move |x: f64| {
        let place = track.get_untracked()?.get_bounding_client_rect();
        let share = ((x - place.left()) / place.width().max(1.0)).clamp(0.0, 1.0);
        Some(share * lab.story.with_untracked(|s| s.axis.len()))
    };
    let scrub = move |x: f64| {
        if let Some(position) = position_at(x) {
            lab.send(Command::SeekPosition(position));
        }
    };
    let now = move || {
        let (lang, state) = (lab.lang.get(), lab.state.get());
        lab.story.with(|s| {
            let time = duration(lang, s.run.time(state).micros);
            let (n, of) = (count(lang, state), count(lang, s.run.len()));
            say(lang, "ui.timeline.now", &[("n", &n), ("of", &of), ("time", &time)])
        })
    };
    let hovered = move || {
        let (lang, at) = (lab.lang.get(), hover.get()?);
        lab.story.with(|s| {
            let state = s.axis.state(at / 100.0 * s.axis.len());
            let time = duration(lang, s.run.time(state).micros);
            Some(say(lang, "ui.timeline.hover", &[("n", &count(lang, state)), ("time", &time)]))
        })
    };
    view! {
        <div class="tl lane-grid">
            <p class="lane-name tl-name" aria-hidden="true">{move || t(lab.lang.get(), "ui.timeline.time")}</p>
            <div class="tl-body">
                <div class="tl-marks">{move || lab.story.with(|s| marks(s))}</div>
                <div
                    class="tl-track"
                    class:dragging=dragging
                    node_ref=track
                    role="slider"
                    tabindex="0"
                    aria-label=move || t(lab.lang.get(), "ui.timeline")
                    aria-orientation="horizontal"
                    aria-valuemin="0"
                    aria-valuemax=move || lab.story.with(|s| s.run.len().to_string())
                    aria-valuenow=move || lab.state.get().to_string()
                    aria-valuetext=now
                    on:pointerdown=move |event| {
                        if event.button() != 0 {
                            return;
                        }
                        event.prevent_default();
                        if let Some(track) = track.get_untracked() {
                            let _ = track.set_pointer_capture(event.pointer_id());
                            let _ = track.focus();
                        }
                        dragging.set(true);
                        scrub(f64::from(event.client_x()));
                    }
                    on:pointermove=move |event| {
                        let x = f64::from(event.client_x());
                        if dragging.get_untracked() {
                            scrub(x);
                        }
                        hover.set(position_at(x).map(|p| lab.story.with_untracked(|s| percent(s, p))));
                    }
                    on:pointerup=move |_| dragging.set(false)
                    on:pointercancel=move |_| dragging.set(false)
                    on:lostpointercapture=move |_| dragging.set(false)
                    on:pointerleave=move |_| hover.set(None)
                    on:keydown=move |event| {
                        let shift = event.shift_key();
                        let command = match event.key().as_str() {
                            "ArrowRight" | "ArrowUp" if shift => Command::NextMark,
                            "ArrowLeft" | "ArrowDown" if shift => Command::PreviousMark,
                            "ArrowRight" | "ArrowUp" => Command::StepOn,
                            "ArrowLeft" | "ArrowDown" => Command::StepBack,
                            "PageUp" | "PageDown" => {
                                let len = lab.story.with_untracked(|s| s.run.len());
                                let far = (len / 10).max(1);
                                let state = lab.state.get_untracked();
                                let on = event.key() == "PageUp";
                                Command::Seek(if on { state + far } else { state.saturating_sub(far) })
                            }
                            "Home" => Command::Home,
                            "End" => Command::End,
                            _ => return,
                        };
                        event.prevent_default();
                        lab.send(command);
                    }
                >
                    {move || lab.story.with(|s| rail(s, lab.lang.get()))}
                    <div class="tl-played" style:width=move || playhead(lab)></div>
                    {move || {
                        hovered()
                            .map(|text| {
                                let at = hover.get().unwrap_or(0.0);
                                view! {
                                    <div class="tl-hover" class:to-left=(at > 85.0) style:left=as_percent(at)>
                                        <span>{text}</span>
                                    </div>
                                }
                            })
                    }}
                    <div class="tl-head" style:left=move || playhead(lab)></div>
                </div>
                <Twigs/>
            </div>
        </div>
    }
}

/// Ticks and folds.
fn rail(story: &Story, lang: Lang) -> impl IntoView + use<> {
    let mut ticks = String::new();
    let mut last = f64::NEG_INFINITY;
    for state in 0..story.axis.states() {
        let x = percent_of(story, state) * 10.0;
        if x - last >= 1000.0 / TICKS {
            let _ = write!(ticks, "M{} 0V6", fixed(x, 2));
            last = x;
        }
    }
    let folds = story
        .axis
        .folds()
        .iter()
        .map(|fold| {
            let (from, to) = (percent_of(story, fold.state), percent_of(story, fold.state + 1));
            let time = duration(lang, fold.micros);
            let text = say(lang, "ui.timeline.fold", &[("time", &time)]);
            // Words only where they have room.
            let words = (to - from > 6.0).then(|| view! { <span>{time}</span> });
            view! {
                <div class="tl-fold" class:tight=(to - from < 16.0) style:left=as_percent(from) style:width=as_percent(to - from) title=text>
                    {words}
                </div>
            }
        })
        .collect_view();
    view! {
        <div class="tl-rail"></div>
        <svg class="tl-ticks" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true">
            <path d=ticks vector-effect="non-scaling-stroke"/>
        </svg>
        {folds}
    }
}

/// One mark: several of a kind at one state count once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Broken,
    Fault,
    Command,
    Repair,
}

/// Every mark of a story: its state and what it is, in order of time, each once.
fn all_marks(story: &Story) -> Vec<(u32, Kind)> {
    let promises = 0..story.run.stage.pattern.promises.len();
    let broken = promises.filter_map(|p| story.run.broken_at(p)).map(|state| (state, Kind::Broken));
    let others = story.chart.marks.iter().map(|(state, marked)| {
        let kind = match marked {
            Marked::Fault => Kind::Fault,
            Marked::Command => Kind::Command,
            Marked::Repair => Kind::Repair,
        };
        (*state, kind)
    });
    let mut all: Vec<_> = broken.chain(others).collect();
    sort_many(&mut all, |a, b| a < b);
    all.dedup();
    all
}

/// Marks as buttons over the line. Of marks that would cover each other the graver one stays.
fn marks(story: &Story) -> impl IntoView + use<> {
    let lab = use_lab();
    let mut all = all_marks(story);
    sort_many(&mut all, |a, b| (a.1, a.0) < (b.1, b.0));
    let mut shown: Vec<(f64, u32, Kind)> = Vec::new();
    for (state, kind) in all {
        let x = percent_of(story, state);
        if shown.len() < 200 && shown.iter().all(|(other, ..)| (x - other).abs() >= 0.9) {
            shown.push((x, state, kind));
        }
    }
    sort(&mut shown, |a, b| a.1 < b.1);
    shown
        .into_iter()
        .map(|(x, state, kind)| {
            let (class, icon, text) = match kind {
                Kind::Broken => ("tl-mark broken", "flag", "ui.mark.broken"),
                Kind::Fault => ("tl-mark fault", "diamond", "ui.mark.fault"),
                Kind::Command => ("tl-mark command", "person", "ui.mark.command"),
                Kind::Repair => ("tl-mark repair", "plus", "ui.mark.repair"),
            };
            // What it says is made when it is asked for: sentences of a storm are many.
            let says = move || {
                let lang = lab.lang.get();
                let speaker = lab.speaker();
                let what = lab.story.with(|s| match kind {
                    Kind::Broken => (0..s.run.stage.pattern.promises.len())
                        .find(|p| s.run.broken_at(*p) == Some(state))
                        .map(|p| {
                            speaker
                                .find(&format!("promise.{}", s.run.stage.pattern.promises[p].id))
                                .unwrap_or_default()
                                .to_owned()
                        }),
                    _ => (s.run.step_events(state).1.iter())
                        .find(|e| super::journal::is_mark(&e.what))
                        .map(|e| speaker.sentence(e)),
                });
                let what = what.unwrap_or_default();
                match kind {
                    Kind::Broken => {
                        say(lang, "ui.mark.broken", &[("n", &count(lang, state)), ("what", &what)])
                    }
                    _ => say(
                        lang,
                        "ui.mark.event",
                        &[("n", &count(lang, state)), ("what", &what), ("kind", &t(lang, text))],
                    ),
                }
            };
            let edge = if x < 12.0 {
                " tip-start"
            } else if x > 88.0 {
                " tip-end"
            } else {
                ""
            };
            view! {
                <button
                    class=format!("{class}{edge}")
                    class:now=move || lab.state.get() == state
                    style:left=as_percent(x)
                    aria-label=says
                    data-tip=says
                    tabindex="-1"
                    on:click=move |_| lab.send(Command::Seek(state))
                >
                    <Icon name=icon/>
                </button>
            }
        })
        .collect_view()
}

/// The last state that a branch has in common with the current one.
fn common(all: &[BranchView], current: usize, other: usize) -> u32 {
    // Up from a branch to the first run: each ancestor with the last state shared with it.
    let line = |from: usize| {
        let mut out = vec![(from, u32::MAX)];
        let (mut at, mut shared) = (from, u32::MAX);
        while let Some(parent) = all[at].parent {
            if out.len() > all.len() {
                break;
            }
            shared = shared.min(all[at].fork);
            out.push((parent, shared));
            at = parent;
        }
        out
    };
    let (a, b) = (line(current), line(other));
    let meet = a.iter().find_map(|(x, i)| b.iter().find(|(y, _)| x == y).map(|(_, j)| (*i).min(*j)));
    meet.unwrap_or(0)
}

/// The other runs, leaving the line where they part from it.
#[component]
fn Twigs() -> impl IntoView {
    let lab = use_lab();
    let twigs = move || {
        let lang = lab.lang.get();
        let (all, current) = lab.branches.get();
        if all.len() < 2 {
            return None;
        }
        let others: Vec<usize> = (0..all.len()).rev().filter(|i| *i != current).take(TWIGS).collect();
        let rest = all.len() - 1 - others.len();
        let drawn = lab.story.with(|s| {
            others
                .iter()
                .enumerate()
                .map(|(row, &i)| {
                    let fork = common(&all, current, i).min(s.run.len());
                    let (from, to) =
                        (percent_of(s, fork), percent_of(s, all[i].len).max(percent_of(s, fork) + 4.0));
                    let name = run_name(lang, i);
                    let n = count(lang, fork);
                    let says = if all[i].broken {
                        say(lang, "ui.timeline.twig-broken", &[("run", &name), ("n", &n)])
                    } else {
                        say(lang, "ui.timeline.twig", &[("run", &name), ("n", &n)])
                    };
                    let from = from.min(90.0);
                    view! {
                        <button
                            class="tl-twig"
                            class:broken=all[i].broken
                            style:--row=row.to_string()
                            style:margin-left=as_percent(from)
                            style:width=as_percent((to.min(100.0) - from).max(8.0))
                            aria-label=says.clone()
                            title=says
                            on:click=move |_| lab.send(Command::SwitchBranch(i))
                        >
                            <span>{name}</span>
                        </button>
                    }
                })
                .collect_view()
        });
        let more =
            (rest > 0).then(|| say(lang, "ui.timeline.more-runs", &[("n", &count(lang, rest as i64))]));
        Some(view! {
            <div class="tl-twigs" role="group" aria-label=t(lang, "ui.branches")>
                {drawn}
                {more.map(|more| view! { <p class="tl-more">{more}</p> })}
            </div>
        })
    };
    view! { {twigs} }
}

// In the browser, like all that is built with the feature `ui` (`scripts/test`).
#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const fn branch(parent: Option<usize>, fork: u32) -> BranchView {
        BranchView { parent, fork, len: 20, broken: false }
    }

    #[wasm_bindgen_test]
    fn runs_share_what_all_forks_between_them_share() {
        let all = [branch(None, 0), branch(Some(0), 8), branch(Some(1), 12), branch(Some(0), 3)];
        assert_eq!(common(&all, 0, 1), 8);
        assert_eq!(common(&all, 0, 2), 8);
        assert_eq!(common(&all, 1, 2), 12);
        assert_eq!(common(&all, 2, 3), 3);
        assert_eq!(common(&all, 3, 3), u32::MAX);
    }
}
