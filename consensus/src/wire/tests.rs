//! Wire forms: what was written is read back, and nothing else is read.

use std::string::String;
use std::vec;
use std::vec::Vec;

use ledger::digest::hex;
use malachitebft_core_types::{
    CommitSignature, PolkaSignature, RoundCertificateType, RoundSignature, SignedMessage, VoteType,
};

use super::*;
use crate::context::{Height as EngineHeight, engine_round};
use crate::message::PartHeader;
use crate::parts::{Place, describe, split};
use crate::samples::{Random, address, block, chain, key, proposal, vote};
use crate::signing::{part_header_preimage, proposal_preimage};

fn signed_vote(n: u8, kind: VoteType, value: Option<u8>) -> SignedVote<Context> {
    let vote = vote(n, kind, value);
    SignedMessage::new(vote, key(n).sign(&vote.ballot().preimage(chain())))
}

fn signed_proposal(pol_round: Option<u32>) -> SignedProposal<Context> {
    let proposal = proposal(1, 1, pol_round);
    SignedMessage::new(
        proposal,
        key(1).sign(&proposal_preimage(chain(), &proposal)),
    )
}

fn signed_header(length: usize, valid_round: Option<u32>) -> (SignedPartHeader, Vec<u8>) {
    let bytes = vec![7; length];
    let place = Place {
        height: EngineHeight(Height(7)),
        round: Round(2),
        valid_round: valid_round.map(Round),
        proposer: address(1),
    };
    let header: PartHeader = describe(&place, block(1), &bytes).unwrap();
    let signature = key(1).sign(&part_header_preimage(chain(), &header));
    (SignedPartHeader { header, signature }, bytes)
}

fn polka(count: u8) -> PolkaCertificate<Context> {
    let signature = |n| {
        let vote = signed_vote(n, VoteType::Prevote, Some(1));
        PolkaSignature::new(vote.voter, vote.signature)
    };
    PolkaCertificate {
        height: EngineHeight(Height(7)),
        round: engine_round(Round(2)),
        value_id: block(1),
        polka_signatures: (1..=count).map(signature).collect(),
    }
}

fn commit(count: u8) -> CommitCertificate<Context> {
    let signature = |n| {
        let vote = signed_vote(n, VoteType::Precommit, Some(1));
        CommitSignature::new(vote.voter, vote.signature)
    };
    CommitCertificate {
        height: EngineHeight(Height(7)),
        round: engine_round(Round(2)),
        value_id: block(1),
        commit_signatures: (1..=count).map(signature).collect(),
    }
}

fn round_certificate(cert_type: RoundCertificateType) -> RoundCertificate<Context> {
    let signature = |n| {
        let value = (n % 2 == 0).then_some(1);
        let vote = signed_vote(n, VoteType::Precommit, value);
        RoundSignature::new(vote.kind, vote.value, vote.voter, vote.signature)
    };
    RoundCertificate {
        height: EngineHeight(Height(7)),
        round: engine_round(Round(2)),
        cert_type,
        round_signatures: (1..=3).map(signature).collect(),
    }
}

/// Each kind of message: name, bytes, and what its decoder makes of bytes (encoded again).
type Reader = fn(&[u8]) -> Result<Vec<u8>, CodecError>;

fn consensus(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    decode_consensus(bytes).map(|message| encode_consensus(&message).unwrap_or_default())
}

fn liveness(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    decode_liveness(bytes).map(|message| encode_liveness(&message).unwrap_or_default())
}

fn undecided(signed: Option<SignedPartHeader>) -> Undecided {
    Undecided {
        round: Round(2),
        valid_round: Some(Round(1)),
        proposer: address(1),
        signed,
        is_judged: true,
        block: vec![1, 2, 3],
    }
}

