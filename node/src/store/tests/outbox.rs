//! What was promised: durable until it is final or never will be, and no longer.

use ledger::state::admission::Inadmissible;
use ledger::state::{Leaf, Receipt, Warnings};

use super::*;

const OUTCOMES: [NotIncluded; 4] = [
    NotIncluded::Expired,
    NotIncluded::Key,
    NotIncluded::Signature,
    NotIncluded::Chain,
];

fn status(store: &Store, signed: &Arc<Signed>) -> RecordStatus {
    store.record_status(&signed.digest()).unwrap()
}

fn is_final(store: &Store, signed: &Arc<Signed>) -> bool {
    matches!(status(store, signed), RecordStatus::Final { .. })
}

fn on_disk(store: &Store) -> usize {
    store.outbox_waiting().unwrap().len()
}

#[test]
fn a_stored_record_is_never_forgotten_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::begin(folder.path());
    let story = story();
    chain.store.outbox_put(&story).unwrap();
    assert_eq!(chain.store.flushes().outbox, 1, "one flush for all");
    let mut chain = chain.reopen();
    assert_eq!(on_disk(&chain.store), 5);
    assert_eq!(status(&chain.store, &story[0]), RecordStatus::Waiting);
    let unknown = says(
        ("QT", Role::Customs),
        testing::sight(testing::permit("1")),
        9,
    );
    assert_eq!(status(&chain.store, &unknown), RecordStatus::Unknown);
    chain.block(&story[..1]);
    let settled: Vec<_> = story[1..]
        .iter()
        .map(|signed| signed.digest())
        .zip(OUTCOMES)
        .collect();
    chain.store.outbox_settle(&settled).unwrap();
    assert_eq!(chain.store.flushes().outbox, 1, "one flush for all");
    let chain = chain.reopen();
    let receipt = Receipt {
        height: Height(1),
        index: 0,
        refused: None,
        warnings: Warnings::NONE,
    };
    let log_index = 0;
    assert_eq!(
        status(&chain.store, &story[0]),
        RecordStatus::Final { log_index, receipt }
    );
    for (signed, outcome) in story[1..].iter().zip(OUTCOMES) {
        assert_eq!(
            status(&chain.store, signed),
            RecordStatus::NotIncluded(outcome)
        );
    }
    assert_eq!((chain.store.outbox_len(), on_disk(&chain.store)), (0, 0));
    // Asked for again, it is a promise again.
    chain.store.outbox_put(&story[1..2]).unwrap();
    assert_eq!(status(&chain.store, &story[1]), RecordStatus::Waiting);
}

#[test]
fn what_is_final_is_not_promised_and_no_outcome_denies_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let story = story();
    chain.block(&story[..1]);
    chain.store.outbox_put(&story[..2]).unwrap();
    assert_eq!((chain.store.outbox_len(), on_disk(&chain.store)), (1, 1));
    chain.block(&story[1..2]);
    let [first, second, third] = [0, 1, 2].map(|n| (story[n].digest(), NotIncluded::Expired));
    chain.store.outbox_settle(&[first, second, third]).unwrap();
    assert_eq!(
        chain.store.flushes().outbox,
        1,
        "there was nothing to settle"
    );
    for signed in &story[..2] {
        assert!(is_final(&chain.store, signed));
        assert_eq!(chain.store.read().not_included(&signed.digest()), Ok(None));
    }
    assert_eq!(status(&chain.store, &story[2]), RecordStatus::Unknown);
    assert_eq!((chain.store.outbox_len(), on_disk(&chain.store)), (0, 0));
}

#[test]
fn entries_that_a_block_overtook_are_deleted_when_the_database_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let story = story();
    chain.block(&story[..1]);
    let mut batch = WriteBatch::default();
    let outbox = chain.store.family(Column::Outbox).unwrap();
    for signed in &story[..2] {
        batch.put_cf(outbox, signed.digest(), signed.bytes());
    }
    chain.store.write(batch, Flush::Outbox).unwrap();
    let chain = chain.reopen();
    assert_eq!((chain.store.outbox_len(), on_disk(&chain.store)), (1, 1));
    assert!(is_final(&chain.store, &story[0]));
    assert_eq!(status(&chain.store, &story[1]), RecordStatus::Waiting);
}

