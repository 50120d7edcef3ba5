//! A node on the stage: a card with its data.

use std::sync::Arc;

use converge_view::view;
use leptos::prelude::*;

use super::acts_menu::Opener;
use super::needs::{CardNeed, ROWS, Slot, brief, places};
use super::pointing::Pointing;
use super::stage_layout::Plan;
use crate::kernel::{Cell, Description, Mark, Mood, NodeId, Row, Section, Shape, What};
use crate::texts::{Lang, say, t};
use crate::trace::{NodeView, Speaker, Story};
use crate::ui::decimal::fixed;
use crate::ui::icons::{Icon, MoodGlyph, mood_class, mood_word};
use crate::ui::reactive::Memo;
use crate::ui::{Selection, use_lab};

/// A node's card.
#[component]
pub fn NodeCard(
    /// Which.
    node: NodeId,
    /// The layout.
    plan: Memo<Plan>,
    /// What the cards need.
    needs: Memo<Arc<Vec<CardNeed>>>,
    /// The nodes one state before.
    before: Memo<Arc<Vec<Description>>>,
    /// Opens the menu.
    opener: Opener,
    /// Selects.
    pointing: Pointing,
) -> impl IntoView {
    let lab = use_lab();
    let i = node.index();
    let thing = Selection::Node(node);
    let view = Memo::new(move |_| lab.frame.with(|f| f.nodes.get(i).cloned()));
    let mood = move || view.with(|v| v.as_ref().map_or(Mood::Idle, |v| v.holds.mood));
    let paused = move || view.with(|v| v.as_ref().is_some_and(|v| v.paused));
    let card = Memo::new(move |_| plan.with(|p| p.cards.get(i).copied().unwrap_or_default()));
    let name = move || lab.speaker().node(node).into_owned();
    let lit = move || pointing.lit.get().node == Some(node);
    let was = Memo::new(move |_| before.with(|b| b.get(i).cloned()));
    let lost = Memo::new(move |_| match mood() {
        Mood::Down => lab.story.with(|s| lost_in_crash(s, &lab.speaker(), lab.state.get(), node)),
        _ => String::new(),
    });
    // One attribute: a reactive `class` and toggles beside it would overwrite each other.
    let class = move || {
        let card = card.get();
        let seldom = needs.with(|n| n.get(i).is_some_and(|n| n.seldom));
        let flags = [
            (lit(), " lit"),
            (card.narrow, " narrow"),
            (card.slim, " slim"),
            (card.wide, " wide"),
            (paused(), " paused"),
            (seldom, " seldom"),
        ];
        let mut class = format!("card {}", mood_class(mood()));
        class.extend(flags.iter().filter(|f| f.0).map(|f| f.1));
        class
    };
    let id = opener.id("node", u32::from(node.0));
    let button = id.clone();
    view! {
        <article
            class=class
            style:width=move || format!("{}px", fixed(card.get().rect.w, 3))
            style:height=move || format!("{}px", fixed(card.get().rect.h, 3))
            style:transform=move || format!("translate({}px,{}px)", fixed(card.get().rect.x, 3), fixed(card.get().rect.y, 3))
            on:pointerenter=move |e| pointing.enter(&e, thing)
            on:pointerleave=move |_| pointing.leave(thing)
        >
            <header class="card-head">
                <h3 class="card-name">{name}</h3>
                <span class="card-state">
                    {move || paused().then(|| view! {
                        <span class="pill is-wait"><Icon name="pause-node"/>{t(lab.lang.get(), "stage.paused")}</span>
                    })}
                    {move || {
                        let mood = mood();
                        view! {
                            <span class=format!("pill {}", mood_class(mood))>
                                <MoodGlyph mood/>
                                <span class="pill-word">{mood_word(lab.lang.get(), mood)}</span>
                            </span>
                        }
                    }}
                    <span class="card-more"><Icon name="more"/></span>
                </span>
            </header>
            {move || {
                let need = needs.with(|n| n.get(i).cloned());
                let view = view.get();
                let (need, view) = need.zip(view)?;
                let speaker = lab.speaker();
                Some(body(&need, plan.with(|p| (p.brief, p.lines)), &view, was.get().as_ref(), &speaker, &lost.get()))
            }}
            <button
                class="card-act"
                id=id
                aria-haspopup="menu"
                aria-label=move || {
                    let (node, mood) = (name(), mood_word(lab.lang.get(), mood()));
                    say(lab.lang.get(), "stage.node", &[("node", &node), ("mood", &mood)])
                }
                on:focus=move |_| pointing.choose(thing)
                on:click=move |_| {
                    pointing.choose(thing);
                    opener.open(thing, &button);
                }
            />
        </article>
    }
}

