//! Ways that are not one consignment: passports, landings from the sea, corrections, notices, paper.

use std::vec;

use super::story::{Story, customs, first, key, management, re_export, scaled};
use super::*;
use crate::codes::{Kind, Unit};
use crate::digest::{Commitment, Digest, RecordDigest, sha256};
use crate::limits::PORTS_COUNTED_MAX;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{Correct, CorrectReason, Cross, Direction, LineQuantity, PaperSeen};
use crate::state::register::PaperState;
use crate::testing::{line, port, units};

const WAY: (&str, &str) = ("QS", "QN");

/// A musical instrument of Suravia, and its document.
fn instrument(story: &mut Story) -> (PermitKey, Commitment) {
    let key = story.issue(WAY, "1", |issue| {
        (issue.kind, issue.destination) = (Kind::MusicalInstrument, None);
    });
    (key, story.permit(key).commitment)
}

fn crossing(permit: PermitKey, direction: Direction, document: Commitment) -> Statement {
    let port = port("QNHAR");
    Statement::Cross(Cross {
        permit,
        direction,
        port,
        document,
    })
}

#[test]
fn a_passport_goes_out_and_in_by_turns_and_is_never_spent() {
    use Direction::{In, Out};
    let mut story = Story::new();
    let (key, document) = instrument(&mut story);
    let broken = Some(Reason::CrossingBroken);
    // Who, which way, and the answer.
    for (code, direction, answer) in [
        ("QS", In, broken),
        ("QN", In, broken),
        ("QN", Out, broken),
        ("QS", Out, None),
        ("QS", Out, broken),
        ("QN", In, None),
        ("QT", In, broken),
        ("QS", In, broken),
        ("QS", Out, broken),
        ("QN", Out, None),
        ("QT", In, None),
        ("QT", Out, None),
        ("QS", In, None),
        ("QS", Out, None),
        ("QS", In, None),
    ] {
        let answered = story.ask(customs(code), crossing(key, direction, document));
        assert_eq!(answered, answer, "{code} {}", direction.as_str());
    }
    let permit = story.permit(key);
    let crossings = permit.crossings.clone().unwrap();
    assert_eq!((crossings.inside, crossings.count), (Some(party("QS")), 8));
    assert!(permit.is_alive());
    assert_eq!(permit.refused_attempts, 7);
    let other = story.ask(customs("QS"), crossing(key, Out, Commitment::default()));
    assert_eq!(other, Some(Reason::Altered));
    for refused in [
        endorse(key, quantities(1, 1)),
        import(key, quantities(1, 1)),
    ] {
        assert_eq!(story.ask(customs("QN"), refused), Some(Reason::WrongKind));
    }
}

#[test]
fn a_passport_that_is_over_still_comes_home() {
    let mut story = Story::new();
    let (key, document) = instrument(&mut story);
    story.done(customs("QS"), crossing(key, Direction::Out, document));
    story.days_later(200);
    let abroad = story.ask(customs("QN"), crossing(key, Direction::In, document));
    assert_eq!(abroad, Some(Reason::Expired));
    story.done(customs("QS"), crossing(key, Direction::In, document));
    let out = story.ask(customs("QS"), crossing(key, Direction::Out, document));
    assert_eq!(out, Some(Reason::Expired));
}

#[test]
fn a_passport_that_expires_abroad_may_go_home_and_nowhere_else() {
    let mut story = Story::new();
    let (key, document) = instrument(&mut story);
    story.done(customs("QS"), crossing(key, Direction::Out, document));
    story.done(customs("QN"), crossing(key, Direction::In, document));
    story.days_later(200);
    story.done(customs("QN"), crossing(key, Direction::Out, document));
    let elsewhere = story.ask(customs("QP"), crossing(key, Direction::In, document));
    assert_eq!(elsewhere, Some(Reason::Expired));
    story.done(customs("QS"), crossing(key, Direction::In, document));
}

