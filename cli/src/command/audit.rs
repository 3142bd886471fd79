//! `cites audit`: a node's whole chain, checked again; two nodes, compared.

mod compare;
mod fetch;
mod progress;
mod verify;

use clap::Subcommand;
use ledger::digest::{Digest, NumberHash};
use ledger::party::Height;
use ledger::proof::Proof;
use ledger::record::PermitKey;

use crate::client::{Client, ClientError};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::print::Answer;
use crate::trust::Pinned;

/// `cites audit …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Check a node's whole chain again, from the pinned genesis to its newest block.
    Verify,
    /// Compare the chains of two nodes; a fork is written into an evidence file.
    Compare {
        /// One node.
        #[arg(value_name = "URL")]
        one: String,
        /// The other.
        #[arg(value_name = "URL")]
        other: String,
    },
}

pub(crate) fn run(act: &Act, desk: &Desk) -> Result<Answer, Failure> {
    match act {
        Act::Verify => verify::run(desk),
        Act::Compare { one, other } => compare::run(one, other, desk),
    }
}

/// A proof of the node's newest block. The permit does not matter: it is a number that nobody can issue.
pub(super) fn newest(pinned: &Pinned, client: &Client) -> Result<Proof, ClientError> {
    let members = pinned.genesis.members();
    let issuer = members.first().map(|member| member.code);
    let Some(issuer) = issuer else {
        return Err(client.nonsense("a network without Parties"));
    };
    let number = NumberHash(Digest::default());
    let bytes = client.proof(&PermitKey { issuer, number }, Height::ZERO, None)?;
    Proof::decode(&bytes).map_err(|error| client.nonsense(&error.to_string()))
}
