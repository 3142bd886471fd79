//! Signs and checks: votes over the bytes `ledger::quorum` defines, the rest over layouts of this file.
//!
//! Every preimage begins with tag, protocol version and chain id. Our own signatures ask the guard first.

use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;
use ledger::digest::{ChainId, Tag, preimage};
use ledger::key::{PublicKey, Scheme, SecretKey, Signature, StrictEd25519};
use ledger::quorum::PROTOCOL_VERSION;
use malachitebft_core_types::{
    SignedMessage, SigningScheme as _, ValidatorProof, VoteExtensionScope,
};
use malachitebft_signing::{Error, Signer, VerificationResult, Verifier};

use crate::context::{Context, Ed25519};
use crate::guard::{Refusal, Request};
use crate::message::{PartHeader, Proposal, SignedPartHeader, Vote};
use crate::reproposal::Reproposals;
use crate::validators::Address;
use crate::wire::{SignedStatus, Status};

/// What a refused message carries instead of a signature. No verifier accepts it (its first half is a point
/// of small order) and the node's codec never publishes it; to Malachite the message is simply lost.
pub const VOID: Signature = Signature([0; 64]);

/// The bytes that a proposer signs.
#[must_use]
pub fn proposal_preimage(chain: ChainId, proposal: &Proposal) -> Vec<u8> {
    let pol_round = proposal.pol_round.map(|round| round.0.to_be_bytes());
    preimage(
        Tag::Proposal,
        &[
            &[PROTOCOL_VERSION],
            chain.as_ref(),
            &proposal.height.0.0.to_be_bytes(),
            &proposal.round.0.to_be_bytes(),
            proposal.value.0.as_ref(),
            pol_round.as_ref().map_or(&[][..], |bytes| &bytes[..]),
            proposal.proposer.0.as_bytes(),
        ],
    )
}

/// The bytes that a proposer signs about its parts.
#[must_use]
pub fn part_header_preimage(chain: ChainId, header: &PartHeader) -> Vec<u8> {
    let valid_round = header.valid_round.map(|round| round.0.to_be_bytes());
    let chunks: Vec<u8> = header.chunks.iter().flat_map(|chunk| chunk.0).collect();
    preimage(
        Tag::PartHeader,
        &[
            &[PROTOCOL_VERSION],
            chain.as_ref(),
            &header.height.0.0.to_be_bytes(),
            &header.round.0.to_be_bytes(),
            valid_round.as_ref().map_or(&[][..], |bytes| &bytes[..]),
            header.proposer.0.as_bytes(),
            header.block.as_ref(),
            &header.length.to_be_bytes(),
            &chunks,
        ],
    )
}

/// The bytes that a validator signs to say that a peer id is its node.
#[must_use]
pub fn validator_peer_preimage(chain: ChainId, public_key: &[u8], peer_id: &[u8]) -> Vec<u8> {
    let version = [PROTOCOL_VERSION];
    preimage(
        Tag::ValidatorPeer,
        &[&version, chain.as_ref(), public_key, peer_id],
    )
}

/// The bytes that a node signs, with the key of its peer id, about how far it is.
#[must_use]
pub fn status_preimage(chain: ChainId, status: &Status) -> Vec<u8> {
    preimage(
        Tag::PeerStatus,
        &[
            &[PROTOCOL_VERSION],
            chain.as_ref(),
            &status.peer_id,
            &status.tip.0.to_be_bytes(),
            &status.oldest.0.to_be_bytes(),
            &status.said_at.0.to_be_bytes(),
        ],
    )
}

/// What stands between a key and its signatures: a file in the node, memory in the simulator.
pub trait Guard: Send + Sync {
    /// Makes `request` durable, or refuses it. After `Ok` the signature may leave this node.
    ///
    /// # Errors
    /// [`Refusal`].
    fn permit(&self, request: &Request) -> Result<(), Refusal>;
}

/// The voting key behind its guard.
#[derive(Debug)]
pub struct GuardedKey<G, S = StrictEd25519> {
    chain: ChainId,
    key: SecretKey,
    guard: G,
    scheme: S,
}

impl<G: Guard> GuardedKey<G> {
    /// A key that signs on `chain` what `guard` permits.
    #[must_use]
    pub const fn new(chain: ChainId, key: SecretKey, guard: G) -> Self {
        Self::with_scheme(chain, key, guard, StrictEd25519)
    }
}

impl<G: Guard, S: Scheme> GuardedKey<G, S> {
    /// A key that signs by `scheme`: another one than Ed25519 is for simulations.
    #[must_use]
    pub const fn with_scheme(chain: ChainId, key: SecretKey, guard: G, scheme: S) -> Self {
        Self {
            chain,
            key,
            guard,
            scheme,
        }
    }

    /// The address of this validator.
    #[must_use]
    pub fn address(&self) -> Address {
        Address(self.key.public())
    }

    /// The guard.
    #[must_use]
    pub const fn guard(&self) -> &G {
        &self.guard
    }

