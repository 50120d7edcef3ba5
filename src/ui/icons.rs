//! Our own signs: icons of actions, glyphs of moods, and the mark. Drawn on a grid of 16 units,
//! in the colour of the text around them; every one is silent, as the words beside it speak.

use converge_view::view;
use leptos::prelude::*;

use super::lab::Lab;
use crate::kernel::Mood;
use crate::texts::{Lang, t};
use crate::ui::reactive::Signal;

/// A sign: what is stroked and what is filled.
struct Sign {
    name: &'static str,
    line: &'static str,
    solid: &'static str,
}

const fn line(name: &'static str, line: &'static str) -> Sign {
    Sign { name, line, solid: "" }
}

const fn both(name: &'static str, line: &'static str, solid: &'static str) -> Sign {
    Sign { name, line, solid }
}

const RING: &str = "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z";

/// Every icon, by name.
static SIGNS: &[Sign] = &[
    // Time.
    both(
        "play",
        "",
        "M4.6 2.6v10.8a.7.7 0 0 0 1.08.59l8.3-5.4a.7.7 0 0 0 0-1.18l-8.3-5.4a.7.7 0 0 0-1.08.59z",
    ),
    both(
        "pause",
        "",
        "M4.3 2.6h1.9a.6.6 0 0 1 .6.6v9.6a.6.6 0 0 1-.6.6H4.3a.6.6 0 0 1-.6-.6V3.2a.6.6 0 0 1 .6-.6zm5.5 0h1.9a.6.6 0 0 1 .6.6v9.6a.6.6 0 0 1-.6.6H9.8a.6.6 0 0 1-.6-.6V3.2a.6.6 0 0 1 .6-.6z",
    ),
    both(
        "step",
        "M12.25 3.5v9",
        "M3.5 3.6v8.8a.6.6 0 0 0 .94.5l6-4.4a.6.6 0 0 0 0-1l-6-4.4a.6.6 0 0 0-.94.5z",
    ),
    both(
        "back",
        "M3.75 3.5v9",
        "M12.5 3.6v8.8a.6.6 0 0 1-.94.5l-6-4.4a.6.6 0 0 1 0-1l6-4.4a.6.6 0 0 1 .94.5z",
    ),
    both(
        "last",
        "M14 3.5v9",
        "M2 4v8a.5.5 0 0 0 .8.4L7 9.1V12a.5.5 0 0 0 .8.4l4.7-4a.5.5 0 0 0 0-.8l-4.7-4A.5.5 0 0 0 7 4v2.9L2.8 3.6A.5.5 0 0 0 2 4z",
    ),
    both(
        "first",
        "M2 3.5v9",
        "M14 4v8a.5.5 0 0 1-.8.4L9 9.1V12a.5.5 0 0 1-.8.4l-4.7-4a.5.5 0 0 1 0-.8l4.7-4A.5.5 0 0 1 9 4v2.9l4.2-3.3a.5.5 0 0 1 .8.4z",
    ),
    line("speed", "M2.7 12a6.25 6.25 0 1 1 10.6 0M8 9l3-3.5"),
    line("undo", "M5.5 3 2.5 6l3 3M2.5 6H9a4 4 0 0 1 0 8H6"),
    line("redo", "M10.5 3l3 3-3 3M13.5 6H7a4 4 0 0 0 0 8h3"),
    line("restart", "M13.2 8.4a5.25 5.25 0 1 1-1.5-4.1l1.5 1.5M13.25 2.5v3.3h-3.3"),
    both(
        "branch",
        "M4.5 5.5v5M4.5 10c0-2.5 7-1.5 7-4.5",
        "M6.25 3.75a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0zM6.25 12.25a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0zM13.25 3.75a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0z",
    ),
    both(
        "seed",
        "M4.75 2.5h6.5a2.25 2.25 0 0 1 2.25 2.25v6.5a2.25 2.25 0 0 1-2.25 2.25h-6.5a2.25 2.25 0 0 1-2.25-2.25v-6.5A2.25 2.25 0 0 1 4.75 2.5z",
        "M6.5 5.5a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM9 8a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM11.5 10.5a1 1 0 1 1-2 0 1 1 0 0 1 2 0z",
    ),
    // What is done to things.
    line("crash", "M9.25 1.75 3.5 9.1h4.2l-1 5.15L12.5 6.9H8.3z"),
    line("drop", "M1.75 8h6.5M10 5.4l4.2 5.2M14.2 5.4 10 10.6"),
    line(
        "duplicate",
        "M1.5 8h3.2c2.6 0 2.1-4 4.8-4h4.2M4.7 8c2.6 0 2.1 4 4.8 4h4.2M11.7 2l2.2 2-2.2 2M11.7 10l2.2 2-2.2 2",
    ),
    line("delay", "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.6V8l2.4 1.6"),
    line("cut", "M1.5 8h4M10.5 8h4M9.4 4.2 6.6 11.8"),
    line(
        "heal",
        "M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3A2.6 2.6 0 0 0 9 3.3l-.9.9M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9A2.6 2.6 0 0 0 7 12.7l.9-.9",
    ),
    line("slow", "M1.5 8h1.2M13.3 8h1.2M4.6 8.2c.6-3 1.7-3 2.3 0s1.7 3 2.3 0 1.7-3 2.3 0"),
    line("pause-node", "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM6.5 5.75v4.5M9.5 5.75v4.5"),
    line("deliver", "M1.75 8h8.5M7 4.5 10.5 8 7 11.5M13.75 3.25v9.5"),
    line("refuse", "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM3.8 3.8l8.4 8.4"),
    line("fail", "M8 2.25 14.25 13.5H1.75zM8 6.5v3M8 11.5v.01"),
    both(
        "lock",
        "M5.25 7V5a2.75 2.75 0 0 1 5.5 0v2",
        "M4.5 7h7A1.25 1.25 0 0 1 12.75 8.25v4A1.25 1.25 0 0 1 11.5 13.5h-7a1.25 1.25 0 0 1-1.25-1.25v-4A1.25 1.25 0 0 1 4.5 7z",
    ),
    both(
        "unlock",
        "M5.25 7V4.6a2.75 2.75 0 0 1 5.4-.75",
        "M4.5 7h7A1.25 1.25 0 0 1 12.75 8.25v4A1.25 1.25 0 0 1 11.5 13.5h-7a1.25 1.25 0 0 1-1.25-1.25v-4A1.25 1.25 0 0 1 4.5 7z",
    ),
    line(
        "wrench",
        "M13.6 4.2a3.4 3.4 0 0 1-4.5 4.4l-4.6 4.6a1.25 1.25 0 0 1-1.75-1.75l4.6-4.6a3.4 3.4 0 0 1 4.4-4.5L9.6 4.5l.4 1.6 1.6.4z",
    ),
    both("diamond", "", "M8 1.9 14.1 8 8 14.1 1.9 8z"),
    both("flag", "M3.5 14.25V2", "M3.5 2.25h8.6a.5.5 0 0 1 .4.8L10.6 5.6l1.9 2.55a.5.5 0 0 1-.4.8H3.5z"),
    // Verdicts.
    line("check", "M3 8.6 6.4 12 13 4.4"),
    line("cross", "M4 4l8 8M12 4l-8 8"),
    line(
        "hourglass",
        "M4 2h8M4 14h8M5 2v2.2C5 6 8 6.8 8 8s-3 2-3 3.8V14M11 2v2.2C11 6 8 6.8 8 8s3 2 3 3.8V14",
    ),
    both("not-yet", RING, "M8 8V4.25A3.75 3.75 0 0 1 11.75 8z"),
    line("warning", "M8 2.25 14.25 13.5H1.75zM8 6.5v3M8 11.5v.01"),
    line("info", "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 7.5v3.25M8 5.1v.01"),
    line("about", "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 7.5v3.25M8 5.1v.01"),
    line(
        "question",
        "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM6.2 6.4a1.85 1.85 0 1 1 2.7 1.7c-.6.3-.9.6-.9 1.2M8 11.3v.01",
    ),
    // Views.
    both(
        "stage",
        "M8 5.5v3M8 8.5 4 10.7M8 8.5l4 2.2",
        "M5.9 2h4.2a.7.7 0 0 1 .7.7v2.6a.7.7 0 0 1-.7.7H5.9a.7.7 0 0 1-.7-.7V2.7a.7.7 0 0 1 .7-.7zM2.2 10.2h3.6a.7.7 0 0 1 .7.7v2.4a.7.7 0 0 1-.7.7H2.2a.7.7 0 0 1-.7-.7v-2.4a.7.7 0 0 1 .7-.7zM10.2 10.2h3.6a.7.7 0 0 1 .7.7v2.4a.7.7 0 0 1-.7.7h-3.6a.7.7 0 0 1-.7-.7v-2.4a.7.7 0 0 1 .7-.7z",
    ),
    line(
        "sequence",
        "M3 2v12M13 2v12M3 5l9.4 1.6M10.4 4.8l2.2 1.8-2.6 1M13 10.5l-9.4 1.6M5.6 10.3l-2.2 1.8 2.6 1",
    ),
    line(
        "state",
        "M3.5 2.75h9a1 1 0 0 1 1 1v8.5a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-8.5a1 1 0 0 1 1-1zM2.5 6.25h11M2.5 9.75h11M7 6.25v7",
    ),
    line("journal", "M6 4h8M6 8h8M6 12h5M2.5 4h.01M2.5 8h.01M2.5 12h.01"),
    both(
        "script",
        "M7.5 4H14M7.5 8H14M7.5 12H12",
        "M3.6 1.9 5.7 4 3.6 6.1 1.5 4zM3.6 9.9 5.7 12l-2.1 2.1L1.5 12z",
    ),
    line(
        "params",
        "M2 4.5h5.5M11.5 4.5H14M2 11.5h2.5M8.5 11.5H14M11.5 4.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM8.5 11.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
    ),
    line(
        "setup",
        "M2 4.5h5.5M11.5 4.5H14M2 11.5h2.5M8.5 11.5H14M11.5 4.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM8.5 11.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
    ),
    line("compare", "M8 2v12M5.5 4.5H2.25v7H5.5M10.5 4.5h3.25v7H10.5"),
    // The page.
    line(
        "share",
        "M8 10V2M5 4.6 8 1.75l3 2.85M4.75 7H3.5a.75.75 0 0 0-.75.75v5.5c0 .41.34.75.75.75h9c.41 0 .75-.34.75-.75v-5.5A.75.75 0 0 0 12.5 7h-1.25",
    ),
    line(
        "copy",
        "M6.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1zM10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2",
    ),
    line("close", "M4 4l8 8M12 4l-8 8"),
    line("menu", "M2.5 4.25h11M2.5 8h11M2.5 11.75h11"),
    both(
        "more",
        "",
        "M4.6 8a1.35 1.35 0 1 1-2.7 0 1.35 1.35 0 0 1 2.7 0zM9.35 8a1.35 1.35 0 1 1-2.7 0 1.35 1.35 0 0 1 2.7 0zM14.1 8a1.35 1.35 0 1 1-2.7 0 1.35 1.35 0 0 1 2.7 0z",
    ),
    line("search", "M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0zM10.3 10.3 14 14"),
    line("filter", "M2 4h12M4.5 8h7M6.75 12h2.5"),
    line(
        "keyboard",
        "M2.75 4h10.5c.7 0 1.25.56 1.25 1.25v5.5c0 .7-.56 1.25-1.25 1.25H2.75c-.7 0-1.25-.56-1.25-1.25v-5.5C1.5 4.56 2.06 4 2.75 4zM4.5 6.75h.01M6.85 6.75h.01M9.2 6.75h.01M11.55 6.75h.01M5 9.5h6",
    ),
    line(
        "globe",
        "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM2.2 8h11.6M8 2c3.6 3.4 3.6 8.6 0 12M8 2c-3.6 3.4-3.6 8.6 0 12",
    ),
    line(
        "sun",
        "M10.75 8a2.75 2.75 0 1 1-5.5 0 2.75 2.75 0 0 1 5.5 0zM8 1.25v1.5M8 13.25v1.5M1.25 8h1.5M13.25 8h1.5M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1",
    ),
    line("moon", "M13.4 9.6A5.75 5.75 0 0 1 6.4 2.6a5.75 5.75 0 1 0 7 7z"),
    both("auto", RING, "M8 2.5a5.5 5.5 0 0 1 0 11z"),
    line(
        "phone",
        "M5.25 1.75h5.5c.7 0 1.25.56 1.25 1.25v10c0 .7-.56 1.25-1.25 1.25h-5.5C4.56 14.25 4 13.7 4 13V3c0-.7.56-1.25 1.25-1.25zM7.25 12h1.5",
    ),
    line("plus", "M8 3v10M3 8h10"),
    line("minus", "M3 8h10"),
    line(
        "trash",
        "M2.5 4h11M6 4V2.5h4V4M4 4l.6 8.8c0 .4.4.7.8.7h5.2c.4 0 .8-.3.8-.7L12 4M6.75 6.75v4M9.25 6.75v4",
    ),
    line("edit", "M10.9 2.6l2.5 2.5-7.9 7.9-3.2.7.7-3.2zM9.3 4.2l2.5 2.5"),
    line("pin", "M5.5 2h5M6.2 2v4.2L4 9h8L9.8 6.2V2M8 9v5"),
    line(
        "disk",
        "M13.25 4c0 1.1-2.35 2-5.25 2s-5.25-.9-5.25-2S5.1 2 8 2s5.25.9 5.25 2zM2.75 4v8c0 1.1 2.35 2 5.25 2s5.25-.9 5.25-2V4M2.75 8c0 1.1 2.35 2 5.25 2s5.25-.9 5.25-2",
    ),
    line(
        "memory",
        "M4.5 4.5h7v7h-7zM6.25 2v2.5M9.75 2v2.5M6.25 11.5V14M9.75 11.5V14M2 6.25h2.5M2 9.75h2.5M11.5 6.25H14M11.5 9.75H14",
    ),
    line(
        "envelope",
        "M2.75 3.5h10.5c.4 0 .75.34.75.75v7.5c0 .4-.34.75-.75.75H2.75a.75.75 0 0 1-.75-.75v-7.5c0-.4.34-.75.75-.75zM2.3 4.3 8 8.75l5.7-4.45",
    ),
    line("arrow-right", "M2.5 8h11M9.5 4l4 4-4 4"),
    line("arrow-left", "M13.5 8h-11M6.5 4l-4 4 4 4"),
    line("chevron-down", "M4 6.25 8 10.25l4-4"),
    line("chevron-up", "M4 9.75 8 5.75l4 4"),
    line("chevron-right", "M6.25 4l4 4-4 4"),
    line(
        "external",
        "M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.75 9.5v3.25c0 .41-.34.75-.75.75H3.25a.75.75 0 0 1-.75-.75V5c0-.41.34-.75.75-.75H6.5",
    ),
    line("download", "M8 2v8M4.75 7 8 10.25 11.25 7M2.5 13.5h11"),
    line("embed", "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5M9 3 7 13"),
    line(
        "eye",
        "M1.5 8S4 3.75 8 3.75 14.5 8 14.5 8 12 12.25 8 12.25 1.5 8 1.5 8zM10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
    ),
    line("clock", "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.6V8l2.4 1.6"),
    line(
        "person",
        "M10.5 5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM3 13.75c.5-2.8 2.4-4.25 5-4.25s4.5 1.45 5 4.25",
    ),
    line(
        "book",
        "M8 4C6.6 2.9 4.7 2.6 2.25 2.75v9.5C4.7 12.1 6.6 12.4 8 13.5c1.4-1.1 3.3-1.4 5.75-1.25v-9.5C11.3 2.6 9.4 2.9 8 4zM8 4v9.5",
    ),
    // Moods: one shape each, told apart without colour and at 12 pixels.
    line("mood-idle", "M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0z"),
    both(
        "mood-working",
        "M8 2.5a5.5 5.5 0 1 1-5.2 3.7",
        "M10.6 8a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0z",
    ),
    both("mood-waiting", RING, "M8 8V3.75A4.25 4.25 0 0 1 12.25 8z"),
    both(
        "mood-locked",
        "M5.25 7V5a2.75 2.75 0 0 1 5.5 0v2",
        "M4.25 6.75h7.5c.7 0 1.25.56 1.25 1.25v4.75c0 .7-.56 1.25-1.25 1.25h-7.5C3.56 14 3 13.44 3 12.75V8c0-.7.56-1.25 1.25-1.25z",
    ),
    both("mood-in-doubt", "", "M8 1.4 14.6 8 8 14.6 1.4 8z"),
    line("mood-committed", "M2.75 8.6 6.4 12.25 13.25 4"),
    line("mood-aborted", "M3.75 3.75l8.5 8.5M12.25 3.75l-8.5 8.5"),
    line("mood-compensating", "M3.4 4.2A6 6 0 1 1 2 8M3 1.5v3h3"),
    both(
        "mood-compensated",
        "M3.4 4.2A6 6 0 1 1 2 8M3 1.5v3h3",
        "M10.2 8a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0z",
    ),
    line("mood-stuck", "M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4zM8 4.75v3.75M8 11.2v.01"),
    both(
        "mood-down",
        "",
        "M4.25 3h7.5c.7 0 1.25.56 1.25 1.25v7.5c0 .7-.56 1.25-1.25 1.25h-7.5C3.56 13 3 12.44 3 11.75v-7.5C3 3.56 3.56 3 4.25 3z",
    ),
    line("mood-stale", "M2 6.2c2-2.4 4-2.4 6 0s4 2.4 6 0M2 11c2-2.4 4-2.4 6 0s4 2.4 6 0"),
];

