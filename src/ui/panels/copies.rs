//! Convergence: a lane for each copy of data, over the same axis as the time line. It stands as high
//! as the copy is behind its source.

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::promises::{Row, close};
use super::{as_percent, count, percent_of, playhead, seek_on};
use crate::texts::{duration, say, t};
use crate::trace::Speaker;
use crate::trace::copies::{KeptCopy, Lag, Outcome};
use crate::ui::icons::Icon;
use crate::ui::lab::{Lab, Story};
use crate::ui::reactive::{Memo, RwSignal};
use crate::ui::{Command, Selection, use_lab};

/// Most spans of a lane: more cannot be told apart.
const SPANS: usize = 300;
/// Changes that a full lane stands for at least: a single one is little.
const FULL: u32 = 2;

/// A copy at a glance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Absent,
    Fresh,
    Behind,
    Lost,
}

impl Look {
    const fn of(lag: Option<Lag>) -> Self {
        match lag {
            None => Self::Absent,
            Some(Lag { lost: Some(_), .. }) => Self::Lost,
            Some(Lag { behind: 0, .. }) => Self::Fresh,
            Some(_) => Self::Behind,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Absent => "mood-idle",
            Self::Fresh => "is-ok",
            Self::Behind => "mood-stale",
            Self::Lost => "is-bad",
        }
    }

    const fn icon(self) -> &'static str {
        match self {
            Self::Absent => "minus",
            Self::Fresh => "check",
            Self::Behind => "mood-stale",
            Self::Lost => "cross",
        }
    }
}

/// How far it is behind, in a word or two.
fn word(speaker: &Speaker, lag: Option<Lag>) -> String {
    match lag {
        None => t(speaker.lang, "ui.copies.absent").to_owned(),
        Some(Lag { behind: 0, lost: None }) => t(speaker.lang, "ui.copies.fresh").to_owned(),
        Some(Lag { behind, .. }) => {
            say(speaker.lang, "ui.copies.behind", &[("n", &count(speaker.lang, behind))])
        }
    }
}

/// What became of it: its look, and the words.
fn ending(story: &Story, speaker: &Speaker, copy: &KeptCopy) -> (Look, &'static str) {
    let (look, name) = match copy.outcome(&story.run) {
        Outcome::Converged => (Look::Fresh, "ui.copies.converged"),
        Outcome::WhenQuiet => (Look::Behind, "ui.copies.when-quiet"),
        Outcome::Left => (Look::Behind, "ui.copies.left"),
        Outcome::Never(_) => (Look::Lost, "ui.copies.never"),
    };
    (look, t(speaker.lang, name))
}

/// Why it can never be equal again, if that is how it ends.
fn reason(story: &Story, speaker: &Speaker, copy: &KeptCopy) -> Option<String> {
    match copy.outcome(&story.run) {
        Outcome::Never(why) => Some(speaker.label(&why)),
        _ => None,
    }
}

/// Spans of a lane: first and last state, look, and how far behind; neighbours that are too many melt,
/// the furthest one wins.
fn spans(story: &Story, copy: &KeptCopy) -> Vec<(u32, u32, Look, u32)> {
    let mut out: Vec<(u32, u32, Look, u32)> = Vec::new();
    let melt = copy.lags.changes().len().div_ceil(SPANS).max(1);
    for (i, (from, to, lag)) in copy.lags.spans(story.run.len()).enumerate() {
        let (look, behind) = (Look::of(lag), lag.map_or(0, |lag| lag.behind));
        match out.last_mut() {
            Some(last) if i % melt != 0 => {
                last.1 = to;
                if behind >= last.3 {
                    (last.2, last.3) = (look, behind);
                }
            }
            _ => out.push((from, to, look, behind)),
        }
    }
    out
}

/// Reads a copy of the story; nothing when the story was replaced by one without it.
fn read<T>(lab: Lab, copy: usize, of: impl FnOnce(&Story, &Speaker, &KeptCopy) -> T) -> Option<T> {
    let speaker = lab.speaker();
    lab.story.with(|s| s.run.copies().get(copy).map(|copy| of(s, &speaker, copy)))
}

