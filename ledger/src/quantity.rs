//! Quantities of specimens: exact decimals with at most four places, kept as integers.
//!
//! Box 11 and box 14 of the standard form hold numbers such as `960` or `12.345`. No float here: sums,
//! balances and comparisons must come out equal on every machine.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// A quantity in ten-thousandths (10⁻⁴) of its unit, from 0 to 10¹² units. The unit stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(
    // At most MAX_SCALED: checked in `from_scaled`, which every way in goes through.
    u64,
);

const PLACES: usize = 4;
const SCALE: u64 = 10_000;
const MAX_UNITS: u64 = 1_000_000_000_000;
const MAX_SCALED: u64 = MAX_UNITS * SCALE;

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Something other than digits with one decimal point: signs, exponents, blanks, commas.
    #[error("`{0}` is not a decimal number")]
    NotDecimal(String),
    /// More than four decimal places that are not zero.
    #[error("`{0}` has more than four decimal places")]
    TooPrecise(String),
    /// More than 10¹² units.
    #[error("`{0}` is more than 1000000000000")]
    TooLarge(String),
}

impl Quantity {
    /// None of it.
    pub const ZERO: Self = Self(0);
    /// The largest quantity: 10¹² units.
    pub const MAX: Self = Self(MAX_SCALED);

    /// A quantity from ten-thousandths of the unit; `None` above [`Self::MAX`].
    #[must_use]
    pub const fn from_scaled(scaled: u64) -> Option<Self> {
        if scaled > MAX_SCALED {
            return None;
        }
        Some(Self(scaled))
    }

    /// A quantity of whole units; `None` above [`Self::MAX`].
    #[must_use]
    pub const fn from_units(units: u64) -> Option<Self> {
        match units.checked_mul(SCALE) {
            Some(scaled) => Self::from_scaled(scaled),
            None => None,
        }
    }

    /// Ten-thousandths of the unit.
    #[must_use]
    pub const fn scaled(self) -> u64 {
        self.0
    }

    /// Whether it is nothing at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` above [`Self::MAX`].
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::from_scaled(sum),
            None => None,
        }
    }

    /// The difference; `None` where `other` is more.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }
}

/// Reads `960`, `12.345`, `.5` or `0960.500`: an unsigned `xs:decimal`, white space excluded.
impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let shown = || text.chars().take(40).collect::<String>();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let empty = whole.is_empty() && fraction.is_empty();
        if empty || !digits_only(whole) || !digits_only(fraction) {
            return Err(QuantityError::NotDecimal(shown()));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > PLACES {
            return Err(QuantityError::TooPrecise(shown()));
        }
        let padding = core::iter::repeat_n(b'0', PLACES.saturating_sub(fraction.len()));
        let scaled = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .try_fold(0_u64, |value, digit| {
                let digit = u64::from(digit.saturating_sub(b'0'));
                value.checked_mul(10)?.checked_add(digit)
            });
        scaled
            .and_then(Self::from_scaled)
            .ok_or_else(|| QuantityError::TooLarge(shown()))
    }
}

/// Without trailing zeros: `12.5`, `960`, `0.0001`. One quantity has one text.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.0 / SCALE, self.0 % SCALE);
        if rest == 0 {
            return write!(f, "{units}");
        }
        let digits = alloc::format!("{rest:04}");
        write!(f, "{units}.{}", digits.trim_end_matches('0'))
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C> Encode<C> for Quantity {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u64(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Quantity {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::from_scaled(d.u64()?)
            .ok_or_else(|| decode::Error::message("a quantity is at most 10^12 units"))
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::codec;

    #[test]
    fn a_quantity_has_one_text() {
        for (given, scaled, text) in [
            ("960", 9_600_000, "960"),
            ("12.345", 123_450, "12.345"),
            ("0", 0, "0"),
            ("0.0001", 1, "0.0001"),
            (".5", 5_000, "0.5"),
            ("5.", 50_000, "5"),
            ("007.500000", 75_000, "7.5"),
            ("1000000000000", 10_000_000_000_000_000, "1000000000000"),
        ] {
            let quantity: Quantity = given.parse().expect(given);
            assert_eq!(quantity.scaled(), scaled, "{given}");
            assert_eq!(quantity.to_string(), text, "{given}");
        }
    }

    #[test]
    fn a_text_that_is_no_exact_quantity_is_refused() {
        use QuantityError::{NotDecimal, TooLarge, TooPrecise};
        let not_decimal = [
            "",
            ".",
            "1 000",
            "1\u{a0}000",
            "1,5",
            "-1",
            "+1",
            "1e3",
            "NaN",
            "1.2.3",
            " 1",
            "१२",
            "0x1F",
        ];
        for wrong in not_decimal {
            let expected = Err(NotDecimal(wrong.into()));
            assert_eq!(wrong.parse::<Quantity>(), expected, "{wrong}");
        }
        let cases = [
            ("1.00001", TooPrecise("1.00001".into())),
            ("1000000000000.0001", TooLarge("1000000000000.0001".into())),
            ("1".repeat(30).leak(), TooLarge("1".repeat(30))),
        ];
        for (wrong, expected) in cases {
            assert_eq!(wrong.parse::<Quantity>(), Err(expected), "{wrong}");
        }
    }

    #[test]
    fn sums_stop_at_the_largest_and_differences_at_nothing() {
        let one = Quantity::from_scaled(1).expect("small");
        assert_eq!(Quantity::MAX.checked_add(one), None);
        assert_eq!(
            Quantity::MAX.checked_add(Quantity::ZERO),
            Some(Quantity::MAX)
        );
        assert_eq!(Quantity::ZERO.checked_sub(one), None);
        assert_eq!(one.checked_sub(one), Some(Quantity::ZERO));
        assert_eq!(Quantity::from_units(u64::MAX), None);
        assert_eq!(Quantity::from_units(MAX_UNITS), Some(Quantity::MAX));
    }

    #[test]
    fn a_quantity_beyond_the_largest_is_not_decoded() {
        let bytes = codec::encode(&(MAX_SCALED + 1));
        assert!(codec::decode::<Quantity>(&bytes, 16).is_err());
        let bytes = codec::encode(&Quantity::MAX);
        assert_eq!(codec::decode::<Quantity>(&bytes, 16), Ok(Quantity::MAX));
    }

    proptest! {
        #[test]
        fn every_quantity_reads_back(scaled in 0..=MAX_SCALED) {
            let quantity = Quantity::from_scaled(scaled).expect("in range");
            prop_assert_eq!(quantity.to_string().parse(), Ok(quantity));
        }

        #[test]
        fn no_text_panics(text in "[0-9. eE+-]{0,24}|\\PC{0,24}") {
            let _outcome = text.parse::<Quantity>();
        }
    }
}
