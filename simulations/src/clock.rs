//! Clocks: virtual time, dated, and wrong in ways that faults make worse.

use ledger::time::Timestamp;

use crate::moment::Moment;

/// One node's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The true instant at which the run begins.
    pub begins_at: Timestamp,
    /// How far it is off, in milliseconds; negative: behind.
    pub offset_ms: i64,
    /// How much faster than true time it runs, in millionths; negative: slower.
    pub drift_ppm: i64,
    /// Since when it drifts.
    pub drifts_since: Moment,
}

impl Clock {
    /// What it reads at `now`.
    #[must_use]
    pub fn reads(&self, now: Moment) -> Timestamp {
        let Timestamp(ms) = self.begins_at.plus_ms(now.as_ms());
        Timestamp(ms.saturating_add_signed(self.error_ms(now)))
    }

    /// How wrong it is at `now`, in milliseconds.
    #[must_use]
    pub fn error_ms(&self, now: Moment) -> i64 {
        let ran_ms = now.as_ms().saturating_sub(self.drifts_since.as_ms());
        let drifted = i64::try_from(ran_ms)
            .unwrap_or(i64::MAX)
            .saturating_mul(self.drift_ppm)
            .checked_div(1_000_000)
            .unwrap_or(0);
        self.offset_ms.saturating_add(drifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_its_offset_and_by_what_it_drifted() {
        let clock = Clock {
            begins_at: Timestamp(1_000_000),
            offset_ms: -300,
            drift_ppm: 500,
            drifts_since: Moment::from_ms(10_000),
        };
        assert_eq!(clock.reads(Moment::from_ms(10_000)), Timestamp(1_009_700));
        // 500 millionths of 20 s are 10 ms.
        assert_eq!(clock.error_ms(Moment::from_ms(30_000)), -290);
    }
}
