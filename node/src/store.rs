//! What this node keeps: RocksDB, one atomic synced write for each block, a [`View`] to read.
//!
//! Restart never trusts what it cannot recompute: opening proves the tip. A failed write stops the node.

mod failure;
mod keys;
mod outbox;
mod pages;
mod read;
mod tip;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use consensus::replica::Tip;
use ledger::digest::{ChainId, Digest, RecordDigest};
use ledger::state::{Changes, ReadError, View};
use ledger::time::Timestamp;
use ledger::tree::{KeyHash, Page, PageId};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    LogLevel, Options, WriteBatch, WriteOptions,
};

pub use failure::StoreError;
pub use outbox::{NotIncluded, RecordStatus};
pub use read::{Reader, Snapshot, Undecided};
pub use write::Committed;

use failure::{damaged, failed};
use keys::{Column, FORMAT, META_CHAIN, META_FORMAT};
use pages::TopPages;
use read::family;

/// Bytes of blocks that RocksDB keeps in memory, indexes and filters among them.
const CACHE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of not yet flushed writes of one column.
const WRITE_BUFFER_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of not yet flushed writes of all columns.
const WRITE_BUFFERS_BYTES: usize = 24 * 1024 * 1024;
/// Bytes of write-ahead log after which the oldest column is flushed.
const LOG_BYTES: u64 = 64 * 1024 * 1024;
/// Files that RocksDB holds open.
const OPEN_FILES: i32 = 256;

/// What is written and synced, for the metric of flushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    Commit,
    Undecided,
    Outbox,
    Evidence,
}

/// Flushes since the start. Per height: one commit, the undecided blocks, the outbox in groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlushCounts {
    /// Blocks committed.
    pub commit: u64,
    /// Undecided blocks written.
    pub undecided: u64,
    /// Groups of records stored or settled.
    pub outbox: u64,
    /// Pieces of evidence written.
    pub evidence: u64,
}

#[derive(Debug, Default)]
struct Flushes {
    commit: AtomicU64,
    undecided: AtomicU64,
    outbox: AtomicU64,
    evidence: AtomicU64,
}

/// One node's database. All methods may be called from any thread; they block.
pub struct Store {
    db: DB,
    path: PathBuf,
    chain: ChainId,
    /// The lock is held for a moment, never during a write.
    tips: Mutex<Tips>,
    top: TopPages,
    /// Records of the outbox that wait, so that a commit asks the disk for none. Never held during a write.
    waiting: Mutex<BTreeSet<RecordDigest>>,
    /// Held while a block or the outbox is written, so that one comes wholly before the other: else a record
    /// could be promised after the block that holds it, and would stay promised for ever. RocksDB writes them
    /// one after the other in any case.
    order: Mutex<()>,
    /// Why nothing is served any more.
    refuses: Mutex<Option<String>>,
    stopped: AtomicBool,
    flushes: Flushes,
}

/// The newest tip and, while a block is written, the one it becomes: whoever takes a snapshot finds the tip
/// that belongs to it.
struct Tips {
    now: Arc<Tip>,
    coming: Option<Arc<Tip>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.path.display())
    }
}

