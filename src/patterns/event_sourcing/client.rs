//! The client: asks for one thing after another, or for two at once, and asks again when no answer
//! comes. Owns the wish list, which is written on paper and survives a crash, and what it was told.

use super::message::{Msg, QUESTIONS, Task, fact, timer, verb};
use crate::kernel::{Ctx, Event, Mood, NodeId, Span, Timer};
use crate::parts::event_store::Stream;
use crate::parts::retry::RetryPolicy;

/// How a client is set up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Instances of the service; requests go to one after the other.
    pub services: Vec<NodeId>,
    /// The read model, if there is one.
    pub view: Option<NodeId>,
    /// What each order asks for.
    pub task: Task,
    /// How many orders.
    pub orders: i32,
    /// Customers who order, by turns.
    pub customers: i32,
    /// The pause between two orders.
    pub gap: Span,
    /// All orders at once.
    pub together: bool,
    /// Whether it asks for the state when all orders are answered.
    pub query: bool,
    /// Whether it looks at the read model after each answer.
    pub look: bool,
    /// When it asks again.
    pub patience: RetryPolicy,
}

/// Something that it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Wish {
    /// The request.
    pub number: i32,
    /// What for; `None`: a look at the read model.
    pub task: Option<Task>,
    /// Whose account.
    pub customer: Stream,
    /// How often it was asked for.
    pub tries: u8,
}

/// How a wish ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// Done; the version since.
    Done(Task, i32),
    /// Refused.
    Refused(Task),
    /// The service cannot read the history.
    Unreadable(i32),
    /// The state: version, balance.
    State(i32, i32),
    /// The read model: position, purchases.
    View(i32, i32),
}

/// Ends that are shown.
const SHOWN: usize = 5;
/// Attempts are counted up to here, and then to and fro, as instances are asked by turns: a state
/// space that counts for ever has no end.
const COUNTED: u8 = 9;

/// A client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    settings: Settings,
    /// Orders and questions asked so far, by any way.
    numbers: (i32, i32),
    ordered: i32,
    queried: bool,
    pub(super) waiting: Vec<Wish>,
    pub(super) ends: Vec<(i32, End)>,
}

impl Client {
    /// A client that has not asked for anything.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            numbers: (0, 0),
            ordered: 0,
            queried: false,
            waiting: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match event {
            Event::Start => self.go_on(ctx),
            Event::Recovered => {
                for at in 0..self.waiting.len() {
                    self.ask(ctx, at);
                }
                if self.waiting.is_empty() {
                    self.go_on(ctx);
                }
            }
            Event::Timer(Timer { kind: timer::NEXT_ORDER, .. }) => self.go_on(ctx),
            Event::Timer(Timer { arg, .. }) => {
                if let Some(at) = self.waiting.iter().position(|w| w.number == arg) {
                    self.ask(ctx, at);
                }
            }
            Event::Command(verb, value) => {
                let customer = value.clamp(1, 9);
                match verb {
                    verb::BUY => self.wish(ctx, Some(Task::Buy), customer),
                    verb::REGISTER => self.wish(ctx, Some(Task::Register), value.clamp(2, 9)),
                    verb::QUERY => self.wish(ctx, Some(Task::Query), customer),
                    verb::LOOK if self.settings.view.is_some() => self.wish(ctx, None, customer),
                    _ => {}
                }
            }
            Event::Message { msg, .. } => self.hear(ctx, msg),
            _ => {}
        }
    }

    /// The next order, or the question after the last.
    fn go_on(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Settings { orders, customers, task, together, .. } = self.settings;
        while self.ordered < orders {
            self.ordered += 1;
            let customer = 1 + (self.ordered - 1) % customers;
            self.wish(ctx, Some(task), customer);
            if !together {
                return;
            }
        }
        if self.settings.query && !self.queried && self.waiting.is_empty() && orders > 0 {
            self.queried = true;
            self.wish(ctx, Some(Task::Query), 1);
        }
    }

    fn wish(&mut self, ctx: &mut Ctx<'_, Msg>, task: Option<Task>, customer: Stream) {
        let number = if matches!(task, None | Some(Task::Query)) {
            self.numbers.1 += 1;
            QUESTIONS + self.numbers.1
        } else {
            self.numbers.0 += 1;
            self.numbers.0
        };
        self.waiting.push(Wish { number, task, customer, tries: 0 });
        self.ask(ctx, self.waiting.len() - 1);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Msg>, at: usize) {
        let wish = &mut self.waiting[at];
        let services = &self.settings.services;
        // A request that got no answer goes to the next instance.
        let place =
            (wish.number.wrapping_rem(QUESTIONS) as usize - 1 + usize::from(wish.tries)) % services.len();
        wish.tries = if wish.tries < COUNTED { wish.tries + 1 } else { COUNTED - 1 };
        match (wish.task, self.settings.view) {
            (Some(task), _) => ctx.send(services[place], Msg::Ask(wish.number, task, wish.customer)),
            (None, Some(view)) => ctx.send(view, Msg::Look(wish.number)),
            (None, None) => {}
        }
        let wait = self.settings.patience.full(u32::from(wish.tries));
        ctx.set_timer(Timer { kind: timer::ASK_AGAIN, arg: wish.number }, wait);
    }

    fn hear(&mut self, ctx: &mut Ctx<'_, Msg>, msg: &Msg) {
        let (number, end) = match *msg {
            Msg::Done(number, task, version) => (number, End::Done(task, version)),
            Msg::Refused(number, task) => (number, End::Refused(task)),
            Msg::Unreadable(number, version) => (number, End::Unreadable(version)),
            Msg::State(number, _, version, balance) => (number, End::State(version, balance)),
            Msg::View(number, position, purchases, _) => (number, End::View(position, purchases)),
            _ => return,
        };
        let Some(at) = self.waiting.iter().position(|w| w.number == number) else { return };
        self.waiting.remove(at);
        ctx.cancel_timer(Timer { kind: timer::ASK_AGAIN, arg: number });
        if self.ends.len() == SHOWN {
            self.ends.remove(0);
        }
        self.ends.push((number, end));
        match *msg {
            Msg::State(_, customer, version, balance) => {
                ctx.observe(fact::READ, [customer, version, balance]);
            }
            Msg::View(_, position, purchases, revenue) => {
                ctx.observe(fact::SEEN, [position, purchases, revenue]);
            }
            Msg::Done(_, Task::Buy, _) if self.settings.look => self.wish(ctx, None, 1),
            _ => {}
        }
        if !self.waiting.is_empty() {
            return;
        }
        if self.ordered < self.settings.orders && self.settings.gap > Span::ZERO {
            ctx.set_timer(Timer { kind: timer::NEXT_ORDER, arg: 0 }, self.settings.gap);
        } else {
            self.go_on(ctx);
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match self.ends.last() {
            _ if !self.waiting.is_empty() => Mood::Waiting,
            None => Mood::Idle,
            Some((_, End::Refused(_) | End::Unreadable(_))) => Mood::Aborted,
            Some(_) => Mood::Committed,
        }
    }
}
