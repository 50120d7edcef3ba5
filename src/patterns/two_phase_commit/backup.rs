//! The careless standby of failure mode 2PC-10: when the coordinator stays silent it decides
//! "somebody failed, so abort", though somebody may have committed already. It breaks agreement;
//! that is what it is for.

use crate::sorted::Map;

use super::message::{Msg, timer};
use crate::kernel::{Cell, Ctx, Description, Event, Label, Mark, Mood, NodeId, Shape, Span, Timer};
use crate::parts::database::Tx;

/// A standby that asks the coordinator once, and then decides by itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Backup {
    coordinator: NodeId,
    patience: Span,
    /// Who asked about what, until it is answered.
    asked: Map<Tx, Vec<NodeId>>,
    aborted: Option<Tx>,
}

impl Backup {
    /// A standby of this coordinator that believes it dead after `patience`.
    #[must_use]
    pub const fn new(coordinator: NodeId, patience: Span) -> Self {
        Self { coordinator, patience, asked: Map::new(), aborted: None }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Message { from, msg: Msg::Inquiry(tx) } => {
                let who = self.asked.or_default(*tx);
                if who.is_empty() {
                    ctx.send(self.coordinator, Msg::Inquiry(*tx));
                    ctx.set_timer(Timer { kind: timer::TAKEOVER, arg: *tx }, self.patience);
                }
                if !who.contains(&from) {
                    who.push(from);
                }
            }
            Event::Message { msg: msg @ (Msg::Commit(tx) | Msg::Abort(tx)), .. } => {
                ctx.cancel_timer(Timer { kind: timer::TAKEOVER, arg: *tx });
                self.tell(ctx, *msg);
            }
            Event::Timer(Timer { kind: timer::TAKEOVER, arg: tx }) => {
                self.aborted = Some(tx);
                self.tell(ctx, Msg::Abort(tx));
            }
            _ => {}
        }
    }

    fn tell(&mut self, ctx: &mut Ctx<'_, Msg>, decision: Msg) {
        for node in self.asked.remove(&decision.tx()).unwrap_or_default() {
            ctx.send(node, decision);
        }
    }

    pub(super) fn on_crash(&mut self) {
        self.asked.clear();
        self.aborted = None;
    }

    pub(super) fn mood(&self) -> Mood {
        match (self.asked.is_empty(), self.aborted) {
            (false, _) => Mood::Waiting,
            (true, Some(_)) => Mood::Aborted,
            (true, None) => Mood::Idle,
        }
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.status = match (self.asked.keys().next(), self.aborted) {
            (Some(tx), _) => Some(Label::with("status.takeover", [*tx, 0, 0])),
            (None, Some(tx)) => Some(Label::with("status.took-over", [tx, 0, 0])),
            (None, None) => Some(Label::new("status.standby")),
        };
        out.section(Label::new("section.asked"), Shape::Queue, false);
        for (tx, who) in self.asked.iter() {
            for node in who {
                let cells = [
                    Cell::Text(Label::with("row.tx", [*tx, 0, 0])),
                    Cell::Text(Label::with("row.node", [i32::from(node.0), 0, 0])),
                ];
                out.row((*tx as u64) << 8 | u64::from(node.0), Mark::Plain, &cells);
            }
        }
    }
}
