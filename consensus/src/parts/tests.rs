//! Parts: only what the expected proposer announced is assembled, and only as much of it.

use std::vec;
use std::vec::Vec;

use super::*;
use crate::context::Height as EngineHeight;
use crate::samples::{block, chain, key, key_of, validators};
use crate::signing::part_header_preimage;

const COUNT: u8 = 4;

fn expected(height: u64, round: u32) -> Expected {
    Expected {
        height: Height(height),
        round: Round(round),
        validators: validators(COUNT),
    }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect()
}

/// The proposer's header for a block of `length` bytes, changed by `change` before it is signed.
fn signed(
    height: u64,
    round: u32,
    name: u8,
    length: usize,
    change: impl FnOnce(&mut PartHeader),
) -> SignedPartHeader {
    let proposer = *validators(COUNT)
        .proposer(Height(height), Round(round))
        .address();
    let place = Place {
        height: EngineHeight(Height(height)),
        round: Round(round),
        valid_round: None,
        proposer,
    };
    let mut header = describe(&place, block(name), &bytes(length)).unwrap();
    change(&mut header);
    let key = key_of(header.proposer, COUNT + 1);
    let signature = key.sign(&part_header_preimage(chain(), &header));
    SignedPartHeader { header, signature }
}

fn parts(height: u64, round: u32, name: u8, length: usize) -> Vec<ProposalPart> {
    let signed = signed(height, round, name, length, |_| {});
    split(&signed, &bytes(length)).collect()
}

#[test]
fn a_block_comes_together_in_whatever_order_its_parts_arrive() {
    for length in [
        1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        5 * CHUNK_BYTES - 3,
        BLOCK_BYTES_MAX,
    ] {
        let parts = parts(5, 0, 1, length);
        for order in [parts.clone(), parts.iter().rev().cloned().collect()] {
            let mut assembler = Assembler::new(chain());
            let (last, first) = order.split_last().unwrap();
            for part in first {
                assert_eq!(
                    assembler.insert(part.clone(), &expected(5, 0)),
                    Outcome::Kept
                );
                assert_eq!(
                    assembler.insert(part.clone(), &expected(5, 0)),
                    Outcome::Repeated
                );
            }
            let Outcome::Complete(whole) = assembler.insert(last.clone(), &expected(5, 0)) else {
                panic!("{length} bytes do not come together");
            };
            assert_eq!(whole.bytes, bytes(length));
            assert_eq!(
                assembler.insert(last.clone(), &expected(5, 0)),
                Outcome::Repeated
            );
        }
    }
}

#[test]
fn only_the_expected_proposer_opens_a_stream() {
    let part = |signed: SignedPartHeader, index: u16, bytes: Vec<u8>| ProposalPart {
        signed,
        index,
        bytes,
    };
    let good = || signed(5, 0, 1, 10, |_| {});
    let stranger = key(COUNT + 1).public();
    let mut forged = good();
    forged.signature = key(9).sign(b"something else");
    let other_proposer = *validators(COUNT).proposer(Height(5), Round(1)).address();
    let refused = |error| Outcome::Refused(error);
    let by = |proposer| signed(5, 0, 1, 10, |header| header.proposer = proposer);
    for (what, part, outcome) in [
        (
            "decided",
            part(signed(4, 0, 1, 10, |_| {}), 0, bytes(10)),
            refused(PartError::Height(Height(4))),
        ),
        (
            "far ahead",
            part(signed(7, 0, 1, 10, |_| {}), 0, bytes(10)),
            refused(PartError::Height(Height(7))),
        ),
        (
            "round",
            part(signed(5, 14, 1, 10, |_| {}), 0, bytes(10)),
            refused(PartError::Round(Round(14))),
        ),
        (
            "index",
            part(good(), 1, bytes(10)),
            refused(PartError::Shape),
        ),
        (
            "short",
            part(good(), 0, bytes(9)),
            refused(PartError::Shape),
        ),
        (
            "other bytes",
            part(good(), 0, vec![0; 10]),
            refused(PartError::Shape),
        ),
        (
            "no length",
            part(signed(5, 0, 1, 10, |h| h.length = 0), 0, bytes(10)),
            refused(PartError::Shape),
        ),
        (
            "huge",
            part(signed(5, 0, 1, 10, |h| h.length = u32::MAX), 0, bytes(10)),
            refused(PartError::Shape),
        ),
        (
            "chunks",
            part(
                signed(5, 0, 1, 10, |h| h.chunks.push(sha256(b""))),
                0,
                bytes(10),
            ),
            refused(PartError::Shape),
        ),
        (
            "its own round before",
            part(
                signed(5, 3, 1, 10, |h| h.valid_round = Some(Round(3))),
                0,
                bytes(10),
            ),
            refused(PartError::Shape),
        ),
        (
            "stranger",
            part(by(Address(stranger)), 0, bytes(10)),
            refused(PartError::Proposer),
        ),
        (
            "not its turn",
            part(by(other_proposer), 0, bytes(10)),
            refused(PartError::Proposer),
        ),
        (
            "forged",
            part(forged, 0, bytes(10)),
            refused(PartError::Signature),
        ),
    ] {
        let mut assembler = Assembler::new(chain());
        assert_eq!(assembler.insert(part, &expected(5, 3)), outcome, "{what}");
    }
    let mut elsewhere = Assembler::new(ledger::digest::ChainId(sha256(b"other")));
    let part = part(good(), 0, bytes(10));
    assert_eq!(
        elsewhere.insert(part, &expected(5, 0)),
        refused(PartError::Signature)
    );
}

