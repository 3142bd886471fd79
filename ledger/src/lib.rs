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
pub mod party;

// How blocks become final.
pub mod quorum;
