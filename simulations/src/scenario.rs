//! A scenario file: what a run is made of, checked once. The seed fills in the rest.

pub mod adversaries;
pub mod faults;
pub mod included;
pub mod trade;

use std::collections::BTreeMap;
use std::time::Duration;

use ledger::limits::VALIDATORS_MAX;
use ledger::time::{CivilDate, Timestamp};
use serde::Deserialize;

pub use adversaries::{Adversaries, Strategy};
pub use faults::{FaultKind, Menu};
pub use trade::Trade;

/// Noon, in milliseconds of the day: the day has begun everywhere that it can have.
const NOON_MS: u64 = 12 * 60 * 60 * 1000;
/// A run of more heights belongs in a campaign of several seeds.
const HEIGHTS_MAX: u64 = 100_000;
/// The longest span a scenario may name: sixty days, less than a record is good for.
const SPAN_MS_MAX: u64 = 60 * 24 * 60 * 60 * 1000;
/// Parties of the largest world: all of them.
const PARTIES_MAX: u16 = 185;

const TIME: &str = "must be at most sixty days, 5184000000";
const PERMILLE: &str = "must be at most 1000";

/// From a first to a last millisecond, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct SpanMs(pub [u64; 2]);

/// From a least to a greatest number, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Range(pub [u64; 2]);

/// What a run is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line for `list`.
    pub about: String,
    /// What the run is to answer, for the head of the report.
    pub question: String,
    /// The day on which the run begins, at noon UTC.
    pub begins_on: String,
    /// Heights that every node must decide.
    pub heights: u64,
    /// An idle network decides an empty block after this long.
    pub heartbeat_ms: u64,
    /// Bound of the time from the last fault until all is level and decided.
    pub progress_within_ms: u64,
    /// How votes and records are signed.
    pub signatures: Signatures,
    /// Who takes part.
    pub parties: PartiesSpec,
    /// How wrong clocks are, in every run.
    pub clocks: Clocks,
    /// The workload.
    pub trade: Trade,
    /// What may fail, by kind: drawn for each run.
    #[serde(default)]
    pub faults: BTreeMap<FaultKind, Menu>,
    /// Who is dishonest among validators.
    #[serde(default)]
    pub adversaries: Adversaries,
    /// What the report of a run shows besides the run itself.
    #[serde(default)]
    pub report: ReportSpec,
}

/// How votes and records are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// As in production: Ed25519, each distinct signature checked once.
    Real,
    /// By a keyed hash, for speed. Says nothing about signatures.
    Fast,
}

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartiesSpec {
    /// Parties, each with a node.
    pub count: u16,
    /// How many of them vote: chosen by region, good lines first. The others follow.
    pub validators: u16,
    /// Share with an ordinary line.
    pub ordinary_permille: u16,
    /// Share with a weak line.
    pub weak_permille: u16,
    /// Share that loses power half the time. Followers only.
    pub half_day_permille: u16,
    /// How long their power is there and gone, once each.
    #[serde(default = "day_ms")]
    pub power_cycle_ms: u64,
}

const fn day_ms() -> u64 {
    24 * 60 * 60 * 1000
}

/// How wrong clocks are, in every run; faults make some of them worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// Each clock is off by up to this much, either way.
    pub offset_ms_max: u64,
}

/// What the report of a run shows besides the run itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSpec {
    /// Worlds of these sizes are run too, for finality against the number of Parties.
    pub also_parties: Vec<u16>,
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
        key: String,
        /// What it must be.
        must: &'static str,
    },
}

impl Scenario {
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
        let parties = &self.parties;
        let shares = parties
            .ordinary_permille
            .saturating_add(parties.weak_permille);
        let votes = 1..=u16::try_from(VALIDATORS_MAX)
            .unwrap_or(u16::MAX)
            .min(parties.count);
        let also = |count: &u16| (1..=PARTIES_MAX).contains(count);
        let rules = [
            (
                CivilDate::parse(&self.begins_on).is_some(),
                "begins_on",
                "must be a date, such as 2027-03-01",
            ),
            (
                (1..=HEIGHTS_MAX).contains(&self.heights),
                "heights",
                "must be from 1 to 100000",
            ),
            (
                self.progress_within_ms <= SPAN_MS_MAX,
                "progress_within_ms",
                TIME,
            ),
            (
                (1..=PARTIES_MAX).contains(&parties.count),
                "parties.count",
                "must be from 1 to 185",
            ),
            (
                votes.contains(&parties.validators),
                "parties.validators",
                "must be from 1 to the number of Parties",
            ),
            (
                shares <= 1000,
                "parties.weak_permille",
                "and ordinary_permille must be at most 1000 together",
            ),
            (
                parties.half_day_permille <= 1000,
                "parties.half_day_permille",
                PERMILLE,
            ),
            (
                (1_000..=SPAN_MS_MAX).contains(&parties.power_cycle_ms),
                "parties.power_cycle_ms",
                "must be from 1000 to sixty days, 5184000000",
            ),
            (
                self.clocks.offset_ms_max <= SPAN_MS_MAX,
                "clocks.offset_ms_max",
                TIME,
            ),
            (
                self.report.also_parties.iter().all(also),
                "report.also_parties",
                "must be numbers from 1 to 185",
            ),
        ];
        if let Some((_, key, must)) = rules.into_iter().find(|(holds, _, _)| !holds) {
            return Err(value(key, must));
        }
        self.trade.check()?;
        self.adversaries.check()?;
        self.faults
            .iter()
            .try_for_each(|(kind, menu)| menu.check(*kind))
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

    /// The same scenario in a world of another size: where all vote, all vote there too; else as many validators as
    /// before, where it has room for them.
    #[must_use]
    pub fn with_parties(&self, count: u16) -> Self {
        let mut scenario = self.clone();
        scenario.parties.count = count;
        scenario.parties.validators = match self.parties {
            spec if spec.validators == spec.count => count,
            spec => spec.validators.min(count),
        };
        scenario
    }

    /// Bound of the time from the last fault until all is level and decided.
    #[must_use]
    pub const fn progress_within(&self) -> Duration {
        Duration::from_millis(self.progress_within_ms)
    }
}

impl SpanMs {
    /// Whether a scenario may name it.
    fn is_sound(self) -> bool {
        let Self([from, to]) = self;
        from <= to && to <= SPAN_MS_MAX
    }
}

fn value(key: impl Into<String>, must: &'static str) -> ScenarioError {
    ScenarioError::Value {
        key: key.into(),
        must,
    }
}

#[cfg(test)]
mod tests;
