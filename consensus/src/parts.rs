//! A block as signed parts, and parts as a block again.
//!
//! Malachite neither checks who streams parts nor lets more than two values of a round in, so two bogus
//! streams would shut out the real block. Here each part carries the proposer's signed header, which is
//! checked against the expected proposer before anything is kept; the header holds the digest of every chunk.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use ledger::digest::{BlockId, ChainId, Digest, sha256};
use ledger::key::{Scheme, StrictEd25519};
use ledger::limits::BLOCK_BYTES_MAX;
use ledger::party::Height;
use ledger::quorum::Round;
use malachitebft_core_types::{Validator as _, ValidatorSet as _};

use crate::evidence::Evidence;
use crate::message::{PartHeader, ProposalPart, SignedPartHeader};
use crate::signing::verifies_part_header;
use crate::validators::{Address, ValidatorSet};

/// Bytes of a chunk; the last one may be shorter.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks of the largest block.
pub const CHUNKS_MAX: usize = BLOCK_BYTES_MAX.div_ceil(CHUNK_BYTES);
/// Rounds ahead of ours whose parts are kept; Malachite's own bound for votes and proposals.
pub const ROUNDS_AHEAD_MAX: u32 = 10;
/// Blocks in the making at once. Each costs its proposer a turn; who makes room is [`Assembler::make_room`].
pub const BLOCKS_OPEN_MAX: usize = 8;
/// Different blocks of one proposer in one round: two prove that it contradicts itself.
pub const BLOCKS_PER_ROUND_MAX: usize = 2;
/// Bytes kept for the height after next, whose parent is not committed here yet.
pub const LATER_BYTES_MAX: usize = 2 * BLOCK_BYTES_MAX;

/// Where and by whom a block is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Height.
    pub height: crate::context::Height,
    /// Round.
    pub round: Round,
    /// The earlier round in which more than 2/3 prevoted the block, if any.
    pub valid_round: Option<Round>,
    /// Who proposes in this round.
    pub proposer: Address,
}

/// The header for an encoded block. `None` where it is empty or too large to be one.
#[must_use]
pub fn describe(place: &Place, block: BlockId, bytes: &[u8]) -> Option<PartHeader> {
    if bytes.is_empty() || bytes.len() > BLOCK_BYTES_MAX {
        return None;
    }
    Some(PartHeader {
        height: place.height,
        round: place.round,
        valid_round: place.valid_round,
        proposer: place.proposer,
        block,
        length: u32::try_from(bytes.len()).ok()?,
        chunks: bytes.chunks(CHUNK_BYTES).map(sha256).collect(),
    })
}

/// The parts of an encoded block, under its signed header.
pub fn split<'a>(
    signed: &'a SignedPartHeader,
    bytes: &'a [u8],
) -> impl Iterator<Item = ProposalPart> + 'a {
    let chunks = (0_u16..).zip(bytes.chunks(CHUNK_BYTES));
    chunks.map(|(index, chunk)| ProposalPart {
        signed: signed.clone(),
        index,
        bytes: chunk.to_vec(),
    })
}

/// What the node expects parts for.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The height after this node's tip.
    pub height: Height,
    /// The round under way there.
    pub round: Round,
    /// Who decides that height.
    pub validators: ValidatorSet,
}

/// A whole block, as the proposer signed it. Whether its bytes are a block at all is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The original header.
    pub signed: SignedPartHeader,
    /// As many bytes as the header says, each chunk as it says.
    pub bytes: Vec<u8>,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It completed a block.
    Complete(Box<Assembled>),
    /// It is kept; more are missing.
    Kept,
    /// It belongs to the height after next: kept until the next one is committed.
    Later,
    /// It was here before.
    Repeated,
    /// It is not wanted.
    Refused(PartError),
}

/// Why a part is not wanted, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// A height that is decided, or too far ahead.
    #[error("parts for height {0} are not expected")]
    Height(Height),
    /// A round too far ahead.
    #[error("parts for round {0} are not expected")]
    Round(Round),
    /// Length, number of chunks, index, earlier round or chunk do not fit together.
    #[error("the part contradicts its header")]
    Shape,
    /// Somebody else proposes in this round.
    #[error("the part names a proposer that does not propose in this round")]
    Proposer,
    /// The proposer did not sign this header.
    #[error("the part header's signature does not verify")]
    Signature,
    /// The proposer has streamed other blocks in this round.
    #[error("the proposer streams too many blocks in one round")]
    TooMany,
    /// Blocks of nearer rounds are in the making.
    #[error("too many blocks of nearer rounds are in the making")]
    NoRoom,
}

