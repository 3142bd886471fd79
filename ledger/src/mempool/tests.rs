//! Turns, room and order of the records that wait.

use std::string::{String, ToString as _};
use std::vec;

use proptest::prelude::*;

use super::*;
use crate::party::Role;
use crate::signed::CheckAll;
use crate::testing::{DAY_MS, START, office_key, permit, record, sight, sign};

/// A record of a Party's customs, good for `days`.
fn waiting(author: &str, number: u64, days: u64) -> Verified {
    let mut record = record((author, Role::Customs), sight(permit("1")), START, number);
    record.good_until = START.plus_ms(days * DAY_MS);
    let office = record.offices[0];
    let keys = [(
        crate::party::Algorithm::Ed25519,
        office_key(record.author, office).public(),
    )];
    sign(&record).verify(&keys, &CheckAll).expect("our own key")
}

fn authors(records: &[Arc<Signed>]) -> String {
    let codes = records
        .iter()
        .map(|signed| signed.record().author.to_string());
    codes.collect::<Vec<_>>().join(" ")
}

fn filled(counts: &[(&str, u64)]) -> Mempool {
    let mut mempool = Mempool::default();
    for (author, count) in counts {
        for number in 0..*count {
            assert_eq!(mempool.insert(&waiting(author, number, 1)), Ok(()));
        }
    }
    mempool
}

#[test]
fn parties_take_turns_and_each_keeps_its_own_order() {
    let mut mempool = filled(&[("QS", 5), ("QN", 1), ("QT", 2)]);
    let taken = mempool.candidates(100, usize::MAX);
    assert_eq!(authors(&taken), "QN QS QT QS QT QS QS QS");
    let of_qs = taken
        .iter()
        .filter(|signed| signed.record().author.as_str() == "QS");
    let nonces: Vec<_> = of_qs.map(|signed| signed.record().nonce[7]).collect();
    assert_eq!(nonces, [0, 1, 2, 3, 4]);
    assert_eq!(mempool.len(), 8, "they wait until they are removed");
}

#[test]
fn the_next_block_begins_with_the_party_after_the_last_turn() {
    let mut mempool = filled(&[("QN", 9), ("QS", 9), ("QT", 9)]);
    let mut turns = Vec::new();
    for _ in 0..4 {
        let taken = mempool.candidates(2, usize::MAX);
        turns.push(authors(&taken));
        let digests: Vec<_> = taken.iter().map(|signed| signed.digest()).collect();
        mempool.remove(&digests);
    }
    assert_eq!(turns, ["QN QS", "QT QN", "QS QT", "QN QS"]);
}

#[test]
fn one_party_that_floods_delays_no_other_by_more_than_a_turn() {
    let mut mempool = filled(&[("QS", 300), ("QT", 3)]);
    let mut blocks = 0;
    while mempool
        .queues
        .contains_key(&PartyCode::new("QT").expect("QT"))
    {
        let taken = mempool.candidates(2, usize::MAX);
        mempool.remove(
            &taken
                .iter()
                .map(|signed| signed.digest())
                .collect::<Vec<_>>(),
        );
        blocks += 1;
    }
    assert_eq!(blocks, 3);
}

#[test]
fn a_block_takes_no_more_records_and_bytes_than_it_has_room_for() {
    let mut mempool = filled(&[("QS", 4), ("QT", 4)]);
    let size = waiting("QS", 0, 1).signed().bytes().len();
    for (count_max, bytes_max, expected) in [
        (0, usize::MAX, 0),
        (3, usize::MAX, 3),
        (100, 0, 0),
        (100, size - 1, 0),
        (100, size * 3, 3),
        (100, size * 4 - 1, 3),
        (100, usize::MAX, 8),
    ] {
        let taken = mempool.candidates(count_max, bytes_max);
        assert_eq!(
            taken.len(),
            expected,
            "{count_max} records, {bytes_max} bytes"
        );
    }
}

