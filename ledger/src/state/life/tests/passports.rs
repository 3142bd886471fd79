//! Breaches of what customs state beside the way of one consignment: crossings, corrections, paper.

use super::*;
use crate::digest::{Commitment, Digest};
use crate::limits::PAPER_CLAIMS_MAX;
use crate::record::{Correct, CorrectReason, Cross, Direction, PaperSeen};
use crate::state::register::{PaperClaim, PaperState};
use crate::testing::{port, quantities};

/// A musical instrument of Suravia, at home.
fn passport() -> PermitState {
    let mut said = issue("1");
    (said.kind, said.destination) = (Kind::MusicalInstrument, None);
    issued_by("QS", &said)
}

fn leaving() -> Situation<Cross> {
    let said = Cross {
        permit: permit("1"),
        direction: Direction::Out,
        port: port("QSSUR"),
        document: issue("1").commitment,
    };
    Situation::new("QS", Role::Customs, said).about(passport())
}

fn inside(s: &mut Situation<Cross>, state: Option<&str>) {
    let state = state.map(party);
    s.with(|permit| {
        if let Some(crossings) = &mut permit.crossings {
            crossings.inside = state;
        }
    });
}

#[test]
#[rustfmt::skip]
fn a_crossing_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongKind, R::Cancelled, R::Replaced, R::Lost, R::Stolen,
        R::NotYetValid, R::Expired, R::Altered, R::CrossingBroken,
    ];
    let breaches: &[Breach<Cross>] = &[
        breach!(role Management),
        breach!(role Customs Scientific),
        breach!(not issued),
        breach!(kind Export),
        breach!(kind IntroductionFromTheSea),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(replaced Damaged),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        breach!(early),
        breach!(late),
        ("coming in abroad after its last day", |s| {
            inside(s, None);
            (s.author, s.said.direction) = (party("QN"), Direction::In);
            s.with(|permit| permit.valid_until = START.date().plus_days(-2));
        }, R::Expired),
        ("with another document", |s| s.said.document = Commitment::default(), R::Altered),
        ("out twice", |s| inside(s, None), R::CrossingBroken),
        ("out of a State where it is not", |s| s.author = party("QN"), R::CrossingBroken),
        ("out at home while it is abroad", |s| inside(s, Some("QT")), R::CrossingBroken),
        ("in while it is in another", |s| {
            (s.author, s.said.direction) = (party("QN"), Direction::In);
        }, R::CrossingBroken),
        ("in where it is already", |s| s.said.direction = Direction::In, R::CrossingBroken),
    ];
    let never: Vec<_> = no_permit(&order, &[R::CrossingBroken]).into_iter().chain(one_cancellation()).collect();
    check(CROSS, &order, &leaving(), Statement::Cross, breaches, &never);
}

#[test]
fn a_crossing_follows_the_document() {
    let cases: [fn(&mut Situation<Cross>); 5] = [
        |s| {
            // In anywhere, once it is out.
            inside(s, None);
            (s.author, s.said.direction) = (party("QP"), Direction::In);
        },
        |s| {
            inside(s, Some("QP"));
            s.author = party("QP");
        },
        |s| {
            // Expired, but coming home.
            inside(s, None);
            s.said.direction = Direction::In;
            s.with(|permit| permit.valid_until = START.date().plus_days(-2));
        },
        |s| {
            // Out of a union through another of its members.
            inside(s, Some("QN"));
            s.author = party("QP");
            let member = Party {
                union: Some("NORTH".into()),
                ..plain_party()
            };
            s.parties = [(party("QN"), member.clone()), (party("QP"), member)].into();
        },
        |s| s.with(|permit| permit.crossings.as_mut().expect("a passport").count = u32::MAX),
    ];
    for change in cases {
        let mut situation = leaving();
        change(&mut situation);
        situation.is_applied(Statement::Cross);
    }
}

fn correction(of: &str) -> Situation<Correct> {
    let said = Correct {
        permit: permit("1"),
        record: RecordDigest(sha256(of.as_bytes())),
        lines: quantities(9, 10),
        reason: CorrectReason::Recount,
    };
    let author = if of == "import" { "QN" } else { "QS" };
    Situation::new(author, Role::Customs, said).about(imported())
}

