//! Many runs of one scenario: on all cores, each twice where asked for, with counters that must not stay at zero.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ledger::party::Height;

use crate::counters::Counters;
use crate::report::Run;
use crate::results::RunResult;
use crate::scenario::{FaultKind, Scenario, Strategy};
use crate::world::World;

/// Why a run gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CampaignError {
    /// It could not be set up.
    #[error("the run cannot be set up: {0}")]
    SetUp(String),
    /// It ended in a panic: our own mistake.
    #[error("the run panicked; repeat it with `{0}`")]
    Panic(String),
    /// The same seed gave another run.
    #[error("seed {0} gave another run the second time")]
    NotTheSame(u64),
}

/// Runs one scenario once.
///
/// # Errors
/// [`CampaignError`].
pub fn run(
    scenario: &Scenario,
    run: &Run,
    height: impl FnMut(Height),
) -> Result<RunResult, CampaignError> {
    let world = World::new(scenario.clone(), run.clone());
    let mut world = world.map_err(|error| CampaignError::SetUp(error.to_string()))?;
    // A host that panics must still tell how to repeat it.
    catch_unwind(AssertUnwindSafe(|| world.run(height)))
        .map_err(|_| CampaignError::Panic(run.command()))
}

/// Runs it twice: the results must be the same, to the byte.
///
/// # Errors
/// [`CampaignError`].
pub fn run_twice(scenario: &Scenario, one: &Run) -> Result<RunResult, CampaignError> {
    let first = run(scenario, one, |_| {})?;
    if run(scenario, one, |_| {})? == first {
        Ok(first)
    } else {
        Err(CampaignError::NotTheSame(one.seed))
    }
}

/// Does independent pieces of work on so many threads; the results stand in the order of the work.
pub fn on_threads<W: Sync, R: Send>(
    threads: usize,
    work: &[W],
    each: impl Fn(usize, &W) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, work.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(piece) = work.get(number) else {
                        return;
                    };
                    let result = each(number, piece);
                    let mut done = done
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    done.insert(number, result);
                }
            });
        }
    });
    let done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.into_values().collect()
}

/// What must have happened at least once in a campaign of this scenario, so that its silence means something.
#[must_use]
pub fn expected(scenario: &Scenario) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for kind in scenario.faults.keys() {
        // Offset and jump strike alike.
        let struck = match kind {
            FaultKind::ClockJump => FaultKind::ClockOffset,
            other => *other,
        };
        names.push(format!("fault.{}", struck.as_str()));
        names.push(format!("ended.{}", kind.as_str()));
    }
    let has = |kind: FaultKind| scenario.faults.contains_key(&kind);
    let recoveries = [
        (has(FaultKind::Crash), "recovered.log-replayed"),
        (has(FaultKind::TornWrite), "recovered.torn-dropped"),
        (has(FaultKind::OldDisk), "recovered.disk-went-back"),
        (has(FaultKind::OldDisk), "recovered.guard-observed"),
        (
            has(FaultKind::Halves) || has(FaultKind::Isolation),
            "recovered.caught-up",
        ),
        (has(FaultKind::Outage), "seen.later-round"),
        (has(FaultKind::VersionMix), "refused-message.garbage"),
        (has(FaultKind::VersionMix), "refused-message.submission"),
        (has(FaultKind::Duplicate), "lines.doubled"),
        (has(FaultKind::Replay), "lines.replayed"),
        (has(FaultKind::RegionSplit), "lines.swallowed"),
    ];
    names.extend(
        recoveries
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| (*name).to_owned()),
    );
    let adversaries = &scenario.adversaries;
    if adversaries.chance_permille > 0 {
        let strategies = match adversaries.strategies.as_slice() {
            [] => &Strategy::ALL[..],
            named => named,
        };
        if adversaries.count.0[1] > 0 {
            names.extend(
                strategies
                    .iter()
                    .map(|one| format!("adversary.{}", one.as_str())),
            );
        }
        if adversaries.twins.0[1] > 0 {
            names.push("adversary.twin".into());
            names.push("seen.evidence".into());
        }
    }
    if scenario.trade.fraud_permille > 0 {
        let frauds = match scenario.trade.frauds.as_slice() {
            [] => &crate::trade::Fraud::ALL[..],
            named => named,
        };
        names.extend(frauds.iter().map(|one| format!("fraud.{}", one.as_str())));
    }
    names
}

/// Those of them that did not happen in any of the runs.
#[must_use]
pub fn missing(scenario: &Scenario, results: &[RunResult]) -> Vec<String> {
    let mut counters = Counters::default();
    for result in results {
        counters.merge(&result.counters);
    }
    let mut names = expected(scenario);
    names.retain(|name| counters.get(name) == 0);
    names
}
