//! From bytes that claim to be a record to a record whose signatures verify.
//!
//! `Signed` is well formed and no more; `Verified` carries the proof that its signatures verify under the
//! keys its offices have. Whether those keys are active at a block is asked of the state again each time.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use crate::codec::{self, CodecError};
use crate::digest::{ChainId, Digest, RecordDigest, Tag, hash, preimage};
use crate::key::{PublicKey, Scheme, SecretKey, Signature, StrictEd25519};
use crate::limits::RECORD_BYTES_MAX;
use crate::party::Algorithm;
use crate::quorum::PROTOCOL_VERSION;
use crate::record::{FormError, Record};

/// As it travels: the record's own bytes, and one signature for each named office, in that order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Envelope {
    #[cbor(n(0), with = "minicbor::bytes")]
    record: Vec<u8>,
    #[n(1)]
    signatures: Vec<Signature>,
}

/// A well-formed record with signatures that nobody has checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    record: Record,
    digest: RecordDigest,
    envelope: Envelope,
    bytes: Vec<u8>,
}

/// Why bytes are not a signed record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// The bytes are not the canonical form of an envelope with a record.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The record is not well formed.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Not exactly one signature for each named office.
    #[error("{signatures} signatures for {offices} offices")]
    SignatureCount {
        /// Signatures given.
        signatures: usize,
        /// Offices named.
        offices: usize,
    },
}

impl Signed {
    /// Reads a signed record.
    ///
    /// # Errors
    /// [`SignedError`], in the order: size, shape, canonical form, rules of form, signature count.
    pub fn decode(bytes: &[u8]) -> Result<Self, SignedError> {
        let envelope: Envelope = codec::decode(bytes, RECORD_BYTES_MAX)?;
        let record: Record = codec::decode(&envelope.record, RECORD_BYTES_MAX)?;
        record.check_form()?;
        let (signatures, offices) = (envelope.signatures.len(), record.offices.len());
        if signatures != offices {
            return Err(SignedError::SignatureCount {
                signatures,
                offices,
            });
        }
        let digest = RecordDigest(hash(Tag::Record, &[&envelope.record]));
        Ok(Self {
            record,
            digest,
            envelope,
            bytes: bytes.to_vec(),
        })
    }

    /// Signs `record` with the keys of its offices, in their order.
    ///
    /// # Errors
    /// [`SignedError`], as for foreign bytes: what others would refuse is not made here.
    pub fn sign(record: &Record, keys: &[&SecretKey]) -> Result<Self, SignedError> {
        Self::sign_by(&StrictEd25519, record, keys)
    }

    /// [`Self::sign`] by another scheme than Ed25519: for simulations.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn sign_by(
        scheme: &impl Scheme,
        record: &Record,
        keys: &[&SecretKey],
    ) -> Result<Self, SignedError> {
        let bytes = codec::encode(record);
        let message = message(record.chain, &bytes);
        let signatures = keys.iter().map(|key| scheme.sign(key, &message)).collect();
        Self::decode(&codec::encode(&Envelope {
            record: bytes,
            signatures,
        }))
    }

    /// What was stated, unverified.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Digest of the record's bytes.
    #[must_use]
    pub const fn digest(&self) -> RecordDigest {
        self.digest
    }

    /// The bytes received, which are what is stored, hashed and passed on.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks one signature for each office with `keys`, in the order of the offices.
    #[must_use]
    pub fn verify(
        self: Arc<Self>,
        keys: &[(Algorithm, PublicKey)],
        checker: &impl SignatureCheck,
    ) -> Option<Verified> {
        if keys.len() != self.envelope.signatures.len() {
            return None;
        }
        let mut pairs = keys.iter().zip(&self.envelope.signatures);
        let all = pairs.all(|((algorithm, key), signature)| {
            let claim = Claim {
                signed: &self,
                algorithm: *algorithm,
                key,
                signature,
            };
            checker.verifies(&claim)
        });
        all.then_some(Verified(self))
    }
}

/// The bytes that an office signs for a record.
fn message(chain: ChainId, record: &[u8]) -> Vec<u8> {
    preimage(
        Tag::RecordSignature,
        &[&[PROTOCOL_VERSION], chain.as_ref(), record],
    )
}

/// A record whose signatures verify under the keys given when it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified(Arc<Signed>);

impl Verified {
    /// What was stated.
    #[must_use]
    pub fn record(&self) -> &Record {
        self.0.record()
    }

    /// The signed form.
    #[must_use]
    pub const fn signed(&self) -> &Arc<Signed> {
        &self.0
    }

    /// Digest of the record's bytes.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.0.digest()
    }
}

/// The claim that one signature over one record verifies under one key.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    signed: &'a Signed,
    algorithm: Algorithm,
    key: &'a PublicKey,
    signature: &'a Signature,
}

impl Claim<'_> {
    /// Checks the signature, strictly.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.holds_by(&StrictEd25519)
    }

    /// [`Self::holds`] by another scheme than Ed25519: for simulations.
    #[must_use]
    pub fn holds_by(&self, scheme: &impl Scheme) -> bool {
        let Algorithm::Ed25519 = self.algorithm;
        let message = message(self.signed.record.chain, &self.signed.envelope.record);
        scheme.verifies(self.key, &message, self.signature)
    }

    /// Names the claim by everything it depends on. A name by record alone would let one garbage
    /// signature, remembered under it, split honest nodes.
    #[must_use]
    pub fn name(&self) -> Digest {
        let Algorithm::Ed25519 = self.algorithm;
        let parts: [&[u8]; 4] = [
            self.signed.digest.as_ref(),
            self.key.as_bytes(),
            &[1],
            &self.signature.0,
        ];
        hash(Tag::VerifiedSignature, &parts)
    }
}

/// Decides claims: by checking, or by remembering that it checked.
pub trait SignatureCheck {
    /// Whether the signature verifies.
    fn verifies(&self, claim: &Claim<'_>) -> bool;

    /// Whether a validator's signature in a quorum verifies.
    fn vote_verifies(&self, key: &PublicKey, ballot: &[u8], signature: &Signature) -> bool {
        key.verifies(ballot, signature)
    }
}

/// Checks every claim anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckAll;

impl SignatureCheck for CheckAll {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        claim.holds()
    }
}

/// Names of claims that held, the oldest forgotten first. Says only "this signature verifies".
#[derive(Debug)]
pub struct CheckedClaims {
    names: BTreeSet<Digest>,
    order: VecDeque<Digest>,
    size_max: usize,
}

impl CheckedClaims {
    /// Remembers at most `size_max` claims (64 bytes each).
    #[must_use]
    pub const fn new(size_max: usize) -> Self {
        Self {
            names: BTreeSet::new(),
            order: VecDeque::new(),
            size_max,
        }
    }

    /// Whether the claim was seen to hold.
    #[must_use]
    pub fn contains(&self, name: &Digest) -> bool {
        self.names.contains(name)
    }

    /// Remembers that the claim holds.
    pub fn insert(&mut self, name: Digest) {
        if self.names.insert(name) {
            self.order.push_back(name);
        }
        if self.order.len() > self.size_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
