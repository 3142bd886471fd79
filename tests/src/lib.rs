//! Networks of real nodes for tests: real processes, disks and sockets, in temporary folders on free ports.
//!
//! ```text
//! programs → the binaries, as they are now       offices → keys, and records signed in this process
//! client   → a node's HTTP interface             audit   → the whole chain executed again
//! network  → start, kill, restart, wait, and one strong check
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "fixtures of tests: a broken fixture is a broken test"
)]

pub mod audit;
pub mod client;
pub mod network;
pub mod offices;
pub mod programs;
