//! `cites-sim`: scenario and seed → report, and the command that repeats it.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use simulations::report::Run;
use simulations::scenario::Scenario;
use simulations::world::World;
use simulations::world::sabotage::Sabotage;

/// Simulates networks of the permit ledger: the same seed, the same run, to the byte.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the scenarios.
    List,
    /// Runs a scenario; exit code 0 only if every check held.
    Run {
        /// Name of the scenario, as `list` shows it, or a file that ends in `.toml`.
        scenario: String,
        /// Everything that chance decides.
        #[arg(long)]
        seed: u64,
        /// Heights that every node must decide.
        #[arg(long)]
        heights: Option<u64>,
        /// Breaks a rule on purpose, to see the checkers find it.
        #[arg(long, value_enum, default_value_t)]
        sabotage: Sabotage,
        /// Prints every event.
        #[arg(long)]
        trace: bool,
    },
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match act(Arguments::parse().command, &mut out) {
        Ok(code) => code,
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to where this fails, too.
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::from(2)
        }
    }
}

fn act(command: Command, out: &mut impl io::Write) -> io::Result<ExitCode> {
    match command {
        Command::List => {
            for name in Scenario::names() {
                let scenario = Scenario::included(name).map_err(io::Error::other)?;
                writeln!(out, "{name:<12}{}", scenario.about)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Run {
            scenario: name,
            seed,
            heights,
            sabotage,
            trace,
        } => {
            let mut scenario = scenario_of(&name)?;
            scenario.heights = heights.unwrap_or(scenario.heights);
            scenario.check().map_err(io::Error::other)?;
            let run = Run {
                scenario: name,
                seed,
                heights: scenario.heights,
                sabotage,
            };
            let mut world = World::new(scenario, run).map_err(io::Error::other)?;
            let report = world.run(|line| {
                if trace {
                    writeln!(out, "{line}")
                } else {
                    Ok(())
                }
            })?;
            write!(out, "{report}")?;
            Ok(match report.violation {
                None => ExitCode::SUCCESS,
                Some(_) => ExitCode::FAILURE,
            })
        }
    }
}

fn scenario_of(name: &str) -> io::Result<Scenario> {
    let scenario = if name.ends_with(".toml") {
        let read = fs::read_to_string(name);
        let text = read.map_err(|e| io::Error::new(e.kind(), format!("`{name}`: {e}")))?;
        Scenario::parse(&text)
    } else {
        Scenario::included(name)
    };
    scenario.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_a_report_is_one_that_this_program_takes() {
        for sabotage in [Sabotage::None, Sabotage::WeakQuorum] {
            let run = Run {
                scenario: "calm".into(),
                seed: 12,
                heights: 9,
                sabotage,
            };
            let arguments = Arguments::try_parse_from(run.command().split(' ')).unwrap();
            let Command::Run {
                scenario,
                seed,
                heights,
                sabotage: taken,
                ..
            } = arguments.command
            else {
                panic!("{}", run.command());
            };
            assert_eq!((scenario.as_str(), seed, heights), ("calm", 12, Some(9)));
            assert_eq!(taken, sabotage);
        }
    }

    #[test]
    fn list_names_every_scenario() {
        let mut out = Vec::new();
        act(Command::List, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(Scenario::names().all(|name| out.contains(name)));
    }
}
