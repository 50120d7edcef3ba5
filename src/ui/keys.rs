//! Keys of the lab: one list, from which the listener and the help are made.

use super::command::{Command, USUAL_SPEED};
use super::lab::View;

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyAction {
    /// Play or pause.
    Toggle,
    /// One state on.
    StepOn,
    /// One state back.
    StepBack,
    /// To the next mark.
    NextMark,
    /// To the mark before.
    PreviousMark,
    /// Slower.
    Slower,
    /// Faster.
    Faster,
    /// Usual speed.
    Usual,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// Again, same seed.
    Again,
    /// Again, new seed.
    NewSeed,
    /// Take back.
    Undo,
    /// Do again.
    Redo,
    /// A branch from here.
    Branch,
    /// Next view.
    NextView,
    /// The journal.
    Journal,
    /// The command palette.
    Palette,
    /// All keys.
    Help,
    /// An offered fault.
    Offer,
}

/// One line of the help: the keys as written on them, and what they do (text `key.<id>`).
pub struct Key {
    /// Its text's name.
    pub id: &'static str,
    /// As shown.
    pub shown: &'static str,
    /// What it does.
    pub action: KeyAction,
}

/// Every key, in the order of the help.
pub static KEYS: &[Key] = &[
    Key { id: "key.toggle", shown: "Space K", action: KeyAction::Toggle },
    Key { id: "key.step", shown: "→", action: KeyAction::StepOn },
    Key { id: "key.back", shown: "←", action: KeyAction::StepBack },
    Key { id: "key.next-mark", shown: "Shift+→", action: KeyAction::NextMark },
    Key { id: "key.previous-mark", shown: "Shift+←", action: KeyAction::PreviousMark },
    Key { id: "key.home", shown: "Home", action: KeyAction::Home },
    Key { id: "key.end", shown: "End", action: KeyAction::End },
    Key { id: "key.slower", shown: "[", action: KeyAction::Slower },
    Key { id: "key.faster", shown: "]", action: KeyAction::Faster },
    Key { id: "key.usual", shown: "\\", action: KeyAction::Usual },
    Key { id: "key.again", shown: "R", action: KeyAction::Again },
    Key { id: "key.new-seed", shown: "Shift+R", action: KeyAction::NewSeed },
    Key { id: "key.offer", shown: "1–9", action: KeyAction::Offer },
    Key { id: "key.undo", shown: "Ctrl+Z", action: KeyAction::Undo },
    Key { id: "key.redo", shown: "Ctrl+Shift+Z", action: KeyAction::Redo },
    Key { id: "key.branch", shown: "B", action: KeyAction::Branch },
    Key { id: "key.view", shown: "V", action: KeyAction::NextView },
    Key { id: "key.journal", shown: "L", action: KeyAction::Journal },
    Key { id: "key.palette", shown: "/ Ctrl+K", action: KeyAction::Palette },
    Key { id: "key.help", shown: "?", action: KeyAction::Help },
];

/// What a pressed key means: its name as the browser gives it, and what was held.
#[must_use]
pub fn meaning(key: &str, shift: bool, command: bool) -> Option<(KeyAction, usize)> {
    let action = match (key, shift, command) {
        ("k" | "K", _, true) => KeyAction::Palette,
        ("z" | "Z", false, true) => KeyAction::Undo,
        ("z" | "Z", true, true) | ("y" | "Y", _, true) => KeyAction::Redo,
        (_, _, true) => return None,
        (" " | "k" | "K", ..) => KeyAction::Toggle,
        ("ArrowRight", true, _) => KeyAction::NextMark,
        ("ArrowLeft", true, _) => KeyAction::PreviousMark,
        ("ArrowRight" | "PageDown", ..) => KeyAction::StepOn,
        ("ArrowLeft" | "PageUp", ..) => KeyAction::StepBack,
        ("[", ..) => KeyAction::Slower,
        ("]", ..) => KeyAction::Faster,
        ("\\", ..) => KeyAction::Usual,
        ("Home", ..) => KeyAction::Home,
        ("End", ..) => KeyAction::End,
        ("r", false, _) => KeyAction::Again,
        ("R", ..) | ("r", true, _) => KeyAction::NewSeed,
        ("b" | "B", ..) => KeyAction::Branch,
        ("v" | "V", ..) => KeyAction::NextView,
        ("l" | "L", ..) => KeyAction::Journal,
        ("/", ..) => KeyAction::Palette,
        ("?", ..) => KeyAction::Help,
        _ => {
            let digit = key.parse::<usize>().ok().filter(|n| (1..=9).contains(n) && key.len() == 1)?;
            return Some((KeyAction::Offer, digit - 1));
        }
    };
    Some((action, 0))
}

/// The command of an action; `None` for those that open something.
#[must_use]
pub fn command(action: KeyAction, number: usize) -> Option<Command> {
    Some(match action {
        KeyAction::Toggle => Command::Toggle,
        KeyAction::StepOn => Command::StepOn,
        KeyAction::StepBack => Command::StepBack,
        KeyAction::NextMark => Command::NextMark,
        KeyAction::PreviousMark => Command::PreviousMark,
        KeyAction::Slower => Command::Slower,
        KeyAction::Faster => Command::Faster,
        KeyAction::Usual => Command::Speed(USUAL_SPEED),
        KeyAction::Home => Command::Home,
        KeyAction::End => Command::End,
        KeyAction::Again => Command::Again,
        KeyAction::NewSeed => Command::NewSeed,
        KeyAction::Undo => Command::Undo,
        KeyAction::Redo => Command::Redo,
        KeyAction::Branch => Command::Branch,
        KeyAction::NextView => Command::NextView,
        KeyAction::Journal => Command::View(View::Journal),
        KeyAction::Offer => Command::Offer(number),
        KeyAction::Palette | KeyAction::Help => return None,
    })
}
