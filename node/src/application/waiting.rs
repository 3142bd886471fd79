//! Records that wait for a block, shared by HTTP, gossip and the application.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::digest::{Digest, RecordDigest};
use ledger::limits::{BLOCK_RECORDS_MAX, MEMPOOL_RECORDS_MAX};
use ledger::mempool::{Mempool, MempoolError};
use ledger::signed::{CheckedClaims, Claim, SignatureCheck, Signed, Verified};
use ledger::time::Timestamp;
use tokio::sync::{Notify, oneshot};

use consensus::replica::PROPOSED_BYTES_MAX;

/// Claims remembered: the records that may wait, twice over, since most have one or two signatures.
const CLAIMS_MAX: usize = 2 * MEMPOOL_RECORDS_MAX;
/// Watched records that are not worth looking through.
const SWEPT_MIN: usize = 64;

/// The waiting records. Whoever verified a record hands it in here; the application takes them out.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Owned by this lock; it is held for moments, never across disk or network.
    mempool: Mutex<Mempool>,
    arrived: Notify,
    /// Owned by this lock, held for moments: who asked to be told when a record stops waiting.
    watchers: Mutex<Watchers>,
}

/// Who asked to be told, record by record. Whoever gave up is forgotten: halted or not, a node keeps no more of
/// them than twice those who listen, and a few.
#[derive(Debug, Default)]
struct Watchers {
    of: BTreeMap<RecordDigest, Vec<oneshot::Sender<()>>>,
    /// Records at which all are looked through again.
    swept_at: usize,
}

impl Watchers {
    fn add(&mut self, record: RecordDigest) -> oneshot::Receiver<()> {
        let (watcher, told) = oneshot::channel();
        let listening = self.of.entry(record).or_default();
        listening.retain(|watcher| !watcher.is_closed());
        listening.push(watcher);
        if self.of.len() > self.swept_at.max(SWEPT_MIN) {
            self.sweep();
        }
        told
    }

    fn sweep(&mut self) {
        self.of.retain(|_, listening| {
            listening.retain(|watcher| !watcher.is_closed());
            !listening.is_empty()
        });
        self.swept_at = self.of.len().saturating_mul(2);
    }
}

impl Waiting {
    /// Lets a verified record wait, and tells the application.
    ///
    /// # Errors
    /// [`MempoolError`].
    pub fn insert(&self, verified: &Verified) -> Result<(), MempoolError> {
        self.lock().insert(verified)?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Whether the record waits.
    #[must_use]
    pub fn contains(&self, record: &RecordDigest) -> bool {
        self.lock().get(record).is_some()
    }

    /// The waiting record with this digest.
    #[must_use]
    pub fn get(&self, record: &RecordDigest) -> Option<Arc<Signed>> {
        self.lock().get(record).cloned()
    }

    /// Number of waiting records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The records for the next block, fairly from all Parties. They keep waiting.
    pub(super) fn candidates(&self) -> Vec<Arc<Signed>> {
        self.lock()
            .candidates(BLOCK_RECORDS_MAX, PROPOSED_BYTES_MAX)
    }

    /// All that waits. Not for every block: there may be many.
    pub(crate) fn all(&self) -> Vec<Arc<Signed>> {
        self.lock().candidates(usize::MAX, usize::MAX)
    }

    /// Forgets records that are in a block, or will never be, and tells who watches them: note first, where
    /// they look, what became of them.
    pub(crate) fn remove<'a>(&self, records: impl IntoIterator<Item = &'a RecordDigest> + Clone) {
        self.lock().remove(records.clone());
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let told = records
            .into_iter()
            .filter_map(|record| watchers.of.remove(record));
        for watcher in told.flatten() {
            // Whoever no longer listens needs no answer.
            let _gone = watcher.send(());
        }
    }

    /// Is told when the record stops waiting. Ask the store what became of it, before and after.
    pub fn watch(&self, record: RecordDigest) -> oneshot::Receiver<()> {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.add(record)
    }

    /// Takes out the records that were good until before `now`.
    pub(super) fn take_expired(&self, now: Timestamp) -> Vec<Arc<Signed>> {
        self.lock().take_expired(now)
    }

    /// Waits until a record has arrived since the last call.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Mempool> {
        self.mempool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each signature of a record is checked once in this node: on admission, by whoever brings it in.
#[derive(Debug)]
pub struct Claims {
    /// Owned by this lock: names of signatures that verified, and nothing about whose key is active.
    checked: Mutex<CheckedClaims>,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            checked: Mutex::new(CheckedClaims::new(CLAIMS_MAX)),
        }
    }
}

impl Claims {
    fn contains(&self, name: &Digest) -> bool {
        self.checked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(name)
    }

    fn insert(&self, name: Digest) {
        self.checked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name);
    }
}

impl SignatureCheck for Claims {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        let name = claim.name();
        if self.contains(&name) {
            return true;
        }
        // The lock is free while the signature is checked.
        let holds = claim.holds();
        if holds {
            self.insert(name);
        }
        holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> RecordDigest {
        RecordDigest(Digest([n; 32]))
    }

    fn kept(waiting: &Waiting) -> Vec<usize> {
        let watchers = waiting.watchers.lock().unwrap();
        watchers.of.values().map(Vec::len).collect()
    }

    #[test]
    fn whoever_gave_up_is_forgotten_though_no_block_comes() {
        let waiting = Waiting::default();
        let mut listening = waiting.watch(digest(1));
        for _ in 0..100 {
            drop(waiting.watch(digest(1)));
        }
        assert_eq!(kept(&waiting), [2], "who listens, and who asked last");
        for n in 2..=255 {
            drop(waiting.watch(digest(n)));
        }
        assert!(kept(&waiting).len() <= SWEPT_MIN + 1);
        assert!(listening.try_recv().is_err());
        waiting.remove([&digest(1)]);
        assert_eq!(listening.try_recv(), Ok(()));
    }

    #[test]
    fn a_hundred_watch_and_all_of_them_are_told() {
        let waiting = Waiting::default();
        let listening: Vec<_> = (0..100).map(|n| waiting.watch(digest(n))).collect();
        assert_eq!(kept(&waiting).len(), 100);
        let records: Vec<_> = (0..100).map(digest).collect();
        waiting.remove(&records);
        for mut told in listening {
            assert_eq!(told.try_recv(), Ok(()));
        }
        assert!(kept(&waiting).is_empty());
    }
}
