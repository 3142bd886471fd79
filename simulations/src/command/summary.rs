//! What became of runs, on one screen.

use std::collections::BTreeMap;
use std::io;

use simulations::report::statistics::{Sample, Share};
use simulations::results::{ActRow, RunResult};
use simulations::scenario::Scenario;

/// Traces that are shown by seed.
const TRACES_MAX: usize = 8;

/// One run, with all that it counted.
pub(super) fn one(result: &RunResult, out: &mut impl io::Write) -> io::Result<()> {
    let run = &result.run;
    writeln!(out, "scenario    {}, seed {}", run.scenario, run.seed)?;
    numbers(std::slice::from_ref(result), out)?;
    for (name, count) in result.counters.iter().filter(|(_, count)| **count > 0) {
        writeln!(out, "            {count:>8}  {name}")?;
    }
    traces(std::slice::from_ref(result), out)?;
    verdict(std::slice::from_ref(result), out)
}

/// All runs of a campaign.
pub(super) fn all(
    scenario: &Scenario,
    results: &[RunResult],
    out: &mut impl io::Write,
) -> io::Result<()> {
    let name = results.first().map_or("", |result| &result.run.scenario);
    writeln!(out, "scenario    {name}: {}", scenario.about)?;
    writeln!(out, "question    {}", scenario.question)?;
    numbers(results, out)?;
    traces(results, out)
}

fn numbers(results: &[RunResult], out: &mut impl io::Write) -> io::Result<()> {
    let (parties, validators) = results
        .first()
        .map_or((0, 0), |one| (one.parties, one.validators));
    let sum = |of: fn(&RunResult) -> u64| results.iter().map(of).fold(0, u64::saturating_add);
    writeln!(
        out,
        "runs        {} of {parties} Parties, {validators} of them voting",
        results.len()
    )?;
    writeln!(
        out,
        "time        {} virtual, {} events, {} blocks",
        duration(sum(|one| one.lasted_ms)),
        sum(|one| one.events),
        sum(|one| one.height),
    )?;
    let acts = || results.iter().flat_map(|one| &one.acts);
    let applied = acts()
        .filter(|act| act.outcome.as_deref() == Some("applied"))
        .count();
    let decided = acts().filter(|act| act.outcome.is_some()).count();
    let refused = decided.saturating_sub(applied);
    writeln!(
        out,
        "records     {decided} decided: {applied} applied, {refused} refused"
    )?;
    let took = |act: &ActRow| Some(act.final_ms?.saturating_sub(act.handed_in_ms));
    let finality = Sample::of(acts().filter_map(took));
    if let (Some(median), Some(p95), Some(p99)) = (
        finality.quantile(500),
        finality.quantile(950),
        finality.quantile(990),
    ) {
        let interval = finality.interval(500).map_or_else(String::new, |interval| {
            format!(
                "  (95 % CI of the median {:.0}..{:.0})",
                interval.low, interval.high
            )
        });
        let n = finality.values().len();
        writeln!(
            out,
            "finality    n {n}, median {median:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms{interval}"
        )?;
    }
    known(results, out)?;
    frauds(results, out)
}

/// How long until a use was known to so many Parties.
fn known(results: &[RunResult], out: &mut impl io::Write) -> io::Result<()> {
    let uses = || {
        let acts = results.iter().flat_map(|one| &one.acts);
        acts.filter(|act| act.deed == "import" && act.outcome.as_deref() == Some("applied"))
    };
    let sample = |of: fn(&ActRow) -> Option<u64>| {
        let since = |act: &ActRow| Some(of(act)?.saturating_sub(act.handed_in_ms));
        Sample::of(uses().filter_map(since)).quantile(500)
    };
    let (half, most, all) = (
        sample(|a| a.known_50_ms),
        sample(|a| a.known_95_ms),
        sample(|a| a.known_100_ms),
    );
    if let (Some(half), Some(most), Some(all)) = (half, most, all) {
        writeln!(
            out,
            "use known   to 50 % of Parties after {half:.0} ms, 95 % {most:.0} ms, all {all:.0} ms (medians)"
        )?;
    }
    Ok(())
}

/// What became of each fraud.
fn frauds(results: &[RunResult], out: &mut impl io::Write) -> io::Result<()> {
    let mut outcomes: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for act in results.iter().flat_map(|one| &one.acts) {
        if let (Some(fraud), Some(outcome)) = (act.fraud, &act.outcome) {
            outcomes
                .entry(fraud)
                .or_default()
                .push(outcome != "applied");
        }
    }
    for (fraud, refused) in &outcomes {
        let share = Share::count(refused, |is_refused| **is_refused);
        let percent = share.value().unwrap_or(0.0) * 100.0;
        writeln!(
            out,
            "fraud       {fraud:<15} {:>4} acts, {percent:.0} % of them refused",
            refused.len()
        )?;
    }
    Ok(())
}

fn traces(results: &[RunResult], out: &mut impl io::Write) -> io::Result<()> {
    for result in results.iter().take(TRACES_MAX) {
        writeln!(
            out,
            "trace       seed {:<6} {}",
            result.run.seed, result.trace
        )?;
    }
    Ok(())
}

/// Whether every check held; else the first violation, and how to repeat it.
pub(super) fn verdict(results: &[RunResult], out: &mut impl io::Write) -> io::Result<()> {
    let failed: Vec<_> = results
        .iter()
        .filter(|one| one.violation.is_some())
        .collect();
    let Some((first, violation)) = failed
        .first()
        .and_then(|first| Some((first, first.violation.as_ref()?)))
    else {
        return writeln!(out, "result      every check held");
    };
    let count = failed.len();
    writeln!(
        out,
        "result      VIOLATION in {count} of {} runs",
        results.len()
    )?;
    writeln!(out, "            seed {}: {violation}", first.run.seed)?;
    writeln!(out, "repeat      {}", first.run.command())
}

fn duration(ms: u64) -> String {
    let seconds = ms.checked_div(1000).unwrap_or(0);
    let part = |by: u64, of: u64| {
        seconds
            .checked_div(by)
            .and_then(|n| n.checked_rem(of))
            .unwrap_or(0)
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min {} s", part(60, 60), part(1, 60)),
        7_200..172_800 => format!("{} h {} min", part(3_600, 24), part(60, 60)),
        _ => format!("{} d {} h", part(86_400, u64::MAX), part(3_600, 24)),
    }
}
