//! Dates and times as printed on a permit: a civil date, with time and offset where they are given.
//!
//! The civil date is what the form shows and what rules count from. Time and offset are kept because they
//! are part of the document; nothing is converted, so a date never moves across midnight.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::time::CivilDate;

/// A date, perhaps with a time of day in whole seconds, perhaps with an offset from UTC in minutes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    date: CivilDate,
    // Below 86,400: checked in `new`.
    second: Option<u32>,
    // Within ±14 hours, as in XML Schema: checked in `new`.
    offset_minutes: Option<i16>,
}

const DAY_SECONDS: u32 = 86_400;
const OFFSET_MINUTES_MAX: i16 = 14 * 60;

impl Moment {
    /// A date, the second of its day and the offset east of UTC; `None` where one is out of range.
    #[must_use]
    pub fn new(date: CivilDate, second: u32, offset_minutes: i16) -> Option<Self> {
        let in_range = second < DAY_SECONDS && offset_minutes.abs() <= OFFSET_MINUTES_MAX;
        in_range.then_some(Self {
            date,
            second: Some(second),
            offset_minutes: Some(offset_minutes),
        })
    }

    /// A date without a time.
    #[must_use]
    pub const fn on(date: CivilDate) -> Self {
        Self {
            date,
            second: None,
            offset_minutes: None,
        }
    }

    /// The date as printed.
    #[must_use]
    pub const fn date(self) -> CivilDate {
        self.date
    }

    /// Whether time and offset are both known.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.second.is_some() && self.offset_minutes.is_some()
    }
}

/// Reads `xs:dateTime` and `xs:date`. Fractions of a second are dropped; 24:00:00 is the last second of its day.
impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            alloc::format!("`{shown}` is not a date and time such as 2026-03-02T09:15:00+07:00")
        })
    }
}

fn parse(text: &str) -> Option<Moment> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = CivilDate::parse(date)?;
    let (second, rest) = match rest.strip_prefix('T') {
        Some(time) => {
            let (clock, rest) = time.split_at_checked(8)?;
            (Some(second_of_day(clock)?), without_fraction(rest)?)
        }
        None => (None, rest),
    };
    Some(Moment {
        date,
        second,
        offset_minutes: offset(rest)?,
    })
}

fn second_of_day(clock: &str) -> Option<u32> {
    let mut parts = clock.split(':').map(two_digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    if (hour, minute, second) == (24, 0, 0) {
        return Some(DAY_SECONDS.saturating_sub(1));
    }
    let exists = hour < 24 && minute < 60 && second < 60;
    let minutes = hour.saturating_mul(60).saturating_add(minute);
    exists.then(|| minutes.saturating_mul(60).saturating_add(second))
}

fn without_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (after.len() < fraction.len()).then_some(after)
}

fn offset(rest: &str) -> Option<Option<i16>> {
    if rest.is_empty() {
        return Some(None);
    }
    if rest == "Z" {
        return Some(Some(0));
    }
    let (sign, clock) = match rest.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let total = i16::try_from(hours.saturating_mul(60).saturating_add(minutes)).ok()?;
    let exists = minutes < 60 && total <= OFFSET_MINUTES_MAX;
    exists.then(|| Some(total.saturating_mul(sign)))
}

fn two_digits(text: &str) -> Option<u32> {
    let shaped = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    shaped.then(|| text.parse().ok())?
}

/// The form in which it is committed and written: `2026-03-02T09:15:00+07:00`, `…Z`, or `2026-03-02`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.date, f)?;
        if let Some(second) = self.second {
            let (hour, minute) = (second / 3600, second / 60 % 60);
            write!(f, "T{hour:02}:{minute:02}:{:02}", second % 60)?;
        }
        match self.offset_minutes {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_has_one_text_and_keeps_its_printed_date() {
        for (given, text) in [
            ("2026-03-02T09:15:00+07:00", "2026-03-02T09:15:00+07:00"),
            ("2014-01-06T12:03:52.000+01:00", "2014-01-06T12:03:52+01:00"),
            ("2026-03-02T09:15:00-00:00", "2026-03-02T09:15:00Z"),
            ("2026-03-02T09:15:00-03:30", "2026-03-02T09:15:00-03:30"),
            ("2026-09-01T24:00:00Z", "2026-09-01T23:59:59Z"),
            ("2026-03-02T09:15:00", "2026-03-02T09:15:00"),
            ("2026-03-02", "2026-03-02"),
            ("2026-03-02+07:00", "2026-03-02+07:00"),
        ] {
            let moment: Moment = given.parse().expect(given);
            assert_eq!(moment.to_string(), text);
            assert_eq!(moment.date().to_string(), text[..10]);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in [
            "",
            "02/03/2026",
            "2026-02-30",
            "2026-03-02 09:15:00",
            "2026-03-02T25:00:00Z",
            "2026-03-02T09:60:00Z",
            "2026-03-02T09:15Z",
            "2026-03-02T09:15:00.Z",
            "2026-03-02T09:15:00+15:00",
            "2026-03-02T09:15:00+0700",
            "2026-03-02T09:15:00z",
            "2026-03-02T24:00:01Z",
            "2026-03-02T09:15:00Z ",
            "2026-03-0२",
            "+2026-03-02",
        ] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_reads_back(day in -700_000..2_900_000_i32, second in 0..DAY_SECONDS, offset in -840..=840_i16) {
            let moment = Moment::new(CivilDate(day), second, offset).expect("in range");
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn no_text_panics(text in "[0-9T:Z.+-]{0,30}|\\PC{0,30}") {
            let _outcome = text.parse::<Moment>();
        }
    }
}
