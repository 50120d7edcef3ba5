//! An address that leads nowhere: says so, keeps it, and shows the ways on.

use converge_view::view;
use leptos::prelude::*;

use super::header::Header;
use super::home::Patterns;
use crate::texts::t;
use crate::ui::settings::use_settings;

/// Something that is not there.
#[component]
pub fn NotFound(
    /// What was asked for.
    path: String,
    /// Why it cannot be shown, if more is known than that it is not there.
    #[prop(optional_no_strip)]
    why: Option<String>,
) -> impl IntoView {
    let lang = use_settings().lang;
    view! {
        <Header><span class="grow"></span></Header>
        <main class="page">
            <h1>{move || t(lang.get(), "not-found.title")}</h1>
            <p>{move || why.clone().unwrap_or_else(|| t(lang.get(), "not-found.text").to_owned())}</p>
            <p><code class="asked">{path}</code></p>
            <Patterns/>
        </main>
    }
}
