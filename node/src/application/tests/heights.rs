//! What is decided, synced, kept and awaited: each handler alone.

use super::played::*;

use consensus::evidence::Evidence;
use consensus::guard::Local;
use consensus::signing::GuardedKey;
use consensus::validators::Address;
use ledger::block::Block;
use ledger::digest::BlockId;
use ledger::party::Role;
use ledger::quorum::Step;
use ledger::signed::CheckAll;
use ledger::testing::{self, CHAIN, VALIDATORS};
use malachitebft_app_channel::app::engine::host::{Next, SyncedValueOutcome};
use malachitebft_app_channel::app::types::MisbehaviorEvidence;
use malachitebft_core_types::{Round as EngineRound, SignedMessage, Validity};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::super::*;
use crate::guard::FileGuard;

#[test]
fn a_decision_is_committed_once_and_a_second_one_halts_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, mut to) = pair(folder.path());
    let record = submit(&from, 1);
    let (value, parts) = propose(&mut from, 1, ROUND).unwrap();
    let block = value.value.0;
    let missing = decide(&mut to, block, 1, &[1, 2, 3]);
    assert!(matches!(missing, Err(ApplicationError::Missing { .. })));
    receive(&mut to, &parts);
    for application in [&mut from, &mut to] {
        decide(application, block, 1, &[1, 2, 3]).unwrap();
        decide(application, block, 1, &[2, 3, 4]).unwrap();
        assert_eq!(application.store.tip().block, block);
        assert!(!application.waiting.contains(&record.digest()));
        assert_eq!(application.progress().borrow().tip, Height(1));
        assert_eq!(application.key.as_ref().unwrap().guard().standing(), {
            let standing = application.key.as_ref().unwrap().guard().standing();
            let consensus::guard::Standing::Armed(state) = standing else {
                panic!("armed");
            };
            assert_eq!((state.height, state.newest), (Height(2), None));
            standing
        });
    }
    let other = BlockId(ledger::digest::sha256(b"other"));
    let halted = decide(&mut to, other, 1, &[1, 2, 3]);
    assert!(
        matches!(halted, Err(ApplicationError::Contradiction { .. })),
        "{halted:?}"
    );
}

#[test]
fn a_decision_without_a_quorum_or_a_guard_halts_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, mut to) = pair(folder.path());
    let (value, parts) = propose(&mut from, 1, ROUND).unwrap();
    let block = value.value.0;
    receive(&mut to, &parts);
    let halted = decide(&mut to, block, 1, &[1, 2]);
    assert!(
        matches!(halted, Err(ApplicationError::Commit { .. })),
        "{halted:?}"
    );

    // An observer whose new guard cannot be written.
    std::fs::remove_file(folder.path().join("other/guard")).unwrap();
    let number = VALIDATORS
        .into_iter()
        .find(|n| *n != proposer(&from, 1, 0))
        .unwrap();
    drop(to);
    std::fs::create_dir(folder.path().join("other/guard")).unwrap();
    let store = folder.path().join("other");
    let opened = FileGuard::open(
        &store,
        CHAIN,
        &testing::voting_key(number).public(),
        &Local {
            tip: Height(0),
            log: None,
        },
    );
    assert!(opened.is_err(), "a folder is no guard file");
    assert!(matches!(
        from.validators_at(Height::ZERO),
        Err(ApplicationError::Validators)
    ));
}

#[test]
fn a_guard_that_cannot_be_written_halts_the_node_before_the_block_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, _) = pair(folder.path());
    let (value, _) = propose(&mut from, 1, ROUND).unwrap();
    // This guard observes, so arming it makes a new file, in a folder that is gone.
    let gone = folder.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let number = proposer(&from, 1, 0);
    let secret = testing::voting_key(number);
    let local = Local {
        tip: Height::ZERO,
        log: None,
    };
    let guard = FileGuard::open(&gone, CHAIN, &secret.public(), &local).unwrap();
    std::fs::remove_dir(&gone).unwrap();
    guard.hear(Height::ZERO);
    from.key = Some(Arc::new(GuardedKey::new(CHAIN, secret, guard)));
    // Height 2 ends the observation.
    decide(&mut from, value.value.0, 1, &[1, 2, 3]).unwrap();
    let mut second = open(&folder.path().join_new("second"), proposer(&from, 2, 0));
    let block = block_at(&from, now(), proposer(&from, 2, 0));
    let parts = parts_of(&block, proposer(&from, 2, 0), 0, block.bytes(), None);
    receive(&mut from, &parts);
    let halted = decide(&mut from, block.id(), 2, &[1, 2, 3]);
    assert!(matches!(halted, Err(ApplicationError::Guard)), "{halted:?}");
    assert_eq!(from.store.tip().height(), Height(1));
    assert!(propose(&mut second, 1, EngineRound::new(1)).is_some());
}

