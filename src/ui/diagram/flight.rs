//! Messages under way on the stage: tokens that move along their links.

use std::sync::Arc;

use converge_view::view;
use leptos::prelude::*;

use super::acts_menu::Opener;
use super::pointing::Pointing;
use super::stage_layout::{Plan, Pt};
use crate::kernel::{Lost, MsgId, NodeId};
use crate::patterns::pattern::Style;
use crate::texts::{say, t};
use crate::trace::{Flight, FlightEnd, Story};
use crate::ui::decimal::fixed;
use crate::ui::icons::Icon;
use crate::ui::reactive::Memo;
use crate::ui::{Selection, use_lab};

/// How long, in units of the axis, the cross of a lost message stays.
const LINGER: f64 = 9.0;
/// Height of a token.
const TALL: f64 = 26.0;

/// Who a token is, over all runs of a lab: a run that an act changed keeps the tokens it shares.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TokenKey(u32, u8, u8, u8, bool);

fn key(f: &Flight) -> TokenKey {
    TokenKey(f.msg.0, f.from.0, f.to.0, f.kind, f.copy)
}

/// Tokens to be seen at a position.
#[must_use]
pub fn seen(story: &Story, state: u32, position: f64) -> Vec<TokenKey> {
    let there = |f: &&Flight| {
        f.sent <= state
            && f.from != f.to
            && match f.end {
                FlightEnd::Open => true,
                FlightEnd::Delivered(end) => end > state,
                FlightEnd::Lost(end, _) => end > state || position < story.axis.position(end) + LINGER,
            }
    };
    story.chart.flights.iter().filter(there).map(key).collect()
}

/// How far a flight has come, and how much of it is still to be seen.
fn progress(story: &Story, f: &Flight, position: f64, still: bool) -> (f64, f64) {
    let at = |state| story.axis.position(state);
    let (sent, end) = (at(f.sent), at(f.end.state(story.run.len())).max(at(f.sent) + 1e-6));
    let reach = match f.end {
        FlightEnd::Lost(_, Lost::Dropped | Lost::Network | Lost::Cut) => 0.5,
        FlightEnd::Open => 0.8,
        _ => 1.0,
    };
    if matches!(f.end, FlightEnd::Lost(..)) && position >= end {
        return (reach, (1.0 - (position - end) / LINGER).clamp(0.0, 1.0));
    }
    if still {
        return (0.5 * reach, 1.0);
    }
    if let Some(held) = f.held.map(at) {
        let far = 0.84;
        let way = if position < held {
            (position - sent) / (held - sent).max(1e-6) * far
        } else {
            // It waits, and starts again just before it arrives.
            far + ((position - end) / 2.0 + 1.0).clamp(0.0, 1.0) * (1.0 - far)
        };
        return (way.clamp(0.0, 1.0), 1.0);
    }
    (((position - sent) / (end - sent)).clamp(0.0, 1.0) * reach, 1.0)
}

/// Which of the lanes beside its link a flight takes: one more than those that leave just before it.
fn lane(story: &Story, flight: &Flight) -> u32 {
    let at = |state| story.axis.position(state);
    let same = story.chart.flights.iter().filter(|f| {
        f.from == flight.from
            && f.to == flight.to
            && (f.sent, f.msg.0) < (flight.sent, flight.msg.0)
            && f.end.state(u32::MAX) > flight.sent
    });
    let close = same.filter(|f| {
        let end = at(f.end.state(story.run.len()));
        let held = f.held.is_some_and(|h| h <= flight.end.state(u32::MAX));
        held || at(flight.sent) - at(f.sent) < 0.6 * (end - at(f.sent))
    });
    (close.count() % 3) as u32
}

/// Whether messages of the other direction are on the link during a flight.
fn meets(story: &Story, flight: &Flight) -> bool {
    let end = |f: &Flight| f.end.state(u32::MAX);
    let against = story.chart.flights.iter().filter(|f| f.from == flight.to && f.to == flight.from);
    against.into_iter().any(|f| f.sent < end(flight) && flight.sent < end(f))
}

const fn style_class(style: Style) -> &'static str {
    match style {
        Style::Command => "token style-command",
        Style::Event => "token style-event",
        Style::Query => "token style-query",
        Style::Failure => "token style-failure",
        Style::Undo => "token style-undo",
    }
}

