//! Instants and civil dates. No clock here: time is an argument.

use core::fmt;

use minicbor::{Decode, Encode};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub u64);

impl Timestamp {
    /// The instant `ms` later; the last instant where that would overflow.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to here; zero where `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The civil date in UTC.
    #[must_use]
    pub fn date(self) -> CivilDate {
        let days = i64::try_from(self.0).unwrap_or(i64::MAX).div_euclid(DAY_MS);
        CivilDate(i32::try_from(days).unwrap_or(i32::MAX))
    }
}

/// RFC 3339, UTC, whole seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0 / 1000) % 86_400;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}Z", self.date())
    }
}

/// A civil date: days since 1970-01-01, as printed on a permit, without a time zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct CivilDate(#[n(0)] pub i32);

impl CivilDate {
    /// A date of the Gregorian calendar, years 1 to 9999; `None` where there is no such day.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_in_month(year, month);
        exists.then(|| Self(days_from_civil(year, month, day)))
    }

    /// Year, month, day.
    #[must_use]
    pub fn ymd(self) -> (i32, u8, u8) {
        civil_from_days(self.0)
    }

    /// Reads `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, byte)| match i {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return None;
        }
        let number = |range: core::ops::Range<usize>| text.get(range)?.parse::<u16>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        Self::new(
            year.into(),
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
    }

    /// `months` calendar months later, clamped to the end of the month: 31 August + 6 = 28 or 29 February.
    #[must_use]
    pub fn plus_months(self, months: u8) -> Self {
        let (year, month, day) = self.ymd();
        let index = year
            .saturating_mul(12)
            .saturating_add(i32::from(month).saturating_sub(1))
            .saturating_add(i32::from(months));
        let year = index.div_euclid(12);
        let month = u8::try_from(index.rem_euclid(12).saturating_add(1)).unwrap_or(12);
        Self(days_from_civil(
            year,
            month,
            day.min(days_in_month(year, month)),
        ))
    }

    /// `days` later, or earlier where negative.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The instant at which the date begins at `offset_minutes` east of UTC.
    #[must_use]
    pub fn starts_at(self, offset_minutes: i16) -> Timestamp {
        let local = i64::from(self.0).saturating_mul(DAY_MS);
        let utc = local.saturating_sub(i64::from(offset_minutes).saturating_mul(60_000));
        Timestamp(u64::try_from(utc).unwrap_or(0))
    }

    /// The calendar year, 0 for what lies outside of 0 to 65535.
    #[must_use]
    pub fn year(self) -> u16 {
        u16::try_from(self.ymd().0).unwrap_or(0)
    }

    /// The instant at which the date ends (24:00) at `offset_minutes` east of UTC.
    #[must_use]
    pub fn ends_at(self, offset_minutes: i16) -> Timestamp {
        self.plus_days(1).starts_at(offset_minutes)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const fn is_leap(year: i32) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days before 1 January of `year`, counted from 0001-01-01.
fn days_before_year(year: i32) -> i32 {
    let past = year.saturating_sub(1);
    let leaps = past
        .div_euclid(4)
        .saturating_sub(past.div_euclid(100))
        .saturating_add(past.div_euclid(400));
    past.saturating_mul(365).saturating_add(leaps)
}

fn days_from_civil(year: i32, month: u8, day: u8) -> i32 {
    let months: i32 = (1..month).map(|m| i32::from(days_in_month(year, m))).sum();
    days_before_year(year)
        .saturating_add(months)
        .saturating_add(i32::from(day))
        .saturating_sub(EPOCH)
}

/// 1970-01-01 in days from 0001-01-01, counted from one.
const EPOCH: i32 = 719_163;

fn civil_from_days(days: i32) -> (i32, u8, u8) {
    let ordinal = days.saturating_add(EPOCH).saturating_sub(1);
    // 400 Gregorian years have 146,097 days; the estimate is at most one year off.
    let estimate = i64::from(ordinal).saturating_mul(400).div_euclid(146_097);
    let mut year = i32::try_from(estimate)
        .unwrap_or(i32::MAX - 1)
        .saturating_add(1);
    while days_before_year(year) > ordinal {
        year = year.saturating_sub(1);
    }
    while days_before_year(year.saturating_add(1)) <= ordinal {
        year = year.saturating_add(1);
    }
    let mut rest = ordinal.saturating_sub(days_before_year(year));
    let mut month = 1;
    while month < 12 && rest >= i32::from(days_in_month(year, month)) {
        rest = rest.saturating_sub(i32::from(days_in_month(year, month)));
        month = month.saturating_add(1);
    }
    (
        year,
        month,
        u8::try_from(rest.saturating_add(1)).unwrap_or(31),
    )
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).expect(text)
    }

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        let mut day = date("1899-12-30");
        while day < date("2301-01-02") {
            let (y, m, d) = day.ymd();
            assert_eq!(CivilDate::new(y, m, d), Some(day));
            assert_eq!(date(&day.to_string()), day);
            day = day.plus_days(1);
        }
        assert_eq!(date("1970-01-01"), CivilDate(0));
        assert_eq!(date("2026-11-23"), CivilDate(20_780));
    }

    #[test]
    fn months_are_added_by_calendar_and_clamped() {
        for (from, months, to) in [
            ("2026-08-31", 6, "2027-02-28"),
            ("2027-08-31", 6, "2028-02-29"),
            ("2026-03-02", 6, "2026-09-02"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2026-12-31", 12, "2027-12-31"),
            ("2024-02-29", 36, "2027-02-28"),
        ] {
            assert_eq!(
                date(from).plus_months(months),
                date(to),
                "{from} + {months}"
            );
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
            "26-01-01",
            "2026-1-01",
            "2026-01-01Z",
            "+026-01-01",
            "2026/01/01",
            "",
        ] {
            assert_eq!(CivilDate::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_date_ends_last_twelve_hours_west_of_utc() {
        let end = date("2026-09-01").ends_at(-12 * 60);
        assert_eq!(end.to_string(), "2026-09-02T12:00:00Z");
        assert_eq!(
            date("2026-09-01").starts_at(14 * 60).to_string(),
            "2026-08-31T10:00:00Z"
        );
    }

    #[test]
    fn extreme_numbers_do_not_panic() {
        for days in [i32::MIN, i32::MAX, -719_163, 2_932_897] {
            let _text = CivilDate(days).to_string();
            let _end = CivilDate(days).ends_at(-720);
            let _later = CivilDate(days).plus_months(255);
        }
        let _text = Timestamp(u64::MAX).to_string();
    }
}
