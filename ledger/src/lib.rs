//! Every rule of the permit ledger, from permit to verdict.
//!
//! ```text
//! permit.xml → Permit → Record → Signed → Verified → Mempool → Block → (consensus) → state → Proof → Verdict
//! ```
//!
//! What is absent: no I/O, no clock, no randomness, no async. Time, seeds and storage are arguments,
//! so the node, the simulator, customs' command line and an auditor run the very same rules.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

// What everything below is written in.
pub mod codec;
pub mod digest;
pub mod key;
pub mod limits;
pub mod time;

// Who speaks.
pub mod parameters;
pub mod party;

// What is permitted, and how much of it.
pub mod codes;
pub mod quantity;

// The document, off the ledger.
pub mod permit;

// What is stated about a permit, and by whom it is signed.
pub mod planted;
pub mod reason;
pub mod record;
pub mod signed;

// What the Parties agree on: an authenticated map, and a log of all that was said.
pub mod log;
pub mod state;
pub mod tree;

// How waiting records become final blocks.
pub mod block;
pub mod mempool;
pub mod quorum;

// What can be shown of them, anywhere; and a second look at all of them.
pub mod audit;
pub mod proof;
pub mod seal;
pub mod verdict;

// What tests of every crate begin from.
#[cfg(any(test, feature = "testing"))]
pub mod testing;
