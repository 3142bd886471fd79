//! The intake against a real store in a temporary folder.

mod promises;

use std::time::Duration;

use ledger::party::Role;
use ledger::record::Statement;
use ledger::state::memory::initial_changes;
use ledger::testing::{CHAIN, DAY_MS, four_parties, issue, record, sign};
use ledger::time::{CivilDate, Timestamp};
use tokio::time::Instant;

use super::*;
use crate::clock::now;

const QS: (&str, Role) = ("QS", Role::Management);

struct Office {
    _folder: tempfile::TempDir,
    store: Arc<Store>,
    waiting: Arc<Waiting>,
    intake: Intake,
    outgoing: mpsc::Receiver<Arc<Signed>>,
}

fn open(path: &std::path::Path) -> Arc<Store> {
    let (_, changes) = initial_changes(four_parties());
    Arc::new(Store::open(&path.join("store"), CHAIN, &changes).unwrap())
}

fn office() -> Office {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    Office::on(folder, store, Arc::default())
}

impl Office {
    /// Begins work on a store and a mempool as they are.
    fn on(folder: tempfile::TempDir, store: Arc<Store>, waiting: Arc<Waiting>) -> Self {
        let (send, outgoing) = mpsc::channel(1_024);
        let claims = Arc::new(Claims::default());
        let intake = Intake::start(Arc::clone(&store), Arc::clone(&waiting), claims, send).unwrap();
        Self {
            _folder: folder,
            store,
            waiting,
            intake,
            outgoing,
        }
    }
}

/// A record made now, by this machine's clock, as admission asks.
fn signed(nonce: u64) -> Arc<Signed> {
    let mut said = issue(&nonce.to_string());
    said.granted_on = CivilDate::parse("2026-01-01").unwrap();
    sign(&record(QS, Statement::Issue(said), now(), nonce))
}

#[tokio::test]
async fn an_acknowledged_record_is_durable_waits_and_is_passed_on() {
    let mut office = office();
    let signed = signed(1);
    let record = office.intake.submit(signed.bytes()).await.unwrap();
    assert_eq!(
        office.store.outbox_waiting().unwrap(),
        [Arc::clone(&signed)]
    );
    assert!(office.waiting.contains(&record));
    assert_eq!(office.outgoing.recv().await.unwrap(), signed);
    assert_eq!(
        office.intake.submit(signed.bytes()).await.unwrap(),
        record,
        "the same answer"
    );
    let status = office.intake.settled(record, Instant::now()).await.unwrap();
    assert_eq!(status, RecordStatus::Waiting);
}

#[tokio::test]
async fn what_another_node_passed_on_is_checked_and_not_promised() {
    let office = office();
    let good = signed(1);
    assert_eq!(office.intake.hear(good.bytes()).await, Acceptance::Accept);
    assert_eq!(
        office.intake.hear(good.bytes()).await,
        Acceptance::Ignore,
        "known"
    );
    assert_eq!(office.store.outbox_len(), 0);
    let mut bytes = signed(2).bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(
        office.intake.hear(&bytes).await,
        Acceptance::Doubt,
        "a key may have changed"
    );
    assert_eq!(office.intake.hear(b"noise").await, Acceptance::Reject);
    let record = office.intake.submit(good.bytes()).await.unwrap();
    assert!(
        office.store.is_in_outbox(&record),
        "asked for now: a promise"
    );
}

#[tokio::test]
async fn what_may_not_enter_is_named_and_not_kept() {
    let office = office();
    let mut late = record(QS, Statement::Issue(issue("1")), now(), 1);
    late.good_until = Timestamp(now().0 - DAY_MS);
    let mut other = late.clone();
    other.chain = ledger::digest::ChainId::default();
    for (record, expected) in [(late, "TOO_LATE"), (other, "WRONG_CHAIN")] {
        match office.intake.submit(sign(&record).bytes()).await {
            Err(Rejected::Inadmissible(why)) => assert_eq!(why.code(), expected),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        office.intake.submit(b"noise").await,
        Err(Rejected::Malformed(_))
    ));
    assert_eq!((office.store.outbox_len(), office.waiting.len()), (0, 0));
}

#[tokio::test]
async fn nobody_is_blamed_for_clocks_that_are_a_little_apart() {
    let office = office();
    let ninety_days = now().plus_ms(90 * DAY_MS);
    for (nonce, minutes, expected) in [(1, 1, Acceptance::Accept), (2, 60, Acceptance::Ignore)] {
        let mut long = record(QS, Statement::Issue(issue("1")), now(), nonce);
        long.good_until = ninety_days.plus_ms(minutes * 60_000);
        let heard = office.intake.hear(sign(&long).bytes()).await;
        assert_eq!(heard, expected, "{minutes} minutes too long");
    }
}

#[tokio::test]
async fn promises_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let signed = signed(1);
    open(folder.path())
        .outbox_put(&[Arc::clone(&signed)])
        .unwrap();
    let waiting = Arc::new(Waiting::default());
    let (send, mut outgoing) = mpsc::channel(16);
    let store = open(folder.path());
    let intake = Intake::start(store, Arc::clone(&waiting), Arc::default(), send).unwrap();
    let sent = tokio::time::timeout(Duration::from_secs(30), outgoing.recv()).await;
    assert_eq!(sent.unwrap().unwrap(), signed);
    assert!(waiting.contains(&signed.digest()));
    intake.send_again();
    let again = tokio::time::timeout(Duration::from_secs(30), outgoing.recv()).await;
    assert_eq!(again.unwrap().unwrap(), signed);
}

#[tokio::test]
async fn a_record_that_waits_for_another_is_promised_and_tried_again() {
    let office = office();
    let mut waits = record(QS, Statement::Issue(issue("2")), now(), 2);
    waits.after = Some(signed(1).digest());
    let waits = sign(&waits);
    let record = office.intake.submit(waits.bytes()).await.unwrap();
    assert!(office.store.is_in_outbox(&record) && !office.waiting.contains(&record));
    office.intake.tip_moved();
    // The thread works in order: this answer comes after it looked again.
    office.intake.submit(signed(3).bytes()).await.unwrap();
    assert!(
        !office.waiting.contains(&record),
        "still not logged, still kept"
    );
    assert!(office.store.is_in_outbox(&record));
}
