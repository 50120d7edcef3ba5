//! What the nodes say to each other, and the numbers of everything that a recipe can name. A number
//! is a place in the lists here, which are append only, as links hold it.

use crate::kernel::{Args, Message, NodeId};
use crate::patterns::pattern::Kind;

/// Whose data: which service owns a row. The textbook's services A and B are the first and the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Owner {
    /// Orders, or the textbook's service A.
    Orders,
    /// Customers.
    Customers,
    /// Shipping, or the textbook's service B.
    Shipping,
}

/// A row of a private table, and a fragment of a page.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// The order, or the customer.
    pub key: i32,
    /// How often it was changed, from 1. A parcel's is that of the order it was packed for.
    pub version: i32,
    /// The amount of an order, the name of a customer (`name.<n>`), how a parcel goes (`parcel.<n>`).
    pub value: i32,
    /// The customer of an order; 0: none, or no longer.
    pub customer: i32,
    /// The version of the customer's name that the order's service keeps a copy of; 0: none.
    pub copied: i32,
    /// A tombstone: the customer is gone, the row still says so.
    pub gone: bool,
}

/// What somebody wants to look at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum View {
    /// One order with everything around it.
    Page {
        /// The order.
        order: i32,
        /// Whose it is: the session knows.
        customer: i32,
    },
    /// All orders with the names of their customers.
    List,
}

/// One question of a page to one owner.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Call {
    /// The page it is for.
    pub page: i32,
    /// Which question of the page.
    pub no: i32,
    /// Whom it asks.
    pub owner: Owner,
    /// The rows; none: all.
    pub keys: Vec<i32>,
}

impl Call {
    fn args(&self) -> Args {
        [self.page, self.keys.first().copied().unwrap_or(0), self.keys.len() as i32]
    }
}

/// What a person wants to be different.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deed {
    /// Change an order: its amount, and so its parcel.
    Change,
    /// Rename a customer.
    Rename,
    /// Delete a customer.
    Delete,
}

/// A request to change something, with a number that it keeps when it is asked again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Wish {
    /// Its number.
    pub no: i32,
    /// What is to happen.
    pub deed: Deed,
    /// To which order or customer.
    pub key: i32,
}

impl Wish {
    /// Who can grant it.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        match self.deed {
            Deed::Change => Owner::Orders,
            Deed::Rename | Deed::Delete => Owner::Customers,
        }
    }
}

/// Something that happened to a row of its source, for those who keep something of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Change {
    /// Where it happened.
    pub source: Owner,
    /// The row.
    pub key: i32,
    /// The version it has now.
    pub version: i32,
    /// Whether it is gone.
    pub gone: bool,
}

/// What a service asks its own database to write, in one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Write {
    /// A wish, with the event that follows from it where events go through an outbox.
    Wish(Wish),
    /// What an event of another service means here.
    Heard(Change),
    /// An event has arrived everywhere: its row of the outbox can go.
    Sent(Change),
}

/// A whole or partial answer to a page.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Answer {
    /// The page.
    pub page: i32,
    /// What was joined, fragment by fragment; each row bears its version.
    pub rows: Vec<(Owner, Row)>,
    /// Fragments that nobody delivered.
    pub missing: i32,
    /// Fragments out of the composer's cache.
    pub stale: i32,
    /// Whether it says so.
    pub says: bool,
}

