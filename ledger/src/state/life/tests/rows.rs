//! The tables of breaches: one row or more for each row of the rules.

use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::codes::Unit;
use crate::record::{Cancel, Endorse, Import, Origin, Refuse, Sight};
use crate::testing::{line, permit, port, quantities, units};

/// Breaches of rules that several tables share.
#[rustfmt::skip]
macro_rules! breach {
    (role $($role:ident)*) => {
        (concat!("as", $(" ", stringify!($role),)*), |s| s.roles = vec![$(Role::$role),*], Reason::Role)
    };
    (not issued) => {
        ("never issued", |s| s.permit = None, Reason::NotIssued)
    };
    (kind $kind:ident) => {
        (stringify!($kind), |s| with(s, |permit| permit.kind = Kind::$kind), Reason::WrongKind)
    };
    (used) => {
        ("used", |s| with(s, |permit| permit.import = Some(act("QN"))), Reason::Used)
    };
    (cancelled $reason:ident $answer:ident) => {
        (stringify!($reason), |s| with(s, |permit| permit.cancellation = Some(cancellation(CancelReason::$reason))),
            Reason::$answer)
    };
    (early) => {
        ("the day before its first day", |s| {
            let day = s.now.date().plus_days(2);
            with(s, |permit| permit.valid_from = day);
        }, Reason::NotYetValid)
    };
    (late) => {
        ("the day after its last day", |s| {
            let day = s.now.date().plus_days(-2);
            with(s, |permit| permit.valid_until = day);
        }, Reason::Expired)
    };
    (unknown line) => {
        ("line C of two", |s| {
            s.said.lines.push(LineQuantity { line: line(3), unit: Unit::Number, quantity: units(1) });
        }, Reason::UnknownLine)
    };
    (other unit) => {
        ("grams for kilograms", |s| s.said.lines[1].unit = Unit::Gram, Reason::UnitMismatch)
    };
    (over $units:literal) => {
        ("one more than allowed", |s| s.said.lines[0].quantity = units($units), Reason::OverQuantity)
    };
}

fn with<S>(situation: &mut Situation<S>, change: impl FnOnce(&mut PermitState)) {
    if let Some(permit) = &mut situation.permit {
        change(permit);
    }
}

fn granted_on(issue: &mut Issue, day: CivilDate) {
    (issue.granted_on, issue.valid_from) = (day, day);
    issue.valid_until = issue.valid_until.min(day.plus_months(6));
}

const CANCELLED: [Reason; 4] = [
    Reason::Cancelled,
    Reason::Replaced,
    Reason::Lost,
    Reason::Stolen,
];

/// A permit is cancelled once: no two of these rows are ever broken together.
fn one_cancellation() -> impl Iterator<Item = (Reason, Reason)> {
    let rows = CANCELLED.iter().enumerate();
    rows.flat_map(|(row, one)| CANCELLED[row + 1..].iter().map(move |two| (*one, *two)))
}

/// Rows that look at a permit are never broken where there is none.
fn no_permit(rows: &[Reason]) -> impl Iterator<Item = (Reason, Reason)> {
    let absent = [
        Reason::Role,
        Reason::NotIssued,
        Reason::WrongParty,
        Reason::UnknownLine,
    ];
    let looking = rows.iter().filter(move |row| !absent.contains(row));
    looking.map(|row| (Reason::NotIssued, *row))
}

