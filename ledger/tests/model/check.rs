//! One strong checker: what must hold between the ledger before a statement and the ledger after it.
//!
//! It knows nothing of the reference model: it reads states of the ledger and the record between them. What
//! must hold of every state by itself stands in `balance.rs`.

use std::collections::BTreeMap;

use ledger::digest::{RecordDigest, SpeciesKey};
use ledger::party::{Height, Office, Party, PartyCode, Role};
use ledger::reason::Reason;
use ledger::record::{PermitKey, Record, Statement};
use ledger::state::register::{PaperState, QuotaState};
use ledger::state::{Act, Crossings, PermitState, PortCounts};

use crate::acts::{check_acts, check_arrival, check_passport, speaks_as};
use crate::balance;

/// Every permit's status.
pub(crate) type Permits = BTreeMap<PermitKey, PermitState>;

/// What the ledger holds at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Book {
    pub permits: Permits,
    pub quotas: BTreeMap<(PartyCode, u16, SpeciesKey), QuotaState>,
    pub papers: BTreeMap<PermitKey, PaperState>,
    /// Every record that is logged, in order.
    pub log: Vec<RecordDigest>,
}

/// One judged statement.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub parties: BTreeMap<PartyCode, Party>,
    pub before: Book,
    pub after: Book,
    pub record: Record,
    pub digest: RecordDigest,
    /// The offices that signed, as the state before the block has them.
    pub offices: Vec<Office>,
    pub height: Height,
    pub refused: Option<Reason>,
}

/// What must never be, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// A record stands in the log twice, or not at all, or another one went.
    LoggedTwice,
    /// An office spoke whose key is not active at that height.
    InactiveKey,
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
    /// A permit came in without what it needs: its endorsement, consent, or import permit, spent with it.
    Unaccompanied,
    /// A passport is in two States, or left one where it was not.
    TwoStates,
    /// Replaced without a replacement, or the replacement forgets what happened.
    Replacement,
    /// Endorsed more than authorised, accepted more than endorsed, or quantities without an act.
    Balance,
    /// Re-exports draw more than arrived, or another sum than their permits say.
    Conservation,
    /// A re-export of what is not there, of other specimens, too deep, or of itself.
    Chain,
    /// Drawn beyond a quota, or another sum than the permits say.
    Quota,
    /// Two permits of a Party bear one stamp.
    Stamp,
    /// The same paper cleared twice, or paper of a Party on the ledger cleared.
    Paper,
    /// A counter counted something else than this statement.
    Count,
}

use Violation as V;

impl Violation {
    #[rustfmt::skip]
    pub(crate) const ALL: [Self; 19] = [
        V::LoggedTwice, V::InactiveKey, V::AnotherPermit, V::Issue, V::RefusedChanged, V::FactsChanged,
        V::WrongParty, V::NotOnce, V::NotAbsorbed, V::Unaccompanied, V::TwoStates, V::Replacement, V::Balance,
        V::Conservation, V::Chain, V::Quota, V::Stamp, V::Paper, V::Count,
    ];
}

pub(crate) type Checked = Result<(), Violation>;

pub(crate) fn must(holds: bool, violation: Violation) -> Checked {
    if holds { Ok(()) } else { Err(violation) }
}

/// Checks one step.
pub(crate) fn check(step: &Step) -> Checked {
    let log = &step.after.log;
    let (before, last) = log.split_at(step.before.log.len().min(log.len()));
    let once = last == [step.digest] && !before.contains(&step.digest);
    must(before == step.before.log && once, V::LoggedTwice)?;
    let active = |office: &Office| office.is_active_at(step.height);
    must(step.offices.iter().all(active), V::InactiveKey)?;
    let key = step.record.statement.permit(step.record.author);
    check_others(step, key)?;
    let (before, after) = (of(&step.before, key), of(&step.after, key));
    let issued = matches!(step.record.statement, Statement::Issue(_)) && step.refused.is_none();
    must(issued == (before.is_none() && after.is_some()), V::Issue)?;
    match (before, after) {
        (None, None) => {}
        (None, Some(after)) => check_birth(step, after)?,
        (Some(_), None) => return Err(V::AnotherPermit),
        (Some(before), Some(after)) => check_change(step, before, after)?,
    }
    balance::check(&step.after, &step.parties)
}

pub(crate) fn of(book: &Book, key: Option<PermitKey>) -> Option<&PermitState> {
    book.permits.get(&key?)
}

/// Permits that the statement is linked to may change in one way each, and no others.
fn check_others(step: &Step, key: Option<PermitKey>) -> Checked {
    let applied = step.refused.is_none();
    let others = |book: &Book| {
        let mut others = book.permits.clone();
        if let Some(key) = key {
            others.remove(&key);
        }
        others
    };
    let (before, after) = (others(&step.before), others(&step.after));
    must(before.keys().eq(after.keys()), V::AnotherPermit)?;
    for ((key, before), after) in before.iter().zip(after.values()) {
        if before == after {
            continue;
        }
        must(applied, V::RefusedChanged)?;
        let fits = match &step.record.statement {
            Statement::Issue(said) => {
                let number = said.replaces.map(|old| old.number);
                let replaced = key.issuer == step.record.author && Some(key.number) == number;
                if replaced {
                    is_replaced(before, after)
                } else {
                    only_drawn(before, after)
                }
            }
            Statement::Cancel(_) => only_drawn(before, after),
            Statement::Import(said) => {
                let own = of(&step.before, Some(said.permit)).and_then(|own| own.import_permit);
                own.or(said.import_permit) == Some(*key) && is_spent_along(before, after)
            }
            Statement::Endorse(_)
            | Statement::Sight(_)
            | Statement::Refuse(_)
            | Statement::Consent(_)
            | Statement::Cross(_)
            | Statement::Correct(_)
            | Statement::PaperSeen(_)
            | Statement::RevokeRange(_)
            | Statement::Quota(_)
            | Statement::Operation(_)
            | Statement::Suspend(_) => false,
        };
        must(fits, V::AnotherPermit)?;
    }
    Ok(())
}

