//! Foreign bytes: random ones, and valid ones changed anyhow, never panic and never mean two things.
//!
//! Whatever a decoder accepts has exactly these bytes; whatever is checked after it says yes or no.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say so by panicking"
)]

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use ledger::block::{Block, Header};
use ledger::codec;
use ledger::digest::{LogRoot, StateRoot};
use ledger::log::{ConsistencyPath, InclusionPath, LogHead, prove_consistency, prove_inclusion};
use ledger::parameters::Parameters;
use ledger::party::{Office, OfficeNumber, Party, Role};
use ledger::proof::{Anchor, HandOver, Proof};
use ledger::quorum::{Quorum, ValidatorSet};
use ledger::record::{Record, Statement};
use ledger::signed::{CheckAll, Signed};
use ledger::state::admission::AdmissionError;
use ledger::state::register::{
    OperationState, PaperState, QuotaState, RevokedRanges, Statistics, Suspensions,
};
use ledger::state::{Leaf, PermitState, ReportState, StateKey, View as _};
use ledger::testing::{
    CHAIN, START, TestLedger, VALIDATORS, endorse, execute, import, issue, party, permit,
    quantities, refuse, sight, validator_set,
};
use ledger::tree::{Page, PageId, TreePath};
use minicbor::{Decode, Encode};
use proptest::prelude::*;
use proptest::sample::Index;

const LIMIT: usize = 100_000;

/// A few blocks with everything in them.
static STORY: LazyLock<TestLedger> = LazyLock::new(|| {
    let mut ledger = TestLedger::default();
    let (management, export, arrival) = (
        ("QS", Role::Management),
        ("QS", Role::Customs),
        ("QN", Role::Customs),
    );
    let key = permit("1");
    ledger.state_now(management, Statement::Issue(issue("1")), START);
    ledger.state_now(export, endorse(key, quantities(9, 9)), START.plus_ms(1));
    ledger.state_now(arrival, import(key, quantities(9, 9)), START.plus_ms(2));
    ledger.state_now(arrival, sight(permit("2")), START.plus_ms(3));
    let green = refuse(permit("2"), ledger::reason::Reason::Ok);
    ledger.state_now(arrival, green, START.plus_ms(4));
    ledger
});

/// What is done with bytes of one kind.
type Reader = fn(&[u8]);

/// Reads `bytes` as a `T`; what is accepted has these bytes and no others.
fn read<T>(bytes: &[u8])
where
    T: Encode<()> + for<'b> Decode<'b, ()> + Debug,
{
    if let Ok(value) = codec::decode::<T>(bytes, LIMIT) {
        assert_eq!(codec::encode(&value), bytes);
        let _text = format!("{value:?}");
    }
}

fn read_signed(bytes: &[u8]) {
    let Ok(signed) = Signed::decode(bytes) else {
        return;
    };
    assert_eq!(signed.bytes(), bytes);
    // Whoever may speak: it is judged without a panic.
    let signed = Arc::new(signed);
    let at = STORY.next(START.plus_ms(5));
    match execute(&STORY.state, at, &[signed]) {
        Ok(executed) => assert_eq!(executed.receipts.len(), 1),
        Err(AdmissionError::Inadmissible(why)) => assert!(!why.to_string().is_empty()),
        Err(AdmissionError::Read(error)) => panic!("{error}"),
    }
}

fn read_block(bytes: &[u8]) {
    if let Ok(block) = Block::decode(bytes) {
        assert_eq!(block.bytes(), bytes);
        assert_eq!(block.id(), block.header().id());
    }
}

fn read_proof(bytes: &[u8]) {
    if let Ok(proof) = Proof::decode(bytes) {
        assert_eq!(proof.encode(), bytes);
        let _proven = proof.check(&STORY.trust(), START);
    }
}

fn read_quorum(bytes: &[u8]) {
    read::<Quorum>(bytes);
    if let Ok(quorum) = codec::decode::<Quorum>(bytes, LIMIT) {
        let _final = quorum.check(CHAIN, &validator_set(&VALIDATORS));
    }
}

fn read_path(bytes: &[u8]) {
    read::<TreePath>(bytes);
    if let Ok(path) = codec::decode::<TreePath>(bytes, LIMIT) {
        let _absent = path.check(StateRoot::default(), b"key", None);
        let _present = path.check(StateRoot::default(), b"key", Some(b"value"));
    }
}

