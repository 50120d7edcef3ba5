//! State: everything that every node holds, what the last step changed, and the difference to a
//! moment that was pinned.

use std::sync::Arc;

use converge_view::view;
use leptos::prelude::*;

use super::count;
use crate::kernel::{Cell, Description, Mark, Row, Section, Shape};
use crate::texts::{say, t};
use crate::trace::{Frame, NodeView, Speaker};
use crate::ui::icons::{Icon, MoodPill};
use crate::ui::reactive::{Memo, RwSignal};
use crate::ui::{Command, Selection, use_lab};

/// Most rows of a list that are shown: the newest.
const ROWS: usize = 60;

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    Same,
    New,
    Changed,
    Gone,
}

impl Change {
    const fn class(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::New => "row-new",
            Self::Changed => "row-changed",
            Self::Gone => "row-gone",
        }
    }
}

/// The rows of a section now, each with what became of it since `before`; rows that are gone stand
/// where they stood.
fn compared<'a>(now: &'a Section, before: Option<&'a Section>) -> Vec<(&'a Row, Change)> {
    let Some(before) = before else { return now.rows.iter().map(|r| (r, Change::New)).collect() };
    let mut out: Vec<(&Row, Change)> = Vec::new();
    for row in &now.rows {
        let change = match before.rows.iter().find(|old| old.key == row.key) {
            None => Change::New,
            Some(old) if old.cells != row.cells || old.mark != row.mark => Change::Changed,
            Some(_) => Change::Same,
        };
        out.push((row, change));
    }
    for (place, old) in before.rows.iter().enumerate() {
        if now.rows.iter().all(|row| row.key != old.key) {
            out.insert(place.min(out.len()), (old, Change::Gone));
        }
    }
    out
}

/// The same section at another moment.
fn same_section<'a>(of: &Section, place: usize, other: &'a Description) -> Option<&'a Section> {
    let fits = |s: &&Section| s.title.key == of.title.key && s.title.args == of.title.args;
    other.sections.get(place).filter(fits).or_else(|| other.sections.iter().find(fits))
}

/// The state.
#[component]
pub fn StateView() -> impl IntoView {
    let lab = use_lab();
    // The moment to compare with; without one, the step before.
    let pinned = RwSignal::new(None::<u32>);
    let before = Memo::new(move |_| {
        let state = lab.state.get();
        let other = pinned.get().or(state.checked_sub(1))?;
        lab.story.with(|s| Some(Arc::new(Frame::of(&s.run, other.min(s.run.len())))))
    });
    let nodes = move || {
        let (frame, before, speaker) = (lab.frame.get(), before.get(), lab.speaker());
        (frame.nodes.iter().enumerate())
            .map(|(i, node)| {
                let old = before.as_ref().and_then(|b| b.nodes.get(i));
                one_node(node, old, &speaker)
            })
            .collect_view()
    };
    let against = move || {
        let lang = lab.lang.get();
        match pinned.get() {
            Some(n) => say(
                lang,
                "ui.state.against",
                &[("n", &count(lang, n)), ("now", &count(lang, lab.state.get()))],
            ),
            None => t(lang, "ui.state.last-step").to_owned(),
        }
    };
    view! {
        <div class="state">
            <div class="state-head">
                <p class="state-against">{against}</p>
                {move || match pinned.get() {
                    None => {
                        let n = lab.state.get();
                        let lang = lab.lang.get();
                        view! {
                            <button class="btn small" on:click=move |_| pinned.set(Some(n))>
                                <Icon name="pin"/>
                                {say(lang, "ui.state.pin", &[("n", &count(lang, n))])}
                            </button>
                        }
                            .into_any()
                    }
                    Some(n) => {
                        let lang = lab.lang.get();
                        view! {
                            <button class="btn small" on:click=move |_| lab.send(Command::Seek(n))>
                                {say(lang, "ui.state.go", &[("n", &count(lang, n))])}
                            </button>
                            <button class="btn small" on:click=move |_| pinned.set(None)>
                                <Icon name="close"/>
                                {t(lang, "ui.state.unpin")}
                            </button>
                        }
                            .into_any()
                    }
                }}
            </div>
            {nodes}
        </div>
    }
}

/// One node with all it holds.
fn one_node(node: &NodeView, before: Option<&NodeView>, speaker: &Speaker) -> impl IntoView + use<> {
    let lab = use_lab();
    let lang = speaker.lang;
    let id = node.id;
    let name = speaker.node(id).into_owned();
    let label = name.clone();
    let status = node.holds.status.map(|s| speaker.label(&s));
    let changed_mood = before.is_some_and(|b| b.holds.mood != node.holds.mood);
    let sections = (node.holds.sections.iter().enumerate())
        .map(|(i, section)| {
            let old = before.and_then(|b| same_section(section, i, &b.holds));
            one_section(section, old, before.is_none(), speaker)
        })
        .collect_view();
    let bare = node.holds.sections.is_empty() && status.is_none();
    view! {
        <section
            class="state-node"
            class:sel=move || lab.selection.get() == Some(Selection::Node(id))
            aria-label=label
        >
            <h3>
                <button class="as-text" on:click=move |_| lab.send(Command::Select(Some(Selection::Node(id))))>
                    {name}
                </button>
                <span class:mood-changed=changed_mood><MoodPill mood=node.holds.mood/></span>
                {node.paused.then(|| view! { <span class="pill is-wait"><Icon name="pause-node"/>{t(lang, "ui.state.paused")}</span> })}
            </h3>
            {status.map(|s| view! { <p class="state-status">{s}</p> })}
            {sections}
            {bare.then(|| view! { <p class="state-empty">{t(lang, "ui.state.nothing")}</p> })}
        </section>
    }
}

