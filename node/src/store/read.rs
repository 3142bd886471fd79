//! Reading: the newest state piece by piece, or a snapshot of it.

use std::sync::Arc;

use consensus::replica::Tip;
use ledger::block::{Header, NO_PARENT};
use ledger::codec;
use ledger::digest::{BlockId, Digest, RecordDigest, Tag, hash};
use ledger::limits::{BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX, HEADER_BYTES_MAX, LEAF_BYTES_MAX};
use ledger::party::{Height, PartyCode};
use ledger::quorum::{Quorum, Round, ValidatorSet};
use ledger::record::PermitKey;
use ledger::state::{Leaf, ReadError, Signal, SignalKey, View};
use ledger::time::Timestamp;
use ledger::tree::{KeyHash, Page, PageId};
use minicbor::{Decode, Encode};
use rocksdb::{DB, Direction, IteratorMode};

use super::failure::{StoreError, damaged, failed};
use super::keys::{self, Column, META_TIP};
use super::outbox::NotIncluded;

/// Bytes of a page of the map: sixteen leaves and their frames.
const PAGE_BYTES_MAX: usize = 2 * 1024;
/// Bytes of a quorum of 200 validators.
const QUORUM_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a set of 200 validators.
const VALIDATORS_BYTES_MAX: usize = 64 * 1024;

/// Header and carried quorum of a block; its records are the leaves that it added to the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct BlockHead {
    #[n(0)]
    pub(super) header: Header,
    #[n(1)]
    pub(super) carried: Option<Quorum>,
}

/// A block that is not decided, as the application keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Round in which it was proposed.
    pub round: Round,
    /// Its id.
    pub block: BlockId,
    /// The application's own bytes.
    pub bytes: Vec<u8>,
}

/// Reads the newest state, or the state of a [`Snapshot`].
#[derive(Clone, Copy)]
pub struct Reader<'s> {
    pub(super) db: &'s DB,
    pub(super) at: Option<&'s rocksdb::Snapshot<'s>>,
}

/// The state after one block, whatever is committed meanwhile.
pub struct Snapshot<'s> {
    pub(super) db: &'s DB,
    pub(super) at: rocksdb::Snapshot<'s>,
    pub(super) tip: Arc<Tip>,
}

impl Snapshot<'_> {
    /// The block whose state this is.
    #[must_use]
    pub fn tip(&self) -> &Arc<Tip> {
        &self.tip
    }

    /// Reads it.
    #[must_use]
    pub fn read(&self) -> Reader<'_> {
        Reader {
            db: self.db,
            at: Some(&self.at),
        }
    }
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({})", self.tip.height())
    }
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader(snapshot: {})", self.at.is_some())
    }
}

type Entry = (Box<[u8]>, Box<[u8]>);
type EncodeError = minicbor::encode::Error<std::convert::Infallible>;

