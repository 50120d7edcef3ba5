//! Links on the stage: lines, and a handle on each.

use converge_view::view;
use leptos::prelude::*;

use super::acts_menu::Opener;
use super::pointing::Pointing;
use super::stage_layout::{Plan, at, beside, path};
use crate::kernel::NodeId;
use crate::texts::say;
use crate::trace::Flight;
use crate::ui::decimal::fixed;
use crate::ui::icons::{Icon, paths};
use crate::ui::reactive::{Memo, RwSignal};
use crate::ui::{Selection, use_lab};

/// What a link is at a moment: cut there, cut back, how slow.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Health {
    there: bool,
    back: bool,
    slow: u16,
}

/// A link: its line in the picture, and its handle.
#[derive(Clone, Copy)]
pub struct Wire {
    a: NodeId,
    b: NodeId,
    plan: Memo<Plan>,
    health: Memo<Health>,
    over: RwSignal<bool>,
    /// Whether messages are on their way.
    busy: Memo<bool>,
    opener: Opener,
    pointing: Pointing,
}

impl Wire {
    /// The link between two nodes.
    #[must_use]
    pub fn new(a: NodeId, b: NodeId, plan: Memo<Plan>, opener: Opener, pointing: Pointing) -> Self {
        let lab = use_lab();
        let health = Memo::new(move |_| {
            lab.frame.with(|f| Health {
                there: f.cuts.contains(&(a, b)),
                back: f.cuts.contains(&(b, a)),
                slow: f
                    .slow
                    .iter()
                    .filter(|s| (s.0, s.1) == (a, b) || (s.0, s.1) == (b, a))
                    .map(|s| s.2)
                    .max()
                    .unwrap_or(1),
            })
        });
        let busy = Memo::new(move |_| {
            let state = lab.state.get();
            // On any link: they cross, and a finger means one thing at a time.
            let shown = |f: &Flight| f.sent <= state && f.end.state(u32::MAX) >= state;
            lab.story.with(|s| s.chart.flights.iter().any(shown))
        });
        Self { a, b, plan, health, over: RwSignal::new(false), busy, opener, pointing }
    }

    fn thing(self) -> Selection {
        Selection::Link(self.a, self.b)
    }

    fn id(self) -> String {
        self.opener.id("link", u32::from(self.a.0) * 256 + u32::from(self.b.0))
    }

    /// Its line: part of the picture under the cards.
    pub fn line(self) -> impl IntoView {
        let line = Memo::new(move |_| {
            let (a, b) = (self.a.index(), self.b.index());
            self.plan.with(|p| {
                p.routes.iter().find(|r| r.a == a && r.b == b).map(|r| r.line.clone()).unwrap_or_default()
            })
        });
        let whole = move || line.with(|l| path(l));
        let thing = self.thing();
        let lit = move || self.pointing.lit.get().has_link(self.a, self.b);
        // One way cut: that way is drawn beside the line, with a bar across and its direction.
        let cut = move || {
            let health = self.health.get();
            let ways = [(health.there, false), (health.back, true)];
            line.with(|l| {
                if l.len() < 2 || !(health.there || health.back) {
                    return Vec::new();
                }
                let both = health.there && health.back;
                ways.iter()
                    .filter(|w| w.0 && !(both && w.1))
                    .map(|(_, reverse)| {
                        let mut l = l.clone();
                        if *reverse {
                            l.reverse();
                        }
                        if both { (l, false) } else { (beside(&l, 5.0), true) }
                    })
                    .collect()
            })
        };
        view! {
            <g
                class="wire"
                class:lit=lit
                class:cut=move || { let h = self.health.get(); h.there && h.back }
                class:slow=move || { self.health.get().slow > 1 }
            >
                <path class="wire-line" d=whole/>
                {move || {
                    cut()
                        .into_iter()
                        .map(|(l, one_way)| {
                            let (middle, way) = at(&l, 0.5);
                            let angle = way.y.atan2(way.x).to_degrees();
                            let at = format!("translate({} {}) rotate({})", fixed(middle.x, 1), fixed(middle.y, 1), fixed(angle, 1));
                            view! {
                                <path class="wire-cut" d=path(&l)/>
                                <g transform=at>
                                    {one_way.then(|| view! { <path class="wire-way" d="M-26 -4 -20 0 -26 4M20 -4 26 0 20 4"/> })}
                                </g>
                            }
                        })
                        .collect_view()
                }}
                <path
                    class="wire-touch"
                    d=whole
                    on:pointerenter=move |e| {
                        self.over.set(true);
                        self.pointing.enter(&e, thing);
                    }
                    on:pointerleave=move |_| {
                        self.over.set(false);
                        self.pointing.leave(thing);
                    }
                    on:click=move |_| {
                        self.pointing.choose(thing);
                        self.opener.open(thing, &self.id());
                    }
                />
            </g>
        }
    }

