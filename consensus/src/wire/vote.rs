//! The bytes of votes, proposals and collections of votes: what these structs derive, field by field.

use alloc::vec::Vec;

use ledger::codec::CodecError;
use ledger::digest::BlockId;
use ledger::key::{PublicKey, Signature};
use ledger::limits::VALIDATORS_MAX;
use ledger::party::Height;
use ledger::quorum::{Ballot, Round, Step};
use malachitebft_core_types::{
    CommitCertificate, CommitSignature, NilOrVal, PolkaCertificate, PolkaSignature,
    RoundCertificate, RoundCertificateType, RoundSignature, SignedMessage, ValidatorProof,
    VoteType,
};
use minicbor::{Decode, Encode};

use super::{ConsensusMessage, LivenessMessage, ProposedNote};
use crate::context::{self, Context, engine_round, ledger_round};
use crate::message::{self, Value};
use crate::validators::Address;

pub(super) fn limited(what: &str, got: usize, limit: usize) -> Result<(), CodecError> {
    if got > limit {
        return Err(CodecError::Malformed(alloc::format!(
            "{got} {what}, the limit is {limit}"
        )));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Kind {
    #[n(1)]
    Prevote,
    #[n(2)]
    Precommit,
}

impl From<VoteType> for Kind {
    fn from(kind: VoteType) -> Self {
        match kind {
            VoteType::Prevote => Self::Prevote,
            VoteType::Precommit => Self::Precommit,
        }
    }
}

impl From<Kind> for VoteType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Prevote => Self::Prevote,
            Kind::Precommit => Self::Precommit,
        }
    }
}

#[derive(Encode, Decode)]
pub(super) struct Vote {
    #[n(0)]
    height: Height,
    #[n(1)]
    round: Round,
    #[n(2)]
    kind: Kind,
    #[n(3)]
    voter: PublicKey,
    #[n(4)]
    signature: Signature,
    #[n(5)]
    block: Option<BlockId>,
}

impl From<&SignedMessage<Context, message::Vote>> for Vote {
    fn from(signed: &SignedMessage<Context, message::Vote>) -> Self {
        let ballot = signed.message.ballot();
        Self {
            height: ballot.height,
            round: ballot.round,
            kind: signed.message.kind.into(),
            voter: ballot.voter,
            signature: signed.signature,
            block: ballot.value,
        }
    }
}

impl From<Vote> for SignedMessage<Context, message::Vote> {
    fn from(vote: Vote) -> Self {
        let ballot = Ballot {
            height: vote.height,
            round: vote.round,
            step: match vote.kind {
                Kind::Prevote => Step::Prevote,
                Kind::Precommit => Step::Precommit,
            },
            value: vote.block,
            voter: vote.voter,
        };
        Self::new(ballot.into(), vote.signature)
    }
}

#[derive(Encode, Decode)]
pub(super) struct Proposal {
    #[n(0)]
    height: Height,
    #[n(1)]
    round: Round,
    #[n(2)]
    block: BlockId,
    #[n(3)]
    proposer: PublicKey,
    #[n(4)]
    signature: Signature,
    #[n(5)]
    pol_round: Option<Round>,
}

impl From<&SignedMessage<Context, message::Proposal>> for Proposal {
    fn from(signed: &SignedMessage<Context, message::Proposal>) -> Self {
        let proposal = &signed.message;
        Self {
            height: proposal.height.0,
            round: proposal.round,
            block: proposal.value.0,
            proposer: proposal.proposer.0,
            signature: signed.signature,
            pol_round: proposal.pol_round,
        }
    }
}

impl From<Proposal> for SignedMessage<Context, message::Proposal> {
    fn from(proposal: Proposal) -> Self {
        let message = message::Proposal {
            height: context::Height(proposal.height),
            round: proposal.round,
            value: Value(proposal.block),
            pol_round: proposal.pol_round,
            proposer: Address(proposal.proposer),
        };
        Self::new(message, proposal.signature)
    }
}

