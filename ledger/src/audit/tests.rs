//! Each check of an audit fails by itself, and a failed block leaves the audit as it was.

use std::vec;
use std::vec::Vec;

use super::fork::{FORK_VERSION, FinalHeader, Fork, NoFork};
use super::*;
use crate::quorum::Round;
use crate::record::Statement;
use crate::testing::{
    CHAIN, START, TestLedger, VALIDATORS, four_parties, issue, permit, quorum_of, sight,
    validator_set,
};

/// Three blocks: nothing, an issue, a sighting; and the quorum for the last.
fn chain() -> (Vec<Block>, Quorum) {
    let mut ledger = TestLedger::default();
    let issued = ledger.says(
        ("QS", crate::party::Role::Management),
        Statement::Issue(issue("1")),
        START,
    );
    let seen = ledger.says(
        ("QT", crate::party::Role::Customs),
        sight(permit("1")),
        START,
    );
    let records = [vec![], vec![issued], vec![seen]];
    let mut blocks: Vec<Block> = Vec::new();
    for (seconds, records) in (1..).zip(&records) {
        let carried = ledger.blocks.last().map(|(_, quorum)| quorum.clone());
        ledger.block(START.plus_ms(seconds * 1000), records);
        let (header, _) = ledger.blocks.last().unwrap();
        blocks.push(Block::new(header.clone(), carried, records).unwrap());
    }
    let (_, quorum) = ledger.blocks.last().unwrap();
    (blocks, quorum.clone())
}

fn begun() -> Audit {
    Audit::begin(CHAIN, four_parties()).unwrap()
}

#[test]
fn a_sound_chain_is_counted_and_closed() {
    let (blocks, quorum) = chain();
    let mut audit = begun();
    assert!(audit.close(&quorum, &CheckAll).is_err());
    for block in &blocks {
        audit.next(block.bytes()).unwrap();
    }
    audit.close(&quorum, &CheckAll).unwrap();
    let tally = audit.tally();
    assert_eq!((tally.applied, tally.refused), (2, 0));
    assert_eq!((tally.office_signatures, tally.votes), (2, 12));
    assert_eq!((tally.offices.len(), tally.voters.len()), (2, 4));
    let anchor = audit.anchor().unwrap();
    assert_eq!(anchor.height, Height(3));
    assert_eq!(anchor.block, Some(blocks[2].id()));
    assert_eq!(anchor.validators, validator_set(&VALIDATORS));
}

#[test]
fn a_failed_block_leaves_the_audit_as_it_was() {
    let (blocks, quorum) = chain();
    let mut audit = begun();
    for block in &blocks {
        let mut header = block.header().clone();
        header.state_root.0.0[0] ^= 1;
        let wrong = Block::new(header, block.carried().cloned(), block.records()).unwrap();
        let error = audit.next(wrong.bytes()).unwrap_err();
        assert_eq!(error.height, block.header().height);
        assert_eq!(error.fault.code(), "BAD_STATE_ROOT");
        assert_eq!(audit.next(&[]).unwrap_err().fault.code(), "BAD_BLOCK");
        audit.next(block.bytes()).unwrap();
    }
    // The same block once more, and a quorum for another.
    let again = audit.next(blocks[2].bytes()).unwrap_err();
    assert_eq!(again.fault, Fault::Height { found: Height(3) });
    let earlier = blocks[2].carried().unwrap();
    let error = audit.close(earlier, &CheckAll).unwrap_err();
    assert_eq!(
        (error.height, error.fault.code()),
        (Height(3), "BAD_QUORUM")
    );
    audit.close(&quorum, &CheckAll).unwrap();
}

#[test]
fn a_fork_needs_two_final_blocks_of_one_height() {
    let (blocks, _) = chain();
    let header = blocks[1].header();
    let mut twin = header.clone();
    twin.time = twin.time.plus_ms(1);
    let shown = |header: &Header, signers: &[u8]| FinalHeader {
        header: header.clone(),
        quorum: quorum_of(header, &VALIDATORS, signers),
    };
    let fork = Fork {
        version: FORK_VERSION,
        validators: validator_set(&VALIDATORS),
        one: shown(header, &[1, 2, 3]),
        other: shown(&twin, &[2, 3, 4]),
    };
    assert_eq!(Fork::decode(&fork.encode()), Ok(fork.clone()));
    let signers = fork.check(CHAIN).unwrap();
    assert_eq!(signers.len(), 2);
    assert!(signers.iter().all(|one| one.rounds == (Round(0), Round(0))));
    let with = |other: FinalHeader| Fork {
        other,
        ..fork.clone()
    };
    let rows = [
        (with(fork.one.clone()), NoFork::NotTwo),
        (with(shown(blocks[2].header(), &[1, 2, 3])), NoFork::NotTwo),
        (
            with(FinalHeader {
                header: twin.clone(),
                quorum: fork.one.quorum.clone(),
            }),
            NoFork::QuorumOfAnother,
        ),
        (
            with(shown(&twin, &[1, 2])),
            NoFork::Quorum(QuorumError::NotEnough {
                signed: 2,
                total: 4,
            }),
        ),
        (
            Fork {
                validators: validator_set(&[1, 2, 3]),
                ..fork.clone()
            },
            NoFork::Validators,
        ),
        (
            Fork {
                version: 2,
                ..fork.clone()
            },
            NoFork::Version(2),
        ),
    ];
    for (wrong, error) in rows {
        assert_eq!(wrong.check(CHAIN), Err(error));
    }
}
