//! The workload of a scenario.

use serde::Deserialize;

use super::{PERMILLE, SPAN_MS_MAX, ScenarioError, TIME, value};
use crate::trade::Fraud;

/// Permits of one run, at most.
const PERMITS_MAX: u32 = 200_000;

/// The workload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    /// Permits that live the fixed stories of `trade/story.rs`, in turn.
    pub stories: u32,
    /// When the stories begin, and the time over which permits of the year are issued.
    pub within_ms: u64,
    /// Share of the world's trade that is issued over that time; 1000 is all of it, about 1.2 million permits a
    /// year.
    #[serde(default)]
    pub volume_permille: u32,
    /// The year's permits, at most.
    #[serde(default)]
    pub permits_max: u32,
    /// Times between issue, endorsement, sighting and import are divided by this, so that lives fit into the run.
    #[serde(default = "one")]
    pub compress: u32,
    /// Share of the year's permits with a mistake that somebody corrects.
    #[serde(default)]
    pub mistakes_permille: u16,
    /// Share of the year's permits under which goods are re-exported.
    #[serde(default)]
    pub re_exports_permille: u16,
    /// Share of the year's permits that meet a fraud.
    #[serde(default)]
    pub fraud_permille: u16,
    /// Which frauds; none named is every one.
    #[serde(default)]
    pub frauds: Vec<Fraud>,
}

const fn one() -> u32 {
    1
}

impl Trade {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        for (key, permille) in [
            ("trade.mistakes_permille", self.mistakes_permille),
            ("trade.re_exports_permille", self.re_exports_permille),
            ("trade.fraud_permille", self.fraud_permille),
        ] {
            if permille > 1000 {
                return Err(value(key, PERMILLE));
            }
        }
        for (key, count) in [
            ("trade.stories", self.stories),
            ("trade.permits_max", self.permits_max),
        ] {
            if count > PERMITS_MAX {
                return Err(value(key, "must be at most 200000"));
            }
        }
        if self.within_ms > SPAN_MS_MAX {
            return Err(value("trade.within_ms", TIME));
        }
        if self.compress == 0 {
            return Err(value("trade.compress", "must be at least 1"));
        }
        Ok(())
    }
}
