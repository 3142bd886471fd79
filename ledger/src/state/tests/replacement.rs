//! Replacements: one dies and one lives in the same record, and what happened goes on with the new one.

use super::story::{Story, customs, key, management};
use super::*;
use crate::codes::Kind;
use crate::digest::Digest;
use crate::reason::Reason;
use crate::record::{Consent, Cross, Direction, RetrospectiveReason};
use crate::testing::{port, units};

/// Replaces Suravia's permit of that number.
fn instead(old: &str, reason: CancelReason) -> impl FnOnce(&mut Issue) {
    let number = key("QS", old).number;
    move |issue| issue.replaces = Some(Replaces { number, reason })
}

const WAY: (&str, &str) = ("QS", "QN");

#[test]
fn the_old_one_dies_in_the_record_that_makes_the_new_one() {
    for reason in CancelReason::ALL
        .iter()
        .copied()
        .filter(|reason| reason.may_be_replaced())
    {
        let mut story = Story::new();
        let one = story.issue(WAY, "1", |_| {});
        let two = story.issue(WAY, "2", instead("1", reason));
        let old = story.permit(one);
        assert_eq!(old.replaced_by, Some(two.number));
        assert_eq!(old.cancellation.as_ref().unwrap().reason, reason);
        assert_eq!(old.cancelled_as(), Some(Reason::Replaced));
        let replaces = Replaces {
            number: one.number,
            reason,
        };
        assert_eq!(story.permit(two).replaces, Some(replaces));
        for (speaker, statement) in [
            (EXPORT, endorse(one, quantities(1, 1))),
            (IMPORT, import(one, quantities(1, 1))),
            (MANAGEMENT, cancel(one, CancelReason::Lost)),
        ] {
            assert_eq!(story.ask(speaker, statement), Some(Reason::Replaced));
        }
        story.travel(two, 100, 20);
    }
}

#[test]
fn a_permit_is_replaced_once_and_its_successor_in_its_turn() {
    let mut story = Story::new();
    story.issue(WAY, "1", |_| {});
    story.issue(WAY, "2", instead("1", CancelReason::Lost));
    let again = story.try_issue(WAY, "3", instead("1", CancelReason::Clerical));
    assert_eq!(again, Some(Reason::Replaced));
    let three = story.issue(WAY, "3", instead("2", CancelReason::Damaged));
    assert_eq!(story.permit(key("QS", "2")).replaced_by, Some(three.number));
    story.travel(three, 1, 1);
    let spent = story.try_issue(WAY, "4", instead("3", CancelReason::Lost));
    assert_eq!(spent, Some(Reason::Used));
    assert_eq!(
        story.ledger.permit(&key("QS", "4")),
        None,
        "nothing partial"
    );
    let unknown = story.try_issue(WAY, "5", instead("9", CancelReason::Lost));
    assert_eq!(unknown, Some(Reason::NotIssued));
    let own = story.try_issue(WAY, "6", instead("6", CancelReason::Lost));
    assert_eq!(own, Some(Reason::NotIssued), "itself");
    // Another Party's permit of that number is not Suravia's.
    story.issue(("QT", "QN"), "7", |_| {});
    let foreign = story.try_issue(WAY, "8", instead("7", CancelReason::Lost));
    assert_eq!(foreign, Some(Reason::NotIssued));
}

#[test]
fn what_was_reported_lost_may_be_replaced_and_what_was_withdrawn_may_not() {
    let mut story = Story::new();
    let one = story.issue(WAY, "1", |_| {});
    story.done(MANAGEMENT, cancel(one, CancelReason::Stolen));
    assert_eq!(
        story.ask(EXPORT, endorse(one, quantities(1, 1))),
        Some(Reason::Stolen)
    );
    story.issue(WAY, "2", instead("1", CancelReason::Stolen));
    assert_eq!(
        story.ask(EXPORT, endorse(one, quantities(1, 1))),
        Some(Reason::Replaced)
    );
    let reported = story.permit(one).cancellation.unwrap();
    assert_eq!(
        reported.act.height,
        crate::party::Height(2),
        "the first report stays"
    );
    let two = key("QS", "2");
    story.done(MANAGEMENT, cancel(two, CancelReason::Withdrawn));
    let taken_back = story.try_issue(WAY, "3", instead("2", CancelReason::Clerical));
    assert_eq!(taken_back, Some(Reason::Cancelled));
}