#[derive(Encode, Decode)]
pub(super) enum Consensus {
    #[n(1)]
    Vote(#[n(0)] Vote),
    #[n(2)]
    Proposal(#[n(0)] Proposal),
}

impl From<&ConsensusMessage> for Consensus {
    fn from(message: &ConsensusMessage) -> Self {
        match message {
            ConsensusMessage::Vote(vote) => Self::Vote(vote.into()),
            ConsensusMessage::Proposal(proposal) => Self::Proposal(proposal.into()),
        }
    }
}

impl From<Consensus> for ConsensusMessage {
    fn from(message: Consensus) -> Self {
        match message {
            Consensus::Vote(vote) => Self::Vote(vote.into()),
            Consensus::Proposal(proposal) => Self::Proposal(proposal.into()),
        }
    }
}

#[derive(Encode, Decode)]
struct Signed {
    #[n(0)]
    key: PublicKey,
    #[n(1)]
    signature: Signature,
}

/// Signatures of several validators over one value of one round.
#[derive(Encode, Decode)]
pub(super) struct Certificate {
    #[n(0)]
    height: Height,
    #[n(1)]
    round: Round,
    #[n(2)]
    block: BlockId,
    #[n(3)]
    signatures: Vec<Signed>,
}

impl From<&PolkaCertificate<Context>> for Certificate {
    fn from(polka: &PolkaCertificate<Context>) -> Self {
        let signed = |polka: &PolkaSignature<Context>| Signed {
            key: polka.address.0,
            signature: polka.signature,
        };
        Self {
            height: polka.height.0,
            round: ledger_round(polka.round),
            block: polka.value_id,
            signatures: polka.polka_signatures.iter().map(signed).collect(),
        }
    }
}

impl From<&CommitCertificate<Context>> for Certificate {
    fn from(commit: &CommitCertificate<Context>) -> Self {
        let signed = |commit: &CommitSignature<Context>| Signed {
            key: commit.address.0,
            signature: commit.signature,
        };
        Self {
            height: commit.height.0,
            round: ledger_round(commit.round),
            block: commit.value_id,
            signatures: commit.commit_signatures.iter().map(signed).collect(),
        }
    }
}

impl Certificate {
    pub(super) fn into_polka(self) -> Result<PolkaCertificate<Context>, CodecError> {
        limited("signatures", self.signatures.len(), VALIDATORS_MAX)?;
        let signed = |signed: Signed| PolkaSignature::new(Address(signed.key), signed.signature);
        Ok(PolkaCertificate {
            height: context::Height(self.height),
            round: engine_round(self.round),
            value_id: self.block,
            polka_signatures: self.signatures.into_iter().map(signed).collect(),
        })
    }

    pub(super) fn into_commit(self) -> Result<CommitCertificate<Context>, CodecError> {
        limited("signatures", self.signatures.len(), VALIDATORS_MAX)?;
        let signed = |signed: Signed| CommitSignature::new(Address(signed.key), signed.signature);
        Ok(CommitCertificate {
            height: context::Height(self.height),
            round: engine_round(self.round),
            value_id: self.block,
            commit_signatures: self.signatures.into_iter().map(signed).collect(),
        })
    }
}

#[derive(Encode, Decode)]
struct RoundVote {
    #[n(0)]
    kind: Kind,
    #[n(1)]
    key: PublicKey,
    #[n(2)]
    signature: Signature,
    #[n(3)]
    block: Option<BlockId>,
}

/// Votes that let everyone leave a round.
#[derive(Encode, Decode)]
pub(super) struct RoundVotes {
    #[n(0)]
    height: Height,
    #[n(1)]
    round: Round,
    #[n(2)]
    is_precommits: bool,
    #[n(3)]
    votes: Vec<RoundVote>,
}

impl From<&RoundCertificate<Context>> for RoundVotes {
    fn from(certificate: &RoundCertificate<Context>) -> Self {
        let vote = |vote: &RoundSignature<Context>| RoundVote {
            kind: vote.vote_type.into(),
            key: vote.address.0,
            signature: vote.signature,
            block: match vote.value_id {
                NilOrVal::Nil => None,
                NilOrVal::Val(block) => Some(block),
            },
        };
        Self {
            height: certificate.height.0,
            round: ledger_round(certificate.round),
            is_precommits: certificate.cert_type == RoundCertificateType::Precommit,
            votes: certificate.round_signatures.iter().map(vote).collect(),
        }
    }
}

impl TryFrom<RoundVotes> for RoundCertificate<Context> {
    type Error = CodecError;

    fn try_from(votes: RoundVotes) -> Result<Self, CodecError> {
        limited("votes", votes.votes.len(), VALIDATORS_MAX)?;
        let vote = |vote: RoundVote| RoundSignature {
            vote_type: vote.kind.into(),
            value_id: vote.block.map_or(NilOrVal::Nil, NilOrVal::Val),
            address: Address(vote.key),
            signature: vote.signature,
        };
        Ok(Self {
            height: context::Height(votes.height),
            round: engine_round(votes.round),
            cert_type: if votes.is_precommits {
                RoundCertificateType::Precommit
            } else {
                RoundCertificateType::Skip
            },
            round_signatures: votes.votes.into_iter().map(vote).collect(),
        })
    }
}

#[derive(Encode, Decode)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, between bytes and message"
)]
pub(super) enum Liveness {
    #[n(1)]
    Vote(#[n(0)] Vote),
    #[n(2)]
    Polka(#[n(0)] Certificate),
    #[n(3)]
    Round(#[n(0)] RoundVotes),
}

impl From<&LivenessMessage> for Liveness {
    fn from(message: &LivenessMessage) -> Self {
        match message {
            LivenessMessage::Vote(vote) => Self::Vote(vote.into()),
            LivenessMessage::Polka(certificate) => Self::Polka(certificate.into()),
            LivenessMessage::Round(certificate) => Self::Round(certificate.into()),
        }
    }
}

impl TryFrom<Liveness> for LivenessMessage {
    type Error = CodecError;

    fn try_from(message: Liveness) -> Result<Self, CodecError> {
        Ok(match message {
            Liveness::Vote(vote) => Self::Vote(vote.into()),
            Liveness::Polka(certificate) => Self::Polka(certificate.into_polka()?),
            Liveness::Round(votes) => Self::Round(votes.try_into()?),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct PeerProof {
    #[cbor(n(0), with = "minicbor::bytes")]
    public_key: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    peer_id: Vec<u8>,
    #[n(2)]
    signature: Signature,
}

impl From<&ValidatorProof<Context>> for PeerProof {
    fn from(proof: &ValidatorProof<Context>) -> Self {
        Self {
            public_key: proof.public_key.clone(),
            peer_id: proof.peer_id.clone(),
            signature: proof.signature,
        }
    }
}

impl From<PeerProof> for ValidatorProof<Context> {
    fn from(proof: PeerProof) -> Self {
        Self::new(proof.public_key, proof.peer_id, proof.signature)
    }
}

#[derive(Encode, Decode)]
pub(super) struct Proposed {
    #[n(0)]
    height: Height,
    #[n(1)]
    round: Round,
    #[n(2)]
    proposer: PublicKey,
    #[n(3)]
    block: BlockId,
    #[n(4)]
    is_valid: bool,
    #[n(5)]
    valid_round: Option<Round>,
}

impl From<&ProposedNote> for Proposed {
    fn from(note: &ProposedNote) -> Self {
        Self {
            height: note.height,
            round: note.round,
            proposer: note.proposer.0,
            block: note.block,
            is_valid: note.is_valid,
            valid_round: note.valid_round,
        }
    }
}

impl From<Proposed> for ProposedNote {
    fn from(note: Proposed) -> Self {
        Self {
            height: note.height,
            round: note.round,
            valid_round: note.valid_round,
            proposer: Address(note.proposer),
            block: note.block,
            is_valid: note.is_valid,
        }
    }
}
