//! `cites`: the command line of management authorities, customs and auditors. Arguments → command → exit code.

mod arguments;
mod catalogue;
mod client;
mod command;
mod desk;
mod evidence;
mod exit;
mod failure;
mod files;
mod keys;
mod office;
mod print;
mod qr;
mod queue;
mod reference;
mod sealed;
mod submit;
mod trust;

use std::process::ExitCode;

use clap::Parser as _;
use serde_json::Value;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, out, talk};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let flags = arguments.common.clone();
    let outcome = Desk::new(flags.clone()).and_then(|desk| command::run(arguments.command, &desk));
    let (exit, written) = match outcome {
        Ok(answer) => (answer.exit, tell(&answer, &flags)),
        Err(failure) => (failure.exit(), complain(&failure, &flags)),
    };
    match written {
        Ok(()) => ExitCode::from(exit.code()),
        Err(error) => {
            talk(&format!("error: cannot write the answer: {error}\n"));
            // A verdict that nobody could read must not look like a good one; a bad one stays what it is.
            ExitCode::from(if exit == Exit::Done {
                Exit::Failed.code()
            } else {
                exit.code()
            })
        }
    }
}

fn tell(answer: &Answer, flags: &arguments::Common) -> std::io::Result<()> {
    if !flags.quiet {
        for warning in &answer.warnings {
            talk(&format!("warning: {}\n", print::plain(warning)));
        }
    }
    if flags.json {
        return object(&Value::Object(answer.json.clone()));
    }
    out(&answer.page.render(flags.color, flags.quiet))
}

fn complain(failure: &Failure, flags: &arguments::Common) -> std::io::Result<()> {
    talk(&failure.lines());
    if flags.json {
        return object(&failure.json());
    }
    Ok(())
}

fn object(value: &Value) -> std::io::Result<()> {
    out(&format!("{value}\n"))
}

/// clap's own words and its exit code 2; with `--json` there is an object all the same.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when the terminal is gone; the exit code still says it.
    let _gone = error.print();
    let is_wrong = error.use_stderr();
    if !is_wrong {
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let said: Vec<&str> = text
            .lines()
            .take_while(|line| !line.is_empty())
            .map(str::trim)
            .collect();
        let said = said.join(" ");
        let first = said.trim_start_matches("error: ");
        let _gone = object(&Failure::new(Exit::Usage, first).code("USAGE").json());
    }
    ExitCode::from(Exit::Usage.code())
}
