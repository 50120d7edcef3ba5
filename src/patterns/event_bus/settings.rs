//! The parameters of a run as its machines want them. Owns their reading; does not own what they do.

use crate::kernel::Span;
use crate::parts::retry::{Jitter, RetryPolicy};
use crate::patterns::pattern::Params;

/// When a consumer says that it is done, seen from its work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Delivery {
    /// Before it: a crash in between loses the event.
    AtMostOnce,
    /// After it: a crash in between repeats the event.
    AtLeastOnce,
    /// With the result, in one transaction of the broker (log alone).
    ExactlyOnce,
}

/// What is done with an event that fails and fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GivingUp {
    /// Nothing: it is tried for ever.
    Never,
    /// It is dropped.
    Skip,
    /// It is put among the dead letters.
    DeadLetter,
    /// It, and after it every event of its customer (log alone).
    ParkKey,
}

/// The parameters of a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// A log; else a queue.
    pub log: bool,
    /// When a consumer commits or acknowledges.
    pub delivery: Delivery,
    /// Events to publish.
    pub events: i32,
    /// The time between two of them.
    pub gap: Span,
    /// How many customers place orders in turn; 0 in the textbook.
    pub customers: i32,
    /// Partitions at the start.
    pub partitions: u8,
    /// A customer has a partition; else events go round the partitions in turn.
    pub by_key: bool,
    /// A group that has committed nothing begins with the oldest event; else with the next one.
    pub earliest: bool,
    /// How many events of a partition are kept; 0: all.
    pub retention: u32,
    /// The database knows an event that it had before, …
    pub dedup: bool,
    /// … if it is one of so many newest.
    pub dedup_retention: usize,
    /// The database refuses an older token than it has seen.
    pub fencing: bool,
    /// The broker confirms, and the producer sends again until then.
    pub confirms: bool,
    /// The producer numbers what it sends, so that the broker knows it again (log alone).
    pub idempotent: bool,
    /// How many events a consumer is given at once (Kafka's `max.poll.records`), or may have
    /// unanswered (RabbitMQ's prefetch).
    pub batch: usize,
    /// How long an event takes a consumer, …
    pub work: Span,
    /// … and a slow one.
    pub slow_work: Span,
    /// The order whose event no consumer can handle before it is repaired; 0: none.
    pub poison: i32,
    /// How often a failed event is tried again.
    pub retries: u16,
    /// What comes then.
    pub giving_up: GivingUp,
    /// An event is done with once its dead letter is on disk; else once it is sent off.
    pub sure_dead_letters: bool,
    /// A failure that may pass does not count.
    pub classify: bool,
    /// Waits between attempts.
    pub retry: RetryPolicy,
    /// How long a consumer of a queue waits before it gives back what failed.
    pub requeue_delay: Span,
    /// How often a consumer at work says that it lives.
    pub heartbeat: Span,
    /// After how long without a word the broker takes a consumer for dead.
    pub session: Span,
    /// How long a consumer may take over what it was given at once (log alone).
    pub max_poll: Span,
    /// How long anybody waits for an answer.
    pub request: Span,
    /// How long the producer tries before it tells the application that it could not.
    pub delivery_timeout: Span,
    /// How many unconfirmed events the producer holds before the application has to wait.
    pub buffer: usize,
    /// Consumers publish a receipt for each event.
    pub receipts: bool,
}

impl Settings {
    /// Reads them.
    #[must_use]
    pub fn of(params: &Params) -> Self {
        let count = |id| params.get(id).max(0);
        Self {
            log: params.get("transport") == 0,
            delivery: match params.get("delivery") {
                0 => Delivery::AtMostOnce,
                1 => Delivery::AtLeastOnce,
                _ => Delivery::ExactlyOnce,
            },
            events: count("orders") as i32,
            gap: params.span("order-gap"),
            customers: if params.get("cast") == 0 { 0 } else { count("customers") as i32 },
            partitions: count("partitions") as u8,
            by_key: params.get("partition-by") == 0,
            earliest: params.get("reset") == 0,
            retention: count("retention") as u32,
            dedup: params.on("dedup"),
            dedup_retention: count("dedup-retention") as usize,
            fencing: params.on("fencing"),
            confirms: params.on("confirms"),
            idempotent: params.on("idempotent-producer"),
            batch: count("batch") as usize,
            work: params.span("work"),
            slow_work: params.span("slow-work"),
            poison: count("poison") as i32,
            retries: count("retries") as u16,
            giving_up: match params.get("give-up") {
                0 => GivingUp::Never,
                1 => GivingUp::Skip,
                2 => GivingUp::DeadLetter,
                _ => GivingUp::ParkKey,
            },
            sure_dead_letters: params.on("sure-dead-letters"),
            classify: params.on("classify"),
            retry: RetryPolicy {
                attempts: None,
                base: params.span("retry-base"),
                factor: 2,
                cap: params.span("retry-cap"),
                jitter: Jitter::Equal,
            },
            requeue_delay: params.span("requeue-delay"),
            heartbeat: params.span("heartbeat"),
            session: params.span("session-timeout"),
            max_poll: params.span("max-poll"),
            request: params.span("request-timeout"),
            delivery_timeout: params.span("delivery-timeout"),
            buffer: count("buffer") as usize,
            receipts: params.on("receipts"),
        }
    }

    /// How often a queue's message may come back.
    #[must_use]
    pub fn delivery_limit(&self) -> Option<u16> {
        (self.giving_up != GivingUp::Never).then_some(self.retries)
    }

    /// Whether events that were given up are kept.
    #[must_use]
    pub const fn keeps_dead_letters(&self) -> bool {
        matches!(self.giving_up, GivingUp::DeadLetter | GivingUp::ParkKey)
    }

    /// The queue takes a message for done as soon as it is handed out.
    #[must_use]
    pub fn automatic_ack(&self) -> bool {
        !self.log && self.delivery == Delivery::AtMostOnce
    }

    /// Results go with the offset.
    #[must_use]
    pub fn transactions(&self) -> bool {
        self.log && self.delivery == Delivery::ExactlyOnce
    }
}