fn sign(name: &str) -> &'static Sign {
    // A wrong name shows a question; a test finds it.
    let find = |name: &str| SIGNS.iter().find(|sign| sign.name == name);
    find(name).or_else(|| find("question")).unwrap_or(&SIGNS[0])
}

/// The stroked and the filled path of an icon, for drawing it inside another picture.
#[must_use]
pub fn paths(name: &str) -> (&'static str, &'static str) {
    let sign = sign(name);
    (sign.line, sign.solid)
}

/// The stroked and the filled path of a mood's glyph.
#[must_use]
pub fn mood_paths(mood: Mood) -> (&'static str, &'static str) {
    paths(mood_sign(mood))
}

const fn mood_sign(mood: Mood) -> &'static str {
    match mood {
        Mood::Idle => "mood-idle",
        Mood::Working => "mood-working",
        Mood::Waiting => "mood-waiting",
        Mood::Locked => "mood-locked",
        Mood::InDoubt => "mood-in-doubt",
        Mood::Committed => "mood-committed",
        Mood::Aborted => "mood-aborted",
        Mood::Compensating => "mood-compensating",
        Mood::Compensated => "mood-compensated",
        Mood::Stuck => "mood-stuck",
        Mood::Down => "mood-down",
        Mood::Stale => "mood-stale",
    }
}

