//! `cites endorse`: export customs record what really leaves (box 14).

use clap::Args;
use ledger::party::Role;
use ledger::permit::commitment::transport_digest;
use ledger::record::{Endorse as EndorseStatement, Port, Statement};

use super::lines::{LineArgument, know_their_units, proven_state, with_units};
use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::Submission;

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
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Endorse, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let state = if know_their_units(&arguments.lines, &named) {
        None
    } else {
        Some(proven_state(desk, &mut pinned, &named)?)
    };
    let transport = arguments
        .awb
        .as_deref()
        .map(|number| transport_digest(pinned.chain, named.issuer, number));
    let statement = Statement::Endorse(EndorseStatement {
        permit: named.key(pinned.chain),
        lines: with_units(&arguments.lines, &named, state.as_ref())?,
        port: arguments.port,
        transport,
    });
    let submission = Submission::sign(
        desk,
        &pinned,
        &author,
        named.to_string(),
        statement,
        &arguments.sending,
    )?;
    if arguments.sending.dry_run {
        return Ok(submission.dry());
    }
    let sent = submission.send(desk, &mut pinned)?;
    Ok(submission.answer(desk, &sent))
}
