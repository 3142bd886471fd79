//! Proofs that hold, and every way in which one does not.

mod fork;

use std::string::ToString as _;
use std::vec;

use super::*;
use crate::digest::{StateRoot, sha256};
use crate::party::Role;
use crate::record::Statement;
use crate::state::{Leaf, View as _};
use crate::testing::{
    DAY_MS, START, TestLedger, VALIDATORS, endorse, issue, permit, quantities, quorum_of,
    validator_set,
};
use crate::tree::KeyHash;

/// Suravia's permit `1`, issued at height 1 and endorsed at height 2.
fn ledger() -> TestLedger {
    let mut ledger = TestLedger::default();
    let key = permit("1");
    ledger.state_now(
        ("QS", Role::Management),
        Statement::Issue(issue("1")),
        START,
    );
    let endorsement = endorse(key, quantities(9, 9));
    ledger.state_now(("QS", Role::Customs), endorsement, START.plus_ms(1));
    ledger
}

/// The checkpoint that a verifier saved at `height`.
fn anchor(ledger: &TestLedger, height: usize) -> Anchor {
    let (header, _) = &ledger.blocks[height - 1];
    Anchor {
        height: header.height,
        block: Some(header.id()),
        time: Some(header.time),
        validators: validator_set(&VALIDATORS),
    }
}

fn trusting(ledger: &TestLedger, anchor: Anchor) -> Trust {
    let mut trust = ledger.trust();
    trust.anchors.push(anchor);
    trust
}

/// The error of a proof after `change`, under the trust of genesis.
fn after(change: impl FnOnce(&mut Proof)) -> Option<ProofError> {
    let ledger = ledger();
    let mut proof = ledger.proof(&permit("1"));
    change(&mut proof);
    proof.check(&ledger.trust(), START).err()
}

#[test]
fn a_proof_shows_what_is_there_what_is_not_and_what_happened() {
    let ledger = ledger();
    let proof = ledger.proof(&permit("1"));
    let read = Proof::decode(&proof.encode()).expect("its own bytes");
    assert_eq!(read, proof);
    let trust = ledger.trust();
    let proven = proof.check(&trust, START).expect("holds");
    let bytes = proven.entry(&StateKey::permit(&permit("1"))).flatten();
    let state: crate::state::PermitState = codec::decode(bytes.unwrap(), 70_000).unwrap();
    assert_eq!(Some(state), ledger.permit(&permit("1")));
    assert_eq!(
        proven.entry(&StateKey::permit(&permit("2"))),
        None,
        "not shown"
    );
    assert_eq!(
        (proven.permit(), proven.signed_power()),
        (permit("1"), (4, 4))
    );
    assert_eq!(proven.header().height, Height(2));
    assert_eq!(proven.anchor(), Some(anchor(&ledger, 2)));
    let receipts = proof.records.iter().map(|record| {
        let leaf: Leaf = codec::decode(&record.leaf, 70_000).unwrap();
        (record.index, leaf.receipt.height.0)
    });
    assert_eq!(receipts.collect::<Vec<_>>(), [(0, 1), (1, 2)]);

    let absent = ledger.proof(&permit("2"));
    let proven = absent.check(&trust, START).expect("holds");
    assert_eq!(proven.entry(&StateKey::permit(&permit("2"))), Some(None));
}

