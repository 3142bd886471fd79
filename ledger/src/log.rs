//! The append-only log of all records of the chain (RFC 6962), so that history cannot be rewritten
//! between any two headers that somebody holds. Existing transparency-log tools verify its proofs.
//!
//! Leaf hash = SHA-256(0x00 ‖ leaf), inner hash = SHA-256(0x01 ‖ left ‖ right). Hashes are stored by the
//! index that `tlog_tiles` gives them.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use tlog_tiles::tlog;

use crate::digest::{Digest, LogRoot};
use crate::state::View;

/// Larger claims are refused before any arithmetic on them.
const SIZE_MAX: u64 = 1 << 48;
/// Longest path in a log of that size; a consistency proof may have one hash more.
const PATH_HASHES_MAX: usize = 48;

/// The log could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("log: {0}")]
pub struct LogError(pub String);

/// Proof that a leaf stands at an index of the log (RFC 6962 §2.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct InclusionPath(#[n(0)] pub Vec<Digest>);

/// Proof that a log is the beginning of a later one (RFC 6962 §2.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ConsistencyPath(#[n(0)] pub Vec<Digest>);

/// A log as a header names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Number of leaves.
    pub size: u64,
    /// Root over them.
    pub root: LogRoot,
}

/// Root of the log without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> LogRoot {
    LogRoot(crate::digest::sha256(b""))
}

/// The end of a log while leaves are added.
#[derive(Debug)]
pub struct LogTail<'v, V> {
    reader: Reader<'v, V>,
    size: u64,
}

#[derive(Debug)]
struct Reader<'v, V> {
    view: &'v V,
    added: BTreeMap<u64, Digest>,
}

impl<V: View> tlog::HashReader for Reader<'_, V> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let read = |&index: &u64| {
            let stored = match self.added.get(&index) {
                Some(hash) => Some(*hash),
                None => self.view.log_hash(index).ok().flatten(),
            };
            stored
                .map(|hash| tlog::Hash(hash.0))
                .ok_or(tlog::Error::IndexesNotInTree)
        };
        indexes.iter().map(read).collect()
    }
}

fn failed(what: &str, error: &tlog::Error) -> LogError {
    LogError(format!("{what}: {error}"))
}

impl<'v, V: View> LogTail<'v, V> {
    /// The log of `size` leaves as `view` holds it.
    #[must_use]
    pub const fn new(view: &'v V, size: u64) -> Self {
        Self {
            reader: Reader {
                view,
                added: BTreeMap::new(),
            },
            size,
        }
    }

    /// Adds a leaf.
    ///
    /// # Errors
    /// [`LogError`] where stored hashes are missing.
    pub fn append(&mut self, leaf: &[u8]) -> Result<(), LogError> {
        let hashes =
            tlog::stored_hashes(self.size, leaf, &self.reader).map_err(|e| failed("append", &e))?;
        let first = tlog::stored_hash_index(0, self.size);
        self.reader
            .added
            .extend((first..).zip(hashes.into_iter().map(|hash| Digest(hash.0))));
        self.size = self.size.saturating_add(1);
        Ok(())
    }

    /// Leaves so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root over the leaves so far.
    ///
    /// # Errors
    /// [`LogError`] where stored hashes are missing.
    pub fn root(&self) -> Result<LogRoot, LogError> {
        if self.size == 0 {
            return Ok(empty_root());
        }
        let hash = tlog::tree_hash(self.size, &self.reader).map_err(|e| failed("root", &e))?;
        Ok(LogRoot(Digest(hash.0)))
    }

    /// The hashes added, by index.
    #[must_use]
    pub fn into_hashes(self) -> Vec<(u64, Digest)> {
        self.reader.added.into_iter().collect()
    }
}

/// Proof that the leaf at `index` is in the log of `size` leaves.
///
/// # Errors
/// [`LogError`] where `index` is not below `size` or stored hashes are missing.
pub fn prove_inclusion(view: &impl View, size: u64, index: u64) -> Result<InclusionPath, LogError> {
    if index >= size {
        return Err(LogError(format!("no leaf {index} in a log of {size}")));
    }
    let reader = Reader {
        view,
        added: BTreeMap::new(),
    };
    let proof = tlog::prove_record(size, index, &reader).map_err(|e| failed("inclusion", &e))?;
    Ok(InclusionPath(
        proof.iter().map(|hash| Digest(hash.0)).collect(),
    ))
}

/// Proof that the log of `old` leaves is the beginning of the log of `size` leaves.
///
/// # Errors
/// [`LogError`] unless 0 < `old` ≤ `size`, or where stored hashes are missing.
pub fn prove_consistency(
    view: &impl View,
    size: u64,
    old: u64,
) -> Result<ConsistencyPath, LogError> {
    if old == 0 || old > size {
        return Err(LogError(format!(
            "a log of {size} leaves has no beginning of {old}"
        )));
    }
    let reader = Reader {
        view,
        added: BTreeMap::new(),
    };
    let proof = tlog::prove_tree(size, old, &reader).map_err(|e| failed("consistency", &e))?;
    Ok(ConsistencyPath(
        proof.iter().map(|hash| Digest(hash.0)).collect(),
    ))
}

impl InclusionPath {
    /// Whether `leaf` stands at `index` of the log `head`.
    #[must_use]
    pub fn shows(&self, head: &LogHead, index: u64, leaf: &[u8]) -> bool {
        if index >= head.size || head.size > SIZE_MAX || self.0.len() > PATH_HASHES_MAX {
            return false;
        }
        let proof = self.0.iter().map(|hash| tlog::Hash(hash.0)).collect();
        let root = tlog::Hash(head.root.0.0);
        tlog::check_record(&proof, head.size, root, index, tlog::record_hash(leaf)).is_ok()
    }
}

impl ConsistencyPath {
    /// Whether the log `old` is the beginning of the log `new`.
    #[must_use]
    pub fn shows(&self, new: &LogHead, old: &LogHead) -> bool {
        let sizes = old.size > 0 && old.size <= new.size && new.size <= SIZE_MAX;
        if !sizes || self.0.len() > PATH_HASHES_MAX + 1 {
            return false;
        }
        let proof = self.0.iter().map(|hash| tlog::Hash(hash.0)).collect();
        let (new_root, old_root) = (tlog::Hash(new.root.0.0), tlog::Hash(old.root.0.0));
        tlog::check_tree(&proof, new.size, new_root, old.size, old_root).is_ok()
    }
}

#[cfg(test)]
mod tests;
