//! Proof that a validator contradicted itself: two messages it signed for one place, complete.

use alloc::vec::Vec;

use ledger::codec::{self, CodecError};
use ledger::digest::ChainId;
use ledger::key::StrictEd25519;
use malachitebft_core_types::{SignedProposal, SignedVote};
use minicbor::{Decode, Encode};

use crate::context::Context;
use crate::message::{Proposal, SignedPartHeader};
use crate::signing::{proposal_of, proposal_preimage, verifies_part_header};
use crate::validators::Address;
use crate::wire::{
    ConsensusMessage, PART_HEADER_BYTES_MAX, WireError, decode_consensus, decode_part_header,
    encode_consensus, encode_part_header,
};

/// Bytes of one piece of evidence: two part headers are the largest.
pub const EVIDENCE_BYTES_MAX: usize = 2 * PART_HEADER_BYTES_MAX + 16;

/// Two signed messages of one validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    first: Word,
    second: Word,
}

/// What a validator signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "two at a time, and seldom")]
enum Word {
    /// A vote or proposal.
    Consensus(ConsensusMessage),
    /// The header of a proposal's parts.
    PartHeader(SignedPartHeader),
}

#[derive(Encode, Decode)]
struct Pair {
    #[cbor(n(0), with = "minicbor::bytes")]
    first: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    second: Vec<u8>,
    #[n(2)]
    kind: Option<Kind>,
}

/// Of which kind both messages are, where they are neither votes nor proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Kind {
    #[n(1)]
    PartHeader,
}

impl Evidence {
    /// Two votes; `None` where they do not contradict each other.
    #[must_use]
    pub fn votes(first: &SignedVote<Context>, second: &SignedVote<Context>) -> Option<Self> {
        let word =
            |vote: &SignedVote<Context>| Word::Consensus(ConsensusMessage::Vote(vote.clone()));
        Self::new(word(first), word(second))
    }

    /// Two proposals; `None` where they do not contradict each other.
    #[must_use]
    pub fn proposals(
        first: &SignedProposal<Context>,
        second: &SignedProposal<Context>,
    ) -> Option<Self> {
        let word = |proposal: &SignedProposal<Context>| {
            Word::Consensus(ConsensusMessage::Proposal(proposal.clone()))
        };
        Self::new(word(first), word(second))
    }

    /// Two part headers; `None` where they belong to one proposal, or to different places.
    #[must_use]
    pub fn part_headers(first: &SignedPartHeader, second: &SignedPartHeader) -> Option<Self> {
        let word = |signed: &SignedPartHeader| Word::PartHeader(signed.clone());
        Self::new(word(first), word(second))
    }

    fn new(first: Word, second: Word) -> Option<Self> {
        first.contradicts(&second).then_some(Self { first, second })
    }

    /// Who contradicted itself.
    #[must_use]
    pub const fn validator(&self) -> Address {
        match &self.first {
            Word::Consensus(ConsensusMessage::Vote(vote)) => vote.message.voter,
            Word::Consensus(ConsensusMessage::Proposal(proposal)) => proposal.message.proposer,
            Word::PartHeader(signed) => signed.header.proposer,
        }
    }

    /// Whether that validator signed both, on `chain`. Anybody can check it, without a node.
    #[must_use]
    pub fn is_proven(&self, chain: ChainId) -> bool {
        [&self.first, &self.second]
            .iter()
            .all(|word| word.is_signed(chain))
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.first {
            Word::Consensus(_) => None,
            Word::PartHeader(_) => Some(Kind::PartHeader),
        };
        codec::encode(&Pair {
            first: self.first.encode(),
            second: self.second.encode(),
            kind,
        })
    }

    /// Reads evidence.
    ///
    /// # Errors
    /// [`WireError`], also where the two do not contradict each other.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let pair: Pair = codec::decode(bytes, EVIDENCE_BYTES_MAX)?;
        let word = |bytes: &[u8]| {
            Ok::<_, WireError>(match pair.kind {
                None => Word::Consensus(decode_consensus(bytes)?),
                Some(Kind::PartHeader) => Word::PartHeader(decode_part_header(bytes)?),
            })
        };
        let (first, second) = (word(&pair.first)?, word(&pair.second)?);
        let none = || CodecError::Malformed("the messages do not contradict each other".into());
        Ok(Self::new(first, second).ok_or_else(none)?)
    }
}