#[test]
fn blocks_and_promises_at_the_same_time_leave_no_promise_behind() {
    const BLOCKS: u64 = 150;
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let permit = testing::permit("26QS000001");
    let sight = |nonce| says(("QT", Role::Customs), testing::sight(permit), nonce);
    let records: Vec<_> = (0..BLOCKS).map(sight).collect();
    let Chain { store, replica, .. } = &mut chain;
    let store = &*store;
    let turn = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for record in &records {
                turn.wait();
                store.outbox_put(&[Arc::clone(record)]).unwrap();
            }
        });
        for (nonce, record) in (0..).zip(&records) {
            let now = START.plus_ms(nonce);
            let builder = testing::voting_key(1).public();
            let record = [Arc::clone(record)];
            let proposed = replica.propose(store, now, builder, &record, &CheckAll);
            let block = proposed.unwrap().block;
            let quorum = testing::quorum_of(block.header(), &VALIDATORS, &[2, 3, 4]);
            let commit = replica.commit(store, block, quorum, &CheckAll).unwrap();
            turn.wait();
            assert_eq!(store.commit(&commit), Ok(Committed::Written));
        }
    });
    assert_eq!((store.outbox_len(), on_disk(store)), (0, 0));
    assert!(records.iter().all(|record| is_final(store, record)));
}

#[test]
fn the_outbox_is_read_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::begin(folder.path());
    let story = story();
    chain.store.outbox_put(&story).unwrap();
    let mut found = Vec::new();
    let mut last = None;
    loop {
        let page = chain.store.outbox_after(last.as_ref(), 2).unwrap();
        last = page.last().map(|signed| signed.digest());
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    let mut sorted = story;
    sorted.sort_by_key(|signed| signed.digest());
    assert_eq!(found, sorted);
}

#[test]
fn an_answer_of_admission_ends_a_promise_only_where_no_later_block_can_hold_the_record() {
    let tip = START;
    let before = Timestamp(START.0 - 1);
    let other = story()[0].digest();
    let office = testing::office(Role::Customs);
    for (why, outcome) in [
        (Inadmissible::WrongChain, Some("NOT_INCLUDED_CHAIN")),
        (
            Inadmissible::UnknownOffice(office),
            Some("NOT_INCLUDED_KEY"),
        ),
        (Inadmissible::KeyInactive(office), Some("NOT_INCLUDED_KEY")),
        (Inadmissible::BadSignature, Some("NOT_INCLUDED_SIGNATURE")),
        (Inadmissible::TooLate(before), Some("NOT_INCLUDED_EXPIRED")),
        // Late by this node's clock alone.
        (Inadmissible::TooLate(tip), None),
        (Inadmissible::AlreadyLogged, None),
        (Inadmissible::GoodTooLong(u64::MAX), None),
        (Inadmissible::MadeInFuture(tip), None),
        (Inadmissible::Waits(other), None),
    ] {
        let found = NotIncluded::for_ever(&why, tip).map(NotIncluded::code);
        assert_eq!(found, outcome, "{}", why.code());
    }
}

#[test]
fn a_leaf_with_the_largest_record_and_receipt_is_within_the_limit() {
    let leaf = Leaf {
        signed: vec![0; ledger::limits::RECORD_BYTES_MAX],
        receipt: Receipt {
            height: Height(u64::MAX),
            index: u16::MAX,
            refused: ledger::reason::Reason::ALL.last().copied(),
            warnings: Warnings::TABLE.into_iter().collect(),
        },
    };
    assert!(leaf.receipt.refused.is_some());
    let bytes = ledger::codec::encode(&leaf);
    assert!(bytes.len() <= ledger::limits::LEAF_BYTES_MAX);
}
