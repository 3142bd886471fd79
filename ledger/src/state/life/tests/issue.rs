//! Breaches of an issue, and issues of every sort that stand.

use super::*;
use crate::digest::{Digest, OperationHash};
use crate::record::{IssuedLine, LineKey, OperationKey, Origin, Replaces, RetrospectiveReason};
use crate::state::register::OperationState;

fn granted_on(issue: &mut Issue, day: CivilDate) {
    (issue.granted_on, issue.valid_from) = (day, day);
    issue.valid_until = issue.valid_until.min(day.plus_months(6));
}

/// Transmar's export permit `o` to Suravia, all of which arrived: the same lines as the permit `1`.
pub(super) fn arrived() -> (PermitKey, PermitState) {
    let mut said = issue("o");
    said.destination = Some(party("QS"));
    let mut permit = issued_by("QT", &said);
    for line in &mut permit.lines {
        (line.endorsed, line.imported) = (Some(line.authorised), Some(line.authorised));
    }
    permit.endorsement = Some(act("QT"));
    permit.import = Some(act("QS"));
    let key = PermitKey {
        issuer: party("QT"),
        number: said.number,
    };
    (key, permit)
}

/// Draws `drawn` from a line of `permit`, as the origin itself.
pub(super) fn from(permit: PermitKey, number: u8, drawn: Quantity) -> Origin {
    let root = LineKey {
        permit,
        line: line(number),
    };
    Origin {
        root,
        last: None,
        drawn,
    }
}

/// The issue re-exports all of [`arrived`], as `change` leaves it.
pub(super) fn re_export(s: &mut Situation<Issue>, change: impl FnOnce(&mut PermitState)) {
    let (key, permit) = arrived();
    s.said.kind = Kind::ReExport;
    for (line, number) in s.said.lines.iter_mut().zip(1..) {
        if line.origins.is_empty() {
            line.origins = vec![from(key, number, line.authorised)];
        }
    }
    s.cite(key, permit, change);
}

/// The issue replaces Suravia's permit `0`, as `change` leaves it.
fn replace(s: &mut Situation<Issue>, change: impl FnOnce(&mut PermitState)) {
    let key = permit("0");
    s.said.replaces = Some(Replaces {
        number: key.number,
        reason: CancelReason::Lost,
    });
    s.cite(key, issued_by("QS", &issue("0")), change);
}

/// Line A is of Appendix I, on Norvia's import permit as `change` leaves it.
fn rest(s: &mut Situation<Issue>, change: impl FnOnce(&mut PermitState)) {
    let (key, granted) = import_permit();
    s.said.lines[0].appendix = Appendix::I;
    s.said.import_permit = Some(key);
    s.cite(key, granted, change);
}

/// A line draws on a quota.
fn draw(s: &mut Situation<Issue>, line: usize, name: &str, state: &QuotaState) {
    s.said.kind = Kind::Export;
    s.said.lines[line].species = Some(species(name));
    let key = StateKey::quota(s.author, 2026, &species(name));
    s.values.insert(key, codec::encode(state));
}

/// Line B is of a breeding operation of Appendix I, listed or not.
fn breed(s: &mut Situation<Issue>, listed: bool) {
    let operation = OperationKey {
        party: s.author,
        number: OperationHash(sha256(b"A-QS-501")),
    };
    let line = &mut s.said.lines[1];
    (line.appendix, line.source) = (Appendix::I, Source::RegisteredOperation);
    line.operation = Some(operation);
    let state = OperationState {
        listed,
        act: act("QS"),
    };
    s.values
        .insert(StateKey::operation(&operation), codec::encode(&state));
}

/// Another line as line A.
fn add_line(s: &mut Situation<Issue>, number: u8) {
    let first = s.said.lines[0].clone();
    s.said.lines.push(IssuedLine {
        line: line(number),
        origins: vec![],
        species: None,
        ..first
    });
    s.said.lines.sort_by_key(|line| line.line);
}

