//! Samples of records: every statement, plain and with every field.

use ledger::codec;
use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::{BlockId, OperationHash, RecordDigest, SpeciesKey, Tag, preimage, sha256};
use ledger::party::{Height, OfficeNumber, Role};
use ledger::permit::commitment::{operation_hash, stamp_digest};
use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::{
    CancelReason, Checkpoint, Consent, Correct, CorrectReason, Cross, Direction, Endorse, Import,
    Issue, LineKey, Operation, OperationKey, Origin, PaperSeen, PermitKey, Quota, Record, Replaces,
    RetrospectiveReason, RevokeRange, RevokeReason, SerialRange, Series, Statement, Suspend,
};
use ledger::signed::Signed;
use ledger::testing::{
    CHAIN, START, cancel, endorse, import, issue, line, office_key, party, permit, port,
    quantities, record, refuse, sight, sign, units,
};
use serde_json::json;

use super::{File, Vector};
use crate::fields::hex;
use crate::samples::{EXPORT, IMPORT, MANAGEMENT, TRANSIT};

/// Norvia's Management Authority.
pub(crate) const DESTINATION: (&str, Role) = ("QN", Role::Management);

/// A permit of Norvia.
pub(crate) fn of_norvia(number: &str) -> PermitKey {
    let issuer = party("QN");
    let number = ledger::permit::number::number_hash(CHAIN, issuer, number);
    PermitKey { issuer, number }
}

/// A species under Suravia's seal.
pub(crate) fn species() -> SpeciesKey {
    SpeciesKey(sha256(b"species"))
}

/// An operation of Suravia.
pub(crate) fn operation() -> OperationHash {
    operation_hash(CHAIN, party("QS"), "QS-A-001")
}

/// Line A of Suravia's permit, directly and by way of a certificate of Transmar.
pub(crate) fn origins() -> [Origin; 2] {
    let root = LineKey {
        permit: permit("26QS000001"),
        line: line(1),
    };
    let issuer = party("QT");
    let number = ledger::permit::number::number_hash(CHAIN, issuer, "26QT000002");
    let last = LineKey {
        permit: PermitKey { issuer, number },
        line: line(27),
    };
    let drawn = Quantity::from_scaled(1).unwrap();
    [
        Origin {
            root,
            last: None,
            drawn,
        },
        Origin {
            root,
            last: Some(last),
            drawn: units(7),
        },
    ]
}

fn full_issue() -> Issue {
    let mut full = issue("26QS000124/AA");
    full.kind = Kind::ReExport;
    full.stamp = Some(stamp_digest(CHAIN, party("QS"), "QS 0098123"));
    full.retrospective = Some(RetrospectiveReason::TraderMisled);
    full.replaces = Some(Replaces {
        number: permit("26QS000123/AA").number,
        reason: CancelReason::Damaged,
    });
    full.import_permit = Some(of_norvia("26QN000007"));
    full.lines[0].appendix = Appendix::I;
    full.lines[0].source = Source::RegisteredOperation;
    full.lines[0].authorised = Quantity::from_scaled(125_001).unwrap();
    full.lines[0].species = Some(species());
    full.lines[0].operation = Some(OperationKey {
        party: party("QS"),
        number: operation(),
    });
    full.lines[1].authorised = Quantity::MAX;
    full.lines[1].origins = origins().to_vec();
    full
}

#[expect(clippy::too_many_lines, reason = "rows of one table")]
/// What is said of permits after their issue, and of a Party's trade.
fn later(key: PermitKey) -> Vec<(&'static str, (&'static str, Role), Statement)> {
    let day = START.date();
    let forms = SerialRange::parse("26QS004000/AA", "26QS004999/AA").unwrap();
    let stamps = SerialRange::parse("0098123", "0098123").unwrap();
    let revoke = |series, range, lifted| {
        Statement::RevokeRange(RevokeRange {
            series,
            range,
            reason: RevokeReason::Stolen,
            lifted,
        })
    };
    let paper = |stamp| {
        Statement::PaperSeen(PaperSeen {
            permit: key,
            stamp,
            document: sha256(b"paper"),
            port: port("QNHAR"),
        })
    };
    let cross = |direction| {
        Statement::Cross(Cross {
            permit: key,
            direction,
            port: port("QTTRA"),
            document: ledger::digest::Commitment(sha256(b"26QS000125/AA")),
        })
    };
    let suspend = |species, until| {
        Statement::Suspend(Suspend {
            of: party("QS"),
            species,
            from: day,
            until,
        })
    };
    vec![
        (
            "consent",
            DESTINATION,
            Statement::Consent(Consent { permit: key }),
        ),
        ("cross-out", EXPORT, cross(Direction::Out)),
        ("cross-in", TRANSIT, cross(Direction::In)),
        (
            "correct",
            EXPORT,
            Statement::Correct(Correct {
                permit: key,
                record: RecordDigest(sha256(b"endorsement")),
                lines: quantities(95, 20),
                reason: CorrectReason::Recount,
            }),
        ),
        ("paper-seen", IMPORT, paper(None)),
        (
            "paper-seen-with-its-stamp",
            IMPORT,
            paper(Some(sha256(b"stamp"))),
        ),
        (
            "revoke-range",
            MANAGEMENT,
            revoke(Series::Forms, forms, false),
        ),
        (
            "revoke-range-lifted",
            MANAGEMENT,
            revoke(Series::Stamps, stamps, true),
        ),
        (
            "quota",
            MANAGEMENT,
            Statement::Quota(Quota {
                year: 2026,
                species: species(),
                unit: Unit::Number,
                total: units(500),
            }),
        ),
        (
            "operation-listed",
            MANAGEMENT,
            Statement::Operation(Operation {
                number: operation(),
                listed: true,
            }),
        ),
        (
            "operation-struck-off",
            MANAGEMENT,
            Statement::Operation(Operation {
                number: operation(),
                listed: false,
            }),
        ),
        ("suspend", DESTINATION, suspend(None, None)),
        (
            "suspend-a-species",
            MANAGEMENT,
            suspend(Some(species()), Some(day.plus_days(30))),
        ),
    ]
}

