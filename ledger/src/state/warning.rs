//! Doubts that the rules leave to a person: they stand in the receipt, and on the permit for every later verdict.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::reason::Reason;

/// A set of doubts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warnings(
    // One bit for each row of `TABLE`: checked when decoded.
    u16,
);

impl Warnings {
    /// Every doubt there is; their places stand on the ledger.
    pub const TABLE: [Reason; 8] = [
        Reason::OriginNotCovered,
        Reason::ImportPermitNotCovered,
        Reason::AppendixChanged,
        Reason::MoreThanDrawn,
        Reason::SeenBeforeIssue,
        Reason::OperationUnregistered,
        Reason::LessThanAuthorised,
        Reason::LessThanEndorsed,
    ];

    /// No doubt.
    pub const NONE: Self = Self(0);

    /// With one more; a reason that is not in the table changes nothing.
    #[must_use]
    pub fn with(self, reason: Reason) -> Self {
        let bits = Self::TABLE.iter().zip(0_u32..);
        let bit = bits
            .filter(|(known, _)| **known == reason)
            .map(|(_, bit)| 1_u16 << bit);
        Self(bit.fold(self.0, |all, one| all | one))
    }

    /// The doubts, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        let bits = Self::TABLE.into_iter().zip(0_u32..);
        bits.filter(move |(_, bit)| self.0 >> bit & 1 == 1)
            .map(|(reason, _)| reason)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this doubt is among them.
    #[must_use]
    pub fn contains(self, reason: Reason) -> bool {
        self.iter().any(|one| one == reason)
    }
}

impl FromIterator<Reason> for Warnings {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        reasons.into_iter().fold(Self::NONE, Self::with)
    }
}

impl<C> Encode<C> for Warnings {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u16(self.0)?.ok()
    }

    fn is_nil(&self) -> bool {
        self.is_empty()
    }
}

impl<'b, C> Decode<'b, C> for Warnings {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bits = d.u16()?;
        if bits >> Self::TABLE.len() == 0 {
            Ok(Self(bits))
        } else {
            Err(decode::Error::message(
                "a doubt that this version does not know",
            ))
        }
    }

    fn nil() -> Option<Self> {
        Some(Self::NONE)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::codec;

    #[test]
    fn a_set_of_doubts_reads_back_in_the_order_of_the_table() {
        let set: Warnings = Warnings::TABLE.into_iter().rev().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), Warnings::TABLE);
        assert_eq!(codec::decode::<Warnings>(&codec::encode(&set), 8), Ok(set));
        assert_eq!(Warnings::NONE.with(Reason::Used), Warnings::NONE);
        assert!(codec::decode::<Warnings>(&codec::encode(&0x100_u16), 8).is_err());
    }
}
