//! The commands of `cites-sim`. Exit codes: 0 every check held, 1 one did not, 2 it could not be tried.

mod list;
mod replay;
mod report;
mod run;
mod summary;
mod sweep;

use std::fs;
use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use simulations::campaign::CampaignError;
use simulations::results::folder::FolderError;
use simulations::scenario::{Scenario, ScenarioError, included};
use simulations::sweep::SweepError;

/// Simulates whole networks of the permit ledger: the production code, the same seed, the same run, to the byte.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 every check held, 1 one did not, 2 it could not be tried."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the scenarios.
    List,
    /// Runs a scenario with one seed or many, and writes a folder with tables and a report.
    Run(run::Arguments),
    /// Varies values of a scenario over ranges; goes on where it was interrupted.
    Sweep(sweep::Arguments),
    /// Repeats one run; with `--explain` tells the story that led to its end.
    Replay(replay::Arguments),
    /// Writes the report of a folder anew from its tables.
    Report(report::Arguments),
}

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The output could not be written.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// A file could not be read.
    #[error("`{0}`: {1}")]
    File(String, io::Error),
    /// No such scenario.
    #[error("{0}")]
    Scenario(#[from] ScenarioError),
    /// A bug that was not built in.
    #[error("{0}")]
    Bug(#[from] simulations::bug::NotBuilt),
    /// A run gave no result.
    #[error("{0}")]
    Campaign(#[from] CampaignError),
    /// The folder of results.
    #[error("{0}")]
    Folder(#[from] FolderError),
    /// The sweep.
    #[error("{0}")]
    Sweep(#[from] SweepError),
}

pub(crate) fn act(command: Command, out: &mut impl io::Write) -> Result<ExitCode, Failure> {
    match command {
        Command::List => list::act(out),
        Command::Run(arguments) => run::act(&arguments, out),
        Command::Sweep(arguments) => sweep::act(&arguments, out),
        Command::Replay(arguments) => replay::act(&arguments, out),
        Command::Report(arguments) => report::act(&arguments, out),
    }
}

/// The scenario of this name, or in this file, and its text.
fn scenario(name: &str) -> Result<(Scenario, String), Failure> {
    let text = if name.ends_with(".toml") {
        fs::read_to_string(name).map_err(|error| Failure::File(name.into(), error))?
    } else {
        included::text(name)?.to_owned()
    };
    Ok((Scenario::parse(&text)?, text))
}

/// Threads that runs may use.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
