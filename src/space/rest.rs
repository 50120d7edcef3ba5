//! Whether a world is at its end: it may have timers, and still nothing new comes of them.

use std::collections::BTreeSet;

use crate::kernel::world::Act;
use crate::kernel::{Step, World};

/// Most worlds that are looked at to see whether one comes to nothing new.
const AROUND: usize = 512;

/// Whether nothing but timers is under way in a world and, left to itself, it always comes back to where it is.
pub fn comes_to_nothing_new(world: &World) -> bool {
    let is_timer = |step: &Step| matches!(step, Step::Do(Act::Fire(..)));
    let own = |world: &World| {
        let mut own = Vec::new();
        world.enabled(&mut own);
        let idle = own.iter().all(is_timer);
        (own, idle)
    };
    if !own(world).1 {
        return false;
    }
    let start = world.fingerprint();
    let mut seen = BTreeSet::from([start]);
    let mut todo = vec![world.clone()];
    while let Some(world) = todo.pop() {
        let (own, idle) = own(&world);
        if idle && world.fingerprint() != start {
            return false;
        }
        for step in own.into_iter().filter(|step| idle || !is_timer(step)) {
            let mut then = world.clone();
            if then.apply(step, None).is_ok() && seen.insert(then.fingerprint()) {
                todo.push(then);
            }
        }
        if seen.len() > AROUND {
            return false;
        }
    }
    true
}
