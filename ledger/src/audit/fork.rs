//! Two final blocks at one height: what shows that it happened, and who signed both.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use crate::block::Header;
use crate::codec::{self, CodecError};
use crate::digest::ChainId;
use crate::limits::PROOF_BYTES_MAX;
use crate::party::{Height, PartyCode};
use crate::quorum::{Quorum, QuorumError, Round, ValidatorSet};

/// A block's header with the quorum that makes it final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FinalHeader {
    /// The header.
    #[n(0)]
    pub header: Header,
    /// Its quorum.
    #[n(1)]
    pub quorum: Quorum,
}

/// Evidence of a fork. It convinces whoever knows the validators of the height, without any node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fork {
    /// Format of this evidence, 1.
    #[n(0)]
    pub version: u8,
    /// Who decides the height, as the headers name them.
    #[n(1)]
    pub validators: ValidatorSet,
    /// One block.
    #[n(2)]
    pub one: FinalHeader,
    /// The other.
    #[n(3)]
    pub other: FinalHeader,
}

/// Version of the format.
pub const FORK_VERSION: u8 = 1;

/// Why two headers with quorums are no fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFork {
    /// Another version of the format.
    #[error("evidence in format {0}, this program reads format {FORK_VERSION}")]
    Version(u8),
    /// They are one block, of different heights, or of another network.
    #[error("they are not two blocks of one network at one height")]
    NotTwo,
    /// A header names other validators.
    #[error("a header names other validators")]
    Validators,
    /// A quorum is for another block.
    #[error("a quorum is for another block")]
    QuorumOfAnother,
    /// A quorum does not hold.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
}

/// A validator that signed both blocks. In one round no honest node does that; in two rounds it may have been
/// led to, and its Party should say how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubleSigner {
    /// Its Party.
    pub party: PartyCode,
    /// Its place among the validators.
    pub validator: u16,
    /// The rounds in which it signed the one and the other.
    pub rounds: (Round, Round),
}

impl FinalHeader {
    /// Whether the quorum makes the header final, when these decide its height.
    ///
    /// # Errors
    /// [`NoFork`], in the order: validators, block, signatures.
    pub fn check(&self, chain: ChainId, validators: &ValidatorSet) -> Result<(), NoFork> {
        if self.header.validators != validators.digest() {
            return Err(NoFork::Validators);
        }
        if (self.quorum.height, self.quorum.block) != (self.header.height, self.header.id()) {
            return Err(NoFork::QuorumOfAnother);
        }
        Ok(self.quorum.check(chain, validators)?)
    }
}

impl Fork {
    /// The height.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.one.header.height
    }

    /// Checks both blocks, and names the validators who signed both: more than a third of the power.
    ///
    /// That the validators are those of the height is for the caller to know.
    ///
    /// # Errors
    /// [`NoFork`].
    pub fn check(&self, chain: ChainId) -> Result<Vec<DoubleSigner>, NoFork> {
        if self.version != FORK_VERSION {
            return Err(NoFork::Version(self.version));
        }
        let (one, other) = (&self.one, &self.other);
        let is_pair = one.header.height == other.header.height && one.header != other.header;
        if !is_pair || one.header.chain != chain || other.header.chain != chain {
            return Err(NoFork::NotTwo);
        }
        one.check(chain, &self.validators)?;
        other.check(chain, &self.validators)?;
        let signed_other = |place: u16| {
            let signatures = &other.quorum.signatures;
            signatures
                .iter()
                .any(|signature| signature.validator == place)
        };
        let both = one
            .quorum
            .signatures
            .iter()
            .map(|signature| signature.validator);
        let both = both.filter(|place| signed_other(*place));
        Ok(both
            .filter_map(|validator| {
                Some(DoubleSigner {
                    party: self.validators.get(validator)?.party,
                    validator,
                    rounds: (one.quorum.round, other.quorum.round),
                })
            })
            .collect())
    }

    /// Reads evidence.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, PROOF_BYTES_MAX)
    }

    /// The bytes of the evidence file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }
}
