//! The letter of a line: blocks A–D of the standard form, then the annex pages.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::limits::LINES_MAX;

/// A line of a permit, 1 to 250, written `A` … `Z`, `AA` … `IP`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(
    // 1..=LINES_MAX: checked in `new`.
    u8,
);

impl LineId {
    /// Line A.
    pub const A: Self = Self(1);

    /// The line of that number, from 1 (`A`) to 250 (`IP`).
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 || number as usize > LINES_MAX {
            return None;
        }
        Some(Self(number))
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Reads `A`, `D` or `AA`: capital letters, as [`LineId`] is displayed.
impl FromStr for LineId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.bytes().try_fold(0_u16, |number, letter| {
            let digit = u16::from(letter.checked_sub(b'A')?);
            let digit = (digit < 26).then(|| digit.saturating_add(1))?;
            number.checked_mul(26)?.checked_add(digit)
        });
        number
            .and_then(|number| u8::try_from(number).ok())
            .and_then(Self::new)
            .ok_or_else(|| {
                let shown: String = text.chars().take(20).collect();
                alloc::format!("`{shown}` is not a line: A to Z, then AA to IP")
            })
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.saturating_sub(1);
        let (high, low) = (last / 26, last % 26);
        if high > 0 {
            write!(
                f,
                "{}",
                char::from(b'A'.saturating_add(high).saturating_sub(1))
            )?;
        }
        write!(f, "{}", char::from(b'A'.saturating_add(low)))
    }
}

impl fmt::Debug for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C> Encode<C> for LineId {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for LineId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.u8()?).ok_or_else(|| decode::Error::message("a line is 1 to 250"))
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::codec;

    #[test]
    fn every_line_has_its_letters_and_its_byte() {
        for number in 0..=u8::MAX {
            let Some(line) = LineId::new(number) else {
                assert!(number == 0 || number > 250);
                assert!(codec::decode::<LineId>(&codec::encode(&number), 4).is_err());
                continue;
            };
            assert_eq!(line.to_string().parse(), Ok(line));
            assert_eq!(codec::decode(&codec::encode(&line), 4), Ok(line));
        }
        for (number, letters) in [
            (1, "A"),
            (26, "Z"),
            (27, "AA"),
            (52, "AZ"),
            (53, "BA"),
            (250, "IP"),
        ] {
            assert_eq!(
                LineId::new(number).map(|line| line.to_string()),
                Some(letters.into())
            );
        }
    }

    #[test]
    fn other_texts_are_no_lines() {
        for wrong in [
            "",
            "a",
            "1",
            "IQ",
            "A ",
            "AAA",
            "É",
            "@",
            "[",
            "ZZZZZZZZZZZZ",
        ] {
            assert!(wrong.parse::<LineId>().is_err(), "{wrong}");
        }
    }
}
