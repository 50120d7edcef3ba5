//! About: what the scenario shows, what the pattern is, what it promises and what it leaves out.

use converge_view::view;
use leptos::prelude::*;

use crate::texts::t;
use crate::ui::icons::Icon;
use crate::ui::use_lab;

/// The scenario and its pattern, in words.
#[component]
pub fn AboutView() -> impl IntoView {
    let lab = use_lab();
    let text = move |name: &str| lab.speaker().find(name);
    let scenario = move || lab.story.with(|s| s.recipe.scenario);
    let list = move |name: &'static str, icon: &'static str, class: &'static str| {
        let lines: Vec<_> =
            text(name).unwrap_or_default().split(" | ").filter(|l| !l.trim().is_empty()).collect();
        lines
            .into_iter()
            .map(|line| view! { <li class=class><Icon name=icon/><span>{line.trim().to_owned()}</span></li> })
            .collect_view()
    };
    let promises = move || {
        let speaker = lab.speaker();
        speaker
            .pattern
            .promises
            .iter()
            .map(|p| {
                let find =
                    |form: &str| speaker.find(&format!("promise.{}{form}", p.id)).unwrap_or_default();
                view! { <dt>{find("")}</dt> <dd>{find(".about")}</dd> }
            })
            .collect_view()
    };
    view! {
        <article class="about">
            {move || {
                scenario()
                    .map(|id| {
                        view! {
                            <h2>{text(&format!("scenario.{id}"))}</h2>
                            <p class="about-lead">{text(&format!("scenario.{id}.about"))}</p>
                        }
                    })
            }}
            <h3>{move || text("title")}</h3>
            <p>{move || text("summary")}</p>
            <ul class="about-list">{move || list("pros", "check", "is-ok")} {move || list("cons", "cross", "is-bad")}</ul>
            <h3>{move || t(lab.lang.get(), "ui.promises")}</h3>
            <dl class="about-promises">{promises}</dl>
            <h3>{move || t(lab.lang.get(), "ui.about.not-modelled")}</h3>
            <p class="soft">{move || text("not-modelled")}</p>
        </article>
    }
}
