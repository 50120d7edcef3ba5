//! What a pattern is: a descriptor that everything else walks.

use std::fmt;
use std::sync::Arc;

use crate::kernel::erased::DynNode;
use crate::kernel::{Label, Machine, Network, NodeId, Span, TraceSink, World};

/// One pattern: an engine and what belongs to it.
pub struct Pattern {
    /// Its name in addresses, files and the headless command.
    pub id: &'static str,
    /// Version of the engine: raised when a recipe of before would run differently.
    pub version: u16,
    /// Kinds of messages. A kind's place is its number in links: append only.
    pub messages: &'static [Kind],
    /// Kinds of durable records; append only.
    pub records: &'static [Kind],
    /// Kinds of timers; append only.
    pub timers: &'static [Kind],
    /// Facts of the outside world, for the ledger; append only.
    pub facts: &'static [Kind],
    /// What a person can do at a node; append only.
    pub verbs: &'static [Kind],
    /// Parameters of its own, before the ones that every pattern has ([`COMMON`]); append only.
    pub params: &'static [Param],
    /// What it promises.
    pub promises: &'static [Promise],
    /// Its starting points, textbook first.
    pub scenarios: &'static [Scenario],
    /// What its worlds are in models that others published.
    pub abstractions: &'static [Abstraction],
    /// Its parameters as real systems have them: name and value of each that differs from the
    /// default, which is made to be watched. Where the figures come from is its text `realistic`.
    pub realistic: &'static [(&'static str, i64)],
    /// The copies of data that it keeps, as they are in a world; [`no_copies`] for none.
    pub copies: fn(&Probe<'_>, &mut Vec<Copied>),
    /// Builds the system for a set of parameters.
    pub build: fn(&Params) -> System,
    /// Its texts, in the order of the languages ([`crate::texts::Lang::ALL`]).
    pub texts: [&'static str; 2],
}

/// A pattern's texts, unless they are fetched: then the page has none built in.
#[must_use]
pub const fn texts(built_in: [&'static str; 2]) -> [&'static str; 2] {
    if cfg!(feature = "fetched") { ["", ""] } else { built_in }
}

/// A scenario's recipe, unless it is fetched with the texts.
#[must_use]
pub const fn recipe(built_in: &'static str) -> &'static str {
    if cfg!(feature = "fetched") { "" } else { built_in }
}

/// A kind of message, record, timer, fact or verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// Its name in recipes; its text is `message.<id>`, `record.<id>`, … of the pattern's texts.
    pub id: &'static str,
    /// How it is drawn.
    pub style: Style,
}

/// How a kind of message is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Somebody is to do something: a solid line.
    Command,
    /// Something happened, or is answered: a dashed line.
    Event,
    /// Somebody asks.
    Query,
    /// Bad news.
    Failure,
    /// Something is undone.
    Undo,
}

impl Kind {
    /// A command.
    #[must_use]
    pub const fn command(id: &'static str) -> Self {
        Self { id, style: Style::Command }
    }
    /// An event or a positive answer.
    #[must_use]
    pub const fn event(id: &'static str) -> Self {
        Self { id, style: Style::Event }
    }
    /// A question.
    #[must_use]
    pub const fn query(id: &'static str) -> Self {
        Self { id, style: Style::Query }
    }
    /// Bad news.
    #[must_use]
    pub const fn failure(id: &'static str) -> Self {
        Self { id, style: Style::Failure }
    }
    /// An undoing.
    #[must_use]
    pub const fn undo(id: &'static str) -> Self {
        Self { id, style: Style::Undo }
    }
}

/// A parameter of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param {
    /// Its name in recipes; its text is `param.<id>`.
    pub id: &'static str,
    /// What it can be.
    pub range: Range,
    /// Its value where a recipe is silent.
    pub default: i64,
}

/// What a parameter can be. Every value is a whole number inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Range {
    /// A whole number from the first to the second.
    Count(i64, i64),
    /// A time in milliseconds, from the first to the second; a recipe writes `20 ms`.
    Millis(i64, i64),
    /// Parts of 1,000; a recipe writes `50 per mille`.
    PerMille,
    /// `yes` or `no`: 1 or 0.
    Switch,
    /// One of these names: its place; a name's text is `param.<id>.<name>`.
    Choice(&'static [&'static str]),
}