#[test]
fn landings_from_the_sea_draw_on_their_total_until_nothing_is_left() {
    let mut story = Story::new();
    let key = story.issue(("QN", "QN"), "1", |issue| {
        issue.kind = Kind::IntroductionFromTheSea;
        issue.valid_until = issue.granted_on.plus_months(12);
    });
    let left = |story: &Story| {
        story
            .permit(key)
            .lines
            .iter()
            .map(LineState::left_of_total)
            .collect::<Vec<_>>()
    };
    story.arrive(key, 60, 0);
    assert_eq!(left(&story), [units(40), units(20)]);
    let over = story.ask(IMPORT, import(key, quantities(41, 1)));
    assert_eq!(over, Some(Reason::OverQuantity), "and nothing of it lands");
    assert_eq!(left(&story), [units(40), units(20)]);
    let foreign = story.ask(customs("QS"), import(key, quantities(1, 1)));
    assert_eq!(foreign, Some(Reason::WrongParty));
    story.days_later(300);
    story.arrive(key, 40, 19);
    assert!(story.permit(key).is_alive());
    // What has landed may go on, also while more is to land.
    let on = story.issue(("QN", "QT"), "r", |issue| {
        re_export(issue, &[first(key, units(100))])
    });
    assert_eq!(story.balance(key), Quantity::ZERO);
    assert_eq!(story.permit(on).lines[0].depth, 1);
    story.arrive(key, 0, 1);
    let permit = story.permit(key);
    assert!(permit.import.is_some() && left(&story).iter().all(|left| left.is_zero()));
    let spent = story.ask(IMPORT, import(key, quantities(1, 0)));
    assert_eq!(spent, Some(Reason::Used));
    let landing = permit.import.unwrap().record;
    let corrected = story.ask(IMPORT, correction(key, landing, quantities(1, 1)));
    assert_eq!(
        corrected,
        Some(Reason::UnknownRecord),
        "a landing is corrected by no sum"
    );
}

fn correction(permit: PermitKey, record: RecordDigest, lines: Vec<LineQuantity>) -> Statement {
    let reason = CorrectReason::Typing;
    Statement::Correct(Correct {
        permit,
        record,
        lines,
        reason,
    })
}

#[test]
fn corrections_are_one_chain_of_records_and_the_last_one_holds() {
    let mut story = Story::new();
    let key = story.issue(WAY, "1", |_| {});
    story.leave(key, 69, 20);
    let endorsed = story.permit(key).endorsement.unwrap().record;
    story.done(EXPORT, correction(key, endorsed, quantities(96, 20)));
    let permit = story.permit(key);
    assert_eq!(permit.lines[0].endorsed, Some(units(96)));
    assert_eq!(
        permit.endorsement.as_ref().unwrap().record,
        endorsed,
        "the first record stays"
    );
    let fork = story.ask(EXPORT, correction(key, endorsed, quantities(95, 20)));
    assert_eq!(fork, Some(Reason::UnknownRecord), "a chain, no tree");
    let second = permit.endorsement_record().unwrap();
    story.done(EXPORT, correction(key, second, quantities(97, 0)));
    let over = story.permit(key).endorsement_record().unwrap();
    let over = story.ask(EXPORT, correction(key, over, quantities(101, 0)));
    assert_eq!(over, Some(Reason::OverQuantity));
    let gone = story.ask(IMPORT, import(key, quantities(97, 1)));
    assert_eq!(
        gone,
        Some(Reason::OverQuantity),
        "line B did not leave after all"
    );
    story.arrive(key, 97, 0);
    let third = story.permit(key).endorsement_record().unwrap();
    let late = story.ask(EXPORT, correction(key, third, quantities(98, 0)));
    assert_eq!(late, Some(Reason::Used));
}

#[test]
fn an_import_is_corrected_but_never_below_what_went_on() {
    let mut story = Story::new();
    let key = story.issue(WAY, "1", |_| {});
    story.leave(key, 100, 20);
    story.arrive(key, 90, 20);
    let imported = story.permit(key).import.unwrap().record;
    let foreign = story.ask(EXPORT, correction(key, imported, quantities(80, 20)));
    assert_eq!(foreign, Some(Reason::WrongParty));
    story.issue(("QN", "QP"), "r", |issue| {
        re_export(issue, &[first(key, units(70))])
    });
    let below = story.ask(IMPORT, correction(key, imported, quantities(69, 20)));
    assert_eq!(below, Some(Reason::OriginBroken));
    story.done(IMPORT, correction(key, imported, quantities(70, 20)));
    assert_eq!(story.balance(key), Quantity::ZERO);
    let second = story.permit(key).import_record().unwrap();
    let above = story.ask(IMPORT, correction(key, second, quantities(101, 20)));
    assert_eq!(above, Some(Reason::OverQuantity));
    story.done(IMPORT, correction(key, second, quantities(100, 0)));
    assert_eq!(story.balance(key), units(30));
    story.issue(("QN", "QP"), "s", |issue| {
        re_export(issue, &[first(key, units(30))])
    });
    let unknown = story.ask(
        IMPORT,
        correction(super::story::key("QS", "2"), second, quantities(1, 1)),
    );
    assert_eq!(unknown, Some(Reason::NotIssued));
    let unit = vec![LineQuantity {
        line: line(1),
        unit: Unit::Gram,
        quantity: scaled(1),
    }];
    let third = story.permit(key).import_record().unwrap();
    let other = story.ask(IMPORT, correction(key, third, unit));
    assert_eq!(other, Some(Reason::UnitMismatch));
}