#[test]
fn a_true_duplicate_goes_on_where_the_goods_are() {
    let mut story = Story::new();
    let one = story.issue(WAY, "1", |_| {});
    story.leave(one, 96, 0);
    let changed: [fn(&mut Issue); 6] = [
        |issue| issue.lines[0].authorised = units(96),
        |issue| issue.lines[0].taxon = issue.lines[1].taxon,
        |issue| issue.lines.truncate(1),
        |issue| issue.destination = Some(party("QP")),
        |issue| issue.kind = Kind::PreConvention,
        |issue| issue.lines[1].source = crate::codes::Source::Ranched,
    ];
    for change in changed {
        let other = story.try_issue(WAY, "2", |issue| {
            instead("1", CancelReason::Lost)(issue);
            change(issue);
        });
        assert_eq!(other, Some(Reason::ReplacementBroken));
    }
    let two = story.issue(WAY, "2", instead("1", CancelReason::Lost));
    let (old, new) = (story.permit(one), story.permit(two));
    assert_eq!(new.endorsement, old.endorsement);
    assert_eq!(new.lines[0].endorsed, Some(units(96)));
    let late = story.ask(EXPORT, endorse(two, quantities(100, 20)));
    assert_eq!(late, Some(Reason::AlreadyEndorsed));
    assert_eq!(
        story.ask(IMPORT, import(one, quantities(96, 0))),
        Some(Reason::Replaced)
    );
    let over = story.ask(IMPORT, import(two, quantities(97, 0)));
    assert_eq!(over, Some(Reason::OverQuantity));
    story.arrive(two, 96, 0);
}

#[test]
fn a_retrospective_replacement_needs_a_consent_of_its_own() {
    let mut story = Story::new();
    let late = Some(RetrospectiveReason::TraderMisled);
    let one = story.issue(WAY, "1", |issue| issue.retrospective = late);
    story.done(
        management("QN"),
        Statement::Consent(Consent { permit: one }),
    );
    let two = story.issue(WAY, "2", |issue| {
        instead("1", CancelReason::Clerical)(issue);
        issue.retrospective = late;
    });
    assert_eq!(
        story.ask(IMPORT, import(two, quantities(1, 1))),
        Some(Reason::Retrospective)
    );
    let dead = story.ask(
        management("QN"),
        Statement::Consent(Consent { permit: one }),
    );
    assert_eq!(dead, Some(Reason::Replaced));
    story.done(
        management("QN"),
        Statement::Consent(Consent { permit: two }),
    );
    story.arrive(two, 1, 1);
}

#[test]
fn a_passport_that_is_replaced_abroad_stays_abroad() {
    let mut story = Story::new();
    let passport =
        |issue: &mut Issue| (issue.kind, issue.destination) = (Kind::MusicalInstrument, None);
    let one = story.issue(WAY, "1", passport);
    let cross = |story: &Story, permit, direction| {
        let (port, document) = (port("QSSUR"), story.permit(permit).commitment);
        Statement::Cross(Cross {
            permit,
            direction,
            port,
            document,
        })
    };
    story.done(customs("QS"), cross(&story, one, Direction::Out));
    story.done(customs("QP"), cross(&story, one, Direction::In));
    let two = story.issue(WAY, "2", |issue| {
        passport(issue);
        instead("1", CancelReason::Stolen)(issue);
    });
    let crossings = story.permit(two).crossings.unwrap();
    assert_eq!((crossings.inside, crossings.count), (Some(party("QP")), 2));
    let thief = story.ask(customs("QP"), cross(&story, one, Direction::Out));
    assert_eq!(thief, Some(Reason::Replaced));
    story.done(customs("QP"), cross(&story, two, Direction::Out));
    story.done(customs("QS"), cross(&story, two, Direction::In));
}

#[test]
fn a_party_uses_a_stamp_once_whatever_became_of_the_permit() {
    let mut story = Story::new();
    let stamped = |issue: &mut Issue| issue.stamp = Some(Digest([1; 32]));
    let refused = story.try_issue(WAY, "0", |issue| {
        stamped(issue);
        issue.valid_until = issue.granted_on.plus_months(7);
    });
    assert_eq!(
        refused,
        Some(Reason::ValidityTooLong),
        "and the stamp is still free"
    );
    let one = story.issue(WAY, "1", stamped);
    assert_eq!(
        story.try_issue(WAY, "2", stamped),
        Some(Reason::DuplicateStamp)
    );
    story.done(MANAGEMENT, cancel(one, CancelReason::Clerical));
    assert_eq!(
        story.try_issue(WAY, "2", stamped),
        Some(Reason::DuplicateStamp)
    );
    let replaced = story.try_issue(WAY, "2", |issue| {
        stamped(issue);
        instead("1", CancelReason::Clerical)(issue);
    });
    assert_eq!(
        replaced,
        Some(Reason::DuplicateStamp),
        "a new form bears a new stamp"
    );
    story.issue(("QN", "QS"), "1", stamped);
    story.issue(WAY, "2", |issue| issue.stamp = Some(Digest([2; 32])));
}
