//! Which records may enter a block at all, and how long one is remembered as seen.

use super::*;
use crate::digest::{ChainId, RecordDigest};
use crate::limits::{GOOD_UNTIL_MS_MAX, MADE_AT_AHEAD_MS_MAX};
use crate::party::{Algorithm, Height, Office, OfficeNumber};
use crate::record::{Checkpoint, Record};
use crate::signed::{CheckAll, SignatureCheck};
use crate::state::admission::KnownOffices;
use crate::testing::{four_parties, key, office_key};
use crate::tree::KeyHash;

/// A sighting that may enter a block at [`START`].
fn sighting() -> Record {
    record(TRANSIT, sight(permit("1")), START, 1)
}

fn office_entry(active_from: u64, active_until: Option<u64>) -> (alloc::string::String, Vec<u8>) {
    let number = OfficeNumber(9);
    let office = Office {
        role: Role::Customs,
        algorithm: Algorithm::Ed25519,
        key: office_key(party("QT"), number).public(),
        active_from: Height(active_from),
        active_until: active_until.map(Height),
    };
    let key = StateKey::office(party("QT"), number);
    (key.as_str().into(), codec::encode(&office))
}

fn admit(ledger: &TestLedger, signed: &Arc<Signed>, time: Timestamp) -> Option<Inadmissible> {
    match execute(&ledger.state, ledger.next(time), &[Arc::clone(signed)]) {
        Ok(_) => None,
        Err(AdmissionError::Inadmissible(why)) => Some(why),
        Err(AdmissionError::Read(error)) => panic!("{error}"),
    }
}

#[test]
fn a_record_enters_only_in_its_time_its_order_and_on_its_network() {
    use Inadmissible as I;
    let (unknown, good) = (RecordDigest(crate::digest::sha256(b"?")), sighting());
    let long = START.plus_ms(GOOD_UNTIL_MS_MAX);
    let ahead = START.plus_ms(MADE_AT_AHEAD_MS_MAX);
    let (early, other) = (Timestamp(START.0 - 1), ChainId(unknown.0));
    let nine = vec_of(&[2, 9]);
    #[rustfmt::skip]
    let rows: [(&str, Record, Option<Inadmissible>); 12] = [
        ("as it should be", good.clone(), None),
        ("another network", Record { chain: other, ..good.clone() }, Some(I::WrongChain)),
        ("an office that is not there", Record { offices: nine, ..good.clone() }, Some(I::UnknownOffice(OfficeNumber(9)))),
        ("a Party that is not there", Record { author: party("QZ"), ..good.clone() }, Some(I::UnknownOffice(OfficeNumber(2)))),
        ("good until now", Record { good_until: START, ..good.clone() }, None),
        ("good until just before", Record { good_until: early, ..good.clone() }, Some(I::TooLate(early))),
        ("good for ninety days", Record { good_until: long, ..good.clone() }, None),
        ("good for longer", Record { good_until: long.plus_ms(1), ..good.clone() }, Some(I::GoodTooLong(1))),
        ("made two minutes ahead", Record { made_at: ahead, ..good.clone() }, None),
        ("made further ahead", Record { made_at: ahead.plus_ms(1), ..good.clone() }, Some(I::MadeInFuture(ahead.plus_ms(1)))),
        ("made long ago", Record { made_at: Timestamp(0), ..good.clone() }, None),
        ("after an unknown record", Record { after: Some(unknown), ..good }, Some(I::Waits(unknown))),
    ];
    for (what, record, expected) in rows {
        let ledger = TestLedger::default();
        assert_eq!(admit(&ledger, &sign(&record), START), expected, "{what}");
    }
}

fn vec_of(offices: &[u16]) -> Vec<OfficeNumber> {
    offices.iter().copied().map(OfficeNumber).collect()
}

#[test]
fn a_key_speaks_from_its_first_height_to_before_its_last() {
    let inactive = Some(Inadmissible::KeyInactive(OfficeNumber(9)));
    for (from, until, expected) in [
        (1, None, None),
        (2, None, inactive),
        (0, Some(1), inactive),
        (0, Some(2), None),
        (1, Some(1), inactive),
    ] {
        let mut entries = four_parties();
        entries.push(office_entry(from, until));
        let ledger = TestLedger::new(entries);
        let record = Record {
            offices: vec_of(&[9]),
            ..sighting()
        };
        let signed = sign(&record);
        assert_eq!(admit(&ledger, &signed, START), expected, "{from} {until:?}");
    }
}

