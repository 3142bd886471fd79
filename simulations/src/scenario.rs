//! A scenario file: what a run is made of, checked once. The seed fills in the rest.

use std::time::Duration;

use genesis::NetworkName;
use ledger::time::{CivilDate, Timestamp};
use serde::Deserialize;

/// Noon, in milliseconds of the day: the day has begun everywhere that it can have.
const NOON_MS: u64 = 12 * 60 * 60 * 1000;
/// A run of more heights belongs in a campaign of several seeds.
const HEIGHTS_MAX: u64 = 10_000;
/// The longest span a scenario may name: a day.
const SPAN_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Permits, crashes or partitions of one run.
const COUNT_MAX: u32 = 1_000;

const TIME: &str = "must be at most a day, 86400000";
const SPAN: &str = "must be two ascending numbers, at most a day";
const COUNT: &str = "must be at most 1000";

/// The scenarios that come with the program: name and file.
const INCLUDED: &[(&str, &str)] = &[("calm", include_str!("../scenarios/calm.toml"))];

/// From a first to a last millisecond, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct SpanMs(pub [u64; 2]);

/// What a run is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line for `list`.
    pub about: String,
    /// Name of the network; it must allow invented Parties.
    pub network: String,
    /// The day on which the run begins, at noon UTC.
    pub begins_on: String,
    /// Heights that every node must decide.
    pub heights: u64,
    /// An idle network decides an empty block after this long.
    pub heartbeat_ms: u64,
    /// Each node's clock is wrong by up to this much.
    pub clock_skew_ms: u64,
    /// Bound of the time from the last fault until all is level and decided.
    pub progress_within_ms: u64,
    /// The lines between nodes.
    pub links: Links,
    /// The workload.
    pub trade: Trade,
    /// Nodes that lose power.
    pub crashes: Crashes,
    /// Lines that are cut.
    pub partitions: Partitions,
}

/// The lines between nodes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Latency, drawn once for each direction of each link.
    pub latency_ms: SpanMs,
    /// Jitter, drawn for each message, up to this much.
    pub jitter_ms: u64,
}

/// The workload.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    /// Permits, each with its own story.
    pub permits: u32,
    /// When the stories begin.
    pub within_ms: u64,
}

/// Nodes that lose power.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crashes {
    /// How many.
    pub count: u32,
    /// When the disk's countdown begins.
    pub between_ms: SpanMs,
    /// Disk operations that still succeed, at most.
    pub operations_max: u32,
    /// How long until the node starts again.
    pub down_ms: SpanMs,
}

/// Lines that are cut.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partitions {
    /// How many.
    pub count: u32,
    /// When the network splits.
    pub between_ms: SpanMs,
    /// How long until it is whole again.
    pub lasts_ms: SpanMs,
}

/// Why there is no such scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not one of the included ones.
    #[error("no scenario `{0}`; `cites-sim list` shows them")]
    Unknown(String),
    /// Not of the shape of a scenario.
    #[error("not a scenario: {0}")]
    Shape(String),
    /// A value that no run can have.
    #[error("`{key}` {must}")]
    Value {
        /// The key of the file.
        key: &'static str,
        /// What it must be.
        must: &'static str,
    },
}

