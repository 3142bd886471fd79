//! `sweep.html`: each number against each varied value, with how sure it is.

use toml::Value;

use super::plan::{Plan, plain};
use super::ranges::Variation;
use super::store::SweptRow;
use super::summary::Summary;
use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{
    NOTHING, Table, bytes, count, duration, escape, length, put, share, share_interval,
};
use crate::report::page::{document, facts, reproduce, seeds};
use crate::report::plot::{Axis, Plot, Point, STYLES, Series, Shape};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{Interval, MEDIAN, Sample, Share};
use crate::results::campaign::{COMMIT, VERSION};

/// How numbers of a kind are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Duration,
    Bytes,
    Count,
}

/// A number of a run.
struct Measure {
    id: &'static str,
    name: &'static str,
    unit: Unit,
    of: fn(&Summary) -> Option<u64>,
}

const MEASURES: [Measure; 7] = [
    Measure {
        id: "p50",
        name: "median finality",
        unit: Unit::Duration,
        of: |row| row.final_p50_ms,
    },
    Measure {
        id: "p95",
        name: "95th percentile of finality",
        unit: Unit::Duration,
        of: |row| row.final_p95_ms,
    },
    Measure {
        id: "p99",
        name: "99th percentile of finality",
        unit: Unit::Duration,
        of: |row| row.final_p99_ms,
    },
    Measure {
        id: "known95",
        name: "time until a use is known to 95 % of Parties",
        unit: Unit::Duration,
        of: |row| row.use_known_95_p50_ms,
    },
    Measure {
        id: "known100",
        name: "time until a use is known to all Parties",
        unit: Unit::Duration,
        of: |row| row.use_known_100_p50_ms,
    },
    Measure {
        id: "bytes",
        name: "bytes per Party and day",
        unit: Unit::Bytes,
        of: |row| row.bytes_per_party_day,
    },
    Measure {
        id: "height",
        name: "heights decided",
        unit: Unit::Count,
        of: |row| Some(row.height),
    },
];

