//! Records that this node promised to bring into a block: durable before they are acknowledged, kept until
//! they are final or can never be.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::codec;
use ledger::digest::RecordDigest;
use ledger::limits::LEAF_BYTES_MAX;
use ledger::signed::Signed;
use ledger::state::admission::Inadmissible;
use ledger::state::{Leaf, Receipt, View as _};
use ledger::time::Timestamp;
use minicbor::{Decode, Encode};
use rocksdb::{DB, Direction, IteratorMode, WriteBatch};

use super::failure::{StoreError, damaged, failed};
use super::keys::{self, Column};
use super::read::{Reader, family};
use super::{Flush, Store, lock, synced};

/// Why a stored record will never be in a block. Durable, and shown to its author: never silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum NotIncluded {
    /// Its `good_until` passed.
    #[n(1)]
    Expired,
    /// The key of an office that signed it has ended.
    #[n(2)]
    Key,
    /// An office that signed it has another key now, or the stored signature was damaged.
    #[n(3)]
    Signature,
    /// It was made for another network.
    #[n(4)]
    Chain,
}

impl NotIncluded {
    /// What an answer of admission means for a record that was admitted before, at a tip of time `tip`:
    /// nothing, where a later block may still hold it, or one holds it already.
    #[must_use]
    pub fn for_ever(why: &Inadmissible, tip: Timestamp) -> Option<Self> {
        match why {
            // By the time of the blocks: by this clock alone it may be late here and in the next block.
            Inadmissible::TooLate(until) => (*until < tip).then_some(Self::Expired),
            Inadmissible::UnknownOffice(_) | Inadmissible::KeyInactive(_) => Some(Self::Key),
            Inadmissible::BadSignature => Some(Self::Signature),
            Inadmissible::WrongChain => Some(Self::Chain),
            Inadmissible::AlreadyLogged
            | Inadmissible::GoodTooLong(_)
            | Inadmissible::MadeInFuture(_)
            | Inadmissible::Waits(_) => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "NOT_INCLUDED_EXPIRED",
            Self::Key => "NOT_INCLUDED_KEY",
            Self::Signature => "NOT_INCLUDED_SIGNATURE",
            Self::Chain => "NOT_INCLUDED_CHAIN",
        }
    }
}

/// What this node knows of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStatus {
    /// Stored here, not in a block yet.
    Waiting,
    /// In a final block, for ever.
    Final {
        /// Its index in the log.
        log_index: u64,
        /// What became of it.
        receipt: Receipt,
    },
    /// It will never be in a block.
    NotIncluded(NotIncluded),
    /// Never heard of.
    Unknown,
}

impl Store {
    /// Makes records durable, all in one flush. Their acknowledgement may follow. What is final already needs
    /// no promise.
    ///
    /// # Errors
    /// [`StoreError`]; after a failed write the node must stop.
    pub fn outbox_put(&self, records: &[Arc<Signed>]) -> Result<(), StoreError> {
        let _order = lock(&self.order);
        let read = self.read();
        let mut batch = WriteBatch::default();
        let mut put = Vec::new();
        for signed in records {
            let digest = signed.digest();
            if is_final(&read, &digest)? {
                continue;
            }
            batch.put_cf(self.family(Column::Outbox)?, digest, signed.bytes());
            batch.delete_cf(self.family(Column::Outcomes)?, digest);
            put.push(digest);
        }
        if put.is_empty() {
            return Ok(());
        }
        self.write(batch, Flush::Outbox)?;
        self.waiting().extend(put);
        Ok(())
    }

