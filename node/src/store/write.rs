//! Writing: one atomic, synced batch for each block; small synced writes for what must outlive a crash.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use consensus::replica::{Commit, Tip};
use ledger::codec;
use ledger::digest::{BlockId, sha256};
use ledger::party::Height;
use ledger::quorum::Round;
use ledger::state::Changes;
use rocksdb::{DB, WriteBatch};

use super::failure::{StoreError, failed};
use super::keys::{self, Column, META_TIP};
use super::read::{BlockHead, family};
use super::{Flush, Store, Tips, lock, synced};

/// Bytes of one piece of evidence: two complete signed messages.
const EVIDENCE_BYTES_MAX: usize = 64 * 1024;

/// Whether a commit wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It moved the tip.
    Written,
    /// The very block was committed before: a restart between writing and answering.
    Before,
}

impl Store {
    /// Writes a decided block and all that it changes: one batch, one flush, whole or not at all.
    ///
    /// # Errors
    /// [`StoreError`]; after any of them the node must stop.
    pub fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let header = commit.block.header();
        let tip = self.tip();
        let (height, tip_height) = (header.height, tip.height());
        if height <= tip_height {
            return self.committed_before(height, commit.block.id());
        }
        if height != tip_height.next() || header.parent != tip.block {
            return Err(StoreError::NotNext {
                height,
                tip: tip_height,
            });
        }
        let mut batch = self.batch_of(commit)?;
        let logged = &commit.executed.changes.logged;
        let next = Arc::new(Tip::decided(
            header.clone(),
            commit.quorum.clone(),
            Arc::clone(&tip.validators),
            Arc::clone(&commit.validators),
        ));
        let _order = lock(&self.order);
        {
            let waiting = self.waiting();
            let promised = logged.iter().filter(|one| waiting.contains(&one.record));
            for one in promised {
                batch.delete_cf(self.family(Column::Outbox)?, one.record);
            }
        }
        lock(&self.tips).coming = Some(Arc::clone(&next));
        self.write(batch, Flush::Commit)?;
        self.top.apply(&commit.executed.changes.pages);
        *lock(&self.tips) = Tips {
            now: next,
            coming: None,
        };
        let mut waiting = self.waiting();
        for one in logged {
            waiting.remove(&one.record);
        }
        Ok(Committed::Written)
    }

    fn committed_before(&self, height: Height, block: BlockId) -> Result<Committed, StoreError> {
        let header = self.read().header(height)?;
        if header.is_some_and(|header| header.id() == block) {
            Ok(Committed::Before)
        } else {
            Err(StoreError::OtherBlock(height))
        }
    }

    fn batch_of(&self, commit: &Commit) -> Result<WriteBatch, StoreError> {
        let Commit {
            block,
            quorum,
            executed,
            validators,
        } = commit;
        let header = block.header();
        let height = keys::number(header.height.0);
        let mut batch = WriteBatch::default();
        let head = BlockHead {
            header: header.clone(),
            carried: block.carried().cloned(),
        };
        batch.put_cf(self.family(Column::Blocks)?, height, codec::encode(&head));
        batch.put_cf(self.family(Column::Quorums)?, height, codec::encode(quorum));
        put_changes(&self.db, &mut batch, &executed.changes)?;
        if header.next_validators != header.validators {
            let from = keys::number(header.height.next().0);
            let set = codec::encode(validators.as_ref());
            batch.put_cf(self.family(Column::Validators)?, from, set);
        }
        for undecided in self.read().undecided(header.height)? {
            let key = keys::undecided(header.height, undecided.round, undecided.block);
            batch.delete_cf(self.family(Column::Undecided)?, key);
        }
        batch.put_cf(self.family(Column::Meta)?, META_TIP, codec::encode(header));
        Ok(batch)
    }

    /// Keeps a block that is not decided: written and synced before any message about it is answered.
    ///
    /// # Errors
    /// [`StoreError`]; after a failed write the node must stop.
    pub fn put_undecided(
        &self,
        height: Height,
        round: Round,
        block: BlockId,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        let key = keys::undecided(height, round, block);
        batch.put_cf(self.family(Column::Undecided)?, key, bytes);
        self.write(batch, Flush::Undecided)
    }

    /// Keeps evidence of misbehaviour, for ever; the same evidence once.
    ///
    /// # Errors
    /// [`StoreError`]; after a failed write the node must stop.
    pub fn record_evidence(&self, height: Height, bytes: &[u8]) -> Result<(), StoreError> {
        let key = keys::evidence(height, sha256(bytes));
        if bytes.len() > EVIDENCE_BYTES_MAX || self.read().get(Column::Evidence, &key)?.is_some() {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(Column::Evidence)?, key, bytes);
        self.write(batch, Flush::Evidence)
    }

    pub(super) fn family(&self, column: Column) -> Result<&rocksdb::ColumnFamily, StoreError> {
        family(&self.db, column)
    }

    /// The only place that writes. A failure stops all further writing: what RocksDB holds in memory and
    /// what the disk holds may differ now, and only a restart proves which.
    pub(super) fn write(&self, batch: WriteBatch, what: Flush) -> Result<(), StoreError> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(StoreError::Stopped);
        }
        let count = match what {
            Flush::Commit => &self.flushes.commit,
            Flush::Undecided => &self.flushes.undecided,
            Flush::Outbox => &self.flushes.outbox,
            Flush::Evidence => &self.flushes.evidence,
        };
        let written = self.db.write_opt(batch, &synced());
        count.fetch_add(1, Ordering::Relaxed);
        written.map_err(|error| {
            self.stopped.store(true, Ordering::Release);
            failed(error)
        })
    }
}

pub(super) fn put_changes(
    db: &DB,
    batch: &mut WriteBatch,
    changes: &Changes,
) -> Result<(), StoreError> {
    let state = family(db, Column::State)?;
    for (place, value) in &changes.values {
        match value {
            Some(value) => batch.put_cf(state, place.0, value),
            None => batch.delete_cf(state, place.0),
        }
    }
    let pages = family(db, Column::Pages)?;
    for (id, page) in &changes.pages {
        match page {
            Some(page) => batch.put_cf(pages, id.to_bytes(), codec::encode(page)),
            None => batch.delete_cf(pages, id.to_bytes()),
        }
    }
    let hashes = family(db, Column::LogHashes)?;
    for (index, hash) in &changes.log_hashes {
        batch.put_cf(hashes, keys::number(*index), hash);
    }
    for logged in &changes.logged {
        let index = keys::number(logged.index);
        batch.put_cf(family(db, Column::Leaves)?, index, &logged.leaf);
        batch.put_cf(family(db, Column::Records)?, logged.record, index);
        let history = keys::history(&logged.permit, logged.index);
        batch.put_cf(family(db, Column::History)?, history, []);
    }
    let signals = family(db, Column::Signals)?;
    for (signal, is_new) in &changes.signals {
        if *is_new {
            batch.put_cf(signals, signal.to_bytes(), []);
        } else {
            batch.delete_cf(signals, signal.to_bytes());
        }
    }
    let seen = family(db, Column::Seen)?;
    for (until, record) in &changes.seen_removed {
        batch.delete_cf(seen, keys::seen(*until, record));
    }
    for (until, record) in &changes.seen_added {
        batch.put_cf(seen, keys::seen(*until, record), []);
    }
    Ok(())
}
