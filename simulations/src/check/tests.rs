//! A true history, then the same history with one lie in it: each lie is named.

use consensus::guard::{self, Mark};
use ledger::block::{Block, Header};
use ledger::digest::sha256;
use ledger::key::Scheme as _;
use ledger::quorum::{Ballot, QuorumSignature, Step};
use ledger::reason::Reason;
use ledger::signed::Signed;

use super::*;
use crate::bug::Bug;
use crate::disk::Decided;
use crate::report::Run;
use crate::scenario::Scenario;
use crate::trade;
use crate::world::World;

mod verdict;

/// What a day decided.
struct History {
    parties: Arc<Parties>,
    acts: Vec<Act>,
    blocks: Vec<Committed>,
    disk: Disk,
}

/// A calm day.
fn scenario() -> Scenario {
    let mut scenario = Scenario::included("calm").unwrap();
    scenario.trade.stories = 40;
    scenario.trade.within_ms = 5_000;
    scenario.heights = 5;
    scenario
}

fn world(scenario: Scenario, bug: Bug) -> World {
    let run = Run {
        scenario: "calm".into(),
        seed: 7,
        parties: scenario.parties.count,
        heights: scenario.heights,
        bug,
    };
    World::new(scenario, run).unwrap()
}

fn history() -> History {
    history_of(scenario())
}

