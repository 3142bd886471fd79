//! How a simulated network signs: Ed25519, each distinct signature checked once, or a keyed hash for speed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::digest::{Digest, sha256};
use ledger::key::{PublicKey, Scheme, SecretKey, Signature};
use ledger::signed::{Claim, SignatureCheck};

use crate::scenario::Signatures;

/// Checked signatures that are remembered; then all are forgotten.
const KNOWN_MAX: usize = 1_000_000;

/// A scheme, shared by all nodes of a run.
#[derive(Clone, Debug)]
pub enum Signing {
    /// Ed25519. What one node has checked, no other checks again: the answer depends on the bytes alone.
    Real(Arc<Mutex<BTreeMap<Digest, bool>>>),
    /// A hash of public key and message. Anybody could make one, so adversaries here never forge: what forged
    /// signatures do is a question for runs with real ones.
    Fast,
}

impl Signing {
    /// The scheme of a scenario.
    #[must_use]
    pub fn new(signatures: Signatures) -> Self {
        match signatures {
            Signatures::Real => Self::Real(Arc::default()),
            Signatures::Fast => Self::Fast,
        }
    }
}

impl Scheme for Signing {
    fn sign(&self, key: &SecretKey, message: &[u8]) -> Signature {
        match self {
            Self::Real(_) => key.sign(message),
            Self::Fast => keyed_hash(&key.public(), message),
        }
    }

    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        match self {
            Self::Real(known) => {
                let name = sha256(&[key.as_bytes(), &signature.0[..], message].concat());
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                if known.len() >= KNOWN_MAX {
                    known.clear();
                }
                *known
                    .entry(name)
                    .or_insert_with(|| key.verifies(message, signature))
            }
            Self::Fast => *signature == keyed_hash(key, message),
        }
    }
}

impl SignatureCheck for Signing {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        claim.holds_by(self)
    }

    fn vote_verifies(&self, key: &PublicKey, ballot: &[u8], signature: &Signature) -> bool {
        Scheme::verifies(self, key, ballot, signature)
    }
}

/// The digest once plain and once inverted: 64 bytes that no Ed25519 check accepts.
fn keyed_hash(key: &PublicKey, message: &[u8]) -> Signature {
    let Digest(digest) = sha256(&[key.as_bytes(), message].concat());
    let mut bytes = [0; 64];
    let halves = digest.iter().copied().chain(digest.map(|byte| !byte));
    for (to, from) in bytes.iter_mut().zip(halves) {
        *to = from;
    }
    Signature(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_scheme_accepts_its_own_signatures_and_no_others() {
        let (key, other) = (
            SecretKey::from_seed(&[1; 32]),
            SecretKey::from_seed(&[2; 32]),
        );
        let schemes = [Signatures::Real, Signatures::Fast].map(Signing::new);
        for scheme in &schemes {
            let signature = scheme.sign(&key, b"permit");
            // Twice, since the second answer is remembered.
            for _ in 0..2 {
                assert!(Scheme::verifies(
                    scheme,
                    &key.public(),
                    b"permit",
                    &signature
                ));
                assert!(!Scheme::verifies(
                    scheme,
                    &key.public(),
                    b"permits",
                    &signature
                ));
                assert!(!Scheme::verifies(
                    scheme,
                    &other.public(),
                    b"permit",
                    &signature
                ));
            }
        }
        let [real, fast] = schemes;
        let hashed = fast.sign(&key, b"permit");
        assert!(!Scheme::verifies(&real, &key.public(), b"permit", &hashed));
        assert!(!key.public().verifies(b"permit", &hashed));
    }
}
