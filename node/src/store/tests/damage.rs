//! The store under changed entries, cut files and flipped bytes.

use std::fs;
use std::path::Path;

use ledger::proof::LoggedRecord;
use ledger::state::StateKey;
use ledger::{log, testing, tree};
use rand_core::RngCore as _;

use super::*;

/// Every place that may be changed by somebody who knows RocksDB and repairs its checksums.
#[test]
fn a_database_changed_through_rocksdb_itself_is_refused() {
    let rows: [(&str, Column, &[u8]); 9] = [
        ("the tip's head", Column::Blocks, &keys::number(5)),
        ("the tip's quorum", Column::Quorums, &keys::number(5)),
        ("the tip", Column::Meta, META_TIP),
        ("a value", Column::State, &[]),
        ("a page", Column::Pages, &[0]),
        ("a hash of the log", Column::LogHashes, &keys::number(7)),
        ("the last leaf", Column::Leaves, &keys::number(4)),
        ("the format", Column::Meta, META_FORMAT),
        ("the network", Column::Meta, META_CHAIN),
    ];
    for (what, column, key) in rows {
        for act in ["flip", "delete"] {
            let folder = tempfile::tempdir().unwrap();
            let mut chain = Chain::begin(folder.path());
            for record in story() {
                chain.block(&[record]);
            }
            tamper(&chain.store, column, key, act);
            drop(chain);
            let refused = open(folder.path());
            let expected = match (what, act, &refused) {
                ("the format", "flip", Err(StoreError::Format(_)))
                | ("the network", "flip", Err(StoreError::OtherChain { .. }))
                | (_, _, Err(StoreError::Damaged(_))) => true,
                (_, _, Ok(_) | Err(_)) => false,
            };
            assert!(expected, "{what}, {act}: {refused:?}");
        }
    }
}

fn tamper(store: &Store, column: Column, key: &[u8], act: &str) {
    let from = rocksdb::IteratorMode::From(key, rocksdb::Direction::Forward);
    let mut entries = store.read().scan(column, from).unwrap();
    let (key, mut value) = entries.next().unwrap().unwrap();
    let family = store.family(column).unwrap();
    let mut batch = WriteBatch::default();
    if act == "delete" {
        batch.delete_cf(family, &key);
    } else {
        let last = value.last_mut().unwrap();
        *last ^= 1;
        batch.put_cf(family, &key, &value);
    }
    store.write(batch, Flush::Commit).unwrap();
}

#[test]
fn a_leaf_changed_through_rocksdb_itself_is_not_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    for record in story() {
        chain.block(&[record]);
    }
    tamper(&chain.store, Column::Leaves, &keys::number(0), "flip");
    let chain = chain.reopen();
    let head = chain.store.tip().log;
    let read = chain.store.read();
    let shows = |index: u64| {
        let path = log::prove_inclusion(&read, head.size, index).unwrap();
        let leaf = read.leaf(index).unwrap().unwrap();
        let record = LoggedRecord { index, leaf, path };
        record.path.shows(&head, index, &record.leaf)
    };
    assert!(!shows(0) && shows(1));
}

/// Whatever happens to the bytes of its files, the store refuses, or serves a state that was proven.
#[test]
fn cut_or_flipped_files_are_refused_or_leave_a_proven_state() {
    let seed = seed();
    println!("seed {seed}; repeat with CITES_TEST_SEED={seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::begin(folder.path());
    let mut roots = vec![chain.store.tip().state_root];
    for (count, record) in story().into_iter().enumerate() {
        chain.block(&[record]);
        roots.push(chain.store.tip().state_root);
        if count == 2 {
            // Some of it in tables, some in the log.
            for column in Column::ALL {
                let family = chain.store.family(column).unwrap();
                chain.store.db.flush_cf(family).unwrap();
            }
        }
    }
    drop(chain);
    let whole = folder.path().join("store");
    let mut refused = 0;
    for round in 0..60 {
        let copy = tempfile::tempdir().unwrap();
        let damaged = copy.path().join("store");
        copy_folder(&whole, &damaged);
        let how = damage(&damaged, &mut random, round);
        match open(copy.path()) {
            Err(StoreError::Damaged(_)) => refused += 1,
            Err(error) => panic!("{how}: {error}"),
            Ok(store) => {
                let tip = store.tip();
                let place = usize::try_from(tip.height().0).unwrap();
                assert_eq!(Some(&tip.state_root), roots.get(place), "{how}");
                assert!(permit_is_proven(&store), "{how}");
            }
        }
    }
    assert!(refused > 0, "no damage was found");
}

/// Whether the permit's entry, if it can be read at all, follows from the tip.
fn permit_is_proven(store: &Store) -> bool {
    let key = StateKey::permit(&testing::permit("26QS000001"));
    let read = store.read();
    let value = read.value(KeyHash::of(key.as_ref()));
    let path = tree::prove(&ledger::state::PagesOf(&read), key.as_ref());
    let root = store.tip().state_root;
    match (value, path) {
        (Ok(value), Ok(path)) => path.check(root, key.as_ref(), value.as_deref()).is_ok(),
        (Err(_), _) | (_, Err(_)) => true,
    }
}

fn damage(store: &Path, random: &mut Random, round: u32) -> String {
    let mut files: Vec<_> = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".log") || name.ends_with(".sst") || name.starts_with("MANIFEST")
        })
        .collect();
    files.sort();
    let path = &files[random.below(files.len())];
    let mut bytes = fs::read(path).unwrap();
    let at = random.below(bytes.len());
    match round % 3 {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << random.below(8),
        _ => {
            fs::remove_file(path).unwrap();
            return format!("without {}", path.display());
        }
    }
    fs::write(path, &bytes).unwrap();
    format!("{} at byte {at}, round {round}", path.display())
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn seed() -> u64 {
    let given = std::env::var("CITES_TEST_SEED").ok();
    given.map_or_else(|| rand_core::OsRng.next_u64(), |text| text.parse().unwrap())
}

/// xorshift64*: enough to choose a byte.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end
    }
}
