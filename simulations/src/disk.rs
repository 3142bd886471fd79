//! A node's disk: what is synced survives a crash, and of the rest some prefix at most.
//!
//! Power is counted in disk operations, so a crash can be put between any two of them. A disk can also be full, and
//! come back as it was some time before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use consensus::guard::{COPY_BYTES, Loaded, State, load, write_copies};
use consensus::wire::Undecided;
use ledger::block::Block;
use ledger::digest::{BlockId, RecordDigest};
use ledger::party::Height;
use ledger::quorum::{Quorum, Round, ValidatorSet};
use ledger::state::Changes;
use ledger::state::memory::MemoryState;
use malachitebft_core_types::Timeout;

use crate::bug::Bug;
use crate::random::Random;

/// The power failed, or the disk is full: nothing more reaches it, and nothing more leaves the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the power failed, or the disk is full")]
pub struct PowerLost;

/// An entry of Malachite's write-ahead log, in the bytes that the node writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// A vote or proposal.
    Consensus(Vec<u8>),
    /// A timeout that elapsed.
    Timeout(Timeout),
    /// A block that was proposed.
    Proposed(Vec<u8>),
    /// More than 2/3 prevoted a block.
    Polka(Vec<u8>),
}

/// A decided block, as stored in one atomic batch with its changes.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The block.
    pub block: Block,
    /// Its quorum.
    pub quorum: Quorum,
    /// Who decided it.
    pub decided_by: Arc<ValidatorSet>,
}

/// A disk. The host and its guard share it; the world keeps it while the node is down.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<Platter>>);

#[derive(Clone, Debug)]
struct Platter {
    /// Operations until it fails; `None` while it works.
    operations_left: Option<u32>,
    /// Why it fails.
    cause: Cause,
    /// What is broken on purpose.
    bug: Bug,
    /// Counts changes of what is decided and stored.
    version: u64,
    guard: Option<Vec<u8>>,
    log: Log,
    undecided: BTreeMap<(Height, Round, BlockId), Arc<Undecided>>,
    state: Arc<MemoryState>,
    blocks: BTreeMap<Height, Arc<Decided>>,
    outbox: BTreeMap<RecordDigest, Vec<u8>>,
    /// Records written to the outbox and not synced.
    unsynced: Vec<(RecordDigest, Vec<u8>)>,
}

#[derive(Clone, Debug, Default)]
struct Log {
    height: Height,
    entries: Vec<LogEntry>,
    synced: usize,
}

/// Why a disk takes no more operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The power fails: what was not synced may be lost.
    Power,
    /// As `Power`, and the last unsynced entry that reached the disk is torn.
    Torn,
    /// No room: the process ends, and nothing is lost.
    Full,
}

/// What a disk had lost when it came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Entries of the log that were written, not synced, and lost.
    pub lost: u64,
    /// Whether the last entry of the log was torn, and dropped.
    pub is_torn: bool,
}

/// A copy of a disk, to be put back later.
#[derive(Debug)]
pub struct OldCopy(Platter);

