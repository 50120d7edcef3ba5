//! The lab: one recipe, all its views, and its address.

use converge_view::view;
use leptos::prelude::*;

use super::header::Header;
use super::not_found::NotFound;
use crate::kernel::{Halt, Limit, limits};
use crate::scenario::{self, Recipe, link};
use crate::texts::{duration, number, say, t};
use crate::ui::address::{Address, Page};
use crate::ui::diagram::{SequenceView, StageView};
use crate::ui::dialogs::{KeysDialog, Open, Palette, ShareDialog};
use crate::ui::icons::Icon;
use crate::ui::keys::{self, KeyAction};
use crate::ui::panels::{
    AboutView, BranchesView, JournalView, ParamsView, PromiseLanes, ScriptView, StateView, TimelineView,
    Transport,
};
use crate::ui::reactive::{Effect, Memo, RwSignal, Signal};
use crate::ui::session::Session;
use crate::ui::settings::use_settings;
use crate::ui::{Command, Lab, View, browser, use_lab};

/// The lab of a link.
#[component]
pub fn LabPage(
    /// The link form of the recipe.
    link: String,
    /// The address it came from.
    address: Address,
) -> impl IntoView {
    let settings = use_settings();
    let lang = settings.lang.get_untracked();
    match open(&link, lang) {
        Ok((recipe, warning)) => {
            let session = Session::new(recipe, settings.lang.into(), address.at.unwrap_or(0));
            let lab = session.lab();
            if let Some(view) = address.view {
                lab.send(Command::View(view));
            }
            lab.notice.set(warning);
            view! { <LabFrame session lab/> }.into_any()
        }
        Err(why) => view! { <NotFound path=link why=Some(why)/> }.into_any(),
    }
}

/// The recipe of a link and a warning; or, when there is nothing to run, why.
fn open(link: &str, lang: crate::texts::Lang) -> Result<(Recipe, Option<String>), String> {
    // A pattern's name alone opens its first scenario.
    let alone = crate::patterns::find(link).map(|p| [p.id, "/", p.scenarios[0].id].concat());
    match link::decode(alone.as_deref().unwrap_or(link)) {
        Ok(decoded) => {
            let warnings: Vec<String> = decoded.warnings.iter().map(|w| w.text(lang)).collect();
            let warning = (!warnings.is_empty()).then(|| warnings.join(" "));
            Ok((decoded.recipe, warning))
        }
        Err(error) => {
            // The best that can be had: the scenario that the readable part names.
            let mut parts = link.split('/');
            let shipped = parts.next().zip(parts.next()).and_then(|(p, s)| scenario::find(p, s));
            match shipped {
                Some(recipe) => {
                    Ok((recipe, Some(say(lang, "lab.link-broken", &[("why", &error.text(lang))]))))
                }
                None => Err(error.text(lang)),
            }
        }
    }
}

/// The lab around a session.
#[component]
fn LabFrame(session: Session, lab: Lab) -> impl IntoView {
    provide_context(lab);
    let open = RwSignal::new(None::<Open>);
    provide_context(open);
    keep_address(session, lab);
    listen_to_keys(lab, open);
    let narrow = browser::media("(max-width: 899px)");
    let side = move || {
        let view = lab.view.get();
        if View::SIDE.contains(&view) { view } else { View::Script }
    };
    view! {
        <div
            class="lab"
            data-state=move || lab.state.get().to_string()
            data-steps=move || lab.story.with(|s| s.run.len().to_string())
            data-fingerprint=move || lab.story.with(|s| s.run.fingerprint(lab.state.get()).to_string())
        >
            <LabHeader open/>
            {move || {
                if narrow.get() {
                    view! {
                        <nav class="lab-tabs" aria-label=move || t(lab.lang.get(), "lab.views")>
                            <Tabs views=&View::ALL current=Signal::derive(move || lab.view.get())/>
                        </nav>
                        <main class="lab-views narrow">
                            {move || panel(lab.view.get())}
                        </main>
                    }
                        .into_any()
                } else {
                    view! {
                        <main class="lab-views wide">
                            <section class="lab-stage" aria-labelledby="view-stage">
                                <h2 class="visually-hidden" id="view-stage">{move || t(lab.lang.get(), "view.stage")}</h2>
                                <StageView/>
                            </section>
                            <section class="lab-sequence" aria-labelledby="view-sequence">
                                <h2 class="visually-hidden" id="view-sequence">
                                    {move || t(lab.lang.get(), "view.sequence")}
                                </h2>
                                <SequenceView/>
                            </section>
                            <section class="lab-side">
                                <Tabs views=&View::SIDE current=Signal::derive(side)/>
                                {move || panel(side())}
                            </section>
                        </main>
                    }
                        .into_any()
                }
            }}
            <footer class="lab-time">
                <Transport brief=false/>
                <TimelineView/>
                <PromiseLanes/>
                <EndNote/>
            </footer>
            <Notice/>
            <Narrator/>
            <ShareDialog open session/>
            <KeysDialog open/>
            <Palette open/>
        </div>
    }
}

