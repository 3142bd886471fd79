//! A proof: header, quorum and paths, enough to judge a permit with no node and no network.
//!
//! Its parts are bound to one another: the quorum to the header's id, each state path to the header's
//! state root, each record to the header's log root, each hand-over to the one before. Swapped parts fail.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use crate::block::Header;
use crate::codec::{self, CodecError};
use crate::digest::{BlockId, ChainId};
use crate::limits::{PROOF_BYTES_MAX, PROOF_HANDOVERS_MAX, PROOF_PATHS_MAX, PROOF_RECORDS_MAX};
use crate::log::InclusionPath;
use crate::party::Height;
use crate::quorum::{Quorum, QuorumError, ValidatorSet};
use crate::record::PermitKey;
use crate::state::StateKey;
use crate::time::Timestamp;
use crate::tree::{PathError, TreePath};

/// One entry of the state, or its absence, with its path.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StateEntry {
    /// The key as text, such as `permit/QS/5d1e…`.
    #[n(0)]
    pub key: String,
    /// Its value; absent in a proof of absence.
    #[n(1)]
    pub value: Option<Value>,
    /// The path to the header's state root.
    #[n(2)]
    pub path: TreePath,
}

/// The bytes of a value.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Value(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

/// A logged record with its path.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LoggedRecord {
    /// Its index in the log.
    #[n(0)]
    pub index: u64,
    /// The leaf: signed record and receipt.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub leaf: Vec<u8>,
    /// The path to the header's log root.
    #[n(2)]
    pub path: InclusionPath,
}

/// A block after which other validators decide.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandOver {
    /// Its header.
    #[n(0)]
    pub header: Header,
    /// Its quorum, of the set before.
    #[n(1)]
    pub quorum: Quorum,
    /// The set after.
    #[n(2)]
    pub next: ValidatorSet,
}

/// What a `.citesproof` file holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Proof {
    /// Format of this file, 1.
    #[n(0)]
    pub version: u8,
    /// The permit it is about.
    #[n(1)]
    pub permit: PermitKey,
    /// The block whose state is shown.
    #[n(2)]
    pub header: Header,
    /// The signatures that make it final.
    #[n(3)]
    pub quorum: Quorum,
    /// 1 to 32 entries of the state.
    #[n(4)]
    pub entries: Vec<StateEntry>,
    /// 0 to 16 records of the log.
    #[n(5)]
    pub records: Vec<LoggedRecord>,
    /// Hand-overs between the verifier's checkpoint and this block, ascending.
    #[n(6)]
    pub hand_overs: Vec<HandOver>,
}

/// Version of the proof format.
pub const PROOF_VERSION: u8 = 1;

/// Why bytes are not a proof file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFormatError {
    /// Not the canonical form of a proof.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Another version of the format.
    #[error("proof format {0}, this program reads format {PROOF_VERSION}")]
    Version(u8),
    /// Too many or too few parts.
    #[error("the proof has too many or too few parts")]
    Parts,
}

impl Proof {
    /// Reads a proof file.
    ///
    /// # Errors
    /// [`ProofFormatError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofFormatError> {
        let proof: Self = codec::decode(bytes, PROOF_BYTES_MAX)?;
        if proof.version != PROOF_VERSION {
            return Err(ProofFormatError::Version(proof.version));
        }
        let entries = proof.entries.len();
        let fits = (1..=PROOF_PATHS_MAX).contains(&entries)
            && proof.records.len() <= PROOF_RECORDS_MAX
            && proof.hand_overs.len() <= PROOF_HANDOVERS_MAX;
        if fits {
            Ok(proof)
        } else {
            Err(ProofFormatError::Parts)
        }
    }

    /// The bytes of the proof file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// A block that a verifier trusts, and the validators of the heights after it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Anchor {
    /// Its height; 0 for genesis.
    #[n(0)]
    pub height: Height,
    /// Its id; absent for genesis.
    #[n(1)]
    pub block: Option<BlockId>,
    /// Its time; absent for genesis, which was pinned by its fingerprint and does not age.
    #[n(2)]
    pub time: Option<Timestamp>,
    /// Who decides the heights after it, until a hand-over.
    #[n(3)]
    pub validators: ValidatorSet,
}

