//! What Parties state about their trade as a whole: quotas, operations, suspensions, revoked numbers, paper.

use std::collections::{BTreeMap, BTreeSet};

use ledger::codes::Unit;
use ledger::digest::{Digest, SpeciesKey};
use ledger::limits::{PAPER_CLAIMS_MAX, REVOKED_RANGES_MAX, SUSPENSIONS_MAX};
use ledger::parameters::Parameters;
use ledger::party::{Height, PartyCode};
use ledger::record::{
    Operation, OperationKey, PaperSeen, PermitKey, Quota, RevokeRange, SerialRange, Series, Suspend,
};
use ledger::time::{CivilDate, Timestamp};

use super::issue::QuotaKey;
use super::{Broken, Judged, must};

/// The Party whose exports are suspended, who suspends them, and of which species.
type Suspended = (PartyCode, PartyCode, Option<SpeciesKey>);

/// The registers of all Parties.
#[derive(Clone, Debug, Default)]
pub(in crate::check) struct Registers {
    quotas: BTreeMap<QuotaKey, Ration>,
    operations: BTreeSet<OperationKey>,
    /// First and last day of each.
    suspensions: BTreeMap<Suspended, (CivilDate, Option<CivilDate>)>,
    revoked: BTreeSet<(PartyCode, Series, SerialRange)>,
    papers: BTreeMap<PermitKey, BTreeSet<(Option<Digest>, Digest)>>,
    /// The last block that changed a suspension of a Party's exports, or what is known of its paper.
    changed_at: BTreeMap<PartyCode, Height>,
}

/// A quota, in ten-thousandths of its unit.
#[derive(Clone, Copy, Debug)]
struct Ration {
    unit: Unit,
    total: u128,
    drawn: u128,
}

impl Registers {
    /// Whether goods were cleared on paper with this number.
    pub(in crate::check) fn has_paper(&self, permit: &PermitKey) -> bool {
        self.papers.contains_key(permit)
    }

    /// The last block that changed what a verdict on a permit of this Party looks at here.
    pub(in crate::check) fn changed_at(&self, party: PartyCode) -> Height {
        self.changed_at.get(&party).copied().unwrap_or(Height::ZERO)
    }

    pub(super) fn may_clear(&self, said: &PaperSeen) -> Judged {
        let Some(known) = self.papers.get(&said.permit) else {
            return Ok(());
        };
        let is_new = !known.contains(&(said.stamp, said.document));
        must(is_new, Broken::Spent)?;
        must(known.len() < PAPER_CLAIMS_MAX, Broken::Full)
    }

    pub(super) fn clear(&mut self, said: &PaperSeen, height: Height) {
        let known = self.papers.entry(said.permit).or_default();
        known.insert((said.stamp, said.document));
        self.changed_at.insert(said.permit.issuer, height);
    }

    pub(super) fn may_revoke(&self, by: PartyCode, said: &RevokeRange) -> Judged {
        let held = self
            .revoked
            .contains(&(by, said.series, said.range.clone()));
        if said.lifted {
            return must(held, Broken::Unknown);
        }
        must(!held, Broken::Again)?;
        let own = self.revoked.iter().filter(|(party, ..)| *party == by);
        must(own.count() < REVOKED_RANGES_MAX, Broken::Full)
    }

    pub(super) fn revoke(&mut self, by: PartyCode, said: &RevokeRange) {
        let key = (by, said.series, said.range.clone());
        if said.lifted {
            self.revoked.remove(&key);
        } else {
            self.revoked.insert(key);
        }
    }

    pub(super) fn may_ration(&self, now: Timestamp, by: PartyCode, said: &Quota) -> Judged {
        must(said.year >= now.date().year(), Broken::Dates)?;
        let Some(known) = self.quotas.get(&(by, said.year, said.species)) else {
            return Ok(());
        };
        let holds = known.unit == said.unit && known.drawn <= said.total.scaled().into();
        must(holds, Broken::Quota)
    }