/// One message under way.
#[component]
pub fn Token(
    /// Who it is.
    token: TokenKey,
    /// The layout.
    plan: Memo<Plan>,
    /// Opens the menu.
    opener: Opener,
    /// Selects.
    pointing: Pointing,
) -> impl IntoView {
    let lab = use_lab();
    let thing = Selection::Flight(MsgId(token.0));
    let find = move |story: &Arc<Story>| {
        let n = story.chart.flights.partition_point(|f| f.msg.0 < token.0);
        let by_number = story.chart.flights.get(n).filter(|f| key(f) == token);
        by_number.or_else(|| story.chart.flights.iter().find(|f| key(f) == token)).copied()
    };
    let flight = Memo::new(move |_| lab.story.with(find));
    let lane = Memo::new(move |_| flight.get().map_or(0, |f| lab.story.with(|s| lane(s, &f))));
    let meets = Memo::new(move |_| flight.get().is_some_and(|f| lab.story.with(|s| meets(s, &f))));
    let text = Memo::new(move |_| {
        flight.get().map_or_else(String::new, |f| lab.speaker().message(f.kind, f.args, f.from, f.to))
    });
    let style = Memo::new(move |_| {
        lab.story.with(|s| {
            let kinds = s.run.stage.pattern.messages;
            kinds.get(token.3 as usize).map_or(Style::Command, |k| k.style)
        })
    });
    let gone = Memo::new(move |_| {
        let end = flight.get().map(|f| f.end);
        matches!(end, Some(FlightEnd::Lost(end, _)) if lab.state.get() >= end)
    });
    let held = Memo::new(move |_| {
        let since = flight.get().and_then(|f| f.held);
        since.is_some_and(|since| since <= lab.state.get())
    });
    // Only this changes from picture to picture.
    let place = move || {
        let at: Option<(Pt, f64)> = flight.get().and_then(|f| {
            let (way, seen) = lab.story.with(|s| progress(s, &f, lab.position.get(), lab.still.get()));
            plan.with(|p| {
                let (a, b) = (f.from.index(), f.to.index());
                let route = p.routes.iter().find(|r| (r.a, r.b) == (a, b) || (r.b, r.a) == (a, b))?;
                let extra = usize::from(style.get() == Style::Undo)
                    + usize::from(f.copy)
                    + usize::from(f.held.is_some());
                let w = text.with(|t| t.chars().count()) as f64 * 6.6 + 20.0 + extra as f64 * 18.0;
                // What is lost on the way is lost where it can be seen.
                let midway = matches!(f.end, FlightEnd::Lost(_, Lost::Dropped | Lost::Network | Lost::Cut));
                let middle = if a == route.a { route.middle } else { 1.0 - route.middle };
                let way = if midway { way * 2.0 * middle } else { way };
                let at = route.token(a, way, (w, TALL), meets.get(), lane.get());
                let half = w / 2.0 + 3.0;
                Some((Pt { x: at.x.clamp(half, (p.width - half).max(half)), y: at.y }, seen))
            })
        });
        at.unwrap_or_default()
    };
    let place = Memo::new(move |_| place());
    let class = move || {
        let flags = [
            (pointing.lit.get().msg == Some(MsgId(token.0)), " lit"),
            (gone.get(), " gone"),
            (held.get(), " held"),
            (opener.shows(thing), " open"),
        ];
        let mut class = style_class(style.get()).to_owned();
        class.extend(flags.iter().filter(|f| f.0).map(|f| f.1));
        class
    };
    let id = opener.id("message", token.0);
    let button = id.clone();
    view! {
        <button
            class=class
            id=id
            aria-haspopup="menu"
            aria-label=move || {
                let speaker = lab.speaker();
                let (from, to) = (speaker.node_in(NodeId(token.1)), speaker.node_in(NodeId(token.2)));
                let name = if gone.get() { "stage.flight.lost" } else { "stage.flight" };
                text.with(|what| say(lab.lang.get(), name, &[("what", what), ("from", &from), ("to", &to)]))
            }
            style:transform=move || {
                let (at, _) = place.get();
                format!("translate({}px,{}px) translate(-50%,-50%)", fixed(at.x, 1), fixed(at.y, 1))
            }
            style:opacity=move || fixed(place.get().1, 2).to_string()
            on:pointerenter=move |e| pointing.enter(&e, thing)
            on:pointerleave=move |_| pointing.leave(thing)
            on:focus=move |_| pointing.choose(thing)
            on:click=move |_| {
                pointing.choose(thing);
                opener.open(thing, &button);
            }
        >
            {move || (style.get() == Style::Undo && !gone.get()).then(|| view! { <Icon name="mood-compensating"/> })}
            {move || (style.get() == Style::Query && !gone.get()).then(|| view! { <Icon name="question"/> })}
            {move || gone.get().then(|| view! { <Icon name="cross"/> })}
            <span class="token-text">{text}</span>
            {token.4.then(|| view! {
                <span class="token-tag" title=move || t(lab.lang.get(), "stage.copy")><Icon name="duplicate"/></span>
            })}
            {move || (held.get() && !gone.get()).then(|| view! {
                <span class="token-tag" title=t(lab.lang.get(), "stage.held")><Icon name="delay"/></span>
            })}
        </button>
    }
}
