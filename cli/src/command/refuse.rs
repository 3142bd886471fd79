//! `cites refuse`: customs refuse the goods, for all Parties to see. Does not spend the permit.

use clap::Args;
use ledger::party::Role;
use ledger::reason::{Light, Reason};
use ledger::record::{Port, Refuse as RefuseStatement, Statement};

use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::{Errand, Submission};

/// Arguments of `refuse`.
#[derive(Args, Debug)]
pub(crate) struct Refuse {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// Why: a reason code, such as USED or ALTERED.
    #[arg(long, value_name = "CODE", value_parser = reason)]
    reason: Reason,
    /// Where, as UN/LOCODE.
    #[arg(long)]
    port: Port,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

fn reason(text: &str) -> Result<Reason, String> {
    let found = Reason::ALL
        .iter()
        .copied()
        .find(|reason| reason.code() == text);
    found
        .filter(|reason| reason.light() != Light::Green)
        .ok_or_else(|| {
            let codes: Vec<&str> = Reason::ALL
                .iter()
                .filter(|reason| reason.light() != Light::Green)
                .map(|reason| reason.code())
                .collect();
            format!("one of {}", codes.join(", "))
        })
}

pub(crate) fn run(arguments: &Refuse, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let reason = arguments.reason;
    let done = format!("refused  {reason}; the permit is not spent, every Party sees it");
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::Refuse(RefuseStatement {
            permit: named.key(pinned.chain),
            reason,
            port: arguments.port,
        }),
        question: Some(format!(
            "Record the refusal of {named} ({reason})? It cannot be taken back, and every Party sees it."
        )),
        done: &done,
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)
}
