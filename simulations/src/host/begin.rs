//! What a process begins with: the tip of its store, and the thresholds of consensus.

use std::sync::Arc;

use consensus::replica::Tip;
use malachitebft_core_types::{ThresholdParam, ThresholdParams};

use crate::bug::Bug;
use crate::disk::Disk;
use crate::parties::Parties;

/// More than 2/3, unless it is broken on purpose.
pub(super) fn thresholds(bug: Bug) -> ThresholdParams {
    let default = ThresholdParams::default();
    // Two thirds are too few only where the ledger's own check says so too.
    if matches!(bug, Bug::WeakQuorum | Bug::TwoThirds) {
        let quorum = ThresholdParam::new(1, 2);
        return ThresholdParams { quorum, ..default };
    }
    default
}

/// The newest decided block on the disk, or genesis.
pub(crate) fn stored_tip(disk: &Disk, parties: &Parties) -> Result<Tip, String> {
    let state = disk.state();
    let validators = ledger::state::validators(&*state).map_err(|error| error.to_string())?;
    Ok(match disk.tip() {
        Some(decided) => Tip::decided(
            decided.block.header().clone(),
            decided.quorum.clone(),
            Arc::clone(&decided.decided_by),
            Arc::new(validators),
        ),
        None => {
            let entries = parties.genesis.initial_state();
            let (root, _) = ledger::state::memory::initial_changes(entries);
            Tip::genesis(root, validators)
        }
    })
}
