//! The link form: a recipe as the part of an address after `#/lab/`.
//!
//! ```text
//! two-phase-commit/coordinator-crash            the shipped scenario as it is
//! two-phase-commit/coordinator-crash/r1.AbC…    what differs from it
//! two-phase-commit                              a pattern, nothing set
//! two-phase-commit/r1.AbC…                      what differs from that
//! ```
//!
//! `r1.` is the version of the format; then base64url, without padding, of `Body` as postcard
//! writes it, followed by a checksum of four bytes over the whole part. A fingerprint of what the
//! link differs *from* is inside: when that has changed since, the reader is warned.
//!
//! Everything is numbers here, in the order of the pattern's lists, which therefore only grow. A
//! link is read as hostile: its length is limited before anything is decoded, and each number is
//! held against the pattern before it gets into a recipe.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as LETTERS;
use serde::{Deserialize, Serialize};

use crate::kernel::limits::SCRIPT;
use crate::kernel::{Action, Anchor, Entry, Fingerprint, NodeId, Point, Script, Span, Trigger};
use crate::patterns;
use crate::patterns::pattern::Pattern;
use crate::texts::{Lang, number, say, t};

use super::error::{Problem, Suggestion, Thing, shown};
use super::recipe::{Recipe, fits};
use super::text;

/// The version of the link form that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;
/// Longest link that is looked at, in bytes: a full script is a quarter of it.
pub const MOST_BYTES: usize = 8 * 1024;

/// A recipe from a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// The recipe: the best that can be had.
    pub recipe: Recipe,
    /// What a person should know before trusting it.
    pub warnings: Vec<Warning>,
}

/// A link that can be read, and yet is not what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// The scenario that the link differs from has changed since.
    ScenarioChanged,
    /// So many entries no longer mean anything.
    EntriesDropped(u32),
    /// So many settings no longer mean anything.
    ParamsDropped(u32),
}

/// Why a link cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// Longer than [`MOST_BYTES`].
    TooLong,
    /// It names nothing.
    Empty,
    /// There is no pattern of this name.
    UnknownPattern(String, Suggestion),
    /// The pattern has no scenario of this name.
    UnknownScenario(String, Suggestion),
    /// A part that does not belong in a link.
    Unexpected(String),
    /// A newer format: its version.
    NewerFormat(String),
    /// A letter that does not occur in a link, and its place after `r1.`, counted from 1.
    NotBase64(String, u32),
    /// The checksum or the length is wrong.
    Damaged,
    /// More than this many entries.
    TooManyEntries(usize),
}

/// What a link holds. Fields are in the order of the bytes: append only, with a new version.
#[derive(Serialize, Deserialize, Default)]
struct Body {
    /// Of what it differs from.
    base: [u8; 3],
    seed: Option<u64>,
    /// Place and value. A pattern's own parameters count from 0, the common ones from [`COMMON_FROM`],
    /// so that a pattern can get more of its own.
    params: Vec<(u8, i64)>,
    script: Option<Vec<Packed>>,
}

const COMMON_FROM: usize = 128;

/// An entry as numbers.
#[derive(Serialize, Deserialize)]
struct Packed {
    /// Place in [`Point::ALL`]; 128 more when the entry is switched off.
    point: u8,
    node: u8,
    peer: u8,
    kind: u8,
    nth: u16,
    delay: u64,
    deed: Deed,
}

const OFF: u8 = 128;

/// [`Action`] as it is written: append only.
#[derive(Serialize, Deserialize)]
enum Deed {
    Drop,
    Duplicate,
    Delay(u64),
    Refuse,
    Fail,
    RefuseWrite,
    Crash(u8),
    Restart(u8),
    Pause(u8),
    Resume(u8),
    Cut(u8, u8),
    Heal(u8, u8),
    Slow(u8, u8, u16),
    Deliver(u8, u8, u8),
    Command(u8, u8, i32),
}