fn read_log_paths(bytes: &[u8]) {
    read::<InclusionPath>(bytes);
    read::<ConsistencyPath>(bytes);
    for size in [0, 1, 2, 5, 1 << 40, 1 << 48, (1 << 48) + 1, u64::MAX] {
        let new = LogHead {
            size,
            root: LogRoot::default(),
        };
        for other in [0, 1, 4, 1 << 39, 1 << 48, u64::MAX] {
            let old = LogHead { size: other, ..new };
            if let Ok(path) = codec::decode::<InclusionPath>(bytes, LIMIT) {
                assert!(!path.shows(&new, other, b"leaf"));
            }
            if let Ok(path) = codec::decode::<ConsistencyPath>(bytes, LIMIT) {
                let _shown = path.shows(&new, &old);
            }
        }
    }
}

/// Every decoder with a valid example of its bytes.
fn decoders() -> Vec<(&'static str, Reader, Vec<u8>)> {
    let ledger = &*STORY;
    let (header, quorum) = ledger.blocks[1].clone();
    let leaf = ledger.state.leaf(1).unwrap().to_vec();
    let decoded: Leaf = codec::decode(&leaf, LIMIT).unwrap();
    let signed = Arc::new(Signed::decode(&decoded.signed).unwrap());
    let carried = ledger.blocks[0].1.clone();
    let block = Block::new(header.clone(), Some(carried), &[Arc::clone(&signed)]).unwrap();
    let value = |key: &StateKey| ledger.entry(key).value.unwrap().0;
    let size = ledger.blocks.last().unwrap().0.log_size;
    let set = validator_set(&VALIDATORS);
    let hand_over = HandOver {
        header: header.clone(),
        quorum: quorum.clone(),
        next: set.clone(),
    };
    let mut proof = ledger.proof(&permit("1"));
    proof.hand_overs.push(hand_over.clone());
    let anchor = Anchor {
        height: header.height,
        block: Some(header.id()),
        time: Some(header.time),
        validators: set.clone(),
    };
    let page = ledger.state.page(&PageId::ROOT).unwrap().unwrap();
    let absent = ledger.entry(&StateKey::permit(&permit("3"))).path;
    let inclusion = prove_inclusion(&ledger.state, size, 2).unwrap();
    let consistency = prove_consistency(&ledger.state, size, 3).unwrap();
    vec![
        ("Signed", read_signed, decoded.signed),
        ("Record", read::<Record>, codec::encode(signed.record())),
        ("Block", read_block, block.bytes().to_vec()),
        ("Header", read::<Header>, codec::encode(&header)),
        ("Quorum", read_quorum, codec::encode(&quorum)),
        ("ValidatorSet", read::<ValidatorSet>, codec::encode(&set)),
        ("Proof", read_proof, proof.encode()),
        ("HandOver", read::<HandOver>, codec::encode(&hand_over)),
        ("Anchor", read::<Anchor>, codec::encode(&anchor)),
        ("TreePath", read_path, codec::encode(&absent)),
        ("Page", read::<Page>, codec::encode(&page)),
        ("InclusionPath", read_log_paths, codec::encode(&inclusion)),
        (
            "ConsistencyPath",
            read_log_paths,
            codec::encode(&consistency),
        ),
        ("Leaf", read::<Leaf>, leaf),
        (
            "PermitState",
            read::<PermitState>,
            value(&StateKey::permit(&permit("1"))),
        ),
        (
            "ReportState",
            read::<ReportState>,
            value(&StateKey::report(&permit("2"))),
        ),
        (
            "Parameters",
            read::<Parameters>,
            value(&StateKey::parameters()),
        ),
        ("Party", read::<Party>, value(&StateKey::party(party("QS")))),
        (
            "Office",
            read::<Office>,
            value(&StateKey::office(party("QS"), OfficeNumber(1))),
        ),
    ]
}

/// What the story does not show, from the golden vectors: every statement, every register.
fn golden() -> Vec<(&'static str, Reader, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    // A seed must find the same examples again.
    paths.sort();
    for path in paths {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap();
        let (name, reader): (_, Reader) = match file {
            "state.revoked-ranges.bin" => ("RevokedRanges", read::<RevokedRanges>),
            "state.suspensions.bin" => ("Suspensions", read::<Suspensions>),
            "state.quota-state.bin" => ("QuotaState", read::<QuotaState>),
            "state.operation-state.bin" => ("OperationState", read::<OperationState>),
            "state.paper-state.bin" => ("PaperState", read::<PaperState>),
            "state.statistics.bin" => ("Statistics", read::<Statistics>),
            "state.permit-state-with-every-field.bin" => ("PermitState", read::<PermitState>),
            _ if file.starts_with("records.record-") && file.ends_with(".bin") => {
                ("Record", read::<Record>)
            }
            _ => continue,
        };
        found.push((name, reader, std::fs::read(&path).unwrap()));
    }
    assert!(found.len() > 7 + 14, "{}", found.len());
    found
}

