//! Parties, their offices and the keys with which they state things, from when to when.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::key::PublicKey;

/// Height of a block; the first block has height 1, genesis is height 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Height(#[n(0)] pub u64);

impl Height {
    /// Genesis: before any block.
    pub const ZERO: Self = Self(0);

    /// The height after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Two-letter code of a State or the EU: ISO 3166-1, `QM`–`QZ` for demonstrations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyCode([u8; 2]);

impl PartyCode {
    /// Two upper-case ASCII letters.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Upper-case ASCII by construction.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the code is one of `QM`–`QZ`, which ISO leaves to users: invented Parties only.
    #[must_use]
    pub const fn is_invented(self) -> bool {
        self.0[0] == b'Q' && self.0[1] >= b'M'
    }
}

impl fmt::Display for PartyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PartyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PartyCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text).ok_or_else(|| {
            alloc::format!("`{text}` is not a Party code: two capital letters, such as QS")
        })
    }
}

impl<C> Encode<C> for PartyCode {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PartyCode {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.str()?).ok_or_else(|| decode::Error::message("not a Party code"))
    }
}

/// What an office may state. A Party gives the customs role to whichever authority acts at its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Management Authority: issues, replaces, cancels (Art. IX.1 a).
    #[n(1)]
    Management,
    /// Border authority: endorses, sights, imports, refuses.
    #[n(2)]
    Customs,
    /// Scientific Authority (Art. IX.1 b).
    #[n(3)]
    Scientific,
    /// Speaks for the Party in decisions about the network.
    #[n(4)]
    Governance,
}

impl Role {
    /// All roles, in their order.
    pub const ALL: [Self; 4] = [
        Self::Management,
        Self::Customs,
        Self::Scientific,
        Self::Governance,
    ];

    /// The word used in files, flags and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Customs => "customs",
            Self::Scientific => "scientific",
            Self::Governance => "governance",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                alloc::format!(
                    "`{text}` is not a role: management, customs, scientific or governance"
                )
            })
    }
}

/// Number of an office within its Party, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct OfficeNumber(#[n(0)] pub u16);

impl fmt::Display for OfficeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Signature algorithm of a registered key: a property of the key, never of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), strict verification.
    #[n(1)]
    Ed25519,
}

/// A Party's unit that signs records, as the state keeps it under `office/<party>/<n>`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Office {
    /// What it may state.
    #[n(0)]
    pub role: Role,
    /// How its key signs.
    #[n(1)]
    pub algorithm: Algorithm,
    /// The key it signs with.
    #[n(2)]
    pub key: PublicKey,
    /// First height at which the key is active.
    #[n(3)]
    pub active_from: Height,
    /// First height at which the key is no longer active; absent while it is.
    #[n(4)]
    pub active_until: Option<Height>,
}

impl Office {
    /// Whether the key may sign a record of the block at `height`.
    #[must_use]
    pub fn is_active_at(&self, height: Height) -> bool {
        self.active_from <= height && self.active_until.is_none_or(|end| height < end)
    }
}

/// A Party as the state keeps it under `party/<code>`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Party {
    /// The customs union it belongs to, if any: customs of any member may endorse and accept for any other.
    #[n(0)]
    pub union: Option<String>,
    /// Whether it accepts imports of permits that were never endorsed at export (box 14).
    #[n(1)]
    pub accepts_unendorsed: bool,
    /// Whether it asks for its own import permit for Appendix II too: a stricter measure (Art. XIV.1).
    #[n(2)]
    pub import_permit_for_ii: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_capital_letters_name_a_party() {
        for wrong in ["", "Q", "qs", "QSS", "Q1", "É", "Q "] {
            assert_eq!(PartyCode::new(wrong), None, "{wrong}");
        }
        assert!(PartyCode::new("QS").is_some_and(PartyCode::is_invented));
        assert!(PartyCode::new("QA").is_some_and(|qatar| !qatar.is_invented()));
    }

    #[test]
    fn a_key_is_active_from_its_first_height_to_before_its_last() {
        let office = Office {
            role: Role::Customs,
            algorithm: Algorithm::Ed25519,
            key: crate::key::SecretKey::from_seed(&[1; 32]).public(),
            active_from: Height(5),
            active_until: Some(Height(9)),
        };
        let active = (0..12).filter(|h| office.is_active_at(Height(*h)));
        assert_eq!(active.collect::<std::vec::Vec<_>>(), [5, 6, 7, 8]);
    }
}
