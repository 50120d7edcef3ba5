//! The app: settings, the route, the page.

use leptos::prelude::*;

use super::address::{Address, Page};
use super::browser;
use super::pages::{Home, LabPage, NotFound};
use super::settings::Settings;

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
    let address = RwSignal::new(first);
    provide_context(address);
    browser::on_fragment_change(move |fragment| {
        let next = Address::parse(&fragment);
        settings.follow(&next);
        address.set(next);
    });
    // A page is made anew when the page or its recipe changes, not when the moment does.
    let page = Memo::new(move |_| address.with(|a| a.page.clone()));
    move || match page.get() {
        Page::Home => view! { <Home/> }.into_any(),
        Page::Lab(link) => view! { <LabPage link/> }.into_any(),
        Page::Unknown(path) => view! { <NotFound path/> }.into_any(),
    }
}
