//! One record: sign, read, check, remember.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use ledger::signed::{CheckAll, Signed};
use ledger::testing::office_key;

use crate::fixture::{Remembered, issued, verifies};

pub(crate) fn measure(criterion: &mut Criterion) {
    let signed = issued(5);
    let record = signed.record();
    let key = office_key(record.author, record.offices[0]);
    let remembered = Remembered::of(std::slice::from_ref(&signed));
    let bytes = signed.bytes();

    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("sign", |b| {
        b.iter(|| Signed::sign(black_box(record), &[&key]));
    });
    group.bench_function("decode", |b| b.iter(|| Signed::decode(black_box(bytes))));
    group.bench_function("verify", |b| {
        b.iter(|| verifies(black_box(&signed), key.public(), &CheckAll));
    });
    group.bench_function("verify remembered", |b| {
        b.iter(|| verifies(black_box(&signed), key.public(), &remembered));
    });
    group.finish();
}
