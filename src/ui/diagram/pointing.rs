//! Pointing at things: hovering selects for as long as it lasts, choosing selects to stay; and what
//! a selection lights up in the pictures.

use leptos::ev::PointerEvent;
use leptos::prelude::*;

use crate::kernel::{MsgId, NodeId, What};
use crate::trace::Story;
use crate::ui::reactive::Memo;
use crate::ui::{Command, Lab, Selection};

/// Carries a view's pointing to the lab's selection.
#[derive(Clone, Copy)]
pub struct Pointing {
    lab: Lab,
    /// What was selected before the pointer came.
    before: StoredValue<Option<Selection>>,
    /// What the selection lights up.
    pub lit: Memo<Lit>,
}

/// What is lit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lit {
    /// A node itself.
    pub node: Option<NodeId>,
    /// A message itself.
    pub msg: Option<MsgId>,
    /// A link, either way.
    pub link: Option<(NodeId, NodeId)>,
    /// An event of the trace.
    pub event: Option<u32>,
}

impl Lit {
    /// What a selection lights.
    #[must_use]
    pub fn of(story: &Story, selection: Option<Selection>) -> Self {
        let mut lit = Self::default();
        match selection {
            Some(Selection::Node(node)) => lit.node = Some(node),
            Some(Selection::Flight(msg)) => lit.msg = Some(msg),
            Some(Selection::Link(a, b)) => lit.link = Some((a, b)),
            Some(Selection::Event(e)) => {
                lit.event = Some(e);
                if let Some(event) = story.run.events().get(e as usize) {
                    match event.what {
                        What::Sent { msg, .. }
                        | What::Delivered { msg, .. }
                        | What::Lost { msg, .. }
                        | What::Duplicated { msg, .. }
                        | What::Delayed { msg, .. } => lit.msg = Some(msg),
                        What::Cut { from, to }
                        | What::Healed { from, to }
                        | What::Slowed { from, to, .. } => {
                            lit.link = Some((from, to));
                        }
                        what => lit.node = what.node(),
                    }
                }
            }
            Some(Selection::Promise(_)) | None => {}
        }
        lit
    }

    /// Whether a link is lit, either way.
    #[must_use]
    pub fn has_link(&self, a: NodeId, b: NodeId) -> bool {
        self.link == Some((a, b)) || self.link == Some((b, a))
    }
}

impl Pointing {
    /// Pointing in a view of this lab.
    #[must_use]
    pub fn new(lab: Lab) -> Self {
        let lit = Memo::new(move |_| lab.story.with(|story| Lit::of(story, lab.selection.get())));
        Self { lab, before: StoredValue::new(None), lit }
    }

    /// The pointer came over a thing. A finger does not hover.
    pub fn enter(self, event: &PointerEvent, thing: Selection) {
        if event.pointer_type() != "touch" {
            self.before.set_value(self.lab.selection.get_untracked());
            self.lab.send(Command::Select(Some(thing)));
        }
    }

    /// The pointer left it.
    pub fn leave(self, thing: Selection) {
        if self.lab.selection.get_untracked() == Some(thing) {
            self.lab.send(Command::Select(self.before.get_value()));
        }
    }

    /// The thing was chosen.
    pub fn choose(self, thing: Selection) {
        self.before.set_value(Some(thing));
        if self.lab.selection.get_untracked() != Some(thing) {
            self.lab.send(Command::Select(Some(thing)));
        }
    }
}
