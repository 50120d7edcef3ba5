//! A queue whose messages are handed out one by one and acknowledged one by one.
//!
//! Owns what is ready, what is handed out, and how often a message came back. Does not own where
//! dead messages go: they are given to the machine, which puts them into another queue or drops
//! them (RabbitMQ's dead-letter exchange, or none).

use std::collections::VecDeque;

/// One handing-out of a message. A message that comes back gets another one, so that it is no name
/// of the message: to be recognised, a message needs an id of its own.
pub type Tag = u32;

/// A message in the queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Queued<V> {
    /// Its place among all that were ever published here; it comes back to this place.
    pub place: u32,
    /// What it says.
    pub value: V,
    /// How often it was handed out and came back.
    pub returned: u16,
    /// It was handed out before. The consumer may have seen it.
    pub redelivered: bool,
}

/// A message that is handed out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Delivery<V> {
    /// What the consumer answers with.
    pub tag: Tag,
    /// Who has it.
    pub consumer: u8,
    /// The message.
    pub message: Queued<V>,
}

/// Why a message is dead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dead {
    /// A consumer rejected it for good.
    Rejected,
    /// It came back more often than the delivery limit allows.
    DeliveryLimit,
}

/// A queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Queue<V> {
    ready: VecDeque<Queued<V>>,
    unacked: Vec<Delivery<V>>,
    published: u32,
    handed_out: u32,
    limit: Option<u16>,
}

impl<V: Clone> Queue<V> {
    /// An empty queue. A message may come back `limit` times, that is, be handed out once more than
    /// that; `None`: without end.
    #[must_use]
    pub const fn new(limit: Option<u16>) -> Self {
        Self { ready: VecDeque::new(), unacked: Vec::new(), published: 0, handed_out: 0, limit }
    }

    /// Puts a message at the end.
    pub fn publish(&mut self, value: V) {
        let place = self.published;
        self.published += 1;
        self.ready.push_back(Queued { place, value, returned: 0, redelivered: false });
    }

    /// Hands the first ready message to a consumer, unless it has `prefetch` already; 0: no limit.
    pub fn deliver(&mut self, consumer: u8, prefetch: usize) -> Option<Delivery<V>> {
        let has = self.unacked.iter().filter(|d| d.consumer == consumer).count();
        if prefetch > 0 && has >= prefetch {
            return None;
        }
        let message = self.ready.pop_front()?;
        self.handed_out += 1;
        let delivery = Delivery { tag: self.handed_out, consumer, message };
        self.unacked.push(delivery.clone());
        Some(delivery)
    }

    /// The consumer is done with it: it leaves the queue. `None`: no such delivery (any more).
    pub fn ack(&mut self, tag: Tag) -> Option<Queued<V>> {
        let at = self.unacked.iter().position(|d| d.tag == tag)?;
        Some(self.unacked.remove(at).message)
    }

    /// The consumer did not do it. With `requeue` the message comes back, unless that is once too
    /// often; without, or then, it is dead and given to the caller.
    pub fn nack(&mut self, tag: Tag, requeue: bool) -> Option<(Queued<V>, Dead)> {
        let message = self.ack(tag)?;
        if requeue { self.come_back(message) } else { Some((message, Dead::Rejected)) }
    }

    /// A consumer's channel closes: what it has comes back. Returns what is dead by that.
    pub fn close(&mut self, consumer: u8) -> Vec<(Queued<V>, Dead)> {
        let mut dead = Vec::new();
        while let Some(at) = self.unacked.iter().position(|d| d.consumer == consumer) {
            let message = self.unacked.remove(at).message;
            dead.extend(self.come_back(message));
        }
        dead
    }

    /// The broker restarts: all channels are closed.
    pub fn close_all(&mut self) -> Vec<(Queued<V>, Dead)> {
        let mut dead = Vec::new();
        while let Some(delivery) = self.unacked.first() {
            dead.extend(self.close(delivery.consumer));
        }
        dead
    }

    fn come_back(&mut self, mut message: Queued<V>) -> Option<(Queued<V>, Dead)> {
        message.returned = message.returned.saturating_add(1);
        message.redelivered = true;
        if self.limit.is_some_and(|limit| message.returned > limit) {
            return Some((message, Dead::DeliveryLimit));
        }
        let at = self.ready.iter().position(|m| m.place > message.place).unwrap_or(self.ready.len());
        self.ready.insert(at, message);
        None
    }

    /// What waits, first one first.
    pub fn ready(&self) -> impl DoubleEndedIterator<Item = &Queued<V>> {
        self.ready.iter()
    }

    /// What is handed out and not answered.
    pub fn unacked(&self) -> impl DoubleEndedIterator<Item = &Delivery<V>> {
        self.unacked.iter()
    }

    /// Whether nothing waits and nothing is handed out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.unacked.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(limit: Option<u16>) -> Queue<char> {
        let mut queue = Queue::new(limit);
        "abc".chars().for_each(|c| queue.publish(c));
        queue
    }

    fn ready(queue: &Queue<char>) -> String {
        queue.ready().map(|m| m.value).collect()
    }

    #[test]
    fn no_more_is_handed_out_than_the_prefetch() {
        let mut queue = queue(None);
        let first = queue.deliver(1, 1).unwrap();
        assert!(queue.deliver(1, 1).is_none(), "one at a time");
        assert_eq!(queue.deliver(2, 0).unwrap().message.value, 'b');
        assert_eq!(queue.ack(first.tag).unwrap().value, 'a');
        assert!(queue.ack(first.tag).is_none(), "once");
        assert_eq!(queue.deliver(1, 1).unwrap().message.value, 'c');
    }

    #[test]
    fn what_comes_back_has_its_place_again_and_a_flag() {
        let mut queue = queue(None);
        let (a, b) = (queue.deliver(1, 0).unwrap(), queue.deliver(1, 0).unwrap());
        assert!(queue.nack(b.tag, true).is_none() && queue.nack(a.tag, true).is_none());
        assert_eq!(ready(&queue), "abc");
        let again = queue.deliver(1, 0).unwrap();
        assert!(again.message.redelivered && !a.message.redelivered && again.tag != a.tag);
    }

    #[test]
    fn past_the_limit_or_rejected_it_is_dead() {
        let mut queue = queue(Some(1));
        let first = queue.deliver(1, 0).unwrap();
        assert!(queue.nack(first.tag, true).is_none());
        let second = queue.deliver(1, 0).unwrap();
        let (dead, why) = queue.nack(second.tag, true).unwrap();
        assert_eq!((dead.value, dead.returned, why), ('a', 2, Dead::DeliveryLimit));
        let other = queue.deliver(1, 0).unwrap();
        assert_eq!(queue.nack(other.tag, false).unwrap().1, Dead::Rejected);
        assert_eq!(ready(&queue), "c");
    }

    #[test]
    fn a_closed_channel_gives_back_all_it_had_the_innocent_too() {
        let mut queue = queue(Some(0));
        queue.deliver(1, 0);
        queue.deliver(2, 0);
        let dead = queue.close(1);
        assert_eq!((dead.len(), dead[0].0.value, ready(&queue)), (1, 'a', "c".to_owned()));
        assert_eq!(queue.close_all().len(), 1);
        assert!(!queue.is_empty() && queue.unacked().next().is_none());
    }
}
