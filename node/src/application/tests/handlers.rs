//! What is proposed and what is received: each handler alone.

use super::played::*;

use consensus::guard::{ObserveReason, Refusal, Standing};
use consensus::message::Value;
use consensus::validators::Address;
use ledger::digest::BlockId;
use ledger::quorum::Step;
use ledger::testing::{self};
use malachitebft_core_types::{Round as EngineRound, Validity};
use tokio::sync::oneshot;

use super::super::*;

#[test]
fn a_proposal_is_on_disk_before_it_is_answered_and_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut application, other) = pair(folder.path());
    drop(other);
    submit(&application, 1);
    let (value, parts) = propose(&mut application, 1, ROUND).unwrap();
    let stored = application.store.read().undecided(Height(1)).unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].block, value.value.0);
    let number = proposer(&application, 1, 0);
    drop(application);

    // The record is not even waiting any more: the block must not change.
    let mut again = open(&folder.path().join("proposer"), number);
    let given_back = begin_round(&mut again, 1, 0);
    assert_eq!(given_back.len(), 1);
    assert_eq!(
        (given_back[0].value, given_back[0].validity),
        (value.value, Validity::Valid)
    );
    assert_eq!(propose(&mut again, 1, ROUND).unwrap(), (value, parts));
}

#[test]
fn nothing_is_signed_before_enough_others_said_how_far_they_are() {
    // The folder is of height 1. What two others say, and whether this node signs then.
    for (tips, signs) in [
        ([0, 0], true),
        ([0, 1], true),
        ([9, 0], true),
        ([9, 9], false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let number = proposer(&open(&folder.path().join_new("probe"), 1), 1, 0);
        let mut application = open_unheard(&folder.path().join_new("old"), number);
        let key = application.key.clone().unwrap();
        let prevote = vote(number, 1, 0, Step::Prevote, None);
        let unheard = Refusal::Observing(ObserveReason::Unheard);
        for (peer, tip) in (1..).zip(tips) {
            assert_eq!(propose(&mut application, 1, ROUND), None);
            assert_eq!(key.vote(&prevote).unwrap_err(), unheard);
            assert!(!application.progress().borrow().signs);
            application.heard.tip(&[peer], now(), Height(tip));
            application.handle(Event::Heard).unwrap();
        }
        assert_eq!(
            propose(&mut application, 1, ROUND).is_some(),
            signs,
            "{tips:?}"
        );
        assert_eq!(key.vote(&prevote).is_ok(), signs, "{tips:?}");
        assert_eq!(application.progress().borrow().signs, signs, "{tips:?}");
        // The vote that was withheld is cast after another start, or others wait for it for ever.
        assert_eq!(application.is_heard_late, signs, "{tips:?}");
    }
}

#[test]
fn every_synced_write_of_the_guard_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (mut application, _) = pair(folder.path());
    let number = proposer(&application, 1, 0);
    let key = application.key.clone().unwrap();
    let (value, _) = propose(&mut application, 1, ROUND).unwrap();
    for step in [Step::Prevote, Step::Prevote, Step::Precommit] {
        key.vote(&vote(number, 1, 0, step, Some(value.value.0)))
            .unwrap();
    }
    // The proposal, each vote once though it was signed twice, and the commit.
    decide(&mut application, value.value.0, 1, &[1, 2, 3]).unwrap();
    assert_eq!(application.progress().borrow().guard_flushes, 4);
}

#[test]
fn what_is_committed_before_others_are_heard_does_not_make_an_old_folder_look_new() {
    let folder = tempfile::tempdir().unwrap();
    let mut from = open(&folder.path().join_new("from"), 1);
    let number = proposer(&from, 1, 0);
    if number != 1 {
        from = open(&folder.path().join_new("proposer"), number);
    }
    let old = if number == 1 { 2 } else { 1 };
    let mut application = open_unheard(&folder.path().join_new("old"), old);
    decide_next(&mut [&mut from, &mut application], 1);
    for peer in 1..=2 {
        application.heard.tip(&[peer], now(), Height(2));
    }
    application.handle(Event::Heard).unwrap();
    // Two heights beyond what the others said, as if nothing had been committed here.
    let standing = application.key.as_ref().unwrap().guard().standing();
    let Standing::Observing { reason, until, .. } = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(
        (reason, until),
        (ObserveReason::OlderThanPeers, Some(Height(4)))
    );
}

#[test]
fn a_proposal_whose_block_was_lost_is_not_replaced_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let (mut application, _other) = pair(folder.path());
    let number = proposer(&application, 1, 0);
    propose(&mut application, 1, ROUND).unwrap();
    drop(application);
    std::fs::remove_dir_all(folder.path().join("proposer/store")).unwrap();
    let mut again = open(&folder.path().join("proposer"), number);
    submit(&again, 1);
    assert_eq!(propose(&mut again, 1, ROUND), None);
    // Another height or a node without a key is not asked, and does not answer.
    assert_eq!(propose(&mut again, 5, ROUND), None);
    again.key = None;
    assert_eq!(propose(&mut again, 1, ROUND), None);
}

#[test]
fn the_last_part_makes_a_value_that_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, mut to) = pair(folder.path());
    for number in 0..600 {
        submit(&from, number);
    }
    let (value, parts) = propose(&mut from, 1, ROUND).unwrap();
    assert!(parts.len() > 1, "a block of several parts");
    let (last, first) = parts.split_last().unwrap();
    assert_eq!(receive(&mut to, first), None);
    assert!(to.has_begun);
    let answered = receive(&mut to, std::slice::from_ref(last)).unwrap();
    assert_eq!(
        (answered.value, answered.validity),
        (value.value, Validity::Valid)
    );
    let stored = to.store.read().undecided(Height(1)).unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(receive(&mut to, &parts), None);
    // The end of a stream means nothing.
    let (reply, mut answer) = oneshot::channel();
    let fin = StreamMessage::new(StreamId::new(Bytes::new()), 9, StreamContent::Fin);
    part::handle(&mut to, fin, reply).unwrap();
    assert_eq!(answer.try_recv().unwrap(), None);
}