/// The page of a sweep.
#[must_use]
pub fn render(plan: &Plan, rows: &[SweptRow<'_>]) -> String {
    let mut body = header(plan, rows);
    body.push_str(&outcomes(plan, rows).html());
    for (index, variation) in plan.vary.iter().enumerate() {
        put(
            &mut body,
            format_args!(
                "<section>\n<h2>Against {}</h2>\n",
                escape(&variation.name())
            ),
        );
        for measure in &MEASURES {
            body.push_str(&section(plan, rows, index, measure).html_within());
        }
        body.push_str("</section>\n");
    }
    document(&format!("{}: sweep", plan.scenario), &body)
}

fn header(plan: &Plan, rows: &[SweptRow<'_>]) -> String {
    let mut html = format!(
        "<header>\n<p class=\"kind\">Sweep · {}</p>\n<h1>{} against {}</h1>\n",
        escape(&plan.scenario),
        escape(&plan.scenario),
        escape(
            &plan
                .vary
                .iter()
                .map(Variation::name)
                .collect::<Vec<_>>()
                .join(" and ")
        )
    );
    let varied: Vec<&str> = plan.vary.iter().map(|variation| &*variation.text).collect();
    html.push_str(&facts(&[
        ("Runs", length(rows.len())),
        ("Varied", varied.join(" · ")),
        ("Seeds of each combination", seeds(&plan.seeds)),
        ("Program", format!("cites-sim {VERSION}")),
        ("Commit", COMMIT.to_owned()),
    ]));
    html.push_str(&reproduce(&plan.command));
    html.push_str("</header>\n");
    html
}

/// Every combination, and in how many of its runs a check failed.
fn outcomes(plan: &Plan, rows: &[SweptRow<'_>]) -> Section {
    let mut table = Table::new(&[
        Words("Combination"),
        Numbers("runs"),
        Numbers("with a violation"),
        Numbers("share"),
        Numbers("95 % CI (Wilson)"),
        Words("first violation"),
    ]);
    for of in rows.chunks(plan.seeds.len().max(1)) {
        let Some((combination, _, _)) = of.first() else {
            continue;
        };
        let broken = Share::count(of, |(_, _, row)| row.violation.is_some());
        let first = of
            .iter()
            .find_map(|(_, seed, row)| Some(format!("seed {seed}: {}", row.violation.as_ref()?)));
        table.row([
            combination.to_string(),
            count(broken.of),
            count(broken.hits),
            share(broken),
            share_interval(broken),
            first.unwrap_or_default(),
        ]);
    }
    let broken = Share::count(rows, |(_, _, row)| row.violation.is_some());
    Section {
        id: "outcomes",
        heading: match broken.hits {
            0 => format!("Every check held in all {} runs", count(broken.of)),
            hits => format!(
                "A check failed in {} of {} runs",
                count(hits),
                count(broken.of)
            ),
        },
        shown: Shown::Nothing(
            "Each combination was run with every seed; a run fails where any check fails.".into(),
        ),
        notes: Vec::new(),
        table,
        files: &["sweep.csv", "sweep.json", "scenario.toml"],
    }
}

/// One number against one varied value; with one other variation of few values, a line for each of these.
fn section(plan: &Plan, rows: &[SweptRow<'_>], index: usize, measure: &Measure) -> Section {
    let variation = plan.vary.get(index);
    let values: &[Value] = variation.map_or(&[], |variation| &variation.values);
    let lines = lines(plan, index);
    let mut table = Table::new(&[
        Words("Value"),
        Words("line"),
        Numbers("runs"),
        Numbers("median"),
        Numbers("95 % CI of the median"),
        Numbers("least"),
        Numbers("greatest"),
    ]);
    let places = places(values);
    let (mut series, mut greatest) = (Vec::new(), 0.0_f64);
    for (name, other) in &lines {
        let mut points = Vec::new();
        for (value, x) in values.iter().zip(&places) {
            let chosen = rows.iter().filter(|(combination, _, _)| {
                let is = |at: usize, value: &Value| {
                    combination
                        .values
                        .get(at)
                        .is_some_and(|(_, own)| own == value)
                };
                is(index, value) && other.as_ref().is_none_or(|(at, other)| is(*at, other))
            });
            let sample = Sample::of(chosen.filter_map(|(_, _, row)| (measure.of)(row)));
            row(&mut table, measure.unit, &plain(value), name, &sample);
            if let Some(y) = sample.quantile(MEDIAN) {
                let interval = sample.interval(MEDIAN);
                greatest = greatest.max(interval.map_or(y, |interval| interval.high));
                points.push(Point { x: *x, y, interval });
            }
        }
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        series.push(Series {
            name: name.clone(),
            shape: Shape::Line,
            points,
        });
    }
    let name = variation.map(Variation::name).unwrap_or_default();
    let shown = if series.iter().all(|series| series.points.is_empty()) {
        Shown::Nothing("No run gave this number.".into())
    } else {
        picture(
            index,
            measure,
            &name,
            axis(&name, values, &places),
            series,
            greatest,
        )
    };
    Section {
        id: "",
        heading: capital(measure.name),
        shown,
        notes: Vec::new(),
        table,
        files: &["sweep.csv"],
    }
}

fn picture(
    index: usize,
    measure: &Measure,
    name: &str,
    x: Axis,
    series: Vec<Series>,
    greatest: f64,
) -> Shown {
    let y = match measure.unit {
        Unit::Duration => Axis::durations(measure.name, greatest),
        Unit::Bytes => Axis::bytes(measure.name, greatest),
        Unit::Count => Axis::linear(measure.name, greatest),
    };
    let plot = Plot {
        id: format!("v{index}-{}", measure.id),
        title: format!("{} against {name}", capital(measure.name)),
        about: format!(
            "The median over runs of {}, for each value of {name}.",
            measure.name
        ),
        x,
        y,
        series,
    };
    Shown::Picture {
        svg: plot.svg(),
        reading: "To read: a mark is the median over the runs, the stroke through it its 95 % confidence interval, which needs at \
                  least six runs; values that are not on the axis or in the legend are pooled."
            .into(),
    }
}

/// A name, and the value of another variation that a line stands for.
type Line = (String, Option<(usize, Value)>);

fn lines(plan: &Plan, index: usize) -> Vec<Line> {
    let mut others = plan.vary.iter().enumerate().filter(|(at, _)| *at != index);
    match (others.next(), others.next()) {
        (Some((at, other)), None) if other.values.len() <= STYLES => {
            let name = other.name();
            let line = |value: &Value| {
                (
                    format!("{name} = {}", plain(value)),
                    Some((at, value.clone())),
                )
            };
            other.values.iter().map(line).collect()
        }
        _ => vec![("all runs".to_owned(), None)],
    }
}

/// Where the values lie: as numbers if they all are, else side by side.
fn places(values: &[Value]) -> Vec<f64> {
    let number = |value: &Value| {
        let whole = value.as_integer().map(|number| number as f64);
        whole.or_else(|| value.as_float())
    };
    let numbers: Option<Vec<f64>> = values.iter().map(number).collect();
    numbers.unwrap_or_else(|| (0_u32..).map(f64::from).take(values.len()).collect())
}

fn axis(name: &str, values: &[Value], places: &[f64]) -> Axis {
    let is_number = |value: &Value| value.is_integer() || value.is_float();
    if values.iter().all(is_number) {
        return Axis::of_values(name, places);
    }
    let names: Vec<String> = values.iter().map(plain).collect();
    Axis::of_names(name, &names)
}

fn row(table: &mut Table, unit: Unit, value: &str, line: &str, sample: &Sample) {
    let told = |number: f64| match unit {
        Unit::Duration => duration(number),
        Unit::Bytes => bytes(number),
        Unit::Count => format!("{number:.0}"),
    };
    let told_if_any = |number: Option<f64>| number.map_or_else(|| NOTHING.into(), told);
    table.row([
        value.to_owned(),
        line.to_owned(),
        length(sample.count()),
        told_if_any(sample.quantile(MEDIAN)),
        match sample.interval(MEDIAN) {
            Some(Interval { low, high }) => format!("{} to {}", told(low), told(high)),
            None => NOTHING.into(),
        },
        told_if_any(sample.least()),
        told_if_any(sample.greatest()),
    ]);
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
