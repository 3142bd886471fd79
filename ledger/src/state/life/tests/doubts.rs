//! Doubts: each alone, each beside every other, and in the receipt of a block.

use super::issue::{arrived, from, re_export};
use super::*;
use crate::record::{Endorse, Import};
use crate::state::ReportState;
use crate::testing::{port, quantities};

fn check_doubts<S: Clone>(
    doubts: &[Rule<S>],
    order: &[Reason],
    good: &Situation<S>,
    statement: fn(S) -> Statement,
    cases: &[Breach<S>],
) {
    let reasons: Vec<_> = doubts.iter().map(|doubt| doubt.reason).collect();
    assert_eq!(reasons, order, "the order of the table");
    let noted = |situation: &Situation<S>| {
        let (judgement, receipt) = situation.judged(statement);
        assert_eq!(judgement.broken, [], "a doubt refuses nothing");
        receipt.warnings.iter().collect::<Vec<_>>()
    };
    assert_eq!(noted(good), []);
    let mut met = BTreeSet::new();
    for (what, change, reason) in cases {
        let mut situation = good.clone();
        change(&mut situation);
        assert_eq!(noted(&situation), [*reason], "{what}");
        met.insert(*reason);
        for (another, change, other) in cases.iter().filter(|(.., other)| other != reason) {
            let mut situation = situation.clone();
            change(&mut situation);
            let both = order
                .iter()
                .filter(|one| [reason, other].contains(one))
                .copied();
            assert_eq!(
                noted(&situation),
                both.collect::<Vec<_>>(),
                "{what}, and {another}"
            );
        }
    }
    assert_eq!(
        met,
        order.iter().copied().collect(),
        "every doubt has a case"
    );
}

#[test]
fn every_doubt_of_an_issue_is_noted_and_none_refuses() {
    use Reason as R;
    let order = [
        R::OriginNotCovered,
        R::ImportPermitNotCovered,
        R::AppendixChanged,
        R::MoreThanDrawn,
        R::SeenBeforeIssue,
        R::OperationUnregistered,
    ];
    let mut good = Situation::new("QS", Role::Management, issue("1"));
    re_export(&mut good, |_| {});
    let cases: &[Breach<Issue>] = &[
        (
            "an origin of a Party that is not on the ledger",
            |s| {
                let elsewhere = PermitKey {
                    issuer: party("QX"),
                    ..permit("o")
                };
                s.said.lines[1].origins = vec![from(elsewhere, 1, units(20))];
            },
            R::OriginNotCovered,
        ),
        (
            "no origin at all",
            |s| s.said.lines[1].origins.clear(),
            R::OriginNotCovered,
        ),
        (
            "an import permit of a Party that is not on the ledger",
            |s| {
                s.said.destination = Some(party("QX"));
                s.said.import_permit = Some(PermitKey {
                    issuer: party("QX"),
                    ..permit("i")
                });
            },
            R::ImportPermitNotCovered,
        ),
        (
            "an origin of Appendix III",
            |s| {
                let (key, first) = arrived();
                s.cite(key, first, |origin| {
                    origin.lines[0].appendix = Appendix::III
                });
            },
            R::AppendixChanged,
        ),
        (
            "draws a ten-thousandth less than it authorises",
            |s| {
                s.said.lines[0].origins[0].drawn =
                    Quantity::from_scaled(999_999).expect("a quantity");
            },
            R::MoreThanDrawn,
        ),
        (
            "seen before",
            |s| {
                let report = ReportState {
                    sightings: 1,
                    refusals: 0,
                    last: act("QT"),
                };
                s.values
                    .insert(StateKey::report(&permit("1")), codec::encode(&report));
            },
            R::SeenBeforeIssue,
        ),
        (
            "of an operation that nobody named",
            |s| {
                s.said.lines[1].source = Source::RegisteredOperation;
                let (key, first) = arrived();
                s.cite(key, first, |origin| {
                    origin.lines[1].source = Source::RegisteredOperation
                });
            },
            R::OperationUnregistered,
        ),
    ];
    check_doubts(ISSUE_DOUBTS, &order, &good, Statement::Issue, cases);
}

#[test]
fn doubts_come_only_where_there_is_cause() {
    let mut good = Situation::new("QS", Role::Management, issue("1"));
    re_export(&mut good, |_| {});
    let cases: [fn(&mut Situation<Issue>); 3] = [
        // Made into something else: the units cannot be compared.
        |s| (s.said.lines[0].unit, s.said.lines[0].authorised) = (Unit::Gram, units(900)),
        |s| s.said.lines[0].origins[0].drawn = units(99),
        |s| s.said.destination = Some(party("QX")),
    ];
    let expected: [&[Reason]; 3] = [&[], &[Reason::MoreThanDrawn], &[]];
    for (change, expected) in cases.into_iter().zip(expected) {
        let mut situation = good.clone();
        change(&mut situation);
        let (judgement, receipt) = situation.judged(Statement::Issue);
        assert_eq!(judgement.broken, []);
        assert_eq!(receipt.warnings.iter().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn less_that_leaves_or_arrives_is_noted() {
    let said = Endorse {
        permit: permit("1"),
        lines: quantities(100, 20),
        port: port("QSSUR"),
        transport: None,
    };
    let leaving = Situation::new("QS", Role::Customs, said).about(alive());
    let cases: &[Breach<Endorse>] = &[
        (
            "one less",
            |s| s.said.lines[0].quantity = units(99),
            Reason::LessThanAuthorised,
        ),
        (
            "a line less",
            |s| s.said.lines.truncate(1),
            Reason::LessThanAuthorised,
        ),
    ];
    let order = [Reason::LessThanAuthorised];
    check_doubts(ENDORSE_DOUBTS, &order, &leaving, Statement::Endorse, cases);

    let said = Import {
        permit: permit("1"),
        lines: quantities(10, 10),
        port: port("QNHAR"),
        import_permit: None,
    };
    let arriving = Situation::new("QN", Role::Customs, said).about(endorsed());
    let cases: &[Breach<Import>] = &[
        (
            "one less",
            |s| s.said.lines[0].quantity = units(9),
            Reason::LessThanEndorsed,
        ),
        (
            "a line less",
            |s| s.said.lines.truncate(1),
            Reason::LessThanEndorsed,
        ),
    ];
    let order = [Reason::LessThanEndorsed];
    check_doubts(IMPORT_DOUBTS, &order, &arriving, Statement::Import, cases);
}
