//! What a line must carry: bytes per Party and day, by role and by class of line.

use crate::region::Line;
use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{NOTHING, Table, bytes, length};
use crate::report::plot::Axis;
use crate::report::plot::bars::{Bar, Bars, Group, Layout};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{Interval, MEDIAN, P95, Sample, real};
use crate::results::NodeRow;
use crate::results::campaign::Campaign;

const DAY_MS: f64 = 86_400_000.0;

/// A direction, and the bytes that went that way.
type Direction = (&'static str, fn(&NodeRow) -> u64);

const DIRECTIONS: [Direction; 2] = [
    ("sent", |node| node.sent_bytes),
    ("received", |node| node.received_bytes),
];

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let nodes: Vec<&NodeRow> = campaign
        .runs
        .iter()
        .flat_map(|result| &result.nodes)
        .filter(|node| node.up_ms > 0 && !node.is_dishonest)
        .collect();
    let mut table = Table::new(&[
        Words("Role and line"),
        Words("direction"),
        Numbers("nodes"),
        Numbers("median a day"),
        Numbers("95 % CI of the median"),
        Numbers("p95 a day"),
        Numbers("most a day"),
        Numbers("median rate"),
    ]);
    let (mut groups, mut greatest) = (Vec::new(), 0.0_f64);
    for (role, is_validator) in [("validator", true), ("follower", false)] {
        for line in [Line::Good, Line::Ordinary, Line::Weak] {
            let name = format!("{role}, {} line", line.as_str());
            let of = nodes
                .iter()
                .filter(|node| node.is_validator == is_validator && node.line == line);
            let of: Vec<&&NodeRow> = of.collect();
            if of.is_empty() {
                continue;
            }
            let mut bars = Vec::new();
            for (direction, moved) in DIRECTIONS {
                let sample = Sample::new(of.iter().map(|node| a_day(node, moved(node))));
                let median = sample.quantile(MEDIAN).unwrap_or_default();
                let interval = sample.interval(MEDIAN);
                greatest = greatest.max(interval.map_or(median, |interval| interval.high));
                row(&mut table, &name, direction, &sample);
                bars.push(Bar {
                    value: median,
                    interval,
                    text: bytes(median),
                });
            }
            groups.push(Group { name, bars });
        }
    }
    Section {
        id: "traffic",
        heading: "Bytes per Party and day".into(),
        shown: shown(groups, greatest),
        notes: vec![
            "Extrapolated: the bytes of a node, divided by the time that it was up and connected, times a day. The load is \
             that of the scenario, which may squeeze much trade into little time. Dishonest nodes are left out."
                .into(),
        ],
        table,
        files: &["nodes.csv"],
    }
}

fn row(table: &mut Table, name: &str, direction: &str, sample: &Sample) {
    let told = |number: Option<f64>| number.map_or_else(|| NOTHING.into(), bytes);
    let median = sample.quantile(MEDIAN);
    table.row([
        name.to_owned(),
        direction.to_owned(),
        length(sample.count()),
        told(median),
        match sample.interval(MEDIAN) {
            Some(Interval { low, high }) => format!("{} to {}", bytes(low), bytes(high)),
            None => NOTHING.into(),
        },
        told(sample.quantile(P95)),
        told(sample.greatest()),
        // Bytes a day are so many bits a millisecond, which is kbit/s.
        median.map_or_else(
            || NOTHING.into(),
            |a_day| format!("{:.1} kbit/s", a_day * 8.0 / DAY_MS),
        ),
    ]);
}

/// What is shown of a node, were it up for a day.
pub(crate) fn a_day(node: &NodeRow, moved: u64) -> f64 {
    real(moved) * DAY_MS / real(node.up_ms.max(1))
}

fn shown(groups: Vec<Group>, greatest: f64) -> Shown {
    if groups.is_empty() {
        return Shown::Nothing("No honest node was up in these runs.".into());
    }
    let bars = Bars {
        id: "traffic-plot".into(),
        title: "Bytes per Party and day: median of the nodes of a kind".into(),
        about: "Two bars for each role and class of line: bytes sent and bytes received a day."
            .into(),
        x: Axis::bytes("a day", greatest),
        series: DIRECTIONS.map(|(direction, _)| direction.to_owned()).into(),
        layout: Layout::Beside,
        groups,
    };
    Shown::Picture {
        svg: bars.svg(),
        reading: "To read: a bar is what half of the nodes of this kind stay below in a day; the stroke at its end is the 95 % \
                  confidence interval of that median."
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::synthetic;

    #[test]
    fn a_node_that_was_up_for_half_of_the_time_is_not_taken_for_a_thrifty_one() {
        let mut node = synthetic::run("calm", 1, 4, 1).nodes.remove(0);
        node.up_ms = 43_200_000;
        assert!((a_day(&node, 1_000) - 2_000.0).abs() < 1e-9);
    }

    #[test]
    fn dishonest_nodes_and_those_that_were_never_up_are_left_out() {
        let mut campaign = synthetic::campaign(1, 4, 10);
        for node in &mut campaign.runs[0].nodes {
            node.up_ms = 0;
        }
        campaign.runs[0].nodes[1].up_ms = 5;
        assert!(campaign.runs[0].nodes[1].is_dishonest);
        assert!(matches!(section(&campaign).shown, Shown::Nothing(_)));
    }
}
