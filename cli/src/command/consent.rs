//! `cites permit consent`: the destination's Management Authority agrees to a retrospective permit.

use clap::Args;
use ledger::party::Role;
use ledger::record::{Consent as ConsentStatement, Statement};

use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::{Errand, Submission};

/// Arguments of `permit consent`.
#[derive(Args, Debug)]
pub(crate) struct Consent {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Consent, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Management)?;
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::Consent(ConsentStatement {
            permit: named.key(pinned.chain),
        }),
        question: Some(format!(
            "Agree to {named}, issued after the goods had left? It cannot be taken back."
        )),
        done: "agreed   customs may accept it now (Res. Conf. 12.3)",
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)
}
