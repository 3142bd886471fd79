//! What a Party states of its trade as a whole: quotas, suspensions, operations, revoked numbers; and its statistics.

use super::story::{Story, customs, first, key, management, re_export, scaled};
use super::*;
use crate::codes::{Appendix, Kind, Source, Unit};
use crate::digest::{OperationHash, SpeciesKey, sha256};
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{
    Operation, OperationKey, Quota, RetrospectiveReason, RevokeRange, RevokeReason, SerialRange,
    Series, Suspend,
};
use crate::state::register::{MonthCounts, RevokedRanges, Statistics};
use crate::testing::{DAY_MS, units};
use crate::time::CivilDate;

const WAY: (&str, &str) = ("QS", "QN");
const PARROTS: SpeciesKey = SpeciesKey(crate::digest::Digest([1; 32]));
const FALCONS: SpeciesKey = SpeciesKey(crate::digest::Digest([2; 32]));

fn quota(year: u16, unit: Unit, total: Quantity) -> Statement {
    Statement::Quota(Quota {
        year,
        species: PARROTS,
        unit,
        total,
    })
}

/// So many parrots on line A.
fn parrots(quantity: Quantity) -> impl FnOnce(&mut Issue) {
    move |issue| {
        issue.lines[0].species = Some(PARROTS);
        issue.lines[0].authorised = quantity;
    }
}

fn drawn(story: &Story, year: u16) -> Option<Quantity> {
    let key = StateKey::quota(party("QS"), year, &PARROTS);
    story.quota(&key).map(|quota| quota.drawn)
}

#[test]
fn a_quota_is_drawn_down_exactly_and_never_above() {
    let mut story = Story::new();
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(5_000)));
    story.issue(WAY, "1", parrots(scaled(49_999_999)));
    let over = story.try_issue(WAY, "2", parrots(scaled(2)));
    assert_eq!(over, Some(Reason::QuotaExceeded));
    story.issue(WAY, "2", parrots(scaled(1)));
    let over = story.try_issue(WAY, "3", parrots(scaled(1)));
    assert_eq!(over, Some(Reason::QuotaExceeded));
    assert_eq!(drawn(&story, 2026), Some(units(5_000)));
    // Another species, another kind, another Party: not of this quota.
    story.issue(WAY, "3", |issue| issue.lines[0].species = Some(FALCONS));
    story.issue(WAY, "4", |issue| {
        issue.kind = Kind::PreConvention;
        parrots(units(9))(issue);
    });
    story.issue(("QT", "QN"), "1", parrots(units(9)));
    assert_eq!(drawn(&story, 2026), Some(units(5_000)));
    // Stated again: more, and down to what is drawn, never below.
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(5_001)));
    story.issue(WAY, "5", parrots(units(1)));
    let below = story.ask(MANAGEMENT, quota(2026, Unit::Number, scaled(50_009_999)));
    assert_eq!(below, Some(Reason::QuotaExceeded));
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(5_001)));
    let unit = story.ask(MANAGEMENT, quota(2026, Unit::Kilogram, units(6_000)));
    assert_eq!(unit, Some(Reason::UnitMismatch));
    let kilograms = story.try_issue(WAY, "6", |issue| {
        issue.lines[1].species = Some(PARROTS);
    });
    assert_eq!(kilograms, Some(Reason::UnitMismatch));
}

#[test]
fn two_lines_draw_on_one_quota_together() {
    let mut story = Story::new();
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(10)));
    let both = |a: u64, b: u64| {
        move |issue: &mut Issue| {
            parrots(units(a))(issue);
            (issue.lines[1].unit, issue.lines[1].authorised) = (Unit::Number, units(b));
            issue.lines[1].species = Some(PARROTS);
        }
    };
    assert_eq!(
        story.try_issue(WAY, "1", both(6, 5)),
        Some(Reason::QuotaExceeded)
    );
    story.issue(WAY, "1", both(6, 4));
    let none = story.ask(MANAGEMENT, quota(2026, Unit::Number, Quantity::ZERO));
    assert_eq!(none, Some(Reason::QuotaExceeded));
}

