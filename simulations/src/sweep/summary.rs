//! What a sweep keeps of a run: one row of numbers.

use serde::{Deserialize, Serialize};

use crate::report::sections::{finality_ms, traffic};
use crate::report::statistics::{MEDIAN, P95, P99, Sample};
use crate::report::verdict::is_use;
use crate::results::RunResult;
use crate::results::csv::Fields;

/// The columns, after the combination, the seed and the varied values.
pub const COLUMNS: &[&str] = &[
    "parties",
    "validators",
    "height",
    "events",
    "lasted_ms",
    "records",
    "decided",
    "final_p50_ms",
    "final_p95_ms",
    "final_p99_ms",
    "use_known_95_p50_ms",
    "use_known_100_p50_ms",
    "bytes_per_party_day",
    "violation",
    "trace_sha256",
];

/// A run in one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Parties that took part.
    pub parties: u16,
    /// Validators among them.
    pub validators: u16,
    /// Heights decided.
    pub height: u64,
    /// Events that happened.
    pub events: u64,
    /// Virtual time that passed.
    pub lasted_ms: u64,
    /// Records that were handed in.
    pub records: u64,
    /// Records that were final on their author's node.
    pub decided: u64,
    /// Median of finality.
    pub final_p50_ms: Option<u64>,
    /// Its 95th percentile.
    pub final_p95_ms: Option<u64>,
    /// Its 99th percentile.
    pub final_p99_ms: Option<u64>,
    /// Median of the time until a use was known to 95 of 100 Parties.
    pub use_known_95_p50_ms: Option<u64>,
    /// Median of the time until a use was known to all.
    pub use_known_100_p50_ms: Option<u64>,
    /// Median of the bytes that an honest node would send and receive in a day.
    pub bytes_per_party_day: Option<u64>,
    /// What went wrong, if anything.
    pub violation: Option<String>,
    /// Digest of the trace.
    pub trace: String,
}

impl Summary {
    /// Of a run.
    #[must_use]
    pub fn of(result: &RunResult) -> Self {
        let finality = Sample::of(result.acts.iter().filter_map(finality_ms));
        let uses = result.acts.iter().filter(|act| is_use(act));
        let since = |at: Option<u64>, from: u64| Some(at?.saturating_sub(from));
        let known_95 = uses
            .clone()
            .filter_map(|act| since(act.known_95_ms, act.handed_in_ms));
        let known_100 = uses.filter_map(|act| since(act.known_100_ms, act.handed_in_ms));
        let honest = result
            .nodes
            .iter()
            .filter(|node| node.up_ms > 0 && !node.is_dishonest);
        let a_day = honest
            .map(|node| traffic::a_day(node, node.sent_bytes.saturating_add(node.received_bytes)));
        let length = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Self {
            parties: result.parties,
            validators: result.validators,
            height: result.height,
            events: result.events,
            lasted_ms: result.lasted_ms,
            records: length(result.acts.len()),
            decided: length(finality.count()),
            final_p50_ms: whole(&finality, MEDIAN),
            final_p95_ms: whole(&finality, P95),
            final_p99_ms: whole(&finality, P99),
            use_known_95_p50_ms: whole(&Sample::of(known_95), MEDIAN),
            use_known_100_p50_ms: whole(&Sample::of(known_100), MEDIAN),
            bytes_per_party_day: whole(&Sample::new(a_day), MEDIAN),
            violation: result.violation.clone(),
            trace: result.trace.to_string(),
        }
    }

    /// Writes the columns.
    pub fn write(&self, fields: &mut Fields) {
        fields
            .number(self.parties.into())
            .number(self.validators.into())
            .number(self.height)
            .number(self.events)
            .number(self.lasted_ms)
            .number(self.records)
            .number(self.decided)
            .number_if_any(self.final_p50_ms)
            .number_if_any(self.final_p95_ms)
            .number_if_any(self.final_p99_ms)
            .number_if_any(self.use_known_95_p50_ms)
            .number_if_any(self.use_known_100_p50_ms)
            .number_if_any(self.bytes_per_party_day)
            .text(self.violation.as_deref().unwrap_or_default())
            .text(&self.trace);
    }
}

/// A quantile as a whole number. The samples are not negative and far below 2^53.
fn whole(sample: &Sample, permille: u32) -> Option<u64> {
    sample.quantile(permille).map(|value| value.round() as u64)
}
