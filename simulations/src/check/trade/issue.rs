//! Issuing a permit: what it may replace, what it may re-export, and what it draws.

use std::collections::BTreeMap;

use ledger::codes::{Appendix, Kind, Source, Unit, Uses};
use ledger::digest::SpeciesKey;
use ledger::limits::CHAIN_DEPTH_MAX;
use ledger::party::PartyCode;
use ledger::record::{CancelReason, Issue, IssuedLine, LineKey, Origin, PermitKey};
use ledger::time::Timestamp;

use super::issued::{Issued, Line};
use super::{Broken, Judged, Needed, Permits, may_rest, must};

/// A quota: of whom, for which year, of which species.
pub(super) type QuotaKey = (PartyCode, u16, SpeciesKey);

/// What a permit draws, in ten-thousandths of a unit.
#[derive(Default)]
struct Draws {
    lines: BTreeMap<LineKey, u128>,
    quotas: BTreeMap<(QuotaKey, Unit), u128>,
}

impl Draws {
    fn add(&mut self, line: &IssuedLine, quota: Option<QuotaKey>) {
        for origin in &line.origins {
            let sum = self.lines.entry(origin.source()).or_default();
            *sum = sum.saturating_add(origin.drawn.scaled().into());
        }
        if let Some(quota) = quota {
            let sum = self.quotas.entry((quota, line.unit)).or_default();
            *sum = sum.saturating_add(line.authorised.scaled().into());
        }
    }
}

/// What a permit draws that was issued: of quotas, those that stood at its issue.
fn draws_of(issuer: PartyCode, permit: &Issued) -> Draws {
    let mut draws = Draws::default();
    for (line, told) in permit.said.lines.iter().zip(permit.lines.values()) {
        let quota = quota_of(issuer, &permit.said, line);
        draws.add(line, quota.filter(|_| told.is_rationed));
    }
    draws
}

/// The quota that a line would draw on: of what leaves its country of origin.
fn quota_of(by: PartyCode, said: &Issue, line: &IssuedLine) -> Option<QuotaKey> {
    let species = line.species.filter(|_| said.kind == Kind::Export)?;
    Some((by, said.year(), species))
}

/// Lines for certain kinds that only some documents may have.
fn is_of_its_kind(said: &Issue) -> bool {
    let cites = said.lines.iter().any(|line| !line.origins.is_empty());
    said.kind.is_multi_crossing() == said.destination.is_none()
        && (!cites || said.kind == Kind::ReExport)
        && (said.retrospective.is_none() || said.kind.is_endorsed())
        && (said.import_permit.is_none() || may_rest(said.kind))
}

impl Permits {
    pub(super) fn may_issue(&self, now: Timestamp, by: PartyCode, said: &Issue) -> Judged {
        let key = PermitKey {
            issuer: by,
            number: said.number,
        };
        must(is_of_its_kind(said), Broken::Kind)?;
        let is_own = matches!(said.kind, Kind::Import | Kind::IntroductionFromTheSea);
        must(!is_own || said.destination == Some(by), Broken::Party)?;
        must(!self.issued.contains_key(&key), Broken::IssuedTwice)?;
        self.is_dated(now, said)?;
        let is_i = said.lines.iter().any(|line| line.appendix == Appendix::I);
        must(said.retrospective.is_none() || !is_i, Broken::Retrospective)?;
        let replaced = self.may_replace(by, said)?;
        let stamp = said.stamp.map(|stamp| (by, stamp));
        must(
            stamp.is_none_or(|stamp| !self.stamps.contains(&stamp)),
            Broken::IssuedTwice,
        )?;
        self.may_leave(now, by, said)?;
        self.rests_on_its_import_permit(now, by, said)?;
        let origins = said.lines.iter().flat_map(|line| {
            let pair = move |origin| (line, origin);
            line.origins.iter().map(pair)
        });
        for (line, origin) in origins {
            must(self.is_from(by, line, origin), Broken::Origin)?;
        }
        let is_deep = |line: &IssuedLine| self.depth_of(line) > CHAIN_DEPTH_MAX;
        must(!said.lines.iter().any(is_deep), Broken::Origin)?;
        self.may_draw(by, said, replaced)
    }

    fn is_dated(&self, now: Timestamp, said: &Issue) -> Judged {
        let (east, west) = (
            self.parameters.date_begins_offset_minutes,
            self.parameters.date_ends_offset_minutes,
        );
        let days = i32::from(self.parameters.retrospective_days);
        let longest = said.granted_on.plus_months(said.kind.months_max());
        let latest = said.granted_on.plus_days(days).ends_at(west);
        let holds = said.granted_on <= said.valid_from
            && said.valid_from <= said.valid_until
            && said.valid_until <= longest
            && said.granted_on.starts_at(east) <= now
            && (now < latest || said.retrospective.is_some())
            && now < said.valid_until.ends_at(west);
        must(holds, Broken::Dates)
    }