static DECODERS: LazyLock<Vec<(&'static str, Reader, Vec<u8>)>> =
    LazyLock::new(|| [decoders(), golden()].concat());

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Cut(Index),
    Repeat(Index, u8),
    Splice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    // Bytes that mean something to CBOR come often.
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(vec![
            0x00, 0x17, 0x18, 0x1b, 0x40, 0x5b, 0x5f, 0x80, 0x82, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf,
            0xf4, 0xf6, 0xf7, 0xff,
        ]),
    ];
    let bytes = proptest::collection::vec(byte.clone(), 1..12);
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<Index>(), byte).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), 1..40_u8).prop_map(|(at, count)| Change::Remove(at, count)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), 1..80_u8).prop_map(|(at, count)| Change::Repeat(at, count)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Splice(from, to)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let end = |at: usize, count: u8| (at + usize::from(count)).min(bytes.len());
    match change {
        Change::Flip(at, bit) => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Change::Set(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Change::Insert(at, more) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, more.iter().copied());
        }
        Change::Remove(at, count) => {
            let at = at.index(bytes.len());
            let end = end(at, *count);
            bytes.drain(at..end);
        }
        Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Change::Repeat(at, count) => {
            let at = at.index(bytes.len());
            let part = bytes[at..end(at, *count)].to_vec();
            bytes.splice(at..at, part);
        }
        Change::Splice(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = bytes[from..end(from, 33)].to_vec();
            let end = end(to, 33);
            bytes.splice(to..end, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn valid_bytes_changed_anyhow_never_panic_and_mean_one_thing(
        kind in any::<Index>(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let (_, reader, valid) = &DECODERS[kind.index(DECODERS.len())];
        let mut bytes = valid.clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        reader(&bytes);
    }

    #[test]
    fn bytes_of_one_kind_read_as_another_never_panic(
        kind in any::<Index>(),
        other in any::<Index>(),
        from in any::<Index>(),
    ) {
        let (_, reader, _) = &DECODERS[kind.index(DECODERS.len())];
        let (_, _, bytes) = &DECODERS[other.index(DECODERS.len())];
        reader(&bytes[from.index(bytes.len())..]);
        reader(bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (_, reader, _) in DECODERS.iter() {
            reader(&bytes);
        }
    }

    #[test]
    fn random_log_paths_show_nothing(
        hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..52),
        size in prop_oneof![any::<u64>(), 0..40_u64, Just(1 << 48)],
        other in prop_oneof![any::<u64>(), 0..40_u64, Just(1 << 47)],
    ) {
        let hashes: Vec<_> = hashes.into_iter().map(ledger::digest::Digest).collect();
        let new = LogHead { size, root: LogRoot::default() };
        let old = LogHead { size: other, root: LogRoot(ledger::digest::sha256(b"old")) };
        prop_assert!(!InclusionPath(hashes.clone()).shows(&new, other, b"leaf"));
        prop_assert!(!ConsistencyPath(hashes).shows(&new, &old));
    }
}

#[test]
fn every_example_is_accepted_by_its_own_decoder_and_cut_short_by_none() {
    for (name, reader, valid) in DECODERS.iter() {
        reader(valid);
        for length in 0..valid.len() {
            reader(&valid[..length]);
        }
        let mut flipped = valid.clone();
        for bit in 0..valid.len() * 8 {
            flipped[bit / 8] ^= 1 << (bit % 8);
            // Signatures and paths are flipped bit by bit in the proof's own tests.
            if !["Proof", "Quorum", "Block"].contains(name) {
                reader(&flipped);
            }
            flipped[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let leaf: Leaf = codec::decode(STORY.state.leaf(0).unwrap(), LIMIT).unwrap();
    let signed = Arc::new(Signed::decode(&leaf.signed).unwrap());
    let office = STORY.entry(&StateKey::office(party("QS"), OfficeNumber(1)));
    let office: Office = codec::decode(&office.value.unwrap().0, LIMIT).unwrap();
    let keys = [(office.algorithm, office.key)];
    assert!(
        signed.verify(&keys, &CheckAll).is_some(),
        "the examples are real ones"
    );
}

#[test]
fn a_claimed_length_allocates_nothing_in_any_type() {
    // Arrays, maps, texts and bytes of 2^60 parts that are not there, at the top and one level down.
    for head in [0x5b_u8, 0x7b, 0x9b, 0xbb] {
        let claim = [head, 0x10, 0, 0, 0, 0, 0, 0, 0];
        let mut inside = vec![0xa1, 0x00];
        inside.extend(claim);
        for (_, reader, valid) in DECODERS.iter() {
            reader(&claim);
            reader(&inside);
            for at in 0..valid.len() {
                let mut bytes = valid[..at].to_vec();
                bytes.extend(claim);
                reader(&bytes);
            }
        }
    }
}