#[test]
fn every_named_office_must_have_signed_with_its_own_key() {
    let ledger = TestLedger::default();
    let record = Record {
        offices: vec_of(&[1, 2]),
        ..sighting()
    };
    let (one, two) = (
        office_key(party("QT"), OfficeNumber(1)),
        office_key(party("QT"), OfficeNumber(2)),
    );
    let stranger = key("stranger");
    let bad = Some(Inadmissible::BadSignature);
    for (what, keys, expected) in [
        ("both", [&one, &two], None),
        ("swapped", [&two, &one], bad),
        ("one twice", [&one, &one], bad),
        ("a stranger", [&one, &stranger], bad),
    ] {
        let signed = Arc::new(Signed::sign(&record, &keys).unwrap());
        assert_eq!(admit(&ledger, &signed, START), expected, "{what}");
    }
}

#[test]
fn the_earlier_fault_is_named() {
    let mut record = Record {
        chain: ChainId::default(),
        offices: vec_of(&[9]),
        good_until: Timestamp(0),
        made_at: START.plus_ms(DAY_MS),
        after: Some(RecordDigest::default()),
        ..sighting()
    };
    let ledger = TestLedger::default();
    let mut named = Vec::new();
    let repairs: [fn(&mut Record); 6] = [
        |record| record.chain = crate::testing::CHAIN,
        |record| record.offices = vec_of(&[2]),
        |record| record.good_until = START.plus_ms(GOOD_UNTIL_MS_MAX + 1),
        |record| record.good_until = START,
        |record| record.made_at = START,
        |record| record.after = None,
    ];
    for repair in repairs {
        let why = admit(&ledger, &sign(&record), START).expect("not yet repaired");
        named.push(why.code());
        repair(&mut record);
    }
    let order = [
        "WRONG_CHAIN",
        "UNKNOWN_OFFICE",
        "TOO_LATE",
        "GOOD_TOO_LONG",
        "MADE_IN_FUTURE",
        "WAITS",
    ];
    assert_eq!(named, order);
    assert_eq!(admit(&ledger, &sign(&record), START), None);
}

#[test]
fn a_node_keeps_what_waits_for_a_record_or_for_clocks_a_little_apart() {
    use Inadmissible as I;
    let (one, record) = (OfficeNumber(1), RecordDigest::default());
    for (why, expected) in [
        (I::WrongChain, false),
        (I::UnknownOffice(one), false),
        (I::KeyInactive(one), false),
        (I::BadSignature, false),
        (I::AlreadyLogged, false),
        (I::TooLate(START), false),
        (I::GoodTooLong(1), true),
        (I::GoodTooLong(MADE_AT_AHEAD_MS_MAX), true),
        (I::GoodTooLong(MADE_AT_AHEAD_MS_MAX + 1), false),
        (I::GoodTooLong(u64::MAX), false),
        (I::MadeInFuture(START), true),
        (I::Waits(record), true),
    ] {
        assert_eq!(why.may_pass(), expected, "{why:?}");
    }
    // What is kept does become admissible, in two minutes.
    let record = Record {
        good_until: START.plus_ms(GOOD_UNTIL_MS_MAX + MADE_AT_AHEAD_MS_MAX),
        ..sighting()
    };
    let (ledger, signed) = (TestLedger::default(), sign(&record));
    let why = admit(&ledger, &signed, START).expect("too long");
    assert_eq!(why, I::GoodTooLong(MADE_AT_AHEAD_MS_MAX));
    assert_eq!(
        admit(&ledger, &signed, START.plus_ms(MADE_AT_AHEAD_MS_MAX)),
        None
    );
}

