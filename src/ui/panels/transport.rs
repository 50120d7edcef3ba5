//! Transport: play, step, speed; where we are; seed, run and cost.

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::{count, run_name};
use crate::texts::{duration, say, t};
use crate::trace::cost::Cost;
use crate::ui::command::SPEEDS;
use crate::ui::icons::Icon;
use crate::ui::lab::Lab;
use crate::ui::reactive::Memo;
use crate::ui::{Command, use_lab};

/// The transport. A brief one plays and steps; the whole one also has seed, runs and cost.
#[component]
pub fn Transport(
    /// Without seed, runs and cost.
    brief: bool,
) -> impl IntoView {
    let lab = use_lab();
    view! {
        <div class="transport" class:brief=brief>
            <Buttons/>
            <Readout/>
            {(!brief)
                .then(|| {
                    view! {
                        <Seed/>
                        <Runs/>
                        <span class="grow"></span>
                        <CostLine lab/>
                        <History/>
                    }
                })}
        </div>
    }
}

/// A button of the transport: its icon, its text, its key, its command.
fn button(
    lab: Lab,
    class: &'static str,
    icon: &'static str,
    text: &'static str,
    key: &'static str,
    command: Command,
) -> impl IntoView {
    view! {
        <button
            class=class
            aria-label=move || t(lab.lang.get(), text)
            data-tip=move || t(lab.lang.get(), text)
            data-key=key
            on:click=move |_| lab.send(command.clone())
        >
            <Icon name=icon/>
        </button>
    }
}