impl Disk {
    /// The disk of a new node: the genesis state, and a guard that has signed nothing.
    #[must_use]
    pub fn new(genesis: &Arc<MemoryState>, guard: &State, bug: Bug) -> Self {
        Self(Arc::new(Mutex::new(Platter {
            operations_left: None,
            cause: Cause::Power,
            bug,
            version: 0,
            guard: Some(write_copies(guard).to_vec()),
            log: Log::default(),
            undecided: BTreeMap::new(),
            state: Arc::clone(genesis),
            blocks: BTreeMap::new(),
            outbox: BTreeMap::new(),
            unsynced: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the node still runs.
    #[must_use]
    pub fn has_power(&self) -> bool {
        self.lock().operations_left != Some(0)
    }

    /// Whether the power is failing, or has failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.lock().operations_left.is_some()
    }

    /// Lets it fail after this many operations; at once where 0.
    pub fn fail_after(&self, operations: u32, cause: Cause) {
        let mut platter = self.lock();
        platter.operations_left = Some(operations);
        platter.cause = cause;
    }

    /// It works again. Of what was not synced when the power failed, a prefix drawn from the seed reached it all
    /// the same.
    pub fn recover(&self, random: &mut Random) -> Recovered {
        let mut platter = self.lock();
        platter.operations_left = None;
        if platter.bug == Bug::BlockNotStored {
            platter.undecided.clear();
        }
        let unsynced = std::mem::take(&mut platter.unsynced);
        if platter.cause == Cause::Full {
            platter.outbox.extend(unsynced);
            return Recovered::default();
        }
        let is_torn = platter.cause == Cause::Torn;
        let log = &mut platter.log;
        let written = log.entries.len().saturating_sub(log.synced);
        let kept = random.below(u64::try_from(written).unwrap_or(0).saturating_add(1));
        let kept = usize::try_from(kept).unwrap_or(0);
        // Malachite's log drops an entry whose checksum does not hold, and what stands behind it.
        let whole = kept.saturating_sub(usize::from(is_torn));
        let length = log.synced.saturating_add(whole);
        log.entries.truncate(length);
        log.synced = log.entries.len();
        Recovered {
            lost: u64::try_from(written.saturating_sub(whole)).unwrap_or(0),
            is_torn: is_torn && whole < kept,
        }
    }

    /// A copy of everything on it.
    #[must_use]
    pub fn copy(&self) -> OldCopy {
        OldCopy(self.lock().clone())
    }

    /// Puts a copy back: the disk goes back in time.
    pub fn put_back(&self, copy: OldCopy) {
        let mut platter = self.lock();
        let version = platter.version.saturating_add(1);
        *platter = copy.0;
        platter.version = version;
        platter.operations_left = None;
        // Only what was synced is in a copy.
        platter.unsynced.clear();
        let synced = platter.log.synced;
        platter.log.entries.truncate(synced);
    }

    /// Counts changes of what is decided and stored.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Forgets everything about the height under way: log, guard and undecided blocks. Not a crash but a
    /// folder put back from a backup.
    pub fn forget_undecided(&self) {
        let mut platter = self.lock();
        platter.guard = None;
        platter.log = Log::default();
        platter.undecided.clear();
    }

    /// Changes the stored state behind the node's back, as bad memory or an intruder would.
    pub fn tamper(&self, changes: &Changes) {
        let mut platter = self.lock();
        platter.version = platter.version.saturating_add(1);
        Arc::make_mut(&mut platter.state).apply(changes);
    }

    /// What the guard file holds.
    #[must_use]
    pub fn guard(&self) -> Loaded {
        load(self.lock().guard.as_deref())
    }

    /// Writes both copies of the guard and syncs them.
    ///
    /// # Errors
    /// [`PowerLost`], with the first copy torn.
    pub fn write_guard(&self, state: &State) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        let file = write_copies(state);
        let had_power = platter.operations_left != Some(0);
        let result = platter.operate();
        if result.is_ok() {
            // Written before every signature, so into the same memory.
            match platter.guard.as_mut().filter(|old| old.len() == file.len()) {
                Some(old) => old.copy_from_slice(&file),
                None => platter.guard = Some(file.to_vec()),
            }
        } else if let Some(old) = platter.guard.as_mut().filter(|_| had_power) {
            for (to, from) in old.iter_mut().zip(file).take(COPY_BYTES / 2) {
                *to = from;
            }
        }
        result
    }

    /// The height that the log is about, and its entries.
    #[must_use]
    pub fn log(&self) -> (Height, Vec<LogEntry>) {
        let platter = self.lock();
        (platter.log.height, platter.log.entries.clone())
    }

    /// Opens the log for `height`: its entries where it is about that height already, an empty log else.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn open_log(&self, height: Height) -> Result<Vec<LogEntry>, PowerLost> {
        let mut platter = self.lock();
        if platter.log.height == height {
            return Ok(platter.log.entries.clone());
        }
        platter.operate()?;
        platter.log = Log {
            height,
            ..Log::default()
        };
        Ok(Vec::new())
    }

    /// Appends to the log, without syncing.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn append_log(&self, height: Height, entry: LogEntry) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        if platter.log.height == height {
            platter.operate()?;
            platter.log.entries.push(entry);
        }
        Ok(())
    }

