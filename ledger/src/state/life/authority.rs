//! What Management Authorities state beside issuing: cancelled, agreed to, revoked, limited, registered, suspended.

use super::{Case, Rule, rule};
use crate::limits::{REVOKED_RANGES_MAX, SUSPENSIONS_MAX};
use crate::party::Role;
use crate::reason::Reason;
use crate::record::{Cancel, Consent, Operation, OperationKey, Quota, RevokeRange, Suspend};
use crate::time::CivilDate;

/// Cancelling a permit; after its use, giving notice against it.
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
    rule(
        Reason::AlreadyRecorded,
        "a use is contested once; it is never undone",
        |c| c.permit_is(|permit| permit.contested.is_some()),
    ),
];

/// Agreeing to a retrospective permit.
pub const CONSENT: &[Rule<Consent>] = &[
    rule(Reason::Role, "only a Management Authority consents", |c| {
        !c.speaks_as(Role::Management)
    }),
    rule(Reason::NotIssued, "only to a permit on the ledger", |c| {
        c.permit.is_none()
    }),
    rule(
        Reason::WrongKind,
        "only a retrospective permit needs consent",
        |c| c.permit_is(|permit| permit.retrospective.is_none()),
    ),
    rule(
        Reason::WrongParty,
        "only the destination consents (Res. Conf. 12.3)",
        |c| c.permit_is(|permit| permit.destination != Some(c.author)),
    ),
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
    rule(Reason::AlreadyRecorded, "once", |c| {
        c.permit_is(|permit| permit.consent.is_some())
    }),
];

/// Revoking forms or stamps, or lifting that.
pub const REVOKE_RANGE: &[Rule<RevokeRange>] = &[
    rule(
        Reason::Role,
        "only a Management Authority revokes its forms and stamps",
        |c| !c.speaks_as(Role::Management),
    ),
    rule(Reason::AlreadyRecorded, "once while it holds", |c| {
        !c.said.lifted && c.is_revoked()
    }),
    rule(
        Reason::UnknownRecord,
        "only what is revoked, with the very same numbers, is lifted",
        |c| c.said.lifted && !c.is_revoked(),
    ),
    rule(
        Reason::RegisterFull,
        "no more than 256 ranges of one Party at a time",
        |c| !c.said.lifted && c.links.revoked.0.len() >= REVOKED_RANGES_MAX,
    ),
];

/// Stating a quota.
pub const QUOTA: &[Rule<Quota>] = &[
    rule(
        Reason::Role,
        "only a Management Authority states its quotas",
        |c| !c.speaks_as(Role::Management),
    ),
    rule(
        Reason::Dates,
        "for the current calendar year or a later one",
        |c| i32::from(c.said.year) < c.now.date().ymd().0,
    ),
    rule(
        Reason::UnitMismatch,
        "in the unit in which it was first stated",
        |c| c.stated().is_some_and(|quota| quota.unit != c.said.unit),
    ),
    rule(
        Reason::QuotaExceeded,
        "never below what is drawn already",
        |c| c.stated().is_some_and(|quota| quota.drawn > c.said.total),
    ),
];

/// Entering an operation in the register, or striking it off.
pub const OPERATION: &[Rule<Operation>] = &[
    rule(
        Reason::Role,
        "only a Management Authority keeps its register (Res. Conf. 12.10)",
        |c| !c.speaks_as(Role::Management),
    ),
    rule(
        Reason::AlreadyRecorded,
        "entered once while it is listed",
        |c| c.said.listed && c.is_listed(),
    ),
    rule(
        Reason::UnknownRecord,
        "only what is listed is struck off",
        |c| !c.said.listed && !c.is_listed(),
    ),
];

/// Suspending trade, or changing a suspension.
pub const SUSPEND: &[Rule<Suspend>] = &[
    rule(
        Reason::Role,
        "only a Management Authority suspends trade",
        |c| !c.speaks_as(Role::Management),
    ),
    rule(
        Reason::Dates,
        "from today or later, and until then or later: never retroactive; one that is stated again with its first day \
         may end on any day, and is lifted where that lies before the first",
        |c| c.is_retroactive(),
    ),
    rule(
        Reason::RegisterFull,
        "no more than 256 suspensions of one Party's exports",
        |c| c.in_force().is_none() && c.links.suspensions.0.len() >= SUSPENSIONS_MAX,
    ),
];

impl Case<'_, RevokeRange> {
    fn is_revoked(&self) -> bool {
        let known = self.links.revoked.of(self.said.series, &self.said.range);
        known.is_some()
    }
}

impl Case<'_, Quota> {
    fn stated(&self) -> Option<&crate::state::register::QuotaState> {
        self.links.quotas.get(&(self.said.year, self.said.species))
    }
}

impl Case<'_, Operation> {
    fn is_listed(&self) -> bool {
        let party = self.author;
        let number = self.said.number;
        self.links.listed.contains(&OperationKey { party, number })
    }
}

impl Case<'_, Suspend> {
    /// The author's suspension that this one changes.
    fn in_force(&self) -> Option<&crate::state::register::Suspension> {
        self.links.suspensions.of(self.author, self.said.species)
    }

    fn is_retroactive(&self) -> bool {
        let Suspend { from, until, .. } = *self.said;
        // Over where it ends last: nobody can say that it was still today.
        let is_past =
            |day: CivilDate| day.ends_at(self.parameters.date_ends_offset_minutes) <= self.now;
        let unchanged = self.in_force().is_some_and(|old| old.from == from);
        let ends_badly = until.is_some_and(|until| is_past(until) || until < from);
        !unchanged && (is_past(from) || ends_badly)
    }
}
