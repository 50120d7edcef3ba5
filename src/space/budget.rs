//! What a search may still do beside the system's own steps.

use crate::kernel::Fingerprint;

/// What the search may still do beside the system's own steps. Part of what makes two states differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Allowed {
    /// Crashes, at any point of any handler. A node that is down may start again at any time, unless
    /// it is down for good.
    pub crashes: u8,
    /// Whether whoever crashes stays down: crash-stop, as many published models have it.
    pub for_good: bool,
    /// Messages lost.
    pub drops: u8,
    /// Messages copied.
    pub duplicates: u8,
    /// Links cut, one way. A link that is cut may be healed at any time.
    pub cuts: u8,
    /// Timers that run out although something else can happen.
    pub early: u8,
}

impl Default for Allowed {
    /// No fault, and one early time-out: a network that is slow once.
    fn default() -> Self {
        Self { crashes: 0, for_good: false, drops: 0, duplicates: 0, cuts: 0, early: 1 }
    }
}

/// Something that a budget is spent on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    Crash,
    Drop,
    Duplicate,
    Cut,
    Early,
    /// Not a fault: the next of a person's acts, which the recipe has in order.
    Command,
}

/// What is left, and how many of the recipe's acts were done.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    pub left: Allowed,
    pub done: u8,
}

/// Every budget that came by; worlds name them by number.
pub struct Budgets {
    all: Vec<(Budget, Fingerprint, [Option<u32>; 6])>,
}

impl Budgets {
    pub fn new(allowed: Allowed) -> Self {
        let mut budgets = Self { all: Vec::new() };
        budgets.number(Budget { left: allowed, done: 0 });
        budgets
    }

    pub fn get(&self, number: u32) -> Budget {
        self.all[number as usize].0
    }

    /// What it adds to what a state looks like.
    pub fn member(&self, number: u32) -> Fingerprint {
        self.all[number as usize].1
    }

    /// What is left after spending; there must be some.
    pub fn spend(&mut self, number: u32, what: Spending) -> u32 {
        let (Budget { mut left, mut done }, _, next) = self.all[number as usize];
        if let Some(next) = next[what as usize] {
            return next;
        }
        match what {
            Spending::Crash => left.crashes -= 1,
            Spending::Drop => left.drops -= 1,
            Spending::Duplicate => left.duplicates -= 1,
            Spending::Cut => left.cuts -= 1,
            Spending::Early => left.early -= 1,
            Spending::Command => done += 1,
        }
        let next = self.number(Budget { left, done });
        self.all[number as usize].2[what as usize] = Some(next);
        next
    }

    fn number(&mut self, budget: Budget) -> u32 {
        let known = self.all.iter().position(|(b, ..)| *b == budget);
        known.unwrap_or_else(|| {
            self.all.push((budget, Fingerprint::of(&budget).as_member(), [None; 6]));
            self.all.len() - 1
        }) as u32
    }
}
