//! What is watched beside the worlds: their images under published models, and fields of their nodes.

use std::collections::BTreeSet;

use super::known::Index;
use super::memo::Notes;
use crate::kernel::{Cell, Description, Fingerprint, Label, TraceEvent};
use crate::patterns::pattern::{Abstraction, History, Params};

/// What an abstraction has seen.
pub struct Projection {
    /// Which.
    pub abstraction: &'static Abstraction,
    /// The distinct images of the reached worlds.
    pub images: BTreeSet<Vec<u8>>,
    /// Images before and after a step that changed it: the steps of the abstract machine.
    pub steps: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// Images of the worlds that come to nothing new by themselves: nothing is under way, and whatever
    /// timers run out, they end where they were (somebody asks in vain). Filled in when the search was
    /// asked to watch rest.
    pub stalled: BTreeSet<Vec<u8>>,
}

/// One history for each abstraction, in a state that came by.
struct Histories {
    all: Vec<Box<dyn History>>,
    images: Vec<Vec<u8>>,
    member: Fingerprint,
    reached: bool,
}

impl Histories {
    fn of(all: Vec<Box<dyn History>>) -> Self {
        let images: Vec<_> = all.iter().map(|history| history.image()).collect();
        let keys: Vec<_> = all.iter().map(|history| history.key()).collect();
        let member = Fingerprint::of(&keys).as_member();
        Self { all, images, member, reached: false }
    }
}

/// Who watches; worlds name the state of all histories by number.
pub struct Watch {
    pub projections: Vec<Projection>,
    known: Vec<Histories>,
    index: Index,
    turns: Notes,
}

impl Watch {
    pub fn new(abstractions: &[&'static Abstraction], params: &Params) -> Self {
        let projections = (abstractions.iter())
            .map(|&abstraction| Projection {
                abstraction,
                images: BTreeSet::new(),
                steps: BTreeSet::new(),
                stalled: BTreeSet::new(),
            })
            .collect();
        let mut watch =
            Self { projections, known: Vec::new(), index: Index::default(), turns: Notes::default() };
        watch.number(abstractions.iter().map(|abstraction| (abstraction.start)(params)).collect());
        watch
    }

    /// Whether anybody wants the events of steps.
    pub fn is_on(&self) -> bool {
        !self.projections.is_empty()
    }

    /// What histories add to what a state looks like.
    pub fn member(&self, number: u32) -> Fingerprint {
        self.known[number as usize].member
    }

    /// The histories after a step; `outcome` is its number, if it has one.
    pub fn turn(&mut self, number: u32, outcome: Option<u32>, events: &[TraceEvent]) -> u32 {
        if !self.is_on() {
            return number;
        }
        let key = outcome.map(|outcome| [number, outcome, 0]);
        if let Some(known) = key.and_then(|key| self.turns.get(key)) {
            return known;
        }
        let before = &self.known[number as usize];
        let mut all: Vec<_> = before.all.iter().map(|history| history.copy()).collect();
        for history in &mut all {
            history.step(crate::kernel::SimTime::ZERO);
            for event in events {
                history.event(*event);
            }
        }
        let next = self.number(all);
        if let Some(key) = key {
            self.turns.put(key, next);
        }
        let [before, after] = [number, next].map(|number| &self.known[number as usize].images);
        for (projection, (before, after)) in self.projections.iter_mut().zip(before.iter().zip(after)) {
            if before != after {
                projection.steps.insert((before.clone(), after.clone()));
            }
        }
        next
    }

    /// A world with these histories was reached.
    pub fn reach(&mut self, number: u32) {
        let histories = &mut self.known[number as usize];
        if !std::mem::replace(&mut histories.reached, true) {
            for (projection, image) in self.projections.iter_mut().zip(&histories.images) {
                projection.images.insert(image.clone());
            }
        }
    }

    /// A world with these histories comes to nothing new by itself.
    pub fn stall(&mut self, number: u32) {
        let histories = &self.known[number as usize];
        for (projection, image) in self.projections.iter_mut().zip(&histories.images) {
            projection.stalled.insert(image.clone());
        }
    }

    fn number(&mut self, all: Vec<Box<dyn History>>) -> u32 {
        let histories = Histories::of(all);
        let (number, new) = self.index.number(histories.member);
        if new {
            self.known.push(histories);
        }
        number
    }
}

/// A field that nodes show: their mood, their status, a section or a row by its name.
pub struct Field {
    pub name: String,
    /// By number of a node's state: what it shows there; zero for nothing.
    values: Vec<Option<Fingerprint>>,
    vectors: Index,
    /// Whether any node has shown it.
    pub shown: bool,
}

/// The name of a text, without the group it stands in.
fn name(label: &Label) -> &'static str {
    label.key.split_once('.').map_or(label.key, |(_, name)| name)
}

/// What a node shows under a name.
fn value(description: &Description, wanted: &str) -> Option<Fingerprint> {
    match wanted {
        "mood" => return Some(Fingerprint::of(&description.mood)),
        "status" => return description.status.as_ref().map(Fingerprint::of),
        _ => {}
    }
    let sections = (description.sections.iter()).filter(|s| name(&s.title) == wanted);
    let rows =
        (description.sections.iter().flat_map(|s| &s.rows)).filter(|row| row_name(row) == Some(wanted));
    let found: Vec<_> = sections
        .map(|section| Fingerprint::of(&section.rows))
        .chain(rows.map(|row| Fingerprint::of(&(row.mark, &row.cells))))
        .collect();
    (!found.is_empty()).then(|| Fingerprint::of(&found))
}

fn row_name(row: &crate::kernel::Row) -> Option<&'static str> {
    match row.cells.as_slice() {
        [Cell::Text(label), _, ..] => Some(name(label)),
        _ => None,
    }
}

/// The names under which a node shows something.
pub fn names(description: &Description, out: &mut BTreeSet<&'static str>) {
    out.insert("mood");
    out.extend(description.status.is_some().then_some("status"));
    for section in &description.sections {
        out.insert(name(&section.title));
        out.extend(section.rows.iter().filter_map(row_name));
    }
}

impl Field {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), values: Vec::new(), vectors: Index::default(), shown: false }
    }

    /// How many vectors over the nodes were met.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// A world of these nodes was reached.
    pub fn reach(&mut self, nodes: &[u32], describe: impl Fn(usize) -> Description) {
        let mut vector = Fingerprint::default();
        for (place, &number) in nodes.iter().enumerate() {
            let number = number as usize;
            if number >= self.values.len() {
                self.values.resize(number + 1, None);
            }
            let value = self.values[number].unwrap_or_else(|| {
                let found = value(&describe(place), &self.name);
                self.shown |= found.is_some();
                *self.values[number].insert(found.unwrap_or_default())
            });
            vector = Fingerprint::of(&(vector, value));
        }
        self.vectors.number(vector);
    }
}
