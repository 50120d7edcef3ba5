//! The session: owns the time line, the playhead and the selection of one lab, and carries out
//! commands. Nothing else changes them.

use std::sync::Arc;

use leptos::prelude::*;

use super::browser;
use super::command::{Command, SPEEDS, UNITS_PER_SECOND, USUAL_SPEED};
use super::lab::{BranchView, Lab, Selection, View};
use crate::kernel::limits;
use crate::scenario::Recipe;
use crate::sorted::sort_many;
use crate::texts::{Lang, say};
use crate::trace::{Frame, Run, Speaker, Stage, Story, Timeline};
use crate::ui::reactive::{Memo, RwSignal, Signal};

/// Steps recorded before the page is given back to the browser: a few milliseconds.
const CHUNK: u32 = 2_000;

/// The signals of a lab. Cheap to copy; lives as long as its owner.
#[derive(Clone, Copy)]
pub struct Session {
    timeline: RwSignal<Timeline>,
    story: RwSignal<Arc<Story>>,
    position: RwSignal<f64>,
    state: Memo<u32>,
    playing: RwSignal<bool>,
    speed: RwSignal<usize>,
    selection: RwSignal<Option<Selection>>,
    view: RwSignal<View>,
    notice: RwSignal<Option<String>>,
    /// Steps recorded so far of a long run that is being made.
    busy: RwSignal<Option<u32>>,
    lang: Signal<Lang>,
    still: Signal<bool>,
    /// Counts runs asked for: an answer to an older question is thrown away.
    asked: StoredValue<u32>,
}

/// How a new run relates to what is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// The moment stays where the runs are equal.
    Stay,
    /// From the start.
    Start,
    /// One state on from the fork if the act happened now: the person sees it happen.
    SeeIt,
}

impl Session {
    /// A session on a recipe. A long run is recorded in pieces.
    #[must_use]
    pub fn new(recipe: Recipe, lang: Signal<Lang>, at: u32) -> Self {
        let mut run = Run::new(Stage::of(&recipe));
        let done = run.extend(CHUNK);
        let timeline = Timeline::new(Story::of_run(recipe.clone(), run));
        let story = RwSignal::new(timeline.story().clone());
        let start = story.with_untracked(|s| s.axis.position(at.min(s.run.len())));
        let position = RwSignal::new(start);
        let state = Memo::new(move |_| story.with(|s| s.axis.state(position.get())));
        let session = Self {
            timeline: RwSignal::new(timeline),
            story,
            position,
            state,
            playing: RwSignal::new(false),
            speed: RwSignal::new(USUAL_SPEED),
            selection: RwSignal::new(None),
            view: RwSignal::new(View::Stage),
            notice: RwSignal::new(None),
            busy: RwSignal::new(None),
            lang,
            still: browser::media("(prefers-reduced-motion: reduce)"),
            asked: StoredValue::new(0),
        };
        if !done {
            session.record_rest(recipe, at);
        }
        session
    }

    /// What the parts of the lab see.
    #[must_use]
    pub fn lab(self) -> Lab {
        let frame = Memo::new(move |_| {
            let state = self.state.get();
            self.story.with(|s| Arc::new(Frame::of(&s.run, state)))
        });
        let past = Memo::new(move |_| {
            let selection = self.selection.get();
            self.story.with(|s| match selection {
                Some(Selection::Event(event)) => s.run.past(event),
                Some(Selection::Flight(msg)) => {
                    let flight = s.chart.flights.iter().find(|f| f.msg == msg);
                    flight.map(|f| s.run.past(f.event)).unwrap_or_default()
                }
                _ => Vec::new(),
            })
        });
        let branches = Signal::derive(move || {
            self.timeline.with(|t| {
                let view = |b: &crate::trace::Branch| BranchView {
                    parent: b.parent,
                    fork: b.fork,
                    len: b.story.run.len(),
                    broken: b.story.is_broken(),
                };
                (t.branches().iter().map(view).collect::<Vec<_>>(), t.current())
            })
        });
        Lab {
            lang: self.lang,
            story: self.story.into(),
            position: self.position.into(),
            state: self.state,
            frame,
            playing: self.playing.into(),
            speed: self.speed.into(),
            selection: self.selection.into(),
            past,
            view: self.view.into(),
            branches,
            stories: Signal::derive(move || {
                self.timeline.with(|t| t.branches().iter().map(|b| b.story.clone()).collect())
            }),
            history: Signal::derive(move || self.timeline.with(Timeline::history)),
            busy: self.busy.into(),
            still: self.still,
            notice: self.notice,
            send: Callback::new(move |command| self.carry_out(command)),
        }
    }

    /// The recipe that is shown.
    #[must_use]
    pub fn recipe(self) -> Recipe {
        self.story.with(|s| s.recipe.clone())
    }

