//! The nodes of a world, whether they run or not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use consensus::guard::State;
use ledger::state::memory::{MemoryState, initial_changes};

use crate::adversary::Adversary;
use crate::clock::Clock;
use crate::disk::{Disk, OldCopy};
use crate::host::{Host, Manner};
use crate::moment::Moment;
use crate::parties::{NodeIndex, Parties, Seat};
use crate::random::{Purpose, Random};
use crate::report::Run;
use crate::scenario::{FaultKind, Scenario};

/// A node, whether it runs or not.
pub(super) struct Node {
    pub(super) index: NodeIndex,
    pub(super) disk: Disk,
    pub(super) clock: Clock,
    pub(super) manner: Manner,
    pub(super) adversary: Option<Adversary>,
    /// Counts the processes on this disk.
    pub(super) process: u32,
    /// Absent while the node is down.
    pub(super) host: Option<Host>,
    /// Whether it has not joined yet.
    pub(super) is_absent: bool,
    pub(super) paused_until: Option<Moment>,
    /// Until when it speaks the next version.
    pub(super) newer_until: Option<Moment>,
    /// Where the power fails: for how long, and by which fault.
    pub(super) falls_for: Option<(Duration, FaultKind)>,
    pub(super) old_copy: Option<OldCopy>,
    /// The version of its disk that the checker has seen.
    pub(super) looked_at: u64,
    pub(super) up_since: Moment,
    pub(super) up_for: Duration,
}

/// Every node, before it starts.
pub(super) fn nodes(
    scenario: &Scenario,
    parties: &Parties,
    run: &Run,
    mut dishonest: BTreeMap<NodeIndex, Option<Adversary>>,
) -> Vec<Node> {
    let (_, changes) = initial_changes(parties.genesis.initial_state());
    let mut genesis = MemoryState::default();
    genesis.apply(&changes);
    let genesis = Arc::new(genesis);
    let mut random = Random::new(run.seed, Purpose::Clocks);
    let mut node = |seat: &Seat| {
        let guard = State::new(parties.chain, &seat.voting.public());
        let most = scenario.clocks.offset_ms_max;
        let drawn = random.below(most.saturating_mul(2).saturating_add(1));
        let offset = |ms: u64| i64::try_from(ms).unwrap_or(0);
        let adversary = dishonest.remove(&seat.index);
        Node {
            index: seat.index,
            disk: Disk::new(&genesis, &guard, run.bug),
            clock: Clock {
                begins_at: scenario.begins_at(),
                offset_ms: offset(drawn).saturating_sub(offset(most)),
                drift_ppm: 0,
                drifts_since: Moment::default(),
            },
            manner: Manner {
                bug: run.bug,
                is_unguarded: matches!(adversary, Some(Some(_))),
                is_newer: false,
            },
            adversary: adversary.flatten(),
            process: 0,
            host: None,
            is_absent: false,
            paused_until: None,
            newer_until: None,
            falls_for: None,
            old_copy: None,
            looked_at: 0,
            up_since: Moment::default(),
            up_for: Duration::ZERO,
        }
    };
    parties.all_seats().map(&mut node).collect()
}