#[test]
fn a_proposer_that_contradicts_itself_gets_two_blocks_and_no_more() {
    let mut assembler = Assembler::new(chain());
    for name in [1, 2] {
        let part = parts(5, 0, name, 10).remove(0);
        assert!(matches!(
            assembler.insert(part, &expected(5, 0)),
            Outcome::Complete(_)
        ));
    }
    let third = parts(5, 0, 3, 10).remove(0);
    assert_eq!(
        assembler.insert(third, &expected(5, 0)),
        Outcome::Refused(PartError::TooMany)
    );
    // The same block under a second header.
    let mut assembler = Assembler::new(chain());
    let long = 2 * CHUNK_BYTES;
    let part = parts(5, 2, 1, long).remove(0);
    assert_eq!(assembler.insert(part, &expected(5, 2)), Outcome::Kept);
    let second = signed(5, 2, 1, long, |header| header.valid_round = Some(Round(0)));
    let part = split(&second, &bytes(long)).next().unwrap();
    assert_eq!(
        assembler.insert(part, &expected(5, 2)),
        Outcome::Refused(PartError::TooMany)
    );
}

#[test]
fn unfinished_blocks_of_old_rounds_make_room() {
    let mut assembler = Assembler::new(chain());
    let long = 2 * CHUNK_BYTES;
    for round in 0..20 {
        let part = parts(5, round, 1, long).remove(0);
        assert_eq!(
            assembler.insert(part, &expected(5, round)),
            Outcome::Kept,
            "round {round}"
        );
        assert!(assembler.open.len() <= BLOCKS_OPEN_MAX);
    }
    let rest = parts(5, 19, 1, long).remove(1);
    assert!(matches!(
        assembler.insert(rest, &expected(5, 19)),
        Outcome::Complete(_)
    ));
}

#[test]
fn blocks_of_rounds_ahead_never_push_out_the_one_under_way() {
    let long = 2 * CHUNK_BYTES;
    let first = |round, name| parts(5, round, name, long).remove(0);
    let at = expected(5, 3);
    let mut assembler = Assembler::new(chain());
    // The honest block under way, one of an earlier round, and six of rounds ahead: no room is left.
    for (round, name) in [
        (3, 1),
        (2, 1),
        (4, 1),
        (4, 2),
        (6, 1),
        (6, 2),
        (9, 1),
        (9, 2),
    ] {
        assert_eq!(
            assembler.insert(first(round, name), &at),
            Outcome::Kept,
            "{round}"
        );
    }
    for (round, expected) in [
        (12, Outcome::Refused(PartError::NoRoom)),
        (9, Outcome::Refused(PartError::TooMany)),
        // Each of these pushes out the farthest.
        (7, Outcome::Kept),
        (5, Outcome::Kept),
        (8, Outcome::Refused(PartError::NoRoom)),
        (1, Outcome::Kept),
        (0, Outcome::Kept),
    ] {
        assert_eq!(assembler.insert(first(round, 3), &at), expected, "{round}");
        assert!(assembler.open.len() <= BLOCKS_OPEN_MAX);
    }
    for round in [3, 2] {
        let rest = parts(5, round, 1, long).remove(1);
        let outcome = assembler.insert(rest, &at);
        assert!(matches!(outcome, Outcome::Complete(_)), "round {round}");
    }
}