impl Store {
    /// Opens the database in the folder `path` and proves its tip; makes it if there is no such folder.
    /// `initial` is what stands in the state before block 1.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path, chain: ChainId, initial: &Changes) -> Result<Self, StoreError> {
        if !path.try_exists().map_err(|error| disk(path, &error))? {
            create(path, chain, initial)?;
        }
        let db = open_db(path, IfMissing::Refuse)?;
        let read = Reader { db: &db, at: None };
        let tip = tip::prove(&read, chain, initial)?;
        let waiting = outbox::recall(&db)?;
        Ok(Self {
            db,
            path: path.to_owned(),
            chain,
            tips: Mutex::new(Tips {
                now: Arc::new(tip),
                coming: None,
            }),
            top: TopPages::default(),
            waiting: Mutex::new(waiting),
            order: Mutex::new(()),
            refuses: Mutex::default(),
            stopped: AtomicBool::new(false),
            flushes: Flushes::default(),
        })
    }

    /// The network.
    #[must_use]
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The newest decided block.
    #[must_use]
    pub fn tip(&self) -> Arc<Tip> {
        Arc::clone(&lock(&self.tips).now)
    }

    /// Reads the newest state, piece by piece.
    #[must_use]
    pub const fn read(&self) -> Reader<'_> {
        Reader {
            db: &self.db,
            at: None,
        }
    }

    /// The state after the newest block, and that block.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], also after [`Store::refuse_to_serve`].
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        if let Some(why) = self.refuses_to_serve() {
            return Err(StoreError::Damaged(why));
        }
        // Within the lock no commit can become visible unless it is the one that is coming.
        let tips = lock(&self.tips);
        let at = self.db.snapshot();
        let read = Reader {
            db: &self.db,
            at: Some(&at),
        };
        let block = read.tip_block()?;
        let tip = [Some(&tips.now), tips.coming.as_ref()]
            .into_iter()
            .flatten()
            .find(|tip| tip.block == block)
            .map(Arc::clone);
        drop(tips);
        let tip = tip.ok_or_else(|| damaged(format!("it says that its tip is {block}")))?;
        Ok(Snapshot {
            db: &self.db,
            at,
            tip,
        })
    }

    /// From now on no proof is served: something that was read does not follow from the tip.
    pub fn refuse_to_serve(&self, why: &str) {
        let mut refuses = lock(&self.refuses);
        if refuses.is_none() {
            tracing::error!(
                why,
                "the database was changed or damaged; nothing is served any more"
            );
            *refuses = Some(why.to_owned());
        }
    }

    /// Why nothing is served, where that is so.
    #[must_use]
    pub fn refuses_to_serve(&self) -> Option<String> {
        lock(&self.refuses).clone()
    }

    /// Flushes since the start.
    #[must_use]
    pub fn flushes(&self) -> FlushCounts {
        let Flushes {
            commit,
            undecided,
            outbox,
            evidence,
        } = &self.flushes;
        FlushCounts {
            commit: commit.load(Ordering::Relaxed),
            undecided: undecided.load(Ordering::Relaxed),
            outbox: outbox.load(Ordering::Relaxed),
            evidence: evidence.load(Ordering::Relaxed),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<RecordDigest>> {
        lock(&self.waiting)
    }
}

/// A panic while holding one of these locks leaves what they guard whole: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl View for Store {
    fn value(&self, place: KeyHash) -> Result<Option<Vec<u8>>, ReadError> {
        self.read().value(place)
    }

    fn page(&self, id: &PageId) -> Result<Option<Page>, ReadError> {
        self.top.page(id, || self.read().page(id))
    }

    fn log_hash(&self, index: u64) -> Result<Option<Digest>, ReadError> {
        self.read().log_hash(index)
    }

    fn log_index(&self, record: &RecordDigest) -> Result<Option<u64>, ReadError> {
        self.read().log_index(record)
    }

    fn seen_before(
        &self,
        time: Timestamp,
        count_max: usize,
    ) -> Result<Vec<(Timestamp, RecordDigest)>, ReadError> {
        self.read().seen_before(time, count_max)
    }
}

/// What to do where there is no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfMissing {
    Create,
    Refuse,
}

/// Makes a database beside `path` and puts it in place whole, so that an interrupted first start leaves none.
fn create(path: &Path, chain: ChainId, initial: &Changes) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    if beside.exists() {
        fs::remove_dir_all(&beside).map_err(|error| disk(&beside, &error))?;
    }
    fs::create_dir_all(&beside).map_err(|error| disk(&beside, &error))?;
    let db = open_db(&beside, IfMissing::Create)?;
    let mut batch = WriteBatch::default();
    batch.put_cf(family(&db, Column::Meta)?, META_FORMAT, [FORMAT]);
    batch.put_cf(family(&db, Column::Meta)?, META_CHAIN, chain);
    write::put_changes(&db, &mut batch, initial)?;
    db.write_opt(batch, &synced()).map_err(failed)?;
    db.cancel_all_background_work(true);
    drop(db);
    fs::rename(&beside, path).map_err(|error| disk(path, &error))?;
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| disk(parent, &error))
}

fn disk(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("`{}`: {error}", path.display()))
}

fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

fn open_db(path: &Path, if_missing: IfMissing) -> Result<DB, StoreError> {
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let mut options = Options::default();
    options.create_if_missing(if_missing == IfMissing::Create);
    options.create_missing_column_families(if_missing == IfMissing::Create);
    // Damage is an error here, never a value.
    options.set_paranoid_checks(true);
    // After a crash the log is read up to its first gap: what was synced is all there.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
    options.set_max_total_wal_size(LOG_BYTES);
    options.set_max_open_files(OPEN_FILES);
    options.set_max_background_jobs(2);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    let columns = Column::ALL
        .map(|column| ColumnFamilyDescriptor::new(column.name(), column_options(column, &cache)));
    DB::open_cf_descriptors(&options, path, columns).map_err(|error| match failed(error) {
        StoreError::Failed(text) if text.contains("lock") => StoreError::InUse(path.to_owned()),
        // Missing files and columns are what a changed folder looks like.
        StoreError::Failed(text) if if_missing == IfMissing::Refuse => StoreError::Damaged(text),
        other => other,
    })
}

fn column_options(column: Column, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(5);
    if column.is_looked_up() {
        table.set_bloom_filter(10.0, false);
    }
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_compression_type(DBCompressionType::Lz4);
    options
}

#[cfg(test)]
mod tests;
