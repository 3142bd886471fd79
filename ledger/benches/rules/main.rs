//! What each step of the flow costs on one core: `cargo bench -p ledger`, a name after `--` chooses.
//!
//! Nothing here asserts a time: figures belong to a machine, and `docs/benchmarks.md` names it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that cannot be set up has nothing to report"
)]

mod block;
mod document;
mod fixture;
mod proof;
mod quorum;
mod record;
mod tree;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    document::measure(&mut criterion);
    record::measure(&mut criterion);
    quorum::measure(&mut criterion);
    proof::measure(&mut criterion);
    tree::measure(&mut criterion);
    block::measure(&mut criterion);
    criterion.final_summary();
}
