//! The life of a permit: which statement is refused when, as one table for each kind of statement.
//!
//! The rows are the specification. They are asked from top to bottom and the first broken one gives the
//! answer, so their order is the order of precedence. What passes all rows is applied. The order is: who
//! speaks at all, whether the permit is there, whether its kind knows the act, whether this Party may, what
//! became of the permit, dates, what it is linked to, lines. The kind comes before the Party because a passport
//! names no destination: nobody is the right Party for its import. Doubts that are left to a person stand in
//! tables of their own: every row that applies is noted, and none refuses.

mod authority;
mod customs;
mod issue;

use alloc::vec::Vec;

use crate::codes::{Appendix, Kind};
use crate::parameters::Parameters;
use crate::party::{Party, PartyCode, Role};
use crate::permit::LineId;
use crate::planted;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{LineQuantity, PermitKey, Statement};
use crate::time::Timestamp;

use super::links::Links;
use super::permit::{LineState, PermitState};
use super::warning::Warnings;

pub use authority::{CANCEL, CONSENT, OPERATION, QUOTA, REVOKE_RANGE, SUSPEND};
pub use customs::{
    CORRECT, CROSS, ENDORSE, ENDORSE_DOUBTS, IMPORT, IMPORT_DOUBTS, PAPER_SEEN, REFUSE, SIGHT,
};
pub use issue::{ISSUE, ISSUE_DOUBTS};
pub(super) use issue::{covers_line, depth_of, is_registered};

/// A statement in the circumstances under which it is judged.
#[derive(Debug)]
pub struct Case<'a, S> {
    /// What is stated.
    pub said: &'a S,
    /// The Party that states it.
    pub author: PartyCode,
    /// The author's entry in the state.
    pub author_party: Option<&'a Party>,
    /// Roles of the signing offices, at least one.
    pub roles: &'a [Role],
    /// The permit, where it was issued.
    pub permit: Option<&'a PermitState>,
    /// The issuing Party's entry, where it has one.
    pub issuer_party: Option<&'a Party>,
    /// The destination's entry, where it has one.
    pub destination_party: Option<&'a Party>,
    /// What the statement cites.
    pub links: &'a Links,
    /// Time of the block.
    pub now: Timestamp,
    /// Parameters of the network.
    pub parameters: &'a Parameters,
}

