//! The fault script: an editable list, each entry a sentence; and the faults that the scenario offers.

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::count;
use crate::kernel::{Action, Entry};
use crate::scenario::{self, text};
use crate::texts::{say, t};
use crate::trace::acts;
use crate::ui::icons::Icon;
use crate::ui::lab::Lab;
use crate::ui::reactive::{Effect, Memo, RwSignal};
use crate::ui::{Command, browser, use_lab};

/// The icon of an action, and whether it repairs or acts rather than breaks.
const fn sign(action: &Action) -> (&'static str, &'static str) {
    match action {
        Action::Drop => ("drop", "is-bad"),
        Action::Duplicate => ("duplicate", "is-bad"),
        Action::Delay(_) => ("delay", "is-bad"),
        Action::Refuse => ("refuse", "is-bad"),
        Action::Fail => ("fail", "is-bad"),
        Action::RefuseWrite => ("disk", "is-bad"),
        Action::Crash(_) => ("crash", "is-bad"),
        Action::Restart(_) => ("restart", "is-ok"),
        Action::Pause(_) => ("pause-node", "is-bad"),
        Action::Resume(_) => ("play", "is-ok"),
        Action::Cut(..) => ("cut", "is-bad"),
        Action::Heal(..) => ("heal", "is-ok"),
        Action::Slow(_, _, 1) => ("heal", "is-ok"),
        Action::Slow(..) => ("slow", "is-bad"),
        Action::Deliver(..) => ("deliver", "is-work"),
        Action::Command(..) => ("person", "is-work"),
    }
}

/// An entry in the words of the language.
fn sentence(lab: Lab, entry: &Entry) -> String {
    let lang = lab.lang.get();
    let speaker = lab.speaker();
    scenario::sentence(lang, entry, speaker.pattern, &speaker)
}

/// An entry as the line of the recipe.
fn line(lab: Lab, entry: &Entry) -> String {
    lab.story.with(|s| text::write_entry(entry, s.run.stage.pattern, &s.run.stage.nodes))
}

/// The fault script.
#[component]
pub fn ScriptView() -> impl IntoView {
    let lab = use_lab();
    let editing = RwSignal::new(None::<usize>);
    let how_many = Memo::new(move |_| lab.story.with(|s| s.recipe.script.len()));
    let can = move |forth: bool| lab.history.with(|(back, again)| if forth { *again } else { *back });
    view! {
        <div class="script">
            <div class="script-head">
                <p class="label">{move || t(lab.lang.get(), "ui.script.title")}</p>
                <span class="grow"></span>
                <button
                    class="icon-btn quiet small"
                    aria-label=move || t(lab.lang.get(), "ui.transport.undo")
                    title=move || t(lab.lang.get(), "ui.transport.undo")
                    aria-disabled=move || (!can(false)).to_string()
                    on:click=move |_| lab.send(Command::Undo)
                >
                    <Icon name="undo"/>
                </button>
                <button
                    class="icon-btn quiet small"
                    aria-label=move || t(lab.lang.get(), "ui.transport.redo")
                    title=move || t(lab.lang.get(), "ui.transport.redo")
                    aria-disabled=move || (!can(true)).to_string()
                    on:click=move |_| lab.send(Command::Redo)
                >
                    <Icon name="redo"/>
                </button>
                <button
                    class="btn quiet small"
                    disabled=move || how_many.get() == 0
                    on:click=move |_| {
                        editing.set(None);
                        lab.send(Command::ClearScript);
                    }
                >
                    <Icon name="trash"/>
                    {move || t(lab.lang.get(), "ui.script.clear")}
                </button>
            </div>
            {move || {
                (how_many.get() == 0)
                    .then(|| {
                        let lang = lab.lang.get();
                        view! {
                            <div class="empty">
                                <p><b>{t(lang, "ui.script.empty")}</b></p>
                                <p>{t(lang, "ui.script.invite")}</p>
                            </div>
                        }
                    })
            }}
            <ol class="script-list">
                {move || (0..how_many.get()).map(|i| view! { <Line place=i editing/> }).collect_view()}
            </ol>
            <Offers/>
            <AddLine/>
        </div>
    }
}

