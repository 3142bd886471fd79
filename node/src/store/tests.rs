//! The store under restarts.

mod damage;
mod outbox;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use consensus::replica::{Commit, Replica};
use ledger::block::Block;
use ledger::digest::BlockId;
use ledger::party::{Height, Role};
use ledger::quorum::Round;
use ledger::record::{PermitKey, Statement};
use ledger::signed::{CheckAll, Signed};
use ledger::state::memory::initial_changes;
use ledger::state::{PermitState, StateKey, read};
use ledger::testing::{self, CHAIN, START, VALIDATORS};
use ledger::tree;

use super::keys::META_TIP;
use super::*;

/// A replica that commits what it proposes, and its database.
struct Chain {
    store: Store,
    replica: Replica,
    folder: PathBuf,
}

fn initial() -> Changes {
    initial_changes(testing::four_parties()).1
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(&folder.join("store"), CHAIN, &initial())
}

impl Chain {
    fn begin(folder: &Path) -> Self {
        let store = open(folder).unwrap();
        let replica = Replica::new(CHAIN, Tip::clone(&store.tip()));
        Self {
            store,
            replica,
            folder: folder.to_owned(),
        }
    }

    /// Decides a block with these records, without writing it.
    fn decide(&mut self, records: &[Arc<Signed>]) -> Commit {
        let now = START.plus_ms(self.replica.tip().height().0);
        let builder = testing::voting_key(1).public();
        let proposed = self
            .replica
            .propose(&self.store, now, builder, records, &CheckAll)
            .unwrap();
        assert!(proposed.dropped.is_empty());
        let quorum = testing::quorum_of(proposed.block.header(), &VALIDATORS, &[1, 2, 3]);
        self.replica
            .commit(&self.store, proposed.block, quorum, &CheckAll)
            .unwrap()
    }

    fn block(&mut self, records: &[Arc<Signed>]) -> Commit {
        let commit = self.decide(records);
        assert_eq!(self.store.commit(&commit), Ok(Committed::Written));
        commit
    }

    fn reopen(self) -> Self {
        let Self { store, folder, .. } = self;
        drop(store);
        Self::begin(&folder)
    }
}

fn says(author: (&str, Role), statement: Statement, nonce: u64) -> Arc<Signed> {
    testing::sign(&testing::record(author, statement, START, nonce))
}

/// One permit from issue to import, and a second use that is refused.
fn story() -> Vec<Arc<Signed>> {
    let permit = testing::permit("26QS000001");
    vec![
        says(
            ("QS", Role::Management),
            Statement::Issue(testing::issue("26QS000001")),
            1,
        ),
        says(
            ("QS", Role::Customs),
            testing::endorse(permit, testing::quantities(90, 20)),
            2,
        ),
        says(("QT", Role::Customs), testing::sight(permit), 3),
        says(
            ("QN", Role::Customs),
            testing::import(permit, testing::quantities(90, 20)),
            4,
        ),
        says(
            ("QN", Role::Customs),
            testing::import(permit, testing::quantities(90, 20)),
            5,
        ),
    ]
}

fn permit_of(store: &Store, permit: &PermitKey) -> Option<PermitState> {
    read(store, &StateKey::permit(permit)).unwrap()
}

#[test]
fn what_was_committed_is_there_after_every_restart_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let mut blocks: Vec<(Height, Vec<u8>)> = Vec::new();
    for record in story() {
        let commit = chain.block(&[record]);
        blocks.push((commit.block.header().height, commit.block.bytes().to_vec()));
        let tip = chain.store.tip();
        chain = chain.reopen();
        assert_eq!(chain.store.tip(), tip);
        for (height, bytes) in &blocks {
            assert_eq!(
                chain.store.read().block_bytes(*height).unwrap().as_ref(),
                Some(bytes)
            );
        }
    }
    let permit = testing::permit("26QS000001");
    let state = permit_of(&chain.store, &permit).unwrap();
    assert!(state.import.is_some());
    assert_eq!(state.refused_attempts, 1);
    let read = chain.store.read();
    assert_eq!(read.history(&permit, u64::MAX, 10), Ok(vec![4, 3, 2, 1, 0]));
    assert_eq!(read.history(&permit, 3, 2), Ok(vec![2, 1]));
    assert_eq!(
        read.history(&testing::permit("26QS000002"), u64::MAX, 10),
        Ok(vec![])
    );
    assert_eq!(read.block_bytes(Height(6)), Ok(None));
}

#[test]
fn blocks_of_several_records_and_of_none_come_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let story = story();
    let commits = [
        chain.block(&[]),
        chain.block(&story[..1]),
        chain.block(&story[1..]),
        chain.block(&[]),
    ];
    for commit in commits {
        let height = commit.block.header().height;
        let bytes = chain.store.read().block_bytes(height).unwrap().unwrap();
        assert_eq!(Block::decode(&bytes), Ok(commit.block));
        assert_eq!(chain.store.read().quorum(height), Ok(Some(commit.quorum)));
    }
}

#[test]
fn a_block_is_committed_once_and_nothing_else_at_its_height() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let story = story();
    let first = chain.block(&story[..1]);
    assert_eq!(chain.store.commit(&first), Ok(Committed::Before));
    let chain = chain.reopen();
    assert_eq!(chain.store.commit(&first), Ok(Committed::Before));
    assert_eq!(chain.store.flushes().commit, 0);

    let other_folder = tempfile::tempdir().unwrap();
    let mut other = Chain::begin(other_folder.path());
    let another = other.block(&[]);
    assert_eq!(
        chain.store.commit(&another),
        Err(StoreError::OtherBlock(Height(1)))
    );
    other.block(&[]);
    let later = other.block(&[]);
    let (height, tip) = (Height(3), Height(1));
    assert_eq!(
        chain.store.commit(&later),
        Err(StoreError::NotNext { height, tip })
    );
}