impl Scenario {
    /// The names of the included scenarios.
    pub fn names() -> impl Iterator<Item = &'static str> {
        INCLUDED.iter().map(|(name, _)| *name)
    }

    /// The included scenario of this name.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn included(name: &str) -> Result<Self, ScenarioError> {
        let found = INCLUDED.iter().find(|(known, _)| *known == name);
        let (_, text) = found.ok_or_else(|| ScenarioError::Unknown(name.into()))?;
        Self::parse(text)
    }

    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self =
            toml::from_str(text).map_err(|error| ScenarioError::Shape(error.to_string()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Checks the values, also after one was changed.
    ///
    /// # Errors
    /// [`ScenarioError::Value`].
    pub fn check(&self) -> Result<(), ScenarioError> {
        let is_name = NetworkName::parse(&self.network).is_some();
        let network = is_name && self.network.starts_with("sim-");
        let day = CivilDate::parse(&self.begins_on).is_some();
        let heights = (1..=HEIGHTS_MAX).contains(&self.heights);
        let is_span = |SpanMs([from, to]): SpanMs| from <= to && to <= SPAN_MS_MAX;
        let is_time = |ms: u64| ms <= SPAN_MS_MAX;
        let is_count = |count: u32| count <= COUNT_MAX;
        let (crashes, cuts) = (&self.crashes, &self.partitions);
        let rules = [
            (
                network,
                "network",
                "must be a network name with `sim-` before it",
            ),
            (day, "begins_on", "must be a date, such as 2027-03-01"),
            (heights, "heights", "must be from 1 to 10000"),
            (is_time(self.clock_skew_ms), "clock_skew_ms", TIME),
            (is_span(self.links.latency_ms), "links.latency_ms", SPAN),
            (is_time(self.links.jitter_ms), "links.jitter_ms", TIME),
            (is_count(self.trade.permits), "trade.permits", COUNT),
            (is_time(self.trade.within_ms), "trade.within_ms", TIME),
            (is_count(crashes.count), "crashes.count", COUNT),
            (is_span(crashes.between_ms), "crashes.between_ms", SPAN),
            (is_span(crashes.down_ms), "crashes.down_ms", SPAN),
            (is_count(cuts.count), "partitions.count", COUNT),
            (is_span(cuts.between_ms), "partitions.between_ms", SPAN),
            (is_span(cuts.lasts_ms), "partitions.lasts_ms", SPAN),
        ];
        match rules.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, key, must)) => Err(ScenarioError::Value { key, must }),
            None => Ok(()),
        }
    }

    /// The day on which the run begins.
    #[must_use]
    pub fn first_day(&self) -> CivilDate {
        CivilDate::parse(&self.begins_on).unwrap_or_default()
    }

    /// The instant at which the run begins.
    #[must_use]
    pub fn begins_at(&self) -> Timestamp {
        self.first_day().starts_at(0).plus_ms(NOON_MS)
    }

    /// Bound of the time from the last fault until all is level and decided.
    #[must_use]
    pub const fn progress_within(&self) -> Duration {
        Duration::from_millis(self.progress_within_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_included_scenario_is_sound() {
        for name in Scenario::names() {
            assert!(Scenario::included(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_unknown_or_misshapen_scenario_is_refused() {
        assert_eq!(
            Scenario::included("storm").unwrap_err(),
            ScenarioError::Unknown("storm".into())
        );
        let misspelt = INCLUDED[0].1.replace("heights =", "height =");
        assert!(matches!(
            Scenario::parse(&misspelt),
            Err(ScenarioError::Shape(_))
        ));
    }

    #[test]
    fn a_value_that_no_run_can_have_is_named() {
        for (from, to, expected) in [
            ("network = \"sim-calm\"", "network = \"cites\"", "network"),
            ("\"2027-03-01\"", "\"2027-02-30\"", "begins_on"),
            ("heights = 30", "heights = 0", "heights"),
            ("[20, 150]", "[150, 20]", "links.latency_ms"),
            ("jitter_ms = 40", "jitter_ms = 999999999", "links.jitter_ms"),
            (
                "clock_skew_ms = 300",
                "clock_skew_ms = 999999999",
                "clock_skew_ms",
            ),
            ("permits = 12", "permits = 9999", "trade.permits"),
            (
                "within_ms = 40000",
                "within_ms = 999999999",
                "trade.within_ms",
            ),
            ("[5000, 30000]", "[5000, 300]", "crashes.between_ms"),
            ("[500, 15000]", "[500, 5]", "crashes.down_ms"),
            ("[5000, 40000]", "[5000, 400]", "partitions.between_ms"),
            ("[2000, 20000]", "[2000, 20]", "partitions.lasts_ms"),
            (
                "[crashes]\ncount = 1",
                "[crashes]\ncount = 9999",
                "crashes.count",
            ),
            (
                "[partitions]\ncount = 1",
                "[partitions]\ncount = 9999",
                "partitions.count",
            ),
        ] {
            let text = INCLUDED[0].1;
            assert!(text.contains(from), "{from}");
            match Scenario::parse(&text.replacen(from, to, 1)) {
                Err(ScenarioError::Value { key, .. }) => assert_eq!(key, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }
}