#[test]
fn a_block_that_breaks_a_rule_is_answered_as_invalid_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (from, mut to) = pair(folder.path());
    let number = proposer(&from, 1, 0);
    let clock = now();
    let good = block_at(&from, clock, number);
    let early = block_at(&from, clock.plus_ms(60_000), number);
    let stale = block_at(&from, Timestamp(clock.0 - 60_000), number);
    let other = block_at(&from, clock.plus_ms(1), number);
    for (what, block, bytes) in [
        ("no block", &good, &b"not a block"[..]),
        ("another block than the header says", &good, other.bytes()),
        ("a minute ahead of our clock", &early, early.bytes()),
        ("a minute behind our clock", &stale, stale.bytes()),
    ] {
        let mut fresh = open(&folder.path().join_new(what), proposer(&from, 1, 1));
        let answered = receive(&mut fresh, &parts_of(block, number, 0, bytes, None)).unwrap();
        assert_eq!(answered.validity, Validity::Invalid, "{what}");
        assert!(
            fresh.store.read().undecided(Height(1)).unwrap().is_empty(),
            "{what}"
        );
    }
    let answered = receive(&mut to, &parts_of(&good, number, 0, good.bytes(), None)).unwrap();
    assert_eq!(answered.validity, Validity::Valid);
}

#[test]
fn a_proposer_with_two_blocks_in_one_round_is_recorded_with_both_headers() {
    let folder = tempfile::tempdir().unwrap();
    let (from, mut to) = pair(folder.path());
    let number = proposer(&from, 1, 0);
    let clock = now();
    // Its voting key is on two hosts, whose clocks differ.
    for clock in [clock, clock.plus_ms(1), clock.plus_ms(2)] {
        assert!(to.store.read().evidence(Height(1)).unwrap().len() <= 1);
        let block = block_at(&from, clock, number);
        receive(&mut to, &parts_of(&block, number, 0, block.bytes(), None));
    }
    let stored = to.store.read().evidence(Height(1)).unwrap();
    let [bytes] = &stored[..] else {
        panic!("{stored:?}");
    };
    let evidence = consensus::evidence::Evidence::decode(bytes).unwrap();
    assert!(evidence.is_proven(testing::CHAIN));
    assert_eq!(evidence.validator().0, testing::voting_key(number).public());
}

#[test]
fn a_block_proposed_again_is_judged_without_a_clock() {
    let folder = tempfile::tempdir().unwrap();
    let (from, _) = pair(folder.path());
    let (first, second) = (proposer(&from, 1, 0), proposer(&from, 1, 1));
    let mut to = open(&folder.path().join_new("late"), proposer(&from, 1, 2));
    let stale = block_at(&from, Timestamp(now().0 - 3_600_000), first);
    begin_round(&mut to, 1, 1);
    let parts = parts_of(&stale, second, 1, stale.bytes(), Some(0));
    let answered = receive(&mut to, &parts).unwrap();
    assert_eq!(
        (answered.validity, answered.valid_round),
        (Validity::Valid, EngineRound::ZERO)
    );
    // As a new proposal it would not count.
    use consensus::signing::SharedReproposals as _;
    let proposal = consensus::message::Proposal {
        height: height(1),
        round: Round(1),
        value: Value(stale.id()),
        pol_round: None,
        proposer: Address(testing::voting_key(second).public()),
    };
    assert!(!to.notes.with(|notes| notes.admit_proposal(&proposal)));
}

#[test]
fn a_block_is_streamed_again_under_its_original_header_or_as_our_own_proposal() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, _) = pair(folder.path());
    let (value, parts) = propose(&mut from, 1, ROUND).unwrap();
    let block = value.value.0;
    let next = proposer(&from, 1, 1);
    let mut to = open(&folder.path().join_new("next"), next);
    receive(&mut to, &parts);
    let restream = |application: &mut Application, at, round, valid_round, block| {
        let (round, valid) = (EngineRound::new(round), valid_round);
        restream::handle(application, height(at), round, valid, block).unwrap();
        std::mem::take(&mut application.outgoing)
    };
    // Of another validator, locked on in its own round: the very same parts.
    assert_eq!(restream(&mut to, 1, 0, EngineRound::Nil, block), parts);
    // Our turn: a header of our own, which others accept.
    let again = restream(&mut to, 1, 1, ROUND, block);
    let header = &again[0].signed.header;
    assert_eq!(
        (header.round, header.valid_round),
        (Round(1), Some(Round(0)))
    );
    begin_round(&mut from, 1, 1);
    let answered = receive(&mut from, &again).unwrap();
    assert_eq!(answered.validity, Validity::Valid);
    // Malachite signs the prevote without waiting for us.
    let key = to.key.clone().unwrap();
    key.vote(&vote(next, 1, 1, Step::Prevote, Some(block)))
        .unwrap();
    assert_eq!(restream(&mut to, 1, 1, ROUND, block), again);
    // Not our turn, not here, not now.
    assert!(restream(&mut to, 1, 2, ROUND, block).is_empty());
    let unknown = BlockId(ledger::digest::sha256(b"unknown"));
    assert!(restream(&mut to, 1, 0, EngineRound::Nil, unknown).is_empty());
    assert!(restream(&mut to, 7, 0, EngineRound::Nil, block).is_empty());
}
