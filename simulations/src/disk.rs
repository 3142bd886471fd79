//! A node's disk: what is synced survives a crash, and of the rest some prefix at most.
//!
//! Power is counted in disk operations, so a crash can be put between any two of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use consensus::guard::{COPY_BYTES, Loaded, State, load, write_copies};
use consensus::wire::{Undecided, decode_undecided, encode_undecided};
use ledger::block::Block;
use ledger::digest::{BlockId, RecordDigest};
use ledger::party::Height;
use ledger::quorum::{Quorum, Round, ValidatorSet};
use ledger::state::Changes;
use ledger::state::memory::MemoryState;
use malachitebft_core_types::Timeout;

use crate::world::random::Random;

/// The power failed: nothing more reaches the disk, and nothing more leaves the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the power failed")]
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

#[derive(Debug)]
struct Platter {
    /// Operations until the power fails; `None` while it holds.
    operations_left: Option<u32>,
    guard: Option<Vec<u8>>,
    log: Log,
    undecided: BTreeMap<(Height, Round, BlockId), Vec<u8>>,
    state: Arc<MemoryState>,
    blocks: BTreeMap<Height, Arc<Decided>>,
    outbox: BTreeMap<RecordDigest, Vec<u8>>,
    /// Records written to the outbox and not synced.
    unsynced: Vec<(RecordDigest, Vec<u8>)>,
}

#[derive(Debug, Default)]
struct Log {
    height: Height,
    entries: Vec<LogEntry>,
    synced: usize,
}

impl Disk {
    /// The disk of a new node: the genesis state, and a guard that has signed nothing.
    #[must_use]
    pub fn new(genesis: &MemoryState, guard: &State) -> Self {
        Self(Arc::new(Mutex::new(Platter {
            operations_left: None,
            guard: Some(write_copies(guard).to_vec()),
            log: Log::default(),
            undecided: BTreeMap::new(),
            state: Arc::new(genesis.clone()),
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

    /// Lets the power fail after this many operations; at once where 0.
    pub fn cut_power_after(&self, operations: u32) {
        self.lock().operations_left = Some(operations);
    }

    /// Power is back. Of what was not synced, a prefix drawn from the seed reached the disk all the same.
    pub fn recover(&self, random: &mut Random) {
        let mut platter = self.lock();
        platter.operations_left = None;
        platter.unsynced.clear();
        let log = &mut platter.log;
        let unsynced = log.entries.len().saturating_sub(log.synced);
        let kept = random.below(u64::try_from(unsynced).unwrap_or(0).saturating_add(1));
        let length = log
            .synced
            .saturating_add(usize::try_from(kept).unwrap_or(0));
        log.entries.truncate(length);
        log.synced = log.entries.len();
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
        Arc::make_mut(&mut self.lock().state).apply(changes);
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
            platter.guard = Some(file.to_vec());
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
        let bytes = encode_undecided(undecided);
        if platter.undecided.get(&key) != Some(&bytes) {
            platter.operate()?;
            platter.undecided.insert(key, bytes);
        }
        Ok(())
    }

    /// The blocks of a height that is not decided, in the order of their rounds.
    #[must_use]
    pub fn undecided(&self, height: Height) -> Vec<(BlockId, Undecided)> {
        let platter = self.lock();
        let blocks = platter.undecided.iter();
        blocks
            .filter(|((at, _, _), _)| *at == height)
            .filter_map(|((_, _, id), bytes)| Some((*id, decode_undecided(bytes).ok()?)))
            .collect()
    }

    /// Writes a decided block, its changes and what they end, as one atomic and synced batch.
    ///
    /// # Errors
    /// [`PowerLost`], with nothing of it written.
    pub fn commit(&self, decided: Decided, changes: &Changes) -> Result<(), PowerLost> {
        let mut platter = self.lock();
        platter.operate()?;
        let height = decided.block.header().height;
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
    use crate::world::random::Purpose;

    fn disk() -> (Disk, State) {
        let key = SecretKey::from_seed(&[1; 32]).public();
        let guard = State::new(ChainId(sha256(b"chain")), &key);
        (Disk::new(&MemoryState::default(), &guard), guard)
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
            disk.cut_power_after(0);
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
        disk.cut_power_after(1);
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
        disk.cut_power_after(1);
        assert_eq!(disk.write_guard(&next), Err(PowerLost));
        assert_eq!(disk.guard(), Loaded::Whole(guard));
        disk.recover(&mut Random::new(1, Purpose::Faults));
        disk.write_guard(&next).unwrap();
        assert_eq!(disk.guard(), Loaded::Whole(next));
    }
}