/// The part of the address after `#/lab/` for a recipe.
#[must_use]
pub fn encode(recipe: &Recipe) -> String {
    let pattern = recipe.pattern.0;
    let base = base(pattern, recipe.scenario);
    let mut path = pattern.id.to_owned();
    if let Some(scenario) = recipe.scenario {
        path.push('/');
        path.push_str(scenario);
    }
    if *recipe == base {
        return path;
    }
    let own = pattern.params.len();
    let params = (0..pattern.all_params().count())
        .filter(|&place| recipe.params.at(place) != base.params.at(place))
        .map(|place| {
            (if place < own { place } else { place - own + COMMON_FROM } as u8, recipe.params.at(place))
        })
        .collect();
    let body = Body {
        base: fingerprint(&base),
        seed: (recipe.seed != base.seed).then_some(recipe.seed),
        params,
        script: (recipe.script != base.script).then(|| recipe.script.iter().map(Packed::of).collect()),
    };
    let mut bytes = postcard::to_allocvec(&body).expect("numbers and lists can always be written");
    bytes.extend(checksum(&path, &bytes));
    format!("{path}/r{VERSION}.{}", LETTERS.encode(bytes))
}

/// Reads a link: a whole address, its fragment, or the part after `#/lab/`.
///
/// # Errors
/// Says why there is nothing to run.
pub fn decode(link: &str) -> Result<Decoded, LinkError> {
    decode_in(patterns::ALL, link)
}

