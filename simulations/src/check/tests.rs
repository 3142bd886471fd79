//! A true history, then the same history with one lie in it: each lie is named.

use consensus::guard::Mark;
use ledger::block::{Block, Header};
use ledger::digest::{StateRoot, sha256};
use ledger::quorum::{Ballot, Quorum, QuorumSignature, Step};

use super::*;
use crate::report::Run;
use crate::scenario::Scenario;
use crate::trade;
use crate::world::World;
use crate::world::sabotage::Sabotage;

const FIRST: NodeIndex = NodeIndex(0);
const SECOND: NodeIndex = NodeIndex(1);

struct History {
    parties: Arc<Parties>,
    acts: Vec<Act>,
    blocks: Vec<Committed>,
    disk: Disk,
}

/// What a calm day decided.
fn history() -> History {
    let mut scenario = Scenario::included("calm").unwrap();
    scenario.crashes.count = 0;
    scenario.partitions.count = 0;
    scenario.trade.permits = 8;
    scenario.trade.within_ms = 5_000;
    scenario.heights = 5;
    let run = Run {
        scenario: "calm".into(),
        seed: 7,
        heights: scenario.heights,
        sabotage: Sabotage::None,
    };
    let parties = Arc::new(Parties::new(&scenario, run.seed).unwrap());
    let acts = trade::acts(&scenario, &parties, run.seed).unwrap();
    let mut world = World::new(scenario, run).unwrap();
    let report = world.run(|_| Ok(())).unwrap();
    assert_eq!(report.violation, None, "{report}");
    let disk = world.disk(FIRST).unwrap().clone();
    let blocks = (1..=report.height.0).map(|height| committed(&disk, Height(height)));
    History {
        blocks: blocks.collect(),
        parties,
        acts,
        disk,
    }
}

fn committed(disk: &Disk, height: Height) -> Committed {
    let decided = disk.block(height).unwrap();
    let state = disk.state();
    let receipt = |record: &RecordDigest| {
        let index = state.log_index(record).unwrap().unwrap();
        let leaf = state.leaf(index).unwrap();
        let leaf: Leaf = ledger::codec::decode(leaf, leaf.len()).unwrap();
        leaf.receipt
    };
    let records = decided.block.records().iter();
    Committed {
        block: decided.block.clone(),
        quorum: decided.quorum.clone(),
        receipts: records.map(|record| receipt(&record.digest())).collect(),
    }
}

impl History {
    fn checker(&self) -> Checker {
        Checker::new(&self.parties, &self.acts).unwrap()
    }

    /// The first violation when one node tells this history, each block changed by `lie`.
    fn told(&self, lie: impl Fn(&mut Committed)) -> Option<Violation> {
        let mut checker = self.checker();
        self.blocks.iter().find_map(|committed| {
            let mut committed = committed.clone();
            lie(&mut committed);
            checker.committed(FIRST, &committed).err()
        })
    }

    /// Turns every refusal for `reason` into an application.
    fn told_without(&self, reason: Reason) -> Option<Violation> {
        self.told(|committed| {
            for receipt in &mut committed.receipts {
                receipt.refused = receipt.refused.filter(|refused| *refused != reason);
            }
        })
    }

    /// The same block with another header, and a quorum that everybody signed.
    fn signed_anew(&self, committed: &Committed, change: impl Fn(&mut Header)) -> Committed {
        let mut header = committed.block.header().clone();
        change(&mut header);
        let carried = committed.block.carried().cloned();
        let block = Block::new(header, carried, committed.block.records()).unwrap();
        let sign = |(index, validator): (u16, &ledger::quorum::Validator)| {
            let ballot = Ballot {
                height: committed.quorum.height,
                round: committed.quorum.round,
                step: Step::Precommit,
                value: Some(block.id()),
                voter: validator.key,
            };
            let seats = self.parties.seats();
            let seat = seats
                .iter()
                .find(|seat| seat.voting.public() == validator.key);
            let preimage = ballot.preimage(self.parties.chain);
            QuorumSignature {
                validator: index,
                signature: seat.unwrap().voting.sign(&preimage),
            }
        };
        let members = self.parties.genesis.validators().members();
        Committed {
            quorum: Quorum {
                block: block.id(),
                signatures: (0..).zip(members).map(sign).collect(),
                ..committed.quorum.clone()
            },
            block,
            receipts: committed.receipts.clone(),
        }
    }
}

fn assert_is(violation: Option<Violation>, expected: &str) {
    let text = format!("{violation:?}");
    let inner = text.strip_prefix("Some(").unwrap_or(&text);
    assert!(inner.starts_with(expected), "{text} instead of {expected}");
}

#[test]
fn a_true_history_passes_for_every_node() {
    let history = history();
    let mut checker = history.checker();
    for committed in &history.blocks {
        for node in history.parties.nodes() {
            checker.committed(node, committed).unwrap();
        }
    }
    checker.check_outcomes(&history.acts).unwrap();
    checker.check_store(FIRST, &history.disk).unwrap();
    for act in &history.acts {
        checker.acknowledged(FIRST, act.record);
    }
    checker.check_kept(FIRST, &history.disk).unwrap();
}

#[test]
fn a_lie_about_a_block_is_named() {
    let history = history();
    let short = |committed: &mut Committed| committed.quorum.signatures.truncate(2);
    assert_is(history.told(short), "NoQuorum");
    let other = history.blocks[1].quorum.clone();
    let swapped = |committed: &mut Committed| committed.quorum = other.clone();
    assert_is(history.told(swapped), "OtherQuorum");
    let root = |header: &mut Header| header.state_root = StateRoot(sha256(b"another"));
    let false_root = |committed: &mut Committed| *committed = history.signed_anew(committed, root);
    assert_is(history.told(false_root), "NotAsSaid");

    let mut checker = history.checker();
    let late = checker.committed(FIRST, &history.blocks[1]);
    assert_is(late.err(), "OutOfOrder");
}

