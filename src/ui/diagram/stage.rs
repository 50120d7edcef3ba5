//! The stage: nodes with their data, links, and messages under way.

use std::sync::Arc;

use converge_view::view;
use leptos::html;
use leptos::prelude::*;

use super::acts_menu::{ActsMenu, Opener};
use super::flight::{Token, seen};
use super::needs::{CardNeed, for_layout, needs};
use super::node_card::NodeCard;
use super::pointing::Pointing;
use super::stage_layout::{Plan, plan};
use super::wires::Wire;
use crate::kernel::{Description, NodeId};
use crate::texts::t;
use crate::trace::Story;
use crate::ui::decimal::fixed;
use crate::ui::reactive::{Effect, Memo, RwSignal};
use crate::ui::{browser, use_lab};

/// Links of a story: those that its pattern draws, and those that messages took besides.
fn links(story: &Story) -> Vec<(NodeId, NodeId)> {
    let mut links = story.run.stage.links.clone();
    for flight in &story.chart.flights {
        let (a, b) = (flight.from, flight.to);
        if a != b && !links.contains(&(a, b)) && !links.contains(&(b, a)) {
            links.push((a, b));
        }
    }
    links
}

/// The stage of a lab.
#[component]
pub fn StageView() -> impl IntoView {
    let lab = use_lab();
    let room = NodeRef::<html::Div>::new();
    let size = RwSignal::new((0.0, 0.0));
    Effect::new(move |_| {
        if let Some(room) = room.get() {
            browser::observe_size(&room, size);
        }
    });
    let needs = Memo::new(move |known: Option<&Arc<Vec<CardNeed>>>| {
        lab.story.with(|story| Arc::new(needs(story, known.map(|k| k.as_slice()))))
    });
    let links = Memo::new(move |_| lab.story.with(|story| links(story)));
    let plan: Memo<Plan> = Memo::new(move |_| {
        let (width, height) = size.get();
        let pairs: Vec<_> = links.with(|l| l.iter().map(|(a, b)| (a.index(), b.index())).collect());
        lab.story.with(|story| {
            needs.with(|n| {
                let (full, brief) = (for_layout(story, n, false), for_layout(story, n, true));
                plan(width, height, &full, &brief, &pairs)
            })
        })
    });
    let before = Memo::new(move |_| {
        let state = lab.state.get();
        lab.story.with(|story| {
            let world = (state > 0).then(|| story.run.world(state - 1));
            let n = story.run.stage.nodes.len();
            let all = world.iter().flat_map(|w| (0..n).map(|i| w.describe(NodeId(i as u8))));
            Arc::new(all.collect::<Vec<Description>>())
        })
    });
    let opener = Opener::new(lab);
    let pointing = Pointing::new(lab);
    let nodes = Memo::new(move |_| {
        lab.story.with(|s| {
            let names = s.run.stage.nodes.iter().enumerate();
            names.map(|(i, n)| (NodeId(i as u8), n.id)).collect::<Vec<_>>()
        })
    });
    let tokens = Memo::new(move |_| lab.story.with(|s| seen(s, lab.state.get(), lab.position.get())));
    let wires = Memo::new(move |_| links.get());
    let ready = move || size.get().0 > 0.0;
    view! {
        <div class="stage" node_ref=room role="group" aria-label=move || t(lab.lang.get(), "stage.title")>
            <div
                class="stage-floor"
                style:width=move || format!("{}px", fixed(plan.with(|p| p.width), 3))
                style:height=move || format!("{}px", fixed(plan.with(|p| p.height), 3))
                style:font-size=move || format!("{}px", fixed(plan.with(|p| p.em), 3))
            >
                <Show when=ready>
                    {move || {
                        let wires: Vec<Wire> = wires
                            .get()
                            .into_iter()
                            .map(|(a, b)| Wire::new(a, b, plan, opener, pointing))
                            .collect();
                        view! {
                            <svg class="wires" aria-hidden="true" focusable="false"
                                width=move || plan.with(|p| p.width) height=move || plan.with(|p| p.height)>
                                {wires.iter().map(|w| w.line()).collect_view()}
                            </svg>
                            <div class="handles" role="group" aria-label=move || t(lab.lang.get(), "stage.links")>
                                {wires.iter().map(|w| w.handle()).collect_view()}
                            </div>
                        }
                    }}
                    <div class="cards" role="group" aria-label=move || t(lab.lang.get(), "stage.nodes")>
                        <For each=move || nodes.get() key=|n| *n let:node>
                            <NodeCard node=node.0 plan needs before opener pointing/>
                        </For>
                    </div>
                    <div class="tokens" role="group" aria-label=move || t(lab.lang.get(), "stage.flights")>
                        <For each=move || tokens.get() key=|k| *k let:token>
                            <Token token plan opener pointing/>
                        </For>
                    </div>
                </Show>
            </div>
        </div>
        <ActsMenu opener/>
    }
}