/// Reads a link to one of these patterns.
///
/// # Errors
/// As [`decode`].
pub fn decode_in(patterns: &[&'static Pattern], link: &str) -> Result<Decoded, LinkError> {
    if link.len() > MOST_BYTES {
        return Err(LinkError::TooLong);
    }
    let mut parts = part(link).split('/').filter(|part| !part.is_empty());
    let Some(id) = parts.next() else { return Err(LinkError::Empty) };
    let Some(pattern) = patterns.iter().copied().find(|p| p.id == id) else {
        let names: Vec<_> = patterns.iter().map(|p| p.id).collect();
        return Err(LinkError::UnknownPattern(shown(id), Suggestion::of(id, &names)));
    };
    let mut path = pattern.id.to_owned();
    let mut next = parts.next();
    let mut scenario = None;
    if let Some(id) = next.filter(|part| versioned(part).is_none()) {
        let Some(found) = pattern.scenarios.iter().find(|s| s.id == id) else {
            let names: Vec<_> = pattern.scenarios.iter().map(|s| s.id).collect();
            return Err(LinkError::UnknownScenario(shown(id), Suggestion::of(id, &names)));
        };
        scenario = Some(found.id);
        path.push('/');
        path.push_str(found.id);
        next = parts.next();
    }
    let base = base(pattern, scenario);
    let Some(part) = next else { return Ok(Decoded { recipe: base, warnings: Vec::new() }) };
    let Some((version, letters)) = versioned(part) else {
        // Cut right after its version, which ends like a sentence.
        let cut = part.strip_prefix('r').is_some_and(|v| v.bytes().all(|b| b.is_ascii_digit()));
        return Err(if cut { LinkError::Damaged } else { LinkError::Unexpected(shown(part)) });
    };
    if let Some(more) = parts.next() {
        return Err(LinkError::Unexpected(shown(more)));
    }
    if version != VERSION.to_string() {
        return Err(LinkError::NewerFormat(shown(version)));
    }
    let body = body(&path, letters)?;
    apply(body, base)
}

/// What follows `#/lab/`, without what an address has after its path.
fn part(link: &str) -> &str {
    // Somebody's brackets, or the end of their sentence, are no part of a link.
    let link = link.trim().trim_matches(['<', '>', '(', ')', '"', '\'', ',', '.']);
    let link = link.rsplit_once('#').map_or(link, |(_, fragment)| fragment);
    let link = link.split_once("/lab/").map_or(link, |(_, part)| part);
    link.split(['?', '&']).next().unwrap_or("")
}

/// `r1.letters` as version and letters.
fn versioned(part: &str) -> Option<(&str, &str)> {
    let (version, letters) = part.strip_prefix('r')?.split_once('.')?;
    let digits = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    digits.then_some((version, letters))
}

fn body(path: &str, letters: &str) -> Result<Body, LinkError> {
    let strange = |c: &char| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_');
    if let Some(place) = letters.chars().position(|c| strange(&c)) {
        let letter = letters.chars().nth(place).map(String::from).unwrap_or_default();
        return Err(LinkError::NotBase64(shown(&letter), place as u32 + 1));
    }
    let bytes = LETTERS.decode(letters).map_err(|_| LinkError::Damaged)?;
    let (bytes, sum) = bytes.split_last_chunk::<4>().ok_or(LinkError::Damaged)?;
    if checksum(path, bytes) != *sum {
        return Err(LinkError::Damaged);
    }
    match postcard::take_from_bytes::<Body>(bytes) {
        Ok((body, [])) => Ok(body),
        _ => Err(LinkError::Damaged),
    }
}

/// The recipe that a link differs from.
fn base(pattern: &'static Pattern, scenario: Option<&'static str>) -> Recipe {
    scenario.and_then(|id| Recipe::of_scenario(pattern, id)).unwrap_or_else(|| Recipe::new(pattern))
}

fn apply(body: Body, base: Recipe) -> Result<Decoded, LinkError> {
    let mut warnings = Vec::new();
    if body.base != fingerprint(&base) {
        warnings.push(Warning::ScenarioChanged);
    }
    let mut recipe = base;
    let pattern = recipe.pattern.0;
    let all: Vec<_> = pattern.all_params().collect();
    let own = pattern.params.len();
    recipe.seed = body.seed.unwrap_or(recipe.seed);
    let mut dropped = 0;
    for (place, value) in body.params {
        let place = usize::from(place);
        let place = if place < COMMON_FROM {
            Some(place).filter(|place| *place < own)
        } else {
            Some(place - COMMON_FROM + own).filter(|place| *place < all.len())
        };
        match place {
            Some(place) if all[place].range.holds(value) => recipe.params.set_at(place, value),
            _ => dropped += 1,
        }
    }
    if dropped > 0 {
        warnings.push(Warning::ParamsDropped(dropped));
    }
    // A script of the scenario can lose its nodes by a parameter of the link: it is held against
    // them like any other.
    let script: Vec<Option<Entry>> = match body.script {
        Some(packed) if packed.len() > SCRIPT => return Err(LinkError::TooManyEntries(SCRIPT)),
        Some(packed) => packed.iter().map(Packed::entry).collect(),
        None => recipe.script.iter().copied().map(Some).collect(),
    };
    let nodes = recipe.nodes().len();
    let written = script.len();
    recipe.script =
        script.into_iter().flatten().filter(|entry| fits(entry, pattern, nodes)).collect::<Script>();
    let dropped = (written - recipe.script.len()) as u32;
    if dropped > 0 {
        warnings.push(Warning::EntriesDropped(dropped));
    }
    Ok(Decoded { recipe, warnings })
}

/// Of what a link differs from: changes when the same differences would give another run.
fn fingerprint(base: &Recipe) -> [u8; 3] {
    let pattern = base.pattern.0;
    let values: Vec<i64> = (0..pattern.all_params().count()).map(|place| base.params.at(place)).collect();
    let sum = Fingerprint::of(&(pattern.version, values.as_slice(), text::canonical_text(base).as_str()));
    let [a, b, c, ..] = sum.0.to_le_bytes();
    [a, b, c]
}

fn checksum(path: &str, bytes: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = Fingerprint::of(&(path, bytes)).0.to_le_bytes();
    [a, b, c, d]
}

impl Packed {
    fn of(entry: &Entry) -> Self {
        let Anchor { point, node, peer, kind, nth } = super::recipe::canonical(entry.trigger.anchor);
        let place = Point::ALL.iter().position(|p| *p == point).unwrap_or(0) as u8;
        Self {
            point: if entry.on { place } else { place | OFF },
            node: node.0,
            peer: peer.0,
            kind,
            nth,
            delay: entry.trigger.delay.micros,
            deed: Deed::of(entry.action),
        }
    }

    fn entry(&self) -> Option<Entry> {
        let point = *Point::ALL.get(usize::from(self.point & !OFF))?;
        let (node, peer) = (NodeId(self.node), NodeId(self.peer));
        let anchor = Anchor { point, node, peer, kind: self.kind, nth: self.nth };
        let trigger = Trigger { anchor, delay: Span::us(self.delay) };
        Some(Entry { on: self.point & OFF == 0, trigger, action: self.deed.action() })
    }
}

impl Deed {
    const fn of(action: Action) -> Self {
        match action {
            Action::Drop => Self::Drop,
            Action::Duplicate => Self::Duplicate,
            Action::Delay(by) => Self::Delay(by.micros),
            Action::Refuse => Self::Refuse,
            Action::Fail => Self::Fail,
            Action::RefuseWrite => Self::RefuseWrite,
            Action::Crash(a) => Self::Crash(a.0),
            Action::Restart(a) => Self::Restart(a.0),
            Action::Pause(a) => Self::Pause(a.0),
            Action::Resume(a) => Self::Resume(a.0),
            Action::Cut(a, b) => Self::Cut(a.0, b.0),
            Action::Heal(a, b) => Self::Heal(a.0, b.0),
            Action::Slow(a, b, factor) => Self::Slow(a.0, b.0, factor),
            Action::Deliver(a, b, kind) => Self::Deliver(a.0, b.0, kind),
            Action::Command(a, verb, value) => Self::Command(a.0, verb, value),
        }
    }

    const fn action(&self) -> Action {
        match *self {
            Self::Drop => Action::Drop,
            Self::Duplicate => Action::Duplicate,
            Self::Delay(by) => Action::Delay(Span::us(by)),
            Self::Refuse => Action::Refuse,
            Self::Fail => Action::Fail,
            Self::RefuseWrite => Action::RefuseWrite,
            Self::Crash(a) => Action::Crash(NodeId(a)),
            Self::Restart(a) => Action::Restart(NodeId(a)),
            Self::Pause(a) => Action::Pause(NodeId(a)),
            Self::Resume(a) => Action::Resume(NodeId(a)),
            Self::Cut(a, b) => Action::Cut(NodeId(a), NodeId(b)),
            Self::Heal(a, b) => Action::Heal(NodeId(a), NodeId(b)),
            Self::Slow(a, b, factor) => Action::Slow(NodeId(a), NodeId(b), factor),
            Self::Deliver(a, b, kind) => Action::Deliver(NodeId(a), NodeId(b), kind),
            Self::Command(a, verb, value) => Action::Command(NodeId(a), verb, value),
        }
    }
}

impl Warning {
    /// The sentence.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let counted = |key, n: u32| say(lang, key, &[("n", &number(lang, n.into()))]);
        match *self {
            Self::ScenarioChanged => t(lang, "warning.link.scenario-changed").to_owned(),
            Self::EntriesDropped(n) => counted("warning.link.entries-dropped", n),
            Self::ParamsDropped(n) => counted("warning.link.params-dropped", n),
        }
    }
}

