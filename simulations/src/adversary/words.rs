//! What a dishonest validator can say: anything that its own two keys can sign.

use consensus::context::Height as EngineHeight;
use consensus::message::{PartHeader, Proposal, SignedPartHeader, Value, Vote};
use consensus::parts::{Place, describe, split};
use consensus::replica::{Replica, Tip};
use consensus::signing::{part_header_preimage, proposal_preimage, status_preimage};
use consensus::validators::{Address, ValidatorSet};
use consensus::wire::{
    ConsensusMessage, LivenessMessage, SignedStatus, Status, encode_consensus, encode_liveness,
    encode_part, encode_status,
};
use ledger::block::Block;
use ledger::digest::{BlockId, ChainId};
use ledger::key::Scheme as _;
use ledger::party::Height;
use ledger::quorum::{Ballot, Round, Step};
use ledger::signed::Signed;
use ledger::time::Timestamp;
use malachitebft_core_types::{SignedMessage, Validator as _};

use std::sync::Arc;

use crate::clock::Clock;
use crate::disk::Disk;
use crate::host::stored_tip;
use crate::moment::Moment;
use crate::packet::{Content, Kind, Packet};
use crate::parties::{Parties, Seat};

/// What a dishonest validator sees and holds.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Now.
    pub now: Moment,
    /// Its node, with the keys.
    pub seat: &'a Seat,
    /// Everybody.
    pub parties: &'a Parties,
    /// Its disk.
    pub disk: &'a Disk,
    /// Its clock.
    pub clock: Clock,
}

