//! What makes bytes a block.

use std::vec;

use super::*;
use crate::codec::CodecError;
use crate::limits::HEADER_BYTES_MAX;
use crate::record::FormError;
use crate::testing::{START, TestLedger, VALIDATORS, permit, quorum_of, record, sight, sign};

/// Header and quorum of block 2, and the quorum that it carries.
fn second() -> (Header, Quorum) {
    let mut ledger = TestLedger::default();
    ledger.block(START, &[]);
    ledger.block(START.plus_ms(1), &[]);
    let carried = ledger.blocks[0].1.clone();
    (ledger.blocks[1].0.clone(), carried)
}

fn sighting(nonce: u64) -> Arc<Signed> {
    let customs = ("QT", crate::party::Role::Customs);
    sign(&record(customs, sight(permit("1")), START, nonce))
}

fn envelope(header: &Header, carried: Option<&Quorum>, records: Vec<Vec<u8>>) -> Vec<u8> {
    codec::encode(&Envelope {
        header: header.clone(),
        carried: carried.cloned(),
        records: records.into_iter().map(Bytes).collect(),
    })
}

#[test]
fn a_block_reads_back_and_is_named_by_its_header() {
    let (header, carried) = second();
    let records = [sighting(1), sighting(2)];
    let block = Block::new(header.clone(), Some(carried.clone()), &records).unwrap();
    assert_eq!(Block::decode(block.bytes()), Ok(block.clone()));
    assert_eq!(
        (block.header(), block.carried(), block.records(), block.id()),
        (&header, Some(&carried), &records[..], header.id())
    );
    let log = LogHead {
        size: header.log_size,
        root: header.log_root,
    };
    assert_eq!(header.log(), log);
    assert!(codec::encode(&header).len() <= HEADER_BYTES_MAX);
}

#[test]
fn bytes_that_are_no_block_are_refused_for_their_first_fault() {
    let (header, carried) = second();
    let carried = Some(&carried);
    let record = sighting(1).bytes().to_vec();
    let version = Header {
        version: 2,
        ..header.clone()
    };
    let other = quorum_of(&header, &VALIDATORS, &VALIDATORS);
    let unnamed = Header {
        carried_quorum: None,
        ..header.clone()
    };
    let not_a_record =
        CodecError::Malformed("unexpected type bool at position 0: expected map".into());
    let not_canonical = BlockError::Codec(CodecError::NotCanonical);
    let size = BLOCK_BYTES_MAX + 1;
    let too_large = BlockError::Codec(CodecError::TooLarge {
        got: size,
        limit: BLOCK_BYTES_MAX,
    });
    let bad_record = BlockError::Record {
        index: 1,
        error: SignedError::Codec(not_a_record),
    };
    let mut trailing = envelope(&header, carried, vec![]);
    trailing.push(0);
    let small = vec![vec![0xf5]; BLOCK_RECORDS_MAX + 1];
    for (what, bytes, expected) in [
        ("more than 2 MiB", vec![0; size], too_large),
        ("a trailing byte", trailing, not_canonical),
        (
            "version 2",
            envelope(&version, carried, vec![vec![]]),
            BlockError::Version(2),
        ),
        (
            "2,001 records",
            envelope(&header, carried, small),
            BlockError::TooManyRecords,
        ),
        (
            "not a record",
            envelope(&header, None, vec![record.clone(), vec![0xf5]]),
            bad_record,
        ),
        (
            "another quorum",
            envelope(&header, Some(&other), vec![record.clone()]),
            BlockError::CarriedQuorum,
        ),
        (
            "no quorum",
            envelope(&header, None, vec![]),
            BlockError::CarriedQuorum,
        ),
        (
            "a quorum not named",
            envelope(&unnamed, carried, vec![]),
            BlockError::CarriedQuorum,
        ),
    ] {
        assert_eq!(Block::decode(&bytes), Err(expected), "{what}");
    }
    let malformed = Block::decode(&[]);
    assert!(matches!(
        malformed,
        Err(BlockError::Codec(CodecError::Malformed(_)))
    ));
}

#[test]
fn a_record_that_breaks_a_rule_of_form_is_named_by_its_place() {
    let (header, carried) = second();
    let mut wrong = record(
        ("QT", crate::party::Role::Customs),
        sight(permit("1")),
        START,
        1,
    );
    wrong.version = 2;
    let bytes = crate::signed::tests::unchecked(&wrong, 1);
    let records = vec![
        sighting(1).bytes().to_vec(),
        sighting(2).bytes().to_vec(),
        bytes,
    ];
    let expected = BlockError::Record {
        index: 2,
        error: SignedError::Form(FormError::Version(2)),
    };
    let block = envelope(&header, Some(&carried), records);
    assert_eq!(Block::decode(&block), Err(expected));
}

#[test]
fn a_full_block_of_small_records_is_within_its_bytes() {
    let (header, carried) = second();
    let one = sighting(1);
    let records: Vec<_> = core::iter::repeat_n(one, BLOCK_RECORDS_MAX).collect();
    let block = Block::new(header, Some(carried), &records).expect("2,000 records");
    assert_eq!(block.records().len(), BLOCK_RECORDS_MAX);
}