/// What a verifier starts from: a pinned genesis and the checkpoints it saved after verification. Never
/// anything that a proof or a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The network.
    pub chain: ChainId,
    /// Trusted blocks, ascending; the first is genesis.
    pub anchors: Vec<Anchor>,
    /// Data older than this are stale.
    pub max_age_ms: u64,
    /// Validators may be followed from a checkpoint no older than this.
    pub trusting_period_ms: u64,
}

impl Trust {
    /// Whether validators may no longer be followed from this anchor. Genesis does not age.
    fn is_expired(&self, anchor: &Anchor, now: Timestamp) -> bool {
        anchor
            .time
            .is_some_and(|time| now.since_ms(time) > self.trusting_period_ms)
    }
}

/// Why a proof proves nothing to this verifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It belongs to another network.
    #[error("the proof belongs to network {found}, this verifier trusts {trusted}")]
    OtherNetwork {
        /// Network of the proof.
        found: ChainId,
        /// Network of the verifier.
        trusted: ChainId,
    },
    /// The newest usable checkpoint is older than the trusting period.
    #[error("the checkpoint of {0} is too old to follow the validators from; get a new one")]
    TrustExpired(Timestamp),
    /// Another block than the one that the verifier trusts at that height, and a quorum stands behind both.
    #[error(
        "block {0} is not the one this verifier trusts at that height: evidence of a fork, keep this file"
    )]
    Contradiction(Height),
    /// A hand-over does not follow from the one before.
    #[error("hand-over {0} does not follow")]
    HandOver(usize),
    /// Other validators than the trusted ones decide the header's height.
    #[error("the header names other validators than the trusted ones")]
    Validators,
    /// The quorum is not for this header.
    #[error("the quorum is for another block")]
    QuorumOfAnother,
    /// The signatures do not make the header final.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// An entry's path fails.
    #[error("state entry `{key}`: {error}")]
    Entry {
        /// Its key.
        key: String,
        /// What failed.
        error: PathError,
    },
    /// A record's path fails.
    #[error("record {0} is not in the log")]
    Record(u64),
}

/// A proof that holds: all that it shows is final under the verifier's trust.
#[derive(Clone, Debug)]
pub struct Proven<'p> {
    proof: &'p Proof,
    entries: BTreeMap<&'p str, Option<&'p [u8]>>,
    /// Validators of the heights after the proof's block.
    next: Option<ValidatorSet>,
    signed_power: (u64, u64),
}

