//! Quantiles, shares, and how sure one can be of them. No assumption about the shape of a distribution.
//!
//! Sums and products of `f64` alone: the same bits on every machine. Every interval is of 95 %.

/// The normal deviate of a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;
/// What an interval may miss on each side.
const TAIL: f64 = 0.025;
/// The median, in thousandths.
pub const MEDIAN: u32 = 500;
/// The 95th percentile, in thousandths.
pub const P95: u32 = 950;
/// The 99th percentile, in thousandths.
pub const P99: u32 = 990;

/// From a least to a greatest value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

/// Observations, in ascending order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample(Vec<f64>);

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many have it.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
}

impl Sample {
    /// Of these observations, in any order.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Of whole numbers.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = u64>) -> Self {
        Self::new(values.into_iter().map(real))
    }

    /// In ascending order.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The least.
    #[must_use]
    pub fn least(&self) -> Option<f64> {
        self.0.first().copied()
    }

    /// The greatest.
    #[must_use]
    pub fn greatest(&self) -> Option<f64> {
        self.0.last().copied()
    }

    /// The nearest-rank quantile: the observation of rank ⌈n·p⌉, so that at least the share p is not above it. It is
    /// always an observation, never a value between two.
    #[must_use]
    pub fn quantile(&self, permille: u32) -> Option<f64> {
        let rank = (self.0.len() as u64)
            .saturating_mul(permille.into())
            .div_ceil(1000)
            .max(1);
        self.of_rank(rank)
    }

    /// The interval between two observations that holds the quantile of the population with at least 95 %, by the
    /// binomial distribution of how many of n observations lie below it. `None` where n is too small: below 6 for the
    /// median.
    #[must_use]
    pub fn interval(&self, permille: u32) -> Option<Interval> {
        let (low, high) = ranks(self.0.len() as u64, f64::from(permille.min(1000)) / 1000.0)?;
        Some(Interval {
            low: self.of_rank(low)?,
            high: self.of_rank(high)?,
        })
    }

    fn of_rank(&self, rank: u64) -> Option<f64> {
        let index = usize::try_from(rank.checked_sub(1)?).ok()?;
        self.0.get(index).copied()
    }
}

impl Share {
    /// Of those for which `is_hit` holds.
    pub fn count<T>(all: impl IntoIterator<Item = T>, is_hit: impl Fn(&T) -> bool) -> Self {
        let mut share = Self::default();
        for one in all {
            share.of = share.of.saturating_add(1);
            share.hits = share.hits.saturating_add(u64::from(is_hit(&one)));
        }
        share
    }

    /// Between 0 and 1; `None` of none.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| real(self.hits) / real(self.of))
    }

    /// Wilson's interval, without correction for continuity; it stays between 0 and 1.
    #[must_use]
    pub fn wilson(self) -> Option<Interval> {
        let share = self.value()?;
        let count = real(self.of);
        let square = Z * Z / count;
        let middle = share + square / 2.0;
        let half = Z * (share * (1.0 - share) / count + square / (4.0 * count)).sqrt();
        let whole = 1.0 + square;
        Some(Interval {
            low: if self.hits == 0 {
                0.0
            } else {
                ((middle - half) / whole).max(0.0)
            },
            high: if self.hits >= self.of {
                1.0
            } else {
                ((middle + half) / whole).min(1.0)
            },
        })
    }

    /// The rule of three: where none of n had it, the share is below 3/n with 95 %.
    #[must_use]
    pub fn rule_of_three(self) -> Option<f64> {
        (self.hits == 0 && self.of > 0).then(|| (3.0 / real(self.of)).min(1.0))
    }
}

/// A whole number as a real one. Above 2^53, some nine thousand million million, neighbours fall together.
#[must_use]
pub const fn real(number: u64) -> f64 {
    number as f64
}

/// The ranks l and u of the narrowest symmetric interval: P(B < l) ≤ 2.5 % and P(B ≥ u) ≤ 2.5 %, where B is how many of
/// `count` observations lie at or below the quantile.
fn ranks(count: u64, p: f64) -> Option<(u64, u64)> {
    let (first, weights) = binomial(count, p)?;
    let whole: f64 = weights.iter().sum();
    let below = tail(weights.iter(), whole);
    let above = tail(weights.iter().rev(), whole);
    // With `below` outcomes cut off at the left, B < first + below.
    let low = first.saturating_add(below);
    let high = first
        .saturating_add(weights.len() as u64)
        .saturating_sub(above);
    (low >= 1 && high <= count && low <= high).then_some((low, high))
}

/// How many outcomes from one end are together not more likely than `TAIL`.
fn tail<'a>(weights: impl Iterator<Item = &'a f64>, whole: f64) -> u64 {
    let mut sum = 0.0;
    let outcomes = weights.take_while(|weight| {
        sum += **weight;
        sum <= TAIL * whole
    });
    outcomes.count() as u64
}

