//! What a run tells researchers: rows of numbers, the same for the same seed, to the byte.
//!
//! Times are whole milliseconds of virtual time since the run began.

// One table after the other, then the folder that holds them.
pub mod campaign;
pub mod csv;
pub mod folder;
pub mod manifest;
pub mod read;
pub mod rows;
pub mod runs;
#[cfg(test)]
pub(crate) mod synthetic;

use std::collections::BTreeMap;

use ledger::digest::Digest;

use crate::region::{Line, Region};
use crate::report::Run;

/// Everything about one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// The run.
    pub run: Run,
    /// Parties that took part.
    pub parties: u16,
    /// Validators among them.
    pub validators: u16,
    /// What went wrong, if anything.
    pub violation: Option<String>,
    /// Digest of the trace.
    pub trace: Digest,
    /// Events that happened.
    pub events: u64,
    /// Virtual time that passed.
    pub lasted_ms: u64,
    /// Heights decided.
    pub height: u64,
    /// Each decided block.
    pub blocks: Vec<BlockRow>,
    /// Each record of the workload.
    pub acts: Vec<ActRow>,
    /// Each node.
    pub nodes: Vec<NodeRow>,
    /// Each time the network was split.
    pub splits: Vec<SplitRow>,
    /// What happened, for people: faults, recoveries, refusals.
    pub events_told: Vec<EventRow>,
    /// How often each fault, recovery, refusal and adversary was really at work.
    pub counters: BTreeMap<String, u64>,
}

/// A decided block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Height.
    pub height: u64,
    /// Round in which it was decided.
    pub round: u32,
    /// Code of the Party whose node built it.
    pub proposer: String,
    /// Records in it.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
    /// When the first node had decided it.
    pub decided_first_ms: u64,
    /// When half of the Parties' nodes had it.
    pub decided_half_ms: Option<u64>,
    /// When all of the Parties' nodes had it.
    pub decided_all_ms: Option<u64>,
}

/// A record of the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActRow {
    /// Number of the permit within the run.
    pub permit: u64,
    /// What is stated: `issue`, `endorse`, …
    pub deed: &'static str,
    /// Code of the Party that states it.
    pub party: String,
    /// Its region.
    pub region: Region,
    /// Its line.
    pub line: Line,
    /// The fraud that this act belongs to, if any.
    pub fraud: Option<&'static str>,
    /// When it was handed in.
    pub handed_in_ms: u64,
    /// When its own node called it durable.
    pub acknowledged_ms: Option<u64>,
    /// When its own node had it in a decided block.
    pub final_ms: Option<u64>,
    /// When half of the Parties' nodes had it.
    pub known_50_ms: Option<u64>,
    /// When 95 of 100 had it.
    pub known_95_ms: Option<u64>,
    /// When all had it.
    pub known_100_ms: Option<u64>,
    /// `applied`, a reason code, or nothing where it was not decided.
    pub outcome: Option<String>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Code of its Party; twins have a `'`.
    pub node: String,
    /// Its region.
    pub region: Region,
    /// Its line.
    pub line: Line,
    /// Whether it votes.
    pub is_validator: bool,
    /// Whether it is dishonest.
    pub is_dishonest: bool,
    /// Bytes it sent.
    pub sent_bytes: u64,
    /// Bytes that reached it.
    pub received_bytes: u64,
    /// Time it was up and connected.
    pub up_ms: u64,
    /// Its height at the end.
    pub height: u64,
}

/// A split of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitRow {
    /// Kind of fault.
    pub kind: &'static str,
    /// Nodes on the smaller side.
    pub nodes: u64,
    /// When it began.
    pub began_ms: u64,
    /// When the lines were whole again.
    pub healed_ms: Option<u64>,
    /// When the first block after that was decided.
    pub decided_ms: Option<u64>,
    /// When all nodes that were up had the highest block of the moment of healing.
    pub level_ms: Option<u64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// When.
    pub at_ms: u64,
    /// What sort: `fault`, `healed`, `crash`, `restart`, `refused`, `evidence`, `observer`, …
    pub kind: &'static str,
    /// Where, if at one node.
    pub node: Option<String>,
    /// In words.
    pub what: String,
}
