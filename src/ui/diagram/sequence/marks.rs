//! Messages and single events.

use converge_view::view;
use leptos::prelude::*;

use super::{Roving, go_to};
use crate::kernel::Lost;
use crate::patterns::pattern::Style;
use crate::trace::{Speaker, Story};
use crate::ui::decimal::fixed;
use crate::ui::diagram::pointing::Pointing;
use crate::ui::diagram::sequence_layout::{Arrow, Dot, DotKind, LEADING, Tip, Word};
use crate::ui::diagram::stage_layout::{Pt, path};
use crate::ui::diagram::wires::sign;
use crate::ui::reactive::Effect;
use crate::ui::{Command, Lab, Selection, browser};

/// A label in one line or two.
fn label_view(word: &Word, class: &'static str, shift: f64) -> impl IntoView + use<> {
    let (x, y) = (word.at.x + shift, word.at.y);
    let lines = word.lines.iter().enumerate().map(|(i, line)| {
        view! { <tspan x=x y=y + i as f64 * LEADING>{line.clone()}</tspan> }
    });
    view! { <text class=class text-anchor=word.anchor>{lines.collect_view()}</text> }
}

/// A point in the words of SVG.
fn place((x, y): (f64, f64)) -> String {
    format!("{} {}", fixed(x, 1), fixed(y, 1))
}

fn head_of(line: &[Pt]) -> String {
    let Some([a, b]) = line.last_chunk::<2>() else { return String::new() };
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let len = dx.hypot(dy).max(1e-9);
    let (dx, dy) = (dx / len, dy / len);
    let back = Pt { x: b.x - dx * 8.0, y: b.y - dy * 8.0 };
    let (px, py) = (-dy * 3.6, dx * 3.6);
    let [tip, left, right] =
        [(b.x, b.y), (back.x + px, back.y + py), (back.x - px, back.y - py)].map(place);
    format!("M{tip}L{left}L{right}Z")
}

/// A message.
pub(super) fn arrow_view(
    lab: Lab,
    i: usize,
    arrow: &Arrow,
    story: &Story,
    speaker: &Speaker,
    pointing: Pointing,
    Roving { current, wanted }: Roving,
) -> impl IntoView + use<> {
    let flight = &story.chart.flights[arrow.flight];
    let thing = Selection::Flight(arrow.msg);
    let msg = arrow.msg;
    let mut sentence =
        story.run.events().get(flight.event as usize).map(|e| speaker.sentence(e)).unwrap_or_default();
    if let Tip::Lost(_) = arrow.tip {
        // How it ended is a sentence of its own.
        let end = flight.end.state(story.run.len());
        let lost = story.run.step_events(end).1.iter();
        let lost = lost.filter(|e| matches!(e.what, crate::kernel::What::Lost { msg: m, .. } if m == msg));
        for event in lost {
            sentence.push_str(". ");
            sentence.push_str(&speaker.sentence(event));
        }
    }
    let style = match arrow.style {
        Style::Command => "style-command",
        Style::Event => "style-event",
        Style::Query => "style-query",
        Style::Failure => "style-failure",
        Style::Undo => "style-undo",
    };
    let lost = matches!(arrow.tip, Tip::Lost(_));
    let end = arrow.line.last().copied().unwrap_or_default();
    let tip = match arrow.tip {
        Tip::Arrives => view! { <path class="arrow-head" d=head_of(&arrow.line)/> }.into_any(),
        Tip::Lost(why) => {
            let at_node = matches!(why, Lost::Down | Lost::Crashed);
            view! {
                <g class="lost" class:at-node=at_node transform=format!("translate({})", place((end.x, end.y)))>
                    <circle r="7.5"/>
                    <path d="M-3.6 -3.6 3.6 3.6M3.6 -3.6 -3.6 3.6"/>
                </g>
            }
            .into_any()
        }
        Tip::Open => ().into_any(),
    };
    let held = arrow.held.map(|(a, b)| {
        view! {
            <path class="held" d=path(&[a, b])/>
            <g class="held-sign" transform=format!("translate({}) scale(0.8)", place((a.x, a.y)))>
                <circle r="9"/>
                {sign("delay")}
            </g>
        }
    });
    let undo = arrow.style == Style::Undo;
    let label = arrow.label.as_ref().map(|word| {
        view! {
            {undo.then(|| view! {
                <g class="label-sign" transform=format!("translate({}) scale(0.75)", place((word.at.x - word.wide() / 2.0 - 3.0, word.at.y - 4.0)))>
                    {sign("mood-compensating")}
                </g>
            })}
            {label_view(word, "label", if undo { 6.0 } else { 0.0 })}
        }
    });
    let me = NodeRef::<leptos::svg::G>::new();
    Effect::new(move |_| {
        if let Some(me) = me.get().filter(|_| wanted.get() == Some(i)) {
            let _ = me.focus();
            browser::into_view(&format!("#sequence-{i} .arrow-line"));
        }
    });
    let flight_at = arrow.flight;
    let sending = flight.event;
    let line = path(&arrow.line);
    view! {
        <g
            role="listitem"
            class=format!("arrow {style}")
            class:lost-arrow=lost
            class:copy=arrow.copy
            class:lit=move || pointing.lit.get().msg == Some(msg)
            class:past=move || lab.past.with(|past| past.contains(&sending))
            on:pointerenter=move |e| pointing.enter(&e, thing)
            on:pointerleave=move |_| pointing.leave(thing)
            on:click=move |e| {
                e.stop_propagation();
                current.set(i);
                pointing.choose(thing);
                go_to(lab, flight_at);
                // A new moment takes nothing from the choice.
                pointing.choose(thing);
            }
        >
            <g
                class="arrow-button"
                node_ref=me
                id=format!("sequence-{i}")
                role="button"
                tabindex=move || if current.get() == i { "0" } else { "-1" }
                aria-label=sentence.clone()
                on:focus=move |_| {
                    current.set(i);
                    wanted.set(None);
                    pointing.choose(thing);
                }
            >
                <title>{sentence.clone()}</title>
                <path class="arrow-touch" d=line.clone()/>
                <path class="arrow-line" d=line/>
                {held}
                {tip}
            </g>
            // Beside the button: a label that is cut short would not be part of its name.
            <g aria-hidden="true">{label}</g>
        </g>
    }
}