#[test]
fn a_synced_block_is_judged_kept_and_blamed_on_its_sender_where_it_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, mut to) = pair(folder.path());
    let number = proposer(&from, 1, 0);
    let sender = Address(testing::voting_key(number).public());
    submit(&from, 1);
    let (value, _) = propose(&mut from, 1, ROUND).unwrap();
    decide(&mut from, value.value.0, 1, &[1, 2, 3]).unwrap();
    let bytes = from.store.read().block_bytes(Height(1)).unwrap().unwrap();
    let sync = |application: &mut Application, at, bytes: &[u8]| {
        let (reply, mut answer) = oneshot::channel();
        synced::handle(application, height(at), ROUND, sender, bytes, reply).unwrap();
        answer.try_recv().unwrap()
    };
    assert!(matches!(
        sync(&mut to, 1, b"nonsense"),
        SyncedValueOutcome::PeerFault
    ));
    assert!(matches!(
        sync(&mut to, 2, &bytes),
        SyncedValueOutcome::PeerFault
    ));
    let later = block_at(&from, now(), number);
    let transient = sync(&mut to, 2, later.bytes());
    assert!(matches!(transient, SyncedValueOutcome::LocalTransientError));
    let stranger = block_at(&to, now(), 1);
    let mut forged = stranger.header().clone();
    forged.state_root = ledger::digest::StateRoot::default();
    let forged = Block::new(forged, None, &[]).unwrap();
    let SyncedValueOutcome::Verdict(refused) = sync(&mut to, 1, forged.bytes()) else {
        panic!("a verdict");
    };
    assert_eq!(refused.validity, Validity::Invalid);
    let SyncedValueOutcome::Verdict(accepted) = sync(&mut to, 1, &bytes) else {
        panic!("a verdict");
    };
    assert_eq!(
        (accepted.value, accepted.validity),
        (value.value, Validity::Valid)
    );
    assert_eq!(to.store.read().undecided(Height(1)).unwrap().len(), 1);
    decide(&mut to, value.value.0, 1, &[1, 2, 3]).unwrap();
    assert_eq!(to.synced, Height(1));
}

#[test]
fn history_is_given_from_its_start_with_quorums_that_verify() {
    let folder = tempfile::tempdir().unwrap();
    let mut all: Vec<_> = VALIDATORS
        .into_iter()
        .map(|number| open(&folder.path().join_new(&format!("{number}")), number))
        .collect();
    let blocks: Vec<_> = (1..=5)
        .map(|at| decide_next(&mut all.iter_mut().collect::<Vec<_>>(), at))
        .collect();
    let ask = |first, last| {
        let (reply, mut answer) = oneshot::channel();
        history::handle(&all[0], &(height(first)..=height(last)), reply).unwrap();
        answer.try_recv().unwrap()
    };
    let values = ask(2, 9);
    let ids: Vec<_> = values
        .iter()
        .map(|value| value.certificate.value_id)
        .collect();
    assert_eq!(ids, blocks[1..]);
    let validators = testing::validator_set(&VALIDATORS);
    for value in &values {
        let block = Block::decode(&value.value_bytes).unwrap();
        assert_eq!(block.id(), value.certificate.value_id);
        let set = all[0].validators_at(block.header().height).unwrap();
        let certificate = value.certificate.trim_vote_extensions();
        let quorum = consensus::quorum::from_certificate(&certificate, set);
        assert_eq!(quorum.check(CHAIN, &validators), Ok(()));
    }
    assert!(ask(6, 9).is_empty());
    assert_eq!(ask(0, 1).len(), 1);
    let (reply, mut answer) = oneshot::channel();
    history::oldest(reply);
    assert_eq!(answer.try_recv().unwrap(), height(1));
}

fn finalize(
    application: &mut Application,
    block: BlockId,
    at: u64,
) -> oneshot::Receiver<Next<Context>> {
    let (reply, answer) = oneshot::channel();
    let evidence = MisbehaviorEvidence {
        proposals: Default::default(),
        votes: Default::default(),
    };
    let certificate = certificate(block, at, &[1, 2, 3, 4]);
    finalized::handle(application, &certificate, &evidence, reply).unwrap();
    answer
}