impl Proof {
    /// Checks all parts and how they are bound to one another.
    ///
    /// # Errors
    /// [`ProofError`], in the order: network, trust, hand-overs, quorum, entries, records.
    pub fn check(&self, trust: &Trust, now: Timestamp) -> Result<Proven<'_>, ProofError> {
        if self.header.chain != trust.chain {
            let (found, trusted) = (self.header.chain, trust.chain);
            return Err(ProofError::OtherNetwork { found, trusted });
        }
        let (next, signed_power) = self.check_final(trust, now)?;
        let mut entries = BTreeMap::new();
        for StateEntry { key, value, path } in &self.entries {
            let value = value.as_ref().map(|Value(bytes)| bytes.as_slice());
            path.check(self.header.state_root, key.as_bytes(), value)
                .map_err(|error| ProofError::Entry {
                    key: key.clone(),
                    error,
                })?;
            entries.insert(key.as_str(), value);
        }
        for LoggedRecord { index, leaf, path } in &self.records {
            if !path.shows(&self.header.log(), *index, leaf) {
                return Err(ProofError::Record(*index));
            }
        }
        Ok(Proven {
            proof: self,
            entries,
            next,
            signed_power,
        })
    }

    fn check_final(
        &self,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<(Option<ValidatorSet>, (u64, u64)), ProofError> {
        let header = &self.header;
        let newest = |anchor: &&Anchor| anchor.height <= header.height;
        let usable = trust.anchors.iter().rev().find(newest);
        let anchor = usable.ok_or(ProofError::Validators)?;
        let id = header.id();
        if anchor.height == header.height && anchor.block != Some(id) {
            return Err(self.contradiction(trust, now));
        }
        if let Some(time) = anchor.time
            && trust.is_expired(anchor, now)
        {
            return Err(ProofError::TrustExpired(time));
        }
        if anchor.height == header.height {
            // The very block that was verified before.
            if self.quorum.height != header.height || self.quorum.block != id {
                return Err(ProofError::QuorumOfAnother);
            }
            return Ok((Some(anchor.validators.clone()), (0, 0)));
        }
        let validators = self.decided_by(anchor)?;
        let power = self
            .quorum
            .signatures
            .iter()
            .filter_map(|s| validators.get(s.validator));
        let signed = power.fold(0_u64, |sum, validator| sum.saturating_add(validator.power));
        let total = validators.total_power();
        let next = (header.next_validators == validators.digest()).then_some(validators);
        Ok((next, (signed, total)))
    }

    /// What is wrong with a header that is not the trusted one of its height. Anyone can write such a header,
    /// so it is a fork only where a quorum stands behind it that follows from an earlier anchor; else it is
    /// an ordinary bad proof.
    fn contradiction(&self, trust: &Trust, now: Timestamp) -> ProofError {
        let height = self.header.height;
        let earlier = |anchor: &&Anchor| anchor.height < height && !trust.is_expired(anchor, now);
        let Some(anchor) = trust.anchors.iter().rev().find(earlier) else {
            return ProofError::Validators;
        };
        match self.decided_by(anchor) {
            Ok(_) => ProofError::Contradiction(height),
            Err(error) => error,
        }
    }

    /// The validators who decide the header's height, as they follow from the anchor, after their signatures
    /// on this very header were checked.
    fn decided_by(&self, anchor: &Anchor) -> Result<ValidatorSet, ProofError> {
        let header = &self.header;
        if self.quorum.height != header.height || self.quorum.block != header.id() {
            return Err(ProofError::QuorumOfAnother);
        }
        let validators = self.follow(anchor)?;
        if header.validators != validators.digest() {
            return Err(ProofError::Validators);
        }
        self.quorum.check(header.chain, &validators)?;
        Ok(validators)
    }

    /// Walks from the anchor's validators to those who decide the header's height.
    fn follow(&self, anchor: &Anchor) -> Result<ValidatorSet, ProofError> {
        let mut current = anchor.validators.clone();
        let mut height = anchor.height;
        for (
            index,
            HandOver {
                header,
                quorum,
                next,
            },
        ) in self.hand_overs.iter().enumerate()
        {
            if header.height <= anchor.height {
                continue;
            }
            let follows = header.chain == self.header.chain
                && header.height > height
                && header.height < self.header.height
                && header.validators == current.digest()
                && header.next_validators == next.digest()
                && quorum.height == header.height
                && quorum.block == header.id()
                && quorum.check(header.chain, &current).is_ok();
            if !follows {
                return Err(ProofError::HandOver(index));
            }
            height = header.height;
            current = next.clone();
        }
        Ok(current)
    }
}

impl Proven<'_> {
    /// The final header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.proof.header
    }

    /// The permit that the proof is about.
    #[must_use]
    pub const fn permit(&self) -> PermitKey {
        self.proof.permit
    }

    /// Voting power that signed, and all: (0, 0) where the very block was verified before.
    #[must_use]
    pub const fn signed_power(&self) -> (u64, u64) {
        self.signed_power
    }

    /// Whether the proof shows this entry: its value, or (`Some(None)`) its absence.
    #[must_use]
    pub fn entry(&self, key: &StateKey) -> Option<Option<&[u8]>> {
        self.entries.get(key.as_str()).copied()
    }

    /// The checkpoint that a verifier may save now.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        let header = self.header();
        self.next.clone().map(|validators| Anchor {
            height: header.height,
            block: Some(header.id()),
            time: Some(header.time),
            validators,
        })
    }
}

#[cfg(test)]
mod tests;
