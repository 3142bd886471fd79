//! The authenticated map: root, update, and proofs that a key is or is not there.
//!
//! The semantics are those of the Jellyfish Merkle Tree: a binary sparse Merkle tree over SHA-256 of the
//! key. Bit *i* of the key's hash, from the first, chooses left (0) or right (1).
//!
//! ```text
//! key hash = SHA-256(key)
//! empty    = the 32 bytes "SPARSE_MERKLE_PLACEHOLDER_HASH__"
//! leaf     = SHA-256("JMT::LeafNode" ‖ key hash ‖ SHA-256(value))
//! inner    = SHA-256("JMT::IntrnalNode" ‖ left ‖ right)      (the spelling is the published one)
//! ```
//!
//! A subtree of no leaves is `empty`, of one leaf that leaf, of more an `inner`: so the root depends only
//! on the set of keys and values, and anyone with a dump can recompute it.
//!
//! The engine is ours and small: pages of four levels, kept by path and overwritten in place, so no stale
//! node is ever written or pruned. The tests hold its roots and proofs equal to the `jmt` crate's.

mod page;
mod path;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

pub use page::{Page, PageId};
pub use path::{PathError, TreePath, prove};

use crate::digest::{Digest, StateRoot, sha256};
use page::Slot;

/// SHA-256 of a state key: its place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct KeyHash(pub Digest);

impl KeyHash {
    /// The place of `key`.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self(sha256(key))
    }

    /// Bit `index` from the first: whether the path goes right.
    pub(crate) fn goes_right(&self, index: usize) -> bool {
        let byte = self.0.0.get(index / 8).copied().unwrap_or(0);
        byte >> (7 - index % 8) & 1 == 1
    }

    /// Four bits of the path, from the first.
    pub(crate) fn nibble(&self, depth: usize) -> u8 {
        let byte = self.0.0.get(depth / 2).copied().unwrap_or(0);
        if depth.is_multiple_of(2) {
            byte >> 4
        } else {
            byte & 15
        }
    }
}

/// Hash of an empty subtree.
pub const EMPTY: Digest = Digest(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__");

/// Root of the map that holds nothing.
pub const EMPTY_ROOT: StateRoot = StateRoot(EMPTY);

pub(crate) fn leaf_hash(key: KeyHash, value: Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"JMT::LeafNode");
    hasher.update(key.0);
    hasher.update(value);
    Digest(hasher.finalize().into())
}

pub(crate) fn inner_hash(left: Digest, right: Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"JMT::IntrnalNode");
    hasher.update(left);
    hasher.update(right);
    Digest(hasher.finalize().into())
}

/// Where the pages are read from.
pub trait Pages {
    /// Why a page could not be read.
    type Error;

    /// The page at `id`; `None` where there is none.
    ///
    /// # Errors
    /// Where storage fails or holds what is not a page.
    fn page(&self, id: &PageId) -> Result<Option<Page>, Self::Error>;
}

/// Pages to write (`Some`) or delete (`None`).
pub type PageChanges = BTreeMap<PageId, Option<Page>>;

/// The values to be: digest of the new value, or `None` to remove the key.
pub type LeafChanges = BTreeMap<KeyHash, Option<Digest>>;

/// The root after `changes`, and the pages that change with it.
///
/// # Errors
/// Where a page cannot be read.
pub fn update<P: Pages>(
    pages: &P,
    changes: &LeafChanges,
) -> Result<(StateRoot, PageChanges), P::Error> {
    let mut written = PageChanges::new();
    let entries: Vec<_> = changes.iter().map(|(key, value)| (*key, *value)).collect();
    let root = pages.page(&PageId::ROOT)?.unwrap_or_default();
    let root = update_page(pages, PageId::ROOT, root, &entries, &mut written)?;
    let hash = root.summary().hash();
    written.insert(PageId::ROOT, Some(root));
    Ok((StateRoot(hash), written))
}

/// The root of the tree as it is stored.
///
/// # Errors
/// Where the root page cannot be read.
pub fn root<P: Pages>(pages: &P) -> Result<StateRoot, P::Error> {
    let root = pages.page(&PageId::ROOT)?.unwrap_or_default();
    Ok(StateRoot(root.summary().hash()))
}

/// Applies `entries`, sorted and all below `id`, to its page.
fn update_page<P: Pages>(
    pages: &P,
    id: PageId,
    mut page: Page,
    entries: &[(KeyHash, Option<Digest>)],
    written: &mut PageChanges,
) -> Result<Page, P::Error> {
    let depth = id.depth();
    for group in entries.chunk_by(|a, b| a.0.nibble(depth) == b.0.nibble(depth)) {
        let Some((first, _)) = group.first() else {
            continue;
        };
        let nibble = first.nibble(depth);
        let child = id.child(first);
        let slot = match page.slot(nibble) {
            Slot::Inner(_) => {
                let below = pages.page(&child)?.unwrap_or_default();
                settle(
                    update_page(pages, child, below, group, written)?,
                    child,
                    written,
                )
            }
            Slot::Empty => plant(pages, child, None, group, written)?,
            Slot::Leaf { key, value } => plant(pages, child, Some((key, value)), group, written)?,
        };
        page.set(nibble, slot);
    }
    Ok(page)
}

/// Grows what stands where there was no page: nothing, one leaf, or a new page.
fn plant<P: Pages>(
    pages: &P,
    child: PageId,
    standing: Option<(KeyHash, Digest)>,
    group: &[(KeyHash, Option<Digest>)],
    written: &mut PageChanges,
) -> Result<Slot, P::Error> {
    let mut leaves: BTreeMap<KeyHash, Digest> = standing.into_iter().collect();
    for (key, value) in group {
        match value {
            Some(value) => leaves.insert(*key, *value),
            None => leaves.remove(key),
        };
    }
    let mut rest = leaves.iter();
    match (rest.next(), rest.next()) {
        (None, _) => Ok(Slot::Empty),
        (Some((key, value)), None) => Ok(Slot::Leaf {
            key: *key,
            value: *value,
        }),
        (Some(_), Some(_)) => {
            let puts: Vec<_> = leaves
                .iter()
                .map(|(key, value)| (*key, Some(*value)))
                .collect();
            let page = update_page(pages, child, Page::default(), &puts, written)?;
            Ok(settle(page, child, written))
        }
    }
}

/// What the parent keeps of a child page; a page of at most one leaf is not kept at all.
fn settle(page: Page, id: PageId, written: &mut PageChanges) -> Slot {
    let summary = page.summary();
    let keep = matches!(summary, Slot::Inner(_));
    written.insert(id, keep.then_some(page));
    summary
}

#[cfg(test)]
mod tests;
