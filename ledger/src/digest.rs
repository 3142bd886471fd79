//! Digest types, and the tag of everything that is hashed or signed.
//!
//! `H(tag, parts…) = SHA-256(len(tag) ‖ tag ‖ len(part) ‖ part …)`, each length as 8 bytes, big-endian.
//! Lengths and tags keep two different meanings from ever sharing a preimage (CVE-2023-46132 shows why).
//! Exceptions, hashed by their own published rules: RFC 6962 log nodes and Jellyfish tree nodes.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use sha2::{Digest as _, Sha256};

/// What a hash or a signature is over. One table, so that no two uses share a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    /// A permit number, bound to chain and Party.
    PermitNumber,
    /// One field of a permit document.
    Field,
    /// The taxon of a line, under the random key of its origin line.
    Taxon,
    /// A security stamp number (box 5b).
    Stamp,
    /// The number of an air waybill or bill of lading (box 15).
    Transport,
    /// The taxon of a line, under the seal of its issuing Party.
    Species,
    /// Registration number of a breeding operation or nursery (box 12b).
    Operation,
    /// What a paper permit says.
    Paper,
    /// A record, and what its offices sign.
    Record,
    /// What an office signs for a record.
    RecordSignature,
    /// A block header: the block's id.
    Header,
    /// A quorum, as carried by the next block.
    Quorum,
    /// A validator set.
    Validators,
    /// The genesis document: the chain id.
    Genesis,
    /// A proof of possession in the genesis ceremony.
    Possession,
    /// A prevote or precommit.
    Vote,
    /// A proposal.
    Proposal,
    /// The signed header of a proposal's parts.
    PartHeader,
    /// Proof that a peer id belongs to a validator.
    ValidatorPeer,
    /// How far a node says it is.
    PeerStatus,
    /// Key of the cache of verified signatures.
    VerifiedSignature,
    /// Checksum of a file that one node keeps for itself.
    LocalFile,
    /// The seal on paper.
    Seal,
}

impl Tag {
    /// All tags, for the test that they differ.
    pub const ALL: [Self; 23] = [
        Self::PermitNumber,
        Self::Field,
        Self::Taxon,
        Self::Stamp,
        Self::Transport,
        Self::Species,
        Self::Operation,
        Self::Paper,
        Self::Record,
        Self::RecordSignature,
        Self::Header,
        Self::Quorum,
        Self::Validators,
        Self::Genesis,
        Self::Possession,
        Self::Vote,
        Self::Proposal,
        Self::PartHeader,
        Self::ValidatorPeer,
        Self::PeerStatus,
        Self::VerifiedSignature,
        Self::LocalFile,
        Self::Seal,
    ];

    /// The bytes that enter the hash.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PermitNumber => "permit-number",
            Self::Field => "field",
            Self::Taxon => "taxon",
            Self::Stamp => "stamp",
            Self::Transport => "transport",
            Self::Species => "species",
            Self::Operation => "operation",
            Self::Paper => "paper",
            Self::Record => "record",
            Self::RecordSignature => "record-signature",
            Self::Header => "header",
            Self::Quorum => "quorum",
            Self::Validators => "validators",
            Self::Genesis => "genesis",
            Self::Possession => "possession",
            Self::Vote => "vote",
            Self::Proposal => "proposal",
            Self::PartHeader => "part-header",
            Self::ValidatorPeer => "validator-peer",
            Self::PeerStatus => "peer-status",
            Self::VerifiedSignature => "verified-signature",
            Self::LocalFile => "local-file",
            Self::Seal => "seal",
        }
    }
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits, with or without the prefix `sha256:`.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        bytes_from_hex(text.strip_prefix("sha256:").unwrap_or(text)).map(Self)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // State keys are written in hexadecimal several times for each record, so not digit by digit.
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&hex_digits(byte));
        }
        f.write_str(core::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C> Encode<C> for Digest {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Digest {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = d.bytes()?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| decode::Error::message("a digest has 32 bytes"))
    }
}