impl<'s> Reader<'s> {
    pub(super) fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let family = family(self.db, column)?;
        match self.at {
            Some(snapshot) => snapshot.get_cf(family, key),
            None => self.db.get_cf(family, key),
        }
        .map_err(failed)
    }

    pub(super) fn scan(
        &self,
        column: Column,
        mode: IteratorMode<'_>,
    ) -> Result<impl Iterator<Item = Result<Entry, StoreError>> + use<'s>, StoreError> {
        let family = family(self.db, column)?;
        let entries = match self.at {
            Some(snapshot) => snapshot.iterator_cf(family, mode),
            None => self.db.iterator_cf(family, mode),
        };
        Ok(entries.map(|entry| entry.map_err(failed)))
    }

    fn decoded<T>(&self, column: Column, key: &[u8], limit: usize) -> Result<Option<T>, StoreError>
    where
        T: for<'b> Decode<'b, ()> + Encode<()>,
    {
        self.get(column, key)?
            .map(|bytes| decode(column, &bytes, limit))
            .transpose()
    }

    /// The tip as its bytes say: decoding its header would cost more than most questions.
    pub(super) fn tip_block(&self) -> Result<BlockId, StoreError> {
        let header = self.get(Column::Meta, META_TIP)?;
        Ok(header.map_or(NO_PARENT, |bytes| BlockId(hash(Tag::Header, &[&bytes]))))
    }

    /// Header of the block at `height`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn header(&self, height: Height) -> Result<Option<Header>, StoreError> {
        Ok(self.head(height)?.map(|head| head.header))
    }

    pub(super) fn head(&self, height: Height) -> Result<Option<BlockHead>, StoreError> {
        let limit = HEADER_BYTES_MAX.saturating_add(QUORUM_BYTES_MAX);
        self.decoded(Column::Blocks, &keys::number(height.0), limit)
    }

    /// The block at `height`, byte for byte as it was decided.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block_bytes(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(head) = self.head(height)? else {
            return Ok(None);
        };
        let parent = Height(height.0.saturating_sub(1));
        let first = match self.header(parent)? {
            Some(parent) => parent.log_size,
            None if parent == Height::ZERO => 0,
            None => return Err(damaged(format!("block {parent} is missing"))),
        };
        let mut records = Vec::new();
        let mut bytes = 0_usize;
        for (place, entry) in self.leaves_from(first)?.enumerate() {
            if place as u64 >= head.header.log_size.saturating_sub(first) {
                break;
            }
            let Leaf { signed, .. } = entry?;
            bytes = bytes.saturating_add(signed.len());
            if records.len() >= BLOCK_RECORDS_MAX || bytes > BLOCK_BYTES_MAX {
                return Err(damaged(format!("block {height} is too large")));
            }
            records.push(signed);
        }
        assemble(&head, &records)
            .map(Some)
            .map_err(|error| damaged(format!("block {height}: {error}")))
    }

    fn leaves_from(
        &self,
        first: u64,
    ) -> Result<impl Iterator<Item = Result<Leaf, StoreError>> + use<'s>, StoreError> {
        let start = keys::number(first);
        let entries = self.scan(
            Column::Leaves,
            IteratorMode::From(&start, Direction::Forward),
        )?;
        Ok((first..).zip(entries).map(|(index, entry)| {
            let (key, bytes) = entry?;
            if keys::last_number(&key) != Some(index) {
                return Err(damaged(format!("leaf {index} is missing")));
            }
            decode(Column::Leaves, &bytes, LEAF_BYTES_MAX)
        }))
    }

    /// The quorum that this node holds for the block at `height`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quorum(&self, height: Height) -> Result<Option<Quorum>, StoreError> {
        self.decoded(Column::Quorums, &keys::number(height.0), QUORUM_BYTES_MAX)
    }

    /// The leaf of the log at `index`, as bytes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn leaf(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(Column::Leaves, &keys::number(index))
    }

    /// Log indices of at most `count_max` records about `permit`, below `before`, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(
        &self,
        permit: &PermitKey,
        before: u64,
        count_max: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let start = keys::history(permit, before);
        let prefix = keys::permit(permit);
        let entries = self.scan(
            Column::History,
            IteratorMode::From(&start, Direction::Reverse),
        )?;
        let mut indices = Vec::new();
        for entry in entries {
            let (key, _) = entry?;
            if !key.starts_with(&prefix) || indices.len() >= count_max {
                break;
            }
            let index = keys::last_number(&key).ok_or_else(|| damaged("a key of `history`"))?;
            if index < before {
                indices.push(index);
            }
        }
        Ok(indices)
    }

    /// At most `count_max` entries of a signal of `party`, the oldest first, after `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signals(
        &self,
        signal: Signal,
        party: PartyCode,
        after: Option<&[u8]>,
        count_max: usize,
    ) -> Result<Vec<SignalKey>, StoreError> {
        let prefix = SignalKey::prefix(signal, party);
        let start = after.unwrap_or(&prefix);
        let from = IteratorMode::From(start, Direction::Forward);
        let mut found = Vec::new();
        for entry in self.scan(Column::Signals, from)? {
            let (key, _) = entry?;
            if !key.starts_with(&prefix) || found.len() >= count_max {
                break;
            }
            if after != Some(&*key) {
                let known = SignalKey::from_bytes(&key);
                found.push(known.ok_or_else(|| damaged("a key of `signals`"))?);
            }
        }
        Ok(found)
    }

    /// Blocks at `height` that are not decided.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn undecided(&self, height: Height) -> Result<Vec<Undecided>, StoreError> {
        let start = keys::number(height.0);
        let mut found = Vec::new();
        for entry in self.scan(
            Column::Undecided,
            IteratorMode::From(&start, Direction::Forward),
        )? {
            let (key, bytes) = entry?;
            let (at, round, block) =
                keys::undecided_from(&key).ok_or_else(|| damaged("a key of `undecided`"))?;
            if at != height {
                break;
            }
            found.push(Undecided {
                round,
                block,
                bytes: bytes.into_vec(),
            });
        }
        Ok(found)
    }

    /// Sets of validators after genesis' own, each with the first height that it decides, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn validator_changes(
        &self,
        after: Height,
        count_max: usize,
    ) -> Result<Vec<(Height, ValidatorSet)>, StoreError> {
        let start = keys::number(after.next().0);
        let entries = self.scan(
            Column::Validators,
            IteratorMode::From(&start, Direction::Forward),
        )?;
        entries
            .take(count_max)
            .map(|entry| {
                let (key, bytes) = entry?;
                let from =
                    keys::last_number(&key).ok_or_else(|| damaged("a key of `validators`"))?;
                let set = decode(Column::Validators, &bytes, VALIDATORS_BYTES_MAX)?;
                Ok((Height(from), set))
            })
            .collect()
    }

    /// Evidence of misbehaviour recorded at `height`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn evidence(&self, height: Height) -> Result<Vec<Vec<u8>>, StoreError> {
        let start = keys::number(height.0);
        let mut found = Vec::new();
        for entry in self.scan(
            Column::Evidence,
            IteratorMode::From(&start, Direction::Forward),
        )? {
            let (key, bytes) = entry?;
            if !key.starts_with(&start) {
                break;
            }
            found.push(bytes.into_vec());
        }
        Ok(found)
    }

    /// Why this node's record will never be in a block, where that is so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn not_included(&self, record: &RecordDigest) -> Result<Option<NotIncluded>, StoreError> {
        self.decoded(Column::Outcomes, record.as_ref(), 8)
    }
}

