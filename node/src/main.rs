//! `cites-node`: arguments → one command → exit code.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod command;

use command::{bench, demo, genesis, guard, init, localnet, run, status};

/// One Party's node of the CITES permit ledger.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the keys and files of a node, on the machine where it will run.
    Init(init::Init),
    /// The ceremony in which all Parties agree on the beginning.
    #[command(subcommand)]
    Genesis(genesis::Act),
    /// Run the node until it is asked to stop.
    Run(run::Run),
    /// Ask the running node how it is.
    Status(status::Status),
    /// What keeps the voting key from signing twice: look at it, or re-arm it after a loss.
    #[command(subcommand)]
    Guard(guard::Act),
    /// Several Parties on this machine, with fresh keys, until it is stopped.
    Localnet(localnet::LocalnetArguments),
    /// The main job on four nodes of this machine, and every attempt to cheat.
    Demo(demo::Demo),
    /// Measure four nodes on this machine: records, queries, proofs, idling.
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let result = match Arguments::parse().command {
        Command::Init(init) => init::run(&init, &mut out),
        Command::Genesis(act) => genesis::run(&act, &mut out),
        Command::Run(run) => run::run(&run),
        Command::Status(status) => status::run(&status, &mut out),
        Command::Guard(act) => guard::run(&act, &mut out),
        Command::Localnet(arguments) => localnet::run(&arguments, &mut out),
        Command::Demo(demo) => demo::run(&demo, &mut out),
        Command::Bench(bench) => bench::run(&bench, &mut out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&mut io::stderr()),
    }
}
