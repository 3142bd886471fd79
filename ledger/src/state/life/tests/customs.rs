//! Breaches of what customs state of goods: endorsed, seen, accepted, refused.

use super::*;
use crate::record::{Endorse, Import, Refuse, Sight};
use crate::testing::{port, quantities};

#[test]
#[rustfmt::skip]
fn an_endorsement_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongKind, R::WrongParty, R::Used, R::Cancelled, R::Replaced,
        R::Lost, R::Stolen, R::AlreadyEndorsed, R::NotYetValid, R::Expired, R::Suspended,
        R::UnknownLine, R::UnitMismatch, R::OverQuantity,
    ];
    let said = Endorse { permit: permit("1"), lines: quantities(100, 20), port: port("QSSUR"), transport: None };
    let good = Situation::new("QS", Role::Customs, said).about(alive());
    let breaches: &[Breach<Endorse>] = &[
        breach!(role Management),
        breach!(role Management Customs),
        breach!(not issued),
        breach!(kind Import),
        breach!(kind IntroductionFromTheSea),
        breach!(kind TravellingExhibition),
        breach!(author "QN"),
        breach!(author "QT"),
        breach!(used),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(cancelled Damaged Cancelled),
        breach!(replaced Clerical),
        breach!(replaced Stolen),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        ("endorsed before", |s| s.with(|permit| permit.endorsement = Some(act("QS"))), R::AlreadyEndorsed),
        breach!(early),
        breach!(late),
        ("the Party suspended all exports", |s| s.suspend("QS", "QS", None), R::Suspended),
        ("the destination suspended all of them", |s| s.suspend("QS", "QN", None), R::Suspended),
        ("the Party suspended the species of line B", |s| {
            s.with(|permit| permit.lines[1].species = Some(species("b")));
            s.suspend("QS", "QS", Some(species("b")));
        }, R::Suspended),
        breach!(unknown line),
        breach!(other unit),
        breach!(over 100),
    ];
    // What is never endorsed is not concerned by a suspension of exports.
    let never: Vec<_> = no_permit(&order, &[R::WrongParty, R::UnknownLine]).into_iter()
        .chain(one_cancellation())
        .chain(pairs(R::WrongKind, &[R::Suspended]))
        .collect();
    check(ENDORSE, &order, &good, Statement::Endorse, breaches, &never);
}

#[test]
fn a_suspension_refuses_only_what_it_names_and_while_it_holds() {
    let said = Endorse {
        permit: permit("1"),
        lines: quantities(1, 1),
        port: port("QSSUR"),
        transport: None,
    };
    let mut good = Situation::new("QS", Role::Customs, said).about(alive());
    good.with(|permit| permit.lines[0].species = Some(species("a")));
    let cases: [fn(&mut Situation<Endorse>); 4] = [
        |s| s.suspend("QS", "QP", None),
        |s| s.suspend("QT", "QS", None),
        |s| s.suspend("QS", "QS", Some(species("b"))),
        |s| {
            let (from, until) = (START.date().plus_days(-9), Some(START.date().plus_days(-1)));
            let act = act("QS");
            s.enter(
                StateKey::suspensions(party("QS")),
                |all: &mut Suspensions| {
                    all.0.push(Suspension {
                        species: None,
                        from,
                        until,
                        act,
                    });
                },
            );
        },
    ];
    for suspend in cases {
        let mut situation = good.clone();
        suspend(&mut situation);
        situation.is_applied(Statement::Endorse);
    }
}

/// Norvia asks for an import permit for Appendix II too.
fn stricter<S: Clone>(s: &mut Situation<S>) {
    let norvia = s.parties.entry(party("QN")).or_insert_with(plain_party);
    norvia.import_permit_for_ii = true;
}