fn history_of(scenario: Scenario) -> History {
    let mut world = world(scenario.clone(), Bug::None);
    let parties = Arc::clone(world.parties());
    let acts = trade::acts(&scenario, &parties, 7).unwrap();
    let result = world.run(|_| ());
    assert_eq!(result.violation, None);
    let disk = world.disk(parties.seats()[0].index).unwrap().clone();
    let blocks = (1..=result.height).map(|height| committed(&disk, Height(height)));
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
    fn node(&self, place: usize) -> NodeIndex {
        self.parties.seats()[place].index
    }

    fn checker(&self) -> Checker {
        Checker::new(&self.parties, &self.acts).unwrap()
    }

    /// A checker that was told the first blocks.
    fn told(&self, blocks: usize) -> Checker {
        let mut checker = self.checker();
        for committed in &self.blocks[..blocks] {
            checker.committed(self.node(0), committed).unwrap();
        }
        checker
    }

    /// The first violation when one node tells this history, each block changed by `lie`.
    fn told_with(&self, lie: impl Fn(&mut Committed)) -> Option<Violation> {
        let mut checker = self.checker();
        self.blocks.iter().find_map(|committed| {
            let mut committed = committed.clone();
            lie(&mut committed);
            checker.committed(self.node(0), &committed).err()
        })
    }

    /// Turns every refusal for `reason` into an application.
    fn told_without(&self, reason: Reason) -> Option<Violation> {
        self.told_with(|committed| {
            for receipt in &mut committed.receipts {
                receipt.refused = receipt.refused.filter(|refused| *refused != reason);
            }
        })
    }

    /// The same block with another header and these records, and a quorum that everybody signed.
    fn signed_anew(
        &self,
        committed: &Committed,
        records: &[Arc<Signed>],
        change: impl Fn(&mut Header),
    ) -> Committed {
        let mut header = committed.block.header().clone();
        change(&mut header);
        let carried = committed.block.carried().cloned();
        let block = Block::new(header, carried, records).unwrap();
        let sign = |(index, validator): (u16, &ledger::quorum::Validator)| {
            let ballot = Ballot {
                height: committed.quorum.height,
                round: committed.quorum.round,
                step: Step::Precommit,
                value: Some(block.id()),
                voter: validator.key,
            };
            let mut seats = self.parties.seats().iter();
            let seat = seats.find(|seat| seat.voting.public() == validator.key);
            let preimage = ballot.preimage(self.parties.chain);
            QuorumSignature {
                validator: index,
                signature: self.parties.signing.sign(&seat.unwrap().voting, &preimage),
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

    fn empty_disk(&self) -> Disk {
        let key = self.parties.seats()[0].voting.public();
        let guard = guard::State::new(self.parties.chain, &key);
        Disk::new(&Arc::default(), &guard, Bug::None)
    }
}

fn name(violation: Option<Violation>) -> String {
    let text = format!("{violation:?}");
    let inner = text.strip_prefix("Some(").unwrap_or(&text);
    inner.split(['(', ' ', '{']).next().unwrap().to_owned()
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
    let first = history.node(0);
    checker.check_outcomes(&history.acts).unwrap();
    checker.check_store(first, &history.disk).unwrap();
    checker.check_whole_store(first, &history.disk).unwrap();
    for act in &history.acts {
        checker.acknowledged(first, act.record);
    }
    checker.check_kept(first, &history.disk).unwrap();
}

#[test]
fn a_lie_about_a_block_is_named() {
    let history = history();
    let short = |committed: &mut Committed| committed.quorum.signatures.truncate(2);
    assert_eq!(name(history.told_with(short)), "NoQuorum");
    let other = history.blocks[1].quorum.clone();
    let swapped = |committed: &mut Committed| committed.quorum = other.clone();
    assert_eq!(name(history.told_with(swapped)), "OtherQuorum");
    let false_root = |committed: &mut Committed| {
        let records = committed.block.records().to_vec();
        *committed = history.signed_anew(committed, &records, |header| {
            header.state_root = StateRoot(sha256(b"another"));
        });
    };
    assert_eq!(name(history.told_with(false_root)), "NotAsSaid");

    let late = history
        .checker()
        .committed(history.node(0), &history.blocks[1]);
    assert_eq!(name(late.err()), "OutOfOrder");
}

#[test]
fn a_record_that_is_logged_again_is_named() {
    let history = history();
    let mut told = history
        .blocks
        .iter()
        .enumerate()
        .flat_map(|(at, committed)| {
            let records = committed.block.records().iter().zip(&committed.receipts);
            records.map(move |(record, receipt)| (at, record, receipt))
        });
    // To see and to refuse breaks no rule, however often.
    let (at, record, receipt) = told
        .find(|(_, _, receipt)| receipt.refused.is_some())
        .unwrap();
    let mut checker = history.told(at + 1);
    let next = &history.blocks[at + 1];
    let mut again = history.signed_anew(next, &[Arc::clone(record)], |_| ());
    again.receipts = vec![*receipt];
    let told = checker.committed(history.node(0), &again);
    assert_eq!(told, Err(Violation::Twice(record.digest())));
}

#[test]
fn a_second_block_at_a_height_is_a_fork() {
    let history = history();
    let mut checker = history.told(1);
    let first = &history.blocks[0];
    let second = history.signed_anew(first, first.block.records(), |header| {
        header.time = header.time.plus_ms(1);
    });
    let told = checker.committed(history.node(1), &second);
    assert_eq!(name(told.err()), "Fork");
    let told = checker.committed_elsewhere(history.node(1), &second);
    assert_eq!(name(told.err()), "Fork");
}

#[test]
fn a_receipt_that_breaks_a_rule_of_trade_is_named() {
    let history = history();
    let refused = |reason| {
        let receipts = history.blocks.iter().flat_map(|block| &block.receipts);
        receipts
            .filter(|receipt| receipt.refused == Some(reason))
            .count()
            > 0
    };
    for (reason, expected) in [
        (Reason::Used, "SpentTwice"),
        (Reason::WrongParty, "WrongParty"),
        (Reason::Role, "WrongParty"),
        (Reason::NotEndorsed, "Rule"),
        (Reason::NotIssued, "Rule"),
        (Reason::Cancelled, "Rule"),
        (Reason::DuplicateNumber, "Rule"),
        (Reason::AlreadyEndorsed, "Rule"),
        (Reason::AlreadyRecorded, "Rule"),
        (Reason::OverQuantity, "TooMuch"),
    ] {
        assert!(refused(reason), "no story is about {reason}");
        assert_eq!(name(history.told_without(reason)), expected, "{reason}");
    }
    let all_refused = |committed: &mut Committed| {
        for receipt in &mut committed.receipts {
            receipt.refused.get_or_insert(Reason::Unsupported);
        }
    };
    assert_eq!(name(history.told_with(all_refused)), "WronglyRefused");
}

#[test]
fn a_node_with_other_receipts_or_another_store_is_named() {
    let history = history();
    let (first, second) = (history.node(0), history.node(1));
    let with_records = |committed: &Committed| !committed.receipts.is_empty();
    let at = history.blocks.iter().position(with_records).unwrap();
    let mut checker = history.told(at + 1);
    for committed in &history.blocks[..at] {
        checker.committed(second, committed).unwrap();
    }
    let mut other = history.blocks[at].clone();
    other.receipts[0].refused = Some(Reason::Unsupported);
    assert_eq!(
        name(checker.committed(second, &other).err()),
        "OtherReceipts"
    );

    let checker = history.told(history.blocks.len());
    checker.check_store(first, &history.disk).unwrap();
    crate::world::faults::tamper(&history.disk);
    assert_eq!(
        name(checker.check_store(first, &history.disk).err()),
        "OtherState"
    );
    let whole = checker.check_whole_store(first, &history.disk);
    assert_eq!(name(whole.err()), "OtherState");
}

#[test]
fn a_store_that_went_back_is_named() {
    let history = history();
    let checker = history.told(1);
    let went_back = checker.check_store(history.node(0), &history.empty_disk());
    assert_eq!(name(went_back.err()), "OutOfOrder");
}

#[test]
fn a_record_that_was_acknowledged_and_is_gone_is_named() {
    let history = history();
    let mut checker = history.checker();
    let disk = history.empty_disk();
    let act = &history.acts[0];
    checker.acknowledged(act.node, act.record);
    assert_eq!(name(checker.check_kept(act.node, &disk).err()), "Forgotten");
    // Kept with other bytes is not kept.
    disk.append_outbox(act.record, b"other").unwrap();
    disk.sync_outbox().unwrap();
    assert_eq!(name(checker.check_kept(act.node, &disk).err()), "Forgotten");
    disk.append_outbox(act.record, &act.bytes).unwrap();
    disk.sync_outbox().unwrap();
    checker.check_kept(act.node, &disk).unwrap();
}

#[test]
fn two_signatures_in_one_place_are_a_contradiction() {
    let history = history();
    let mut checker = history.checker();
    let (first, second) = (history.node(0), history.node(1));
    let request = |value: Option<&[u8]>, stage| Request {
        height: Height(3),
        mark: Mark {
            round: Round(1),
            stage,
            value: value.map(|bytes| BlockId(sha256(bytes))),
            pol_round: None,
        },
    };
    let vote = request(Some(b"a"), Stage::Prevote);
    checker.signed(first, &vote).unwrap();
    checker.signed(first, &vote).unwrap();
    let nil = request(None, Stage::Prevote);
    checker.signed(second, &nil).unwrap();
    checker
        .signed(first, &request(None, Stage::Precommit))
        .unwrap();
    assert_eq!(name(checker.signed(first, &nil).err()), "Contradiction");
}

#[test]
fn an_outcome_that_no_story_has_is_named() {
    let history = history();
    let checker = history.told(history.blocks.len());
    let mut acts = history.acts.clone();
    let applied = |act: &Act| act.expected == Expected::Applied;
    let applied = acts.iter().position(applied).unwrap();
    acts[applied].expected = Expected::Refused(Reason::Used);
    assert_eq!(name(checker.check_outcomes(&acts).err()), "OtherOutcome");

    let race = |act: &&Act| matches!(act.expected, Expected::Race(_));
    let raced = history.acts.iter().find(race).unwrap().permit;
    let mut acts = history.acts.clone();
    for act in acts.iter_mut().filter(|act| act.permit == raced) {
        // Then its issue and its endorsement win as well.
        act.expected = Expected::Race(Reason::Used);
    }
    assert_eq!(name(checker.check_outcomes(&acts).err()), "Race");
}

#[test]
fn a_network_that_stops_or_stands_still_is_named() {
    let mut seven = scenario();
    (seven.parties.count, seven.parties.validators) = (7, 7);
    let mut idle = scenario();
    idle.heights = 200;
    for (scenario, bug, expected) in [
        // Four of seven are more than half, and no quorum.
        (seven, Bug::WeakQuorum, "stopped"),
        (idle, Bug::NoHeartbeat, "no progress"),
    ] {
        let result = world(scenario, bug).run(|_| ());
        let found = result.violation.unwrap_or_default();
        assert!(found.contains(expected), "{bug}: {found}");
    }
}