/// One entry.
#[component]
fn Line(place: usize, editing: RwSignal<Option<usize>>) -> impl IntoView {
    let lab = use_lab();
    let entry = Memo::new(move |_| lab.story.with(|s| s.recipe.script.get(place).copied()));
    let happened = Memo::new(move |_| {
        let entry = entry.get()?;
        lab.story.with(|s| acts::happened(&s.run, &entry))
    });
    let is_edited = move || editing.get() == Some(place);
    let on = move || entry.get().is_some_and(|e| e.on);
    let says = Memo::new(move |_| entry.get().map(|e| sentence(lab, &e)).unwrap_or_default());
    let icon = move || {
        let (icon, class) = entry.get().map_or(("info", ""), |e| sign(&e.action));
        view! { <span class=format!("script-sign {class}")><Icon name=icon/></span> }
    };
    let fate = move || {
        let lang = lab.lang.get();
        if !on() {
            return view! { <span class="script-fate">{t(lang, "ui.script.off")}</span> }.into_any();
        }
        match happened.get() {
            Some(state) => {
                let later = lab.state.get() < state;
                let n = count(lang, state);
                let words = if later {
                    say(lang, "ui.script.will", &[("n", &n)])
                } else {
                    say(lang, "ui.script.happened", &[("n", &n)])
                };
                view! {
                    <button class="script-fate go" on:click=move |_| lab.send(Command::Seek(state))>{words}</button>
                }
                    .into_any()
            }
            None => view! { <span class="script-fate never"><Icon name="info"/>{t(lang, "ui.script.never")}</span> }.into_any(),
        }
    };
    view! {
        <li class="script-entry" class:off=move || !on()>
            {icon}
            <div class="script-body">
                <p class="script-says">{says}</p>
                {fate}
            </div>
            <div class="script-tools">
                <button
                    class="switch"
                    role="switch"
                    aria-checked=move || on().to_string()
                    aria-label=move || format!("{}: {}", t(lab.lang.get(), "ui.script.switch"), says.get())
                    on:click=move |_| lab.send(Command::SwitchEntry(place))
                ></button>
                <button
                    class="icon-btn quiet small"
                    id=format!("edit-{place}")
                    aria-expanded=move || is_edited().to_string()
                    aria-label=move || t(lab.lang.get(), "ui.script.edit")
                    title=move || t(lab.lang.get(), "ui.script.edit")
                    on:click=move |_| editing.update(|e| *e = if *e == Some(place) { None } else { Some(place) })
                >
                    <Icon name="edit"/>
                </button>
                <button
                    class="icon-btn quiet small"
                    aria-label=move || t(lab.lang.get(), "ui.script.remove")
                    title=move || t(lab.lang.get(), "ui.script.remove")
                    on:click=move |_| {
                        editing.set(None);
                        lab.send(Command::RemoveEntry(place));
                    }
                >
                    <Icon name="trash"/>
                </button>
            </div>
            <Show when=is_edited>
                {move || {
                    entry
                        .get()
                        .map(|e| {
                            view! {
                                <EditLine
                                    start=line(lab, &e)
                                    done=Callback::new(move |new: Entry| {
                                        editing.set(None);
                                        lab.send(Command::Replace(place, new));
                                    })
                                    cancel=Callback::new(move |()| {
                                        editing.set(None);
                                        browser::focus(&format!("#edit-{place}"));
                                    })
                                />
                            }
                        })
                }}
            </Show>
        </li>
    }
}