fn name(lab: Lab, copy: usize) -> String {
    let name = read(lab, copy, |_, speaker, copy| {
        format!("{} · {}", speaker.label(&copy.name), speaker.node(copy.node))
    });
    name.unwrap_or_default()
}

/// How far it is behind at the playhead.
fn lag_now(lab: Lab, copy: usize) -> Option<Lag> {
    let state = lab.state.get();
    lab.story.with(|s| s.run.copies().get(copy)?.at(state))
}

/// A row for each copy.
#[component]
pub fn CopyRows(open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let how_many = Memo::new(move |_| lab.story.with(|s| s.run.copies().len()));
    view! { {move || (0..how_many.get()).map(|copy| view! { <CopyRow copy open/> }).collect_view()} }
}

#[component]
fn CopyRow(copy: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let row = Row::Copy(copy);
    let lag = Memo::new(move |_| lag_now(lab, copy));
    let look = move || Look::of(lag.get());
    let is_open = move || open.get() == Some(row);
    let end = move || {
        read(lab, copy, |story, speaker, copy| {
            let (look, what) = ending(story, speaker, copy);
            let class = format!("copy-end {}", look.class());
            let says = say(speaker.lang, "ui.copies.at-end", &[("what", &what)]);
            view! { <p class=class title=reason(story, speaker, copy)><Icon name=look.icon()/><span>{says}</span></p> }
        })
    };
    view! {
        <div class="lane lane-grid copy" role="group" aria-label=move || name(lab, copy)>
            <div class="lane-name">
                <button
                    class=move || format!("lamp {}", look().class())
                    id=row.id()
                    aria-expanded=move || is_open().to_string()
                    aria-controls=format!("why-{}", row.id())
                    title=move || name(lab, copy)
                    on:click=move |_| {
                        let opens = !is_open();
                        open.set(opens.then_some(row));
                        let node = lab.story.with_untracked(|s| s.run.copies().get(copy).map(|c| c.node));
                        lab.send(Command::Select(node.filter(|_| opens).map(Selection::Node)));
                    }
                >
                    <span class="lamp-name">{move || name(lab, copy)}</span>
                    <span class="lamp-state">
                        {move || view! { <Icon name=look().icon()/> }}
                        <span class="lamp-word">{move || word(&lab.speaker(), lag.get())}</span>
                    </span>
                </button>
                {end}
            </div>
            <CopyBar copy open/>
            <Show when=is_open>
                <Why copy open/>
            </Show>
        </div>
    }
}

/// The lane itself: as high as the copy is behind.
#[component]
fn CopyBar(copy: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let bar = NodeRef::<html::Div>::new();
    let steps = move || {
        read(lab, copy, |story, speaker, kept| {
            let full = kept.furthest().map_or(0, |(_, behind)| behind).max(FULL);
            let spans: Vec<_> = spans(story, kept)
                .into_iter()
                .map(|(from, to, look, behind)| {
                    let (left, right) = (percent_of(story, from).min(99.4), percent_of(story, to));
                    let height = f64::from(behind) / f64::from(full) * 100.0;
                    view! {
                        <span
                            class=format!("copy-span {}", look.class())
                            style:left=as_percent(left)
                            style:width=as_percent((right - left).max(0.35))
                            style:height=as_percent(height)
                        ></span>
                    }
                })
                .collect_view();
            let lost = kept.lost_at().map(|state| {
                let says = say(speaker.lang, "ui.copies.go", &[("n", &count(speaker.lang, state))]);
                let left = percent_of(story, state);
                let class = if left > 97.0 { "copy-lost at-end" } else { "copy-lost" };
                view! {
                    <button
                        class=class
                        style:left=as_percent(left)
                        aria-label=format!("{}: {says}", speaker.label(&kept.name))
                        title=says
                        on:click=move |event| {
                            event.stop_propagation();
                            lab.send(Command::Seek(state));
                            open.set(Some(Row::Copy(copy)));
                        }
                    >
                        <Icon name="cross"/>
                    </button>
                }
            });
            view! { {spans} {lost} }
        })
    };
    view! {
        <div
            class="lane-bar copy-bar"
            node_ref=bar
            on:click=move |event| {
                let Some(bar) = bar.get_untracked() else { return };
                let place = bar.get_bounding_client_rect();
                seek_on(lab, event.client_x(), place.left(), place.width());
            }
        >
            {steps}
            <div class="lane-veil" style:left=move || playhead(lab)></div>
        </div>
    }
}

