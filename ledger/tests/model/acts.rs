//! What must hold between a permit before a statement and after it: who acted, once, and with what.

use ledger::codes::Kind;
use ledger::party::{PartyCode, Role};
use ledger::record::{Direction, Statement};
use ledger::state::{Act, LineState, PermitState};

use crate::check::{Book, Checked, Step, Violation as V, must, of};

/// Whether somebody may, whether the statement is that one, and the act before and after.
type ActRow<'s> = (bool, bool, Option<&'s Act>, Option<&'s Act>);

/// Each act comes once, by its own statement, from the Party that may, and then stands for ever.
pub(crate) fn check_acts(step: &Step, before: &PermitState, after: &PermitState) -> Checked {
    let statement = &step.record.statement;
    let customs = speaks_as(step, Role::Customs);
    let customs_of =
        |party: Option<PartyCode>| party.is_some_and(|own| fellows(step, own)) && customs;
    let author = step.record.author;
    let management = speaks_as(step, Role::Management);
    let cancel = matches!(statement, Statement::Cancel(_));
    let spent = before.import.is_some();
    let is_import = matches!(statement, Statement::Import(_));
    // A landing spends nothing before the last.
    let lands = is_import && !before.kind.is_endorsed() && after.import.is_none();
    if lands {
        must(customs_of(before.destination), V::WrongParty)?;
    }
    let by_issuer = author == before.issuer && management;
    let own = |permit: &'_ PermitState| permit.cancellation.clone().map(|own| own.act);
    let notice = |permit: &'_ PermitState| permit.contested.clone().map(|own| own.act);
    let (cancelled, contested) = ([own(before), own(after)], [notice(before), notice(after)]);
    let rows: [ActRow<'_>; 5] = [
        (
            customs_of(Some(before.issuer)),
            matches!(statement, Statement::Endorse(_)),
            before.endorsement.as_ref(),
            after.endorsement.as_ref(),
        ),
        (
            customs_of(before.destination),
            is_import && !lands,
            before.import.as_ref(),
            after.import.as_ref(),
        ),
        (
            by_issuer,
            cancel && !spent,
            cancelled[0].as_ref(),
            cancelled[1].as_ref(),
        ),
        (
            by_issuer,
            cancel && spent,
            contested[0].as_ref(),
            contested[1].as_ref(),
        ),
        (
            before.destination == Some(author) && management,
            matches!(statement, Statement::Consent(_)),
            before.consent.as_ref(),
            after.consent.as_ref(),
        ),
    ];
    for (may, stated, before, after) in rows {
        if stated {
            must(before.is_none() && after.is_some(), V::NotOnce)?;
            must(
                may && after.is_some_and(|act| act.party == author),
                V::WrongParty,
            )?;
        } else {
            must(before == after, V::NotOnce)?;
        }
    }
    check_corrections(step, before, after)
}

/// Quantities move by their own act, or by a correction of the Party that made it.
fn check_corrections(step: &Step, before: &PermitState, after: &PermitState) -> Checked {
    let statement = &step.record.statement;
    let left = |permit: &PermitState| -> Vec<_> {
        permit.lines.iter().map(|line| line.endorsed).collect()
    };
    let arrived = |permit: &PermitState| -> Vec<_> {
        permit.lines.iter().map(|line| line.imported).collect()
    };
    let corrected = |permit: &PermitState| {
        (
            permit.endorsement_corrected.clone(),
            permit.import_corrected.clone(),
        )
    };
    let correction = matches!(statement, Statement::Correct(_));
    let again = corrected(before) != corrected(after);
    must(again == correction, V::NotOnce)?;
    if correction {
        let leaving = before.endorsement_corrected != after.endorsement_corrected;
        let act = if leaving {
            &before.endorsement
        } else {
            &before.import
        };
        let own = act
            .as_ref()
            .is_some_and(|act| act.party == step.record.author);
        must(own && speaks_as(step, Role::Customs), V::WrongParty)?;
        let rest = if leaving {
            arrived(before) == arrived(after)
        } else {
            left(before) == left(after)
        };
        return must(rest, V::Balance);
    }
    let leaves = matches!(statement, Statement::Endorse(_));
    must(leaves || left(before) == left(after), V::Balance)?;
    let arrives = matches!(statement, Statement::Import(_));
    must(arrives || arrived(before) == arrived(after), V::Balance)
}

pub(crate) fn check_passport(step: &Step, before: &PermitState, after: &PermitState) -> Checked {
    let Statement::Cross(said) = &step.record.statement else {
        return must(before.crossings == after.crossings, V::TwoStates);
    };
    must(speaks_as(step, Role::Customs), V::WrongParty)?;
    let (Some(was), Some(is)) = (&before.crossings, &after.crossings) else {
        return Err(V::TwoStates);
    };
    let author = step.record.author;
    let moved = match said.direction {
        Direction::Out => {
            was.inside.is_some_and(|inside| fellows(step, inside)) && is.inside.is_none()
        }
        Direction::In => was.inside.is_none() && is.inside == Some(author),
    };
    let named = is.last.as_ref().is_some_and(|act| act.party == author);
    must(moved && named && is.count == was.count + 1, V::TwoStates)?;
    must(
        before.is_alive() && said.document == before.commitment,
        V::TwoStates,
    )
}

/// What must be there when goods come in.
pub(crate) fn check_arrival(step: &Step, before: &PermitState, after: &PermitState) -> Checked {
    let consented = before.retrospective.is_none() || before.consent.is_some();
    let to = before.destination.and_then(|to| step.parties.get(&to));
    let lenient = to.is_some_and(|to| to.accepts_unendorsed);
    let excused = lenient || before.retrospective.is_some() || !before.kind.is_endorsed();
    must(
        consented && (before.endorsement.is_some() || excused),
        V::Unaccompanied,
    )?;
    let rests = matches!(before.kind, Kind::Export | Kind::ReExport | Kind::Other);
    let strict = rests && before.lines.iter().any(LineState::is_strict);
    must(!strict || after.import_permit.is_some(), V::Unaccompanied)?;
    if let Some(entry) = after.import_permit {
        let of =
            |book: &Book| of(book, Some(entry)).map(|entry| (entry.issuer, entry.import.clone()));
        let unused = of(&step.before) == before.destination.map(|to| (to, None));
        let spent = of(&step.after).is_some_and(|(_, import)| import == after.import);
        must(unused && spent, V::Unaccompanied)?;
    }
    let kept = before.import_permit.is_none() || before.import_permit == after.import_permit;
    must(kept, V::FactsChanged)
}

pub(crate) fn speaks_as(step: &Step, role: Role) -> bool {
    !step.offices.is_empty() && step.offices.iter().all(|own| own.role == role)
}

fn fellows(step: &Step, party: PartyCode) -> bool {
    let union = |code| {
        step.parties
            .get(&code)
            .and_then(|party| party.union.as_ref())
    };
    let author = step.record.author;
    author == party || (union(author).is_some() && union(author) == union(party))
}
