//! What was acknowledged as stored is decided, or its author learns why not: whatever happens meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use consensus::replica::Replica;
use ledger::codec;
use ledger::mempool::MempoolError;
use ledger::party::{Algorithm, Height, Office as LedgerOffice};
use ledger::signed::{CheckAll, Claim, SignatureCheck};
use ledger::state::StateKey;
use ledger::testing::{self, VALIDATORS, office_key, quorum_of, voting_key};
use tokio::task::JoinSet;

use super::*;
use crate::store::{Committed, NotIncluded};

const BOUND: Duration = Duration::from_secs(60);
const EXPIRED: RecordStatus = RecordStatus::NotIncluded(NotIncluded::Expired);
const KEY: RecordStatus = RecordStatus::NotIncluded(NotIncluded::Key);

/// Decides a block on the tip of `store`, as the application does.
fn decide(store: &Store, waiting: &Waiting, records: &[Arc<Signed>], time: Timestamp) {
    let mut replica = Replica::new(CHAIN, (*store.tip()).clone());
    let builder = voting_key(1).public();
    let proposed = replica.propose(store, time, builder, records, &CheckAll);
    let block = proposed.unwrap().block;
    let quorum = quorum_of(block.header(), &VALIDATORS, &[1, 2, 3]);
    let commit = replica.commit(store, block, quorum, &CheckAll).unwrap();
    assert_eq!(store.commit(&commit), Ok(Committed::Written));
    let logged = &commit.executed.changes.logged;
    waiting.remove(logged.iter().map(|logged| &logged.record));
}

/// The management authority of QS loses its key at `end`.
fn open_until(path: &std::path::Path, end: Height) -> Arc<Store> {
    let number = testing::office(Role::Management);
    let key = StateKey::office(testing::party("QS"), number);
    let mut entries = four_parties();
    for (name, value) in &mut entries {
        if name == key.as_str() {
            let mut office: LedgerOffice = codec::decode(value, value.len()).unwrap();
            office.active_until = Some(end);
            *value = codec::encode(&office);
        }
    }
    let (_, changes) = initial_changes(entries);
    Arc::new(Store::open(&path.join("store"), CHAIN, &changes).unwrap())
}

/// A record that waits for `after`, good for an hour.
fn waits(after: &Arc<Signed>, nonce: u64) -> Arc<Signed> {
    let mut said = issue(&nonce.to_string());
    said.granted_on = CivilDate::parse("2026-01-01").unwrap();
    let mut waits = record(QS, Statement::Issue(said), now(), nonce);
    waits.after = Some(after.digest());
    waits.good_until = in_hours(1);
    sign(&waits)
}

fn in_hours(hours: u64) -> Timestamp {
    now().plus_ms(hours * 3_600_000)
}

impl Office {
    fn decide(&self, records: &[Arc<Signed>], time: Timestamp) {
        decide(&self.store, &self.waiting, records, time);
        self.intake.tip_moved();
    }

    async fn submit(&self, signed: &Arc<Signed>) -> RecordDigest {
        self.intake.submit(signed.bytes()).await.unwrap()
    }

    /// Returns when the thread has done all that it was told before: it works in order.
    async fn catches_up(&self, nonce: u64) {
        let noise = testing::refuse(testing::permit("1"), ledger::reason::Reason::NotIssued);
        let noise = sign(&record(("QP", Role::Customs), noise, now(), nonce));
        self.intake.submit(noise.bytes()).await.unwrap();
        self.waiting.remove([&noise.digest()]);
    }

    async fn becomes(&self, record: RecordDigest) -> RecordStatus {
        let deadline = Instant::now() + BOUND;
        self.intake.settled(record, deadline).await.unwrap()
    }

    fn is_kept(&self, record: &RecordDigest) -> bool {
        self.store.record_status(record).unwrap() == RecordStatus::Waiting
    }
}

/// Believes every signature: the mempool is filled with thousands.
struct Trusting;

impl SignatureCheck for Trusting {
    fn verifies(&self, _: &Claim<'_>) -> bool {
        true
    }
}