#[test]
fn each_part_of_a_proof_is_bound_to_the_others() {
    let other = ledger().proof(&permit("2"));
    let first = {
        let mut ledger = TestLedger::default();
        ledger.block(START, &[]);
        ledger.proof(&permit("1"))
    };
    let entry = |key: &StateKey, error| {
        Some(ProofError::Entry {
            key: key.as_str().to_string(),
            error,
        })
    };
    let (own, parameters) = (StateKey::permit(&permit("1")), StateKey::parameters());
    let signature = Some(ProofError::Quorum(QuorumError::Signature(1)));
    let few = QuorumError::NotEnough {
        signed: 2,
        total: 4,
    };
    type Change = (
        &'static str,
        fn(&mut Proof, &Proof, &Proof),
        Option<ProofError>,
    );
    #[rustfmt::skip]
    let rows: [Change; 17] = [
        ("nothing", |_, _, _| {}, None),
        ("the header of another block", |p, _, first| p.header = first.header.clone(), Some(ProofError::QuorumOfAnother)),
        ("the quorum of another block", |p, _, first| p.quorum = first.quorum.clone(), Some(ProofError::QuorumOfAnother)),
        ("header and quorum of another block", |p, _, first| {
            (p.header, p.quorum) = (first.header.clone(), first.quorum.clone());
        }, entry(&own, PathError::Root)),
        ("the quorum's height", |p, _, _| p.quorum.height = Height(3), Some(ProofError::QuorumOfAnother)),
        ("the quorum's round", |p, _, _| p.quorum.round.0 = 1, Some(ProofError::Quorum(QuorumError::Signature(0)))),
        ("a later time", |p, _, _| p.header.time.0 += 1, Some(ProofError::QuorumOfAnother)),
        ("another state root", |p, _, _| p.header.state_root = StateRoot::default(), Some(ProofError::QuorumOfAnother)),
        ("a signature of another validator", |p, _, _| {
            p.quorum.signatures[1].signature = p.quorum.signatures[0].signature;
        }, signature),
        ("two of four signatures", |p, _, _| p.quorum.signatures.truncate(2), Some(ProofError::Quorum(few))),
        ("the path of another key", |p, _, _| p.entries[0].path = p.entries[1].path.clone(), entry(&own, PathError::Root)),
        ("the key of another entry", |p, _, _| p.entries[0].key = p.entries[1].key.clone(), entry(&parameters, PathError::Root)),
        ("another value", |p, _, _| p.entries[0].value = Some(Value(vec![0])), entry(&own, PathError::Root)),
        ("no value", |p, _, _| p.entries[0].value = None, entry(&own, PathError::Root)),
        ("an absence as a presence", |p, other, _| {
            p.entries[0] = other.entries[0].clone();
            p.entries[0].value = Some(Value(vec![0]));
        }, entry(&StateKey::permit(&permit("2")), if other.entries[0].path.other.is_some() { PathError::Form } else { PathError::Root })),
        ("a record at another index", |p, _, _| p.records[0].index = 1, Some(ProofError::Record(1))),
        ("another record", |p, _, _| p.records[0].leaf = p.records[1].leaf.clone(), Some(ProofError::Record(0))),
    ];
    for (what, change, expected) in rows {
        assert_eq!(
            after(|proof| change(proof, &other, &first)),
            expected,
            "{what}"
        );
    }
}

#[test]
fn a_proof_of_another_network_or_under_other_validators_proves_nothing() {
    let ledger = ledger();
    let proof = ledger.proof(&permit("1"));
    let trust = ledger.trust();
    let elsewhere = Trust {
        chain: ChainId(sha256(b"elsewhere")),
        ..trust.clone()
    };
    let expected = ProofError::OtherNetwork {
        found: trust.chain,
        trusted: elsewhere.chain,
    };
    assert_eq!(proof.check(&elsewhere, START).err(), Some(expected));
    let mut others = trust.clone();
    others.anchors[0].validators = validator_set(&[5, 6, 7, 8]);
    assert_eq!(
        proof.check(&others, START).err(),
        Some(ProofError::Validators)
    );
    let nobody = Trust {
        anchors: vec![],
        ..trust
    };
    assert_eq!(
        proof.check(&nobody, START).err(),
        Some(ProofError::Validators)
    );
}

#[test]
fn a_self_made_proof_with_its_own_validators_proves_nothing() {
    let ledger = ledger();
    let mut proof = ledger.proof(&permit("1"));
    let forgers = [5, 6, 7, 8];
    proof.header.validators = validator_set(&forgers).digest();
    proof.quorum = quorum_of(&proof.header, &forgers, &forgers);
    assert_eq!(
        proof.check(&ledger.trust(), START).err(),
        Some(ProofError::Validators)
    );
    proof.header.validators = validator_set(&VALIDATORS).digest();
    proof.quorum = quorum_of(&proof.header, &forgers, &forgers);
    let refused = proof.check(&ledger.trust(), START).err();
    assert_eq!(refused, Some(ProofError::Quorum(QuorumError::Signature(0))));
}

#[test]
fn the_block_that_was_verified_before_needs_no_signatures_and_no_other_block_passes_for_it() {
    let ledger = ledger();
    let trust = trusting(&ledger, anchor(&ledger, 2));
    let mut proof = ledger.proof(&permit("1"));
    proof.quorum.signatures.clear();
    let proven = proof.check(&trust, START).expect("the very block");
    assert_eq!(proven.signed_power(), (0, 0));
    assert_eq!(proven.anchor(), Some(anchor(&ledger, 2)));
    let mut fork = ledger.proof(&permit("1"));
    fork.header.time.0 += 1;
    fork.quorum = quorum_of(&fork.header, &VALIDATORS, &VALIDATORS);
    assert_eq!(
        fork.check(&trust, START).err(),
        Some(ProofError::Contradiction(Height(2)))
    );
    assert!(
        fork.check(&ledger.trust(), START).is_ok(),
        "only trust tells them apart"
    );
}