    fn recipe_untracked(self) -> Recipe {
        self.story.with_untracked(|s| s.recipe.clone())
    }

    /// Carries out a command.
    pub fn carry_out(self, command: Command) {
        let state = self.state.get_untracked();
        let len = self.story.with_untracked(|s| s.run.len());
        match command {
            Command::Play => self.play(),
            Command::Pause => self.playing.set(false),
            Command::Toggle if self.playing.get_untracked() => self.playing.set(false),
            Command::Toggle => self.play(),
            Command::StepOn => self.seek((state + 1).min(len)),
            Command::StepBack => self.seek_back(state),
            Command::NextMark => self.seek(self.marks().into_iter().find(|m| *m > state).unwrap_or(len)),
            Command::PreviousMark => {
                self.seek(self.marks().into_iter().rev().find(|m| *m < state).unwrap_or(0));
            }
            Command::Seek(to) => self.seek(to.min(len)),
            Command::SeekPosition(position) => {
                self.playing.set(false);
                let most = self.story.with_untracked(|s| s.axis.len());
                self.position.set(if position.is_finite() { position.clamp(0.0, most) } else { 0.0 });
            }
            Command::Home => self.seek(0),
            Command::End => self.seek(len),
            Command::Speed(speed) => self.speed.set(speed.min(SPEEDS.len() - 1)),
            Command::Faster => self.speed.update(|s| *s = (*s + 1).min(SPEEDS.len() - 1)),
            Command::Slower => self.speed.update(|s| *s = s.saturating_sub(1)),
            Command::Again => {
                self.seek(0);
                self.play();
            }
            Command::Select(selection) => self.selection.set(selection),
            Command::View(view) => self.view.set(view),
            Command::NextView => self.view.update(|v| *v = v.next()),
            other => self.edit(other, state),
        }
    }

    /// Carries out a command that makes another run, or goes to one. Kept apart, as the first lab does
    /// without.
    #[inline(never)]
    fn edit(self, command: Command, state: u32) {
        match command {
            Command::NewSeed => self.change(Arrival::Start, |r| r.seed = browser::fresh_seed()),
            Command::Seed(seed) => self.change(Arrival::Start, |r| r.seed = seed),
            Command::SetParam(place, value) => self.change(Arrival::Stay, |r| r.set_param(place, value)),
            Command::SetParams(values) => self.change(Arrival::Stay, |r| {
                for (place, value) in values {
                    r.set_param(place, value);
                }
            }),
            Command::Add(entries) => {
                if self.recipe_untracked().script.len() + entries.len() > limits::SCRIPT {
                    self.tell("lab.script-full", &[("n", &limits::SCRIPT)]);
                    return;
                }
                self.change(Arrival::SeeIt, |r| r.script.extend(entries));
            }
            Command::Offer(n) => {
                let offer = self.recipe_untracked().offers().get(n).copied();
                if let Some(entry) = offer {
                    self.carry_out(Command::Add(vec![entry]));
                }
            }
            Command::Replace(i, entry) => self.change(Arrival::Stay, |r| {
                if let Some(old) = r.script.get_mut(i) {
                    *old = entry;
                }
            }),
            Command::SwitchEntry(i) => self.change(Arrival::Stay, |r| {
                if let Some(entry) = r.script.get_mut(i) {
                    entry.on = !entry.on;
                }
            }),
            Command::RemoveEntry(i) => self.change(Arrival::Stay, |r| {
                if i < r.script.len() {
                    r.script.remove(i);
                }
            }),
            Command::ClearScript => self.change(Arrival::Stay, |r| r.script.clear()),
            Command::Load(recipe) => self.change(Arrival::Start, |r| *r = *recipe),
            Command::Undo => self.travel(Timeline::undo, state),
            Command::Redo => self.travel(Timeline::redo, state),
            Command::Branch => {
                self.playing.set(false);
                self.timeline.update(|t| t.branch_at(state));
                self.tell("lab.branched", &[("n", &state)]);
            }
            Command::SwitchBranch(to) => self.travel(|t| t.switch(to), state),
            _ => {}
        }
    }

    fn tell(self, name: &'static str, values: &[(&str, &dyn std::fmt::Display)]) {
        self.notice.set(Some(say(self.lang.get_untracked(), name, values)));
    }

    fn seek(self, state: u32) {
        self.playing.set(false);
        self.position.set(self.story.with_untracked(|s| s.axis.position(state)));
    }

    /// Back to the start of the current step when the playhead is past it, else one state back.
    fn seek_back(self, state: u32) {
        let at = self.story.with_untracked(|s| s.axis.position(state));
        let past = self.position.get_untracked() > at + 1e-6;
        self.seek(if past { state } else { state.saturating_sub(1) });
    }