/// Puts blocks together, within limits.
#[derive(Debug)]
pub struct Assembler<S = StrictEd25519> {
    chain: ChainId,
    scheme: S,
    height: Height,
    open: BTreeMap<(Round, BlockId), Open>,
    done: BTreeMap<(Round, BlockId), SignedPartHeader>,
    later: Vec<ProposalPart>,
    /// Who has contradicted itself where, at this height and the next.
    accused: BTreeSet<(Height, Round, Address)>,
    evidence: Vec<Evidence>,
}

#[derive(Debug)]
struct Open {
    signed: SignedPartHeader,
    chunks: BTreeMap<u16, Vec<u8>>,
}

impl Assembler {
    /// An empty one.
    #[must_use]
    pub const fn new(chain: ChainId) -> Self {
        Self::with_scheme(chain, StrictEd25519)
    }
}

impl<S: Scheme> Assembler<S> {
    /// An empty one that checks by `scheme`: another one than Ed25519 is for simulations.
    #[must_use]
    pub const fn with_scheme(chain: ChainId, scheme: S) -> Self {
        Self {
            chain,
            scheme,
            height: Height::ZERO,
            open: BTreeMap::new(),
            done: BTreeMap::new(),
            later: Vec::new(),
            accused: BTreeSet::new(),
            evidence: Vec::new(),
        }
    }

    /// Takes a part.
    pub fn insert(&mut self, part: ProposalPart, expected: &Expected) -> Outcome {
        self.turn_to(expected.height);
        let header = &part.signed.header;
        if header.height.0 == expected.height.next() {
            return self.keep_for_later(part, expected);
        }
        if let Err(error) = judge(&part, expected) {
            return Outcome::Refused(error);
        }
        let key = (header.round, header.block);
        let known = self.open.get(&key).map(|open| &open.signed);
        let known = known.or_else(|| self.done.get(&key));
        if known != Some(&part.signed) {
            let is_other = known.is_some();
            if !verifies_part_header(&self.scheme, self.chain, &part.signed) {
                return Outcome::Refused(PartError::Signature);
            }
            self.accuse(&part.signed);
            if is_other || self.blocks_in(header.round) >= BLOCKS_PER_ROUND_MAX {
                return Outcome::Refused(PartError::TooMany);
            }
            if !self.make_room(header.round, expected.round) {
                return Outcome::Refused(PartError::NoRoom);
            }
        }
        if self.done.contains_key(&key) {
            return Outcome::Repeated;
        }
        self.put(key, part)
    }

    /// Evidence that proposers contradicted themselves, since the last call: one piece for each round.
    pub fn take_evidence(&mut self) -> Vec<Evidence> {
        core::mem::take(&mut self.evidence)
    }

    /// Holds a correctly signed header against the others of its place.
    fn accuse(&mut self, signed: &SignedPartHeader) {
        let header = &signed.header;
        let place = (header.height.0, header.round, header.proposer);
        if self.accused.contains(&place) {
            return;
        }
        let open = self.open.values().map(|open| &open.signed);
        let later = self.later.iter().map(|part| &part.signed);
        let evidence = open
            .chain(self.done.values())
            .chain(later)
            .find_map(|other| Evidence::part_headers(other, signed));
        if let Some(evidence) = evidence {
            self.accused.insert(place);
            self.evidence.push(evidence);
        }
    }

    /// The parts kept for `expected.height` while it was the height after next, put together.
    pub fn take_later(&mut self, expected: &Expected) -> Vec<Outcome> {
        self.turn_to(expected.height);
        let parts = core::mem::take(&mut self.later);
        parts
            .into_iter()
            .map(|part| self.insert(part, expected))
            .collect()
    }

    fn turn_to(&mut self, height: Height) {
        if height != self.height {
            self.height = height;
            self.open.clear();
            self.done.clear();
            self.accused.retain(|place| place.0 >= height);
        }
    }

    fn blocks_in(&self, round: Round) -> usize {
        let open = self.open.keys().filter(|key| key.0 == round).count();
        let done = self.done.keys().filter(|key| key.0 == round).count();
        open.saturating_add(done)
    }

