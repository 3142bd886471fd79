//! What an officer risks who works offline: the chance that a photocopy of a used permit clears once more.
//!
//! Each use is one trial, so that the intervals do not pretend to more observations than there are. Its photocopy is
//! shown once, at a delay and to a node that a fixed sequence of low discrepancy gives it: no chance in it.

use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{NOTHING, Table, length, percent, share, share_interval};
use crate::report::plot::{Axis, Plot, Point, Series, Shape};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{Share, real};
use crate::report::verdict::is_use;
use crate::results::ActRow;
use crate::results::campaign::Campaign;

const MINUTE_MS: f64 = 60_000.0;
const HOUR_MS: f64 = 60.0 * MINUTE_MS;
const DAY_MS: f64 = 24.0 * HOUR_MS;
/// The photocopy is shown at the soonest after this long, at the latest after `LATEST_MS`.
const SOONEST_MS: f64 = MINUTE_MS;
const LATEST_MS: f64 = 30.0 * DAY_MS;
/// Times offline on the curve, from one end to the other.
const STEPS: u32 = 48;
/// Times offline in the table.
const TOLD: [(f64, &str); 12] = [
    (0.0, "online"),
    (MINUTE_MS, "1 minute"),
    (5.0 * MINUTE_MS, "5 minutes"),
    (15.0 * MINUTE_MS, "15 minutes"),
    (HOUR_MS, "1 hour"),
    (3.0 * HOUR_MS, "3 hours"),
    (6.0 * HOUR_MS, "6 hours"),
    (12.0 * HOUR_MS, "12 hours"),
    (DAY_MS, "1 day"),
    (3.0 * DAY_MS, "3 days"),
    (7.0 * DAY_MS, "7 days"),
    (LATEST_MS, "30 days"),
];
/// Steps of the two sequences: the golden ratio of two dimensions (the plastic number), and its square.
const DELAY_STEP: f64 = 0.754_877_666_246_692_8;
const NODE_STEP: f64 = 0.569_840_290_998_053_3;

/// A use whose photocopy is shown elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trial {
    /// From handing in the import until the photocopy is shown.
    delay_ms: f64,
    /// From handing in the import until the node there knew of it; endless where it never did.
    known_ms: f64,
}

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let trials = trials(campaign);
    let mut table = Table::new(&[
        Words("Time offline"),
        Numbers("photocopies shown"),
        Numbers("cleared twice"),
        Numbers("share"),
        Numbers("95 % CI (Wilson)"),
        Numbers("rule of three"),
    ]);
    for (offline_ms, name) in TOLD.into_iter().filter(|_| !trials.is_empty()) {
        let cleared = cleared(&trials, offline_ms);
        let bound = cleared.rule_of_three();
        table.row([
            name.into(),
            crate::report::html::count(cleared.of),
            crate::report::html::count(cleared.hits),
            share(cleared),
            share_interval(cleared),
            bound.map_or_else(
                || NOTHING.into(),
                |bound| format!("below {}", percent(bound)),
            ),
        ]);
    }
    let never = trials
        .iter()
        .filter(|trial| trial.known_ms.is_infinite())
        .count();
    let mut notes = vec![
        "Model: a permit is used, and D later a photocopy of it is shown at another port. The officer there works with data \
         as old as the time T since the device last reached a node. With K, the time until the use was known to that node, \
         the photocopy clears exactly if the use was not yet known when the device was last connected: D − T < K, that is \
         D < T + K. D is spread log-uniformly from 1 minute to 30 days; the node is the one of a rank spread evenly, where a rank up to \
         one half has the K of 50 % of Parties, up to 95 % that of 95 %, above it that of all, each the longest of its class."
            .into(),
    ];
    if never > 0 {
        notes.push(format!(
            "{} of the photocopies meet a node that did not know of the use when the run ended; they count as cleared at every \
             time offline.",
            length(never)
        ));
    }
    Section {
        id: "double",
        heading: "What an officer risks offline".into(),
        shown: shown(&trials),
        notes,
        table,
        files: &["permits.csv"],
    }
}

/// The risk online and after a day offline, for a tile.
#[must_use]
pub fn in_one_sentence(campaign: &Campaign) -> Option<String> {
    let trials = trials(campaign);
    let online = cleared(&trials, 0.0);
    let day = cleared(&trials, DAY_MS);
    let online_text = match online.rule_of_three() {
        Some(bound) => format!("0 of {} (95 %: fewer than {})", online.of, percent(bound)),
        None => format!("{} of {}", online.hits, online.of),
    };
    let day = percent(day.value()?);
    Some(format!(
        "Photocopies of used permits that clear elsewhere: {online_text} where the officer is online, {day} after a day offline."
    ))
}

