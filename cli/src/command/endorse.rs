//! `cites endorse`: export customs record what really leaves (box 14).

use std::path::PathBuf;

use clap::Args;
use ledger::party::Role;
use ledger::permit::commitment::transport_digest;
use ledger::record::{Endorse as EndorseStatement, Port, Statement};

use super::lines::{Known, LineArgument, know_their_units, known_state, proof_at_hand, with_units};
use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::{Errand, Submission};

/// Arguments of `endorse`.
#[derive(Args, Debug)]
pub(crate) struct Endorse {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// Quantity that leaves, such as A=960; the unit is the permit line's.
    #[arg(long = "line", value_name = "LINE=QUANTITY", required = true)]
    lines: Vec<LineArgument>,
    /// Port of export, as UN/LOCODE.
    #[arg(long)]
    port: Port,
    /// Number of the air waybill or bill of lading (box 15); only its hash is recorded.
    #[arg(long, alias = "bl", value_name = "NUMBER")]
    awb: Option<String>,
    /// A proof of the permit for when no node answers; without it, the NUMBER.citesproof beside the XML.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Endorse, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let known = if know_their_units(&arguments.lines, &named) && !desk.flags.offline {
        Known::default()
    } else {
        let at_hand = proof_at_hand(&arguments.permit, &named, arguments.proof.as_deref())?;
        known_state(desk, &mut pinned, &named, at_hand)?
    };
    let transport = arguments
        .awb
        .as_deref()
        .map(|number| transport_digest(pinned.chain, named.issuer, number));
    let statement = Statement::Endorse(EndorseStatement {
        permit: named.key(pinned.chain),
        lines: with_units(&arguments.lines, &named, known.state.as_ref())?,
        port: arguments.port,
        transport,
    });
    let errand = Errand {
        name: named.to_string(),
        statement,
        question: None,
        done: "",
    };
    let mut answer = Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)?;
    answer.warnings.extend(known.doubts);
    Ok(answer)
}
