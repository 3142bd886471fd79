//! Import permits, consent to retrospective permits, and customs unions.

use std::vec;

use super::story::{Story, customs, key, management, scaled};
use super::*;
use crate::codes::{Appendix, Kind, Unit};
use crate::parameters::Parameters;
use crate::party::Party;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{Consent, Correct, CorrectReason, Import, RetrospectiveReason};
use crate::testing::{PARTIES, entries, issued_line, line, plain_party, port, units};

const WAY: (&str, &str) = ("QS", "QN");

/// Norvia's import permit with these quantities of the taxon of line A.
fn grant(story: &mut Story, number: &str, quantities: &[Quantity]) -> PermitKey {
    story.issue(("QN", "QN"), number, |issue| {
        issue.kind = Kind::Import;
        issue.lines = strict_lines(quantities);
    })
}

/// Lines of the taxon of line A, of Appendix I.
fn strict_lines(quantities: &[Quantity]) -> Vec<crate::record::IssuedLine> {
    let lines = (1..).zip(quantities).map(|(number, quantity)| {
        let mut stated = issued_line(1, Unit::Number, *quantity);
        (stated.line, stated.appendix) = (line(number), Appendix::I);
        stated
    });
    lines.collect()
}

fn on(granted: PermitKey, quantities: &[Quantity]) -> impl FnOnce(&mut Issue) {
    move |issue| {
        issue.lines = strict_lines(quantities);
        issue.import_permit = Some(granted);
    }
}

fn import_on(permit: PermitKey, a: u64, b: u64, granted: PermitKey) -> Statement {
    Statement::Import(Import {
        permit,
        lines: quantities(a, b),
        port: port("QNHAR"),
        import_permit: Some(granted),
    })
}

#[test]
fn accepting_an_appendix_i_import_spends_both_permits() {
    let mut story = Story::new();
    let without = story.try_issue(WAY, "1", |issue| issue.lines[0].appendix = Appendix::I);
    assert_eq!(without, Some(Reason::NeedsImportPermit));
    let granted = grant(&mut story, "i", &[units(100)]);
    let one = story.issue(WAY, "1", on(granted, &[units(100)]));
    assert!(story.permit(granted).is_alive(), "issuing spends nothing");
    story.travel(one, 100, 0);
    let (spent, permit) = (story.permit(granted), story.permit(one));
    assert_eq!(spent.import, permit.import);
    assert_eq!(permit.import_permit, Some(granted));
    let again = story.try_issue(WAY, "2", on(granted, &[units(1)]));
    assert_eq!(again, Some(Reason::ImportPermitBroken));
    let alone = story.ask(IMPORT, import(granted, quantities(1, 0)));
    assert_eq!(
        alone,
        Some(Reason::WrongKind),
        "an import permit brings nothing in by itself"
    );
}

#[test]
fn of_two_exports_on_one_import_permit_only_the_first_arrives() {
    let mut story = Story::new();
    let granted = grant(&mut story, "i", &[units(100)]);
    let permits = ["1", "2"].map(|number| story.issue(WAY, number, on(granted, &[units(60)])));
    for permit in permits {
        story.leave(permit, 60, 0);
    }
    story.arrive(permits[1], 60, 0);
    let late = story.ask(IMPORT, import(permits[0], quantities(60, 0)));
    assert_eq!(late, Some(Reason::ImportPermitBroken));
    // A new import permit does not help: the goods left on the other.
    let other = grant(&mut story, "j", &[units(100)]);
    let late = story.ask(IMPORT, import_on(permits[0], 60, 0, other));
    assert_eq!(late, Some(Reason::ImportPermitBroken));
}

#[test]
fn an_import_permit_covers_sums_of_one_taxon_in_one_unit() {
    let (all, most) = (units(100), scaled(999_999));
    // What is granted, what is to leave, and whether that is enough.
    let cases: [(&[Quantity], &[Quantity], bool); 6] = [
        (&[all], &[most, scaled(1)], true),
        (&[all], &[most, scaled(2)], false),
        (&[units(60), units(40)], &[all], true),
        (&[units(60), units(39)], &[all], false),
        (&[Quantity::MAX], &[Quantity::MAX], true),
        (&[Quantity::MAX], &[Quantity::MAX, scaled(1)], false),
    ];
    for (granted, leaving, enough) in cases {
        let mut story = Story::new();
        let key = grant(&mut story, "i", granted);
        let refused = story.try_issue(WAY, "1", on(key, leaving));
        assert_eq!(
            refused,
            (!enough).then_some(Reason::ImportPermitBroken),
            "{granted:?}, {leaving:?}"
        );
    }
    let mut story = Story::new();
    let key = grant(&mut story, "i", &[all]);
    let other_unit = story.try_issue(WAY, "1", |issue| {
        on(key, &[units(1)])(issue);
        issue.lines[0].unit = Unit::Kilogram;
    });
    assert_eq!(other_unit, Some(Reason::ImportPermitBroken));
}

#[test]
fn an_import_permit_that_dies_or_ends_stops_the_import() {
    for kill in [true, false] {
        let mut story = Story::new();
        let granted = story.issue(("QN", "QN"), "i", |issue| {
            issue.kind = Kind::Import;
            issue.lines = strict_lines(&[units(100)]);
            issue.valid_until = issue.granted_on.plus_days(5);
        });
        let one = story.issue(WAY, "1", on(granted, &[units(100)]));
        story.leave(one, 100, 0);
        if kill {
            story.done(management("QN"), cancel(granted, CancelReason::Withdrawn));
        } else {
            story.days_later(7);
        }
        let late = story.ask(IMPORT, import(one, quantities(100, 0)));
        assert_eq!(late, Some(Reason::ImportPermitBroken), "{kill}");
        assert!(story.permit(one).is_alive());
    }
}

