//! One strong checker: what must hold between the state before a statement and the state after it.

use std::collections::BTreeMap;

use ledger::party::{Party, PartyCode, Role};
use ledger::reason::Reason;
use ledger::record::{PermitKey, Record, Statement};
use ledger::state::{Act, LineState, PermitState};

/// Every permit's status.
pub(crate) type Permits = BTreeMap<PermitKey, PermitState>;

/// One judged statement.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub parties: BTreeMap<PartyCode, Party>,
    pub before: Permits,
    pub after: Permits,
    pub record: Record,
    pub roles: Vec<Role>,
    pub refused: Option<Reason>,
}

/// What must never be, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// A permit that the statement is not about has changed, come or gone.
    AnotherPermit,
    /// A permit came without an issue, or an issue brought none, or twice.
    Issue,
    /// A refused statement did more than count itself.
    RefusedChanged,
    /// What was issued is not what it was.
    FactsChanged,
    /// Somebody did what only another may do.
    WrongParty,
    /// Spent twice, endorsed twice or cancelled twice, or one of these undone or rewritten.
    NotOnce,
    /// A used or cancelled permit did more than count.
    NotAbsorbed,
    /// Endorsed more than authorised, or accepted more than endorsed, or quantities without an act.
    Balance,
    /// A counter counted something else than this statement.
    Count,
}

/// Checks one step.
pub(crate) fn check(step: &Step) -> Result<(), Violation> {
    let key = step.record.statement.permit(step.record.author);
    check_others(step, &key)?;
    let (before, after) = (step.before.get(&key), step.after.get(&key));
    let issued = matches!(step.record.statement, Statement::Issue(_)) && step.refused.is_none();
    must(
        issued == (before.is_none() && after.is_some()),
        Violation::Issue,
    )?;
    if let Some(after) = after {
        check_balance(after)?;
    }
    match (before, after) {
        (None, None) => Ok(()),
        (None, Some(after)) => {
            let mine = after.issuer == step.record.author && key.issuer == after.issuer;
            must(
                mine && speaks_as(step, Role::Management),
                Violation::WrongParty,
            )?;
            let fresh = after.import.is_none() && after.endorsement.is_none();
            must(fresh && after.cancellation.is_none(), Violation::NotOnce)?;
            must(counters(after) == (0, 0, 0), Violation::Count)
        }
        (Some(_), None) => Err(Violation::AnotherPermit),
        (Some(before), Some(after)) => check_change(step, before, after),
    }
}

fn must(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}

fn check_others(step: &Step, key: &PermitKey) -> Result<(), Violation> {
    let others = |permits: &Permits| {
        let mut others = permits.clone();
        others.remove(key);
        others
    };
    must(
        others(&step.before) == others(&step.after),
        Violation::AnotherPermit,
    )
}

fn check_change(step: &Step, before: &PermitState, after: &PermitState) -> Result<(), Violation> {
    if step.refused.is_some() {
        let counted = PermitState {
            refused_attempts: before.refused_attempts + 1,
            last_height: after.last_height,
            ..before.clone()
        };
        return must(*after == counted, Violation::RefusedChanged);
    }
    must(facts(before) == facts(after), Violation::FactsChanged)?;
    let (sightings, refusals, attempts) = counters(before);
    let expected = match step.record.statement {
        Statement::Sight(_) => (sightings + 1, refusals, attempts),
        Statement::Refuse(_) => (sightings, refusals + 1, attempts),
        Statement::Issue(_)
        | Statement::Endorse(_)
        | Statement::Import(_)
        | Statement::Cancel(_) => (sightings, refusals, attempts),
    };
    must(counters(after) == expected, Violation::Count)?;
    check_acts(step, before, after)?;
    if before.import.is_some() || before.cancellation.is_some() {
        let moves = |permit: &PermitState| (permit.lines.clone(), permit.endorsement.clone());
        must(moves(before) == moves(after), Violation::NotAbsorbed)?;
        let ended = (after.import.is_some(), after.cancellation.is_some());
        let was = (before.import.is_some(), before.cancellation.is_some());
        must(ended == was, Violation::NotAbsorbed)?;
    }
    Ok(())
}

/// Each act comes once, by its own statement, from the Party that may, and then stands for ever.
fn check_acts(step: &Step, before: &PermitState, after: &PermitState) -> Result<(), Violation> {
    let customs_of = |party: Option<PartyCode>| {
        let fellow = party.is_some_and(|party| fellows(step, party));
        fellow && speaks_as(step, Role::Customs)
    };
    let issuer_itself = step.record.author == before.issuer && speaks_as(step, Role::Management);
    let statement = &step.record.statement;
    let cancelled = |permit: &PermitState| permit.cancellation.as_ref().map(|own| own.act.clone());
    let acts = [
        (
            matches!(statement, Statement::Endorse(_)),
            before.endorsement.clone(),
            after.endorsement.clone(),
            customs_of(Some(before.issuer)),
        ),
        (
            matches!(statement, Statement::Import(_)),
            before.import.clone(),
            after.import.clone(),
            customs_of(before.destination),
        ),
        (
            matches!(statement, Statement::Cancel(_)),
            cancelled(before),
            cancelled(after),
            issuer_itself,
        ),
    ];
    for (stated, before, after, may) in acts {
        if stated {
            must(before.is_none() && after.is_some(), Violation::NotOnce)?;
            let named = after.is_some_and(|act: Act| act.party == step.record.author);
            must(may && named, Violation::WrongParty)?;
        } else {
            must(before == after, Violation::NotOnce)?;
        }
    }
    let quantities = |permit: &PermitState| -> Vec<_> {
        let lines = permit.lines.iter();
        lines.map(|line| (line.endorsed, line.imported)).collect()
    };
    let moving = matches!(statement, Statement::Endorse(_) | Statement::Import(_));
    must(
        moving || quantities(before) == quantities(after),
        Violation::Balance,
    )
}

fn check_balance(permit: &PermitState) -> Result<(), Violation> {
    let held = |line: &LineState| {
        let acts = line.endorsed.is_some() == permit.endorsement.is_some()
            && line.imported.is_some() == permit.import.is_some();
        let endorsed = line.endorsed.unwrap_or(line.authorised);
        acts && endorsed <= line.authorised && line.imported.unwrap_or_default() <= endorsed
    };
    must(permit.lines.iter().all(held), Violation::Balance)
}

fn speaks_as(step: &Step, role: Role) -> bool {
    !step.roles.is_empty() && step.roles.iter().all(|own| *own == role)
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

const fn counters(permit: &PermitState) -> (u32, u32, u32) {
    (permit.sightings, permit.refusals, permit.refused_attempts)
}

/// The permit as it was issued: everything that no later statement may touch.
fn facts(permit: &PermitState) -> PermitState {
    let mut facts = permit.clone();
    for line in &mut facts.lines {
        (line.endorsed, line.imported) = (None, None);
    }
    PermitState {
        endorsement: None,
        import: None,
        cancellation: None,
        sightings: 0,
        refusals: 0,
        refused_attempts: 0,
        last_height: facts.issued.height,
        ..facts
    }
}