/// The row a thumb reaches.
#[component]
fn Buttons() -> impl IntoView {
    let lab = use_lab();
    let playing = move || lab.playing.get();
    let play =
        move || t(lab.lang.get(), if playing() { "ui.transport.pause" } else { "ui.transport.play" });
    let names = ["¼×", "½×", "1×", "2×", "4×", "8×"];
    view! {
        <div class="transport-buttons" role="group" aria-label=move || t(lab.lang.get(), "ui.transport")>
            {button(lab, "icon-btn tip-start", "first", "ui.transport.first", "Home", Command::Home)}
            {button(lab, "icon-btn", "back", "ui.transport.back", "←", Command::StepBack)}
            <button
                class="icon-btn primary play"
                aria-label=play
                data-tip=play
                data-key="Space"
                on:click=move |_| lab.send(Command::Toggle)
            >
                {move || {
                    if playing() { view! { <Icon name="pause"/> } } else { view! { <Icon name="play"/> } }
                }}
            </button>
            {button(lab, "icon-btn", "step", "ui.transport.step", "→", Command::StepOn)}
            {button(lab, "icon-btn", "last", "ui.transport.last", "End", Command::End)}
            <label class="speed" data-tip=move || t(lab.lang.get(), "ui.transport.speed") data-key="[ ]">
                <span class="sr">{move || t(lab.lang.get(), "ui.transport.speed")}</span>
                <select
                    class="select"
                    prop:value=move || lab.speed.get().to_string()
                    on:change=move |event| {
                        if let Ok(place) = event_target_value(&event).parse() {
                            lab.send(Command::Speed(place));
                        }
                    }
                >
                    {names
                        .iter()
                        .take(SPEEDS.len())
                        .enumerate()
                        .map(|(i, name)| {
                            view! {
                                <option value=i.to_string() selected=move || lab.speed.get() == i>{*name}</option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
        </div>
    }
}

/// Step and time.
#[component]
fn Readout() -> impl IntoView {
    let lab = use_lab();
    let step = move || count(lab.lang.get(), lab.state.get());
    let of = move || {
        let steps = lab.story.with(|s| s.run.len());
        say(lab.lang.get(), "ui.transport.of", &[("n", &count(lab.lang.get(), steps))])
    };
    let time = move || {
        let state = lab.state.get();
        duration(lab.lang.get(), lab.story.with(|s| s.run.time(state).micros))
    };
    view! {
        <p class="readout">
            <span>{move || t(lab.lang.get(), "ui.transport.at")}" "<b class="readout-step">{step}</b>" "{of}</span>
            <b class="readout-time">{time}</b>
        </p>
    }
}

/// The seed, to be overwritten in place; and a new one.
#[component]
fn Seed() -> impl IntoView {
    let lab = use_lab();
    let seed = move || lab.story.with(|s| s.recipe.seed.to_string());
    let field = NodeRef::<html::Input>::new();
    view! {
        <span class="seed">
            <label>
                <span>{move || t(lab.lang.get(), "ui.transport.seed")}</span>
                <input
                    class="bare"
                    node_ref=field
                    inputmode="numeric"
                    autocomplete="off"
                    maxlength="20"
                    style:--letters=move || seed().len().clamp(2, 20).to_string()
                    prop:value=seed
                    on:change=move |event| {
                        match event_target_value(&event).trim().parse::<u64>() {
                            Ok(seed) => lab.send(Command::Seed(seed)),
                            // What was typed is no seed: the field shows the one in use again.
                            Err(_) => {
                                if let Some(field) = field.get_untracked() {
                                    field.set_value(&seed());
                                }
                            }
                        }
                    }
                />
            </label>
            {button(lab, "icon-btn quiet small", "seed", "ui.transport.new-seed", "Shift+R", Command::NewSeed)}
        </span>
    }
}

/// Which of the kept runs is shown; nothing while there is only one.
#[component]
fn Runs() -> impl IntoView {
    let lab = use_lab();
    let several = Memo::new(move |_| lab.branches.with(|(all, _)| all.len()) > 1);
    let options = move || {
        let lang = lab.lang.get();
        lab.branches.with(|(all, current)| {
            all.iter()
                .enumerate()
                .map(|(i, branch)| {
                    let name = match branch.parent {
                        None => run_name(lang, i),
                        Some(_) => {
                            let step = count(lang, branch.fork);
                            say(
                                lang,
                                "ui.branches.run-from",
                                &[("run", &run_name(lang, i)), ("step", &step)],
                            )
                        }
                    };
                    view! { <option value=i.to_string() selected=i == *current>{name}</option> }
                })
                .collect_view()
        })
    };
    move || {
        several.get().then(|| {
            view! {
                <label class="runs" data-tip=move || t(lab.lang.get(), "ui.branches.switch")>
                    <Icon name="branch"/>
                    <span class="sr">{move || t(lab.lang.get(), "ui.branches.switch")}</span>
                    <select
                        class="select bare"
                        on:change=move |event| {
                            if let Ok(place) = event_target_value(&event).parse() {
                                lab.send(Command::SwitchBranch(place));
                            }
                        }
                    >
                        {options}
                    </select>
                </label>
            }
        })
    }
}

/// What the run cost so far.
#[component]
fn CostLine(lab: Lab) -> impl IntoView {
    let cost = Memo::new(move |_| {
        let state = lab.state.get();
        lab.story.with(|s| Cost::until(&s.run, state))
    });
    let line = move || {
        let lang = lab.lang.get();
        let cost = cost.get();
        let mut parts = vec![say(lang, "ui.cost.messages", &[("n", &count(lang, cost.messages))])];
        if cost.lost > 0 {
            parts.push(say(lang, "ui.cost.lost", &[("n", &count(lang, cost.lost))]));
        }
        if cost.locked > 0 {
            parts.push(say(lang, "ui.cost.locked", &[("time", &duration(lang, cost.locked))]));
        }
        if cost.in_doubt > 0 {
            parts.push(say(lang, "ui.cost.in-doubt", &[("time", &duration(lang, cost.in_doubt))]));
        }
        parts.join(" · ")
    };
    view! {
        <p class="cost" data-tip=move || t(lab.lang.get(), "ui.cost.about")>
            <span class="sr">{move || t(lab.lang.get(), "ui.cost")}": "</span>
            {line}
        </p>
    }
}

/// Take back, do again.
#[component]
fn History() -> impl IntoView {
    let lab = use_lab();
    let one =
        move |icon: &'static str, text: &'static str, key: &'static str, command: Command, forth: bool| {
            let possible = move || lab.history.with(|(back, again)| if forth { *again } else { *back });
            view! {
                <button
                    class="icon-btn quiet tip-end"
                    aria-label=move || t(lab.lang.get(), text)
                    data-tip=move || t(lab.lang.get(), text)
                    data-key=key
                    aria-disabled=move || (!possible()).to_string()
                    on:click=move |_| {
                        if possible() {
                            lab.send(command.clone());
                        }
                    }
                >
                    <Icon name=icon/>
                </button>
            }
        };
    view! {
        <span class="history">
            {one("undo", "ui.transport.undo", "Ctrl+Z", Command::Undo, false)}
            {one("redo", "ui.transport.redo", "Ctrl+Shift+Z", Command::Redo, true)}
        </span>
    }
}
