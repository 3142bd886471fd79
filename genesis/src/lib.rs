//! What all Parties agree on before block 1: who takes part, with which keys, under which parameters.
//!
//! ```text
//! PartyFile (made by each Party) → GenesisFile (collected) → check → Genesis → chain id, state, trust
//! ```
//!
//! TOML is for people; what is hashed is canonical CBOR, so spelling, comments and the order of Parties
//! never matter. What is absent: no I/O, no clock, no randomness. Texts come in, values go out.
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

// What a file is made of.
pub mod file;
pub mod parties;
pub mod peer;
pub mod possession;

// From files to one agreed document.
pub mod ceremony;
pub mod check;
mod document;
pub mod trust;

pub use document::{Fingerprint, Genesis, Member, NetworkName, Node, SeatedOffice, Voting};

#[cfg(test)]
mod tests;