    /// Signs a part header: allowed exactly where the proposal itself is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn sign_part_header(&self, header: PartHeader) -> Result<SignedPartHeader, Refusal> {
        self.guard.permit(&Request::from(&proposal_of(&header)))?;
        let bytes = part_header_preimage(self.chain, &header);
        let signature = self.scheme.sign(&self.key, &bytes);
        Ok(SignedPartHeader { header, signature })
    }

    /// Signs a vote.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn vote(&self, vote: &Vote) -> Result<Signature, Refusal> {
        self.guard.permit(&Request::from(vote))?;
        Ok(self
            .scheme
            .sign(&self.key, &vote.ballot().preimage(self.chain)))
    }

    /// Signs a proposal.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn propose(&self, proposal: &Proposal) -> Result<Signature, Refusal> {
        self.guard.permit(&Request::from(proposal))?;
        Ok(self
            .scheme
            .sign(&self.key, &proposal_preimage(self.chain, proposal)))
    }

    /// Signs that `peer_id` is this validator's node. Contradicts nothing, so the guard is not asked.
    #[must_use]
    pub fn prove_peer(&self, peer_id: Vec<u8>) -> ValidatorProof<Context> {
        let public_key = Ed25519::encode_public_key(&self.key.public());
        let bytes = validator_peer_preimage(self.chain, &public_key, &peer_id);
        ValidatorProof::new(public_key, peer_id, self.scheme.sign(&self.key, &bytes))
    }
}

/// The proposal that a part header goes with.
#[must_use]
pub const fn proposal_of(header: &PartHeader) -> Proposal {
    Proposal {
        height: header.height,
        round: header.round,
        value: crate::message::Value(header.block),
        pol_round: header.valid_round,
        proposer: header.proposer,
    }
}

/// A refusal becomes [`VOID`]: an error here would stop Malachite, and a node that may not sign must still
/// follow.
#[async_trait]
impl<G: Guard, S: Scheme + Send + Sync> Signer<Context> for GuardedKey<G, S> {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Context, Vote>, Error> {
        let signature = self.vote(&vote).unwrap_or(VOID);
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(
        &self,
        proposal: Proposal,
    ) -> Result<SignedMessage<Context, Proposal>, Error> {
        let signature = self.propose(&proposal).unwrap_or(VOID);
        Ok(SignedMessage::new(proposal, signature))
    }

    /// Never asked: the policy of every height is `Disabled`.
    async fn sign_vote_extension(
        &self,
        _: VoteExtensionScope<Context>,
        (): (),
    ) -> Result<SignedMessage<Context, ()>, Error> {
        Err(Error::new())
    }

    async fn sign_validator_proof(
        &self,
        public_key: Vec<u8>,
        peer_id: Vec<u8>,
    ) -> Result<ValidatorProof<Context>, Error> {
        if public_key != self.key.public().as_bytes() {
            return Err(Error::new());
        }
        Ok(self.prove_peer(peer_id))
    }
}

/// Checks signatures on one chain, strictly and one at a time.
#[derive(Clone, Debug)]
pub struct Checker<R, S = StrictEd25519> {
    chain: ChainId,
    reproposals: R,
    scheme: S,
}

/// Where the values of this height are noted whose time no clock has judged (see [`Reproposals`]).
pub trait SharedReproposals: Send + Sync {
    /// Runs `f` on them, exclusively.
    fn with<T>(&self, f: impl FnOnce(&mut Reproposals) -> T) -> T;
}

impl<R: SharedReproposals> Checker<R> {
    /// A checker for `chain`.
    #[must_use]
    pub const fn new(chain: ChainId, reproposals: R) -> Self {
        Self::with_scheme(chain, reproposals, StrictEd25519)
    }
}

impl<R: SharedReproposals, S: Scheme> Checker<R, S> {
    /// A checker by `scheme`: another one than Ed25519 is for simulations.
    #[must_use]
    pub const fn with_scheme(chain: ChainId, reproposals: R, scheme: S) -> Self {
        Self {
            chain,
            reproposals,
            scheme,
        }
    }
}

/// Whether `signed` was signed by the proposer it names, on `chain`.
#[must_use]
pub fn verifies_part_header(
    scheme: &impl Scheme,
    chain: ChainId,
    signed: &SignedPartHeader,
) -> bool {
    let bytes = part_header_preimage(chain, &signed.header);
    scheme.verifies(&signed.header.proposer.0, &bytes, &signed.signature)
}

/// Whether a node with this key of its peer id said so, on `chain`.
#[must_use]
pub fn verifies_status(
    scheme: &impl Scheme,
    chain: ChainId,
    signed: &SignedStatus,
    key: &PublicKey,
) -> bool {
    let bytes = status_preimage(chain, &signed.status);
    scheme.verifies(key, &bytes, &signed.signature)
}

#[async_trait]
impl<R: SharedReproposals, S: Scheme + Send + Sync> Verifier<Context> for Checker<R, S> {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &Signature,
        public_key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let valid = vote.voter.0 == *public_key
            && self
                .scheme
                .verifies(public_key, &vote.ballot().preimage(self.chain), signature);
        Ok(VerificationResult::from_bool(valid))
    }

    /// Besides the signature: a proposal without an earlier round is for a value that a clock has judged.
    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Signature,
        public_key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let valid = proposal.proposer.0 == *public_key
            && self.scheme.verifies(
                public_key,
                &proposal_preimage(self.chain, proposal),
                signature,
            )
            && self
                .reproposals
                .with(|known| known.admit_proposal(proposal));
        Ok(VerificationResult::from_bool(valid))
    }

    /// Vote extensions are not used, so none is valid.
    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<Context>,
        (): &(),
        _: &Signature,
        _: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(
        &self,
        proof: &ValidatorProof<Context>,
    ) -> Result<VerificationResult, Error> {
        let bytes = validator_peer_preimage(self.chain, &proof.public_key, &proof.peer_id);
        let valid = Ed25519::decode_public_key(&proof.public_key)
            .is_ok_and(|key| self.scheme.verifies(&key, &bytes, &proof.signature));
        Ok(VerificationResult::from_bool(valid))
    }
}

#[cfg(test)]
mod tests;
