//! The state in memory: for genesis, for simulations and for tests. The same rules, another storage.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::execution::Changes;
use super::signal::SignalKey;
use super::view::{ReadError, View};
use crate::digest::{Digest, RecordDigest, StateRoot, sha256};
use crate::record::PermitKey;
use crate::time::Timestamp;
use crate::tree::{self, KeyHash, LeafChanges, Page, PageId, Pages};

/// A whole state in ordered maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    values: BTreeMap<KeyHash, Vec<u8>>,
    pages: BTreeMap<PageId, Page>,
    log_hashes: BTreeMap<u64, Digest>,
    log_indices: BTreeMap<RecordDigest, u64>,
    leaves: Vec<Vec<u8>>,
    seen: BTreeSet<(Timestamp, RecordDigest)>,
    history: BTreeMap<PermitKey, Vec<u64>>,
    signals: BTreeSet<SignalKey>,
}

/// The pages of nothing.
struct NoPages;

impl Pages for NoPages {
    type Error = core::convert::Infallible;

    fn page(&self, _: &PageId) -> Result<Option<Page>, Self::Error> {
        Ok(None)
    }
}

/// What stands in the state before block 1: the changes that make it out of nothing.
#[must_use]
pub fn initial_changes(entries: Vec<(String, Vec<u8>)>) -> (StateRoot, Changes) {
    let values: BTreeMap<_, _> = entries
        .into_iter()
        .map(|(key, value)| (KeyHash::of(key.as_bytes()), Some(value)))
        .collect();
    let leaves: LeafChanges = values
        .iter()
        .map(|(place, value)| (*place, value.as_ref().map(|bytes| sha256(bytes))))
        .collect();
    let Ok((root, pages)) = tree::update(&NoPages, &leaves);
    (
        root,
        Changes {
            values,
            pages,
            ..Changes::default()
        },
    )
}

impl MemoryState {
    /// Applies what a block changes.
    pub fn apply(&mut self, changes: &Changes) {
        for (place, value) in &changes.values {
            match value {
                Some(value) => self.values.insert(*place, value.clone()),
                None => self.values.remove(place),
            };
        }
        for (id, page) in &changes.pages {
            match page {
                Some(page) => self.pages.insert(*id, page.clone()),
                None => self.pages.remove(id),
            };
        }
        self.log_hashes.extend(changes.log_hashes.iter().copied());
        for logged in &changes.logged {
            self.log_indices.insert(logged.record, logged.index);
            self.leaves.push(logged.leaf.clone());
            self.history
                .entry(logged.permit)
                .or_default()
                .push(logged.index);
        }
        for seen in &changes.seen_removed {
            self.seen.remove(seen);
        }
        self.seen.extend(changes.seen_added.iter().copied());
        for (signal, is_new) in &changes.signals {
            if *is_new {
                self.signals.insert(*signal);
            } else {
                self.signals.remove(signal);
            }
        }
    }

    /// The leaf of the log at `index`.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<&[u8]> {
        self.leaves
            .get(usize::try_from(index).ok()?)
            .map(Vec::as_slice)
    }

    /// The index of signals.
    #[must_use]
    pub const fn signals(&self) -> &BTreeSet<SignalKey> {
        &self.signals
    }

    /// Log indices of the records about a permit.
    #[must_use]
    pub fn history(&self, permit: &PermitKey) -> &[u64] {
        self.history.get(permit).map_or(&[], Vec::as_slice)
    }
}

impl View for MemoryState {
    fn value(&self, place: KeyHash) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.values.get(&place).cloned())
    }

    fn page(&self, id: &PageId) -> Result<Option<Page>, ReadError> {
        Ok(self.pages.get(id).cloned())
    }

    fn log_hash(&self, index: u64) -> Result<Option<Digest>, ReadError> {
        Ok(self.log_hashes.get(&index).copied())
    }

    fn log_index(&self, record: &RecordDigest) -> Result<Option<u64>, ReadError> {
        Ok(self.log_indices.get(record).copied())
    }

    fn seen_before(
        &self,
        time: Timestamp,
        count_max: usize,
    ) -> Result<Vec<(Timestamp, RecordDigest)>, ReadError> {
        Ok(self
            .seen
            .iter()
            .take_while(|(end, _)| *end < time)
            .take(count_max)
            .copied()
            .collect())
    }
}
