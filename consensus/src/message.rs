//! Vote, proposal and proposal part: what validators say to each other.
//!
//! The value of consensus is a block's id; the block itself travels as parts.

use alloc::vec::Vec;

use ledger::digest::{BlockId, Digest};
use ledger::key::Signature;
use ledger::quorum::{Ballot, Round, Step};
use malachitebft_core_types as engine;
use malachitebft_core_types::{NilOrVal, SignedMessage, VoteType};

use crate::context::{Context, Height, engine_round};
use crate::validators::Address;

/// What validators decide on: a block, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(pub BlockId);

impl engine::Value for Value {
    type Id = BlockId;

    fn id(&self) -> BlockId {
        self.0
    }
}

/// A prevote or precommit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Height that is decided.
    pub height: Height,
    /// Round of that height.
    pub round: Round,
    /// Prevote or precommit.
    pub kind: VoteType,
    /// The block, or nil.
    pub value: NilOrVal<BlockId>,
    /// Who votes.
    pub voter: Address,
}

impl Vote {
    /// What is signed.
    #[must_use]
    pub const fn ballot(&self) -> Ballot {
        Ballot {
            height: self.height.0,
            round: self.round,
            step: match self.kind {
                VoteType::Prevote => Step::Prevote,
                VoteType::Precommit => Step::Precommit,
            },
            value: match self.value {
                NilOrVal::Nil => None,
                NilOrVal::Val(block) => Some(block),
            },
            voter: self.voter.0,
        }
    }
}

impl From<Ballot> for Vote {
    fn from(ballot: Ballot) -> Self {
        Self {
            height: Height(ballot.height),
            round: ballot.round,
            kind: match ballot.step {
                Step::Prevote => VoteType::Prevote,
                Step::Precommit => VoteType::Precommit,
            },
            value: ballot.value.map_or(NilOrVal::Nil, NilOrVal::Val),
            voter: Address(ballot.voter),
        }
    }
}

impl engine::Vote<Context> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> engine::Round {
        engine_round(self.round)
    }

    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.voter
    }

    // Votes carry no extensions here: the policy of every height is `Disabled`.
    fn extension(&self) -> Option<&SignedMessage<Context, ()>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedMessage<Context, ()>> {
        None
    }

    fn extend(self, _: SignedMessage<Context, ()>) -> Self {
        self
    }
}

/// The proposer's word for a value in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Height that is decided.
    pub height: Height,
    /// Round of that height.
    pub round: Round,
    /// The block.
    pub value: Value,
    /// The earlier round in which more than 2/3 prevoted this block, if any.
    pub pol_round: Option<Round>,
    /// Who proposes in this round (the block's builder may be another).
    pub proposer: Address,
}

impl engine::Proposal<Context> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> engine::Round {
        engine_round(self.round)
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> engine::Round {
        self.pol_round.map_or(engine::Round::Nil, engine_round)
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

/// What a proposer signs about the block it streams, so that nobody else can open a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHeader {
    /// Height that is decided.
    pub height: Height,
    /// Round of that height.
    pub round: Round,
    /// The earlier round in which more than 2/3 prevoted this block, if any.
    pub valid_round: Option<Round>,
    /// Who proposes in this round.
    pub proposer: Address,
    /// The block.
    pub block: BlockId,
    /// Bytes of the encoded block.
    pub length: u32,
    /// SHA-256 of each chunk, in order: a part proves itself, in whatever order parts arrive.
    pub chunks: Vec<Digest>,
}

/// A part header with the proposer's signature. The original one is kept for restreaming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPartHeader {
    /// What is signed.
    pub header: PartHeader,
    /// The proposer's signature.
    pub signature: Signature,
}

/// One chunk of a block under its signed header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalPart {
    /// The header, the same in each part of a block.
    pub signed: SignedPartHeader,
    /// Which chunk, from 0.
    pub index: u16,
    /// The chunk.
    pub bytes: Vec<u8>,
}

impl engine::ProposalPart<Context> for ProposalPart {
    fn is_first(&self) -> bool {
        self.index == 0
    }

    fn is_last(&self) -> bool {
        usize::from(self.index).saturating_add(1) >= self.signed.header.chunks.len()
    }
}