/// The outcomes of a binomial distribution that have any weight, and the first of them. Outwards from the likeliest one,
/// so that nothing is too small where it counts.
fn binomial(count: u64, p: f64) -> Option<(u64, Vec<f64>)> {
    const NOTHING: f64 = 1e-15;
    if count == 0 || !(p > 0.0 && p < 1.0) {
        return None;
    }
    let odds = p / (1.0 - p);
    let likeliest = ((real(count) + 1.0) * p).floor().min(real(count)) as u64;
    let mut weights = vec![1.0];
    let (mut weight, mut outcome) = (1.0, likeliest);
    while outcome > 0 && weight > NOTHING {
        weight *= real(outcome) / (real(count.saturating_sub(outcome)) + 1.0) / odds;
        weights.push(weight);
        outcome = outcome.saturating_sub(1);
    }
    weights.reverse();
    let first = outcome;
    let (mut weight, mut outcome) = (1.0, likeliest);
    while outcome < count && weight > NOTHING {
        weight *= real(count.saturating_sub(outcome)) / (real(outcome) + 1.0) * odds;
        weights.push(weight);
        outcome = outcome.saturating_add(1);
    }
    Some((first, weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_observation_of_the_nearest_rank() {
        // The example of the nearest-rank method in the literature: 15, 20, 35, 40, 50.
        let sample = Sample::of([50, 15, 40, 20, 35]);
        for (permille, value) in [
            (0, 15.0),
            (50, 15.0),
            (300, 20.0),
            (400, 20.0),
            (500, 35.0),
            (1000, 50.0),
        ] {
            assert_eq!(sample.quantile(permille), Some(value), "{permille}");
        }
        let hundred = Sample::of(1..=100);
        for (permille, value) in [(500, 50.0), (950, 95.0), (990, 99.0), (999, 100.0)] {
            assert_eq!(hundred.quantile(permille), Some(value), "{permille}");
        }
        assert_eq!(Sample::default().quantile(MEDIAN), None);
    }

    #[test]
    fn the_interval_of_the_median_is_that_of_the_tables() {
        // Ranks l and u for 95 %, as tables of the sign test have them.
        for (count, low, high) in [
            (6, 1.0, 6.0),
            (8, 1.0, 8.0),
            (9, 2.0, 8.0),
            (10, 2.0, 9.0),
            (15, 4.0, 12.0),
            (20, 6.0, 15.0),
            (25, 8.0, 18.0),
            (50, 18.0, 33.0),
            (100, 40.0, 61.0),
        ] {
            let interval = Sample::of(1..=count).interval(MEDIAN);
            assert_eq!(interval, Some(Interval { low, high }), "{count}");
        }
        for count in 0..6 {
            assert_eq!(Sample::of(0..count).interval(MEDIAN), None, "{count}");
        }
    }

    #[test]
    fn the_interval_of_a_high_percentile_needs_many_observations() {
        // 0.95^n ≤ 2.5 % first at n = 72.
        assert_eq!(Sample::of(1..=71).interval(P95), None);
        assert!(Sample::of(1..=73).interval(P95).is_some());
        let large = Sample::of(1..=1_000_000).interval(P95).unwrap();
        // The normal approximation: 950000 ± 1.96·218.
        assert!((large.low - 949_573.0).abs() < 3.0, "{large:?}");
        assert!((large.high - 950_428.0).abs() < 3.0, "{large:?}");
    }

    #[test]
    fn the_interval_holds_the_median_as_often_as_it_says() {
        // Of 2,000 samples of 25 numbers below 1,000,000, all but 5 % must hold 500,000.
        let mut dice = crate::results::synthetic::Dice(7);
        let held = (0..2_000).filter(|_| {
            let sample = Sample::of((0..25).map(|_| dice.below(1_000_000)));
            let Interval { low, high } = sample.interval(MEDIAN).unwrap();
            (low..=high).contains(&500_000.0)
        });
        let held = held.count();
        assert!((1_900..=1_960).contains(&held), "seed 7: {held}");
    }

    #[test]
    fn wilson_is_that_of_the_literature() {
        // Newcombe (1998), table I, method 3; and the case of none and all.
        for (hits, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (5, 10, 0.2366, 0.7634),
            (20, 20, 0.8389, 1.0000),
        ] {
            let interval = Share { hits, of }.wilson().unwrap();
            assert!(
                (interval.low - low).abs() < 5e-5,
                "{hits}/{of}: {interval:?}"
            );
            assert!(
                (interval.high - high).abs() < 5e-5,
                "{hits}/{of}: {interval:?}"
            );
        }
        assert_eq!(Share::default().wilson(), None);
    }

    #[test]
    fn the_rule_of_three_is_for_none_of_many() {
        for (hits, of, bound) in [
            (0, 300, Some(0.01)),
            (0, 2, Some(1.0)),
            (1, 300, None),
            (0, 0, None),
        ] {
            assert_eq!(Share { hits, of }.rule_of_three(), bound);
        }
    }
}
