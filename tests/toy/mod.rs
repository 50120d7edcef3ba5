//! A pattern for tests of formats: a client asks a coordinator, who asks some shops, who answer.
//! It has one of each thing that a recipe can name, and a promise that is easily broken.

#![allow(dead_code, reason = "each test uses what it needs")]

use converge::kernel::{
    Args, Ctx, Description, Event, Label, Machine, Message, Mood, NodeId, Span, Ticket, Timer,
};
use converge::patterns::pattern::{
    Expect, Kind, Node, Param, Params, Pattern, Probe, Promise, Range, Role, Scenario, System, Verdict,
    no_copies,
};

#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Msg {
    Order(i32),
    Ask(i32),
    Yes(i32),
    Done(i32),
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Order(_) => 0,
            Self::Ask(_) => 1,
            Self::Yes(_) => 2,
            Self::Done(_) => 3,
        }
    }
    fn args(&self) -> Args {
        match self {
            Self::Order(n) | Self::Ask(n) | Self::Yes(n) | Self::Done(n) => [*n, 0, 0],
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Client { coordinator: NodeId },
    Coordinator { client: NodeId, shops: u8, decided: Vec<i32>, staged: Vec<(Ticket, i32)>, yes: Vec<i32> },
    Shop { coordinator: NodeId },
}

impl Machine for Who {
    type Msg = Msg;
    fn on_event(&mut self, ctx: &mut Ctx<'_, Msg>, event: Event<'_, Msg>) {
        match (self, event) {
            (Self::Client { coordinator }, Event::Command(0, n)) => ctx.send(*coordinator, Msg::Order(n)),
            (Self::Coordinator { shops, .. }, Event::Message { msg: Msg::Order(n), .. }) => {
                for i in 0..*shops {
                    ctx.send(NodeId(2 + i), Msg::Ask(*n));
                }
                ctx.set_timer(Timer { kind: 0, arg: *n }, Span::ms(500));
            }
            (Self::Coordinator { shops, staged, yes, .. }, Event::Message { msg: Msg::Yes(n), .. }) => {
                yes.push(*n);
                if yes.iter().filter(|y| *y == n).count() == usize::from(*shops) {
                    staged.push((ctx.persist(0, [*n, 0, 0]), *n));
                }
            }
            (Self::Coordinator { client, decided, .. }, Event::Persisted(_)) => {
                let n = *decided.last().expect("flushed");
                ctx.cancel_timer(Timer { kind: 0, arg: n });
                ctx.send(*client, Msg::Done(n));
            }
            (Self::Shop { coordinator }, Event::Message { msg: Msg::Ask(n), .. }) => {
                ctx.observe(0, [*n, 0, 0]);
                ctx.send(*coordinator, Msg::Yes(*n));
            }
            (Self::Client { .. }, Event::Message { msg: Msg::Done(n), .. }) => ctx.observe(1, [*n, 0, 0]),
            _ => {}
        }
    }
    fn flush(&mut self, ticket: Ticket) {
        if let Self::Coordinator { decided, staged, .. } = self {
            decided.extend(staged.iter().filter(|(t, _)| *t == ticket).map(|(_, n)| *n));
            staged.retain(|(t, _)| *t != ticket);
        }
    }
    fn on_crash(&mut self) {
        if let Self::Coordinator { staged, yes, .. } = self {
            staged.clear();
            yes.clear();
        }
    }
    fn mood(&self) -> Mood {
        Mood::Idle
    }
    fn describe(&self, _: &mut Description) {}
}

fn build(params: &Params) -> System {
    const SHOPS: [&str; 5] = ["books", "games", "music", "tools", "wine"];
    let shops = params.get("shops") as u8;
    let mut system = System::new();
    let client = system.node("client", Role::Client, Who::Client { coordinator: NodeId(1) });
    let empty = Who::Coordinator { client, shops, decided: vec![], staged: vec![], yes: vec![] };
    let coordinator = system.node("coordinator", Role::Coordinator, empty);
    system.link(client, coordinator);
    for id in &SHOPS[..usize::from(shops)] {
        let shop = system.node(id, Role::Service, Who::Shop { coordinator });
        system.link(coordinator, shop);
    }
    system
}

/// Every order that a shop has taken was answered.
fn answered(probe: &Probe<'_>) -> Verdict {
    let count = |fact| probe.world.ledger().iter().filter(|o| o.fact == fact).count();
    let shops = probe.params.get("shops") as usize;
    if count(0) <= count(1) * shops {
        Verdict::Holds
    } else {
        Verdict::untrue(probe, Label::new("why.silent"))
    }
}

/// Nobody is down: broken at once by a crash.
fn up(probe: &Probe<'_>) -> Verdict {
    let down = (0..probe.world.nodes()).any(|i| !probe.world.is_up(NodeId(i as u8)));
    if down { Verdict::Broken(Label::new("why.down")) } else { Verdict::Holds }
}

pub static TOY: Pattern = Pattern {
    id: "toy",
    version: 1,
    messages: &[Kind::command("order"), Kind::command("ask"), Kind::event("yes"), Kind::event("done")],
    records: &[Kind::event("decision")],
    timers: &[Kind::event("patience")],
    facts: &[Kind::event("taken"), Kind::event("answered")],
    verbs: &[Kind::command("buy"), Kind::command("cancel")],
    params: &[
        Param { id: "shops", range: Range::Count(1, 5), default: 2 },
        Param { id: "asking", range: Range::Choice(&["parallel", "one-by-one"]), default: 0 },
        Param { id: "patience", range: Range::Millis(10, 5000), default: 500 },
        Param { id: "polite", range: Range::Switch, default: 1 },
    ],
    promises: &[
        Promise { id: "answered", expect: Expect::AtRest, check: answered },
        Promise { id: "all-up", expect: Expect::Always, check: up },
    ],
    scenarios: &[
        Scenario {
            id: "textbook",
            recipe: "converge 1\npattern toy\nseed 7\ndo buy 1 at client 10 ms after start\n\
                     offer crash coordinator after coordinator writes decision\nexpect answered holds\n",
        },
        Scenario {
            id: "crash",
            recipe: "converge 1\npattern toy\nscenario crash\nset shops = 3\n\
                     do buy 1 at client 10 ms after start\n\
                     fault crash coordinator after coordinator writes decision\n\
                     fault restart coordinator 800 ms after coordinator crashes\n\
                     expect answered broken\nexpect all-up broken\n",
        },
    ],
    abstractions: &[],
    realistic: &[],
    copies: no_copies,
    build,
    texts: [
        "scenario.textbook = Everybody answers\nscenario.crash = The decision is not told\n\
         promise.answered = Whoever asked is answered\npromise.all-up = Everybody is up\n\
         node.client = Client\nnode.client.in = the client\n\
         node.coordinator = Coordinator\nnode.coordinator.in = the coordinator\nnode.books = Books\n\
         node.games = Games\nnode.music = Music; tapes\nnode.tools = Tools\nnode.wine = Wine\n\
         message.order = order {0}\nmessage.ask = ask: order {0} #urgent; {to}\nmessage.yes = yes {0}\nmessage.done = done {0}\n\
         record.decision = DECISION {0}\ntimer.patience = patience for order {0}\nfact.taken = order {0} is taken\n\
         fact.answered = order {0} is answered\nverb.buy = buys order {0}\nverb.cancel = cancels order {0}\n\
         why.silent = somebody was not answered\nwhy.down = somebody is down\n",
        "scenario.textbook = Todos respondem\nscenario.crash = A decisão não é contada\n\
         promise.answered = Quem pediu tem resposta\npromise.all-up = Todos estão no ar\n\
         node.client = Cliente\nnode.client.in = o cliente\n\
         node.coordinator = Coordenador\nnode.coordinator.in = o coordenador\nnode.books = Livros\n\
         node.games = Jogos\nnode.music = Música; fitas\nnode.tools = Ferramentas\nnode.wine = Vinhos\n\
         message.order = pedido {0}\nmessage.ask = pergunta: pedido {0} #urgente; {to}\nmessage.yes = sim {0}\nmessage.done = feito {0}\n\
         record.decision = DECISÃO {0}\ntimer.patience = paciência com o pedido {0}\nfact.taken = o pedido {0} foi aceito\n\
         fact.answered = o pedido {0} foi respondido\nverb.buy = compra o pedido {0}\nverb.cancel = cancela o pedido {0}\n\
         why.silent = alguém ficou sem resposta\nwhy.down = alguém está fora do ar\n",
    ],
};

/// Compares with a golden file, which `BLESS=1` rewrites.
pub fn check(name: &str, found: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).expect("the golden file can be written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (found, wanted)) in (1..).zip(found.lines().zip(wanted.lines())) {
        assert_eq!(found, wanted, "{name}, line {number}; BLESS=1 rewrites it, and git shows how");
    }
    assert_eq!(found.len(), wanted.len(), "{name} is longer or shorter; BLESS=1 rewrites it");
}

pub static PATTERNS: &[&Pattern] = &[&TOY];

pub fn nodes(shops: usize) -> Vec<Node> {
    let mut params = Params::defaults(&TOY);
    params.set_at(0, shops as i64);
    build(&params).nodes
}