fn one_section(
    section: &Section,
    before: Option<&Section>,
    first: bool,
    speaker: &Speaker,
) -> impl IntoView + use<> {
    let lang = speaker.lang;
    let mut rows = compared(section, if first { Some(section) } else { before });
    let hidden = rows.len().saturating_sub(ROWS);
    rows.drain(..hidden);
    let shape = match section.shape {
        Shape::Table => "table",
        Shape::Log => "log",
        Shape::Queue => "queue",
        Shape::Facts => "facts",
    };
    let (icon, kept) = if section.durable {
        ("disk", t(lang, "ui.state.durable"))
    } else {
        ("memory", t(lang, "ui.state.volatile"))
    };
    let empty = rows.is_empty();
    let columns = rows.iter().map(|(row, _)| row.cells.len()).max().unwrap_or(1);
    let body = rows
        .into_iter()
        .enumerate()
        .map(|(i, (row, change))| {
            let place =
                (section.shape == Shape::Log || section.shape == Shape::Queue).then_some(hidden + i + 1);
            one_row(row, change, place, columns, speaker)
        })
        .collect_view();
    view! {
        <div class=format!("state-section {shape}")>
            <h4>
                <span>{speaker.label(&section.title)}</span>
                <span class="kept" title=kept><Icon name=icon/><span class="sr">{kept}</span></span>
            </h4>
            {(hidden > 0).then(|| view! { <p class="state-empty">{say(lang, "ui.state.hidden", &[("n", &count(lang, hidden as i64))])}</p> })}
            {if empty {
                view! { <p class="state-empty">{t(lang, "ui.state.empty")}</p> }.into_any()
            } else {
                view! { <table><tbody>{body}</tbody></table> }.into_any()
            }}
        </div>
    }
}

fn one_row(
    row: &Row,
    change: Change,
    place: Option<usize>,
    columns: usize,
    speaker: &Speaker,
) -> impl IntoView + use<> {
    let lang = speaker.lang;
    let (mark, icon, word) = match row.mark {
        Mark::Plain => ("", None, None),
        Mark::Locked => ("row-locked", Some("lock"), Some(t(lang, "ui.row.locked"))),
        Mark::Pending => ("row-pending", Some("hourglass"), Some(t(lang, "ui.row.pending"))),
        Mark::Provisional => ("row-provisional", Some("mood-stale"), Some(t(lang, "ui.row.provisional"))),
        Mark::Wrong => ("row-wrong", Some("cross"), Some(t(lang, "ui.row.wrong"))),
    };
    let said = match change {
        Change::Same => None,
        Change::New => Some(t(lang, "ui.row.new")),
        Change::Changed => Some(t(lang, "ui.row.changed")),
        Change::Gone => Some(t(lang, "ui.row.gone")),
    };
    let cells = row
        .cells
        .iter()
        .enumerate()
        .map(|(i, cell)| {
            let class = match cell {
                Cell::Text(_) => "",
                Cell::Number(_) | Cell::Change(..) => "n",
            };
            // The last cell of a short row takes the columns that the row lacks.
            let last = i + 1 == row.cells.len();
            let span = if last { (columns - i).to_string() } else { "1".to_owned() };
            view! { <td class=class colspan=span>{speaker.cell(cell)}</td> }
        })
        .collect_view();
    view! {
        <tr class=format!("{mark} {}", change.class())>
            {place.map(|n| view! { <td class="place">{n.to_string()}</td> })}
            {cells}
            <td class="cell-mark" title=word.or(said)>
                {icon.map(|icon| view! { <Icon name=icon/> })}
                <span class="sr">{[word, said].into_iter().flatten().collect::<Vec<_>>().join(", ")}</span>
            </td>
        </tr>
    }
}

// In the browser, like all that is built with the feature `ui` (`scripts/test`).
#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::kernel::Label;

    fn section(rows: &[(u64, i64)]) -> Section {
        let row =
            |(key, n): &(u64, i64)| Row { key: *key, mark: Mark::Plain, cells: vec![Cell::Number(*n)] };
        Section {
            title: Label::new("x"),
            shape: Shape::Table,
            durable: true,
            rows: rows.iter().map(row).collect(),
        }
    }

    #[wasm_bindgen_test]
    fn a_difference_names_what_came_what_changed_and_what_went() {
        let (before, now) = (section(&[(1, 10), (2, 20), (3, 30)]), section(&[(1, 10), (3, 31), (4, 40)]));
        let changes: Vec<_> = compared(&now, Some(&before)).into_iter().map(|(r, c)| (r.key, c)).collect();
        let expected = [(1, Change::Same), (2, Change::Gone), (3, Change::Changed), (4, Change::New)];
        assert_eq!(changes, expected);
    }
}
