//! Why a block is not acceptable, or not committed.

use ledger::party::{Height, PartyCode};
use ledger::quorum::QuorumError;
use ledger::state::ReadError;
use ledger::state::admission::Inadmissible;

/// Why a block is not acceptable: validators prevote nil.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// Made for another network.
    #[error("made for another network")]
    Chain,
    /// Not the height after the tip.
    #[error("height {found}, the tip is {tip}")]
    Height {
        /// The block's height.
        found: Height,
        /// The replica's tip.
        tip: Height,
    },
    /// Not a child of the tip.
    #[error("its parent is not the tip")]
    Parent,
    /// Not later than its parent.
    #[error("not later than its parent")]
    TimeNotLater,
    /// Too far ahead of this validator's clock.
    #[error("{0} ms ahead of our clock")]
    TimeAhead(u64),
    /// Too far behind this validator's clock.
    #[error("{0} ms behind our clock")]
    TimeBehind(u64),
    /// Names other validators than the state.
    #[error("names other validators than the state")]
    Validators,
    /// Its builder is not a validator of the height.
    #[error("its builder is not a validator")]
    Proposer,
    /// Carries no quorum for its parent, or one at height 1.
    #[error("carries no quorum for its parent")]
    CarriedQuorum,
    /// The carried quorum is not valid.
    #[error("the carried quorum is not valid: {0}")]
    CarriedQuorumInvalid(QuorumError),
    /// A record may not enter.
    #[error("record {index}: {error}")]
    Record {
        /// Its place in the block.
        index: usize,
        /// Why not.
        error: Inadmissible,
    },
    /// Too many refused records of one author.
    #[error("too many refused records of {0}")]
    TooManyRefused(PartyCode),
    /// Another state after it than ours.
    #[error("another state root")]
    StateRoot,
    /// Another log after it than ours.
    #[error("another log root or size")]
    LogRoot,
    /// Other validators after it than ours.
    #[error("another next validator set")]
    NextValidators,
}

/// Why a block was not accepted, or could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is not acceptable.
    #[error("invalid block: {0}")]
    Invalid(#[from] InvalidBlock),
    /// The state could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a block was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The block cannot follow the tip. With a valid quorum that is evidence of a fork: stop.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The quorum does not make it final.
    #[error("the quorum does not make the block final: {0}")]
    Quorum(#[from] QuorumError),
    /// The quorum is for another block.
    #[error("the quorum is for another block")]
    QuorumOfAnother,
    /// A validator set of the state cannot be read back: our own mistake, never another's.
    #[error("the state after the block holds no validator set")]
    NextValidators,
}