/// A button that goes to a step.
fn go(lab: Lab, icon: &'static str, state: u32, says: String) -> impl IntoView + use<> {
    view! {
        <button class="btn small" on:click=move |_| lab.send(Command::Seek(state))>
            <Icon name=icon/>
            {says}
        </button>
    }
}

/// How far a copy is behind, since when, and what becomes of it.
#[component]
fn Why(copy: usize, open: RwSignal<Option<Row>>) -> impl IntoView {
    let lab = use_lab();
    let row = Row::Copy(copy);
    let lag = Memo::new(move |_| lag_now(lab, copy));
    let says = move || {
        let (lag, state) = (lag.get(), lab.state.get());
        read(lab, copy, |story, speaker, copy| {
            let lang = speaker.lang;
            match lag {
                None => t(lang, "ui.copies.says-absent").to_owned(),
                Some(Lag { lost: Some(why), .. }) => {
                    say(lang, "ui.copies.says-never", &[("why", &speaker.label(&why))])
                }
                Some(Lag { behind: 0, .. }) => t(lang, "ui.copies.says-fresh").to_owned(),
                Some(Lag { behind, .. }) => {
                    let since = copy.behind_since(state).unwrap_or(state);
                    let time = (story.run.time(state) - story.run.time(since)).micros;
                    let values = [("n", &count(lang, behind)), ("time", &duration(lang, time))];
                    say(lang, "ui.copies.says-behind", &values.map(|(n, v)| (n, v as _)))
                }
            }
        })
    };
    let end = move || {
        // The reason once: it is what is said of now already, where a copy is lost already.
        let lost_now = Look::of(lag.get()) == Look::Lost;
        read(lab, copy, |story, speaker, copy| {
            let (look, what) = ending(story, speaker, copy);
            let what = match reason(story, speaker, copy) {
                Some(why) if !lost_now => format!("{what}: {why}"),
                _ => what.to_owned(),
            };
            let says = say(speaker.lang, "ui.copies.at-end", &[("what", &what)]);
            view! { <p class=format!("copy-says {}", look.class())><Icon name=look.icon()/><span>{says}</span></p> }
        })
    };
    let places = move || {
        read(lab, copy, |story, speaker, copy| {
            let lang = speaker.lang;
            let furthest = copy.furthest().map(|(state, behind)| {
                let values = [("n", &count(lang, behind)), ("step", &count(lang, state))];
                go(
                    lab,
                    "mood-stale",
                    state,
                    say(lang, "ui.copies.furthest", &values.map(|(n, v)| (n, v as _))),
                )
            });
            let lost = copy.lost_at().map(|state| {
                let time = duration(lang, story.run.time(state).micros);
                let values = [("n", &count(lang, state)), ("time", &time)];
                go(lab, "flag", state, say(lang, "ui.copies.lost", &values.map(|(n, v)| (n, v as _))))
            });
            view! { {furthest} {lost} }
        })
    };
    view! {
        <div
            class="popover promise-why copy-why"
            id=format!("why-{}", row.id())
            role="region"
            aria-label=move || name(lab, copy)
        >
            <div class="why-head">
                <h3>{move || name(lab, copy)}</h3>
                <span class=move || {
                    format!("pill {}", Look::of(lag.get()).class())
                }>{move || view! { <Icon name=Look::of(lag.get()).icon()/> }} {move || word(&lab.speaker(), lag.get())}</span>
                <button
                    class="icon-btn quiet small"
                    aria-label=move || t(lab.lang.get(), "ui.close")
                    on:click=move |_| close(open, row)
                >
                    <Icon name="close"/>
                </button>
            </div>
            <p class="why-says">{says}</p>
            <CopyBar copy open/>
            {end}
            <div class="copy-places">{places}</div>
        </div>
    }
}