fn stamp(s: &mut Situation<Issue>) {
    let stamp = Digest([7; 32]);
    s.said.stamp = Some(stamp);
    let key = StateKey::stamp(s.author, &stamp);
    s.values.insert(key, codec::encode(&permit("9")));
}

const ORDER: [Reason; 23] = [
    Reason::Role,
    Reason::WrongKind,
    Reason::WrongParty,
    Reason::DuplicateNumber,
    Reason::Dates,
    Reason::ValidityTooLong,
    Reason::GrantDate,
    Reason::Expired,
    Reason::RetrospectiveAppendixI,
    Reason::NotIssued,
    Reason::Used,
    Reason::Cancelled,
    Reason::Replaced,
    Reason::ReplacementBroken,
    Reason::DuplicateStamp,
    Reason::Suspended,
    Reason::NeedsSpeciesKey,
    Reason::NeedsImportPermit,
    Reason::ImportPermitBroken,
    Reason::OriginBroken,
    Reason::OverQuantity,
    Reason::UnitMismatch,
    Reason::QuotaExceeded,
];

/// Rows about the permit alone: who, which kind, when.
#[rustfmt::skip]
fn plain_breaches() -> Vec<Breach<Issue>> {
    use Reason as R;
    vec![
        breach!(role Customs),
        breach!(role Scientific),
        breach!(role Governance),
        breach!(role Management Customs),
        ("no destination", |s| s.said.destination = None, R::WrongKind),
        ("a passport with a destination", |s| s.said.kind = Kind::MusicalInstrument, R::WrongKind),
        ("an export that cites an origin", |s| {
            re_export(s, |_| {});
            s.said.kind = Kind::Export;
        }, R::WrongKind),
        ("a retrospective import permit", |s| {
            (s.said.kind, s.said.destination) = (Kind::Import, Some(s.author));
            s.said.retrospective = Some(RetrospectiveReason::TraderMisled);
        }, R::WrongKind),
        ("a pre-Convention certificate on an import permit", |s| {
            rest(s, |_| {});
            s.said.kind = Kind::PreConvention;
        }, R::WrongKind),
        ("an import permit for another country", |s| s.said.kind = Kind::Import, R::WrongParty),
        ("a sea certificate for another country", |s| s.said.kind = Kind::IntroductionFromTheSea, R::WrongParty),
        ("issued before", |s| s.permit = Some(alive()), R::DuplicateNumber),
        ("issued and cancelled before", |s| {
            s.permit = Some(alive());
            s.with(|permit| permit.cancellation = Some(cancellation(CancelReason::Clerical)));
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
        ("retrospective for Appendix I", |s| {
            s.said.retrospective = Some(RetrospectiveReason::AuthorityError);
            s.said.lines[1].appendix = Appendix::I;
        }, R::RetrospectiveAppendixI),
    ]
}

/// Rows about the permit that is replaced, the stamp, suspensions, import permits and quotas.
#[rustfmt::skip]
fn linked_breaches() -> Vec<Breach<Issue>> {
    use Reason as R;
    vec![
        ("replaces what was never issued", |s| {
            s.said.replaces = Some(Replaces { number: permit("gone").number, reason: CancelReason::Lost });
        }, R::NotIssued),
        ("replaces a spent permit", |s| replace(s, |old| old.import = Some(act("QN"))), R::Used),
        ("replaces a withdrawn permit", |s| {
            replace(s, |old| old.cancellation = Some(cancellation(CancelReason::Withdrawn)));
        }, R::Cancelled),
        ("replaces what another replaced", |s| {
            replace(s, |old| old.replaced_by = Some(permit("2").number));
        }, R::Replaced),
        ("replaces a permit of another kind", |s| replace(s, |old| old.kind = Kind::Origin), R::ReplacementBroken),
        ("replaces a certificate on which some landed", |s| {
            replace(s, |old| old.lines[0].imported = Some(units(1)));
        }, R::ReplacementBroken),
        ("replaces what was endorsed, with more", |s| {
            s.said.lines[0].authorised = units(101);
            replace(s, |old| old.endorsement = Some(act("QS")));
        }, R::ReplacementBroken),
        ("replaces what was endorsed, for another country", |s| {
            s.said.destination = Some(party("QP"));
            replace(s, |old| old.endorsement = Some(act("QS")));
        }, R::ReplacementBroken),
        ("replaces what was endorsed, with a line more", |s| {
            add_line(s, 4);
            replace(s, |old| old.endorsement = Some(act("QS")));
        }, R::ReplacementBroken),
        ("a stamp that another permit bears", stamp, R::DuplicateStamp),
        ("the Party suspended all exports", |s| s.suspend("QS", "QS", None), R::Suspended),
        ("the destination suspended all of them", |s| s.suspend("QS", "QN", None), R::Suspended),
        ("the destination suspended the species of line A", |s| {
            s.said.lines[0].species = Some(species("a"));
            s.suspend("QS", "QN", Some(species("a")));
        }, R::Suspended),
        ("no species key while some species is suspended", |s| {
            s.said.lines[0].species = Some(species("a"));
            s.suspend("QS", "QS", Some(species("x")));
        }, R::NeedsSpeciesKey),
        ("no species key on line A while some species is suspended", |s| {
            s.said.lines[1].species = Some(species("b"));
            s.suspend("QS", "QS", Some(species("x")));
        }, R::NeedsSpeciesKey),
        ("Appendix I from the wild", |s| s.said.lines[1].appendix = Appendix::I, R::NeedsImportPermit),
        ("Appendix I on another document", |s| {
            s.said.kind = Kind::Other;
            s.said.lines[1].appendix = Appendix::I;
        }, R::NeedsImportPermit),
        ("Appendix I bred in captivity", |s| {
            s.said.kind = Kind::Export;
            s.said.lines[0].appendix = Appendix::I;
            s.said.lines[0].source = Source::CaptiveBred;
        }, R::NeedsImportPermit),
        ("Appendix I of an operation struck off the register", |s| breed(s, false), R::NeedsImportPermit),
        ("an import permit that was never issued", |s| {
            rest(s, |_| {});
            s.cited.remove(&import_permit().0);
        }, R::ImportPermitBroken),
        ("a spent import permit", |s| rest(s, |granted| granted.import = Some(act("QN"))), R::ImportPermitBroken),
        ("a cancelled import permit", |s| {
            rest(s, |granted| granted.cancellation = Some(cancellation(CancelReason::Lost)));
        }, R::ImportPermitBroken),
        ("an import permit that is over", |s| {
            rest(s, |granted| granted.valid_until = START.date().plus_days(-2));
        }, R::ImportPermitBroken),
        ("an import permit for less", |s| {
            rest(s, |granted| granted.lines[0].authorised = Quantity::from_scaled(999_999).expect("a quantity"));
        }, R::ImportPermitBroken),
        ("an import permit for another taxon", |s| {
            rest(s, |granted| granted.lines.remove(0).line = line(1));
        }, R::ImportPermitBroken),
        ("an import permit of another country", |s| {
            rest(s, |_| {});
            s.said.import_permit = Some(PermitKey { issuer: party("QP"), ..import_permit().0 });
        }, R::ImportPermitBroken),
        ("two lines of one taxon on an import permit for one of them", |s| {
            rest(s, |_| {});
            add_line(s, 3);
        }, R::ImportPermitBroken),
        ("a quota in another unit", |s| draw(s, 1, "b", &quota(Unit::Number, 0)), R::UnitMismatch),
        ("a ten-thousandth above the quota", |s| {
            let drawn = Quantity::from_scaled(1).expect("a quantity");
            draw(s, 0, "a", &QuotaState { drawn, ..quota(Unit::Number, 0) });
        }, R::QuotaExceeded),
    ]
}

/// Rows about what is re-exported.
#[rustfmt::skip]
fn origin_breaches() -> Vec<Breach<Issue>> {
    use Reason as R;
    vec![
        ("an origin that was never issued", |s| {
            re_export(s, |_| {});
            s.cited.remove(&arrived().0);
        }, R::OriginBroken),
        ("itself", |s| {
            re_export(s, |_| {});
            s.said.lines[0].origins = vec![from(permit("1"), 1, units(100))];
        }, R::OriginBroken),
        ("a line that the origin does not have", |s| {
            re_export(s, |_| {});
            s.said.lines[1].origins[0].root.line = line(3);
        }, R::OriginBroken),
        ("an origin that has not arrived", |s| re_export(s, |origin| origin.lines[1].imported = None), R::OriginBroken),
        ("an origin that arrived elsewhere", |s| {
            re_export(s, |origin| origin.destination = Some(party("QN")));
        }, R::OriginBroken),
        ("an origin of another taxon", |s| {
            re_export(s, |origin| origin.lines[1].taxon = origin.lines[0].taxon);
        }, R::OriginBroken),
        ("an origin of another source", |s| {
            re_export(s, |origin| origin.lines[1].source = Source::Ranched);
        }, R::OriginBroken),
        ("an import permit for an origin", |s| re_export(s, |origin| origin.kind = Kind::Import), R::OriginBroken),
        ("a passport for an origin", |s| re_export(s, |origin| origin.kind = Kind::SampleCollection), R::OriginBroken),
        ("a re-export for the origin itself", |s| re_export(s, |origin| origin.kind = Kind::ReExport), R::OriginBroken),
        ("an export for the last re-export", |s| {
            re_export(s, |_| {});
            let origin = &mut s.said.lines[1].origins[0];
            origin.last = Some(origin.root);
        }, R::OriginBroken),
        ("another origin than the last re-export had", |s| {
            re_export(s, |last| {
                last.kind = Kind::ReExport;
                for line in &mut last.lines {
                    line.origins = vec![from(permit("root"), 1, units(1))];
                }
            });
            for line in &mut s.said.lines {
                line.origins[0].last = Some(line.origins[0].root);
            }
        }, R::OriginBroken),
        ("thirty-three re-exports behind it", |s| re_export(s, |origin| origin.lines[1].depth = 32), R::OriginBroken),
        ("a ten-thousandth more than arrived", |s| re_export(s, |origin| {
            origin.lines[0].imported = Quantity::from_scaled(999_999);
        }), R::OverQuantity),
        ("more than earlier re-exports left", |s| re_export(s, |origin| origin.lines[0].re_exported = units(1)), R::OverQuantity),
    ]
}

#[test]
#[rustfmt::skip]
fn an_issue_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let good = Situation::new("QS", Role::Management, issue("1"));
    let breaches: Vec<_> = plain_breaches().into_iter()
        .chain(linked_breaches())
        .chain(origin_breaches())
        .collect();
    let never: Vec<_> = [
        // What is issued by the country of import is no export: not suspended, on no import permit, of no quota.
        pairs(R::WrongParty, &[R::Suspended, R::NeedsSpeciesKey, R::NeedsImportPermit, R::UnitMismatch, R::QuotaExceeded]),
        // Nothing is known of a permit that is not there.
        pairs(R::NotIssued, &[R::Used, R::Cancelled, R::Replaced, R::ReplacementBroken]),
        // Either none, or a broken one.
        pairs(R::NeedsImportPermit, &[R::ImportPermitBroken]),
    ].concat();
    check(ISSUE, &ORDER, &good, Statement::Issue, &breaches, &never);
}

#[test]
#[rustfmt::skip]
fn issues_of_every_sort_stand() {
    let cases: &[(&str, fn(&mut Situation<Issue>))] = &[
        ("to the last day of its kind", |s| s.said.valid_until = s.said.granted_on.plus_months(6)),
        ("granted on the last day that is not retrospective", |s| granted_on(&mut s.said, s.now.date().plus_days(-30))),
        ("retrospective, granted long ago", |s| {
            granted_on(&mut s.said, s.now.date().plus_days(-150));
            s.said.retrospective = Some(RetrospectiveReason::TraderMisled);
        }),
        ("for a Party that is not on the ledger", |s| s.said.destination = Some(party("QX"))),
        ("an import permit", |s| (s.said.kind, s.said.destination) = (Kind::Import, Some(s.author))),
        ("a sea certificate", |s| (s.said.kind, s.said.destination) = (Kind::IntroductionFromTheSea, Some(s.author))),
        ("a passport", |s| (s.said.kind, s.said.destination) = (Kind::PersonalOwnership, None)),
        ("Appendix I on an import permit", |s| rest(s, |_| {})),
        ("Appendix I on the import permit of a Party that is not on the ledger", |s| {
            rest(s, |_| {});
            s.said.destination = Some(party("QX"));
            s.said.import_permit = Some(PermitKey { issuer: party("QX"), ..import_permit().0 });
        }),
        ("Appendix II on an import permit for something else", |s| {
            rest(s, |granted| granted.lines.truncate(1));
            s.said.lines[0].appendix = Appendix::II;
        }),
        ("Appendix I of a registered operation", |s| breed(s, true)),
        ("Appendix I re-exported", |s| {
            re_export(s, |origin| origin.lines[0].appendix = Appendix::I);
            s.said.lines[0].appendix = Appendix::I;
        }),
        ("Appendix I before the Convention", |s| {
            s.said.kind = Kind::PreConvention;
            s.said.lines[0].appendix = Appendix::I;
        }),
        ("a replacement of a lost permit", |s| replace(s, |_| {})),
        ("a replacement of what was reported lost before", |s| {
            replace(s, |old| old.cancellation = Some(cancellation(CancelReason::Lost)));
        }),
        ("another quantity before it was endorsed", |s| {
            s.said.lines[0].authorised = units(101);
            replace(s, |_| {});
        }),
        ("a true duplicate after it was endorsed", |s| replace(s, |old| old.endorsement = Some(act("QS")))),
        ("a stamp of its own", |s| s.said.stamp = Some(Digest([8; 32]))),
        ("the stamp of another Party's permit", |s| {
            s.said.stamp = Some(Digest([8; 32]));
            let key = StateKey::stamp(party("QN"), &Digest([8; 32]));
            s.values.insert(key, codec::encode(&permit("9")));
        }),
        ("while another species is suspended", |s| {
            for line in &mut s.said.lines {
                line.species = Some(species("a"));
            }
            s.suspend("QS", "QS", Some(species("x")));
        }),
        ("an import permit while all exports are suspended", |s| {
            (s.said.kind, s.said.destination) = (Kind::Import, Some(s.author));
            s.suspend("QS", "QS", None);
        }),
        ("the last of a quota", |s| {
            draw(s, 0, "a", &quota(Unit::Number, 0));
        }),
        ("a species of a quota that does not leave its country of origin", |s| {
            draw(s, 0, "a", &quota(Unit::Number, 100));
            re_export(s, |_| {});
        }),
        ("all that arrived", |s| re_export(s, |_| {})),
        ("what arrived in the union", |s| {
            let member = Party { union: Some("SOUTH".into()), ..plain_party() };
            s.parties = [(party("QS"), member.clone()), (party("QP"), member)].into();
            re_export(s, |origin| origin.destination = Some(party("QP")));
        }),
        ("of an origin that is not on the ledger", |s| {
            re_export(s, |_| {});
            for line in &mut s.said.lines {
                line.origins[0].root.permit.issuer = party("QX");
            }
        }),
        ("of no known origin", |s| s.said.kind = Kind::ReExport),
        ("of a certificate that cites nothing", |s| {
            re_export(s, |last| last.kind = Kind::ReExport);
            for line in &mut s.said.lines {
                line.origins[0].last = Some(line.origins[0].root);
                line.origins[0].root.permit = permit("root");
            }
        }),
        ("thirty-two re-exports behind it", |s| re_export(s, |origin| origin.lines[1].depth = 31)),
    ];
    for (what, change) in cases {
        let mut situation = Situation::new("QS", Role::Management, issue("1"));
        change(&mut situation);
        let (judgement, _) = situation.judged(Statement::Issue);
        assert_eq!(judgement.broken, [], "{what}");
    }
}