impl Range {
    /// Least and most value.
    #[must_use]
    pub const fn ends(&self) -> (i64, i64) {
        match *self {
            Self::Count(least, most) | Self::Millis(least, most) => (least, most),
            Self::PerMille => (0, 1000),
            Self::Switch => (0, 1),
            Self::Choice(names) => (0, names.len() as i64 - 1),
        }
    }

    /// The nearest value inside.
    #[must_use]
    pub fn clamp(&self, value: i64) -> i64 {
        let (least, most) = self.ends();
        value.clamp(least, most)
    }

    /// Whether a value is inside.
    #[must_use]
    pub fn holds(&self, value: i64) -> bool {
        self.clamp(value) == value
    }
}

/// Parameters that every pattern has, after its own: the network, the disks, the horizon.
pub static COMMON: &[Param] = &[
    Param { id: "latency-min", range: Range::Millis(0, 10_000), default: 4 },
    Param { id: "latency-max", range: Range::Millis(0, 10_000), default: 12 },
    Param { id: "disk-min", range: Range::Millis(0, 10_000), default: 1 },
    Param { id: "disk-max", range: Range::Millis(0, 10_000), default: 3 },
    Param { id: "loss", range: Range::PerMille, default: 0 },
    Param { id: "duplication", range: Range::PerMille, default: 0 },
    Param { id: "ordered", range: Range::Switch, default: 1 },
    Param { id: "horizon", range: Range::Millis(1, 86_400_000), default: 10_000 },
];

/// The values of a pattern's parameters, its own and the common ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Params {
    pattern: PatternRef,
    values: Vec<i64>,
}

/// A pattern by reference; two are equal when their ids are.
#[derive(Clone, Copy)]
pub struct PatternRef(pub &'static Pattern);

impl PartialEq for PatternRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}
impl Eq for PatternRef {}
impl fmt::Debug for PatternRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}
impl std::ops::Deref for PatternRef {
    type Target = Pattern;
    fn deref(&self) -> &Pattern {
        self.0
    }
}

impl Params {
    /// Every parameter at its default.
    #[must_use]
    pub fn defaults(pattern: &'static Pattern) -> Self {
        let values = pattern.all_params().map(|p| p.default).collect();
        Self { pattern: PatternRef(pattern), values }
    }

    /// The value of a parameter.
    ///
    /// # Panics
    /// When the pattern has no such parameter: a mistake in the pattern.
    #[must_use]
    pub fn get(&self, id: &str) -> i64 {
        let place = self.pattern.0.all_params().position(|p| p.id == id);
        self.values[place.unwrap_or_else(|| panic!("{:?} has no parameter {id}", self.pattern))]
    }

    /// A switch.
    #[must_use]
    pub fn on(&self, id: &str) -> bool {
        self.get(id) != 0
    }

    /// A time.
    #[must_use]
    pub fn span(&self, id: &str) -> Span {
        Span::ms(self.get(id).max(0) as u64)
    }

    /// The value at a place of [`Pattern::all_params`].
    #[must_use]
    pub fn at(&self, place: usize) -> i64 {
        self.values[place]
    }

    /// Sets the value at a place of [`Pattern::all_params`].
    pub fn set_at(&mut self, place: usize, value: i64) {
        self.values[place] = value;
    }

    /// Network and disks.
    #[must_use]
    pub fn network(&self) -> Network {
        let us = |id| self.span(id).micros;
        Network {
            latency_min: us("latency-min"),
            latency_max: us("latency-max").max(us("latency-min")),
            loss: self.get("loss").clamp(0, 1000) as u16,
            duplication: self.get("duplication").clamp(0, 1000) as u16,
            fifo: self.on("ordered"),
            disk_min: us("disk-min"),
            disk_max: us("disk-max").max(us("disk-min")),
        }
    }
}

impl Pattern {
    /// Its own parameters, then the common ones.
    pub fn all_params(&self) -> impl Iterator<Item = &'static Param> + use<> {
        self.params.iter().chain(COMMON)
    }
}

