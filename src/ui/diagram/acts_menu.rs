//! The menu of what can be done to a thing: beside the thing, on a phone a sheet from below.

use std::sync::atomic::{AtomicU32, Ordering};

use converge_view::view;
use leptos::ev::KeyboardEvent;
use leptos::portal::Portal;
use leptos::prelude::*;

use super::words::{Menu, menu};
use crate::kernel::Entry;
use crate::texts::{duration, say, t};
use crate::ui::decimal::fixed;
use crate::ui::icons::Icon;
use crate::ui::reactive::{Effect, Memo, RwSignal};
use crate::ui::{Command, Lab, Selection, browser, use_lab};

/// Which menu is open.
#[derive(Clone, PartialEq, Debug)]
struct Opened {
    thing: Selection,
    /// The button it was opened from: focus goes back there.
    from: String,
    /// Where that is on the screen.
    at: (f64, f64, f64, f64),
    /// Width and height of the screen.
    screen: (f64, f64),
}

/// Opens the menu of a view.
#[derive(Clone, Copy)]
pub struct Opener {
    lab: Lab,
    open: RwSignal<Option<Opened>>,
    /// Tells the buttons of several labs on a page apart.
    number: u32,
}

impl Opener {
    /// The opener of a view.
    #[must_use]
    pub fn new(lab: Lab) -> Self {
        static VIEWS: AtomicU32 = AtomicU32::new(0);
        let opener = Self { lab, open: RwSignal::new(None), number: VIEWS.fetch_add(1, Ordering::Relaxed) };
        // Wherever the focus is: the menu may be open before its first item has it.
        browser::on_key(move |event| {
            if event.key() == "Escape" && opener.open.try_with_untracked(Option::is_some) == Some(true) {
                event.prevent_default();
                opener.close();
            }
        });
        opener
    }

    /// The identity of a button in the page.
    #[must_use]
    pub fn id(self, kind: &str, number: u32) -> String {
        format!("stage{}-{kind}-{number}", self.number)
    }

    /// Opens the menu of a thing from the button with this identity. Time stands still meanwhile:
    /// what is chosen is meant for the moment that is seen.
    pub fn open(self, thing: Selection, id: &str) {
        let from = format!("#{id}");
        let Some(at) = browser::place_of(&from) else { return };
        if self.lab.playing.get_untracked() {
            self.lab.send(Command::Pause);
        }
        self.open.set(Some(Opened { thing, from, at, screen: browser::screen() }));
    }

    /// Whether the menu of this thing is open.
    #[must_use]
    pub fn shows(self, thing: Selection) -> bool {
        self.open.with(|o| o.as_ref().is_some_and(|o| o.thing == thing))
    }

    fn close(self) {
        if let Some(opened) = self.open.get_untracked() {
            self.open.set(None);
            browser::focus(&opened.from);
        }
    }
}

/// Width of the menu beside a thing.
const WIDTH: f64 = 340.0;

/// Letters of a line about real systems.
const REAL_LINE: usize = 44;

/// Where the menu stands: beside the thing, all of it on the screen.
fn stand(at: (f64, f64, f64, f64), screen: (f64, f64), tall: f64) -> (f64, f64, f64) {
    let (x, y, w, h) = at;
    let most = (screen.1 - 24.0).max(160.0);
    let tall = tall.min(most);
    let beside = x + w + 8.0 + WIDTH < screen.0;
    let (left, top) = if beside {
        (x + w + 8.0, y)
    } else if x > WIDTH + 16.0 {
        (x - WIDTH - 8.0, y)
    } else {
        (x, y + h + 6.0)
    };
    let left = left.clamp(8.0, (screen.0 - WIDTH - 8.0).max(8.0));
    (left, top.min(screen.1 - tall - 12.0).max(12.0), most)
}