/// Norvia asks for import permits for Appendix II; Norvia and Portamar are a union.
fn strict_union() -> Story {
    let parties = PARTIES.map(|code| {
        let member = ["QN", "QP"].contains(&code);
        let own = Party {
            union: member.then(|| "NORTH".into()),
            import_permit_for_ii: code == "QN",
            ..plain_party()
        };
        (party(code), own)
    });
    Story::on(TestLedger::new(entries(&parties, &Parameters::default())))
}

#[test]
fn a_stricter_measure_asks_for_an_import_permit_at_the_border_and_spends_it_there() {
    let mut story = strict_union();
    let one = story.issue(WAY, "1", |_| {});
    story.leave(one, 100, 20);
    for code in ["QN", "QP"] {
        let without = story.ask(customs(code), import(one, quantities(100, 20)));
        assert_eq!(without, Some(Reason::NeedsImportPermit), "{code}");
    }
    let own = story.issue(("QP", "QP"), "i", |issue| issue.kind = Kind::Import);
    let other = story.ask(customs("QP"), import_on(one, 100, 20, own));
    assert_eq!(
        other,
        Some(Reason::ImportPermitBroken),
        "it is the destination's that counts"
    );
    let less = story.issue(("QN", "QN"), "i", |issue| {
        issue.kind = Kind::Import;
        issue.lines[1].authorised = units(19);
    });
    let over = story.ask(customs("QN"), import_on(one, 100, 20, less));
    assert_eq!(over, Some(Reason::ImportPermitBroken));
    // Less comes in, and that fits; another member of the union may accept it, once.
    story.done(customs("QP"), import_on(one, 100, 19, less));
    assert_eq!(story.permit(one).import_permit, Some(less), "linked late");
    assert!(story.permit(less).import.is_some());
    for code in ["QN", "QP"] {
        let again = story.ask(customs(code), import(one, quantities(1, 0)));
        assert_eq!(again, Some(Reason::Used), "{code}");
    }
    // A recount is bound by it as the import was.
    let imported = story.permit(one).import_record().unwrap();
    let recount = |quantity| {
        let (lines, reason) = (quantities(100, quantity), CorrectReason::Recount);
        Statement::Correct(Correct {
            permit: one,
            record: imported,
            lines,
            reason,
        })
    };
    assert_eq!(
        story.ask(customs("QP"), recount(20)),
        Some(Reason::OverQuantity)
    );
    story.done(customs("QP"), recount(18));
    // A Party that asks for none spends the one that is shown all the same.
    let two = story.issue(("QS", "QP"), "2", |_| {});
    story.leave(two, 1, 1);
    story.done(customs("QN"), import_on(two, 1, 1, own));
    assert!(story.permit(own).import.is_some());
}

fn retrospective(issue: &mut Issue) {
    issue.retrospective = Some(RetrospectiveReason::AuthorityError);
}

#[test]
fn a_retrospective_permit_is_used_only_after_the_destination_agreed() {
    let mut story = Story::new();
    story.days_later(200);
    let one = story.issue(WAY, "1", |issue| {
        retrospective(issue);
        issue.granted_on = issue.granted_on.plus_days(-90);
        issue.valid_from = issue.granted_on;
        issue.valid_until = issue.granted_on.plus_months(6);
    });
    let early = story.ask(IMPORT, import(one, quantities(100, 20)));
    assert_eq!(early, Some(Reason::Retrospective));
    let consent = |permit| Statement::Consent(Consent { permit });
    for code in ["QS", "QP"] {
        assert_eq!(
            story.ask(management(code), consent(one)),
            Some(Reason::WrongParty)
        );
    }
    assert_eq!(story.ask(customs("QN"), consent(one)), Some(Reason::Role));
    story.done(management("QN"), consent(one));
    assert_eq!(
        story.ask(management("QN"), consent(one)),
        Some(Reason::AlreadyRecorded)
    );
    let over = story.ask(IMPORT, import(one, quantities(101, 20)));
    assert_eq!(over, Some(Reason::OverQuantity));
    story.arrive(one, 100, 20);

    let plain = story.issue(WAY, "2", |_| {});
    assert_eq!(
        story.ask(management("QN"), consent(plain)),
        Some(Reason::WrongKind)
    );
    assert_eq!(
        story.ask(management("QN"), consent(key("QS", "3"))),
        Some(Reason::NotIssued)
    );
    let strict = story.try_issue(WAY, "3", |issue| {
        retrospective(issue);
        issue.lines[1].appendix = Appendix::I;
    });
    assert_eq!(strict, Some(Reason::RetrospectiveAppendixI));
}

#[test]
fn a_retrospective_permit_goes_to_a_union_with_the_consent_of_its_destination() {
    let mut story = strict_union();
    let one = story.issue(("QS", "QP"), "1", retrospective);
    let consent = Statement::Consent(Consent { permit: one });
    let fellow = story.ask(management("QN"), consent.clone());
    assert_eq!(
        fellow,
        Some(Reason::WrongParty),
        "a fellow's consent is not the destination's"
    );
    story.done(management("QP"), consent);
    story.done(customs("QN"), import(one, vec![quantities(1, 0)[0]]));
}