/// One row: the answer, and when it is given.
#[derive(Debug)]
pub struct Rule<S> {
    /// The answer where the rule is broken, or the doubt where it applies.
    pub reason: Reason,
    /// The rule in plain words, for a lawyer.
    pub words: &'static str,
    /// Whether it is broken, or applies.
    pub broken: fn(&Case<'_, S>) -> bool,
}

/// The first broken rule's reason.
#[must_use]
pub fn first_broken<S>(rules: &[Rule<S>], case: &Case<'_, S>) -> Option<Reason> {
    rules
        .iter()
        .find(|rule| (rule.broken)(case) && !planted::skips(rule.reason))
        .map(|rule| rule.reason)
}

/// Every broken rule, in the order of the table: the full explanation of a refusal.
#[must_use]
pub fn all_broken<S>(rules: &[Rule<S>], case: &Case<'_, S>) -> Vec<(Reason, &'static str)> {
    rules
        .iter()
        .filter(|rule| (rule.broken)(case))
        .map(|rule| (rule.reason, rule.words))
        .collect()
}

/// How a statement is judged: what refuses it, in order, and what is left to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Every broken rule, the one that answers first.
    pub broken: Vec<(Reason, &'static str)>,
    /// Every doubt.
    pub doubts: Vec<(Reason, &'static str)>,
}

/// Calls `$judge` with the tables of the statement, whatever its type.
macro_rules! with_tables {
    ($statement:expr, $case:expr, $judge:ident) => {
        match $statement {
            Statement::Issue(said) => $judge(ISSUE, ISSUE_DOUBTS, &$case.with(said)),
            Statement::Endorse(said) => $judge(ENDORSE, ENDORSE_DOUBTS, &$case.with(said)),
            Statement::Sight(said) => $judge(SIGHT, &[], &$case.with(said)),
            Statement::Import(said) => $judge(IMPORT, IMPORT_DOUBTS, &$case.with(said)),
            Statement::Refuse(said) => $judge(REFUSE, &[], &$case.with(said)),
            Statement::Cancel(said) => $judge(CANCEL, &[], &$case.with(said)),
            Statement::Consent(said) => $judge(CONSENT, &[], &$case.with(said)),
            Statement::Cross(said) => $judge(CROSS, &[], &$case.with(said)),
            Statement::Correct(said) => $judge(CORRECT, &[], &$case.with(said)),
            Statement::PaperSeen(said) => $judge(PAPER_SEEN, &[], &$case.with(said)),
            Statement::RevokeRange(said) => $judge(REVOKE_RANGE, &[], &$case.with(said)),
            Statement::Quota(said) => $judge(QUOTA, &[], &$case.with(said)),
            Statement::Operation(said) => $judge(OPERATION, &[], &$case.with(said)),
            Statement::Suspend(said) => $judge(SUSPEND, &[], &$case.with(said)),
        }
    };
}

/// The answer to a statement: the first broken rule, or the doubts that go with its effect.
pub(super) fn judge(statement: &Statement, case: &Case<'_, ()>) -> Result<Warnings, Reason> {
    fn answer<S>(
        rules: &[Rule<S>],
        doubts: &[Rule<S>],
        case: &Case<'_, S>,
    ) -> Result<Warnings, Reason> {
        match first_broken(rules, case) {
            Some(reason) => Err(reason),
            None => Ok(doubts
                .iter()
                .filter(|doubt| (doubt.broken)(case))
                .map(|doubt| doubt.reason)
                .collect()),
        }
    }
    with_tables!(statement, case, answer)
}

/// All that there is to say about a statement.
pub(super) fn explain(statement: &Statement, case: &Case<'_, ()>) -> Judgement {
    fn answer<S>(rules: &[Rule<S>], doubts: &[Rule<S>], case: &Case<'_, S>) -> Judgement {
        Judgement {
            broken: all_broken(rules, case),
            doubts: all_broken(doubts, case),
        }
    }
    with_tables!(statement, case, answer)
}

const fn rule<S>(reason: Reason, words: &'static str, broken: fn(&Case<'_, S>) -> bool) -> Rule<S> {
    Rule {
        reason,
        words,
        broken,
    }
}

/// Whether goods of that kind of document rest on an import permit at all: certificates of Art. VII stand for every
/// document of Art. III to V.
const fn may_rest_on_import_permit(kind: Kind) -> bool {
    matches!(kind, Kind::Export | Kind::ReExport | Kind::Other)
}

/// Whether two Parties belong to one customs union.
fn share_union(one: Option<&Party>, other: Option<&Party>) -> bool {
    let union = |party: Option<&Party>| party.and_then(|party| party.union.clone());
    union(one).is_some() && union(one) == union(other)
}

impl<'a, S> Case<'a, S> {
    /// The same circumstances, another statement.
    pub(super) fn with<T>(&self, said: &'a T) -> Case<'a, T> {
        Case {
            said,
            author: self.author,
            author_party: self.author_party,
            roles: self.roles,
            permit: self.permit,
            issuer_party: self.issuer_party,
            destination_party: self.destination_party,
            links: self.links,
            now: self.now,
            parameters: self.parameters,
        }
    }

    fn speaks_as(&self, role: Role) -> bool {
        !self.roles.is_empty() && self.roles.iter().all(|own| *own == role)
    }

    fn permit_is(&self, asked: impl FnOnce(&PermitState) -> bool) -> bool {
        self.permit.is_some_and(asked)
    }

    /// Whether the author is the named Party or in one customs union with it.
    fn is_customs_of(
        &self,
        named: impl FnOnce(&PermitState) -> Option<PartyCode>,
        named_party: Option<&Party>,
    ) -> bool {
        let same_union = share_union(self.author_party, named_party);
        self.permit
            .and_then(named)
            .is_some_and(|party| party == self.author || same_union)
    }

    fn is_cancelled(&self, reason: Reason) -> bool {
        self.permit_is(|permit| permit.cancelled_as() == Some(reason))
    }

    fn is_before_validity(&self) -> bool {
        self.permit_is(|permit| self.now < permit.begins_at(self.parameters))
    }

    fn is_after_validity(&self) -> bool {
        self.permit_is(|permit| self.now >= permit.ends_at(self.parameters))
    }

    fn line(&self, id: LineId) -> Option<&LineState> {
        self.permit?.line(id)
    }

    fn names_unknown_line(&self, lines: &[LineQuantity]) -> bool {
        lines.iter().any(|named| self.line(named.line).is_none())
    }

    fn names_other_unit(&self, lines: &[LineQuantity]) -> bool {
        let other = |named: &LineQuantity| {
            self.line(named.line)
                .is_some_and(|line| line.unit != named.unit)
        };
        lines.iter().any(other)
    }

    fn exceeds(&self, lines: &[LineQuantity], limit: impl Fn(&LineState) -> Quantity) -> bool {
        let over = |named: &LineQuantity| {
            self.line(named.line)
                .is_some_and(|line| named.quantity > limit(line))
        };
        lines.iter().any(over)
    }

    /// Whether some line of the permit has less, or nothing, in the statement.
    fn falls_short(&self, lines: &[LineQuantity], of: impl Fn(&LineState) -> Quantity) -> bool {
        let named = |id| lines.iter().find(|named| named.line == id);
        let short = |line: &LineState| {
            named(line.line).map_or(Quantity::ZERO, |named| named.quantity) < of(line)
        };
        self.permit_is(|permit| permit.lines.iter().any(short))
    }

    /// Whether the quantities fit in what an import permit of `destination` grants: alive, in date, and for each
    /// taxon and unit no less than `needed`.
    fn is_granted(
        &self,
        key: PermitKey,
        destination: Option<PartyCode>,
        needed: impl Iterator<Item = (LineNeed, Quantity)>,
    ) -> bool {
        let Some(granted) = self.links.permits.get(&key) else {
            return false;
        };
        granted.kind == Kind::Import
            && Some(granted.issuer) == destination
            && granted.is_alive()
            && granted.is_in_date(self.now, self.parameters)
            && grants(granted, needed)
    }
}

/// Whether an import permit grants as much of every taxon and unit as is needed.
fn grants(granted: &PermitState, needed: impl Iterator<Item = (LineNeed, Quantity)>) -> bool {
    let mut sums = alloc::collections::BTreeMap::<LineNeed, u128>::new();
    for (need, quantity) in needed {
        let sum = sums.entry(need).or_default();
        *sum = sum.saturating_add(quantity.scaled().into());
    }
    let has = |need: &LineNeed| {
        let lines = granted.lines.iter().filter(|line| need.is_of(line));
        lines.fold(0_u128, |sum, line| {
            sum.saturating_add(line.authorised.scaled().into())
        })
    };
    sums.iter().all(|(need, sum)| *sum <= has(need))
}

/// What an import permit must grant for a line: the same taxon under the same key, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LineNeed {
    taxon: crate::digest::TaxonTag,
    unit: crate::codes::Unit,
}

impl LineNeed {
    fn is_of(&self, line: &LineState) -> bool {
        self.taxon == line.taxon && self.unit == line.unit
    }
}

/// Whether the destination's own measures ask for an import permit for such a line (Art. XIV.1): for Appendix II,
/// and so for what counts as Appendix II although it stands in I (Art. VII.4).
fn is_stricter_measure(destination: Option<&Party>, appendix: Appendix) -> bool {
    appendix != Appendix::III && destination.is_some_and(|party| party.import_permit_for_ii)
}

#[cfg(test)]
mod tests;
