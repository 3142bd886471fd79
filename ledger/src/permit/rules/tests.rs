//! Tests of the rules of a document: a permit that keeps them all, one change, what is found.

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use super::*;
use crate::codes::{Appendix, Country, Kind, Purpose, Source, Term, Unit};
use crate::permit::number::PermitNumber;
use crate::permit::text::Text;
use crate::permit::{Cited, Line, LineId, Measure, Moment, Provenance};
use crate::quantity::Quantity;
use crate::time::CivilDate;

const SKINS: &[u8] = include_bytes!("../../../../tests/permits/good/export-skins.xml");

mod kinds;
mod lines;
mod origins;

type Row = (&'static str, fn(&mut Permit), &'static [&'static str]);

/// The export permit for skins, from QS to QN, with one change.
fn changed(change: fn(&mut Permit)) -> Permit {
    let mut permit = crate::permit::xml::read(SKINS).expect("sample").permit;
    change(&mut permit);
    permit
}

/// `stop R13 box 12 line A [ORIGIN]`, one for each finding.
fn told(permit: &Permit) -> Vec<String> {
    let found = check(permit);
    let tell = |outcome: &str, fault: &PermitFault| {
        let rule = fault.rule.map_or("-", RuleId::as_str);
        // No finding is graver than the catalogue says, and none is of a rule that only the ledger judges.
        assert!(fault.rule.is_none_or(|rule| {
            rule.where_checked() != WhereChecked::Ledger
                && (outcome == "warn" || rule.severity() == Severity::Stop)
        }));
        let place = fault.place.expect("a box");
        let line = place
            .line
            .map_or_else(String::new, |line| format!(" line {line}"));
        format!(
            "{outcome} {rule} {}{line} [{}]",
            place.form_box,
            fault.code.as_str()
        )
    };
    let faults = found.faults.iter().map(|fault| tell("stop", fault));
    let warnings = found.warnings.iter().map(|fault| tell("warn", fault));
    faults.chain(warnings).collect()
}

fn check_rows(rows: &[Row]) {
    for (what, change, expected) in rows {
        assert_eq!(told(&changed(*change)), *expected, "{what}");
    }
}

fn line(permit: &mut Permit) -> &mut Line {
    permit.lines.first_mut().expect("line A")
}

fn country(code: &str) -> Option<Country> {
    Some(Country::from_code(code).expect(code))
}

fn date(text: &str) -> Moment {
    Moment::on(CivilDate::parse(text).expect(text))
}

fn measure(quantity: &str, unit: Unit) -> Option<Measure> {
    Some(Measure {
        quantity: quantity.parse().expect(quantity),
        unit,
    })
}

fn term(code: &str) -> Option<Term> {
    Some(Term::from_code(code).expect(code))
}

fn from(code: &str, number: &str, issued: &str) -> Provenance {
    let cited = Cited {
        number: PermitNumber::new(number).ok(),
        issued: (!issued.is_empty()).then(|| date(issued)),
    };
    Provenance {
        country: Country::from_code(code),
        country_name: None,
        documents: std::vec![cited],
    }
}

fn says(permit: &mut Permit, text: &str) {
    permit.conditions = Text::new(text).into_iter().collect();
}

/// A re-export certificate of what QP exported, that keeps every rule.
fn re_export(permit: &mut Permit) {
    permit.kind = Kind::ReExport;
    line(permit).origin = from("QP", "25QP000001", "2025-06-01");
}

/// A certificate of another kind, of one live animal bred in captivity.
fn certificate(permit: &mut Permit, kind: Kind, purpose: Purpose) {
    (permit.kind, permit.purpose) = (kind, purpose);
    let line = line(permit);
    (line.term, line.source) = (term("LIV"), Source::CaptiveBred);
    line.authorised = measure("1", Unit::Number).expect("one");
    (line.used_to_date, line.quota) = (None, None);
}

fn pre_convention(permit: &mut Permit) {
    permit.kind = Kind::PreConvention;
    let line = line(permit);
    (line.source, line.second_source) = (Source::PreConvention, Some(Source::Wild));
    line.acquired = Some(date("1970-01-01"));
}

fn from_the_sea(permit: &mut Permit) {
    permit.kind = Kind::IntroductionFromTheSea;
    permit.importer.country = country("QS");
    line(permit).source = Source::Sea;
}

#[test]
fn a_document_that_keeps_every_rule_is_silent() {
    check_rows(&[
        ("export", |_| {}, &[]),
        ("re-export", re_export, &[]),
        ("pre-Convention", pre_convention, &[]),
        ("from the sea", from_the_sea, &[]),
    ]);
}

#[test]
fn dates_must_agree_and_the_validity_of_each_kind_has_an_end() {
    check_rows(&[
        (
            "until before issue",
            |p| (p.valid_until, p.valid_from) = (date("2026-03-01"), None),
            &["stop R04 box 2 [DATES]", "stop R04 box 2 [DATES]"],
        ),
        (
            "the day after six months",
            |p| p.valid_until = date("2026-09-03"),
            &["stop R05 box 2 [VALIDITY_TOO_LONG]"],
        ),
        ("six months", |p| p.valid_until = date("2026-09-02"), &[]),
    ]);
    for kind in Kind::ALL {
        let mut permit = changed(|_| {});
        permit.kind = kind;
        let last = permit.granted_on().plus_months(kind.months_max());
        let is_too_long = |permit: &Permit| told(permit).iter().any(|one| one.contains("R05"));
        permit.valid_until = Moment::on(last);
        assert!(!is_too_long(&permit), "{kind}");
        permit.valid_until = Moment::on(last.plus_days(1));
        assert!(is_too_long(&permit), "{kind}");
    }
}

#[test]
fn what_left_before_it_was_issued_says_so_and_is_never_of_appendix_i() {
    check_rows(&[
        (
            "valid before issue",
            |p| p.valid_from = Some(date("2026-03-01")),
            &["warn R14 box 2 [RETROSPECTIVE]"],
        ),
        (
            "left before issue, and does not say so",
            |p| p.endorsement.at = Some(date("2026-03-01")),
            &["stop R14 box 14 [RETROSPECTIVE]"],
        ),
        (
            "left before issue, and says so",
            |p| {
                p.endorsement.at = Some(date("2026-02-01"));
                says(p, "Issued Retrospectively: clerical error of the issuer");
            },
            &["warn R14 box 14 [RETROSPECTIVE]"],
        ),
        (
            "in French",
            |p| {
                p.endorsement.at = Some(date("2026-02-01"));
                says(p, "Délivré rétrospectivement");
            },
            &["warn R14 box 14 [RETROSPECTIVE]"],
        ),
        (
            "Appendix I, though it says so",
            |p| {
                p.endorsement.at = Some(date("2026-02-01"));
                says(p, "retrospective");
                line(p).appendix = Appendix::I;
                p.purpose = Purpose::Zoo;
            },
            &["stop R14 box 14 [RETROSPECTIVE]"],
        ),
        (
            "Appendix I, valid before issue",
            |p| {
                p.valid_from = Some(date("2026-03-01"));
                line(p).appendix = Appendix::I;
                p.purpose = Purpose::Zoo;
            },
            &["stop R14 box 2 [RETROSPECTIVE]"],
        ),
        (
            "left on the day of issue",
            |p| p.endorsement.at = Some(date("2026-03-02")),
            &[],
        ),
    ]);
}

#[test]
fn findings_are_told_rule_by_rule() {
    let permit = changed(|p| {
        re_export(p);
        line(p).endorsed = measure("1001", Unit::Number);
        line(p).source = Source::Confiscated;
        p.is_copy = true;
    });
    let found = check(&permit);
    let outcomes: Vec<_> = found
        .by_rule()
        .iter()
        .map(|judged| {
            (
                judged.rule.to_string(),
                judged.outcome.as_str(),
                judged.findings.len(),
            )
        })
        .collect();
    let outcome = |rule: &str| {
        let row = outcomes.iter().find(|(name, ..)| name == rule);
        row.map(|(_, outcome, count)| (*outcome, *count))
    };
    assert_eq!(outcomes.len(), RuleId::ALL.len());
    assert_eq!(outcome("R01"), Some(("needs the ledger", 0)));
    assert_eq!(outcome("R05"), Some(("passed", 0)));
    assert_eq!(outcome("R08"), Some(("stop", 1)));
    assert_eq!(outcome("R13"), Some(("passed", 0)));
    assert_eq!(outcome("R16"), Some(("warning", 1)));
    let beside: Vec<_> = found.without_rule().iter().map(|one| one.code).collect();
    assert_eq!(beside, [FaultCode::Copy]);
}

#[test]
fn a_rule_whose_box_could_not_be_read_is_not_said_to_be_kept() {
    let text = String::from_utf8(SKINS.to_vec()).expect("UTF-8");
    let unread = text
        .replace(">1000<", ">1 000<")
        .replace("2026-09-01", "2026-12-02");
    let error = crate::permit::xml::read(unread.as_bytes()).expect_err("a blank in box 11");
    let found = error.findings();
    let outcome = |rule| {
        let judged = found.by_rule();
        let row = judged.iter().find(|judged| judged.rule == rule);
        row.map(|judged| judged.outcome)
    };
    assert_eq!(outcome(RuleId::R05), Some(Outcome::Stop));
    assert_eq!(outcome(RuleId::R08), Some(Outcome::NotJudged));
    assert_eq!(outcome(RuleId::R06), Some(Outcome::NeedsLedger));
}
