//! Two replicas over two states in memory: what one proposes the other accepts, and nothing else.

use std::vec;
use std::vec::Vec;

use ledger::party::Role;
use ledger::reason::Reason;
use ledger::record::Statement;
use ledger::signed::CheckAll;
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::testing::{
    CHAIN, START, VALIDATORS, endorse, four_parties, import, issue, party, permit, quantities,
    quorum_of, record, sign, validator_set, voting_key,
};

use super::*;

const QS: (&str, Role) = ("QS", Role::Management);
const QS_CUSTOMS: (&str, Role) = ("QS", Role::Customs);
const QN_CUSTOMS: (&str, Role) = ("QN", Role::Customs);
const FRESH: Freshness = Freshness::Fresh {
    now: START,
    round: Round(0),
};

/// One Party's replica with its state.
struct Party {
    replica: Replica,
    state: MemoryState,
}

impl Party {
    fn new() -> Self {
        let (root, changes) = initial_changes(four_parties());
        let mut state = MemoryState::default();
        state.apply(&changes);
        let tip = Tip::genesis(root, validator_set(&VALIDATORS));
        Self {
            replica: Replica::new(CHAIN, tip),
            state,
        }
    }

    fn proposes(&mut self, now: Timestamp, records: &[Arc<Signed>]) -> Proposed {
        let key = voting_key(1).public();
        self.replica
            .propose(&self.state, now, key, records, &CheckAll)
            .unwrap()
    }

    fn checks(&mut self, block: &Block, freshness: Freshness) -> Result<(), CheckError> {
        self.replica.check(&self.state, block, freshness, &CheckAll)
    }

    fn commits(&mut self, block: &Block, quorum: Quorum) -> Result<Commit, CommitError> {
        let commit = self
            .replica
            .commit(&self.state, block.clone(), quorum, &CheckAll)?;
        self.state.apply(&commit.executed.changes);
        Ok(commit)
    }

    fn decides(&mut self, block: &Block) -> Commit {
        self.commits(block, quorum_of(block.header(), &VALIDATORS, &[1, 2, 3]))
            .unwrap()
    }
}

fn says(speaker: (&str, Role), statement: Statement, nonce: u64) -> Arc<Signed> {
    sign(&record(speaker, statement, START, nonce))
}

fn issues(number: &str, nonce: u64) -> Arc<Signed> {
    says(QS, Statement::Issue(issue(number)), nonce)
}

/// The block with another header, as a Byzantine validator would make it.
fn with_header(block: &Block, change: impl FnOnce(&mut Header)) -> Block {
    let mut header = block.header().clone();
    change(&mut header);
    Block::new(header, block.carried().cloned(), block.records()).unwrap()
}

fn invalid(result: Result<(), CheckError>) -> InvalidBlock {
    match result {
        Err(CheckError::Invalid(why)) => why,
        Err(CheckError::Read(_)) | Ok(()) => panic!("{result:?}"),
    }
}

#[test]
fn what_one_replica_proposes_another_accepts_and_both_end_in_one_state() {
    let (mut first, mut second) = (Party::new(), Party::new());
    let permit = permit("1");
    let acts = [
        vec![issues("1", 1), issues("2", 2)],
        vec![says(QS_CUSTOMS, endorse(permit, quantities(90, 10)), 3)],
        vec![
            says(QN_CUSTOMS, import(permit, quantities(90, 10)), 4),
            says(QN_CUSTOMS, import(permit, quantities(90, 10)), 5),
        ],
        vec![],
    ];
    let mut refused = Vec::new();
    for (height, records) in acts.iter().enumerate() {
        let now = START.plus_ms(height as u64);
        let block = first.proposes(now, records).block;
        assert_eq!(block.records().len(), records.len());
        assert_eq!(
            second.checks(
                &block,
                Freshness::Fresh {
                    now,
                    round: Round(0)
                }
            ),
            Ok(())
        );
        let commits = [first.decides(&block), second.decides(&block)];
        assert_eq!(commits[0].executed, commits[1].executed);
        refused.extend(
            commits[0]
                .executed
                .receipts
                .iter()
                .filter_map(|receipt| receipt.refused),
        );
    }
    assert_eq!(refused, [Reason::Used], "the second import in one block");
    assert_eq!(first.replica.tip(), second.replica.tip());
    assert_eq!(first.state, second.state);
}