/// A system ready to run.
pub struct System {
    /// Its nodes, in the order of their numbers.
    pub nodes: Vec<Node>,
    /// Their machines, in the same order.
    pub machines: Vec<Arc<dyn DynNode>>,
    /// Links that messages take, for the drawing: one entry for both directions.
    pub links: Vec<(NodeId, NodeId)>,
}

impl System {
    /// An empty system.
    #[must_use]
    pub const fn new() -> Self {
        Self { nodes: Vec::new(), machines: Vec::new(), links: Vec::new() }
    }

    /// Adds a node; its number is its place.
    pub fn node(&mut self, id: &'static str, role: Role, machine: impl Machine) -> NodeId {
        self.nodes.push(Node { id, role });
        self.machines.push(Arc::new(machine));
        NodeId((self.nodes.len() - 1) as u8)
    }

    /// Adds a link to the drawing.
    pub fn link(&mut self, a: NodeId, b: NodeId) {
        self.links.push((a, b));
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

/// A node of a system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its name in recipes; its texts are `node.<id>`, and `node.<id>.short`, `node.<id>.in` where
    /// the name reads differently when short or inside a sentence.
    pub id: &'static str,
    /// What it is for the drawing.
    pub role: Role,
}

/// What a node is for the drawing: rows from top to bottom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// A person or a program that wants something.
    Client,
    /// Who leads.
    Coordinator,
    /// Who passes messages on.
    Broker,
    /// Who does the work, with a database of its own.
    Service,
    /// Who keeps data for others.
    Store,
}

/// Something that a pattern promises (or is widely believed to).
pub struct Promise {
    /// Its name; its texts are `promise.<id>` and `promise.<id>.why`.
    pub id: &'static str,
    /// When it must be true.
    pub expect: Expect,
    /// Whether it is, in a world.
    pub check: fn(&Probe<'_>) -> Verdict,
}

/// When a promise must be true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// At every step.
    Always,
    /// Once nothing is under way; before that it may be untrue for a while.
    AtRest,
}

/// What a promise looks at.
pub struct Probe<'a> {
    /// The world.
    pub world: &'a World,
    /// The parameters of the run.
    pub params: &'a Params,
    /// Whether nothing is under way any more and every node is up: the system is at rest. A node
    /// that is down may come back, so that nothing is final while one is.
    pub at_rest: bool,
}

/// A copy of what somebody else owns: a replica, a read model, a cache, a search index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// Who keeps it.
    pub node: NodeId,
    /// What it is a copy of: one short name, the same at every step.
    pub name: Label,
    /// How many changes of its source it has not seen, or has wrong; 0: the two are equal.
    pub behind: u32,
    /// Why it can never be equal again, however long one waits (an event is lost, say).
    pub lost: Option<Label>,
}

/// For a pattern that keeps no copies.
pub const fn no_copies(_: &Probe<'_>, _: &mut Vec<Copied>) {}

/// What a promise is at a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It is untrue for now, which the pattern allows; why.
    NotYet(Label),
    /// It is broken; why.
    Broken(Label),
}

impl Verdict {
    /// Untrue: broken at rest, allowed before.
    #[must_use]
    pub const fn untrue(probe: &Probe<'_>, why: Label) -> Self {
        if probe.at_rest { Self::Broken(why) } else { Self::NotYet(why) }
    }
}

/// A published model, and what a world is in it.
pub struct Abstraction {
    /// Its name in the headless command.
    pub id: &'static str,
    /// Who published it, and where.
    pub source: &'static str,
    /// What has happened so far, in the words of the model: nothing yet.
    pub start: fn(&Params) -> Box<dyn History>,
}

/// What has happened so far, in the words of a model. It watches steps, since a model may remember
/// what a world forgets: messages that were delivered, say.
pub trait History: TraceSink {
    /// Another one in the same state.
    fn copy(&self) -> Box<dyn History>;
    /// The state of the model.
    fn image(&self) -> Vec<u8>;
    /// Everything that a later image can depend on, where that is more than the image.
    fn key(&self) -> Vec<u8> {
        self.image()
    }
}

/// A named starting point: a recipe in its text form.
pub struct Scenario {
    /// Its name; its texts are `scenario.<id>` and `scenario.<id>.about`.
    pub id: &'static str,
    /// The recipe, in the text format of [`crate::scenario`]; nothing where it is fetched (see [`recipe`]).
    pub recipe: &'static str,
}
