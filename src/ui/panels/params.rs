//! The recipe's parameters as a form: the pattern's own, then the network and the disks.

use converge_view::view;
use leptos::prelude::*;

use crate::patterns::pattern::{Param, Params, Pattern, Range};
use crate::scenario;
use crate::texts::{Lang, duration, number, say, t};
use crate::ui::icons::Icon;
use crate::ui::reactive::{Memo, Signal};
use crate::ui::{Command, use_lab};

/// Most letters of choices shown side by side; more make a list.
const SIDE_BY_SIDE: usize = 30;

/// A value in words.
fn shown(lang: Lang, param: &Param, value: i64, name: &dyn Fn(&str) -> String) -> String {
    match param.range {
        Range::Count(..) => number(lang, value),
        Range::Millis(..) => duration(lang, value.max(0) as u64 * 1000),
        Range::PerMille => say(lang, "ui.params.per-mille", &[("n", &number(lang, value))]),
        Range::Switch => t(lang, if value == 0 { "ui.params.no" } else { "ui.params.yes" }).to_owned(),
        Range::Choice(names) => {
            let id = usize::try_from(value).ok().and_then(|v| names.get(v)).copied().unwrap_or("");
            name(&format!("param.{}.{id}", param.id))
        }
    }
}

/// The parameters that a real system has otherwise than a lesson: the place and the real value of each.
fn realistic(pattern: &Pattern) -> Vec<(usize, i64)> {
    let place = |id: &str| pattern.all_params().position(|p| p.id == id);
    pattern.realistic.iter().filter_map(|(id, value)| Some((place(id)?, *value))).collect()
}

/// Two sets of values, to be watched and as they are in production, and which of them is in force.
#[component]
fn Presets(shipped: Memo<Params>) -> impl IntoView {
    let lab = use_lab();
    // Only what they differ in is of a preset: all else is the scenario's, or a person's own.
    let sets = Memo::new(move |_| {
        let real = lab.story.with(|s| realistic(s.run.stage.pattern));
        let lesson = shipped.with(|p| real.iter().map(|(place, _)| (*place, p.at(*place))).collect());
        [lesson, real]
    });
    let in_force = move |which: usize| {
        let params = lab.story.with(|s| s.recipe.params.clone());
        sets.with(|sets| sets[which].iter().all(|(place, value)| params.at(*place) == *value))
    };
    let one = move |which: usize, name: &'static str| {
        view! {
            <button
                aria-pressed=move || in_force(which).to_string()
                on:click=move |_| lab.send(Command::SetParams(sets.with_untracked(|sets| sets[which].clone())))
            >
                {move || t(lab.lang.get(), name)}
            </button>
        }
    };
    let source = move || {
        let about = match (in_force(0), in_force(1)) {
            (_, true) => lab.speaker().find("realistic").unwrap_or_default(),
            (true, _) => t(lab.lang.get(), "ui.params.lesson.about"),
            _ => t(lab.lang.get(), "ui.params.mixed"),
        };
        about.to_owned()
    };
    view! {
        <div class="presets">
            <div class="seg" role="group" aria-label=move || t(lab.lang.get(), "ui.params.presets")>
                {one(0, "ui.params.lesson")}
                {one(1, "ui.params.realistic")}
            </div>
            <p class="param-about">{source}</p>
        </div>
    }
}

