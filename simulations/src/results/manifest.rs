//! `manifest.json`: what a folder of results came from. No number of it depends on a clock or a machine.

use ledger::digest::sha256;
use serde::{Deserialize, Serialize};

use super::RunResult;
use super::campaign::Campaign;

/// Version of the layout of a folder; a program reads only its own.
pub const LAYOUT: u32 = 1;

/// What a folder came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub layout: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of `scenario.toml`.
    pub scenario_sha256: String,
    /// The command that makes it again.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Commit of the program.
    pub commit: String,
    /// Heights that every node had to decide.
    pub heights: u64,
    /// Parties of the main runs.
    pub parties: u16,
    /// Validators of the main runs.
    pub validators: u16,
    /// Seeds of the main runs.
    pub seeds: Vec<u64>,
    /// Number of main runs.
    pub runs: usize,
    /// Sizes of the other runs.
    pub also_parties: Vec<u16>,
    /// Number of runs of other sizes.
    pub also_runs: usize,
    /// Runs in which a check failed.
    pub violations: usize,
    /// Each run with its trace, in the order of `runs.csv`.
    pub traces: Vec<Trace>,
}

/// A run and the digest of its trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Number of the run in every table.
    pub run: u64,
    /// Parties in it.
    pub parties: u16,
    /// Its seed.
    pub seed: u64,
    /// SHA-256 of every event, in order, with its bytes.
    pub trace: String,
}

impl Manifest {
    /// Of a campaign.
    #[must_use]
    pub fn of(campaign: &Campaign) -> Self {
        let main = campaign.runs.first();
        let mut also_parties: Vec<u16> = campaign.also.iter().map(|run| run.parties).collect();
        also_parties.sort_unstable();
        also_parties.dedup();
        Self {
            layout: LAYOUT,
            scenario: campaign.scenario.clone(),
            scenario_sha256: digest(&campaign.text),
            command: campaign.command.clone(),
            version: campaign.version.clone(),
            commit: campaign.commit.clone(),
            heights: main.map_or(0, |result| result.run.heights),
            parties: main.map_or(0, |result| result.parties),
            validators: main.map_or(0, |result| result.validators),
            seeds: campaign.seeds(),
            runs: campaign.runs.len(),
            also_parties,
            also_runs: campaign.also.len(),
            violations: campaign
                .all()
                .filter(|(_, r)| r.violation.is_some())
                .count(),
            traces: campaign.all().map(trace).collect(),
        }
    }
}

fn trace((run, result): (u64, &RunResult)) -> Trace {
    Trace {
        run,
        parties: result.parties,
        seed: result.run.seed,
        trace: result.trace.to_string(),
    }
}

/// SHA-256 of a text, in hexadecimal digits.
#[must_use]
pub fn digest(text: &str) -> String {
    sha256(text.as_bytes()).to_string()
}
