//! What a statement does: to its permit, to the permits it is linked to, and to the registers.

use alloc::vec;
use alloc::vec::Vec;

use super::draws::{Draws, QuotaOf, quota_of};
use super::key::StateKey;
use super::life;
use super::links::Links;
use super::permit::{Act, Cancellation, PermitState, PortCounts, ReportState};
use super::register::{
    MonthCounts, OperationState, PaperClaim, QuotaState, RevokedRange, Suspension,
};
use super::warning::Warnings;
use crate::codec;
use crate::codes::{Source, Uses};
use crate::limits::PORTS_COUNTED_MAX;
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{
    Correct, Cross, Direction, Import, Issue, LineQuantity, OperationKey, PermitKey, Quota,
    RevokeRange, Statement, Suspend,
};

/// Everything that one statement changes.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// Permits as they are from now on.
    pub(super) permits: Vec<(PermitKey, PermitState)>,
    /// Other entries of the state.
    pub(super) values: Vec<(StateKey, Vec<u8>)>,
    /// What it adds to the author's statistics.
    pub(super) counts: MonthCounts,
}

impl Effect {
    fn permit(key: PermitKey, permit: PermitState) -> Self {
        Self {
            permits: vec![(key, permit)],
            ..Self::default()
        }
    }

    fn value<T: minicbor::Encode<()>>(key: StateKey, value: &T) -> Self {
        Self {
            values: vec![(key, codec::encode(value))],
            ..Self::default()
        }
    }
}

/// An accepted statement with all that it bears on.
pub(super) struct Accepted {
    pub(super) act: Act,
    pub(super) permit: Option<(PermitKey, PermitState)>,
    pub(super) report: Option<ReportState>,
    pub(super) links: Links,
    pub(super) warnings: Warnings,
}

impl Accepted {
    /// The effect of the statement. The tables let no statement on a permit pass without one, but reports of
    /// numbers that were never issued.
    pub(super) fn effect(self, statement: &Statement) -> Effect {
        let party = self.act.party;
        match statement {
            Statement::Issue(said) => self.issue(said),
            Statement::RevokeRange(said) => self.revoke(said),
            Statement::Quota(said) => self.quota(said),
            Statement::Operation(said) => {
                let key = OperationKey {
                    party,
                    number: said.number,
                };
                let state = OperationState {
                    listed: said.listed,
                    act: self.act,
                };
                Effect::value(StateKey::operation(&key), &state)
            }
            Statement::Suspend(said) => self.suspend(said),
            Statement::PaperSeen(said) => {
                let mut paper = self.links.paper;
                paper.0.push(PaperClaim {
                    stamp: said.stamp,
                    document: said.document,
                    act: self.act,
                });
                Effect::value(StateKey::paper(&said.permit), &paper)
            }
            Statement::Sight(said) if self.permit.is_none() => self.report(said.permit, 1, 0),
            Statement::Refuse(said) if self.permit.is_none() => self.report(said.permit, 0, 1),
            Statement::Cancel(said) => self.cancel(said.reason),
            Statement::Import(said) => self.import(said),
            Statement::Endorse(said) => self.change(|permit, act| {
                endorse(permit, &said.lines);
                permit.endorsement = Some(act);
            }),
            Statement::Sight(_) => self.change(|permit, _| {
                permit.sightings = permit.sightings.saturating_add(1);
            }),
            Statement::Refuse(_) => self.change(|permit, act| {
                permit.refusals = permit.refusals.saturating_add(1);
                count_at(permit, &act, |counts| &mut counts.refusals);
            }),
            Statement::Consent(_) => self.change(|permit, act| permit.consent = Some(act)),
            Statement::Cross(said) => self.change(|permit, act| cross(permit, said, act)),
            Statement::Correct(said) => self.change(|permit, act| correct(permit, said, act)),
        }
    }

    fn change(self, change: impl FnOnce(&mut PermitState, Act)) -> Effect {
        let Some((key, mut permit)) = self.permit else {
            return Effect::default();
        };
        permit.last_height = self.act.height;
        change(&mut permit, self.act);
        Effect::permit(key, permit)
    }

    fn report(self, key: PermitKey, sightings: u32, refusals: u32) -> Effect {
        let known = self
            .report
            .map_or((0, 0), |report| (report.sightings, report.refusals));
        let report = ReportState {
            sightings: known.0.saturating_add(sightings),
            refusals: known.1.saturating_add(refusals),
            last: self.act,
        };
        Effect::value(StateKey::report(&key), &report)
    }

