//! The seal on paper: what an officer compares with the goods, signed by the Management Authority, as a QR code.
//!
//! ```text
//! text    = "CP1:" base45( COSE_Sign1 )          RFC 9285; RFC 9052, Ed25519
//! payload = CBOR map: chain, issuer, fields, what hides the others, permit secret, anchor
//! signed  = Sig_structure, its external_aad = tag "seal" and the chain id
//! ```
//!
//! It is never a link: whoever forges a link chooses the page that says "valid". From the fields and the hashes
//! of the hidden ones follows the commitment, which the ledger has too. The anchor names a block that was final
//! when the seal was made. What is absent: no QR image, no line to any ledger, no clock.

mod base45;
mod content;
mod cose;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::CodecError;
use crate::digest::{BlockId, ChainId, Commitment, Tag, preimage};
use crate::key::{PublicKey, SecretKey};
use crate::limits::{SEAL_BYTES_MAX, SEAL_TEXT_CHARS_MAX};
use crate::party::{Height, PartyCode};
use crate::permit::Permit;
use crate::permit::commitment::{PermitSecret, Revealed};
use crate::permit::number::{PermitNumber, number_hash};
use crate::record::PermitKey;
use content::Content;
use cose::Sign1;

/// How the text of every seal begins.
pub const PREFIX: &str = "CP1:";

/// A block that was final when the seal was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealAnchor {
    /// Its height.
    pub height: Height,
    /// Its id.
    pub block: BlockId,
}

/// Why a text is no seal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A page that the forger chose would say that all is well.
    #[error("the code is a link; the code of a permit never is")]
    Link,
    /// Another kind of code.
    #[error("the code does not begin with CP1:")]
    NotASeal,
    /// More than any seal.
    #[error("the code has {0} characters, the longest seal has {SEAL_TEXT_CHARS_MAX}")]
    TooLong(usize),
    /// Damaged, or typed wrongly.
    #[error("the code is not base45 behind CP1:")]
    Characters,
    /// The bytes are no seal.
    #[error("the code is no seal: {0}")]
    Codec(#[from] CodecError),
    /// The parts do not fit together.
    #[error("the code is no seal: {0}")]
    Content(&'static str),
}

/// Why a seal does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// Made on another chain.
    #[error("the seal belongs to another network")]
    OtherNetwork,
    /// No office of that Party has the key.
    #[error("no Management Authority of {0} has the key of this seal")]
    UnknownKey(PartyCode),
    /// The device knows another block of that height.
    #[error("the seal names a block that is not on this ledger")]
    Anchor,
    /// Changed, or never signed.
    #[error("the signature of the seal does not verify")]
    Signature,
}

/// A seal as it was read; nothing is verified.
#[derive(Debug)]
pub struct Seal {
    signed: Sign1,
    content: Content,
    revealed: Revealed,
    commitment: Commitment,
    number: PermitNumber,
}

/// A seal that an office of the issuing Party signed on this chain.
#[derive(Debug)]
pub struct Sealed {
    seal: Seal,
    chain: ChainId,
}

impl Seal {
    /// Seals a permit with the key of its issuer's Management Authority.
    ///
    /// # Errors
    /// [`SealError`]: the permit is too large for a code.
    pub fn make(
        (chain, issuer): (ChainId, PartyCode),
        permit: &Permit,
        secret: &PermitSecret,
        anchor: SealAnchor,
        key: &SecretKey,
    ) -> Result<Self, SealError> {
        let revealed = Revealed::of(permit, secret, content::is_shown);
        let content = Content::new(chain, issuer, &revealed, secret, anchor)?;
        let signed = Sign1::sign(key, external(chain), content.to_bytes());
        Self::from_parts(signed, content)
    }

    /// Reads the text of a QR code.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn read(text: &str) -> Result<Self, SealError> {
        let text = text.trim_matches(|c: char| c == '\n' || c == '\r' || c == '\t');
        let begins = |with: &str| {
            let head = text.get(..with.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(with))
        };
        if ["http:", "https:", "www."].into_iter().any(begins) {
            return Err(SealError::Link);
        }
        let coded = text.strip_prefix(PREFIX).ok_or(SealError::NotASeal)?;
        if text.len() > SEAL_TEXT_CHARS_MAX {
            return Err(SealError::TooLong(text.chars().count()));
        }
        // A space at the end belongs to the code, so only the ends of lines were cut off.
        let bytes = base45::decode(coded).ok_or(SealError::Characters)?;
        let signed = Sign1::from_bytes(&bytes, SEAL_BYTES_MAX)?;
        let content = Content::from_bytes(signed.payload())?;
        Self::from_parts(signed, content)
    }

    fn from_parts(signed: Sign1, content: Content) -> Result<Self, SealError> {
        let revealed = content.revealed()?;
        let misfit = SealError::Content("its fields and hashes are not those of one permit");
        let commitment = revealed.commitment(&content.secret).ok_or(misfit)?;
        let number = revealed.value(content::NUMBER_PATH);
        let number = number.and_then(|number| PermitNumber::new(number).ok());
        Ok(Self {
            number: number.ok_or(SealError::Content("it names no permit number"))?,
            signed,
            content,
            revealed,
            commitment,
        })
    }

    /// The text for the QR code.
    #[must_use]
    pub fn to_text(&self) -> String {
        alloc::format!("{PREFIX}{}", base45::encode(&self.to_bytes()))
    }

    /// The bytes of the COSE_Sign1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.signed.to_bytes()
    }

    /// The Party that it names as issuer.
    #[must_use]
    pub const fn issuer(&self) -> PartyCode {
        self.content.issuer
    }

    /// The permit's number (box 1).
    #[must_use]
    pub const fn number(&self) -> &PermitNumber {
        &self.number
    }

    /// The fields that it shows.
    #[must_use]
    pub const fn revealed(&self) -> &Revealed {
        &self.revealed
    }

    /// The block that was final when it was made.
    #[must_use]
    pub const fn anchor(&self) -> SealAnchor {
        SealAnchor {
            height: self.content.height,
            block: self.content.block,
        }
    }

    /// Verifies it on `chain`, against the keys of the Management Authorities of its issuer.
    ///
    /// # Errors
    /// [`SealFault`].
    pub fn check(self, chain: ChainId, keys: &[PublicKey]) -> Result<Sealed, SealFault> {
        if !self.content.is_of(chain) {
            return Err(SealFault::OtherNetwork);
        }
        let key = keys.iter().find(|key| self.signed.names(key));
        let key = key.ok_or(SealFault::UnknownKey(self.content.issuer))?;
        if !self.signed.verifies(key, external(chain)) {
            return Err(SealFault::Signature);
        }
        Ok(Sealed { seal: self, chain })
    }
}

impl Sealed {
    /// What was read.
    #[must_use]
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The commitment that follows from it.
    #[must_use]
    pub const fn commitment(&self) -> Commitment {
        self.seal.commitment
    }

    /// The permit on the ledger.
    #[must_use]
    pub fn permit(&self) -> PermitKey {
        let issuer = self.seal.issuer();
        PermitKey {
            issuer,
            number: number_hash(self.chain, issuer, self.seal.number.as_str()),
        }
    }
}

/// Every signed preimage begins with its tag, the protocol's version and the chain.
fn external(chain: ChainId) -> Vec<u8> {
    preimage(Tag::Seal, &[chain.as_ref()])
}
