//! `run`: a scenario with one seed or many.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use simulations::bug::Bug;
use simulations::campaign;
use simulations::progress::{Done, Progress};
use simulations::report::Run;
use simulations::results::RunResult;
use simulations::results::campaign::Campaign;
use simulations::results::folder::{Folder, Timing};
use simulations::scenario::Scenario;
use simulations::sweep::ranges;

use super::{Failure, scenario, summary, threads};

/// Heights of the smaller worlds that a report shows beside the run.
const ALSO_HEIGHTS: u64 = 40;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the scenario, as `list` shows it, or a file that ends in `.toml`.
    scenario: String,
    /// Everything that chance decides: one seed, or several such as `1..30` or `3,5,8`.
    #[arg(long, visible_alias = "seed", default_value = "1")]
    seeds: String,
    /// Heights that every node must decide.
    #[arg(long)]
    heights: Option<u64>,
    /// Parties, other than the scenario's; as many validators as it has room for.
    #[arg(long)]
    parties: Option<u16>,
    /// The folder for tables and report, which must not exist yet [default: results/<SCENARIO>].
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// Writes no folder, only the summary.
    #[arg(long, conflicts_with = "out")]
    no_folder: bool,
    /// Makes each run twice: both must be the same, to the byte.
    #[arg(long)]
    twice: bool,
    /// Fails where a fault, recovery, adversary or fraud of the scenario happened in none of the runs.
    #[arg(long)]
    complete: bool,
    /// Breaks a rule on purpose, to see the checkers find it.
    #[arg(long, value_enum, default_value_t)]
    bug: Bug,
}

pub(super) fn act(arguments: &Arguments, out: &mut impl io::Write) -> Result<ExitCode, Failure> {
    let (mut scenario, text) = scenario(&arguments.scenario)?;
    if let Some(count) = arguments.parties {
        scenario = scenario.with_parties(count);
    }
    scenario.heights = arguments.heights.unwrap_or(scenario.heights);
    scenario.check()?;
    let seeds = ranges::seeds(&arguments.seeds)?;
    let folder = match (&arguments.out, arguments.no_folder) {
        (_, true) => None,
        (Some(path), false) => Some(path.clone()),
        (None, false) => Some(PathBuf::from("results").join(name_of(&arguments.scenario))),
    };
    // Before the runs: nobody waits an hour to hear that the folder exists.
    let folder = folder.map(|path| Folder::create(&path).map(|folder| (path, folder)));
    let folder = folder.transpose()?;

    let also = match &folder {
        Some(_) => smaller(&scenario, &seeds),
        None => Vec::new(),
    };
    let main = seeds.iter().map(|seed| (scenario.clone(), *seed));
    let work: Vec<_> = main.chain(also).collect();
    let (results, timing) = run_all(arguments, &work)?;
    let (runs, also) = results.split_at(seeds.len().min(results.len()));
    summary::all(&scenario, runs, out)?;
    if let Some((path, folder)) = folder {
        let command = command(arguments);
        let campaign = Campaign::new(&arguments.scenario, &text, &command, runs.to_vec())
            .with_also(also.to_vec());
        folder.write(&campaign, &timing)?;
        writeln!(out, "report      {}", path.join("report.html").display())?;
    }
    let missing = match arguments.complete {
        true => campaign::missing(&scenario, runs),
        false => Vec::new(),
    };
    for name in &missing {
        writeln!(out, "missing     {name}: in none of the runs")?;
    }
    summary::verdict(&results, out)?;
    let is_sound = results.iter().all(|result| result.violation.is_none());
    Ok(if is_sound && missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All runs, on every core, in their order; and how long each took.
fn run_all(
    arguments: &Arguments,
    work: &[(Scenario, u64)],
) -> Result<(Vec<RunResult>, Vec<Timing>), Failure> {
    let of = u64::try_from(work.len()).unwrap_or(u64::MAX);
    let progress = Progress::on_stderr(&arguments.scenario, Done { done: 0, of });
    let done = campaign::on_threads(threads(), work, |number, (scenario, seed)| {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let run = Run {
            scenario: arguments.scenario.clone(),
            seed: *seed,
            heights: scenario.heights,
            parties: scenario.parties.count,
            bug: arguments.bug,
        };
        let _planted = arguments.bug.plant()?;
        let begun = Instant::now();
        let result = if arguments.twice {
            campaign::run_twice(scenario, &run)
        } else {
            campaign::run(scenario, &run, |height| {
                let (done, of) = (height.0, scenario.heights);
                progress.height(number, Done { done, of });
            })
        };
        progress.run_ended(number);
        let wall_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let result = result.map_err(Failure::from);
        result.map(|result| {
            let timing = Timing {
                parties: result.parties,
                seed: *seed,
                simulated_ms: result.lasted_ms,
                wall_ms,
            };
            (result, timing)
        })
    });
    progress.end();
    let done: Result<Vec<_>, _> = done.into_iter().collect();
    Ok(done?.into_iter().unzip())
}

/// Worlds of other sizes, without faults, for finality against the number of Parties.
fn smaller(scenario: &Scenario, seeds: &[u64]) -> Vec<(Scenario, u64)> {
    let of_size = |count: &u16| {
        let mut small = scenario.with_parties(*count);
        small.faults.clear();
        small.adversaries.chance_permille = 0;
        small.heights = small.heights.min(ALSO_HEIGHTS);
        // The same trade for a quarter of the time.
        small.trade.permits_max = small.trade.permits_max.div_ceil(4);
        small.trade.within_ms = small.trade.within_ms.div_ceil(4);
        small
    };
    let first = seeds.first().copied().unwrap_or(1);
    let sizes = scenario.report.also_parties.iter();
    sizes.map(|count| (of_size(count), first)).collect()
}

/// The command that makes the same tables; the folder is no part of it.
fn command(arguments: &Arguments) -> String {
    let mut command = format!(
        "cites-sim run {} --seeds {}",
        arguments.scenario, arguments.seeds
    );
    if let Some(heights) = arguments.heights {
        command.push_str(&format!(" --heights {heights}"));
    }
    if let Some(parties) = arguments.parties {
        command.push_str(&format!(" --parties {parties}"));
    }
    if arguments.bug != Bug::None {
        command.push_str(&format!(" --bug {}", arguments.bug));
    }
    command
}

/// The name of a scenario without folder and ending.
fn name_of(scenario: &str) -> &str {
    let file = scenario.rsplit(['/', '\\']).next().unwrap_or(scenario);
    file.trim_end_matches(".toml")
}
