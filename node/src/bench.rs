//! Measures a local network of four real nodes: closed-loop clients, queries, proofs, idling.
//!
//! Every node is a process of its own on loopback with its own disk; every vote and every block is synced
//! as always. Nothing is asserted about time: what comes out is one line of figures for each run, in the
//! shape in which the peers' figures are kept. Records are signed before the clock starts; the clients share
//! the machine with the nodes, and their CPU is told apart.

mod line;
mod load;
mod network;
mod proofs;
mod request;
mod sample;
mod supply;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::localnet::LocalnetError;
use line::{Measured, Settings};
use load::{Tally, Work};
use network::Network;
use sample::Sample;

/// Clients work this long before anything is counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// Proofs that are fetched to be checked here.
const PROOFS_CHECKED: usize = 200;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The `cites-node` program.
    pub program: PathBuf,
    /// Folder for the network; it must not be there yet.
    pub dir: PathBuf,
    /// Numbers of clients that submit records, one run for each.
    pub clients: Vec<usize>,
    /// Numbers of clients that ask, one run for each.
    pub askers: Vec<usize>,
    /// Length of each run.
    pub time: Duration,
    /// How long the idle network is watched.
    pub idle: Duration,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// There is no network, or a node of it failed.
    #[error(transparent)]
    Localnet(#[from] LocalnetError),
    /// A connection, a file of `/proc` or the report failed.
    #[error("{what}: {source}")]
    Io {
        /// What was done.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A node answered what it should not.
    #[error("{0}")]
    Answer(String),
    /// No randomness for keys.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// The sample permit or a record of it cannot be made.
    #[error("a record cannot be made: {0}")]
    Record(String),
}

impl BenchError {
    fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// Makes the network, measures it, and gives each run's line to `report`.
///
/// # Errors
/// [`BenchError`].
pub fn run(
    plan: &Plan,
    report: &mut dyn FnMut(&Value) -> io::Result<()>,
) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(BenchError::io("starting the clients"))?;
    let mut network = Network::start(plan)?;
    let mut bench = Bench {
        plan,
        network: &mut network,
        issued: Vec::new(),
        next: 0,
    };
    let done = runtime.block_on(bench.all(report));
    // A node that has ended explains whatever else went wrong.
    network.alive()?;
    done
}

struct Bench<'a> {
    plan: &'a Plan,
    network: &'a mut Network,
    /// Permits that earlier runs have issued.
    issued: Vec<u64>,
    /// The first permit that nobody has signed.
    next: u64,
}

impl Bench<'_> {
    async fn all(
        &mut self,
        report: &mut dyn FnMut(&Value) -> io::Result<()>,
    ) -> Result<(), BenchError> {
        self.network.settle().await?;
        let mut tell = |line: Value| report(&line).map_err(BenchError::io("writing the report"));
        tell(self.idle().await?)?;
        for &clients in &self.plan.clients {
            tell(self.register(clients).await?)?;
            self.network.settle().await?;
        }
        for &clients in &self.plan.askers {
            tell(self.ask("Query", "/v1/permits", clients).await?)?;
            tell(self.ask("Proof", "/v1/proofs/permits", clients).await?)?;
        }
        tell(self.check_proofs().await?)?;
        self.network.settle().await?;
        tell(self.idle().await?)
    }

    /// Clients that issue permits, each waiting until its record is final.
    async fn register(&mut self, clients: usize) -> Result<Value, BenchError> {
        let count = self.needed(clients);
        let supply = self.network.supply(self.next, count)?;
        self.next = self.next.saturating_add(count);
        let work = Arc::new(Work::submit(supply));
        let settings = self.settings("Register", clients, self.plan.time);
        let line = self.drive(settings, Arc::clone(&work)).await?;
        self.issued.extend(work.submitted());
        Ok(line)
    }

    /// Clients that ask for what the runs before have issued.
    async fn ask(
        &mut self,
        op: &'static str,
        route: &str,
        clients: usize,
    ) -> Result<Value, BenchError> {
        let paths = self.network.paths(route, &self.issued);
        let settings = self.settings(op, clients, self.plan.time);
        self.drive(settings, Arc::new(Work::ask(paths))).await
    }

    async fn check_proofs(&mut self) -> Result<Value, BenchError> {
        let paths = self.network.paths("/v1/proofs/permits", &self.issued);
        let address = self.network.addresses().first().copied();
        let address = address.ok_or_else(|| BenchError::Answer("no node".into()))?;
        let fetched = proofs::fetch(address, &paths, PROOFS_CHECKED).await?;
        let checked = proofs::check(self.network.genesis(), &fetched, self.plan.time)?;
        let settings = self.settings("ProofCheck", 1, self.plan.time);
        Ok(line::checked(&settings, &checked))
    }

    /// No clients at all.
    async fn idle(&mut self) -> Result<Value, BenchError> {
        let settings = self.settings("Idle", 0, self.plan.idle);
        let before = self.sample().await?;
        tokio::time::sleep(self.plan.idle).await;
        let after = self.sample().await?;
        Ok(line::measured(
            &settings,
            &Measured {
                before,
                after,
                tally: Tally::default(),
            },
        ))
    }

    /// Lets clients work, and counts what ends after the warm-up and before the end.
    async fn drive(&mut self, settings: Settings, work: Arc<Work>) -> Result<Value, BenchError> {
        let addresses = self.network.addresses();
        let crowd = load::Crowd::start(work, &addresses, settings.clients, WARM_UP, settings.time)
            .await
            .map_err(BenchError::io("connecting to a node"))?;
        crowd.warmed_up().await;
        let before = self.sample().await?;
        crowd.time_is_up().await;
        let after = self.sample().await?;
        let tally = crowd.tally().await;
        Ok(line::measured(
            &settings,
            &Measured {
                before,
                after,
                tally,
            },
        ))
    }

    async fn sample(&mut self) -> Result<Sample, BenchError> {
        let status = self.network.status().await?;
        Sample::take(&self.network.processes(), status)
    }

    fn settings(&self, op: &'static str, clients: usize, time: Duration) -> Settings {
        Settings { op, clients, time }
    }

    /// More records than that many clients can submit in a run; signing them costs more than it takes.
    fn needed(&self, clients: usize) -> u64 {
        let rate_max: u64 = match clients {
            0..=3 => 600,
            4..=31 => 4_000,
            _ => 12_000,
        };
        let time = WARM_UP.saturating_add(self.plan.time).as_secs();
        rate_max.saturating_mul(time.saturating_add(1))
    }
}
