//! COSE_Sign1 (RFC 9052, 4.2) with Ed25519 (EdDSA, RFC 9053, 2.2): one payload, one signature.

use alloc::vec::Vec;

use minicbor::bytes::ByteVec;
use minicbor::data::{Int, Tagged};
use minicbor::{Decode, Encode};

use crate::codec::{self, CodecError};
use crate::digest::sha256;
use crate::key::{PublicKey, SecretKey, Signature};

/// EdDSA in the registry of COSE algorithms.
const EDDSA: i32 = -8;
/// CBOR tag of COSE_Sign1.
const SIGN1: u64 = 18;
/// Bytes of a key id: enough to find the key among a Party's.
const KEY_ID_BYTES: usize = 8;

/// Algorithm and key id, which the signature covers.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Protected {
    #[n(1)]
    algorithm: Int,
    #[n(4)]
    key_id: ByteVec,
}

/// Header parameters that the signature does not cover: none.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Unprotected {}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
struct Body {
    #[n(0)]
    protected: ByteVec,
    #[n(1)]
    unprotected: Unprotected,
    #[n(2)]
    payload: ByteVec,
    #[n(3)]
    signature: Signature,
}

/// What is signed.
#[derive(Encode)]
struct Signed<'a> {
    #[n(0)]
    context: &'static str,
    #[n(1)]
    protected: &'a ByteVec,
    #[n(2)]
    external: &'a ByteVec,
    #[n(3)]
    payload: &'a ByteVec,
}

/// A signed payload.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sign1 {
    body: Body,
}

impl Sign1 {
    /// Signs `payload`, bound to `external`.
    pub(super) fn sign(key: &SecretKey, external: Vec<u8>, payload: Vec<u8>) -> Self {
        let protected = codec::encode(&Protected {
            algorithm: Int::from(EDDSA),
            key_id: key_id(&key.public()).into(),
        });
        let mut body = Body {
            protected: protected.into(),
            unprotected: Unprotected {},
            payload: payload.into(),
            signature: Signature([0; 64]),
        };
        body.signature = key.sign(&body.signed(external));
        Self { body }
    }

    /// Its canonical bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(&Tagged::<SIGN1, &Body>::new(&self.body))
    }

    /// Reads canonical bytes; nothing is verified.
    pub(super) fn from_bytes(bytes: &[u8], limit: usize) -> Result<Self, CodecError> {
        let body = codec::decode::<Tagged<SIGN1, Body>>(bytes, limit)?.into_value();
        let protected: Protected = codec::decode(&body.protected, limit)?;
        if protected.algorithm != Int::from(EDDSA) || protected.key_id.len() != KEY_ID_BYTES {
            return Err(CodecError::Malformed("not signed with Ed25519".into()));
        }
        Ok(Self { body })
    }

    /// The payload.
    pub(super) fn payload(&self) -> &[u8] {
        &self.body.payload
    }

    /// Whether its header names this key.
    pub(super) fn names(&self, key: &PublicKey) -> bool {
        codec::decode::<Protected>(&self.body.protected, self.body.protected.len())
            .is_ok_and(|protected| *protected.key_id == key_id(key))
    }

    /// Whether `key` signed it, bound to `external`.
    pub(super) fn verifies(&self, key: &PublicKey, external: Vec<u8>) -> bool {
        key.verifies(&self.body.signed(external), &self.body.signature)
    }
}

impl Body {
    fn signed(&self, external: Vec<u8>) -> Vec<u8> {
        codec::encode(&Signed {
            context: "Signature1",
            protected: &self.protected,
            external: &external.into(),
            payload: &self.payload,
        })
    }
}

fn key_id(key: &PublicKey) -> Vec<u8> {
    let digest = sha256(key.as_bytes());
    digest.0.into_iter().take(KEY_ID_BYTES).collect()
}
