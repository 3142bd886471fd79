//! `cites paper`: customs clear goods on the paper of a Party that is not on the ledger. A claim, never an issue.

use clap::Args;
use ledger::party::Role;
use ledger::permit::commitment::{paper_digest, stamp_digest};
use ledger::record::{PaperSeen, Port, Statement};

use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::{Input, Named};
use crate::submit::{Errand, Submission};

/// Arguments of `paper`.
#[derive(Args, Debug)]
pub(crate) struct Paper {
    /// What the paper says, as XML.
    file: String,
    /// Where, as UN/LOCODE.
    #[arg(long)]
    port: Port,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Paper, desk: &Desk) -> Result<Answer, Failure> {
    let permit = Input::read(&arguments.file)?.permit()?.permit;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let named = Named::of(permit.clone(), None)?;
    let stamp = permit
        .stamp()
        .map(|stamp| stamp_digest(pinned.chain, named.issuer, stamp.as_str()));
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::PaperSeen(PaperSeen {
            permit: named.key(pinned.chain),
            stamp,
            document: paper_digest(pinned.chain, named.issuer, &permit),
            port: arguments.port,
        }),
        question: Some(format!(
            "Record that goods were cleared on the paper {named}? It says nothing about who issued it."
        )),
        done: "recorded the same paper clears nowhere else; nobody vouches that it is genuine",
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)
}