    /// The permit that it replaces, if it may.
    fn may_replace(&self, by: PartyCode, said: &Issue) -> Result<Option<&Issued>, Broken> {
        let Some(replaces) = said.replaces else {
            return Ok(None);
        };
        let key = PermitKey {
            issuer: by,
            number: replaces.number,
        };
        let old = self.told(key)?;
        must(!old.is_spent, Broken::Spent)?;
        let is_withdrawn = old.cancelled == Some(CancelReason::Withdrawn);
        must(!is_withdrawn && old.replaced_by.is_none(), Broken::Over)?;
        let has_landed = old.lines.values().any(|line| line.imported.is_some());
        let may_differ = old.endorsed.is_none();
        let is_alike = old.said.kind == said.kind && !has_landed;
        let stands_for = may_differ || is_duplicate(said, &old.said);
        must(is_alike && stands_for, Broken::Replacement)?;
        Ok(Some(old))
    }

    /// Nothing leaves that is suspended; while some species are, every line names its own.
    fn may_leave(&self, now: Timestamp, by: PartyCode, said: &Issue) -> Judged {
        if !said.kind.is_endorsed() {
            return Ok(());
        }
        let parties = (by, said.destination);
        let suspended = self.registers.suspended(now, parties, &self.parameters);
        for of in suspended {
            let free = of.is_some()
                && said
                    .lines
                    .iter()
                    .all(|line| line.species.is_some() && line.species != of);
            must(free, Broken::Suspended)?;
        }
        Ok(())
    }

    fn rests_on_its_import_permit(&self, now: Timestamp, by: PartyCode, said: &Issue) -> Judged {
        let is_strict = |line: &&IssuedLine| self.is_strict(by, said.kind, line);
        let strict = || said.lines.iter().filter(is_strict);
        let needs = matches!(said.kind, Kind::Export | Kind::Other);
        let is_named = said.import_permit.is_some();
        must(
            is_named || !needs || strict().next().is_none(),
            Broken::Unaccompanied,
        )?;
        let Some(named) = said.import_permit else {
            return Ok(());
        };
        let to = said.destination.filter(|to| *to == named.issuer);
        let to = to.ok_or(Broken::Unaccompanied)?;
        if !self.is_member(to) {
            return Ok(());
        }
        let mut needed = Needed::new();
        for line in strict() {
            let sum = needed.entry((line.taxon, line.unit)).or_default();
            *sum = sum.saturating_add(line.authorised.scaled().into());
        }
        self.is_granted(now, named, to, &needed)
    }

    /// Whether a line counts as Appendix I: all of it but specimens of an operation on its Party's register.
    fn is_strict(&self, by: PartyCode, kind: Kind, line: &IssuedLine) -> bool {
        let may_name = |party| kind == Kind::ReExport || party == by;
        let is_registered = line
            .operation
            .is_some_and(|operation| may_name(operation.party) && self.registers.lists(&operation));
        let is_bred = line.source == Source::RegisteredOperation && is_registered;
        line.appendix == Appendix::I && !is_bred
    }

    /// Whether a re-exported line came into the territory of `by`, and from the root that is named.
    fn is_from(&self, by: PartyCode, line: &IssuedLine, origin: &Origin) -> bool {
        let source = origin.source();
        if !self.is_member(source.permit.issuer) {
            return true;
        }
        let Some(permit) = self.issued.get(&source.permit) else {
            return false;
        };
        let cited = permit.said.lines.iter().find(|own| own.line == source.line);
        let (Some(cited), Some(told)) = (cited, permit.lines.get(&source.line)) else {
            return false;
        };
        let kind = permit.said.kind;
        let is_re_export = kind == Kind::ReExport;
        let names_its_root = match origin.last {
            None => !is_re_export,
            Some(_) => {
                let same = |own: &Origin| own.root == origin.root;
                is_re_export && (cited.origins.is_empty() || cited.origins.iter().any(same))
            }
        };
        told.imported.is_some()
            && kind != Kind::Import
            && kind.uses() != Uses::Crossings
            && permit
                .said
                .destination
                .is_some_and(|to| self.are_one(by, to))
            && cited.taxon == line.taxon
            && cited.source == line.source
            && names_its_root
    }

