//! The rules of trade that every history must keep, written down a second time, from applied records only.

use std::collections::{BTreeMap, BTreeSet};

use genesis::Genesis;
use ledger::party::{OfficeNumber, PartyCode, Role};
use ledger::permit::LineId;
use ledger::record::{Issue, IssuedLine, LineQuantity, PermitKey, Record, Statement};

use super::Violation;

/// What the applied records say about each permit.
#[derive(Debug)]
pub(super) struct Permits {
    roles: BTreeMap<(PartyCode, OfficeNumber), Role>,
    unions: BTreeMap<PartyCode, String>,
    issued: BTreeMap<PermitKey, Issued>,
}

#[derive(Debug)]
struct Issued {
    destination: Option<PartyCode>,
    /// What may still go through the next step, by line and in ten-thousandths of its unit.
    left: BTreeMap<LineId, u64>,
    is_endorsed: bool,
    is_spent: bool,
    is_cancelled: bool,
}

impl Permits {
    pub(super) fn new(genesis: &Genesis) -> Self {
        let mut roles = BTreeMap::new();
        let mut unions = BTreeMap::new();
        for member in genesis.members() {
            for (number, office) in (1..).zip(&member.offices) {
                roles.insert((member.code, OfficeNumber(number)), office.role);
            }
            if let Some(union) = &member.customs_union {
                unions.insert(member.code, union.clone());
            }
        }
        Self {
            roles,
            unions,
            issued: BTreeMap::new(),
        }
    }

    /// A record was applied.
    pub(super) fn applied(&mut self, record: &Record) -> Result<(), Violation> {
        let author = record.author;
        let Some(permit) = record.statement.permit(author) else {
            // Registers of a Party: no permit is used by them.
            return Ok(());
        };
        let deed = record.statement.as_str();
        let wrong = Violation::WrongParty {
            author,
            deed,
            permit,
        };
        let role = match &record.statement {
            Statement::Issue(_)
            | Statement::Cancel(_)
            | Statement::Consent(_)
            | Statement::RevokeRange(_)
            | Statement::Quota(_)
            | Statement::Operation(_)
            | Statement::Suspend(_) => Role::Management,
            Statement::Endorse(_)
            | Statement::Sight(_)
            | Statement::Import(_)
            | Statement::Refuse(_)
            | Statement::Cross(_)
            | Statement::Correct(_)
            | Statement::PaperSeen(_) => Role::Customs,
        };
        let has_role = |office: &OfficeNumber| self.roles.get(&(author, *office)) == Some(&role);
        if !record.offices.iter().all(has_role) {
            return Err(wrong);
        }
        match &record.statement {
            Statement::Issue(issue) => match self.issued.insert(permit, Issued::new(issue)) {
                Some(_) => Err(wrong),
                None => Ok(()),
            },
            Statement::Endorse(endorse) => {
                let may = self.are_one(author, permit.issuer);
                let issued = self.open(permit, &wrong)?;
                if !may || issued.is_endorsed {
                    return Err(wrong);
                }
                issued.is_endorsed = true;
                issued.take(permit, &endorse.lines)
            }
            Statement::Import(import) => {
                let destination = self
                    .issued
                    .get(&permit)
                    .and_then(|issued| issued.destination);
                let may = destination.is_some_and(|to| self.are_one(author, to));
                let issued = self.open(permit, &wrong)?;
                if issued.is_spent {
                    return Err(Violation::SpentTwice(permit));
                }
                if !may || !issued.is_endorsed {
                    return Err(wrong);
                }
                issued.is_spent = true;
                issued.take(permit, &import.lines)
            }
            Statement::Cancel(_) => {
                let issued = self.open(permit, &wrong)?;
                if author != permit.issuer {
                    return Err(wrong);
                }
                // After the use it is a notice, and undoes nothing.
                issued.is_cancelled = !issued.is_spent;
                Ok(())
            }
            // Any customs, any number; and acts that the simulated Parties do not do.
            Statement::Sight(_)
            | Statement::Refuse(_)
            | Statement::Consent(_)
            | Statement::Cross(_)
            | Statement::Correct(_)
            | Statement::PaperSeen(_)
            | Statement::RevokeRange(_)
            | Statement::Quota(_)
            | Statement::Operation(_)
            | Statement::Suspend(_) => Ok(()),
        }
    }

    /// A permit that was issued and not cancelled.
    fn open(&mut self, permit: PermitKey, wrong: &Violation) -> Result<&mut Issued, Violation> {
        let issued = self.issued.get_mut(&permit);
        issued
            .filter(|issued| !issued.is_cancelled)
            .ok_or_else(|| wrong.clone())
    }

    /// One Party, or two of one customs union.
    fn are_one(&self, a: PartyCode, b: PartyCode) -> bool {
        let union = self.unions.get(&a);
        a == b || (union.is_some() && union == self.unions.get(&b))
    }
}

impl Issued {
    fn new(issue: &Issue) -> Self {
        let line = |line: &IssuedLine| (line.line, line.authorised.scaled());
        Self {
            destination: issue.destination,
            left: issue.lines.iter().map(line).collect(),
            is_endorsed: false,
            is_spent: false,
            is_cancelled: false,
        }
    }

    /// What goes through this step is all that is left for the next; lines not named are left out.
    fn take(&mut self, permit: PermitKey, lines: &[LineQuantity]) -> Result<(), Violation> {
        let named: BTreeSet<_> = lines.iter().map(|line| line.line).collect();
        let through: BTreeMap<_, _> = lines
            .iter()
            .map(|line| (line.line, line.quantity.scaled()))
            .collect();
        let fits = |(line, quantity): (&LineId, &u64)| {
            self.left.get(line).is_some_and(|left| quantity <= left)
        };
        if named.len() != lines.len() || !through.iter().all(fits) {
            return Err(Violation::TooMuch(permit));
        }
        self.left = through;
        Ok(())
    }
}
