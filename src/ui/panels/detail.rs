//! What more there is to say of a selected event: what it is in real systems.

use converge_view::view;
use leptos::prelude::*;

use crate::texts::t;
use crate::ui::lab::Lab;

/// What more there is to say of an event of the trace.
pub(super) fn detail(lab: Lab, event: u32) -> impl IntoView {
    let speaker = lab.speaker();
    let real =
        lab.story.with(|s| s.run.events().get(event as usize).and_then(|e| speaker.real_of(&e.what)));
    real.map(|real| view! { <p class="j-detail"><b>{t(speaker.lang, "ui.real")}</b> " " {real}</p> })
}