    fn issue(self, said: &Issue) -> Effect {
        let Self {
            act,
            mut links,
            warnings,
            ..
        } = self;
        let issuer = act.party;
        let key = PermitKey {
            issuer,
            number: said.number,
        };
        let mut permit = PermitState::issued(said, issuer, act.clone());
        permit.warnings = warnings;
        for (line, state) in said.lines.iter().zip(&mut permit.lines) {
            state.depth = life::depth_of(line, &links);
            state.is_covered = life::covers_line(said.kind, line, &links);
            state.draws_on_quota =
                quota_of(said, line).is_some_and(|of| links.quotas.contains_key(&of));
            state.operation = line
                .operation
                .filter(|_| life::is_registered((issuer, said.kind), line, &links));
        }
        let old_key = said.replaces.map(|old| PermitKey {
            issuer,
            number: old.number,
        });
        let old = old_key.and_then(|key| links.permits.get(&key));
        let back = Draws::given_back_by(said, old);
        let draws = Draws::of_issue(said);
        back.give_back(&mut links);
        draws.take(&mut links);
        let replaced = old_key.and_then(|key| Some((key, links.permits.remove(&key)?)));
        let mut effect = drawn(issuer, links, &[&back, &draws]);
        if let (Some((key, mut old)), Some(replaces)) = (replaced, said.replaces) {
            inherit(&mut permit, &old);
            let cancellation = Cancellation {
                reason: replaces.reason,
                act: act.clone(),
            };
            old.cancellation.get_or_insert(cancellation);
            old.replaced_by = Some(said.number);
            old.last_height = act.height;
            effect.permits.push((key, old));
            effect.counts.cancelled = 1;
        }
        if let Some(stamp) = &said.stamp {
            effect
                .values
                .push((StateKey::stamp(issuer, stamp), codec::encode(&key)));
        }
        let counts = &mut effect.counts;
        counts.issued = 1;
        counts.captive = said.lines.iter().any(|line| is_captive(line.source)).into();
        counts.retrospective = said.retrospective.is_some().into();
        counts.not_covered = warnings.contains(Reason::OriginNotCovered).into();
        effect.permits.push((key, permit));
        effect
    }

    fn cancel(self, reason: crate::record::CancelReason) -> Effect {
        let Some((key, mut permit)) = self.permit else {
            return Effect::default();
        };
        let (act, mut links) = (self.act, self.links);
        let held = permit.holds_draws();
        permit.last_height = act.height;
        let cancellation = Cancellation { reason, act };
        if permit.import.is_some() {
            permit.contested = Some(cancellation);
            return Effect::permit(key, permit);
        }
        permit.cancellation = Some(cancellation);
        let mut effect = Effect::default();
        if held && !permit.holds_draws() {
            let draws = Draws::of_permit(&permit);
            draws.give_back(&mut links);
            effect = drawn(permit.issuer, links, &[&draws]);
        }
        effect.counts.cancelled = 1;
        effect.permits.push((key, permit));
        effect
    }

    /// Spends the permit, and the import permit it rests on; or lands a part of a total.
    fn import(self, said: &Import) -> Effect {
        let Some((key, mut permit)) = self.permit else {
            return Effect::default();
        };
        let act = self.act;
        permit.last_height = act.height;
        if permit.kind.uses() == Uses::Total {
            land(&mut permit, &said.lines, act);
            return Effect::permit(key, permit);
        }
        for line in &mut permit.lines {
            line.imported = Some(named(&said.lines, line.line));
        }
        permit.import = Some(act.clone());
        permit.import_permit = permit.import_permit.or(said.import_permit);
        let linked = permit.import_permit;
        let mut effect = Effect::permit(key, permit);
        if let Some(key) = linked
            && let Some(granted) = self.links.permits.get(&key)
        {
            let mut granted = granted.clone();
            granted.last_height = act.height;
            granted.import = Some(act);
            effect.permits.push((key, granted));
        }
        effect
    }

    fn revoke(self, said: &RevokeRange) -> Effect {
        let party = self.act.party;
        let mut revoked = self.links.revoked;
        if said.lifted {
            revoked
                .0
                .retain(|one| one.series != said.series || one.range != said.range);
        } else {
            revoked.0.push(RevokedRange {
                series: said.series,
                range: said.range.clone(),
                reason: said.reason,
                act: self.act,
            });
        }
        Effect::value(StateKey::revoked(party), &revoked)
    }

    fn quota(self, said: &Quota) -> Effect {
        let known = self.links.quotas.get(&(said.year, said.species));
        let state = QuotaState {
            unit: said.unit,
            total: said.total,
            drawn: known.map_or(Quantity::ZERO, |quota| quota.drawn),
            act: self.act,
        };
        let key = StateKey::quota(state.act.party, said.year, &said.species);
        Effect::value(key, &state)
    }

