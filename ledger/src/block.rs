//! Blocks: what is agreed on at one height, and what makes one well formed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use crate::codec::{self, CodecError};
use crate::digest::{
    BlockId, ChainId, Digest, LogRoot, QuorumDigest, StateRoot, Tag, ValidatorsDigest, hash,
};
use crate::key::PublicKey;
use crate::limits::{BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX};
use crate::log::LogHead;
use crate::party::Height;
use crate::quorum::{PROTOCOL_VERSION, Quorum};
use crate::signed::{Signed, SignedError};
use crate::time::Timestamp;

/// What validators sign, through its digest: it commits to the state *after* the block, so a proof about
/// height h needs the quorum for h only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Header {
    /// Protocol version, 1.
    #[n(0)]
    pub version: u8,
    /// The network.
    #[n(1)]
    pub chain: ChainId,
    /// From 1.
    #[n(2)]
    pub height: Height,
    /// Block time, strictly later than the parent's.
    #[n(3)]
    pub time: Timestamp,
    /// Id of the block before; zero at height 1.
    #[n(4)]
    pub parent: BlockId,
    /// Leaves of the log after this block.
    #[n(5)]
    pub log_size: u64,
    /// Root of the log after this block.
    #[n(6)]
    pub log_root: LogRoot,
    /// Root of the state after this block.
    #[n(7)]
    pub state_root: StateRoot,
    /// Who decides this height.
    #[n(8)]
    pub validators: ValidatorsDigest,
    /// Who decides the next height.
    #[n(9)]
    pub next_validators: ValidatorsDigest,
    /// Digest of the quorum for the parent that this block carries; absent at height 1.
    #[n(10)]
    pub carried_quorum: Option<QuorumDigest>,
    /// The validator that built it first, also where another proposes it again.
    #[n(11)]
    pub proposer: PublicKey,
}

impl Header {
    /// The block's id.
    #[must_use]
    pub fn id(&self) -> BlockId {
        BlockId(hash(Tag::Header, &[&codec::encode(self)]))
    }

    /// The log after this block.
    #[must_use]
    pub const fn log(&self) -> LogHead {
        LogHead {
            size: self.log_size,
            root: self.log_root,
        }
    }
}

/// As it travels and is stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Envelope {
    #[n(0)]
    header: Header,
    #[n(1)]
    carried: Option<Quorum>,
    #[n(2)]
    records: Vec<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

/// A well-formed block. That its roots are right is known only after executing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    header: Header,
    carried: Option<Quorum>,
    records: Vec<Arc<Signed>>,
    id: BlockId,
    bytes: Vec<u8>,
}

/// Why bytes are not a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Not the canonical form of a block.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Another protocol version.
    #[error("protocol version {0}, this node speaks version {PROTOCOL_VERSION}")]
    Version(u8),
    /// More than 2,000 records.
    #[error("more than {BLOCK_RECORDS_MAX} records")]
    TooManyRecords,
    /// A record is not well formed.
    #[error("record {index}: {error}")]
    Record {
        /// Its place in the block.
        index: usize,
        /// What is wrong.
        error: SignedError,
    },
    /// The carried quorum is not the one that the header names.
    #[error("the carried quorum is not the one the header names")]
    CarriedQuorum,
}

impl Block {
    /// Puts a block together.
    ///
    /// # Errors
    /// [`BlockError`], as for foreign bytes.
    pub fn new(
        header: Header,
        carried: Option<Quorum>,
        records: &[Arc<Signed>],
    ) -> Result<Self, BlockError> {
        let records = records
            .iter()
            .map(|signed| Bytes(signed.bytes().to_vec()))
            .collect();
        Self::decode(&codec::encode(&Envelope {
            header,
            carried,
            records,
        }))
    }

    /// Reads a block.
    ///
    /// # Errors
    /// [`BlockError`], in the order: size, shape, canonical form, version, count, records, quorum.
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        let Envelope {
            header,
            carried,
            records,
        } = codec::decode(bytes, BLOCK_BYTES_MAX)?;
        if header.version != PROTOCOL_VERSION {
            return Err(BlockError::Version(header.version));
        }
        if records.len() > BLOCK_RECORDS_MAX {
            return Err(BlockError::TooManyRecords);
        }
        let decode = |(index, Bytes(bytes)): (usize, &Bytes)| {
            Signed::decode(bytes)
                .map(Arc::new)
                .map_err(|error| BlockError::Record { index, error })
        };
        let records = records
            .iter()
            .enumerate()
            .map(decode)
            .collect::<Result<Vec<_>, _>>()?;
        if carried.as_ref().map(Quorum::digest) != header.carried_quorum {
            return Err(BlockError::CarriedQuorum);
        }
        let id = header.id();
        Ok(Self {
            header,
            carried,
            records,
            id,
            bytes: bytes.to_vec(),
        })
    }

    /// What validators sign.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Digest of the header.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// The quorum for its parent.
    #[must_use]
    pub const fn carried(&self) -> Option<&Quorum> {
        self.carried.as_ref()
    }

    /// Its records, unverified.
    #[must_use]
    pub fn records(&self) -> &[Arc<Signed>] {
        &self.records
    }

    /// The bytes received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The parent of block 1.
pub const NO_PARENT: BlockId = BlockId(Digest([0; 32]));

#[cfg(test)]
mod tests;
