//! `cites-node bench`: measure four real nodes on this machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use node::bench::{self, BenchError, Plan};
use serde_json::Value;

use super::{Exit, Failure};

/// What to measure; one JSON line comes out for each run.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Clients that submit records, one run for each number.
    #[arg(long, value_delimiter = ',', default_value = "1,16,256,1024")]
    clients: Vec<usize>,
    /// Clients that ask for permits and proofs, one run for each number.
    #[arg(long, value_delimiter = ',', default_value = "1,16,256")]
    askers: Vec<usize>,
    /// Length of each run.
    #[arg(long, default_value_t = 8, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// How long the idle network is watched.
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    idle_seconds: u64,
    /// Add the lines to this file instead of printing them.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder for the network, on the disk that is to be measured; removed afterwards.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Most connections that a node takes.
const CLIENTS_MAX: usize = 4_096;

pub(crate) fn run(bench: &Bench, out: &mut impl Write) -> Result<(), Failure> {
    let clients = bench.clients.iter().chain(&bench.askers);
    if let Some(wrong) = clients.copied().find(|n| !(1..=CLIENTS_MAX).contains(n)) {
        let error = format!("`{wrong}` clients");
        return Err(Failure::new(
            Exit::Usage,
            error,
            format!("1 to {CLIENTS_MAX}"),
        ));
    }
    let dir = bench.dir.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("cites-bench-{}", std::process::id()))
    });
    if dir.exists() {
        let error = format!("`{}` exists", dir.display());
        let hint = "name a folder that does not exist yet; it is removed afterwards";
        return Err(Failure::new(Exit::Usage, error, hint));
    }
    let plan = Plan {
        program: std::env::current_exe()?,
        dir: dir.clone(),
        clients: bench.clients.clone(),
        askers: bench.askers.clone(),
        time: Duration::from_secs(bench.seconds),
        idle: Duration::from_secs(bench.idle_seconds),
    };
    let done = match &bench.out {
        None => bench::run(&plan, &mut |line| writeln!(out, "{line}")),
        Some(path) => {
            let mut file = File::options().create(true).append(true).open(path)?;
            bench::run(&plan, &mut |line| {
                writeln!(file, "{line}")?;
                summary(line, out)
            })
        }
    };
    // What is left of a failed run explains it.
    if done.is_ok() {
        fs::remove_dir_all(&dir)?;
    }
    Ok(done?)
}

fn summary(line: &Value, out: &mut impl Write) -> io::Result<()> {
    let number = |name: &str| line.get(name).and_then(Value::as_f64).unwrap_or_default();
    let op = line.get("op").and_then(Value::as_str).unwrap_or_default();
    writeln!(
        out,
        "{op} by {}: {:.1}/s, p50 {:.3} ms, p99 {:.3} ms, {:.4} ms CPU each, {} errors",
        number("clients"),
        number("per_s"),
        number("p50_ms"),
        number("p99_ms"),
        number("server_cpu_ms_per_op"),
        number("err"),
    )
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        let hint = match error {
            BenchError::Localnet(error) => return error.into(),
            BenchError::Io { .. } | BenchError::Answer(_) => {
                "look at the nodes' logs in the folder of the network, and at the limit of open files"
            }
            BenchError::Randomness | BenchError::Record(_) => "",
        };
        Self::new(Exit::Failed, error, hint)
    }
}
