//! A full block of mixed records on a small and on a large state, step by step.

use std::cell::OnceCell;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput};
use ledger::block::{Block, Header, NO_PARENT};
use ledger::digest::sha256;
use ledger::log::{LogTail, empty_root};
use ledger::party::Height;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::signed::{CheckAll, Signed};
use ledger::state::memory::MemoryState;
use ledger::state::{Added, Execution, PagesOf};
use ledger::testing::{CHAIN, START, TestLedger, VALIDATORS, validator_set, voting_key};
use ledger::tree::{EMPTY_ROOT, LeafChanges, update};

use crate::fixture::{
    BLOCK_RECORDS, REFUSED_RECORDS, Remembered, key_of, ledger_of, mixed_records, verifies,
};

struct Case {
    ledger: TestLedger,
    records: Vec<Arc<Signed>>,
    remembered: Remembered,
}

impl Case {
    fn new(permits: u64) -> Self {
        let records = mixed_records(permits);
        let case = Self {
            ledger: ledger_of(permits),
            remembered: Remembered::of(&records),
            records,
        };
        let receipts = case.rules().finish().unwrap().receipts;
        let refused = receipts
            .iter()
            .filter(|receipt| !receipt.is_applied())
            .count();
        assert_eq!(refused as u64, REFUSED_RECORDS, "the mix that is told");
        case
    }

    /// Every rule and every read of the state; no tree, no log.
    fn rules(&self) -> Execution<'_, MemoryState> {
        let at = self.ledger.next(START);
        let mut execution = Execution::begin(&self.ledger.state, at).unwrap();
        for signed in &self.records {
            let admitted = execution.admit(signed, &self.remembered).unwrap();
            assert!(matches!(admitted.add(), Ok(Added::Logged(_))));
        }
        execution
    }
}

pub(crate) fn measure(criterion: &mut Criterion) {
    reading(criterion);
    for permits in [10_000, 1_000_000] {
        executing(criterion, permits);
    }
}

/// What does not depend on the state.
fn reading(criterion: &mut Criterion) {
    let records_once = OnceCell::new();
    let records = || records_once.get_or_init(|| mixed_records(10_000));
    let mut group = criterion.benchmark_group("block of 2000");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(BLOCK_RECORDS));
    group.bench_function("decode", |b| {
        let block = Block::new(header(), None, records()).unwrap();
        b.iter(|| Block::decode(black_box(block.bytes())));
    });
    group.bench_function("signatures", |b| {
        let keys: Vec<_> = records().iter().map(|signed| key_of(signed)).collect();
        let signed = || records().iter().zip(&keys);
        b.iter(|| signed().all(|(signed, key)| verifies(signed, *key, &CheckAll)));
    });
    group.finish();
}

/// A header of no meaning: blocks are read before they are judged.
fn header() -> Header {
    let validators = validator_set(&VALIDATORS).digest();
    Header {
        version: PROTOCOL_VERSION,
        chain: CHAIN,
        height: Height(1),
        time: START,
        parent: NO_PARENT,
        log_size: 0,
        log_root: empty_root(),
        state_root: EMPTY_ROOT,
        validators,
        next_validators: validators,
        carried_quorum: None,
        proposer: voting_key(1).public(),
    }
}

fn executing(criterion: &mut Criterion, permits: u64) {
    let case_once = OnceCell::new();
    let case = || case_once.get_or_init(|| Case::new(permits));
    let mut group = criterion.benchmark_group(format!("block of 2000 on {permits} permits"));
    group
        .sample_size(20)
        .throughput(Throughput::Elements(BLOCK_RECORDS));
    group.bench_function("rules and state", |b| {
        b.iter_batched(case, Case::rules, BatchSize::LargeInput);
    });
    group.bench_function("tree", |b| {
        let changes = case().rules().finish().unwrap().changes;
        let digest = |value: &Option<Vec<u8>>| value.as_ref().map(|bytes| sha256(bytes));
        let values = changes.values.iter();
        let leaves: LeafChanges = values
            .map(|(place, value)| (*place, digest(value)))
            .collect();
        let pages = PagesOf(&case().ledger.state);
        b.iter_with_large_drop(|| update(&pages, black_box(&leaves)));
    });
    group.bench_function("log", |b| {
        let logged = case().rules().finish().unwrap().changes.logged;
        b.iter(|| {
            let mut log = LogTail::new(&case().ledger.state, 0);
            for one in &logged {
                log.append(&one.leaf).unwrap();
            }
            log.root()
        });
    });
    group.bench_function("whole", |b| {
        b.iter_batched(case, |case| case.rules().finish(), BatchSize::LargeInput);
    });
    group.finish();
}
