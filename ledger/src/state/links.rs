//! What the rules of a statement look at beside its own permit, read before it is judged.

use alloc::collections::{BTreeMap, BTreeSet};

use super::execution::Execution;
use super::key::StateKey;
use super::permit::{PermitState, ReportState};
use super::register::{OperationState, PaperState, QuotaState, RevokedRanges, Suspensions};
use super::view::{ReadError, View};
use crate::digest::SpeciesKey;
use crate::party::{Party, PartyCode};
use crate::record::{Issue, OperationKey, PermitKey, Statement};

/// Everything cited, as the state holds it now. What is not there was not found, or is nothing to the statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Cited permits: the one that is replaced, the import permit, what is re-exported.
    pub permits: BTreeMap<PermitKey, PermitState>,
    /// Parties of cited permits and operations that are on the ledger.
    pub parties: BTreeMap<PartyCode, Party>,
    /// The permit that bears the same security stamp.
    pub stamp: Option<PermitKey>,
    /// Whether customs saw or refused the number before it was issued.
    pub was_reported: bool,
    /// Suspensions of the exports of the Party concerned.
    pub suspensions: Suspensions,
    /// Quotas that lines name, by year and species.
    pub quotas: BTreeMap<(u16, SpeciesKey), QuotaState>,
    /// Operations that lines name and that are on their register, or the one that is stated.
    pub listed: BTreeSet<OperationKey>,
    /// Claims on the same number of paper.
    pub paper: PaperState,
    /// What the author has revoked.
    pub revoked: RevokedRanges,
}

impl Links {
    /// Whether a Party is on the ledger, among those that the statement cites.
    #[must_use]
    pub fn covers(&self, party: PartyCode) -> bool {
        self.parties.contains_key(&party)
    }
}

/// Reads what a statement of `author` is linked to.
pub(super) fn gather<V: View>(
    execution: &Execution<'_, V>,
    statement: &Statement,
    author: PartyCode,
    permit: Option<&PermitState>,
) -> Result<Links, ReadError> {
    let mut links = Links::default();
    match statement {
        Statement::Issue(issue) => links.read_issue(execution, issue, author)?,
        Statement::Endorse(said) => {
            links.suspensions = of(execution, &StateKey::suspensions(said.permit.issuer))?;
        }
        Statement::Import(said) => {
            let linked = permit.and_then(|permit| permit.import_permit);
            for key in [said.import_permit, linked].into_iter().flatten() {
                links.read_permit(execution, key)?;
            }
        }
        Statement::Correct(_) => {
            if let Some(key) = permit.and_then(|permit| permit.import_permit) {
                links.read_permit(execution, key)?;
            }
        }
        Statement::PaperSeen(said) => {
            links.paper = of(execution, &StateKey::paper(&said.permit))?;
        }
        Statement::RevokeRange(_) => {
            links.revoked = of(execution, &StateKey::revoked(author))?;
        }
        Statement::Quota(said) => {
            links.read_quota(execution, author, said.year, said.species)?;
        }
        Statement::Operation(said) => {
            links.read_operation(
                execution,
                OperationKey {
                    party: author,
                    number: said.number,
                },
            )?;
        }
        Statement::Suspend(said) => {
            links.suspensions = of(execution, &StateKey::suspensions(said.of))?;
        }
        Statement::Cancel(_) => {
            // What it drew may be given back.
            if let Some(permit) = permit {
                links.read_sources(execution, permit)?;
            }
        }
        Statement::Cross(_) => {
            let crossings = permit.and_then(|permit| permit.crossings.as_ref());
            if let Some(inside) = crossings.and_then(|crossings| crossings.inside) {
                links.read_party(execution, inside)?;
            }
        }
        Statement::Sight(_) | Statement::Refuse(_) | Statement::Consent(_) => {}
    }
    Ok(links)
}

fn of<T, V: View>(execution: &Execution<'_, V>, key: &StateKey) -> Result<T, ReadError>
where
    T: Default + for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
{
    Ok(execution.read(key)?.unwrap_or_default())
}

impl Links {
    fn read_issue<V: View>(
        &mut self,
        execution: &Execution<'_, V>,
        issue: &Issue,
        author: PartyCode,
    ) -> Result<(), ReadError> {
        let own = PermitKey {
            issuer: author,
            number: issue.number,
        };
        let report: Option<ReportState> = execution.read(&StateKey::report(&own))?;
        self.was_reported = report.is_some();
        self.suspensions = of(execution, &StateKey::suspensions(author))?;
        if let Some(stamp) = &issue.stamp {
            self.stamp = execution.read(&StateKey::stamp(author, stamp))?;
        }
        if let Some(replaces) = issue.replaces {
            let old = PermitKey {
                issuer: author,
                number: replaces.number,
            };
            self.read_permit(execution, old)?;
            if let Some(old) = self.permits.get(&old).cloned() {
                self.read_sources(execution, &old)?;
            }
        }
        if let Some(permit) = issue.import_permit {
            self.read_permit(execution, permit)?;
        }
        let year = issue.year();
        for line in &issue.lines {
            for origin in &line.origins {
                self.read_permit(execution, origin.source().permit)?;
            }
            if let Some(species) = line.species {
                self.read_quota(execution, author, year, species)?;
            }
            if let Some(operation) = line.operation {
                self.read_operation(execution, operation)?;
            }
        }
        Ok(())
    }

    /// What a permit draws from: permits it re-exports, quotas.
    fn read_sources<V: View>(
        &mut self,
        execution: &Execution<'_, V>,
        permit: &PermitState,
    ) -> Result<(), ReadError> {
        let year = permit.year();
        for line in &permit.lines {
            for origin in &line.origins {
                self.read_permit(execution, origin.source().permit)?;
            }
            if let Some(species) = line.species {
                self.read_quota(execution, permit.issuer, year, species)?;
            }
        }
        Ok(())
    }

    fn read_permit<V: View>(
        &mut self,
        execution: &Execution<'_, V>,
        key: PermitKey,
    ) -> Result<(), ReadError> {
        self.read_party(execution, key.issuer)?;
        if !self.permits.contains_key(&key)
            && let Some(permit) = execution.read(&StateKey::permit(&key))?
        {
            let permit: PermitState = permit;
            if let Some(destination) = permit.destination {
                self.read_party(execution, destination)?;
            }
            self.permits.insert(key, permit);
        }
        Ok(())
    }

    fn read_party<V: View>(
        &mut self,
        execution: &Execution<'_, V>,
        code: PartyCode,
    ) -> Result<(), ReadError> {
        if !self.parties.contains_key(&code)
            && let Some(party) = execution.read(&StateKey::party(code))?
        {
            self.parties.insert(code, party);
        }
        Ok(())
    }

    fn read_quota<V: View>(
        &mut self,
        execution: &Execution<'_, V>,
        party: PartyCode,
        year: u16,
        species: SpeciesKey,
    ) -> Result<(), ReadError> {
        if let Some(quota) = execution.read(&StateKey::quota(party, year, &species))? {
            self.quotas.insert((year, species), quota);
        }
        Ok(())
    }

    fn read_operation<V: View>(
        &mut self,
        execution: &Execution<'_, V>,
        key: OperationKey,
    ) -> Result<(), ReadError> {
        self.read_party(execution, key.party)?;
        let operation: Option<OperationState> = execution.read(&StateKey::operation(&key))?;
        if operation.is_some_and(|operation| operation.listed) {
            self.listed.insert(key);
        }
        Ok(())
    }
}
