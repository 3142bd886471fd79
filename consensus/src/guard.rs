//! The signer guard: what this node may still sign, so that it never contradicts itself.
//!
//! Malachite's write-ahead log can lose votes on a damaged disk. So before any vote or proposal is signed,
//! (height, round, stage, value) is written to a small file of our own and synced; a signature that would
//! contradict it, or go back behind it, is refused. A node that cannot trust its guard **observes**: it
//! follows and verifies but signs nothing until others have decided beyond anything it may have signed.
//!
//! What the guard cannot prevent: a key copied to a second host, and a whole disk rolled back within the
//! undecided height. Both show as equivocation evidence and cannot fork.
//!
//! This file decides; `node/src/guard.rs` reads and writes the bytes.

mod cast;
mod file;
mod rearm;
mod standing;

pub use cast::Cast;
pub use file::{BLANK, COPY_BYTES, COPY_OFFSETS, FILE_BYTES, Loaded, load, write_copies};
pub use rearm::{LogFound, Unsafe, rearmed};
pub use standing::{DecidedHeight, Local, LogMark, ObserveReason, Standing};

use core::fmt;

use ledger::digest::{BlockId, ChainId};
use ledger::key::PublicKey;
use ledger::party::Height;
use ledger::quorum::Round;
use minicbor::{Decode, Encode};

use crate::message::{Proposal, Vote};

/// What is signed within a round, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Stage {
    /// The proposal, and the header of its parts.
    #[n(1)]
    Propose,
    /// The prevote.
    #[n(2)]
    Prevote,
    /// The precommit.
    #[n(3)]
    Precommit,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Propose => "proposal",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
        })
    }
}

/// The newest thing signed at a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Mark {
    /// Round.
    #[n(0)]
    pub round: Round,
    /// Stage within the round.
    #[n(1)]
    pub stage: Stage,
    /// The block, or nil.
    #[n(2)]
    pub value: Option<BlockId>,
    /// Of a proposal: the earlier round it points to, if any. Another one is another proposal.
    #[n(3)]
    pub pol_round: Option<Round>,
}

impl Mark {
    const fn place(&self) -> (Round, Stage) {
        (self.round, self.stage)
    }
}

/// What somebody wants this node to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Request {
    /// Height.
    #[n(0)]
    pub height: Height,
    /// Round, stage and value.
    #[n(1)]
    pub mark: Mark,
}

impl From<&Vote> for Request {
    fn from(vote: &Vote) -> Self {
        let ballot = vote.ballot();
        let stage = match ballot.step {
            ledger::quorum::Step::Prevote => Stage::Prevote,
            ledger::quorum::Step::Precommit => Stage::Precommit,
        };
        Self {
            height: ballot.height,
            mark: Mark {
                round: ballot.round,
                stage,
                value: ballot.value,
                pol_round: None,
            },
        }
    }
}

impl From<&Proposal> for Request {
    fn from(proposal: &Proposal) -> Self {
        Self {
            height: proposal.height.0,
            mark: Mark {
                round: proposal.round,
                stage: Stage::Propose,
                value: Some(proposal.value.0),
                pol_round: proposal.pol_round,
            },
        }
    }
}

/// What the guard file says: nothing above `height`, `newest` was signed with `key` on `chain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// The chain.
    #[n(0)]
    pub chain: ChainId,
    /// The 32 bytes of the voting key it guards.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// Counts the writes, so that the newer of two copies is known.
    #[n(2)]
    pub sequence: u64,
    /// The height that may be signed; lower ones never again.
    #[n(3)]
    pub height: Height,
    /// The newest signature at `height`, if any.
    #[n(4)]
    pub newest: Option<Mark>,
    /// The newest proposal that was signed, at whatever height. Malachite signs a block's next vote while
    /// its parts are still being signed: the very same proposal may be signed again after that vote.
    #[n(5)]
    pub proposed: Option<Request>,
    /// The newest votes at `height`.
    #[n(6)]
    pub cast: Cast,
}

/// Whether to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Write and sync this state first, then sign.
    Sign(State),
    /// The very same was signed before: sign again, the bytes will be identical.
    Again,
    /// Do not sign.
    Refuse(Refusal),
}

/// Why the guard refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The guard cannot be trusted yet.
    #[error("this node observes until others have decided further heights: {0}")]
    Observing(ObserveReason),
    /// A height, round or stage that lies behind what was signed.
    #[error("the guard is at height {at} already")]
    Behind {
        /// Height of the guard.
        at: Height,
    },
    /// The same place with another value.
    #[error("another {stage} was signed at height {height}, round {round}")]
    Contradiction {
        /// Height.
        height: Height,
        /// Round.
        round: Round,
        /// Stage.
        stage: Stage,
    },
    /// The guard could not be written.
    #[error("the guard file could not be written")]
    NotWritten,
}

impl State {
    /// A guard for a key that has signed nothing yet: made by `genesis accept`, once the chain has a name.
    #[must_use]
    pub fn new(chain: ChainId, key: &PublicKey) -> Self {
        Self {
            chain,
            key: *key.as_bytes(),
            sequence: 1,
            height: Height(1),
            newest: None,
            proposed: None,
            cast: Cast::default(),
        }
    }

    /// Judges a request.
    #[must_use]
    pub fn permit(&self, request: &Request) -> Permission {
        let behind = Permission::Refuse(Refusal::Behind { at: self.height });
        if request.height < self.height {
            return behind;
        }
        if self.proposed.as_ref() == Some(request) || self.cast.holds(request) {
            return Permission::Again;
        }
        let newest = self.newest.filter(|_| request.height == self.height);
        if let Some(newest) = newest {
            if request.mark == newest {
                return Permission::Again;
            }
            if request.mark.place() == newest.place() {
                return Permission::Refuse(Refusal::Contradiction {
                    height: self.height,
                    round: newest.round,
                    stage: newest.stage,
                });
            }
            if request.mark.place() < newest.place() {
                return behind;
            }
        }
        let earlier = if request.height == self.height {
            self.cast
        } else {
            Cast::default()
        };
        Permission::Sign(Self {
            sequence: self.sequence.saturating_add(1),
            height: request.height,
            newest: Some(request.mark),
            proposed: match request.mark.stage {
                Stage::Propose => Some(*request),
                Stage::Prevote | Stage::Precommit => self.proposed,
            },
            cast: earlier.with(request),
            ..*self
        })
    }

    /// The state once `height` is decided; `None` where it is so already.
    #[must_use]
    pub fn after(&self, height: Height) -> Option<Self> {
        let next = height.next();
        (next > self.height).then_some(Self {
            sequence: self.sequence.saturating_add(1),
            height: next,
            newest: None,
            cast: Cast::default(),
            ..*self
        })
    }

    /// Whether this state lies before something that is known to be signed or begun.
    #[must_use]
    pub fn is_older_than(&self, log: &LogMark) -> bool {
        let place = |newest: &Option<Mark>| newest.as_ref().map(Mark::place);
        (self.height, place(&self.newest)) < (log.height, place(&log.newest))
    }
}

#[cfg(test)]
mod tests;
