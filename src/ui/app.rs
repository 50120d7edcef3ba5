//! The app: settings, the route, the page.

use converge_view::view;
use leptos::prelude::*;

use super::address::{Address, Page};
use super::browser;
use super::pages::{Home, LabPage, NotFound};
use super::settings::Settings;
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
    browser::on_fragment_change(move |fragment| {
        let next = Address::parse(&fragment);
        settings.follow(&next);
        address.update(|(address, visit)| {
            *address = next;
            *visit += 1;
        });
    });
    move || {
        let (address, _) = address.get();
        match address.page.clone() {
            Page::Home => view! { <Home/> }.into_any(),
            Page::Lab(link) => view! { <LabPage link address/> }.into_any(),
            Page::Unknown(path) => view! { <NotFound path/> }.into_any(),
        }
    }
}
