//! What an accepted statement does to its permit.

use super::permit::{Act, Cancellation, PermitState, ReportState};
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::record::{LineQuantity, Record, Statement};

/// The entry that a statement leaves behind.
#[expect(
    clippy::large_enum_variant,
    reason = "made once for a record, and nearly always the large one"
)]
pub(super) enum Effect {
    /// The permit's new status.
    Permit(PermitState),
    /// What is reported of a number that was never issued.
    Report(ReportState),
    /// Nothing but the log: refused, and no permit to count it on.
    LogOnly,
}

/// The effect of an accepted statement.
pub(super) fn accepted(
    record: &Record,
    act: Act,
    permit: Option<PermitState>,
    report: Option<ReportState>,
) -> Effect {
    match (&record.statement, permit) {
        (Statement::Issue(issue), _) => Effect::Permit(PermitState::issued(issue, record, act)),
        (statement, Some(permit)) => Effect::Permit(change(statement, permit, act)),
        (Statement::Sight(_), None) => Effect::Report(reported(report, act, 1, 0)),
        (Statement::Refuse(_), None) => Effect::Report(reported(report, act, 0, 1)),
        // The tables let no other statement pass without a permit.
        (Statement::Endorse(_) | Statement::Import(_) | Statement::Cancel(_), None) => {
            Effect::LogOnly
        }
    }
}

/// The effect of a refused statement: counted on the permit, where there is one.
pub(super) fn refused(permit: Option<PermitState>, act: &Act) -> Effect {
    permit.map_or(Effect::LogOnly, |mut permit| {
        permit.refused_attempts = permit.refused_attempts.saturating_add(1);
        permit.last_height = act.height;
        Effect::Permit(permit)
    })
}

fn change(statement: &Statement, mut permit: PermitState, act: Act) -> PermitState {
    permit.last_height = act.height;
    match statement {
        // Issued above: an issue never changes another permit.
        Statement::Issue(_) => {}
        Statement::Endorse(endorse) => {
            for line in &mut permit.lines {
                line.endorsed = Some(named(&endorse.lines, line.line));
            }
            permit.endorsement = Some(act);
        }
        Statement::Sight(_) => permit.sightings = permit.sightings.saturating_add(1),
        Statement::Import(import) => {
            for line in &mut permit.lines {
                line.imported = Some(named(&import.lines, line.line));
            }
            permit.import = Some(act);
        }
        Statement::Refuse(_) => permit.refusals = permit.refusals.saturating_add(1),
        Statement::Cancel(cancel) => {
            permit.cancellation = Some(Cancellation {
                reason: cancel.reason,
                act,
            });
        }
    }
    permit
}

/// The quantity given for a line; zero where it is left out.
fn named(lines: &[LineQuantity], line: LineId) -> Quantity {
    lines
        .iter()
        .find(|named| named.line == line)
        .map_or(Quantity::ZERO, |named| named.quantity)
}

fn reported(report: Option<ReportState>, act: Act, sightings: u32, refusals: u32) -> ReportState {
    let (seen, refused) = report.map_or((0, 0), |report| (report.sightings, report.refusals));
    ReportState {
        sightings: seen.saturating_add(sightings),
        refusals: refused.saturating_add(refusals),
        last: act,
    }
}