fn messages() -> Vec<(&'static str, Vec<u8>, Reader)> {
    let prevote = signed_vote(1, VoteType::Prevote, None);
    let precommit = signed_vote(2, VoteType::Precommit, Some(1));
    let (header, bytes) = signed_header(100, Some(1));
    let part = split(&header, &bytes).next().unwrap();
    let frame = |part| StreamFrame {
        stream: vec![1, 2, 3],
        sequence: 4,
        part,
        status: None,
    };
    let proof = ValidatorProof::new(vec![1; 32], vec![2; 38], Signature([3; 64]));
    let status = SignedStatus {
        status: Status {
            peer_id: vec![2; 38],
            tip: Height(7),
            oldest: Height(1),
            said_at: Timestamp(1_790_000_000_000),
        },
        signature: Signature([3; 64]),
    };
    let response = SyncResponse {
        first: Height(7),
        values: vec![DecidedValue {
            block: Bytes::from_static(b"block"),
            certificate: commit(3),
        }],
    };
    let note = ProposedNote {
        height: Height(7),
        round: Round(2),
        valid_round: None,
        proposer: address(1),
        block: block(1),
        is_valid: true,
    };
    let vote_bytes = |vote| encode_consensus(&ConsensusMessage::Vote(vote)).unwrap();
    let proposal_bytes =
        |pol| encode_consensus(&ConsensusMessage::Proposal(signed_proposal(pol))).unwrap();
    let live = |message| encode_liveness(&message).unwrap();
    vec![
        (
            "prevote nil",
            vote_bytes(prevote.clone()),
            consensus as Reader,
        ),
        ("precommit", vote_bytes(precommit), consensus),
        ("proposal", proposal_bytes(None), consensus),
        ("proposal again", proposal_bytes(Some(1)), consensus),
        ("vote again", live(LivenessMessage::Vote(prevote)), liveness),
        ("polka", live(LivenessMessage::Polka(polka(3))), liveness),
        (
            "round over",
            live(LivenessMessage::Round(round_certificate(
                RoundCertificateType::Precommit,
            ))),
            liveness,
        ),
        (
            "round skipped",
            live(LivenessMessage::Round(round_certificate(
                RoundCertificateType::Skip,
            ))),
            liveness,
        ),
        ("part", encode_part(&part), |b| {
            decode_part(b).map(|m| encode_part(&m))
        }),
        ("frame", encode_frame(&frame(Some(part))), |b| {
            decode_frame(b).map(|m| encode_frame(&m))
        }),
        ("end of stream", encode_frame(&frame(None)), |b| {
            decode_frame(b).map(|m| encode_frame(&m))
        }),
        (
            "status in a stream",
            encode_frame(&StreamFrame {
                status: Some(status.clone()),
                ..frame(None)
            }),
            |b| decode_frame(b).map(|m| encode_frame(&m)),
        ),
        ("proof", encode_validator_proof(&proof), |b| {
            decode_validator_proof(b).map(|m| encode_validator_proof(&m))
        }),
        ("status", encode_status(&status), |b| {
            decode_status(b).map(|m| encode_status(&m))
        }),
        (
            "request",
            encode_sync_request(&SyncRequest {
                first: Height(3),
                last: Height(7),
            }),
            |b| decode_sync_request(b).map(|m| encode_sync_request(&m)),
        ),
        ("response", encode_sync_response(&response), |b| {
            decode_sync_response(b).map(|m| encode_sync_response(&m))
        }),
        ("polka in the log", encode_polka(&polka(3)), |b| {
            decode_polka(b).map(|m| encode_polka(&m))
        }),
        ("note", encode_proposed(&note), |b| {
            decode_proposed(b).map(|m| encode_proposed(&m))
        }),
        (
            "undecided",
            encode_undecided(&undecided(Some(header))),
            |b| decode_undecided(b).map(|m| encode_undecided(&m)),
        ),
        (
            "undecided by sync",
            encode_undecided(&undecided(None)),
            |b| decode_undecided(b).map(|m| encode_undecided(&m)),
        ),
    ]
}

#[test]
fn every_message_reads_back_from_its_only_form() {
    for (name, bytes, read) in messages() {
        assert_eq!(read(&bytes).as_ref(), Ok(&bytes), "{name}");
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(read(&longer).is_err(), "{name} with a byte more");
    }
}

#[test]
fn values_survive_the_way_through_bytes() {
    let vote = ConsensusMessage::Vote(signed_vote(2, VoteType::Precommit, Some(1)));
    assert_eq!(
        decode_consensus(&encode_consensus(&vote).unwrap()),
        Ok(vote)
    );
    let again = ConsensusMessage::Proposal(signed_proposal(Some(1)));
    assert_eq!(
        decode_consensus(&encode_consensus(&again).unwrap()),
        Ok(again)
    );
    for cert_type in [RoundCertificateType::Precommit, RoundCertificateType::Skip] {
        let round = LivenessMessage::Round(round_certificate(cert_type));
        assert_eq!(
            decode_liveness(&encode_liveness(&round).unwrap()),
            Ok(round)
        );
    }
    assert_eq!(decode_polka(&encode_polka(&polka(4))), Ok(polka(4)));
    let block = undecided(Some(signed_header(10, None).0));
    assert_eq!(decode_undecided(&encode_undecided(&block)), Ok(block));
}

#[test]
fn a_message_the_guard_refused_never_becomes_bytes() {
    let void = |vote: SignedVote<Context>| SignedMessage::new(vote.message, VOID);
    let vote = void(signed_vote(1, VoteType::Prevote, None));
    let proposal = SignedMessage::new(signed_proposal(None).message, VOID);
    let unsigned = Err(WireError::Unsigned);
    assert_eq!(
        encode_consensus(&ConsensusMessage::Vote(vote.clone())),
        unsigned
    );
    assert_eq!(
        encode_consensus(&ConsensusMessage::Proposal(proposal)),
        unsigned
    );
    assert_eq!(encode_liveness(&LivenessMessage::Vote(vote)), unsigned);
}