/// A single event.
pub(super) fn dot_view(
    lab: Lab,
    dot: &Dot,
    story: &Story,
    speaker: &Speaker,
    pointing: Pointing,
) -> impl IntoView + use<> {
    let (event, state) = (dot.event, dot.state);
    let thing = Selection::Event(event);
    let sentence = story.run.events().get(event as usize).map(|e| speaker.sentence(e)).unwrap_or_default();
    let (class, shape) = match dot.kind {
        DotKind::Written => ("dot written", view! { <path d="M-7 -2H7M-7 2H7"/> }.into_any()),
        DotKind::Refused => ("dot refused", view! { <path d="M-7 -2H7M-7 2H7M-4 -6 4 6"/> }.into_any()),
        DotKind::Local => ("dot local", view! { <path d="M4 0H16V9H6M9 6 5 9 9 12"/> }.into_any()),
        DotKind::Fact => ("dot fact", view! { <path d="M0 -5 5 0 0 5 -5 0Z"/> }.into_any()),
        kind => {
            let (class, name) = match kind {
                DotKind::Crash => ("dot badge crash", "crash"),
                DotKind::Restart => ("dot badge repair", "restart"),
                DotKind::Pause => ("dot badge pause", "pause-node"),
                DotKind::Resume => ("dot badge repair", "play"),
                DotKind::Command => ("dot badge command", "person"),
                DotKind::Cut => ("dot badge crash", "cut"),
                DotKind::Heal => ("dot badge repair", "heal"),
                DotKind::Slow => ("dot badge pause", "slow"),
                _ => ("dot badge crash", "refuse"),
            };
            let shape = view! {
                <circle r="9.5"/>
                <g transform="scale(0.78)">{sign(name)}</g>
            };
            (class, shape.into_any())
        }
    };
    let (x, y) = (dot.at.x, dot.at.y);
    let label = dot.label.as_ref().map(|word| label_view(word, "dot-label", 0.0));
    view! {
        <g
            class=class
            class:lit=move || pointing.lit.get().event == Some(event)
            class:past=move || lab.past.with(|past| past.contains(&event))
            role="img"
            aria-label=sentence.clone()
            on:pointerenter=move |e| pointing.enter(&e, thing)
            on:pointerleave=move |_| pointing.leave(thing)
            on:click=move |e| {
                e.stop_propagation();
                lab.send(Command::Seek(state));
                pointing.choose(thing);
            }
        >
            <title>{sentence.clone()}</title>
            <g transform=format!("translate({})", place((x, y)))>{shape}</g>
            {label}
        </g>
    }
}