impl View for Reader<'_> {
    fn value(&self, place: KeyHash) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.get(Column::State, place.0.as_ref())?)
    }

    fn page(&self, id: &PageId) -> Result<Option<Page>, ReadError> {
        Ok(self.decoded(Column::Pages, &id.to_bytes(), PAGE_BYTES_MAX)?)
    }

    fn log_hash(&self, index: u64) -> Result<Option<Digest>, ReadError> {
        let hash = self.get(Column::LogHashes, &keys::number(index))?;
        hash.map(|bytes| {
            bytes
                .try_into()
                .map(Digest)
                .map_err(|_| damaged("a hash of the log").into())
        })
        .transpose()
    }

    fn log_index(&self, record: &RecordDigest) -> Result<Option<u64>, ReadError> {
        let index = self.get(Column::Records, record.as_ref())?;
        index
            .map(|bytes| {
                bytes
                    .try_into()
                    .map(u64::from_be_bytes)
                    .map_err(|_| damaged("an index of the log").into())
            })
            .transpose()
    }

    fn seen_before(
        &self,
        time: Timestamp,
        count_max: usize,
    ) -> Result<Vec<(Timestamp, RecordDigest)>, ReadError> {
        let mut found = Vec::new();
        for entry in self.scan(Column::Seen, IteratorMode::Start)? {
            let (key, _) = entry?;
            let (until, record) =
                keys::seen_from(&key).ok_or_else(|| damaged("a key of `seen`"))?;
            if until >= time || found.len() >= count_max {
                break;
            }
            found.push((until, record));
        }
        Ok(found)
    }
}

pub(super) fn family(db: &DB, column: Column) -> Result<&rocksdb::ColumnFamily, StoreError> {
    db.cf_handle(column.name())
        .ok_or_else(|| damaged(format!("there is no column `{}`", column.name())))
}

fn decode<T>(column: Column, bytes: &[u8], limit: usize) -> Result<T, StoreError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    codec::decode(bytes, limit).map_err(|error| damaged(format!("`{}`: {error}", column.name())))
}

/// The bytes of a block: the map {0: header, 1: carried quorum, 2: records}, as `ledger::block` writes it.
fn assemble(head: &BlockHead, records: &[Vec<u8>]) -> Result<Vec<u8>, EncodeError> {
    let mut e = minicbor::Encoder::new(Vec::new());
    e.map(if head.carried.is_some() { 3 } else { 2 })?;
    e.u8(0)?.encode(&head.header)?;
    if let Some(carried) = &head.carried {
        e.u8(1)?.encode(carried)?;
    }
    e.u8(2)?.array(records.len() as u64)?;
    for record in records {
        e.bytes(record)?;
    }
    Ok(e.into_writer())
}
