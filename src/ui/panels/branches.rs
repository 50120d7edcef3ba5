//! Branches: the runs that are kept, where they part, and two of them side by side.

use std::sync::Arc;

use converge_view::view;
use leptos::prelude::*;

use super::promises::{Lamp, promise_name};
use super::{count, run_name};
use crate::texts::{duration, say, t};
use crate::trace::Story;
use crate::trace::cost::Cost;
use crate::ui::icons::Icon;
use crate::ui::lab::BranchView;
use crate::ui::reactive::RwSignal;
use crate::ui::{Command, use_lab};

/// The runs in the order of the tree, each under the one it came from, with its depth.
fn tree(all: &[BranchView]) -> Vec<(usize, usize)> {
    fn below(all: &[BranchView], parent: Option<usize>, depth: usize, out: &mut Vec<(usize, usize)>) {
        for i in (0..all.len()).filter(|i| all[*i].parent == parent && Some(*i) != parent) {
            out.push((i, depth));
            below(all, Some(i), depth + 1, out);
        }
    }
    let mut out = Vec::new();
    below(all, None, 0, &mut out);
    out
}

/// The branches.
#[component]
pub fn BranchesView() -> impl IntoView {
    let lab = use_lab();
    let against = RwSignal::new(None::<usize>);
    let list = move || {
        let lang = lab.lang.get();
        let (all, current) = lab.branches.get();
        tree(&all)
            .into_iter()
            .map(|(i, depth)| {
                let branch = all[i];
                let name = run_name(lang, i);
                let origin = branch.parent.map(|parent| {
                    let (n, run) = (count(lang, branch.fork), run_name(lang, parent));
                    say(lang, "ui.branches.from", &[("n", &n), ("run", &run)])
                });
                let steps = say(lang, "ui.branches.steps", &[("n", &count(lang, branch.len))]);
                let shown = i == current;
                view! {
                    <li class="branch" style:--depth=depth.min(6).to_string()>
                        <button
                            class="branch-go"
                            aria-current=shown.then_some("true")
                            on:click=move |_| lab.send(Command::SwitchBranch(i))
                        >
                            <span class="branch-dot" class:on=shown class:broken=branch.broken></span>
                            <span class="branch-words">
                                <b>{name.clone()}</b>
                                <span>{origin.map_or(steps.clone(), |o| format!("{o} · {steps}"))}</span>
                            </span>
                            {branch.broken.then(|| view! {
                                <span class="pill is-bad"><Icon name="cross"/>{t(lang, "ui.branches.broken")}</span>
                            })}
                        </button>
                        {(!shown).then(|| view! {
                            <button
                                class="icon-btn quiet small"
                                aria-pressed=move || (against.get() == Some(i)).to_string()
                                aria-label=say(lang, "ui.branches.compare", &[("run", &name)])
                                title=say(lang, "ui.branches.compare", &[("run", &name)])
                                on:click=move |_| against.update(|a| *a = if *a == Some(i) { None } else { Some(i) })
                            >
                                <Icon name="compare"/>
                            </button>
                        })}
                    </li>
                }
            })
            .collect_view()
    };
    let alone = move || lab.branches.with(|(all, _)| all.len() < 2);
    let compared = move || {
        let other = against.get()?;
        let (_, current) = lab.branches.get();
        let story = lab.stories.with(|all| all.get(other).cloned())?;
        (other != current).then(|| view! { <Compared a=lab.story.get() b=story names=(current, other)/> })
    };
    view! {
        <section class="branches" aria-label=move || t(lab.lang.get(), "ui.branches")>
            <p class="label">{move || t(lab.lang.get(), "ui.branches")}</p>
            <ul class="branch-list">{list}</ul>
            {move || alone().then(|| view! { <p class="empty">{t(lab.lang.get(), "ui.branches.alone")}</p> })}
            {compared}
        </section>
    }
}

