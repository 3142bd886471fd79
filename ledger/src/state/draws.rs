//! What permits draw: re-exports from what was imported, exports from quotas. Conserved across splits and merges.

use alloc::collections::BTreeMap;

use super::links::Links;
use super::permit::{LineState, PermitState};
use super::register::QuotaState;
use crate::codes::{Kind, Unit};
use crate::digest::SpeciesKey;
use crate::quantity::Quantity;
use crate::record::{Issue, IssuedLine, LineKey, Origin};

/// The quota that a line draws on, if it was stated: for what leaves its country of origin.
pub(super) fn quota_of(issue: &Issue, line: &IssuedLine) -> Option<QuotaOf> {
    let species = line.species.filter(|_| issue.kind == Kind::Export)?;
    Some((issue.year(), species))
}

/// A quota of a Party: for a year, and a species under its seal.
pub(super) type QuotaOf = (u16, SpeciesKey);

/// Scaled sums, wide enough for every line of a record.
type Sum = u128;

/// All that a permit draws.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draws {
    /// From lines of permits that were imported, in their units.
    pub(super) sources: BTreeMap<LineKey, Sum>,
    /// From quotas of the issuer, by unit.
    pub(super) quotas: BTreeMap<(QuotaOf, Unit), Sum>,
}

impl Draws {
    /// Of a permit to be issued.
    pub(super) fn of_issue(issue: &Issue) -> Self {
        let mut draws = Self::default();
        for line in &issue.lines {
            draws.add(
                &line.origins,
                quota_of(issue, line),
                line.unit,
                line.authorised,
            );
        }
        draws
    }

    /// Of a permit on the ledger, whether or not it still holds them.
    pub(super) fn of_permit(permit: &PermitState) -> Self {
        let mut draws = Self::default();
        for line in &permit.lines {
            let species = line.species.filter(|_| line.draws_on_quota);
            let quota = species.map(|species| (permit.year(), species));
            draws.add(&line.origins, quota, line.unit, line.authorised);
        }
        draws
    }

    /// Of the permit that an issue replaces, where these come back with it.
    pub(super) fn given_back_by(issue: &Issue, replaced: Option<&PermitState>) -> Self {
        match replaced {
            Some(old) if issue.replaces.is_some() && old.holds_draws() => Self::of_permit(old),
            Some(_) | None => Self::default(),
        }
    }

    fn add(
        &mut self,
        origins: &[Origin],
        quota: Option<QuotaOf>,
        unit: Unit,
        authorised: Quantity,
    ) {
        for origin in origins {
            let sum = self.sources.entry(origin.source()).or_default();
            *sum = sum.saturating_add(origin.drawn.scaled().into());
        }
        if let Some(quota) = quota {
            let sum = self.quotas.entry((quota, unit)).or_default();
            *sum = sum.saturating_add(authorised.scaled().into());
        }
    }

    /// Whether a source that the ledger covers has less left than is drawn from it. `back` comes back first.
    pub(super) fn exceed_sources(&self, back: &Self, links: &Links) -> bool {
        self.sources.iter().any(|(source, sum)| {
            let line = links
                .permits
                .get(&source.permit)
                .and_then(|permit| permit.line(source.line));
            let left = |line: &LineState| {
                let back = back.sources.get(source).copied().unwrap_or(0);
                Sum::from(line.balance().scaled()).saturating_add(back)
            };
            line.is_some_and(|line| *sum > left(line))
        })
    }

    /// Whether a quota has less left than is drawn from it. Species without a quota are free.
    pub(super) fn exceed_quotas(&self, back: &Self, links: &Links) -> bool {
        self.quotas.iter().any(|(key, sum)| {
            let left = |quota: &QuotaState| {
                let drawn = Sum::from(quota.drawn.scaled());
                let drawn = drawn.saturating_sub(back.quotas.get(key).copied().unwrap_or(0));
                Sum::from(quota.total.scaled()).saturating_sub(drawn)
            };
            links
                .quotas
                .get(&key.0)
                .is_some_and(|quota| quota.unit == key.1 && *sum > left(quota))
        })
    }

    /// Whether a quota is in another unit than what draws on it.
    pub(super) fn differ_in_unit(&self, links: &Links) -> bool {
        self.quotas.keys().any(|(of, unit)| {
            links
                .quotas
                .get(of)
                .is_some_and(|quota| quota.unit != *unit)
        })
    }

    /// Takes all this from the permits and quotas in `links`.
    pub(super) fn take(&self, links: &mut Links) {
        self.change(links, |held, sum| held.saturating_add(sum));
    }

    /// Gives all this back to the permits and quotas in `links`.
    pub(super) fn give_back(&self, links: &mut Links) {
        self.change(links, Sum::saturating_sub);
    }

    fn change(&self, links: &mut Links, change: fn(Sum, Sum) -> Sum) {
        // Never beyond the largest quantity: the rules allow no more than was imported, or than the quota.
        let changed = |held: Quantity, sum| {
            let scaled = u64::try_from(change(held.scaled().into(), sum)).ok();
            scaled.and_then(Quantity::from_scaled).unwrap_or(held)
        };
        for (source, sum) in &self.sources {
            let permit = links.permits.get_mut(&source.permit);
            let lines = permit
                .map(|permit| permit.lines.iter_mut())
                .into_iter()
                .flatten();
            for line in lines.filter(|line| line.line == source.line) {
                line.re_exported = changed(line.re_exported, *sum);
            }
        }
        for ((of, unit), sum) in &self.quotas {
            if let Some(quota) = links.quotas.get_mut(of).filter(|quota| quota.unit == *unit) {
                quota.drawn = changed(quota.drawn, *sum);
            }
        }
    }
}
