//! Counting more than two thirds of the validators' signatures.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use ledger::party::Role;
use ledger::testing::{CHAIN, START, TestLedger, quorum_of, sight, validator_set};

use crate::fixture::permit;

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut ledger = TestLedger::default();
    ledger.state_now(("QT", Role::Customs), sight(permit(0)), START);
    let (header, _) = &ledger.blocks[0];
    let mut group = criterion.benchmark_group("quorum");
    for (signers, count) in [(3, 4), (21, 31), (124, 185)] {
        let members: Vec<u8> = (1..=count).collect();
        let set = validator_set(&members);
        let quorum = quorum_of(header, &members, &members[..signers]);
        assert_eq!(quorum.check(CHAIN, &set), Ok(()));
        let id = BenchmarkId::new("check", format!("{signers} of {count}"));
        group.bench_function(id, |b| b.iter(|| black_box(&quorum).check(CHAIN, &set)));
    }
    group.finish();
}