#[test]
fn a_key_that_is_not_active_yet_is_named_before_its_signature_is_checked() {
    let mut entries = four_parties();
    entries.push(office_entry(2, None));
    let mut ledger = TestLedger::new(entries);
    let record = Record {
        offices: vec_of(&[9]),
        ..sighting()
    };
    let stranger = key("stranger");
    let forged = Arc::new(Signed::sign(&record, &[&stranger]).unwrap());
    let inactive = Inadmissible::KeyInactive(OfficeNumber(9));
    assert_eq!(admit(&ledger, &forged, START), Some(inactive));
    assert!(
        !inactive.may_pass(),
        "else anyone could fill a node with it"
    );
    ledger.block(START, &[]);
    assert_eq!(
        admit(&ledger, &forged, after(1)),
        Some(Inadmissible::BadSignature)
    );
    assert_eq!(admit(&ledger, &sign(&record), after(1)), None, "sent again");
}

#[test]
fn a_record_waits_until_the_one_before_it_is_on_the_ledger() {
    let mut ledger = TestLedger::default();
    let first = sign(&record(MANAGEMENT, Statement::Issue(issue("1")), START, 1));
    let statement = endorse(permit("1"), quantities(1, 1));
    let mut second = record(EXPORT, statement, START, 2);
    second.after = Some(first.digest());
    second.checkpoint = Some(Checkpoint {
        height: Height(0),
        block: crate::digest::BlockId::default(),
    });
    let second = sign(&second);
    let waits = Some(Inadmissible::Waits(first.digest()));
    assert_eq!(admit(&ledger, &second, START), waits);
    let both = [Arc::clone(&first), Arc::clone(&second)];
    let in_one_block = execute(&ledger.state, ledger.next(START), &both);
    let expected = AdmissionError::Inadmissible(Inadmissible::Waits(first.digest()));
    assert_eq!(in_one_block, Err(expected), "judged against the parent");
    ledger.block(START, &[first]);
    assert_eq!(admit(&ledger, &second, after(1)), None);
}

#[test]
fn a_record_enters_once_in_a_block_and_once_in_the_ledger() {
    let mut ledger = TestLedger::default();
    let signed = ledger.says(TRANSIT, sight(permit("1")), START);
    let twice = [Arc::clone(&signed), Arc::clone(&signed)];
    let already = AdmissionError::Inadmissible(Inadmissible::AlreadyLogged);
    let executed = execute(&ledger.state, ledger.next(START), &twice);
    assert_eq!(executed, Err(already));
    ledger.block(START, &twice[..1]);
    let again = admit(&ledger, &signed, after(1));
    assert_eq!(again, Some(Inadmissible::AlreadyLogged));
    // Other signatures or words make another record; the same record stays the same.
    let same_words = ledger.says(TRANSIT, sight(permit("1")), START);
    assert_eq!(admit(&ledger, &same_words, after(1)), None);
}

#[test]
fn a_record_admitted_and_given_up_may_be_admitted_again_and_is_logged_once() {
    let ledger = TestLedger::default();
    let signed = sign(&sighting());
    let mut execution = Execution::begin(&ledger.state, ledger.next(START)).unwrap();
    drop(execution.admit(&signed, &CheckAll).expect("admissible"));
    let again = execution
        .admit(&signed, &CheckAll)
        .expect("nothing was logged");
    assert!(matches!(again.add(), Ok(Added::Logged(receipt)) if receipt.index == 0));
    let third = execution.admit(&signed, &CheckAll).err();
    assert_eq!(third, Some(Inadmissible::AlreadyLogged.into()));
    assert_eq!(execution.finish().unwrap().log_size, 1);
}

#[test]
fn a_record_is_forgotten_only_when_it_could_not_enter_any_more() {
    let mut ledger = TestLedger::default();
    let record = Record {
        good_until: after(10),
        ..sighting()
    };
    let signed = sign(&record);
    let seen = KeyHash::of(StateKey::seen(&signed.digest()).as_ref());
    let remembered = |ledger: &TestLedger| ledger.state.value(seen).unwrap().is_some();
    ledger.block(START, &[Arc::clone(&signed)]);
    let root_with = ledger.state_root;
    for (time, expected, remembered_after) in [
        (9, Inadmissible::AlreadyLogged, true),
        (10, Inadmissible::AlreadyLogged, true),
        (11, Inadmissible::AlreadyLogged, false),
        (12, Inadmissible::TooLate(after(10)), false),
    ] {
        assert_eq!(
            admit(&ledger, &signed, after(time)),
            Some(expected),
            "{time}"
        );
        let executed = ledger.block(after(time), &[]);
        assert_eq!(remembered(&ledger), remembered_after, "{time}");
        let removed = [(after(10), signed.digest())];
        let expected: &[_] = if time == 11 { &removed } else { &[] };
        assert_eq!(executed.changes.seen_removed, expected, "{time}");
    }
    assert_ne!(ledger.state_root, root_with);
    assert!(ledger.state.log_index(&signed.digest()).unwrap().is_some());
}

