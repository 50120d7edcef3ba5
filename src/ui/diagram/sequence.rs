//! The sequence view: the whole run as life lines and arrows, with the playhead over it.

use std::sync::Arc;

use converge_view::view;
use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html;
use leptos::prelude::*;

use super::pointing::Pointing;
use super::sequence_layout::{Arrow, Bar, Dot, DotKind, Picture, Tip, Words, draw, shortened, wide};
use super::stage_layout::{Pt, path};
use super::wires::sign;
use crate::kernel::{Lost, Mood, NodeId};
use crate::patterns::pattern::Style;
use crate::texts::{Lang, duration, say, t};
use crate::trace::{Speaker, Story};
use crate::ui::decimal::fixed;
use crate::ui::icons::{mood_class, mood_word};
use crate::ui::reactive::{Effect, Memo, RwSignal};
use crate::ui::{Command, Lab, Selection, browser, use_lab};

/// The words of the diagram.
fn words_of(lang: Lang) -> Words {
    Words {
        crash: t(lang, "sequence.crash"),
        restart: t(lang, "sequence.restart"),
        pause: t(lang, "sequence.pause"),
        resume: t(lang, "sequence.resume"),
        refused: t(lang, "sequence.refused"),
        interfered: t(lang, "sequence.interfered"),
        cut: t(lang, "sequence.cut"),
        heal: t(lang, "sequence.heal"),
        slow: t(lang, "sequence.slow"),
    }
}