#[test]
fn a_quota_gets_back_what_never_left() {
    let mut story = Story::new();
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(10)));
    let one = story.issue(WAY, "1", parrots(units(10)));
    story.done(MANAGEMENT, cancel(one, CancelReason::Clerical));
    assert_eq!(drawn(&story, 2026), Some(Quantity::ZERO));
    let two = story.issue(WAY, "2", parrots(units(8)));
    let replaced = |number: &str, quantity| {
        let number = key("QS", number).number;
        move |issue: &mut Issue| {
            parrots(units(quantity))(issue);
            issue.replaces = Some(Replaces {
                number,
                reason: CancelReason::Lost,
            });
        }
    };
    assert_eq!(
        story.try_issue(WAY, "3", replaced("2", 11)),
        Some(Reason::QuotaExceeded)
    );
    let three = story.issue(WAY, "3", replaced("2", 10));
    assert_eq!(drawn(&story, 2026), Some(units(10)));
    assert!(!story.permit(two).holds_draws());
    story.leave(three, 1, 0);
    story.done(MANAGEMENT, cancel(three, CancelReason::Stolen));
    assert_eq!(
        drawn(&story, 2026),
        Some(units(10)),
        "one had left: that permit counts in full"
    );
}

#[test]
fn permits_older_than_a_quota_neither_draw_on_it_nor_give_it_back() {
    let mut story = Story::new();
    let old = story.issue(WAY, "1", parrots(units(100)));
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(10)));
    story.issue(WAY, "2", parrots(units(10)));
    story.done(MANAGEMENT, cancel(old, CancelReason::Withdrawn));
    assert_eq!(drawn(&story, 2026), Some(units(10)));
    let over = story.try_issue(WAY, "3", parrots(units(1)));
    assert_eq!(over, Some(Reason::QuotaExceeded));
}

#[test]
fn each_year_has_its_own_quota_also_where_a_permit_is_replaced_in_the_next() {
    let mut story = Story::new();
    story.done(MANAGEMENT, quota(2026, Unit::Number, units(100)));
    story.done(MANAGEMENT, quota(2027, Unit::Number, units(50)));
    story.now = CivilDate::new(2026, 12, 20).unwrap().starts_at(0);
    story.issue(WAY, "1", parrots(units(70)));
    story.now = CivilDate::new(2027, 1, 9).unwrap().starts_at(0);
    story.issue(WAY, "2", parrots(units(45)));
    assert_eq!(
        (drawn(&story, 2026), drawn(&story, 2027)),
        (Some(units(70)), Some(units(45)))
    );
    let replaced = |quantity| {
        let replaces = Replaces {
            number: key("QS", "1").number,
            reason: CancelReason::Lost,
        };
        move |issue: &mut Issue| {
            parrots(units(quantity))(issue);
            issue.replaces = Some(replaces);
        }
    };
    let over = story.try_issue(WAY, "3", replaced(6));
    assert_eq!(
        over,
        Some(Reason::QuotaExceeded),
        "what comes back to 2026 is not of 2027"
    );
    story.issue(WAY, "3", replaced(5));
    assert_eq!(drawn(&story, 2026), Some(Quantity::ZERO));
    assert_eq!(drawn(&story, 2027), Some(units(50)));
    let past = story.ask(MANAGEMENT, quota(2026, Unit::Number, units(1)));
    assert_eq!(past, Some(Reason::Dates));
}

fn suspend(
    of: &str,
    species: Option<SpeciesKey>,
    from: CivilDate,
    until: Option<CivilDate>,
) -> Statement {
    Statement::Suspend(Suspend {
        of: party(of),
        species,
        from,
        until,
    })
}

#[test]
fn a_suspension_stops_issues_and_departures_and_no_arrivals() {
    let mut story = Story::new();
    let (gone, here) = (story.issue(WAY, "1", |_| {}), story.issue(WAY, "2", |_| {}));
    story.leave(gone, 100, 20);
    let today = story.now.date();
    story.done(MANAGEMENT, suspend("QS", None, today, None));
    story.days_later(1);
    let suspended = Some(Reason::Suspended);
    assert_eq!(story.try_issue(WAY, "3", |_| {}), suspended);
    assert_eq!(
        story.ask(EXPORT, endorse(here, quantities(1, 1))),
        suspended
    );
    story.arrive(gone, 100, 20);
    story.issue(("QT", "QN"), "1", |_| {});
    story.issue(("QS", "QS"), "i", |issue| issue.kind = Kind::Import);
    // It ends on a day that is stated later.
    let until = story.now.date();
    story.done(MANAGEMENT, suspend("QS", None, today, Some(until)));
    story.days_later(2);
    story.leave(here, 1, 1);
    story.issue(WAY, "3", |_| {});
}

