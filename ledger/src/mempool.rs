//! Verified records that wait for a block: bounded, each once, fair between Parties.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::digest::RecordDigest;
use crate::limits::{MEMPOOL_BYTES_MAX, MEMPOOL_RECORDS_MAX, MEMPOOL_RECORDS_PER_PARTY_MAX};
use crate::party::PartyCode;
use crate::signed::{Signed, Verified};
use crate::time::Timestamp;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Records in all.
    pub records_max: usize,
    /// Records of one Party.
    pub per_party_max: usize,
    /// Bytes in all.
    pub bytes_max: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            records_max: MEMPOOL_RECORDS_MAX,
            per_party_max: MEMPOOL_RECORDS_PER_PARTY_MAX,
            bytes_max: MEMPOOL_BYTES_MAX,
        }
    }
}

/// Why a record cannot wait here now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// It already waits.
    #[error("the record already waits for a block")]
    Waiting,
    /// This Party's share is taken.
    #[error("too many records of {0} wait for a block; try again later")]
    PartyFull(PartyCode),
    /// No room at all.
    #[error("too many records wait for a block; try again later")]
    Full,
}

/// The waiting records. One Party's records keep their order; Parties take turns.
#[derive(Debug, Default)]
pub struct Mempool {
    capacity: Capacity,
    queues: BTreeMap<PartyCode, VecDeque<RecordDigest>>,
    records: BTreeMap<RecordDigest, Arc<Signed>>,
    bytes: usize,
    /// The Party whose turn came last, so that the next block begins with another.
    last_turn: Option<PartyCode>,
}

impl Mempool {
    /// An empty mempool of the given capacity.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            ..Self::default()
        }
    }

    /// Lets a record wait.
    ///
    /// # Errors
    /// [`MempoolError`]: the record is known, or there is no room. Nothing is pushed out for it.
    pub fn insert(&mut self, verified: &Verified) -> Result<(), MempoolError> {
        let digest = verified.digest();
        if self.records.contains_key(&digest) {
            return Err(MempoolError::Waiting);
        }
        let bytes = self.bytes.saturating_add(verified.signed().bytes().len());
        if self.records.len() >= self.capacity.records_max || bytes > self.capacity.bytes_max {
            return Err(MempoolError::Full);
        }
        let author = verified.record().author;
        let queue = self.queues.entry(author).or_default();
        if queue.len() >= self.capacity.per_party_max {
            return Err(MempoolError::PartyFull(author));
        }
        queue.push_back(digest);
        self.records.insert(digest, Arc::clone(verified.signed()));
        self.bytes = bytes;
        Ok(())
    }

    /// The next records for a block: one of each Party in turn, within both limits. They keep waiting until
    /// they are removed.
    pub fn candidates(&mut self, count_max: usize, bytes_max: usize) -> Vec<Arc<Signed>> {
        let turns = self.turns();
        let mut taken = Vec::new();
        let mut bytes = 0_usize;
        let longest = self.queues.values().map(VecDeque::len).max().unwrap_or(0);
        for place in 0..longest {
            for party in &turns {
                let digest = self.queues.get(party).and_then(|queue| queue.get(place));
                let Some(signed) = digest.and_then(|digest| self.records.get(digest)) else {
                    continue;
                };
                let more = bytes.saturating_add(signed.bytes().len());
                if taken.len() >= count_max || more > bytes_max {
                    return taken;
                }
                bytes = more;
                taken.push(Arc::clone(signed));
                self.last_turn = Some(*party);
            }
        }
        taken
    }

    fn turns(&self) -> Vec<PartyCode> {
        let after = |party: &&PartyCode| self.last_turn.is_none_or(|last| **party > last);
        let first = self.queues.keys().filter(after);
        let rest = self.queues.keys().filter(|party| !after(party));
        first.chain(rest).copied().collect()
    }

    /// Forgets records: they are in a block, or will never be.
    pub fn remove<'a>(&mut self, digests: impl IntoIterator<Item = &'a RecordDigest>) {
        let mut authors = BTreeSet::new();
        for digest in digests {
            if let Some(signed) = self.records.remove(digest) {
                self.bytes = self.bytes.saturating_sub(signed.bytes().len());
                authors.insert(signed.record().author);
            }
        }
        let records = &self.records;
        for author in authors {
            if let Some(queue) = self.queues.get_mut(&author) {
                queue.retain(|waiting| records.contains_key(waiting));
            }
        }
        self.queues.retain(|_, queue| !queue.is_empty());
    }

    /// Takes out the records that were good until before `now`.
    pub fn take_expired(&mut self, now: Timestamp) -> Vec<Arc<Signed>> {
        let expired = |signed: &&Arc<Signed>| signed.record().good_until < now;
        let expired: Vec<_> = self.records.values().filter(expired).cloned().collect();
        let digests: Vec<_> = expired.iter().map(|signed| signed.digest()).collect();
        self.remove(&digests);
        expired
    }

    /// The waiting record with this digest.
    #[must_use]
    pub fn get(&self, digest: &RecordDigest) -> Option<&Arc<Signed>> {
        self.records.get(digest)
    }

    /// Number of waiting records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests;
