//! The app: settings, the route, the page.

use converge_view::view;
use leptos::prelude::*;

use super::address::{Address, Page};
use super::browser;
use super::pages::{Home, LabPage, NotFound, SHOWN, Waiting};
use super::settings::Settings;
use crate::patterns;
use crate::ui::reactive::RwSignal;

/// Mounts the page.
pub fn mount() {
    browser::install_panic_page();
    mount_to_body(App);
    browser::remove_boot();
}

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let first = Address::parse(&browser::fragment());
    let settings = Settings::start(&first);
    provide_context(settings);
    // A page is made anew at every link that is followed, even to the address it once came from: the
    // lab has moved on since, and keeps its own address up to date without an event.
    let address = RwSignal::new((first, 0u32));
    let visit = move |next: Option<Address>| {
        address.update(|(address, visit)| {
            *address = next.unwrap_or_else(|| address.clone());
            *visit += 1;
        });
    };
    browser::on_fragment_change(move |fragment| {
        let next = Address::parse(&fragment);
        settings.follow(&next);
        visit(Some(next));
    });
    // A page is shown when the texts of its pattern are there; for most they came with the module.
    let failed = RwSignal::new(false);
    let ready = move |pattern: Option<&'static str>, more: bool| {
        failed.set(false);
        settings.open(pattern, more, move |came| if came { visit(None) } else { failed.set(true) })
    };
    move || {
        let (address, _) = address.get();
        match address.page.clone() {
            Page::Home if ready(Some(SHOWN.0), false) => view! { <Home/> }.into_any(),
            Page::Lab(link) if ready(pattern_of(&link), true) => lab(link, address),
            Page::Unknown(path) if ready(None, true) => not_found(path),
            _ => view! { <Waiting failed again=move || visit(None)/> }.into_any(),
        }
    }
}

/// Kept apart: the first page does without.
#[inline(never)]
fn lab(link: String, address: Address) -> AnyView {
    view! { <LabPage link address/> }.into_any()
}

#[inline(never)]
fn not_found(path: String) -> AnyView {
    view! { <NotFound path/> }.into_any()
}

/// The pattern that the link of a lab begins with.
fn pattern_of(link: &str) -> Option<&'static str> {
    patterns::find(link.split('/').next()?).map(|pattern| pattern.id)
}
