//! Dialogs of the lab: sharing, all keys, the command palette.

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::Command;
use super::address::{Address, Page};
use super::browser;
use super::icons::Icon;
use super::keys::{KEYS, command};
use super::lab::{View, use_lab};
use super::session::Session;
use super::settings::use_settings;
use crate::patterns;
use crate::scenario::link;
use crate::texts::{folded, t};
use crate::trace::speak::pattern_text;
use crate::ui::reactive::{Effect, Memo, RwSignal};

/// Which dialog is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// The link of this run and moment.
    Share,
    /// All keys.
    Keys,
    /// The command palette.
    Palette,
}

/// A modal dialog that follows `open`; `Esc` and the cross close it.
#[component]
fn Dialog(
    open: RwSignal<Option<Open>>,
    which: Open,
    title: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let lang = use_settings().lang;
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = element.get() else { return };
        if open.get() == Some(which) {
            browser::show_dialog(&dialog);
        } else {
            browser::close_dialog(&dialog);
        }
    });
    let children = StoredValue::new(children);
    view! {
        <dialog
            node_ref=element
            class="dialog"
            aria-label=move || t(lang.get(), title)
            on:close=move |_| {
                if open.get_untracked() == Some(which) {
                    open.set(None);
                }
            }
        >
            <div class="dialog-head">
                <h2>{move || t(lang.get(), title)}</h2>
                <button
                    class="icon-btn quiet"
                    aria-label=move || t(lang.get(), "lab.close")
                    on:click=move |_| open.set(None)
                >
                    <Icon name="close"/>
                </button>
            </div>
            <Show when=move || open.get() == Some(which)>{children.with_value(|c| c())}</Show>
        </dialog>
    }
}

/// The link of this run and moment.
#[component]
pub fn ShareDialog(
    /// Which dialog is open.
    open: RwSignal<Option<Open>>,
    /// The lab's session.
    session: Session,
) -> impl IntoView {
    let lab = use_lab();
    let settings = use_settings();
    let with_lang = RwSignal::new(false);
    let copied = RwSignal::new(None::<bool>);
    let address = move || {
        let page = Page::Lab(link::encode(&session.recipe()));
        let lang = with_lang.get().then(|| settings.lang.get());
        let address =
            Address { page, at: Some(lab.state.get()), view: Some(lab.view.get()), lang, theme: None };
        browser::address_with(&address.write())
    };
    let recipe = move || crate::scenario::text::write(&session.recipe());
    let copy = move |text: String| {
        browser::copy(text, move |allowed| {
            copied.try_set(Some(allowed));
        });
    };
    Effect::new(move |_| {
        if open.get() != Some(Open::Share) {
            copied.set(None);
        }
    });
    let lang = lab.lang;
    view! {
        <Dialog open which=Open::Share title="share.title">
            <p>{move || t(lang.get(), "share.text")}</p>
            <label class="field">
                <span>{move || t(lang.get(), "share.link")}</span>
                <input id="share-link" readonly prop:value=address on:focus=move |_| browser::select_all("#share-link")/>
            </label>
            <label class="check">
                <input type="checkbox" prop:checked=with_lang on:change=move |e| with_lang.set(event_target_checked(&e))/>
                <span>{move || t(lang.get(), "share.with-language")}</span>
            </label>
            <div class="row-of-buttons">
                <button class="btn primary" id="copy-link" on:click=move |_| copy(address())>
                    <Icon name="copy"/>
                    {move || t(lang.get(), "share.copy-link")}
                </button>
                <button class="btn" on:click=move |_| copy(recipe())>
                    <Icon name="script"/>
                    {move || t(lang.get(), "share.copy-recipe")}
                </button>
            </div>
            <p role="status" class="said">
                {move || match copied.get() {
                    Some(true) => t(lang.get(), "share.copied"),
                    Some(false) => t(lang.get(), "share.refused"),
                    None => "",
                }}
            </p>
            <details>
                <summary>{move || t(lang.get(), "share.recipe")}</summary>
                <pre class="recipe" tabindex="0">{recipe}</pre>
            </details>
        </Dialog>
    }
}