/// Fills the share of QS.
fn fill(waiting: &Waiting) -> Vec<RecordDigest> {
    let mut filling = Vec::new();
    for nonce in 1_000_000.. {
        let signed = signed(nonce);
        let office = signed.record().offices[0];
        let key = office_key(signed.record().author, office).public();
        let keys = [(Algorithm::Ed25519, key)];
        let verified = Arc::clone(&signed).verify(&keys, &Trusting).unwrap();
        match waiting.insert(&verified) {
            Ok(()) => filling.push(signed.digest()),
            Err(MempoolError::PartyFull(_)) => break,
            Err(other) => panic!("{other}"),
        }
    }
    filling
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_nothing_stays_promised_or_waiting_that_a_block_holds() {
    let office = office();
    let done = Arc::new(AtomicBool::new(false));
    let proposer = {
        let (store, waiting) = (Arc::clone(&office.store), Arc::clone(&office.waiting));
        let (intake, done) = (office.intake.clone(), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::Acquire) {
                let records = waiting.all();
                if !records.is_empty() {
                    decide(&store, &waiting, &records, now());
                    intake.tip_moved();
                }
            }
        })
    };
    let records: Vec<_> = (0..400).map(signed).collect();
    let mut clients = JoinSet::new();
    for half in records.chunks(25) {
        let (intake, half) = (office.intake.clone(), half.to_vec());
        clients.spawn(async move {
            for (n, signed) in half.iter().enumerate() {
                // Some come from other nodes first, as in a network.
                if n % 2 == 0 {
                    intake.hear(signed.bytes()).await;
                }
                intake.submit(signed.bytes()).await.unwrap();
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    for signed in &records {
        let status = office.becomes(signed.digest()).await;
        assert!(matches!(status, RecordStatus::Final { .. }), "{status:?}");
    }
    done.store(true, Ordering::Release);
    proposer.join().unwrap();
    office.intake.tip_moved();
    office.catches_up(1).await;
    // The noise is the only promise.
    assert_eq!((office.store.outbox_len(), office.waiting.len()), (1, 0));
}

#[tokio::test]
async fn who_was_promised_learns_that_the_record_expired_while_the_node_was_down() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (missing, other) = (signed(1), signed(3));
    let waits = waits(&missing, 2);
    store
        .outbox_put(&[Arc::clone(&waits), other.clone()])
        .unwrap();
    decide(&store, &Waiting::default(), &[], in_hours(2));
    let office = Office::on(folder, store, Arc::default());
    assert_eq!(office.becomes(waits.digest()).await, EXPIRED);
    office.catches_up(9).await;
    assert!(office.is_kept(&other.digest()), "good for a day");
    assert!(office.waiting.contains(&other.digest()));
}

#[tokio::test]
async fn who_was_promised_learns_that_the_record_expired_while_it_waited_for_another() {
    let office = office();
    let record = office.submit(&waits(&signed(1), 2)).await;
    office.decide(&[], now());
    office.catches_up(8).await;
    assert!(office.is_kept(&record));
    office.decide(&[], in_hours(2));
    assert_eq!(office.becomes(record).await, EXPIRED);
    assert!(!office.store.is_in_outbox(&record));
}

#[tokio::test]
async fn late_by_this_nodes_clock_alone_is_not_late() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut late = signed(1).record().clone();
    late.made_at = Timestamp(now().0 - 2 * 3_600_000);
    late.good_until = Timestamp(now().0 - 3_600_000);
    let late = sign(&late);
    store.outbox_put(&[Arc::clone(&late)]).unwrap();
    let office = Office::on(folder, store, Arc::default());
    office.decide(&[], Timestamp(late.record().good_until.0 - 1));
    office.catches_up(9).await;
    assert!(
        office.is_kept(&late.digest()),
        "another validator may log it"
    );
    office.decide(&[], now());
    assert_eq!(office.becomes(late.digest()).await, EXPIRED);
}

#[tokio::test]
async fn when_a_key_ends_its_records_leave_and_who_was_promised_learns_why() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_until(folder.path(), Height(2));
    let office = Office::on(folder, store, Arc::default());
    let waiting = office.submit(&signed(1)).await;
    let aside = office.submit(&waits(&signed(5), 2)).await;
    let heard = signed(3);
    assert_eq!(office.intake.hear(heard.bytes()).await, Acceptance::Accept);
    let mut other = record(
        ("QT", Role::Customs),
        testing::sight(testing::permit("1")),
        now(),
        4,
    );
    other.good_until = in_hours(1);
    let other = office.submit(&sign(&other)).await;
    // This node follows: it never proposes, so nobody else would notice.
    office.decide(&[], now());
    for record in [waiting, aside] {
        assert_eq!(office.becomes(record).await, KEY);
    }
    office.catches_up(9).await;
    assert!(office.is_kept(&other) && office.waiting.contains(&other));
    assert!(!office.waiting.contains(&waiting) && !office.waiting.contains(&heard.digest()));
    let refused = office.intake.submit(signed(6).bytes()).await;
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("not active"), "{why}");
}

