//! What makes bytes a signed record, and what a memory of checked signatures may remember.

use std::vec;

use super::*;
use crate::limits::{LINES_MAX, OFFICES_PER_RECORD_MAX, ORIGINS_PER_LINE_MAX};
use crate::party::{OfficeNumber, Role};
use crate::quantity::Quantity;
use crate::record::{
    CancelReason, Endorse, Issue, LineKey, Origin, Replaces, RevokeRange, RevokeReason,
    SerialRange, Series, Statement,
};
use crate::testing::{
    START, endorse, import, issue, issued_line, key, line, office, office_key, party, permit,
    quantities, record, sight, sign, units,
};

/// The bytes of a record that no check of form has seen, with `count` signatures.
pub(crate) fn unchecked(record: &Record, count: usize) -> Vec<u8> {
    codec::encode(&Envelope {
        record: codec::encode(record),
        signatures: vec![Signature([7; 64]); count],
    })
}

fn stated(statement: Statement) -> Record {
    record(("QS", Role::Customs), statement, START, 1)
}

fn issued(change: impl FnOnce(&mut Issue)) -> Record {
    let mut issue = issue("1");
    change(&mut issue);
    stated(Statement::Issue(issue))
}

#[test]
fn a_record_that_is_not_well_formed_is_refused_for_its_first_fault() {
    use FormError as F;
    let sighting = stated(sight(permit("1")));
    let origin = |number: u8| Origin {
        root: LineKey {
            permit: permit("0"),
            line: line(number),
        },
        last: None,
        drawn: units(1),
    };
    let replaces = |reason| Replaces {
        number: permit("0").number,
        reason,
    };
    let revoked = |first, last| {
        let range = SerialRange {
            first,
            last,
            ..SerialRange::parse("26QS01", "26QS02").unwrap()
        };
        let (series, reason) = (Series::Stamps, RevokeReason::Lost);
        stated(Statement::RevokeRange(RevokeRange {
            series,
            range,
            reason,
            lifted: false,
        }))
    };
    let offices = |offices: &[u16]| Record {
        offices: offices.iter().copied().map(OfficeNumber).collect(),
        ..sighting.clone()
    };
    let (one, mut swapped, mut zero) = (quantities(1, 1), quantities(1, 1), quantities(1, 1));
    swapped.reverse();
    zero[1].quantity = Quantity::ZERO;
    let twice = vec![one[0], one[0]];
    let origins = |count: usize| (1..).take(count).map(origin).collect::<Vec<_>>();
    let full = |count: usize| {
        issued(|issue| {
            let numbers = (1..=250).cycle().take(count);
            issue.lines = numbers
                .map(|n| issued_line(n, crate::codes::Unit::Gram, units(1)))
                .collect();
        })
    };
    #[rustfmt::skip]
    let rows: [(&str, Record, Result<(), FormError>); 28] = [
        ("as it should be", sighting.clone(), Ok(())),
        ("version 0", Record { version: 0, ..sighting.clone() }, Err(F::Version(0))),
        ("version 2, no office", Record { version: 2, offices: vec![], ..sighting.clone() }, Err(F::Version(2))),
        ("no office", offices(&[]), Err(F::Offices)),
        ("four offices", offices(&[1, 2, 3, 4]), Ok(())),
        ("five offices", offices(&[1, 2, 3, 4, 5]), Err(F::Offices)),
        ("offices out of order", offices(&[2, 1]), Err(F::Offices)),
        ("an office twice", offices(&[2, 2]), Err(F::Offices)),
        ("no lines to issue", issued(|issue| issue.lines.clear()), Err(F::Lines)),
        ("250 lines", full(LINES_MAX), Ok(())),
        ("251 lines", full(LINES_MAX + 1), Err(F::Lines)),
        ("lines to issue out of order", issued(|issue| issue.lines.reverse()), Err(F::Lines)),
        ("nothing authorised", issued(|issue| issue.lines[1].authorised = Quantity::ZERO), Err(F::ZeroQuantity)),
        ("16 origins", issued(|issue| issue.lines[1].origins = origins(ORIGINS_PER_LINE_MAX)), Ok(())),
        ("17 origins", issued(|issue| issue.lines[1].origins = origins(ORIGINS_PER_LINE_MAX + 1)), Err(F::Origins)),
        ("an origin twice", issued(|issue| issue.lines[0].origins = vec![origin(1), origin(1)]), Err(F::Origins)),
        ("origins out of order", issued(|issue| issue.lines[0].origins = vec![origin(2), origin(1)]), Err(F::Origins)),
        ("nothing drawn", issued(|issue| {
            issue.lines[0].origins = vec![Origin { drawn: Quantity::ZERO, ..origin(1) }];
        }), Err(F::ZeroQuantity)),
        ("the same line by way of two certificates", issued(|issue| {
            let by = |number| Origin { last: Some(origin(number).root), ..origin(1) };
            issue.lines[0].origins = vec![by(1), by(2)];
        }), Ok(())),
        ("replaces what was lost", issued(|issue| issue.replaces = Some(replaces(CancelReason::Lost))), Ok(())),
        ("replaces what was withdrawn", issued(|issue| {
            issue.replaces = Some(replaces(CancelReason::Withdrawn));
        }), Err(F::Replaces)),
        ("a range", revoked(1, 9), Ok(())),
        ("a range that ends before it begins", revoked(9, 1), Err(F::Range)),
        ("no lines to endorse", stated(endorse(permit("1"), vec![])), Err(F::Lines)),
        ("lines to endorse out of order", stated(endorse(permit("1"), swapped)), Err(F::Lines)),
        ("a line to endorse twice", stated(endorse(permit("1"), twice.clone())), Err(F::Lines)),
        ("nothing of a line", stated(endorse(permit("1"), zero.clone())), Err(F::ZeroQuantity)),
        ("a line to import twice", stated(import(permit("1"), twice)), Err(F::Lines)),
    ];
    for (what, record, expected) in rows {
        let bytes = unchecked(&record, record.offices.len());
        let read = Signed::decode(&bytes).map(|_| ());
        assert_eq!(read, expected.map_err(SignedError::Form), "{what}");
    }
    let nothing = stated(import(permit("1"), zero));
    assert_eq!(nothing.check_form(), Err(F::ZeroQuantity));
}

