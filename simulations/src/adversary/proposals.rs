//! Proposals: two in one round, out of turn, dated wrong, wrong in themselves, without their block, and with parts
//! that are not those of the block.

use consensus::message::{PartHeader, ProposalPart, Vote};
use consensus::wire::encode_part;
use ledger::block::Block;
use ledger::digest::BlockId;
use ledger::quorum::{Round, Step};

use super::blocks;
use super::votes::{Face, Sides, show};
use super::words::{self, Scene};
use super::{Adversary, broadcast, others};
use crate::host::Output;
use crate::packet::{Content, Kind, Packet};
use crate::scenario::Strategy;

/// What goes out in the stead of a block of its own.
#[derive(Clone, Debug)]
pub(super) struct Stead {
    block: BlockId,
    parts: Vec<Packet>,
    sides: Sides,
}

impl Adversary {
    pub(super) fn change_proposals(
        &mut self,
        scene: &Scene<'_>,
        outputs: Vec<Output>,
    ) -> Vec<Output> {
        let mut changed = Vec::new();
        for output in outputs {
            match output {
                Output::Broadcast(packet) => {
                    if let Some((header, index)) = scene.own_part(&packet) {
                        changed.extend(self.change_part(scene, packet, &header, index));
                    } else if let Some(proposal) = scene.own_proposal(&packet) {
                        let place = (proposal.round, proposal.value.0);
                        let is_new = proposal.pol_round.is_none();
                        changed.extend(self.change_proposal(scene, packet, place, is_new));
                    } else if let Some(vote) = scene.own_vote(&packet) {
                        changed.extend(self.change_own_vote(scene, packet, &vote));
                    } else {
                        changed.push(Output::Broadcast(packet));
                    }
                }
                Output::Send(..)
                | Output::SendLater(..)
                | Output::Wake(..)
                | Output::Observed(_) => changed.push(output),
            }
        }
        changed
    }

    fn change_part(
        &mut self,
        scene: &Scene<'_>,
        packet: Packet,
        header: &PartHeader,
        index: u16,
    ) -> Vec<Output> {
        if self.strategy == Strategy::WithheldBlock {
            self.did();
            return Vec::new();
        }
        let place = (header.round, header.block);
        if header.valid_round.is_none() && index == 0 && !self.memory.steads.contains_key(&place) {
            let stead = self.stead(scene, header);
            self.memory.steads.extend(stead.map(|stead| (place, stead)));
        }
        let Some(stead) = self.memory.steads.get(&place).cloned() else {
            if self.strategy == Strategy::AlteredParts {
                return self.alter(scene, &packet);
            }
            return vec![Output::Broadcast(packet)];
        };
        // All parts of the other block go out with the first of this.
        let other = if index == 0 { stead.parts } else { Vec::new() };
        show(&stead.sides, &[packet], &other)
    }

    fn change_proposal(
        &mut self,
        scene: &Scene<'_>,
        packet: Packet,
        place: (Round, BlockId),
        is_new: bool,
    ) -> Vec<Output> {
        let stead = self.memory.steads.get(&place).filter(|_| is_new);
        let Some(stead) = stead else {
            return vec![Output::Broadcast(packet)];
        };
        let other = scene.proposal(self.memory.height, place.0, stead.block);
        show(&stead.sides, &[packet], other.as_slice())
    }

    /// Its votes follow its blocks: each side hears that it votes for what that side was shown.
    fn change_own_vote(&mut self, scene: &Scene<'_>, packet: Packet, vote: &Vote) -> Vec<Output> {
        let mut outputs = Vec::new();
        if self.strategy == Strategy::WrongProposer {
            outputs = self.propose_out_of_turn(scene, vote);
        }
        let value = words::value_of(vote);
        let stead = value.and_then(|block| self.memory.steads.get(&(vote.round, block)));
        let Some(stead) = stead else {
            outputs.push(Output::Broadcast(packet));
            return outputs;
        };
        let other = scene.vote(packet.kind(), words::vote_for(vote, Some(stead.block)));
        outputs.extend(show(&stead.sides, &[packet], other.as_slice()));
        outputs
    }

