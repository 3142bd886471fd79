//! What an audit finds: the check that failed, its height, and what was expected.

use crate::block::BlockError;
use crate::digest::{BlockId, ChainId, LogRoot, StateRoot, ValidatorsDigest};
use crate::party::{Height, PartyCode};
use crate::quorum::QuorumError;
use crate::state::ReadError;
use crate::state::admission::Inadmissible;
use crate::time::Timestamp;

/// A check that failed, at the height of the block that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {height}: {fault}")]
pub struct AuditError {
    /// The block; for a quorum the block that it should make final, not the one that carries it.
    pub height: Height,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a block of a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are no block.
    #[error("it is no well-formed block: {0}")]
    Malformed(BlockError),
    /// It belongs to another network.
    #[error("it belongs to network {found}, not to {expected}")]
    Chain {
        /// As the header says.
        found: ChainId,
        /// As genesis says.
        expected: ChainId,
    },
    /// It stands at another height.
    #[error("its header says height {found}")]
    Height {
        /// As the header says.
        found: Height,
    },
    /// It follows another block.
    #[error("it follows block {found}, but the block before it is {expected}")]
    Parent {
        /// As the header says.
        found: BlockId,
        /// Id of the block before.
        expected: BlockId,
    },
    /// Not later than the block before.
    #[error("its time {found} is not later than {parent}, the time of the block before")]
    Time {
        /// As the header says.
        found: Timestamp,
        /// Of the block before.
        parent: Timestamp,
    },
    /// It names other validators than those who decide its height, or the next.
    #[error("it names validators {found} for {}, the state says {expected}", if *.next { "the next height" } else { "its height" })]
    Validators {
        /// As the header says.
        found: ValidatorsDigest,
        /// As the state says.
        expected: ValidatorsDigest,
        /// Whether it is about those of the next height.
        next: bool,
    },
    /// Its builder is not a validator.
    #[error("its builder is not a validator of its height")]
    Proposer,
    /// There is no quorum for it where one should be.
    #[error("there is no quorum for it")]
    NoQuorum,
    /// Block 1 carries a quorum, or the quorum is not what the next header names.
    #[error("the quorum that the next block carries is not the one its header names")]
    QuorumNotNamed,
    /// The quorum is for another block.
    #[error("the quorum is for block {found} at height {height}, not for {expected}")]
    QuorumOfAnother {
        /// The height it names.
        height: Height,
        /// The block it names.
        found: BlockId,
        /// The block it should name.
        expected: BlockId,
    },
    /// The quorum does not make it final.
    #[error("its quorum: {error}{}", .party.map(|party| alloc::format!(" (validator of {party})")).unwrap_or_default())]
    Quorum {
        /// Why not.
        error: QuorumError,
        /// Whose signature it is about.
        party: Option<PartyCode>,
    },
    /// A record may not be in it.
    #[error("record {index}, by {author}: {error}")]
    Record {
        /// Its place in the block, from 0.
        index: usize,
        /// Who is said to have made it.
        author: PartyCode,
        /// Why not.
        error: Inadmissible,
    },
    /// Too many refused records of one Party.
    #[error("too many refused records of {0}")]
    TooManyRefused(PartyCode),
    /// Its records lead to another state.
    #[error("its header says state root {found}, its records lead to {expected}")]
    StateRoot {
        /// As the header says.
        found: StateRoot,
        /// As executed.
        expected: StateRoot,
    },
    /// Its records lead to another log.
    #[error(
        "its header says log root {found} of {found_size} records, its records lead to {expected} of {expected_size}"
    )]
    LogRoot {
        /// As the header says.
        found: LogRoot,
        /// Leaves, as the header says.
        found_size: u64,
        /// As executed.
        expected: LogRoot,
        /// Leaves, as executed.
        expected_size: u64,
    },
    /// The auditor's own state cannot be read: a fault of the tool or of genesis, never of the chain.
    #[error("the auditor's state cannot be read: {0}")]
    State(ReadError),
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(BlockError::Record { .. }) => "BAD_RECORD",
            Self::Malformed(_) => "BAD_BLOCK",
            Self::Chain { .. } => "WRONG_CHAIN",
            Self::Height { .. } | Self::Parent { .. } => "BROKEN_LINK",
            Self::Time { .. } => "BAD_TIME",
            Self::Validators { .. } | Self::Proposer => "BAD_VALIDATORS",
            Self::NoQuorum
            | Self::QuorumNotNamed
            | Self::QuorumOfAnother { .. }
            | Self::Quorum { .. } => "BAD_QUORUM",
            Self::Record {
                error: Inadmissible::BadSignature,
                ..
            } => "BAD_SIGNATURE",
            Self::Record { .. } | Self::TooManyRefused(_) => "INADMISSIBLE",
            Self::StateRoot { .. } => "BAD_STATE_ROOT",
            Self::LogRoot { .. } => "BAD_LOG_ROOT",
            Self::State(_) => "AUDITOR",
        }
    }
}
