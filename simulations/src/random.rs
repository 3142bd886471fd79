//! All chance of a run: one seed, one stream of numbers for each purpose.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::scenario::{Range, SpanMs};

/// What the numbers are drawn for. Streams do not disturb each other: another workload meets the same faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Keys of nodes and offices.
    Keys,
    /// Latency, jitter and loss.
    Links,
    /// Who fails, when and for how long.
    Faults,
    /// The workload.
    Trade,
    /// How wrong each clock is.
    Clocks,
    /// Which Parties take part.
    World,
    /// How they are connected.
    Lines,
    /// Who is dishonest, and what they do.
    Adversaries,
    /// What survives a crash.
    Disks,
    /// Frauds: the honest trade is the same without them.
    Fraud,
    /// Which verdicts are looked at.
    Verdicts,
}

impl Purpose {
    const fn stream(self) -> u64 {
        match self {
            Self::Keys => 1,
            Self::Links => 2,
            Self::Faults => 3,
            Self::Trade => 4,
            Self::Clocks => 5,
            Self::World => 6,
            Self::Lines => 7,
            Self::Adversaries => 8,
            Self::Disks => 9,
            Self::Fraud => 10,
            Self::Verdicts => 11,
        }
    }
}

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of `seed` for `purpose`.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(purpose.stream());
        Self(stream)
    }

    /// A number below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// Whether something happens that happens in so many of a thousand cases.
    pub fn happens(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// A number within `range`, both ends included.
    pub fn between(&mut self, Range([from, to]): Range) -> u64 {
        let width = to.saturating_sub(from).saturating_add(1);
        from.saturating_add(self.below(width))
    }

    /// A duration within `span`, to the microsecond.
    pub fn within(&mut self, span: SpanMs) -> Duration {
        let SpanMs([from, to]) = span;
        let width_us = to.saturating_sub(from).saturating_mul(1000);
        let drawn_us = self.below(width_us.saturating_add(1));
        Duration::from_millis(from).saturating_add(Duration::from_micros(drawn_us))
    }

    /// One of `all`; `None` where there is none.
    pub fn choose<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(all.len()).unwrap_or(0);
        all.get(usize::try_from(self.below(count)).ok()?)
    }

    /// Puts `all` in an order of chance.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let count = u64::try_from(last).unwrap_or(0).saturating_add(1);
            all.swap(last, usize::try_from(self.below(count)).unwrap_or(0));
        }
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}