#[test]
fn a_checkpoint_is_followed_for_the_trusting_period_and_not_longer() {
    let ledger = ledger();
    let trust = trusting(&ledger, anchor(&ledger, 1));
    let proof = ledger.proof(&permit("1"));
    let end = START.plus_ms(30 * DAY_MS);
    assert!(proof.check(&trust, end).is_ok());
    let expired = proof.check(&trust, end.plus_ms(1)).err();
    assert_eq!(expired, Some(ProofError::TrustExpired(START)));
    let genesis = ledger.trust();
    assert!(
        proof.check(&genesis, end.plus_ms(1)).is_ok(),
        "genesis does not age"
    );
}

#[test]
fn an_older_block_is_judged_from_the_newest_anchor_before_it() {
    let ledger = ledger();
    let old = {
        let mut start = TestLedger::default();
        start.state_now(
            ("QS", Role::Management),
            Statement::Issue(issue("1")),
            START,
        );
        start.proof(&permit("1"))
    };
    assert_eq!(old.header, ledger.blocks[0].0);
    let trust = trusting(&ledger, anchor(&ledger, 2));
    let proven = old.check(&trust, START).expect("from genesis");
    assert_eq!(proven.header().height, Height(1));
}

const SETS: [[u8; 4]; 3] = [VALIDATORS, [2, 3, 4, 5], [3, 4, 5, 6]];

/// A hand-over at `height` from the validators `from` to `to`, signed by the former.
fn hand_over(header: &Header, height: u64, from: [u8; 4], to: [u8; 4]) -> HandOver {
    let header = Header {
        height: Height(height),
        validators: validator_set(&from).digest(),
        next_validators: validator_set(&to).digest(),
        ..header.clone()
    };
    HandOver {
        quorum: quorum_of(&header, &from, &from[..3]),
        next: validator_set(&to),
        header,
    }
}

/// A proof at height 9, decided by the third set, with both hand-overs.
fn handed_over() -> Proof {
    let mut proof = ledger().proof(&permit("1"));
    proof.hand_overs = vec![
        hand_over(&proof.header, 4, SETS[0], SETS[1]),
        hand_over(&proof.header, 7, SETS[1], SETS[2]),
    ];
    proof.header.height = Height(9);
    proof.header.validators = validator_set(&SETS[2]).digest();
    proof.header.next_validators = proof.header.validators;
    proof.quorum = quorum_of(&proof.header, &SETS[2], &SETS[2]);
    proof
}

#[test]
fn validators_are_followed_from_hand_over_to_hand_over() {
    let trust = ledger().trust();
    let proof = handed_over();
    assert!(proof.check(&trust, START).is_ok());
    let mut later = trust.clone();
    later.anchors.push(Anchor {
        height: Height(5),
        block: Some(BlockId::default()),
        time: Some(START),
        validators: validator_set(&SETS[1]),
    });
    let proven = proof
        .check(&later, START)
        .expect("the first is behind the anchor");
    assert_eq!(proven.anchor().unwrap().validators, validator_set(&SETS[2]));
    let mut leaving = handed_over();
    leaving.header.next_validators = validator_set(&SETS[0]).digest();
    leaving.quorum = quorum_of(&leaving.header, &SETS[2], &SETS[2]);
    let proven = leaving.check(&trust, START).expect("holds");
    assert_eq!(proven.anchor(), None, "the next set is not shown");
}