/// The panel of a view.
fn panel(view: View) -> impl IntoView {
    let lang = use_lab().lang;
    let inside = match view {
        View::Stage => view! { <StageView/> }.into_any(),
        View::Sequence => view! { <SequenceView/> }.into_any(),
        View::State => view! { <StateView/> }.into_any(),
        View::Journal => view! { <JournalView/> }.into_any(),
        View::Script => view! { <ScriptView/> }.into_any(),
        View::Setup => view! { <BranchesView/> <ParamsView/> }.into_any(),
        View::About => view! { <AboutView/> }.into_any(),
    };
    view! {
        <div
            class=format!("panel panel-{}", view.id())
            role="tabpanel"
            id="lab-panel"
            aria-labelledby=format!("tab-{}", view.id())
            tabindex="0"
        >
            <h2 class="visually-hidden">{move || t(lang.get(), view.text())}</h2>
            {inside}
        </div>
    }
}

/// Views as tabs: arrows move, the chosen one is the only stop of `Tab`.
#[component]
fn Tabs(views: &'static [View], current: Signal<View>) -> impl IntoView {
    let lab = use_lab();
    let go = move |by: usize| {
        let place = views.iter().position(|v| *v == current.get_untracked()).unwrap_or(0);
        let next = views[(place + by) % views.len()];
        lab.send(Command::View(next));
        browser::focus(&format!("#tab-{}", next.id()));
    };
    let one = move |view: View| {
        let chosen = move || current.get() == view;
        view! {
            <button
                class="tab"
                role="tab"
                id=format!("tab-{}", view.id())
                aria-controls="lab-panel"
                aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" }
                on:click=move |_| lab.send(Command::View(view))
            >
                <Icon name=view.id()/>
                <span>{move || t(lab.lang.get(), view.text())}</span>
            </button>
        }
    };
    view! {
        <div
            class="tabs"
            role="tablist"
            aria-label=move || t(lab.lang.get(), "lab.views")
            on:keydown=move |event| match event.key().as_str() {
                "ArrowRight" => {
                    event.prevent_default();
                    go(1);
                }
                "ArrowLeft" => {
                    event.prevent_default();
                    go(views.len() - 1);
                }
                _ => {}
            }
        >
            {views.iter().map(|v| one(*v)).collect_view()}
        </div>
    }
}

/// Where we are, and what can be done with it.
#[component]
fn LabHeader(open: RwSignal<Option<Open>>) -> impl IntoView {
    let lab = use_lab();
    let title = move || {
        let speaker = lab.speaker();
        lab.story.with(|s| match s.recipe.scenario {
            Some(id) => speaker.find(&format!("scenario.{id}")).unwrap_or(id),
            None => t(lab.lang.get(), "lab.own"),
        })
    };
    let pattern = move || lab.speaker().find("title").unwrap_or_default();
    Effect::new(move |_| browser::set_title(&format!("{} · {} · Converge", title(), pattern())));
    // The chooser goes to another scenario of the same pattern, or of another one.
    let chosen =
        move || lab.story.with(|s| format!("{}/{}", s.recipe.pattern.id, s.recipe.scenario.unwrap_or("")));
    view! {
        <Header>
            <h1 class="visually-hidden">{move || format!("{}: {}", pattern(), title())}</h1>
            <label class="crumb">
                <span class="visually-hidden">{move || t(lab.lang.get(), "lab.scenario")}</span>
                <select
                    on:change=move |event| browser::go_to(&format!("/lab/{}", event_target_value(&event)))
                    prop:value=chosen
                >
                    {move || {
                        let lang = lab.lang.get();
                        let current = chosen();
                        crate::patterns::ALL
                            .iter()
                            .map(|p| {
                                let text = |name: &str| {
                                    crate::trace::speak::pattern_text(p, lang, name).unwrap_or_default()
                                };
                                let options = p
                                    .scenarios
                                    .iter()
                                    .map(|s| {
                                        let value = format!("{}/{}", p.id, s.id);
                                        let selected = value == current;
                                        let name = text(&format!("scenario.{}", s.id));
                                        view! { <option value=value selected=selected>{name}</option> }
                                    })
                                    .collect_view();
                                view! { <optgroup label=text("title")>{options}</optgroup> }
                            })
                            .collect_view()
                    }}
                </select>
            </label>
            <span class="grow"></span>
            <button class="icon-btn quiet only-desk" on:click=move |_| open.set(Some(Open::Palette))
                aria-label=move || t(lab.lang.get(), "lab.palette") title=move || t(lab.lang.get(), "lab.palette.tip")>
                <Icon name="search"/>
            </button>
            <button class="icon-btn quiet only-desk" on:click=move |_| open.set(Some(Open::Keys))
                aria-label=move || t(lab.lang.get(), "lab.keys") title=move || t(lab.lang.get(), "lab.keys.tip")>
                <Icon name="keyboard"/>
            </button>
            <button
                class="btn primary share"
                aria-label=move || t(lab.lang.get(), "lab.share")
                on:click=move |_| open.set(Some(Open::Share))
            >
                <Icon name="share"/>
                <span>{move || t(lab.lang.get(), "lab.share")}</span>
            </button>
        </Header>
    }
}

