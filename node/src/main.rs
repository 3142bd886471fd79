//! `cites-node`: arguments → one command → exit code.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod command;

use command::{genesis, init};

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
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let result = match Arguments::parse().command {
        Command::Init(init) => init::run(&init, &mut out),
        Command::Genesis(act) => genesis::run(&act, &mut out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&mut io::stderr()),
    }
}
