//! Permit numbers: one normal form, and the hash under which the ledger knows them.
//!
//! Parties use all sorts of numbers (`08CA00153/CWHQ`, `718370`), so any text is accepted (`domain.md` 2.1).
//! Normal form: NFC, upper case, trimmed, inner white space collapsed to one blank; `/`, `-`, `.` kept.

use alloc::string::String;
use core::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use unicode_normalization::UnicodeNormalization as _;

use super::text;
use crate::digest::{ChainId, NumberHash, Tag, hash};
use crate::limits::NUMBER_CHARS_MAX;
use crate::party::PartyCode;

/// A permit number (box 1) in its normal form: 1 to 70 visible characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PermitNumber(
    // As `normalise` gives it, not empty, not too long, nothing invisible: checked in `new`.
    String,
);

/// Why a text is no permit number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing but white space, or the placeholder `?`.
    #[error("the number is empty")]
    Empty,
    /// More than [`NUMBER_CHARS_MAX`] characters.
    #[error("the number has more than {NUMBER_CHARS_MAX} characters")]
    TooLong,
    /// Control or invisible characters: two numbers must not look the same.
    #[error("the number holds an invisible character, U+{0:04X}")]
    Invisible(u32),
}

impl PermitNumber {
    /// Normalises and checks a number.
    ///
    /// # Errors
    /// [`NumberError`].
    pub fn new(text: &str) -> Result<Self, NumberError> {
        let number = normalise(text);
        if text::is_placeholder(&number) {
            return Err(NumberError::Empty);
        }
        if number.chars().count() > NUMBER_CHARS_MAX {
            return Err(NumberError::TooLong);
        }
        match number.chars().find(|c| text::is_invisible(*c)) {
            Some(c) => Err(NumberError::Invisible(c.into())),
            None => Ok(Self(number)),
        }
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PermitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PermitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<C> Encode<C> for PermitNumber {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PermitNumber {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let text = d.str()?;
        match Self::new(text) {
            Ok(number) if number.0 == text => Ok(number),
            Ok(_) | Err(_) => Err(decode::Error::message(
                "not the normal form of a permit number",
            )),
        }
    }
}

/// The normal form of a number.
#[must_use]
pub fn normalise(number: &str) -> String {
    // Upper case may leave NFC (`ΐ`), so it is composed again.
    let composed: String = number.nfc().collect();
    let upper: String = composed.to_uppercase().nfc().collect();
    text::collapse(&upper)
}

/// What the ledger calls a number: bound to chain and Party, so that a list of hashes cannot be browsed.
/// It can be guessed by whoever knows how the Party counts.
#[must_use]
pub fn number_hash(chain: ChainId, party: PartyCode, number: &str) -> NumberHash {
    let number = normalise(number);
    NumberHash(hash(
        Tag::PermitNumber,
        &[chain.as_ref(), party.as_str().as_bytes(), number.as_bytes()],
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_written_alike_are_one_number() {
        for (written, normal) in [
            ("26QS000123/AA", "26QS000123/AA"),
            (" 26qs000123/aa\n", "26QS000123/AA"),
            ("26 \t QS\u{a0}1", "26 QS 1"),
            ("e\u{301}-1.0", "É-1.0"),
            ("", ""),
        ] {
            assert_eq!(normalise(written), normal, "{written}");
        }
    }

    #[test]
    fn empty_long_and_invisible_numbers_are_refused() {
        assert_eq!(PermitNumber::new(" \t"), Err(NumberError::Empty));
        assert_eq!(
            PermitNumber::new(&"1".repeat(71)),
            Err(NumberError::TooLong)
        );
        assert!(PermitNumber::new(&"1".repeat(70)).is_ok());
        assert_eq!(
            PermitNumber::new("26QS\u{200b}1"),
            Err(NumberError::Invisible(0x200b))
        );
        assert_eq!(
            PermitNumber::new("26QS\u{7}1"),
            Err(NumberError::Invisible(7))
        );
    }

    #[test]
    fn the_hash_is_bound_to_chain_and_party() {
        let qs = PartyCode::new("QS").expect("QS");
        let qt = PartyCode::new("QT").expect("QT");
        let chain = ChainId::default();
        let other = ChainId(hash(Tag::Genesis, &[b"other"]));
        let number = number_hash(chain, qs, "26QS000123/AA");
        assert_eq!(number, number_hash(chain, qs, " 26qs000123/aa "));
        assert_ne!(number, number_hash(chain, qt, "26QS000123/AA"));
        assert_ne!(number, number_hash(other, qs, "26QS000123/AA"));
        let pinned = "NumberHash(b87be30c885f59bfedfcb22c2a1e07b1797f80a6f29263b429cf079b228929a3)";
        assert_eq!(std::format!("{number:?}"), pinned);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own_normal_form(text in "\\PC{0,40}|[ a-zäΐŉßİı\u{300}-\u{34f}/.-]{0,40}") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}