    /// Makes room for a block of round `new`. Rounds ahead give way first, the farthest before the others:
    /// their proposers can wait, and a few faulty ones among them must not push out the block under way. Of
    /// rounds that are over the oldest gives way. The round under way never does.
    fn make_room(&mut self, new: Round, current: Round) -> bool {
        if self.open.len() < BLOCKS_OPEN_MAX {
            return true;
        }
        let farthest = self.open.last_key_value().map(|(key, _)| *key);
        let oldest = self.open.first_key_value().map(|(key, _)| *key);
        let victim = match (farthest, oldest) {
            (Some(key), _) if key.0 > current => Some(key).filter(|key| new < key.0),
            (_, Some(key)) if new <= current => {
                Some(key).filter(|key| key.0 < current && key.0 < new)
            }
            _ => None,
        };
        victim.is_some_and(|key| self.open.remove(&key).is_some())
    }

    fn put(&mut self, key: (Round, BlockId), part: ProposalPart) -> Outcome {
        let signed = part.signed;
        let wanted = signed.header.chunks.len();
        let open = self.open.entry(key).or_insert_with(|| Open {
            signed,
            chunks: BTreeMap::new(),
        });
        if open.chunks.insert(part.index, part.bytes).is_some() {
            return Outcome::Repeated;
        }
        if open.chunks.len() < wanted {
            return Outcome::Kept;
        }
        let Some(open) = self.open.remove(&key) else {
            return Outcome::Repeated;
        };
        self.done.insert(key, open.signed.clone());
        Outcome::Complete(Box::new(Assembled {
            signed: open.signed,
            bytes: open.chunks.into_values().flatten().collect(),
        }))
    }

    /// The proposer of the height after next is known only after the next commit; until then any member
    /// of the next set may have its word kept, within [`LATER_BYTES_MAX`].
    fn keep_for_later(&mut self, part: ProposalPart, expected: &Expected) -> Outcome {
        let header = &part.signed.header;
        if self.later.contains(&part) {
            return Outcome::Repeated;
        }
        if header.round.0 > ROUNDS_AHEAD_MAX {
            return Outcome::Refused(PartError::Round(header.round));
        }
        if !is_shaped(&part) {
            return Outcome::Refused(PartError::Shape);
        }
        if expected
            .validators
            .get_by_address(&header.proposer)
            .is_none()
        {
            return Outcome::Refused(PartError::Proposer);
        }
        let is_known = self.later.iter().any(|other| other.signed == part.signed);
        if !is_known {
            if !verifies_part_header(&self.scheme, self.chain, &part.signed) {
                return Outcome::Refused(PartError::Signature);
            }
            self.accuse(&part.signed);
        }
        let header = &part.signed.header;
        let contradicts = |other: &ProposalPart| {
            other.signed.header.proposer == header.proposer && other.signed != part.signed
        };
        let kept: usize = self.later.iter().map(|other| other.bytes.len()).sum();
        let is_full = kept.saturating_add(part.bytes.len()) > LATER_BYTES_MAX;
        if is_full || self.later.iter().any(contradicts) {
            return Outcome::Refused(PartError::TooMany);
        }
        self.later.push(part);
        Outcome::Later
    }
}

/// Everything about a part except its signature.
fn judge(part: &ProposalPart, expected: &Expected) -> Result<(), PartError> {
    let header = &part.signed.header;
    if header.height.0 != expected.height {
        return Err(PartError::Height(header.height.0));
    }
    if header.round.0 > expected.round.0.saturating_add(ROUNDS_AHEAD_MAX) {
        return Err(PartError::Round(header.round));
    }
    if !is_shaped(part) {
        return Err(PartError::Shape);
    }
    let proposer = expected.validators.proposer(expected.height, header.round);
    if *proposer.address() != header.proposer {
        return Err(PartError::Proposer);
    }
    Ok(())
}

fn is_shaped(part: &ProposalPart) -> bool {
    let header = &part.signed.header;
    let Ok(length) = usize::try_from(header.length) else {
        return false;
    };
    let fits = length > 0
        && length <= BLOCK_BYTES_MAX
        && header.chunks.len() == length.div_ceil(CHUNK_BYTES)
        && header.valid_round.is_none_or(|round| round < header.round);
    let before = usize::from(part.index).saturating_mul(CHUNK_BYTES);
    let size = length.saturating_sub(before).min(CHUNK_BYTES);
    let is_chunk = |digest: &Digest| part.bytes.len() == size && sha256(&part.bytes) == *digest;
    fits && header
        .chunks
        .get(usize::from(part.index))
        .is_some_and(is_chunk)
}

#[cfg(test)]
mod tests;