#[test]
fn a_hand_over_that_does_not_follow_is_named() {
    type Change = (&'static str, fn(&mut Proof), Option<ProofError>);
    #[rustfmt::skip]
    let rows: [Change; 9] = [
        ("none", |p| p.hand_overs.clear(), Some(ProofError::Validators)),
        ("the last is missing", |p| p.hand_overs.truncate(1), Some(ProofError::Validators)),
        ("the first is missing", |p| { p.hand_overs.remove(0); }, Some(ProofError::HandOver(0))),
        ("swapped", |p| p.hand_overs.reverse(), Some(ProofError::HandOver(0))),
        ("not before the block", |p| {
            p.hand_overs[1] = hand_over(&p.header, 9, SETS[1], SETS[2]);
        }, Some(ProofError::HandOver(1))),
        ("not after the one before", |p| {
            p.hand_overs[1] = hand_over(&p.header, 4, SETS[1], SETS[2]);
        }, Some(ProofError::HandOver(1))),
        ("to others than it names", |p| p.hand_overs[1].next = validator_set(&[7]), Some(ProofError::HandOver(1))),
        ("signed by the set after", |p| {
            let header = p.hand_overs[0].header.clone();
            p.hand_overs[0].quorum = quorum_of(&header, &SETS[1], &SETS[1]);
        }, Some(ProofError::HandOver(0))),
        ("with the quorum of another block", |p| {
            p.hand_overs[0].quorum = p.hand_overs[1].quorum.clone();
        }, Some(ProofError::HandOver(0))),
    ];
    let trust = ledger().trust();
    for (what, change, expected) in rows {
        let mut proof = handed_over();
        change(&mut proof);
        assert_eq!(proof.check(&trust, START).err(), expected, "{what}");
    }
    let mut elsewhere = handed_over();
    let mut header = elsewhere.hand_overs[0].header.clone();
    header.chain = ChainId(sha256(b"elsewhere"));
    elsewhere.hand_overs[0].quorum = quorum_of(&header, &SETS[0], &SETS[0]);
    elsewhere.hand_overs[0].header = header;
    let refused = elsewhere.check(&trust, START).err();
    assert_eq!(refused, Some(ProofError::HandOver(0)));
}

#[test]
fn bytes_that_are_no_proof_file_are_refused() {
    let proof = ledger().proof(&permit("1"));
    let with = |change: fn(&mut Proof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        Proof::decode(&proof.encode()).err()
    };
    let large = CodecError::TooLarge {
        got: PROOF_BYTES_MAX + 1,
        limit: PROOF_BYTES_MAX,
    };
    let parts = Some(ProofFormatError::Parts);
    #[rustfmt::skip]
    let rows = [
        ("more than 2 MiB", Proof::decode(&vec![0; PROOF_BYTES_MAX + 1]).err(), Some(ProofFormatError::Codec(large))),
        ("format 2", with(|p| p.version = 2), Some(ProofFormatError::Version(2))),
        ("no entry", with(|p| p.entries.clear()), parts.clone()),
        ("32 entries", with(|p| p.entries = vec![p.entries[1].clone(); 32]), None),
        ("33 entries", with(|p| p.entries = vec![p.entries[1].clone(); 33]), parts.clone()),
        ("no record", with(|p| p.records.clear()), None),
        ("16 records", with(|p| p.records = vec![p.records[0].clone(); 16]), None),
        ("17 records", with(|p| p.records = vec![p.records[0].clone(); 17]), parts.clone()),
        ("64 hand-overs", with(|p| p.hand_overs = vec![hand_over(&p.header, 1, SETS[0], SETS[1]); 64]), None),
        ("65 hand-overs", with(|p| p.hand_overs = vec![hand_over(&p.header, 1, SETS[0], SETS[1]); 65]), parts),
    ];
    for (what, refused, expected) in rows {
        assert_eq!(refused, expected, "{what}");
    }
    let truncated = &proof.encode()[..100];
    assert!(matches!(
        Proof::decode(truncated),
        Err(ProofFormatError::Codec(CodecError::Malformed(_)))
    ));
}

/// Whether all that a proof shows is so.
fn is_true(proof: &Proof, ledger: &TestLedger) -> bool {
    let held = |entry: &StateEntry| {
        let place = KeyHash::of(entry.key.as_bytes());
        let value = ledger.state.value(place).unwrap().map(Value);
        entry.value == value
    };
    let (header, _) = ledger.blocks.last().unwrap();
    let logged = |record: &LoggedRecord| ledger.state.leaf(record.index) == Some(&record.leaf[..]);
    proof.header == *header && proof.entries.iter().all(held) && proof.records.iter().all(logged)
}

#[test]
fn a_proof_with_any_bit_flipped_never_shows_what_is_not_so() {
    let ledger = ledger();
    let (trust, verified) = (ledger.trust(), trusting(&ledger, anchor(&ledger, 2)));
    for number in ["1", "2"] {
        let proof = ledger.proof(&permit(number));
        assert!(proof.check(&trust, START).is_ok() && is_true(&proof, &ledger));
        let needed = crate::verdict::needed(&ledger.state, &permit(number)).unwrap();
        let bytes = proof.encode();
        let mut accepted = 0;
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            let Ok(flipped) = Proof::decode(&flipped) else {
                continue;
            };
            // Where header and quorum are untouched, signatures need not be checked again for each bit.
            let untouched = (&flipped.header, &flipped.quorum) == (&proof.header, &proof.quorum);
            let trust = if untouched { &verified } else { &trust };
            let Ok(proven) = flipped.check(trust, START) else {
                continue;
            };
            assert!(
                is_true(&flipped, &ledger),
                "bit {bit} of the proof of {number}"
            );
            // Nothing signs the file's own name or the keys of what is absent: whoever asks for this permit
            // misses something that a verdict needs, or is told that the file is about another one.
            let is_whole = needed.iter().all(|key| proven.entry(key).is_some());
            let is_other = proven.permit() != permit(number);
            assert!(is_other || !is_whole, "bit {bit} of the proof of {number}");
            accepted += 1;
        }
        assert!(accepted > 200, "{accepted}");
    }
}

#[test]
fn a_proof_cut_short_anywhere_is_no_proof() {
    let bytes = ledger().proof(&permit("1")).encode();
    for length in 0..bytes.len() {
        assert!(Proof::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
}
