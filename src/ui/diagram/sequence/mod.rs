//! The sequence view: the whole run as life lines and arrows, with the playhead over it.

use std::sync::Arc;

use converge_view::view;
use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html;
use leptos::prelude::*;

use super::pointing::Pointing;
use super::sequence_layout::{Arrow, Picture, Words, draw, shortened, wide};
use crate::kernel::NodeId;
use crate::texts::{Lang, duration, say, t};
use crate::ui::decimal::fixed;
use crate::ui::icons::{mood_class, mood_word};
use crate::ui::reactive::{Effect, Memo, RwSignal};
use crate::ui::{Command, Lab, Selection, browser, use_lab};
use ground::{bar_view, ground, time_view};
use marks::{arrow_view, dot_view};

mod ground;
mod marks;

/// Height of the names above the life lines; style/sequence.css holds to it.
const HEADS: f64 = 44.0;
/// The part of a long picture that is there changes in steps of this many pixels.
const STEP: f64 = 800.0;

/// A picture, and which of a lab's pictures it is: parts of another one are other parts.
#[derive(Clone, PartialEq)]
struct Drawn {
    number: u32,
    picture: Arc<Picture>,
}

/// Which arrow the keys are at.
#[derive(Clone, Copy)]
struct Roving {
    /// The one that `Tab` leads to.
    current: RwSignal<usize>,
    /// The one that shall have the focus: if it was far away, as soon as it is in the page.
    wanted: RwSignal<Option<usize>>,
}

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
    let drawn = Memo::new(move |last: Option<&Drawn>| {
        let (width, height) = size.get();
        let lang = lab.lang.get();
        let picture = lab.story.with(|story| {
            draw(story, &story.speaker(lang), &words_of(lang), width, (height - HEADS).max(0.0))
        });
        match last {
            Some(last) if *last.picture == picture => last.clone(),
            last => {
                let number = last.map_or(0, |l| l.number.wrapping_add(1));
                Drawn { number, picture: Arc::new(picture) }
            }
        }
    });
    let picture = Memo::new(move |_| drawn.with(|d| Arc::clone(&d.picture)));
    // Of a long run only what is near the view is in the page.
    let scrolled = RwSignal::new(0.0);
    let part = Memo::new(move |_| {
        let from = (scrolled.get() / STEP).floor() * STEP;
        (from - STEP, from + size.get().1 + 2.0 * STEP)
    });
    let pointing = Pointing::new(lab);
    let roving = Roving { current: RwSignal::new(0), wanted: RwSignal::new(None) };
    let Roving { current, wanted } = roving;
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
    let times = near(drawn, part, |p| p.times.iter().map(|t| (t.0, t.0)).collect(), None);
    let bars = near(drawn, part, |p| p.bars.iter().map(|b| (b.y, b.y + b.h)).collect(), None);
    let dots = near(drawn, part, |p| p.dots.iter().map(|d| (d.at.y, d.at.y)).collect(), None);
    let arrows = near(drawn, part, |p| p.arrows.iter().map(Arrow::span).collect(), Some(current));
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
        wanted.set(Some(next));
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
            on:scroll=move |_| {
                if let Some(room) = room.get_untracked() {
                    scrolled.set(f64::from(room.scroll_top()));
                }
            }
            on:wheel=move |_| follows.set(false)
            on:touchmove=move |_| follows.set(false)
        >
            <div class="heads" style:width=move || format!("{}px", fixed(picture.with(|p| p.width), 1))>
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
                                    style:left=format!("{}px", fixed(x, 1))
                                    style:max-width=format!("{}px", fixed(apart - 2.0, 1))
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
                    {move || picture.with(|p| ground(p, lab.lang.get(), pointing))}
                    <For each=move || times.get() key=|k| *k let:k>
                        {picture.with_untracked(|p| {
                            p.times.get(k.1).map(|(y, micros)| time_view(*y, *micros, lab.lang.get_untracked()))
                        })}
                    </For>
                    <For each=move || bars.get() key=|k| *k let:k>
                        {picture.with_untracked(|p| p.bars.get(k.1).map(|bar| {
                            lab.story.with_untracked(|s| bar_view(bar, p, s, lab.lang.get_untracked()))
                        }))}
                    </For>
                    <g class="arrows" role="list">
                        <For each=move || arrows.get() key=|k| *k let:k>
                            {picture.with_untracked(|p| p.arrows.get(k.1).map(|arrow| {
                                lab.story.with_untracked(|s| {
                                    let speaker = s.speaker(lab.lang.get_untracked());
                                    arrow_view(lab, k.1, arrow, s, &speaker, pointing, roving)
                                })
                            }))}
                        </For>
                    </g>
                    <g class="dots">
                        <For each=move || dots.get() key=|k| *k let:k>
                            {picture.with_untracked(|p| p.dots.get(k.1).map(|dot| {
                                lab.story.with_untracked(|s| {
                                    dot_view(lab, dot, s, &s.speaker(lab.lang.get_untracked()), pointing)
                                })
                            }))}
                        </For>
                    </g>
                    <rect
                        class="future"
                        x="0"
                        y="0"
                        width=move || picture.with(|p| p.width)
                        height=move || picture.with(|p| p.height)
                        style:transform=move || format!("translateY({}px)", fixed(now.get() + 1.0, 1))
                    />
                    <g class="playhead" style:transform=move || format!("translateY({}px)", fixed(now.get(), 1))>
                        <path d=move || format!("M0 0H{}", fixed(picture.with(|p| p.width), 1))/>
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

/// The parts of a picture that are near the view, by picture and place; the current one always.
fn near(
    drawn: Memo<Drawn>,
    part: Memo<(f64, f64)>,
    spans: fn(&Picture) -> Vec<(f64, f64)>,
    current: Option<RwSignal<usize>>,
) -> Memo<Vec<(u32, usize)>> {
    let all = Memo::new(move |_| drawn.with(|d| spans(&d.picture)));
    Memo::new(move |_| {
        let (from, to) = part.get();
        let here = current.map(|c| c.get());
        let number = drawn.with(|d| d.number);
        all.with(|all| {
            let spans = all.iter().enumerate();
            let near = spans.filter(|(i, (top, end))| (*top <= to && *end >= from) || Some(*i) == here);
            near.map(|(i, _)| (number, i)).collect()
        })
    })
}

/// Moves the playhead to where a message is sent.
fn go_to(lab: Lab, flight: usize) {
    let sent = lab.story.with_untracked(|s| s.chart.flights.get(flight).map(|f| f.sent));
    if let Some(sent) = sent {
        lab.send(Command::Seek(sent));
    }
}