/// What a crash took: writes that were asked for and were not on disk.
fn lost_in_crash(story: &Story, speaker: &Speaker, state: u32, node: NodeId) -> String {
    let crash = story.chart.spots.iter().rev();
    let crash = crash.filter(|s| s.state <= state).find(|s| s.what == What::Crashed { node });
    let Some(crash) = crash else { return String::new() };
    let mut writes: Vec<_> = story.run.world(crash.state - 1).pending_writes(node).collect();
    for event in story.run.step_events(crash.state).1 {
        match event.what {
            What::Writing { node: n, record, args } if n == node => writes.push((record, args)),
            What::Written { node: n, record, args } | What::Refused { node: n, record, args }
                if n == node =>
            {
                if let Some(at) = writes.iter().position(|w| *w == (record, args)) {
                    writes.remove(at);
                }
            }
            _ => {}
        }
    }
    writes.iter().map(|(record, args)| speaker.record(*record, *args)).collect::<Vec<_>>().join(", ")
}

fn body(
    need: &CardNeed,
    (is_brief, most): (bool, u16),
    view: &NodeView,
    was: Option<&Description>,
    speaker: &Speaker,
    lost: &str,
) -> impl IntoView + use<> {
    let lang = speaker.lang;
    let holds = &view.holds;
    let down = holds.mood == Mood::Down;
    let places = places(holds, &need.slots);
    let line = down.then(|| match lost {
        "" => t(lang, "stage.crashed").to_owned(),
        lost => say(lang, "stage.crashed-lost", &[("what", &lost)]),
    });
    let last_log = holds.sections.iter().rposition(|s| s.shape == Shape::Log);
    let changed = was.is_some_and(|w| w.status != holds.status);
    let status = match (&line, last_log) {
        (Some(line), None) => Some(
            view! {
                <span class="crash-line"><Icon name="crash"/><span class="text">{line.clone()}</span></span>
            }
            .into_any(),
        ),
        _ => holds.status.as_ref().map(|label| speaker.label(label).into_any()),
    };
    let shown = is_brief.then(|| brief(&need.slots));
    let sections: Vec<_> = need
        .slots
        .iter()
        .enumerate()
        .filter(|(slot_at, _)| shown.as_ref().is_none_or(|s| s.contains(slot_at)))
        .map(|(slot_at, slot)| {
            let slot = &Slot { lines: slot.lines.min(most), ..*slot };
            let at = places.iter().position(|p| *p == Some(slot_at));
            match at {
                Some(k) => {
                    let section = &holds.sections[k];
                    let line = line.as_deref().filter(|_| last_log == Some(k));
                    list(slot, section, was, speaker, line).into_any()
                }
                None => ghost(slot, speaker).into_any(),
            }
        })
        .collect();
    view! {
        {need.status.then(|| view! { <p class="card-status" class:changed=changed>{status}</p> })}
        <div class="card-lists">{sections}</div>
    }
}

fn heading(title: String, durable: bool, lang: Lang) -> impl IntoView + use<> {
    let (icon, word) =
        if durable { ("disk", t(lang, "stage.durable")) } else { ("memory", t(lang, "stage.volatile")) };
    view! {
        <h4 class="list-head">
            <span class="text">{title}</span>
            <span class="list-kind" title=word><Icon name=icon/><span class="sr">{word}</span></span>
        </h4>
    }
}

/// A section that is not there now: its place is kept.
fn ghost(slot: &Slot, speaker: &Speaker) -> impl IntoView + use<> {
    view! {
        <section class="list ghost" style=("--lines", slot.lines.max(1).to_string())>
            {heading(speaker.label(&slot.title), slot.durable, speaker.lang)}
            <p class="row none" aria-hidden="true">"–"</p>
        </section>
    }
}