#[test]
fn bytes_that_are_no_signed_record_are_refused() {
    let good = stated(sight(permit("1")));
    for (signatures, offices) in [(0, 1), (2, 1), (1, 2)] {
        let offices_named = (1..=2).take(offices).map(OfficeNumber).collect();
        let record = Record {
            offices: offices_named,
            ..good.clone()
        };
        let refused = Signed::decode(&unchecked(&record, signatures));
        let expected = SignedError::SignatureCount {
            signatures,
            offices,
        };
        assert_eq!(refused, Err(expected));
    }
    let large = Signed::decode(&vec![0; RECORD_BYTES_MAX + 1]);
    let expected = CodecError::TooLarge {
        got: RECORD_BYTES_MAX + 1,
        limit: RECORD_BYTES_MAX,
    };
    assert_eq!(large, Err(SignedError::Codec(expected)));
    let mut inner = codec::encode(&good);
    inner.push(0);
    let envelope = Envelope {
        record: inner,
        signatures: vec![Signature([7; 64])],
    };
    let refused = Signed::decode(&codec::encode(&envelope));
    assert_eq!(
        refused,
        Err(SignedError::Codec(CodecError::NotCanonical)),
        "inside, too"
    );
    assert!(matches!(
        Signed::decode(b"permit"),
        Err(SignedError::Codec(CodecError::Malformed(_)))
    ));
}

#[test]
fn what_others_would_refuse_is_not_signed_here() {
    let mut record = stated(sight(permit("1")));
    let secret = office_key(party("QS"), office(Role::Customs));
    record.offices.clear();
    let refused = Signed::sign(&record, &[&secret]);
    assert_eq!(refused, Err(SignedError::Form(FormError::Offices)));
}

#[test]
fn the_digest_names_the_record_and_not_its_signatures() {
    let record = stated(sight(permit("1")));
    let (one, two) = (unchecked(&record, 1), sign(&record));
    let one = Signed::decode(&one).unwrap();
    assert_eq!(one.digest(), two.digest());
    assert_ne!(one.bytes(), two.bytes());
    let expected = hash(Tag::Record, &[&codec::encode(&record)]);
    assert_eq!(two.digest(), RecordDigest(expected));
}

