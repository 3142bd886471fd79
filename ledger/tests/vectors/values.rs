//! Samples of the state: what the ledger itself wrote, and permits with every field.

use ledger::codec;
use ledger::codes::{Kind, Source, Unit};
use ledger::digest::sha256;
use ledger::parameters::Parameters;
use ledger::party::{Height, Office, OfficeNumber, Party};
use ledger::reason::Reason;
use ledger::record::{
    CancelReason, Issue, Operation, OperationKey, PaperSeen, PermitKey, Quota, Replaces,
    RetrospectiveReason, RevokeRange, RevokeReason, SerialRange, Series, Statement, Suspend,
};
use ledger::state::register::{
    OperationState, PaperState, QuotaState, RevokedRanges, Statistics, Suspensions,
};
use ledger::state::{
    Cancellation, Crossings, Leaf, PermitState, PortCounts, Receipt, ReportState, StateKey,
    View as _, Warnings, read,
};
use ledger::testing::{START, TestLedger, cancel, issue, party, permit, port, units};
use ledger::tree::KeyHash;

use super::{File, Vector};
use crate::fields::Fields;
use crate::records::{DESTINATION, of_norvia, operation, origins, species};
use crate::samples::{IMPORT, MANAGEMENT};

/// A permit of a Party that is not on the ledger.
fn paper() -> PermitKey {
    let issuer = party("QZ");
    PermitKey {
        issuer,
        ..of_norvia("1")
    }
}

/// What Suravia and Norvia state beside permits, once each.
fn registers() -> TestLedger {
    let mut ledger = TestLedger::default();
    let day = START.date();
    let range = SerialRange::parse("26QS004000/AA", "26QS004999/AA").unwrap();
    let seen = |stamp| {
        Statement::PaperSeen(PaperSeen {
            permit: paper(),
            stamp,
            document: sha256(b"paper"),
            port: port("QNHAR"),
        })
    };
    let revoked = RevokeRange {
        series: Series::Forms,
        range,
        reason: RevokeReason::Stolen,
        lifted: false,
    };
    let quota = Quota {
        year: 2026,
        species: species(),
        unit: Unit::Number,
        total: units(500),
    };
    let suspend = |species, until| {
        Statement::Suspend(Suspend {
            of: party("QS"),
            species,
            from: day.plus_days(3),
            until,
        })
    };
    let mut drawing = issue("1");
    drawing.lines[0].species = Some(species());
    drawing.lines[1].source = Source::CaptiveBred;
    let statements = [
        (MANAGEMENT, Statement::RevokeRange(revoked)),
        (MANAGEMENT, Statement::Quota(quota)),
        (
            MANAGEMENT,
            Statement::Operation(Operation {
                number: operation(),
                listed: true,
            }),
        ),
        (
            MANAGEMENT,
            suspend(Some(species()), Some(day.plus_days(30))),
        ),
        (DESTINATION, suspend(None, None)),
        (MANAGEMENT, Statement::Issue(drawing)),
        (MANAGEMENT, cancel(permit("1"), CancelReason::Clerical)),
        (MANAGEMENT, cancel(permit("1"), CancelReason::Lost)),
        (IMPORT, seen(None)),
        (IMPORT, seen(Some(sha256(b"stamp")))),
    ];
    for (number, (speaker, statement)) in (0..).zip(statements) {
        ledger.state_now(speaker, statement, START.plus_ms(number));
    }
    ledger
}

fn permits(story: &TestLedger) -> Vec<Vector> {
    let of = |name: &str, permit: &PermitState| Vector::of(&format!("permit-state-{name}"), permit);
    let used = story.permit(&permit("26QS000123/AA")).unwrap();
    let mut ledger = TestLedger::default();
    ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
    let issued = ledger.permit(&permit("1")).unwrap();
    let gone = cancel(permit("1"), CancelReason::Lost);
    ledger.state_now(MANAGEMENT, gone, START.plus_ms(1));
    let cancelled = ledger.permit(&permit("1")).unwrap();
    let passport = Issue {
        kind: Kind::MusicalInstrument,
        destination: None,
        ..issue("2")
    };
    ledger.state_now(MANAGEMENT, Statement::Issue(passport), START.plus_ms(2));
    let passport = ledger.permit(&permit("2")).unwrap();
    vec![
        of("used", &used),
        of("issued", &issued),
        of("cancelled", &cancelled),
        of("passport", &passport),
        of("with-every-field", &every(used)),
    ]
}

