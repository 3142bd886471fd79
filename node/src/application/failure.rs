//! Why a node has to stop: none of these mends itself.

use consensus::replica::CommitError;
use ledger::digest::BlockId;
use ledger::party::Height;
use ledger::state::ReadError;

use crate::store::StoreError;

/// Why the application stops.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The validators decided what this replica cannot commit.
    #[error("height {height} was decided, but cannot be committed: {error}")]
    Commit {
        /// The height.
        height: Height,
        /// Why not.
        error: CommitError,
    },
    /// The validators decided two blocks at one height.
    #[error("height {height} was decided twice: {stored} is stored, {decided} has a quorum now")]
    Contradiction {
        /// The height.
        height: Height,
        /// The block in the store.
        stored: BlockId,
        /// The block decided now.
        decided: BlockId,
    },
    /// Malachite decided a block that this node never accepted.
    #[error("height {height}: the decided block {block} is not here")]
    Missing {
        /// The height.
        height: Height,
        /// The block.
        block: BlockId,
    },
    /// No validator set for a height.
    #[error("no validator set is known")]
    Validators,
    /// The signer guard could not be written.
    #[error("the signer guard could not be written")]
    Guard,
    /// Malachite's engine ended.
    #[error("the consensus engine stopped")]
    EngineStopped,
}

impl ApplicationError {
    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Store(error) => error.hint(),
            Self::Read(_) | Self::Guard => {
                "check the disk's space, health and permissions, then start the node again"
            }
            Self::Commit { .. } | Self::Contradiction { .. } | Self::Missing { .. } => {
                "stop this node, keep its folder and report it: this must never happen"
            }
            Self::Validators => "check the genesis file",
            Self::EngineStopped => "see the log for the reason, then start the node again",
        }
    }
}