impl Scene<'_> {
    /// The height that it decides.
    #[must_use]
    pub fn height(&self) -> Height {
        let tip = self.disk.tip();
        tip.map_or(Height::ZERO, |tip| tip.block.header().height)
            .next()
    }

    /// Its newest block.
    #[must_use]
    pub fn tip(&self) -> Option<Tip> {
        stored_tip(self.disk, self.parties).ok()
    }

    /// Who proposes in a round of the height that it decides.
    #[must_use]
    pub fn proposer(&self, round: Round) -> Option<Address> {
        let tip = self.tip()?;
        let set = ValidatorSet::new((*tip.validators).clone())?;
        Some(*set.proposer(tip.height().next(), round).address())
    }

    /// The bytes of a block that is not decided.
    #[must_use]
    pub fn undecided(&self, id: BlockId) -> Option<Block> {
        let stored = self.disk.undecided(self.height());
        let (_, stored) = stored.into_iter().find(|(known, _)| *known == id)?;
        self.parties.block(&stored.block).ok()
    }

    /// A block as an honest node would build it from these records at this time.
    #[must_use]
    pub fn build(&self, time: Timestamp, records: &[Arc<Signed>]) -> Option<Block> {
        let mut replica = Replica::new(self.parties.chain, self.tip()?);
        let (state, key) = (self.disk.state(), self.seat.voting.public());
        let proposed = replica.propose(&*state, time, key, records, &self.parties.signing);
        Some(proposed.ok()?.block)
    }

    /// A vote of its own.
    #[must_use]
    pub fn vote(&self, kind: Kind, vote: Vote) -> Option<Packet> {
        self.vote_on(self.parties.chain, kind, vote)
    }

    /// A vote of its own on any chain.
    #[must_use]
    pub fn vote_on(&self, chain: ChainId, kind: Kind, vote: Vote) -> Option<Packet> {
        let bytes = vote.ballot().preimage(chain);
        let signature = self.parties.signing.sign(&self.seat.voting, &bytes);
        let signed = SignedMessage::new(vote, signature);
        let bytes = match kind {
            Kind::Liveness => encode_liveness(&LivenessMessage::Vote(signed)),
            Kind::Consensus
            | Kind::Hello
            | Kind::Status
            | Kind::Part
            | Kind::Record
            | Kind::SyncRequest
            | Kind::SyncResponse
            | Kind::NextVersion => encode_consensus(&ConsensusMessage::Vote(signed)),
        };
        Some(Packet::new(kind, bytes.ok()?))
    }

    /// A vote of its own for anything anywhere.
    #[must_use]
    pub fn ballot(&self, height: Height, round: Round, step: Step, value: BlockId) -> Vote {
        Vote::from(Ballot {
            height,
            round,
            step,
            value: Some(value),
            voter: self.seat.voting.public(),
        })
    }

    /// A proposal of its own.
    #[must_use]
    pub fn proposal(&self, height: Height, round: Round, block: BlockId) -> Option<Packet> {
        let proposal = Proposal {
            height: EngineHeight(height),
            round,
            value: Value(block),
            pol_round: None,
            proposer: self.seat.address,
        };
        let bytes = proposal_preimage(self.parties.chain, &proposal);
        let signature = self.parties.signing.sign(&self.seat.voting, &bytes);
        let signed = SignedMessage::new(proposal, signature);
        let bytes = encode_consensus(&ConsensusMessage::Proposal(signed)).ok()?;
        Some(Packet::new(Kind::Consensus, bytes))
    }

    /// Where it proposes.
    #[must_use]
    pub const fn place(&self, height: Height, round: Round, valid_round: Option<Round>) -> Place {
        Place {
            height: EngineHeight(height),
            round,
            valid_round,
            proposer: self.seat.address,
        }
    }

    /// The parts of these bytes under a header that names `block`.
    #[must_use]
    pub fn parts(&self, place: &Place, block: BlockId, bytes: &[u8]) -> Vec<Packet> {
        let Some(header) = describe(place, block, bytes) else {
            return Vec::new();
        };
        let signed = self.sign_header(header);
        let parts = split(&signed, bytes);
        parts
            .map(|part| Packet::new(Kind::Part, encode_part(&part)))
            .collect()
    }

    fn sign_header(&self, header: PartHeader) -> SignedPartHeader {
        let bytes = part_header_preimage(self.parties.chain, &header);
        let signature = self.parties.signing.sign(&self.seat.voting, &bytes);
        SignedPartHeader { header, signature }
    }

    /// How far it says that it is.
    #[must_use]
    pub fn status(&self, tip: Height) -> Packet {
        let status = Status {
            peer_id: self.seat.peer_id.clone(),
            tip,
            oldest: Height(1),
            said_at: self.clock.reads(self.now),
        };
        let bytes = status_preimage(self.parties.chain, &status);
        let signature = self.parties.signing.sign(&self.seat.peer, &bytes);
        Packet::new(
            Kind::Status,
            encode_status(&SignedStatus { status, signature }),
        )
    }

    /// Its own vote in a packet, if there is one.
    #[must_use]
    pub fn own_vote(&self, packet: &Packet) -> Option<Vote> {
        vote_in(packet).filter(|vote| vote.voter == self.seat.address)
    }

    /// Its own proposal in a packet, if there is one.
    #[must_use]
    pub fn own_proposal(&self, packet: &Packet) -> Option<Proposal> {
        proposal_in(packet).filter(|proposal| proposal.proposer == self.seat.address)
    }

    /// The header of its own part in a packet, and which part it is.
    #[must_use]
    pub fn own_part(&self, packet: &Packet) -> Option<(PartHeader, u16)> {
        let Ok(Content::Part(part)) = packet.read() else {
            return None;
        };
        let header = &part.signed.header;
        (header.proposer == self.seat.address).then(|| (header.clone(), part.index))
    }
}

/// The vote in a packet.
#[must_use]
pub(super) fn vote_in(packet: &Packet) -> Option<Vote> {
    let Ok(
        Content::Consensus(ConsensusMessage::Vote(vote))
        | Content::Liveness(LivenessMessage::Vote(vote)),
    ) = packet.read()
    else {
        return None;
    };
    Some(vote.message)
}

/// The proposal in a packet.
#[must_use]
pub(super) fn proposal_in(packet: &Packet) -> Option<Proposal> {
    let Ok(Content::Consensus(ConsensusMessage::Proposal(proposal))) = packet.read() else {
        return None;
    };
    Some(proposal.message)
}

/// Which of the two votes it is.
#[must_use]
pub(super) const fn step_of(vote: &Vote) -> Step {
    vote.ballot().step
}

/// The block that it is for.
#[must_use]
pub(super) const fn value_of(vote: &Vote) -> Option<BlockId> {
    vote.ballot().value
}

/// The same vote for something else.
#[must_use]
pub(super) fn vote_for(vote: &Vote, value: Option<BlockId>) -> Vote {
    Vote::from(Ballot {
        value,
        ..vote.ballot()
    })
}

#[cfg(test)]
mod tests;