    /// What goes out in the stead of the block of this header.
    fn stead(&mut self, scene: &Scene<'_>, header: &PartHeader) -> Option<Stead> {
        let own = scene.undecided(header.block)?;
        let round = header.round;
        // A header that names an earlier round would spare a block the clocks of others.
        let (mut valid_round, mut is_shown_to_itself) = (None, false);
        let other = match self.strategy {
            Strategy::EquivocateProposal => blocks::rival(scene, &own),
            Strategy::WrongTime => {
                let turn = self.next_turn();
                let earlier = round.0.checked_sub(1).map(Round);
                valid_round = earlier.filter(|_| turn.is_multiple_of(2));
                let misdated = blocks::misdated(scene, &own, round, turn);
                misdated.map(|(block, _)| block)
            }
            Strategy::InvalidBlock => blocks::invalid(&own, self.next_turn()),
            Strategy::Censor => {
                is_shown_to_itself = true;
                self.censor(scene, &own)
            }
            Strategy::PoisonRecord => self.poison(scene, &own),
            Strategy::AlteredParts => {
                let is_turn = self.next_turn().checked_rem(3) == Some(2);
                // The same header, and the bytes of other records.
                is_turn.then(|| self.poison(scene, &own)).flatten()
            }
            Strategy::EquivocatePrevote
            | Strategy::EquivocatePrecommit
            | Strategy::Amnesia
            | Strategy::Silent
            | Strategy::SelectiveSilence
            | Strategy::PrecommitNil
            | Strategy::LateVotes
            | Strategy::UnknownValues
            | Strategy::WrongProposer
            | Strategy::WithheldBlock
            | Strategy::OldVotes
            | Strategy::FutureFlood
            | Strategy::FalseHeight
            | Strategy::SyncGarbage => None,
        }?;
        let place = scene.place(self.memory.height, round, valid_round);
        let parts = scene.parts(&place, other.id(), other.bytes());
        let are_two = [Strategy::EquivocateProposal, Strategy::AlteredParts];
        let mut sides = if are_two.contains(&self.strategy) {
            self.sides(scene)
        } else {
            let others = others(scene).into_iter();
            others.map(|node| (node, vec![Face::Other])).collect()
        };
        if is_shown_to_itself {
            sides.push((scene.seat.index, vec![Face::Other]));
        }
        self.did();
        Some(Stead {
            block: other.id(),
            parts,
            sides,
        })
    }

    /// Leaves out the Party whose record it met first.
    fn censor(&mut self, scene: &Scene<'_>, own: &Block) -> Option<Block> {
        let first = own.records().first().map(|signed| signed.record().author);
        let party = self.memory.censored.or(first)?;
        self.memory.censored = Some(party);
        blocks::censored(scene, own, party)
    }

    fn poison(&mut self, scene: &Scene<'_>, own: &Block) -> Option<Block> {
        let (poison, _) = blocks::poison(scene, self.next_turn())?;
        blocks::poisoned(own, &poison)
    }

    /// Bytes that are not those of the header, or under another number.
    fn alter(&mut self, scene: &Scene<'_>, packet: &Packet) -> Vec<Output> {
        let Ok(Content::Part(part)) = packet.read() else {
            return Vec::new();
        };
        self.did();
        let wrong = altered(part, self.random.happens(500));
        let wrong = Packet::new(Kind::Part, encode_part(&wrong));
        let sides = self.sides(scene);
        show(&sides, std::slice::from_ref(packet), &[wrong])
    }

    /// It streams and proposes a block although another validator is to propose, in this round and the next height.
    fn propose_out_of_turn(&mut self, scene: &Scene<'_>, vote: &Vote) -> Vec<Output> {
        let (height, round) = (self.memory.height, vote.round);
        let is_first = words::step_of(vote) == Step::Prevote && self.memory.rounds.insert(round);
        if vote.height.0 != height || !is_first || scene.proposer(round) == Some(scene.seat.address)
        {
            return Vec::new();
        }
        let Some(block) = scene.build(scene.clock.reads(scene.now), &[]) else {
            return Vec::new();
        };
        self.did();
        let mut sent = Vec::new();
        for height in [height, height.next()] {
            let place = scene.place(height, round, None);
            sent.extend(scene.parts(&place, block.id(), block.bytes()));
            sent.extend(scene.proposal(height, round, block.id()));
        }
        broadcast(sent)
    }
}

/// The same part with one byte flipped, or under the next number.
fn altered(part: &ProposalPart, is_flipped: bool) -> ProposalPart {
    let mut part = part.clone();
    if is_flipped {
        if let Some(byte) = part.bytes.last_mut() {
            *byte = !*byte;
        }
    } else {
        part.index = part.index.saturating_add(1);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use consensus::context::Height as EngineHeight;
    use consensus::message::SignedPartHeader;
    use consensus::validators::Address;
    use ledger::digest::sha256;
    use ledger::key::{SecretKey, Signature};

    #[test]
    fn an_altered_part_is_another_one_under_the_same_header() {
        let part = ProposalPart {
            signed: SignedPartHeader {
                header: PartHeader {
                    height: EngineHeight(ledger::party::Height(1)),
                    round: Round(0),
                    valid_round: None,
                    proposer: Address(SecretKey::from_seed(&[1; 32]).public()),
                    block: BlockId(sha256(b"block")),
                    length: 3,
                    chunks: vec![sha256(b"abc")],
                },
                signature: Signature([1; 64]),
            },
            index: 0,
            bytes: b"abc".to_vec(),
        };
        for is_flipped in [true, false] {
            let other = altered(&part, is_flipped);
            assert_eq!(other.signed, part.signed);
            assert_ne!(other, part);
        }
    }
}