#[test]
fn a_notice_after_the_use_is_on_record_and_undoes_nothing() {
    let mut story = Story::new();
    let key = story.arrived(WAY, "1");
    story.issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[first(key, units(10))])
    });
    let before = story.permit(key);
    story.done(MANAGEMENT, cancel(key, CancelReason::Stolen));
    let permit = story.permit(key);
    let contested = permit.contested.clone().unwrap();
    assert_eq!(contested.reason, CancelReason::Stolen);
    assert_eq!(
        (permit.lines.clone(), permit.import.clone()),
        (before.lines, before.import)
    );
    assert_eq!(permit.cancellation, None);
    let again = story.ask(MANAGEMENT, cancel(key, CancelReason::Lost));
    assert_eq!(again, Some(Reason::AlreadyRecorded));
    let used = story.ask(IMPORT, import(key, quantities(1, 1)));
    assert_eq!(used, Some(Reason::Used));
    story.issue(("QN", "QP"), "r2", |issue| {
        re_export(issue, &[first(key, units(90))])
    });
    let statistics = super::registers::month(&story, "QS", 2026, 11);
    assert_eq!(statistics.cancelled, 0, "a notice cancels nothing");
}

#[test]
fn the_same_paper_clears_once_anywhere() {
    let mut story = Story::new();
    let paper = |number: &str, stamp: Option<u8>, document: &str| {
        Statement::PaperSeen(PaperSeen {
            permit: key("QX", number),
            stamp: stamp.map(|byte| Digest([byte; 32])),
            document: sha256(document.as_bytes()),
            port: port("QNHAR"),
        })
    };
    story.done(customs("QN"), paper("1", Some(1), "as it is"));
    for code in ["QN", "QP"] {
        let again = story.ask(customs(code), paper("1", Some(1), "as it is"));
        assert_eq!(again, Some(Reason::Used), "{code}");
    }
    // Another stamp, another content, another number: other papers, each on record beside the first.
    story.done(customs("QP"), paper("1", None, "as it is"));
    story.done(customs("QP"), paper("1", Some(1), "altered"));
    story.done(customs("QP"), paper("2", Some(1), "as it is"));
    let claims: PaperState = read(&story.ledger.state, &StateKey::paper(&key("QX", "1")))
        .unwrap()
        .unwrap();
    let by: Vec<_> = claims.0.iter().map(|claim| claim.act.party).collect();
    assert_eq!(by, ["QN", "QP", "QP"].map(party));
    assert_eq!(
        story.ledger.permit(&key("QX", "1")),
        None,
        "never presented as issued"
    );
    let own = Statement::PaperSeen(PaperSeen {
        permit: key("QS", "1"),
        stamp: None,
        document: sha256(b""),
        port: port("QNHAR"),
    });
    assert_eq!(story.ask(customs("QN"), own), Some(Reason::OnLedgerParty));
    let role = story.ask(management("QN"), paper("3", None, ""));
    assert_eq!(role, Some(Reason::Role));
}

#[test]
fn attempts_are_counted_by_port_up_to_a_limit_and_then_only_in_sum() {
    let mut story = Story::new();
    let permit = story.arrived(WAY, "1");
    let many = u8::try_from(PORTS_COUNTED_MAX).unwrap() + 2;
    for number in 0..many {
        let code = std::format!("QN{}AA", char::from(b'A' + number));
        let reason = Reason::Altered;
        let refusal = crate::record::Refuse {
            permit,
            reason,
            port: port(&code),
        };
        story.done(customs("QN"), Statement::Refuse(refusal));
    }
    let state = story.permit(permit);
    assert_eq!(state.refusals, u32::from(many));
    assert_eq!(state.ports.len(), PORTS_COUNTED_MAX);
    assert!(state.ports.iter().all(|counts| counts.refusals == 1));
}