fn only_drawn(before: &PermitState, after: &PermitState) -> bool {
    let mut same = after.clone();
    for (line, old) in same.lines.iter_mut().zip(&before.lines) {
        line.re_exported = old.re_exported;
    }
    same == *before
}

fn is_replaced(before: &PermitState, after: &PermitState) -> bool {
    let same = PermitState {
        cancellation: before.cancellation.clone(),
        replaced_by: None,
        last_height: before.last_height,
        ..after.clone()
    };
    let kept = before.cancellation.is_none() || before.cancellation == after.cancellation;
    let dead = after.replaced_by.is_some() && after.cancellation.is_some();
    same == *before && dead && kept && before.import.is_none()
}

fn is_spent_along(before: &PermitState, after: &PermitState) -> bool {
    let same = PermitState {
        import: None,
        last_height: before.last_height,
        ..after.clone()
    };
    same == *before && before.is_alive() && after.import.is_some()
}

fn check_birth(step: &Step, after: &PermitState) -> Checked {
    let management = speaks_as(step, Role::Management);
    must(
        after.issuer == step.record.author && management,
        V::WrongParty,
    )?;
    let fresh = after.import.is_none() && after.cancellation.is_none();
    must(
        fresh && after.contested.is_none() && after.consent.is_none(),
        V::NotOnce,
    )?;
    must(
        counters(after) == (0, 0, 0) && after.ports.is_empty(),
        V::Count,
    )?;
    let old = after.replaces.map(|old| PermitKey {
        issuer: after.issuer,
        number: old.number,
    });
    let old = of(&step.before, old);
    must(old.is_some() == after.replaces.is_some(), V::Replacement)?;
    let home = after.kind.is_multi_crossing().then_some(Crossings {
        inside: Some(after.issuer),
        count: 0,
        last: None,
    });
    let inherited = |of: fn(&PermitState) -> Option<Act>| old.and_then(of) == of(after);
    let goods = inherited(|permit| permit.endorsement.clone())
        && inherited(|permit| permit.endorsement_corrected.clone());
    let crossings = old.map_or(home, |old| old.crossings.clone());
    must(goods && crossings == after.crossings, V::Replacement)?;
    let moved = old.is_none_or(|old| old.kind == after.kind && old.replaced_by.is_none());
    must(moved, V::Replacement)
}

fn check_change(step: &Step, before: &PermitState, after: &PermitState) -> Checked {
    let (sightings, refusals, attempts) = counters(before);
    if step.refused.is_some() {
        let counted = PermitState {
            refused_attempts: attempts + 1,
            last_height: after.last_height,
            ports: counted(before, step.record.statement.port(), |port| {
                port.attempts += 1
            }),
            ..before.clone()
        };
        return must(*after == counted, V::RefusedChanged);
    }
    must(facts(before) == facts(after), V::FactsChanged)?;
    let at_port = |count: fn(&mut PortCounts)| counted(before, step.record.statement.port(), count);
    let seen = matches!(step.record.statement, Statement::Sight(_));
    let turned_away = matches!(step.record.statement, Statement::Refuse(_));
    let expected = (
        sightings + u32::from(seen),
        refusals + u32::from(turned_away),
        attempts,
    );
    let ports = if turned_away {
        at_port(|port| port.refusals += 1)
    } else {
        before.ports.clone()
    };
    must(
        counters(after) == expected && after.ports == ports,
        V::Count,
    )?;
    check_acts(step, before, after)?;
    check_passport(step, before, after)?;
    if before.cancellation.is_some() {
        let ended = before.cancellation == after.cancellation && after.import == before.import;
        must(
            ended && before.endorsement == after.endorsement,
            V::NotAbsorbed,
        )?;
    }
    if before.import.is_some() {
        let stays = before.import == after.import && before.endorsement == after.endorsement;
        must(
            stays && after.cancellation == before.cancellation,
            V::NotAbsorbed,
        )?;
        let left = |permit: &PermitState| -> Vec<_> {
            permit.lines.iter().map(|line| line.endorsed).collect()
        };
        must(left(before) == left(after), V::NotAbsorbed)?;
    }
    if matches!(step.record.statement, Statement::Import(_)) {
        check_arrival(step, before, after)?;
    }
    Ok(())
}

/// The ports of a permit after one more count at a port.
fn counted(
    permit: &PermitState,
    port: Option<ledger::record::Port>,
    count: fn(&mut PortCounts),
) -> Vec<PortCounts> {
    let mut ports = permit.ports.clone();
    let Some(port) = port else { return ports };
    if !ports.iter().any(|own| own.port == port) && ports.len() < 16 {
        ports.push(PortCounts {
            port,
            attempts: 0,
            refusals: 0,
        });
    }
    ports
        .iter_mut()
        .filter(|own| own.port == port)
        .for_each(count);
    ports
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
        endorsement_corrected: None,
        import: None,
        import_corrected: None,
        import_permit: None,
        cancellation: None,
        contested: None,
        consent: None,
        crossings: None,
        sightings: 0,
        refusals: 0,
        refused_attempts: 0,
        ports: Vec::new(),
        last_height: facts.issued.height,
        ..facts
    }
}
