//! How long until a use is known everywhere.

use super::distribution;
use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{Table, count, duration_if_any, duration_interval, length};
use crate::report::plot::{Axis, Plot, Series, Shape};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{MEDIAN, P95, Sample, real};
use crate::report::verdict::is_use;
use crate::results::ActRow;
use crate::results::campaign::Campaign;

/// A name, and when so many knew of an act.
type Level = (&'static str, fn(&ActRow) -> Option<u64>);

const LEVELS: [Level; 3] = [
    ("50 % of Parties", |act| act.known_50_ms),
    ("95 % of Parties", |act| act.known_95_ms),
    ("all Parties", |act| act.known_100_ms),
];

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let acts = campaign.runs.iter().flat_map(|result| &result.acts);
    let uses: Vec<&ActRow> = acts.filter(|act| is_use(act)).collect();
    let mut table = Table::new(&[
        Words("Known to"),
        Numbers("uses"),
        Numbers("not by the end of the run"),
        Numbers("median"),
        Numbers("95 % CI of the median"),
        Numbers("p95"),
        Numbers("95 % CI of p95"),
        Numbers("longest"),
    ]);
    let (mut series, mut least, mut greatest) = (Vec::new(), f64::INFINITY, 0.0_f64);
    for (name, known_ms) in LEVELS {
        let times = uses
            .iter()
            .filter_map(|act| Some(known_ms(act)?.saturating_sub(act.handed_in_ms)));
        let sample = Sample::of(times);
        let missing = uses.len().saturating_sub(sample.count());
        table.row([
            name.into(),
            length(uses.len()),
            length(missing),
            duration_if_any(sample.quantile(MEDIAN)),
            duration_interval(&sample, MEDIAN),
            duration_if_any(sample.quantile(P95)),
            duration_interval(&sample, P95),
            duration_if_any(sample.greatest()),
        ]);
        least = least.min(sample.least().unwrap_or(least));
        greatest = greatest.max(sample.greatest().unwrap_or(greatest));
        series.push(Series {
            name: format!("known to {name}"),
            shape: Shape::Step,
            points: distribution(&sample, uses.len()),
        });
    }
    let shown = if uses.is_empty() || greatest <= 0.0 {
        Shown::Nothing("No import was applied in these runs, so no use had to become known.".into())
    } else {
        picture(least, greatest, uses.len(), series)
    };
    Section {
        id: "known",
        heading: "How long until a use is known".into(),
        shown,
        notes: Vec::new(),
        table,
        files: &["permits.csv"],
    }
}

fn picture(least: f64, greatest: f64, uses: usize, series: Vec<Series>) -> Shown {
    let uses = count(real(u64::try_from(uses).unwrap_or(u64::MAX)) as u64);
    let plot = Plot {
        id: "known-plot".into(),
        title: "Time until a use is known: cumulative share of uses".into(),
        about: "Three rising curves: known to half of the Parties, to 95 of 100, and to all."
            .into(),
        x: Axis::log_durations(
            "from handing in the import until it is known (logarithmic)",
            least,
            greatest,
        ),
        y: Axis::shares("share of uses"),
        series,
    };
    Shown::Picture {
        svg: plot.svg(),
        reading: format!(
            "To read: of the {uses} uses, a curve shows the share that so many Parties' nodes had in a decided block by the \
             time on the lower axis; a curve that ends below 100 % stands for uses that were not known there when the run \
             ended."
        ),
    }
}
