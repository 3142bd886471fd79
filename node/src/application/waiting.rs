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

/// The waiting records. Whoever verified a record hands it in here; the application takes them out.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Owned by this lock; it is held for moments, never across disk or network.
    mempool: Mutex<Mempool>,
    arrived: Notify,
    /// Owned by this lock, held for moments: who asked to be told when a record stops waiting.
    watchers: Mutex<BTreeMap<RecordDigest, Vec<oneshot::Sender<()>>>>,
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

    /// Forgets records that are in a block, or will never be, and tells who watches them.
    pub(super) fn remove<'a>(&self, records: impl IntoIterator<Item = &'a RecordDigest> + Clone) {
        self.lock().remove(records.clone());
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let told = records
            .into_iter()
            .filter_map(|record| watchers.remove(record));
        for watcher in told.flatten() {
            // Whoever no longer listens needs no answer.
            let _gone = watcher.send(());
        }
        watchers.retain(|_, waiting| {
            waiting.retain(|watcher| !watcher.is_closed());
            !waiting.is_empty()
        });
    }

    /// Is told when the record stops waiting. Ask the store what became of it, before and after.
    pub fn watch(&self, record: RecordDigest) -> oneshot::Receiver<()> {
        let (watcher, told) = oneshot::channel();
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.entry(record).or_default().push(watcher);
        told
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
