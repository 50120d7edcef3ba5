//! What arrows and marks stand on: life lines, moods, folded spans and the scale of times.

use converge_view::view;
use leptos::prelude::*;

use crate::kernel::Mood;
use crate::texts::{Lang, duration, say};
use crate::trace::Story;
use crate::ui::decimal::fixed;
use crate::ui::diagram::pointing::Pointing;
use crate::ui::diagram::sequence_layout::{Bar, Picture, wide};
use crate::ui::diagram::wires::sign;
use crate::ui::icons::{mood_class, mood_word};

/// What belongs to no single moment: life lines and folded spans.
pub(super) fn ground(picture: &Picture, lang: Lang, pointing: Pointing) -> impl IntoView + use<> {
    let (width, height) = (picture.width, picture.height);
    let lines = picture
        .columns
        .iter()
        .map(|(node, x)| {
            let node = *node;
            view! {
                <path
                    class="life"
                    class:lit=move || pointing.lit.get().node == Some(node)
                    d=format!("M{} 0V{}", fixed(*x, 1), fixed(height, 1))
                />
            }
        })
        .collect_view();
    let bands = picture
        .bands
        .iter()
        .map(|band| {
            view! {
                <g class="fold">
                    <rect x="0" y=band.y width=width height=band.h/>
                    <path d={
                        let [top, end, width] = [band.y, band.y + band.h, width].map(|n| fixed(n, 1));
                        format!("M0 {top}H{width}M0 {end}H{width}")
                    }/>
                </g>
            }
        })
        .collect_view();
    let x = picture.between();
    let tags = picture
        .bands
        .iter()
        .map(|band| {
            let text = duration(lang, band.micros);
            let (w, y) = (wide(&text) + 14.0, band.y + band.h / 2.0);
            let dots = |x: f64| {
                let dot = |off: f64| format!("M{} {}v0", fixed(x, 1), fixed(y + off, 1));
                [-22.0, -16.0, 16.0, 22.0].map(dot).concat()
            };
            view! {
                <g class="fold">
                    <rect class="fold-tag" x=x - w / 2.0 y=y - 9.0 width=w height="18" rx="9"/>
                    <path class="fold-dots" d=dots(x)/>
                    <text x=x y=y + 4.0 text-anchor="middle">{text}</text>
                </g>
            }
        })
        .collect_view();
    view! {
        {lines}
        {bands}
        {tags}
    }
}

/// A moment on the scale of times.
pub(super) fn time_view(y: f64, micros: u64, lang: Lang) -> impl IntoView + use<> {
    view! { <text class="time" x="8" y=y + 4.0>{duration(lang, micros)}</text> }
}

/// A span of a mood on a life line.
pub(super) fn bar_view(bar: &Bar, picture: &Picture, story: &Story, lang: Lang) -> impl IntoView + use<> {
    let x = picture.columns.iter().find(|c| c.0 == bar.node).map_or(0.0, |c| c.1);
    let (y, h) = (bar.y, bar.h);
    let word = mood_word(lang, bar.mood);
    let from = story.axis.state(picture.position(y));
    let to = story.axis.state(picture.position(y + h));
    let span = duration(lang, (story.run.time(to) - story.run.time(from)).micros);
    let text = say(lang, "sequence.span", &[("mood", &word), ("time", &span)]);
    let settled = matches!(bar.mood, Mood::Committed | Mood::Aborted | Mood::Compensated | Mood::Working);
    let w = match bar.mood {
        Mood::Working => 6.0,
        Mood::Waiting => 6.0,
        _ if settled => 3.0,
        _ => 9.0,
    };
    let over = match bar.mood {
        Mood::InDoubt | Mood::Stuck => Some("url(#hatch-doubt)"),
        Mood::Stale | Mood::Compensating => Some("url(#hatch-wait)"),
        _ => None,
    };
    let down = bar.mood == Mood::Down;
    let shape = if down {
        let gap = format!("M{} {}v{}", fixed(x, 1), fixed(y, 1), fixed(h, 1));
        view! {
            <path class="gap" d=gap.clone()/>
            <path class="gap-dots" d=gap/>
        }
        .into_any()
    } else {
        view! {
            <rect class="bar-fill" x=x - w / 2.0 y=y width=w height=h rx=w / 3.0/>
            {(settled && bar.mood != Mood::Working && h > 34.0).then(|| view! {
                <g class="verdict" transform=format!("translate({} {}) scale(0.7)", fixed(x, 1), fixed(y + 26.0, 1))>
                    <circle r="9"/>
                    {sign(mood_class(bar.mood))}
                </g>
            })}
            {over.map(|fill| view! { <rect x=x - w / 2.0 y=y width=w height=h rx=w / 3.0 fill=fill/> })}
        }
        .into_any()
    };
    let caption = bar.caption.map(|c| {
        view! {
            <text class="caption" text-anchor="middle" transform=format!("translate({} {}) rotate(90)", fixed(c.x - 4.0, 1), fixed(c.y, 1))>
                {text.clone()}
            </text>
        }
    });
    view! {
        <g class=format!("bar {}", mood_class(bar.mood)) role="img" aria-label=text.clone()>
            <title>{text.clone()}</title>
            {shape}
            {caption}
        </g>
    }
}
