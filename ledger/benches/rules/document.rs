//! The document: read its XML, commit to its fields, find what differs.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use ledger::permit::commitment::{PermitSecret, SecretFile, commit, differences};
use ledger::permit::xml;

const DOCUMENTS: [(&str, &str); 3] = [
    (
        "one line",
        include_str!("../../../tests/permits/good/export-skins.xml"),
    ),
    (
        "seven lines",
        include_str!("../../../tests/permits/good/annex-seven-lines.xml"),
    ),
    (
        "re-export in SOAP",
        include_str!("../../../tests/permits/good/re-export-in-soap.xml"),
    ),
];

pub(crate) fn measure(criterion: &mut Criterion) {
    for (name, text) in DOCUMENTS {
        let permit = xml::read(text.as_bytes()).expect(name).permit;
        let secret = PermitSecret::new([7; 32]);
        let file = SecretFile::new(permit.issuer().unwrap(), &permit, secret.clone(), vec![]);
        let mut group = criterion.benchmark_group(format!("document of {name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("read XML", |b| {
            b.iter(|| xml::read(black_box(text.as_bytes())));
        });
        group.bench_function("write XML", |b| b.iter(|| xml::write(black_box(&permit))));
        group.bench_function("commit", |b| b.iter(|| commit(black_box(&permit), &secret)));
        group.bench_function("compare", |b| {
            b.iter(|| differences(black_box(&permit), &file));
        });
        group.finish();
    }
}