#[test]
fn block_time_moves_forward_even_where_the_clock_does_not() {
    let mut party = Party::new();
    let block = party.proposes(START, &[]).block;
    party.decides(&block);
    let next = party.proposes(Timestamp(START.0 - 5_000), &[]).block;
    assert_eq!(next.header().time, START.plus_ms(1));
}

#[test]
fn a_header_that_lies_is_not_accepted() {
    type Lie = fn(&mut Header);
    let rows: Vec<(Lie, InvalidBlock)> = vec![
        (|h| h.chain = ChainId::default(), InvalidBlock::Chain),
        (
            |h| h.height = Height(2),
            InvalidBlock::Height {
                found: Height(2),
                tip: Height(0),
            },
        ),
        (
            |h| h.parent = BlockId(ledger::digest::sha256(b"another")),
            InvalidBlock::Parent,
        ),
        (|h| h.time = Timestamp(0), InvalidBlock::TimeNotLater),
        (
            |h| h.time = START.plus_ms(2_001),
            InvalidBlock::TimeAhead(2_001),
        ),
        (
            |h| h.time = Timestamp(START.0 - 10_001),
            InvalidBlock::TimeBehind(10_001),
        ),
        (
            |h| h.validators = validator_set(&[1]).digest(),
            InvalidBlock::Validators,
        ),
        (
            |h| h.proposer = voting_key(9).public(),
            InvalidBlock::Proposer,
        ),
        (
            |h| h.state_root = StateRoot::default(),
            InvalidBlock::StateRoot,
        ),
        (
            |h| h.log_root = ledger::digest::LogRoot::default(),
            InvalidBlock::LogRoot,
        ),
        (|h| h.log_size += 1, InvalidBlock::LogRoot),
        (
            |h| h.next_validators = validator_set(&[1]).digest(),
            InvalidBlock::NextValidators,
        ),
    ];
    let (mut proposer, mut validator) = (Party::new(), Party::new());
    let block = proposer.proposes(START, &[issues("1", 1)]).block;
    for (lie, expected) in rows {
        let forged = with_header(&block, lie);
        assert_eq!(invalid(validator.checks(&forged, FRESH)), expected);
    }
    assert_eq!(
        validator.checks(&block, FRESH),
        Ok(()),
        "the honest block is not harmed by them"
    );
}

#[test]
fn an_old_block_may_be_proposed_again_but_never_a_later_clock_ignored() {
    let (mut proposer, mut validator) = (Party::new(), Party::new());
    let block = proposer.proposes(START, &[]).block;
    let at = |hours: u64, round| Freshness::Fresh {
        now: START.plus_ms(hours * 3_600_000),
        round: Round(round),
    };
    assert!(matches!(
        invalid(validator.checks(&block, at(1, 0))),
        InvalidBlock::TimeBehind(_)
    ));
    assert_eq!(
        validator.checks(&block, at(1, 360)),
        Ok(()),
        "ten seconds for each round begun"
    );
    assert_eq!(validator.checks(&block, Freshness::Replayed), Ok(()));
}

#[test]
fn each_block_carries_a_valid_quorum_for_its_parent() {
    let (mut proposer, mut validator) = (Party::new(), Party::new());
    let first = proposer.proposes(START, &[]).block;
    let rogue = Block::new(
        {
            let mut header = first.header().clone();
            let quorum = quorum_of(&header, &VALIDATORS, &VALIDATORS);
            header.carried_quorum = Some(quorum.digest());
            header
        },
        Some(quorum_of(first.header(), &VALIDATORS, &VALIDATORS)),
        &[],
    );
    assert_eq!(
        invalid(validator.checks(&rogue.unwrap(), FRESH)),
        InvalidBlock::CarriedQuorum,
        "there is no parent at height 1"
    );
    proposer.decides(&first);
    validator
        .commits(&first, quorum_of(first.header(), &VALIDATORS, &[2, 3, 4]))
        .unwrap();
    let second = proposer.proposes(START, &[]).block;
    assert_eq!(
        second.carried(),
        Some(&quorum_of(first.header(), &VALIDATORS, &[1, 2, 3]))
    );
    assert_eq!(
        validator.checks(&second, FRESH),
        Ok(()),
        "another quorum for the same block"
    );
    let carrying = |quorum: Option<Quorum>| {
        let mut header = second.header().clone();
        header.carried_quorum = quorum.as_ref().map(Quorum::digest);
        Block::new(header, quorum, &[]).unwrap()
    };
    assert_eq!(
        invalid(validator.checks(&carrying(None), FRESH)),
        InvalidBlock::CarriedQuorum
    );
    let weak = quorum_of(first.header(), &VALIDATORS, &[1, 4]);
    assert!(matches!(
        invalid(validator.checks(&carrying(Some(weak)), FRESH)),
        InvalidBlock::CarriedQuorumInvalid(_)
    ));
}

