//! How long until a record is final, by the region of its author.

use super::{distribution, finality_ms};
use crate::region::Region;
use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{Table, duration_if_any, duration_interval, length};
use crate::report::plot::{Axis, Plot, Series, Shape};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{MEDIAN, P95, P99, Sample};
use crate::results::ActRow;
use crate::results::campaign::Campaign;

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let acts: Vec<&ActRow> = campaign
        .runs
        .iter()
        .flat_map(|result| &result.acts)
        .collect();
    let mut table = Table::new(&[
        Words("Region of the author"),
        Numbers("records"),
        Numbers("decided"),
        Numbers("median"),
        Numbers("95 % CI of the median"),
        Numbers("p95"),
        Numbers("95 % CI of p95"),
        Numbers("p99"),
        Numbers("longest"),
    ]);
    let mut series = Vec::new();
    let mut all = Sample::default();
    for region in [None].into_iter().chain(Region::ALL.map(Some)) {
        let of: Vec<&&ActRow> = acts
            .iter()
            .filter(|act| region.is_none_or(|r| r == act.region))
            .collect();
        let sample = Sample::of(of.iter().filter_map(|act| finality_ms(act)));
        if of.is_empty() {
            continue;
        }
        let name = region.map_or("All regions", Region::short);
        table.row([
            name.into(),
            length(of.len()),
            length(sample.count()),
            duration_if_any(sample.quantile(MEDIAN)),
            duration_interval(&sample, MEDIAN),
            duration_if_any(sample.quantile(P95)),
            duration_interval(&sample, P95),
            duration_if_any(sample.quantile(P99)),
            duration_if_any(sample.greatest()),
        ]);
        if region.is_none() {
            all = sample;
        } else if sample.count() > 0 {
            series.push(Series {
                name: format!("{name} (n = {})", length(sample.count())),
                shape: Shape::Step,
                points: distribution(&sample, sample.count()),
            });
        }
    }
    Section {
        id: "finality",
        heading: "How long until a record is final".into(),
        shown: shown(&all, series),
        notes: vec![
            "Applied and refused records alike. Records of one block share its fate, so intervals that treat them as \
             independent are somewhat too narrow; the table of the runs shows the spread between seeds."
                .into(),
        ],
        table,
        files: &["permits.csv"],
    }
}

fn shown(all: &Sample, series: Vec<Series>) -> Shown {
    let (Some(least), Some(median), Some(p95), Some(greatest)) = (
        all.least(),
        all.quantile(MEDIAN),
        all.quantile(P95),
        all.greatest(),
    ) else {
        return Shown::Nothing("No record was decided in these runs.".into());
    };
    let x = if greatest > least.max(1.0) * 15.0 {
        Axis::log_durations("from handing in to finality (logarithmic)", least, greatest)
    } else {
        Axis::durations("from handing in to finality", greatest)
    };
    let summary = format!(
        "Half of all records are final after {}, 95 of 100 after {}.",
        duration_if_any(Some(median)),
        duration_if_any(Some(p95))
    );
    let plot = Plot {
        id: "finality-plot".into(),
        title: "Finality by region of the author: cumulative share of records".into(),
        about: format!("One rising curve for each region. {summary}"),
        x,
        y: Axis::shares("share of decided records"),
        series,
    };
    Shown::Picture {
        svg: plot.svg(),
        reading: format!(
            "{summary} To read: at a time on the lower axis, a curve shows the share of the region's decided records that \
             were in a decided block on their author's own node by then; further left is faster."
        ),
    }
}
