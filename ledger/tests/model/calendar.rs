//! The model's calendar: day numbers since 1970, and nothing that the ledger uses.

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The same day `months` later, or the last day of that month.
pub(crate) fn months_later(day: i64, months: i64) -> i64 {
    let (year, month, date) = calendar(day);
    let count = year * 12 + month - 1 + months;
    let first = |count: i64| first_of(count.div_euclid(12), count.rem_euclid(12) + 1);
    let length = first(count + 1) - first(count);
    first(count) + date.min(length) - 1
}

/// The day of an instant, in UTC.
pub(crate) fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

pub(crate) fn year_of(day: i64) -> i64 {
    calendar(day).0
}

pub(crate) fn month_of(day: i64) -> i64 {
    calendar(day).1
}

/// Day number of the first of a month: years are counted from March, so that the leap day comes last.
fn first_of(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days + (153 * month + 2) / 5 - 719_468
}

/// Year, month and day of the month of a day number, by counting months.
fn calendar(day: i64) -> (i64, i64, i64) {
    let mut count = 1970 * 12 + day.div_euclid(31);
    let first = |count: i64| first_of(count.div_euclid(12), count.rem_euclid(12) + 1);
    while first(count + 1) <= day {
        count += 1;
    }
    (
        count.div_euclid(12),
        count.rem_euclid(12) + 1,
        day - first(count) + 1,
    )
}

#[test]
fn the_models_calendar_is_right_on_known_days() {
    for (day, known) in [
        (0, (1970, 1, 1)),
        (20_780, (2026, 11, 23)),
        (21_243, (2028, 2, 29)),
    ] {
        assert_eq!(calendar(day), known);
    }
    let leap = first_of(2028, 2);
    assert_eq!(
        months_later(first_of(2027, 8) + 30, 6),
        leap + 28,
        "31 August, and a leap year"
    );
    assert_eq!(months_later(leap + 28, 12), first_of(2029, 2) + 27);
    assert_eq!(months_later(20_780, 6), 20_780 + 181);
}