#[test]
fn a_block_with_an_inadmissible_record_is_invalid_and_such_records_are_dropped_from_proposals() {
    let (mut proposer, mut validator) = (Party::new(), Party::new());
    let good = issues("1", 1);
    let mut late = record(QS, Statement::Issue(issue("2")), START, 2);
    late.good_until = Timestamp(START.0 - 1);
    let mut waits = record(QS, Statement::Issue(issue("3")), START, 3);
    waits.after = Some(RecordDigest(ledger::digest::sha256(b"not there")));
    let (late, waits) = (sign(&late), sign(&waits));
    let records = [
        Arc::clone(&good),
        Arc::clone(&late),
        waits,
        Arc::clone(&good),
    ];
    let Proposed { block, dropped } = proposer.proposes(START, &records);
    assert_eq!(block.records(), [Arc::clone(&good)]);
    let dropped: Vec<_> = dropped.iter().map(|(_, why)| why.code()).collect();
    assert_eq!(
        dropped,
        ["TOO_LATE", "ALREADY_LOGGED"],
        "the one that waits stays"
    );
    let rogue = Block::new(block.header().clone(), None, &[good, late]).unwrap();
    let why = invalid(validator.checks(&rogue, FRESH));
    assert!(matches!(
        why,
        InvalidBlock::Record {
            index: 1,
            error: Inadmissible::TooLate(_)
        }
    ));
}

#[test]
fn one_author_cannot_fill_a_block_with_refused_records() {
    let (mut proposer, mut validator) = (Party::new(), Party::new());
    let refused: Vec<_> = (0..60)
        .map(|n| says(QN_CUSTOMS, import(permit("none"), quantities(1, 0)), n))
        .collect();
    let block = proposer.proposes(START, &refused).block;
    assert_eq!(
        block.records().len(),
        ledger::limits::REFUSED_PER_AUTHOR_MAX
    );
    let rogue = Block::new(block.header().clone(), None, &refused).unwrap();
    assert_eq!(
        invalid(validator.checks(&rogue, FRESH)),
        InvalidBlock::TooManyRefused(party("QN"))
    );
}

#[test]
fn a_block_is_committed_only_by_its_own_quorum_and_only_once() {
    let mut party = Party::new();
    let block = party.proposes(START, &[issues("1", 1)]).block;
    let other = party.proposes(START, &[issues("2", 2)]).block;
    let quorum = quorum_of(block.header(), &VALIDATORS, &[1, 2, 3]);
    let weak = quorum_of(block.header(), &VALIDATORS, &[1, 2]);
    assert_eq!(
        party.commits(&other, quorum.clone()).unwrap_err(),
        CommitError::QuorumOfAnother
    );
    assert!(matches!(
        party.commits(&block, weak),
        Err(CommitError::Quorum(_))
    ));
    assert_eq!(party.replica.tip().height(), Height(0), "nothing moved");
    party.commits(&block, quorum.clone()).unwrap();
    let again = party.commits(&block, quorum).unwrap_err();
    let expected = InvalidBlock::Height {
        found: Height(1),
        tip: Height(1),
    };
    assert_eq!(again, CommitError::Check(CheckError::Invalid(expected)));
}

#[test]
fn another_body_under_an_accepted_header_is_not_accepted() {
    let (mut proposer, mut validator) = (Party::new(), Party::new());
    let block = proposer.proposes(START, &[issues("1", 1)]).block;
    assert_eq!(validator.checks(&block, FRESH), Ok(()));
    let empty = Block::new(block.header().clone(), None, &[]).unwrap();
    let swapped = Block::new(block.header().clone(), None, &[issues("2", 2)]).unwrap();
    assert_eq!(empty.id(), block.id(), "an id is the header's digest");
    for other in [&empty, &swapped] {
        let why = invalid(validator.checks(other, FRESH));
        assert!(matches!(why, InvalidBlock::StateRoot), "{why}");
        let quorum = quorum_of(other.header(), &VALIDATORS, &VALIDATORS);
        assert!(
            validator.commits(other, quorum).is_err(),
            "not even with a quorum"
        );
    }
    validator.decides(&block);
}