#[test]
fn a_full_mempool_refuses_and_pushes_nothing_out() {
    let capacity = |records_max, per_party_max, bytes_max| Capacity {
        records_max,
        per_party_max,
        bytes_max,
    };
    let size = waiting("QS", 0, 1).signed().bytes().len();
    let party_full = MempoolError::PartyFull(PartyCode::new("QS").expect("QS"));
    for (capacity, expected) in [
        (capacity(3, 9, usize::MAX), Err(MempoolError::Full)),
        (capacity(9, 9, size * 4 - 1), Err(MempoolError::Full)),
        (capacity(9, 2, usize::MAX), Err(party_full)),
        (capacity(9, 3, usize::MAX), Ok(())),
        (capacity(9, 9, size * 4), Ok(())),
    ] {
        let mut mempool = Mempool::new(capacity);
        for (author, number) in [("QS", 0), ("QS", 1), ("QT", 0)] {
            mempool.insert(&waiting(author, number, 1)).expect("room");
        }
        let known = waiting("QS", 1, 1);
        assert_eq!(mempool.insert(&known), Err(MempoolError::Waiting));
        assert_eq!(
            mempool.insert(&waiting("QS", 2, 1)),
            expected,
            "{capacity:?}"
        );
        assert_eq!(mempool.len(), 3 + usize::from(expected.is_ok()));
        assert!(mempool.get(&known.digest()).is_some());
        mempool.remove(&[known.digest()]);
        assert!(mempool.get(&known.digest()).is_none());
        let after = mempool.insert(&waiting("QS", 3, 1));
        assert_eq!(after, Ok(()), "room again, {capacity:?}");
    }
}

#[test]
fn the_default_capacity_is_the_one_of_the_limits() {
    let capacity = Capacity::default();
    assert_eq!(
        (
            capacity.records_max,
            capacity.per_party_max,
            capacity.bytes_max
        ),
        (20_000, 5_000, 64 * 1024 * 1024)
    );
}

#[test]
fn records_leave_when_their_time_is_over_and_not_before() {
    let mut mempool = Mempool::default();
    for (author, days) in [("QS", 1), ("QT", 2), ("QN", 3)] {
        mempool.insert(&waiting(author, 0, days)).expect("room");
    }
    let end = START.plus_ms(2 * DAY_MS);
    assert_eq!(authors(&mempool.take_expired(START.plus_ms(DAY_MS))), "");
    assert_eq!(authors(&mempool.take_expired(end)), "QS");
    assert_eq!(authors(&mempool.take_expired(end.plus_ms(1))), "QT");
    assert_eq!(authors(&mempool.candidates(9, usize::MAX)), "QN");
    assert!(!mempool.is_empty());
    assert_eq!(authors(&mempool.take_expired(Timestamp(u64::MAX))), "QN");
    assert!(mempool.is_empty() && mempool.bytes == 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_waits_is_counted_rightly_after_any_order_of_events(
        events in proptest::collection::vec((0..3_u8, 0..4_usize, 0..6_u64), 1..60)
    ) {
        let mut mempool = Mempool::new(Capacity { records_max: 12, per_party_max: 5, bytes_max: usize::MAX });
        let mut known = BTreeMap::new();
        for (event, party, number) in events {
            let verified = waiting(["QS", "QT", "QN", "QP"][party], number, number + 1);
            let author = verified.record().author;
            if event < 2 {
                let own = known.values().filter(|(own, _)| *own == author).count();
                let expected = if known.contains_key(&verified.digest()) {
                    Err(MempoolError::Waiting)
                } else if known.len() >= 12 {
                    Err(MempoolError::Full)
                } else if own >= 5 {
                    Err(MempoolError::PartyFull(author))
                } else {
                    known.insert(verified.digest(), (author, verified.signed().bytes().len()));
                    Ok(())
                };
                prop_assert_eq!(mempool.insert(&verified), expected);
            } else {
                mempool.remove(&[verified.digest()]);
                known.remove(&verified.digest());
            }
            prop_assert_eq!(mempool.len(), known.len());
            prop_assert_eq!(mempool.bytes, known.values().map(|(_, size)| size).sum::<usize>());
            let mut taken: Vec<_> = mempool.candidates(99, usize::MAX).iter().map(|s| s.digest()).collect();
            taken.sort_unstable();
            prop_assert_eq!(taken, known.keys().copied().collect::<Vec<_>>(), "each once");
        }
    }
}

#[test]
fn removing_what_does_not_wait_changes_nothing() {
    let mut mempool = filled(&[("QS", 2)]);
    mempool.remove(&vec![RecordDigest::default(); 3]);
    assert_eq!(mempool.len(), 2);
}
