//! The engine against the `jmt` crate, and paths against tampering.

use std::string::String;
use std::vec;
use std::vec::Vec;

use jmt::mock::MockTreeStore;
use jmt::storage::TreeWriter as _;
use jmt::{JellyfishMerkleTree, KeyHash as JmtKey, RootHash};
use proptest::prelude::*;

use super::*;
use crate::codec;

#[derive(Default)]
struct Memory(BTreeMap<PageId, Page>);

impl Pages for Memory {
    type Error = core::convert::Infallible;

    fn page(&self, id: &PageId) -> Result<Option<Page>, Self::Error> {
        Ok(self.0.get(id).cloned())
    }
}

impl Memory {
    fn apply(&mut self, changes: &[(Vec<u8>, Option<Vec<u8>>)]) -> StateRoot {
        let leaves = changes
            .iter()
            .map(|(key, value)| (KeyHash::of(key), value.as_ref().map(|v| sha256(v))))
            .collect();
        let Ok((root, pages)) = update(self, &leaves);
        for (id, page) in pages {
            match page {
                Some(page) => self.0.insert(id, page),
                None => self.0.remove(&id),
            };
        }
        root
    }

    fn prove(&self, key: &[u8]) -> TreePath {
        let Ok(path) = prove(self, key);
        path
    }
}

type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Few keys, so that updates, removals and collapses really happen.
fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let change = (0..120_u8, proptest::option::weighted(0.6, any::<u8>()))
        .prop_map(|(key, value)| (vec![key], value.map(|byte| vec![byte])));
    proptest::collection::vec(proptest::collection::vec(change, 1..40), 1..12)
}

fn same_as_jmt(batches: &[Batch]) -> Result<(), TestCaseError> {
    let mut ours = Memory::default();
    let theirs = MockTreeStore::default();
    for (version, batch) in batches.iter().enumerate() {
        let unique: BTreeMap<_, _> = batch.iter().cloned().collect();
        let puts = unique.iter().map(|(k, v)| (JmtKey(sha256(k).0), v.clone()));
        let tree = JellyfishMerkleTree::<_, sha2::Sha256>::new(&theirs);
        let (RootHash(expected), update) = tree.put_value_set(puts, version as u64).unwrap();
        theirs.write_node_batch(&update.node_batch).unwrap();
        let unique: Batch = unique.into_iter().collect();
        prop_assert_eq!(ours.apply(&unique).0.0, expected, "version {}", version);
    }
    let Ok(stored) = root(&ours);
    for key in 0..=u8::MAX {
        let version = batches.len() as u64 - 1;
        let tree = JellyfishMerkleTree::<_, sha2::Sha256>::new(&theirs);
        let (value, theirs) = tree
            .get_with_proof(JmtKey(sha256(&[key]).0), version)
            .unwrap();
        let path = ours.prove(&[key]);
        prop_assert_eq!(path.check(stored, &[key], value.as_deref()), Ok(()));
        theirs
            .verify(RootHash(stored.0.0), JmtKey(sha256(&[key]).0), value)
            .unwrap();
    }
    Ok(())
}

proptest! {
    #[test]
    fn roots_and_proofs_equal_those_of_the_jmt_crate(batches in batches()) {
        same_as_jmt(&batches)?;
    }

    #[test]
    fn the_root_depends_only_on_the_set_of_keys_and_values(batches in batches()) {
        let mut by_steps = Memory::default();
        let mut set = BTreeMap::new();
        for batch in &batches {
            by_steps.apply(batch);
            for (key, value) in batch {
                match value {
                    Some(value) => set.insert(key.clone(), value.clone()),
                    None => set.remove(key),
                };
            }
        }
        let mut at_once = Memory::default();
        let all: Batch = set.into_iter().map(|(k, v)| (k, Some(v))).collect();
        let Ok(stepwise) = root(&by_steps);
        prop_assert_eq!(at_once.apply(&all), stepwise);
        prop_assert_eq!(at_once.0, by_steps.0, "the same pages, none left over");
    }
}

fn hundred() -> (Memory, StateRoot) {
    let mut memory = Memory::default();
    let all: Batch = (0..100_u8).map(|n| (vec![n], Some(vec![n, n]))).collect();
    let root = memory.apply(&all);
    (memory, root)
}

#[test]
fn an_empty_map_proves_that_nothing_is_there() {
    let memory = Memory::default();
    assert_eq!(
        memory.prove(b"permit").check(EMPTY_ROOT, b"permit", None),
        Ok(())
    );
    assert_eq!(
        memory
            .prove(b"permit")
            .check(EMPTY_ROOT, b"permit", Some(b"x")),
        Err(PathError::Root)
    );
}

/// What, the path, root, key and value, and the answer.
type Row<'a> = (
    &'static str,
    &'a TreePath,
    StateRoot,
    &'static [u8],
    Option<&'static [u8]>,
    Result<(), PathError>,
);

#[test]
fn a_path_serves_only_its_own_key_value_and_root() {
    let (memory, root) = hundred();
    let (present, absent) = (memory.prove(&[7]), memory.prove(&[200]));
    let rows: [Row<'_>; 9] = [
        ("present", &present, root, &[7], Some(&[7, 7]), Ok(())),
        ("absent", &absent, root, &[200], None, Ok(())),
        (
            "another value",
            &present,
            root,
            &[7],
            Some(&[7, 8]),
            Err(PathError::Root),
        ),
        (
            "another key",
            &present,
            root,
            &[8],
            Some(&[7, 7]),
            Err(PathError::Root),
        ),
        (
            "present called absent",
            &present,
            root,
            &[7],
            None,
            Err(PathError::Root),
        ),
        (
            "another root",
            &present,
            EMPTY_ROOT,
            &[7],
            Some(&[7, 7]),
            Err(PathError::Root),
        ),
        (
            "absent under another root",
            &absent,
            EMPTY_ROOT,
            &[200],
            None,
            Err(PathError::Root),
        ),
        (
            "absence of a present key",
            &absent,
            root,
            &[7],
            None,
            Err(PathError::OtherLeaf),
        ),
        (
            "absence claimed as presence",
            &absent,
            root,
            &[200],
            Some(&[1]),
            Err(PathError::Form),
        ),
    ];
    assert!(absent.other.is_some(), "the rows above rest on it");
    for (what, path, root, key, value, expected) in rows {
        assert_eq!(path.check(root, key, value), expected, "{what}");
    }
}