/// The menu of a view, when it is open.
#[component]
pub fn ActsMenu(
    /// Its opener.
    opener: Opener,
) -> impl IntoView {
    let lab = use_lab();
    let menu = Memo::new(move |_| {
        let opened = opener.open.get()?;
        let story = lab.story.get();
        let menu = menu(&story, &story.speaker(lab.lang.get()), lab.state.get(), opened.thing)?;
        Some((opened, menu))
    });
    let choose = move |entries: Vec<Entry>| {
        if entries.is_empty() {
            return;
        }
        opener.close();
        lab.send(Command::Add(entries));
    };
    Effect::new(move |_| {
        if opener.open.with(Option::is_some) {
            request_animation_frame(|| browser::focus(".acts [role=menuitem]"));
        }
    });
    move || {
        menu.get().map(|(opened, menu)| {
            view! { <Portal><Sheet opener opened=opened.clone() menu=menu.clone() choose=Callback::new(choose)/></Portal> }
        })
    }
}

#[component]
fn Sheet(opener: Opener, opened: Opened, menu: Menu, choose: Callback<Vec<Entry>>) -> impl IntoView {
    let lab = opener.lab;
    let lang = lab.lang.get_untracked();
    let lines: usize = menu.groups.iter().map(|g| g.offers.len()).sum();
    let titled = menu.groups.iter().filter(|g| !g.title.is_empty()).count();
    let real = menu.real.map_or(0, |real| 1 + real.len() / REAL_LINE);
    let tall = 74.0 + 44.0 * lines as f64 + 26.0 * titled as f64 + 18.0 * real as f64;
    let (x, y, most) = stand(opened.at, opened.screen, tall);
    let time = lab.story.with_untracked(|s| s.run.time(lab.state.get_untracked()).micros);
    let keys = move |event: KeyboardEvent| {
        let by: isize = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            "Home" => isize::MIN,
            "End" => isize::MAX,
            "Escape" | "Tab" => {
                event.prevent_default();
                event.stop_propagation();
                opener.close();
                return;
            }
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        browser::focus_next(".acts [role=menuitem]", by);
    };
    let none = lines == 0;
    let groups: Vec<_> = menu
        .groups
        .into_iter()
        .map(|group| {
            let (title, name) = (group.title.clone(), group.title);
            let offers: Vec<_> = group
                .offers
                .into_iter()
                .map(|offer| {
                    let entries = offer.entries;
                    let off = entries.is_empty();
                    view! {
                        <button
                            class="act"
                            role="menuitem"
                            tabindex="-1"
                            aria-disabled=off.to_string()
                            on:click=move |_| choose.run(entries.clone())
                        >
                            <Icon name=offer.icon/>
                            <span class="act-text">
                                {offer.text}
                                {offer.reason.filter(|_| off).map(|why| view! { <span class="act-why">{why}</span> })}
                            </span>
                        </button>
                    }
                })
                .collect();
            view! {
                <div class="act-group" role="group" aria-label=name>
                    {(!title.is_empty()).then(|| view! { <p class="act-title" aria-hidden="true">{title}</p> })}
                    {offers}
                </div>
            }
        })
        .collect();
    view! {
        <div class="acts-veil" on:click=move |_| opener.close()></div>
        <div
            class="acts"
            role="menu"
            aria-label=menu.title.clone()
            style=("--x", format!("{}px", fixed(x, 3)))
            style=("--y", format!("{}px", fixed(y, 3)))
            style=("--most", format!("{}px", fixed(most, 3)))
            on:keydown=keys
        >
            <header class="acts-head">
                <p class="acts-name">{menu.title.clone()}</p>
                <p class="acts-about">
                    {(!menu.about.is_empty()).then(|| view! { <span>{menu.about.clone()}</span> })}
                    <span class="acts-at">{say(lang, "acts.at", &[("time", &duration(lang, time))])}</span>
                </p>
                {menu.real.map(|real| view! { <p class="acts-real"><b>{t(lang, "ui.real")}</b> " " {real}</p> })}
                <button class="acts-close" tabindex="-1" aria-label=t(lang, "acts.close") on:click=move |_| opener.close()>
                    <Icon name="close"/>
                </button>
            </header>
            {none.then(|| view! { <p class="acts-none">{t(lang, "acts.none")}</p> })}
            {groups}
        </div>
    }
}
