//! `cites audit`: a node's whole chain, checked again; two nodes, compared.

mod compare;
mod fetch;
mod progress;
mod verify;

use clap::Subcommand;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::print::Answer;

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