impl Word {
    fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Consensus(ConsensusMessage::Vote(a)),
                Self::Consensus(ConsensusMessage::Vote(b)),
            ) => {
                let (a, b) = (a.message.ballot(), b.message.ballot());
                let place = |vote: &ledger::quorum::Ballot| {
                    (vote.height, vote.round, vote.step, vote.voter)
                };
                place(&a) == place(&b) && a.value != b.value
            }
            (
                Self::Consensus(ConsensusMessage::Proposal(a)),
                Self::Consensus(ConsensusMessage::Proposal(b)),
            ) => are_rivals(&a.message, &b.message),
            // A header goes with one proposal; how its bytes are cut into chunks does not matter.
            (Self::PartHeader(a), Self::PartHeader(b)) => {
                are_rivals(&proposal_of(&a.header), &proposal_of(&b.header))
            }
            (Self::Consensus(_) | Self::PartHeader(_), _) => false,
        }
    }

    fn is_signed(&self, chain: ChainId) -> bool {
        match self {
            Self::Consensus(ConsensusMessage::Vote(vote)) => {
                let bytes = vote.message.ballot().preimage(chain);
                vote.message.voter.0.verifies(&bytes, &vote.signature)
            }
            Self::Consensus(ConsensusMessage::Proposal(signed)) => {
                let bytes = proposal_preimage(chain, &signed.message);
                signed
                    .message
                    .proposer
                    .0
                    .verifies(&bytes, &signed.signature)
            }
            Self::PartHeader(signed) => verifies_part_header(&StrictEd25519, chain, signed),
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            // Evidence holds what others signed; a void signature proves nothing and becomes no bytes.
            Self::Consensus(message) => encode_consensus(message).unwrap_or_default(),
            Self::PartHeader(signed) => encode_part_header(signed),
        }
    }
}

/// Whether these are different proposals of one proposer for one round.
fn are_rivals(a: &Proposal, b: &Proposal) -> bool {
    (a.height, a.round, a.proposer) == (b.height, b.round, b.proposer) && a != b
}

#[cfg(test)]
mod tests {
    use ledger::limits::BLOCK_BYTES_MAX;
    use ledger::quorum::Round;
    use malachitebft_core_types::{SignedMessage, VoteType};

    use super::*;
    use crate::message::Vote;
    use crate::parts::{CHUNKS_MAX, Place, describe};
    use crate::samples::{block, chain, key, proposal, vote};
    use crate::signing::part_header_preimage;

    fn signed_vote(vote: Vote) -> SignedVote<Context> {
        SignedMessage::new(vote, key(1).sign(&vote.ballot().preimage(chain())))
    }

    fn signed_proposal(proposal: Proposal) -> SignedProposal<Context> {
        SignedMessage::new(
            proposal,
            key(1).sign(&proposal_preimage(chain(), &proposal)),
        )
    }

    fn signed_header(
        round: u32,
        valid_round: Option<u32>,
        n: u8,
        bytes: &[u8],
    ) -> SignedPartHeader {
        let place = Place {
            height: crate::context::Height(ledger::party::Height(7)),
            round: Round(round),
            valid_round: valid_round.map(Round),
            proposer: Address(key(1).public()),
        };
        let header = describe(&place, block(n), bytes).unwrap();
        let signature = key(1).sign(&part_header_preimage(chain(), &header));
        SignedPartHeader { header, signature }
    }

    #[test]
    fn two_headers_of_one_round_are_evidence_where_they_go_with_two_proposals() {
        let first = signed_header(2, None, 1, b"block");
        for (what, second, expected) in [
            ("another block", signed_header(2, None, 2, b"other"), true),
            (
                "proposed again",
                signed_header(2, Some(1), 1, b"block"),
                true,
            ),
            ("the same", first.clone(), false),
            ("another round", signed_header(3, None, 2, b"other"), false),
            (
                "other bytes under one id",
                signed_header(2, None, 1, b"other"),
                false,
            ),
        ] {
            let evidence = Evidence::part_headers(&first, &second);
            assert_eq!(evidence.is_some(), expected, "{what}");
        }
    }

    #[test]
    fn the_largest_evidence_fits_its_limit() {
        let bytes = alloc::vec![7; BLOCK_BYTES_MAX];
        let header = |n| signed_header(u32::MAX, Some(u32::MAX - 1), n, &bytes);
        assert_eq!(header(1).header.chunks.len(), CHUNKS_MAX);
        let evidence = Evidence::part_headers(&header(1), &header(2)).unwrap();
        assert_eq!(Evidence::decode(&evidence.encode()), Ok(evidence));
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
        let headers = Evidence::part_headers(
            &signed_header(2, None, 1, b"block"),
            &signed_header(2, None, 2, b"other"),
        );
        for evidence in [votes.unwrap(), proposals.unwrap(), headers.unwrap()] {
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
        let message = Word::Consensus(message);
        let same = Evidence {
            first: message.clone(),
            second: message,
        };
        assert!(matches!(
            Evidence::decode(&same.encode()),
            Err(WireError::Codec(_))
        ));
        let other = ConsensusMessage::Proposal(signed_proposal(proposal(1, 1, None)));
        let other = Word::Consensus(other);
        assert_eq!(Evidence::new(same.first.clone(), other.clone()), None);
        let header = Word::PartHeader(signed_header(2, None, 2, b"block"));
        assert_eq!(Evidence::new(same.first, header.clone()), None);
        assert_eq!(Evidence::new(other, header), None);
    }
}