#[test]
fn a_destination_suspends_what_comes_to_it_and_only_the_species_it_names() {
    let mut story = Story::new();
    let named = |species| {
        move |issue: &mut Issue| {
            for line in &mut issue.lines {
                line.species = Some(species);
            }
        }
    };
    let before = story.issue(WAY, "1", named(PARROTS));
    let unnamed = story.issue(WAY, "2", |_| {});
    let today = story.now.date();
    story.done(management("QN"), suspend("QS", Some(PARROTS), today, None));
    story.days_later(1);
    assert_eq!(
        story.try_issue(WAY, "3", named(PARROTS)),
        Some(Reason::Suspended)
    );
    assert_eq!(
        story.try_issue(WAY, "3", |_| {}),
        Some(Reason::NeedsSpeciesKey)
    );
    story.issue(WAY, "3", named(FALCONS));
    story.issue(("QS", "QP"), "4", named(PARROTS));
    story.issue(("QS", "QP"), "5", |_| {});
    let leaving = story.ask(EXPORT, endorse(before, quantities(1, 1)));
    assert_eq!(leaving, Some(Reason::Suspended));
    // A permit that named no species before is not touched: nothing says that it is of that one.
    story.leave(unnamed, 1, 1);
    let role = story.ask(customs("QN"), suspend("QS", None, today, None));
    assert_eq!(role, Some(Reason::Role));
}

#[test]
fn a_suspension_of_one_day_holds_for_24_hours_where_the_day_comes_last() {
    let mut story = Story::new();
    let day = story.now.date().plus_days(10);
    story.done(MANAGEMENT, suspend("QS", None, day, Some(day)));
    let parameters = parameters(&story.ledger.state).unwrap();
    let begins = day.starts_at(parameters.date_ends_offset_minutes);
    let ends = day.ends_at(parameters.date_ends_offset_minutes);
    assert_eq!(ends.since_ms(begins), DAY_MS);
    // `Story` adds a second before it speaks.
    for (number, at, answer) in [
        ("1", Timestamp(begins.0 - 1), None),
        ("2", begins, Some(Reason::Suspended)),
        ("3", Timestamp(ends.0 - 1), Some(Reason::Suspended)),
        ("4", ends, None),
    ] {
        story.now = Timestamp(at.0 - 1000);
        assert_eq!(story.try_issue(WAY, number, |_| {}), answer, "{number}");
    }
    let past = story.ask(MANAGEMENT, suspend("QS", None, day.plus_days(-9), None));
    assert_eq!(past, Some(Reason::Dates), "never retroactive");
}

#[test]
fn a_registered_operation_makes_appendix_i_count_as_ii_while_it_is_listed() {
    let mut story = Story::new();
    let number = OperationHash(sha256(b"A-QS-501"));
    let operation = OperationKey {
        party: party("QS"),
        number,
    };
    let bred = |issue: &mut Issue| {
        issue.lines.truncate(1);
        let line = &mut issue.lines[0];
        (line.appendix, line.source) = (Appendix::I, Source::RegisteredOperation);
        line.operation = Some(operation);
    };
    let list = |listed| Statement::Operation(Operation { number, listed });
    assert_eq!(
        story.try_issue(WAY, "1", bred),
        Some(Reason::NeedsImportPermit)
    );
    story.done(management("QT"), list(true));
    assert_eq!(
        story.try_issue(WAY, "1", bred),
        Some(Reason::NeedsImportPermit),
        "on another register"
    );
    let foreign = |issue: &mut Issue| {
        bred(issue);
        let party = party("QT");
        issue.lines[0].operation = Some(OperationKey { party, number });
    };
    assert_eq!(
        story.try_issue(WAY, "1", foreign),
        Some(Reason::NeedsImportPermit),
        "an export names its own register"
    );
    story.done(MANAGEMENT, list(true));
    let one = story.issue(WAY, "1", bred);
    assert_eq!(story.permit(one).lines[0].operation, Some(operation));
    story.done(MANAGEMENT, list(false));
    assert_eq!(
        story.try_issue(WAY, "2", bred),
        Some(Reason::NeedsImportPermit)
    );
    // What was issued while it was listed goes on.
    story.travel(one, 100, 0);
    // Source D of Appendix II without an operation is a doubt, and the permit keeps it.
    let doubted = story.issue(WAY, "2", |issue| {
        issue.lines[0].source = Source::RegisteredOperation
    });
    assert!(
        story
            .permit(doubted)
            .warnings
            .contains(Reason::OperationUnregistered)
    );
}

