//! `cites correct`: customs correct the quantities of their own endorsement or import. Both records stay.

use clap::{Args, ValueEnum};
use ledger::party::Role;
use ledger::record::{Correct as CorrectStatement, CorrectReason, Statement};

use super::lines::{LineArgument, proven_state, with_units};
use crate::arguments::Sending;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::{Errand, Submission};

/// What is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Box 14, before the import.
    Endorsement,
    /// What arrived.
    Import,
}

/// Arguments of `correct`.
#[derive(Args, Debug)]
pub(crate) struct Correct {
    /// What is corrected.
    what: What,
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// Every quantity as it should have been, such as A=958; a line left out did not move.
    #[arg(long = "line", value_name = "LINE=QUANTITY", required = true)]
    lines: Vec<LineArgument>,
    /// typing, recount or wrong-line.
    #[arg(long)]
    reason: CorrectReason,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Correct, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let state = proven_state(desk, &mut pinned, &named)?;
    let record = match arguments.what {
        What::Endorsement => state.endorsement_record(),
        What::Import => state.import_record(),
    };
    let record = record.ok_or_else(|| {
        Failure::new(
            Exit::Refused,
            format_args!("{named} has no such act to correct"),
        )
        .code("UNKNOWN_RECORD")
        .hint("nothing was sent")
    })?;
    let lines = with_units(&arguments.lines, &named, Some(&state))?;
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::Correct(CorrectStatement {
            permit: named.key(pinned.chain),
            record,
            lines,
            reason: arguments.reason,
        }),
        question: Some(format!(
            "Correct {named}? The record before stays on the ledger."
        )),
        done: "corrected; the record before stays on the ledger",
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)
}
