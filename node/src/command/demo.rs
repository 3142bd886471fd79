//! `cites-node demo`: the main job on four nodes of this machine; exits 0 only if all went as expected.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use node::demo::{DemoError, Options, Stage};

use super::localnet::{tell, wait_for_end};
use super::{Exit, Failure};

/// Arguments of `demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Demo {
    /// Leave the network up afterwards, and say what to try next.
    #[arg(long)]
    keep: bool,
    /// Folder for everything; an earlier demonstration's is replaced.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    out: PathBuf,
    /// Language of the verdicts.
    #[arg(long, default_value = "en", value_parser = PossibleValuesParser::new(["en", "fr", "es"]))]
    lang: String,
}

/// Plays the whole story. Its processes end with it, however it ends.
pub(crate) fn run(arguments: &Demo, out: &mut impl Write) -> Result<(), Failure> {
    let options = Options {
        out: arguments.out.clone(),
        language: arguments.lang.clone(),
    };
    let mut stage = Stage::set(&options, out)?;
    if let Err(error) = stage.play(out) {
        for node in stage.localnet().nodes() {
            writeln!(out, "\n{}", node.failed("said last"))?;
        }
        return Err(error.into());
    }
    if !arguments.keep {
        let dir = arguments.out.display();
        writeln!(
            out,
            "Look: {dir}/papers, {dir}/nodes   Next: run again with --keep"
        )?;
        return Ok(());
    }
    stage.localnet().bring_up()?;
    writeln!(out)?;
    let desks = stage.desks().to_vec();
    tell(stage.localnet(), &desks, out)?;
    let localnet = stage.localnet();
    wait_for_end();
    localnet.stop()?;
    Ok(())
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Localnet(error) => error.into(),
            DemoError::Occupied(_) => Self::new(
                Exit::Usage,
                error,
                "name another folder with --out, or remove it",
            ),
            DemoError::Unexpected(_) | DemoError::Sample(_) | DemoError::Output(_) => {
                Self::new(Exit::Failed, error, "")
            }
        }
    }
}