fn shown(trials: &[Trial]) -> Shown {
    if trials.is_empty() {
        return Shown::Nothing(
            "No import was applied in these runs, so there is no used permit to copy.".into(),
        );
    }
    let ratio = (LATEST_MS / SOONEST_MS).ln();
    let points = (0..=STEPS).map(|step| {
        let offline_ms = SOONEST_MS * (ratio * f64::from(step) / f64::from(STEPS)).exp();
        let cleared = cleared(trials, offline_ms);
        Point {
            x: offline_ms,
            y: cleared.value().unwrap_or_default(),
            interval: cleared.wilson(),
        }
    });
    let plot = Plot {
        id: "double-plot".into(),
        title: "Probability that a photocopy clears, against time offline".into(),
        about: "One rising line with a band: the longer an officer is offline, the likelier a photocopy of a used permit clears."
            .into(),
        x: Axis::log_durations("time since the officer's device last reached a node (logarithmic)", SOONEST_MS, LATEST_MS),
        y: Axis::shares("photocopies that clear"),
        series: vec![Series {
            name: format!("share of {} photocopies; band: 95 % CI (Wilson)", length(trials.len())),
            shape: Shape::Band,
            points: points.collect(),
        }],
    };
    Shown::Picture {
        svg: plot.svg(),
        reading: "To read: at a time offline on the lower axis, the line shows how many of 100 photocopies of used permits the \
                  officer would clear, because the data on the device are older than the use."
            .into(),
    }
}

fn trials(campaign: &Campaign) -> Vec<Trial> {
    let acts = campaign.runs.iter().flat_map(|result| &result.acts);
    let uses = (1_u32..).zip(acts.filter(|act| is_use(act)));
    uses.map(|(number, act)| trial(number, act)).collect()
}

fn trial(number: u32, act: &ActRow) -> Trial {
    let place = |step: f64| (f64::from(number) * step).fract();
    let known_ms = match place(NODE_STEP) {
        rank if rank <= 0.5 => act.known_50_ms,
        rank if rank <= 0.95 => act.known_95_ms,
        _ => act.known_100_ms,
    };
    Trial {
        delay_ms: SOONEST_MS * ((LATEST_MS / SOONEST_MS).ln() * place(DELAY_STEP)).exp(),
        known_ms: known_ms.map_or(f64::INFINITY, |at| {
            real(at.saturating_sub(act.handed_in_ms))
        }),
    }
}

fn cleared(trials: &[Trial], offline_ms: f64) -> Share {
    Share::count(trials, |trial| trial.delay_ms < offline_ms + trial.known_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::synthetic;

    #[test]
    fn a_copy_clears_exactly_if_the_data_are_older_than_the_knowledge() {
        for (delay_ms, known_ms, offline_ms, clears) in [
            (60_000.0, 1_000.0, 0.0, false),
            (60_000.0, 1_000.0, 59_000.0, false),
            (60_000.0, 1_000.0, 59_001.0, true),
            (60_000.0, 61_000.0, 0.0, true),
            (60_000.0, f64::INFINITY, 0.0, true),
        ] {
            let trial = Trial { delay_ms, known_ms };
            let cleared = cleared(&[trial], offline_ms);
            assert_eq!(cleared.hits == 1, clears, "{trial:?} {offline_ms}");
        }
    }

    #[test]
    fn delays_and_nodes_are_spread_as_stated() {
        let act = ActRow {
            handed_in_ms: 0,
            known_50_ms: Some(50),
            known_95_ms: Some(95),
            known_100_ms: Some(100),
            ..synthetic::run("calm", 1, 4, 1).acts.remove(0)
        };
        let trials: Vec<Trial> = (1..=1_000).map(|number| trial(number, &act)).collect();
        let within = SOONEST_MS..=LATEST_MS;
        assert!(trials.iter().all(|trial| within.contains(&trial.delay_ms)));
        let share =
            |holds: &dyn Fn(&Trial) -> bool| trials.iter().filter(|trial| holds(trial)).count();
        // Half of a log-uniform spread lies below the geometric mean of its ends.
        let middle = (SOONEST_MS * LATEST_MS).sqrt();
        for (found, wanted) in [
            (share(&|trial| trial.delay_ms < middle), 500),
            (share(&|trial| trial.known_ms == 50.0), 500),
            (share(&|trial| trial.known_ms == 95.0), 450),
            (share(&|trial| trial.known_ms == 100.0), 50),
        ] {
            assert!(found.abs_diff(wanted) <= 5, "{found} {wanted}");
        }
    }

    #[test]
    fn the_risk_rises_with_time_offline() {
        let trials = trials(&synthetic::campaign(3, 31, 400));
        let hits: Vec<u64> = TOLD
            .iter()
            .map(|(ms, _)| cleared(&trials, *ms).hits)
            .collect();
        assert!(hits.is_sorted() && hits.first() < hits.last(), "{hits:?}");
        assert_eq!(
            cleared(&trials, LATEST_MS).hits,
            cleared(&trials, LATEST_MS).of
        );
    }
}
