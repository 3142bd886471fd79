//! `cites-node run`: the node of one Party, until it is asked to stop.

use std::future::Future;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use node::config::{Config, LogFormat};
use node::run::{Ended, RunError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::info;
use tracing_subscriber::EnvFilter;

use super::{Exit, Failure};

/// What is logged where `CITES_NODE_LOG` says nothing: this program's own words, others' warnings.
const LOG_USUAL: &str = "warn,node=info,arc_malachitebft_discovery=error,\
    arc_malachitebft_network=error,libp2p_gossipsub=error";

/// Arguments of `run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Folder of the node's keys and data.
    #[arg(long, env = "CITES_NODE_HOME")]
    home: PathBuf,
    /// Stop in good order when the standard input ends.
    #[arg(long)]
    stop_with_stdin: bool,
}

pub(crate) fn run(arguments: &Run) -> Result<(), Failure> {
    let config = load(&arguments.home)?;
    start_log(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, error, ""))?;
    let result = runtime.block_on(async {
        let stop = asked_to_stop(arguments.stop_with_stdin)?;
        node::run::run(config, stop).await.map_err(Failure::from)
    });
    // Threads that still wait for a disk or a peer do not delay the end.
    runtime.shutdown_background();
    match result? {
        Ended::Stopped => Ok(()),
        Ended::HeardLate => start_again(),
    }
}

/// Puts a fresh process in this one's place, with the same number, arguments and standard input: the engine
/// does not give its ports back while its process lives.
fn start_again() -> Result<(), Failure> {
    info!(
        "the other validators were heard late; this node starts again, to cast the votes it withheld"
    );
    let failed = |error| Failure::new(Exit::Failed, error, "start the node again");
    let program = std::env::current_exe().map_err(failed)?;
    Err(failed(
        Command::new(program)
            .args(std::env::args_os().skip(1))
            .exec(),
    ))
}

/// Reads `node.toml`; the environment goes before it.
pub(super) fn load(home: &Path) -> Result<Config, Failure> {
    Ok(Config::load(home, |name| std::env::var(name).ok())?)
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("CITES_NODE_LOG");
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(LOG_USUAL));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Done when the operator, the system or whoever started this process asks it to stop.
fn asked_to_stop(with_stdin: bool) -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure::new(Exit::Failed, error, "");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (ended, stdin_ended) = oneshot::channel();
    if with_stdin {
        std::thread::spawn(move || {
            let mut rest = [0; 64];
            while matches!(std::io::stdin().read(&mut rest), Ok(1..)) {}
            // The node may have stopped before.
            let _gone = ended.send(());
        });
    }
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            Ok(()) = stdin_ended => {}
        }
    })
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Config(error) => error.into(),
            RunError::Identity(error) => error.into(),
            RunError::UnknownParty(_)
            | RunError::UnknownNode { .. }
            | RunError::OtherVotingKey
            | RunError::NotAccepted(_) => {
                let hint = error.hint();
                Self::new(Exit::BadInput, error, hint)
            }
            RunError::PeerKey(_)
            | RunError::Lock(_)
            | RunError::Store(_)
            | RunError::Log(_)
            | RunError::Guard(_)
            | RunError::Listen { .. }
            | RunError::Engine(_)
            | RunError::Intake(_)
            | RunError::Gossip(_)
            | RunError::Application(_) => {
                let hint = error.hint();
                Self::new(Exit::Failed, error, hint)
            }
        }
    }
}