/// Hashes `parts` under `tag`.
#[must_use]
pub fn hash(tag: Tag, parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    feed(&mut hasher, tag.as_str().as_bytes());
    for part in parts {
        feed(&mut hasher, part);
    }
    Digest(hasher.finalize().into())
}

/// The bytes that are signed: the same framing as [`hash`], left unhashed so that any Ed25519 tool can
/// redo the signature from the published layout.
#[must_use]
pub fn preimage(tag: Tag, parts: &[&[u8]]) -> Vec<u8> {
    let bytes = parts.iter().map(|part| part.len().saturating_add(8));
    let mut out = Vec::with_capacity(bytes.sum::<usize>().saturating_add(64));
    for part in core::iter::once(tag.as_str().as_bytes()).chain(parts.iter().copied()) {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn feed(hasher: &mut Sha256, part: &[u8]) {
    hasher.update((part.len() as u64).to_be_bytes());
    hasher.update(part);
}

/// Plain SHA-256, for the rules of others (Jellyfish tree, RFC 6962) and for file checksums.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// Reads exactly `2 N` hexadecimal digits.
#[must_use]
pub fn bytes_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        let (high, low) = ((high as char).to_digit(16)?, (low as char).to_digit(16)?);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(out)
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| hex_digits(*byte));
    digits.map(char::from).collect()
}

const fn hex_digits(byte: u8) -> [u8; 2] {
    const fn digit(four_bits: u8) -> u8 {
        match four_bits {
            0..=9 => b'0'.saturating_add(four_bits),
            _ => b'a'.saturating_add(four_bits).saturating_sub(10),
        }
    }
    [digit(byte >> 4), digit(byte & 15)]
}

/// One newtype for each kind of digest, so that they cannot be mixed.
macro_rules! digest_types {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub Digest);

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] { &self.0.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(&self.0, f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

digest_types! {
    /// Digest of the genesis document: names the network.
    ChainId;
    /// Digest of a block header.
    BlockId;
    /// Digest of a record's bytes. It occurs once in the ledger, for ever.
    RecordDigest;
    /// A permit number, hashed with chain and Party against casual listing (not against guessing).
    NumberHash;
    /// RFC 6962 root over the salted fields of a permit document.
    Commitment;
    /// Root of the authenticated state.
    StateRoot;
    /// Root of the append-only log.
    LogRoot;
    /// Digest of a validator set.
    ValidatorsDigest;
    /// Digest of a quorum.
    QuorumDigest;
    /// Keyed tag of the taxon of a line; equal along one chain of re-exports, meaningless elsewhere.
    TaxonTag;
    /// A species under the seal of one Party: its quotas and suspensions name it, outsiders cannot read it.
    SpeciesKey;
    /// Registration number of a breeding operation or nursery, hashed with chain and Party.
    OperationHash;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::string::ToString;

    use super::*;

    #[test]
    fn no_two_tags_are_equal() {
        let distinct: BTreeSet<_> = Tag::ALL.iter().map(|tag| tag.as_str()).collect();
        assert_eq!(distinct.len(), Tag::ALL.len());
    }

    #[test]
    fn moving_a_byte_between_parts_changes_the_hash() {
        assert_ne!(
            hash(Tag::Field, &[b"ab", b"c"]),
            hash(Tag::Field, &[b"a", b"bc"])
        );
        assert_ne!(hash(Tag::Field, &[b"abc"]), hash(Tag::Record, &[b"abc"]));
    }

    #[test]
    fn the_hash_is_sha256_of_the_preimage() {
        assert_eq!(
            hash(Tag::Header, &[b"x", b"yz"]),
            sha256(&preimage(Tag::Header, &[b"x", b"yz"]))
        );
    }

    #[test]
    fn hexadecimal_text_reads_back() {
        let digest = sha256(b"permit");
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        for wrong in [
            "",
            "00",
            "zz",
            &"0".repeat(63),
            &"é".repeat(32),
            &"+1".repeat(32),
        ] {
            assert_eq!(Digest::from_hex(wrong), None, "{wrong}");
        }
    }
}
