//! Records that this node promised to bring into a block: durable before they are acknowledged, kept until
//! they are final or can never be.

use std::sync::Arc;

use ledger::digest::RecordDigest;
use ledger::signed::Signed;
use ledger::state::{Leaf, Receipt, View as _};
use ledger::{codec, limits};
use minicbor::{Decode, Encode};
use rocksdb::{IteratorMode, WriteBatch};

use super::failure::{StoreError, damaged};
use super::keys::{self, Column};
use super::read::{Reader, family};
use super::{Flush, Store};

/// Why a stored record will never be in a block. Durable, and shown to its author: never silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum NotIncluded {
    /// Its `good_until` passed.
    #[n(1)]
    Expired,
    /// An office that signed it has lost its key.
    #[n(2)]
    Key,
}

impl NotIncluded {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "NOT_INCLUDED_EXPIRED",
            Self::Key => "NOT_INCLUDED_KEY",
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
    /// Makes records durable, all in one flush. Their acknowledgement may follow.
    ///
    /// # Errors
    /// [`StoreError`]; after a failed write the node must stop.
    pub fn outbox_put(&self, records: &[Arc<Signed>]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for signed in records {
            batch.put_cf(
                family(&self.db, Column::Outbox)?,
                signed.digest(),
                signed.bytes(),
            );
            batch.delete_cf(family(&self.db, Column::Outcomes)?, signed.digest());
        }
        self.write(batch, Flush::Outbox)?;
        let mut waiting = self.waiting();
        waiting.extend(records.iter().map(|signed| signed.digest()));
        Ok(())
    }

    /// Notes, durably, that a record will never be in a block.
    ///
    /// # Errors
    /// [`StoreError`]; after a failed write the node must stop.
    pub fn outbox_settle(
        &self,
        record: &RecordDigest,
        outcome: NotIncluded,
    ) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        batch.delete_cf(family(&self.db, Column::Outbox)?, record);
        batch.put_cf(
            family(&self.db, Column::Outcomes)?,
            record,
            codec::encode(&outcome),
        );
        self.write(batch, Flush::Outbox)?;
        self.waiting().remove(record);
        Ok(())
    }

    /// Records that wait, and for which this node answers.
    ///
    /// # Errors
    /// [`StoreError`]; also where a stored record cannot be read back.
    pub fn outbox_waiting(&self) -> Result<Vec<Arc<Signed>>, StoreError> {
        self.read().outbox()
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

impl Reader<'_> {
    pub(super) fn outbox(&self) -> Result<Vec<Arc<Signed>>, StoreError> {
        let entries = self.scan(Column::Outbox, IteratorMode::Start)?;
        entries
            .map(|entry| {
                let (key, bytes) = entry?;
                let signed = Signed::decode(&bytes)
                    .map_err(|error| damaged(format!("a record of the outbox: {error}")))?;
                if keys::record_from(&key) != Some(signed.digest()) {
                    return Err(damaged("a record of the outbox has another digest"));
                }
                Ok(Arc::new(signed))
            })
            .collect()
    }
}

fn final_status(
    read: &Reader<'_>,
    record: &RecordDigest,
) -> Result<Option<RecordStatus>, StoreError> {
    let index = read.log_index(record);
    let Some(log_index) = index.map_err(|error| damaged(error.0))? else {
        return Ok(None);
    };
    let limit = limits::RECORD_BYTES_MAX.saturating_mul(2);
    let bytes = read.leaf(log_index)?;
    let bytes = bytes.ok_or_else(|| damaged(format!("leaf {log_index} is missing")))?;
    let leaf: Leaf = codec::decode(&bytes, limit)
        .map_err(|error| damaged(format!("leaf {log_index}: {error}")))?;
    Ok(Some(RecordStatus::Final {
        log_index,
        receipt: leaf.receipt,
    }))
}
