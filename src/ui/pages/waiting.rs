//! While a pattern's texts are on their way; and when they do not come.

use converge_view::view;
use leptos::prelude::*;

use super::header::Header;
use crate::texts::t;
use crate::ui::reactive::RwSignal;
use crate::ui::settings::use_settings;

/// A page that is not there yet.
#[component]
pub fn Waiting(
    /// Whether what it waits for could not be had.
    failed: RwSignal<bool>,
    /// Asks for it again.
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let lang = use_settings().lang;
    view! {
        <Header><span class="grow"></span></Header>
        <main class="page waiting" aria-busy=move || (!failed.get()).to_string()>
            <p role="status">{move || t(lang.get(), if failed.get() { "waiting.failed" } else { "waiting.text" })}</p>
            {move || failed.get().then(|| view! {
                <button class="btn" on:click=move |_| again()>{t(lang.get(), "waiting.again")}</button>
            })}
        </main>
    }
}