/// The sequence of a lab.
#[component]
pub fn SequenceView() -> impl IntoView {
    let lab = use_lab();
    let room = NodeRef::<html::Div>::new();
    let size = RwSignal::new((0.0, 0.0));
    Effect::new(move |_| {
        if let Some(room) = room.get() {
            browser::observe_size(&room, size);
        }
    });
    let picture = Memo::new(move |_| {
        let (width, height) = size.get();
        let lang = lab.lang.get();
        lab.story.with(|story| {
            Arc::new(draw(story, &story.speaker(lang), &words_of(lang), width, (height - HEADS).max(0.0)))
        })
    });
    let pointing = Pointing::new(lab);
    let now = Memo::new(move |_| picture.with(|p| p.y(lab.position.get())));
    // While it plays the view follows the playhead, until the person scrolls; any other move of the
    // playhead brings it into view.
    let follows = RwSignal::new(true);
    Effect::new(move |_| {
        lab.playing.get();
        follows.set(true);
    });
    Effect::new(move |_| {
        let y = now.get() + HEADS;
        let Some(room) = room.get() else { return };
        let (top, tall) = (f64::from(room.scroll_top()), size.get_untracked().1);
        if tall <= 0.0 {
            return;
        }
        if lab.playing.get_untracked() {
            if follows.get_untracked() && (y > top + tall * 0.62 || y < top + HEADS) {
                room.set_scroll_top((y - tall * 0.62) as i32);
            }
        } else if y > top + tall - 36.0 || y < top + HEADS + 16.0 {
            room.set_scroll_top((y - tall * 0.5) as i32);
        }
    });
    let current = RwSignal::new(0_usize);
    let to_arrow = move |by: isize| {
        let n = lab.story.with_untracked(|s| s.chart.flights.len());
        if n == 0 {
            return;
        }
        let next = match by {
            isize::MIN => 0,
            isize::MAX => n - 1,
            by => current.get_untracked().saturating_add_signed(by).min(n - 1),
        };
        current.set(next);
        let msg = lab.story.with_untracked(|s| s.chart.flights[next].msg);
        pointing.choose(Selection::Flight(msg));
        browser::focus(&format!("#sequence-{next}"));
        browser::into_view(&format!("#sequence-{next} .arrow-line"));
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => to_arrow(1),
            "ArrowUp" => to_arrow(-1),
            "Home" => to_arrow(isize::MIN),
            "End" => to_arrow(isize::MAX),
            "Enter" | " " => go_to(lab, current.get_untracked()),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let touch = move |event: MouseEvent| {
        // A place without a thing on it is a moment.
        let Some(room) = room.get_untracked() else { return };
        let top = room.get_bounding_client_rect().y();
        let y = f64::from(event.client_y()) - top + f64::from(room.scroll_top()) - HEADS;
        lab.send(Command::SeekPosition(picture.with_untracked(|p| p.position(y)).max(0.0)));
    };
    let short = move |node: NodeId, apart: f64| {
        let speaker = lab.speaker();
        let name = speaker.node(node).into_owned();
        let id = lab.story.with(|s| s.run.stage.nodes[node.index()].id);
        let brief = speaker.find(&format!("node.{id}.short")).map(str::to_owned);
        let shown =
            if wide(&name) * 1.12 > apart - 4.0 { brief.unwrap_or(name.clone()) } else { name.clone() };
        (shortened(&shown, apart).unwrap_or(shown), name)
    };
    view! {
        <div
            class="sequence"
            node_ref=room
            on:wheel=move |_| follows.set(false)
            on:touchmove=move |_| follows.set(false)
        >
            <div class="heads" style:width=move || format!("{}px", fixed(picture.with(|p| p.width), 3))>
                {move || {
                    let (columns, apart) = picture.with(|p| (p.columns.clone(), p.apart));
                    columns
                        .into_iter()
                        .map(|(node, x)| {
                            let (shown, name) = short(node, apart);
                            let thing = Selection::Node(node);
                            let mood = move || {
                                let state = lab.state.get();
                                lab.story.with(|s| {
                                    let known = node.index() < s.run.stage.nodes.len();
                                    known.then(|| s.run.moods(node).at(state)).flatten().unwrap_or_default()
                                })
                            };
                            view! {
                                <button
                                    class=move || {
                                        let lit = pointing.lit.get().node == Some(node);
                                        format!("head {}{}", mood_class(mood()), if lit { " lit" } else { "" })
                                    }
                                    style:left=format!("{}px", fixed(x, 3))
                                    style:max-width=format!("{}px", fixed(apart - 2.0, 3))
                                    title=move || format!("{name}: {}", mood_word(lab.lang.get(), mood()))
                                    on:pointerenter=move |e| pointing.enter(&e, thing)
                                    on:pointerleave=move |_| pointing.leave(thing)
                                    on:click=move |_| pointing.choose(thing)
                                >
                                    <span class="head-name">{shown}</span>
                                </button>
                            }
                        })
                        .collect_view()
                }}
            </div>
            <div class="sequence-picture" data-keeps-arrows="" on:keydown=keys>
                <svg
                    class="lamport"
                    role="group"
                    aria-label=move || {
                        let n = lab.story.with(|s| s.chart.flights.len());
                        say(lab.lang.get(), "sequence.label", &[("n", &n)])
                    }
                    width=move || picture.with(|p| p.width)
                    height=move || picture.with(|p| p.height)
                    on:click=touch
                >
                    <defs>
                        <pattern id="hatch-doubt" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                            <path d="M0 0v6" class="hatch-doubt"/>
                        </pattern>
                        <pattern id="hatch-wait" width="4" height="6" patternUnits="userSpaceOnUse">
                            <path d="M0 1h4" class="hatch-wait"/>
                        </pattern>
                    </defs>
                    {move || {
                        let picture = picture.get();
                        lab.story.with(|story| {
                            whole(lab, story, &picture, &story.speaker(lab.lang.get()), pointing, current)
                        })
                    }}
                    <rect
                        class="future"
                        x="0"
                        y="0"
                        width=move || picture.with(|p| p.width)
                        height=move || picture.with(|p| p.height)
                        style:transform=move || format!("translateY({}px)", fixed(now.get() + 1.0, 1))
                    />
                    <g class="playhead" style:transform=move || format!("translateY({}px)", fixed(now.get(), 1))>
                        <path d=move || format!("M0 0H{}", fixed(picture.with(|p| p.width), 3))/>
                        <g class="playhead-time">
                            {move || {
                                let state = lab.state.get();
                                let time = lab.story.with(|s| duration(lab.lang.get(), s.run.time(state).micros));
                                let w = time.chars().count() as f64 * 6.8 + 14.0;
                                view! {
                                    <rect x="4" y="-10" width=w height="20" rx="10"/>
                                    <text x=4.0 + w / 2.0 y="4" text-anchor="middle">{time}</text>
                                }
                            }}
                        </g>
                    </g>
                </svg>
            </div>
        </div>
    }
}

/// Height of the names above the life lines; style/sequence.css holds to it.
const HEADS: f64 = 44.0;

fn go_to(lab: Lab, flight: usize) {
    let sent = lab.story.with_untracked(|s| s.chart.flights.get(flight).map(|f| f.sent));
    if let Some(sent) = sent {
        lab.send(Command::Seek(sent));
    }
}

/// Everything that does not move with the playhead.
fn whole(
    lab: Lab,
    story: &Story,
    picture: &Picture,
    speaker: &Speaker,
    pointing: Pointing,
    current: RwSignal<usize>,
) -> impl IntoView + use<> {
    let lang = speaker.lang;
    let (width, height) = (picture.width, picture.height);
    let times = picture
        .times
        .iter()
        .map(|(y, micros)| {
            let text = duration(lang, *micros);
            view! { <text class="time" x="8" y=y + 4.0>{text}</text> }
        })
        .collect_view();
    let lines = picture
        .columns
        .iter()
        .map(|(node, x)| {
            let node = *node;
            view! {
                <path
                    class="life"
                    class:lit=move || pointing.lit.get().node == Some(node)
                    d=format!("M{} 0V{}", fixed(*x, 3), fixed(height, 3))
                />
            }
        })
        .collect_view();
    let bars = picture.bars.iter().map(|bar| bar_view(bar, picture, story, lang)).collect_view();
    let bands = picture
        .bands
        .iter()
        .map(|band| {
            view! {
                <g class="fold">
                    <rect x="0" y=band.y width=width height=band.h/>
                    <path d=format!("M0 {0}H{width}M0 {1}H{width}", fixed(band.y, 3), fixed(band.y + band.h, 3), width = fixed(width, 3))/>
                </g>
            }
        })
        .collect_view();
    // Between two life lines, where nothing else is.
    let middle = picture.columns.len() / 2;
    let x = match (picture.columns.get(middle.wrapping_sub(1)), picture.columns.get(middle)) {
        (Some(a), Some(b)) => f64::midpoint(a.1, b.1),
        _ => width / 2.0,
    };
    let tags = picture
        .bands
        .iter()
        .map(|band| {
            let text = duration(lang, band.micros);
            let (w, y) = (wide(&text) + 14.0, band.y + band.h / 2.0);
            let dots = |x: f64| {
                format!(
                    "M{x} {}v0M{x} {}v0M{x} {}v0",
                    fixed(y - 22.0, 3),
                    fixed(y - 16.0, 3),
                    fixed(y + 16.0, 3),
                    x = fixed(x, 3)
                ) + &format!("M{} {}v0", fixed(x, 3), fixed(y + 22.0, 3))
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
    let arrows = picture
        .arrows
        .iter()
        .enumerate()
        .map(|(i, arrow)| arrow_view(lab, i, arrow, story, speaker, pointing, current))
        .collect_view();
    let dots = picture.dots.iter().map(|dot| dot_view(lab, dot, story, speaker, pointing)).collect_view();
    view! {
        {times}
        {lines}
        {bands}
        {bars}
        {tags}
        <g class="arrows" role="list">{arrows}</g>
        <g class="dots">{dots}</g>
    }
}

fn bar_view(bar: &Bar, picture: &Picture, story: &Story, lang: Lang) -> impl IntoView + use<> {
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
        view! {
            <path class="gap" d=format!("M{} {}v{}", fixed(x, 3), fixed(y, 3), fixed(h, 3))/>
            <path class="gap-dots" d=format!("M{} {}v{}", fixed(x, 3), fixed(y, 3), fixed(h, 3))/>
        }
        .into_any()
    } else {
        view! {
            <rect class="bar-fill" x=x - w / 2.0 y=y width=w height=h rx=w / 3.0/>
            {(settled && bar.mood != Mood::Working && h > 34.0).then(|| view! {
                <g class="verdict" transform=format!("translate({} {}) scale(0.7)", fixed(x, 3), fixed(y + 26.0, 3))>
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
            <text class="caption" text-anchor="middle" transform=format!("translate({} {}) rotate(90)", c.x - 4.0, c.y)>
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

fn head_of(line: &[Pt]) -> String {
    let Some([a, b]) = line.last_chunk::<2>() else { return String::new() };
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let len = dx.hypot(dy).max(1e-9);
    let (dx, dy) = (dx / len, dy / len);
    let back = Pt { x: b.x - dx * 8.0, y: b.y - dy * 8.0 };
    let (px, py) = (-dy * 3.6, dx * 3.6);
    let (left, right) = (Pt { x: back.x + px, y: back.y + py }, Pt { x: back.x - px, y: back.y - py });
    path(&[*b, left, right]) + "Z"
}

fn arrow_view(
    lab: Lab,
    i: usize,
    arrow: &Arrow,
    story: &Story,
    speaker: &Speaker,
    pointing: Pointing,
    current: RwSignal<usize>,
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
                <g class="lost" class:at-node=at_node transform=format!("translate({} {})", fixed(end.x, 1), fixed(end.y, 1))>
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
            <g class="held-sign" transform=format!("translate({} {}) scale(0.8)", fixed(a.x, 1), fixed(a.y, 1))>
                <circle r="9"/>
                {sign("delay")}
            </g>
        }
    });
    let undo = arrow.style == Style::Undo;
    let label = arrow.label.as_ref().map(|word| {
        let wide = wide(&word.text);
        view! {
            {undo.then(|| view! {
                <g class="label-sign" transform=format!("translate({} {}) scale(0.75)", fixed(word.at.x - wide / 2.0 - 3.0, 1), fixed(word.at.y - 4.0, 1))>
                    {sign("mood-compensating")}
                </g>
            })}
            <text class="label" x=word.at.x + if undo { 6.0 } else { 0.0 } y=word.at.y text-anchor=word.anchor>{word.text.clone()}</text>
        }
    });
    let flight_at = arrow.flight;
    let line = path(&arrow.line);
    view! {
        <g role="listitem"><g
            class=format!("arrow {style}")
            class:lost-arrow=lost
            class:copy=arrow.copy
            class:lit=move || pointing.lit.get().msg == Some(msg)
            id=format!("sequence-{i}")
            role="button"
            tabindex=move || if current.get() == i { "0" } else { "-1" }
            aria-label=sentence.clone()
            on:pointerenter=move |e| pointing.enter(&e, thing)
            on:pointerleave=move |_| pointing.leave(thing)
            on:focus=move |_| {
                current.set(i);
                pointing.choose(thing);
            }
            on:click=move |e| {
                e.stop_propagation();
                current.set(i);
                pointing.choose(thing);
                go_to(lab, flight_at);
                // A new moment takes nothing from the choice.
                pointing.choose(thing);
            }
        >
            <title>{sentence.clone()}</title>
            <path class="arrow-touch" d=line.clone()/>
            <path class="arrow-line" d=line/>
            {held}
            {tip}
            {label}
        </g></g>
    }
}

fn dot_view(
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
    let label = dot.label.as_ref().map(|w| {
        view! { <text class="dot-label" x=w.at.x y=w.at.y text-anchor=w.anchor>{w.text.clone()}</text> }
    });
    view! {
        <g
            class=class
            class:lit=move || pointing.lit.get().event == Some(event)
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
            <g transform=format!("translate({} {})", fixed(x, 1), fixed(y, 1))>{shape}</g>
            {label}
        </g>
    }
}
