//! How finality grows with the number of Parties.

use std::collections::BTreeMap;

use super::finality_ms;
use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{NOTHING, Table, duration, duration_if_any, duration_interval, length};
use crate::report::plot::{Axis, Plot, Point, Series, Shape};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{MEDIAN, P95, Sample};
use crate::results::RunResult;
use crate::results::campaign::Campaign;

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let mut sizes: BTreeMap<u16, Vec<&RunResult>> = BTreeMap::new();
    for (_, result) in campaign.all() {
        sizes.entry(result.parties).or_default().push(result);
    }
    let mut table = Table::new(&[
        Words("Parties"),
        Numbers("validators"),
        Numbers("runs"),
        Numbers("decided records"),
        Numbers("median"),
        Numbers("95 % CI of the median"),
        Numbers("medians of single runs"),
        Numbers("p95"),
        Numbers("95 % CI of p95"),
    ]);
    let mut curves = [
        ("median", MEDIAN, Vec::new()),
        ("95th percentile", P95, Vec::new()),
    ];
    for (parties, results) in &sizes {
        let sample = Sample::of(results.iter().flat_map(|result| finalities(result)));
        let validators = results.iter().map(|result| result.validators).max();
        table.row([
            parties.to_string(),
            validators.unwrap_or_default().to_string(),
            length(results.len()),
            length(sample.count()),
            duration_if_any(sample.quantile(MEDIAN)),
            duration_interval(&sample, MEDIAN),
            spread(results),
            duration_if_any(sample.quantile(P95)),
            duration_interval(&sample, P95),
        ]);
        for (_, permille, points) in &mut curves {
            points.extend(sample.quantile(*permille).map(|y| Point {
                x: f64::from(*parties),
                y,
                interval: sample.interval(*permille),
            }));
        }
    }
    Section {
        id: "sizes",
        heading: "Finality against the number of Parties".into(),
        shown: shown(curves.map(|(name, _, points)| (name, points))),
        notes: Vec::new(),
        table,
        files: &["runs.csv", "permits.csv"],
    }
}

fn shown(curves: [(&str, Vec<Point>); 2]) -> Shown {
    let sizes: Vec<f64> = curves
        .iter()
        .flat_map(|(_, points)| points.iter().map(|point| point.x))
        .collect();
    let distinct: std::collections::BTreeSet<u64> = sizes.iter().map(|size| *size as u64).collect();
    if distinct.len() < 2 {
        return Shown::Nothing(
            "All runs have the same number of Parties; `also_parties` in the scenario's `[report]` adds other sizes.".into(),
        );
    }
    let tops = curves.iter().flat_map(|(_, points)| points);
    let tops = tops.map(|point| {
        point
            .interval
            .map_or(point.y, |interval| interval.high.max(point.y))
    });
    let greatest = tops.fold(0.0, f64::max);
    let plot = Plot {
        id: "sizes-plot".into(),
        title: "Median and 95th percentile of finality, by number of Parties".into(),
        about: "Two lines, the median and the 95th percentile of finality, from the smallest world to the largest.".into(),
        x: Axis::of_values("Parties, each with a node", &sizes),
        y: Axis::durations("from handing in to finality", greatest),
        series: curves
            .into_iter()
            .map(|(name, points)| Series {
                name: name.into(),
                shape: Shape::Line,
                points,
            })
            .collect(),
    };
    Shown::Picture {
        svg: plot.svg(),
        reading: "To read: each mark is one size of world, the stroke through it its 95 % confidence interval; a line that \
                  stays flat says that more Parties cost no time."
            .into(),
    }
}

fn finalities(result: &RunResult) -> impl Iterator<Item = u64> {
    result.acts.iter().filter_map(finality_ms)
}

/// The least and the greatest median of single runs.
fn spread(results: &[&RunResult]) -> String {
    let medians = results
        .iter()
        .filter_map(|result| Sample::of(finalities(result)).quantile(MEDIAN));
    let medians = Sample::new(medians);
    match (medians.least(), medians.greatest()) {
        (Some(least), Some(greatest)) => format!("{} to {}", duration(least), duration(greatest)),
        _ => NOTHING.into(),
    }
}