/// An entry as its text line, with what is wrong with it said in place.
#[component]
fn EditLine(start: String, done: Callback<Entry>, cancel: Callback<()>) -> impl IntoView {
    let lab = use_lab();
    let typed = RwSignal::new(start);
    let tried = RwSignal::new(false);
    let field = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let read = move || {
        typed.with(|line| {
            lab.story.with(|s| text::parse_entry(line, s.run.stage.pattern, &s.run.stage.nodes))
        })
    };
    let wrong = move || {
        let error = read().err().filter(|_| tried.get())?;
        Some(error.text(lab.lang.get()))
    };
    let save = move || match read() {
        Ok(entry) => done.run(entry),
        Err(_) => tried.set(true),
    };
    view! {
        <form
            class="edit-line"
            on:submit=move |event| {
                event.prevent_default();
                save();
            }
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    event.stop_propagation();
                    cancel.run(());
                }
            }
        >
            <label class="sr" for="edit-line-field">{move || t(lab.lang.get(), "ui.script.line")}</label>
            <textarea
                class="input mono"
                id="edit-line-field"
                node_ref=field
                rows="2"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-invalid=move || wrong().is_some().to_string()
                aria-describedby="edit-line-wrong"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event).replace('\n', " "))
                on:keydown=move |event| {
                    // One entry is one line: Enter is done with it.
                    if event.key() == "Enter" {
                        event.prevent_default();
                        save();
                    }
                }
            ></textarea>
            <p class="edit-wrong" id="edit-line-wrong" role="status">
                {move || wrong().map(|w| view! { <Icon name="cross"/> <span>{w}</span> })}
            </p>
            <div class="edit-buttons">
                <button class="btn small primary" type="submit">{move || t(lab.lang.get(), "ui.script.save")}</button>
                <button class="btn small quiet" type="button" on:click=move |_| cancel.run(())>
                    {move || t(lab.lang.get(), "ui.cancel")}
                </button>
            </div>
        </form>
    }
}

/// The scenario's offered faults.
#[component]
fn Offers() -> impl IntoView {
    let lab = use_lab();
    let offers = move || lab.story.with(|s| s.recipe.offers());
    move || {
        let offers = offers();
        (!offers.is_empty()).then(|| {
            let one = |(i, entry): (usize, &Entry)| {
                let (icon, class) = sign(&entry.action);
                let chosen = lab.story.with(|s| {
                    s.recipe.script.iter().any(|e| e.action == entry.action && e.trigger == entry.trigger)
                });
                view! {
                    <li>
                        <button
                            class="offer"
                            disabled=chosen
                            aria-keyshortcuts=(i < 9).then(|| (i + 1).to_string())
                            on:click=move |_| lab.send(Command::Offer(i))
                        >
                            <span class=format!("script-sign {class}")><Icon name=icon/></span>
                            <span class="offer-says">{sentence(lab, entry)}</span>
                            {(i < 9 && !chosen).then(|| view! { <kbd aria-hidden="true">{i + 1}</kbd> })}
                            {chosen.then(|| view! { <Icon name="check"/> })}
                        </button>
                    </li>
                }
            };
            let list = offers.iter().enumerate().map(one).collect_view();
            view! {
                <section class="offers">
                    <p class="label">{t(lab.lang.get(), "ui.script.offers")}</p>
                    <ul class="offer-list">{list}</ul>
                </section>
            }
        })
    }
}

/// A new entry, by its line.
#[component]
fn AddLine() -> impl IntoView {
    let lab = use_lab();
    let open = RwSignal::new(false);
    view! {
        <div class="add-line">
            <Show
                when=move || open.get()
                fallback=move || {
                    view! {
                        <button class="btn quiet small" on:click=move |_| open.set(true)>
                            <Icon name="plus"/>
                            {move || t(lab.lang.get(), "ui.script.add")}
                        </button>
                    }
                }
            >
                <p class="soft add-help">{move || t(lab.lang.get(), "ui.script.add-help")}</p>
                <EditLine
                    start=String::from("fault ")
                    done=Callback::new(move |entry: Entry| {
                        open.set(false);
                        lab.send(Command::Add(vec![entry]));
                    })
                    cancel=Callback::new(move |()| open.set(false))
                />
            </Show>
        </div>
    }
}