/// The word of a mood.
#[must_use]
pub fn mood_word(lang: Lang, mood: Mood) -> &'static str {
    t(
        lang,
        match mood {
            Mood::Idle => "mood.idle",
            Mood::Working => "mood.working",
            Mood::Waiting => "mood.waiting",
            Mood::Locked => "mood.locked",
            Mood::InDoubt => "mood.in-doubt",
            Mood::Committed => "mood.committed",
            Mood::Aborted => "mood.aborted",
            Mood::Compensating => "mood.compensating",
            Mood::Compensated => "mood.compensated",
            Mood::Stuck => "mood.stuck",
            Mood::Down => "mood.down",
            Mood::Stale => "mood.stale",
        },
    )
}

/// The class that gives a mood its colours (`--mood`, `--mood-f`): `mood-in-doubt`.
#[must_use]
pub const fn mood_class(mood: Mood) -> &'static str {
    mood_sign(mood)
}

/// The language around the calling component: the lab's, or the one that a page provides as
/// `Signal<Lang>`.
fn language() -> Signal<Lang> {
    use_context::<Lab>()
        .map(|lab| lab.lang)
        .or_else(use_context::<Signal<Lang>>)
        .unwrap_or_else(|| Signal::derive(Lang::default))
}

fn drawn(class: &'static str, name: &str) -> impl IntoView + use<> {
    let (line, solid) = paths(name);
    view! {
        <svg class=class viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            {(!solid.is_empty()).then(|| view! { <path class="solid" d=solid/> })}
            {(!line.is_empty()).then(|| view! { <path d=line/> })}
        </svg>
    }
}

