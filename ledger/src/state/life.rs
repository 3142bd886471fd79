//! The life of a permit: which statement is refused when, as one table for each kind of statement.
//!
//! The rows are the specification. They are asked from top to bottom and the first broken one gives the
//! answer, so their order is the order of precedence. What passes all rows is applied. The order is: who
//! speaks at all, whether the permit is there, whether its kind knows the act, whether this Party may, what
//! became of the permit, dates, lines. The kind comes before the Party because a passport names no
//! destination: nobody is the right Party for its import.

use crate::codes::{Appendix, Kind, Source};
use crate::parameters::Parameters;
use crate::party::{Party, PartyCode, Role};
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::reason::{Light, Reason};
use crate::record::{Cancel, Endorse, Import, Issue, LineQuantity, Refuse, Sight};
use crate::time::Timestamp;

use super::permit::{LineState, PermitState};

/// A statement in the circumstances under which it is judged.
#[derive(Clone, Copy, Debug)]
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
    /// Time of the block.
    pub now: Timestamp,
    /// Parameters of the network.
    pub parameters: &'a Parameters,
}

/// One row: the answer, and when it is given.
#[derive(Debug)]
pub struct Rule<S> {
    /// The answer where the rule is broken.
    pub reason: Reason,
    /// The rule in plain words, for a lawyer.
    pub words: &'static str,
    /// Whether it is broken.
    pub broken: fn(&Case<'_, S>) -> bool,
}

/// The first broken rule's reason.
#[must_use]
pub fn first_broken<S>(rules: &[Rule<S>], case: &Case<'_, S>) -> Option<Reason> {
    rules
        .iter()
        .find(|rule| (rule.broken)(case))
        .map(|rule| rule.reason)
}

const fn rule<S>(reason: Reason, words: &'static str, broken: fn(&Case<'_, S>) -> bool) -> Rule<S> {
    Rule {
        reason,
        words,
        broken,
    }
}

/// Issuing a permit.
pub const ISSUE: &[Rule<Issue>] = &[
    rule(
        Reason::Role,
        "only a Management Authority issues (Art. VI.3)",
        |c| !c.speaks_as(Role::Management),
    ),
    rule(
        Reason::Unsupported,
        "re-exports, replacements, import permit links and retrospective permits have no rules yet",
        |c| {
            c.said.retrospective
                || c.said.replaces.is_some()
                || c.said.import_permit.is_some()
                || c.said.kind == Kind::ReExport
                || c.said.lines.iter().any(|line| !line.origins.is_empty())
        },
    ),
    rule(
        Reason::WrongKind,
        "a permit names a destination, unless its kind crosses many borders",
        |c| c.said.kind.is_multi_crossing() == c.said.destination.is_some(),
    ),
    rule(
        Reason::WrongParty,
        "an import permit is issued by the country of import (Art. III.3)",
        |c| c.said.kind == Kind::Import && c.said.destination != Some(c.author),
    ),
    rule(
        Reason::DuplicateNumber,
        "a Party issues a number once (Res. Conf. 12.3)",
        |c| c.permit.is_some(),
    ),
    rule(
        Reason::Dates,
        "granted, then valid from, then valid until",
        |c| c.said.valid_from < c.said.granted_on || c.said.valid_until < c.said.valid_from,
    ),
    rule(
        Reason::ValidityTooLong,
        "no longer than its kind allows, in calendar months from the grant",
        |c| c.said.valid_until > c.said.granted_on.plus_months(c.said.kind.months_max()),
    ),
    rule(
        Reason::GrantDate,
        "granted before the block, and not long before it",
        |c| {
            let begins = c
                .said
                .granted_on
                .starts_at(c.parameters.date_begins_offset_minutes);
            let days = i32::from(c.parameters.retrospective_days);
            let late = c
                .said
                .granted_on
                .plus_days(days)
                .ends_at(c.parameters.date_ends_offset_minutes);
            begins > c.now || late <= c.now
        },
    ),
    rule(Reason::Expired, "not over when it is issued", |c| {
        c.said
            .valid_until
            .ends_at(c.parameters.date_ends_offset_minutes)
            <= c.now
    }),
    rule(
        Reason::NeedsImportPermit,
        "an Appendix I export rests on an import permit (Art. III.2 d), registered operations apart (Art. VII.4)",
        |c| rests_on_import_permit(c.said),
    ),
];

/// Whether it is an export that needs the destination's import permit (Art. III.2 d); specimens of registered
/// operations count as Appendix II (Art. VII.4).
#[must_use]
pub fn rests_on_import_permit(said: &Issue) -> bool {
    let bound = |appendix, source| appendix == Appendix::I && source != Source::RegisteredOperation;
    said.kind == Kind::Export
        && said
            .lines
            .iter()
            .any(|line| bound(line.appendix, line.source))
}

