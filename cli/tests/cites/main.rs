//! The binary itself: what it prints, what it writes, how it ends. The node is a fake one in this process,
//! on the ledger's own rules, so that it can also lie.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails says so by panicking"
)]

mod audit;
mod blocks;
mod borders;
mod carry;
mod chain;
mod check;
mod desk;
mod keys;
mod liars;
mod linked;
mod lists;
mod node;
mod papers;
mod queue;
mod records;
mod refusals;
mod registers;
mod replaced;
mod seals;
mod trust;
mod verify;