    /// The cited line, where the ledger knows it.
    fn cited(&self, origin: &Origin) -> Option<&Line> {
        let source = origin.source();
        self.issued.get(&source.permit)?.lines.get(&source.line)
    }

    fn depth_of(&self, line: &IssuedLine) -> u8 {
        let depth = |origin: &Origin| {
            let behind = self.cited(origin).map_or(0, |line| line.depth);
            behind.saturating_add(1)
        };
        line.origins.iter().map(depth).max().unwrap_or(0)
    }

    /// No more is drawn than came in, or than the quota leaves; what the replaced permit drew comes back first.
    fn may_draw(&self, by: PartyCode, said: &Issue, replaced: Option<&Issued>) -> Judged {
        let held = replaced.filter(|old| old.holds_draws());
        let back = held.map_or_else(Draws::default, |old| draws_of(by, old));
        let mut draws = Draws::default();
        for line in &said.lines {
            draws.add(line, quota_of(by, said, line));
        }
        for (source, sum) in &draws.lines {
            let permit = self.issued.get(&source.permit);
            let line = permit.and_then(|permit| permit.lines.get(&source.line));
            let arrived = line.map(|line| u128::from(line.imported.unwrap_or(0)));
            let before = self.drawn_from(source);
            let given_back = back.lines.get(source).copied().unwrap_or(0);
            let after = before.saturating_sub(given_back).saturating_add(*sum);
            must(
                arrived.is_none_or(|arrived| after <= arrived),
                Broken::Quantity,
            )?;
        }
        for ((quota, unit), sum) in &draws.quotas {
            let given_back = back.quotas.get(&(*quota, *unit)).copied().unwrap_or(0);
            self.registers.leaves(quota, *unit, *sum, given_back)?;
        }
        Ok(())
    }

    /// A permit comes alive.
    pub(super) fn issue(&mut self, by: PartyCode, said: &Issue) {
        let mut permit = Issued::new(said, by, self.height);
        for line in &said.lines {
            let (depth, is_strict) = (self.depth_of(line), self.is_strict(by, said.kind, line));
            let quota = quota_of(by, said, line);
            let is_rationed = quota.is_some_and(|quota| self.registers.rations(&quota));
            if let Some(told) = permit.lines.get_mut(&line.line) {
                told.depth = depth;
                told.is_strict = is_strict;
                told.is_rationed = is_rationed;
            }
        }
        if let Some(replaces) = said.replaces {
            let key = PermitKey {
                issuer: by,
                number: replaces.number,
            };
            if let Some(old) = self.issued.get(&key).cloned() {
                if old.holds_draws() {
                    self.give_back(by, &old);
                }
                permit.take_over(&old);
            }
            self.change(key, |old| {
                old.cancelled.get_or_insert(replaces.reason);
                old.replaced_by = Some(said.number);
            });
        }
        self.stamps.extend(said.stamp.map(|stamp| (by, stamp)));
        let draws = draws_of(by, &permit);
        for (source, sum) in draws.lines {
            let held = self.drawn.entry(source).or_default();
            *held = held.saturating_add(sum);
        }
        for ((quota, _), sum) in draws.quotas {
            self.registers.draw(quota, sum);
        }
        let key = PermitKey {
            issuer: by,
            number: said.number,
        };
        self.issued.insert(key, permit);
    }

    /// What a permit drew comes back.
    pub(super) fn give_back(&mut self, issuer: PartyCode, permit: &Issued) {
        let draws = draws_of(issuer, permit);
        for (source, sum) in draws.lines {
            let held = self.drawn.entry(source).or_default();
            *held = held.saturating_sub(sum);
        }
        for ((quota, _), sum) in draws.quotas {
            self.registers.give_back(quota, sum);
        }
    }
}

impl Issued {
    /// The same goods are still on their way, or the same instrument is still abroad.
    fn take_over(&mut self, old: &Self) {
        self.inside = old.inside;
        self.endorsed = old.endorsed;
        for (id, line) in &mut self.lines {
            line.endorsed = old.lines.get(id).and_then(|old| old.endorsed);
        }
    }
}

/// Whether a permit says the same as the one that it replaces.
fn is_duplicate(said: &Issue, old: &Issue) -> bool {
    let facts = |line: &IssuedLine| {
        let codes = (line.unit, line.appendix, line.source);
        let goods = (line.authorised, line.taxon, line.species);
        (line.line, codes, goods, line.origins.clone())
    };
    let same = |(new, old): (&IssuedLine, &IssuedLine)| facts(new) == facts(old);
    said.destination == old.destination
        && said.import_permit == old.import_permit
        && said.lines.len() == old.lines.len()
        && said.lines.iter().zip(&old.lines).all(same)
}
