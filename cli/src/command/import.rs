//! `cites import`: customs of the destination accept the goods, which spends the permit.

use clap::Args;
use ledger::party::Role;
use ledger::reason::Reason;
use ledger::record::{Import as ImportStatement, LineQuantity, Port, Statement};
use ledger::state::PermitState;

use super::lines::{LineArgument, proven_state, with_units};
use crate::arguments::Sending;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::Answer;
use crate::reference::Named;
use crate::submit::Submission;

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
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Import, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Customs)?;
    let state = proven_state(desk, &mut pinned, &named)?;
    let lines = with_units(&arguments.lines, &named, Some(&state))?;
    let mut warnings = Vec::new();
    if is_less(&lines, &state) {
        let code = Reason::LessThanEndorsed.code();
        warnings.push(format!(
            "{} [{code}]",
            desk.words.text(&format!("reason.{code}.text"))
        ));
    }
    let question = question(&lines, &state);
    let statement = Statement::Import(ImportStatement {
        permit: named.key(pinned.chain),
        lines,
        port: arguments.port,
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
    desk.confirm(&question)?;
    let sent = submission.send(desk, &mut pinned)?;
    let mut answer = submission.answer(desk, &sent);
    if sent.receipt.is_some() {
        answer.page.text("spent    it cannot be used again");
    }
    answer.warnings = warnings;
    Ok(answer)
}

/// `Record import of A 958 NAR (endorsed 960) and spend this permit? It cannot be used again.`
fn question(lines: &[LineQuantity], state: &PermitState) -> String {
    let told = lines.iter().map(|line| {
        let endorsed = state.line(line.line).and_then(|known| known.endorsed);
        let endorsed = endorsed
            .map(|quantity| format!(" (endorsed {quantity})"))
            .unwrap_or_default();
        format!("{} {} {}{endorsed}", line.line, line.quantity, line.unit)
    });
    let told: Vec<String> = told.collect();
    format!(
        "Record import of {} and spend this permit? It cannot be used again.",
        told.join(", ")
    )
}

/// Whether less arrives than was endorsed, a line left out included.
fn is_less(lines: &[LineQuantity], state: &PermitState) -> bool {
    state.lines.iter().any(|known| {
        let arrived = lines
            .iter()
            .find(|line| line.line == known.line)
            .map_or(0, |line| line.quantity.scaled());
        known
            .endorsed
            .is_some_and(|endorsed| arrived < endorsed.scaled())
    })
}
