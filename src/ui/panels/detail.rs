//! What more there is to say of a selected event: what it is in real systems, and what it comes from.

use converge_view::view;
use leptos::prelude::*;

use super::count;
use crate::kernel::What;
use crate::texts::{say, t};
use crate::ui::Command;
use crate::ui::icons::Icon;
use crate::ui::lab::Lab;

/// What more there is to say of an event of the trace.
pub(super) fn detail(lab: Lab, event: u32) -> impl IntoView {
    let speaker = lab.speaker();
    let lang = speaker.lang;
    lab.story.with(|s| {
        let events = s.run.events();
        let real = events.get(event as usize).and_then(|e| speaker.real_of(&e.what));
        let past = s.run.past(event);
        // That a message arrives because it was sent goes without saying: why was it sent?
        let arrives = matches!(events.get(event as usize).map(|e| e.what), Some(What::Delivered { .. }));
        let nearest = past.get(usize::from(arrives && past.len() > 1)..).unwrap_or_default();
        let because = nearest.first().and_then(|&cause| {
            let state = s.run.state_of_event(cause);
            let what = speaker.sentence(events.get(cause as usize)?);
            Some((state, say(lang, "ui.journal.because", &[("n", &count(lang, state)), ("what", &what)])))
        });
        // Where it all began, if that is further back.
        let root = nearest.get(1..).and_then(<[u32]>::last).and_then(|&root| {
            let state = s.run.state_of_event(root);
            let what = speaker.sentence(events.get(root as usize)?);
            Some((state, say(lang, "ui.journal.root", &[("n", &count(lang, state)), ("what", &what)])))
        });
        let line = |(state, says): (u32, String)| {
            view! {
                <button class="j-cause" on:click=move |_| lab.send(Command::Seek(state))>
                    <Icon name="chevron-up"/>
                    <span>{says}</span>
                </button>
            }
        };
        view! {
            <div class="j-detail">
                {real.map(|real| view! { <p><b>{t(lang, "ui.real")}</b> " " {real}</p> })}
                {because.map(line)}
                {root.map(line)}
            </div>
        }
    })
}
