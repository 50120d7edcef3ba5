//! What a whole run looks like: flights of messages, spans of moods, single events. Everything that
//! the sequence and the stage draw over time is derived here from the trace, and from nothing else.

use crate::kernel::{Args, Lost, MsgId, NodeId, What};

use super::run::Run;

/// A message from its sending to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flight {
    /// Its number.
    pub msg: MsgId,
    /// Its sender.
    pub from: NodeId,
    /// Its receiver.
    pub to: NodeId,
    /// Its kind.
    pub kind: u8,
    /// What it carries for a reader.
    pub args: Args,
    /// The state its sending led to.
    pub sent: u32,
    /// The place of its sending in the trace.
    pub event: u32,
    /// How it ended.
    pub end: FlightEnd,
    /// Whether it is a second copy.
    pub copy: bool,
    /// The state at which the fault script held it back on its link, if it did.
    pub held: Option<u32>,
}

/// How a flight ends: with the state that its end led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlightEnd {
    /// Delivered.
    Delivered(u32),
    /// Lost, and why.
    Lost(u32, Lost),
    /// Still under way when the run ended.
    Open,
}

impl FlightEnd {
    /// The state of the end; `len` for an open one.
    #[must_use]
    pub const fn state(self, len: u32) -> u32 {
        match self {
            Self::Delivered(state) | Self::Lost(state, _) => state,
            Self::Open => len,
        }
    }
}

/// A single event at one node that a drawing marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The node.
    pub node: NodeId,
    /// The state its step led to.
    pub state: u32,
    /// Its place in the trace.
    pub event: u32,
    /// What happened.
    pub what: What,
}

/// A run as a drawing.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// Messages, in the order of sending.
    pub flights: Vec<Flight>,
    /// Crashes, restarts, writes, local steps, interferences, facts: in order.
    pub spots: Vec<Spot>,
    /// States whose step was a fault or a client action: marks on the time line.
    pub marks: Vec<(u32, Marked)>,
}

/// What a mark on the time line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marked {
    /// A fault happened.
    Fault,
    /// A person did something of the domain.
    Command,
    /// Something was repaired (restart, heal, resume).
    Repair,
}

impl Chart {
    /// The drawing of a run, as far as it is recorded.
    #[must_use]
    pub fn new(run: &Run) -> Self {
        let mut chart = Self::default();
        let mut place_of: Vec<Option<usize>> = Vec::new();
        for state in 1..=run.len() {
            let (first, events) = run.step_events(state);
            for (i, event) in events.iter().enumerate() {
                chart.note(state, first + i as u32, &event.what, &mut place_of);
            }
        }
        chart
    }

    fn note(&mut self, state: u32, event: u32, what: &What, place_of: &mut Vec<Option<usize>>) {
        let mut launch = |flights: &mut Vec<Flight>, flight: Flight| {
            let n = flight.msg.0 as usize;
            place_of.resize(place_of.len().max(n + 1), None);
            place_of[n] = Some(flights.len());
            flights.push(flight);
        };
        let flight = |msg, from, to, kind, args, copy| {
            let end = FlightEnd::Open;
            Flight { msg, from, to, kind, args, sent: state, event, end, copy, held: None }
        };
        match *what {
            What::Sent { msg, from, to, kind, args } => {
                launch(&mut self.flights, flight(msg, from, to, kind, args, false));
            }
            What::Duplicated { copy, from, to, kind, args, .. } => {
                launch(&mut self.flights, flight(copy, from, to, kind, args, true));
                self.marks.push((state, Marked::Fault));
            }
            What::Delivered { msg, .. } => {
                if let Some(Some(i)) = place_of.get(msg.0 as usize) {
                    self.flights[*i].end = FlightEnd::Delivered(state);
                }
            }
            What::Lost { msg, why, .. } => {
                if let Some(Some(i)) = place_of.get(msg.0 as usize) {
                    self.flights[*i].end = FlightEnd::Lost(state, why);
                }
                if matches!(why, Lost::Dropped | Lost::Network) {
                    self.marks.push((state, Marked::Fault));
                }
            }
            What::Delayed { msg, .. } => {
                if let Some(Some(i)) = place_of.get(msg.0 as usize) {
                    self.flights[*i].held = Some(state);
                }
                self.marks.push((state, Marked::Fault));
            }
            What::Crashed { .. }
            | What::Paused { .. }
            | What::Cut { .. }
            | What::Slowed { .. }
            | What::Refused { .. }
            | What::Interfered { .. } => self.marks.push((state, Marked::Fault)),
            What::Restarted { .. } | What::Resumed { .. } | What::Healed { .. } => {
                self.marks.push((state, Marked::Repair));
            }
            What::Commanded { .. } => self.marks.push((state, Marked::Command)),
            What::Started { .. }
            | What::Local { .. }
            | What::Writing { .. }
            | What::Written { .. }
            | What::Fired { .. }
            | What::Observed { .. }
            | What::Limited { .. } => {}
        }
        let spot = matches!(
            what,
            What::Local { .. }
                | What::Written { .. }
                | What::Refused { .. }
                | What::Observed { .. }
                | What::Interfered { .. }
                | What::Commanded { .. }
                | What::Crashed { .. }
                | What::Restarted { .. }
                | What::Paused { .. }
                | What::Resumed { .. }
                | What::Cut { .. }
                | What::Healed { .. }
                | What::Slowed { .. }
        );
        if let (true, Some(node)) = (spot, what.node()) {
            self.spots.push(Spot { node, state, event, what: *what });
        }
    }

    /// Messages under way at a state.
    pub fn in_flight(&self, state: u32) -> impl Iterator<Item = &Flight> {
        self.flights.iter().filter(move |f| f.sent <= state && f.end.state(u32::MAX) > state)
    }
}
