//! A node's address in the libp2p network, as its logs print it: `12D3KooW…`.
//!
//! Only peer ids that contain their Ed25519 key are accepted, so a peer id and its key say the same. The form
//! is that of the libp2p specification (peer-ids.md): base58 of an identity multihash of the key's protobuf.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ledger::key::{KeyError, PublicKey};
use minicbor::Encode;

/// Multihash "identity, 36 bytes", then protobuf "key type 1 (Ed25519), 32 bytes".
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
/// Bytes of such a peer id.
const BYTES: usize = 38;
/// Characters of its text: 38 bytes never need more base58 digits.
const TEXT_MAX: usize = 52;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// A peer id, by its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode)]
#[cbor(transparent)]
pub struct PeerId(#[n(0)] pub PublicKey);

/// Why a text is not a peer id that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerIdError {
    /// Another length, alphabet or kind of key.
    #[error("not the peer id of an Ed25519 key: 52 characters, beginning with 12D3KooW")]
    Form,
    /// The key in it is not acceptable.
    #[error("peer id: {0}")]
    Key(#[from] KeyError),
}

impl PeerId {
    /// Reads base58 text.
    ///
    /// # Errors
    /// [`PeerIdError`].
    pub fn parse(text: &str) -> Result<Self, PeerIdError> {
        let bytes = from_base58(text).ok_or(PeerIdError::Form)?;
        let key = bytes.strip_prefix(&PREFIX).ok_or(PeerIdError::Form)?;
        let key = key.try_into().map_err(|_| PeerIdError::Form)?;
        Ok(Self(PublicKey::from_bytes(key)?))
    }

    /// The bytes that libp2p knows it by.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = PREFIX.to_vec();
        bytes.extend_from_slice(self.0.as_bytes());
        bytes
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base58(&self.to_bytes()))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Base58 (Bitcoin alphabet) of a few bytes; the number is held as digits, least significant first.
fn to_base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry = carry.saturating_add(u32::from(*digit) << 8);
            *digit = u8::try_from(carry % 58).unwrap_or(0);
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).unwrap_or(0));
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| &0);
    let digits = zeros.chain(digits.iter().rev());
    let letters = digits.filter_map(|digit| ALPHABET.get(usize::from(*digit)));
    letters.map(|letter| char::from(*letter)).collect()
}

/// At most [`BYTES`] bytes from base58; `None` for another alphabet or more bytes.
fn from_base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    for letter in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        let mut carry = u32::try_from(digit).ok()?;
        for byte in &mut bytes {
            carry = carry.saturating_add(u32::from(*byte).saturating_mul(58));
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    bytes.extend(text.bytes().take_while(|letter| *letter == b'1').map(|_| 0));
    bytes.reverse();
    (bytes.len() <= BYTES).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use ledger::key::SecretKey;

    use super::*;

    #[test]
    fn the_peer_id_of_the_libp2p_specification_reads_back() {
        // The Ed25519 key among the test vectors of libp2p's peer-ids.md, with the peer id libp2p gives it.
        let key = "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
        let peer = PeerId(PublicKey::from_hex(key).unwrap());
        assert_eq!(PeerId::parse(&peer.to_string()), Ok(peer));
        assert_eq!(
            peer.to_string(),
            "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
        );
    }

    #[test]
    fn every_key_reads_back_in_52_characters() {
        for seed in 0..=255 {
            let peer = PeerId(SecretKey::from_seed(&[seed; 32]).public());
            let text = peer.to_string();
            assert_eq!((text.len(), text.get(..8)), (52, Some("12D3KooW")));
            assert_eq!(PeerId::parse(&text), Ok(peer));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = PeerId(SecretKey::from_seed(&[1; 32]).public()).to_string();
        let rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
        let rows = ["", "1", rsa, "12D3KooW", &good[1..], &good[..51]];
        for text in rows {
            assert_eq!(PeerId::parse(text), Err(PeerIdError::Form), "{text}");
        }
        let longer = [&good, "1"].concat();
        let first = ["1", &good].concat();
        let outside = good.replace('1', "0");
        for text in [longer, first, outside, "é".repeat(26)] {
            assert_eq!(PeerId::parse(&text), Err(PeerIdError::Form), "{text}");
        }
        let mut weak = PREFIX.to_vec();
        weak.push(1);
        weak.extend([0; 31]);
        assert_eq!(
            PeerId::parse(&to_base58(&weak)),
            Err(PeerIdError::Key(KeyError::SmallOrder))
        );
    }
}
