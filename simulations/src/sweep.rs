//! `sweep`: one scenario with some of its values varied, every combination with every seed, on every core.
//!
//! ```text
//! Plan (scenario + ranges + seeds) → runs/<combination>/<seed>.json, each written whole → sweep.csv, sweep.html
//! ```
//!
//! Runs do not know of each other, and everything is told in the order of the combinations: the number of threads and
//! the hour of an interruption change nothing.

pub mod page;
pub mod plan;
pub mod ranges;
pub mod store;
pub mod summary;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::campaign;
use crate::progress::Done;
use crate::results::RunResult;
use crate::results::folder::FolderError;
use crate::scenario::{Scenario, ScenarioError};

use plan::{Combination, Plan};
use store::Store;
use summary::Summary;

/// Why a sweep did not come to its end. What was finished is kept.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A range or a list of seeds that cannot be read.
    #[error("`{text}`: {what}")]
    Range {
        /// What was given.
        text: String,
        /// What it must be.
        what: &'static str,
    },
    /// Nothing to run, or too much.
    #[error("{0}")]
    Plan(String),
    /// Some combination is no scenario.
    #[error("{combination}: {source}")]
    Scenario {
        /// The varied values.
        combination: String,
        /// Why.
        source: ScenarioError,
    },
    /// The folder holds another sweep.
    #[error("`{folder}` holds another sweep: its {what} differs; name another folder")]
    Other {
        /// The folder.
        folder: String,
        /// What differs.
        what: &'static str,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A run could not be made.
    #[error("{combination}, seed {seed}: {what}")]
    Run {
        /// The varied values.
        combination: String,
        /// The seed.
        seed: u64,
        /// Why.
        what: String,
    },
}

/// What came of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Runs that were made now.
    pub made: usize,
    /// Runs that were there already.
    pub kept: usize,
    /// Runs, of all, in which a check failed.
    pub violations: usize,
}

/// A run that is still to be made.
#[derive(Clone, Copy, Debug)]
struct Job<'a> {
    /// Its number, among all.
    number: u64,
    combination: &'a Combination,
    seed: u64,
}

/// Runs what `folder` does not hold yet, then writes the table and the page. `run` makes one run; `told` hears how far all
/// is and the number of the run that has just ended.
///
/// # Errors
/// [`SweepError`]; of several failed runs, the first in the order of the combinations.
pub fn sweep(
    folder: &Path,
    plan: &Plan,
    threads: usize,
    run: impl Fn(&Scenario, u64) -> Result<RunResult, String> + Sync,
    told: impl Fn(u64, Done) + Sync,
) -> Result<Swept, SweepError> {
    let combinations = plan.combinations()?;
    let store = Store::open(folder, plan)?;
    let all = jobs(&combinations, &plan.seeds);
    let mut missing = Vec::new();
    for job in &all {
        if store.read(job.combination.number, job.seed)?.is_none() {
            missing.push(*job);
        }
    }
    let kept = all.len().saturating_sub(missing.len());
    let ended = AtomicUsize::new(kept);
    work(&missing, threads, |job| {
        make(&store, job, &run)?;
        let done = ended.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        told(
            job.number,
            Done {
                done: as_u64(done),
                of: as_u64(all.len()),
            },
        );
        Ok(())
    })?;

    let mut rows = Vec::new();
    for job in &all {
        // What was written a moment ago is read like everything else: a resumed sweep ends in the same bytes.
        if let Some(summary) = store.read(job.combination.number, job.seed)? {
            rows.push((job.combination, job.seed, summary));
        }
    }
    store.write_table(plan, &rows)?;
    store.write_page(&page::render(plan, &rows))?;
    Ok(Swept {
        made: missing.len(),
        kept,
        violations: rows
            .iter()
            .filter(|(_, _, row)| row.violation.is_some())
            .count(),
    })
}

/// How many runs a plan has.
///
/// # Errors
/// [`SweepError`].
pub fn count(plan: &Plan) -> Result<u64, SweepError> {
    let combinations = plan.combinations()?.len();
    Ok(as_u64(combinations.saturating_mul(plan.seeds.len())))
}

fn jobs<'a>(combinations: &'a [Combination], seeds: &[u64]) -> Vec<Job<'a>> {
    let pairs = combinations
        .iter()
        .flat_map(|combination| seeds.iter().map(move |seed| (combination, *seed)));
    let job = |(number, (combination, seed))| Job {
        number,
        combination,
        seed,
    };
    (0..).zip(pairs).map(job).collect()
}

fn make(
    store: &Store,
    job: &Job<'_>,
    run: &impl Fn(&Scenario, u64) -> Result<RunResult, String>,
) -> Result<(), SweepError> {
    let Job {
        combination, seed, ..
    } = job;
    let result = run(&combination.scenario, *seed).map_err(|what| SweepError::Run {
        combination: combination.to_string(),
        seed: *seed,
        what,
    })?;
    store.write(combination.number, *seed, &Summary::of(&result))
}

/// Hands out the jobs in order; after a failure none is begun.
fn work(
    jobs: &[Job<'_>],
    threads: usize,
    act: impl Fn(&Job<'_>) -> Result<(), SweepError> + Sync,
) -> Result<(), SweepError> {
    let is_over = AtomicBool::new(false);
    let done = campaign::on_threads(threads, jobs, |_, job| {
        if is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        act(job).inspect_err(|_| is_over.store(true, Ordering::Relaxed))
    });
    // The failure of the earliest job.
    done.into_iter().collect()
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