impl Answer {
    /// Whether something is missing or old.
    #[must_use]
    pub const fn lacks(&self) -> bool {
        self.missing + self.stale > 0
    }
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Msg {
    /// The client to the composer: show me.
    Show(i32, View),
    /// The composer to the client.
    Answer(Answer),
    /// The composer to the client: nothing to show (failure policy: all or nothing).
    NoPage(i32),
    /// The client, by way of the composer, to the service that owns it.
    Wish(Wish),
    /// And back: done.
    Done(Wish),
    /// And back: not done.
    NotDone(Wish),
    /// The composer to a service.
    Get(Call),
    /// A service to the composer.
    Fragment(Call, Vec<Row>),
    /// A service to the composer: not now.
    Unavailable(Call),
    /// A service to its own database, in the terms of a schema.
    Select(Call, u8),
    /// The forbidden one: somebody else to that database.
    Trespass(Call, u8),
    /// The database to whoever asked.
    Rows(Call, Vec<Row>),
    /// The database: the schema has no such column any more; it is this one now.
    NoColumn(Call, u8),
    /// A service to its own database.
    Write(Write),
    /// The database: committed. A wish's change comes with it, the version that it left.
    Committed(Write, Option<Change>),
    /// The database: not committed.
    NotCommitted(Write),
    /// The owner of the schema changes it.
    Alter(u8),
    /// The database: the schema is this one now.
    Altered(u8),
    /// A service to another: something happened here.
    Changed(Change),
    /// And back: it is on disk here as well.
    Heard(Change),
    /// A service that starts again to its database: what is in the outbox?
    Unsent,
    /// The database.
    Outbox(Vec<Change>),
}

/// Kinds of messages.
pub static MESSAGES: &[Kind] = &[
    Kind::query("page"),
    Kind::query("list"),
    Kind::event("answer"),
    Kind::failure("partial-answer"),
    Kind::failure("no-page"),
    Kind::command("change-order"),
    Kind::command("rename"),
    Kind::command("delete"),
    Kind::event("done"),
    Kind::failure("not-done"),
    Kind::query("get"),
    Kind::query("get-many"),
    Kind::event("fragment"),
    Kind::failure("unavailable"),
    Kind::query("select"),
    Kind::query("trespass"),
    Kind::event("rows"),
    Kind::failure("no-column"),
    Kind::command("write"),
    Kind::command("apply"),
    Kind::command("clear-outbox"),
    Kind::event("committed"),
    Kind::failure("not-committed"),
    Kind::command("alter"),
    Kind::event("altered"),
    Kind::event("order-changed"),
    Kind::event("customer-renamed"),
    Kind::event("customer-deleted"),
    Kind::event("heard"),
    Kind::query("unsent"),
    Kind::event("outbox"),
    Kind::command("compose"),
    Kind::event("fragments"),
];

/// The composer's step of its own: it joins the fragments in memory.
pub const COMPOSE: u8 = 31;

/// Kinds of durable records.
pub static RECORDS: &[Kind] =
    &[Kind::command("changed"), Kind::event("copied"), Kind::event("cleared"), Kind::command("schema")];

/// Places in [`RECORDS`].
pub mod record {
    /// A row, changed on a wish; with its event in the outbox, where there is one.
    pub const CHANGED: u8 = 0;
    /// What an event of another service means here.
    pub const COPIED: u8 = 1;
    /// A row of the outbox is gone.
    pub const CLEARED: u8 = 2;
    /// A new schema.
    pub const SCHEMA: u8 = 3;
}

/// Kinds of timers.
pub static TIMERS: &[Kind] = &[
    Kind::failure("call-timeout"),
    Kind::query("patience"),
    Kind::command("next-page"),
    Kind::command("resend"),
    Kind::query("wish-patience"),
    Kind::query("reread"),
];

/// Places in [`TIMERS`].
#[expect(missing_docs, reason = "the names are those of the list")]
pub mod timer {
    pub const CALL_TIMEOUT: u8 = 0;
    pub const PATIENCE: u8 = 1;
    pub const NEXT_PAGE: u8 = 2;
    pub const RESEND: u8 = 3;
    pub const WISH_PATIENCE: u8 = 4;
    pub const REREAD: u8 = 5;
}

/// Facts of the outside world: what people saw, what it cost, who touched what.
pub static FACTS: &[Kind] = &[
    Kind::event("shown"),
    Kind::failure("shown-partly"),
    Kind::failure("shown-nothing"),
    Kind::failure("passed-off"),
    Kind::failure("mixed"),
    Kind::query("calls"),
    Kind::failure("trespassed"),
    Kind::event("changed"),
    Kind::event("renamed"),
    Kind::undo("deleted"),
];

/// Places in [`FACTS`].
pub mod fact {
    /// A whole page: the page.
    pub const SHOWN: u8 = 0;
    /// A page that says what it lacks: the page, fragments missing, fragments from the cache.
    pub const SHOWN_PARTLY: u8 = 1;
    /// An error instead of a page: the page.
    pub const SHOWN_NOTHING: u8 = 2;
    /// A page that lacks something and does not say so: as above.
    pub const PASSED_OFF: u8 = 3;
    /// A page of two moments: the page, the version of the order, that of the parcel.
    pub const MIXED: u8 = 4;
    /// What a page cost: the page, calls, how many would do.
    pub const CALLS: u8 = 5;
    /// Somebody read a database that is not theirs: the page, who, whose (nodes).
    pub const TRESPASSED: u8 = 6;
    /// An order was changed: the order, its version.
    pub const CHANGED: u8 = 7;
    /// A customer was renamed: the customer, the version of the name.
    pub const RENAMED: u8 = 8;
    /// A customer was deleted: the customer.
    pub const DELETED: u8 = 9;
}

/// What a person can do.
pub static VERBS: &[Kind] = &[
    Kind::query("open-page"),
    Kind::query("open-list"),
    Kind::command("change-order"),
    Kind::command("rename"),
    Kind::command("delete"),
    Kind::command("migrate"),
    Kind::command("deploy"),
];

/// Places in [`VERBS`].
pub mod verb {
    /// At the client: open the page of an order.
    pub const OPEN_PAGE: u8 = 0;
    /// At the client: open the list.
    pub const OPEN_LIST: u8 = 1;
    /// At the client: change an order.
    pub const CHANGE_ORDER: u8 = 2;
    /// At the client: rename a customer.
    pub const RENAME: u8 = 3;
    /// At the client: delete a customer.
    pub const DELETE: u8 = 4;
    /// At a service: change the schema of its own database.
    pub const MIGRATE: u8 = 5;
    /// At the composer: a release that knows the newest schema of others.
    pub const DEPLOY: u8 = 6;
}

impl Message for Msg {
    fn kind(&self) -> u8 {
        match self {
            Self::Show(_, View::Page { .. }) => 0,
            Self::Show(_, View::List) => 1,
            Self::Answer(answer) => 2 + u8::from(answer.lacks() && answer.says),
            Self::NoPage(_) => 4,
            Self::Wish(wish) => match wish.deed {
                Deed::Change => 5,
                Deed::Rename => 6,
                Deed::Delete => 7,
            },
            Self::Done(_) => 8,
            Self::NotDone(_) => 9,
            Self::Get(call) => 10 + u8::from(call.keys.len() != 1),
            Self::Fragment(_, rows) => {
                if rows.len() == 1 {
                    12
                } else {
                    32
                }
            }
            Self::Unavailable(_) => 13,
            Self::Select(..) => 14,
            Self::Trespass(..) => 15,
            Self::Rows(..) => 16,
            Self::NoColumn(..) => 17,
            Self::Write(Write::Wish(_)) => 18,
            Self::Write(Write::Heard(_)) => 19,
            Self::Write(Write::Sent(_)) => 20,
            Self::Committed(..) => 21,
            Self::NotCommitted(_) => 22,
            Self::Alter(_) => 23,
            Self::Altered(_) => 24,
            Self::Changed(change) => match (change.source, change.gone) {
                (Owner::Customers, false) => 26,
                (Owner::Customers, true) => 27,
                _ => 25,
            },
            Self::Heard(_) => 28,
            Self::Unsent => 29,
            Self::Outbox(_) => 30,
        }
    }

