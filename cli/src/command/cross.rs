//! `cites cross`: a document of many crossings goes out or comes in. Never spends.

use std::path::PathBuf;

use clap::Args;
use ledger::party::Role;
use ledger::permit::commitment::commit;
use ledger::record::{Cross as CrossStatement, Direction, Port, Statement};

use crate::arguments::Sending;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::{Input, Named, secret_of};
use crate::submit::{Errand, Submission};

/// Arguments of `cross`.
#[derive(Args, Debug)]
pub(crate) struct Cross {
    /// out of your State, or in to it.
    direction: Direction,
    /// The document's XML: what was issued is compared, holder and all.
    file: String,
    /// Its secret file; without it, the NUMBER.secret beside the XML.
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// Where, as UN/LOCODE.
    #[arg(long)]
    port: Port,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Cross, desk: &Desk) -> Result<Answer, Failure> {
    let input = Input::read(&arguments.file)?;
    let permit = input.permit()?.permit;
    let secret = secret_of(&input, &permit.number, arguments.secret.as_deref())?;
    let secret = secret.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "the document's secret file is needed, to show that nothing in it changed",
        )
        .hint("name it with --secret FILE; it travels with the document")
    })?;
    let document = commit(&permit, &secret.secret);
    let named = Named::of(permit, Some(&secret))?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::Cross(CrossStatement {
            permit: named.key(pinned.chain),
            direction: arguments.direction,
            port: arguments.port,
            document,
        }),
        question: None,
        done: match arguments.direction {
            Direction::Out => "crossed  out; the document goes back to its holder",
            Direction::In => "crossed  in; the document goes back to its holder",
        },
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)
}
