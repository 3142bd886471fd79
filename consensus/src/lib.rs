//! Malachite in our words: what it asks of an application, and which file answers.
//!
//! ```text
//! Malachite asks for             answered by
//! types, who proposes            context, validators, message
//! bytes on the wire and in logs  wire
//! signatures                     signing, which asks guard before each of our own
//! a block, as parts              parts
//! what to propose, accept, keep  replica, with reproposal for what a clock may not judge
//! ```
//!
//! What is absent: no I/O, no clock, no randomness, no async runtime. The node and the simulator host
//! the same code; only `node/src/engine.rs` and `node/src/application/` name Malachite's engine.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(test)]
mod samples;

pub mod context;
pub mod message;
pub mod validators;

pub mod parts;
pub mod quorum;
pub mod wire;

pub mod evidence;
pub mod guard;
pub mod signing;

pub mod replica;
pub mod reproposal;