#[test]
fn a_key_is_not_excluded_by_its_own_leaf() {
    let (memory, root) = hundred();
    let mut path = memory.prove(&[7]);
    path.other = Some(path::OtherLeaf {
        key: KeyHash::of(&[7]).0,
        value: sha256(&[7, 7]),
    });
    assert_eq!(path.check(root, &[7], None), Err(PathError::OtherLeaf));
}

#[test]
fn a_path_with_any_bit_flipped_or_part_missing_proves_nothing() {
    let (memory, root) = hundred();
    for (key, value) in [(7_u8, Some([7, 7])), (200, None)] {
        let path = memory.prove(&[key]);
        let bytes = codec::encode(&path);
        for position in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[position / 8] ^= 0x80 >> (position % 8);
            let accepted = codec::decode::<TreePath>(&flipped, 20_000).is_ok_and(|p| {
                p.check(root, &[key], value.as_ref().map(|v| &v[..]))
                    .is_ok()
            });
            assert!(!accepted, "bit {position} of the path of {key}");
        }
        let mut short = path.clone();
        short.siblings.pop();
        assert_eq!(
            short.climb(&KeyHash::of(&[key]), EMPTY),
            Err(PathError::Form)
        );
        let mut long = path.clone();
        long.depth = 300;
        long.bitmap = vec![0; 38];
        assert_eq!(
            long.climb(&KeyHash::of(&[key]), EMPTY),
            Err(PathError::Form)
        );
    }
}

#[test]
fn a_path_has_one_form() {
    let (memory, root) = hundred();
    let has_empty = |path: &TreePath| path.siblings.len() < usize::from(path.depth);
    let mut present = (0..100_u8).map(|key| (key, memory.prove(&[key])));
    let (key, path) = present.find(|(_, path)| has_empty(path)).unwrap();
    let checked = |path: &TreePath| path.check(root, &[key], Some(&[key, key]));
    assert_eq!(checked(&path), Ok(()));
    let is_full = |step: &usize| path.bitmap[step / 8] >> (7 - step % 8) & 1 == 1;
    let empty = (0..usize::from(path.depth))
        .find(|step| !is_full(step))
        .unwrap();
    let place = (0..empty).filter(is_full).count();
    type Change<'a> = (&'static str, &'a dyn Fn(&mut TreePath));
    let rows: [Change<'_>; 6] = [
        ("an empty sibling written out", &|path| {
            path.bitmap[empty / 8] |= 0x80 >> (empty % 8);
            path.siblings.insert(place, EMPTY);
        }),
        ("a sibling too many", &|path| path.siblings.push(root.0)),
        ("a sibling too few", &|path| path.siblings.truncate(1)),
        ("a longer bitmap", &|path| path.bitmap.push(0)),
        ("a bit beyond the depth", &|path| {
            *path = TreePath {
                depth: 1,
                bitmap: vec![0x81],
                siblings: vec![root.0; 2],
                other: None,
            };
        }),
        ("deeper than a key has bits", &|path| {
            path.depth = 257;
            path.bitmap.resize(33, 0);
        }),
    ];
    for (what, change) in rows {
        let mut other = path.clone();
        change(&mut other);
        assert_eq!(checked(&other), Err(PathError::Form), "{what}");
        let read = codec::decode::<TreePath>(&codec::encode(&other), 20_000);
        assert!(read.is_err(), "{what}");
    }
}

#[test]
fn keys_that_share_eighty_bits_are_still_proven() {
    // Made key hashes: only the tree is under test, not SHA-256.
    let mut first = [0xab; 32];
    let mut second = first;
    first[10] = 0x00;
    second[10] = 0x01;
    let leaves: LeafChanges = [first, second]
        .iter()
        .map(|hash| (KeyHash(Digest(*hash)), Some(sha256(b"value"))))
        .collect();
    let mut memory = Memory::default();
    let Ok((root, pages)) = update(&memory, &leaves);
    memory
        .0
        .extend(pages.into_iter().filter_map(|(id, page)| Some((id, page?))));
    assert_eq!(memory.0.len(), 22, "{root}: pages down to the 22nd nibble");
    let mut gone = leaves.clone();
    gone.values_mut().next().unwrap().take();
    let Ok((alone, pages)) = update(&memory, &gone);
    assert_eq!(
        alone.0,
        leaf_hash(KeyHash(Digest(second)), sha256(b"value"))
    );
    assert_eq!(
        pages.values().filter(|page| page.is_none()).count(),
        21,
        "all pages collapse"
    );
}

#[test]
fn pages_read_back_and_strange_bytes_are_refused() {
    let (memory, _) = hundred();
    for page in memory.0.values() {
        assert_eq!(
            codec::decode::<Page>(&codec::encode(page), 2_000).as_ref(),
            Ok(page)
        );
    }
    for wrong in [&[0x80][..], &[0x90], b"\x90\xf6\x41\x00", &[0xff; 40]] {
        assert!(
            codec::decode::<Page>(wrong, 2_000).is_err(),
            "{}",
            String::from_utf8_lossy(wrong)
        );
    }
}
