//! What was really at work, and what happened, in words.

use std::collections::BTreeMap;

use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{Table, count, duration, length};
use crate::report::section::{Section, Shown};
use crate::report::statistics::real;
use crate::results::campaign::Campaign;

/// Events that are told, at most.
const TOLD_MAX: usize = 200;

/// How often everything was at work.
#[must_use]
pub fn counters(campaign: &Campaign) -> Section {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for result in &campaign.runs {
        for (name, times) in &result.counters {
            let (sum, runs) = sums.entry(name).or_default();
            *sum = sum.saturating_add(*times);
            *runs = runs.saturating_add(u64::from(*times > 0));
        }
    }
    let mut table = Table::new(&[
        Words("What"),
        Numbers("times, all runs"),
        Numbers("runs with it"),
    ]);
    for (name, (sum, runs)) in &sums {
        table.row([(*name).to_owned(), count(*sum), count(*runs)]);
    }
    let never = sums.values().filter(|(sum, _)| *sum == 0).count();
    Section {
        id: "counters",
        heading: "What was really at work".into(),
        shown: if sums.is_empty() {
            Shown::Nothing("Nothing was counted in these runs.".into())
        } else {
            Shown::Table(
                "A fault or a recovery that never happened proves nothing: a zero here is a hole in the campaign.".into(),
            )
        },
        notes: (never > 0)
            .then(|| format!("{} of these never happened.", length(never)))
            .into_iter()
            .collect(),
        table,
        files: &["counters.csv"],
    }
}

/// The first events.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let mut table = Table::new(&[
        Words("Seed"),
        Numbers("time"),
        Words("kind"),
        Words("node"),
        Words("what happened"),
    ]);
    let of_run = campaign.runs.iter();
    let events = of_run.flat_map(|result| {
        result
            .events_told
            .iter()
            .map(|event| (result.run.seed, event))
    });
    for (seed, event) in events.clone().take(TOLD_MAX) {
        table.row([
            seed.to_string(),
            duration(real(event.at_ms)),
            event.kind.into(),
            event.node.clone().unwrap_or_default(),
            event.what.clone(),
        ]);
    }
    let all = events.count();
    let text = match all {
        0 => "Nothing out of the ordinary happened in these runs.".to_owned(),
        all if all > TOLD_MAX => format!(
            "The first {TOLD_MAX} of {} events; the file has them all.",
            length(all)
        ),
        all => format!("All {} events, in the order of the runs.", length(all)),
    };
    Section {
        id: "events",
        heading: "Faults and what became of them".into(),
        shown: Shown::Nothing(text),
        notes: Vec::new(),
        table,
        files: &["events.jsonl"],
    }
}