/// The permit is one of Appendix I, issued on Norvia's import permit.
fn of_appendix_i(s: &mut Situation<Import>, change: impl FnOnce(&mut PermitState)) {
    let (key, granted) = import_permit();
    s.with(|permit| {
        permit.lines[0].appendix = Appendix::I;
        permit.import_permit = Some(key);
    });
    s.cite(key, granted, change);
}

/// The line is of Appendix I and of a registered operation.
fn registered(line: &mut LineState) {
    let operation = crate::record::OperationKey {
        party: party("QS"),
        number: crate::digest::OperationHash::default(),
    };
    line.appendix = Appendix::I;
    line.source = Source::RegisteredOperation;
    line.operation = Some(operation);
}

fn arrival() -> Situation<Import> {
    let said = Import {
        permit: permit("1"),
        lines: quantities(10, 10),
        port: port("QNHAR"),
        import_permit: None,
    };
    Situation::new("QN", Role::Customs, said).about(endorsed())
}

#[test]
#[rustfmt::skip]
fn an_import_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongKind, R::WrongParty, R::Used, R::Cancelled, R::Replaced,
        R::Lost, R::Stolen, R::NotYetValid, R::Expired, R::Retrospective, R::NotEndorsed,
        R::NeedsImportPermit, R::ImportPermitBroken, R::UnknownLine, R::UnitMismatch, R::OverQuantity,
    ];
    let breaches: &[Breach<Import>] = &[
        breach!(role Management),
        breach!(role Customs Scientific),
        breach!(not issued),
        breach!(kind Import),
        breach!(kind SampleCollection),
        ("a passport, which names no destination", |s| s.with(|permit| {
            (permit.kind, permit.destination) = (Kind::MusicalInstrument, None);
        }), R::WrongKind),
        ("a certificate that rests on no other permit, with one", |s| {
            s.said.import_permit = Some(import_permit().0);
            s.with(|permit| permit.kind = Kind::Origin);
        }, R::WrongKind),
        breach!(author "QS"),
        breach!(author "QP"),
        ("for no country", |s| s.with(|permit| permit.destination = None), R::WrongParty),
        breach!(used),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(replaced Clerical),
        breach!(replaced Lost),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        breach!(early),
        breach!(late),
        ("retrospective without consent", |s| s.with(|permit| {
            permit.retrospective = Some(crate::record::RetrospectiveReason::TraderMisled);
        }), R::Retrospective),
        ("never endorsed", |s| s.with(|permit| permit.endorsement = None), R::NotEndorsed),
        ("Appendix I, and no import permit", |s| s.with(|permit| {
            permit.lines[1].appendix = Appendix::I;
        }), R::NeedsImportPermit),
        ("Appendix II, and no import permit where one is asked for", stricter, R::NeedsImportPermit),
        ("Appendix I that counts as II, the same", |s| {
            stricter(s);
            s.with(|permit| {
                permit.lines.truncate(1);
                registered(&mut permit.lines[0]);
            });
            s.said.lines.retain(|named| named.line == line(1));
        }, R::NeedsImportPermit),
        ("its import permit is not on the ledger", |s| {
            of_appendix_i(s, |_| {});
            s.cited.clear();
        }, R::ImportPermitBroken),
        ("its import permit is spent", |s| {
            of_appendix_i(s, |granted| granted.import = Some(act("QN")));
        }, R::ImportPermitBroken),
        ("its import permit is cancelled", |s| {
            of_appendix_i(s, |granted| granted.cancellation = Some(cancellation(CancelReason::Clerical)));
        }, R::ImportPermitBroken),
        ("its import permit is over", |s| {
            of_appendix_i(s, |granted| granted.valid_until = START.date().plus_days(-2));
        }, R::ImportPermitBroken),
        ("its import permit has not begun", |s| {
            of_appendix_i(s, |granted| granted.valid_from = START.date().plus_days(2));
        }, R::ImportPermitBroken),
        ("its import permit grants less", |s| {
            of_appendix_i(s, |granted| granted.lines[0].authorised = units(9));
        }, R::ImportPermitBroken),
        ("its import permit is for another taxon", |s| {
            of_appendix_i(s, |granted| granted.lines[0].taxon = granted.lines[1].taxon);
        }, R::ImportPermitBroken),
        ("its import permit is in another unit", |s| {
            of_appendix_i(s, |granted| granted.lines[0].unit = Unit::Gram);
        }, R::ImportPermitBroken),
        ("an export permit for an import permit", |s| {
            of_appendix_i(s, |granted| granted.kind = Kind::Export);
        }, R::ImportPermitBroken),
        ("another import permit than the one it was issued on", |s| {
            of_appendix_i(s, |_| {});
            s.said.import_permit = Some(permit("other"));
        }, R::ImportPermitBroken),
        ("an import permit of another Party", |s| {
            stricter(s);
            let (key, granted) = import_permit();
            let key = PermitKey { issuer: party("QP"), ..key };
            s.said.import_permit = Some(key);
            s.cite(key, PermitState { issuer: party("QP"), ..granted }, |_| {});
        }, R::ImportPermitBroken),
        breach!(unknown line),
        breach!(other unit),
        breach!(over 10),
    ];
    let never: Vec<_> = no_permit(&order, &[R::WrongParty, R::UnknownLine]).into_iter()
        .chain(one_cancellation())
        // What is spent beside other permits, never collected, or of Art. VII, rests on no other permit.
        .chain(pairs(R::WrongKind, &[R::NeedsImportPermit]))
        // What is issued after departure waits for consent, not for an endorsement.
        .chain(pairs(R::Retrospective, &[R::NotEndorsed]))
        // Either none, or a broken one.
        .chain(pairs(R::NeedsImportPermit, &[R::ImportPermitBroken]))
        .collect();
    check(IMPORT, &order, &arrival(), Statement::Import, breaches, &never);
}

