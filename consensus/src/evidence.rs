//! Proof that a validator contradicted itself: two messages it signed for one place, complete.

use alloc::vec::Vec;

use ledger::codec::{self, CodecError};
use ledger::digest::ChainId;
use malachitebft_core_types::{SignedProposal, SignedVote};
use minicbor::{Decode, Encode};

use crate::context::Context;
use crate::signing::proposal_preimage;
use crate::validators::Address;
use crate::wire::{
    CONSENSUS_BYTES_MAX, ConsensusMessage, WireError, decode_consensus, encode_consensus,
};

/// Bytes of one piece of evidence.
pub const EVIDENCE_BYTES_MAX: usize = 2 * CONSENSUS_BYTES_MAX + 16;

/// Two signed messages of one validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    first: ConsensusMessage,
    second: ConsensusMessage,
}

#[derive(Encode, Decode)]
struct Pair {
    #[cbor(n(0), with = "minicbor::bytes")]
    first: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    second: Vec<u8>,
}

impl Evidence {
    /// Two votes; `None` where they do not contradict each other.
    #[must_use]
    pub fn votes(first: &SignedVote<Context>, second: &SignedVote<Context>) -> Option<Self> {
        Self::new(
            ConsensusMessage::Vote(first.clone()),
            ConsensusMessage::Vote(second.clone()),
        )
    }

    /// Two proposals; `None` where they do not contradict each other.
    #[must_use]
    pub fn proposals(
        first: &SignedProposal<Context>,
        second: &SignedProposal<Context>,
    ) -> Option<Self> {
        let (first, second) = (first.clone(), second.clone());
        Self::new(
            ConsensusMessage::Proposal(first),
            ConsensusMessage::Proposal(second),
        )
    }

    fn new(first: ConsensusMessage, second: ConsensusMessage) -> Option<Self> {
        let contradicts = match (&first, &second) {
            (ConsensusMessage::Vote(a), ConsensusMessage::Vote(b)) => {
                let (a, b) = (a.message.ballot(), b.message.ballot());
                let place = |vote: &ledger::quorum::Ballot| {
                    (vote.height, vote.round, vote.step, vote.voter)
                };
                place(&a) == place(&b) && a.value != b.value
            }
            (ConsensusMessage::Proposal(a), ConsensusMessage::Proposal(b)) => {
                let (a, b) = (&a.message, &b.message);
                (a.height, a.round, a.proposer) == (b.height, b.round, b.proposer) && a != b
            }
            (ConsensusMessage::Vote(_), ConsensusMessage::Proposal(_))
            | (ConsensusMessage::Proposal(_), ConsensusMessage::Vote(_)) => false,
        };
        contradicts.then_some(Self { first, second })
    }

    /// Who contradicted itself.
    #[must_use]
    pub const fn validator(&self) -> Address {
        match &self.first {
            ConsensusMessage::Vote(vote) => vote.message.voter,
            ConsensusMessage::Proposal(proposal) => proposal.message.proposer,
        }
    }

    /// Whether that validator signed both, on `chain`. Anybody can check it, without a node.
    #[must_use]
    pub fn is_proven(&self, chain: ChainId) -> bool {
        [&self.first, &self.second]
            .iter()
            .all(|message| match message {
                ConsensusMessage::Vote(vote) => {
                    let bytes = vote.message.ballot().preimage(chain);
                    vote.message.voter.0.verifies(&bytes, &vote.signature)
                }
                ConsensusMessage::Proposal(proposal) => {
                    let bytes = proposal_preimage(chain, &proposal.message);
                    proposal
                        .message
                        .proposer
                        .0
                        .verifies(&bytes, &proposal.signature)
                }
            })
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Evidence holds what others signed; a void signature proves nothing and becomes no bytes.
        let bytes = |message| encode_consensus(message).unwrap_or_default();
        codec::encode(&Pair {
            first: bytes(&self.first),
            second: bytes(&self.second),
        })
    }

    /// Reads evidence.
    ///
    /// # Errors
    /// [`WireError`], also where the two do not contradict each other.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let Pair { first, second } = codec::decode(bytes, EVIDENCE_BYTES_MAX)?;
        let (first, second) = (decode_consensus(&first)?, decode_consensus(&second)?);
        let none = || CodecError::Malformed("the messages do not contradict each other".into());
        Ok(Self::new(first, second).ok_or_else(none)?)
    }
}

#[cfg(test)]
mod tests {
    use ledger::quorum::Round;
    use malachitebft_core_types::{SignedMessage, VoteType};

    use super::*;
    use crate::message::{Proposal, Vote};
    use crate::samples::{chain, key, proposal, vote};

    fn signed_vote(vote: Vote) -> SignedVote<Context> {
        SignedMessage::new(vote, key(1).sign(&vote.ballot().preimage(chain())))
    }

    fn signed_proposal(proposal: Proposal) -> SignedProposal<Context> {
        SignedMessage::new(
            proposal,
            key(1).sign(&proposal_preimage(chain(), &proposal)),
        )
    }

    #[test]
    fn two_signed_words_for_one_place_are_evidence() {
        let first = vote(1, VoteType::Prevote, Some(1));
        let later = Vote {
            round: Round(9),
            ..vote(1, VoteType::Prevote, None)
        };
        for (what, second, expected) in [
            ("another value", vote(1, VoteType::Prevote, Some(2)), true),
            ("nil", vote(1, VoteType::Prevote, None), true),
            ("the same", first, false),
            ("another step", vote(1, VoteType::Precommit, None), false),
            ("another round", later, false),
            ("another validator", vote(2, VoteType::Prevote, None), false),
        ] {
            let evidence = Evidence::votes(&signed_vote(first), &signed_vote(second));
            assert_eq!(evidence.is_some(), expected, "{what}");
        }
        let (new, again) = (proposal(1, 1, None), proposal(1, 1, Some(0)));
        assert!(Evidence::proposals(&signed_proposal(new), &signed_proposal(again)).is_some());
        assert!(Evidence::proposals(&signed_proposal(new), &signed_proposal(new)).is_none());
    }

    #[test]
    fn evidence_reads_back_and_proves_itself_on_its_chain_only() {
        let votes = Evidence::votes(
            &signed_vote(vote(1, VoteType::Precommit, Some(1))),
            &signed_vote(vote(1, VoteType::Precommit, None)),
        );
        let proposals = Evidence::proposals(
            &signed_proposal(proposal(1, 1, None)),
            &signed_proposal(proposal(1, 2, None)),
        );
        for evidence in [votes.unwrap(), proposals.unwrap()] {
            let bytes = evidence.encode();
            assert_eq!(Evidence::decode(&bytes), Ok(evidence.clone()));
            assert!(evidence.is_proven(chain()));
            assert!(!evidence.is_proven(ChainId(ledger::digest::sha256(b"other"))));
            assert_eq!(evidence.validator().0, key(1).public());
        }
    }

    #[test]
    fn what_does_not_contradict_itself_is_not_read_as_evidence() {
        let message = ConsensusMessage::Vote(signed_vote(vote(1, VoteType::Prevote, None)));
        let same = Evidence {
            first: message.clone(),
            second: message,
        };
        assert!(matches!(
            Evidence::decode(&same.encode()),
            Err(WireError::Codec(_))
        ));
        let other = ConsensusMessage::Proposal(signed_proposal(proposal(1, 1, None)));
        assert_eq!(Evidence::new(same.first, other), None);
    }
}
