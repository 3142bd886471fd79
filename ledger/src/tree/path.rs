//! Proof that a key is, or is not, in the map: compact, and checked by a rule that fits in 25 lines.
//!
//! A path has a depth (number of siblings), a bitmap with one bit for each sibling from the bottom level
//! up (1 = not empty, first bit = highest of the first byte), and the siblings that are not empty, in that
//! order. A proof of absence ends in an empty place, or in the leaf of another key that shares the path's
//! bits. Each path has one form: what could be left out is left out. `tests/verify_proof.py` is a second
//! implementation.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::page::Slot;
use super::{EMPTY, KeyHash, PageId, Pages, inner_hash, leaf_hash};
use crate::digest::{Digest, StateRoot, sha256};

/// Bits of a key hash: the longest path.
const DEPTH_MAX: usize = 256;

/// The leaf of another key, at which a proof of absence may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OtherLeaf {
    /// SHA-256 of the other key.
    #[n(0)]
    pub key: Digest,
    /// SHA-256 of its value.
    #[n(1)]
    pub value: Digest,
}

/// Path from a place in the tree up to its root. Decoding takes only well-formed ones.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(map)]
pub struct TreePath {
    /// Number of levels between the place and the root, at most 256.
    #[n(0)]
    pub depth: u16,
    /// One bit for each level, from the bottom: whether the sibling is not empty.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bitmap: Vec<u8>,
    /// The siblings that are not empty, from the bottom.
    #[n(2)]
    pub siblings: Vec<Digest>,
    /// In a proof of absence: the other leaf that stands there.
    #[n(3)]
    pub other: Option<OtherLeaf>,
}

/// Why a path proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Depth, bitmap and siblings do not fit together, or an empty sibling is written out.
    #[error("the path is not well formed")]
    Form,
    /// The other leaf does not stand on the path of this key.
    #[error("the other leaf does not exclude this key")]
    OtherLeaf,
    /// The path leads to another root.
    #[error("the path does not lead to the state root")]
    Root,
}

impl TreePath {
    /// Checks that `key` has `value` (or, where `None`, is absent) under `root`.
    ///
    /// # Errors
    /// [`PathError`], in the order: form, exclusion, root.
    pub fn check(
        &self,
        root: StateRoot,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), PathError> {
        let place = KeyHash::of(key);
        let start = match (value, &self.other) {
            (Some(value), None) => leaf_hash(place, sha256(value)),
            (Some(_), Some(_)) => return Err(PathError::Form),
            (None, None) => EMPTY,
            (None, Some(other)) => {
                self.excludes(&place, &KeyHash(other.key))?;
                leaf_hash(KeyHash(other.key), other.value)
            }
        };
        let hash = self.climb(&place, start)?;
        if hash == root.0 {
            Ok(())
        } else {
            Err(PathError::Root)
        }
    }

    fn excludes(&self, place: &KeyHash, other: &KeyHash) -> Result<(), PathError> {
        let shares =
            (0..usize::from(self.depth)).all(|i| place.goes_right(i) == other.goes_right(i));
        if place != other && shares {
            Ok(())
        } else {
            Err(PathError::OtherLeaf)
        }
    }

    /// Whether this is the one form of its path: a bit for each level and no more, a sibling for each bit
    /// that is set, and none that a cleared bit would say.
    fn is_well_formed(&self) -> bool {
        let depth = usize::from(self.depth);
        let padding = self
            .bitmap
            .last()
            .is_some_and(|byte| depth % 8 != 0 && byte << (depth % 8) != 0);
        let set: u32 = self.bitmap.iter().map(|byte| byte.count_ones()).sum();
        depth <= DEPTH_MAX
            && self.bitmap.len() == depth.div_ceil(8)
            && !padding
            && usize::try_from(set) == Ok(self.siblings.len())
            && !self.siblings.contains(&EMPTY)
    }

    pub(super) fn climb(&self, place: &KeyHash, start: Digest) -> Result<Digest, PathError> {
        if !self.is_well_formed() {
            return Err(PathError::Form);
        }
        let depth = usize::from(self.depth);
        let mut siblings = self.siblings.iter();
        let mut hash = start;
        for (step, level) in (0..depth).rev().enumerate() {
            let full = self
                .bitmap
                .get(step / 8)
                .is_some_and(|byte| byte >> (7 - step % 8) & 1 == 1);
            let sibling = if full {
                *siblings.next().ok_or(PathError::Form)?
            } else {
                EMPTY
            };
            hash = if place.goes_right(level) {
                inner_hash(sibling, hash)
            } else {
                inner_hash(hash, sibling)
            };
        }
        Ok(hash)
    }
}

/// The fields of a path, as they come.
#[derive(Decode)]
#[cbor(map)]
struct Fields {
    #[n(0)]
    depth: u16,
    #[cbor(n(1), with = "minicbor::bytes")]
    bitmap: Vec<u8>,
    #[n(2)]
    siblings: Vec<Digest>,
    #[n(3)]
    other: Option<OtherLeaf>,
}

impl<'b, C> Decode<'b, C> for TreePath {
    fn decode(d: &mut minicbor::Decoder<'b>, c: &mut C) -> Result<Self, minicbor::decode::Error> {
        let Fields {
            depth,
            bitmap,
            siblings,
            other,
        } = Fields::decode(d, c)?;
        let path = Self {
            depth,
            bitmap,
            siblings,
            other,
        };
        if path.is_well_formed() {
            Ok(path)
        } else {
            Err(minicbor::decode::Error::message("not the form of a path"))
        }
    }
}

/// The path of `key` as the tree stands: of its leaf, or of its absence.
///
/// # Errors
/// Where a page cannot be read.
pub fn prove<P: Pages>(pages: &P, key: &[u8]) -> Result<TreePath, P::Error> {
    let place = KeyHash::of(key);
    let mut id = PageId::ROOT;
    let mut from_root = Vec::new();
    let end = loop {
        let page = pages.page(&id)?.unwrap_or_default();
        let (siblings, reached) = page.descend(place.nibble(id.depth()));
        from_root.extend(siblings);
        if !matches!(reached, Slot::Inner(_)) || id.depth() >= 64 {
            break reached;
        }
        id = id.child(&place);
    };
    let other = match end {
        Slot::Leaf { key, value } if key != place => Some(OtherLeaf { key: key.0, value }),
        Slot::Leaf { .. } | Slot::Empty | Slot::Inner(_) => None,
    };
    Ok(compact(&from_root, other))
}

fn compact(from_root: &[Digest], other: Option<OtherLeaf>) -> TreePath {
    let mut bitmap = alloc::vec![0_u8; from_root.len().div_ceil(8)];
    let mut siblings = Vec::new();
    for (step, sibling) in from_root.iter().rev().enumerate() {
        if *sibling != EMPTY {
            siblings.push(*sibling);
            if let Some(byte) = bitmap.get_mut(step / 8) {
                *byte |= 0x80 >> (step % 8);
            }
        }
    }
    // At most 256 levels.
    let depth = u16::try_from(from_root.len()).unwrap_or(u16::MAX);
    TreePath {
        depth,
        bitmap,
        siblings,
        other,
    }
}
