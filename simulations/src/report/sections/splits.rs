//! How long until all is well again after the network was split.

use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{NOTHING, Table, duration, duration_if_any, duration_interval, length};
use crate::report::plot::bars::{Bar, Bars, Group, Layout};
use crate::report::plot::{Axis, Plot, Series, Shape};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{MEDIAN, Sample, real};
use crate::results::SplitRow;
use crate::results::campaign::Campaign;

use super::distribution;

/// A name, and when a split came to it.
type End = (&'static str, fn(&SplitRow) -> Option<u64>);

/// Splits that have a bar of their own; of more, the distribution is shown.
const BARS_MAX: usize = 40;
/// Rows of the table, at most.
const ROWS_MAX: usize = 400;

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let of_run = campaign.runs.iter();
    let splits: Vec<(u64, &SplitRow)> = of_run
        .flat_map(|result| result.splits.iter().map(|split| (result.run.seed, split)))
        .collect();
    let mut table = Table::new(&[
        Words("Seed"),
        Words("kind"),
        Numbers("nodes cut off"),
        Numbers("began"),
        Numbers("lasted"),
        Numbers("healed → first block"),
        Numbers("healed → level"),
    ]);
    for (seed, split) in splits.iter().take(ROWS_MAX) {
        let lasted = split
            .healed_ms
            .map(|at| real(at.saturating_sub(split.began_ms)));
        table.row([
            seed.to_string(),
            split.kind.into(),
            crate::report::html::count(split.nodes),
            duration(real(split.began_ms)),
            lasted.map_or_else(|| "not healed".into(), duration),
            duration_if_any(after_heal(split, split.decided_ms)),
            duration_if_any(after_heal(split, split.level_ms)),
        ]);
    }
    let healed = splits
        .iter()
        .filter(|(_, split)| split.healed_ms.is_some())
        .count();
    let shown = match healed {
        0 if splits.is_empty() => {
            Shown::Nothing("The network was never split in these runs.".into())
        }
        0 => Shown::Nothing("No split healed before its run ended.".into()),
        _ if splits.len() <= BARS_MAX => bars(&splits),
        _ => curves(&splits),
    };
    Section {
        id: "splits",
        heading: "Recovery after a split".into(),
        shown,
        notes: notes(&splits, healed),
        table,
        files: &["splits.csv"],
    }
}

fn notes(splits: &[(u64, &SplitRow)], healed: usize) -> Vec<String> {
    if healed == 0 {
        return Vec::new();
    }
    let sample = |end: fn(&SplitRow) -> Option<u64>| {
        Sample::new(
            splits
                .iter()
                .filter_map(|(_, split)| after_heal(split, end(split))),
        )
    };
    let told = |sample: &Sample| {
        let sure = duration_interval(sample, MEDIAN);
        let sure = if sure == NOTHING {
            String::new()
        } else {
            format!(" (95 % CI {sure})")
        };
        format!("{}{sure}", duration_if_any(sample.quantile(MEDIAN)))
    };
    let (decided, level) = (
        sample(|split| split.decided_ms),
        sample(|split| split.level_ms),
    );
    let mut notes = vec![format!(
        "{} splits healed. Median until the first block: {}; until every node that was up had the highest block of the \
         moment of healing: {}.",
        length(healed),
        told(&decided),
        told(&level)
    )];
    let open = healed.saturating_sub(level.count());
    if open > 0 {
        notes.push(format!(
            "After {} of them the nodes were not level before the run ended.",
            length(open)
        ));
    }
    notes
}

/// Since the lines were whole again.
fn after_heal(split: &SplitRow, at: Option<u64>) -> Option<f64> {
    Some(real(at?.saturating_sub(split.healed_ms?)))
}

fn bars(splits: &[(u64, &SplitRow)]) -> Shown {
    let whole = |split: &SplitRow| {
        let ends = [
            after_heal(split, split.decided_ms),
            after_heal(split, split.level_ms),
        ];
        ends.into_iter().flatten().fold(0.0, f64::max)
    };
    let greatest = splits
        .iter()
        .map(|(_, split)| whole(split))
        .fold(0.0, f64::max);
    let healed = splits.iter().filter(|(_, split)| split.healed_ms.is_some());
    let groups = healed.map(|(seed, split)| {
        let first = after_heal(split, split.decided_ms);
        let level = after_heal(split, split.level_ms);
        let rest = level.map_or(0.0, |level| (level - first.unwrap_or_default()).max(0.0));
        let bar = |value: f64, text: String| Bar {
            value,
            interval: None,
            text,
        };
        Group {
            name: format!(
                "{}, seed {seed}, at {}",
                split.kind,
                duration(real(split.began_ms))
            ),
            bars: vec![
                bar(
                    first.unwrap_or_default(),
                    first.map_or_else(|| "no block".into(), duration),
                ),
                bar(
                    rest,
                    level.map_or_else(|| "not level".into(), |_| duration(rest)),
                ),
            ],
        }
    });
    let bars = Bars {
        id: "splits-plot".into(),
        title: "From the healing of a split until all is level".into(),
        about: "One bar for each split, in two parts: until the first block, then until the nodes are level.".into(),
        x: Axis::durations("since the lines were whole again", greatest),
        series: vec!["until the first block".into(), "then until level".into()],
        layout: Layout::Stacked,
        groups: groups.collect(),
    };
    Shown::Picture {
        svg: bars.svg(),
        reading: "To read: each bar is one split; its first part is the time from healing to the next decided block, its second \
                  part the time from there until every node that was up had caught up."
            .into(),
    }
}

fn curves(splits: &[(u64, &SplitRow)]) -> Shown {
    let ends: [End; 2] = [
        ("first block", |split| split.decided_ms),
        ("level", |split| split.level_ms),
    ];
    let (mut series, mut least, mut greatest) = (Vec::new(), f64::INFINITY, 0.0_f64);
    for (name, end) in ends {
        let sample = Sample::new(
            splits
                .iter()
                .filter_map(|(_, split)| after_heal(split, end(split))),
        );
        least = least.min(sample.least().unwrap_or(least));
        greatest = greatest.max(sample.greatest().unwrap_or(greatest));
        series.push(Series {
            name: name.into(),
            shape: Shape::Step,
            points: distribution(&sample, splits.len()),
        });
    }
    let plot = Plot {
        id: "splits-plot".into(),
        title: "Recovery after a split: cumulative share of splits".into(),
        about:
            "Two rising curves: until the first block after healing, and until the nodes are level."
                .into(),
        x: Axis::log_durations(
            "since the lines were whole again (logarithmic)",
            least,
            greatest,
        ),
        y: Axis::shares("share of splits"),
        series,
    };
    Shown::Picture {
        svg: plot.svg(),
        reading: format!(
            "To read: of the {} splits, a curve shows the share that had recovered by the time on the lower axis.",
            length(splits.len())
        ),
    }
}
