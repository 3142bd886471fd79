//! Everything a dishonest validator says is signed as it should be; only what it says is wrong.

use std::sync::Arc;

use consensus::message::SignedPartHeader;
use consensus::parts::{Assembler, Expected, Outcome};
use consensus::replica::{CheckError, Freshness, InvalidBlock, Replica};
use consensus::signing::verifies_status;
use ledger::digest::sha256;
use ledger::key::Scheme;
use ledger::state::admission::Inadmissible;
use ledger::state::memory::{MemoryState, initial_changes};

use super::super::blocks::{self, Dated, Poison};
use super::*;
use crate::bug::Bug;
use crate::scenario::{Scenario, Signatures};
use crate::trade;

/// A network at genesis, and its first node.
struct Stage {
    parties: Parties,
    disk: Disk,
    acts: Vec<trade::Act>,
    clock: Clock,
}

impl Stage {
    fn new(signatures: Signatures) -> Self {
        let mut scenario = Scenario::included("calm").unwrap();
        scenario.signatures = signatures;
        let parties = Parties::new(&scenario, 1).unwrap();
        let (_, changes) = initial_changes(parties.genesis.initial_state());
        let mut genesis = MemoryState::default();
        genesis.apply(&changes);
        let key = parties.seats()[0].voting.public();
        let guard = consensus::guard::State::new(parties.chain, &key);
        Self {
            disk: Disk::new(&Arc::new(genesis), &guard, Bug::None),
            acts: trade::acts(&scenario, &parties, 1).unwrap(),
            clock: Clock {
                begins_at: scenario.begins_at(),
                offset_ms: 0,
                drift_ppm: 0,
                drifts_since: Moment::default(),
            },
            parties,
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            now: Moment::from_ms(60_000),
            seat: &self.parties.seats()[0],
            parties: &self.parties,
            disk: &self.disk,
            clock: self.clock,
        }
    }

    /// A block with the first record of the workload.
    fn block(&self) -> Block {
        let first = self
            .acts
            .iter()
            .map(|act| Signed::decode(&act.bytes).unwrap());
        let first = first
            .into_iter()
            .find(|signed| signed.record().after.is_none());
        let scene = self.scene();
        let block = scene.build(self.clock.reads(scene.now), &[Arc::new(first.unwrap())]);
        let block = block.unwrap();
        assert_eq!(block.records().len(), 1);
        block
    }

    fn check(&self, block: &Block) -> Result<(), CheckError> {
        let scene = self.scene();
        let mut replica = Replica::new(self.parties.chain, scene.tip().unwrap());
        let freshness = Freshness::Fresh {
            now: self.clock.reads(scene.now),
            round: Round(0),
        };
        replica.check(&*self.disk.state(), block, freshness, &self.parties.signing)
    }
}

#[test]
fn its_words_are_signed_as_those_of_the_honest_are() {
    for signatures in [Signatures::Fast, Signatures::Real] {
        let stage = Stage::new(signatures);
        let (scene, chain) = (stage.scene(), stage.parties.chain);
        let (signing, key) = (&stage.parties.signing, scene.seat.voting.public());
        let id = BlockId(sha256(b"block"));
        let vote = scene.ballot(Height(3), Round(2), Step::Precommit, id);
        for kind in [Kind::Consensus, Kind::Liveness] {
            let packet = scene.vote(kind, vote).unwrap();
            assert_eq!(packet.kind(), kind);
            assert_eq!(scene.own_vote(&packet), Some(vote));
        }
        let Ok(Content::Consensus(ConsensusMessage::Vote(signed))) =
            scene.vote(Kind::Consensus, vote).unwrap().read().cloned()
        else {
            panic!("not a vote");
        };
        let bytes = vote.ballot().preimage(chain);
        assert!(Scheme::verifies(signing, &key, &bytes, &signed.signature));

        let packet = scene.proposal(Height(3), Round(2), id).unwrap();
        let proposal = scene.own_proposal(&packet).unwrap();
        assert_eq!(proposal.value.0, id);

        let Ok(Content::Status(signed)) = scene.status(Height(9)).read().cloned() else {
            panic!("not a status");
        };
        let peer = scene.seat.peer.public();
        assert!(verifies_status(signing, chain, &signed, &peer));
        assert_eq!(signed.status.tip, Height(9));
    }
}

#[test]
fn a_vote_on_another_chain_does_not_verify_on_this_one() {
    let stage = Stage::new(Signatures::Real);
    let (scene, chain) = (stage.scene(), stage.parties.chain);
    let vote = scene.ballot(
        Height(1),
        Round(0),
        Step::Prevote,
        BlockId(sha256(b"block")),
    );
    let elsewhere = ChainId(sha256(b"another chain"));
    let packet = scene.vote_on(elsewhere, Kind::Consensus, vote).unwrap();
    let Ok(Content::Consensus(ConsensusMessage::Vote(signed))) = packet.read() else {
        panic!("not a vote");
    };
    let verifies = |chain| {
        let bytes = vote.ballot().preimage(chain);
        Scheme::verifies(
            &stage.parties.signing,
            &vote.voter.0,
            &bytes,
            &signed.signature,
        )
    };
    assert!(verifies(elsewhere) && !verifies(chain));
}