    /// States worth stopping at: faults, client actions, repairs, promises that break.
    fn marks(self) -> Vec<u32> {
        self.story.with_untracked(|s| {
            let broken = (0..s.run.stage.pattern.promises.len()).filter_map(|p| s.run.broken_at(p));
            let mut marks: Vec<u32> = s.chart.marks.iter().map(|(state, _)| *state).chain(broken).collect();
            sort_many(&mut marks, |a, b| a < b);
            marks.dedup();
            marks
        })
    }

    fn play(self) {
        let at_end = self.story.with_untracked(|s| self.position.get_untracked() >= s.axis.len() - 1e-6);
        if at_end {
            self.position.set(0.0);
        }
        if self.playing.get_untracked() {
            return;
        }
        self.playing.set(true);
        browser::every_frame(move |ms| {
            // The lab may be gone by now, and with it its signals.
            if self.playing.try_get_untracked() != Some(true) {
                return false;
            }
            let length = self.story.with_untracked(|s| s.axis.len());
            let speed = SPEEDS[self.speed.get_untracked()];
            let next = self.position.get_untracked() + ms / 1000.0 * UNITS_PER_SECOND * speed;
            self.position.set(next.min(length));
            if next >= length {
                self.playing.set(false);
            }
            next < length
        });
    }

    /// Runs a changed recipe as a branch of what is shown.
    fn change(self, arrival: Arrival, change: impl FnOnce(&mut Recipe)) {
        let mut recipe = self.recipe_untracked();
        change(&mut recipe);
        let state = self.state.get_untracked();
        if let Some(known) = self.timeline.with_untracked(|t| t.find(&recipe)) {
            self.travel(|t| t.switch(known), if arrival == Arrival::Start { 0 } else { state });
            return;
        }
        let question = self.asked.with_value(|n| n + 1);
        self.asked.set_value(question);
        let mut run = Run::new(Stage::of(&recipe));
        if run.extend(CHUNK) {
            self.arrive(Story::of_run(recipe, run), arrival, state);
            return;
        }
        self.busy.set(Some(run.len()));
        leptos::task::spawn_local(async move {
            while !run.extend(CHUNK) {
                gloo_timers::future::TimeoutFuture::new(0).await;
                if self.asked.try_get_value() != Some(question) {
                    return;
                }
                self.busy.try_set(Some(run.len()));
            }
            if self.asked.try_get_value() == Some(question) {
                self.busy.set(None);
                self.arrive(Story::of_run(recipe, run), arrival, state);
            }
        });
    }

    /// The first run of a long recipe, recorded in pieces after the page shows its beginning.
    fn record_rest(self, recipe: Recipe, at: u32) {
        let question = self.asked.with_value(|n| n + 1);
        self.asked.set_value(question);
        leptos::task::spawn_local(async move {
            let mut run = Run::new(Stage::of(&recipe));
            while !run.extend(CHUNK) {
                self.busy.try_set(Some(run.len()));
                gloo_timers::future::TimeoutFuture::new(0).await;
                if self.asked.try_get_value() != Some(question) {
                    return;
                }
            }
            if self.asked.try_get_value() != Some(question) {
                return;
            }
            self.busy.set(None);
            let story = Story::of_run(recipe, run);
            let position = story.axis.position(at.max(self.state.get_untracked()).min(story.run.len()));
            let timeline = Timeline::new(story);
            batch(|| {
                self.story.set(timeline.story().clone());
                self.timeline.set(timeline);
                self.position.set(position);
            });
        });
    }

    fn arrive(self, story: Story, arrival: Arrival, state: u32) {
        let mut fork = 0;
        let mut timeline = self.timeline.get_untracked();
        fork = timeline.fork(story).max(fork);
        let story = timeline.story().clone();
        let target = match arrival {
            Arrival::Start => 0,
            Arrival::Stay => state.min(fork),
            Arrival::SeeIt if fork <= state => (fork + 1).min(story.run.len()),
            Arrival::SeeIt => state,
        };
        self.show(timeline, story, target);
    }

    fn travel(self, go: impl FnOnce(&mut Timeline) -> Option<u32>, state: u32) {
        let mut timeline = self.timeline.get_untracked();
        let Some(fork) = go(&mut timeline) else { return };
        let story = timeline.story().clone();
        self.show(timeline, story, state.min(fork));
    }

    fn show(self, timeline: Timeline, story: Arc<Story>, state: u32) {
        let position = story.axis.position(state);
        batch(|| {
            self.selection.set(None);
            self.story.set(story);
            self.timeline.set(timeline);
            self.position.set(position);
        });
    }

    /// A speaker for what is shown.
    #[must_use]
    pub fn speaker(self) -> Speaker {
        self.story.with(|s| s.speaker(self.lang.get()))
    }
}

/// Changes several signals; what depends on them is told once each change is made.
fn batch(changes: impl FnOnce()) {
    // Effects run in a later task, so that they see all changes; memos look when they are asked.
    changes();
}
