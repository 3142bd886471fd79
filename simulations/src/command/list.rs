//! `list`: the scenarios that come with the program.

use std::io;
use std::process::ExitCode;

use simulations::scenario::{Scenario, included};

use super::Failure;

pub(super) fn act(out: &mut impl io::Write) -> Result<ExitCode, Failure> {
    for name in included::names() {
        let scenario = Scenario::included(name)?;
        writeln!(out, "{name:<23} {}", scenario.about)?;
    }
    Ok(ExitCode::SUCCESS)
}
