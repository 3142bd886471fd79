//! The runs, one in each row.

use super::finality_ms;
use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{Table, count, duration, duration_if_any, length};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{MEDIAN, P95, Sample, real};
use crate::results::campaign::Campaign;

/// Rows of the table, at most.
const ROWS_MAX: usize = 500;
/// Hexadecimal digits of a digest that tell runs apart.
const PREFIX: usize = 12;

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let mut table = Table::new(&[
        Words("Run"),
        Numbers("seed"),
        Numbers("Parties"),
        Numbers("validators"),
        Words("trace"),
        Numbers("heights"),
        Numbers("events"),
        Numbers("simulated time"),
        Numbers("records"),
        Numbers("median finality"),
        Numbers("p95"),
        Words("outcome"),
    ]);
    for (number, result) in campaign.all().take(ROWS_MAX) {
        let sample = Sample::of(result.acts.iter().filter_map(finality_ms));
        table.row([
            count(number),
            result.run.seed.to_string(),
            result.parties.to_string(),
            result.validators.to_string(),
            result.trace.to_string().chars().take(PREFIX).collect(),
            count(result.height),
            count(result.events),
            duration(real(result.lasted_ms)),
            length(result.acts.len()),
            duration_if_any(sample.quantile(MEDIAN)),
            duration_if_any(sample.quantile(P95)),
            match &result.violation {
                None => "held".into(),
                Some(violation) => format!("VIOLATION: {violation}"),
            },
        ]);
    }
    let more = campaign.all().count().saturating_sub(ROWS_MAX);
    let notes = (more > 0).then(|| format!("{} more are in the file.", length(more)));
    Section {
        id: "runs",
        heading: "The runs".into(),
        shown: Shown::Table("The same seed gives the same trace, to the byte, on every machine. Held: every check, after every event.".into()),
        notes: notes.into_iter().collect(),
        table,
        files: &["runs.csv", "manifest.json", "scenario.toml"],
    }
}
