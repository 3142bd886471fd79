//! A signature made for one purpose, chain, height, round or statement serves no other (`assurance.md` S27).
//!
//! Everything that the ledger lets anybody sign, each with everything else, all under one key: a key that
//! serves two purposes by mistake must still not sign one thing and have signed another.
#![expect(clippy::unwrap_used, reason = "tests say so by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::codec;
use ledger::digest::{BlockId, ChainId, Tag, preimage, sha256};
use ledger::key::{SecretKey, Signature};
use ledger::party::{Algorithm, Height, Role};
use ledger::quorum::{
    Ballot, PROTOCOL_VERSION, Quorum, QuorumSignature, Round, Step, Validator, ValidatorSet,
};
use ledger::record::Record;
use ledger::signed::{CheckAll, Signed};
use ledger::testing::{CHAIN, START, party, permit, record, sight};
use minicbor::Encoder;

/// What is signed, in words, and its bytes.
type Message = (String, Vec<u8>);

fn other_chain() -> ChainId {
    ChainId(sha256(b"another network"))
}

fn blocks() -> [BlockId; 2] {
    [BlockId(sha256(b"one")), BlockId(sha256(b"two"))]
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[42; 32])
}

/// The ballot that the quorum below needs.
fn precommit() -> Ballot {
    Ballot {
        height: Height(7),
        round: Round(1),
        step: Step::Precommit,
        value: Some(blocks()[0]),
        voter: key().public(),
    }
}

fn sighting() -> Record {
    record(("QT", Role::Customs), sight(permit("1")), START, 1)
}

fn ballots() -> Vec<Message> {
    let [one, two] = blocks();
    let stranger = SecretKey::from_seed(&[43; 32]).public();
    let mut ballots = vec![(CHAIN, precommit()), (other_chain(), precommit())];
    for change in [
        |ballot: &mut Ballot, _, _| ballot.height = Height(8),
        |ballot: &mut Ballot, _, _| ballot.height = Height(7 << 32),
        |ballot: &mut Ballot, _, _| ballot.round = Round(0),
        |ballot: &mut Ballot, _, _| ballot.round = Round(u32::MAX),
        |ballot: &mut Ballot, _, _| ballot.step = Step::Prevote,
        |ballot: &mut Ballot, _, _| ballot.value = None,
        |ballot: &mut Ballot, two, _| ballot.value = Some(two),
        |ballot: &mut Ballot, _, stranger| ballot.voter = stranger,
    ] as [fn(&mut Ballot, BlockId, _); 8]
    {
        let mut ballot = precommit();
        change(&mut ballot, two, stranger);
        ballots.push((CHAIN, ballot));
    }
    assert_eq!(precommit().value, Some(one));
    let message = |(chain, ballot): (ChainId, Ballot)| {
        let words = format!("{ballot:?} on {chain}");
        (words, ballot.preimage(chain))
    };
    ballots.into_iter().map(message).collect()
}

fn records() -> Vec<Message> {
    let good = sighting();
    let mut changed = vec![good.clone(); 5];
    changed[1].chain = other_chain();
    changed[2].author = party("QP");
    changed[3].nonce = [9; 16];
    changed[4].good_until = START.plus_ms(1);
    let message = |record: Record| {
        let bytes = codec::encode(&record);
        let parts = [&[PROTOCOL_VERSION], record.chain.as_ref(), &bytes];
        (
            format!("{record:?}"),
            preimage(Tag::RecordSignature, &parts),
        )
    };
    changed.into_iter().map(message).collect()
}

/// The parts of a good ballot and of a good record under every tag, and under another version.
fn other_purposes() -> Vec<Message> {
    let record = codec::encode(&sighting());
    let (height, round) = (7_u64.to_be_bytes(), 1_u32.to_be_bytes());
    let (block, voter) = (blocks()[0], key().public());
    let mut messages = Vec::new();
    for version in [PROTOCOL_VERSION, PROTOCOL_VERSION + 1] {
        let version = [version];
        let ballot: [&[u8]; 7] = [
            &version,
            CHAIN.as_ref(),
            &height,
            &round,
            b"precommit",
            block.as_ref(),
            voter.as_bytes(),
        ];
        let record: [&[u8]; 3] = [&version, CHAIN.as_ref(), &record];
        for tag in Tag::ALL {
            for (what, parts) in [("ballot", &ballot[..]), ("record", &record[..])] {
                let words = format!("a {what}, version {version:?}, tag {}", tag.as_str());
                messages.push((words, preimage(tag, parts)));
            }
        }
    }
    messages
}

/// Each message once.
fn messages() -> Vec<Message> {
    let mut seen = BTreeSet::new();
    let all = [ballots(), records(), other_purposes()].concat();
    all.into_iter()
        .filter(|(_, bytes)| seen.insert(bytes.clone()))
        .collect()
}

fn is_quorum(signature: Signature) -> bool {
    let member = Validator {
        key: key().public(),
        power: 1,
        party: party("QS"),
    };
    let Ballot {
        height,
        round,
        value,
        ..
    } = precommit();
    let quorum = Quorum {
        height,
        round,
        block: value.unwrap(),
        signatures: vec![QuorumSignature {
            validator: 0,
            signature,
        }],
    };
    let set = ValidatorSet::new(vec![member]).unwrap();
    quorum.check(CHAIN, &set).is_ok()
}

fn is_record(signature: Signature) -> bool {
    let mut encoder = Encoder::new(Vec::new());
    let record = codec::encode(&sighting());
    encoder.map(2).unwrap().u8(0).unwrap();
    encoder.bytes(&record).unwrap().u8(1).unwrap();
    encoder.array(1).unwrap().bytes(&signature.0).unwrap();
    let signed = Signed::decode(&encoder.into_writer()).unwrap();
    let keys = [(Algorithm::Ed25519, key().public())];
    Arc::new(signed).verify(&keys, &CheckAll).is_some()
}

#[test]
fn a_signature_serves_one_purpose_and_no_other() {
    let messages = messages();
    // Ballots, records, and two each under every other tag, and under every tag in another version.
    let tags = Tag::ALL.len();
    assert_eq!(messages.len(), 10 + 5 + 2 * (tags - 1) + 2 * tags);
    let (vote, record) = (precommit().preimage(CHAIN), records()[0].1.clone());
    let mut served = (0, 0);
    for (words, bytes) in &messages {
        let signature = key().sign(bytes);
        assert_eq!(is_quorum(signature), *bytes == vote, "{words}");
        assert_eq!(is_record(signature), *bytes == record, "{words}");
        served.0 += usize::from(*bytes == vote);
        served.1 += usize::from(*bytes == record);
        for (other, bytes) in messages.iter().filter(|(other, _)| other != words) {
            let verifies = key().public().verifies(bytes, &signature);
            assert!(!verifies, "made for {words}, serves {other}");
        }
    }
    assert_eq!(served, (1, 1));
}