    fn args(&self) -> Args {
        match self {
            Self::Show(page, View::Page { order, .. }) => [*page, *order, 0],
            Self::Show(page, View::List) | Self::NoPage(page) => [*page, 0, 0],
            Self::Answer(answer) => [answer.page, answer.missing, answer.stale],
            Self::Wish(wish) | Self::Done(wish) | Self::NotDone(wish) => [wish.key, wish.no, 0],
            Self::Get(call) | Self::Unavailable(call) => call.args(),
            Self::Fragment(call, rows) | Self::Rows(call, rows) => match rows.as_slice() {
                [row] => [call.page, row.key, row.version],
                rows => [call.page, 0, rows.len() as i32],
            },
            Self::Select(call, schema) | Self::Trespass(call, schema) | Self::NoColumn(call, schema) => {
                let [page, first, _] = call.args();
                [page, first, i32::from(*schema)]
            }
            Self::Write(write) | Self::NotCommitted(write) | Self::Committed(write, None) => write.args(),
            Self::Committed(_, Some(change)) => change.args(),
            Self::Alter(schema) | Self::Altered(schema) => [i32::from(*schema), 0, 0],
            Self::Changed(change) | Self::Heard(change) => change.args(),
            Self::Unsent => [0; 3],
            Self::Outbox(changes) => [changes.len() as i32, 0, 0],
        }
    }
}

impl Write {
    /// The row, and the version or the wish.
    #[must_use]
    pub const fn args(&self) -> Args {
        match self {
            Self::Wish(wish) => [wish.key, wish.no, 0],
            Self::Heard(change) | Self::Sent(change) => change.args(),
        }
    }
}

impl Change {
    /// The row, its version.
    #[must_use]
    pub const fn args(&self) -> Args {
        [self.key, self.version, self.gone as i32]
    }
}

/// The name of a customer, in the texts `name.<n>`: each has two, and goes from one to the other.
#[must_use]
pub const fn name_of(customer: i32, version: i32) -> i32 {
    (customer - 1) % 3 + 1 + if version % 2 == 0 { 3 } else { 0 }
}

/// A service and its database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// Whose data.
    pub owner: Owner,
    /// The service.
    pub service: NodeId,
    /// Its private database.
    pub database: NodeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_kinds_that_the_list_names() {
        let id = |msg: Msg| MESSAGES[msg.kind() as usize].id;
        let call = |keys: &[i32]| Call { page: 1, no: 1, owner: Owner::Orders, keys: keys.to_vec() };
        let gone = |gone| Change { source: Owner::Customers, key: 1, version: 2, gone };
        let wish = Wish { no: 1, deed: Deed::Delete, key: 1 };
        assert_eq!(id(Msg::Get(call(&[1]))), "get");
        assert_eq!(id(Msg::Get(call(&[]))), "get-many");
        assert_eq!(id(Msg::Trespass(call(&[]), 1)), "trespass");
        assert_eq!(id(Msg::Changed(gone(true))), "customer-deleted");
        assert_eq!(id(Msg::Wish(wish)), "delete");
        assert_eq!(id(Msg::Write(Write::Sent(gone(false)))), "clear-outbox");
        assert_eq!(id(Msg::Outbox(Vec::new())), "outbox");
        assert_eq!(MESSAGES[COMPOSE as usize].id, "compose");
        let answer = Answer { page: 1, rows: Vec::new(), missing: 1, stale: 0, says: false };
        assert_eq!(id(Msg::Answer(answer.clone())), "answer");
        assert_eq!(id(Msg::Answer(Answer { says: true, ..answer })), "partial-answer");
    }
}