#[test]
fn a_second_block_at_a_height_is_a_fork() {
    let history = history();
    let mut checker = history.checker();
    let first = &history.blocks[0];
    checker.committed(FIRST, first).unwrap();
    let later = |header: &mut Header| header.time = header.time.plus_ms(1);
    let second = history.signed_anew(first, later);
    assert_is(checker.committed(SECOND, &second).err(), "Fork");
}

#[test]
fn a_receipt_that_breaks_a_rule_of_trade_is_named() {
    let history = history();
    for (reason, expected) in [
        (Reason::Used, "SpentTwice"),
        (Reason::WrongParty, "WrongParty"),
        (Reason::Role, "WrongParty"),
        (Reason::NotEndorsed, "WrongParty"),
        (Reason::NotIssued, "WrongParty"),
        (Reason::Cancelled, "WrongParty"),
        (Reason::DuplicateNumber, "WrongParty"),
        (Reason::AlreadyEndorsed, "WrongParty"),
        (Reason::OverQuantity, "TooMuch"),
    ] {
        assert_is(history.told_without(reason), expected);
    }
}

#[test]
fn a_node_with_other_receipts_or_another_store_is_named() {
    let history = history();
    let mut checker = history.checker();
    let with_records = |committed: &&Committed| !committed.receipts.is_empty();
    let first = history
        .blocks
        .iter()
        .position(|block| with_records(&block))
        .unwrap();
    for committed in &history.blocks[..=first] {
        checker.committed(FIRST, committed).unwrap();
    }
    for committed in &history.blocks[..first] {
        checker.committed(SECOND, committed).unwrap();
    }
    let mut other = history.blocks[first].clone();
    other.receipts[0].refused = Some(Reason::Unsupported);
    assert_is(checker.committed(SECOND, &other).err(), "OtherReceipts");

    let mut checker = history.checker();
    for committed in &history.blocks {
        checker.committed(FIRST, committed).unwrap();
    }
    checker.check_store(FIRST, &history.disk).unwrap();
    crate::world::faults::tamper(&history.disk);
    assert_is(
        checker.check_store(FIRST, &history.disk).err(),
        "OtherState",
    );
}

#[test]
fn a_store_that_went_back_is_named() {
    let history = history();
    let mut checker = history.checker();
    checker.committed(FIRST, &history.blocks[0]).unwrap();
    let key = history.parties.seats()[0].voting.public();
    let guard = consensus::guard::State::new(history.parties.chain, &key);
    let empty = Disk::new(&MemoryState::default(), &guard);
    assert_is(checker.check_store(FIRST, &empty).err(), "OutOfOrder");
}

#[test]
fn a_record_that_was_acknowledged_and_is_gone_is_named() {
    let history = history();
    let mut checker = history.checker();
    let key = history.parties.seats()[0].voting.public();
    let guard = consensus::guard::State::new(history.parties.chain, &key);
    let disk = Disk::new(&MemoryState::default(), &guard);
    let act = &history.acts[0];
    checker.acknowledged(act.node, act.record);
    assert_is(checker.check_kept(act.node, &disk).err(), "Forgotten");
    // Kept with other bytes is not kept.
    disk.append_outbox(act.record, b"other").unwrap();
    disk.sync_outbox().unwrap();
    assert_is(checker.check_kept(act.node, &disk).err(), "Forgotten");
    disk.append_outbox(act.record, &act.bytes).unwrap();
    disk.sync_outbox().unwrap();
    checker.check_kept(act.node, &disk).unwrap();
}

#[test]
fn two_signatures_in_one_place_are_a_contradiction() {
    let history = history();
    let mut checker = history.checker();
    let request = |value: Option<&[u8]>, stage| Request {
        height: Height(3),
        mark: Mark {
            round: Round(1),
            stage,
            value: value.map(|bytes| BlockId(sha256(bytes))),
            pol_round: None,
        },
    };
    let first = request(Some(b"a"), Stage::Prevote);
    checker.signed(FIRST, &first).unwrap();
    checker.signed(FIRST, &first).unwrap();
    checker
        .signed(SECOND, &request(None, Stage::Prevote))
        .unwrap();
    checker
        .signed(FIRST, &request(None, Stage::Precommit))
        .unwrap();
    let second = checker.signed(FIRST, &request(None, Stage::Prevote));
    assert_is(second.err(), "Contradiction");
}

#[test]
fn an_outcome_that_no_story_has_is_named() {
    let history = history();
    let mut checker = history.checker();
    for committed in &history.blocks {
        checker.committed(FIRST, committed).unwrap();
    }
    let mut acts = history.acts.clone();
    let applied = acts
        .iter()
        .position(|act| act.expected == Expected::Applied);
    acts[applied.unwrap()].expected = Expected::Refused(Reason::Used);
    assert_is(checker.check_outcomes(&acts).err(), "OtherOutcome");

    let race = |act: &&Act| matches!(act.expected, Expected::Race(_));
    let raced = history.acts.iter().find(race).unwrap().permit;
    let mut acts = history.acts.clone();
    for act in acts.iter_mut().filter(|act| act.permit == raced) {
        // Then its issue and its endorsement win as well.
        act.expected = Expected::Race(Reason::Used);
    }
    assert_is(checker.check_outcomes(&acts).err(), "Race");
}