#[test]
fn expired_digests_leave_in_order_of_expiry_and_not_all_at_once() {
    let mut ledger = TestLedger::default();
    let mut records = Vec::new();
    for number in 0..5 {
        let mut record = record(TRANSIT, sight(permit("1")), START, number);
        record.good_until = after(100 - number);
        records.push(sign(&record));
    }
    ledger.block(START, &records);
    let digests: Vec<_> = records.iter().rev().map(|signed| signed.digest()).collect();
    let before = |time, count_max| {
        let seen = ledger.state.seen_before(after(time), count_max).unwrap();
        seen.into_iter()
            .map(|(_, digest)| digest)
            .collect::<Vec<_>>()
    };
    assert_eq!(before(101, 10), digests);
    assert_eq!(before(99, 10), digests[..3]);
    assert_eq!(before(101, 2), digests[..2]);
    assert_eq!(before(96, 10), []);
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_answer() {
    let mut entries = four_parties();
    let office = StateKey::office(party("QT"), OfficeNumber(2));
    for (key, value) in &mut entries {
        if key == office.as_str() {
            *value = Vec::from([0xff]);
        }
    }
    let ledger = TestLedger::new(entries);
    let outcome = execute(&ledger.state, ledger.next(START), &[sign(&sighting())]);
    let Err(AdmissionError::Read(ReadError(why))) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(why.contains("office/QT/2"), "{why}");
    let empty = TestLedger::new(Vec::new());
    let begun = Execution::begin(&empty.state, empty.next(START));
    assert!(begun.is_err(), "no parameters, no rules");
}

/// Says no to everything.
struct Never;

impl SignatureCheck for Never {
    fn verifies(&self, _: &crate::signed::Claim<'_>) -> bool {
        false
    }
}

#[test]
fn admission_rests_on_the_given_check_of_signatures() {
    let ledger = TestLedger::default();
    let signed = sign(&sighting());
    let mut execution = Execution::begin(&ledger.state, ledger.next(START)).unwrap();
    assert!(execution.admit(&signed, &CheckAll).is_ok());
    let expected = AdmissionError::Inadmissible(Inadmissible::BadSignature);
    let refused = execution.admit(&signed, &Never);
    assert_eq!(refused.err(), Some(expected));
}

#[test]
fn an_office_known_before_counts_only_as_long_as_the_state_says_the_same() {
    let name = StateKey::office(party("QT"), OfficeNumber(2));
    let without = || {
        let entries = four_parties().into_iter();
        entries.filter(|(key, _)| key != name.as_str())
    };
    let rotated = Office {
        role: Role::Customs,
        algorithm: Algorithm::Ed25519,
        key: key("another").public(),
        active_from: Height(1),
        active_until: None,
    };
    let rotated = (name.as_str().into(), codec::encode(&rotated));
    let before = TestLedger::default();
    let after = TestLedger::new(without().chain([rotated]).collect());
    let gone = TestLedger::new(without().collect());
    let signed = sign(&sighting());
    let mut known = KnownOffices::default();
    for (ledger, expected) in [
        (&before, None),
        (&before, None),
        (&after, Some(Inadmissible::BadSignature)),
        (&gone, Some(Inadmissible::UnknownOffice(OfficeNumber(2)))),
        (&before, None),
    ] {
        let admitted = known.admit(&ledger.state, &ledger.next(START), &signed, &CheckAll);
        let expected = expected.map(AdmissionError::from);
        assert_eq!(admitted.err(), expected);
    }
}