    /// Notes, durably and in one flush, that records will never be in a block. Those for which this node does
    /// not answer, or that are final, stay what they are.
    ///
    /// # Errors
    /// [`StoreError`]; after a failed write the node must stop.
    pub fn outbox_settle(
        &self,
        outcomes: &[(RecordDigest, NotIncluded)],
    ) -> Result<(), StoreError> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let _order = lock(&self.order);
        let read = self.read();
        let mut batch = WriteBatch::default();
        let mut settled = Vec::new();
        for (record, outcome) in outcomes {
            // A block takes what it logs out of the outbox, so what is there is not final.
            if self.is_in_outbox(record) && !is_final(&read, record)? {
                batch.delete_cf(self.family(Column::Outbox)?, record);
                let outcome = codec::encode(outcome);
                batch.put_cf(self.family(Column::Outcomes)?, record, outcome);
                settled.push(*record);
            }
        }
        if settled.is_empty() {
            return Ok(());
        }
        self.write(batch, Flush::Outbox)?;
        let mut waiting = self.waiting();
        for record in settled {
            waiting.remove(&record);
        }
        Ok(())
    }

    /// Records that wait, and for which this node answers.
    ///
    /// # Errors
    /// [`StoreError`]; also where a stored record cannot be read back.
    pub fn outbox_waiting(&self) -> Result<Vec<Arc<Signed>>, StoreError> {
        self.outbox_after(None, usize::MAX)
    }

    /// At most `count_max` records for which this node answers, in the order of their digests, beginning after
    /// `last`.
    ///
    /// # Errors
    /// [`StoreError`]; also where a stored record cannot be read back.
    pub fn outbox_after(
        &self,
        last: Option<&RecordDigest>,
        count_max: usize,
    ) -> Result<Vec<Arc<Signed>>, StoreError> {
        self.read().outbox(last)?.take(count_max).collect()
    }

    /// Whether this node answers for the record.
    #[must_use]
    pub fn is_in_outbox(&self, record: &RecordDigest) -> bool {
        self.waiting().contains(record)
    }

    /// Number of records for which this node answers.
    #[must_use]
    pub fn outbox_len(&self) -> usize {
        self.waiting().len()
    }

    /// What this node knows of a record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_status(&self, record: &RecordDigest) -> Result<RecordStatus, StoreError> {
        let read = self.read();
        if let Some(status) = final_status(&read, record)? {
            return Ok(status);
        }
        if self.is_in_outbox(record) {
            return Ok(RecordStatus::Waiting);
        }
        let outcome = read.not_included(record)?;
        Ok(outcome.map_or(RecordStatus::Unknown, RecordStatus::NotIncluded))
    }
}

impl<'s> Reader<'s> {
    /// The outbox, beginning after `last`.
    pub(super) fn outbox(
        &self,
        last: Option<&RecordDigest>,
    ) -> Result<impl Iterator<Item = Result<Arc<Signed>, StoreError>> + use<'s>, StoreError> {
        let last = last.copied();
        let start = last.as_ref().map_or(IteratorMode::Start, |last| {
            IteratorMode::From(last.as_ref(), Direction::Forward)
        });
        let records = self.scan(Column::Outbox, start)?.map(|entry| {
            let (key, bytes) = entry?;
            let signed = Signed::decode(&bytes)
                .map_err(|error| damaged(format!("a record of the outbox: {error}")))?;
            if keys::record_from(&key) != Some(signed.digest()) {
                return Err(damaged("a record of the outbox has another digest"));
            }
            Ok(Arc::new(signed))
        });
        Ok(records.skip_while(move |entry| {
            let digest = entry.as_ref().ok().map(|signed| signed.digest());
            digest.is_some() && digest == last
        }))
    }
}

/// What was promised before and is not final, as the database is opened. Entries that are final are deleted:
/// nobody else would.
pub(super) fn recall(db: &DB) -> Result<BTreeSet<RecordDigest>, StoreError> {
    let read = Reader { db, at: None };
    let mut waiting = BTreeSet::new();
    let mut batch = WriteBatch::default();
    for signed in read.outbox(None)? {
        let digest = signed?.digest();
        if is_final(&read, &digest)? {
            batch.delete_cf(family(db, Column::Outbox)?, digest);
        } else {
            waiting.insert(digest);
        }
    }
    if !batch.is_empty() {
        db.write_opt(batch, &synced()).map_err(failed)?;
    }
    Ok(waiting)
}

fn is_final(read: &Reader<'_>, record: &RecordDigest) -> Result<bool, StoreError> {
    let index = read.log_index(record);
    index
        .map(|index| index.is_some())
        .map_err(|error| damaged(error.0))
}

fn final_status(
    read: &Reader<'_>,
    record: &RecordDigest,
) -> Result<Option<RecordStatus>, StoreError> {
    let index = read.log_index(record);
    let Some(log_index) = index.map_err(|error| damaged(error.0))? else {
        return Ok(None);
    };
    let bytes = read.leaf(log_index)?;
    let bytes = bytes.ok_or_else(|| damaged(format!("leaf {log_index} is missing")))?;
    let leaf: Leaf = codec::decode(&bytes, LEAF_BYTES_MAX)
        .map_err(|error| damaged(format!("leaf {log_index}: {error}")))?;
    Ok(Some(RecordStatus::Final {
        log_index,
        receipt: leaf.receipt,
    }))
}