/// The parameters.
#[component]
pub fn ParamsView() -> impl IntoView {
    let lab = use_lab();
    let own = Memo::new(move |_| lab.story.with(|s| s.run.stage.pattern.params.len()));
    let all = Memo::new(move |_| lab.story.with(|s| s.run.stage.pattern.all_params().count()));
    // The recipe as it was shipped, or the pattern's defaults.
    let shipped = Memo::new(move |_| {
        lab.story.with(|s| {
            let pattern = s.run.stage.pattern;
            let recipe = s.recipe.scenario.and_then(|id| scenario::find(pattern.id, id));
            recipe.unwrap_or_else(|| scenario::Recipe::new(pattern)).params
        })
    });
    let has_presets = move || lab.story.with(|s| !s.run.stage.pattern.realistic.is_empty());
    let changed = move || lab.story.with(|s| shipped.with(|params| s.recipe.params != *params));
    let list = move |from: usize, to: usize| {
        (from..to)
            .map(|i| view! { <One place=i shipped=Signal::derive(move || shipped.with(|p| p.at(i)))/> })
            .collect_view()
    };
    view! {
        <section class="params" aria-label=move || t(lab.lang.get(), "ui.params")>
            <div class="script-head">
                <p class="label">{move || t(lab.lang.get(), "ui.params")}</p>
                <span class="grow"></span>
                <button
                    class="btn quiet small"
                    disabled=move || !changed()
                    on:click=move |_| {
                        let mut recipe = lab.story.with_untracked(|s| s.recipe.clone());
                        recipe.params = shipped.get_untracked();
                        lab.send(Command::Load(Box::new(recipe)));
                    }
                >
                    <Icon name="undo"/>
                    {move || t(lab.lang.get(), "ui.params.reset")}
                </button>
            </div>
            {move || has_presets().then(|| view! { <Presets shipped/> })}
            <div class="param-list">{move || list(0, own.get())}</div>
            <p class="label param-group">{move || t(lab.lang.get(), "ui.params.common")}</p>
            <div class="param-list">{move || list(own.get(), all.get())}</div>
        </section>
    }
}

/// One parameter.
#[component]
fn One(place: usize, shipped: Signal<i64>) -> impl IntoView {
    let lab = use_lab();
    let param =
        Memo::new(move |_| lab.story.with(|s| s.run.stage.pattern.all_params().nth(place).copied()));
    let value = Memo::new(move |_| lab.story.with(|s| s.recipe.params.at(place)));
    let text = move |name: &str| lab.speaker().find(name).map_or_else(|| name.to_owned(), str::to_owned);
    let name = move || param.get().map(|p| text(&format!("param.{}", p.id))).unwrap_or_default();
    let about = move || param.get().and_then(|p| lab.speaker().find(&format!("param.{}.about", p.id)));
    let letters = move |names: &[&str]| -> usize {
        let id = param.get().map_or("", |p| p.id);
        names.iter().map(|n| text(&format!("param.{id}.{n}")).chars().count()).sum()
    };
    let set = move |to: i64| lab.send(Command::SetParam(place, to));
    let other = move || {
        let (param, lang) = (param.get()?, lab.lang.get());
        let shipped = shipped.get();
        (shipped != value.get()).then(|| {
            let words = say(lang, "ui.params.shipped", &[("value", &shown(lang, &param, shipped, &text))]);
            view! {
                <button class="param-back" on:click=move |_| set(shipped)>
                    <Icon name="undo"/>
                    {words}
                </button>
            }
        })
    };
    // As real systems have it, where that is otherwise than it is now.
    let real = move || {
        let (param, lang) = (param.get()?, lab.lang.get());
        let known = lab.story.with(|s| realistic(s.run.stage.pattern));
        let (_, real) = known.into_iter().find(|(at, _)| *at == place)?;
        let name = if real == value.get() { "ui.params.real-now" } else { "ui.params.real" };
        let words = say(lang, name, &[("value", &shown(lang, &param, real, &text))]);
        Some(view! { <span class="param-real">{words}</span> })
    };
    let id = format!("param-{place}");
    let label_id = format!("{id}-name");
    let control = {
        let (id, label_id) = (id.clone(), label_id.clone());
        move || {
            let (id, label_id) = (id.clone(), label_id.clone());
            Some(match param.get()?.range {
                Range::Switch => view! {
                    <button
                        class="switch"
                        role="switch"
                        aria-labelledby=label_id
                        aria-checked=move || (value.get() != 0).to_string()
                        on:click=move |_| set(i64::from(value.get_untracked() == 0))
                    ></button>
                }
                .into_any(),
                Range::Choice(names) if letters(names) <= SIDE_BY_SIDE => {
                    let one = |(i, choice): (usize, &'static str)| {
                        let word = move || param.get().map(|p| text(&format!("param.{}.{choice}", p.id)));
                        view! {
                            <button
                                aria-pressed=move || (value.get() == i as i64).to_string()
                                on:click=move |_| set(i as i64)
                            >
                                {word}
                            </button>
                        }
                    };
                    view! {
                        <div class="seg" role="group" aria-labelledby=label_id>
                            {names.iter().copied().enumerate().map(one).collect_view()}
                        </div>
                    }
                    .into_any()
                }
                Range::Choice(names) => {
                    let one = |(i, choice): (usize, &'static str)| {
                        let word = move || param.get().map(|p| text(&format!("param.{}.{choice}", p.id)));
                        view! { <option value=i.to_string() selected=move || value.get() == i as i64>{word}</option> }
                    };
                    view! {
                        <select
                            class="select"
                            id=id
                            aria-labelledby=label_id
                            on:change=move |event| {
                                if let Ok(place) = event_target_value(&event).parse() {
                                    set(place);
                                }
                            }
                        >
                            {names.iter().copied().enumerate().map(one).collect_view()}
                        </select>
                    }
                    .into_any()
                }
                Range::Count(least, most) => {
                    stepper(lab.lang, id, label_id, value, (least, most), 1, "", set).into_any()
                }
                Range::Millis(least, most) => {
                    stepper(lab.lang, id, label_id, value, (least, most), 0, "ms", set).into_any()
                }
                Range::PerMille => {
                    stepper(lab.lang, id, label_id, value, (0, 1000), 10, "‰", set).into_any()
                }
            })
        }
    };
    view! {
        <div class="param" class:changed=move || value.get() != shipped.get()>
            <div class="param-words">
                <span class="param-name" id=label_id>{name}</span>
                {move || about().map(|a| view! { <span class="param-about">{a}</span> })}
                {real}
                {other}
            </div>
            {control}
        </div>
    }
}