/// All keys.
#[component]
pub fn KeysDialog(
    /// Which dialog is open.
    open: RwSignal<Option<Open>>,
) -> impl IntoView {
    let lang = use_settings().lang;
    view! {
        <Dialog open which=Open::Keys title="lab.keys">
            <table class="keys">
                <tbody>
                    {KEYS
                        .iter()
                        .map(|key| {
                            let caps = key.shown.split(' ').map(|cap| view! { <kbd>{cap}</kbd> " " }).collect_view();
                            view! {
                                <tr>
                                    <th scope="row">{caps}</th>
                                    <td>{move || t(lang.get(), key.id)}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </Dialog>
    }
}

/// Something the palette can do.
#[derive(Clone)]
enum Choice {
    Command(Command),
    Go(String),
    Open(Open),
}

/// The command palette: every command, view, offered fault and scenario by its name.
#[component]
pub fn Palette(
    /// Which dialog is open.
    open: RwSignal<Option<Open>>,
) -> impl IntoView {
    let lab = use_lab();
    let sought = RwSignal::new(String::new());
    let at = RwSignal::new(0usize);
    let all = move || {
        let lang = lab.lang.get();
        let mut all: Vec<(String, Choice)> = Vec::new();
        for key in KEYS.iter() {
            let name = format!("{} ({})", t(lang, key.id), key.shown);
            if let (Some(command), false) = (command(key.action, 0), key.id == "key.offer") {
                all.push((name, Choice::Command(command)));
            }
        }
        all.push((t(lang, "lab.keys").to_owned(), Choice::Open(Open::Keys)));
        all.push((t(lang, "share.title").to_owned(), Choice::Open(Open::Share)));
        for view in View::ALL {
            all.push((t(lang, view.text()).to_owned(), Choice::Command(Command::View(view))));
        }
        for p in patterns::ALL {
            let text = |name: &str| pattern_text(p, lang, name).unwrap_or_default();
            for s in p.scenarios {
                let name = format!("{}: {}", text("title"), text(&format!("scenario.{}", s.id)));
                all.push((name, Choice::Go(format!("/lab/{}/{}", p.id, s.id))));
            }
        }
        all
    };
    let found = Memo::each_time(move || {
        let sought = folded(&sought.get());
        let words: Vec<&str> = sought.split_whitespace().collect();
        let fits = |name: &str| {
            let name = folded(name);
            words.iter().all(|w| name.contains(w))
        };
        all().into_iter().filter(|(name, _)| fits(name)).take(60).collect::<Vec<_>>()
    });
    let choose = move |n: usize| {
        let Some((_, choice)) = found.with_untracked(|f| f.get(n).cloned()) else { return };
        open.set(None);
        match choice {
            Choice::Command(command) => lab.send(command),
            Choice::Go(fragment) => browser::go_to(&fragment),
            Choice::Open(which) => open.set(Some(which)),
        }
    };
    let lang = lab.lang;
    view! {
        <Dialog open which=Open::Palette title="lab.palette">
            <input
                class="palette-field"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("palette-{}", at.get())
                aria-label=move || t(lang.get(), "palette.field")
                placeholder=move || t(lang.get(), "palette.field")
                autofocus
                prop:value=sought
                on:input=move |e| {
                    sought.set(event_target_value(&e));
                    at.set(0);
                }
                on:keydown=move |e| {
                    let most = found.with_untracked(Vec::len).max(1);
                    match e.key().as_str() {
                        "ArrowDown" => at.update(|n| *n = (*n + 1) % most),
                        "ArrowUp" => at.update(|n| *n = (*n + most - 1) % most),
                        "Enter" => choose(at.get_untracked()),
                        _ => return,
                    }
                    e.prevent_default();
                    browser::into_view(&format!("#palette-{}", at.get_untracked()));
                }
            />
            <ul class="palette-list" id="palette-list" role="listbox" aria-label=move || t(lang.get(), "lab.palette")>
                {move || {
                    found
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(n, (name, _))| {
                            view! {
                                <li
                                    id=format!("palette-{n}")
                                    role="option"
                                    aria-selected=move || (at.get() == n).to_string()
                                    on:click=move |_| choose(n)
                                >
                                    {name}
                                </li>
                            }
                        })
                        .collect_view()
                }}
                {move || found.with(Vec::is_empty).then(|| view! { <li class="none">{t(lang.get(), "palette.none")}</li> })}
            </ul>
        </Dialog>
    }
}