/// Endorsing an export (box 14).
pub const ENDORSE: &[Rule<Endorse>] = &[
    rule(Reason::Role, "only customs endorse an export", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger is endorsed",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::WrongKind,
        "import permits, sea certificates and passports are never endorsed",
        |c| c.permit_is(|permit| !permit.kind.is_endorsed()),
    ),
    rule(
        Reason::WrongParty,
        "customs of the issuing Party, or of its customs union",
        |c| !c.is_customs_of(|permit| Some(permit.issuer), c.issuer_party),
    ),
    rule(Reason::Used, "not after the import", |c| {
        c.permit_is(|permit| permit.import.is_some())
    }),
    rule(Reason::Cancelled, "not after a cancellation", |c| {
        c.is_cancelled(Reason::Cancelled)
    }),
    rule(Reason::Replaced, "not after a replacement", |c| {
        c.is_cancelled(Reason::Replaced)
    }),
    rule(Reason::Lost, "not after a loss was reported", |c| {
        c.is_cancelled(Reason::Lost)
    }),
    rule(Reason::Stolen, "not after a theft was reported", |c| {
        c.is_cancelled(Reason::Stolen)
    }),
    rule(
        Reason::AlreadyEndorsed,
        "once: one consignment, one permit (Art. VI.5)",
        |c| c.permit_is(|permit| permit.endorsement.is_some()),
    ),
    rule(Reason::NotYetValid, "not before its first day", |c| {
        c.is_before_validity()
    }),
    rule(Reason::Expired, "not after its last day (Art. VI.2)", |c| {
        c.is_after_validity()
    }),
    rule(Reason::UnknownLine, "only lines of the permit", |c| {
        c.names_unknown_line(&c.said.lines)
    }),
    rule(Reason::UnitMismatch, "in the line's own unit", |c| {
        c.names_other_unit(&c.said.lines)
    }),
    rule(
        Reason::OverQuantity,
        "no more than was authorised (box 11)",
        |c| c.exceeds(&c.said.lines, |line| line.authorised),
    ),
];

/// Accepting an import, which spends the permit.
pub const IMPORT: &[Rule<Import>] = &[
    rule(Reason::Role, "only customs accept an import", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger is spent",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::WrongKind,
        "import permits, sea certificates and passports are not collected with the goods",
        |c| c.permit_is(|permit| !permit.kind.is_endorsed()),
    ),
    rule(
        Reason::WrongParty,
        "customs of the destination (box 3a), or of its customs union",
        |c| !c.is_customs_of(|permit| permit.destination, c.destination_party),
    ),
    rule(Reason::Used, "at most once (Art. VI.5, VI.6)", |c| {
        c.permit_is(|permit| permit.import.is_some())
    }),
    rule(Reason::Cancelled, "not after a cancellation", |c| {
        c.is_cancelled(Reason::Cancelled)
    }),
    rule(Reason::Replaced, "not after a replacement", |c| {
        c.is_cancelled(Reason::Replaced)
    }),
    rule(Reason::Lost, "not after a loss was reported", |c| {
        c.is_cancelled(Reason::Lost)
    }),
    rule(Reason::Stolen, "not after a theft was reported", |c| {
        c.is_cancelled(Reason::Stolen)
    }),
    rule(Reason::NotYetValid, "not before its first day", |c| {
        c.is_before_validity()
    }),
    rule(Reason::Expired, "not after its last day", |c| {
        c.is_after_validity()
    }),
    rule(
        Reason::NotEndorsed,
        "only after the export was endorsed, unless the destination accepts without",
        |c| {
            let accepts = c
                .destination_party
                .is_some_and(|party| party.accepts_unendorsed);
            c.permit_is(|permit| permit.endorsement.is_none()) && !accepts
        },
    ),
    rule(Reason::UnknownLine, "only lines of the permit", |c| {
        c.names_unknown_line(&c.said.lines)
    }),
    rule(Reason::UnitMismatch, "in the line's own unit", |c| {
        c.names_other_unit(&c.said.lines)
    }),
    rule(
        Reason::OverQuantity,
        "no more than was endorsed, or authorised where nothing was endorsed",
        |c| c.exceeds(&c.said.lines, LineState::importable),
    ),
];

/// Seeing a permit in transit: any Party, any number, issued or not.
pub const SIGHT: &[Rule<Sight>] = &[rule(Reason::Role, "only customs record a sighting", |c| {
    !c.speaks_as(Role::Customs)
})];

/// Refusing goods at a border: any Party, any number, issued or not.
pub const REFUSE: &[Rule<Refuse>] = &[
    rule(Reason::Role, "only customs refuse goods", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::WrongKind,
        "for a reason that is not a green one",
        |c| c.said.reason.light() == Light::Green,
    ),
];

/// Cancelling a permit.
pub const CANCEL: &[Rule<Cancel>] = &[
    rule(Reason::Role, "only a Management Authority cancels", |c| {
        !c.speaks_as(Role::Management)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger is cancelled",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::WrongParty,
        "only its issuing Party cancels it",
        |c| c.permit_is(|permit| permit.issuer != c.author),
    ),
    rule(Reason::Used, "a use is never undone", |c| {
        c.permit_is(|permit| permit.import.is_some())
    }),
    rule(Reason::Cancelled, "once", |c| {
        c.is_cancelled(Reason::Cancelled)
    }),
    rule(Reason::Replaced, "not after a replacement", |c| {
        c.is_cancelled(Reason::Replaced)
    }),
    rule(Reason::Lost, "not after a loss was reported", |c| {
        c.is_cancelled(Reason::Lost)
    }),
    rule(Reason::Stolen, "not after a theft was reported", |c| {
        c.is_cancelled(Reason::Stolen)
    }),
];

impl<S> Case<'_, S> {
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
        let union_of = |party: Option<&Party>| party.and_then(|party| party.union.clone());
        let shared = union_of(self.author_party);
        let same_union = shared.is_some() && shared == union_of(named_party);
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

    fn exceeds(&self, lines: &[LineQuantity], limit: fn(&LineState) -> Quantity) -> bool {
        let over = |named: &LineQuantity| {
            self.line(named.line)
                .is_some_and(|line| named.quantity > limit(line))
        };
        lines.iter().any(over)
    }
}

#[cfg(test)]
mod tests;
