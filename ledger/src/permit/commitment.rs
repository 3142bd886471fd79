//! Commitment to a permit: a salted RFC 6962 root over its fields, so that the ledger can hold it in public.
//!
//! ```text
//! salt(path)  = HMAC-SHA-256(permit secret, path)
//! leaf(field) = H("field", salt(path), path, value)
//! commitment  = RFC 6962 root over the leaves, ascending by path
//! ```
//!
//! The secret is 32 random bytes that travel with the document. Whoever lacks it cannot guess contents from
//! the ledger; when it is deleted, the ledger has forgotten. No randomness here: the secret is an argument.

mod merkle;
mod revealed;
mod secret_file;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, Mac as _};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::fields::{self, Field};
use super::{LineId, Permit, number, text};
use crate::codec::{self, CodecError};
use crate::digest::{
    ChainId, Commitment, Digest, OperationHash, SpeciesKey, Tag, TaxonTag, hash, preimage,
};
use crate::limits::DISCLOSURE_BYTES_MAX;
use crate::party::PartyCode;

pub use self::revealed::Revealed;
pub use self::secret_file::{Difference, SecretFile, differences};

/// 32 random bytes, made for one permit, kept off the ledger. Wiped when dropped; never printed.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PermitSecret(#[n(0)] ByteArray<32>);

impl PermitSecret {
    /// Takes bytes from a random source.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// The salt of one field.
    fn salt(&self, path: &str) -> Digest {
        hmac(&self.0, path.as_bytes())
    }
}

impl Zeroize for PermitSecret {
    fn zeroize(&mut self) {
        (*self.0).zeroize();
    }
}

impl Drop for PermitSecret {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for PermitSecret {}

/// Never its bytes.
impl fmt::Debug for PermitSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PermitSecret(…)")
    }
}

/// Key of a taxon tag: equal along one chain of re-exports. Wiped when dropped; never printed.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct TaxonKey(#[n(0)] ByteArray<32>);

impl TaxonKey {
    /// The key of a line that is the origin of its specimens: `HMAC-SHA-256(permit secret, "taxon/" line)`.
    /// No field path begins like that, so no disclosed salt is ever a key.
    #[must_use]
    pub fn of_origin(secret: &PermitSecret, line: LineId) -> Self {
        let key = hmac(&secret.0, alloc::format!("taxon/{line}").as_bytes());
        Self(ByteArray::from(key.0))
    }

    /// The bytes, for [`taxon_tag`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Zeroize for TaxonKey {
    fn zeroize(&mut self) {
        (*self.0).zeroize();
    }
}

impl Drop for TaxonKey {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for TaxonKey {}

/// Never its bytes.
impl fmt::Debug for TaxonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaxonKey(…)")
    }
}

/// Tag of a scientific name (box 7) under the key of its origin line.
#[must_use]
pub fn taxon_tag(key: &[u8; 32], taxon: &str) -> TaxonTag {
    let taxon = text::normalise(taxon);
    TaxonTag(hmac(key, &preimage(Tag::Taxon, &[taxon.as_bytes()])))
}

/// A Party's seal over species: 32 random bytes that it gives to those who may read its quotas. Wiped when dropped;
/// never printed.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct SpeciesSeal(#[n(0)] ByteArray<32>);

impl SpeciesSeal {
    /// Takes bytes from a random source, or from the file in which they are kept.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// The key of a scientific name (box 7): equal for all permits of the Party.
    #[must_use]
    pub fn key_of(&self, taxon: &str) -> SpeciesKey {
        let taxon = text::normalise(taxon);
        SpeciesKey(hmac(&self.0, &preimage(Tag::Species, &[taxon.as_bytes()])))
    }

    /// The bytes, for the file in which they are kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Zeroize for SpeciesSeal {
    fn zeroize(&mut self) {
        (*self.0).zeroize();
    }
}

impl Drop for SpeciesSeal {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for SpeciesSeal {}

/// Never its bytes.
impl fmt::Debug for SpeciesSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpeciesSeal(…)")
    }
}

/// What the ledger calls a breeding operation or nursery (box 12b), normalised and bound like a stamp.
#[must_use]
pub fn operation_hash(chain: ChainId, party: PartyCode, registration: &str) -> OperationHash {
    let registration = number::normalise(registration);
    let party = party.as_str().as_bytes();
    OperationHash(hash(
        Tag::Operation,
        &[chain.as_ref(), party, registration.as_bytes()],
    ))
}

