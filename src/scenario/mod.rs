//! Recipes: the whole truth of a run as data, in a text form that a person writes and a link form
//! that a person sends. Owns the formats and their errors, and one entry of a script as a sentence.
//! Does not own what a run is ([`crate::trace`]), nor anything that is written about one
//! ([`crate::export`]).
//!
//! # The text form
//!
//! One thing a line; `#` begins a note that runs to the end of the line, blank lines are skipped,
//! spaces are free. Names are those of the pattern.
//!
//! ```text
//! converge 1                        # format version, first
//! pattern two-phase-commit
//! scenario coordinator-crash        # optional: the shipped scenario it started from
//! seed 4711
//! set participants = 3              # a count
//! set prepare = parallel            # a choice
//! set latency-max = 20 ms           # a time
//! set loss = 50 per mille
//! set client = yes                  # a switch
//! do place-order 1 at client 10 ms after start
//! fault crash coordinator after coordinator writes commit
//! fault restart coordinator 800 ms after coordinator crashes
//! off fault drop yes from inventory to coordinator #2
//! offer delay commit from coordinator to payment by 300 ms   # shipped scenarios: offered, keys 1–9
//! expect agreement holds            # shipped scenarios: at the end of the run; holds, not-yet or broken
//! ```
//!
//! What happens (`MSG` a kind of message, `REC` of record, `TIMER` of timer, `A`, `B` nodes; `#n` is
//! the nth occurrence, the first when left out):
//!
//! ```text
//! drop MSG from A to B [#n]             refuse MSG from A to B [#n]      crash A WHEN    cut A -> B WHEN
//! duplicate MSG from A to B [#n]        fail MSG from A to B [#n]        restart A WHEN  heal A -> B WHEN
//! delay MSG from A to B [#n] by TIME    refuse write REC at A [#n]       pause A WHEN    slow A -> B xN WHEN
//! deliver MSG from A to B WHEN          do VERB [VALUE] at A WHEN        resume A WHEN
//! ```
//!
//! and when: `[TIME] after start`, or `[TIME] after …` / `before …` one of
//!
//! ```text
//! before A sends MSG to B [#n]      before B handles MSG from A [#n]     before A writes REC [#n]
//! after A sends MSG to B [#n]       after B handles MSG from A [#n]      after A writes REC [#n]
//! after A times out TIMER [#n]      after A crashes [#n]                 after A has written REC [#n]
//! after A restarts [#n]
//! ```
//!
//! `before A writes` is after the disk was asked and before the record is on it; `after A writes` is
//! with the record on disk and before anything that follows from it; `after A has written` is after
//! what follows from it was done.
//!
//! Each step ends with a moment of its own, so that acting *now* can be said at any time:
//!
//! ```text
//! after A starts                          after B loses MSG from A [#n]     after A is cut to B [#n]
//! after A pauses [#n]                     after B awaits MSG from A [#n]    after A is healed to B [#n]
//! after A resumes [#n]                    after A fails to write REC [#n]   after A is slowed to B [#n]
//! after A does VERB [#n]
//! ```
//!
//! A message is *awaited* once the script holds it on its link; a disk *fails to write* when the
//! script makes it refuse.
//!
//! A moment that something is only about to happen at is over at once; a time after it is
//! `[TIME] after …` one of
//!
//! ```text
//! after A is about to send MSG to B [#n]        after B is about to handle MSG from A [#n]
//! after A is about to write REC [#n]
//! ```
//!
//! A time is `20 ms`, `1.5 s`, `4.211 ms` or `250 us`. What is left out: the seed is 1, a parameter
//! has its pattern's default, a verb's value is 0. A recipe is complete without the shipped scenario
//! that it names: changing that scenario changes no recipe that came from it.
//!
//! `#` with a digit after it, not at the beginning of a line, is an occurrence and no note.
//!
//! # The link form
//!
//! See [`link`].

pub mod error;
pub mod link;
pub mod recipe;
pub mod sentence;
pub mod text;

pub use error::{Error, Problem, Thing, Want};
pub use recipe::{Expected, Recipe, Shipped, find};
pub use sentence::{Names, sentence};