/// Two runs side by side.
#[component]
fn Compared(a: Arc<Story>, b: Arc<Story>, names: (usize, usize)) -> impl IntoView {
    let lab = use_lab();
    let lang = lab.lang.get();
    let common = a.run.common_prefix(&b.run);
    let differ = common < a.run.len() || common < b.run.len();
    // The first event of that step that the other run does not have.
    let (in_a, in_b) = (a.run.step_events(common + 1).1, b.run.step_events(common + 1).1);
    let alike = in_a.iter().zip(in_b).take_while(|(x, y)| x == y).count();
    let first = |story: &Story| {
        let speaker = story.speaker(lang);
        let (_, events) = story.run.step_events(common + 1);
        events.get(alike).map_or_else(
            || {
                if events.is_empty() { t(lang, "ui.compare.over") } else { t(lang, "ui.compare.no-more") }
                    .to_owned()
            },
            |e| speaker.sentence(e),
        )
    };
    let lamp = |story: &Story, promise: usize| {
        let verdict = story.run.verdicts(promise).at(story.run.len());
        let lamp = verdict.map_or(Lamp::NotYet, Lamp::of);
        view! { <span class=format!("compared-lamp {}", lamp.class())><Icon name=lamp.icon()/>{lamp.word(lang)}</span> }
    };
    let same_pattern = a.run.stage.pattern.id == b.run.stage.pattern.id;
    let promises = (0..if same_pattern { a.run.stage.pattern.promises.len() } else { 0 })
        .map(|p| {
            view! { <tr><th scope="row">{promise_name(lab, p)}</th><td>{lamp(&a, p)}</td><td>{lamp(&b, p)}</td></tr> }
        })
        .collect_view();
    let costs = [Cost::until(&a.run, a.run.len()), Cost::until(&b.run, b.run.len())];
    let line = |name: &'static str, of: &dyn Fn(&Cost) -> String| {
        view! { <tr><th scope="row">{name}</th><td class="n">{of(&costs[0])}</td><td class="n">{of(&costs[1])}</td></tr> }
    };
    let numbers = (
        line(t(lang, "ui.compare.messages"), &|c| count(lang, c.messages)),
        line(t(lang, "ui.compare.lost"), &|c| count(lang, c.lost)),
        line(t(lang, "ui.compare.writes"), &|c| count(lang, c.writes)),
        line(t(lang, "ui.compare.locked"), &|c| duration(lang, c.locked)),
        line(t(lang, "ui.compare.in-doubt"), &|c| duration(lang, c.in_doubt)),
    );
    let ends = [&a, &b].map(|s| duration(lang, s.run.time(s.run.len()).micros));
    let [end_a, end_b] = ends;
    view! {
        <div class="compared">
            {if differ {
                let n = count(lang, common + 1);
                view! {
                    <p>
                        {say(lang, "ui.compare.differ", &[("n", &n)])}
                        " "
                        <button class="btn small" on:click=move |_| lab.send(Command::Seek(common + 1))>
                            {say(lang, "ui.state.go", &[("n", &n)])}
                        </button>
                    </p>
                }
                    .into_any()
            } else {
                view! { <p>{t(lang, "ui.compare.same")}</p> }.into_any()
            }}
            <table>
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">{run_name(lang, names.0)}</th>
                        <th scope="col">{run_name(lang, names.1)}</th>
                    </tr>
                </thead>
                <tbody>
                    {differ.then(|| view! {
                        <tr class="first">
                            <th scope="row">{say(lang, "ui.compare.step", &[("n", &count(lang, common + 1))])}</th>
                            <td>{first(&a)}</td>
                            <td>{first(&b)}</td>
                        </tr>
                    })}
                    {promises}
                    {numbers}
                    <tr><th scope="row">{t(lang, "ui.compare.end")}</th><td class="n">{end_a}</td><td class="n">{end_b}</td></tr>
                </tbody>
            </table>
        </div>
    }
}

// In the browser, like all that is built with the feature `ui` (`scripts/test`).
#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn a_run_stands_under_the_one_it_came_from() {
        let branch = |parent| BranchView { parent, fork: 1, len: 9, broken: false };
        let all = [branch(None), branch(Some(0)), branch(Some(0)), branch(Some(1))];
        assert_eq!(tree(&all), [(0, 0), (1, 1), (3, 2), (2, 1)]);
    }
}
