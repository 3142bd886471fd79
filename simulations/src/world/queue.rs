//! Virtual time, and what happens next in it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Virtual time since the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(pub Duration);

impl Moment {
    /// This much later.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// Whole milliseconds since the run began.
    #[must_use]
    pub fn as_ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

/// Events in the order of their time; at one moment, in the order in which they were planned.
#[derive(Debug)]
pub struct Queue<E> {
    events: BTreeMap<(Moment, u64), E>,
    planned: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self {
            events: BTreeMap::new(),
            planned: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Plans an event.
    pub fn plan(&mut self, at: Moment, event: E) {
        self.planned = self.planned.saturating_add(1);
        self.events.insert((at, self.planned), event);
    }

    /// The next event.
    pub fn take(&mut self) -> Option<(Moment, E)> {
        let ((at, _), event) = self.events.pop_first()?;
        Some((at, event))
    }
}
