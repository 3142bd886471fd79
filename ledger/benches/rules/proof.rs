//! A proof file and the verdict that rests on it, with few and with many validators.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use ledger::proof::{Proof, Trust};
use ledger::testing::{START, TestLedger, import, quantities, quorum_of, validator_set};
use ledger::verdict::{Question, Source, judge};

use crate::fixture::{ARRIVAL, Stage, ledger_of, permit_at};

const PERMITS: u64 = 100_000;

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut ledger = ledger_of(PERMITS);
    let permit = permit_at(PERMITS / 10, Stage::Endorsed);
    let answer = ledger.state_now(ARRIVAL, import(permit, quantities(90, 20)), START);
    assert_eq!(answer, None);
    let mut group = criterion.benchmark_group("proof");
    group.bench_function("make", |b| b.iter(|| ledger.proof(black_box(&permit))));
    group.finish();
    for count in [4, 31, 185] {
        decided_by(criterion, &ledger, ledger.proof(&permit), count);
    }
}

/// The same proof, had `count` validators decided its block and just enough of them signed.
fn decided_by(criterion: &mut Criterion, ledger: &TestLedger, mut proof: Proof, count: u8) {
    let members: Vec<u8> = (1..=count).collect();
    let signers = members.len() * 2 / 3 + 1;
    let set = validator_set(&members);
    proof.header.validators = set.digest();
    proof.header.next_validators = set.digest();
    proof.quorum = quorum_of(&proof.header, &members, &members[..signers]);
    let mut trust: Trust = ledger.trust();
    trust.anchors[0].validators = set;
    let now = START.plus_ms(1_000);
    let bytes = proof.encode();
    let question = Question {
        sealed: None,
        number: None,
        permit: proof.permit,
        document: None,
        reader: None,
    };
    assert!(proof.check(&trust, now).is_ok());

    let mut group = criterion.benchmark_group(format!("proof by {count} validators"));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode", |b| b.iter(|| black_box(&proof).encode()));
    group.bench_function("decode", |b| b.iter(|| Proof::decode(black_box(&bytes))));
    group.bench_function("check", |b| b.iter(|| black_box(&proof).check(&trust, now)));
    group.bench_function("judge", |b| {
        b.iter(|| judge(&question, black_box(&proof), &trust, now, Source::Node));
    });
    group.finish();
}
