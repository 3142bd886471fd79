//! `cites-sim`: scenario and seeds → what became of them, a folder of results, and the command that repeats a failure.

mod command;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    match command::act(arguments.command, &mut io::stdout().lock()) {
        Ok(code) => code,
        Err(command::Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            // The reader has seen enough.
            ExitCode::SUCCESS
        }
        Err(failure) => {
            // Nothing is left to tell it to where this fails, too.
            drop(writeln!(io::stderr(), "error: {failure}"));
            ExitCode::from(2)
        }
    }
}