#[test]
#[rustfmt::skip]
fn an_issue_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::Unsupported, R::WrongKind, R::WrongParty, R::DuplicateNumber, R::Dates,
        R::ValidityTooLong, R::GrantDate, R::Expired, R::NeedsImportPermit,
    ];
    let good = Situation::new("QS", Role::Management, issue("1"));
    let breaches: &[Breach<Issue>] = &[
        breach!(role Customs),
        breach!(role Scientific),
        breach!(role Governance),
        breach!(role Management Customs),
        ("retrospective", |s| s.said.retrospective = true, R::Unsupported),
        ("replaces", |s| s.said.replaces = Some(permit("0").number), R::Unsupported),
        ("rests on an import permit", |s| s.said.import_permit = Some(permit("0")), R::Unsupported),
        ("re-export", |s| s.said.kind = Kind::ReExport, R::Unsupported),
        ("cites an origin", |s| {
            s.said.lines[0].origins = vec![Origin { permit: permit("0"), line: line(1), drawn: units(1) }];
        }, R::Unsupported),
        ("no destination", |s| s.said.destination = None, R::WrongKind),
        ("a passport with a destination", |s| {
            s.said.kind = Kind::MusicalInstrument;
            s.said.destination = Some(party("QN"));
        }, R::WrongKind),
        ("an import permit for another country", |s| s.said.kind = Kind::Import, R::WrongParty),
        ("issued before", |s| s.permit = Some(alive()), R::DuplicateNumber),
        ("issued and cancelled before", |s| {
            s.permit = Some(alive());
            with(s, |permit| permit.cancellation = Some(cancellation(CancelReason::Clerical)));
        }, R::DuplicateNumber),
        ("valid before granted", |s| s.said.valid_from = s.said.granted_on.plus_days(-1), R::Dates),
        ("ends before it begins", |s| s.said.valid_from = s.said.valid_until.plus_days(1), R::Dates),
        ("six months and a day", |s| {
            s.said.valid_until = s.said.granted_on.plus_months(6).plus_days(1);
        }, R::ValidityTooLong),
        ("longer than any kind", |s| s.said.valid_until = s.said.granted_on.plus_months(37), R::ValidityTooLong),
        ("eight months, and over", |s| {
            granted_on(&mut s.said, s.now.date().plus_days(-240));
            s.said.valid_until = s.now.date().plus_days(-2);
        }, R::ValidityTooLong),
        ("granted in two days", |s| {
            let day = s.now.date().plus_days(2);
            granted_on(&mut s.said, day);
            s.said.valid_until = s.said.valid_until.max(day);
        }, R::GrantDate),
        ("granted thirty-two days ago", |s| granted_on(&mut s.said, s.now.date().plus_days(-32)), R::GrantDate),
        ("over two days ago", |s| {
            let day = s.now.date().plus_days(-2);
            granted_on(&mut s.said, day);
            s.said.valid_until = day;
        }, R::Expired),
        ("Appendix I from the wild", |s| s.said.lines[1].appendix = Appendix::I, R::NeedsImportPermit),
        ("Appendix I bred in captivity", |s| {
            s.said.lines[0].appendix = Appendix::I;
            s.said.lines[0].source = Source::CaptiveBred;
        }, R::NeedsImportPermit),
    ];
    // Only an import permit can be for the wrong Party, and only an export can rest on one.
    let never = [(R::WrongParty, R::NeedsImportPermit)];
    check(ISSUE, &order, &good, Statement::Issue, breaches, &never);
}

#[test]
#[rustfmt::skip]
fn an_endorsement_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongKind, R::WrongParty, R::Used, R::Cancelled, R::Replaced,
        R::Lost, R::Stolen, R::AlreadyEndorsed, R::NotYetValid, R::Expired, R::UnknownLine,
        R::UnitMismatch, R::OverQuantity,
    ];
    let said = Endorse { permit: permit("1"), lines: quantities(100, 20), port: port("QSSUR"), transport: None };
    let good = Situation::new("QS", Role::Customs, said).about(alive());
    let breaches: &[Breach<Endorse>] = &[
        breach!(role Management),
        breach!(role Management Customs),
        breach!(not issued),
        ("the destination's customs", |s| s.author = party("QN"), R::WrongParty),
        ("customs of neither", |s| s.author = party("QT"), R::WrongParty),
        breach!(kind Import),
        breach!(kind IntroductionFromTheSea),
        breach!(kind TravellingExhibition),
        breach!(used),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(cancelled Replaced Replaced),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        ("endorsed before", |s| with(s, |permit| permit.endorsement = Some(act("QS"))), R::AlreadyEndorsed),
        breach!(early),
        breach!(late),
        breach!(unknown line),
        breach!(other unit),
        breach!(over 101),
    ];
    let never: Vec<_> = no_permit(&order).chain(one_cancellation()).collect();
    check(ENDORSE, &order, &good, Statement::Endorse, breaches, &never);
}

