//! What a Management Authority states about its trade as a whole: stolen forms and stamps, quotas, breeding
//! operations, suspensions.

use alloc::format;
use alloc::string::String;
use core::fmt;

use minicbor::{Decode, Encode};

use crate::codes::Unit;
use crate::digest::{OperationHash, SpeciesKey};
use crate::limits::{SERIAL_AFFIX_CHARS_MAX, SERIAL_DIGITS_MAX};
use crate::party::PartyCode;
use crate::permit::number;
use crate::quantity::Quantity;
use crate::time::CivilDate;

/// What bears the numbers of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Series {
    /// Permit forms (box 1).
    #[n(1)]
    Forms,
    /// Security stamps (box 5b).
    #[n(2)]
    Stamps,
}

words! {
    Series {
        Forms "forms",
        Stamps "stamps",
    }
}

/// Consecutive numbers as they are printed: `26QS004000/AA` to `26QS004999/AA`. Numbers of blanks tell nothing of
/// any trade, so they stand on the ledger in clear: an officer's device must recognise them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct SerialRange {
    /// What stands before the digits, in the normal form of permit numbers.
    #[n(0)]
    pub prefix: String,
    /// The first number.
    #[n(1)]
    pub first: u64,
    /// The last number.
    #[n(2)]
    pub last: u64,
    /// How many digits are printed, leading zeros included, 1 to 12.
    #[n(3)]
    pub digits: u8,
    /// What stands behind the digits.
    #[n(4)]
    pub suffix: String,
}

impl SerialRange {
    /// Reads the first and the last number of a range: alike but for the digits that count.
    ///
    /// # Errors
    /// Words for a person, where the two do not span a range.
    pub fn parse(first: &str, last: &str) -> Result<Self, String> {
        let (one, two) = (number::normalise(first), number::normalise(last));
        let wrong = || format!("`{one}` and `{two}` differ in more than one run of digits");
        let differing = one.bytes().zip(two.bytes()).position(|(a, b)| a != b);
        let at = differing.unwrap_or(one.len());
        let is_digit =
            |text: &str, place: usize| text.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
        // The run of digits around the first difference; of equal numbers, the last run.
        let mut begin = if differing.is_some() {
            at
        } else {
            one.rfind(|c: char| c.is_ascii_digit()).ok_or_else(wrong)?
        };
        if !is_digit(&one, begin) || one.len() != two.len() {
            return Err(wrong());
        }
        let mut end = begin;
        while is_digit(&one, end) {
            end = end.saturating_add(1);
        }
        while begin > 0 && is_digit(&one, begin.saturating_sub(1)) {
            begin = begin.saturating_sub(1);
        }
        let part = |text: &str, from: usize, to: usize| text.get(from..to).map(String::from);
        let serial = |text: &str| part(text, begin, end)?.parse::<u64>().ok();
        let range = Self {
            prefix: part(&one, 0, begin).ok_or_else(wrong)?,
            first: serial(&one).ok_or_else(wrong)?,
            last: serial(&two).ok_or_else(wrong)?,
            digits: u8::try_from(end.saturating_sub(begin)).map_err(|_| wrong())?,
            suffix: part(&one, end, one.len()).ok_or_else(wrong)?,
        };
        let same_ends = part(&two, 0, begin) == Some(range.prefix.clone())
            && part(&two, end, two.len()) == Some(range.suffix.clone());
        if !same_ends {
            return Err(wrong());
        }
        if range.is_well_formed() {
            Ok(range)
        } else {
            Err(format!(
                "`{one}` to `{two}` is no range: at most {SERIAL_DIGITS_MAX} digits and \
                {SERIAL_AFFIX_CHARS_MAX} characters around them, the first number first"
            ))
        }
    }

    /// Whether it is in the one form that a range has.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let plain = |text: &str| {
            text.len() <= SERIAL_AFFIX_CHARS_MAX
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() || byte == b' ')
                && !text.bytes().any(|byte| byte.is_ascii_lowercase())
        };
        let digits = usize::from(self.digits);
        plain(&self.prefix)
            && plain(&self.suffix)
            && !self.prefix.ends_with(|c: char| c.is_ascii_digit())
            && !self.suffix.starts_with(|c: char| c.is_ascii_digit())
            && (1..=SERIAL_DIGITS_MAX).contains(&digits)
            && self.first <= self.last
            && format!("{}", self.last).len() <= digits
    }

    /// Whether a number is one of them, however it is written.
    #[must_use]
    pub fn contains(&self, written: &str) -> bool {
        let number = number::normalise(written);
        let serial = number
            .strip_prefix(self.prefix.as_str())
            .and_then(|rest| rest.strip_suffix(self.suffix.as_str()));
        let Some(serial) = serial else { return false };
        serial.len() == usize::from(self.digits)
            && serial.bytes().all(|byte| byte.is_ascii_digit())
            && serial
                .parse::<u64>()
                .is_ok_and(|serial| (self.first..=self.last).contains(&serial))
    }
}

/// `26QS004000/AA to 26QS004999/AA`.
impl fmt::Display for SerialRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            prefix,
            first,
            last,
            suffix,
            ..
        } = self;
        let width = usize::from(self.digits);
        write!(
            f,
            "{prefix}{first:0width$}{suffix} to {prefix}{last:0width$}{suffix}"
        )
    }
}

/// Why forms or stamps are revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum RevokeReason {
    /// Lost.
    #[n(1)]
    Lost,
    /// Stolen.
    #[n(2)]
    Stolen,
    /// Withdrawn from use.
    #[n(3)]
    Withdrawn,
}

words! {
    RevokeReason {
        Lost "lost",
        Stolen "stolen",
        Withdrawn "withdrawn",
    }
}

/// Blank forms or stamps of the author that nobody may use from now on, or may use again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevokeRange {
    /// What they are.
    #[n(0)]
    pub series: Series,
    /// Their numbers.
    #[n(1)]
    pub range: SerialRange,
    /// Why.
    #[n(2)]
    pub reason: RevokeReason,
    /// Whether this corrects an earlier revocation of the same range: it holds no longer.
    #[n(3)]
    pub lifted: bool,
}

/// The quantity of a species that the author lets be exported in a calendar year (box 11a). Stated again, the new
/// total holds; it never falls below what is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Quota {
    /// Calendar year of the date of grant.
    #[n(0)]
    pub year: u16,
    /// The species, under the author's seal.
    #[n(1)]
    pub species: SpeciesKey,
    /// Unit of the total.
    #[n(2)]
    pub unit: Unit,
    /// The total.
    #[n(3)]
    pub total: Quantity,
}

/// An operation enters the author's register of breeding operations and nurseries, or leaves it (Res. Conf. 12.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Operation {
    /// Its registration number, hashed.
    #[n(0)]
    pub number: OperationHash,
    /// Whether it is on the register from now on.
    #[n(1)]
    pub listed: bool,
}

/// The author suspends trade: its own exports, or imports from another Party. Stated again for the same Party and
/// species, the new dates hold; nothing in the past changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Suspend {
    /// The Party whose exports are suspended: the author for all its exports, another for those to the author.
    #[n(0)]
    pub of: PartyCode,
    /// The species, under the seal of that Party; absent for all.
    #[n(1)]
    pub species: Option<SpeciesKey>,
    /// First day, today or later.
    #[n(2)]
    pub from: CivilDate,
    /// Last day, if known; one before the first day lifts what was stated.
    #[n(3)]
    pub until: Option<CivilDate>,
}

#[cfg(test)]
mod tests;