#[test]
fn a_proposer_that_signs_two_blocks_for_one_round_is_accused_once() {
    let long = 2 * CHUNK_BYTES;
    // The second header at the height under way, the first block complete or not; and one height ahead.
    for (height, complete) in [(5, false), (5, true), (6, false)] {
        let at = expected(5, 0);
        let mut assembler = Assembler::new(chain());
        let (mut one, mut two) = (parts(height, 0, 1, long), parts(height, 0, 2, long));
        if !complete {
            one.truncate(1);
        }
        for part in one {
            assembler.insert(part, &at);
        }
        assert_eq!(assembler.take_evidence(), []);
        let forged = {
            let mut part = two[0].clone();
            part.signed.signature = one_signature();
            part
        };
        assert_eq!(
            assembler.insert(forged, &at),
            Outcome::Refused(PartError::Signature)
        );
        assert_eq!(assembler.take_evidence(), []);
        assembler.insert(two.remove(0), &at);
        let evidence = assembler.take_evidence();
        let [evidence] = &evidence[..] else {
            panic!("{height} {complete}: {evidence:?}");
        };
        assert!(evidence.is_proven(chain()));
        let proposer = *validators(COUNT)
            .proposer(Height(height), Round(0))
            .address();
        assert_eq!(evidence.validator(), proposer);
        // The rest of it, and a third block, say nothing new.
        for part in two.into_iter().chain(parts(height, 0, 3, long)) {
            assembler.insert(part, &at);
        }
        assert_eq!(assembler.take_evidence(), []);
    }
    // One block that is proposed again in a later round is honest.
    let mut assembler = Assembler::new(chain());
    for round in [0, 1] {
        for part in parts(5, round, 1, long) {
            assembler.insert(part, &expected(5, round));
        }
    }
    assert_eq!(assembler.take_evidence(), []);
}

fn one_signature() -> ledger::key::Signature {
    key(1).sign(b"something else")
}

#[test]
fn parts_for_the_height_after_next_wait_for_the_commit() {
    let mut assembler = Assembler::new(chain());
    let long = CHUNK_BYTES + 1;
    for part in parts(6, 0, 1, long) {
        assert_eq!(
            assembler.insert(part.clone(), &expected(5, 0)),
            Outcome::Later
        );
        assert_eq!(assembler.insert(part, &expected(5, 0)), Outcome::Repeated);
    }
    let by_member = signed(6, 0, 2, 10, |header| {
        header.proposer = *validators(COUNT).proposer(Height(6), Round(1)).address();
    });
    let part = split(&by_member, &bytes(10)).next().unwrap();
    assert_eq!(assembler.insert(part, &expected(5, 0)), Outcome::Later);
    let outcomes = assembler.take_later(&expected(6, 0));
    assert!(matches!(
        outcomes[..],
        [
            Outcome::Kept,
            Outcome::Complete(_),
            Outcome::Refused(PartError::Proposer)
        ]
    ));
    assert!(assembler.take_later(&expected(6, 0)).is_empty());
}

#[test]
fn what_waits_for_the_height_after_next_is_limited() {
    let mut assembler = Assembler::new(chain());
    let mut kept = 0;
    for round in 0..4 {
        for part in parts(6, round, 1, BLOCK_BYTES_MAX) {
            match assembler.insert(part, &expected(5, 0)) {
                Outcome::Later => kept += CHUNK_BYTES,
                outcome => assert_eq!(outcome, Outcome::Refused(PartError::TooMany)),
            }
        }
    }
    assert_eq!(kept, LATER_BYTES_MAX);
    let mut assembler = Assembler::new(chain());
    let refused = |error| Outcome::Refused(error);
    let first = parts(6, 0, 1, 10).remove(0);
    let mut forged = first.clone();
    forged.signed.signature = key(9).sign(b"something else");
    let mut torn = first.clone();
    torn.bytes.pop();
    let stranger = signed(6, 0, 1, 10, |header| {
        header.proposer = Address(key(COUNT + 1).public())
    });
    let stranger = split(&stranger, &bytes(10)).next().unwrap();
    let late = parts(6, 11, 1, 10).remove(0);
    for (part, outcome) in [
        (late, refused(PartError::Round(Round(11)))),
        (torn, refused(PartError::Shape)),
        (stranger.clone(), refused(PartError::Proposer)),
        (forged, refused(PartError::Signature)),
        (first, Outcome::Later),
        (parts(6, 0, 2, 10).remove(0), refused(PartError::TooMany)),
    ] {
        assert_eq!(assembler.insert(part, &expected(5, 0)), outcome);
    }
}

#[test]
fn a_block_that_is_empty_or_too_large_is_not_described() {
    let place = Place {
        height: EngineHeight(Height(5)),
        round: Round(0),
        valid_round: None,
        proposer: Address(key(1).public()),
    };
    assert_eq!(describe(&place, block(1), &[]), None);
    assert_eq!(
        describe(&place, block(1), &bytes(BLOCK_BYTES_MAX + 1)),
        None
    );
    assert!(describe(&place, block(1), &bytes(BLOCK_BYTES_MAX)).is_some());
}
