//! What happens next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::moment::Moment;

/// Events in the order of their time; at one moment, in the order in which they were planned.
#[derive(Debug)]
pub struct Queue<E> {
    events: BinaryHeap<Reverse<Planned<E>>>,
    planned: u64,
}

#[derive(Debug)]
struct Planned<E> {
    at: Moment,
    number: u64,
    event: E,
}

impl<E> Planned<E> {
    const fn place(&self) -> (Moment, u64) {
        (self.at, self.number)
    }
}

impl<E> PartialEq for Planned<E> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<E> Eq for Planned<E> {}

impl<E> PartialOrd for Planned<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Planned<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self {
            events: BinaryHeap::new(),
            planned: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Plans an event.
    pub fn plan(&mut self, at: Moment, event: E) {
        self.planned = self.planned.saturating_add(1);
        self.events.push(Reverse(Planned {
            at,
            number: self.planned,
            event,
        }));
    }

    /// The next event.
    pub fn take(&mut self) -> Option<(Moment, E)> {
        let Reverse(Planned { at, event, .. }) = self.events.pop()?;
        Some((at, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_for_one_moment_happens_in_the_order_of_planning() {
        let mut queue = Queue::default();
        for (at_ms, event) in [(5, "c"), (1, "a"), (5, "d"), (1, "b")] {
            queue.plan(Moment::from_ms(at_ms), event);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.take())
            .map(|(_, event)| event)
            .collect();
        assert_eq!(order, ["a", "b", "c", "d"]);
    }
}