/// Digest of what a paper permit says, in the boxes that name no person: number, kind, dates, country of import,
/// species, Appendix, source, quantities, origins. It can be guessed by whoever knows the paper.
#[must_use]
pub fn paper_digest(chain: ChainId, issuer: PartyCode, permit: &Permit) -> Digest {
    use super::FormBox::{B1, B2, B3a, B7, B10, B11, B12, B12a};
    let told = |field: &Field| {
        let place = fields::box_of(&field.path);
        place.is_some_and(|place| [B1, B2, B3a, B7, B10, B11, B12, B12a].contains(&place.form_box))
    };
    let fields: Vec<Field> = fields::fields(permit).into_iter().filter(told).collect();
    let mut parts = alloc::vec![chain.as_ref(), issuer.as_str().as_bytes()];
    for field in &fields {
        parts.extend([field.path.as_bytes(), field.value.as_bytes()]);
    }
    hash(Tag::Paper, &parts)
}

/// Digest of a security stamp number (box 5b), normalised like a permit number: a stamp is seen twice on the
/// ledger although nobody can read it there.
#[must_use]
pub fn stamp_digest(chain: ChainId, party: PartyCode, stamp: &str) -> Digest {
    let stamp = number::normalise(stamp);
    let party = party.as_str().as_bytes();
    hash(Tag::Stamp, &[chain.as_ref(), party, stamp.as_bytes()])
}

/// Digest of the number of an air waybill or bill of lading (box 15), normalised and bound like a stamp's.
#[must_use]
pub fn transport_digest(chain: ChainId, issuer: PartyCode, number: &str) -> Digest {
    let number = number::normalise(number);
    let issuer = issuer.as_str().as_bytes();
    hash(Tag::Transport, &[chain.as_ref(), issuer, number.as_bytes()])
}

/// The commitment of a permit.
#[must_use]
pub fn commit(permit: &Permit, secret: &PermitSecret) -> Commitment {
    let digests: Vec<Digest> = leaves(permit, secret).map(|leaf| leaf.1).collect();
    Commitment(merkle::root(&digests))
}

/// Path and leaf digest of every field, ascending by path.
fn leaves(permit: &Permit, secret: &PermitSecret) -> impl Iterator<Item = (String, Digest)> {
    fields::fields(permit)
        .into_iter()
        .map(|Field { path, value }| {
            let digest = leaf(&secret.salt(&path), &path, &value);
            (path, digest)
        })
}

fn leaf(salt: &Digest, path: &str, value: &str) -> Digest {
    hash(
        Tag::Field,
        &[salt.as_ref(), path.as_bytes(), value.as_bytes()],
    )
}

fn hmac(key: &[u8; 32], message: &[u8]) -> Digest {
    // RFC 2104: a key shorter than the block is filled up with zeros.
    let mut block = [0; 64];
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
    mac.update(message);
    Digest(mac.finalize().into_bytes().into())
}

/// One field shown to somebody who sees only the commitment: nothing else of the document is revealed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Disclosure {
    /// Path of the field.
    #[n(0)]
    pub path: String,
    /// Its value.
    #[n(1)]
    pub value: String,
    /// Its salt, which tells nothing of the secret.
    #[n(2)]
    pub salt: Digest,
    /// Its place among the leaves, from 0.
    #[n(3)]
    pub index: u32,
    /// Number of leaves.
    #[n(4)]
    pub size: u32,
    /// RFC 6962 audit path, from the leaf up; at most 32.
    #[n(5)]
    pub audit_path: Vec<Digest>,
}

impl Disclosure {
    /// Whether this field is part of what was committed to.
    #[must_use]
    pub fn verify(&self, commitment: &Commitment) -> bool {
        let leaf = leaf(&self.salt, &self.path, &self.value);
        let known = self.path == fields::SCHEMA_PATH || fields::box_of(&self.path).is_some();
        known
            && merkle::root_of_path(&leaf, self.index, self.size, &self.audit_path)
                == Some(commitment.0)
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, DISCLOSURE_BYTES_MAX)
    }
}

/// Discloses the field at `path`; `None` where the permit has no such field.
#[must_use]
pub fn disclose(permit: &Permit, secret: &PermitSecret, path: &str) -> Option<Disclosure> {
    let fields = fields::fields(permit);
    let index = fields.iter().position(|field| field.path == path)?;
    let value = fields.get(index)?.value.clone();
    let digests: Vec<Digest> = leaves(permit, secret).map(|leaf| leaf.1).collect();
    Some(Disclosure {
        path: path.into(),
        value,
        salt: secret.salt(path),
        index: u32::try_from(index).ok()?,
        size: u32::try_from(digests.len()).ok()?,
        audit_path: merkle::audit_path(&digests, index),
    })
}

#[cfg(test)]
mod tests;
