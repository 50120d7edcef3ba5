//! The strip on top of every page: where we are, language, theme.

use converge_view::view;
use leptos::prelude::*;

use crate::texts::{Lang, t};
use crate::ui::address::Theme;
use crate::ui::icons::{Icon, Mark};
use crate::ui::settings::use_settings;

/// The header; `children` stand between the mark and the settings.
#[component]
pub fn Header(children: Children) -> impl IntoView {
    let settings = use_settings();
    let lang = settings.lang;
    view! {
        <header class="top">
            <a class="top-mark" href="#/" aria-label=move || t(lang.get(), "top.home")>
                <Mark/>
                <span class="top-name">"Converge"</span>
            </a>
            {children()}
            <Languages/>
            <ThemeSwitch/>
            {move || settings.texts_missing.get().then(|| view! {
                <p class="top-alert" role="alert">{t(lang.get(), "top.texts-missing")}</p>
            })}
        </header>
    }
}

/// Both languages, each in its own name.
#[component]
fn Languages() -> impl IntoView {
    let settings = use_settings();
    let one = move |lang: Lang, short: &'static str, name: &'static str| {
        view! {
            <button
                class="lang"
                lang=lang.tag()
                title=name
                aria-label=format!("{short}, {name}")
                aria-pressed=move || (settings.lang.get() == lang).to_string()
                on:click=move |_| settings.choose_lang(lang)
            >
                {short}
            </button>
        }
    };
    view! {
        <div class="langs" role="group" aria-label=move || t(settings.lang.get(), "top.language")>
            {one(Lang::PtBr, "pt", "Português (Brasil)")}
            {one(Lang::En, "en", "English")}
        </div>
    }
}

/// Light or dark; the other one of what is shown.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let settings = use_settings();
    let dark = move || settings.shown_theme() == Theme::Dark;
    let name = move || {
        let name = if dark() { "top.to-light" } else { "top.to-dark" };
        t(settings.lang.get(), name)
    };
    view! {
        <button
            class="icon-btn quiet"
            aria-label=name
            title=name
            on:click=move |_| settings.choose_theme(Some(if dark() { Theme::Light } else { Theme::Dark }))
        >
            {move || if dark() { view! { <Icon name="sun"/> } } else { view! { <Icon name="moon"/> } }}
        </button>
    }
}
