//! Dates of a permit as instants: first and last ones, zones, and months of unequal length.

use super::*;
use crate::parameters::Parameters;
use crate::reason::Reason;
use crate::record::Issue;
use crate::testing::{PARTIES, entries, plain_party};
use crate::time::CivilDate;

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).expect(text)
}

/// Milliseconds since 1970 of a minute, UTC.
fn instant(date: &str, hour: u64, minute: u64) -> Timestamp {
    let days = u64::try_from(day(date).0).unwrap();
    Timestamp(days * DAY_MS + (hour * 60 + minute) * 60_000)
}

fn ledger(begins_minutes: i16, ends_minutes: i16) -> TestLedger {
    let parties = PARTIES.map(|code| (party(code), plain_party()));
    let parameters = Parameters {
        date_begins_offset_minutes: begins_minutes,
        date_ends_offset_minutes: ends_minutes,
        ..Parameters::default()
    };
    TestLedger::new(entries(&parties, &parameters))
}

#[test]
fn a_permit_is_valid_from_its_first_instant_to_before_its_end() {
    let (early, late) = (Some(Reason::NotYetValid), Some(Reason::Expired));
    let far = (14 * 60, -12 * 60);
    // Zones of begin and end in minutes, the block's time, milliseconds to add, and the answer.
    for (zones, (date, hour, minute), ms, expected) in [
        (far, ("2026-12-01", 9, 59), 59_999, early),
        (far, ("2026-12-01", 10, 0), 0, None),
        (far, ("2027-03-06", 11, 59), 59_999, None),
        (far, ("2027-03-06", 12, 0), 0, late),
        ((0, 0), ("2026-12-01", 23, 59), 59_999, early),
        ((0, 0), ("2026-12-02", 0, 0), 0, None),
        ((0, 0), ("2027-03-05", 23, 59), 59_999, None),
        ((0, 0), ("2027-03-06", 0, 0), 0, late),
        ((330, -210), ("2026-12-01", 18, 29), 59_999, early),
        ((330, -210), ("2026-12-01", 18, 30), 0, None),
        ((330, -210), ("2027-03-06", 3, 29), 59_999, None),
        ((330, -210), ("2027-03-06", 3, 30), 0, late),
    ] {
        let mut ledger = ledger(zones.0, zones.1);
        let stated = Issue {
            valid_from: day("2026-12-02"),
            valid_until: day("2027-03-05"),
            ..issue("1")
        };
        assert_eq!(
            ledger.state_now(MANAGEMENT, Statement::Issue(stated), START),
            None
        );
        let now = instant(date, hour, minute).plus_ms(ms);
        let key = permit("1");
        let endorsed = ledger.state_now(EXPORT, endorse(key, quantities(1, 1)), now);
        assert_eq!(endorsed, expected, "endorsed at {now}");
        let imported = ledger.state_now(IMPORT, import(key, quantities(1, 1)), now);
        assert_eq!(imported, expected, "imported at {now}");
    }
}

#[test]
fn the_longest_period_counts_calendar_months_clamped_to_their_end() {
    use crate::codes::Kind;
    let long = Some(Reason::ValidityTooLong);
    for (kind, granted, until, expected) in [
        (Kind::Export, "2026-08-31", "2027-02-28", None),
        (Kind::Export, "2026-08-31", "2027-03-01", long),
        (Kind::Export, "2027-08-31", "2028-02-29", None),
        (Kind::Export, "2027-08-31", "2028-03-01", long),
        (Kind::Export, "2026-08-30", "2027-02-28", None),
        (Kind::Export, "2026-08-28", "2027-02-28", None),
        (Kind::Export, "2026-08-27", "2027-02-28", long),
        (Kind::Export, "2026-03-31", "2026-09-30", None),
        (Kind::Export, "2026-03-31", "2026-10-01", long),
        (Kind::Origin, "2028-02-29", "2029-02-28", None),
        (Kind::Origin, "2028-02-29", "2029-03-01", long),
        (Kind::PreConvention, "2028-02-29", "2031-02-28", None),
        (Kind::PreConvention, "2028-02-29", "2031-03-01", long),
    ] {
        let stated = Issue {
            kind,
            granted_on: day(granted),
            valid_from: day(granted),
            valid_until: day(until),
            ..issue("1")
        };
        let refused = TestLedger::default().state_now(
            MANAGEMENT,
            Statement::Issue(stated),
            instant(granted, 12, 0),
        );
        assert_eq!(refused, expected, "{kind} of {granted} until {until}");
    }
}

#[test]
fn the_grant_date_is_neither_ahead_of_the_block_nor_long_before_it() {
    let wrong = Some(Reason::GrantDate);
    for ((date, hour, minute), ms, expected) in [
        // 00:00 of the grant date at UTC+14.
        (("2026-11-22", 9, 59), 59_999, wrong),
        (("2026-11-22", 10, 0), 0, None),
        // 24:00 thirty days later at UTC-12.
        (("2026-12-24", 11, 59), 59_999, None),
        (("2026-12-24", 12, 0), 0, wrong),
    ] {
        let now = instant(date, hour, minute).plus_ms(ms);
        let refused =
            TestLedger::default().state_now(MANAGEMENT, Statement::Issue(issue("1")), now);
        assert_eq!(refused, expected, "granted 2026-11-23, in a block of {now}");
    }
}

#[test]
fn a_permit_that_is_over_is_not_issued_any_more() {
    let stated = Issue {
        valid_until: day("2026-11-25"),
        ..issue("1")
    };
    for (hour, minute, ms, expected) in [(11, 59, 59_999, None), (12, 0, 0, Some(Reason::Expired))]
    {
        let now = instant("2026-11-26", hour, minute).plus_ms(ms);
        let statement = Statement::Issue(stated.clone());
        let refused = TestLedger::default().state_now(MANAGEMENT, statement, now);
        assert_eq!(refused, expected, "{now}");
    }
}

#[test]
fn dates_at_the_ends_of_time_are_refused_and_never_panic() {
    let extremes = [
        i32::MIN,
        i32::MIN + 1,
        -719_163,
        0,
        2_932_897,
        i32::MAX - 1,
        i32::MAX,
    ];
    let mut ledger = TestLedger::default();
    let today = START.date();
    for granted in extremes {
        for valid_until in extremes {
            for now in [Timestamp(0), START, Timestamp(u64::MAX - 1)] {
                let stated = Issue {
                    granted_on: CivilDate(granted),
                    valid_from: CivilDate(granted),
                    valid_until: CivilDate(valid_until),
                    ..issue("1")
                };
                let mut record = record(MANAGEMENT, Statement::Issue(stated), START, 1);
                (record.made_at, record.good_until) = (now, now);
                let executed = execute(&ledger.state, ledger.next(now), &[sign(&record)]);
                let refused = executed.expect("admissible").receipts[0].refused;
                let epoch = (granted, valid_until, now) == (0, 0, Timestamp(0));
                assert_eq!(refused.is_none(), epoch, "{granted} {valid_until} {now}");
            }
        }
    }
    let today_only = Issue {
        valid_until: today,
        ..issue("1")
    };
    let issued = ledger.state_now(MANAGEMENT, Statement::Issue(today_only), START);
    assert_eq!(issued, None);
}