/// An icon, as tall as the line of text it stands in.
#[component]
pub fn Icon(
    /// Its name in [`SIGNS`].
    name: &'static str,
) -> impl IntoView {
    drawn("icon", name)
}

/// The shape of a mood, in its colour where a `mood-…` class is around it.
#[component]
pub fn MoodGlyph(
    /// The mood.
    mood: Mood,
) -> impl IntoView {
    drawn("icon glyph", mood_sign(mood))
}

/// A mood as shape, word and colour.
#[component]
pub fn MoodPill(
    /// The mood.
    mood: Mood,
) -> impl IntoView {
    let lang = language();
    view! {
        <span class=format!("pill {}", mood_class(mood))>
            <MoodGlyph mood/>
            {move || mood_word(lang.get(), mood)}
        </span>
    }
}

/// The mark: three strands that converge.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 22 22" aria-hidden="true" focusable="false">
            <path d="M2 4c7.5 0 7.5 7 15 7M2 11h15M2 18c7.5 0 7.5-7 15-7"/>
            <circle class="dot" cx="18.6" cy="11" r="2.6"/>
        </svg>
    }
}

// In the browser, like all that is built with the feature `ui` (`scripts/test`).
#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn every_mood_has_a_shape_of_its_own() {
        let shapes: std::collections::BTreeSet<_> = Mood::ALL.iter().map(|&m| mood_paths(m)).collect();
        assert_eq!(shapes.len(), Mood::ALL.len());
    }

    #[wasm_bindgen_test]
    fn every_view_has_an_icon() {
        for view in crate::ui::View::ALL {
            assert!(SIGNS.iter().any(|s| s.name == view.id()), "there is no icon {}", view.id());
        }
    }

    #[wasm_bindgen_test]
    fn no_icon_is_drawn_twice_under_one_name() {
        let names: std::collections::BTreeSet<_> = SIGNS.iter().map(|s| s.name).collect();
        assert_eq!(names.len(), SIGNS.len());
    }
}