#[test]
fn ranges_are_revoked_and_lifted_under_the_very_same_numbers() {
    let mut story = Story::new();
    let range = SerialRange::parse("26QS004000/AA", "26QS004999/AA").unwrap();
    let said = |lifted| {
        let (series, reason, range) = (Series::Forms, RevokeReason::Stolen, range.clone());
        Statement::RevokeRange(RevokeRange {
            series,
            range,
            reason,
            lifted,
        })
    };
    let revoked = |story: &Story| {
        let all: Option<RevokedRanges> =
            read(&story.ledger.state, &StateKey::revoked(party("QS"))).unwrap();
        all.unwrap_or_default()
    };
    assert_eq!(
        story.ask(MANAGEMENT, said(true)),
        Some(Reason::UnknownRecord)
    );
    story.done(MANAGEMENT, said(false));
    assert_eq!(
        story.ask(MANAGEMENT, said(false)),
        Some(Reason::AlreadyRecorded)
    );
    assert!(
        revoked(&story)
            .covering(Series::Forms, " 26qs004567/aa")
            .is_some()
    );
    assert!(
        revoked(&story)
            .covering(Series::Stamps, "26QS004567/AA")
            .is_none()
    );
    assert!(
        revoked(&story)
            .covering(Series::Forms, "26QS005000/AA")
            .is_none()
    );
    story.done(management("QN"), said(false));
    story.done(MANAGEMENT, said(true));
    assert_eq!(revoked(&story), RevokedRanges::default());
    let foreign: Option<RevokedRanges> =
        read(&story.ledger.state, &StateKey::revoked(party("QN"))).unwrap();
    assert_eq!(foreign.unwrap().0.len(), 1, "each Party revokes its own");
}

/// What a Party did in a month.
pub(super) fn month(story: &Story, code: &str, year: u16, month: u8) -> MonthCounts {
    let key = StateKey::statistics(party(code), year);
    let year: Option<Statistics> = read(&story.ledger.state, &key).unwrap();
    *year.unwrap_or_default().month_mut(month).unwrap()
}

#[test]
fn statistics_count_what_each_party_did_in_each_month() {
    let mut story = Story::new();
    let root = story.arrived(("QN", "QS"), "0");
    story.issue(WAY, "1", |_| {});
    story.issue(WAY, "2", |issue| {
        issue.lines[1].source = Source::CaptiveBred
    });
    story.issue(WAY, "3", |issue| {
        issue.retrospective = Some(RetrospectiveReason::TraderMisled)
    });
    story.issue(WAY, "r1", |issue| {
        re_export(issue, &[first(key("QX", "0"), units(1))])
    });
    story.issue(WAY, "r2", |issue| {
        re_export(issue, &[first(root, units(1))])
    });
    story.issue(WAY, "4", |issue| {
        issue.replaces = Some(Replaces {
            number: key("QS", "1").number,
            reason: CancelReason::Lost,
        });
    });
    story.done(MANAGEMENT, cancel(key("QS", "2"), CancelReason::Withdrawn));
    assert_eq!(
        story.try_issue(WAY, "2", |_| {}),
        Some(Reason::DuplicateNumber)
    );
    assert_eq!(
        story.ask(TRANSIT, endorse(key("QS", "3"), quantities(1, 1))),
        Some(Reason::WrongParty)
    );
    let expected = MonthCounts {
        issued: 6,
        captive: 1,
        retrospective: 1,
        not_covered: 1,
        cancelled: 2,
        refused: 1,
    };
    assert_eq!(month(&story, "QS", 2026, 11), expected);
    let transit = MonthCounts {
        refused: 1,
        ..MonthCounts::default()
    };
    assert_eq!(month(&story, "QT", 2026, 11), transit);
    story.now = CivilDate::new(2027, 2, 1).unwrap().starts_at(0);
    story.issue(WAY, "5", |_| {});
    let one = MonthCounts {
        issued: 1,
        ..MonthCounts::default()
    };
    assert_eq!(month(&story, "QS", 2027, 2), one);
    assert_eq!(month(&story, "QS", 2026, 11), expected);
}