    /// Its handle: a button in the middle of it.
    pub fn handle(self) -> impl IntoView {
        let lab = use_lab();
        let thing = self.thing();
        let middle = Memo::new(move |_| {
            let (a, b) = (self.a.index(), self.b.index());
            self.plan.with(|p| {
                p.routes.iter().find(|r| r.a == a && r.b == b).map(|r| r.handle).unwrap_or_default()
            })
        });
        let crowded = move || {
            let (a, b) = (self.a.index(), self.b.index());
            self.plan.with(|p| p.routes.iter().any(|r| r.a == a && r.b == b && r.crowded))
        };
        let ill = move || {
            let h = self.health.get();
            h.there || h.back || h.slow > 1
        };
        view! {
            <button
                class="handle"
                class:over=self.over
                class:busy=self.busy
                class:ill=move || { let h = self.health.get(); h.there || h.back }
                class:slow=ill
                class:lit=move || self.pointing.lit.get().has_link(self.a, self.b)
                class:open=move || self.opener.shows(thing)
                id=self.id()
                hidden=crowded
                aria-haspopup="menu"
                aria-label=move || {
                    let speaker = lab.speaker();
                    let (from, to) = (speaker.node_in(self.a), speaker.node_in(self.b));
                    let h = self.health.get();
                    let name = match (h.there, h.back) {
                        (true, true) => "stage.link.cut",
                        (false, false) => "stage.link",
                        _ => "stage.link.cut-way",
                    };
                    let way = if h.there { &to } else { &from };
                    say(lab.lang.get(), name, &[("from", &from), ("to", &to), ("way", way)])
                }
                style:transform=move || {
                    let at = middle.get();
                    format!("translate({}px,{}px) translate(-50%,-50%)", fixed(at.x, 1), fixed(at.y, 1))
                }
                on:pointerenter=move |e| self.pointing.enter(&e, thing)
                on:pointerleave=move |_| self.pointing.leave(thing)
                on:focus=move |_| self.pointing.choose(thing)
                on:click=move |_| {
                    self.pointing.choose(thing);
                    self.opener.open(thing, &self.id());
                }
            >
                {move || {
                    let h = self.health.get();
                    match (h.there || h.back, h.slow) {
                        (true, _) => view! { <Icon name="cut"/> }.into_any(),
                        (false, n) if n > 1 => view! {
                            <Icon name="slow"/>
                            <span class="handle-n">{say(lab.lang.get(), "stage.slow", &[("n", &n)])}</span>
                        }
                        .into_any(),
                        _ => view! { <Icon name="more"/> }.into_any(),
                    }
                }}
            </button>
        }
    }
}

/// An icon as a part of an SVG picture: 16 units wide, its middle at 0, 0.
pub fn sign(name: &str) -> impl IntoView + use<> {
    let (line, solid) = paths(name);
    view! {
        <g class="sign" transform="translate(-8 -8)" aria-hidden="true">
            {(!solid.is_empty()).then(|| view! { <path class="solid" d=solid/> })}
            {(!line.is_empty()).then(|| view! { <path d=line/> })}
        </g>
    }
}