#[test]
#[rustfmt::skip]
fn an_import_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongKind, R::WrongParty, R::Used, R::Cancelled, R::Replaced,
        R::Lost, R::Stolen, R::NotYetValid, R::Expired, R::NotEndorsed, R::UnknownLine,
        R::UnitMismatch, R::OverQuantity,
    ];
    let said = Import { permit: permit("1"), lines: quantities(10, 10), port: port("QNHAR") };
    let good = Situation::new("QN", Role::Customs, said).about(endorsed());
    let breaches: &[Breach<Import>] = &[
        breach!(role Management),
        breach!(role Customs Scientific),
        breach!(not issued),
        ("the issuer's customs", |s| s.author = party("QS"), R::WrongParty),
        ("customs of neither", |s| s.author = party("QP"), R::WrongParty),
        ("for no country", |s| with(s, |permit| permit.destination = None), R::WrongParty),
        breach!(kind Import),
        breach!(kind SampleCollection),
        ("a passport, which names no destination", |s| with(s, |permit| {
            (permit.kind, permit.destination) = (Kind::MusicalInstrument, None);
        }), R::WrongKind),
        breach!(used),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(cancelled Replaced Replaced),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        breach!(early),
        breach!(late),
        ("never endorsed", |s| with(s, |permit| permit.endorsement = None), R::NotEndorsed),
        breach!(unknown line),
        breach!(other unit),
        breach!(over 11),
    ];
    let never: Vec<_> = no_permit(&order).chain(one_cancellation()).collect();
    check(IMPORT, &order, &good, Statement::Import, breaches, &never);
}

#[test]
fn a_sighting_is_refused_only_for_the_role() {
    let said = Sight {
        permit: permit("1"),
        port: port("QTTRA"),
    };
    let breaches: &[Breach<Sight>] = &[
        breach!(role Management),
        breach!(role Scientific),
        breach!(role Customs Governance),
    ];
    let unknown = Situation::new("QT", Role::Customs, said);
    let issued = unknown.clone().about(alive());
    let mut used = unknown.clone().about(endorsed());
    with(&mut used, |permit| permit.import = Some(act("QN")));
    for good in [unknown, issued, used] {
        check(
            SIGHT,
            &[Reason::Role],
            &good,
            Statement::Sight,
            breaches,
            &[],
        );
    }
}

#[test]
#[rustfmt::skip]
fn a_border_refusal_is_refused_for_the_role_or_a_green_reason() {
    let order = [Reason::Role, Reason::WrongKind];
    let said = Refuse { permit: permit("1"), reason: Reason::Altered, port: port("QTTRA") };
    let breaches: &[Breach<Refuse>] = &[
        breach!(role Management),
        ("for being valid", |s| s.said.reason = Reason::Ok, Reason::WrongKind),
        ("for being valid in transit", |s| s.said.reason = Reason::OkTransit, Reason::WrongKind),
    ];
    let unknown = Situation::new("QT", Role::Customs, said);
    for good in [unknown.clone(), unknown.about(alive())] {
        check(REFUSE, &order, &good, Statement::Refuse, breaches, &[]);
    }
}

#[test]
#[rustfmt::skip]
fn a_cancellation_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongParty, R::Used, R::Cancelled, R::Replaced, R::Lost, R::Stolen,
    ];
    let breaches: &[Breach<Cancel>] = &[
        breach!(role Customs),
        breach!(not issued),
        ("another Party's Management Authority", |s| s.author = party("QN"), R::WrongParty),
        breach!(used),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(cancelled Replaced Replaced),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
    ];
    // Where there is no permit there is no issuer either: `WRONG_PARTY` is not asked.
    let no_issuer = [(R::NotIssued, R::WrongParty)].into_iter();
    let never: Vec<_> = no_issuer.chain(no_permit(&order)).chain(one_cancellation()).collect();
    for permit in [alive(), endorsed()] {
        let said = Cancel { permit: crate::testing::permit("1"), reason: CancelReason::Lost };
        let good = Situation::new("QS", Role::Management, said).about(permit);
        check(CANCEL, &order, &good, Statement::Cancel, breaches, &never);
    }
}

#[test]
fn every_rule_has_its_own_words_and_its_own_reason() {
    fn rows<S>(rules: &[Rule<S>]) -> Vec<(Reason, &'static str)> {
        rules.iter().map(|rule| (rule.reason, rule.words)).collect()
    }
    let tables = [
        rows(ISSUE),
        rows(ENDORSE),
        rows(IMPORT),
        rows(SIGHT),
        rows(REFUSE),
        rows(CANCEL),
    ];
    for table in tables {
        let reasons: BTreeSet<_> = table.iter().map(|(reason, _)| reason).collect();
        let words: BTreeSet<_> = table.iter().map(|(_, words)| words).collect();
        assert_eq!((reasons.len(), words.len()), (table.len(), table.len()));
        assert!(words.iter().all(|words| !words.is_empty()));
    }
}