#[test]
fn the_largest_messages_fit_their_limits_and_one_more_does_not() {
    let (header, bytes) = signed_header(BLOCK_BYTES_MAX, Some(1));
    for part in split(&header, &bytes) {
        let frame = StreamFrame {
            stream: vec![1; STREAM_NAME_BYTES_MAX],
            sequence: u64::MAX,
            part: Some(part),
            status: Some(SignedStatus {
                status: Status {
                    peer_id: vec![1; PEER_ID_BYTES_MAX],
                    tip: Height(u64::MAX),
                    oldest: Height(u64::MAX),
                    said_at: Timestamp(u64::MAX),
                },
                signature: Signature([3; 64]),
            }),
        };
        assert!(decode_frame(&encode_frame(&frame)).is_ok());
    }
    let largest = Undecided {
        block: bytes,
        ..undecided(Some(header))
    };
    assert!(decode_undecided(&encode_undecided(&largest)).is_ok());

    let members = u8::try_from(VALIDATORS_MAX).unwrap();
    assert!(decode_polka(&encode_polka(&polka(members))).is_ok());
    let polka_message = LivenessMessage::Polka(polka(members));
    assert!(decode_liveness(&encode_liveness(&polka_message).unwrap()).is_ok());
    let too_many = encode_polka(&polka(members + 1));
    assert!(matches!(
        decode_polka(&too_many),
        Err(CodecError::Malformed(_))
    ));
    let value = DecidedValue {
        block: Bytes::new(),
        certificate: commit(1),
    };
    let response = SyncResponse {
        first: Height(1),
        values: vec![value; SYNC_VALUES_MAX + 1],
    };
    let refused = decode_sync_response(&encode_sync_response(&response));
    assert!(matches!(refused, Err(CodecError::Malformed(_))));
    let huge = vec![0; CONSENSUS_BYTES_MAX + 1];
    assert!(matches!(
        decode_consensus(&huge),
        Err(CodecError::TooLarge { .. })
    ));
}

/// What a decoder accepts is canonical; anything else is an error, never a panic.
#[test]
fn mutated_and_random_bytes_are_refused_or_canonical() {
    let seed = 0x5eed_0001;
    std::println!("seed {seed:#x}");
    let mut random = Random(seed);
    for (name, bytes, read) in messages() {
        for _ in 0..3_000 {
            let mut mutated = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(mutated.len());
                match random.below(4) {
                    0 => mutated.truncate(at),
                    1 => mutated.insert(at, random.bytes(1)[0]),
                    2 => mutated = random.bytes(at),
                    _ => {
                        if let Some(byte) = mutated.get_mut(at) {
                            *byte ^= 1 << random.below(8);
                        }
                    }
                }
            }
            // Encoding what was read may refuse a void signature, which no canonical form is compared to.
            if let Ok(again) = read(&mutated)
                && !again.is_empty()
            {
                assert_eq!(again, mutated, "{name}");
            }
        }
    }
}

/// Pins the layout: bytes on the wire and in logs change only with a new protocol version.
#[test]
fn the_layout_of_votes_and_proposals_is_pinned() {
    let summary: Vec<String> = messages()
        .into_iter()
        .map(|(name, bytes, _)| {
            std::format!(
                "{name}: {} {}",
                bytes.len(),
                hex(&ledger::digest::sha256(&bytes).0[..8])
            )
        })
        .collect();
    assert_eq!(summary, PINNED);
}

const PINNED: [&str; 20] = [
    "prevote nil: 107 5f1733f824c1a8aa",
    "precommit: 141 0239838fac1516b1",
    "proposal: 140 0c5be19537907f20",
    "proposal again: 141 c1d41531fdd74bcd",
    "vote again: 107 5f1733f824c1a8aa",
    "polka: 344 47daa1c029b685d1",
    "round over: 348 0df4bd99ed279420",
    "round skipped: 348 24274323b4870126",
    "part: 279 861d562b7800d340",
    "frame: 285 0ba2849c2df70ee0",
    "end of stream: 6 40d9c5823886df1c",
    "status in a stream: 125 564bb959402aaa4f",
    "proof: 141 6655eb8b13889d8c",
    "status: 118 844559699059e752",
    "request: 3 422b27d0978481d5",
    "response: 351 7da2afa1dd3053bf",
    "polka in the log: 341 b2c203244b3843c3",
    "note: 72 2ecd254e034bd44e",
    "undecided: 217 79c8efd187b48b8c",
    "undecided by sync: 43 604d1d7667ddc159",
];
