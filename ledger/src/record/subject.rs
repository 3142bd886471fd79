//! What a statement names: a permit, a port, quantities of lines.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::codes::Unit;
use crate::digest::NumberHash;
use crate::party::PartyCode;
use crate::permit::LineId;
use crate::quantity::Quantity;

/// Names a permit: its issuing Party and the hash of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct PermitKey {
    /// The Party that issued it.
    #[n(0)]
    pub issuer: PartyCode,
    /// Its number, hashed.
    #[n(1)]
    pub number: NumberHash,
}

impl PermitKey {
    /// Stands for what a Party states about no permit: quotas, registers, revoked forms, suspensions. No permit has
    /// this number hash.
    #[must_use]
    pub fn registers_of(party: PartyCode) -> Self {
        Self {
            issuer: party,
            number: NumberHash::default(),
        }
    }
}

/// A port as UN/LOCODE: two letters of the country, three letters or digits of the place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port([u8; 5]);

impl Port {
    /// Reads a code such as `QNHAR`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let code: [u8; 5] = text.as_bytes().try_into().ok()?;
        let [first, second, rest @ ..] = &code;
        let country = first.is_ascii_uppercase() && second.is_ascii_uppercase();
        let place = rest
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'9').contains(byte));
        (country && place).then_some(Self(code))
    }

    /// The five characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text).ok_or_else(|| {
            alloc::format!("`{text}` is not a UN/LOCODE: five characters, such as QNHAR")
        })
    }
}

impl<C> Encode<C> for Port {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Port {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.str()?).ok_or_else(|| decode::Error::message("not a UN/LOCODE"))
    }
}

/// A quantity of a permit's line, in a unit that must be the line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LineQuantity {
    /// The line: A, B, C, …
    #[n(0)]
    pub line: LineId,
    /// Its unit (box 11).
    #[n(1)]
    pub unit: Unit,
    /// How much; never zero, a line that did not move is left out.
    #[n(2)]
    pub quantity: Quantity,
}
