//! Ed25519 keys and signatures: `verify_strict` and only that, one signature at a time.
//!
//! Batch verification is absent on purpose: it accepts signatures that single verification refuses,
//! which would split honest nodes.

use core::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// A registered public key: canonical and not of small order, checked in the only constructor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why 32 bytes are not an acceptable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes, or not 64 hexadecimal digits.
    #[error("a public key has 32 bytes, written as 64 hexadecimal digits")]
    Length,
    /// Not a point of the curve, or not its only encoding.
    #[error("not a canonical Ed25519 point")]
    NotCanonical,
    /// A point of small order verifies signatures over anything.
    #[error("a key of small order")]
    SmallOrder,
}

impl PublicKey {
    /// Accepts a canonical encoding of a point that is not of small order.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotCanonical)?;
        // `from_bytes` keeps the given bytes, whatever other encoding of that point there is.
        if !is_canonical(bytes) {
            return Err(KeyError::NotCanonical);
        }
        debug_assert_eq!(key.to_edwards().compress().as_bytes(), bytes);
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(key))
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&crate::digest::bytes_from_hex(text).ok_or(KeyError::Length)?)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether `signature` over `message` verifies, strictly.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).is_ok()
    }
}

/// Whether the encoding of a point (RFC 8032, 5.1.2) is its only one: y below the prime 2^255 - 19, and no sign
/// where x is zero, which is so for y = 1 and y = -1 alone. Compressing the point again would say the same at the
/// price of an inversion, for each vote that is decoded.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    let (sign, top) = (high >> 7, high & 0x7f);
    let is_all = |byte: u8| middle.iter().all(|one| *one == byte);
    let is_high = top == 0x7f && is_all(0xff);
    let is_below = !(is_high && *low >= 0xed);
    let is_one = *low == 1 && top == 0 && is_all(0);
    let is_minus_one = *low == 0xec && is_high;
    is_below && !(sign == 1 && (is_one || is_minus_one))
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl<C> Encode<C> for PublicKey {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PublicKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = d.bytes()?.try_into();
        let bytes = bytes.map_err(|_| decode::Error::message("a key has 32 bytes"))?;
        Self::from_bytes(bytes).map_err(|_| decode::Error::message("not an acceptable key"))
    }
}

/// How keys sign and are checked. Nodes and verifiers know one way, [`StrictEd25519`]; only a simulation, whose
/// keys guard nothing, may put a cheaper one in its place to save time.
pub trait Scheme {
    /// Signs `message`.
    fn sign(&self, key: &SecretKey, message: &[u8]) -> Signature;

    /// Whether `signature` over `message` verifies.
    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool;
}

/// Ed25519, checked with `verify_strict`, one signature at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrictEd25519;

impl Scheme for StrictEd25519 {
    fn sign(&self, key: &SecretKey, message: &[u8]) -> Signature {
        key.sign(message)
    }

    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        key.verifies(message, signature)
    }
}

/// 64 bytes that claim to be a signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, ..] = self.0;
        write!(f, "Signature({first:02x}{second:02x}{third:02x}…)")
    }
}

impl<C> Encode<C> for Signature {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Signature {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = d.bytes()?.try_into();
        bytes
            .map(Self)
            .map_err(|_| decode::Error::message("a signature has 64 bytes"))
    }
}

/// A private key. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// From 32 random bytes, which the caller draws: there is no randomness here.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The 32 bytes it was made from, for the file that keeps it.
    #[must_use]
    pub fn to_seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The key that others verify with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_verifies_only_for_its_message_and_key() {
        let key = SecretKey::from_seed(&[7; 32]);
        let signature = key.sign(b"permit");
        assert!(key.public().verifies(b"permit", &signature));
        assert!(!key.public().verifies(b"permits", &signature));
        assert!(
            !SecretKey::from_seed(&[8; 32])
                .public()
                .verifies(b"permit", &signature)
        );
    }

    /// Every encoding near zero and near the prime, with and without sign, against compressing the point again.
    #[test]
    fn an_encoding_is_canonical_exactly_where_compressing_gives_it_back() {
        let mut points = 0_u32;
        for (middle, top) in [(0, 0), (0xff, 0x7f), (0, 0x7f), (0xff, 0)] {
            for low in 0..=u8::MAX {
                for sign in [0, 0x80] {
                    let mut bytes = [middle; 32];
                    bytes[0] = low;
                    bytes[31] = top | sign;
                    let Ok(key) = VerifyingKey::from_bytes(&bytes) else {
                        continue;
                    };
                    points += 1;
                    let again = key.to_edwards().compress();
                    assert_eq!(
                        is_canonical(&bytes),
                        again.as_bytes() == &bytes,
                        "{bytes:?}"
                    );
                }
            }
        }
        assert!(points > 900, "{points} points");
    }

    #[test]
    fn weak_and_non_canonical_keys_are_refused() {
        let identity = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::SmallOrder));
        // y = 1 + p: the identity in a second encoding.
        let mut second = [0xff; 32];
        second[0] = 0xee;
        second[31] = 0x7f;
        assert_eq!(PublicKey::from_bytes(&second), Err(KeyError::NotCanonical));
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        assert_eq!(
            PublicKey::from_bytes(&off_curve),
            Err(KeyError::NotCanonical)
        );
        assert_eq!(PublicKey::from_hex("12"), Err(KeyError::Length));
    }
}