#[test]
fn a_snapshot_stays_as_it_was_and_knows_its_block() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let story = story();
    chain.block(&story[..1]);
    let permit = testing::permit("26QS000001");
    let next = chain.decide(&story[1..2]);
    let snapshot = chain.store.snapshot().unwrap();
    assert_eq!(chain.store.commit(&next), Ok(Committed::Written));
    assert_eq!(snapshot.tip().height(), Height(1));
    let key = StateKey::permit(&permit);
    let then: Option<PermitState> = read(&snapshot.read(), &key).unwrap();
    assert_eq!(then.unwrap().endorsement, None);
    assert!(
        permit_of(&chain.store, &permit)
            .unwrap()
            .endorsement
            .is_some()
    );
    let now = chain.store.snapshot().unwrap();
    assert_eq!(now.tip().height(), Height(2));
    for snapshot in [snapshot, now] {
        let read = snapshot.read();
        let path = tree::prove(&ledger::state::PagesOf(&read), key.as_ref()).unwrap();
        let value = read.value(KeyHash::of(key.as_ref())).unwrap();
        let root = snapshot.tip().state_root;
        assert_eq!(path.check(root, key.as_ref(), value.as_deref()), Ok(()));
    }
}

#[test]
fn many_threads_always_find_a_state_that_belongs_to_its_block() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let permit = testing::permit("26QS000001");
    let decided: Vec<_> = (0..40).collect();
    chain.block(&story()[..1]);
    let Chain { store, replica, .. } = &mut chain;
    let store = &*store;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let snapshot = store.snapshot().unwrap();
                    let root = tree::root(&ledger::state::PagesOf(&snapshot.read())).unwrap();
                    assert_eq!(root, snapshot.tip().state_root);
                }
            });
        }
        for nonce in decided {
            let record = says(("QT", Role::Customs), testing::sight(permit), 100 + nonce);
            let now = START.plus_ms(nonce);
            let builder = testing::voting_key(1).public();
            let proposed = replica
                .propose(store, now, builder, &[record], &CheckAll)
                .unwrap();
            let quorum = testing::quorum_of(proposed.block.header(), &VALIDATORS, &[2, 3, 4]);
            let commit = replica
                .commit(store, proposed.block, quorum, &CheckAll)
                .unwrap();
            assert_eq!(store.commit(&commit), Ok(Committed::Written));
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(permit_of(&chain.store, &permit).unwrap().sightings, 40);
}

#[test]
fn undecided_blocks_outlive_a_crash_and_leave_with_their_height() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::begin(folder.path());
    let block = |n: u8| BlockId(Digest([n; 32]));
    for (height, round, id) in [(1, 0, 1), (1, 300, 2), (2, 0, 3)] {
        let bytes = vec![id; 10];
        chain
            .store
            .put_undecided(Height(height), Round(round), block(id), &bytes)
            .unwrap();
    }
    let mut chain = chain.reopen();
    let found = chain.store.read().undecided(Height(1)).unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.round, one.block)).collect();
    assert_eq!(found, [(Round(0), block(1)), (Round(300), block(2))]);
    chain.block(&[]);
    assert_eq!(chain.store.read().undecided(Height(1)), Ok(vec![]));
    assert_eq!(chain.store.read().undecided(Height(2)).unwrap().len(), 1);
}

#[test]
fn evidence_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::begin(folder.path());
    for bytes in [b"one", b"two", b"one"] {
        chain.store.record_evidence(Height(7), bytes).unwrap();
    }
    assert_eq!(chain.store.flushes().evidence, 2);
    let chain = chain.reopen();
    assert_eq!(chain.store.read().evidence(Height(7)).unwrap().len(), 2);
    assert_eq!(chain.store.read().evidence(Height(6)), Ok(vec![]));
}

#[test]
fn a_database_is_opened_once_and_only_for_its_own_network() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::begin(folder.path());
    assert_eq!(
        open(folder.path()).unwrap_err(),
        StoreError::InUse(folder.path().join("store"))
    );
    drop(chain);
    let other = ChainId(Digest([9; 32]));
    assert_eq!(
        Store::open(&folder.path().join("store"), other, &initial()).unwrap_err(),
        StoreError::OtherChain {
            found: CHAIN,
            expected: other
        }
    );
}

#[test]
fn another_format_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::begin(folder.path());
    let mut batch = WriteBatch::default();
    let meta = chain.store.family(Column::Meta).unwrap();
    batch.put_cf(meta, META_FORMAT, [2]);
    chain.store.write(batch, Flush::Commit).unwrap();
    drop(chain);
    assert_eq!(open(folder.path()).unwrap_err(), StoreError::Format(2));
}

#[test]
fn an_interrupted_first_start_leaves_no_database() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("store.new")).unwrap();
    fs::write(folder.path().join("store.new/CURRENT"), "half").unwrap();
    let chain = Chain::begin(folder.path());
    assert_eq!(chain.store.tip().height(), Height::ZERO);
    assert!(!folder.path().join("store.new").exists());
}

#[test]
fn a_failed_write_stops_all_writing() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    chain.store.stopped.store(true, Ordering::Release);
    let commit = chain.decide(&[]);
    assert_eq!(chain.store.commit(&commit), Err(StoreError::Stopped));
    assert_eq!(chain.store.tip().height(), Height::ZERO);
}
