//! `report`: the report of a folder, anew from its tables.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use simulations::results::{folder, read};

use super::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A folder that `run` has written.
    folder: PathBuf,
}

pub(super) fn act(arguments: &Arguments, out: &mut impl io::Write) -> Result<ExitCode, Failure> {
    let campaign = read::read(&arguments.folder)?;
    folder::write_report(&arguments.folder, &campaign)?;
    writeln!(
        out,
        "report      {}",
        arguments.folder.join("report.html").display()
    )?;
    Ok(ExitCode::SUCCESS)
}
