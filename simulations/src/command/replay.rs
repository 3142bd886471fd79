//! `replay`: one run again, and the story that led to its end.

use std::io;
use std::process::ExitCode;

use clap::Args;
use simulations::bug::Bug;
use simulations::campaign::CampaignError;
use simulations::report::Run;
use simulations::world::World;

use super::{Failure, scenario, summary};

/// Lines of the story that are told.
const LINES_MAX: usize = 60;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the scenario, as `list` shows it, or a file that ends in `.toml`.
    scenario: String,
    /// Everything that chance decides.
    #[arg(long)]
    seed: u64,
    /// Heights that every node must decide.
    #[arg(long)]
    heights: Option<u64>,
    /// Parties, where it was run with other than the scenario's.
    #[arg(long)]
    parties: Option<u16>,
    /// What was broken on purpose.
    #[arg(long, value_enum, default_value_t)]
    bug: Bug,
    /// Tells what led to the end, the last lines of it.
    #[arg(long)]
    explain: bool,
    /// Lines of the story.
    #[arg(long, default_value_t = LINES_MAX)]
    lines: usize,
}

pub(super) fn act(arguments: &Arguments, out: &mut impl io::Write) -> Result<ExitCode, Failure> {
    let (mut scenario, _) = scenario(&arguments.scenario)?;
    if let Some(count) = arguments.parties {
        scenario = scenario.with_parties(count);
    }
    scenario.heights = arguments.heights.unwrap_or(scenario.heights);
    scenario.check()?;
    let run = Run {
        scenario: arguments.scenario.clone(),
        seed: arguments.seed,
        heights: scenario.heights,
        parties: scenario.parties.count,
        bug: arguments.bug,
    };
    let _planted = arguments.bug.plant()?;
    let mut world =
        World::new(scenario, run).map_err(|error| CampaignError::SetUp(error.to_string()))?;
    if arguments.explain {
        world.remember(arguments.lines);
    }
    let result = world.run(|_| {});
    if arguments.explain {
        writeln!(out, "seconds     what      where")?;
        for line in world.story().lines() {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    summary::one(&result, out)?;
    Ok(match result.violation {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    })
}