#[test]
#[rustfmt::skip]
fn a_correction_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::UnknownRecord, R::WrongParty, R::Used, R::UnknownLine, R::UnitMismatch,
        R::OverQuantity, R::OriginBroken,
    ];
    let breaches: &[Breach<Correct>] = &[
        breach!(role Management),
        breach!(not issued),
        ("a record that is neither", |s| s.said.record = RecordDigest::default(), R::UnknownRecord),
        ("the import, which was corrected since", |s| s.with(|permit| {
            permit.import_corrected = Some(act_by("QN", "correction"));
        }), R::UnknownRecord),
        ("a landing from the sea", |s| s.with(|permit| permit.kind = Kind::IntroductionFromTheSea), R::UnknownRecord),
        ("the use of an import permit", |s| s.with(|permit| permit.kind = Kind::Import), R::UnknownRecord),
        breach!(author "QS"),
        breach!(author "QP"),
        ("the endorsement, after the import", |s| {
            s.said.record = RecordDigest(sha256(b"endorsement"));
            s.author = party("QS");
        }, R::Used),
        breach!(unknown line),
        breach!(other unit),
        breach!(over 10),
        ("more than authorised", |s| s.said.lines[0].quantity = units(101), R::OverQuantity),
        ("more than its import permit granted", |s| {
            let (key, mut granted) = import_permit();
            granted.lines[0].authorised = units(8);
            s.with(|permit| {
                permit.lines[0].appendix = Appendix::I;
                permit.import_permit = Some(key);
            });
            s.cite(key, granted, |_| {});
        }, R::OverQuantity),
        ("more than left, of what arrived", |s| s.said.lines[0].quantity = units(11), R::OverQuantity),
        ("less than was re-exported since", |s| s.with(|permit| permit.lines[1].re_exported = units(11)), R::OriginBroken),
        ("a line left out that was re-exported", |s| {
            s.with(|permit| permit.lines[1].re_exported = units(1));
            s.said.lines.retain(|named| named.line != line(2));
        }, R::OriginBroken),
    ];
    let never: Vec<_> = no_permit(&order, &[R::UnknownLine]).into_iter()
        // Without a record that is corrected nothing limits the quantities, and nobody made it.
        .chain(pairs(R::UnknownRecord, &[R::WrongParty, R::Used, R::OverQuantity, R::OriginBroken]))
        // The one is about the endorsement, the other about the import.
        .chain(pairs(R::Used, &[R::OriginBroken]))
        .collect();
    check(CORRECT, &order, &correction("import"), Statement::Correct, breaches, &never);
}

#[test]
fn an_endorsement_is_corrected_before_the_import_and_up_to_what_was_authorised() {
    let mut good = correction("endorsement");
    good.with(|permit| permit.import = None);
    good.said.lines = quantities(100, 20);
    good.is_applied(Statement::Correct);
    good.said.lines = quantities(101, 20);
    let over = good.judged(Statement::Correct).1.refused;
    assert_eq!(over, Some(Reason::OverQuantity));
    good.said.lines = quantities(0, 1);
    good.is_applied(Statement::Correct);
}

/// Paper of a Party that is not on the ledger.
fn paper() -> PermitKey {
    PermitKey {
        issuer: party("QX"),
        ..permit("1")
    }
}

fn claim(s: &mut Situation<PaperSeen>, document: u8) {
    let claim = PaperClaim {
        stamp: s.said.stamp,
        document: sha256(&[document]),
        act: act("QP"),
    };
    s.enter(StateKey::paper(&paper()), |all: &mut PaperState| {
        all.0.push(claim)
    });
}

#[test]
#[rustfmt::skip]
fn a_claim_on_paper_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [R::Role, R::OnLedgerParty, R::Used, R::RegisterFull];
    let said = PaperSeen {
        permit: paper(), stamp: Some(Digest([5; 32])), document: sha256(&[0]), port: port("QNHAR"),
    };
    let good = Situation::new("QN", Role::Customs, said);
    let breaches: &[Breach<PaperSeen>] = &[
        breach!(role Management),
        ("its Party is on the ledger", |s| {
            s.parties.insert(party("QX"), plain_party());
        }, R::OnLedgerParty),
        ("cleared before", |s| claim(s, 0), R::Used),
        ("as many claims as a number may have", |s| {
            (0..u8::try_from(PAPER_CLAIMS_MAX).expect("few")).for_each(|n| claim(s, n + 100));
        }, R::RegisterFull),
    ];
    check(PAPER_SEEN, &order, &good, Statement::PaperSeen, breaches, &[]);
    let others: [fn(&mut Situation<PaperSeen>); 3] = [
        |s| claim(s, 1),
        |s| {
            claim(s, 0);
            s.said.stamp = None;
        },
        |s| (1..u8::try_from(PAPER_CLAIMS_MAX).expect("few")).for_each(|n| claim(s, n)),
    ];
    for change in others {
        let mut situation = good.clone();
        change(&mut situation);
        situation.is_applied(Statement::PaperSeen);
    }
}
