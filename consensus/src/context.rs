//! Ties our types to Malachite's `Context`, for one chain.

use core::fmt;

use ledger::digest::{BlockId, ChainId};
use ledger::key::{PublicKey, SecretKey, Signature};
use malachitebft_core_types as engine;
use malachitebft_core_types::{LinearTimeouts, NilOrVal, VoteType};

use crate::message::{Proposal, ProposalPart, Value, Vote};
use crate::validators::{Address, Validator, ValidatorSet};

/// Consensus on one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The chain that every signature names.
    pub chain: ChainId,
}

/// Height of a block, as Malachite counts it; 0 is genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Height(pub ledger::party::Height);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl engine::Height for Height {
    const ZERO: Self = Self(ledger::party::Height(0));
    const INITIAL: Self = Self(ledger::party::Height(1));

    fn increment_by(&self, n: u64) -> Self {
        Self(ledger::party::Height(self.0.0.saturating_add(n)))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        Some(Self(ledger::party::Height(self.0.0.checked_sub(n)?)))
    }

    fn as_u64(&self) -> u64 {
        self.0.0
    }
}

/// Malachite's round as the ledger counts it. Votes and proposals always have one; the undefined round
/// becomes the last, which no signature of ours ever names.
#[must_use]
pub fn ledger_round(round: engine::Round) -> ledger::quorum::Round {
    debug_assert!(round.is_defined(), "votes and proposals belong to a round");
    ledger::quorum::Round(round.as_u32().unwrap_or(u32::MAX))
}

/// The ledger's round as Malachite counts it.
#[must_use]
pub const fn engine_round(round: ledger::quorum::Round) -> engine::Round {
    engine::Round::new(round.0)
}

/// Ed25519 as `ledger::key` checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ed25519;

/// Bytes that are not a key or not a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an acceptable key or signature")]
pub struct DecodingError;

impl engine::SigningScheme for Ed25519 {
    type DecodingError = DecodingError;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = SecretKey;

    fn decode_signature(bytes: &[u8]) -> Result<Signature, DecodingError> {
        bytes.try_into().map(Signature).map_err(|_| DecodingError)
    }

    fn encode_signature(signature: &Signature) -> alloc::vec::Vec<u8> {
        signature.0.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, DecodingError> {
        let bytes = bytes.try_into().map_err(|_| DecodingError)?;
        PublicKey::from_bytes(bytes).map_err(|_| DecodingError)
    }

    fn encode_public_key(public_key: &PublicKey) -> alloc::vec::Vec<u8> {
        public_key.as_bytes().to_vec()
    }
}

impl engine::Context for Context {
    type Address = Address;
    type Height = Height;
    type ProposalPart = ProposalPart;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = ValidatorSet;
    type Timeouts = LinearTimeouts;
    type Value = Value;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Ed25519;

    fn select_proposer<'a>(
        &self,
        validator_set: &'a ValidatorSet,
        height: Height,
        round: engine::Round,
    ) -> &'a Validator {
        validator_set.proposer(height.0, ledger_round(round))
    }

    fn new_proposal(
        &self,
        height: Height,
        round: engine::Round,
        value: Value,
        pol_round: engine::Round,
        address: Address,
    ) -> Proposal {
        Proposal {
            height,
            round: ledger_round(round),
            value,
            pol_round: pol_round.as_u32().map(ledger::quorum::Round),
            proposer: address,
        }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: engine::Round,
        value_id: NilOrVal<BlockId>,
        address: Address,
    ) -> Vote {
        Vote {
            height,
            round: ledger_round(round),
            kind: VoteType::Prevote,
            value: value_id,
            voter: address,
        }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: engine::Round,
        value_id: NilOrVal<BlockId>,
        address: Address,
    ) -> Vote {
        Vote {
            height,
            round: ledger_round(round),
            kind: VoteType::Precommit,
            value: value_id,
            voter: address,
        }
    }
}
