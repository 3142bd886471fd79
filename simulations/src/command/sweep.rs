//! `sweep`: one scenario with some of its values varied.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use simulations::bug::Bug;
use simulations::campaign;
use simulations::progress::{Done, Progress};
use simulations::report::Run;
use simulations::scenario::Scenario;
use simulations::sweep::plan::Plan;
use simulations::sweep::ranges::{self, Variation};
use simulations::sweep::{self};

use super::{Failure, scenario, threads};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the scenario, as `list` shows it, or a file that ends in `.toml`.
    scenario: String,
    /// A key of the scenario and its values: `parties.count=4,7,31`, `parties.weak_permille=0..400:100`, or two keys
    /// together, `parties.count+parties.validators=4,7`.
    #[arg(long, required = true)]
    vary: Vec<String>,
    /// Seeds, such as `1..10`.
    #[arg(long, default_value = "1..10")]
    seeds: String,
    /// The folder; a sweep that was interrupted goes on in it.
    #[arg(short, long)]
    out: PathBuf,
}

pub(super) fn act(arguments: &Arguments, out: &mut impl io::Write) -> Result<ExitCode, Failure> {
    let (_, text) = scenario(&arguments.scenario)?;
    let vary: Result<Vec<_>, _> = arguments
        .vary
        .iter()
        .map(|text| Variation::parse(text))
        .collect();
    let command = format!(
        "cites-sim sweep {} {} --seeds {}",
        arguments.scenario,
        arguments
            .vary
            .iter()
            .map(|one| format!("--vary {one}"))
            .collect::<Vec<_>>()
            .join(" "),
        arguments.seeds,
    );
    let plan = Plan {
        scenario: arguments.scenario.clone(),
        text,
        vary: vary?,
        seeds: ranges::seeds(&arguments.seeds)?,
        command,
    };
    let of = sweep::count(&plan)?;
    let progress = Progress::on_stderr(&arguments.scenario, Done { done: 0, of });
    let one = |scenario: &Scenario, seed: u64| {
        let run = Run {
            scenario: plan.scenario.clone(),
            seed,
            heights: scenario.heights,
            parties: scenario.parties.count,
            bug: Bug::None,
        };
        campaign::run(scenario, &run, |_| {}).map_err(|error| error.to_string())
    };
    let swept = sweep::sweep(&arguments.out, &plan, threads(), one, |number, _| {
        progress.run_ended(number);
    })?;
    progress.end();
    writeln!(
        out,
        "runs        {} made, {} kept from before",
        swept.made, swept.kept
    )?;
    writeln!(
        out,
        "table       {}",
        arguments.out.join("sweep.csv").display()
    )?;
    writeln!(
        out,
        "report      {}",
        arguments.out.join("sweep.html").display()
    )?;
    if swept.violations == 0 {
        writeln!(out, "result      every check held")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        out,
        "result      VIOLATION in {} runs: see the table",
        swept.violations
    )?;
    Ok(ExitCode::FAILURE)
}