/// More than any one permit ever has: each field once.
fn every(used: PermitState) -> PermitState {
    let act = used.issued.clone();
    let mut every = PermitState {
        stamp: Some(sha256(b"stamp")),
        retrospective: Some(RetrospectiveReason::HouseholdEffects),
        cancellation: Some(Cancellation {
            reason: CancelReason::Stolen,
            act: act.clone(),
        }),
        replaces: Some(Replaces {
            number: permit("1").number,
            reason: CancelReason::Damaged,
        }),
        replaced_by: Some(permit("2").number),
        refusals: 2,
        import_permit: Some(of_norvia("26QN000007")),
        consent: Some(act.clone()),
        crossings: Some(Crossings {
            inside: Some(party("QT")),
            count: 2,
            last: Some(act.clone()),
        }),
        contested: Some(Cancellation {
            reason: CancelReason::Withdrawn,
            act: act.clone(),
        }),
        endorsement_corrected: Some(act.clone()),
        import_corrected: Some(act),
        warnings: Warnings::TABLE.into_iter().collect(),
        ports: vec![PortCounts {
            port: port("QNHAR"),
            attempts: 1,
            refusals: 2,
        }],
        ..used
    };
    every.lines[1].re_exported = units(3);
    every.lines[1].origins = origins().to_vec();
    every.lines[1].species = Some(species());
    every.lines[1].operation = Some(OperationKey {
        party: party("QS"),
        number: operation(),
    });
    every.lines[1].depth = 2;
    every.lines[1].is_covered = false;
    every.lines[1].draws_on_quota = true;
    every
}

fn register_values() -> Vec<Vector> {
    fn of<T>(name: &str, ledger: &TestLedger, key: &StateKey) -> Vector
    where
        T: minicbor::Encode<()>
            + for<'b> minicbor::Decode<'b, ()>
            + PartialEq
            + std::fmt::Debug
            + Fields,
    {
        let value: T = read(&ledger.state, key).unwrap().expect(name);
        Vector::of(name, &value).with("key", key.as_str())
    }
    let ledger = registers();
    let own = party("QS");
    let at = OperationKey {
        party: own,
        number: operation(),
    };
    vec![
        of::<RevokedRanges>("revoked-ranges", &ledger, &StateKey::revoked(own)),
        of::<Suspensions>("suspensions", &ledger, &StateKey::suspensions(own)),
        of::<QuotaState>(
            "quota-state",
            &ledger,
            &StateKey::quota(own, 2026, &species()),
        ),
        of::<OperationState>("operation-state", &ledger, &StateKey::operation(&at)),
        of::<PaperState>("paper-state", &ledger, &StateKey::paper(&paper())),
        of::<Statistics>("statistics", &ledger, &StateKey::statistics(own, 2026)),
    ]
}

fn leaves(story: &TestLedger) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, index) in [("applied", 2), ("with-a-doubt", 3), ("refused", 4)] {
        let leaf: Leaf = codec::decode(story.state.leaf(index).unwrap(), 70_000).unwrap();
        assert_eq!(leaf.receipt.is_applied(), name != "refused");
        assert_eq!(leaf.receipt.warnings.is_empty(), name != "with-a-doubt");
        vectors.push(Vector::of(&format!("receipt-{name}"), &leaf.receipt));
        vectors.push(Vector::of(&format!("leaf-{name}"), &leaf));
    }
    let doubted = Receipt {
        height: Height(7),
        index: 2,
        refused: None,
        warnings: [Reason::OriginNotCovered, Reason::MoreThanDrawn]
            .into_iter()
            .collect(),
    };
    vectors.push(Vector::of("receipt-with-two-doubts", &doubted));
    vectors
}

pub(crate) fn state(story: &TestLedger) -> File {
    let mut vectors = permits(story);
    let report: ReportState = read(&story.state, &StateKey::report(&permit("26QS000999/AA")))
        .unwrap()
        .unwrap();
    vectors.push(Vector::of("report-state", &report));
    vectors.extend(register_values());
    vectors.extend(leaves(story));
    vectors.push(Vector::of("parameters", &Parameters::default()));
    for (name, union) in [("alone", None), ("in-a-union", Some("NORTH".into()))] {
        let party = Party {
            accepts_unendorsed: union.is_some(),
            import_permit_for_ii: union.is_some(),
            union,
        };
        vectors.push(Vector::of(&format!("party-{name}"), &party));
    }
    for (name, active_until) in [("active", None), ("ended", Some(Height(9)))] {
        let place = KeyHash::of(StateKey::office(party("QS"), OfficeNumber(2)).as_ref());
        let bytes = story.state.value(place).unwrap().unwrap();
        let office = Office {
            active_until,
            ..codec::decode(&bytes, 200).unwrap()
        };
        vectors.push(Vector::of(&format!("office-{name}"), &office));
    }
    File::new(
        "state",
        "Values of the authenticated map, and leaves of the log.",
        vectors,
    )
}