#[tokio::test]
async fn who_was_promised_learns_that_the_key_ended_while_the_node_was_down() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_until(folder.path(), Height(2));
    let signed = signed(1);
    store.outbox_put(&[Arc::clone(&signed)]).unwrap();
    decide(&store, &Waiting::default(), &[], now());
    let office = Office::on(folder, store, Arc::default());
    assert_eq!(office.becomes(signed.digest()).await, KEY);
}

#[tokio::test]
async fn a_promised_record_that_finds_no_room_is_kept_until_there_is_some() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let before = signed(1);
    store.outbox_put(&[Arc::clone(&before)]).unwrap();
    let waiting = Arc::new(Waiting::default());
    let filling = fill(&waiting);
    let office = Office::on(folder, store, waiting);
    let first = sign(&record(
        ("QT", Role::Customs),
        testing::sight(testing::permit("1")),
        now(),
        2,
    ));
    let promised = [before.digest(), office.submit(&waits(&first, 3)).await];
    // What it waited for is there, but no room.
    office.decide(&[first], now());
    office.catches_up(8).await;
    for record in &promised {
        assert!(office.is_kept(record) && !office.waiting.contains(record));
    }
    match office.intake.submit(signed(4).bytes()).await {
        Err(Rejected::Full(MempoolError::PartyFull(_))) => {}
        other => panic!("{other:?}"),
    }
    office.waiting.remove(&filling);
    office.decide(&[], now());
    office.catches_up(9).await;
    for record in &promised {
        assert!(office.is_kept(record) && office.waiting.contains(record));
    }
}

#[tokio::test]
async fn what_was_dropped_though_it_was_promised_comes_in_again() {
    let office = office();
    let record = office.submit(&signed(1)).await;
    office.waiting.remove([&record]);
    office.intake.send_again();
    office.catches_up(9).await;
    assert!(office.waiting.contains(&record));
}

#[tokio::test]
async fn a_copy_with_a_wrong_signature_does_not_end_a_promise() {
    let office = office();
    let first = signed(1);
    let waits = waits(&first, 2);
    let record = office.submit(&waits).await;
    let mut copy = waits.bytes().to_vec();
    let last = copy.len() - 1;
    copy[last] ^= 1;
    assert_eq!(office.intake.hear(&copy).await, Acceptance::Doubt);
    assert!(office.is_kept(&record));
    office.decide(&[first], now());
    office.catches_up(9).await;
    assert_eq!(
        office.waiting.get(&record),
        Some(waits),
        "the copy that verifies"
    );
}

#[tokio::test]
async fn one_party_cannot_have_records_kept_without_end() {
    let office = office();
    let missing = signed(1);
    let mut asking = JoinSet::new();
    for nonce in 2..1_102 {
        let (intake, waits) = (office.intake.clone(), waits(&missing, nonce));
        asking.spawn(async move { intake.submit(waits.bytes()).await });
    }
    let mut kept = 0;
    while let Some(answer) = asking.join_next().await {
        match answer.unwrap() {
            Ok(record) => {
                assert!(office.is_kept(&record));
                kept += 1;
            }
            Err(Rejected::Full(MempoolError::PartyFull(_))) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((kept, office.store.outbox_len()), (1_000, 1_000));
    office.catches_up(9).await;
}

#[tokio::test]
async fn the_whole_outbox_is_sent_again_part_by_part() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let promised: Vec<_> = (0..300).map(signed).collect();
    store.outbox_put(&promised).unwrap();
    let mut office = Office::on(folder, store, Arc::default());
    let expected: std::collections::BTreeSet<_> =
        promised.iter().map(|signed| signed.digest()).collect();
    // At the start, then in two parts, then from the beginning.
    for part in [300, 256, 44, 256] {
        if part != 300 {
            office.intake.send_again();
        }
        let mut sent = std::collections::BTreeSet::new();
        for _ in 0..part {
            let next = tokio::time::timeout(BOUND, office.outgoing.recv()).await;
            sent.insert(next.unwrap().unwrap().digest());
        }
        assert_eq!(sent.len(), part);
        assert!(sent.is_subset(&expected));
    }
    assert!(office.outgoing.is_empty());
}
