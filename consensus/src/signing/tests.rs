//! Signing and checking: what is signed is accepted, and nothing that differs in any field.

use core::future::Future;
use core::pin::pin;
use core::task::{Context as TaskContext, Poll, Waker};
use std::sync::Mutex;
use std::vec;

use ledger::quorum::Round;
use malachitebft_core_types::VoteType;

use super::*;
use crate::parts::{Place, describe};
use crate::samples::{Memory, address, block, chain, key, proposal, vote};

#[derive(Debug, Default)]
struct Noted(Mutex<Reproposals>);

impl SharedReproposals for Noted {
    fn with<T>(&self, f: impl FnOnce(&mut Reproposals) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut task = TaskContext::from_waker(Waker::noop());
    match pin!(future).poll(&mut task) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("signing and checking never wait"),
    }
}

fn signer(n: u8) -> GuardedKey<Memory> {
    GuardedKey::new(chain(), key(n), Memory::new(n))
}

fn checker() -> Checker<Noted> {
    Checker::new(chain(), Noted::default())
}

fn checks_vote(checker: &Checker<Noted>, vote: &Vote, signature: &Signature) -> bool {
    ready(checker.verify_signed_vote(vote, signature, &vote.voter.0)).is_ok_and(|r| r.is_valid())
}

fn checks_proposal(checker: &Checker<Noted>, proposal: &Proposal, signature: &Signature) -> bool {
    let result = checker.verify_signed_proposal(proposal, signature, &proposal.proposer.0);
    ready(result).is_ok_and(|result| result.is_valid())
}

#[test]
fn a_vote_is_signed_over_the_ballot_that_verifiers_know() {
    let vote = vote(1, VoteType::Precommit, Some(1));
    let signed = ready(signer(1).sign_vote(vote)).unwrap();
    let bytes = vote.ballot().preimage(chain());
    assert!(vote.voter.0.verifies(&bytes, &signed.signature));
    assert!(checks_vote(&checker(), &vote, &signed.signature));
}

#[test]
fn no_signed_fact_can_be_changed() {
    let (checker, signer) = (checker(), signer(1));
    let vote = vote(1, VoteType::Precommit, Some(1));
    let signature = signer.vote(&vote).unwrap();
    let nil = crate::samples::vote(1, VoteType::Precommit, None);
    let prevote = crate::samples::vote(1, VoteType::Prevote, Some(1));
    for (what, changed) in [
        (
            "round",
            Vote {
                round: Round(3),
                ..vote
            },
        ),
        ("step", prevote),
        ("value", nil),
        (
            "voter",
            Vote {
                voter: address(2),
                ..vote
            },
        ),
    ] {
        assert!(!checks_vote(&checker, &changed, &signature), "{what}");
    }
    let elsewhere = Checker::new(ChainId(ledger::digest::sha256(b"other")), Noted::default());
    assert!(!checks_vote(&elsewhere, &vote, &signature));
    let by_other = ready(checker.verify_signed_vote(&vote, &signature, &key(2).public()));
    assert!(by_other.unwrap().is_invalid());

    let proposal = proposal(1, 1, None);
    let signature = super::super::samples::key(1).sign(&proposal_preimage(chain(), &proposal));
    assert!(checks_proposal(&checker, &proposal, &signature));
    for (what, changed) in [
        (
            "earlier round",
            Proposal {
                pol_round: Some(Round(0)),
                ..proposal
            },
        ),
        (
            "round",
            Proposal {
                round: Round(0),
                ..proposal
            },
        ),
        ("value", crate::samples::proposal(1, 2, None)),
        (
            "proposer",
            Proposal {
                proposer: address(2),
                ..proposal
            },
        ),
    ] {
        assert!(!checks_proposal(&checker, &changed, &signature), "{what}");
    }
    assert!(!checks_proposal(&elsewhere, &proposal, &signature));
}

#[test]
fn what_the_guard_refuses_is_void_and_verifies_for_nobody() {
    let signer = signer(1);
    let first = vote(1, VoteType::Prevote, Some(1));
    let second = vote(1, VoteType::Prevote, Some(2));
    let signed = ready(signer.sign_vote(first)).unwrap();
    assert_ne!(signed.signature, VOID);
    let refused = ready(signer.sign_vote(second)).unwrap();
    assert_eq!(refused.signature, VOID);
    assert!(!checks_vote(&checker(), &second, &VOID));
    // The same again gives the same bytes.
    assert_eq!(ready(signer.sign_vote(first)).unwrap(), signed);
    let late = ready(signer.sign_proposal(proposal(1, 1, None))).unwrap();
    assert_eq!(late.signature, VOID);
    assert!(!checks_proposal(&checker(), &late.message, &VOID));
}

#[test]
fn a_part_header_is_signed_only_where_its_proposal_may_be() {
    let signer = signer(1);
    let place = Place {
        height: proposal(1, 1, None).height,
        round: Round(2),
        valid_round: None,
        proposer: address(1),
    };
    let header = |name| describe(&place, block(name), b"bytes").unwrap();
    let signed = signer.sign_part_header(header(1)).unwrap();
    assert!(verifies_part_header(&StrictEd25519, chain(), &signed));
    assert!(!verifies_part_header(
        &StrictEd25519,
        ChainId(ledger::digest::sha256(b"other")),
        &signed
    ));
    assert!(signer.sign_part_header(header(2)).is_err());
    assert!(signer.propose(&proposal(1, 2, None)).is_err());
    assert!(signer.propose(&proposal(1, 1, None)).is_ok());
    let mut changed = signed;
    changed.header.length = 6;
    assert!(!verifies_part_header(&StrictEd25519, chain(), &changed));
}

#[test]
fn a_new_proposal_for_a_block_no_clock_judged_does_not_count() {
    let checker = checker();
    let height = proposal(1, 1, None).height.0;
    checker.reproposals.with(|known| {
        known.begin(height, Round(2));
        known.spared(height, block(1));
    });
    for (pol_round, expected) in [(None, false), (Some(0), true)] {
        let proposal = proposal(1, 1, pol_round);
        let signature = key(1).sign(&proposal_preimage(chain(), &proposal));
        assert_eq!(checks_proposal(&checker, &proposal, &signature), expected);
    }
}

#[test]
fn a_peer_is_a_validator_only_with_that_validators_word_on_this_chain() {
    let checker = checker();
    let is_valid = |proof: &ValidatorProof<Context>| {
        ready(checker.verify_validator_proof(proof))
            .unwrap()
            .is_valid()
    };
    let public_key = key(1).public().as_bytes().to_vec();
    let proof = ready(signer(1).sign_validator_proof(public_key.clone(), vec![5; 38])).unwrap();
    assert!(is_valid(&proof));
    let mut moved = proof.clone();
    moved.peer_id = vec![6; 38];
    assert!(!is_valid(&moved));
    let mut other = proof;
    other.public_key = key(2).public().as_bytes().to_vec();
    assert!(!is_valid(&other));
    other.public_key = vec![1, 2, 3];
    assert!(!is_valid(&other));
    let foreign = ready(signer(2).sign_validator_proof(public_key, vec![5; 38]));
    assert!(foreign.is_err());
}
