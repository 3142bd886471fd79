//! Pages of the tree: four levels, sixteen slots, kept by path.

use alloc::vec::Vec;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{EMPTY, KeyHash, inner_hash, leaf_hash};
use crate::digest::Digest;

/// Nibbles of a key hash.
const DEPTH_MAX: usize = 64;

/// Path of a page from the root: its first `depth` nibbles. Ordered so that children follow their parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageId {
    prefix: Digest,
    depth: u8,
}

impl PageId {
    /// The top page.
    pub const ROOT: Self = Self {
        prefix: Digest([0; 32]),
        depth: 0,
    };

    /// Nibbles of the path.
    #[must_use]
    pub fn depth(&self) -> usize {
        usize::from(self.depth)
    }

    /// The page below this one on the way to `key`.
    pub(super) fn child(&self, key: &KeyHash) -> Self {
        let depth = self.depth().saturating_add(1).min(DEPTH_MAX);
        let mut prefix = [0; 32];
        for (index, byte) in prefix.iter_mut().enumerate() {
            let (even, odd) = (
                index.saturating_mul(2),
                index.saturating_mul(2).saturating_add(1),
            );
            if even < depth {
                *byte |= key.nibble(even) << 4;
            }
            if odd < depth {
                *byte |= key.nibble(odd);
            }
        }
        // At most 64.
        Self {
            prefix: Digest(prefix),
            depth: u8::try_from(depth).unwrap_or(64),
        }
    }

    /// The key under which the page is stored: the bytes of the path, then its length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = self.depth().div_ceil(2);
        let mut out: Vec<u8> = self.prefix.0.iter().take(bytes).copied().collect();
        out.push(self.depth);
        out
    }
}

/// One of the sixteen places of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Slot {
    /// Nothing below.
    #[default]
    Empty,
    /// One leaf below.
    Leaf {
        /// Its key.
        key: KeyHash,
        /// SHA-256 of its value.
        value: Digest,
    },
    /// Several leaves below: hash of their page.
    Inner(Digest),
}

impl Slot {
    pub(super) fn hash(&self) -> Digest {
        match self {
            Self::Empty => EMPTY,
            Self::Leaf { key, value } => leaf_hash(*key, *value),
            Self::Inner(hash) => *hash,
        }
    }

    /// The subtree of two halves.
    pub(super) fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Empty, alone @ (Self::Empty | Self::Leaf { .. }))
            | (alone @ Self::Leaf { .. }, Self::Empty) => alone,
            (left, right) => Self::Inner(inner_hash(left.hash(), right.hash())),
        }
    }
}

/// Sixteen slots: the subtrees four bits below the page's path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Page([Slot; 16]);

impl Page {
    pub(super) fn slot(&self, nibble: u8) -> Slot {
        self.0.get(usize::from(nibble)).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, nibble: u8, slot: Slot) {
        if let Some(place) = self.0.get_mut(usize::from(nibble)) {
            *place = slot;
        }
    }

    /// The page as its parent sees it.
    pub(super) fn summary(&self) -> Slot {
        join_all(&self.0)
    }

    /// The four levels on the way to `nibble`: the subtree reached after each step, and its sibling.
    /// Stops where the subtree holds at most one leaf.
    pub(super) fn descend(&self, nibble: u8) -> (Vec<Digest>, Slot) {
        let mut siblings = Vec::new();
        let mut here: &[Slot] = &self.0;
        let mut bit = 8_u8;
        while here.len() > 1 && matches!(join_all(here), Slot::Inner(_)) {
            let (left, right) = here.split_at(here.len() / 2);
            let (on, off) = if nibble & bit == 0 {
                (left, right)
            } else {
                (right, left)
            };
            siblings.push(join_all(off).hash());
            here = on;
            bit >>= 1;
        }
        (siblings, join_all(here))
    }
}

fn join_all(slots: &[Slot]) -> Slot {
    match slots {
        [] => Slot::Empty,
        [slot] => *slot,
        _ => {
            let (left, right) = slots.split_at(slots.len() / 2);
            Slot::join(join_all(left), join_all(right))
        }
    }
}

/// Stored as an array of sixteen: null, `[key, value]`, or hash. Never leaves the node.
impl<C> Encode<C> for Page {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(16)?;
        for slot in &self.0 {
            match slot {
                Slot::Empty => e.null()?,
                Slot::Leaf { key, value } => e.array(2)?.bytes(&key.0.0)?.bytes(&value.0)?,
                Slot::Inner(hash) => e.bytes(&hash.0)?,
            };
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Page {
    fn decode(d: &mut Decoder<'b>, c: &mut C) -> Result<Self, decode::Error> {
        use minicbor::data::Type;
        if d.array()? != Some(16) {
            return Err(decode::Error::message("a page has 16 slots"));
        }
        let mut page = Self::default();
        for slot in &mut page.0 {
            let kind = d.datatype()?;
            *slot = if kind == Type::Null {
                d.null()?;
                Slot::Empty
            } else if kind == Type::Bytes {
                Slot::Inner(Digest::decode(d, c)?)
            } else {
                if d.array()? != Some(2) {
                    return Err(decode::Error::message("a leaf has key and value"));
                }
                Slot::Leaf {
                    key: KeyHash(Digest::decode(d, c)?),
                    value: Digest::decode(d, c)?,
                }
            };
        }
        Ok(page)
    }
}
