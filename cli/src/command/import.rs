//! `cites import`: customs of the destination accept the goods, which spends the permit.

use std::path::PathBuf;

use clap::Args;
use ledger::party::Role;
use ledger::record::{Import as ImportStatement, LineQuantity, Port, Statement};

use super::lines::{Known, LineArgument, known_state, proof_at_hand, with_units};
use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::{Named, named_permit};
use crate::submit::{Errand, Submission};

/// Arguments of `import`.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
    /// Quantity that arrived, such as A=958; the unit is the permit line's.
    #[arg(long = "line", value_name = "LINE=QUANTITY", required = true)]
    lines: Vec<LineArgument>,
    /// Port of import, as UN/LOCODE.
    #[arg(long)]
    port: Port,
    /// The own Party's import permit, as QN/26QN000007, where the permit was not issued on one; both are spent.
    #[arg(long, value_name = "PARTY/NUMBER")]
    import_permit: Option<String>,
    /// A proof of the permit for when no node answers; without it, the NUMBER.citesproof beside the XML.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Import, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let at_hand = proof_at_hand(&arguments.permit, &named, arguments.proof.as_deref())?;
    let known = known_state(desk, &mut pinned, &named, at_hand)?;
    let lines = with_units(&arguments.lines, &named, known.state.as_ref())?;
    let import_permit = arguments
        .import_permit
        .as_deref()
        .map(|name| named_permit(name, &pinned));
    let import_permit = import_permit.transpose()?;
    let question = question(&lines, &known);
    let errand = Errand {
        name: named.to_string(),
        statement: Statement::Import(ImportStatement {
            permit: named.key(pinned.chain),
            lines,
            port: arguments.port,
            import_permit,
        }),
        question: Some(question),
        done: "spent    it cannot be used again",
    };
    let mut answer = Submission::carry_out(desk, &mut pinned, &author, errand, &arguments.sending)?;
    answer.warnings.extend(known.doubts);
    Ok(answer)
}

/// `Record import of A 958 NAR (endorsed 960) and spend this permit? It cannot be used again.`
fn question(lines: &[LineQuantity], known: &Known) -> String {
    let told = lines.iter().map(|line| {
        let state = known.state.as_ref();
        let endorsed = state.and_then(|state| state.line(line.line)?.endorsed);
        let endorsed = endorsed
            .map(|quantity| format!(" (endorsed {quantity})"))
            .unwrap_or_default();
        format!("{} {} {}{endorsed}", line.line, line.quantity, line.unit)
    });
    let told: Vec<String> = told.collect();
    let doubts = known.doubts.iter();
    let doubts: String = doubts.map(|doubt| format!("{doubt}. ")).collect();
    format!(
        "{doubts}Record import of {} and spend this permit? It cannot be used again.",
        told.join(", ")
    )
}