    fn suspend(self, said: &Suspend) -> Effect {
        let author = self.act.party;
        let mut suspensions = self.links.suspensions;
        let stated = Suspension {
            species: said.species,
            from: said.from,
            until: said.until,
            act: self.act,
        };
        let mut known = suspensions.0.iter_mut();
        match known.find(|one| one.act.party == author && one.species == said.species) {
            Some(one) => *one = stated,
            None => suspensions.0.push(stated),
        }
        Effect::value(StateKey::suspensions(said.of), &suspensions)
    }
}

/// The effect of a refused statement: counted on the permit, where there is one, and for its author.
pub(super) fn refused(permit: Option<(PermitKey, PermitState)>, act: &Act) -> Effect {
    let mut effect = Effect::default();
    effect.counts.refused = 1;
    if let Some((key, mut permit)) = permit {
        permit.refused_attempts = permit.refused_attempts.saturating_add(1);
        permit.last_height = act.height;
        count_at(&mut permit, act, |counts| &mut counts.attempts);
        effect.permits.push((key, permit));
    }
    effect
}

/// Writes back the permits and quotas that draws changed.
fn drawn(issuer: crate::party::PartyCode, links: Links, draws: &[&Draws]) -> Effect {
    let mut effect = Effect::default();
    let is_source = |key: &PermitKey| {
        let mut sources = draws.iter().flat_map(|draws| draws.sources.keys());
        sources.any(|source| source.permit == *key)
    };
    effect
        .permits
        .extend(links.permits.into_iter().filter(|(key, _)| is_source(key)));
    let is_drawn = |of: &QuotaOf| {
        let mut quotas = draws.iter().flat_map(|draws| draws.quotas.keys());
        quotas.any(|(quota, _)| quota == of)
    };
    for ((year, species), quota) in links.quotas.into_iter().filter(|(of, _)| is_drawn(of)) {
        let key = StateKey::quota(issuer, year, &species);
        effect.values.push((key, codec::encode(&quota)));
    }
    effect
}

/// What happened on the old permit goes on with the new one.
fn inherit(permit: &mut PermitState, old: &PermitState) {
    permit.crossings.clone_from(&old.crossings);
    permit.endorsement.clone_from(&old.endorsement);
    permit
        .endorsement_corrected
        .clone_from(&old.endorsement_corrected);
    for line in &mut permit.lines {
        line.endorsed = old.line(line.line).and_then(|old| old.endorsed);
    }
}

fn is_captive(source: Source) -> bool {
    matches!(
        source,
        Source::CaptiveBred
            | Source::RegisteredOperation
            | Source::BornInCaptivity
            | Source::ArtificiallyPropagated
    )
}

fn endorse(permit: &mut PermitState, lines: &[LineQuantity]) {
    for line in &mut permit.lines {
        line.endorsed = Some(named(lines, line.line));
    }
}

/// A landing from the sea; the one that exhausts the total spends the certificate.
fn land(permit: &mut PermitState, lines: &[LineQuantity], act: Act) {
    for line in &mut permit.lines {
        let landed = line.imported.unwrap_or(Quantity::ZERO);
        // The rules let no landing go beyond the total.
        line.imported = landed.checked_add(named(lines, line.line)).or(Some(landed));
    }
    if permit
        .lines
        .iter()
        .all(|line| line.left_of_total().is_zero())
    {
        permit.import = Some(act);
    }
}

fn cross(permit: &mut PermitState, said: &Cross, act: Act) {
    if let Some(crossings) = &mut permit.crossings {
        crossings.inside = match said.direction {
            Direction::Out => None,
            Direction::In => Some(act.party),
        };
        crossings.count = crossings.count.saturating_add(1);
        crossings.last = Some(act);
    }
}

fn correct(permit: &mut PermitState, said: &Correct, act: Act) {
    if permit.endorsement_record() == Some(said.record) {
        endorse(permit, &said.lines);
        permit.endorsement_corrected = Some(act);
    } else {
        for line in &mut permit.lines {
            line.imported = Some(named(&said.lines, line.line));
        }
        permit.import_corrected = Some(act);
    }
}

/// Counts at the port of the act, where there is one and room for it.
fn count_at(permit: &mut PermitState, act: &Act, of: fn(&mut PortCounts) -> &mut u32) {
    let Some(port) = act.port else { return };
    let known = permit.ports.iter().any(|counts| counts.port == port);
    if !known && permit.ports.len() < PORTS_COUNTED_MAX {
        permit.ports.push(PortCounts {
            port,
            attempts: 0,
            refusals: 0,
        });
    }
    for counts in permit.ports.iter_mut().filter(|counts| counts.port == port) {
        let count = of(counts);
        *count = count.saturating_add(1);
    }
}

/// The quantity given for a line; zero where it is left out.
fn named(lines: &[LineQuantity], line: LineId) -> Quantity {
    lines
        .iter()
        .find(|named| named.line == line)
        .map_or(Quantity::ZERO, |named| named.quantity)
}