fn list(
    slot: &Slot,
    section: &Section,
    was: Option<&Description>,
    speaker: &Speaker,
    crash: Option<&str>,
) -> impl IntoView + use<> {
    let lang = speaker.lang;
    let before = was.and_then(|w| w.sections.iter().find(|s| s.title.key == section.title.key));
    let fits = (slot.lines as usize).clamp(1, ROWS).saturating_sub(usize::from(crash.is_some())).max(1);
    let hidden = if section.rows.len() > fits { section.rows.len() + 1 - fits } else { 0 };
    // Of a queue the front is what comes next, of anything else the end is the news.
    let queue = section.shape == Shape::Queue;
    let shown = if queue { &section.rows[..section.rows.len() - hidden] } else { &section.rows[hidden..] };
    let more = |name| {
        (hidden > 0).then(|| view! { <li class="row more">{say(lang, name, &[("n", &hidden)])}</li> })
    };
    let first = if queue { 0 } else { hidden };
    // Some lists count their entries themselves.
    let counts = section.rows.first().is_some_and(|r| matches!(r.cells.first(), Some(Cell::Number(_))));
    let numbered = matches!(section.shape, Shape::Log | Shape::Queue) && !counts;
    let rows: Vec<_> = shown
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let old = before.and_then(|b| b.rows.iter().find(|r| r.key == row.key));
            line(row, old, before.is_some() || was.is_some(), numbered.then_some(first + i + 1), speaker)
        })
        .collect();
    let kind = match section.shape {
        Shape::Table => "list table",
        Shape::Log => "list log",
        Shape::Queue => "list queue",
        Shape::Facts => "list facts",
    };
    let empty = section.rows.is_empty() && crash.is_none();
    view! {
        <section class=kind style=("--lines", slot.lines.max(1).to_string())>
            {heading(speaker.label(&section.title), section.durable, lang)}
            <ul class="rows">
                {(!queue).then(|| more("stage.earlier"))}
                {rows}
                {queue.then(|| more("stage.later"))}
                {empty.then(|| view! { <li class="row none">{t(lang, "stage.empty")}</li> })}
                {crash.map(|text| view! {
                    <li class="row crash-line" title=text.to_owned()>
                        <Icon name="crash"/><span class="text">{text.to_owned()}</span>
                    </li>
                })}
            </ul>
        </section>
    }
}

fn line(
    row: &Row,
    old: Option<&Row>,
    known: bool,
    number: Option<usize>,
    speaker: &Speaker,
) -> impl IntoView + use<> {
    let lang = speaker.lang;
    let (mark, sign, word) = match row.mark {
        Mark::Plain => ("row", "", ""),
        Mark::Locked => ("row locked", "lock", t(lang, "stage.locked")),
        Mark::Pending => ("row pending", "hourglass", t(lang, "stage.pending")),
        Mark::Provisional => ("row provisional", "not-yet", t(lang, "stage.provisional")),
        Mark::Wrong => ("row wrong", "cross", t(lang, "stage.wrong")),
    };
    let fresh = known && old.is_none_or(|o| o.mark != row.mark && o.mark == Mark::Pending);
    let cells: Vec<_> = row
        .cells
        .iter()
        .enumerate()
        .map(|(i, cell)| {
            let changed = known && old.is_some_and(|o| o.cells.get(i) != Some(cell));
            let number = matches!(cell, Cell::Number(_) | Cell::Change(..));
            let text = speaker.cell(cell);
            let brief = number || text.chars().count() < 9;
            let inner = match cell {
                Cell::Change(from, to) => view! {
                    <s>{crate::texts::number(lang, *from)}</s><Icon name="arrow-right"/>
                    <b>{crate::texts::number(lang, *to)}</b>
                }
                .into_any(),
                _ => view! { <span class="text">{text.clone()}</span> }.into_any(),
            };
            view! { <span class="cell" class:num=number class:brief=brief class:changed=changed title=text>{inner}</span> }
        })
        .collect();
    view! {
        <li class=mark class:fresh=fresh>
            {number.map(|n| view! { <span class="row-no" aria-hidden="true">{n}</span> })}
            {cells}
            {(!sign.is_empty()).then(|| view! {
                <span class="row-mark" title=word><Icon name=sign/><span class="row-word">{word}</span></span>
            })}
        </li>
    }
}
