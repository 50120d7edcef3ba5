//! The first page: what this is, with a lab that runs.

use converge_view::view;
use leptos::prelude::*;

use super::header::Header;
use crate::patterns;
use crate::patterns::pattern::Scenario;
use crate::scenario;
use crate::texts::{Lang, say, t};
use crate::trace::speak::{heading, pattern_text};
use crate::ui::Command;
use crate::ui::diagram::StageView;
use crate::ui::icons::Icon;
use crate::ui::panels::{PromiseLanes, TimelineView, Transport};
use crate::ui::reactive::Effect;
use crate::ui::session::Session;
use crate::ui::settings::use_settings;

/// What the first page runs: the moment everybody should have seen once.
pub const SHOWN: (&str, &str) = ("two-phase-commit", "coordinator-crash-after-decision");

/// The first page.
#[component]
pub fn Home() -> impl IntoView {
    let lang = use_settings().lang;
    Effect::new(move |_| crate::ui::browser::set_title(t(lang.get(), "home.page-title")));
    view! {
        <Header>
            <span class="grow"></span>
            <a class="top-link" href="#patterns" on:click=|event| {
                event.prevent_default();
                crate::ui::browser::focus("#patterns h2");
            }>{move || t(lang.get(), "home.patterns")}</a>
        </Header>
        <main class="page home">
            <section class="hero">
                <div class="hero-words">
                    <h1>{move || t(lang.get(), "home.title")}</h1>
                    <p class="lead">{move || t(lang.get(), "home.lead")}</p>
                    <p class="hero-try">{move || t(lang.get(), "home.try")}</p>
                </div>
                <LiveLab/>
            </section>
            <ul class="points">
                <Point icon="disk" name="real"/>
                <Point icon="back" name="time"/>
                <Point icon="share" name="link"/>
            </ul>
            <Patterns/>
            <footer class="foot">
                <p>{move || t(lang.get(), "home.foot")}</p>
            </footer>
        </main>
    }
}

/// One thing that makes this worth a visit.
#[component]
fn Point(icon: &'static str, name: &'static str) -> impl IntoView {
    let lang = use_settings().lang;
    let text = move |part: &'static str| match (name, part) {
        ("real", "title") => t(lang.get(), "home.real.title"),
        ("real", _) => t(lang.get(), "home.real.text"),
        ("time", "title") => t(lang.get(), "home.time.title"),
        ("time", _) => t(lang.get(), "home.time.text"),
        (_, "title") => t(lang.get(), "home.link.title"),
        _ => t(lang.get(), "home.link.text"),
    };
    view! {
        <li class="point">
            <h2><Icon name=icon/>{move || text("title")}</h2>
            <p>{move || text("text")}</p>
        </li>
    }
}

/// A lab with its stage and its time alone.
#[component]
fn LiveLab() -> impl IntoView {
    let settings = use_settings();
    let lang = settings.lang;
    let (pattern, scenario) = SHOWN;
    let recipe = scenario::find(pattern, scenario).expect("the first page shows a shipped scenario");
    let session = Session::new(recipe, lang.into(), 0);
    let lab = session.lab();
    provide_context(lab);
    // Plays once by itself, unless the person wants no motion.
    if !lab.still.get_untracked() {
        lab.send(Command::Play);
    }
    let title = move || {
        let pattern = patterns::find(pattern).expect("a shipped pattern");
        pattern_text(pattern, lang.get(), &format!("scenario.{scenario}")).unwrap_or(scenario)
    };
    view! {
        <section class="live" aria-label=title>
            <div class="live-head">
                <h2>{title}</h2>
                <a class="btn primary" href=format!("#/lab/{pattern}/{scenario}")>
                    {move || t(lang.get(), "home.open")}
                    <Icon name="arrow-right"/>
                </a>
            </div>
            <div class="live-stage"><StageView/></div>
            <div class="live-time">
                <Transport brief=true/>
                <TimelineView/>
                <PromiseLanes/>
            </div>
        </section>
    }
}

/// The scenarios of a pattern, folded. Kept apart: the first paint does without.
#[inline(never)]
fn scenarios(id: &'static str, lang: Lang) -> AnyView {
    let Some(pattern) = patterns::find(id) else { return ().into_any() };
    let link = |s: &Scenario| {
        let title = heading(id, lang, &format!("scenario.{}", s.id)).unwrap_or(s.id);
        view! { <li><a href=format!("#/lab/{id}/{}", s.id)>{title}</a></li> }
    };
    view! {
        <details class="scenarios">
            <summary>{say(lang, "home.scenarios", &[("n", &pattern.scenarios.len())])}</summary>
            <ul>{pattern.scenarios.iter().map(link).collect_view()}</ul>
        </details>
    }
    .into_any()
}

/// Every pattern, in learning order, with its scenarios. Their titles come after the first paint.
#[component]
pub fn Patterns() -> impl IntoView {
    let settings = use_settings();
    let lang = settings.lang;
    Effect::new(move |_| settings.bring_titles(lang.get()));
    let one = move |id: &'static str| {
        let text = move |name: &str| heading(id, lang.get(), name).unwrap_or_default();
        view! {
            <li class="pattern">
                <h3>
                    <a href=format!("#/lab/{id}")>{move || text("title")}</a>
                </h3>
                <p>{move || text("summary")}</p>
                {move || (settings.titles.get() == Some(lang.get())).then(|| scenarios(id, lang.get()))}
            </li>
        }
    };
    view! {
        <section id="patterns" class="patterns">
            <h2 tabindex="-1">{move || t(lang.get(), "home.patterns")}</h2>
            <ol>{patterns::NAMES.iter().map(|(id, _)| one(id)).collect_view()}</ol>
        </section>
    }
}