#[test]
fn a_record_of_the_largest_permit_fits_and_a_larger_is_refused() {
    // 250 lines with one origin each.
    let mut record = issued(|issue| {
        issue.lines = (1..=250)
            .map(|n| issued_line(n, crate::codes::Unit::Gram, Quantity::MAX))
            .collect();
        for line in &mut issue.lines {
            let drawn = Quantity::MAX;
            line.origins = vec![Origin {
                root: LineKey {
                    permit: permit("0"),
                    line: line.line,
                },
                last: None,
                drawn,
            }];
        }
    });
    let bytes = sign(&record).bytes().len();
    assert!(bytes < RECORD_BYTES_MAX, "{bytes}");
    if let Statement::Issue(issue) = &mut record.statement {
        for line in &mut issue.lines {
            let origin = |number| Origin {
                root: LineKey {
                    permit: permit("0"),
                    line: crate::testing::line(number),
                },
                last: None,
                drawn: units(1),
            };
            line.origins = (1..=16).map(origin).collect();
        }
    }
    let secret = office_key(party("QS"), office(Role::Customs));
    let refused = Signed::sign(&record, &[&secret]);
    assert!(matches!(
        refused,
        Err(SignedError::Codec(CodecError::TooLarge { .. }))
    ));
}

#[test]
fn a_signature_serves_one_record_one_key_and_one_network() {
    let endorsement = stated(endorse(permit("1"), quantities(1, 1)));
    let secret = office_key(party("QS"), office(Role::Customs));
    let keys = [(Algorithm::Ed25519, secret.public())];
    let verifies = |signed: Signed| Arc::new(signed).verify(&keys, &CheckAll).is_some();
    assert!(verifies(Signed::sign(&endorsement, &[&secret]).unwrap()));
    assert!(!verifies(
        Signed::sign(&endorsement, &[&key("other")]).unwrap()
    ));
    let signatures = Signed::sign(&endorsement, &[&secret])
        .unwrap()
        .envelope
        .signatures;
    let moved = |record: &Record| {
        let envelope = Envelope {
            record: codec::encode(record),
            signatures: signatures.clone(),
        };
        Signed::decode(&codec::encode(&envelope)).unwrap()
    };
    assert!(verifies(moved(&endorsement)));
    let mut other = endorsement.clone();
    if let Statement::Endorse(Endorse { lines, .. }) = &mut other.statement {
        lines[0].quantity = units(2);
    }
    assert!(!verifies(moved(&other)), "another quantity");
    other = endorsement.clone();
    other.chain = ChainId::default();
    assert!(!verifies(moved(&other)), "another network");
    let none = Arc::new(moved(&endorsement)).verify(&[], &CheckAll);
    assert!(none.is_none(), "no key");
}

#[test]
fn a_claim_is_named_by_record_key_and_signature() {
    let signed = sign(&stated(sight(permit("1"))));
    let (own, other) = (key("own").public(), key("other").public());
    let (first, second) = (Signature([1; 64]), Signature([2; 64]));
    let claim = |key, signature| Claim {
        signed: &signed,
        algorithm: Algorithm::Ed25519,
        key,
        signature,
    };
    let names: BTreeSet<_> = [(&own, &first), (&own, &second), (&other, &first)]
        .map(|(key, signature)| claim(key, signature).name())
        .into();
    assert_eq!(names.len(), 3);
}

#[test]
fn checked_claims_forget_the_oldest_first() {
    let mut checked = CheckedClaims::new(2);
    let name = |n: u8| Digest([n; 32]);
    for number in [1, 2, 2, 1] {
        checked.insert(name(number));
    }
    assert!(checked.contains(&name(1)) && checked.contains(&name(2)));
    checked.insert(name(3));
    assert!(!checked.contains(&name(1)));
    assert!(checked.contains(&name(2)) && checked.contains(&name(3)));
    let mut nothing = CheckedClaims::new(0);
    nothing.insert(name(1));
    assert!(!nothing.contains(&name(1)));
}

#[test]
fn the_limits_are_those_of_the_messages() {
    assert_eq!((OFFICES_PER_RECORD_MAX, LINES_MAX), (4, 250));
    assert_eq!(ORIGINS_PER_LINE_MAX, 16);
}
