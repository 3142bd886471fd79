//! `cites sight`: transit customs have seen the goods. Never spends, never locks.

use clap::Args;
use ledger::party::Role;
use ledger::record::{Port, Sight as SightStatement, Statement};

use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::{Errand, Submission};

/// Arguments of `sight`.
#[derive(Args, Debug)]
pub(crate) struct Sight {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// Where, as UN/LOCODE.
    #[arg(long)]
    port: Port,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Sight, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::Sight(SightStatement {
            permit: named.key(pinned.chain),
            port: arguments.port,
        }),
        question: None,
        done: "seen     in transit; the permit is not spent",
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)
}