#[test]
fn an_import_rests_on_whatever_its_lines_and_its_destination_ask_for() {
    let cases: [fn(&mut Situation<Import>); 7] = [
        |s| of_appendix_i(s, |_| {}),
        |s| {
            // Named again as it was issued.
            of_appendix_i(s, |_| {});
            s.said.import_permit = Some(import_permit().0);
        },
        |s| {
            stricter(s);
            let (key, granted) = import_permit();
            s.said.import_permit = Some(key);
            s.cite(key, granted, |_| {});
        },
        |s| {
            // What the destination did not ask for may be in less: only what rests on it counts.
            let (key, granted) = import_permit();
            s.said.import_permit = Some(key);
            s.cite(key, granted, |granted| granted.lines.truncate(1));
        },
        |s| {
            // A certificate of Art. VII stands for all others.
            stricter(s);
            s.with(|permit| {
                permit.kind = Kind::PreConvention;
                permit.lines[0].appendix = Appendix::I;
            });
        },
        |s| {
            // Of a registered operation: as Appendix II.
            s.with(|permit| registered(&mut permit.lines[0]));
        },
        |s| {
            // Retrospective, agreed to, never endorsed: the goods had left.
            s.with(|permit| {
                permit.retrospective = Some(crate::record::RetrospectiveReason::AuthorityError);
                permit.consent = Some(act("QN"));
                permit.endorsement = None;
            });
        },
    ];
    for change in cases {
        let mut situation = arrival();
        change(&mut situation);
        situation.is_applied(Statement::Import);
    }
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
    for good in [
        unknown.clone(),
        unknown.clone().about(alive()),
        unknown.clone().about(imported()),
    ] {
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
        ("for being less than was authorised", |s| s.said.reason = Reason::LessThanAuthorised, Reason::WrongKind),
    ];
    let unknown = Situation::new("QT", Role::Customs, said);
    for good in [unknown.clone(), unknown.about(alive())] {
        check(REFUSE, &order, &good, Statement::Refuse, breaches, &[]);
    }
}