fn samples() -> Vec<(&'static str, Record)> {
    let key = permit("26QS000123/AA");
    let made = |speaker, statement| record(speaker, statement, START, 7);
    let full = Record {
        offices: vec![OfficeNumber(1), OfficeNumber(3)],
        checkpoint: Some(Checkpoint {
            height: Height(6),
            block: BlockId(sha256(b"block")),
        }),
        after: Some(RecordDigest(sha256(b"record"))),
        ..made(MANAGEMENT, Statement::Issue(full_issue()))
    };
    let passport = Issue {
        kind: Kind::MusicalInstrument,
        destination: None,
        ..issue("26QS000125/AA")
    };
    let shipped = Statement::Endorse(Endorse {
        permit: key,
        lines: quantities(96, 20),
        port: port("QSSUR"),
        transport: Some(sha256(b"air waybill")),
    });
    let on_an_import_permit = Statement::Import(Import {
        permit: key,
        lines: quantities(95, 0),
        port: port("QNHAR"),
        import_permit: Some(of_norvia("26QN000007")),
    });
    let first = [
        (
            "issue",
            MANAGEMENT,
            Statement::Issue(issue("26QS000123/AA")),
        ),
        (
            "issue-of-a-passport",
            MANAGEMENT,
            Statement::Issue(passport),
        ),
        ("endorse", EXPORT, endorse(key, quantities(96, 20))),
        ("endorse-with-every-field", EXPORT, shipped),
        ("sight", TRANSIT, sight(key)),
        ("import", IMPORT, import(key, quantities(95, 0))),
        ("import-with-every-field", IMPORT, on_an_import_permit),
        ("refuse", TRANSIT, refuse(key, Reason::Altered)),
        ("cancel", MANAGEMENT, cancel(key, CancelReason::Stolen)),
    ];
    let all = first.into_iter().chain(later(key));
    let mut samples: Vec<_> = all
        .map(|(name, speaker, said)| (name, made(speaker, said)))
        .collect();
    samples.push(("issue-with-every-field", full));
    samples
}

pub(crate) fn records() -> File {
    let vectors = samples().into_iter().flat_map(|(name, record)| {
        let bytes = codec::encode(&record);
        let signed = sign(&record);
        let message = preimage(Tag::RecordSignature, &[&[1], CHAIN.as_ref(), &bytes]);
        let keys = record.offices.iter().map(|office| {
            let key = office_key(record.author, *office);
            hex(key.public().as_bytes())
        });
        let keys: Vec<_> = keys.collect();
        let envelope =
            json!({ "record": hex(&bytes), "signatures": signatures(&record), "keys": keys });
        assert_eq!(Signed::decode(signed.bytes()).as_ref(), Ok(&*signed));
        [
            Vector::of(&format!("record-{name}"), &record)
                .with("digest", hex(signed.digest()))
                .with("message", hex(&message)),
            Vector::plain(&format!("signed-{name}"), envelope, signed.bytes().to_vec())
                .typed("Signed"),
        ]
    });
    File::new(
        "records",
        "Record is what offices sign; digest = H(\"record\", bytes). Signed is a map of 0: record bytes, 1: one Ed25519 signature for each office over the message.",
        vectors.collect(),
    )
}

fn signatures(record: &Record) -> Vec<String> {
    let message = preimage(
        Tag::RecordSignature,
        &[&[1], CHAIN.as_ref(), &codec::encode(record)],
    );
    let offices = record.offices.iter();
    offices
        .map(|office| hex(office_key(record.author, *office).sign(&message).0))
        .collect()
}

#[test]
fn every_statement_has_a_sample() {
    let said: std::collections::BTreeSet<_> = samples()
        .iter()
        .map(|(_, record)| record.statement.as_str())
        .collect();
    assert_eq!(said.len(), 14, "{said:?}");
}