/// How far a button goes from a value: a round part of it.
const fn stride(value: i64, fixed: i64) -> i64 {
    if fixed > 0 {
        return fixed;
    }
    match value {
        i64::MIN..20 => 1,
        20..100 => 5,
        100..1_000 => 50,
        1_000..10_000 => 500,
        _ => 5_000,
    }
}

/// A number with buttons: less, more.
#[expect(clippy::too_many_arguments, reason = "one control, used three times below")]
fn stepper(
    lang: Signal<Lang>,
    id: String,
    label_id: String,
    value: Memo<i64>,
    (least, most): (i64, i64),
    by: i64,
    unit: &'static str,
    set: impl Fn(i64) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let step = move |direction: i64| {
        let now = value.get_untracked();
        // Downwards the stride is that of the value it leads to, so that up undoes down.
        let far = if direction > 0 { stride(now, by) } else { stride(now - 1, by) };
        set((now + direction * far).clamp(least, most));
    };
    let (at_least, at_most) = (move || value.get() <= least, move || value.get() >= most);
    view! {
        <div class="stepper">
            <button
                class="icon-btn small"
                aria-label=move || t(lang.get(), "ui.params.less")
                disabled=at_least
                on:click=move |_| step(-1)
            >
                <Icon name="minus"/>
            </button>
            <input
                class="input"
                id=id
                inputmode="numeric"
                autocomplete="off"
                aria-labelledby=label_id
                prop:value=move || value.get().to_string()
                on:change=move |event| {
                    if let Ok(to) = event_target_value(&event).trim().parse::<i64>() {
                        set(to.clamp(least, most));
                    }
                }
            />
            {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
            <button
                class="icon-btn small"
                aria-label=move || t(lang.get(), "ui.params.more")
                disabled=at_most
                on:click=move |_| step(1)
            >
                <Icon name="plus"/>
            </button>
        </div>
    }
}
