//! `cites permit cancel`: the issuing Party takes a permit back. After the use it is a notice, and undoes nothing.

use clap::Args;
use ledger::party::Role;
use ledger::record::{Cancel as CancelStatement, CancelReason, Statement};

use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::Submission;

/// Arguments of `permit cancel`.
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// clerical, lost, stolen, withdrawn or damaged; to replace it: cites permit issue --replaces NUMBER.
    #[arg(long)]
    reason: CancelReason,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Cancel, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Management)?;
    let statement = Statement::Cancel(CancelStatement {
        permit: named.key(pinned.chain),
        reason: arguments.reason,
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
    desk.confirm(&format!(
        "Cancel {named} ({})? It cannot be taken back, and every Party sees it.",
        arguments.reason.as_str()
    ))?;
    let sent = submission.send(desk, &mut pinned)?;
    let mut answer = submission.answer(desk, &sent);
    if let Some(receipt) = &sent.receipt {
        let contested = sent
            .state
            .as_ref()
            .is_some_and(|state| state.contested.is_some());
        let what = if contested { "contested" } else { "cancelled" };
        let more = if contested { "; the use stands" } else { "" };
        answer.page.text(&format!(
            "{what} at height {}; every Party sees it{more}",
            receipt.height
        ));
    }
    Ok(answer)
}