/// Why the run ends where it ends, once the playhead is there; and progress of a long one.
#[component]
fn EndNote() -> impl IntoView {
    let lab = use_lab();
    let note = move || {
        let lang = lab.lang.get();
        if let Some(steps) = lab.busy.get() {
            return Some(say(lang, "lab.busy", &[("n", &number(lang, i64::from(steps)))]));
        }
        lab.story.with(|s| {
            if lab.state.get() < s.run.len() {
                return None;
            }
            Some(match s.run.halt()? {
                Halt::Quiet => t(lang, "halt.quiet").to_owned(),
                Halt::Horizon => {
                    let time = duration(lang, s.recipe.params.span("horizon").micros);
                    say(lang, "halt.horizon", &[("time", &time)])
                }
                Halt::Limit(Limit::Steps) => say(lang, "halt.limit.steps", &[("n", &limits::STEPS)]),
                Halt::Limit(Limit::InFlight) => {
                    say(lang, "halt.limit.in-flight", &[("n", &limits::IN_FLIGHT)])
                }
                Halt::Limit(Limit::Pending) => say(lang, "halt.limit.pending", &[("n", &limits::PENDING)]),
            })
        })
    };
    view! { <p class="end-note">{note}</p> }
}

/// Something to tell, until it is closed.
#[component]
fn Notice() -> impl IntoView {
    let lab = use_lab();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {move || {
                lab.notice
                    .get()
                    .map(|text| {
                        view! {
                            <div class="toast">
                                <p>{text}</p>
                                <button
                                    class="icon-btn quiet"
                                    aria-label=move || t(lab.lang.get(), "lab.close")
                                    on:click=move |_| lab.notice.set(None)
                                >
                                    <Icon name="close"/>
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// Says the last sentence of the current step to a screen reader; while it plays, nothing.
#[component]
fn Narrator() -> impl IntoView {
    let lab = use_lab();
    let said = Memo::new(move |before: Option<&String>| {
        if lab.playing.get() {
            return before.cloned().unwrap_or_default();
        }
        let speaker = lab.speaker();
        let state = lab.state.get();
        lab.story.with(|s| {
            let sentences: Vec<_> =
                s.run.step_events(state).1.iter().map(|e| speaker.sentence(e)).collect();
            sentences.join(". ")
        })
    });
    view! { <p class="visually-hidden" aria-live="polite">{said}</p> }
}

/// The address follows the recipe, the moment and the view, whenever they rest.
fn keep_address(session: Session, lab: Lab) {
    let settings = use_settings();
    Effect::new(move |_| {
        let recipe = session.recipe();
        let lang = settings.lang_in_address.get().then(|| settings.lang.get());
        let theme = settings.theme.get().filter(|_| settings.theme_in_address.get());
        let view = Some(lab.view.get());
        if lab.playing.get() {
            return;
        }
        let at = Some(lab.state.get());
        let page = Page::Lab(link::encode(&recipe));
        browser::replace_fragment(&Address { page, at, view, lang, theme }.write());
    });
}

/// The keys, while this lab is there.
fn listen_to_keys(lab: Lab, open: RwSignal<Option<Open>>) {
    browser::on_key(move |event| {
        // The listener outlives the lab; its signals tell.
        let Some(dialog) = open.try_get_untracked() else { return };
        if dialog.is_some() || browser::is_typing(event) || event.alt_key() {
            return;
        }
        let key = event.key();
        let command = event.ctrl_key() || event.meta_key();
        if matches!(key.as_str(), " " | "Enter") && browser::is_on_control(event) {
            return;
        }
        let kept = (key.starts_with("Arrow") && browser::keeps_arrows(event))
            || (matches!(key.as_str(), "Home" | "End") && browser::keeps_ends(event));
        if kept {
            return;
        }
        let Some((action, number)) = keys::meaning(&key, event.shift_key(), command) else { return };
        event.prevent_default();
        match action {
            KeyAction::Palette => open.set(Some(Open::Palette)),
            KeyAction::Help => open.set(Some(Open::Keys)),
            _ => {
                if let Some(command) = keys::command(action, number) {
                    lab.send(command);
                }
            }
        }
    });
}