#[tokio::test]
async fn the_next_height_waits_for_a_reason_and_each_reason_is_enough() {
    for reason in ["record", "part", "votes", "tips", "heartbeat", "sync"] {
        let folder = tempfile::tempdir().unwrap();
        let mut all: Vec<_> = VALIDATORS
            .into_iter()
            .map(|number| open(&folder.path().join_new(&format!("{number}")), number))
            .collect();
        let block = decide_next(&mut all.iter_mut().collect::<Vec<_>>(), 1);
        let number = proposer(&all[0], 2, 0);
        let (first, rest) = all.split_at_mut(1);
        let application = &mut first[0];
        if reason == "sync" {
            application.synced = Height(1);
        }
        let mut answer = finalize(application, block, 1);
        if reason != "sync" {
            assert_eq!(
                answer.try_recv().err(),
                Some(TryRecvError::Empty),
                "{reason}"
            );
            assert!(application.progress().borrow().is_idle);
        }
        match reason {
            "record" => {
                submit(application, 1);
                application.handle(Event::Arrived).unwrap();
            }
            "part" => {
                let parts = if number == 1 {
                    parts_of(&block_at(application, now(), 1), 1, 0, &[0; 9], None)
                } else {
                    propose(&mut rest[usize::from(number) - 2], 2, ROUND)
                        .unwrap()
                        .1
                };
                receive(application, &parts);
            }
            "votes" => {
                let vote = vote(2, 2, 0, Step::Prevote, None);
                let forged = SignedMessage::new(vote, testing::voting_key(3).sign(b"x"));
                application.heard.vote(&forged);
                application.handle(Event::Heard).unwrap();
                assert_eq!(answer.try_recv().err(), Some(TryRecvError::Empty));
                let signature = testing::voting_key(2).sign(&vote.ballot().preimage(CHAIN));
                application.heard.vote(&SignedMessage::new(vote, signature));
                application.handle(Event::Heard).unwrap();
            }
            "tips" => {
                application.heard.tip(&[1], now(), Height(2));
                application.handle(Event::Heard).unwrap();
                assert_eq!(answer.try_recv().err(), Some(TryRecvError::Empty));
                application.heard.tip(&[2], now(), Height(2));
                application.handle(Event::Heard).unwrap();
            }
            "heartbeat" => application.handle(Event::Heartbeat).unwrap(),
            _ => {}
        }
        let Next::Start(started, params) = answer.try_recv().expect(reason) else {
            panic!("{reason}: never restarts a height");
        };
        assert_eq!((started, params.target_time), (height(2), None));
        assert!(!application.progress().borrow().is_idle);
    }
}

#[tokio::test]
async fn a_record_that_waits_for_another_does_not_start_a_height() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, _) = pair(folder.path());
    let (value, _) = propose(&mut from, 1, ROUND).unwrap();
    decide(&mut from, value.value.0, 1, &[1, 2, 3]).unwrap();
    let statement = testing::refuse(testing::permit("1"), ledger::reason::Reason::NotIssued);
    let mut record = testing::record(("QN", Role::Customs), statement, now(), 1);
    record.after = Some(super::report(7).digest());
    let signed = testing::sign(&record);
    let office = testing::office_key(record.author, record.offices[0]).public();
    let keys = [(ledger::party::Algorithm::Ed25519, office)];
    let verified = signed.verify(&keys, &CheckAll).unwrap();
    from.waiting.insert(&verified).unwrap();
    let mut answer = finalize(&mut from, value.value.0, 1);
    from.handle(Event::Arrived).unwrap();
    assert_eq!(answer.try_recv().err(), Some(TryRecvError::Empty));
    submit(&from, 7);
    from.handle(Event::Arrived).unwrap();
    assert!(answer.try_recv().is_ok());
}

#[tokio::test]
async fn evidence_is_kept_with_the_height() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, _) = pair(folder.path());
    let (value, _) = propose(&mut from, 1, ROUND).unwrap();
    decide(&mut from, value.value.0, 1, &[1, 2, 3]).unwrap();
    let signed = |value| {
        let vote = vote(2, 1, 0, Step::Prevote, value);
        let signature = testing::voting_key(2).sign(&vote.ballot().preimage(CHAIN));
        SignedMessage::new(vote, signature)
    };
    let pair = (signed(None), signed(Some(value.value.0)));
    let mut evidence = MisbehaviorEvidence {
        proposals: Default::default(),
        votes: Default::default(),
    };
    evidence.votes.add(pair.0.clone(), pair.1.clone());
    let (reply, _answer) = oneshot::channel();
    let certificate = certificate(value.value.0, 1, &[1, 2, 3]);
    finalized::handle(&mut from, &certificate, &evidence, reply).unwrap();
    let stored = from.store.read().evidence(Height(1)).unwrap();
    let expected = Evidence::votes(&pair.0, &pair.1).unwrap();
    assert_eq!(stored, [expected.encode()]);
}

#[test]
fn an_engine_that_ends_ends_the_application() {
    super::runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (application, _) = pair(folder.path());
        let (_, consensus) = tokio::sync::mpsc::channel(1);
        let (network, _network) = tokio::sync::mpsc::channel(1);
        let (requests, _requests) = tokio::sync::mpsc::channel(1);
        let (net_requests, _net_requests) = tokio::sync::mpsc::channel(1);
        let channels = Channels {
            consensus,
            network,
            events: Default::default(),
            requests,
            net_requests,
        };
        let ended = application.run(channels, std::future::pending()).await;
        assert!(matches!(ended, Err(ApplicationError::EngineStopped)));
    });
}