    pub(super) fn ration(&mut self, by: PartyCode, said: &Quota) {
        let fresh = Ration {
            unit: said.unit,
            total: 0,
            drawn: 0,
        };
        let key = (by, said.year, said.species);
        let known = self.quotas.entry(key).or_insert(fresh);
        known.total = said.total.scaled().into();
    }

    /// Whether this was stated.
    pub(super) fn rations(&self, quota: &QuotaKey) -> bool {
        self.quotas.contains_key(quota)
    }

    /// Whether a quota leaves as much. Species without a quota are free.
    pub(super) fn leaves(&self, of: &QuotaKey, unit: Unit, sum: u128, back: u128) -> Judged {
        let Some(known) = self.quotas.get(of) else {
            return Ok(());
        };
        let after = known.drawn.saturating_sub(back).saturating_add(sum);
        must(known.unit == unit && after <= known.total, Broken::Quota)
    }

    pub(super) fn draw(&mut self, of: QuotaKey, sum: u128) {
        if let Some(known) = self.quotas.get_mut(&of) {
            known.drawn = known.drawn.saturating_add(sum);
        }
    }

    pub(super) fn give_back(&mut self, of: QuotaKey, sum: u128) {
        if let Some(known) = self.quotas.get_mut(&of) {
            known.drawn = known.drawn.saturating_sub(sum);
        }
    }

    pub(super) fn lists(&self, operation: &OperationKey) -> bool {
        self.operations.contains(operation)
    }

    pub(super) fn may_list(&self, by: PartyCode, said: &Operation) -> Judged {
        let is_listed = self.lists(&operation_of(by, said));
        if said.listed {
            must(!is_listed, Broken::Again)
        } else {
            must(is_listed, Broken::Unknown)
        }
    }

    pub(super) fn list(&mut self, by: PartyCode, said: &Operation) {
        let key = operation_of(by, said);
        if said.listed {
            self.operations.insert(key);
        } else {
            self.operations.remove(&key);
        }
    }

    pub(super) fn may_suspend(
        &self,
        now: Timestamp,
        by: PartyCode,
        said: &Suspend,
        parameters: &Parameters,
    ) -> Judged {
        let own = self.suspensions.get(&(said.of, by, said.species));
        let is_over = |day: CivilDate| day.ends_at(parameters.date_ends_offset_minutes) <= now;
        // What is stated again with its first day may end whenever its author likes.
        let began = own.is_some_and(|(from, _)| *from == said.from);
        let ends = |until: CivilDate| said.from <= until && !is_over(until);
        let is_ahead = !is_over(said.from) && said.until.is_none_or(ends);
        must(began || is_ahead, Broken::Dates)?;
        let all = self.suspensions.keys().filter(|(of, ..)| *of == said.of);
        must(own.is_some() || all.count() < SUSPENSIONS_MAX, Broken::Full)
    }

    pub(super) fn suspend(&mut self, by: PartyCode, said: &Suspend, height: Height) {
        let key = (said.of, by, said.species);
        self.suspensions.insert(key, (said.from, said.until));
        self.changed_at.insert(said.of, height);
    }

    /// Species whose trade is suspended now from one Party to another; `None` for all.
    pub(super) fn suspended(
        &self,
        now: Timestamp,
        (issuer, destination): (PartyCode, Option<PartyCode>),
        parameters: &Parameters,
    ) -> impl Iterator<Item = Option<SpeciesKey>> {
        let west = parameters.date_ends_offset_minutes;
        let holds = move |from: CivilDate, until: Option<CivilDate>| {
            from.starts_at(west) <= now && until.is_none_or(|until| now < until.ends_at(west))
        };
        let suspensions = self.suspensions.iter();
        suspensions.filter_map(move |((of, by, species), (from, until))| {
            let concerns = *of == issuer && (*by == issuer || destination == Some(*by));
            (concerns && holds(*from, *until)).then_some(*species)
        })
    }
}

const fn operation_of(by: PartyCode, said: &Operation) -> OperationKey {
    OperationKey {
        party: by,
        number: said.number,
    }
}