#[test]
fn its_parts_make_the_block_that_their_header_names() {
    let stage = Stage::new(Signatures::Fast);
    let scene = stage.scene();
    let tip = scene.tip().unwrap();
    let validators = ValidatorSet::new((*tip.validators).clone()).unwrap();
    // A round in which it is its turn.
    let mut rounds = (0..4).map(Round);
    let round = rounds.find(|round| scene.proposer(*round) == Some(scene.seat.address));
    let round = round.unwrap();
    let block = stage.block();
    let place = scene.place(Height(1), round, None);
    let mut assembler = Assembler::with_scheme(stage.parties.chain, stage.parties.signing.clone());
    let expected = Expected {
        height: Height(1),
        round,
        validators,
    };
    let mut last = None;
    for packet in scene.parts(&place, block.id(), block.bytes()) {
        let Ok(Content::Part(part)) = packet.read() else {
            panic!("not a part");
        };
        last = Some(assembler.insert(part.clone(), &expected));
    }
    let Some(Outcome::Complete(assembled)) = last else {
        panic!("{last:?}");
    };
    let SignedPartHeader { header, .. } = assembled.signed;
    assert_eq!(
        (header.block, assembled.bytes.as_slice()),
        (block.id(), block.bytes())
    );
}

#[test]
fn a_rival_is_another_block_that_everybody_accepts() {
    let stage = Stage::new(Signatures::Fast);
    let block = stage.block();
    let rival = blocks::rival(&stage.scene(), &block).unwrap();
    assert_ne!(rival.id(), block.id());
    assert_eq!(rival.records(), block.records());
    assert_eq!((stage.check(&block), stage.check(&rival)), (Ok(()), Ok(())));
}

#[test]
fn an_invalid_block_is_refused_for_what_is_wrong_with_it() {
    let stage = Stage::new(Signatures::Fast);
    let block = stage.block();
    for (turn, expected) in [
        (0, InvalidBlock::StateRoot),
        (1, InvalidBlock::LogRoot),
        (2, InvalidBlock::NextValidators),
        (3, InvalidBlock::LogRoot),
        (
            4,
            InvalidBlock::Height {
                found: Height(2),
                tip: Height::ZERO,
            },
        ),
        // Block 1 carries no quorum that could be wrong.
        (5, InvalidBlock::LogRoot),
    ] {
        let invalid = blocks::invalid(&block, turn).unwrap();
        assert_eq!(
            stage.check(&invalid),
            Err(CheckError::Invalid(expected)),
            "{turn}"
        );
    }
}

#[test]
fn a_misdated_block_is_refused_for_its_time_alone() {
    let stage = Stage::new(Signatures::Fast);
    let block = stage.block();
    // At height 1 there is no parent to be before.
    let (ahead, dated) = blocks::misdated(&stage.scene(), &block, Round(0), 2).unwrap();
    assert_eq!(dated, Dated::Ahead);
    let Err(CheckError::Invalid(InvalidBlock::TimeAhead(ms))) = stage.check(&ahead) else {
        panic!("accepted");
    };
    assert!(ms > 3_000, "{ms}");
}

#[test]
fn a_censored_block_is_valid_and_lacks_what_it_lacks() {
    let stage = Stage::new(Signatures::Fast);
    let block = stage.block();
    let author = block.records()[0].record().author;
    let censored = blocks::censored(&stage.scene(), &block, author).unwrap();
    assert!(censored.records().is_empty());
    assert_eq!(stage.check(&censored), Ok(()));
    let other = stage
        .parties
        .seats()
        .iter()
        .find(|seat| seat.code != author)
        .unwrap();
    assert_eq!(blocks::censored(&stage.scene(), &block, other.code), None);
}

#[test]
fn a_poisoned_block_is_refused_for_its_poison() {
    let stage = Stage::new(Signatures::Fast);
    let block = stage.block();
    for (turn, expected, why) in [
        (0, Poison::BadSignature, Inadmissible::BadSignature),
        (
            1,
            Poison::UnknownOffice,
            Inadmissible::UnknownOffice(ledger::party::OfficeNumber(999)),
        ),
        // Nothing is logged yet.
        (2, Poison::BadSignature, Inadmissible::BadSignature),
    ] {
        let (poison, kind) = blocks::poison(&stage.scene(), turn).unwrap();
        assert_eq!(kind, expected);
        let poisoned = blocks::poisoned(&block, &poison).unwrap();
        assert_eq!(poisoned.id(), block.id());
        let refused = InvalidBlock::Record {
            index: 1,
            error: why,
        };
        assert_eq!(
            stage.check(&poisoned),
            Err(CheckError::Invalid(refused)),
            "{turn}"
        );
    }
    // Twice in one block is once too often.
    let twice = blocks::poisoned(&block, &block.records()[0]).unwrap();
    let refused = InvalidBlock::Record {
        index: 1,
        error: Inadmissible::AlreadyLogged,
    };
    assert_eq!(stage.check(&twice), Err(CheckError::Invalid(refused)));
}