    /// Syncs the log.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn sync_log(&self) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        if platter.log.synced < platter.log.entries.len() {
            platter.operate()?;
            platter.log.synced = platter.log.entries.len();
        }
        Ok(())
    }

    /// Stores and syncs a block before it is decided.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn put_undecided(
        &self,
        height: Height,
        block: BlockId,
        undecided: &Undecided,
    ) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        let key = (height, undecided.round, block);
        let is_there = platter.undecided.get(&key);
        if is_there.is_none_or(|stored| **stored != *undecided) {
            platter.operate()?;
            platter.undecided.insert(key, Arc::new(undecided.clone()));
        }
        Ok(())
    }

    /// The blocks of a height that is not decided, in the order of their rounds.
    #[must_use]
    pub fn undecided(&self, height: Height) -> Vec<(BlockId, Arc<Undecided>)> {
        let platter = self.lock();
        let blocks = platter.undecided.iter();
        blocks
            .filter(|((at, _, _), _)| *at == height)
            .map(|((_, _, id), undecided)| (*id, Arc::clone(undecided)))
            .collect()
    }

    /// Writes a decided block, its changes and what they end, as one atomic and synced batch.
    ///
    /// # Errors
    /// [`PowerLost`], with nothing of it written.
    pub fn commit(&self, decided: Decided, changes: &Changes) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        let height = decided.block.header().height;
        let is_written = platter.operate();
        if is_written.is_err() && platter.bug == Bug::TornBatch {
            platter.blocks.insert(height, Arc::new(decided));
            return is_written;
        }
        is_written?;
        platter.version = platter.version.saturating_add(1);
        Arc::make_mut(&mut platter.state).apply(changes);
        platter.blocks.insert(height, Arc::new(decided));
        platter.undecided.retain(|(at, _, _), _| *at > height);
        for logged in &changes.logged {
            platter.outbox.remove(&logged.record);
        }
        Ok(())
    }

    /// The state of the tip.
    #[must_use]
    pub fn state(&self) -> Arc<MemoryState> {
        Arc::clone(&self.lock().state)
    }

    /// The newest decided block.
    #[must_use]
    pub fn tip(&self) -> Option<Arc<Decided>> {
        let platter = self.lock();
        let (_, decided) = platter.blocks.last_key_value()?;
        Some(Arc::clone(decided))
    }

    /// A decided block.
    #[must_use]
    pub fn block(&self, height: Height) -> Option<Arc<Decided>> {
        self.lock().blocks.get(&height).map(Arc::clone)
    }

    /// Writes an own record to the outbox, without syncing.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn append_outbox(&self, record: RecordDigest, bytes: &[u8]) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        platter.operate()?;
        platter.unsynced.push((record, bytes.to_vec()));
        Ok(())
    }

    /// Syncs the outbox; returns the records that became durable.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn sync_outbox(&self) -> Result<Vec<RecordDigest>, PowerLost> {
        let mut platter = self.lock();
        if platter.unsynced.is_empty() {
            return Ok(Vec::new());
        }
        platter.operate()?;
        let synced = std::mem::take(&mut platter.unsynced);
        let digests = synced.iter().map(|(digest, _)| *digest).collect();
        platter.outbox.extend(synced);
        Ok(digests)
    }

    /// The own records that are durable and not decided.
    #[must_use]
    pub fn outbox(&self) -> BTreeMap<RecordDigest, Vec<u8>> {
        self.lock().outbox.clone()
    }

    /// Whether the outbox holds these very bytes.
    #[must_use]
    pub fn outbox_holds(&self, record: &RecordDigest, bytes: &[u8]) -> bool {
        let platter = self.lock();
        platter.outbox.get(record).is_some_and(|kept| kept == bytes)
    }
}

impl Platter {
    /// One operation of the disk; the last one that power is left for fails.
    fn operate(&mut self) -> Result<(), PowerLost> {
        match &mut self.operations_left {
            None => Ok(()),
            Some(0) => Err(PowerLost),
            Some(left) => {
                *left = left.saturating_sub(1);
                if *left == 0 { Err(PowerLost) } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::digest::{ChainId, sha256};
    use ledger::key::SecretKey;

    use super::*;
    use crate::random::Purpose;

    fn disk() -> (Disk, State) {
        let key = SecretKey::from_seed(&[1; 32]).public();
        let guard = State::new(ChainId(sha256(b"chain")), &key);
        let empty = Arc::new(MemoryState::default());
        (Disk::new(&empty, &guard, Bug::None), guard)
    }

    fn record(n: u8) -> RecordDigest {
        RecordDigest(sha256(&[n]))
    }

    #[test]
    fn synced_entries_survive_a_crash_and_unsynced_ones_may_not() {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..32 {
            let (disk, _) = disk();
            disk.open_log(Height(1)).unwrap();
            let entry = LogEntry::Polka(vec![1]);
            disk.append_log(Height(1), entry.clone()).unwrap();
            disk.sync_log().unwrap();
            disk.append_log(Height(1), entry.clone()).unwrap();
            disk.append_log(Height(1), entry).unwrap();
            disk.fail_after(0, Cause::Power);
            disk.recover(&mut Random::new(seed, Purpose::Faults));
            lengths.insert(disk.open_log(Height(1)).unwrap().len());
        }
        assert_eq!(lengths, [1, 2, 3].into());
    }

    #[test]
    fn an_outbox_that_was_not_synced_is_empty_after_a_crash() {
        let (disk, _) = disk();
        disk.append_outbox(record(1), b"one").unwrap();
        assert_eq!(disk.sync_outbox(), Ok(vec![record(1)]));
        disk.append_outbox(record(2), b"two").unwrap();
        disk.fail_after(1, Cause::Power);
        assert_eq!(disk.sync_outbox(), Err(PowerLost));
        assert!(!disk.has_power());
        disk.recover(&mut Random::new(1, Purpose::Faults));
        assert!(disk.has_power() && disk.outbox_holds(&record(1), b"one"));
        assert_eq!(disk.outbox().len(), 1);
    }

    #[test]
    fn a_guard_torn_by_the_crash_is_still_the_old_one() {
        let (disk, guard) = disk();
        let next = guard.after(Height(4)).unwrap();
        disk.fail_after(1, Cause::Power);
        assert_eq!(disk.write_guard(&next), Err(PowerLost));
        assert_eq!(disk.guard(), Loaded::Whole(guard));
        disk.recover(&mut Random::new(1, Purpose::Faults));
        disk.write_guard(&next).unwrap();
        assert_eq!(disk.guard(), Loaded::Whole(next));
    }
}
