//! The authenticated map: 1,000 keys changed at once, and paths, at growing sizes.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use ledger::digest::{StateRoot, sha256};
use ledger::tree::{KeyHash, LeafChanges, Page, PageId, Pages, prove, update};

const CHANGED: u64 = 1_000;

struct Stored(BTreeMap<PageId, Page>);

impl Pages for Stored {
    type Error = Infallible;

    fn page(&self, id: &PageId) -> Result<Option<Page>, Infallible> {
        Ok(self.0.get(id).cloned())
    }
}

fn key(index: u64) -> Vec<u8> {
    format!(
        "permit/QS/{:064x}",
        index.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
    .into_bytes()
}

fn value(index: u64, version: u64) -> Vec<u8> {
    format!("{index} as of {version}").into_bytes()
}

fn changes(indices: impl Iterator<Item = u64>, version: u64) -> LeafChanges {
    let change = |index| {
        (
            KeyHash::of(&key(index)),
            Some(sha256(&value(index, version))),
        )
    };
    indices.map(change).collect()
}

fn grown(keys: u64) -> (Stored, StateRoot) {
    let nothing = Stored(BTreeMap::new());
    let Ok((root, pages)) = update(&nothing, &changes(0..keys, 0));
    let kept = pages.into_iter().filter_map(|(id, page)| Some((id, page?)));
    (Stored(kept.collect()), root)
}

pub(crate) fn measure(criterion: &mut Criterion) {
    for keys in [10_000, 100_000, 1_000_000] {
        at_size(criterion, keys);
    }
}

fn at_size(criterion: &mut Criterion, keys: u64) {
    let grown_once = OnceCell::new();
    let tree = || grown_once.get_or_init(|| grown(keys));
    let mut group = criterion.benchmark_group(format!("tree of {keys}"));
    group
        .sample_size(20)
        .throughput(Throughput::Elements(CHANGED));
    group.bench_function("insert 1000", |b| {
        let (pages, _) = tree();
        let fresh = changes(keys..keys + CHANGED, 0);
        b.iter_with_large_drop(|| update(pages, black_box(&fresh)));
    });
    group.bench_function("replace 1000", |b| {
        let (pages, _) = tree();
        let again = changes((0..CHANGED).map(|n| n * (keys / CHANGED)), 1);
        b.iter_with_large_drop(|| update(pages, black_box(&again)));
    });
    group.sample_size(100).throughput(Throughput::Elements(1));
    for (what, index) in [("present", keys / 2), ("absent", keys + CHANGED)] {
        let value = (index < keys).then(|| value(index, 0));
        group.bench_function(format!("prove {what}"), |b| {
            let (pages, _) = tree();
            b.iter(|| prove(pages, black_box(&key(index))));
        });
        group.bench_function(format!("check {what}"), |b| {
            let (pages, root) = tree();
            let Ok(path) = prove(pages, &key(index));
            assert_eq!(path.check(*root, &key(index), value.as_deref()), Ok(()));
            b.iter(|| black_box(&path).check(*root, &key(index), value.as_deref()));
        });
    }
    group.finish();
}