impl LinkError {
    /// The sentence.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let quoted = |what: &str| format!("“{what}”");
        match self {
            Self::TooLong => t(lang, "error.link.too-long").to_owned(),
            Self::Empty => t(lang, "error.link.empty").to_owned(),
            Self::UnknownPattern(found, near) => {
                let what = Problem::Unknown(Thing::Pattern, near.clone()).text(lang, found);
                say(lang, "error.link.unknown-pattern", &[("what", &what)])
            }
            Self::UnknownScenario(found, near) => {
                let what = Problem::Unknown(Thing::Scenario, near.clone()).text(lang, found);
                say(lang, "error.link.unknown-scenario", &[("what", &what)])
            }
            Self::Unexpected(part) => say(lang, "error.link.unexpected", &[("seen", &quoted(part))]),
            Self::NewerFormat(version) => say(lang, "error.link.newer-format", &[("seen", version)]),
            Self::NotBase64(letter, place) => {
                let place = number(lang, (*place).into());
                say(lang, "error.link.not-base64", &[("seen", &quoted(letter)), ("column", &place)])
            }
            Self::Damaged => t(lang, "error.link.damaged").to_owned(),
            Self::TooManyEntries(most) => {
                say(lang, "error.link.entries", &[("most", &number(lang, *most as i64))])
            }
        }
    }
}
